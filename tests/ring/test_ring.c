/* SPDX-License-Identifier: MIT */
/*
 * The ring (contract/ring.h): capacities, layout, wrap-around, full and empty, both wake-up
 * hand-shakes, every rule that a broken or hostile other side could break, and two threads that
 * pass checked packets for a while. Runs natively and, as a Windows program, under Wine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "threads.h"
#include "../../contract/ring.h"
#include "../../contract/session.h"

#define CAPACITY CULVERT_MIN_CAPACITY

typedef struct FIXTURE
{
    CULVERT_SESSION_HEADER *Memory;
    CULVERT_PRODUCER Producer;
    CULVERT_CONSUMER Consumer;
} FIXTURE;

static int
Setup(void **State)
{
    FIXTURE *Fixture = calloc(1, sizeof(*Fixture));
    Fixture->Memory = calloc(1, CulvertSessionBytes(CAPACITY));
    RingProducerInit(&Fixture->Producer, &Fixture->Memory->Receive,
                     CulvertReceiveData(Fixture->Memory), CAPACITY);
    RingConsumerInit(&Fixture->Consumer, &Fixture->Memory->Receive,
                     CulvertReceiveData(Fixture->Memory), CAPACITY);
    *State = Fixture;
    return 0;
}

static int
Teardown(void **State)
{
    FIXTURE *Fixture = *State;
    free(Fixture->Memory);
    free(Fixture);
    return 0;
}

/* Starts both sides at Position, as if that many bytes had passed. */
static void
StartAt(FIXTURE *Fixture, uint32_t Position)
{
    Fixture->Memory->Receive.Head = Fixture->Memory->Receive.Tail = Position;
    Fixture->Producer.Tail = Fixture->Producer.HeadSeen = Position;
    Fixture->Consumer.Head = Fixture->Consumer.Released = Fixture->Consumer.TailSeen = Position;
}

static uint8_t
PatternByte(uint32_t Seed, uint32_t Index)
{
    return (uint8_t)(Seed * 31 + Index * 7 + (Index >> 8));
}

/* Puts one packet; returns what RingReserve said. */
static CULVERT_RING_RESULT
Put(FIXTURE *Fixture, uint32_t Seed, uint32_t Size, int *Signal)
{
    uint32_t Position;
    CULVERT_RING_RESULT Result =
        RingReserve(&Fixture->Producer, CULVERT_SLOT_BYTES(Size), &Position);
    if (Result != CULVERT_RING_OK)
        return Result;
    uint8_t *Packet = RingSlotInit(RingSlot(&Fixture->Producer, Position), Size);
    for (uint32_t Index = 0; Index < Size; ++Index)
        Packet[Index] = PatternByte(Seed, Index);
    int Wake = RingPublish(&Fixture->Producer, Position + CULVERT_SLOT_BYTES(Size));
    if (Signal != NULL)
        *Signal = Wake;
    return Result;
}

/* Takes one packet, which must be the one that Put made of Seed and Size. */
static void
Take(FIXTURE *Fixture, uint32_t Seed, uint32_t Size)
{
    const CULVERT_SLOT *Slot;
    uint32_t Found;
    assert_int_equal(RingPeek(&Fixture->Consumer, &Slot, &Found), CULVERT_RING_OK);
    assert_int_equal(Found, Size);
    const uint8_t *Packet = (const uint8_t *)(Slot + 1);
    for (uint32_t Index = 0; Index < Size; ++Index)
        if (Packet[Index] != PatternByte(Seed, Index))
            fail_msg("packet %u of %u bytes: byte %u differs", Seed, Size, Index);
    assert_int_equal((uintptr_t)Packet % CULVERT_SLOT_ALIGNMENT, 0);
    RingAdvance(&Fixture->Consumer, Found);
    RingRelease(&Fixture->Consumer, Fixture->Consumer.Head);
}

static void
AssertEmpty(FIXTURE *Fixture)
{
    const CULVERT_SLOT *Slot;
    uint32_t Size;
    assert_int_equal(RingPeek(&Fixture->Consumer, &Slot, &Size), CULVERT_RING_EMPTY);
}

static void
CapacitiesAreChecked(void **State)
{
    (void)State;
    assert_true(CulvertCapacityIsValid(CULVERT_MIN_CAPACITY));
    assert_true(CulvertCapacityIsValid(CULVERT_MAX_CAPACITY));
    assert_true(CulvertCapacityIsValid(0x400000));
    assert_false(CulvertCapacityIsValid(0));
    assert_false(CulvertCapacityIsValid(CULVERT_MIN_CAPACITY / 2));
    assert_false(CulvertCapacityIsValid(CULVERT_MIN_CAPACITY + 16));
    assert_false(CulvertCapacityIsValid(CULVERT_MAX_CAPACITY * 2));
    assert_false(CulvertCapacityIsValid(0x80000000u));
}

static void
EveryCapacityHasDisjointAreas(void **State)
{
    FIXTURE *Fixture = *State;
    /* Only addresses are computed; the larger ones are of no memory that exists. */
    uintptr_t Base = (uintptr_t)Fixture->Memory;
    for (uint32_t Capacity = CULVERT_MIN_CAPACITY; Capacity <= CULVERT_MAX_CAPACITY; Capacity *= 2)
    {
        size_t Receive = (uintptr_t)CulvertReceiveData(Fixture->Memory) - Base;
        size_t Send = (uintptr_t)CulvertSendData(Fixture->Memory, Capacity) - Base;
        assert_int_equal(Receive, CULVERT_SESSION_HEADER_BYTES);
        assert_int_equal(Send, Receive + Capacity + CULVERT_RING_TAIL);
        assert_int_equal(CulvertSessionBytes(Capacity), Send + Capacity + CULVERT_RING_TAIL);
        assert_int_equal(Send % CULVERT_SLOT_ALIGNMENT, 0);
    }
}

static void
EverySizePasses(void **State)
{
    FIXTURE *Fixture = *State;
    for (uint32_t Size = 1; Size <= CULVERT_MAX_PACKET; Size += Size < 300 ? 1 : 251)
    {
        assert_int_equal(Put(Fixture, Size, Size, NULL), CULVERT_RING_OK);
        Take(Fixture, Size, Size);
    }
    assert_int_equal(Put(Fixture, 1, CULVERT_MAX_PACKET, NULL), CULVERT_RING_OK);
    Take(Fixture, 1, CULVERT_MAX_PACKET);
    AssertEmpty(Fixture);
}

static void
LargestPacketAtTheLastSlotStaysInside(void **State)
{
    FIXTURE *Fixture = *State;
    StartAt(Fixture, CAPACITY - CULVERT_SLOT_ALIGNMENT);
    /* The other ring begins right behind the tail. */
    uint8_t *Behind = CulvertSendData(Fixture->Memory, CAPACITY);
    assert_int_equal(Put(Fixture, 9, CULVERT_MAX_PACKET, NULL), CULVERT_RING_OK);
    for (uint32_t Index = 0; Index < 64; ++Index)
        assert_int_equal(Behind[Index], 0);
    Take(Fixture, 9, CULVERT_MAX_PACKET);
}

static void
PositionsWrapAt32Bits(void **State)
{
    FIXTURE *Fixture = *State;
    StartAt(Fixture, 0xFFFFFFF0u);
    for (uint32_t Seed = 0; Seed < 200; ++Seed)
    {
        assert_int_equal(Put(Fixture, Seed, 1500, NULL), CULVERT_RING_OK);
        Take(Fixture, Seed, 1500);
    }
    assert_true(Fixture->Memory->Receive.Tail < 0x100000);
    AssertEmpty(Fixture);
}

static void
FullRingRefusesAndLosesNothing(void **State)
{
    FIXTURE *Fixture = *State;
    uint32_t Count = 0;
    while (Put(Fixture, Count, 1400, NULL) == CULVERT_RING_OK)
        ++Count;
    assert_int_equal(Count, CAPACITY / CULVERT_SLOT_BYTES(1400));
    assert_int_equal(Put(Fixture, 0, 1400, NULL), CULVERT_RING_FULL);
    /* A smaller one may still fit. */
    uint32_t Rest = CAPACITY % CULVERT_SLOT_BYTES(1400);
    assert_int_equal(Put(Fixture, Count, Rest - 16, NULL), CULVERT_RING_OK);
    assert_int_equal(Put(Fixture, 0, 1, NULL), CULVERT_RING_FULL);
    for (uint32_t Seed = 0; Seed < Count; ++Seed)
        Take(Fixture, Seed, 1400);
    Take(Fixture, Count, Rest - 16);
    AssertEmpty(Fixture);
    assert_int_equal(Put(Fixture, 7, 1400, NULL), CULVERT_RING_OK);
}

static void
ExactlyFullRingIsNotEmpty(void **State)
{
    FIXTURE *Fixture = *State;
    for (uint32_t Seed = 0; Seed < CAPACITY / 1024; ++Seed)
        assert_int_equal(Put(Fixture, Seed, 1008, NULL), CULVERT_RING_OK);
    assert_int_equal(Put(Fixture, 0, 1, NULL), CULVERT_RING_FULL);
    for (uint32_t Seed = 0; Seed < CAPACITY / 1024; ++Seed)
        Take(Fixture, Seed, 1008);
    AssertEmpty(Fixture);
}

static void
ProducerSignalsOnlyWhoWaits(void **State)
{
    FIXTURE *Fixture = *State;
    int Signal;
    Put(Fixture, 0, 100, &Signal);
    assert_false(Signal);
    Take(Fixture, 0, 100);
    assert_int_equal(RingWaitForPacket(&Fixture->Consumer), 0);
    assert_int_equal(Fixture->Memory->Receive.ConsumerWaiting, 1);
    Put(Fixture, 1, 100, &Signal);
    assert_true(Signal);
    Put(Fixture, 2, 100, &Signal);
    assert_false(Signal);
    assert_int_equal(Fixture->Memory->Receive.ConsumerWaiting, 0);
}

static void
ConsumerLooksAgainAfterTheFlag(void **State)
{
    FIXTURE *Fixture = *State;
    AssertEmpty(Fixture);
    Put(Fixture, 3, 100, NULL);
    assert_int_not_equal(RingWaitForPacket(&Fixture->Consumer), 0);
    Take(Fixture, 3, 100);
}

static void
ConsumerSignalsOnlyWhoWaitsForRoom(void **State)
{
    FIXTURE *Fixture = *State;
    uint32_t Bytes = CULVERT_SLOT_BYTES(60000);
    Put(Fixture, 0, 60000, NULL);
    Put(Fixture, 1, 60000, NULL);
    assert_int_equal(Put(Fixture, 2, 60000, NULL), CULVERT_RING_FULL);
    assert_int_equal(RingWaitForRoom(&Fixture->Producer, Bytes), 0);
    const CULVERT_SLOT *Slot;
    uint32_t Size;
    assert_int_equal(RingPeek(&Fixture->Consumer, &Slot, &Size), CULVERT_RING_OK);
    RingAdvance(&Fixture->Consumer, Size);
    assert_true(RingRelease(&Fixture->Consumer, Fixture->Consumer.Head));
    assert_int_not_equal(RingWaitForRoom(&Fixture->Producer, Bytes), 0);
    assert_int_equal(RingPeek(&Fixture->Consumer, &Slot, &Size), CULVERT_RING_OK);
    RingAdvance(&Fixture->Consumer, Size);
    assert_true(RingRelease(&Fixture->Consumer, Fixture->Consumer.Head));
    assert_int_equal(Put(Fixture, 2, 60000, NULL), CULVERT_RING_OK);
    Take(Fixture, 2, 60000);
}

/* ---- A consumer that breaks the rules, seen by the producer ---------------------------------- */

static void
AssertReserveBroken(FIXTURE *Fixture, uint32_t Head)
{
    uint32_t Position;
    CULVERT_PRODUCER Before = Fixture->Producer;
    Fixture->Memory->Receive.Head = Head;
    assert_int_equal(RingReserve(&Fixture->Producer, CAPACITY, &Position), CULVERT_RING_BROKEN);
    assert_memory_equal(&Before, &Fixture->Producer, sizeof(Before));
}

static void
HeadBeyondTailIsBroken(void **State)
{
    FIXTURE *Fixture = *State;
    Put(Fixture, 0, 100, NULL);
    AssertReserveBroken(Fixture, Fixture->Producer.Tail + 1);
    AssertReserveBroken(Fixture, Fixture->Producer.Tail + 16);
    AssertReserveBroken(Fixture, 0x80000000u);
}

static void
HeadThatGoesBackIsBroken(void **State)
{
    FIXTURE *Fixture = *State;
    StartAt(Fixture, 0x10000);
    Put(Fixture, 0, 100, NULL);
    AssertReserveBroken(Fixture, 0xFFF0);
    AssertReserveBroken(Fixture, 0);
}

/* ---- A producer that breaks the rules, seen by the consumer ---------------------------------- */

static void
AssertPeekBroken(FIXTURE *Fixture)
{
    const CULVERT_SLOT *Slot;
    uint32_t Size;
    CULVERT_CONSUMER Before = Fixture->Consumer;
    assert_int_equal(RingPeek(&Fixture->Consumer, &Slot, &Size), CULVERT_RING_BROKEN);
    assert_int_equal(Before.Head, Fixture->Consumer.Head);
}

static void
TailBeyondCapacityIsBroken(void **State)
{
    FIXTURE *Fixture = *State;
    static const uint32_t Tails[] = {CAPACITY + 16, CAPACITY * 2, 0x80000000u, 0xFFFFFFF0u};
    for (size_t Index = 0; Index < sizeof(Tails) / sizeof(Tails[0]); ++Index)
    {
        Fixture->Memory->Receive.Tail = Tails[Index];
        AssertPeekBroken(Fixture);
    }
}

static void
UnalignedTailIsBroken(void **State)
{
    FIXTURE *Fixture = *State;
    Put(Fixture, 0, 100, NULL);
    Fixture->Memory->Receive.Tail += 8;
    AssertPeekBroken(Fixture);
}

static void
TailIntoUnreleasedBytesIsBroken(void **State)
{
    FIXTURE *Fixture = *State;
    const CULVERT_SLOT *Slot;
    uint32_t Size;
    Put(Fixture, 0, 1000, NULL);
    assert_int_equal(RingPeek(&Fixture->Consumer, &Slot, &Size), CULVERT_RING_OK);
    RingAdvance(&Fixture->Consumer, Size); /* read, not released */
    Fixture->Memory->Receive.Tail = Fixture->Consumer.Head + CAPACITY;
    AssertPeekBroken(Fixture);
}

static void
BadSlotSizesAreBroken(void **State)
{
    FIXTURE *Fixture = *State;
    static const uint32_t Sizes[] = {
        0, CULVERT_MAX_PACKET + 1, 0x7FFFFFFF, 0xFFFFFFF0u, 0xFFFFFFFFu, 113, 2000};
    Put(Fixture, 0, 100, NULL); /* 112 bytes fit its slot */
    for (size_t Index = 0; Index < sizeof(Sizes) / sizeof(Sizes[0]); ++Index)
    {
        RingSlot(&Fixture->Producer, 0)->Size = Sizes[Index];
        AssertPeekBroken(Fixture);
    }
    RingSlot(&Fixture->Producer, 0)->Size = 100;
    Take(Fixture, 0, 100);
}

/* Whatever the shared words are, neither side goes outside of the data area. */
static void
RandomWordsNeverLeadOutside(void **State)
{
    FIXTURE *Fixture = *State;
    uint32_t Random = 12345;
    uint8_t *Data = CulvertReceiveData(Fixture->Memory);
    for (int Round = 0; Round < 200000; ++Round)
    {
        const CULVERT_SLOT *Slot;
        uint32_t Size, Position;
        Random = Random * 1664525 + 1013904223;
        uint32_t Value = Random >> (Random & 15);
        if (Round & 1)
            Fixture->Memory->Receive.Tail = Value & ~15u;
        else
            Fixture->Memory->Receive.Head = Value;
        RingSlot(&Fixture->Producer, Random >> 4 & ~15u)->Size = Value & 0x1FFFF;
        if (RingPeek(&Fixture->Consumer, &Slot, &Size) == CULVERT_RING_OK)
        {
            const uint8_t *Packet = (const uint8_t *)(Slot + 1);
            assert_true(Packet >= Data + 16);
            assert_true(Packet + Size <= Data + CAPACITY + CULVERT_RING_TAIL);
            RingAdvance(&Fixture->Consumer, Size);
            RingRelease(&Fixture->Consumer, Fixture->Consumer.Head);
        }
        if (RingReserve(&Fixture->Producer, CULVERT_SLOT_BYTES(Size % 65536), &Position) ==
            CULVERT_RING_OK)
        {
            uint8_t *Packet = (uint8_t *)(RingSlot(&Fixture->Producer, Position) + 1);
            assert_true(Packet + 65536 <= Data + CAPACITY + CULVERT_RING_TAIL);
        }
    }
}

/* ---- Two threads ----------------------------------------------------------------------------- */

#define THREAD_PACKETS 300000u

static uint32_t
SizeOf(uint32_t Seed)
{
    return 1 + Seed * 2654435761u % 3000;
}

static void
ConsumeAll(void *Context)
{
    FIXTURE *Fixture = Context;
    for (uint32_t Seed = 0; Seed < THREAD_PACKETS;)
    {
        const CULVERT_SLOT *Slot;
        uint32_t Size;
        CULVERT_RING_RESULT Result = RingPeek(&Fixture->Consumer, &Slot, &Size);
        if (Result == CULVERT_RING_EMPTY)
        {
            if (!RingWaitForPacket(&Fixture->Consumer))
                ThreadEventWait(0);
            continue;
        }
        if (Result != CULVERT_RING_OK || Size != SizeOf(Seed))
            abort();
        const uint8_t *Packet = (const uint8_t *)(Slot + 1);
        if (Packet[0] != PatternByte(Seed, 0) || Packet[Size - 1] != PatternByte(Seed, Size - 1))
            abort();
        RingAdvance(&Fixture->Consumer, Size);
        if (RingRelease(&Fixture->Consumer, Fixture->Consumer.Head))
            ThreadEventSet(1);
        ++Seed;
    }
}

/* Both sleep whenever they can: a lost wake-up hangs this test, and its time limit fails it. */
static void
TwoThreadsPassEverythingInOrder(void **State)
{
    FIXTURE *Fixture = *State;
    ThreadStart(ConsumeAll, Fixture);
    for (uint32_t Seed = 0; Seed < THREAD_PACKETS;)
    {
        uint32_t Bytes = CULVERT_SLOT_BYTES(SizeOf(Seed)), Size = SizeOf(Seed), Position;
        CULVERT_RING_RESULT Result = RingReserve(&Fixture->Producer, Bytes, &Position);
        if (Result == CULVERT_RING_FULL)
        {
            if (!RingWaitForRoom(&Fixture->Producer, Bytes))
                ThreadEventWait(1);
            continue;
        }
        assert_int_equal(Result, CULVERT_RING_OK);
        uint8_t *Packet = RingSlotInit(RingSlot(&Fixture->Producer, Position), Size);
        Packet[0] = PatternByte(Seed, 0);
        Packet[Size - 1] = PatternByte(Seed, Size - 1);
        if (RingPublish(&Fixture->Producer, Position + Bytes))
            ThreadEventSet(0);
        ++Seed;
    }
    ThreadJoin();
    AssertEmpty(Fixture);
}

static void
RequestLayoutIsTheSameForAll(void **State)
{
    (void)State;
    assert_int_equal(sizeof(CULVERT_SESSION_START), 40);
    /* CTL_CODE(FILE_DEVICE_NETWORK 0x12, 0x801, METHOD_OUT_DIRECT 2, read and write access 3) */
    assert_int_equal(CULVERT_IOCTL_SESSION, 0x0012E006);
    assert_int_equal(CULVERT_IOCTL_DRIVER_INFO, 0x0012E008);
    assert_int_equal(CULVERT_IOCTL_STATISTICS, 0x0012E00C);
}

#define RING_TEST(Name) cmocka_unit_test_setup_teardown(Name, Setup, Teardown)

int
main(void)
{
    const struct CMUnitTest Tests[] = {
        RING_TEST(CapacitiesAreChecked),
        RING_TEST(EveryCapacityHasDisjointAreas),
        RING_TEST(EverySizePasses),
        RING_TEST(LargestPacketAtTheLastSlotStaysInside),
        RING_TEST(PositionsWrapAt32Bits),
        RING_TEST(FullRingRefusesAndLosesNothing),
        RING_TEST(ExactlyFullRingIsNotEmpty),
        RING_TEST(ProducerSignalsOnlyWhoWaits),
        RING_TEST(ConsumerLooksAgainAfterTheFlag),
        RING_TEST(ConsumerSignalsOnlyWhoWaitsForRoom),
        RING_TEST(HeadBeyondTailIsBroken),
        RING_TEST(HeadThatGoesBackIsBroken),
        RING_TEST(TailBeyondCapacityIsBroken),
        RING_TEST(UnalignedTailIsBroken),
        RING_TEST(TailIntoUnreleasedBytesIsBroken),
        RING_TEST(BadSlotSizesAreBroken),
        RING_TEST(RandomWordsNeverLeadOutside),
        RING_TEST(TwoThreadsPassEverythingInOrder),
        RING_TEST(RequestLayoutIsTheSameForAll),
    };
    return cmocka_run_group_tests_name("ring", Tests, NULL, NULL);
}
