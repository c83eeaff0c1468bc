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

static BOOL
AllAreUnused(void)
{
    DEVICE_INTERFACE Interface;
    DEVICE_LIST List;
    DEVICE Device;
    BOOL Unused = TRUE;

    if (DeviceListOpen(&List) != ERROR_SUCCESS)
        return FALSE;
    while (Unused && DeviceListNext(&List, &Device))
    {
        if (DeviceGetInterface(&Device, &Interface) == ERROR_SUCCESS)
            Unused = AdapterIsUnused(&Interface.Guid);
    }
    DeviceListClose(&List);
    return Unused;
}

static BOOL
StopAll(void)
{
    DEVICE_LIST List;
    DEVICE Device;
    CONFIGRET Result = CR_SUCCESS;

    if (DeviceListOpen(&List) != ERROR_SUCCESS)
        return FALSE;
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
    return Result == CR_SUCCESS;
}

BOOL
DriverUsersStop(void)
{
    if (!AllAreUnused())
        return FALSE;
    if (StopAll())
        return TRUE;
    DriverUsersStart();
    return FALSE;
}
