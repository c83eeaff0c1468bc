/* SPDX-License-Identifier: MIT */
/* Work items. Pages "NdisAllocateIoWorkItem", "NdisQueueIoWorkItem", "NdisFreeIoWorkItem". */
#include "adapter.h"
#include "verify.h"

#define TAG_WORK_ITEM OBJECT_SIGNATURE('N', 'd', 'W', 'i')

typedef struct NDIS_WORK_ITEM
{
    NDIS_RESOURCE Resource;
    PIO_WORKITEM WorkItem;
    volatile LONG Queued;
    NDIS_IO_WORKITEM_ROUTINE Routine;
    PVOID Context;
} NDIS_WORK_ITEM;

/* The owner of a work item and the device object that it keeps alive. */
static NDIS_OWNER *
FindOwner(const char *Function, NDIS_HANDLE Handle, PDEVICE_OBJECT *DeviceObject)
{
    if (Handle != NULL && ((NDIS_RESOURCE *)Handle)->Signature == SIGNATURE_DEVICE)
    {
        *DeviceObject = DeviceObjectFromHandle(Handle);
        return ((NDIS_RESOURCE *)Handle)->Owner;
    }
    NDIS_OWNER *Owner = OwnerFromHandle(Function, Handle, FALSE);
    if (Owner == NULL)
        return NULL;
    if (Owner->Signature == SIGNATURE_ADAPTER)
        *DeviceObject = ((NDIS_ADAPTER *)(PVOID)Owner)->DeviceObject;
    else
        /* IoAllocateWorkItem takes a driver object as well: wdm/nf-wdm-ioallocateworkitem. */
        *DeviceObject = (PDEVICE_OBJECT)(PVOID)((NDIS_DRIVER *)(PVOID)Owner)->DriverObject;
    return Owner;
}

NDIS_HANDLE NTAPI
NdisAllocateIoWorkItem(NDIS_HANDLE NdisObjectHandle)
{
    static const char Function[] = "NdisAllocateIoWorkItem";
    PDEVICE_OBJECT DeviceObject;
    if (!RuleIrqlAtMost(Function, DISPATCH_LEVEL))
        return NULL;
    NDIS_OWNER *Owner = FindOwner(Function, NdisObjectHandle, &DeviceObject);
    if (Owner == NULL)
        return NULL;
    NDIS_WORK_ITEM *Item = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Item), TAG_WORK_ITEM);
    if (Item == NULL)
        return NULL;
    RtlZeroMemory(Item, sizeof(*Item));
    Item->WorkItem = IoAllocateWorkItem(DeviceObject);
    if (Item->WorkItem == NULL)
    {
        ExFreePoolWithTag(Item, TAG_WORK_ITEM);
        return NULL;
    }
    ResourceAdd(&Item->Resource, SIGNATURE_WORK_ITEM, Owner);
    return Item;
}

static VOID NTAPI
WorkItemRun(PDEVICE_OBJECT DeviceObject, PVOID Context)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    NDIS_WORK_ITEM *Item = Context;
    NDIS_IO_WORKITEM_ROUTINE Routine = Item->Routine;
    PVOID RoutineContext = Item->Context;
    /* It may queue the item again, or free it. */
    InterlockedExchange(&Item->Queued, 0);
    Routine(RoutineContext, Item);
    RuleReturnedAt("NDIS_IO_WORKITEM_FUNCTION", PASSIVE_LEVEL);
}

VOID NTAPI
NdisQueueIoWorkItem(NDIS_HANDLE NdisIoWorkItemHandle, NDIS_IO_WORKITEM_ROUTINE Routine,
                    PVOID WorkItemContext)
{
    static const char Function[] = "NdisQueueIoWorkItem";
    NDIS_WORK_ITEM *Item = NdisIoWorkItemHandle;
    if (!RuleIrqlAtMost(Function, DISPATCH_LEVEL) ||
        !ResourceIs(Function, NdisIoWorkItemHandle, SIGNATURE_WORK_ITEM))
        return;
    if (Routine == NULL || InterlockedExchange(&Item->Queued, 1) != 0)
    {
        RuleBroken("%s: work item %p %s", Function, NdisIoWorkItemHandle,
                   Routine == NULL ? "is given no routine" : "is queued already");
        return;
    }
    Item->Routine = Routine;
    Item->Context = WorkItemContext;
    IoQueueWorkItem(Item->WorkItem, WorkItemRun, CriticalWorkQueue, Item);
}

VOID NTAPI
NdisFreeIoWorkItem(NDIS_HANDLE NdisIoWorkItemHandle)
{
    static const char Function[] = "NdisFreeIoWorkItem";
    NDIS_WORK_ITEM *Item = NdisIoWorkItemHandle;
    if (!RuleIrqlAtMost(Function, DISPATCH_LEVEL) ||
        !ResourceIs(Function, NdisIoWorkItemHandle, SIGNATURE_WORK_ITEM))
        return;
    if (ReadWord(&Item->Queued))
    {
        RuleBroken("%s: work item %p is queued; it must have begun before it is freed", Function,
                   NdisIoWorkItemHandle);
        return;
    }
    ResourceRemove(&Item->Resource);
    IoFreeWorkItem(Item->WorkItem);
    ExFreePoolWithTag(Item, TAG_WORK_ITEM);
}
