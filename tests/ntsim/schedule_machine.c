/* SPDX-License-Identifier: MIT */
/* The machine of a scenario: see schedule.h. */
#include <stdio.h>
#include "schedule.h"

ADAPTER_STAGE Stages[ADAPTERS_MAX];

static const struct
{
    const WCHAR *Key, *Link;
    const WCHAR Guid[39];
} Names[ADAPTERS_MAX] = {
    {WORLD_KEY, WORLD_DEVICE_LINK, WORLD_GUID},
    {L"\\Class\\{4d36e972-e325-11ce-bfc1-08002be10318}\\0002",
     CULVERT_DEVICE_LINK_PREFIX L"{3F2B8C11-0D45-4E6A-9B7C-12AB34CD56F0}",
     L"{3F2B8C11-0D45-4E6A-9B7C-12AB34CD56F0}"},
};

void
Check(BOOLEAN Holds, const char *Condition, const char *File, int Line)
{
    if (Holds)
        return;
    fprintf(stderr, "schedule: %s:%d: not so: %s\n", File, Line, Condition);
    abort();
}

void
MachinePnp(unsigned Adapter, UCHAR Minor)
{
    CHECK(SimDevicePnp(Stages[Adapter].Device, Minor) == STATUS_SUCCESS);
    if (Minor == IRP_MN_START_DEVICE)
        Stages[Adapter].Edge = SimEdge();
}

void
MachinePower(unsigned Adapter, DEVICE_POWER_STATE State)
{
    CHECK(SimDevicePower(Stages[Adapter].Device, DevicePowerState, State) == STATUS_SUCCESS);
}

void
MachineUp(unsigned Adapters)
{
    SimRegistryReset();
    SimEdgePoolsCreate();
    CHECK(NT_SUCCESS(SimDriverLoadImage(NTSIM_DRIVER)));
    for (unsigned At = 0; At < Adapters; ++At)
    {
        SimRegistrySet(Names[At].Key, L"NetCfgInstanceId", REG_SZ, Names[At].Guid,
                       sizeof(Names[At].Guid));
        Stages[At].Device = SimDeviceAdd(Names[At].Key);
        Stages[At].Link = Names[At].Link;
        CHECK(Stages[At].Device != NULL);
        MachinePnp(At, IRP_MN_START_DEVICE);
        CHECK(SimEdgeRunning(Stages[At].Edge));
    }
}

void
MachineRemove(unsigned Adapter, BOOLEAN Remove)
{
    if (Remove)
        MachinePnp(Adapter, IRP_MN_REMOVE_DEVICE);
    SimDeviceDelete(Stages[Adapter].Device);
    Stages[Adapter].Device = NULL;
}

void
MachineDown(BOOLEAN Loaded)
{
    for (unsigned At = 0; At < ADAPTERS_MAX; ++At)
    {
        if (Stages[At].Device == NULL)
            continue;
        MachinePnp(At, IRP_MN_QUERY_REMOVE_DEVICE);
        MachineRemove(At, TRUE);
    }
    CHECK(!Loaded || SimDriverUnload());
    SimEdgePoolsDelete();
    SimProcessEnter(NULL);
    CHECK(SimLeft() == 0);
}
