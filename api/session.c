/* SPDX-License-Identifier: MIT */
/*
 * The application's side of the rings. See session.h for the promises and contract/ring.h for the
 * protocol.
 *
 * Received packets may be released, and allocated ones sent, in any order; the ring needs them in
 * its own. The slots that the application has are therefore in a queue (slot_queue.h), and whoever
 * is done with the oldest one moves the ring's position over all behind it that are done with, too.
 *
 * A thread may be about to enter a call, or wait on the event, while another ends the session. So
 * a SESSION and its events outlive SessionEnd: the structures of ended sessions are kept in
 * Graveyard, in which every call finds Ended, and only the oldest of more than GRAVEYARD_MAX is
 * freed.
 *
 * No wake-up is lost, though several threads may wait for one of the events:
 *   - ReceiveEvent is auto-reset, so it wakes one thread. A thread that waits inside SessionReceive
 *     is counted in ReceiveWaiters; whoever takes packets while there are such threads asks to be
 *     woken again on their behalf, and passes the event on if packets are left.
 *   - SendSpaceEvent is manual-reset, so it wakes all. An allocation that fails resets it first,
 *     then asks for it and looks once more (contract/ring.h, "Room"). From then on it is set as
 * soon as packets leave the ring, and there are some to leave: a ring that has no room is not
 * empty.
 */
#include "counter.h"
#include "session.h"
#include "slot_queue.h"
#include "spin_lock.h"

#define GRAVEYARD_MAX 32u
/* Linger looks after so many packets in a row, for one to three microseconds; if that was in vain,
 * not for so many times. */
#define LINGER_RUN     4u
#define LINGER_LOOKS   4u
#define LINGER_PAUSES  16u
#define LINGER_SKIPS   8u
#define PREFETCH_AHEAD 512u  /* bytes of the send ring */
#define PREFETCH_MAX   2048u /* bytes: of a larger packet, the processor prefetches the rest */

/* The counters of SESSION_TRAFFIC; see counter.h for how they are written and read. */
typedef struct TRAFFIC
{
    COUNTER Packets;
    COUNTER Bytes;
    COUNTER NoRoom;
    COUNTER Signals;
    COUNTER HighWater;
} TRAFFIC;

struct SESSION
{
    SESSION_TAG Tag;
    volatile uint32_t Ended; /* written once, under both locks */
    CULVERT_SESSION_HEADER *Memory;
    SYSTEM_LINK *Link;
    SYSTEM_LINK_PARTS Parts;
    SESSION *NextDead;

    _Alignas(CULVERT_CACHE_LINE) SPIN_LOCK ReceiveLock;
    CULVERT_CONSUMER Receive; /* under ReceiveLock */
    SLOT_QUEUE Received;      /* under ReceiveLock: not released yet; not after the end */
    uint32_t ReceiveWaiters;  /* under ReceiveLock: threads that wait in SessionReceive */
    uint32_t ReceiveRun;      /* under ReceiveLock: packets taken since the ring was empty */
    uint32_t LingerSkips;     /* under ReceiveLock: see Linger */
    TRAFFIC ReceiveTraffic;   /* written under ReceiveLock */

    _Alignas(CULVERT_CACHE_LINE) SPIN_LOCK SendLock;
    CULVERT_PRODUCER Send; /* under SendLock */
    SLOT_QUEUE Allocated;  /* under SendLock: not published yet; not after the end */
    uint32_t Published;    /* under SendLock: the position before which all is sent */
    uint32_t RoomWanted;   /* under SendLock: somebody has asked for SendSpaceEvent */
    TRAFFIC SendTraffic;   /* written under SendLock */
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
    Session->Tag.Magic = 0; /* freed memory keeps what was in it, and a handle may still be used */
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
    SpinLockAcquire(&Session->ReceiveLock);
    SpinLockAcquire(&Session->SendLock);
    AtomicWriteRelease(&Session->Ended, 1);
    SpinLockRelease(&Session->SendLock);
    SpinLockRelease(&Session->ReceiveLock);
    SystemEventSet(Session->Parts.ReceiveEvent);
    SystemEventSet(Session->Parts.SendSpaceEvent); /* nobody resets it any more */
}

/* Whether the driver or SessionEnd has ended the session. The ring memory may be touched if not,
 * under either lock. */
static int
HasEnded(const SESSION *Session)
{
    return Session->Ended || AtomicReadAcquire(&Session->Memory->State) != CULVERT_STATE_RUNNING;
}

static int
AllocateQueue(SLOT_QUEUE *Queue, uint32_t Capacity)
{
    uint32_t *Slots = SystemAllocate(SlotQueueBytes(Capacity));
    SlotQueueInit(Queue, Slots, Capacity);
    return Slots != NULL;
}

static void
FreeQueues(SESSION *Session)
{
    if (Session->Received.Slots != NULL)
        SystemFree(Session->Received.Slots);
    if (Session->Allocated.Slots != NULL)
        SystemFree(Session->Allocated.Slots);
    Session->Received.Slots = Session->Allocated.Slots = NULL;
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
    if (AllocateQueue(&Session->Received, Capacity) && AllocateQueue(&Session->Allocated, Capacity))
        Session->Link = SystemLinkOpen(Adapter, Capacity, LinkEnded, Session, &Session->Parts);
    if (Session->Link == NULL)
    {
        FreeQueues(Session);
        SystemFree(Session);
        return NULL;
    }
    CULVERT_SESSION_HEADER *Memory = Session->Parts.Memory;
    Session->Memory = Memory;
    RingConsumerInit(&Session->Receive, &Memory->Receive, CulvertReceiveData(Memory), Capacity);
    RingProducerInit(&Session->Send, &Memory->Send, CulvertSendData(Memory, Capacity), Capacity);
    Session->Tag.Magic = SESSION_MAGIC;
    return Session;
}

void
SessionEnd(SESSION *Session)
{
    if (AtomicExchange(&Session->Tag.Magic, SESSION_MAGIC_DEAD) != SESSION_MAGIC)
        return;
    /* After this no thread is inside the rings, and none gets in any more. */
    SpinLockAcquire(&Session->ReceiveLock);
    SpinLockAcquire(&Session->SendLock);
    AtomicWriteRelease(&Session->Ended, 1);
    SpinLockRelease(&Session->SendLock);
    SpinLockRelease(&Session->ReceiveLock);
    SystemLinkClose(Session->Link);
    FreeQueues(Session);
    SystemEventSet(Session->Parts.ReceiveEvent);
    Bury(Session);
}

SYSTEM_EVENT
SessionReceiveEvent(SESSION *Session)
{
    return Session->Parts.ReceiveEvent;
}

SYSTEM_EVENT
SessionRoomEvent(SESSION *Session)
{
    SpinLockAcquire(&Session->SendLock);
    if (!Session->RoomWanted)
    {
        /* An allocation that has failed before did not ask for it: let the caller try again. */
        Session->RoomWanted = 1;
        SystemEventSet(Session->Parts.SendSpaceEvent);
    }
    SpinLockRelease(&Session->SendLock);
    return Session->Parts.SendSpaceEvent;
}

/* The end of a wait that begins now, on the clock of SystemMilliseconds. */
static uint64_t
Deadline(const SESSION_WAIT *Wait)
{
    return Wait == NULL || Wait->Milliseconds == SYSTEM_FOREVER
               ? UINT64_MAX
               : SystemMilliseconds() + Wait->Milliseconds;
}

/* Waits for an event of the session; returns as SystemEventWait does. */
static uint32_t
AwaitEvent(SYSTEM_EVENT Event, const SESSION_WAIT *Wait, uint64_t End)
{
    uint32_t Milliseconds = SYSTEM_FOREVER;
    if (End != UINT64_MAX)
    {
        uint64_t Now = SystemMilliseconds();
        Milliseconds = Now < End ? (uint32_t)(End - Now) : 0;
    }
    return SystemEventWait(Event, Wait->Cancel, Milliseconds);
}

/* Takes the packets that are there, at most Count; *Result is why there are no more. With
 * ReceiveLock held. */
static uint32_t
TakePackets(SESSION *Session, SESSION_PACKET *Packets, uint32_t Count, CULVERT_RING_RESULT *Result)
{
    CULVERT_CONSUMER *Ring = &Session->Receive;
    uint32_t TailSeen = Ring->TailSeen, Taken = 0;
    uint64_t Bytes = 0;
    for (*Result = CULVERT_RING_OK; Taken < Count; ++Taken)
    {
        const CULVERT_SLOT *Slot;
        uint32_t Size;
        *Result = RingPeek(Ring, &Slot, &Size);
        if (*Result != CULVERT_RING_OK)
            break;
        SlotQueuePush(&Session->Received, Ring->Head);
        RingAdvance(Ring, Size);
        Packets[Taken].Data = (uint8_t *)(uintptr_t)(Slot + 1);
        Packets[Taken].Size = Size;
        Bytes += Size;
    }
    if (Ring->TailSeen != TailSeen)
        CounterRaise(&Session->ReceiveTraffic.HighWater, Ring->TailSeen - Ring->Released);
    if (Taken != 0)
    {
        Session->ReceiveRun += Taken;
        CounterAdd(&Session->ReceiveTraffic.Packets, Taken);
        CounterAdd(&Session->ReceiveTraffic.Bytes, Bytes);
    }
    return Taken;
}

/*
 * The ring is empty. If packets have just come one after the other, the next ones are probably on
 * their way: looks a few times more before the driver is asked to wake the application, which costs
 * both a system call. Nonzero: there is a packet, or the session has ended. With ReceiveLock held,
 * and released in between, so that nobody who has a packet to release waits.
 */
static int
Linger(SESSION *Session)
{
    uint32_t Run = Session->ReceiveRun;
    Session->ReceiveRun = 0;
    if (Run < LINGER_RUN)
        return 0;
    if (Session->LingerSkips != 0)
    {
        --Session->LingerSkips;
        return 0;
    }
    for (uint32_t Look = 0; Look < LINGER_LOOKS; ++Look)
    {
        SpinLockRelease(&Session->ReceiveLock);
        for (uint32_t Pause = 0; Pause < LINGER_PAUSES; ++Pause)
            YieldProcessor();
        SpinLockAcquire(&Session->ReceiveLock);
        if (HasEnded(Session) || !RingIsEmpty(&Session->Receive))
            return 1;
    }
    Session->LingerSkips = LINGER_SKIPS;
    return 0;
}

/* With ReceiveLock held, which Linger may have released in between. *Wake: ReceiveEvent is to be
 * set for another thread. */
static uint32_t
ReceiveLocked(SESSION *Session, SESSION_PACKET *Packets, uint32_t Count, uint32_t *Taken, int *Wake)
{
    CULVERT_RING_RESULT Result;
    for (;;)
    {
        if (HasEnded(Session))
        {
            *Wake = 1;
            return ERROR_HANDLE_EOF;
        }
        *Taken = TakePackets(Session, Packets, Count, &Result);
        if (*Taken != 0)
        {
            *Wake = Session->ReceiveWaiters != 0 && RingWaitForPacket(&Session->Receive);
            return ERROR_SUCCESS;
        }
        if (Result != CULVERT_RING_EMPTY)
            return ERROR_INVALID_DATA;
        if (!Linger(Session) && !RingWaitForPacket(&Session->Receive))
            return ERROR_NO_MORE_ITEMS;
    }
}

uint32_t
SessionReceive(SESSION *Session, SESSION_PACKET *Packets, uint32_t Count, const SESSION_WAIT *Wait)
{
    uint64_t End = Deadline(Wait);
    uint32_t Taken = 0, Error, WaitError = ERROR_SUCCESS;
    int Wake = 0;
    SpinLockAcquire(&Session->ReceiveLock);
    for (;;)
    {
        Error = ReceiveLocked(Session, Packets, Count, &Taken, &Wake);
        if (Error != ERROR_NO_MORE_ITEMS || Wait == NULL)
            break;
        Error = WaitError; /* of a wait that is over, after which nothing has come */
        if (Error != ERROR_SUCCESS)
            break;
        ++Session->ReceiveWaiters;
        SpinLockRelease(&Session->ReceiveLock);
        WaitError = AwaitEvent(Session->Parts.ReceiveEvent, Wait, End);
        SpinLockAcquire(&Session->ReceiveLock);
        --Session->ReceiveWaiters;
        Error = WaitError;
        /* A cancellation is never lost to a packet: the event may have been reset by the wait. */
        if (Error != ERROR_SUCCESS && Error != ERROR_TIMEOUT)
            break;
    }
    SpinLockRelease(&Session->ReceiveLock);
    if (Wake)
        SystemEventSet(Session->Parts.ReceiveEvent); /* pass it on: others may be waiting */
    if (Error != ERROR_SUCCESS)
        SystemSetLastError(Error);
    return Taken;
}

void
SessionRelease(SESSION *Session, const SESSION_PACKET *Packets, uint32_t Count)
{
    SpinLockAcquire(&Session->ReceiveLock);
    if (!HasEnded(Session))
    {
        CULVERT_CONSUMER *Ring = &Session->Receive;
        for (uint32_t Index = 0; Index < Count; ++Index)
            SlotQueueFinish(&Session->Received, Ring->Capacity, Ring->Data, Packets[Index].Data);
        uint32_t Head = SlotQueueStep(&Session->Received, Ring->Head);
        /* The driver drops what does not fit, and never waits for room here. */
        if (Head != Ring->Released)
            RingReleaseQuietly(Ring, Head);
    }
    SpinLockRelease(&Session->ReceiveLock);
}

/*
 * The packets behind the one of Bytes bytes at Position will soon be filled, where the driver's
 * processor has read others: lets their cache lines come while this one is being filled.
 */
static void
PrefetchRoom(const CULVERT_PRODUCER *Ring, uint32_t Position, uint32_t Bytes)
{
    /* No packet wraps, and neither does this: the ring's tail is longer. */
    uint32_t Ahead = (Position + Bytes + PREFETCH_AHEAD) & (Ring->Capacity - 1);
    const uint8_t *End = Ring->Data + Ahead + (Bytes < PREFETCH_MAX ? Bytes : PREFETCH_MAX);
    for (const uint8_t *Line = Ring->Data + Ahead; Line < End; Line += CULVERT_CACHE_LINE)
        PrefetchToWrite(Line);
}

/* Reserves room for the packets, from the first on; *Result is why for no more. With SendLock held.
 */
static uint32_t
ReservePackets(SESSION *Session, SESSION_PACKET *Packets, uint32_t Count,
               CULVERT_RING_RESULT *Result)
{
    CULVERT_PRODUCER *Ring = &Session->Send;
    uint32_t HeadSeen = Ring->HeadSeen, Reserved = 0, Position;
    for (*Result = CULVERT_RING_OK; Reserved < Count; ++Reserved)
    {
        uint32_t Size = Packets[Reserved].Size;
        *Result = RingReserve(Ring, CULVERT_SLOT_BYTES(Size), &Position);
        if (*Result != CULVERT_RING_OK)
            break;
        SlotQueuePush(&Session->Allocated, Position);
        PrefetchRoom(Ring, Position, CULVERT_SLOT_BYTES(Size));
        Packets[Reserved].Data = RingSlotInit(RingSlot(Ring, Position), Size);
    }
    if (Ring->HeadSeen != HeadSeen || *Result == CULVERT_RING_FULL)
        CounterRaise(&Session->SendTraffic.HighWater, Ring->Tail - Ring->HeadSeen);
    return Reserved;
}

/* The ring has no room for Bytes. Asks for SendSpaceEvent, if somebody may wait for it; nonzero if
 * there is room by now. With SendLock held. */
static int
AwaitRoom(SESSION *Session, uint32_t Bytes)
{
    if (!Session->RoomWanted)
        return 0;
    SystemEventReset(Session->Parts.SendSpaceEvent);
    if (!RingWaitForRoom(&Session->Send, Bytes))
        return 0;
    SystemEventSet(Session->Parts.SendSpaceEvent); /* others may wait for what was just reset */
    return 1;
}

/* With SendLock held. */
static uint32_t
AllocateLocked(SESSION *Session, SESSION_PACKET *Packets, uint32_t Count, uint32_t *Reserved)
{
    CULVERT_RING_RESULT Result;
    if (HasEnded(Session))
        return ERROR_HANDLE_EOF;
    do
    {
        *Reserved = ReservePackets(Session, Packets, Count, &Result);
        if (*Reserved != 0)
            return ERROR_SUCCESS;
        if (Result != CULVERT_RING_FULL)
            return ERROR_INVALID_DATA;
    } while (AwaitRoom(Session, CULVERT_SLOT_BYTES(Packets[0].Size)));
    CounterAdd(&Session->SendTraffic.NoRoom, 1);
    return ERROR_BUFFER_OVERFLOW;
}

uint32_t
SessionAllocate(SESSION *Session, SESSION_PACKET *Packets, uint32_t Count, const SESSION_WAIT *Wait)
{
    uint64_t End = Deadline(Wait);
    uint32_t Reserved = 0, Error, WaitError = ERROR_SUCCESS;
    SpinLockAcquire(&Session->SendLock);
    if (Wait != NULL)
        Session->RoomWanted = 1;
    for (;;)
    {
        Error = AllocateLocked(Session, Packets, Count, &Reserved);
        if (Error != ERROR_BUFFER_OVERFLOW || Wait == NULL)
            break;
        Error = WaitError;
        if (Error != ERROR_SUCCESS)
            break;
        SpinLockRelease(&Session->SendLock);
        WaitError = AwaitEvent(Session->Parts.SendSpaceEvent, Wait, End);
        SpinLockAcquire(&Session->SendLock);
        Error = WaitError;
        if (Error != ERROR_SUCCESS && Error != ERROR_TIMEOUT)
            break;
    }
    SpinLockRelease(&Session->SendLock);
    if (Error != ERROR_SUCCESS)
        SystemSetLastError(Error);
    return Reserved;
}

void
SessionSend(SESSION *Session, const SESSION_PACKET *Packets, uint32_t Count)
{
    int Signal = 0;
    SpinLockAcquire(&Session->SendLock);
    if (!HasEnded(Session))
    {
        CULVERT_PRODUCER *Ring = &Session->Send;
        uint32_t Done = 0;
        uint64_t Bytes = 0;
        for (uint32_t Index = 0; Index < Count; ++Index)
        {
            const uint8_t *Packet = Packets[Index].Data;
            if (!SlotQueueFinish(&Session->Allocated, Ring->Capacity, Ring->Data, Packet))
                continue;
            Bytes += ((const CULVERT_SLOT *)(const void *)Packet - 1)->Size;
            ++Done;
        }
        if (Done != 0)
        {
            uint32_t Tail = SlotQueueStep(&Session->Allocated, Ring->Tail);
            if (Tail != Session->Published)
            {
                Session->Published = Tail;
                Signal = RingPublish(Ring, Tail);
                CounterAdd(&Session->SendTraffic.Signals, Signal != 0);
            }
            CounterAdd(&Session->SendTraffic.Packets, Done);
            CounterAdd(&Session->SendTraffic.Bytes, Bytes);
        }
    }
    SpinLockRelease(&Session->SendLock);
    /* Events outlive the session (Bury), so this may come late. */
    if (Signal)
        SystemEventSet(Session->Parts.SendEvent);
}

static void
ReadTraffic(const TRAFFIC *Counters, SESSION_TRAFFIC *Traffic)
{
    Traffic->Packets = CounterRead(&Counters->Packets);
    Traffic->Bytes = CounterRead(&Counters->Bytes);
    Traffic->NoRoom = CounterRead(&Counters->NoRoom);
    Traffic->Signals = CounterRead(&Counters->Signals);
    Traffic->HighWater = CounterRead(&Counters->HighWater);
}

uint32_t
SessionReadTraffic(SESSION *Session, SESSION_TRAFFIC *Receive, SESSION_TRAFFIC *Send)
{
    ReadTraffic(&Session->ReceiveTraffic, Receive);
    ReadTraffic(&Session->SendTraffic, Send);
    return Session->Receive.Capacity;
}
