/* SPDX-License-Identifier: MIT */
/*
 * IRQL and spin locks. Wine has neither a current IRQL nor raises one for spin locks. Here each
 * thread has its own, so that NDIS can tell a miniport that calls at the wrong level, and the
 * functions that must not wait at DISPATCH_LEVEL say so.
 *
 * A spin lock's word has two halves: the low one is a futex (free, held, held with waiters), the
 * high one the id of the thread that holds it. Threads can be preempted while they hold a "spin"
 * lock here, so waiters sleep soon instead of burning the processor the holder needs.
 */
#include "host.h"
#include "linux.h"

#define LOCK_FREE      0u
#define LOCK_HELD      1u
#define LOCK_CONTENDED 2u
#define LOCK_SPINS     100

static ULONG IrqlSlot;

BOOLEAN
HostIrqlInitialize(VOID)
{
    IrqlSlot = TlsAlloc();
    return IrqlSlot != (ULONG)-1;
}

KIRQL NTAPI
KeGetCurrentIrql(VOID)
{
    return (KIRQL)(ULONG_PTR)TlsGetValue(IrqlSlot);
}

static VOID
IrqlSet(KIRQL Irql)
{
    TlsSetValue(IrqlSlot, (PVOID)(ULONG_PTR)Irql);
}

KIRQL NTAPI
KfRaiseIrql(KIRQL NewIrql)
{
    KIRQL OldIrql = KeGetCurrentIrql();
    if (NewIrql < OldIrql)
        EdgeRuleBroken("KeRaiseIrql was asked to lower the IRQL.");
    IrqlSet(NewIrql);
    return OldIrql;
}

VOID NTAPI
KeLowerIrql(KIRQL NewIrql)
{
    if (NewIrql > KeGetCurrentIrql())
        EdgeRuleBroken("KeLowerIrql was asked to raise the IRQL.");
    IrqlSet(NewIrql);
}

static VOID
FutexLock(volatile ULONG *Word)
{
    for (int Spin = 0; Spin < LOCK_SPINS; Spin++)
    {
        if (*Word == LOCK_FREE && __sync_bool_compare_and_swap(Word, LOCK_FREE, LOCK_HELD))
            return;
        __builtin_ia32_pause();
    }
    while (__atomic_exchange_n(Word, LOCK_CONTENDED, __ATOMIC_ACQUIRE) != LOCK_FREE)
        LinuxFutexWait((const volatile uint32_t *)Word, LOCK_CONTENDED);
}

static VOID
FutexUnlock(volatile ULONG *Word)
{
    if (__atomic_exchange_n(Word, LOCK_FREE, __ATOMIC_RELEASE) == LOCK_CONTENDED)
        LinuxFutexWake((const volatile uint32_t *)Word, 1);
}

VOID
HostLockAcquire(HOST_LOCK *Lock)
{
    FutexLock(Lock);
}

VOID
HostLockRelease(HOST_LOCK *Lock)
{
    FutexUnlock(Lock);
}

VOID NTAPI
KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
    volatile ULONG *Word = (volatile ULONG *)SpinLock;
    ULONG Thread = GetCurrentThreadId();

    if (KeGetCurrentIrql() < DISPATCH_LEVEL)
        EdgeRuleBroken("KeAcquireSpinLockAtDpcLevel was called below DISPATCH_LEVEL.");
    if (Word[1] == Thread)
        EdgeRuleBroken("A spin lock was acquired by the thread that already holds it.");
    FutexLock(Word);
    Word[1] = Thread;
}

VOID NTAPI
KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock)
{
    volatile ULONG *Word = (volatile ULONG *)SpinLock;

    if (Word[1] != GetCurrentThreadId())
        EdgeRuleBroken("A spin lock was released by a thread that does not hold it.");
    Word[1] = 0;
    FutexUnlock(Word);
}

KIRQL NTAPI
KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK SpinLock)
{
    KIRQL OldIrql = KeGetCurrentIrql();
    if (OldIrql > DISPATCH_LEVEL)
        EdgeRuleBroken("KeAcquireSpinLock was called above DISPATCH_LEVEL.");
    IrqlSet(DISPATCH_LEVEL);
    KeAcquireSpinLockAtDpcLevel(SpinLock);
    return OldIrql;
}

VOID NTAPI
KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql)
{
    KeReleaseSpinLockFromDpcLevel(SpinLock);
    KeLowerIrql(NewIrql);
}

VOID FASTCALL
KeAcquireInStackQueuedSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle)
{
    LockHandle->LockQueue.Next = NULL;
    LockHandle->LockQueue.Lock = SpinLock;
    LockHandle->OldIrql = DISPATCH_LEVEL;
    KeAcquireSpinLockAtDpcLevel(SpinLock);
}

VOID FASTCALL
KeReleaseInStackQueuedSpinLockFromDpcLevel(PKLOCK_QUEUE_HANDLE LockHandle)
{
    KeReleaseSpinLockFromDpcLevel(LockHandle->LockQueue.Lock);
}

VOID FASTCALL
KeAcquireInStackQueuedSpinLock(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle)
{
    LockHandle->LockQueue.Next = NULL;
    LockHandle->LockQueue.Lock = SpinLock;
    LockHandle->OldIrql = KeAcquireSpinLockRaiseToDpc(SpinLock);
}

VOID FASTCALL
KeReleaseInStackQueuedSpinLock(PKLOCK_QUEUE_HANDLE LockHandle)
{
    KeReleaseSpinLock(LockHandle->LockQueue.Lock, LockHandle->OldIrql);
}

/* ---- The cancel spin lock is Wine's, since its I/O manager takes it too ---------------------- */

typedef VOID NTAPI
ACQUIRE_CANCEL(PKIRQL Irql);
typedef VOID NTAPI
RELEASE_CANCEL(KIRQL Irql);

VOID NTAPI
IoAcquireCancelSpinLock(PKIRQL Irql)
{
    KIRQL Ignored;
    KIRQL OldIrql = KeGetCurrentIrql();
    ((ACQUIRE_CANCEL *)HostWineRoutine("IoAcquireCancelSpinLock"))(&Ignored);
    IrqlSet(DISPATCH_LEVEL);
    *Irql = OldIrql;
}

/* Wine enters cancel routines with the lock, but without having raised the IRQL: what it put into
 * Irp->CancelIrql, PASSIVE_LEVEL, is then what the thread has anyway. */
VOID NTAPI
IoReleaseCancelSpinLock(KIRQL Irql)
{
    ((RELEASE_CANCEL *)HostWineRoutine("IoReleaseCancelSpinLock"))(PASSIVE_LEVEL);
    IrqlSet(Irql);
}

/* ---- Waits: Wine's, after a look at the IRQL ------------------------------------------------- */

typedef NTSTATUS NTAPI WAIT_ONE(PVOID, KWAIT_REASON, KPROCESSOR_MODE, BOOLEAN, PLARGE_INTEGER);
typedef NTSTATUS NTAPI WAIT_SEVERAL(ULONG, PVOID[], WAIT_TYPE, KWAIT_REASON, KPROCESSOR_MODE,
                                    BOOLEAN, PLARGE_INTEGER, PKWAIT_BLOCK);
typedef NTSTATUS NTAPI DELAY(KPROCESSOR_MODE, BOOLEAN, PLARGE_INTEGER);

static VOID
CheckMayWait(const LARGE_INTEGER *Timeout)
{
    KIRQL Irql = KeGetCurrentIrql();
    if (Irql > DISPATCH_LEVEL ||
        (Irql == DISPATCH_LEVEL && (Timeout == NULL || Timeout->QuadPart != 0)))
        EdgeRuleBroken("A thread waits at DISPATCH_LEVEL or above.");
}

NTSTATUS NTAPI
KeWaitForSingleObject(PVOID Object, KWAIT_REASON WaitReason, KPROCESSOR_MODE WaitMode,
                      BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    static WAIT_ONE *Wine;
    CheckMayWait(Timeout);
    if (Wine == NULL)
        Wine = (WAIT_ONE *)HostWineRoutine("KeWaitForSingleObject");
    return Wine(Object, WaitReason, WaitMode, Alertable, Timeout);
}

NTSTATUS NTAPI
KeWaitForMultipleObjects(ULONG Count, PVOID Object[], WAIT_TYPE WaitType, KWAIT_REASON WaitReason,
                         KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Timeout,
                         PKWAIT_BLOCK WaitBlockArray)
{
    static WAIT_SEVERAL *Wine;
    CheckMayWait(Timeout);
    if (Count > THREAD_WAIT_OBJECTS && WaitBlockArray == NULL)
        EdgeRuleBroken("KeWaitForMultipleObjects: more than THREAD_WAIT_OBJECTS objects without "
                       "a WaitBlockArray.");
    if (Wine == NULL)
        Wine = (WAIT_SEVERAL *)HostWineRoutine("KeWaitForMultipleObjects");
    return Wine(Count, Object, WaitType, WaitReason, WaitMode, Alertable, Timeout, WaitBlockArray);
}

NTSTATUS NTAPI
KeDelayExecutionThread(KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Interval)
{
    static DELAY *Wine;
    if (KeGetCurrentIrql() > APC_LEVEL)
        EdgeRuleBroken("KeDelayExecutionThread was called above APC_LEVEL.");
    if (Wine == NULL)
        Wine = (DELAY *)HostWineRoutine("KeDelayExecutionThread");
    return Wine(WaitMode, Alertable, Interval);
}

/* ---- Fast mutexes: Wine's, held at APC_LEVEL --------------------------------------------------
 */

typedef VOID NTAPI
CHANGE_MUTEX(PFAST_MUTEX FastMutex);

VOID FASTCALL
ExAcquireFastMutex(PFAST_MUTEX FastMutex)
{
    static CHANGE_MUTEX *Wine;
    KIRQL OldIrql = KeGetCurrentIrql();

    if (OldIrql > APC_LEVEL)
        EdgeRuleBroken("ExAcquireFastMutex was called above APC_LEVEL.");
    if (Wine == NULL)
        Wine = (CHANGE_MUTEX *)HostWineRoutine("ExAcquireFastMutex");
    IrqlSet(APC_LEVEL);
    Wine(FastMutex);
    FastMutex->OldIrql = OldIrql;
}

VOID FASTCALL
ExReleaseFastMutex(PFAST_MUTEX FastMutex)
{
    static CHANGE_MUTEX *Wine;
    KIRQL OldIrql = (KIRQL)FastMutex->OldIrql;

    if (KeGetCurrentIrql() != APC_LEVEL)
        EdgeRuleBroken("ExReleaseFastMutex was called at another IRQL than APC_LEVEL.");
    if (Wine == NULL)
        Wine = (CHANGE_MUTEX *)HostWineRoutine("ExReleaseFastMutex");
    Wine(FastMutex);
    KeLowerIrql(OldIrql);
}

BOOLEAN FASTCALL
ExTryToAcquireFastMutex(PFAST_MUTEX FastMutex)
{
    KIRQL OldIrql = KeGetCurrentIrql();

    if (OldIrql > APC_LEVEL)
        EdgeRuleBroken("ExTryToAcquireFastMutex was called above APC_LEVEL.");
    if (InterlockedCompareExchange(&FastMutex->Count, 0, 1) != 1)
        return FALSE;
    IrqlSet(APC_LEVEL);
    FastMutex->OldIrql = OldIrql;
    return TRUE;
}
