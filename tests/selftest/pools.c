/* SPDX-License-Identifier: MIT */
/* Enumerating pools, deleting adapters and pools, and the driver that comes and goes with them. */
#include "selftest.h"

#define POOL_ADAPTERS 4

typedef struct SEEN
{
    unsigned Calls;
    unsigned Named; /* bit N: the adapter "enumN" was seen */
    unsigned StopAfter;
    LPARAM Magic;
    WINTUN_ADAPTER_HANDLE Last;
} SEEN;

static void
EnumName(int Index, WCHAR Name[MAX_ADAPTER_NAME])
{
    wsprintfW(Name, L"enum%d", Index);
}

static void
MakeSeveral(WINTUN_ADAPTER_HANDLE Adapters[POOL_ADAPTERS])
{
    WCHAR Name[MAX_ADAPTER_NAME];

    for (int Index = 0; Index < POOL_ADAPTERS; ++Index)
    {
        EnumName(Index, Name);
        Adapters[Index] = WintunCreateAdapter(POOL, Name, NULL, NULL);
    }
}

static void
UnmakeSeveral(WINTUN_ADAPTER_HANDLE Adapters[POOL_ADAPTERS])
{
    for (int Index = 0; Index < POOL_ADAPTERS; ++Index)
        AdapterUnmake(Adapters[Index]);
}

static BOOL CALLBACK
See(WINTUN_ADAPTER_HANDLE Adapter, LPARAM Param)
{
    SEEN *Seen = (SEEN *)Param;
    WCHAR Name[MAX_ADAPTER_NAME], Wanted[MAX_ADAPTER_NAME];

    ++Seen->Calls;
    Seen->Last = Adapter;
    if (WintunGetAdapterName(Adapter, Name))
    {
        for (int Index = 0; Index < POOL_ADAPTERS; ++Index)
        {
            EnumName(Index, Wanted);
            if (lstrcmpW(Name, Wanted) == 0)
                Seen->Named |= 1u << Index;
        }
    }
    return Seen->Calls != Seen->StopAfter;
}

void
Enumerate(void)
{
    WINTUN_ADAPTER_HANDLE Adapters[POOL_ADAPTERS], Other;
    WCHAR Name[MAX_ADAPTER_NAME];
    SEEN Seen = {0};

    Check("enum/result", WintunEnumAdapters(POOL, See, (LPARAM)&Seen) && Seen.Calls == 0,
          "an empty pool: success without a call");
    MakeSeveral(Adapters);
    Other = WintunCreateAdapter(OTHER_POOL, L"enum9", NULL, NULL);
    Check("enum/all",
          WintunEnumAdapters(POOL, See, (LPARAM)&Seen) && Seen.Calls == POOL_ADAPTERS &&
              Seen.Named == (1u << POOL_ADAPTERS) - 1,
          "each adapter of the pool once, and none of another pool");
    FAILS("enum/freed", ERROR_INVALID_PARAMETER, !WintunGetAdapterName(Seen.Last, Name),
          "the callback's handle is freed when it returns");
    ZeroMemory(&Seen, sizeof(Seen));
    Seen.StopAfter = 2;
    Check("enum/stop", WintunEnumAdapters(POOL, See, (LPARAM)&Seen) && Seen.Calls == 2,
          "a callback that returns zero is not called again, and that is success");
    Check("enum/param", Seen.Named != 0, "the callback got Param");
    for (int Index = 0; Index < POOL_ADAPTERS; ++Index)
        WintunFreeAdapter(Adapters[Index]);
    Adapters[0] = WintunCreateAdapter(POOL, L"enum0", NULL, NULL);
    Check("enum/freed", Adapters[0] != NULL, "an enumeration does not keep adapters in use");
    for (int Index = 1; Index < POOL_ADAPTERS; ++Index)
    {
        EnumName(Index, Name);
        Adapters[Index] = WintunOpenAdapter(POOL, Name);
    }
    UnmakeSeveral(Adapters);
    AdapterUnmake(Other);
}

static BOOL CALLBACK
DeleteIt(WINTUN_ADAPTER_HANDLE Adapter, LPARAM Param)
{
    WCHAR Name[MAX_ADAPTER_NAME];

    if (WintunDeleteAdapter(Adapter, FALSE, NULL))
        ++*(int *)Param;
    SetLastError(ERROR_SUCCESS);
    if (WintunGetAdapterName(Adapter, Name) || GetLastError() != ERROR_FILE_NOT_FOUND)
        *(int *)Param = -100;
    return TRUE;
}

void
EnumerateDeletes(void)
{
    WINTUN_ADAPTER_HANDLE Adapters[POOL_ADAPTERS];
    int Deleted = 0;

    MakeSeveral(Adapters);
    Check("enum/deletes",
          WintunEnumAdapters(POOL, DeleteIt, (LPARAM)&Deleted) && Deleted == POOL_ADAPTERS,
          "a callback deletes each adapter that it is handed");
    Check("enum/deletes", PoolCount(POOL) == 0, "the pool is empty afterwards");
    for (int Index = 0; Index < POOL_ADAPTERS; ++Index)
        WintunFreeAdapter(Adapters[Index]);
}

/* What a callback may do with the handle, and besides; each bit is a thing that worked. */
static BOOL CALLBACK
DoEverything(WINTUN_ADAPTER_HANDLE Adapter, LPARAM Param)
{
    DWORD *Worked = (DWORD *)Param;
    NET_LUID Luid = {.Value = 0};
    WINTUN_SESSION_HANDLE Session;
    WINTUN_ADAPTER_HANDLE Other;

    if (WintunSetAdapterName(Adapter, L"inside") && AdapterIsNamed(Adapter, L"inside"))
        *Worked |= 1;
    WintunGetAdapterLUID(Adapter, &Luid);
    if (Luid.Value != 0)
        *Worked |= 2;
    Session = WintunStartSession(Adapter, CAPACITY);
    if (Session)
        *Worked |= 4;
    WintunEndSession(Session);
    Other = WintunCreateAdapter(OTHER_POOL, L"inside2", NULL, NULL);
    if (Other && WintunDeleteAdapter(Other, FALSE, NULL))
        *Worked |= 8;
    WintunFreeAdapter(Other);
    if (PoolCount(POOL) == 1)
        *Worked |= 16;
    Other = WintunOpenAdapter(POOL, L"inside");
    if (Other)
        *Worked |= 32;
    WintunFreeAdapter(Other);
    if (WintunGetRunningDriverVersion() != 0)
        *Worked |= 64;
    return TRUE;
}

void
EnumerateReenters(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = AdapterMake();
    DWORD Worked = 0;

    Check("enum/reenters", WintunEnumAdapters(POOL, DoEverything, (LPARAM)&Worked) && Worked == 127,
          "a callback calls every kind of function (0x%lx of 0x7f worked)", Worked);
    AdapterUnmake(Adapter);
}

static DWORD WINAPI
ComeAndGo(LPVOID Parameter)
{
    LONG *Stop = Parameter;
    DWORD Failures = 0;

    while (!InterlockedCompareExchange(Stop, 0, 0))
    {
        WINTUN_ADAPTER_HANDLE Adapter = WintunCreateAdapter(POOL, L"transient", NULL, NULL);
        if (!Adapter || !WintunDeleteAdapter(Adapter, FALSE, NULL))
            ++Failures;
        WintunFreeAdapter(Adapter);
    }
    return Failures;
}

void
EnumerateWhileChanging(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = AdapterMake();
    LONG Stop = 0;
    HANDLE Thread = CreateThread(NULL, 0, ComeAndGo, &Stop, 0, NULL);
    DWORD Failures = 1;
    BOOL Good = TRUE;

    for (int Round = 0; Round < 40; ++Round)
    {
        int Count = PoolCount(POOL);
        Good = Good && Count >= 1 && Count <= 2;
    }
    InterlockedExchange(&Stop, 1);
    WaitForSingleObject(Thread, 6 * SOON_MILLISECONDS);
    GetExitCodeThread(Thread, &Failures);
    CloseHandle(Thread);
    Check("enum/changing", Good, "while another adapter comes and goes, the first is always there");
    Check("enum/changing", Failures == 0, "and it comes and goes without failures");
    AdapterUnmake(Adapter);
}

void
Delete(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = AdapterMake(), Other = WintunOpenAdapter(POOL, NAME);
    WCHAR Name[MAX_ADAPTER_NAME];
    BOOL Reboot = 2;

    if (!Adapter)
        return;
    Check("delete/deletes", WintunDeleteAdapter(Adapter, FALSE, &Reboot), "DeleteAdapter");
    Check("delete/reboot", Reboot == FALSE, "RebootRequired is FALSE");
    Check("delete/deletes", PoolCount(POOL) == 0, "the adapter is gone");
    FAILS("open/not-found", ERROR_FILE_NOT_FOUND, WintunOpenAdapter(POOL, NAME) == NULL,
          "its name too");
    FAILS("getname/result", ERROR_FILE_NOT_FOUND, !WintunGetAdapterName(Adapter, Name),
          "GetAdapterName of a deleted adapter");
    FAILS("setname/result", ERROR_FILE_NOT_FOUND, !WintunSetAdapterName(Other, L"lost"),
          "SetAdapterName of a deleted adapter, by another handle");
    FAILS("start/failure", ERROR_FILE_NOT_FOUND, WintunStartSession(Other, CAPACITY) == NULL,
          "StartSession on a deleted adapter");
    Check("delete/result", WintunDeleteAdapter(Other, FALSE, NULL),
          "deleting what is gone already succeeds");
    WintunFreeAdapter(Adapter);
    Adapter = AdapterMake();
    Check("delete/deletes", Adapter != NULL && AdapterIsNamed(Adapter, NAME),
          "an adapter of that name can be created again, though an old handle is open");
    WintunFreeAdapter(Other);
    AdapterUnmake(Adapter);
}

BOOL
DriverIsInstalled(void)
{
    WCHAR Path[MAX_PATH];
    SC_HANDLE Manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT),
              Service = Manager ? OpenServiceW(Manager, L"culvert", SERVICE_QUERY_STATUS) : NULL;

    GetSystemDirectoryW(Path, MAX_PATH);
    lstrcatW(Path, L"\\drivers\\culvert.sys");
    if (Service)
        CloseServiceHandle(Service);
    if (Manager)
        CloseServiceHandle(Manager);
    return Service != NULL || GetFileAttributesW(Path) != INVALID_FILE_ATTRIBUTES;
}

void
DeletePool(void)
{
    WINTUN_ADAPTER_HANDLE Adapters[POOL_ADAPTERS], Other;
    WINTUN_SESSION_HANDLE Session;
    BOOL Reboot = 2;

    MakeSeveral(Adapters);
    Session = WintunStartSession(Adapters[0], CAPACITY);
    Other = WintunCreateAdapter(OTHER_POOL, NAME, NULL, NULL);
    Check("pool/deletes", WintunDeletePoolDriver(POOL, &Reboot), "DeletePoolDriver");
    Check("pool/reboot", Reboot == FALSE, "RebootRequired is FALSE");
    Check("pool/deletes", PoolCount(POOL) == 0, "the pool is empty, used or not");
    Check("pool/deletes", SessionDrain(Session) == ERROR_HANDLE_EOF, "a session has ended");
    Check("pool/others", PoolCount(OTHER_POOL) == 1 && AdapterIsNamed(Other, NAME),
          "other pools keep their adapters");
    Check("pool/others", WintunGetRunningDriverVersion() != 0, "and the driver");
    WintunEndSession(Session);
    for (int Index = 0; Index < POOL_ADAPTERS; ++Index)
        WintunFreeAdapter(Adapters[Index]);
    Check("pool/driver", DriverIsInstalled(), "the driver is installed while there is an adapter");
    Check("pool/driver", WintunDeletePoolDriver(OTHER_POOL, NULL), "the last pool");
    WintunFreeAdapter(Other);
    if (IsWine() || DriverIsInstalled() == FALSE)
        Check("pool/driver", !DriverIsInstalled(),
              "after it, no file or service of the driver is left");
    else
        Skip("pool/driver", "another pool on this computer has adapters");
    Check("pool/result", WintunDeletePoolDriver(POOL, NULL), "a pool that has nothing: success");
    Other = AdapterMake();
    Check("pool/driver", Other != NULL, "the driver is installed again when it is needed");
    AdapterUnmake(Other);
}

void
DriverVersion(void)
{
    WINTUN_ADAPTER_HANDLE Adapter;
    DWORD Version;

    WintunDeletePoolDriver(POOL, NULL);
    if (IsWine() || !DriverIsInstalled())
        FAILS("version/not-loaded", ERROR_FILE_NOT_FOUND, WintunGetRunningDriverVersion() == 0,
              "no driver is loaded");
    else
        Skip("version/not-loaded", "another pool on this computer has adapters");
    Adapter = AdapterMake();
    Version = WintunGetRunningDriverVersion();
    Check("version/result", Version != 0, "the version is not 0");
    Check("version/loaded", HIWORD(Version) < 100 && LOWORD(Version) < 1000,
          "it is (major << 16) | minor: %u.%u", HIWORD(Version), LOWORD(Version));
    Check("version/loaded", WintunGetRunningDriverVersion() == Version, "and stays the same");
    AdapterUnmake(Adapter);
}
