/* SPDX-License-Identifier: MIT */
/* Registration of miniport drivers: NdisMRegisterMiniportDriver, NdisMDeregisterMiniportDriver,
 * NdisSetOptionalHandlers, and unloading. */
#include "driver.h"
#include "verify.h"
#include "version.h"

#define TAG_DRIVER OBJECT_SIGNATURE('N', 'd', 'D', 'r')

static KSPIN_LOCK DriversLock;
static LIST_ENTRY Drivers = {&Drivers, &Drivers};

static const HEADER_REVISION CharacteristicsRevisions[] = {
    {NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1, NDIS_VERSION(6, 0)},
    {NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2, NDIS_VERSION(6, 1)},
};
static const HEADER_RULE CharacteristicsRule = {
    "NDIS_MINIPORT_DRIVER_CHARACTERISTICS", NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS,
    RTL_NUMBER_OF(CharacteristicsRevisions), sizeof(NDIS_MINIPORT_DRIVER_CHARACTERISTICS),
    CharacteristicsRevisions};

/* Page "NDIS_MINIPORT_DRIVER_CHARACTERISTICS": MinorNdisVersion; 6.1 is in "NDIS Version". */
static const UCHAR KnownMinorVersions[] = {0,  1,  20, 30, 40, 50, 51, 60, 70, 80,
                                           81, 82, 83, 84, 85, 86, 87, 88, 89, 90};

NDIS_DRIVER *
DriverFromObject(PDRIVER_OBJECT DriverObject)
{
    NDIS_DRIVER *Found = NULL;
    KIRQL Irql;
    KeAcquireSpinLock(&DriversLock, &Irql);
    for (PLIST_ENTRY Entry = Drivers.Flink; Entry != &Drivers && Found == NULL;
         Entry = Entry->Flink)
    {
        NDIS_DRIVER *Driver = CONTAINING_RECORD(Entry, NDIS_DRIVER, Link);
        if (Driver->DriverObject == DriverObject)
            Found = Driver;
    }
    KeReleaseSpinLock(&DriversLock, Irql);
    return Found;
}

static NDIS_STATUS
CheckVersion(const NDIS_MINIPORT_DRIVER_CHARACTERISTICS *Characteristics)
{
    BOOLEAN Known = FALSE;
    for (ULONG Index = 0; Index < sizeof(KnownMinorVersions); Index++)
        Known = Known || KnownMinorVersions[Index] == Characteristics->MinorNdisVersion;
    if (Characteristics->MajorNdisVersion != 6 || !Known)
    {
        RuleBroken("NdisMRegisterMiniportDriver: NDIS_MINIPORT_DRIVER_CHARACTERISTICS."
                   "MajorNdisVersion and MinorNdisVersion are %u.%u, which never was; 6.0, 6.1, "
                   "6.20, 6.30 and so on are valid",
                   (ULONG)Characteristics->MajorNdisVersion,
                   (ULONG)Characteristics->MinorNdisVersion);
        return NDIS_STATUS_BAD_VERSION;
    }
    /* Newer than this NDIS: no fault of the driver, but it cannot run here. */
    if (NDIS_VERSION(6, Characteristics->MinorNdisVersion) > NDIS_VERSION_PRESENTED)
        return NDIS_STATUS_BAD_VERSION;
    return NDIS_STATUS_SUCCESS;
}

/* Page "NDIS_MINIPORT_DRIVER_CHARACTERISTICS": which entry points are required. */
static NDIS_STATUS
CheckHandlers(const NDIS_MINIPORT_DRIVER_CHARACTERISTICS *Characteristics)
{
    const struct
    {
        const char *Name;
        BOOLEAN Present;
    } Required[] = {
        {"InitializeHandlerEx", Characteristics->InitializeHandlerEx != NULL},
        {"HaltHandlerEx", Characteristics->HaltHandlerEx != NULL},
        {"UnloadHandler", Characteristics->UnloadHandler != NULL},
        {"PauseHandler", Characteristics->PauseHandler != NULL},
        {"RestartHandler", Characteristics->RestartHandler != NULL},
        {"OidRequestHandler", Characteristics->OidRequestHandler != NULL},
        {"SendNetBufferListsHandler", Characteristics->SendNetBufferListsHandler != NULL},
        {"ReturnNetBufferListsHandler", Characteristics->ReturnNetBufferListsHandler != NULL},
        {"CancelSendHandler", Characteristics->CancelSendHandler != NULL},
        {"DevicePnPEventNotifyHandler", Characteristics->DevicePnPEventNotifyHandler != NULL},
        {"ShutdownHandlerEx", Characteristics->ShutdownHandlerEx != NULL},
        {"CancelOidRequestHandler", Characteristics->CancelOidRequestHandler != NULL},
        {"ResetHandlerEx (CheckForHangHandlerEx is set)",
         Characteristics->ResetHandlerEx != NULL || Characteristics->CheckForHangHandlerEx == NULL},
    };
    NDIS_STATUS Status = NDIS_STATUS_SUCCESS;
    for (ULONG Index = 0; Index < RTL_NUMBER_OF(Required); Index++)
    {
        if (Required[Index].Present)
            continue;
        RuleBroken("NdisMRegisterMiniportDriver: NDIS_MINIPORT_DRIVER_CHARACTERISTICS.%s is NULL; "
                   "it is required",
                   Required[Index].Name);
        Status = NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    if (Characteristics->Header.Revision >= NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2 &&
        (Characteristics->DirectOidRequestHandler == NULL) !=
            (Characteristics->CancelDirectOidRequestHandler == NULL))
    {
        RuleBroken("NdisMRegisterMiniportDriver: one of NDIS_MINIPORT_DRIVER_CHARACTERISTICS."
                   "DirectOidRequestHandler and CancelDirectOidRequestHandler is NULL; if one is "
                   "provided, both must be");
        Status = NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    return Status;
}

static NDIS_STATUS
CheckCharacteristics(const NDIS_MINIPORT_DRIVER_CHARACTERISTICS *Characteristics)
{
    NDIS_STATUS Status = CheckVersion(Characteristics);
    if (Status != NDIS_STATUS_SUCCESS)
        return Status;
    Status = RuleHeader("NdisMRegisterMiniportDriver", &Characteristics->Header,
                        &CharacteristicsRule, NDIS_VERSION(6, Characteristics->MinorNdisVersion));
    if (Status != NDIS_STATUS_SUCCESS)
        return Status;
    if (Characteristics->Flags & ~(ULONG)(NDIS_INTERMEDIATE_DRIVER | NDIS_WDM_DRIVER))
    {
        RuleBroken("NdisMRegisterMiniportDriver: NDIS_MINIPORT_DRIVER_CHARACTERISTICS.Flags is %x; "
                   "only NDIS_INTERMEDIATE_DRIVER and NDIS_WDM_DRIVER may be set",
                   Characteristics->Flags);
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    /* There is nothing here that an intermediate driver could bind to. */
    if (Characteristics->Flags & NDIS_INTERMEDIATE_DRIVER)
        return NDIS_STATUS_NOT_SUPPORTED;
    return CheckHandlers(Characteristics);
}

static VOID
DriverFree(NDIS_DRIVER *Driver)
{
    ExFreePoolWithTag(Driver->RegistryPath.Buffer, TAG_DRIVER);
    ExFreePoolWithTag(Driver, TAG_DRIVER);
}

static VOID
DriverUnlink(NDIS_DRIVER *Driver)
{
    KIRQL Irql;
    KeAcquireSpinLock(&DriversLock, &Irql);
    RemoveEntryList(&Driver->Link);
    KeReleaseSpinLock(&DriversLock, Irql);
    InitializeListHead(&Driver->Link);
}

/* DRIVER_UNLOAD of a miniport's driver object. Page "MINIPORT_UNLOAD". */
static VOID NTAPI
DriverUnload(PDRIVER_OBJECT DriverObject)
{
    NDIS_DRIVER *Driver = DriverFromObject(DriverObject);
    if (Driver == NULL)
        return;
    if (ReadWord(&Driver->Adapters) != 0)
        RuleBroken("DriverUnload: the driver still has %u adapters", (ULONG)Driver->Adapters);
    Driver->Unloading = TRUE;
    Driver->Characteristics.UnloadHandler(DriverObject);
    RuleReturnedAt("MiniportDriverUnload", PASSIVE_LEVEL);
    if (!IsListEmpty(&Driver->Link))
    {
        RuleBroken("MiniportDriverUnload: returned without NdisMDeregisterMiniportDriver; it must "
                   "be called there");
        DriverUnlink(Driver);
        OwnerReportLeaks(&Driver->Owner, "MiniportDriverUnload");
    }
    DriverFree(Driver);
}

/* Takes the driver object over, and gives what it held back if the registration fails. */
static VOID
DriverTakeObject(NDIS_DRIVER *Driver, PDRIVER_OBJECT DriverObject)
{
    KIRQL Irql;
    for (ULONG Major = 0; Major <= IRP_MJ_MAXIMUM_FUNCTION; Major++)
        DriverObject->MajorFunction[Major] = DriverDispatch;
    DriverObject->DriverExtension->AddDevice = AdapterAddDevice;
    DriverObject->DriverUnload = DriverUnload;
    KeAcquireSpinLock(&DriversLock, &Irql);
    InsertTailList(&Drivers, &Driver->Link);
    KeReleaseSpinLock(&DriversLock, Irql);
}

static VOID
DriverReleaseObject(NDIS_DRIVER *Driver)
{
    Driver->DriverObject->DriverExtension->AddDevice = NULL;
    Driver->DriverObject->DriverUnload = NULL;
    DriverUnlink(Driver);
}

static NDIS_DRIVER *
DriverAllocate(PDRIVER_OBJECT DriverObject, PCUNICODE_STRING RegistryPath,
               NDIS_HANDLE MiniportDriverContext,
               const NDIS_MINIPORT_DRIVER_CHARACTERISTICS *Characteristics)
{
    NDIS_DRIVER *Driver = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Driver), TAG_DRIVER);
    if (Driver == NULL)
        return NULL;
    RtlZeroMemory(Driver, sizeof(*Driver));
    Driver->RegistryPath.MaximumLength = (USHORT)(RegistryPath->Length + sizeof(WCHAR));
    Driver->RegistryPath.Buffer =
        ExAllocatePoolWithTag(NonPagedPoolNx, Driver->RegistryPath.MaximumLength, TAG_DRIVER);
    if (Driver->RegistryPath.Buffer == NULL)
    {
        ExFreePoolWithTag(Driver, TAG_DRIVER);
        return NULL;
    }
    Driver->RegistryPath.Length = RegistryPath->Length;
    RtlCopyMemory(Driver->RegistryPath.Buffer, RegistryPath->Buffer, RegistryPath->Length);
    Driver->RegistryPath.Buffer[RegistryPath->Length / sizeof(WCHAR)] = UNICODE_NULL;
    OwnerInitialize(&Driver->Owner, SIGNATURE_DRIVER);
    Driver->DriverObject = DriverObject;
    Driver->MiniportDriverContext = MiniportDriverContext;
    Driver->NdisVersion = NDIS_VERSION(6, Characteristics->MinorNdisVersion);
    /* Of an older revision's structure only that many bytes are there. */
    RtlCopyMemory(&Driver->Characteristics, Characteristics,
                  Characteristics->Header.Revision ==
                          NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1
                      ? NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1
                      : sizeof(*Characteristics));
    return Driver;
}

NDIS_STATUS NTAPI
NdisMRegisterMiniportDriver(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath,
                            NDIS_HANDLE MiniportDriverContext,
                            PNDIS_MINIPORT_DRIVER_CHARACTERISTICS MiniportDriverCharacteristics,
                            PNDIS_HANDLE NdisMiniportDriverHandle)
{
    static const char Function[] = "NdisMRegisterMiniportDriver";
    if (!RuleIrqlAtMost(Function, PASSIVE_LEVEL))
        return NDIS_STATUS_FAILURE;
    *NdisMiniportDriverHandle = NULL;
    if (DriverObject == NULL || RegistryPath == NULL || RegistryPath->Buffer == NULL)
    {
        RuleBroken("%s: DriverObject or RegistryPath is NULL; both are those of DriverEntry",
                   Function);
        return NDIS_STATUS_FAILURE;
    }
    if (DriverFromObject(DriverObject) != NULL)
    {
        RuleBroken("%s: the driver object is registered already", Function);
        return NDIS_STATUS_FAILURE;
    }
    NDIS_STATUS Status = CheckCharacteristics(MiniportDriverCharacteristics);
    if (Status != NDIS_STATUS_SUCCESS)
        return Status;
    Status = EdgeDriverRegister(DriverObject);
    if (!NT_SUCCESS(Status))
        return Status;
    NDIS_DRIVER *Driver = DriverAllocate(DriverObject, RegistryPath, MiniportDriverContext,
                                         MiniportDriverCharacteristics);
    if (Driver == NULL)
        return NDIS_STATUS_RESOURCES;
    DriverTakeObject(Driver, DriverObject);
    /* The handle is valid from here on: MiniportSetOptions uses it. */
    *NdisMiniportDriverHandle = Driver;
    if (Driver->Characteristics.SetOptionsHandler != NULL)
    {
        Driver->InSetOptions = TRUE;
        Status = Driver->Characteristics.SetOptionsHandler(Driver, MiniportDriverContext);
        Driver->InSetOptions = FALSE;
        RuleReturnedAt("MiniportSetOptions", PASSIVE_LEVEL);
        if (Status != NDIS_STATUS_SUCCESS)
        {
            *NdisMiniportDriverHandle = NULL;
            DriverReleaseObject(Driver);
            OwnerReportLeaks(&Driver->Owner, "MiniportSetOptions (which failed)");
            DriverFree(Driver);
            return Status;
        }
    }
    return NDIS_STATUS_SUCCESS;
}

VOID NTAPI
NdisMDeregisterMiniportDriver(NDIS_HANDLE NdisMiniportDriverHandle)
{
    static const char Function[] = "NdisMDeregisterMiniportDriver";
    NDIS_DRIVER *Driver = NdisMiniportDriverHandle;
    if (!RuleIrqlAtMost(Function, PASSIVE_LEVEL))
        return;
    NDIS_OWNER *Owner = OwnerFromHandle(Function, NdisMiniportDriverHandle, FALSE);
    if (Owner == NULL)
        return;
    if (Owner->Signature != SIGNATURE_DRIVER || IsListEmpty(&Driver->Link))
    {
        RuleBroken("%s: %p is not the handle of a registered driver", Function, (PVOID)Owner);
        return;
    }
    if (ReadWord(&Driver->Adapters) != 0)
    {
        RuleBroken("%s: the driver still has %u adapters; it must be called by "
                   "MiniportDriverUnload, or by a DriverEntry that fails",
                   Function, (ULONG)Driver->Adapters);
        return;
    }
    BOOLEAN Unloading = Driver->Unloading;
    DriverReleaseObject(Driver);
    OwnerReportLeaks(&Driver->Owner, Function);
    /* DriverUnload still looks at it otherwise. */
    if (!Unloading)
        DriverFree(Driver);
}

/* Page "NdisSetOptionalHandlers". What a miniport can set there (CoNDIS, chimney, selective
 * suspend, NDK, the PnP handlers of bus drivers) is not offered. */
NDIS_STATUS NTAPI
NdisSetOptionalHandlers(NDIS_HANDLE NdisHandle, PNDIS_DRIVER_OPTIONAL_HANDLERS OptionalHandlers)
{
    static const char Function[] = "NdisSetOptionalHandlers";
    if (!RuleIrqlAtMost(Function, PASSIVE_LEVEL))
        return NDIS_STATUS_FAILURE;
    NDIS_OWNER *Owner = OwnerFromHandle(Function, NdisHandle, FALSE);
    if (Owner == NULL || OptionalHandlers == NULL)
        return NDIS_STATUS_FAILURE;
    if (Owner->Signature != SIGNATURE_DRIVER || !((NDIS_DRIVER *)NdisHandle)->InSetOptions)
    {
        RuleBroken("%s: called outside of MiniportSetOptions", Function);
        return NDIS_STATUS_FAILURE;
    }
    return NDIS_STATUS_NOT_SUPPORTED;
}

NTSTATUS
DriverCompleteIrp(PIRP Irp, NTSTATUS Status)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

NTSTATUS NTAPI
DriverDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    DEVICE_EXTENSION_HEAD *Head = DeviceObject->DeviceExtension;
    if (Head != NULL && Head->Signature == SIGNATURE_ADAPTER)
        return AdapterDispatch(DeviceObject, Irp);
    if (Head != NULL && Head->Signature == SIGNATURE_DEVICE)
        return DeviceDispatch(DeviceObject, Irp);
    return DriverCompleteIrp(Irp, STATUS_INVALID_DEVICE_REQUEST);
}
