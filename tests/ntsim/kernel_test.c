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

void
RunKernelTests(void)
{
    static const struct CMUnitTest kernel_tests[] = {
        PLAIN_TEST(StringsAreMadeAndCompared),
        PLAIN_TEST(ClocksGoOn),
    };
    RUN_TESTS("kernel", kernel_tests);
}
