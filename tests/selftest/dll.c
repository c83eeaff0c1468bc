/* SPDX-License-Identifier: MIT */
/* Loads the DLL under test, and keeps what it logs. */
#include "selftest.h"
#include <stdio.h>

#define LINE_CHARACTERS 1024
#define LEVELS          3

#define DEFINE(Type, Name) Type Name;
DLL_FUNCTIONS(DEFINE)
CULVERT_FUNCTIONS(DEFINE)
#undef DEFINE
WINTUN_GET_ADAPTER_LUID_FUNC WintunGetAdapterLuid;

static HMODULE Dll;
static DWORD MainThread;
static volatile LONG Counts[LEVELS];
static WCHAR LastLines[LEVELS][LINE_CHARACTERS];
static BOOL Verbose;

static void *
Resolve(const char *Name)
{
    return (void *)(ULONG_PTR)GetProcAddress(Dll, Name);
}

BOOL
DllLoad(const WCHAR *Path)
{
    Dll = Path ? LoadLibraryExW(Path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH)
               : LoadLibraryExW(L"culvert.dll", NULL,
                                LOAD_LIBRARY_SEARCH_APPLICATION_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (!Dll)
    {
        fprintf(stderr, "cannot load %ls: error %lu\n", Path ? Path : L"culvert.dll",
                GetLastError());
        return FALSE;
    }
#define RESOLVE(Type, Name)                                                                        \
    Name = (Type)Resolve(#Name);                                                                   \
    if (!Name)                                                                                     \
    {                                                                                              \
        fprintf(stderr, "the DLL has no " #Name "\n");                                             \
        return FALSE;                                                                              \
    }
    DLL_FUNCTIONS(RESOLVE)
#undef RESOLVE
#define RESOLVE(Type, Name) Name = (Type)Resolve(#Name);
    CULVERT_FUNCTIONS(RESOLVE)
#undef RESOLVE
    WintunGetAdapterLuid = (WINTUN_GET_ADAPTER_LUID_FUNC)Resolve("WintunGetAdapterLuid");
    MainThread = GetCurrentThreadId();
    Verbose = GetEnvironmentVariableW(L"CULVERT_SELFTEST_LOG", NULL, 0) != 0;
    WintunSetLogger(HarnessLogger);
    return TRUE;
}

BOOL
DllPath(WCHAR Path[MAX_PATH])
{
    DWORD Length = GetModuleFileNameW(Dll, Path, MAX_PATH);

    return Length != 0 && Length < MAX_PATH;
}

BOOL
DllUnload(WCHAR Path[MAX_PATH])
{
    ULONGLONG End = GetTickCount64() + SOON_MILLISECONDS;

    if (!DllPath(Path) || !FreeLibrary(Dll))
        return FALSE;
    while (GetModuleHandleW(Path) && GetTickCount64() < End)
        Sleep(1);
    return !GetModuleHandleW(Path);
}

BOOL
DllHas(CULVERT_FEATURE Feature, const char *Sentence)
{
    if (CulvertHasFeature && CulvertHasFeature(Feature))
        return TRUE;
    Skip(Sentence, "the DLL does not have feature %d of culvert.h", Feature);
    return FALSE;
}

BOOL CALLBACK
HarnessLogger(WINTUN_LOGGER_LEVEL Level, const WCHAR *Message)
{
    if (Verbose)
    {
        fprintf(stderr, "[%d, thread %lu] %ls\n", Level, GetCurrentThreadId(), Message);
        fflush(stderr);
    }
    if (GetCurrentThreadId() == MainThread && (unsigned)Level < LEVELS)
    {
        ++Counts[Level];
        lstrcpynW(LastLines[Level], Message, LINE_CHARACTERS);
    }
    /* What an application's logger does to the last error is not to be seen outside. */
    SetLastError(ERROR_ARENA_TRASHED);
    return FALSE;
}

void
LogForget(void)
{
    for (int Level = 0; Level < LEVELS; ++Level)
    {
        Counts[Level] = 0;
        LastLines[Level][0] = L'\0';
    }
}

LONG
LogCount(WINTUN_LOGGER_LEVEL Level)
{
    return Counts[Level];
}

const WCHAR *
LogLast(WINTUN_LOGGER_LEVEL Level)
{
    return LastLines[Level];
}
