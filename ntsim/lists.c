/* SPDX-License-Identifier: MIT */
/* NET_BUFFER_LISTs of any shape, as protocols could make them: see edge.h. */
#include <stdlib.h>
#include <string.h>
#include "edge.h"
#include "memory.h"

#define TAG_LIST 'tLmS'

static NDIS_HANDLE ListPool, BufferPool;

void
SimEdgePoolsCreate(void)
{
    NET_BUFFER_LIST_POOL_PARAMETERS Lists = {
        .Header = {.Type = NDIS_OBJECT_TYPE_DEFAULT,
                   .Revision = NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
                   .Size = NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1},
        .PoolTag = TAG_LIST};
    NET_BUFFER_POOL_PARAMETERS Buffers = {
        .Header = {.Type = NDIS_OBJECT_TYPE_DEFAULT,
                   .Revision = NET_BUFFER_POOL_PARAMETERS_REVISION_1,
                   .Size = NDIS_SIZEOF_NET_BUFFER_POOL_PARAMETERS_REVISION_1},
        .PoolTag = TAG_LIST};
    ListPool = NdisAllocateNetBufferListPool(NULL, &Lists);
    BufferPool = NdisAllocateNetBufferPool(NULL, &Buffers);
    if (ListPool == NULL || BufferPool == NULL)
        abort();
}

void
SimEdgePoolsDelete(void)
{
    NdisFreeNetBufferPool(BufferPool);
    NdisFreeNetBufferListPool(ListPool);
}

PNET_BUFFER_LIST
SimListCreate(void)
{
    SimFaultExemptBegin();
    PNET_BUFFER_LIST List = NdisAllocateNetBufferList(ListPool, 0, 0);
    SimFaultExemptEnd();
    if (List == NULL)
        abort();
    return List;
}

PMDL
SimPieceCreate(ULONG Bytes, BOOLEAN Unmapped, UCHAR **Data)
{
    if (Unmapped)
    {
        *Data = SimPagesAllocate(Bytes != 0 ? Bytes : 1);
        return SimMdlCreateLocked(*Data, Bytes);
    }
    *Data = ExAllocatePoolWithTag(NonPagedPoolNx, Bytes != 0 ? Bytes : 1, TAG_LIST);
    PMDL Mdl = IoAllocateMdl(*Data, Bytes, FALSE, FALSE, NULL);
    MmBuildMdlForNonPagedPool(Mdl);
    return Mdl;
}

static void
FreePiece(PMDL Mdl)
{
    PVOID Data = MmGetMdlVirtualAddress(Mdl);
    ULONG Bytes = Mdl->ByteCount;
    if (Mdl->MdlFlags & MDL_PAGES_LOCKED)
    {
        SimMdlFreeLocked(Mdl);
        SimPagesFree(Data, Bytes != 0 ? Bytes : 1);
        return;
    }
    IoFreeMdl(Mdl);
    ExFreePoolWithTag(Data, TAG_LIST);
}

static PMDL
Chain(const UCHAR *Packet, ULONG Bytes, const SIM_SHAPE *Shape)
{
    PMDL First = NULL, *End = &First;
    UCHAR *Data;
    ULONG Offset = Shape->Offset;
    if (Shape->LeadingMdl)
    {
        *End = SimPieceCreate(64, FALSE, &Data);
        End = &(*End)->Next;
    }
    do
    {
        ULONG Here = Shape->PieceBytes == 0 ? Bytes : min(Bytes, Shape->PieceBytes);
        ULONG Behind = Here == Bytes ? Shape->TrailingBytes : 0;
        *End = SimPieceCreate(Offset + Here + Behind, Shape->Unmapped, &Data);
        End = &(*End)->Next;
        if (Packet != NULL)
            memcpy(Data + Offset, Packet, Here);
        if (Packet != NULL)
            Packet += Here;
        Bytes -= Here;
        Offset = 0;
        if (Shape->EmptyBetween)
        {
            *End = SimPieceCreate(0, Shape->Unmapped, &Data);
            End = &(*End)->Next;
        }
    } while (Bytes != 0);
    return First;
}

PNET_BUFFER
SimListAdd(PNET_BUFFER_LIST List, const void *Packet, ULONG Bytes, const SIM_SHAPE *Shape)
{
    static const SIM_SHAPE Plain;
    PNET_BUFFER *End = &List->FirstNetBuffer;
    if (Shape == NULL)
        Shape = &Plain;
    while (*End != NULL)
        End = &(*End)->Next;
    SimFaultExemptBegin();
    *End = NdisAllocateNetBuffer(BufferPool, Chain(Packet, Bytes, Shape),
                                 Shape->Offset + (Shape->LeadingMdl ? 64 : 0), Bytes);
    SimFaultExemptEnd();
    if (*End == NULL)
        abort();
    return *End;
}

void
SimListFree(PNET_BUFFER_LIST List)
{
    PNET_BUFFER Buffer = List->FirstNetBuffer;
    while (Buffer != NULL)
    {
        PNET_BUFFER Next = Buffer->Next;
        PMDL Mdl = Buffer->MdlChain;
        NdisFreeNetBuffer(Buffer);
        while (Mdl != NULL)
        {
            PMDL NextMdl = Mdl->Next;
            FreePiece(Mdl);
            Mdl = NextMdl;
        }
        Buffer = Next;
    }
    List->FirstNetBuffer = NULL;
    NdisFreeNetBufferList(List);
}
