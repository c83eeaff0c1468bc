/* SPDX-License-Identifier: MIT */
/*
 * culvert-selftest.exe: the command line, the report (TAP on standard output), and the watchdog
 * that ends a run in which a test hangs.
 */
#include "selftest.h"
#include "tests.h"
#include <stdarg.h>
#include <stdio.h>

#define TEST_SECONDS    180 /* no test takes this long, unless something hangs */
#define TEXT_CHARACTERS 512
#define STATUS_FAILED   1
#define STATUS_USAGE    2
#define STATUS_CRASHED  3
#define STATUS_HUNG     4

typedef struct TEST_ENTRY
{
    const char *Name;
    void (*Run)(void);
} TEST_ENTRY;

#define DECLARE(Name) void Name(void);
SELFTESTS(DECLARE)
#undef DECLARE

static const TEST_ENTRY Tests[] = {
#define ENTRY(Name) {#Name, Name},
    SELFTESTS(ENTRY)
#undef ENTRY
};

int SoonMilliseconds = 10000;

static unsigned Checks, Failures, Skips;
static unsigned FailingCalls, WrongLineCounts; /* of the present test */
static const char *volatile CurrentTest = "start";
static volatile LONG TestNumber;
static BOOL ListOnly;

static void
PrintLine(const char *Verdict, const char *Sentence, const char *Text)
{
    printf("%s %u - [%s] %s: %s\n", Verdict, ++Checks, Sentence, CurrentTest, Text);
    fflush(stdout);
}

BOOL
Check(const char *Sentence, BOOL Passed, const char *Format, ...)
{
    char Text[TEXT_CHARACTERS];
    va_list Arguments;
    DWORD Error = GetLastError();

    va_start(Arguments, Format);
    vsnprintf(Text, sizeof(Text), Format, Arguments);
    va_end(Arguments);
    PrintLine(Passed ? "ok" : "not ok", Sentence, Text);
    if (!Passed)
    {
        ++Failures;
        printf("# last error %lu; last error line: %ls\n", Error, LogLast(WINTUN_LOG_ERR));
    }
    fflush(stdout);
    return Passed;
}

void
Skip(const char *Sentence, const char *Format, ...)
{
    char Text[TEXT_CHARACTERS];
    va_list Arguments;

    va_start(Arguments, Format);
    vsnprintf(Text, sizeof(Text), Format, Arguments);
    va_end(Arguments);
    printf("ok %u - [%s] %s # SKIP %s\n", ++Checks, Sentence, CurrentTest, Text);
    fflush(stdout);
    ++Skips;
}

void
Note(const char *Format, ...)
{
    va_list Arguments;

    va_start(Arguments, Format);
    printf("# ");
    vprintf(Format, Arguments);
    printf("\n");
    va_end(Arguments);
    fflush(stdout);
}

void
FailureBegin(void)
{
    LogForget();
    SetLastError(ERROR_SUCCESS);
}

/* An error line says the reason with its number, in decimal, or hexadecimal if it is large. */
static BOOL
LineHasCode(const WCHAR *Line, DWORD Error)
{
    WCHAR Code[16];

    wsprintfW(Code, Error > 0xFFFF ? L"0x%08x" : L"%u", Error);
    return wcsstr(Line, Code) != NULL;
}

BOOL
FailureCheck(const char *Sentence, BOOL Failed, DWORD Error, LONG Lines, const char *Format, ...)
{
    DWORD Last = GetLastError();
    char Text[TEXT_CHARACTERS];
    va_list Arguments;

    va_start(Arguments, Format);
    vsnprintf(Text, sizeof(Text), Format, Arguments);
    va_end(Arguments);
    ++FailingCalls;
    if (LogCount(WINTUN_LOG_ERR) != Lines ||
        (Lines != 0 && !LineHasCode(LogLast(WINTUN_LOG_ERR), Error)))
    {
        ++WrongLineCounts;
        Note("%ld error lines instead of %ld with code %lu: %s; the last one: %ls",
             LogCount(WINTUN_LOG_ERR), Lines, Error, Text, LogLast(WINTUN_LOG_ERR));
    }
    if (!Check(Sentence, Failed && Last == Error, "%s", Text))
    {
        Note(Failed ? "it failed with %lu, and should with %lu" : "it succeeded (%lu, not %lu)",
             Last, Error);
        return FALSE;
    }
    return TRUE;
}

BOOL
IsWine(void)
{
    return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != NULL;
}

/* "*" stands for any characters. */
static BOOL
Matches(const WCHAR *Pattern, const char *Text)
{
    for (; *Pattern; Pattern++, Text++)
    {
        if (*Pattern == L'*')
        {
            do
            {
                if (Matches(Pattern + 1, Text))
                    return TRUE;
            } while (*Text++);
            return FALSE;
        }
        if (*Pattern != (WCHAR)*Text)
            return FALSE;
    }
    return *Text == '\0';
}

/* One of several patterns with commas between them. */
static BOOL
MatchesAny(const WCHAR *Patterns, const char *Text)
{
    WCHAR Pattern[TEXT_CHARACTERS];

    while (Patterns)
    {
        const WCHAR *Comma = wcschr(Patterns, L',');
        int Length = Comma ? (int)(Comma - Patterns) : lstrlenW(Patterns);
        if (Length >= TEXT_CHARACTERS)
            return FALSE;
        lstrcpynW(Pattern, Patterns, Length + 1);
        if (Matches(Pattern, Text))
            return TRUE;
        Patterns = Comma ? Comma + 1 : NULL;
    }
    return FALSE;
}

static DWORD WINAPI
Watch(LPVOID Parameter)
{
    LONG Seen = -1;
    DWORD Seconds = 0;

    UNREFERENCED_PARAMETER(Parameter);
    for (;;)
    {
        Sleep(1000);
        if (TestNumber != Seen)
            Seconds = 0;
        Seen = TestNumber;
        if (++Seconds < TEST_SECONDS)
            continue;
        printf("not ok %u - [suite/hang] %s has been running for %d seconds\nBail out!\n",
               Checks + 1, CurrentTest, TEST_SECONDS);
        fflush(stdout);
        TerminateProcess(GetCurrentProcess(), STATUS_HUNG);
    }
}

static LONG WINAPI
Crashed(EXCEPTION_POINTERS *Pointers)
{
    printf("not ok %u - [suite/crash] %s: exception 0x%08lx at %p\nBail out!\n", Checks + 1,
           CurrentTest, Pointers->ExceptionRecord->ExceptionCode,
           Pointers->ExceptionRecord->ExceptionAddress);
    fflush(stdout);
    TerminateProcess(GetCurrentProcess(), STATUS_CRASHED);
    return EXCEPTION_EXECUTE_HANDLER;
}

static void
RunTest(const TEST_ENTRY *Test)
{
    ULONGLONG Begin = GetTickCount64();

    CurrentTest = Test->Name;
    InterlockedIncrement(&TestNumber);
    FailingCalls = WrongLineCounts = 0;
    WintunSetLogger(HarnessLogger);
    LogForget();
    Test->Run();
    if (FailingCalls)
        Check("logger/failures", WrongLineCounts == 0,
              "each of %u calls that failed logged one line with the reason, none if of the data "
              "path",
              FailingCalls);
    Note("%s took %u ms", Test->Name, (unsigned)(GetTickCount64() - Begin));
}

static int
Usage(void)
{
    fprintf(
        stderr,
        "usage: culvert-selftest.exe [--dll PATH] [--only PATTERN[,PATTERN...]] [--versions "
        "FOLDER] [--list] [--soon MS] [--clean]\n"
        "  --dll PATH         the DLL to check (default: culvert.dll beside the program)\n"
        "  --only PATTERN     only tests whose name matches; * stands for any characters\n"
        "  --versions FOLDER  where older.dll and newer.dll are, for tests with several versions\n"
        "  --list             prints the names of the tests and runs none\n"
        "  --soon MS          how long to wait for what must happen soon (default: 10000)\n"
        "  --clean            deletes what an interrupted run has left, and runs no test\n"
        "The tests create and delete adapters in pools of their own, and need an administrator.\n");
    return STATUS_USAGE;
}

/* All pools that tests use. */
static BOOL
Clean(void)
{
    BOOL First = WintunDeletePoolDriver(POOL, NULL);
    return WintunDeletePoolDriver(OTHER_POOL, NULL) && First;
}

static int
RunAll(const WCHAR *Only)
{
    HANDLE Watchdog;

    SetUnhandledExceptionFilter(Crashed);
    Watchdog = CreateThread(NULL, 0, Watch, NULL, 0, NULL);
    if (Watchdog)
        CloseHandle(Watchdog);
    if (!Clean())
        Note("what an earlier run left could not be deleted: error %lu", GetLastError());
    for (size_t Index = 0; Index < ARRAYSIZE(Tests); ++Index)
    {
        if (Only == NULL || MatchesAny(Only, Tests[Index].Name))
            RunTest(&Tests[Index]);
    }
    CurrentTest = "end";
    InterlockedIncrement(&TestNumber);
    if (!Clean())
        Note("the adapters of the tests could not be deleted: error %lu", GetLastError());
    printf("1..%u\n# %u passed, %u failed, %u skipped\n", Checks, Checks - Failures - Skips,
           Failures, Skips);
    return Failures == 0 && Checks != 0 ? 0 : STATUS_FAILED;
}

int
wmain(int ArgumentCount, WCHAR **Arguments)
{
    const WCHAR *Dll = NULL, *Only = NULL;
    const char *OnlyCalls = NULL;
    char CallName[TEXT_CHARACTERS];
    BOOL CleanOnly = FALSE, KillPoints = FALSE, All = FALSE;
    int Index;

    for (Index = 1; Index < ArgumentCount; ++Index)
    {
        BOOL HasValue = Index + 1 < ArgumentCount;
        if (lstrcmpW(Arguments[Index], L"--dll") == 0 && HasValue)
            Dll = Arguments[++Index];
        else if (lstrcmpW(Arguments[Index], L"--only") == 0 && HasValue)
            Only = Arguments[++Index];
        else if (lstrcmpW(Arguments[Index], L"--versions") == 0 && HasValue)
            VersionsFolder = Arguments[++Index];
        else if (lstrcmpW(Arguments[Index], L"--soon") == 0 && HasValue)
            SoonMilliseconds = (int)wcstoul(Arguments[++Index], NULL, 10);
        else if (lstrcmpW(Arguments[Index], L"--list") == 0)
            ListOnly = TRUE;
        else if (lstrcmpW(Arguments[Index], L"--clean") == 0)
            CleanOnly = TRUE;
        else if (lstrcmpW(Arguments[Index], L"--kill-points") == 0)
            KillPoints = TRUE;
        else if (lstrcmpW(Arguments[Index], L"--failing-calls") == 0 && HasValue)
        {
            KillPoints = TRUE;
            snprintf(CallName, sizeof(CallName), "%ls", Arguments[++Index]);
            OnlyCalls = CallName;
        }
        else if (lstrcmpW(Arguments[Index], L"--all") == 0)
            All = TRUE;
        else if (lstrcmpW(Arguments[Index], L"--child") == 0 && HasValue)
            break;
        else
            return Usage();
    }
    for (size_t Test = 0; ListOnly && Test < ARRAYSIZE(Tests); ++Test)
        printf("%s\n", Tests[Test].Name);
    if (ListOnly)
        return 0;
    if (!DllLoad(Dll))
        return STATUS_USAGE;
    if (Index < ArgumentCount)
        return ChildRun(ArgumentCount - Index - 1, Arguments + Index + 1);
    if (KillPoints)
        return KillAtEachPoint(All, OnlyCalls);
    return CleanOnly ? !Clean() : RunAll(Only);
}
