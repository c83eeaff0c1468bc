/* SPDX-License-Identifier: MIT */
/*
 * Time, in 100 ns units. Wine's ntoskrnl.exe answers in milliseconds, or not at all.
 */
#include "host.h"

#define HUNDRED_NS_PER_SECOND 10000000ull

NTSYSAPI NTSTATUS NTAPI
NtQueryPerformanceCounter(PLARGE_INTEGER Counter, PLARGE_INTEGER Frequency);

LARGE_INTEGER NTAPI
KeQueryPerformanceCounter(PLARGE_INTEGER PerformanceFrequency)
{
    LARGE_INTEGER Counter;
    LARGE_INTEGER Frequency;

    NtQueryPerformanceCounter(&Counter, &Frequency);
    if (PerformanceFrequency != NULL)
        *PerformanceFrequency = Frequency;
    return Counter;
}

ULONGLONG NTAPI
KeQueryUnbiasedInterruptTime(VOID)
{
    LARGE_INTEGER Frequency;
    ULONGLONG Counter = (ULONGLONG)KeQueryPerformanceCounter(&Frequency).QuadPart;
    ULONGLONG PerSecond = (ULONGLONG)Frequency.QuadPart;
    return Counter / PerSecond * HUNDRED_NS_PER_SECOND +
           Counter % PerSecond * HUNDRED_NS_PER_SECOND / PerSecond;
}
