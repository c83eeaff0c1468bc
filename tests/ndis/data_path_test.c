/* SPDX-License-Identifier: MIT */
/* Sends and their completion, indications and their return. */
#include <pthread.h>
#include <sched.h>
#include "world.h"

static void
SendsAreCompletedLaterAndInAnyOrder(void **State)
{
    (void)State;
    PNET_BUFFER_LIST First = EdgePacket();
    PNET_BUFFER_LIST Second = EdgePacket();
    WorldRun();
    World.Script.KeepSends = TRUE;
    First->Next = Second;
    NdisEdgeSend(World.Adapter, First, 0);
    First->Next = NULL;
    Second->Status = NDIS_STATUS_FAILURE;
    NdisMSendNetBufferListsComplete(World.Adapter, Second, 0);
    assert_int_equal(World.CompletedStatus, NDIS_STATUS_FAILURE);
    First->Status = NDIS_STATUS_SUCCESS;
    KernelSetIrql(DISPATCH_LEVEL);
    NdisMSendNetBufferListsComplete(World.Adapter, First, NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
    KernelSetIrql(PASSIVE_LEVEL);
    assert_int_equal(World.Completed, 2);
    EdgeFreePacket(First);
    EdgeFreePacket(Second);
    WorldEnd();
}

static void
SendsWhilePausedNeverReachTheMiniport(void **State)
{
    (void)State;
    PNET_BUFFER_LIST List = EdgePacket();
    WorldRun();
    NdisEdgePause(World.Adapter);
    NdisEdgeSend(World.Adapter, List, 0);
    assert_int_equal(World.Completed, 1);
    assert_int_equal(World.CompletedStatus, NDIS_STATUS_PAUSED);
    assert_null(strchr(World.Miniport.Text, 'S'));
    EdgeFreePacket(List);
    WorldEnd();
}

static void
RejectsCompletingTwice(void **State)
{
    (void)State;
    PNET_BUFFER_LIST List = EdgePacket();
    WorldRun();
    NdisEdgeSend(World.Adapter, List, 0);
    NdisMSendNetBufferListsComplete(World.Adapter, List, 0);
    ExpectRule("is with whoever allocated it; it is not outstanding with this adapter, or has been "
               "completed before");
    assert_int_equal(World.Completed, 1);
    EdgeFreePacket(List);
    WorldEnd();
}

static void
RejectsCompletingInACircle(void **State)
{
    (void)State;
    PNET_BUFFER_LIST List = EdgePacket();
    WorldRun();
    World.Script.KeepSends = TRUE;
    NdisEdgeSend(World.Adapter, List, 0);
    List->Next = List;
    List->Status = NDIS_STATUS_SUCCESS;
    NdisMSendNetBufferListsComplete(World.Adapter, List, 0);
    ExpectRule("completed before");
    assert_int_equal(World.Completed, 1);
    EdgeFreePacket(List);
    WorldEnd();
}

static void
RejectsCompletingWhatIsNotFromAPool(void **State)
{
    (void)State;
    struct
    {
        UCHAR Before[512];
        NET_BUFFER_LIST List;
    } Fake = {0};
    WorldRun();
    NdisMSendNetBufferListsComplete(World.Adapter, &Fake.List, 0);
    ExpectRule("was not allocated from a NET_BUFFER_LIST pool");
    NdisMSendNetBufferListsComplete(World.Adapter, NULL, 0);
    ExpectRule("NetBufferList is NULL");
    WorldEnd();
}

static void
RejectsMissingAndWrongStatus(void **State)
{
    (void)State;
    PNET_BUFFER_LIST List = EdgePacket();
    WorldRun();
    World.Script.SendStatus = NDIS_STATUS_PENDING;
    NdisEdgeSend(World.Adapter, List, 0);
    ExpectRule("has Status 0x103; the miniport must set");
    assert_int_equal(World.CompletedStatus, NDIS_STATUS_FAILURE);
    EdgeFreePacket(List);
    WorldEnd();
}

static void
RejectsModifiedNetBuffers(void **State)
{
    (void)State;
    PNET_BUFFER_LIST List = EdgePacket();
    WorldRun();
    World.Script.KeepSends = TRUE;
    NdisEdgeSend(World.Adapter, List, 0);
    PNET_BUFFER NetBuffer = List->FirstNetBuffer;
    List->FirstNetBuffer = NULL;
    List->Status = NDIS_STATUS_SUCCESS;
    NdisMSendNetBufferListsComplete(World.Adapter, List, 0);
    ExpectRule("must not modify the list of NET_BUFFERs");
    assert_ptr_equal(List->FirstNetBuffer, NetBuffer);
    EdgeFreePacket(List);
    WorldEnd();
}

static void
RejectsWrongIrqlAndFlags(void **State)
{
    (void)State;
    PNET_BUFFER_LIST List = EdgePacket();
    WorldRun();
    World.Script.KeepSends = TRUE;
    NdisEdgeSend(World.Adapter, List, 0);
    List->Status = NDIS_STATUS_SUCCESS;
    NdisMSendNetBufferListsComplete(World.Adapter, List, NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
    ExpectRule("the flags say DISPATCH_LEVEL, but the IRQL is 0");
    NdisMSendNetBufferListsComplete(World.Adapter, List, 0x100);
    ExpectRule("the flags are 0x100");
    KernelSetIrql(HIGH_LEVEL);
    NdisMSendNetBufferListsComplete(World.Adapter, List, 0);
    KernelSetIrql(PASSIVE_LEVEL);
    ExpectRule("called at IRQL 15; at most 2 is allowed");
    NdisMSendNetBufferListsComplete(World.Adapter, List, 0);
    EdgeFreePacket(List);
    WorldEnd();
}

static void
RejectsHandlersThatKeepTheIrql(void **State)
{
    (void)State;
    PNET_BUFFER_LIST List = EdgePacket();
    WorldRun();
    World.Script.LeakIrql = DISPATCH_LEVEL;
    NdisEdgeSend(World.Adapter, List, 0);
    KernelSetIrql(PASSIVE_LEVEL);
    ExpectRule("MiniportSendNetBufferLists: returned at IRQL 2; it was called at 0");
    EdgeFreePacket(List);
    WorldEnd();
}

static void
RejectsFreeingWhatIsOnItsWay(void **State)
{
    (void)State;
    PNET_BUFFER_LIST List = EdgePacket();
    WorldRun();
    World.Script.KeepSends = TRUE;
    NdisEdgeSend(World.Adapter, List, 0);
    NdisFreeNetBufferList(List);
    ExpectRule("is with a miniport, to be sent");
    List->Status = NDIS_STATUS_SUCCESS;
    NdisMSendNetBufferListsComplete(World.Adapter, List, 0);
    EdgeFreePacket(List);
    WorldEnd();
}

/* ---- Indications ----------------------------------------------------------------------------- */

static void
IndicationsAreReturnedAtOnceOrLater(void **State)
{
    (void)State;
    WorldRun();
    PNET_BUFFER_LIST First = MiniportPacket();
    PNET_BUFFER_LIST Second = MiniportPacket();
    World.EdgeReturns = TRUE;
    First->Next = Second;
    MiniportIndicate(First, 2, 0);
    assert_int_equal(World.Returned, 2);
    World.EdgeReturns = FALSE;
    KernelSetIrql(DISPATCH_LEVEL);
    MiniportIndicate(First, 2, NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
    First->Next = NULL;
    NdisEdgeReturn(World.Adapter, Second);
    KernelSetIrql(PASSIVE_LEVEL);
    NdisEdgeReturn(World.Adapter, First);
    assert_int_equal(World.Returned, 4);
    assert_int_equal(World.ReceivedCount, 4);
    MiniportFreePacket(First);
    MiniportFreePacket(Second);
    WorldEnd();
}

static void
IndicationsWithResourcesAreNotReturned(void **State)
{
    (void)State;
    WorldRun();
    PNET_BUFFER_LIST List = MiniportPacket();
    MiniportIndicate(List, 1, NDIS_RECEIVE_FLAGS_RESOURCES);
    assert_int_equal(World.ReceivedCount, 1);
    assert_int_equal(World.Returned, 0);
    MiniportFreePacket(List);
    WorldEnd();
}

static PNET_BUFFER_LIST RestartList;

static void
IndicateNow(void)
{
    MiniportIndicate(RestartList, 1, 0);
}

/* The miniport may indicate while it restarts; nobody is there yet. */
static void
IndicationsWhileRestartingComeBack(void **State)
{
    (void)State;
    WorldRun();
    NdisEdgePause(World.Adapter);
    RestartList = MiniportPacket();
    World.Script.DuringRestart = IndicateNow;
    assert_int_equal(NdisEdgeRestart(World.Adapter), STATUS_SUCCESS);
    assert_int_equal(World.Returned, 1);
    assert_int_equal(World.ReceivedCount, 0);
    World.Script.DuringPause = IndicateNow;
    assert_int_equal(NdisEdgePause(World.Adapter), STATUS_SUCCESS);
    assert_int_equal(World.Returned, 2);
    MiniportFreePacket(RestartList);
    WorldEnd();
}

static void
RejectsIndicationsWhilePaused(void **State)
{
    (void)State;
    WorldRun();
    NdisEdgePause(World.Adapter);
    PNET_BUFFER_LIST List = MiniportPacket();
    MiniportIndicate(List, 1, 0);
    ExpectRule("NdisMIndicateReceiveNetBufferLists: the adapter is Paused");
    assert_int_equal(World.ReceivedCount, 0);
    MiniportFreePacket(List);
    WorldEnd();
}

static void
RejectsIndicatingTwice(void **State)
{
    (void)State;
    WorldRun();
    PNET_BUFFER_LIST List = MiniportPacket();
    MiniportIndicate(List, 1, 0);
    MiniportIndicate(List, 1, 0);
    ExpectRule("is indicated and not returned");
    NdisEdgeReturn(World.Adapter, List);
    NdisEdgeReturn(World.Adapter, List);
    ExpectRule("NdisEdgeReturn: NET_BUFFER_LIST");
    assert_int_equal(World.Returned, 1);
    MiniportFreePacket(List);
    WorldEnd();
}

static void
RejectsWrongCount(void **State)
{
    (void)State;
    WorldRun();
    PNET_BUFFER_LIST List = MiniportPacket();
    MiniportIndicate(List, 2, 0);
    ExpectRule("NumberOfNetBufferLists is 2, but the chain has 1");
    MiniportIndicate(List, 0xFFFFFFFF, 0);
    ExpectRule("but the chain has 1");
    MiniportIndicate(List, 0, 0);
    ExpectRule("there are no NET_BUFFER_LISTs");
    MiniportFreePacket(List);
    WorldEnd();
}

static void
RejectsForeignSourceHandle(void **State)
{
    (void)State;
    WorldRun();
    PNET_BUFFER_LIST List = MiniportPacket();
    List->SourceHandle = NULL;
    MiniportIndicate(List, 1, 0);
    ExpectRule("has SourceHandle 0x0");
    MiniportFreePacket(List);
    WorldEnd();
}

static void
RejectsListsWithoutBuffers(void **State)
{
    (void)State;
    WorldRun();
    PNET_BUFFER_LIST List = MiniportPacket();
    PNET_BUFFER NetBuffer = List->FirstNetBuffer;
    List->FirstNetBuffer = NULL;
    MiniportIndicate(List, 1, 0);
    ExpectRule("has no NET_BUFFER");
    List->FirstNetBuffer = NetBuffer;
    MiniportFreePacket(List);
    WorldEnd();
}

static void
RejectsWrongData(void **State)
{
    (void)State;
    WorldRun();
    PNET_BUFFER_LIST List = MiniportPacket();
    PNET_BUFFER NetBuffer = List->FirstNetBuffer;
    NetBuffer->DataLength = 65;
    MiniportIndicate(List, 1, 0);
    ExpectRule("DataOffset 0 and DataLength 65, but its MDL chain has 64 bytes");
    NetBuffer->DataLength = 0;
    MiniportIndicate(List, 1, 0);
    ExpectRule("has DataLength 0");
    NetBuffer->DataLength = 32;
    NetBuffer->DataOffset = 16;
    MiniportIndicate(List, 1, 0);
    ExpectRule("which is not where DataOffset 16 leads");
    NetBuffer->CurrentMdl = NULL;
    MiniportIndicate(List, 1, 0);
    ExpectRule("which is not where DataOffset 16 leads");
    MiniportFreePacket(List);
    WorldEnd();
}

static void
RejectsUnmarkedRawIp(void **State)
{
    (void)State;
    WorldRun();
    PNET_BUFFER_LIST List = MiniportPacket();
    NdisClearNblFlag(List, NDIS_NBL_FLAGS_IS_IPV4);
    MiniportIndicate(List, 1, 0);
    ExpectRule("exactly one of NDIS_NBL_FLAGS_IS_IPV4");
    NdisSetNblFlag(List, NDIS_NBL_FLAGS_IS_IPV4 | NDIS_NBL_FLAGS_IS_IPV6);
    MiniportIndicate(List, 1, 0);
    ExpectRule("exactly one of NDIS_NBL_FLAGS_IS_IPV4");
    NdisClearNblFlag(List, NDIS_NBL_FLAGS_IS_IPV4);
    MiniportIndicate(List, 1, 0);
    ExpectRule("NetBufferListFrameType 0x8; 0xdd86");
    NET_BUFFER_LIST_INFO(List, NetBufferListFrameType) =
        (PVOID)(ULONG_PTR)RtlUshortByteSwap(NDIS_ETH_TYPE_IPV6);
    MiniportIndicate(List, 1, 0);
    ExpectRule("is marked as IPv6, but a packet in it begins with version 4");
    MiniportFreePacket(List);
    WorldEnd();
}

static void
RejectsPortsAndReservedFlags(void **State)
{
    (void)State;
    WorldRun();
    PNET_BUFFER_LIST List = MiniportPacket();
    NdisMIndicateReceiveNetBufferLists(World.Adapter, List, 3, 1, 0);
    ExpectRule("PortNumber is 3");
    MiniportIndicate(List, 1, NDIS_RECEIVE_FLAGS_MORE_NBLS);
    ExpectRule("the flags are 0x2000");
    MiniportFreePacket(List);
    WorldEnd();
}

/* ---- Many threads: each list comes back exactly once ----------------------------------------- */

#define THREADS 4
#define ROUNDS  2000

static void *
SendAndIndicate(void *Context)
{
    PNET_BUFFER_LIST *Lists = Context;
    for (unsigned Round = 0; Round < ROUNDS; Round++)
    {
        NdisEdgeSend(World.Adapter, Lists[0], 0);
        MiniportIndicate(Lists[1], 1, Round % 2 ? NDIS_RECEIVE_FLAGS_RESOURCES : 0);
    }
    return NULL;
}

static void
CountsWithManyThreads(void **State)
{
    (void)State;
    pthread_t Threads[THREADS];
    PNET_BUFFER_LIST Lists[THREADS][2];
    WorldRun();
    World.EdgeReturns = TRUE;
    for (unsigned Index = 0; Index < THREADS; Index++)
    {
        Lists[Index][0] = EdgePacket();
        Lists[Index][1] = MiniportPacket();
    }
    World.Silent = TRUE;
    for (unsigned Index = 0; Index < THREADS; Index++)
        pthread_create(&Threads[Index], NULL, SendAndIndicate, Lists[Index]);
    for (unsigned Index = 0; Index < THREADS; Index++)
        pthread_join(Threads[Index], NULL);
    World.Silent = FALSE;
    assert_int_equal(World.ReceivedCount, THREADS * ROUNDS);
    assert_int_equal(World.Returned, THREADS * ROUNDS / 2);
    assert_int_equal(World.Completed, THREADS * ROUNDS);
    assert_int_equal(NdisEdgePause(World.Adapter), STATUS_SUCCESS);
    for (unsigned Index = 0; Index < THREADS; Index++)
    {
        EdgeFreePacket(Lists[Index][0]);
        MiniportFreePacket(Lists[Index][1]);
    }
    WorldEnd();
}

static PNET_BUFFER_LIST Contended;
static volatile LONG Round; /* the threads complete once per round */
static volatile LONG Done;

#define CONTENDED_ROUNDS 20000

static void *
CompleteContended(void *Unused)
{
    (void)Unused;
    for (LONG Mine = 1; Mine <= CONTENDED_ROUNDS; Mine++)
    {
        while (__atomic_load_n(&Round, __ATOMIC_ACQUIRE) != Mine)
            sched_yield();
        NdisMSendNetBufferListsComplete(World.Adapter, Contended, 0);
        InterlockedIncrement(&Done);
    }
    return NULL;
}

/* Two processors complete the same list: one is believed, the other is reported. */
static void
OneOfTwoCompletionsCounts(void **State)
{
    (void)State;
    pthread_t Threads[2];
    Contended = EdgePacket();
    Round = 0;
    WorldRun();
    World.Script.KeepSends = TRUE;
    World.Silent = TRUE;
    for (unsigned Index = 0; Index < 2; Index++)
        pthread_create(&Threads[Index], NULL, CompleteContended, NULL);
    for (LONG Now = 1; Now <= CONTENDED_ROUNDS; Now++)
    {
        World.Completed = 0;
        World.RuleCount = World.RuleSeen = 0;
        Done = 0;
        NdisEdgeSend(World.Adapter, Contended, 0);
        Contended->Status = NDIS_STATUS_SUCCESS;
        __atomic_store_n(&Round, Now, __ATOMIC_RELEASE);
        while (__atomic_load_n(&Done, __ATOMIC_ACQUIRE) != 2)
            sched_yield();
        assert_int_equal(World.Completed, 1);
        ExpectRule("completed before");
        ExpectNoRule();
    }
    for (unsigned Index = 0; Index < 2; Index++)
        pthread_join(Threads[Index], NULL);
    World.Silent = FALSE;
    EdgeFreePacket(Contended);
    WorldEnd();
}

int
RunDataPathTests(void)
{
    const struct CMUnitTest Tests[] = {
        WORLD_TEST(SendsAreCompletedLaterAndInAnyOrder),
        WORLD_TEST(SendsWhilePausedNeverReachTheMiniport),
        WORLD_TEST(RejectsCompletingTwice),
        WORLD_TEST(RejectsCompletingInACircle),
        WORLD_TEST(RejectsCompletingWhatIsNotFromAPool),
        WORLD_TEST(RejectsMissingAndWrongStatus),
        WORLD_TEST(RejectsModifiedNetBuffers),
        WORLD_TEST(RejectsWrongIrqlAndFlags),
        WORLD_TEST(RejectsHandlersThatKeepTheIrql),
        WORLD_TEST(RejectsFreeingWhatIsOnItsWay),
        WORLD_TEST(IndicationsAreReturnedAtOnceOrLater),
        WORLD_TEST(IndicationsWithResourcesAreNotReturned),
        WORLD_TEST(IndicationsWhileRestartingComeBack),
        WORLD_TEST(RejectsIndicationsWhilePaused),
        WORLD_TEST(RejectsIndicatingTwice),
        WORLD_TEST(RejectsWrongCount),
        WORLD_TEST(RejectsForeignSourceHandle),
        WORLD_TEST(RejectsListsWithoutBuffers),
        WORLD_TEST(RejectsWrongData),
        WORLD_TEST(RejectsUnmarkedRawIp),
        WORLD_TEST(RejectsPortsAndReservedFlags),
        WORLD_TEST(CountsWithManyThreads),
        WORLD_TEST(OneOfTwoCompletionsCounts),
    };
    return cmocka_run_group_tests_name("ndis data path", Tests, NULL, NULL);
}
