/* SPDX-License-Identifier: MIT */
/*
 * The session functions that the DLL exports, on the driver: the same sources as in culvert.dll, in
 * one process with the driver's. What each promises is in include/wintun.h.
 */
#include <pthread.h>
#include <unistd.h>
#include "runner.h"
#include "../../ntsim/win32/process.h"

static UCHAR Packet[CULVERT_MAX_PACKET];

static int
DllSetup(void **State)
{
    if (WorldSetup(State) != 0)
        return -1;
    SimWin32Begin(WORLD_DEVICE_LINK);
    return 0;
}

static int
DllTeardown(void **State)
{
    SimWin32End();
    return WorldTeardown(State);
}

static WINTUN_SESSION_HANDLE
Start(DWORD Capacity)
{
    WINTUN_SESSION_HANDLE Session = WintunStartSession(SimWin32Adapter(), Capacity);
    assert_non_null(Session);
    return Session;
}

static void
ExpectNone(WINTUN_SESSION_HANDLE Session, DWORD Error)
{
    DWORD Size;
    SetLastError(ERROR_SUCCESS);
    assert_null(WintunReceivePacket(Session, &Size));
    assert_int_equal(GetLastError(), Error);
}

/* The packet of the driver's that is next, which must be this one. */
static BYTE *
Receive(WINTUN_SESSION_HANDLE Session, ULONG Bytes, unsigned Seed)
{
    DWORD Size = 0;
    BYTE *Got = WintunReceivePacket(Session, &Size);
    assert_non_null(Got);
    assert_int_equal(Size, Bytes);
    assert_true(IsPacket(Got, Bytes, 4, Seed));
    return Got;
}

static void
FromSystem(ULONG Bytes, unsigned Seed)
{
    MakePacket(Packet, Bytes, 4, Seed);
    assert_int_equal(SimEdgeSendPacket(WorldEdge, Packet, Bytes, NULL), NDIS_STATUS_SUCCESS);
}

static void
ToSystem(ULONG Bytes, unsigned Seed)
{
    static UCHAR Got[CULVERT_MAX_PACKET];
    assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), Bytes);
    assert_true(IsPacket(Got, Bytes, 4, Seed));
}

static void
BothWays(void **State)
{
    static const ULONG Sizes[] = {1, 15, 16, 17, 64, 576, 1400, 2048, 2049, 9000, 65535};
    (void)State;
    WINTUN_SESSION_HANDLE Session = Start(CULVERT_MIN_CAPACITY);
    ExpectNone(Session, ERROR_NO_MORE_ITEMS);
    for (unsigned At = 0; At < ARRAYSIZE(Sizes); ++At)
    {
        FromSystem(Sizes[At], At);
        assert_int_equal(WaitForSingleObject(WintunGetReadWaitEvent(Session), 0), WAIT_OBJECT_0);
        WintunReleaseReceivePacket(Session, Receive(Session, Sizes[At], At));
        ExpectNone(Session, ERROR_NO_MORE_ITEMS);

        BYTE *Sent = WintunAllocateSendPacket(Session, Sizes[At]);
        assert_non_null(Sent);
        MakePacket(Sent, Sizes[At], 4, At);
        WintunSendPacket(Session, Sent);
        ToSystem(Sizes[At], At);
    }
    WintunEndSession(Session);
    assert_int_equal(SimEdgeLink(WorldEdge).State, MediaConnectStateDisconnected);
}

/* As many packets of Bytes bytes as fit into the receive ring. */
static unsigned
Fill(ULONG Bytes)
{
    ULONG64 Before = WorldStatistics().ifOutDiscards;
    unsigned Count = 0;
    for (;; ++Count)
    {
        FromSystem(Bytes, Count);
        if (WorldStatistics().ifOutDiscards != Before)
            return Count;
    }
}

/* Room comes back with the oldest packet, and then all of it, whatever the order was. */
static void
ReleasesInAnyOrder(void **State)
{
    static BYTE *Got[1000];
    (void)State;
    WINTUN_SESSION_HANDLE Session = Start(CULVERT_MIN_CAPACITY);
    unsigned Count = Fill(1000);
    assert_int_equal(Count, CULVERT_MIN_CAPACITY / CULVERT_SLOT_BYTES(1000));
    for (unsigned Step = 1; Step < 8; Step += 2) /* coprime with a power of two */
    {
        for (unsigned At = 0; At < Count; ++At)
            Got[At] = Receive(Session, 1000, At);
        ExpectNone(Session, ERROR_NO_MORE_ITEMS);
        for (unsigned At = Count - 1; At > 0; --At)
            WintunReleaseReceivePacket(Session, Got[At * Step % Count]);
        assert_int_equal(Fill(1000), 0); /* all wait for the oldest */
        WintunReleaseReceivePacket(Session, Got[0]);
        assert_int_equal(Fill(1000), Count);
    }
    WintunEndSession(Session);
}

/* Nothing is sent before what was allocated before it, whatever the order of sending. */
static void
SendsInOrderOfAllocation(void **State)
{
    enum
    {
        Count = 97
    };
    BYTE *Sent[Count];
    (void)State;
    WINTUN_SESSION_HANDLE Session = Start(CULVERT_MIN_CAPACITY);
    for (unsigned At = 0; At < Count; ++At)
    {
        Sent[At] = WintunAllocateSendPacket(Session, 100 + At);
        assert_non_null(Sent[At]);
    }
    for (unsigned At = 1; At < Count; ++At)
    {
        unsigned Index = At * 5 % Count;
        MakePacket(Sent[Index], 100 + Index, 4, Index);
        WintunSendPacket(Session, Sent[Index]);
    }
    assert_int_equal(SimEdgeTake(WorldEdge, Packet, sizeof(Packet), 20), 0);
    MakePacket(Sent[0], 100, 4, 0);
    WintunSendPacket(Session, Sent[0]);
    for (unsigned At = 0; At < Count; ++At)
        ToSystem(100 + At, At);
    WintunEndSession(Session);
}

/* A full ring says so, and takes packets again as soon as the driver has taken some. */
static void
FullSendRing(void **State)
{
    unsigned Count = 0;
    (void)State;
    WINTUN_SESSION_HANDLE Session = Start(CULVERT_MIN_CAPACITY);
    assert_int_equal(NdisEdgePause(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    for (BYTE *Sent; (Sent = WintunAllocateSendPacket(Session, 1000)) != NULL; ++Count)
    {
        MakePacket(Sent, 1000, 4, Count);
        WintunSendPacket(Session, Sent);
    }
    assert_int_equal(GetLastError(), ERROR_BUFFER_OVERFLOW);
    assert_int_equal(Count, CULVERT_MIN_CAPACITY / CULVERT_SLOT_BYTES(1000));
    assert_int_equal(NdisEdgeRestart(SimEdgeAdapter(WorldEdge)), STATUS_SUCCESS);
    BYTE *Sent = NULL;
    for (unsigned Turn = 0; Turn < 5000 && Sent == NULL; ++Turn)
    {
        usleep(1000);
        Sent = WintunAllocateSendPacket(Session, 1000);
    }
    assert_non_null(Sent);
    WintunEndSession(Session); /* with a packet that is never sent */
}

static void
RefusesWrongArguments(void **State)
{
    static const DWORD Capacities[] = {0, 1, CULVERT_MIN_CAPACITY - 1, CULVERT_MIN_CAPACITY + 1,
                                       CULVERT_MAX_CAPACITY * 2};
    static struct
    {
        unsigned char Bytes[64];
    } NoSession;
    (void)State;
    for (unsigned At = 0; At < ARRAYSIZE(Capacities); ++At)
    {
        assert_null(WintunStartSession(SimWin32Adapter(), Capacities[At]));
        assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
        assert_int_equal(SimWin32LogLines(), At + 1);
    }
    assert_null(WintunStartSession(NULL, CULVERT_MIN_CAPACITY));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);

    void *const Wrong[] = {NULL, (void *)1, (void *)0xFFFF, &NoSession, &NoSession.Bytes[1]};
    WINTUN_SESSION_HANDLE Session = Start(CULVERT_MIN_CAPACITY);
    for (unsigned At = 0; At < ARRAYSIZE(Wrong); ++At)
    {
        ExpectNone(Wrong[At], ERROR_INVALID_PARAMETER);
        assert_null(WintunAllocateSendPacket(Wrong[At], 100));
        assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
        assert_null(WintunGetReadWaitEvent(Wrong[At]));
        WintunReleaseReceivePacket(Wrong[At], Packet);
        WintunSendPacket(Wrong[At], Packet);
        WintunEndSession(Wrong[At]);
    }
    assert_null(WintunReceivePacket(Session, NULL));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    static const DWORD Sizes[] = {0, CULVERT_MAX_PACKET + 1, 0xFFFFFFFF};
    for (unsigned At = 0; At < ARRAYSIZE(Sizes); ++At)
    {
        SetLastError(ERROR_SUCCESS);
        assert_null(WintunAllocateSendPacket(Session, Sizes[At]));
        assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    }

    /* Packets that are none, or no longer: ignored. */
    FromSystem(500, 1);
    FromSystem(500, 2);
    BYTE *First = Receive(Session, 500, 1), *Second = Receive(Session, 500, 2);
    BYTE *const Strange[] = {NULL, Packet, First + 1, First + 16, First - 16, Second + 0x1000000};
    for (unsigned At = 0; At < ARRAYSIZE(Strange); ++At)
    {
        WintunReleaseReceivePacket(Session, Strange[At]);
        WintunSendPacket(Session, Strange[At]);
    }
    WintunSendPacket(Session, First);
    WintunReleaseReceivePacket(Session, First);
    WintunReleaseReceivePacket(Session, First);
    WintunReleaseReceivePacket(Session, Second);
    assert_int_equal(Fill(1000), CULVERT_MIN_CAPACITY / CULVERT_SLOT_BYTES(1000));
    WintunEndSession(Session);
}

static void
OneSessionAtATime(void **State)
{
    (void)State;
    for (unsigned Round = 0; Round < 40; ++Round) /* more than ended ones are kept */
    {
        WINTUN_SESSION_HANDLE Session = Start(CULVERT_MIN_CAPACITY);
        assert_null(WintunStartSession(SimWin32Adapter(), CULVERT_MIN_CAPACITY));
        assert_int_equal(GetLastError(), ERROR_SHARING_VIOLATION);
        FromSystem(100, Round);
        BYTE *Got = Receive(Session, 100, Round);
        WintunEndSession(Session);
        /* Whoever comes late finds the end, not a crash. */
        WintunReleaseReceivePacket(Session, Got);
        ExpectNone(Session, ERROR_HANDLE_EOF);
        assert_null(WintunAllocateSendPacket(Session, 100));
        assert_int_equal(GetLastError(), ERROR_HANDLE_EOF);
        WintunEndSession(Session);
    }
}

static void
NoDevice(void **State)
{
    (void)State;
    WorldDown();
    assert_null(WintunStartSession(SimWin32Adapter(), CULVERT_MIN_CAPACITY));
    assert_int_equal(GetLastError(), ERROR_FILE_NOT_FOUND);
    assert_int_equal(SimWin32LogError(), ERROR_FILE_NOT_FOUND);
    assert_true(WorldTryUp());
}

static BOOLEAN
EndIsLogged(void *Error)
{
    return SimWin32LogError() == *(DWORD *)Error;
}

/* The adapter goes away under a session: its end, and no more of it. */
static void
AdapterRemoved(void **State)
{
    (void)State;
    WINTUN_SESSION_HANDLE Session = Start(CULVERT_MIN_CAPACITY);
    assert_int_equal(SimDevicePnp(WorldDevice, IRP_MN_SURPRISE_REMOVAL), STATUS_SUCCESS);
    assert_int_equal(WaitForSingleObject(WintunGetReadWaitEvent(Session), 5000), WAIT_OBJECT_0);
    ExpectNone(Session, ERROR_HANDLE_EOF);
    assert_null(WintunAllocateSendPacket(Session, 100));
    assert_int_equal(GetLastError(), ERROR_HANDLE_EOF);
    DWORD Removed = ERROR_DEVICE_REMOVED;
    assert_true(WaitUntil(EndIsLogged, &Removed));
    WintunEndSession(Session);
    assert_int_equal(SimDevicePnp(WorldDevice, IRP_MN_REMOVE_DEVICE), STATUS_SUCCESS);
    SimDeviceDelete(WorldDevice);
    WorldDevice = NULL;
    assert_true(SimDriverUnload());
}

/* An application that writes before its packet loses its session, and nothing else. */
static void
OverwrittenHeader(void **State)
{
    (void)State;
    for (unsigned Round = 0; Round < 2; ++Round)
    {
        WINTUN_SESSION_HANDLE Session = Start(CULVERT_MIN_CAPACITY);
        BYTE *First = WintunAllocateSendPacket(Session, 100);
        BYTE *Second = WintunAllocateSendPacket(Session, 100);
        MakePacket(First, 100, 4, 1);
        memset(Second - sizeof(CULVERT_SLOT), Round == 0 ? 0xFF : 0, sizeof(uint32_t));
        WintunSendPacket(Session, First);
        ToSystem(100, 1);
        WintunSendPacket(Session, Second);
        assert_int_equal(WaitForSingleObject(WintunGetReadWaitEvent(Session), 5000), WAIT_OBJECT_0);
        ExpectNone(Session, ERROR_HANDLE_EOF);
        assert_null(WintunAllocateSendPacket(Session, 100));
        assert_int_equal(GetLastError(), ERROR_HANDLE_EOF);
        DWORD Broken = ERROR_CRC;
        assert_true(WaitUntil(EndIsLogged, &Broken));
        WintunEndSession(Session);
    }
}

/* Each call that can fail does: the session is refused with an error, and nothing is left. */
static void
FailsToStart(void **State)
{
    (void)State;
    for (unsigned Nth = 1;; ++Nth)
    {
        SetLastError(ERROR_SUCCESS);
        SimFaultArm(Nth);
        WINTUN_SESSION_HANDLE Session = WintunStartSession(SimWin32Adapter(), CULVERT_MIN_CAPACITY);
        unsigned Calls = SimFaultDisarm();
        assert_true((Session == NULL) == (SimFaultHit() != NULL));
        if (Session == NULL)
        {
            assert_int_not_equal(GetLastError(), ERROR_SUCCESS);
            continue;
        }
        WintunEndSession(Session);
        print_message("# WintunStartSession: %u calls that can fail, each failed once\n", Calls);
        assert_int_equal(Calls, 15);
        break;
    }
}

#define DLL_TEST(Name) cmocka_unit_test_setup_teardown(Name, DllSetup, DllTeardown)

void
RunDllTests(void)
{
    static const struct CMUnitTest dll_tests[] = {
        DLL_TEST(BothWays),     DLL_TEST(ReleasesInAnyOrder),    DLL_TEST(SendsInOrderOfAllocation),
        DLL_TEST(FullSendRing), DLL_TEST(RefusesWrongArguments), DLL_TEST(OneSessionAtATime),
        DLL_TEST(NoDevice),     DLL_TEST(AdapterRemoved),        DLL_TEST(OverwrittenHeader),
        DLL_TEST(FailsToStart),
    };
    RUN_TESTS("dll", dll_tests);
}
