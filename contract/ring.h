/* SPDX-License-Identifier: MIT */
/*
 * The memory of a session and the ring protocol: the only implementation, used by the driver, the
 * DLL, the simulator and the tests.
 *
 * A session has two rings, each with one producing and one consuming side: "receive" carries
 * packets from the driver to the application, "send" from the application to the driver. A side
 * that has several threads serialises them itself; the functions here are not re-entrant per side.
 *
 * Layout of the session memory
 *
 *      0                 CULVERT_SESSION_HEADER: state word, and the control words of both rings
 *      HeaderBytes       receive ring: Capacity bytes, then a tail of CULVERT_RING_TAIL bytes
 *      ... + Capacity + tail   send ring: the same
 *
 * Positions are free-running 32-bit byte counts; the byte of position P lies at P modulo Capacity
 * of the data area. Tail is where the producer writes next, Head where the consumer reads next,
 * Tail - Head (modulo 2^32) is what the ring holds, never more than Capacity. A slot is a header
 * and a packet, rounded up to CULVERT_SLOT_ALIGNMENT; it begins below Capacity and may run on into
 * the tail, so a packet is always contiguous.
 *
 * Who writes what
 *
 *      word              written by            meaning
 *      Tail              producer, release     slots before it are complete
 *      Head              consumer, release     bytes before it are free again
 *      ConsumerWaiting   set by the consumer, taken (exchanged with 0) by the producer only
 *                                              1: the consumer found the ring empty and may sleep
 *      ProducerWaiting   set by the producer, taken by the consumer only
 *                                              1: the producer found the ring full and may sleep
 *      State             driver, release       CULVERT_STATE_...
 *
 * Ordering
 *
 *   Data.    The producer fills the slot and then writes Tail with release; the consumer reads Tail
 *            with acquire and then reads the slot. Likewise the consumer is done with a slot before
 *            it writes Head with release, and the producer reads Head with acquire before it writes
 *            into the freed bytes.
 *   Wake-up. The consumer that finds the ring empty writes ConsumerWaiting = 1, fence, reads Tail
 *            again. The producer writes Tail, fence, reads ConsumerWaiting. The two fences are full
 *            ones: each side writes one word and then reads the other's, and without a fence both
 *            could read the old value (a processor's store buffer is enough, on x86 too); then the
 *            consumer sleeps and the producer does not signal. With both fences at least one of
 *            them sees the other's write. The producer takes the flag by exchanging it with 0, so
 *            of many publications one signals; while nobody waits there is no exchange of the flag
 *            and no signal, only the fence. The consumer never takes its own flag back: another of
 *            its threads may be asleep on it. At worst that costs one signal that finds nothing to
 *            do.
 *   Room.    The same with ProducerWaiting, Head and the roles exchanged.
 *   Start.   The driver zeroes the header, and when nothing can refuse the session any more writes
 *            State = RUNNING and signals the send-space event. (An I/O manager may return before
 *            the driver has seen the request, so "pending" alone does not mean "accepted".)
 *   End.     State says why, then both of the application's events are signalled.
 *
 * Trust: the driver keeps its own positions in its own memory (CULVERT_PRODUCER, CULVERT_CONSUMER)
 * and reads each word of the other side once into a local, which is checked before it is used. A
 * position that no honest side could have written makes the functions return CULVERT_RING_BROKEN.
 */
#ifndef CULVERT_CONTRACT_RING_H
#define CULVERT_CONTRACT_RING_H

#include <stddef.h>
#include <stdint.h>
#include "atomic.h"

#define CULVERT_MIN_CAPACITY   0x20000u   /* bytes: 128 KiB */
#define CULVERT_MAX_CAPACITY   0x4000000u /* bytes: 64 MiB */
#define CULVERT_MAX_PACKET     0xFFFFu    /* bytes */
#define CULVERT_SLOT_ALIGNMENT 16u
#define CULVERT_CACHE_LINE     64u

/* Before each packet. All but Size and Private are those of virtio-net's header and are 0 until
 * offloads use them. */
typedef struct CULVERT_SLOT
{
    uint32_t Size;    /* of the packet that follows, in bytes: 1 to CULVERT_MAX_PACKET */
    uint16_t Private; /* for the side that owns the slot just now; the other one ignores it */
    uint8_t Flags;
    uint8_t GsoType;
    uint16_t HeaderLength;
    uint16_t GsoSize;
    uint16_t ChecksumStart;
    uint16_t ChecksumOffset;
} CULVERT_SLOT;

#define CULVERT_SLOT_BYTES(Size)                                                                   \
    ((uint32_t)sizeof(CULVERT_SLOT) +                                                              \
     (((uint32_t)(Size) + CULVERT_SLOT_ALIGNMENT - 1u) & ~(CULVERT_SLOT_ALIGNMENT - 1u)))

/* A slot begins at Capacity - 16 at the latest, so this much always holds what runs over. */
#define CULVERT_RING_TAIL CULVERT_SLOT_BYTES(CULVERT_MAX_PACKET)

/* The control words of a ring; each on its own cache line, since different sides write them. */
typedef struct CULVERT_RING
{
    volatile uint32_t Tail;
    uint8_t TailPad[CULVERT_CACHE_LINE - 4];
    volatile uint32_t Head;
    uint8_t HeadPad[CULVERT_CACHE_LINE - 4];
    volatile uint32_t ConsumerWaiting;
    uint8_t ConsumerPad[CULVERT_CACHE_LINE - 4];
    volatile uint32_t ProducerWaiting;
    uint8_t ProducerPad[CULVERT_CACHE_LINE - 4];
} CULVERT_RING;

/* Values of CULVERT_SESSION_HEADER.State */
#define CULVERT_STATE_STARTING  0u
#define CULVERT_STATE_RUNNING   1u
#define CULVERT_STATE_CANCELLED 2u /* the application ended the session */
#define CULVERT_STATE_REMOVED   3u /* the adapter is going away */
#define CULVERT_STATE_BROKEN    4u /* the application broke a rule of a ring */

typedef struct CULVERT_SESSION_HEADER
{
    volatile uint32_t State;
    uint8_t StatePad[CULVERT_CACHE_LINE - 4];
    CULVERT_RING Receive; /* producer: driver */
    CULVERT_RING Send;    /* producer: application */
} CULVERT_SESSION_HEADER;

#define CULVERT_SESSION_HEADER_BYTES 4096u

_Static_assert(sizeof(CULVERT_SLOT) == 16, "one alignment unit");
_Static_assert(offsetof(CULVERT_SLOT, Flags) == 6, "virtio-net's fields in its order");
_Static_assert(offsetof(CULVERT_SLOT, ChecksumOffset) == 14, "no padding");
_Static_assert(sizeof(CULVERT_RING) == (size_t)4 * CULVERT_CACHE_LINE, "a line for each word");
_Static_assert(offsetof(CULVERT_SESSION_HEADER, Send) == (size_t)5 * CULVERT_CACHE_LINE, "aligned");
_Static_assert(sizeof(CULVERT_SESSION_HEADER) <= CULVERT_SESSION_HEADER_BYTES, "fits its page");
_Static_assert(CULVERT_RING_TAIL == 65552, "16 + 65535 rounded up");
_Static_assert((uint64_t)CULVERT_MAX_CAPACITY + CULVERT_RING_TAIL <=
                   (UINT32_MAX - CULVERT_SESSION_HEADER_BYTES) / 2u,
               "the size of a session fits 32 bits");

typedef enum CULVERT_RING_RESULT
{
    CULVERT_RING_OK,
    CULVERT_RING_EMPTY,
    CULVERT_RING_FULL,
    CULVERT_RING_BROKEN
} CULVERT_RING_RESULT;

/* The producing side's own view; never in shared memory. */
typedef struct CULVERT_PRODUCER
{
    CULVERT_RING *Ring;
    uint8_t *Data;
    uint32_t Capacity;
    uint32_t Tail;     /* reserved up to here */
    uint32_t HeadSeen; /* the consumer's position when last looked at */
} CULVERT_PRODUCER;

/* The consuming side's own view; never in shared memory. */
typedef struct CULVERT_CONSUMER
{
    CULVERT_RING *Ring;
    const uint8_t *Data;
    uint32_t Capacity;
    uint32_t Head;     /* read up to here; what is released is written to Ring->Head */
    uint32_t Released; /* the last value written to Ring->Head */
    uint32_t TailSeen; /* the producer's position when last looked at */
} CULVERT_CONSUMER;

/* Whether a ring may have this capacity, in bytes. */
static inline int
CulvertCapacityIsValid(uint32_t Capacity)
{
    return Capacity >= CULVERT_MIN_CAPACITY && Capacity <= CULVERT_MAX_CAPACITY &&
           (Capacity & (Capacity - 1)) == 0;
}

/* The bytes of a session's memory; Capacity must be valid. */
static inline uint32_t
CulvertSessionBytes(uint32_t Capacity)
{
    return CULVERT_SESSION_HEADER_BYTES + 2 * (Capacity + CULVERT_RING_TAIL);
}

static inline uint8_t *
CulvertReceiveData(CULVERT_SESSION_HEADER *Session)
{
    return (uint8_t *)Session + CULVERT_SESSION_HEADER_BYTES;
}

static inline uint8_t *
CulvertSendData(CULVERT_SESSION_HEADER *Session, uint32_t Capacity)
{
    return CulvertReceiveData(Session) + Capacity + CULVERT_RING_TAIL;
}

static inline void
RingProducerInit(CULVERT_PRODUCER *Producer, CULVERT_RING *Ring, uint8_t *Data, uint32_t Capacity)
{
    Producer->Ring = Ring;
    Producer->Data = Data;
    Producer->Capacity = Capacity;
    Producer->Tail = 0;
    Producer->HeadSeen = 0;
}

static inline void
RingConsumerInit(CULVERT_CONSUMER *Consumer, CULVERT_RING *Ring, const uint8_t *Data,
                 uint32_t Capacity)
{
    Consumer->Ring = Ring;
    Consumer->Data = Data;
    Consumer->Capacity = Capacity;
    Consumer->Head = 0;
    Consumer->Released = 0;
    Consumer->TailSeen = 0;
}

/*
 * Reserves Bytes (a sum of CULVERT_SLOT_BYTES, at most Capacity) at the end of the ring; *Position
 * is where they begin. They become visible to the consumer with RingPublish.
 * Returns CULVERT_RING_FULL without change if there is no room.
 */
static inline CULVERT_RING_RESULT
RingReserve(CULVERT_PRODUCER *Producer, uint32_t Bytes, uint32_t *Position)
{
    uint32_t Used = Producer->Tail - Producer->HeadSeen;
    if (Bytes > Producer->Capacity - Used)
    {
        uint32_t Head = AtomicReadAcquire(&Producer->Ring->Head);
        /* Within what was reserved, and never backwards. */
        if (Head - Producer->HeadSeen > Used)
            return CULVERT_RING_BROKEN;
        Producer->HeadSeen = Head;
        Used = Producer->Tail - Head;
        if (Bytes > Producer->Capacity - Used)
            return CULVERT_RING_FULL;
    }
    *Position = Producer->Tail;
    Producer->Tail += Bytes;
    return CULVERT_RING_OK;
}

/* The slot at a reserved position. */
static inline CULVERT_SLOT *
RingSlot(const CULVERT_PRODUCER *Producer, uint32_t Position)
{
    return (CULVERT_SLOT *)(void *)(Producer->Data + (Position & (Producer->Capacity - 1)));
}

/* Writes a slot's header for a packet of Size bytes without offloads and returns where its packet
 * goes. */
static inline uint8_t *
RingSlotInit(CULVERT_SLOT *Slot, uint32_t Size)
{
    Slot->Size = Size;
    Slot->Private = 0;
    Slot->Flags = 0;
    Slot->GsoType = 0;
    Slot->HeaderLength = 0;
    Slot->GsoSize = 0;
    Slot->ChecksumStart = 0;
    Slot->ChecksumOffset = 0;
    return (uint8_t *)(Slot + 1);
}

/*
 * Makes all slots before Tail visible. Returns nonzero if the caller must now signal the consumer's
 * event.
 */
static inline int
RingPublish(const CULVERT_PRODUCER *Producer, uint32_t Tail)
{
    AtomicWriteRelease(&Producer->Ring->Tail, Tail);
    AtomicFence(); /* see "Wake-up" */
    return AtomicReadRelaxed(&Producer->Ring->ConsumerWaiting) != 0 &&
           AtomicExchange(&Producer->Ring->ConsumerWaiting, 0) != 0;
}

/*
 * After CULVERT_RING_FULL: asks for a signal when there is room. Returns nonzero if Bytes fit by
 * now, in which case the caller tries again instead of sleeping.
 */
static inline int
RingWaitForRoom(CULVERT_PRODUCER *Producer, uint32_t Bytes)
{
    AtomicWriteRelaxed(&Producer->Ring->ProducerWaiting, 1);
    AtomicFence(); /* see "Room" */
    uint32_t Used = Producer->Tail - AtomicReadAcquire(&Producer->Ring->Head);
    return Used <= Producer->Capacity && Bytes <= Producer->Capacity - Used;
}

/* Whether the producer has published nothing new; for who looks before it asks for a signal. */
static inline int
RingIsEmpty(const CULVERT_CONSUMER *Consumer)
{
    return AtomicReadRelaxed(&Consumer->Ring->Tail) == Consumer->Head;
}

/*
 * Looks at the slot at Consumer->Head. On CULVERT_RING_OK, *Slot is it and *Size its packet's size,
 * read once and checked: 1 to CULVERT_MAX_PACKET, and wholly before the producer's position.
 * RingAdvance moves on.
 */
static inline CULVERT_RING_RESULT
RingPeek(CULVERT_CONSUMER *Consumer, const CULVERT_SLOT **Slot, uint32_t *Size)
{
    uint32_t Available = Consumer->TailSeen - Consumer->Head;
    if (Available == 0)
    {
        uint32_t Tail = AtomicReadAcquire(&Consumer->Ring->Tail);
        Available = Tail - Consumer->Head;
        if (Available == 0)
            return CULVERT_RING_EMPTY;
        if (Tail - Consumer->Released > Consumer->Capacity ||
            Available > Tail - Consumer->Released || Tail % CULVERT_SLOT_ALIGNMENT != 0)
            return CULVERT_RING_BROKEN;
        Consumer->TailSeen = Tail;
    }
    const CULVERT_SLOT *At =
        (const CULVERT_SLOT *)(const void *)(Consumer->Data +
                                             (Consumer->Head & (Consumer->Capacity - 1)));
    uint32_t PacketSize = AtomicReadRelaxed(&At->Size);
    if (PacketSize == 0 || PacketSize > CULVERT_MAX_PACKET ||
        CULVERT_SLOT_BYTES(PacketSize) > Available)
        return CULVERT_RING_BROKEN;
    *Slot = At;
    *Size = PacketSize;
    return CULVERT_RING_OK;
}

/* Steps over a slot of Size bytes that RingPeek returned; it stays the consumer's until
 * RingRelease. */
static inline void
RingAdvance(CULVERT_CONSUMER *Consumer, uint32_t Size)
{
    Consumer->Head += CULVERT_SLOT_BYTES(Size);
}

/*
 * Gives all bytes before Head (at most Consumer->Head) back to a producer that never waits for room
 * (the driver drops what does not fit), so that no fence is needed.
 */
static inline void
RingReleaseQuietly(CULVERT_CONSUMER *Consumer, uint32_t Head)
{
    Consumer->Released = Head;
    AtomicWriteRelease(&Consumer->Ring->Head, Head);
}

/* The same to a producer that may wait. Returns nonzero if the caller must now signal its event. */
static inline int
RingRelease(CULVERT_CONSUMER *Consumer, uint32_t Head)
{
    RingReleaseQuietly(Consumer, Head);
    AtomicFence(); /* see "Room" */
    return AtomicReadRelaxed(&Consumer->Ring->ProducerWaiting) != 0 &&
           AtomicExchange(&Consumer->Ring->ProducerWaiting, 0) != 0;
}

/*
 * After CULVERT_RING_EMPTY: asks for a signal when there is a packet. Returns nonzero if there is
 * one by now, in which case the caller looks again instead of sleeping.
 */
static inline int
RingWaitForPacket(const CULVERT_CONSUMER *Consumer)
{
    /* Who looks at an empty ring again and again only reads, and leaves the producer its lines. */
    if (AtomicReadRelaxed(&Consumer->Ring->ConsumerWaiting) == 0)
        AtomicWriteRelaxed(&Consumer->Ring->ConsumerWaiting, 1);
    AtomicFence(); /* see "Wake-up" */
    return !RingIsEmpty(Consumer);
}

#endif
