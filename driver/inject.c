/* SPDX-License-Identifier: MIT */
/*
 * The application's packets into the system: the session's thread takes slots from the send ring,
 * copies each packet into a kernel-owned buffer and indicates up to BURST_MAX of them at once.
 */
#include "driver.h"

#define BURST_MAX 128u

/* What a burst has gathered so far. */
typedef struct BURST
{
    PNET_BUFFER_LIST First;
    PNET_BUFFER_LIST Last;
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

/* Describes the packet of Size bytes that was copied into Buffer, as NDIS wants raw IP to be. */
static PNET_BUFFER_LIST
DescribePacket(BUFFER *Buffer, ULONG Size, USHORT EtherType)
{
    PNET_BUFFER_LIST List = Buffer->NetBufferList;
    PNET_BUFFER NetBuffer = NET_BUFFER_LIST_FIRST_NB(List);
    /* Whoever had it last may have moved these. */
    NET_BUFFER_FIRST_MDL(NetBuffer) = Buffer->Mdl;
    NET_BUFFER_CURRENT_MDL(NetBuffer) = Buffer->Mdl;
    NET_BUFFER_DATA_OFFSET(NetBuffer) = 0;
    NET_BUFFER_CURRENT_MDL_OFFSET(NetBuffer) = 0;
    NET_BUFFER_DATA_LENGTH(NetBuffer) = Size;
    NET_BUFFER_LIST_NEXT_NBL(List) = NULL;
    NET_BUFFER_LIST_STATUS(List) = NDIS_STATUS_SUCCESS;
    NdisClearNblFlag(List, NDIS_NBL_FLAGS_IS_IPV4 | NDIS_NBL_FLAGS_IS_IPV6);
    NdisSetNblFlag(List, EtherType == 0x0800 ? NDIS_NBL_FLAGS_IS_IPV4 : NDIS_NBL_FLAGS_IS_IPV6);
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
        BufferGive(Adapter, Buffer);
        return TRUE;
    }
    PNET_BUFFER_LIST List = DescribePacket(Buffer, Size, EtherType);
    if (Burst->Last != NULL)
        NET_BUFFER_LIST_NEXT_NBL(Burst->Last) = List;
    else
        Burst->First = List;
    Burst->Last = List;
    ++Burst->Count;
    Burst->Bytes += Size;
    return TRUE;
}

static INJECT_RESULT
GatherBurst(SESSION *Session, BURST *Burst)
{
    for (ULONG Taken = 0; Taken < BURST_MAX; ++Taken)
    {
        CULVERT_CONSUMER *Ring = &Session->Send;
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

/* Counts and indicates. The caller's inject reference keeps the adapter running meanwhile. */
static VOID
IndicateBurst(ADAPTER *Adapter, const BURST *Burst)
{
    TrafficDrop(&Adapter->In, CulvertDropNotIp, Burst->NotIp);
    TrafficDrop(&Adapter->In, CulvertDropNoMemory, Burst->NoMemory);
    if (Burst->Count == 0)
        return;
    TrafficCount(&Adapter->In, Burst->Count, Burst->Bytes);
    /* Given back by AdapterReturnNetBufferLists, one for each list. */
    InterlockedExchangeAdd(&Adapter->InjectReferences, (LONG)Burst->Count);
    NdisMIndicateReceiveNetBufferLists(Adapter->MiniportHandle, Burst->First,
                                       NDIS_DEFAULT_PORT_NUMBER, Burst->Count, 0);
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
    INJECT_RESULT Result = GatherBurst(Session, &Burst);
    /* Everything is copied: the application has its room back before the system has seen it. */
    if (Session->Send.Head != Head && RingRelease(&Session->Send, Session->Send.Head))
    {
        InterlockedIncrement64(&Adapter->In.Signals);
        KeSetEvent(Session->SendSpaceEvent, IO_NO_INCREMENT, FALSE);
    }
    IndicateBurst(Adapter, &Burst);
    AdapterInjectRelease(Adapter, 1);
    if (Result == InjectEmpty && (Session->Send.Head != Head || RingWaitForPacket(&Session->Send)))
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
    LONG Count = 0;
    while (NetBufferLists != NULL)
    {
        PNET_BUFFER_LIST Next = NET_BUFFER_LIST_NEXT_NBL(NetBufferLists);
        BufferGive(Adapter, NET_BUFFER_LIST_MINIPORT_RESERVED(NetBufferLists)[0]);
        NetBufferLists = Next;
        ++Count;
    }
    AdapterInjectRelease(Adapter, Count);
}
