/* SPDX-License-Identifier: MIT */
/*
 * IRPs: dispatch, completion, cancellation. Articles "Handling IRPs", "Completing IRPs",
 * "Canceling IRPs", and what Driver Verifier's I/O verification checks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "io.h"
#include "thread.h"

#if defined(SIM_ADDRESS_SANITIZER)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(Address, Bytes)   ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(Address, Bytes) ((void)0)
#endif

#define COMPLETE_PAGE "wdm/nf-wdm-iocompleterequest"

static KSPIN_LOCK CancelLock;
static unsigned Requests; /* under the dispatcher's lock */

unsigned
SimRequestCount(void)
{
    SimDispatcherLock();
    unsigned Count = Requests;
    SimDispatcherUnlock();
    return Count;
}

unsigned
SimRequestsLeft(void)
{
    if (Requests != 0)
        fprintf(stderr, "ntsim: left: %u requests\n", Requests);
    return Requests;
}

static SIM_REQUEST *
RequestOf(PIRP Irp)
{
    return CONTAINING_RECORD(Irp, SIM_REQUEST, Irp);
}

SIM_REQUEST *
SimRequestCreate(PDEVICE_OBJECT Device, UCHAR Major, UCHAR Minor, PFILE_OBJECT File)
{
    CCHAR Locations = Device->StackSize;
    SIZE_T Bytes = sizeof(IRP) + (SIZE_T)Locations * sizeof(IO_STACK_LOCATION);
    SIZE_T All = (offsetof(SIM_REQUEST, Irp) + Bytes + 15) / 16 * 16;
    SIM_REQUEST *Request = aligned_alloc(16, All);
    memset(Request, 0, All);
    Request->Users = 1;
    Request->Major = Major;
    Request->Device = Device;
    Request->IrpBytes = Bytes;
    Request->File = File;
    PIRP Irp = &Request->Irp;
    Irp->Type = IO_TYPE_IRP;
    Irp->Size = (USHORT)Bytes;
    Irp->StackCount = Locations;
    Irp->CurrentLocation = (CHAR)(Locations + 1);
    Irp->Tail.Overlay.CurrentStackLocation = (PIO_STACK_LOCATION)(PVOID)(Irp + 1) + Locations;
    Irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    Irp->RequestorMode = Major == IRP_MJ_PNP || Major == IRP_MJ_POWER ? KernelMode : UserMode;
    PIO_STACK_LOCATION Stack = SimRequestStack(Request);
    Stack->MajorFunction = Major;
    Stack->MinorFunction = Minor;
    Stack->FileObject = File;
    SimDispatcherLock();
    Requests++;
    SimDispatcherUnlock();
    return Request;
}

PIO_STACK_LOCATION
SimRequestStack(SIM_REQUEST *Request)
{
    return IoGetNextIrpStackLocation(&Request->Irp);
}

/* Gives back what the IRP held once nobody looks at it any more. */
static void
Finish(SIM_REQUEST *Request)
{
    if (Request->Irp.AssociatedIrp.SystemBuffer != NULL)
        free(Request->Irp.AssociatedIrp.SystemBuffer);
    if (Request->Mdl != NULL)
        SimMdlFreeLocked(Request->Mdl);
    PFILE_OBJECT File = Request->File;
    ASAN_POISON_MEMORY_REGION(&Request->Irp, Request->IrpBytes);
    /* The owner may free the request from now on. */
    SimDispatcherLock();
    Request->Finished = TRUE;
    SimDispatcherChanged();
    SimDispatcherUnlock();
    if (File != NULL)
        ObDereferenceObject(File);
}

static void
Unuse(SIM_REQUEST *Request)
{
    SimDispatcherLock();
    BOOLEAN Last = --Request->Users == 0;
    SimDispatcherUnlock();
    if (Last)
        Finish(Request);
}

/* "If a driver returns STATUS_PENDING it must have called IoMarkIrpPending, and the other way
 * round"; "the status that is returned must be the one in IoStatus.Status". */
static void
CheckDispatch(SIM_REQUEST *Request, NTSTATUS Returned, BOOLEAN MarkedNow)
{
    static const char Page[] = "wdm/nf-wdm-iomarkirppending";
    SimDispatcherLock();
    BOOLEAN Completed = Request->Completed;
    BOOLEAN Marked = Completed ? Request->MarkedPending : MarkedNow;
    NTSTATUS Status = Request->Status;
    SimDispatcherUnlock();
    if (Returned == STATUS_PENDING && !Marked)
        SimRuleBroken("a dispatch routine", Page,
                      "it returned STATUS_PENDING and did not mark the IRP pending");
    if (Returned != STATUS_PENDING && Marked)
        SimRuleBroken("a dispatch routine", Page,
                      "it marked the IRP pending and returned %x, not STATUS_PENDING",
                      (ULONG)Returned);
    if (Returned != STATUS_PENDING && !Completed)
        SimRuleBroken("a dispatch routine", COMPLETE_PAGE,
                      "it returned %x and did not complete the IRP", (ULONG)Returned);
    if (Returned != STATUS_PENDING && Status != Returned)
        SimRuleBroken("a dispatch routine", COMPLETE_PAGE,
                      "it returned %x, but completed the IRP with %x", (ULONG)Returned,
                      (ULONG)Status);
}

NTSTATUS
SimRequestDispatch(SIM_REQUEST *Request)
{
    PDEVICE_OBJECT Device = Request->Device;
    /* The driver's location, held on to: a completion on another thread moves the IRP's own. */
    PIO_STACK_LOCATION Stack = SimRequestStack(Request);
    BOOLEAN MarkedNow;
    SimDispatcherLock();
    Request->Users++; /* us, so that the marks can be read afterwards */
    SimDispatcherUnlock();
    NTSTATUS Returned = IoCallDriver(Device, &Request->Irp);
    SimCheckReturn("a dispatch routine", PASSIVE_LEVEL);
    SimDispatcherLock();
    MarkedNow = !Request->Completed && (Stack->Control & SL_PENDING_RETURNED) != 0;
    SimDispatcherUnlock();
    CheckDispatch(Request, Returned, MarkedNow);
    Unuse(Request);
    return Returned;
}

NTSTATUS FASTCALL
IofCallDriver(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    SimCheckIrql("IoCallDriver", "wdm/nf-wdm-iocalldriver", PASSIVE_LEVEL, DISPATCH_LEVEL);
    IoSetNextIrpStackLocation(Irp);
    if (Irp->CurrentLocation <= 0)
        SimRuleBroken("IoCallDriver", "wdm/nf-wdm-iocalldriver",
                      "IRP %p has no more stack locations", (void *)Irp);
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    Stack->DeviceObject = DeviceObject;
    return DeviceObject->DriverObject->MajorFunction[Stack->MajorFunction](DeviceObject, Irp);
}

/* Calls the completion routines from the present location up. FALSE: one of them keeps the IRP. */
static BOOLEAN
CallCompletionRoutines(PIRP Irp)
{
    while (Irp->CurrentLocation <= Irp->StackCount)
    {
        PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
        Irp->PendingReturned = (Stack->Control & SL_PENDING_RETURNED) != 0;
        Irp->CurrentLocation++;
        Irp->Tail.Overlay.CurrentStackLocation++;
        BOOLEAN Success = NT_SUCCESS(Irp->IoStatus.Status);
        BOOLEAN Call = (Success && (Stack->Control & SL_INVOKE_ON_SUCCESS)) ||
                       (!Success && (Stack->Control & SL_INVOKE_ON_ERROR)) ||
                       (__atomic_load_n(&Irp->Cancel, __ATOMIC_RELAXED) &&
                        (Stack->Control & SL_INVOKE_ON_CANCEL));
        if (!Call || Stack->CompletionRoutine == NULL)
        {
            /* As the I/O manager does for drivers without a completion routine. */
            if (Irp->PendingReturned && Irp->CurrentLocation <= Irp->StackCount)
                IoMarkIrpPending(Irp);
            continue;
        }
        PDEVICE_OBJECT Device = Irp->CurrentLocation <= Irp->StackCount
                                    ? IoGetCurrentIrpStackLocation(Irp)->DeviceObject
                                    : NULL;
        if (Stack->CompletionRoutine(Device, Irp, Stack->Context) ==
            STATUS_MORE_PROCESSING_REQUIRED)
            return FALSE;
    }
    return TRUE;
}

VOID FASTCALL
IofCompleteRequest(PIRP Irp, CCHAR PriorityBoost)
{
    SIM_REQUEST *Request = RequestOf(Irp);
    UNREFERENCED_PARAMETER(PriorityBoost);
    SimPoint("IoCompleteRequest");
    SimCheckIrql("IoCompleteRequest", COMPLETE_PAGE, PASSIVE_LEVEL, DISPATCH_LEVEL);
    SimDispatcherLock();
    BOOLEAN Completed = Request->Completed;
    SimDispatcherUnlock();
    if (Completed)
        SimRuleBroken("IoCompleteRequest", COMPLETE_PAGE, "IRP %p is completed a second time",
                      (void *)Irp);
    if (Irp->CurrentLocation > Irp->StackCount)
        SimRuleBroken("IoCompleteRequest", COMPLETE_PAGE, "IRP %p is nobody's", (void *)Irp);
    if (Irp->IoStatus.Status == STATUS_PENDING || Irp->IoStatus.Status == (NTSTATUS)-1)
        SimRuleBroken("IoCompleteRequest", COMPLETE_PAGE, "IoStatus.Status is %x",
                      (ULONG)Irp->IoStatus.Status);
    if (__atomic_load_n(&Irp->CancelRoutine, __ATOMIC_RELAXED) != NULL)
        SimRuleBroken("IoCompleteRequest", "Canceling IRPs", "IRP %p still has a cancel routine",
                      (void *)Irp);
    if (SimThread()->SpinLocks != 0)
        SimRuleBroken("IoCompleteRequest", COMPLETE_PAGE,
                      "a spin lock is held; a driver must not hold one");
    if (!CallCompletionRoutines(Irp))
        return;
    if (Request->Major == IRP_MJ_DEVICE_CONTROL && Irp->AssociatedIrp.SystemBuffer != NULL &&
        METHOD_FROM_CTL_CODE(Request->Code) == METHOD_BUFFERED)
    {
        if (Irp->IoStatus.Information > Request->OutputBytes)
            SimRuleBroken("IoCompleteRequest", "wdm/ns-wdm-_io_status_block",
                          "Information is %zu, but the output buffer has %u bytes",
                          (size_t)Irp->IoStatus.Information, Request->OutputBytes);
        if (!((ULONG)Irp->IoStatus.Status >> 30 == 3))
            memcpy(Request->Output, Irp->AssociatedIrp.SystemBuffer, Irp->IoStatus.Information);
    }
    SimDispatcherLock();
    Request->MarkedPending = Irp->PendingReturned;
    Request->Status = Irp->IoStatus.Status;
    Request->Information = Irp->IoStatus.Information;
    Request->Completed = TRUE;
    SimDispatcherUnlock();
    Unuse(Request);
}

/* ---- Cancellation ------------------------------------------------------------------------------
 */

VOID NTAPI
IoAcquireCancelSpinLock(PKIRQL Irql)
{
    SimCheckIrql("IoAcquireCancelSpinLock", "wdm/nf-wdm-ioacquirecancelspinlock", PASSIVE_LEVEL,
                 DISPATCH_LEVEL);
    KeAcquireSpinLock(&CancelLock, Irql);
}

VOID NTAPI
IoReleaseCancelSpinLock(KIRQL Irql)
{
    SimCheckIrql("IoReleaseCancelSpinLock", "wdm/nf-wdm-ioreleasecancelspinlock", DISPATCH_LEVEL,
                 DISPATCH_LEVEL);
    KeReleaseSpinLock(&CancelLock, Irql);
}

BOOLEAN NTAPI
IoCancelIrp(PIRP Irp)
{
    static const char Page[] = "wdm/nf-wdm-iocancelirp";
    KIRQL Irql;
    SimCheckIrql("IoCancelIrp", Page, PASSIVE_LEVEL, DISPATCH_LEVEL);
    IoAcquireCancelSpinLock(&Irql);
    __atomic_store_n(&Irp->Cancel, TRUE, __ATOMIC_SEQ_CST);
    PDRIVER_CANCEL Routine = IoSetCancelRoutine(Irp, NULL);
    if (Routine == NULL)
    {
        IoReleaseCancelSpinLock(Irql);
        return FALSE;
    }
    Irp->CancelIrql = Irql;
    PDEVICE_OBJECT Device = IoGetCurrentIrpStackLocation(Irp)->DeviceObject;
    Routine(Device, Irp);
    if (SimThread()->SpinLocks != 0 || SimThread()->Irql != Irql)
        SimRuleBroken("a cancel routine", "wdm/nc-wdm-driver_cancel",
                      "it returned without releasing the cancel spin lock, or at another IRQL");
    return TRUE;
}

void
SimRequestCancel(SIM_REQUEST *Request)
{
    SimDispatcherLock();
    BOOLEAN Gone = Request->Users == 0;
    if (!Gone)
        Request->Users++;
    BOOLEAN Completed = Request->Completed;
    SimDispatcherUnlock();
    if (Gone)
        return;
    if (!Completed)
        IoCancelIrp(&Request->Irp);
    Unuse(Request);
}

/* ---- The owner's side ---------------------------------------------------------------------------
 */

BOOLEAN
SimRequestDone(SIM_REQUEST *Request)
{
    SimDispatcherLock();
    BOOLEAN Done = Request->Finished;
    SimDispatcherUnlock();
    return Done;
}

static BOOLEAN
IsFinished(void *Context)
{
    return ((SIM_REQUEST *)Context)->Finished;
}

NTSTATUS
SimRequestWait(SIM_REQUEST *Request, ULONG_PTR *Information)
{
    SimDispatcherLock();
    if (!SimDispatcherWaitFor("the end of a request", IsFinished, Request, NULL))
        SimRuleBroken("a request", "Completing IRPs", "IRP %p is never completed",
                      (void *)&Request->Irp);
    NTSTATUS Status = Request->Status;
    if (Information != NULL)
        *Information = Request->Information;
    SimDispatcherUnlock();
    return Status;
}

void
SimRequestFree(SIM_REQUEST *Request)
{
    SimRequestWait(Request, NULL);
    SimDispatcherLock();
    Requests--;
    SimDispatcherUnlock();
    ASAN_UNPOISON_MEMORY_REGION(&Request->Irp, Request->IrpBytes);
    free(Request);
}
