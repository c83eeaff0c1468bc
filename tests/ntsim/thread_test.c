/* SPDX-License-Identifier: MIT */
/*
 * Many threads at once: senders, an application that receives and sends, pauses, sessions that come
 * and go, OIDs. Of each sender the packets arrive in its order, none twice, and what is missing is
 * what was counted as dropped. Run with each sanitizer, and with disturbed scheduling.
 */
#include <pthread.h>
#include <sched.h>
#include <unistd.h>
#include "runner.h"

#define SENDERS             4
#define LISTS_EACH          400u
#define PACKETS_EACH_LIST   5u
#define APPLICATION_PACKETS 4000u
#define HEAD_BYTES          12 /* version, sender, number */

static APPLICATION App;
static volatile int Stop;
static volatile LONG64 Accepted; /* packets in lists that completed with success */

static void
Stamp(UCHAR *Packet, unsigned Sender, unsigned Number)
{
    Packet[0] = 0x45;
    Packet[1] = (UCHAR)Sender;
    memcpy(Packet + 4, &Number, sizeof(Number));
}

static void *
SenderMain(void *Context)
{
    unsigned Sender = (unsigned)(ULONG_PTR)Context, Number = 0;
    UCHAR Packet[1500];
    for (unsigned At = 0; At < LISTS_EACH; ++At)
    {
        PNET_BUFFER_LIST List = SimListCreate();
        for (unsigned Of = 0; Of < PACKETS_EACH_LIST; ++Of, ++Number)
        {
            ULONG Bytes = HEAD_BYTES + (Number * 37 + Sender * 11) % 1400;
            MakePacket(Packet, Bytes, 4, Number);
            Stamp(Packet, Sender, Number);
            SimListAdd(List, Packet, Bytes, NULL);
        }
        if (SimEdgeSend(WorldEdge, List) && List->Status == NDIS_STATUS_SUCCESS)
            InterlockedExchangeAdd64(&Accepted, PACKETS_EACH_LIST);
        SimListFree(List);
        if (At % 16 == 0)
            sched_yield();
    }
    return NULL;
}

typedef struct RECEIVER
{
    unsigned Next[SENDERS]; /* the least number that may come */
    unsigned Count;
    BOOLEAN Failed;
} RECEIVER;

static void
CheckOrder(RECEIVER *Receiver, const UCHAR *Packet, ULONG Bytes)
{
    unsigned Number;
    memcpy(&Number, Packet + 4, sizeof(Number));
    unsigned Sender = Packet[1];
    if (Sender >= SENDERS || Number < Receiver->Next[Sender] ||
        Bytes != HEAD_BYTES + (Number * 37 + Sender * 11) % 1400)
        Receiver->Failed = TRUE;
    else
        Receiver->Next[Sender] = Number + 1;
    Receiver->Count++;
}

static void *
ReceiverMain(void *Context)
{
    RECEIVER *Receiver = Context;
    UCHAR Packet[2000];
    for (;;)
    {
        ULONG Bytes = ApplicationReceiveWait(&App, Packet, sizeof(Packet), 20);
        if (Bytes != 0)
            CheckOrder(Receiver, Packet, Bytes);
        else if (__atomic_load_n(&Stop, __ATOMIC_ACQUIRE))
            return NULL;
    }
}

static void *
ApplicationMain(void *Context)
{
    UCHAR Packet[1500];
    BOOLEAN *Failed = Context;
    for (unsigned Number = 0; Number < APPLICATION_PACKETS; ++Number)
    {
        ULONG Bytes = HEAD_BYTES + Number * 53 % 1400;
        MakePacket(Packet, Bytes, 4, Number);
        Stamp(Packet, 0, Number);
        if (!ApplicationSendWait(&App, Packet, Bytes))
            *Failed = TRUE;
    }
    return NULL;
}

static unsigned Indicated; /* written by the session's thread alone */
static BOOLEAN OutOfOrder;
static BOOLEAN MayLose; /* NDIS returns at once what comes before the adapter runs again */

static void
CountIndicated(void *Context, const UCHAR *Packet, ULONG Bytes, USHORT EtherType)
{
    unsigned Number;
    (void)Context;
    memcpy(&Number, Packet + 4, sizeof(Number));
    if ((MayLose ? Number < Indicated : Number != Indicated) || EtherType != 0x0800 ||
        Bytes != HEAD_BYTES + Number * 53 % 1400)
        OutOfOrder = TRUE;
    Indicated = Number + 1;
}

static BOOLEAN
AllIndicated(void *Unused)
{
    (void)Unused;
    return WorldStatistics().ifHCInUcastPkts == APPLICATION_PACKETS;
}

/* Returns what is held, late. */
static void *
ReturnerMain(void *Unused)
{
    while (!__atomic_load_n(&Stop, __ATOMIC_ACQUIRE))
    {
        usleep(300);
        SimEdgeReturn(WorldEdge, 1 + (unsigned)(ULONG_PTR)pthread_self() % 64);
    }
    return Unused;
}

static void *
PauserMain(void *Unused)
{
    while (!__atomic_load_n(&Stop, __ATOMIC_ACQUIRE))
    {
        if (NdisEdgePause(SimEdgeAdapter(WorldEdge)) != STATUS_SUCCESS ||
            NdisEdgeRestart(SimEdgeAdapter(WorldEdge)) != STATUS_SUCCESS)
            abort();
        usleep(2000);
    }
    return Unused;
}

static void *
AskerMain(void *Unused)
{
    while (!__atomic_load_n(&Stop, __ATOMIC_ACQUIRE))
    {
        NDIS_STATISTICS_INFO Info;
        SimEdgeOid(WorldEdge, NdisRequestQueryInformation, OID_GEN_STATISTICS, &Info, sizeof(Info),
                   NULL, NULL);
        usleep(500);
    }
    return Unused;
}

/* Everything at once, with or without pauses. */
static void
Traffic(BOOLEAN Pauses, BOOLEAN Hold, unsigned Seed)
{
    pthread_t Senders[SENDERS], Receiving, Sending, Returner, Pauser, Asker;
    RECEIVER Receiver = {.Failed = FALSE};
    BOOLEAN Failed = FALSE;
    Stop = 0;
    Accepted = 0;
    Indicated = 0;
    OutOfOrder = FALSE;
    MayLose = Pauses;
    ApplicationOpen(&App, CULVERT_MIN_CAPACITY * 2);
    SimEdgeSetReceive(WorldEdge, CountIndicated, NULL);
    SimEdgeHold(WorldEdge, Hold);
    assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
    SimDisturb(Seed);
    pthread_create(&Receiving, NULL, ReceiverMain, &Receiver);
    pthread_create(&Sending, NULL, ApplicationMain, &Failed);
    pthread_create(&Returner, NULL, ReturnerMain, NULL);
    pthread_create(&Asker, NULL, AskerMain, NULL);
    if (Pauses)
        pthread_create(&Pauser, NULL, PauserMain, NULL);
    for (ULONG_PTR At = 0; At < SENDERS; ++At)
        pthread_create(&Senders[At], NULL, SenderMain, (void *)At);
    for (unsigned At = 0; At < SENDERS; ++At)
        pthread_join(Senders[At], NULL);
    pthread_join(Sending, NULL);
    BOOLEAN Complete = WaitUntil(AllIndicated, NULL);
    __atomic_store_n(&Stop, 1, __ATOMIC_RELEASE);
    if (Pauses)
    {
        SimEdgeHold(WorldEdge, FALSE);
        while (SimEdgeReturn(WorldEdge, 1000) != 0)
            ;
        pthread_join(Pauser, NULL);
    }
    pthread_join(Returner, NULL);
    pthread_join(Asker, NULL);
    pthread_join(Receiving, NULL);
    SimEdgeHold(WorldEdge, FALSE);
    while (SimEdgeReturn(WorldEdge, 1000) != 0)
        ;
    SimDisturb(0);
    assert_true(Complete);
    assert_false(Failed || OutOfOrder || Receiver.Failed);
    NDIS_STATISTICS_INFO Info = WorldStatistics();
    assert_true(Info.ifHCOutUcastPkts == Receiver.Count);
    assert_true(Info.ifHCInUcastPkts == APPLICATION_PACKETS);
    if (!Pauses)
        assert_true(Receiver.Count + Info.ifOutDiscards == (ULONG64)Accepted &&
                    Accepted == SENDERS * LISTS_EACH * PACKETS_EACH_LIST);
    assert_int_equal(ApplicationEnd(&App), STATUS_CANCELLED);
    ApplicationExit(&App);
}

static void
BothDirections(void **State)
{
    (void)State;
    Traffic(FALSE, FALSE, 0);
}

static void
BothDirectionsDisturbed(void **State)
{
    (void)State;
    Traffic(FALSE, TRUE, 11);
}

static void
BothDirectionsWithPauses(void **State)
{
    (void)State;
    Traffic(TRUE, TRUE, 12);
}

static void *
RandomSenderMain(void *Context)
{
    unsigned Sender = (unsigned)(ULONG_PTR)Context;
    UCHAR Packet[600];
    MakePacket(Packet, sizeof(Packet), 4, Sender);
    while (!__atomic_load_n(&Stop, __ATOMIC_ACQUIRE))
        SimEdgeSendPacket(WorldEdge, Packet, sizeof(Packet), NULL);
    return NULL;
}

/* Sessions begin and end under traffic and pauses, ended by cancellation, by the closed handle and
 * by a broken rule. */
static void
SessionsUnderTraffic(void **State)
{
    pthread_t Senders[2], Pauser, Asker;
    UCHAR Packet[500];
    (void)State;
    Stop = 0;
    SimDisturb(21);
    MakePacket(Packet, sizeof(Packet), 6, 1);
    for (ULONG_PTR At = 0; At < ARRAYSIZE(Senders); ++At)
        pthread_create(&Senders[At], NULL, RandomSenderMain, (void *)At);
    pthread_create(&Pauser, NULL, PauserMain, NULL);
    pthread_create(&Asker, NULL, AskerMain, NULL);
    for (unsigned Round = 0; Round < 60; ++Round)
    {
        ApplicationOpen(&App, CULVERT_MIN_CAPACITY);
        assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
        for (unsigned At = 0; At < 20; ++At)
            ApplicationSend(&App, Packet, sizeof(Packet));
        if (Round % 3 == 0)
            assert_int_equal(ApplicationEnd(&App), STATUS_CANCELLED);
        else if (Round % 3 == 1)
        {
            assert_int_equal(SimHandleClose(App.Process, App.File), STATUS_SUCCESS);
            assert_int_equal(ApplicationWaitEnd(&App), STATUS_CANCELLED);
        }
        else
        {
            AtomicWriteRelease(&App.Memory->Send.Tail, App.Out.Tail + 8);
            KeSetEvent(App.SendEvent, 0, FALSE);
            assert_int_equal(ApplicationWaitEnd(&App), STATUS_DATA_ERROR);
        }
        ApplicationExit(&App);
    }
    __atomic_store_n(&Stop, 1, __ATOMIC_RELEASE);
    pthread_join(Pauser, NULL);
    pthread_join(Asker, NULL);
    for (unsigned At = 0; At < ARRAYSIZE(Senders); ++At)
        pthread_join(Senders[At], NULL);
    SimDisturb(0);
}

static void *
RacerMain(void *Context)
{
    APPLICATION Racer;
    unsigned *Won = Context;
    ApplicationOpen(&Racer, CULVERT_MIN_CAPACITY);
    for (unsigned Round = 0; Round < 60; ++Round)
    {
        NTSTATUS Status = ApplicationStart(&Racer);
        if (Status == STATUS_PENDING)
        {
            ++*Won;
            if (ApplicationEnd(&Racer) != STATUS_CANCELLED)
                abort();
        }
        else if (Status != STATUS_SHARING_VIOLATION)
            abort();
    }
    ApplicationExit(&Racer);
    return NULL;
}

static void
ApplicationsRaceForTheAdapter(void **State)
{
    pthread_t Racers[3];
    unsigned Won[3] = {0};
    (void)State;
    SimDisturb(31);
    for (unsigned At = 0; At < ARRAYSIZE(Racers); ++At)
        pthread_create(&Racers[At], NULL, RacerMain, &Won[At]);
    for (unsigned At = 0; At < ARRAYSIZE(Racers); ++At)
        pthread_join(Racers[At], NULL);
    SimDisturb(0);
    SIM_LINK Link = SimEdgeLink(WorldEdge);
    assert_int_equal(Link.Connects, Won[0] + Won[1] + Won[2]);
    assert_int_equal(Link.State, MediaConnectStateDisconnected);
}

static void *
RemoverMain(void *Unused)
{
    usleep(3000);
    if (SimDevicePnp(WorldDevice, IRP_MN_SURPRISE_REMOVAL) != STATUS_SUCCESS)
        abort();
    return Unused;
}

/* The adapter goes away while an application starts and ends sessions on it. */
static void
RemovalRacesWithSessions(void **State)
{
    (void)State;
    for (unsigned Round = 0; Round < 20; ++Round)
    {
        pthread_t Remover;
        NTSTATUS Status;
        ApplicationOpen(&App, CULVERT_MIN_CAPACITY);
        SimDisturb(41 + Round);
        pthread_create(&Remover, NULL, RemoverMain, NULL);
        do
        {
            Status = ApplicationStart(&App);
            if (Status == STATUS_PENDING)
            {
                NTSTATUS End = ApplicationEnd(&App);
                assert_true(End == STATUS_CANCELLED || End == STATUS_DEVICE_REMOVED);
            }
        } while (Status == STATUS_PENDING);
        assert_true(Status == STATUS_DEVICE_REMOVED || Status == STATUS_DEVICE_NOT_READY);
        pthread_join(Remover, NULL);
        SimDisturb(0);
        ApplicationExit(&App);
        WorldDown();
        assert_true(WorldTryUp());
    }
}

/* ---- Bursts that overlap ------------------------------------------------------------------------
 */

#define OVERLAPPING 200u

/* How many bursts each sender has begun. They are kept where they have reserved their room: the
 * first one until all others are done, of the two others one until the other has begun its next. */
static volatile unsigned Begun[3];
static volatile int Released;
static _Thread_local unsigned Role, Reserving;

static void
WaitForBursts(unsigned Sender, unsigned Bursts)
{
    while (__atomic_load_n(&Begun[Sender], __ATOMIC_ACQUIRE) < min(Bursts, OVERLAPPING))
        sched_yield();
}

static void
KeepBurst(const char *What)
{
    if (!Reserving || strcmp(What, "KeReleaseSpinLockFromDpcLevel") != 0)
        return;
    Reserving = 0;
    unsigned Bursts = __atomic_add_fetch(&Begun[Role], 1, __ATOMIC_ACQ_REL);
    if (Role == 1)
        WaitForBursts(2, Bursts);
    else if (Role == 2)
        WaitForBursts(1, Bursts + 1);
    else
    {
        while (!__atomic_load_n(&Released, __ATOMIC_ACQUIRE))
            sched_yield();
    }
}

static void *
OverlappingMain(void *Context)
{
    UCHAR Packet[100];
    Role = (unsigned)(ULONG_PTR)Context;
    MakePacket(Packet, sizeof(Packet), 4, Role);
    if (Role == 2)
        WaitForBursts(1, 1);
    for (unsigned At = 0; At < (Role == 0 ? 1 : OVERLAPPING); ++At)
    {
        Reserving = 1;
        if (SimEdgeSendPacket(WorldEdge, Packet, sizeof(Packet), NULL) != NDIS_STATUS_SUCCESS)
            abort();
        if (Reserving) /* it was dropped without having begun; nobody is to wait for it */
            __atomic_add_fetch(&Begun[Role], 1, __ATOMIC_ACQ_REL);
    }
    return NULL;
}

/* While the oldest burst is not copied, two processors make burst after burst, at least one of them
 * always busy with one. None of these may be lost, however many they are. */
static void
BurstsThatOverlap(void **State)
{
    pthread_t Senders[3];
    UCHAR Got[100];
    (void)State;
    ApplicationOpen(&App, CULVERT_MIN_CAPACITY);
    assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
    SimPointHook(KeepBurst);
    pthread_create(&Senders[0], NULL, OverlappingMain, NULL);
    while (__atomic_load_n(&Begun[0], __ATOMIC_ACQUIRE) == 0)
        sched_yield();
    for (ULONG_PTR At = 1; At < ARRAYSIZE(Senders); ++At)
        pthread_create(&Senders[At], NULL, OverlappingMain, (void *)At);
    pthread_join(Senders[1], NULL);
    pthread_join(Senders[2], NULL);
    assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), 0); /* in the order of the ring */
    __atomic_store_n(&Released, 1, __ATOMIC_RELEASE);
    pthread_join(Senders[0], NULL);
    SimPointHook(NULL);
    assert_int_equal(WorldStatistics().ifOutDiscards, 0);
    for (unsigned At = 0; At < 1 + 2 * OVERLAPPING; ++At)
        assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), sizeof(Got));
    assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), 0);
    ApplicationExit(&App);
}

void
RunThreadTests(void)
{
    static const struct CMUnitTest thread_tests[] = {
        WORLD_TEST(BothDirections),
        WORLD_TEST(BothDirectionsDisturbed),
        WORLD_TEST(BothDirectionsWithPauses),
        WORLD_TEST(SessionsUnderTraffic),
        WORLD_TEST(ApplicationsRaceForTheAdapter),
        WORLD_TEST(RemovalRacesWithSessions),
        WORLD_TEST(BurstsThatOverlap),
    };
    RUN_TESTS("thread", thread_tests);
}
