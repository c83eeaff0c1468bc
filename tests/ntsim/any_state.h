/* SPDX-License-Identifier: MIT */
/* What Microsoft's NDIS may do and ours does not: it sends in states other than Running, passes on
 * OID requests that ours answers itself, and cancels. */
#ifndef CULVERT_TESTS_NTSIM_ANY_STATE_H
#define CULVERT_TESTS_NTSIM_ANY_STATE_H

#include "../../ndis/edge.h"

/* NdisEdgeSend in any state of an adapter that is initialised. FALSE: the miniport has not
 * completed the lists inside of the call. */
BOOLEAN
SendInAnyState(NDIS_ADAPTER *Adapter, PNET_BUFFER_LIST Lists);

/* How many lists the miniport has to send. */
LONG
SendsAtMiniport(NDIS_ADAPTER *Adapter);

/* Whether MiniportPause has been called and the pause is not complete. */
BOOLEAN
IsPausing(NDIS_ADAPTER *Adapter);

/* MiniportOidRequest with a request for Oid; NdisEdgeOidRequest checks and answers many itself. */
NDIS_STATUS
AskMiniport(NDIS_ADAPTER *Adapter, NDIS_OID_REQUEST *Request);

/* MiniportCancelSend and MiniportCancelOidRequest, of what is not there. */
void
CancelAtMiniport(NDIS_ADAPTER *Adapter);

#endif
