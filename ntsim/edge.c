/* SPDX-License-Identifier: MIT */
/* The environment of NDIS: see edge.h. Its state is under one lock of its own. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "edge.h"
#include "dispatcher.h"
#include "indicated.h"
#include "thread.h"

#define EDGES_MAX 64

typedef struct PACKET
{
    struct PACKET *Next;
    ULONG Bytes;
    UCHAR Data[];
} PACKET;

struct SIM_EDGE
{
    NDIS_ADAPTER *Adapter; /* NULL: free */
    EDGE_ADAPTER_ATTRIBUTES Attributes;
    BOOLEAN Running;
    unsigned Sending; /* NdisEdgeSend calls in progress */
    unsigned Asking;  /* NdisEdgeOidRequest calls in progress */
    SIM_LINK Link;
    BOOLEAN Hold;
    PNET_BUFFER_LIST Held;
    PNET_BUFFER_LIST *HeldEnd;
    unsigned HeldCount;
    SIM_EDGE_RECEIVE *Receive;
    void *ReceiveContext;
    SIM_EDGE_TAP *Tap;
    void *TapContext;
    PACKET *First;
    PACKET **End;
    ULONG64 Received;
    ULONG64 Completed;
};

static pthread_mutex_t Mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t Changed = PTHREAD_COND_INITIALIZER;
static SIM_EDGE Edges[EDGES_MAX];
static SIM_EDGE *Newest;
static void (*CreateHook)(void);
static void (*LinkHook)(void);

void
SimEdgeSetCreateHook(void (*Hook)(void))
{
    CreateHook = Hook;
}

void
SimEdgeSetLinkHook(void (*Hook)(void))
{
    LinkHook = Hook;
}

/* Waits, under Mutex, until Condition(Context) or Deadline, if that is not NULL. */
static void
WaitFor(const char *What, SIM_CONDITION *Condition, void *Context, const struct timespec *Deadline)
{
    while (!Condition(Context))
    {
        if (SimScheduled())
        {
            pthread_mutex_unlock(&Mutex);
            SimScheduleWait(What, Condition, Context, Deadline);
            pthread_mutex_lock(&Mutex);
            return;
        }
        if (Deadline == NULL)
            pthread_cond_wait(&Changed, &Mutex);
        else if (pthread_cond_timedwait(&Changed, &Mutex, Deadline) != 0)
            return;
    }
}

static BOOLEAN
IsNotSending(void *Edge)
{
    return ((SIM_EDGE *)Edge)->Sending == 0;
}

static BOOLEAN
IsCompleted(void *List)
{
    return ((PNET_BUFFER_LIST)List)->ProtocolReserved[0] != NULL;
}

static BOOLEAN
IsNotAsking(void *Edge)
{
    return ((SIM_EDGE *)Edge)->Asking == 0;
}

static BOOLEAN
IsQueued(void *Edge)
{
    return ((SIM_EDGE *)Edge)->First != NULL;
}

SIM_EDGE *
SimEdge(void)
{
    pthread_mutex_lock(&Mutex);
    SIM_EDGE *Edge = Newest;
    pthread_mutex_unlock(&Mutex);
    return Edge;
}

NDIS_ADAPTER *
SimEdgeAdapter(SIM_EDGE *Edge)
{
    return Edge->Adapter;
}

const EDGE_ADAPTER_ATTRIBUTES *
SimEdgeAttributes(SIM_EDGE *Edge)
{
    return &Edge->Attributes;
}

BOOLEAN
SimEdgeRunning(SIM_EDGE *Edge)
{
    pthread_mutex_lock(&Mutex);
    BOOLEAN Running = Edge->Running;
    pthread_mutex_unlock(&Mutex);
    return Running;
}

SIM_LINK
SimEdgeLink(SIM_EDGE *Edge)
{
    pthread_mutex_lock(&Mutex);
    SIM_LINK Link = Edge->Link;
    pthread_mutex_unlock(&Mutex);
    return Link;
}

/* ---- What NDIS calls ----------------------------------------------------------------------------
 */

NTSTATUS
EdgeDriverRegister(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
    return STATUS_SUCCESS;
}

NTSTATUS
EdgeAdapterCreate(NDIS_ADAPTER *Adapter, HANDLE SoftwareKey, const GUID *NetCfgInstanceId,
                  NET_LUID *NetLuid, NET_IFINDEX *IfIndex, PVOID *EdgeContext)
{
    UNREFERENCED_PARAMETER(SoftwareKey);
    UNREFERENCED_PARAMETER(NetCfgInstanceId);
    if (SimFault("EdgeAdapterCreate"))
        return STATUS_INSUFFICIENT_RESOURCES;
    pthread_mutex_lock(&Mutex);
    unsigned Index = 0;
    while (Edges[Index].Adapter != NULL)
    {
        if (++Index == EDGES_MAX)
            abort();
    }
    SIM_EDGE *Edge = &Edges[Index];
    memset(Edge, 0, sizeof(*Edge));
    Edge->Adapter = Adapter;
    Edge->HeldEnd = &Edge->Held;
    Edge->End = &Edge->First;
    Edge->Link.State = MediaConnectStateUnknown;
    Newest = Edge;
    pthread_mutex_unlock(&Mutex);
    NetLuid->Value = 0x0035000000000000ull | (ULONG64)(Index + 1) << 24;
    *IfIndex = Index + 1;
    *EdgeContext = Edge;
    if (CreateHook != NULL)
        CreateHook();
    return STATUS_SUCCESS;
}

VOID
EdgeAdapterRun(PVOID EdgeContext, const EDGE_ADAPTER_ATTRIBUTES *Attributes)
{
    SIM_EDGE *Edge = EdgeContext;
    pthread_mutex_lock(&Mutex);
    Edge->Attributes = *Attributes;
    Edge->Running = TRUE;
    pthread_mutex_unlock(&Mutex);
}

/* Whoever is above may not have noticed yet. NDIS checks how the miniport refuses. */
VOID
EdgeAdapterRemoved(PVOID EdgeContext)
{
    static const UCHAR Packet[20] = {0x45};
    ULONG Packets;
    SimFaultExemptBegin();
    SimEdgeSendPacket(EdgeContext, Packet, sizeof(Packet), NULL);
    SimEdgeOid(EdgeContext, NdisRequestQueryInformation, OID_GEN_XMIT_OK, &Packets, sizeof(Packets),
               NULL, NULL);
    SimFaultExemptEnd();
}

VOID
EdgeAdapterPause(PVOID EdgeContext)
{
    SIM_EDGE *Edge = EdgeContext;
    pthread_mutex_lock(&Mutex);
    Edge->Running = FALSE;
    WaitFor("the end of sends", IsNotSending, Edge, NULL);
    pthread_mutex_unlock(&Mutex);
}

VOID
EdgeAdapterDelete(PVOID EdgeContext)
{
    SIM_EDGE *Edge = EdgeContext;
    pthread_mutex_lock(&Mutex);
    if (Edge->HeldCount != 0)
        SimRuleBroken("MiniportHaltEx", "ndis/nc-ndis-miniport_halt",
                      "the adapter is halted while %u of its lists are held above",
                      Edge->HeldCount);
    /* NDIS answers requests that come after MiniportHaltEx at once, but needs the adapter for it.
     */
    WaitFor("the end of OID requests", IsNotAsking, Edge, NULL);
    while (Edge->First != NULL)
    {
        PACKET *Packet = Edge->First;
        Edge->First = Packet->Next;
        free(Packet);
    }
    Edge->Adapter = NULL;
    if (Newest == Edge)
        Newest = NULL;
    pthread_mutex_unlock(&Mutex);
}

VOID
EdgeLinkState(PVOID EdgeContext, NET_IF_MEDIA_CONNECT_STATE State, ULONG64 XmitLinkSpeed,
              ULONG64 RcvLinkSpeed)
{
    SIM_EDGE *Edge = EdgeContext;
    UNREFERENCED_PARAMETER(RcvLinkSpeed);
    pthread_mutex_lock(&Mutex);
    if (State == MediaConnectStateConnected)
        Edge->Link.Connects++;
    else if (State == MediaConnectStateDisconnected)
        Edge->Link.Disconnects++;
    Edge->Link.State = State;
    Edge->Link.Speed = XmitLinkSpeed;
    Edge->Link.Irql = KeGetCurrentIrql();
    pthread_mutex_unlock(&Mutex);
    if (LinkHook != NULL)
        LinkHook();
}

NTSTATUS
EdgeDeviceIrp(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    UNREFERENCED_PARAMETER(Irp);
    return STATUS_SUCCESS; /* this I/O manager lacks nothing */
}

VOID
EdgeRuleBroken(const char *Rule)
{
    SimRuleBroken("NDIS", "the page of the function that the rule names", "%s", Rule);
}

/* ---- What the miniport indicates ----------------------------------------------------------------
 */

/* Copies a packet out of its MDLs. */
static PACKET *
CopyPacket(PNET_BUFFER NetBuffer)
{
    ULONG Left = NET_BUFFER_DATA_LENGTH(NetBuffer);
    ULONG Offset = NET_BUFFER_CURRENT_MDL_OFFSET(NetBuffer);
    PACKET *Packet = malloc(sizeof(*Packet) + Left);
    UCHAR *To = Packet->Data;
    Packet->Next = NULL;
    Packet->Bytes = Left;
    for (PMDL Mdl = NET_BUFFER_CURRENT_MDL(NetBuffer); Left != 0; Mdl = Mdl->Next, Offset = 0)
    {
        ULONG Here = min(Mdl->ByteCount - Offset, Left);
        memcpy(To, (const UCHAR *)MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority) + Offset,
               Here);
        To += Here;
        Left -= Here;
    }
    return Packet;
}

static void
TakeIn(SIM_EDGE *Edge, PNET_BUFFER_LIST List)
{
    SimIndicatedCheck(List);
    ULONG_PTR Type = (ULONG_PTR)NET_BUFFER_LIST_INFO(List, NetBufferListFrameType);
    for (PNET_BUFFER Buffer = List->FirstNetBuffer; Buffer != NULL; Buffer = Buffer->Next)
    {
        PACKET *Packet = CopyPacket(Buffer);
        pthread_mutex_lock(&Mutex);
        Edge->Received++;
        SIM_EDGE_RECEIVE *Receive = Edge->Receive;
        void *Context = Edge->ReceiveContext;
        if (Receive == NULL)
        {
            *Edge->End = Packet;
            Edge->End = &Packet->Next;
            pthread_cond_broadcast(&Changed);
        }
        pthread_mutex_unlock(&Mutex);
        if (Receive != NULL)
        {
            Receive(Context, Packet->Data, Packet->Bytes, RtlUshortByteSwap((USHORT)Type));
            free(Packet);
        }
    }
}

VOID
EdgeReceive(PVOID EdgeContext, PNET_BUFFER_LIST NetBufferLists, ULONG Count, ULONG ReceiveFlags)
{
    SIM_EDGE *Edge = EdgeContext;
    if (Edge->Tap != NULL)
    {
        Edge->Tap(Edge->TapContext, NetBufferLists, Count);
        return;
    }
    for (PNET_BUFFER_LIST List = NetBufferLists; List != NULL; List = List->Next)
        TakeIn(Edge, List);
    if (ReceiveFlags & NDIS_RECEIVE_FLAGS_RESOURCES)
    {
        SimIndicatedScribble(NetBufferLists);
        return;
    }
    pthread_mutex_lock(&Mutex);
    BOOLEAN Hold = Edge->Hold;
    if (Hold)
    {
        *Edge->HeldEnd = NetBufferLists;
        while (*Edge->HeldEnd != NULL)
            Edge->HeldEnd = &(*Edge->HeldEnd)->Next;
        Edge->HeldCount += Count;
    }
    pthread_mutex_unlock(&Mutex);
    if (!Hold)
    {
        SimIndicatedScribble(NetBufferLists);
        NdisEdgeReturn(Edge->Adapter, NetBufferLists);
    }
}

void
SimEdgeHold(SIM_EDGE *Edge, BOOLEAN Hold)
{
    pthread_mutex_lock(&Mutex);
    Edge->Hold = Hold;
    pthread_mutex_unlock(&Mutex);
}

unsigned
SimEdgeReturn(SIM_EDGE *Edge, unsigned Count)
{
    unsigned Returned = 0;
    pthread_mutex_lock(&Mutex);
    PNET_BUFFER_LIST Chain = Edge->Held, *End = &Edge->Held;
    for (; Returned < Count && *End != NULL; ++Returned)
        End = &(*End)->Next;
    PNET_BUFFER_LIST Rest = *End;
    *End = NULL;
    if (Rest == NULL)
        Edge->HeldEnd = &Edge->Held;
    Edge->Held = Rest;
    Edge->HeldCount -= Returned;
    pthread_mutex_unlock(&Mutex);
    if (Returned != 0)
    {
        SimIndicatedScribble(Chain);
        NdisEdgeReturn(Edge->Adapter, Chain);
    }
    return Returned;
}

unsigned
SimEdgeHeld(SIM_EDGE *Edge)
{
    pthread_mutex_lock(&Mutex);
    unsigned Held = Edge->HeldCount;
    pthread_mutex_unlock(&Mutex);
    return Held;
}

void
SimEdgeSetReceive(SIM_EDGE *Edge, SIM_EDGE_RECEIVE *Receive, void *Context)
{
    pthread_mutex_lock(&Mutex);
    Edge->Receive = Receive;
    Edge->ReceiveContext = Context;
    pthread_mutex_unlock(&Mutex);
}

void
SimEdgeSetTap(SIM_EDGE *Edge, SIM_EDGE_TAP *Tap, void *Context)
{
    Edge->TapContext = Context;
    Edge->Tap = Tap;
}

ULONG
SimEdgeTake(SIM_EDGE *Edge, UCHAR *Buffer, ULONG Capacity, unsigned Milliseconds)
{
    struct timespec Deadline = SimDeadline((LONGLONG)Milliseconds * 10000);
    pthread_mutex_lock(&Mutex);
    WaitFor("a packet", IsQueued, Edge, &Deadline);
    PACKET *Packet = Edge->First;
    if (Packet != NULL)
    {
        Edge->First = Packet->Next;
        if (Edge->First == NULL)
            Edge->End = &Edge->First;
    }
    pthread_mutex_unlock(&Mutex);
    if (Packet == NULL)
        return 0;
    ULONG Bytes = Packet->Bytes;
    memcpy(Buffer, Packet->Data, min(Bytes, Capacity));
    free(Packet);
    return Bytes;
}

ULONG64
SimEdgeReceived(SIM_EDGE *Edge)
{
    pthread_mutex_lock(&Mutex);
    ULONG64 Received = Edge->Received;
    pthread_mutex_unlock(&Mutex);
    return Received;
}

/* ---- Sends
 * --------------------------------------------------------------------------------------- */

VOID
EdgeSendComplete(PVOID EdgeContext, PNET_BUFFER_LIST NetBufferLists)
{
    SIM_EDGE *Edge = EdgeContext;
    ULONG64 Count = 0;
    if (Edge->Tap != NULL)
        return;
    pthread_mutex_lock(&Mutex);
    for (; NetBufferLists != NULL; NetBufferLists = NetBufferLists->Next)
    {
        NetBufferLists->ProtocolReserved[0] = NetBufferLists; /* for SimEdgeSendPacket */
        ++Count;
    }
    Edge->Completed += Count;
    pthread_cond_broadcast(&Changed);
    pthread_mutex_unlock(&Mutex);
}

ULONG64
SimEdgeCompleted(SIM_EDGE *Edge)
{
    pthread_mutex_lock(&Mutex);
    ULONG64 Completed = Edge->Completed;
    pthread_mutex_unlock(&Mutex);
    return Completed;
}

BOOLEAN
SimEdgeSend(SIM_EDGE *Edge, PNET_BUFFER_LIST Chain)
{
    pthread_mutex_lock(&Mutex);
    BOOLEAN Running = Edge->Running;
    if (Running)
        Edge->Sending++;
    pthread_mutex_unlock(&Mutex);
    if (!Running)
        return FALSE;
    unsigned CriticalRegions = SimThread()->CriticalRegions;
    NdisEdgeSend(Edge->Adapter, Chain,
                 KeGetCurrentIrql() == DISPATCH_LEVEL ? NDIS_SEND_FLAGS_DISPATCH_LEVEL : 0);
    if (SimThread()->CriticalRegions != CriticalRegions)
        SimRuleBroken("MiniportSendNetBufferLists", "wdm/nf-wdm-keleavecriticalregion",
                      "the handler returned in another number of critical regions");
    pthread_mutex_lock(&Mutex);
    Edge->Sending--;
    pthread_cond_broadcast(&Changed);
    pthread_mutex_unlock(&Mutex);
    return TRUE;
}

NDIS_STATUS
SimEdgeSendPacket(SIM_EDGE *Edge, const void *Packet, ULONG Bytes, const SIM_SHAPE *Shape)
{
    NDIS_STATUS Status = NDIS_STATUS_PENDING;
    PNET_BUFFER_LIST List = SimListCreate();
    SimListAdd(List, Packet, Bytes, Shape);
    List->ProtocolReserved[0] = NULL;
    if (SimEdgeSend(Edge, List))
    {
        /* Other miniports than ours complete later. */
        struct timespec Last = SimDeadline(SimSecondsMax() * 10000000LL);
        pthread_mutex_lock(&Mutex);
        WaitFor("the completion of a send", IsCompleted, List, &Last);
        if (!IsCompleted(List))
            SimRuleBroken("MiniportSendNetBufferLists",
                          "ndis/nc-ndis-miniport_send_net_buffer_lists",
                          "NET_BUFFER_LIST %p is never completed", (void *)List);
        pthread_mutex_unlock(&Mutex);
        Status = List->Status;
    }
    SimListFree(List);
    return Status;
}

NDIS_STATUS
SimEdgeOid(SIM_EDGE *Edge, NDIS_REQUEST_TYPE Type, NDIS_OID Oid, void *Buffer, ULONG Bytes,
           ULONG *Done, ULONG *Needed)
{
    NDIS_OID_REQUEST Request;
    memset(&Request, 0, sizeof(Request));
    Request.RequestType = Type;
    Request.DATA.QUERY_INFORMATION.Oid = Oid;
    Request.DATA.QUERY_INFORMATION.InformationBuffer = Buffer;
    Request.DATA.QUERY_INFORMATION.InformationBufferLength = Bytes;
    pthread_mutex_lock(&Mutex);
    NDIS_ADAPTER *Adapter = Edge->Adapter;
    if (Adapter != NULL)
        Edge->Asking++;
    pthread_mutex_unlock(&Mutex);
    if (Adapter == NULL)
        return NDIS_STATUS_ADAPTER_NOT_FOUND;
    NDIS_STATUS Status = NdisEdgeOidRequest(Adapter, &Request);
    pthread_mutex_lock(&Mutex);
    Edge->Asking--;
    pthread_cond_broadcast(&Changed);
    pthread_mutex_unlock(&Mutex);
    if (Done != NULL)
        *Done = Request.DATA.QUERY_INFORMATION.BytesWritten;
    if (Needed != NULL)
        *Needed = Request.DATA.QUERY_INFORMATION.BytesNeeded;
    return Status;
}
