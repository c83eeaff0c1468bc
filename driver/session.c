/* SPDX-License-Identifier: MIT */
/*
 * A session's life. It is one pended IRP: SessionStart takes it, the session's thread carries the
 * application's packets into the system until somebody calls SessionStop, and completes it.
 *
 *   who ends it                                  how
 *   the application cancels, or exits            the IRP's cancel routine
 *   the application closes its handle            IRP_MJ_CLEANUP
 *   the adapter is removed or halted             AdapterDevicePnPEvent, AdapterHalt
 *   the application breaks a rule of a ring      whoever notices: the thread, or a send
 *
 * All of them do no more than say so; the thread alone takes apart, in this order: nobody sends
 * into the ring any more, the application is told and woken, the cancel routine cannot run any
 * more, the IRP is completed. The ring memory is not touched after that.
 */
#include "driver.h"

static KSTART_ROUTINE SessionThread;
static DRIVER_CANCEL SessionCancel;

_Use_decl_annotations_
VOID
SessionStop(SESSION *Session, NTSTATUS Status)
{
    InterlockedCompareExchange(&Session->EndStatus, Status, STATUS_PENDING);
    KeSetEvent(&Session->Stop, IO_NO_INCREMENT, FALSE);
}

/* The I/O manager calls this with the cancel spin lock held. Everything is done before it is
 * released, so acquiring it tells the thread that this is over (see DisarmCancel). */
_Use_decl_annotations_
static VOID NTAPI
SessionCancel(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    SessionStop(Irp->Tail.Overlay.DriverContext[0], STATUS_CANCELLED);
    IoReleaseCancelSpinLock(Irp->CancelIrql);
}

static VOID
DisarmCancel(PIRP Irp)
{
    if (IoSetCancelRoutine(Irp, NULL) != NULL)
        return;
    /* It was taken off to be called. Wait for the call to be over. */
    KIRQL Irql;
    IoAcquireCancelSpinLock(&Irql);
    IoReleaseCancelSpinLock(Irql);
}

static VOID
DereferenceEvents(SESSION *Session)
{
    if (Session->ReceiveEvent != NULL)
        ObDereferenceObject(Session->ReceiveEvent);
    if (Session->SendSpaceEvent != NULL)
        ObDereferenceObject(Session->SendSpaceEvent);
    if (Session->SendEvent != NULL)
        ObDereferenceObject(Session->SendEvent);
}

static NTSTATUS
ReferenceEvent(uint64_t Handle, ACCESS_MASK Access, PKEVENT *Event)
{
    /* A handle has as many bits as a pointer; more cannot be one. */
    if (Handle > (ULONG_PTR)-1)
        return STATUS_INVALID_HANDLE;
    return ObReferenceObjectByHandle((HANDLE)(ULONG_PTR)Handle, Access, *ExEventObjectType,
                                     UserMode, (PVOID *)Event, NULL);
}

static NTSTATUS
ReferenceEvents(SESSION *Session, const CULVERT_SESSION_START *Start)
{
    NTSTATUS Status =
        ReferenceEvent(Start->ReceiveEvent, EVENT_MODIFY_STATE, &Session->ReceiveEvent);
    if (NT_SUCCESS(Status))
        Status =
            ReferenceEvent(Start->SendSpaceEvent, EVENT_MODIFY_STATE, &Session->SendSpaceEvent);
    if (NT_SUCCESS(Status))
        Status =
            ReferenceEvent(Start->SendEvent, SYNCHRONIZE | EVENT_MODIFY_STATE, &Session->SendEvent);
    if (!NT_SUCCESS(Status))
        DereferenceEvents(Session);
    return Status;
}

/* Checks what the application passed; *Start is a copy that it cannot change any more. */
static NTSTATUS
CaptureParameters(PIRP Irp, CULVERT_SESSION_START *Start)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    if (Stack->Parameters.DeviceIoControl.InputBufferLength != sizeof(*Start))
        return STATUS_INVALID_PARAMETER;
    *Start = *(const CULVERT_SESSION_START *)Irp->AssociatedIrp.SystemBuffer;
    if (Start->ContractVersion != CULVERT_CONTRACT_VERSION)
        return STATUS_REVISION_MISMATCH;
    if (!CulvertCapacityIsValid(Start->Capacity))
        return STATUS_INVALID_PARAMETER;
    PMDL Mdl = Irp->MdlAddress;
    if (Mdl == NULL || Mdl->Next != NULL || MmGetMdlByteOffset(Mdl) != 0 ||
        MmGetMdlByteCount(Mdl) != CulvertSessionBytes(Start->Capacity))
        return STATUS_INVALID_PARAMETER;
    return STATUS_SUCCESS;
}

static VOID
InitializeRings(SESSION *Session, uint32_t Capacity)
{
    CULVERT_SESSION_HEADER *Memory = Session->Memory;
    RtlZeroMemory(Memory, CULVERT_SESSION_HEADER_BYTES);
    RingProducerInit(&Session->Receive, &Memory->Receive, CulvertReceiveData(Memory), Capacity);
    RingConsumerInit(&Session->Send, &Memory->Send, CulvertSendData(Memory, Capacity), Capacity);
}

/* A session with its memory and events, that nobody else knows of yet. */
static NTSTATUS
SessionAllocate(ADAPTER *Adapter, PIRP Irp, const CULVERT_SESSION_START *Start, SESSION **Result)
{
    /* Always enough: see transmit.c. */
    uint32_t Tickets = 2 * KeQueryMaximumProcessorCountEx(ALL_PROCESSOR_GROUPS);
    SIZE_T Bytes = FIELD_OFFSET(SESSION, Tickets) + Tickets * sizeof(TRANSMIT_TICKET);
    SESSION *Session = ExAllocatePoolWithTag(NonPagedPoolType, Bytes, POOL_TAG_SESSION);
    if (Session == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Session, Bytes);
    Session->Adapter = Adapter;
    Session->Irp = Irp;
    Session->FileObject = IoGetCurrentIrpStackLocation(Irp)->FileObject;
    Session->EndStatus = STATUS_PENDING;
    Session->TicketCount = Tickets;
    TransmitInitialize(Session);
    KeInitializeEvent(&Session->Ready, NotificationEvent, FALSE);
    KeInitializeEvent(&Session->Stop, NotificationEvent, FALSE);

    NTSTATUS Status;
    Session->Memory =
        MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority | MappingNoExecute);
    if (Session->Memory == NULL)
    {
        Status = STATUS_INSUFFICIENT_RESOURCES;
        goto FreeSession;
    }
    Status = ReferenceEvents(Session, Start);
    if (!NT_SUCCESS(Status))
        goto FreeSession;
    *Result = Session;
    return STATUS_SUCCESS;

FreeSession:
    ExFreePoolWithTag(Session, POOL_TAG_SESSION);
    return Status;
}

static VOID
SessionFree(SESSION *Session)
{
    DereferenceEvents(Session);
    ExFreePoolWithTag(Session, POOL_TAG_SESSION);
}

/* Starts the session's thread, which waits for Ready. */
static NTSTATUS
CreateThread(SESSION *Session, PKTHREAD *Thread)
{
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Handle;
    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    NTSTATUS Status = PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, &Attributes, NULL, NULL,
                                           SessionThread, Session);
    if (!NT_SUCCESS(Status))
        return Status;
    /* Cannot fail: the handle is ours and says all access. */
    ObReferenceObjectByHandle(Handle, SYNCHRONIZE, *PsThreadType, KernelMode, (PVOID *)Thread,
                              NULL);
    ZwClose(Handle);
    return STATUS_SUCCESS;
}

_Use_decl_annotations_
NTSTATUS
SessionStart(ADAPTER *Adapter, PIRP Irp)
{
    CULVERT_SESSION_START Start;
    SESSION *Session;
    PKTHREAD Thread;
    NTSTATUS Status = CaptureParameters(Irp, &Start);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = SessionAllocate(Adapter, Irp, &Start, &Session);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = AdapterClaimSession(Adapter, Session);
    if (!NT_SUCCESS(Status))
        goto FreeSession;
    /* The memory is written only now: before, it may have been another session's. */
    InitializeRings(Session, Start.Capacity);
    Status = CreateThread(Session, &Thread);
    if (!NT_SUCCESS(Status))
        goto UnclaimSession;

    /* Nothing fails from here on. The thread completes the IRP, at the earliest after Ready. */
    IoMarkIrpPending(Irp);
    Irp->Tail.Overlay.DriverContext[0] = Session;
    IoSetCancelRoutine(Irp, SessionCancel);
    if (Irp->Cancel && IoSetCancelRoutine(Irp, NULL) != NULL)
        SessionStop(Session, STATUS_CANCELLED); /* cancelled before there was a routine */
    AdapterAttachSession(Adapter, Thread);
    AtomicWriteRelease(&Session->Memory->State, CULVERT_STATE_RUNNING);
    KeSetEvent(Session->SendSpaceEvent, IO_NO_INCREMENT, FALSE);
    KeSetEvent(&Session->Ready, IO_NO_INCREMENT, FALSE);
    return STATUS_PENDING;

UnclaimSession:
    AdapterUnclaimSession(Adapter);
FreeSession:
    SessionFree(Session);
    return Status;
}

/* Index of the application's event among what wakes the session's thread. */
#define WAKER_SEND 2

/* Carries packets until the session is stopped. */
static VOID
SessionRun(SESSION *Session)
{
    ADAPTER *Adapter = Session->Adapter;
    PVOID Wakers[] = {&Session->Stop, &Adapter->InjectWake, [WAKER_SEND] = Session->SendEvent};
    while (ReadNoFence(&Session->EndStatus) == STATUS_PENDING)
    {
        ULONG Count = ARRAYSIZE(Wakers);
        switch (InjectBurst(Session))
        {
        case InjectMore:
            continue;
        case InjectBroken:
            SessionStop(Session, STATUS_DATA_ERROR);
            continue;
        case InjectBlocked:
            Count = WAKER_SEND; /* the application's signals would only make it spin */
            break;
        case InjectEmpty:
            break;
        }
        NTSTATUS Waker = KeWaitForMultipleObjects(Count, Wakers, WaitAny, Executive, KernelMode,
                                                  FALSE, NULL, NULL);
        /* It may be one that resets itself or one that does not, which would keep this thread
         * turning. No signal is lost: what it told of is looked at only now. */
        if (Waker == WAKER_SEND)
            KeClearEvent(Session->SendEvent);
    }
}

static uint32_t
StateFromStatus(NTSTATUS Status)
{
    if (Status == STATUS_CANCELLED)
        return CULVERT_STATE_CANCELLED;
    if (Status == STATUS_DATA_ERROR)
        return CULVERT_STATE_BROKEN;
    return CULVERT_STATE_REMOVED;
}

_Use_decl_annotations_
static VOID NTAPI
SessionThread(PVOID Context)
{
    SESSION *Session = Context;
    PIRP Irp = Session->Irp;
    KeWaitForSingleObject(&Session->Ready, Executive, KernelMode, FALSE, NULL);
    SessionRun(Session);

    NTSTATUS Status = ReadNoFence(&Session->EndStatus);
    if (Status == STATUS_DATA_ERROR)
        InterlockedIncrement64(&Session->Adapter->BrokenSessions);
    AdapterDetachSession(Session->Adapter);
    AtomicWriteRelease(&Session->Memory->State, StateFromStatus(Status));
    KeSetEvent(Session->ReceiveEvent, IO_NO_INCREMENT, FALSE);
    KeSetEvent(Session->SendSpaceEvent, IO_NO_INCREMENT, FALSE);
    BufferPoolTrim(Session->Adapter);
    DisarmCancel(Irp);
    SessionFree(Session);
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    PsTerminateSystemThread(STATUS_SUCCESS);
}
