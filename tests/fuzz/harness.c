/* SPDX-License-Identifier: MIT */
/* See harness.h. */
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include "harness.h"

/* More than NDIS keeps of the lists of a pool once they are freed: from then on their number is
 * the same whenever all are free. */
#define WARM_LISTS 300u

static SIM_COUNTS Base;

void
FuzzFail(const char *File, int Line, const char *Condition, const char *Format, ...)
{
    va_list Arguments;
    fprintf(stderr, "fuzz: %s:%d: not true: %s: ", File, Line, Condition);
    va_start(Arguments, Format);
    vfprintf(stderr, Format, Arguments);
    va_end(Arguments);
    fputc('\n', stderr);
    abort();
}

/* ---- Inputs ------------------------------------------------------------------------------------
 */

BOOLEAN
FuzzMore(const FUZZ_INPUT *Input)
{
    return Input->At != Input->End;
}

UCHAR
FuzzByte(FUZZ_INPUT *Input)
{
    return Input->At != Input->End ? *Input->At++ : 0;
}

USHORT
FuzzShort(FUZZ_INPUT *Input)
{
    ULONG Low = FuzzByte(Input);
    return (USHORT)(Low | (ULONG)FuzzByte(Input) << 8);
}

ULONG
FuzzLong(FUZZ_INPUT *Input)
{
    ULONG Low = FuzzShort(Input);
    return Low | (ULONG)FuzzShort(Input) << 16;
}

ULONG
FuzzBelow(FUZZ_INPUT *Input, ULONG Bound)
{
    return (Bound > 256 ? FuzzShort(Input) : FuzzByte(Input)) % Bound;
}

ULONG
FuzzNumber(FUZZ_INPUT *Input)
{
    static const ULONG Edges[] = {0xFF,       0x100,      0xFFF,        0x1000,
                                  0xFFFF,     0x10000,    0x1FFFF,      0x7FFFFFFF,
                                  0x80000000, 0xFFFFFFF0, MAXULONG - 1, MAXULONG};
    UCHAR First = FuzzByte(Input);
    if (First < 0xF0)
        return First;
    if (First < 0xFC)
        return Edges[First - 0xF0];
    return First < 0xFE ? FuzzShort(Input) : FuzzLong(Input);
}

ULONG
FuzzBytes(FUZZ_INPUT *Input, void *To, ULONG Bytes)
{
    ULONG Count = (ULONG)min((size_t)(Input->End - Input->At), (size_t)Bytes);
    if (Count != 0)
        memcpy(To, Input->At, Count);
    Input->At += Count;
    return Count;
}

/* ---- The world ---------------------------------------------------------------------------------
 */

/* The same for the pools of the environment. */
static void
WarmPools(void)
{
    static PNET_BUFFER_LIST Lists[WARM_LISTS];
    static const UCHAR Packet[1];
    for (unsigned At = 0; At < WARM_LISTS; ++At)
    {
        Lists[At] = SimListCreate();
        SimListAdd(Lists[At], Packet, sizeof(Packet), NULL);
    }
    for (unsigned At = 0; At < WARM_LISTS; ++At)
        SimListFree(Lists[At]);
}

void
FuzzLoad(void)
{
    /* libFuzzer keeps pointers into the counters of every image that it has seen: the driver's must
     * stay where it is, however often it is loaded. */
    if (dlopen(NTSIM_DRIVER, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) == NULL)
        FuzzFail(__FILE__, __LINE__, "dlopen", "%s", dlerror());
    SimRegistryReset();
    SimEdgePoolsCreate();
    WarmPools();
    Base = SimCount();
}

/* As many packets in the system at once as NDIS keeps of their lists when they are free. */
static void
WarmAdapter(void)
{
    static UCHAR Packet[64];
    APPLICATION App;
    MakePacket(Packet, sizeof(Packet), 4, 1);
    ApplicationOpen(&App, WORLD_CAPACITY);
    SimEdgeHold(WorldEdge, TRUE);
    FUZZ_EXPECT(ApplicationStart(&App) == STATUS_PENDING, "the first session");
    for (unsigned At = 0; At < WARM_LISTS; ++At)
        FUZZ_EXPECT(ApplicationSend(&App, Packet, sizeof(Packet)), "packet %u", At);
    FuzzSettle();
    FUZZ_EXPECT(SimEdgeHeld(WorldEdge) == WARM_LISTS, "%u are held", SimEdgeHeld(WorldEdge));
    FuzzDrain();
    ApplicationExit(&App);
    FuzzSettle();
}

void
FuzzWorldUp(void)
{
    FuzzLoad();
    FUZZ_EXPECT(WorldTryUp(), "the driver does not start");
    WarmAdapter();
    Base = SimCount();
}

void
FuzzSettle(void)
{
    FUZZ_EXPECT(SimQuiesce(), "a thread of the system neither ends nor waits");
}

void
FuzzDrain(void)
{
    static UCHAR Packet[16];
    SimEdgeHold(WorldEdge, FALSE);
    while (SimEdgeReturn(WorldEdge, MAXULONG) != 0)
        FuzzSettle();
    while (SimEdgeTake(WorldEdge, Packet, sizeof(Packet), 0) != 0)
        ;
}

static void
SetOid(NDIS_OID Oid, ULONG Value)
{
    FUZZ_EXPECT(SimEdgeOid(WorldEdge, NdisRequestSetInformation, Oid, &Value, sizeof(Value), NULL,
                           NULL) == NDIS_STATUS_SUCCESS,
                "OID %x", Oid);
}

void
FuzzBegin(void)
{
    if (!SimEdgeRunning(WorldEdge))
        FUZZ_EXPECT(NdisEdgeRestart(SimEdgeAdapter(WorldEdge)) == STATUS_SUCCESS, "restart");
    SetOid(OID_GEN_CURRENT_PACKET_FILTER, 0);
    SetOid(OID_GEN_CURRENT_LOOKAHEAD, CULVERT_MAX_PACKET);
}

/* A session that does nothing: its end frees the buffers that came back after the end of theirs. */
static void
EmptySession(void)
{
    APPLICATION App;
    ApplicationOpen(&App, WORLD_CAPACITY);
    FUZZ_EXPECT(ApplicationStart(&App) == STATUS_PENDING, "no session is possible any more");
    ApplicationExit(&App);
}

static BOOLEAN
AsBefore(const SIM_COUNTS *Now)
{
    return memcmp(Now, &Base, sizeof(Base)) == 0;
}

void
FuzzCheckCounts(void)
{
    SIM_COUNTS Now = SimCount();
    FUZZ_EXPECT(AsBefore(&Now),
                "before and after the input: pool blocks %u %u, MDLs %u %u, objects %u %u, devices "
                "%u %u, requests %u %u, work %u %u, threads %u %u",
                Base.PoolBlocks, Now.PoolBlocks, Base.Mdls, Now.Mdls, Base.Objects, Now.Objects,
                Base.Devices, Now.Devices, Base.Requests, Now.Requests, Base.Work, Now.Work,
                Base.Threads, Now.Threads);
}

void
FuzzEnd(void)
{
    SimFaultDisarm();
    FuzzSettle();
    FuzzDrain();
    if (!SimEdgeRunning(WorldEdge))
        FUZZ_EXPECT(NdisEdgeRestart(SimEdgeAdapter(WorldEdge)) == STATUS_SUCCESS, "restart");
    FuzzSettle();
    FuzzDrain();
    SIM_COUNTS Now = SimCount();
    if (!AsBefore(&Now))
    {
        EmptySession();
        FuzzSettle();
    }
    FuzzCheckCounts();
}
