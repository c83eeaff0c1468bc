/* SPDX-License-Identifier: MIT */
/* Devices of a driver's own. */
#include "world.h"

static NDIS_STRING DeviceName = RTL_CONSTANT_STRING(L"\\Device\\Test");
static NDIS_STRING LinkName = RTL_CONSTANT_STRING(L"\\DosDevices\\Test");
static PDRIVER_DISPATCH Majors[IRP_MJ_MAXIMUM_FUNCTION + 1];
static unsigned Calls;
static PDEVICE_OBJECT Device;
static NDIS_HANDLE Handle;

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    assert_ptr_equal(DeviceObject, Device);
    Calls++;
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static NDIS_DEVICE_OBJECT_ATTRIBUTES
Attributes(void)
{
    memset(Majors, 0, sizeof(Majors));
    Majors[IRP_MJ_CREATE] = Majors[IRP_MJ_CLOSE] = Majors[IRP_MJ_DEVICE_CONTROL] = Dispatch;
    Calls = 0;
    return (NDIS_DEVICE_OBJECT_ATTRIBUTES){
        .Header = HEADER(NDIS_OBJECT_TYPE_DEVICE_OBJECT_ATTRIBUTES,
                         NDIS_DEVICE_OBJECT_ATTRIBUTES_REVISION_1,
                         NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1),
        .DeviceName = &DeviceName,
        .SymbolicName = &LinkName,
        .MajorFunctions = Majors,
        .ExtensionSize = 200,
    };
}

static void
RegistersAndDispatches(void **State)
{
    (void)State;
    assert_int_equal(WorldLoad(), NDIS_STATUS_SUCCESS);
    NDIS_DEVICE_OBJECT_ATTRIBUTES Wanted = Attributes();
    assert_int_equal(NdisRegisterDeviceEx(World.DriverHandle, &Wanted, &Device, &Handle),
                     NDIS_STATUS_SUCCESS);
    assert_true(KernelNameExists(L"\\Device\\Test"));
    assert_true(KernelNameExists(L"\\DosDevices\\Test"));
    assert_false(Device->Flags & DO_DEVICE_INITIALIZING);
    UCHAR *Extension = NdisGetDeviceReservedExtension(Device);
    for (unsigned Index = 0; Index < 200; Index++)
        assert_int_equal(Extension[Index], 0);
    memset(Extension, 0xFF, 200);
    assert_int_equal(KernelIrp(Device, IRP_MJ_CREATE, 0), STATUS_SUCCESS);
    assert_int_equal(KernelIrp(Device, IRP_MJ_DEVICE_CONTROL, 0), STATUS_SUCCESS);
    assert_int_equal(Calls, 2);
    assert_int_equal(KernelIrp(Device, IRP_MJ_READ, 0), STATUS_INVALID_DEVICE_REQUEST);
    assert_int_equal(KernelIrp(Device, IRP_MJ_PNP, 0), STATUS_INVALID_DEVICE_REQUEST);
    assert_int_equal(Calls, 2);
    NdisDeregisterDeviceEx(Handle);
    assert_false(KernelNameExists(L"\\Device\\Test"));
    assert_false(KernelNameExists(L"\\DosDevices\\Test"));
    WorldUnload();
}

static void
EnvironmentSeesIrpsFirst(void **State)
{
    (void)State;
    assert_int_equal(WorldLoad(), NDIS_STATUS_SUCCESS);
    NDIS_DEVICE_OBJECT_ATTRIBUTES Wanted = Attributes();
    assert_int_equal(NdisRegisterDeviceEx(World.DriverHandle, &Wanted, &Device, &Handle),
                     NDIS_STATUS_SUCCESS);
    World.EdgeIrpStatus = STATUS_INSUFFICIENT_RESOURCES;
    assert_int_equal(KernelIrp(Device, IRP_MJ_DEVICE_CONTROL, 0), STATUS_INSUFFICIENT_RESOURCES);
    assert_int_equal(Calls, 0);
    NdisDeregisterDeviceEx(Handle);
    WorldUnload();
}

/* With a handle open the device object outlives the registration; the driver hears nothing more. */
static void
DeregisteredDevicesDoNotCallTheDriver(void **State)
{
    (void)State;
    assert_int_equal(WorldLoad(), NDIS_STATUS_SUCCESS);
    NDIS_DEVICE_OBJECT_ATTRIBUTES Wanted = Attributes();
    assert_int_equal(NdisRegisterDeviceEx(World.DriverHandle, &Wanted, &Device, &Handle),
                     NDIS_STATUS_SUCCESS);
    KernelReferenceDevice(Device);
    NdisDeregisterDeviceEx(Handle);
    assert_null(NdisGetDeviceReservedExtension(Device));
    ExpectRule("NdisDeregisterDeviceEx has freed the extension");
    assert_int_equal(KernelIrp(Device, IRP_MJ_DEVICE_CONTROL, 0), STATUS_DEVICE_REMOVED);
    assert_int_equal(KernelIrp(Device, IRP_MJ_CREATE, 0), STATUS_DEVICE_REMOVED);
    assert_int_equal(KernelIrp(Device, IRP_MJ_CLEANUP, 0), STATUS_SUCCESS);
    assert_int_equal(KernelIrp(Device, IRP_MJ_CLOSE, 0), STATUS_SUCCESS);
    assert_int_equal(Calls, 0);
    KernelDereferenceDevice(Device);
    WorldUnload();
}

static void
Refused(NDIS_DEVICE_OBJECT_ATTRIBUTES *Wanted, const char *Rule)
{
    Device = (PVOID)1;
    assert_int_not_equal(NdisRegisterDeviceEx(World.DriverHandle, Wanted, &Device, &Handle),
                         NDIS_STATUS_SUCCESS);
    assert_null(Device);
    assert_null(Handle);
    ExpectRule(Rule);
}

static void
RejectsWrongAttributes(void **State)
{
    (void)State;
    static const GUID Class = {0};
    NDIS_STRING Empty = {0};
    assert_int_equal(WorldLoad(), NDIS_STATUS_SUCCESS);
    NDIS_DEVICE_OBJECT_ATTRIBUTES Wanted = Attributes();
    Wanted.Header.Size = 16;
    Refused(&Wanted, "NDIS_DEVICE_OBJECT_ATTRIBUTES.Header.Size is 16; revision 1 requires 56");
    Wanted = Attributes();
    Wanted.DeviceName = NULL;
    Refused(&Wanted, "DeviceName is NULL or empty");
    Wanted = Attributes();
    Wanted.DeviceName = &Empty;
    Refused(&Wanted, "DeviceName is NULL or empty");
    Wanted = Attributes();
    Wanted.MajorFunctions = NULL;
    Refused(&Wanted, "MajorFunctions is NULL");
    Wanted = Attributes();
    Majors[IRP_MJ_POWER] = Dispatch;
    Refused(&Wanted, "IRP_MJ_PNP or IRP_MJ_POWER");
    Wanted = Attributes();
    Wanted.DeviceClassGuid = &Class;
    Refused(&Wanted, "DeviceClassGuid is not NULL");
    WorldUnload();
}

static void
RejectsAdapterHandlesAndWrongIrql(void **State)
{
    (void)State;
    WorldRun();
    NDIS_DEVICE_OBJECT_ATTRIBUTES Wanted = Attributes();
    assert_int_equal(NdisRegisterDeviceEx(World.Adapter, &Wanted, &Device, &Handle),
                     NDIS_STATUS_NOT_SUPPORTED);
    ExpectRule("is not the handle of NdisMRegisterMiniportDriver");
    KernelSetIrql(DISPATCH_LEVEL);
    assert_int_equal(NdisRegisterDeviceEx(World.DriverHandle, &Wanted, &Device, &Handle),
                     NDIS_STATUS_FAILURE);
    KernelSetIrql(PASSIVE_LEVEL);
    ExpectRule("NdisRegisterDeviceEx: called at IRQL 2");
    WorldEnd();
}

static void
FailsOnNamesInUseAndWithoutMemory(void **State)
{
    (void)State;
    NDIS_HANDLE Second;
    PDEVICE_OBJECT Other;
    NDIS_STRING OtherName = RTL_CONSTANT_STRING(L"\\Device\\Other");
    assert_int_equal(WorldLoad(), NDIS_STATUS_SUCCESS);
    NDIS_DEVICE_OBJECT_ATTRIBUTES Wanted = Attributes();
    for (unsigned Count = 0; Count < 2; Count++)
    {
        KernelFailAllocation(Count);
        assert_int_not_equal(NdisRegisterDeviceEx(World.DriverHandle, &Wanted, &Device, &Handle),
                             NDIS_STATUS_SUCCESS);
    }
    assert_int_equal(NdisRegisterDeviceEx(World.DriverHandle, &Wanted, &Device, &Handle),
                     NDIS_STATUS_SUCCESS);
    assert_int_equal(NdisRegisterDeviceEx(World.DriverHandle, &Wanted, &Other, &Second),
                     STATUS_OBJECT_NAME_COLLISION);
    Wanted.DeviceName = &OtherName; /* the link's name is in use */
    assert_int_equal(NdisRegisterDeviceEx(World.DriverHandle, &Wanted, &Other, &Second),
                     STATUS_OBJECT_NAME_COLLISION);
    assert_false(KernelNameExists(L"\\Device\\Other"));
    NdisDeregisterDeviceEx(Handle);
    WorldUnload();
}

static void
ReportsDevicesLeftAtUnload(void **State)
{
    (void)State;
    assert_int_equal(WorldLoad(), NDIS_STATUS_SUCCESS);
    NDIS_DEVICE_OBJECT_ATTRIBUTES Wanted = Attributes();
    assert_int_equal(NdisRegisterDeviceEx(World.DriverHandle, &Wanted, &Device, &Handle),
                     NDIS_STATUS_SUCCESS);
    WorldUnload();
    ExpectRule("a device of NdisRegisterDeviceEx, has not been freed");
    NdisDeregisterDeviceEx(Handle);
}

static void
OtherDevicesHaveNoExtension(void **State)
{
    (void)State;
    assert_null(NdisGetDeviceReservedExtension(NULL));
    assert_null(NdisGetDeviceReservedExtension(KernelBusDevice()));
}

int
RunDeviceTests(void)
{
    const struct CMUnitTest Tests[] = {
        WORLD_TEST(RegistersAndDispatches),
        WORLD_TEST(EnvironmentSeesIrpsFirst),
        WORLD_TEST(DeregisteredDevicesDoNotCallTheDriver),
        WORLD_TEST(RejectsWrongAttributes),
        WORLD_TEST(RejectsAdapterHandlesAndWrongIrql),
        WORLD_TEST(FailsOnNamesInUseAndWithoutMemory),
        WORLD_TEST(ReportsDevicesLeftAtUnload),
        WORLD_TEST(OtherDevicesHaveNoExtension),
    };
    return cmocka_run_group_tests_name("ndis devices", Tests, NULL, NULL);
}
