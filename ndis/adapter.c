/* SPDX-License-Identifier: MIT */
/* The operations that change an adapter's state: initialise, restart, pause, halt. Pages
 * "MINIPORT_INITIALIZE", "MINIPORT_RESTART", "MINIPORT_PAUSE", "MINIPORT_HALT" and "Miniport
 * Adapter States and Operations". */
#include "adapter.h"
#include "extra.h"
#include "verify.h"

NDIS_ADAPTER *
AdapterFromHandle(const char *Function, NDIS_HANDLE Handle)
{
    NDIS_OWNER *Owner = OwnerFromHandle(Function, Handle, FALSE);
    if (Owner == NULL)
        return NULL;
    if (Owner->Signature == SIGNATURE_ADAPTER)
        return (NDIS_ADAPTER *)Handle;
    RuleBroken("%s: %p is not a miniport adapter handle; the one of MiniportInitializeEx is "
               "required",
               Function, Handle);
    return NULL;
}

const char *
AdapterStateName(LONG State)
{
    static const char *const Names[] = {"Halted",  "Initializing", "Paused",  "Restarting",
                                        "Running", "Pausing",      "Halting", "Shutdown"};
    return Names[State];
}

VOID
EventLock(PKEVENT Event)
{
    KeWaitForSingleObject(Event, Executive, KernelMode, FALSE, NULL);
}

VOID
EventUnlock(PKEVENT Event)
{
    KeSetEvent(Event, 0, FALSE);
}

static VOID
SetState(NDIS_ADAPTER *Adapter, ADAPTER_STATE State)
{
    InterlockedExchange(&Adapter->State, State);
}

VOID
OperationBegin(PENDED_OPERATION *Operation)
{
    KeClearEvent(&Operation->Done);
    InterlockedExchange(&Operation->Pending, 1);
}

NDIS_STATUS
OperationWait(PENDED_OPERATION *Operation)
{
    KeWaitForSingleObject(&Operation->Done, Executive, KernelMode, FALSE, NULL);
    return Operation->Status;
}

BOOLEAN
OperationComplete(PENDED_OPERATION *Operation, NDIS_STATUS Status)
{
    /* 2 while Status is being written: a second completion finds nothing pending. */
    if (InterlockedCompareExchange(&Operation->Pending, 2, 1) != 1)
        return FALSE;
    Operation->Status = Status;
    InterlockedExchange(&Operation->Pending, 0);
    KeSetEvent(&Operation->Done, 0, FALSE);
    return TRUE;
}

BOOLEAN
OperationCancel(PENDED_OPERATION *Operation)
{
    if (InterlockedCompareExchange(&Operation->Pending, 0, 1) == 1)
        return TRUE;
    /* Whoever completed it may still be at it. */
    KeWaitForSingleObject(&Operation->Done, Executive, KernelMode, FALSE, NULL);
    return FALSE;
}

/* After a failed MiniportInitializeEx, or MiniportHaltEx: nothing may be left. */
static VOID
AdapterEnd(NDIS_ADAPTER *Adapter, const char *Function)
{
    OwnerReportLeaks(&Adapter->Owner, Function);
    AttributesFree(Adapter);
    KIRQL Irql;
    KeAcquireSpinLock(&Adapter->LinkLock, &Irql);
    Adapter->LinkWanted = FALSE;
    KeReleaseSpinLock(&Adapter->LinkLock, Irql);
    EdgeAdapterDelete(Adapter->Edge);
    Adapter->Edge = NULL;
    ZwClose(Adapter->SoftwareKey);
    Adapter->SoftwareKey = NULL;
    SetState(Adapter, AdapterHalted);
}

/* NetCfgInstanceId of the driver key: the GUID by which the system knows the adapter. */
static NTSTATUS
ReadInstanceId(NDIS_ADAPTER *Adapter)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"NetCfgInstanceId");
    union {
        KEY_VALUE_PARTIAL_INFORMATION Information;
        UCHAR Bytes[sizeof(KEY_VALUE_PARTIAL_INFORMATION) + 64 * sizeof(WCHAR)];
    } Value;
    ULONG Length;
    NTSTATUS Status = ZwQueryValueKey(Adapter->SoftwareKey, &Name, KeyValuePartialInformation,
                                      &Value, sizeof(Value), &Length);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Value.Information.Type != REG_SZ || Value.Information.DataLength < sizeof(WCHAR))
        return STATUS_OBJECT_TYPE_MISMATCH;
    UNICODE_STRING Text = {.Buffer = (PWSTR)(PVOID)Value.Information.Data};
    Text.Length = (USHORT)(Value.Information.DataLength & ~1u);
    if (Text.Buffer[Text.Length / sizeof(WCHAR) - 1] == UNICODE_NULL)
        Text.Length -= sizeof(WCHAR);
    Text.MaximumLength = Text.Length;
    return RtlGUIDFromString(&Text, &Adapter->NetCfgInstanceId);
}

/* What a port's authentication state begins with: unknown, which is "uncontrolled and authorised".
 */
static const NDIS_PORT_AUTHENTICATION_PARAMETERS DefaultPortAuthentication = {
    .Header = {NDIS_OBJECT_TYPE_DEFAULT, NDIS_PORT_AUTHENTICATION_PARAMETERS_REVISION_1,
               NDIS_SIZEOF_PORT_AUTHENTICATION_PARAMETERS_REVISION_1},
    .SendControlState = NdisPortControlStateUncontrolled,
    .RcvControlState = NdisPortControlStateUncontrolled,
    .SendAuthState = NdisPortAuthorized,
    .RcvAuthState = NdisPortAuthorized,
};

static NDIS_STATUS
CallInitialize(NDIS_ADAPTER *Adapter)
{
    NDIS_PORT_AUTHENTICATION_PARAMETERS Authentication = DefaultPortAuthentication;
    NDIS_MINIPORT_INIT_PARAMETERS Parameters;
    RtlZeroMemory(&Parameters, sizeof(Parameters));
    Parameters.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_INIT_PARAMETERS;
    Parameters.Header.Revision = NDIS_MINIPORT_INIT_PARAMETERS_REVISION_1;
    Parameters.Header.Size = NDIS_SIZEOF_MINIPORT_INIT_PARAMETER_REVISION_1;
    Parameters.IfIndex = Adapter->IfIndex;
    Parameters.NetLuid = Adapter->NetLuid;
    Parameters.DefaultPortAuthStates = &Authentication;
    NDIS_STATUS Status = Adapter->Driver->Characteristics.InitializeHandlerEx(
        Adapter, Adapter->Driver->MiniportDriverContext, &Parameters);
    RuleReturnedAt("MiniportInitializeEx", PASSIVE_LEVEL);
    return Status;
}

static VOID
CallHalt(NDIS_ADAPTER *Adapter, NDIS_HALT_ACTION Action)
{
    SetState(Adapter, AdapterHalting);
    Adapter->Driver->Characteristics.HaltHandlerEx(Adapter->MiniportAdapterContext, Action);
    RuleReturnedAt("MiniportHaltEx", PASSIVE_LEVEL);
    LONG Sends = GateInside(&Adapter->Sends);
    LONG Receives = GateInside(&Adapter->Receives);
    if (Sends != 0)
        RuleBroken("MiniportHaltEx: %u NET_BUFFER_LISTs that the miniport was to send have never "
                   "been completed",
                   (ULONG)Sends);
    if (Receives != 0)
        RuleBroken("MiniportHaltEx: %u NET_BUFFER_LISTs that the miniport indicated have not been "
                   "returned to it",
                   (ULONG)Receives);
}

/* What must hold when MiniportInitializeEx has returned success. */
static BOOLEAN
CheckInitialized(NDIS_ADAPTER *Adapter)
{
    if (!(Adapter->Attributes & ATTRIBUTES_REGISTRATION))
    {
        RuleBroken("MiniportInitializeEx: returned NDIS_STATUS_SUCCESS without setting "
                   "NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES");
        return FALSE;
    }
    if (!(Adapter->Attributes & ATTRIBUTES_GENERAL))
    {
        RuleBroken("MiniportInitializeEx: returned NDIS_STATUS_SUCCESS without setting "
                   "NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES");
        return FALSE;
    }
    return TRUE;
}

static NTSTATUS
FromNdisStatus(NDIS_STATUS Status)
{
    /* PENDING and the like are no failures that a PnP IRP can end with. */
    return NT_SUCCESS(Status) ? STATUS_UNSUCCESSFUL : (NTSTATUS)Status;
}

NTSTATUS
AdapterInitialize(NDIS_ADAPTER *Adapter)
{
    NTSTATUS Status = IoOpenDeviceRegistryKey(Adapter->PhysicalDeviceObject, PLUGPLAY_REGKEY_DRIVER,
                                              KEY_READ | KEY_WRITE, &Adapter->SoftwareKey);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = ReadInstanceId(Adapter);
    if (NT_SUCCESS(Status))
        Status = EdgeAdapterCreate(Adapter, Adapter->SoftwareKey, &Adapter->NetCfgInstanceId,
                                   &Adapter->NetLuid, &Adapter->IfIndex, &Adapter->Edge);
    if (!NT_SUCCESS(Status))
    {
        ZwClose(Adapter->SoftwareKey);
        Adapter->SoftwareKey = NULL;
        return Status;
    }
    Adapter->Attributes &= ATTRIBUTES_ADD_DEVICE;
    Adapter->LinkIndicated = FALSE;
    SetState(Adapter, AdapterInitializing);
    NDIS_STATUS Result = CallInitialize(Adapter);
    if (Result != NDIS_STATUS_SUCCESS)
    {
        if (NT_SUCCESS(Result))
            RuleBroken("MiniportInitializeEx: returned %x; it must return NDIS_STATUS_SUCCESS or a "
                       "failure",
                       (ULONG)Result);
        AdapterEnd(Adapter, "MiniportInitializeEx (which failed)");
        return FromNdisStatus(Result);
    }
    if (!CheckInitialized(Adapter))
    {
        CallHalt(Adapter, NdisHaltDeviceInitializationFailed);
        AdapterEnd(Adapter, "MiniportHaltEx");
        return STATUS_UNSUCCESSFUL;
    }
    SetState(Adapter, AdapterPaused);
    OidOpen(Adapter);
    return STATUS_SUCCESS;
}

/* Calls MiniportRestart and waits for its end. */
static NDIS_STATUS
CallRestart(NDIS_ADAPTER *Adapter)
{
    NDIS_MINIPORT_RESTART_PARAMETERS Parameters;
    RtlZeroMemory(&Parameters, sizeof(Parameters));
    Parameters.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Parameters.Header.Revision = NDIS_MINIPORT_RESTART_PARAMETERS_REVISION_1;
    Parameters.Header.Size = NDIS_SIZEOF_MINIPORT_RESTART_PARAMETERS_REVISION_1;
    OperationBegin(&Adapter->Restart);
    NDIS_STATUS Status = Adapter->Driver->Characteristics.RestartHandler(
        Adapter->MiniportAdapterContext, &Parameters);
    RuleReturnedAt("MiniportRestart", PASSIVE_LEVEL);
    if (Status == NDIS_STATUS_PENDING)
        return OperationWait(&Adapter->Restart);
    if (!OperationCancel(&Adapter->Restart))
        RuleBroken("MiniportRestart: returned %x, but NdisMRestartComplete was called; it must be "
                   "called only after NDIS_STATUS_PENDING",
                   (ULONG)Status);
    return Status;
}

NTSTATUS
AdapterRestart(NDIS_ADAPTER *Adapter)
{
    if (ReadWord(&Adapter->State) != AdapterPaused || Adapter->SurpriseRemoved)
        return STATUS_INVALID_DEVICE_STATE;
    GateOpen(&Adapter->Calls);
    SetState(Adapter, AdapterRestarting);
    /* The miniport may indicate from now on. */
    GateOpen(&Adapter->Receives);
    NDIS_STATUS Status = CallRestart(Adapter);
    if (Status != NDIS_STATUS_SUCCESS)
    {
        if (NT_SUCCESS(Status))
            RuleBroken("MiniportRestart: ended with %x; NDIS_STATUS_SUCCESS or a failure is "
                       "required",
                       (ULONG)Status);
        GateClose(&Adapter->Receives);
        SetState(Adapter, AdapterPaused);
        GateClose(&Adapter->Calls);
        GateWait(&Adapter->Calls);
        return FromNdisStatus(Status);
    }
    SetState(Adapter, AdapterRunning);
    GateOpen(&Adapter->SendCalls);
    GateOpen(&Adapter->Sends);
    KIRQL Irql;
    KeAcquireSpinLock(&Adapter->LinkLock, &Irql);
    NET_IF_MEDIA_CONNECT_STATE ConnectState = Adapter->Link.ConnectState;
    KeReleaseSpinLock(&Adapter->LinkLock, Irql);
    EDGE_ADAPTER_ATTRIBUTES Attributes = {
        .MtuSize = Adapter->General.MtuSize,
        .MaxXmitLinkSpeed = Adapter->General.MaxXmitLinkSpeed,
        .MediaType = Adapter->General.MediaType,
        .IfType = Adapter->General.IfType,
        .LookaheadSize = Adapter->General.LookaheadSize,
        .MediaConnectState = ConnectState,
    };
    EdgeAdapterRun(Adapter->Edge, &Attributes);
    InterlockedExchange(&Adapter->EdgeReady, 1);
    KeAcquireSpinLock(&Adapter->LinkLock, &Irql);
    if (!Adapter->LinkWanted)
    {
        Adapter->LinkWanted = TRUE;
        Adapter->LinkChanged = TRUE;
    }
    KeReleaseSpinLock(&Adapter->LinkLock, Irql);
    LinkDeliver(Adapter);
    return STATUS_SUCCESS;
}

/* Calls MiniportPause and waits for its end. */
static VOID
CallPause(NDIS_ADAPTER *Adapter, ULONG Reason)
{
    NDIS_MINIPORT_PAUSE_PARAMETERS Parameters;
    RtlZeroMemory(&Parameters, sizeof(Parameters));
    Parameters.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Parameters.Header.Revision = NDIS_MINIPORT_PAUSE_PARAMETERS_REVISION_1;
    Parameters.Header.Size = NDIS_SIZEOF_MINIPORT_PAUSE_PARAMETERS_REVISION_1;
    Parameters.PauseReason = Reason;
    OperationBegin(&Adapter->Pause);
    NDIS_STATUS Status =
        Adapter->Driver->Characteristics.PauseHandler(Adapter->MiniportAdapterContext, &Parameters);
    RuleReturnedAt("MiniportPause", PASSIVE_LEVEL);
    if (Status == NDIS_STATUS_PENDING)
    {
        LONG MustRefuse = ReadWord(&Adapter->MustRefuse);
        if (MustRefuse == NDIS_STATUS_SUCCESS)
            InterlockedExchange(&Adapter->MustRefuse, NDIS_STATUS_PAUSED);
        OperationWait(&Adapter->Pause);
        InterlockedExchange(&Adapter->MustRefuse, MustRefuse);
        return;
    }
    if (Status != NDIS_STATUS_SUCCESS)
        RuleBroken("MiniportPause: returned %x; NDIS_STATUS_SUCCESS or NDIS_STATUS_PENDING is "
                   "required, for a pause cannot fail",
                   (ULONG)Status);
    if (!OperationCancel(&Adapter->Pause))
        RuleBroken("MiniportPause: returned %x, but NdisMPauseComplete was called; it must be "
                   "called only after NDIS_STATUS_PENDING",
                   (ULONG)Status);
}

VOID
AdapterPause(NDIS_ADAPTER *Adapter, ULONG Reason)
{
    if (ReadWord(&Adapter->State) != AdapterRunning)
        return;
    EdgeAdapterPause(Adapter->Edge);
    InterlockedExchange(&Adapter->EdgeReady, 0);
    SetState(Adapter, AdapterPausing);
    BOOLEAN Sending = ReadWord(&Adapter->SendWhilePausing) != 0;
    if (!Sending)
        GateClose(&Adapter->Sends);
    CallPause(Adapter, Reason);
    if (Sending)
    {
        /* A call that was in progress ends by itself; lists that it left behind are found below. */
        GateClose(&Adapter->Sends);
        GateClose(&Adapter->SendCalls);
        GateWait(&Adapter->SendCalls);
    }
    LONG Receives = GateClose(&Adapter->Receives);
    SetState(Adapter, AdapterPaused);
    LONG Sends = GateInside(&Adapter->Sends);
    if (Sends != 0)
        RuleBroken(
            "MiniportPause: the pause is complete, but %u NET_BUFFER_LISTs that the miniport "
            "was to send are not completed",
            (ULONG)Sends);
    if (Receives != 0)
        RuleBroken(
            "MiniportPause: the pause is complete, but %u NET_BUFFER_LISTs that the miniport "
            "indicated have not been returned to it",
            (ULONG)Receives);
    /* MiniportReturnNetBufferLists may have completed the pause and still be running. */
    GateClose(&Adapter->Calls);
    GateWait(&Adapter->Calls);
}

VOID
AdapterHalt(NDIS_ADAPTER *Adapter, NDIS_HALT_ACTION Action)
{
    if (ReadWord(&Adapter->State) == AdapterHalted)
        return;
    AdapterPause(Adapter, NDIS_PAUSE_NDIS_INTERNAL);
    OidClose(Adapter);
    CallHalt(Adapter, Action);
    AdapterEnd(Adapter, "MiniportHaltEx");
}

VOID NTAPI
NdisMPauseComplete(NDIS_HANDLE MiniportAdapterHandle)
{
    static const char Function[] = "NdisMPauseComplete";
    NDIS_ADAPTER *Adapter = AdapterFromHandle(Function, MiniportAdapterHandle);
    if (Adapter == NULL || !RuleIrqlAtMost(Function, DISPATCH_LEVEL))
        return;
    LONG State = ReadWord(&Adapter->State);
    if (!OperationComplete(&Adapter->Pause, NDIS_STATUS_SUCCESS))
        RuleBroken("%s: no pause is pending; the adapter is %s", Function, AdapterStateName(State));
}

VOID NTAPI
NdisMRestartComplete(NDIS_HANDLE MiniportAdapterHandle, NDIS_STATUS Status)
{
    static const char Function[] = "NdisMRestartComplete";
    NDIS_ADAPTER *Adapter = AdapterFromHandle(Function, MiniportAdapterHandle);
    if (Adapter == NULL || !RuleIrqlAtMost(Function, DISPATCH_LEVEL))
        return;
    LONG State = ReadWord(&Adapter->State);
    if (!OperationComplete(&Adapter->Restart, Status))
        RuleBroken("%s: no restart is pending; the adapter is %s", Function,
                   AdapterStateName(State));
}

VOID
NdisEdgeSendWhilePausing(NDIS_ADAPTER *Adapter, BOOLEAN Send)
{
    InterlockedExchange(&Adapter->SendWhilePausing, Send);
}

NTSTATUS
NdisEdgePause(NDIS_ADAPTER *Adapter)
{
    EventLock(&Adapter->OperationLock);
    NTSTATUS Status =
        ReadWord(&Adapter->State) == AdapterRunning ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_STATE;
    AdapterPause(Adapter, NDIS_PAUSE_NDIS_INTERNAL);
    EventUnlock(&Adapter->OperationLock);
    return Status;
}

NTSTATUS
NdisEdgeRestart(NDIS_ADAPTER *Adapter)
{
    EventLock(&Adapter->OperationLock);
    NTSTATUS Status = AdapterRestart(Adapter);
    EventUnlock(&Adapter->OperationLock);
    return Status;
}

VOID
AdapterNotifyPnp(NDIS_ADAPTER *Adapter, NDIS_DEVICE_PNP_EVENT Event, PVOID Information,
                 ULONG Length)
{
    NET_DEVICE_PNP_EVENT Notification;
    RtlZeroMemory(&Notification, sizeof(Notification));
    Notification.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Notification.Header.Revision = NET_DEVICE_PNP_EVENT_REVISION_1;
    Notification.Header.Size = NDIS_SIZEOF_NET_DEVICE_PNP_EVENT_REVISION_1;
    Notification.PortNumber = NDIS_DEFAULT_PORT_NUMBER;
    Notification.DevicePnPEvent = Event;
    Notification.InformationBuffer = Information;
    Notification.InformationBufferLength = Length;
    Adapter->Driver->Characteristics.DevicePnPEventNotifyHandler(Adapter->MiniportAdapterContext,
                                                                 &Notification);
    RuleReturnedAt("MiniportDevicePnPEventNotify", PASSIVE_LEVEL);
}
