/* SPDX-License-Identifier: MIT */
/* What the simulator keeps of each thread. The body of a thread object. */
#ifndef CULVERT_NTSIM_THREAD_H
#define CULVERT_NTSIM_THREAD_H

#include "lock_order.h"
#include "rules.h"
#include "object.h"

/* DISPATCHER_HEADER.Type of the objects that can be waited for; events have their EVENT_TYPE,
 * timers their TIMER_TYPE added. */
#define SIM_DISPATCHER_MUTEX     2
#define SIM_DISPATCHER_SEMAPHORE 5
#define SIM_DISPATCHER_THREAD    6
#define SIM_DISPATCHER_TIMER     8

/* Written by the thread itself only, except for Header. */
struct _KTHREAD
{
    DISPATCHER_HEADER Header; /* signalled when the thread has ended */
    KIRQL Irql;
    int Processor; /* at DISPATCH_LEVEL: the one that it occupies; else -1 */
    unsigned SpinLocks;
    unsigned FastMutexes;
    unsigned CriticalRegions; /* that it is in */
    unsigned Rundowns;        /* rundown protections that it has acquired */
    unsigned HeldCount;       /* of Held: the locks that it holds, in the order of taking */
    SIM_HELD_LOCK Held[SIM_HELD_MAX];
    unsigned FaultExempt;
    ULONG64 Random;
    SIM_PROCESS *Process; /* whose handles the thread uses */
    BOOLEAN System;       /* made by PsCreateSystemThread */
    BOOLEAN Known;
    PKSTART_ROUTINE Start;
    PVOID Context;
};

/* The calling thread. Threads that the test made are known from their first call on. */
struct _KTHREAD *
SimThread(void);

/* The threads that PsCreateSystemThread has made and that have not ended. */
unsigned
SimSystemThreads(void);

/* Those of them that have ended, but whose object is still theirs. */
unsigned
SimEndingThreads(void);

/* Whether another thread of its process can suspend this one here. A suspension is a normal kernel
 * APC: article "Disabling APCs". */
static inline BOOLEAN
SimMayBeSuspended(const struct _KTHREAD *Thread)
{
    return !Thread->System && Thread->Irql < APC_LEVEL && Thread->CriticalRegions == 0;
}

/* Breaks a rule if the calling thread holds rundown protection and may be suspended. */
void
SimCheckSuspension(const char *Call);

/* Breaks a rule if the thread has not the IRQL that it had when it entered Routine, or holds
 * locks, rundown protection, or is in a critical region. */
void
SimCheckReturn(const char *Routine, KIRQL Irql);

#endif
