/* SPDX-License-Identifier: MIT */
/* Modules of the system: see library.h. */
#include "library.h"

HMODULE
SystemLibraryLoad(const WCHAR *Name)
{
    HMODULE Module = LoadLibraryExW(Name, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    WCHAR Path[MAX_PATH];
    UINT Length;

    /* Windows 7 without KB2533623 refuses the flag; an absolute path says the same. */
    if (Module || GetLastError() != ERROR_INVALID_PARAMETER)
        return Module;
    Length = GetSystemDirectoryW(Path, MAX_PATH);
    if (Length == 0 || Length + 1 + (UINT)lstrlenW(Name) >= MAX_PATH)
    {
        SetLastError(ERROR_BUFFER_OVERFLOW);
        return NULL;
    }
    lstrcatW(Path, L"\\");
    lstrcatW(Path, Name);
    return LoadLibraryExW(Path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
}
