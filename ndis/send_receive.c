/* SPDX-License-Identifier: MIT */
/*
 * The data path: sends from the environment to the miniport and their completion, indications from
 * the miniport to the environment and their return.
 *
 * Hot: per NET_BUFFER_LIST one compare-and-exchange of its holder, per call a few atomic additions
 * to the adapter's gates, no lock and no allocation. A list of lists is followed only as far as
 * each is in the hands that it must be in, so a chain that is corrupt or runs in a circle ends the
 * walk.
 */
#include "nbl.h"
#include "verify.h"

#define KNOWN_RECEIVE_FLAGS                                                                        \
    (NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL | NDIS_RECEIVE_FLAGS_RESOURCES |                            \
     NDIS_RECEIVE_FLAGS_SINGLE_ETHER_TYPE | NDIS_RECEIVE_FLAGS_SINGLE_VLAN |                       \
     NDIS_RECEIVE_FLAGS_PERFECT_FILTERED | NDIS_RECEIVE_FLAGS_SINGLE_QUEUE |                       \
     NDIS_RECEIVE_FLAGS_SHARED_MEMORY_INFO_VALID)
#define KNOWN_SEND_COMPLETE_FLAGS                                                                  \
    (NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL | NDIS_SEND_COMPLETE_FLAGS_SINGLE_QUEUE |             \
     NDIS_SEND_COMPLETE_FLAGS_SWITCH_SINGLE_SOURCE)

static ULONG_PTR
HeldBy(const NDIS_ADAPTER *Adapter, ULONG_PTR How)
{
    return (ULONG_PTR)Adapter | How;
}

/* IRQL and flags of a call of the miniport. Page "Dispatch IRQL Tracking": all …_DISPATCH_LEVEL
 * flags are 1. */
static BOOLEAN
CheckCall(const char *Function, ULONG Flags, ULONG KnownFlags)
{
    KIRQL Irql = KeGetCurrentIrql();
    if (Irql > DISPATCH_LEVEL)
        return RuleIrqlAtMost(Function, DISPATCH_LEVEL);
    if ((Flags & NDIS_SEND_FLAGS_DISPATCH_LEVEL) && Irql != DISPATCH_LEVEL)
    {
        RuleBroken("%s: the flags say DISPATCH_LEVEL, but the IRQL is %u", Function, (ULONG)Irql);
        return FALSE;
    }
    if (Flags & ~KnownFlags)
    {
        RuleBroken("%s: the flags are %x; only %x are defined for miniports", Function, Flags,
                   KnownFlags);
        return FALSE;
    }
    return TRUE;
}

static VOID
HandBack(const NDIS_ADAPTER *Adapter, PNET_BUFFER_LIST Chain, ULONG Count, ULONG_PTR How)
{
    for (; Count != 0; Count--, Chain = Chain->Next)
        NblHandOver(CONTAINING_RECORD(Chain, NBL_BLOCK, List), HeldBy(Adapter, How), 0);
}

/* ---- Sends ----------------------------------------------------------------------------------- */

VOID
NdisEdgeSend(NDIS_ADAPTER *Adapter, PNET_BUFFER_LIST NetBufferLists, ULONG SendFlags)
{
    static const char Function[] = "NdisEdgeSend";
    ULONG Count = 0;
    KIRQL Irql = KeGetCurrentIrql();
    NDIS_STATUS MustRefuse = ReadWord(&Adapter->MustRefuse);
    for (PNET_BUFFER_LIST List = NetBufferLists; List != NULL; List = List->Next, Count++)
    {
        NBL_BLOCK *Block = NblBlock(Function, List);
        if (Block == NULL || !NblHandOver(Block, 0, HeldBy(Adapter, NBL_HELD_BY_MINIPORT)))
        {
            if (Block != NULL)
                RuleBroken("%s: NET_BUFFER_LIST %p is %s", Function, (PVOID)List,
                           NblHolderName(Block));
            HandBack(Adapter, NetBufferLists, Count, NBL_HELD_BY_MINIPORT);
            return;
        }
        Block->SentNetBuffer = List->FirstNetBuffer;
        Block->MustRefuse = MustRefuse;
        List->Status = NDIS_STATUS_PENDING;
    }
    if (Count == 0)
        return;
    if (!GateEnter(&Adapter->Sends, (LONG)Count))
    {
        HandBack(Adapter, NetBufferLists, Count, NBL_HELD_BY_MINIPORT);
        for (PNET_BUFFER_LIST List = NetBufferLists; List != NULL; List = List->Next)
            List->Status = NDIS_STATUS_PAUSED;
        EdgeSendComplete(Adapter->Edge, NetBufferLists);
        return;
    }
    BOOLEAN Counted = ReadWord(&Adapter->SendWhilePausing) && GateEnter(&Adapter->SendCalls, 1);
    Adapter->Driver->Characteristics.SendNetBufferListsHandler(
        Adapter->MiniportAdapterContext, NetBufferLists, NDIS_DEFAULT_PORT_NUMBER, SendFlags);
    RuleReturnedAt("MiniportSendNetBufferLists", Irql);
    if (Counted)
        GateLeave(&Adapter->SendCalls, 1);
}

/* Page "NdisMSendNetBufferListsComplete"; NOT_ACCEPTED from "MINIPORT_DEVICE_PNP_EVENT_NOTIFY" and
 * LOW_POWER_STATE from "OID_PNP_SET_POWER". */
static BOOLEAN
IsSendStatus(NDIS_STATUS Status)
{
    switch (Status)
    {
    case NDIS_STATUS_SUCCESS:
    case NDIS_STATUS_INVALID_LENGTH:
    case NDIS_STATUS_RESOURCES:
    case NDIS_STATUS_PAUSED:
    case NDIS_STATUS_SEND_ABORTED:
    case NDIS_STATUS_RESET_IN_PROGRESS:
    case NDIS_STATUS_FAILURE:
    case NDIS_STATUS_NOT_ACCEPTED:
    case NDIS_STATUS_LOW_POWER_STATE:
        return TRUE;
    default:
        return FALSE;
    }
}

/* Takes one list back from the miniport; FALSE if it is not the miniport's to complete. */
static BOOLEAN
TakeCompleted(const char *Function, NDIS_ADAPTER *Adapter, PNET_BUFFER_LIST List)
{
    NBL_BLOCK *Block = NblBlock(Function, List);
    if (Block == NULL)
        return FALSE;
    /* Read while the miniport still holds it. */
    NDIS_STATUS Status = List->Status;
    BOOLEAN Changed = List->FirstNetBuffer != Block->SentNetBuffer;
    NDIS_STATUS MustRefuse = Block->MustRefuse;
    if (!NblHandOver(Block, HeldBy(Adapter, NBL_HELD_BY_MINIPORT), 0))
    {
        RuleBroken("%s: NET_BUFFER_LIST %p is %s; it is not outstanding with this adapter, or has "
                   "been completed before",
                   Function, (PVOID)List, NblHolderName(Block));
        return FALSE;
    }
    if (!IsSendStatus(Status))
    {
        RuleBroken("%s: NET_BUFFER_LIST %p has Status %x; the miniport must set one of those that "
                   "the page of this function lists",
                   Function, (PVOID)List, (ULONG)Status);
        List->Status = NDIS_STATUS_FAILURE;
    }
    /* Pages "MINIPORT_DEVICE_PNP_EVENT_NOTIFY" and "Pausing an Adapter". */
    if (MustRefuse != NDIS_STATUS_SUCCESS && Status != MustRefuse)
        RuleBroken(
            "%s: NET_BUFFER_LIST %p has Status %x; it was sent after %s, so %s is required",
            Function, (PVOID)List, (ULONG)Status,
            MustRefuse == NDIS_STATUS_PAUSED ? "MiniportPause had returned NDIS_STATUS_PENDING"
                                             : "the miniport was told of the surprise removal",
            MustRefuse == NDIS_STATUS_PAUSED ? "NDIS_STATUS_PAUSED" : "NDIS_STATUS_NOT_ACCEPTED");
    if (Changed)
    {
        RuleBroken("%s: FirstNetBuffer of NET_BUFFER_LIST %p has changed; a miniport must not "
                   "modify the list of NET_BUFFERs",
                   Function, (PVOID)List);
        List->FirstNetBuffer = Block->SentNetBuffer;
    }
    return TRUE;
}

VOID NTAPI
NdisMSendNetBufferListsComplete(NDIS_HANDLE MiniportAdapterHandle, PNET_BUFFER_LIST NetBufferList,
                                ULONG SendCompleteFlags)
{
    static const char Function[] = "NdisMSendNetBufferListsComplete";
    NDIS_ADAPTER *Adapter = AdapterFromHandle(Function, MiniportAdapterHandle);
    if (Adapter == NULL || !CheckCall(Function, SendCompleteFlags, KNOWN_SEND_COMPLETE_FLAGS))
        return;
    if (NetBufferList == NULL)
    {
        RuleBroken("%s: NetBufferList is NULL", Function);
        return;
    }
    LONG Count = 0;
    PNET_BUFFER_LIST *Link = &NetBufferList;
    for (; *Link != NULL; Link = &(*Link)->Next, Count++)
    {
        if (!TakeCompleted(Function, Adapter, *Link))
        {
            *Link = NULL;
            break;
        }
    }
    if (Count == 0)
        return;
    /* The pause that may be waiting for these lists waits for this call too. */
    BOOLEAN Inside = GateEnter(&Adapter->Calls, 1);
    GateLeave(&Adapter->Sends, Count);
    if (ReadWord(&Adapter->State) == AdapterHalted)
        RuleBroken("%s: the adapter is Halted; sends must be completed before a pause is",
                   Function);
    else
        EdgeSendComplete(Adapter->Edge, NetBufferList);
    if (Inside)
        GateLeave(&Adapter->Calls, 1);
}

/* ---- Indications ----------------------------------------------------------------------------- */

/* The data of a NET_BUFFER: page "NET_BUFFER Architecture" and
 * "NdisAllocateNetBufferAndNetBufferList", remarks. */
static BOOLEAN
CheckBuffer(const char *Function, PNET_BUFFER NetBuffer)
{
    SIZE_T Bytes = 0;
    SIZE_T BeforeCurrent = 0;
    BOOLEAN CurrentSeen = FALSE;
    for (PMDL Mdl = NetBuffer->MdlChain; Mdl != NULL; Mdl = Mdl->Next)
    {
        if (Mdl == NetBuffer->CurrentMdl)
        {
            CurrentSeen = TRUE;
            BeforeCurrent = Bytes;
        }
        Bytes += MmGetMdlByteCount(Mdl);
    }
    if (NetBuffer->DataLength == 0)
    {
        RuleBroken("%s: NET_BUFFER %p has DataLength 0", Function, (PVOID)NetBuffer);
        return FALSE;
    }
    if (NetBuffer->DataOffset > Bytes || NetBuffer->DataLength > Bytes - NetBuffer->DataOffset)
    {
        RuleBroken(
            "%s: NET_BUFFER %p has DataOffset %u and DataLength %u, but its MDL chain has %u "
            "bytes",
            Function, (PVOID)NetBuffer, NetBuffer->DataOffset, NetBuffer->DataLength, (ULONG)Bytes);
        return FALSE;
    }
    if (!CurrentSeen || NetBuffer->CurrentMdlOffset > MmGetMdlByteCount(NetBuffer->CurrentMdl) ||
        BeforeCurrent + NetBuffer->CurrentMdlOffset != NetBuffer->DataOffset)
    {
        RuleBroken(
            "%s: NET_BUFFER %p has CurrentMdl %p and CurrentMdlOffset %u, which is not where "
            "DataOffset %u leads",
            Function, (PVOID)NetBuffer, (PVOID)NetBuffer->CurrentMdl, NetBuffer->CurrentMdlOffset,
            NetBuffer->DataOffset);
        return FALSE;
    }
    return TRUE;
}

/* The first nibble of a packet, 0 if its memory is not mapped. */
static UCHAR
PacketVersion(const NET_BUFFER *NetBuffer)
{
    PMDL Mdl = NetBuffer->CurrentMdl;
    ULONG Offset = NetBuffer->CurrentMdlOffset;
    while (Mdl != NULL && Offset >= MmGetMdlByteCount(Mdl))
    {
        Offset -= MmGetMdlByteCount(Mdl);
        Mdl = Mdl->Next;
    }
    if (Mdl == NULL || !(Mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL)))
        return 0;
    return ((const UCHAR *)Mdl->MappedSystemVa)[Offset] >> 4;
}

/* Page "MB Raw IP Packet Processing Support": flag and frame type of raw IP packets. */
static BOOLEAN
CheckRawIp(const char *Function, PNET_BUFFER_LIST List)
{
    ULONG Flags = List->NblFlags & (NDIS_NBL_FLAGS_IS_IPV4 | NDIS_NBL_FLAGS_IS_IPV6);
    if (Flags != NDIS_NBL_FLAGS_IS_IPV4 && Flags != NDIS_NBL_FLAGS_IS_IPV6)
    {
        RuleBroken("%s: NET_BUFFER_LIST %p has NblFlags %x; exactly one of NDIS_NBL_FLAGS_IS_IPV4 "
                   "and NDIS_NBL_FLAGS_IS_IPV6 is required on NdisMediumIP",
                   Function, (PVOID)List, List->NblFlags);
        return FALSE;
    }
    BOOLEAN V4 = Flags == NDIS_NBL_FLAGS_IS_IPV4;
    ULONG_PTR FrameType = (ULONG_PTR)NET_BUFFER_LIST_INFO(List, NetBufferListFrameType);
    USHORT Required = RtlUshortByteSwap(V4 ? NDIS_ETH_TYPE_IPV4 : NDIS_ETH_TYPE_IPV6);
    if (FrameType != Required)
    {
        RuleBroken("%s: NET_BUFFER_LIST %p has NetBufferListFrameType %x; %x (the EtherType in "
                   "network byte order) is required for %s",
                   Function, (PVOID)List, (ULONG)FrameType, (ULONG)Required,
                   V4 ? "NDIS_NBL_FLAGS_IS_IPV4" : "NDIS_NBL_FLAGS_IS_IPV6");
        return FALSE;
    }
    for (PNET_BUFFER NetBuffer = List->FirstNetBuffer; NetBuffer; NetBuffer = NetBuffer->Next)
    {
        UCHAR Version = PacketVersion(NetBuffer);
        if (Version == 0 || Version == (V4 ? 4 : 6))
            continue;
        RuleBroken("%s: NET_BUFFER_LIST %p is marked as IPv%u, but a packet in it begins with "
                   "version %u",
                   Function, (PVOID)List, V4 ? 4u : 6u, (ULONG)Version);
        return FALSE;
    }
    return TRUE;
}

static BOOLEAN
CheckIndicated(const char *Function, NDIS_ADAPTER *Adapter, PNET_BUFFER_LIST List)
{
    if (List->SourceHandle != (NDIS_HANDLE)Adapter)
    {
        RuleBroken("%s: NET_BUFFER_LIST %p has SourceHandle %p; the miniport must set it to its "
                   "adapter handle %p",
                   Function, (PVOID)List, List->SourceHandle, (PVOID)Adapter);
        return FALSE;
    }
    if (List->FirstNetBuffer == NULL)
    {
        RuleBroken("%s: NET_BUFFER_LIST %p has no NET_BUFFER", Function, (PVOID)List);
        return FALSE;
    }
    for (PNET_BUFFER NetBuffer = List->FirstNetBuffer; NetBuffer; NetBuffer = NetBuffer->Next)
    {
        if (!CheckBuffer(Function, NetBuffer))
            return FALSE;
    }
    return Adapter->General.MediaType != NdisMediumIP || CheckRawIp(Function, List);
}

/* Takes a list from the miniport for an indication; FALSE leaves it the miniport's. */
static BOOLEAN
TakeIndicated(const char *Function, NDIS_ADAPTER *Adapter, PNET_BUFFER_LIST List, ULONG_PTR How)
{
    NBL_BLOCK *Block = NblBlock(Function, List);
    if (Block == NULL)
        return FALSE;
    if (!NblHandOver(Block, 0, HeldBy(Adapter, How)))
    {
        RuleBroken("%s: NET_BUFFER_LIST %p is %s", Function, (PVOID)List, NblHolderName(Block));
        return FALSE;
    }
    if (CheckIndicated(Function, Adapter, List))
        return TRUE;
    NblHandOver(Block, HeldBy(Adapter, How), 0);
    return FALSE;
}

/* Takes the whole chain, or nothing and returns FALSE. */
static BOOLEAN
TakeChain(const char *Function, NDIS_ADAPTER *Adapter, PNET_BUFFER_LIST Chain, ULONG Expected,
          ULONG_PTR How)
{
    ULONG Count = 0;
    for (PNET_BUFFER_LIST List = Chain; List != NULL; List = List->Next, Count++)
    {
        if (TakeIndicated(Function, Adapter, List, How))
            continue;
        HandBack(Adapter, Chain, Count, How);
        return FALSE;
    }
    if (Count == Expected)
        return TRUE;
    RuleBroken("%s: NumberOfNetBufferLists is %u, but the chain has %u", Function, Expected, Count);
    HandBack(Adapter, Chain, Count, How);
    return FALSE;
}

static VOID
ReturnToMiniport(NDIS_ADAPTER *Adapter, PNET_BUFFER_LIST Chain)
{
    KIRQL Irql = KeGetCurrentIrql();
    Adapter->Driver->Characteristics.ReturnNetBufferListsHandler(
        Adapter->MiniportAdapterContext, Chain,
        Irql == DISPATCH_LEVEL ? NDIS_RETURN_FLAGS_DISPATCH_LEVEL : 0);
    RuleReturnedAt("MiniportReturnNetBufferLists", Irql);
}

/* Passes a chain that has been taken to the environment, or back if it is not ready for it. */
static VOID
Indicate(NDIS_ADAPTER *Adapter, PNET_BUFFER_LIST Chain, ULONG Count, ULONG ReceiveFlags)
{
    if (ReceiveFlags & NDIS_RECEIVE_FLAGS_RESOURCES)
    {
        if (ReadWord(&Adapter->EdgeReady))
            EdgeReceive(Adapter->Edge, Chain, Count, ReceiveFlags);
        HandBack(Adapter, Chain, Count, NBL_HELD_FOR_CALL);
        GateLeave(&Adapter->Receives, (LONG)Count);
        return;
    }
    if (ReadWord(&Adapter->EdgeReady))
    {
        EdgeReceive(Adapter->Edge, Chain, Count, ReceiveFlags);
        return;
    }
    HandBack(Adapter, Chain, Count, NBL_HELD_BY_EDGE);
    GateLeave(&Adapter->Receives, (LONG)Count);
    ReturnToMiniport(Adapter, Chain);
}

VOID NTAPI
NdisMIndicateReceiveNetBufferLists(NDIS_HANDLE MiniportAdapterHandle,
                                   PNET_BUFFER_LIST NetBufferLists, NDIS_PORT_NUMBER PortNumber,
                                   ULONG NumberOfNetBufferLists, ULONG ReceiveFlags)
{
    static const char Function[] = "NdisMIndicateReceiveNetBufferLists";
    NDIS_ADAPTER *Adapter = AdapterFromHandle(Function, MiniportAdapterHandle);
    if (Adapter == NULL || !CheckCall(Function, ReceiveFlags, KNOWN_RECEIVE_FLAGS))
        return;
    if (PortNumber != NDIS_DEFAULT_PORT_NUMBER)
    {
        RuleBroken("%s: PortNumber is %u; the miniport has allocated no ports", Function,
                   PortNumber);
        return;
    }
    if (NetBufferLists == NULL || NumberOfNetBufferLists == 0)
    {
        RuleBroken("%s: there are no NET_BUFFER_LISTs", Function);
        return;
    }
    ULONG_PTR How =
        ReceiveFlags & NDIS_RECEIVE_FLAGS_RESOURCES ? NBL_HELD_FOR_CALL : NBL_HELD_BY_EDGE;
    /* First this gate: a pause waits for it, so the adapter stays until this call is over. */
    if (!GateEnter(&Adapter->Calls, 1))
        goto NotRunning;
    if (!TakeChain(Function, Adapter, NetBufferLists, NumberOfNetBufferLists, How))
    {
        GateLeave(&Adapter->Calls, 1);
        return;
    }
    if (!GateEnter(&Adapter->Receives, (LONG)NumberOfNetBufferLists))
    {
        HandBack(Adapter, NetBufferLists, NumberOfNetBufferLists, How);
        GateLeave(&Adapter->Calls, 1);
        goto NotRunning;
    }
    Indicate(Adapter, NetBufferLists, NumberOfNetBufferLists, ReceiveFlags);
    GateLeave(&Adapter->Calls, 1);
    return;

NotRunning:
    RuleBroken("%s: the adapter is %s; Restarting, Running or Pausing is required", Function,
               AdapterStateName(ReadWord(&Adapter->State)));
}

VOID
NdisEdgeReturn(NDIS_ADAPTER *Adapter, PNET_BUFFER_LIST NetBufferLists)
{
    static const char Function[] = "NdisEdgeReturn";
    LONG Count = 0;
    PNET_BUFFER_LIST *Link = &NetBufferLists;
    for (; *Link != NULL; Link = &(*Link)->Next, Count++)
    {
        NBL_BLOCK *Block = NblBlock(Function, *Link);
        if (Block != NULL && NblHandOver(Block, HeldBy(Adapter, NBL_HELD_BY_EDGE), 0))
            continue;
        if (Block != NULL)
            RuleBroken(
                "%s: NET_BUFFER_LIST %p is %s; it has not been indicated by this adapter, or "
                "has been returned before",
                Function, (PVOID)*Link, NblHolderName(Block));
        *Link = NULL;
        break;
    }
    if (Count == 0)
        return;
    BOOLEAN Inside = GateEnter(&Adapter->Calls, 1);
    GateLeave(&Adapter->Receives, Count);
    ReturnToMiniport(Adapter, NetBufferLists);
    if (Inside)
        GateLeave(&Adapter->Calls, 1);
}
