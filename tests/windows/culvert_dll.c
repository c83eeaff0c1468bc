/* SPDX-License-Identifier: MIT */
#include "culvert_dll.h"
#include <stdio.h>
#include <stdlib.h>

WINTUN_CREATE_ADAPTER_FUNC WintunCreateAdapter;
WINTUN_OPEN_ADAPTER_FUNC WintunOpenAdapter;
WINTUN_DELETE_ADAPTER_FUNC WintunDeleteAdapter;
WINTUN_ENUM_ADAPTERS_FUNC WintunEnumAdapters;
WINTUN_FREE_ADAPTER_FUNC WintunFreeAdapter;
WINTUN_DELETE_POOL_DRIVER_FUNC WintunDeletePoolDriver;
WINTUN_GET_ADAPTER_LUID_FUNC WintunGetAdapterLUID;
WINTUN_GET_ADAPTER_LUID_FUNC WintunGetAdapterLuid;
WINTUN_GET_ADAPTER_NAME_FUNC WintunGetAdapterName;
WINTUN_SET_ADAPTER_NAME_FUNC WintunSetAdapterName;
WINTUN_GET_RUNNING_DRIVER_VERSION_FUNC WintunGetRunningDriverVersion;
WINTUN_SET_LOGGER_FUNC WintunSetLogger;
WINTUN_START_SESSION_FUNC WintunStartSession;
WINTUN_END_SESSION_FUNC WintunEndSession;
WINTUN_GET_READ_WAIT_EVENT_FUNC WintunGetReadWaitEvent;
WINTUN_RECEIVE_PACKET_FUNC WintunReceivePacket;
WINTUN_RELEASE_RECEIVE_PACKET_FUNC WintunReleaseReceivePacket;
WINTUN_ALLOCATE_SEND_PACKET_FUNC WintunAllocateSendPacket;
WINTUN_SEND_PACKET_FUNC WintunSendPacket;

HANDLE QuitEvent;

void
Die(const char *What)
{
    DWORD Error = GetLastError();
    fprintf(stderr, "%s: error %lu\n", What, Error);
    fflush(stderr);
    exit(1);
}

static BOOL CALLBACK
PrintLog(WINTUN_LOGGER_LEVEL Level, const WCHAR *Message)
{
    static const char *const Levels[] = {"info", "warning", "error"};
    fprintf(stderr, "[%s] %ls\n", Levels[Level], Message);
    return TRUE;
}

static BOOL WINAPI
Quit(DWORD ControlType)
{
    (void)ControlType;
    SetEvent(QuitEvent);
    return TRUE;
}

static void
Resolve(HMODULE Dll, const char *Name, void *Pointer)
{
    FARPROC Address = GetProcAddress(Dll, Name);
    if (Address == NULL)
        Die(Name);
    CopyMemory(Pointer, &Address, sizeof(Address));
}

void
LoadCulvertDll(void)
{
    const WCHAR *Path = _wgetenv(L"CULVERT_DLL");
    HMODULE Dll =
        Path != NULL
            ? LoadLibraryW(Path)
            : LoadLibraryExW(L"culvert.dll", NULL,
                             LOAD_LIBRARY_SEARCH_APPLICATION_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (Dll == NULL)
        Die("loading culvert.dll");
#define RESOLVE(Name) Resolve(Dll, #Name, &Name)
    RESOLVE(WintunCreateAdapter);
    RESOLVE(WintunOpenAdapter);
    RESOLVE(WintunDeleteAdapter);
    RESOLVE(WintunEnumAdapters);
    RESOLVE(WintunFreeAdapter);
    RESOLVE(WintunDeletePoolDriver);
    RESOLVE(WintunGetAdapterLUID);
    RESOLVE(WintunGetAdapterLuid);
    RESOLVE(WintunGetAdapterName);
    RESOLVE(WintunSetAdapterName);
    RESOLVE(WintunGetRunningDriverVersion);
    RESOLVE(WintunSetLogger);
    RESOLVE(WintunStartSession);
    RESOLVE(WintunEndSession);
    RESOLVE(WintunGetReadWaitEvent);
    RESOLVE(WintunReceivePacket);
    RESOLVE(WintunReleaseReceivePacket);
    RESOLVE(WintunAllocateSendPacket);
    RESOLVE(WintunSendPacket);
#undef RESOLVE
    QuitEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    SetConsoleCtrlHandler(Quit, TRUE);
    WintunSetLogger(PrintLog);
}
