/* SPDX-License-Identifier: MIT */
/* Status indications, of which the state of the link matters to the environment. Pages
 * "NdisMIndicateStatusEx", "NDIS_STATUS_INDICATION", "NDIS_STATUS_LINK_STATE". */
#include "adapter.h"
#include "verify.h"

static const char Function[] = "NdisMIndicateStatusEx";

HEADER_RULE_1(IndicationRule, NDIS_STATUS_INDICATION, NDIS_OBJECT_TYPE_STATUS_INDICATION,
              NDIS_SIZEOF_STATUS_INDICATION_REVISION_1);
HEADER_RULE_1(LinkStateRule, NDIS_LINK_STATE, NDIS_OBJECT_TYPE_DEFAULT,
              NDIS_SIZEOF_LINK_STATE_REVISION_1);

/*
 * One caller at a time tells the environment; others leave their change to it. So the environment
 * is told in order, the last state last, without a lock held during the call.
 */
VOID
LinkDeliver(NDIS_ADAPTER *Adapter)
{
    KIRQL Irql;
    KeAcquireSpinLock(&Adapter->LinkLock, &Irql);
    if (Adapter->LinkDelivering)
    {
        KeReleaseSpinLock(&Adapter->LinkLock, Irql);
        return;
    }
    Adapter->LinkDelivering = TRUE;
    while (Adapter->LinkWanted && Adapter->LinkChanged)
    {
        ADAPTER_LINK Link = Adapter->Link;
        Adapter->LinkChanged = FALSE;
        KeReleaseSpinLock(&Adapter->LinkLock, Irql);
        EdgeLinkState(Adapter->Edge, Link.ConnectState, Link.XmitLinkSpeed, Link.RcvLinkSpeed);
        KeAcquireSpinLock(&Adapter->LinkLock, &Irql);
    }
    Adapter->LinkDelivering = FALSE;
    KeReleaseSpinLock(&Adapter->LinkLock, Irql);
}

static VOID
LinkIndicated(NDIS_ADAPTER *Adapter, const NDIS_STATUS_INDICATION *Indication)
{
    const NDIS_LINK_STATE *State = Indication->StatusBuffer;
    if (State == NULL || Indication->StatusBufferSize < NDIS_SIZEOF_LINK_STATE_REVISION_1)
    {
        RuleBroken("%s: NDIS_STATUS_LINK_STATE has StatusBufferSize %u; %u are required", Function,
                   Indication->StatusBufferSize, (ULONG)NDIS_SIZEOF_LINK_STATE_REVISION_1);
        return;
    }
    if (RuleHeader(Function, &State->Header, &LinkStateRule, NDIS_VERSION_ANY) !=
        NDIS_STATUS_SUCCESS)
        return;
    if (State->MediaConnectState > MediaConnectStateDisconnected ||
        State->MediaDuplexState > MediaDuplexStateFull)
    {
        RuleBroken("%s: NDIS_LINK_STATE.MediaConnectState is %u and MediaDuplexState %u, which are "
                   "not both of their enumerations",
                   Function, (ULONG)State->MediaConnectState, (ULONG)State->MediaDuplexState);
        return;
    }
    KIRQL Irql;
    KeAcquireSpinLock(&Adapter->LinkLock, &Irql);
    Adapter->Link.ConnectState = State->MediaConnectState;
    Adapter->Link.DuplexState = State->MediaDuplexState;
    Adapter->Link.XmitLinkSpeed = State->XmitLinkSpeed;
    Adapter->Link.RcvLinkSpeed = State->RcvLinkSpeed;
    Adapter->LinkIndicated = TRUE;
    Adapter->LinkChanged = TRUE;
    KeReleaseSpinLock(&Adapter->LinkLock, Irql);
    LinkDeliver(Adapter);
}

VOID NTAPI
NdisMIndicateStatusEx(NDIS_HANDLE MiniportAdapterHandle, PNDIS_STATUS_INDICATION StatusIndication)
{
    NDIS_ADAPTER *Adapter = AdapterFromHandle(Function, MiniportAdapterHandle);
    if (Adapter == NULL || !RuleIrqlAtMost(Function, DISPATCH_LEVEL) ||
        RuleHeader(Function, &StatusIndication->Header, &IndicationRule, NDIS_VERSION_ANY) !=
            NDIS_STATUS_SUCCESS)
        return;
    if (ReadWord(&Adapter->State) == AdapterHalted ||
        !(Adapter->Attributes & ATTRIBUTES_REGISTRATION))
    {
        RuleBroken("%s: the adapter is %s and its registration attributes are %s; they must be set "
                   "first, and nothing may be indicated after MiniportHaltEx",
                   Function, AdapterStateName(ReadWord(&Adapter->State)),
                   Adapter->Attributes & ATTRIBUTES_REGISTRATION ? "set" : "not set");
        return;
    }
    if (StatusIndication->SourceHandle != MiniportAdapterHandle)
    {
        RuleBroken(
            "%s: NDIS_STATUS_INDICATION.SourceHandle is %p; the miniport's adapter handle %p "
            "is required",
            Function, StatusIndication->SourceHandle, MiniportAdapterHandle);
        return;
    }
    if (StatusIndication->PortNumber != NDIS_DEFAULT_PORT_NUMBER)
    {
        RuleBroken(
            "%s: NDIS_STATUS_INDICATION.PortNumber is %u; the miniport has allocated no ports",
            Function, StatusIndication->PortNumber);
        return;
    }
    if (StatusIndication->Flags & NDIS_STATUS_INDICATION_FLAGS_NDIS_RESERVED)
    {
        RuleBroken("%s: NDIS_STATUS_INDICATION.Flags is %x; miniports set it to zero", Function,
                   StatusIndication->Flags);
        return;
    }
    if ((StatusIndication->StatusBuffer == NULL) != (StatusIndication->StatusBufferSize == 0))
    {
        RuleBroken("%s: NDIS_STATUS_INDICATION.StatusBuffer is %p and StatusBufferSize %u; both or "
                   "none must be given",
                   Function, StatusIndication->StatusBuffer, StatusIndication->StatusBufferSize);
        return;
    }
    if (StatusIndication->StatusCode == NDIS_STATUS_LINK_STATE)
        LinkIndicated(Adapter, StatusIndication);
}
