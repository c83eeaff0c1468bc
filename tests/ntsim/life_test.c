/* SPDX-License-Identifier: MIT */
/* Pause, restart, power, removal and unload, with and without a session and outstanding lists. */
#include <pthread.h>
#include <unistd.h>
#include "runner.h"

static APPLICATION App;
static UCHAR Packet[2000], Got[2000];

static void
Begin(void)
{
    ApplicationOpen(&App, WORLD_CAPACITY);
    assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
}

static void
CheckTraffic(void)
{
    MakePacket(Packet, 1400, 4, 3);
    assert_true(ApplicationSend(&App, Packet, 1400));
    assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), 1400);
    assert_int_equal(SimEdgeSendPacket(WorldEdge, Packet, 1400, NULL), NDIS_STATUS_SUCCESS);
    assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), 1400);
}

/* Something that waits, on a thread of its own. */
typedef struct WAITER
{
    pthread_t Thread;
    NTSTATUS (*Call)(void);
    NTSTATUS Status;
    volatile int Done;
} WAITER;

static void *
WaiterMain(void *Context)
{
    WAITER *Waiter = Context;
    Waiter->Status = Waiter->Call();
    __atomic_store_n(&Waiter->Done, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void
WaiterStart(WAITER *Waiter, NTSTATUS (*Call)(void))
{
    Waiter->Call = Call;
    Waiter->Done = 0;
    assert_int_equal(pthread_create(&Waiter->Thread, NULL, WaiterMain, Waiter), 0);
}

static BOOLEAN
WaiterDone(const WAITER *Waiter)
{
    return __atomic_load_n(&Waiter->Done, __ATOMIC_ACQUIRE) != 0;
}

static NTSTATUS
WaiterEnd(WAITER *Waiter)
{
    pthread_join(Waiter->Thread, NULL);
    return Waiter->Status;
}

static NTSTATUS
CallPause(void)
{
    return NdisEdgePause(SimEdgeAdapter(WorldEdge));
}

static NTSTATUS
CallSurprise(void)
{
    return SimDevicePnp(WorldDevice, IRP_MN_SURPRISE_REMOVAL);
}

static NTSTATUS
CallRemove(void)
{
    return SimDevicePnp(WorldDevice, IRP_MN_REMOVE_DEVICE);
}

/* Packets that came in since the adapter was initialised, by its statistics. */
static BOOLEAN
CameIn(void *Packets)
{
    return WorldStatistics().ifHCInUcastPkts >= *(ULONG64 *)Packets;
}

/* The application's packets wait in the ring while the adapter is paused. What the driver indicates
 * before NDIS has told the environment that the adapter runs, NDIS returns at once, as there is
 * nobody yet who could take it: so what counts is that it was indicated. */
static void
PauseKeepsPackets(void **State)
{
    (void)State;
    Begin();
    ULONG64 Packets = 0;
    for (unsigned Round = 0; Round < 10; ++Round)
    {
        CheckTraffic();
        assert_int_equal(NdisEdgePause(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
        MakePacket(Packet, 200, 4, Round);
        assert_true(ApplicationSend(&App, Packet, 200));
        assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 10), 0);
        assert_true(WorldStatistics().ifHCInUcastPkts == ++Packets);
        assert_int_equal(SimEdgeSendPacket(WorldEdge, Packet, 200, NULL), NDIS_STATUS_PENDING);
        assert_int_equal(NdisEdgeRestart(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
        ++Packets;
        assert_true(WaitUntil(CameIn, &Packets));
        if (SimEdgeTake(WorldEdge, Got, sizeof(Got), 20) != 0)
            assert_true(IsPacket(Got, 200, 4, Round));
    }
    CheckTraffic();
    ApplicationExit(&App);
}

/* A session may begin and end while the adapter is paused. */
static void
SessionsWhilePaused(void **State)
{
    (void)State;
    assert_int_equal(NdisEdgePause(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    Begin();
    assert_int_equal(ApplicationEnd(&App), STATUS_CANCELLED);
    assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
    assert_int_equal(NdisEdgeRestart(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    CheckTraffic();
    assert_int_equal(NdisEdgePause(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    assert_int_equal(ApplicationEnd(&App), STATUS_CANCELLED);
    assert_int_equal(NdisEdgeRestart(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    ApplicationExit(&App);
}

static BOOLEAN
HeldEnough(void *Count)
{
    return SimEdgeHeld(WorldEdge) >= *(unsigned *)Count;
}

static void
HoldPackets(unsigned Count)
{
    SimEdgeHold(WorldEdge, TRUE);
    MakePacket(Packet, 300, 6, 1);
    for (unsigned At = 0; At < Count; ++At)
        assert_true(ApplicationSend(&App, Packet, 300));
    assert_true(WaitUntil(HeldEnough, &Count));
}

static void
PauseWaitsForTheLastReturn(void **State)
{
    WAITER Waiter;
    (void)State;
    Begin();
    HoldPackets(5);
    WaiterStart(&Waiter, CallPause);
    for (unsigned At = 0; At < 5; ++At)
    {
        usleep(10000);
        assert_false(WaiterDone(&Waiter));
        assert_int_equal(SimEdgeReturn(WorldEdge, 1), 1);
    }
    assert_int_equal(WaiterEnd(&Waiter), STATUS_SUCCESS);
    SimEdgeHold(WorldEdge, FALSE);
    assert_int_equal(NdisEdgeRestart(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    for (unsigned At = 0; At < 5; ++At)
        assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), 300);
    CheckTraffic();
    ApplicationExit(&App);
}

static PNET_BUFFER_LIST Late;

/* Sends past the edge, which would not send any more. */
static BOOLEAN
IsRefused(void *Unused)
{
    (void)Unused;
    NdisEdgeSend(SimEdgeAdapter(WorldEdge), Late, 0);
    return Late->Status == NDIS_STATUS_PAUSED;
}

/* What is sent while the adapter pauses is refused at once. */
static void
RefusesSendsWhilePausing(void **State)
{
    NDIS_ADAPTER *Adapter = SimEdgeAdapter(WorldEdge);
    WAITER Waiter;
    (void)State;
    assert_int_equal(NdisEdgePause(Adapter), STATUS_SUCCESS);
    NdisEdgeSendWhilePausing(Adapter, TRUE);
    assert_int_equal(NdisEdgeRestart(Adapter), STATUS_SUCCESS);
    Begin();
    HoldPackets(1);
    Late = SimListCreate();
    SimListAdd(Late, Packet, 100, NULL);
    WaiterStart(&Waiter, CallPause);
    assert_true(WaitUntil(IsRefused, NULL));
    CULVERT_DRIVER_STATISTICS Before = WorldDriverStatistics(App.File);
    for (unsigned At = 0; At < 10; ++At)
        assert_true(IsRefused(NULL));
    CULVERT_DRIVER_STATISTICS After = WorldDriverStatistics(App.File);
    assert_true(After.Receive.Drops[CulvertDropPaused] ==
                Before.Receive.Drops[CulvertDropPaused] + 10);
    assert_true(After.Receive.Packets == Before.Receive.Packets);
    assert_false(WaiterDone(&Waiter));
    SimEdgeHold(WorldEdge, FALSE);
    assert_int_equal(SimEdgeReturn(WorldEdge, 1), 1);
    assert_int_equal(WaiterEnd(&Waiter), STATUS_SUCCESS);
    NdisEdgeSendWhilePausing(Adapter, FALSE);
    assert_int_equal(NdisEdgeRestart(Adapter), STATUS_SUCCESS);
    SimListFree(Late);
    ApplicationExit(&App);
}

/* The session ends while NDIS has its lists; they come back when it is gone. */
static void
ListsOutliveTheirSession(void **State)
{
    (void)State;
    Begin();
    HoldPackets(7);
    assert_int_equal(ApplicationEnd(&App), STATUS_CANCELLED);
    assert_int_equal(SimEdgeReturn(WorldEdge, 3), 3);
    assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
    assert_int_equal(SimEdgeReturn(WorldEdge, 4), 4);
    SimEdgeHold(WorldEdge, FALSE);
    for (unsigned At = 0; At < 7; ++At)
        assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 0), 300);
    CheckTraffic();
    ApplicationExit(&App);
}

static void
EndRemoved(void)
{
    assert_int_equal(ApplicationWaitEnd(&App), STATUS_DEVICE_REMOVED);
    assert_int_equal(ApplicationState(&App), CULVERT_STATE_REMOVED);
    assert_true(SimEventWait(App.ReceiveEvent, 0));
    assert_true(SimEventWait(App.SendSpaceEvent, 0));
}

static void
FinishRemoval(void)
{
    HANDLE File;
    NTSTATUS Status;
    UCHAR Info[8];
    /* The handle is still there, the adapter is not. */
    SIM_REQUEST *Request =
        SimDeviceControl(App.File, CULVERT_IOCTL_DRIVER_INFO, NULL, 0, Info, sizeof(Info), &Status);
    assert_int_equal(Status, STATUS_DEVICE_REMOVED);
    SimRequestFree(Request);
    assert_int_equal(ApplicationStart(&App), STATUS_DEVICE_REMOVED);
    assert_false(NT_SUCCESS(SimFileOpen(WORLD_DEVICE_LINK, FILE_READ_DATA, &File)));
    assert_false(SimDriverUnload());
    ApplicationExit(&App);
    SimDeviceDelete(WorldDevice);
    WorldDevice = NULL;
    assert_true(SimDriverUnload());
}

static void
SurpriseRemovalEndsTheSession(void **State)
{
    (void)State;
    Begin();
    CheckTraffic();
    assert_int_equal(CallSurprise(), STATUS_SUCCESS);
    EndRemoved();
    assert_int_equal(CallRemove(), STATUS_SUCCESS);
    FinishRemoval();
}

static void
RemovalEndsTheSession(void **State)
{
    (void)State;
    Begin();
    CheckTraffic();
    assert_int_equal(SimDevicePnp(WorldDevice, IRP_MN_QUERY_REMOVE_DEVICE), STATUS_SUCCESS);
    assert_int_equal(CallRemove(), STATUS_SUCCESS);
    EndRemoved();
    FinishRemoval();
}

static void
RemovalWaitsForLists(void **State)
{
    WAITER Waiter;
    (void)State;
    Begin();
    HoldPackets(4);
    WaiterStart(&Waiter, CallSurprise);
    EndRemoved();
    usleep(20000);
    assert_false(WaiterDone(&Waiter));
    assert_int_equal(SimEdgeReturn(WorldEdge, 4), 4);
    assert_int_equal(WaiterEnd(&Waiter), STATUS_SUCCESS);
    assert_int_equal(CallRemove(), STATUS_SUCCESS);
    FinishRemoval();
}

static void
RemovalWhilePaused(void **State)
{
    (void)State;
    Begin();
    assert_int_equal(CallPause(), STATUS_SUCCESS);
    assert_int_equal(CallSurprise(), STATUS_SUCCESS);
    EndRemoved();
    assert_int_equal(CallRemove(), STATUS_SUCCESS);
    FinishRemoval();
}

/* A stop and a new start of the device, as for a change of resources. */
static void
StopAndStart(void **State)
{
    (void)State;
    Begin();
    assert_int_equal(SimDevicePnp(WorldDevice, IRP_MN_QUERY_STOP_DEVICE), STATUS_SUCCESS);
    assert_int_equal(SimDevicePnp(WorldDevice, IRP_MN_STOP_DEVICE), STATUS_SUCCESS);
    EndRemoved();
    /* An old handle keeps the old device object, whose name is free again. */
    assert_int_equal(SimDevicePnp(WorldDevice, IRP_MN_START_DEVICE), STATUS_SUCCESS);
    WorldEdge = SimEdge();
    assert_int_equal(ApplicationStart(&App), STATUS_DEVICE_REMOVED);
    ApplicationExit(&App);
    Begin();
    CheckTraffic();
    ApplicationExit(&App);
}

static void
SleepAndWakeWithASession(void **State)
{
    (void)State;
    Begin();
    ULONG64 Packets = 0;
    for (unsigned Round = 0; Round < 5; ++Round)
    {
        CheckTraffic();
        assert_int_equal(SimDevicePower(WorldDevice, DevicePowerState, PowerDeviceD3),
                         STATUS_SUCCESS);
        assert_int_equal(SimEdgeLink(WorldEdge).State, MediaConnectStateUnknown);
        MakePacket(Packet, 222, 4, Round);
        assert_true(ApplicationSend(&App, Packet, 222));
        assert_int_equal(SimDevicePower(WorldDevice, DevicePowerState, PowerDeviceD0),
                         STATUS_SUCCESS);
        assert_int_equal(SimEdgeLink(WorldEdge).State, MediaConnectStateConnected);
        Packets += 2;
        assert_true(WaitUntil(CameIn, &Packets));
        SimEdgeTake(WorldEdge, Got, sizeof(Got), 20);
    }
    CheckTraffic();
    assert_int_equal(ApplicationState(&App), CULVERT_STATE_RUNNING);
    ApplicationExit(&App);
}

/* A session that starts or ends while the adapter sleeps is seen when that is awake. */
static void
SessionsWhileAsleep(void **State)
{
    (void)State;
    for (unsigned Round = 0; Round < 3; ++Round)
    {
        assert_int_equal(SimDevicePower(WorldDevice, DevicePowerState, PowerDeviceD3),
                         STATUS_SUCCESS);
        assert_int_equal(SimEdgeLink(WorldEdge).State, MediaConnectStateUnknown);
        Begin();
        assert_int_equal(SimEdgeLink(WorldEdge).State, MediaConnectStateUnknown);
        assert_int_equal(SimDevicePower(WorldDevice, DevicePowerState, PowerDeviceD0),
                         STATUS_SUCCESS);
        assert_int_equal(SimEdgeLink(WorldEdge).State, MediaConnectStateConnected);
        CheckTraffic();
        assert_int_equal(SimDevicePower(WorldDevice, DevicePowerState, PowerDeviceD2),
                         STATUS_SUCCESS);
        ApplicationExit(&App);
        assert_int_equal(SimEdgeLink(WorldEdge).State, MediaConnectStateUnknown);
        assert_int_equal(SimDevicePower(WorldDevice, DevicePowerState, PowerDeviceD0),
                         STATUS_SUCCESS);
        assert_int_equal(SimEdgeLink(WorldEdge).State, MediaConnectStateDisconnected);
    }
}

static void
Shutdown(void **State)
{
    (void)State;
    assert_int_equal(SimDevicePower(WorldDevice, SystemPowerState, PowerSystemShutdown),
                     STATUS_SUCCESS);
}

static void
DeathOfTheProcess(void **State)
{
    (void)State;
    for (unsigned Round = 0; Round < 20; ++Round)
    {
        Begin();
        CheckTraffic();
        ApplicationExit(&App);
    }
    Begin();
    CheckTraffic();
    ApplicationExit(&App);
}

/* Windows 7 has no NonPagedPoolNx. */
static void
OnWindows7(void **State)
{
    (void)State;
    WorldDown();
    SimSetVersion(6, 1);
    BOOLEAN Up = WorldTryUp();
    assert_true(Up);
    Begin();
    CheckTraffic();
    ApplicationExit(&App);
    WorldDown();
    SimSetVersion(10, 0);
    assert_true(WorldTryUp());
}

/* A driver key without, or with a wrong, NetCfgInstanceId does not start. */
static void
WrongDriverKey(void **State)
{
    static const WCHAR Wrong[] = L"{3F2B8C11-0D45-4E6A-9B7C-12AB34CD56EG}";
    const ULONG Dword = 7;
    (void)State;
    for (unsigned Kind = 0; Kind < 3; ++Kind)
    {
        WorldDown();
        assert_int_equal(SimDriverLoadImage(NTSIM_DRIVER), STATUS_SUCCESS);
        if (Kind == 0)
            SimRegistrySet(WORLD_KEY, L"NetCfgInstanceId", 0, NULL, 0);
        else if (Kind == 1)
            SimRegistrySet(WORLD_KEY, L"NetCfgInstanceId", REG_SZ, Wrong, sizeof(Wrong));
        else
            SimRegistrySet(WORLD_KEY, L"NetCfgInstanceId", REG_DWORD, &Dword, sizeof(Dword));
        SIM_DEVICE *Device = SimDeviceAdd(WORLD_KEY);
        assert_false(NT_SUCCESS(SimDevicePnp(Device, IRP_MN_START_DEVICE)));
        assert_int_equal(SimDevicePnp(Device, IRP_MN_REMOVE_DEVICE), STATUS_SUCCESS);
        SimDeviceDelete(Device);
        assert_true(SimDriverUnload());
        assert_true(WorldTryUp());
    }
}

void
RunLifeTests(void)
{
    static const struct CMUnitTest life_tests[] = {
        WORLD_TEST(PauseKeepsPackets),
        WORLD_TEST(SessionsWhilePaused),
        WORLD_TEST(PauseWaitsForTheLastReturn),
        WORLD_TEST(RefusesSendsWhilePausing),
        WORLD_TEST(ListsOutliveTheirSession),
        WORLD_TEST(SurpriseRemovalEndsTheSession),
        WORLD_TEST(RemovalEndsTheSession),
        WORLD_TEST(RemovalWaitsForLists),
        WORLD_TEST(RemovalWhilePaused),
        WORLD_TEST(StopAndStart),
        WORLD_TEST(SleepAndWakeWithASession),
        WORLD_TEST(SessionsWhileAsleep),
        WORLD_TEST(Shutdown),
        WORLD_TEST(DeathOfTheProcess),
        WORLD_TEST(OnWindows7),
        WORLD_TEST(WrongDriverKey),
    };
    RUN_TESTS("life", life_tests);
}
