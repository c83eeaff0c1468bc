/* SPDX-License-Identifier: MIT */
/* See kill_point.h. */
#define KILL_POINT_ITSELF
#include "kill_point.h"
#include <devpropdef.h>

#define KILLED_STATUS  77
#define DIGITS_MAXIMUM 8
#define LINE_BYTES     128
#define AT             L"CULVERT_TEST_KILL_AT"
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

void
KillPoint(const char *Call)
{
    WCHAR Digits[DIGITS_MAXIMUM];
    DWORD LastError = GetLastError();
    DWORD Length = GetEnvironmentVariableW(AT, Digits, DIGITS_MAXIMUM);
    LONG Point = 0;

    for (DWORD Index = 0; Index < Length && Length < DIGITS_MAXIMUM; ++Index)
        Point = Point * 10 + (Digits[Index] - L'0');
    AcquireSRWLockExclusive(&Lock);
    Log(Call);
    if (++Passed == Point)
        TerminateProcess(GetCurrentProcess(), KILLED_STATUS);
    ReleaseSRWLockExclusive(&Lock);
    SetLastError(LastError);
}

/* What mingw-w64 does not declare. */
WINSETUPAPI BOOL WINAPI
SetupDiSetDevicePropertyW(HDEVINFO Set, PSP_DEVINFO_DATA Data, const DEVPROPKEY *Key,
                          DEVPROPTYPE Type, const BYTE *Value, DWORD Bytes, DWORD Flags);

BOOL WINAPI
KillSetDeviceProperty(HDEVINFO Set, PSP_DEVINFO_DATA Data, const DEVPROPKEY *Key, DEVPROPTYPE Type,
                      const BYTE *Value, DWORD Bytes, DWORD Flags)
{
    KillPoint("SetupDiSetDevicePropertyW");
    return SetupDiSetDevicePropertyW(Set, Data, Key, Type, Value, Bytes, Flags);
}

static DWORD WINAPI
KillSetConnectionName(const GUID *Interface, const WCHAR *NewName)
{
    KillPoint("NciSetConnectionName");
    return SetConnectionName(Interface, NewName);
}

static HANDLE WINAPI
KillCreateNamespace(LPSECURITY_ATTRIBUTES Attributes, LPVOID Boundary, LPCWSTR AliasPrefix)
{
    KillPoint("CreatePrivateNamespaceW");
    return CreateNamespace(Attributes, Boundary, AliasPrefix);
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
