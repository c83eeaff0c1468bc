/* SPDX-License-Identifier: MIT */
/*
 * A miniport adapter: an instance of a device that a miniport driver serves.
 *
 * States are those of "Miniport Adapter States and Operations". Operations that change them
 * (initialise, restart, pause, halt) hold the operation lock, so they come one after the other; the
 * data path reads State and the gates without it.
 */
#ifndef CULVERT_NDIS_ADAPTER_H
#define CULVERT_NDIS_ADAPTER_H

#include "driver.h"

typedef enum ADAPTER_STATE
{
    AdapterHalted,
    AdapterInitializing,
    AdapterPaused,
    AdapterRestarting,
    AdapterRunning,
    AdapterPausing,
    AdapterHalting,
    AdapterShutdown
} ADAPTER_STATE;

/* NDIS_ADAPTER.Attributes */
#define ATTRIBUTES_ADD_DEVICE   0x01u
#define ATTRIBUTES_REGISTRATION 0x02u
#define ATTRIBUTES_GENERAL      0x04u
#define ATTRIBUTES_OFFLOAD      0x08u
#define ATTRIBUTES_ASSIST       0x10u
#define ATTRIBUTES_NATIVE_80211 0x20u
#define ATTRIBUTES_NDK          0x40u

/* What the environment is told about the link. */
typedef struct ADAPTER_LINK
{
    NET_IF_MEDIA_CONNECT_STATE ConnectState;
    NET_IF_MEDIA_DUPLEX_STATE DuplexState;
    ULONG64 XmitLinkSpeed;
    ULONG64 RcvLinkSpeed;
} ADAPTER_LINK;

/* An operation that a miniport may complete later: pause, restart or an OID request. */
typedef struct PENDED_OPERATION
{
    volatile LONG Pending; /* 1 from just before the call until it is completed */
    NDIS_STATUS Status;
    KEVENT Done;
} PENDED_OPERATION;

struct NDIS_ADAPTER
{
    NDIS_OWNER Owner;
    NDIS_DRIVER *Driver;
    PDEVICE_OBJECT DeviceObject;         /* ours */
    PDEVICE_OBJECT PhysicalDeviceObject; /* the bus driver's */
    PDEVICE_OBJECT LowerDeviceObject;    /* the next one below ours */
    HANDLE SoftwareKey;                  /* the driver key, from start to halt */
    GUID NetCfgInstanceId;
    NET_LUID NetLuid;
    NET_IFINDEX IfIndex;
    PVOID Edge;

    KEVENT OperationLock; /* a synchronisation event: signalled while no operation is in progress */
    volatile LONG State;  /* ADAPTER_STATE; written under the operation lock */
    BOOLEAN SurpriseRemoved;
    /* What sends and OID requests that begin now must be refused with; NDIS_STATUS_SUCCESS:
     * nothing. */
    volatile LONG MustRefuse;
    volatile LONG EdgeReady;        /* the environment takes indications */
    BOOLEAN LowPower;               /* paused or halted for a sleeping state */
    BOOLEAN RunAtWake;              /* it ran before that */
    volatile LONG SendWhilePausing; /* as NdisEdgeSendWhilePausing says */
    PENDED_OPERATION Pause;
    PENDED_OPERATION Restart;

    ULONG Attributes; /* ATTRIBUTES_… that the miniport has set */
    NDIS_HANDLE MiniportAdapterContext;
    ULONG AttributeFlags; /* NDIS_MINIPORT_ATTRIBUTES_… */
    NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES
    General;            /* the OID list is a copy, other pointers NULL */
    BOOLEAN PowerAware; /* it came with power management capabilities */
    ULONG PacketFilter;
    ULONG Lookahead;

    /* NET_BUFFER_LISTs that the miniport has to complete; open while it may be given more. */
    NDIS_GATE Sends;
    /* NET_BUFFER_LISTs that the miniport has indicated; open while it may indicate more. */
    NDIS_GATE Receives;
    /* Calls of MiniportSendNetBufferLists, with SendWhilePausing. */
    NDIS_GATE SendCalls;
    /* Calls of the data path on whose return somebody still looks at this structure. */
    NDIS_GATE Calls;

    KEVENT OidLock;    /* a synchronisation event: OID requests come one at a time */
    BOOLEAN OidClosed; /* no more requests; under OidLock */
    PENDED_OPERATION Oid;
    NDIS_OID_REQUEST OidRequest; /* the one that the miniport sees */

    KSPIN_LOCK LinkLock; /* guards what follows */
    ADAPTER_LINK Link;
    BOOLEAN LinkIndicated;  /* by the miniport, since MiniportInitializeEx */
    BOOLEAN LinkWanted;     /* the environment knows the adapter */
    BOOLEAN LinkChanged;    /* it has not been told the current state */
    BOOLEAN LinkDelivering; /* somebody is telling it */
};

/* Whether Handle is an adapter; reported against Function if not. Any IRQL. */
NDIS_ADAPTER *
AdapterFromHandle(const char *Function, NDIS_HANDLE Handle);

const char *
AdapterStateName(LONG State);

/* Takes and releases a synchronisation event that is used as a lock. PASSIVE_LEVEL. */
VOID
EventLock(PKEVENT Event);
VOID
EventUnlock(PKEVENT Event);

/* The operations: PASSIVE_LEVEL, operation lock held. AdapterInitialize leaves the adapter Paused
 * or, if it fails, Halted; AdapterRestart Running or Paused; the other two cannot fail.
 * AdapterPause does nothing if the adapter does not run, AdapterHalt pauses first and does nothing
 * if it is halted. */
NTSTATUS
AdapterInitialize(NDIS_ADAPTER *Adapter);
NTSTATUS
AdapterRestart(NDIS_ADAPTER *Adapter);
VOID
AdapterPause(NDIS_ADAPTER *Adapter, ULONG Reason);
VOID
AdapterHalt(NDIS_ADAPTER *Adapter, NDIS_HALT_ACTION Action);

/* Registers a pended operation that is about to begin, and waits for its end. */
VOID
OperationBegin(PENDED_OPERATION *Operation);
NDIS_STATUS
OperationWait(PENDED_OPERATION *Operation);
/* FALSE if none is pending. <= DISPATCH_LEVEL. */
BOOLEAN
OperationComplete(PENDED_OPERATION *Operation, NDIS_STATUS Status);
/* Takes back an operation that was not pended; FALSE if the miniport completed it all the same. */
BOOLEAN
OperationCancel(PENDED_OPERATION *Operation);

/* Frees what the attributes refer to. PASSIVE_LEVEL. */
VOID
AttributesFree(NDIS_ADAPTER *Adapter);

/* Tells the environment the state of the link, if it changed. <= DISPATCH_LEVEL. */
VOID
LinkDeliver(NDIS_ADAPTER *Adapter);

/* Stops and resumes OID requests around initialisation and halt; waits for the one in progress. */
VOID
OidOpen(NDIS_ADAPTER *Adapter);
VOID
OidClose(NDIS_ADAPTER *Adapter);

/* A request of NDIS's own that sets Length bytes at Buffer. PASSIVE_LEVEL. */
NDIS_STATUS
OidSet(NDIS_ADAPTER *Adapter, NDIS_OID Oid, PVOID Buffer, ULONG Length);

/* Tells the miniport a PnP event. PASSIVE_LEVEL. */
VOID
AdapterNotifyPnp(NDIS_ADAPTER *Adapter, NDIS_DEVICE_PNP_EVENT Event, PVOID Information,
                 ULONG Length);

/* PnP (pnp.c) and power (power.c) IRPs of the adapter's device object. */
NTSTATUS
AdapterPnp(NDIS_ADAPTER *Adapter, PIRP Irp);
NTSTATUS
AdapterPower(NDIS_ADAPTER *Adapter, PIRP Irp);
/* Forwards an IRP as it is, or down and waits for it to come back. */
NTSTATUS
AdapterForward(NDIS_ADAPTER *Adapter, PIRP Irp);
NTSTATUS
AdapterForwardAndWait(NDIS_ADAPTER *Adapter, PIRP Irp);

#endif
