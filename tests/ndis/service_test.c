/* SPDX-License-Identifier: MIT */
/* What miniports use besides: configuration, memory, events, locks, timers, work items, versions.
 */
#include <pthread.h>
#include <stdlib.h>
#include "world.h"

#define PARAMETERS_KEY L"\\Services\\Test\\Parameters"

static NDIS_HANDLE
OpenConfiguration(NDIS_HANDLE Handle)
{
    NDIS_HANDLE Configuration = NULL;
    NDIS_CONFIGURATION_OBJECT Object = {
        .Header =
            HEADER(NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT, NDIS_CONFIGURATION_OBJECT_REVISION_1,
                   NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1),
        .NdisHandle = Handle,
    };
    assert_int_equal(NdisOpenConfigurationEx(&Object, &Configuration), NDIS_STATUS_SUCCESS);
    return Configuration;
}

static PNDIS_CONFIGURATION_PARAMETER
Read(NDIS_HANDLE Configuration, const WCHAR *Name, NDIS_PARAMETER_TYPE Type)
{
    NDIS_STATUS Status;
    PNDIS_CONFIGURATION_PARAMETER Parameter;
    USHORT Length = 0;
    while (Name[Length])
        Length++;
    NDIS_STRING Keyword = {(USHORT)(Length * 2), (USHORT)(Length * 2), (PWSTR)(ULONG_PTR)Name};
    NdisReadConfiguration(&Status, &Parameter, Configuration, &Keyword, Type);
    assert_int_equal(Status == NDIS_STATUS_SUCCESS, Parameter != NULL);
    return Parameter;
}

static void
ReadsConfiguration(void **State)
{
    (void)State;
    const ULONG Integer = 1234;
    const UCHAR Binary[3] = {1, 2, 3};
    KernelSetValue(KERNEL_SOFTWARE_KEY, L"Integer", REG_DWORD, &Integer, 4);
    KernelSetValue(KERNEL_SOFTWARE_KEY, L"Decimal", REG_SZ, L"42", 6);
    KernelSetValue(KERNEL_SOFTWARE_KEY, L"Bare", REG_SZ, L"2a", 4);
    KernelSetValue(KERNEL_SOFTWARE_KEY, L"Prefixed", REG_SZ, L"0x2A", 10);
    KernelSetValue(KERNEL_SOFTWARE_KEY, L"Binary", REG_BINARY, Binary, 3);
    KernelSetValue(KERNEL_SOFTWARE_KEY, L"NetworkAddress", REG_SZ, L"02aBcd", 14);
    WorldRun();
    NDIS_HANDLE Configuration = OpenConfiguration(World.Adapter);
    PNDIS_CONFIGURATION_PARAMETER Value = Read(Configuration, L"integer", NdisParameterInteger);
    assert_int_equal(Value->ParameterData.IntegerData, 1234);
    Value = Read(Configuration, L"Decimal", NdisParameterInteger);
    assert_int_equal(Value->ParameterType, NdisParameterInteger);
    assert_int_equal(Value->ParameterData.IntegerData, 42);
    Value = Read(Configuration, L"Decimal", NdisParameterString);
    assert_int_equal(Value->ParameterType, NdisParameterString);
    assert_int_equal(Value->ParameterData.StringData.Length, 4);
    Value = Read(Configuration, L"Bare", NdisParameterHexInteger);
    assert_int_equal(Value->ParameterData.IntegerData, 42);
    assert_null(Read(Configuration, L"Bare", NdisParameterInteger));
    Value = Read(Configuration, L"Prefixed", NdisParameterInteger);
    assert_int_equal(Value->ParameterData.IntegerData, 42);
    Value = Read(Configuration, L"Binary", NdisParameterBinary);
    assert_int_equal(Value->ParameterData.BinaryData.Length, 3);
    assert_memory_equal(Value->ParameterData.BinaryData.Buffer, Binary, 3);
    assert_null(Read(Configuration, L"Missing", NdisParameterInteger));
    Value = Read(Configuration, L"NdisVersion", NdisParameterInteger);
    assert_int_equal(Value->ParameterData.IntegerData, 0x60032);
    assert_non_null(Read(Configuration, L"ProcessorType", NdisParameterInteger));
    NDIS_STATUS Status;
    PVOID Address;
    UINT Length;
    NdisReadNetworkAddress(&Status, &Address, &Length, Configuration);
    assert_int_equal(Status, NDIS_STATUS_SUCCESS);
    assert_int_equal(Length, 3);
    assert_memory_equal(Address, "\x02\xab\xcd", 3);
    NdisCloseConfiguration(Configuration);
    WorldEnd();
}

static void
WritesConfiguration(void **State)
{
    (void)State;
    NDIS_STATUS Status;
    ULONG Type;
    UCHAR Data[16];
    ULONG Length = sizeof(Data);
    NDIS_STRING Keyword = RTL_CONSTANT_STRING(L"Written");
    NDIS_CONFIGURATION_PARAMETER Value = {.ParameterType = NdisParameterInteger};
    Value.ParameterData.IntegerData = 7;
    WorldRun();
    NDIS_HANDLE Configuration = OpenConfiguration(World.Adapter);
    NdisWriteConfiguration(&Status, Configuration, &Keyword, &Value);
    assert_int_equal(Status, NDIS_STATUS_SUCCESS);
    assert_true(KernelGetValue(KERNEL_SOFTWARE_KEY, L"Written", &Type, Data, &Length));
    assert_int_equal(Type, REG_DWORD);
    Value.ParameterType = NdisParameterString;
    Value.ParameterData.StringData = (UNICODE_STRING)RTL_CONSTANT_STRING(L"ab");
    NdisWriteConfiguration(&Status, Configuration, &Keyword, &Value);
    Length = sizeof(Data);
    assert_true(KernelGetValue(KERNEL_SOFTWARE_KEY, L"Written", &Type, Data, &Length));
    assert_int_equal(Type, REG_SZ);
    assert_int_equal(Length, 6);
    assert_memory_equal(Data, L"ab", 6);
    Value.ParameterType = 77;
    NdisWriteConfiguration(&Status, Configuration, &Keyword, &Value);
    assert_int_equal(Status, NDIS_STATUS_NOT_SUPPORTED);
    NdisCloseConfiguration(Configuration);
    WorldEnd();
}

static void
DriversReadTheirParametersKeyAndSubKeys(void **State)
{
    (void)State;
    const ULONG Integer = 9;
    NDIS_STATUS Status;
    NDIS_HANDLE SubKey;
    NDIS_STRING Name = RTL_CONSTANT_STRING(L"Sub");
    NDIS_STRING Found;
    KernelSetValue(PARAMETERS_KEY, L"Level", REG_DWORD, &Integer, 4);
    KernelSetValue(PARAMETERS_KEY L"\\Sub", L"Deep", REG_DWORD, &Integer, 4);
    assert_int_equal(WorldLoad(), NDIS_STATUS_SUCCESS);
    NDIS_HANDLE Configuration = OpenConfiguration(World.DriverHandle);
    assert_int_equal(Read(Configuration, L"Level", NdisParameterInteger)->ParameterData.IntegerData,
                     9);
    NdisOpenConfigurationKeyByName(&Status, Configuration, &Name, &SubKey);
    assert_int_equal(Status, NDIS_STATUS_SUCCESS);
    assert_non_null(Read(SubKey, L"Deep", NdisParameterInteger));
    NdisCloseConfiguration(SubKey);
    NdisOpenConfigurationKeyByIndex(&Status, Configuration, 0, &Found, &SubKey);
    assert_int_equal(Status, NDIS_STATUS_SUCCESS);
    assert_int_equal(Found.Length, 6);
    NdisCloseConfiguration(SubKey);
    NdisOpenConfigurationKeyByIndex(&Status, Configuration, 1, &Found, &SubKey);
    assert_int_equal(Status, NDIS_STATUS_FAILURE);
    NdisCloseConfiguration(Configuration);
    WorldUnload();
}

static void
RejectsWrongConfigurationCalls(void **State)
{
    (void)State;
    NDIS_HANDLE Configuration;
    NDIS_CONFIGURATION_OBJECT Object = {.Header =
                                            HEADER(NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT, 1, 4)};
    WorldRun();
    assert_int_equal(NdisOpenConfigurationEx(&Object, &Configuration), NDIS_STATUS_FAILURE);
    ExpectRule("NDIS_CONFIGURATION_OBJECT.Header.Size is 4; revision 1 requires 20");
    Object.Header.Size = 20;
    assert_int_equal(NdisOpenConfigurationEx(&Object, &Configuration), NDIS_STATUS_FAILURE);
    ExpectRule("NdisOpenConfigurationEx: the NDIS handle is NULL");
    NdisCloseConfiguration(World.ListPool);
    ExpectRule("a configuration handle is required");
    WorldEnd();
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static void
ChecksMemory(void **State)
{
    (void)State;
    WorldRun();
    assert_null(NdisAllocateMemoryWithTagPriority(World.Adapter, 0, TAG_TEST, NormalPoolPriority));
    ExpectRule("Length is 0");
    assert_null(NdisAllocateMemoryWithTagPriority(World.Adapter, 1, 0, NormalPoolPriority));
    ExpectRule("Tag 0x0; neither may be zero");
    assert_null(NdisAllocateMemoryWithTagPriority(NULL, 1, TAG_TEST, NormalPoolPriority));
    ExpectRule("the NDIS handle is NULL");
    PVOID Memory =
        NdisAllocateMemoryWithTagPriority(World.Adapter, 100, TAG_TEST, NormalPoolPriority);
    assert_int_equal((ULONG_PTR)Memory % MEMORY_ALLOCATION_ALIGNMENT, 0);
    memset(Memory, 1, 100);
    NdisFreeMemoryWithTagPriority(World.Adapter, Memory, TAG_TEST + 1);
    ExpectRule("is freed with");
    Memory = NdisAllocateMemoryWithTagPriority(World.Adapter, 1, TAG_TEST, NormalPoolPriority);
    NdisFreeMemoryWithTagPriority(World.DriverHandle, Memory, TAG_TEST);
    ExpectRule("was allocated with another handle");
    Memory = NdisAllocateMemoryWithTagPriority(World.Adapter, 1, TAG_TEST, NormalPoolPriority);
    NdisFreeMemory(Memory, 1, 2);
    ExpectRule("MemoryFlags is 0x2");
    NdisFreeMemory(NULL, 0, 0);
    ExpectRule("the address is NULL");
    assert_null(NdisAllocateMdl(World.Adapter, NULL, 0));
    ExpectRule("NdisAllocateMdl: VirtualAddress is 0x0");
    WorldEnd();
}

/* ---- Synchronisation ------------------------------------------------------------------------- */

static void
EventsAndSleep(void **State)
{
    (void)State;
    NDIS_EVENT Event;
    NdisInitializeEvent(&Event);
    assert_false(NdisWaitEvent(&Event, 1));
    NdisSetEvent(&Event);
    assert_true(NdisWaitEvent(&Event, 0));
    assert_true(NdisWaitEvent(&Event, 1));
    NdisResetEvent(&Event);
    assert_false(NdisWaitEvent(&Event, 1));
    KernelSetIrql(DISPATCH_LEVEL);
    assert_false(NdisWaitEvent(&Event, 1));
    NdisMSleep(1);
    KernelSetIrql(PASSIVE_LEVEL);
    ExpectRule("NdisWaitEvent: called at IRQL 2");
    ExpectRule("NdisMSleep: called at IRQL 2");
    NdisMSleep(100);
}

static void
SpinLocks(void **State)
{
    (void)State;
    NDIS_SPIN_LOCK Lock;
    NdisAllocateSpinLock(&Lock);
    NdisAcquireSpinLock(&Lock);
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    NdisReleaseSpinLock(&Lock);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    NdisDprAcquireSpinLock(&Lock);
    ExpectRule("NdisDprAcquireSpinLock: called at IRQL 0; DISPATCH_LEVEL is required");
    NdisFreeSpinLock(&Lock);
}

static PNDIS_RW_LOCK_EX SharedLock;
static unsigned Shared[2];

static void *
UseSharedLock(void *Context)
{
    LOCK_STATE_EX LockState;
    for (unsigned Round = 0; Round < 2000; Round++)
    {
        if ((Round + (unsigned)(ULONG_PTR)Context) % 8 == 0)
        {
            NdisAcquireRWLockWrite(SharedLock, &LockState, 0);
            Shared[0]++;
            Shared[1]++;
        }
        else
        {
            NdisAcquireRWLockRead(SharedLock, &LockState, 0);
            if (Shared[0] != Shared[1])
                abort();
        }
        NdisReleaseRWLock(SharedLock, &LockState);
    }
    return NULL;
}

static void
ReadWriteLocks(void **State)
{
    (void)State;
    LOCK_STATE_EX First;
    LOCK_STATE_EX Second;
    pthread_t Threads[3];
    WorldRun();
    SharedLock = NdisAllocateRWLock(World.Adapter);
    NdisAcquireRWLockRead(SharedLock, &First, 0);
    NdisAcquireRWLockRead(SharedLock, &Second, NDIS_RWL_AT_DISPATCH_LEVEL);
    NdisFreeRWLock(SharedLock);
    ExpectRule("is held; it must be released first");
    NdisReleaseRWLock(SharedLock, &Second);
    NdisReleaseRWLock(SharedLock, &First);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    NdisAcquireRWLockWrite(SharedLock, &First, 0);
    NdisAcquireRWLockWrite(SharedLock, &Second, 0);
    NdisReleaseRWLock(SharedLock, &Second);
    NdisReleaseRWLock(SharedLock, &First);
    KernelSetIrql(DISPATCH_LEVEL);
    NdisReleaseRWLock(SharedLock, &First);
    KernelSetIrql(PASSIVE_LEVEL);
    ExpectRule("is not held with this LOCK_STATE_EX");
    NdisAcquireRWLockRead(SharedLock, &First, NDIS_RWL_AT_DISPATCH_LEVEL);
    ExpectRule("DISPATCH_LEVEL is required");
    NdisAcquireRWLockRead(SharedLock, &First, 4);
    ExpectRule("Flags is 0x4");
    for (ULONG_PTR Index = 0; Index < 3; Index++)
        pthread_create(&Threads[Index], NULL, UseSharedLock, (PVOID)Index);
    for (unsigned Index = 0; Index < 3; Index++)
        pthread_join(Threads[Index], NULL);
    assert_int_equal(Shared[0], Shared[1]);
    NdisFreeRWLock(SharedLock);
    WorldEnd();
}

static unsigned Fired;
static PVOID FiredContext;

static VOID NTAPI
TimerFunction(PVOID SystemSpecific1, PVOID FunctionContext, PVOID SystemSpecific2,
              PVOID SystemSpecific3)
{
    (void)SystemSpecific1;
    (void)SystemSpecific2;
    (void)SystemSpecific3;
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    Fired++;
    FiredContext = FunctionContext;
}

static void
Timers(void **State)
{
    (void)State;
    NDIS_HANDLE Timer;
    LARGE_INTEGER Due = {.QuadPart = -10000};
    NDIS_TIMER_CHARACTERISTICS Characteristics = {
        .Header =
            HEADER(NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS, NDIS_TIMER_CHARACTERISTICS_REVISION_1,
                   NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1),
        .AllocationTag = TAG_TEST,
        .FunctionContext = &Fired,
    };
    Fired = 0;
    WorldRun();
    assert_int_equal(NdisAllocateTimerObject(World.Adapter, &Characteristics, &Timer),
                     NDIS_STATUS_BAD_CHARACTERISTICS);
    ExpectRule("TimerFunction or AllocationTag is zero");
    Characteristics.TimerFunction = TimerFunction;
    assert_int_equal(NdisAllocateTimerObject(World.Adapter, &Characteristics, &Timer),
                     NDIS_STATUS_SUCCESS);
    assert_false(NdisSetTimerObject(Timer, Due, 0, NULL));
    assert_true(NdisSetTimerObject(Timer, Due, 0, NULL));
    KernelFireTimers();
    assert_int_equal(Fired, 1);
    assert_ptr_equal(FiredContext, &Fired);
    assert_false(NdisCancelTimerObject(Timer));
    NdisSetTimerObject(Timer, Due, 10, &Timer);
    KernelFireTimers();
    KernelFireTimers();
    assert_int_equal(Fired, 3);
    assert_ptr_equal(FiredContext, &Timer);
    KernelSetIrql(DISPATCH_LEVEL);
    assert_false(NdisCancelTimerObject(Timer));
    KernelSetIrql(PASSIVE_LEVEL);
    ExpectRule("NdisCancelTimerObject (of a periodic timer): called at IRQL 2");
    NdisFreeTimerObject(Timer);
    ExpectRule("is queued; it must be cancelled first");
    assert_int_equal(KernelFireTimers(), 0);
    WorldEnd();
}

static NDIS_HANDLE Rearmed;

static void
Rearm(void)
{
    LARGE_INTEGER Due = {.QuadPart = -10000};
    assert_false(NdisSetTimerObject(Rearmed, Due, 0, NULL));
}

/* The DPC of an arming that has expired runs when the timer is armed again: it still is. */
static void
TimerArmedBeforeItsDpc(void **State)
{
    (void)State;
    LARGE_INTEGER Due = {.QuadPart = -10000};
    NDIS_TIMER_CHARACTERISTICS Characteristics = {
        .Header =
            HEADER(NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS, NDIS_TIMER_CHARACTERISTICS_REVISION_1,
                   NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1),
        .AllocationTag = TAG_TEST,
        .TimerFunction = TimerFunction,
    };
    Fired = 0;
    WorldRun();
    for (unsigned Cancelled = 0; Cancelled < 2; ++Cancelled)
    {
        assert_int_equal(NdisAllocateTimerObject(World.Adapter, &Characteristics, &Rearmed),
                         NDIS_STATUS_SUCCESS);
        NdisSetTimerObject(Rearmed, Due, 0, NULL);
        KernelBeforeDpc = Rearm;
        KernelFireTimers();
        if (Cancelled)
            assert_true(NdisCancelTimerObject(Rearmed));
        NdisFreeTimerObject(Rearmed);
        if (!Cancelled)
            ExpectRule("is queued; it must be cancelled first");
        ExpectNoRule();
        assert_int_equal(KernelFireTimers(), 0);
    }
    WorldEnd();
}

static unsigned Ran;

static VOID NTAPI
WorkItemFunction(PVOID WorkItemContext, NDIS_HANDLE NdisIoWorkItemHandle)
{
    assert_ptr_equal(WorkItemContext, &Ran);
    if (++Ran == 1)
        NdisQueueIoWorkItem(NdisIoWorkItemHandle, WorkItemFunction, &Ran);
    else
        NdisFreeIoWorkItem(NdisIoWorkItemHandle);
}

static void
WorkItems(void **State)
{
    (void)State;
    Ran = 0;
    WorldRun();
    NDIS_HANDLE Item = NdisAllocateIoWorkItem(World.Adapter);
    NdisQueueIoWorkItem(Item, WorkItemFunction, &Ran);
    NdisQueueIoWorkItem(Item, WorkItemFunction, &Ran);
    ExpectRule("is queued already");
    NdisFreeIoWorkItem(Item);
    ExpectRule("is queued; it must have begun");
    KernelRunWorkItems();
    assert_int_equal(Ran, 2);
    Item = NdisAllocateIoWorkItem(World.DriverHandle);
    NdisFreeIoWorkItem(Item);
    assert_null(NdisAllocateIoWorkItem(NULL));
    ExpectRule("NdisAllocateIoWorkItem: the NDIS handle is NULL");
    WorldEnd();
}

/* ---- Versions and names ---------------------------------------------------------------------- */

static void
KnowsItsVersionAndRoutines(void **State)
{
    (void)State;
    NDIS_STRING Name = RTL_CONSTANT_STRING(L"NdisMSleep");
    NDIS_STRING Longer = RTL_CONSTANT_STRING(L"NdisMSleeps");
    NDIS_STRING Shorter = RTL_CONSTANT_STRING(L"NdisMSlee");
    assert_int_equal(NdisGetVersion(), NDIS_RUNTIME_VERSION_650);
    assert_ptr_equal(NdisGetRoutineAddress(&Name), NdisMSleep);
    assert_null(NdisGetRoutineAddress(&Longer));
    assert_null(NdisGetRoutineAddress(&Shorter));
}

/* exports.def, for the linker, and exports.h, for NdisGetRoutineAddress, name the same functions.
 */
static void
ExportListsAgree(void **State)
{
    (void)State;
    static const char *const Names[] = {
#define NDIS_EXPORT(Name) #Name,
#include "../../ndis/exports.h"
#undef NDIS_EXPORT
    };
    char Line[128];
    unsigned Count = 0;
    FILE *File = fopen(NDIS_EXPORTS_DEF, "r");
    assert_non_null(File);
    while (fgets(Line, sizeof(Line), File))
    {
        if (strncmp(Line, "    ", 4) != 0)
            continue;
        Line[strcspn(Line, "\r\n")] = 0;
        assert_true(Count < ARRAYSIZE(Names));
        assert_string_equal(Line + 4, Names[Count]);
        Count++;
    }
    fclose(File);
    assert_int_equal(Count, ARRAYSIZE(Names));
}

static void
RejectsWhatIsNeverPending(void **State)
{
    (void)State;
    WorldRun();
    NdisMResetComplete(World.Adapter, NDIS_STATUS_SUCCESS, FALSE);
    ExpectRule("NdisMResetComplete: no reset is pending");
    NdisWriteErrorLogEntry(World.Adapter, 1, 0);
    NET_PNP_EVENT_NOTIFICATION Notification = {0};
    assert_int_equal(NdisMNetPnPEvent(World.Adapter, &Notification), NDIS_STATUS_NOT_SUPPORTED);
    WorldEnd();
}

int
RunServiceTests(void)
{
    const struct CMUnitTest Tests[] = {
        WORLD_TEST(ReadsConfiguration),
        WORLD_TEST(WritesConfiguration),
        WORLD_TEST(DriversReadTheirParametersKeyAndSubKeys),
        WORLD_TEST(RejectsWrongConfigurationCalls),
        WORLD_TEST(ChecksMemory),
        WORLD_TEST(EventsAndSleep),
        WORLD_TEST(SpinLocks),
        WORLD_TEST(ReadWriteLocks),
        WORLD_TEST(Timers),
        WORLD_TEST(TimerArmedBeforeItsDpc),
        WORLD_TEST(WorkItems),
        WORLD_TEST(KnowsItsVersionAndRoutines),
        WORLD_TEST(ExportListsAgree),
        WORLD_TEST(RejectsWhatIsNeverPending),
    };
    return cmocka_run_group_tests_name("ndis services", Tests, NULL, NULL);
}
