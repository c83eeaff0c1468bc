/* SPDX-License-Identifier: MIT */
/* Packets in both directions: sizes, shapes, full rings, wake-ups, what is dropped, statistics. */
#include <unistd.h>
#include "runner.h"

#define PACKET_MAX CULVERT_MAX_PACKET

static UCHAR Packet[PACKET_MAX + 1], Got[PACKET_MAX + 1];
static APPLICATION App;

static void
Begin(uint32_t Capacity)
{
    ApplicationOpen(&App, Capacity);
    assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
}

static ULONG
NextSize(ULONG Size)
{
    if (Size < 300 || (Size >= 2030 && Size < 2070) || (Size >= 4080 && Size < 4100) ||
        Size >= PACKET_MAX - 40)
        return Size + 1;
    ULONG Next = Size + 613;
    if (Size < 2030 && Next > 2030)
        return 2030;
    if (Size < 4080 && Next > 4080)
        return 4080;
    return Next > PACKET_MAX - 40 ? PACKET_MAX - 40 : Next;
}

static void
EverySizeBothWays(void **State)
{
    ULONG64 Packets = 0, Bytes = 0;
    (void)State;
    Begin(WORLD_CAPACITY);
    for (ULONG Size = 1; Size <= PACKET_MAX; Size = NextSize(Size))
    {
        unsigned Version = Size % 2 ? 4 : 6;
        MakePacket(Packet, Size, Version, Size);
        assert_true(ApplicationSendWait(&App, Packet, Size));
        assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), Size);
        assert_true(IsPacket(Got, Size, Version, Size));
        assert_int_equal(SimEdgeSendPacket(WorldEdge, Packet, Size, NULL), NDIS_STATUS_SUCCESS);
        assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), Size);
        assert_true(IsPacket(Got, Size, Version, Size));
        Packets += 1;
        Bytes += Size;
    }
    NDIS_STATISTICS_INFO Info = WorldStatistics();
    assert_true(Info.ifHCInUcastPkts == Packets && Info.ifHCOutUcastPkts == Packets);
    assert_true(Info.ifHCInOctets == Bytes && Info.ifHCOutOctets == Bytes);
    assert_true(Info.ifHCInUcastOctets == Bytes && Info.ifHCOutUcastOctets == Bytes);
    assert_true(Info.ifInErrors == 0 && Info.ifInDiscards == 0);
    assert_true(Info.ifOutErrors == 0 && Info.ifOutDiscards == 0);
    ApplicationExit(&App);
}

static void
EveryShape(void **State)
{
    static const ULONG Sizes[] = {1, 20, 1400, 5000, PACKET_MAX};
    static const ULONG Pieces[] = {0, 1, 7, 64, 1000, 4096};
    (void)State;
    Begin(CULVERT_MIN_CAPACITY * 4);
    for (unsigned Bits = 0; Bits < 32; ++Bits)
    {
        for (unsigned Size = 0; Size < ARRAYSIZE(Sizes); ++Size)
        {
            for (unsigned Piece = 0; Piece < ARRAYSIZE(Pieces); ++Piece)
            {
                ULONG Bytes = Sizes[Size];
                if (Pieces[Piece] != 0 && Bytes / Pieces[Piece] > 200)
                    continue;
                SIM_SHAPE Shape = {.Offset = Bits & 1 ? 37 : 0,
                                   .PieceBytes = Pieces[Piece],
                                   .TrailingBytes = Bits & 2 ? 11 : 0,
                                   .EmptyBetween = (Bits & 4) != 0,
                                   .Unmapped = (Bits & 8) != 0,
                                   .LeadingMdl = (Bits & 16) != 0};
                MakePacket(Packet, Bytes, 6, Bits + Size);
                assert_int_equal(SimEdgeSendPacket(WorldEdge, Packet, Bytes, &Shape),
                                 NDIS_STATUS_SUCCESS);
                assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), Bytes);
                assert_true(IsPacket(Got, Bytes, 6, Bits + Size));
            }
        }
    }
    ApplicationExit(&App);
}

/* More packets than a burst has, in lists of different lengths; also at DISPATCH_LEVEL. */
static void
ManyPacketsInManyLists(void **State)
{
    static const unsigned Lengths[] = {1, 31, 32, 33, 64, 65, 200, 3};
    (void)State;
    Begin(CULVERT_MIN_CAPACITY * 4);
    for (KIRQL Irql = PASSIVE_LEVEL; Irql <= DISPATCH_LEVEL; Irql += DISPATCH_LEVEL)
    {
        PNET_BUFFER_LIST Chain = NULL, *End = &Chain;
        unsigned Seed = 0;
        KIRQL Old;
        for (unsigned At = 0; At < ARRAYSIZE(Lengths); ++At)
        {
            *End = SimListCreate();
            for (unsigned Number = 0; Number < Lengths[At]; ++Number, ++Seed)
            {
                MakePacket(Packet, 100 + Seed, 4, Seed);
                SimListAdd(*End, Packet, 100 + Seed, NULL);
            }
            End = &(*End)->Next;
        }
        KeRaiseIrql(Irql, &Old);
        assert_true(SimEdgeSend(WorldEdge, Chain));
        KeLowerIrql(Old);
        for (unsigned At = 0; At < Seed; ++At)
        {
            assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), 100 + At);
            assert_true(IsPacket(Got, 100 + At, 4, At));
        }
        while (Chain != NULL)
        {
            PNET_BUFFER_LIST Next = Chain->Next;
            assert_int_equal(Chain->Status, NDIS_STATUS_SUCCESS);
            SimListFree(Chain);
            Chain = Next;
        }
    }
    assert_int_equal(SimEdgeCompleted(WorldEdge), 2 * ARRAYSIZE(Lengths));
    ApplicationExit(&App);
}

/* What is no packet is refused and counted, and disturbs nothing beside it. */
static void
BadPacketsAreErrors(void **State)
{
    (void)State;
    Begin(WORLD_CAPACITY);
    MakePacket(Packet, 100, 4, 1);
    for (unsigned Kind = 0; Kind < 4; ++Kind)
    {
        PNET_BUFFER_LIST List = SimListCreate();
        PNET_BUFFER Buffer = SimListAdd(List, Packet, 100, NULL);
        if (Kind == 0)
            NET_BUFFER_DATA_LENGTH(Buffer) = 0;
        else if (Kind == 1)
            NET_BUFFER_DATA_LENGTH(Buffer) = 101; /* than the MDLs have */
        else if (Kind == 2)
            NET_BUFFER_DATA_LENGTH(Buffer) = MAXULONG;
        else
            NET_BUFFER_CURRENT_MDL_OFFSET(Buffer) = 101;
        SimListAdd(List, Packet, 100, NULL);
        assert_true(SimEdgeSend(WorldEdge, List));
        assert_int_equal(List->Status, NDIS_STATUS_INVALID_LENGTH);
        SimListFree(List);
        assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), 100);
    }
    SIM_SHAPE Shape = {.Offset = 0};
    PNET_BUFFER_LIST Huge = SimListCreate();
    SimListAdd(Huge, NULL, PACKET_MAX + 1, &Shape);
    assert_true(SimEdgeSend(WorldEdge, Huge));
    assert_int_equal(Huge->Status, NDIS_STATUS_INVALID_LENGTH);
    SimListFree(Huge);
    assert_int_equal(WorldStatistics().ifOutErrors, 5);
    assert_int_equal(WorldStatistics().ifOutDiscards, 0);
    assert_int_equal(WorldStatistics().ifHCOutUcastPkts, 4);
    ApplicationExit(&App);
}

static void
UnknownVersionsAreErrors(void **State)
{
    (void)State;
    Begin(WORLD_CAPACITY);
    for (unsigned Version = 0; Version < 16; ++Version)
    {
        MakePacket(Packet, 60, Version, Version);
        assert_true(ApplicationSendWait(&App, Packet, 60));
    }
    assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), 60);
    assert_int_equal(Got[0] >> 4, 4);
    assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), 60);
    assert_int_equal(Got[0] >> 4, 6);
    assert_true(SimQuiesce()); /* the driver has seen what is behind the last good one */
    assert_int_equal(ApplicationEnd(&App), STATUS_CANCELLED);
    assert_int_equal(WorldStatistics().ifInErrors, 14);
    assert_int_equal(WorldStatistics().ifHCInUcastPkts, 2);
    ApplicationExit(&App);
}

/* A full ring drops, exactly as many as it says; what it holds comes out whole. */
static void
FullRingDropsAndCounts(void **State)
{
    (void)State;
    Begin(WORLD_CAPACITY);
    const ULONG Size = 1000, Slot = CULVERT_SLOT_BYTES(Size);
    const unsigned Fits = WORLD_CAPACITY / Slot, Sent = Fits + 500;
    for (unsigned Round = 0; Round < 3; ++Round)
    {
        for (unsigned At = 0; At < Sent; ++At)
        {
            MakePacket(Packet, Size, 4, At);
            assert_int_equal(SimEdgeSendPacket(WorldEdge, Packet, Size, NULL), NDIS_STATUS_SUCCESS);
        }
        for (unsigned At = 0; At < Fits; ++At)
        {
            assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), Size);
            assert_true(IsPacket(Got, Size, 4, At));
        }
        assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), 0);
        assert_int_equal(WorldStatistics().ifOutDiscards, (Round + 1) * (Sent - Fits));
        assert_int_equal(WorldStatistics().ifHCOutUcastPkts, (Round + 1) * Fits);
    }
    ApplicationExit(&App);
}

/* Of a burst that does not fit whole, the first packets are carried, and only these count as it. */
static void
PartOfABurstFits(void **State)
{
    (void)State;
    Begin(WORLD_CAPACITY);
    const ULONG Size = 1000;
    const unsigned Fits = WORLD_CAPACITY / CULVERT_SLOT_BYTES(Size), First = 5, More = 10;
    PNET_BUFFER_LIST List = SimListCreate();
    for (unsigned At = 0; At < Fits + More; ++At)
    {
        MakePacket(Packet, Size, 4, At);
        if (At < First)
            assert_int_equal(SimEdgeSendPacket(WorldEdge, Packet, Size, NULL), NDIS_STATUS_SUCCESS);
        else
            SimListAdd(List, Packet, Size, NULL);
    }
    assert_true(SimEdgeSend(WorldEdge, List));
    assert_int_equal(List->Status, NDIS_STATUS_SUCCESS);
    SimListFree(List);
    for (unsigned At = 0; At < Fits; ++At)
    {
        assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), Size);
        assert_true(IsPacket(Got, Size, 4, At));
    }
    assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), 0);
    NDIS_STATISTICS_INFO Info = WorldStatistics();
    assert_int_equal(Info.ifHCOutUcastPkts, Fits);
    assert_int_equal(Info.ifHCOutOctets, Fits * Size);
    assert_int_equal(Info.ifOutDiscards, More);
    ApplicationExit(&App);
}

/* Only who waits is woken, and once. */
static void
WakesTheReceiver(void **State)
{
    (void)State;
    Begin(WORLD_CAPACITY);
    MakePacket(Packet, 50, 4, 1);
    SimEdgeSendPacket(WorldEdge, Packet, 50, NULL);
    assert_false(SimEventWait(App.ReceiveEvent, 0));
    assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), 50);
    assert_int_equal(RingWaitForPacket(&App.In), 0);
    SimEdgeSendPacket(WorldEdge, Packet, 50, NULL);
    assert_true(SimEventWait(App.ReceiveEvent, 0));
    assert_int_equal(App.Memory->Receive.ConsumerWaiting, 0);
    SimEdgeSendPacket(WorldEdge, Packet, 50, NULL);
    assert_false(SimEventWait(App.ReceiveEvent, 0));
    ApplicationExit(&App);
}

static BOOLEAN
DriverWaits(void *Unused)
{
    (void)Unused;
    return AtomicReadAcquire(&App.Memory->Send.ConsumerWaiting) != 0;
}

static void
DriverSleepsAndIsWoken(void **State)
{
    (void)State;
    Begin(WORLD_CAPACITY);
    for (unsigned Round = 0; Round < 20; ++Round)
    {
        assert_true(WaitUntil(DriverWaits, NULL));
        MakePacket(Packet, 50, 6, Round);
        assert_true(ApplicationSend(&App, Packet, 50));
        assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), 50);
        assert_true(IsPacket(Got, 50, 6, Round));
    }
    /* A signal without a packet does no harm. */
    KeSetEvent(App.SendEvent, 0, FALSE);
    assert_true(ApplicationSend(&App, Packet, 50));
    assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), 50);
    ApplicationExit(&App);
}

/* An event that does not reset itself wakes the driver as well, and does not keep it awake. */
static void
ManualResetEvent(void **State)
{
    (void)State;
    ApplicationOpen(&App, WORLD_CAPACITY);
    App.SendHandle = SimEventCreate(App.Process, EVENT_ALL_ACCESS, NotificationEvent);
    App.SendEvent = SimEventOf(App.Process, App.SendHandle);
    App.Start.SendEvent = (ULONG_PTR)App.SendHandle;
    assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
    for (unsigned Round = 0; Round < 5; ++Round)
    {
        assert_true(WaitUntil(DriverWaits, NULL));
        MakePacket(Packet, 50, 6, Round);
        assert_true(ApplicationSend(&App, Packet, 50));
        assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), 50);
        assert_true(SimQuiesce());
    }
    ApplicationExit(&App);
}

/* NDIS keeps what it may: then it must copy, and the packets go on. */
static void
Starve(ULONG Size, unsigned Buffers)
{
    ULONG64 Earlier = WorldStatistics().ifHCInUcastPkts;
    unsigned Sent = 2 * Buffers;
    Begin(CULVERT_MIN_CAPACITY * 8);
    SimEdgeHold(WorldEdge, TRUE);
    for (unsigned At = 0; At < Sent; ++At)
    {
        MakePacket(Packet, Size, 4, At);
        assert_true(ApplicationSendWait(&App, Packet, Size));
        assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), Size);
        assert_true(IsPacket(Got, Size, 4, At));
    }
    assert_in_range(SimEdgeHeld(WorldEdge), Buffers / 4 * 3, Buffers);
    /* What comes back may be kept again. */
    unsigned Held = SimEdgeHeld(WorldEdge);
    assert_int_equal(SimEdgeReturn(WorldEdge, Buffers / 4), Buffers / 4);
    assert_true(ApplicationSendWait(&App, Packet, Size));
    assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), Size);
    assert_true(SimQuiesce());
    assert_int_equal(SimEdgeHeld(WorldEdge), Held - Buffers / 4 + 1);
    SimEdgeHold(WorldEdge, FALSE);
    while (SimEdgeReturn(WorldEdge, 100) != 0)
        ;
    assert_int_equal(ApplicationEnd(&App), STATUS_CANCELLED);
    assert_int_equal(WorldStatistics().ifHCInUcastPkts - Earlier, Sent + 1);
    assert_int_equal(WorldStatistics().ifInDiscards, 0);
    /* What is left is the lists that NDIS keeps in their pool. */
    assert_true(SimPoolBlocks('BvlC') < 300);
    ApplicationExit(&App);
}

static void
StarvedOfSmallBuffers(void **State)
{
    (void)State;
    Starve(100, 4096);
}

static void
StarvedOfLargeBuffers(void **State)
{
    (void)State;
    Starve(3000, 256);
    /* What the first session had was freed with it: the next one has as many. */
    Starve(3000, 256);
}

static BOOLEAN
CameIn(void *Packets)
{
    return WorldStatistics().ifHCInUcastPkts >= *(ULONG64 *)Packets;
}

/* There is one buffer, no memory for more, and NDIS would keep it: it goes round all the same. */
static void
OneBufferForMany(void **State)
{
    static const SIM_FAULT_PLAN All = {.PerMille = 1000, .Seed = 1};
    ULONG64 Packets = 1 + 5;
    (void)State;
    SimFaultExemptBegin();
    Begin(WORLD_CAPACITY);
    MakePacket(Packet, 60, 4, 1);
    assert_true(ApplicationSend(&App, Packet, 60));
    assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), 60);
    assert_int_equal(NdisEdgePause(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    SimEdgeHold(WorldEdge, TRUE);
    SimFaultArmPlan(&All);
    for (unsigned At = 0; At < 5; ++At)
        assert_true(ApplicationSend(&App, Packet, 60));
    assert_int_equal(NdisEdgeRestart(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    assert_true(WaitUntil(CameIn, &Packets));
    SimFaultDisarm();
    SimEdgeHold(WorldEdge, FALSE);
    while (SimEdgeReturn(WorldEdge, 1) != 0)
        ;
    assert_true(WaitUntil(CameIn, &Packets));
    assert_int_equal(WorldStatistics().ifInDiscards, 0);
    ApplicationExit(&App);
    SimFaultExemptEnd();
}

static void
NoSessionNoPackets(void **State)
{
    (void)State;
    MakePacket(Packet, 50, 4, 1);
    assert_int_equal(SimEdgeSendPacket(WorldEdge, Packet, 50, NULL), NDIS_STATUS_FAILURE);
    assert_int_equal(WorldStatistics().ifOutDiscards, 1);
    Begin(WORLD_CAPACITY);
    assert_int_equal(SimEdgeSendPacket(WorldEdge, Packet, 50, NULL), NDIS_STATUS_SUCCESS);
    assert_int_equal(ApplicationEnd(&App), STATUS_CANCELLED);
    assert_int_equal(SimEdgeSendPacket(WorldEdge, Packet, 50, NULL), NDIS_STATUS_FAILURE);
    assert_int_equal(WorldStatistics().ifOutDiscards, 2);
    ApplicationExit(&App);
}

/* ---- Windows 7 ----------------------------------------------------------------------------------
 * It has neither NonPagedPoolNx nor MdlMappingNoExecute, so every way of a packet is gone again. */

static int
SetupWindows7(void **State)
{
    SimSetVersion(6, 1);
    return WorldSetup(State);
}

static int
TeardownWindows7(void **State)
{
    int Result = WorldTeardown(State);
    SimSetVersion(10, 0);
    return Result;
}

#define WINDOWS7_TEST(Name) cmocka_unit_test_setup_teardown(Name, SetupWindows7, TeardownWindows7)

void
RunDataTests(void)
{
    static const struct CMUnitTest data_tests[] = {
        WORLD_TEST(EverySizeBothWays),        WORLD_TEST(EveryShape),
        WORLD_TEST(ManyPacketsInManyLists),   WORLD_TEST(BadPacketsAreErrors),
        WORLD_TEST(UnknownVersionsAreErrors), WORLD_TEST(FullRingDropsAndCounts),
        WORLD_TEST(PartOfABurstFits),         WORLD_TEST(WakesTheReceiver),
        WORLD_TEST(DriverSleepsAndIsWoken),   WORLD_TEST(StarvedOfSmallBuffers),
        WORLD_TEST(StarvedOfLargeBuffers),    WORLD_TEST(NoSessionNoPackets),
        WORLD_TEST(ManualResetEvent),         WORLD_TEST(OneBufferForMany),
    };
    static const struct CMUnitTest windows7_tests[] = {
        WINDOWS7_TEST(EverySizeBothWays),        WINDOWS7_TEST(EveryShape),
        WINDOWS7_TEST(ManyPacketsInManyLists),   WINDOWS7_TEST(BadPacketsAreErrors),
        WINDOWS7_TEST(UnknownVersionsAreErrors), WINDOWS7_TEST(FullRingDropsAndCounts),
        WINDOWS7_TEST(WakesTheReceiver),         WINDOWS7_TEST(DriverSleepsAndIsWoken),
        WINDOWS7_TEST(StarvedOfSmallBuffers),    WINDOWS7_TEST(StarvedOfLargeBuffers),
        WINDOWS7_TEST(NoSessionNoPackets),
    };
    RUN_TESTS("data", data_tests);
    RUN_TESTS("windows7", windows7_tests);
}
