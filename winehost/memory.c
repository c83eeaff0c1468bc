/* SPDX-License-Identifier: MIT */
/*
 * Memory descriptor lists. Driver and "kernel" share one address space under Wine, so a
 * buffer's system address is its own address; what matters is that the flags follow the rules.
 */
#include "host.h"

PVOID NTAPI
MmMapLockedPagesSpecifyCache(PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode,
                             MEMORY_CACHING_TYPE CacheType, PVOID RequestedAddress,
                             ULONG BugCheckOnFailure, ULONG Priority)
{
    UNREFERENCED_PARAMETER(CacheType);
    UNREFERENCED_PARAMETER(RequestedAddress);
    UNREFERENCED_PARAMETER(BugCheckOnFailure);
    UNREFERENCED_PARAMETER(Priority);
    if (AccessMode != KernelMode)
        return NULL; /* this process has no user mode */
    MemoryDescriptorList->MappedSystemVa = MmGetMdlVirtualAddress(MemoryDescriptorList);
    MemoryDescriptorList->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
    return MemoryDescriptorList->MappedSystemVa;
}

VOID NTAPI
MmUnmapLockedPages(PVOID BaseAddress, PMDL MemoryDescriptorList)
{
    if (BaseAddress != MemoryDescriptorList->MappedSystemVa ||
        !(MemoryDescriptorList->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA))
        EdgeRuleBroken("MmUnmapLockedPages: the MDL is not mapped at this address.");
    MemoryDescriptorList->MdlFlags &= (CSHORT)~MDL_MAPPED_TO_SYSTEM_VA;
}

VOID NTAPI
MmBuildMdlForNonPagedPool(PMDL MemoryDescriptorList)
{
    MemoryDescriptorList->MappedSystemVa = MmGetMdlVirtualAddress(MemoryDescriptorList);
    MemoryDescriptorList->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
}

VOID NTAPI
MmProbeAndLockPages(PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode, LOCK_OPERATION Operation)
{
    UNREFERENCED_PARAMETER(AccessMode);
    UNREFERENCED_PARAMETER(Operation);
    MemoryDescriptorList->MdlFlags |= MDL_PAGES_LOCKED;
}

VOID NTAPI
MmUnlockPages(PMDL MemoryDescriptorList)
{
    if (!(MemoryDescriptorList->MdlFlags & MDL_PAGES_LOCKED))
        EdgeRuleBroken("MmUnlockPages: the pages are not locked.");
    MemoryDescriptorList->MdlFlags &= (CSHORT) ~(MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA);
}

SIZE_T NTAPI
MmSizeOfMdl(PVOID Base, SIZE_T Length)
{
    return sizeof(MDL) + sizeof(PFN_NUMBER) * ADDRESS_AND_SIZE_TO_SPAN_PAGES(Base, Length);
}

VOID NTAPI
IoBuildPartialMdl(PMDL SourceMdl, PMDL TargetMdl, PVOID VirtualAddress, ULONG Length)
{
    ULONG Skipped = (ULONG)((PUCHAR)VirtualAddress - (PUCHAR)MmGetMdlVirtualAddress(SourceMdl));

    TargetMdl->StartVa = PAGE_ALIGN(VirtualAddress);
    TargetMdl->ByteOffset = BYTE_OFFSET(VirtualAddress);
    TargetMdl->ByteCount = Length != 0 ? Length : SourceMdl->ByteCount - Skipped;
    TargetMdl->Process = SourceMdl->Process;
    TargetMdl->MdlFlags |= MDL_PARTIAL;
    if (SourceMdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL))
    {
        TargetMdl->MappedSystemVa = (PUCHAR)SourceMdl->MappedSystemVa + Skipped;
        TargetMdl->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
    }
}
