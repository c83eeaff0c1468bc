/* SPDX-License-Identifier: MIT */
/* The clocks. Article "System-Supplied Clocks"; all of them may be read at any IRQL. */
#include "dispatcher.h"

#define SECOND          10000000LL    /* in 100 ns */
#define SECONDS_TO_1970 11644473600LL /* since 1601, where the system time begins */
#define CLOCK_TICK      156250LL      /* 64 ticks a second, as a PC has */
#define BOOT_SECONDS    1000LL        /* how long the system had run when the program began */

/* Units of 100 ns since 1970. */
static LONGLONG
Now(void)
{
    struct timespec Time = SimDeadline(0);
    return Time.tv_sec * SECOND + Time.tv_nsec / 100;
}

static LONGLONG
SinceBoot(void)
{
    static LONGLONG Boot;
    LONGLONG Time = Now(), None = 0, First = Time - BOOT_SECONDS * SECOND;
    if (__atomic_compare_exchange_n(&Boot, &None, First, FALSE, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        None = First;
    return Time - None;
}

VOID NTAPI
KeQuerySystemTime(PLARGE_INTEGER CurrentTime)
{
    CurrentTime->QuadPart = Now() + SECONDS_TO_1970 * SECOND;
}

ULONGLONG NTAPI
KeQueryInterruptTime(VOID)
{
    return (ULONGLONG)(SinceBoot() / CLOCK_TICK * CLOCK_TICK);
}

ULONGLONG NTAPI
KeQueryUnbiasedInterruptTime(VOID)
{
    return KeQueryInterruptTime();
}

ULONG NTAPI
KeQueryTimeIncrement(VOID)
{
    return CLOCK_TICK;
}

VOID NTAPI
KeQueryTickCount(PLARGE_INTEGER TickCount)
{
    TickCount->QuadPart = SinceBoot() / CLOCK_TICK;
}

LARGE_INTEGER NTAPI
KeQueryPerformanceCounter(PLARGE_INTEGER PerformanceFrequency)
{
    LARGE_INTEGER Counter = {.QuadPart = SinceBoot()};
    if (PerformanceFrequency != NULL)
        PerformanceFrequency->QuadPart = SECOND;
    return Counter;
}
