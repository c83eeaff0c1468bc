/* SPDX-License-Identifier: MIT */
/* Calls that fail: see rules.h. */
#include <pthread.h>
#include <string.h>
#include "rules.h"
#include "thread.h"

#define POINTS_MAX 64

/* A call that can fail, by its name. */
typedef struct POINT
{
    const char *Call;
    unsigned Failures;
} POINT;

static pthread_mutex_t Mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile LONG Counting;

/* All under Mutex. */
static SIM_FAULT_PLAN Plan;
static unsigned Count, Failures;
static const char *LastFailed;
static POINT Points[POINTS_MAX];

/* One step of SplitMix64: well mixed bits from a number. */
static ULONG64
Mix(ULONG64 Value)
{
    Value += 0x9E3779B97F4A7C15u;
    Value = (Value ^ Value >> 30) * 0xBF58476D1CE4E5B9u;
    Value = (Value ^ Value >> 27) * 0x94D049BB133111EBu;
    return Value ^ Value >> 31;
}

static BOOLEAN
IsToFail(unsigned Number)
{
    if (Number == Plan.First || Number == Plan.Second)
        return TRUE;
    return Plan.PerMille != 0 && Mix((ULONG64)Plan.Seed << 32 | Number) % 1000 < Plan.PerMille;
}

static void
Note(const char *Call)
{
    unsigned At = 0;
    while (At + 1 < POINTS_MAX && Points[At].Call != NULL && strcmp(Points[At].Call, Call) != 0)
        ++At;
    Points[At].Call = Call;
    Points[At].Failures++;
    Failures++;
    LastFailed = Call;
}

BOOLEAN
SimFault(const char *Call)
{
    if (!__atomic_load_n(&Counting, __ATOMIC_RELAXED) || SimThread()->FaultExempt != 0)
        return FALSE;
    pthread_mutex_lock(&Mutex);
    BOOLEAN Fail = IsToFail(++Count);
    if (Fail)
        Note(Call);
    pthread_mutex_unlock(&Mutex);
    return Fail;
}

void
SimFaultArmPlan(const SIM_FAULT_PLAN *NewPlan)
{
    pthread_mutex_lock(&Mutex);
    Plan = *NewPlan;
    Count = 0;
    Failures = 0;
    LastFailed = NULL;
    pthread_mutex_unlock(&Mutex);
    __atomic_store_n(&Counting, 1, __ATOMIC_RELEASE);
}

void
SimFaultArm(unsigned Nth)
{
    SimFaultArmPlan(&(SIM_FAULT_PLAN){.First = Nth});
}

unsigned
SimFaultDisarm(void)
{
    __atomic_store_n(&Counting, 0, __ATOMIC_RELAXED);
    pthread_mutex_lock(&Mutex);
    unsigned Counted = Count;
    pthread_mutex_unlock(&Mutex);
    return Counted;
}

const char *
SimFaultHit(void)
{
    pthread_mutex_lock(&Mutex);
    const char *Call = LastFailed;
    pthread_mutex_unlock(&Mutex);
    return Call;
}

unsigned
SimFaultHits(void)
{
    pthread_mutex_lock(&Mutex);
    unsigned Hits = Failures;
    pthread_mutex_unlock(&Mutex);
    return Hits;
}

unsigned
SimFaultFailures(const char *Call)
{
    unsigned Found = 0;
    pthread_mutex_lock(&Mutex);
    for (unsigned At = 0; At < POINTS_MAX && Points[At].Call != NULL; ++At)
    {
        if (strcmp(Points[At].Call, Call) == 0)
            Found = Points[At].Failures;
    }
    pthread_mutex_unlock(&Mutex);
    return Found;
}

void
SimFaultExemptBegin(void)
{
    SimThread()->FaultExempt++;
}

void
SimFaultExemptEnd(void)
{
    SimThread()->FaultExempt--;
}
