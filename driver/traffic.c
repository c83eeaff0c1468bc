/* SPDX-License-Identifier: MIT */
/* What the adapter has carried and dropped: for NDIS by oid.c, for applications by device.c. */
#include "driver.h"

_Use_decl_annotations_
ULONG64
TrafficRead(volatile LONG64 *Counter)
{
    return (ULONG64)InterlockedCompareExchange64(Counter, 0, 0);
}

static ULONG64
SumDrops(TRAFFIC *Traffic, int First, int End)
{
    ULONG64 Sum = 0;
    for (int Reason = First; Reason < End; ++Reason)
        Sum += TrafficRead(&Traffic->Drops[Reason]);
    return Sum;
}

_Use_decl_annotations_
ULONG64
TrafficDiscards(TRAFFIC *Traffic)
{
    return SumDrops(Traffic, 0, CulvertDropBadSize);
}

_Use_decl_annotations_
ULONG64
TrafficErrors(TRAFFIC *Traffic)
{
    return SumDrops(Traffic, CulvertDropBadSize, CulvertDropReasons);
}

static VOID
ReadTraffic(TRAFFIC *Traffic, CULVERT_TRAFFIC *Counters)
{
    Counters->Packets = TrafficRead(&Traffic->Packets);
    Counters->Bytes = TrafficRead(&Traffic->Bytes);
    for (int Reason = 0; Reason < CulvertDropReasons; ++Reason)
        Counters->Drops[Reason] = TrafficRead(&Traffic->Drops[Reason]);
    Counters->Signals = TrafficRead(&Traffic->Signals);
    Counters->HighWater = (ULONG)ReadNoFence(&Traffic->HighWater);
}

_Use_decl_annotations_
VOID
AdapterReadStatistics(ADAPTER *Adapter, CULVERT_DRIVER_STATISTICS *Statistics)
{
    RtlZeroMemory(Statistics, sizeof(*Statistics));
    Statistics->Sessions = TrafficRead(&Adapter->Sessions);
    Statistics->BrokenSessions = TrafficRead(&Adapter->BrokenSessions);
    Statistics->Capacity = (ULONG)ReadNoFence(&Adapter->Capacity);
    ReadTraffic(&Adapter->Out, &Statistics->Receive);
    ReadTraffic(&Adapter->In, &Statistics->Send);
}
