/* SPDX-License-Identifier: MIT */
/* See device_manager.h. */
#include "device_manager.h"

#define LOOK_AGAIN 128 /* Wine's control code */

BOOL
DeviceManagerLookAgain(const WCHAR *ServiceName, BOOL Start)
{
    SC_HANDLE Manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT), Service;
    SERVICE_STATUS Status;
    BOOL Done = FALSE;

    if (Manager == NULL)
        return FALSE;
    Service = OpenServiceW(Manager, ServiceName,
                           SERVICE_USER_DEFINED_CONTROL | (Start ? SERVICE_START : 0));
    if (Service != NULL)
    {
        if (Start)
            StartServiceW(Service, 0, NULL);
        Done = ControlService(Service, LOOK_AGAIN, &Status) ||
               (!Start && GetLastError() == ERROR_SERVICE_NOT_ACTIVE);
        CloseServiceHandle(Service);
    }
    CloseServiceHandle(Manager);
    return Done;
}
