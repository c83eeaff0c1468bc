/* SPDX-License-Identifier: MIT */
/*
 * The application's side of the rings. See session.h for the promises and contract/ring.h for the
 * protocol.
 *
 * Received packets may be released, and allocated ones sent, in any order; the ring needs them in
 * its own. Each slot therefore carries a mark in its Private field, which the driver ignores, and
 * whoever marks the oldest slot moves the ring's position over all that are marked behind it.
 *
 * A thread may be about to enter a call, or wait on the event, while another ends the session. So
 * a SESSION and its events outlive SessionEnd: the structures of ended sessions are kept in
 * Graveyard, in which every call finds Ended, and only the oldest of more than GRAVEYARD_MAX is
 * freed.
 */
#include "session.h"

#define SESSION_MAGIC  0x53766C43u /* "ClvS" */
#define SESSION_DEAD   0x44766C43u /* "ClvD" */
#define GRAVEYARD_MAX  32u
#define LOWEST_ADDRESS 0x10000u /* below it, no system has memory */

/* CULVERT_SLOT.Private */
#define SLOT_OURS 1u /* with the application: being read, or being filled */
#define SLOT_DONE 2u /* released, or to be sent, behind an older slot that is not */

struct SESSION
{
    volatile uint32_t Magic;
    volatile uint32_t Ended; /* written once, under both locks */
    CULVERT_SESSION_HEADER *Memory;
    SYSTEM_LINK *Link;
    SYSTEM_LINK_PARTS Parts;
    SESSION *NextDead;

    _Alignas(CULVERT_CACHE_LINE) SYSTEM_LOCK ReceiveLock;
    CULVERT_CONSUMER Receive; /* under ReceiveLock */

    _Alignas(CULVERT_CACHE_LINE) SYSTEM_LOCK SendLock;
    CULVERT_PRODUCER Send; /* under SendLock */
    uint32_t Published;    /* under SendLock: the position before which all is sent */
};

/* Ended sessions, oldest first. */
static struct
{
    SYSTEM_LOCK Lock; /* all zero is unlocked */
    SESSION *First;
    SESSION *Last;
    uint32_t Count;
} Graveyard;

static void
Forget(SESSION *Session)
{
    SystemLinkCloseEvents(&Session->Parts);
    SystemFree(Session);
}

static void
Bury(SESSION *Session)
{
    SESSION *Oldest = NULL;
    Session->NextDead = NULL;
    SystemLockAcquire(&Graveyard.Lock);
    if (Graveyard.Last != NULL)
        Graveyard.Last->NextDead = Session;
    else
        Graveyard.First = Session;
    Graveyard.Last = Session;
    if (++Graveyard.Count > GRAVEYARD_MAX)
    {
        Oldest = Graveyard.First;
        Graveyard.First = Oldest->NextDead;
        --Graveyard.Count;
    }
    SystemLockRelease(&Graveyard.Lock);
    if (Oldest != NULL)
        Forget(Oldest);
}

void
SessionsForget(void)
{
    while (Graveyard.First != NULL)
    {
        SESSION *Session = Graveyard.First;
        Graveyard.First = Session->NextDead;
        Forget(Session);
    }
    Graveyard.Last = NULL;
    Graveyard.Count = 0;
}

/* The driver has ended the session; on the link's thread. */
static void
LinkEnded(void *Context)
{
    SESSION *Session = Context;
    SystemLockAcquire(&Session->ReceiveLock);
    SystemLockAcquire(&Session->SendLock);
    AtomicWriteRelease(&Session->Ended, 1);
    SystemLockRelease(&Session->SendLock);
    SystemLockRelease(&Session->ReceiveLock);
    if (Session->Parts.ReceiveEvent)
        SystemEventSet(Session->Parts.ReceiveEvent);
}

/* Whether the driver or SessionEnd has ended the session. The ring memory may be touched if not,
 * under either lock. */
static int
HasEnded(const SESSION *Session)
{
    return Session->Ended || AtomicReadAcquire(&Session->Memory->State) != CULVERT_STATE_RUNNING;
}

SESSION *
SessionStart(SYSTEM_ADAPTER *Adapter, uint32_t Capacity)
{
    if (!CulvertCapacityIsValid(Capacity))
    {
        SystemSetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    SESSION *Session = SystemAllocate(sizeof(*Session));
    if (Session == NULL)
        return NULL;
    SystemLockInitialize(&Session->ReceiveLock);
    SystemLockInitialize(&Session->SendLock);
    Session->Link = SystemLinkOpen(Adapter, Capacity, LinkEnded, Session, &Session->Parts);
    if (Session->Link == NULL)
    {
        SystemFree(Session);
        return NULL;
    }
    CULVERT_SESSION_HEADER *Memory = Session->Parts.Memory;
    Session->Memory = Memory;
    RingConsumerInit(&Session->Receive, &Memory->Receive, CulvertReceiveData(Memory), Capacity);
    RingProducerInit(&Session->Send, &Memory->Send, CulvertSendData(Memory, Capacity), Capacity);
    Session->Magic = SESSION_MAGIC;
    return Session;
}

int
SessionIsHandle(const SESSION *Session)
{
    if ((uintptr_t)Session < LOWEST_ADDRESS || (uintptr_t)Session % _Alignof(SESSION) != 0)
        return 0;
    uint32_t Magic = AtomicReadRelaxed(&Session->Magic);
    return Magic == SESSION_MAGIC || Magic == SESSION_DEAD;
}

void
SessionEnd(SESSION *Session)
{
    if (AtomicExchange(&Session->Magic, SESSION_DEAD) != SESSION_MAGIC)
        return;
    /* After this no thread is inside the rings, and none gets in any more. */
    SystemLockAcquire(&Session->ReceiveLock);
    SystemLockAcquire(&Session->SendLock);
    AtomicWriteRelease(&Session->Ended, 1);
    SystemLockRelease(&Session->SendLock);
    SystemLockRelease(&Session->ReceiveLock);
    SystemLinkClose(Session->Link);
    SystemEventSet(Session->Parts.ReceiveEvent);
    Bury(Session);
}

SYSTEM_EVENT
SessionReceiveEvent(SESSION *Session)
{
    return Session->Parts.ReceiveEvent;
}

/* With ReceiveLock held. */
static uint32_t
ReceiveLocked(SESSION *Session, uint8_t **Packet, uint32_t *Size)
{
    CULVERT_SLOT *Slot;
    if (HasEnded(Session))
        return ERROR_HANDLE_EOF;
    for (;;)
    {
        switch (RingPeek(&Session->Receive, (const CULVERT_SLOT **)&Slot, Size))
        {
        case CULVERT_RING_OK:
            Slot->Private = SLOT_OURS;
            RingAdvance(&Session->Receive, *Size);
            *Packet = (uint8_t *)(Slot + 1);
            return ERROR_SUCCESS;
        case CULVERT_RING_EMPTY:
            if (!RingWaitForPacket(&Session->Receive))
                return ERROR_NO_MORE_ITEMS;
            break;
        default:
            return ERROR_INVALID_DATA;
        }
    }
}

uint8_t *
SessionReceive(SESSION *Session, uint32_t *Size)
{
    uint8_t *Packet = NULL;
    SystemLockAcquire(&Session->ReceiveLock);
    uint32_t Error = ReceiveLocked(Session, &Packet, Size);
    SystemLockRelease(&Session->ReceiveLock);
    if (Error == ERROR_HANDLE_EOF)
        SystemEventSet(Session->Parts.ReceiveEvent); /* pass it on: others may be waiting */
    if (Error != ERROR_SUCCESS)
        SystemSetLastError(Error);
    return Packet;
}

/*
 * The slot of a packet that lies in a ring's data area of Capacity bytes and carries Mark; NULL if
 * Packet is anything else.
 */
static CULVERT_SLOT *
SlotOfPacket(const uint8_t *Data, uint32_t Capacity, const uint8_t *Packet, uint16_t Mark)
{
    uintptr_t Offset = (uintptr_t)Packet - (uintptr_t)Data - sizeof(CULVERT_SLOT);
    if (Offset >= Capacity || Offset % CULVERT_SLOT_ALIGNMENT != 0)
        return NULL;
    CULVERT_SLOT *Slot = (CULVERT_SLOT *)(uintptr_t)(Data + Offset);
    return Slot->Private == Mark ? Slot : NULL;
}

/*
 * Steps From over slots that are marked SLOT_DONE, at most to End. Sizes are read again from the
 * ring, where the application may have written by mistake: a step never leads beyond End.
 */
static uint32_t
StepOverDone(const uint8_t *Data, uint32_t Capacity, uint32_t From, uint32_t End)
{
    while (From != End)
    {
        const CULVERT_SLOT *Slot =
            (const CULVERT_SLOT *)(const void *)(Data + (From & (Capacity - 1)));
        uint32_t Size = Slot->Size;
        if (Slot->Private != SLOT_DONE || Size == 0 || Size > CULVERT_MAX_PACKET ||
            CULVERT_SLOT_BYTES(Size) > End - From)
            break;
        From += CULVERT_SLOT_BYTES(Size);
    }
    return From;
}

void
SessionRelease(SESSION *Session, const uint8_t *Packet)
{
    SystemLockAcquire(&Session->ReceiveLock);
    if (!HasEnded(Session))
    {
        CULVERT_CONSUMER *Ring = &Session->Receive;
        CULVERT_SLOT *Slot = SlotOfPacket(Ring->Data, Ring->Capacity, Packet, SLOT_OURS);
        if (Slot != NULL)
        {
            Slot->Private = SLOT_DONE;
            uint32_t Head = StepOverDone(Ring->Data, Ring->Capacity, Ring->Released, Ring->Head);
            /* No signal: the driver drops what does not fit and never waits for room here. */
            if (Head != Ring->Released)
                (void)RingRelease(Ring, Head);
        }
    }
    SystemLockRelease(&Session->ReceiveLock);
}

/* With SendLock held. */
static uint32_t
AllocateLocked(SESSION *Session, uint32_t Size, uint8_t **Packet)
{
    uint32_t Position;
    if (HasEnded(Session))
        return ERROR_HANDLE_EOF;
    switch (RingReserve(&Session->Send, CULVERT_SLOT_BYTES(Size), &Position))
    {
    case CULVERT_RING_OK:
        break;
    case CULVERT_RING_FULL:
        return ERROR_BUFFER_OVERFLOW;
    default:
        return ERROR_INVALID_DATA;
    }
    CULVERT_SLOT *Slot = RingSlot(&Session->Send, Position);
    *Packet = RingSlotInit(Slot, Size);
    Slot->Private = SLOT_OURS;
    return ERROR_SUCCESS;
}

uint8_t *
SessionAllocate(SESSION *Session, uint32_t Size)
{
    uint8_t *Packet = NULL;
    uint32_t Error = ERROR_INVALID_PARAMETER;
    if (Size != 0 && Size <= CULVERT_MAX_PACKET)
    {
        SystemLockAcquire(&Session->SendLock);
        Error = AllocateLocked(Session, Size, &Packet);
        SystemLockRelease(&Session->SendLock);
    }
    if (Error != ERROR_SUCCESS)
        SystemSetLastError(Error);
    return Packet;
}

void
SessionSend(SESSION *Session, const uint8_t *Packet)
{
    int Signal = 0;
    SystemLockAcquire(&Session->SendLock);
    if (!HasEnded(Session))
    {
        CULVERT_PRODUCER *Ring = &Session->Send;
        CULVERT_SLOT *Slot = SlotOfPacket(Ring->Data, Ring->Capacity, Packet, SLOT_OURS);
        if (Slot != NULL)
        {
            Slot->Private = SLOT_DONE;
            uint32_t Tail =
                StepOverDone(Ring->Data, Ring->Capacity, Session->Published, Ring->Tail);
            if (Tail != Session->Published)
            {
                Session->Published = Tail;
                Signal = RingPublish(Ring, Tail);
            }
        }
    }
    SystemLockRelease(&Session->SendLock);
    /* Events outlive the session (Bury), so this may come late. */
    if (Signal)
        SystemEventSet(Session->Parts.SendEvent);
}
