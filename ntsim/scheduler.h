/* SPDX-License-Identifier: MIT */
/*
 * Threads of the simulated system, and a scheduler that decides, from a seed, which of them runs.
 *
 * Without it (at first) threads are the host's and run as that likes. From SimScheduleBegin on
 * exactly one runs at a time, until it waits or comes to a synchronisation point: a call of the
 * kernel that locks, signals, waits or queues, and in a driver compiled with HOOKS thread
 * (access.h) each atomic access and each access to an application's pages; in the DLL's session
 * code with HOOKS thread also each access to what it has allocated. There the seed decides who runs
 * next. Time is virtual: it stands still while anybody can run, then jumps to the next time-out. If
 * there is none, all wait for each other, which is reported with what each waits for. Nothing else
 * decides anything, so the same program does the same with the same seed.
 *
 * A seed is one of two ways to choose. A random walk: at each point somebody else goes on with a
 * probability that the seed chooses. Or priorities ("A Randomized Scheduler with Probabilistic
 * Guarantees of Finding Bugs", Burckhardt and others, 2010): threads have random priorities, the
 * highest one that can run does, and at a few random points the running one falls to the lowest. A
 * bug that needs d such changes is found with a probability that does not depend on the number of
 * threads' interleavings.
 *
 * Memory is that of x86 (store_buffer.h): in a driver compiled with HOOKS thread a store that is
 * not locked becomes visible to the other threads later than it is made, when the seed says so.
 */
#ifndef CULVERT_NTSIM_SCHEDULER_H
#define CULVERT_NTSIM_SCHEDULER_H

#include <time.h>
#include "rules.h"

/* ---- Threads ------------------------------------------------------------------------------------
 */

typedef struct SIM_THREAD SIM_THREAD;

/* Runs Main(Context) on a thread of its own; Name is kept, for reports. Exactly one of the two
 * others follows. */
SIM_THREAD *
SimThreadCreate(void (*Main)(void *Context), void *Context, const char *Name);

/* Waits for its end. */
void
SimThreadJoin(SIM_THREAD *Thread);

/* Nobody will wait for its end. */
void
SimThreadDetach(SIM_THREAD *Thread);

/* Lets time pass: Milliseconds, or Units of 100 ns. */
void
SimSleep(unsigned Milliseconds);
void
SimSleepUnits(ULONG64 Units);

/* Suspends a thread of an application, or resumes it: from then on it goes no further than to where
 * it may be suspended (SimMayBeSuspended), until it is resumed. Of threads that are scheduled; not
 * of the calling one. A thread that ends waits to be resumed for that, too. */
void
SimThreadSuspend(SIM_THREAD *Thread);
void
SimThreadResume(SIM_THREAD *Thread);

/* ---- The scheduler ------------------------------------------------------------------------------
 */

/* Once in a process, before any other thread. The calling thread and all that SimThreadCreate makes
 * are scheduled from now on. Nobody is preempted before SimSchedulePreempt(TRUE). The changes of
 * priorities fall into the first Points points: about as many as a run has. */
void
SimScheduleBegin(ULONG64 Seed, ULONG Points);

/* Whether the running thread is preempted at synchronisation points. */
void
SimSchedulePreempt(BOOLEAN Preempt);

/* Prints each change of the running thread, from now on. */
void
SimScheduleTrace(void);

/* A number below Bound, from the seed: for what a scenario itself leaves open. */
ULONG
SimScheduleRandom(ULONG Bound);

typedef struct SIM_SCHEDULE
{
    ULONG64 Hash;     /* of who was where at each point: the same for the same run */
    ULONG64 Points;   /* synchronisation points where somebody else could have gone on */
    ULONG64 Switches; /* changes of the running thread */
    ULONG64 Time;     /* virtual, in 100 ns */
} SIM_SCHEDULE;

SIM_SCHEDULE
SimScheduleResult(void);

/* ---- For the parts of the simulator -------------------------------------------------------------
 */

/* Whether the calling thread is scheduled. */
BOOLEAN
SimScheduled(void);

/* A synchronisation point of a scheduled thread. What is kept. */
void
SimSchedulePoint(const char *What);

/* Whether what a thread waits for is there; looks only. */
typedef BOOLEAN
SIM_CONDITION(void *Context);

/* The calling thread, which is scheduled, waits until Condition(Context) or, if Deadline is not
 * NULL, that time. What, which is kept, says what for. FALSE: the time is over. No lock may be held
 * that others need to change the condition. */
BOOLEAN
SimScheduleWait(const char *What, SIM_CONDITION *Condition, void *Context,
                const struct timespec *Deadline);

/* The calling thread, if it is scheduled, polls for what another one will do: lets others go on,
 * until one of them has come to a point, or for 100 ns if none can. */
void
SimScheduleYield(void);

/* The virtual time; SimDeadline counts from it. */
struct timespec
SimScheduleNow(void);

#endif
