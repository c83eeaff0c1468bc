/* SPDX-License-Identifier: MIT */
/* Callers without rights, and processes that hold or occupy what others need. */
#include "selftest.h"
#include <sddl.h>
#include <stdlib.h>

/* ---- Nobody but administrators --------------------------------------------------------------- */

/* The token of this process without its membership in Administrators, for the thread. */
static BOOL
BecomeNobody(void)
{
    BYTE Sid[SECURITY_MAX_SID_SIZE];
    DWORD SidBytes = sizeof(Sid);
    SID_AND_ATTRIBUTES Disable = {Sid, 0};
    HANDLE Token, Restricted = NULL;
    BOOL Became;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &Token))
        return FALSE;
    Became = CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, Sid, &SidBytes) &&
             CreateRestrictedToken(Token, DISABLE_MAX_PRIVILEGE, 1, &Disable, 0, NULL, 0, NULL,
                                   &Restricted) &&
             ImpersonateLoggedOnUser(Restricted);
    if (Restricted)
        CloseHandle(Restricted);
    CloseHandle(Token);
    return Became;
}

static BOOL CALLBACK
Never(WINTUN_ADAPTER_HANDLE Adapter, LPARAM Param)
{
    UNREFERENCED_PARAMETER(Adapter);
    ++*(int *)Param;
    return TRUE;
}

void
Unprivileged(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = AdapterMake();
    int Calls = 0;

    if (!Adapter || !Check("access/denied", BecomeNobody(),
                           "a thread gives up its membership in Administrators"))
        return;
    FAILS("access/denied", ERROR_ACCESS_DENIED,
          WintunCreateAdapter(POOL, L"selftest1", NULL, NULL) == NULL, "CreateAdapter");
    FAILS("access/denied", ERROR_ACCESS_DENIED, WintunOpenAdapter(POOL, NAME) == NULL,
          "OpenAdapter");
    FAILS("access/denied", ERROR_ACCESS_DENIED, !WintunDeleteAdapter(Adapter, TRUE, NULL),
          "DeleteAdapter");
    FAILS("access/denied", ERROR_ACCESS_DENIED,
          !WintunEnumAdapters(POOL, Never, (LPARAM)&Calls) && Calls == 0, "EnumAdapters");
    FAILS("access/denied", ERROR_ACCESS_DENIED, !WintunDeletePoolDriver(POOL, NULL),
          "DeletePoolDriver");
    FAILS("access/denied", ERROR_ACCESS_DENIED, !WintunSetAdapterName(Adapter, L"selftest1"),
          "SetAdapterName");
    FAILS("access/denied", ERROR_ACCESS_DENIED, WintunGetRunningDriverVersion() == 0,
          "GetRunningDriverVersion");
    FAILS("access/denied", ERROR_ACCESS_DENIED, WintunStartSession(Adapter, CAPACITY) == NULL,
          "StartSession");
    RevertToSelf();
    Check("access/denied", PoolCount(POOL) == 1 && AdapterIsNamed(Adapter, NAME),
          "nothing was changed");
    AdapterUnmake(Adapter);
}

/* ---- The mutex ------------------------------------------------------------------------------- */

void
MutexSquatted(void)
{
    WINTUN_ADAPTER_HANDLE Adapter;
    char Line[64] = "";
    CHILD Child;

    if (!IsWine())
    {
        Skip("access/squatted", "Windows has private namespaces, where nobody else can make names");
        return;
    }
    if (!Check("access/squatted",
               ChildStart(&Child, L"mutex O:BUG:BUD:(A;;GA;;;WD)") &&
                   ChildListen(&Child, Line, sizeof(Line)) && lstrcmpA(Line, "ready") == 0,
               "a user's process occupies the mutex's name"))
        return;
    FAILS("access/squatted", ERROR_INVALID_OWNER,
          WintunCreateAdapter(POOL, NAME, NULL, NULL) == NULL,
          "a mutex that does not belong to administrators is not trusted, and not waited for");
    ChildKill(&Child);
    Adapter = AdapterMake();
    Check("access/squatted", Adapter != NULL, "when it is gone, all is well");
    AdapterUnmake(Adapter);
}

static DWORD WINAPI
KillSoon(LPVOID Parameter)
{
    Sleep(300);
    ChildKill(Parameter);
    return 0;
}

void
MutexHeld(void)
{
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;
    char Line[64] = "";
    HANDLE Killer, Mutex;
    int Calls = 0;
    CHILD Child;

    if (!VersionsFolder || !IsWine())
    {
        Skip("busy/timeout", "it would take two minutes for each function");
        return;
    }
    Adapter = AdapterMake();
    if (!Check("busy/timeout",
               ChildStart(&Child, L"mutex O:BAG:BAD:P(A;;GA;;;SY)(A;;GA;;;BA)") &&
                   ChildListen(&Child, Line, sizeof(Line)) && lstrcmpA(Line, "ready") == 0,
               "another process holds the mutex and hangs"))
        return;
    FAILS("busy/timeout", ERROR_TIMEOUT,
          WintunCreateAdapter(POOL, L"selftest1", NULL, NULL) == NULL, "CreateAdapter");
    FAILS("busy/timeout", ERROR_TIMEOUT, WintunOpenAdapter(POOL, NAME) == NULL, "OpenAdapter");
    FAILS("busy/timeout", ERROR_TIMEOUT, !WintunDeleteAdapter(Adapter, TRUE, NULL),
          "DeleteAdapter");
    FAILS("busy/timeout", ERROR_TIMEOUT,
          !WintunEnumAdapters(POOL, Never, (LPARAM)&Calls) && Calls == 0, "EnumAdapters");
    FAILS("busy/timeout", ERROR_TIMEOUT, !WintunDeletePoolDriver(POOL, NULL), "DeletePoolDriver");
    Session = WintunStartSession(Adapter, CAPACITY);
    Check("busy/others",
          Session && AdapterIsNamed(Adapter, NAME) && WintunSetAdapterName(Adapter, L"selftest2") &&
              WintunGetRunningDriverVersion() != 0,
          "sessions, names and the version are to be had meanwhile");
    WintunEndSession(Session);
    /* However late the call comes, the mutex is still there. */
    Mutex = OpenMutexW(SYNCHRONIZE, FALSE, L"Global\\Culvert-Adapters");
    Killer = CreateThread(NULL, 0, KillSoon, &Child, 0, NULL);
    LogForget();
    Check("busy/died", PoolCount(POOL) == 1 && LogCount(WINTUN_LOG_WARN) == 1,
          "when the process is killed, a call that waits takes over, with a warning");
    ThreadsJoin(&Killer, 1);
    CloseHandle(Mutex);
    AdapterUnmake(Adapter);
}

/* ---- What is loaded and run ------------------------------------------------------------------ */

void
PlantedLibrary(void)
{
    WCHAR Plant[MAX_PATH], Own[MAX_PATH];
    char Line[64] = "";
    WCHAR *Name;
    CHILD Child;

    if (!GetModuleFileNameW(NULL, Own, MAX_PATH))
        return;
    lstrcpyW(Plant, Own);
    Name = wcsrchr(Plant, L'\\') + 1;
    lstrcpyW(Name, L"nci.dll");
    if (!Check("access/planted", CopyFileW(Own, Plant, TRUE),
               "a file named nci.dll lies beside the program"))
        return;
    Check("access/planted",
          ChildStart(&Child, L"modules selftest0") && ChildListen(&Child, Line, sizeof(Line)) &&
              strtoul(Line, NULL, 10) == 0,
          "the libraries that a process loads with an adapter are the system's (not: %s)", Line);
    ChildEnd(&Child);
    DeleteFileW(Plant);
    AdapterUnmake(WintunOpenAdapter(POOL, NAME));
}

/* Whether the service's image is the file in the system's directory, in one of the spellings of
 * that: without a blank, so that quoting it cannot be forgotten. */
static BOOL
RunsFromSystemDirectory(const WCHAR *Path)
{
    static const WCHAR *const Ways[] = {L"\\SystemRoot\\System32\\drivers\\culvert.sys",
                                        L"System32\\drivers\\culvert.sys",
                                        L"C:\\windows\\system32\\drivers\\culvert.sys"};

    for (size_t Index = 0; Index < ARRAYSIZE(Ways); ++Index)
    {
        if (lstrcmpiW(Path, Ways[Index]) == 0)
            return TRUE;
    }
    return FALSE;
}

void
InstalledService(void)
{
    union {
        QUERY_SERVICE_CONFIGW Config;
        BYTE Space[8192];
    } Buffer;
    WINTUN_ADAPTER_HANDLE Adapter = AdapterMake();
    SC_HANDLE Manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT),
              Service = Manager ? OpenServiceW(Manager, L"culvert", SERVICE_QUERY_CONFIG) : NULL;
    DWORD Needed;
    BOOL Read = Service && QueryServiceConfigW(Service, &Buffer.Config, sizeof(Buffer), &Needed);

    if (Check("package/service", Read, "the driver's service"))
    {
        Check("package/service",
              Buffer.Config.dwServiceType == SERVICE_KERNEL_DRIVER &&
                  Buffer.Config.dwStartType == SERVICE_DEMAND_START,
              "is a driver that is started on demand");
        Check("package/service", RunsFromSystemDirectory(Buffer.Config.lpBinaryPathName),
              "from the system's directory: %ls", Buffer.Config.lpBinaryPathName);
    }
    if (Service)
        CloseServiceHandle(Service);
    if (Manager)
        CloseServiceHandle(Manager);
    AdapterUnmake(Adapter);
}
