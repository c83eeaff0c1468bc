/* SPDX-License-Identifier: MIT */
/*
 * OID requests: what NDIS asks of every miniport, and the statistics. All are answered at once.
 * Raw IP has no link-layer addresses, so every packet counts as directed.
 */
#include "driver.h"

static const CHAR VendorDescription[] = "Culvert Tunnel";

NDIS_OID SupportedOids[] = {
    OID_GEN_CURRENT_LOOKAHEAD,
    OID_GEN_CURRENT_PACKET_FILTER,
    OID_GEN_INTERRUPT_MODERATION,
    OID_GEN_LINK_PARAMETERS,
    OID_GEN_MAXIMUM_TOTAL_SIZE,
    OID_GEN_RCV_OK,
    OID_GEN_RECEIVE_BLOCK_SIZE,
    OID_GEN_RECEIVE_BUFFER_SPACE,
    OID_GEN_STATISTICS,
    OID_GEN_TRANSMIT_BLOCK_SIZE,
    OID_GEN_TRANSMIT_BUFFER_SPACE,
    OID_GEN_VENDOR_DESCRIPTION,
    OID_GEN_VENDOR_DRIVER_VERSION,
    OID_GEN_VENDOR_ID,
    OID_GEN_XMIT_OK,
    OID_PNP_QUERY_POWER,
    OID_PNP_SET_POWER,
};
const ULONG SupportedOidsBytes = sizeof(SupportedOids);

/* No IEEE-assigned vendor code: three bytes of ones, and the documented value for "none". */
#define VENDOR_ID_NONE 0x00FFFFFFu

static NDIS_STATUS
Answer(PNDIS_OID_REQUEST Request, const VOID *Data, ULONG Bytes)
{
    if (Request->DATA.QUERY_INFORMATION.InformationBufferLength < Bytes)
    {
        Request->DATA.QUERY_INFORMATION.BytesNeeded = Bytes;
        Request->DATA.QUERY_INFORMATION.BytesWritten = 0;
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    RtlCopyMemory(Request->DATA.QUERY_INFORMATION.InformationBuffer, Data, Bytes);
    Request->DATA.QUERY_INFORMATION.BytesWritten = Bytes;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
AnswerULong(PNDIS_OID_REQUEST Request, ULONG Value)
{
    return Answer(Request, &Value, sizeof(Value));
}

/* The documentation of the counters lets the caller ask for 32 or 64 bits. */
static NDIS_STATUS
AnswerCounter(PNDIS_OID_REQUEST Request, ULONG64 Value)
{
    ULONG Low = (ULONG)Value;
    if (Request->DATA.QUERY_INFORMATION.InformationBufferLength >= sizeof(Value))
        return Answer(Request, &Value, sizeof(Value));
    NDIS_STATUS Status = Answer(Request, &Low, sizeof(Low));
    Request->DATA.QUERY_INFORMATION.BytesNeeded = sizeof(Value);
    return Status;
}

/* All that there are, as page "OID_GEN_STATISTICS" asks of NDIS 6.0 and later drivers: what counts
 * multicasts and broadcasts is 0, which is true. */
#define STATISTICS_VALID                                                                           \
    (NDIS_STATISTICS_FLAGS_VALID_DIRECTED_FRAMES_RCV |                                             \
     NDIS_STATISTICS_FLAGS_VALID_MULTICAST_FRAMES_RCV |                                            \
     NDIS_STATISTICS_FLAGS_VALID_BROADCAST_FRAMES_RCV | NDIS_STATISTICS_FLAGS_VALID_BYTES_RCV |    \
     NDIS_STATISTICS_FLAGS_VALID_RCV_DISCARDS | NDIS_STATISTICS_FLAGS_VALID_RCV_ERROR |            \
     NDIS_STATISTICS_FLAGS_VALID_DIRECTED_FRAMES_XMIT |                                            \
     NDIS_STATISTICS_FLAGS_VALID_MULTICAST_FRAMES_XMIT |                                           \
     NDIS_STATISTICS_FLAGS_VALID_BROADCAST_FRAMES_XMIT | NDIS_STATISTICS_FLAGS_VALID_BYTES_XMIT |  \
     NDIS_STATISTICS_FLAGS_VALID_XMIT_ERROR | NDIS_STATISTICS_FLAGS_VALID_XMIT_DISCARDS |          \
     NDIS_STATISTICS_FLAGS_VALID_DIRECTED_BYTES_RCV |                                              \
     NDIS_STATISTICS_FLAGS_VALID_MULTICAST_BYTES_RCV |                                             \
     NDIS_STATISTICS_FLAGS_VALID_BROADCAST_BYTES_RCV |                                             \
     NDIS_STATISTICS_FLAGS_VALID_DIRECTED_BYTES_XMIT |                                             \
     NDIS_STATISTICS_FLAGS_VALID_MULTICAST_BYTES_XMIT |                                            \
     NDIS_STATISTICS_FLAGS_VALID_BROADCAST_BYTES_XMIT)

static NDIS_STATUS
AnswerStatistics(ADAPTER *Adapter, PNDIS_OID_REQUEST Request)
{
    ULONG64 InPackets = TrafficRead(&Adapter->In.Packets),
            InBytes = TrafficRead(&Adapter->In.Bytes);
    ULONG64 OutPackets = TrafficRead(&Adapter->Out.Packets),
            OutBytes = TrafficRead(&Adapter->Out.Bytes);
    NDIS_STATISTICS_INFO Statistics = {
        .Header = {.Type = NDIS_OBJECT_TYPE_DEFAULT,
                   .Revision = NDIS_STATISTICS_INFO_REVISION_1,
                   .Size = NDIS_SIZEOF_STATISTICS_INFO_REVISION_1},
        .SupportedStatistics = STATISTICS_VALID,
        .ifInDiscards = TrafficDiscards(&Adapter->In),
        .ifInErrors = TrafficErrors(&Adapter->In),
        .ifHCInOctets = InBytes,
        .ifHCInUcastPkts = InPackets,
        .ifHCOutOctets = OutBytes,
        .ifHCOutUcastPkts = OutPackets,
        .ifOutErrors = TrafficErrors(&Adapter->Out),
        .ifOutDiscards = TrafficDiscards(&Adapter->Out),
        .ifHCInUcastOctets = InBytes,
        .ifHCOutUcastOctets = OutBytes,
    };
    return Answer(Request, &Statistics, NDIS_SIZEOF_STATISTICS_INFO_REVISION_1);
}

static NDIS_STATUS
AnswerInterruptModeration(PNDIS_OID_REQUEST Request)
{
    NDIS_INTERRUPT_MODERATION_PARAMETERS Parameters = {
        .Header = {.Type = NDIS_OBJECT_TYPE_DEFAULT,
                   .Revision = NDIS_INTERRUPT_MODERATION_PARAMETERS_REVISION_1,
                   .Size = NDIS_SIZEOF_INTERRUPT_MODERATION_PARAMETERS_REVISION_1},
        .InterruptModeration = NdisInterruptModerationNotSupported,
    };
    return Answer(Request, &Parameters, sizeof(Parameters));
}

static NDIS_STATUS
Query(ADAPTER *Adapter, PNDIS_OID_REQUEST Request)
{
    switch (Request->DATA.QUERY_INFORMATION.Oid)
    {
    case OID_GEN_MAXIMUM_TOTAL_SIZE:
    case OID_GEN_TRANSMIT_BLOCK_SIZE:
    case OID_GEN_RECEIVE_BLOCK_SIZE:
        return AnswerULong(Request, MTU_SIZE);
    case OID_GEN_TRANSMIT_BUFFER_SPACE:
    case OID_GEN_RECEIVE_BUFFER_SPACE:
        return AnswerULong(Request, CULVERT_MAX_CAPACITY);
    case OID_GEN_CURRENT_LOOKAHEAD:
        return AnswerULong(Request, Adapter->Lookahead);
    case OID_GEN_CURRENT_PACKET_FILTER:
        return AnswerULong(Request, Adapter->PacketFilter);
    case OID_GEN_VENDOR_ID:
        return AnswerULong(Request, VENDOR_ID_NONE);
    case OID_GEN_VENDOR_DESCRIPTION:
        return Answer(Request, VendorDescription, sizeof(VendorDescription));
    case OID_GEN_VENDOR_DRIVER_VERSION:
        return AnswerULong(Request, (CULVERT_VERSION_MAJOR << 16) | CULVERT_VERSION_MINOR);
    case OID_GEN_XMIT_OK:
        return AnswerCounter(Request, TrafficRead(&Adapter->Out.Packets));
    case OID_GEN_RCV_OK:
        return AnswerCounter(Request, TrafficRead(&Adapter->In.Packets));
    case OID_GEN_STATISTICS:
        return AnswerStatistics(Adapter, Request);
    case OID_GEN_INTERRUPT_MODERATION:
        return AnswerInterruptModeration(Request);
    case OID_PNP_QUERY_POWER:
        return NDIS_STATUS_SUCCESS; /* any state will do */
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
}

/* A ULONG of the request's, or FALSE if it is too short to hold one. */
static BOOLEAN
TakeULong(PNDIS_OID_REQUEST Request, ULONG *Value)
{
    if (Request->DATA.SET_INFORMATION.InformationBufferLength < sizeof(*Value))
    {
        Request->DATA.SET_INFORMATION.BytesNeeded = sizeof(*Value);
        return FALSE;
    }
    RtlCopyMemory(Value, Request->DATA.SET_INFORMATION.InformationBuffer, sizeof(*Value));
    Request->DATA.SET_INFORMATION.BytesRead = sizeof(*Value);
    return TRUE;
}

static NDIS_STATUS
Set(ADAPTER *Adapter, PNDIS_OID_REQUEST Request)
{
    ULONG Value;
    switch (Request->DATA.SET_INFORMATION.Oid)
    {
    case OID_GEN_CURRENT_PACKET_FILTER:
        if (!TakeULong(Request, &Value))
            return NDIS_STATUS_INVALID_LENGTH;
        Adapter->PacketFilter = Value;
        return NDIS_STATUS_SUCCESS;
    case OID_GEN_CURRENT_LOOKAHEAD:
        if (!TakeULong(Request, &Value))
            return NDIS_STATUS_INVALID_LENGTH;
        Adapter->Lookahead = Value;
        return NDIS_STATUS_SUCCESS;
    case OID_GEN_INTERRUPT_MODERATION:
        return NDIS_STATUS_INVALID_DATA; /* as documented for miniports without it */
    case OID_PNP_SET_POWER:
        /* Nothing to power down: packets are just not sent meanwhile, for NDIS has paused the
         * adapter before. Page "OID_PNP_SET_POWER". */
        if (!TakeULong(Request, &Value))
            return NDIS_STATUS_INVALID_LENGTH;
        if (Value < NdisDeviceStateD0 || Value > NdisDeviceStateD3)
            return NDIS_STATUS_INVALID_DATA;
        AdapterSetPower(Adapter, Value != NdisDeviceStateD0);
        return NDIS_STATUS_SUCCESS;
    case OID_GEN_LINK_PARAMETERS:
        /* Nothing to negotiate. */
        Request->DATA.SET_INFORMATION.BytesRead =
            Request->DATA.SET_INFORMATION.InformationBufferLength;
        return NDIS_STATUS_SUCCESS;
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
}

_Use_decl_annotations_
NDIS_STATUS NTAPI
AdapterOidRequest(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST Request)
{
    ADAPTER *Adapter = MiniportAdapterContext;
    if (ReadNoFence(&Adapter->Removing))
        return NDIS_STATUS_NOT_ACCEPTED;
    switch (Request->RequestType)
    {
    case NdisRequestQueryInformation:
    case NdisRequestQueryStatistics:
        return Query(Adapter, Request);
    case NdisRequestSetInformation:
        return Set(Adapter, Request);
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
}

_Use_decl_annotations_
VOID NTAPI
AdapterCancelOidRequest(NDIS_HANDLE MiniportAdapterContext, PVOID RequestId)
{
    /* No request is ever pending. */
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(RequestId);
}
