/* SPDX-License-Identifier: MIT */
/*
 * Rundown protection, which Wine only has names for.
 *
 * EX_RUNDOWN_REF.Count, changed with interlocked operations only:
 *      even            twice the number of references held; more may be acquired
 *      1               run down: none is held, none can be acquired
 *      odd, not 1      someone waits: the address of its RUNDOWN_WAIT, plus 1
 */
#include "host.h"

#define RUNDOWN_ACTIVE ((ULONG_PTR)1)
#define RUNDOWN_UNIT   ((ULONG_PTR)2)

typedef struct RUNDOWN_WAIT
{
    LONG64 volatile References; /* still held; who takes it to 0 signals */
    KEVENT Released;
} RUNDOWN_WAIT;

static BOOLEAN
CountChange(PEX_RUNDOWN_REF RunRef, ULONG_PTR From, ULONG_PTR To)
{
    return __sync_bool_compare_and_swap(&RunRef->Count, From, To);
}

VOID FASTCALL
ExInitializeRundownProtection(PEX_RUNDOWN_REF RunRef)
{
    RunRef->Count = 0;
}

VOID FASTCALL
ExReInitializeRundownProtection(PEX_RUNDOWN_REF RunRef)
{
    if (!CountChange(RunRef, RUNDOWN_ACTIVE, 0))
        EdgeRuleBroken("ExReInitializeRundownProtection: the reference is not run down.");
}

VOID FASTCALL
ExRundownCompleted(PEX_RUNDOWN_REF RunRef)
{
    RunRef->Count = RUNDOWN_ACTIVE;
}

BOOLEAN FASTCALL
ExAcquireRundownProtectionEx(PEX_RUNDOWN_REF RunRef, ULONG Count)
{
    ULONG_PTR Now;
    do
    {
        Now = RunRef->Count;
        if (Now & RUNDOWN_ACTIVE)
            return FALSE;
    } while (!CountChange(RunRef, Now, Now + RUNDOWN_UNIT * Count));
    return TRUE;
}

BOOLEAN FASTCALL
ExAcquireRundownProtection(PEX_RUNDOWN_REF RunRef)
{
    return ExAcquireRundownProtectionEx(RunRef, 1);
}

VOID FASTCALL
ExReleaseRundownProtectionEx(PEX_RUNDOWN_REF RunRef, ULONG Count)
{
    ULONG_PTR Now;
    do
    {
        Now = RunRef->Count;
        if (Now == RUNDOWN_ACTIVE || (!(Now & RUNDOWN_ACTIVE) && Now < RUNDOWN_UNIT * Count))
        {
            EdgeRuleBroken("ExReleaseRundownProtection: more references released than acquired.");
            return;
        }
        if (Now & RUNDOWN_ACTIVE)
        {
            RUNDOWN_WAIT *Wait = (RUNDOWN_WAIT *)(Now - RUNDOWN_ACTIVE);
            /* The waiter's stack stays until the event is set by whoever gets to 0. */
            if (__sync_sub_and_fetch(&Wait->References, (LONG64)Count) == 0)
                KeSetEvent(&Wait->Released, 0, FALSE);
            return;
        }
    } while (!CountChange(RunRef, Now, Now - RUNDOWN_UNIT * Count));
}

VOID FASTCALL
ExReleaseRundownProtection(PEX_RUNDOWN_REF RunRef)
{
    ExReleaseRundownProtectionEx(RunRef, 1);
}

VOID FASTCALL
ExWaitForRundownProtectionRelease(PEX_RUNDOWN_REF RunRef)
{
    RUNDOWN_WAIT Wait;
    ULONG_PTR Now;

    KeInitializeEvent(&Wait.Released, NotificationEvent, FALSE);
    do
    {
        Now = RunRef->Count;
        if (Now == RUNDOWN_ACTIVE)
            return;
        if (Now & RUNDOWN_ACTIVE)
        {
            EdgeRuleBroken("ExWaitForRundownProtectionRelease: another thread waits already.");
            return;
        }
        Wait.References = (LONG64)(Now / RUNDOWN_UNIT);
    } while (
        !CountChange(RunRef, Now, Now == 0 ? RUNDOWN_ACTIVE : (ULONG_PTR)&Wait + RUNDOWN_ACTIVE));
    if (Now == 0)
        return;
    KeWaitForSingleObject(&Wait.Released, Executive, KernelMode, FALSE, NULL);
    RunRef->Count = RUNDOWN_ACTIVE;
}
