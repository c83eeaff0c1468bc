/* SPDX-License-Identifier: MIT */
/*
 * The objects behind NDIS handles, and who owns them.
 *
 * Every NDIS_HANDLE that a miniport gets points to an object whose first member is either an
 * NDIS_OWNER (driver or adapter: things that other objects are allocated for) or an
 * NDIS_RESOURCE (pool, timer, work item, lock, memory, device, configuration: things that are
 * allocated for an owner). Both begin with a signature, so a handle of the wrong kind is
 * recognised.
 *
 * What an owner still holds when it ends is reported as a broken rule and disowned: it stays
 * allocated, and a late free of it does no harm.
 */
#ifndef CULVERT_NDIS_OBJECT_H
#define CULVERT_NDIS_OBJECT_H

/* NDIS defines what nt/ declares as imported from it. */
#define NDISAPI

#include "../nt/nt.h"
#include "edge.h"

#define OBJECT_SIGNATURE(A, B, C, D)                                                               \
    ((ULONG)(A) | (ULONG)(B) << 8 | (ULONG)(C) << 16 | (ULONG)(D) << 24)
#define SIGNATURE_NONE          0u
#define SIGNATURE_NOBODY        OBJECT_SIGNATURE('N', 'o', 'n', 'e')
#define SIGNATURE_DRIVER        OBJECT_SIGNATURE('N', 'D', 'r', 'v')
#define SIGNATURE_ADAPTER       OBJECT_SIGNATURE('N', 'A', 'd', 'p')
#define SIGNATURE_MEMORY        OBJECT_SIGNATURE('N', 'M', 'e', 'm')
#define SIGNATURE_LIST_POOL     OBJECT_SIGNATURE('N', 'N', 'b', 'l')
#define SIGNATURE_BUFFER_POOL   OBJECT_SIGNATURE('N', 'N', 'b', 'p')
#define SIGNATURE_TIMER         OBJECT_SIGNATURE('N', 'T', 'i', 'm')
#define SIGNATURE_WORK_ITEM     OBJECT_SIGNATURE('N', 'W', 'r', 'k')
#define SIGNATURE_RW_LOCK       OBJECT_SIGNATURE('N', 'R', 'w', 'l')
#define SIGNATURE_DEVICE        OBJECT_SIGNATURE('N', 'D', 'e', 'v')
#define SIGNATURE_CONFIGURATION OBJECT_SIGNATURE('N', 'C', 'f', 'g')

/* The tag of what NDIS allocates for itself. */
#define TAG_NDIS OBJECT_SIGNATURE('N', 'd', 'i', 's')

typedef struct NDIS_OWNER
{
    ULONG Signature;
    KSPIN_LOCK Lock; /* guards Resources and the Owner and Link of all that is in it */
    LIST_ENTRY Resources;
} NDIS_OWNER;

typedef struct NDIS_RESOURCE
{
    ULONG Signature;
    ULONG Reserved;
    NDIS_OWNER *Owner; /* NULL once disowned */
    LIST_ENTRY Link;
} NDIS_RESOURCE;

/* Owns what is allocated without a handle. Never ends. */
extern NDIS_OWNER OwnerNobody;

VOID
OwnerInitialize(NDIS_OWNER *Owner, ULONG Signature);

/* The owner that Handle stands for; NULL, after reporting it against Function, if it is none. NULL
 * stands for OwnerNobody where MayBeNull. Any IRQL. */
NDIS_OWNER *
OwnerFromHandle(const char *Function, NDIS_HANDLE Handle, BOOLEAN MayBeNull);

/* Puts a resource into its owner's list. <= DISPATCH_LEVEL. */
VOID
ResourceAdd(NDIS_RESOURCE *Resource, ULONG Signature, NDIS_OWNER *Owner);

/* Takes it out again and invalidates its signature. <= DISPATCH_LEVEL. */
VOID
ResourceRemove(NDIS_RESOURCE *Resource);

/* Whether Handle is a resource of the kind Signature; reported against Function if not. Any IRQL.
 */
BOOLEAN
ResourceIs(const char *Function, const VOID *Handle, ULONG Signature);

/* Reports and disowns what Owner still has; When is the end of the sentence, as in "after
 * MiniportHaltEx". PASSIVE_LEVEL. */
VOID
OwnerReportLeaks(NDIS_OWNER *Owner, const char *When);

/*
 * Counts uses of something that ends. While the gate is closed nobody enters; who closed it can
 * wait until everybody has left.
 */
typedef struct NDIS_GATE
{
    volatile LONG Count; /* uses, and GATE_CLOSED */
    KEVENT Idle;         /* set when the last one leaves a closed gate */
} NDIS_GATE;

#define GATE_CLOSED ((LONG)0x80000000)

/* Closed and empty. */
VOID
GateInitialize(NDIS_GATE *Gate);

VOID
GateOpen(NDIS_GATE *Gate);

/* Returns how many are still inside. <= DISPATCH_LEVEL. */
LONG
GateClose(NDIS_GATE *Gate);

/* Enters Count times, or not at all and returns FALSE if the gate is closed. Any IRQL. */
BOOLEAN
GateEnter(NDIS_GATE *Gate, LONG Count);

/* <= DISPATCH_LEVEL. */
VOID
GateLeave(NDIS_GATE *Gate, LONG Count);

/* After GateClose: returns when nobody is inside. PASSIVE_LEVEL. */
VOID
GateWait(NDIS_GATE *Gate);

/* A word that others change meanwhile, read once. What they wrote before it is visible after it. */
static inline LONG
ReadWord(const volatile LONG *Word)
{
    return __atomic_load_n(Word, __ATOMIC_ACQUIRE);
}

static inline LONG
GateInside(const NDIS_GATE *Gate)
{
    return ReadWord(&Gate->Count) & ~GATE_CLOSED;
}

#endif
