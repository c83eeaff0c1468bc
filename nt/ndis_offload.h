/* SPDX-License-Identifier: MIT */
/*
 * Task offload, receive scaling and connection offload: what a miniport says it can do for the
 * stack. Documentation: ntddndis/ns-ntddndis-_ndis_offload and the pages of its parts.
 */
#ifndef CULVERT_NT_NDIS_OFFLOAD_H
#define CULVERT_NT_NDIS_OFFLOAD_H

#include "ndis_types.h"

#define NDIS_OFFLOAD_NOT_SUPPORTED 0
#define NDIS_OFFLOAD_SUPPORTED     1
#define NDIS_OFFLOAD_SET_NO_CHANGE 0
#define NDIS_OFFLOAD_SET_ON        1
#define NDIS_OFFLOAD_SET_OFF       2

#define NDIS_ENCAPSULATION_NOT_SUPPORTED             0x00000000
#define NDIS_ENCAPSULATION_NULL                      0x00000001
#define NDIS_ENCAPSULATION_IEEE_802_3                0x00000002
#define NDIS_ENCAPSULATION_IEEE_802_3_P_AND_Q        0x00000004
#define NDIS_ENCAPSULATION_IEEE_802_3_P_AND_Q_IN_OOB 0x00000008
#define NDIS_ENCAPSULATION_IEEE_LLC_SNAP_ROUTED      0x00000010
#define NDIS_ENCAPSULATION_TYPE_GRE_MAC              0x00000001
#define NDIS_ENCAPSULATION_TYPE_VXLAN                0x00000002

/* ntddndis/ns-ntddndis-_ndis_tcp_ip_checksum_offload */
typedef struct _NDIS_TCP_IP_CHECKSUM_OFFLOAD
{
    struct
    {
        ULONG Encapsulation;
        ULONG IpOptionsSupported : 2;
        ULONG TcpOptionsSupported : 2;
        ULONG TcpChecksum : 2;
        ULONG UdpChecksum : 2;
        ULONG IpChecksum : 2;
    } IPv4Transmit;
    struct
    {
        ULONG Encapsulation;
        ULONG IpOptionsSupported : 2;
        ULONG TcpOptionsSupported : 2;
        ULONG TcpChecksum : 2;
        ULONG UdpChecksum : 2;
        ULONG IpChecksum : 2;
    } IPv4Receive;
    struct
    {
        ULONG Encapsulation;
        ULONG IpExtensionHeadersSupported : 2;
        ULONG TcpOptionsSupported : 2;
        ULONG TcpChecksum : 2;
        ULONG UdpChecksum : 2;
    } IPv6Transmit;
    struct
    {
        ULONG Encapsulation;
        ULONG IpExtensionHeadersSupported : 2;
        ULONG TcpOptionsSupported : 2;
        ULONG TcpChecksum : 2;
        ULONG UdpChecksum : 2;
    } IPv6Receive;
} NDIS_TCP_IP_CHECKSUM_OFFLOAD, *PNDIS_TCP_IP_CHECKSUM_OFFLOAD;
NT_ASSERT_SIZE(NDIS_TCP_IP_CHECKSUM_OFFLOAD, 32, 32);

/* ntddndis/ns-ntddndis-_ndis_tcp_large_send_offload_v1 */
typedef struct _NDIS_TCP_LARGE_SEND_OFFLOAD_V1
{
    struct
    {
        ULONG Encapsulation;
        ULONG MaxOffLoadSize;
        ULONG MinSegmentCount;
        ULONG TcpOptions : 2;
        ULONG IpOptions : 2;
    } IPv4;
} NDIS_TCP_LARGE_SEND_OFFLOAD_V1, *PNDIS_TCP_LARGE_SEND_OFFLOAD_V1;
NT_ASSERT_SIZE(NDIS_TCP_LARGE_SEND_OFFLOAD_V1, 16, 16);

/* ntddndis/ns-ntddndis-_ndis_tcp_large_send_offload_v2 */
typedef struct _NDIS_TCP_LARGE_SEND_OFFLOAD_V2
{
    struct
    {
        ULONG Encapsulation;
        ULONG MaxOffLoadSize;
        ULONG MinSegmentCount;
    } IPv4;
    struct
    {
        ULONG Encapsulation;
        ULONG MaxOffLoadSize;
        ULONG MinSegmentCount;
        ULONG IpExtensionHeadersSupported : 2;
        ULONG TcpOptionsSupported : 2;
    } IPv6;
} NDIS_TCP_LARGE_SEND_OFFLOAD_V2, *PNDIS_TCP_LARGE_SEND_OFFLOAD_V2;
NT_ASSERT_SIZE(NDIS_TCP_LARGE_SEND_OFFLOAD_V2, 28, 28);

/* ntddndis/ns-ntddndis-_ndis_ipsec_offload_v1 */
typedef struct _NDIS_IPSEC_OFFLOAD_V1
{
    struct
    {
        ULONG Encapsulation;
        ULONG AhEspCombined;
        ULONG TransportTunnelCombined;
        ULONG IPv4Options;
        ULONG Flags;
    } Supported;
    struct
    {
        ULONG Md5 : 2;
        ULONG Sha_1 : 2;
        ULONG Transport : 2;
        ULONG Tunnel : 2;
        ULONG Send : 2;
        ULONG Receive : 2;
    } IPv4AH;
    struct
    {
        ULONG Des : 2;
        ULONG Reserved : 2;
        ULONG TripleDes : 2;
        ULONG NullEsp : 2;
        ULONG Transport : 2;
        ULONG Tunnel : 2;
        ULONG Send : 2;
        ULONG Receive : 2;
    } IPv4ESP;
} NDIS_IPSEC_OFFLOAD_V1, *PNDIS_IPSEC_OFFLOAD_V1;
NT_ASSERT_SIZE(NDIS_IPSEC_OFFLOAD_V1, 28, 28);

/* ntddndis/ns-ntddndis-_ndis_ipsec_offload_v2 */
typedef struct _NDIS_IPSEC_OFFLOAD_V2
{
    ULONG Encapsulation;
    BOOLEAN IPv6Supported;
    BOOLEAN IPv4Options;
    BOOLEAN IPv6NonIPsecExtensionHeaders;
    BOOLEAN Ah;
    BOOLEAN Esp;
    BOOLEAN AhEspCombined;
    BOOLEAN Transport;
    BOOLEAN Tunnel;
    BOOLEAN TransportTunnelCombined;
    BOOLEAN LsoSupported;
    BOOLEAN ExtendedSequenceNumbers;
    ULONG UdpEsp;
    ULONG AuthenticationAlgorithms;
    ULONG EncryptionAlgorithms;
    ULONG SaOffloadCapacity;
} NDIS_IPSEC_OFFLOAD_V2, *PNDIS_IPSEC_OFFLOAD_V2;
NT_ASSERT_SIZE(NDIS_IPSEC_OFFLOAD_V2, 32, 32);

/* ntddndis/ns-ntddndis-_ndis_tcp_recv_seg_coalesce_offload */
typedef struct _NDIS_TCP_RECV_SEG_COALESCE_OFFLOAD
{
    struct
    {
        BOOLEAN Enabled;
    } IPv4;
    struct
    {
        BOOLEAN Enabled;
    } IPv6;
} NDIS_TCP_RECV_SEG_COALESCE_OFFLOAD, *PNDIS_TCP_RECV_SEG_COALESCE_OFFLOAD;
NT_ASSERT_SIZE(NDIS_TCP_RECV_SEG_COALESCE_OFFLOAD, 2, 2);

/* ntddndis/ns-ntddndis-_ndis_encapsulated_packet_task_offload and its second version */
typedef struct _NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD
{
    ULONG TransmitChecksumOffloadSupported : 4;
    ULONG ReceiveChecksumOffloadSupported : 4;
    ULONG LsoV2Supported : 4;
    ULONG RssSupported : 4;
    ULONG VmqSupported : 4;
    ULONG MaxHeaderSizeSupported;
} NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD, *PNDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD;
NT_ASSERT_SIZE(NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD, 8, 8);

__extension__ typedef struct _NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_V2
{
    ULONG TransmitChecksumOffloadSupported : 4;
    ULONG ReceiveChecksumOffloadSupported : 4;
    ULONG LsoV2Supported : 4;
    ULONG RssSupported : 4;
    ULONG VmqSupported : 4;
    ULONG Reserved : 12;
    ULONG MaxHeaderSizeSupported;
    union {
        struct
        {
            USHORT VxlanUDPPortNumber;
            USHORT VxlanUDPPortNumberConfigurable : 1;
        } VxlanInfo;
        ULONG Value;
    } EncapsulationProtocolInfo;
    ULONG Reserved1;
    ULONG Reserved2;
} NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_V2, *PNDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_V2;
NT_ASSERT_SIZE(NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_V2, 20, 20);

/* ntddndis/ns-ntddndis-_ndis_rfc6877_464xlat_offload */
typedef struct _NDIS_RFC6877_464XLAT_OFFLOAD
{
    ULONG XlatOffload;
    ULONG Flags;
} NDIS_RFC6877_464XLAT_OFFLOAD, *PNDIS_RFC6877_464XLAT_OFFLOAD;
NT_ASSERT_SIZE(NDIS_RFC6877_464XLAT_OFFLOAD, 8, 8);

/* ntddndis/ns-ntddndis-_ndis_offload */
typedef struct _NDIS_OFFLOAD
{
    NDIS_OBJECT_HEADER Header;
    NDIS_TCP_IP_CHECKSUM_OFFLOAD Checksum;
    NDIS_TCP_LARGE_SEND_OFFLOAD_V1 LsoV1;
    NDIS_IPSEC_OFFLOAD_V1 IPsecV1;
    NDIS_TCP_LARGE_SEND_OFFLOAD_V2 LsoV2;
    ULONG Flags;
    NDIS_IPSEC_OFFLOAD_V2 IPsecV2;
    NDIS_TCP_RECV_SEG_COALESCE_OFFLOAD Rsc;
    NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD EncapsulatedPacketTaskOffloadGre;
    NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_V2 EncapsulatedPacketTaskOffloadVxlan;
    UCHAR EncapsulationTypes;
    NDIS_RFC6877_464XLAT_OFFLOAD Rfc6877Xlat;
} NDIS_OFFLOAD, *PNDIS_OFFLOAD;
NT_ASSERT_SIZE(NDIS_OFFLOAD, 188, 188);
NT_ASSERT_OFFSET(NDIS_OFFLOAD, LsoV2, 80, 80);
NT_ASSERT_OFFSET(NDIS_OFFLOAD, EncapsulationTypes, 176, 176);
#define NDIS_OFFLOAD_FLAGS_GROUP_CHECKSUM_CAPABILITIES 0x1
#define NDIS_OFFLOAD_REVISION_1                        1
#define NDIS_OFFLOAD_REVISION_2                        2
#define NDIS_OFFLOAD_REVISION_3                        3
#define NDIS_OFFLOAD_REVISION_4                        4
#define NDIS_OFFLOAD_REVISION_5                        5
#define NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_1            NDIS_SIZEOF_THROUGH(NDIS_OFFLOAD, Flags)
#define NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_2            NDIS_SIZEOF_THROUGH(NDIS_OFFLOAD, IPsecV2)
#define NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_3                                                        \
    NDIS_SIZEOF_THROUGH(NDIS_OFFLOAD, EncapsulatedPacketTaskOffloadGre)
#define NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_4 NDIS_SIZEOF_THROUGH(NDIS_OFFLOAD, EncapsulationTypes)
#define NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_5 NDIS_SIZEOF_THROUGH(NDIS_OFFLOAD, Rfc6877Xlat)

/* ntddndis/ns-ntddndis-_ndis_offload_parameters */
typedef struct _NDIS_OFFLOAD_PARAMETERS
{
    NDIS_OBJECT_HEADER Header;
    UCHAR IPv4Checksum;
    UCHAR TCPIPv4Checksum;
    UCHAR UDPIPv4Checksum;
    UCHAR TCPIPv6Checksum;
    UCHAR UDPIPv6Checksum;
    UCHAR LsoV1;
    UCHAR IPsecV1;
    UCHAR LsoV2IPv4;
    UCHAR LsoV2IPv6;
    UCHAR TcpConnectionIPv4;
    UCHAR TcpConnectionIPv6;
    ULONG Flags;
    UCHAR IPsecV2;
    UCHAR IPsecV2IPv4;
    struct
    {
        UCHAR RscIPv4;
        UCHAR RscIPv6;
    };
    struct
    {
        UCHAR EncapsulatedPacketTaskOffload;
        UCHAR EncapsulationTypes;
    };
    union {
        struct
        {
            USHORT VxlanUDPPortNumber;
        } VxlanParameters;
        ULONG Value;
    } EncapsulationProtocolParameters;
} NDIS_OFFLOAD_PARAMETERS, *PNDIS_OFFLOAD_PARAMETERS;
NT_ASSERT_SIZE(NDIS_OFFLOAD_PARAMETERS, 32, 32);
NT_ASSERT_OFFSET(NDIS_OFFLOAD_PARAMETERS, RscIPv4, 22, 22);
#define NDIS_OFFLOAD_PARAMETERS_NO_CHANGE                   0x00000000
#define NDIS_OFFLOAD_PARAMETERS_CONNECTION_OFFLOAD_DISABLED 0x00000001
#define NDIS_OFFLOAD_PARAMETERS_IPSECV1_DISABLED            0x00000001
#define NDIS_OFFLOAD_PARAMETERS_IPSECV2_DISABLED            0x00000001
#define NDIS_OFFLOAD_PARAMETERS_LSOV1_DISABLED              0x00000001
#define NDIS_OFFLOAD_PARAMETERS_LSOV2_DISABLED              0x00000001
#define NDIS_OFFLOAD_PARAMETERS_RSC_DISABLED                0x00000001
#define NDIS_OFFLOAD_PARAMETERS_SKIP_REGISTRY_UPDATE        0x00000001
#define NDIS_OFFLOAD_PARAMETERS_TX_RX_DISABLED              0x00000001
#define NDIS_OFFLOAD_PARAMETERS_CONNECTION_OFFLOAD_ENABLED  0x00000002
#define NDIS_OFFLOAD_PARAMETERS_IPSECV1_AH_ENABLED          0x00000002
#define NDIS_OFFLOAD_PARAMETERS_IPSECV2_AH_ENABLED          0x00000002
#define NDIS_OFFLOAD_PARAMETERS_LSOV1_ENABLED               0x00000002
#define NDIS_OFFLOAD_PARAMETERS_LSOV2_ENABLED               0x00000002
#define NDIS_OFFLOAD_PARAMETERS_RSC_ENABLED                 0x00000002
#define NDIS_OFFLOAD_PARAMETERS_TX_ENABLED_RX_DISABLED      0x00000002
#define NDIS_OFFLOAD_PARAMETERS_IPSECV1_ESP_ENABLED         0x00000003
#define NDIS_OFFLOAD_PARAMETERS_IPSECV2_ESP_ENABLED         0x00000003
#define NDIS_OFFLOAD_PARAMETERS_RX_ENABLED_TX_DISABLED      0x00000003
#define NDIS_OFFLOAD_PARAMETERS_IPSECV1_AH_AND_ESP_ENABLED  0x00000004
#define NDIS_OFFLOAD_PARAMETERS_IPSECV2_AH_AND_ESP_ENABLED  0x00000004
#define NDIS_OFFLOAD_PARAMETERS_TX_RX_ENABLED               0x00000004
#define NDIS_OFFLOAD_PARAMETERS_REVISION_1                  1
#define NDIS_OFFLOAD_PARAMETERS_REVISION_2                  2
#define NDIS_OFFLOAD_PARAMETERS_REVISION_3                  3
#define NDIS_OFFLOAD_PARAMETERS_REVISION_4                  4
#define NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_1                                                  \
    NDIS_SIZEOF_THROUGH(NDIS_OFFLOAD_PARAMETERS, Flags)
#define NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_2                                                  \
    NDIS_SIZEOF_THROUGH(NDIS_OFFLOAD_PARAMETERS, IPsecV2IPv4)
#define NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_3                                                  \
    NDIS_SIZEOF_THROUGH(NDIS_OFFLOAD_PARAMETERS, EncapsulationTypes)
#define NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_4                                                  \
    NDIS_SIZEOF_THROUGH(NDIS_OFFLOAD_PARAMETERS, EncapsulationProtocolParameters)

/* ntddndis/ns-ntddndis-_ndis_offload_encapsulation */
typedef struct _NDIS_OFFLOAD_ENCAPSULATION
{
    NDIS_OBJECT_HEADER Header;
    struct
    {
        ULONG Enabled;
        ULONG EncapsulationType;
        ULONG HeaderSize;
    } IPv4;
    struct
    {
        ULONG Enabled;
        ULONG EncapsulationType;
        ULONG HeaderSize;
    } IPv6;
} NDIS_OFFLOAD_ENCAPSULATION, *PNDIS_OFFLOAD_ENCAPSULATION;
NT_ASSERT_SIZE(NDIS_OFFLOAD_ENCAPSULATION, 28, 28);
#define NDIS_OFFLOAD_ENCAPSULATION_REVISION_1 1
#define NDIS_SIZEOF_OFFLOAD_ENCAPSULATION_REVISION_1                                               \
    NDIS_SIZEOF_THROUGH(NDIS_OFFLOAD_ENCAPSULATION, IPv6)

/* ntddndis/ns-ntddndis-_ndis_tcp_connection_offload */
typedef struct _NDIS_TCP_CONNECTION_OFFLOAD
{
    NDIS_OBJECT_HEADER Header;
    ULONG Encapsulation;
    ULONG SupportIPv4 : 2;
    ULONG SupportIPv6 : 2;
    ULONG SupportIPv6ExtensionHeaders : 2;
    ULONG SupportSack : 2;
    ULONG CongestionAlgorithm : 4;
    ULONG TcpConnectionOffloadCapacity;
    ULONG Flags;
} NDIS_TCP_CONNECTION_OFFLOAD, *PNDIS_TCP_CONNECTION_OFFLOAD;
NT_ASSERT_SIZE(NDIS_TCP_CONNECTION_OFFLOAD, 20, 20);
#define NDIS_TCP_CONNECTION_OFFLOAD_REVISION_1 1
#define NDIS_TCP_CONNECTION_OFFLOAD_REVISION_2 2
#define NDIS_SIZEOF_TCP_CONNECTION_OFFLOAD_REVISION_1                                              \
    NDIS_SIZEOF_THROUGH(NDIS_TCP_CONNECTION_OFFLOAD, Flags)
#define NDIS_SIZEOF_TCP_CONNECTION_OFFLOAD_REVISION_2                                              \
    NDIS_SIZEOF_THROUGH(NDIS_TCP_CONNECTION_OFFLOAD, Flags)

/* ntddndis/ns-ntddndis-_ndis_receive_scale_capabilities */
typedef struct _NDIS_RECEIVE_SCALE_CAPABILITIES
{
    NDIS_OBJECT_HEADER Header;
    ULONG CapabilitiesFlags;
    ULONG NumberOfInterruptMessages;
    ULONG NumberOfReceiveQueues;
    USHORT NumberOfIndirectionTableEntries;
} NDIS_RECEIVE_SCALE_CAPABILITIES, *PNDIS_RECEIVE_SCALE_CAPABILITIES;
NT_ASSERT_SIZE(NDIS_RECEIVE_SCALE_CAPABILITIES, 20, 20);
#define NDIS_RECEIVE_SCALE_CAPABILITIES_REVISION_1 1
#define NDIS_RECEIVE_SCALE_CAPABILITIES_REVISION_2 2
#define NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_1                                          \
    NDIS_SIZEOF_THROUGH(NDIS_RECEIVE_SCALE_CAPABILITIES, NumberOfReceiveQueues)
#define NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_2                                          \
    NDIS_SIZEOF_THROUGH(NDIS_RECEIVE_SCALE_CAPABILITIES, NumberOfIndirectionTableEntries)

#endif
