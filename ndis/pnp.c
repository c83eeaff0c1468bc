/* SPDX-License-Identifier: MIT */
/*
 * Adapters as devices: AddDevice, and the PnP and system-control IRPs of the device object that
 * NDIS puts on the stack of each device that a miniport driver serves. Pages "IRP_MN_START_DEVICE"
 * and its neighbours.
 *
 * Everything is completed synchronously: a host's PnP manager need not wait for STATUS_PENDING.
 */
#include "adapter.h"
#include "verify.h"

#define TAG_ADAPTER OBJECT_SIGNATURE('N', 'd', 'A', 'd')

/* The extension of an adapter's device object; the adapter outlives no device object. */
typedef struct ADAPTER_EXTENSION
{
    DEVICE_EXTENSION_HEAD Head;
    NDIS_ADAPTER *Adapter;
} ADAPTER_EXTENSION;

static NDIS_ADAPTER *
AdapterAllocate(NDIS_DRIVER *Driver)
{
    NDIS_ADAPTER *Adapter = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Adapter), TAG_ADAPTER);
    if (Adapter == NULL)
        return NULL;
    RtlZeroMemory(Adapter, sizeof(*Adapter));
    OwnerInitialize(&Adapter->Owner, SIGNATURE_ADAPTER);
    Adapter->Driver = Driver;
    Adapter->State = AdapterHalted;
    KeInitializeEvent(&Adapter->OperationLock, SynchronizationEvent, TRUE);
    KeInitializeEvent(&Adapter->Pause.Done, NotificationEvent, FALSE);
    KeInitializeEvent(&Adapter->Restart.Done, NotificationEvent, FALSE);
    KeInitializeEvent(&Adapter->Oid.Done, NotificationEvent, FALSE);
    KeInitializeEvent(&Adapter->OidLock, SynchronizationEvent, TRUE);
    Adapter->OidClosed = TRUE;
    GateInitialize(&Adapter->Sends);
    GateInitialize(&Adapter->Receives);
    GateInitialize(&Adapter->SendCalls);
    GateInitialize(&Adapter->Calls);
    KeInitializeSpinLock(&Adapter->LinkLock);
    return Adapter;
}

/* DRIVER_ADD_DEVICE of miniport drivers. */
NTSTATUS NTAPI
AdapterAddDevice(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT PhysicalDeviceObject)
{
    NDIS_DRIVER *Driver = DriverFromObject(DriverObject);
    if (Driver == NULL)
        return STATUS_UNSUCCESSFUL;
    NDIS_ADAPTER *Adapter = AdapterAllocate(Driver);
    if (Adapter == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    PDEVICE_OBJECT DeviceObject;
    NTSTATUS Status =
        IoCreateDevice(DriverObject, sizeof(ADAPTER_EXTENSION), NULL, FILE_DEVICE_PHYSICAL_NETCARD,
                       FILE_DEVICE_SECURE_OPEN, FALSE, &DeviceObject);
    if (!NT_SUCCESS(Status))
        goto FreeAdapter;
    ADAPTER_EXTENSION *Extension = DeviceObject->DeviceExtension;
    Extension->Head.Signature = SIGNATURE_ADAPTER;
    Extension->Adapter = Adapter;
    Adapter->DeviceObject = DeviceObject;
    Adapter->PhysicalDeviceObject = PhysicalDeviceObject;
    Adapter->LowerDeviceObject = IoAttachDeviceToDeviceStack(DeviceObject, PhysicalDeviceObject);
    if (Adapter->LowerDeviceObject == NULL)
    {
        Status = STATUS_NO_SUCH_DEVICE;
        goto DeleteDevice;
    }
    InterlockedIncrement(&Driver->Adapters);
    DeviceObject->Flags |= Adapter->LowerDeviceObject->Flags & DO_POWER_PAGABLE;
    DeviceObject->Flags |= DO_DIRECT_IO;
    DeviceObject->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;

DeleteDevice:
    IoDeleteDevice(DeviceObject);
FreeAdapter:
    ExFreePoolWithTag(Adapter, TAG_ADAPTER);
    return Status;
}

NTSTATUS
AdapterForward(NDIS_ADAPTER *Adapter, PIRP Irp)
{
    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(Adapter->LowerDeviceObject, Irp);
}

static NTSTATUS NTAPI
ForwardCompleted(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    if (Irp->PendingReturned)
        KeSetEvent((PKEVENT)Context, 0, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

NTSTATUS
AdapterForwardAndWait(NDIS_ADAPTER *Adapter, PIRP Irp)
{
    KEVENT Done;
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, ForwardCompleted, &Done, TRUE, TRUE, TRUE);
    NTSTATUS Status = IoCallDriver(Adapter->LowerDeviceObject, Irp);
    if (Status == STATUS_PENDING)
    {
        KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
        Status = Irp->IoStatus.Status;
    }
    return Status;
}

static NTSTATUS
Complete(PIRP Irp, NTSTATUS Status)
{
    Irp->IoStatus.Status = Status;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS
PnpStart(NDIS_ADAPTER *Adapter, PIRP Irp)
{
    NTSTATUS Status = AdapterForwardAndWait(Adapter, Irp);
    if (!NT_SUCCESS(Status))
        return Complete(Irp, Status);
    EventLock(&Adapter->OperationLock);
    if (ReadWord(&Adapter->State) == AdapterHalted)
    {
        Adapter->SurpriseRemoved = FALSE;
        Status = AdapterInitialize(Adapter);
        if (NT_SUCCESS(Status))
        {
            ULONG Profile = NdisPowerProfileAcOnLine;
            AdapterNotifyPnp(Adapter, NdisDevicePnPEventPowerProfileChanged, &Profile,
                             sizeof(Profile));
            /* A failed restart leaves a device that is started and paused. */
            AdapterRestart(Adapter);
        }
    }
    EventUnlock(&Adapter->OperationLock);
    return Complete(Irp, Status);
}

static VOID
HaltUnderLock(NDIS_ADAPTER *Adapter, NDIS_HALT_ACTION Action)
{
    EventLock(&Adapter->OperationLock);
    AdapterHalt(Adapter, Action);
    EventUnlock(&Adapter->OperationLock);
}

static NTSTATUS
PnpStop(NDIS_ADAPTER *Adapter, PIRP Irp)
{
    HaltUnderLock(Adapter, NdisHaltDeviceStopped);
    Irp->IoStatus.Status = STATUS_SUCCESS;
    return AdapterForward(Adapter, Irp);
}

/* Page "MINIPORT_DEVICE_PNP_EVENT_NOTIFY": the notification, and then MiniportHaltEx. In between
 * the miniport ends requests and sends with NDIS_STATUS_NOT_ACCEPTED. */
static NTSTATUS
PnpSurpriseRemoval(NDIS_ADAPTER *Adapter, PIRP Irp)
{
    EventLock(&Adapter->OperationLock);
    Adapter->SurpriseRemoved = TRUE;
    if (ReadWord(&Adapter->State) != AdapterHalted)
    {
        AdapterNotifyPnp(Adapter, NdisDevicePnPEventSurpriseRemoved, NULL, 0);
        InterlockedExchange(&Adapter->MustRefuse, NDIS_STATUS_NOT_ACCEPTED);
        EdgeAdapterRemoved(Adapter->Edge);
    }
    AdapterHalt(Adapter, NdisHaltDeviceSurpriseRemoved);
    InterlockedExchange(&Adapter->MustRefuse, NDIS_STATUS_SUCCESS);
    EventUnlock(&Adapter->OperationLock);
    Irp->IoStatus.Status = STATUS_SUCCESS;
    return AdapterForward(Adapter, Irp);
}

static NTSTATUS
PnpQueryRemove(NDIS_ADAPTER *Adapter, PIRP Irp, NDIS_DEVICE_PNP_EVENT Event)
{
    EventLock(&Adapter->OperationLock);
    if (ReadWord(&Adapter->State) != AdapterHalted)
        AdapterNotifyPnp(Adapter, Event, NULL, 0);
    EventUnlock(&Adapter->OperationLock);
    Irp->IoStatus.Status = STATUS_SUCCESS;
    return AdapterForward(Adapter, Irp);
}

static NTSTATUS
PnpRemove(NDIS_ADAPTER *Adapter, PIRP Irp)
{
    PDEVICE_OBJECT DeviceObject = Adapter->DeviceObject;
    NDIS_DRIVER *Driver = Adapter->Driver;
    EventLock(&Adapter->OperationLock);
    if (ReadWord(&Adapter->State) != AdapterHalted)
        AdapterNotifyPnp(Adapter, NdisDevicePnPEventRemoved, NULL, 0);
    AdapterHalt(Adapter, NdisHaltDeviceDisabled);
    EventUnlock(&Adapter->OperationLock);
    Irp->IoStatus.Status = STATUS_SUCCESS;
    NTSTATUS Status = AdapterForward(Adapter, Irp);
    IoDetachDevice(Adapter->LowerDeviceObject);
    /* A late call with the handle is recognised rather than served, as far as that can be. */
    Adapter->Owner.Signature = SIGNATURE_NONE;
    ((ADAPTER_EXTENSION *)DeviceObject->DeviceExtension)->Head.Signature = SIGNATURE_NONE;
    ExFreePoolWithTag(Adapter, TAG_ADAPTER);
    IoDeleteDevice(DeviceObject);
    InterlockedDecrement(&Driver->Adapters);
    return Status;
}

NTSTATUS
AdapterPnp(NDIS_ADAPTER *Adapter, PIRP Irp)
{
    switch (IoGetCurrentIrpStackLocation(Irp)->MinorFunction)
    {
    case IRP_MN_START_DEVICE:
        return PnpStart(Adapter, Irp);
    case IRP_MN_QUERY_REMOVE_DEVICE:
        return PnpQueryRemove(Adapter, Irp, NdisDevicePnPEventQueryRemoved);
    case IRP_MN_QUERY_STOP_DEVICE:
        return PnpQueryRemove(Adapter, Irp, NdisDevicePnPEventQueryStopped);
    case IRP_MN_STOP_DEVICE:
        return PnpStop(Adapter, Irp);
    case IRP_MN_CANCEL_REMOVE_DEVICE:
    case IRP_MN_CANCEL_STOP_DEVICE:
        Irp->IoStatus.Status = STATUS_SUCCESS;
        return AdapterForward(Adapter, Irp);
    case IRP_MN_SURPRISE_REMOVAL:
        return PnpSurpriseRemoval(Adapter, Irp);
    case IRP_MN_REMOVE_DEVICE:
        return PnpRemove(Adapter, Irp);
    default:
        /* QUERY_ID, QUERY_CAPABILITIES and all others are the bus driver's to answer. */
        return AdapterForward(Adapter, Irp);
    }
}

NTSTATUS
AdapterDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    NDIS_ADAPTER *Adapter = ((ADAPTER_EXTENSION *)DeviceObject->DeviceExtension)->Adapter;
    switch (IoGetCurrentIrpStackLocation(Irp)->MajorFunction)
    {
    case IRP_MJ_PNP:
        return AdapterPnp(Adapter, Irp);
    case IRP_MJ_POWER:
        return AdapterPower(Adapter, Irp);
    case IRP_MJ_SYSTEM_CONTROL:
        return AdapterForward(Adapter, Irp);
    case IRP_MJ_CREATE:
    case IRP_MJ_CLEANUP:
    case IRP_MJ_CLOSE:
        return DriverCompleteIrp(Irp, STATUS_SUCCESS);
    default:
        return DriverCompleteIrp(Irp, STATUS_INVALID_DEVICE_REQUEST);
    }
}
