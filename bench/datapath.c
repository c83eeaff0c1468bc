/* SPDX-License-Identifier: MIT */
/*
 * The data path both ways (paths.h), with the single calls and with batches, next to memcpy into a
 * ring of the same size and to a ring of Concurrency Kit, in turns in the same run.
 *   datapath_bench [out|in [SIZE [BURST [THREADS]]]]    SIZE in bytes, "mix" for an internet mix
 * Prints tab-separated lines. Packets are dropped only where a thread has lost its processor
 * between receiving and releasing, so that others' releases have to wait for its own.
 */
#include <stdio.h>
#include <string.h>
#include "paths.h"
#include "tunnel.h"

#define CAPACITY (4u << 20) /* of the ring, or what two bursts of each thread need */
#define ROUNDS   3u

/* The best of the rounds, nanoseconds per packet. */
typedef struct ROW
{
    double Single, Batch, Memcpy, Ring, Distance;
    uint64_t Drops;
} ROW;

static void
Measure(int Out, const FLOW *Flow)
{
    ROW Row = {0};
    for (unsigned Round = 0; Round < ROUNDS; ++Round)
    {
        uint64_t Drops;
        FlowBetter(&Row.Single, PathMeasure(Flow, Out, PathSingle, &Drops));
        Row.Drops += Drops;
        FlowBetter(&Row.Batch, PathMeasure(Flow, Out, PathBatch, &Drops));
        Row.Drops += Drops;
        FlowBetter(&Row.Memcpy, MeasureMemcpy(Flow));
        FlowBetter(&Row.Ring, MeasureRing(Flow, !Out));
        FlowBetter(&Row.Distance, FlowDistance());
    }
    char Size[16];
    snprintf(Size, sizeof(Size), Flow->Size != 0 ? "%u" : "mix", Flow->Size);
    printf("%s\t%s\t%u\t%u\t%u\t%.1f\t%.1f\t%.1f\t%.2f\t%.1f\t%.2f\t%.0f\t%.0f\t%llu\n",
           Out ? "out" : "in", Size, Flow->Burst, Flow->Threads, Flow->Capacity >> 10, Row.Single,
           Row.Batch, Row.Memcpy, Row.Memcpy / Row.Single, Row.Ring, Row.Ring / Row.Single,
           1e9 / Row.Single, Row.Distance, (unsigned long long)Row.Drops);
    fflush(stdout);
}

/* Whether Value is what an argument asks for; no argument asks for all. */
static int
Wanted(int Count, char **Arguments, int Which, const char *Value)
{
    return Which >= Count || strcmp(Arguments[Which], Value) == 0;
}

static int
IsWanted(int Count, char **Arguments, int Out, const FLOW *Flow)
{
    char Size[16], Burst[16], Threads[16];
    snprintf(Size, sizeof(Size), Flow->Size != 0 ? "%u" : "mix", Flow->Size);
    snprintf(Burst, sizeof(Burst), "%u", Flow->Burst);
    snprintf(Threads, sizeof(Threads), "%u", Flow->Threads);
    return Wanted(Count, Arguments, 1, Out ? "out" : "in") && Wanted(Count, Arguments, 2, Size) &&
           Wanted(Count, Arguments, 3, Burst) && Wanted(Count, Arguments, 4, Threads);
}

int
main(int Count, char **Arguments)
{
    static const ULONG Sizes[] = {64, 576, 1400, 9000, 65535, 0};
    static const ULONG Bursts[] = {1, 8, 32, 256};
    static const ULONG Threads[] = {1, 2};
    printf("direction\tsize\tburst\tthreads\tring_kib\tculvert_ns\tbatch_ns\tmemcpy_ns\tratio\t"
           "ck_ring_ns\tck_ratio\tpackets_per_s\tline_ns\tdrops\n");
    for (int Out = 1; Out >= 0; --Out)
    {
        for (unsigned At = 0; At < ARRAYSIZE(Sizes) * ARRAYSIZE(Bursts) * ARRAYSIZE(Threads); ++At)
        {
            FLOW Flow = {
                .Size = Sizes[At / ARRAYSIZE(Bursts) % ARRAYSIZE(Sizes)],
                .Burst = Bursts[At % ARRAYSIZE(Bursts)],
                .Threads = Threads[At / ARRAYSIZE(Bursts) / ARRAYSIZE(Sizes)],
                .Adapters = 1,
            };
            Flow.Capacity = PathCapacity(&Flow, CAPACITY);
            if (IsWanted(Count, Arguments, Out, &Flow))
                Measure(Out, &Flow);
        }
    }
    return 0;
}
