/* SPDX-License-Identifier: MIT */
/*
 * Every call that can fail does: a scenario is run once to count such calls, then once for each
 * of them with that one failing. Nothing may leak, and the driver works afterwards.
 */
#include <stdio.h>
#include "runner.h"

static APPLICATION App;
static UCHAR Packet[8000], Got[8000];

/* Packets of both buffer classes, both ways, without loss. */
static void
CheckTraffic(void)
{
    static const ULONG Sizes[] = {1400, 6000};
    static const SIM_SHAPE Unmapped = {.PieceBytes = 700, .Unmapped = TRUE};
    for (unsigned At = 0; At < ARRAYSIZE(Sizes); ++At)
    {
        MakePacket(Packet, Sizes[At], 4, 3);
        assert_true(ApplicationSend(&App, Packet, Sizes[At]));
        assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), Sizes[At]);
        assert_int_equal(SimEdgeSendPacket(WorldEdge, Packet, Sizes[At], &Unmapped),
                         NDIS_STATUS_SUCCESS);
        assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), Sizes[At]);
        assert_true(IsPacket(Got, Sizes[At], 4, 3));
    }
}

static void
CheckAdapter(void)
{
    ApplicationOpen(&App, WORLD_CAPACITY);
    assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
    CheckTraffic();
    ApplicationExit(&App);
}

static int
SetupPools(void **State)
{
    (void)State;
    SimRegistryReset();
    SimEdgePoolsCreate();
    return 0;
}

static void
InStartUp(void **State)
{
    (void)State;
    for (unsigned Nth = 1;; ++Nth)
    {
        SimFaultArm(Nth);
        BOOLEAN Up = WorldTryUp();
        unsigned Calls = SimFaultDisarm();
        const char *Hit = SimFaultHit();
        if (!Up)
        {
            assert_non_null(Hit);
            assert_true(WorldTryUp());
        }
        CheckAdapter();
        WorldDown();
        if (Hit == NULL)
        {
            print_message("# start-up: %u calls that can fail, each failed once\n", Calls);
            assert_true(Calls >= 10);
            break;
        }
    }
}

static void
InSessionStart(void **State)
{
    (void)State;
    for (unsigned Nth = 1;; ++Nth)
    {
        ApplicationOpen(&App, WORLD_CAPACITY);
        SimFaultArm(Nth);
        NTSTATUS Status = ApplicationStart(&App);
        unsigned Calls = SimFaultDisarm();
        const char *Hit = SimFaultHit();
        if (Hit != NULL)
        {
            assert_true(Status == STATUS_INSUFFICIENT_RESOURCES || Status == STATUS_INVALID_HANDLE);
            assert_int_equal(SimEdgeLink(WorldEdge).State, MediaConnectStateDisconnected);
            Status = ApplicationStart(&App);
        }
        assert_int_equal(Status, STATUS_PENDING);
        CheckTraffic();
        ApplicationExit(&App);
        if (Hit == NULL)
        {
            print_message("# session start: %u calls that can fail, each failed once\n", Calls);
            assert_int_equal(Calls, 6);
            break;
        }
    }
}

/* Packets both ways, of which the failure may cost some; counted exactly. */
static void
InDataPath(void **State)
{
    static const SIM_SHAPE Unmapped = {.PieceBytes = 700, .Unmapped = TRUE};
    (void)State;
    for (unsigned Nth = 1;; ++Nth)
    {
        unsigned In = 0, Out = 0;
        /* Anew, so that no pool of NDIS has lists left to give without an allocation. */
        WorldDown();
        assert_true(WorldTryUp());
        NDIS_STATISTICS_INFO Before = WorldStatistics();
        ApplicationOpen(&App, WORLD_CAPACITY);
        assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
        SimEdgeHold(WorldEdge, TRUE);
        SimFaultArm(Nth);
        for (unsigned At = 0; At < 6; ++At)
        {
            ULONG Bytes = At % 2 ? 1400 : 6000;
            MakePacket(Packet, Bytes, 6, At);
            assert_true(ApplicationSend(&App, Packet, Bytes));
            if (SimEdgeSendPacket(WorldEdge, Packet, Bytes, &Unmapped) == NDIS_STATUS_RESOURCES)
                ++Out;
            while (SimEdgeTake(WorldEdge, Got, sizeof(Got), In == At ? 200 : 0) != 0)
                ++In;
            /* Whoever waits for a buffer gets one back. */
            SimEdgeReturn(WorldEdge, 1);
        }
        unsigned Calls = SimFaultDisarm();
        const char *Hit = SimFaultHit();
        SimEdgeHold(WorldEdge, FALSE);
        while (SimEdgeReturn(WorldEdge, 100) != 0)
            ;
        while (SimEdgeTake(WorldEdge, Got, sizeof(Got), 100) != 0)
            ++In;
        NDIS_STATISTICS_INFO After = WorldStatistics();
        assert_int_equal(In + After.ifInDiscards - Before.ifInDiscards, 6);
        assert_int_equal(After.ifOutDiscards - Before.ifOutDiscards, Out);
        CULVERT_DRIVER_STATISTICS Statistics = WorldDriverStatistics(App.File);
        assert_int_equal(Statistics.Send.Drops[CulvertDropNoMemory], 6 - In);
        assert_int_equal(Statistics.Receive.Drops[CulvertDropNoMemory], Out);
        assert_true(Hit != NULL || (In == 6 && Out == 0));
        while (ApplicationReceive(&App, Got, sizeof(Got)) != 0)
            ;
        CheckTraffic();
        ApplicationExit(&App);
        if (Hit == NULL)
        {
            print_message("# data path: %u calls that can fail, each failed once\n", Calls);
            assert_true(Calls >= 20);
            break;
        }
    }
}

void
RunFaultTests(void)
{
    static const struct CMUnitTest fault_tests[] = {
        cmocka_unit_test_setup_teardown(InStartUp, SetupPools, WorldTeardown),
        WORLD_TEST(InSessionStart), WORLD_TEST(InDataPath)};
    RUN_TESTS("fault", fault_tests);
}
