/* SPDX-License-Identifier: MIT */
/*
 * One packet at a time, from MiniportSendNetBufferLists to the application and back to the
 * indication, the application waiting on its event or looking all the time; and how many signals
 * that takes at several loads. Times here are those of Linux' wake-ups, not of Windows'.
 *   latency_bench latency     nanoseconds of a round trip: median, 99 %, 99.9 %
 *   latency_bench wakeups     per million packets: signals of the DLL to the driver, each a system
 *                             call, and waits of the application
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "tunnel.h"
#include "session.h"

#define ROUNDS   8000u
#define CAPACITY (1u << 20)
#define BYTES    200u

static volatile int Stop, Spin;
static volatile unsigned Back, Waits;

static double
Now(void)
{
    struct timespec Time;
    clock_gettime(CLOCK_MONOTONIC, &Time);
    return (double)Time.tv_sec * 1e9 + (double)Time.tv_nsec;
}

static void
Indicated(void *Context, PNET_BUFFER_LIST NetBufferLists, ULONG Count)
{
    (void)Context;
    NdisEdgeReturn(Tunnels[0].Adapter, NetBufferLists);
    __atomic_add_fetch(&Back, Count, __ATOMIC_RELEASE);
}

/* The application: sends back what it receives. */
static void *
Echo(void *Unused)
{
    while (!__atomic_load_n(&Stop, __ATOMIC_RELAXED))
    {
        DWORD Size;
        BYTE *Packet = WintunReceivePacket(Tunnels[0].Session, &Size);
        if (Packet == NULL)
        {
            if (__atomic_load_n(&Spin, __ATOMIC_RELAXED))
                continue;
            __atomic_add_fetch(&Waits, 1, __ATOMIC_RELAXED);
            WaitForSingleObject(WintunGetReadWaitEvent(Tunnels[0].Session), 10);
            continue;
        }
        BYTE *Answer = WintunAllocateSendPacket(Tunnels[0].Session, Size);
        if (Answer != NULL)
        {
            memcpy(Answer, Packet, Size);
            WintunSendPacket(Tunnels[0].Session, Answer);
        }
        WintunReleaseReceivePacket(Tunnels[0].Session, Packet);
    }
    return Unused;
}

/* Sends Count packets in bursts of Burst, each when the one before it is back and PauseNs later;
 * Times, if not NULL, gets how long each took. */
static void
RoundTrips(unsigned Count, unsigned Burst, long PauseNs, double *Times)
{
    PNET_BUFFER_LIST Chain = MakeChain(BYTES, 0, Burst);
    for (unsigned At = 0; At < Count; ++At)
    {
        double Start = Now();
        unsigned Expected = Back + Burst;
        NdisEdgeSend(Tunnels[0].Adapter, Chain, 0);
        while (__atomic_load_n(&Back, __ATOMIC_ACQUIRE) != Expected)
        {
            /* Where only signals are counted, the processor is left to the others. */
            if (Times != NULL)
                YieldProcessor();
            else
                usleep(20);
        }
        double End = Now();
        if (Times != NULL)
            Times[At] = End - Start;
        if (PauseNs != 0)
            usleep((useconds_t)(PauseNs / 1000));
    }
    for (PNET_BUFFER_LIST Next; Chain != NULL; Chain = Next)
    {
        Next = Chain->Next;
        SimListFree(Chain);
    }
}

static int
Compare(const void *Left, const void *Right)
{
    double A = *(const double *)Left, B = *(const double *)Right;
    return (A > B) - (A < B);
}

static void
Latency(void)
{
    static double Times[ROUNDS];
    printf("application\tmedian_ns\tp99_ns\tp999_ns\n");
    for (Spin = 0; Spin <= 1; ++Spin)
    {
        RoundTrips(ROUNDS / 10, 1, 0, NULL);
        RoundTrips(ROUNDS, 1, 0, Times);
        qsort(Times, ROUNDS, sizeof(Times[0]), Compare);
        printf("%s\t%.0f\t%.0f\t%.0f\n", Spin ? "spins" : "waits", Times[ROUNDS / 2],
               Times[ROUNDS / 100 * 99], Times[ROUNDS / 1000 * 999]);
    }
    Spin = 0;
}

/* A million packets' worth of signals to the driver, and of waits of the application. */
static void
Wakeups(void)
{
    static const struct
    {
        unsigned Burst;
        long PauseNs;
    } Loads[] = {{1, 100000}, {1, 10000}, {1, 0}, {32, 100000}, {32, 0}, {256, 0}};
    printf("burst\tpause_us\tdll_signals\tapplication_waits\n");
    for (unsigned At = 0; At < ARRAYSIZE(Loads); ++At)
    {
        SESSION_TRAFFIC In, Before, After;
        unsigned Packets = ROUNDS / 4 / Loads[At].Burst * Loads[At].Burst;
        SessionReadTraffic(Tunnels[0].Session, &In, &Before);
        unsigned WaitsBefore = __atomic_load_n(&Waits, __ATOMIC_RELAXED);
        RoundTrips(Packets / Loads[At].Burst, Loads[At].Burst, Loads[At].PauseNs, NULL);
        SessionReadTraffic(Tunnels[0].Session, &In, &After);
        double Scale = 1e6 / Packets;
        printf("%u\t%ld\t%.0f\t%.0f\n", Loads[At].Burst, Loads[At].PauseNs / 1000,
               (double)(After.Signals - Before.Signals) * Scale,
               (double)(__atomic_load_n(&Waits, __ATOMIC_RELAXED) - WaitsBefore) * Scale);
    }
}

int
main(int Count, char **Arguments)
{
    pthread_t Application;
    TunnelUp(CAPACITY);
    SimEdgeSetTap(Tunnels[0].Edge, Indicated, NULL);
    if (pthread_create(&Application, NULL, Echo, NULL) != 0)
        return 1;
    if (Count == 2 && strcmp(Arguments[1], "latency") == 0)
        Latency();
    else
        Wakeups();
    __atomic_store_n(&Stop, 1, __ATOMIC_RELAXED);
    pthread_join(Application, NULL);
    TunnelDown();
    return 0;
}
