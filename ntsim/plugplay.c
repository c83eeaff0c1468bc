/* SPDX-License-Identifier: MIT */
/*
 * The driver's load and unload, a bus with devices, and plug-and-play and power requests to them.
 * Articles "Plug and Play Minor IRPs", "Writing an Unload Routine".
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "io.h"
#include "thread.h"

#define KEY_CHARACTERS 128

struct SIM_DEVICE
{
    PDEVICE_OBJECT Pdo;
    WCHAR SoftwareKey[KEY_CHARACTERS];
};

static DRIVER_OBJECT Driver;
static DRIVER_EXTENSION DriverExtension;
static DRIVER_OBJECT BusDriver;
static void *Image; /* of the driver, if it was loaded from one */

static NTSTATUS NTAPI
NoRoutine(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    Irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_INVALID_DEVICE_REQUEST;
}

/* Its code and data are gone after this: what still runs in it faults. */
static void
UnloadImage(void)
{
    if (Image != NULL)
        dlclose(Image);
    Image = NULL;
    SimLockOrderForgetAll();
}

NTSTATUS
SimDriverLoad(PDRIVER_INITIALIZE Entry)
{
    static UNICODE_STRING Path = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\Services\\Culvert");
    memset(&Driver, 0, sizeof(Driver));
    memset(&DriverExtension, 0, sizeof(DriverExtension));
    Driver.Type = IO_TYPE_DRIVER;
    Driver.Size = sizeof(Driver);
    Driver.DriverExtension = &DriverExtension;
    DriverExtension.DriverObject = &Driver;
    for (unsigned Major = 0; Major <= IRP_MJ_MAXIMUM_FUNCTION; ++Major)
        Driver.MajorFunction[Major] = NoRoutine;
    NTSTATUS Status = Entry(&Driver, &Path);
    SimCheckReturn("DriverEntry", PASSIVE_LEVEL);
    if (!NT_SUCCESS(Status) && Driver.DeviceObject != NULL)
        SimRuleBroken("DriverEntry", "wdm/nc-wdm-driver_initialize",
                      "it failed with %x and left device objects", (ULONG)Status);
    return Status;
}

NTSTATUS
SimDriverLoadImage(const char *Path)
{
    const char *Instead = getenv("NTSIM_DRIVER");
    Image = dlopen(Instead != NULL ? Instead : Path, RTLD_NOW | RTLD_LOCAL);
    PDRIVER_INITIALIZE Entry =
        Image != NULL ? (PDRIVER_INITIALIZE)dlsym(Image, "DriverEntry") : NULL;
    if (Entry == NULL)
    {
        fprintf(stderr, "ntsim: %s\n", dlerror());
        abort();
    }
    NTSTATUS Status = SimDriverLoad(Entry);
    if (!NT_SUCCESS(Status))
        UnloadImage();
    return Status;
}

BOOLEAN
SimDriverUnload(void)
{
    SimSettle();
    if (SimDriverHasDevices(&Driver) || SimSystemThreads() != 0)
        return FALSE;
    if (Driver.DriverUnload != NULL)
        Driver.DriverUnload(&Driver);
    SimCheckReturn("DriverUnload", PASSIVE_LEVEL);
    memset(&Driver, 0, sizeof(Driver));
    UnloadImage();
    return TRUE;
}

static NTSTATUS NTAPI
BusDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    Irp->IoStatus.Status = STATUS_SUCCESS;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

SIM_DEVICE *
SimDeviceAdd(const WCHAR *SoftwareKey)
{
    SIM_DEVICE *Device = calloc(1, sizeof(*Device));
    for (unsigned Major = 0; Major <= IRP_MJ_MAXIMUM_FUNCTION; ++Major)
        BusDriver.MajorFunction[Major] = BusDispatch;
    for (unsigned At = 0; SoftwareKey[At] != 0 && At + 1 < KEY_CHARACTERS; ++At)
        Device->SoftwareKey[At] = SoftwareKey[At];
    SimFaultExemptBegin();
    if (!NT_SUCCESS(IoCreateDevice(&BusDriver, sizeof(PVOID), NULL, FILE_DEVICE_BUS_EXTENDER, 0,
                                   FALSE, &Device->Pdo)))
        abort();
    SimFaultExemptEnd();
    *(SIM_DEVICE **)Device->Pdo->DeviceExtension = Device;
    Device->Pdo->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
    NTSTATUS Status = DriverExtension.AddDevice(&Driver, Device->Pdo);
    SimCheckReturn("AddDevice", PASSIVE_LEVEL);
    if (NT_SUCCESS(Status))
        return Device;
    SimDeviceDelete(Device);
    return NULL;
}

void
SimDeviceDelete(SIM_DEVICE *Device)
{
    IoDeleteDevice(Device->Pdo);
    free(Device);
}

static PDEVICE_OBJECT
Top(SIM_DEVICE *Device)
{
    PDEVICE_OBJECT Object = Device->Pdo;
    while (Object->AttachedDevice != NULL)
        Object = Object->AttachedDevice;
    return Object;
}

static NTSTATUS
Send(SIM_REQUEST *Request)
{
    SimRequestDispatch(Request);
    NTSTATUS Status = SimRequestWait(Request, NULL);
    SimRequestFree(Request);
    return Status;
}

NTSTATUS
SimDevicePnp(SIM_DEVICE *Device, UCHAR Minor)
{
    return Send(SimRequestCreate(Top(Device), IRP_MJ_PNP, Minor, NULL));
}

NTSTATUS
SimDevicePower(SIM_DEVICE *Device, POWER_STATE_TYPE Type, ULONG State)
{
    SIM_REQUEST *Request = SimRequestCreate(Top(Device), IRP_MJ_POWER, IRP_MN_SET_POWER, NULL);
    PIO_STACK_LOCATION Stack = SimRequestStack(Request);
    Stack->Parameters.Power.Type = Type;
    Stack->Parameters.Power.State.SystemState = (SYSTEM_POWER_STATE)State;
    return Send(Request);
}

NTSTATUS NTAPI
IoOpenDeviceRegistryKey(PDEVICE_OBJECT DeviceObject, ULONG DevInstKeyType,
                        ACCESS_MASK DesiredAccess, PHANDLE DeviceRegKey)
{
    static const char Page[] = "wdm/nf-wdm-ioopendeviceregistrykey";
    UNREFERENCED_PARAMETER(DesiredAccess);
    SimCheckIrql("IoOpenDeviceRegistryKey", Page, PASSIVE_LEVEL, PASSIVE_LEVEL);
    if (DeviceObject->DriverObject != &BusDriver)
        SimRuleBroken("IoOpenDeviceRegistryKey", Page, "%p is no physical device object",
                      (void *)DeviceObject);
    if (DevInstKeyType != PLUGPLAY_REGKEY_DRIVER || SimFault("IoOpenDeviceRegistryKey"))
        return STATUS_OBJECT_NAME_NOT_FOUND;
    *DeviceRegKey = SimKeyOpen((*(SIM_DEVICE **)DeviceObject->DeviceExtension)->SoftwareKey);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
IoGetDeviceProperty(PDEVICE_OBJECT DeviceObject, DEVICE_REGISTRY_PROPERTY DeviceProperty,
                    ULONG BufferLength, PVOID PropertyBuffer, PULONG ResultLength)
{
    static const WCHAR Description[] = L"Culvert Tunnel";
    static const char Page[] = "wdm/nf-wdm-iogetdeviceproperty";
    SimCheckIrql("IoGetDeviceProperty", Page, PASSIVE_LEVEL, PASSIVE_LEVEL);
    if (DeviceObject->DriverObject != &BusDriver)
        SimRuleBroken("IoGetDeviceProperty", Page, "%p is no physical device object",
                      (void *)DeviceObject);
    if (DeviceProperty != DevicePropertyDeviceDescription || SimFault("IoGetDeviceProperty"))
        return STATUS_OBJECT_NAME_NOT_FOUND;
    *ResultLength = sizeof(Description);
    if (BufferLength < sizeof(Description))
        return STATUS_BUFFER_TOO_SMALL;
    memcpy(PropertyBuffer, Description, sizeof(Description));
    return STATUS_SUCCESS;
}

/* ---- The whole ----------------------------------------------------------------------------------
 */

void
SimSettle(void)
{
    SimWorkDrain();
}

BOOLEAN
SimQuiesce(void)
{
    BOOLEAN Idle;
    SimDispatcherLock();
    /* Threads may queue work, and work may wake threads. */
    do
    {
        SimDispatcherUnlock();
        SimWorkDrain();
        SimDispatcherLock();
        Idle = SimDispatcherWaitIdle();
    } while (Idle && !SimWorkIsDone());
    SimDispatcherUnlock();
    return Idle;
}

SIM_COUNTS
SimCount(void)
{
    SIM_COUNTS Counts = {.Objects = SimObjectCount(),
                         .Devices = SimDeviceCount(),
                         .Requests = SimRequestCount(),
                         .Work = SimWorkCount(),
                         .Threads = SimSystemThreads() + SimEndingThreads()};
    SimMemoryCount(&Counts.PoolBlocks, &Counts.Mdls);
    return Counts;
}

static BOOLEAN
IsNoThreadLeft(void *Context)
{
    UNREFERENCED_PARAMETER(Context);
    return SimSystemThreads() + SimEndingThreads() == 0;
}

unsigned
SimLeft(void)
{
    SimSettle();
    struct timespec Deadline = SimDeadline(50000000); /* 5 s for threads that are about to end */
    SimDispatcherLock();
    SimDispatcherWaitFor("the end of the system threads", IsNoThreadLeft, NULL, &Deadline);
    SimDispatcherUnlock();
    SimSettle();
    return SimSystemThreads() + SimEndingThreads() + SimRequestsLeft() + SimDevicesLeft() +
           SimWorkLeft() + SimObjectsLeft() + SimMemoryLeft();
}
