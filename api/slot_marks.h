/* SPDX-License-Identifier: MIT */
/*
 * What the application has of a ring, slot by slot: being read or filled, or done with behind an
 * older slot that is not. Private to the process: a mark in the slot itself would take the slot's
 * cache line away from the other side's processor, for each packet, and the application could write
 * over it. Used under the ring's lock.
 */
#ifndef CULVERT_API_SLOT_MARKS_H
#define CULVERT_API_SLOT_MARKS_H

#include "../contract/ring.h"

/* Of each place where a slot may begin: the slot's size in units of CULVERT_SLOT_ALIGNMENT, and
 * whether it is done with. 0: the application has none there. */
typedef uint16_t SLOT_MARK;

#define SLOT_DONE ((SLOT_MARK)0x8000)

_Static_assert(CULVERT_SLOT_BYTES(CULVERT_MAX_PACKET) / CULVERT_SLOT_ALIGNMENT < SLOT_DONE, "fits");

/* The bytes of the marks of a ring. */
static inline size_t
SlotMarksBytes(uint32_t Capacity)
{
    return Capacity / CULVERT_SLOT_ALIGNMENT * sizeof(SLOT_MARK);
}

static inline SLOT_MARK *
SlotMark(SLOT_MARK *Marks, uint32_t Capacity, uint32_t Position)
{
    return &Marks[(Position & (Capacity - 1)) / CULVERT_SLOT_ALIGNMENT];
}

/* The slot of a packet of Size bytes at Position is the application's. */
static inline void
SlotMarkOurs(SLOT_MARK *Marks, uint32_t Capacity, uint32_t Position, uint32_t Size)
{
    *SlotMark(Marks, Capacity, Position) =
        (SLOT_MARK)(CULVERT_SLOT_BYTES(Size) / CULVERT_SLOT_ALIGNMENT);
}

/* Marks the slot of Packet in a ring at Data as done with. 0 if Packet is anything else than a
 * packet that the application has. */
static inline int
SlotMarkDone(SLOT_MARK *Marks, uint32_t Capacity, const uint8_t *Data, const uint8_t *Packet)
{
    uintptr_t Offset = (uintptr_t)Packet - (uintptr_t)Data - sizeof(CULVERT_SLOT);
    if (Offset >= Capacity || Offset % CULVERT_SLOT_ALIGNMENT != 0)
        return 0;
    SLOT_MARK *Mark = SlotMark(Marks, Capacity, (uint32_t)Offset);
    if (*Mark == 0 || (*Mark & SLOT_DONE) != 0)
        return 0;
    *Mark |= SLOT_DONE;
    return 1;
}

/* Takes the marks away from the slots that are done with, from From on, at most to End; returns the
 * position behind them. */
static inline uint32_t
SlotMarksStep(SLOT_MARK *Marks, uint32_t Capacity, uint32_t From, uint32_t End)
{
    while (From != End)
    {
        SLOT_MARK *Mark = SlotMark(Marks, Capacity, From);
        if ((*Mark & SLOT_DONE) == 0)
            break;
        From += (uint32_t)(*Mark & ~SLOT_DONE) * CULVERT_SLOT_ALIGNMENT;
        *Mark = 0;
    }
    return From;
}

#endif
