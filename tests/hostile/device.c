/* SPDX-License-Identifier: MIT */
/* The driver's device object, as a program opens it that does not use the DLL. */
#include "hostile.h"

#define PATH_CHARACTERS 96

NTSTATUS
DeviceOpen(HANDLE *Device, const WCHAR *Suffix)
{
    WCHAR Path[PATH_CHARACTERS];
    const GUID *Guid = &HostileGuid;
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Io;

    wsprintfW(Path, L"%s{%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X}%s",
              CULVERT_DEVICE_PREFIX, Guid->Data1, Guid->Data2, Guid->Data3, Guid->Data4[0],
              Guid->Data4[1], Guid->Data4[2], Guid->Data4[3], Guid->Data4[4], Guid->Data4[5],
              Guid->Data4[6], Guid->Data4[7], Suffix);
    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NtOpenFile(Device, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &Attributes, &Io,
                      FILE_SHARE_READ | FILE_SHARE_WRITE, 0);
}

static void
RawForget(RAW_SESSION *Session)
{
    HANDLE Handles[] = {Session->Device,    Session->Section, Session->Receive,
                        Session->SendSpace, Session->Send,    Session->Done};
    if (Session->Memory != NULL)
        UnmapViewOfFile(Session->Memory);
    for (size_t Index = 0; Index < ARRAYSIZE(Handles); ++Index)
    {
        if (Handles[Index] != NULL)
            CloseHandle(Handles[Index]);
    }
    ZeroMemory(Session, sizeof(*Session));
}

static NTSTATUS
RawRequest(RAW_SESSION *Session)
{
    CULVERT_SESSION_START Start = {
        .ContractVersion = CULVERT_CONTRACT_VERSION,
        .Capacity = HOSTILE_CAPACITY,
        .ReceiveEvent = (ULONG_PTR)Session->Receive,
        .SendSpaceEvent = (ULONG_PTR)Session->SendSpace,
        .SendEvent = (ULONG_PTR)Session->Send,
        .Section = (ULONG_PTR)Session->Section,
    };
    NTSTATUS Status = NtDeviceIoControlFile(Session->Device, Session->Done, NULL, NULL,
                                            &Session->Io, CULVERT_IOCTL_SESSION, &Start,
                                            sizeof(Start), Session->Memory, Session->Bytes);
    if (Status != STATUS_PENDING)
        return NT_SUCCESS(Status) ? STATUS_UNSUCCESSFUL : Status;
    HANDLE Handles[] = {Session->Done, Session->SendSpace};
    switch (WaitForMultipleObjects(2, Handles, FALSE, BOUND_MILLISECONDS))
    {
    case WAIT_OBJECT_0:
        return Session->Io.Status;
    case WAIT_OBJECT_0 + 1:
        return STATUS_SUCCESS;
    default:
        return STATUS_TIMEOUT;
    }
}

NTSTATUS
RawStart(RAW_SESSION *Session)
{
    ZeroMemory(Session, sizeof(*Session));
    NTSTATUS Status = DeviceOpen(&Session->Device, L"");
    if (!NT_SUCCESS(Status))
        return Status;
    Session->Bytes = CulvertSessionBytes(HOSTILE_CAPACITY);
    Session->Section =
        CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, Session->Bytes, NULL);
    Session->Memory = MapViewOfFile(Session->Section, FILE_MAP_ALL_ACCESS, 0, 0, Session->Bytes);
    Session->Receive = CreateEventW(NULL, FALSE, FALSE, NULL);
    Session->SendSpace = CreateEventW(NULL, FALSE, FALSE, NULL);
    Session->Send = CreateEventW(NULL, FALSE, FALSE, NULL);
    Session->Done = CreateEventW(NULL, TRUE, FALSE, NULL);
    Status = Session->Memory != NULL ? RawRequest(Session) : STATUS_NO_MEMORY;
    if (Status != STATUS_SUCCESS)
        RawForget(Session);
    return Status;
}

NTSTATUS
RawEnd(RAW_SESSION *Session)
{
    NTSTATUS Status = STATUS_PENDING;
    CancelIo(Session->Device);
    if (WaitForSingleObject(Session->Done, BOUND_MILLISECONDS) == WAIT_OBJECT_0)
        Status = Session->Io.Status;
    RawForget(Session);
    return Status;
}
