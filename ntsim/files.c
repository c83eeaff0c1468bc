/* SPDX-License-Identifier: MIT */
/*
 * File objects and what applications do with them: open, I/O control, close. Articles
 * "DispatchCleanup routines", "DispatchClose routines", "Buffer Descriptions for I/O Control
 * Codes".
 */
#include <stdlib.h>
#include <string.h>
#include "io.h"
#include "thread.h"

static void
SimFileLastHandle(PVOID Object);
static void
SimFileDelete(PVOID Object);

struct _OBJECT_TYPE SimFileType = {
    .Name = "file", .LastHandle = SimFileLastHandle, .Delete = SimFileDelete};

static _Thread_local BOOLEAN CancelBefore;
static _Thread_local SIM_REQUEST **PublishAt;

void
SimRequestPublish(SIM_REQUEST **Where)
{
    PublishAt = Where;
}

void
SimCancelBeforeDispatch(void)
{
    CancelBefore = TRUE;
}

/* A request that needs no waiting for. */
static NTSTATUS
Simple(PDEVICE_OBJECT Device, PFILE_OBJECT File, UCHAR Major)
{
    SIM_REQUEST *Request = SimRequestCreate(Device, Major, 0, NULL);
    SimRequestStack(Request)->FileObject = File;
    SimRequestDispatch(Request);
    NTSTATUS Status = SimRequestWait(Request, NULL);
    SimRequestFree(Request);
    return Status;
}

/* The device with the longest name that Name is or is below; *Rest is what follows, which the I/O
 * manager passes on (article "Controlling Device Namespace Access"). */
static PDEVICE_OBJECT
FindDevice(const WCHAR *Name, const WCHAR **Rest)
{
    WCHAR Path[260];
    size_t Length = 0;
    while (Name[Length] != 0)
        Length++;
    if (Length >= sizeof(Path) / sizeof(WCHAR))
        return NULL;
    memcpy(Path, Name, (Length + 1) * sizeof(WCHAR));
    PDEVICE_OBJECT Device;
    while ((Device = SimDeviceFind(Path)) == NULL)
    {
        while (Length != 0 && Path[--Length] != L'\\')
            ;
        if (Length == 0)
            return NULL;
        Path[Length] = 0;
    }
    *Rest = Name + Length;
    return Device;
}

NTSTATUS
SimFileOpen(const WCHAR *Name, ACCESS_MASK Access, HANDLE *Handle)
{
    const WCHAR *Rest;
    PDEVICE_OBJECT Device = FindDevice(Name, &Rest);
    if (Device == NULL)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    /* wdm/nf-wdm-iocreatedevice: nobody can open it before the driver has cleared the flag. */
    if (Device->Flags & DO_DEVICE_INITIALIZING)
    {
        SimDeviceDereference(Device);
        return STATUS_NO_SUCH_DEVICE;
    }
    PFILE_OBJECT File = SimObjectCreate(&SimFileType, sizeof(*File));
    File->Type = IO_TYPE_FILE;
    File->Size = sizeof(*File);
    File->DeviceObject = Device; /* with the reference of SimDeviceFind */
    RtlInitUnicodeString(&File->FileName, Rest);
    NTSTATUS Status = Simple(Device, File, IRP_MJ_CREATE);
    RtlInitUnicodeString(&File->FileName, NULL); /* only meaningful for the time of the request */
    if (NT_SUCCESS(Status))
        *Handle = SimHandleCreate(SimThread()->Process, File, Access);
    else
        File->FsContext2 = File; /* never opened: no close follows */
    ObDereferenceObject(File);
    return Status;
}

static void
SimFileLastHandle(PVOID Object)
{
    PFILE_OBJECT File = Object;
    NTSTATUS Status = Simple(File->DeviceObject, File, IRP_MJ_CLEANUP);
    if (Status != STATUS_SUCCESS)
        SimRuleBroken("DispatchCleanup", "DispatchCleanup routines",
                      "IRP_MJ_CLEANUP ended with %x; it must succeed", (ULONG)Status);
}

/* IRP_MJ_CLOSE, at PASSIVE_LEVEL wherever the last reference was given back. The file object
 * itself goes away with that; a copy of what the driver may look at stands for it. */
static void
Close(PVOID Context)
{
    PFILE_OBJECT File = Context;
    NTSTATUS Status = Simple(File->DeviceObject, File, IRP_MJ_CLOSE);
    if (Status != STATUS_SUCCESS)
        SimRuleBroken("DispatchClose", "DispatchClose routines",
                      "IRP_MJ_CLOSE ended with %x; it must succeed", (ULONG)Status);
    SimDeviceDereference(File->DeviceObject);
    free(File);
}

static void
SimFileDelete(PVOID Object)
{
    PFILE_OBJECT File = Object;
    if (File->FsContext2 == File)
    {
        SimDeviceDereference(File->DeviceObject);
        return;
    }
    PFILE_OBJECT Copy = malloc(sizeof(*Copy));
    *Copy = *File;
    SimWorkQueue(Close, Copy);
}

/* The buffers as the method of the code wants them. */
static void
Describe(SIM_REQUEST *Request, const void *Input, ULONG InputBytes, void *Output, ULONG OutputBytes)
{
    PIRP Irp = &Request->Irp;
    ULONG Method = METHOD_FROM_CTL_CODE(Request->Code);
    ULONG Buffered =
        Method == METHOD_BUFFERED && OutputBytes > InputBytes ? OutputBytes : InputBytes;
    Request->Output = Output;
    Request->OutputBytes = OutputBytes;
    Irp->UserBuffer = Output;
    if (Method == METHOD_NEITHER)
    {
        SimRequestStack(Request)->Parameters.DeviceIoControl.Type3InputBuffer = (PVOID)Input;
        return;
    }
    if (Buffered != 0)
    {
        Irp->AssociatedIrp.SystemBuffer = malloc(Buffered);
        memset(Irp->AssociatedIrp.SystemBuffer, 0xA5, Buffered);
        if (InputBytes != 0)
            memcpy(Irp->AssociatedIrp.SystemBuffer, Input, InputBytes);
    }
    if (Method != METHOD_BUFFERED && OutputBytes != 0)
        Irp->MdlAddress = Request->Mdl = SimMdlCreateLocked(Output, OutputBytes);
}

SIM_REQUEST *
SimDeviceControl(HANDLE Handle, ULONG Code, const void *Input, ULONG InputBytes, void *Output,
                 ULONG OutputBytes, NTSTATUS *Status)
{
    ACCESS_MASK Granted = 0;
    PFILE_OBJECT File = SimHandleObject(SimThread()->Process, Handle, &SimFileType, &Granted);
    if (File == NULL)
    {
        *Status = STATUS_INVALID_HANDLE;
        return NULL;
    }
    /* Article "Defining I/O Control Codes", RequiredAccess. */
    ULONG Required = Code >> 14 & 3;
    if ((Required & ~Granted) != 0)
    {
        *Status = STATUS_ACCESS_DENIED;
        return NULL;
    }
    ObReferenceObject(File);
    SIM_REQUEST *Request = SimRequestCreate(File->DeviceObject, IRP_MJ_DEVICE_CONTROL, 0, File);
    Request->Code = Code;
    PIO_STACK_LOCATION Stack = SimRequestStack(Request);
    Stack->Parameters.DeviceIoControl.IoControlCode = Code;
    Stack->Parameters.DeviceIoControl.InputBufferLength = InputBytes;
    Stack->Parameters.DeviceIoControl.OutputBufferLength = OutputBytes;
    Describe(Request, Input, InputBytes, Output, OutputBytes);
    if (CancelBefore)
    {
        CancelBefore = FALSE;
        IoCancelIrp(&Request->Irp);
    }
    if (PublishAt != NULL)
    {
        __atomic_store_n(PublishAt, Request, __ATOMIC_RELEASE);
        PublishAt = NULL;
    }
    *Status = SimRequestDispatch(Request);
    return Request;
}

/* ---- Events of applications ---------------------------------------------------------------------
 */

HANDLE
SimEventCreate(SIM_PROCESS *Process, ACCESS_MASK Access, EVENT_TYPE Type)
{
    PKEVENT Event = SimObjectCreate(&SimEventType, sizeof(*Event));
    KeInitializeEvent(Event, Type, FALSE);
    HANDLE Handle = SimHandleCreate(Process, Event, Access);
    ObDereferenceObject(Event);
    return Handle;
}

PKEVENT
SimEventOf(SIM_PROCESS *Process, HANDLE Handle)
{
    return SimHandleObject(Process, Handle, &SimEventType, NULL);
}

BOOLEAN
SimEventWait(PKEVENT Event, unsigned Milliseconds)
{
    LARGE_INTEGER Timeout = {.QuadPart = -(LONGLONG)Milliseconds * 10000};
    return KeWaitForSingleObject(Event, UserRequest, KernelMode, FALSE, &Timeout) == STATUS_SUCCESS;
}
