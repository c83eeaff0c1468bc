/* SPDX-License-Identifier: MIT */
/*
 * Packets for the miniport: NET_BUFFER_LISTs with buffers that are allocated once and recycled.
 *
 * A packet has 2 KiB of its own and a large buffer behind, so that one read takes a packet of any
 * size. The large buffer stays with the packet only while it is used.
 */
#include "edge.h"

#define POOL_PACKETS 256
#define POOL_LARGE_MAX 96
#define SMALL_BYTES 2048u
#define LARGE_BYTES 65536u
#define MDL_PAGES(Bytes) ((Bytes) / PAGE_SIZE + 2)

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86DD

struct INBOUND_PACKET
{
    NET_BUFFER_LIST List; /* first: InboundPutLists finds the packet by it */
    NET_BUFFER Buffer;
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

NTSTATUS
InboundPoolCreate(INBOUND_POOL *Pool)
{
    INBOUND_PACKET *Packets;

    RtlZeroMemory(Pool, sizeof(*Pool));
    Pool->Wake = LinuxEventFd();
    if (Pool->Wake < 0)
        return STATUS_INSUFFICIENT_RESOURCES;
    Packets = ExAllocatePoolWithTag(NonPagedPool, POOL_PACKETS * sizeof(*Packets), HOST_POOL_TAG);
    if (Packets == NULL)
    {
        LinuxClose(Pool->Wake);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Pool->Memory = Packets;
    for (ULONG Index = 0; Index < POOL_PACKETS; Index++)
    {
        INBOUND_PACKET *Packet = &Packets[Index];
        Packet->Large = NULL;
        MmInitializeMdl(&Packet->Small.Mdl, Packet->Data, SMALL_BYTES);
        MmBuildMdlForNonPagedPool(&Packet->Small.Mdl);
        Packet->Next = Pool->Free;
        Pool->Free = Packet;
    }
    return STATUS_SUCCESS;
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
    ExFreePoolWithTag(Pool->Memory, HOST_POOL_TAG);
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
    PNET_BUFFER_LIST List = &Packet->List;
    PNET_BUFFER Buffer = &Packet->Buffer;
    UCHAR Version = Packet->Data[0] >> 4;

    if (Bytes == 0 || (Version != 4 && Version != 6))
        return NULL;
    InterlockedIncrement(&Pool->Outstanding);
    RtlZeroMemory(List, sizeof(*List));
    RtlZeroMemory(Buffer, sizeof(*Buffer));
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
    NET_BUFFER_DATA_LENGTH(Buffer) = Bytes;
    NET_BUFFER_LIST_FIRST_NB(List) = Buffer;
    /* As the protocol driver of a medium without frames marks what it sends. */
    List->NblFlags = Version == 4 ? NDIS_NBL_FLAGS_IS_IPV4 : NDIS_NBL_FLAGS_IS_IPV6;
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
        INBOUND_PACKET *Packet = CONTAINING_RECORD(NetBufferLists, INBOUND_PACKET, List);
        NetBufferLists = NET_BUFFER_LIST_NEXT_NBL(NetBufferLists);
        InterlockedDecrement(&Pool->Outstanding);
        InboundPut(Pool, Packet);
    }
}
