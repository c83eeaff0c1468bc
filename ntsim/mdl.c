/* SPDX-License-Identifier: MIT */
/*
 * Memory descriptor lists. Article "Using MDLs". The pages of an application are shared memory, and
 * a mapping of them is a second mapping of the same pages between two pages that cannot be touched,
 * so that a driver that runs over their ends, or uses them after they are unlocked, faults. Under
 * the thread sanitizer, which knows addresses and not pages, and for measurements, both addresses
 * are the same.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "memory.h"
#include "system.h"
#include "thread.h"

#define QUARANTINE 512u /* mappings whose addresses are not used again for now */

typedef struct MDL_BLOCK
{
    PVOID Region; /* of a mapping, with its two guards */
    SIZE_T RegionBytes;
    LIST_ENTRY MappedLink; /* under Mutex, while it is mapped */
    _Alignas(16) MDL Mdl;  /* page frame numbers follow, which nothing here uses */
} MDL_BLOCK;

typedef struct REGION
{
    PVOID Address;
    SIZE_T Bytes;
} REGION;

static pthread_mutex_t Mutex = PTHREAD_MUTEX_INITIALIZER;
static REGION Quarantined[QUARANTINE];
static unsigned QuarantineNext;
static LIST_ENTRY Mapped = {&Mapped, &Mapped}; /* of MDL_BLOCK.MappedLink */
static volatile LONG Mdls;

BOOLEAN
SimPoolIsNonPaged(const void *Address, SIZE_T Length);
unsigned
SimMdlCount(void);
unsigned
SimMdlsLeft(void);

unsigned
SimMdlCount(void)
{
    return (unsigned)__atomic_load_n(&Mdls, __ATOMIC_RELAXED);
}

unsigned
SimMdlsLeft(void)
{
    if (Mdls != 0)
        fprintf(stderr, "ntsim: left: %d MDLs\n", Mdls);
    return (unsigned)Mdls;
}

static PMDL
MdlCreate(PVOID Address, ULONG Length)
{
    SIZE_T Pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(Address, Length);
    MDL_BLOCK *Block = calloc(1, sizeof(*Block) + Pages * sizeof(PFN_NUMBER));
    MmInitializeMdl(&Block->Mdl, Address, Length);
    __atomic_add_fetch(&Mdls, 1, __ATOMIC_RELAXED);
    return &Block->Mdl;
}

PMDL NTAPI
IoAllocateMdl(PVOID VirtualAddress, ULONG Length, BOOLEAN SecondaryBuffer, BOOLEAN ChargeQuota,
              PIRP Irp)
{
    static const char Call[] = "IoAllocateMdl";
    static const char Page[] = "wdm/nf-wdm-ioallocatemdl";
    SimCheckIrql(Call, Page, PASSIVE_LEVEL, DISPATCH_LEVEL);
    if (SecondaryBuffer || ChargeQuota || Irp != NULL)
        SimRuleBroken(Call, Page,
                      "SecondaryBuffer, ChargeQuota or Irp is set, which is not simulated");
    if (SimFault(Call))
        return NULL;
    return MdlCreate(VirtualAddress, Length);
}

VOID NTAPI
IoFreeMdl(PMDL Mdl)
{
    static const char Page[] = "wdm/nf-wdm-iofreemdl";
    SimCheckIrql("IoFreeMdl", Page, PASSIVE_LEVEL, DISPATCH_LEVEL);
    if (Mdl->MdlFlags & MDL_PAGES_LOCKED)
        SimRuleBroken("IoFreeMdl", Page, "the pages of MDL %p are still locked", (void *)Mdl);
    __atomic_sub_fetch(&Mdls, 1, __ATOMIC_RELAXED);
    free(CONTAINING_RECORD(Mdl, MDL_BLOCK, Mdl));
}

VOID NTAPI
MmBuildMdlForNonPagedPool(PMDL Mdl)
{
    static const char Call[] = "MmBuildMdlForNonPagedPool";
    static const char Page[] = "wdm/nf-wdm-mmbuildmdlfornonpagedpool";
    SimCheckIrql(Call, Page, PASSIVE_LEVEL, DISPATCH_LEVEL);
    if (Mdl->ByteCount != 0 &&
        !SimPoolIsNonPaged(MmGetMdlVirtualAddress(Mdl), MmGetMdlByteCount(Mdl)))
        SimRuleBroken(Call, Page, "%p is not in non-paged pool", MmGetMdlVirtualAddress(Mdl));
    if (Mdl->MdlFlags & (MDL_SOURCE_IS_NONPAGED_POOL | MDL_PAGES_LOCKED))
        SimRuleBroken(Call, Page, "MDL %p describes pages already", (void *)Mdl);
    Mdl->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
    Mdl->MappedSystemVa = MmGetMdlVirtualAddress(Mdl);
}

PVOID
SimPagesAllocate(SIZE_T Bytes)
{
    PVOID Pages = mmap(NULL, ROUND_TO_PAGES(Bytes), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (Pages == MAP_FAILED)
        abort();
    return Pages;
}

void
SimPagesFree(PVOID Pages, SIZE_T Bytes)
{
    munmap(Pages, ROUND_TO_PAGES(Bytes));
}

PMDL
SimMdlCreateLocked(PVOID Address, ULONG Length)
{
    PMDL Mdl = MdlCreate(Address, Length);
    Mdl->MdlFlags |= MDL_PAGES_LOCKED;
    return Mdl;
}

#if !defined(SIM_THREAD_SANITIZER) && !defined(SIM_UNCHECKED)
/* A second address for the pages of Mdl. */
static PVOID
Map(MDL_BLOCK *Block)
{
    SIZE_T Bytes =
        ADDRESS_AND_SIZE_TO_SPAN_PAGES(MmGetMdlVirtualAddress(&Block->Mdl), Block->Mdl.ByteCount) *
        (SIZE_T)PAGE_SIZE;
    Block->RegionBytes = Bytes + 2 * PAGE_SIZE;
    Block->Region = mmap(NULL, Block->RegionBytes, PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (Block->Region == MAP_FAILED ||
        mremap(Block->Mdl.StartVa, 0, Bytes, MREMAP_MAYMOVE | MREMAP_FIXED,
               (UCHAR *)Block->Region + PAGE_SIZE) == MAP_FAILED)
        abort();
    return (UCHAR *)Block->Region + PAGE_SIZE + Block->Mdl.ByteOffset;
}

static void
Unmap(MDL_BLOCK *Block)
{
    PVOID Dead = mmap(Block->Region, Block->RegionBytes, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (Dead == MAP_FAILED)
        abort();
    pthread_mutex_lock(&Mutex);
    REGION *Slot = &Quarantined[QuarantineNext++ % QUARANTINE];
    if (Slot->Address != NULL)
        munmap(Slot->Address, Slot->Bytes);
    Slot->Address = Block->Region;
    Slot->Bytes = Block->RegionBytes;
    pthread_mutex_unlock(&Mutex);
    Block->Region = NULL;
}
#else
static PVOID
Map(MDL_BLOCK *Block)
{
    return MmGetMdlVirtualAddress(&Block->Mdl);
}

static void
Unmap(MDL_BLOCK *Block)
{
    UNREFERENCED_PARAMETER(Block);
    UNREFERENCED_PARAMETER(Quarantined);
    UNREFERENCED_PARAMETER(QuarantineNext);
}
#endif

SIM_NOT_COVERED PVOID
SimPagesOf(const volatile void *Address)
{
    PVOID Found = NULL;
    pthread_mutex_lock(&Mutex);
    for (PLIST_ENTRY Link = Mapped.Flink; Link != &Mapped && Found == NULL; Link = Link->Flink)
    {
        PMDL Mdl = &CONTAINING_RECORD(Link, MDL_BLOCK, MappedLink)->Mdl;
        ULONG_PTR Offset = (ULONG_PTR)Address - (ULONG_PTR)Mdl->MappedSystemVa;
        if (Offset < Mdl->ByteCount)
            Found = (UCHAR *)MmGetMdlVirtualAddress(Mdl) + Offset;
    }
    pthread_mutex_unlock(&Mutex);
    return Found;
}

PVOID NTAPI
MmMapLockedPagesSpecifyCache(PMDL Mdl, KPROCESSOR_MODE AccessMode, MEMORY_CACHING_TYPE CacheType,
                             PVOID RequestedAddress, ULONG BugCheckOnFailure, ULONG Priority)
{
    static const char Call[] = "MmMapLockedPagesSpecifyCache";
    static const char Page[] = "wdm/nf-wdm-mmmaplockedpagesspecifycache";
    SimCheckIrql(Call, Page, PASSIVE_LEVEL, DISPATCH_LEVEL);
    if (AccessMode != KernelMode || CacheType != MmCached || RequestedAddress != NULL)
        SimRuleBroken(Call, Page, "only cached mappings into system space are simulated");
    if (BugCheckOnFailure)
        SimRuleBroken(Call, Page, "BugCheckOnFailure is TRUE; drivers must specify FALSE");
    if ((Mdl->MdlFlags & MDL_PAGES_LOCKED) == 0)
        SimRuleBroken(Call, Page, "the pages of MDL %p are not locked", (void *)Mdl);
    if (Mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA)
        SimRuleBroken(Call, Page, "MDL %p is mapped already", (void *)Mdl);
    /* wdm/ne-wdm-_mm_page_priority: the flags may be combined with a priority only. */
    ULONG Base = Priority & ~(ULONG)(MdlMappingNoWrite | MdlMappingNoExecute);
    if (Base != LowPagePriority && Base != NormalPagePriority && Base != HighPagePriority)
        SimRuleBroken(Call, Page, "Priority is %x", Priority);
    if (Base != Priority && SimIsWindows7())
        SimRuleBroken(Call, Page, "Priority is %x; its flags exist since Windows 8", Priority);
    if (Mdl->ByteCount == 0)
        SimRuleBroken(Call, Page, "MDL %p describes no bytes", (void *)Mdl);
    if (SimFault(Call))
        return NULL;
    MDL_BLOCK *Block = CONTAINING_RECORD(Mdl, MDL_BLOCK, Mdl);
    Mdl->MappedSystemVa = Map(Block);
    Mdl->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
    pthread_mutex_lock(&Mutex);
    InsertHeadList(&Mapped, &Block->MappedLink);
    pthread_mutex_unlock(&Mutex);
    return Mdl->MappedSystemVa;
}

VOID NTAPI
MmUnlockPages(PMDL Mdl)
{
    static const char Page[] = "wdm/nf-wdm-mmunlockpages";
    SimCheckIrql("MmUnlockPages", Page, PASSIVE_LEVEL, DISPATCH_LEVEL);
    if ((Mdl->MdlFlags & MDL_PAGES_LOCKED) == 0)
        SimRuleBroken("MmUnlockPages", Page, "the pages of MDL %p are not locked", (void *)Mdl);
    if (Mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA)
    {
        MDL_BLOCK *Block = CONTAINING_RECORD(Mdl, MDL_BLOCK, Mdl);
        pthread_mutex_lock(&Mutex);
        RemoveEntryList(&Block->MappedLink);
        pthread_mutex_unlock(&Mutex);
        Unmap(Block);
    }
    Mdl->MdlFlags &= ~(MDL_MAPPED_TO_SYSTEM_VA | MDL_PAGES_LOCKED);
}

void
SimMdlFreeLocked(PMDL Mdl)
{
    MmUnlockPages(Mdl);
    IoFreeMdl(Mdl);
}
