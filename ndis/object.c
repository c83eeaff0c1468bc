/* SPDX-License-Identifier: MIT */
/* Owners, resources and gates: see object.h. */
#include "object.h"
#include "verify.h"

NDIS_OWNER OwnerNobody = {
    .Signature = SIGNATURE_NOBODY,
    .Resources = {&OwnerNobody.Resources, &OwnerNobody.Resources},
};

/* Guards Owner of all resources against the end of the owner: taken before an owner's own lock. */
static KSPIN_LOCK DisownLock;

static const struct
{
    ULONG Signature;
    const char *Name;
} ObjectNames[] = {
    {SIGNATURE_DRIVER, "a miniport driver handle"},
    {SIGNATURE_ADAPTER, "a miniport adapter handle"},
    {SIGNATURE_MEMORY, "memory of NdisAllocateMemoryWithTagPriority"},
    {SIGNATURE_LIST_POOL, "a NET_BUFFER_LIST pool"},
    {SIGNATURE_BUFFER_POOL, "a NET_BUFFER pool"},
    {SIGNATURE_TIMER, "a timer object"},
    {SIGNATURE_WORK_ITEM, "a work item"},
    {SIGNATURE_RW_LOCK, "a read/write lock"},
    {SIGNATURE_DEVICE, "a device of NdisRegisterDeviceEx"},
    {SIGNATURE_CONFIGURATION, "a configuration handle"},
};

static const char *
ObjectName(ULONG Signature)
{
    for (ULONG Index = 0; Index < RTL_NUMBER_OF(ObjectNames); Index++)
    {
        if (ObjectNames[Index].Signature == Signature)
            return ObjectNames[Index].Name;
    }
    return "no NDIS object";
}

VOID
OwnerInitialize(NDIS_OWNER *Owner, ULONG Signature)
{
    Owner->Signature = Signature;
    KeInitializeSpinLock(&Owner->Lock);
    InitializeListHead(&Owner->Resources);
}

NDIS_OWNER *
OwnerFromHandle(const char *Function, NDIS_HANDLE Handle, BOOLEAN MayBeNull)
{
    if (Handle == NULL && MayBeNull)
        return &OwnerNobody;
    if (Handle == NULL)
    {
        RuleBroken("%s: the NDIS handle is NULL", Function);
        return NULL;
    }
    NDIS_OWNER *Owner = Handle;
    if (Owner->Signature == SIGNATURE_DRIVER || Owner->Signature == SIGNATURE_ADAPTER)
        return Owner;
    RuleBroken("%s: the NDIS handle %p is %s; one that NDIS gave during initialisation is required",
               Function, Handle, ObjectName(Owner->Signature));
    return NULL;
}

VOID
ResourceAdd(NDIS_RESOURCE *Resource, ULONG Signature, NDIS_OWNER *Owner)
{
    KIRQL Irql;
    Resource->Signature = Signature;
    Resource->Owner = Owner;
    KeAcquireSpinLock(&Owner->Lock, &Irql);
    InsertTailList(&Owner->Resources, &Resource->Link);
    KeReleaseSpinLock(&Owner->Lock, Irql);
}

VOID
ResourceRemove(NDIS_RESOURCE *Resource)
{
    KIRQL Irql;
    KeAcquireSpinLock(&DisownLock, &Irql);
    NDIS_OWNER *Owner = Resource->Owner;
    if (Owner != NULL)
    {
        KeAcquireSpinLockAtDpcLevel(&Owner->Lock);
        RemoveEntryList(&Resource->Link);
        KeReleaseSpinLockFromDpcLevel(&Owner->Lock);
    }
    Resource->Owner = NULL;
    Resource->Signature = SIGNATURE_NONE;
    KeReleaseSpinLock(&DisownLock, Irql);
}

BOOLEAN
ResourceIs(const char *Function, const VOID *Handle, ULONG Signature)
{
    if (Handle == NULL)
    {
        RuleBroken("%s: the handle is NULL; %s is required", Function, ObjectName(Signature));
        return FALSE;
    }
    const NDIS_RESOURCE *Resource = Handle;
    if (Resource->Signature == Signature)
        return TRUE;
    RuleBroken("%s: %p is %s; %s is required", Function, Handle, ObjectName(Resource->Signature),
               ObjectName(Signature));
    return FALSE;
}

VOID
OwnerReportLeaks(NDIS_OWNER *Owner, const char *When)
{
    for (;;)
    {
        KIRQL Irql;
        NDIS_RESOURCE *Resource = NULL;
        KeAcquireSpinLock(&DisownLock, &Irql);
        KeAcquireSpinLockAtDpcLevel(&Owner->Lock);
        if (!IsListEmpty(&Owner->Resources))
        {
            Resource = CONTAINING_RECORD(RemoveHeadList(&Owner->Resources), NDIS_RESOURCE, Link);
            Resource->Owner = NULL;
        }
        KeReleaseSpinLockFromDpcLevel(&Owner->Lock);
        KeReleaseSpinLock(&DisownLock, Irql);
        if (Resource == NULL)
            return;
        RuleBroken("%s: %p, %s, has not been freed; all that was allocated with the handle must be",
                   When, (PVOID)Resource, ObjectName(Resource->Signature));
    }
}

VOID
GateInitialize(NDIS_GATE *Gate)
{
    Gate->Count = GATE_CLOSED;
    KeInitializeEvent(&Gate->Idle, NotificationEvent, TRUE);
}

VOID
GateOpen(NDIS_GATE *Gate)
{
    KeClearEvent(&Gate->Idle);
    InterlockedAnd(&Gate->Count, ~GATE_CLOSED);
}

LONG
GateClose(NDIS_GATE *Gate)
{
    LONG Inside = InterlockedOr(&Gate->Count, GATE_CLOSED) & ~GATE_CLOSED;
    if (Inside == 0)
        KeSetEvent(&Gate->Idle, 0, FALSE);
    return Inside;
}

BOOLEAN
GateEnter(NDIS_GATE *Gate, LONG Count)
{
    LONG Old = ReadWord(&Gate->Count);
    while (!(Old & GATE_CLOSED))
    {
        LONG Seen = InterlockedCompareExchange(&Gate->Count, Old + Count, Old);
        if (Seen == Old)
            return TRUE;
        Old = Seen;
    }
    return FALSE;
}

VOID
GateLeave(NDIS_GATE *Gate, LONG Count)
{
    if (InterlockedAdd(&Gate->Count, -Count) == GATE_CLOSED)
        KeSetEvent(&Gate->Idle, 0, FALSE);
}

VOID
GateWait(NDIS_GATE *Gate)
{
    /* Not by looking at Count: whoever left last may not have set the event yet, and still uses it.
     */
    KeWaitForSingleObject(&Gate->Idle, Executive, KernelMode, FALSE, NULL);
}
