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
#define WINDOWS                 20
#define WINDOW_NS               4000000
#define WARM_UP_NS              10000000
#define SPINS_A_YIELD           4096u
#define GRANT_MAX               256u
#define AWAIT_NEARNESS_NS       90e9
#define AWAIT_NEARNESS_STEP_NS  50000000
#define DISTANCE_TURNS          20000u
#define DISTANCE_TURNS_A_WINDOW 500u

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

static void
KeepToProcessor(int Producer, unsigned Index)
{
    cpu_set_t Set;
    unsigned Processors = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    CPU_ZERO(&Set);
    CPU_SET((Producer ? Index : 2 * Processors - 1 - Index) % Processors, &Set);
    sched_setaffinity(0, sizeof(Set), &Set);
}

void
FlowPin(const FLOW *Flow, int Producer, unsigned Index)
{
    static const struct sched_param Priority = {.sched_priority = 1};
    KeepToProcessor(Producer, Index);
    if (2 * Flow->Threads <= (unsigned)sysconf(_SC_NPROCESSORS_ONLN))
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

/* ---- How far apart the two processors are ------------------------------------------------------
 */

static _Alignas(64) volatile uint32_t Ball;

/* Sends every even number back as the next odd one. */
static void *
Answer(void *Unused)
{
    KeepToProcessor(0, 0);
    for (uint32_t Turn = 0; Turn < DISTANCE_TURNS; ++Turn)
    {
        while (__atomic_load_n(&Ball, __ATOMIC_ACQUIRE) != 2 * Turn + 1)
            YieldProcessor();
        __atomic_store_n(&Ball, 2 * Turn + 2, __ATOMIC_RELEASE);
    }
    return Unused;
}

static void *
Ask(void *Context)
{
    double *Best = Context;
    KeepToProcessor(1, 0);
    for (uint32_t Turn = 0; Turn < DISTANCE_TURNS;)
    {
        double Start = Now();
        for (uint32_t End = Turn + DISTANCE_TURNS_A_WINDOW; Turn < End; ++Turn)
        {
            __atomic_store_n(&Ball, 2 * Turn + 1, __ATOMIC_RELEASE);
            while (__atomic_load_n(&Ball, __ATOMIC_ACQUIRE) != 2 * Turn + 2)
                YieldProcessor();
        }
        double Time = (Now() - Start) / (2 * DISTANCE_TURNS_A_WINDOW);
        FlowBetter(Best, Time);
    }
    return NULL;
}

double
FlowDistance(void)
{
    double Best = 0;
    pthread_t Asker, Answerer;
    Ball = 0;
    if (pthread_create(&Answerer, NULL, Answer, NULL) != 0 ||
        pthread_create(&Asker, NULL, Ask, &Best) != 0)
        abort();
    pthread_join(Asker, NULL);
    pthread_join(Answerer, NULL);
    return Best;
}

/* Waits until the processors are about as near to each other as they have ever been since the
 * program began, for so long as the program may wait altogether. */
static void
AwaitNearness(void)
{
    static double Nearest, Waited;
    double Start = Now(), Distance;
    while ((Distance = FlowDistance()) > 2 * Nearest && Nearest != 0 && Waited < AWAIT_NEARNESS_NS)
    {
        Sleep(AWAIT_NEARNESS_STEP_NS);
        Waited += Now() - Start;
        Start = Now();
    }
    FlowBetter(&Nearest, Distance);
}

double
FlowMeasure(const FLOW *Flow, FLOW_SIDE *Produce, FLOW_SIDE *Consume)
{
    /* Whoever measures must get a processor too. */
    static const struct sched_param Priority = {.sched_priority = 2}, Ordinary = {0};
    SIDE Sides[2 * FLOW_THREADS_MAX];
    unsigned Count = 0;
    AwaitNearness();
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
    /* First: with an ordinary priority this thread does not get a processor while they run. */
    __atomic_store_n(&Stop, 1, __ATOMIC_RELEASE);
    sched_setscheduler(0, SCHED_OTHER, &Ordinary);
    for (unsigned At = 0; At < Count; ++At)
        pthread_join(Sides[At].Thread, NULL);
    return Nanoseconds;
}
