/* SPDX-License-Identifier: MIT */
/* What many tests do: adapters made and unmade, threads joined, the system asked. */
#include "selftest.h"

WINTUN_ADAPTER_HANDLE
AdapterMake(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = WintunCreateAdapter(POOL, NAME, NULL, NULL);

    if (!Adapter)
        Check("create/new", FALSE, "an adapter for this test can be created");
    return Adapter;
}

void
AdapterUnmake(WINTUN_ADAPTER_HANDLE Adapter)
{
    if (!Adapter)
        return;
    if (!WintunDeleteAdapter(Adapter, FALSE, NULL))
        Check("delete/result", FALSE, "the adapter of this test can be deleted");
    WintunFreeAdapter(Adapter);
}

BOOL
AdapterIsNamed(WINTUN_ADAPTER_HANDLE Adapter, const WCHAR *Name)
{
    WCHAR Present[MAX_ADAPTER_NAME];

    return WintunGetAdapterName(Adapter, Present) && lstrcmpW(Present, Name) == 0;
}

static BOOL CALLBACK
CountOne(WINTUN_ADAPTER_HANDLE Adapter, LPARAM Param)
{
    UNREFERENCED_PARAMETER(Adapter);
    ++*(int *)Param;
    return TRUE;
}

int
PoolCount(const WCHAR *Pool)
{
    int Count = 0;

    return WintunEnumAdapters(Pool, CountOne, (LPARAM)&Count) ? Count : -1;
}

BOOL
SessionOpen(WINTUN_ADAPTER_HANDLE *Adapter, WINTUN_SESSION_HANDLE *Session)
{
    *Adapter = AdapterMake();
    *Session = *Adapter ? WintunStartSession(*Adapter, CAPACITY) : NULL;
    if (Check("start/starts", *Session != NULL, "StartSession"))
        return TRUE;
    AdapterUnmake(*Adapter);
    return FALSE;
}

void
SessionClose(WINTUN_ADAPTER_HANDLE Adapter, WINTUN_SESSION_HANDLE Session)
{
    WintunEndSession(Session);
    AdapterUnmake(Adapter);
}

DWORD
SessionDrain(WINTUN_SESSION_HANDLE Session)
{
    BYTE *Packet;
    DWORD Size;

    while ((Packet = WintunReceivePacket(Session, &Size)) != NULL)
        WintunReleaseReceivePacket(Session, Packet);
    return GetLastError();
}

BOOL
ThreadsJoin(HANDLE *Threads, DWORD Count)
{
    BOOL All = WaitForMultipleObjects(Count, Threads, TRUE, 6 * SOON_MILLISECONDS) != WAIT_TIMEOUT;

    for (DWORD Index = 0; Index < Count; ++Index)
        CloseHandle(Threads[Index]);
    return All;
}

/* Where the system keeps what it knows of an interface's connection. */
static void
ConnectionKey(const GUID *Guid, WCHAR Path[200])
{
    wsprintfW(Path,
              L"SYSTEM\\CurrentControlSet\\Control\\Network\\{4D36E972-E325-11CE-BFC1-08002BE10318}"
              L"\\{%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X}\\Connection",
              Guid->Data1, Guid->Data2, Guid->Data3, Guid->Data4[0], Guid->Data4[1], Guid->Data4[2],
              Guid->Data4[3], Guid->Data4[4], Guid->Data4[5], Guid->Data4[6], Guid->Data4[7]);
}

BOOL
SystemNameOfGuid(const GUID *Guid, WCHAR Name[MAX_ADAPTER_NAME])
{
    DWORD Bytes = MAX_ADAPTER_NAME * sizeof(WCHAR);
    WCHAR Path[200];

    ConnectionKey(Guid, Path);
    return RegGetValueW(HKEY_LOCAL_MACHINE, Path, L"Name", RRF_RT_REG_SZ, NULL, Name, &Bytes) ==
           ERROR_SUCCESS;
}

BOOL
SystemDeviceOfGuid(const GUID *Guid, WCHAR Id[MAX_PATH])
{
    DWORD Bytes = MAX_PATH * sizeof(WCHAR);
    WCHAR Path[200];

    ConnectionKey(Guid, Path);
    return RegGetValueW(HKEY_LOCAL_MACHINE, Path, L"PnPInstanceId", RRF_RT_REG_SZ, NULL, Id,
                        &Bytes) == ERROR_SUCCESS;
}

BOOL
SystemNameSet(const GUID *Guid, const WCHAR *Name)
{
    WCHAR Path[200];

    ConnectionKey(Guid, Path);
    return RegSetKeyValueW(HKEY_LOCAL_MACHINE, Path, L"Name", REG_SZ, Name,
                           ((DWORD)lstrlenW(Name) + 1) * sizeof(WCHAR)) == ERROR_SUCCESS;
}
