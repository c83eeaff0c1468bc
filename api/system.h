/* SPDX-License-Identifier: MIT */
/*
 * All that the session code needs of the system: locks, events, the last error, and the session's
 * request to the driver. system_windows.c implements it, and ntsim/win32/system_ntsim.c for the
 * simulated kernel.
 */
#ifndef CULVERT_API_SYSTEM_H
#define CULVERT_API_SYSTEM_H

#include <stdint.h>

#ifdef _WIN32
#include <windows.h>
typedef SRWLOCK SYSTEM_LOCK;
typedef HANDLE SYSTEM_EVENT;
#else
/* On the include path of the build for another system: SYSTEM_LOCK (zeroes are an unlocked one),
 * SYSTEM_EVENT (zero is none), and the error codes. */
#include <system_types.h>
#endif

/* An adapter that sessions can be started on: adapter.h. */
typedef struct ADAPTER SYSTEM_ADAPTER;

void
SystemLockAcquire(SYSTEM_LOCK *Lock);
void
SystemLockRelease(SYSTEM_LOCK *Lock);

/*
 * A thread has looked many times, and *Word, which another thread will write, is still not 0: gives
 * the processor away for a while. Turn counts how often it has done so already, from 0 on: later
 * turns are longer ones, in which threads of lower priority run, too.
 */
void
SystemLetOthersRun(const volatile uint32_t *Word, uint32_t Turn);

/* Memory of zeroes at the beginning of a cache line, or NULL with the last error set. */
void *
SystemAllocate(size_t Bytes);
void
SystemFree(void *Memory);

void
SystemEventSet(SYSTEM_EVENT Event);
void
SystemEventReset(SYSTEM_EVENT Event);

/* A time without end for SystemEventWait. */
#define SYSTEM_FOREVER UINT32_MAX

/*
 * Waits until Event is set, for at most Milliseconds. ERROR_SUCCESS, ERROR_TIMEOUT,
 * ERROR_OPERATION_ABORTED (Cancel, which may be no event, is signalled, and Event is not), or the
 * error of a Cancel that cannot be waited for.
 */
uint32_t
SystemEventWait(SYSTEM_EVENT Event, SYSTEM_EVENT Cancel, uint32_t Milliseconds);

/* A clock that only goes forward, in milliseconds. */
uint64_t
SystemMilliseconds(void);

void
SystemSetLastError(uint32_t Error);

/* The driver's end of a session. */
typedef struct SYSTEM_LINK SYSTEM_LINK;

/* What a link gives the session to work with. */
typedef struct SYSTEM_LINK_PARTS
{
    void *Memory;                /* CulvertSessionBytes(Capacity) bytes, shared with the driver */
    SYSTEM_EVENT ReceiveEvent;   /* auto-reset; set by the driver, see contract/session.h */
    SYSTEM_EVENT SendSpaceEvent; /* manual-reset; set by the driver, not set at the beginning */
    SYSTEM_EVENT SendEvent;      /* auto-reset; waited for by the driver */
} SYSTEM_LINK_PARTS;

/*
 * Asks the driver of an adapter to start a session, and returns when it has accepted. NULL and the
 * last error if anything failed. Ended(Context) is called once, on another thread, when the
 * driver has ended the session, whoever wanted that.
 */
SYSTEM_LINK *
SystemLinkOpen(SYSTEM_ADAPTER *Adapter, uint32_t Capacity, void (*Ended)(void *Context),
               void *Context, SYSTEM_LINK_PARTS *Parts);

/* Ends the session if it has not ended yet, waits until the driver is done with the memory, and
 * frees it. Events stay open: SystemLinkCloseEvents. */
void
SystemLinkClose(SYSTEM_LINK *Link);

/* Closes the events of a closed link. */
void
SystemLinkCloseEvents(const SYSTEM_LINK_PARTS *Parts);

#endif
