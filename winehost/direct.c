/* SPDX-License-Identifier: MIT */
/*
 * Direct buffers. Wine passes a driver a private copy of the output buffer of a METHOD_OUT_DIRECT
 * request, and when the request ends it writes OutputBufferLength bytes of that copy over the
 * caller's memory. A session's memory must be the caller's pages: they belong to a section, so the
 * section is mapped here and the request's MDL describes that view until the request ends.
 */
#include "host.h"
#include "../contract/ring.h"
#include "../contract/session.h"

#define SECTION_BASIC_INFORMATION_CLASS 0

typedef struct SECTION_BASIC_INFORMATION
{
    PVOID BaseAddress;
    ULONG Attributes;
    LARGE_INTEGER Size;
} SECTION_BASIC_INFORMATION;

NTSYSAPI NTSTATUS NTAPI
ZwQuerySection(HANDLE Section, ULONG InformationClass, PVOID Information, SIZE_T Length,
               PSIZE_T ReturnLength);

/* One per session request that is with the miniport. */
typedef struct DIRECT_BUFFER
{
    LIST_ENTRY Link;
    PIRP Irp;
    PVOID View;
    MDL Original; /* what Wine wrote into Irp->MdlAddress */
} DIRECT_BUFFER;

static HOST_LOCK BuffersLock;
static LIST_ENTRY Buffers = {&Buffers, &Buffers}; /* under BuffersLock */

/* Maps the caller's section, which must have at least Bytes bytes. */
static NTSTATUS
SectionMap(HANDLE CallerHandle, ULONG Bytes, PVOID *View)
{
    SECTION_BASIC_INFORMATION Information;
    SIZE_T ViewBytes = 0;
    HANDLE Section;
    NTSTATUS Status = HostDuplicateFromCaller(CallerHandle, &Section);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = ZwQuerySection(Section, SECTION_BASIC_INFORMATION_CLASS, &Information,
                            sizeof(Information), NULL);
    if (NT_SUCCESS(Status) && (ULONGLONG)Information.Size.QuadPart < Bytes)
        Status = STATUS_INVALID_PARAMETER;
    *View = NULL;
    if (NT_SUCCESS(Status))
        Status = ZwMapViewOfSection(Section, NtCurrentProcess(), View, 0, 0, NULL, &ViewBytes,
                                    ViewUnmap, 0, PAGE_READWRITE);
    ZwClose(Section);
    return Status;
}

static NTSTATUS
SessionIrp(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    const CULVERT_SESSION_START *Start = Irp->AssociatedIrp.SystemBuffer;
    PMDL Mdl = Irp->MdlAddress;
    DIRECT_BUFFER *Buffer;
    NTSTATUS Status;

    Buffer = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Buffer), HOST_POOL_TAG);
    if (Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = SectionMap((HANDLE)(ULONG_PTR)Start->Section,
                        Stack->Parameters.DeviceIoControl.OutputBufferLength, &Buffer->View);
    if (!NT_SUCCESS(Status))
    {
        ExFreePoolWithTag(Buffer, HOST_POOL_TAG);
        return Status;
    }
    Buffer->Irp = Irp;
    Buffer->Original = *Mdl;
    Mdl->StartVa = Buffer->View;
    Mdl->ByteOffset = 0;
    Mdl->MappedSystemVa = Buffer->View;
    Mdl->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA | MDL_PAGES_LOCKED;

    HostLockAcquire(&BuffersLock);
    InsertTailList(&Buffers, &Buffer->Link);
    HostLockRelease(&BuffersLock);
    return STATUS_SUCCESS;
}

NTSTATUS
EdgeDeviceIrp(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    if (Stack->MajorFunction == IRP_MJ_CLOSE)
        HostSendCleanup(DeviceObject, Stack->FileObject);
    if (Stack->MajorFunction != IRP_MJ_DEVICE_CONTROL ||
        Stack->Parameters.DeviceIoControl.IoControlCode != CULVERT_IOCTL_SESSION)
        return STATUS_SUCCESS;
    /* Requests that the miniport refuses without a look at the buffer are its own to refuse. */
    if (Stack->Parameters.DeviceIoControl.InputBufferLength < sizeof(CULVERT_SESSION_START) ||
        Irp->AssociatedIrp.SystemBuffer == NULL || Irp->MdlAddress == NULL)
        return STATUS_SUCCESS;
    return SessionIrp(Irp, Stack);
}

static DIRECT_BUFFER *
BufferTake(PIRP Irp)
{
    DIRECT_BUFFER *Found = NULL;

    HostLockAcquire(&BuffersLock);
    for (PLIST_ENTRY Link = Buffers.Flink; Link != &Buffers && Found == NULL; Link = Link->Flink)
    {
        DIRECT_BUFFER *Buffer = CONTAINING_RECORD(Link, DIRECT_BUFFER, Link);
        if (Buffer->Irp == Irp)
        {
            RemoveEntryList(Link);
            Found = Buffer;
        }
    }
    HostLockRelease(&BuffersLock);
    return Found;
}

VOID
HostUndoDirectBuffer(PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    DIRECT_BUFFER *Buffer;

    if (Stack->MajorFunction != IRP_MJ_DEVICE_CONTROL ||
        Stack->Parameters.DeviceIoControl.IoControlCode != CULVERT_IOCTL_SESSION)
        return;
    /* Wine writes this much of its copy back over the caller's pages. */
    Stack->Parameters.DeviceIoControl.OutputBufferLength = 0;
    Buffer = BufferTake(Irp);
    if (Buffer == NULL)
        return;
    *Irp->MdlAddress = Buffer->Original;
    ZwUnmapViewOfSection(NtCurrentProcess(), Buffer->View);
    ExFreePoolWithTag(Buffer, HOST_POOL_TAG);
}

typedef VOID FASTCALL
COMPLETE_REQUEST(PIRP Irp, CCHAR PriorityBoost);

VOID FASTCALL
IofCompleteRequest(PIRP Irp, CCHAR PriorityBoost)
{
    static COMPLETE_REQUEST *Wine;

    if (Wine == NULL)
        Wine = (COMPLETE_REQUEST *)HostWineRoutine("IofCompleteRequest");
    HostUndoDirectBuffer(Irp);
    Wine(Irp, PriorityBoost);
}
