/* SPDX-License-Identifier: MIT */
/* What Culvert is measured against: plain memcpy, and a ring of Concurrency Kit. */
#include <ck_ring.h>
#include <stdlib.h>
#include <string.h>
#include "flow.h"
#include "tunnel.h"
#include "../contract/ring.h"

#define SOURCES 32u /* packets that a producer copies in turn */

static uint8_t *
MakeSources(const FLOW *Flow)
{
    size_t Bytes = (size_t)SOURCES * CULVERT_SLOT_BYTES(Flow->Size != 0 ? Flow->Size : 1400);
    uint8_t *Sources = aligned_alloc(64, (Bytes + 63) / 64 * 64);
    if (Sources == NULL)
        abort();
    memset(Sources, 0x45, Bytes);
    return Sources;
}

static const uint8_t *
Source(const FLOW *Flow, const uint8_t *Sources, unsigned Nth)
{
    return Sources +
           (size_t)(Nth % SOURCES) * CULVERT_SLOT_BYTES(Flow->Size != 0 ? Flow->Size : 1400);
}

/* ---- memcpy ------------------------------------------------------------------------------------
 */

static uint8_t *CopyRing;

static void
CopyMain(const FLOW *Flow, unsigned Index)
{
    uint8_t *Sources = MakeSources(Flow);
    uint32_t Position = 0;
    unsigned Nth = 0;
    while (!FlowStopped())
    {
        for (unsigned At = 0; At < 32; ++At, ++Nth)
        {
            uint32_t Bytes = PacketBytes(Flow->Size, Nth);
            memcpy(CopyRing + (Position & (Flow->Capacity - 1)) + sizeof(CULVERT_SLOT),
                   Source(Flow, Sources, Nth), Bytes);
            __asm__ volatile("" ::: "memory");
            Position += CULVERT_SLOT_BYTES(Bytes);
        }
        FlowAdd(&FlowProduced[Index], 32);
        FlowAdd(&FlowConsumed[Index], 32);
    }
    free(Sources);
}

double
MeasureMemcpy(const FLOW *Flow)
{
    FLOW One = *Flow;
    One.Threads = 1;
    SIZE_T Bytes = Flow->Capacity + CULVERT_RING_TAIL;
    CopyRing = SimPagesAllocate(Bytes); /* the same kind of memory as a session's */
    double Nanoseconds = FlowMeasure(&One, CopyMain, NULL);
    SimPagesFree(CopyRing, Bytes);
    return Nanoseconds;
}

/* ---- ck_ring: packets in buffers, pointers to which go round in two rings -----------------------
 */

typedef struct RING
{
    ck_ring_t Ring;
    ck_ring_buffer_t *Buffer;
} RING;

static RING Full, Free;
static int CopyOut;

static int
Put(const FLOW *Flow, RING *Ring, void *Packet)
{
    return Flow->Threads == 1 ? ck_ring_enqueue_spsc(&Ring->Ring, Ring->Buffer, Packet)
                              : ck_ring_enqueue_mpmc(&Ring->Ring, Ring->Buffer, Packet);
}

static void *
Take(const FLOW *Flow, RING *Ring)
{
    void *Packet = NULL;
    int Taken = Flow->Threads == 1 ? ck_ring_dequeue_spsc(&Ring->Ring, Ring->Buffer, &Packet)
                                   : ck_ring_dequeue_mpmc(&Ring->Ring, Ring->Buffer, &Packet);
    return Taken ? Packet : NULL;
}

static void
RingProduce(const FLOW *Flow, unsigned Index)
{
    uint8_t *Sources = MakeSources(Flow);
    uint64_t Pending = 0;
    for (unsigned Nth = 0; !FlowStopped();)
    {
        void *Buffer = Take(Flow, &Free);
        if (Buffer == NULL)
        {
            FlowFlush(&FlowProduced[Index], &Pending);
            YieldProcessor();
            continue;
        }
        memcpy(Buffer, Source(Flow, Sources, Nth), PacketBytes(Flow->Size, Nth));
        Put(Flow, &Full, Buffer);
        FlowAddSome(&FlowProduced[Index], &Pending, 1);
        ++Nth;
    }
    free(Sources);
}

static void
RingConsume(const FLOW *Flow, unsigned Index)
{
    uint8_t *Private = malloc(CULVERT_MAX_PACKET);
    if (Private == NULL)
        abort();
    uint64_t Pending = 0;
    for (unsigned Nth = 0; !FlowStopped();)
    {
        void *Buffer = Take(Flow, &Full);
        if (Buffer == NULL)
        {
            FlowFlush(&FlowConsumed[Index], &Pending);
            YieldProcessor();
            continue;
        }
        if (CopyOut)
            memcpy(Private, Buffer, PacketBytes(Flow->Size, Nth));
        __asm__ volatile("" ::"r"(Private) : "memory");
        Put(Flow, &Free, Buffer);
        FlowAddSome(&FlowConsumed[Index], &Pending, 1);
        ++Nth;
    }
    free(Private);
}

static void
RingMake(RING *Ring, unsigned Entries)
{
    Ring->Buffer = calloc(Entries, sizeof(*Ring->Buffer));
    if (Ring->Buffer == NULL)
        abort();
    ck_ring_init(&Ring->Ring, Entries);
}

double
MeasureRing(const FLOW *Flow, int Out)
{
    uint32_t Slot = CULVERT_SLOT_BYTES(Flow->Size != 0 ? Flow->Size : 1400);
    unsigned Buffers = (unsigned)FlowFits(Flow, Flow->Capacity), Entries = 4;
    while (Entries <= Buffers)
        Entries *= 2; /* one entry of a ring stays empty */
    SIZE_T Bytes = (SIZE_T)Buffers * Slot;
    uint8_t *Memory = SimPagesAllocate(Bytes);
    RingMake(&Full, Entries);
    RingMake(&Free, Entries);
    CopyOut = Out;
    for (unsigned At = 0; At < Buffers; ++At)
        Put(Flow, &Free, Memory + (SIZE_T)At * Slot);
    double Nanoseconds = FlowMeasure(Flow, RingProduce, RingConsume);
    free(Full.Buffer);
    free(Free.Buffer);
    SimPagesFree(Memory, Bytes);
    return Nanoseconds;
}
