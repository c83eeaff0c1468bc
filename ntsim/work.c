/* SPDX-License-Identifier: MIT */
/*
 * Work items, on a thread of the simulated system that lives as long as the program. Article
 * "System Worker Threads".
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "io.h"
#include "thread.h"

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

/* All under the dispatcher's lock. */
static WORK *First, **Last = &First;
static unsigned WorkRunning, WorkItems;
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

static void
StartThread(void)
{
    SimThreadDetach(SimThreadCreate(Worker, NULL, "worker"));
}

void
SimWorkQueue(void (*Routine)(PVOID Context), PVOID Context)
{
    WORK *Work = malloc(sizeof(*Work));
    pthread_once(&Once, StartThread);
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
    return First == NULL && WorkRunning == 0 && !SimDpcIsBusy();
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
    unsigned Count = WorkItems + SimTimersArmed();
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
