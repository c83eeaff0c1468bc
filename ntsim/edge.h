/* SPDX-License-Identifier: MIT */
/*
 * The environment of NDIS (ndis/edge.h) for tests: what is above the miniport. It sends
 * NET_BUFFER_LISTs of any shape and takes what is indicated, returning it at once or when the test
 * says.
 */
#ifndef CULVERT_NTSIM_EDGE_H
#define CULVERT_NTSIM_EDGE_H

#include "rules.h"
#include "../ndis/edge.h"

typedef struct SIM_EDGE SIM_EDGE;

/* The adapter that was created last and exists, or NULL. */
SIM_EDGE *
SimEdge(void);

NDIS_ADAPTER *
SimEdgeAdapter(SIM_EDGE *Edge);
const EDGE_ADAPTER_ATTRIBUTES *
SimEdgeAttributes(SIM_EDGE *Edge);
BOOLEAN
SimEdgeRunning(SIM_EDGE *Edge);

/* Called when an adapter has been created, before MiniportInitializeEx. NULL: nothing. */
void
SimEdgeSetCreateHook(void (*Hook)(void));

/* How often the link was told connected and disconnected, and how it is. */
typedef struct SIM_LINK
{
    unsigned Connects;
    unsigned Disconnects;
    NET_IF_MEDIA_CONNECT_STATE State;
    ULONG64 Speed;
    KIRQL Irql; /* at which it was told last */
} SIM_LINK;

SIM_LINK
SimEdgeLink(SIM_EDGE *Edge);

/* Called at each change of a link, in the call that tells it. NULL: nothing, as at first. */
void
SimEdgeSetLinkHook(void (*Hook)(void));

/* ---- What the miniport indicates ----------------------------------------------------------------
 */

/* TRUE: lists are kept until SimEdgeReturn; FALSE (as at first): returned from inside. */
void
SimEdgeHold(SIM_EDGE *Edge, BOOLEAN Hold);

/* Returns at most Count of the lists that are held, from the oldest on; how many it returned. */
unsigned
SimEdgeReturn(SIM_EDGE *Edge, unsigned Count);
unsigned
SimEdgeHeld(SIM_EDGE *Edge);

/* Called for each packet indicated, on the miniport's thread; replaces the queue below. */
typedef void
SIM_EDGE_RECEIVE(void *Context, const UCHAR *Packet, ULONG Bytes, USHORT EtherType);
void
SimEdgeSetReceive(SIM_EDGE *Edge, SIM_EDGE_RECEIVE *Receive, void *Context);

/* For measurements: while it is set, indications are passed on as they come, to be returned with
 * NdisEdgeReturn, and completions are not counted. To be changed while no packets move. */
typedef void
SIM_EDGE_TAP(void *Context, PNET_BUFFER_LIST NetBufferLists, ULONG Count);
void
SimEdgeSetTap(SIM_EDGE *Edge, SIM_EDGE_TAP *Tap, void *Context);

/* Takes the oldest packet out of the queue of those indicated, waiting up to Milliseconds. Returns
 * its bytes, at most Capacity of which are in Packet; 0: none came. */
ULONG
SimEdgeTake(SIM_EDGE *Edge, UCHAR *Packet, ULONG Capacity, unsigned Milliseconds);

/* Packets indicated so far. */
ULONG64
SimEdgeReceived(SIM_EDGE *Edge);

/* ---- What the miniport is to send ---------------------------------------------------------------
 */

/* How a packet lies in its MDLs. Zeroes: one MDL of non-paged pool, from its beginning on. */
typedef struct SIM_SHAPE
{
    ULONG Offset;         /* bytes in the first MDL before the packet */
    ULONG PieceBytes;     /* bytes of packet in each MDL; 0: all */
    ULONG TrailingBytes;  /* bytes in the last MDL behind the packet */
    BOOLEAN EmptyBetween; /* an MDL without bytes after each */
    BOOLEAN Unmapped;     /* locked pages that have no system address yet */
    BOOLEAN LeadingMdl;   /* an MDL before the current one */
} SIM_SHAPE;

/* A NET_BUFFER_LIST without packets. */
PNET_BUFFER_LIST
SimListCreate(void);

/* Adds a packet; the NET_BUFFER is returned, so that the test can spoil it. Shape may be NULL. */
PNET_BUFFER
SimListAdd(PNET_BUFFER_LIST List, const void *Packet, ULONG Bytes, const SIM_SHAPE *Shape);

/* An MDL of Bytes bytes, with memory at *Data, to be put into the chain of a packet of SimListAdd,
 * with which it is freed. Unmapped: locked pages that have no system address yet. */
PMDL
SimPieceCreate(ULONG Bytes, BOOLEAN Unmapped, UCHAR **Data);

/* Frees a list that is not with the miniport. */
void
SimListFree(PNET_BUFFER_LIST List);

/* Sends a chain of lists. FALSE if the adapter does not run; the lists are then still the test's.
 * They come back completed: SimListStatus. At the caller's IRQL. */
BOOLEAN
SimEdgeSend(SIM_EDGE *Edge, PNET_BUFFER_LIST Chain);

/* One packet in a list of its own; returns the status of its completion, or NDIS_STATUS_PENDING if
 * the adapter does not run. */
NDIS_STATUS
SimEdgeSendPacket(SIM_EDGE *Edge, const void *Packet, ULONG Bytes, const SIM_SHAPE *Shape);

/* Lists completed so far. */
ULONG64
SimEdgeCompleted(SIM_EDGE *Edge);

/* An OID request, at any time, also while the adapter pauses or goes away: then
 * NDIS_STATUS_ADAPTER_NOT_FOUND. *Done (may be NULL) is BytesWritten or BytesRead, *Needed
 * BytesNeeded. */
NDIS_STATUS
SimEdgeOid(SIM_EDGE *Edge, NDIS_REQUEST_TYPE Type, NDIS_OID Oid, void *Buffer, ULONG Bytes,
           ULONG *Done, ULONG *Needed);

/* Pools of the environment's own, before the first and after the last use. */
void
SimEdgePoolsCreate(void);
void
SimEdgePoolsDelete(void);

#endif
