/* SPDX-License-Identifier: MIT */
/*
 * The tunnels to be measured: the driver, optimised, on the simulated kernel without its checks,
 * and the DLL's session code, in one program. One adapter or several, a session on each.
 */
#ifndef CULVERT_BENCH_TUNNEL_H
#define CULVERT_BENCH_TUNNEL_H

#include "../ntsim/edge.h"
#include "../ntsim/system.h"
#include "../ntsim/win32/process.h"

#define TUNNELS_MAX 64u

typedef struct TUNNEL
{
    SIM_DEVICE *Device;
    SIM_EDGE *Edge;
    NDIS_ADAPTER *Adapter;
    WINTUN_SESSION_HANDLE Session;
} TUNNEL;

extern TUNNEL Tunnels[TUNNELS_MAX];

/* Loads the driver, and starts Count adapters and a session on each, with rings of Capacity bytes.
 * What fails ends the program. */
void
TunnelsUp(ULONG Capacity, unsigned Count);
/* The same for one. */
void
TunnelUp(ULONG Capacity);
/* Undoes either. */
void
TunnelDown(void);

/* Packets that the driver has dropped since TunnelsUp, both ways. */
ULONG64
TunnelDrops(void);

/* The size of the Nth packet of a flow: Size bytes, or of 0 the Nth of an internet mix (64, 576
 * and 1400 bytes as 7 to 4 to 1). */
ULONG
PacketBytes(ULONG Size, unsigned Nth);

/* Count lists with one packet each, chained, whose sizes are those of the packets First, First + 1
 * ... of a flow. SimListFree frees each. */
PNET_BUFFER_LIST
MakeChain(ULONG Size, unsigned First, unsigned Count);

#endif
