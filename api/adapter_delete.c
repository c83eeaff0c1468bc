/* SPDX-License-Identifier: MIT */
/* Deleting adapters, one or all of a pool: see AdapterDelete, AdapterDeletePool. */
#include "adapter_internal.h"
#include "driver_package.h"
#include "logger.h"
#include "namespace.h"
#include "native.h"

/* This process's own session does not matter. One that starts after this is ended by the removal.
 */
static DWORD
CheckNoSession(const ADAPTER *Adapter)
{
    DWORD Owner, Error = NamespaceGetSessionOwner(&Adapter->Interface.Guid, &Owner);

    if (Error != ERROR_SUCCESS || Owner == 0 || Owner == GetCurrentProcessId())
        return Error;
    return LogError(ERROR_SHARING_VIOLATION, L"Cannot delete adapter %s: process %u has a session",
                    Adapter->Label, Owner);
}

static DWORD
DeleteLocked(ADAPTER *Adapter, BOOL ForceCloseSessions, BOOL *RebootRequired)
{
    DEVICE Device;
    DWORD Error = DeviceOpen(&Adapter->Interface, &Device);

    if (Error == ERROR_FILE_NOT_FOUND)
    {
        AdapterUnmark(Adapter);
        LogInfo(L"Adapter %s is gone already", Adapter->Label);
        return ERROR_SUCCESS;
    }
    if (Error != ERROR_SUCCESS)
        return LogError(Error, L"Cannot find the device of adapter %s", Adapter->Label);
    if (!ForceCloseSessions)
        Error = CheckNoSession(Adapter);
    if (Error == ERROR_SUCCESS)
        Error = DeviceRemove(&Device, RebootRequired);
    DeviceClose(&Device);
    if (Error == ERROR_SUCCESS)
    {
        AdapterUnmark(Adapter);
        LogInfo(L"Deleted adapter %s", Adapter->Label);
    }
    return Error;
}

DWORD
AdapterDelete(ADAPTER *Adapter, BOOL ForceCloseSessions, BOOL *RebootRequired)
{
    HANDLE Mutex;
    DWORD Error = NativeCheck();

    *RebootRequired = FALSE;
    if (Error == ERROR_SUCCESS)
        Error = NamespaceTake(&Mutex);
    if (Error != ERROR_SUCCESS)
        return Error;
    Error = DeleteLocked(Adapter, ForceCloseSessions, RebootRequired);
    NamespaceRelease(Mutex);
    return Error;
}

/* The pool's devices go, and what a process died in the making of, unless somebody uses that: it
 * may have been another pool's. */
static DWORD
RemoveIfOfPool(const WCHAR *Pool, DEVICE *Device, BOOL *RebootRequired)
{
    WCHAR DevicePool[WINTUN_MAX_POOL];
    DEVICE_INTERFACE Interface;
    BOOL HalfMade, Unused;
    DWORD Error = AdapterIdentify(Device, DevicePool, &Interface, &HalfMade);

    if (DevicePool[0])
        return DeviceNamesEqual(DevicePool, Pool) ? DeviceRemove(Device, RebootRequired)
                                                  : ERROR_SUCCESS;
    if (Error != ERROR_SUCCESS)
        return LogError(Error, L"Cannot find out what device %s is; it is left alone",
                        Device->InstanceId);
    Error = AdapterIsUnused(&Interface.Guid, &Unused);
    return Unused ? DeviceRemove(Device, RebootRequired) : Error;
}

/* Goes on after a failure; the first one is returned. */
static DWORD
RemovePool(const WCHAR *Pool, BOOL *RebootRequired)
{
    DEVICE_LIST List;
    DEVICE Device;
    DWORD Error = DeviceListOpen(&List);

    if (Error != ERROR_SUCCESS)
        return Error;
    while (DeviceListNext(&List, &Device))
    {
        DWORD RemoveError = RemoveIfOfPool(Pool, &Device, RebootRequired);
        if (Error == ERROR_SUCCESS)
            Error = RemoveError;
    }
    DeviceListClose(&List);
    return Error;
}

DWORD
AdapterDeletePool(const WCHAR *Pool, BOOL *RebootRequired)
{
    HANDLE Mutex;
    DWORD Error = NativeCheck();

    *RebootRequired = FALSE;
    if (Error == ERROR_SUCCESS)
        Error = NamespaceTake(&Mutex);
    if (Error != ERROR_SUCCESS)
        return Error;
    Error = RemovePool(Pool, RebootRequired);
    if (Error == ERROR_SUCCESS && DeviceAnyExists())
        LogInfo(L"Deleted pool \"%s\"; the driver stays, other adapters need it", Pool);
    else if (Error == ERROR_SUCCESS)
        Error = DriverPackageRemoveAll();
    NamespaceRelease(Mutex);
    return Error;
}
