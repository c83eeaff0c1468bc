/* SPDX-License-Identifier: MIT */
/*
 * Whether a packet's cost depends on how large the ring is, and on how many adapters there are:
 * those that only have a session, and those that get packets too, a burst each in turn.
 *   flat_bench [WHAT [NUMBER]]    only these lines of the table
 * Prints tab-separated lines: nanoseconds per packet of 64 and of 1400 bytes, in bursts of 32, one
 * thread a side, the best of a few rounds in which all cases take turns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "paths.h"
#include "tunnel.h"

#define ROUNDS   3u
#define BURST    32u
#define CAPACITY (1u << 18) /* with several adapters: those of 64 take 32 MiB together */

typedef struct CASE
{
    const char *What;
    unsigned Number; /* of KiB, or of adapters */
    uint32_t Capacity;
    unsigned Started;  /* adapters with a session */
    unsigned Adapters; /* of them, those with packets */
    double Best[2][2]; /* out and in, 64 and 1400 bytes */
    double Memcpy;     /* 1400 bytes */
} CASE;

static CASE Cases[] = {
    {"ring_kib", 128, 128u << 10, 1, 1, {{0}}, 0},
    {"ring_kib", 512, 512u << 10, 1, 1, {{0}}, 0},
    {"ring_kib", 2048, 2u << 20, 1, 1, {{0}}, 0},
    {"ring_kib", 8192, 8u << 20, 1, 1, {{0}}, 0},
    {"ring_kib", 65536, 64u << 20, 1, 1, {{0}}, 0},
    {"adapters_idle", 1, CAPACITY, 1, 1, {{0}}, 0},
    {"adapters_idle", 8, CAPACITY, 8, 1, {{0}}, 0},
    {"adapters_idle", 64, CAPACITY, 64, 1, {{0}}, 0},
    {"adapters_busy", 1, CAPACITY, 1, 1, {{0}}, 0},
    {"adapters_busy", 8, CAPACITY, 8, 8, {{0}}, 0},
    {"adapters_busy", 64, CAPACITY, 64, 64, {{0}}, 0},
};

static void
Measure(CASE *Case, int In, int Large)
{
    uint64_t Drops;
    FLOW Flow = {.Size = Large ? 1400 : 64,
                 .Burst = BURST,
                 .Threads = 1,
                 .Capacity = Case->Capacity,
                 .Adapters = Case->Adapters,
                 .Started = Case->Started};
    FlowBetter(&Case->Best[In][Large], PathMeasure(&Flow, !In, PathSingle, &Drops));
    if (Large && !In)
        FlowBetter(&Case->Memcpy, MeasureMemcpy(&Flow));
}

/* Whether the arguments ask for it; no argument asks for all. */
static int
IsWanted(int Count, char **Arguments, const CASE *Case)
{
    return (Count < 2 || strcmp(Arguments[1], Case->What) == 0) &&
           (Count < 3 || strtoul(Arguments[2], NULL, 10) == Case->Number);
}

int
main(int Count, char **Arguments)
{
    for (unsigned Turn = 0; Turn < ROUNDS * 4; ++Turn)
    {
        for (unsigned At = 0; At < ARRAYSIZE(Cases); ++At)
        {
            if (IsWanted(Count, Arguments, &Cases[At]))
                Measure(&Cases[At], Turn & 1, Turn >> 1 & 1);
        }
    }
    printf("what\tnumber\tout64_ns\tout1400_ns\tin64_ns\tin1400_ns\tmemcpy1400_ns\n");
    for (unsigned At = 0; At < ARRAYSIZE(Cases); ++At)
    {
        if (!IsWanted(Count, Arguments, &Cases[At]))
            continue;
        printf("%s\t%u\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\n", Cases[At].What, Cases[At].Number,
               Cases[At].Best[0][0], Cases[At].Best[0][1], Cases[At].Best[1][0],
               Cases[At].Best[1][1], Cases[At].Memcpy);
    }
    return 0;
}
