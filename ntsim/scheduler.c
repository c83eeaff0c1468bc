/* SPDX-License-Identifier: MIT */
/*
 * See scheduler.h. A token is passed: its holder is the running thread, all others sleep on a
 * semaphore of their own. Everything here is the token holder's, so there is no lock.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include "scheduler.h"
#include "store_buffer.h"
#include "thread.h"

#define THREADS_MAX    256
#define CHANGES_MAX    10
#define FAIR_POINTS    3000u
#define POINTS_MAX     5000000u
#define LOW_PRIORITIES ((ULONG64)1 << 32) /* those that change points give */
#define UNITS_PER_MS   10000
#define UNITS_PER_S    10000000
#define FNV_PRIME      0x100000001B3u
#define FNV_BASIS      0xCBF29CE484222325u
#define GOLDEN         0x9E3779B97F4A7C15u
#define SWITCH_LOG_MAX 7 /* a random walk changes the thread at one point in 1 to 2^7 */
#define DRAIN_LOG_MAX  9 /* and drains a store of a buffer at one in 1 to 2^9 */

typedef enum THREAD_STATE
{
    ThreadReady,
    ThreadWaiting,
    ThreadDone
} THREAD_STATE;

struct SIM_THREAD
{
    const char *Name;
    void (*Main)(void *Context);
    void *Context;
    pthread_t Native;
    unsigned References; /* its own, until it ends, and its creator's */

    /* The rest is the scheduler's. */
    BOOLEAN Scheduled;
    BOOLEAN Kept; /* somebody will join it */
    BOOLEAN Suspended;
    unsigned Number;
    THREAD_STATE State;
    sem_t Turn;
    const char *Where; /* the last point, or what it waits for */
    SIM_CONDITION *Condition;
    void *ConditionContext;
    BOOLEAN Timed;
    ULONG64 Due;
    ULONG64 Priority;
    ULONG64 BufferPriority; /* of its store buffer, which competes with the threads */
    SIM_STORE_BUFFER Buffer;
    struct _KTHREAD *Kernel;
};

static BOOLEAN Active, Preempting, Tracing;
static BOOLEAN Choosing; /* conditions are looked at: what they read is nobody's access */
static SIM_THREAD *Threads[THREADS_MAX]; /* NULL: done and joined */
static unsigned ThreadCount;
static unsigned NextNumber;
static SIM_SCHEDULE Result;
static ULONG64 RandomState, ScenarioState;
static unsigned SinceSwitch; /* points without a change of the running thread */

/* How the seed chooses. */
static BOOLEAN Walk;
static unsigned SwitchOneIn, DrainOneIn; /* of a random walk */
static unsigned Changes;                 /* of priorities */
static ULONG64 ChangeAt[CHANGES_MAX];

static _Thread_local SIM_THREAD *Self;

/* splitmix64 */
static ULONG64
Random(ULONG64 *State)
{
    ULONG64 Value = *State += GOLDEN;
    Value = (Value ^ (Value >> 30)) * 0xBF58476D1CE4E5B9u;
    Value = (Value ^ (Value >> 27)) * 0x94D049BB133111EBu;
    return Value ^ (Value >> 31);
}

ULONG
SimScheduleRandom(ULONG Bound)
{
    return (ULONG)(Random(&ScenarioState) % Bound);
}

BOOLEAN
SimScheduled(void)
{
    return Self != NULL;
}

SIM_STORE_BUFFER *
SimStoreBuffer(void)
{
    return Self != NULL ? &Self->Buffer : NULL;
}

SIM_SCHEDULE
SimScheduleResult(void)
{
    return Result;
}

void
SimScheduleTrace(void)
{
    Tracing = TRUE;
}

void
SimSchedulePreempt(BOOLEAN Preempt)
{
    Preempting = Preempt;
}

struct timespec
SimScheduleNow(void)
{
    return (struct timespec){(time_t)(Result.Time / UNITS_PER_S),
                             (long)(Result.Time % UNITS_PER_S) * 100};
}

static void
Hash(const char *What)
{
    ULONG64 Value = Result.Hash ^ Self->Number;
    for (; *What != 0; ++What)
        Value = (Value ^ (UCHAR)*What) * FNV_PRIME;
    Result.Hash = (Value ^ Result.Time) * FNV_PRIME;
}

/* ---- Choosing -----------------------------------------------------------------------------------
 */

/* Whether it goes no further before it is resumed. A thread that has not begun has no locks. */
static BOOLEAN
IsSuspended(const SIM_THREAD *Thread)
{
    return Thread->Suspended && (Thread->Kernel == NULL || SimMayBeSuspended(Thread->Kernel));
}

static BOOLEAN
CanRun(const SIM_THREAD *Thread)
{
    if (Thread == NULL || Thread->State == ThreadDone || IsSuspended(Thread))
        return FALSE;
    return Thread->State == ThreadReady || Thread->Condition(Thread->ConditionContext) ||
           (Thread->Timed && Thread->Due <= Result.Time);
}

static SIM_THREAD *
HighestThread(void)
{
    SIM_THREAD *Best = NULL;
    for (unsigned At = 0; At < ThreadCount; ++At)
    {
        if (CanRun(Threads[At]) && (Best == NULL || Threads[At]->Priority > Best->Priority))
            Best = Threads[At];
    }
    return Best;
}

static SIM_THREAD *
RandomThread(void)
{
    SIM_THREAD *Chosen = NULL;
    unsigned Able = 0;
    for (unsigned At = 0; At < ThreadCount; ++At)
    {
        if (CanRun(Threads[At]) && Random(&RandomState) % ++Able == 0)
            Chosen = Threads[At];
    }
    return Chosen;
}

/* Lets stores reach memory: of buffers that are as important as Priority, or by chance. */
static void
DrainBuffers(ULONG64 Priority)
{
    for (unsigned At = 0; At < ThreadCount; ++At)
    {
        SIM_THREAD *Thread = Threads[At];
        if (Thread == NULL || Thread->Buffer.Count == 0)
            continue;
        if (Walk && Random(&RandomState) % DrainOneIn == 0)
            SimStoreBufferDrain(&Thread->Buffer);
        else if (!Walk && Thread->BufferPriority >= Priority)
            SimStoreBufferFlush(&Thread->Buffer);
    }
}

/* Nobody can run: what is in buffers reaches memory. FALSE: nothing is. */
static BOOLEAN
FlushBuffers(void)
{
    BOOLEAN Any = FALSE;
    for (unsigned At = 0; At < ThreadCount; ++At)
    {
        if (Threads[At] == NULL || Threads[At]->Buffer.Count == 0)
            continue;
        SimStoreBufferFlush(&Threads[At]->Buffer);
        Any = TRUE;
    }
    return Any;
}

/* Nobody can run: time passes until a time-out. FALSE: there is none. */
static BOOLEAN
PassTime(void)
{
    BOOLEAN Any = FALSE;
    ULONG64 Next = 0;
    for (unsigned At = 0; At < ThreadCount; ++At)
    {
        const SIM_THREAD *Thread = Threads[At];
        if (Thread == NULL || Thread->State != ThreadWaiting || !Thread->Timed ||
            IsSuspended(Thread) || (Any && Thread->Due >= Next))
            continue;
        Next = Thread->Due;
        Any = TRUE;
    }
    if (Any)
        Result.Time = Next;
    return Any;
}

static void
PrintThreads(void)
{
    for (unsigned At = 0; At < ThreadCount; ++At)
    {
        const SIM_THREAD *Thread = Threads[At];
        if (Thread == NULL || Thread->State == ThreadDone)
            continue;
        fprintf(stderr, "ntsim: thread %u (%s) %s: %s", Thread->Number, Thread->Name,
                IsSuspended(Thread)              ? "is suspended"
                : Thread->State == ThreadWaiting ? "waits"
                                                 : "can run",
                Thread->Where);
        if (Thread->Kernel != NULL)
            fprintf(stderr, "; IRQL %u, %u spin locks, %u fast mutexes", Thread->Kernel->Irql,
                    Thread->Kernel->SpinLocks, Thread->Kernel->FastMutexes);
        fprintf(stderr, "\n");
    }
}

/* Who runs next. Never NULL. */
static SIM_THREAD *
Choose(void)
{
    for (;;)
    {
        Choosing = TRUE;
        SIM_THREAD *Chosen = Walk && Preempting ? RandomThread() : HighestThread();
        Choosing = FALSE;
        if (Chosen != NULL)
            return Chosen;
        if (FlushBuffers() || PassTime())
            continue;
        PrintThreads();
        SimRuleBroken("a wait", "wdm/nf-wdm-kewaitforsingleobject",
                      "all threads wait for each other: deadlock");
    }
}

/* ---- Running ------------------------------------------------------------------------------------
 */

static void
SleepUntilTurn(SIM_THREAD *Thread)
{
    while (sem_wait(&Thread->Turn) != 0 && errno == EINTR)
        ;
}

static void
Trace(const SIM_THREAD *Next)
{
    fprintf(stderr, "# %llu.%07llu s, point %llu: %u (%s) at %s -> %u (%s)\n",
            (unsigned long long)(Result.Time / UNITS_PER_S),
            (unsigned long long)(Result.Time % UNITS_PER_S), (unsigned long long)Result.Points,
            Self->Number, Self->Name, Self->Where, Next->Number, Next->Name);
}

/* Passes the token. Returns when it is back, or at once if the thread is done. */
static void
SwitchTo(SIM_THREAD *Next)
{
    SIM_THREAD *Here = Self;
    if (Next == Here)
        return;
    SinceSwitch = 0;
    ++Result.Switches;
    if (Tracing)
        Trace(Next);
    BOOLEAN Done = Here->State == ThreadDone;
    sem_post(&Next->Turn);
    if (!Done)
        SleepUntilTurn(Here);
}

/* What happens at a point of the running thread, by priorities: TRUE if it may have to give way. */
static void
ChangePriority(void)
{
    for (unsigned At = 0; At < Changes; ++At)
    {
        if (ChangeAt[At] == Result.Points)
            Self->Priority = At;
    }
    /* A thread that polls must not keep the others from what it polls for. */
    if (SinceSwitch > FAIR_POINTS)
    {
        for (unsigned At = 0; At < ThreadCount; ++At)
        {
            if (Threads[At] != NULL)
                Threads[At]->Priority += CHANGES_MAX;
        }
        Self->Priority = 0;
        SinceSwitch = 0;
    }
}

/* The running thread is at What. FALSE: it is not to be preempted. */
static BOOLEAN
Arrive(const char *What)
{
    Self->Where = What;
    Self->Kernel = SimThread();
    Hash(What);
    if (!Preempting)
        return FALSE;
    ++Result.Points;
    ++SinceSwitch;
    if (Result.Points > POINTS_MAX)
    {
        PrintThreads();
        SimRuleBroken("a run", "Synchronization Techniques", "it does not end: livelock");
    }
    if (!Walk)
        ChangePriority();
    DrainBuffers(Self->Priority);
    return TRUE;
}

void
SimSchedulePoint(const char *What)
{
    if (Choosing || !Arrive(What))
        return;
    if (!Walk || IsSuspended(Self) || Random(&RandomState) % SwitchOneIn == 0)
        SwitchTo(Choose());
}

BOOLEAN
SimScheduleWait(const char *What, SIM_CONDITION *Condition, void *Context,
                const struct timespec *Deadline)
{
    SIM_THREAD *Here = Self;
    Arrive(What);
    SimStoreBufferFlush(&Here->Buffer);
    Here->Condition = Condition;
    Here->ConditionContext = Context;
    Here->Timed = Deadline != NULL;
    if (Deadline != NULL)
        Here->Due = (ULONG64)Deadline->tv_sec * UNITS_PER_S + (ULONG64)Deadline->tv_nsec / 100;
    Here->State = ThreadWaiting;
    SwitchTo(Choose());
    Here->State = ThreadReady;
    return Condition(Context);
}

static BOOLEAN
Never(void *Context)
{
    UNREFERENCED_PARAMETER(Context);
    return FALSE;
}

/* Another thread has run since the caller began to wait. */
static BOOLEAN
HasSwitched(void *Context)
{
    return Result.Switches != *(ULONG64 *)Context;
}

void
SimScheduleYield(void)
{
    if (!SimScheduled())
        return;
    ULONG64 Switches = Result.Switches, Until = Result.Time + 1;
    struct timespec Deadline = {(time_t)(Until / UNITS_PER_S), (long)(Until % UNITS_PER_S) * 100};
    SimScheduleWait("YieldProcessor", HasSwitched, &Switches, &Deadline);
}

void
SimSleepUnits(ULONG64 Units)
{
    if (!SimScheduled())
    {
        struct timespec Time = {(time_t)(Units / UNITS_PER_S), (long)(Units % UNITS_PER_S) * 100};
        nanosleep(&Time, NULL);
        return;
    }
    Units += Result.Time;
    struct timespec Deadline = {(time_t)(Units / UNITS_PER_S), (long)(Units % UNITS_PER_S) * 100};
    SimScheduleWait("sleep", Never, NULL, &Deadline);
}

void
SimSleep(unsigned Milliseconds)
{
    SimSleepUnits((ULONG64)Milliseconds * UNITS_PER_MS);
}

/* ---- Threads ------------------------------------------------------------------------------------
 */

static void
Schedule(SIM_THREAD *Thread)
{
    unsigned At = 0;
    while (At < ThreadCount && Threads[At] != NULL)
        ++At;
    if (At == THREADS_MAX || sem_init(&Thread->Turn, 0, 0) != 0)
        abort();
    if (At == ThreadCount)
        ++ThreadCount;
    Threads[At] = Thread;
    Thread->Scheduled = TRUE;
    Thread->Number = NextNumber++;
    Thread->Where = "its beginning";
    Thread->Priority = LOW_PRIORITIES + (Random(&RandomState) >> 1);
    Thread->BufferPriority = LOW_PRIORITIES + (Random(&RandomState) >> 1);
}

static void
Forget(SIM_THREAD *Thread)
{
    for (unsigned At = 0; At < ThreadCount; ++At)
    {
        if (Threads[At] == Thread)
            Threads[At] = NULL;
    }
}

void
SimScheduleBegin(ULONG64 Seed, ULONG Points)
{
    static SIM_THREAD First = {.Name = "main", .Kept = TRUE};
    if (Active)
        abort();
    RandomState = Seed * GOLDEN;
    ScenarioState = Random(&RandomState);
    Result.Hash = FNV_BASIS;
    Walk = Random(&RandomState) % 2 == 0;
    SwitchOneIn = 1u << Random(&RandomState) % (SWITCH_LOG_MAX + 1);
    DrainOneIn = 1u << Random(&RandomState) % (DRAIN_LOG_MAX + 1);
    Changes = (unsigned)(Random(&RandomState) % (CHANGES_MAX + 1));
    for (unsigned At = 0; At < Changes; ++At)
        ChangeAt[At] = 1 + Random(&RandomState) % Points;
    Active = TRUE;
    Schedule(&First);
    Self = &First;
}

static void
Release(SIM_THREAD *Thread)
{
    if (__atomic_sub_fetch(&Thread->References, 1, __ATOMIC_ACQ_REL) == 0)
        free(Thread);
}

static void
RunScheduled(SIM_THREAD *Thread)
{
    SleepUntilTurn(Thread);
    Self = Thread;
    Thread->Main(Thread->Context);
    SimStoreBufferFlush(&Thread->Buffer);
    Thread->State = ThreadDone;
    Thread->Where = "its end";
    Hash(Thread->Where);
    SIM_THREAD *Next = Choose();
    if (!Thread->Kept)
        Forget(Thread);
    SwitchTo(Next);
}

static void *
ThreadMain(void *Context)
{
    SIM_THREAD *Thread = Context;
    if (Thread->Scheduled)
        RunScheduled(Thread);
    else
        Thread->Main(Thread->Context);
    Release(Thread);
    return NULL;
}

SIM_THREAD *
SimThreadCreate(void (*Main)(void *Context), void *Context, const char *Name)
{
    SIM_THREAD *Thread = calloc(1, sizeof(*Thread));
    if (Thread == NULL)
        abort();
    Thread->Name = Name;
    Thread->Main = Main;
    Thread->Context = Context;
    Thread->Kept = TRUE;
    Thread->References = 2;
    if (Active)
        Schedule(Thread);
    if (pthread_create(&Thread->Native, NULL, ThreadMain, Thread) != 0)
        abort();
    return Thread;
}

static BOOLEAN
IsDone(void *Context)
{
    return ((SIM_THREAD *)Context)->State == ThreadDone;
}

void
SimThreadJoin(SIM_THREAD *Thread)
{
    if (Thread->Scheduled)
    {
        SimScheduleWait("the end of a thread", IsDone, Thread, NULL);
        Forget(Thread);
    }
    pthread_join(Thread->Native, NULL);
    Release(Thread);
}

void
SimThreadSuspend(SIM_THREAD *Thread)
{
    if (Thread == Self || !Thread->Scheduled)
        abort();
    Thread->Suspended = TRUE;
    SimSchedulePoint("a suspension");
}

void
SimThreadResume(SIM_THREAD *Thread)
{
    Thread->Suspended = FALSE;
    SimSchedulePoint("a resumption");
}

void
SimThreadDetach(SIM_THREAD *Thread)
{
    pthread_detach(Thread->Native);
    Thread->Kept = FALSE;
    if (Thread->Scheduled && Thread->State == ThreadDone)
        Forget(Thread);
    Release(Thread);
}
