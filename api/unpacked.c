/* SPDX-License-Identifier: MIT */
/* The directory of the DLL's files of the driver: see unpacked.h. */
#include "unpacked.h"
#include "logger.h"
#include "namespace.h"
#include "resource.h"
#include <ntsecapi.h>

#define PREFIX        L"\\culvert-"
#define RANDOM_BYTES  16
#define RANDOM_DIGITS (2 * RANDOM_BYTES)

/* Length of "\" and the longest of the files' names, with the terminator. */
#define FILE_CHARACTERS 16

/* Names of resources, which are also those of the files. */
static const WCHAR *const Files[] = {UNPACKED_IMAGE, UNPACKED_INF, L"culvert.cat"};

static const WCHAR Digits[] = L"0123456789abcdef";

/* "%WINDIR%\culvert-": there is room for the digits, and for a file. */
static DWORD
GetPrefix(WCHAR Path[MAX_PATH])
{
    const UINT Room = ARRAYSIZE(PREFIX) + RANDOM_DIGITS + FILE_CHARACTERS;
    UINT Length = GetSystemWindowsDirectoryW(Path, MAX_PATH - Room);

    if (Length == 0 || Length >= MAX_PATH - Room)
        return LogError(ERROR_BUFFER_OVERFLOW, L"Cannot find the directory of Windows");
    lstrcatW(Path, PREFIX);
    return ERROR_SUCCESS;
}

static DWORD
MakeName(WCHAR Path[MAX_PATH])
{
    BYTE Random[RANDOM_BYTES];
    DWORD Error = GetPrefix(Path);
    WCHAR *End;

    if (Error != ERROR_SUCCESS)
        return Error;
    if (!RtlGenRandom(Random, RANDOM_BYTES))
        return LogError(ERROR_GEN_FAILURE, L"Cannot get random bytes");
    End = Path + lstrlenW(Path);
    for (int i = 0; i < RANDOM_BYTES; i++)
    {
        *End++ = Digits[Random[i] >> 4];
        *End++ = Digits[Random[i] & 0xF];
    }
    *End = L'\0';
    return ERROR_SUCCESS;
}

void
UnpackedJoin(WCHAR *Path, const WCHAR *Directory, const WCHAR *Name)
{
    lstrcpynW(Path, Directory, MAX_PATH - FILE_CHARACTERS);
    lstrcatW(Path, L"\\");
    lstrcatW(Path, Name);
}

void
UnpackedRemove(const WCHAR *Directory)
{
    WCHAR Path[MAX_PATH];

    for (DWORD i = 0; i < ARRAYSIZE(Files); i++)
    {
        UnpackedJoin(Path, Directory, Files[i]);
        if (!DeleteFileW(Path) && GetLastError() != ERROR_FILE_NOT_FOUND)
            LogWarningError(GetLastError(), L"Cannot delete %s", Path);
    }
    if (!RemoveDirectoryW(Directory))
        LogWarningError(GetLastError(), L"Cannot remove directory %s", Directory);
}

DWORD
UnpackedMake(WCHAR *Directory)
{
    SECURITY_ATTRIBUTES Attributes = {sizeof(Attributes), NULL, FALSE};
    WCHAR Path[MAX_PATH];
    DWORD Error = MakeName(Directory);

    if (Error == ERROR_SUCCESS)
        Error = NamespaceSecurityDescriptor(&Attributes.lpSecurityDescriptor);
    if (Error != ERROR_SUCCESS)
        return Error;
    /* Fails if there is anything of that name. */
    if (!CreateDirectoryW(Directory, &Attributes))
        Error = LogLastError(L"Cannot create directory %s", Directory);
    LocalFree(Attributes.lpSecurityDescriptor);
    if (Error != ERROR_SUCCESS)
        return Error;
    for (DWORD i = 0; Error == ERROR_SUCCESS && i < ARRAYSIZE(Files); i++)
    {
        UnpackedJoin(Path, Directory, Files[i]);
        Error = ResourceWriteFile(Files[i], Path);
    }
    if (Error != ERROR_SUCCESS)
        UnpackedRemove(Directory);
    return Error;
}

static BOOL
IsDigit(WCHAR Character)
{
    for (const WCHAR *Digit = Digits; *Digit; Digit++)
    {
        if (*Digit == Character)
            return TRUE;
    }
    return FALSE;
}

/* Whether it is a directory, and no link to one, whose name ends as MakeName's do. */
static BOOL
IsUnpacked(const WIN32_FIND_DATAW *Found)
{
    const WCHAR *Name = Found->cFileName + ARRAYSIZE(PREFIX) - 2; /* PREFIX begins with "\" */
    int Length = 0;

    if ((Found->dwFileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT)) !=
        FILE_ATTRIBUTE_DIRECTORY)
        return FALSE;
    while (IsDigit(Name[Length]))
        Length++;
    return Length == RANDOM_DIGITS && Name[Length] == L'\0';
}

void
UnpackedCollect(void)
{
    WCHAR Path[MAX_PATH];
    WIN32_FIND_DATAW Found;
    HANDLE Search;
    int Parent;

    if (GetPrefix(Path) != ERROR_SUCCESS)
        return;
    Parent = lstrlenW(Path) - (int)(ARRAYSIZE(PREFIX) - 2);
    lstrcatW(Path, L"*");
    Search = FindFirstFileW(Path, &Found);
    if (Search == INVALID_HANDLE_VALUE)
        return;
    do
    {
        if (!IsUnpacked(&Found))
            continue;
        lstrcpyW(Path + Parent, Found.cFileName);
        LogInfo(L"Removing %s, which a process left that died", Path);
        UnpackedRemove(Path);
    } while (FindNextFileW(Search, &Found));
    FindClose(Search);
}
