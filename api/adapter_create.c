/* SPDX-License-Identifier: MIT */
/* Creating adapters: see AdapterCreate. Everything here runs under the mutex of namespace.h. */
#include "adapter_internal.h"
#include "device_install.h"
#include "driver_package.h"
#include "logger.h"
#include "namespace.h"
#include "native.h"
#include "nci.h"

/* The last "Name N" that is tried when the name is taken. */
#define LAST_NAME_NUMBER  999
#define NUMBER_CHARACTERS 5 /* with the blank before it */

/* What a new adapter is to be. */
typedef struct REQUEST
{
    const WCHAR *Pool;
    const WCHAR *Name;
    const GUID *Guid; /* NULL: any */
} REQUEST;

/* A device, and what it is to a request. */
typedef struct OBSTACLE
{
    DWORD Unreadable; /* not ERROR_SUCCESS: the code why that cannot be found out */
    BOOL HalfMade;    /* of the pool, or of none yet */
    BOOL SameName;    /* in the pool: the adapter cannot be created beside it */
    BOOL SameGuid;    /* in any pool */
    BOOL Removable;   /* it should go, and nobody uses it */
} OBSTACLE;

/* "Name 2", "Name 3" ..., with as much of Name as fits. */
static void
NumberedName(const WCHAR *Name, DWORD Number, WCHAR Numbered[MAX_ADAPTER_NAME])
{
    WCHAR Digits[NUMBER_CHARACTERS];
    WCHAR *Digit = Digits + NUMBER_CHARACTERS - 1;
    int Length;

    *Digit = L'\0';
    for (; Number; Number /= 10)
        *--Digit = (WCHAR)(L'0' + Number % 10);
    lstrcpynW(Numbered, Name, MAX_ADAPTER_NAME - NUMBER_CHARACTERS);
    Length = lstrlenW(Numbered);
    if (Name[Length] && IS_HIGH_SURROGATE(Numbered[Length - 1]))
        Numbered[Length - 1] = L'\0'; /* half a character */
    lstrcatW(Numbered, L" ");
    lstrcatW(Numbered, Digit);
}

static BOOL
HasName(const DEVICE_INTERFACE *Interface, const WCHAR *Name)
{
    WCHAR DeviceName[MAX_ADAPTER_NAME];

    return NciGetName(&Interface->Guid, DeviceName) == ERROR_SUCCESS &&
           DeviceNamesEqual(DeviceName, Name);
}

/* Whether the device was made for the name, got a numbered one because another interface had that,
 * and has kept it. */
static BOOL
HasNumberedName(const DEVICE *Device, const DEVICE_INTERFACE *Interface, const WCHAR *Name)
{
    WCHAR DeviceName[MAX_ADAPTER_NAME], Numbered[MAX_ADAPTER_NAME];
    BOOL Equal = FALSE;

    if (!DeviceHasRequestedName(Device, Name) ||
        NciGetName(&Interface->Guid, DeviceName) != ERROR_SUCCESS)
        return FALSE;
    for (DWORD Number = 2; !Equal && Number <= LAST_NAME_NUMBER; Number++)
    {
        NumberedName(Name, Number, Numbered);
        Equal = DeviceNamesEqual(DeviceName, Numbered);
    }
    return Equal;
}

/* What the new adapter would collide with is to go. So is what an earlier run has left under a
 * numbered name, or else each run that ends badly would leave one more; and what is half made, but
 * for other pools': what they lack may be on its way. */
static DWORD
Examine(const REQUEST *Request, const DEVICE *Device, OBSTACLE *Obstacle)
{
    WCHAR Pool[WINTUN_MAX_POOL];
    DEVICE_INTERFACE Interface;
    BOOL HalfMade, SamePool, Numbered;

    ZeroMemory(Obstacle, sizeof(*Obstacle));
    Obstacle->Unreadable = AdapterIdentify(Device, Pool, &Interface, &HalfMade);
    if (Obstacle->Unreadable != ERROR_SUCCESS)
        return ERROR_SUCCESS;
    SamePool = DeviceNamesEqual(Pool, Request->Pool);
    Numbered = SamePool && HasNumberedName(Device, &Interface, Request->Name);
    Obstacle->HalfMade = HalfMade && (SamePool || !Pool[0]);
    Obstacle->SameName = SamePool && HasName(&Interface, Request->Name);
    Obstacle->SameGuid = Request->Guid && IsEqualGUID(&Interface.Guid, Request->Guid);
    if (!Obstacle->HalfMade &&
        !(SamePool && (Obstacle->SameName || Numbered || Obstacle->SameGuid)))
        return ERROR_SUCCESS;
    return AdapterIsUnused(&Interface.Guid, &Obstacle->Removable);
}

static DWORD
LogInUse(const REQUEST *Request, const DEVICE *Device)
{
    return LogError(ERROR_ALREADY_EXISTS, L"Adapter \"%s\" of pool \"%s\" (device %s) is in use",
                    Request->Name, Request->Pool, Device->InstanceId);
}

/* Whether the device lets an adapter be created: to be asked of all before any is removed. */
static DWORD
CheckWay(REQUEST *Request, DEVICE *Device, BOOL *RebootRequired)
{
    OBSTACLE Obstacle;
    DWORD Error = Examine(Request, Device, &Obstacle);

    UNREFERENCED_PARAMETER(RebootRequired);
    if (Error == ERROR_SUCCESS && Obstacle.SameName && !Obstacle.Removable)
        Error = LogInUse(Request, Device);
    return Error;
}

static DWORD
MakeWay(REQUEST *Request, DEVICE *Device, BOOL *RebootRequired)
{
    OBSTACLE Obstacle;
    DWORD Error = Examine(Request, Device, &Obstacle);

    if (Error != ERROR_SUCCESS)
        return Error;
    if (Obstacle.Unreadable != ERROR_SUCCESS)
    {
        LogWarningError(Obstacle.Unreadable, L"Cannot find out what device %s is; it is left alone",
                        Device->InstanceId);
        return ERROR_SUCCESS;
    }
    if (Obstacle.Removable && Obstacle.HalfMade)
    {
        LogWarning(L"Device %s was left unfinished and is removed", Device->InstanceId);
        DeviceDiscard(Device, RebootRequired);
        return ERROR_SUCCESS;
    }
    if (Obstacle.Removable)
    {
        LogInfo(L"Device %s of pool \"%s\" is not in use and is replaced", Device->InstanceId,
                Request->Pool);
        return DeviceRemove(Device, RebootRequired);
    }
    if (Obstacle.SameName) /* since a moment ago */
        return LogInUse(Request, Device);
    if (Obstacle.HalfMade)
        LogWarning(L"Device %s is unfinished, but in use; it is left alone", Device->InstanceId);
    if (!Obstacle.SameGuid)
        return ERROR_SUCCESS;
    LogWarning(L"Device %s has the requested GUID and cannot be replaced; another one is used",
               Device->InstanceId);
    Request->Guid = NULL;
    return ERROR_SUCCESS;
}

typedef DWORD (*WITH_DEVICE)(REQUEST *Request, DEVICE *Device, BOOL *RebootRequired);

/* Up to the first failure. */
static DWORD
WithEachDevice(WITH_DEVICE Do, REQUEST *Request, BOOL *RebootRequired)
{
    DEVICE_LIST List;
    DEVICE Device;
    DWORD Error = DeviceListOpen(&List);

    if (Error != ERROR_SUCCESS)
        return Error;
    while (Error == ERROR_SUCCESS && DeviceListNext(&List, &Device))
        Error = Do(Request, &Device, RebootRequired);
    DeviceListClose(&List);
    return Error;
}

/* The system's network half may learn of an interface a little after the device runs. */
static DWORD
SetNameWhenKnown(const GUID *Interface, const WCHAR *Name)
{
    WATCH Watch;
    DWORD Error = NciSetName(Interface, Name);

    if (Error != ERROR_FILE_NOT_FOUND)
        return Error;
    Error = WatchOpen(&Watch, DEVICE_START_MILLISECONDS);
    if (Error != ERROR_SUCCESS)
        return Error;
    NciWatchNames(&Watch);
    while ((Error = NciSetName(Interface, Name)) == ERROR_FILE_NOT_FOUND && WatchWait(&Watch))
        ;
    WatchClose(&Watch);
    return Error == ERROR_FILE_NOT_FOUND ? ERROR_TIMEOUT : Error;
}

/* Given is the name that it got. */
static DWORD
NameInterface(const GUID *Interface, const WCHAR *Name, WCHAR Given[MAX_ADAPTER_NAME])
{
    DWORD Error = SetNameWhenKnown(Interface, Name);

    lstrcpynW(Given, Name, MAX_ADAPTER_NAME);
    if (Error == ERROR_DUP_NAME)
    {
        for (DWORD Number = 2; Error == ERROR_DUP_NAME && Number <= LAST_NAME_NUMBER; Number++)
        {
            NumberedName(Name, Number, Given);
            Error = NciSetName(Interface, Given);
        }
        if (Error == ERROR_SUCCESS)
            LogWarning(L"Another interface is named \"%s\"; the new one is named \"%s\"", Name,
                       Given);
    }
    return Error;
}

/* The device runs; what is missing for an adapter is its name, its pool and a handle. */
static DWORD
Complete(const REQUEST *Request, const DEVICE *Device, const DEVICE_INTERFACE *Interface,
         ADAPTER **Adapter)
{
    WCHAR Name[MAX_ADAPTER_NAME];
    HANDLE Mark;
    DWORD Error = NameInterface(&Interface->Guid, Request->Name, Name);

    if (Error != ERROR_SUCCESS)
        LogError(Error, L"Cannot name the interface of device %s \"%s\"", Device->InstanceId, Name);
    else if (!DeviceNamesEqual(Name, Request->Name))
        Error = DeviceSetRequestedName(Device, Request->Name);
    if (Error == ERROR_SUCCESS)
        Error = DeviceSetPool(Device, Request->Pool);
    if (Error == ERROR_SUCCESS)
        Error = NamespaceMarkAdapter(&Interface->Guid, &Mark);
    if (Error != ERROR_SUCCESS)
        return Error;
    *Adapter = AdapterNew(Interface, Mark);
    if (!*Adapter)
    {
        CloseHandle(Mark);
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    if (Request->Guid && !IsEqualGUID(&Interface->Guid, Request->Guid))
        LogWarning(L"The system chose GUID %s instead of the requested one", (*Adapter)->Label);
    LogInfo(L"Created adapter %s \"%s\" in pool \"%s\", device %s", (*Adapter)->Label, Name,
            Request->Pool, Device->InstanceId);
    return ERROR_SUCCESS;
}

static DWORD
CreateLocked(REQUEST *Request, ADAPTER **Adapter, BOOL *RebootRequired)
{
    DEVICE_INTERFACE Interface;
    DRIVER_PACKAGE Package;
    DEVICE Device;
    DWORD Error = WithEachDevice(CheckWay, Request, RebootRequired);

    if (Error == ERROR_SUCCESS)
        Error = WithEachDevice(MakeWay, Request, RebootRequired);
    if (Error == ERROR_SUCCESS)
        Error = DriverPackagePrepare(&Package);
    if (Error != ERROR_SUCCESS)
        return Error;
    Error =
        DeviceInstall(&Package, Request->Pool, Request->Guid, &Device, &Interface, RebootRequired);
    if (Error == ERROR_SUCCESS)
    {
        Error = Complete(Request, &Device, &Interface, Adapter);
        if (Error != ERROR_SUCCESS)
            DeviceDiscard(&Device, RebootRequired);
        SetupDiDestroyDeviceInfoList(Device.Set);
    }
    DriverPackageFinish(&Package, Error != ERROR_SUCCESS);
    return Error;
}

DWORD
AdapterCreate(const WCHAR *Pool, const WCHAR *Name, const GUID *RequestedGuid, ADAPTER **Adapter,
              BOOL *RebootRequired)
{
    REQUEST Request = {Pool, Name, RequestedGuid};
    HANDLE Mutex;
    DWORD Error = NativeCheck();

    *RebootRequired = FALSE;
    if (Error == ERROR_SUCCESS)
        Error = NamespaceTake(&Mutex);
    if (Error != ERROR_SUCCESS)
        return Error;
    Error = CreateLocked(&Request, Adapter, RebootRequired);
    NamespaceRelease(Mutex);
    return Error;
}
