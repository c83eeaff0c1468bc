/* SPDX-License-Identifier: MIT */
/*
 * NET_BUFFER and NET_BUFFER_LIST: packets on their way between protocols and miniports.
 *
 * A list of NBLs is handed over whole: whoever received it owns every NBL in it until it gives it
 * back by the matching completion or return function. Documentation: nbl/ns-nbl-net_buffer_list,
 * nbl/ns-nbl-net_buffer, nblinfo, nblaccessors, nblapi.
 */
#ifndef CULVERT_NT_NDIS_NBL_H
#define CULVERT_NT_NDIS_NBL_H

#include "ndis_types.h"

typedef struct _NET_BUFFER NET_BUFFER, *PNET_BUFFER;
typedef struct _NET_BUFFER_LIST NET_BUFFER_LIST, *PNET_BUFFER_LIST;
typedef struct _NET_BUFFER_LIST_CONTEXT NET_BUFFER_LIST_CONTEXT, *PNET_BUFFER_LIST_CONTEXT;
typedef struct _NET_BUFFER_SHARED_MEMORY *PNET_BUFFER_SHARED_MEMORY;
typedef struct _SCATTER_GATHER_LIST *PSCATTER_GATHER_LIST;

/* nblinfo/ne-nblinfo-ndis_net_buffer_list_info. Later entries have other numbers on x86. */
typedef enum _NDIS_NET_BUFFER_LIST_INFO
{
    TcpIpChecksumNetBufferListInfo,
    TcpOffloadBytesTransferred = TcpIpChecksumNetBufferListInfo,
    IPsecOffloadV1NetBufferListInfo,
    IPsecOffloadV2NetBufferListInfo = IPsecOffloadV1NetBufferListInfo,
    TcpLargeSendNetBufferListInfo,
    TcpReceiveNoPush = TcpLargeSendNetBufferListInfo,
    ClassificationHandleNetBufferListInfo,
    Ieee8021QNetBufferListInfo,
    NetBufferListCancelId,
    MediaSpecificInformation,
    NetBufferListFrameType,
    NetBufferListProtocolId = NetBufferListFrameType,
    NetBufferListHashValue,
    NetBufferListHashInfo,
    WfpNetBufferListInfo,
    IPsecOffloadV2TunnelNetBufferListInfo,
    IPsecOffloadV2HeaderNetBufferListInfo,
    NetBufferListCorrelationId,
    NetBufferListFilteringInfo,
    MediaSpecificInformationEx,
    NblOriginalInterfaceIfIndex,
    NblReAuthWfpFlowContext = NblOriginalInterfaceIfIndex,
    TcpReceiveBytesTransferred,
    NrtNameResolutionId = TcpReceiveBytesTransferred,
#if NT_POINTER_BITS == 64
    SwitchForwardingReserved,
    SwitchForwardingDetail,
    VirtualSubnetInfo,
#endif
    IMReserved,
    TcpRecvSegCoalesceInfo,
    RscTcpTimestampDelta,
    TcpSendOffloadsSupplementalNetBufferListInfo = RscTcpTimestampDelta,
#if NT_POINTER_BITS == 64
    GftOffloadInformation,
    GftFlowEntryId,
#endif
    MaxNetBufferListInfo
} NDIS_NET_BUFFER_LIST_INFO, *PNDIS_NET_BUFFER_LIST_INFO;

/* nbl/ns-nbl-net_buffer_data: the part of a NET_BUFFER that the data path reads. */
typedef struct _NET_BUFFER_DATA
{
    PNET_BUFFER Next;
    PMDL CurrentMdl;
    ULONG CurrentMdlOffset;
    union {
        ULONG DataLength;
        SIZE_T stDataLength;
    };
    PMDL MdlChain;
    ULONG DataOffset;
} NET_BUFFER_DATA, *PNET_BUFFER_DATA;
NT_ASSERT_SIZE(NET_BUFFER_DATA, 48, 24);
NT_ASSERT_OFFSET(NET_BUFFER_DATA, DataOffset, 40, 20);

typedef union _NET_BUFFER_HEADER {
    struct
    {
        PNET_BUFFER Next;
        PMDL CurrentMdl;
        ULONG CurrentMdlOffset;
        union {
            ULONG DataLength;
            SIZE_T stDataLength;
        };
        PMDL MdlChain;
        ULONG DataOffset;
    };
    SLIST_HEADER Link;
} NET_BUFFER_HEADER, *PNET_BUFFER_HEADER;
NT_ASSERT_SIZE(NET_BUFFER_HEADER, 48, 24);

/* nbl/ns-nbl-net_buffer: one packet, DataLength bytes from DataOffset on in MdlChain. */
struct _NET_BUFFER
{
    union {
        struct
        {
            PNET_BUFFER Next;
            PMDL CurrentMdl;
            ULONG CurrentMdlOffset;
            union {
                ULONG DataLength;
                SIZE_T stDataLength;
            };
            PMDL MdlChain;
            ULONG DataOffset;
        };
        SLIST_HEADER Link;
        NET_BUFFER_HEADER NetBufferHeader;
    };
    USHORT ChecksumBias;
    USHORT Reserved;
    NDIS_HANDLE NdisPoolHandle;
    DECLSPEC_ALIGN(MEMORY_ALLOCATION_ALIGNMENT) PVOID NdisReserved[2];
    DECLSPEC_ALIGN(MEMORY_ALLOCATION_ALIGNMENT) PVOID ProtocolReserved[6];
    DECLSPEC_ALIGN(MEMORY_ALLOCATION_ALIGNMENT) PVOID MiniportReserved[4];
    NDIS_PHYSICAL_ADDRESS DataPhysicalAddress;
    union {
        PNET_BUFFER_SHARED_MEMORY SharedMemoryInfo;
        PSCATTER_GATHER_LIST ScatterGatherList;
    };
};
NT_ASSERT_SIZE(NET_BUFFER, 176, 96);
NT_ASSERT_OFFSET(NET_BUFFER, CurrentMdlOffset, 16, 8);
NT_ASSERT_OFFSET(NET_BUFFER, DataLength, 24, 12);
NT_ASSERT_OFFSET(NET_BUFFER, DataOffset, 40, 20);
NT_ASSERT_OFFSET(NET_BUFFER, ProtocolReserved, 80, 40);
NT_ASSERT_OFFSET(NET_BUFFER, MiniportReserved, 128, 64);

/* nbl/ns-nbl-net_buffer_list_context */
struct _NET_BUFFER_LIST_CONTEXT
{
    PNET_BUFFER_LIST_CONTEXT Next;
    USHORT Size;
    USHORT Offset;
    DECLSPEC_ALIGN(MEMORY_ALLOCATION_ALIGNMENT) UCHAR ContextData[];
};
NT_ASSERT_SIZE(NET_BUFFER_LIST_CONTEXT, 16, 8);

typedef struct _NET_BUFFER_LIST_DATA
{
    PNET_BUFFER_LIST Next;
    PNET_BUFFER FirstNetBuffer;
} NET_BUFFER_LIST_DATA, *PNET_BUFFER_LIST_DATA;
NT_ASSERT_SIZE(NET_BUFFER_LIST_DATA, 16, 8);

typedef union _NET_BUFFER_LIST_HEADER {
    struct
    {
        PNET_BUFFER_LIST Next;
        PNET_BUFFER FirstNetBuffer;
    };
    SLIST_HEADER Link;
} NET_BUFFER_LIST_HEADER, *PNET_BUFFER_LIST_HEADER;
NT_ASSERT_SIZE(NET_BUFFER_LIST_HEADER, 16, 8);

/* nbl/ns-nbl-net_buffer_list: packets of one flow and what is known of all of them. */
struct _NET_BUFFER_LIST
{
    union {
        struct
        {
            PNET_BUFFER_LIST Next;
            PNET_BUFFER FirstNetBuffer;
        };
        SLIST_HEADER Link;
        NET_BUFFER_LIST_HEADER NetBufferListHeader;
    };
    PNET_BUFFER_LIST_CONTEXT Context;
    PNET_BUFFER_LIST ParentNetBufferList;
    NDIS_HANDLE NdisPoolHandle;
    DECLSPEC_ALIGN(MEMORY_ALLOCATION_ALIGNMENT) PVOID NdisReserved[2];
    DECLSPEC_ALIGN(MEMORY_ALLOCATION_ALIGNMENT) PVOID ProtocolReserved[4];
    DECLSPEC_ALIGN(MEMORY_ALLOCATION_ALIGNMENT) PVOID MiniportReserved[2];
    PVOID Scratch;
    NDIS_HANDLE SourceHandle;
    ULONG NblFlags;
    LONG ChildRefCount;
    ULONG Flags;
    union {
        NDIS_STATUS Status;
        ULONG NdisReserved2;
    };
    PVOID NetBufferListInfo[MaxNetBufferListInfo];
};
NT_ASSERT_SIZE(NET_BUFFER_LIST, 352, 168);
NT_ASSERT_OFFSET(NET_BUFFER_LIST, MiniportReserved, 96, 48);
NT_ASSERT_OFFSET(NET_BUFFER_LIST, SourceHandle, 120, 60);
NT_ASSERT_OFFSET(NET_BUFFER_LIST, NblFlags, 128, 64);
NT_ASSERT_OFFSET(NET_BUFFER_LIST, Status, 140, 76);
NT_ASSERT_OFFSET(NET_BUFFER_LIST, NetBufferListInfo, 144, 80);

/* NET_BUFFER_LIST.NblFlags */
#define NDIS_NBL_FLAGS_SEND_READ_ONLY                        0x00000001
#define NDIS_NBL_FLAGS_RECV_READ_ONLY                        0x00000002
#define NDIS_NBL_FLAGS_HD_SPLIT                              0x00000100
#define NDIS_NBL_FLAGS_IS_IPV4                               0x00000200
#define NDIS_NBL_FLAGS_IS_IPV6                               0x00000400
#define NDIS_NBL_FLAGS_IS_TCP                                0x00000800
#define NDIS_NBL_FLAGS_IS_UDP                                0x00001000
#define NDIS_NBL_FLAGS_SPLIT_AT_UPPER_LAYER_PROTOCOL_HEADER  0x00002000
#define NDIS_NBL_FLAGS_SPLIT_AT_UPPER_LAYER_PROTOCOL_PAYLOAD 0x00004000
#define NDIS_NBL_FLAGS_IS_LOOPBACK_PACKET                    0x00008000

/* NET_BUFFER_LIST.Flags: who may use which bits (NDIS 6.30 gave protocols two bits more). */
#define NBL_FLAGS_PROTOCOL_RESERVED 0xFFF00003
#define NBL_FLAGS_SCRATCH           0x000F0000
#define NBL_FLAGS_MINIPORT_RESERVED 0x0000F000
#define NBL_FLAGS_NDIS_RESERVED     0x00000FFC

/* nblaccessors */
#define NET_BUFFER_NEXT_NB(Nb)                 ((Nb)->Next)
#define NET_BUFFER_FIRST_MDL(Nb)               ((Nb)->MdlChain)
#define NET_BUFFER_DATA_LENGTH(Nb)             ((Nb)->DataLength)
#define NET_BUFFER_DATA_OFFSET(Nb)             ((Nb)->DataOffset)
#define NET_BUFFER_CURRENT_MDL(Nb)             ((Nb)->CurrentMdl)
#define NET_BUFFER_CURRENT_MDL_OFFSET(Nb)      ((Nb)->CurrentMdlOffset)
#define NET_BUFFER_PROTOCOL_RESERVED(Nb)       ((Nb)->ProtocolReserved)
#define NET_BUFFER_MINIPORT_RESERVED(Nb)       ((Nb)->MiniportReserved)
#define NET_BUFFER_CHECKSUM_BIAS(Nb)           ((Nb)->ChecksumBias)
#define NET_BUFFER_LIST_NEXT_NBL(Nbl)          ((Nbl)->Next)
#define NET_BUFFER_LIST_FIRST_NB(Nbl)          ((Nbl)->FirstNetBuffer)
#define NET_BUFFER_LIST_FLAGS(Nbl)             ((Nbl)->Flags)
#define NET_BUFFER_LIST_NBL_FLAGS(Nbl)         ((Nbl)->NblFlags)
#define NET_BUFFER_LIST_PROTOCOL_RESERVED(Nbl) ((Nbl)->ProtocolReserved)
#define NET_BUFFER_LIST_MINIPORT_RESERVED(Nbl) ((Nbl)->MiniportReserved)
#define NET_BUFFER_LIST_INFO(Nbl, Id)          ((Nbl)->NetBufferListInfo[(Id)])
#define NET_BUFFER_LIST_STATUS(Nbl)            ((Nbl)->Status)
#define NET_BUFFER_LIST_CONTEXT_DATA_START(Nbl)                                                    \
    ((PUCHAR)(((Nbl)->Context) + 1) + (Nbl)->Context->Offset)
#define NET_BUFFER_LIST_CONTEXT_DATA_SIZE(Nbl) (((Nbl)->Context)->Size)

#define NdisSetNblFlag(Nbl, Flag)     ((Nbl)->NblFlags |= (Flag))
#define NdisClearNblFlag(Nbl, Flag)   ((Nbl)->NblFlags &= ~(Flag))
#define NdisTestNblFlag(Nbl, Flag)    (((Nbl)->NblFlags & (Flag)) != 0)
#define NdisTestNblFlags(Nbl, Flags_) (((Nbl)->NblFlags & (Flags_)) == (Flags_))

#define NDIS_GET_NET_BUFFER_LIST_CANCEL_ID(Nbl) (NET_BUFFER_LIST_INFO(Nbl, NetBufferListCancelId))
#define NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(Nbl, CancelId)                                          \
    (NET_BUFFER_LIST_INFO(Nbl, NetBufferListCancelId) = (CancelId))

/* Protocol id and frame type share an entry: its first byte, its first two bytes. */
#define NDIS_PROTOCOL_ID_DEFAULT 0x00
#define NDIS_PROTOCOL_ID_TCP_IP  0x02
#define NDIS_PROTOCOL_ID_IPX     0x06
#define NDIS_PROTOCOL_ID_NBF     0x07
#define NDIS_PROTOCOL_ID_MAX     0x0F
#define NDIS_PROTOCOL_ID_MASK    0x0F
#define NdisSetNetBufferListProtocolId(Nbl, ProtocolId)                                            \
    (*(PUCHAR)(&NET_BUFFER_LIST_INFO(Nbl, NetBufferListProtocolId)) = (UCHAR)(ProtocolId))
#define NdisGetNetBufferListProtocolId(Nbl)                                                        \
    (*(PUCHAR)(&NET_BUFFER_LIST_INFO(Nbl, NetBufferListProtocolId)))

/* NetBufferListFrameType of received raw IP, in network byte order. */
#define NDIS_ETH_TYPE_IPV4 0x0800
#define NDIS_ETH_TYPE_ARP  0x0806
#define NDIS_ETH_TYPE_IPV6 0x86dd

/* nblinfo/ns-nblinfo-ndis_tcp_ip_checksum_net_buffer_list_info */
typedef struct _NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO
{
    union {
        struct
        {
            ULONG IsIPv4 : 1;
            ULONG IsIPv6 : 1;
            ULONG TcpChecksum : 1;
            ULONG UdpChecksum : 1;
            ULONG IpHeaderChecksum : 1;
            ULONG Reserved : 11;
            ULONG TcpHeaderOffset : 10;
        } Transmit;
        struct
        {
            ULONG TcpChecksumFailed : 1;
            ULONG UdpChecksumFailed : 1;
            ULONG IpChecksumFailed : 1;
            ULONG TcpChecksumSucceeded : 1;
            ULONG UdpChecksumSucceeded : 1;
            ULONG IpChecksumSucceeded : 1;
            ULONG Loopback : 1;
            ULONG TcpChecksumValueInvalid : 1;
            ULONG IpChecksumValueInvalid : 1;
        } Receive;
        PVOID Value;
    };
} NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO, *PNDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO;
NT_ASSERT_SIZE(NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO, 8, 4);

/* nblinfo/ns-nblinfo-ndis_tcp_large_send_offload_net_buffer_list_info */
typedef struct _NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO
{
    union {
        struct
        {
            ULONG Unused : 30;
            ULONG Type : 1;
            ULONG Reserved2 : 1;
        } Transmit;
        struct
        {
            ULONG MSS : 20;
            ULONG TcpHeaderOffset : 10;
            ULONG Type : 1;
            ULONG Reserved2 : 1;
        } LsoV1Transmit;
        struct
        {
            ULONG TcpPayload : 30;
            ULONG Type : 1;
            ULONG Reserved2 : 1;
        } LsoV1TransmitComplete;
        struct
        {
            ULONG MSS : 20;
            ULONG TcpHeaderOffset : 10;
            ULONG Type : 1;
            ULONG IPVersion : 1;
        } LsoV2Transmit;
        struct
        {
            ULONG Reserved : 30;
            ULONG Type : 1;
            ULONG Reserved2 : 1;
        } LsoV2TransmitComplete;
        PVOID Value;
    };
} NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO,
    *PNDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO;
NT_ASSERT_SIZE(NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO, 8, 4);
#define NDIS_TCP_LARGE_SEND_OFFLOAD_V1_TYPE 0
#define NDIS_TCP_LARGE_SEND_OFFLOAD_V2_TYPE 1
#define NDIS_TCP_LARGE_SEND_OFFLOAD_IPv4    0
#define NDIS_TCP_LARGE_SEND_OFFLOAD_IPv6    1

/* nblinfo/ns-nblinfo-ndis_rsc_nbl_info */
typedef union _NDIS_RSC_NBL_INFO {
    struct
    {
        USHORT CoalescedSegCount;
        USHORT DupAckCount;
    } Info;
    PVOID Value;
} NDIS_RSC_NBL_INFO, *PNDIS_RSC_NBL_INFO;
NT_ASSERT_SIZE(NDIS_RSC_NBL_INFO, 8, 4);

/* nblinfo/ns-nblinfo-ndis_net_buffer_list_8021q_info */
typedef struct _NDIS_NET_BUFFER_LIST_8021Q_INFO
{
    union {
        struct
        {
            UINT32 UserPriority : 3;
            UINT32 CanonicalFormatId : 1;
            UINT32 VlanId : 12;
            UINT32 Reserved : 16;
        } TagHeader;
        PVOID Value;
    };
} NDIS_NET_BUFFER_LIST_8021Q_INFO, *PNDIS_NET_BUFFER_LIST_8021Q_INFO;
NT_ASSERT_SIZE(NDIS_NET_BUFFER_LIST_8021Q_INFO, 8, 4);

/* The flags of the send, completion, receive and return functions. */
#define NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL           0x00000001
#define NDIS_RECEIVE_FLAGS_RESOURCES                0x00000002
#define NDIS_RECEIVE_FLAGS_SINGLE_ETHER_TYPE        0x00000100
#define NDIS_RECEIVE_FLAGS_SINGLE_VLAN              0x00000200
#define NDIS_RECEIVE_FLAGS_PERFECT_FILTERED         0x00000400
#define NDIS_RECEIVE_FLAGS_SINGLE_QUEUE             0x00000800
#define NDIS_RECEIVE_FLAGS_SHARED_MEMORY_INFO_VALID 0x00001000
#define NDIS_RECEIVE_FLAGS_MORE_NBLS                0x00002000
#define NDIS_RECEIVE_FLAGS_SWITCH_DESTINATION_GROUP 0x00004000
#define NDIS_RECEIVE_FLAGS_SWITCH_SINGLE_SOURCE     0x00008000

#define NDIS_RETURN_FLAGS_DISPATCH_LEVEL       0x00000001
#define NDIS_RETURN_FLAGS_SINGLE_QUEUE         0x00000002
#define NDIS_RETURN_FLAGS_SWITCH_SINGLE_SOURCE 0x00000004

#define NDIS_SEND_FLAGS_DISPATCH_LEVEL           0x00000001
#define NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK       0x00000002
#define NDIS_SEND_FLAGS_SINGLE_QUEUE             0x00000004
#define NDIS_SEND_FLAGS_SWITCH_DESTINATION_GROUP 0x00000010
#define NDIS_SEND_FLAGS_SWITCH_SINGLE_SOURCE     0x00000020

#define NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL       0x00000001
#define NDIS_SEND_COMPLETE_FLAGS_SINGLE_QUEUE         0x00000002
#define NDIS_SEND_COMPLETE_FLAGS_SWITCH_SINGLE_SOURCE 0x00000004

#define NDIS_TEST_SEND_FLAG(Flags, Flag)        (((Flags) & (Flag)) != 0)
#define NDIS_TEST_SEND_AT_DISPATCH_LEVEL(Flags) (((Flags) & NDIS_SEND_FLAGS_DISPATCH_LEVEL) != 0)
#define NDIS_TEST_RETURN_FLAG(Flags, Flag)      (((Flags) & (Flag)) != 0)
#define NDIS_TEST_RETURN_AT_DISPATCH_LEVEL(Flags)                                                  \
    (((Flags) & NDIS_RETURN_FLAGS_DISPATCH_LEVEL) != 0)
#define NDIS_TEST_RECEIVE_FLAG(Flags, Flag)  (((Flags) & (Flag)) != 0)
#define NDIS_TEST_RECEIVE_CANNOT_PEND(Flags) (((Flags) & NDIS_RECEIVE_FLAGS_RESOURCES) != 0)
#define NDIS_TEST_RECEIVE_CAN_PEND(Flags)    (((Flags) & NDIS_RECEIVE_FLAGS_RESOURCES) == 0)
#define NDIS_TEST_RECEIVE_AT_DISPATCH_LEVEL(Flags)                                                 \
    (((Flags) & NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL) != 0)
#define NDIS_SET_SEND_FLAG(Flags, Flag)          ((Flags) |= (Flag))
#define NDIS_SET_SEND_COMPLETE_FLAG(Flags, Flag) ((Flags) |= (Flag))
#define NDIS_SET_RECEIVE_FLAG(Flags, Flag)       ((Flags) |= (Flag))
#define NDIS_SET_RETURN_FLAG(Flags, Flag)        ((Flags) |= (Flag))

#endif
