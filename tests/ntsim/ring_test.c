/* SPDX-License-Identifier: MIT */
/*
 * Applications that break a rule of the rings: the session ends with STATUS_DATA_ERROR and the
 * state says so, nothing else happens, and the next session works.
 */
#include "runner.h"

static APPLICATION App;
static UCHAR Packet[2000], Got[2000];

static void
SendTail(uint32_t Tail)
{
    AtomicWriteRelease(&App.Memory->Send.Tail, Tail);
    KeSetEvent(App.SendEvent, 0, FALSE);
}

/* A slot with this size at the beginning of the ring, which ends at Tail. */
static void
SendSlot(uint32_t Size, uint32_t Tail)
{
    RingSlotInit(RingSlot(&App.Out, 0), Size);
    SendTail(Tail);
}

static void
TailUnaligned(void)
{
    SendTail(8);
}

static void
TailBeyondCapacity(void)
{
    SendTail(WORLD_CAPACITY + 16);
}

static void
TailFarBeyond(void)
{
    SendTail(0x80000000u);
}

static void
TailBackwards(void)
{
    SendTail((uint32_t)-16);
}

/* Behind what the driver has released, once it has moved on. */
static void
TailIntoThePast(void)
{
    MakePacket(Packet, 100, 4, 1);
    assert_true(ApplicationSend(&App, Packet, 100));
    assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), 100);
    SendTail(0);
}

static void
SizeZero(void)
{
    SendSlot(0, 32);
}

static void
SizeTooLarge(void)
{
    SendSlot(CULVERT_MAX_PACKET + 1, WORLD_CAPACITY);
}

static void
SizeHuge(void)
{
    SendSlot(UINT32_MAX, WORLD_CAPACITY);
}

static void
SizeBeyondTail(void)
{
    SendSlot(17, 32);
}

static void
SecondSlotIsBad(void)
{
    MakePacket(Packet, 16, 4, 1);
    memcpy(RingSlotInit(RingSlot(&App.Out, 0), 16), Packet, 16);
    RingSlotInit(RingSlot(&App.Out, 32), 0);
    SendTail(64);
    assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), 16);
}

/* The driver looks at the head when its ring seems full. */
static void
FillWithHead(uint32_t Head)
{
    MakePacket(Packet, 1000, 4, 1);
    AtomicWriteRelease(&App.Memory->Receive.Head, Head);
    for (unsigned At = 0; At < WORLD_CAPACITY / CULVERT_SLOT_BYTES(1000) + 1; ++At)
        SimEdgeSendPacket(WorldEdge, Packet, 1000, NULL);
}

static void
HeadBeyondTail(void)
{
    FillWithHead(WORLD_CAPACITY + 1024);
}

static void
HeadFarBeyond(void)
{
    FillWithHead(0x80000000u);
}

static void
HeadGoesBack(void)
{
    FillWithHead(CULVERT_SLOT_BYTES(1000) * 3);
    FillWithHead(CULVERT_SLOT_BYTES(1000) * 2);
}

static void
BrokenRulesEndTheSession(void **State)
{
    static void (*const Breaks[])(void) = {
        TailUnaligned,  TailBeyondCapacity, TailFarBeyond, TailBackwards,  TailIntoThePast,
        SizeZero,       SizeTooLarge,       SizeHuge,      SizeBeyondTail, SecondSlotIsBad,
        HeadBeyondTail, HeadFarBeyond,      HeadGoesBack,
    };
    (void)State;
    ApplicationOpen(&App, WORLD_CAPACITY);
    for (unsigned At = 0; At < ARRAYSIZE(Breaks); ++At)
    {
        assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
        Breaks[At]();
        if (ApplicationWaitEnd(&App) != STATUS_DATA_ERROR)
            fail_msg("rule %u", At);
        assert_int_equal(ApplicationState(&App), CULVERT_STATE_BROKEN);
        assert_true(SimEventWait(App.ReceiveEvent, 0));
        assert_true(SimEventWait(App.SendSpaceEvent, 0));
        assert_int_equal(SimEdgeLink(WorldEdge).State, MediaConnectStateDisconnected);
        while (SimEdgeTake(WorldEdge, Got, sizeof(Got), 0) != 0)
            ;
    }
    assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
    MakePacket(Packet, 100, 4, 1);
    assert_true(ApplicationSend(&App, Packet, 100));
    assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), 100);
    ApplicationExit(&App);
}

/* Garbage in every word of the header that is the application's, many times: the session ends or
 * goes on; nothing else. */
static void
GarbageInTheHeader(void **State)
{
    uint32_t Random = 1;
    (void)State;
    ApplicationOpen(&App, WORLD_CAPACITY);
    MakePacket(Packet, 1000, 4, 1);
    for (unsigned Round = 0; Round < 100; ++Round)
    {
        assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
        for (unsigned At = 0; At < 40; ++At)
        {
            volatile uint32_t *Words[] = {
                &App.Memory->State,
                &App.Memory->Receive.Tail,
                &App.Memory->Receive.Head,
                &App.Memory->Receive.ConsumerWaiting,
                &App.Memory->Send.Tail,
                &App.Memory->Send.Head,
                &App.Memory->Send.ConsumerWaiting,
                &App.Memory->Receive.ProducerWaiting,
                &App.Memory->Send.ProducerWaiting,
                (volatile uint32_t *)(void *)CulvertSendData(App.Memory, WORLD_CAPACITY)};
            Random = Random * 1664525 + 1013904223;
            uint32_t Value = Random >> (Random >> 27);
            AtomicWriteRelaxed(Words[(Random >> 8) % ARRAYSIZE(Words)], Value & ~15u);
            KeSetEvent(App.SendEvent, 0, FALSE);
            SimEdgeSendPacket(WorldEdge, Packet, 1000, NULL);
        }
        SimRequestCancel(App.Request);
        NTSTATUS Status = ApplicationWaitEnd(&App);
        assert_true(Status == STATUS_CANCELLED || Status == STATUS_DATA_ERROR);
        while (SimEdgeTake(WorldEdge, Got, sizeof(Got), 0) != 0)
            ;
    }
    ApplicationExit(&App);
}

void
RunRingTests(void)
{
    static const struct CMUnitTest ring_tests[] = {WORLD_TEST(BrokenRulesEndTheSession),
                                                   WORLD_TEST(GarbageInTheHeader)};
    RUN_TESTS("ring", ring_tests);
}
