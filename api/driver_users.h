/* SPDX-License-Identifier: MIT */
/*
 * The devices that run the driver, of all pools: stopped for a moment, if nobody uses their
 * adapters, so that the driver can be replaced. The caller holds the mutex of namespace.h.
 */
#ifndef CULVERT_API_DRIVER_USERS_H
#define CULVERT_API_DRIVER_USERS_H

#include "device.h"

/*
 * Stops all devices, so that the driver is unloaded. *Stopped is FALSE, and nothing has changed, if
 * an adapter is in use, or if the system does not let a device stop (which is logged). Returns a
 * Win32 code if that cannot be found out; failures are logged.
 */
DWORD
DriverUsersStop(_Out_ BOOL *Stopped);

/* Starts the devices again that were stopped, by this process or one that died since. What fails is
 * logged. */
void
DriverUsersStart(void);

/* The same for one device. */
void
DriverUserStart(_In_ const DEVICE *Device);

#endif
