/* SPDX-License-Identifier: MIT */
/* Deleting adapters, one or all of a pool: see AdapterDelete, AdapterDeletePool. */
#include "adapter_internal.h"
#include "driver_package.h"
#include "logger.h"
#include "namespace.h"
#include "native.h"

static DWORD
RemoveByGuid(const GUID *Interface, BOOL *RebootRequired)
{
    DEVICE_LIST List;
    DEVICE Device;
    DWORD Error = DeviceFind(Interface, &List, &Device);

    if (Error == ERROR_FILE_NOT_FOUND)
        return ERROR_SUCCESS;
    if (Error != ERROR_SUCCESS)
        return Error;
    Error = DeviceRemove(&Device, RebootRequired);
    DeviceListClose(&List);
    return Error;
}

/* This process's own session does not matter. One that starts after this is ended by the removal.
 */
static DWORD
CheckNoSession(const ADAPTER *Adapter)
{
    DWORD Owner, Error = NamespaceGetSessionOwner(&Adapter->Interface, &Owner);

    if (Error != ERROR_SUCCESS || Owner == 0 || Owner == GetCurrentProcessId())
        return Error;
    return LogError(ERROR_SHARING_VIOLATION, L"Cannot delete adapter %s: process %u has a session",
                    Adapter->Label, Owner);
}

static DWORD
DeleteLocked(ADAPTER *Adapter, BOOL ForceCloseSessions, BOOL *RebootRequired)
{
    DWORD Error = ERROR_SUCCESS;

    if (!ForceCloseSessions)
        Error = CheckNoSession(Adapter);
    if (Error == ERROR_SUCCESS)
        Error = RemoveByGuid(&Adapter->Interface, RebootRequired);
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

/* The pool's devices, and those that a process died in the making of. Goes on after a failure; the
 * first one is returned. */
static DWORD
RemovePool(const WCHAR *Pool, BOOL *RebootRequired)
{
    WCHAR DevicePool[WINTUN_MAX_POOL];
    DEVICE_LIST List;
    DEVICE Device;
    DWORD Error = DeviceListOpen(&List);

    if (Error != ERROR_SUCCESS)
        return Error;
    while (DeviceListNext(&List, &Device))
    {
        DWORD RemoveError = ERROR_SUCCESS;
        if (DeviceGetPool(&Device, DevicePool) != ERROR_SUCCESS ||
            DeviceNamesEqual(DevicePool, Pool))
            RemoveError = DeviceRemove(&Device, RebootRequired);
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
