/* SPDX-License-Identifier: MIT */
/*
 * Timers: a thread of the simulated system signals them and queues their DPCs. Articles "Timer
 * Objects and DPCs", "Introduction to Timer Objects".
 */
#include <stdlib.h>
#include <string.h>
#include "io.h"
#include "thread.h"

#define TIMERS_MAX 32

typedef struct ARMED
{
    PKTIMER Timer;
    PKDPC Dpc;
    struct timespec Due;
} ARMED;

static ARMED Armed[TIMERS_MAX]; /* under the dispatcher's lock */
static pthread_once_t Once = PTHREAD_ONCE_INIT;

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
        PKTIMER Timer = Next->Timer;
        PKDPC Dpc = Next->Dpc;
        if (Timer->Period != 0)
            Next->Due = SimDeadline((LONGLONG)Timer->Period * 10000);
        else
            Next->Timer = NULL;
        Timer->Header.SignalState = 1;
        SimDispatcherChanged();
        if (Dpc != NULL)
            SimDpcQueue(Dpc, NULL, NULL);
    }
}

static void
StartThread(void)
{
    SimThreadDetach(SimThreadCreate(TimerThread, NULL, "timers"));
}

unsigned
SimTimersArmed(void)
{
    unsigned Count = 0;
    for (unsigned At = 0; At < TIMERS_MAX; ++At)
        Count += Armed[At].Timer != NULL;
    return Count;
}

VOID NTAPI
KeInitializeTimerEx(PKTIMER Timer, TIMER_TYPE Type)
{
    memset(Timer, 0, sizeof(*Timer));
    SimDispatcherInit(&Timer->Header, (UCHAR)(SIM_DISPATCHER_TIMER + Type), 0);
}

VOID NTAPI
KeInitializeTimer(PKTIMER Timer)
{
    KeInitializeTimerEx(Timer, NotificationTimer);
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
    if (Period < 0)
        SimRuleBroken("KeSetTimerEx", Page, "Period is %d", Period);
    if (DueTime.QuadPart >= 0)
    {
        LARGE_INTEGER Now;
        KeQuerySystemTime(&Now);
        DueTime.QuadPart = min(Now.QuadPart - DueTime.QuadPart, 0);
    }
    SimDpcStart();
    pthread_once(&Once, StartThread);
    SimDispatcherLock();
    BOOLEAN Was = Disarm(Timer);
    unsigned At = 0;
    while (Armed[At].Timer != NULL)
    {
        if (++At == TIMERS_MAX)
            abort();
    }
    Timer->Period = (ULONG)Period;
    Timer->Header.SignalState = 0;
    Armed[At] = (ARMED){.Timer = Timer, .Dpc = Dpc, .Due = SimDeadline(-DueTime.QuadPart)};
    SimDispatcherChanged();
    SimDispatcherUnlock();
    return Was;
}

BOOLEAN NTAPI
KeSetTimer(PKTIMER Timer, LARGE_INTEGER DueTime, PKDPC Dpc)
{
    return KeSetTimerEx(Timer, DueTime, 0, Dpc);
}

BOOLEAN NTAPI
KeReadStateTimer(PKTIMER Timer)
{
    SimCheckIrql("KeReadStateTimer", "wdm/nf-wdm-kereadstatetimer", PASSIVE_LEVEL, DISPATCH_LEVEL);
    SimDispatcherLock();
    BOOLEAN State = Timer->Header.SignalState > 0;
    SimDispatcherUnlock();
    return State;
}
