/* SPDX-License-Identifier: MIT */
/* See paths.h. */
#include <stdlib.h>
#include <string.h>
#include "paths.h"
#include "tunnel.h"
#include "../contract/ring.h"

/* How an application waits for packets. */
#define MOMENTS_MAX   64u
#define MOMENT_PAUSES 32u
#define SOURCES       32u /* packets that a producer sends in turn, or one burst if that is more */
#define BURST_MAX     256u

static PATH_CALLS Calls; /* of the flow that is being measured */

static TUNNEL *
TunnelAt(const FLOW *Flow, unsigned Turn)
{
    return &Tunnels[Turn % Flow->Adapters];
}

/* ---- Out: the system sends, the application receives ------------------------------------------
 */

static void
FreeChain(PNET_BUFFER_LIST Chain)
{
    for (PNET_BUFFER_LIST Next; Chain != NULL; Chain = Next)
    {
        Next = Chain->Next;
        SimListFree(Chain);
    }
}

static void
SystemSends(const FLOW *Flow, unsigned Index)
{
    PNET_BUFFER_LIST Chains[SOURCES];
    unsigned Count = Flow->Burst < SOURCES ? SOURCES / Flow->Burst : 1;
    uint64_t Limit = FlowFits(Flow, Flow->Capacity - FLOW_SLACK), Credit = 0;
    for (unsigned At = 0; At < Count; ++At)
        Chains[At] = MakeChain(Flow->Size, At * Flow->Burst, Flow->Burst);
    for (unsigned Turn = 0;; ++Turn)
    {
        if (Credit < Flow->Burst)
            Credit += FlowGrant(Flow, Index, Limit, Flow->Burst);
        if (Credit < Flow->Burst)
            break; /* the end */
        NdisEdgeSend(TunnelAt(Flow, Turn)->Adapter, Chains[Turn % Count], 0);
        Credit -= Flow->Burst;
    }
    for (unsigned At = 0; At < Count; ++At)
        FreeChain(Chains[At]);
}

/* Receives and releases what one session has just now; returns how many packets. */
static unsigned
ReceiveOne(WINTUN_SESSION_HANDLE Session)
{
    DWORD Size;
    BYTE *Packet = WintunReceivePacket(Session, &Size);
    if (Packet == NULL)
        return 0;
    WintunReleaseReceivePacket(Session, Packet);
    return 1;
}

static unsigned
ReceiveBatch(WINTUN_SESSION_HANDLE Session, unsigned Most)
{
    CULVERT_PACKET Packets[BURST_MAX];
    unsigned Count = CulvertReceivePackets(Session, Packets, Most);
    CulvertReleaseReceivePackets(Session, Packets, Count);
    return Count;
}

/* No session has had a packet for a whole round: a moment, or after many of them a wait. Returns
 * how many moments there were. */
static unsigned
AwaitPacket(unsigned Moments)
{
    if (Moments == MOMENTS_MAX)
    {
        WaitForSingleObject(WintunGetReadWaitEvent(Tunnels[0].Session), 1);
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
    unsigned Moments = 0, Empty = 0, Turn = 0;
    while (!FlowStopped())
    {
        WINTUN_SESSION_HANDLE Session = TunnelAt(Flow, Turn)->Session;
        unsigned Count =
            Calls == PathBatch ? ReceiveBatch(Session, Flow->Burst) : ReceiveOne(Session);
        FlowAddSome(&FlowConsumed[Index], &Pending, Count);
        if (Count != 0)
        {
            Moments = Empty = 0;
            continue;
        }
        ++Turn;
        if (++Empty < Flow->Adapters)
            continue;
        FlowFlush(&FlowConsumed[Index], &Pending);
        Moments = AwaitPacket(Moments);
        Empty = 0;
    }
}

static void
Drain(const FLOW *Flow)
{
    for (unsigned At = 0; At < Flow->Adapters; ++At)
    {
        while (ReceiveOne(Tunnels[At].Session) != 0)
            ;
    }
}

/* ---- In: the application sends, the system has it indicated ------------------------------------
 */

/* What an application sends. */
typedef struct SOURCE
{
    UCHAR *Packets;
    ULONG Stride;
    unsigned Nth;
} SOURCE;

static void
Fill(const FLOW *Flow, SOURCE *Source, BYTE *Packet)
{
    memcpy(Packet, Source->Packets + (size_t)(Source->Nth % SOURCES) * Source->Stride,
           PacketBytes(Flow->Size, Source->Nth));
    ++Source->Nth;
}

/* Each sends a burst, or what there is room for; returns how many packets. */
static unsigned
SendOneByOne(const FLOW *Flow, WINTUN_SESSION_HANDLE Session, SOURCE *Source)
{
    BYTE *Packets[BURST_MAX];
    unsigned Count = 0;
    for (; Count < Flow->Burst; ++Count)
    {
        Packets[Count] = WintunAllocateSendPacket(Session, PacketBytes(Flow->Size, Source->Nth));
        if (Packets[Count] == NULL)
            break;
        Fill(Flow, Source, Packets[Count]);
    }
    for (unsigned At = 0; At < Count; ++At)
        WintunSendPacket(Session, Packets[At]);
    return Count;
}

static unsigned
SendBatch(const FLOW *Flow, WINTUN_SESSION_HANDLE Session, SOURCE *Source)
{
    CULVERT_PACKET Packets[BURST_MAX];
    for (unsigned At = 0; At < Flow->Burst; ++At)
        Packets[At].Size = PacketBytes(Flow->Size, Source->Nth + At);
    unsigned Count = CulvertAllocateSendPackets(Session, Packets, Flow->Burst);
    for (unsigned At = 0; At < Count; ++At)
        Fill(Flow, Source, Packets[At].Data);
    CulvertSendPackets(Session, Packets, Count);
    return Count;
}

static void
ApplicationSends(const FLOW *Flow, unsigned Index)
{
    SOURCE Source = {.Stride = CULVERT_SLOT_BYTES(Flow->Size != 0 ? Flow->Size : 1400)};
    uint64_t Pending = 0;
    Source.Packets = malloc((size_t)SOURCES * Source.Stride);
    if (Source.Packets == NULL)
        abort();
    memset(Source.Packets, 0x45, (size_t)SOURCES * Source.Stride);
    for (unsigned Turn = 0; !FlowStopped(); ++Turn)
    {
        WINTUN_SESSION_HANDLE Session = TunnelAt(Flow, Turn)->Session;
        unsigned Count = Calls == PathBatch ? SendBatch(Flow, Session, &Source)
                                            : SendOneByOne(Flow, Session, &Source);
        FlowAddSome(&FlowProduced[Index], &Pending, Count);
        if (Count < Flow->Burst)
        {
            FlowFlush(&FlowProduced[Index], &Pending);
            YieldProcessor();
        }
    }
    free(Source.Packets);
}

/* One flow is measured at a time; the context is the adapter's. */
static const FLOW *Measured;

static void
Indicated(void *Context, PNET_BUFFER_LIST NetBufferLists, ULONG Count)
{
    static _Thread_local int Pinned;
    TUNNEL *Tunnel = Context;
    if (!Pinned)
        FlowPin(Measured, 0, 0);
    Pinned = 1;
    NdisEdgeReturn(Tunnel->Adapter, NetBufferLists);
    __atomic_fetch_add(&FlowConsumed[0].Packets, Count, __ATOMIC_RELAXED);
}

/* The drivers' threads keep to their processor before anybody competes for that. */
static void
WakeDriver(TUNNEL *Tunnel)
{
    BYTE *Packet = WintunAllocateSendPacket(Tunnel->Session, 64);
    if (Packet == NULL)
        abort();
    memset(Packet, 0x45, 64);
    WintunSendPacket(Tunnel->Session, Packet);
    SimQuiesce();
}

/* ---- Both -------------------------------------------------------------------------------------
 */

uint32_t
PathCapacity(const FLOW *Flow, uint32_t Capacity)
{
    uint64_t Bytes = 2ull * Flow->Threads * Flow->Burst *
                     CULVERT_SLOT_BYTES(Flow->Size != 0 ? Flow->Size : 1400);
    while (Capacity < Bytes + FLOW_SLACK && Capacity < CULVERT_MAX_CAPACITY)
        Capacity *= 2;
    return Capacity;
}

double
PathMeasure(const FLOW *Flow, int Out, PATH_CALLS FlowCalls, uint64_t *Drops)
{
    Measured = Flow;
    Calls = FlowCalls;
    TunnelsUp(Flow->Capacity, Flow->Started > Flow->Adapters ? Flow->Started : Flow->Adapters);
    for (unsigned At = 0; At < Flow->Adapters; ++At)
    {
        SimEdgeSetTap(Tunnels[At].Edge, Indicated, &Tunnels[At]);
        WakeDriver(&Tunnels[At]);
    }
    double Nanoseconds =
        FlowMeasure(Flow, Out ? SystemSends : ApplicationSends, Out ? ApplicationReceives : NULL);
    Drain(Flow);
    *Drops = TunnelDrops();
    TunnelDown();
    return Nanoseconds;
}
