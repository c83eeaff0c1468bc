/* SPDX-License-Identifier: MIT */
/*
 * What the driver must make of a session's rings while nobody writes to them: written from the
 * description in contract/ring.h, with sums instead of its code.
 */
#ifndef CULVERT_TESTS_FUZZ_RING_MODEL_H
#define CULVERT_TESTS_FUZZ_RING_MODEL_H

#include "harness.h"

typedef struct RING_MODEL
{
    CULVERT_SESSION_HEADER *Memory;
    ULONG64 Capacity;
    BOOLEAN Broken; /* the session has to end with STATUS_DATA_ERROR */

    uint32_t Taken; /* position in the send ring up to which packets are the driver's */
    ULONG64 Packets;
    ULONG64 NotIp;

    uint32_t Put;  /* position in the receive ring up to which the driver has written */
    uint32_t Free; /* the application's position that the driver saw last */
    ULONG64 Delivered;
} RING_MODEL;

/* A session that has just started. */
void
RingModelStart(RING_MODEL *Model, CULVERT_SESSION_HEADER *Memory, ULONG Capacity);

/* The driver looks at the send ring until it is empty or broken. */
void
RingModelTake(RING_MODEL *Model);

/* The system sends Count packets of Bytes bytes each. */
void
RingModelPut(RING_MODEL *Model, ULONG Count, ULONG Bytes);

#endif
