/* SPDX-License-Identifier: MIT */
/* The devices that run the driver: see driver_users.h. */
#include "driver_users.h"
#include "adapter_internal.h"
#include "logger.h"
#include <cfgmgr32.h>
#include <regstr.h>

/*
 * A device is stopped by disabling it until the next start of the system; what a person disables in
 * Device Manager stays so, by a flag in the registry, and is never taken for one of ours.
 */
static BOOL
WasStopped(const DEVICE *Device)
{
    SP_DEVINFO_DATA Data = Device->Data;
    DWORD Flags = 0;

    if (DeviceGetProblem(Device) != CM_PROB_DISABLED)
        return FALSE;
    SetupDiGetDeviceRegistryPropertyW(Device->Set, &Data, SPDRP_CONFIGFLAGS, NULL, (BYTE *)&Flags,
                                      sizeof(Flags), NULL);
    return (Flags & CONFIGFLAG_DISABLED) == 0;
}

void
DriverUserStart(const DEVICE *Device)
{
    CONFIGRET Result;

    if (!WasStopped(Device))
        return;
    Result = CM_Enable_DevNode(Device->Data.DevInst, 0);
    if (Result == CR_SUCCESS)
        LogInfo(L"Started device %s again", Device->InstanceId);
    else
        LogWarning(L"Cannot start device %s again (configuration manager's code %u)",
                   Device->InstanceId, Result);
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
        if (DeviceGetInterface(&Device, &Interface) == ERROR_SUCCESS)
            Error = AdapterIsUnused(&Interface.Guid, Unused);
    }
    DeviceListClose(&List);
    return Error;
}

/* *Stopped: FALSE if the system does not let one stop. */
static DWORD
StopAll(BOOL *Stopped)
{
    DEVICE_LIST List;
    DEVICE Device;
    CONFIGRET Result = CR_SUCCESS;
    DWORD Error = DeviceListOpen(&List);

    *Stopped = FALSE;
    if (Error != ERROR_SUCCESS)
        return Error;
    while (Result == CR_SUCCESS && DeviceListNext(&List, &Device))
    {
        if (DeviceGetProblem(&Device) == CM_PROB_DISABLED)
            continue;
        Result = CM_Disable_DevNode(Device.Data.DevInst, CM_DISABLE_UI_NOT_OK);
        if (Result == CR_NO_SUCH_DEVNODE)
            Result = CR_SUCCESS; /* not present, so it runs nothing */
        else if (Result == CR_SUCCESS)
            LogInfo(L"Stopped device %s, to replace its driver", Device.InstanceId);
        else
            LogWarning(L"Cannot stop device %s (configuration manager's code %u)",
                       Device.InstanceId, Result);
    }
    DeviceListClose(&List);
    *Stopped = Result == CR_SUCCESS;
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
