/* SPDX-License-Identifier: MIT */
/* The logger: set, replaced and removed, also while calls run on other threads. */
#include "selftest.h"

#define THREADS 4

static volatile LONG FirstLines, SecondLines, BadLines;

static void
Judge(WINTUN_LOGGER_LEVEL Level, const WCHAR *Message)
{
    if ((unsigned)Level > WINTUN_LOG_ERR || !Message || !Message[0] ||
        Message[lstrlenW(Message) - 1] == L'\n')
        InterlockedIncrement(&BadLines);
}

static BOOL CALLBACK
FirstLogger(WINTUN_LOGGER_LEVEL Level, const WCHAR *Message)
{
    Judge(Level, Message);
    InterlockedIncrement(&FirstLines);
    return FALSE;
}

static BOOL CALLBACK
SecondLogger(WINTUN_LOGGER_LEVEL Level, const WCHAR *Message)
{
    Judge(Level, Message);
    InterlockedIncrement(&SecondLines);
    return TRUE;
}

static void
FailOnce(void)
{
    WCHAR Name[MAX_ADAPTER_NAME];

    if (WintunGetAdapterName(NULL, Name))
        InterlockedIncrement(&BadLines);
}

void
LoggerReplaced(void)
{
    FirstLines = SecondLines = BadLines = 0;
    WintunSetLogger(FirstLogger);
    FailOnce();
    Check("setlogger/sets", FirstLines == 1, "the logger gets the line of a failure");
    WintunSetLogger(SecondLogger);
    FailOnce();
    Check("setlogger/sets", FirstLines == 1 && SecondLines == 1, "another one replaces it");
    Check("logger/return", BadLines == 0, "whatever the callbacks return, FALSE or TRUE");
    WintunSetLogger(NULL);
    FailOnce();
    Check("setlogger/null", FirstLines == 1 && SecondLines == 1, "NULL removes it");
    WintunSetLogger(NULL);
    FailOnce();
    WintunSetLogger(FirstLogger);
    FailOnce();
    Check("setlogger/sets", FirstLines == 2, "and it can be set again");
    WintunSetLogger(HarnessLogger);
    Check("logger/level", BadLines == 0, "each line has one of the three levels and a text");
    LogForget();
    WintunOpenAdapter(POOL, L"nobody's");
    Check("logger/message",
          LogCount(WINTUN_LOG_ERR) == 1 && wcsstr(LogLast(WINTUN_LOG_ERR), L"nobody's") &&
              wcsstr(LogLast(WINTUN_LOG_ERR), L"(error 2)"),
          "the text says what failed on what, and why: %ls", LogLast(WINTUN_LOG_ERR));
}

static volatile LONG StopFailing;

static DWORD WINAPI
FailOften(LPVOID Parameter)
{
    LONG *Count = Parameter;

    while (!StopFailing)
    {
        SetLastError(ERROR_SUCCESS);
        FailOnce();
        if (GetLastError() != ERROR_INVALID_PARAMETER)
            InterlockedIncrement(&BadLines);
        ++*Count;
    }
    return 0;
}

void
LoggerUnderLoad(void)
{
    HANDLE Threads[THREADS];
    LONG Calls[THREADS] = {0}, All = 0;

    FirstLines = SecondLines = BadLines = StopFailing = 0;
    WintunSetLogger(FirstLogger);
    for (int Index = 0; Index < THREADS; ++Index)
        Threads[Index] = CreateThread(NULL, 0, FailOften, &Calls[Index], 0, NULL);
    for (int Round = 0; Round < 200; ++Round)
    {
        WintunSetLogger(Round % 2 ? FirstLogger : SecondLogger);
        Sleep(1);
    }
    StopFailing = 1;
    Check("setlogger/concurrent", ThreadsJoin(Threads, THREADS) && BadLines == 0,
          "replaced 200 times while four threads log");
    for (int Index = 0; Index < THREADS; ++Index)
        All += Calls[Index];
    Check("setlogger/concurrent", FirstLines + SecondLines == All && FirstLines && SecondLines,
          "no line got lost: %ld calls, %ld lines", All, FirstLines + SecondLines);
    StopFailing = 0;
    for (int Index = 0; Index < THREADS; ++Index)
        Threads[Index] = CreateThread(NULL, 0, FailOften, &Calls[Index], 0, NULL);
    for (int Round = 0; Round < 100; ++Round)
    {
        WintunSetLogger(Round % 2 ? FirstLogger : NULL);
        Sleep(1);
    }
    StopFailing = 1;
    Check("setlogger/null", ThreadsJoin(Threads, THREADS) && BadLines == 0,
          "removed 50 times while four threads log");
    WintunSetLogger(HarnessLogger);
}

/* HarnessLogger changes the last error each time. */
void
LastErrorSurvivesLogger(void)
{
    WINTUN_ADAPTER_HANDLE Adapter;

    FAILS("logger/last-error", ERROR_FILE_NOT_FOUND, WintunOpenAdapter(POOL, NAME) == NULL,
          "the last error is the failure's, whatever the logger does to it");
    WintunSetLogger(NULL);
    SetLastError(ERROR_SUCCESS);
    Adapter = WintunOpenAdapter(POOL, NAME);
    Check("logger/last-error", Adapter == NULL && GetLastError() == ERROR_FILE_NOT_FOUND,
          "and without a logger");
    WintunSetLogger(HarnessLogger);
}
