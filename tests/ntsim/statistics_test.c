/* SPDX-License-Identifier: MIT */
/*
 * CULVERT_IOCTL_STATISTICS: each counter, from any process, and never other than what
 * OID_GEN_STATISTICS says (WorldDriverStatistics compares them). fault_test.c has the drops for
 * want of memory, life_test.c those of a paused adapter.
 */
#include <pthread.h>
#include "runner.h"

#define SIZE  1000u
#define SLOT  CULVERT_SLOT_BYTES(SIZE)
#define FITS  (WORLD_CAPACITY / SLOT)
#define LATER 40u /* bytes of counters that only a newer driver would have */

static APPLICATION App;
static UCHAR Packet[CULVERT_MAX_PACKET + 1], Got[2000];

static void
Begin(void)
{
    ApplicationOpen(&App, WORLD_CAPACITY);
    assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
    MakePacket(Packet, sizeof(Packet), 4, 1);
}

static CULVERT_DRIVER_STATISTICS
Statistics(void)
{
    return WorldDriverStatistics(App.File);
}

static void
EveryLength(void **State)
{
    struct
    {
        CULVERT_DRIVER_STATISTICS Known;
        UCHAR Later[LATER];
    } Answer;
    NTSTATUS Status;
    ULONG_PTR Information;
    (void)State;
    Begin();
    for (ULONG Bytes = 0; Bytes <= sizeof(Answer); ++Bytes)
    {
        memset(&Answer, 0xEE, sizeof(Answer));
        SIM_REQUEST *Request =
            SimDeviceControl(App.File, CULVERT_IOCTL_STATISTICS, NULL, 0, &Answer, Bytes, &Status);
        assert_int_equal(SimRequestWait(Request, &Information), Status);
        SimRequestFree(Request);
        BOOLEAN Fits = Bytes >= CULVERT_STATISTICS_MIN_BYTES;
        assert_int_equal(Status, Fits ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL);
        assert_int_equal(Information, Fits ? sizeof(Answer.Known) : 0);
        assert_int_equal(Answer.Known.Sessions, Fits ? 1 : 0xEEEEEEEEEEEEEEEEull);
        assert_int_equal(Answer.Later[0], 0xEE);
    }
    assert_int_equal(Statistics().Capacity, WORLD_CAPACITY);
    assert_int_equal(Statistics().Reserved, 0);
    for (unsigned At = 0; At < ARRAYSIZE(Answer.Known.Send.Reserved); ++At)
        assert_int_equal(Statistics().Receive.Reserved[At] | Statistics().Send.Reserved[At], 0);
    ApplicationExit(&App);
}

static void
DropsOfTheReceiveRing(void **State)
{
    (void)State;
    ApplicationOpen(&App, WORLD_CAPACITY);
    SimEdgeSendPacket(WorldEdge, Packet, SIZE, NULL);
    SimEdgeSendPacket(WorldEdge, Packet, SIZE, NULL);
    assert_int_equal(Statistics().Receive.Drops[CulvertDropNoSession], 2);
    assert_int_equal(Statistics().Capacity, 0);

    assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
    for (unsigned At = 0; At < FITS + 7; ++At)
        SimEdgeSendPacket(WorldEdge, Packet, SIZE, NULL);
    assert_int_equal(Statistics().Receive.Drops[CulvertDropNoRoom], 7);
    assert_int_equal(Statistics().Receive.Packets, FITS);
    assert_int_equal(Statistics().Receive.Bytes, FITS * SIZE);

    static const SIM_SHAPE Shape = {.Offset = 0};
    PNET_BUFFER_LIST List = SimListCreate();
    SimListAdd(List, NULL, CULVERT_MAX_PACKET + 1, &Shape);
    assert_true(SimEdgeSend(WorldEdge, List));
    SimListFree(List);
    assert_int_equal(Statistics().Receive.Drops[CulvertDropBadSize], 1);

    /* Three fit by what the driver has seen; at the fourth it looks at the position. */
    for (unsigned At = 0; At < 3; ++At)
        assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), SIZE);
    for (unsigned At = 0; At < 3; ++At)
        SimEdgeSendPacket(WorldEdge, Packet, SIZE, NULL);
    AtomicWriteRelease(&App.Memory->Receive.Head, 0);
    SimEdgeSendPacket(WorldEdge, Packet, SIZE, NULL);
    assert_int_equal(ApplicationWaitEnd(&App), STATUS_DATA_ERROR);
    assert_int_equal(Statistics().Receive.Drops[CulvertDropBroken], 1);
    assert_int_equal(Statistics().Receive.Packets, FITS + 3);
    assert_int_equal(Statistics().Receive.Drops[CulvertDropNoRoom], 7);
    assert_int_equal(Statistics().BrokenSessions, 1);
    assert_int_equal(Statistics().Sessions, 1);
    ApplicationExit(&App);
}

static void
DropsOfTheSendRing(void **State)
{
    (void)State;
    Begin();
    for (unsigned Version = 0; Version < 16; ++Version)
    {
        MakePacket(Packet, 60, Version, Version);
        assert_true(ApplicationSendWait(&App, Packet, 60));
    }
    assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), 60);
    assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), 60);
    assert_true(SimQuiesce()); /* the driver has seen what is behind the last good one */
    assert_int_equal(ApplicationEnd(&App), STATUS_CANCELLED);
    assert_int_equal(Statistics().Send.Drops[CulvertDropNotIp], 14);
    assert_int_equal(Statistics().Send.Packets, 2);
    assert_int_equal(Statistics().Send.Bytes, 120);
    assert_int_equal(Statistics().BrokenSessions, 0);
    ApplicationExit(&App);
}

static void
SignalsAreCounted(void **State)
{
    (void)State;
    Begin();
    for (unsigned Round = 1; Round <= 5; ++Round)
    {
        assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), 0);
        assert_int_equal(RingWaitForPacket(&App.In), 0);
        for (unsigned At = 0; At < 3; ++At) /* the first wakes */
            SimEdgeSendPacket(WorldEdge, Packet, SIZE, NULL);
        assert_int_equal(Statistics().Receive.Signals, Round);
        while (ApplicationReceive(&App, Got, sizeof(Got)) != 0)
            ;
    }
    assert_int_equal(Statistics().Send.Signals, 0);
    /* A paused adapter leaves the ring full, so that the application waits for room. */
    assert_int_equal(NdisEdgePause(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    while (ApplicationSend(&App, Packet, SIZE))
        ;
    assert_int_equal(RingWaitForRoom(&App.Out, SLOT), 0);
    SimEventWait(App.SendSpaceEvent, 0); /* that of the start */
    assert_int_equal(Statistics().Send.Signals, 0);
    assert_int_equal(NdisEdgeRestart(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    assert_true(SimEventWait(App.SendSpaceEvent, 5000));
    assert_int_equal(ApplicationEnd(&App), STATUS_CANCELLED);
    assert_int_equal(Statistics().Send.Signals, 1);
    assert_int_equal(Statistics().Receive.Signals, 5);
    ApplicationExit(&App);
}

static BOOLEAN
SendRingEmpty(void *Unused)
{
    (void)Unused;
    return AtomicReadAcquire(&App.Memory->Send.Head) == App.Out.Tail;
}

static void
HighWaterOfEachSession(void **State)
{
    (void)State;
    Begin();
    for (unsigned At = 0; At < FITS + 1; ++At)
        SimEdgeSendPacket(WorldEdge, Packet, SIZE, NULL);
    assert_int_equal(Statistics().Receive.HighWater, FITS * SLOT);
    assert_int_equal(Statistics().Send.HighWater, 0);
    assert_int_equal(NdisEdgePause(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    for (unsigned At = 0; At < 20; ++At)
        assert_true(ApplicationSend(&App, Packet, SIZE));
    assert_int_equal(NdisEdgeRestart(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    assert_true(WaitUntil(SendRingEmpty, NULL));
    assert_int_equal(Statistics().Send.HighWater, 20 * SLOT);
    assert_int_equal(ApplicationEnd(&App), STATUS_CANCELLED);
    assert_int_equal(Statistics().Send.HighWater, 20 * SLOT);
    assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
    assert_int_equal(Statistics().Send.HighWater, 0);
    assert_int_equal(Statistics().Receive.HighWater, 0);
    assert_int_equal(Statistics().Sessions, 2);
    ApplicationExit(&App);
}

/* Another process, with a handle of its own. */
typedef struct ASKER
{
    SIM_PROCESS *Process;
    HANDLE File;
    volatile int Stop;
    BOOLEAN Backwards;
} ASKER;

/* Asks all the time; no counter goes backwards. */
static void *
AskerMain(void *Context)
{
    ASKER *Asker = Context;
    CULVERT_DRIVER_STATISTICS Now, Last = {0};
    SimProcessEnter(Asker->Process);
    while (!__atomic_load_n(&Asker->Stop, __ATOMIC_ACQUIRE))
    {
        NTSTATUS Status;
        SIM_REQUEST *Request = SimDeviceControl(Asker->File, CULVERT_IOCTL_STATISTICS, NULL, 0,
                                                &Now, sizeof(Now), &Status);
        SimRequestWait(Request, NULL);
        SimRequestFree(Request);
        if (Now.Receive.Packets < Last.Receive.Packets || Now.Send.Bytes < Last.Send.Bytes ||
            Now.Receive.Drops[CulvertDropNoRoom] < Last.Receive.Drops[CulvertDropNoRoom])
            Asker->Backwards = TRUE;
        Last = Now;
    }
    return NULL;
}

/* Another process asks, all the time while packets flow, and exits: that is nothing to the session.
 */
static void
AskedFromOutside(void **State)
{
    ASKER Asker = {.Stop = 0};
    pthread_t Thread;
    (void)State;
    Begin();
    Asker.Process = SimProcessCreate();
    SimProcessEnter(Asker.Process);
    assert_int_equal(SimFileOpen(WORLD_DEVICE, FILE_READ_DATA | FILE_WRITE_DATA, &Asker.File),
                     STATUS_SUCCESS);
    SimProcessEnter(App.Process);
    pthread_create(&Thread, NULL, AskerMain, &Asker);
    for (unsigned At = 0; At < 1000; ++At)
    {
        SimEdgeSendPacket(WorldEdge, Packet, SIZE, NULL);
        assert_true(ApplicationSendWait(&App, Packet, SIZE));
        assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), SIZE);
        assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), SIZE);
    }
    __atomic_store_n(&Asker.Stop, 1, __ATOMIC_RELEASE);
    pthread_join(Thread, NULL);
    assert_false(Asker.Backwards);
    assert_int_equal(Statistics().Receive.Packets, 1000);
    assert_int_equal(Statistics().Receive.Bytes, 1000 * SIZE);
    assert_int_equal(Statistics().Send.Packets, 1000);
    assert_int_equal(Statistics().Send.Bytes, 1000 * SIZE);
    SimProcessExit(Asker.Process);
    assert_int_equal(ApplicationState(&App), CULVERT_STATE_RUNNING);
    ApplicationExit(&App);
}

void
RunStatisticsTests(void)
{
    static const struct CMUnitTest statistics_tests[] = {WORLD_TEST(EveryLength),
                                                         WORLD_TEST(DropsOfTheReceiveRing),
                                                         WORLD_TEST(DropsOfTheSendRing),
                                                         WORLD_TEST(SignalsAreCounted),
                                                         WORLD_TEST(HighWaterOfEachSession),
                                                         WORLD_TEST(AskedFromOutside)};
    RUN_TESTS("statistics", statistics_tests);
}
