/* SPDX-License-Identifier: MIT */
/*
 * IRQL, processors and spin locks. A thread at DISPATCH_LEVEL occupies one of the simulated
 * processors, of which there are few: as on a real machine, no more threads than processors are at
 * DISPATCH_LEVEL at once. Taking one orders no memory, so that the thread sanitizer is not misled.
 * Article "Managing Hardware Priorities", "Introduction to Spin Locks".
 */
#include <sched.h>
#include <time.h>
#include "dispatcher.h"
#include "lock_order.h"
#include "scheduler.h"
#include "thread.h"

#define PROCESSORS 4
/* The holder of a spin lock may have lost its real processor. */
#if defined(SIM_UNCHECKED)
#define SPINS_PER_YIELD 64
#else
#define SPINS_PER_YIELD 1
#endif

#if defined(SIM_UNCHECKED)
/* For measurements: the machine's own processors are enough of a limit. */
#define TakeProcessor(Thread) ((void)(Thread))
#define GiveProcessor(Thread) ((void)(Thread))
#else
static volatile unsigned ProcessorsTaken; /* a bit for each */

static BOOLEAN
IsProcessorFree(void *Context)
{
    UNREFERENCED_PARAMETER(Context);
    return __atomic_load_n(&ProcessorsTaken, __ATOMIC_RELAXED) != (1u << PROCESSORS) - 1;
}

static void
TakeProcessor(struct _KTHREAD *Thread)
{
    for (;;)
    {
        unsigned Taken = __atomic_load_n(&ProcessorsTaken, __ATOMIC_RELAXED);
        int Free = __builtin_ctz(~Taken);
        if (Free < PROCESSORS &&
            __atomic_compare_exchange_n(&ProcessorsTaken, &Taken, Taken | 1u << Free, FALSE,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        {
            Thread->Processor = Free;
            return;
        }
        if (SimScheduled())
            SimScheduleWait("a processor", IsProcessorFree, NULL, NULL);
        else
            sched_yield();
    }
}

static void
GiveProcessor(struct _KTHREAD *Thread)
{
    __atomic_fetch_and(&ProcessorsTaken, ~(1u << Thread->Processor), __ATOMIC_RELAXED);
    Thread->Processor = -1;
}
#endif

KIRQL NTAPI
KeGetCurrentIrql(VOID)
{
    return SimThread()->Irql;
}

KIRQL NTAPI
KfRaiseIrql(KIRQL NewIrql)
{
    struct _KTHREAD *Thread = SimThread();
    KIRQL Old = Thread->Irql;
    if (NewIrql < Old)
        SimRuleBroken("KeRaiseIrql", "wdm/nf-wdm-keraiseirql",
                      "NewIrql is %u, below the present IRQL", NewIrql);
    if (NewIrql > DISPATCH_LEVEL)
        SimRuleBroken("KeRaiseIrql", "wdm/nf-wdm-keraiseirql",
                      "NewIrql is %u; there are no devices with interrupts here", NewIrql);
    if (NewIrql == DISPATCH_LEVEL && Old < DISPATCH_LEVEL)
        TakeProcessor(Thread);
    Thread->Irql = NewIrql;
    return Old;
}

VOID NTAPI
KeLowerIrql(KIRQL NewIrql)
{
    struct _KTHREAD *Thread = SimThread();
    KIRQL Old = Thread->Irql;
    if (NewIrql > Old)
        SimRuleBroken("KeLowerIrql", "wdm/nf-wdm-kelowerirql",
                      "NewIrql is %u, above the present IRQL", NewIrql);
    if (NewIrql < DISPATCH_LEVEL && Thread->SpinLocks != 0)
        SimRuleBroken("KeLowerIrql", "Introduction to Spin Locks",
                      "NewIrql is %u while a spin lock is held", NewIrql);
    Thread->Irql = NewIrql;
    SimCheckSuspension("KeLowerIrql");
    if (NewIrql < DISPATCH_LEVEL && Old == DISPATCH_LEVEL)
        GiveProcessor(Thread);
}

ULONG NTAPI
KeQueryMaximumProcessorCountEx(USHORT GroupNumber)
{
    return GroupNumber == 0 || GroupNumber == ALL_PROCESSOR_GROUPS ? PROCESSORS : 0;
}

ULONG NTAPI
KeQueryActiveProcessorCountEx(USHORT GroupNumber)
{
    return KeQueryMaximumProcessorCountEx(GroupNumber);
}

static BOOLEAN
IsSpinLockFree(void *Context)
{
    return __atomic_load_n((PKSPIN_LOCK)Context, __ATOMIC_RELAXED) == 0;
}

ULONG NTAPI
KeGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER ProcNumber)
{
    /* Below DISPATCH_LEVEL a thread may be anywhere; the answer is then old at once. */
    int Processor = SimThread()->Processor;
    ULONG Index = Processor >= 0 ? (ULONG)Processor : 0;
    if (ProcNumber != NULL)
        *ProcNumber = (PROCESSOR_NUMBER){.Number = (UCHAR)Index};
    return Index;
}

NTSTATUS NTAPI
KeGetProcessorNumberFromIndex(ULONG ProcIndex, PPROCESSOR_NUMBER ProcNumber)
{
    if (ProcIndex >= PROCESSORS)
        return STATUS_INVALID_PARAMETER;
    *ProcNumber = (PROCESSOR_NUMBER){.Number = (UCHAR)ProcIndex};
    return STATUS_SUCCESS;
}

static void
SpinAcquire(PKSPIN_LOCK SpinLock, const char *Call, const void *Place)
{
    struct _KTHREAD *Thread = SimThread();
    time_t Began = 0;
    SimPoint(Call);
    if (__atomic_load_n(SpinLock, __ATOMIC_RELAXED) == (KSPIN_LOCK)Thread)
        SimRuleBroken(Call, "wdm/nf-wdm-keacquirespinlock",
                      "spin lock %p is held by this processor already: deadlock", (void *)SpinLock);
    SimLockOrderCheck(Call, SpinLock, Place);
    KSPIN_LOCK Free = 0;
    for (unsigned Turn = 0; !__atomic_compare_exchange_n(SpinLock, &Free, (KSPIN_LOCK)Thread, FALSE,
                                                         __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
         ++Turn)
    {
        Free = 0;
        if (SimScheduled())
        {
            SimScheduleWait(Call, IsSpinLockFree, SpinLock, NULL);
            continue;
        }
        if (Turn % SPINS_PER_YIELD != 0)
        {
            YieldProcessor();
            continue;
        }
        sched_yield();
        if (Turn % (4096 * SPINS_PER_YIELD) != 0)
            continue;
        time_t Now = time(NULL);
        if (Began == 0)
            Began = Now;
        else if (Now - Began > (time_t)SimSecondsMax())
            SimRuleBroken(Call, "Spin Locks", "spin lock %p is not released: deadlock",
                          (void *)SpinLock);
    }
    Thread->SpinLocks++;
    SimLockOrderTaken(SpinLock, Place);
}

static void
SpinRelease(PKSPIN_LOCK SpinLock, const char *Call)
{
    struct _KTHREAD *Thread = SimThread();
    if (__atomic_load_n(SpinLock, __ATOMIC_RELAXED) != (KSPIN_LOCK)Thread)
        SimRuleBroken(Call, "wdm/nf-wdm-kereleasespinlock",
                      "spin lock %p is not held by this processor", (void *)SpinLock);
    Thread->SpinLocks--;
    SimLockOrderReleased(SpinLock);
    __atomic_store_n(SpinLock, 0, __ATOMIC_RELEASE);
    SimPoint(Call);
}

KIRQL NTAPI
KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK SpinLock)
{
    SimCheckIrql("KeAcquireSpinLock", "wdm/nf-wdm-keacquirespinlock", PASSIVE_LEVEL,
                 DISPATCH_LEVEL);
    KIRQL Old = KfRaiseIrql(DISPATCH_LEVEL);
    SpinAcquire(SpinLock, "KeAcquireSpinLock", __builtin_return_address(0));
    return Old;
}

VOID NTAPI
KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql)
{
    SimCheckIrql("KeReleaseSpinLock", "wdm/nf-wdm-kereleasespinlock", DISPATCH_LEVEL,
                 DISPATCH_LEVEL);
    SpinRelease(SpinLock, "KeReleaseSpinLock");
    KeLowerIrql(NewIrql);
}

VOID NTAPI
KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
    SimCheckIrql("KeAcquireSpinLockAtDpcLevel", "wdm/nf-wdm-keacquirespinlockatdpclevel",
                 DISPATCH_LEVEL, DISPATCH_LEVEL);
    SpinAcquire(SpinLock, "KeAcquireSpinLockAtDpcLevel", __builtin_return_address(0));
}

VOID NTAPI
KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock)
{
    SimCheckIrql("KeReleaseSpinLockFromDpcLevel", "wdm/nf-wdm-kereleasespinlockfromdpclevel",
                 DISPATCH_LEVEL, DISPATCH_LEVEL);
    SpinRelease(SpinLock, "KeReleaseSpinLockFromDpcLevel");
}

/* A lock is used either as an ordinary or as a queued one; here both are the same. */
VOID FASTCALL
KeAcquireInStackQueuedSpinLock(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle)
{
    SimCheckIrql("KeAcquireInStackQueuedSpinLock", "wdm/nf-wdm-keacquireinstackqueuedspinlock",
                 PASSIVE_LEVEL, DISPATCH_LEVEL);
    LockHandle->OldIrql = KfRaiseIrql(DISPATCH_LEVEL);
    LockHandle->LockQueue.Lock = SpinLock;
    SpinAcquire(SpinLock, "KeAcquireInStackQueuedSpinLock", __builtin_return_address(0));
}

VOID FASTCALL
KeReleaseInStackQueuedSpinLock(PKLOCK_QUEUE_HANDLE LockHandle)
{
    SimCheckIrql("KeReleaseInStackQueuedSpinLock", "wdm/nf-wdm-kereleaseinstackqueuedspinlock",
                 DISPATCH_LEVEL, DISPATCH_LEVEL);
    SpinRelease(LockHandle->LockQueue.Lock, "KeReleaseInStackQueuedSpinLock");
    KeLowerIrql(LockHandle->OldIrql);
}

VOID FASTCALL
KeAcquireInStackQueuedSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle)
{
    SimCheckIrql("KeAcquireInStackQueuedSpinLockAtDpcLevel",
                 "wdm/nf-wdm-keacquireinstackqueuedspinlockatdpclevel", DISPATCH_LEVEL,
                 DISPATCH_LEVEL);
    LockHandle->LockQueue.Lock = SpinLock;
    SpinAcquire(SpinLock, "KeAcquireInStackQueuedSpinLockAtDpcLevel", __builtin_return_address(0));
}

VOID FASTCALL
KeReleaseInStackQueuedSpinLockFromDpcLevel(PKLOCK_QUEUE_HANDLE LockHandle)
{
    SimCheckIrql("KeReleaseInStackQueuedSpinLockFromDpcLevel",
                 "wdm/nf-wdm-kereleaseinstackqueuedspinlockfromdpclevel", DISPATCH_LEVEL,
                 DISPATCH_LEVEL);
    SpinRelease(LockHandle->LockQueue.Lock, "KeReleaseInStackQueuedSpinLockFromDpcLevel");
}
