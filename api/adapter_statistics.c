/* SPDX-License-Identifier: MIT */
/* What the driver counts, for the adapters of any process. */
#include "adapter_internal.h"
#include "device_object.h"
#include "logger.h"
#include "statistics.h"

/* The driver's counters of a direction are the header's, under the names of reasons. */
#define SAME(Field, Counter)                                                                       \
    C_ASSERT(FIELD_OFFSET(CULVERT_DIRECTION_STATISTICS, Field) ==                                  \
             FIELD_OFFSET(CULVERT_TRAFFIC, Counter))
SAME(Packets, Packets);
SAME(Bytes, Bytes);
SAME(DropsNoRoom, Drops[CulvertDropNoRoom]);
SAME(DropsNoSession, Drops[CulvertDropNoSession]);
SAME(DropsPaused, Drops[CulvertDropPaused]);
SAME(DropsNoMemory, Drops[CulvertDropNoMemory]);
SAME(DropsBroken, Drops[CulvertDropBroken]);
SAME(DropsBadSize, Drops[CulvertDropBadSize]);
SAME(DropsNotIp, Drops[CulvertDropNotIp]);
SAME(Signals, Signals);
SAME(HighWater, HighWater);
C_ASSERT(sizeof(CULVERT_DIRECTION_STATISTICS) == sizeof(CULVERT_TRAFFIC));
C_ASSERT(sizeof(CULVERT_STATISTICS) == sizeof(CULVERT_DRIVER_STATISTICS));

/* Closes the object. */
static DWORD
GetStatistics(HANDLE Object, CULVERT_STATISTICS *Statistics)
{
    CULVERT_DRIVER_STATISTICS Driver;
    DWORD Bytes, Error;

    Error = DeviceObjectGetStatistics(Object, &Driver, &Bytes);
    CloseHandle(Object);
    if (Error != ERROR_SUCCESS)
        return Error;
    CULVERT_STATISTICS Known = {
        .Capacity = (DWORD)Driver.Capacity,
        .Sessions = Driver.Sessions,
        .BrokenSessions = Driver.BrokenSessions,
    };
    CopyMemory(&Known.Receive, &Driver.Receive, sizeof(Known.Receive));
    CopyMemory(&Known.Send, &Driver.Send, sizeof(Known.Send));
    StatisticsReturn(Statistics, &Known, Bytes);
    return ERROR_SUCCESS;
}

DWORD
AdapterGetStatistics(const ADAPTER *Adapter, CULVERT_STATISTICS *Statistics)
{
    HANDLE Object;
    DWORD Error = AdapterOpenObject(Adapter, &Object);

    return Error == ERROR_SUCCESS ? GetStatistics(Object, Statistics) : Error;
}

DWORD
AdapterGetStatisticsOfLuid(NET_LUID Luid, CULVERT_STATISTICS *Statistics)
{
    DEVICE_INTERFACE Interface;
    WCHAR Label[GUID_CHARACTERS];
    DEVICE_LIST List;
    DEVICE Device;
    HANDLE Object;
    BOOL Found = FALSE;
    DWORD Error = DeviceListOpen(&List);

    if (Error != ERROR_SUCCESS)
        return Error;
    while (!Found && DeviceListNext(&List, &Device))
        Found = DeviceGetInterface(&Device, &Interface) == ERROR_SUCCESS &&
                Interface.Luid.Value == Luid.Value;
    DeviceListClose(&List);
    if (!Found)
        return LogError(ERROR_FILE_NOT_FOUND, L"No adapter has the LUID 0x%08x%08x",
                        (DWORD)(Luid.Value >> 32), (DWORD)Luid.Value);
    GuidFormat(&Interface.Guid, Label);
    Error = DeviceObjectOpen(&Interface.Guid, &Object);
    if (Error != ERROR_SUCCESS)
        return LogError(Error, L"Cannot open the device of adapter %s", Label);
    return GetStatistics(Object, Statistics);
}
