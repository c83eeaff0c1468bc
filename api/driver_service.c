/* SPDX-License-Identifier: MIT */
/* The driver's service: see driver_service.h. */
#include "driver_service.h"
#include "device.h"
#include "watch.h"

#define SERVICE_NAME       L"culvert"
#define STATE_MILLISECONDS 15000
#define CONFIG_BYTES       8192 /* the most that it can take */

static BOOL
IsStopped(DWORD State)
{
    return State == SERVICE_STOPPED;
}

static BOOL
IsSettled(DWORD State)
{
    return State != SERVICE_START_PENDING && State != SERVICE_STOP_PENDING;
}

/*
 * There is no notification of this: NotifyServiceStatusChange "cannot be used to receive
 * notifications about driver services" (its reference), so the state is looked at until it is
 * reached. Windows knows two states of a driver only, loaded or not ([MS-SCMR] 3.1.4.7), so that
 * this waits only for a driver that somebody keeps from being unloaded; on other hosts, also for
 * one that is being loaded or unloaded.
 */
static void
Await(SC_HANDLE Service, BOOL (*IsReached)(DWORD State), const WCHAR *What)
{
    SERVICE_STATUS Status = {0};
    BOOL Known, InTime = TRUE;
    WATCH Watch;
    DWORD Error = WatchOpen(&Watch, STATE_MILLISECONDS);

    if (Error != ERROR_SUCCESS)
    {
        LogWarningError(Error, L"Cannot watch service %s", SERVICE_NAME);
        return;
    }
    WatchUntold(&Watch);
    while ((Known = QueryServiceStatus(Service, &Status)) && !IsReached(Status.dwCurrentState) &&
           (InTime = WatchWait(&Watch)))
        ;
    if (!InTime)
        LogWarningError(ERROR_SERVICE_REQUEST_TIMEOUT, L"Service %s does not %s (state %u)",
                        SERVICE_NAME, What, Status.dwCurrentState);
    else if (!Known)
        LogWarningError(GetLastError(), L"Cannot get the state of service %s", SERVICE_NAME);
    WatchClose(&Watch);
}

static void
Stop(SC_HANDLE Service)
{
    SERVICE_STATUS Status;

    Await(Service, IsSettled, L"settle");
    if (!QueryServiceStatus(Service, &Status) || Status.dwCurrentState == SERVICE_STOPPED)
        return;
    if (!ControlService(Service, SERVICE_CONTROL_STOP, &Status) &&
        GetLastError() != ERROR_SERVICE_NOT_ACTIVE)
    {
        LogWarningError(GetLastError(), L"Cannot stop service %s", SERVICE_NAME);
        return;
    }
    Await(Service, IsStopped, L"stop");
}

/* Whether the service runs our image. That the image lies below the system's directory is spelled
 * in several ways. */
static BOOL
IsOurs(SC_HANDLE Service)
{
    static const WCHAR Ours[] = L"\\drivers\\culvert.sys";
    QUERY_SERVICE_CONFIGW *Config = HeapAlloc(GetProcessHeap(), 0, CONFIG_BYTES);
    BOOL Same = FALSE;
    DWORD Needed;

    if (Config && QueryServiceConfigW(Service, Config, CONFIG_BYTES, &Needed))
    {
        int Excess = lstrlenW(Config->lpBinaryPathName) - (int)(ARRAYSIZE(Ours) - 1);
        Same = Excess >= 0 && DeviceNamesEqual(Config->lpBinaryPathName + Excess, Ours);
        if (!Same)
            LogWarning(L"Service %s is set to run %s", SERVICE_NAME, Config->lpBinaryPathName);
    }
    if (Config)
        HeapFree(GetProcessHeap(), 0, Config);
    return Same;
}

/* Does something with the service, if there is one. */
static void
WithService(DWORD Access, void (*Routine)(SC_HANDLE Service))
{
    SC_HANDLE Manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT), Service;

    if (!Manager)
        return;
    Service = OpenServiceW(Manager, SERVICE_NAME, Access);
    if (Service)
    {
        Routine(Service);
        CloseServiceHandle(Service);
    }
    CloseServiceHandle(Manager);
}

static void
Settle(SC_HANDLE Service)
{
    Await(Service, IsSettled, L"settle");
}

void
DriverServiceSettle(void)
{
    WithService(SERVICE_QUERY_STATUS, Settle);
}

/* Whether it may run: who cannot be asked must not be taken for stopped, as a driver that runs is
 * not to be touched. */
BOOL
DriverServiceIsRunning(void)
{
    SC_HANDLE Manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT), Service;
    SERVICE_STATUS Status;
    BOOL Running = TRUE;

    if (!Manager)
    {
        LogWarningError(GetLastError(), L"Cannot open the service manager");
        return TRUE;
    }
    Service = OpenServiceW(Manager, SERVICE_NAME, SERVICE_QUERY_STATUS);
    if (Service)
    {
        if (QueryServiceStatus(Service, &Status))
            Running = Status.dwCurrentState != SERVICE_STOPPED;
        else
            LogWarningError(GetLastError(), L"Cannot get the state of service %s", SERVICE_NAME);
        CloseServiceHandle(Service);
    }
    else if (GetLastError() == ERROR_SERVICE_DOES_NOT_EXIST)
        Running = FALSE;
    else
        LogWarningError(GetLastError(), L"Cannot open service %s", SERVICE_NAME);
    CloseServiceHandle(Manager);
    return Running;
}

void
DriverServiceStop(void)
{
    WithService(SERVICE_STOP | SERVICE_QUERY_STATUS, Stop);
}

static DWORD
StopAndDelete(SC_HANDLE Service, WINTUN_LOGGER_LEVEL Level)
{
    Stop(Service);
    if (!DeleteService(Service) && GetLastError() != ERROR_SERVICE_MARKED_FOR_DELETE)
        return LogFailure(Level, GetLastError(), L"Cannot delete service %s", SERVICE_NAME);
    return ERROR_SUCCESS;
}

DWORD
DriverServiceRemove(WINTUN_LOGGER_LEVEL Level)
{
    SC_HANDLE Manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT), Service;
    DWORD Error = ERROR_SUCCESS;

    if (!Manager)
        return LogFailure(Level, GetLastError(), L"Cannot open the service manager");
    Service = OpenServiceW(Manager, SERVICE_NAME,
                           SERVICE_STOP | SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG | DELETE);
    if (Service)
    {
        if (IsOurs(Service))
            Error = StopAndDelete(Service, Level);
        CloseServiceHandle(Service);
    }
    else if (GetLastError() != ERROR_SERVICE_DOES_NOT_EXIST)
    {
        Error = LogFailure(Level, GetLastError(), L"Cannot open service %s", SERVICE_NAME);
    }
    CloseServiceHandle(Manager);
    return Error;
}
