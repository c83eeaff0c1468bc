/* SPDX-License-Identifier: MIT */
/*
 * OID requests of any kind, type and size: as a protocol's come, through NDIS, and straight to the
 * miniport's handler, which sees more than our NDIS lets through: another one may let it pass.
 *
 * Input: operations until the end. The first byte, modulo 8, says which:
 *
 *   0  query        OID, length, alignment
 *   1  query of statistics: the same
 *   2  set          OID, length, alignment, that many bytes
 *   3  method       OID, length in, length out (the buffer is the larger), method, bytes in
 *   4  another type (4 bytes), then as a set
 *   5  a session starts, or the one that is there ends
 *   6  packets      direction and number: what the counters count
 *   7  the adapter pauses, or restarts
 *
 * Bit 3 of that byte: not through NDIS. An OID is an index into Oids, or 0xFF and four bytes. A
 * length is a FuzzNumber, modulo BUFFER_MAX + 1.
 */
#include "harness.h"
#include "miniport.h"

#define BUFFER_MAX 700u
#define FILL       0xEE

static const NDIS_OID Oids[] = {
    OID_GEN_SUPPORTED_LIST,
    OID_GEN_HARDWARE_STATUS,
    OID_GEN_MEDIA_SUPPORTED,
    OID_GEN_MEDIA_IN_USE,
    OID_GEN_MAXIMUM_LOOKAHEAD,
    OID_GEN_MAXIMUM_FRAME_SIZE,
    OID_GEN_LINK_SPEED,
    OID_GEN_TRANSMIT_BUFFER_SPACE,
    OID_GEN_RECEIVE_BUFFER_SPACE,
    OID_GEN_TRANSMIT_BLOCK_SIZE,
    OID_GEN_RECEIVE_BLOCK_SIZE,
    OID_GEN_VENDOR_ID,
    OID_GEN_VENDOR_DESCRIPTION,
    OID_GEN_CURRENT_PACKET_FILTER,
    OID_GEN_CURRENT_LOOKAHEAD,
    OID_GEN_DRIVER_VERSION,
    OID_GEN_MAXIMUM_TOTAL_SIZE,
    OID_GEN_MAC_OPTIONS,
    OID_GEN_MEDIA_CONNECT_STATUS,
    OID_GEN_MAXIMUM_SEND_PACKETS,
    OID_GEN_VENDOR_DRIVER_VERSION,
    OID_GEN_NETWORK_LAYER_ADDRESSES,
    OID_GEN_PHYSICAL_MEDIUM,
    OID_GEN_MAX_LINK_SPEED,
    OID_GEN_LINK_STATE,
    OID_GEN_LINK_PARAMETERS,
    OID_GEN_INTERRUPT_MODERATION,
    OID_GEN_PORT_AUTHENTICATION_PARAMETERS,
    OID_GEN_XMIT_LINK_SPEED,
    OID_GEN_MEDIA_CONNECT_STATUS_EX,
    OID_GEN_LINK_SPEED_EX,
    OID_GEN_MEDIA_DUPLEX_STATE,
    OID_GEN_XMIT_OK,
    OID_GEN_RCV_OK,
    OID_GEN_STATISTICS,
    OID_PNP_CAPABILITIES,
    OID_PNP_SET_POWER,
    OID_PNP_QUERY_POWER,
};

static APPLICATION App;
static UCHAR Packet[1500];

/* A request with a buffer that the address sanitizer guards. */
typedef struct REQUEST
{
    NDIS_OID_REQUEST Oid;
    UCHAR *Block;
    UCHAR *Buffer; /* in it, at any alignment; NULL if there is none */
    ULONG Bytes;
    UCHAR Before[BUFFER_MAX]; /* what Buffer held */
} REQUEST;

static NDIS_OID
TakeOid(FUZZ_INPUT *Input)
{
    UCHAR Index = FuzzByte(Input);
    return Index == 0xFF ? FuzzLong(Input) : Oids[Index % ARRAYSIZE(Oids)];
}

static ULONG
TakeLength(FUZZ_INPUT *Input)
{
    return FuzzNumber(Input) % (BUFFER_MAX + 1);
}

/* A buffer of Bytes bytes, with what the input has for it if it is read. Without bytes there may be
 * no buffer. */
static void
MakeBuffer(REQUEST *Request, FUZZ_INPUT *Input, ULONG Bytes, ULONG Read)
{
    UCHAR Alignment = FuzzByte(Input);
    Request->Bytes = Bytes;
    Request->Block = malloc(Bytes + Alignment % 8 + 1);
    /* Its last byte is the block's. */
    Request->Buffer =
        Bytes == 0 && (Alignment & 0x80) != 0 ? NULL : Request->Block + Alignment % 8 + 1;
    if (Bytes != 0)
    {
        memset(Request->Buffer, FILL, Bytes);
        FuzzBytes(Input, Request->Buffer, Read);
        memcpy(Request->Before, Request->Buffer, Bytes);
    }
}

/* oidrequest/ns-oidrequest-ndis_oid_request: BytesWritten or BytesRead say how much of the buffer
 * was used; a request that failed did not touch it. */
static void
CheckResult(const REQUEST *Request, NDIS_STATUS Status)
{
    const NDIS_OID_REQUEST *Oid = &Request->Oid;
    ULONG Done = 0, Needed, Length = Request->Bytes;
    switch (Oid->RequestType)
    {
    case NdisRequestQueryInformation:
    case NdisRequestQueryStatistics:
        Done = Oid->DATA.QUERY_INFORMATION.BytesWritten;
        Needed = Oid->DATA.QUERY_INFORMATION.BytesNeeded;
        break;
    case NdisRequestMethod:
        Done = Oid->DATA.METHOD_INFORMATION.BytesWritten;
        Needed = Oid->DATA.METHOD_INFORMATION.BytesNeeded;
        Length = Oid->DATA.METHOD_INFORMATION.OutputBufferLength;
        break;
    default:
        FUZZ_EXPECT(Oid->DATA.SET_INFORMATION.BytesRead <= Length, "%u of %u bytes read",
                    Oid->DATA.SET_INFORMATION.BytesRead, Length);
        Needed = Oid->DATA.SET_INFORMATION.BytesNeeded;
        break;
    }
    FUZZ_EXPECT(Status != NDIS_STATUS_PENDING, "OID %x stays pending",
                Oid->DATA.QUERY_INFORMATION.Oid);
    FUZZ_EXPECT(Done <= Length, "%u of %u bytes written", Done, Length);
    FUZZ_EXPECT(Status == NDIS_STATUS_SUCCESS || Done == 0, "failed with %x and %u bytes written",
                (ULONG)Status, Done);
    FUZZ_EXPECT((Status != NDIS_STATUS_BUFFER_TOO_SHORT && Status != NDIS_STATUS_INVALID_LENGTH) ||
                    Needed > Length,
                "%u bytes are needed, %u were there", Needed, Length);
    if (Request->Bytes > Done)
        FUZZ_EXPECT(memcmp(Request->Buffer + Done, Request->Before + Done, Request->Bytes - Done) ==
                        0,
                    "OID %x: the buffer was written behind BytesWritten %u",
                    Oid->DATA.QUERY_INFORMATION.Oid, Done);
}

static void
Ask(REQUEST *Request, BOOLEAN Direct)
{
    NDIS_OID_REQUEST *Oid = &Request->Oid;
    NDIS_ADAPTER *Adapter = SimEdgeAdapter(WorldEdge);
    Oid->Header.Type = NDIS_OBJECT_TYPE_OID_REQUEST;
    Oid->Header.Revision = NDIS_OID_REQUEST_REVISION_1;
    Oid->Header.Size = NDIS_SIZEOF_OID_REQUEST_REVISION_1;
    NDIS_STATUS Status = Direct ? MiniportOid(Adapter, Oid) : NdisEdgeOidRequest(Adapter, Oid);
    CheckResult(Request, Status);
    free(Request->Block);
}

static void
QueryOrSet(FUZZ_INPUT *Input, NDIS_REQUEST_TYPE Type, BOOLEAN Direct)
{
    REQUEST Request = {.Oid = {.RequestType = Type}};
    Request.Oid.DATA.QUERY_INFORMATION.Oid = TakeOid(Input);
    ULONG Bytes = TakeLength(Input);
    BOOLEAN Query = Type == NdisRequestQueryInformation || Type == NdisRequestQueryStatistics;
    MakeBuffer(&Request, Input, Bytes, Query ? 0 : Bytes);
    Request.Oid.DATA.QUERY_INFORMATION.InformationBuffer = Request.Buffer;
    Request.Oid.DATA.QUERY_INFORMATION.InformationBufferLength = Bytes;
    Ask(&Request, Direct);
}

static void
Method(FUZZ_INPUT *Input, BOOLEAN Direct)
{
    REQUEST Request = {.Oid = {.RequestType = NdisRequestMethod}};
    struct _METHOD *Data = (struct _METHOD *)(PVOID)&Request.Oid.DATA.METHOD_INFORMATION;
    Data->Oid = TakeOid(Input);
    Data->InputBufferLength = TakeLength(Input);
    Data->OutputBufferLength = TakeLength(Input);
    Data->MethodId = FuzzByte(Input);
    MakeBuffer(&Request, Input, max(Data->InputBufferLength, Data->OutputBufferLength),
               Data->InputBufferLength);
    Data->InformationBuffer = Request.Buffer;
    Ask(&Request, Direct);
}

static void
ToggleSession(void)
{
    if (App.Request != NULL)
        ApplicationEnd(&App);
    else
        FUZZ_EXPECT(ApplicationStart(&App) == STATUS_PENDING, "the session does not start");
}

static void
Traffic(UCHAR How)
{
    for (unsigned Number = How & 15; Number != 0; --Number)
    {
        MakePacket(Packet, 100, How & 0x20 ? 4 : 5, How);
        if (How & 0x10)
            SimEdgeSendPacket(WorldEdge, Packet, 100, NULL);
        else if (App.Request != NULL)
            ApplicationSend(&App, Packet, 100);
    }
}

static void
TogglePause(void)
{
    if (SimEdgeRunning(WorldEdge))
        NdisEdgePause(SimEdgeAdapter(WorldEdge));
    else
        NdisEdgeRestart(SimEdgeAdapter(WorldEdge));
}

static void
Operation(FUZZ_INPUT *Input)
{
    UCHAR Code = FuzzByte(Input);
    BOOLEAN Direct = (Code & 8) != 0;
    switch (Code & 7)
    {
    case 0:
        QueryOrSet(Input, NdisRequestQueryInformation, Direct);
        break;
    case 1:
        QueryOrSet(Input, NdisRequestQueryStatistics, Direct);
        break;
    case 2:
        QueryOrSet(Input, NdisRequestSetInformation, Direct);
        break;
    case 3:
        Method(Input, Direct);
        break;
    case 4:
        QueryOrSet(Input, (NDIS_REQUEST_TYPE)FuzzLong(Input), Direct);
        break;
    case 5:
        ToggleSession();
        break;
    case 6:
        Traffic(FuzzByte(Input));
        break;
    default:
        TogglePause();
        break;
    }
    FuzzSettle();
}

int
LLVMFuzzerInitialize(int *Count, char ***Arguments)
{
    (void)Count;
    (void)Arguments;
    FuzzWorldUp();
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Bytes)
{
    FUZZ_INPUT Input = {Data, Data + Bytes};
    FuzzBegin();
    ApplicationOpen(&App, WORLD_CAPACITY);
    while (FuzzMore(&Input))
        Operation(&Input);
    ApplicationExit(&App);
    FuzzEnd();
    return 0;
}
