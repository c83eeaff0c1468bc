/* SPDX-License-Identifier: MIT */
/*
 * Pool with tags, guards and accounting. Articles "wdm/nf-wdm-exallocatepoolwithtag",
 * "wdm/nf-wdm-exfreepoolwithtag". Each block is a block of the C library, so that the address
 * sanitizer guards its ends and its time; elsewhere a guard behind it is looked at when it is
 * freed. Contents are garbage, before and after.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "system.h"
#include "thread.h"

#define BUCKETS    4096u
#define FILL_NEW   0xA5
#define FILL_FREED 0xDD
#define FILL_GUARD 0xFD
#if defined(SIM_ADDRESS_SANITIZER)
#define GUARD_BYTES 0u
#else
#define GUARD_BYTES 16u
#endif

typedef struct BLOCK
{
    struct BLOCK *Next;
    UCHAR *Data;
    SIZE_T Bytes;
    ULONG Tag;
    POOL_TYPE Type;
} BLOCK;

static pthread_mutex_t Mutex = PTHREAD_MUTEX_INITIALIZER;
static BLOCK *Blocks[BUCKETS];
static unsigned BlockCount;
extern unsigned
SimMdlCount(void);
extern unsigned
SimMdlsLeft(void);

static BLOCK **
Bucket(const void *Data)
{
    return &Blocks[((ULONG_PTR)Data >> 4) * 2654435761u % BUCKETS];
}

static BOOLEAN
IsPaged(POOL_TYPE Type)
{
    return (Type & 1) != 0;
}

/* Whether Address is code of a driver rather than of the kernel, NDIS or the test. */
static BOOLEAN
IsDriverCode(const void *Address)
{
    Dl_info Code, Kernel;
    return dladdr(Address, &Code) != 0 && dladdr((void *)SimRuleBroken, &Kernel) != 0 &&
           Code.dli_fbase != Kernel.dli_fbase;
}

static void
CheckAllocation(const char *Call, const char *Page, const void *Caller, POOL_TYPE Type,
                SIZE_T Bytes, ULONG Tag)
{
    SimCheckIrql(Call, Page, PASSIVE_LEVEL, IsPaged(Type) ? APC_LEVEL : DISPATCH_LEVEL);
    if (Bytes == 0)
        SimRuleBroken(Call, Page, "NumberOfBytes is 0");
    if (Tag == 0)
        SimRuleBroken(Call, Page, "Tag is 0");
    for (unsigned Shift = 0; Shift < 32; Shift += 8)
    {
        UCHAR Character = (UCHAR)(Tag >> Shift);
        if (Character < 0x20 || Character > 0x7E)
            SimRuleBroken(Call, Page, "Tag is %x; each character must be ASCII 0x20 to 0x7E", Tag);
    }
    if (Type == NonPagedPoolNx && SimIsWindows7() && IsDriverCode(Caller))
        SimRuleBroken(Call, "wdm/ne-wdm-_pool_type",
                      "PoolType is NonPagedPoolNx, which exists since Windows 8");
}

PVOID NTAPI
ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    static const char Call[] = "ExAllocatePoolWithTag";
    CheckAllocation(Call, "wdm/nf-wdm-exallocatepoolwithtag", __builtin_return_address(0), PoolType,
                    NumberOfBytes, Tag);
    if (SimFault(Call))
        return NULL;
    BLOCK *Block = malloc(sizeof(*Block));
    /* A page or more begins at a page. */
    SIZE_T Alignment = NumberOfBytes >= PAGE_SIZE ? PAGE_SIZE : MEMORY_ALLOCATION_ALIGNMENT;
    PVOID Data = NULL;
    if (Block == NULL || posix_memalign(&Data, Alignment, NumberOfBytes + GUARD_BYTES) != 0)
        abort();
    memset(Data, FILL_NEW, NumberOfBytes);
    memset((UCHAR *)Data + NumberOfBytes, FILL_GUARD, GUARD_BYTES);
    Block->Data = Data;
    Block->Bytes = NumberOfBytes;
    Block->Tag = Tag;
    Block->Type = PoolType;
    pthread_mutex_lock(&Mutex);
    Block->Next = *Bucket(Data);
    *Bucket(Data) = Block;
    BlockCount++;
    pthread_mutex_unlock(&Mutex);
    return Data;
}

VOID NTAPI
ExFreePoolWithTag(PVOID P, ULONG Tag)
{
    static const char Call[] = "ExFreePoolWithTag";
    static const char Page[] = "wdm/nf-wdm-exfreepoolwithtag";
    SimPoint(Call);
    SimCheckIrql(Call, Page, PASSIVE_LEVEL, DISPATCH_LEVEL);
    pthread_mutex_lock(&Mutex);
    BLOCK **Link = Bucket(P);
    while (*Link != NULL && (*Link)->Data != P)
        Link = &(*Link)->Next;
    BLOCK *Block = *Link;
    if (Block == NULL)
        SimRuleBroken(Call, Page, "%p is no block of the pool, or has been freed", P);
    *Link = Block->Next;
    BlockCount--;
    pthread_mutex_unlock(&Mutex);
    if (Tag != 0 && Tag != Block->Tag)
        SimRuleBroken(Call, Page, "the block was allocated with tag %.4s and is freed with %.4s",
                      (const char *)&Block->Tag, (const char *)&Tag);
    if (IsPaged(Block->Type))
        SimCheckIrql(Call, Page, PASSIVE_LEVEL, APC_LEVEL);
    for (SIZE_T At = 0; At < GUARD_BYTES; ++At)
    {
        if (Block->Data[Block->Bytes + At] != FILL_GUARD)
            SimRuleBroken(Call, Page, "the block of %zu bytes was written beyond its end",
                          Block->Bytes);
    }
    SimLockOrderForget(P, Block->Bytes);
    memset(P, FILL_FREED, Block->Bytes);
    free(P);
    free(Block);
}

/* Whether Length bytes at Address are in one block of non-paged pool. */
BOOLEAN
SimPoolIsNonPaged(const void *Address, SIZE_T Length);
BOOLEAN
SimPoolIsNonPaged(const void *Address, SIZE_T Length)
{
    const UCHAR *From = Address;
    BOOLEAN Found = FALSE;
    pthread_mutex_lock(&Mutex);
    for (BLOCK *Block = *Bucket(Address); Block != NULL && !Found; Block = Block->Next)
        Found = From == Block->Data && Length <= Block->Bytes && !IsPaged(Block->Type);
    for (unsigned Index = 0; Index < BUCKETS && !Found; ++Index)
    {
        for (BLOCK *Block = Blocks[Index]; Block != NULL && !Found; Block = Block->Next)
            Found = From >= Block->Data && From + Length <= Block->Data + Block->Bytes &&
                    !IsPaged(Block->Type);
    }
    pthread_mutex_unlock(&Mutex);
    return Found;
}

unsigned
SimPoolBlocks(ULONG Tag)
{
    unsigned Count = 0;
    pthread_mutex_lock(&Mutex);
    for (unsigned Index = 0; Index < BUCKETS; ++Index)
    {
        for (BLOCK *Block = Blocks[Index]; Block != NULL; Block = Block->Next)
            Count += Block->Tag == Tag;
    }
    pthread_mutex_unlock(&Mutex);
    return Count;
}

void
SimMemoryCount(unsigned *PoolBlocks, unsigned *Mdls)
{
    pthread_mutex_lock(&Mutex);
    *PoolBlocks = BlockCount;
    pthread_mutex_unlock(&Mutex);
    *Mdls = SimMdlCount();
}

PVOID
SimPoolFind(ULONG Tag)
{
    unsigned Count = 0;
    PVOID Found = NULL;
    pthread_mutex_lock(&Mutex);
    for (unsigned Index = 0; Index < BUCKETS; ++Index)
    {
        for (BLOCK *Block = Blocks[Index]; Block != NULL; Block = Block->Next)
        {
            if (Block->Tag != Tag)
                continue;
            ++Count;
            Found = Block->Data;
        }
    }
    pthread_mutex_unlock(&Mutex);
    return Count == 1 ? Found : NULL;
}

unsigned
SimMemoryLeft(void)
{
    pthread_mutex_lock(&Mutex);
    unsigned Left = BlockCount;
    for (unsigned Index = 0; Index < BUCKETS; ++Index)
    {
        for (BLOCK *Block = Blocks[Index]; Block != NULL; Block = Block->Next)
            fprintf(stderr, "ntsim: left: %zu bytes of pool with tag %.4s\n", Block->Bytes,
                    (const char *)&Block->Tag);
    }
    pthread_mutex_unlock(&Mutex);
    return Left + SimMdlsLeft();
}
