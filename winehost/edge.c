/* SPDX-License-Identifier: MIT */
/*
 * The edge between NDIS and Linux: one per adapter.
 *
 * A thread per adapter carries packets from Linux to the miniport while the adapter runs; packets
 * of the miniport are written in the thread that indicates them. Pausing ends the thread.
 */
#include "edge.h"

#define BATCH_PACKETS    64
#define WRITE_PIECES     64
#define ECHO_INDEX_FIRST 0x800000 /* above what Linux gives out in practice */

typedef struct HOST_EDGE
{
    NDIS_ADAPTER *Adapter;
    GUID NetCfgInstanceId;
    int Tun; /* descriptor, or negative: Echo is in use */
    int Index;
    ECHO_PEER *Echo;
    INBOUND_POOL Pool;
    HANDLE Thread; /* NULL while paused */
    LONG volatile Stop;
    BOOLEAN Up;
    LONG64 PacketsIn;  /* written by Thread only */
    LONG64 PacketsOut; /* interlocked, as Dropped */
    LONG64 Dropped;
} HOST_EDGE;

/* ---- Towards the miniport
 * ------------------------------------------------------------------------ */

/* Bytes of the next packet, 0 if there is none. */
static ULONG
ReadPacket(HOST_EDGE *Edge, INBOUND_PACKET *Packet)
{
    LINUX_IOVEC Pieces[2];
    int64_t Bytes;

    InboundPieces(Packet, Pieces);
    if (Edge->Echo != NULL)
        return EchoNext(Edge->Echo, Pieces);
    do
        Bytes = LinuxReadV(Edge->Tun, Pieces, 2);
    while (Bytes == -LINUX_EINTR);
    return Bytes > 0 ? (ULONG)Bytes : 0;
}

/* Sends what there is, at most a batch. *Starved: there may be more, but no buffers for it. Returns
 * FALSE if there is nothing more to read. */
static BOOLEAN
SendBatch(HOST_EDGE *Edge, BOOLEAN *Starved)
{
    PNET_BUFFER_LIST First = NULL;
    PNET_BUFFER_LIST *Last = &First;
    BOOLEAN More = TRUE;
    LONG64 Count = 0;

    *Starved = FALSE;
    while (Count < BATCH_PACKETS)
    {
        INBOUND_PACKET *Packet = InboundTake(&Edge->Pool);
        ULONG Bytes;
        if (Packet == NULL)
        {
            *Starved = TRUE;
            break;
        }
        Bytes = ReadPacket(Edge, Packet);
        PNET_BUFFER_LIST List = InboundSeal(&Edge->Pool, Packet, Bytes);
        if (List == NULL)
        {
            InboundPut(&Edge->Pool, Packet);
            if (Bytes != 0)
                continue;
            More = FALSE;
            break;
        }
        *Last = List;
        Last = &NET_BUFFER_LIST_NEXT_NBL(List);
        Count++;
    }
    if (First != NULL)
    {
        Edge->PacketsIn += Count;
        NdisEdgeSend(Edge->Adapter, First, 0);
    }
    return More;
}

static VOID NTAPI
InboundThread(PVOID Context)
{
    HOST_EDGE *Edge = Context;
    BOOLEAN Starved = FALSE;

    while (Edge->Stop == 0)
    {
        LINUX_POLLFD Wait[2] = {{Edge->Pool.Wake, LINUX_POLLIN, 0}, {Edge->Tun, LINUX_POLLIN, 0}};
        /* Without buffers only Wake matters: it is signalled when the miniport gives some back. */
        LinuxPoll(Wait, Starved || Edge->Echo != NULL ? 1 : 2);
        if (Wait[0].Returned != 0)
            LinuxEventFdReset(Edge->Pool.Wake);
        while (Edge->Stop == 0 && SendBatch(Edge, &Starved) && !Starved)
            ;
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

VOID
EdgeSendComplete(PVOID Context, PNET_BUFFER_LIST NetBufferLists)
{
    HOST_EDGE *Edge = Context;
    InboundPutLists(&Edge->Pool, NetBufferLists);
}

/* ---- From the miniport
 * ------------------------------------------------------------------------------ */

/* For data in more pieces than one write takes. */
static int64_t
WriteGathered(HOST_EDGE *Edge, PNET_BUFFER NetBuffer)
{
    ULONG Maximum = 0;
    LINUX_IOVEC *Pieces;
    int64_t Result = -LINUX_EINVAL;

    for (PMDL Mdl = NET_BUFFER_CURRENT_MDL(NetBuffer); Mdl != NULL; Mdl = Mdl->Next)
        Maximum++;
    Pieces = ExAllocatePoolWithTag(NonPagedPool, Maximum * sizeof(*Pieces) + EDGE_PACKET_MAX,
                                   HOST_POOL_TAG);
    if (Pieces == NULL)
        return Result;
    int Count = OutboundPieces(NetBuffer, Pieces, (int)Maximum);
    PUCHAR Packet = (PUCHAR)(Pieces + Maximum);
    ULONG Bytes = 0;
    for (int Index = 0; Index < Count; Index++)
    {
        RtlCopyMemory(Packet + Bytes, Pieces[Index].Base, Pieces[Index].Bytes);
        Bytes += (ULONG)Pieces[Index].Bytes;
    }
    if (Bytes != 0)
        Result = LinuxWrite(Edge->Tun, Packet, Bytes);
    ExFreePoolWithTag(Pieces, HOST_POOL_TAG);
    return Result;
}

static VOID
WritePacket(HOST_EDGE *Edge, PNET_BUFFER NetBuffer)
{
    LINUX_IOVEC Pieces[WRITE_PIECES];
    BOOLEAN Written = FALSE;

    if (NET_BUFFER_DATA_LENGTH(NetBuffer) <= EDGE_PACKET_MAX)
    {
        if (Edge->Echo != NULL)
            Written = EchoOffer(Edge->Echo, NetBuffer);
        else
        {
            int Count = OutboundPieces(NetBuffer, Pieces, WRITE_PIECES);
            int64_t Result;
            do
                Result = Count != 0 ? LinuxWriteV(Edge->Tun, Pieces, Count)
                                    : WriteGathered(Edge, NetBuffer);
            while (Result == -LINUX_EINTR);
            /* An interface that is down or flooded, or a packet that is not IP: lost, as on a wire.
             */
            Written = Result >= 0;
        }
    }
    InterlockedIncrement64(Written ? &Edge->PacketsOut : &Edge->Dropped);
}

VOID
EdgeReceive(PVOID Context, PNET_BUFFER_LIST NetBufferLists, ULONG Count, ULONG ReceiveFlags)
{
    HOST_EDGE *Edge = Context;

    UNREFERENCED_PARAMETER(Count);
    for (PNET_BUFFER_LIST List = NetBufferLists; List != NULL;
         List = NET_BUFFER_LIST_NEXT_NBL(List))
        for (PNET_BUFFER Buffer = NET_BUFFER_LIST_FIRST_NB(List); Buffer != NULL;
             Buffer = NET_BUFFER_NEXT_NB(Buffer))
            WritePacket(Edge, Buffer);
    if (!(ReceiveFlags & NDIS_RECEIVE_FLAGS_RESOURCES))
        NdisEdgeReturn(Edge->Adapter, NetBufferLists);
}

/* ---- Creation and deletion
 * --------------------------------------------------------------------------- */

static VOID
WriteNumber(HANDLE Key, PCWSTR Name, ULONG Number)
{
    UNICODE_STRING ValueName;

    RtlInitUnicodeString(&ValueName, Name);
    if (!NT_SUCCESS(ZwSetValueKey(Key, &ValueName, 0, REG_DWORD, &Number, sizeof(Number))))
        HostLog("the adapter's registry key could not be written");
}

/* Without a TUN device there is still a peer, so that applications can be tried. */
static NTSTATUS
EchoInstead(HOST_EDGE *Edge)
{
    static LONG LastIndex = ECHO_INDEX_FIRST;
    HOST_LINE Line = {0};

    HostLineText(&Line, "no TUN interface (error ");
    HostLineNumber(&Line, -Edge->Tun);
    HostLineText(&Line, "): the adapter's peer answers echo requests, and nothing else");
    HostLog(Line.Text);
    Edge->Index = InterlockedIncrement(&LastIndex);
    Edge->Echo = EchoCreate(Edge->Pool.Wake);
    return Edge->Echo != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS
EdgeAdapterCreate(NDIS_ADAPTER *Adapter, HANDLE SoftwareKey, const GUID *NetCfgInstanceId,
                  NET_LUID *NetLuid, NET_IFINDEX *IfIndex, PVOID *Context)
{
    WCHAR Connection[CONNECTION_NAME_CHARACTERS];
    char Name[LINUX_IFNAMSIZ];
    BOOLEAN Chosen;
    HOST_EDGE *Edge = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Edge), HOST_POOL_TAG);
    NTSTATUS Status;

    if (Edge == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Edge, sizeof(*Edge));
    Edge->Adapter = Adapter;
    Edge->NetCfgInstanceId = *NetCfgInstanceId;
    Status = InboundPoolCreate(&Edge->Pool);
    if (!NT_SUCCESS(Status))
        goto FreeEdge;
    BOOLEAN Named =
        ConnectionName(NetCfgInstanceId, Connection, &Chosen) && InterfaceName(Connection, Name);
    Edge->Tun = TunCreate(Named ? Name : NULL, &Edge->Index);
    if (Edge->Tun < 0)
    {
        Status = EchoInstead(Edge);
        if (!NT_SUCCESS(Status))
            goto DeletePool;
    }
    NetLuid->Value = 0;
    NetLuid->Info.NetLuidIndex = (ULONG64)Edge->Index;
    NetLuid->Info.IfType = IF_TYPE_OTHER;
    *IfIndex = (NET_IFINDEX)Edge->Index;
    WriteNumber(SoftwareKey, L"NetLuidIndex", (ULONG)Edge->Index);
    WriteNumber(SoftwareKey, L"*IfType", IF_TYPE_OTHER);
    *Context = Edge;
    return STATUS_SUCCESS;

DeletePool:
    InboundPoolDelete(&Edge->Pool);
FreeEdge:
    ExFreePoolWithTag(Edge, HOST_POOL_TAG);
    return Status;
}

/* The connection may have been named after the interface was made, before its index was known. */
static VOID
ApplyName(HOST_EDGE *Edge)
{
    WCHAR Connection[CONNECTION_NAME_CHARACTERS];
    char Wanted[LINUX_IFNAMSIZ];
    char Name[LINUX_IFNAMSIZ];
    HOST_LINE Line = {0};
    BOOLEAN Chosen;

    if (!ConnectionName(&Edge->NetCfgInstanceId, Connection, &Chosen) || !Chosen)
        return;
    if (InterfaceName(Connection, Wanted) && TunRename(Edge->Index, Wanted))
        return;
    if (!TunName(Edge->Index, Name))
        return;
    HostLineText(&Line, "adapter ");
    HostLineWide(&Line, Connection);
    HostLineText(&Line, " is Linux interface ");
    HostLineText(&Line, Name);
    HostLog(Line.Text);
}

VOID
EdgeAdapterRun(PVOID Context, const EDGE_ADAPTER_ATTRIBUTES *Attributes)
{
    HOST_EDGE *Edge = Context;

    if (Edge->Echo == NULL)
    {
        TunCarrier(Edge->Tun, Attributes->MediaConnectState != MediaConnectStateDisconnected);
        if (!Edge->Up)
        {
            ApplyName(Edge);
            TunBringUp(Edge->Index, Attributes->MtuSize);
            Edge->Up = TRUE;
        }
    }
    Edge->Stop = 0;
    if (!NT_SUCCESS(PsCreateSystemThread(&Edge->Thread, THREAD_ALL_ACCESS, NULL, NULL, NULL,
                                         InboundThread, Edge)))
    {
        Edge->Thread = NULL;
        HostLog("no thread for an adapter: it sends nothing");
    }
}

VOID
EdgeAdapterRemoved(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
}

VOID
EdgeAdapterPause(PVOID Context)
{
    HOST_EDGE *Edge = Context;

    if (Edge->Thread == NULL)
        return;
    InterlockedExchange(&Edge->Stop, 1);
    LinuxEventFdSignal(Edge->Pool.Wake);
    ZwWaitForSingleObject(Edge->Thread, FALSE, NULL);
    ZwClose(Edge->Thread);
    Edge->Thread = NULL;
}

VOID
EdgeAdapterDelete(PVOID Context)
{
    HOST_EDGE *Edge = Context;

    if (Edge->Pool.Outstanding != 0)
        EdgeRuleBroken("The adapter halted with sends that it has not completed.");
    if (Edge->Echo != NULL)
        EchoDelete(Edge->Echo);
    else
        LinuxClose(Edge->Tun);
    InboundPoolDelete(&Edge->Pool);
    ExFreePoolWithTag(Edge, HOST_POOL_TAG);
}

VOID
EdgeLinkState(PVOID Context, NET_IF_MEDIA_CONNECT_STATE State, ULONG64 XmitLinkSpeed,
              ULONG64 RcvLinkSpeed)
{
    HOST_EDGE *Edge = Context;

    UNREFERENCED_PARAMETER(XmitLinkSpeed); /* Linux has no way to tell a TUN interface's */
    UNREFERENCED_PARAMETER(RcvLinkSpeed);
    if (Edge->Echo == NULL)
        TunCarrier(Edge->Tun, State != MediaConnectStateDisconnected);
}
