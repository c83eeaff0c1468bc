/* SPDX-License-Identifier: MIT */
/* Making a new device. The caller holds the mutex of namespace.h. */
#ifndef CULVERT_API_DEVICE_INSTALL_H
#define CULVERT_API_DEVICE_INSTALL_H

#include "device.h"
#include "driver_package.h"

/* How long a new device may take to start, and its interface to be known. */
#define DEVICE_START_MILLISECONDS 15000

/*
 * Makes a device on the driver of the package, and waits until it runs and its interface is known.
 * The caller puts it into a pool when all else is done: until then it counts as half made, whatever
 * happens. Pool is for the description that people see. On success the caller closes Device->Set
 * with SetupDiDestroyDeviceInfoList; on failure no device is left. RequestedGuid: see
 * WintunCreateAdapter. *RebootRequired is only ever set to TRUE. Returns a Win32 code; failures are
 * logged.
 */
DWORD
DeviceInstall(_In_ const DRIVER_PACKAGE *Package, _In_z_ const WCHAR *Pool,
              _In_opt_ const GUID *RequestedGuid, _Out_ DEVICE *Device,
              _Out_ DEVICE_INTERFACE *Interface, _Inout_ BOOL *RebootRequired);

#endif
