/* SPDX-License-Identifier: MIT */
/*
 * The kernel-owned buffers that packets towards the system are copied into, before anything looks
 * at them. A buffer is made when it is first needed, with its NET_BUFFER_LIST and MDL, goes round
 * many times, most recently used first (its memory is still in the cache), and is freed when a
 * session ends; what NDIS has then, at the end of the next one or with the adapter. The session's
 * thread takes buffers from a list of its own, without a locked instruction; returned ones are
 * pushed to another list, a chain at a time, from any thread, and only ever taken from it all at
 * once. What NDIS may hold is bounded per adapter. When it holds the greater part, or no more
 * memory can be had, packets are indicated so that it must give their buffers back at once: whoever
 * keeps received packets for long stops nobody else's.
 */
#include "driver.h"

#define BUFFER_SMALL_BYTES 2048u
#define BUFFER_LARGE_BYTES 65536u
#define BUFFER_SMALL_MAX   4096 /* 8 MiB */
#define BUFFER_LARGE_MAX   256  /* 16 MiB */

static const ULONG ClassBytes[BufferClasses] = {BUFFER_SMALL_BYTES, BUFFER_LARGE_BYTES};
static const LONG ClassMax[BufferClasses] = {BUFFER_SMALL_MAX, BUFFER_LARGE_MAX};

C_ASSERT(BUFFER_LARGE_BYTES >= CULVERT_MAX_PACKET);

_Use_decl_annotations_
NTSTATUS
BufferPoolCreate(ADAPTER *Adapter)
{
    NET_BUFFER_LIST_POOL_PARAMETERS Parameters = {
        .Header = {.Type = NDIS_OBJECT_TYPE_DEFAULT,
                   .Revision = NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
                   .Size = NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1},
        .ProtocolId = NDIS_PROTOCOL_ID_DEFAULT,
        .fAllocateNetBuffer = TRUE,
        .PoolTag = POOL_TAG_BUFFER,
    };
    BUFFER_POOL *Pool = &Adapter->Buffers;
    Pool->NetBufferListPool = NdisAllocateNetBufferListPool(Adapter->MiniportHandle, &Parameters);
    return Pool->NetBufferListPool != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

static VOID
BufferFree(BUFFER *Buffer)
{
    NdisFreeNetBufferList(Buffer->NetBufferList);
    IoFreeMdl(Buffer->Mdl);
    ExFreePoolWithTag(Buffer->Data, POOL_TAG_BUFFER);
    ExFreePoolWithTag(Buffer, POOL_TAG_BUFFER);
}

static BUFFER *
BufferAllocate(ADAPTER *Adapter, BUFFER_CLASS Class)
{
    BUFFER *Buffer = ExAllocatePoolWithTag(NonPagedPoolType, sizeof(*Buffer), POOL_TAG_BUFFER);
    if (Buffer == NULL)
        return NULL;
    Buffer->Class = Class;
    Buffer->Data = ExAllocatePoolWithTag(NonPagedPoolType, ClassBytes[Class], POOL_TAG_BUFFER);
    if (Buffer->Data == NULL)
        goto FreeBuffer;
    Buffer->Mdl = IoAllocateMdl(Buffer->Data, ClassBytes[Class], FALSE, FALSE, NULL);
    if (Buffer->Mdl == NULL)
        goto FreeData;
    MmBuildMdlForNonPagedPool(Buffer->Mdl);
    Buffer->NetBufferList = NdisAllocateNetBufferAndNetBufferList(
        Adapter->Buffers.NetBufferListPool, 0, 0, Buffer->Mdl, 0, 0);
    if (Buffer->NetBufferList == NULL)
        goto FreeMdl;
    Buffer->NetBufferList->SourceHandle = Adapter->MiniportHandle;
    NET_BUFFER_LIST_MINIPORT_RESERVED(Buffer->NetBufferList)[0] = Buffer;
    return Buffer;

FreeMdl:
    IoFreeMdl(Buffer->Mdl);
FreeData:
    ExFreePoolWithTag(Buffer->Data, POOL_TAG_BUFFER);
FreeBuffer:
    ExFreePoolWithTag(Buffer, POOL_TAG_BUFFER);
    return NULL;
}

/* Moves what has been returned to the thread's own list. */
static VOID
Collect(BUFFER_POOL *Pool, BUFFER_CLASS Class)
{
    if (ReadPointerNoFence(&Pool->Returned[Class]) == NULL)
        return;
    BUFFER *First = InterlockedExchangePointer(&Pool->Returned[Class], NULL);
    BUFFER *Last = First;
    LONG Count = 1;
    for (; Last->Next != NULL; Last = Last->Next)
        ++Count;
    Last->Next = Pool->Own[Class];
    Pool->Own[Class] = First;
    Pool->Idle[Class] += Count;
}

static BUFFER *
BufferPop(BUFFER_POOL *Pool, BUFFER_CLASS Class)
{
    if (Pool->Own[Class] == NULL)
        Collect(Pool, Class);
    BUFFER *Buffer = Pool->Own[Class];
    if (Buffer != NULL)
    {
        Pool->Own[Class] = Buffer->Next;
        --Pool->Idle[Class];
    }
    return Buffer;
}

_Use_decl_annotations_
VOID
BufferCollect(ADAPTER *Adapter)
{
    BUFFER_POOL *Pool = &Adapter->Buffers;
    for (int Class = 0; Class < BufferClasses; ++Class)
        Collect(Pool, Class);
}

_Use_decl_annotations_
BOOLEAN
BufferIsScarce(const ADAPTER *Adapter)
{
    const BUFFER_POOL *Pool = &Adapter->Buffers;
    for (int Class = 0; Class < BufferClasses; ++Class)
    {
        if (Pool->Allocated[Class] - Pool->Idle[Class] > ClassMax[Class] / 4 * 3)
            return TRUE;
    }
    return FALSE;
}

_Use_decl_annotations_
BUFFER *
BufferTake(ADAPTER *Adapter, ULONG Size, BOOLEAN *Wait)
{
    BUFFER_POOL *Pool = &Adapter->Buffers;
    BUFFER_CLASS Class = Size <= BUFFER_SMALL_BYTES ? BufferSmall : BufferLarge;
    BUFFER *Buffer = BufferPop(Pool, Class);
    if (Buffer != NULL)
        return Buffer;
    if (Pool->Allocated[Class] < ClassMax[Class])
        Buffer = BufferAllocate(Adapter, Class);
    if (Buffer != NULL)
    {
        ++Pool->Allocated[Class];
        return Buffer;
    }
    *Wait = Pool->Allocated[Class] != 0;
    if (!*Wait)
        return NULL;
    /* Ask to be woken, then look once more: BufferGive puts back, then looks whether to wake. Both
     * are full barriers, so one of the two sees the other. */
    InterlockedExchange(&Pool->Starving, TRUE);
    return BufferPop(Pool, Class);
}

_Use_decl_annotations_
VOID
BufferPutBack(ADAPTER *Adapter, BUFFER *Buffer)
{
    BUFFER_POOL *Pool = &Adapter->Buffers;
    Buffer->Next = Pool->Own[Buffer->Class];
    Pool->Own[Buffer->Class] = Buffer;
    ++Pool->Idle[Buffer->Class];
}

_Use_decl_annotations_
VOID
BufferGive(ADAPTER *Adapter, BUFFER *First, BUFFER *Last)
{
    BUFFER_POOL *Pool = &Adapter->Buffers;
    PVOID volatile *Returned = &Pool->Returned[First->Class];
    PVOID Seen;
    do
    {
        Seen = ReadPointerNoFence(Returned);
        Last->Next = Seen;
    } while (InterlockedCompareExchangePointer(Returned, First, Seen) != Seen);
    if (ReadNoFence(&Pool->Starving) && InterlockedExchange(&Pool->Starving, FALSE))
        KeSetEvent(&Adapter->InjectWake, IO_NO_INCREMENT, FALSE);
}

_Use_decl_annotations_
VOID
BufferPoolTrim(ADAPTER *Adapter)
{
    BUFFER_POOL *Pool = &Adapter->Buffers;
    for (int Class = 0; Class < BufferClasses; ++Class)
    {
        BUFFER *Buffer;
        while ((Buffer = BufferPop(Pool, Class)) != NULL)
        {
            BufferFree(Buffer);
            --Pool->Allocated[Class];
        }
    }
}

_Use_decl_annotations_
VOID
BufferPoolDelete(ADAPTER *Adapter)
{
    BufferPoolTrim(Adapter);
    NdisFreeNetBufferListPool(Adapter->Buffers.NetBufferListPool);
}
