/* SPDX-License-Identifier: MIT */
/*
 * What NDIS knows of each NET_BUFFER_LIST and NET_BUFFER: they lie in blocks of a pool, and the
 * block says who holds the list.
 *
 * Holder is the ownership: NULL while it is with whoever allocated it, otherwise the adapter for
 * which it is on its way with one of the NBL_HELD_… bits. Each hand-over is one
 * compare-and-exchange of the expected holder by the next one, so of two completions (or two
 * indications, or a free while it is on its way) one finds another holder than it expects, whatever
 * processors they run on.
 */
#ifndef CULVERT_NDIS_NBL_H
#define CULVERT_NDIS_NBL_H

#include "adapter.h"

#define NBL_HELD_BY_MINIPORT ((ULONG_PTR)1) /* to be sent */
#define NBL_HELD_BY_EDGE     ((ULONG_PTR)2) /* indicated */
#define NBL_HELD_FOR_CALL    ((ULONG_PTR)3) /* indicated with NDIS_RECEIVE_FLAGS_RESOURCES */
#define NBL_HELD_BY_POOL     ((ULONG_PTR)7) /* freed */
#define NBL_HELD_MASK        ((ULONG_PTR)7)

#define SIGNATURE_LIST   OBJECT_SIGNATURE('N', 'B', 'L', 'b')
#define SIGNATURE_BUFFER OBJECT_SIGNATURE('N', 'B', 'b', 'k')
#define SIGNATURE_FREED  OBJECT_SIGNATURE('F', 'r', 'e', 'e')

typedef struct NBL_POOL NBL_POOL;

/* Before each NET_BUFFER. */
typedef struct NB_BLOCK
{
    ULONG Signature;
    ULONG Retreated; /* MDLs at the head of the chain that NdisRetreatNetBufferDataStart added; */
    PMDL RetreatMdl; /* the first of them: with another head, the owner has made a new chain */
    NBL_POOL *Pool;
    struct NB_BLOCK *NextFree;
    PMDL DataMdl;     /* of the pool's DataSize, or NULL */
    BOOLEAN Embedded; /* allocated and freed together with its NET_BUFFER_LIST */
    DECLSPEC_ALIGN(MEMORY_ALLOCATION_ALIGNMENT) NET_BUFFER NetBuffer;
} NB_BLOCK;

/* Before each NET_BUFFER_LIST. Context space and an embedded NB_BLOCK follow. */
typedef struct NBL_BLOCK
{
    ULONG Signature;
    ULONG Sequence; /* how often it has been allocated */
    volatile PVOID Holder;
    NBL_POOL *Pool;
    struct NBL_BLOCK *NextFree;
    PNET_BUFFER SentNetBuffer;             /* FirstNetBuffer when it was passed to the miniport */
    NDIS_STATUS MustRefuse;                /* NDIS_ADAPTER.MustRefuse then */
    NB_BLOCK *Buffer;                      /* embedded, or NULL */
    NET_BUFFER_LIST_CONTEXT *PoolContext;  /* of the pool's ContextSize, or NULL */
    NET_BUFFER_LIST_CONTEXT *ExtraContext; /* allocated because that was too small, or NULL */
    DECLSPEC_ALIGN(MEMORY_ALLOCATION_ALIGNMENT) NET_BUFFER_LIST List;
} NBL_BLOCK;

/* A pool of either; NdisAllocateNetBufferListPool, NdisAllocateNetBufferPool. */
struct NBL_POOL
{
    NDIS_RESOURCE Resource;
    ULONG Tag;
    ULONG DataSize;
    USHORT ContextSize;
    UCHAR ProtocolId;
    BOOLEAN AllocateNetBuffer;
    volatile LONG Allocated;
    KSPIN_LOCK FreeLock; /* guards the two below; held for a few instructions */
    ULONG FreeCount;
    PVOID Free; /* a short stack of freed blocks: reuse is cheaper than the kernel's pool */
};

/*
 * The block of a NET_BUFFER_LIST, NULL after reporting it against Function if the list does not
 * come from a pool or has been freed. Any IRQL.
 */
NBL_BLOCK *
NblBlock(const char *Function, PNET_BUFFER_LIST NetBufferList);

/* Hands a list over from one holder to the next; FALSE if From does not hold it. Any IRQL. */
static inline BOOLEAN
NblHandOver(NBL_BLOCK *Block, ULONG_PTR From, ULONG_PTR To)
{
    return InterlockedCompareExchangePointer(&Block->Holder, (PVOID)To, (PVOID)From) == (PVOID)From;
}

/* Who holds a list, in words for a message. */
const char *
NblHolderName(const NBL_BLOCK *Block);

/* How many MDLs of NdisRetreatNetBufferDataStart the chain begins with. */
static inline ULONG
NbRetreated(const NB_BLOCK *Block)
{
    return Block->NetBuffer.MdlChain == Block->RetreatMdl ? Block->Retreated : 0;
}

/* Sets CurrentMdl and CurrentMdlOffset from MdlChain and DataOffset. */
VOID
NbSetCurrent(PNET_BUFFER NetBuffer);

#endif
