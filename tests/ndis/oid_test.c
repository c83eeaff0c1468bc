/* SPDX-License-Identifier: MIT */
/* OID requests and status indications. */
#include <pthread.h>
#include <unistd.h>
#include "world.h"

static NDIS_OID_REQUEST
Query(NDIS_OID Oid, void *Buffer, UINT Length)
{
    NDIS_OID_REQUEST Request = {.RequestType = NdisRequestQueryInformation};
    Request.DATA.QUERY_INFORMATION.Oid = Oid;
    Request.DATA.QUERY_INFORMATION.InformationBuffer = Buffer;
    Request.DATA.QUERY_INFORMATION.InformationBufferLength = Length;
    return Request;
}

static ULONG
QueryUlong(NDIS_OID Oid)
{
    ULONG Value = 0xEEEEEEEE;
    NDIS_OID_REQUEST Request = Query(Oid, &Value, sizeof(Value));
    assert_int_equal(NdisEdgeOidRequest(World.Adapter, &Request), NDIS_STATUS_SUCCESS);
    assert_int_equal(Request.DATA.QUERY_INFORMATION.BytesWritten, sizeof(Value));
    return Value;
}

static NDIS_STATUS
SetUlong(NDIS_OID Oid, ULONG Value)
{
    NDIS_OID_REQUEST Request = Query(Oid, &Value, sizeof(Value));
    Request.RequestType = NdisRequestSetInformation;
    return NdisEdgeOidRequest(World.Adapter, &Request);
}

static void
NdisAnswersFromTheAttributes(void **State)
{
    (void)State;
    NDIS_OID List[2];
    NDIS_LINK_STATE Link;
    WorldRun();
    assert_int_equal(QueryUlong(OID_GEN_MAXIMUM_FRAME_SIZE), 1500);
    assert_int_equal(QueryUlong(OID_GEN_MEDIA_IN_USE), NdisMediumIP);
    assert_int_equal(QueryUlong(OID_GEN_MEDIA_CONNECT_STATUS), NdisMediaStateDisconnected);
    assert_int_equal(QueryUlong(OID_GEN_LINK_SPEED), 5000000);
    assert_int_equal(QueryUlong(OID_GEN_HARDWARE_STATUS), NdisHardwareStatusReady);
    assert_int_equal(QueryUlong(OID_GEN_DRIVER_VERSION), 0x0614);
    NDIS_OID_REQUEST Request = Query(OID_GEN_SUPPORTED_LIST, List, sizeof(List));
    assert_int_equal(NdisEdgeOidRequest(World.Adapter, &Request), NDIS_STATUS_SUCCESS);
    assert_int_equal(List[0], OID_GEN_STATISTICS);
    Request = Query(OID_GEN_LINK_STATE, &Link, sizeof(Link));
    assert_int_equal(NdisEdgeOidRequest(World.Adapter, &Request), NDIS_STATUS_SUCCESS);
    assert_true(Link.XmitLinkSpeed == 500000000);
    Request = Query(OID_GEN_SUPPORTED_LIST, List, 4);
    assert_int_equal(NdisEdgeOidRequest(World.Adapter, &Request), NDIS_STATUS_INVALID_LENGTH);
    assert_int_equal(Request.DATA.QUERY_INFORMATION.BytesNeeded, 8);
    assert_null(strchr(World.Miniport.Text, 'Q'));
    WorldEnd();
}

static void
PacketFilterIsCheckedPassedOnAndRemembered(void **State)
{
    (void)State;
    WorldRun();
    assert_int_equal(QueryUlong(OID_GEN_CURRENT_PACKET_FILTER), 0);
    assert_int_equal(SetUlong(OID_GEN_CURRENT_PACKET_FILTER, 0x80000), NDIS_STATUS_INVALID_DATA);
    assert_null(strchr(World.Miniport.Text, 'Q'));
    assert_int_equal(SetUlong(OID_GEN_CURRENT_PACKET_FILTER, 0xb), NDIS_STATUS_SUCCESS);
    assert_int_equal(World.LastOid, OID_GEN_CURRENT_PACKET_FILTER);
    assert_int_equal(QueryUlong(OID_GEN_CURRENT_PACKET_FILTER), 0xb);
    World.Script.OidStatus = NDIS_STATUS_NOT_ACCEPTED;
    assert_int_equal(SetUlong(OID_GEN_CURRENT_PACKET_FILTER, 0x1), NDIS_STATUS_NOT_ACCEPTED);
    assert_int_equal(QueryUlong(OID_GEN_CURRENT_PACKET_FILTER), 0xb);
    World.Script.OidStatus = NDIS_STATUS_SUCCESS;
    assert_int_equal(SetUlong(OID_GEN_CURRENT_LOOKAHEAD, 2000), NDIS_STATUS_INVALID_DATA);
    assert_int_equal(SetUlong(OID_GEN_CURRENT_LOOKAHEAD, 200), NDIS_STATUS_SUCCESS);
    assert_int_equal(QueryUlong(OID_GEN_CURRENT_LOOKAHEAD), 200);
    WorldEnd();
}

static void
GiveStatistics(PNDIS_OID_REQUEST Request)
{
    NDIS_STATISTICS_INFO *Statistics = Request->DATA.QUERY_INFORMATION.InformationBuffer;
    memset(Statistics, 0, sizeof(*Statistics));
    Statistics->Header = HEADER(NDIS_OBJECT_TYPE_DEFAULT, NDIS_STATISTICS_INFO_REVISION_1,
                                NDIS_SIZEOF_STATISTICS_INFO_REVISION_1);
    Statistics->SupportedStatistics = WORLD_STATISTICS_VALID;
    Statistics->ifHCInOctets = 42;
    Request->DATA.QUERY_INFORMATION.BytesWritten = sizeof(*Statistics);
}

static void
GiveWrongStatistics(PNDIS_OID_REQUEST Request)
{
    GiveStatistics(Request);
    ((NDIS_STATISTICS_INFO *)Request->DATA.QUERY_INFORMATION.InformationBuffer)->Header.Size = 4;
}

static void
GiveSomeStatistics(PNDIS_OID_REQUEST Request)
{
    GiveStatistics(Request);
    ((NDIS_STATISTICS_INFO *)Request->DATA.QUERY_INFORMATION.InformationBuffer)
        ->SupportedStatistics &= ~(ULONG)NDIS_STATISTICS_FLAGS_VALID_MULTICAST_FRAMES_RCV;
}

static void
StatisticsComeFromTheMiniport(void **State)
{
    (void)State;
    NDIS_STATISTICS_INFO Statistics;
    WorldRun();
    World.Script.DuringOid = GiveStatistics;
    NDIS_OID_REQUEST Request = Query(OID_GEN_STATISTICS, &Statistics, sizeof(Statistics));
    assert_int_equal(NdisEdgeOidRequest(World.Adapter, &Request), NDIS_STATUS_SUCCESS);
    assert_true(Statistics.ifHCInOctets == 42);
    assert_int_equal(Request.DATA.QUERY_INFORMATION.BytesWritten, sizeof(Statistics));
    World.Script.DuringOid = GiveWrongStatistics;
    assert_int_equal(NdisEdgeOidRequest(World.Adapter, &Request), NDIS_STATUS_FAILURE);
    ExpectRule("NDIS_STATISTICS_INFO.Header.Size is 4; revision 1 requires 152");
    World.Script.DuringOid = GiveSomeStatistics;
    assert_int_equal(NdisEdgeOidRequest(World.Adapter, &Request), NDIS_STATUS_FAILURE);
    ExpectRule("NDIS_STATISTICS_INFO.SupportedStatistics is 0x3f87fd");
    NdisToTheLetter = FALSE;
    assert_int_equal(NdisEdgeOidRequest(World.Adapter, &Request), NDIS_STATUS_SUCCESS);
    WorldEnd();
}

static PNDIS_OID_REQUEST Pended;
static pthread_t Helper;

static void *
CompleteOid(void *Unused)
{
    (void)Unused;
    usleep(20000);
    Pended->DATA.QUERY_INFORMATION.BytesWritten = 3;
    NdisMOidRequestComplete(World.Adapter, Pended, NDIS_STATUS_SUCCESS);
    return NULL;
}

static void
Pend(PNDIS_OID_REQUEST Request)
{
    Pended = Request;
    assert_int_equal(pthread_create(&Helper, NULL, CompleteOid, NULL), 0);
}

static void
RequestsMayPend(void **State)
{
    (void)State;
    UCHAR Buffer[4];
    WorldRun();
    World.Script.OidStatus = NDIS_STATUS_PENDING;
    World.Script.DuringOid = Pend;
    NDIS_OID_REQUEST Request = Query(OID_GEN_VENDOR_ID, Buffer, sizeof(Buffer));
    assert_int_equal(NdisEdgeOidRequest(World.Adapter, &Request), NDIS_STATUS_SUCCESS);
    assert_int_equal(Request.DATA.QUERY_INFORMATION.BytesWritten, 3);
    pthread_join(Helper, NULL);
    WorldEnd();
}

static volatile LONG Inside;
static volatile LONG Most;

static void
CountInside(PNDIS_OID_REQUEST Request)
{
    (void)Request;
    LONG Now = InterlockedIncrement(&Inside);
    if (Now > Most)
        Most = Now;
    usleep(100);
    InterlockedDecrement(&Inside);
}

static void *
AskOften(void *Unused)
{
    (void)Unused;
    for (unsigned Round = 0; Round < 50; Round++)
    {
        NDIS_OID_REQUEST Request = Query(OID_GEN_VENDOR_ID, NULL, 0);
        NdisEdgeOidRequest(World.Adapter, &Request);
    }
    return NULL;
}

static void
RequestsComeOneAtATime(void **State)
{
    (void)State;
    pthread_t Threads[4];
    Most = 0;
    WorldRun();
    World.Silent = TRUE;
    World.Script.DuringOid = CountInside;
    for (unsigned Index = 0; Index < 4; Index++)
        pthread_create(&Threads[Index], NULL, AskOften, NULL);
    for (unsigned Index = 0; Index < 4; Index++)
        pthread_join(Threads[Index], NULL);
    World.Silent = FALSE;
    assert_int_equal(Most, 1);
    WorldEnd();
}

static void
CompleteAndReturn(PNDIS_OID_REQUEST Request)
{
    NdisMOidRequestComplete(World.Adapter, Request, NDIS_STATUS_SUCCESS);
}

static void
RejectsWrongCompletions(void **State)
{
    (void)State;
    NDIS_OID_REQUEST Other = {0};
    WorldRun();
    NdisMOidRequestComplete(World.Adapter, &Other, NDIS_STATUS_SUCCESS);
    ExpectRule("is not the one that MiniportOidRequest was given");
    World.Script.DuringOid = CompleteAndReturn;
    NDIS_OID_REQUEST Request = Query(OID_GEN_VENDOR_ID, NULL, 0);
    NdisEdgeOidRequest(World.Adapter, &Request);
    ExpectRule("MiniportOidRequest: returned 0x0 for OID 0x1010c, but NdisMOidRequestComplete was "
               "called");
    NdisMDirectOidRequestComplete(World.Adapter, &Other, NDIS_STATUS_SUCCESS);
    ExpectRule("no direct OID request is pending");
    WorldEnd();
}

static void
CompleteTwice(PNDIS_OID_REQUEST Request)
{
    NdisMOidRequestComplete(World.Adapter, Request, NDIS_STATUS_SUCCESS);
    NdisMOidRequestComplete(World.Adapter, Request, NDIS_STATUS_SUCCESS);
}

static void
RejectsCompletingTwice(void **State)
{
    (void)State;
    WorldRun();
    World.Script.DuringOid = CompleteTwice;
    World.Script.OidStatus = NDIS_STATUS_PENDING;
    NDIS_OID_REQUEST Request = Query(OID_GEN_VENDOR_ID, NULL, 0);
    assert_int_equal(NdisEdgeOidRequest(World.Adapter, &Request), NDIS_STATUS_SUCCESS);
    ExpectRule("NdisMOidRequestComplete: no OID request is pending");
    WorldEnd();
}

static void
WriteTooMuch(PNDIS_OID_REQUEST Request)
{
    Request->DATA.QUERY_INFORMATION.BytesWritten = 100;
}

static void
RejectsWrongResults(void **State)
{
    (void)State;
    UCHAR Buffer[4];
    WorldRun();
    World.Script.DuringOid = WriteTooMuch;
    NDIS_OID_REQUEST Request = Query(OID_GEN_VENDOR_ID, Buffer, sizeof(Buffer));
    assert_int_equal(NdisEdgeOidRequest(World.Adapter, &Request), NDIS_STATUS_FAILURE);
    ExpectRule("succeeded with 100 bytes in a buffer of 4");
    World.Script.DuringOid = NULL;
    World.Script.OidStatus = NDIS_STATUS_BUFFER_TOO_SHORT;
    Request = Query(OID_GEN_VENDOR_ID, Buffer, sizeof(Buffer));
    assert_int_equal(NdisEdgeOidRequest(World.Adapter, &Request), NDIS_STATUS_FAILURE);
    ExpectRule("NDIS_STATUS_BUFFER_TOO_SHORT and BytesNeeded 0");
    WorldEnd();
}

/* ---- Status indications ---------------------------------------------------------------------- */

static NDIS_LINK_STATE LinkUp = {
    .Header = {NDIS_OBJECT_TYPE_DEFAULT, NDIS_LINK_STATE_REVISION_1,
               NDIS_SIZEOF_LINK_STATE_REVISION_1},
    .MediaConnectState = MediaConnectStateConnected,
    .MediaDuplexState = MediaDuplexStateFull,
    .XmitLinkSpeed = 77,
    .RcvLinkSpeed = 77,
};

static NDIS_STATUS_INDICATION
Indication(NDIS_HANDLE Adapter, NDIS_LINK_STATE *Link)
{
    return (NDIS_STATUS_INDICATION){
        .Header = HEADER(NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
                         NDIS_SIZEOF_STATUS_INDICATION_REVISION_1),
        .SourceHandle = Adapter,
        .StatusCode = NDIS_STATUS_LINK_STATE,
        .StatusBuffer = Link,
        .StatusBufferSize = sizeof(*Link),
    };
}

static void
TellsTheLinkState(void **State)
{
    (void)State;
    WorldRun();
    NDIS_STATUS_INDICATION Up = Indication(World.Adapter, &LinkUp);
    KernelSetIrql(DISPATCH_LEVEL);
    NdisMIndicateStatusEx(World.Adapter, &Up);
    KernelSetIrql(PASSIVE_LEVEL);
    assert_int_equal(World.LinkState, MediaConnectStateConnected);
    assert_true(World.LinkSpeed == 77);
    assert_int_equal(QueryUlong(OID_GEN_MEDIA_CONNECT_STATUS), NdisMediaStateConnected);
    WorldEnd();
}

static void
IndicateUp(NDIS_HANDLE Adapter)
{
    NDIS_STATUS_INDICATION Up = Indication(Adapter, &LinkUp);
    NdisMIndicateStatusEx(Adapter, &Up);
}

/* Allowed after the registration attributes; the environment is told once it knows the adapter. */
static void
LinkStateDuringInitialiseIsToldLater(void **State)
{
    (void)State;
    World.Script.DuringInitialize = IndicateUp;
    WorldRun();
    assert_int_equal(World.LinkState, MediaConnectStateConnected);
    assert_int_equal(World.EdgeAttributes.MediaConnectState, MediaConnectStateConnected);
    WorldEnd();
}

/* What is indicated before the general attributes is not overwritten by them. */
static void
LinkStateBetweenAttributesIsKept(void **State)
{
    (void)State;
    World.Script.BetweenAttributes = IndicateUp;
    WorldRun();
    assert_int_equal(World.LinkState, MediaConnectStateConnected);
    assert_int_equal(World.EdgeAttributes.MediaConnectState, MediaConnectStateConnected);
    WorldEnd();
}

static void
RejectsStatusBeforeRegistration(void **State)
{
    (void)State;
    World.Script.OmitRegistration = World.Script.OmitGeneral = TRUE;
    World.Script.DuringInitialize = IndicateUp;
    assert_int_equal(WorldLoad(), NDIS_STATUS_SUCCESS);
    WorldAdd();
    assert_int_equal(WorldStart(), STATUS_UNSUCCESSFUL);
    ExpectRule("NdisMIndicateStatusEx: the adapter is Initializing and its registration attributes "
               "are not set");
    ExpectRule("without setting");
    WorldEnd();
}

static void
RejectsWrongIndications(void **State)
{
    (void)State;
    WorldRun();
    NDIS_STATUS_INDICATION Wrong = Indication(World.Adapter, &LinkUp);
    Wrong.Header.Size = 20;
    NdisMIndicateStatusEx(World.Adapter, &Wrong);
    ExpectRule("NDIS_STATUS_INDICATION.Header.Size is 20; revision 1 requires 112");
    Wrong = Indication(NULL, &LinkUp);
    NdisMIndicateStatusEx(World.Adapter, &Wrong);
    ExpectRule("NDIS_STATUS_INDICATION.SourceHandle is 0x0");
    Wrong = Indication(World.Adapter, &LinkUp);
    Wrong.StatusBufferSize = 8;
    NdisMIndicateStatusEx(World.Adapter, &Wrong);
    ExpectRule("NDIS_STATUS_LINK_STATE has StatusBufferSize 8; 40 are required");
    Wrong = Indication(World.Adapter, &LinkUp);
    Wrong.StatusBufferSize = 0;
    NdisMIndicateStatusEx(World.Adapter, &Wrong);
    ExpectRule("both or none must be given");
    Wrong = Indication(World.Adapter, &LinkUp);
    Wrong.PortNumber = 1;
    NdisMIndicateStatusEx(World.Adapter, &Wrong);
    ExpectRule("PortNumber is 1");
    Wrong = Indication(World.Adapter, &LinkUp);
    Wrong.Flags = 1;
    NdisMIndicateStatusEx(World.Adapter, &Wrong);
    ExpectRule("NDIS_STATUS_INDICATION.Flags is 0x1");
    NDIS_LINK_STATE Link = LinkUp;
    Link.MediaConnectState = 9;
    Wrong = Indication(World.Adapter, &Link);
    NdisMIndicateStatusEx(World.Adapter, &Wrong);
    ExpectRule("NDIS_LINK_STATE.MediaConnectState is 9");
    assert_int_equal(World.LinkState, MediaConnectStateDisconnected);
    WorldEnd();
}

int
RunOidTests(void)
{
    const struct CMUnitTest Tests[] = {
        WORLD_TEST(NdisAnswersFromTheAttributes),
        WORLD_TEST(PacketFilterIsCheckedPassedOnAndRemembered),
        WORLD_TEST(StatisticsComeFromTheMiniport),
        WORLD_TEST(RequestsMayPend),
        WORLD_TEST(RequestsComeOneAtATime),
        WORLD_TEST(RejectsWrongCompletions),
        WORLD_TEST(RejectsCompletingTwice),
        WORLD_TEST(RejectsWrongResults),
        WORLD_TEST(TellsTheLinkState),
        WORLD_TEST(LinkStateDuringInitialiseIsToldLater),
        WORLD_TEST(LinkStateBetweenAttributesIsKept),
        WORLD_TEST(RejectsStatusBeforeRegistration),
        WORLD_TEST(RejectsWrongIndications),
    };
    return cmocka_run_group_tests_name("ndis requests and status", Tests, NULL, NULL);
}
