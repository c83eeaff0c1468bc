/* SPDX-License-Identifier: MIT */
/* The beginning and the end of sessions: every refusal of contract/session.h, every end. */
#include <pthread.h>
#include "runner.h"

/* A working session passes a packet each way. */
static void
CheckTraffic(APPLICATION *Application)
{
    UCHAR Packet[1400], Got[1400];
    MakePacket(Packet, sizeof(Packet), 4, 9);
    assert_true(ApplicationSend(Application, Packet, sizeof(Packet)));
    assert_int_equal(SimEdgeTake(WorldEdge, Got, sizeof(Got), 5000), sizeof(Packet));
    assert_memory_equal(Packet, Got, sizeof(Packet));
    assert_int_equal(SimEdgeSendPacket(WorldEdge, Packet, sizeof(Packet), NULL),
                     NDIS_STATUS_SUCCESS);
    memset(Got, 0, sizeof(Got));
    assert_int_equal(ApplicationReceiveWait(Application, Got, sizeof(Got), 5000), sizeof(Packet));
    assert_memory_equal(Packet, Got, sizeof(Packet));
}

/* Of a name below the device's the I/O manager does not check who opens it. */
static void
NamesBelowTheDevice(void **State)
{
    HANDLE File;
    APPLICATION Application;
    (void)State;
    ApplicationOpen(&Application, WORLD_CAPACITY);
    assert_int_equal(SimFileOpen(WORLD_DEVICE L"\\", FILE_READ_DATA, &File),
                     STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(SimFileOpen(WORLD_DEVICE_LINK L"\\session", FILE_READ_DATA, &File),
                     STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(SimFileOpen(WORLD_DEVICE, FILE_READ_DATA, &File), STATUS_SUCCESS);
    ApplicationExit(&Application);
}

static void
StartsAndEnds(void **State)
{
    APPLICATION Application;
    (void)State;
    ApplicationOpen(&Application, WORLD_CAPACITY);
    /* Many in a row, each whole. */
    for (unsigned Round = 0; Round < 50; ++Round)
    {
        assert_int_equal(ApplicationStart(&Application), STATUS_PENDING);
        assert_int_equal(ApplicationState(&Application), CULVERT_STATE_RUNNING);
        assert_true(SimEventWait(Application.SendSpaceEvent, 0));
        CheckTraffic(&Application);
        assert_int_equal(ApplicationEnd(&Application), STATUS_CANCELLED);
        assert_int_equal(ApplicationState(&Application), CULVERT_STATE_CANCELLED);
        assert_true(SimEventWait(Application.ReceiveEvent, 0));
        assert_true(SimEventWait(Application.SendSpaceEvent, 0));
    }
    SIM_LINK Link = SimEdgeLink(WorldEdge);
    assert_int_equal(Link.Connects, 50);
    assert_int_equal(Link.State, MediaConnectStateDisconnected);
    ApplicationExit(&Application);
}

static void
LinkFollowsTheSession(void **State)
{
    APPLICATION Application;
    (void)State;
    ApplicationOpen(&Application, WORLD_CAPACITY);
    assert_int_equal(SimEdgeLink(WorldEdge).State, MediaConnectStateDisconnected);
    assert_int_equal(ApplicationStart(&Application), STATUS_PENDING);
    assert_int_equal(SimEdgeLink(WorldEdge).State, MediaConnectStateConnected);
    /* Whoever is above may do whatever it does at PASSIVE_LEVEL. */
    assert_int_equal(SimEdgeLink(WorldEdge).Irql, PASSIVE_LEVEL);
    assert_true(SimEdgeLink(WorldEdge).Speed == 100000000000ull);
    assert_int_equal(ApplicationEnd(&Application), STATUS_CANCELLED);
    assert_int_equal(SimEdgeLink(WorldEdge).State, MediaConnectStateDisconnected);
    assert_true(SimEdgeLink(WorldEdge).Speed == NDIS_LINK_SPEED_UNKNOWN);
    ApplicationExit(&Application);
}

/* Refused with Status, and a right request is accepted afterwards. */
static void
ExpectRefusal(APPLICATION *Application, const CULVERT_SESSION_START *Start, ULONG StartBytes,
              void *Memory, ULONG Bytes, NTSTATUS Expected)
{
    NTSTATUS Status;
    SIM_REQUEST *Request = SimDeviceControl(Application->File, CULVERT_IOCTL_SESSION, Start,
                                            StartBytes, Memory, Bytes, &Status);
    assert_non_null(Request);
    assert_int_equal(Status, Expected);
    assert_int_equal(SimRequestWait(Request, NULL), Expected);
    SimRequestFree(Request);
    assert_int_equal(SimEdgeLink(WorldEdge).Connects, 0);
}

static void
RefusesWrongParameters(void **State)
{
    static const uint32_t Capacities[] = {0,
                                          1,
                                          CULVERT_MIN_CAPACITY / 2,
                                          CULVERT_MIN_CAPACITY - 1,
                                          CULVERT_MIN_CAPACITY + 1,
                                          CULVERT_MIN_CAPACITY * 3,
                                          CULVERT_MAX_CAPACITY * 2,
                                          UINT32_MAX};
    APPLICATION A;
    (void)State;
    ApplicationOpen(&A, WORLD_CAPACITY);
    CULVERT_SESSION_START Start = A.Start;
    ULONG Bytes = (ULONG)A.Bytes;
    for (unsigned At = 0; At < ARRAYSIZE(Capacities); ++At)
    {
        Start.Capacity = Capacities[At];
        ExpectRefusal(&A, &Start, sizeof(Start), A.Memory, Bytes, STATUS_INVALID_PARAMETER);
    }
    Start = A.Start;
    Start.ContractVersion = CULVERT_CONTRACT_VERSION + 1;
    ExpectRefusal(&A, &Start, sizeof(Start), A.Memory, Bytes, STATUS_REVISION_MISMATCH);
    Start = A.Start;
    ExpectRefusal(&A, &Start, sizeof(Start) - 1, A.Memory, Bytes, STATUS_INVALID_PARAMETER);
    ExpectRefusal(&A, &Start, 0, A.Memory, Bytes, STATUS_INVALID_PARAMETER);
    ExpectRefusal(&A, &Start, sizeof(Start), NULL, 0, STATUS_INVALID_PARAMETER);
    ExpectRefusal(&A, &Start, sizeof(Start), A.Memory, Bytes - 1, STATUS_INVALID_PARAMETER);
    ExpectRefusal(&A, &Start, sizeof(Start), A.Memory, PAGE_SIZE, STATUS_INVALID_PARAMETER);
    ExpectRefusal(&A, &Start, sizeof(Start), (UCHAR *)A.Memory + 64, Bytes - 64,
                  STATUS_INVALID_PARAMETER);
    UCHAR Longer[sizeof(Start) + 8] = {0};
    memcpy(Longer, &Start, sizeof(Start));
    ExpectRefusal(&A, (const void *)Longer, sizeof(Longer), A.Memory, Bytes,
                  STATUS_INVALID_PARAMETER);
    assert_int_equal(ApplicationStart(&A), STATUS_PENDING);
    CheckTraffic(&A);
    ApplicationExit(&A);
}

/* The right length, but not from the beginning of a page. */
static void
RefusesUnalignedMemory(void **State)
{
    APPLICATION A;
    (void)State;
    ApplicationOpen(&A, WORLD_CAPACITY);
    SIZE_T More = A.Bytes + PAGE_SIZE;
    UCHAR *Memory = SimPagesAllocate(More);
    ExpectRefusal(&A, &A.Start, sizeof(A.Start), Memory + 16, (ULONG)A.Bytes,
                  STATUS_INVALID_PARAMETER);
    SimPagesFree(Memory, More);
    ApplicationExit(&A);
}

static void
RefusesWrongHandles(void **State)
{
    static const uint64_t Wrong[] = {0, 1, 3, 0x7FFFFFFC, 0x80000004, UINT64_MAX, 1ull << 40};
    APPLICATION A;
    (void)State;
    ApplicationOpen(&A, WORLD_CAPACITY);
    uint64_t Modify =
        (ULONG_PTR)SimEventCreate(A.Process, EVENT_MODIFY_STATE, SynchronizationEvent);
    uint64_t Wait = (ULONG_PTR)SimEventCreate(A.Process, SYNCHRONIZE, SynchronizationEvent);
    uint64_t Both = (ULONG_PTR)SimEventCreate(A.Process, SYNCHRONIZE | EVENT_MODIFY_STATE,
                                              SynchronizationEvent);
    for (unsigned Which = 0; Which < 3; ++Which)
    {
        CULVERT_SESSION_START Start = A.Start;
        uint64_t *Field = &Start.ReceiveEvent + Which;
        for (unsigned At = 0; At < ARRAYSIZE(Wrong); ++At)
        {
            *Field = Wrong[At];
            ExpectRefusal(&A, &Start, sizeof(Start), A.Memory, (ULONG)A.Bytes,
                          STATUS_INVALID_HANDLE);
        }
        *Field = (ULONG_PTR)A.File;
        ExpectRefusal(&A, &Start, sizeof(Start), A.Memory, (ULONG)A.Bytes,
                      STATUS_OBJECT_TYPE_MISMATCH);
        *Field = Wait;
        ExpectRefusal(&A, &Start, sizeof(Start), A.Memory, (ULONG)A.Bytes, STATUS_ACCESS_DENIED);
        *Field = Which == 2 ? Modify : Wait;
        ExpectRefusal(&A, &Start, sizeof(Start), A.Memory, (ULONG)A.Bytes, STATUS_ACCESS_DENIED);
    }
    /* No more rights than needed are asked for. */
    A.Start.ReceiveEvent = A.Start.SendSpaceEvent = Modify;
    A.Start.SendEvent = Both;
    assert_int_equal(ApplicationStart(&A), STATUS_PENDING);
    ApplicationExit(&A);
}

static void
RefusesASecondSession(void **State)
{
    APPLICATION First, Second;
    (void)State;
    ApplicationOpen(&First, WORLD_CAPACITY);
    ApplicationOpen(&Second, WORLD_CAPACITY);
    SimProcessEnter(First.Process);
    assert_int_equal(ApplicationStart(&First), STATUS_PENDING);
    SimProcessEnter(Second.Process);
    Second.Memory->State = 0x12345678; /* is not written */
    assert_int_equal(ApplicationStart(&Second), STATUS_SHARING_VIOLATION);
    assert_int_equal(Second.Memory->State, 0x12345678);
    CheckTraffic(&First);
    SimProcessEnter(First.Process);
    assert_int_equal(ApplicationEnd(&First), STATUS_CANCELLED);
    SimProcessEnter(Second.Process);
    assert_int_equal(ApplicationStart(&Second), STATUS_PENDING);
    CheckTraffic(&Second);
    ApplicationExit(&Second);
    ApplicationExit(&First);
}

/* The handle of one closed is no reason to end the session of another. */
static void
CleanupEndsItsOwnSession(void **State)
{
    APPLICATION First, Second;
    (void)State;
    ApplicationOpen(&First, WORLD_CAPACITY);
    SimProcessEnter(First.Process);
    assert_int_equal(ApplicationStart(&First), STATUS_PENDING);
    ApplicationOpen(&Second, WORLD_CAPACITY);
    ApplicationExit(&Second);
    CheckTraffic(&First);
    assert_int_equal(SimHandleClose(First.Process, First.File), STATUS_SUCCESS);
    assert_int_equal(ApplicationWaitEnd(&First), STATUS_CANCELLED);
    assert_int_equal(ApplicationState(&First), CULVERT_STATE_CANCELLED);
    ApplicationExit(&First);
}

static APPLICATION Closing;

static void *
CloserMain(void *Unused)
{
    SimHandleClose(Closing.Process, Closing.File);
    return Unused;
}

/* Another thread closes the handle when the driver has just begun to look at the request. */
static void
CloseMeanwhile(const char *What)
{
    pthread_t Closer;
    if (strcmp(What, "KeEnterCriticalRegion") != 0)
        return;
    SimPointHook(NULL);
    pthread_create(&Closer, NULL, CloserMain, NULL);
    pthread_join(Closer, NULL);
}

static void
ClosedWhileItStarts(void **State)
{
    APPLICATION Next;
    (void)State;
    ApplicationOpen(&Closing, WORLD_CAPACITY);
    SimPointHook(CloseMeanwhile);
    assert_int_equal(ApplicationStart(&Closing), STATUS_CANCELLED);
    ApplicationOpen(&Next, WORLD_CAPACITY);
    assert_int_equal(ApplicationStart(&Next), STATUS_PENDING);
    ApplicationExit(&Next);
    ApplicationExit(&Closing);
}

static void
CancelledBeforeTheDriverSawIt(void **State)
{
    APPLICATION Application;
    (void)State;
    ApplicationOpen(&Application, WORLD_CAPACITY);
    SimCancelBeforeDispatch();
    assert_int_equal(ApplicationStart(&Application), STATUS_PENDING);
    assert_int_equal(ApplicationWaitEnd(&Application), STATUS_CANCELLED);
    assert_int_equal(ApplicationState(&Application), CULVERT_STATE_CANCELLED);
    assert_int_equal(ApplicationStart(&Application), STATUS_PENDING);
    CheckTraffic(&Application);
    ApplicationExit(&Application);
}

static void
AnswersDriverInfo(void **State)
{
    APPLICATION A;
    CULVERT_DRIVER_INFO Info[2];
    NTSTATUS Status;
    ULONG_PTR Information;
    (void)State;
    ApplicationOpen(&A, WORLD_CAPACITY);
    for (ULONG Bytes = 0; Bytes <= sizeof(Info); ++Bytes)
    {
        memset(Info, 0, sizeof(Info));
        SIM_REQUEST *Request =
            SimDeviceControl(A.File, CULVERT_IOCTL_DRIVER_INFO, NULL, 0, Info, Bytes, &Status);
        assert_int_equal(SimRequestWait(Request, &Information), Status);
        SimRequestFree(Request);
        BOOLEAN Fits = Bytes >= sizeof(Info[0]);
        assert_int_equal(Status, Fits ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL);
        assert_int_equal(Information, Fits ? sizeof(Info[0]) : 0);
        assert_int_equal(Info[0].ContractVersion, Fits ? CULVERT_CONTRACT_VERSION : 0);
        assert_int_equal(Info[1].ContractVersion, 0);
    }
    ApplicationExit(&A);
}

static void
RefusesOtherCodes(void **State)
{
    static const ULONG Functions[] = {0, 0x7FF, 0x800, 0x804, 0xFFF};
    APPLICATION A;
    NTSTATUS Status;
    HANDLE Reader;
    (void)State;
    ApplicationOpen(&A, WORLD_CAPACITY);
    for (unsigned At = 0; At < ARRAYSIZE(Functions); ++At)
    {
        for (ULONG Method = 0; Method < 4; ++Method)
        {
            SIM_REQUEST *Request = SimDeviceControl(A.File, CULVERT_CTL_CODE(Functions[At], Method),
                                                    NULL, 0, NULL, 0, &Status);
            assert_int_equal(Status, STATUS_INVALID_DEVICE_REQUEST);
            SimRequestFree(Request);
        }
    }
    /* A handle without the rights gets nowhere. */
    assert_int_equal(SimFileOpen(WORLD_DEVICE, FILE_READ_DATA, &Reader), STATUS_SUCCESS);
    assert_null(SimDeviceControl(Reader, CULVERT_IOCTL_SESSION, &A.Start, sizeof(A.Start), A.Memory,
                                 (ULONG)A.Bytes, &Status));
    assert_int_equal(Status, STATUS_ACCESS_DENIED);
    ApplicationExit(&A);
}

/* The largest rings work too. */
static void
LargestCapacity(void **State)
{
    APPLICATION Application;
    (void)State;
    ApplicationOpen(&Application, CULVERT_MAX_CAPACITY);
    assert_int_equal(ApplicationStart(&Application), STATUS_PENDING);
    CheckTraffic(&Application);
    ApplicationExit(&Application);
}

void
RunSessionTests(void)
{
    static const struct CMUnitTest session_tests[] = {
        WORLD_TEST(NamesBelowTheDevice),    WORLD_TEST(StartsAndEnds),
        WORLD_TEST(LinkFollowsTheSession),  WORLD_TEST(RefusesWrongParameters),
        WORLD_TEST(RefusesUnalignedMemory), WORLD_TEST(RefusesWrongHandles),
        WORLD_TEST(RefusesASecondSession),  WORLD_TEST(CleanupEndsItsOwnSession),
        WORLD_TEST(ClosedWhileItStarts),    WORLD_TEST(CancelledBeforeTheDriverSawIt),
        WORLD_TEST(AnswersDriverInfo),      WORLD_TEST(RefusesOtherCodes),
        WORLD_TEST(LargestCapacity),
    };
    RUN_TESTS("session", session_tests);
}
