/* SPDX-License-Identifier: MIT */
/* The devices that run the driver: see driver_users.h. */
#include "driver_users.h"
#include "adapter_internal.h"
#include "logger.h"
#include <cfgmgr32.h>
#include <regstr.h>

/*
 * A device is stopped by disabling it until the next start of the system. People and their tools
 * may do the same, or disable it for good, or for a hardware profile. So what is to be stopped is
 * marked before, nothing else is ever started, and the mark is taken away afterwards.
 *
 * Whoever dies in between leaves a mark on a device that runs or is stopped. If it runs, or
 * somebody has disabled it for good since, which the registry's flag says, only the mark goes.
 */
static BOOL
IsStopped(const DEVICE *Device)
{
    SP_DEVINFO_DATA Data = Device->Data;
    DWORD Flags = 0;

    if (DeviceGetProblem(Device) != CM_PROB_DISABLED)
        return FALSE;
    SetupDiGetDeviceRegistryPropertyW(Device->Set, &Data, SPDRP_CONFIGFLAGS, NULL, (BYTE *)&Flags,
                                      sizeof(Flags), NULL);
    return (Flags & CONFIGFLAG_DISABLED) == 0;
}

static CONFIGRET
Start(const DEVICE *Device)
{
    CONFIGRET Result = CM_Enable_DevNode(Device->Data.DevInst, 0);

    if (Result == CR_SUCCESS)
        LogInfo(L"Started device %s again", Device->InstanceId);
    else
        LogWarning(L"Cannot start device %s again (configuration manager's code %u)",
                   Device->InstanceId, Result);
    return Result;
}

void
DriverUserStart(const DEVICE *Device)
{
    DWORD Error;

    if (!DeviceIsSetStopped(Device))
        return;
    if (IsStopped(Device) && Start(Device) != CR_SUCCESS)
        return; /* the next one tries again */
    Error = DeviceSetStopped(Device, FALSE);
    if (Error != ERROR_SUCCESS)
        LogWarningError(Error, L"Cannot note that device %s is started again", Device->InstanceId);
}

void
DriverUsersStart(void)
{
    DEVICE_LIST List;
    DEVICE Device;

    if (DeviceListOpen(&List) != ERROR_SUCCESS)
        return;
    while (DeviceListNext(&List, &Device))
        DriverUserStart(&Device);
    DeviceListClose(&List);
}

static DWORD
AllAreUnused(BOOL *Unused)
{
    DEVICE_INTERFACE Interface;
    DEVICE_LIST List;
    DEVICE Device;
    DWORD Error = DeviceListOpen(&List);

    *Unused = TRUE;
    if (Error != ERROR_SUCCESS)
        return Error;
    while (Error == ERROR_SUCCESS && *Unused && DeviceListNext(&List, &Device))
    {
        DWORD ReadError = DeviceGetInterface(&Device, &Interface);
        if (ReadError == ERROR_SUCCESS || DeviceLacks(ReadError))
            Error = AdapterIsUnused(&Interface.Guid, Unused);
        else
        {
            LogWarningError(ReadError, L"Cannot find out whether device %s is in use",
                            Device.InstanceId);
            *Unused = FALSE;
        }
    }
    DeviceListClose(&List);
    return Error;
}

/* FALSE if the system does not let it stop. */
static BOOL
Stop(const DEVICE *Device)
{
    CONFIGRET Result;
    DWORD Error = DeviceSetStopped(Device, TRUE);

    if (Error != ERROR_SUCCESS)
    {
        LogWarningError(Error, L"Cannot note that device %s is to be stopped", Device->InstanceId);
        return FALSE;
    }
    Result = CM_Disable_DevNode(Device->Data.DevInst, CM_DISABLE_UI_NOT_OK);
    if (Result == CR_SUCCESS)
        LogInfo(L"Stopped device %s, to replace its driver", Device->InstanceId);
    else if (Result != CR_NO_SUCH_DEVNODE) /* which is not present, so it runs nothing */
        LogWarning(L"Cannot stop device %s (configuration manager's code %u)", Device->InstanceId,
                   Result);
    return Result == CR_SUCCESS || Result == CR_NO_SUCH_DEVNODE;
}

/* *Stopped: FALSE if the system does not let one stop. */
static DWORD
StopAll(BOOL *Stopped)
{
    DEVICE_LIST List;
    DEVICE Device;
    DWORD Error = DeviceListOpen(&List);

    *Stopped = FALSE;
    if (Error != ERROR_SUCCESS)
        return Error;
    *Stopped = TRUE;
    while (*Stopped && DeviceListNext(&List, &Device))
        *Stopped = DeviceGetProblem(&Device) == CM_PROB_DISABLED || Stop(&Device);
    DeviceListClose(&List);
    return ERROR_SUCCESS;
}

DWORD
DriverUsersStop(BOOL *Stopped)
{
    DWORD Error = AllAreUnused(Stopped);

    if (Error != ERROR_SUCCESS || !*Stopped)
        return Error;
    Error = StopAll(Stopped);
    if (!*Stopped)
        DriverUsersStart();
    return Error;
}
