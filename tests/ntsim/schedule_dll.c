/* SPDX-License-Identifier: MIT */
/*
 * Scenarios of the DLL's session functions, on the driver: several threads of one application,
 * which keep packets and give them back in another order, wait in one way or another, and find the
 * session ended by one of them or by the removal of its adapter.
 *
 * Where nothing but the threads themselves is waited for, a run takes next to no virtual time: a
 * thread that sleeps though there is something to do shows as a time-out that comes, or a deadlock.
 */
#include "schedule.h"
#include "../../ntsim/win32/process.h"

#define WORKERS_MAX 5u
#define KEPT_MAX    4u
#define TIME_OUTS   6u     /* of a thread, then it has enough */
#define LATE_MS     1000u  /* a time-out that nobody waits for */
#define BUSY_UNITS  100000 /* 10 ms: more than all that polls takes together */
#define PAUSE_UNITS 2000   /* 0.2 ms: between packets without end, so that time passes */
#define UNITS_A_MS  10000

#define SMALL_BYTES  1400u
#define MEDIUM_BYTES 20000u
#define LARGE_BYTES  50000u

/* How a thread waits for packets, or for room. */
typedef enum WAITING
{
    ByEvent,     /* on the session's event */
    ByCall,      /* in a call, without end */
    ByTimedCall, /* in a call, for WORKER.Milliseconds, or until Cancel is set */
    WaitingWays
} WAITING;

/* A thread of the application. */
typedef struct WORKER
{
    unsigned Number;
    WAITING How;
    unsigned Packets;   /* so many, then it is content; 0: until the session ends */
    DWORD Milliseconds; /* of a ByTimedCall; Start makes it INFINITE for a ByCall */
    HANDLE Cancel;      /* likewise */
    BOOLEAN MayTimeOut; /* nobody promises that there is something to do */
    BOOLEAN Blind;      /* leaves packets alone, as their memory may go at any time */
    unsigned Done;      /* packets */
    unsigned TimeOuts;
    CULVERT_PACKET Kept[KEPT_MAX];
    unsigned Numbers[KEPT_MAX]; /* of the packets that are kept */
    unsigned Have;
    SIM_THREAD *Thread;
} WORKER;

static WINTUN_SESSION_HANDLE Session;
static HANDLE Cancel;    /* auto-reset */
static unsigned Cancels; /* how often it was set */
static unsigned Aborted; /* how many waits that has ended */
static ULONG64 Began;    /* virtual time */

static void
AppBegin(void)
{
    SimWin32Begin(Stages[0].Link);
    Cancel = SimEventCreate(SimWin32Process(), EVENT_ALL_ACCESS, SynchronizationEvent);
    Session = WintunStartSession(SimWin32Adapter(), CULVERT_MIN_CAPACITY);
    CHECK(Session != NULL);
    Began = SimScheduleResult().Time;
}

/* All threads of the application have ended. */
static void
AppEnd(void)
{
    WintunEndSession(Session);
    SimWin32End();
}

#define CheckNobodySlept() CHECK(SimScheduleResult().Time - Began < BUSY_UNITS)

/* A call of Worker has found nothing. TRUE: it is to try again, after it has waited for Event. */
static BOOLEAN
TryAgain(WORKER *Worker, DWORD Nothing, HANDLE Event)
{
    switch (GetLastError())
    {
    case ERROR_HANDLE_EOF:
        return FALSE;
    case ERROR_TIMEOUT:
        CHECK(Worker->How == ByTimedCall && Worker->MayTimeOut);
        ++Worker->TimeOuts;
        return Worker->TimeOuts < TIME_OUTS;
    case ERROR_OPERATION_ABORTED:
        CHECK(Worker->How == ByTimedCall &&
              Cancels > __atomic_fetch_add(&Aborted, 1, __ATOMIC_SEQ_CST));
        return TRUE;
    default:
        CHECK(GetLastError() == Nothing && Worker->How == ByEvent);
        WaitForSingleObject(Event, INFINITE);
        return TRUE;
    }
}

/* ---- From the system ----------------------------------------------------------------------------
 */

#define PACED_PACKETS 24u
#define PACED_AHEAD   6u /* packets of MEDIUM_BYTES that fit the ring */

static ULONG ReceivedBytesMax = MEDIUM_BYTES;
static unsigned Received[PACED_PACKETS]; /* how often */
static unsigned Released[PACED_PACKETS];
static unsigned ReceivedAll;

/* The ring has room for packet *Number, as all that are PACED_AHEAD before it are released. */
static BOOLEAN
IsRoomFor(void *Number)
{
    unsigned First = 0;
    while (First < PACED_PACKETS && Released[First] != 0)
        ++First;
    return *(unsigned *)Number - First < PACED_AHEAD || First > *(unsigned *)Number;
}

static void
SystemSends(unsigned Number)
{
    static UCHAR Packet[MEDIUM_BYTES];
    ULONG Bytes = PacketSize(Number, ReceivedBytesMax);
    PacketMake(Packet, Bytes, 1, Number);
    CHECK(SimEdgeSendPacket(Stages[0].Edge, Packet, Bytes, NULL) == NDIS_STATUS_SUCCESS);
}

/* The system sends each packet as soon as there must be room for it. */
static void
PacedMain(void *Unused)
{
    (void)Unused;
    for (unsigned Number = 0; Number < PACED_PACKETS; ++Number)
    {
        SimScheduleWait("packets to be released", IsRoomFor, &Number, NULL);
        SystemSends(Number);
    }
}

/* Worker has Count packets more. */
static void
Keep(WORKER *Worker, const CULVERT_PACKET *Packets, DWORD Count)
{
    unsigned Sender;
    for (DWORD At = 0; At < Count; ++At, ++Worker->Have)
    {
        Worker->Kept[Worker->Have] = Packets[At];
        ++Worker->Done;
        if (Worker->Blind)
            continue;
        unsigned Number = PacketRead(Packets[At].Data, Packets[At].Size, ReceivedBytesMax, &Sender);
        CHECK(Sender == 1 && Number < PACED_PACKETS);
        CHECK(__atomic_fetch_add(&Received[Number], 1, __ATOMIC_SEQ_CST) == 0);
        Worker->Numbers[Worker->Have] = Number;
        __atomic_fetch_add(&ReceivedAll, 1, __ATOMIC_SEQ_CST);
    }
}

/* Gives one packet back, whichever, or all of them. */
static void
GiveBack(WORKER *Worker, BOOLEAN All)
{
    unsigned First = All ? 0 : SimScheduleRandom(Worker->Have);
    unsigned Count = All ? Worker->Have : 1;
    unsigned Numbers[KEPT_MAX];
    if (Count == 1)
        WintunReleaseReceivePacket(Session, Worker->Kept[First].Data);
    else
        CulvertReleaseReceivePackets(Session, Worker->Kept, Count);
    memcpy(Numbers, Worker->Numbers, sizeof(Numbers));
    Worker->Have -= Count;
    Worker->Kept[First] = Worker->Kept[Worker->Have];
    Worker->Numbers[First] = Worker->Numbers[Worker->Have];
    for (unsigned At = First; At < First + Count && !Worker->Blind; ++At)
        __atomic_fetch_add(&Released[Numbers[At]], 1, __ATOMIC_SEQ_CST);
}

/* As many packets as there are, at most Most; 0 with the last-error code. */
static DWORD
Receive(const WORKER *Worker, CULVERT_PACKET *Packets, DWORD Most, BOOLEAN Wait)
{
    if (Wait && Worker->How != ByEvent)
        return CulvertReceivePacketsWait(Session, Packets, Most, Worker->Milliseconds,
                                         Worker->Cancel);
    if (Most != 1)
        return CulvertReceivePackets(Session, Packets, Most);
    Packets->Data = WintunReceivePacket(Session, &Packets->Size);
    return Packets->Data != NULL;
}

static void
ReceiverMain(void *Context)
{
    WORKER *Worker = Context;
    HANDLE Event = WintunGetReadWaitEvent(Session);
    BOOLEAN More = TRUE;
    while (More && (Worker->Packets == 0 || Worker->Done < Worker->Packets))
    {
        CULVERT_PACKET Packets[2];
        DWORD Most = Worker->Packets == 0 ? 1 + SimScheduleRandom(2) : 1;
        DWORD Count = Receive(Worker, Packets, Most, Worker->Have == 0);
        Keep(Worker, Packets, Count);
        /* What is kept may be the oldest of the ring: all of it goes back before a wait. */
        if (Count == 0 && Worker->Have != 0)
            GiveBack(Worker, TRUE);
        else if (Count == 0)
            More = TryAgain(Worker, ERROR_NO_MORE_ITEMS, Event);
        while (Worker->Have + 2 > KEPT_MAX)
            GiveBack(Worker, FALSE);
    }
    if (Worker->Have != 0)
        GiveBack(Worker, TRUE);
}

/* ---- To the system ------------------------------------------------------------------------------
 */

#define SENT_MAX 16u /* by one thread */

static ULONG SentBytesMax;
static unsigned Before[WORKERS_MAX][SENT_MAX], After[WORKERS_MAX][SENT_MAX]; /* its allocation */
static unsigned NextOf[WORKERS_MAX];
static unsigned Tickets, LatestBefore, ArrivedAll;

/*
 * On the driver's thread. The packets of each thread arrive in the order in which it allocated
 * them; and none arrives behind another whose allocation began after its own was over.
 */
static void
Arrived(void *Unused, const UCHAR *Packet, ULONG Bytes, USHORT EtherType)
{
    unsigned Worker, Number = PacketRead(Packet, Bytes, SentBytesMax, &Worker);
    (void)Unused;
    CHECK(EtherType == (Packet[0] >> 4 == 4 ? 0x0800 : 0x86DD));
    CHECK(Worker < WORKERS_MAX && Number == NextOf[Worker]);
    CHECK(After[Worker][Number] > LatestBefore);
    LatestBefore = max(LatestBefore, Before[Worker][Number]);
    NextOf[Worker] = Number + 1;
    ++ArrivedAll;
}

/* Room for packets of the sizes in Packets, as many as there is room for. */
static DWORD
Allocate(const WORKER *Worker, CULVERT_PACKET *Packets, DWORD Count, BOOLEAN Wait)
{
    if (Wait && Worker->How != ByEvent)
        return CulvertAllocateSendPacketsWait(Session, Packets, Count, Worker->Milliseconds,
                                              Worker->Cancel);
    if (Count != 1)
        return CulvertAllocateSendPackets(Session, Packets, Count);
    Packets->Data = WintunAllocateSendPacket(Session, Packets->Size);
    return Packets->Data != NULL;
}

/* Allocates Worker's next packets, if there is room; the first after a wait, if Wait. How many. */
static DWORD
AllocateNext(WORKER *Worker, DWORD Most, BOOLEAN Wait)
{
    CULVERT_PACKET *Packets = Worker->Kept + Worker->Have;
    unsigned First = Worker->Done;
    unsigned Ticket = __atomic_add_fetch(&Tickets, 1, __ATOMIC_SEQ_CST);
    for (DWORD At = 0; At < Most; ++At)
        Packets[At] = (CULVERT_PACKET){.Size = PacketSize(First + At, SentBytesMax)};
    DWORD Count = Allocate(Worker, Packets, Most, Wait);
    for (DWORD At = 0; At < Count; ++At)
    {
        CHECK(Packets[At].Data != NULL);
        if (Worker->Blind)
            continue;
        Before[Worker->Number][First + At] = Ticket;
        After[Worker->Number][First + At] = __atomic_add_fetch(&Tickets, 1, __ATOMIC_SEQ_CST);
        PacketMake(Packets[At].Data, Packets[At].Size, Worker->Number, First + At);
    }
    Worker->Have += Count;
    Worker->Done += Count;
    return Count;
}

/* Sends what the thread has allocated, the youngest first, or in one call. */
static void
SendAll(WORKER *Worker)
{
    CULVERT_PACKET Reversed[KEPT_MAX];
    BOOLEAN Batch = SimScheduleRandom(2) != 0;
    for (unsigned At = 0; At < Worker->Have; ++At)
    {
        Reversed[At] = Worker->Kept[Worker->Have - 1 - At];
        if (!Batch)
            WintunSendPacket(Session, Reversed[At].Data);
    }
    if (Batch)
        CulvertSendPackets(Session, Reversed, Worker->Have);
    Worker->Have = 0;
}

static void
SenderMain(void *Context)
{
    WORKER *Worker = Context;
    HANDLE Event = CulvertGetSendWaitEvent(Session);
    BOOLEAN More = TRUE;
    while (More && (Worker->Packets == 0 || Worker->Done < Worker->Packets))
    {
        DWORD Most = 1 + SimScheduleRandom(KEPT_MAX);
        if (Worker->Packets != 0)
            Most = min(Most, Worker->Packets - Worker->Done);
        DWORD Count = AllocateNext(Worker, 1 + SimScheduleRandom(Most), TRUE);
        if (Count == 0)
        {
            More = TryAgain(Worker, ERROR_BUFFER_OVERFLOW, Event);
            continue;
        }
        /* Whoever waits holds nothing, as others may wait for that. */
        if (Count < Most)
            AllocateNext(Worker, Most - Count, FALSE);
        SendAll(Worker);
        if (Worker->Packets == 0)
            SimSleepUnits(PAUSE_UNITS);
    }
}

/* ---- The threads --------------------------------------------------------------------------------
 */

static void
Start(WORKER *Worker, void (*Main)(void *))
{
    if (Worker->How == ByCall)
        Worker->Milliseconds = INFINITE;
    if (Worker->How == ByTimedCall)
        Worker->Cancel = Cancel;
    Worker->Thread = SimThreadCreate(Main, Worker, Main == ReceiverMain ? "receiver" : "sender");
}

static void
Join(WORKER *Workers, unsigned Count)
{
    for (unsigned At = 0; At < Count; ++At)
        SimThreadJoin(Workers[At].Thread);
}

typedef struct GOAL
{
    const unsigned *Count;
    unsigned Least;
} GOAL;

static BOOLEAN
IsReached(void *Goal)
{
    return *((GOAL *)Goal)->Count >= ((GOAL *)Goal)->Least;
}

static void
WaitUntilPassed(const char *What, const unsigned *Count, unsigned Least)
{
    GOAL Goal = {Count, Least};
    SimScheduleWait(What, IsReached, &Goal, NULL);
}

/* ---- Scenarios of traffic -----------------------------------------------------------------------
 */

/* Two threads receive, keep packets, and release them in another order; the system sends as soon as
 * there is room, so room that is given back too late, or not at all, costs packets. */
static void
ReceiveInAnyOrder(void)
{
    WORKER Workers[2] = {{.How = (WAITING)SimScheduleRandom(2)},
                         {.How = ByTimedCall, .Milliseconds = LATE_MS}};
    NDIS_STATISTICS_INFO Info = {0};
    AppBegin();
    SIM_THREAD *System = SimThreadCreate(PacedMain, NULL, "system's sender");
    Start(&Workers[0], ReceiverMain);
    Start(&Workers[1], ReceiverMain);
    SimThreadJoin(System);
    WaitUntilPassed("packets from the system", &ReceivedAll, PACED_PACKETS);
    CheckNobodySlept();
    CHECK(SimEdgeOid(Stages[0].Edge, NdisRequestQueryInformation, OID_GEN_STATISTICS, &Info,
                     sizeof(Info), NULL, NULL) == NDIS_STATUS_SUCCESS);
    CHECK(Info.ifHCOutUcastPkts == PACED_PACKETS && Info.ifOutDiscards == 0);
    WintunEndSession(Session); /* while they wait */
    Join(Workers, 2);
    AppEnd();
}

/* Threads that send in another order than they have allocated, and wait for room as How says. */
static void
Send(WORKER *Workers, unsigned Count, unsigned Each, ULONG BytesMax)
{
    SentBytesMax = BytesMax;
    SimEdgeSetReceive(Stages[0].Edge, Arrived, NULL);
    AppBegin();
    for (unsigned At = 0; At < Count; ++At)
    {
        Workers[At].Number = At;
        Workers[At].Packets = Each;
        Workers[At].Milliseconds = LATE_MS;
        Start(&Workers[At], SenderMain);
    }
    Join(Workers, Count);
    WaitUntilPassed("packets to the system", &ArrivedAll, Count * Each);
    CheckNobodySlept();
    AppEnd();
}

static void
SendInAnyOrder(void)
{
    WORKER Workers[2] = {{.How = ByEvent}, {.How = ByCall}};
    Send(Workers, 2, SENT_MAX, 6000);
}

/* Packets so large that almost each waits for room. */
static void
WaitForRoom(void)
{
    WORKER Workers[3] = {
        {.How = (WAITING)SimScheduleRandom(WaitingWays)}, {.How = ByEvent}, {.How = ByTimedCall}};
    unsigned Count = 1 + SimScheduleRandom(3);
    Send(Workers, Count, 16 / Count, LARGE_BYTES);
}

/* The system sends as many packets as there are threads that want one each and then go: each of
 * them is woken, though the event wakes only one. */
static void
WaitForPackets(void)
{
    unsigned Number = 0;
    ReceivedBytesMax = SMALL_BYTES;
    AppBegin();
    for (unsigned Round = 0; Round < 5; ++Round)
    {
        WORKER Workers[3] = {{.How = ByCall, .Packets = 1},
                             {.How = ByTimedCall, .Milliseconds = LATE_MS, .Packets = 1},
                             {.How = ByCall, .Packets = 1}};
        unsigned Count = 1 + Round % 3;
        if (Count == 1)
            Workers[0].How = (WAITING)SimScheduleRandom(ByTimedCall);
        for (unsigned At = 0; At < Count; ++At)
            Start(&Workers[At], ReceiverMain);
        for (unsigned At = 0; At < Count; ++At)
            SystemSends(Number++);
        Join(Workers, Count);
    }
    CHECK(ReceivedAll == Number);
    CheckNobodySlept();
    AppEnd();
}

/* One packet at a time in each direction, so that each of them must wake somebody. */
static void
OneAtATime(void)
{
    WORKER Receiver = {.How = (WAITING)SimScheduleRandom(2)}, Sender = {.Number = 1};
    SentBytesMax = ReceivedBytesMax = SMALL_BYTES; /* all fit the ring together */
    SimEdgeSetReceive(Stages[0].Edge, Arrived, NULL);
    AppBegin();
    Start(&Receiver, ReceiverMain);
    for (unsigned Round = 1; Round <= 10; ++Round)
    {
        CHECK(AllocateNext(&Sender, 1, FALSE) == 1);
        SendAll(&Sender);
        SystemSends(Round);
        WaitUntilPassed("a packet to the system", &ArrivedAll, Round);
        WaitUntilPassed("a packet from the system", &ReceivedAll, Round);
    }
    CheckNobodySlept();
    WintunEndSession(Session);
    Join(&Receiver, 1);
    AppEnd();
}

static void
SetCancel(void)
{
    ++Cancels;
    SetEvent(Cancel);
}

/* With nothing to do, a wait takes as long as it was to, or until one is cancelled. */
static void
TimeOutAndCancel(void)
{
    NDIS_ADAPTER *Adapter = SimEdgeAdapter(Stages[0].Edge);
    WORKER Workers[4];
    unsigned Waits = 0;
    CHECK(NdisEdgePause(Adapter) == STATUS_SUCCESS);
    SentBytesMax = LARGE_BYTES;
    AppBegin();
    for (unsigned At = 0; At < 4; ++At)
    {
        Workers[At] = (WORKER){.Number = At,
                               .How = ByTimedCall,
                               .Milliseconds = 10 + At,
                               .MayTimeOut = TRUE,
                               .Blind = TRUE};
        Start(&Workers[At], At % 2 == 0 ? ReceiverMain : SenderMain);
    }
    SimSleep(5);
    SetCancel(); /* one of them */
    Join(Workers, 4);
    CHECK(Aborted == 1);
    for (unsigned At = 0; At < 4; ++At)
        Waits = max(Waits, (10 + At) * Workers[At].TimeOuts);
    ULONG64 Time = SimScheduleResult().Time - Began;
    CHECK(Waits == 13 * TIME_OUTS && Time >= (ULONG64)Waits * UNITS_A_MS);
    CHECK(Time < (ULONG64)(Waits + 10) * UNITS_A_MS + BUSY_UNITS);
    CHECK(NdisEdgeRestart(Adapter) == STATUS_SUCCESS);
    AppEnd();
}

/* ---- Scenarios of ends --------------------------------------------------------------------------
 */

static void
EnderMain(void *Unused)
{
    (void)Unused;
    WintunEndSession(Session);
}

static void
CancellerMain(void *Unused)
{
    (void)Unused;
    SimSleep(SimScheduleRandom(2));
    SetCancel();
}

/* Two threads receive and two send while the session ends, by another thread, or by the removal of
 * the adapter, or by two at once; each finds ERROR_HANDLE_EOF. If Paused, nobody makes room. */
static void
EndUnder(BOOLEAN Removal, BOOLEAN Paused)
{
    SENDER System = {.Number = 1, .Lists = 6, .PacketsEach = 2, .BytesMax = SMALL_BYTES};
    SIM_THREAD *Ender = NULL;
    WORKER Workers[4];
    if (Paused)
        CHECK(NdisEdgePause(SimEdgeAdapter(Stages[0].Edge)) == STATUS_SUCCESS);
    SentBytesMax = LARGE_BYTES;
    AppBegin();
    for (unsigned At = 0; At < 4; ++At)
    {
        Workers[At] = (WORKER){.Number = At,
                               .How = (WAITING)SimScheduleRandom(WaitingWays),
                               .Milliseconds = 1,
                               .MayTimeOut = TRUE,
                               .Blind = TRUE};
        Start(&Workers[At], At % 2 == 0 ? ReceiverMain : SenderMain);
    }
    SIM_THREAD *Canceller = SimThreadCreate(CancellerMain, NULL, "canceller");
    SenderStart(&System);
    SimSleep(SimScheduleRandom(2));
    if (SimScheduleRandom(2) != 0)
        Ender = SimThreadCreate(EnderMain, NULL, "ender");
    if (Removal)
    {
        MachinePnp(0, SimScheduleRandom(2) ? IRP_MN_SURPRISE_REMOVAL : IRP_MN_QUERY_REMOVE_DEVICE);
        MachineRemove(0, TRUE);
    }
    else
        WintunEndSession(Session);
    Join(Workers, 4);
    SimThreadJoin(Canceller);
    SimThreadJoin(System.Thread);
    if (Ender != NULL)
        SimThreadJoin(Ender);
    CHECK(Aborted <= 1);
    AppEnd();
    if (Paused)
        CHECK(NdisEdgeRestart(SimEdgeAdapter(Stages[0].Edge)) == STATUS_SUCCESS);
}

static void
EndUnderTraffic(void)
{
    EndUnder(FALSE, SimScheduleRandom(2) != 0);
}

static void
RemovalUnderTraffic(void)
{
    EndUnder(TRUE, FALSE);
}

const SCENARIO DllScenarios[] = {
    {.Name = "dll-receive", .Adapters = 1, .Points = 3100, .Run = ReceiveInAnyOrder},
    {.Name = "dll-send", .Adapters = 1, .Points = 2400, .Run = SendInAnyOrder},
    {.Name = "dll-one-at-a-time", .Adapters = 1, .Points = 2400, .Run = OneAtATime},
    {.Name = "dll-wait-for-packets", .Adapters = 1, .Points = 1300, .Run = WaitForPackets},
    {.Name = "dll-wait-for-room", .Adapters = 1, .Points = 1900, .Run = WaitForRoom},
    {.Name = "dll-time-out", .Adapters = 1, .Points = 1600, .Run = TimeOutAndCancel},
    {.Name = "dll-end", .Adapters = 1, .Points = 1300, .Run = EndUnderTraffic},
    {.Name = "dll-removal", .Adapters = 1, .Points = 2100, .Run = RemovalUnderTraffic},
};
const unsigned DllScenarioCount = ARRAYSIZE(DllScenarios);
