/* SPDX-License-Identifier: MIT */
/* What the files adapter*.c share: the handle's structure, and how it comes and goes. */
#ifndef CULVERT_API_ADAPTER_INTERNAL_H
#define CULVERT_API_ADAPTER_INTERNAL_H

#include "adapter.h"
#include "device.h"
#include "guid.h"

struct ADAPTER
{
    ADAPTER *Next;            /* in the list of handles, under its lock */
    volatile LONG References; /* one is the handle's */
    DEVICE_INTERFACE Interface;
    HANDLE volatile Mark; /* says that the adapter is in use: NamespaceMarkAdapter; NULL for none */
    WCHAR Label[GUID_CHARACTERS];
};

/* Makes a handle for the adapter, Mark being taken over; NULL if there is no memory. Logged. */
ADAPTER *
AdapterNew(_In_ const DEVICE_INTERFACE *Interface, _In_opt_ HANDLE Mark);

/* Opens the device object of the adapter, as DeviceObjectOpen does, and of no other one with its
 * GUID. Failures are logged. */
DWORD
AdapterOpenObject(_In_ const ADAPTER *Adapter, _Out_ HANDLE *Object);

/* Says that the adapter is not in use by this handle any more. */
void
AdapterUnmark(_In_ ADAPTER *Adapter);

/*
 * What a device is, for whoever holds the mutex of namespace.h: *HalfMade if it has no pool or no
 * interface, and so was left by a process that died, since nobody is making it now. What it lacks
 * is empty or zero. Returns a Win32 code, not logged, if something could not be read; then nothing
 * follows from what seems to be missing.
 */
DWORD
AdapterIdentify(_In_ const DEVICE *Device, _Out_writes_z_(WINTUN_MAX_POOL) WCHAR *Pool,
                _Out_ DEVICE_INTERFACE *Interface, _Out_ BOOL *HalfMade);

/*
 * Whether nobody uses the adapter: no handle that counts and no session, in any process. What has
 * no GUID yet (zero) nobody can use. The caller holds the mutex of namespace.h. Returns a Win32
 * code if that cannot be found out, and *Unused is FALSE; failures are logged.
 */
DWORD
AdapterIsUnused(_In_ const GUID *Interface, _Out_ BOOL *Unused);

#endif
