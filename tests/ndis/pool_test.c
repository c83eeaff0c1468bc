/* SPDX-License-Identifier: MIT */
/* Pools, NET_BUFFER_LISTs and NET_BUFFERs: allocation, data, context space. */
#include "world.h"

static NET_BUFFER_LIST_POOL_PARAMETERS
ListParameters(void)
{
    return (NET_BUFFER_LIST_POOL_PARAMETERS){
        .Header = HEADER(NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
                         NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1),
        .fAllocateNetBuffer = TRUE,
        .PoolTag = TAG_TEST,
    };
}

static NET_BUFFER_POOL_PARAMETERS
BufferParameters(void)
{
    return (NET_BUFFER_POOL_PARAMETERS){
        .Header = HEADER(NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_POOL_PARAMETERS_REVISION_1,
                         NDIS_SIZEOF_NET_BUFFER_POOL_PARAMETERS_REVISION_1),
        .PoolTag = TAG_TEST,
    };
}

static void
RejectsWrongParameters(void **State)
{
    (void)State;
    NET_BUFFER_LIST_POOL_PARAMETERS Parameters = ListParameters();
    Parameters.Header.Size = 8;
    assert_null(NdisAllocateNetBufferListPool(NULL, &Parameters));
    ExpectRule("NET_BUFFER_LIST_POOL_PARAMETERS.Header.Size is 8; revision 1 requires 16");
    Parameters = ListParameters();
    Parameters.Header.Type = NDIS_OBJECT_TYPE_OID_REQUEST;
    assert_null(NdisAllocateNetBufferListPool(NULL, &Parameters));
    ExpectRule("Header.Type is 0x96; 0x80 is required");
    Parameters = ListParameters();
    Parameters.PoolTag = 0;
    assert_null(NdisAllocateNetBufferListPool(NULL, &Parameters));
    ExpectRule("PoolTag is 0");
    Parameters = ListParameters();
    Parameters.ContextSize = 8;
    assert_null(NdisAllocateNetBufferListPool(NULL, &Parameters));
    ExpectRule("ContextSize is 8; a multiple");
    Parameters = ListParameters();
    Parameters.fAllocateNetBuffer = FALSE;
    Parameters.DataSize = 100;
    assert_null(NdisAllocateNetBufferListPool(NULL, &Parameters));
    ExpectRule("DataSize is 100, but fAllocateNetBuffer is FALSE");
    Parameters = ListParameters();
    Parameters.ProtocolId = 0x40;
    assert_null(NdisAllocateNetBufferListPool(NULL, &Parameters));
    ExpectRule("ProtocolId is 0x40");
    NET_BUFFER_POOL_PARAMETERS Buffers = BufferParameters();
    Buffers.Header.Revision = 0;
    assert_null(NdisAllocateNetBufferPool(NULL, &Buffers));
    ExpectRule("NET_BUFFER_POOL_PARAMETERS.Header.Revision is 0");
}

static void
RejectsPoolsInUse(void **State)
{
    (void)State;
    NET_BUFFER_LIST_POOL_PARAMETERS Parameters = ListParameters();
    NDIS_HANDLE Pool = NdisAllocateNetBufferListPool(NULL, &Parameters);
    PNET_BUFFER_LIST List = NdisAllocateNetBufferList(Pool, 0, 0);
    NdisFreeNetBufferListPool(Pool);
    ExpectRule("NdisFreeNetBufferListPool: 1 structures of pool");
    NdisFreeNetBufferList(List);
    NdisFreeNetBufferListPool(Pool);
}

static void
RejectsFreeingTwice(void **State)
{
    (void)State;
    NET_BUFFER_LIST_POOL_PARAMETERS Parameters = ListParameters();
    NET_BUFFER_POOL_PARAMETERS Buffers = BufferParameters();
    NDIS_HANDLE Pool = NdisAllocateNetBufferListPool(NULL, &Parameters);
    NDIS_HANDLE BufferPool = NdisAllocateNetBufferPool(NULL, &Buffers);
    PNET_BUFFER_LIST List = NdisAllocateNetBufferList(Pool, 0, 0);
    PNET_BUFFER NetBuffer = NdisAllocateNetBuffer(BufferPool, NULL, 0, 0);
    NdisFreeNetBuffer(List->FirstNetBuffer);
    ExpectRule("was allocated with its NET_BUFFER_LIST; it is freed with it");
    NdisFreeNetBufferList(List);
    NdisFreeNetBufferList(List);
    ExpectRule("NdisFreeNetBufferList: NET_BUFFER_LIST");
    NdisFreeNetBuffer(NetBuffer);
    NdisFreeNetBuffer(NetBuffer);
    ExpectRule("has been freed");
    NdisFreeNetBufferListPool(Pool);
    NdisFreeNetBufferPool(BufferPool);
}

static void
RejectsTheWrongPool(void **State)
{
    (void)State;
    NET_BUFFER_LIST_POOL_PARAMETERS Parameters = ListParameters();
    NET_BUFFER_POOL_PARAMETERS Buffers = BufferParameters();
    NDIS_HANDLE Pool = NdisAllocateNetBufferListPool(NULL, &Parameters);
    NDIS_HANDLE BufferPool = NdisAllocateNetBufferPool(NULL, &Buffers);
    assert_null(NdisAllocateNetBufferList(BufferPool, 0, 0));
    ExpectRule("is a NET_BUFFER pool; a NET_BUFFER_LIST pool is required");
    assert_null(NdisAllocateNetBuffer(Pool, NULL, 0, 0));
    ExpectRule("is a NET_BUFFER_LIST pool; a NET_BUFFER pool is required");
    NdisFreeNetBufferListPool(BufferPool);
    ExpectRule("a NET_BUFFER_LIST pool is required");
    assert_null(NdisAllocateNetBufferMdlAndData(BufferPool));
    ExpectRule("the pool was made with DataSize 0");
    assert_null(NdisAllocateNetBufferList(NULL, 0, 0));
    ExpectRule("the handle is NULL");
    NdisFreeNetBufferListPool(Pool);
    NdisFreeNetBufferPool(BufferPool);
}

static void
RejectsDataPoolsForCombinedAllocation(void **State)
{
    (void)State;
    NET_BUFFER_LIST_POOL_PARAMETERS Parameters = ListParameters();
    Parameters.DataSize = 64;
    NDIS_HANDLE Pool = NdisAllocateNetBufferListPool(NULL, &Parameters);
    assert_null(NdisAllocateNetBufferAndNetBufferList(Pool, 0, 0, NULL, 0, 0));
    ExpectRule("DataSize 64; TRUE and 0 are required");
    PNET_BUFFER_LIST List = NdisAllocateNetBufferList(Pool, 0, 0);
    assert_int_equal(MmGetMdlByteCount(List->FirstNetBuffer->CurrentMdl), 64);
    memset(MmGetSystemAddressForMdlSafe(List->FirstNetBuffer->CurrentMdl, NormalPagePriority), 1,
           64);
    NdisFreeNetBufferList(List);
    NdisFreeNetBufferListPool(Pool);
}

static void
RejectsDataOutsideTheMdl(void **State)
{
    (void)State;
    UCHAR Data[32];
    WorldRun();
    PMDL Mdl = NdisAllocateMdl(World.Adapter, Data, sizeof(Data));
    assert_null(NdisAllocateNetBufferAndNetBufferList(World.ListPool, 0, 0, Mdl, 30, 3));
    ExpectRule("DataOffset is 30 and DataLength 3, but the MDL chain has 32 bytes");
    assert_null(NdisAllocateNetBufferAndNetBufferList(World.ListPool, 0, 0, NULL, 0, 1));
    ExpectRule("the MDL chain has 0 bytes");
    NdisFreeMdl(Mdl);
    WorldEnd();
}

static void
GivesContextSpace(void **State)
{
    (void)State;
    NET_BUFFER_LIST_POOL_PARAMETERS Parameters = ListParameters();
    Parameters.ContextSize = 64;
    NDIS_HANDLE Pool = NdisAllocateNetBufferListPool(NULL, &Parameters);
    PNET_BUFFER_LIST List = NdisAllocateNetBufferList(Pool, 32, 16);
    assert_int_equal(List->Context->Size, 64);
    assert_int_equal(List->Context->Offset, 32);
    memset(NET_BUFFER_LIST_CONTEXT_DATA_START(List), 1, 32);
    /* Within what is there, and beyond it. */
    assert_int_equal(NdisAllocateNetBufferListContext(List, 32, 0, TAG_TEST), NDIS_STATUS_SUCCESS);
    assert_int_equal(List->Context->Offset, 0);
    assert_int_equal(NdisAllocateNetBufferListContext(List, 48, 16, TAG_TEST), NDIS_STATUS_SUCCESS);
    assert_int_equal(List->Context->Size, 64);
    memset(NET_BUFFER_LIST_CONTEXT_DATA_START(List), 2, 48);
    NdisFreeNetBufferList(List);
    ExpectRule("still has context space of NdisAllocateNetBufferListContext");
    NdisFreeNetBufferListContext(List, 56);
    ExpectRule("has 48 bytes of context in use");
    NdisFreeNetBufferListContext(List, 48);
    NdisFreeNetBufferListContext(List, 32);
    NdisFreeNetBufferList(List);
    /* More than the pool provides. */
    List = NdisAllocateNetBufferList(Pool, 128, 0);
    memset(NET_BUFFER_LIST_CONTEXT_DATA_START(List), 3, 128);
    NdisFreeNetBufferList(List);
    assert_null(NdisAllocateNetBufferList(Pool, 8, 0));
    ExpectRule("ContextSize is 8");
    NdisFreeNetBufferListPool(Pool);
}

static void
RetreatsAndAdvances(void **State)
{
    (void)State;
    NET_BUFFER_POOL_PARAMETERS Parameters = BufferParameters();
    Parameters.DataSize = 100;
    NDIS_HANDLE Pool = NdisAllocateNetBufferPool(NULL, &Parameters);
    PNET_BUFFER NetBuffer = NdisAllocateNetBufferMdlAndData(Pool);
    PMDL First = NetBuffer->MdlChain;
    NetBuffer->DataOffset = 10;
    NetBuffer->DataLength = 90;
    assert_ptr_equal(NdisAdjustNetBufferCurrentMdl(NetBuffer), First);
    assert_int_equal(NdisRetreatNetBufferDataStart(NetBuffer, 6, 0, NULL), NDIS_STATUS_SUCCESS);
    assert_int_equal(NetBuffer->DataOffset, 4);
    /* 20 bytes: 4 that are there, 16 in a new MDL with 8 bytes of backfill. */
    assert_int_equal(NdisRetreatNetBufferDataStart(NetBuffer, 20, 8, NULL), NDIS_STATUS_SUCCESS);
    assert_ptr_equal(NetBuffer->MdlChain->Next, First);
    assert_int_equal(MmGetMdlByteCount(NetBuffer->MdlChain), 24);
    assert_int_equal(NetBuffer->DataOffset, 8);
    assert_int_equal(NetBuffer->DataLength, 116);
    UCHAR Storage[32];
    for (unsigned Index = 0; Index < 16; Index++)
        ((UCHAR *)NetBuffer->MdlChain->MappedSystemVa)[8 + Index] = (UCHAR)Index;
    ((UCHAR *)First->MappedSystemVa)[0] = 16;
    assert_null(NdisGetDataBuffer(NetBuffer, 17, NULL, 1, 0));
    assert_ptr_equal(NdisGetDataBuffer(NetBuffer, 17, Storage, 1, 0), Storage);
    for (unsigned Index = 0; Index < 17; Index++)
        assert_int_equal(Storage[Index], Index);
    assert_non_null(NdisGetDataBuffer(NetBuffer, 16, NULL, 1, 0));
    assert_null(NdisGetDataBuffer(NetBuffer, 117, Storage, 1, 0));
    assert_null(NdisGetDataBuffer(NetBuffer, 16, NULL, 3, 0));
    ExpectRule("AlignMultiple is 3");
    NdisFreeNetBuffer(NetBuffer);
    ExpectRule("still has an MDL that NdisRetreatNetBufferDataStart added");
    NdisAdvanceNetBufferDataStart(NetBuffer, 16, TRUE, NULL);
    assert_ptr_equal(NetBuffer->MdlChain, First);
    NdisFreeNetBuffer(NetBuffer);
    NdisFreeNetBufferPool(Pool);
}

static void
AdvanceFreesWhatRetreatAdded(void **State)
{
    (void)State;
    NET_BUFFER_POOL_PARAMETERS Parameters = BufferParameters();
    Parameters.DataSize = 100;
    NDIS_HANDLE Pool = NdisAllocateNetBufferPool(NULL, &Parameters);
    PNET_BUFFER NetBuffer = NdisAllocateNetBufferMdlAndData(Pool);
    PMDL First = NetBuffer->MdlChain;
    NetBuffer->DataLength = 100;
    assert_int_equal(NdisRetreatNetBufferDataStart(NetBuffer, 20, 4, NULL), NDIS_STATUS_SUCCESS);
    NdisAdvanceNetBufferDataStart(NetBuffer, 10, TRUE, NULL);
    assert_ptr_not_equal(NetBuffer->MdlChain, First);
    NdisAdvanceNetBufferDataStart(NetBuffer, 15, TRUE, NULL);
    assert_ptr_equal(NetBuffer->MdlChain, First);
    assert_int_equal(NetBuffer->DataOffset, 5);
    assert_int_equal(NetBuffer->CurrentMdlOffset, 5);
    assert_int_equal(NetBuffer->DataLength, 95);
    NdisAdvanceNetBufferDataStart(NetBuffer, 96, TRUE, NULL);
    ExpectRule("DataOffsetDelta is 96");
    KernelFailAllocation(0);
    assert_int_equal(NdisRetreatNetBufferDataStart(NetBuffer, 20, 0, NULL), NDIS_STATUS_RESOURCES);
    KernelFailAllocation(1);
    assert_int_equal(NdisRetreatNetBufferDataStart(NetBuffer, 20, 0, NULL), NDIS_STATUS_RESOURCES);
    NdisFreeNetBuffer(NetBuffer);
    NdisFreeNetBufferPool(Pool);
}

static void
CopiesBetweenBuffers(void **State)
{
    (void)State;
    UCHAR A[10];
    UCHAR B[10];
    UCHAR C[25] = {0};
    ULONG Copied;
    NET_BUFFER_POOL_PARAMETERS Parameters = BufferParameters();
    NDIS_HANDLE Pool = NdisAllocateNetBufferPool(NULL, &Parameters);
    PMDL First = NdisAllocateMdl(NULL, A, sizeof(A));
    PMDL Second = NdisAllocateMdl(NULL, B, sizeof(B));
    PMDL Third = NdisAllocateMdl(NULL, C, sizeof(C));
    for (unsigned Index = 0; Index < 10; Index++)
    {
        A[Index] = (UCHAR)Index;
        B[Index] = (UCHAR)(10 + Index);
    }
    First->Next = Second;
    PNET_BUFFER From = NdisAllocateNetBuffer(Pool, First, 2, 18);
    PNET_BUFFER To = NdisAllocateNetBuffer(Pool, Third, 0, 0);
    assert_int_equal(NdisCopyFromNetBufferToNetBuffer(To, 1, 100, From, 1, &Copied),
                     NDIS_STATUS_SUCCESS);
    assert_int_equal(Copied, 17);
    assert_int_equal(C[0], 0);
    for (unsigned Index = 0; Index < 17; Index++)
        assert_int_equal(C[1 + Index], 3 + Index);
    assert_int_equal(NdisCopyFromNetBufferToNetBuffer(To, 20, 100, From, 0, &Copied),
                     NDIS_STATUS_SUCCESS);
    assert_int_equal(Copied, 5);
    assert_in_range(NdisQueryNetBufferPhysicalCount(From), 2, 4);
    NdisFreeNetBuffer(From);
    NdisFreeNetBuffer(To);
    NdisFreeMdl(First);
    NdisFreeMdl(Second);
    NdisFreeMdl(Third);
    NdisFreeNetBufferPool(Pool);
}

/* Every allocation of an allocation fails once; nothing is lost. */
static void
SurvivesWithoutMemory(void **State)
{
    (void)State;
    NET_BUFFER_LIST_POOL_PARAMETERS Parameters = ListParameters();
    Parameters.DataSize = 64;
    KernelFailAllocation(0);
    assert_null(NdisAllocateNetBufferListPool(NULL, &Parameters));
    NDIS_HANDLE Pool = NdisAllocateNetBufferListPool(NULL, &Parameters);
    for (unsigned Count = 0; Count < 3; Count++)
    {
        KernelFailAllocation(Count);
        assert_null(NdisAllocateNetBufferList(Pool, 32, 0));
    }
    KernelFailAllocation(3);
    PNET_BUFFER_LIST List = NdisAllocateNetBufferList(Pool, 32, 0);
    assert_non_null(List);
    NdisFreeNetBufferList(List);
    NdisFreeNetBufferListPool(Pool);
}

static void
KeepsAndReusesFreedLists(void **State)
{
    (void)State;
    PNET_BUFFER_LIST Lists[300];
    NET_BUFFER_LIST_POOL_PARAMETERS Parameters = ListParameters();
    NDIS_HANDLE Pool = NdisAllocateNetBufferListPool(NULL, &Parameters);
    for (unsigned Round = 0; Round < 3; Round++)
    {
        for (unsigned Index = 0; Index < ARRAYSIZE(Lists); Index++)
        {
            Lists[Index] = NdisAllocateNetBufferList(Pool, 0, 0);
            assert_int_equal(Lists[Index]->NblFlags, 0);
            assert_null(Lists[Index]->Next);
            Lists[Index]->NblFlags = 0xFFFF;
            Lists[Index]->Next = Lists[0];
        }
        for (unsigned Index = 0; Index < ARRAYSIZE(Lists); Index++)
            NdisFreeNetBufferList(Lists[Index]);
    }
    NdisFreeNetBufferListPool(Pool);
}

int
RunPoolTests(void)
{
    const struct CMUnitTest Tests[] = {
        WORLD_TEST(RejectsWrongParameters),
        WORLD_TEST(RejectsPoolsInUse),
        WORLD_TEST(RejectsFreeingTwice),
        WORLD_TEST(RejectsTheWrongPool),
        WORLD_TEST(RejectsDataPoolsForCombinedAllocation),
        WORLD_TEST(RejectsDataOutsideTheMdl),
        WORLD_TEST(GivesContextSpace),
        WORLD_TEST(RetreatsAndAdvances),
        WORLD_TEST(AdvanceFreesWhatRetreatAdded),
        WORLD_TEST(CopiesBetweenBuffers),
        WORLD_TEST(SurvivesWithoutMemory),
        WORLD_TEST(KeepsAndReusesFreedLists),
    };
    return cmocka_run_group_tests_name("ndis pools", Tests, NULL, NULL);
}
