/* SPDX-License-Identifier: MIT */
/*
 * The session functions of culvert.h on the driver: batches, threads that wait for packets and for
 * room, and the statistics that both sides keep. No wake-up is lost: a thread that is not woken
 * does not end, and the test with it. Run with each sanitizer, and with disturbed scheduling; what
 * the functions promise besides is in tests/selftest.
 */
#include <pthread.h>
#include <sched.h>
#include <unistd.h>
#include "runner.h"
#include "../../ntsim/win32/process.h"

#define THREADS 4
#define SIZE    1000u
#define FITS    (CULVERT_MIN_CAPACITY / CULVERT_SLOT_BYTES(SIZE))
#define BATCH   32

static WINTUN_SESSION_HANDLE Session;
static UCHAR Packet[CULVERT_MAX_PACKET];
static volatile unsigned Wrong, Done;

static int
Setup(void **State)
{
    if (WorldSetup(State) != 0)
        return -1;
    SimWin32Begin(WORLD_DEVICE_LINK);
    Wrong = Done = 0;
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

static void
FromSystem(unsigned Seed)
{
    MakePacket(Packet, SIZE, 4, Seed);
    SimEdgeSendPacket(WorldEdge, Packet, SIZE, NULL);
}

static void
Pause(void)
{
    assert_int_equal(NdisEdgePause(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
}

static void
Restart(void)
{
    assert_int_equal(NdisEdgeRestart(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
}

static CULVERT_STATISTICS
Statistics(void)
{
    CULVERT_STATISTICS Result = {.Size = sizeof(Result)};
    assert_true(CulvertGetSessionStatistics(Session, &Result));
    return Result;
}

/* ---- Batches -----------------------------------------------------------------------------------
 */

static void
BatchesOfEverySize(void **State)
{
    CULVERT_PACKET Packets[FITS + 1];
    (void)State;
    for (unsigned Most = 1; Most <= FITS; Most += Most < 8 ? 1 : 29)
    {
        for (unsigned Seed = 0; Seed < FITS; ++Seed)
            FromSystem(Seed);
        for (unsigned At = 0; At < FITS;)
        {
            DWORD Count = CulvertReceivePackets(Session, Packets + At, Most);
            assert_int_equal(Count, Most < FITS - At ? Most : FITS - At);
            for (; Count > 0; --Count, ++At)
            {
                assert_int_equal(Packets[At].Size, SIZE);
                assert_true(IsPacket(Packets[At].Data, SIZE, 4, At));
            }
        }
        assert_int_equal(CulvertReceivePackets(Session, Packets, 1), 0);
        assert_int_equal(GetLastError(), ERROR_NO_MORE_ITEMS);
        CulvertReleaseReceivePackets(Session, Packets + 1, FITS - 1);
        WintunReleaseReceivePacket(Session, Packets[0].Data);
    }
    for (unsigned At = 0; At <= FITS; ++At)
        Packets[At] = (CULVERT_PACKET){.Data = Packet, .Size = SIZE};
    Pause();
    assert_int_equal(CulvertAllocateSendPackets(Session, Packets, FITS + 1), FITS);
    assert_null(Packets[FITS].Data);
    for (unsigned At = 0; At < FITS; ++At)
        MakePacket(Packets[At].Data, SIZE, 4, At);
    CulvertSendPackets(Session, Packets, FITS + 1);
    Restart();
    /* What is indicated before the edge knows that the adapter runs is returned at once. */
    ULONG64 Sent = FITS;
    for (unsigned Turn = 0; Turn < 5000 && WorldStatistics().ifHCInUcastPkts != Sent; ++Turn)
        usleep(1000);
    assert_true(WorldStatistics().ifHCInUcastPkts == Sent);
    WintunEndSession(Session);
}

/* However many packets a call sends, it wakes the driver once. */
static void
OneSignalForABatch(void **State)
{
    CULVERT_PACKET Packets[BATCH];
    static UCHAR Got[SIZE];
    (void)State;
    for (unsigned Round = 0; Round < 20; ++Round)
    {
        for (unsigned At = 0; At < BATCH; ++At)
            Packets[At].Size = SIZE;
        assert_int_equal(CulvertAllocateSendPackets(Session, Packets, BATCH), BATCH);
        for (unsigned At = 0; At < BATCH; ++At)
            MakePacket(Packets[At].Data, SIZE, 6, At);
        CulvertSendPackets(Session, Packets, BATCH);
        for (unsigned At = 0; At < BATCH; ++At)
        {
            assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), SIZE);
            assert_true(IsPacket(Got, SIZE, 6, At));
        }
        assert_true(Statistics().Send.Signals <= Round + 1);
    }
    assert_true(Statistics().Send.Signals > 0);
    WintunEndSession(Session);
}

/* ---- Threads that wait -------------------------------------------------------------------------
 */

typedef struct CREW
{
    pthread_t Threads[THREADS];
} CREW;

static void
CrewBegin(CREW *Crew, void *(*Routine)(void *), void *Context)
{
    for (unsigned At = 0; At < THREADS; ++At)
        pthread_create(&Crew->Threads[At], NULL, Routine, Context);
}

static void
CrewEnd(CREW *Crew)
{
    for (unsigned At = 0; At < THREADS; ++At)
        pthread_join(Crew->Threads[At], NULL);
}

static void
CountDone(void)
{
    __atomic_add_fetch(&Done, 1, __ATOMIC_RELAXED);
}

static void
Check(BOOLEAN Right)
{
    if (!Right)
        __atomic_add_fetch(&Wrong, 1, __ATOMIC_RELAXED);
}

/* Sends Context packets, of sizes that differ and all together far more than the ring. */
static void *
RoomWaiter(void *Context)
{
    unsigned Seed = (unsigned)(ULONG_PTR)pthread_self();
    for (ULONG_PTR At = 0; At < (ULONG_PTR)Context; ++At)
    {
        CULVERT_PACKET Sent[3];
        for (unsigned Index = 0; Index < ARRAYSIZE(Sent); ++Index)
            Sent[Index].Size = 1 + (Seed = Seed * 1664525 + 1013904223) % 9000;
        DWORD Count =
            CulvertAllocateSendPacketsWait(Session, Sent, ARRAYSIZE(Sent), INFINITE, NULL);
        Check(Count != 0);
        for (DWORD Index = 0; Index < Count; ++Index)
            Sent[Index].Data[0] = 0; /* no IP packet: dropped by the driver */
        CulvertSendPackets(Session, Sent, Count);
        CountDone();
    }
    return NULL;
}

/* The same by the event, as an application would. */
static void *
EventWaiter(void *Context)
{
    HANDLE Event = CulvertGetSendWaitEvent(Session);
    for (ULONG_PTR At = 0; At < (ULONG_PTR)Context; ++At)
    {
        BYTE *Sent;
        while ((Sent = WintunAllocateSendPacket(Session, SIZE)) == NULL)
        {
            Check(GetLastError() == ERROR_BUFFER_OVERFLOW);
            WaitForSingleObject(Event, INFINITE);
        }
        Sent[0] = 0;
        WintunSendPacket(Session, Sent);
        CountDone();
    }
    return NULL;
}

static void
WaitForRoom(void **State)
{
    CREW Waiters, Others;
    (void)State;
    for (unsigned Seed = 0; Seed < 3; ++Seed)
    {
        SimDisturb(Seed);
        CrewBegin(&Waiters, RoomWaiter, (void *)60);
        CrewBegin(&Others, EventWaiter, (void *)200);
        if (Seed == 2)
        {
            usleep(1000);
            Pause();
            usleep(20000);
            Restart();
        }
        CrewEnd(&Waiters);
        CrewEnd(&Others);
        assert_int_equal(Done, (Seed + 1) * THREADS * 260);
    }
    assert_int_equal(Wrong, 0);
    WintunEndSession(Session);
}

/* Takes one packet, and goes away with it. */
static void *
TakeOne(void *Unused)
{
    CULVERT_PACKET Taken;
    Check(CulvertReceivePacketsWait(Session, &Taken, 1, INFINITE, NULL) == 1);
    CountDone();
    CulvertReleaseReceivePackets(Session, &Taken, 1);
    return Unused;
}

static void
EachPacketWakesOne(void **State)
{
    CREW Crew;
    (void)State;
    for (unsigned Round = 0; Round < 60; ++Round)
    {
        SimDisturb(Round);
        CrewBegin(&Crew, TakeOne, NULL);
        usleep(Round % 3 * 500);
        PNET_BUFFER_LIST List = SimListCreate();
        for (unsigned At = 0; At < THREADS; ++At)
        {
            MakePacket(Packet, SIZE, 4, At);
            if (Round % 2 == 0)
                SimListAdd(List, Packet, SIZE, NULL); /* all at once */
            else
                SimEdgeSendPacket(WorldEdge, Packet, SIZE, NULL);
        }
        if (Round % 2 == 0)
            SimEdgeSend(WorldEdge, List);
        SimListFree(List);
        CrewEnd(&Crew);
    }
    assert_int_equal(Done, 60 * THREADS);
    assert_int_equal(Wrong, 0);
    WintunEndSession(Session);
}

static BOOLEAN
AllDone(void *Count)
{
    return __atomic_load_n(&Done, __ATOMIC_RELAXED) == *(unsigned *)Count;
}

/* One after the other: whoever goes away with a packet leaves the next one to those who wait. */
static void
LaterPacketsWakeTheOthers(void **State)
{
    CREW Crew;
    unsigned Expected = 0;
    (void)State;
    for (unsigned Round = 0; Round < 20; ++Round)
    {
        CrewBegin(&Crew, TakeOne, NULL);
        for (unsigned At = 0; At < THREADS; ++At)
        {
            usleep(500);
            FromSystem(At);
            ++Expected;
            assert_true(WaitUntil(AllDone, &Expected));
        }
        CrewEnd(&Crew);
    }
    assert_int_equal(Wrong, 0);
    WintunEndSession(Session);
}

/* Waits for packets until the end, which is Context's error. */
static void *
PacketWaiter(void *Context)
{
    CULVERT_PACKET Taken[BATCH];
    DWORD Count;
    while ((Count = CulvertReceivePacketsWait(Session, Taken, BATCH, INFINITE, NULL)) != 0)
    {
        __atomic_add_fetch(&Done, Count, __ATOMIC_RELAXED);
        CulvertReleaseReceivePackets(Session, Taken, Count);
    }
    Check(GetLastError() == (DWORD)(ULONG_PTR)Context);
    return NULL;
}

static void *
RoomWaiterToTheEnd(void *Context)
{
    for (;;)
    {
        CULVERT_PACKET Sent = {.Size = SIZE};
        if (CulvertAllocateSendPacketsWait(Session, &Sent, 1, INFINITE, NULL) == 0)
            break;
        /* Never sent, so that the ring fills; not touched, as the memory may go at any time. */
    }
    Check(GetLastError() == (DWORD)(ULONG_PTR)Context);
    return NULL;
}

/* All threads wait, and then it ends. */
static void
EndWakesAll(void **State)
{
    CREW Receivers, Senders;
    void *Eof = (void *)(ULONG_PTR)ERROR_HANDLE_EOF;
    (void)State;
    for (unsigned Round = 0; Round < 30; ++Round)
    {
        SimDisturb(Round % 4);
        CrewBegin(&Receivers, PacketWaiter, Eof);
        CrewBegin(&Senders, RoomWaiterToTheEnd, Eof);
        usleep(Round % 5 * 300);
        WintunEndSession(Session);
        CrewEnd(&Receivers);
        CrewEnd(&Senders);
        assert_int_equal(WaitForSingleObject(CulvertGetSendWaitEvent(Session), 0), WAIT_OBJECT_0);
        Session = WintunStartSession(SimWin32Adapter(), CULVERT_MIN_CAPACITY);
        assert_non_null(Session);
    }
    CrewBegin(&Receivers, PacketWaiter, Eof);
    CrewBegin(&Senders, RoomWaiterToTheEnd, Eof);
    usleep(2000);
    assert_int_equal(SimDevicePnp(WorldDevice, IRP_MN_SURPRISE_REMOVAL), STATUS_SUCCESS);
    CrewEnd(&Receivers);
    CrewEnd(&Senders);
    assert_int_equal(Wrong, 0);
    WintunEndSession(Session);
    assert_int_equal(SimDevicePnp(WorldDevice, IRP_MN_REMOVE_DEVICE), STATUS_SUCCESS);
    SimDeviceDelete(WorldDevice);
    WorldDevice = NULL;
    assert_true(SimDriverUnload());
}

static void *
CancelledWaiter(void *Cancel)
{
    CULVERT_PACKET One = {.Size = SIZE};
    Check(CulvertReceivePacketsWait(Session, &One, 1, INFINITE, Cancel) == 0);
    Check(GetLastError() == ERROR_OPERATION_ABORTED);
    Check(CulvertAllocateSendPacketsWait(Session, &One, 1, INFINITE, Cancel) == 0);
    Check(GetLastError() == ERROR_OPERATION_ABORTED);
    return NULL;
}

static void
CancelsAndTimesOut(void **State)
{
    CULVERT_PACKET One = {.Size = SIZE};
    CREW Crew;
    (void)State;
    HANDLE Cancel = SimEventCreate(SimWin32Process(), EVENT_ALL_ACCESS, NotificationEvent);
    while (WintunAllocateSendPacket(Session, SIZE) != NULL)
        ;
    for (DWORD Milliseconds = 0; Milliseconds <= 30; Milliseconds += 15)
    {
        assert_int_equal(CulvertReceivePacketsWait(Session, &One, 1, Milliseconds, Cancel), 0);
        assert_int_equal(GetLastError(), ERROR_TIMEOUT);
        assert_int_equal(CulvertAllocateSendPacketsWait(Session, &One, 1, Milliseconds, NULL), 0);
        assert_int_equal(GetLastError(), ERROR_TIMEOUT);
    }
    CrewBegin(&Crew, CancelledWaiter, Cancel);
    usleep(5000);
    SetEvent(Cancel);
    CrewEnd(&Crew);
    assert_int_equal(Wrong, 0);
    /* Packets that are there come first. */
    FromSystem(1);
    assert_int_equal(CulvertReceivePacketsWait(Session, &One, 1, INFINITE, Cancel), 1);
    CulvertReleaseReceivePackets(Session, &One, 1);
    WintunEndSession(Session);
}

/* ---- Statistics --------------------------------------------------------------------------------
 */

static volatile int Stop;

/* Reads all the time; counters never go backwards. */
static void *
StatisticsReader(void *Unused)
{
    CULVERT_STATISTICS Now = {.Size = sizeof(Now)}, Last = Now;
    while (!__atomic_load_n(&Stop, __ATOMIC_RELAXED))
    {
        Check(CulvertGetSessionStatistics(Session, &Now));
        Check(Now.Receive.Packets >= Last.Receive.Packets && Now.Send.Bytes >= Last.Send.Bytes &&
              Now.Send.HighWater >= Last.Send.HighWater);
        Last = Now;
    }
    return Unused;
}

/* What both sides have counted is the same, though a thread reads it all the time. */
static void
BothSidesCountTheSame(void **State)
{
    HANDLE File;
    pthread_t Reader;
    CREW Senders, Receivers;
    (void)State;
    Stop = 0;
    pthread_create(&Reader, NULL, StatisticsReader, NULL);
    CrewBegin(&Receivers, PacketWaiter, (void *)(ULONG_PTR)ERROR_HANDLE_EOF);
    CrewBegin(&Senders, RoomWaiter, (void *)30);
    for (unsigned At = 0; At < 2000; ++At)
        FromSystem(At);
    CrewEnd(&Senders);
    SimProcessEnter(SimWin32Process());
    assert_int_equal(SimFileOpen(WORLD_DEVICE, FILE_READ_DATA | FILE_WRITE_DATA, &File),
                     STATUS_SUCCESS);
    CULVERT_DRIVER_STATISTICS Driver;
    CULVERT_STATISTICS Own;
    for (unsigned Turn = 0;; ++Turn)
    {
        Driver = WorldDriverStatistics(File);
        Own = Statistics();
        if ((Driver.Receive.Packets == Own.Receive.Packets &&
             Driver.Send.Drops[CulvertDropNotIp] == Own.Send.Packets) ||
            Turn == 5000)
            break;
        usleep(1000);
    }
    assert_true(Driver.Receive.Packets == Own.Receive.Packets);
    assert_true(Driver.Receive.Bytes == Own.Receive.Bytes);
    assert_true(Driver.Receive.Packets + Driver.Receive.Drops[CulvertDropNoRoom] == 2000);
    assert_true(Driver.Send.Drops[CulvertDropNotIp] == Own.Send.Packets);
    assert_int_equal(Own.Capacity, CULVERT_MIN_CAPACITY);
    assert_true(Own.Send.HighWater <= CULVERT_MIN_CAPACITY);
    assert_true(Own.Send.HighWater >= CULVERT_SLOT_BYTES(1));
    __atomic_store_n(&Stop, 1, __ATOMIC_RELAXED);
    pthread_join(Reader, NULL);
    WintunEndSession(Session);
    CrewEnd(&Receivers);
    assert_int_equal(Wrong, 0);
    Own = Statistics();
    assert_true(Driver.Receive.Packets == Own.Receive.Packets);
}

#define WAIT_TEST(Name) cmocka_unit_test_setup_teardown(Name, Setup, Teardown)

void
RunWaitsTests(void)
{
    static const struct CMUnitTest waits_tests[] = {
        WAIT_TEST(BatchesOfEverySize), WAIT_TEST(OneSignalForABatch),        WAIT_TEST(WaitForRoom),
        WAIT_TEST(EachPacketWakesOne), WAIT_TEST(LaterPacketsWakeTheOthers), WAIT_TEST(EndWakesAll),
        WAIT_TEST(CancelsAndTimesOut), WAIT_TEST(BothSidesCountTheSame),
    };
    RUN_TESTS("waits", waits_tests);
}
