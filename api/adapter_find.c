/* SPDX-License-Identifier: MIT */
/* Adapters that exist: opening them by name, and calling back for each of a pool. */
#include "adapter_internal.h"
#include "driver_users.h"
#include "logger.h"
#include "namespace.h"
#include "nci.h"

#define SNAPSHOT_FIRST_ROOM 16

/* The adapters of a pool at one moment. */
typedef struct POOL_SNAPSHOT
{
    DEVICE_INTERFACE *Interfaces;
    DWORD Count;
    DWORD Room;
} POOL_SNAPSHOT;

/* ERROR_SUCCESS, ERROR_FILE_NOT_FOUND or ERROR_ALREADY_EXISTS, as WintunOpenAdapter returns them;
 * others are logged. */
static DWORD
FindByName(const WCHAR *Pool, const WCHAR *Name, DEVICE_INTERFACE *Interface)
{
    WCHAR DeviceName[MAX_ADAPTER_NAME];
    DEVICE_LIST List;
    DEVICE Device;
    DWORD Error = DeviceListOpen(&List);

    if (Error != ERROR_SUCCESS)
        return Error;
    Error = ERROR_FILE_NOT_FOUND;
    while (DeviceListNext(&List, &Device))
    {
        if (DeviceGetInterface(&Device, Interface) != ERROR_SUCCESS ||
            NciGetName(&Interface->Guid, DeviceName) != ERROR_SUCCESS ||
            !DeviceNamesEqual(DeviceName, Name))
            continue;
        Error = DeviceIsInPool(&Device, Pool) ? ERROR_SUCCESS : ERROR_ALREADY_EXISTS;
        if (Error == ERROR_SUCCESS)
        {
            /* Its driver may have been replaced by a process that died. */
            DriverUserStart(&Device);
            break;
        }
    }
    DeviceListClose(&List);
    if (Error == ERROR_FILE_NOT_FOUND && DeviceForeignHasName(Name))
        Error = ERROR_ALREADY_EXISTS;
    return Error;
}

static DWORD
OpenLocked(const WCHAR *Pool, const WCHAR *Name, ADAPTER **Adapter)
{
    DEVICE_INTERFACE Interface;
    HANDLE Mark;
    DWORD Error = FindByName(Pool, Name, &Interface);

    if (Error == ERROR_FILE_NOT_FOUND)
        return LogError(Error, L"No interface is named \"%s\"", Name);
    if (Error == ERROR_ALREADY_EXISTS)
        return LogError(Error, L"Interface \"%s\" is not an adapter of pool \"%s\"", Name, Pool);
    if (Error == ERROR_SUCCESS)
        Error = NamespaceMarkAdapter(&Interface.Guid, &Mark);
    if (Error != ERROR_SUCCESS)
        return Error;
    *Adapter = AdapterNew(&Interface, Mark);
    if (!*Adapter)
    {
        CloseHandle(Mark);
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    return ERROR_SUCCESS;
}

DWORD
AdapterOpen(const WCHAR *Pool, const WCHAR *Name, ADAPTER **Adapter)
{
    HANDLE Mutex;
    DWORD Error = NamespaceTake(&Mutex);

    if (Error != ERROR_SUCCESS)
        return Error;
    Error = OpenLocked(Pool, Name, Adapter);
    NamespaceRelease(Mutex);
    return Error;
}

static DWORD
SnapshotAdd(POOL_SNAPSHOT *Snapshot, const DEVICE_INTERFACE *Interface)
{
    if (Snapshot->Count == Snapshot->Room)
    {
        DWORD Room = Snapshot->Room ? 2 * Snapshot->Room : SNAPSHOT_FIRST_ROOM;
        SIZE_T Bytes = Room * sizeof(*Snapshot->Interfaces);
        DEVICE_INTERFACE *Interfaces =
            Snapshot->Interfaces ? HeapReAlloc(GetProcessHeap(), 0, Snapshot->Interfaces, Bytes)
                                 : HeapAlloc(GetProcessHeap(), 0, Bytes);
        if (!Interfaces)
            return LogError(ERROR_NOT_ENOUGH_MEMORY, L"Cannot list the adapters");
        Snapshot->Interfaces = Interfaces;
        Snapshot->Room = Room;
    }
    Snapshot->Interfaces[Snapshot->Count++] = *Interface;
    return ERROR_SUCCESS;
}

static void
SnapshotFree(POOL_SNAPSHOT *Snapshot)
{
    if (Snapshot->Interfaces)
        HeapFree(GetProcessHeap(), 0, Snapshot->Interfaces);
}

/* Under the mutex, so that no half-made adapter is among them. */
static DWORD
SnapshotTake(const WCHAR *Pool, POOL_SNAPSHOT *Snapshot)
{
    DEVICE_INTERFACE Interface;
    DEVICE_LIST List;
    DEVICE Device;
    HANDLE Mutex;
    DWORD Error = NamespaceTake(&Mutex);

    if (Error != ERROR_SUCCESS)
        return Error;
    Error = DeviceListOpen(&List);
    if (Error == ERROR_SUCCESS)
    {
        while (Error == ERROR_SUCCESS && DeviceListNext(&List, &Device))
        {
            if (DeviceIsInPool(&Device, Pool) &&
                DeviceGetInterface(&Device, &Interface) == ERROR_SUCCESS)
                Error = SnapshotAdd(Snapshot, &Interface);
        }
        DeviceListClose(&List);
    }
    NamespaceRelease(Mutex);
    return Error;
}

/* NULL without an error if the adapter does not exist any more. */
static DWORD
OpenUnmarked(const DEVICE_INTERFACE *Interface, ADAPTER **Adapter)
{
    DEVICE Device;
    DWORD Error = DeviceOpen(Interface, &Device);

    *Adapter = NULL;
    if (Error == ERROR_FILE_NOT_FOUND)
        return ERROR_SUCCESS;
    if (Error != ERROR_SUCCESS)
        return LogError(Error, L"Cannot find device %s again", Interface->InstanceId);
    DeviceClose(&Device);
    *Adapter = AdapterNew(Interface, NULL);
    return *Adapter ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
}

/*
 * No lock is held during a callback, which may wait for other threads that use this DLL. The
 * handles do not mark the adapters as used: an enumeration is no reason for a WintunCreateAdapter
 * elsewhere to fail.
 */
DWORD
AdapterEnumerate(const WCHAR *Pool, WINTUN_ENUM_CALLBACK Callback, LPARAM Param)
{
    POOL_SNAPSHOT Snapshot = {NULL, 0, 0};
    DWORD Error = SnapshotTake(Pool, &Snapshot);
    BOOL GoOn = TRUE;

    for (DWORD i = 0; Error == ERROR_SUCCESS && GoOn && i < Snapshot.Count; i++)
    {
        ADAPTER *Adapter;
        Error = OpenUnmarked(&Snapshot.Interfaces[i], &Adapter);
        if (Error != ERROR_SUCCESS || !Adapter)
            continue;
        GoOn = Callback(Adapter, Param);
        AdapterFree(Adapter);
    }
    SnapshotFree(&Snapshot);
    return Error;
}
