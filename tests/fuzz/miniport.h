/* SPDX-License-Identifier: MIT */
/* The miniport's handlers, called straight: what another NDIS than ours may do. */
#ifndef CULVERT_TESTS_FUZZ_MINIPORT_H
#define CULVERT_TESTS_FUZZ_MINIPORT_H

#include "../../ndis/edge.h"

/* MiniportOidRequest: PASSIVE_LEVEL, one request at a time, the adapter initialised. */
NDIS_STATUS
MiniportOid(NDIS_ADAPTER *Adapter, NDIS_OID_REQUEST *Request);

#endif
