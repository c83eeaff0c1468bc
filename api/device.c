/* SPDX-License-Identifier: MIT */
/* Device nodes of adapters: see device.h. */
#include <initguid.h>
#include "device.h"
#include "driver_service.h"
#include "guid.h"
#include "logger.h"
#include "nci.h"
#include "registry.h"
#include <cfgmgr32.h>
#include <devguid.h>
#include <devpropdef.h>
#include <ntsecapi.h>

#define HARDWARE_IDS_BYTES    1024
#define PROVIDER_CHARACTERS   64
#define DRIVER_KEY_CHARACTERS 64 /* "{class}\NNNN" */
#define CLASS_KEY             L"SYSTEM\\CurrentControlSet\\Control\\Class\\"

#ifdef __MINGW32__
/* Missing from mingw-w64's setupapi.h. */
WINSETUPAPI BOOL WINAPI
SetupDiSetDevicePropertyW(HDEVINFO DeviceInfoSet, PSP_DEVINFO_DATA DeviceInfoData,
                          const DEVPROPKEY *PropertyKey, DEVPROPTYPE PropertyType,
                          const BYTE *PropertyBuffer, DWORD PropertyBufferSize, DWORD Flags);
#endif

/* Strings: the name of the pool that the device belongs to, and the name that was asked for, where
 * the adapter got another one. A GUID: DEVICE_INTERFACE.Incarnation. A truth value, there if it is
 * true: DeviceSetStopped. */
#define PROPERTIES {0x6b8a2a1e, 0x6f0b, 0x4c53, {0x9b, 0x5d, 0x0e, 0x7c, 0x61, 0xb3, 0xd5, 0xf4}}
static const DEVPROPKEY PoolProperty = {PROPERTIES, 2};
static const DEVPROPKEY RequestedNameProperty = {PROPERTIES, 3};
static const DEVPROPKEY IncarnationProperty = {PROPERTIES, 4};
static const DEVPROPKEY StoppedProperty = {PROPERTIES, 5};

DWORD
DeviceListOpen(DEVICE_LIST *List)
{
    List->Next = 0;
    List->Set = SetupDiGetClassDevsExW(&GUID_DEVCLASS_NET, NULL, NULL, 0, NULL, NULL, NULL);
    if (List->Set == INVALID_HANDLE_VALUE)
        return LogLastError(L"Cannot list network devices");
    return ERROR_SUCCESS;
}

void
DeviceListClose(DEVICE_LIST *List)
{
    SetupDiDestroyDeviceInfoList(List->Set);
}

BOOL
DeviceLacks(DWORD Error)
{
    switch (Error)
    {
    case ERROR_FILE_NOT_FOUND: /* a value of a key, or a key */
    case ERROR_PATH_NOT_FOUND:
    case ERROR_NOT_FOUND:          /* a property */
    case ERROR_KEY_DOES_NOT_EXIST: /* the driver key */
        return TRUE;
    default:
        return FALSE;
    }
}

static HKEY
OpenDriverKey(const DEVICE *Device)
{
    SP_DEVINFO_DATA Data = Device->Data;
    return SetupDiOpenDevRegKey(Device->Set, &Data, DICS_FLAG_GLOBAL, 0, DIREG_DRV,
                                KEY_QUERY_VALUE);
}

/* A device that is being made has no driver yet. */
static BOOL
HasForeignDriver(const DEVICE *Device)
{
    WCHAR Provider[PROVIDER_CHARACTERS];
    HKEY Key = OpenDriverKey(Device);
    DWORD Error;

    if (Key == INVALID_HANDLE_VALUE)
        return FALSE;
    Error = RegistryReadString(Key, L"ProviderName", Provider, PROVIDER_CHARACTERS);
    RegCloseKey(Key);
    return Error == ERROR_MORE_DATA ||
           (Error == ERROR_SUCCESS && !DeviceNamesEqual(Provider, DEVICE_PROVIDER));
}

static BOOL
HasHardwareId(HDEVINFO Set, SP_DEVINFO_DATA *Data)
{
    WCHAR Ids[HARDWARE_IDS_BYTES / sizeof(WCHAR)];
    DWORD Type, Bytes = 0;

    if (!SetupDiGetDeviceRegistryPropertyW(Set, Data, SPDRP_HARDWAREID, &Type, (BYTE *)Ids,
                                           sizeof(Ids) - 2 * sizeof(WCHAR), &Bytes) ||
        Type != REG_MULTI_SZ)
        return FALSE;
    Ids[Bytes / sizeof(WCHAR)] = L'\0';
    Ids[Bytes / sizeof(WCHAR) + 1] = L'\0';
    for (const WCHAR *Id = Ids; *Id; Id += lstrlenW(Id) + 1)
    {
        if (DeviceNamesEqual(Id, DEVICE_HARDWARE_ID))
            return TRUE;
    }
    return FALSE;
}

/* The next device, ours or not; FALSE at the end. */
static BOOL
ListNextAny(DEVICE_LIST *List, DEVICE *Device, BOOL *Ours)
{
    Device->Set = List->Set;
    Device->Data.cbSize = sizeof(Device->Data);
    if (!SetupDiEnumDeviceInfo(List->Set, List->Next, &Device->Data))
        return FALSE;
    List->Next++;
    if (!SetupDiGetDeviceInstanceIdW(List->Set, &Device->Data, Device->InstanceId,
                                     DEVICE_ID_CHARACTERS, NULL))
        Device->InstanceId[0] = L'\0';
    *Ours = HasHardwareId(List->Set, &Device->Data) && !HasForeignDriver(Device);
    return TRUE;
}

BOOL
DeviceListNext(DEVICE_LIST *List, DEVICE *Device)
{
    BOOL Ours;

    while (ListNextAny(List, Device, &Ours))
    {
        if (Ours)
            return TRUE;
    }
    return FALSE;
}

/* The device that has the instance id now. */
static DWORD
OpenInstance(HDEVINFO Set, const WCHAR *InstanceId, DEVICE *Device)
{
    Device->Set = Set;
    Device->Data.cbSize = sizeof(Device->Data);
    lstrcpynW(Device->InstanceId, InstanceId, DEVICE_ID_CHARACTERS);
    return SetupDiOpenDeviceInfoW(Set, InstanceId, NULL, 0, &Device->Data) ? ERROR_SUCCESS
                                                                           : GetLastError();
}

/* Whether a code of OpenInstance or DeviceGetInterface says that the device that was there is gone,
 * or is just going. */
static BOOL
IsGone(DWORD Error)
{
    return DeviceLacks(Error) || Error == ERROR_NO_SUCH_DEVINST || Error == ERROR_CLASS_MISMATCH ||
           Error == ERROR_KEY_DELETED;
}

/* Looks at no other device: a list may miss one while others come and go. */
DWORD
DeviceOpen(const DEVICE_INTERFACE *Interface, DEVICE *Device)
{
    HDEVINFO Set = SetupDiCreateDeviceInfoListExW(&GUID_DEVCLASS_NET, NULL, NULL, NULL);
    DEVICE_INTERFACE Present;
    DWORD Error;

    if (Set == INVALID_HANDLE_VALUE)
        return GetLastError();
    Error = OpenInstance(Set, Interface->InstanceId, Device);
    if (Error == ERROR_SUCCESS)
        Error = DeviceGetInterface(Device, &Present);
    if (Error == ERROR_SUCCESS && !(IsEqualGUID(&Present.Guid, &Interface->Guid) &&
                                    IsEqualGUID(&Present.Incarnation, &Interface->Incarnation)))
        Error = ERROR_FILE_NOT_FOUND;
    if (Error == ERROR_SUCCESS)
        return ERROR_SUCCESS;
    SetupDiDestroyDeviceInfoList(Set);
    return IsGone(Error) ? ERROR_FILE_NOT_FOUND : Error;
}

void
DeviceClose(const DEVICE *Device)
{
    SetupDiDestroyDeviceInfoList(Device->Set);
}

BOOL
DeviceAnyExists(void)
{
    DEVICE_LIST List;
    DEVICE Device;
    BOOL Exists;

    if (DeviceListOpen(&List) != ERROR_SUCCESS)
        return TRUE;
    Exists = DeviceListNext(&List, &Device);
    DeviceListClose(&List);
    return Exists;
}

static DWORD
GetInterfaceGuid(const DEVICE *Device, GUID *Guid)
{
    HKEY Key = OpenDriverKey(Device);
    DWORD Error;

    if (Key == INVALID_HANDLE_VALUE)
        return GetLastError();
    Error = RegistryReadGuid(Key, L"NetCfgInstanceId", Guid);
    RegCloseKey(Key);
    return Error;
}

BOOL
DeviceForeignHasName(const WCHAR *Name)
{
    WCHAR OtherName[MAX_ADAPTER_NAME];
    DEVICE_LIST List;
    DEVICE Device;
    GUID Guid;
    BOOL Ours, Found = FALSE;

    if (DeviceListOpen(&List) != ERROR_SUCCESS)
        return FALSE;
    while (!Found && ListNextAny(&List, &Device, &Ours))
    {
        Found = !Ours && GetInterfaceGuid(&Device, &Guid) == ERROR_SUCCESS &&
                NciGetName(&Guid, OtherName) == ERROR_SUCCESS && DeviceNamesEqual(Name, OtherName);
    }
    DeviceListClose(&List);
    return Found;
}

static DWORD
GetProperty(const DEVICE *Device, const DEVPROPKEY *Property, DEVPROPTYPE Type, void *Value,
            DWORD Bytes)
{
    SP_DEVINFO_DATA Data = Device->Data;
    DEVPROPTYPE Found;

    if (!SetupDiGetDevicePropertyW(Device->Set, &Data, Property, &Found, Value, Bytes, NULL, 0))
        return GetLastError();
    return Found == Type ? ERROR_SUCCESS : ERROR_INVALID_DATATYPE;
}

static BOOL
SetProperty(const DEVICE *Device, const DEVPROPKEY *Property, DEVPROPTYPE Type, const void *Value,
            DWORD Bytes)
{
    SP_DEVINFO_DATA Data = Device->Data;

    return SetupDiSetDevicePropertyW(Device->Set, &Data, Property, Type, Value, Bytes, 0);
}

static DWORD
GetIncarnation(const DEVICE *Device, GUID *Incarnation)
{
    DWORD Error = GetProperty(Device, &IncarnationProperty, DEVPROP_TYPE_GUID, Incarnation,
                              sizeof(*Incarnation));

    if (!DeviceLacks(Error))
        return Error;
    ZeroMemory(Incarnation, sizeof(*Incarnation));
    return ERROR_SUCCESS;
}

DWORD
DeviceSetIncarnation(const DEVICE *Device, DEVICE_INTERFACE *Interface)
{
    if (!RtlGenRandom(&Interface->Incarnation, sizeof(Interface->Incarnation)))
        return LogError(ERROR_GEN_FAILURE, L"Cannot get random bytes");
    if (!SetProperty(Device, &IncarnationProperty, DEVPROP_TYPE_GUID, &Interface->Incarnation,
                     sizeof(Interface->Incarnation)))
        return LogLastError(L"Cannot tell device %s from earlier ones", Device->InstanceId);
    return ERROR_SUCCESS;
}

DWORD
DeviceGetInterface(const DEVICE *Device, DEVICE_INTERFACE *Interface)
{
    DWORD LuidIndex, IfType, Error;
    HKEY Key;

    ZeroMemory(Interface, sizeof(*Interface));
    Key = OpenDriverKey(Device);
    if (Key == INVALID_HANDLE_VALUE)
        return GetLastError();
    Error = RegistryReadGuid(Key, L"NetCfgInstanceId", &Interface->Guid);
    if (Error == ERROR_SUCCESS)
        Error = RegistryReadDword(Key, L"NetLuidIndex", &LuidIndex);
    if (Error == ERROR_SUCCESS)
        Error = RegistryReadDword(Key, L"*IfType", &IfType);
    RegCloseKey(Key);
    if (Error == ERROR_SUCCESS)
        Error = GetIncarnation(Device, &Interface->Incarnation);
    if (Error != ERROR_SUCCESS)
        return Error;
    Interface->Luid.Info.NetLuidIndex = LuidIndex;
    Interface->Luid.Info.IfType = IfType;
    lstrcpyW(Interface->InstanceId, Device->InstanceId);
    return ERROR_SUCCESS;
}

static DWORD
GetString(const DEVICE *Device, const DEVPROPKEY *Property, WCHAR *Text, DWORD Characters)
{
    DWORD Error =
        GetProperty(Device, Property, DEVPROP_TYPE_STRING, Text, Characters * sizeof(WCHAR));

    Text[Error == ERROR_SUCCESS ? Characters - 1 : 0] = L'\0';
    return Error;
}

static BOOL
SetString(const DEVICE *Device, const DEVPROPKEY *Property, const WCHAR *Text)
{
    return SetProperty(Device, Property, DEVPROP_TYPE_STRING, Text,
                       ((DWORD)lstrlenW(Text) + 1) * sizeof(WCHAR));
}

DWORD
DeviceGetPool(const DEVICE *Device, WCHAR *Pool)
{
    return GetString(Device, &PoolProperty, Pool, WINTUN_MAX_POOL);
}

DWORD
DeviceSetPool(const DEVICE *Device, const WCHAR *Pool)
{
    if (!SetString(Device, &PoolProperty, Pool))
        return LogLastError(L"Cannot put device %s into pool %s", Device->InstanceId, Pool);
    return ERROR_SUCCESS;
}

DWORD
DeviceSetRequestedName(const DEVICE *Device, const WCHAR *Name)
{
    if (!SetString(Device, &RequestedNameProperty, Name))
        return LogLastError(L"Cannot note that device %s was to be named \"%s\"",
                            Device->InstanceId, Name);
    return ERROR_SUCCESS;
}

BOOL
DeviceHasRequestedName(const DEVICE *Device, const WCHAR *Name)
{
    WCHAR Requested[MAX_ADAPTER_NAME];

    return GetString(Device, &RequestedNameProperty, Requested, MAX_ADAPTER_NAME) ==
               ERROR_SUCCESS &&
           DeviceNamesEqual(Requested, Name);
}

DWORD
DeviceSetStopped(const DEVICE *Device, BOOL Stopped)
{
    static const DEVPROP_BOOLEAN True = DEVPROP_TRUE;
    BOOL Set =
        Stopped ? SetProperty(Device, &StoppedProperty, DEVPROP_TYPE_BOOLEAN, &True, sizeof(True))
                : SetProperty(Device, &StoppedProperty, DEVPROP_TYPE_EMPTY, NULL, 0);

    return Set ? ERROR_SUCCESS : GetLastError();
}

BOOL
DeviceIsSetStopped(const DEVICE *Device)
{
    DEVPROP_BOOLEAN Value;

    return GetProperty(Device, &StoppedProperty, DEVPROP_TYPE_BOOLEAN, &Value, sizeof(Value)) ==
           ERROR_SUCCESS;
}

BOOL
DeviceIsInPool(const DEVICE *Device, const WCHAR *Pool)
{
    WCHAR DevicePool[WINTUN_MAX_POOL];

    return DeviceGetPool(Device, DevicePool) == ERROR_SUCCESS && DeviceNamesEqual(DevicePool, Pool);
}

BOOL
DeviceNamesEqual(const WCHAR *Left, const WCHAR *Right)
{
    return CompareStringOrdinal(Left, -1, Right, -1, TRUE) == CSTR_EQUAL;
}

ULONG
DeviceGetProblem(const DEVICE *Device)
{
    ULONG Status = 0, Problem = 0;

    if (CM_Get_DevNode_Status(&Status, &Problem, Device->Data.DevInst, 0) != CR_SUCCESS)
        return 0;
    return Status & DN_HAS_PROBLEM ? Problem : 0;
}

void
DeviceCheckReboot(const DEVICE *Device, BOOL *RebootRequired)
{
    SP_DEVINFO_DATA Data = Device->Data;
    SP_DEVINSTALL_PARAMS_W Params = {0};

    Params.cbSize = sizeof(Params);
    if (SetupDiGetDeviceInstallParamsW(Device->Set, &Data, &Params) &&
        (Params.Flags & (DI_NEEDREBOOT | DI_NEEDRESTART)))
        *RebootRequired = TRUE;
}

/*
 * Wine removes driver keys only if they have no subkeys. What is left of this device's is deleted
 * here; the interface's GUID tells that the key has not become another device's.
 */
static void
DeleteDriverKey(const WCHAR *DriverKey, const GUID *Interface)
{
    WCHAR Path[ARRAYSIZE(CLASS_KEY) + DRIVER_KEY_CHARACTERS];
    GUID KeyInterface;
    HKEY Key;
    BOOL Left;

    lstrcpyW(Path, CLASS_KEY);
    lstrcatW(Path, DriverKey);
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, Path, 0, KEY_QUERY_VALUE, &Key) != ERROR_SUCCESS)
        return;
    Left = RegistryReadGuid(Key, L"NetCfgInstanceId", &KeyInterface) == ERROR_SUCCESS &&
           IsEqualGUID(&KeyInterface, Interface);
    RegCloseKey(Key);
    if (Left)
        RegDeleteTreeW(HKEY_LOCAL_MACHINE, Path);
}

static DWORD
Remove(DEVICE *Device, BOOL *RebootRequired, WINTUN_LOGGER_LEVEL Level)
{
    SP_REMOVEDEVICE_PARAMS Params = {
        {sizeof(SP_CLASSINSTALL_HEADER), DIF_REMOVE}, DI_REMOVEDEVICE_GLOBAL, 0};
    WCHAR DriverKey[DRIVER_KEY_CHARACTERS] = {0};
    BOOL Reboot = FALSE, Known;
    GUID Interface;
    DWORD Error;

    DriverServiceSettle();
    Known = GetInterfaceGuid(Device, &Interface) == ERROR_SUCCESS &&
            SetupDiGetDeviceRegistryPropertyW(Device->Set, &Device->Data, SPDRP_DRIVER, NULL,
                                              (BYTE *)DriverKey, sizeof(DriverKey) - sizeof(WCHAR),
                                              NULL);
    /* The parameters are optional, and Wine does not have them. */
    SetupDiSetClassInstallParamsW(Device->Set, &Device->Data, &Params.ClassInstallHeader,
                                  sizeof(Params));
    if (!SetupDiCallClassInstaller(DIF_REMOVE, Device->Set, &Device->Data))
    {
        Error = GetLastError(); /* before the problem code is asked for */
        return LogFailure(Level, Error, L"Cannot remove device %s (problem code %u)",
                          Device->InstanceId, DeviceGetProblem(Device));
    }
    DeviceCheckReboot(Device, &Reboot);
    if (Reboot)
    {
        *RebootRequired = TRUE;
        LogWarning(L"Device %s goes away only when the system is restarted", Device->InstanceId);
    }
    else if (Known)
    {
        DeleteDriverKey(DriverKey, &Interface);
    }
    LogInfo(L"Removed device %s", Device->InstanceId);
    return ERROR_SUCCESS;
}

DWORD
DeviceRemove(DEVICE *Device, BOOL *RebootRequired)
{
    return Remove(Device, RebootRequired, WINTUN_LOG_ERR);
}

void
DeviceDiscard(DEVICE *Device, BOOL *RebootRequired)
{
    Remove(Device, RebootRequired, WINTUN_LOG_WARN);
}
