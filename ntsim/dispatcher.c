/* SPDX-License-Identifier: MIT */
/* Events and waits. Article "Introduction to Kernel Dispatcher Objects". */
#include <stdlib.h>
#include "dispatcher.h"
#include "thread.h"

#define WAIT_PAGE   "wdm/nf-wdm-kewaitforsingleobject"
#define SECONDS_MAX 20

static pthread_mutex_t Mutex = PTHREAD_MUTEX_INITIALIZER;

/* A thread that waits, and whose condition did not hold at the last change. */
typedef struct WAITER
{
    LIST_ENTRY Link;
    SIM_CONDITION *Condition;
    void *Context;
    BOOLEAN Idle; /* a system thread */
    pthread_cond_t Holds;
} WAITER;

/* Under the lock. Those whose condition has come to hold are woken and not in the list any more. */
static LIST_ENTRY Waiters = {&Waiters, &Waiters};
static ULONG64 Changes;
static unsigned IdleThreads; /* how many of the waiters are system threads */
static pthread_cond_t IdleChanged = PTHREAD_COND_INITIALIZER;

void
SimDispatcherLock(void)
{
    pthread_mutex_lock(&Mutex);
}

void
SimDispatcherUnlock(void)
{
    pthread_mutex_unlock(&Mutex);
}

static BOOLEAN
IsIdle(void)
{
    return IdleThreads == SimSystemThreads() && SimEndingThreads() == 0;
}

/* Wakes who waits for that, but not in vain: it would be for each change. */
static void
TellIdle(void)
{
    if (IsIdle())
        pthread_cond_signal(&IdleChanged);
}

static void
AddWaiter(WAITER *Waiter)
{
    InsertTailList(&Waiters, &Waiter->Link);
    IdleThreads += Waiter->Idle;
    TellIdle();
}

static void
RemoveWaiter(WAITER *Waiter)
{
    if (Waiter->Link.Flink == NULL)
        return;
    RemoveEntryList(&Waiter->Link);
    Waiter->Link.Flink = NULL;
    IdleThreads -= Waiter->Idle;
}

void
SimDispatcherChanged(void)
{
    ++Changes;
    for (PLIST_ENTRY At = Waiters.Flink, Next; At != &Waiters; At = Next)
    {
        WAITER *Waiter = CONTAINING_RECORD(At, WAITER, Link);
        Next = At->Flink;
        if (!Waiter->Condition(Waiter->Context))
            continue;
        RemoveWaiter(Waiter);
        pthread_cond_signal(&Waiter->Holds);
    }
    TellIdle();
}

struct timespec
SimDeadline(LONGLONG HundredNs)
{
    struct timespec Time;
    if (SimScheduled())
        Time = SimScheduleNow();
    else
        clock_gettime(CLOCK_REALTIME, &Time);
    LONGLONG Nanoseconds = Time.tv_nsec + HundredNs % 10000000 * 100;
    Time.tv_sec += HundredNs / 10000000 + Nanoseconds / 1000000000;
    Time.tv_nsec = Nanoseconds % 1000000000;
    return Time;
}

unsigned
SimSecondsMax(void)
{
    const char *Text = getenv("NTSIM_SECONDS");
    return Text != NULL ? (unsigned)strtoul(Text, NULL, 10) : SECONDS_MAX;
}

/* Waits until somebody says that the waiter's condition holds, or Until. */
static BOOLEAN
WaitWoken(WAITER *Waiter, const struct timespec *Until)
{
    int Error = 0;
    AddWaiter(Waiter);
    while (Error == 0 && Waiter->Link.Flink != NULL)
        Error = pthread_cond_timedwait(&Waiter->Holds, &Mutex, Until);
    RemoveWaiter(Waiter);
    return Error == 0;
}

BOOLEAN
SimDispatcherWaitFor(const char *What, SIM_CONDITION *Condition, void *Context,
                     const struct timespec *Deadline)
{
    if (Condition(Context))
        return TRUE;
    if (SimScheduled())
    {
        SimDispatcherUnlock();
        BOOLEAN Holds = SimScheduleWait(What, Condition, Context, Deadline);
        SimDispatcherLock();
        return Holds;
    }
    WAITER Waiter = {.Condition = Condition,
                     .Context = Context,
                     .Idle = SimThread()->System,
                     .Holds = PTHREAD_COND_INITIALIZER};
    ULONG64 Seen;
    BOOLEAN Woken;
    do
    {
        struct timespec Last = SimDeadline(SimSecondsMax() * 10000000LL);
        Seen = Changes;
        Woken = WaitWoken(&Waiter, Deadline != NULL ? Deadline : &Last);
        /* Whoever was woken may be too late. */
    } while (!Condition(Context) && (Woken || (Deadline == NULL && Seen != Changes)));
    pthread_cond_destroy(&Waiter.Holds);
    return Condition(Context);
}

BOOLEAN
SimDispatcherWaitIdle(void)
{
    struct timespec Last = SimDeadline(SimSecondsMax() * 10000000LL);
    while (!IsIdle())
    {
        if (pthread_cond_timedwait(&IdleChanged, &Mutex, &Last) != 0)
            return FALSE;
    }
    return TRUE;
}

void
SimDispatcherInit(PDISPATCHER_HEADER Header, UCHAR Type, LONG State)
{
    Header->Lock = 0;
    Header->Type = Type;
    Header->SignalState = State;
    InitializeListHead(&Header->WaitListHead);
}

static void
CheckHeader(const char *Call, const DISPATCHER_HEADER *Header)
{
    if (Header->WaitListHead.Flink == &Header->WaitListHead)
    {
        switch (Header->Type)
        {
        case NotificationEvent:
        case SynchronizationEvent:
        case SIM_DISPATCHER_MUTEX:
        case SIM_DISPATCHER_SEMAPHORE:
        case SIM_DISPATCHER_THREAD:
        case SIM_DISPATCHER_TIMER + NotificationTimer:
        case SIM_DISPATCHER_TIMER + SynchronizationTimer:
            return;
        }
    }
    SimRuleBroken(Call, "Introduction to Kernel Dispatcher Objects",
                  "object %p is no initialised dispatcher object", (const void *)Header);
}

VOID NTAPI
KeInitializeEvent(PRKEVENT Event, EVENT_TYPE Type, BOOLEAN State)
{
    SimDispatcherInit(&Event->Header, (UCHAR)Type, State);
}

LONG NTAPI
KeSetEvent(PRKEVENT Event, KPRIORITY Increment, BOOLEAN Wait)
{
    UNREFERENCED_PARAMETER(Increment);
    SimPoint("KeSetEvent");
    SimCheckIrql("KeSetEvent", "wdm/nf-wdm-kesetevent", PASSIVE_LEVEL, DISPATCH_LEVEL);
    if (Wait)
        SimNotSimulated("KeSetEvent", "Wait is TRUE");
    SimDispatcherLock();
    CheckHeader("KeSetEvent", &Event->Header);
    if (Event->Header.Type > SynchronizationEvent)
        SimRuleBroken("KeSetEvent", "wdm/nf-wdm-kesetevent", "the object is no event");
    LONG Old = Event->Header.SignalState;
    Event->Header.SignalState = 1;
    if (Old == 0) /* else whoever waits for it has been told */
        SimDispatcherChanged();
    SimDispatcherUnlock();
    return Old;
}

LONG NTAPI
KeResetEvent(PRKEVENT Event)
{
    SimPoint("KeResetEvent");
    SimCheckIrql("KeResetEvent", "wdm/nf-wdm-keresetevent", PASSIVE_LEVEL, DISPATCH_LEVEL);
    SimDispatcherLock();
    CheckHeader("KeResetEvent", &Event->Header);
    LONG Old = Event->Header.SignalState;
    Event->Header.SignalState = 0;
    SimDispatcherUnlock();
    return Old;
}

VOID NTAPI
KeClearEvent(PRKEVENT Event)
{
    KeResetEvent(Event);
}

LONG NTAPI
KeReadStateEvent(PRKEVENT Event)
{
    SimPoint("KeReadStateEvent");
    SimCheckIrql("KeReadStateEvent", "wdm/nf-wdm-kereadstateevent", PASSIVE_LEVEL, DISPATCH_LEVEL);
    SimDispatcherLock();
    LONG State = Event->Header.SignalState;
    SimDispatcherUnlock();
    return State;
}

/* What a thread waits for. */
typedef struct WAIT
{
    PDISPATCHER_HEADER *Headers;
    ULONG Count;
    WAIT_TYPE Type;
    struct _KTHREAD *Thread;
} WAIT;

/* Whether a wait of Thread for this object is over. A mutex can be acquired again by its owner. */
static BOOLEAN
IsSignalled(PDISPATCHER_HEADER Header, struct _KTHREAD *Thread)
{
    if (Header->SignalState > 0)
        return TRUE;
    return Header->Type == SIM_DISPATCHER_MUTEX &&
           CONTAINING_RECORD(Header, KMUTEX, Header)->OwnerThread == Thread;
}

/* What the end of the wait does to the object. */
static void
Take(PDISPATCHER_HEADER Header, struct _KTHREAD *Thread)
{
    switch (Header->Type)
    {
    case SynchronizationEvent:
    case SIM_DISPATCHER_TIMER + SynchronizationTimer:
        Header->SignalState = 0;
        break;
    case SIM_DISPATCHER_MUTEX:
        CONTAINING_RECORD(Header, KMUTEX, Header)->OwnerThread = Thread;
        --Header->SignalState;
        break;
    case SIM_DISPATCHER_SEMAPHORE:
        --Header->SignalState;
        break;
    }
}

/* Whether it is there; looks only. Under the lock. */
static BOOLEAN
IsSatisfied(void *Context)
{
    const WAIT *Waiting = Context;
    ULONG Signalled = 0;
    for (ULONG At = 0; At < Waiting->Count; ++At)
        Signalled += IsSignalled(Waiting->Headers[At], Waiting->Thread);
    return Waiting->Type == WaitAny ? Signalled != 0 : Signalled == Waiting->Count;
}

/* Ends a wait that is satisfied; returns which object ended it. Under the lock. */
static ULONG
Satisfy(const WAIT *Waiting)
{
    for (ULONG At = 0; At < Waiting->Count; ++At)
    {
        PDISPATCHER_HEADER Header = Waiting->Headers[At];
        if (!IsSignalled(Header, Waiting->Thread))
            continue;
        Take(Header, Waiting->Thread);
        if (Waiting->Type == WaitAny)
            return At;
    }
    return 0;
}

/* Units of 100 ns until a time-out: a negative one counts from now, others from the system's
 * beginning of time. Not negative. */
static LONGLONG
FromNow(const LARGE_INTEGER *Timeout)
{
    LARGE_INTEGER Now;
    if (Timeout->QuadPart <= 0)
        return -Timeout->QuadPart;
    KeQuerySystemTime(&Now);
    return max(Timeout->QuadPart - Now.QuadPart, 0);
}

static NTSTATUS
Wait(const char *Call, WAIT Waiting, PLARGE_INTEGER Timeout)
{
    BOOLEAN Now = Timeout != NULL && Timeout->QuadPart == 0;
    SimPoint(Call);
    /* At DISPATCH_LEVEL only a time-out of zero. */
    SimCheckIrql(Call, WAIT_PAGE, PASSIVE_LEVEL, Now ? DISPATCH_LEVEL : APC_LEVEL);
    struct timespec Deadline = {0, 0};
    if (Timeout != NULL)
    {
        Deadline = SimDeadline(FromNow(Timeout));
    }
    SimDispatcherLock();
    for (ULONG At = 0; At < Waiting.Count; ++At)
        CheckHeader(Call, Waiting.Headers[At]);
    BOOLEAN Satisfied;
    do
        Satisfied = Now ? IsSatisfied(&Waiting)
                        : SimDispatcherWaitFor(Call, IsSatisfied, &Waiting,
                                               Timeout != NULL ? &Deadline : NULL);
    /* A server may have nothing to do. */
    while (!Satisfied && Timeout == NULL && Waiting.Type == WaitAny && Waiting.Count > 1);
    if (!Satisfied && Timeout == NULL)
        SimRuleBroken(Call, WAIT_PAGE, "the wait for %p does not end", (void *)Waiting.Headers[0]);
    NTSTATUS Status =
        Satisfied ? STATUS_WAIT_0 + (NTSTATUS)Satisfy(&Waiting) : (NTSTATUS)STATUS_TIMEOUT;
    SimDispatcherUnlock();
    SimPoint(Call);
    return Status;
}

NTSTATUS NTAPI
KeWaitForSingleObject(PVOID Object, KWAIT_REASON WaitReason, KPROCESSOR_MODE WaitMode,
                      BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    UNREFERENCED_PARAMETER(WaitReason);
    UNREFERENCED_PARAMETER(WaitMode);
    UNREFERENCED_PARAMETER(Alertable);
    PDISPATCHER_HEADER Header = Object;
    return Wait("KeWaitForSingleObject", (WAIT){&Header, 1, WaitAny, SimThread()}, Timeout);
}

NTSTATUS NTAPI
KeWaitForMultipleObjects(ULONG Count, PVOID Object[], WAIT_TYPE WaitType, KWAIT_REASON WaitReason,
                         KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Timeout,
                         PKWAIT_BLOCK WaitBlockArray)
{
    static const char Page[] = "wdm/nf-wdm-kewaitformultipleobjects";
    UNREFERENCED_PARAMETER(WaitReason);
    UNREFERENCED_PARAMETER(WaitMode);
    UNREFERENCED_PARAMETER(Alertable);
    ULONG Max = WaitBlockArray == NULL ? THREAD_WAIT_OBJECTS : MAXIMUM_WAIT_OBJECTS;
    PDISPATCHER_HEADER Headers[MAXIMUM_WAIT_OBJECTS];
    if (Count == 0 || Count > Max)
        SimRuleBroken("KeWaitForMultipleObjects", Page,
                      "Count is %u; 1 to %u are allowed with these wait blocks", Count, Max);
    for (ULONG At = 0; At < Count; ++At)
        Headers[At] = Object[At];
    return Wait("KeWaitForMultipleObjects", (WAIT){Headers, Count, WaitType, SimThread()}, Timeout);
}

NTSTATUS NTAPI
KeDelayExecutionThread(KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Interval)
{
    UNREFERENCED_PARAMETER(WaitMode);
    UNREFERENCED_PARAMETER(Alertable);
    SimCheckIrql("KeDelayExecutionThread", "wdm/nf-wdm-kedelayexecutionthread", PASSIVE_LEVEL,
                 APC_LEVEL);
    SimSleepUnits((ULONG64)FromNow(Interval));
    return STATUS_SUCCESS;
}
