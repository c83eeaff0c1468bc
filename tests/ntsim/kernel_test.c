/* SPDX-License-Identifier: MIT */
/* What the simulated kernel offers to drivers beyond what ours uses. */
#include <unistd.h>
#include "runner.h"

static void
StringsAreMadeAndCompared(void **State)
{
    WCHAR Buffer[12];
    UNICODE_STRING Text = {.MaximumLength = sizeof(Buffer), .Buffer = Buffer};
    UNICODE_STRING Abc, AbcUpper, Abd, Short;
    (void)State;
    RtlInitUnicodeString(&Abc, L"abc");
    RtlInitUnicodeString(&AbcUpper, L"ABC");
    RtlInitUnicodeString(&Abd, L"abd");
    RtlInitUnicodeString(&Short, L"ab");
    assert_int_equal(Abc.Length, 6);
    assert_int_equal(Abc.MaximumLength, 8);
    assert_true(RtlCompareUnicodeString(&Abc, &Abd, FALSE) < 0);
    assert_true(RtlCompareUnicodeString(&Abc, &Short, FALSE) > 0);
    assert_int_equal(RtlCompareUnicodeString(&Abc, &AbcUpper, TRUE), 0);
    assert_true(RtlCompareUnicodeString(&Abc, &AbcUpper, FALSE) > 0);

    RtlCopyUnicodeString(&Text, &Abc);
    assert_int_equal(RtlAppendUnicodeToString(&Text, L"-xyz"), STATUS_SUCCESS);
    assert_int_equal(Text.Length, 14);
    assert_memory_equal(Buffer, L"abc-xyz", 14);
    assert_int_equal(RtlAppendUnicodeToString(&Text, L"123456"), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(Text.Length, 14);

    assert_int_equal(RtlIntegerToUnicodeString(0xBEEF, 16, &Text), STATUS_SUCCESS);
    assert_int_equal(Text.Length, 8);
    assert_memory_equal(Buffer, L"BEEF", 10);
    assert_int_equal(RtlIntegerToUnicodeString(0, 0, &Text), STATUS_SUCCESS);
    assert_memory_equal(Buffer, L"0", 4);
    assert_int_equal(RtlIntegerToUnicodeString(~0u, 2, &Text), STATUS_BUFFER_OVERFLOW);
    assert_int_equal(RtlIntegerToUnicodeString(1, 3, &Text), STATUS_INVALID_PARAMETER);

    assert_int_equal(RtlCompareMemory("abcd", "abXd", 4), 2);
    assert_int_equal(RtlCompareMemory("abcd", "abcd", 4), 4);
}

static void
ClocksGoOn(void **State)
{
    LARGE_INTEGER System, Ticks, Frequency, Later;
    (void)State;
    KeQuerySystemTime(&System);
    KeQueryTickCount(&Ticks);
    ULONGLONG Interrupts = KeQueryInterruptTime();
    LARGE_INTEGER Counter = KeQueryPerformanceCounter(&Frequency);
    /* 1601 is far away: 2020 at the least. */
    assert_true(System.QuadPart / 10000000 / 86400 / 365 >= 419);
    usleep(40000);
    KeQuerySystemTime(&Later);
    assert_true(Later.QuadPart - System.QuadPart >= 400000);
    KeQueryTickCount(&Later);
    assert_true((Later.QuadPart - Ticks.QuadPart) * KeQueryTimeIncrement() >= 200000);
    assert_true(KeQueryInterruptTime() - Interrupts >= 200000);
    assert_true(KeQueryPerformanceCounter(NULL).QuadPart - Counter.QuadPart >=
                Frequency.QuadPart / 25);
}

/* A time-out may be a moment instead of a span. */
static void
WaitsUntilAMoment(void **State)
{
    KEVENT Event;
    LARGE_INTEGER Moment, Now;
    (void)State;
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    KeQuerySystemTime(&Moment);
    assert_int_equal(KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, &Moment),
                     STATUS_TIMEOUT);
    Moment.QuadPart += 200000;
    assert_int_equal(KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, &Moment),
                     STATUS_TIMEOUT);
    KeQuerySystemTime(&Now);
    assert_true(Now.QuadPart >= Moment.QuadPart);
    KeDelayExecutionThread(KernelMode, FALSE, &Moment);
    Moment.QuadPart = Now.QuadPart + 200000;
    KeDelayExecutionThread(KernelMode, FALSE, &Moment);
    KeQuerySystemTime(&Now);
    assert_true(Now.QuadPart >= Moment.QuadPart);
}

/* What a DPC has seen. */
typedef struct CALLED
{
    KEVENT Event;
    volatile LONG Count;
    KIRQL Irql;
    PVOID Argument1, Argument2;
} CALLED;

static VOID NTAPI
CountDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    CALLED *Called = Context;
    UNREFERENCED_PARAMETER(Dpc);
    Called->Irql = KeGetCurrentIrql();
    Called->Argument1 = Argument1;
    Called->Argument2 = Argument2;
    InterlockedIncrement(&Called->Count);
    KeSetEvent(&Called->Event, IO_NO_INCREMENT, FALSE);
}

static NTSTATUS
WaitSeconds(PVOID Object, LONGLONG Seconds)
{
    LARGE_INTEGER Timeout = {.QuadPart = -Seconds * 10000000};
    return KeWaitForSingleObject(Object, Executive, KernelMode, FALSE, &Timeout);
}

static void
DpcsAreQueued(void **State)
{
    CALLED Called = {.Count = 0};
    KDPC Dpc, Other;
    PROCESSOR_NUMBER Nowhere = {.Number = 99};
    (void)State;
    KeInitializeEvent(&Called.Event, SynchronizationEvent, FALSE);
    KeInitializeDpc(&Dpc, CountDpc, &Called);
    KeInitializeDpc(&Other, CountDpc, &Called);
    assert_false(KeRemoveQueueDpc(&Dpc));
    assert_true(KeInsertQueueDpc(&Dpc, &Dpc, &Called));
    assert_int_equal(WaitSeconds(&Called.Event, 10), STATUS_SUCCESS);
    assert_int_equal(Called.Irql, DISPATCH_LEVEL);
    assert_ptr_equal(Called.Argument1, &Dpc);
    assert_ptr_equal(Called.Argument2, &Called);
    /* However often they are queued and taken back, flushing waits for those that remain. */
    LONG Queued = 0;
    for (unsigned Round = 0; Round < 1000; ++Round)
    {
        Queued += KeInsertQueueDpc(&Dpc, NULL, NULL);
        Queued += KeInsertQueueDpc(&Other, NULL, NULL);
        if (Round % 3 == 0)
            Queued -= KeRemoveQueueDpc(&Dpc);
    }
    KeFlushQueuedDpcs();
    assert_int_equal(Called.Count, 1 + Queued);
    assert_int_equal(KeSetTargetProcessorDpcEx(&Dpc, &Nowhere), STATUS_INVALID_PARAMETER);
}

static void
TimersSignal(void **State)
{
    CALLED Called = {.Count = 0};
    KDPC Dpc;
    KTIMER Timer;
    LARGE_INTEGER Due;
    (void)State;
    KeInitializeEvent(&Called.Event, SynchronizationEvent, FALSE);
    KeInitializeDpc(&Dpc, CountDpc, &Called);
    KeInitializeTimer(&Timer);
    Due.QuadPart = -10000; /* 1 ms from now */
    assert_false(KeSetTimer(&Timer, Due, &Dpc));
    assert_int_equal(WaitSeconds(&Timer, 10), STATUS_SUCCESS);
    assert_int_equal(WaitSeconds(&Called.Event, 10), STATUS_SUCCESS);
    assert_true(KeReadStateTimer(&Timer));
    Due.QuadPart = -100000000; /* not before it is cancelled */
    assert_false(KeSetTimer(&Timer, Due, NULL));
    assert_false(KeReadStateTimer(&Timer));
    assert_true(KeCancelTimer(&Timer));
    assert_false(KeCancelTimer(&Timer));
    /* At a time, and then each millisecond. */
    KeQuerySystemTime(&Due);
    Due.QuadPart += 10000;
    KeInitializeTimerEx(&Timer, SynchronizationTimer);
    assert_false(KeSetTimerEx(&Timer, Due, 1, &Dpc));
    for (unsigned Round = 0; Round < 3; ++Round)
    {
        assert_int_equal(WaitSeconds(&Timer, 10), STATUS_SUCCESS);
        /* A DPC that is still queued at the next time is not queued again. */
        assert_int_equal(WaitSeconds(&Called.Event, 10), STATUS_SUCCESS);
    }
    assert_true(KeCancelTimer(&Timer));
    KeFlushQueuedDpcs();
    assert_true(Called.Count >= 4);
}

static void
MutexesHaveOwners(void **State)
{
    KMUTEX Mutex;
    KSEMAPHORE Semaphore;
    (void)State;
    KeInitializeMutex(&Mutex, 0);
    assert_int_equal(WaitSeconds(&Mutex, 0), STATUS_SUCCESS);
    assert_int_equal(WaitSeconds(&Mutex, 0), STATUS_SUCCESS);
    assert_int_not_equal(KeReleaseMutex(&Mutex, FALSE), 0);
    assert_int_equal(KeReleaseMutex(&Mutex, FALSE), 0);

    KeInitializeSemaphore(&Semaphore, 1, 3);
    assert_int_equal(WaitSeconds(&Semaphore, 0), STATUS_SUCCESS);
    assert_int_equal(WaitSeconds(&Semaphore, 0), STATUS_TIMEOUT);
    assert_int_equal(KeReleaseSemaphore(&Semaphore, IO_NO_INCREMENT, 2, FALSE), 0);
    assert_int_equal(KeReleaseSemaphore(&Semaphore, IO_NO_INCREMENT, 1, FALSE), 2);
    for (unsigned Round = 0; Round < 3; ++Round)
        assert_int_equal(WaitSeconds(&Semaphore, 0), STATUS_SUCCESS);
    assert_int_equal(WaitSeconds(&Semaphore, 0), STATUS_TIMEOUT);
}

static void
ProcessorsHaveNumbers(void **State)
{
    PROCESSOR_NUMBER Number, Other;
    KIRQL Old;
    (void)State;
    KeRaiseIrql(DISPATCH_LEVEL, &Old);
    ULONG Index = KeGetCurrentProcessorNumberEx(&Number);
    assert_true(Index < KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS));
    assert_int_equal(KeGetProcessorNumberFromIndex(Index, &Other), STATUS_SUCCESS);
    KeLowerIrql(Old);
    assert_memory_equal(&Number, &Other, sizeof(Number));
    assert_int_equal(KeGetProcessorNumberFromIndex(9999, &Other), STATUS_INVALID_PARAMETER);
}

void
RunKernelTests(void)
{
    static const struct CMUnitTest kernel_tests[] = {
        PLAIN_TEST(StringsAreMadeAndCompared),
        PLAIN_TEST(ClocksGoOn),
        PLAIN_TEST(WaitsUntilAMoment),
        PLAIN_TEST(DpcsAreQueued),
        PLAIN_TEST(TimersSignal),
        PLAIN_TEST(MutexesHaveOwners),
        PLAIN_TEST(ProcessorsHaveNumbers),
    };
    RUN_TESTS("kernel", kernel_tests);
}
