/* SPDX-License-Identifier: MIT */
/*
 * Pools of NET_BUFFER_LISTs and NET_BUFFERs, and what is allocated from them. Pages
 * "NdisAllocateNetBufferListPool", "NdisAllocateNetBufferPool" and those of the functions that
 * allocate and free.
 */
#include "nbl.h"
#include "extra.h"
#include "verify.h"
#include "sanitize.h"

#define FREE_BLOCKS_KEPT 256u /* per pool */
#define CONTEXT_BYTES(Size)                                                                        \
    ALIGN_UP_BY(sizeof(NET_BUFFER_LIST_CONTEXT) + (Size), MEMORY_ALLOCATION_ALIGNMENT)
#define TAG_CONTEXT OBJECT_SIGNATURE('N', 'd', 'C', 'x')

HEADER_RULE_1(ListPoolRule, NET_BUFFER_LIST_POOL_PARAMETERS, NDIS_OBJECT_TYPE_DEFAULT,
              NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1);
HEADER_RULE_1(BufferPoolRule, NET_BUFFER_POOL_PARAMETERS, NDIS_OBJECT_TYPE_DEFAULT,
              NDIS_SIZEOF_NET_BUFFER_POOL_PARAMETERS_REVISION_1);

/* What distinguishes a list of ours from a copy of one: depends on where it lies. */
static PVOID
ListMark(const NET_BUFFER_LIST *List)
{
    return (PVOID)((ULONG_PTR)List ^ (ULONG_PTR)0x4c424e43u);
}

NBL_BLOCK *
NblBlock(const char *Function, PNET_BUFFER_LIST NetBufferList)
{
    NBL_BLOCK *Block = CONTAINING_RECORD(NetBufferList, NBL_BLOCK, List);
    if (Block->Signature == SIGNATURE_LIST &&
        NetBufferList->NdisReserved[0] == ListMark(NetBufferList))
        return Block;
    if (Block->Signature == SIGNATURE_FREED)
        RuleBroken("%s: NET_BUFFER_LIST %p has been freed", Function, (PVOID)NetBufferList);
    else
        RuleBroken("%s: NET_BUFFER_LIST %p was not allocated from a NET_BUFFER_LIST pool", Function,
                   (PVOID)NetBufferList);
    return NULL;
}

const char *
NblHolderName(const NBL_BLOCK *Block)
{
    switch ((ULONG_PTR)__atomic_load_n(&Block->Holder, __ATOMIC_RELAXED) & NBL_HELD_MASK)
    {
    case NBL_HELD_BY_MINIPORT:
        return "with a miniport, to be sent";
    case NBL_HELD_BY_EDGE:
        return "indicated and not returned";
    case NBL_HELD_FOR_CALL:
        return "in an indication with NDIS_RECEIVE_FLAGS_RESOURCES that has not returned";
    case NBL_HELD_BY_POOL:
        return "freed";
    default:
        return "with whoever allocated it";
    }
}

static BOOLEAN
CheckPoolTag(const char *Function, ULONG Tag)
{
    if (Tag != 0)
        return TRUE;
    RuleBroken("%s: PoolTag is 0; a pool tag is required", Function);
    return FALSE;
}

static NBL_POOL *
PoolCreate(NDIS_OWNER *Owner, ULONG Signature, ULONG Tag, ULONG DataSize)
{
    NBL_POOL *Pool = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Pool), Tag);
    if (Pool == NULL)
        return NULL;
    RtlZeroMemory(Pool, sizeof(*Pool));
    Pool->Tag = Tag;
    Pool->DataSize = DataSize;
    KeInitializeSpinLock(&Pool->FreeLock);
    ResourceAdd(&Pool->Resource, Signature, Owner);
    return Pool;
}

NDIS_HANDLE NTAPI
NdisAllocateNetBufferListPool(NDIS_HANDLE NdisHandle, PNET_BUFFER_LIST_POOL_PARAMETERS Parameters)
{
    static const char Function[] = "NdisAllocateNetBufferListPool";
    NDIS_OWNER *Owner = OwnerFromHandle(Function, NdisHandle, TRUE);
    if (Owner == NULL || !RuleIrqlAtMost(Function, DISPATCH_LEVEL) ||
        RuleHeader(Function, &Parameters->Header, &ListPoolRule, NDIS_VERSION_ANY) !=
            NDIS_STATUS_SUCCESS ||
        !CheckPoolTag(Function, Parameters->PoolTag))
        return NULL;
    if (Parameters->ContextSize % MEMORY_ALLOCATION_ALIGNMENT != 0)
    {
        RuleBroken("%s: NET_BUFFER_LIST_POOL_PARAMETERS.ContextSize is %u; a multiple of "
                   "MEMORY_ALLOCATION_ALIGNMENT (%u) is required",
                   Function, (ULONG)Parameters->ContextSize, (ULONG)MEMORY_ALLOCATION_ALIGNMENT);
        return NULL;
    }
    if (Parameters->DataSize != 0 && !Parameters->fAllocateNetBuffer)
    {
        RuleBroken("%s: NET_BUFFER_LIST_POOL_PARAMETERS.DataSize is %u, but fAllocateNetBuffer is "
                   "FALSE; it must be TRUE then",
                   Function, Parameters->DataSize);
        return NULL;
    }
    if (Parameters->ProtocolId > NDIS_PROTOCOL_ID_MAX)
    {
        RuleBroken("%s: NET_BUFFER_LIST_POOL_PARAMETERS.ProtocolId is %x; miniports set "
                   "NDIS_PROTOCOL_ID_DEFAULT",
                   Function, (ULONG)Parameters->ProtocolId);
        return NULL;
    }
    NBL_POOL *Pool =
        PoolCreate(Owner, SIGNATURE_LIST_POOL, Parameters->PoolTag, Parameters->DataSize);
    if (Pool == NULL)
        return NULL;
    Pool->ContextSize = Parameters->ContextSize;
    Pool->ProtocolId = Parameters->ProtocolId;
    Pool->AllocateNetBuffer = Parameters->fAllocateNetBuffer;
    return Pool;
}

NDIS_HANDLE NTAPI
NdisAllocateNetBufferPool(NDIS_HANDLE NdisHandle, PNET_BUFFER_POOL_PARAMETERS Parameters)
{
    static const char Function[] = "NdisAllocateNetBufferPool";
    NDIS_OWNER *Owner = OwnerFromHandle(Function, NdisHandle, TRUE);
    if (Owner == NULL || !RuleIrqlAtMost(Function, DISPATCH_LEVEL) ||
        RuleHeader(Function, &Parameters->Header, &BufferPoolRule, NDIS_VERSION_ANY) !=
            NDIS_STATUS_SUCCESS ||
        !CheckPoolTag(Function, Parameters->PoolTag))
        return NULL;
    return PoolCreate(Owner, SIGNATURE_BUFFER_POOL, Parameters->PoolTag, Parameters->DataSize);
}

/* A freed block of the pool, or NULL. Both kinds of block keep the link at the same place. */
static PVOID
TakeFree(NBL_POOL *Pool, SIZE_T NextOffset)
{
    KIRQL Irql;
    KeAcquireSpinLock(&Pool->FreeLock, &Irql);
    PVOID Block = Pool->Free;
    if (Block != NULL)
    {
        Pool->Free = *(PVOID *)((PUCHAR)Block + NextOffset);
        Pool->FreeCount--;
    }
    KeReleaseSpinLock(&Pool->FreeLock, Irql);
    return Block;
}

/* FALSE if the pool keeps enough already. */
static BOOLEAN
KeepFree(NBL_POOL *Pool, PVOID Block, SIZE_T NextOffset)
{
    KIRQL Irql;
    KeAcquireSpinLock(&Pool->FreeLock, &Irql);
    BOOLEAN Keep = Pool->FreeCount < FREE_BLOCKS_KEPT;
    if (Keep)
    {
        *(PVOID *)((PUCHAR)Block + NextOffset) = Pool->Free;
        Pool->Free = Block;
        Pool->FreeCount++;
    }
    KeReleaseSpinLock(&Pool->FreeLock, Irql);
    return Keep;
}

/* Initialises a block for a NET_BUFFER; DataMdl is kept over its lives. */
static BOOLEAN
BufferPrepare(NB_BLOCK *Block, NBL_POOL *Pool, PUCHAR Data)
{
    Block->Signature = SIGNATURE_BUFFER;
    Block->Pool = Pool;
    Block->Retreated = 0;
    Block->RetreatMdl = NULL;
    RtlZeroMemory(&Block->NetBuffer, sizeof(Block->NetBuffer));
    Block->NetBuffer.NdisPoolHandle = Pool;
    if (Pool->DataSize == 0)
        return TRUE;
    if (Block->DataMdl == NULL)
    {
        Block->DataMdl = IoAllocateMdl(Data, Pool->DataSize, FALSE, FALSE, NULL);
        if (Block->DataMdl == NULL)
            return FALSE;
        MmBuildMdlForNonPagedPool(Block->DataMdl);
    }
    Block->DataMdl->Next = NULL;
    Block->NetBuffer.MdlChain = Block->DataMdl;
    Block->NetBuffer.CurrentMdl = Block->DataMdl;
    return TRUE;
}

static SIZE_T
BufferBlockBytes(const NBL_POOL *Pool)
{
    return ALIGN_UP_BY(sizeof(NB_BLOCK) + Pool->DataSize, MEMORY_ALLOCATION_ALIGNMENT);
}

static SIZE_T
ListBlockBytes(const NBL_POOL *Pool)
{
    SIZE_T Bytes = ALIGN_UP_BY(sizeof(NBL_BLOCK), MEMORY_ALLOCATION_ALIGNMENT);
    if (Pool->ContextSize != 0)
        Bytes += CONTEXT_BYTES(Pool->ContextSize);
    if (Pool->AllocateNetBuffer)
        Bytes += BufferBlockBytes(Pool);
    return Bytes;
}

static NBL_BLOCK *
ListCreate(NBL_POOL *Pool)
{
    NBL_BLOCK *Block = TakeFree(Pool, offsetof(NBL_BLOCK, NextFree));
    if (Block != NULL)
    {
        SanitizeOpen(&Block->List, sizeof(Block->List));
        if (Block->Buffer != NULL)
            SanitizeOpen(&Block->Buffer->NetBuffer, sizeof(NET_BUFFER));
        return Block;
    }
    SIZE_T Bytes = ListBlockBytes(Pool);
    Block = ExAllocatePoolWithTag(NonPagedPoolNx, Bytes, Pool->Tag);
    if (Block == NULL)
        return NULL;
    RtlZeroMemory(Block, Bytes);
    PUCHAR Next = (PUCHAR)Block + ALIGN_UP_BY(sizeof(NBL_BLOCK), MEMORY_ALLOCATION_ALIGNMENT);
    if (Pool->ContextSize != 0)
    {
        Block->PoolContext = (NET_BUFFER_LIST_CONTEXT *)(PVOID)Next;
        Next += CONTEXT_BYTES(Pool->ContextSize);
    }
    if (Pool->AllocateNetBuffer)
    {
        Block->Buffer = (NB_BLOCK *)(PVOID)Next;
        Block->Buffer->Embedded = TRUE;
    }
    return Block;
}

static VOID
ListDestroy(NBL_BLOCK *Block, NBL_POOL *Pool)
{
    SanitizeOpen(&Block->List, sizeof(Block->List));
    if (Block->Buffer != NULL)
    {
        SanitizeOpen(&Block->Buffer->NetBuffer, sizeof(NET_BUFFER));
        if (Block->Buffer->DataMdl != NULL)
            IoFreeMdl(Block->Buffer->DataMdl);
    }
    ExFreePoolWithTag(Block, Pool->Tag);
}

static VOID
BufferDestroy(NB_BLOCK *Block, NBL_POOL *Pool)
{
    SanitizeOpen(&Block->NetBuffer, sizeof(NET_BUFFER));
    if (Block->DataMdl != NULL)
        IoFreeMdl(Block->DataMdl);
    ExFreePoolWithTag(Block, Pool->Tag);
}

/* Context space at the end of what the pool provides, or of an allocation of its own. */
static BOOLEAN
ListSetContext(NBL_BLOCK *Block, NBL_POOL *Pool, USHORT ContextSize, USHORT BackFill)
{
    ULONG Size = (ULONG)ContextSize + BackFill;
    if (Size == 0 && Pool->ContextSize == 0)
        return TRUE;
    NET_BUFFER_LIST_CONTEXT *Context = Block->PoolContext;
    if (Size > Pool->ContextSize)
    {
        Context = ExAllocatePoolWithTag(NonPagedPoolNx, CONTEXT_BYTES(Size), TAG_CONTEXT);
        if (Context == NULL)
            return FALSE;
        Block->ExtraContext = Context;
    }
    else
        Size = Pool->ContextSize;
    Context->Next = NULL;
    Context->Size = (USHORT)Size;
    Context->Offset = (USHORT)(Size - ContextSize);
    Block->List.Context = Context;
    return TRUE;
}

static BOOLEAN
CheckContext(const char *Function, USHORT ContextSize, USHORT BackFill)
{
    if (ContextSize % MEMORY_ALLOCATION_ALIGNMENT == 0 &&
        BackFill % MEMORY_ALLOCATION_ALIGNMENT == 0 && (ULONG)ContextSize + BackFill <= MAXUSHORT)
        return TRUE;
    RuleBroken("%s: ContextSize is %u and ContextBackFill %u; multiples of "
               "MEMORY_ALLOCATION_ALIGNMENT (%u), together at most 65535, are required",
               Function, (ULONG)ContextSize, (ULONG)BackFill, (ULONG)MEMORY_ALLOCATION_ALIGNMENT);
    return FALSE;
}

static PNET_BUFFER_LIST
ListAllocate(NBL_POOL *Pool, USHORT ContextSize, USHORT BackFill)
{
    NBL_BLOCK *Block = ListCreate(Pool);
    if (Block == NULL)
        return NULL;
    RtlZeroMemory(&Block->List, sizeof(Block->List));
    Block->Sequence++;
    Block->Holder = NULL;
    Block->Pool = Pool;
    Block->ExtraContext = NULL;
    Block->List.NdisPoolHandle = Pool;
    Block->List.NdisReserved[0] = ListMark(&Block->List);
    NdisSetNetBufferListProtocolId(&Block->List, Pool->ProtocolId);
    if (Block->Buffer != NULL)
    {
        PUCHAR Data = (PUCHAR)(Block->Buffer + 1);
        if (!BufferPrepare(Block->Buffer, Pool, Data))
            goto Fail;
        Block->List.FirstNetBuffer = &Block->Buffer->NetBuffer;
    }
    if (!ListSetContext(Block, Pool, ContextSize, BackFill))
        goto Fail;
    Block->Signature = SIGNATURE_LIST;
    InterlockedIncrement(&Pool->Allocated);
    return &Block->List;

Fail:
    ListDestroy(Block, Pool);
    return NULL;
}

PNET_BUFFER_LIST NTAPI
NdisAllocateNetBufferList(NDIS_HANDLE PoolHandle, USHORT ContextSize, USHORT ContextBackFill)
{
    static const char Function[] = "NdisAllocateNetBufferList";
    if (!RuleIrqlAtMost(Function, DISPATCH_LEVEL) ||
        !ResourceIs(Function, PoolHandle, SIGNATURE_LIST_POOL) ||
        !CheckContext(Function, ContextSize, ContextBackFill))
        return NULL;
    return ListAllocate(PoolHandle, ContextSize, ContextBackFill);
}

static BOOLEAN
CheckData(const char *Function, PMDL MdlChain, ULONG DataOffset, SIZE_T DataLength)
{
    SIZE_T Bytes = 0;
    for (PMDL Mdl = MdlChain; Mdl != NULL; Mdl = Mdl->Next)
        Bytes += MmGetMdlByteCount(Mdl);
    if (DataLength <= MAXULONG && DataOffset <= Bytes && DataLength <= Bytes - DataOffset)
        return TRUE;
    RuleBroken("%s: DataOffset is %u and DataLength %u, but the MDL chain has %u bytes", Function,
               DataOffset, (ULONG)DataLength, (ULONG)Bytes);
    return FALSE;
}

static VOID
BufferSetData(PNET_BUFFER NetBuffer, PMDL MdlChain, ULONG DataOffset, SIZE_T DataLength)
{
    NetBuffer->MdlChain = MdlChain;
    NetBuffer->DataOffset = DataOffset;
    NetBuffer->DataLength = (ULONG)DataLength;
    NbSetCurrent(NetBuffer);
}

PNET_BUFFER_LIST NTAPI
NdisAllocateNetBufferAndNetBufferList(NDIS_HANDLE PoolHandle, USHORT ContextSize,
                                      USHORT ContextBackFill, PMDL MdlChain, ULONG DataOffset,
                                      SIZE_T DataLength)
{
    static const char Function[] = "NdisAllocateNetBufferAndNetBufferList";
    NBL_POOL *Pool = PoolHandle;
    if (!RuleIrqlAtMost(Function, DISPATCH_LEVEL) ||
        !ResourceIs(Function, PoolHandle, SIGNATURE_LIST_POOL) ||
        !CheckContext(Function, ContextSize, ContextBackFill) ||
        !CheckData(Function, MdlChain, DataOffset, DataLength))
        return NULL;
    if (!Pool->AllocateNetBuffer || Pool->DataSize != 0)
    {
        RuleBroken("%s: the pool was made with fAllocateNetBuffer %u and DataSize %u; TRUE and 0 "
                   "are required",
                   Function, (ULONG)Pool->AllocateNetBuffer, Pool->DataSize);
        return NULL;
    }
    PNET_BUFFER_LIST List = ListAllocate(Pool, ContextSize, ContextBackFill);
    if (List != NULL)
        BufferSetData(List->FirstNetBuffer, MdlChain, DataOffset, DataLength);
    return List;
}

VOID NTAPI
NdisFreeNetBufferList(PNET_BUFFER_LIST NetBufferList)
{
    static const char Function[] = "NdisFreeNetBufferList";
    NBL_BLOCK *Block = NblBlock(Function, NetBufferList);
    if (Block == NULL || !RuleIrqlAtMost(Function, DISPATCH_LEVEL))
        return;
    /* Marked first: of two that free it at once, one finds it marked. */
    if (!NblHandOver(Block, 0, NBL_HELD_BY_POOL))
    {
        RuleBroken("%s: NET_BUFFER_LIST %p is %s", Function, (PVOID)NetBufferList,
                   NblHolderName(Block));
        return;
    }
    if (NetBufferList->Context != NULL && NetBufferList->Context != Block->PoolContext &&
        NetBufferList->Context != Block->ExtraContext)
    {
        RuleBroken("%s: NET_BUFFER_LIST %p still has context space of "
                   "NdisAllocateNetBufferListContext; it must be freed first",
                   Function, (PVOID)NetBufferList);
        Block->Holder = NULL;
        return;
    }
    if (Block->Buffer != NULL && NbRetreated(Block->Buffer) != 0)
    {
        RuleBroken("%s: the NET_BUFFER of NET_BUFFER_LIST %p still has an MDL that "
                   "NdisRetreatNetBufferDataStart added",
                   Function, (PVOID)NetBufferList);
        Block->Holder = NULL;
        return;
    }
    NBL_POOL *Pool = Block->Pool;
    if (Block->ExtraContext != NULL)
        ExFreePoolWithTag(Block->ExtraContext, TAG_CONTEXT);
    Block->Signature = SIGNATURE_FREED;
    if (Block->Buffer != NULL)
    {
        Block->Buffer->Signature = SIGNATURE_FREED;
        SanitizeShut(&Block->Buffer->NetBuffer, sizeof(NET_BUFFER));
    }
    SanitizeShut(&Block->List, sizeof(Block->List));
    if (!KeepFree(Pool, Block, offsetof(NBL_BLOCK, NextFree)))
        ListDestroy(Block, Pool);
    InterlockedDecrement(&Pool->Allocated);
}

static PNET_BUFFER
BufferAllocate(NBL_POOL *Pool)
{
    NB_BLOCK *Block = TakeFree(Pool, offsetof(NB_BLOCK, NextFree));
    if (Block != NULL)
        SanitizeOpen(&Block->NetBuffer, sizeof(Block->NetBuffer));
    else
    {
        Block = ExAllocatePoolWithTag(NonPagedPoolNx, BufferBlockBytes(Pool), Pool->Tag);
        if (Block == NULL)
            return NULL;
        RtlZeroMemory(Block, sizeof(*Block));
    }
    if (!BufferPrepare(Block, Pool, (PUCHAR)(Block + 1)))
    {
        BufferDestroy(Block, Pool);
        return NULL;
    }
    InterlockedIncrement(&Pool->Allocated);
    return &Block->NetBuffer;
}

PNET_BUFFER NTAPI
NdisAllocateNetBuffer(NDIS_HANDLE PoolHandle, PMDL MdlChain, ULONG DataOffset, SIZE_T DataLength)
{
    static const char Function[] = "NdisAllocateNetBuffer";
    NBL_POOL *Pool = PoolHandle;
    if (!RuleIrqlAtMost(Function, DISPATCH_LEVEL) ||
        !ResourceIs(Function, PoolHandle, SIGNATURE_BUFFER_POOL) ||
        !CheckData(Function, MdlChain, DataOffset, DataLength))
        return NULL;
    if (Pool->DataSize != 0)
    {
        RuleBroken("%s: the pool was made with DataSize %u; NdisAllocateNetBufferMdlAndData is for "
                   "such pools",
                   Function, Pool->DataSize);
        return NULL;
    }
    PNET_BUFFER NetBuffer = BufferAllocate(Pool);
    if (NetBuffer != NULL)
        BufferSetData(NetBuffer, MdlChain, DataOffset, DataLength);
    return NetBuffer;
}

PNET_BUFFER NTAPI
NdisAllocateNetBufferMdlAndData(NDIS_HANDLE PoolHandle)
{
    static const char Function[] = "NdisAllocateNetBufferMdlAndData";
    if (!RuleIrqlAtMost(Function, DISPATCH_LEVEL) ||
        !ResourceIs(Function, PoolHandle, SIGNATURE_BUFFER_POOL))
        return NULL;
    if (((NBL_POOL *)PoolHandle)->DataSize == 0)
    {
        RuleBroken("%s: the pool was made with DataSize 0", Function);
        return NULL;
    }
    return BufferAllocate(PoolHandle);
}

VOID NTAPI
NdisFreeNetBuffer(PNET_BUFFER NetBuffer)
{
    static const char Function[] = "NdisFreeNetBuffer";
    NB_BLOCK *Block = CONTAINING_RECORD(NetBuffer, NB_BLOCK, NetBuffer);
    if (!RuleIrqlAtMost(Function, DISPATCH_LEVEL))
        return;
    if (Block->Signature != SIGNATURE_BUFFER)
    {
        RuleBroken("%s: NET_BUFFER %p %s", Function, (PVOID)NetBuffer,
                   Block->Signature == SIGNATURE_FREED ? "has been freed"
                                                       : "was not allocated from a pool");
        return;
    }
    if (Block->Embedded)
    {
        RuleBroken("%s: NET_BUFFER %p was allocated with its NET_BUFFER_LIST; it is freed with it",
                   Function, (PVOID)NetBuffer);
        return;
    }
    if (NbRetreated(Block) != 0)
    {
        RuleBroken("%s: NET_BUFFER %p still has an MDL that NdisRetreatNetBufferDataStart added",
                   Function, (PVOID)NetBuffer);
        return;
    }
    NBL_POOL *Pool = Block->Pool;
    Block->Signature = SIGNATURE_FREED;
    SanitizeShut(&Block->NetBuffer, sizeof(Block->NetBuffer));
    if (!KeepFree(Pool, Block, offsetof(NB_BLOCK, NextFree)))
        BufferDestroy(Block, Pool);
    InterlockedDecrement(&Pool->Allocated);
}

static BOOLEAN
CheckPoolFree(const char *Function, NDIS_HANDLE PoolHandle, ULONG Signature)
{
    if (!RuleIrqlAtMost(Function, DISPATCH_LEVEL) || !ResourceIs(Function, PoolHandle, Signature))
        return FALSE;
    LONG Allocated = ReadWord(&((NBL_POOL *)PoolHandle)->Allocated);
    if (Allocated == 0)
        return TRUE;
    RuleBroken("%s: %u structures of pool %p have not been freed; all must be freed before it",
               Function, (ULONG)Allocated, PoolHandle);
    return FALSE;
}

VOID NTAPI
NdisFreeNetBufferListPool(NDIS_HANDLE PoolHandle)
{
    NBL_POOL *Pool = PoolHandle;
    NBL_BLOCK *Block;
    if (!CheckPoolFree("NdisFreeNetBufferListPool", PoolHandle, SIGNATURE_LIST_POOL))
        return;
    ResourceRemove(&Pool->Resource);
    while ((Block = TakeFree(Pool, offsetof(NBL_BLOCK, NextFree))) != NULL)
        ListDestroy(Block, Pool);
    ExFreePoolWithTag(Pool, Pool->Tag);
}

VOID NTAPI
NdisFreeNetBufferPool(NDIS_HANDLE PoolHandle)
{
    NBL_POOL *Pool = PoolHandle;
    NB_BLOCK *Block;
    if (!CheckPoolFree("NdisFreeNetBufferPool", PoolHandle, SIGNATURE_BUFFER_POOL))
        return;
    ResourceRemove(&Pool->Resource);
    while ((Block = TakeFree(Pool, offsetof(NB_BLOCK, NextFree))) != NULL)
        BufferDestroy(Block, Pool);
    ExFreePoolWithTag(Pool, Pool->Tag);
}

NDIS_HANDLE NTAPI
NdisGetPoolFromNetBufferList(PNET_BUFFER_LIST NetBufferList)
{
    return NetBufferList->NdisPoolHandle;
}

NDIS_HANDLE NTAPI
NdisGetPoolFromNetBuffer(PNET_BUFFER NetBuffer)
{
    return NetBuffer->NdisPoolHandle;
}
