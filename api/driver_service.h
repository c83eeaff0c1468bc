/* SPDX-License-Identifier: MIT */
/* The driver's service. */
#ifndef CULVERT_API_DRIVER_SERVICE_H
#define CULVERT_API_DRIVER_SERVICE_H

#include "logger.h"

/*
 * Waits, for some seconds at most, until the service is neither starting nor stopping. A process
 * that was killed may have left it so; a host that keeps devices with the service (Wine) does not
 * hear of a removal meanwhile, and would take a new device of the same name for the old one.
 */
void
DriverServiceSettle(void);

/* Whether the driver is loaded. */
BOOL
DriverServiceIsRunning(void);

/* Stops the service, if there is one and it runs. A failure is logged as a warning. */
void
DriverServiceStop(void);

/*
 * Stops and deletes the service, if there is one; somebody else's of the same name is left, with a
 * warning. Windows unloads a driver with its last device; other hosts do it here. Returns a Win32
 * code; failures are logged at the Level.
 */
DWORD
DriverServiceRemove(_In_ WINTUN_LOGGER_LEVEL Level);

#endif
