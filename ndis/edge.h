/* SPDX-License-Identifier: MIT */
/*
 * Between NDIS and the environment that hosts it (winehost/, ntsim/, the unit tests). NDIS knows
 * nothing of the network above the miniport; the environment knows nothing of miniports. The
 * environment implements the Edge… functions, NDIS the NdisEdge… ones.
 *
 * Everything else that NDIS needs are kernel functions, by their documented names (nt/kernel.h).
 */
#ifndef CULVERT_NDIS_EDGE_H
#define CULVERT_NDIS_EDGE_H

#include "../nt/nt.h"

typedef struct NDIS_ADAPTER NDIS_ADAPTER; /* opaque to the environment */

/* What the environment is told about an adapter whose miniport has initialised. */
typedef struct EDGE_ADAPTER_ATTRIBUTES
{
    ULONG MtuSize;            /* bytes of IP packet that the miniport takes in one NET_BUFFER */
    ULONG64 MaxXmitLinkSpeed; /* bits per second */
    NDIS_MEDIUM MediaType;
    NET_IFTYPE IfType;
    ULONG LookaheadSize;
    NET_IF_MEDIA_CONNECT_STATE MediaConnectState;
} EDGE_ADAPTER_ATTRIBUTES;

/* ---- Implemented by the environment ------------------------------------------------------- */

/* A miniport driver calls NdisMRegisterMiniportDriver, before anything of it is kept.
 * PASSIVE_LEVEL. */
NTSTATUS
EdgeDriverRegister(PDRIVER_OBJECT DriverObject);

/*
 * A device starts, before MiniportInitializeEx. SoftwareKey is the adapter's driver key ("Control\
 * Class\{4d36e972-…}\NNNN") open for reading and writing, and stays NDIS's; NetCfgInstanceId is
 * the value of that name. The environment gives the interface its LUID and index, and *Edge for
 * the calls below. A failure fails the start of the device. PASSIVE_LEVEL.
 */
NTSTATUS
EdgeAdapterCreate(NDIS_ADAPTER *Adapter, HANDLE SoftwareKey, const GUID *NetCfgInstanceId,
                  NET_LUID *NetLuid, NET_IFINDEX *IfIndex, PVOID *Edge);

/* The adapter has entered the Running state: NdisEdgeSend is allowed from now on. PASSIVE_LEVEL. */
VOID
EdgeAdapterRun(PVOID Edge, const EDGE_ADAPTER_ATTRIBUTES *Attributes);

/*
 * The adapter is about to pause. Returns when no NdisEdgeSend call is in progress and none will
 * begin before the next EdgeAdapterRun. Sends that are still with the miniport complete afterwards,
 * through EdgeSendComplete. PASSIVE_LEVEL.
 */
VOID
EdgeAdapterPause(PVOID Edge);

/*
 * The device is gone, and the miniport has been told; it is paused and halted next. Until this
 * returns, sends and OID requests may still be made: the miniport must refuse them. PASSIVE_LEVEL.
 */
VOID
EdgeAdapterRemoved(PVOID Edge);

/* The last call with this Edge, after MiniportHaltEx (or a failed MiniportInitializeEx).
 * PASSIVE_LEVEL. */
VOID
EdgeAdapterDelete(PVOID Edge);

/*
 * The miniport indicates Count NET_BUFFER_LISTs. They are the environment's until it gives each
 * back with NdisEdgeReturn, which it may do from inside; with NDIS_RECEIVE_FLAGS_RESOURCES in
 * ReceiveFlags they are NDIS's again when this returns, and NdisEdgeReturn must not be called.
 * <= DISPATCH_LEVEL.
 */
VOID
EdgeReceive(PVOID Edge, PNET_BUFFER_LIST NetBufferLists, ULONG Count, ULONG ReceiveFlags);

/* Sends that NdisEdgeSend passed down are done; Status is in each list. <= DISPATCH_LEVEL. */
VOID
EdgeSendComplete(PVOID Edge, PNET_BUFFER_LIST NetBufferLists);

/* The link changed, or is told for the first time. <= DISPATCH_LEVEL. */
VOID
EdgeLinkState(PVOID Edge, NET_IF_MEDIA_CONNECT_STATE State, ULONG64 XmitLinkSpeed,
              ULONG64 RcvLinkSpeed);

/*
 * An IRP for a device that a miniport made with NdisRegisterDeviceEx is about to be passed to the
 * miniport's dispatch routine. A host whose I/O manager lacks something (direct buffers that are
 * the caller's pages) makes up for it here. If this fails, NDIS completes the IRP with the status.
 */
NTSTATUS
EdgeDeviceIrp(PDEVICE_OBJECT DeviceObject, PIRP Irp);

/*
 * A miniport broke a rule that NDIS relies on. Rule is a sentence that names the function, the
 * structure and field or the object, what was found and what is required. The environment reports
 * it; under test it may longjmp or record and return, otherwise it stops the system as a bug check
 * would. If it returns, NDIS fails the call that broke the rule, or ignores it where it cannot
 * fail. Any IRQL.
 */
VOID
EdgeRuleBroken(const char *Rule);

/* ---- Implemented by NDIS -------------------------------------------------------------------- */

/*
 * Passes NET_BUFFER_LISTs to the miniport. They are the miniport's until EdgeSendComplete, which
 * may be called from inside. SendFlags: NDIS_SEND_FLAGS_DISPATCH_LEVEL if at DISPATCH_LEVEL. Only
 * between EdgeAdapterRun and EdgeAdapterPause. <= DISPATCH_LEVEL.
 */
VOID
NdisEdgeSend(NDIS_ADAPTER *Adapter, PNET_BUFFER_LIST NetBufferLists, ULONG SendFlags);

/* Gives indicated NET_BUFFER_LISTs back, any number in any order. <= DISPATCH_LEVEL. */
VOID
NdisEdgeReturn(NDIS_ADAPTER *Adapter, PNET_BUFFER_LIST NetBufferLists);

/*
 * Makes an OID request of the miniport, or answers it as NDIS does for OIDs that miniports do not
 * see, and waits for its completion. Request->DATA has the result. PASSIVE_LEVEL.
 */
NDIS_STATUS
NdisEdgeOidRequest(NDIS_ADAPTER *Adapter, NDIS_OID_REQUEST *Request);

/*
 * For tests. TRUE: NDIS also demands what its documentation does, but Windows' own samples do not
 * all do, and so other vendors' drivers: that all statistics are supported, and that the
 * capabilities of power management are given. FALSE at first.
 */
extern BOOLEAN NdisToTheLetter;

/*
 * For tests. TRUE: NdisEdgeSend is allowed, and reaches the miniport, until a pause is complete;
 * FALSE, as at first: until EdgeAdapterPause. Above Windows' miniports sends end before a pause
 * begins, but the page "Pausing an Adapter" wants them refused, not excluded. While the adapter
 * does not run.
 */
VOID
NdisEdgeSendWhilePausing(NDIS_ADAPTER *Adapter, BOOLEAN Send);

/* Stops and starts the data path as a change of bindings does. PASSIVE_LEVEL. */
NTSTATUS
NdisEdgePause(NDIS_ADAPTER *Adapter);
NTSTATUS
NdisEdgeRestart(NDIS_ADAPTER *Adapter);

#endif
