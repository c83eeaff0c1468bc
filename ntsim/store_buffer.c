/* SPDX-License-Identifier: MIT */
/* See store_buffer.h. */
#include <stdlib.h>
#include <string.h>
#include "store_buffer.h"

static ULONG64
ReadMemory(const volatile void *Address, SIZE_T Bytes)
{
    switch (Bytes)
    {
    case 1:
        return __atomic_load_n((const volatile UCHAR *)Address, __ATOMIC_SEQ_CST);
    case 2:
        return __atomic_load_n((const volatile USHORT *)Address, __ATOMIC_SEQ_CST);
    case 4:
        return __atomic_load_n((const volatile ULONG *)Address, __ATOMIC_SEQ_CST);
    case 8:
        return __atomic_load_n((const volatile ULONG64 *)Address, __ATOMIC_SEQ_CST);
    default:
        abort();
    }
}

static void
WriteMemory(const SIM_STORE *Store)
{
    switch (Store->Bytes)
    {
    case 1:
        __atomic_store_n((volatile UCHAR *)Store->Address, (UCHAR)Store->Value, __ATOMIC_SEQ_CST);
        break;
    case 2:
        __atomic_store_n((volatile USHORT *)Store->Address, (USHORT)Store->Value, __ATOMIC_SEQ_CST);
        break;
    case 4:
        __atomic_store_n((volatile ULONG *)Store->Address, (ULONG)Store->Value, __ATOMIC_SEQ_CST);
        break;
    case 8:
        __atomic_store_n((volatile ULONG64 *)Store->Address, Store->Value, __ATOMIC_SEQ_CST);
        break;
    default:
        abort();
    }
}

void
SimStoreBufferDrain(SIM_STORE_BUFFER *Buffer)
{
    WriteMemory(&Buffer->Stores[0]);
    --Buffer->Count;
    memmove(Buffer->Stores, Buffer->Stores + 1, Buffer->Count * sizeof(*Buffer->Stores));
}

void
SimStoreBufferFlush(SIM_STORE_BUFFER *Buffer)
{
    while (Buffer->Count != 0)
        SimStoreBufferDrain(Buffer);
}

void
SimStoreBufferPut(SIM_STORE_BUFFER *Buffer, volatile void *Address, ULONG64 Value, SIZE_T Bytes)
{
    if (Buffer->Count == SIM_STORES_MAX)
        SimStoreBufferDrain(Buffer);
    Buffer->Stores[Buffer->Count++] =
        (SIM_STORE){.Address = Address, .Value = Value, .Bytes = Bytes};
}

static BOOLEAN
Overlaps(const SIM_STORE *Store, const volatile void *Address, SIZE_T Bytes)
{
    return (ULONG_PTR)Store->Address < (ULONG_PTR)Address + Bytes &&
           (ULONG_PTR)Address < (ULONG_PTR)Store->Address + Store->Bytes;
}

void
SimStoreBufferSettle(SIM_STORE_BUFFER *Buffer, const volatile void *Address, SIZE_T Bytes)
{
    for (unsigned At = 0; At < Buffer->Count; ++At)
    {
        if (Overlaps(&Buffer->Stores[At], Address, Bytes))
            SimStoreBufferFlush(Buffer);
    }
}

ULONG64
SimStoreBufferRead(SIM_STORE_BUFFER *Buffer, const volatile void *Address, SIZE_T Bytes)
{
    for (unsigned At = Buffer->Count; At-- != 0;)
    {
        const SIM_STORE *Store = &Buffer->Stores[At];
        if (Store->Address == Address && Store->Bytes == Bytes)
            return Store->Value;
        /* Some of it is in the buffer: the processor waits until all is in memory. */
        if (Overlaps(Store, Address, Bytes))
        {
            SimStoreBufferFlush(Buffer);
            break;
        }
    }
    return ReadMemory(Address, Bytes);
}
