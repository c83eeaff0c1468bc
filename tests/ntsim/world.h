/* SPDX-License-Identifier: MIT */
/* The driver on the simulated system, with one adapter: what every test starts from. */
#ifndef CULVERT_TESTS_NTSIM_WORLD_H
#define CULVERT_TESTS_NTSIM_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "application.h"
#include "../../ntsim/edge.h"
#include "../../ntsim/system.h"

#define WORLD_GUID        L"{3F2B8C11-0D45-4E6A-9B7C-12AB34CD56EF}"
#define WORLD_DEVICE      CULVERT_DEVICE_PREFIX WORLD_GUID
#define WORLD_DEVICE_LINK CULVERT_DEVICE_LINK_PREFIX WORLD_GUID
#define WORLD_KEY         L"\\Class\\{4d36e972-e325-11ce-bfc1-08002be10318}\\0001"

extern SIM_DEVICE *WorldDevice;
extern SIM_EDGE *WorldEdge;
#define WORLD_CAPACITY CULVERT_MIN_CAPACITY

/* Makes the registry, loads the driver, adds and starts the device. FALSE: a step failed, and
 * what came before it was undone. */
BOOLEAN
WorldTryUp(void);

/* Removes the device, unloads the driver; nothing may be left. */
void
WorldDown(void);

/* For tests: the world is up, the test owns it; at the end it goes down. */
int
WorldSetup(void **State);
int
WorldTeardown(void **State);

/* An IPv4 (Version 4) or IPv6 (6) packet of Bytes bytes whose contents follow from Seed. */
void
MakePacket(UCHAR *Packet, ULONG Bytes, unsigned Version, unsigned Seed);
/* Whether it is that. */
BOOLEAN
IsPacket(const UCHAR *Packet, ULONG Bytes, unsigned Version, unsigned Seed);

/* The statistics of OID_GEN_STATISTICS. */
NDIS_STATISTICS_INFO
WorldStatistics(void);

/* What the driver answers to CULVERT_IOCTL_STATISTICS; OID_GEN_STATISTICS must say the same. */
CULVERT_DRIVER_STATISTICS
WorldDriverStatistics(HANDLE File);

/* Waits at most 10 s until Condition(Context). */
BOOLEAN
WaitUntil(BOOLEAN (*Condition)(void *Context), void *Context);

#define WORLD_TEST(Name) cmocka_unit_test_setup_teardown(Name, WorldSetup, WorldTeardown)
#define PLAIN_TEST(Name) cmocka_unit_test(Name)

#endif
