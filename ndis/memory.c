/* SPDX-License-Identifier: MIT */
/* Memory and MDLs. Pages "NdisAllocateMemoryWithTagPriority", "NdisFreeMemory",
 * "NdisFreeMemoryWithTagPriority", "NdisAllocateMdl". */
#include "extra.h"
#include "verify.h"

/* Before each block of NdisAllocateMemoryWithTagPriority. The block is aligned as pool memory is,
 * except that one of a page or more does not begin at a page. */
typedef struct MEMORY_HEAD
{
    NDIS_RESOURCE Resource;
    ULONG Tag;
    UINT Length;
} MEMORY_HEAD;

#define MEMORY_HEAD_BYTES ALIGN_UP_BY(sizeof(MEMORY_HEAD), MEMORY_ALLOCATION_ALIGNMENT)

PVOID NTAPI
NdisAllocateMemoryWithTagPriority(NDIS_HANDLE NdisHandle, UINT Length, ULONG Tag,
                                  EX_POOL_PRIORITY Priority)
{
    static const char Function[] = "NdisAllocateMemoryWithTagPriority";
    UNREFERENCED_PARAMETER(Priority);
    NDIS_OWNER *Owner = OwnerFromHandle(Function, NdisHandle, FALSE);
    if (Owner == NULL || !RuleIrqlAtMost(Function, DISPATCH_LEVEL))
        return NULL;
    if (Length == 0 || Tag == 0)
    {
        RuleBroken("%s: Length is %u and Tag %x; neither may be zero", Function, Length, Tag);
        return NULL;
    }
    if (Length > MAXULONG - MEMORY_HEAD_BYTES)
        return NULL;
    MEMORY_HEAD *Head = ExAllocatePoolWithTag(NonPagedPoolNx, MEMORY_HEAD_BYTES + Length, Tag);
    if (Head == NULL)
        return NULL;
    Head->Tag = Tag;
    Head->Length = Length;
    ResourceAdd(&Head->Resource, SIGNATURE_MEMORY, Owner);
    return (PUCHAR)Head + MEMORY_HEAD_BYTES;
}

static MEMORY_HEAD *
MemoryHead(const char *Function, PVOID VirtualAddress)
{
    if (VirtualAddress == NULL)
    {
        RuleBroken("%s: the address is NULL", Function);
        return NULL;
    }
    MEMORY_HEAD *Head = (MEMORY_HEAD *)(PVOID)((PUCHAR)VirtualAddress - MEMORY_HEAD_BYTES);
    return ResourceIs(Function, Head, SIGNATURE_MEMORY) ? Head : NULL;
}

static VOID
MemoryFree(MEMORY_HEAD *Head)
{
    ResourceRemove(&Head->Resource);
    ExFreePoolWithTag(Head, Head->Tag);
}

VOID NTAPI
NdisFreeMemory(PVOID VirtualAddress, UINT Length, UINT MemoryFlags)
{
    static const char Function[] = "NdisFreeMemory";
    UNREFERENCED_PARAMETER(Length); /* ignored for memory of that function */
    MEMORY_HEAD *Head = MemoryHead(Function, VirtualAddress);
    if (Head == NULL || !RuleIrqlAtMost(Function, DISPATCH_LEVEL))
        return;
    if (MemoryFlags != 0)
        RuleBroken("%s: MemoryFlags is %x; zero is required for memory of "
                   "NdisAllocateMemoryWithTagPriority",
                   Function, MemoryFlags);
    MemoryFree(Head);
}

VOID NTAPI
NdisFreeMemoryWithTagPriority(NDIS_HANDLE NdisHandle, PVOID VirtualAddress, ULONG Tag)
{
    static const char Function[] = "NdisFreeMemoryWithTagPriority";
    NDIS_OWNER *Owner = OwnerFromHandle(Function, NdisHandle, FALSE);
    MEMORY_HEAD *Head = MemoryHead(Function, VirtualAddress);
    if (Head == NULL || Owner == NULL || !RuleIrqlAtMost(Function, DISPATCH_LEVEL))
        return;
    if (Head->Resource.Owner != Owner)
        RuleBroken("%s: %p was allocated with another handle than %p", Function, VirtualAddress,
                   NdisHandle);
    if (Head->Tag != Tag)
        RuleBroken("%s: %p was allocated with tag %x and is freed with %x", Function,
                   VirtualAddress, Head->Tag, Tag);
    MemoryFree(Head);
}

PMDL NTAPI
NdisAllocateMdl(NDIS_HANDLE NdisHandle, PVOID VirtualAddress, UINT Length)
{
    static const char Function[] = "NdisAllocateMdl";
    NDIS_OWNER *Owner = OwnerFromHandle(Function, NdisHandle, TRUE);
    if (Owner == NULL || !RuleIrqlAtMost(Function, DISPATCH_LEVEL))
        return NULL;
    if (VirtualAddress == NULL || Length == 0)
    {
        RuleBroken("%s: VirtualAddress is %p and Length %u; non-paged memory is required", Function,
                   VirtualAddress, Length);
        return NULL;
    }
    PMDL Mdl = IoAllocateMdl(VirtualAddress, Length, FALSE, FALSE, NULL);
    if (Mdl != NULL)
        MmBuildMdlForNonPagedPool(Mdl);
    return Mdl;
}

VOID NTAPI
NdisFreeMdl(PMDL Mdl)
{
    if (RuleIrqlAtMost("NdisFreeMdl", DISPATCH_LEVEL))
        IoFreeMdl(Mdl);
}
