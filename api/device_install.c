/* SPDX-License-Identifier: MIT */
/* Making a new device: see device_install.h. */
#include "device_install.h"
#include "device_object.h"
#include "logger.h"
#include "watch.h"
#include <cfgmgr32.h>
#include <devguid.h>

#ifndef ERROR_INVALID_IMAGE_HASH
#define ERROR_INVALID_IMAGE_HASH 577
#endif

#define DESCRIPTION_SUFFIX L" Tunnel"

/* Which Win32 code tells an application most about a problem code of the system. */
static DWORD
ErrorOfProblem(ULONG Problem)
{
    switch (Problem)
    {
    case CM_PROB_UNSIGNED_DRIVER:
        return ERROR_INVALID_IMAGE_HASH;
    case CM_PROB_DRIVER_BLOCKED:
        return ERROR_DRIVER_BLOCKED;
    case CM_PROB_DISABLED_SERVICE:
        return ERROR_SERVICE_DISABLED;
    default:
        return ERROR_GEN_FAILURE;
    }
}

/* Problems that waiting does not cure; others are passed through while a device is being installed.
 */
static BOOL
IsFinalProblem(ULONG Problem)
{
    switch (Problem)
    {
    case CM_PROB_FAILED_START:
    case CM_PROB_NEED_RESTART:
    case CM_PROB_DISABLED:
    case CM_PROB_FAILED_INSTALL:
    case CM_PROB_FAILED_ADD:
    case CM_PROB_DISABLED_SERVICE:
    case CM_PROB_FAILED_DRIVER_ENTRY:
    case CM_PROB_DRIVER_FAILED_LOAD:
    case CM_PROB_DRIVER_BLOCKED:
    case CM_PROB_UNSIGNED_DRIVER:
        return TRUE;
    default:
        return FALSE;
    }
}

/* In the set: a device with our hardware id, which the system does not know yet. */
static DWORD
CreateElement(DEVICE *Device)
{
    static const WCHAR HardwareIds[] = DEVICE_HARDWARE_ID L"\0";

    Device->Data.cbSize = sizeof(Device->Data);
    if (!SetupDiCreateDeviceInfoW(Device->Set, DEVICE_HARDWARE_ID, &GUID_DEVCLASS_NET, NULL, NULL,
                                  DICD_GENERATE_ID, &Device->Data))
        return LogLastError(L"Cannot create a device");
    if (!SetupDiGetDeviceInstanceIdW(Device->Set, &Device->Data, Device->InstanceId,
                                     DEVICE_ID_CHARACTERS, NULL))
        return LogLastError(L"Cannot get the id of the new device");
    if (!SetupDiSetDeviceRegistryPropertyW(Device->Set, &Device->Data, SPDRP_HARDWAREID,
                                           (const BYTE *)HardwareIds, sizeof(HardwareIds)))
        return LogLastError(L"Cannot set the hardware id of device %s", Device->InstanceId);
    return ERROR_SUCCESS;
}

static DWORD
SelectDriver(DEVICE *Device, const DRIVER_PACKAGE *Package)
{
    SP_DEVINSTALL_PARAMS_W Params = {0};

    Params.cbSize = sizeof(Params);
    if (!SetupDiGetDeviceInstallParamsW(Device->Set, &Device->Data, &Params))
        return LogLastError(L"Cannot get the parameters of device %s", Device->InstanceId);
    Params.Flags |= DI_QUIETINSTALL | DI_ENUMSINGLEINF;
    if (Package->ImageInPlace)
        Params.Flags |= DI_NOFILECOPY;
    lstrcpyW(Params.DriverPath, Package->InfPath);
    if (!SetupDiSetDeviceInstallParamsW(Device->Set, &Device->Data, &Params))
        return LogLastError(L"Cannot set the parameters of device %s", Device->InstanceId);
    if (!SetupDiBuildDriverInfoList(Device->Set, &Device->Data, SPDIT_COMPATDRIVER) ||
        !SetupDiCallClassInstaller(DIF_SELECTBESTCOMPATDRV, Device->Set, &Device->Data))
        return LogLastError(L"Cannot select driver %s for device %s", Package->InfPath,
                            Device->InstanceId);
    return ERROR_SUCCESS;
}

/* The class installer takes the interface's GUID from here. */
static DWORD
SuggestGuid(DEVICE *Device, const GUID *Guid)
{
    HKEY Key = SetupDiCreateDevRegKeyW(Device->Set, &Device->Data, DICS_FLAG_GLOBAL, 0, DIREG_DRV,
                                       NULL, NULL);
    DWORD Error;

    if (Key == INVALID_HANDLE_VALUE)
        return LogLastError(L"Cannot create the driver key of device %s", Device->InstanceId);
    Error = (DWORD)RegSetValueExW(Key, L"SuggestedInstanceId", 0, REG_BINARY, (const BYTE *)Guid,
                                  sizeof(*Guid));
    RegCloseKey(Key);
    if (Error != ERROR_SUCCESS)
        return LogError(Error, L"Cannot suggest a GUID for device %s", Device->InstanceId);
    return ERROR_SUCCESS;
}

/* For people: what device manager shows. */
static void
SetFriendlyName(DEVICE *Device, const WCHAR *Pool)
{
    WCHAR Text[WINTUN_MAX_POOL + ARRAYSIZE(DESCRIPTION_SUFFIX)];

    lstrcpyW(Text, Pool);
    lstrcatW(Text, DESCRIPTION_SUFFIX);
    if (!SetupDiSetDeviceRegistryPropertyW(Device->Set, &Device->Data, SPDRP_FRIENDLYNAME,
                                           (const BYTE *)Text,
                                           ((DWORD)lstrlenW(Text) + 1) * sizeof(WCHAR)))
        LogWarningError(GetLastError(), L"Cannot set the friendly name of device %s",
                        Device->InstanceId);
}

static DWORD
InstallRegistered(DEVICE *Device, BOOL *RebootRequired)
{
    DWORD Error;

    if (!SetupDiCallClassInstaller(DIF_REGISTER_COINSTALLERS, Device->Set, &Device->Data))
        LogWarningError(GetLastError(), L"Cannot register co-installers of device %s",
                        Device->InstanceId);
    if (!SetupDiCallClassInstaller(DIF_INSTALLINTERFACES, Device->Set, &Device->Data))
        LogWarningError(GetLastError(), L"Cannot install interfaces of device %s",
                        Device->InstanceId);
    if (!SetupDiCallClassInstaller(DIF_INSTALLDEVICE, Device->Set, &Device->Data))
    {
        Error = GetLastError(); /* before the problem code is asked for */
        return LogFailure(WINTUN_LOG_ERR, Error,
                          L"Cannot install the driver of device %s (problem code %u)",
                          Device->InstanceId, DeviceGetProblem(Device));
    }
    DeviceCheckReboot(Device, RebootRequired);
    return ERROR_SUCCESS;
}

/* Whether the interface is known and the driver answers; *Error is why not. */
static BOOL
IsRunning(const DEVICE *Device, DEVICE_INTERFACE *Interface, DWORD *Error)
{
    HANDLE Object;

    *Error = DeviceGetInterface(Device, Interface);
    if (*Error != ERROR_SUCCESS)
        return FALSE;
    *Error = DeviceObjectOpen(&Interface->Guid, &Object);
    if (*Error != ERROR_SUCCESS)
        return FALSE;
    CloseHandle(Object);
    /* Values of the driver key that were there before may have been replaced when the device
     * started. */
    *Error = DeviceGetInterface(Device, Interface);
    return *Error == ERROR_SUCCESS;
}

static DWORD
LogNotRunning(const DEVICE *Device, ULONG Problem, DWORD LastFailure)
{
    if (Problem)
        return LogError(ErrorOfProblem(Problem), L"Device %s does not start: problem code %u",
                        Device->InstanceId, Problem);
    return LogError(ERROR_TIMEOUT, L"Device %s did not start within %u seconds (last failure %u)",
                    Device->InstanceId, DEVICE_START_MILLISECONDS / 1000, LastFailure);
}

/*
 * Windows starts the device while it is installed: when DIF_INSTALLDEVICE has been handled, "the
 * device is up and running unless the DI_NEEDREBOOT flag was set" (its reference), so that the
 * first look suffices as a rule. Not documented is when the class installer has written all that
 * it writes into the driver key, and other hosts start the device when they get to it.
 */
static DWORD
WaitUntilRunning(DEVICE *Device, DEVICE_INTERFACE *Interface)
{
    HKEY Key = SetupDiOpenDevRegKey(Device->Set, &Device->Data, DICS_FLAG_GLOBAL, 0, DIREG_DRV,
                                    KEY_QUERY_VALUE | KEY_NOTIFY);
    ULONG Problem = 0;
    DWORD Error;
    WATCH Watch;

    if (Key == INVALID_HANDLE_VALUE)
        return LogLastError(L"Cannot open the driver key of device %s", Device->InstanceId);
    Error = WatchOpen(&Watch, DEVICE_START_MILLISECONDS);
    if (Error != ERROR_SUCCESS)
    {
        RegCloseKey(Key);
        return LogError(Error, L"Cannot watch device %s", Device->InstanceId);
    }
    WatchKey(&Watch, Key, FALSE);
    WatchDevice(&Watch, Device->InstanceId);
    while (!IsRunning(Device, Interface, &Error))
    {
        Problem = DeviceGetProblem(Device);
        if (IsFinalProblem(Problem) || !WatchWait(&Watch))
            break;
    }
    WatchClose(&Watch);
    return Error == ERROR_SUCCESS ? ERROR_SUCCESS : LogNotRunning(Device, Problem, Error);
}

/* From an element of the set to a device that runs; whatever fails, the device is gone again. */
static DWORD
RegisterAndStart(const WCHAR *Pool, const GUID *RequestedGuid, DEVICE *Device,
                 DEVICE_INTERFACE *Interface, BOOL *RebootRequired)
{
    BOOL RemovalReboot = FALSE;
    DWORD Error;

    if (!SetupDiCallClassInstaller(DIF_REGISTERDEVICE, Device->Set, &Device->Data))
        return LogLastError(L"Cannot register device %s", Device->InstanceId);
    Error = RequestedGuid ? SuggestGuid(Device, RequestedGuid) : ERROR_SUCCESS;
    if (Error == ERROR_SUCCESS)
        Error = InstallRegistered(Device, RebootRequired);
    if (Error == ERROR_SUCCESS)
    {
        SetFriendlyName(Device, Pool);
        Error = WaitUntilRunning(Device, Interface);
    }
    if (Error == ERROR_SUCCESS)
        Error = DeviceSetIncarnation(Device, Interface);
    if (Error != ERROR_SUCCESS)
        DeviceDiscard(Device, &RemovalReboot);
    return Error;
}

DWORD
DeviceInstall(const DRIVER_PACKAGE *Package, const WCHAR *Pool, const GUID *RequestedGuid,
              DEVICE *Device, DEVICE_INTERFACE *Interface, BOOL *RebootRequired)
{
    DWORD Error;

    Device->Set = SetupDiCreateDeviceInfoListExW(&GUID_DEVCLASS_NET, NULL, NULL, NULL);
    if (Device->Set == INVALID_HANDLE_VALUE)
        return LogLastError(L"Cannot make a device list");
    Error = CreateElement(Device);
    if (Error == ERROR_SUCCESS)
        Error = SelectDriver(Device, Package);
    if (Error == ERROR_SUCCESS)
        Error = RegisterAndStart(Pool, RequestedGuid, Device, Interface, RebootRequired);
    if (Error == ERROR_SUCCESS)
        LogInfo(L"Created device %s", Device->InstanceId);
    else
        SetupDiDestroyDeviceInfoList(Device->Set);
    return Error;
}
