/* SPDX-License-Identifier: MIT */
/*
 * culvert.sys, an NDIS 6 miniport for raw IP: what its files share.
 *
 *   driver.c    DriverEntry and unload
 *   adapter.c   an adapter's life: initialise, restart, pause, removal, halt
 *   oid.c       OID requests and statistics
 *   device.c    the adapter's device object and its IRPs
 *   traffic.c   what the adapter has carried and dropped
 *   session.c   a session's life, from its IOCTL to the completion of that IRP
 *   transmit.c  the system's packets into the receive ring
 *   inject.c    the send ring's packets into the system
 *   buffers.c   the kernel-owned buffers that inject.c copies into
 *
 * Locks, outermost first:
 *   DeviceListLock       fast mutex of device.c; held for looking an adapter up, nothing else
 *   ADAPTER.DeviceRundown  held for the time of an IRP's dispatch, in a critical region; run down
 *                        by AdapterHalt
 *   ADAPTER.StateLock    fast mutex, held in a critical region; Session, Running, Removing
 *   ADAPTER.TransmitLock spin lock; the receive ring's producer
 *   ADAPTER.TransmitGate rundown; open while a session runs on a running adapter. Whoever holds it
 *                        may use ADAPTER.Session. Acquired under TransmitLock, released under it
 *                        later, and in between held at DISPATCH_LEVEL only: by nobody who waits for
 *                        anything or can be suspended.
 */
#ifndef CULVERT_DRIVER_H
#define CULVERT_DRIVER_H

#include "../nt/nt.h"
#include "../contract/ring.h"
#include "../contract/session.h"
#include "version.h"

#define POOL_TAG_ADAPTER 'AvlC' /* shown as ClvA */
#define POOL_TAG_SESSION 'SvlC'
#define POOL_TAG_BUFFER  'BvlC'

#define MTU_SIZE CULVERT_MAX_PACKET
/* What the link reports in bits per second: nothing limits it but memory. */
#define LINK_SPEED 100000000000ull

typedef struct ADAPTER ADAPTER;
typedef struct SESSION SESSION;

/* Non-executable where the system has such a pool (Windows 8 and later); set by DriverEntry. */
extern POOL_TYPE NonPagedPoolType;
/* MdlMappingNoExecute where the system knows it (Windows 8 and later), else 0; set likewise. */
extern ULONG MappingNoExecute;
/* Whether NDIS is 6.30 or later (Windows 8 and later), else it is 6.20; set likewise. The driver
 * tells NDIS that it is one of that version. */
extern BOOLEAN Ndis630;

/* ---- Statistics (traffic.c) ------------------------------------------------------------------ */

/* The counters of CULVERT_TRAFFIC. Written with interlocked additions, a few per burst; read at any
 * time. */
typedef struct TRAFFIC
{
    volatile LONG64 Packets;
    volatile LONG64 Bytes;
    volatile LONG64 Drops[CulvertDropReasons];
    volatile LONG64 Signals;
    /* Written by the driver's side of the ring: under TransmitLock, or by the session's thread. */
    volatile LONG HighWater;
} TRAFFIC;

/* Counts packets that were carried. */
_IRQL_requires_max_(DISPATCH_LEVEL)
static inline VOID
TrafficCount(TRAFFIC *Traffic, ULONG Packets, ULONG64 Bytes)
{
    InterlockedExchangeAdd64(&Traffic->Packets, Packets);
    InterlockedExchangeAdd64(&Traffic->Bytes, (LONG64)Bytes);
}

/* Counts packets that were dropped; 0 of them is a usual case. */
_IRQL_requires_max_(DISPATCH_LEVEL)
static inline VOID
TrafficDrop(TRAFFIC *Traffic, CULVERT_DROP Reason, ULONG Packets)
{
    if (Packets != 0)
        InterlockedExchangeAdd64(&Traffic->Drops[Reason], Packets);
}

/* The ring holds Bytes just now. */
_IRQL_requires_max_(DISPATCH_LEVEL)
static inline VOID
TrafficFill(TRAFFIC *Traffic, ULONG Bytes)
{
    if ((LONG)Bytes > ReadNoFence(&Traffic->HighWater))
        WriteNoFence(&Traffic->HighWater, (LONG)Bytes);
}

/* One counter, whole also on 32-bit processors. */
_IRQL_requires_max_(DISPATCH_LEVEL)
ULONG64
TrafficRead(volatile LONG64 *Counter);

/* The sums of the drops that NDIS calls discards, and of those that it calls errors. */
_IRQL_requires_max_(DISPATCH_LEVEL)
ULONG64
TrafficDiscards(TRAFFIC *Traffic);
_IRQL_requires_max_(DISPATCH_LEVEL)
ULONG64
TrafficErrors(TRAFFIC *Traffic);

/* ---- Buffers (buffers.c) --------------------------------------------------------------------- */

typedef enum BUFFER_CLASS
{
    BufferSmall, /* a usual internet packet */
    BufferLarge, /* any packet */
    BufferClasses
} BUFFER_CLASS;

/* A NET_BUFFER_LIST with one NET_BUFFER, its MDL and the memory behind it; lives through many
 * packets. Owned by the free list, by the session thread, or (indicated) by NDIS. */
typedef struct BUFFER
{
    struct BUFFER *Next; /* while it is in a list of BUFFER_POOL */
    PNET_BUFFER_LIST NetBufferList;
    PMDL Mdl;
    PUCHAR Data;
    BUFFER_CLASS Class;
} BUFFER;

typedef struct BUFFER_POOL
{
    /* The session thread's alone (without session: AdapterHalt's), most recently used first. */
    BUFFER *Own[BufferClasses];
    PVOID volatile Returned[BufferClasses]; /* BUFFERs: pushed from any thread, taken all at once */
    LONG Allocated[BufferClasses]; /* the session thread's and, without session, AdapterHalt's */
    LONG Idle[BufferClasses];      /* likewise: how many are in Own */
    NDIS_HANDLE NetBufferListPool;
    /* 1: the session thread ran out of buffers and is to be woken by the next return. */
    volatile LONG Starving;
} BUFFER_POOL;

/* ---- Adapter (adapter.c) --------------------------------------------------------------------- */

struct ADAPTER
{
    BUFFER_POOL Buffers;
    NDIS_HANDLE MiniportHandle;
    NDIS_HANDLE DeviceHandle;
    PDEVICE_OBJECT DeviceObject;
    LIST_ENTRY DeviceEntry; /* device.c's */
    EX_RUNDOWN_REF DeviceRundown;
    GUID NetCfgInstanceId;

    FAST_MUTEX StateLock;
    SESSION *Session;       /* under StateLock, or read under TransmitGate */
    PKTHREAD SessionThread; /* under StateLock: the present or the last session's, referenced */
    BOOLEAN Running;        /* under StateLock: between MiniportRestart and MiniportPause */
    /* Written under StateLock: no session may start any more, and what NDIS sends or asks is
     * refused. */
    volatile LONG Removing;
    volatile LONG Connected;   /* written under StateLock: there is a session */
    volatile LONG Asleep;      /* written by OID requests, of which NDIS makes one at a time */
    volatile LONG LinkChanges; /* of the two above that are still to be told, and being told */

    /* What sends write. It is as long as a cache line and more, so that what follows is on
     * another. */
    KSPIN_LOCK TransmitLock;
    EX_RUNDOWN_REF TransmitGate;
    TRAFFIC Out; /* from the system to the application: the receive ring */

    /* 1 while running, plus 1 for each NET_BUFFER_LIST that NDIS has and 1 for the burst being
     * made; 0 when paused. Whoever takes it to 0 completes the pause. */
    volatile LONG InjectReferences;
    /* Wakes the session thread: the adapter runs again, or a buffer came back. Auto-reset. */
    KEVENT InjectWake;
    TRAFFIC In; /* from the application into the system: the send ring */

    volatile LONG64 Sessions;
    volatile LONG64 BrokenSessions;
    volatile LONG Capacity; /* written under StateLock: of the present session's rings, or 0 */
    ULONG PacketFilter;
    ULONG Lookahead;
};

extern NDIS_HANDLE MiniportDriverHandle;

MINIPORT_INITIALIZE AdapterInitialize;
MINIPORT_HALT AdapterHalt;
MINIPORT_PAUSE AdapterPause;
MINIPORT_RESTART AdapterRestart;
MINIPORT_SHUTDOWN AdapterShutdown;
MINIPORT_DEVICE_PNP_EVENT_NOTIFY AdapterDevicePnPEvent;

/* Takes Session as the adapter's. STATUS_SHARING_VIOLATION if there is one,
 * STATUS_DEVICE_NOT_READY if the adapter is going away, STATUS_CANCELLED if no handle of the
 * session's file object is open any more. */
_IRQL_requires_(PASSIVE_LEVEL)
NTSTATUS
AdapterClaimSession(ADAPTER *Adapter, SESSION *Session);

/* Undoes AdapterClaimSession for a session that was never attached. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID
AdapterUnclaimSession(ADAPTER *Adapter);

/* The claimed session can carry packets from now on, run by Thread, whose reference becomes the
 * adapter's: connects the link. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID
AdapterAttachSession(ADAPTER *Adapter, PKTHREAD Thread);

/* Disconnects the link and returns when nobody uses the session any more. By the session's thread.
 */
_IRQL_requires_(PASSIVE_LEVEL)
VOID
AdapterDetachSession(ADAPTER *Adapter);

/* The last handle of a file object is closed: ends the session that it started, and lets none of
 * its requests that are still under way start one. Does not wait. */
_IRQL_requires_max_(APC_LEVEL)
VOID
AdapterCloseFile(ADAPTER *Adapter, PFILE_OBJECT FileObject);

/* The adapter goes to a low-power state or comes back from it: tells what becomes of the link.
 * Takes no lock, since it is called from an OID request. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID
AdapterSetPower(ADAPTER *Adapter, BOOLEAN Asleep);

/* Whether the adapter runs, and if so keeps it from completing a pause until
 * AdapterInjectRelease. */
_IRQL_requires_max_(DISPATCH_LEVEL)
BOOLEAN
AdapterInjectAcquire(ADAPTER *Adapter);

/* Gives back Count references, and completes a pause that waits for the last one. */
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID
AdapterInjectRelease(ADAPTER *Adapter, LONG Count);

/* What CULVERT_IOCTL_STATISTICS answers. */
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID
AdapterReadStatistics(ADAPTER *Adapter, CULVERT_DRIVER_STATISTICS *Statistics);

/* ---- OIDs (oid.c) ---------------------------------------------------------------------------- */

MINIPORT_OID_REQUEST AdapterOidRequest;
MINIPORT_CANCEL_OID_REQUEST AdapterCancelOidRequest;

/* The OIDs of the general attributes. */
extern NDIS_OID SupportedOids[];
extern const ULONG SupportedOidsBytes;

/* ---- Device object (device.c) ---------------------------------------------------------------- */

/* Once, before any adapter. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID DeviceListInitialize(VOID);

_IRQL_requires_(PASSIVE_LEVEL)
NTSTATUS
DeviceCreate(ADAPTER *Adapter);

/* Returns when no IRP is being dispatched; later ones fail with STATUS_DEVICE_REMOVED. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID
DeviceRunDown(ADAPTER *Adapter);

/* After DeviceRunDown, and when the session's IRP is completed. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID
DeviceDelete(ADAPTER *Adapter);

/* ---- Session (session.c) --------------------------------------------------------------------- */

/* One burst between reservation and publication in the receive ring; see transmit.c. */
typedef struct TRANSMIT_TICKET
{
    uint32_t End;            /* ring position behind the burst */
    uint32_t Previous, Next; /* its neighbours in the ring, or NO_TICKET */
    BOOLEAN Done;
} TRANSMIT_TICKET;

#define NO_TICKET UINT32_MAX

struct SESSION
{
    ADAPTER *Adapter;
    PIRP Irp;
    PFILE_OBJECT FileObject;
    CULVERT_SESSION_HEADER *Memory; /* shared with the application */

    /* The application's events, referenced. */
    PKEVENT ReceiveEvent;
    PKEVENT SendSpaceEvent;
    PKEVENT SendEvent;

    KEVENT Ready;            /* the thread may begin */
    KEVENT Stop;             /* the thread is to end the session */
    volatile LONG EndStatus; /* STATUS_PENDING until the first SessionStop says why it ends */

    CULVERT_PRODUCER Receive; /* under ADAPTER.TransmitLock */
    uint32_t TicketFirst;     /* under ADAPTER.TransmitLock: the oldest that is not published */
    uint32_t TicketLast;      /* under ADAPTER.TransmitLock: the youngest */
    uint32_t TicketFree;      /* under ADAPTER.TransmitLock: of no burst, linked by Next */
    uint32_t TicketCount;

    CULVERT_CONSUMER Send; /* the thread's alone */
    ULONG LingerSkips;     /* the thread's alone: see inject.c */

    TRANSMIT_TICKET Tickets[];
};

/* CULVERT_IOCTL_SESSION. Returns STATUS_PENDING if the session started, and the IRP is then
 * completed by its end; else the caller completes it. */
_IRQL_requires_(PASSIVE_LEVEL)
NTSTATUS
SessionStart(ADAPTER *Adapter, PIRP Irp);

/* Tells the session's thread to end it; the first Status counts. The caller sees to it that the
 * session exists: StateLock, TransmitGate, or the cancel spin lock. */
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID
SessionStop(SESSION *Session, NTSTATUS Status);

/* ---- Data path (transmit.c, inject.c) -------------------------------------------------------- */

MINIPORT_SEND_NET_BUFFER_LISTS AdapterSendNetBufferLists;
MINIPORT_CANCEL_SEND AdapterCancelSend;
MINIPORT_RETURN_NET_BUFFER_LISTS AdapterReturnNetBufferLists;

/* Sets up what sends need of a session that nobody knows of yet, but for its ring. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID
TransmitInitialize(SESSION *Session);

typedef enum INJECT_RESULT
{
    InjectMore,    /* a burst is done, look again */
    InjectEmpty,   /* nothing to do until the application signals */
    InjectBlocked, /* paused or out of buffers: until InjectWake */
    InjectBroken   /* the application broke a rule of the ring */
} INJECT_RESULT;

/* Moves one burst from the send ring into the system. By the session's thread. */
_IRQL_requires_(PASSIVE_LEVEL)
INJECT_RESULT
InjectBurst(SESSION *Session);

_IRQL_requires_(PASSIVE_LEVEL)
NTSTATUS
BufferPoolCreate(ADAPTER *Adapter);

/* All buffers must be back. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID
BufferPoolDelete(ADAPTER *Adapter);

/* A buffer for a packet of Size bytes, or NULL: none left and no more may be or can be allocated.
 * Then *Wait tells whether one will come back, which InjectWake announces. By the session's
 * thread. */
_IRQL_requires_(PASSIVE_LEVEL)
BUFFER *
BufferTake(ADAPTER *Adapter, ULONG Size, BOOLEAN *Wait);

/* Takes in what has been returned, so that it is used first. By the session's thread. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID
BufferCollect(ADAPTER *Adapter);

/* Whether so many buffers are taken that NDIS should not keep any more. By the session's thread. */
_IRQL_requires_(PASSIVE_LEVEL)
BOOLEAN
BufferIsScarce(const ADAPTER *Adapter);

/* Undoes BufferTake. By the session's thread. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID
BufferPutBack(ADAPTER *Adapter, BUFFER *Buffer);

/* NDIS has returned a chain of buffers of one class, linked by Next from First to Last. */
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID
BufferGive(ADAPTER *Adapter, BUFFER *First, BUFFER *Last);

/* Frees what lies unused. By the session's thread or, without session, by AdapterHalt. */
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID
BufferPoolTrim(ADAPTER *Adapter);

#endif
