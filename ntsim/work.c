/* SPDX-License-Identifier: MIT */
/*
 * Work items, timers and their DPCs, each on a thread of the simulated system that lives as long as
 * the program. Articles "System Worker Threads", "Timer Objects and DPCs".
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "io.h"
#include "thread.h"

#define TIMERS_MAX 32

typedef struct WORK
{
    struct WORK *Next;
    void (*Routine)(PVOID Context);
    PVOID Context;
} WORK;

struct _IO_WORKITEM
{
    PDEVICE_OBJECT Device;
    PIO_WORKITEM_ROUTINE Routine;
    PVOID Context;
    volatile LONG Queued;
};

typedef struct ARMED
{
    PKTIMER Timer;
    PKDPC Dpc;
    struct timespec Due;
} ARMED;

/* All under the dispatcher's lock. */
static WORK *First, **Last = &First;
static unsigned WorkRunning, DpcRunning, WorkItems;
static ARMED Armed[TIMERS_MAX];
static pthread_once_t Once = PTHREAD_ONCE_INIT;

static BOOLEAN
IsWorkQueued(void *Context)
{
    UNREFERENCED_PARAMETER(Context);
    return First != NULL;
}

static void
Worker(void *Context)
{
    UNREFERENCED_PARAMETER(Context);
    SimDispatcherLock();
    for (;;)
    {
        if (!SimDispatcherWaitFor("work", IsWorkQueued, NULL, NULL))
            continue;
        WORK *Work = First;
        First = Work->Next;
        if (First == NULL)
            Last = &First;
        WorkRunning++;
        SimDispatcherUnlock();
        Work->Routine(Work->Context);
        SimCheckReturn("a work item", PASSIVE_LEVEL);
        free(Work);
        SimDispatcherLock();
        WorkRunning--;
        SimDispatcherChanged();
    }
}

static BOOLEAN
Earlier(const struct timespec *A, const struct timespec *B)
{
    return A->tv_sec < B->tv_sec || (A->tv_sec == B->tv_sec && A->tv_nsec < B->tv_nsec);
}

/* The timer that is due first, or NULL. */
static ARMED *
NextTimer(void)
{
    ARMED *Next = NULL;
    for (unsigned At = 0; At < TIMERS_MAX; ++At)
    {
        if (Armed[At].Timer != NULL && (Next == NULL || Earlier(&Armed[At].Due, &Next->Due)))
            Next = &Armed[At];
    }
    return Next;
}

/* Whether another timer than the one that is waited for is next. */
static BOOLEAN
IsTimerChanged(void *Context)
{
    const ARMED *Waited = Context, *Next = NextTimer();
    return Next == NULL ? Waited->Timer != NULL
                        : Waited->Timer != Next->Timer || Earlier(&Waited->Due, &Next->Due) ||
                              Earlier(&Next->Due, &Waited->Due);
}

static void
TimerThread(void *Context)
{
    UNREFERENCED_PARAMETER(Context);
    SimDispatcherLock();
    for (;;)
    {
        ARMED *Next = NextTimer();
        struct timespec Now = SimDeadline(0);
        if (Next == NULL || Earlier(&Now, &Next->Due))
        {
            ARMED Waited = Next != NULL ? *Next : (ARMED){0};
            SimDispatcherWaitFor("a timer", IsTimerChanged, &Waited,
                                 Next != NULL ? &Waited.Due : NULL);
            continue;
        }
        PKDPC Dpc = Next->Dpc;
        if (Next->Timer->Period != 0)
            Next->Due = SimDeadline((LONGLONG)Next->Timer->Period * 10000);
        else
            Next->Timer = NULL;
        if (Dpc == NULL)
            continue;
        DpcRunning++;
        SimDispatcherUnlock();
        KIRQL Old = KfRaiseIrql(DISPATCH_LEVEL);
        Dpc->DeferredRoutine(Dpc, Dpc->DeferredContext, NULL, NULL);
        SimCheckReturn("a DPC", DISPATCH_LEVEL);
        KeLowerIrql(Old);
        SimDispatcherLock();
        DpcRunning--;
        SimDispatcherChanged();
    }
}

static void
StartThreads(void)
{
    SimThreadDetach(SimThreadCreate(Worker, NULL, "worker"));
    SimThreadDetach(SimThreadCreate(TimerThread, NULL, "timers"));
}

void
SimWorkQueue(void (*Routine)(PVOID Context), PVOID Context)
{
    WORK *Work = malloc(sizeof(*Work));
    pthread_once(&Once, StartThreads);
    SimPoint("a work queue");
    *Work = (WORK){.Routine = Routine, .Context = Context};
    SimDispatcherLock();
    *Last = Work;
    Last = &Work->Next;
    SimDispatcherChanged();
    SimDispatcherUnlock();
}

static BOOLEAN
IsWorkDone(void *Context)
{
    UNREFERENCED_PARAMETER(Context);
    return SimWorkIsDone();
}

BOOLEAN
SimWorkIsDone(void)
{
    return First == NULL && WorkRunning == 0 && DpcRunning == 0;
}

void
SimWorkDrain(void)
{
    SimDispatcherLock();
    if (!SimDispatcherWaitFor("the end of all work", IsWorkDone, NULL, NULL))
        abort();
    SimDispatcherUnlock();
}

unsigned
SimWorkCount(void)
{
    SimDispatcherLock();
    unsigned Count = WorkItems;
    for (unsigned At = 0; At < TIMERS_MAX; ++At)
        Count += Armed[At].Timer != NULL;
    SimDispatcherUnlock();
    return Count;
}

unsigned
SimWorkLeft(void)
{
    unsigned Left = SimWorkCount();
    if (Left != 0)
        fprintf(stderr, "ntsim: left: %u work items and armed timers\n", Left);
    return Left;
}

/* ---- Work items --------------------------------------------------------------------------------
 */

PIO_WORKITEM NTAPI
IoAllocateWorkItem(PDEVICE_OBJECT DeviceObject)
{
    SimCheckIrql("IoAllocateWorkItem", "wdm/nf-wdm-ioallocateworkitem", PASSIVE_LEVEL,
                 DISPATCH_LEVEL);
    if (SimFault("IoAllocateWorkItem"))
        return NULL;
    PIO_WORKITEM Item = calloc(1, sizeof(*Item));
    Item->Device = DeviceObject;
    SimDispatcherLock();
    WorkItems++;
    SimDispatcherUnlock();
    return Item;
}

VOID NTAPI
IoFreeWorkItem(PIO_WORKITEM IoWorkItem)
{
    SimCheckIrql("IoFreeWorkItem", "wdm/nf-wdm-iofreeworkitem", PASSIVE_LEVEL, DISPATCH_LEVEL);
    if (IoWorkItem->Queued)
        SimRuleBroken("IoFreeWorkItem", "wdm/nf-wdm-iofreeworkitem", "work item %p is queued",
                      (void *)IoWorkItem);
    SimDispatcherLock();
    WorkItems--;
    SimDispatcherUnlock();
    free(IoWorkItem);
}

/* The item may be freed by its routine, so it counts as taken off the queue before. */
static void
RunWorkItem(PVOID Context)
{
    PIO_WORKITEM Item = Context;
    PDEVICE_OBJECT Device = Item->Device;
    __atomic_store_n(&Item->Queued, 0, __ATOMIC_RELEASE);
    Item->Routine(Device, Item->Context);
    SimDeviceDereference(Device);
}

VOID NTAPI
IoQueueWorkItem(PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE WorkerRoutine,
                WORK_QUEUE_TYPE QueueType, PVOID Context)
{
    static const char Page[] = "wdm/nf-wdm-ioqueueworkitem";
    UNREFERENCED_PARAMETER(QueueType);
    SimCheckIrql("IoQueueWorkItem", Page, PASSIVE_LEVEL, DISPATCH_LEVEL);
    if (__atomic_exchange_n(&IoWorkItem->Queued, 1, __ATOMIC_ACQ_REL))
        SimRuleBroken("IoQueueWorkItem", Page, "work item %p is queued already",
                      (void *)IoWorkItem);
    IoWorkItem->Routine = WorkerRoutine;
    IoWorkItem->Context = Context;
    SimDeviceReference(IoWorkItem->Device);
    SimWorkQueue(RunWorkItem, IoWorkItem);
}

/* ---- Timers ------------------------------------------------------------------------------------
 */

VOID NTAPI
KeInitializeTimerEx(PKTIMER Timer, TIMER_TYPE Type)
{
    memset(Timer, 0, sizeof(*Timer));
    SimDispatcherInit(&Timer->Header, (UCHAR)(8 + Type), 0);
}

VOID NTAPI
KeInitializeDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext)
{
    memset(Dpc, 0, sizeof(*Dpc));
    Dpc->DeferredRoutine = DeferredRoutine;
    Dpc->DeferredContext = DeferredContext;
}

/* Under the lock. */
static BOOLEAN
Disarm(PKTIMER Timer)
{
    for (unsigned At = 0; At < TIMERS_MAX; ++At)
    {
        if (Armed[At].Timer == Timer)
        {
            Armed[At].Timer = NULL;
            return TRUE;
        }
    }
    return FALSE;
}

BOOLEAN NTAPI
KeCancelTimer(PKTIMER Timer)
{
    SimPoint("KeCancelTimer");
    SimCheckIrql("KeCancelTimer", "wdm/nf-wdm-kecanceltimer", PASSIVE_LEVEL, DISPATCH_LEVEL);
    SimDispatcherLock();
    BOOLEAN Was = Disarm(Timer);
    SimDispatcherUnlock();
    return Was;
}

BOOLEAN NTAPI
KeSetTimerEx(PKTIMER Timer, LARGE_INTEGER DueTime, LONG Period, PKDPC Dpc)
{
    static const char Page[] = "wdm/nf-wdm-kesettimerex";
    SimPoint("KeSetTimerEx");
    SimCheckIrql("KeSetTimerEx", Page, PASSIVE_LEVEL, DISPATCH_LEVEL);
    if (DueTime.QuadPart > 0)
        SimRuleBroken("KeSetTimerEx", Page, "DueTime is an absolute time, which is not simulated");
    pthread_once(&Once, StartThreads);
    SimDispatcherLock();
    BOOLEAN Was = Disarm(Timer);
    unsigned At = 0;
    while (Armed[At].Timer != NULL)
    {
        if (++At == TIMERS_MAX)
            abort();
    }
    Timer->Period = (ULONG)Period;
    Armed[At] = (ARMED){.Timer = Timer, .Dpc = Dpc, .Due = SimDeadline(-DueTime.QuadPart)};
    SimDispatcherChanged();
    SimDispatcherUnlock();
    return Was;
}

static BOOLEAN
IsDpcDone(void *Context)
{
    UNREFERENCED_PARAMETER(Context);
    return DpcRunning == 0;
}

VOID NTAPI
KeFlushQueuedDpcs(VOID)
{
    SimCheckIrql("KeFlushQueuedDpcs", "wdm/nf-wdm-keflushqueueddpcs", PASSIVE_LEVEL, PASSIVE_LEVEL);
    SimDispatcherLock();
    if (!SimDispatcherWaitFor("KeFlushQueuedDpcs", IsDpcDone, NULL, NULL))
        abort();
    SimDispatcherUnlock();
}
