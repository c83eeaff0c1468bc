/* SPDX-License-Identifier: MIT */
/* Atomic operations and fences of a driver that is compiled with HOOKS thread: see access.c. All
 * of them are done sequentially consistent, whatever order was asked for, but that the stores of
 * scheduled threads go through a store buffer. */
#include "access.h"
#include "store_buffer.h"

#if !defined(SIM_THREAD_SANITIZER)

/* On x86 only a full fence waits for the thread's stores; locked operations are one. */
static void
Fence(int Order)
{
    SIM_STORE_BUFFER *Buffer = SimStoreBuffer();
    if (Buffer != NULL && Order == __ATOMIC_SEQ_CST)
        SimStoreBufferFlush(Buffer);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#define WORD_LOAD(Bits, WORD)                                                                      \
    WORD __tsan_atomic##Bits##_load(const volatile WORD *Address, int Order);                      \
    WORD __tsan_atomic##Bits##_load(const volatile WORD *Address, int Order)                       \
    {                                                                                              \
        UNREFERENCED_PARAMETER(Order);                                                             \
        SimAccess(Address, sizeof(WORD), SIM_ACCESS_READ | SIM_ACCESS_ATOMIC);                     \
        SIM_STORE_BUFFER *Buffer = SimStoreBuffer();                                               \
        if (Buffer != NULL)                                                                        \
            return (WORD)SimStoreBufferRead(Buffer, Address, sizeof(WORD));                        \
        return __atomic_load_n(Address, __ATOMIC_SEQ_CST);                                         \
    }

#define WORD_STORE(Bits, WORD)                                                                     \
    void __tsan_atomic##Bits##_store(volatile WORD *Address, WORD Value, int Order);               \
    void __tsan_atomic##Bits##_store(volatile WORD *Address, WORD Value, int Order)                \
    {                                                                                              \
        SimAccess(Address, sizeof(WORD), SIM_ACCESS_WRITE | SIM_ACCESS_ATOMIC);                    \
        SIM_STORE_BUFFER *Buffer = SimStoreBuffer();                                               \
        if (Buffer != NULL)                                                                        \
        {                                                                                          \
            SimStoreBufferPut(Buffer, Address, Value, sizeof(WORD));                               \
            Fence(Order);                                                                          \
            return;                                                                                \
        }                                                                                          \
        __atomic_store_n(Address, Value, __ATOMIC_SEQ_CST);                                        \
    }

#define WORD_MODIFY(Bits, WORD, Name, Builtin)                                                     \
    WORD __tsan_atomic##Bits##_##Name(volatile WORD *Address, WORD Value, int Order);              \
    WORD __tsan_atomic##Bits##_##Name(volatile WORD *Address, WORD Value, int Order)               \
    {                                                                                              \
        UNREFERENCED_PARAMETER(Order);                                                             \
        SimAccess(Address, sizeof(WORD), SIM_ACCESS_READ | SIM_ACCESS_WRITE | SIM_ACCESS_ATOMIC);  \
        Fence(__ATOMIC_SEQ_CST);                                                                   \
        return Builtin(Address, Value, __ATOMIC_SEQ_CST);                                          \
    }

#define WORD_COMPARE_EXCHANGE(Bits, WORD)                                                          \
    WORD __tsan_atomic##Bits##_compare_exchange_val(volatile WORD *Address, WORD Expected,         \
                                                    WORD Value, int Order, int FailureOrder);      \
    WORD __tsan_atomic##Bits##_compare_exchange_val(volatile WORD *Address, WORD Expected,         \
                                                    WORD Value, int Order, int FailureOrder)       \
    {                                                                                              \
        UNREFERENCED_PARAMETER(Order);                                                             \
        UNREFERENCED_PARAMETER(FailureOrder);                                                      \
        SimAccess(Address, sizeof(WORD), SIM_ACCESS_READ | SIM_ACCESS_WRITE | SIM_ACCESS_ATOMIC);  \
        Fence(__ATOMIC_SEQ_CST);                                                                   \
        __atomic_compare_exchange_n(Address, &Expected, Value, FALSE, __ATOMIC_SEQ_CST,            \
                                    __ATOMIC_SEQ_CST);                                             \
        return Expected;                                                                           \
    }

#define WORD_OPERATIONS(Bits, WORD)                                                                \
    WORD_LOAD(Bits, WORD)                                                                          \
    WORD_STORE(Bits, WORD)                                                                         \
    WORD_MODIFY(Bits, WORD, exchange, __atomic_exchange_n)                                         \
    WORD_MODIFY(Bits, WORD, fetch_add, __atomic_fetch_add)                                         \
    WORD_MODIFY(Bits, WORD, fetch_sub, __atomic_fetch_sub)                                         \
    WORD_MODIFY(Bits, WORD, fetch_and, __atomic_fetch_and)                                         \
    WORD_MODIFY(Bits, WORD, fetch_or, __atomic_fetch_or)                                           \
    WORD_MODIFY(Bits, WORD, fetch_xor, __atomic_fetch_xor)                                         \
    WORD_COMPARE_EXCHANGE(Bits, WORD)

WORD_OPERATIONS(8, UCHAR)
WORD_OPERATIONS(16, USHORT)
WORD_OPERATIONS(32, ULONG)
WORD_OPERATIONS(64, ULONG64)

void
__tsan_atomic_thread_fence(int Order);
void
__tsan_atomic_thread_fence(int Order)
{
    Fence(Order);
}

void
__tsan_atomic_signal_fence(int Order);
void
__tsan_atomic_signal_fence(int Order)
{
    UNREFERENCED_PARAMETER(Order);
}

#endif
