/* SPDX-License-Identifier: MIT */
/*
 * A fixed number of packets through the tunnel, the same steps in the same order each time, to be
 * counted by callgrind (tests/speed/count.py). What one thread does never overlaps what another
 * does.
 *   count_bench out|in SIZE BURST PACKETS
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>
#include "tunnel.h"
#include "../contract/ring.h"

#define CAPACITY  (4u << 20)
#define BURST_MAX 1024u

static volatile ULONG64 Returned;

static void
Need(int Good)
{
    if (!Good)
        abort();
}

/* The system sends a burst, and the application takes it. */
static void
Out(PNET_BUFFER_LIST Chain, ULONG Burst)
{
    NdisEdgeSend(Tunnels[0].Adapter, Chain, 0);
    for (ULONG At = 0; At < Burst; ++At)
    {
        DWORD Size;
        BYTE *Packet = WintunReceivePacket(Tunnels[0].Session, &Size);
        Need(Packet != NULL);
        WintunReleaseReceivePacket(Tunnels[0].Session, Packet);
    }
}

static void
Indicated(void *Context, PNET_BUFFER_LIST NetBufferLists, ULONG Count)
{
    (void)Context;
    NdisEdgeReturn(Tunnels[0].Adapter, NetBufferLists);
    __atomic_add_fetch(&Returned, Count, __ATOMIC_RELEASE);
}

/* The application sends Count packets in bursts while the adapter is paused, then the driver takes
 * them all. */
static void
In(ULONG Size, ULONG Burst, ULONG Count)
{
    static BYTE *Packets[BURST_MAX];
    Need(NdisEdgePause(Tunnels[0].Adapter) == STATUS_SUCCESS && SimQuiesce());
    Returned = 0;
    for (ULONG At = 0; At < Count; At += Burst)
    {
        for (ULONG Of = 0; Of < Burst; ++Of)
        {
            Packets[Of] = WintunAllocateSendPacket(Tunnels[0].Session, Size);
            Need(Packets[Of] != NULL);
            Packets[Of][0] = 0x45;
        }
        for (ULONG Of = 0; Of < Burst; ++Of)
            WintunSendPacket(Tunnels[0].Session, Packets[Of]);
    }
    Need(SimQuiesce());
    Need(NdisEdgeRestart(Tunnels[0].Adapter) == STATUS_SUCCESS && SimQuiesce());
    Need(__atomic_load_n(&Returned, __ATOMIC_ACQUIRE) == Count);
}

int
main(int Count, char **Arguments)
{
    if (Count != 5)
        return 2;
    ULONG Size = (ULONG)atoi(Arguments[2]), Burst = (ULONG)atoi(Arguments[3]);
    ULONG Packets = (ULONG)atoi(Arguments[4]);
    ULONG Room = CAPACITY / CULVERT_SLOT_BYTES(Size) / Burst * Burst;
    int IsOut = strcmp(Arguments[1], "out") == 0;
    TunnelUp(CAPACITY);
    SimEdgeSetTap(Tunnels[0].Edge, Indicated, NULL);
    PNET_BUFFER_LIST Chain = MakeChain(Size, 0, Burst);
    if (Room > Packets)
        Room = Packets;
    for (int Round = 0; Round < 2; ++Round)
    {
        /* The first round makes what lives longer than a packet. */
        CALLGRIND_ZERO_STATS;
        for (ULONG Done = 0; Done < Packets; Done += IsOut ? Burst : Room)
        {
            if (IsOut)
                Out(Chain, Burst);
            else
                In(Size, Burst, Room);
        }
    }
    CALLGRIND_DUMP_STATS;
    Need(TunnelDrops() == 0);
    TunnelDown();
    return 0;
}
