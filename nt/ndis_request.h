/* SPDX-License-Identifier: MIT */
/*
 * OID requests, what their buffers hold, and status indications.
 * Documentation: oidrequest/ns-oidrequest-ndis_oid_request, ntddndis.
 */
#ifndef CULVERT_NT_NDIS_REQUEST_H
#define CULVERT_NT_NDIS_REQUEST_H

#include "ndis_types.h"

/* oidrequesttypes/ne-oidrequesttypes-ndis_request_type */
typedef enum _NDIS_REQUEST_TYPE
{
    NdisRequestQueryInformation = 0,
    NdisRequestSetInformation = 1,
    NdisRequestQueryStatistics = 2,
    NdisRequestMethod = 12
} NDIS_REQUEST_TYPE, *PNDIS_REQUEST_TYPE;

/* oidrequest/ns-oidrequest-ndis_oid_request. Owned by NDIS; the miniport writes results into it. */
typedef struct _NDIS_OID_REQUEST
{
    NDIS_OBJECT_HEADER Header;
    NDIS_REQUEST_TYPE RequestType;
    NDIS_PORT_NUMBER PortNumber;
    UINT Timeout;
    PVOID RequestId;
    NDIS_HANDLE RequestHandle;
    union _REQUEST_DATA {
        struct _QUERY
        {
            NDIS_OID Oid;
            PVOID InformationBuffer;
            UINT InformationBufferLength;
            UINT BytesWritten;
            UINT BytesNeeded;
        } QUERY_INFORMATION;
        struct _SET
        {
            NDIS_OID Oid;
            PVOID InformationBuffer;
            UINT InformationBufferLength;
            UINT BytesRead;
            UINT BytesNeeded;
        } SET_INFORMATION;
        struct _METHOD
        {
            NDIS_OID Oid;
            PVOID InformationBuffer;
            ULONG InputBufferLength;
            ULONG OutputBufferLength;
            ULONG MethodId;
            UINT BytesWritten;
            UINT BytesRead;
            UINT BytesNeeded;
        } METHOD_INFORMATION;
    } DATA;
    UCHAR NdisReserved[16 * sizeof(PVOID)];
    UCHAR MiniportReserved[2 * sizeof(PVOID)];
    UCHAR SourceReserved[2 * sizeof(PVOID)];
    UCHAR SupportedRevision;
    UCHAR Reserved1;
    USHORT Reserved2;
    NDIS_NIC_SWITCH_ID SwitchId;
    NDIS_NIC_SWITCH_VPORT_ID VPortId;
    ULONG Flags;
} NDIS_OID_REQUEST, *PNDIS_OID_REQUEST;
NT_ASSERT_SIZE(NDIS_OID_REQUEST, 248, 152);
NT_ASSERT_OFFSET(NDIS_OID_REQUEST, DATA, 32, 24);
NT_ASSERT_OFFSET(NDIS_OID_REQUEST, NdisReserved, 72, 56);
NT_ASSERT_OFFSET(NDIS_OID_REQUEST, SupportedRevision, 232, 136);
#define NDIS_OID_REQUEST_REVISION_1        1
#define NDIS_OID_REQUEST_REVISION_2        2
#define NDIS_SIZEOF_OID_REQUEST_REVISION_1 NDIS_SIZEOF_THROUGH(NDIS_OID_REQUEST, Reserved2)
#define NDIS_SIZEOF_OID_REQUEST_REVISION_2 NDIS_SIZEOF_THROUGH(NDIS_OID_REQUEST, Flags)

/* ndis/ns-ndis-_ndis_status_indication */
typedef struct _NDIS_STATUS_INDICATION
{
    NDIS_OBJECT_HEADER Header;
    NDIS_HANDLE SourceHandle;
    NDIS_PORT_NUMBER PortNumber;
    NDIS_STATUS StatusCode;
    ULONG Flags;
    NDIS_HANDLE DestinationHandle;
    PVOID RequestId;
    PVOID StatusBuffer;
    ULONG StatusBufferSize;
    GUID Guid;
    PVOID NdisReserved[4];
} NDIS_STATUS_INDICATION, *PNDIS_STATUS_INDICATION;
NT_ASSERT_SIZE(NDIS_STATUS_INDICATION, 112, 68);
NT_ASSERT_OFFSET(NDIS_STATUS_INDICATION, StatusCode, 20, 12);
NT_ASSERT_OFFSET(NDIS_STATUS_INDICATION, StatusBuffer, 48, 28);
#define NDIS_STATUS_INDICATION_REVISION_1 1
#define NDIS_SIZEOF_STATUS_INDICATION_REVISION_1                                                   \
    NDIS_SIZEOF_THROUGH(NDIS_STATUS_INDICATION, NdisReserved)

/* ntddndis/ns-ntddndis-_ndis_link_state, of NDIS_STATUS_LINK_STATE. Speeds in bits per second. */
typedef struct _NDIS_LINK_STATE
{
    NDIS_OBJECT_HEADER Header;
    NDIS_MEDIA_CONNECT_STATE MediaConnectState;
    NDIS_MEDIA_DUPLEX_STATE MediaDuplexState;
    ULONG64 XmitLinkSpeed;
    ULONG64 RcvLinkSpeed;
    NDIS_SUPPORTED_PAUSE_FUNCTIONS PauseFunctions;
    ULONG AutoNegotiationFlags;
} NDIS_LINK_STATE, *PNDIS_LINK_STATE;
NT_ASSERT_SIZE(NDIS_LINK_STATE, 40, 40);
NT_ASSERT_OFFSET(NDIS_LINK_STATE, XmitLinkSpeed, 16, 16);
#define NDIS_LINK_STATE_REVISION_1                      1
#define NDIS_SIZEOF_LINK_STATE_REVISION_1               NDIS_SIZEOF_THROUGH(NDIS_LINK_STATE, AutoNegotiationFlags)
#define NDIS_LINK_STATE_XMIT_LINK_SPEED_AUTO_NEGOTIATED 0x00000001
#define NDIS_LINK_STATE_RCV_LINK_SPEED_AUTO_NEGOTIATED  0x00000002
#define NDIS_LINK_STATE_DUPLEX_AUTO_NEGOTIATED          0x00000004
#define NDIS_LINK_STATE_PAUSE_FUNCTIONS_AUTO_NEGOTIATED 0x00000008

/* ntddndis/ns-ntddndis-_ndis_link_parameters: OID_GEN_LINK_PARAMETERS */
typedef struct _NDIS_LINK_PARAMETERS
{
    NDIS_OBJECT_HEADER Header;
    NDIS_MEDIA_DUPLEX_STATE MediaDuplexState;
    ULONG64 XmitLinkSpeed;
    ULONG64 RcvLinkSpeed;
    NDIS_SUPPORTED_PAUSE_FUNCTIONS PauseFunctions;
    ULONG AutoNegotiationFlags;
} NDIS_LINK_PARAMETERS, *PNDIS_LINK_PARAMETERS;
NT_ASSERT_SIZE(NDIS_LINK_PARAMETERS, 32, 32);
#define NDIS_LINK_PARAMETERS_REVISION_1 1
#define NDIS_SIZEOF_LINK_PARAMETERS_REVISION_1                                                     \
    NDIS_SIZEOF_THROUGH(NDIS_LINK_PARAMETERS, AutoNegotiationFlags)

/* ntddndis/ns-ntddndis-_ndis_statistics_info: OID_GEN_STATISTICS */
typedef struct _NDIS_STATISTICS_INFO
{
    NDIS_OBJECT_HEADER Header;
    ULONG SupportedStatistics;
    ULONG64 ifInDiscards;
    ULONG64 ifInErrors;
    ULONG64 ifHCInOctets;
    ULONG64 ifHCInUcastPkts;
    ULONG64 ifHCInMulticastPkts;
    ULONG64 ifHCInBroadcastPkts;
    ULONG64 ifHCOutOctets;
    ULONG64 ifHCOutUcastPkts;
    ULONG64 ifHCOutMulticastPkts;
    ULONG64 ifHCOutBroadcastPkts;
    ULONG64 ifOutErrors;
    ULONG64 ifOutDiscards;
    ULONG64 ifHCInUcastOctets;
    ULONG64 ifHCInMulticastOctets;
    ULONG64 ifHCInBroadcastOctets;
    ULONG64 ifHCOutUcastOctets;
    ULONG64 ifHCOutMulticastOctets;
    ULONG64 ifHCOutBroadcastOctets;
} NDIS_STATISTICS_INFO, *PNDIS_STATISTICS_INFO;
NT_ASSERT_SIZE(NDIS_STATISTICS_INFO, 152, 152);
NT_ASSERT_OFFSET(NDIS_STATISTICS_INFO, ifHCOutOctets, 56, 56);
#define NDIS_STATISTICS_INFO_REVISION_1 1
#define NDIS_SIZEOF_STATISTICS_INFO_REVISION_1                                                     \
    NDIS_SIZEOF_THROUGH(NDIS_STATISTICS_INFO, ifHCOutBroadcastOctets)

/* ntddndis/ns-ntddndis-_ndis_interrupt_moderation_parameters: OID_GEN_INTERRUPT_MODERATION */
typedef enum _NDIS_INTERRUPT_MODERATION
{
    NdisInterruptModerationUnknown,
    NdisInterruptModerationNotSupported,
    NdisInterruptModerationEnabled,
    NdisInterruptModerationDisabled
} NDIS_INTERRUPT_MODERATION, *PNDIS_INTERRUPT_MODERATION;

typedef struct _NDIS_INTERRUPT_MODERATION_PARAMETERS
{
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    NDIS_INTERRUPT_MODERATION InterruptModeration;
} NDIS_INTERRUPT_MODERATION_PARAMETERS, *PNDIS_INTERRUPT_MODERATION_PARAMETERS;
NT_ASSERT_SIZE(NDIS_INTERRUPT_MODERATION_PARAMETERS, 12, 12);
#define NDIS_INTERRUPT_MODERATION_PARAMETERS_REVISION_1 1
#define NDIS_SIZEOF_INTERRUPT_MODERATION_PARAMETERS_REVISION_1                                     \
    NDIS_SIZEOF_THROUGH(NDIS_INTERRUPT_MODERATION_PARAMETERS, InterruptModeration)
#define NDIS_INTERRUPT_MODERATION_CHANGE_NEEDS_RESET        0x00000001
#define NDIS_INTERRUPT_MODERATION_CHANGE_NEEDS_REINITIALIZE 0x00000002

/* ntddndis/ns-ntddndis-_ndis_pnp_capabilities: OID_PNP_CAPABILITIES */
typedef struct _NDIS_PM_WAKE_UP_CAPABILITIES
{
    NDIS_DEVICE_POWER_STATE MinMagicPacketWakeUp;
    NDIS_DEVICE_POWER_STATE MinPatternWakeUp;
    NDIS_DEVICE_POWER_STATE MinLinkChangeWakeUp;
} NDIS_PM_WAKE_UP_CAPABILITIES, *PNDIS_PM_WAKE_UP_CAPABILITIES;
NT_ASSERT_SIZE(NDIS_PM_WAKE_UP_CAPABILITIES, 12, 12);

typedef struct _NDIS_PNP_CAPABILITIES
{
    ULONG Flags;
    NDIS_PM_WAKE_UP_CAPABILITIES WakeUpCapabilities;
} NDIS_PNP_CAPABILITIES, *PNDIS_PNP_CAPABILITIES;
NT_ASSERT_SIZE(NDIS_PNP_CAPABILITIES, 16, 16);

/* ntddndis/ns-ntddndis-_ndis_pm_capabilities */
typedef struct _NDIS_PM_CAPABILITIES
{
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    ULONG SupportedWoLPacketPatterns;
    ULONG NumTotalWoLPatterns;
    ULONG MaxWoLPatternSize;
    ULONG MaxWoLPatternOffset;
    ULONG MaxWoLPacketSaveBuffer;
    ULONG SupportedProtocolOffloads;
    ULONG NumArpOffloadIPv4Addresses;
    ULONG NumNSOffloadIPv6Addresses;
    NDIS_DEVICE_POWER_STATE MinMagicPacketWakeUp;
    NDIS_DEVICE_POWER_STATE MinPatternWakeUp;
    NDIS_DEVICE_POWER_STATE MinLinkChangeWakeUp;
    ULONG SupportedWakeUpEvents;
    ULONG MediaSpecificWakeUpEvents;
} NDIS_PM_CAPABILITIES, *PNDIS_PM_CAPABILITIES;
NT_ASSERT_SIZE(NDIS_PM_CAPABILITIES, 60, 60);
NT_ASSERT_OFFSET(NDIS_PM_CAPABILITIES, MinMagicPacketWakeUp, 40, 40);
#define NDIS_PM_CAPABILITIES_REVISION_1 1
#define NDIS_PM_CAPABILITIES_REVISION_2 2
#define NDIS_SIZEOF_NDIS_PM_CAPABILITIES_REVISION_1                                                \
    NDIS_SIZEOF_THROUGH(NDIS_PM_CAPABILITIES, MinLinkChangeWakeUp)
#define NDIS_SIZEOF_NDIS_PM_CAPABILITIES_REVISION_2                                                \
    NDIS_SIZEOF_THROUGH(NDIS_PM_CAPABILITIES, MediaSpecificWakeUpEvents)

/* ntddndis/ns-ntddndis-_ndis_pm_parameters: OID_PM_PARAMETERS */
typedef struct _NDIS_PM_PARAMETERS
{
    NDIS_OBJECT_HEADER Header;
    ULONG EnabledWoLPacketPatterns;
    ULONG EnabledProtocolOffloads;
    ULONG WakeUpFlags;
    ULONG MediaSpecificWakeUpEvents;
} NDIS_PM_PARAMETERS, *PNDIS_PM_PARAMETERS;
NT_ASSERT_SIZE(NDIS_PM_PARAMETERS, 20, 20);
#define NDIS_PM_PARAMETERS_REVISION_1 1
#define NDIS_PM_PARAMETERS_REVISION_2 2
#define NDIS_SIZEOF_NDIS_PM_PARAMETERS_REVISION_1                                                  \
    NDIS_SIZEOF_THROUGH(NDIS_PM_PARAMETERS, WakeUpFlags)
#define NDIS_SIZEOF_NDIS_PM_PARAMETERS_REVISION_2                                                  \
    NDIS_SIZEOF_THROUGH(NDIS_PM_PARAMETERS, MediaSpecificWakeUpEvents)
#define NDIS_PM_PROTOCOL_OFFLOAD_ARP_ENABLED          0x00000001
#define NDIS_PM_PROTOCOL_OFFLOAD_ARP_SUPPORTED        0x00000001
#define NDIS_PM_WAKE_ON_LINK_CHANGE_ENABLED           0x00000001
#define NDIS_PM_WAKE_ON_MEDIA_CONNECT_SUPPORTED       0x00000001
#define NDIS_PM_WAKE_PACKET_INDICATION_SUPPORTED      0x00000001
#define NDIS_PM_WOL_BITMAP_PATTERN_ENABLED            0x00000001
#define NDIS_PM_WOL_BITMAP_PATTERN_SUPPORTED          0x00000001
#define NDIS_PM_PROTOCOL_OFFLOAD_NS_ENABLED           0x00000002
#define NDIS_PM_PROTOCOL_OFFLOAD_NS_SUPPORTED         0x00000002
#define NDIS_PM_SELECTIVE_SUSPEND_SUPPORTED           0x00000002
#define NDIS_PM_WAKE_ON_MEDIA_DISCONNECT_ENABLED      0x00000002
#define NDIS_PM_WAKE_ON_MEDIA_DISCONNECT_SUPPORTED    0x00000002
#define NDIS_PM_WOL_MAGIC_PACKET_ENABLED              0x00000002
#define NDIS_PM_WOL_MAGIC_PACKET_SUPPORTED            0x00000002
#define NDIS_PM_WOL_IPV4_TCP_SYN_ENABLED              0x00000004
#define NDIS_PM_WOL_IPV4_TCP_SYN_SUPPORTED            0x00000004
#define NDIS_PM_WOL_IPV6_TCP_SYN_ENABLED              0x00000008
#define NDIS_PM_WOL_IPV6_TCP_SYN_SUPPORTED            0x00000008
#define NDIS_PM_SELECTIVE_SUSPEND_ENABLED             0x00000010
#define NDIS_PM_WOL_IPV4_DEST_ADDR_WILDCARD_ENABLED   0x00000200
#define NDIS_PM_WOL_IPV4_DEST_ADDR_WILDCARD_SUPPORTED 0x00000200
#define NDIS_PM_WOL_IPV6_DEST_ADDR_WILDCARD_ENABLED   0x00000800
#define NDIS_PM_WOL_IPV6_DEST_ADDR_WILDCARD_SUPPORTED 0x00000800

/* ntddndis/ns-ntddndis-_ndis_wmi_event_header */
typedef struct _NDIS_WMI_EVENT_HEADER
{
    NDIS_OBJECT_HEADER Header;
    NET_IFINDEX IfIndex;
    NET_LUID NetLuid;
    ULONG64 RequestId;
    NDIS_PORT_NUMBER PortNumber;
    ULONG DeviceNameLength;
    ULONG DeviceNameOffset;
    UCHAR Padding[4];
} NDIS_WMI_EVENT_HEADER, *PNDIS_WMI_EVENT_HEADER;
NT_ASSERT_SIZE(NDIS_WMI_EVENT_HEADER, 40, 40);
#define NDIS_WMI_EVENT_HEADER_REVISION_1        1
#define NDIS_SIZEOF_WMI_EVENT_HEADER_REVISION_1 NDIS_SIZEOF_THROUGH(NDIS_WMI_EVENT_HEADER, Padding)

#endif
