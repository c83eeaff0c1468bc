/* SPDX-License-Identifier: MIT */
/* The device object by which the DLL speaks to the driver: one per running adapter, see
 * contract/session.h. */
#ifndef CULVERT_API_DEVICE_OBJECT_H
#define CULVERT_API_DEVICE_OBJECT_H

#include "wintun.h"
#include "../contract/session.h"

/*
 * Opens the adapter's device object for reading, writing and control, overlapped. Returns a Win32
 * code, ERROR_FILE_NOT_FOUND if there is none: the adapter is gone or not running. Logs nothing.
 */
DWORD
DeviceObjectOpen(_In_ const GUID *Interface, _Out_ HANDLE *Object);

/* Asks the driver behind an open device object for its version, (major << 16) | minor. Returns a
 * Win32 code. Logs nothing: the adapter may be about to go, while others stay. */
DWORD
DeviceObjectGetDriverVersion(_In_ HANDLE Object, _Out_ DWORD *Version);

/* Asks for the adapter's counters; *Bytes is how much of the structure the driver knows. Returns a
 * Win32 code, ERROR_NOT_SUPPORTED if the driver knows none; failures are logged. */
DWORD
DeviceObjectGetStatistics(_In_ HANDLE Object, _Out_ CULVERT_DRIVER_STATISTICS *Statistics,
                          _Out_ DWORD *Bytes);

#endif
