/* SPDX-License-Identifier: MIT */
/* Waiting for changes in the system: see watch.h. */
#include "watch.h"
#include <cfgmgr32.h>

/*
 * How often things are looked at that the system does not tell of. Where it tells of all that ends
 * a wait well, what is left are problem codes of devices: no version of Windows announces those.
 */
#define RECHECK_MILLISECONDS         20
#define RECHECK_PROBLEM_MILLISECONDS 1000

/* CM_Register_Notification's, which cfgmgr32.h declares from Windows 8 on: see its reference. */
#define FILTER_TYPE_DEVICE_INSTANCE 2

typedef struct NOTIFY_FILTER
{
    DWORD Size;
    DWORD Flags;
    DWORD FilterType;
    DWORD Reserved;
    WCHAR InstanceId[MAX_DEVICE_ID_LEN]; /* of a union, the largest member */
} NOTIFY_FILTER;

C_ASSERT(sizeof(NOTIFY_FILTER) == 416);

typedef DWORD(CALLBACK *NOTIFY_CALLBACK)(void *Notification, void *Context, DWORD Action,
                                         void *EventData, DWORD EventDataSize);
typedef CONFIGRET(WINAPI *REGISTER_NOTIFICATION)(NOTIFY_FILTER *Filter, void *Context,
                                                 NOTIFY_CALLBACK Callback, void **Notification);
typedef CONFIGRET(WINAPI *UNREGISTER_NOTIFICATION)(void *Notification);

DWORD
WatchOpen(WATCH *Watch, DWORD Milliseconds)
{
    ZeroMemory(Watch, sizeof(*Watch));
    Watch->Deadline = GetTickCount64() + Milliseconds;
    Watch->Changed = CreateEventW(NULL, FALSE, FALSE, NULL);
    return Watch->Changed ? ERROR_SUCCESS : GetLastError();
}

/* A notification tells of one change. */
static void
ArmKey(WATCH *Watch)
{
    if (Watch->Key && !Watch->KeyArmed)
        Watch->KeyArmed =
            RegNotifyChangeKeyValue(Watch->Key, Watch->Subtree,
                                    REG_NOTIFY_CHANGE_NAME | REG_NOTIFY_CHANGE_LAST_SET,
                                    Watch->Changed, TRUE) == ERROR_SUCCESS;
}

void
WatchKey(WATCH *Watch, HKEY Key, BOOL Subtree)
{
    Watch->Key = Key;
    Watch->Subtree = Subtree;
    ArmKey(Watch);
}

/* Started, enumerated or removed: whatever it is, it is time to look. */
static DWORD CALLBACK
OnDevice(void *Notification, void *Context, DWORD Action, void *EventData, DWORD EventDataSize)
{
    UNREFERENCED_PARAMETER(Notification);
    UNREFERENCED_PARAMETER(Action);
    UNREFERENCED_PARAMETER(EventData);
    UNREFERENCED_PARAMETER(EventDataSize);
    SetEvent((HANDLE)Context);
    return ERROR_SUCCESS;
}

/*
 * Windows 7 lacks the function: it tells of devices only windows and services
 * (RegisterDeviceNotification), and a thread of the application's is neither. There the device is
 * looked at from time to time.
 */
void
WatchDevice(WATCH *Watch, const WCHAR *InstanceId)
{
    REGISTER_NOTIFICATION Register = (REGISTER_NOTIFICATION)(void (*)(void))GetProcAddress(
        GetModuleHandleW(L"cfgmgr32.dll"), "CM_Register_Notification");
    NOTIFY_FILTER Filter = {sizeof(Filter), 0, FILTER_TYPE_DEVICE_INSTANCE, 0, L""};

    lstrcpynW(Filter.InstanceId, InstanceId, MAX_DEVICE_ID_LEN);
    if (!Register ||
        Register(&Filter, Watch->Changed, OnDevice, &Watch->Notification) != CR_SUCCESS)
    {
        Watch->Notification = NULL;
        Watch->Partial = TRUE;
    }
}

void
WatchUntold(WATCH *Watch)
{
    Watch->Partial = TRUE;
}

BOOL
WatchWait(WATCH *Watch)
{
    ULONGLONG Now = GetTickCount64();
    DWORD Milliseconds = RECHECK_PROBLEM_MILLISECONDS;

    if (Now >= Watch->Deadline)
        return FALSE;
    if (Watch->Partial || (Watch->Key && !Watch->KeyArmed))
        Milliseconds = RECHECK_MILLISECONDS;
    if (Milliseconds > Watch->Deadline - Now)
        Milliseconds = (DWORD)(Watch->Deadline - Now);
    if (WaitForSingleObject(Watch->Changed, Milliseconds) == WAIT_OBJECT_0)
        Watch->KeyArmed = FALSE; /* or the device; watching the key twice does no harm */
    ArmKey(Watch);
    return TRUE;
}

/* The event is closed when nothing can set it any more: the configuration manager waits for a
 * callback that runs, and a key's notification ends with its handle. */
void
WatchClose(WATCH *Watch)
{
    if (Watch->Notification)
    {
        UNREGISTER_NOTIFICATION Unregister = (UNREGISTER_NOTIFICATION)(void (*)(
            void))GetProcAddress(GetModuleHandleW(L"cfgmgr32.dll"), "CM_Unregister_Notification");
        if (Unregister)
            Unregister(Watch->Notification);
    }
    if (Watch->Key)
        RegCloseKey(Watch->Key);
    CloseHandle(Watch->Changed);
}
