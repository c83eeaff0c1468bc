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
    uint32_t Adapters; /* that get bursts in turn */
    uint32_t Started;  /* adapters that have a session, if more than get bursts */
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

/* The same for a few packets, which *Pending counts until there are enough, so that whoever reads
 * the count does not take its cache line away for each packet. FlowFlush: now. */
static inline void
FlowFlush(FLOW_COUNT *Count, uint64_t *Pending)
{
    if (*Pending != 0)
        FlowAdd(Count, *Pending);
    *Pending = 0;
}

static inline void
FlowAddSome(FLOW_COUNT *Count, uint64_t *Pending, uint64_t Packets)
{
    *Pending += Packets;
    if (*Pending >= 64)
        FlowFlush(Count, Pending);
}

/*
 * Grants a producer packets to send, so that no more than Limit are on their way, and counts them
 * in FlowProduced[Index]; at least Least of them, which it waits for, or 0 at the end. For a ring
 * that does not say itself that it is full.
 */
uint64_t
FlowGrant(const FLOW *Flow, unsigned Index, uint64_t Limit, uint64_t Least);

/* Of the packets of a mix, so many may take up to so many bytes more than the average. */
#define FLOW_SLACK 8192u

/* The packets of Flow that fit Bytes bytes of slots, on average. */
uint64_t
FlowFits(const FLOW *Flow, uint64_t Bytes);

/* Keeps the calling thread on one processor: Index counts the producers, the consumers take them
 * from the other end. If there are enough processors and the system allows it, nobody else gets
 * them meanwhile. */
void
FlowPin(const FLOW *Flow, int Producer, unsigned Index);

/* The nanoseconds that a cache line takes from one side's processor to the other's: how far apart
 * the two are just now, which a virtual machine does not choose. */
double
FlowDistance(void);

/* Keeps the better of two measurements; 0 is none yet. */
static inline void
FlowBetter(double *Best, double Now)
{
    if (*Best == 0 || Now < *Best)
        *Best = Now;
}

/* A thread's part; Index is its number on its side. */
typedef void
FLOW_SIDE(const FLOW *Flow, unsigned Index);

/*
 * Runs the threads and returns the nanoseconds per packet that came through, in the best of many
 * windows of time. Both sides count. Consume NULL: something else consumes. Begins when the
 * processors are as near to each other as before, if that comes soon: a virtual machine's are now
 * of one core complex and now of two, and then a cache line takes five times as long.
 */
double
FlowMeasure(const FLOW *Flow, FLOW_SIDE *Produce, FLOW_SIDE *Consume);

/* The limits: plain memcpy by one thread into a ring of the same size; and a ring of Concurrency
 * Kit (bench/limits.c) which moves the packets by copying them in, and out too if CopyOut. */
double
MeasureMemcpy(const FLOW *Flow);
double
MeasureRing(const FLOW *Flow, int CopyOut);

#endif
