/* SPDX-License-Identifier: MIT */
/*
 * See lock_order.h. What is known already, which is nearly always, is found without a lock, and
 * without ordering memory, so that the thread sanitizer is not misled.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "lock_order.h"
#include "thread.h"

#if defined(SIM_ADDRESS_SANITIZER)
#include <sanitizer/common_interface_defs.h>
#endif

#define EDGES_MAX   4096
#define PLACE_BYTES 160

/* Second was taken while First was held. */
typedef struct EDGE
{
    const volatile void *First, *Second; /* NULL: forgotten */
    const void *FirstPlace, *SecondPlace;
} EDGE;

static pthread_mutex_t Mutex = PTHREAD_MUTEX_INITIALIZER;
static EDGE Edges[EDGES_MAX]; /* written under Mutex */
static unsigned EdgeCount;

static unsigned
Count(void)
{
    return __atomic_load_n(&EdgeCount, __ATOMIC_RELAXED);
}

static const volatile void *
First(const EDGE *Edge)
{
    return __atomic_load_n(&Edge->First, __ATOMIC_RELAXED);
}

static const volatile void *
Second(const EDGE *Edge)
{
    return __atomic_load_n(&Edge->Second, __ATOMIC_RELAXED);
}

#if !defined(SIM_UNCHECKED)
static BOOLEAN
IsKnown(const volatile void *Held, const volatile void *Lock)
{
    for (unsigned At = 0, Edge = Count(); At < Edge; ++At)
    {
        if (First(&Edges[At]) == Held && Second(&Edges[At]) == Lock)
            return TRUE;
    }
    return FALSE;
}

/* The first step of a way from one lock to another, or NULL. Under Mutex; Depth ends ways that are
 * longer than any that can matter. */
static const EDGE *
FindWay(const volatile void *From, const volatile void *To, unsigned Depth)
{
    for (unsigned At = 0; At < EdgeCount && Depth != 0; ++At)
    {
        if (Edges[At].First == From && Edges[At].First != NULL &&
            (Edges[At].Second == To || FindWay(Edges[At].Second, To, Depth - 1) != NULL))
            return &Edges[At];
    }
    return NULL;
}

static const char *
Describe(char *Text, const void *Place)
{
#if defined(SIM_ADDRESS_SANITIZER)
    __sanitizer_symbolize_pc((void *)((ULONG_PTR)Place - 1), "%f, %S", Text, PLACE_BYTES);
#else
    Dl_info Info;
    if (dladdr(Place, &Info) != 0)
        snprintf(Text, PLACE_BYTES, "%s+0x%zx", Info.dli_fname,
                 (size_t)((ULONG_PTR)Place - (ULONG_PTR)Info.dli_fbase));
    else
        snprintf(Text, PLACE_BYTES, "%p", Place);
#endif
    return Text;
}

static _Noreturn void
ReportInversion(const char *Call, const SIM_HELD_LOCK *Held, const SIM_HELD_LOCK *Lock,
                const EDGE *Other)
{
    char Texts[4][PLACE_BYTES];
    SimRuleBroken(Call, "devtest/deadlock-detection",
                  "locks in contradictory order: %p (taken at %s) is held and %p is taken (at %s); "
                  "before, %p (taken at %s) was held when %p was taken (at %s)",
                  (const void *)Held->Lock, Describe(Texts[0], Held->Place),
                  (const void *)Lock->Lock, Describe(Texts[1], Lock->Place),
                  (const void *)Other->First, Describe(Texts[2], Other->FirstPlace),
                  (const void *)Other->Second, Describe(Texts[3], Other->SecondPlace));
}

static void
Learn(const char *Call, const SIM_HELD_LOCK *Held, const SIM_HELD_LOCK *Lock)
{
    pthread_mutex_lock(&Mutex);
    const EDGE *Other = FindWay(Lock->Lock, Held->Lock, SIM_HELD_MAX);
    if (Other != NULL)
        ReportInversion(Call, Held, Lock, Other);
    unsigned At = 0;
    while (At < EdgeCount && Edges[At].First != NULL)
        ++At;
    if (At == EDGES_MAX)
        abort();
    Edges[At].FirstPlace = Held->Place;
    Edges[At].SecondPlace = Lock->Place;
    __atomic_store_n(&Edges[At].Second, Lock->Lock, __ATOMIC_RELAXED);
    __atomic_store_n(&Edges[At].First, Held->Lock, __ATOMIC_RELAXED);
    if (At == EdgeCount)
        __atomic_store_n(&EdgeCount, At + 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&Mutex);
}

void
SimLockOrderCheck(const char *Call, const volatile void *Lock, const void *Place)
{
    const struct _KTHREAD *Thread = SimThread();
    SIM_HELD_LOCK New = {Lock, Place};
    for (unsigned At = 0; At < Thread->HeldCount; ++At)
    {
        if (Thread->Held[At].Lock != Lock && !IsKnown(Thread->Held[At].Lock, Lock))
            Learn(Call, &Thread->Held[At], &New);
    }
}

void
SimLockOrderTaken(const volatile void *Lock, const void *Place)
{
    struct _KTHREAD *Thread = SimThread();
    if (Thread->HeldCount == SIM_HELD_MAX)
        abort();
    Thread->Held[Thread->HeldCount++] = (SIM_HELD_LOCK){Lock, Place};
}

void
SimLockOrderReleased(const volatile void *Lock)
{
    struct _KTHREAD *Thread = SimThread();
    unsigned At = Thread->HeldCount;
    while (At != 0 && Thread->Held[At - 1].Lock != Lock)
        --At;
    if (At == 0)
        return;
    for (--Thread->HeldCount; At <= Thread->HeldCount; ++At)
        Thread->Held[At - 1] = Thread->Held[At];
}
#endif

void
SimLockOrderForget(const volatile void *From, SIZE_T Bytes)
{
    BOOLEAN Locked = FALSE;
    for (unsigned At = 0, Edge = Count(); At < Edge; ++At)
    {
        if ((ULONG_PTR)First(&Edges[At]) - (ULONG_PTR)From >= Bytes &&
            (ULONG_PTR)Second(&Edges[At]) - (ULONG_PTR)From >= Bytes)
            continue;
        if (!Locked)
            pthread_mutex_lock(&Mutex);
        Locked = TRUE;
        __atomic_store_n(&Edges[At].First, NULL, __ATOMIC_RELAXED);
        __atomic_store_n(&Edges[At].Second, NULL, __ATOMIC_RELAXED);
    }
    if (Locked)
        pthread_mutex_unlock(&Mutex);
}

void
SimLockOrderForgetAll(void)
{
    pthread_mutex_lock(&Mutex);
    for (unsigned At = 0; At < EdgeCount; ++At)
    {
        __atomic_store_n(&Edges[At].First, NULL, __ATOMIC_RELAXED);
        __atomic_store_n(&Edges[At].Second, NULL, __ATOMIC_RELAXED);
    }
    pthread_mutex_unlock(&Mutex);
}
