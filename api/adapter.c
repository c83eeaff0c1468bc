/* SPDX-License-Identifier: MIT */
/* Handles of adapters, and what is done with one: see adapter.h. */
#include "adapter_internal.h"
#include "device_object.h"
#include "logger.h"
#include "namespace.h"
#include "nci.h"

/* All handles of this process. An application may pass anything as a handle, so a handle is looked
 * up here before its memory is touched. */
static SRWLOCK HandlesLock = SRWLOCK_INIT;
static ADAPTER *Handles;

ADAPTER *
AdapterNew(const DEVICE_INTERFACE *Interface, HANDLE Mark)
{
    ADAPTER *Adapter = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof(*Adapter));

    if (!Adapter)
    {
        LogError(ERROR_NOT_ENOUGH_MEMORY, L"Cannot make a handle of an adapter");
        return NULL;
    }
    Adapter->References = 1;
    Adapter->Interface = *Interface;
    Adapter->Mark = Mark;
    GuidFormat(&Interface->Guid, Adapter->Label);
    AcquireSRWLockExclusive(&HandlesLock);
    Adapter->Next = Handles;
    Handles = Adapter;
    ReleaseSRWLockExclusive(&HandlesLock);
    return Adapter;
}

ADAPTER *
AdapterAcquire(WINTUN_ADAPTER_HANDLE Handle)
{
    ADAPTER *Adapter;

    AcquireSRWLockShared(&HandlesLock);
    for (Adapter = Handles; Adapter && Adapter != Handle; Adapter = Adapter->Next)
        ;
    if (Adapter)
        InterlockedIncrement(&Adapter->References);
    ReleaseSRWLockShared(&HandlesLock);
    if (!Adapter)
        SetLastError(
            LogError(ERROR_INVALID_PARAMETER, L"%p is not the handle of an adapter", Handle));
    return Adapter;
}

void
AdapterUnmark(ADAPTER *Adapter)
{
    HANDLE Mark = InterlockedExchangePointer((PVOID volatile *)&Adapter->Mark, NULL);

    if (Mark)
        CloseHandle(Mark);
}

void
AdapterRelease(ADAPTER *Adapter)
{
    if (InterlockedDecrement(&Adapter->References) != 0)
        return;
    AdapterUnmark(Adapter);
    HeapFree(GetProcessHeap(), 0, Adapter);
}

BOOL
AdapterFree(WINTUN_ADAPTER_HANDLE Handle)
{
    ADAPTER **Link, *Adapter;

    AcquireSRWLockExclusive(&HandlesLock);
    for (Link = &Handles; *Link && *Link != Handle; Link = &(*Link)->Next)
        ;
    Adapter = *Link;
    if (Adapter)
        *Link = Adapter->Next;
    ReleaseSRWLockExclusive(&HandlesLock);
    if (!Adapter)
        return FALSE;
    AdapterRelease(Adapter);
    return TRUE;
}

DWORD
AdapterIdentify(const DEVICE *Device, WCHAR *Pool, DEVICE_INTERFACE *Interface, BOOL *HalfMade)
{
    DWORD PoolError = DeviceGetPool(Device, Pool),
          InterfaceError = DeviceGetInterface(Device, Interface);

    *HalfMade = PoolError != ERROR_SUCCESS || InterfaceError != ERROR_SUCCESS;
    if (PoolError != ERROR_SUCCESS && !DeviceLacks(PoolError))
        return PoolError;
    if (InterfaceError != ERROR_SUCCESS && !DeviceLacks(InterfaceError))
        return InterfaceError;
    return ERROR_SUCCESS;
}

DWORD
AdapterIsUnused(const GUID *Interface, BOOL *Unused)
{
    static const GUID None;
    DWORD Owner, Error;

    *Unused = IsEqualGUID(Interface, &None);
    if (*Unused || NamespaceIsAdapterMarked(Interface))
        return ERROR_SUCCESS;
    Error = NamespaceGetSessionOwner(Interface, &Owner);
    *Unused = Error == ERROR_SUCCESS && Owner == 0;
    return Error;
}

const WCHAR *
AdapterLabel(const ADAPTER *Adapter)
{
    return Adapter->Label;
}

/* *Problem is what the system says is wrong with the adapter's device; 0 if nothing. Failures are
 * not logged. */
static DWORD
GetProblem(const ADAPTER *Adapter, ULONG *Problem)
{
    DEVICE Device;
    DWORD Error = DeviceOpen(&Adapter->Interface, &Device);

    *Problem = 0;
    if (Error != ERROR_SUCCESS)
        return Error;
    *Problem = DeviceGetProblem(&Device);
    DeviceClose(&Device);
    return ERROR_SUCCESS;
}

/* ERROR_FILE_NOT_FOUND if the adapter is gone, also if another one has got its GUID. Not logged. */
static DWORD
CheckExists(const ADAPTER *Adapter)
{
    ULONG Problem;

    return GetProblem(Adapter, &Problem);
}

/* The object's name is made of the GUID. If the adapter still exists after it was opened, it cannot
 * be another one's. */
DWORD
AdapterOpenObject(const ADAPTER *Adapter, HANDLE *Object)
{
    ULONG Problem;
    DWORD Error = DeviceObjectOpen(&Adapter->Interface.Guid, Object),
          DeviceError = GetProblem(Adapter, &Problem);

    if (Error == ERROR_SUCCESS && DeviceError == ERROR_SUCCESS)
        return ERROR_SUCCESS;
    if (Error == ERROR_SUCCESS)
    {
        CloseHandle(*Object);
        *Object = NULL;
        return LogError(DeviceError, L"Cannot find adapter %s, but a device that has its GUID",
                        Adapter->Label);
    }
    if (Problem)
        return LogError(Error, L"Cannot open the device of adapter %s, which has problem code %u",
                        Adapter->Label, Problem);
    return LogError(Error, L"Cannot open the device of adapter %s", Adapter->Label);
}

BOOL
AdapterOpenDevice(ADAPTER *Adapter, HANDLE *Device)
{
    DWORD Error = AdapterOpenObject(Adapter, Device);

    if (Error == ERROR_SUCCESS)
        return TRUE;
    SetLastError(Error);
    return FALSE;
}

BOOL
AdapterSessionOpen(ADAPTER *Adapter, SESSION_MARK *Mark)
{
    DWORD Error = NamespaceOpenSession(&Adapter->Interface.Guid, Mark);

    if (Error == ERROR_SUCCESS)
        return TRUE;
    SetLastError(Error);
    return FALSE;
}

void
AdapterSessionRefused(const ADAPTER *Adapter, DWORD Error)
{
    DWORD Owner = 0;

    /* The device was there when it was opened, and has gone since, or is stopping. */
    if (Error == ERROR_NOT_READY || Error == ERROR_DEVICE_REMOVED)
        Error = ERROR_FILE_NOT_FOUND;
    if (Error == ERROR_SHARING_VIOLATION &&
        NamespaceGetSessionOwner(&Adapter->Interface.Guid, &Owner) == ERROR_SUCCESS && Owner != 0)
        LogError(Error, L"Adapter %s has a session already, of process %u", Adapter->Label, Owner);
    else
        LogError(Error, L"Starting a session on adapter %s", Adapter->Label);
    SetLastError(Error);
}

NET_LUID
AdapterGetLuid(const ADAPTER *Adapter)
{
    return Adapter->Interface.Luid;
}

DWORD
AdapterGetName(const ADAPTER *Adapter, WCHAR *Name)
{
    DWORD Error = NciGetName(&Adapter->Interface.Guid, Name);

    /* After reading it, so that it cannot be that of another adapter. */
    if (Error == ERROR_SUCCESS)
        Error = CheckExists(Adapter);
    if (Error != ERROR_SUCCESS)
        return LogError(Error, L"Cannot get the name of adapter %s", Adapter->Label);
    return ERROR_SUCCESS;
}

DWORD
AdapterSetName(const ADAPTER *Adapter, const WCHAR *Name)
{
    DWORD Error = NamespaceCheckCaller();

    if (Error != ERROR_SUCCESS)
        return Error;
    /* Not under the mutex, which others may hold for minutes: an adapter that got the GUID right
     * after this would have another name, and no harm besides. */
    Error = CheckExists(Adapter);
    if (Error == ERROR_SUCCESS)
        Error = NciSetName(&Adapter->Interface.Guid, Name);
    if (Error == ERROR_DUP_NAME)
        return LogError(ERROR_ALREADY_EXISTS,
                        L"Cannot name adapter %s \"%s\": another interface has "
                        L"that name",
                        Adapter->Label, Name);
    if (Error != ERROR_SUCCESS)
        return LogError(Error, L"Cannot name adapter %s \"%s\"", Adapter->Label, Name);
    LogInfo(L"Named adapter %s \"%s\"", Adapter->Label, Name);
    return ERROR_SUCCESS;
}

DWORD
AdapterGetDriverVersion(DWORD *Version)
{
    DEVICE_INTERFACE Interface;
    DEVICE_LIST List;
    DEVICE Device;
    HANDLE Object;
    DWORD Error = NamespaceCheckCaller();

    if (Error == ERROR_SUCCESS)
        Error = DeviceListOpen(&List);
    if (Error != ERROR_SUCCESS)
        return Error;
    Error = ERROR_FILE_NOT_FOUND;
    while (DeviceListNext(&List, &Device))
    {
        DWORD OpenError = DeviceGetInterface(&Device, &Interface);
        if (OpenError == ERROR_SUCCESS)
            OpenError = DeviceObjectOpen(&Interface.Guid, &Object);
        if (OpenError == ERROR_ACCESS_DENIED)
            Error = OpenError;
        if (OpenError != ERROR_SUCCESS)
            continue;
        Error = DeviceObjectGetDriverVersion(Object, Version);
        CloseHandle(Object);
        if (Error == ERROR_SUCCESS)
            break;
        /* The adapter may be about to go: another one's driver is the same. */
    }
    DeviceListClose(&List);
    if (Error == ERROR_FILE_NOT_FOUND)
        LogError(Error, L"No driver is loaded");
    else if (Error != ERROR_SUCCESS)
        LogError(Error, L"Cannot ask the driver for its version");
    return Error;
}
