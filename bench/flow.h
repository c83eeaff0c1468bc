/* SPDX-License-Identifier: MIT */
/*
 * Flows of packets between threads, and how fast they are: one or more producers, one or more
 * consumers, on Culvert or on what it is compared with.
 */
#ifndef CULVERT_BENCH_FLOW_H
#define CULVERT_BENCH_FLOW_H

#include <stdint.h>

#define FLOW_THREADS_MAX 8u

/* What is measured. */
typedef struct FLOW
{
    uint32_t Size;     /* of each packet, in bytes; 0: an internet mix */
    uint32_t Burst;    /* packets that a producer makes at a time */
    uint32_t Threads;  /* on each side */
    uint32_t Capacity; /* of the ring, in bytes */
} FLOW;

/* What each thread has done, in a cache line of its own; read by the others at any time. */
typedef struct FLOW_COUNT
{
    _Alignas(64) volatile uint64_t Packets;
} FLOW_COUNT;

extern FLOW_COUNT FlowProduced[FLOW_THREADS_MAX];
extern FLOW_COUNT FlowConsumed[FLOW_THREADS_MAX];

/* Whether the threads are to end. */
int
FlowStopped(void);

/* Adds to a thread's own count. */
static inline void
FlowAdd(FLOW_COUNT *Count, uint64_t Packets)
{
    __atomic_store_n(&Count->Packets, Count->Packets + Packets, __ATOMIC_RELAXED);
}

/* The same for one packet, which *Pending counts until there are enough, so that whoever reads the
 * count does not take its cache line away for each packet. FlowFlush: now. */
static inline void
FlowFlush(FLOW_COUNT *Count, uint64_t *Pending)
{
    if (*Pending != 0)
        FlowAdd(Count, *Pending);
    *Pending = 0;
}

static inline void
FlowAddOne(FLOW_COUNT *Count, uint64_t *Pending)
{
    if (++*Pending == 64)
        FlowFlush(Count, Pending);
}

/*
 * Grants a producer packets to send, so that no more than Limit are on their way, and counts them
 * in FlowProduced[Index]; at least Least of them, which it waits for, or 0 at the end. For a ring
 * that does not say itself that it is full.
 */
uint64_t
FlowGrant(const FLOW *Flow, unsigned Index, uint64_t Limit, uint64_t Least);

/* The packets of Flow that fit Bytes bytes of slots. */
uint64_t
FlowFits(const FLOW *Flow, uint64_t Bytes);

/* Keeps the calling thread on one processor: Index counts the producers, the consumers take them
 * from the other end. If there are enough processors and the system allows it, nobody else gets
 * them meanwhile. */
void
FlowPin(const FLOW *Flow, int Producer, unsigned Index);

/* A thread's part; Index is its number on its side. */
typedef void
FLOW_SIDE(const FLOW *Flow, unsigned Index);

/* Runs the threads and returns the nanoseconds per packet that came through, in the best of many
 * windows of time. Both sides count. Consume NULL: something else consumes. */
double
FlowMeasure(const FLOW *Flow, FLOW_SIDE *Produce, FLOW_SIDE *Consume);

/* The limits: plain memcpy by one thread into a ring of the same size; and a ring of Concurrency
 * Kit (bench/limits.c) which moves the packets by copying them in, and out too if CopyOut. */
double
MeasureMemcpy(const FLOW *Flow);
double
MeasureRing(const FLOW *Flow, int CopyOut);

#endif
