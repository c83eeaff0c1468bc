/* SPDX-License-Identifier: MIT */
/* Device objects, their names and stacks. Article "Device Objects and Device Stacks". */
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "io.h"
#include "lock_order.h"

#define NAME_CHARACTERS 128
#define NAMES_MAX       256
#define DEVICES_MAX     512

typedef struct NAME
{
    WCHAR Text[NAME_CHARACTERS];
    WCHAR Target[NAME_CHARACTERS]; /* of a link */
    PDEVICE_OBJECT Device;
} NAME;

static pthread_mutex_t Mutex = PTHREAD_MUTEX_INITIALIZER;
static NAME Names[NAMES_MAX];
static unsigned Devices;
static PDEVICE_OBJECT
    Live[DEVICES_MAX]; /* until they are freed, which may be after IoDeleteDevice */

static WCHAR
Upper(WCHAR Character)
{
    return Character >= 'a' && Character <= 'z' ? (WCHAR)(Character - 32) : Character;
}

static BOOLEAN
Same(const WCHAR *A, const WCHAR *B)
{
    while (*A != 0 && Upper(*A) == Upper(*B))
        ++A, ++B;
    return *A == 0 && *B == 0;
}

static void
Copy(WCHAR *To, PCUNICODE_STRING From)
{
    if (From->Length / sizeof(WCHAR) >= NAME_CHARACTERS)
        abort();
    memcpy(To, From->Buffer, From->Length);
    To[From->Length / sizeof(WCHAR)] = 0;
}

/* Under Mutex. */
static NAME *
Find(const WCHAR *Text)
{
    for (unsigned At = 0; At < NAMES_MAX; ++At)
    {
        if (Names[At].Text[0] != 0 && Same(Names[At].Text, Text))
            return &Names[At];
    }
    return NULL;
}

static NTSTATUS
AddName(PCUNICODE_STRING Name, PDEVICE_OBJECT Device, PCUNICODE_STRING Target)
{
    WCHAR Text[NAME_CHARACTERS];
    NTSTATUS Status = STATUS_OBJECT_NAME_COLLISION;
    Copy(Text, Name);
    pthread_mutex_lock(&Mutex);
    if (Find(Text) == NULL)
    {
        unsigned At = 0;
        while (Names[At].Text[0] != 0)
        {
            if (++At == NAMES_MAX)
                abort();
        }
        memset(&Names[At], 0, sizeof(Names[At]));
        Copy(Names[At].Text, Name);
        if (Target != NULL)
            Copy(Names[At].Target, Target);
        Names[At].Device = Device;
        Status = STATUS_SUCCESS;
    }
    pthread_mutex_unlock(&Mutex);
    return Status;
}

BOOLEAN
SimNameExists(const WCHAR *Name)
{
    pthread_mutex_lock(&Mutex);
    BOOLEAN Exists = Find(Name) != NULL;
    pthread_mutex_unlock(&Mutex);
    return Exists;
}

PDEVICE_OBJECT
SimDeviceFind(const WCHAR *Name)
{
    pthread_mutex_lock(&Mutex);
    NAME *Found = Find(Name);
    if (Found != NULL && Found->Device == NULL)
        Found = Find(Found->Target);
    PDEVICE_OBJECT Device = Found != NULL ? Found->Device : NULL;
    if (Device != NULL)
        Device->ReferenceCount++;
    pthread_mutex_unlock(&Mutex);
    return Device;
}

/* Replaces Old among the live devices by New; one of them is NULL. Under Mutex. */
static void
SetLive(PDEVICE_OBJECT Old, PDEVICE_OBJECT New)
{
    unsigned At = 0;
    while (Live[At] != Old)
    {
        if (++At == DEVICES_MAX)
            abort();
    }
    Live[At] = New;
    Devices = New != NULL ? Devices + 1 : Devices - 1;
}

BOOLEAN
SimDriverHasDevices(PDRIVER_OBJECT DriverObject)
{
    BOOLEAN Has = FALSE;
    pthread_mutex_lock(&Mutex);
    for (unsigned At = 0; At < DEVICES_MAX; ++At)
        Has |= Live[At] != NULL && Live[At]->DriverObject == DriverObject;
    pthread_mutex_unlock(&Mutex);
    return Has;
}

void
SimDeviceReference(PDEVICE_OBJECT Device)
{
    pthread_mutex_lock(&Mutex);
    Device->ReferenceCount++;
    pthread_mutex_unlock(&Mutex);
}

void
SimDeviceDereference(PDEVICE_OBJECT Device)
{
    pthread_mutex_lock(&Mutex);
    BOOLEAN Last = --Device->ReferenceCount == 0;
    if (Last)
        SetLive(Device, NULL);
    pthread_mutex_unlock(&Mutex);
    if (!Last)
        return;
    SimLockOrderForget(Device->DeviceExtension, malloc_usable_size(Device->DeviceExtension));
    free(Device->DeviceExtension);
    free(Device);
}

NTSTATUS NTAPI
IoCreateDevice(PDRIVER_OBJECT DriverObject, ULONG DeviceExtensionSize, PUNICODE_STRING DeviceName,
               DEVICE_TYPE DeviceType, ULONG DeviceCharacteristics, BOOLEAN Exclusive,
               PDEVICE_OBJECT *DeviceObject)
{
    SimCheckIrql("IoCreateDevice", "wdm/nf-wdm-iocreatedevice", PASSIVE_LEVEL, APC_LEVEL);
    if (SimFault("IoCreateDevice"))
        return STATUS_INSUFFICIENT_RESOURCES;
    PDEVICE_OBJECT Device = aligned_alloc(MEMORY_ALLOCATION_ALIGNMENT, sizeof(*Device));
    memset(Device, 0, sizeof(*Device));
    Device->DeviceExtension = calloc(1, DeviceExtensionSize != 0 ? DeviceExtensionSize : 1);
    Device->Type = IO_TYPE_DEVICE;
    Device->DriverObject = DriverObject;
    Device->DeviceType = DeviceType;
    Device->Characteristics = DeviceCharacteristics;
    Device->Flags = DO_DEVICE_INITIALIZING | (Exclusive ? DO_EXCLUSIVE : 0);
    Device->StackSize = 1;
    Device->ReferenceCount = 1;
    if (DeviceName != NULL)
    {
        NTSTATUS Status = AddName(DeviceName, Device, NULL);
        if (!NT_SUCCESS(Status))
        {
            free(Device->DeviceExtension);
            free(Device);
            return Status;
        }
        Device->Flags |= DO_DEVICE_HAS_NAME;
    }
    pthread_mutex_lock(&Mutex);
    SetLive(NULL, Device);
    Device->NextDevice = DriverObject->DeviceObject;
    DriverObject->DeviceObject = Device;
    pthread_mutex_unlock(&Mutex);
    *DeviceObject = Device;
    return STATUS_SUCCESS;
}

VOID NTAPI
IoDeleteDevice(PDEVICE_OBJECT DeviceObject)
{
    static const char Page[] = "wdm/nf-wdm-iodeletedevice";
    SimCheckIrql("IoDeleteDevice", Page, PASSIVE_LEVEL, APC_LEVEL);
    if (DeviceObject->AttachedDevice != NULL)
        SimRuleBroken("IoDeleteDevice", Page, "a device is attached above device %p",
                      (void *)DeviceObject);
    pthread_mutex_lock(&Mutex);
    for (unsigned At = 0; At < NAMES_MAX; ++At)
    {
        if (Names[At].Device == DeviceObject)
            memset(&Names[At], 0, sizeof(Names[At]));
    }
    PDEVICE_OBJECT *Link = &DeviceObject->DriverObject->DeviceObject;
    while (*Link != NULL && *Link != DeviceObject)
        Link = &(*Link)->NextDevice;
    if (*Link == NULL)
        SimRuleBroken("IoDeleteDevice", Page, "device %p has been deleted", (void *)DeviceObject);
    *Link = DeviceObject->NextDevice;
    pthread_mutex_unlock(&Mutex);
    SimDeviceDereference(DeviceObject);
}

NTSTATUS NTAPI
IoCreateSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName)
{
    SimCheckIrql("IoCreateSymbolicLink", "wdm/nf-wdm-iocreatesymboliclink", PASSIVE_LEVEL,
                 PASSIVE_LEVEL);
    if (SimFault("IoCreateSymbolicLink"))
        return STATUS_INSUFFICIENT_RESOURCES;
    return AddName(SymbolicLinkName, NULL, DeviceName);
}

NTSTATUS NTAPI
IoDeleteSymbolicLink(PUNICODE_STRING SymbolicLinkName)
{
    WCHAR Text[NAME_CHARACTERS];
    SimCheckIrql("IoDeleteSymbolicLink", "wdm/nf-wdm-iodeletesymboliclink", PASSIVE_LEVEL,
                 PASSIVE_LEVEL);
    Copy(Text, SymbolicLinkName);
    pthread_mutex_lock(&Mutex);
    NAME *Found = Find(Text);
    NTSTATUS Status = STATUS_OBJECT_NAME_NOT_FOUND;
    if (Found != NULL && Found->Device == NULL)
    {
        memset(Found, 0, sizeof(*Found));
        Status = STATUS_SUCCESS;
    }
    pthread_mutex_unlock(&Mutex);
    return Status;
}

PDEVICE_OBJECT NTAPI
IoAttachDeviceToDeviceStack(PDEVICE_OBJECT SourceDevice, PDEVICE_OBJECT TargetDevice)
{
    SimCheckIrql("IoAttachDeviceToDeviceStack", "wdm/nf-wdm-ioattachdevicetodevicestack",
                 PASSIVE_LEVEL, DISPATCH_LEVEL);
    if (SimFault("IoAttachDeviceToDeviceStack"))
        return NULL;
    while (TargetDevice->AttachedDevice != NULL)
        TargetDevice = TargetDevice->AttachedDevice;
    TargetDevice->AttachedDevice = SourceDevice;
    SourceDevice->StackSize = (CCHAR)(TargetDevice->StackSize + 1);
    return TargetDevice;
}

VOID NTAPI
IoDetachDevice(PDEVICE_OBJECT TargetDevice)
{
    static const char Page[] = "wdm/nf-wdm-iodetachdevice";
    SimCheckIrql("IoDetachDevice", Page, PASSIVE_LEVEL, APC_LEVEL);
    if (TargetDevice->AttachedDevice == NULL)
        SimRuleBroken("IoDetachDevice", Page, "nothing is attached to device %p",
                      (void *)TargetDevice);
    TargetDevice->AttachedDevice = NULL;
}

unsigned
SimDeviceCount(void)
{
    pthread_mutex_lock(&Mutex);
    unsigned Count = Devices;
    for (unsigned At = 0; At < NAMES_MAX; ++At)
        Count += Names[At].Text[0] != 0;
    pthread_mutex_unlock(&Mutex);
    return Count;
}

unsigned
SimDevicesLeft(void)
{
    unsigned Left = SimDeviceCount();
    if (Left != 0)
        fprintf(stderr, "ntsim: left: %u device objects and %u names\n", Devices, Left - Devices);
    return Left;
}
