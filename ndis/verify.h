/* SPDX-License-Identifier: MIT */
/*
 * The checks that more than one part of NDIS makes. Each reports what it finds through
 * EdgeRuleBroken, as a sentence that begins with the function that was called, and says whether the
 * rule holds. Callable at any IRQL.
 */
#ifndef CULVERT_NDIS_VERIFY_H
#define CULVERT_NDIS_VERIFY_H

#include "object.h"

/*
 * Reports a broken rule. Format knows %s (const char *), %u (ULONG, decimal), %x (ULONG,
 * hexadecimal with 0x) and %p (pointer), nothing else. Longer sentences are cut off.
 */
VOID
RuleBroken(const char *Format, ...);

BOOLEAN
RuleIrqlAtMost(const char *Function, KIRQL Highest);

/* After a call of the miniport that must return at the IRQL that it was called at. */
BOOLEAN
RuleReturnedAt(const char *Function, KIRQL Irql);

/* One known revision of a structure with an NDIS_OBJECT_HEADER. */
typedef struct HEADER_REVISION
{
    USHORT Size;        /* NDIS_SIZEOF_…: at least this */
    USHORT NdisVersion; /* (major << 8) | minor that brought it */
} HEADER_REVISION;

typedef struct HEADER_RULE
{
    const char *Structure;
    UCHAR Type;
    UCHAR Revisions;    /* how many are known; the first is revision 1 */
    USHORT LargestSize; /* of the structure as any known header declares it, with padding */
    const HEADER_REVISION *Revision;
} HEADER_RULE;

#define NDIS_VERSION(Major, Minor) ((USHORT)((Major) << 8 | (Minor)))
#define NDIS_VERSION_ANY           NDIS_VERSION(6, 255)

/*
 * Checks Header against Rule for a miniport that declared NdisVersion. NDIS_STATUS_BAD_VERSION for
 * a revision that is not known or newer than that, NDIS_STATUS_BAD_CHARACTERISTICS for a wrong type
 * or size.
 */
NDIS_STATUS
RuleHeader(const char *Function, const NDIS_OBJECT_HEADER *Header, const HEADER_RULE *Rule,
           USHORT NdisVersion);

/* Declares the rule of a structure that has had one revision. */
#define HEADER_RULE_1(Name, StructureType, TypeValue, SizeOf)                                      \
    static const HEADER_REVISION Name##Revisions[] = {{SizeOf, NDIS_VERSION(6, 0)}};               \
    static const HEADER_RULE Name = {#StructureType, TypeValue, 1, sizeof(StructureType),          \
                                     Name##Revisions}

#endif
