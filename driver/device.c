/* SPDX-License-Identifier: MIT */
/*
 * The adapters' device objects, which applications open, and their IRPs.
 *
 * A device object outlives its adapter while an application has a handle, and IRPs may still come
 * then. NDIS frees the extension that it makes for a driver at NdisDeregisterDeviceEx (says the
 * page of NdisRegisterDeviceEx), so nothing is kept there: an IRP finds its adapter in the list
 * below, by the address of its device object, which nothing else can have while the IRP is alive.
 */
#include "driver.h"

static FAST_MUTEX DeviceListLock;
static LIST_ENTRY DeviceList; /* of ADAPTER.DeviceEntry, under DeviceListLock */

/* SYSTEM and Administrators may do everything, nobody else anything; inherited by nothing.
 * (The documented SDDL_DEVOBJ_SYS_ALL_ADM_ALL.) The kernel's default label, medium with
 * no-write-up, keeps out whatever runs at low integrity. */
static const WCHAR DeviceSddl[] = L"D:P(A;;GA;;;SY)(A;;GA;;;BA)";

_Use_decl_annotations_
VOID
DeviceListInitialize(VOID)
{
    ExInitializeFastMutex(&DeviceListLock);
    InitializeListHead(&DeviceList);
}

static NTSTATUS
CompleteIrp(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

/*
 * The adapter of a device object, kept until DeviceRelease; NULL if it is gone. IRPs are dispatched
 * in applications' threads. The critical region in between keeps others from suspending this one:
 * AdapterHalt would wait until it is resumed (articles "Run-Down Protection", "Disabling APCs").
 */
static ADAPTER *
DeviceAcquire(PDEVICE_OBJECT DeviceObject)
{
    ADAPTER *Found = NULL;
    KeEnterCriticalRegion();
    ExAcquireFastMutex(&DeviceListLock);
    for (PLIST_ENTRY Entry = DeviceList.Flink; Entry != &DeviceList; Entry = Entry->Flink)
    {
        ADAPTER *Adapter = CONTAINING_RECORD(Entry, ADAPTER, DeviceEntry);
        if (Adapter->DeviceObject != DeviceObject)
            continue;
        if (ExAcquireRundownProtection(&Adapter->DeviceRundown))
            Found = Adapter;
        break;
    }
    ExReleaseFastMutex(&DeviceListLock);
    if (Found == NULL)
        KeLeaveCriticalRegion();
    return Found;
}

static VOID
DeviceRelease(ADAPTER *Adapter)
{
    ExReleaseRundownProtection(&Adapter->DeviceRundown);
    KeLeaveCriticalRegion();
}

static DRIVER_DISPATCH DispatchCreate;
static DRIVER_DISPATCH DispatchCleanup;
static DRIVER_DISPATCH DispatchClose;
static DRIVER_DISPATCH DispatchDeviceControl;

_Use_decl_annotations_
static NTSTATUS NTAPI
DispatchCreate(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    /* The security descriptor says who may open the device; of a name below it, such as
     * \Device\Culvert{...}\x, the I/O manager leaves that to the driver (article "Controlling
     * Device Namespace Access"). There are no such names. */
    if (IoGetCurrentIrpStackLocation(Irp)->FileObject->FileName.Length != 0)
        return CompleteIrp(Irp, STATUS_OBJECT_NAME_NOT_FOUND, 0);
    ADAPTER *Adapter = DeviceAcquire(DeviceObject);
    if (Adapter == NULL)
        return CompleteIrp(Irp, STATUS_DEVICE_REMOVED, 0);
    DeviceRelease(Adapter);
    return CompleteIrp(Irp, STATUS_SUCCESS, 0);
}

/* The last handle of a file object is closed: its session ends, though a thread that waits for
 * nothing else may keep the process, and with it the IRP, alive. */
_Use_decl_annotations_
static NTSTATUS NTAPI
DispatchCleanup(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    ADAPTER *Adapter = DeviceAcquire(DeviceObject);
    if (Adapter != NULL)
    {
        AdapterCloseFile(Adapter, IoGetCurrentIrpStackLocation(Irp)->FileObject);
        DeviceRelease(Adapter);
    }
    return CompleteIrp(Irp, STATUS_SUCCESS, 0);
}

_Use_decl_annotations_
static NTSTATUS NTAPI
DispatchClose(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    return CompleteIrp(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS
QueryDriverInfo(PIRP Irp, ULONG OutputBytes)
{
    if (OutputBytes < sizeof(CULVERT_DRIVER_INFO))
        return CompleteIrp(Irp, STATUS_BUFFER_TOO_SMALL, 0);
    CULVERT_DRIVER_INFO *Info = Irp->AssociatedIrp.SystemBuffer;
    Info->ContractVersion = CULVERT_CONTRACT_VERSION;
    Info->DriverVersion = (CULVERT_VERSION_MAJOR << 16) | CULVERT_VERSION_MINOR;
    return CompleteIrp(Irp, STATUS_SUCCESS, sizeof(*Info));
}

static NTSTATUS
QueryStatistics(ADAPTER *Adapter, PIRP Irp, ULONG OutputBytes)
{
    CULVERT_DRIVER_STATISTICS Statistics;
    if (OutputBytes < CULVERT_STATISTICS_MIN_BYTES)
        return CompleteIrp(Irp, STATUS_BUFFER_TOO_SMALL, 0);
    ULONG Bytes = min(OutputBytes, sizeof(Statistics));
    AdapterReadStatistics(Adapter, &Statistics);
    RtlCopyMemory(Irp->AssociatedIrp.SystemBuffer, &Statistics, Bytes);
    return CompleteIrp(Irp, STATUS_SUCCESS, Bytes);
}

_Use_decl_annotations_
static NTSTATUS NTAPI
DispatchDeviceControl(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG OutputBytes = Stack->Parameters.DeviceIoControl.OutputBufferLength;
    ADAPTER *Adapter = DeviceAcquire(DeviceObject);
    if (Adapter == NULL)
        return CompleteIrp(Irp, STATUS_DEVICE_REMOVED, 0);
    NTSTATUS Status;
    switch (Stack->Parameters.DeviceIoControl.IoControlCode)
    {
    case CULVERT_IOCTL_SESSION:
        Status = SessionStart(Adapter, Irp);
        if (Status != STATUS_PENDING)
            CompleteIrp(Irp, Status, 0);
        break;
    case CULVERT_IOCTL_DRIVER_INFO:
        Status = QueryDriverInfo(Irp, OutputBytes);
        break;
    case CULVERT_IOCTL_STATISTICS:
        Status = QueryStatistics(Adapter, Irp, OutputBytes);
        break;
    default:
        Status = CompleteIrp(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
        break;
    }
    DeviceRelease(Adapter);
    return Status;
}

/* Appends the adapter's GUID, as the registry spells it, to the prefix that Name begins with. */
static NTSTATUS
AppendGuid(PUNICODE_STRING Name, const GUID *Guid)
{
    UNICODE_STRING GuidString;
    NTSTATUS Status = RtlStringFromGUID(Guid, &GuidString);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = RtlAppendUnicodeStringToString(Name, &GuidString);
    RtlFreeUnicodeString(&GuidString);
    return Status;
}

#define GUID_CHARACTERS 38 /* {8-4-4-4-12} */

_Use_decl_annotations_
NTSTATUS
DeviceCreate(ADAPTER *Adapter)
{
    WCHAR NameBuffer[ARRAYSIZE(CULVERT_DEVICE_PREFIX) + GUID_CHARACTERS] = CULVERT_DEVICE_PREFIX;
    WCHAR LinkBuffer[ARRAYSIZE(CULVERT_DEVICE_LINK_PREFIX) + GUID_CHARACTERS] =
        CULVERT_DEVICE_LINK_PREFIX;
    UNICODE_STRING Name = {.Length = sizeof(CULVERT_DEVICE_PREFIX) - sizeof(WCHAR),
                           .MaximumLength = sizeof(NameBuffer),
                           .Buffer = NameBuffer};
    UNICODE_STRING Link = {.Length = sizeof(CULVERT_DEVICE_LINK_PREFIX) - sizeof(WCHAR),
                           .MaximumLength = sizeof(LinkBuffer),
                           .Buffer = LinkBuffer};
    UNICODE_STRING Sddl = {.Length = sizeof(DeviceSddl) - sizeof(WCHAR),
                           .MaximumLength = sizeof(DeviceSddl),
                           .Buffer = (PWSTR)DeviceSddl};
    NTSTATUS Status = AppendGuid(&Name, &Adapter->NetCfgInstanceId);
    if (NT_SUCCESS(Status))
        Status = AppendGuid(&Link, &Adapter->NetCfgInstanceId);
    if (!NT_SUCCESS(Status))
        return Status;

    PDRIVER_DISPATCH Dispatch[IRP_MJ_MAXIMUM_FUNCTION + 1] = {
        [IRP_MJ_CREATE] = DispatchCreate,
        [IRP_MJ_CLEANUP] = DispatchCleanup,
        [IRP_MJ_CLOSE] = DispatchClose,
        [IRP_MJ_DEVICE_CONTROL] = DispatchDeviceControl,
    };
    NDIS_DEVICE_OBJECT_ATTRIBUTES Attributes = {
        .Header = {.Type = NDIS_OBJECT_TYPE_DEVICE_OBJECT_ATTRIBUTES,
                   .Revision = NDIS_DEVICE_OBJECT_ATTRIBUTES_REVISION_1,
                   .Size = NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1},
        .DeviceName = &Name,
        .SymbolicName = &Link,
        .MajorFunctions = Dispatch,
        .DefaultSDDLString = &Sddl,
    };
    Status = NdisRegisterDeviceEx(MiniportDriverHandle, &Attributes, &Adapter->DeviceObject,
                                  &Adapter->DeviceHandle);
    if (Status != NDIS_STATUS_SUCCESS)
        return Status;
    /* The session's buffer is described by an MDL whatever this says, but let nobody wonder. */
    Adapter->DeviceObject->Flags |= DO_DIRECT_IO;
    Adapter->DeviceObject->Flags &= ~DO_DEVICE_INITIALIZING;
    /* Whether or not NDIS has let anybody open it before: only from here on is it found. */
    ExInitializeRundownProtection(&Adapter->DeviceRundown);
    ExAcquireFastMutex(&DeviceListLock);
    InsertTailList(&DeviceList, &Adapter->DeviceEntry);
    ExReleaseFastMutex(&DeviceListLock);
    return NDIS_STATUS_SUCCESS;
}

_Use_decl_annotations_
VOID
DeviceRunDown(ADAPTER *Adapter)
{
    ExAcquireFastMutex(&DeviceListLock);
    RemoveEntryList(&Adapter->DeviceEntry);
    ExReleaseFastMutex(&DeviceListLock);
    ExWaitForRundownProtectionRelease(&Adapter->DeviceRundown);
    ExRundownCompleted(&Adapter->DeviceRundown);
}

_Use_decl_annotations_
VOID
DeviceDelete(ADAPTER *Adapter)
{
    NdisDeregisterDeviceEx(Adapter->DeviceHandle);
}
