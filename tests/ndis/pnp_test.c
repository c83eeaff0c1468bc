/* SPDX-License-Identifier: MIT */
/* PnP and power IRPs of an adapter's device object. */
#include "world.h"

#define GENERAL (World.Script.General.GeneralAttributes)

static void
StartsWhenTheBusPends(void **State)
{
    (void)State;
    KernelBusPends = TRUE;
    WorldRun();
    WorldEnd();
    assert_int_equal(World.HaltAction, NdisHaltDeviceDisabled);
    assert_int_equal(World.LastEvent, NdisDevicePnPEventRemoved);
}

static void
DoesNotInitialiseWhenTheBusFails(void **State)
{
    (void)State;
    KernelBusStatus = STATUS_NO_SUCH_DEVICE;
    assert_int_equal(WorldLoad(), NDIS_STATUS_SUCCESS);
    WorldAdd();
    assert_int_equal(WorldStart(), STATUS_NO_SUCH_DEVICE);
    WorldEnd();
    assert_string_equal(World.Miniport.Text, "OU");
}

static void
QueryRemoveNotifiesAndStopHalts(void **State)
{
    (void)State;
    WorldRun();
    assert_int_equal(WorldPnp(IRP_MN_QUERY_REMOVE_DEVICE), STATUS_SUCCESS);
    assert_int_equal(World.LastEvent, NdisDevicePnPEventQueryRemoved);
    assert_int_equal(WorldPnp(IRP_MN_CANCEL_REMOVE_DEVICE), STATUS_SUCCESS);
    assert_int_equal(WorldPnp(IRP_MN_STOP_DEVICE), STATUS_SUCCESS);
    assert_int_equal(World.HaltAction, NdisHaltDeviceStopped);
    assert_int_equal(WorldStart(), STATUS_SUCCESS);
    WorldEnd();
    assert_string_equal(World.Miniport.Text, "OINRNPHINRNPHU");
}

static PNET_BUFFER_LIST Late;

static void
SendLate(void)
{
    ULONG Packets;
    NDIS_OID_REQUEST Request = {.RequestType = NdisRequestQueryInformation};
    Request.DATA.QUERY_INFORMATION.Oid = OID_GEN_XMIT_OK;
    Request.DATA.QUERY_INFORMATION.InformationBuffer = &Packets;
    Request.DATA.QUERY_INFORMATION.InformationBufferLength = sizeof(Packets);
    NdisEdgeSend(World.EdgeAdapter, Late, 0);
    NdisEdgeOidRequest(World.EdgeAdapter, &Request);
}

/* Sends and asks between the notification of a surprise removal and MiniportHaltEx; the miniport
 * ends both with Status. */
static void
RemoveUnderTraffic(NDIS_STATUS Status)
{
    WorldRun();
    Late = EdgePacket();
    World.DuringRemoval = SendLate;
    World.Script.SendStatus = Status;
    World.Script.OidStatus = Status;
    assert_int_equal(WorldPnp(IRP_MN_SURPRISE_REMOVAL), STATUS_SUCCESS);
    if (Status == NDIS_STATUS_SUCCESS)
    {
        ExpectRule("it was sent after the miniport was told of the surprise removal, so "
                   "NDIS_STATUS_NOT_ACCEPTED is required");
        ExpectRule(
            "MiniportOidRequest: ended with 0x0 for OID 0x20101 after the miniport was told");
    }
    ExpectNoRule();
    EdgeFreePacket(Late);
    WorldEnd();
}

static void
RefusesAfterSurpriseRemoval(void **State)
{
    (void)State;
    RemoveUnderTraffic(NDIS_STATUS_NOT_ACCEPTED);
}

static void
GoesOnAfterSurpriseRemoval(void **State)
{
    (void)State;
    RemoveUnderTraffic(NDIS_STATUS_SUCCESS);
}

static void
SendDuringPause(void)
{
    NdisEdgeSend(World.EdgeAdapter, Late, 0);
}

/* Sends that come while the miniport pauses reach it, and it must have ended them by the end. */
static void
PauseUnderTraffic(BOOLEAN Keep)
{
    WorldRun();
    Late = EdgePacket();
    assert_int_equal(NdisEdgePause(World.EdgeAdapter), STATUS_SUCCESS);
    NdisEdgeSendWhilePausing(World.EdgeAdapter, TRUE);
    assert_int_equal(NdisEdgeRestart(World.EdgeAdapter), STATUS_SUCCESS);
    World.Script.DuringPause = SendDuringPause;
    World.Script.SendStatus = NDIS_STATUS_PAUSED;
    World.Script.KeepSends = Keep;
    assert_int_equal(NdisEdgePause(World.EdgeAdapter), STATUS_SUCCESS);
    World.Script.DuringPause = NULL;
    if (Keep)
    {
        ExpectRule("NET_BUFFER_LISTs that the miniport was to send are not completed");
        World.Kept->Status = NDIS_STATUS_PAUSED;
        NdisMSendNetBufferListsComplete(World.Adapter, World.Kept, 0);
        World.Kept = NULL;
    }
    else
        assert_int_equal(World.CompletedStatus, NDIS_STATUS_PAUSED);
    ExpectNoRule();
    EdgeFreePacket(Late);
    WorldEnd();
}

static void
RefusesWhilePausing(void **State)
{
    (void)State;
    PauseUnderTraffic(FALSE);
}

static void
KeepsSendsWhilePausing(void **State)
{
    (void)State;
    PauseUnderTraffic(TRUE);
}

static void
ForwardsWhatItDoesNotKnow(void **State)
{
    (void)State;
    WorldRun();
    assert_int_equal(WorldPnp(IRP_MN_QUERY_ID), STATUS_SUCCESS);
    assert_int_equal(WorldPnp(IRP_MN_QUERY_CAPABILITIES), STATUS_SUCCESS);
    const UCHAR Seen[] = {IRP_MN_START_DEVICE, IRP_MN_QUERY_ID, IRP_MN_QUERY_CAPABILITIES, 0xFF};
    assert_memory_equal(KernelBusSeen, Seen, sizeof(Seen));
    WorldEnd();
}

static void
SleepHaltsUnawareMiniports(void **State)
{
    (void)State;
    POWER_STATE D3 = {.DeviceState = PowerDeviceD3};
    POWER_STATE D0 = {.DeviceState = PowerDeviceD0};
    /* From NDIS 6.20 on there are none. */
    World.Script.Characteristics.MinorNdisVersion = 1;
    GENERAL.Header.Revision = NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1;
    GENERAL.Header.Size = NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1;
    WorldRun();
    assert_int_equal(KernelPowerIrp(KernelBusDevice(), IRP_MN_SET_POWER, DevicePowerState, D3),
                     STATUS_SUCCESS);
    assert_int_equal(World.HaltAction, NdisHaltDevicePoweredDown);
    assert_int_equal(KernelPowerIrp(KernelBusDevice(), IRP_MN_SET_POWER, DevicePowerState, D0),
                     STATUS_SUCCESS);
    WorldEnd();
    assert_string_equal(World.Miniport.Text, "OINRPHIRNPHU");
    assert_string_equal(World.Edge.Text, "DCRLPXCRLPX");
}

static void
SleepTellsAwareMiniports(void **State)
{
    (void)State;
    POWER_STATE D3 = {.DeviceState = PowerDeviceD3};
    POWER_STATE D0 = {.DeviceState = PowerDeviceD0};
    WorldRun();
    assert_int_equal(KernelPowerIrp(KernelBusDevice(), IRP_MN_SET_POWER, DevicePowerState, D3),
                     STATUS_SUCCESS);
    assert_int_equal(World.LastOid, OID_PNP_SET_POWER);
    assert_int_equal(KernelPowerIrp(KernelBusDevice(), IRP_MN_SET_POWER, DevicePowerState, D0),
                     STATUS_SUCCESS);
    assert_string_equal(World.Miniport.Text, "OINRPQQR");
    WorldEnd();
}

static void
ShutdownIsTheLastCall(void **State)
{
    (void)State;
    POWER_STATE S5 = {.SystemState = PowerSystemShutdown};
    WorldRun();
    assert_int_equal(KernelPowerIrp(KernelBusDevice(), IRP_MN_SET_POWER, SystemPowerState, S5),
                     STATUS_SUCCESS);
    assert_string_equal(World.Miniport.Text, "OINRX");
    NDIS_OID_REQUEST Request = {.RequestType = NdisRequestQueryInformation};
    Request.DATA.QUERY_INFORMATION.Oid = OID_GEN_VENDOR_ID;
    assert_int_equal(NdisEdgeOidRequest(World.Adapter, &Request), NDIS_STATUS_ADAPTER_NOT_READY);
    /* The machine would be off now; the test takes the device away instead. */
    assert_int_equal(WorldPnp(IRP_MN_REMOVE_DEVICE), STATUS_SUCCESS);
    WorldUnload();
}

static void
NotifiesDeviceProperties(void **State)
{
    (void)State;
    PDEVICE_OBJECT Physical = NULL;
    PDEVICE_OBJECT Functional = NULL;
    PDEVICE_OBJECT Next = NULL;
    NDIS_STRING Name;
    WorldRun();
    NdisMGetDeviceProperty(World.Adapter, &Physical, &Functional, &Next, NULL, NULL);
    assert_ptr_equal(Physical, KernelBusDevice());
    assert_ptr_equal(Next, KernelBusDevice());
    assert_ptr_equal(Functional, KernelBusDevice()->AttachedDevice);
    assert_int_equal(NdisMQueryAdapterInstanceName(&Name, World.Adapter), NDIS_STATUS_SUCCESS);
    assert_int_equal(Name.Length, 12 * sizeof(WCHAR));
    NdisFreeMemory(Name.Buffer, 0, 0);
    WorldEnd();
}

int
RunPnpTests(void)
{
    const struct CMUnitTest Tests[] = {
        WORLD_TEST(StartsWhenTheBusPends),
        WORLD_TEST(DoesNotInitialiseWhenTheBusFails),
        WORLD_TEST(QueryRemoveNotifiesAndStopHalts),
        WORLD_TEST(ForwardsWhatItDoesNotKnow),
        WORLD_TEST(SleepHaltsUnawareMiniports),
        WORLD_TEST(SleepTellsAwareMiniports),
        WORLD_TEST(RefusesAfterSurpriseRemoval),
        WORLD_TEST(GoesOnAfterSurpriseRemoval),
        WORLD_TEST(RefusesWhilePausing),
        WORLD_TEST(KeepsSendsWhilePausing),
        WORLD_TEST(ShutdownIsTheLastCall),
        WORLD_TEST(NotifiesDeviceProperties),
    };
    return cmocka_run_group_tests_name("ndis pnp and power", Tests, NULL, NULL);
}
