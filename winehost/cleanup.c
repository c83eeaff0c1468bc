/* SPDX-License-Identifier: MIT */
/*
 * IRP_MJ_CLEANUP. When the last handle of a file object is closed, the I/O manager sends a cleanup
 * request, upon which the driver ends what is pending, and IRP_MJ_CLOSE when that has been done
 * (page "IRP_MJ_CLEANUP"). Wine sends IRP_MJ_CLOSE at the first of the two moments and no cleanup
 * at all, so it is put in front here.
 */
#include "host.h"

static NTSTATUS NTAPI
KeepIrp(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    UNREFERENCED_PARAMETER(Irp);
    UNREFERENCED_PARAMETER(Context);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

VOID
HostSendCleanup(PDEVICE_OBJECT DeviceObject, PFILE_OBJECT FileObject)
{
    PIRP Irp = IoAllocateIrp(DeviceObject->StackSize, FALSE);
    PIO_STACK_LOCATION Stack;

    if (Irp == NULL)
        return;
    Stack = IoGetNextIrpStackLocation(Irp);
    Stack->MajorFunction = IRP_MJ_CLEANUP;
    Stack->FileObject = FileObject;
    IoSetCompletionRoutine(Irp, KeepIrp, NULL, TRUE, TRUE, TRUE);
    /* Drivers complete it at once: the page allows no failure, and nobody would wait for it. */
    IoCallDriver(DeviceObject, Irp);
    IoFreeIrp(Irp);
}
