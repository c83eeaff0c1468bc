/* SPDX-License-Identifier: MIT */
/* The driver's service: see driver_service.h. */
#include "driver_service.h"
#include "logger.h"

#define SERVICE_NAME             L"culvert"
#define STATE_MILLISECONDS       5000
#define STATE_CHECK_MILLISECONDS 20

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

/* The service manager tells of a change only to threads that wait alertably, which is not ours to
 * impose on an application's thread; so the state is looked at until it is reached. */
static void
Await(SC_HANDLE Service, BOOL (*IsReached)(DWORD State), const WCHAR *What)
{
    ULONGLONG Deadline = GetTickCount64() + STATE_MILLISECONDS;
    SERVICE_STATUS Status;

    while (QueryServiceStatus(Service, &Status) && !IsReached(Status.dwCurrentState))
    {
        if (GetTickCount64() >= Deadline)
        {
            LogWarningError(ERROR_SERVICE_REQUEST_TIMEOUT, L"Service %s does not %s", SERVICE_NAME,
                            What);
            return;
        }
        Sleep(STATE_CHECK_MILLISECONDS);
    }
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

void
DriverServiceStop(void)
{
    WithService(SERVICE_STOP | SERVICE_QUERY_STATUS, Stop);
}

DWORD
DriverServiceRemove(void)
{
    SC_HANDLE Manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT), Service;
    DWORD Error = ERROR_SUCCESS;

    if (!Manager)
        return LogLastError(L"Cannot open the service manager");
    Service = OpenServiceW(Manager, SERVICE_NAME, SERVICE_STOP | SERVICE_QUERY_STATUS | DELETE);
    if (Service)
    {
        Stop(Service);
        if (!DeleteService(Service) && GetLastError() != ERROR_SERVICE_MARKED_FOR_DELETE)
            Error = LogLastError(L"Cannot delete service %s", SERVICE_NAME);
        CloseServiceHandle(Service);
    }
    else if (GetLastError() != ERROR_SERVICE_DOES_NOT_EXIST)
    {
        Error = LogLastError(L"Cannot open service %s", SERVICE_NAME);
    }
    CloseServiceHandle(Manager);
    return Error;
}
