/* SPDX-License-Identifier: MIT */
/* See any_state.h. A file of its own, because it looks into ndis/. */
#include "../../ndis/adapter.h"
#include "any_state.h"

BOOLEAN
SendInAnyState(NDIS_ADAPTER *Adapter, PNET_BUFFER_LIST Lists)
{
    GateOpen(&Adapter->Sends);
    NdisEdgeSend(Adapter, Lists, 0);
    return GateClose(&Adapter->Sends) == 0;
}

LONG
SendsAtMiniport(NDIS_ADAPTER *Adapter)
{
    return GateInside(&Adapter->Sends);
}

BOOLEAN
IsPausing(NDIS_ADAPTER *Adapter)
{
    return ReadWord(&Adapter->State) == AdapterPausing;
}

NDIS_STATUS
AskMiniport(NDIS_ADAPTER *Adapter, NDIS_OID_REQUEST *Request)
{
    return Adapter->Driver->Characteristics.OidRequestHandler(Adapter->MiniportAdapterContext,
                                                              Request);
}

void
CancelAtMiniport(NDIS_ADAPTER *Adapter)
{
    Adapter->Driver->Characteristics.CancelSendHandler(Adapter->MiniportAdapterContext, Adapter);
    Adapter->Driver->Characteristics.CancelOidRequestHandler(Adapter->MiniportAdapterContext,
                                                             Adapter);
}
