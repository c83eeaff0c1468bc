/* SPDX-License-Identifier: MIT */
/*
 * What lies above an adapter under Wine: a Linux TUN interface, or, where there is no TUN device, a
 * peer that answers echo requests. edge.c implements the interface of ndis/edge.h with the parts
 * declared here.
 */
#ifndef CULVERT_WINEHOST_EDGE_H
#define CULVERT_WINEHOST_EDGE_H

#include "host.h"
#include "linux.h"

#define EDGE_PACKET_MAX 65535u /* bytes of an IP packet */

/* ---- names.c: names of connections and of Linux interfaces ----------------------------------- */

#define CONNECTION_NAME_CHARACTERS 256

/* Reads the connection's name; FALSE if it has none yet. *Chosen tells whether somebody has chosen
 * it, as opposed to the class installer. PASSIVE_LEVEL. */
BOOLEAN
ConnectionName(const GUID *NetCfgInstanceId, WCHAR Name[CONNECTION_NAME_CHARACTERS],
               BOOLEAN *Chosen);

/* Turns a connection's name into one of a Linux interface; FALSE if Linux does not allow it. */
BOOLEAN
InterfaceName(const WCHAR *Connection, char Name[LINUX_IFNAMSIZ]);

/* ---- tun.c: the Linux interface ----------------------------------------------------------------
 */

/*
 * Creates an interface of that name, or, if Name is NULL or taken, one called culvertN. Returns its
 * descriptor, which reads and writes packets and does not block, and removes the interface when it
 * is closed; or a negative error number. *Index is the interface's index.
 */
int
TunCreate(const char *Name, int *Index);

/* Renames an interface unless the name is taken; FALSE if it keeps its name. */
BOOLEAN
TunRename(int Index, const char *Name);

/* The present name of an interface. */
BOOLEAN
TunName(int Index, char Name[LINUX_IFNAMSIZ]);

/* Sets the MTU and brings the interface up, without addresses of its own making. */
VOID
TunBringUp(int Index, ULONG MtuSize);

/* Shows the state of the link as the interface's carrier. */
VOID
TunCarrier(int Tun, BOOLEAN On);

/* ---- inbound.c: packets for the miniport ------------------------------------------------------
 */

typedef struct INBOUND_PACKET INBOUND_PACKET;

/* Packets on their way to the miniport; each is with one owner: the free list or the miniport. */
typedef struct INBOUND_POOL
{
    NDIS_HANDLE Lists; /* the NET_BUFFER_LIST pool */
    HOST_LOCK Lock;
    INBOUND_PACKET *Free;      /* under Lock */
    PVOID FreeLarge;           /* buffers for what a packet's own does not hold; under Lock */
    ULONG LargeBuffers;        /* allocated; under Lock */
    LONG volatile Outstanding; /* packets with the miniport */
    LONG volatile Starved;     /* 1: signal Wake when a packet comes back */
    int Wake;                  /* eventfd */
    INBOUND_PACKET *Memory;
} INBOUND_POOL;

NTSTATUS
InboundPoolCreate(INBOUND_POOL *Pool);
VOID
InboundPoolDelete(INBOUND_POOL *Pool);

/* A packet with nothing in it, or NULL; then Wake is signalled when there is one again. */
INBOUND_PACKET *
InboundTake(INBOUND_POOL *Pool);

/* Where the packet's bytes go: two pieces of EDGE_PACKET_MAX bytes or more together. */
VOID
InboundPieces(INBOUND_PACKET *Packet, LINUX_IOVEC Pieces[2]);

/* Makes the packet ready to be sent, with Bytes bytes in it, and counts it as outstanding. Returns
 * NULL if it is no IP packet. */
PNET_BUFFER_LIST
InboundSeal(INBOUND_POOL *Pool, INBOUND_PACKET *Packet, ULONG Bytes);

/* Gives back a packet that was taken, and packets that the miniport completed. <= DISPATCH_LEVEL.
 */
VOID
InboundPut(INBOUND_POOL *Pool, INBOUND_PACKET *Packet);
VOID
InboundPutLists(INBOUND_POOL *Pool, PNET_BUFFER_LIST NetBufferLists);

/* ---- outbound.c: packets from the miniport ------------------------------------------------------
 */

/* Describes the data of a NET_BUFFER; returns the number of pieces, or 0 if they are more than
 * Maximum or the MDLs hold less than DataLength. */
int
OutboundPieces(PNET_BUFFER NetBuffer, LINUX_IOVEC *Pieces, int Maximum);

/* ---- echo.c: the peer without a TUN device
 * ------------------------------------------------------- */

typedef struct ECHO_PEER ECHO_PEER;

/* NULL if there is not enough memory. Wake is signalled when there is a reply to be taken. */
ECHO_PEER *
EchoCreate(int Wake);
VOID
EchoDelete(ECHO_PEER *Peer);

/* Takes a packet; FALSE if it is not an echo request or there are too many replies already. Any
 * thread. */
BOOLEAN
EchoOffer(ECHO_PEER *Peer, PNET_BUFFER NetBuffer);

/* Copies the next reply to the pieces; returns its bytes, or 0 if there is none. */
ULONG
EchoNext(ECHO_PEER *Peer, const LINUX_IOVEC Pieces[2]);

#endif
