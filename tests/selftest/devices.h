/* SPDX-License-Identifier: MIT */
/* The devices behind adapters, as other programs than the DLL see and change them. */
#ifndef TESTS_SELFTEST_DEVICES_H
#define TESTS_SELFTEST_DEVICES_H

#include "selftest.h"
#include <setupapi.h>
#include <devpropdef.h>

/* Numbers of the properties that the DLL keeps of a device. */
#define POOL_PROPERTY        2 /* the pool's name */
#define INCARNATION_PROPERTY 4 /* a random GUID */
#define STOPPED_PROPERTY     5 /* true: a process stops it for a moment */

/* The device of the adapter with the GUID, valid as long as the set. */
BOOL
DeviceOfGuid(const GUID *Guid, HDEVINFO Set, SP_DEVINFO_DATA *Data);

/* Changes one of those properties; DEVPROP_TYPE_EMPTY deletes it. */
BOOL
DevicePropertySet(HDEVINFO Set, SP_DEVINFO_DATA *Data, DEVPROPID Number, DEVPROPTYPE Type,
                  const void *Value, DWORD Bytes);

#endif
