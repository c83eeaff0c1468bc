/* SPDX-License-Identifier: MIT */
/*
 * The session functions of the DLL, from many threads at once: "thread-safe" in include/wintun.h.
 * Receivers keep a few packets each and release them in another order; senders allocate together
 * and send when they are done; the session ends, or its adapter goes, under threads that wait or
 * work. Run with each sanitizer, and with disturbed scheduling.
 */
#include <pthread.h>
#include <sched.h>
#include <unistd.h>
#include "runner.h"
#include "../../ntsim/win32/process.h"

#define THREADS      3
#define LISTS_EACH   300u
#define PACKETS_EACH 1000u
#define KEPT         5
#define HEAD_BYTES   12 /* version, sender, number */

static WINTUN_SESSION_HANDLE Session;
static pthread_mutex_t OrderLock = PTHREAD_MUTEX_INITIALIZER;
static unsigned Allocated; /* under OrderLock */
static BOOLEAN Blind;      /* packets are not touched, as the session's memory may go at any time */
static volatile unsigned Wrong;
static volatile unsigned Received;

/* What went wrong is counted, so that every thread ends before the test fails. */
static void
Check(BOOLEAN Right)
{
    if (!Right)
        __atomic_add_fetch(&Wrong, 1, __ATOMIC_RELAXED);
}

static int
Setup(void **State)
{
    if (WorldSetup(State) != 0)
        return -1;
    SimWin32Begin(WORLD_DEVICE_LINK);
    Allocated = Wrong = Received = 0;
    Session = WintunStartSession(SimWin32Adapter(), CULVERT_MIN_CAPACITY);
    return Session != NULL ? 0 : -1;
}

static int
Teardown(void **State)
{
    SimDisturb(0);
    SimWin32End();
    return WorldTeardown(State);
}

static ULONG
BytesOf(unsigned Number)
{
    return HEAD_BYTES + Number * 41 % 1400;
}

static void
Stamp(UCHAR *Packet, unsigned Sender, unsigned Number)
{
    MakePacket(Packet, BytesOf(Number), 4, Number);
    Packet[0] = 0x45;
    Packet[1] = (UCHAR)Sender;
    memcpy(Packet + 4, &Number, sizeof(Number));
}

static void *
SystemSender(void *Context)
{
    unsigned Sender = (unsigned)(ULONG_PTR)Context;
    UCHAR Packet[1500];
    for (unsigned Number = 0; Number < LISTS_EACH; ++Number)
    {
        Stamp(Packet, Sender, Number);
        SimEdgeSendPacket(WorldEdge, Packet, BytesOf(Number), NULL);
        if (Number % 8 == 0)
            sched_yield();
    }
    return NULL;
}

/* Packets come in the order of each sender, as far as one receiver can tell. */
static void
CheckReceived(unsigned *Next, const BYTE *Packet, DWORD Size)
{
    if (Blind)
        return;
    unsigned Number, Sender = Packet[1];
    memcpy(&Number, Packet + 4, sizeof(Number));
    Check(Sender < THREADS && Size == BytesOf(Number) && Number >= Next[Sender % THREADS]);
    Next[Sender % THREADS] = Number + 1;
    __atomic_add_fetch(&Received, 1, __ATOMIC_RELAXED);
}

/* Until the session ends. */
static void *
Receiver(void *Unused)
{
    unsigned Next[THREADS] = {0}, Count = 0;
    BYTE *Kept[KEPT] = {NULL};
    for (;;)
    {
        DWORD Size;
        BYTE *Packet = WintunReceivePacket(Session, &Size);
        if (Packet != NULL)
        {
            CheckReceived(Next, Packet, Size);
            /* The youngest but a few, and those in another order. */
            unsigned At = Count++ * 3 % KEPT;
            WintunReleaseReceivePacket(Session, Kept[At]);
            Kept[At] = Packet;
            continue;
        }
        /* What is kept may be the oldest: give all back before waiting. */
        for (unsigned At = 0; At < KEPT; ++At)
        {
            WintunReleaseReceivePacket(Session, Kept[At]);
            Kept[At] = NULL;
        }
        DWORD Error = GetLastError();
        if (Error == ERROR_HANDLE_EOF)
            return Unused;
        Check(Error == ERROR_NO_MORE_ITEMS);
        WaitForSingleObject(WintunGetReadWaitEvent(Session), INFINITE);
    }
}

/* The next packet in the order of all senders; NULL when there are enough, or at the end. */
static BYTE *
AllocateNext(unsigned Count, unsigned *Number)
{
    for (;;)
    {
        pthread_mutex_lock(&OrderLock);
        *Number = Allocated;
        BYTE *Packet = *Number < Count ? WintunAllocateSendPacket(Session, BytesOf(*Number)) : NULL;
        DWORD Error = GetLastError();
        if (Packet != NULL)
            Allocated++;
        pthread_mutex_unlock(&OrderLock);
        if (Packet != NULL || *Number >= Count || Error == ERROR_HANDLE_EOF)
            return Packet;
        Check(Error == ERROR_BUFFER_OVERFLOW);
        usleep(100);
    }
}

static void *
DllSender(void *Context)
{
    unsigned Count = (unsigned)(ULONG_PTR)Context, Number;
    BYTE *Packet;
    while ((Packet = AllocateNext(Count, &Number)) != NULL)
    {
        if (!Blind)
            Stamp(Packet, 0, Number);
        if (Number % 16 == 0)
            sched_yield();
        WintunSendPacket(Session, Packet);
    }
    return NULL;
}

static unsigned Indicated; /* by the session's thread alone */

static void
CheckIndicated(void *Context, const UCHAR *Packet, ULONG Bytes, USHORT EtherType)
{
    unsigned Number;
    (void)Context;
    memcpy(&Number, Packet + 4, sizeof(Number));
    Check(Number == Indicated && Bytes == BytesOf(Number) && EtherType == 0x0800);
    Indicated = Number + 1;
}

static void
Begin(pthread_t *Threads, void *(*Main)(void *), ULONG_PTR First, ULONG_PTR Step)
{
    for (unsigned At = 0; At < THREADS; ++At)
        assert_int_equal(pthread_create(&Threads[At], NULL, Main, (void *)(First + Step * At)), 0);
}

static void
Join(pthread_t *Threads)
{
    for (unsigned At = 0; At < THREADS; ++At)
        pthread_join(Threads[At], NULL);
}

static BOOLEAN
AllDone(void *Unused)
{
    (void)Unused;
    NDIS_STATISTICS_INFO Info = WorldStatistics();
    return __atomic_load_n(&Received, __ATOMIC_RELAXED) == Info.ifHCOutUcastPkts &&
           Info.ifHCInUcastPkts == THREADS * PACKETS_EACH;
}

static void
Traffic(unsigned Seed)
{
    pthread_t Receivers[THREADS], Senders[THREADS], System[THREADS];
    Indicated = 0;
    SimEdgeSetReceive(WorldEdge, CheckIndicated, NULL);
    SimDisturb(Seed);
    Begin(Receivers, Receiver, 0, 0);
    Begin(Senders, DllSender, THREADS * PACKETS_EACH, 0);
    Begin(System, SystemSender, 0, 1);
    Join(System);
    Join(Senders);
    assert_true(WaitUntil(AllDone, NULL));
    WintunEndSession(Session); /* while they wait */
    Join(Receivers);
    NDIS_STATISTICS_INFO Info = WorldStatistics();
    assert_true(Received + Info.ifOutDiscards == THREADS * LISTS_EACH);
    assert_true(Received != 0);
    assert_int_equal(Indicated, THREADS * PACKETS_EACH);
    assert_int_equal(Wrong, 0);
}

static void
AllAtOnce(void **State)
{
    (void)State;
    Traffic(0);
}

static void
AllAtOnceDisturbed(void **State)
{
    (void)State;
    Traffic(5);
}

/* The session ends in the middle of it all, again and again; who works finds the end. */
static void
EndUnderTraffic(void **State)
{
    pthread_t Receivers[THREADS], Senders[THREADS], System[THREADS];
    (void)State;
    Blind = TRUE;
    for (unsigned Round = 0; Round < 12; ++Round)
    {
        if (Round != 0)
            Session = WintunStartSession(SimWin32Adapter(), CULVERT_MIN_CAPACITY);
        assert_non_null(Session);
        Allocated = 0;
        SimDisturb(Round);
        Begin(Receivers, Receiver, 0, 0);
        Begin(Senders, DllSender, 1000000, 0);
        Begin(System, SystemSender, 0, 1);
        usleep(1000 * Round);
        WintunEndSession(Session);
        Join(Receivers);
        Join(Senders);
        Join(System);
        assert_int_equal(Wrong, 0);
    }
}

static void
RemovalUnderTraffic(void **State)
{
    pthread_t Receivers[THREADS], Senders[THREADS];
    (void)State;
    SimEdgeSetReceive(WorldEdge, CheckIndicated, NULL);
    Indicated = 0;
    SimDisturb(3);
    Begin(Receivers, Receiver, 0, 0);
    Begin(Senders, DllSender, 1000000, 0);
    usleep(20000);
    assert_int_equal(SimDevicePnp(WorldDevice, IRP_MN_SURPRISE_REMOVAL), STATUS_SUCCESS);
    Join(Receivers); /* all have woken, and found ERROR_HANDLE_EOF */
    Join(Senders);
    WintunEndSession(Session);
    assert_int_equal(Wrong, 0);
    assert_int_equal(SimDevicePnp(WorldDevice, IRP_MN_REMOVE_DEVICE), STATUS_SUCCESS);
    SimDeviceDelete(WorldDevice);
    WorldDevice = NULL;
    assert_true(SimDriverUnload());
}

#define DLL_TEST(Name) cmocka_unit_test_setup_teardown(Name, Setup, Teardown)

void
RunDllThreadTests(void)
{
    static const struct CMUnitTest tests[] = {DLL_TEST(AllAtOnce), DLL_TEST(AllAtOnceDisturbed),
                                              DLL_TEST(EndUnderTraffic),
                                              DLL_TEST(RemovalUnderTraffic)};
    RUN_TESTS("dll-thread", tests);
}
