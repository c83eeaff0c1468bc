/* SPDX-License-Identifier: MIT */
/*
 * Devices of a miniport driver's own. Pages "NdisRegisterDeviceEx", "NdisDeregisterDeviceEx",
 * "NDIS_DEVICE_OBJECT_ATTRIBUTES".
 *
 * What NDIS knows of a device lies in its device extension, because the device object lives until
 * the last handle to it is closed. Once it is deregistered nothing is passed to the driver any
 * more, whose extension the documentation says is gone then: NDIS completes cleanup and close with
 * success and everything else with STATUS_DEVICE_REMOVED. IRPs that the driver holds are its own to
 * complete.
 */
#include "driver.h"
#include "verify.h"

#define TAG_DEVICE OBJECT_SIGNATURE('N', 'd', 'D', 'v')

typedef struct NDIS_DEVICE NDIS_DEVICE;

typedef struct DEVICE_EXTENSION
{
    DEVICE_EXTENSION_HEAD Head;
    volatile LONG Registered;
    PDRIVER_DISPATCH MajorFunctions[IRP_MJ_MAXIMUM_FUNCTION + 1];
    ULONG ReservedBytes;
    DECLSPEC_ALIGN(MEMORY_ALLOCATION_ALIGNMENT) UCHAR Reserved[1]; /* the driver's own */
} DEVICE_EXTENSION;

/* The handle. */
struct NDIS_DEVICE
{
    NDIS_RESOURCE Resource;
    PDEVICE_OBJECT DeviceObject;
    UNICODE_STRING SymbolicName; /* empty if the driver asked for none */
};

HEADER_RULE_1(AttributesRule, NDIS_DEVICE_OBJECT_ATTRIBUTES,
              NDIS_OBJECT_TYPE_DEVICE_OBJECT_ATTRIBUTES,
              NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1);

/* The fields that the page restricts. */
static BOOLEAN
CheckAttributes(const char *Function, const NDIS_DEVICE_OBJECT_ATTRIBUTES *Attributes)
{
    if (Attributes->DeviceName == NULL || Attributes->DeviceName->Length == 0)
    {
        RuleBroken(
            "%s: NDIS_DEVICE_OBJECT_ATTRIBUTES.DeviceName is NULL or empty; a full path name "
            "is required",
            Function);
        return FALSE;
    }
    if (Attributes->MajorFunctions == NULL)
    {
        RuleBroken("%s: NDIS_DEVICE_OBJECT_ATTRIBUTES.MajorFunctions is NULL", Function);
        return FALSE;
    }
    if (Attributes->MajorFunctions[IRP_MJ_PNP] != NULL ||
        Attributes->MajorFunctions[IRP_MJ_POWER] != NULL)
    {
        RuleBroken("%s: NDIS_DEVICE_OBJECT_ATTRIBUTES.MajorFunctions has entry points for "
                   "IRP_MJ_PNP or IRP_MJ_POWER; they must not be supplied",
                   Function);
        return FALSE;
    }
    if (Attributes->DeviceClassGuid != NULL)
    {
        RuleBroken("%s: NDIS_DEVICE_OBJECT_ATTRIBUTES.DeviceClassGuid is not NULL, but reserved",
                   Function);
        return FALSE;
    }
    return TRUE;
}

/* A device object of the driver's with our extension. The security of DefaultSDDLString is not
 * applied here: that needs IoCreateDeviceSecure, which drivers link statically (wdmsec.lib) and
 * which hosts do not export; FILE_DEVICE_SECURE_OPEN is. */
static NTSTATUS
CreateDevice(NDIS_DRIVER *Driver, const NDIS_DEVICE_OBJECT_ATTRIBUTES *Attributes,
             PDEVICE_OBJECT *DeviceObject)
{
    if (Attributes->ExtensionSize > MAXULONG - sizeof(DEVICE_EXTENSION))
        return STATUS_INVALID_PARAMETER;
    ULONG Bytes = (ULONG)sizeof(DEVICE_EXTENSION) + Attributes->ExtensionSize;
    NTSTATUS Status =
        IoCreateDevice(Driver->DriverObject, Bytes, Attributes->DeviceName, FILE_DEVICE_NETWORK,
                       FILE_DEVICE_SECURE_OPEN, FALSE, DeviceObject);
    if (!NT_SUCCESS(Status))
        return Status;
    DEVICE_EXTENSION *Extension = (*DeviceObject)->DeviceExtension;
    RtlZeroMemory(Extension, Bytes);
    RtlCopyMemory((PVOID)Extension->MajorFunctions, (PVOID)Attributes->MajorFunctions,
                  sizeof(Extension->MajorFunctions));
    Extension->ReservedBytes = Attributes->ExtensionSize;
    Extension->Registered = 1;
    Extension->Head.Signature = SIGNATURE_DEVICE;
    return STATUS_SUCCESS;
}

static NTSTATUS
CreateLink(NDIS_DEVICE *Device, const NDIS_DEVICE_OBJECT_ATTRIBUTES *Attributes)
{
    if (Attributes->SymbolicName == NULL || Attributes->SymbolicName->Length == 0)
        return STATUS_SUCCESS;
    USHORT Length = Attributes->SymbolicName->Length;
    Device->SymbolicName.Buffer = ExAllocatePoolWithTag(NonPagedPoolNx, Length, TAG_DEVICE);
    if (Device->SymbolicName.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Device->SymbolicName.Length = Device->SymbolicName.MaximumLength = Length;
    RtlCopyMemory(Device->SymbolicName.Buffer, Attributes->SymbolicName->Buffer, Length);
    NTSTATUS Status = IoCreateSymbolicLink(&Device->SymbolicName, Attributes->DeviceName);
    if (!NT_SUCCESS(Status))
        ExFreePoolWithTag(Device->SymbolicName.Buffer, TAG_DEVICE);
    return Status;
}

NDIS_STATUS NTAPI
NdisRegisterDeviceEx(NDIS_HANDLE NdisHandle, PNDIS_DEVICE_OBJECT_ATTRIBUTES DeviceObjectAttributes,
                     PDEVICE_OBJECT *pDeviceObject, PNDIS_HANDLE NdisDeviceHandle)
{
    static const char Function[] = "NdisRegisterDeviceEx";
    *pDeviceObject = NULL;
    *NdisDeviceHandle = NULL;
    if (!RuleIrqlAtMost(Function, PASSIVE_LEVEL))
        return NDIS_STATUS_FAILURE;
    NDIS_OWNER *Owner = OwnerFromHandle(Function, NdisHandle, FALSE);
    if (Owner == NULL)
        return NDIS_STATUS_NOT_SUPPORTED;
    if (Owner->Signature != SIGNATURE_DRIVER)
    {
        RuleBroken("%s: NdisHandle is not the handle of NdisMRegisterMiniportDriver", Function);
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    NDIS_STATUS Status =
        RuleHeader(Function, &DeviceObjectAttributes->Header, &AttributesRule, NDIS_VERSION_ANY);
    if (Status != NDIS_STATUS_SUCCESS)
        return Status;
    if (!CheckAttributes(Function, DeviceObjectAttributes))
        return NDIS_STATUS_INVALID_PARAMETER;
    NDIS_DEVICE *Device = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Device), TAG_DEVICE);
    if (Device == NULL)
        return NDIS_STATUS_RESOURCES;
    RtlZeroMemory(Device, sizeof(*Device));
    Status = CreateDevice(NdisHandle, DeviceObjectAttributes, &Device->DeviceObject);
    if (!NT_SUCCESS(Status))
        goto FreeDevice;
    Status = CreateLink(Device, DeviceObjectAttributes);
    if (!NT_SUCCESS(Status))
        goto DeleteDevice;
    ResourceAdd(&Device->Resource, SIGNATURE_DEVICE, Owner);
    *pDeviceObject = Device->DeviceObject;
    *NdisDeviceHandle = Device;
    /* From here on it can be opened. */
    Device->DeviceObject->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
    return NDIS_STATUS_SUCCESS;

DeleteDevice:
    IoDeleteDevice(Device->DeviceObject);
FreeDevice:
    ExFreePoolWithTag(Device, TAG_DEVICE);
    return Status;
}

VOID NTAPI
NdisDeregisterDeviceEx(NDIS_HANDLE NdisDeviceHandle)
{
    static const char Function[] = "NdisDeregisterDeviceEx";
    NDIS_DEVICE *Device = NdisDeviceHandle;
    if (!RuleIrqlAtMost(Function, PASSIVE_LEVEL) ||
        !ResourceIs(Function, NdisDeviceHandle, SIGNATURE_DEVICE))
        return;
    DEVICE_EXTENSION *Extension = Device->DeviceObject->DeviceExtension;
    ResourceRemove(&Device->Resource);
    InterlockedExchange(&Extension->Registered, 0);
    if (Device->SymbolicName.Length != 0)
    {
        IoDeleteSymbolicLink(&Device->SymbolicName);
        ExFreePoolWithTag(Device->SymbolicName.Buffer, TAG_DEVICE);
    }
    IoDeleteDevice(Device->DeviceObject);
    ExFreePoolWithTag(Device, TAG_DEVICE);
}

PVOID NTAPI
NdisGetDeviceReservedExtension(PDEVICE_OBJECT DeviceObject)
{
    DEVICE_EXTENSION *Extension = DeviceObject == NULL ? NULL : DeviceObject->DeviceExtension;
    if (Extension == NULL || Extension->Head.Signature != SIGNATURE_DEVICE)
        return NULL;
    if (!ReadWord(&Extension->Registered))
    {
        RuleBroken(
            "NdisGetDeviceReservedExtension: NdisDeregisterDeviceEx has freed the extension");
        return NULL;
    }
    return Extension->ReservedBytes == 0 ? NULL : Extension->Reserved;
}

/* The device object behind a device handle, for work items. */
PDEVICE_OBJECT
DeviceObjectFromHandle(NDIS_HANDLE NdisDeviceHandle)
{
    return ((NDIS_DEVICE *)NdisDeviceHandle)->DeviceObject;
}

NTSTATUS
DeviceDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    DEVICE_EXTENSION *Extension = DeviceObject->DeviceExtension;
    UCHAR Major = IoGetCurrentIrpStackLocation(Irp)->MajorFunction;
    if (!ReadWord(&Extension->Registered))
        return DriverCompleteIrp(Irp, Major == IRP_MJ_CLEANUP || Major == IRP_MJ_CLOSE
                                          ? STATUS_SUCCESS
                                          : STATUS_DEVICE_REMOVED);
    /* What the I/O manager does for drivers that have no routine. */
    if (Major > IRP_MJ_MAXIMUM_FUNCTION || Extension->MajorFunctions[Major] == NULL)
        return DriverCompleteIrp(Irp, STATUS_INVALID_DEVICE_REQUEST);
    NTSTATUS Status = EdgeDeviceIrp(DeviceObject, Irp);
    if (!NT_SUCCESS(Status))
        return DriverCompleteIrp(Irp, Status);
    return Extension->MajorFunctions[Major](DeviceObject, Irp);
}
