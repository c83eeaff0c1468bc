/* SPDX-License-Identifier: MIT */
/*
 * Packets for the miniport: NET_BUFFER_LISTs with buffers that are allocated once and recycled.
 *
 * A packet has 2 KiB of its own and a large buffer behind, so that one read takes a packet of any
 * size. The large buffer stays with the packet only while it is used.
 */
#include "edge.h"

#define POOL_PACKETS     256
#define POOL_LARGE_MAX   96
#define SMALL_BYTES      2048u
#define LARGE_BYTES      65536u
#define MDL_PAGES(Bytes) ((Bytes) / PAGE_SIZE + 2)

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86DD

struct INBOUND_PACKET
{
    PNET_BUFFER_LIST List; /* with one NET_BUFFER; its ProtocolReserved[0] is the packet */
    INBOUND_PACKET *Next;
    PVOID Large; /* NULL while the packet is free */
    struct
    {
        MDL Mdl;
        PFN_NUMBER Pages[MDL_PAGES(SMALL_BYTES)];
    } Small;
    struct
    {
        MDL Mdl;
        PFN_NUMBER Pages[MDL_PAGES(LARGE_BYTES)];
    } Rest;
    UCHAR Data[SMALL_BYTES];
};

/* Fills the pool with packets; FALSE if NDIS ran out of memory. */
static BOOLEAN
PoolFill(INBOUND_POOL *Pool)
{
    for (ULONG Index = 0; Index < POOL_PACKETS; Index++)
    {
        INBOUND_PACKET *Packet = &Pool->Memory[Index];
        MmInitializeMdl(&Packet->Small.Mdl, Packet->Data, SMALL_BYTES);
        MmBuildMdlForNonPagedPool(&Packet->Small.Mdl);
        Packet->List =
            NdisAllocateNetBufferAndNetBufferList(Pool->Lists, 0, 0, &Packet->Small.Mdl, 0, 0);
        if (Packet->List == NULL)
            return FALSE;
        NET_BUFFER_LIST_PROTOCOL_RESERVED(Packet->List)[0] = Packet;
        Packet->Next = Pool->Free;
        Pool->Free = Packet;
    }
    return TRUE;
}

NTSTATUS
InboundPoolCreate(INBOUND_POOL *Pool)
{
    NET_BUFFER_LIST_POOL_PARAMETERS Parameters = {
        .Header = {.Type = NDIS_OBJECT_TYPE_DEFAULT,
                   .Revision = NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
                   .Size = NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1},
        .ProtocolId = NDIS_PROTOCOL_ID_DEFAULT,
        .fAllocateNetBuffer = TRUE,
        .PoolTag = HOST_POOL_TAG,
    };

    RtlZeroMemory(Pool, sizeof(*Pool));
    Pool->Wake = LinuxEventFd();
    if (Pool->Wake < 0)
        return STATUS_INSUFFICIENT_RESOURCES;
    /* Without a handle: the environment is neither miniport nor protocol. */
    Pool->Lists = NdisAllocateNetBufferListPool(NULL, &Parameters);
    if (Pool->Lists == NULL)
        goto CloseWake;
    Pool->Memory =
        ExAllocatePoolWithTag(NonPagedPool, POOL_PACKETS * sizeof(INBOUND_PACKET), HOST_POOL_TAG);
    if (Pool->Memory == NULL)
        goto FreeLists;
    RtlZeroMemory(Pool->Memory, POOL_PACKETS * sizeof(INBOUND_PACKET));
    if (!PoolFill(Pool))
    {
        InboundPoolDelete(Pool);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    return STATUS_SUCCESS;

FreeLists:
    NdisFreeNetBufferListPool(Pool->Lists);
CloseWake:
    LinuxClose(Pool->Wake);
    return STATUS_INSUFFICIENT_RESOURCES;
}

VOID
InboundPoolDelete(INBOUND_POOL *Pool)
{
    while (Pool->FreeLarge != NULL)
    {
        PVOID Large = Pool->FreeLarge;
        Pool->FreeLarge = *(PVOID *)Large;
        ExFreePoolWithTag(Large, HOST_POOL_TAG);
    }
    for (ULONG Index = 0; Index < POOL_PACKETS; Index++)
        if (Pool->Memory[Index].List != NULL)
            NdisFreeNetBufferList(Pool->Memory[Index].List);
    ExFreePoolWithTag(Pool->Memory, HOST_POOL_TAG);
    NdisFreeNetBufferListPool(Pool->Lists);
    LinuxClose(Pool->Wake);
}

/* Under the pool's lock. */
static PVOID
LargeTake(INBOUND_POOL *Pool)
{
    PVOID Large = Pool->FreeLarge;

    if (Large != NULL)
        Pool->FreeLarge = *(PVOID *)Large;
    else if (Pool->LargeBuffers < POOL_LARGE_MAX)
    {
        Large = ExAllocatePoolWithTag(NonPagedPool, LARGE_BYTES, HOST_POOL_TAG);
        if (Large != NULL)
            Pool->LargeBuffers++;
    }
    return Large;
}

static INBOUND_PACKET *
PacketTake(INBOUND_POOL *Pool)
{
    INBOUND_PACKET *Packet;

    HostLockAcquire(&Pool->Lock);
    Packet = Pool->Free;
    if (Packet != NULL)
    {
        Packet->Large = LargeTake(Pool);
        if (Packet->Large != NULL)
            Pool->Free = Packet->Next;
        else
            Packet = NULL;
    }
    HostLockRelease(&Pool->Lock);
    return Packet;
}

INBOUND_PACKET *
InboundTake(INBOUND_POOL *Pool)
{
    INBOUND_PACKET *Packet = PacketTake(Pool);
    if (Packet != NULL)
        return Packet;
    /* Ask for the signal first and look again: what came back in between did not signal. */
    InterlockedExchange(&Pool->Starved, 1);
    return PacketTake(Pool);
}

VOID
InboundPieces(INBOUND_PACKET *Packet, LINUX_IOVEC Pieces[2])
{
    Pieces[0].Base = Packet->Data;
    Pieces[0].Bytes = SMALL_BYTES;
    Pieces[1].Base = Packet->Large;
    Pieces[1].Bytes = LARGE_BYTES;
}

/* Under the pool's lock. */
static VOID
LargePut(INBOUND_POOL *Pool, INBOUND_PACKET *Packet)
{
    if (Packet->Large == NULL)
        return;
    *(PVOID *)Packet->Large = Pool->FreeLarge;
    Pool->FreeLarge = Packet->Large;
    Packet->Large = NULL;
}

PNET_BUFFER_LIST
InboundSeal(INBOUND_POOL *Pool, INBOUND_PACKET *Packet, ULONG Bytes)
{
    PNET_BUFFER_LIST List = Packet->List;
    PNET_BUFFER Buffer = NET_BUFFER_LIST_FIRST_NB(List);
    UCHAR Version = Packet->Data[0] >> 4;

    if (Bytes == 0 || (Version != 4 && Version != 6))
        return NULL;
    InterlockedIncrement(&Pool->Outstanding);
    Packet->Small.Mdl.Next = NULL;
    if (Bytes > SMALL_BYTES)
    {
        MmInitializeMdl(&Packet->Rest.Mdl, Packet->Large, LARGE_BYTES);
        MmBuildMdlForNonPagedPool(&Packet->Rest.Mdl);
        Packet->Small.Mdl.Next = &Packet->Rest.Mdl;
    }
    else
    {
        HostLockAcquire(&Pool->Lock);
        LargePut(Pool, Packet);
        HostLockRelease(&Pool->Lock);
    }
    NET_BUFFER_FIRST_MDL(Buffer) = &Packet->Small.Mdl;
    NET_BUFFER_CURRENT_MDL(Buffer) = &Packet->Small.Mdl;
    NET_BUFFER_DATA_OFFSET(Buffer) = 0;
    NET_BUFFER_CURRENT_MDL_OFFSET(Buffer) = 0;
    NET_BUFFER_DATA_LENGTH(Buffer) = Bytes;
    NET_BUFFER_LIST_NEXT_NBL(List) = NULL;
    /* As the protocol driver of a medium without frames marks what it sends. */
    NdisClearNblFlag(List, NDIS_NBL_FLAGS_IS_IPV4 | NDIS_NBL_FLAGS_IS_IPV6);
    NdisSetNblFlag(List, Version == 4 ? NDIS_NBL_FLAGS_IS_IPV4 : NDIS_NBL_FLAGS_IS_IPV6);
    NET_BUFFER_LIST_INFO(List, NetBufferListFrameType) =
        (PVOID)(ULONG_PTR)__builtin_bswap16(Version == 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);
    return List;
}

VOID
InboundPut(INBOUND_POOL *Pool, INBOUND_PACKET *Packet)
{
    HostLockAcquire(&Pool->Lock);
    LargePut(Pool, Packet);
    Packet->Next = Pool->Free;
    Pool->Free = Packet;
    HostLockRelease(&Pool->Lock);
    if (Pool->Starved != 0 && InterlockedExchange(&Pool->Starved, 0) != 0)
        LinuxEventFdSignal(Pool->Wake);
}

VOID
InboundPutLists(INBOUND_POOL *Pool, PNET_BUFFER_LIST NetBufferLists)
{
    while (NetBufferLists != NULL)
    {
        INBOUND_PACKET *Packet = NET_BUFFER_LIST_PROTOCOL_RESERVED(NetBufferLists)[0];
        NetBufferLists = NET_BUFFER_LIST_NEXT_NBL(NetBufferLists);
        InterlockedDecrement(&Pool->Outstanding);
        InboundPut(Pool, Packet);
    }
}
