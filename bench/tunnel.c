/* SPDX-License-Identifier: MIT */
/* See tunnel.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tunnel.h"
#include "../contract/ring.h"
#include "../contract/session.h"

#define NAME_CHARACTERS 80

TUNNEL Tunnels[TUNNELS_MAX];
static unsigned TunnelCount;

static void
Need(int Good, const char *What)
{
    if (Good)
        return;
    fprintf(stderr, "%s failed\n", What);
    exit(1);
}

/* Text with Number as the two digits before its last Behind characters. */
static void
Numbered(const WCHAR *Text, unsigned Behind, unsigned Number, WCHAR Result[NAME_CHARACTERS])
{
    unsigned Length = 0;
    for (; Text[Length] != 0; ++Length)
        Result[Length] = Text[Length];
    Result[Length] = 0;
    Result[Length - Behind - 2] = (WCHAR)('0' + Number / 10);
    Result[Length - Behind - 1] = (WCHAR)('0' + Number % 10);
}

static void
Up(TUNNEL *Tunnel, unsigned Number, ULONG Capacity)
{
    static const WCHAR Guid[] = L"{3F2B8C11-0D45-4E6A-9B7C-12AB34CD5600}";
    static const WCHAR Key[] = L"\\Class\\{4d36e972-e325-11ce-bfc1-08002be10318}\\0000";
    static const WCHAR Device[] =
        CULVERT_DEVICE_LINK_PREFIX L"{3F2B8C11-0D45-4E6A-9B7C-12AB34CD5600}";
    WCHAR Value[NAME_CHARACTERS], DriverKey[NAME_CHARACTERS], DeviceName[NAME_CHARACTERS];
    Numbered(Guid, 1, Number, Value);
    Numbered(Key, 0, Number, DriverKey);
    Numbered(Device, 1, Number, DeviceName);
    SimRegistrySet(DriverKey, L"NetCfgInstanceId", REG_SZ, Value, sizeof(Guid));
    Tunnel->Device = SimDeviceAdd(DriverKey);
    Need(Tunnel->Device != NULL && NT_SUCCESS(SimDevicePnp(Tunnel->Device, IRP_MN_START_DEVICE)),
         "starting a device");
    Tunnel->Edge = SimEdge();
    Tunnel->Adapter = SimEdgeAdapter(Tunnel->Edge);
    SimWin32UseDevice(DeviceName);
    Tunnel->Session = WintunStartSession(SimWin32Adapter(), Capacity);
    Need(Tunnel->Session != NULL, "starting a session");
}

void
TunnelsUp(ULONG Capacity, unsigned Count)
{
    SimEdgePoolsCreate();
    Need(NT_SUCCESS(SimDriverLoadImage(NTSIM_DRIVER)), "loading the driver");
    SimWin32Begin(NULL);
    for (unsigned At = 0; At < Count; ++At)
        Up(&Tunnels[At], At, Capacity);
    TunnelCount = Count;
}

void
TunnelUp(ULONG Capacity)
{
    TunnelsUp(Capacity, 1);
}

void
TunnelDown(void)
{
    for (unsigned At = 0; At < TunnelCount; ++At)
    {
        WintunEndSession(Tunnels[At].Session);
        SimEdgeSetTap(Tunnels[At].Edge, NULL, NULL);
    }
    SimWin32End();
    for (unsigned At = 0; At < TunnelCount; ++At)
    {
        SIM_DEVICE *Device = Tunnels[At].Device;
        Need(SimDevicePnp(Device, IRP_MN_QUERY_REMOVE_DEVICE) == STATUS_SUCCESS &&
                 SimDevicePnp(Device, IRP_MN_REMOVE_DEVICE) == STATUS_SUCCESS,
             "removing a device");
        SimDeviceDelete(Device);
    }
    Need(SimDriverUnload(), "unloading the driver");
}

ULONG64
TunnelDrops(void)
{
    ULONG64 Drops = 0;
    for (unsigned At = 0; At < TunnelCount; ++At)
    {
        NDIS_STATISTICS_INFO Info;
        memset(&Info, 0, sizeof(Info));
        SimEdgeOid(Tunnels[At].Edge, NdisRequestQueryInformation, OID_GEN_STATISTICS, &Info,
                   sizeof(Info), NULL, NULL);
        Drops += Info.ifOutDiscards + Info.ifOutErrors + Info.ifInDiscards + Info.ifInErrors;
    }
    return Drops;
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
