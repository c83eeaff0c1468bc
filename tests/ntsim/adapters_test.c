/* SPDX-License-Identifier: MIT */
/* Two adapters of the driver at once: what happens to the one is nothing to the other. */
#include <pthread.h>
#include <unistd.h>
#include "runner.h"

#define SECOND_GUID   L"{8A6E1D02-77C4-4C1B-8E5D-90AB12CD34EF}"
#define SECOND_DEVICE CULVERT_DEVICE_LINK_PREFIX SECOND_GUID
#define SECOND_KEY    L"\\Class\\{4d36e972-e325-11ce-bfc1-08002be10318}\\0002"

static SIM_DEVICE *SecondDevice;
static SIM_EDGE *SecondEdge;
static APPLICATION First, Second;
static UCHAR Packet[2000], Got[2000];
static volatile int Stop;

static void
SecondUp(void)
{
    static const WCHAR Guid[] = SECOND_GUID;
    SimRegistrySet(SECOND_KEY, L"NetCfgInstanceId", REG_SZ, Guid, sizeof(Guid));
    SecondDevice = SimDeviceAdd(SECOND_KEY);
    assert_non_null(SecondDevice);
    assert_int_equal(SimDevicePnp(SecondDevice, IRP_MN_START_DEVICE), STATUS_SUCCESS);
    SecondEdge = SimEdge();
    assert_ptr_not_equal(SecondEdge, WorldEdge);
}

static void
SecondDown(void)
{
    assert_int_equal(SimDevicePnp(SecondDevice, IRP_MN_REMOVE_DEVICE), STATUS_SUCCESS);
    SimDeviceDelete(SecondDevice);
}

static void
Begin(void)
{
    SecondUp();
    ApplicationOpen(&First, WORLD_CAPACITY);
    assert_int_equal(ApplicationStart(&First), STATUS_PENDING);
    assert_int_equal(ApplicationTryOpenDevice(&Second, WORLD_CAPACITY * 2, SECOND_DEVICE),
                     STATUS_SUCCESS);
    assert_int_equal(ApplicationStart(&Second), STATUS_PENDING);
}

/* A packet each way over one adapter, and none at the other. */
static void
CheckTraffic(APPLICATION *Application, SIM_EDGE *Edge, unsigned Seed)
{
    APPLICATION *Other = Application == &First ? &Second : &First;
    SIM_EDGE *OtherEdge = Edge == WorldEdge ? SecondEdge : WorldEdge;
    ULONG Bytes = 500 + Seed;
    MakePacket(Packet, Bytes, 4, Seed);
    assert_true(ApplicationSend(Application, Packet, Bytes));
    assert_int_equal(SimEdgeTake(Edge, Got, sizeof(Got), 5000), Bytes);
    assert_true(IsPacket(Got, Bytes, 4, Seed));
    assert_int_equal(SimEdgeTake(OtherEdge, Got, sizeof(Got), 0), 0);
    assert_int_equal(SimEdgeSendPacket(Edge, Packet, Bytes, NULL), NDIS_STATUS_SUCCESS);
    assert_int_equal(ApplicationReceive(Application, Got, sizeof(Got)), Bytes);
    assert_true(IsPacket(Got, Bytes, 4, Seed));
    assert_int_equal(ApplicationReceive(Other, Got, sizeof(Got)), 0);
}

static void
SessionsOnBoth(void **State)
{
    (void)State;
    Begin();
    for (unsigned Round = 0; Round < 50; ++Round)
    {
        CheckTraffic(&First, WorldEdge, Round);
        CheckTraffic(&Second, SecondEdge, Round + 50);
    }
    /* The end of one session, and a paused adapter, are nothing to the other. */
    assert_int_equal(ApplicationEnd(&Second), STATUS_CANCELLED);
    assert_int_equal(SimEdgeLink(WorldEdge).State, MediaConnectStateConnected);
    assert_int_equal(SimEdgeLink(SecondEdge).State, MediaConnectStateDisconnected);
    CheckTraffic(&First, WorldEdge, 1);
    assert_int_equal(ApplicationStart(&Second), STATUS_PENDING);
    assert_int_equal(NdisEdgePause(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    CheckTraffic(&Second, SecondEdge, 2);
    assert_int_equal(NdisEdgeRestart(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    CheckTraffic(&First, WorldEdge, 3);
    ApplicationExit(&Second);
    ApplicationExit(&First);
    SecondDown();
}

typedef struct STREAM
{
    pthread_t Thread;
    APPLICATION *Application;
    SIM_EDGE *Edge;
    volatile LONG Count;
    BOOLEAN Failed;
} STREAM;

/* Packets both ways, none lost, until told to stop. */
static void *
StreamMain(void *Context)
{
    STREAM *Stream = Context;
    UCHAR Out[1000], In[1000];
    SimProcessEnter(Stream->Application->Process);
    while (!Stream->Failed && !__atomic_load_n(&Stop, __ATOMIC_ACQUIRE))
    {
        unsigned Seed = (unsigned)InterlockedIncrement(&Stream->Count);
        MakePacket(Out, sizeof(Out), 6, Seed);
        Stream->Failed =
            !ApplicationSend(Stream->Application, Out, sizeof(Out)) ||
            SimEdgeTake(Stream->Edge, In, sizeof(In), 5000) != sizeof(In) ||
            !IsPacket(In, sizeof(In), 6, Seed) ||
            SimEdgeSendPacket(Stream->Edge, Out, sizeof(Out), NULL) != NDIS_STATUS_SUCCESS ||
            ApplicationReceive(Stream->Application, In, sizeof(In)) != sizeof(In) ||
            !IsPacket(In, sizeof(In), 6, Seed);
    }
    return NULL;
}

#define ROUND_PACKETS 10

static LONG Wanted;

static BOOLEAN
HasCarried(void *Context)
{
    return ReadNoFence(&((STREAM *)Context)->Count) >= Wanted;
}

/* The second one comes and goes, in each way, while the first one carries packets. */
static void
OneGoesWhileTheOtherCarries(void **State)
{
    STREAM Stream = {.Application = &First, .Edge = WorldEdge};
    (void)State;
    Stop = 0;
    ApplicationOpen(&First, WORLD_CAPACITY);
    assert_int_equal(ApplicationStart(&First), STATUS_PENDING);
    assert_int_equal(pthread_create(&Stream.Thread, NULL, StreamMain, &Stream), 0);
    for (unsigned Round = 0; Round < 12; ++Round)
    {
        SecondUp();
        assert_int_equal(ApplicationTryOpenDevice(&Second, WORLD_CAPACITY, SECOND_DEVICE),
                         STATUS_SUCCESS);
        assert_int_equal(ApplicationStart(&Second), STATUS_PENDING);
        MakePacket(Packet, 700, 4, Round);
        for (unsigned At = 0; At < 30; ++At)
        {
            ApplicationSend(&Second, Packet, 700);
            SimEdgeSendPacket(SecondEdge, Packet, 700, NULL);
        }
        Wanted = ReadNoFence(&Stream.Count) + ROUND_PACKETS;
        assert_true(WaitUntil(HasCarried, &Stream));
        if (Round % 3 == 0)
            assert_int_equal(SimDevicePnp(SecondDevice, IRP_MN_SURPRISE_REMOVAL), STATUS_SUCCESS);
        else if (Round % 3 == 1)
            assert_int_equal(SimDevicePnp(SecondDevice, IRP_MN_STOP_DEVICE), STATUS_SUCCESS);
        SecondDown();
        assert_int_equal(ApplicationWaitEnd(&Second), STATUS_DEVICE_REMOVED);
        ApplicationExit(&Second);
    }
    __atomic_store_n(&Stop, 1, __ATOMIC_RELEASE);
    pthread_join(Stream.Thread, NULL);
    assert_false(Stream.Failed);
    assert_int_equal(WorldStatistics().ifHCInUcastPkts, Stream.Count);
    assert_int_equal(WorldStatistics().ifHCOutUcastPkts, Stream.Count);
    assert_int_equal(WorldStatistics().ifOutDiscards + WorldStatistics().ifInDiscards, 0);
    SimProcessEnter(First.Process);
    ApplicationExit(&First);
}

/* The same GUID a second time: its device object's name is taken, so it does not start. */
static void
TheSameGuidTwice(void **State)
{
    static const WCHAR Guid[] = WORLD_GUID;
    (void)State;
    ApplicationOpen(&First, WORLD_CAPACITY);
    assert_int_equal(ApplicationStart(&First), STATUS_PENDING);
    SimRegistrySet(SECOND_KEY, L"NetCfgInstanceId", REG_SZ, Guid, sizeof(Guid));
    SecondDevice = SimDeviceAdd(SECOND_KEY);
    assert_non_null(SecondDevice);
    assert_false(NT_SUCCESS(SimDevicePnp(SecondDevice, IRP_MN_START_DEVICE)));
    SecondDown();
    MakePacket(Packet, 100, 4, 1);
    assert_true(ApplicationSend(&First, Packet, 100));
    assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), 100);
    ApplicationExit(&First);
}

void
RunAdaptersTests(void)
{
    static const struct CMUnitTest adapters_tests[] = {
        WORLD_TEST(SessionsOnBoth),
        WORLD_TEST(OneGoesWhileTheOtherCarries),
        WORLD_TEST(TheSameGuidTwice),
    };
    RUN_TESTS("adapters", adapters_tests);
}
