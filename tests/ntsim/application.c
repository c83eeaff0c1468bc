/* SPDX-License-Identifier: MIT */
/* See application.h. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "application.h"
#include "world.h"

#define WAIT_MILLISECONDS 10000

NTSTATUS
ApplicationTryOpenDevice(APPLICATION *Application, uint32_t Capacity, const WCHAR *Device)
{
    memset(Application, 0, sizeof(*Application));
    Application->Process = SimProcessCreate();
    SimProcessEnter(Application->Process);
    Application->ReceiveHandle =
        SimEventCreate(Application->Process, EVENT_ALL_ACCESS, SynchronizationEvent);
    Application->SendSpaceHandle =
        SimEventCreate(Application->Process, EVENT_ALL_ACCESS, SynchronizationEvent);
    Application->SendHandle =
        SimEventCreate(Application->Process, EVENT_ALL_ACCESS, SynchronizationEvent);
    Application->ReceiveEvent = SimEventOf(Application->Process, Application->ReceiveHandle);
    Application->SendSpaceEvent = SimEventOf(Application->Process, Application->SendSpaceHandle);
    Application->SendEvent = SimEventOf(Application->Process, Application->SendHandle);
    Application->Bytes = CulvertSessionBytes(Capacity);
    Application->Memory = SimPagesAllocate(Application->Bytes);
    Application->Start = (CULVERT_SESSION_START){
        .ContractVersion = CULVERT_CONTRACT_VERSION,
        .Capacity = Capacity,
        .ReceiveEvent = (ULONG_PTR)Application->ReceiveHandle,
        .SendSpaceEvent = (ULONG_PTR)Application->SendSpaceHandle,
        .SendEvent = (ULONG_PTR)Application->SendHandle,
    };
    NTSTATUS Status = SimFileOpen(Device, FILE_READ_DATA | FILE_WRITE_DATA, &Application->File);
    if (!NT_SUCCESS(Status))
        ApplicationExit(Application);
    return Status;
}

NTSTATUS
ApplicationTryOpen(APPLICATION *Application, uint32_t Capacity)
{
    return ApplicationTryOpenDevice(Application, Capacity, WORLD_DEVICE_LINK);
}

void
ApplicationOpen(APPLICATION *Application, uint32_t Capacity)
{
    if (ApplicationTryOpen(Application, Capacity) != STATUS_SUCCESS)
        abort();
}

void
ApplicationMoveMemory(APPLICATION *Application, void *Address)
{
    SimPagesFree(Application->Memory, Application->Bytes);
    Application->Memory = mmap(Address, ROUND_TO_PAGES(Application->Bytes), PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if ((void *)Application->Memory != Address)
        abort();
}

NTSTATUS
ApplicationStart(APPLICATION *Application)
{
    NTSTATUS Status;
    SIM_REQUEST *Request = SimDeviceControl(
        Application->File, CULVERT_IOCTL_SESSION, &Application->Start, sizeof(Application->Start),
        Application->Memory, (ULONG)Application->Bytes, &Status);
    if (Request == NULL)
        return Status;
    if (Status != STATUS_PENDING)
    {
        SimRequestFree(Request);
        return Status;
    }
    uint32_t Capacity = Application->Start.Capacity;
    Application->Request = Request;
    RingConsumerInit(&Application->In, &Application->Memory->Receive,
                     CulvertReceiveData(Application->Memory), Capacity);
    RingProducerInit(&Application->Out, &Application->Memory->Send,
                     CulvertSendData(Application->Memory, Capacity), Capacity);
    return STATUS_PENDING;
}

NTSTATUS
ApplicationWaitEnd(APPLICATION *Application)
{
    NTSTATUS Status = SimRequestWait(Application->Request, NULL);
    SimRequestFree(Application->Request);
    Application->Request = NULL;
    return Status;
}

NTSTATUS
ApplicationEnd(APPLICATION *Application)
{
    SimRequestCancel(Application->Request);
    return ApplicationWaitEnd(Application);
}

void
ApplicationExit(APPLICATION *Application)
{
    if (Application->Request != NULL)
        ApplicationEnd(Application);
    SimProcessExit(Application->Process);
    SimPagesFree(Application->Memory, Application->Bytes);
    SimSettle();
}

uint32_t
ApplicationState(APPLICATION *Application)
{
    return AtomicReadAcquire(&Application->Memory->State);
}

BOOLEAN
ApplicationSend(APPLICATION *Application, const void *Packet, ULONG Bytes)
{
    uint32_t Position;
    if (RingReserve(&Application->Out, CULVERT_SLOT_BYTES(Bytes), &Position) != CULVERT_RING_OK)
        return FALSE;
    memcpy(RingSlotInit(RingSlot(&Application->Out, Position), Bytes), Packet, Bytes);
    if (RingPublish(&Application->Out, Application->Out.Tail))
        KeSetEvent(Application->SendEvent, 0, FALSE);
    return TRUE;
}

BOOLEAN
ApplicationSendWait(APPLICATION *Application, const void *Packet, ULONG Bytes)
{
    while (!ApplicationSend(Application, Packet, Bytes))
    {
        if (ApplicationState(Application) != CULVERT_STATE_RUNNING)
            return FALSE;
        if (RingWaitForRoom(&Application->Out, CULVERT_SLOT_BYTES(Bytes)))
            continue;
        if (!SimEventWait(Application->SendSpaceEvent, WAIT_MILLISECONDS))
            return FALSE;
    }
    return TRUE;
}

ULONG
ApplicationReceive(APPLICATION *Application, void *Packet, ULONG Capacity)
{
    const CULVERT_SLOT *Slot;
    uint32_t Size;
    CULVERT_RING_RESULT Result = RingPeek(&Application->In, &Slot, &Size);
    if (Result == CULVERT_RING_EMPTY)
        return 0;
    if (Result != CULVERT_RING_OK)
        abort();
    memcpy(Packet, Slot + 1, min(Size, Capacity));
    RingAdvance(&Application->In, Size);
    RingRelease(&Application->In, Application->In.Head);
    return Size;
}

ULONG
ApplicationReceiveWait(APPLICATION *Application, void *Packet, ULONG Capacity,
                       unsigned Milliseconds)
{
    for (;;)
    {
        ULONG Bytes = ApplicationReceive(Application, Packet, Capacity);
        if (Bytes != 0)
            return Bytes;
        if (RingWaitForPacket(&Application->In))
            continue;
        if (!SimEventWait(Application->ReceiveEvent, Milliseconds))
            return ApplicationReceive(Application, Packet, Capacity);
    }
}
