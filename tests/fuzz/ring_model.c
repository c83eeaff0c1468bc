/* SPDX-License-Identifier: MIT */
/* See ring_model.h. */
#include "ring_model.h"

void
RingModelStart(RING_MODEL *Model, CULVERT_SESSION_HEADER *Memory, ULONG Capacity)
{
    memset(Model, 0, sizeof(*Model));
    Model->Memory = Memory;
    Model->Capacity = Capacity;
}

/* A slot is a header and a packet, in units of the header. */
static ULONG64
SlotBytes(ULONG64 PacketBytes)
{
    return (sizeof(CULVERT_SLOT) + PacketBytes + CULVERT_SLOT_ALIGNMENT - 1) /
           CULVERT_SLOT_ALIGNMENT * CULVERT_SLOT_ALIGNMENT;
}

void
RingModelTake(RING_MODEL *Model)
{
    const UCHAR *Data = CulvertSendData(Model->Memory, (ULONG)Model->Capacity);
    uint32_t Tail = Model->Memory->Send.Tail;
    ULONG64 Left = (uint32_t)(Tail - Model->Taken);
    if (Model->Broken || Left == 0)
        return;
    Model->Broken = Left > Model->Capacity || Tail % CULVERT_SLOT_ALIGNMENT != 0;
    while (!Model->Broken && Left != 0)
    {
        const UCHAR *At = Data + Model->Taken % Model->Capacity;
        ULONG64 Size = ((const CULVERT_SLOT *)(const void *)At)->Size;
        if (Size == 0 || Size > CULVERT_MAX_PACKET || SlotBytes(Size) > Left)
        {
            Model->Broken = TRUE;
            break;
        }
        UCHAR Version = At[sizeof(CULVERT_SLOT)] >> 4;
        if (Version == 4 || Version == 6)
            ++Model->Packets;
        else
            ++Model->NotIp;
        Model->Taken += (uint32_t)SlotBytes(Size);
        Left -= SlotBytes(Size);
    }
}

void
RingModelPut(RING_MODEL *Model, ULONG Count, ULONG Bytes)
{
    for (; Count != 0 && !Model->Broken; --Count)
    {
        ULONG64 Used = (uint32_t)(Model->Put - Model->Free);
        if (Used + SlotBytes(Bytes) > Model->Capacity)
        {
            /* The driver asks how far the application is: no further than it wrote itself, and not
             * behind where it was. */
            uint32_t Head = Model->Memory->Receive.Head;
            Model->Broken = (uint32_t)(Head - Model->Free) > Used;
            if (Model->Broken)
                return;
            Model->Free = Head;
            Used = (uint32_t)(Model->Put - Head);
        }
        if (Used + SlotBytes(Bytes) > Model->Capacity)
            continue; /* dropped */
        Model->Put += (uint32_t)SlotBytes(Bytes);
        ++Model->Delivered;
    }
}
