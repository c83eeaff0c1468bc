/* SPDX-License-Identifier: MIT */
/*
 * Device nodes of adapters: finding them, their properties, removing them. Whoever changes devices
 * holds the mutex of namespace.h. All functions return Win32 codes; failures are logged unless
 * something else is said.
 */
#ifndef CULVERT_API_DEVICE_H
#define CULVERT_API_DEVICE_H

#include "wintun.h"
#include <setupapi.h>

#define DEVICE_HARDWARE_ID   L"Culvert"
#define DEVICE_PROVIDER      L"Culvert" /* of the driver's package */
#define DEVICE_ID_CHARACTERS 201        /* of an instance id, with the terminator */

typedef struct DEVICE_LIST
{
    HDEVINFO Set;
    DWORD Next;
} DEVICE_LIST;

typedef struct DEVICE
{
    HDEVINFO Set; /* the list's: valid until that is closed */
    SP_DEVINFO_DATA Data;
    WCHAR InstanceId[DEVICE_ID_CHARACTERS];
} DEVICE;

/*
 * What the system's network half keeps of a device, and what tells the device from others. A GUID
 * does not: applications ask for the same one whenever they create their adapter. Nor does an
 * instance id, which the system gives again. So each device gets a random value when it is made,
 * and keeps it until it is removed. What versions made that knew of no such value has zeros: they
 * are told apart by the rest, as those versions did.
 */
typedef struct DEVICE_INTERFACE
{
    GUID Guid;
    NET_LUID Luid;
    GUID Incarnation;
    WCHAR InstanceId[DEVICE_ID_CHARACTERS];
} DEVICE_INTERFACE;

/* All devices of class Net, present or not. */
DWORD
DeviceListOpen(_Out_ DEVICE_LIST *List);

/* The next device that is ours: one with our hardware id that no other vendor's driver runs. FALSE
 * at the end. */
BOOL
DeviceListNext(_Inout_ DEVICE_LIST *List, _Out_ DEVICE *Device);

void
DeviceListClose(_In_ DEVICE_LIST *List);

/* The device that DeviceGetInterface told this of, and no later one; on success the caller closes
 * it. ERROR_FILE_NOT_FOUND if it is gone. Failures are not logged. */
DWORD
DeviceOpen(_In_ const DEVICE_INTERFACE *Interface, _Out_ DEVICE *Device);

void
DeviceClose(_In_ const DEVICE *Device);

/* Whether there is any device of ours; TRUE also if that cannot be found out. */
BOOL
DeviceAnyExists(void);

/* Whether an interface of class Net that is not one of our devices has the name. */
BOOL
DeviceForeignHasName(_In_z_ const WCHAR *Name);

/* Whether the code of DeviceGetInterface or DeviceGetPool says that there is no such thing. Other
 * codes say that it could not be read, and nothing of the device. */
BOOL
DeviceLacks(_In_ DWORD Error);

/* A code that DeviceLacks knows while the device has no interface. Failures are not logged, and
 * leave zeros, except for the Guid if that was read. */
DWORD
DeviceGetInterface(_In_ const DEVICE *Device, _Out_ DEVICE_INTERFACE *Interface);

/* Gives a device that is being made its incarnation, and *Interface the same. */
DWORD
DeviceSetIncarnation(_In_ const DEVICE *Device, _Inout_ DEVICE_INTERFACE *Interface);

/* A code that DeviceLacks knows if the device belongs to no pool: it is half made. Failures are not
 * logged, and leave an empty string. */
DWORD
DeviceGetPool(_In_ const DEVICE *Device, _Out_writes_z_(WINTUN_MAX_POOL) WCHAR *Pool);

DWORD
DeviceSetPool(_In_ const DEVICE *Device, _In_z_ const WCHAR *Pool);

/* Notes the name that was asked for, where the adapter got another one because that was taken. */
DWORD
DeviceSetRequestedName(_In_ const DEVICE *Device, _In_z_ const WCHAR *Name);

BOOL
DeviceHasRequestedName(_In_ const DEVICE *Device, _In_z_ const WCHAR *Name);

/* Notes that the device is stopped by one of our processes, which is to start it again, or that it
 * is not any more. Not logged. */
DWORD
DeviceSetStopped(_In_ const DEVICE *Device, _In_ BOOL Stopped);

BOOL
DeviceIsSetStopped(_In_ const DEVICE *Device);

/* Whether the device belongs to the pool. */
BOOL
DeviceIsInPool(_In_ const DEVICE *Device, _In_z_ const WCHAR *Pool);

/* Strings as pools and interfaces' names are compared. */
BOOL
DeviceNamesEqual(_In_z_ const WCHAR *Left, _In_z_ const WCHAR *Right);

/* The system's problem code (CM_PROB_...) of the device; 0 if it has none. */
ULONG
DeviceGetProblem(_In_ const DEVICE *Device);

/* Sets *RebootRequired to TRUE if the system asked for that during the last operation on the
 * device. */
void
DeviceCheckReboot(_In_ const DEVICE *Device, _Inout_ BOOL *RebootRequired);

/* Removes the device; the driver ends its session. *RebootRequired is only ever set to TRUE. */
DWORD
DeviceRemove(_In_ DEVICE *Device, _Inout_ BOOL *RebootRequired);

/* The same for a device that is half made; a failure is logged as a warning. */
void
DeviceDiscard(_In_ DEVICE *Device, _Inout_ BOOL *RebootRequired);

#endif
