/* SPDX-License-Identifier: MIT */
/* Every OID, with buffers of every length from none to more than enough. */
#include "runner.h"

#define BUFFER_BYTES 512

/* What a query returns with each length of buffer. */
static void
ExpectQuery(NDIS_OID Oid, const void *Expected, ULONG Bytes)
{
    UCHAR Buffer[BUFFER_BYTES];
    ULONG Done, Needed;
    for (ULONG Length = 0; Length < BUFFER_BYTES; Length += Length < Bytes + 4 ? 1 : 97)
    {
        memset(Buffer, 0xEE, sizeof(Buffer));
        NDIS_STATUS Status =
            SimEdgeOid(WorldEdge, NdisRequestQueryInformation, Oid, Buffer, Length, &Done, &Needed);
        if (Length < Bytes)
        {
            assert_true(Status == NDIS_STATUS_BUFFER_TOO_SHORT ||
                        Status == NDIS_STATUS_INVALID_LENGTH);
            assert_int_equal(Needed, Bytes);
            assert_int_equal(Done, 0);
            continue;
        }
        assert_int_equal(Status, NDIS_STATUS_SUCCESS);
        assert_int_equal(Done, Bytes);
        if (Expected != NULL)
            assert_memory_equal(Buffer, Expected, Bytes);
        assert_true(Length == Bytes || Buffer[Bytes] == 0xEE);
    }
}

static void
ExpectULong(NDIS_OID Oid, ULONG Expected)
{
    ExpectQuery(Oid, &Expected, sizeof(Expected));
}

static void
Queries(void **State)
{
    NDIS_INTERRUPT_MODERATION_PARAMETERS Moderation = {
        .Header = {.Type = NDIS_OBJECT_TYPE_DEFAULT,
                   .Revision = NDIS_INTERRUPT_MODERATION_PARAMETERS_REVISION_1,
                   .Size = NDIS_SIZEOF_INTERRUPT_MODERATION_PARAMETERS_REVISION_1},
        .InterruptModeration = NdisInterruptModerationNotSupported};
    (void)State;
    ExpectULong(OID_GEN_MAXIMUM_TOTAL_SIZE, CULVERT_MAX_PACKET);
    ExpectULong(OID_GEN_TRANSMIT_BLOCK_SIZE, CULVERT_MAX_PACKET);
    ExpectULong(OID_GEN_RECEIVE_BLOCK_SIZE, CULVERT_MAX_PACKET);
    ExpectULong(OID_GEN_TRANSMIT_BUFFER_SPACE, CULVERT_MAX_CAPACITY);
    ExpectULong(OID_GEN_RECEIVE_BUFFER_SPACE, CULVERT_MAX_CAPACITY);
    ExpectULong(OID_GEN_VENDOR_ID, 0x00FFFFFF);
    ExpectULong(OID_GEN_VENDOR_DRIVER_VERSION, 0x00000001);
    ExpectULong(OID_GEN_CURRENT_LOOKAHEAD, CULVERT_MAX_PACKET);
    ExpectULong(OID_GEN_CURRENT_PACKET_FILTER, 0);
    ExpectQuery(OID_GEN_VENDOR_DESCRIPTION, "Culvert Tunnel", sizeof("Culvert Tunnel"));
    ExpectQuery(OID_GEN_INTERRUPT_MODERATION, &Moderation,
                NDIS_SIZEOF_INTERRUPT_MODERATION_PARAMETERS_REVISION_1);
    ExpectQuery(OID_GEN_STATISTICS, NULL, NDIS_SIZEOF_STATISTICS_INFO_REVISION_1);
    ExpectULong(OID_GEN_MAXIMUM_FRAME_SIZE, CULVERT_MAX_PACKET);
    ExpectULong(OID_GEN_MEDIA_IN_USE, NdisMediumIP);
}

static void
CountersOfBothWidths(void **State)
{
    static const NDIS_OID Oids[] = {OID_GEN_XMIT_OK, OID_GEN_RCV_OK};
    APPLICATION App;
    UCHAR Packet[100];
    (void)State;
    ApplicationOpen(&App, WORLD_CAPACITY);
    assert_int_equal(ApplicationStart(&App), STATUS_PENDING);
    MakePacket(Packet, sizeof(Packet), 4, 1);
    for (unsigned At = 0; At < 3; ++At)
    {
        SimEdgeSendPacket(WorldEdge, Packet, sizeof(Packet), NULL);
        ApplicationSend(&App, Packet, sizeof(Packet));
        SimEdgeTake(WorldEdge, Packet, sizeof(Packet), 5000);
    }
    for (unsigned At = 0; At < ARRAYSIZE(Oids); ++At)
    {
        for (ULONG Length = 0; Length <= 12; ++Length)
        {
            ULONG64 Buffer[2] = {0, 0};
            ULONG Done, Needed;
            NDIS_STATUS Status = SimEdgeOid(WorldEdge, NdisRequestQueryStatistics, Oids[At], Buffer,
                                            Length, &Done, &Needed);
            assert_int_equal(Status,
                             Length < 4 ? NDIS_STATUS_BUFFER_TOO_SHORT : NDIS_STATUS_SUCCESS);
            assert_int_equal(Done, Length < 4 ? 0 : Length < 8 ? 4 : 8);
            assert_int_equal(Buffer[0], Length < 4 ? 0 : 3);
            assert_true(Length >= 8 || Needed == 8);
        }
    }
    ApplicationExit(&App);
}

static void
Sets(void **State)
{
    ULONG Done, Needed, Value = NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_BROADCAST;
    UCHAR Room[64] = {0};
    (void)State;
    assert_int_equal(SimEdgeOid(WorldEdge, NdisRequestSetInformation, OID_GEN_CURRENT_PACKET_FILTER,
                                &Value, sizeof(Value), &Done, &Needed),
                     NDIS_STATUS_SUCCESS);
    assert_int_equal(Done, sizeof(Value));
    ExpectULong(OID_GEN_CURRENT_PACKET_FILTER, Value);
    Value = 1234;
    assert_int_equal(SimEdgeOid(WorldEdge, NdisRequestSetInformation, OID_GEN_CURRENT_LOOKAHEAD,
                                &Value, sizeof(Value), &Done, &Needed),
                     NDIS_STATUS_SUCCESS);
    ExpectULong(OID_GEN_CURRENT_LOOKAHEAD, 1234);
    for (ULONG Length = 0; Length < 4; ++Length)
    {
        assert_int_equal(SimEdgeOid(WorldEdge, NdisRequestSetInformation, OID_GEN_CURRENT_LOOKAHEAD,
                                    &Value, Length, &Done, &Needed),
                         NDIS_STATUS_INVALID_LENGTH);
        assert_int_equal(Needed, sizeof(Value));
    }
    assert_int_equal(SimEdgeOid(WorldEdge, NdisRequestSetInformation, OID_GEN_INTERRUPT_MODERATION,
                                Room, sizeof(Room), &Done, &Needed),
                     NDIS_STATUS_INVALID_DATA);
    assert_int_equal(SimEdgeOid(WorldEdge, NdisRequestSetInformation, OID_GEN_LINK_PARAMETERS, Room,
                                sizeof(Room), &Done, &Needed),
                     NDIS_STATUS_SUCCESS);
    assert_int_equal(Done, sizeof(Room));
}

static void
UnknownOidsAreRefused(void **State)
{
    static const NDIS_REQUEST_TYPE Types[] = {NdisRequestQueryInformation,
                                              NdisRequestSetInformation, NdisRequestQueryStatistics,
                                              NdisRequestMethod};
    UCHAR Room[64] = {0};
    (void)State;
    for (unsigned Type = 0; Type < ARRAYSIZE(Types); ++Type)
    {
        for (ULONG Oid = 0xFF000000; Oid < 0xFF000010; ++Oid)
            assert_int_equal(
                SimEdgeOid(WorldEdge, Types[Type], Oid, Room, sizeof(Room), NULL, NULL),
                NDIS_STATUS_NOT_SUPPORTED);
    }
    assert_int_equal(SimEdgeOid(WorldEdge, NdisRequestSetInformation, OID_GEN_STATISTICS, Room,
                                sizeof(Room), NULL, NULL),
                     NDIS_STATUS_NOT_SUPPORTED);
    assert_int_equal(SimEdgeOid(WorldEdge, NdisRequestMethod, OID_GEN_STATISTICS, Room,
                                sizeof(Room), NULL, NULL),
                     NDIS_STATUS_NOT_SUPPORTED);
}

void
RunOidTests(void)
{
    static const struct CMUnitTest oid_tests[] = {
        WORLD_TEST(Queries), WORLD_TEST(CountersOfBothWidths), WORLD_TEST(Sets),
        WORLD_TEST(UnknownOidsAreRefused)};
    RUN_TESTS("oid", oid_tests);
}
