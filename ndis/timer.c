/* SPDX-License-Identifier: MIT */
/* Timer objects. Pages "NdisAllocateTimerObject", "NdisSetTimerObject", "NdisCancelTimerObject",
 * "NdisFreeTimerObject". */
#include "object.h"
#include "verify.h"

typedef struct NDIS_TIMER_OBJECT
{
    NDIS_RESOURCE Resource;
    ULONG Tag;
    BOOLEAN Periodic;
    /* The arming that has not yet fired or been cancelled, 0 if there is none; a periodic one
     * stays. The DPC of one before may run when the timer is armed again, so they take turns with
     * two. */
    volatile LONG Queued;
    LONG Armings;      /* under Lock: how often it has been armed */
    LONG DpcArming[2]; /* written under Lock: which arming each DPC is for */
    KSPIN_LOCK Lock;   /* held while it is armed */
    KTIMER Timer;
    KDPC Dpc[2];
    PNDIS_TIMER_FUNCTION Function;
    PVOID DefaultContext;
    PVOID Context;
} NDIS_TIMER_OBJECT;

HEADER_RULE_1(TimerRule, NDIS_TIMER_CHARACTERISTICS, NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS,
              NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1);

static VOID NTAPI
TimerFired(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1, PVOID SystemArgument2)
{
    NDIS_TIMER_OBJECT *Timer = DeferredContext;
    KIRQL Irql = KeGetCurrentIrql();
    /* Another arming stays queued. */
    if (!Timer->Periodic)
        InterlockedCompareExchange(&Timer->Queued, 0, Timer->DpcArming[Dpc - Timer->Dpc]);
    /* The function may free a timer that fires once. */
    Timer->Function(Dpc, Timer->Context, SystemArgument1, SystemArgument2);
    RuleReturnedAt("NetTimerCallback", Irql);
}

NDIS_STATUS NTAPI
NdisAllocateTimerObject(NDIS_HANDLE NdisHandle, PNDIS_TIMER_CHARACTERISTICS TimerCharacteristics,
                        PNDIS_HANDLE pTimerObject)
{
    static const char Function[] = "NdisAllocateTimerObject";
    *pTimerObject = NULL;
    NDIS_OWNER *Owner = OwnerFromHandle(Function, NdisHandle, FALSE);
    if (Owner == NULL || !RuleIrqlAtMost(Function, DISPATCH_LEVEL))
        return NDIS_STATUS_FAILURE;
    if (RuleHeader(Function, &TimerCharacteristics->Header, &TimerRule, NDIS_VERSION_ANY) !=
        NDIS_STATUS_SUCCESS)
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    if (TimerCharacteristics->TimerFunction == NULL || TimerCharacteristics->AllocationTag == 0)
    {
        RuleBroken(
            "%s: NDIS_TIMER_CHARACTERISTICS.TimerFunction or AllocationTag is zero; both are "
            "required",
            Function);
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    NDIS_TIMER_OBJECT *Timer =
        ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Timer), TimerCharacteristics->AllocationTag);
    if (Timer == NULL)
        return NDIS_STATUS_RESOURCES;
    RtlZeroMemory(Timer, sizeof(*Timer));
    Timer->Tag = TimerCharacteristics->AllocationTag;
    Timer->Function = TimerCharacteristics->TimerFunction;
    Timer->DefaultContext = TimerCharacteristics->FunctionContext;
    KeInitializeTimerEx(&Timer->Timer, NotificationTimer);
    KeInitializeSpinLock(&Timer->Lock);
    KeInitializeDpc(&Timer->Dpc[0], TimerFired, Timer);
    KeInitializeDpc(&Timer->Dpc[1], TimerFired, Timer);
    ResourceAdd(&Timer->Resource, SIGNATURE_TIMER, Owner);
    *pTimerObject = Timer;
    return NDIS_STATUS_SUCCESS;
}

BOOLEAN NTAPI
NdisSetTimerObject(NDIS_HANDLE TimerObject, LARGE_INTEGER DueTime, LONG MillisecondsPeriod,
                   PVOID FunctionContext)
{
    static const char Function[] = "NdisSetTimerObject";
    NDIS_TIMER_OBJECT *Timer = TimerObject;
    if (!RuleIrqlAtMost(Function, DISPATCH_LEVEL) ||
        !ResourceIs(Function, TimerObject, SIGNATURE_TIMER))
        return FALSE;
    if (MillisecondsPeriod < 0)
    {
        RuleBroken("%s: MillisecondsPeriod is %u; at most MAXLONG is allowed", Function,
                   (ULONG)MillisecondsPeriod);
        return FALSE;
    }
    Timer->Context = FunctionContext != NULL ? FunctionContext : Timer->DefaultContext;
    Timer->Periodic = MillisecondsPeriod != 0;
    KIRQL Irql;
    KeAcquireSpinLock(&Timer->Lock, &Irql);
    LONG Arming = ++Timer->Armings;
    Timer->DpcArming[Arming & 1] = Arming;
    InterlockedExchange(&Timer->Queued, Arming);
    BOOLEAN WasQueued =
        KeSetTimerEx(&Timer->Timer, DueTime, MillisecondsPeriod, &Timer->Dpc[Arming & 1]);
    KeReleaseSpinLock(&Timer->Lock, Irql);
    return WasQueued;
}

BOOLEAN NTAPI
NdisCancelTimerObject(NDIS_HANDLE TimerObject)
{
    static const char Function[] = "NdisCancelTimerObject";
    NDIS_TIMER_OBJECT *Timer = TimerObject;
    if (!RuleIrqlAtMost(Function, DISPATCH_LEVEL) ||
        !ResourceIs(Function, TimerObject, SIGNATURE_TIMER))
        return FALSE;
    BOOLEAN Periodic = Timer->Periodic && ReadWord(&Timer->Queued);
    if (Periodic && !RuleIrqlAtMost("NdisCancelTimerObject (of a periodic timer)", PASSIVE_LEVEL))
        return FALSE;
    BOOLEAN Cancelled = KeCancelTimer(&Timer->Timer);
    if (Cancelled || Periodic)
        InterlockedExchange(&Timer->Queued, 0);
    if (Periodic)
        KeFlushQueuedDpcs();
    return Cancelled;
}

VOID NTAPI
NdisFreeTimerObject(NDIS_HANDLE TimerObject)
{
    static const char Function[] = "NdisFreeTimerObject";
    NDIS_TIMER_OBJECT *Timer = TimerObject;
    if (!RuleIrqlAtMost(Function, DISPATCH_LEVEL) ||
        !ResourceIs(Function, TimerObject, SIGNATURE_TIMER))
        return;
    if (ReadWord(&Timer->Queued))
    {
        RuleBroken("%s: timer %p is queued; it must be cancelled first", Function, TimerObject);
        KeCancelTimer(&Timer->Timer);
    }
    ResourceRemove(&Timer->Resource);
    ExFreePoolWithTag(Timer, Timer->Tag);
}
