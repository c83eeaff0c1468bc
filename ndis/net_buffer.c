/* SPDX-License-Identifier: MIT */
/* The data and the context space of NET_BUFFERs and NET_BUFFER_LISTs. Pages
 * "NdisRetreatNetBufferDataStart", "NdisAdvanceNetBufferDataStart", "NdisGetDataBuffer",
 * "NdisCopyFromNetBufferToNetBuffer", "NdisAllocateNetBufferListContext" and neighbours. */
#include "extra.h"
#include "nbl.h"
#include "verify.h"

#define TAG_RETREAT OBJECT_SIGNATURE('N', 'd', 'R', 't')

VOID
NbSetCurrent(PNET_BUFFER NetBuffer)
{
    PMDL Mdl = NetBuffer->MdlChain;
    ULONG Offset = NetBuffer->DataOffset;
    /* The end of one MDL is the beginning of the next one, if there is one. */
    while (Mdl != NULL && Offset >= MmGetMdlByteCount(Mdl) && Mdl->Next != NULL)
    {
        Offset -= MmGetMdlByteCount(Mdl);
        Mdl = Mdl->Next;
    }
    NetBuffer->CurrentMdl = Mdl;
    NetBuffer->CurrentMdlOffset = Offset;
}

PMDL NTAPI
NdisAdjustNetBufferCurrentMdl(PNET_BUFFER NetBuffer)
{
    NbSetCurrent(NetBuffer);
    return NetBuffer->CurrentMdl;
}

static NB_BLOCK *
BufferBlock(const char *Function, PNET_BUFFER NetBuffer)
{
    NB_BLOCK *Block = CONTAINING_RECORD(NetBuffer, NB_BLOCK, NetBuffer);
    if (Block->Signature == SIGNATURE_BUFFER)
        return Block;
    RuleBroken("%s: NET_BUFFER %p %s", Function, (PVOID)NetBuffer,
               Block->Signature == SIGNATURE_FREED ? "has been freed"
                                                   : "was not allocated from a pool");
    return NULL;
}

static PMDL
RetreatAllocate(ULONG Bytes)
{
    PVOID Memory = ExAllocatePoolWithTag(NonPagedPoolNx, Bytes, TAG_RETREAT);
    if (Memory == NULL)
        return NULL;
    PMDL Mdl = IoAllocateMdl(Memory, Bytes, FALSE, FALSE, NULL);
    if (Mdl == NULL)
    {
        ExFreePoolWithTag(Memory, TAG_RETREAT);
        return NULL;
    }
    MmBuildMdlForNonPagedPool(Mdl);
    return Mdl;
}

static VOID
RetreatFree(PMDL Mdl)
{
    PVOID Memory = MmGetMdlVirtualAddress(Mdl);
    IoFreeMdl(Mdl);
    ExFreePoolWithTag(Memory, TAG_RETREAT);
}

NDIS_STATUS NTAPI
NdisRetreatNetBufferDataStart(PNET_BUFFER NetBuffer, ULONG DataOffsetDelta, ULONG DataBackFill,
                              NET_BUFFER_ALLOCATE_MDL_HANDLER AllocateMdlHandler)
{
    static const char Function[] = "NdisRetreatNetBufferDataStart";
    NB_BLOCK *Block = BufferBlock(Function, NetBuffer);
    if (Block == NULL || !RuleIrqlAtMost(Function, DISPATCH_LEVEL))
        return NDIS_STATUS_FAILURE;
    if (DataOffsetDelta > MAXULONG - NetBuffer->DataLength)
        return NDIS_STATUS_FAILURE;
    if (DataOffsetDelta > NetBuffer->DataOffset)
    {
        /* The space that is there is used up; the rest goes into an MDL before it. */
        ULONG Missing = DataOffsetDelta - NetBuffer->DataOffset;
        if (DataBackFill > MAXULONG - Missing)
            return NDIS_STATUS_FAILURE;
        ULONG Bytes = Missing + DataBackFill;
        PMDL Mdl = AllocateMdlHandler != NULL ? AllocateMdlHandler(&Bytes) : RetreatAllocate(Bytes);
        if (Mdl == NULL)
            return NDIS_STATUS_RESOURCES;
        Bytes = MmGetMdlByteCount(Mdl);
        if (Bytes < Missing)
        {
            RuleBroken("%s: the MDL of NetAllocateMdl has %u bytes; at least %u are required",
                       Function, Bytes, Missing);
            return NDIS_STATUS_FAILURE;
        }
        Block->Retreated = NbRetreated(Block) + 1;
        Block->RetreatMdl = Mdl;
        Mdl->Next = NetBuffer->MdlChain;
        NetBuffer->MdlChain = Mdl;
        NetBuffer->DataOffset = Bytes - Missing;
    }
    else
        NetBuffer->DataOffset -= DataOffsetDelta;
    NetBuffer->DataLength += DataOffsetDelta;
    NbSetCurrent(NetBuffer);
    return NDIS_STATUS_SUCCESS;
}

VOID NTAPI
NdisAdvanceNetBufferDataStart(PNET_BUFFER NetBuffer, ULONG DataOffsetDelta, BOOLEAN FreeMdl,
                              NET_BUFFER_FREE_MDL_HANDLER FreeMdlHandler)
{
    static const char Function[] = "NdisAdvanceNetBufferDataStart";
    NB_BLOCK *Block = BufferBlock(Function, NetBuffer);
    if (Block == NULL || !RuleIrqlAtMost(Function, DISPATCH_LEVEL))
        return;
    if (DataOffsetDelta > NetBuffer->DataLength)
    {
        RuleBroken("%s: DataOffsetDelta is %u, but NET_BUFFER %p has only %u bytes", Function,
                   DataOffsetDelta, (PVOID)NetBuffer, NetBuffer->DataLength);
        return;
    }
    NetBuffer->DataOffset += DataOffsetDelta;
    NetBuffer->DataLength -= DataOffsetDelta;
    /* Only MDLs that a retreat added may go, and only when no data is left in them. */
    while (FreeMdl && NbRetreated(Block) != 0 &&
           NetBuffer->DataOffset >= MmGetMdlByteCount(NetBuffer->MdlChain))
    {
        PMDL Mdl = NetBuffer->MdlChain;
        NetBuffer->DataOffset -= MmGetMdlByteCount(Mdl);
        NetBuffer->MdlChain = Mdl->Next;
        Mdl->Next = NULL;
        Block->Retreated--;
        Block->RetreatMdl = NetBuffer->MdlChain;
        if (FreeMdlHandler != NULL)
            FreeMdlHandler(Mdl);
        else
            RetreatFree(Mdl);
    }
    NbSetCurrent(NetBuffer);
}

NDIS_STATUS NTAPI
NdisRetreatNetBufferListDataStart(PNET_BUFFER_LIST NetBufferList, ULONG DataOffsetDelta,
                                  ULONG DataBackFill,
                                  NET_BUFFER_ALLOCATE_MDL_HANDLER AllocateMdlHandler,
                                  NET_BUFFER_FREE_MDL_HANDLER FreeMdlHandler)
{
    PNET_BUFFER NetBuffer = NetBufferList->FirstNetBuffer;
    for (; NetBuffer != NULL; NetBuffer = NetBuffer->Next)
    {
        NDIS_STATUS Status = NdisRetreatNetBufferDataStart(NetBuffer, DataOffsetDelta, DataBackFill,
                                                           AllocateMdlHandler);
        if (Status == NDIS_STATUS_SUCCESS)
            continue;
        for (PNET_BUFFER Done = NetBufferList->FirstNetBuffer; Done != NetBuffer; Done = Done->Next)
            NdisAdvanceNetBufferDataStart(Done, DataOffsetDelta, TRUE, FreeMdlHandler);
        return Status;
    }
    return NDIS_STATUS_SUCCESS;
}

VOID NTAPI
NdisAdvanceNetBufferListDataStart(PNET_BUFFER_LIST NetBufferList, ULONG DataOffsetDelta,
                                  BOOLEAN FreeMdl, NET_BUFFER_FREE_MDL_HANDLER FreeMdlHandler)
{
    for (PNET_BUFFER NetBuffer = NetBufferList->FirstNetBuffer; NetBuffer != NULL;
         NetBuffer = NetBuffer->Next)
        NdisAdvanceNetBufferDataStart(NetBuffer, DataOffsetDelta, FreeMdl, FreeMdlHandler);
}

/* A position in the memory that an MDL chain describes. */
typedef struct MDL_CURSOR
{
    PMDL Mdl;
    ULONG Offset;
} MDL_CURSOR;

/* Moves over the ends of MDLs; FALSE at the end of the chain. */
static BOOLEAN
CursorSettle(MDL_CURSOR *Cursor)
{
    while (Cursor->Mdl != NULL && Cursor->Offset >= MmGetMdlByteCount(Cursor->Mdl))
    {
        Cursor->Offset -= MmGetMdlByteCount(Cursor->Mdl);
        Cursor->Mdl = Cursor->Mdl->Next;
    }
    return Cursor->Mdl != NULL;
}

/* The bytes at the cursor within its MDL, NULL if they cannot be mapped. */
static PUCHAR
CursorMap(const MDL_CURSOR *Cursor, PULONG Bytes)
{
    PUCHAR Base = MmGetSystemAddressForMdlSafe(Cursor->Mdl, NormalPagePriority);
    *Bytes = MmGetMdlByteCount(Cursor->Mdl) - Cursor->Offset;
    return Base == NULL ? NULL : Base + Cursor->Offset;
}

PVOID NTAPI
NdisGetDataBuffer(PNET_BUFFER NetBuffer, ULONG BytesNeeded, PVOID Storage, UINT AlignMultiple,
                  UINT AlignOffset)
{
    static const char Function[] = "NdisGetDataBuffer";
    if (!RuleIrqlAtMost(Function, DISPATCH_LEVEL))
        return NULL;
    if (AlignMultiple == 0 || (AlignMultiple & (AlignMultiple - 1)) != 0)
    {
        RuleBroken("%s: AlignMultiple is %u; a power of two is required", Function, AlignMultiple);
        return NULL;
    }
    if (BytesNeeded == 0 || NetBuffer->DataLength < BytesNeeded)
        return NULL;
    MDL_CURSOR Cursor = {NetBuffer->CurrentMdl, NetBuffer->CurrentMdlOffset};
    ULONG Bytes;
    if (!CursorSettle(&Cursor))
        return NULL;
    PUCHAR Data = CursorMap(&Cursor, &Bytes);
    if (Data == NULL)
        return NULL;
    if (Bytes >= BytesNeeded &&
        (((ULONG_PTR)Data - AlignOffset) & ((ULONG_PTR)AlignMultiple - 1)) == 0)
        return Data;
    if (Storage == NULL)
        return NULL;
    for (ULONG Copied = 0; Copied < BytesNeeded;)
    {
        Data = CursorSettle(&Cursor) ? CursorMap(&Cursor, &Bytes) : NULL;
        if (Data == NULL)
            return NULL;
        Bytes = min(Bytes, BytesNeeded - Copied);
        RtlCopyMemory((PUCHAR)Storage + Copied, Data, Bytes);
        Copied += Bytes;
        Cursor.Offset += Bytes;
    }
    return Storage;
}

NDIS_STATUS NTAPI
NdisCopyFromNetBufferToNetBuffer(PNET_BUFFER Destination, ULONG DestinationOffset,
                                 ULONG BytesToCopy, const NET_BUFFER *Source, ULONG SourceOffset,
                                 PULONG BytesCopied)
{
    static const char Function[] = "NdisCopyFromNetBufferToNetBuffer";
    *BytesCopied = 0;
    if (!RuleIrqlAtMost(Function, DISPATCH_LEVEL))
        return NDIS_STATUS_RESOURCES;
    /* Offsets count from the current position, whatever DataLength of the destination says. */
    MDL_CURSOR To = {Destination->CurrentMdl, Destination->CurrentMdlOffset};
    MDL_CURSOR From = {Source->CurrentMdl, Source->CurrentMdlOffset};
    if (SourceOffset >= Source->DataLength || DestinationOffset > MAXULONG - To.Offset)
        return NDIS_STATUS_SUCCESS;
    ULONG Left = min(BytesToCopy, Source->DataLength - SourceOffset);
    To.Offset += DestinationOffset;
    From.Offset += SourceOffset;
    while (Left != 0 && CursorSettle(&To) && CursorSettle(&From))
    {
        ULONG ToBytes;
        ULONG FromBytes;
        PUCHAR ToData = CursorMap(&To, &ToBytes);
        PUCHAR FromData = CursorMap(&From, &FromBytes);
        if (ToData == NULL || FromData == NULL)
            return NDIS_STATUS_RESOURCES;
        ULONG Bytes = min(Left, min(ToBytes, FromBytes));
        RtlCopyMemory(ToData, FromData, Bytes);
        To.Offset += Bytes;
        From.Offset += Bytes;
        Left -= Bytes;
        *BytesCopied += Bytes;
    }
    return NDIS_STATUS_SUCCESS;
}

ULONG NTAPI
NdisQueryNetBufferPhysicalCount(PNET_BUFFER NetBuffer)
{
    ULONG Pages = 0;
    ULONG Left = NetBuffer->DataLength;
    MDL_CURSOR Cursor = {NetBuffer->CurrentMdl, NetBuffer->CurrentMdlOffset};
    while (Left != 0 && CursorSettle(&Cursor))
    {
        ULONG Bytes = min(Left, MmGetMdlByteCount(Cursor.Mdl) - Cursor.Offset);
        PUCHAR Address = (PUCHAR)MmGetMdlVirtualAddress(Cursor.Mdl) + Cursor.Offset;
        Pages += ADDRESS_AND_SIZE_TO_SPAN_PAGES(Address, Bytes);
        Cursor.Offset += Bytes;
        Left -= Bytes;
    }
    return Pages;
}

static BOOLEAN
CheckContextSizes(const char *Function, USHORT ContextSize, USHORT BackFill)
{
    if (ContextSize % sizeof(PVOID) == 0 && BackFill % sizeof(PVOID) == 0 &&
        (ULONG)ContextSize + BackFill <= MAXUSHORT)
        return TRUE;
    RuleBroken(
        "%s: ContextSize is %u and ContextBackFill %u; multiples of sizeof(void *), together "
        "at most 65535, are required",
        Function, (ULONG)ContextSize, (ULONG)BackFill);
    return FALSE;
}

NDIS_STATUS NTAPI
NdisAllocateNetBufferListContext(PNET_BUFFER_LIST NetBufferList, USHORT ContextSize,
                                 USHORT ContextBackFill, ULONG PoolTag)
{
    static const char Function[] = "NdisAllocateNetBufferListContext";
    if (NblBlock(Function, NetBufferList) == NULL || !RuleIrqlAtMost(Function, DISPATCH_LEVEL) ||
        !CheckContextSizes(Function, ContextSize, ContextBackFill))
        return NDIS_STATUS_FAILURE;
    NET_BUFFER_LIST_CONTEXT *Context = NetBufferList->Context;
    if (Context != NULL && Context->Offset >= ContextSize)
    {
        Context->Offset = (USHORT)(Context->Offset - ContextSize);
        return NDIS_STATUS_SUCCESS;
    }
    if (PoolTag == 0)
    {
        RuleBroken("%s: PoolTag is 0; a pool tag is required", Function);
        return NDIS_STATUS_FAILURE;
    }
    ULONG Size = (ULONG)ContextSize + ContextBackFill;
    /* ExFreePool needs no tag, and the page of the freeing function has none. */
    Context = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Context) + Size, PoolTag);
    if (Context == NULL)
        return NDIS_STATUS_RESOURCES;
    Context->Next = NetBufferList->Context;
    Context->Size = (USHORT)Size;
    Context->Offset = ContextBackFill;
    NetBufferList->Context = Context;
    return NDIS_STATUS_SUCCESS;
}

VOID NTAPI
NdisFreeNetBufferListContext(PNET_BUFFER_LIST NetBufferList, USHORT ContextSize)
{
    static const char Function[] = "NdisFreeNetBufferListContext";
    NBL_BLOCK *Block = NblBlock(Function, NetBufferList);
    if (Block == NULL || !RuleIrqlAtMost(Function, DISPATCH_LEVEL))
        return;
    NET_BUFFER_LIST_CONTEXT *Context = NetBufferList->Context;
    if (Context == NULL || ContextSize > Context->Size - Context->Offset)
    {
        RuleBroken("%s: ContextSize is %u, but NET_BUFFER_LIST %p has %u bytes of context in use",
                   Function, (ULONG)ContextSize, (PVOID)NetBufferList,
                   Context == NULL ? 0u : (ULONG)(Context->Size - Context->Offset));
        return;
    }
    Context->Offset = (USHORT)(Context->Offset + ContextSize);
    if (Context->Offset != Context->Size || Context == Block->PoolContext ||
        Context == Block->ExtraContext)
        return;
    NetBufferList->Context = Context->Next;
    ExFreePool(Context);
}
