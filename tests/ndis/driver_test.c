/* SPDX-License-Identifier: MIT */
/* Registration of miniport drivers, AddDevice and unload. */
#include "world.h"

#define CHARACTERISTICS (World.Script.Characteristics)

static void
RefusedWith(NDIS_STATUS Status, const char *Rule)
{
    assert_int_equal(WorldLoad(), Status);
    assert_null(World.DriverHandle);
    assert_null(KernelDriver()->DriverExtension->AddDevice);
    ExpectRule(Rule);
}

static void
RegistersAndUnloads(void **State)
{
    (void)State;
    assert_int_equal(WorldLoad(), NDIS_STATUS_SUCCESS);
    assert_string_equal(World.Edge.Text, "D");
    WorldUnload();
    assert_string_equal(World.Miniport.Text, "OU");
}

static void
RegistersRevision1OfNdis60(void **State)
{
    (void)State;
    CHARACTERISTICS.MinorNdisVersion = 0;
    CHARACTERISTICS.Header.Revision = NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1;
    CHARACTERISTICS.Header.Size = NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1;
    assert_int_equal(WorldLoad(), NDIS_STATUS_SUCCESS);
    WorldUnload();
}

static void
RejectsWrongType(void **State)
{
    (void)State;
    CHARACTERISTICS.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    RefusedWith(NDIS_STATUS_BAD_CHARACTERISTICS,
                "NdisMRegisterMiniportDriver: NDIS_MINIPORT_DRIVER_CHARACTERISTICS.Header.Type is "
                "0x80; 0x8a is required");
}

static void
RejectsUnknownRevision(void **State)
{
    (void)State;
    CHARACTERISTICS.Header.Revision = 9;
    RefusedWith(NDIS_STATUS_BAD_VERSION, "Header.Revision is 9; 1 to 2 are known");
}

static void
RejectsRevisionOfNewerNdisThanDeclared(void **State)
{
    (void)State;
    CHARACTERISTICS.MinorNdisVersion = 0;
    RefusedWith(NDIS_STATUS_BAD_VERSION,
                "Header.Revision is 2, which is for NDIS 6.1; the driver declared 6.0");
}

static void
RejectsSmallSize(void **State)
{
    (void)State;
    CHARACTERISTICS.Header.Size = 12;
    RefusedWith(NDIS_STATUS_BAD_CHARACTERISTICS, "Header.Size is 12; revision 2 requires 152");
}

static void
RejectsLargeSize(void **State)
{
    (void)State;
    CHARACTERISTICS.Header.Size = 4000;
    RefusedWith(NDIS_STATUS_BAD_CHARACTERISTICS, "Header.Size is 4000");
}

static void
RejectsVersionThatNeverWas(void **State)
{
    (void)State;
    CHARACTERISTICS.MinorNdisVersion = 2;
    RefusedWith(NDIS_STATUS_BAD_VERSION, "6.2, which never was");
}

static void
RefusesNewerNdisSilently(void **State)
{
    (void)State;
    CHARACTERISTICS.MinorNdisVersion = 80;
    assert_int_equal(WorldLoad(), NDIS_STATUS_BAD_VERSION);
}

static void
RejectsReservedFlags(void **State)
{
    (void)State;
    CHARACTERISTICS.Flags = 0x8;
    RefusedWith(NDIS_STATUS_BAD_CHARACTERISTICS, "CHARACTERISTICS.Flags is 0x8");
}

static void
RefusesIntermediateDrivers(void **State)
{
    (void)State;
    CHARACTERISTICS.Flags = NDIS_INTERMEDIATE_DRIVER;
    assert_int_equal(WorldLoad(), NDIS_STATUS_NOT_SUPPORTED);
}

/* Every required handler, one at a time. */
static void
RejectsEachMissingHandler(void **State)
{
    (void)State;
    static const struct
    {
        size_t Offset;
        const char *Name;
    } Handlers[] = {
#define HANDLER(Name) {offsetof(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, Name), #Name " is NULL"}
        HANDLER(InitializeHandlerEx),
        HANDLER(HaltHandlerEx),
        HANDLER(UnloadHandler),
        HANDLER(PauseHandler),
        HANDLER(RestartHandler),
        HANDLER(OidRequestHandler),
        HANDLER(SendNetBufferListsHandler),
        HANDLER(ReturnNetBufferListsHandler),
        HANDLER(CancelSendHandler),
        HANDLER(DevicePnPEventNotifyHandler),
        HANDLER(ShutdownHandlerEx),
        HANDLER(CancelOidRequestHandler),
    };
    for (unsigned Index = 0; Index < ARRAYSIZE(Handlers); Index++)
    {
        PVOID *Handler = (PVOID *)(PVOID)((UCHAR *)&CHARACTERISTICS + Handlers[Index].Offset);
        PVOID Saved = *Handler;
        *Handler = NULL;
        RefusedWith(NDIS_STATUS_BAD_CHARACTERISTICS, Handlers[Index].Name);
        *Handler = Saved;
        World.RuleCount = World.RuleSeen = 0;
    }
}

static void
RejectsHalfOfDirectOids(void **State)
{
    (void)State;
    CHARACTERISTICS.DirectOidRequestHandler = CHARACTERISTICS.OidRequestHandler;
    RefusedWith(NDIS_STATUS_BAD_CHARACTERISTICS, "DirectOidRequestHandler");
}

static void
RejectsWrongIrql(void **State)
{
    (void)State;
    KernelSetIrql(DISPATCH_LEVEL);
    assert_int_not_equal(WorldLoad(), NDIS_STATUS_SUCCESS);
    KernelSetIrql(PASSIVE_LEVEL);
    ExpectRule("NdisMRegisterMiniportDriver: called at IRQL 2; at most 0 is allowed");
}

static void
RejectsSecondRegistration(void **State)
{
    (void)State;
    assert_int_equal(WorldLoad(), NDIS_STATUS_SUCCESS);
    NDIS_HANDLE First = World.DriverHandle;
    assert_int_equal(WorldLoad(), NDIS_STATUS_FAILURE);
    ExpectRule("registered already");
    World.DriverHandle = First;
    WorldUnload();
}

static void
FailsWithTheEnvironment(void **State)
{
    (void)State;
    World.EdgeDriverStatus = STATUS_NOT_SUPPORTED;
    assert_int_equal(WorldLoad(), STATUS_NOT_SUPPORTED);
    assert_null(World.DriverHandle);
}

static void
FailsWithoutMemory(void **State)
{
    (void)State;
    for (unsigned Count = 0; Count < 2; Count++)
    {
        KernelFailAllocation(Count);
        assert_int_equal(WorldLoad(), NDIS_STATUS_RESOURCES);
    }
}

static void
ReportsMissingDeregistration(void **State)
{
    (void)State;
    World.Script.OmitDeregister = TRUE;
    assert_int_equal(WorldLoad(), NDIS_STATUS_SUCCESS);
    WorldUnload();
    ExpectRule("MiniportDriverUnload: returned without NdisMDeregisterMiniportDriver");
}

static void
ReportsResourcesLeftAtDeregistration(void **State)
{
    (void)State;
    assert_int_equal(WorldLoad(), NDIS_STATUS_SUCCESS);
    PVOID Memory =
        NdisAllocateMemoryWithTagPriority(World.DriverHandle, 10, TAG_TEST, NormalPoolPriority);
    PNDIS_RW_LOCK_EX Lock = NdisAllocateRWLock(World.DriverHandle);
    WorldUnload();
    ExpectRule("memory of NdisAllocateMemoryWithTagPriority, has not been freed");
    ExpectRule("a read/write lock, has not been freed");
    /* Disowned, not dangling. */
    NdisFreeMemory(Memory, 0, 0);
    NdisFreeRWLock(Lock);
}

static void
RejectsDeregistrationWithAdapters(void **State)
{
    (void)State;
    WorldRun();
    NdisMDeregisterMiniportDriver(World.DriverHandle);
    ExpectRule("the driver still has 1 adapters");
    WorldEnd();
}

static void
RejectsWrongHandleKind(void **State)
{
    (void)State;
    WorldRun();
    NdisMDeregisterMiniportDriver(World.Adapter);
    ExpectRule("is not the handle of a registered driver");
    NdisMDeregisterMiniportDriver(NULL);
    ExpectRule("the NDIS handle is NULL");
    NdisMPauseComplete(World.DriverHandle);
    ExpectRule("is not a miniport adapter handle");
    NdisMPauseComplete(World.ListPool);
    ExpectRule("is a NET_BUFFER_LIST pool; one that NDIS gave");
    WorldEnd();
}

static void
RejectsOptionalHandlersLater(void **State)
{
    (void)State;
    NDIS_OBJECT_HEADER Handlers = HEADER(NDIS_OBJECT_TYPE_MINIPORT_PNP_CHARACTERISTICS, 1, 44);
    assert_int_equal(WorldLoad(), NDIS_STATUS_SUCCESS);
    assert_int_equal(NdisSetOptionalHandlers(World.DriverHandle, (PVOID)&Handlers),
                     NDIS_STATUS_FAILURE);
    ExpectRule("outside of MiniportSetOptions");
    WorldUnload();
}

static void
AddDeviceGivesBackOnFailure(void **State)
{
    (void)State;
    assert_int_equal(WorldLoad(), NDIS_STATUS_SUCCESS);
    KernelFailAllocation(0);
    assert_int_equal(KernelDriver()->DriverExtension->AddDevice(KernelDriver(), KernelBusDevice()),
                     STATUS_INSUFFICIENT_RESOURCES);
    WorldUnload();
}

int
RunDriverTests(void)
{
    const struct CMUnitTest Tests[] = {
        WORLD_TEST(RegistersAndUnloads),
        WORLD_TEST(RegistersRevision1OfNdis60),
        WORLD_TEST(RejectsWrongType),
        WORLD_TEST(RejectsUnknownRevision),
        WORLD_TEST(RejectsRevisionOfNewerNdisThanDeclared),
        WORLD_TEST(RejectsSmallSize),
        WORLD_TEST(RejectsLargeSize),
        WORLD_TEST(RejectsVersionThatNeverWas),
        WORLD_TEST(RefusesNewerNdisSilently),
        WORLD_TEST(RejectsReservedFlags),
        WORLD_TEST(RefusesIntermediateDrivers),
        WORLD_TEST(RejectsEachMissingHandler),
        WORLD_TEST(RejectsHalfOfDirectOids),
        WORLD_TEST(RejectsWrongIrql),
        WORLD_TEST(RejectsSecondRegistration),
        WORLD_TEST(FailsWithTheEnvironment),
        WORLD_TEST(FailsWithoutMemory),
        WORLD_TEST(ReportsMissingDeregistration),
        WORLD_TEST(ReportsResourcesLeftAtDeregistration),
        WORLD_TEST(RejectsDeregistrationWithAdapters),
        WORLD_TEST(RejectsWrongHandleKind),
        WORLD_TEST(RejectsOptionalHandlersLater),
        WORLD_TEST(AddDeviceGivesBackOnFailure),
    };
    return cmocka_run_group_tests_name("ndis driver", Tests, NULL, NULL);
}
