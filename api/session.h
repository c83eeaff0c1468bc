/* SPDX-License-Identifier: MIT */
/*
 * Sessions: the application's side of the rings. The same for every generation of the public API,
 * and for every system: what it needs of that is in system.h.
 *
 * Threads: SessionReceive, SessionRelease, SessionAllocate and SessionSend may be called from any
 * thread at any time, and by several at once. A call that races with SessionEnd either finishes
 * first or fails with ERROR_HANDLE_EOF.
 */
#ifndef CULVERT_API_SESSION_H
#define CULVERT_API_SESSION_H

#include <stdint.h>
#include "system.h"
#include "../contract/ring.h"

typedef struct SESSION SESSION;

/*
 * Starts a session on an adapter, with two rings of Capacity bytes. Returns NULL and sets the last
 * error: ERROR_INVALID_PARAMETER (Capacity), ERROR_NOT_ENOUGH_MEMORY, ERROR_SHARING_VIOLATION (the
 * adapter has a session), or what opening the adapter's device said.
 */
SESSION *
SessionStart(SYSTEM_ADAPTER *Adapter, uint32_t Capacity);

/*
 * Whether Session, which may be anything that an application passes as a handle, is a session, or
 * one that has ended not long ago. Looks at the memory there, without a lock, as the data path
 * asks this for each packet. All other functions take only what passes this check.
 */
int
SessionIsHandle(const SESSION *Session);

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

/*
 * The next packet and its size in bytes, the caller's until SessionRelease. NULL with
 * ERROR_NO_MORE_ITEMS (none now), ERROR_HANDLE_EOF (the session or its adapter ended) or
 * ERROR_INVALID_DATA (the ring's memory was overwritten).
 */
uint8_t *
SessionReceive(SESSION *Session, uint32_t *Size);

/* Gives a received packet back, in any order. Something else than a received packet is ignored. */
void
SessionRelease(SESSION *Session, const uint8_t *Packet);

/*
 * Room for a packet of Size bytes, which is sent in the order of these calls once SessionSend has
 * been called for it and for all before it. NULL with ERROR_INVALID_PARAMETER (Size is 0 or above
 * CULVERT_MAX_PACKET), ERROR_BUFFER_OVERFLOW (the ring is full), ERROR_HANDLE_EOF or
 * ERROR_INVALID_DATA.
 */
uint8_t *
SessionAllocate(SESSION *Session, uint32_t Size);

/* The packet is filled. Something else than an allocated packet is ignored. */
void
SessionSend(SESSION *Session, const uint8_t *Packet);

#endif
