/* SPDX-License-Identifier: MIT */
/*
 * What the ring costs beside the copy that it cannot avoid: packets in bursts of 32 through a 4 MiB
 * ring (reserve, copy in, publish, peek, advance, release), next to plain memcpy of the same
 * packets into a 4 MiB buffer, in the same run. One thread, so that only instructions count and no
 * scheduling. Prints tab-separated lines: size, ns per packet of both, their ratio (memcpy / ring;
 * 1 is the limit), packets per second.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../contract/ring.h"

#define CAPACITY    (4u << 20)
#define BURST       32u
#define ROUNDS      7
#define ROUND_BYTES (1ull << 30) /* so many are copied a round, or PACKETS_MAX packets */
#define PACKETS_MAX 8000000ull

static const uint32_t Sizes[] = {64, 576, 1400, 9000, 65535};

static double
Now(void)
{
    struct timespec Time;
    clock_gettime(CLOCK_MONOTONIC, &Time);
    return (double)Time.tv_sec * 1e9 + (double)Time.tv_nsec;
}

static uint64_t
PacketsOf(uint32_t Size)
{
    uint64_t Packets = ROUND_BYTES / Size;
    return (Packets < PACKETS_MAX ? Packets : PACKETS_MAX) / BURST * BURST;
}

static double
CopyRound(uint8_t *Buffer, const uint8_t *Source, uint32_t Size)
{
    uint64_t Packets = PacketsOf(Size);
    uint32_t Position = 0, Step = CULVERT_SLOT_BYTES(Size);
    double Start = Now();
    for (uint64_t Packet = 0; Packet < Packets; ++Packet)
    {
        memcpy(Buffer + (Position & (CAPACITY - 1)) + sizeof(CULVERT_SLOT), Source, Size);
        __asm__ volatile("" ::: "memory");
        Position += Step;
    }
    return (Now() - Start) / (double)Packets;
}

static void
PutBurst(CULVERT_PRODUCER *Producer, const uint8_t *Source, uint32_t Size)
{
    uint32_t Position = 0;
    for (uint32_t Packet = 0; Packet < BURST; ++Packet)
    {
        if (RingReserve(Producer, CULVERT_SLOT_BYTES(Size), &Position) != CULVERT_RING_OK)
            abort();
        memcpy(RingSlotInit(RingSlot(Producer, Position), Size), Source, Size);
    }
    if (RingPublish(Producer, Position + CULVERT_SLOT_BYTES(Size)))
        abort(); /* nobody waits */
}

static void
TakeBurst(CULVERT_CONSUMER *Consumer)
{
    for (uint32_t Packet = 0; Packet < BURST; ++Packet)
    {
        const CULVERT_SLOT *Slot;
        uint32_t Size;
        if (RingPeek(Consumer, &Slot, &Size) != CULVERT_RING_OK)
            abort();
        __asm__ volatile("" ::"r"(Slot) : "memory");
        RingAdvance(Consumer, Size);
    }
    RingRelease(Consumer, Consumer->Head);
}

static double
RingRound(CULVERT_SESSION_HEADER *Session, const uint8_t *Source, uint32_t Size)
{
    CULVERT_PRODUCER Producer;
    CULVERT_CONSUMER Consumer;
    memset(Session, 0, sizeof(*Session));
    RingProducerInit(&Producer, &Session->Receive, CulvertReceiveData(Session), CAPACITY);
    RingConsumerInit(&Consumer, &Session->Receive, CulvertReceiveData(Session), CAPACITY);
    uint64_t Packets = PacketsOf(Size);
    double Start = Now();
    for (uint64_t Packet = 0; Packet < Packets; Packet += BURST)
    {
        PutBurst(&Producer, Source, Size);
        TakeBurst(&Consumer);
    }
    return (Now() - Start) / (double)Packets;
}

int
main(void)
{
    CULVERT_SESSION_HEADER *Session = calloc(1, CulvertSessionBytes(CAPACITY));
    uint8_t *Source = malloc(CULVERT_MAX_PACKET);
    if (Session == NULL || Source == NULL)
        return 1;
    memset(Source, 0x45, CULVERT_MAX_PACKET);
    printf("size\tmemcpy_ns\tring_ns\tratio\tpackets_per_s\n");
    for (size_t Index = 0; Index < sizeof(Sizes) / sizeof(Sizes[0]); ++Index)
    {
        /* Alternating, and the best of each: both see the same machine. */
        double Copy = 1e18, Ring = 1e18;
        for (int Round = 0; Round < ROUNDS; ++Round)
        {
            double Time = CopyRound(CulvertReceiveData(Session), Source, Sizes[Index]);
            Copy = Time < Copy ? Time : Copy;
            Time = RingRound(Session, Source, Sizes[Index]);
            Ring = Time < Ring ? Time : Ring;
        }
        printf("%u\t%.1f\t%.1f\t%.2f\t%.0f\n", Sizes[Index], Copy, Ring, Copy / Ring, 1e9 / Ring);
        fflush(stdout);
    }
    free(Source);
    free(Session);
    return 0;
}
