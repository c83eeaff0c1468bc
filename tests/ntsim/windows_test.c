/* SPDX-License-Identifier: MIT */
/*
 * Other computers, and an NDIS that does what ours does not: old versions, many processors,
 * requests that ours answers itself, requests at the last moment.
 */
#include "runner.h"

#include "any_state.h"

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

/* Its NDIS 6.0 has not what the driver needs. */
static void
WindowsVistaIsRefused(void **State)
{
    (void)State;
    WorldDown();
    SimSetVersion(6, 0);
    assert_int_equal(SimDriverLoadImage(NTSIM_DRIVER), NDIS_STATUS_BAD_VERSION);
    SimSetVersion(10, 0);
    assert_true(WorldTryUp());
}

/* More processors than the least number of tickets for bursts. */
static void
ManyProcessors(void **State)
{
    static const ULONG Counts[] = {1, 64, 65, 320, 2048};
    (void)State;
    for (unsigned At = 0; At < ARRAYSIZE(Counts); ++At)
    {
        SimSetProcessorsMax(Counts[At]);
        Begin();
        CheckTraffic();
        ApplicationExit(&App);
    }
    SimSetProcessorsMax(0);
}

/* An OID request straight to the miniport. */
static NDIS_STATUS
Ask(NDIS_REQUEST_TYPE Type, NDIS_OID Oid, void *Buffer, ULONG Bytes, ULONG *Needed)
{
    NDIS_OID_REQUEST Request = {.Header = {.Type = NDIS_OBJECT_TYPE_OID_REQUEST,
                                           .Revision = NDIS_OID_REQUEST_REVISION_1,
                                           .Size = NDIS_SIZEOF_OID_REQUEST_REVISION_1},
                                .RequestType = Type};
    Request.DATA.QUERY_INFORMATION.Oid = Oid;
    Request.DATA.QUERY_INFORMATION.InformationBuffer = Buffer;
    Request.DATA.QUERY_INFORMATION.InformationBufferLength = Bytes;
    NDIS_STATUS Status = AskMiniport(SimEdgeAdapter(WorldEdge), &Request);
    *Needed = Request.DATA.QUERY_INFORMATION.BytesNeeded;
    return Status;
}

/* What our NDIS answers or refuses itself, the miniport does right, too. */
static void
OidsThatNdisKeeps(void **State)
{
    static const NDIS_OID Words[] = {OID_GEN_CURRENT_PACKET_FILTER, OID_GEN_CURRENT_LOOKAHEAD};
    NDIS_DEVICE_POWER_STATE Power = NdisDeviceStateD3;
    ULONG Needed;
    (void)State;
    for (unsigned At = 0; At < ARRAYSIZE(Words); ++At)
    {
        ULONG Value = 1500 + At, Answer = 0;
        for (ULONG Bytes = 0; Bytes < sizeof(Value); ++Bytes)
        {
            assert_int_equal(Ask(NdisRequestSetInformation, Words[At], &Value, Bytes, &Needed),
                             NDIS_STATUS_INVALID_LENGTH);
            assert_int_equal(Needed, sizeof(Value));
        }
        assert_int_equal(Ask(NdisRequestSetInformation, Words[At], &Value, sizeof(Value), &Needed),
                         NDIS_STATUS_SUCCESS);
        assert_int_equal(
            Ask(NdisRequestQueryInformation, Words[At], &Answer, sizeof(Answer), &Needed),
            NDIS_STATUS_SUCCESS);
        assert_int_equal(Answer, Value);
    }
    assert_int_equal(
        Ask(NdisRequestQueryInformation, OID_PNP_QUERY_POWER, &Power, sizeof(Power), &Needed),
        NDIS_STATUS_SUCCESS);
    for (ULONG Bytes = 0; Bytes < sizeof(Power); ++Bytes)
    {
        assert_int_equal(Ask(NdisRequestSetInformation, OID_PNP_SET_POWER, &Power, Bytes, &Needed),
                         NDIS_STATUS_INVALID_LENGTH);
        assert_int_equal(Needed, sizeof(Power));
    }
    for (Power = NdisDeviceStateUnspecified; Power <= NdisDeviceStateMaximum; ++Power)
    {
        BOOLEAN Valid = Power >= NdisDeviceStateD0 && Power <= NdisDeviceStateD3;
        assert_int_equal(
            Ask(NdisRequestSetInformation, OID_PNP_SET_POWER, &Power, sizeof(Power), &Needed),
            Valid ? NDIS_STATUS_SUCCESS : NDIS_STATUS_INVALID_DATA);
    }
    assert_int_equal(SimEdgeLink(WorldEdge).State, MediaConnectStateUnknown);
    Power = NdisDeviceStateD0;
    assert_int_equal(
        Ask(NdisRequestSetInformation, OID_PNP_SET_POWER, &Power, sizeof(Power), &Needed),
        NDIS_STATUS_SUCCESS);
    assert_int_equal(SimEdgeLink(WorldEdge).State, MediaConnectStateDisconnected);
    assert_int_equal(Ask(NdisRequestMethod, OID_GEN_STATISTICS, &Power, sizeof(Power), &Needed),
                     NDIS_STATUS_NOT_SUPPORTED);
}

static void
SetPower(NDIS_DEVICE_POWER_STATE Power)
{
    ULONG Needed;
    assert_int_equal(
        Ask(NdisRequestSetInformation, OID_PNP_SET_POWER, &Power, sizeof(Power), &Needed),
        NDIS_STATUS_SUCCESS);
}

static unsigned LinkChanges;

static void
SleepWhenTold(void)
{
    if (LinkChanges++ == 0)
        SetPower(NdisDeviceStateD3);
}

/* While the miniport tells that the link is up, the adapter goes to sleep: it tells that, too, and
 * waits for nothing. */
static void
SleepsWhileTheLinkIsTold(void **State)
{
    (void)State;
    LinkChanges = 0;
    SimEdgeSetLinkHook(SleepWhenTold);
    Begin();
    assert_int_equal(SimEdgeLink(WorldEdge).State, MediaConnectStateUnknown);
    SetPower(NdisDeviceStateD0);
    assert_int_equal(SimEdgeLink(WorldEdge).State, MediaConnectStateConnected);
    assert_int_equal(SimEdgeLink(WorldEdge).Connects, 2);
    SimEdgeSetLinkHook(NULL);
    ApplicationExit(&App);
}

/* Page "Dispatch IRQL Tracking": whoever does not know the IRQL does not say it. */
static void
SendsAtDispatchLevelWithoutTheFlag(void **State)
{
    KIRQL Irql;
    (void)State;
    Begin();
    MakePacket(Packet, 700, 4, 9);
    PNET_BUFFER_LIST List = SimListCreate();
    SimListAdd(List, Packet, 700, NULL);
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    NdisEdgeSend(SimEdgeAdapter(WorldEdge), List, 0);
    KeLowerIrql(Irql);
    assert_int_equal(List->Status, NDIS_STATUS_SUCCESS);
    SimListFree(List);
    assert_int_equal(ApplicationReceive(&App, Got, sizeof(Got)), 700);
    ApplicationExit(&App);
}

/* Nothing is ever pending at the miniport, so there is nothing to cancel. */
static void
CancelsFindNothing(void **State)
{
    (void)State;
    Begin();
    CheckTraffic();
    CancelAtMiniport(SimEdgeAdapter(WorldEdge));
    CheckTraffic();
    assert_int_equal(SimEdgeCompleted(WorldEdge), 2);
    ApplicationExit(&App);
}

static unsigned HookCalls;

/* The adapter is on its way out, its device object still there. */
static void
LastRequests(void)
{
    HANDLE File;
    NTSTATUS Status;
    UCHAR Info[8];
    ++HookCalls;
    assert_int_equal(SimFileOpen(WORLD_DEVICE, FILE_READ_DATA, &File), STATUS_DEVICE_REMOVED);
    SIM_REQUEST *Request =
        SimDeviceControl(App.File, CULVERT_IOCTL_DRIVER_INFO, NULL, 0, Info, sizeof(Info), &Status);
    assert_int_equal(Status, STATUS_DEVICE_REMOVED);
    SimRequestFree(Request);
    assert_int_equal(ApplicationStart(&App), STATUS_DEVICE_REMOVED);
    /* And the end of a handle, which must succeed. */
    assert_int_equal(SimHandleClose(App.Process, App.File), STATUS_SUCCESS);
}

static void
RequestsWhileTheDeviceGoes(void **State)
{
    (void)State;
    ApplicationOpen(&App, WORLD_CAPACITY);
    SimSetDeregisterHook(LastRequests);
    assert_int_equal(SimDevicePnp(WorldDevice, IRP_MN_SURPRISE_REMOVAL), STATUS_SUCCESS);
    SimSetDeregisterHook(NULL);
    assert_int_equal(HookCalls, 1);
    ApplicationExit(&App);
}

static ULONG NewType;
static const void *NewData;
static ULONG NewBytes;

static void
ChangeKey(void)
{
    ++HookCalls;
    SimRegistrySet(WORLD_KEY, L"NetCfgInstanceId", NewType, NewData, NewBytes);
}

/* The value that the device object is named after changes, or goes, after NDIS has read it. */
static void
DriverKeyChangesMeanwhile(void **State)
{
    static const WCHAR Short[] = L"{3F2B8C11-0D45-4E6A-9B7C-12AB34CD56E}";
    static const WCHAR Wrong[] = L"{3F2B8C11-0D45-4E6A-9B7C-12AB34CD56EG}";
    static const ULONG Dword = 7;
    const struct
    {
        ULONG Type, Bytes;
        const void *Data;
    } Values[] = {{0, 0, NULL},
                  {REG_SZ, sizeof(Short), Short},
                  {REG_SZ, sizeof(Wrong), Wrong},
                  {REG_SZ, sizeof(WCHAR), L""},
                  {REG_DWORD, sizeof(Dword), &Dword}};
    (void)State;
    WorldDown();
    for (unsigned At = 0; At < ARRAYSIZE(Values); ++At)
    {
        NewType = Values[At].Type;
        NewData = Values[At].Data;
        NewBytes = Values[At].Bytes;
        SimEdgeSetCreateHook(ChangeKey);
        assert_false(WorldTryUp());
        SimEdgeSetCreateHook(NULL);
        assert_int_equal(HookCalls, At + 1);
    }
    assert_true(WorldTryUp());
}

void
RunWindowsTests(void)
{
    static const struct CMUnitTest windows_tests[] = {
        WORLD_TEST(WindowsVistaIsRefused),
        WORLD_TEST(ManyProcessors),
        WORLD_TEST(OidsThatNdisKeeps),
        WORLD_TEST(SleepsWhileTheLinkIsTold),
        WORLD_TEST(SendsAtDispatchLevelWithoutTheFlag),
        WORLD_TEST(CancelsFindNothing),
        WORLD_TEST(RequestsWhileTheDeviceGoes),
        WORLD_TEST(DriverKeyChangesMeanwhile),
    };
    RUN_TESTS("windows", windows_tests);
}
