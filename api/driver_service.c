/* SPDX-License-Identifier: MIT */
/* The driver's service: see driver_service.h. */
#include "driver_service.h"
#include "logger.h"

#define SERVICE_NAME            L"culvert"
#define STOP_MILLISECONDS       5000
#define STOP_CHECK_MILLISECONDS 20

/* The service manager tells of a stop only to threads that wait alertably, which is not ours to
 * impose on an application's thread; so the state is looked at until it is reached. */
static void
Stop(SC_HANDLE Service)
{
    ULONGLONG Deadline = GetTickCount64() + STOP_MILLISECONDS;
    SERVICE_STATUS Status;

    if (!QueryServiceStatus(Service, &Status) || Status.dwCurrentState == SERVICE_STOPPED)
        return;
    if (!ControlService(Service, SERVICE_CONTROL_STOP, &Status) &&
        GetLastError() != ERROR_SERVICE_NOT_ACTIVE)
    {
        LogWarningError(GetLastError(), L"Cannot stop service %s", SERVICE_NAME);
        return;
    }
    while (QueryServiceStatus(Service, &Status) && Status.dwCurrentState != SERVICE_STOPPED)
    {
        if (GetTickCount64() >= Deadline)
        {
            LogWarningError(ERROR_SERVICE_REQUEST_TIMEOUT, L"Service %s does not stop",
                            SERVICE_NAME);
            return;
        }
        Sleep(STOP_CHECK_MILLISECONDS);
    }
}

void
DriverServiceStop(void)
{
    SC_HANDLE Manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT), Service;

    if (!Manager)
        return;
    Service = OpenServiceW(Manager, SERVICE_NAME, SERVICE_STOP | SERVICE_QUERY_STATUS);
    if (Service)
    {
        Stop(Service);
        CloseServiceHandle(Service);
    }
    CloseServiceHandle(Manager);
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
