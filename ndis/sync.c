/* SPDX-License-Identifier: MIT */
/* Events, spin locks, read/write locks and sleeping. Pages "NdisInitializeEvent", "NdisWaitEvent",
 * "NdisAllocateSpinLock", "NdisAllocateRWLock", "NdisAcquireRWLockRead", "NdisMSleep" and
 * neighbours. */
#include "extra.h"
#include "verify.h"

#define TAG_LOCK          OBJECT_SIGNATURE('N', 'd', 'R', 'w')
#define HUNDRED_NS_PER_MS 10000
#define HUNDRED_NS_PER_US 10
#define LONGEST_SLEEP_US  30000000u

VOID NTAPI
NdisInitializeEvent(PNDIS_EVENT Event)
{
    KeInitializeEvent(&Event->Event, NotificationEvent, FALSE);
}

VOID NTAPI
NdisSetEvent(PNDIS_EVENT Event)
{
    if (RuleIrqlAtMost("NdisSetEvent", DISPATCH_LEVEL))
        KeSetEvent(&Event->Event, 0, FALSE);
}

VOID NTAPI
NdisResetEvent(PNDIS_EVENT Event)
{
    if (RuleIrqlAtMost("NdisResetEvent", DISPATCH_LEVEL))
        KeResetEvent(&Event->Event);
}

BOOLEAN NTAPI
NdisWaitEvent(PNDIS_EVENT Event, UINT MsToWait)
{
    if (!RuleIrqlAtMost("NdisWaitEvent", PASSIVE_LEVEL))
        return FALSE;
    LARGE_INTEGER Timeout;
    Timeout.QuadPart = -(LONGLONG)MsToWait * HUNDRED_NS_PER_MS;
    return KeWaitForSingleObject(&Event->Event, Executive, KernelMode, FALSE,
                                 MsToWait == 0 ? NULL : &Timeout) == STATUS_SUCCESS;
}

VOID NTAPI
NdisMSleep(ULONG MicrosecondsToSleep)
{
    static const char Function[] = "NdisMSleep";
    if (!RuleIrqlAtMost(Function, PASSIVE_LEVEL))
        return;
    if (MicrosecondsToSleep > LONGEST_SLEEP_US)
        RuleBroken("%s: MicrosecondsToSleep is %u; at most %u are allowed", Function,
                   MicrosecondsToSleep, LONGEST_SLEEP_US);
    LARGE_INTEGER Interval;
    Interval.QuadPart = -(LONGLONG)MicrosecondsToSleep * HUNDRED_NS_PER_US;
    KeDelayExecutionThread(KernelMode, FALSE, &Interval);
}

/* ---- Spin locks: ndis.sys exports what the headers also have as macros ----------------------- */

VOID NTAPI
NdisAllocateSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    KeInitializeSpinLock(&SpinLock->SpinLock);
}

VOID NTAPI
NdisFreeSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    UNREFERENCED_PARAMETER(SpinLock);
}

VOID NTAPI
NdisAcquireSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    KIRQL Irql;
    if (!RuleIrqlAtMost("NdisAcquireSpinLock", DISPATCH_LEVEL))
        return;
    KeAcquireSpinLock(&SpinLock->SpinLock, &Irql);
    /* Only the holder writes it. */
    SpinLock->OldIrql = Irql;
}

VOID NTAPI
NdisReleaseSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    KeReleaseSpinLock(&SpinLock->SpinLock, SpinLock->OldIrql);
}

static BOOLEAN
CheckAtDispatch(const char *Function)
{
    KIRQL Irql = KeGetCurrentIrql();
    if (Irql == DISPATCH_LEVEL)
        return TRUE;
    RuleBroken("%s: called at IRQL %u; DISPATCH_LEVEL is required", Function, (ULONG)Irql);
    return FALSE;
}

VOID NTAPI
NdisDprAcquireSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    if (CheckAtDispatch("NdisDprAcquireSpinLock"))
        KeAcquireSpinLockAtDpcLevel(&SpinLock->SpinLock);
}

VOID NTAPI
NdisDprReleaseSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    if (CheckAtDispatch("NdisDprReleaseSpinLock"))
        KeReleaseSpinLockFromDpcLevel(&SpinLock->SpinLock);
}

/* ---- Read/write locks ------------------------------------------------------------------------ */

/*
 * Readers are counted; a writer holds Writers for the whole time and waits for the readers to
 * leave. A reader that arrives while a writer waits goes in all the same (reads nest, and the page
 * says that the lock is not fair). Everything happens at DISPATCH_LEVEL, so whoever is waited for
 * is running.
 */
struct _NDIS_RW_LOCK_EX
{
    NDIS_RESOURCE Resource;
    KSPIN_LOCK Writers;
    volatile LONG State; /* readers, or RW_WRITTEN */
    volatile PVOID WriterThread;
    ULONG WriterDepth; /* of the writer's recursion */
};

#define RW_WRITTEN (-1)

/* Whether the calling thread is the writer; no other thread's answer changes that. */
static BOOLEAN
RwIsWriter(PNDIS_RW_LOCK_EX Lock)
{
    return __atomic_load_n(&Lock->WriterThread, __ATOMIC_RELAXED) == (PVOID)KeGetCurrentThread();
}

static VOID
RwSetWriter(PNDIS_RW_LOCK_EX Lock, PVOID Thread)
{
    __atomic_store_n(&Lock->WriterThread, Thread, __ATOMIC_RELAXED);
}

/* LOCK_STATE_EX.LockState */
#define RW_STATE_READ  1
#define RW_STATE_WRITE 2

PNDIS_RW_LOCK_EX NTAPI
NdisAllocateRWLock(NDIS_HANDLE NdisHandle)
{
    static const char Function[] = "NdisAllocateRWLock";
    NDIS_OWNER *Owner = OwnerFromHandle(Function, NdisHandle, TRUE);
    if (Owner == NULL || !RuleIrqlAtMost(Function, DISPATCH_LEVEL))
        return NULL;
    PNDIS_RW_LOCK_EX Lock = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Lock), TAG_LOCK);
    if (Lock == NULL)
        return NULL;
    RtlZeroMemory(Lock, sizeof(*Lock));
    KeInitializeSpinLock(&Lock->Writers);
    ResourceAdd(&Lock->Resource, SIGNATURE_RW_LOCK, Owner);
    return Lock;
}

VOID NTAPI
NdisFreeRWLock(PNDIS_RW_LOCK_EX Lock)
{
    static const char Function[] = "NdisFreeRWLock";
    if (!RuleIrqlAtMost(Function, DISPATCH_LEVEL) || !ResourceIs(Function, Lock, SIGNATURE_RW_LOCK))
        return;
    if (ReadWord(&Lock->State) != 0)
    {
        RuleBroken("%s: lock %p is held; it must be released first", Function, (PVOID)Lock);
        return;
    }
    ResourceRemove(&Lock->Resource);
    ExFreePoolWithTag(Lock, TAG_LOCK);
}

/* Raises to DISPATCH_LEVEL; FALSE if the flags do not fit the IRQL. */
static BOOLEAN
RwEnter(const char *Function, PNDIS_RW_LOCK_EX Lock, PLOCK_STATE_EX LockState, UCHAR Flags)
{
    if (!RuleIrqlAtMost(Function, DISPATCH_LEVEL) || !ResourceIs(Function, Lock, SIGNATURE_RW_LOCK))
        return FALSE;
    if (Flags & ~NDIS_RWL_AT_DISPATCH_LEVEL)
    {
        RuleBroken("%s: Flags is %x; only NDIS_RWL_AT_DISPATCH_LEVEL is defined", Function,
                   (ULONG)Flags);
        return FALSE;
    }
    if ((Flags & NDIS_RWL_AT_DISPATCH_LEVEL) && !CheckAtDispatch(Function))
        return FALSE;
    KIRQL Irql = DISPATCH_LEVEL;
    if (!(Flags & NDIS_RWL_AT_DISPATCH_LEVEL))
        KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    LockState->OldIrql = Irql;
    LockState->Flags = Flags;
    return TRUE;
}

VOID NTAPI
NdisAcquireRWLockRead(PNDIS_RW_LOCK_EX Lock, PLOCK_STATE_EX LockState, UCHAR Flags)
{
    if (!RwEnter("NdisAcquireRWLockRead", Lock, LockState, Flags))
        return;
    LockState->LockState = RW_STATE_READ;
    for (;;)
    {
        LONG State = ReadWord(&Lock->State);
        if (State != RW_WRITTEN &&
            InterlockedCompareExchange(&Lock->State, State + 1, State) == State)
            return;
        YieldProcessor();
    }
}

VOID NTAPI
NdisAcquireRWLockWrite(PNDIS_RW_LOCK_EX Lock, PLOCK_STATE_EX LockState, UCHAR Flags)
{
    if (!RwEnter("NdisAcquireRWLockWrite", Lock, LockState, Flags))
        return;
    LockState->LockState = RW_STATE_WRITE;
    if (RwIsWriter(Lock))
    {
        Lock->WriterDepth++;
        return;
    }
    KeAcquireSpinLockAtDpcLevel(&Lock->Writers);
    while (InterlockedCompareExchange(&Lock->State, RW_WRITTEN, 0) != 0)
        YieldProcessor();
    RwSetWriter(Lock, (PVOID)KeGetCurrentThread());
    Lock->WriterDepth = 1;
}

VOID NTAPI
NdisReleaseRWLock(PNDIS_RW_LOCK_EX Lock, PLOCK_STATE_EX LockState)
{
    static const char Function[] = "NdisReleaseRWLock";
    if (!ResourceIs(Function, Lock, SIGNATURE_RW_LOCK) || !CheckAtDispatch(Function))
        return;
    UCHAR Held = LockState->LockState;
    if ((Held == RW_STATE_READ && ReadWord(&Lock->State) <= 0) ||
        (Held == RW_STATE_WRITE && !RwIsWriter(Lock)) ||
        (Held != RW_STATE_READ && Held != RW_STATE_WRITE))
    {
        RuleBroken("%s: lock %p is not held with this LOCK_STATE_EX", Function, (PVOID)Lock);
        return;
    }
    LockState->LockState = 0;
    if (Held == RW_STATE_READ)
        InterlockedDecrement(&Lock->State);
    else if (--Lock->WriterDepth == 0)
    {
        RwSetWriter(Lock, NULL);
        InterlockedExchange(&Lock->State, 0);
        KeReleaseSpinLockFromDpcLevel(&Lock->Writers);
    }
    if (!(LockState->Flags & NDIS_RWL_AT_DISPATCH_LEVEL))
        KeLowerIrql(LockState->OldIrql);
}
