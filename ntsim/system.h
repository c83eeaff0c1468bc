/* SPDX-License-Identifier: MIT */
/*
 * The simulated system as a test drives it: its start and end, the driver, devices and their
 * plug-and-play requests, files and I/O control requests of applications.
 *
 * All at PASSIVE_LEVEL. A request is made on the calling thread, in the context of the process that
 * it has entered (SimProcessEnter).
 */
#ifndef CULVERT_NTSIM_SYSTEM_H
#define CULVERT_NTSIM_SYSTEM_H

#include "rules.h"
#include "memory.h"
#include "object.h"

/* ---- The system -------------------------------------------------------------------------------
 */

/* What RtlGetVersion and, for 6.0 and 6.1, NdisGetVersion tell; 10.0 unless said otherwise. */
void
SimSetVersion(ULONG Major, ULONG Minor);

/* Whether the version is 6.1: some things do not exist there yet. */
BOOLEAN
SimIsWindows7(void);

/* What KeQueryMaximumProcessorCountEx tells drivers of all groups; 0: what is true. */
void
SimSetProcessorsMax(ULONG Count);

/* Called when a driver calls NdisDeregisterDeviceEx, before that does anything: requests may still
 * come then. NULL: nothing. */
void
SimSetDeregisterHook(void (*Hook)(void));

/* Waits until what the system does by itself (closing files, work items, ending threads) is done.
 */
void
SimSettle(void);

/* Waits until all that the system and the driver do by themselves is done or waits: what a thread
 * does that drives the driver alone, with this after each step, is the same each time. FALSE: a
 * thread neither ends nor waits, for SimSecondsMax(). */
BOOLEAN
SimQuiesce(void);

/* What is left of what was ever made, after SimSettle; prints it. */
unsigned
SimLeft(void);

/* How much of what was made is there, as of now: two moments can be compared. */
typedef struct SIM_COUNTS
{
    unsigned PoolBlocks;
    unsigned Mdls;
    unsigned Objects; /* with kernel handles */
    unsigned Devices; /* with their names */
    unsigned Requests;
    unsigned Work; /* work items and armed timers */
    unsigned Threads;
} SIM_COUNTS;

SIM_COUNTS
SimCount(void);

/* ---- Registry ----------------------------------------------------------------------------------
 */

/* A value of the key Path; NULL data deletes it. */
void
SimRegistrySet(const WCHAR *Path, const WCHAR *Name, ULONG Type, const void *Data, ULONG Bytes);
void
SimRegistryReset(void);

/* Hook is called before each value is read, and may set some; NULL: none, as at first. While
 * nothing reads. */
void
SimRegistryOnRead(void (*Hook)(void));

/* ---- The driver and its devices -----------------------------------------------------------------
 */

/* Calls Entry as the system does. On success the driver stays until SimDriverUnload. */
NTSTATUS
SimDriverLoad(PDRIVER_INITIALIZE Entry);

/* The same for the DriverEntry of a shared library, whose data are new with each load: that at
 * Path, or the one that the environment variable NTSIM_DRIVER names. */
NTSTATUS
SimDriverLoadImage(const char *Path);

/* Calls the driver's unload routine. FALSE: it has devices yet, or system threads, so the system
 * would not (NDIS and the I/O manager hold a reference for each). */
BOOLEAN
SimDriverUnload(void);

typedef struct SIM_DEVICE SIM_DEVICE;

/* A device of a bus driver with the driver key SoftwareKey, and the driver's AddDevice for it; NULL
 * if that fails. */
SIM_DEVICE *
SimDeviceAdd(const WCHAR *SoftwareKey);

/* The device is gone for good; its stack must be taken down already (IRP_MN_REMOVE_DEVICE). */
void
SimDeviceDelete(SIM_DEVICE *Device);

/* Sends a plug-and-play request to the top of the device's stack and waits for its end. */
NTSTATUS
SimDevicePnp(SIM_DEVICE *Device, UCHAR Minor);

/* The same for a power request. */
NTSTATUS
SimDevicePower(SIM_DEVICE *Device, POWER_STATE_TYPE Type, ULONG State);

/* Whether a device or link of this name exists. */
BOOLEAN
SimNameExists(const WCHAR *Name);

/* ---- Files --------------------------------------------------------------------------------------
 */

/* Opens a device by the name of it or of its link, or a name below one of these. */
NTSTATUS
SimFileOpen(const WCHAR *Name, ACCESS_MASK Access, HANDLE *Handle);

/* A request; the test's until SimRequestFree, which waits for its end. */
typedef struct SIM_REQUEST SIM_REQUEST;

/* An I/O control request as NtDeviceIoControlFile makes it, with the access check of the code. NULL
 * and *Status: it was refused before it became an IRP. Else *Status is what the driver returned. */
SIM_REQUEST *
SimDeviceControl(HANDLE File, ULONG Code, const void *Input, ULONG InputBytes, void *Output,
                 ULONG OutputBytes, NTSTATUS *Status);

/* Waits for the end of a request and returns its status; *Information may be NULL. */
NTSTATUS
SimRequestWait(SIM_REQUEST *Request, ULONG_PTR *Information);

/* Whether it has ended. */
BOOLEAN
SimRequestDone(SIM_REQUEST *Request);

/* Asks the driver to cancel it: IoCancelIrp, from any thread. */
void
SimRequestCancel(SIM_REQUEST *Request);

void
SimRequestFree(SIM_REQUEST *Request);

/* For the next SimDeviceControl of this thread: *Where becomes the request before the driver sees
 * it, so that another thread can cancel it at any moment until this one frees it. */
void
SimRequestPublish(SIM_REQUEST **Where);

/* Makes a second thread's cancellation fall between the driver's marks: the Irp is cancelled
 * before the driver sees it. For the next SimDeviceControl of this thread. */
void
SimCancelBeforeDispatch(void);

/* ---- Events of applications
 * ---------------------------------------------------------------------- */

HANDLE
SimEventCreate(SIM_PROCESS *Process, ACCESS_MASK Access, EVENT_TYPE Type);

/* The event of a handle; stays valid while the handle is open. */
PKEVENT
SimEventOf(SIM_PROCESS *Process, HANDLE Handle);

/* Waits at most Milliseconds. */
BOOLEAN
SimEventWait(PKEVENT Event, unsigned Milliseconds);

#endif
