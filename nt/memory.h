/* SPDX-License-Identifier: MIT */
/*
 * Pool, memory descriptor lists and mappings (the Ex pool functions and Mm).
 */
#ifndef CULVERT_NT_MEMORY_H
#define CULVERT_NT_MEMORY_H

#include "kernel.h"

#define PAGE_SIZE            0x1000
#define PAGE_SHIFT           12L
#define PAGE_ALIGN(Address)  ((PVOID)((ULONG_PTR)(Address) & ~(ULONG_PTR)(PAGE_SIZE - 1)))
#define BYTE_OFFSET(Address) ((ULONG)((ULONG_PTR)(Address) & (PAGE_SIZE - 1)))
#define BYTES_TO_PAGES(Size) (((Size) >> PAGE_SHIFT) + (((Size) & (PAGE_SIZE - 1)) != 0))
#define ROUND_TO_PAGES(Size) (((ULONG_PTR)(Size) + PAGE_SIZE - 1) & ~(ULONG_PTR)(PAGE_SIZE - 1))
#define ADDRESS_AND_SIZE_TO_SPAN_PAGES(Address, Size)                                              \
    ((ULONG)((((ULONG_PTR)(Size)) + BYTE_OFFSET(Address) + (PAGE_SIZE - 1)) >> PAGE_SHIFT))

/*
 * wdm/ne-wdm-_pool_type. NonPagedPoolNx exists since Windows 8; Windows 7 knows NonPagedPool only.
 * On arm64, as in the WDK, NonPagedPool names the no-execute pool.
 */
typedef enum _POOL_TYPE
{
#if defined(_ARM64_)
    NonPagedPoolExecute = 0,
    NonPagedPool = 512,
#else
    NonPagedPool = 0,
    NonPagedPoolExecute = NonPagedPool,
#endif
    PagedPool = 1,
    NonPagedPoolCacheAligned = 4,
    PagedPoolCacheAligned = 5,
    NonPagedPoolNx = 512,
    NonPagedPoolNxCacheAligned = 516
} POOL_TYPE;

/* wdm/ne-wdm-_ex_pool_priority */
typedef enum _EX_POOL_PRIORITY
{
    LowPoolPriority = 0,
    NormalPoolPriority = 16,
    HighPoolPriority = 32
} EX_POOL_PRIORITY;

/* wdm/ne-wdm-_mm_page_priority; MdlMapping… are added to the priority (Windows 8). */
typedef enum _MM_PAGE_PRIORITY
{
    LowPagePriority = 0,
    NormalPagePriority = 16,
    HighPagePriority = 32
} MM_PAGE_PRIORITY;
#define MdlMappingNoWrite   0x80000000
#define MdlMappingNoExecute 0x40000000

/* wdm/ne-wdm-_memory_caching_type */
typedef enum _MEMORY_CACHING_TYPE
{
    MmNonCached = 0,
    MmCached = 1,
    MmWriteCombined = 2
} MEMORY_CACHING_TYPE;

/* wdm/ne-wdm-_lock_operation */
typedef enum _LOCK_OPERATION
{
    IoReadAccess,
    IoWriteAccess,
    IoModifyAccess
} LOCK_OPERATION;

/* wdm/ns-wdm-_mdl: "Using MDLs". The page frame numbers follow the structure. */
typedef struct _MDL
{
    struct _MDL *Next;
    CSHORT Size;
    CSHORT MdlFlags;
    struct _EPROCESS *Process;
    PVOID MappedSystemVa;
    PVOID StartVa;
    ULONG ByteCount;
    ULONG ByteOffset;
} MDL, *PMDL;
NT_ASSERT_SIZE(MDL, 48, 28);
NT_ASSERT_OFFSET(MDL, MdlFlags, 10, 6);
NT_ASSERT_OFFSET(MDL, MappedSystemVa, 24, 12);
NT_ASSERT_OFFSET(MDL, ByteCount, 40, 20);

#define MDL_MAPPED_TO_SYSTEM_VA     0x0001
#define MDL_PAGES_LOCKED            0x0002
#define MDL_SOURCE_IS_NONPAGED_POOL 0x0004
#define MDL_ALLOCATED_FIXED_SIZE    0x0008
#define MDL_PARTIAL                 0x0010
#define MDL_PARTIAL_HAS_BEEN_MAPPED 0x0020
#define MDL_IO_PAGE_READ            0x0040
#define MDL_WRITE_OPERATION         0x0080
#define MDL_LOCKED_PAGE_TABLES      0x0100
#define MDL_PARENT_MAPPED_SYSTEM_VA MDL_LOCKED_PAGE_TABLES
#define MDL_FREE_EXTRA_PTES         0x0200
#define MDL_DESCRIBES_AWE           0x0400
#define MDL_IO_SPACE                0x0800
#define MDL_NETWORK_HEADER          0x1000
#define MDL_MAPPING_CAN_FAIL        0x2000
#define MDL_PAGE_CONTENTS_INVARIANT 0x4000
#define MDL_ALLOCATED_MUST_SUCCEED  MDL_PAGE_CONTENTS_INVARIANT
#define MDL_INTERNAL                0x8000

#define MM_DONT_ZERO_ALLOCATION               0x00000001
#define MM_ALLOCATE_FROM_LOCAL_NODE_ONLY      0x00000002
#define MM_ALLOCATE_FULLY_REQUIRED            0x00000004
#define MM_ALLOCATE_NO_WAIT                   0x00000008
#define MM_ALLOCATE_PREFER_CONTIGUOUS         0x00000010
#define MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS 0x00000020

#define MmGetMdlByteCount(Mdl)      ((Mdl)->ByteCount)
#define MmGetMdlByteOffset(Mdl)     ((Mdl)->ByteOffset)
#define MmGetMdlVirtualAddress(Mdl) ((PVOID)((PCHAR)((Mdl)->StartVa) + (Mdl)->ByteOffset))
#define MmGetMdlBaseVa(Mdl)         ((Mdl)->StartVa)
#define MmGetMdlPfnArray(Mdl)       ((PPFN_NUMBER)((Mdl) + 1))

/* wdm/nf-wdm-mminitializemdl: describes a buffer, fills in no pages. Target: MmSizeOfMdl bytes. */
#define MmInitializeMdl(Target, Base, Length)                                                      \
    do                                                                                             \
    {                                                                                              \
        (Target)->Next = NULL;                                                                     \
        (Target)->Size = (CSHORT)(sizeof(MDL) + sizeof(PFN_NUMBER) *                               \
                                                    ADDRESS_AND_SIZE_TO_SPAN_PAGES(Base, Length)); \
        (Target)->MdlFlags = 0;                                                                    \
        (Target)->StartVa = PAGE_ALIGN(Base);                                                      \
        (Target)->ByteOffset = BYTE_OFFSET(Base);                                                  \
        (Target)->ByteCount = (ULONG)(Length);                                                     \
    } while (0)

/* Pool: up to DISPATCH_LEVEL for the non-paged kinds, APC_LEVEL for paged. May return NULL. */
_Must_inspect_result_
_IRQL_requires_max_(DISPATCH_LEVEL)
NTKERNELAPI PVOID NTAPI
ExAllocatePoolWithTag(_In_ POOL_TYPE PoolType, _In_ SIZE_T NumberOfBytes, _In_ ULONG Tag);
_Must_inspect_result_
_IRQL_requires_max_(DISPATCH_LEVEL)
NTKERNELAPI PVOID NTAPI
ExAllocatePoolWithTagPriority(_In_ POOL_TYPE PoolType, _In_ SIZE_T NumberOfBytes, _In_ ULONG Tag,
                              _In_ EX_POOL_PRIORITY Priority);
_IRQL_requires_max_(DISPATCH_LEVEL)
NTKERNELAPI VOID NTAPI
ExFreePoolWithTag(_Pre_notnull_ PVOID P, _In_ ULONG Tag);
#define ExFreePool(P) ExFreePoolWithTag(P, 0)

_IRQL_requires_max_(PASSIVE_LEVEL)
NTKERNELAPI PVOID NTAPI
MmGetSystemRoutineAddress(_In_ PUNICODE_STRING SystemRoutineName);

/* MDLs and mappings. */
NTKERNELAPI SIZE_T NTAPI
MmSizeOfMdl(_In_ PVOID Base, _In_ SIZE_T Length);
NTKERNELAPI VOID NTAPI
MmBuildMdlForNonPagedPool(_Inout_ PMDL MemoryDescriptorList);
/* Raises a structured exception where the pages cannot be locked. */
_IRQL_requires_max_(DISPATCH_LEVEL)
NTKERNELAPI VOID NTAPI
MmProbeAndLockPages(_Inout_ PMDL MemoryDescriptorList, _In_ KPROCESSOR_MODE AccessMode,
                    _In_ LOCK_OPERATION Operation);
_IRQL_requires_max_(DISPATCH_LEVEL)
NTKERNELAPI VOID NTAPI
MmUnlockPages(_Inout_ PMDL MemoryDescriptorList);
_Must_inspect_result_
_IRQL_requires_max_(DISPATCH_LEVEL)
NTKERNELAPI PVOID NTAPI
MmMapLockedPagesSpecifyCache(_Inout_ PMDL MemoryDescriptorList, _In_ KPROCESSOR_MODE AccessMode,
                             _In_ MEMORY_CACHING_TYPE CacheType, _In_opt_ PVOID RequestedAddress,
                             _In_ ULONG BugCheckOnFailure, _In_ ULONG Priority);
_IRQL_requires_max_(DISPATCH_LEVEL)
NTKERNELAPI VOID NTAPI
MmUnmapLockedPages(_In_ PVOID BaseAddress, _Inout_ PMDL MemoryDescriptorList);
_Must_inspect_result_
_IRQL_requires_max_(DISPATCH_LEVEL)
NTKERNELAPI PMDL NTAPI
MmAllocatePagesForMdlEx(_In_ PHYSICAL_ADDRESS LowAddress, _In_ PHYSICAL_ADDRESS HighAddress,
                        _In_ PHYSICAL_ADDRESS SkipBytes, _In_ SIZE_T TotalBytes,
                        _In_ MEMORY_CACHING_TYPE CacheType, _In_ ULONG Flags);
_IRQL_requires_max_(DISPATCH_LEVEL)
NTKERNELAPI VOID NTAPI
MmFreePagesFromMdl(_Inout_ PMDL MemoryDescriptorList);
NTKERNELAPI BOOLEAN NTAPI
MmIsAddressValid(_In_ PVOID VirtualAddress);
NTKERNELAPI PHYSICAL_ADDRESS NTAPI
MmGetPhysicalAddress(_In_ PVOID BaseAddress);

/*
 * wdm/nf-wdm-mmgetsystemaddressformdlsafe: the system address of the described buffer, which is
 * mapped if it is not yet. NULL where there is no room. Up to DISPATCH_LEVEL.
 */
_Must_inspect_result_
FORCEINLINE PVOID
MmGetSystemAddressForMdlSafe(_Inout_ PMDL Mdl, _In_ ULONG Priority)
{
    if ((Mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL)) != 0)
        return Mdl->MappedSystemVa;
    return MmMapLockedPagesSpecifyCache(Mdl, KernelMode, MmCached, NULL, FALSE, Priority);
}

#endif
