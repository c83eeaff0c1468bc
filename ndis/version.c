/* SPDX-License-Identifier: MIT */
/* Which NDIS this is and what it has. Pages "NdisGetVersion", "NdisGetRoutineAddress". */
#include "extra.h"
#include "version.h"

UINT NTAPI
NdisGetVersion(VOID)
{
    return NDIS_MAJOR_PRESENTED << 16 | NDIS_MINOR_PRESENTED;
}

static const struct
{
    const char *Name;
    PVOID Address;
} Routines[] = {
#define NDIS_EXPORT(Name) {#Name, (PVOID)(ULONG_PTR)(Name)},
#include "exports.h"
#undef NDIS_EXPORT
};

static BOOLEAN
NameIs(PCUNICODE_STRING Wanted, const char *Name)
{
    ULONG Count = Wanted->Length / sizeof(WCHAR);
    for (ULONG Index = 0; Index < Count; Index++)
    {
        if (Name[Index] == 0 || Wanted->Buffer[Index] != (WCHAR)(UCHAR)Name[Index])
            return FALSE;
    }
    return Name[Count] == 0;
}

PVOID NTAPI
NdisGetRoutineAddress(PNDIS_STRING NdisRoutineName)
{
    if (!RuleIrqlAtMost("NdisGetRoutineAddress", PASSIVE_LEVEL))
        return NULL;
    for (ULONG Index = 0; Index < RTL_NUMBER_OF(Routines); Index++)
    {
        if (NameIs(NdisRoutineName, Routines[Index].Name))
            return Routines[Index].Address;
    }
    return NULL;
}
