/* SPDX-License-Identifier: MIT */
/*
 * Mutexes and semaphores; waiting for them is the dispatcher's. Articles "Introduction to Mutex
 * Objects", "Introduction to Semaphore Objects".
 */
#include "dispatcher.h"
#include "thread.h"

VOID NTAPI
KeInitializeMutex(PRKMUTEX Mutex, ULONG Level)
{
    UNREFERENCED_PARAMETER(Level); /* reserved */
    *Mutex = (KMUTEX){.ApcDisable = 1};
    SimDispatcherInit(&Mutex->Header, SIM_DISPATCHER_MUTEX, 1);
}

static void
CheckWait(const char *Call, const char *Page, BOOLEAN Wait)
{
    if (Wait)
        SimRuleBroken(Call, Page,
                      "Wait is TRUE, which raises the IRQL until the wait that must follow");
}

LONG NTAPI
KeReleaseMutex(PRKMUTEX Mutex, BOOLEAN Wait)
{
    static const char Call[] = "KeReleaseMutex";
    static const char Page[] = "wdm/nf-wdm-kereleasemutex";
    SimPoint(Call);
    SimCheckIrql(Call, Page, PASSIVE_LEVEL, DISPATCH_LEVEL);
    CheckWait(Call, Page, Wait);
    SimDispatcherLock();
    if (Mutex->Header.Type != SIM_DISPATCHER_MUTEX || Mutex->OwnerThread != SimThread())
        SimRuleBroken(Call, Page, "mutex %p is not held by this thread", (void *)Mutex);
    LONG Old = Mutex->Header.SignalState++;
    if (Old == 0)
    {
        Mutex->OwnerThread = NULL;
        SimDispatcherChanged();
    }
    SimDispatcherUnlock();
    return Old;
}

VOID NTAPI
KeInitializeSemaphore(PRKSEMAPHORE Semaphore, LONG Count, LONG Limit)
{
    static const char Page[] = "wdm/nf-wdm-keinitializesemaphore";
    if (Count < 0 || Limit <= 0 || Count > Limit)
        SimRuleBroken("KeInitializeSemaphore", Page, "Count is %d and Limit is %d", Count, Limit);
    Semaphore->Limit = Limit;
    SimDispatcherInit(&Semaphore->Header, SIM_DISPATCHER_SEMAPHORE, Count);
}

LONG NTAPI
KeReleaseSemaphore(PRKSEMAPHORE Semaphore, KPRIORITY Increment, LONG Adjustment, BOOLEAN Wait)
{
    static const char Call[] = "KeReleaseSemaphore";
    static const char Page[] = "wdm/nf-wdm-kereleasesemaphore";
    UNREFERENCED_PARAMETER(Increment);
    SimPoint(Call);
    SimCheckIrql(Call, Page, PASSIVE_LEVEL, DISPATCH_LEVEL);
    CheckWait(Call, Page, Wait);
    SimDispatcherLock();
    LONG Old = Semaphore->Header.SignalState;
    if (Semaphore->Header.Type != SIM_DISPATCHER_SEMAPHORE || Adjustment <= 0 ||
        Adjustment > Semaphore->Limit - Old)
        SimRuleBroken(Call, Page, "semaphore %p has %d of %d, and %d are added", (void *)Semaphore,
                      Old, Semaphore->Limit, Adjustment);
    Semaphore->Header.SignalState = Old + Adjustment;
    SimDispatcherChanged();
    SimDispatcherUnlock();
    return Old;
}
