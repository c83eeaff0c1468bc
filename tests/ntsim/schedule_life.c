/* SPDX-License-Identifier: MIT */
/* Scenarios of sessions and adapters that come, go, pause, sleep and are removed under traffic. */
#include "schedule.h"
#include "any_state.h"

#define SMALL_BYTES 1400u
#define FEW_PACKETS 6u

/* Sends to adapter 0, however that ends. */
static void
StartSenders(SENDER *Senders, unsigned Count)
{
    for (unsigned At = 0; At < Count; ++At)
    {
        Senders[At] = (SENDER){.Number = At + 1,
                               .Lists = 8,
                               .PacketsEach = 2,
                               .BytesMax = SMALL_BYTES,
                               .AtDispatch = At % 2 == 1};
        SenderStart(&Senders[At]);
    }
}

static void
JoinSenders(SENDER *Senders, unsigned Count)
{
    for (unsigned At = 0; At < Count; ++At)
    {
        SimThreadJoin(Senders[At].Thread);
        CHECK(Senders[At].Accepted + Senders[At].Refused + Senders[At].Unsent == 16);
    }
}

/* An application that starts a session again and again, and ends it in one way or another. */
typedef struct TENANT
{
    unsigned Adapter;
    unsigned Rounds;
    BOOLEAN MayVanish; /* the adapter may be removed */
    unsigned Sessions; /* that began */
    SIM_THREAD *Thread;
} TENANT;

static void
EndOneWay(const TENANT *Tenant, GUEST *Guest)
{
    GUEST_END How = (GUEST_END)SimScheduleRandom(EndKinds);
    NTSTATUS Status = GuestEnd(Guest, How);
    CHECK(Status == (How == EndByBrokenRing ? STATUS_DATA_ERROR : STATUS_CANCELLED) ||
          (Tenant->MayVanish && Status == STATUS_DEVICE_REMOVED));
}

static void
TenantMain(void *Context)
{
    TENANT *Tenant = Context;
    for (unsigned Round = 0; Round < Tenant->Rounds; ++Round)
    {
        GUEST Guest = {.Adapter = Tenant->Adapter, .Packets = FEW_PACKETS, .BytesMax = SMALL_BYTES};
        NTSTATUS Status = GuestBegin(&Guest);
        if (Status == STATUS_PENDING)
        {
            ++Tenant->Sessions;
            GuestRun(&Guest);
            EndOneWay(Tenant, &Guest);
            continue;
        }
        CHECK(Status == STATUS_SHARING_VIOLATION ||
              (Tenant->MayVanish &&
               (Status == STATUS_DEVICE_REMOVED || Status == STATUS_DEVICE_NOT_READY ||
                Status == STATUS_OBJECT_NAME_NOT_FOUND || Status == STATUS_NO_SUCH_DEVICE)));
        SimSleep(1);
    }
}

static void
TenantStart(TENANT *Tenant)
{
    Tenant->Thread = SimThreadCreate(TenantMain, Tenant, "tenant");
}

static void
CheckLink(unsigned Sessions)
{
    SIM_LINK Link = SimEdgeLink(Stages[0].Edge);
    CHECK(Link.State == MediaConnectStateDisconnected && Link.Connects == Sessions);
}

/* Sessions under traffic, with OIDs. */
static void
StartAndEnd(void)
{
    SENDER Senders[2];
    TENANT Tenant = {.Rounds = 3};
    ASKER Asker = {.Times = 6};
    StartSenders(Senders, 2);
    TenantStart(&Tenant);
    AskerStart(&Asker);
    JoinSenders(Senders, 2);
    SimThreadJoin(Asker.Thread);
    SimThreadJoin(Tenant.Thread);
    CHECK(Tenant.Sessions == 3);
    CheckLink(3);
}

/* Two applications that want the same adapter. */
static void
TwoApplications(void)
{
    TENANT Tenants[2] = {{.Rounds = 3}, {.Rounds = 3}};
    SENDER Senders[1];
    TenantStart(&Tenants[0]);
    TenantStart(&Tenants[1]);
    StartSenders(Senders, 1);
    JoinSenders(Senders, 1);
    SimThreadJoin(Tenants[0].Thread);
    SimThreadJoin(Tenants[1].Thread);
    CHECK(Tenants[0].Sessions + Tenants[1].Sessions >= 3);
    CheckLink(Tenants[0].Sessions + Tenants[1].Sessions);
}

/* A session that ends while the application waits for room, as nothing takes its packets: the
 * adapter is paused. */
static void
EndWithoutRoom(void)
{
    GUEST Guest = {.Packets = 40, .BytesMax = 60000};
    NDIS_ADAPTER *Adapter = SimEdgeAdapter(Stages[0].Edge);
    CHECK(NdisEdgePause(Adapter) == STATUS_SUCCESS);
    CHECK(GuestBegin(&Guest) == STATUS_PENDING);
    GuestRun(&Guest);
    SimSleep(SimScheduleRandom(2));
    CHECK(GuestEnd(&Guest, (GUEST_END)SimScheduleRandom(EndByBrokenRing)) == STATUS_CANCELLED);
    CHECK(Guest.Sent <= 2);
    CHECK(NdisEdgeRestart(Adapter) == STATUS_SUCCESS);
    CheckLink(1);
}

static SIM_REQUEST *Published;

static BOOLEAN
IsPublished(void *Unused)
{
    (void)Unused;
    return Published != NULL;
}

static void
CancellerMain(void *Unused)
{
    (void)Unused;
    SimScheduleWait("a request to cancel", IsPublished, NULL, NULL);
    SimRequestCancel(Published);
}

/* The request is cancelled at any moment of its start. */
static void
CancelAtStart(void)
{
    for (unsigned Round = 0; Round < 3; ++Round)
    {
        GUEST Guest = {.Packets = FEW_PACKETS, .BytesMax = SMALL_BYTES};
        SENDER Senders[1];
        Published = NULL;
        SIM_THREAD *Canceller = SimThreadCreate(CancellerMain, NULL, "canceller");
        StartSenders(Senders, 1);
        SimRequestPublish(&Published);
        CHECK(GuestBegin(&Guest) == STATUS_PENDING);
        GuestRun(&Guest);
        SimThreadJoin(Canceller);
        CHECK(GuestLeave(&Guest) == STATUS_CANCELLED);
        JoinSenders(Senders, 1);
    }
    CheckLink(3);
}

static APPLICATION Closing;

static void
CloserMain(void *Unused)
{
    (void)Unused;
    SimScheduleWait("a request of the handle to close", IsPublished, NULL, NULL);
    CHECK(SimHandleClose(Closing.Process, Closing.File) == STATUS_SUCCESS);
}

/* The last handle is closed at any moment of a start: no session may be left, as nobody else could
 * begin one. */
static void
CloseAtStart(void)
{
    for (unsigned Round = 0; Round < 3; ++Round)
    {
        CHECK(ApplicationTryOpenDevice(&Closing, CULVERT_MIN_CAPACITY, Stages[0].Link) ==
              STATUS_SUCCESS);
        Published = NULL;
        SIM_THREAD *Closer = SimThreadCreate(CloserMain, NULL, "closer");
        SimRequestPublish(&Published);
        NTSTATUS Status = ApplicationStart(&Closing);
        if (Status == STATUS_PENDING)
            Status = ApplicationWaitEnd(&Closing);
        CHECK(Status == STATUS_CANCELLED);
        SimThreadJoin(Closer);
        ApplicationExit(&Closing);
    }
    TENANT Tenant = {.Rounds = 1};
    TenantStart(&Tenant);
    SimThreadJoin(Tenant.Thread);
    CHECK(Tenant.Sessions == 1);
}

/* ---- Pause and power ----------------------------------------------------------------------------
 */

static void
PauserMain(void *Context)
{
    for (unsigned Round = 0; Round < *(unsigned *)Context; ++Round)
    {
        CHECK(NdisEdgePause(SimEdgeAdapter(Stages[0].Edge)) == STATUS_SUCCESS);
        CHECK(NdisEdgeRestart(SimEdgeAdapter(Stages[0].Edge)) == STATUS_SUCCESS);
    }
}

static void
SleeperMain(void *Context)
{
    for (unsigned Round = 0; Round < *(unsigned *)Context; ++Round)
    {
        MachinePower(0, PowerDeviceD3);
        MachinePower(0, PowerDeviceD0);
    }
}

/* The packets of the guest are all indicated, whatever happens meanwhile. */
static void
WaitIndicated(unsigned Packets)
{
    NDIS_STATISTICS_INFO Info = {0};
    for (unsigned Try = 0; Try < 100 && Info.ifHCInUcastPkts != Packets; ++Try)
    {
        SimSleep(10);
        CHECK(SimEdgeOid(Stages[0].Edge, NdisRequestQueryInformation, OID_GEN_STATISTICS, &Info,
                         sizeof(Info), NULL, NULL) == NDIS_STATUS_SUCCESS);
    }
    CHECK(Info.ifHCInUcastPkts == Packets);
}

/* Traffic both ways, lists that come back late, OIDs, and what Disturb does in between. */
static void
Disturbed(void (*Disturb)(void *Rounds), const char *Name)
{
    unsigned Rounds = 3;
    SENDER Senders[2];
    WITNESS Witness = {.MayLose = TRUE};
    GUEST Guest = {.Packets = 12, .BytesMax = SMALL_BYTES};
    RETURNER Returner = {.Count = 1 + SimScheduleRandom(4), .Milliseconds = SimScheduleRandom(2)};
    ASKER Asker = {.Times = 4};
    WitnessBegin(&Witness);
    ReturnerStart(&Returner);
    CHECK(GuestBegin(&Guest) == STATUS_PENDING);
    GuestRun(&Guest);
    StartSenders(Senders, 2);
    AskerStart(&Asker);
    SIM_THREAD *Disturber = SimThreadCreate(Disturb, &Rounds, Name);
    SimThreadJoin(Disturber);
    SimThreadJoin(Asker.Thread);
    JoinSenders(Senders, 2);
    WaitIndicated(Guest.Packets);
    CHECK(GuestEnd(&Guest, EndByCancel) == STATUS_CANCELLED);
    CHECK(Guest.Received == Senders[0].Accepted + Senders[1].Accepted);
    ReturnerStop(&Returner);
}

static void
PauseAndRestart(void)
{
    Disturbed(PauserMain, "pauser");
}

/* The same with senders that do not care; sends of long lists are in progress as a pause begins. */
static void
SendWhilePausing(void)
{
    unsigned Rounds = 3;
    NDIS_ADAPTER *Adapter = SimEdgeAdapter(Stages[0].Edge);
    SENDER Senders[2] = {{.Number = 1, .Lists = 6, .PacketsEach = 40, .BytesMax = 60},
                         {.Number = 2, .Lists = 6, .PacketsEach = 40, .BytesMax = 60}};
    GUEST Guest = {.Packets = 12, .BytesMax = 60};
    RETURNER Returner = {.Count = 2, .Milliseconds = SimScheduleRandom(2)};
    CHECK(NdisEdgePause(Adapter) == STATUS_SUCCESS);
    NdisEdgeSendWhilePausing(Adapter, TRUE);
    CHECK(NdisEdgeRestart(Adapter) == STATUS_SUCCESS);
    ReturnerStart(&Returner);
    CHECK(GuestBegin(&Guest) == STATUS_PENDING);
    GuestRun(&Guest);
    for (unsigned At = 0; At < ARRAYSIZE(Senders); ++At)
    {
        Senders[At].Straight = TRUE;
        SenderStart(&Senders[At]);
    }
    SIM_THREAD *Pauser = SimThreadCreate(PauserMain, &Rounds, "pauser");
    for (unsigned At = 0; At < ARRAYSIZE(Senders); ++At)
        SimThreadJoin(Senders[At].Thread);
    SimThreadJoin(Pauser);
    WaitIndicated(Guest.Packets);
    CHECK(GuestEnd(&Guest, EndByCancel) == STATUS_CANCELLED);
    ReturnerStop(&Returner);
}

static void
SleepAndWake(void)
{
    Disturbed(SleeperMain, "power manager");
}

/* Sessions come and go while the adapter sleeps and wakes. Whoever tells the link's state leaves a
 * true one behind. */
static void
SessionsAndSleep(void)
{
    unsigned Rounds = 3;
    TENANT Tenant = {.Rounds = 3};
    GUEST Guest = {.Packets = 0};
    SIM_THREAD *Sleeper = SimThreadCreate(SleeperMain, &Rounds, "power manager");
    TenantStart(&Tenant);
    SimThreadJoin(Sleeper);
    SimThreadJoin(Tenant.Thread);
    CHECK(Tenant.Sessions == 3);
    CHECK(SimEdgeLink(Stages[0].Edge).State == MediaConnectStateDisconnected);
    Sleeper = SimThreadCreate(SleeperMain, &Rounds, "power manager");
    CHECK(GuestBegin(&Guest) == STATUS_PENDING);
    SimThreadJoin(Sleeper);
    CHECK(SimEdgeLink(Stages[0].Edge).State == MediaConnectStateConnected);
    GuestRun(&Guest);
    CHECK(GuestEnd(&Guest, EndByCancel) == STATUS_CANCELLED);
    CHECK(SimEdgeLink(Stages[0].Edge).State == MediaConnectStateDisconnected);
}

/* Sessions come and go while the adapter pauses and restarts. */
static void
SessionsAndPauses(void)
{
    unsigned Rounds = 4;
    SENDER Senders[1];
    TENANT Tenant = {.Rounds = 3};
    SIM_THREAD *Pauser = SimThreadCreate(PauserMain, &Rounds, "pauser");
    TenantStart(&Tenant);
    StartSenders(Senders, 1);
    JoinSenders(Senders, 1);
    SimThreadJoin(Pauser);
    SimThreadJoin(Tenant.Thread);
    CHECK(Tenant.Sessions == 3);
    CheckLink(3);
}

static void
OncePauserMain(void *Time)
{
    CHECK(NdisEdgePause(SimEdgeAdapter(Stages[0].Edge)) == STATUS_SUCCESS);
    *(ULONG64 *)Time = SimScheduleResult().Time;
}

/* NDIS returns lists only long after a pause has begun: it waits for them, and nothing else does.
 */
static void
LateReturns(void)
{
    ULONG64 Paused = 0;
    WITNESS Witness = {.MayLose = TRUE};
    GUEST Guest = {.Packets = 8, .BytesMax = SMALL_BYTES};
    SENDER Senders[1];
    WitnessBegin(&Witness);
    SimEdgeHold(Stages[0].Edge, TRUE);
    CHECK(GuestBegin(&Guest) == STATUS_PENDING);
    GuestRun(&Guest);
    WitnessWait(&Witness, 3);
    SIM_THREAD *Pauser = SimThreadCreate(OncePauserMain, &Paused, "pauser");
    StartSenders(Senders, 1);
    JoinSenders(Senders, 1);
    SimSleep(60000);
    CHECK(Paused == 0 && SimEdgeHeld(Stages[0].Edge) != 0);
    SimEdgeHold(Stages[0].Edge, FALSE);
    while (SimEdgeReturn(Stages[0].Edge, 1) != 0)
        SimSleep(1000);
    SimThreadJoin(Pauser);
    CHECK(Paused >= 600000000);
    /* An end in a paused adapter. */
    CHECK(GuestEnd(&Guest, EndByCancel) == STATUS_CANCELLED);
    CHECK(NdisEdgeRestart(SimEdgeAdapter(Stages[0].Edge)) == STATUS_SUCCESS);
}

/* ---- Removal ------------------------------------------------------------------------------------
 */

/* The adapter vanishes by Steps under sessions, traffic, OIDs and late returns. */
static void
Vanishing(const UCHAR *Steps, unsigned Count)
{
    SENDER Senders[2];
    TENANT Tenant = {.Rounds = 4, .MayVanish = TRUE};
    ASKER Asker = {.Times = 4};
    RETURNER Returner = {.Count = 2, .Milliseconds = SimScheduleRandom(2)};
    WITNESS Witness = {.MayLose = TRUE, .MayRestart = TRUE};
    WitnessBegin(&Witness);
    ReturnerStart(&Returner);
    StartSenders(Senders, 2);
    TenantStart(&Tenant);
    AskerStart(&Asker);
    for (unsigned At = 0; At < Count; ++At)
    {
        SimSleep(SimScheduleRandom(2));
        MachinePnp(0, Steps[At]);
    }
    JoinSenders(Senders, 2);
    SimThreadJoin(Asker.Thread);
    SimThreadJoin(Tenant.Thread);
    ReturnerStop(&Returner);
}

static void
SurpriseRemoval(void)
{
    static const UCHAR Steps[] = {IRP_MN_SURPRISE_REMOVAL, IRP_MN_REMOVE_DEVICE};
    Vanishing(Steps, ARRAYSIZE(Steps));
    MachineRemove(0, FALSE);
}

static void
OrderlyRemoval(void)
{
    static const UCHAR Steps[] = {IRP_MN_QUERY_REMOVE_DEVICE, IRP_MN_REMOVE_DEVICE};
    Vanishing(Steps, ARRAYSIZE(Steps));
    MachineRemove(0, FALSE);
}

/* Halted and initialised again, as for new resources. */
static void
StopAndStart(void)
{
    static const UCHAR Steps[] = {IRP_MN_QUERY_STOP_DEVICE, IRP_MN_STOP_DEVICE,
                                  IRP_MN_START_DEVICE};
    Vanishing(Steps, ARRAYSIZE(Steps));
}

static void
RemoverMain(void *Unused)
{
    (void)Unused;
    MachineRemove(0, TRUE);
    while (!SimDriverUnload())
        SimSleep(1);
}

static GUEST *Evicted;

/* The driver deregisters its device: no request of it may be the driver's any more. */
static void
CheckEvicted(void)
{
    CHECK(Evicted->App.Request == NULL || SimRequestDone(Evicted->App.Request));
}

/* The driver is unloaded as soon as nothing needs it, while an application learns of the end. */
static void
Unload(void)
{
    GUEST Guest = {.Packets = FEW_PACKETS, .BytesMax = SMALL_BYTES};
    Evicted = &Guest;
    SimSetDeregisterHook(CheckEvicted);
    CHECK(GuestBegin(&Guest) == STATUS_PENDING);
    GuestRun(&Guest);
    SIM_THREAD *Remover = SimThreadCreate(RemoverMain, NULL, "plug-and-play manager");
    CHECK(GuestLeave(&Guest) == STATUS_DEVICE_REMOVED);
    SimThreadJoin(Remover);
}

/* One of two adapters is removed; the other's traffic does not notice. */
static void
OneOfTwoRemoved(void)
{
    SENDER Sender = {
        .Adapter = 1, .Number = 1, .Lists = 6, .PacketsEach = 2, .BytesMax = SMALL_BYTES};
    WITNESS Witness = {.Adapter = 1};
    GUEST Guest = {.Adapter = 1, .Packets = 10, .BytesMax = SMALL_BYTES, .Expected = 12};
    TENANT Tenant = {.Rounds = 3, .MayVanish = TRUE};
    WitnessBegin(&Witness);
    CHECK(GuestBegin(&Guest) == STATUS_PENDING);
    GuestRun(&Guest);
    TenantStart(&Tenant);
    SenderStart(&Sender);
    MachineRemove(0, TRUE);
    WitnessWait(&Witness, Guest.Packets);
    SimThreadJoin(Sender.Thread);
    GuestJoin(&Guest);
    CHECK(Sender.Accepted == 12);
    CHECK(GuestEnd(&Guest, EndByCancel) == STATUS_CANCELLED);
    SimThreadJoin(Tenant.Thread);
}

/* ---- Suspended threads --------------------------------------------------------------------------
 * Any thread of an application may be suspended by another one, for as long as that likes, wherever
 * the kernel lets it. Nobody else may have to wait for that.
 */

#define SUSPEND_POINTS 60u

/* Suspends a thread at a moment that the seed chooses. */
static void
SuspendSomewhere(SIM_THREAD *Thread)
{
    for (ULONG Points = SimScheduleRandom(SUSPEND_POINTS); Points != 0; --Points)
        SimSchedulePoint("a look at the thread to suspend");
    SimThreadSuspend(Thread);
}

/* The lists that the miniport has come back, whoever is suspended: what is above pauses. */
static void
WaitForSends(void)
{
    for (unsigned Try = 0; Try < 100 && SendsAtMiniport(SimEdgeAdapter(Stages[0].Edge)) != 0; ++Try)
        SimSleep(1);
    CHECK(SendsAtMiniport(SimEdgeAdapter(Stages[0].Edge)) == 0);
}

/* The system sends in the application's thread: a session ends while that is suspended. */
static void
SuspendedSender(void)
{
    for (unsigned Round = 0; Round < 3; ++Round)
    {
        SENDER Sender = {.Number = 1, .Lists = 3, .PacketsEach = 40, .BytesMax = SMALL_BYTES / 4};
        SENDER Others[2];
        GUEST Guest = {.Packets = FEW_PACKETS, .BytesMax = SMALL_BYTES / 4};
        CHECK(GuestBegin(&Guest) == STATUS_PENDING);
        GuestRun(&Guest);
        SenderStart(&Sender);
        SuspendSomewhere(Sender.Thread);
        WaitForSends();
        CHECK(GuestEnd(&Guest, (GUEST_END)SimScheduleRandom(EndByBrokenRing)) == STATUS_CANCELLED);
        /* Others go on meanwhile. */
        StartSenders(Others, 2);
        JoinSenders(Others, 2);
        SimThreadResume(Sender.Thread);
        SimThreadJoin(Sender.Thread);
        CHECK(Sender.Accepted + Sender.Refused == 120);
    }
    CheckLink(3);
}

/* The adapter goes away while a thread that opens it, starts and ends sessions is suspended. */
static void
SuspendedCaller(void)
{
    TENANT Tenant = {.Rounds = 4, .MayVanish = TRUE};
    TenantStart(&Tenant);
    SuspendSomewhere(Tenant.Thread);
    MachinePnp(0, SimScheduleRandom(2) ? IRP_MN_QUERY_REMOVE_DEVICE : IRP_MN_SURPRISE_REMOVAL);
    MachineRemove(0, TRUE);
    SimThreadResume(Tenant.Thread);
    SimThreadJoin(Tenant.Thread);
}

const SCENARIO LifeScenarios[] = {
    {.Name = "start-and-end", .Adapters = 1, .Points = 1000, .Run = StartAndEnd},
    {.Name = "end-without-room", .Adapters = 1, .Points = 200, .Run = EndWithoutRoom},
    {.Name = "two-applications", .Adapters = 1, .Points = 1250, .Run = TwoApplications},
    {.Name = "cancel-at-start", .Adapters = 1, .Points = 1050, .Run = CancelAtStart},
    {.Name = "close-at-start", .Adapters = 1, .Points = 250, .Run = CloseAtStart},
    {.Name = "pause-and-restart", .Adapters = 1, .Points = 1100, .Run = PauseAndRestart},
    {.Name = "send-while-pausing", .Adapters = 1, .Points = 3000, .Run = SendWhilePausing},
    {.Name = "sleep-and-wake", .Adapters = 1, .Points = 1150, .Run = SleepAndWake},
    {.Name = "sessions-and-sleep", .Adapters = 1, .Points = 900, .Run = SessionsAndSleep},
    {.Name = "sessions-and-pauses", .Adapters = 1, .Points = 900, .Run = SessionsAndPauses},
    {.Name = "late-returns", .Adapters = 1, .Points = 600, .Run = LateReturns},
    {.Name = "surprise-removal", .Adapters = 1, .Points = 900, .Run = SurpriseRemoval},
    {.Name = "orderly-removal", .Adapters = 1, .Points = 1100, .Run = OrderlyRemoval},
    {.Name = "stop-and-start", .Adapters = 1, .Points = 1300, .Run = StopAndStart},
    {.Name = "unload", .Adapters = 1, .Points = 250, .Run = Unload, .Unloaded = TRUE},
    {.Name = "suspended-sender", .Adapters = 1, .Points = 900, .Run = SuspendedSender},
    {.Name = "suspended-caller", .Adapters = 1, .Points = 500, .Run = SuspendedCaller},
    {.Name = "one-of-two-removed", .Adapters = 2, .Points = 900, .Run = OneOfTwoRemoved},
};
const unsigned LifeScenarioCount = ARRAYSIZE(LifeScenarios);
