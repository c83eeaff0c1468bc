/* SPDX-License-Identifier: MIT */
/* See world.h. */
#include <unistd.h>
#include "world.h"

SIM_DEVICE *WorldDevice;
SIM_EDGE *WorldEdge;

BOOLEAN
WorldTryUp(void)
{
    static const WCHAR Guid[] = WORLD_GUID;
    SimRegistrySet(WORLD_KEY, L"NetCfgInstanceId", REG_SZ, Guid, sizeof(Guid));
    WorldDevice = NULL;
    SimSendsAreShielded = TRUE; /* docs/threat-model.md */
    NdisToTheLetter = TRUE;
    if (!NT_SUCCESS(SimDriverLoadImage(NTSIM_DRIVER)))
        return FALSE;
    WorldDevice = SimDeviceAdd(WORLD_KEY);
    if (WorldDevice == NULL)
    {
        assert_true(SimDriverUnload());
        return FALSE;
    }
    BOOLEAN Up = NT_SUCCESS(SimDevicePnp(WorldDevice, IRP_MN_START_DEVICE));
    WorldEdge = SimEdge();
    if (Up && WorldEdge != NULL && SimEdgeRunning(WorldEdge))
        return TRUE;
    assert_int_equal(SimDevicePnp(WorldDevice, IRP_MN_REMOVE_DEVICE), STATUS_SUCCESS);
    SimDeviceDelete(WorldDevice);
    WorldDevice = NULL;
    assert_true(SimDriverUnload());
    return FALSE;
}

void
WorldDown(void)
{
    if (WorldDevice != NULL)
    {
        assert_int_equal(SimDevicePnp(WorldDevice, IRP_MN_QUERY_REMOVE_DEVICE), STATUS_SUCCESS);
        assert_int_equal(SimDevicePnp(WorldDevice, IRP_MN_REMOVE_DEVICE), STATUS_SUCCESS);
        SimDeviceDelete(WorldDevice);
        WorldDevice = NULL;
        assert_true(SimDriverUnload());
    }
}

int
WorldSetup(void **State)
{
    (void)State;
    SimRegistryReset();
    SimEdgePoolsCreate();
    return WorldTryUp() ? 0 : -1;
}

int
WorldTeardown(void **State)
{
    (void)State;
    SimDisturb(0);
    WorldDown();
    SimEdgePoolsDelete();
    SimProcessEnter(NULL);
    assert_int_equal(SimLeft(), 0);
    return 0;
}

SIM_NOT_COVERED static UCHAR
PacketByte(ULONG At, ULONG Bytes, unsigned Seed)
{
    return (UCHAR)(Seed * 31 + At * 7 + (At >> 8) + Bytes);
}

SIM_NOT_COVERED void
MakePacket(UCHAR *Packet, ULONG Bytes, unsigned Version, unsigned Seed)
{
    for (ULONG At = 1; At < Bytes; ++At)
        Packet[At] = PacketByte(At, Bytes, Seed);
    Packet[0] = (UCHAR)(Version << 4 | (Seed & 15));
}

SIM_NOT_COVERED BOOLEAN
IsPacket(const UCHAR *Packet, ULONG Bytes, unsigned Version, unsigned Seed)
{
    if (Packet[0] != (UCHAR)(Version << 4 | (Seed & 15)))
        return FALSE;
    for (ULONG At = 1; At < Bytes; ++At)
    {
        if (Packet[At] != PacketByte(At, Bytes, Seed))
            return FALSE;
    }
    return TRUE;
}

NDIS_STATISTICS_INFO
WorldStatistics(void)
{
    NDIS_STATISTICS_INFO Info;
    ULONG Done;
    memset(&Info, 0, sizeof(Info));
    assert_int_equal(SimEdgeOid(WorldEdge, NdisRequestQueryInformation, OID_GEN_STATISTICS, &Info,
                                sizeof(Info), &Done, NULL),
                     NDIS_STATUS_SUCCESS);
    assert_int_equal(Done, NDIS_SIZEOF_STATISTICS_INFO_REVISION_1);
    return Info;
}

static ULONG64
SumDrops(const CULVERT_TRAFFIC *Traffic, int First, int End)
{
    ULONG64 Sum = 0;
    for (int Reason = First; Reason < End; ++Reason)
        Sum += Traffic->Drops[Reason];
    return Sum;
}

CULVERT_DRIVER_STATISTICS
WorldDriverStatistics(HANDLE File)
{
    CULVERT_DRIVER_STATISTICS Statistics;
    NTSTATUS Status;
    ULONG_PTR Information;
    SIM_REQUEST *Request = SimDeviceControl(File, CULVERT_IOCTL_STATISTICS, NULL, 0, &Statistics,
                                            sizeof(Statistics), &Status);
    assert_int_equal(SimRequestWait(Request, &Information), STATUS_SUCCESS);
    assert_int_equal(Information, sizeof(Statistics));
    SimRequestFree(Request);
    NDIS_STATISTICS_INFO Info = WorldStatistics();
    assert_true(Info.ifHCInUcastPkts == Statistics.Send.Packets);
    assert_true(Info.ifHCInOctets == Statistics.Send.Bytes);
    assert_true(Info.ifHCOutUcastPkts == Statistics.Receive.Packets);
    assert_true(Info.ifHCOutOctets == Statistics.Receive.Bytes);
    assert_true(Info.ifInDiscards == SumDrops(&Statistics.Send, 0, CulvertDropBadSize));
    assert_true(Info.ifOutDiscards == SumDrops(&Statistics.Receive, 0, CulvertDropBadSize));
    assert_true(Info.ifInErrors == SumDrops(&Statistics.Send, CulvertDropBadSize, 8));
    assert_true(Info.ifOutErrors == SumDrops(&Statistics.Receive, CulvertDropBadSize, 8));
    return Statistics;
}

BOOLEAN
WaitUntil(BOOLEAN (*Condition)(void *Context), void *Context)
{
    for (unsigned Milliseconds = 0; Milliseconds < 10000; ++Milliseconds)
    {
        if (Condition(Context))
            return TRUE;
        usleep(1000);
    }
    return Condition(Context);
}
