/* SPDX-License-Identifier: MIT */
/* Waiting: the one lock and condition under which all dispatcher objects change. */
#ifndef CULVERT_NTSIM_DISPATCHER_H
#define CULVERT_NTSIM_DISPATCHER_H

#include <pthread.h>
#include <time.h>
#include "rules.h"
#include "scheduler.h"

/* How long anything may take that is to happen, in seconds: beyond it a wait counts as one without
 * end. The environment variable NTSIM_SECONDS may say another number. */
unsigned
SimSecondsMax(void);

void
SimDispatcherLock(void);
void
SimDispatcherUnlock(void);

/* Wakes those whose condition holds now. Under the lock. */
void
SimDispatcherChanged(void);

/* Waits, under the lock, until Condition(Context) or Deadline, which NULL lets be SimSecondsMax()
 * after the last change; of scheduled threads, never. What says what for. Returns whether the
 * condition holds. */
BOOLEAN
SimDispatcherWaitFor(const char *What, SIM_CONDITION *Condition, void *Context,
                     const struct timespec *Deadline);

/* Waits until every system thread waits for something that has not happened. FALSE: not within
 * SimSecondsMax(). By one thread at a time, which is no system thread. Under the lock, which it
 * gives up meanwhile. */
BOOLEAN
SimDispatcherWaitIdle(void);

/* The time HundredNs units of 100 ns from now, for SimDispatcherWaitFor. */
struct timespec
SimDeadline(LONGLONG HundredNs);

/* Makes Header that of an object of Type that can be waited for. */
void
SimDispatcherInit(PDISPATCHER_HEADER Header, UCHAR Type, LONG State);

#endif
