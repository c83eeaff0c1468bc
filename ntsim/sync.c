/* SPDX-License-Identifier: MIT */
/*
 * Fast mutexes, rundown protection and sequenced lists. Articles "Fast Mutexes and Guarded
 * Mutexes", "Run-Down Protection", "Singly and Doubly Linked Lists".
 */
#include <sched.h>
#include "dispatcher.h"
#include "lock_order.h"
#include "thread.h"

/* ---- Fast mutexes: Count is 1 when free, as ExInitializeFastMutex leaves it -------------------
 */

static BOOLEAN
IsMutexFree(void *Context)
{
    return ((PFAST_MUTEX)Context)->Count == 1;
}

static void
Acquire(const char *Call, const char *Page, PFAST_MUTEX FastMutex, const void *Place)
{
    struct _KTHREAD *Thread = SimThread();
    SimDispatcherLock();
    if (FastMutex->Owner == Thread)
        SimRuleBroken(Call, Page, "fast mutex %p is held by this thread already: deadlock",
                      (void *)FastMutex);
    SimLockOrderCheck(Call, FastMutex, Place);
    if (!SimDispatcherWaitFor(Call, IsMutexFree, FastMutex, NULL))
        SimRuleBroken(Call, Page, "fast mutex %p is not released: deadlock", (void *)FastMutex);
    FastMutex->Count = 0;
    FastMutex->Owner = Thread;
    SimDispatcherUnlock();
    Thread->FastMutexes++;
    SimLockOrderTaken(FastMutex, Place);
}

static void
Release(const char *Call, const char *Page, PFAST_MUTEX FastMutex)
{
    struct _KTHREAD *Thread = SimThread();
    SimDispatcherLock();
    if (FastMutex->Owner != Thread)
        SimRuleBroken(Call, Page, "fast mutex %p is not held by this thread", (void *)FastMutex);
    FastMutex->Owner = NULL;
    FastMutex->Count = 1;
    SimDispatcherChanged();
    SimDispatcherUnlock();
    Thread->FastMutexes--;
    SimLockOrderReleased(FastMutex);
}

VOID FASTCALL
ExAcquireFastMutex(PFAST_MUTEX FastMutex)
{
    static const char Call[] = "ExAcquireFastMutex";
    static const char Page[] = "wdm/nf-wdm-exacquirefastmutex";
    SimPoint(Call);
    SimCheckIrql(Call, Page, PASSIVE_LEVEL, APC_LEVEL);
    KIRQL Old = KfRaiseIrql(APC_LEVEL);
    Acquire(Call, Page, FastMutex, __builtin_return_address(0));
    FastMutex->OldIrql = Old;
}

BOOLEAN FASTCALL
ExTryToAcquireFastMutex(PFAST_MUTEX FastMutex)
{
    struct _KTHREAD *Thread = SimThread();
    SimPoint("ExTryToAcquireFastMutex");
    SimCheckIrql("ExTryToAcquireFastMutex", "wdm/nf-wdm-extrytoacquirefastmutex", PASSIVE_LEVEL,
                 APC_LEVEL);
    SimDispatcherLock();
    BOOLEAN Free = FastMutex->Count == 1;
    if (Free)
    {
        FastMutex->Count = 0;
        FastMutex->Owner = Thread;
        FastMutex->OldIrql = KfRaiseIrql(APC_LEVEL);
        Thread->FastMutexes++;
        SimLockOrderTaken(FastMutex, __builtin_return_address(0));
    }
    SimDispatcherUnlock();
    return Free;
}

VOID FASTCALL
ExReleaseFastMutex(PFAST_MUTEX FastMutex)
{
    static const char Call[] = "ExReleaseFastMutex";
    static const char Page[] = "wdm/nf-wdm-exreleasefastmutex";
    SimCheckIrql(Call, Page, APC_LEVEL, APC_LEVEL);
    KIRQL Old = (KIRQL)FastMutex->OldIrql;
    Release(Call, Page, FastMutex);
    KeLowerIrql(Old);
    SimPoint(Call);
}

/* The page names two conditions, of which one must hold, whatever the thread. */
static void
CheckApcsDisabled(const char *Call, const char *Page)
{
    const struct _KTHREAD *Thread = SimThread();
    SimCheckIrql(Call, Page, PASSIVE_LEVEL, APC_LEVEL);
    if (Thread->Irql < APC_LEVEL && Thread->CriticalRegions == 0)
        SimRuleBroken(Call, Page, "the thread is neither at APC_LEVEL nor in a critical region");
}

VOID FASTCALL
ExAcquireFastMutexUnsafe(PFAST_MUTEX FastMutex)
{
    static const char Call[] = "ExAcquireFastMutexUnsafe";
    static const char Page[] = "wdm/nf-wdm-exacquirefastmutexunsafe";
    SimPoint(Call);
    CheckApcsDisabled(Call, Page);
    Acquire(Call, Page, FastMutex, __builtin_return_address(0));
}

VOID FASTCALL
ExReleaseFastMutexUnsafe(PFAST_MUTEX FastMutex)
{
    static const char Call[] = "ExReleaseFastMutexUnsafe";
    static const char Page[] = "wdm/nf-wdm-exreleasefastmutexunsafe";
    CheckApcsDisabled(Call, Page);
    Release(Call, Page, FastMutex);
    SimPoint(Call);
}

/* ---- Rundown protection: 2 for each holder, 1 while or after it is run down -------------------
 */

#define RUNDOWN_ACTIVE ((ULONG_PTR)1)
#define RUNDOWN_HOLDER ((ULONG_PTR)2)

VOID FASTCALL
ExInitializeRundownProtection(PEX_RUNDOWN_REF RunRef)
{
    __atomic_store_n(&RunRef->Count, 0, __ATOMIC_RELEASE);
}

BOOLEAN FASTCALL
ExAcquireRundownProtection(PEX_RUNDOWN_REF RunRef)
{
    SimPoint("ExAcquireRundownProtection");
    SimCheckIrql("ExAcquireRundownProtection", "wdm/nf-wdm-exacquirerundownprotection",
                 PASSIVE_LEVEL, DISPATCH_LEVEL);
    ULONG_PTR Count = __atomic_load_n(&RunRef->Count, __ATOMIC_RELAXED);
    while ((Count & RUNDOWN_ACTIVE) == 0)
    {
        if (__atomic_compare_exchange_n(&RunRef->Count, &Count, Count + RUNDOWN_HOLDER, FALSE,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        {
            SimThread()->Rundowns++;
            SimCheckSuspension("ExAcquireRundownProtection");
            return TRUE;
        }
    }
    return FALSE;
}

VOID FASTCALL
ExReleaseRundownProtection(PEX_RUNDOWN_REF RunRef)
{
    SimPoint("ExReleaseRundownProtection");
    SimCheckIrql("ExReleaseRundownProtection", "wdm/nf-wdm-exreleaserundownprotection",
                 PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct _KTHREAD *Thread = SimThread();
    ULONG_PTR Count = __atomic_load_n(&RunRef->Count, __ATOMIC_RELAXED);
    do
    {
        if (Count < RUNDOWN_HOLDER)
            SimRuleBroken("ExReleaseRundownProtection", "wdm/nf-wdm-exreleaserundownprotection",
                          "nobody has acquired %p", (void *)RunRef);
    } while (!__atomic_compare_exchange_n(&RunRef->Count, &Count, Count - RUNDOWN_HOLDER, FALSE,
                                          __ATOMIC_RELEASE, __ATOMIC_RELAXED));
    /* Legal, but then nobody could tell who holds it. */
    if (Thread->Rundowns == 0)
        SimNotSimulated("ExReleaseRundownProtection", "a release by another thread");
    Thread->Rundowns--;
    /* Once the count is given back the memory may be freed: what waits is found by its change. */
    if (Count == (RUNDOWN_ACTIVE | RUNDOWN_HOLDER))
    {
        SimDispatcherLock();
        SimDispatcherChanged();
        SimDispatcherUnlock();
    }
}

static BOOLEAN
IsRunDown(void *Context)
{
    return __atomic_load_n(&((PEX_RUNDOWN_REF)Context)->Count, __ATOMIC_ACQUIRE) == RUNDOWN_ACTIVE;
}

VOID FASTCALL
ExWaitForRundownProtectionRelease(PEX_RUNDOWN_REF RunRef)
{
    static const char Call[] = "ExWaitForRundownProtectionRelease";
    static const char Page[] = "wdm/nf-wdm-exwaitforrundownprotectionrelease";
    SimPoint(Call);
    SimCheckIrql(Call, Page, PASSIVE_LEVEL, APC_LEVEL);
    __atomic_fetch_or(&RunRef->Count, RUNDOWN_ACTIVE, __ATOMIC_ACQ_REL);
    SimDispatcherLock();
    if (!SimDispatcherWaitFor(Call, IsRunDown, RunRef, NULL))
        SimRuleBroken(Call, Page, "%p is not released: deadlock", (void *)RunRef);
    SimDispatcherUnlock();
}

VOID FASTCALL
ExRundownCompleted(PEX_RUNDOWN_REF RunRef)
{
    if (__atomic_load_n(&RunRef->Count, __ATOMIC_RELAXED) != RUNDOWN_ACTIVE)
        SimRuleBroken("ExRundownCompleted", "wdm/nf-wdm-exrundowncompleted",
                      "%p has not been run down by ExWaitForRundownProtectionRelease",
                      (void *)RunRef);
}

VOID FASTCALL
ExReInitializeRundownProtection(PEX_RUNDOWN_REF RunRef)
{
    SimCheckIrql("ExReInitializeRundownProtection", "wdm/nf-wdm-exreinitializerundownprotection",
                 PASSIVE_LEVEL, APC_LEVEL);
    if (__atomic_load_n(&RunRef->Count, __ATOMIC_RELAXED) != RUNDOWN_ACTIVE)
        SimRuleBroken("ExReInitializeRundownProtection",
                      "wdm/nf-wdm-exreinitializerundownprotection",
                      "%p is not run down; only then it may be used again", (void *)RunRef);
    __atomic_store_n(&RunRef->Count, 0, __ATOMIC_RELEASE);
}

/* ---- Sequenced lists. The first word is the first entry, with bit 0 as a lock; the second the
 * depth. ----------------------------------------------------------------------------------------
 */

#define LIST_LOCKED ((ULONGLONG)1)

static ULONGLONG
ListLock(const char *Call, PSLIST_HEADER Head)
{
    SimPoint(Call);
    SimCheckIrql(Call, "Singly and Doubly Linked Lists", PASSIVE_LEVEL, DISPATCH_LEVEL);
    if ((ULONG_PTR)Head % MEMORY_ALLOCATION_ALIGNMENT != 0)
        SimRuleBroken(Call, "wdm/nf-wdm-initializeslisthead",
                      "list head %p is not aligned to MEMORY_ALLOCATION_ALIGNMENT", (void *)Head);
    for (;;)
    {
        ULONGLONG First = __atomic_load_n(&Head->Alignment, __ATOMIC_RELAXED);
        if ((First & LIST_LOCKED) == 0 &&
            __atomic_compare_exchange_n(&Head->Alignment, &First, First | LIST_LOCKED, FALSE,
                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
            return First;
        sched_yield();
    }
}

static void
ListUnlock(PSLIST_HEADER Head, PVOID First)
{
    __atomic_store_n(&Head->Alignment, (ULONGLONG)(ULONG_PTR)First, __ATOMIC_SEQ_CST);
}

VOID NTAPI
InitializeSListHead(PSLIST_HEADER ListHead)
{
    ListHead->Alignment = 0;
    ListHead->Region = 0;
}

PSLIST_ENTRY NTAPI
ExpInterlockedPopEntrySList(PSLIST_HEADER ListHead)
{
    PSLIST_ENTRY First = (PSLIST_ENTRY)(ULONG_PTR)ListLock("InterlockedPopEntrySList", ListHead);
    if (First != NULL)
        ListHead->Region--;
    ListUnlock(ListHead, First != NULL ? First->Next : NULL);
    return First;
}

PSLIST_ENTRY NTAPI
ExpInterlockedPushEntrySList(PSLIST_HEADER ListHead, PSLIST_ENTRY Entry)
{
    if ((ULONG_PTR)Entry % MEMORY_ALLOCATION_ALIGNMENT != 0)
        SimRuleBroken("InterlockedPushEntrySList", "wdm/nf-wdm-exinterlockedpushentryslist",
                      "entry %p is not aligned to MEMORY_ALLOCATION_ALIGNMENT", (void *)Entry);
    PSLIST_ENTRY First = (PSLIST_ENTRY)(ULONG_PTR)ListLock("InterlockedPushEntrySList", ListHead);
    if (First == Entry)
        SimRuleBroken("InterlockedPushEntrySList", "wdm/nf-wdm-exinterlockedpushentryslist",
                      "entry %p is in the list already", (void *)Entry);
    Entry->Next = First;
    ListHead->Region++;
    ListUnlock(ListHead, Entry);
    return First;
}

PSLIST_ENTRY NTAPI
ExpInterlockedFlushSList(PSLIST_HEADER ListHead)
{
    PSLIST_ENTRY First = (PSLIST_ENTRY)(ULONG_PTR)ListLock("InterlockedFlushSList", ListHead);
    ListHead->Region = 0;
    ListUnlock(ListHead, NULL);
    return First;
}

USHORT NTAPI
ExQueryDepthSList(PSLIST_HEADER SListHead)
{
    ULONGLONG First = ListLock("ExQueryDepthSList", SListHead);
    USHORT Depth = (USHORT)SListHead->Region;
    ListUnlock(SListHead, (PVOID)(ULONG_PTR)First);
    return Depth;
}
