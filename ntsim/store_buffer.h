/* SPDX-License-Identifier: MIT */
/*
 * The store buffers of x86 processors, for scheduled threads (scheduler.h). A store goes into the
 * thread's buffer, where only the thread itself sees it; the oldest store of a buffer reaches
 * memory when the scheduler says so, or when the thread makes a fence or a locked operation, as the
 * calls of the kernel that are synchronisation points do. (Sewell and others, "x86-TSO: A Rigorous
 * and Usable Programmer's Model for x86 Multiprocessors", 2010.)
 *
 * Only atomic stores go through it. Plain ones are at once in memory: which is one of the orders
 * that x86 allows, unless they are meant to order something, which is a data race.
 */
#ifndef CULVERT_NTSIM_STORE_BUFFER_H
#define CULVERT_NTSIM_STORE_BUFFER_H

#include "rules.h"

#define SIM_STORES_MAX 8

typedef struct SIM_STORE
{
    volatile void *Address;
    ULONG64 Value;
    SIZE_T Bytes; /* 1, 2, 4 or 8 */
} SIM_STORE;

typedef struct SIM_STORE_BUFFER
{
    unsigned Count;
    SIM_STORE Stores[SIM_STORES_MAX]; /* from the oldest on */
} SIM_STORE_BUFFER;

/* Stores by way of the buffer. */
void
SimStoreBufferPut(SIM_STORE_BUFFER *Buffer, volatile void *Address, ULONG64 Value, SIZE_T Bytes);

/* What the buffer's thread reads at Address. */
ULONG64
SimStoreBufferRead(SIM_STORE_BUFFER *Buffer, const volatile void *Address, SIZE_T Bytes);

/* Before the thread accesses Bytes bytes at Address otherwise: its stores there reach memory. */
void
SimStoreBufferSettle(SIM_STORE_BUFFER *Buffer, const volatile void *Address, SIZE_T Bytes);

/* The oldest store reaches memory. There must be one. */
void
SimStoreBufferDrain(SIM_STORE_BUFFER *Buffer);

/* All do. */
void
SimStoreBufferFlush(SIM_STORE_BUFFER *Buffer);

/* The calling thread's, or NULL if it is not scheduled. */
SIM_STORE_BUFFER *
SimStoreBuffer(void);

#endif
