/* SPDX-License-Identifier: MIT */
/*
 * The system's packets into the receive ring.
 *
 * NDIS sends from any number of processors at once. A burst of packets takes the lock twice and
 * briefly: to reserve its bytes of the ring, and to publish them. The packets are copied in
 * between, by all processors at the same time. Slots must become visible in the order of
 * the ring, so a burst has a ticket: whoever finishes publishes all finished bursts from the oldest
 * on; a burst that overtakes an older one leaves its publication to that. This costs nobody a wait:
 * from reservation to publication a processor stays at DISPATCH_LEVEL and only copies.
 *
 * The gate that keeps the session is held for that time only. NDIS may send in a thread of an
 * application, which another one may suspend wherever its IRQL is lower (article "Run-Down
 * Protection"), and whoever closes the gate would wait until it is resumed. Likewise whoever pauses
 * the protocols waits for the lists that a miniport has, so below DISPATCH_LEVEL they are the
 * driver's in a critical region only (page "KeEnterCriticalRegion").
 *
 * The packets are copied when this returns, so every NET_BUFFER_LIST is completed at once; sends
 * are never pending. A packet that finds no room is dropped and counted.
 */
#include "driver.h"

/* A burst is at most so many packets, and ends with the one that makes it so many bytes. It is
 * copied at DISPATCH_LEVEL, where no more than 100 microseconds at a time are to be spent (article
 * "Guidelines for Writing DPC Routines"); the 128 KiB that it has at most take a fraction of
 * that. */
#define BURST_MAX   32u /* 768 bytes of stack */
#define BURST_BYTES 0x10000u

/* What has been found out about a packet, so that copying does not look at its NET_BUFFER again. */
typedef struct PACKET
{
    PNET_BUFFER NetBuffer;
    const UCHAR *Data; /* of a packet in one piece, else NULL */
    ULONG Length;
} PACKET;

/* To be copied together; lives on the stack of the sending thread. */
typedef struct BURST
{
    PNET_BUFFER_LIST First; /* the list of the first packet */
    ULONG Count;
    ULONG Bytes;
    PACKET Packets[BURST_MAX];
} BURST;

/*
 * Maps every MDL of a packet, so that copying cannot fail, and checks that they hold DataLength
 * bytes. The mapping stays with the MDL.
 */
static NDIS_STATUS
MapPacket(PNET_BUFFER NetBuffer, PACKET *Packet)
{
    ULONG Length = NET_BUFFER_DATA_LENGTH(NetBuffer);
    ULONG Offset = NET_BUFFER_CURRENT_MDL_OFFSET(NetBuffer);
    Packet->NetBuffer = NetBuffer;
    Packet->Data = NULL;
    Packet->Length = Length;
    if (Length == 0 || Length > CULVERT_MAX_PACKET)
        return NDIS_STATUS_INVALID_LENGTH;
    for (PMDL Mdl = NET_BUFFER_CURRENT_MDL(NetBuffer); Mdl != NULL; Mdl = Mdl->Next)
    {
        ULONG Bytes = MmGetMdlByteCount(Mdl);
        if (Bytes < Offset)
            return NDIS_STATUS_INVALID_LENGTH;
        Bytes -= Offset;
        if (Bytes != 0)
        {
            const UCHAR *Data =
                MmGetSystemAddressForMdlSafe(Mdl, LowPagePriority | MappingNoExecute);
            if (Data == NULL)
                return NDIS_STATUS_RESOURCES;
            if (Bytes >= Length)
            {
                if (Length == Packet->Length)
                    Packet->Data = Data + Offset;
                return NDIS_STATUS_SUCCESS;
            }
            Length -= Bytes;
        }
        Offset = 0;
    }
    return NDIS_STATUS_INVALID_LENGTH;
}

/* Copies a packet that MapPacket has accepted. */
static VOID
CopyPacket(UCHAR *Destination, const PACKET *Packet)
{
    ULONG Length = Packet->Length;
    if (Packet->Data != NULL)
    {
        RtlCopyMemory(Destination, Packet->Data, Length);
        return;
    }
    PNET_BUFFER NetBuffer = Packet->NetBuffer;
    ULONG Offset = NET_BUFFER_CURRENT_MDL_OFFSET(NetBuffer);
    for (PMDL Mdl = NET_BUFFER_CURRENT_MDL(NetBuffer); Length != 0; Mdl = Mdl->Next)
    {
        ULONG Bytes = MmGetMdlByteCount(Mdl) - Offset;
        if (Bytes > Length)
            Bytes = Length;
        if (Bytes != 0)
        {
            const UCHAR *Source =
                MmGetSystemAddressForMdlSafe(Mdl, LowPagePriority | MappingNoExecute);
            RtlCopyMemory(Destination, Source + Offset, Bytes);
        }
        Destination += Bytes;
        Length -= Bytes;
        Offset = 0;
    }
}

/*
 * A session's tickets: an array, linked by indices. Those in use are in a list, in the order of the
 * ring; the others in another one. All of this is under TransmitLock.
 *
 * Of two neighbours in use one at least is a burst that is being copied: PublishBurst joins those
 * that are done. So there are at most as many that are done as bursts that are being copied, for
 * the oldest is never done, it is published. And there are at most as many of these as
 * processors, since a burst does not leave its processor: two tickets for each are always enough.
 */
_Use_decl_annotations_
VOID
TransmitInitialize(SESSION *Session)
{
    for (uint32_t Number = 0; Number < Session->TicketCount; ++Number)
        Session->Tickets[Number].Next = Number + 1;
    Session->Tickets[Session->TicketCount - 1].Next = NO_TICKET;
    Session->TicketFree = 0;
    Session->TicketFirst = Session->TicketLast = NO_TICKET;
}

/* A ticket for the burst that has just reserved up to the ring's Tail. */
static uint32_t
TakeTicket(SESSION *Session)
{
    uint32_t Number = Session->TicketFree;
    TRANSMIT_TICKET *Ticket = &Session->Tickets[Number];
    Session->TicketFree = Ticket->Next;
    Ticket->End = Session->Receive.Tail;
    Ticket->Done = FALSE;
    Ticket->Next = NO_TICKET;
    Ticket->Previous = Session->TicketLast;
    if (Session->TicketLast != NO_TICKET)
        Session->Tickets[Session->TicketLast].Next = Number;
    else
        Session->TicketFirst = Number;
    Session->TicketLast = Number;
    return Number;
}

/* Takes a ticket out of the order. */
static VOID
FreeTicket(SESSION *Session, uint32_t Number)
{
    TRANSMIT_TICKET *Ticket = &Session->Tickets[Number];
    if (Ticket->Previous != NO_TICKET)
        Session->Tickets[Ticket->Previous].Next = Ticket->Next;
    else
        Session->TicketFirst = Ticket->Next;
    if (Ticket->Next != NO_TICKET)
        Session->Tickets[Ticket->Next].Previous = Ticket->Previous;
    else
        Session->TicketLast = Ticket->Previous;
    Ticket->Next = Session->TicketFree;
    Session->TicketFree = Number;
}

/* Whether it is one, and its burst is copied and waits for older ones. */
static BOOLEAN
IsDone(const SESSION *Session, uint32_t Number)
{
    return Number != NO_TICKET && Session->Tickets[Number].Done;
}

/*
 * Reserves room for as many packets of the burst as fit, from the first on. *Position is where the
 * first one goes, *Number the burst's ticket. Returns how many fit; *Drop is why the others do not.
 * Under TransmitLock.
 */
static ULONG
ReserveBurst(SESSION *Session, const BURST *Burst, uint32_t *Position, uint32_t *Number,
             CULVERT_DROP *Drop)
{
    CULVERT_PRODUCER *Ring = &Session->Receive;
    CULVERT_RING_RESULT Result = CULVERT_RING_OK;
    ULONG Fitting = 0;
    uint32_t Ignored, HeadSeen = Ring->HeadSeen;
    *Drop = CulvertDropNoRoom;
    if (Session->TicketFree == NO_TICKET)
        return 0;
    for (; Fitting < Burst->Count; ++Fitting)
    {
        uint32_t Bytes = CULVERT_SLOT_BYTES(Burst->Packets[Fitting].Length);
        Result = RingReserve(Ring, Bytes, Fitting == 0 ? Position : &Ignored);
        if (Result != CULVERT_RING_OK)
            break;
    }
    if (Result == CULVERT_RING_BROKEN)
    {
        *Drop = CulvertDropBroken;
        SessionStop(Session, STATUS_DATA_ERROR);
    }
    /* Only when the ring has looked at the application's position, what it holds is known. */
    if (Ring->HeadSeen != HeadSeen || Result == CULVERT_RING_FULL)
        TrafficFill(&Session->Adapter->Out, Ring->Tail - Ring->HeadSeen);
    if (Fitting != 0)
        *Number = TakeTicket(Session);
    return Fitting;
}

/*
 * The burst with this ticket is copied. Publishes what can be published, which is this one and the
 * next one at most, and returns whether the application is to be woken. Under TransmitLock.
 */
static BOOLEAN
PublishBurst(SESSION *Session, uint32_t Number)
{
    TRANSMIT_TICKET *Ticket = &Session->Tickets[Number];
    Ticket->Done = TRUE;
    if (IsDone(Session, Ticket->Next))
    {
        Ticket->End = Session->Tickets[Ticket->Next].End;
        FreeTicket(Session, Ticket->Next);
    }
    if (Number == Session->TicketFirst)
    {
        FreeTicket(Session, Number);
        return RingPublish(&Session->Receive, Ticket->End) != 0;
    }
    if (IsDone(Session, Ticket->Previous))
    {
        Session->Tickets[Ticket->Previous].End = Ticket->End;
        FreeTicket(Session, Number);
    }
    return FALSE;
}

/* The application sleeps until there is a packet, which has just been published. The session is
 * kept by the gate, so its event is there. Under TransmitLock, which others need meanwhile. */
static VOID
WakeReceiver(ADAPTER *Adapter, SESSION *Session)
{
    KeReleaseSpinLockFromDpcLevel(&Adapter->TransmitLock);
    InterlockedIncrement64(&Adapter->Out.Signals);
    KeSetEvent(Session->ReceiveEvent, IO_NETWORK_INCREMENT, FALSE);
    KeAcquireSpinLockAtDpcLevel(&Adapter->TransmitLock);
}

/* Copies the first Count packets of a burst into the ring, from Position on. Returns their bytes.
 */
static ULONG64
CopyBurst(SESSION *Session, const BURST *Burst, ULONG Count, uint32_t Position)
{
    ULONG64 Bytes = 0;
    for (ULONG Index = 0; Index < Count; ++Index)
    {
        const PACKET *Packet = &Burst->Packets[Index];
        ULONG Length = Packet->Length;
        CopyPacket(RingSlotInit(RingSlot(&Session->Receive, Position), Length), Packet);
        Position += CULVERT_SLOT_BYTES(Length);
        Bytes += Length;
    }
    return Bytes;
}

/*
 * Moves the packets of a burst into the ring; what does not fit is dropped. FALSE: the gate is
 * closed, and nothing was done.
 *
 * From the first line to the last the processor is at DISPATCH_LEVEL, so the thread that holds the
 * gate cannot be suspended. It gives the gate back before the IRQL falls.
 */
static BOOLEAN
SendBurst(ADAPTER *Adapter, const BURST *Burst)
{
    uint32_t Position = 0, Number = 0;
    ULONG64 Bytes = 0;
    CULVERT_DROP Drop;
    KIRQL Irql;

    KeAcquireSpinLock(&Adapter->TransmitLock, &Irql);
    if (!ExAcquireRundownProtection(&Adapter->TransmitGate))
    {
        KeReleaseSpinLock(&Adapter->TransmitLock, Irql);
        return FALSE;
    }
    SESSION *Session = Adapter->Session;
    ULONG Fitting = ReserveBurst(Session, Burst, &Position, &Number, &Drop);
    if (Fitting != 0)
    {
        KeReleaseSpinLockFromDpcLevel(&Adapter->TransmitLock);
        Bytes = CopyBurst(Session, Burst, Fitting, Position);
        KeAcquireSpinLockAtDpcLevel(&Adapter->TransmitLock);
        if (PublishBurst(Session, Number))
            WakeReceiver(Adapter, Session);
    }
    ExReleaseRundownProtection(&Adapter->TransmitGate);
    KeReleaseSpinLock(&Adapter->TransmitLock, Irql);

    if (Fitting != 0)
        TrafficCount(&Adapter->Out, Fitting, Bytes);
    TrafficDrop(&Adapter->Out, Drop, Burst->Count - Fitting);
    return TRUE;
}

/* Nobody takes packets: the adapter is going away or paused, or there is no session. Marks the
 * lists from First up to Last, or all if that is NULL; what is wrong with one already stays its
 * status. */
static VOID
RefuseLists(ADAPTER *Adapter, PNET_BUFFER_LIST First, PNET_BUFFER_LIST Last, ULONG Packets)
{
    BOOLEAN Removing = ReadNoFence(&Adapter->Removing) != FALSE;
    BOOLEAN Session = !Removing && ReadNoFence(&Adapter->Capacity) != 0;
    BOOLEAN Paused = Session || ReadNoFence(&Adapter->InjectReferences) == 0;
    /* Of the documented completion codes, what says "no session" best is the general one. */
    NDIS_STATUS Status = Removing ? NDIS_STATUS_NOT_ACCEPTED
                         : Paused ? NDIS_STATUS_PAUSED
                                  : NDIS_STATUS_FAILURE;
    for (PNET_BUFFER_LIST List = First; List != NULL; List = NET_BUFFER_LIST_NEXT_NBL(List))
    {
        if (NET_BUFFER_LIST_STATUS(List) == NDIS_STATUS_SUCCESS)
            NET_BUFFER_LIST_STATUS(List) = Status;
        if (List == Last)
            break;
    }
    TrafficDrop(&Adapter->Out, Session ? CulvertDropPaused : CulvertDropNoSession, Packets);
}

/* The same of all packets of the lists. */
static VOID
RefuseAll(ADAPTER *Adapter, PNET_BUFFER_LIST NetBufferLists)
{
    ULONG Packets = 0;
    for (PNET_BUFFER_LIST List = NetBufferLists; List != NULL;
         List = NET_BUFFER_LIST_NEXT_NBL(List))
    {
        NET_BUFFER_LIST_STATUS(List) = NDIS_STATUS_SUCCESS;
        for (PNET_BUFFER Packet = NET_BUFFER_LIST_FIRST_NB(List); Packet != NULL;
             Packet = NET_BUFFER_NEXT_NB(Packet))
            ++Packets;
    }
    RefuseLists(Adapter, NetBufferLists, NULL, Packets);
}

/* Sends what a burst has gathered, which are packets of the lists from BURST.First to Last, and
 * empties it. */
static VOID
EndBurst(ADAPTER *Adapter, BURST *Burst, PNET_BUFFER_LIST Last)
{
    if (Burst->Count != 0 && !SendBurst(Adapter, Burst))
        RefuseLists(Adapter, Burst->First, Last, Burst->Count);
    Burst->Count = 0;
    Burst->Bytes = 0;
}

/* Adds a packet of List to the burst, unless it is none that can be sent. */
static VOID
GatherPacket(ADAPTER *Adapter, BURST *Burst, PNET_BUFFER_LIST List, PNET_BUFFER Packet)
{
    PACKET *Mapped = &Burst->Packets[Burst->Count];
    NDIS_STATUS Status = MapPacket(Packet, Mapped);
    if (Status == NDIS_STATUS_SUCCESS)
    {
        if (Burst->Count++ == 0)
            Burst->First = List;
        Burst->Bytes += Mapped->Length;
        return;
    }
    NET_BUFFER_LIST_STATUS(List) = Status;
    TrafficDrop(&Adapter->Out,
                Status == NDIS_STATUS_RESOURCES ? CulvertDropNoMemory : CulvertDropBadSize, 1);
}

/* Moves all packets of the lists into the session's ring, a burst at a time. */
static VOID
SendLists(ADAPTER *Adapter, PNET_BUFFER_LIST NetBufferLists)
{
    BURST Burst;
    PNET_BUFFER_LIST Last = NULL;
    Burst.Count = 0;
    Burst.Bytes = 0;
    for (PNET_BUFFER_LIST List = NetBufferLists; List != NULL;
         List = NET_BUFFER_LIST_NEXT_NBL(List))
    {
        Last = List;
        NET_BUFFER_LIST_STATUS(List) = NDIS_STATUS_SUCCESS;
        for (PNET_BUFFER Packet = NET_BUFFER_LIST_FIRST_NB(List); Packet != NULL;
             Packet = NET_BUFFER_NEXT_NB(Packet))
        {
            GatherPacket(Adapter, &Burst, List, Packet);
            if (Burst.Count == BURST_MAX || Burst.Bytes >= BURST_BYTES)
                EndBurst(Adapter, &Burst, List);
        }
    }
    EndBurst(Adapter, &Burst, Last);
}

_Use_decl_annotations_
VOID NTAPI
AdapterSendNetBufferLists(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferLists,
                          NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
    UNREFERENCED_PARAMETER(PortNumber);
    ADAPTER *Adapter = MiniportAdapterContext;
    BOOLEAN Suspendable =
        !(SendFlags & NDIS_SEND_FLAGS_DISPATCH_LEVEL) && KeGetCurrentIrql() < DISPATCH_LEVEL;
    if (Suspendable)
        KeEnterCriticalRegion();
    /* Without a session nothing needs mapping. Only a look: the gate is what counts. */
    if (ReadNoFence(&Adapter->Capacity) != 0 && !ReadNoFence(&Adapter->Removing))
        SendLists(Adapter, NetBufferLists);
    else
        RefuseAll(Adapter, NetBufferLists);
    NdisMSendNetBufferListsComplete(
        Adapter->MiniportHandle, NetBufferLists,
        SendFlags & NDIS_SEND_FLAGS_DISPATCH_LEVEL ? NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL : 0);
    if (Suspendable)
        KeLeaveCriticalRegion();
}

_Use_decl_annotations_
VOID NTAPI
AdapterCancelSend(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
    /* No send is ever pending. */
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(CancelId);
}
