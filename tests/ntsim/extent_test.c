/* SPDX-License-Identifier: MIT */
/*
 * The ends of what numbers can be: capacities from the least to the greatest, positions that wrap
 * past 2^32 as after 4 GiB of packets, session memory at the ends of a 32-bit address space.
 */
#include "runner.h"

#include "../../driver/driver.h"

#define PACKET_MAX CULVERT_MAX_PACKET

static APPLICATION App;
static UCHAR Packet[PACKET_MAX], Got[PACKET_MAX];

static void
Begin(uint32_t Capacity)
{
    ApplicationOpen(&App, Capacity);
    assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
}

static void
PassPacket(ULONG Bytes, unsigned Seed)
{
    MakePacket(Packet, Bytes, 6, Seed);
    assert_true(ApplicationSendWait(&App, Packet, Bytes));
    assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), Bytes);
    assert_memory_equal(Got, Packet, Bytes);
    assert_int_equal(SimEdgeSendPacket(WorldEdge, Packet, Bytes, NULL), NDIS_STATUS_SUCCESS);
    assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), Bytes);
    assert_memory_equal(Got, Packet, Bytes);
}

/* Through both rings once and around, with packets that do not divide them. */
static void
EveryCapacity(void **State)
{
    (void)State;
    for (uint32_t Capacity = CULVERT_MIN_CAPACITY; Capacity <= CULVERT_MAX_CAPACITY; Capacity *= 2)
    {
        Begin(Capacity);
        const ULONG Bytes = Capacity / CULVERT_SLOT_BYTES(PACKET_MAX) < 64 ? 20011 : PACKET_MAX;
        for (unsigned At = 0; At < Capacity / Bytes + 3; ++At)
            PassPacket(Bytes - At % 5, At);
        /* The last packet that fits, and the one that does not. */
        const ULONG Slot = CULVERT_SLOT_BYTES(PACKET_MAX);
        MakePacket(Packet, PACKET_MAX, 4, 1);
        for (unsigned At = 0; At < Capacity / Slot + 2; ++At)
            SimEdgeSendPacket(WorldEdge, Packet, PACKET_MAX, NULL);
        CULVERT_DRIVER_STATISTICS Statistics = WorldDriverStatistics(App.File);
        assert_int_equal(Statistics.Receive.Drops[CulvertDropNoRoom] % 2, 0);
        for (unsigned At = 0; At < Capacity / Slot; ++At)
            assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), PACKET_MAX);
        assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), 0);
        assert_int_equal(Statistics.Capacity, Capacity);
        ApplicationExit(&App);
    }
    assert_int_equal(WorldStatistics().ifOutDiscards, 2 * 10);
}

/* Both rings are empty and at Position, as if that many bytes had gone through them (and a multiple
 * of 2^32 more). Both sides wait. */
static void
MoveTo(uint32_t Position)
{
    SESSION *Session = SimPoolFind(POOL_TAG_SESSION);
    assert_non_null(Session);
    assert_true(SimQuiesce());
    Session->Receive.Tail = Session->Receive.HeadSeen = Position;
    Session->Send.Head = Session->Send.Released = Session->Send.TailSeen = Position;
    App.Memory->Receive.Tail = App.Memory->Receive.Head = Position;
    App.Memory->Send.Tail = App.Memory->Send.Head = Position;
    App.In.Head = App.In.Released = App.In.TailSeen = Position;
    App.Out.Tail = App.Out.HeadSeen = Position;
}

/* How far before the wrap it begins: one slot, at the ring's end, in its middle and so on. */
static const uint32_t Before[] = {
    0, 16, 32, 48, 4096, CULVERT_SLOT_BYTES(PACKET_MAX), CULVERT_MIN_CAPACITY / 2, 3000016};

static void
PositionsWrap(void **State)
{
    (void)State;
    for (unsigned Start = 0; Start < ARRAYSIZE(Before); ++Start)
    {
        Begin(CULVERT_MIN_CAPACITY);
        MoveTo(0u - Before[Start]);
        uint32_t Passed = 0;
        for (unsigned At = 0; Passed < Before[Start] + 2 * CULVERT_MIN_CAPACITY; ++At)
        {
            ULONG Bytes = 1 + At * 7919 % (At % 7 == 0 ? PACKET_MAX : 1500);
            PassPacket(Bytes, At);
            Passed += CULVERT_SLOT_BYTES(Bytes);
        }
        assert_int_equal(App.In.Head, Passed - Before[Start]);
        assert_int_equal(App.Out.Tail, Passed - Before[Start]);
        ApplicationExit(&App);
    }
}

/* A ring that is full across the wrap drops exactly what does not fit. */
static void
FullRingAcrossTheWrap(void **State)
{
    const ULONG Size = 1000, Fits = CULVERT_MIN_CAPACITY / CULVERT_SLOT_BYTES(Size);
    ULONG64 Discards = 0;
    (void)State;
    for (unsigned Start = 0; Start < ARRAYSIZE(Before); ++Start)
    {
        Begin(CULVERT_MIN_CAPACITY);
        MoveTo(0u - Before[Start]);
        for (unsigned At = 0; At < Fits + 5; ++At)
        {
            MakePacket(Packet, Size, 4, At);
            SimEdgeSendPacket(WorldEdge, Packet, Size, NULL);
        }
        Discards += 5;
        assert_true(WorldStatistics().ifOutDiscards == Discards);
        for (unsigned At = 0; At < Fits; ++At)
        {
            assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), Size);
            assert_true(IsPacket(Got, Size, 4, At));
        }
        assert_int_equal(ApplicationState(&App), CULVERT_STATE_RUNNING);
        ApplicationExit(&App);
    }
}

/* What is against the rules is so across the wrap, too. */
static void
BrokenAcrossTheWrap(void **State)
{
    static const uint32_t Ahead[] = {CULVERT_MIN_CAPACITY + 16, 0x80000000u, (uint32_t)-16, 8};
    (void)State;
    for (unsigned At = 0; At < ARRAYSIZE(Ahead); ++At)
    {
        Begin(CULVERT_MIN_CAPACITY);
        MoveTo(0u - 32);
        /* Slots that are right wherever one begins: only the position is wrong. */
        for (uint32_t Slot = 0; Slot < CULVERT_MIN_CAPACITY; Slot += 32)
        {
            uint8_t *Data = RingSlotInit(RingSlot(&App.Out, Slot), 16);
            MakePacket(Data, 16, 4, At);
        }
        AtomicWriteRelease(&App.Memory->Send.Tail, 0u - 32 + Ahead[At]);
        KeSetEvent(App.SendEvent, 0, FALSE);
        assert_int_equal(ApplicationWaitEnd(&App), STATUS_DATA_ERROR);
        ApplicationExit(&App);
        /* The driver's ring: a head before what was released, or behind what was reserved. */
        Begin(CULVERT_MIN_CAPACITY);
        MoveTo(0u - 32);
        MakePacket(Packet, 1000, 4, 1);
        AtomicWriteRelease(&App.Memory->Receive.Head,
                           0u - 32 + (At % 2 ? 0x20010u : (uint32_t)-16));
        for (unsigned Sent = 0; Sent < CULVERT_MIN_CAPACITY / 1000; ++Sent)
            SimEdgeSendPacket(WorldEdge, Packet, 1000, NULL);
        assert_int_equal(ApplicationWaitEnd(&App), STATUS_DATA_ERROR);
        ApplicationExit(&App);
    }
}

/* The first and the last addresses that Windows gives to a 32-bit process (article "Virtual Address
 * Space": 64 KiB at each end are kept free). */
static void
MemoryAtTheEndsOf32Bits(void **State)
{
    (void)State;
    for (unsigned Last = 0; Last < 2; ++Last)
    {
        ApplicationOpen(&App, CULVERT_MIN_CAPACITY);
        ULONG_PTR End = 0x7FFF0000u - ROUND_TO_PAGES(App.Bytes);
        ApplicationMoveMemory(&App, (void *)(Last ? End : (ULONG_PTR)0x10000));
        assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
        for (unsigned At = 0; At < 20; ++At)
            PassPacket(PACKET_MAX - At, At);
        ApplicationExit(&App);
    }
}

void
RunExtentTests(void)
{
    static const struct CMUnitTest extent_tests[] = {
        WORLD_TEST(EveryCapacity),           WORLD_TEST(PositionsWrap),
        WORLD_TEST(FullRingAcrossTheWrap),   WORLD_TEST(BrokenAcrossTheWrap),
        WORLD_TEST(MemoryAtTheEndsOf32Bits),
    };
    RUN_TESTS("extent", extent_tests);
}
