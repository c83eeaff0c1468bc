/* SPDX-License-Identifier: MIT */
/*
 * The slots of a ring that the application has: being read or filled, or done with behind an older
 * one that is not. A queue in the ring's order, of the slots' positions. Private to the process: a
 * mark in the slot itself would take the slot's cache line away from the other side's processor,
 * for each packet, and the application could write over it. Used under the ring's lock.
 *
 * Whenever the application has no slot, the queue begins at the front again: an application that
 * keeps up uses the same few cache lines of it, whatever the size of the ring.
 */
#ifndef CULVERT_API_SLOT_QUEUE_H
#define CULVERT_API_SLOT_QUEUE_H

#include "../contract/ring.h"

/* In a position, whose last bits are 0: the application is done with the slot. */
#define SLOT_DONE 1u

typedef struct SLOT_QUEUE
{
    uint32_t *Slots; /* SlotQueueBytes() bytes */
    uint32_t First;  /* the oldest slot, an index modulo the queue's length */
    uint32_t Next;   /* behind the youngest one, likewise */
    uint32_t Mask;   /* the queue's length, a power of two, less one */
} SLOT_QUEUE;

/* A ring has no more slots than this. */
#define SLOT_QUEUE_LENGTH(Capacity) ((Capacity) / CULVERT_SLOT_BYTES(1))

_Static_assert(SLOT_QUEUE_LENGTH(CULVERT_MIN_CAPACITY) * CULVERT_SLOT_BYTES(1) ==
                   CULVERT_MIN_CAPACITY,
               "a power of two");
_Static_assert(CULVERT_SLOT_ALIGNMENT > SLOT_DONE, "positions have a free bit");

/* The bytes of the queue's memory for a ring. */
static inline size_t
SlotQueueBytes(uint32_t Capacity)
{
    return SLOT_QUEUE_LENGTH(Capacity) * sizeof(uint32_t);
}

static inline void
SlotQueueInit(SLOT_QUEUE *Queue, uint32_t *Slots, uint32_t Capacity)
{
    Queue->Slots = Slots;
    Queue->First = Queue->Next = 0;
    Queue->Mask = SLOT_QUEUE_LENGTH(Capacity) - 1;
}

static inline uint32_t *
SlotQueueAt(const SLOT_QUEUE *Queue, uint32_t Index)
{
    return &Queue->Slots[Index & Queue->Mask];
}

/* The slot at Position, behind all that are in the queue, is the application's. */
static inline void
SlotQueuePush(SLOT_QUEUE *Queue, uint32_t Position)
{
    *SlotQueueAt(Queue, Queue->Next++) = Position;
}

/* The slot that lies Distance bytes behind the oldest one, or NULL if none of the queue begins
 * there. */
static inline uint32_t *
SlotQueueFind(const SLOT_QUEUE *Queue, uint32_t Oldest, uint32_t Distance)
{
    uint32_t Low = Queue->First, High = Queue->Next;
    while (High - Low > 1)
    {
        uint32_t Middle = Low + (High - Low) / 2;
        if ((*SlotQueueAt(Queue, Middle) & ~SLOT_DONE) - Oldest <= Distance)
            Low = Middle;
        else
            High = Middle;
    }
    uint32_t *Slot = SlotQueueAt(Queue, Low);
    return (*Slot & ~SLOT_DONE) - Oldest == Distance ? Slot : NULL;
}

/* The application is done with Packet, in a ring of Capacity bytes at Data. 0 if Packet is anything
 * else than a packet that the application has. */
static inline int
SlotQueueFinish(SLOT_QUEUE *Queue, uint32_t Capacity, const uint8_t *Data, const uint8_t *Packet)
{
    uintptr_t Offset = (uintptr_t)Packet - (uintptr_t)Data - sizeof(CULVERT_SLOT);
    if (Offset >= Capacity || Queue->First == Queue->Next)
        return 0;
    uint32_t *Slot = SlotQueueAt(Queue, Queue->First);
    uint32_t Oldest = *Slot & ~SLOT_DONE;
    uint32_t Distance = ((uint32_t)Offset - Oldest) & (Capacity - 1);
    if (Distance != 0) /* most applications finish them in order */
        Slot = SlotQueueFind(Queue, Oldest, Distance);
    if (Slot == NULL || (*Slot & SLOT_DONE) != 0)
        return 0;
    *Slot |= SLOT_DONE;
    return 1;
}

/* Takes away the slots at the front that the application is done with. Returns the position of the
 * oldest one that is left, or End, which is the position behind the youngest one. */
static inline uint32_t
SlotQueueStep(SLOT_QUEUE *Queue, uint32_t End)
{
    for (; Queue->First != Queue->Next; ++Queue->First)
    {
        uint32_t Slot = *SlotQueueAt(Queue, Queue->First);
        if ((Slot & SLOT_DONE) == 0)
            return Slot;
    }
    Queue->First = Queue->Next = 0;
    return End;
}

#endif
