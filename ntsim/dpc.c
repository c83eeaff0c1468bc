/* SPDX-License-Identifier: MIT */
/*
 * The queue of DPCs, of one processor: a thread that calls them one after the other at
 * DISPATCH_LEVEL. Article "Introduction to DPC Objects".
 */
#include "io.h"
#include "thread.h"

/* All under the dispatcher's lock. DpcListEntry links the queue; DpcData is not NULL in it. */
static SINGLE_LIST_ENTRY Queue;
static BOOLEAN Running;
static pthread_once_t Once = PTHREAD_ONCE_INIT;

static BOOLEAN
IsQueued(void *Context)
{
    UNREFERENCED_PARAMETER(Context);
    return Queue.Next != NULL;
}

static void
ProcessorThread(void *Context)
{
    UNREFERENCED_PARAMETER(Context);
    SimDispatcherLock();
    for (;;)
    {
        if (!SimDispatcherWaitFor("a DPC", IsQueued, NULL, NULL))
            continue;
        PKDPC Dpc = CONTAINING_RECORD(Queue.Next, KDPC, DpcListEntry);
        Queue.Next = Dpc->DpcListEntry.Next;
        /* From here on it may be queued again, or be freed by its routine. */
        KDPC Called = *Dpc;
        Dpc->DpcData = NULL;
        Running = TRUE;
        SimDispatcherUnlock();
        KIRQL Old = KfRaiseIrql(DISPATCH_LEVEL);
        Called.DeferredRoutine(Dpc, Called.DeferredContext, Called.SystemArgument1,
                               Called.SystemArgument2);
        SimCheckReturn("a DPC", DISPATCH_LEVEL);
        KeLowerIrql(Old);
        SimDispatcherLock();
        Running = FALSE;
        SimDispatcherChanged();
    }
}

static void
StartThread(void)
{
    SimThreadDetach(SimThreadCreate(ProcessorThread, NULL, "DPCs"));
}

void
SimDpcStart(void)
{
    pthread_once(&Once, StartThread);
}

BOOLEAN
SimDpcIsBusy(void)
{
    return Queue.Next != NULL || Running;
}

BOOLEAN
SimDpcQueue(PKDPC Dpc, PVOID Argument1, PVOID Argument2)
{
    PSINGLE_LIST_ENTRY *End = &Queue.Next;
    if (Dpc->DpcData != NULL)
        return FALSE;
    Dpc->SystemArgument1 = Argument1;
    Dpc->SystemArgument2 = Argument2;
    Dpc->DpcData = &Queue;
    /* wdm/nf-wdm-kesetimportancedpc: those of high importance go to the head of the queue. */
    while (*End != NULL && Dpc->Importance != HighImportance)
        End = &(*End)->Next;
    Dpc->DpcListEntry.Next = *End;
    *End = &Dpc->DpcListEntry;
    SimDispatcherChanged();
    return TRUE;
}

VOID NTAPI
KeInitializeDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext)
{
    *Dpc = (KDPC){.Importance = MediumImportance,
                  .DeferredRoutine = DeferredRoutine,
                  .DeferredContext = DeferredContext};
}

VOID NTAPI
KeSetImportanceDpc(PRKDPC Dpc, KDPC_IMPORTANCE Importance)
{
    Dpc->Importance = (UCHAR)Importance;
}

NTSTATUS NTAPI
KeSetTargetProcessorDpcEx(PKDPC Dpc, PPROCESSOR_NUMBER Processor)
{
    if (Processor->Group != 0 || Processor->Reserved != 0 ||
        Processor->Number >= KeQueryMaximumProcessorCountEx(0))
        return STATUS_INVALID_PARAMETER;
    Dpc->Number = Processor->Number; /* all of them share the queue */
    return STATUS_SUCCESS;
}

BOOLEAN NTAPI
KeInsertQueueDpc(PRKDPC Dpc, PVOID SystemArgument1, PVOID SystemArgument2)
{
    static const char Page[] = "wdm/nf-wdm-keinsertqueuedpc";
    SimPoint("KeInsertQueueDpc");
    if (Dpc->DeferredRoutine == NULL)
        SimRuleBroken("KeInsertQueueDpc", Page, "DPC %p is not initialised", (void *)Dpc);
    SimDpcStart();
    SimDispatcherLock();
    BOOLEAN Inserted = SimDpcQueue(Dpc, SystemArgument1, SystemArgument2);
    SimDispatcherUnlock();
    return Inserted;
}

BOOLEAN NTAPI
KeRemoveQueueDpc(PRKDPC Dpc)
{
    SimPoint("KeRemoveQueueDpc");
    SimDispatcherLock();
    BOOLEAN Queued = Dpc->DpcData != NULL;
    if (Queued)
    {
        PSINGLE_LIST_ENTRY *Link = &Queue.Next;
        while (*Link != &Dpc->DpcListEntry)
            Link = &(*Link)->Next;
        *Link = Dpc->DpcListEntry.Next;
        Dpc->DpcData = NULL;
        SimDispatcherChanged();
    }
    SimDispatcherUnlock();
    return Queued;
}

static BOOLEAN
IsIdle(void *Context)
{
    UNREFERENCED_PARAMETER(Context);
    return !SimDpcIsBusy();
}

VOID NTAPI
KeFlushQueuedDpcs(VOID)
{
    static const char Page[] = "wdm/nf-wdm-keflushqueueddpcs";
    SimCheckIrql("KeFlushQueuedDpcs", Page, PASSIVE_LEVEL, PASSIVE_LEVEL);
    SimDispatcherLock();
    if (!SimDispatcherWaitFor("KeFlushQueuedDpcs", IsIdle, NULL, NULL))
        SimRuleBroken("KeFlushQueuedDpcs", Page, "the DPCs do not come to an end");
    SimDispatcherUnlock();
}
