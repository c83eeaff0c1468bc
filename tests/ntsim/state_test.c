/* SPDX-License-Identifier: MIT */
/*
 * What comes at a bad moment: packets in states in which the adapter takes none, OID requests while
 * it pauses, sleeps or goes away, and an application that is suspended for long.
 */
#include <pthread.h>
#include <unistd.h>
#include "runner.h"

#include "any_state.h"

#define SIZE  1000u
#define FITS  (WORLD_CAPACITY / CULVERT_SLOT_BYTES(SIZE))
#define FLOOD 20000u /* packets to an application that takes none */

static APPLICATION App;
static UCHAR Packet[2000], Got[2000];
static volatile int Stop;

static void
Begin(void)
{
    ApplicationOpen(&App, WORLD_CAPACITY);
    assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
    MakePacket(Packet, SIZE, 4, 1);
}

static void
CheckTraffic(void)
{
    MakePacket(Packet, SIZE, 4, 3);
    assert_true(ApplicationSend(&App, Packet, SIZE));
    assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), SIZE);
    assert_int_equal(SimEdgeSendPacket(WorldEdge, Packet, SIZE, NULL), NDIS_STATUS_SUCCESS);
    assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), SIZE);
}

/*
 * Page "Pausing an Adapter": the driver "should reject any new send requests made to its
 * MiniportSendNetBufferLists function immediately". Our NDIS makes none then; this one does.
 */
static NDIS_STATUS
SendNow(void)
{
    PNET_BUFFER_LIST List = SimListCreate();
    SimListAdd(List, Packet, SIZE, NULL);
    SimListAdd(List, Packet, SIZE, NULL);
    assert_true(SendInAnyState(SimEdgeAdapter(WorldEdge), List));
    NDIS_STATUS Status = List->Status;
    SimListFree(List);
    return Status;
}

static void
SendsWhilePaused(void **State)
{
    (void)State;
    assert_int_equal(NdisEdgePause(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    MakePacket(Packet, SIZE, 4, 1);
    assert_int_equal(SendNow(), NDIS_STATUS_PAUSED);
    Begin();
    assert_int_equal(SendNow(), NDIS_STATUS_PAUSED);
    CULVERT_DRIVER_STATISTICS Statistics = WorldDriverStatistics(App.File);
    assert_int_equal(Statistics.Receive.Drops[CulvertDropNoSession], 2);
    assert_int_equal(Statistics.Receive.Drops[CulvertDropPaused], 2);
    assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), 0);
    assert_int_equal(NdisEdgeRestart(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    CheckTraffic();
    ApplicationExit(&App);
}

static void *
PauseMain(void *Unused)
{
    if (NdisEdgePause(SimEdgeAdapter(WorldEdge)) != STATUS_SUCCESS)
        abort();
    return Unused;
}

static BOOLEAN
PauseHasBegun(void *Unused)
{
    (void)Unused;
    return IsPausing(SimEdgeAdapter(WorldEdge));
}

static BOOLEAN
IsHeld(void *Unused)
{
    (void)Unused;
    return SimEdgeHeld(WorldEdge) == 1;
}

static BOOLEAN
SendIsRefused(void *Unused)
{
    (void)Unused;
    return SendNow() == NDIS_STATUS_PAUSED;
}

/* The pause waits for a list that NDIS holds; packets come meanwhile. */
static void
SendsWhilePausing(void **State)
{
    pthread_t Pauser;
    (void)State;
    Begin();
    SimEdgeHold(WorldEdge, TRUE);
    assert_true(ApplicationSend(&App, Packet, SIZE));
    assert_true(WaitUntil(IsHeld, NULL));
    assert_int_equal(pthread_create(&Pauser, NULL, PauseMain, NULL), 0);
    assert_true(WaitUntil(PauseHasBegun, NULL));
    /* NDIS has begun; the driver may not have been told yet. */
    assert_true(WaitUntil(SendIsRefused, NULL));
    ULONG64 Before = WorldDriverStatistics(App.File).Receive.Drops[CulvertDropPaused];
    for (unsigned At = 0; At < 10; ++At)
        assert_int_equal(SendNow(), NDIS_STATUS_PAUSED);
    ULONG64 After = WorldDriverStatistics(App.File).Receive.Drops[CulvertDropPaused];
    assert_true(After == Before + 20);
    while (ApplicationReceive(&App, Got, sizeof(Got)) != 0)
        ;
    assert_int_equal(SimEdgeReturn(WorldEdge, 1), 1);
    pthread_join(Pauser, NULL);
    SimEdgeHold(WorldEdge, FALSE);
    assert_int_equal(NdisEdgeRestart(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 0), SIZE);
    CheckTraffic();
    ApplicationExit(&App);
}

/* ---- OIDs ---------------------------------------------------------------------------------------
 */

typedef struct ASKER
{
    pthread_t Thread;
    volatile LONG Answered, Refused, Failed;
} ASKER;

static ASKER Askers[2];

static void *
AskMain(void *Context)
{
    static const NDIS_OID Oids[] = {OID_GEN_STATISTICS, OID_GEN_XMIT_OK, OID_GEN_VENDOR_DESCRIPTION,
                                    OID_GEN_CURRENT_LOOKAHEAD};
    ASKER *Asker = Context;
    for (unsigned At = 0; !__atomic_load_n(&Stop, __ATOMIC_ACQUIRE); ++At)
    {
        UCHAR Room[256] = {0};
        NDIS_STATUS Status = SimEdgeOid(WorldEdge, NdisRequestQueryInformation,
                                        Oids[At % ARRAYSIZE(Oids)], Room, sizeof(Room), NULL, NULL);
        if (Status == NDIS_STATUS_SUCCESS)
            InterlockedIncrement(&Asker->Answered);
        else if (Status == NDIS_STATUS_ADAPTER_NOT_READY || Status == NDIS_STATUS_NOT_ACCEPTED ||
                 Status == NDIS_STATUS_ADAPTER_NOT_FOUND)
            InterlockedIncrement(&Asker->Refused);
        else
            InterlockedIncrement(&Asker->Failed);
        usleep(100);
    }
    return NULL;
}

static BOOLEAN
AllAnswered(void *Times)
{
    LONG Least = *(LONG *)Times;
    return ReadNoFence(&Askers[0].Answered) >= Least && ReadNoFence(&Askers[1].Answered) >= Least;
}

static BOOLEAN
AllRefused(void *Unused)
{
    (void)Unused;
    return ReadNoFence(&Askers[0].Refused) != 0 && ReadNoFence(&Askers[1].Refused) != 0;
}

/* A surprise removal halts the adapter; before it every request is answered, after it none. */
static void
OidsDuringPauseSleepAndRemoval(void **State)
{
    (void)State;
    Begin();
    for (unsigned At = 0; At < ARRAYSIZE(Askers); ++At)
        assert_int_equal(pthread_create(&Askers[At].Thread, NULL, AskMain, &Askers[At]), 0);
    for (LONG Round = 1; Round <= 40; ++Round)
    {
        assert_true(WaitUntil(AllAnswered, &Round));
        assert_int_equal(NdisEdgePause(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
        usleep(200);
        assert_int_equal(NdisEdgeRestart(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
        assert_int_equal(SimDevicePower(WorldDevice, DevicePowerState, PowerDeviceD3),
                         STATUS_SUCCESS);
        assert_int_equal(SimDevicePower(WorldDevice, DevicePowerState, PowerDeviceD0),
                         STATUS_SUCCESS);
        CheckTraffic();
    }
    assert_int_equal(SimDevicePnp(WorldDevice, IRP_MN_SURPRISE_REMOVAL), STATUS_SUCCESS);
    assert_true(WaitUntil(AllRefused, NULL));
    __atomic_store_n(&Stop, 1, __ATOMIC_RELEASE);
    for (unsigned At = 0; At < ARRAYSIZE(Askers); ++At)
    {
        pthread_join(Askers[At].Thread, NULL);
        assert_int_equal(Askers[At].Failed, 0);
    }
    assert_int_equal(ApplicationWaitEnd(&App), STATUS_DEVICE_REMOVED);
    ApplicationExit(&App);
}

static void *
SurpriseMain(void *Unused)
{
    if (SimDevicePnp(WorldDevice, IRP_MN_SURPRISE_REMOVAL) != STATUS_SUCCESS)
        abort();
    return Unused;
}

/* The removal waits for a list that NDIS holds; meanwhile no session starts any more. */
static void
NoSessionDuringRemoval(void **State)
{
    pthread_t Remover;
    (void)State;
    Begin();
    SimEdgeHold(WorldEdge, TRUE);
    assert_true(ApplicationSend(&App, Packet, SIZE));
    assert_true(WaitUntil(IsHeld, NULL));
    assert_int_equal(pthread_create(&Remover, NULL, SurpriseMain, NULL), 0);
    assert_int_equal(ApplicationWaitEnd(&App), STATUS_DEVICE_REMOVED);
    for (unsigned At = 0; At < 5; ++At)
        assert_int_equal(ApplicationStart(&App), STATUS_DEVICE_NOT_READY);
    assert_int_equal(SimEdgeReturn(WorldEdge, 1), 1);
    pthread_join(Remover, NULL);
    assert_int_equal(ApplicationStart(&App), STATUS_DEVICE_REMOVED);
    ApplicationExit(&App);
}

/* ---- A suspended application --------------------------------------------------------------------
 */

/* It takes nothing for long: its ring is full, what more comes is dropped and counted, and nothing
 * waits for it. */
static void
Flood(unsigned From, unsigned Count)
{
    for (unsigned At = From; At < From + Count; ++At)
    {
        KIRQL Old;
        MakePacket(Packet, SIZE, 4, At);
        PNET_BUFFER_LIST List = SimListCreate();
        SimListAdd(List, Packet, SIZE, NULL);
        /* At DISPATCH_LEVEL any wait would be found. */
        KeRaiseIrql(DISPATCH_LEVEL, &Old);
        assert_true(SimEdgeSend(WorldEdge, List));
        KeLowerIrql(Old);
        assert_int_equal(List->Status, NDIS_STATUS_SUCCESS);
        SimListFree(List);
    }
}

static void
SuspendedApplication(void **State)
{
    (void)State;
    Begin();
    Flood(0, FLOOD);
    assert_int_equal(WorldStatistics().ifOutDiscards, FLOOD - FITS);
    /* Everything else goes on. */
    assert_int_equal(NdisEdgePause(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    assert_int_equal(NdisEdgeRestart(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    assert_int_equal(SimDevicePower(WorldDevice, DevicePowerState, PowerDeviceD3), STATUS_SUCCESS);
    assert_int_equal(SimDevicePower(WorldDevice, DevicePowerState, PowerDeviceD0), STATUS_SUCCESS);
    Flood(FLOOD, FITS);
    CULVERT_DRIVER_STATISTICS Statistics = WorldDriverStatistics(App.File);
    assert_int_equal(Statistics.Receive.Drops[CulvertDropNoRoom], FLOOD);
    assert_int_equal(Statistics.Receive.Packets, FITS);
    /* It wakes up, and has lost nothing that the ring took. */
    for (unsigned At = 0; At < FITS; ++At)
    {
        assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), SIZE);
        assert_true(IsPacket(Got, SIZE, 4, At));
    }
    assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), 0);
    CheckTraffic();
    ApplicationExit(&App);
}

/* The device goes away while the application is suspended: the removal does not wait for it. */
static void
RemovalOfASuspendedApplication(void **State)
{
    (void)State;
    Begin();
    Flood(0, FITS + 100);
    while (ApplicationSend(&App, Packet, SIZE))
        ;
    assert_int_equal(SimDevicePnp(WorldDevice, IRP_MN_SURPRISE_REMOVAL), STATUS_SUCCESS);
    assert_int_equal(ApplicationWaitEnd(&App), STATUS_DEVICE_REMOVED);
    assert_int_equal(ApplicationState(&App), CULVERT_STATE_REMOVED);
    ApplicationExit(&App);
}

void
RunStateTests(void)
{
    static const struct CMUnitTest state_tests[] = {
        WORLD_TEST(SendsWhilePaused),
        WORLD_TEST(SendsWhilePausing),
        WORLD_TEST(OidsDuringPauseSleepAndRemoval),
        WORLD_TEST(NoSessionDuringRemoval),
        WORLD_TEST(SuspendedApplication),
        WORLD_TEST(RemovalOfASuspendedApplication),
    };
    RUN_TESTS("state", state_tests);
}
