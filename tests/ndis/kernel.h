/* SPDX-License-Identifier: MIT */
/*
 * A kernel small enough for the unit tests of NDIS: pool with accounting, IRQL per thread, spin
 * locks, events, devices and IRPs, registry values, timers and work items that the test fires
 * itself. What a driver must not do to the kernel (a wrong tag, a lock released by another, an IRQL
 * lowered upwards) fails the test at once.
 */
#ifndef CULVERT_TESTS_NDIS_KERNEL_H
#define CULVERT_TESTS_NDIS_KERNEL_H

#include "../../nt/nt.h"

/* Forgets everything. Before each test. */
void
KernelReset(void);

/* What is still there that something allocated: pool blocks, MDLs, registry handles, device
 * objects, symbolic links, work items. Zero at the end of each test. Prints what it counts. */
unsigned
KernelLeaks(void);

/* The calling thread's IRQL, for tests that call at the wrong one. */
void
KernelSetIrql(KIRQL Irql);

/* The allocation after Count more ones fails, once. */
void
KernelFailAllocation(unsigned Count);

/* Registry: a key is known by its path; the driver key of the test device is KERNEL_SOFTWARE_KEY.
 */
#define KERNEL_SOFTWARE_KEY L"\\Class\\0001"
void
KernelSetValue(const WCHAR *Key, const WCHAR *Name, ULONG Type, const void *Data, ULONG Length);
BOOLEAN
KernelGetValue(const WCHAR *Key, const WCHAR *Name, ULONG *Type, void *Data, ULONG *Length);

/* Fires every timer that is set, as DPCs at DISPATCH_LEVEL; returns how many. */
unsigned
KernelFireTimers(void);

/* Called once between a timer's expiry and the call of its DPC. */
extern void (*KernelBeforeDpc)(void);

/* Runs the queued work items; returns how many. */
unsigned
KernelRunWorkItems(void);

/* A driver object without routines, and a device object of a bus driver that completes every IRP
 * with success; PnP IRPs asynchronously, with STATUS_PENDING, if Pend is set. */
PDRIVER_OBJECT
KernelDriver(void);
PDEVICE_OBJECT
KernelBusDevice(void);
extern BOOLEAN KernelBusPends;
extern NTSTATUS KernelBusStatus; /* of IRP_MN_START_DEVICE */
/* The minor functions that have reached the bus driver, as a list that ends with 0xFF. */
extern UCHAR KernelBusSeen[64];

/* Sends an IRP to the top of the device's stack, waits for it and returns its status. */
NTSTATUS
KernelIrp(PDEVICE_OBJECT Device, UCHAR Major, UCHAR Minor);
/* The same for a power IRP. */
NTSTATUS
KernelPowerIrp(PDEVICE_OBJECT Device, UCHAR Minor, POWER_STATE_TYPE Type, POWER_STATE State);

/* Whether a named device or symbolic link exists. */
BOOLEAN
KernelNameExists(const WCHAR *Name);
/* Opens and closes handles to a device object, which keep it alive. */
void
KernelReferenceDevice(PDEVICE_OBJECT Device);
void
KernelDereferenceDevice(PDEVICE_OBJECT Device);

#endif
