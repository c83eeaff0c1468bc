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

BOOLEAN
IsPausing(NDIS_ADAPTER *Adapter)
{
    return ReadWord(&Adapter->State) == AdapterPausing;
}
