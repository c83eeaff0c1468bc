/* SPDX-License-Identifier: MIT */
/* See kill_point.h. */
#include "kill_point.h"

#define KILLED_STATUS  77
#define DIGITS_MAXIMUM 8
#define VARIABLE       L"CULVERT_TEST_KILL_AT"

static volatile LONG Passed;

void
KillPoint(void)
{
    WCHAR Digits[DIGITS_MAXIMUM];
    DWORD LastError = GetLastError();
    DWORD Length = GetEnvironmentVariableW(VARIABLE, Digits, DIGITS_MAXIMUM);
    LONG Point = 0;

    for (DWORD Index = 0; Index < Length && Length < DIGITS_MAXIMUM; ++Index)
        Point = Point * 10 + (Digits[Index] - L'0');
    if (InterlockedIncrement(&Passed) == Point)
        TerminateProcess(GetCurrentProcess(), KILLED_STATUS);
    SetLastError(LastError);
}
