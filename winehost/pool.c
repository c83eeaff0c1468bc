/* SPDX-License-Identifier: MIT */
/*
 * Pool. The memory is Wine's; in front of each block stands what is needed to count it by its tag
 * (pool.h), and to notice what Driver Verifier would: a block that is freed twice, or with another
 * tag. Blocks that Wine allocated are passed through.
 */
#include "host.h"
#include "pool.h"

#define BLOCK_SIGNATURE 0x6C6F6F50u /* "Pool" */

typedef struct BLOCK
{
    ULONG Signature; /* with the block's address mixed in; 0 once it is freed */
    ULONG Tag;
    SIZE_T Bytes;
} BLOCK;

C_ASSERT(sizeof(BLOCK) == MEMORY_ALLOCATION_ALIGNMENT);

NTSYSAPI NTSTATUS NTAPI
ZwCreateSection(PHANDLE Section, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                PLARGE_INTEGER MaximumSize, ULONG PageProtection, ULONG AllocationAttributes,
                HANDLE File);

typedef PVOID NTAPI
ALLOCATE_POOL(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag);
typedef VOID NTAPI
FREE_POOL(PVOID P, ULONG Tag);

static POOL_COUNTS Private; /* until there is a section, and if there cannot be one */
static POOL_COUNTS *Counts = &Private;

/* Not when the module is loaded: processes that run other drivers load it too. No other thread
 * allocates yet. */
VOID
HostPoolPublish(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(POOL_COUNTS_NAME);
    LARGE_INTEGER Bytes = {.QuadPart = sizeof(POOL_COUNTS)};
    OBJECT_ATTRIBUTES Attributes;
    SIZE_T ViewBytes = 0;
    PVOID View = NULL;
    HANDLE Section;

    if (Counts != &Private)
        return;
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    if (!NT_SUCCESS(ZwCreateSection(&Section, SECTION_MAP_READ | SECTION_MAP_WRITE, &Attributes,
                                    &Bytes, PAGE_READWRITE, SEC_COMMIT, NULL)))
        return;
    if (NT_SUCCESS(ZwMapViewOfSection(Section, NtCurrentProcess(), &View, 0, 0, NULL, &ViewBytes,
                                      ViewUnmap, 0, PAGE_READWRITE)))
    {
        RtlCopyMemory(View, &Private, sizeof(Private));
        Counts = View;
    }
    /* The handle stays open: the name lives as long as the process. */
}

static POOL_TAG_COUNTS *
CountsOf(ULONG Tag)
{
    for (ULONG Index = 0; Index < POOL_TAGS - 1; Index++)
    {
        POOL_TAG_COUNTS *At = &Counts->Tags[Index];
        if (At->Tag == Tag || (At->Tag == 0 && __sync_bool_compare_and_swap(&At->Tag, 0, Tag)) ||
            At->Tag == Tag)
            return At;
    }
    return &Counts->Tags[POOL_TAGS - 1];
}

static VOID
Count(const BLOCK *Block, LONG64 Sign)
{
    POOL_TAG_COUNTS *At = CountsOf(Block->Tag);
    __sync_fetch_and_add(&At->Blocks, Sign);
    __sync_fetch_and_add(&At->Bytes, Sign * (LONG64)Block->Bytes);
}

static ULONG
SignatureOf(const BLOCK *Block)
{
    return BLOCK_SIGNATURE ^ (ULONG)((ULONG_PTR)Block >> 4);
}

PVOID NTAPI
ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    static ALLOCATE_POOL *Wine;
    BLOCK *Block;

    if (Wine == NULL)
        Wine = (ALLOCATE_POOL *)HostWineRoutine("ExAllocatePoolWithTag");
    if (NumberOfBytes + sizeof(*Block) < NumberOfBytes)
        return NULL;
    Block = Wine(PoolType, NumberOfBytes + sizeof(*Block), Tag);
    if (Block == NULL)
        return NULL;
    Block->Signature = SignatureOf(Block);
    Block->Tag = Tag;
    Block->Bytes = NumberOfBytes;
    Count(Block, 1);
    return Block + 1;
}

PVOID NTAPI
ExAllocatePoolWithTagPriority(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag,
                              EX_POOL_PRIORITY Priority)
{
    UNREFERENCED_PARAMETER(Priority);
    return ExAllocatePoolWithTag(PoolType, NumberOfBytes, Tag);
}

VOID NTAPI
ExFreePoolWithTag(PVOID P, ULONG Tag)
{
    static FREE_POOL *Wine;
    BLOCK *Block = P == NULL ? NULL : (BLOCK *)P - 1;

    if (Wine == NULL)
        Wine = (FREE_POOL *)HostWineRoutine("ExFreePoolWithTag");
    if (Block == NULL || Block->Signature != SignatureOf(Block))
    {
        Wine(P, Tag);
        return;
    }
    if (Tag != 0 && Tag != Block->Tag)
        EdgeRuleBroken("ExFreePoolWithTag: the block was allocated with another tag.");
    Count(Block, -1);
    Block->Signature = 0;
    Wine(Block, Block->Tag);
}
