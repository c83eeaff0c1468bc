/* SPDX-License-Identifier: MIT */
/*
 * The data path of NDIS without its checks and its accounting, for measurements: what it does here
 * is what no NDIS can leave out. It takes the place of ndis/send_receive.c in the build that
 * SIM_UNCHECKED marks. Pauses do not wait for lists that the environment holds.
 */
#include "../../ndis/adapter.h"

VOID
NdisEdgeSend(NDIS_ADAPTER *Adapter, PNET_BUFFER_LIST NetBufferLists, ULONG SendFlags)
{
    Adapter->Driver->Characteristics.SendNetBufferListsHandler(
        Adapter->MiniportAdapterContext, NetBufferLists, NDIS_DEFAULT_PORT_NUMBER, SendFlags);
}

VOID NTAPI
NdisMSendNetBufferListsComplete(NDIS_HANDLE MiniportAdapterHandle, PNET_BUFFER_LIST NetBufferList,
                                ULONG SendCompleteFlags)
{
    UNREFERENCED_PARAMETER(SendCompleteFlags);
    NDIS_ADAPTER *Adapter = MiniportAdapterHandle;
    EdgeSendComplete(Adapter->Edge, NetBufferList);
}

VOID NTAPI
NdisMIndicateReceiveNetBufferLists(NDIS_HANDLE MiniportAdapterHandle,
                                   PNET_BUFFER_LIST NetBufferLists, NDIS_PORT_NUMBER PortNumber,
                                   ULONG NumberOfNetBufferLists, ULONG ReceiveFlags)
{
    UNREFERENCED_PARAMETER(PortNumber);
    NDIS_ADAPTER *Adapter = MiniportAdapterHandle;
    EdgeReceive(Adapter->Edge, NetBufferLists, NumberOfNetBufferLists, ReceiveFlags);
}

VOID
NdisEdgeReturn(NDIS_ADAPTER *Adapter, PNET_BUFFER_LIST NetBufferLists)
{
    Adapter->Driver->Characteristics.ReturnNetBufferListsHandler(Adapter->MiniportAdapterContext,
                                                                 NetBufferLists, 0);
}
