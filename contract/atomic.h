/* SPDX-License-Identifier: MIT */
/*
 * The few atomic operations of the ring protocol, with the same meaning for every compiler and
 * processor: one 32-bit word at a time, with the ordering that the name says. Usable at any IRQL.
 *
 * GCC and clang (also in MSVC mode) have the C11 builtins; MSVC has intrinsics of its own.
 */
#ifndef CULVERT_CONTRACT_ATOMIC_H
#define CULVERT_CONTRACT_ATOMIC_H

#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)

/* What instruments memory accesses does not see into assembly. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CULVERT_FENCE_IS_SEEN 1
#endif
#endif

static inline uint32_t
AtomicReadRelaxed(const volatile uint32_t *Word)
{
    return __atomic_load_n(Word, __ATOMIC_RELAXED);
}

/* No later read or write moves before it. */
static inline uint32_t
AtomicReadAcquire(const volatile uint32_t *Word)
{
    return __atomic_load_n(Word, __ATOMIC_ACQUIRE);
}

static inline void
AtomicWriteRelaxed(volatile uint32_t *Word, uint32_t Value)
{
    __atomic_store_n(Word, Value, __ATOMIC_RELAXED);
}

/* No earlier read or write moves behind it. */
static inline void
AtomicWriteRelease(volatile uint32_t *Word, uint32_t Value)
{
    __atomic_store_n(Word, Value, __ATOMIC_RELEASE);
}

/* Returns the value before; acquire and release in one. */
static inline uint32_t
AtomicExchange(volatile uint32_t *Word, uint32_t Value)
{
    return __atomic_exchange_n(Word, Value, __ATOMIC_ACQ_REL);
}

/* Orders every earlier read and write before every later one, earlier writes before later reads
 * among them, which no acquire or release does. */
static inline void
AtomicFence(void)
{
    /* A locked instruction on the stack is the cheapest full fence of these processors; clang makes
     * an mfence, which costs twice as much and lets no later instruction begin. */
#if defined(CULVERT_FENCE_IS_SEEN)
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#elif defined(__x86_64__)
    __asm__ volatile("lock; orl $0, (%%rsp)" ::: "memory", "cc");
#elif defined(__i386__)
    __asm__ volatile("lock; orl $0, (%%esp)" ::: "memory", "cc");
#else
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* A hint that the cache line at Address will be written soon: takes it away from other processors.
 * Any address. */
static inline void
PrefetchToWrite(const void *Address)
{
#if defined(__x86_64__)
    /* The builtin makes a prefetch for reading of it, unless told of a newer processor; those that
     * lack the instruction do nothing. */
    __asm__ volatile("prefetchw %0" ::"m"(*(const char *)Address));
#else
    __builtin_prefetch(Address, 1);
#endif
}

#elif defined(_MSC_VER)

#include <intrin.h>

#if defined(_M_ARM64)
#define CULVERT_BARRIER() __dmb(_ARM64_BARRIER_ISH)
#elif defined(_M_X64) || defined(_M_IX86)
/* Loads acquire and stores release on these processors: only the compiler needs holding. */
#define CULVERT_BARRIER() _ReadWriteBarrier()
#else
#error "contract/atomic.h: unknown processor"
#endif

static inline uint32_t
AtomicReadRelaxed(const volatile uint32_t *Word)
{
    return (uint32_t)__iso_volatile_load32((const volatile int *)Word);
}

static inline uint32_t
AtomicReadAcquire(const volatile uint32_t *Word)
{
    uint32_t Value = AtomicReadRelaxed(Word);
    CULVERT_BARRIER();
    return Value;
}

static inline void
AtomicWriteRelaxed(volatile uint32_t *Word, uint32_t Value)
{
    __iso_volatile_store32((volatile int *)Word, (int)Value);
}

static inline void
AtomicWriteRelease(volatile uint32_t *Word, uint32_t Value)
{
    CULVERT_BARRIER();
    AtomicWriteRelaxed(Word, Value);
}

static inline uint32_t
AtomicExchange(volatile uint32_t *Word, uint32_t Value)
{
    return (uint32_t)_InterlockedExchange((volatile long *)Word, (long)Value);
}

static inline void
AtomicFence(void)
{
#if defined(_M_ARM64)
    __dmb(_ARM64_BARRIER_ISH);
#else
    /* A locked instruction on a local: the cheapest full fence on all of these processors. */
    volatile long Local = 0;
    _InterlockedOr(&Local, 0);
#endif
}

static inline void
PrefetchToWrite(const void *Address)
{
#if defined(_M_X64)
    _m_prefetchw((const volatile void *)Address);
#else
    (void)Address;
#endif
}

#else
#error "contract/atomic.h: unknown compiler"
#endif

#endif
