/* SPDX-License-Identifier: MIT */
/* The life of an adapter: initialise, restart, pause, removal, halt; and the session it carries. */
#include "driver.h"

/* StateLock is held in a critical region, not at APC_LEVEL: whoever is told of the link's state
 * under it finds the IRQL and the special APCs that it had, and its holder cannot be suspended.
 * Page "ExAcquireFastMutexUnsafe". */
static VOID
LockState(ADAPTER *Adapter)
{
    KeEnterCriticalRegion();
    ExAcquireFastMutexUnsafe(&Adapter->StateLock);
}

static VOID
UnlockState(ADAPTER *Adapter)
{
    ExReleaseFastMutexUnsafe(&Adapter->StateLock);
    KeLeaveCriticalRegion();
}

/* The link is up while there is a session, and unknown while the adapter is in a low-power state,
 * as page "NDIS_STATUS_LINK_STATE" says. */
static VOID
IndicateLinkState(ADAPTER *Adapter)
{
    BOOLEAN Asleep = ReadNoFence(&Adapter->Asleep) != FALSE;
    BOOLEAN Connected = !Asleep && ReadNoFence(&Adapter->Connected);
    NDIS_LINK_STATE LinkState = {
        .Header = {.Type = NDIS_OBJECT_TYPE_DEFAULT,
                   .Revision = NDIS_LINK_STATE_REVISION_1,
                   .Size = NDIS_SIZEOF_LINK_STATE_REVISION_1},
        .MediaConnectState = Asleep      ? MediaConnectStateUnknown
                             : Connected ? MediaConnectStateConnected
                                         : MediaConnectStateDisconnected,
        .MediaDuplexState = MediaDuplexStateFull,
        .XmitLinkSpeed = Connected ? LINK_SPEED : NDIS_LINK_SPEED_UNKNOWN,
        .RcvLinkSpeed = Connected ? LINK_SPEED : NDIS_LINK_SPEED_UNKNOWN,
        .PauseFunctions = NdisPauseFunctionsUnsupported,
    };
    NDIS_STATUS_INDICATION Indication = {
        .Header = {.Type = NDIS_OBJECT_TYPE_STATUS_INDICATION,
                   .Revision = NDIS_STATUS_INDICATION_REVISION_1,
                   .Size = NDIS_SIZEOF_STATUS_INDICATION_REVISION_1},
        .SourceHandle = Adapter->MiniportHandle,
        .StatusCode = NDIS_STATUS_LINK_STATE,
        .StatusBuffer = &LinkState,
        .StatusBufferSize = sizeof(LinkState),
    };
    NdisMIndicateStatusEx(Adapter->MiniportHandle, &Indication);
}

/*
 * What the link's state depends on has changed: tells it. One caller at a time does; another one
 * leaves its change to that, which looks again, so what is told last is what is true, and nobody
 * waits. Whoever tells is in a call that NDIS or AdapterHalt waits for.
 */
static VOID
LinkChanged(ADAPTER *Adapter)
{
    LONG Seen, Now = InterlockedIncrement(&Adapter->LinkChanges);
    if (Now != 1)
        return;
    do
    {
        Seen = Now;
        IndicateLinkState(Adapter);
        Now = InterlockedCompareExchange(&Adapter->LinkChanges, 0, Seen);
    } while (Now != Seen);
}

/* NdisMIndicateStatusEx may call into the stack above: StateLock is held here on purpose, so that
 * "connected" and "disconnected" arrive in the order in which they happened. No handler that NDIS
 * can call from there takes StateLock. */
static VOID
SetConnected(ADAPTER *Adapter, BOOLEAN Connected)
{
    InterlockedExchange(&Adapter->Connected, Connected);
    LinkChanged(Adapter);
}

_Use_decl_annotations_
VOID
AdapterSetPower(ADAPTER *Adapter, BOOLEAN Asleep)
{
    if (InterlockedExchange(&Adapter->Asleep, Asleep) != Asleep)
        LinkChanged(Adapter);
}

/* Opens or closes TransmitGate to match Running and Session. Under StateLock. Closing waits for
 * bursts in progress, which are made at DISPATCH_LEVEL: they only copy, wait for nothing and cannot
 * be suspended. */
static VOID
CloseTransmitGate(ADAPTER *Adapter)
{
    ExWaitForRundownProtectionRelease(&Adapter->TransmitGate);
    ExRundownCompleted(&Adapter->TransmitGate);
}

static VOID
OpenTransmitGate(ADAPTER *Adapter)
{
    ExReInitializeRundownProtection(&Adapter->TransmitGate);
}

_Use_decl_annotations_
NTSTATUS
AdapterClaimSession(ADAPTER *Adapter, SESSION *Session)
{
    NTSTATUS Status = STATUS_SUCCESS;
    PKTHREAD LastThread = NULL;
    LockState(Adapter);
    if (Session->FileObject->FsContext != NULL)
        Status = STATUS_CANCELLED;
    else if (ReadNoFence(&Adapter->Removing))
        Status = STATUS_DEVICE_NOT_READY;
    else if (Adapter->Session != NULL)
        Status = STATUS_SHARING_VIOLATION;
    else
    {
        Adapter->Session = Session;
        LastThread = Adapter->SessionThread;
        Adapter->SessionThread = NULL;
    }
    UnlockState(Adapter);
    if (LastThread != NULL)
    {
        /* It has detached its session, all that it does now is to complete an IRP and exit. */
        KeWaitForSingleObject(LastThread, Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(LastThread);
    }
    return Status;
}

_Use_decl_annotations_
VOID
AdapterUnclaimSession(ADAPTER *Adapter)
{
    LockState(Adapter);
    Adapter->Session = NULL;
    UnlockState(Adapter);
}

_Use_decl_annotations_
VOID
AdapterAttachSession(ADAPTER *Adapter, PKTHREAD Thread)
{
    LockState(Adapter);
    Adapter->SessionThread = Thread;
    InterlockedIncrement64(&Adapter->Sessions);
    WriteNoFence(&Adapter->In.HighWater, 0);
    WriteNoFence(&Adapter->Out.HighWater, 0);
    if (Adapter->Running)
        OpenTransmitGate(Adapter);
    /* While this says that there is a session, a closed gate says that the adapter is paused. */
    WriteNoFence(&Adapter->Capacity, (LONG)Adapter->Session->Receive.Capacity);
    SetConnected(Adapter, TRUE);
    UnlockState(Adapter);
}

_Use_decl_annotations_
VOID
AdapterDetachSession(ADAPTER *Adapter)
{
    LockState(Adapter);
    WriteNoFence(&Adapter->Capacity, 0);
    if (Adapter->Running)
        CloseTransmitGate(Adapter);
    Adapter->Session = NULL;
    SetConnected(Adapter, FALSE);
    UnlockState(Adapter);
}

_Use_decl_annotations_
VOID
AdapterCloseFile(ADAPTER *Adapter, PFILE_OBJECT FileObject)
{
    LockState(Adapter);
    /* Anything but NULL. Nobody else uses the field: this is the only driver of the device. */
    FileObject->FsContext = Adapter;
    if (Adapter->Session != NULL && Adapter->Session->FileObject == FileObject)
        SessionStop(Adapter->Session, STATUS_CANCELLED);
    UnlockState(Adapter);
}

/* Ends the session, if there is one; does not wait. */
static VOID
StopSession(ADAPTER *Adapter, NTSTATUS Status)
{
    LockState(Adapter);
    if (Adapter->Session != NULL)
        SessionStop(Adapter->Session, Status);
    UnlockState(Adapter);
}

_Use_decl_annotations_
BOOLEAN
AdapterInjectAcquire(ADAPTER *Adapter)
{
    LONG References = ReadNoFence(&Adapter->InjectReferences);
    while (References != 0)
    {
        LONG Seen =
            InterlockedCompareExchange(&Adapter->InjectReferences, References + 1, References);
        if (Seen == References)
            return TRUE;
        References = Seen;
    }
    return FALSE;
}

_Use_decl_annotations_
VOID
AdapterInjectRelease(ADAPTER *Adapter, LONG Count)
{
    /* Only AdapterPause takes away the reference that a running adapter has, so 0 means that a
     * pause is pending. */
    if (InterlockedExchangeAdd(&Adapter->InjectReferences, -Count) == Count)
        NdisMPauseComplete(Adapter->MiniportHandle);
}

_Use_decl_annotations_
NDIS_STATUS NTAPI
AdapterRestart(NDIS_HANDLE MiniportAdapterContext, PNDIS_MINIPORT_RESTART_PARAMETERS Parameters)
{
    UNREFERENCED_PARAMETER(Parameters);
    ADAPTER *Adapter = MiniportAdapterContext;
    LockState(Adapter);
    Adapter->Running = TRUE;
    InterlockedExchange(&Adapter->InjectReferences, 1);
    /* A session whose AdapterAttachSession is still to come has no thread yet; it opens the gate.
     */
    if (Adapter->Session != NULL && Adapter->SessionThread != NULL)
        OpenTransmitGate(Adapter);
    UnlockState(Adapter);
    KeSetEvent(&Adapter->InjectWake, IO_NO_INCREMENT, FALSE);
    return NDIS_STATUS_SUCCESS;
}

_Use_decl_annotations_
NDIS_STATUS NTAPI
AdapterPause(NDIS_HANDLE MiniportAdapterContext, PNDIS_MINIPORT_PAUSE_PARAMETERS Parameters)
{
    UNREFERENCED_PARAMETER(Parameters);
    ADAPTER *Adapter = MiniportAdapterContext;
    LockState(Adapter);
    Adapter->Running = FALSE;
    if (Adapter->Session != NULL && Adapter->SessionThread != NULL)
        CloseTransmitGate(Adapter);
    UnlockState(Adapter);
    /* A sender may be out of the gate and have its lists to complete yet. Nobody waits for that
     * here: bindings and filters pause first, when all that they sent is complete (page "Pausing a
     * Driver Stack"), so there is none. */
    return InterlockedDecrement(&Adapter->InjectReferences) == 0 ? NDIS_STATUS_SUCCESS
                                                                 : NDIS_STATUS_PENDING;
}

/* The adapter is going away. Pages "MINIPORT_DEVICE_PNP_EVENT_NOTIFY" and "MINIPORT_OID_REQUEST":
 * sends and requests are refused from now on. */
static VOID
BeginRemoval(ADAPTER *Adapter)
{
    LockState(Adapter);
    InterlockedExchange(&Adapter->Removing, TRUE);
    UnlockState(Adapter);
}

_Use_decl_annotations_
VOID NTAPI
AdapterDevicePnPEvent(NDIS_HANDLE MiniportAdapterContext, PNET_DEVICE_PNP_EVENT Event)
{
    ADAPTER *Adapter = MiniportAdapterContext;
    if (Event->DevicePnPEvent != NdisDevicePnPEventSurpriseRemoved)
        return;
    BeginRemoval(Adapter);
    StopSession(Adapter, STATUS_DEVICE_REMOVED);
}

_Use_decl_annotations_
VOID NTAPI
AdapterShutdown(NDIS_HANDLE MiniportAdapterContext, NDIS_SHUTDOWN_ACTION Action)
{
    /* There is no hardware to quieten; memory is all that there is. */
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(Action);
}

/* Waits until the session has ended and its thread is out of the driver's code. No session can
 * start any more. */
static VOID
WaitForSessionEnd(ADAPTER *Adapter)
{
    LockState(Adapter);
    PKTHREAD Thread = Adapter->SessionThread;
    Adapter->SessionThread = NULL;
    UnlockState(Adapter);
    if (Thread == NULL)
        return;
    KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(Thread);
}

_Use_decl_annotations_
VOID NTAPI
AdapterHalt(NDIS_HANDLE MiniportAdapterContext, NDIS_HALT_ACTION Action)
{
    UNREFERENCED_PARAMETER(Action);
    ADAPTER *Adapter = MiniportAdapterContext;
    BeginRemoval(Adapter);
    StopSession(Adapter, STATUS_DEVICE_REMOVED);
    /* After this no IRP is inside SessionStart, so the thread that is there is the last one. */
    DeviceRunDown(Adapter);
    WaitForSessionEnd(Adapter);
    DeviceDelete(Adapter);
    BufferPoolDelete(Adapter);
    ExFreePoolWithTag(Adapter, POOL_TAG_ADAPTER);
}

/* The adapter's GUID, from its driver key: the device object is named after it. */
static NDIS_STATUS
ReadNetCfgInstanceId(ADAPTER *Adapter)
{
    NDIS_CONFIGURATION_OBJECT Object = {
        .Header = {.Type = NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT,
                   .Revision = NDIS_CONFIGURATION_OBJECT_REVISION_1,
                   .Size = NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1},
        .NdisHandle = Adapter->MiniportHandle,
    };
    NDIS_HANDLE Configuration;
    NDIS_STATUS Status = NdisOpenConfigurationEx(&Object, &Configuration);
    if (Status != NDIS_STATUS_SUCCESS)
        return Status;
    NDIS_STRING Keyword = NDIS_STRING_CONST("NetCfgInstanceId");
    PNDIS_CONFIGURATION_PARAMETER Parameter;
    NdisReadConfiguration(&Status, &Parameter, Configuration, &Keyword, NdisParameterString);
    if (Status == NDIS_STATUS_SUCCESS &&
        (Parameter->ParameterType != NdisParameterString ||
         !NT_SUCCESS(
             RtlGUIDFromString(&Parameter->ParameterData.StringData, &Adapter->NetCfgInstanceId))))
        Status = NDIS_STATUS_INVALID_DATA;
    NdisCloseConfiguration(Configuration);
    return Status;
}

/* "NDIS 6.0 drivers must support all statistics": page "NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES".
 * The same that oid.c answers, but these are other numbers. */
#define STATISTICS_SUPPORTED                                                                       \
    (NDIS_STATISTICS_DIRECTED_FRAMES_RCV_SUPPORTED |                                               \
     NDIS_STATISTICS_MULTICAST_FRAMES_RCV_SUPPORTED |                                              \
     NDIS_STATISTICS_BROADCAST_FRAMES_RCV_SUPPORTED | NDIS_STATISTICS_BYTES_RCV_SUPPORTED |        \
     NDIS_STATISTICS_RCV_DISCARDS_SUPPORTED | NDIS_STATISTICS_RCV_ERROR_SUPPORTED |                \
     NDIS_STATISTICS_DIRECTED_FRAMES_XMIT_SUPPORTED |                                              \
     NDIS_STATISTICS_MULTICAST_FRAMES_XMIT_SUPPORTED |                                             \
     NDIS_STATISTICS_BROADCAST_FRAMES_XMIT_SUPPORTED | NDIS_STATISTICS_BYTES_XMIT_SUPPORTED |      \
     NDIS_STATISTICS_XMIT_ERROR_SUPPORTED | NDIS_STATISTICS_XMIT_DISCARDS_SUPPORTED |              \
     NDIS_STATISTICS_DIRECTED_BYTES_RCV_SUPPORTED |                                                \
     NDIS_STATISTICS_MULTICAST_BYTES_RCV_SUPPORTED |                                               \
     NDIS_STATISTICS_BROADCAST_BYTES_RCV_SUPPORTED |                                               \
     NDIS_STATISTICS_DIRECTED_BYTES_XMIT_SUPPORTED |                                               \
     NDIS_STATISTICS_MULTICAST_BYTES_XMIT_SUPPORTED |                                              \
     NDIS_STATISTICS_BROADCAST_BYTES_XMIT_SUPPORTED)

static NDIS_STATUS
SetAttributes(ADAPTER *Adapter)
{
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES Registration = {
        .RegistrationAttributes = {
            .Header = {.Type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES,
                       .Revision = NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1,
                       .Size = NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1},
            .MiniportAdapterContext = Adapter,
            /* There is no power to lose, so sessions live through sleep. */
            .AttributeFlags = NDIS_MINIPORT_ATTRIBUTES_NO_HALT_ON_SUSPEND |
                              NDIS_MINIPORT_ATTRIBUTES_SURPRISE_REMOVE_OK,
            .InterfaceType = NdisInterfaceInternal,
        }};
    NDIS_STATUS Status = NdisMSetMiniportAttributes(Adapter->MiniportHandle, &Registration);
    if (Status != NDIS_STATUS_SUCCESS)
        return Status;
    /* "Mandatory for NDIS 6.20 and later drivers" (page
     * "NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES"), though nothing here can wake the computer. Page
     * "NDIS_PM_CAPABILITIES": revision 2 is NDIS 6.30's. */
    NDIS_PM_CAPABILITIES Power = {
        .Header = {.Type = NDIS_OBJECT_TYPE_DEFAULT,
                   .Revision =
                       Ndis630 ? NDIS_PM_CAPABILITIES_REVISION_2 : NDIS_PM_CAPABILITIES_REVISION_1,
                   .Size = Ndis630 ? NDIS_SIZEOF_NDIS_PM_CAPABILITIES_REVISION_2
                                   : NDIS_SIZEOF_NDIS_PM_CAPABILITIES_REVISION_1},
        .MinMagicPacketWakeUp = NdisDeviceStateUnspecified,
        .MinPatternWakeUp = NdisDeviceStateUnspecified,
        .MinLinkChangeWakeUp = NdisDeviceStateUnspecified,
    };
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES General = {
        .GeneralAttributes = {
            .Header = {.Type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES,
                       .Revision = NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2,
                       .Size = NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2},
            .MediaType = NdisMediumIP,
            .PhysicalMediumType = NdisPhysicalMediumUnspecified,
            .MtuSize = MTU_SIZE,
            .MaxXmitLinkSpeed = LINK_SPEED,
            .MaxRcvLinkSpeed = LINK_SPEED,
            .XmitLinkSpeed = NDIS_LINK_SPEED_UNKNOWN,
            .RcvLinkSpeed = NDIS_LINK_SPEED_UNKNOWN,
            .MediaConnectState = MediaConnectStateDisconnected,
            .MediaDuplexState = MediaDuplexStateFull,
            .LookaheadSize = MTU_SIZE,
            .MacOptions = NDIS_MAC_OPTION_TRANSFERS_NOT_PEND | NDIS_MAC_OPTION_COPY_LOOKAHEAD_DATA |
                          NDIS_MAC_OPTION_NO_LOOPBACK,
            .SupportedPacketFilters = NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST |
                                      NDIS_PACKET_TYPE_ALL_MULTICAST | NDIS_PACKET_TYPE_BROADCAST |
                                      NDIS_PACKET_TYPE_ALL_LOCAL | NDIS_PACKET_TYPE_ALL_FUNCTIONAL,
            .AccessType = NET_IF_ACCESS_BROADCAST,
            .DirectionType = NET_IF_DIRECTION_SENDRECEIVE,
            .ConnectionType = NET_IF_CONNECTION_DEDICATED,
            .IfType = IF_TYPE_PROP_VIRTUAL,
            .IfConnectorPresent = FALSE,
            .SupportedStatistics = STATISTICS_SUPPORTED,
            .SupportedPauseFunctions = NdisPauseFunctionsUnsupported,
            .AutoNegotiationFlags = NDIS_LINK_STATE_XMIT_LINK_SPEED_AUTO_NEGOTIATED |
                                    NDIS_LINK_STATE_RCV_LINK_SPEED_AUTO_NEGOTIATED |
                                    NDIS_LINK_STATE_DUPLEX_AUTO_NEGOTIATED,
            .SupportedOidList = SupportedOids,
            .SupportedOidListLength = SupportedOidsBytes,
            .PowerManagementCapabilitiesEx = &Power,
        }};
    return NdisMSetMiniportAttributes(Adapter->MiniportHandle, &General);
}

_Use_decl_annotations_
NDIS_STATUS NTAPI
AdapterInitialize(NDIS_HANDLE NdisMiniportHandle, NDIS_HANDLE MiniportDriverContext,
                  PNDIS_MINIPORT_INIT_PARAMETERS Parameters)
{
    UNREFERENCED_PARAMETER(MiniportDriverContext);
    UNREFERENCED_PARAMETER(Parameters);
    NDIS_STATUS Status;
    ADAPTER *Adapter = ExAllocatePoolWithTag(NonPagedPoolType, sizeof(*Adapter), POOL_TAG_ADAPTER);
    if (Adapter == NULL)
        return NDIS_STATUS_RESOURCES;
    RtlZeroMemory(Adapter, sizeof(*Adapter));
    Adapter->MiniportHandle = NdisMiniportHandle;
    ExInitializeFastMutex(&Adapter->StateLock);
    KeInitializeEvent(&Adapter->InjectWake, SynchronizationEvent, FALSE);
    KeInitializeSpinLock(&Adapter->TransmitLock);
    /* The gate begins closed. */
    ExInitializeRundownProtection(&Adapter->TransmitGate);
    CloseTransmitGate(Adapter);

    Status = ReadNetCfgInstanceId(Adapter);
    if (Status != NDIS_STATUS_SUCCESS)
        goto FreeAdapter;
    Status = SetAttributes(Adapter);
    if (Status != NDIS_STATUS_SUCCESS)
        goto FreeAdapter;
    Status = BufferPoolCreate(Adapter);
    if (Status != NDIS_STATUS_SUCCESS)
        goto FreeAdapter;
    /* Last: from here on applications can reach the adapter. */
    Status = DeviceCreate(Adapter);
    if (Status != NDIS_STATUS_SUCCESS)
        goto DeleteBufferPool;
    return NDIS_STATUS_SUCCESS;

DeleteBufferPool:
    BufferPoolDelete(Adapter);
FreeAdapter:
    ExFreePoolWithTag(Adapter, POOL_TAG_ADAPTER);
    return Status;
}
