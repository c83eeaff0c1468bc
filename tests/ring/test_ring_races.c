/* SPDX-License-Identifier: MIT */
/*
 * Both sides of a hand-shake of the ring (contract/ring.h, "Wake-up" and "Room") at once, on two
 * processors: one publishes what the other is about to sleep for, and at least one of the two must
 * notice. Without the fences both miss it now and then, on x86 too, where a store reaches the other
 * processor later than the load behind it is done. On a single processor this shows nothing.
 */
#include <setjmp.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>
#include "threads.h"
#include "../../contract/ring.h"

#define CAPACITY         CULVERT_MIN_CAPACITY
#define RACE_ROUNDS      300000u
#define RACE_SECONDS_MAX 6
#define RACE_END         UINT32_MAX
#define RACE_SIZE        16u

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

typedef int
RACE_SIDE(FIXTURE *Fixture);

typedef struct RACE
{
    FIXTURE *Fixture;
    RACE_SIDE *Other;        /* the other thread's side */
    volatile uint32_t Round; /* that has begun */
    volatile uint32_t Done;  /* the last one that the other thread is done with */
    int Noticed;             /* by the other thread, in that one */
} RACE;

/* Waits until *Word is no longer Old; false if the other thread did not answer at once, as when it
 * has no processor. */
static bool
RaceWait(const volatile uint32_t *Word, uint32_t Old)
{
    bool AtOnce = true;
    for (unsigned Turn = 1; AtomicReadAcquire(Word) == Old; ++Turn)
    {
        if (Turn % 4096 != 0)
            continue;
        AtOnce = false;
        ThreadYield();
    }
    return AtOnce;
}

/* Up to Most turns, as many as Random says, so that the sides meet. */
static void
RaceDelay(uint32_t Random, uint32_t Most)
{
    for (volatile uint32_t Turn = (uint32_t)((uint64_t)(Random * 2654435761u) * Most >> 32);
         Turn != 0;)
        --Turn;
}

/* Has all four words in this processor's cache, so that reads are fast and writes slow. */
static void
RaceTouch(const FIXTURE *Fixture)
{
    const CULVERT_RING *Ring = &Fixture->Memory->Receive;
    AtomicReadAcquire(&Ring->Tail);
    AtomicReadAcquire(&Ring->Head);
    AtomicReadAcquire(&Ring->ConsumerWaiting);
    AtomicReadAcquire(&Ring->ProducerWaiting);
}

static void
RaceOther(void *Context)
{
    RACE *Race = Context;
    for (uint32_t Round = 1;; ++Round)
    {
        RaceWait(&Race->Round, Round - 1);
        if (AtomicReadRelaxed(&Race->Round) == RACE_END)
            return;
        RaceTouch(Race->Fixture);
        RaceDelay(Round, 64);
        Race->Noticed = Race->Other(Race->Fixture);
        AtomicWriteRelease(&Race->Done, Round);
    }
}

/* Prepare sets the ring up for each round; then One and Other run at once. Only rounds in which
 * both threads have a processor count, if there are any on this machine just now. */
static void
RunRace(FIXTURE *Fixture, void (*Prepare)(FIXTURE *Fixture), RACE_SIDE *One, RACE_SIDE *Other)
{
    RACE Race = {.Fixture = Fixture, .Other = Other};
    unsigned Missed = 0, Counted = 0;
    time_t End = time(NULL) + RACE_SECONDS_MAX;
    ThreadStart(RaceOther, &Race);
    for (uint32_t Round = 1; Counted < RACE_ROUNDS && time(NULL) < End; ++Round)
    {
        Prepare(Fixture);
        Fixture->Memory->Receive.ConsumerWaiting = Fixture->Memory->Receive.ProducerWaiting = 0;
        AtomicWriteRelease(&Race.Round, Round);
        RaceDelay(Round * 40503u, 256);
        int Noticed = One(Fixture);
        Counted += RaceWait(&Race.Done, Round - 1);
        Missed += !Noticed && !Race.Noticed;
    }
    AtomicWriteRelease(&Race.Round, RACE_END);
    ThreadJoin();
    print_message("# %u rounds\n", Counted);
    assert_int_equal(Missed, 0);
}

static void
PrepareEmpty(FIXTURE *Fixture)
{
    const CULVERT_SLOT *Slot;
    uint32_t Position, Size;
    while (RingPeek(&Fixture->Consumer, &Slot, &Size) == CULVERT_RING_OK)
        RingAdvance(&Fixture->Consumer, Size);
    RingRelease(&Fixture->Consumer, Fixture->Consumer.Head);
    if (RingReserve(&Fixture->Producer, CULVERT_SLOT_BYTES(RACE_SIZE), &Position) ==
        CULVERT_RING_OK)
        RingSlotInit(RingSlot(&Fixture->Producer, Position), RACE_SIZE);
}

static int
Publish(FIXTURE *Fixture)
{
    return RingPublish(&Fixture->Producer, Fixture->Producer.Tail);
}

static int
WaitForPacket(FIXTURE *Fixture)
{
    return RingWaitForPacket(&Fixture->Consumer);
}

static void
NoPacketIsMissed(void **State)
{
    RunRace(*State, PrepareEmpty, Publish, WaitForPacket);
    RunRace(*State, PrepareEmpty, WaitForPacket, Publish);
}

static void
PrepareFull(FIXTURE *Fixture)
{
    const CULVERT_SLOT *Slot;
    uint32_t Position, Size;
    while (RingReserve(&Fixture->Producer, CULVERT_SLOT_BYTES(RACE_SIZE), &Position) ==
           CULVERT_RING_OK)
        RingSlotInit(RingSlot(&Fixture->Producer, Position), RACE_SIZE);
    RingPublish(&Fixture->Producer, Fixture->Producer.Tail);
    if (RingPeek(&Fixture->Consumer, &Slot, &Size) == CULVERT_RING_OK)
        RingAdvance(&Fixture->Consumer, Size);
}

static int
Release(FIXTURE *Fixture)
{
    return RingRelease(&Fixture->Consumer, Fixture->Consumer.Head);
}

static int
WaitForRoom(FIXTURE *Fixture)
{
    return RingWaitForRoom(&Fixture->Producer, CULVERT_SLOT_BYTES(RACE_SIZE));
}

static void
NoRoomIsMissed(void **State)
{
    RunRace(*State, PrepareFull, Release, WaitForRoom);
    RunRace(*State, PrepareFull, WaitForRoom, Release);
}

int
main(void)
{
    const struct CMUnitTest Tests[] = {
        cmocka_unit_test_setup_teardown(NoPacketIsMissed, Setup, Teardown),
        cmocka_unit_test_setup_teardown(NoRoomIsMissed, Setup, Teardown),
    };
    return cmocka_run_group_tests_name("ring races", Tests, NULL, NULL);
}
