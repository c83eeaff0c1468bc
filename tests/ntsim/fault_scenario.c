/* SPDX-License-Identifier: MIT */
/* See fault_scenario.h. */
#include "fault_scenario.h"

#define ATTEMPTS 4
#define PACKETS  6 /* of each direction */

static APPLICATION App;
static BOOLEAN AppOpen;
static UCHAR Packet[8000], Got[8000];

/* Whether Try succeeds, with a few attempts. Nothing fails for no reason. */
static BOOLEAN
Attempt(BOOLEAN (*Try)(void))
{
    for (unsigned At = 0; At < ATTEMPTS; ++At)
    {
        unsigned Hits = SimFaultHits();
        if (Try())
            return TRUE;
        assert_int_not_equal(SimFaultHits(), Hits);
    }
    return FALSE;
}

static void
Open(void)
{
    ApplicationOpen(&App, WORLD_CAPACITY);
    AppOpen = TRUE;
}

static void
Exit(void)
{
    if (AppOpen)
        ApplicationExit(&App);
    AppOpen = FALSE;
    SimProcessEnter(NULL);
}

static BOOLEAN
TryStart(void)
{
    NTSTATUS Status = ApplicationStart(&App);
    if (Status == STATUS_PENDING)
        return TRUE;
    assert_true(Status == STATUS_INSUFFICIENT_RESOURCES || Status == STATUS_INVALID_HANDLE);
    assert_int_equal(SimEdgeLink(WorldEdge).State, MediaConnectStateDisconnected);
    return FALSE;
}

static NDIS_STATISTICS_INFO
Statistics(void)
{
    SimFaultExemptBegin();
    NDIS_STATISTICS_INFO Info = WorldStatistics();
    SimFaultExemptEnd();
    return Info;
}

/* Packets of one direction that were dropped for want of memory. */
static ULONG64
Dropped(BOOLEAN Send)
{
    SimFaultExemptBegin();
    CULVERT_DRIVER_STATISTICS Info = WorldDriverStatistics(App.File);
    SimFaultExemptEnd();
    return (Send ? Info.Send : Info.Receive).Drops[CulvertDropNoMemory];
}

static unsigned
TakeAll(void)
{
    unsigned Count = 0;
    while (SimEdgeTake(WorldEdge, Got, sizeof(Got), 0) != 0)
        ++Count;
    return Count;
}

/* Packets both ways, of both classes of buffers and of pages to map. What failures cost is counted
 * exactly; without failures it is nothing. */
static void
Traffic(void)
{
    static const SIM_SHAPE Unmapped = {.PieceBytes = 700, .Unmapped = TRUE};
    unsigned In = 0, Out = 0, Hits = SimFaultHits();
    NDIS_STATISTICS_INFO Before = Statistics();
    ULONG64 SendDrops = Dropped(TRUE), ReceiveDrops = Dropped(FALSE);
    SimEdgeHold(WorldEdge, TRUE);
    for (unsigned At = 0; At < PACKETS; ++At)
    {
        ULONG Bytes = At % 2 ? 1400 : 6000;
        MakePacket(Packet, Bytes, 6, At);
        assert_true(ApplicationSend(&App, Packet, Bytes));
        NDIS_STATUS Status = SimEdgeSendPacket(WorldEdge, Packet, Bytes, &Unmapped);
        assert_true(Status == NDIS_STATUS_SUCCESS || Status == NDIS_STATUS_RESOURCES);
        if (Status == NDIS_STATUS_SUCCESS)
        {
            assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), Bytes);
            assert_true(IsPacket(Got, Bytes, 6, At));
            ++Out;
        }
        assert_true(SimQuiesce());
        /* Whoever waits for a buffer gets one back. */
        if (At % 3 == 2)
            SimEdgeReturn(WorldEdge, 2);
    }
    SimEdgeHold(WorldEdge, FALSE);
    do
        assert_true(SimQuiesce());
    while (SimEdgeReturn(WorldEdge, 100) != 0);
    In += TakeAll();
    NDIS_STATISTICS_INFO After = Statistics();
    assert_int_equal(In + After.ifInDiscards - Before.ifInDiscards, PACKETS);
    assert_int_equal(Out + After.ifOutDiscards - Before.ifOutDiscards, PACKETS);
    assert_int_equal(In + Dropped(TRUE) - SendDrops, PACKETS);
    assert_int_equal(Out + Dropped(FALSE) - ReceiveDrops, PACKETS);
    assert_true(SimFaultHits() != Hits || (In == PACKETS && Out == PACKETS));
    assert_int_equal(ApplicationState(&App), CULVERT_STATE_RUNNING);
}

/* ---- The scenarios ------------------------------------------------------------------------------
 */

static void
RunStartUp(void)
{
    Attempt(WorldTryUp);
}

static void
RunSession(void)
{
    for (unsigned Round = 0; Round < 2; ++Round)
    {
        if (Attempt(TryStart))
            assert_int_equal(ApplicationEnd(&App), STATUS_CANCELLED);
    }
}

static void
OpenAndStart(void)
{
    Open();
    assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
}

static void
RunOids(void)
{
    static const NDIS_REQUEST_TYPE Types[] = {
        NdisRequestQueryInformation, NdisRequestSetInformation, NdisRequestQueryStatistics};
    static const NDIS_OID Oids[] = {OID_GEN_STATISTICS,         OID_GEN_MAXIMUM_TOTAL_SIZE,
                                    OID_GEN_VENDOR_DESCRIPTION, OID_GEN_CURRENT_PACKET_FILTER,
                                    OID_GEN_LINK_PARAMETERS,    OID_GEN_XMIT_OK,
                                    OID_GEN_MAXIMUM_FRAME_SIZE, 0xFF000000};
    UCHAR Room[256] = {0};
    Traffic();
    for (unsigned At = 0; At < ARRAYSIZE(Oids) * ARRAYSIZE(Types); ++At)
    {
        NDIS_REQUEST_TYPE Type = Types[At % ARRAYSIZE(Types)];
        NDIS_OID Oid = Oids[At / ARRAYSIZE(Types)];
        unsigned Hits = SimFaultHits();
        NDIS_STATUS Status = SimEdgeOid(WorldEdge, Type, Oid, Room, sizeof(Room), NULL, NULL);
        SimFaultExemptBegin();
        NDIS_STATUS Again = SimEdgeOid(WorldEdge, Type, Oid, Room, sizeof(Room), NULL, NULL);
        SimFaultExemptEnd();
        assert_true(Status == Again || SimFaultHits() != Hits);
    }
}

static BOOLEAN
TryRestart(void)
{
    return NdisEdgeRestart(SimEdgeAdapter(WorldEdge)) == STATUS_SUCCESS;
}

/* A session goes on over a pause, and one begins in it. */
static void
RunPause(void)
{
    Traffic();
    assert_int_equal(NdisEdgePause(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    if (!Attempt(TryRestart))
        return;
    Traffic();
    assert_int_equal(NdisEdgePause(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    assert_int_equal(ApplicationEnd(&App), STATUS_CANCELLED);
    if (Attempt(TryStart) && Attempt(TryRestart))
        Traffic();
}

static BOOLEAN
TrySleepAndWake(void)
{
    assert_int_equal(SimDevicePower(WorldDevice, DevicePowerState, PowerDeviceD3), STATUS_SUCCESS);
    assert_int_equal(SimDevicePower(WorldDevice, DevicePowerState, PowerDeviceD0), STATUS_SUCCESS);
    return SimEdgeRunning(WorldEdge);
}

static void
RunPower(void)
{
    Traffic();
    if (Attempt(TrySleepAndWake))
        Traffic();
}

/* The device goes away, by surprise or after being asked, and comes again. */
static void
Remove(BOOLEAN Surprise)
{
    UCHAR Minor = Surprise ? IRP_MN_SURPRISE_REMOVAL : IRP_MN_QUERY_REMOVE_DEVICE;
    assert_int_equal(SimDevicePnp(WorldDevice, Minor), STATUS_SUCCESS);
    assert_int_equal(SimDevicePnp(WorldDevice, IRP_MN_REMOVE_DEVICE), STATUS_SUCCESS);
    if (App.Request != NULL)
        assert_int_equal(ApplicationWaitEnd(&App), STATUS_DEVICE_REMOVED);
    Exit();
    SimDeviceDelete(WorldDevice);
    WorldDevice = NULL;
    assert_true(SimDriverUnload());
}

static void
RunSurpriseRemoval(void)
{
    Traffic();
    Remove(TRUE);
    Attempt(WorldTryUp);
}

static void
RunRemoval(void)
{
    Traffic();
    Remove(FALSE);
    Attempt(WorldTryUp);
}

static void
RunStopAndStart(void)
{
    Traffic();
    assert_int_equal(SimDevicePnp(WorldDevice, IRP_MN_QUERY_STOP_DEVICE), STATUS_SUCCESS);
    assert_int_equal(SimDevicePnp(WorldDevice, IRP_MN_STOP_DEVICE), STATUS_SUCCESS);
    assert_int_equal(ApplicationWaitEnd(&App), STATUS_DEVICE_REMOVED);
    Exit();
    unsigned Hits = SimFaultHits();
    if (NT_SUCCESS(SimDevicePnp(WorldDevice, IRP_MN_START_DEVICE)) && SimEdge() != NULL)
    {
        WorldEdge = SimEdge();
        return;
    }
    /* Plug and Play removes a device that does not start. */
    assert_int_not_equal(SimFaultHits(), Hits);
    Remove(TRUE);
}

static void
RunLife(void)
{
    if (!Attempt(WorldTryUp))
        return;
    Open();
    for (unsigned Round = 0; Round < 2; ++Round)
    {
        if (!Attempt(TryStart))
            return;
        RunOids();
        if (!Attempt(TrySleepAndWake))
            return;
        RunPause();
        if (App.Request == NULL || !SimEdgeRunning(WorldEdge))
            return;
        if (Round == 0)
            assert_int_equal(ApplicationEnd(&App), STATUS_CANCELLED);
    }
    Remove(TRUE);
    Attempt(WorldTryUp);
}

const FAULT_SCENARIO FaultScenarios[] = {
    {"start-up", NULL, RunStartUp, 30},
    {"session start and end", Open, RunSession, 12},
    {"OIDs and traffic", OpenAndStart, RunOids, 40},
    {"pause and restart", OpenAndStart, RunPause, 40},
    {"sleep and wake", OpenAndStart, RunPower, 40},
    {"surprise removal", OpenAndStart, RunSurpriseRemoval, 60},
    {"removal and unload", OpenAndStart, RunRemoval, 60},
    {"stop and start", OpenAndStart, RunStopAndStart, 60},
};
const unsigned FaultScenarioCount = ARRAYSIZE(FaultScenarios);

const FAULT_SCENARIO FaultLife = {"a whole life", NULL, RunLife, 150};

void
FaultScenarioEnd(void)
{
    if (AppOpen && App.Request != NULL)
        assert_int_equal(ApplicationEnd(&App), STATUS_CANCELLED);
    Exit();
    if (WorldDevice != NULL && WorldEdge != NULL && !SimEdgeRunning(WorldEdge))
        assert_int_equal(NdisEdgeRestart(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    if (WorldDevice == NULL)
        assert_true(WorldTryUp());
    OpenAndStart();
    Traffic();
    Exit();
    WorldDown();
}
