/* SPDX-License-Identifier: MIT */
/*
 * The data path both ways, as a flow: lists of packets into MiniportSendNetBufferLists and packets
 * out of WintunReceivePacket ("out"); packets from WintunAllocateSendPacket to the indication and
 * the return of their lists ("in").
 */
#ifndef CULVERT_BENCH_PATHS_H
#define CULVERT_BENCH_PATHS_H

#include "flow.h"

typedef enum PATH_CALLS
{
    PathSingle, /* a packet a call: wintun.h */
    PathBatch   /* a burst a call: culvert.h */
} PATH_CALLS;

/* The capacity of a ring that a flow needs: Capacity, or for two bursts of each thread. */
uint32_t
PathCapacity(const FLOW *Flow, uint32_t Capacity);

/* Measures a flow over adapters that it starts and removes. Returns nanoseconds per packet; *Drops
 * is how many packets the driver has dropped meanwhile. */
double
PathMeasure(const FLOW *Flow, int Out, PATH_CALLS Calls, uint64_t *Drops);

#endif
