/* SPDX-License-Identifier: MIT */
/* The life of an adapter: initialise, attributes, restart, pause, halt. */
#include <pthread.h>
#include <unistd.h>
#include "world.h"

#define REGISTRATION (World.Script.Registration.RegistrationAttributes)
#define GENERAL      (World.Script.General.GeneralAttributes)

static void
LivesAWholeLife(void **State)
{
    (void)State;
    WorldRun();
    assert_int_equal(World.InitParameters.Header.Type, NDIS_OBJECT_TYPE_MINIPORT_INIT_PARAMETERS);
    assert_int_equal(World.InitParameters.Header.Size, 64);
    assert_int_equal(World.InitParameters.IfIndex, 7);
    assert_true(World.InitParameters.NetLuid.Value == 0x0035000007000000ull);
    assert_int_equal(World.InstanceId.Data1, 0x01234567);
    assert_int_equal(World.InstanceId.Data4[7], 0xEF);
    assert_int_equal(World.EdgeAttributes.MtuSize, 1500);
    assert_int_equal(World.EdgeAttributes.MediaType, NdisMediumIP);
    assert_int_equal(World.EdgeAttributes.IfType, 53);
    assert_int_equal(World.LinkState, MediaConnectStateDisconnected);
    assert_true(World.LinkSpeed == 500000000);

    PNET_BUFFER_LIST Sent = EdgePacket();
    NdisEdgeSend(World.Adapter, Sent, 0);
    assert_int_equal(World.Completed, 1);
    assert_int_equal(World.CompletedStatus, NDIS_STATUS_SUCCESS);
    PNET_BUFFER_LIST Indicated = MiniportPacket();
    MiniportIndicate(Indicated, 1, 0);
    NdisEdgeReturn(World.Adapter, World.Received);
    assert_int_equal(World.Returned, 1);
    assert_int_equal(NdisEdgePause(World.Adapter), STATUS_SUCCESS);
    assert_int_equal(NdisEdgeRestart(World.Adapter), STATUS_SUCCESS);
    NDIS_OID_REQUEST Request = {.RequestType = NdisRequestQueryInformation};
    Request.DATA.QUERY_INFORMATION.Oid = OID_GEN_VENDOR_ID;
    assert_int_equal(NdisEdgeOidRequest(World.Adapter, &Request), NDIS_STATUS_SUCCESS);
    MiniportFreePacket(Indicated);
    EdgeFreePacket(Sent);
    assert_int_equal(WorldPnp(IRP_MN_SURPRISE_REMOVAL), STATUS_SUCCESS);
    assert_int_equal(World.HaltAction, NdisHaltDeviceSurpriseRemoved);
    assert_int_equal(World.LastEvent, NdisDevicePnPEventSurpriseRemoved);
    WorldEnd();
    assert_string_equal(World.Miniport.Text, "OINRSrPRQNPHU");
    assert_string_equal(World.Edge.Text, "DCRLsrPRPX");
}

static void
FailsWithTheEnvironment(void **State)
{
    (void)State;
    World.EdgeCreateStatus = STATUS_INSUFFICIENT_RESOURCES;
    assert_int_equal(WorldLoad(), NDIS_STATUS_SUCCESS);
    WorldAdd();
    assert_int_equal(WorldStart(), STATUS_INSUFFICIENT_RESOURCES);
    WorldEnd();
    assert_string_equal(World.Edge.Text, "DC");
}

static void
FailsWithoutInstanceId(void **State)
{
    (void)State;
    KernelSetValue(KERNEL_SOFTWARE_KEY, L"NetCfgInstanceId", REG_SZ, L"x", 4);
    assert_int_equal(WorldLoad(), NDIS_STATUS_SUCCESS);
    WorldAdd();
    assert_int_equal(WorldStart(), STATUS_INVALID_PARAMETER);
    WorldEnd();
    assert_string_equal(World.Edge.Text, "D");
}

/* Starts a device whose initialisation must fail. */
static void
StartFails(NTSTATUS Status)
{
    assert_int_equal(WorldLoad(), NDIS_STATUS_SUCCESS);
    WorldAdd();
    assert_int_equal(WorldStart(), Status);
}

static void
MiniportMayFailInitialise(void **State)
{
    (void)State;
    World.Script.InitializeStatus = NDIS_STATUS_RESOURCES;
    StartFails(NDIS_STATUS_RESOURCES);
    WorldEnd();
    assert_string_equal(World.Miniport.Text, "OIU");
    assert_string_equal(World.Edge.Text, "DCX");
}

static NDIS_HANDLE Leaked;

static void
AllocateTimer(NDIS_HANDLE Adapter)
{
    NDIS_TIMER_CHARACTERISTICS Timer = {
        .Header =
            HEADER(NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS, NDIS_TIMER_CHARACTERISTICS_REVISION_1,
                   NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1),
        .AllocationTag = TAG_TEST,
        .TimerFunction = (PNDIS_TIMER_FUNCTION)(ULONG_PTR)AllocateTimer,
    };
    assert_int_equal(NdisAllocateTimerObject(Adapter, &Timer, &Leaked), NDIS_STATUS_SUCCESS);
}

static void
ReportsResourcesOfFailedInitialise(void **State)
{
    (void)State;
    World.Script.InitializeStatus = NDIS_STATUS_FAILURE;
    World.Script.DuringInitialize = AllocateTimer;
    StartFails(NDIS_STATUS_FAILURE);
    ExpectRule("MiniportInitializeEx (which failed):");
    NdisFreeTimerObject(Leaked);
    WorldEnd();
}

static void
ReportsResourcesLeftAtHalt(void **State)
{
    (void)State;
    World.Script.DuringInitialize = AllocateTimer;
    WorldRun();
    assert_int_equal(WorldPnp(IRP_MN_REMOVE_DEVICE), STATUS_SUCCESS);
    ExpectRule("a timer object, has not been freed");
    NdisFreeTimerObject(Leaked);
    WorldUnload();
}

static void
RejectsPendingFromInitialise(void **State)
{
    (void)State;
    World.Script.InitializeStatus = NDIS_STATUS_PENDING;
    StartFails(STATUS_UNSUCCESSFUL);
    ExpectRule("MiniportInitializeEx: returned 0x103");
    WorldEnd();
}

/* ---- Attributes ------------------------------------------------------------------------------ */

static void
RejectsSuccessWithoutGeneralAttributes(void **State)
{
    (void)State;
    World.Script.OmitGeneral = TRUE;
    StartFails(STATUS_UNSUCCESSFUL);
    ExpectRule("without setting NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES");
    assert_int_equal(World.HaltAction, NdisHaltDeviceInitializationFailed);
    WorldEnd();
    assert_string_equal(World.Edge.Text, "DCX");
}

static void
RejectsSuccessWithoutRegistrationAttributes(void **State)
{
    (void)State;
    World.Script.OmitRegistration = World.Script.OmitGeneral = TRUE;
    StartFails(STATUS_UNSUCCESSFUL);
    ExpectRule("without setting NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES");
    WorldEnd();
}

static void
RejectsGeneralBeforeRegistration(void **State)
{
    (void)State;
    World.Script.GeneralFirst = TRUE;
    WorldRun();
    ExpectRule("NdisMSetMiniportAttributes: NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES is set before "
               "the registration attributes");
    WorldEnd();
}

static void
RejectsAttributesTwice(void **State)
{
    (void)State;
    World.Script.RegistrationTwice = TRUE;
    WorldRun();
    ExpectRule("NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES is set a second time");
    WorldEnd();
}

static void
RejectsAttributesAfterInitialise(void **State)
{
    (void)State;
    WorldRun();
    assert_int_equal(NdisMSetMiniportAttributes(World.Adapter, &World.Script.General),
                     NDIS_STATUS_FAILURE);
    ExpectRule("is set while the adapter is Running");
    WorldEnd();
}

static void
RejectsSmallGeneralAttributes(void **State)
{
    (void)State;
    GENERAL.Header.Size = 12;
    StartFails(STATUS_UNSUCCESSFUL);
    ExpectRule(
        "NdisMSetMiniportAttributes: NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES.Header.Size is "
        "12; revision 2 requires 224");
    ExpectRule("without setting");
    WorldEnd();
}

static void
RejectsNewRevisionsForOldDrivers(void **State)
{
    (void)State;
    World.Script.Characteristics.MinorNdisVersion = 1;
    StartFails(STATUS_UNSUCCESSFUL);
    ExpectRule("GENERAL_ATTRIBUTES.Header.Revision is 2, which is for NDIS 6.20; the driver "
               "declared 6.1");
    ExpectRule("without setting");
    WorldEnd();
}

static void
RejectsUnknownAttributes(void **State)
{
    (void)State;
    REGISTRATION.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    StartFails(STATUS_UNSUCCESSFUL);
    ExpectRule("Header.Type is 0x80, which is not that of attributes");
    ExpectRule("is set before the registration attributes");
    ExpectRule("without setting");
    WorldEnd();
}

static void
RejectsUnknownAttributeFlags(void **State)
{
    (void)State;
    REGISTRATION.AttributeFlags = 0x80000000;
    StartFails(STATUS_UNSUCCESSFUL);
    ExpectRule("AttributeFlags is 0x80000000");
    World.RuleSeen = World.RuleCount;
    WorldEnd();
}

static void
RejectsWrongGeneralFields(void **State)
{
    (void)State;
    NDIS_PNP_CAPABILITIES Capabilities = {0};
    GENERAL.Flags = 1;
    GENERAL.MtuSize = 0;
    GENERAL.SupportedOidListLength = 3;
    GENERAL.PowerManagementCapabilities = &Capabilities;
    StartFails(STATUS_UNSUCCESSFUL);
    ExpectRule("GENERAL_ATTRIBUTES.Flags is wrong");
    ExpectRule("GENERAL_ATTRIBUTES.MtuSize is wrong");
    ExpectRule("GENERAL_ATTRIBUTES.SupportedOidListLength is wrong");
    ExpectRule("GENERAL_ATTRIBUTES.PowerManagementCapabilities is wrong");
    ExpectRule("without setting");
    WorldEnd();
}

static void
RejectsMissingPowerCapabilities(void **State)
{
    (void)State;
    GENERAL.PowerManagementCapabilitiesEx = NULL;
    StartFails(STATUS_UNSUCCESSFUL);
    ExpectRule("GENERAL_ATTRIBUTES.PowerManagementCapabilitiesEx is wrong; it must be given");
    ExpectRule("without setting");
    WorldEnd();
}

/* What follows in memory is not the member that revision 1 has not. */
static void
RejectsAttributesWithoutPowerCapabilities(void **State)
{
    (void)State;
    GENERAL.Header.Revision = NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1;
    StartFails(STATUS_UNSUCCESSFUL);
    ExpectRule("GENERAL_ATTRIBUTES.PowerManagementCapabilitiesEx is wrong; it must be given");
    ExpectRule("without setting");
    WorldEnd();
}

static void
RejectsPowerCapabilitiesOfAnotherVersion(void **State)
{
    (void)State;
    World.Script.Power.Header.Revision = NDIS_PM_CAPABILITIES_REVISION_2;
    World.Script.Power.Header.Size = NDIS_SIZEOF_NDIS_PM_CAPABILITIES_REVISION_2;
    StartFails(STATUS_UNSUCCESSFUL);
    ExpectRule("NDIS_PM_CAPABILITIES.Header.Revision is 2, which is for NDIS 6.30; the driver "
               "declared 6.20");
    ExpectRule("without setting");
    WorldEnd();
}

static void
RejectsSmallPowerCapabilities(void **State)
{
    (void)State;
    World.Script.Power.Header.Size = 4;
    StartFails(STATUS_UNSUCCESSFUL);
    ExpectRule("NDIS_PM_CAPABILITIES.Header.Size is 4; revision 1 requires 52");
    ExpectRule("without setting");
    WorldEnd();
}

/* The numbers of NDIS_STATISTICS_INFO are others. */
static void
RejectsStatisticsOfTheOtherFamily(void **State)
{
    (void)State;
    GENERAL.SupportedStatistics = WORLD_STATISTICS_VALID;
    StartFails(STATUS_UNSUCCESSFUL);
    ExpectRule("GENERAL_ATTRIBUTES.SupportedStatistics is wrong; it must be all that");
    ExpectRule("without setting");
    WorldEnd();
}

/* As Windows' own samples do. */
static void
DemandsOnlySomeOfAnyDriver(void **State)
{
    (void)State;
    NdisToTheLetter = FALSE;
    GENERAL.SupportedStatistics = NDIS_STATISTICS_XMIT_OK_SUPPORTED |
                                  NDIS_STATISTICS_RCV_OK_SUPPORTED |
                                  NDIS_STATISTICS_GEN_STATISTICS_SUPPORTED;
    GENERAL.PowerManagementCapabilitiesEx = NULL;
    WorldRun();
    WorldEnd();
}

static void
RejectsUnknownStatistics(void **State)
{
    (void)State;
    GENERAL.SupportedStatistics |= 0x80000000;
    StartFails(STATUS_UNSUCCESSFUL);
    ExpectRule("GENERAL_ATTRIBUTES.SupportedStatistics is wrong; it must be of NDIS_STATISTICS_");
    ExpectRule("without setting");
    WorldEnd();
}

/* ---- Pause and restart ----------------------------------------------------------------------- */

static void
RestartFailureLeavesPaused(void **State)
{
    (void)State;
    World.Script.RestartStatus = NDIS_STATUS_RESOURCES;
    assert_int_equal(WorldLoad(), NDIS_STATUS_SUCCESS);
    WorldAdd();
    assert_int_equal(WorldStart(), STATUS_SUCCESS);
    assert_string_equal(World.Edge.Text, "DC");
    World.Script.RestartStatus = NDIS_STATUS_SUCCESS;
    assert_int_equal(NdisEdgeRestart(World.Adapter), STATUS_SUCCESS);
    assert_string_equal(World.Edge.Text, "DCRL");
    WorldEnd();
}

static void *
CompletePause(void *Unused)
{
    (void)Unused;
    usleep(20000);
    NdisMPauseComplete(World.Adapter);
    return NULL;
}

static pthread_t Helper;

static void
PauseLater(void)
{
    assert_int_equal(pthread_create(&Helper, NULL, CompletePause, NULL), 0);
}

static void *
CompleteRestart(void *Unused)
{
    (void)Unused;
    usleep(20000);
    NdisMRestartComplete(World.Adapter, NDIS_STATUS_SUCCESS);
    return NULL;
}

static void
RestartLater(void)
{
    assert_int_equal(pthread_create(&Helper, NULL, CompleteRestart, NULL), 0);
}

static void
PauseAndRestartMayPend(void **State)
{
    (void)State;
    WorldRun();
    World.Script.PauseStatus = NDIS_STATUS_PENDING;
    World.Script.DuringPause = PauseLater;
    assert_int_equal(NdisEdgePause(World.Adapter), STATUS_SUCCESS);
    pthread_join(Helper, NULL);
    assert_int_equal(World.PauseReason, NDIS_PAUSE_NDIS_INTERNAL);
    World.Script.RestartStatus = NDIS_STATUS_PENDING;
    World.Script.DuringRestart = RestartLater;
    assert_int_equal(NdisEdgeRestart(World.Adapter), STATUS_SUCCESS);
    pthread_join(Helper, NULL);
    World.Script.PauseStatus = NDIS_STATUS_SUCCESS;
    World.Script.DuringPause = NULL;
    WorldEnd();
}

static void
PauseIsForRunningAdapters(void **State)
{
    (void)State;
    WorldRun();
    assert_int_equal(NdisEdgePause(World.Adapter), STATUS_SUCCESS);
    assert_int_equal(NdisEdgePause(World.Adapter), STATUS_INVALID_DEVICE_STATE);
    assert_int_equal(NdisEdgeRestart(World.Adapter), STATUS_SUCCESS);
    assert_int_equal(NdisEdgeRestart(World.Adapter), STATUS_INVALID_DEVICE_STATE);
    assert_string_equal(World.Miniport.Text, "OINRPR");
    WorldEnd();
}

static void
CompletePauseNow(void)
{
    NdisMPauseComplete(World.Adapter);
}

static void
RejectsPauseCompleteAfterSuccess(void **State)
{
    (void)State;
    WorldRun();
    World.Script.DuringPause = CompletePauseNow;
    NdisEdgePause(World.Adapter);
    ExpectRule("MiniportPause: returned 0x0, but NdisMPauseComplete was called");
    WorldEnd();
}

static void
AcceptsPauseCompleteBeforePendingReturns(void **State)
{
    (void)State;
    WorldRun();
    World.Script.DuringPause = CompletePauseNow;
    World.Script.PauseStatus = NDIS_STATUS_PENDING;
    NdisEdgePause(World.Adapter);
    WorldEnd();
}

static void
RejectsCompletionsWithoutOperation(void **State)
{
    (void)State;
    WorldRun();
    NdisMPauseComplete(World.Adapter);
    ExpectRule("NdisMPauseComplete: no pause is pending; the adapter is Running");
    NdisMRestartComplete(World.Adapter, NDIS_STATUS_SUCCESS);
    ExpectRule("NdisMRestartComplete: no restart is pending; the adapter is Running");
    WorldEnd();
}

static void
RejectsFailingPause(void **State)
{
    (void)State;
    WorldRun();
    World.Script.PauseStatus = NDIS_STATUS_FAILURE;
    NdisEdgePause(World.Adapter);
    ExpectRule("MiniportPause: returned 0xc0000001");
    WorldEnd();
}

static void
RejectsPauseWithSendsOutstanding(void **State)
{
    (void)State;
    WorldRun();
    World.Script.KeepSends = TRUE;
    PNET_BUFFER_LIST Sent = EdgePacket();
    NdisEdgeSend(World.Adapter, Sent, 0);
    NdisEdgePause(World.Adapter);
    ExpectRule(
        "the pause is complete, but 1 NET_BUFFER_LISTs that the miniport was to send are not "
        "completed");
    assert_int_equal(WorldPnp(IRP_MN_SURPRISE_REMOVAL), STATUS_SUCCESS);
    ExpectRule("MiniportHaltEx: 1 NET_BUFFER_LISTs that the miniport was to send have never been "
               "completed");
    /* Too late: the environment has gone. */
    Sent->Status = NDIS_STATUS_SUCCESS;
    NdisMSendNetBufferListsComplete(World.Adapter, Sent, 0);
    ExpectRule("NdisMSendNetBufferListsComplete: the adapter is Halted");
    assert_int_equal(World.Completed, 0);
    EdgeFreePacket(Sent);
    WorldEnd();
}

static void
RejectsPauseWithReceivesOutstanding(void **State)
{
    (void)State;
    WorldRun();
    PNET_BUFFER_LIST List = MiniportPacket();
    MiniportIndicate(List, 1, 0);
    NdisEdgePause(World.Adapter);
    ExpectRule("the pause is complete, but 1 NET_BUFFER_LISTs that the miniport indicated have not "
               "been returned to it");
    NdisEdgeReturn(World.Adapter, World.Received);
    MiniportFreePacket(List);
    WorldEnd();
}

static void *
ReturnAndCompletePause(void *Unused)
{
    (void)Unused;
    usleep(20000);
    NdisEdgeReturn(World.Adapter, World.Received);
    NdisMPauseComplete(World.Adapter);
    return NULL;
}

static void
ReturnLater(void)
{
    assert_int_equal(pthread_create(&Helper, NULL, ReturnAndCompletePause, NULL), 0);
}

static void
PauseWaitsForReturns(void **State)
{
    (void)State;
    WorldRun();
    PNET_BUFFER_LIST List = MiniportPacket();
    MiniportIndicate(List, 1, 0);
    World.Script.PauseStatus = NDIS_STATUS_PENDING;
    World.Script.DuringPause = ReturnLater;
    NdisEdgePause(World.Adapter);
    assert_int_equal(World.Returned, 1);
    pthread_join(Helper, NULL);
    MiniportFreePacket(List);
    WorldEnd();
}

int
RunAdapterTests(void)
{
    const struct CMUnitTest Tests[] = {
        WORLD_TEST(LivesAWholeLife),
        WORLD_TEST(FailsWithTheEnvironment),
        WORLD_TEST(FailsWithoutInstanceId),
        WORLD_TEST(MiniportMayFailInitialise),
        WORLD_TEST(ReportsResourcesOfFailedInitialise),
        WORLD_TEST(ReportsResourcesLeftAtHalt),
        WORLD_TEST(RejectsPendingFromInitialise),
        WORLD_TEST(RejectsSuccessWithoutGeneralAttributes),
        WORLD_TEST(RejectsSuccessWithoutRegistrationAttributes),
        WORLD_TEST(RejectsGeneralBeforeRegistration),
        WORLD_TEST(RejectsAttributesTwice),
        WORLD_TEST(RejectsAttributesAfterInitialise),
        WORLD_TEST(RejectsSmallGeneralAttributes),
        WORLD_TEST(RejectsNewRevisionsForOldDrivers),
        WORLD_TEST(RejectsUnknownAttributes),
        WORLD_TEST(RejectsUnknownAttributeFlags),
        WORLD_TEST(RejectsWrongGeneralFields),
        WORLD_TEST(RejectsMissingPowerCapabilities),
        WORLD_TEST(RejectsAttributesWithoutPowerCapabilities),
        WORLD_TEST(RejectsPowerCapabilitiesOfAnotherVersion),
        WORLD_TEST(RejectsSmallPowerCapabilities),
        WORLD_TEST(RejectsStatisticsOfTheOtherFamily),
        WORLD_TEST(RejectsUnknownStatistics),
        WORLD_TEST(DemandsOnlySomeOfAnyDriver),
        WORLD_TEST(RestartFailureLeavesPaused),
        WORLD_TEST(PauseAndRestartMayPend),
        WORLD_TEST(PauseIsForRunningAdapters),
        WORLD_TEST(RejectsPauseCompleteAfterSuccess),
        WORLD_TEST(AcceptsPauseCompleteBeforePendingReturns),
        WORLD_TEST(RejectsCompletionsWithoutOperation),
        WORLD_TEST(RejectsFailingPause),
        WORLD_TEST(RejectsPauseWithSendsOutstanding),
        WORLD_TEST(RejectsPauseWithReceivesOutstanding),
        WORLD_TEST(PauseWaitsForReturns),
    };
    return cmocka_run_group_tests_name("ndis adapter", Tests, NULL, NULL);
}
