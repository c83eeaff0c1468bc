/* SPDX-License-Identifier: MIT */
/* What the parts of the simulated I/O manager know of each other. */
#ifndef CULVERT_NTSIM_IO_H
#define CULVERT_NTSIM_IO_H

#include "dispatcher.h"
#include "object.h"
#include "system.h"

/* An IRP with what the I/O manager remembers of it. The IRP itself is shut (under the address
 * sanitizer) once it is completed; this part is not. */
struct SIM_REQUEST
{
    /* Under the dispatcher's lock. */
    BOOLEAN Completed; /* the I/O manager has it back */
    BOOLEAN Finished;  /* its owner has been told */
    unsigned Users;    /* who look at the IRP: its driver, cancellers */
    NTSTATUS Status;
    ULONG_PTR Information;

    /* Of the thread that made it, until it is completed. */
    UCHAR Major;
    ULONG Code;
    BOOLEAN MarkedPending; /* as seen at its completion */
    void *Output;
    ULONG OutputBytes;
    PFILE_OBJECT File; /* referenced */
    PDEVICE_OBJECT Device;
    PMDL Mdl;
    SIZE_T IrpBytes;
    _Alignas(16) IRP Irp; /* stack locations follow */
};

/* A request for Device with its first stack location filled with zeroes. */
SIM_REQUEST *
SimRequestCreate(PDEVICE_OBJECT Device, UCHAR Major, UCHAR Minor, PFILE_OBJECT File);

/* Passes it to the driver and checks what the driver did. Returns what it returned. */
NTSTATUS
SimRequestDispatch(SIM_REQUEST *Request);

/* The IRP's stack location for the top driver, before SimRequestDispatch. */
PIO_STACK_LOCATION
SimRequestStack(SIM_REQUEST *Request);

/* The device of a name, referenced; NULL if there is none. */
PDEVICE_OBJECT
SimDeviceFind(const WCHAR *Name);
void
SimDeviceReference(PDEVICE_OBJECT Device);
void
SimDeviceDereference(PDEVICE_OBJECT Device);

/* Whether device objects of the driver exist; each holds a reference of the driver. */
BOOLEAN
SimDriverHasDevices(PDRIVER_OBJECT DriverObject);

/* Device objects with their names, work items and timers, requests that exist. */
unsigned
SimDeviceCount(void);
unsigned
SimWorkCount(void);
unsigned
SimRequestCount(void);

/* The same, and prints them. */
unsigned
SimDevicesLeft(void);
unsigned
SimWorkLeft(void);
unsigned
SimRequestsLeft(void);

/* Runs Routine(Context) on a thread of the system, at PASSIVE_LEVEL. */
void
SimWorkQueue(void (*Routine)(PVOID Context), PVOID Context);

/* Waits until no work is queued or running. */
void
SimWorkDrain(void);

/* Whether none is. Under the dispatcher's lock. */
BOOLEAN
SimWorkIsDone(void);

/* Starts the thread that calls DPCs; before the first SimDpcQueue. */
void
SimDpcStart(void);

/* Queues a DPC unless it is queued, and returns whether it did. Under the dispatcher's lock. */
BOOLEAN
SimDpcQueue(PKDPC Dpc, PVOID Argument1, PVOID Argument2);

/* Whether a DPC is queued or running. Under the dispatcher's lock. */
BOOLEAN
SimDpcIsBusy(void);

/* How many timers are set. Under the dispatcher's lock. */
unsigned
SimTimersArmed(void);

HANDLE
SimKeyOpen(const WCHAR *Path);

#endif
