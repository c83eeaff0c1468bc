/* SPDX-License-Identifier: MIT */
/* The device object of an adapter: see device_object.h. */
#include "device_object.h"
#include "guid.h"
#include "logger.h"
#include "../contract/session.h"
#include <winternl.h>

#define PREFIX_CHARACTERS (ARRAYSIZE(CULVERT_DEVICE_PREFIX) - 1)

DWORD
DeviceObjectOpen(const GUID *Interface, HANDLE *Object)
{
    WCHAR Path[PREFIX_CHARACTERS + GUID_CHARACTERS] = CULVERT_DEVICE_PREFIX;
    UNICODE_STRING Name = {sizeof(Path) - sizeof(WCHAR), sizeof(Path), Path};
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK IoStatus;
    NTSTATUS Status;
    DWORD Error;

    GuidFormat(Interface, Path + PREFIX_CHARACTERS);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtOpenFile(Object, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &Attributes, &IoStatus,
                        FILE_SHARE_READ | FILE_SHARE_WRITE, 0);
    if (NT_SUCCESS(Status))
        return ERROR_SUCCESS;
    *Object = NULL;
    Error = RtlNtStatusToDosError(Status);
    switch (Error)
    {
    case ERROR_PATH_NOT_FOUND:
    case ERROR_DEV_NOT_EXIST:
    case ERROR_BAD_UNIT:
        return ERROR_FILE_NOT_FOUND;
    default:
        return Error;
    }
}

DWORD
DeviceObjectGetDriverVersion(HANDLE Object, DWORD *Version)
{
    CULVERT_DRIVER_INFO Info = {0};
    OVERLAPPED Overlapped = {0};
    DWORD Bytes = 0, Error = ERROR_SUCCESS;

    Overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!Overlapped.hEvent)
        return LogLastError(L"Cannot create an event");
    if (!DeviceIoControl(Object, CULVERT_IOCTL_DRIVER_INFO, NULL, 0, &Info, sizeof(Info), NULL,
                         &Overlapped) &&
        GetLastError() != ERROR_IO_PENDING)
        Error = LogLastError(L"Cannot ask the driver for its version");
    else if (!GetOverlappedResult(Object, &Overlapped, &Bytes, TRUE))
        Error = LogLastError(L"Cannot get the driver's version");
    else if (Bytes != sizeof(Info) || Info.DriverVersion == 0)
        Error = LogError(ERROR_INVALID_DATA, L"The driver did not tell its version");
    CloseHandle(Overlapped.hEvent);
    if (Error == ERROR_SUCCESS)
        *Version = Info.DriverVersion;
    return Error;
}
