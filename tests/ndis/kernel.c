/* SPDX-License-Identifier: MIT */
/* Memory, IRQL, locks, events, timers, work items of the test kernel: see kernel.h. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "kernel.h"
#include "kernel_objects.h"

#define CHECK(Condition)                                                                           \
    do                                                                                             \
    {                                                                                              \
        if (!(Condition))                                                                          \
            KernelBugCheck(__FILE__, __LINE__, #Condition);                                        \
    } while (0)

struct _IO_WORKITEM
{
    PIO_WORKITEM_ROUTINE Routine;
    PVOID Context;
    PDEVICE_OBJECT Device;
    struct _IO_WORKITEM *NextQueued;
};

typedef struct POOL_BLOCK
{
    size_t Size;
    ULONG Tag;
    struct POOL_BLOCK *Next;
    struct POOL_BLOCK **Link;
    _Alignas(16) unsigned char Data[];
} POOL_BLOCK;

static pthread_mutex_t Mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t Changed = PTHREAD_COND_INITIALIZER;
static _Thread_local KIRQL CurrentIrql;
static POOL_BLOCK *Pool;
static unsigned FailAfter;
static unsigned Mdls;
static unsigned WorkItems;
static struct _IO_WORKITEM *QueuedItems;
static PKTIMER Timers[16];
static PKDPC TimerDpcs[16];

void
KernelBugCheck(const char *File, int Line, const char *Condition)
{
    fprintf(stderr, "kernel bug check: %s:%d: %s\n", File, Line, Condition);
    abort();
}

void
KernelSetIrql(KIRQL Irql)
{
    CurrentIrql = Irql;
}

void
KernelFailAllocation(unsigned Count)
{
    FailAfter = Count + 1;
}

void
KernelReset(void)
{
    CurrentIrql = PASSIVE_LEVEL;
    FailAfter = 0;
    Pool = NULL;
    Mdls = WorkItems = 0;
    QueuedItems = NULL;
    memset(Timers, 0, sizeof(Timers));
    KernelObjectsReset();
}

unsigned
KernelLeaks(void)
{
    unsigned Leaks = 0;
    for (POOL_BLOCK *Block = Pool; Block; Block = Block->Next, Leaks++)
        fprintf(stderr, "leaked: %zu bytes with tag %.4s\n", Block->Size, (char *)&Block->Tag);
    if (Mdls != 0)
        fprintf(stderr, "leaked: %u MDLs\n", Mdls);
    if (WorkItems != 0)
        fprintf(stderr, "leaked: %u work items\n", WorkItems);
    return Leaks + Mdls + WorkItems + KernelObjectsLeft();
}

PVOID NTAPI
ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    (void)PoolType;
    CHECK(Tag != 0 && NumberOfBytes != 0 && CurrentIrql <= DISPATCH_LEVEL);
    if (FailAfter != 0 && --FailAfter == 0)
        return NULL;
    POOL_BLOCK *Block = malloc(sizeof(*Block) + NumberOfBytes);
    memset(Block->Data, 0xA5, NumberOfBytes);
    Block->Size = NumberOfBytes;
    Block->Tag = Tag;
    pthread_mutex_lock(&Mutex);
    Block->Next = Pool;
    Block->Link = &Pool;
    if (Pool)
        Pool->Link = &Block->Next;
    Pool = Block;
    pthread_mutex_unlock(&Mutex);
    return Block->Data;
}

VOID NTAPI
ExFreePoolWithTag(PVOID P, ULONG Tag)
{
    POOL_BLOCK *Block = CONTAINING_RECORD(P, POOL_BLOCK, Data);
    CHECK(P != NULL && (Tag == 0 || Tag == Block->Tag) && CurrentIrql <= DISPATCH_LEVEL);
    pthread_mutex_lock(&Mutex);
    *Block->Link = Block->Next;
    if (Block->Next)
        Block->Next->Link = Block->Link;
    pthread_mutex_unlock(&Mutex);
    memset(Block->Data, 0xDD, Block->Size);
    free(Block);
}

/* ---- IRQL and locks -------------------------------------------------------------------------- */

KIRQL NTAPI
KeGetCurrentIrql(VOID)
{
    return CurrentIrql;
}

KIRQL NTAPI
KfRaiseIrql(KIRQL NewIrql)
{
    KIRQL Old = CurrentIrql;
    CHECK(NewIrql >= Old);
    CurrentIrql = NewIrql;
    return Old;
}

VOID NTAPI
KeLowerIrql(KIRQL NewIrql)
{
    CHECK(NewIrql <= CurrentIrql);
    CurrentIrql = NewIrql;
}

VOID NTAPI
KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
    CHECK(CurrentIrql == DISPATCH_LEVEL);
    CHECK(__atomic_load_n(SpinLock, __ATOMIC_RELAXED) != (KSPIN_LOCK)pthread_self());
    KSPIN_LOCK Free = 0;
    while (!__atomic_compare_exchange_n(SpinLock, &Free, (KSPIN_LOCK)pthread_self(), 0,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        Free = 0;
}

VOID NTAPI
KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock)
{
    CHECK(CurrentIrql == DISPATCH_LEVEL &&
          __atomic_load_n(SpinLock, __ATOMIC_RELAXED) == (KSPIN_LOCK)pthread_self());
    __atomic_store_n(SpinLock, 0, __ATOMIC_RELEASE);
}

KIRQL NTAPI
KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK SpinLock)
{
    KIRQL Old = KfRaiseIrql(DISPATCH_LEVEL);
    KeAcquireSpinLockAtDpcLevel(SpinLock);
    return Old;
}

VOID NTAPI
KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql)
{
    KeReleaseSpinLockFromDpcLevel(SpinLock);
    KeLowerIrql(NewIrql);
}

PKTHREAD NTAPI
KeGetCurrentThread(VOID)
{
    return (PKTHREAD)pthread_self();
}

/* ---- Events ---------------------------------------------------------------------------------- */

VOID NTAPI
KeInitializeEvent(PRKEVENT Event, EVENT_TYPE Type, BOOLEAN State)
{
    Event->Header.Type = (UCHAR)Type;
    Event->Header.SignalState = State;
}

LONG NTAPI
KeSetEvent(PRKEVENT Event, KPRIORITY Increment, BOOLEAN Wait)
{
    (void)Increment;
    (void)Wait;
    CHECK(CurrentIrql <= DISPATCH_LEVEL);
    pthread_mutex_lock(&Mutex);
    LONG Old = Event->Header.SignalState;
    Event->Header.SignalState = 1;
    pthread_cond_broadcast(&Changed);
    pthread_mutex_unlock(&Mutex);
    return Old;
}

LONG NTAPI
KeResetEvent(PRKEVENT Event)
{
    pthread_mutex_lock(&Mutex);
    LONG Old = Event->Header.SignalState;
    Event->Header.SignalState = 0;
    pthread_mutex_unlock(&Mutex);
    return Old;
}

VOID NTAPI
KeClearEvent(PRKEVENT Event)
{
    KeResetEvent(Event);
}

static struct timespec
Deadline(LONGLONG HundredNs)
{
    struct timespec Now;
    clock_gettime(CLOCK_REALTIME, &Now);
    LONGLONG Total = (LONGLONG)Now.tv_nsec + HundredNs * 100;
    Now.tv_sec += Total / 1000000000;
    Now.tv_nsec = Total % 1000000000;
    return Now;
}

NTSTATUS NTAPI
KeWaitForSingleObject(PVOID Object, KWAIT_REASON WaitReason, KPROCESSOR_MODE WaitMode,
                      BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    PKEVENT Event = Object;
    (void)WaitReason;
    (void)WaitMode;
    (void)Alertable;
    CHECK(CurrentIrql <= APC_LEVEL);
    /* A wait for ever that does not end within this time is a failure of the test. */
    struct timespec End = Deadline(Timeout ? -Timeout->QuadPart : 20 * 10000000LL);
    NTSTATUS Status = STATUS_SUCCESS;
    pthread_mutex_lock(&Mutex);
    while (Event->Header.SignalState == 0)
    {
        if (pthread_cond_timedwait(&Changed, &Mutex, &End) != 0 && Event->Header.SignalState == 0)
        {
            CHECK(Timeout != NULL);
            Status = STATUS_TIMEOUT;
            break;
        }
    }
    if (Status == STATUS_SUCCESS && Event->Header.Type == SynchronizationEvent)
        Event->Header.SignalState = 0;
    pthread_mutex_unlock(&Mutex);
    return Status;
}

NTSTATUS NTAPI
KeDelayExecutionThread(KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Interval)
{
    (void)WaitMode;
    (void)Alertable;
    LONGLONG Ns = -Interval->QuadPart * 100;
    struct timespec Time = {Ns / 1000000000, Ns % 1000000000};
    nanosleep(&Time, NULL);
    return STATUS_SUCCESS;
}

/* ---- Timers and DPCs ------------------------------------------------------------------------- */

VOID NTAPI
KeInitializeTimerEx(PKTIMER Timer, TIMER_TYPE Type)
{
    (void)Type;
    memset(Timer, 0, sizeof(*Timer));
}

VOID NTAPI
KeInitializeDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext)
{
    memset(Dpc, 0, sizeof(*Dpc));
    Dpc->DeferredRoutine = DeferredRoutine;
    Dpc->DeferredContext = DeferredContext;
}

BOOLEAN NTAPI
KeCancelTimer(PKTIMER Timer)
{
    for (unsigned Index = 0; Index < ARRAYSIZE(Timers); Index++)
    {
        if (Timers[Index] == Timer)
        {
            Timers[Index] = NULL;
            return TRUE;
        }
    }
    return FALSE;
}

BOOLEAN NTAPI
KeSetTimerEx(PKTIMER Timer, LARGE_INTEGER DueTime, LONG Period, PKDPC Dpc)
{
    (void)DueTime;
    BOOLEAN Was = KeCancelTimer(Timer);
    unsigned Index = 0;
    while (Timers[Index] != NULL)
        CHECK(++Index < ARRAYSIZE(Timers));
    Timers[Index] = Timer;
    TimerDpcs[Index] = Dpc;
    Timer->Period = (ULONG)Period;
    return Was;
}

VOID NTAPI
KeFlushQueuedDpcs(VOID)
{
    CHECK(CurrentIrql == PASSIVE_LEVEL);
}

void (*KernelBeforeDpc)(void);

unsigned
KernelFireTimers(void)
{
    unsigned Fired = 0;
    for (unsigned Index = 0; Index < ARRAYSIZE(Timers); Index++)
    {
        if (Timers[Index] == NULL)
            continue;
        PKDPC Dpc = TimerDpcs[Index];
        if (Timers[Index]->Period == 0)
            Timers[Index] = NULL;
        void (*Before)(void) = KernelBeforeDpc;
        KernelBeforeDpc = NULL;
        if (Before != NULL)
            Before();
        KIRQL Old = KfRaiseIrql(DISPATCH_LEVEL);
        Dpc->DeferredRoutine(Dpc, Dpc->DeferredContext, NULL, NULL);
        KeLowerIrql(Old);
        Fired++;
    }
    return Fired;
}

/* ---- Work items ------------------------------------------------------------------------------ */

PIO_WORKITEM NTAPI
IoAllocateWorkItem(PDEVICE_OBJECT DeviceObject)
{
    PIO_WORKITEM Item = calloc(1, sizeof(*Item));
    Item->Device = DeviceObject;
    WorkItems++;
    return Item;
}

VOID NTAPI
IoFreeWorkItem(PIO_WORKITEM IoWorkItem)
{
    WorkItems--;
    free(IoWorkItem);
}

VOID NTAPI
IoQueueWorkItem(PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE WorkerRoutine,
                WORK_QUEUE_TYPE QueueType, PVOID Context)
{
    (void)QueueType;
    IoWorkItem->Routine = WorkerRoutine;
    IoWorkItem->Context = Context;
    IoWorkItem->NextQueued = QueuedItems;
    QueuedItems = IoWorkItem;
}

unsigned
KernelRunWorkItems(void)
{
    unsigned Count = 0;
    for (; QueuedItems != NULL; Count++)
    {
        PIO_WORKITEM Item = QueuedItems;
        QueuedItems = Item->NextQueued;
        Item->Routine(Item->Device, Item->Context);
    }
    return Count;
}

/* ---- MDLs ------------------------------------------------------------------------------------ */

PMDL NTAPI
IoAllocateMdl(PVOID VirtualAddress, ULONG Length, BOOLEAN SecondaryBuffer, BOOLEAN ChargeQuota,
              PIRP Irp)
{
    (void)SecondaryBuffer;
    (void)ChargeQuota;
    (void)Irp;
    CHECK(CurrentIrql <= DISPATCH_LEVEL);
    if (FailAfter != 0 && --FailAfter == 0)
        return NULL;
    PMDL Mdl = calloc(1, sizeof(MDL) + sizeof(PFN_NUMBER) *
                                           ADDRESS_AND_SIZE_TO_SPAN_PAGES(VirtualAddress, Length));
    MmInitializeMdl(Mdl, VirtualAddress, Length);
    __atomic_add_fetch(&Mdls, 1, __ATOMIC_RELAXED);
    return Mdl;
}

VOID NTAPI
IoFreeMdl(PMDL Mdl)
{
    __atomic_sub_fetch(&Mdls, 1, __ATOMIC_RELAXED);
    free(Mdl);
}

VOID NTAPI
MmBuildMdlForNonPagedPool(PMDL Mdl)
{
    Mdl->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
    Mdl->MappedSystemVa = MmGetMdlVirtualAddress(Mdl);
}

PVOID NTAPI
MmMapLockedPagesSpecifyCache(PMDL Mdl, KPROCESSOR_MODE AccessMode, MEMORY_CACHING_TYPE CacheType,
                             PVOID RequestedAddress, ULONG BugCheckOnFailure, ULONG Priority)
{
    (void)Mdl;
    (void)AccessMode;
    (void)CacheType;
    (void)RequestedAddress;
    (void)BugCheckOnFailure;
    (void)Priority;
    return NULL; /* as when system address space is short */
}

ULONG __cdecl DbgPrint(PCSTR Format, ...)
{
    (void)Format;
    return STATUS_SUCCESS;
}
