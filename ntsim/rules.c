/* SPDX-License-Identifier: MIT */
/* Reports of broken rules, failing calls, disturbed scheduling: see rules.h. */
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "rules.h"
#include "thread.h"

static volatile unsigned FaultTarget;
static volatile unsigned FaultCount;
static volatile LONG FaultCounting;
static const char *volatile FaultCall;
static volatile unsigned DisturbSeed;

void
SimRuleBroken(const char *Call, const char *Page, const char *Format, ...)
{
    char Text[600];
    va_list Arguments;
    va_start(Arguments, Format);
    vsnprintf(Text, sizeof(Text), Format, Arguments);
    va_end(Arguments);
    struct _KTHREAD *Thread = SimThread();
    fprintf(stderr,
            "ntsim: broken rule: %s: %s (page \"%s\"); thread %p, IRQL %u, %u spin locks, "
            "%u fast mutexes%s%s\n",
            Call, Text, Page, (void *)Thread, Thread->Irql, Thread->SpinLocks, Thread->FastMutexes,
            FaultCall != NULL ? "; after the failure of " : "", FaultCall != NULL ? FaultCall : "");
    abort();
}

void
SimCheckIrql(const char *Call, const char *Page, KIRQL Min, KIRQL Max)
{
    KIRQL Irql = SimThread()->Irql;
    if (Irql < Min || Irql > Max)
        SimRuleBroken(Call, Page, "called at IRQL %u; IRQL %u to %u is required", Irql, Min, Max);
}

BOOLEAN
SimFault(const char *Call)
{
    if (!__atomic_load_n(&FaultCounting, __ATOMIC_RELAXED) || SimThread()->FaultExempt != 0)
        return FALSE;
    if (__atomic_add_fetch(&FaultCount, 1, __ATOMIC_RELAXED) !=
        __atomic_load_n(&FaultTarget, __ATOMIC_RELAXED))
        return FALSE;
    __atomic_store_n(&FaultCall, Call, __ATOMIC_RELAXED);
    return TRUE;
}

void
SimFaultArm(unsigned Nth)
{
    __atomic_store_n(&FaultCount, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&FaultTarget, Nth, __ATOMIC_RELAXED);
    __atomic_store_n(&FaultCall, NULL, __ATOMIC_RELAXED);
    __atomic_store_n(&FaultCounting, 1, __ATOMIC_RELEASE);
}

unsigned
SimFaultDisarm(void)
{
    __atomic_store_n(&FaultCounting, 0, __ATOMIC_RELAXED);
    return __atomic_load_n(&FaultCount, __ATOMIC_RELAXED);
}

const char *
SimFaultHit(void)
{
    return __atomic_load_n(&FaultCall, __ATOMIC_RELAXED);
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

void
SimDisturb(unsigned Seed)
{
    __atomic_store_n(&DisturbSeed, Seed, __ATOMIC_RELAXED);
}

void
SimPoint(void)
{
    unsigned Seed = __atomic_load_n(&DisturbSeed, __ATOMIC_RELAXED);
    if (Seed == 0)
        return;
    struct _KTHREAD *Thread = SimThread();
    if (Thread->Random == 0)
        Thread->Random = (ULONG64)Seed * 0x9E3779B97F4A7C15u + (ULONG_PTR)Thread;
    Thread->Random ^= Thread->Random << 13;
    Thread->Random ^= Thread->Random >> 7;
    Thread->Random ^= Thread->Random << 17;
    switch (Thread->Random % 64)
    {
    case 0:
        usleep((useconds_t)(Thread->Random >> 32) % 50);
        break;
    case 1:
    case 2:
    case 3:
    case 4:
        sched_yield();
        break;
    default:
        break;
    }
}
