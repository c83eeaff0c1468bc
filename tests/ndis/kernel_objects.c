/* SPDX-License-Identifier: MIT */
/* Devices, IRPs, registry and strings of the test kernel: see kernel.h. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel.h"
#include "kernel_objects.h"

#define CHECK(Condition)                                                                           \
    do                                                                                             \
    {                                                                                              \
        if (!(Condition))                                                                          \
            KernelBugCheck(__FILE__, __LINE__, #Condition);                                        \
    } while (0)

#define NAME_CHARACTERS 96

typedef struct NAMED
{
    WCHAR Name[NAME_CHARACTERS];
    PDEVICE_OBJECT Device; /* NULL for a symbolic link */
} NAMED;

typedef struct VALUE
{
    WCHAR Key[NAME_CHARACTERS];
    WCHAR Name[NAME_CHARACTERS];
    ULONG Type;
    ULONG Length;
    UCHAR Data[256];
} VALUE;

typedef struct KEY_HANDLE
{
    WCHAR Path[NAME_CHARACTERS];
} KEY_HANDLE;

BOOLEAN KernelBusPends;
NTSTATUS KernelBusStatus;
UCHAR KernelBusSeen[64];
static NAMED Names[32];
static VALUE Values[32];
static unsigned Handles;
static unsigned Devices;
/* Each test has a driver object of its own, so a test that failed does not disturb the next ones.
 */
static DRIVER_OBJECT Drivers[512];
static unsigned DriverIndex;
static DRIVER_EXTENSION DriverExtension;
static DRIVER_OBJECT BusDriver;
static DEVICE_OBJECT BusDevice;

/* ---- Strings --------------------------------------------------------------------------------- */

static WCHAR
Upper(WCHAR Character)
{
    return Character >= 'a' && Character <= 'z' ? (WCHAR)(Character - 32) : Character;
}

static BOOLEAN
SameName(const WCHAR *A, const WCHAR *B)
{
    while (*A && Upper(*A) == Upper(*B))
        A++, B++;
    return Upper(*A) == Upper(*B);
}

static void
CopyName(WCHAR *To, PCUNICODE_STRING From)
{
    ULONG Count = From->Length / sizeof(WCHAR);
    CHECK(Count < NAME_CHARACTERS);
    memcpy(To, From->Buffer, From->Length);
    To[Count] = 0;
}

static void
CopyText(WCHAR *To, const WCHAR *From)
{
    unsigned Index = 0;
    for (; From[Index]; Index++)
        To[Index] = From[Index];
    To[Index] = 0;
}

BOOLEAN NTAPI
RtlEqualUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive)
{
    WCHAR A[NAME_CHARACTERS];
    WCHAR B[NAME_CHARACTERS];
    CHECK(CaseInSensitive);
    CopyName(A, String1);
    CopyName(B, String2);
    return SameName(A, B);
}

NTSTATUS NTAPI
RtlGUIDFromString(PCUNICODE_STRING GuidString, GUID *Guid)
{
    char Text[64];
    unsigned Parts[11];
    ULONG Count = GuidString->Length / sizeof(WCHAR);
    if (Count != 38)
        return STATUS_INVALID_PARAMETER;
    for (ULONG Index = 0; Index < Count; Index++)
        Text[Index] = (char)GuidString->Buffer[Index];
    Text[Count] = 0;
    if (sscanf(Text, "{%8x-%4x-%4x-%2x%2x-%2x%2x%2x%2x%2x%2x}", &Parts[0], &Parts[1], &Parts[2],
               &Parts[3], &Parts[4], &Parts[5], &Parts[6], &Parts[7], &Parts[8], &Parts[9],
               &Parts[10]) != 11)
        return STATUS_INVALID_PARAMETER;
    Guid->Data1 = Parts[0];
    Guid->Data2 = (USHORT)Parts[1];
    Guid->Data3 = (USHORT)Parts[2];
    for (unsigned Index = 0; Index < 8; Index++)
        Guid->Data4[Index] = (UCHAR)Parts[3 + Index];
    return STATUS_SUCCESS;
}

/* ---- Registry -------------------------------------------------------------------------------- */

static VALUE *
FindValue(const WCHAR *Key, const WCHAR *Name)
{
    for (unsigned Index = 0; Index < ARRAYSIZE(Values); Index++)
    {
        if (Values[Index].Key[0] && SameName(Values[Index].Key, Key) &&
            SameName(Values[Index].Name, Name))
            return &Values[Index];
    }
    return NULL;
}

void
KernelSetValue(const WCHAR *Key, const WCHAR *Name, ULONG Type, const void *Data, ULONG Length)
{
    VALUE *Value = FindValue(Key, Name);
    for (unsigned Index = 0; Value == NULL; Index++)
    {
        CHECK(Index < ARRAYSIZE(Values));
        if (!Values[Index].Key[0])
            Value = &Values[Index];
    }
    CHECK(Length <= sizeof(Value->Data));
    CopyText(Value->Key, Key);
    CopyText(Value->Name, Name);
    Value->Type = Type;
    Value->Length = Length;
    memcpy(Value->Data, Data, Length);
}

BOOLEAN
KernelGetValue(const WCHAR *Key, const WCHAR *Name, ULONG *Type, void *Data, ULONG *Length)
{
    VALUE *Value = FindValue(Key, Name);
    if (Value == NULL || *Length < Value->Length)
        return FALSE;
    *Type = Value->Type;
    *Length = Value->Length;
    memcpy(Data, Value->Data, Value->Length);
    return TRUE;
}

static HANDLE
OpenPath(const WCHAR *Path)
{
    KEY_HANDLE *Handle = calloc(1, sizeof(*Handle));
    CopyText(Handle->Path, Path);
    Handles++;
    return Handle;
}

static BOOLEAN
KeyExists(const WCHAR *Path)
{
    for (unsigned Index = 0; Index < ARRAYSIZE(Values); Index++)
    {
        const WCHAR *Key = Values[Index].Key;
        unsigned At = 0;
        while (Path[At] && Upper(Key[At]) == Upper(Path[At]))
            At++;
        if (Key[0] && !Path[At] && (!Key[At] || Key[At] == '\\'))
            return TRUE;
    }
    return FALSE;
}

NTSTATUS NTAPI
ZwOpenKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    WCHAR Path[2 * NAME_CHARACTERS] = {0};
    unsigned Length = 0;
    (void)DesiredAccess;
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL);
    if (ObjectAttributes->RootDirectory)
    {
        CopyText(Path, ((KEY_HANDLE *)ObjectAttributes->RootDirectory)->Path);
        while (Path[Length])
            Length++;
        Path[Length++] = '\\';
    }
    CopyName(Path + Length, ObjectAttributes->ObjectName);
    if (!KeyExists(Path))
        return STATUS_OBJECT_NAME_NOT_FOUND;
    *KeyHandle = OpenPath(Path);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
ZwClose(HANDLE Handle)
{
    CHECK(Handle != NULL && KeGetCurrentIrql() == PASSIVE_LEVEL);
    free(Handle);
    Handles--;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
ZwQueryValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName, KEY_VALUE_INFORMATION_CLASS Class,
                PVOID KeyValueInformation, ULONG Length, PULONG ResultLength)
{
    WCHAR Name[NAME_CHARACTERS];
    KEY_VALUE_PARTIAL_INFORMATION *Information = KeyValueInformation;
    const ULONG Head = offsetof(KEY_VALUE_PARTIAL_INFORMATION, Data);
    CHECK(Class == KeyValuePartialInformation && KeGetCurrentIrql() == PASSIVE_LEVEL);
    CopyName(Name, ValueName);
    VALUE *Value = FindValue(((KEY_HANDLE *)KeyHandle)->Path, Name);
    if (Value == NULL)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    *ResultLength = Head + Value->Length;
    if (Length < Head)
        return STATUS_BUFFER_TOO_SMALL;
    Information->TitleIndex = 0;
    Information->Type = Value->Type;
    Information->DataLength = Value->Length;
    memcpy((UCHAR *)KeyValueInformation + Head, Value->Data, min(Value->Length, Length - Head));
    return Length < *ResultLength ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

NTSTATUS NTAPI
ZwSetValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName, ULONG TitleIndex, ULONG Type, PVOID Data,
              ULONG DataSize)
{
    WCHAR Name[NAME_CHARACTERS];
    (void)TitleIndex;
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL);
    CopyName(Name, ValueName);
    KernelSetValue(((KEY_HANDLE *)KeyHandle)->Path, Name, Type, Data, DataSize);
    return STATUS_SUCCESS;
}

/* The sub-keys are the last components of deeper paths; one level is enough for the tests. */
NTSTATUS NTAPI
ZwEnumerateKey(HANDLE KeyHandle, ULONG Index, int KeyInformationClass, PVOID KeyInformation,
               ULONG Length, PULONG ResultLength);
NTSTATUS NTAPI
ZwEnumerateKey(HANDLE KeyHandle, ULONG Index, int KeyInformationClass, PVOID KeyInformation,
               ULONG Length, PULONG ResultLength)
{
    struct
    {
        LARGE_INTEGER Time;
        ULONG TitleIndex;
        ULONG NameLength;
        WCHAR Name[1];
    } *Basic = KeyInformation;
    const WCHAR *Path = ((KEY_HANDLE *)KeyHandle)->Path;
    CHECK(KeyInformationClass == 0 && Length > 64);
    *ResultLength = 0;
    for (unsigned At = 0; At < ARRAYSIZE(Values); At++)
    {
        const WCHAR *Key = Values[At].Key;
        unsigned Same = 0;
        while (Path[Same] && Key[Same] == Path[Same])
            Same++;
        if (Path[Same] || Key[Same] != '\\' || Index-- != 0)
            continue;
        Basic->NameLength = 0;
        for (const WCHAR *Name = Key + Same + 1; *Name; Name++)
            Basic->Name[Basic->NameLength++] = *Name;
        Basic->NameLength *= sizeof(WCHAR);
        return STATUS_SUCCESS;
    }
    return STATUS_NO_MORE_ENTRIES;
}

NTSTATUS NTAPI
IoOpenDeviceRegistryKey(PDEVICE_OBJECT DeviceObject, ULONG DevInstKeyType,
                        ACCESS_MASK DesiredAccess, PHANDLE DeviceRegKey)
{
    (void)DesiredAccess;
    CHECK(DeviceObject == &BusDevice && DevInstKeyType == PLUGPLAY_REGKEY_DRIVER);
    *DeviceRegKey = OpenPath(KERNEL_SOFTWARE_KEY);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
IoGetDeviceProperty(PDEVICE_OBJECT DeviceObject, DEVICE_REGISTRY_PROPERTY DeviceProperty,
                    ULONG BufferLength, PVOID PropertyBuffer, PULONG ResultLength)
{
    static const WCHAR Description[] = L"Test Adapter";
    CHECK(DeviceObject == &BusDevice && DeviceProperty == DevicePropertyDeviceDescription);
    *ResultLength = sizeof(Description);
    if (BufferLength < sizeof(Description))
        return STATUS_BUFFER_TOO_SMALL;
    memcpy(PropertyBuffer, Description, sizeof(Description));
    return STATUS_SUCCESS;
}

/* ---- Devices --------------------------------------------------------------------------------- */

BOOLEAN
KernelNameExists(const WCHAR *Name)
{
    for (unsigned Index = 0; Index < ARRAYSIZE(Names); Index++)
    {
        if (Names[Index].Name[0] && SameName(Names[Index].Name, Name))
            return TRUE;
    }
    return FALSE;
}

static NTSTATUS
AddName(PCUNICODE_STRING Name, PDEVICE_OBJECT Device)
{
    WCHAR Text[NAME_CHARACTERS];
    CopyName(Text, Name);
    if (KernelNameExists(Text))
        return STATUS_OBJECT_NAME_COLLISION;
    unsigned Index = 0;
    while (Names[Index].Name[0])
        CHECK(++Index < ARRAYSIZE(Names));
    CopyText(Names[Index].Name, Text);
    Names[Index].Device = Device;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
IoCreateDevice(PDRIVER_OBJECT DriverObject, ULONG DeviceExtensionSize, PUNICODE_STRING DeviceName,
               DEVICE_TYPE DeviceType, ULONG DeviceCharacteristics, BOOLEAN Exclusive,
               PDEVICE_OBJECT *DeviceObject)
{
    CHECK(KeGetCurrentIrql() <= APC_LEVEL);
    PDEVICE_OBJECT Device = calloc(1, sizeof(*Device));
    if (DeviceName != NULL)
    {
        NTSTATUS Status = AddName(DeviceName, Device);
        if (!NT_SUCCESS(Status))
        {
            free(Device);
            return Status;
        }
    }
    Device->DeviceExtension = calloc(1, DeviceExtensionSize);
    Device->DriverObject = DriverObject;
    Device->DeviceType = DeviceType;
    Device->Characteristics = DeviceCharacteristics;
    Device->Flags = DO_DEVICE_INITIALIZING | (Exclusive ? DO_EXCLUSIVE : 0);
    Device->StackSize = 1;
    Device->ReferenceCount = 1;
    Devices++;
    *DeviceObject = Device;
    return STATUS_SUCCESS;
}

void
KernelReferenceDevice(PDEVICE_OBJECT Device)
{
    Device->ReferenceCount++;
}

void
KernelDereferenceDevice(PDEVICE_OBJECT Device)
{
    if (--Device->ReferenceCount != 0)
        return;
    free(Device->DeviceExtension);
    free(Device);
    Devices--;
}

VOID NTAPI
IoDeleteDevice(PDEVICE_OBJECT DeviceObject)
{
    CHECK(DeviceObject->AttachedDevice == NULL);
    for (unsigned Index = 0; Index < ARRAYSIZE(Names); Index++)
    {
        if (Names[Index].Device == DeviceObject)
            memset(&Names[Index], 0, sizeof(Names[Index]));
    }
    KernelDereferenceDevice(DeviceObject);
}

NTSTATUS NTAPI
IoCreateSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName)
{
    (void)DeviceName;
    return AddName(SymbolicLinkName, NULL);
}

NTSTATUS NTAPI
IoDeleteSymbolicLink(PUNICODE_STRING SymbolicLinkName)
{
    WCHAR Text[NAME_CHARACTERS];
    CopyName(Text, SymbolicLinkName);
    for (unsigned Index = 0; Index < ARRAYSIZE(Names); Index++)
    {
        if (Names[Index].Name[0] && !Names[Index].Device && SameName(Names[Index].Name, Text))
        {
            memset(&Names[Index], 0, sizeof(Names[Index]));
            return STATUS_SUCCESS;
        }
    }
    return STATUS_OBJECT_NAME_NOT_FOUND;
}

PDEVICE_OBJECT NTAPI
IoAttachDeviceToDeviceStack(PDEVICE_OBJECT SourceDevice, PDEVICE_OBJECT TargetDevice)
{
    TargetDevice->AttachedDevice = SourceDevice;
    SourceDevice->StackSize = (CCHAR)(TargetDevice->StackSize + 1);
    return TargetDevice;
}

VOID NTAPI
IoDetachDevice(PDEVICE_OBJECT TargetDevice)
{
    TargetDevice->AttachedDevice = NULL;
}

/* ---- IRPs ------------------------------------------------------------------------------------ */

NTSTATUS FASTCALL
IofCallDriver(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    IoSetNextIrpStackLocation(Irp);
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    Stack->DeviceObject = DeviceObject;
    return DeviceObject->DriverObject->MajorFunction[Stack->MajorFunction](DeviceObject, Irp);
}

VOID FASTCALL
IofCompleteRequest(PIRP Irp, CCHAR PriorityBoost)
{
    (void)PriorityBoost;
    while (Irp->CurrentLocation <= Irp->StackCount)
    {
        PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
        Irp->PendingReturned = (Stack->Control & SL_PENDING_RETURNED) != 0;
        Irp->CurrentLocation++;
        Irp->Tail.Overlay.CurrentStackLocation++;
        if (Stack->CompletionRoutine == NULL)
            continue;
        PDEVICE_OBJECT Device = Irp->CurrentLocation <= Irp->StackCount
                                    ? IoGetCurrentIrpStackLocation(Irp)->DeviceObject
                                    : NULL;
        if (Stack->CompletionRoutine(Device, Irp, Stack->Context) ==
            STATUS_MORE_PROCESSING_REQUIRED)
            return;
    }
    Irp->UserIosb->Status = Irp->IoStatus.Status;
    KeSetEvent(Irp->UserEvent, 0, FALSE);
}

static NTSTATUS
SendIrp(PDEVICE_OBJECT Device, UCHAR Major, UCHAR Minor, POWER_STATE_TYPE Type, POWER_STATE State)
{
    while (Device->AttachedDevice)
        Device = Device->AttachedDevice;
    size_t Bytes = sizeof(IRP) + (size_t)Device->StackSize * sizeof(IO_STACK_LOCATION);
    PIRP Irp = calloc(1, Bytes);
    IO_STATUS_BLOCK Result = {0};
    KEVENT Done;
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    Irp->StackCount = Device->StackSize;
    Irp->CurrentLocation = (CCHAR)(Device->StackSize + 1);
    Irp->Tail.Overlay.CurrentStackLocation =
        (PIO_STACK_LOCATION)(PVOID)(Irp + 1) + Device->StackSize;
    Irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    Irp->UserIosb = &Result;
    Irp->UserEvent = &Done;
    PIO_STACK_LOCATION Stack = IoGetNextIrpStackLocation(Irp);
    Stack->MajorFunction = Major;
    Stack->MinorFunction = Minor;
    if (Major == IRP_MJ_POWER)
    {
        Stack->Parameters.Power.Type = Type;
        Stack->Parameters.Power.State = State;
    }
    IofCallDriver(Device, Irp);
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    free(Irp);
    return Result.Status;
}

NTSTATUS
KernelIrp(PDEVICE_OBJECT Device, UCHAR Major, UCHAR Minor)
{
    POWER_STATE None = {.SystemState = PowerSystemUnspecified};
    return SendIrp(Device, Major, Minor, SystemPowerState, None);
}

NTSTATUS
KernelPowerIrp(PDEVICE_OBJECT Device, UCHAR Minor, POWER_STATE_TYPE Type, POWER_STATE State)
{
    return SendIrp(Device, IRP_MJ_POWER, Minor, Type, State);
}

static void *
CompleteLater(void *Context)
{
    PIRP Irp = Context;
    Irp->IoStatus.Status = KernelBusStatus;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return NULL;
}

static NTSTATUS NTAPI
BusDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    (void)DeviceObject;
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    unsigned Seen = 0;
    while (KernelBusSeen[Seen] != 0xFF)
        Seen++;
    KernelBusSeen[Seen] = Stack->MinorFunction;
    KernelBusSeen[Seen + 1] = 0xFF;
    BOOLEAN Start =
        Stack->MajorFunction == IRP_MJ_PNP && Stack->MinorFunction == IRP_MN_START_DEVICE;
    if (Start && KernelBusPends)
    {
        pthread_t Thread;
        IoMarkIrpPending(Irp);
        pthread_create(&Thread, NULL, CompleteLater, Irp);
        pthread_detach(Thread);
        return STATUS_PENDING;
    }
    NTSTATUS Status = Start ? KernelBusStatus : STATUS_SUCCESS;
    Irp->IoStatus.Status = Status;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

/* ---- Life ------------------------------------------------------------------------------------ */

PDRIVER_OBJECT
KernelDriver(void)
{
    return &Drivers[DriverIndex];
}

PDEVICE_OBJECT
KernelBusDevice(void)
{
    return &BusDevice;
}

void
KernelObjectsReset(void)
{
    memset(Names, 0, sizeof(Names));
    memset(Values, 0, sizeof(Values));
    DriverIndex = (DriverIndex + 1) % ARRAYSIZE(Drivers);
    memset(KernelDriver(), 0, sizeof(DRIVER_OBJECT));
    Handles = Devices = 0;
    memset(&BusDriver, 0, sizeof(BusDriver));
    memset(&BusDevice, 0, sizeof(BusDevice));
    memset(&DriverExtension, 0, sizeof(DriverExtension));
    KernelDriver()->DriverExtension = &DriverExtension;
    for (unsigned Major = 0; Major <= IRP_MJ_MAXIMUM_FUNCTION; Major++)
        BusDriver.MajorFunction[Major] = BusDispatch;
    BusDevice.DriverObject = &BusDriver;
    BusDevice.StackSize = 1;
    KernelBusPends = FALSE;
    KernelBusStatus = STATUS_SUCCESS;
    KernelBusSeen[0] = 0xFF;
}

unsigned
KernelObjectsLeft(void)
{
    unsigned Left = 0;
    for (unsigned Index = 0; Index < ARRAYSIZE(Names); Index++)
        Left += Names[Index].Name[0] != 0;
    if (Left + Handles + Devices != 0)
        fprintf(stderr, "leaked: %u names, %u handles, %u devices\n", Left, Handles, Devices);
    return Left + Handles + Devices;
}
