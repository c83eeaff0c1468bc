/* SPDX-License-Identifier: MIT */
/*
 * Wine's device manager. It knows root-enumerated devices by their names and by the service that
 * their Enum key names, and compares what it knows with the registry when it is told to: a device
 * that has gone, or whose key does not name the service any more, is removed from the driver; one
 * that is new is added and started.
 */
#ifndef CULVERT_WINEHOST_DEVICE_MANAGER_H
#define CULVERT_WINEHOST_DEVICE_MANAGER_H

#include <windows.h>

/* Has it look again at the devices of a service, which is started first if Start is set; returns
 * when it has. A service that does not run, and is not to be started, has no devices. */
BOOL
DeviceManagerLookAgain(const WCHAR *ServiceName, BOOL Start);

#endif
