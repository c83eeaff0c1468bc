/* SPDX-License-Identifier: MIT */
/*
 * Interlocked operations, barriers and reads and writes with stated ordering, over compiler
 * builtins. All Interlocked… operations are full barriers and may be called at any IRQL.
 * Documentation: "Interlocked variable access", wdm/nf-wdm-interlockedincrement and its family,
 * wdm/nf-wdm-kememorybarrier.
 *
 * On x86 the 64-bit operations are loops over cmpxchg8b: nothing here may touch the floating-point
 * or vector registers, which belong to the interrupted thread.
 */
#ifndef CULVERT_NT_INTERLOCKED_H
#define CULVERT_NT_INTERLOCKED_H

#include "types.h"

/*
 * What a compiler emits for an atomic operation on arm64 orders everything before it, but lets
 * later loads pass its store. The Interlocked… functions are full barriers, so the fence is added
 * here.
 */
#if defined(_ARM64_)
#define NT_INTERLOCKED_FENCE() __asm__ __volatile__("dmb ish" : : : "memory")
#else
#define NT_INTERLOCKED_FENCE() ((void)0)
#endif

FORCEINLINE LONG
NtFenced(_In_ LONG Result)
{
    NT_INTERLOCKED_FENCE();
    return Result;
}

FORCEINLINE LONG64
NtFenced64(_In_ LONG64 Result)
{
    NT_INTERLOCKED_FENCE();
    return Result;
}

FORCEINLINE PVOID
NtFencedPointer(_In_opt_ PVOID Result)
{
    NT_INTERLOCKED_FENCE();
    return Result;
}

/* The 32-bit family. Increment, Decrement and Add return the new value, all others the old one. */
FORCEINLINE LONG
InterlockedIncrement(_Inout_ LONG volatile *Addend)
{
    return NtFenced(__sync_add_and_fetch(Addend, 1));
}

FORCEINLINE LONG
InterlockedDecrement(_Inout_ LONG volatile *Addend)
{
    return NtFenced(__sync_sub_and_fetch(Addend, 1));
}

FORCEINLINE LONG
InterlockedAdd(_Inout_ LONG volatile *Addend, _In_ LONG Value)
{
    return NtFenced(__sync_add_and_fetch(Addend, Value));
}

FORCEINLINE LONG
InterlockedExchange(_Inout_ LONG volatile *Target, _In_ LONG Value)
{
    return NtFenced(__atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST));
}

FORCEINLINE LONG
InterlockedExchangeAdd(_Inout_ LONG volatile *Addend, _In_ LONG Value)
{
    return NtFenced(__sync_fetch_and_add(Addend, Value));
}

FORCEINLINE LONG
InterlockedCompareExchange(_Inout_ LONG volatile *Target, _In_ LONG Value, _In_ LONG Comparand)
{
    return NtFenced(__sync_val_compare_and_swap(Target, Comparand, Value));
}

FORCEINLINE LONG
InterlockedOr(_Inout_ LONG volatile *Target, _In_ LONG Mask)
{
    return NtFenced(__sync_fetch_and_or(Target, Mask));
}

FORCEINLINE LONG
InterlockedAnd(_Inout_ LONG volatile *Target, _In_ LONG Mask)
{
    return NtFenced(__sync_fetch_and_and(Target, Mask));
}

FORCEINLINE LONG
InterlockedXor(_Inout_ LONG volatile *Target, _In_ LONG Mask)
{
    return NtFenced(__sync_fetch_and_xor(Target, Mask));
}

FORCEINLINE BOOLEAN
InterlockedBitTestAndSet(_Inout_ LONG volatile *Base, _In_ LONG Bit)
{
    LONG Mask = (LONG)(1UL << (Bit & 31));

    return (BOOLEAN)((InterlockedOr(Base + (Bit >> 5), Mask) & Mask) != 0);
}

FORCEINLINE BOOLEAN
InterlockedBitTestAndReset(_Inout_ LONG volatile *Base, _In_ LONG Bit)
{
    LONG Mask = (LONG)(1UL << (Bit & 31));

    return (BOOLEAN)((InterlockedAnd(Base + (Bit >> 5), ~Mask) & Mask) != 0);
}

/* The 64-bit family. Operands are naturally aligned. */
FORCEINLINE LONG64
InterlockedCompareExchange64(_Inout_ LONG64 volatile *Target, _In_ LONG64 Value,
                             _In_ LONG64 Comparand)
{
    return NtFenced64(__sync_val_compare_and_swap(Target, Comparand, Value));
}

/* Reads 64 bits in one piece and without ordering on every architecture. */
FORCEINLINE LONG64
ReadNoFence64(_In_ LONG64 const volatile *Source)
{
#if NT_POINTER_BITS == 64
    return *Source;
#else
    return InterlockedCompareExchange64((LONG64 volatile *)(ULONG_PTR)Source, 0, 0);
#endif
}

FORCEINLINE LONG64
InterlockedExchange64(_Inout_ LONG64 volatile *Target, _In_ LONG64 Value)
{
    LONG64 Old, Seen = ReadNoFence64(Target);

    do
    {
        Old = Seen;
        Seen = InterlockedCompareExchange64(Target, Value, Old);
    } while (Seen != Old);
    return Old;
}

FORCEINLINE LONG64
InterlockedExchangeAdd64(_Inout_ LONG64 volatile *Addend, _In_ LONG64 Value)
{
#if NT_POINTER_BITS == 64
    return NtFenced64(__sync_fetch_and_add(Addend, Value));
#else
    LONG64 Old, Seen = ReadNoFence64(Addend);

    do
    {
        Old = Seen;
        Seen = InterlockedCompareExchange64(Addend, (LONG64)((ULONG64)Old + (ULONG64)Value), Old);
    } while (Seen != Old);
    return Old;
#endif
}

FORCEINLINE LONG64
InterlockedAdd64(_Inout_ LONG64 volatile *Addend, _In_ LONG64 Value)
{
    return (LONG64)((ULONG64)InterlockedExchangeAdd64(Addend, Value) + (ULONG64)Value);
}

FORCEINLINE LONG64
InterlockedIncrement64(_Inout_ LONG64 volatile *Addend)
{
    return InterlockedAdd64(Addend, 1);
}

FORCEINLINE LONG64
InterlockedDecrement64(_Inout_ LONG64 volatile *Addend)
{
    return InterlockedAdd64(Addend, -1);
}

FORCEINLINE LONG64
InterlockedOr64(_Inout_ LONG64 volatile *Target, _In_ LONG64 Mask)
{
    LONG64 Old, Seen = ReadNoFence64(Target);

    do
    {
        Old = Seen;
        Seen = InterlockedCompareExchange64(Target, Old | Mask, Old);
    } while (Seen != Old);
    return Old;
}

FORCEINLINE LONG64
InterlockedAnd64(_Inout_ LONG64 volatile *Target, _In_ LONG64 Mask)
{
    LONG64 Old, Seen = ReadNoFence64(Target);

    do
    {
        Old = Seen;
        Seen = InterlockedCompareExchange64(Target, Old & Mask, Old);
    } while (Seen != Old);
    return Old;
}

/* Pointers. */
FORCEINLINE PVOID
NtInterlockedExchangePointer(_Inout_ PVOID volatile *Target, _In_opt_ PVOID Value)
{
    return NtFencedPointer(__atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST));
}

FORCEINLINE PVOID
NtInterlockedCompareExchangePointer(_Inout_ PVOID volatile *Target, _In_opt_ PVOID Value,
                                    _In_opt_ PVOID Comparand)
{
    return NtFencedPointer(__sync_val_compare_and_swap(Target, Comparand, Value));
}

/* As in the WDK, callers cast the address of a typed pointer to PVOID *. */
#define InterlockedExchangePointer(Target, Value)                                                  \
    NtInterlockedExchangePointer((PVOID volatile *)(Target), (PVOID)(Value))
#define InterlockedCompareExchangePointer(Target, Value, Comparand)                                \
    NtInterlockedCompareExchangePointer((PVOID volatile *)(Target), (PVOID)(Value),                \
                                        (PVOID)(Comparand))

/* Barriers: for the processor and the compiler, and for the compiler only. */
#define KeMemoryBarrier()             __sync_synchronize()
#define MemoryBarrier()               __sync_synchronize()
#define KeMemoryBarrierWithoutFence() __asm__ __volatile__("" : : : "memory")
#define _ReadWriteBarrier()           __asm__ __volatile__("" : : : "memory")

#if defined(_ARM64_)
#define YieldProcessor() __asm__ __volatile__("yield" : : : "memory")
#else
#define YieldProcessor() __asm__ __volatile__("pause" : : : "memory")
#endif

/*
 * Read…Acquire, Write…Release, Read…NoFence and Write…NoFence of one type, at most as wide as a
 * pointer. Each is one access, never torn and never repeated.
 */
#define NT_DEFINE_ORDERED_ACCESS(Suffix, Type)                                                     \
    FORCEINLINE Type Read##Suffix##Acquire(_In_ Type const volatile *Source)                       \
    {                                                                                              \
        return __atomic_load_n(Source, __ATOMIC_ACQUIRE);                                          \
    }                                                                                              \
    FORCEINLINE Type Read##Suffix##NoFence(_In_ Type const volatile *Source)                       \
    {                                                                                              \
        return __atomic_load_n(Source, __ATOMIC_RELAXED);                                          \
    }                                                                                              \
    FORCEINLINE VOID Write##Suffix##Release(_Out_ Type volatile *Destination, _In_ Type Value)     \
    {                                                                                              \
        __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);                                    \
    }                                                                                              \
    FORCEINLINE VOID Write##Suffix##NoFence(_Out_ Type volatile *Destination, _In_ Type Value)     \
    {                                                                                              \
        __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);                                    \
    }
NT_DEFINE_ORDERED_ACCESS(, LONG)
NT_DEFINE_ORDERED_ACCESS(ULong, ULONG)
NT_DEFINE_ORDERED_ACCESS(UShort, USHORT)
NT_DEFINE_ORDERED_ACCESS(UChar, UCHAR)
NT_DEFINE_ORDERED_ACCESS(Boolean, BOOLEAN)
NT_DEFINE_ORDERED_ACCESS(SizeT, SIZE_T)
NT_DEFINE_ORDERED_ACCESS(ULongPtr, ULONG_PTR)
NT_DEFINE_ORDERED_ACCESS(Pointer, PVOID)

/* 64-bit values: one piece on every architecture, which on x86 costs a locked operation. */
FORCEINLINE LONG64
ReadAcquire64(_In_ LONG64 const volatile *Source)
{
#if NT_POINTER_BITS == 64
    return __atomic_load_n(Source, __ATOMIC_ACQUIRE);
#else
    return ReadNoFence64(Source);
#endif
}

FORCEINLINE VOID
WriteRelease64(_Out_ LONG64 volatile *Destination, _In_ LONG64 Value)
{
#if NT_POINTER_BITS == 64
    __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);
#else
    InterlockedExchange64(Destination, Value);
#endif
}

FORCEINLINE VOID
WriteNoFence64(_Out_ LONG64 volatile *Destination, _In_ LONG64 Value)
{
#if NT_POINTER_BITS == 64
    *Destination = Value;
#else
    InterlockedExchange64(Destination, Value);
#endif
}

#define ReadULong64Acquire(Source) ((ULONG64)ReadAcquire64((LONG64 const volatile *)(Source)))
#define ReadULong64NoFence(Source) ((ULONG64)ReadNoFence64((LONG64 const volatile *)(Source)))
#define WriteULong64Release(Destination, Value)                                                    \
    WriteRelease64((LONG64 volatile *)(Destination), (LONG64)(Value))
#define WriteULong64NoFence(Destination, Value)                                                    \
    WriteNoFence64((LONG64 volatile *)(Destination), (LONG64)(Value))

/*
 * Sequenced lists. The names that Windows 7 exports differ: on 64-bit systems ExpInterlocked…SList,
 * on x86 fastcall Interlocked…EntrySList and ExInterlockedFlushSList. Any IRQL up to
 * DISPATCH_LEVEL.
 */
#if NT_POINTER_BITS == 64
NTKERNELAPI VOID NTAPI
InitializeSListHead(_Out_ PSLIST_HEADER ListHead);
NTKERNELAPI PSLIST_ENTRY NTAPI
ExpInterlockedPopEntrySList(_Inout_ PSLIST_HEADER ListHead);
NTKERNELAPI PSLIST_ENTRY NTAPI
ExpInterlockedPushEntrySList(_Inout_ PSLIST_HEADER ListHead, _Inout_ PSLIST_ENTRY Entry);
NTKERNELAPI PSLIST_ENTRY NTAPI
ExpInterlockedFlushSList(_Inout_ PSLIST_HEADER ListHead);
NTKERNELAPI USHORT NTAPI
ExQueryDepthSList(_In_ PSLIST_HEADER ListHead);
#define InterlockedPopEntrySList(Head)         ExpInterlockedPopEntrySList(Head)
#define InterlockedPushEntrySList(Head, Entry) ExpInterlockedPushEntrySList(Head, Entry)
#define InterlockedFlushSList(Head)            ExpInterlockedFlushSList(Head)
#else
FORCEINLINE VOID
InitializeSListHead(_Out_ PSLIST_HEADER ListHead)
{
    ListHead->Alignment = 0;
}

NTKERNELAPI PSLIST_ENTRY FASTCALL
InterlockedPopEntrySList(_Inout_ PSLIST_HEADER ListHead);
NTKERNELAPI PSLIST_ENTRY FASTCALL
InterlockedPushEntrySList(_Inout_ PSLIST_HEADER ListHead, _Inout_ PSLIST_ENTRY Entry);
NTKERNELAPI PSLIST_ENTRY FASTCALL
ExInterlockedFlushSList(_Inout_ PSLIST_HEADER ListHead);
#define InterlockedFlushSList(Head) ExInterlockedFlushSList(Head)
#define ExQueryDepthSList(Head)     ((Head)->Depth)
#endif
#define QueryDepthSList(Head) ExQueryDepthSList(Head)
#define ExInitializeSListHead InitializeSListHead

#endif
