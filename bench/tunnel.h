/* SPDX-License-Identifier: MIT */
/*
 * The tunnel to be measured: the driver, optimised, on the simulated kernel without its checks, and
 * the DLL's session code, in one program. One adapter, one session.
 */
#ifndef CULVERT_BENCH_TUNNEL_H
#define CULVERT_BENCH_TUNNEL_H

#include "../ntsim/edge.h"
#include "../ntsim/system.h"
#include "../ntsim/win32/process.h"

extern SIM_EDGE *TunnelEdge;
extern NDIS_ADAPTER *TunnelAdapter;
extern WINTUN_SESSION_HANDLE TunnelSession;

/* Loads the driver, starts the adapter and a session with rings of Capacity bytes. What fails ends
 * the program. */
void
TunnelUp(ULONG Capacity);
void
TunnelDown(void);

/* Packets that the driver has dropped since TunnelUp, both ways. */
ULONG64
TunnelDrops(void);

/* The size of the Nth packet of a flow: Size bytes, or of 0 the Nth of an internet mix (64, 576
 * and 1400 bytes as 7 to 4 to 1). */
ULONG
PacketBytes(ULONG Size, unsigned Nth);

/* Count lists with one packet each, chained, whose sizes are those of the packets First, First + 1
 * ... of a flow. They are never freed. */
PNET_BUFFER_LIST
MakeChain(ULONG Size, unsigned First, unsigned Count);

#endif
