/* SPDX-License-Identifier: MIT */
/*
 * The driver's accesses to shared memory, seen one by one: it reads each byte of the application's
 * packets once, and memory that is rewritten behind its back changes nothing that it has checked.
 * In a program of its own, whose driver is compiled with hooks (ntsim/access.h).
 */
#include <stdio.h>
#include "world.h"
#include "../../ntsim/access.h"

#define PACKETS 3000u

static APPLICATION App;
static UCHAR Packet[CULVERT_MAX_PACKET], Got[CULVERT_MAX_PACKET];

static void
Begin(void)
{
    ApplicationOpen(&App, WORLD_CAPACITY);
    SimReadOnceBegin((const UCHAR *)App.Memory + CULVERT_SESSION_HEADER_BYTES,
                     App.Bytes - CULVERT_SESSION_HEADER_BYTES);
    assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
}

static void
End(void)
{
    assert_int_equal(ApplicationEnd(&App), STATUS_CANCELLED);
    SimReadOnceEnd();
    ApplicationExit(&App);
}

/* Sends a packet in memory that the driver has not read since it was written. */
static BOOLEAN
SendOnce(ULONG Bytes)
{
    SimReadOnceRenew(App.Out.Data + (App.Out.Tail & (App.Out.Capacity - 1)),
                     CULVERT_SLOT_BYTES(Bytes));
    return ApplicationSendWait(&App, Packet, Bytes);
}

/* Many laps of the ring with packets of all sizes. */
static void
ReadsEachByteOnce(void **State)
{
    ULONG64 Sent = 0;
    (void)State;
    Begin();
    for (unsigned Number = 0; Number < PACKETS; ++Number)
    {
        ULONG Bytes = 1 + Number * 7919 % (Number % 64 == 0 ? CULVERT_MAX_PACKET : 1500);
        MakePacket(Packet, Bytes, 4, Number);
        assert_true(SendOnce(Bytes));
        assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), Bytes);
        assert_true(IsPacket(Got, Bytes, 4, Number));
        Sent += sizeof(uint32_t) + Bytes;
    }
    /* The size of each slot and its packet, and nothing else. */
    assert_true(SimReadOnceBytes() == Sent);
    End();
}

/* Accesses of each kind, and whether one was to the session's memory. */
typedef struct SEEN
{
    unsigned Plain, Atomic, Reads, Writes, Shared;
} SEEN;

static void
Count(void *Context, const volatile void *Address, SIZE_T Bytes, unsigned Kind)
{
    SEEN *Seen = Context;
    const UCHAR *At = SimPagesOf(Address);
    (void)Bytes;
    *(Kind & SIM_ACCESS_ATOMIC ? &Seen->Atomic : &Seen->Plain) += 1;
    Seen->Reads += (Kind & SIM_ACCESS_READ) != 0;
    Seen->Writes += (Kind & SIM_ACCESS_WRITE) != 0;
    Seen->Shared += At >= (const UCHAR *)App.Memory && At < (const UCHAR *)App.Memory + App.Bytes;
}

static void
ReportsAccesses(void **State)
{
    SEEN Seen = {0};
    (void)State;
    Begin();
    MakePacket(Packet, 100, 4, 1);
    SimAccessHook(Count, &Seen);
    assert_int_equal(SimEdgeSendPacket(WorldEdge, Packet, 100, NULL), NDIS_STATUS_SUCCESS);
    SimAccessHook(NULL, NULL);
    /* The slot's header is written plainly, its packet as a block, the position atomically. */
    assert_true(Seen.Plain > 10 && Seen.Atomic > 3 && Seen.Reads > 10 && Seen.Writes > 10);
    assert_true(Seen.Shared >= 4);
    End();
}

/* A hostile application: rewrites the size of each slot right after the driver has read it. */
static void
Rewrite(void *Context, const volatile void *Address, SIZE_T Bytes, unsigned Kind)
{
    unsigned *Rewritten = Context;
    const UCHAR *At = SimPagesOf(Address);
    (void)Kind;
    if (At == NULL || At < App.Out.Data || At >= App.Out.Data + App.Out.Capacity ||
        Bytes == sizeof(uint32_t))
        return;
    /* The packet is about to be copied, so its size has been read. */
    ((CULVERT_SLOT *)(ULONG_PTR)At)[-1].Size = 0xFFFFFFF0u;
    ++*Rewritten;
}

static void
RewrittenSizesChangeNothing(void **State)
{
    unsigned Rewritten = 0;
    (void)State;
    Begin();
    SimAccessHook(Rewrite, &Rewritten);
    for (unsigned Number = 0; Number < PACKETS; ++Number)
    {
        MakePacket(Packet, 500, 6, Number);
        assert_true(SendOnce(500));
        assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), 500);
        assert_true(IsPacket(Got, 500, 6, Number));
    }
    assert_int_equal(ApplicationState(&App), CULVERT_STATE_RUNNING);
    assert_int_equal(ApplicationEnd(&App), STATUS_CANCELLED);
    SimAccessHook(NULL, NULL);
    assert_int_equal(Rewritten, PACKETS);
    SimReadOnceEnd();
    ApplicationExit(&App);
}

/* Bytes that the driver has written to the session's memory since it released a spin lock to the
 * IRQL before it, and the most of these. */
static struct
{
    SIZE_T Now, Most;
} Written;

static void
CountWritten(void *Context, const volatile void *Address, SIZE_T Bytes, unsigned Kind)
{
    const UCHAR *At = SimPagesOf(Address);
    (void)Context;
    if ((Kind & SIM_ACCESS_WRITE) == 0 || At < (const UCHAR *)App.Memory ||
        At >= (const UCHAR *)App.Memory + App.Bytes)
        return;
    Written.Now += Bytes;
    Written.Most = max(Written.Most, Written.Now);
}

static void
ForgetWritten(const char *What)
{
    if (strcmp(What, "KeReleaseSpinLock") == 0)
        Written.Now = 0;
}

/* However many bytes a chain has, a part of them is copied at DISPATCH_LEVEL at a time. */
static void
CopiesBrieflyAtDispatchLevel(void **State)
{
    const unsigned Packets = 64;
    const ULONG Bytes = 60000;
    PNET_BUFFER_LIST List = SimListCreate();
    (void)State;
    ApplicationOpen(&App, CULVERT_MIN_CAPACITY * 64);
    assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
    for (unsigned Number = 0; Number < Packets; ++Number)
    {
        MakePacket(Packet, Bytes, 4, Number);
        SimListAdd(List, Packet, Bytes, NULL);
    }
    SimAccessHook(CountWritten, NULL);
    SimPointHook(ForgetWritten);
    assert_true(SimEdgeSend(WorldEdge, List));
    SimPointHook(NULL);
    SimAccessHook(NULL, NULL);
    SimListFree(List);
    /* And not one packet at a time either, and a little for the slots and the position. */
    assert_in_range(Written.Most, 0x10000, 0x20000 + 0x200);
    for (unsigned Number = 0; Number < Packets; ++Number)
    {
        assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), Bytes);
        assert_true(IsPacket(Got, Bytes, 4, Number));
    }
    assert_int_equal(ApplicationEnd(&App), STATUS_CANCELLED);
    ApplicationExit(&App);
}

int
main(void)
{
    static const struct CMUnitTest access_tests[] = {
        WORLD_TEST(ReadsEachByteOnce),
        WORLD_TEST(ReportsAccesses),
        WORLD_TEST(RewrittenSizesChangeNothing),
        WORLD_TEST(CopiesBrieflyAtDispatchLevel),
    };
    return cmocka_run_group_tests(access_tests, NULL, NULL);
}
