/* SPDX-License-Identifier: MIT */
/*
 * OID requests: one at a time per adapter, answered by NDIS or by the miniport. Pages
 * "MINIPORT_OID_REQUEST", "NdisMOidRequestComplete", "NDIS_OID_REQUEST" and those of the OIDs,
 * which say whether miniports see them.
 */
#include "adapter.h"
#include "verify.h"
#include "version.h"

HEADER_RULE_1(StatisticsRule, NDIS_STATISTICS_INFO, NDIS_OBJECT_TYPE_DEFAULT,
              NDIS_SIZEOF_STATISTICS_INFO_REVISION_1);

VOID
OidOpen(NDIS_ADAPTER *Adapter)
{
    EventLock(&Adapter->OidLock);
    Adapter->OidClosed = FALSE;
    EventUnlock(&Adapter->OidLock);
}

VOID
OidClose(NDIS_ADAPTER *Adapter)
{
    EventLock(&Adapter->OidLock);
    Adapter->OidClosed = TRUE;
    EventUnlock(&Adapter->OidLock);
}

/* ---- What NDIS answers itself ---------------------------------------------------------------- */

static NDIS_STATUS
Answer(NDIS_OID_REQUEST *Request, const VOID *Data, ULONG Length)
{
    struct _QUERY *Query = (struct _QUERY *)(PVOID)&Request->DATA.QUERY_INFORMATION;
    Query->BytesNeeded = Length;
    if (Query->InformationBufferLength < Length)
    {
        Query->BytesWritten = 0;
        return NDIS_STATUS_INVALID_LENGTH;
    }
    RtlCopyMemory(Query->InformationBuffer, Data, Length);
    Query->BytesWritten = Length;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
AnswerUlong(NDIS_OID_REQUEST *Request, ULONG Value)
{
    return Answer(Request, &Value, sizeof(Value));
}

/* Units of 100 bit/s, as the old OIDs count. */
static ULONG
OldSpeed(ULONG64 BitsPerSecond)
{
    ULONG64 Speed = BitsPerSecond / 100;
    return Speed > MAXULONG ? MAXULONG : (ULONG)Speed;
}

static ADAPTER_LINK
LinkNow(NDIS_ADAPTER *Adapter)
{
    KIRQL Irql;
    KeAcquireSpinLock(&Adapter->LinkLock, &Irql);
    ADAPTER_LINK Link = Adapter->Link;
    KeReleaseSpinLock(&Adapter->LinkLock, Irql);
    return Link;
}

static NDIS_STATUS
AnswerLink(NDIS_ADAPTER *Adapter, NDIS_OID_REQUEST *Request, NDIS_OID Oid)
{
    ADAPTER_LINK Link = LinkNow(Adapter);
    struct
    {
        ULONG64 Xmit;
        ULONG64 Rcv;
    } Speed = {Link.XmitLinkSpeed, Link.RcvLinkSpeed};
    NDIS_LINK_STATE State;
    switch (Oid)
    {
    case OID_GEN_MEDIA_CONNECT_STATUS:
        return AnswerUlong(Request, Link.ConnectState == MediaConnectStateConnected
                                        ? NdisMediaStateConnected
                                        : NdisMediaStateDisconnected);
    case OID_GEN_MEDIA_CONNECT_STATUS_EX:
        return AnswerUlong(Request, Link.ConnectState);
    case OID_GEN_MEDIA_DUPLEX_STATE:
        return AnswerUlong(Request, Link.DuplexState);
    case OID_GEN_LINK_SPEED:
        return AnswerUlong(Request, OldSpeed(Link.XmitLinkSpeed));
    case OID_GEN_XMIT_LINK_SPEED:
        return Answer(Request, &Link.XmitLinkSpeed, sizeof(ULONG64));
    case OID_GEN_RCV_LINK_SPEED:
        return Answer(Request, &Link.RcvLinkSpeed, sizeof(ULONG64));
    case OID_GEN_LINK_SPEED_EX:
        return Answer(Request, &Speed, sizeof(Speed));
    default:
        RtlZeroMemory(&State, sizeof(State));
        State.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
        State.Header.Revision = NDIS_LINK_STATE_REVISION_1;
        State.Header.Size = NDIS_SIZEOF_LINK_STATE_REVISION_1;
        State.MediaConnectState = Link.ConnectState;
        State.MediaDuplexState = Link.DuplexState;
        State.XmitLinkSpeed = Link.XmitLinkSpeed;
        State.RcvLinkSpeed = Link.RcvLinkSpeed;
        State.PauseFunctions = Adapter->General.SupportedPauseFunctions;
        State.AutoNegotiationFlags = Adapter->General.AutoNegotiationFlags;
        return Answer(Request, &State, NDIS_SIZEOF_LINK_STATE_REVISION_1);
    }
}

/* The answer to a query from the attributes; FALSE if the miniport is to be asked. */
static BOOLEAN
AnswerQuery(NDIS_ADAPTER *Adapter, NDIS_OID_REQUEST *Request, NDIS_STATUS *Status)
{
    const NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *General = &Adapter->General;
    NDIS_OID Oid = Request->DATA.QUERY_INFORMATION.Oid;
    struct
    {
        ULONG64 Xmit;
        ULONG64 Rcv;
    } MaxSpeed = {General->MaxXmitLinkSpeed, General->MaxRcvLinkSpeed};
    switch (Oid)
    {
    case OID_GEN_SUPPORTED_LIST:
        *Status = Answer(Request, General->SupportedOidList, General->SupportedOidListLength);
        return TRUE;
    case OID_GEN_HARDWARE_STATUS:
        *Status = AnswerUlong(Request, NdisHardwareStatusReady);
        return TRUE;
    case OID_GEN_MEDIA_SUPPORTED:
    case OID_GEN_MEDIA_IN_USE:
        *Status = AnswerUlong(Request, General->MediaType);
        return TRUE;
    case OID_GEN_PHYSICAL_MEDIUM:
    case OID_GEN_PHYSICAL_MEDIUM_EX:
        *Status = AnswerUlong(Request, General->PhysicalMediumType);
        return TRUE;
    case OID_GEN_MAXIMUM_FRAME_SIZE:
        *Status = AnswerUlong(Request, General->MtuSize);
        return TRUE;
    case OID_GEN_MAXIMUM_LOOKAHEAD:
        *Status = AnswerUlong(Request, General->LookaheadSize);
        return TRUE;
    case OID_GEN_CURRENT_LOOKAHEAD:
        *Status = AnswerUlong(Request, Adapter->Lookahead);
        return TRUE;
    case OID_GEN_CURRENT_PACKET_FILTER:
        *Status = AnswerUlong(Request, Adapter->PacketFilter);
        return TRUE;
    case OID_GEN_MAC_OPTIONS:
        *Status = AnswerUlong(Request, General->MacOptions);
        return TRUE;
    case OID_GEN_DRIVER_VERSION:
        *Status = AnswerUlong(Request, Adapter->Driver->NdisVersion);
        return TRUE;
    case OID_GEN_MAX_LINK_SPEED:
        *Status = Answer(Request, &MaxSpeed, sizeof(MaxSpeed));
        return TRUE;
    case OID_GEN_MEDIA_CONNECT_STATUS:
    case OID_GEN_MEDIA_CONNECT_STATUS_EX:
    case OID_GEN_MEDIA_DUPLEX_STATE:
    case OID_GEN_LINK_SPEED:
    case OID_GEN_LINK_SPEED_EX:
    case OID_GEN_XMIT_LINK_SPEED:
    case OID_GEN_RCV_LINK_SPEED:
    case OID_GEN_LINK_STATE:
        *Status = AnswerLink(Adapter, Request, Oid);
        return TRUE;
    default:
        return FALSE;
    }
}

/* What NDIS checks of a set before the miniport sees it; FALSE if it does not get that far. Pages
 * "OID_GEN_CURRENT_PACKET_FILTER", "OID_GEN_CURRENT_LOOKAHEAD". */
static BOOLEAN
CheckSet(NDIS_ADAPTER *Adapter, NDIS_OID_REQUEST *Request, NDIS_STATUS *Status)
{
    struct _SET *Set = (struct _SET *)(PVOID)&Request->DATA.SET_INFORMATION;
    if (Set->Oid != OID_GEN_CURRENT_PACKET_FILTER && Set->Oid != OID_GEN_CURRENT_LOOKAHEAD)
        return TRUE;
    if (Set->InformationBufferLength < sizeof(ULONG))
    {
        Set->BytesNeeded = sizeof(ULONG);
        *Status = NDIS_STATUS_INVALID_LENGTH;
        return FALSE;
    }
    ULONG Value; /* the buffer may begin anywhere */
    RtlCopyMemory(&Value, Set->InformationBuffer, sizeof(Value));
    if (Set->Oid == OID_GEN_CURRENT_PACKET_FILTER
            ? (Value & ~Adapter->General.SupportedPacketFilters) != 0
            : Value > Adapter->General.LookaheadSize)
    {
        *Status = NDIS_STATUS_INVALID_DATA;
        return FALSE;
    }
    return TRUE;
}

static VOID
RememberSet(NDIS_ADAPTER *Adapter, const NDIS_OID_REQUEST *Request)
{
    ULONG Value;
    if (Request->DATA.SET_INFORMATION.Oid == OID_GEN_CURRENT_PACKET_FILTER)
    {
        RtlCopyMemory(&Value, Request->DATA.SET_INFORMATION.InformationBuffer, sizeof(Value));
        Adapter->PacketFilter = Value;
    }
    else if (Request->DATA.SET_INFORMATION.Oid == OID_GEN_CURRENT_LOOKAHEAD)
    {
        RtlCopyMemory(&Value, Request->DATA.SET_INFORMATION.InformationBuffer, sizeof(Value));
        Adapter->Lookahead = Value;
    }
}

/* ---- What the miniport answers --------------------------------------------------------------- */

/* Page "OID_GEN_STATISTICS": "NDIS 6.0 and later drivers must support all statistics". */
#define DEMANDED_STATISTICS                                                                        \
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

static BOOLEAN
CheckStatistics(const VOID *Buffer, ULONG Length)
{
    static const char Function[] = "MiniportOidRequest(OID_GEN_STATISTICS)";
    NDIS_STATISTICS_INFO Info; /* the buffer may begin anywhere */
    RtlZeroMemory(&Info, sizeof(Info));
    RtlCopyMemory(&Info, Buffer, Length < sizeof(Info) ? Length : sizeof(Info));
    if (RuleHeader(Function, &Info.Header, &StatisticsRule, NDIS_VERSION_ANY) !=
        NDIS_STATUS_SUCCESS)
        return FALSE;
    if (Info.SupportedStatistics == DEMANDED_STATISTICS || !NdisToTheLetter)
        return TRUE;
    RuleBroken("%s: NDIS_STATISTICS_INFO.SupportedStatistics is %x; NDIS 6 drivers must support "
               "all, which are %x",
               Function, Info.SupportedStatistics, (ULONG)DEMANDED_STATISTICS);
    return FALSE;
}

/* Page "NDIS_OID_REQUEST": what the miniport must write besides its status. */
static BOOLEAN
CheckResult(const NDIS_OID_REQUEST *Request, NDIS_STATUS Status)
{
    static const char Function[] = "MiniportOidRequest";
    ULONG Oid = Request->DATA.QUERY_INFORMATION.Oid;
    ULONG Length = Request->DATA.QUERY_INFORMATION.InformationBufferLength;
    ULONG Done = Request->DATA.QUERY_INFORMATION.BytesWritten; /* BytesRead of a set */
    ULONG Needed = Request->DATA.QUERY_INFORMATION.BytesNeeded;
    if (Request->RequestType == NdisRequestMethod)
    {
        Length = Request->DATA.METHOD_INFORMATION.OutputBufferLength;
        Done = Request->DATA.METHOD_INFORMATION.BytesWritten;
        Needed = Request->DATA.METHOD_INFORMATION.BytesNeeded;
    }
    if (Status == NDIS_STATUS_SUCCESS && Done > Length)
    {
        RuleBroken("%s: OID %x succeeded with %u bytes in a buffer of %u", Function, Oid, Done,
                   Length);
        return FALSE;
    }
    if (Status == NDIS_STATUS_BUFFER_TOO_SHORT && Needed <= Length)
    {
        RuleBroken("%s: OID %x ended with NDIS_STATUS_BUFFER_TOO_SHORT and BytesNeeded %u; the "
                   "buffer has %u",
                   Function, Oid, Needed, Length);
        return FALSE;
    }
    if (Status == NDIS_STATUS_SUCCESS && Oid == OID_GEN_STATISTICS &&
        Request->RequestType != NdisRequestSetInformation)
        return CheckStatistics(Request->DATA.QUERY_INFORMATION.InformationBuffer, Done);
    return TRUE;
}

/* OidLock held. */
static NDIS_STATUS
AskMiniport(NDIS_ADAPTER *Adapter, NDIS_OID_REQUEST *Request)
{
    NDIS_OID_REQUEST *Seen = &Adapter->OidRequest;
    *Seen = *Request;
    Seen->Header.Type = NDIS_OBJECT_TYPE_OID_REQUEST;
    Seen->Header.Revision = NDIS_OID_REQUEST_REVISION_1;
    Seen->Header.Size = NDIS_SIZEOF_OID_REQUEST_REVISION_1;
    Seen->PortNumber = NDIS_DEFAULT_PORT_NUMBER;
    RtlZeroMemory(Seen->NdisReserved, sizeof(Seen->NdisReserved));
    BOOLEAN Removed = ReadWord(&Adapter->MustRefuse) == NDIS_STATUS_NOT_ACCEPTED;
    OperationBegin(&Adapter->Oid);
    NDIS_STATUS Status =
        Adapter->Driver->Characteristics.OidRequestHandler(Adapter->MiniportAdapterContext, Seen);
    RuleReturnedAt("MiniportOidRequest", PASSIVE_LEVEL);
    if (Status == NDIS_STATUS_PENDING)
        Status = OperationWait(&Adapter->Oid);
    else if (!OperationCancel(&Adapter->Oid))
        RuleBroken("MiniportOidRequest: returned %x for OID %x, but NdisMOidRequestComplete was "
                   "called; it must be called only after NDIS_STATUS_PENDING",
                   (ULONG)Status, Seen->DATA.QUERY_INFORMATION.Oid);
    if (Status == NDIS_STATUS_PENDING)
        Status = NDIS_STATUS_FAILURE; /* reported by NdisMOidRequestComplete */
    if (Removed && Status != NDIS_STATUS_NOT_ACCEPTED)
        RuleBroken(
            "MiniportOidRequest: ended with %x for OID %x after the miniport was told of the "
            "surprise removal; NDIS_STATUS_NOT_ACCEPTED is required",
            (ULONG)Status, Seen->DATA.QUERY_INFORMATION.Oid);
    if (!CheckResult(Seen, Status))
        Status = NDIS_STATUS_FAILURE;
    Request->DATA = Seen->DATA;
    return Status;
}

/* OidLock held. */
static NDIS_STATUS
Dispatch(NDIS_ADAPTER *Adapter, NDIS_OID_REQUEST *Request)
{
    NDIS_STATUS Status = NDIS_STATUS_SUCCESS;
    if (Adapter->OidClosed)
        return Adapter->SurpriseRemoved ? NDIS_STATUS_NOT_ACCEPTED : NDIS_STATUS_ADAPTER_NOT_READY;
    switch (Request->RequestType)
    {
    case NdisRequestQueryInformation:
    case NdisRequestQueryStatistics:
        if (AnswerQuery(Adapter, Request, &Status))
            return Status;
        return AskMiniport(Adapter, Request);
    case NdisRequestSetInformation:
        if (!CheckSet(Adapter, Request, &Status))
            return Status;
        Status = AskMiniport(Adapter, Request);
        if (Status == NDIS_STATUS_SUCCESS)
            RememberSet(Adapter, Request);
        return Status;
    case NdisRequestMethod:
        return AskMiniport(Adapter, Request);
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
}

NDIS_STATUS
NdisEdgeOidRequest(NDIS_ADAPTER *Adapter, NDIS_OID_REQUEST *Request)
{
    if (!RuleIrqlAtMost("NdisEdgeOidRequest", PASSIVE_LEVEL))
        return NDIS_STATUS_FAILURE;
    EventLock(&Adapter->OidLock);
    NDIS_STATUS Status = Dispatch(Adapter, Request);
    EventUnlock(&Adapter->OidLock);
    return Status;
}

NDIS_STATUS
OidSet(NDIS_ADAPTER *Adapter, NDIS_OID Oid, PVOID Buffer, ULONG Length)
{
    NDIS_OID_REQUEST Request;
    RtlZeroMemory(&Request, sizeof(Request));
    Request.RequestType = NdisRequestSetInformation;
    Request.DATA.SET_INFORMATION.Oid = Oid;
    Request.DATA.SET_INFORMATION.InformationBuffer = Buffer;
    Request.DATA.SET_INFORMATION.InformationBufferLength = Length;
    return NdisEdgeOidRequest(Adapter, &Request);
}

VOID NTAPI
NdisMOidRequestComplete(NDIS_HANDLE MiniportAdapterHandle, PNDIS_OID_REQUEST OidRequest,
                        NDIS_STATUS Status)
{
    static const char Function[] = "NdisMOidRequestComplete";
    NDIS_ADAPTER *Adapter = AdapterFromHandle(Function, MiniportAdapterHandle);
    if (Adapter == NULL || !RuleIrqlAtMost(Function, DISPATCH_LEVEL))
        return;
    if (OidRequest != &Adapter->OidRequest)
    {
        RuleBroken("%s: OidRequest %p is not the one that MiniportOidRequest was given", Function,
                   (PVOID)OidRequest);
        return;
    }
    if (Status == NDIS_STATUS_PENDING)
        RuleBroken("%s: Status is NDIS_STATUS_PENDING; a final status is required", Function);
    if (!OperationComplete(&Adapter->Oid, Status))
        RuleBroken("%s: no OID request is pending", Function);
}

/* No direct request is ever made. */
VOID NTAPI
NdisMDirectOidRequestComplete(NDIS_HANDLE MiniportAdapterHandle, PNDIS_OID_REQUEST OidRequest,
                              NDIS_STATUS Status)
{
    UNREFERENCED_PARAMETER(OidRequest);
    UNREFERENCED_PARAMETER(Status);
    if (AdapterFromHandle("NdisMDirectOidRequestComplete", MiniportAdapterHandle) != NULL)
        RuleBroken("NdisMDirectOidRequestComplete: no direct OID request is pending");
}
