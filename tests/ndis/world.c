/* SPDX-License-Identifier: MIT */
/*
 * The environment and the miniport of the tests: see world.h.
 *
 * Letters in the miniport's journal: O set options, I initialize, H halt, P pause, R restart, S
 * send, r return, Q OID request, N PnP event, X shutdown, U unload. In the environment's: D driver,
 * C create, R run, P pause, X delete, r receive, s send complete, L link state.
 */
#include "world.h"

WORLD World;
static int AdapterContext;
static int DriverContext;
static int EdgeContext;
static const NDIS_OID Oids[] = {OID_GEN_STATISTICS, OID_GEN_CURRENT_PACKET_FILTER};
static UCHAR Packet[64] = {0x45};

static void
Note(JOURNAL *Journal, char Letter)
{
    if (World.Silent)
        return;
    size_t Length = strlen(Journal->Text);
    assert_true(Length < sizeof(Journal->Text) - 1);
    Journal->Text[Length] = Letter;
}

/* ---- The environment ------------------------------------------------------------------------- */

VOID
EdgeRuleBroken(const char *Rule)
{
    unsigned Index = __atomic_fetch_add(&World.RuleCount, 1, __ATOMIC_SEQ_CST);
    assert_true(Index < ARRAYSIZE(World.Rules));
    snprintf(World.Rules[Index], sizeof(World.Rules[0]), "%s", Rule);
}

NTSTATUS
EdgeDriverRegister(PDRIVER_OBJECT DriverObject)
{
    assert_ptr_equal(DriverObject, KernelDriver());
    Note(&World.Edge, 'D');
    return World.EdgeDriverStatus;
}

NTSTATUS
EdgeAdapterCreate(NDIS_ADAPTER *Adapter, HANDLE SoftwareKey, const GUID *NetCfgInstanceId,
                  NET_LUID *NetLuid, NET_IFINDEX *IfIndex, PVOID *Edge)
{
    assert_non_null(SoftwareKey);
    Note(&World.Edge, 'C');
    if (!NT_SUCCESS(World.EdgeCreateStatus))
        return World.EdgeCreateStatus;
    World.EdgeAdapter = Adapter;
    World.InstanceId = *NetCfgInstanceId;
    NetLuid->Value = 0x0035000007000000ull;
    *IfIndex = 7;
    *Edge = &EdgeContext;
    return STATUS_SUCCESS;
}

VOID
EdgeAdapterRun(PVOID Edge, const EDGE_ADAPTER_ATTRIBUTES *Attributes)
{
    assert_ptr_equal(Edge, &EdgeContext);
    World.EdgeAttributes = *Attributes;
    Note(&World.Edge, 'R');
}

VOID
EdgeAdapterRemoved(PVOID Edge)
{
    UNREFERENCED_PARAMETER(Edge);
    if (World.DuringRemoval != NULL)
        World.DuringRemoval();
}

VOID
EdgeAdapterPause(PVOID Edge)
{
    assert_ptr_equal(Edge, &EdgeContext);
    Note(&World.Edge, 'P');
}

VOID
EdgeAdapterDelete(PVOID Edge)
{
    assert_ptr_equal(Edge, &EdgeContext);
    Note(&World.Edge, 'X');
}

VOID
EdgeReceive(PVOID Edge, PNET_BUFFER_LIST NetBufferLists, ULONG Count, ULONG ReceiveFlags)
{
    assert_ptr_equal(Edge, &EdgeContext);
    Note(&World.Edge, 'r');
    InterlockedAdd(&World.ReceivedCount, (LONG)Count);
    if (ReceiveFlags & NDIS_RECEIVE_FLAGS_RESOURCES)
        return;
    if (World.EdgeReturns)
        NdisEdgeReturn(World.EdgeAdapter, NetBufferLists);
    else
        World.Received = NetBufferLists;
}

VOID
EdgeSendComplete(PVOID Edge, PNET_BUFFER_LIST NetBufferLists)
{
    assert_ptr_equal(Edge, &EdgeContext);
    Note(&World.Edge, 's');
    for (; NetBufferLists; NetBufferLists = NetBufferLists->Next)
    {
        InterlockedIncrement(&World.Completed);
        __atomic_store_n(&World.CompletedStatus, NetBufferLists->Status, __ATOMIC_RELAXED);
    }
}

VOID
EdgeLinkState(PVOID Edge, NET_IF_MEDIA_CONNECT_STATE State, ULONG64 XmitLinkSpeed,
              ULONG64 RcvLinkSpeed)
{
    assert_ptr_equal(Edge, &EdgeContext);
    (void)RcvLinkSpeed;
    Note(&World.Edge, 'L');
    World.LinkState = State;
    World.LinkSpeed = XmitLinkSpeed;
}

NTSTATUS
EdgeDeviceIrp(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    (void)DeviceObject;
    (void)Irp;
    return World.EdgeIrpStatus;
}

/* ---- The miniport ---------------------------------------------------------------------------- */

static NDIS_STATUS NTAPI
SetOptions(NDIS_HANDLE NdisDriverHandle, NDIS_HANDLE Context)
{
    assert_non_null(NdisDriverHandle);
    assert_ptr_equal(Context, &DriverContext);
    Note(&World.Miniport, 'O');
    return NDIS_STATUS_SUCCESS;
}

static void
SetAttributes(NDIS_HANDLE Adapter)
{
    SCRIPT *Script = &World.Script;
    if (Script->GeneralFirst)
        assert_int_not_equal(NdisMSetMiniportAttributes(Adapter, &Script->General),
                             NDIS_STATUS_SUCCESS);
    if (!Script->OmitRegistration)
        NdisMSetMiniportAttributes(Adapter, &Script->Registration);
    if (Script->RegistrationTwice)
        assert_int_not_equal(NdisMSetMiniportAttributes(Adapter, &Script->Registration),
                             NDIS_STATUS_SUCCESS);
    if (Script->BetweenAttributes)
        Script->BetweenAttributes(Adapter);
    if (!Script->OmitGeneral)
        NdisMSetMiniportAttributes(Adapter, &Script->General);
}

static NDIS_STATUS NTAPI
Initialize(NDIS_HANDLE NdisMiniportHandle, NDIS_HANDLE MiniportDriverContext,
           PNDIS_MINIPORT_INIT_PARAMETERS MiniportInitParameters)
{
    assert_ptr_equal(MiniportDriverContext, &DriverContext);
    Note(&World.Miniport, 'I');
    World.Adapter = NdisMiniportHandle;
    World.InitParameters = *MiniportInitParameters;
    assert_int_equal(MiniportInitParameters->DefaultPortAuthStates->Header.Size,
                     NDIS_SIZEOF_PORT_AUTHENTICATION_PARAMETERS_REVISION_1);
    SetAttributes(NdisMiniportHandle);
    if (World.Script.DuringInitialize)
        World.Script.DuringInitialize(NdisMiniportHandle);
    if (World.Script.InitializeStatus != NDIS_STATUS_SUCCESS)
        return World.Script.InitializeStatus;
    NET_BUFFER_LIST_POOL_PARAMETERS Parameters = {
        .Header = HEADER(NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
                         NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1),
        .fAllocateNetBuffer = TRUE,
        .PoolTag = TAG_TEST,
    };
    World.ListPool = NdisAllocateNetBufferListPool(NdisMiniportHandle, &Parameters);
    assert_non_null(World.ListPool);
    return NDIS_STATUS_SUCCESS;
}

static VOID NTAPI
Halt(NDIS_HANDLE MiniportAdapterContext, NDIS_HALT_ACTION HaltAction)
{
    (void)MiniportAdapterContext;
    Note(&World.Miniport, 'H');
    World.HaltAction = HaltAction;
    if (World.Script.DuringHalt)
        World.Script.DuringHalt();
    NdisFreeNetBufferListPool(World.ListPool);
}

static NDIS_STATUS NTAPI
Pause(NDIS_HANDLE MiniportAdapterContext, PNDIS_MINIPORT_PAUSE_PARAMETERS PauseParameters)
{
    assert_ptr_equal(MiniportAdapterContext, &AdapterContext);
    Note(&World.Miniport, 'P');
    World.PauseReason = PauseParameters->PauseReason;
    if (World.Script.DuringPause)
        World.Script.DuringPause();
    return World.Script.PauseStatus;
}

static NDIS_STATUS NTAPI
Restart(NDIS_HANDLE MiniportAdapterContext, PNDIS_MINIPORT_RESTART_PARAMETERS RestartParameters)
{
    assert_ptr_equal(MiniportAdapterContext, &AdapterContext);
    assert_int_equal(RestartParameters->Header.Size,
                     NDIS_SIZEOF_MINIPORT_RESTART_PARAMETERS_REVISION_1);
    Note(&World.Miniport, 'R');
    if (World.Script.DuringRestart)
        World.Script.DuringRestart();
    return World.Script.RestartStatus;
}

static VOID NTAPI
Send(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferList,
     NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
    assert_ptr_equal(MiniportAdapterContext, &AdapterContext);
    assert_int_equal(PortNumber, NDIS_DEFAULT_PORT_NUMBER);
    (void)SendFlags;
    Note(&World.Miniport, 'S');
    if (World.Script.KeepSends)
    {
        World.Kept = NetBufferList;
        return;
    }
    for (PNET_BUFFER_LIST List = NetBufferList; List; List = List->Next)
        List->Status = World.Script.SendStatus;
    NdisMSendNetBufferListsComplete(World.Adapter, NetBufferList, 0);
    if (World.Script.LeakIrql)
        KernelSetIrql(World.Script.LeakIrql);
}

static VOID NTAPI
Return(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferLists, ULONG ReturnFlags)
{
    assert_ptr_equal(MiniportAdapterContext, &AdapterContext);
    assert_int_equal((ReturnFlags & NDIS_RETURN_FLAGS_DISPATCH_LEVEL) != 0,
                     KeGetCurrentIrql() == DISPATCH_LEVEL);
    Note(&World.Miniport, 'r');
    for (; NetBufferLists; NetBufferLists = NetBufferLists->Next)
        InterlockedIncrement(&World.Returned);
}

static NDIS_STATUS NTAPI
OidRequest(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST Request)
{
    assert_ptr_equal(MiniportAdapterContext, &AdapterContext);
    assert_int_equal(Request->Header.Type, NDIS_OBJECT_TYPE_OID_REQUEST);
    Note(&World.Miniport, 'Q');
    World.LastOid = Request->DATA.QUERY_INFORMATION.Oid;
    if (World.Script.DuringOid)
        World.Script.DuringOid(Request);
    return World.Script.OidStatus;
}

static VOID NTAPI
PnpEvent(NDIS_HANDLE MiniportAdapterContext, PNET_DEVICE_PNP_EVENT NetDevicePnPEvent)
{
    assert_ptr_equal(MiniportAdapterContext, &AdapterContext);
    Note(&World.Miniport, 'N');
    World.LastEvent = NetDevicePnPEvent->DevicePnPEvent;
}

static VOID NTAPI
Shutdown(NDIS_HANDLE MiniportAdapterContext, NDIS_SHUTDOWN_ACTION ShutdownAction)
{
    assert_ptr_equal(MiniportAdapterContext, &AdapterContext);
    assert_int_equal(ShutdownAction, NdisShutdownPowerOff);
    Note(&World.Miniport, 'X');
}

static VOID NTAPI
CancelSend(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
    (void)MiniportAdapterContext;
    (void)CancelId;
}

static VOID NTAPI
CancelOid(NDIS_HANDLE MiniportAdapterContext, PVOID RequestId)
{
    (void)MiniportAdapterContext;
    (void)RequestId;
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    assert_ptr_equal(DriverObject, KernelDriver());
    Note(&World.Miniport, 'U');
    if (!World.Script.OmitDeregister)
        NdisMDeregisterMiniportDriver(World.DriverHandle);
}

static void
ScriptDefaults(SCRIPT *Script)
{
    Script->Characteristics = (NDIS_MINIPORT_DRIVER_CHARACTERISTICS){
        .Header = HEADER(NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS,
                         NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
                         NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2),
        .MajorNdisVersion = 6,
        .MinorNdisVersion = 20,
        .SetOptionsHandler = SetOptions,
        .InitializeHandlerEx = Initialize,
        .HaltHandlerEx = Halt,
        .UnloadHandler = Unload,
        .PauseHandler = Pause,
        .RestartHandler = Restart,
        .OidRequestHandler = OidRequest,
        .SendNetBufferListsHandler = Send,
        .ReturnNetBufferListsHandler = Return,
        .CancelSendHandler = CancelSend,
        .DevicePnPEventNotifyHandler = PnpEvent,
        .ShutdownHandlerEx = Shutdown,
        .CancelOidRequestHandler = CancelOid,
    };
    Script->Registration.RegistrationAttributes = (NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES){
        .Header = HEADER(NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES,
                         NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1,
                         NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1),
        .MiniportAdapterContext = &AdapterContext,
        .AttributeFlags =
            NDIS_MINIPORT_ATTRIBUTES_SURPRISE_REMOVE_OK | NDIS_MINIPORT_ATTRIBUTES_NDIS_WDM,
    };
    Script->Power = (NDIS_PM_CAPABILITIES){
        .Header = HEADER(NDIS_OBJECT_TYPE_DEFAULT, NDIS_PM_CAPABILITIES_REVISION_1,
                         NDIS_SIZEOF_NDIS_PM_CAPABILITIES_REVISION_1)};
    Script->General.GeneralAttributes = (NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES){
        .Header = HEADER(NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES,
                         NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2,
                         NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2),
        .MediaType = NdisMediumIP,
        .MtuSize = 1500,
        .MaxXmitLinkSpeed = 1000000000,
        .XmitLinkSpeed = 500000000,
        .MaxRcvLinkSpeed = 1000000000,
        .RcvLinkSpeed = 500000000,
        .MediaConnectState = MediaConnectStateDisconnected,
        .MediaDuplexState = MediaDuplexStateFull,
        .LookaheadSize = 1500,
        .SupportedPacketFilters = 0x2f,
        .AccessType = NET_IF_ACCESS_BROADCAST,
        .DirectionType = NET_IF_DIRECTION_SENDRECEIVE,
        .ConnectionType = NET_IF_CONNECTION_DEDICATED,
        .IfType = IF_TYPE_PROP_VIRTUAL,
        .SupportedStatistics = WORLD_STATISTICS_SUPPORTED,
        .SupportedOidList = (PNDIS_OID)(ULONG_PTR)Oids,
        .SupportedOidListLength = sizeof(Oids),
        .PowerManagementCapabilitiesEx = &Script->Power,
    };
    Script->SendStatus = NDIS_STATUS_SUCCESS;
}

/* ---- Steps and expectations ------------------------------------------------------------------ */

int
WorldSetup(void **State)
{
    static const WCHAR InstanceId[] = L"{01234567-89ab-cdef-0123-456789ABCDEF}";
    (void)State;
    KernelReset();
    memset(&World, 0, sizeof(World));
    ScriptDefaults(&World.Script);
    NdisToTheLetter = TRUE;
    KernelSetValue(KERNEL_SOFTWARE_KEY, L"NetCfgInstanceId", REG_SZ, InstanceId,
                   sizeof(InstanceId));
    return 0;
}

int
WorldTeardown(void **State)
{
    (void)State;
    ExpectNoRule();
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_null(KernelBusDevice()->AttachedDevice);
    assert_int_equal(KernelLeaks(), 0);
    return 0;
}

void
ExpectRule(const char *Part)
{
    if (World.RuleSeen >= World.RuleCount)
        fail_msg("no broken rule was reported; expected one with \"%s\"", Part);
    const char *Rule = World.Rules[World.RuleSeen++];
    if (strstr(Rule, Part) == NULL)
        fail_msg("the reported rule is \"%s\"; expected one with \"%s\"", Rule, Part);
}

void
ExpectNoRule(void)
{
    if (World.RuleSeen < World.RuleCount)
        fail_msg("unexpected broken rule: %s", World.Rules[World.RuleSeen]);
}

NDIS_STATUS
WorldLoad(void)
{
    static UNICODE_STRING Path = RTL_CONSTANT_STRING(L"\\Services\\Test");
    return NdisMRegisterMiniportDriver(KernelDriver(), &Path, &DriverContext,
                                       &World.Script.Characteristics, &World.DriverHandle);
}

void
WorldAdd(void)
{
    assert_int_equal(KernelDriver()->DriverExtension->AddDevice(KernelDriver(), KernelBusDevice()),
                     STATUS_SUCCESS);
}

NTSTATUS
WorldPnp(UCHAR Minor)
{
    return KernelIrp(KernelBusDevice(), IRP_MJ_PNP, Minor);
}

NTSTATUS
WorldStart(void)
{
    return WorldPnp(IRP_MN_START_DEVICE);
}

void
WorldUnload(void)
{
    KernelDriver()->DriverUnload(KernelDriver());
}

void
WorldRun(void)
{
    assert_int_equal(WorldLoad(), NDIS_STATUS_SUCCESS);
    WorldAdd();
    assert_int_equal(WorldStart(), STATUS_SUCCESS);
    assert_string_equal(World.Miniport.Text, "OINR");
    assert_string_equal(World.Edge.Text, "DCRL");
}

void
WorldEnd(void)
{
    assert_int_equal(WorldPnp(IRP_MN_REMOVE_DEVICE), STATUS_SUCCESS);
    WorldUnload();
}

PNET_BUFFER_LIST
MiniportPacket(void)
{
    PMDL Mdl = NdisAllocateMdl(World.Adapter, Packet, sizeof(Packet));
    assert_non_null(Mdl);
    PNET_BUFFER_LIST List =
        NdisAllocateNetBufferAndNetBufferList(World.ListPool, 0, 0, Mdl, 0, sizeof(Packet));
    assert_non_null(List);
    List->SourceHandle = World.Adapter;
    NdisSetNblFlag(List, NDIS_NBL_FLAGS_IS_IPV4);
    NET_BUFFER_LIST_INFO(List, NetBufferListFrameType) =
        (PVOID)(ULONG_PTR)RtlUshortByteSwap(NDIS_ETH_TYPE_IPV4);
    return List;
}

void
MiniportFreePacket(PNET_BUFFER_LIST List)
{
    PMDL Mdl = List->FirstNetBuffer->MdlChain;
    NdisFreeNetBufferList(List);
    NdisFreeMdl(Mdl);
}

void
MiniportIndicate(PNET_BUFFER_LIST Chain, ULONG Count, ULONG Flags)
{
    NdisMIndicateReceiveNetBufferLists(World.Adapter, Chain, NDIS_DEFAULT_PORT_NUMBER, Count,
                                       Flags);
}

PNET_BUFFER_LIST
EdgePacket(void)
{
    NET_BUFFER_LIST_POOL_PARAMETERS Parameters = {
        .Header = HEADER(NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
                         NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1),
        .fAllocateNetBuffer = TRUE,
        .PoolTag = TAG_TEST,
        .DataSize = 100,
    };
    NDIS_HANDLE Pool = NdisAllocateNetBufferListPool(NULL, &Parameters);
    assert_non_null(Pool);
    PNET_BUFFER_LIST List = NdisAllocateNetBufferList(Pool, 0, 0);
    assert_non_null(List);
    List->FirstNetBuffer->DataLength = 100;
    return List;
}

void
EdgeFreePacket(PNET_BUFFER_LIST List)
{
    NDIS_HANDLE Pool = NdisGetPoolFromNetBufferList(List);
    NdisFreeNetBufferList(List);
    NdisFreeNetBufferListPool(Pool);
}
