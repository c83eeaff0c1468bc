/* SPDX-License-Identifier: MIT */
/* See indicated.h. */
#include "indicated.h"
#include "system.h"

/* How long a list's out-of-band data is on Windows 7, and from NDIS 6.30 on what of it the layers
 * above a miniport use for packets that they receive. */
#define OUT_OF_BAND_620 (NetBufferListFilteringInfo + 1)
#define OUT_OF_BAND_630 (RscTcpTimestampDelta + 1)
/* What SimIndicatedScribble leaves there. */
#define SCRIBBLED(Info) ((PVOID)(ULONG_PTR)(0x101 * ((Info) + 1)))

void
SimIndicatedCheck(PNET_BUFFER_LIST List)
{
    static const char Call[] = "NdisMIndicateReceiveNetBufferLists";
    static const char Page[] = "nblinfo/ne-nblinfo-ndis_net_buffer_list_info";
    static const unsigned Last = MaxNetBufferListInfo - 1;
    unsigned Length = SimIsWindows7() ? OUT_OF_BAND_620 : OUT_OF_BAND_630;
    for (unsigned Info = 0; Info < Length; ++Info)
    {
        if (Info != NetBufferListFrameType && List->NetBufferListInfo[Info] != NULL)
            SimRuleBroken(Call, Page, "out-of-band data %u of list %p is %p, of another packet",
                          Info, (void *)List, List->NetBufferListInfo[Info]);
    }
    for (unsigned Info = Length; List->NetBufferListInfo[Last] == SCRIBBLED(Last) && Info < Last;
         ++Info)
    {
        if (List->NetBufferListInfo[Info] != SCRIBBLED(Info))
            SimRuleBroken(Call, Page,
                          "list %p of this NDIS ends before out-of-band data %u, which is changed",
                          (void *)List, Info);
    }
    if (List->NblFlags & ~(NDIS_NBL_FLAGS_IS_IPV4 | NDIS_NBL_FLAGS_IS_IPV6))
        SimRuleBroken(Call, "nbl/ns-nbl-net_buffer_list", "NblFlags of list %p are %x",
                      (void *)List, List->NblFlags);
    if (List->FirstNetBuffer->MdlChain->Next != NULL)
        SimRuleBroken(Call, "NET_BUFFER Architecture", "list %p has an MDL too many", (void *)List);
}

void
SimIndicatedScribble(PNET_BUFFER_LIST Chain)
{
    static MDL Other;
    for (PNET_BUFFER_LIST List = Chain; List != NULL; List = List->Next)
    {
        PNET_BUFFER Buffer = List->FirstNetBuffer;
        for (unsigned Info = 0; Info < MaxNetBufferListInfo; ++Info)
            List->NetBufferListInfo[Info] = SCRIBBLED(Info);
        List->NblFlags = NDIS_NBL_FLAGS_IS_UDP | NDIS_NBL_FLAGS_IS_IPV4 | NDIS_NBL_FLAGS_IS_IPV6 |
                         NDIS_NBL_FLAGS_IS_LOOPBACK_PACKET;
        List->Status = NDIS_STATUS_FAILURE;
        Buffer->MdlChain->Next = &Other;
        Buffer->DataOffset = Buffer->CurrentMdlOffset = 7;
    }
}
