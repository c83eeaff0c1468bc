/* SPDX-License-Identifier: MIT */
/*
 * The application's packets into the system: the session's thread takes slots from the send ring,
 * copies each packet into a kernel-owned buffer and indicates up to BURST_MAX of them at once.
 */
#include "driver.h"

/* A burst is at most so many packets, and ends with the one that makes it so many bytes: then its
 * buffers are still in the cache when they are used again. Of a small ring it is at most such a
 * part, so that the application fills the rest meanwhile. */
#define BURST_MAX   128u
#define BURST_BYTES 0x20000u
#define BURST_PART  4u

/* How the thread lingers at an empty ring: it looks so many times, with so many pauses before each
 * look. Together a few microseconds, up to 25 where a pause takes longest. */
#define LINGER_LOOKS  4u
#define LINGER_PAUSES 128u
/* A burst of so many packets means that more will come soon. After smaller ones it lingers too, but
 * if that was in vain, not for so many times. */
#define LINGER_BURST 4u
#define LINGER_SKIPS 8u

/* What a burst has gathered so far. */
typedef struct BURST
{
    PNET_BUFFER_LIST First;
    PNET_BUFFER_LIST Last;
    BUFFER *Buffers; /* of these lists, by Next */
    ULONG Taken;     /* slots, whatever became of them */
    ULONG Count;
    ULONG Bytes;
    ULONG NotIp;
    ULONG NoMemory;
} BURST;

static USHORT
EtherTypeOf(const UCHAR *Packet)
{
    switch (Packet[0] >> 4)
    {
    case 4:
        return 0x0800;
    case 6:
        return 0x86DD;
    default:
        return 0;
    }
}

/*
 * Nothing has been said of a packet by its out-of-band data yet. On Windows 7 (NDIS 6.20) it ends
 * with NetBufferListFilteringInfo, and the list's memory with it. NDIS 6.30 added what says that a
 * packet was coalesced from several, which the stack would believe; page
 * "NDIS_NET_BUFFER_LIST_INFO". What came later is of virtual switches' hardware.
 */
static VOID
ClearOutOfBandData(PNET_BUFFER_LIST List)
{
    RtlZeroMemory((PVOID)List->NetBufferListInfo, (NetBufferListFilteringInfo + 1) * sizeof(PVOID));
    if (Ndis630)
        RtlZeroMemory((PVOID)&List->NetBufferListInfo[NetBufferListFilteringInfo + 1],
                      (RscTcpTimestampDelta - NetBufferListFilteringInfo) * sizeof(PVOID));
}

/*
 * Describes the packet of Size bytes that was copied into Buffer, as NDIS wants raw IP to be. The
 * list has been with others: what they have written to it is not said of this packet.
 */
static PNET_BUFFER_LIST
DescribePacket(BUFFER *Buffer, ULONG Size, USHORT EtherType)
{
    PNET_BUFFER_LIST List = Buffer->NetBufferList;
    PNET_BUFFER NetBuffer = NET_BUFFER_LIST_FIRST_NB(List);
    NET_BUFFER_FIRST_MDL(NetBuffer) = Buffer->Mdl;
    NET_BUFFER_CURRENT_MDL(NetBuffer) = Buffer->Mdl;
    NET_BUFFER_DATA_OFFSET(NetBuffer) = 0;
    NET_BUFFER_CURRENT_MDL_OFFSET(NetBuffer) = 0;
    NET_BUFFER_DATA_LENGTH(NetBuffer) = Size;
    Buffer->Mdl->Next = NULL;
    NET_BUFFER_LIST_NEXT_NBL(List) = NULL;
    NET_BUFFER_LIST_STATUS(List) = NDIS_STATUS_SUCCESS;
    NET_BUFFER_LIST_NBL_FLAGS(List) =
        EtherType == 0x0800 ? NDIS_NBL_FLAGS_IS_IPV4 : NDIS_NBL_FLAGS_IS_IPV6;
    ClearOutOfBandData(List);
    /* Network byte order (NDIS documentation: NetBufferListFrameType). */
    NET_BUFFER_LIST_INFO(List, NetBufferListFrameType) =
        (PVOID)(ULONG_PTR)RtlUshortByteSwap(EtherType);
    return List;
}

/* Copies the packet of Slot; the copy is what is looked at. FALSE: no buffer for now. */
static BOOLEAN
TakePacket(ADAPTER *Adapter, const CULVERT_SLOT *Slot, ULONG Size, BURST *Burst)
{
    BOOLEAN Wait;
    BUFFER *Buffer = BufferTake(Adapter, Size, &Wait);
    if (Buffer == NULL)
    {
        if (Wait)
            return FALSE;
        /* No memory at all, and nothing that will come back: lose it as a network would. */
        ++Burst->NoMemory;
        return TRUE;
    }
    RtlCopyMemory(Buffer->Data, Slot + 1, Size);
    USHORT EtherType = EtherTypeOf(Buffer->Data);
    if (EtherType == 0)
    {
        ++Burst->NotIp;
        BufferPutBack(Adapter, Buffer);
        return TRUE;
    }
    PNET_BUFFER_LIST List = DescribePacket(Buffer, Size, EtherType);
    if (Burst->Last != NULL)
        NET_BUFFER_LIST_NEXT_NBL(Burst->Last) = List;
    else
        Burst->First = List;
    Burst->Last = List;
    Buffer->Next = Burst->Buffers;
    Burst->Buffers = Buffer;
    ++Burst->Count;
    Burst->Bytes += Size;
    return TRUE;
}

static INJECT_RESULT
GatherBurst(SESSION *Session, BURST *Burst)
{
    CULVERT_CONSUMER *Ring = &Session->Send;
    ULONG BytesMax = min(BURST_BYTES, Ring->Capacity / BURST_PART);
    for (; Burst->Taken < BURST_MAX && Burst->Bytes < BytesMax; ++Burst->Taken)
    {
        const CULVERT_SLOT *Slot;
        uint32_t Size, TailSeen = Ring->TailSeen;
        switch (RingPeek(Ring, &Slot, &Size))
        {
        case CULVERT_RING_OK:
            if (Ring->TailSeen != TailSeen)
                TrafficFill(&Session->Adapter->In, Ring->TailSeen - Ring->Released);
            break;
        case CULVERT_RING_EMPTY:
            return InjectEmpty;
        default:
            return InjectBroken;
        }
        if (!TakePacket(Session->Adapter, Slot, Size, Burst))
            return InjectBlocked;
        RingAdvance(Ring, Size);
    }
    return InjectMore;
}

/*
 * Counts and indicates. The caller's inject reference keeps the adapter running meanwhile. With
 * Scarce the system must copy what it wants to keep, and the buffers are back when this returns.
 */
static VOID
IndicateBurst(ADAPTER *Adapter, const BURST *Burst, BOOLEAN Scarce)
{
    TrafficDrop(&Adapter->In, CulvertDropNotIp, Burst->NotIp);
    TrafficDrop(&Adapter->In, CulvertDropNoMemory, Burst->NoMemory);
    if (Burst->Count == 0)
        return;
    TrafficCount(&Adapter->In, Burst->Count, Burst->Bytes);
    /* Given back by AdapterReturnNetBufferLists, one for each list. */
    if (!Scarce)
        InterlockedExchangeAdd(&Adapter->InjectReferences, (LONG)Burst->Count);
    NdisMIndicateReceiveNetBufferLists(Adapter->MiniportHandle, Burst->First,
                                       NDIS_DEFAULT_PORT_NUMBER, Burst->Count,
                                       Scarce ? NDIS_RECEIVE_FLAGS_RESOURCES : 0);
    if (!Scarce)
        return;
    for (BUFFER *Buffer = Burst->Buffers, *Next; Buffer != NULL; Buffer = Next)
    {
        Next = Buffer->Next;
        BufferPutBack(Adapter, Buffer);
    }
}

/*
 * The ring is empty after a burst of Taken packets. While packets come quickly, looks a few times
 * more before the application is asked to signal the next one, which costs it a system call; the
 * pauses between the looks leave it the cache line that it publishes in. TRUE: there are packets.
 */
static BOOLEAN
Linger(SESSION *Session, ULONG Taken)
{
    if (Taken == 0)
        return FALSE;
    if (Taken < LINGER_BURST && Session->LingerSkips != 0)
    {
        --Session->LingerSkips;
        return FALSE;
    }
    for (ULONG Look = 0; Look < LINGER_LOOKS; ++Look)
    {
        for (ULONG Pause = 0; Pause < LINGER_PAUSES; ++Pause)
            YieldProcessor();
        if (RingIsEmpty(&Session->Send))
            continue;
        Session->LingerSkips = 0;
        return TRUE;
    }
    Session->LingerSkips = LINGER_SKIPS;
    return FALSE;
}

_Use_decl_annotations_
INJECT_RESULT
InjectBurst(SESSION *Session)
{
    ADAPTER *Adapter = Session->Adapter;
    if (!AdapterInjectAcquire(Adapter))
        return InjectBlocked;
    BURST Burst = {0};
    uint32_t Head = Session->Send.Head;
    BufferCollect(Adapter);
    INJECT_RESULT Result = GatherBurst(Session, &Burst);
    /* Everything is copied: the application has its room back before the system has seen it. */
    if (Session->Send.Head != Head && RingRelease(&Session->Send, Session->Send.Head))
    {
        InterlockedIncrement64(&Adapter->In.Signals);
        KeSetEvent(Session->SendSpaceEvent, IO_NO_INCREMENT, FALSE);
    }
    BOOLEAN Scarce = Result == InjectBlocked || BufferIsScarce(Adapter);
    IndicateBurst(Adapter, &Burst, Scarce);
    AdapterInjectRelease(Adapter, 1);
    /* The burst has brought back what it had taken. */
    if (Result == InjectBlocked && Burst.Count != 0)
        return InjectMore;
    if (Result == InjectEmpty &&
        (Linger(Session, Burst.Taken) || RingWaitForPacket(&Session->Send)))
        return InjectMore;
    return Result;
}

_Use_decl_annotations_
VOID NTAPI
AdapterReturnNetBufferLists(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferLists,
                            ULONG ReturnFlags)
{
    UNREFERENCED_PARAMETER(ReturnFlags);
    ADAPTER *Adapter = MiniportAdapterContext;
    BUFFER *First[BufferClasses] = {NULL}, *Last[BufferClasses] = {NULL};
    LONG Count = 0;
    for (; NetBufferLists != NULL; ++Count)
    {
        BUFFER *Buffer = NET_BUFFER_LIST_MINIPORT_RESERVED(NetBufferLists)[0];
        NetBufferLists = NET_BUFFER_LIST_NEXT_NBL(NetBufferLists);
        if (Last[Buffer->Class] == NULL)
            Last[Buffer->Class] = Buffer;
        Buffer->Next = First[Buffer->Class];
        First[Buffer->Class] = Buffer;
    }
    for (int Class = 0; Class < BufferClasses; ++Class)
    {
        if (First[Class] != NULL)
            BufferGive(Adapter, First[Class], Last[Class]);
    }
    AdapterInjectRelease(Adapter, Count);
}
