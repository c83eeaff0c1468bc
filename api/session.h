/* SPDX-License-Identifier: MIT */
/*
 * Sessions: the application's side of the rings. The same for every generation of the public API,
 * and for every system: what it needs of that is in system.h.
 *
 * Threads: the functions that pass packets may be called from any thread at any time, and by
 * several at once. A call that races with SessionEnd either finishes first or fails with
 * ERROR_HANDLE_EOF.
 */
#ifndef CULVERT_API_SESSION_H
#define CULVERT_API_SESSION_H

#include <stdint.h>
#include "system.h"
#include "../contract/ring.h"

typedef struct SESSION SESSION;

/* One of several packets. */
typedef struct SESSION_PACKET
{
    uint8_t *Data;
    uint32_t Size; /* in bytes */
} SESSION_PACKET;

/* What the session's calls have done with one ring, as far as this side knows it. */
typedef struct SESSION_TRAFFIC
{
    uint64_t Packets; /* received, or sent */
    uint64_t Bytes;
    uint64_t NoRoom;    /* allocations, and looks of those that wait, that found no room */
    uint64_t Signals;   /* how often the driver was woken */
    uint64_t HighWater; /* most bytes in the ring when this side looked at the other's position */
} SESSION_TRAFFIC;

/*
 * Starts a session on an adapter, with two rings of Capacity bytes. Returns NULL and sets the last
 * error: ERROR_INVALID_PARAMETER (Capacity), ERROR_NOT_ENOUGH_MEMORY, ERROR_SHARING_VIOLATION (the
 * adapter has a session), or what opening the adapter's device said.
 */
SESSION *
SessionStart(SYSTEM_ADAPTER *Adapter, uint32_t Capacity);

/* What a session begins with, at the beginning of a cache line. */
typedef struct SESSION_TAG
{
    volatile uint32_t Magic;
} SESSION_TAG;

#define SESSION_MAGIC          0x53766C43u /* "ClvS" */
#define SESSION_MAGIC_DEAD     0x44766C43u /* "ClvD" */
#define SESSION_LOWEST_ADDRESS 0x10000u    /* below it, no system has memory */

/*
 * Whether Handle, which may be anything that an application passes, is a session, or one that has
 * ended not long ago. Looks at the memory there, without a lock, as the data path asks this for
 * each packet. All other functions take only what passes this check.
 */
static inline int
SessionIsHandle(const void *Handle)
{
    if ((uintptr_t)Handle < SESSION_LOWEST_ADDRESS || (uintptr_t)Handle % CULVERT_CACHE_LINE != 0)
        return 0;
    uint32_t Magic = AtomicReadRelaxed(&((const SESSION_TAG *)Handle)->Magic);
    return Magic == SESSION_MAGIC || Magic == SESSION_MAGIC_DEAD;
}

/* Ends a session, unless it has been ended. Whoever waits on its event wakes. */
void
SessionEnd(SESSION *Session);

/* Frees what is kept of ended sessions; when the DLL is unloaded, and no thread is in it. */
void
SessionsForget(void);

/* Signalled when there may be packets again after ERROR_NO_MORE_ITEMS, and when the session ends.
 * Auto-reset; the session's. */
SYSTEM_EVENT
SessionReceiveEvent(SESSION *Session);

/* Signalled when there may be room again after ERROR_BUFFER_OVERFLOW, and when the session ends.
 * Manual-reset: a failing allocation resets it, and it is set at first. The session's. */
SYSTEM_EVENT
SessionRoomEvent(SESSION *Session);

/* How long a call may wait for what is not there. */
typedef struct SESSION_WAIT
{
    uint32_t Milliseconds; /* SYSTEM_FOREVER: without end */
    SYSTEM_EVENT Cancel;   /* the caller's event that ends the wait, or none */
} SESSION_WAIT;

/*
 * Takes the next packets, at most Count, which is not 0: the caller's until SessionRelease. Returns
 * how many there were, or 0 with
 *   ERROR_NO_MORE_ITEMS      none now, and there was no Wait
 *   ERROR_TIMEOUT, ERROR_OPERATION_ABORTED, or another error of SystemEventWait
 *   ERROR_HANDLE_EOF         the session or its adapter ended
 *   ERROR_INVALID_DATA       the ring's memory was overwritten.
 */
uint32_t
SessionReceive(SESSION *Session, SESSION_PACKET *Packets, uint32_t Count, const SESSION_WAIT *Wait);

/* Gives received packets back, in any order. Something else than a received packet is ignored. */
void
SessionRelease(SESSION *Session, const SESSION_PACKET *Packets, uint32_t Count);

/*
 * Room for Count packets, which is not 0, of the sizes in Packets, which the caller has checked: 1
 * to CULVERT_MAX_PACKET. They are sent in this order once SessionSend has been called for them and
 * for all that were allocated before. Returns how many there was room for, from the first on and
 * without another's in between, or 0 with ERROR_BUFFER_OVERFLOW (the ring is full, and there was no
 * Wait), or another error of SessionReceive.
 */
uint32_t
SessionAllocate(SESSION *Session, SESSION_PACKET *Packets, uint32_t Count,
                const SESSION_WAIT *Wait);

/* The packets are filled. Something else than an allocated packet is ignored. */
void
SessionSend(SESSION *Session, const SESSION_PACKET *Packets, uint32_t Count);

/* What the session has done so far, also after its end; takes no lock. Returns the capacity of each
 * ring, in bytes. */
uint32_t
SessionReadTraffic(SESSION *Session, SESSION_TRAFFIC *Receive, SESSION_TRAFFIC *Send);

#endif
