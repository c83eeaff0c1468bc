/* SPDX-License-Identifier: MIT */
/* Reports of broken rules, disturbed scheduling: see rules.h. */
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "rules.h"
#include "scheduler.h"
#include "store_buffer.h"
#include "thread.h"

static volatile unsigned DisturbSeed;
static void (*PointHook)(const char *What);

void
SimRuleBroken(const char *Call, const char *Page, const char *Format, ...)
{
    char Text[600];
    va_list Arguments;
    va_start(Arguments, Format);
    vsnprintf(Text, sizeof(Text), Format, Arguments);
    va_end(Arguments);
    struct _KTHREAD *Thread = SimThread();
    const char *Failed = SimFaultHit();
    fprintf(stderr,
            "ntsim: broken rule: %s: %s (page \"%s\"); thread %p, IRQL %u, %u spin locks, "
            "%u fast mutexes%s%s\n",
            Call, Text, Page, (void *)Thread, Thread->Irql, Thread->SpinLocks, Thread->FastMutexes,
            Failed != NULL ? "; after the failure of " : "", Failed != NULL ? Failed : "");
    abort();
}

void
SimNotSimulated(const char *Call, const char *What)
{
    fprintf(stderr, "ntsim: not simulated: %s: %s, which is legal\n", Call, What);
    abort();
}

#if !defined(SIM_UNCHECKED)
void
SimCheckIrql(const char *Call, const char *Page, KIRQL Min, KIRQL Max)
{
    KIRQL Irql = SimThread()->Irql;
    if (Irql < Min || Irql > Max)
        SimRuleBroken(Call, Page, "called at IRQL %u; IRQL %u to %u is required", Irql, Min, Max);
}

#endif

void
SimPointHook(void (*Hook)(const char *What))
{
    __atomic_store_n(&PointHook, Hook, __ATOMIC_RELEASE);
}

void
SimDisturb(unsigned Seed)
{
    __atomic_store_n(&DisturbSeed, Seed, __ATOMIC_RELAXED);
}

#if !defined(SIM_UNCHECKED)
void
SimPoint(const char *What)
{
    if (SimScheduled())
    {
        SimSchedulePoint(What);
        /* Whatever the kernel does now, it does with locked operations. */
        SimStoreBufferFlush(SimStoreBuffer());
        return;
    }
    void (*Hook)(const char *) = __atomic_load_n(&PointHook, __ATOMIC_ACQUIRE);
    if (Hook != NULL)
        Hook(What);
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
#endif

VOID NTAPI
KeBugCheckEx(ULONG BugCheckCode, ULONG_PTR Parameter1, ULONG_PTR Parameter2, ULONG_PTR Parameter3,
             ULONG_PTR Parameter4)
{
    SimRuleBroken("KeBugCheckEx", "wdm/nf-wdm-kebugcheckex",
                  "the driver stops the system: %x (%llx, "
                  "%llx, %llx, %llx)",
                  BugCheckCode, (ULONGLONG)Parameter1, (ULONGLONG)Parameter2, (ULONGLONG)Parameter3,
                  (ULONGLONG)Parameter4);
}
