/* SPDX-License-Identifier: MIT */
/* A registered miniport driver. */
#ifndef CULVERT_NDIS_DRIVER_H
#define CULVERT_NDIS_DRIVER_H

#include "object.h"

struct NDIS_ADAPTER;

typedef struct NDIS_DRIVER
{
    NDIS_OWNER Owner;
    LIST_ENTRY Link; /* in the list of all drivers */
    PDRIVER_OBJECT DriverObject;
    NDIS_HANDLE MiniportDriverContext;
    UNICODE_STRING RegistryPath; /* of the service key, terminated */
    USHORT NdisVersion;          /* NDIS_VERSION that the miniport declared */
    BOOLEAN InSetOptions;
    BOOLEAN Unloading; /* DriverUnload is running, which ends the life of this structure */
    volatile LONG Adapters;
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics;
} NDIS_DRIVER;

/* The registration of a driver object; NULL if there is none. <= DISPATCH_LEVEL. */
NDIS_DRIVER *
DriverFromObject(PDRIVER_OBJECT DriverObject);

/* The dispatch routine of every major function of a miniport's driver object: for adapters' and
 * devices' device objects. */
DRIVER_DISPATCH DriverDispatch;
DRIVER_ADD_DEVICE AdapterAddDevice;

/* What every device object of a miniport's driver object has as device extension. */
typedef struct DEVICE_EXTENSION_HEAD
{
    ULONG Signature; /* SIGNATURE_ADAPTER or SIGNATURE_DEVICE */
} DEVICE_EXTENSION_HEAD;

/* Where DriverDispatch passes IRPs on, by the kind of the device object. */
NTSTATUS
AdapterDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp);
NTSTATUS
DeviceDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp);

/* The device object behind the handle of NdisRegisterDeviceEx. */
PDEVICE_OBJECT
DeviceObjectFromHandle(NDIS_HANDLE NdisDeviceHandle);

/* Completes an IRP without passing it on; returns Status. */
NTSTATUS
DriverCompleteIrp(PIRP Irp, NTSTATUS Status);

#endif
