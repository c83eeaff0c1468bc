/* SPDX-License-Identifier: MIT */
/* See kill_point.h. */
#define KILL_POINT_ITSELF
#include "kill_point.h"
#include <devpropdef.h>

#define KILLED_STATUS  77
#define DIGITS_MAXIMUM 8
#define LINE_BYTES     128
#define KILL_AT        L"CULVERT_TEST_KILL_AT"
#define FAIL_AT        L"CULVERT_TEST_FAIL_AT"
#define PASSED         L"CULVERT_TEST_KILL_PASSED"
#define LOG            L"CULVERT_TEST_KILL_LOG"
#define CALLER         "CULVERT_TEST_KILL_CALLER"

typedef DWORD(WINAPI *NCI_SET_CONNECTION_NAME)(const GUID *Interface, const WCHAR *NewName);
typedef HANDLE(WINAPI *CREATE_NAMESPACE)(LPSECURITY_ATTRIBUTES Attributes, LPVOID Boundary,
                                         LPCWSTR AliasPrefix);

static SRWLOCK Lock = SRWLOCK_INIT;
static LONG Passed;
static NCI_SET_CONNECTION_NAME SetConnectionName;
static CREATE_NAMESPACE CreateNamespace;

/* "Caller Call": the function of the API, as the program says, and what it is about to call. */
static void
Log(const char *Call)
{
    WCHAR Path[MAX_PATH];
    char Line[LINE_BYTES];
    DWORD Length = GetEnvironmentVariableW(LOG, Path, MAX_PATH), Written;
    HANDLE File;

    if (Length == 0 || Length >= MAX_PATH)
        return;
    Length = GetEnvironmentVariableA(CALLER, Line, LINE_BYTES / 2);
    if (Length == 0 || Length >= LINE_BYTES / 2)
        lstrcpyA(Line, "?");
    lstrcatA(Line, " ");
    lstrcatA(Line, Call);
    lstrcatA(Line, "\n");
    File = CreateFileW(Path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                       OPEN_ALWAYS, 0, NULL);
    WriteFile(File, Line, (DWORD)lstrlenA(Line), &Written, NULL);
    CloseHandle(File);
}

/* A number of the environment; 0 if it is not there. */
static LONG
Number(const WCHAR *Name)
{
    WCHAR Digits[DIGITS_MAXIMUM];
    DWORD Length = GetEnvironmentVariableW(Name, Digits, DIGITS_MAXIMUM);
    LONG Value = 0;

    for (DWORD Index = 0; Index < Length && Length < DIGITS_MAXIMUM; ++Index)
        Value = Value * 10 + (Digits[Index] - L'0');
    return Value;
}

BOOL
KillPoint(const char *Call)
{
    DWORD LastError = GetLastError();
    WCHAR Digits[DIGITS_MAXIMUM];
    BOOL Fails;

    AcquireSRWLockExclusive(&Lock);
    Log(Call);
    if (++Passed == Number(KILL_AT))
        TerminateProcess(GetCurrentProcess(), KILLED_STATUS);
    Fails = Passed == Number(FAIL_AT);
    wnsprintfW(Digits, DIGITS_MAXIMUM, L"%d", Passed);
    SetEnvironmentVariableW(PASSED, Digits);
    ReleaseSRWLockExclusive(&Lock);
    SetLastError(Fails ? KILL_POINT_ERROR : LastError);
    return !Fails;
}

/* What mingw-w64 does not declare. */
WINSETUPAPI BOOL WINAPI
SetupDiSetDevicePropertyW(HDEVINFO Set, PSP_DEVINFO_DATA Data, const DEVPROPKEY *Key,
                          DEVPROPTYPE Type, const BYTE *Value, DWORD Bytes, DWORD Flags);

BOOL WINAPI
KillSetDeviceProperty(HDEVINFO Set, PSP_DEVINFO_DATA Data, const DEVPROPKEY *Key, DEVPROPTYPE Type,
                      const BYTE *Value, DWORD Bytes, DWORD Flags)
{
    return KillPoint("SetupDiSetDevicePropertyW") &&
           SetupDiSetDevicePropertyW(Set, Data, Key, Type, Value, Bytes, Flags);
}

static DWORD WINAPI
KillSetConnectionName(const GUID *Interface, const WCHAR *NewName)
{
    return KillPoint("NciSetConnectionName") ? SetConnectionName(Interface, NewName)
                                             : KILL_POINT_ERROR;
}

static HANDLE WINAPI
KillCreateNamespace(LPSECURITY_ATTRIBUTES Attributes, LPVOID Boundary, LPCWSTR AliasPrefix)
{
    return KillPoint("CreatePrivateNamespaceW") ? CreateNamespace(Attributes, Boundary, AliasPrefix)
                                                : NULL;
}

FARPROC WINAPI
KillGetProcAddress(HMODULE Module, LPCSTR Name)
{
    FARPROC Found = GetProcAddress(Module, Name);

    if (Found && lstrcmpA(Name, "NciSetConnectionName") == 0)
    {
        SetConnectionName = (NCI_SET_CONNECTION_NAME)(void (*)(void))Found;
        return (FARPROC)(void (*)(void))KillSetConnectionName;
    }
    if (Found && lstrcmpA(Name, "CreatePrivateNamespaceW") == 0)
    {
        CreateNamespace = (CREATE_NAMESPACE)(void (*)(void))Found;
        return (FARPROC)(void (*)(void))KillCreateNamespace;
    }
    return Found;
}
