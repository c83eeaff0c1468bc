/* SPDX-License-Identifier: MIT */
/* Names of network interfaces: see nci.h. */
#include "nci.h"
#include "guid.h"
#include "library.h"
#include "registry.h"

#define NETWORK_KEY                                                                                \
    L"SYSTEM\\CurrentControlSet\\Control\\Network\\{4D36E972-E325-11CE-BFC1-08002BE10318}\\"
#define CONNECTION_KEY L"\\Connection"

typedef DWORD(WINAPI *NCI_SET_CONNECTION_NAME)(const GUID *Interface, const WCHAR *NewName);
typedef DWORD(WINAPI *NCI_GET_CONNECTION_NAME)(const GUID *Interface, WCHAR *Name, DWORD NameBytes,
                                               DWORD *NeededBytes);

static INIT_ONCE LoadOnce = INIT_ONCE_STATIC_INIT;
static HMODULE Module;
static NCI_SET_CONNECTION_NAME SetConnectionName;
static NCI_GET_CONNECTION_NAME GetConnectionName;

static BOOL CALLBACK
Load(PINIT_ONCE Once, PVOID Parameter, PVOID *Context)
{
    UNREFERENCED_PARAMETER(Once);
    UNREFERENCED_PARAMETER(Parameter);
    UNREFERENCED_PARAMETER(Context);
    Module = SystemLibraryLoad(L"nci.dll");
    if (!Module)
        return TRUE;
    SetConnectionName =
        (NCI_SET_CONNECTION_NAME)(void (*)(void))GetProcAddress(Module, "NciSetConnectionName");
    GetConnectionName =
        (NCI_GET_CONNECTION_NAME)(void (*)(void))GetProcAddress(Module, "NciGetConnectionName");
    return TRUE;
}

static void
LoadIfNeeded(void)
{
    InitOnceExecuteOnce(&LoadOnce, Load, NULL, NULL);
}

/* Where the name is kept; also there for interfaces whose device is not present. */
static DWORD
ReadNameFromRegistry(const GUID *Interface, WCHAR *Name)
{
    WCHAR Path[ARRAYSIZE(NETWORK_KEY) + GUID_CHARACTERS + ARRAYSIZE(CONNECTION_KEY)] = NETWORK_KEY;
    HKEY Key;
    DWORD Error;

    GuidFormat(Interface, Path + ARRAYSIZE(NETWORK_KEY) - 1);
    lstrcatW(Path, CONNECTION_KEY);
    Error = (DWORD)RegOpenKeyExW(HKEY_LOCAL_MACHINE, Path, 0, KEY_QUERY_VALUE, &Key);
    if (Error != ERROR_SUCCESS)
        return Error;
    Error = RegistryReadString(Key, L"Name", Name, MAX_ADAPTER_NAME);
    RegCloseKey(Key);
    return Error;
}

DWORD
NciGetName(const GUID *Interface, WCHAR *Name)
{
    Name[0] = L'\0';
    LoadIfNeeded();
    if (GetConnectionName &&
        GetConnectionName(Interface, Name, MAX_ADAPTER_NAME * sizeof(WCHAR), NULL) == ERROR_SUCCESS)
    {
        Name[MAX_ADAPTER_NAME - 1] = L'\0';
        return ERROR_SUCCESS;
    }
    return ReadNameFromRegistry(Interface, Name);
}

DWORD
NciSetName(const GUID *Interface, const WCHAR *Name)
{
    DWORD Error;

    LoadIfNeeded();
    if (!SetConnectionName)
        return ERROR_PROC_NOT_FOUND;
    Error = SetConnectionName(Interface, Name);
    switch (Error)
    {
    case ERROR_PATH_NOT_FOUND:
    case ERROR_NOT_FOUND:
        return ERROR_FILE_NOT_FOUND;
    case ERROR_ALREADY_EXISTS:
    case ERROR_OBJECT_ALREADY_EXISTS:
        return ERROR_DUP_NAME;
    default:
        return Error;
    }
}

void
NciWatchNames(WATCH *Watch)
{
    static const WCHAR Path[] = NETWORK_KEY;
    WCHAR Parent[ARRAYSIZE(Path)];
    HKEY Key;

    lstrcpynW(Parent, Path, ARRAYSIZE(Path) - 1); /* without the last backslash */
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, Parent, 0, KEY_NOTIFY, &Key) != ERROR_SUCCESS)
        WatchUntold(Watch);
    else
        WatchKey(Watch, Key, TRUE);
}

void
NciUnload(void)
{
    if (Module)
        FreeLibrary(Module);
}
