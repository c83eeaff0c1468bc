/* SPDX-License-Identifier: MIT */
/*
 * 64-bit counters that one thread at a time writes, under a lock that it holds anyway, and that any
 * thread reads without one. Neither side uses a locked instruction: a store and a load of 64 bits
 * are single ones on every processor here, on x86 through a floating-point register.
 */
#ifndef CULVERT_API_COUNTER_H
#define CULVERT_API_COUNTER_H

#include <stdint.h>

typedef struct COUNTER
{
    _Alignas(8) volatile uint64_t Value;
} COUNTER;

static inline uint64_t
CounterRead(const COUNTER *Counter)
{
#if defined(__GNUC__) || defined(__clang__)
    return __atomic_load_n(&Counter->Value, __ATOMIC_RELAXED);
#else
    return (uint64_t)__iso_volatile_load64((const volatile __int64 *)&Counter->Value);
#endif
}

/* By the writer. */
static inline void
CounterWrite(COUNTER *Counter, uint64_t Value)
{
#if defined(__GNUC__) || defined(__clang__)
    __atomic_store_n(&Counter->Value, Value, __ATOMIC_RELAXED);
#else
    __iso_volatile_store64((volatile __int64 *)&Counter->Value, (__int64)Value);
#endif
}

/* By the writer. */
static inline void
CounterAdd(COUNTER *Counter, uint64_t Value)
{
    CounterWrite(Counter, CounterRead(Counter) + Value);
}

/* By the writer: the counter is a maximum. */
static inline void
CounterRaise(COUNTER *Counter, uint64_t Value)
{
    if (Value > CounterRead(Counter))
        CounterWrite(Counter, Value);
}

#endif
