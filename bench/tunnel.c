/* SPDX-License-Identifier: MIT */
/* See tunnel.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tunnel.h"
#include "../contract/ring.h"
#include "../contract/session.h"

#define GUID_TEXT   L"{3F2B8C11-0D45-4E6A-9B7C-12AB34CD56EF}"
#define DRIVER_KEY  L"\\Class\\{4d36e972-e325-11ce-bfc1-08002be10318}\\0001"
#define DEVICE_NAME CULVERT_DEVICE_LINK_PREFIX GUID_TEXT

SIM_EDGE *TunnelEdge;
NDIS_ADAPTER *TunnelAdapter;
WINTUN_SESSION_HANDLE TunnelSession;
static SIM_DEVICE *Device;

static void
Need(int Good, const char *What)
{
    if (Good)
        return;
    fprintf(stderr, "%s failed\n", What);
    exit(1);
}

void
TunnelUp(ULONG Capacity)
{
    static const WCHAR Guid[] = GUID_TEXT;
    SimEdgePoolsCreate();
    SimRegistrySet(DRIVER_KEY, L"NetCfgInstanceId", REG_SZ, Guid, sizeof(Guid));
    Need(NT_SUCCESS(SimDriverLoadImage(NTSIM_DRIVER)), "loading the driver");
    Device = SimDeviceAdd(DRIVER_KEY);
    Need(Device != NULL && NT_SUCCESS(SimDevicePnp(Device, IRP_MN_START_DEVICE)),
         "starting the device");
    TunnelEdge = SimEdge();
    TunnelAdapter = SimEdgeAdapter(TunnelEdge);
    SimWin32Begin(DEVICE_NAME);
    TunnelSession = WintunStartSession(SimWin32Adapter(), Capacity);
    Need(TunnelSession != NULL, "starting a session");
}

void
TunnelDown(void)
{
    WintunEndSession(TunnelSession);
    SimEdgeSetTap(TunnelEdge, NULL, NULL);
    SimWin32End();
    Need(SimDevicePnp(Device, IRP_MN_QUERY_REMOVE_DEVICE) == STATUS_SUCCESS &&
             SimDevicePnp(Device, IRP_MN_REMOVE_DEVICE) == STATUS_SUCCESS,
         "removing the device");
    SimDeviceDelete(Device);
    Need(SimDriverUnload(), "unloading the driver");
}

ULONG64
TunnelDrops(void)
{
    NDIS_STATISTICS_INFO Info;
    memset(&Info, 0, sizeof(Info));
    SimEdgeOid(TunnelEdge, NdisRequestQueryInformation, OID_GEN_STATISTICS, &Info, sizeof(Info),
               NULL, NULL);
    return Info.ifOutDiscards + Info.ifOutErrors + Info.ifInDiscards + Info.ifInErrors;
}

ULONG
PacketBytes(ULONG Size, unsigned Nth)
{
    static const ULONG Mix[] = {64, 576, 64, 576, 64, 1400, 64, 576, 64, 64, 576, 64};
    return Size != 0 ? Size : Mix[Nth % ARRAYSIZE(Mix)];
}

PNET_BUFFER_LIST
MakeChain(ULONG Size, unsigned First, unsigned Count)
{
    static UCHAR Packet[CULVERT_MAX_PACKET];
    PNET_BUFFER_LIST Chain = NULL;
    PNET_BUFFER_LIST *End = &Chain;
    memset(Packet, 0x45, sizeof(Packet));
    for (unsigned Nth = First; Nth < First + Count; ++Nth)
    {
        *End = SimListCreate();
        SimListAdd(*End, Packet, PacketBytes(Size, Nth), NULL);
        End = &(*End)->Next;
    }
    return Chain;
}
