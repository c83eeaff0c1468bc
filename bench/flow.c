/* SPDX-License-Identifier: MIT */
/* See flow.h. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "flow.h"
#include "tunnel.h"
#include "../contract/ring.h"

/* A window is short, so that in one of many nobody else wanted the processors. */
#define WINDOWS       50
#define WINDOW_NS     4000000
#define WARM_UP_NS    10000000
#define SPINS_A_YIELD 4096u
#define GRANT_MAX     256u

FLOW_COUNT FlowProduced[FLOW_THREADS_MAX];
FLOW_COUNT FlowConsumed[FLOW_THREADS_MAX];
static volatile int Stop;

typedef struct SIDE
{
    const FLOW *Flow;
    FLOW_SIDE *Run;
    int Producer;
    unsigned Index;
    pthread_t Thread;
} SIDE;

int
FlowStopped(void)
{
    return __atomic_load_n(&Stop, __ATOMIC_RELAXED);
}

static uint64_t
Sum(const FLOW_COUNT *Counts)
{
    uint64_t Packets = 0;
    for (unsigned At = 0; At < FLOW_THREADS_MAX; ++At)
        Packets += __atomic_load_n(&Counts[At].Packets, __ATOMIC_RELAXED);
    return Packets;
}

uint64_t
FlowGrant(const FLOW *Flow, unsigned Index, uint64_t Limit, uint64_t Least)
{
    uint64_t Most = Least < GRANT_MAX ? GRANT_MAX : Least;
    for (unsigned Turn = 1; !FlowStopped(); ++Turn)
    {
        uint64_t Consumed = Sum(FlowConsumed); /* first: never more than what is produced */
        uint64_t Free = Limit - (Sum(FlowProduced) - Consumed);
        /* Others may be asking at the same time: no more than this thread's share. */
        uint64_t Share = Free <= Limit ? Free / Flow->Threads : 0;
        if (Share >= Least)
        {
            Share = Share < Most ? Share : Most;
            FlowAdd(&FlowProduced[Index], Share);
            return Share;
        }
        YieldProcessor();
        if (Turn % SPINS_A_YIELD == 0)
            sched_yield(); /* more threads than processors */
    }
    return 0;
}

uint64_t
FlowFits(const FLOW *Flow, uint64_t Bytes)
{
    uint64_t Slots = 0;
    for (unsigned Nth = 0; Nth < 12; ++Nth)
        Slots += CULVERT_SLOT_BYTES(PacketBytes(Flow->Size, Nth));
    return Bytes * 12 / Slots;
}

void
FlowPin(const FLOW *Flow, int Producer, unsigned Index)
{
    static const struct sched_param Priority = {.sched_priority = 1};
    cpu_set_t Set;
    unsigned Processors = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    CPU_ZERO(&Set);
    CPU_SET((Producer ? Index : 2 * Processors - 1 - Index) % Processors, &Set);
    sched_setaffinity(0, sizeof(Set), &Set);
    if (2 * Flow->Threads <= Processors)
        sched_setscheduler(0, SCHED_FIFO, &Priority);
}

static void *
SideMain(void *Context)
{
    SIDE *Side = Context;
    FlowPin(Side->Flow, Side->Producer, Side->Index);
    Side->Run(Side->Flow, Side->Index);
    return NULL;
}

static double
Now(void)
{
    struct timespec Time;
    clock_gettime(CLOCK_MONOTONIC, &Time);
    return (double)Time.tv_sec * 1e9 + (double)Time.tv_nsec;
}

static void
Sleep(long Nanoseconds)
{
    struct timespec Time = {0, Nanoseconds};
    nanosleep(&Time, NULL);
}

/* A window in which one side only fills or empties the ring says nothing: the slower side counts.
 */
static double
BestWindow(void)
{
    double Best = 0;
    Sleep(WARM_UP_NS);
    /* Longer if nothing came through, as where something else has the processors. */
    for (unsigned Window = 0; Window < WINDOWS || (Best == 0 && Window < 20 * WINDOWS); ++Window)
    {
        double Start = Now();
        uint64_t Produced = Sum(FlowProduced), Consumed = Sum(FlowConsumed);
        Sleep(WINDOW_NS);
        double Time = Now() - Start;
        Consumed = Sum(FlowConsumed) - Consumed;
        Produced = Sum(FlowProduced) - Produced;
        double Rate = (double)(Produced < Consumed ? Produced : Consumed) / Time;
        Best = Rate > Best ? Rate : Best;
    }
    return 1 / Best;
}

double
FlowMeasure(const FLOW *Flow, FLOW_SIDE *Produce, FLOW_SIDE *Consume)
{
    /* Whoever measures must get a processor too. */
    static const struct sched_param Priority = {.sched_priority = 2}, Ordinary = {0};
    SIDE Sides[2 * FLOW_THREADS_MAX];
    unsigned Count = 0;
    __atomic_store_n(&Stop, 0, __ATOMIC_RELEASE);
    for (unsigned At = 0; At < FLOW_THREADS_MAX; ++At)
        FlowProduced[At].Packets = FlowConsumed[At].Packets = 0;
    for (unsigned Index = 0; Index < Flow->Threads; ++Index)
    {
        Sides[Count++] = (SIDE){Flow, Produce, 1, Index, 0};
        if (Consume != NULL)
            Sides[Count++] = (SIDE){Flow, Consume, 0, Index, 0};
    }
    for (unsigned At = 0; At < Count; ++At)
    {
        if (pthread_create(&Sides[At].Thread, NULL, SideMain, &Sides[At]) != 0)
            abort();
    }
    sched_setscheduler(0, SCHED_FIFO, &Priority);
    double Nanoseconds = BestWindow();
    sched_setscheduler(0, SCHED_OTHER, &Ordinary);
    __atomic_store_n(&Stop, 1, __ATOMIC_RELEASE);
    for (unsigned At = 0; At < Count; ++At)
        pthread_join(Sides[At].Thread, NULL);
    return Nanoseconds;
}
