/* SPDX-License-Identifier: MIT */
/*
 * The ring's data and wake-up protocol (contract/ring.h) on a processor that reorders as arm64 may:
 * one producer, two consuming threads of one application that take turns under a lock, a ring of
 * SLOTS slots, PACKETS packets. The same hand-shake in the other direction ("Room") is in it too: the
 * producer sleeps when the ring is full.
 *
 * Stores wait in a buffer of the processor, one place for each shared word, and reach memory in any
 * order, at any time; a release store reaches it after all earlier ones of that processor, a fence
 * and a locked instruction wait until all have. A load sees the processor's own buffer first.
 *
 * Spin shows: every packet arrives once, whole and in order, and nobody sleeps for ever (an end
 * state in which a process still waits is an error). Each mutant, selected with -DNAME, leaves out one
 * thing that the protocol relies on, and Spin finds what goes wrong.
 */
#define SLOTS 2
#define PACKETS 4

#define PRODUCER 0
#define CONSUMER 1 /* the application's threads share a processor's buffer: they hold the lock */

/* Shared words, in memory and in each side's store buffer. */
#define TAIL 0
#define HEAD 1
#define CONSUMER_WAITING 2
#define PRODUCER_WAITING 3
#define DATA 4 /* SLOTS words from here on */
#define WORDS 6

typedef SIDE
{
    byte Value[WORDS];
    bool Pending[WORDS];
    bool Release[WORDS]; /* reaches memory last */
};

byte Memory[WORDS];
SIDE Buffer[2];

bool PacketEvent; /* auto-reset events */
bool RoomEvent;
bool Lock;     /* of the application's receiving side */
byte Received; /* packets taken, under Lock */
byte ConsumerHead;

#define LOAD(Side, Word) (Buffer[Side].Pending[Word] -> Buffer[Side].Value[Word] : Memory[Word])

inline Store(Side, Word, NewValue)
{
    atomic { Buffer[Side].Value[Word] = NewValue; Buffer[Side].Pending[Word] = true; Buffer[Side].Release[Word] = false }
}

inline StoreRelease(Side, Word, NewValue)
{
#ifdef NO_RELEASE
    Store(Side, Word, NewValue)
#else
    atomic { Buffer[Side].Value[Word] = NewValue; Buffer[Side].Pending[Word] = true; Buffer[Side].Release[Word] = true }
#endif
}

#define DRAINED(Side) (!(Buffer[Side].Pending[TAIL] || Buffer[Side].Pending[HEAD] || Buffer[Side].Pending[CONSUMER_WAITING] || Buffer[Side].Pending[PRODUCER_WAITING] || Buffer[Side].Pending[DATA] || Buffer[Side].Pending[DATA + 1]))

/* What must be in memory before a release store of this side is: its data, or (the consumer) nothing. */
#define DATA_DRAINED(Side) (!(Buffer[Side].Pending[DATA] || Buffer[Side].Pending[DATA + 1]))

inline Fence(Side)
{
    DRAINED(Side)
}

/* Takes a waiting flag that was seen set: exchanges it with 0 and, if it was 1, sets the event. */
inline TakeAndSignal(Side, Flag, Event)
{
    DRAINED(Side);
    atomic {
        if
        :: Memory[Flag] == 1 -> Memory[Flag] = 0; Event = true
        :: else
        fi
    }
}

/* The store buffers: any pending word may reach memory at any time. */
active [2] proctype StoreBuffer()
{
    byte Word = 0;
end:
    do
    :: atomic {
        Buffer[_pid].Pending[TAIL] && (!Buffer[_pid].Release[TAIL] || DATA_DRAINED(_pid)) ->
        Memory[TAIL] = Buffer[_pid].Value[TAIL]; Buffer[_pid].Pending[TAIL] = false }
    :: atomic {
        Buffer[_pid].Pending[HEAD] ->
        Memory[HEAD] = Buffer[_pid].Value[HEAD]; Buffer[_pid].Pending[HEAD] = false }
    :: atomic {
        Buffer[_pid].Pending[CONSUMER_WAITING] ->
        Memory[CONSUMER_WAITING] = Buffer[_pid].Value[CONSUMER_WAITING]; Buffer[_pid].Pending[CONSUMER_WAITING] = false }
    :: atomic {
        Buffer[_pid].Pending[PRODUCER_WAITING] ->
        Memory[PRODUCER_WAITING] = Buffer[_pid].Value[PRODUCER_WAITING]; Buffer[_pid].Pending[PRODUCER_WAITING] = false }
    :: atomic {
        Buffer[_pid].Pending[DATA] ->
        Memory[DATA] = Buffer[_pid].Value[DATA]; Buffer[_pid].Pending[DATA] = false }
    :: atomic {
        Buffer[_pid].Pending[DATA + 1] ->
        Memory[DATA + 1] = Buffer[_pid].Value[DATA + 1]; Buffer[_pid].Pending[DATA + 1] = false }
    od
}

active proctype Producer()
{
    byte Tail = 0, Head = 0;
    do
    :: Tail == PACKETS -> break
    :: Tail < PACKETS ->
        Head = LOAD(PRODUCER, HEAD); /* acquire: nothing of this model moves before a load */
        if
        :: Tail - Head < SLOTS ->
#ifdef PUBLISH_BEFORE_DATA
            StoreRelease(PRODUCER, TAIL, Tail + 1);
            Store(PRODUCER, DATA + Tail % SLOTS, Tail + 1);
#else
            Store(PRODUCER, DATA + Tail % SLOTS, Tail + 1);
            StoreRelease(PRODUCER, TAIL, Tail + 1);
#endif
            Tail++;
#ifndef NO_PRODUCER_FENCE
            Fence(PRODUCER);
#endif
#ifndef NO_SIGNAL
            if
            :: LOAD(PRODUCER, CONSUMER_WAITING) == 1 ->
                TakeAndSignal(PRODUCER, CONSUMER_WAITING, PacketEvent)
            :: else
            fi
#endif
        :: else ->
            Store(PRODUCER, PRODUCER_WAITING, 1);
#ifndef NO_ROOM_FENCE
            Fence(PRODUCER);
#endif
#ifdef NO_ROOM_RECHECK
            RoomEvent; RoomEvent = false
#else
            Head = LOAD(PRODUCER, HEAD);
            if
            :: Tail - Head < SLOTS
            :: else -> atomic { RoomEvent -> RoomEvent = false }
            fi
#endif
        fi
    od
}

/* WintunReceivePacket and, at once, WintunReleaseReceivePacket, under the application's lock. */
inline Receive(Tail, Empty)
{
    atomic { !Lock -> Lock = true }
    Empty = false;
    Tail = LOAD(CONSUMER, TAIL);
    if
    :: Tail != ConsumerHead -> skip
    :: Tail == ConsumerHead ->
        /* It writes only if the flag is not set: RingWaitForPacket. */
        if
        :: LOAD(CONSUMER, CONSUMER_WAITING) == 0 -> Store(CONSUMER, CONSUMER_WAITING, 1)
        :: else
        fi;
#ifndef NO_CONSUMER_FENCE
        Fence(CONSUMER);
#endif
#ifdef NO_RECHECK
        Empty = true
#else
        Tail = LOAD(CONSUMER, TAIL);
        Empty = (Tail == ConsumerHead)
#ifdef CONSUMER_TAKES_FLAG_BACK
        ;
        if
        :: !Empty -> Store(CONSUMER, CONSUMER_WAITING, 0)
        :: else
        fi
#endif
#endif
    fi;
    if
    :: !Empty ->
        assert(LOAD(CONSUMER, DATA + ConsumerHead % SLOTS) == ConsumerHead + 1);
        ConsumerHead++;
        Received++;
        StoreRelease(CONSUMER, HEAD, ConsumerHead);
#ifndef NO_RELEASE_FENCE
        Fence(CONSUMER);
#endif
        if
        :: LOAD(CONSUMER, PRODUCER_WAITING) == 1 ->
            TakeAndSignal(CONSUMER, PRODUCER_WAITING, RoomEvent)
        :: else
        fi
    :: else
    fi;
    Lock = false
}

/* The thread that waits for the event whenever there is nothing. */
active proctype Receiver()
{
    byte Tail = 0;
    bool Empty = false;
    do
    :: Received == PACKETS -> break
    :: Received < PACKETS ->
        Receive(Tail, Empty);
        if
        :: Empty && Received < PACKETS ->
            atomic { (PacketEvent || Received == PACKETS) -> PacketEvent = false }
        :: else
        fi
    od
}

/* Another thread, which only looks now and then, and leaves when it likes. */
active proctype Poller()
{
    byte Tail = 0;
    bool Empty = false;
    do
    :: Received < PACKETS -> Receive(Tail, Empty)
    :: break
    od
}
