/* SPDX-License-Identifier: MIT */
/*
 * Hooks on the driver's memory accesses and the rule that shared memory is read once: see access.h.
 *
 * The functions with reserved names are those that clang's instrumentation calls; their names and
 * meanings are the compiler's (LLVM: ThreadSanitizer.cpp, article "SanitizerCoverage"). Those on
 * atomic operations are in access_atomic.c.
 */
#include <stdlib.h>
#include <string.h>
#include "access.h"
#include "memory.h"
#include "scheduler.h"
#include "store_buffer.h"

#if defined(SIM_ADDRESS_SANITIZER)
#include <sanitizer/asan_interface.h>
#endif

#define SHARED_MAX 128u

static SIM_ACCESS_HOOK *Hook;
static void *HookContext;
static _Thread_local BOOLEAN Inside;

/* The range of SimReadOnceBegin and, for each byte of it, whether it has been read. */
static const UCHAR *OncePages;
static SIZE_T OnceBytes;
static UCHAR *OnceRead;
static ULONG64 OnceCount;

void
SimAccessHook(SIM_ACCESS_HOOK *NewHook, void *Context)
{
    HookContext = Context;
    Hook = NewHook;
}

/* Of SimAccessShare; the running thread's, as all of them are scheduled. */
static struct
{
    const UCHAR *Memory; /* NULL: none */
    SIZE_T Bytes;
} Shared[SHARED_MAX];
static unsigned SharedCount; /* behind the last one */

void
SimAccessShare(const void *Memory, SIZE_T Bytes)
{
    unsigned At = 0;
    while (At < SharedCount && Shared[At].Memory != NULL)
        ++At;
    if (At == SHARED_MAX)
        abort();
    Shared[At].Memory = Memory;
    Shared[At].Bytes = Bytes;
    SharedCount = max(SharedCount, At + 1);
}

void
SimAccessForget(const void *Memory)
{
    for (unsigned At = 0; At < SharedCount; ++At)
    {
        if (Shared[At].Memory == Memory)
            Shared[At].Memory = NULL;
    }
}

static BOOLEAN
IsShared(const volatile void *Address)
{
    for (unsigned At = 0; At < SharedCount; ++At)
    {
        if (Shared[At].Memory != NULL &&
            (SIZE_T)((const volatile UCHAR *)Address - Shared[At].Memory) < Shared[At].Bytes)
            return TRUE;
    }
    return FALSE;
}

void
SimReadOnceBegin(const void *Pages, SIZE_T Bytes)
{
    OnceRead = calloc(1, Bytes);
    if (OnceRead == NULL)
        abort();
    OncePages = Pages;
    OnceBytes = Bytes;
    OnceCount = 0;
}

void
SimReadOnceEnd(void)
{
    OnceBytes = 0;
    free(OnceRead);
    OnceRead = NULL;
}

void
SimReadOnceRenew(const void *From, SIZE_T Bytes)
{
    SIZE_T Offset = (SIZE_T)((const UCHAR *)From - OncePages);
    if (Offset < OnceBytes)
        memset(OnceRead + Offset, 0, min(Bytes, OnceBytes - Offset));
}

ULONG64
SimReadOnceBytes(void)
{
    return OnceCount;
}

/* Notes a read of Bytes bytes at Address. */
SIM_NOT_COVERED static void
CheckReadOnce(const volatile void *Address, SIZE_T Bytes)
{
    const UCHAR *From = SimPagesOf(Address);
    if (From == NULL)
        return;
    SIZE_T Offset = (SIZE_T)(From - OncePages);
    if (Offset >= OnceBytes)
        return;
    Bytes = min(Bytes, OnceBytes - Offset);
    const UCHAR *Twice = memchr(OnceRead + Offset, TRUE, Bytes);
    if (Twice != NULL)
        SimRuleBroken("a read of shared memory", "devtest/wdm-doublefetch",
                      "%zu bytes at offset %zu are read, of which the byte at offset %zu has been "
                      "read before; the application may have changed it in between",
                      (size_t)Bytes, (size_t)Offset, (size_t)(Twice - OnceRead));
    memset(OnceRead + Offset, TRUE, Bytes);
    OnceCount += Bytes;
}

#if defined(SIM_ADDRESS_SANITIZER)
/* The address sanitizer reports what is wrong with an access of code that it does not see. */
SIM_NOT_COVERED static void
Touch(const volatile void *Address, SIZE_T Bytes)
{
    const volatile UCHAR *Wrong = __asan_region_is_poisoned((void *)(ULONG_PTR)Address, Bytes);
    if (Wrong != NULL)
        (void)*Wrong;
}
#else
#define Touch(Address, Bytes) ((void)0)
#endif

/* A synchronisation point, if others may access the same. */
static void
Synchronise(const volatile void *Address, SIZE_T Bytes, unsigned Kind)
{
    if (Kind & SIM_ACCESS_ATOMIC)
        SimSchedulePoint(Kind == (SIM_ACCESS_READ | SIM_ACCESS_ATOMIC) ? "an atomic read"
                                                                       : "an atomic write");
    else
    {
        /* The thread's own stores before it. */
        SimStoreBufferSettle(SimStoreBuffer(), Address, Bytes);
        if (SimPagesOf(Address) != NULL)
            SimSchedulePoint("an access to an application's memory");
        else if (IsShared(Address))
            SimSchedulePoint("an access to the DLL's memory");
    }
}

SIM_NOT_COVERED void
SimAccess(const volatile void *Address, SIZE_T Bytes, unsigned Kind)
{
    if (Inside)
        return;
    if (SimScheduled())
        Synchronise(Address, Bytes, Kind);
    Inside = TRUE;
    Touch(Address, Bytes);
    if (OnceBytes != 0 && (Kind & SIM_ACCESS_READ))
        CheckReadOnce(Address, Bytes);
    if (Hook != NULL)
        Hook(HookContext, Address, Bytes, Kind);
    Inside = FALSE;
}

/* ---- HOOKS coverage ----------------------------------------------------------------------------
 */

#define COVERAGE_ACCESS(Suffix, Kind, Bytes)                                                       \
    void __sanitizer_cov_##Suffix(void *Address);                                                  \
    SIM_NOT_COVERED void __sanitizer_cov_##Suffix(void *Address)                                   \
    {                                                                                              \
        SimAccess(Address, Bytes, Kind);                                                           \
    }

COVERAGE_ACCESS(load1, SIM_ACCESS_READ, 1)
COVERAGE_ACCESS(load2, SIM_ACCESS_READ, 2)
COVERAGE_ACCESS(load4, SIM_ACCESS_READ, 4)
COVERAGE_ACCESS(load8, SIM_ACCESS_READ, 8)
COVERAGE_ACCESS(load16, SIM_ACCESS_READ, 16)
COVERAGE_ACCESS(store1, SIM_ACCESS_WRITE, 1)
COVERAGE_ACCESS(store2, SIM_ACCESS_WRITE, 2)
COVERAGE_ACCESS(store4, SIM_ACCESS_WRITE, 4)
COVERAGE_ACCESS(store8, SIM_ACCESS_WRITE, 8)
COVERAGE_ACCESS(store16, SIM_ACCESS_WRITE, 16)

/* ---- HOOKS thread ------------------------------------------------------------------------------
 */

/* A program with the thread sanitizer's own runtime has these already. */
#if !defined(SIM_THREAD_SANITIZER)

#define THREAD_ACCESS(Name, Access, Kind, Bytes)                                                   \
    void __tsan_##Name##Bytes(void *Address);                                                      \
    void __tsan_##Name##Bytes(void *Address)                                                       \
    {                                                                                              \
        Access(Address, Bytes, Kind);                                                              \
    }
#define THREAD_ACCESSES(Name, Access, Kind)                                                        \
    THREAD_ACCESS(Name, Access, Kind, 1)                                                           \
    THREAD_ACCESS(Name, Access, Kind, 2)                                                           \
    THREAD_ACCESS(Name, Access, Kind, 4)                                                           \
    THREAD_ACCESS(Name, Access, Kind, 8)                                                           \
    THREAD_ACCESS(Name, Access, Kind, 16)

THREAD_ACCESSES(read, SimAccess, SIM_ACCESS_READ)
THREAD_ACCESSES(write, SimAccess, SIM_ACCESS_WRITE)
THREAD_ACCESSES(read_write, SimAccess, SIM_ACCESS_READ | SIM_ACCESS_WRITE)
THREAD_ACCESSES(unaligned_read, SimAccess, SIM_ACCESS_READ)
THREAD_ACCESSES(unaligned_write, SimAccess, SIM_ACCESS_WRITE)
THREAD_ACCESSES(unaligned_read_write, SimAccess, SIM_ACCESS_READ | SIM_ACCESS_WRITE)
/* A volatile access that the compiler makes as one is as good as a relaxed atomic one; it is made
 * to memory, where the thread's own stores must be. */
static void
VolatileAccess(const volatile void *Address, SIZE_T Bytes, unsigned Kind)
{
    if (SimScheduled())
        SimStoreBufferSettle(SimStoreBuffer(), Address, Bytes);
    SimAccess(Address, Bytes, Kind | SIM_ACCESS_ATOMIC);
}

THREAD_ACCESSES(volatile_read, VolatileAccess, SIM_ACCESS_READ)
THREAD_ACCESSES(volatile_write, VolatileAccess, SIM_ACCESS_WRITE)
THREAD_ACCESSES(unaligned_volatile_read, VolatileAccess, SIM_ACCESS_READ)
THREAD_ACCESSES(unaligned_volatile_write, VolatileAccess, SIM_ACCESS_WRITE)

void
__tsan_init(void);
void
__tsan_init(void)
{
}

void
__tsan_func_entry(void *Caller);
void
__tsan_func_entry(void *Caller)
{
    UNREFERENCED_PARAMETER(Caller);
}

void
__tsan_func_exit(void);
void
__tsan_func_exit(void)
{
}

void *
__tsan_memcpy(void *To, const void *From, SIZE_T Bytes);
void *
__tsan_memcpy(void *To, const void *From, SIZE_T Bytes)
{
    SimAccess(From, Bytes, SIM_ACCESS_READ);
    SimAccess(To, Bytes, SIM_ACCESS_WRITE);
    return memcpy(To, From, Bytes);
}

void *
__tsan_memmove(void *To, const void *From, SIZE_T Bytes);
void *
__tsan_memmove(void *To, const void *From, SIZE_T Bytes)
{
    SimAccess(From, Bytes, SIM_ACCESS_READ);
    SimAccess(To, Bytes, SIM_ACCESS_WRITE);
    return memmove(To, From, Bytes);
}

void *
__tsan_memset(void *To, int Byte, SIZE_T Bytes);
void *
__tsan_memset(void *To, int Byte, SIZE_T Bytes)
{
    SimAccess(To, Bytes, SIM_ACCESS_WRITE);
    return memset(To, Byte, Bytes);
}

#endif
