/* SPDX-License-Identifier: MIT */
/* See miniport.h. */
#include "../../ndis/adapter.h"
#include "miniport.h"

NDIS_STATUS
MiniportOid(NDIS_ADAPTER *Adapter, NDIS_OID_REQUEST *Request)
{
    return Adapter->Driver->Characteristics.OidRequestHandler(Adapter->MiniportAdapterContext,
                                                              Request);
}
