/* SPDX-License-Identifier: MIT */
/* The driver's service. */
#ifndef CULVERT_API_DRIVER_SERVICE_H
#define CULVERT_API_DRIVER_SERVICE_H

#include "wintun.h"

/* Stops the service, if there is one and it runs. A failure is logged as a warning. */
void
DriverServiceStop(void);

/*
 * Stops and deletes the service, if there is one. Windows unloads a driver with its last device;
 * other hosts do it here. Returns a Win32 code; failures are logged.
 */
DWORD
DriverServiceRemove(void);

#endif
