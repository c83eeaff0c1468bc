/* SPDX-License-Identifier: MIT */
/* The device object of an adapter: see device_object.h. */
#include "device_object.h"
#include "guid.h"
#include "logger.h"
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
    case ERROR_DEVICE_REMOVED: /* it is about to go */
        return ERROR_FILE_NOT_FOUND;
    default:
        return Error;
    }
}

/* Makes a request that has an output only, and waits for its answer. Returns a Win32 code. */
static DWORD
Query(HANDLE Object, DWORD Code, void *Output, DWORD OutputBytes, DWORD *Bytes)
{
    OVERLAPPED Overlapped = {0};
    DWORD Error = ERROR_SUCCESS;

    Overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!Overlapped.hEvent)
        return GetLastError();
    if (!DeviceIoControl(Object, Code, NULL, 0, Output, OutputBytes, NULL, &Overlapped) &&
        GetLastError() != ERROR_IO_PENDING)
        Error = GetLastError();
    else if (!GetOverlappedResult(Object, &Overlapped, Bytes, TRUE))
        Error = GetLastError();
    CloseHandle(Overlapped.hEvent);
    return Error;
}

DWORD
DeviceObjectGetDriverVersion(HANDLE Object, DWORD *Version)
{
    CULVERT_DRIVER_INFO Info = {0};
    DWORD Bytes = 0, Error;

    Error = Query(Object, CULVERT_IOCTL_DRIVER_INFO, &Info, sizeof(Info), &Bytes);
    if (Error != ERROR_SUCCESS)
        return Error;
    if (Bytes != sizeof(Info) || Info.DriverVersion == 0)
        return ERROR_INVALID_DATA;
    *Version = Info.DriverVersion;
    return ERROR_SUCCESS;
}

DWORD
DeviceObjectGetStatistics(HANDLE Object, CULVERT_DRIVER_STATISTICS *Statistics, DWORD *Bytes)
{
    DWORD Error;

    *Bytes = 0;
    Error = Query(Object, CULVERT_IOCTL_STATISTICS, Statistics, sizeof(*Statistics), Bytes);
    if (Error == ERROR_INVALID_FUNCTION) /* STATUS_INVALID_DEVICE_REQUEST */
        Error = ERROR_NOT_SUPPORTED;
    if (Error != ERROR_SUCCESS)
        return LogError(Error, L"Cannot ask the driver for statistics");
    if (*Bytes < CULVERT_STATISTICS_MIN_BYTES)
        return LogError(ERROR_INVALID_DATA, L"The driver did not tell its statistics");
    return ERROR_SUCCESS;
}
