/* SPDX-License-Identifier: MIT */
/*
 * The data path, both ways: lists of packets into MiniportSendNetBufferLists and packets out of
 * WintunReceivePacket ("out"); packets from WintunAllocateSendPacket to the indication and the
 * return of their lists ("in"). Each next to memcpy into a ring of the same size and to a ring of
 * Concurrency Kit, in the same run.
 *   datapath_bench [out|in [SIZE [BURST [THREADS]]]]    SIZE in bytes, "mix" for an internet mix
 * Prints tab-separated lines. Packets are dropped only where a thread has lost its processor
 * between receiving and releasing, so that others' releases have to wait for its own.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "flow.h"
#include "tunnel.h"
#include "../contract/ring.h"

#define CAPACITY (4u << 20) /* of the ring, or what two bursts of each thread need */
/* How an application waits for packets. */
#define MOMENTS_MAX   64u
#define MOMENT_PAUSES 32u
#define SOURCES       32u /* packets that a producer sends in turn, or one burst if that is more */

/* ---- Out ---------------------------------------------------------------------------------------
 */

static void
SystemSends(const FLOW *Flow, unsigned Index)
{
    PNET_BUFFER_LIST Chains[SOURCES];
    unsigned Count = Flow->Burst < SOURCES ? SOURCES / Flow->Burst : 1;
    uint64_t Limit = FlowFits(Flow, Flow->Capacity - 2 * CULVERT_RING_TAIL), Credit = 0;
    for (unsigned At = 0; At < Count; ++At)
        Chains[At] = MakeChain(Flow->Size, At * Flow->Burst, Flow->Burst);
    for (unsigned Turn = 0;; ++Turn)
    {
        if (Credit < Flow->Burst)
            Credit += FlowGrant(Flow, Index, Limit, Flow->Burst);
        if (Credit < Flow->Burst)
            break; /* the end */
        NdisEdgeSend(TunnelAdapter, Chains[Turn % Count], 0);
        Credit -= Flow->Burst;
    }
    for (unsigned At = 0; At < Count; ++At)
    {
        for (PNET_BUFFER_LIST Next; Chains[At] != NULL; Chains[At] = Next)
        {
            Next = Chains[At]->Next;
            SimListFree(Chains[At]);
        }
    }
}

/* There is no packet: a moment, or after many of them a wait. Returns how many there were. */
static unsigned
AwaitPacket(unsigned Moments)
{
    if (Moments == MOMENTS_MAX)
    {
        WaitForSingleObject(WintunGetReadWaitEvent(TunnelSession), 1);
        return 0;
    }
    for (unsigned Pause = 0; Pause < MOMENT_PAUSES; ++Pause)
        YieldProcessor();
    return Moments + 1;
}

static void
ApplicationReceives(const FLOW *Flow, unsigned Index)
{
    uint64_t Pending = 0;
    unsigned Fruitless = 0;
    (void)Flow;
    while (!FlowStopped())
    {
        DWORD Size;
        BYTE *Packet = WintunReceivePacket(TunnelSession, &Size);
        if (Packet == NULL)
        {
            FlowFlush(&FlowConsumed[Index], &Pending);
            Fruitless = AwaitPacket(Fruitless);
            continue;
        }
        Fruitless = 0;
        WintunReleaseReceivePacket(TunnelSession, Packet);
        FlowAddOne(&FlowConsumed[Index], &Pending);
    }
}

static void
Drain(void)
{
    DWORD Size;
    BYTE *Packet;
    while ((Packet = WintunReceivePacket(TunnelSession, &Size)) != NULL)
        WintunReleaseReceivePacket(TunnelSession, Packet);
}

/* ---- In ----------------------------------------------------------------------------------------
 */

static void
ApplicationSends(const FLOW *Flow, unsigned Index)
{
    ULONG Stride = CULVERT_SLOT_BYTES(Flow->Size != 0 ? Flow->Size : 1400);
    UCHAR *Sources = malloc((size_t)SOURCES * Stride);
    BYTE *Packets[256];
    uint64_t Pending = 0;
    unsigned Nth = 0;
    if (Sources == NULL)
        abort();
    memset(Sources, 0x45, (size_t)SOURCES * Stride);
    while (!FlowStopped())
    {
        unsigned Count = 0;
        for (; Count < Flow->Burst; ++Count, ++Nth)
        {
            ULONG Bytes = PacketBytes(Flow->Size, Nth);
            Packets[Count] = WintunAllocateSendPacket(TunnelSession, Bytes);
            if (Packets[Count] == NULL)
                break;
            memcpy(Packets[Count], Sources + (size_t)(Nth % SOURCES) * Stride, Bytes);
        }
        for (unsigned At = 0; At < Count; ++At)
        {
            WintunSendPacket(TunnelSession, Packets[At]);
            FlowAddOne(&FlowProduced[Index], &Pending);
        }
        if (Count < Flow->Burst)
        {
            FlowFlush(&FlowProduced[Index], &Pending);
            YieldProcessor();
        }
    }
    free(Sources);
}

static void
Indicated(void *Context, PNET_BUFFER_LIST NetBufferLists, ULONG Count)
{
    static _Thread_local int Pinned;
    if (!Pinned)
        FlowPin(Context, 0, 0);
    Pinned = 1;
    NdisEdgeReturn(TunnelAdapter, NetBufferLists);
    FlowAdd(&FlowConsumed[0], Count);
}

/* The driver's thread keeps to its processor before anybody competes for that. */
static void
WakeDriver(void)
{
    BYTE *Packet = WintunAllocateSendPacket(TunnelSession, 64);
    if (Packet == NULL)
        abort();
    memset(Packet, 0x45, 64);
    WintunSendPacket(TunnelSession, Packet);
    SimQuiesce();
}

/* ---- The table ---------------------------------------------------------------------------------
 */

static uint32_t
CapacityFor(const FLOW *Flow)
{
    uint64_t Bytes = 2ull * Flow->Threads * Flow->Burst *
                     CULVERT_SLOT_BYTES(Flow->Size != 0 ? Flow->Size : 1400);
    uint32_t Capacity = CAPACITY;
    while (Capacity < Bytes + 2 * CULVERT_RING_TAIL && Capacity < CULVERT_MAX_CAPACITY)
        Capacity *= 2;
    return Capacity;
}

static void
Measure(int Out, const FLOW *Flow)
{
    TunnelUp(Flow->Capacity);
    SimEdgeSetTap(TunnelEdge, Indicated, (void *)(uintptr_t)Flow);
    WakeDriver();
    double Culvert =
        FlowMeasure(Flow, Out ? SystemSends : ApplicationSends, Out ? ApplicationReceives : NULL);
    Drain();
    ULONG64 Drops = TunnelDrops();
    TunnelDown();
    double Limit = MeasureMemcpy(Flow), Ring = MeasureRing(Flow, !Out);
    char Size[16];
    snprintf(Size, sizeof(Size), Flow->Size != 0 ? "%u" : "mix", Flow->Size);
    printf("%s\t%s\t%u\t%u\t%u\t%.1f\t%.1f\t%.2f\t%.1f\t%.2f\t%.0f\t%llu\n", Out ? "out" : "in",
           Size, Flow->Burst, Flow->Threads, Flow->Capacity >> 10, Culvert, Limit, Limit / Culvert,
           Ring, Ring / Culvert, 1e9 / Culvert, Drops);
    fflush(stdout);
}

/* Whether Value is what an argument asks for; no argument asks for all. */
static int
Wanted(int Count, char **Arguments, int Which, const char *Value)
{
    return Which >= Count || strcmp(Arguments[Which], Value) == 0;
}

int
main(int Count, char **Arguments)
{
    static const ULONG Sizes[] = {64, 576, 1400, 9000, 65535, 0};
    static const ULONG Bursts[] = {1, 8, 32, 256};
    static const ULONG Threads[] = {1, 2};
    char Text[16];
    printf("direction\tsize\tburst\tthreads\tring_kib\tculvert_ns\tmemcpy_ns\tratio\tck_ring_"
           "ns\tck_ratio\t"
           "packets_per_s\tdrops\n");
    for (int Out = 1; Out >= 0; --Out)
    {
        for (unsigned At = 0; At < ARRAYSIZE(Sizes) * ARRAYSIZE(Bursts) * ARRAYSIZE(Threads); ++At)
        {
            FLOW Flow = {
                .Size = Sizes[At / ARRAYSIZE(Bursts) % ARRAYSIZE(Sizes)],
                .Burst = Bursts[At % ARRAYSIZE(Bursts)],
                .Threads = Threads[At / ARRAYSIZE(Bursts) / ARRAYSIZE(Sizes)],
            };
            Flow.Capacity = CapacityFor(&Flow);
            if (!Wanted(Count, Arguments, 1, Out ? "out" : "in"))
                continue;
            snprintf(Text, sizeof(Text), Flow.Size != 0 ? "%u" : "mix", Flow.Size);
            if (!Wanted(Count, Arguments, 2, Text))
                continue;
            snprintf(Text, sizeof(Text), "%u", Flow.Burst);
            if (!Wanted(Count, Arguments, 3, Text))
                continue;
            snprintf(Text, sizeof(Text), "%u", Flow.Threads);
            if (Wanted(Count, Arguments, 4, Text))
                Measure(Out, &Flow);
        }
    }
    return 0;
}
