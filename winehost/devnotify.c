/* SPDX-License-Identifier: MIT */
/*
 * The part of cfgmgr32.dll that tells of devices: CM_Register_Notification for one device, whose
 * start and removal are reported. Wine lacks it.
 *
 * A network device has been started when its driver key has a NetLuidIndex other than 0, which
 * ndis.sys writes then, and is removed with the key. So the keys of the class are watched; a thread
 * of each registration calls back.
 */
#include <windows.h>
#include <cfgmgr32.h>

#define ENUM_KEY  L"SYSTEM\\CurrentControlSet\\Enum\\"
#define CLASS_KEY L"SYSTEM\\CurrentControlSet\\Control\\Class\\"

/* Of cfgmgr32.h, where they are declared from Windows 8 on. */
#define FILTER_TYPE_DEVICE_INSTANCE    2
#define ACTION_DEVICE_INSTANCE_STARTED 8
#define ACTION_DEVICE_INSTANCE_REMOVED 9

#define DRIVER_CHARACTERS 64 /* "{class}\NNNN" */

typedef struct NOTIFY_FILTER
{
    DWORD Size;
    DWORD Flags;
    DWORD FilterType;
    DWORD Reserved;
    WCHAR InstanceId[MAX_DEVICE_ID_LEN];
} NOTIFY_FILTER;

typedef struct NOTIFY_EVENT_DATA
{
    DWORD FilterType;
    DWORD Reserved;
    WCHAR InstanceId[MAX_DEVICE_ID_LEN];
} NOTIFY_EVENT_DATA;

typedef DWORD(CALLBACK *NOTIFY_CALLBACK)(void *Notification, void *Context, DWORD Action,
                                         NOTIFY_EVENT_DATA *EventData, DWORD EventDataSize);

typedef struct REGISTRATION
{
    NOTIFY_CALLBACK Callback;
    void *Context;
    HKEY Classes;
    HANDLE Events[2]; /* the end, a change */
    HANDLE Thread;
    BOOL Started; /* the device, when it was last looked at */
    NOTIFY_EVENT_DATA Data;
} REGISTRATION;

enum
{
    EventEnd,
    EventChange
};

static BOOL
IsStarted(const WCHAR *InstanceId)
{
    WCHAR Path[ARRAYSIZE(ENUM_KEY) + MAX_DEVICE_ID_LEN];
    WCHAR DriverPath[ARRAYSIZE(CLASS_KEY) + DRIVER_CHARACTERS];
    DWORD Bytes = DRIVER_CHARACTERS * sizeof(WCHAR), Index = 0;

    lstrcpyW(Path, ENUM_KEY);
    lstrcatW(Path, InstanceId);
    lstrcpyW(DriverPath, CLASS_KEY);
    if (RegGetValueW(HKEY_LOCAL_MACHINE, Path, L"Driver", RRF_RT_REG_SZ, NULL,
                     DriverPath + ARRAYSIZE(CLASS_KEY) - 1, &Bytes) != ERROR_SUCCESS)
        return FALSE;
    Bytes = sizeof(Index);
    return RegGetValueW(HKEY_LOCAL_MACHINE, DriverPath, L"NetLuidIndex", RRF_RT_REG_DWORD, NULL,
                        &Index, &Bytes) == ERROR_SUCCESS &&
           Index != 0;
}

static BOOL
Watch(const REGISTRATION *Registration)
{
    return RegNotifyChangeKeyValue(Registration->Classes, TRUE,
                                   REG_NOTIFY_CHANGE_NAME | REG_NOTIFY_CHANGE_LAST_SET,
                                   Registration->Events[EventChange], TRUE) == ERROR_SUCCESS;
}

static DWORD WINAPI
Tell(LPVOID Parameter)
{
    REGISTRATION *Registration = Parameter;

    /* Watched before each look, so that no change is missed. */
    while (Watch(Registration))
    {
        BOOL Started = IsStarted(Registration->Data.InstanceId);
        if (Started != Registration->Started)
            Registration->Callback(Registration, Registration->Context,
                                   Started ? ACTION_DEVICE_INSTANCE_STARTED
                                           : ACTION_DEVICE_INSTANCE_REMOVED,
                                   &Registration->Data, sizeof(Registration->Data));
        Registration->Started = Started;
        if (WaitForMultipleObjects(ARRAYSIZE(Registration->Events), Registration->Events, FALSE,
                                   INFINITE) != WAIT_OBJECT_0 + EventChange)
            break;
    }
    return 0;
}

static void
Release(REGISTRATION *Registration)
{
    if (Registration->Thread != NULL)
        CloseHandle(Registration->Thread);
    for (size_t Index = 0; Index < ARRAYSIZE(Registration->Events); ++Index)
    {
        if (Registration->Events[Index] != NULL)
            CloseHandle(Registration->Events[Index]);
    }
    if (Registration->Classes != NULL)
        RegCloseKey(Registration->Classes);
    HeapFree(GetProcessHeap(), 0, Registration);
}

CONFIGRET WINAPI
CM_Register_Notification(NOTIFY_FILTER *Filter, void *Context, NOTIFY_CALLBACK Callback,
                         void **Notification)
{
    REGISTRATION *Registration;

    if (Filter == NULL || Callback == NULL || Notification == NULL)
        return CR_INVALID_POINTER;
    if (Filter->Size != sizeof(*Filter) || Filter->Flags != 0 ||
        Filter->FilterType != FILTER_TYPE_DEVICE_INSTANCE)
        return CR_INVALID_DATA;
    Registration = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof(*Registration));
    if (Registration == NULL)
        return CR_OUT_OF_MEMORY;
    Registration->Callback = Callback;
    Registration->Context = Context;
    Registration->Data.FilterType = Filter->FilterType;
    lstrcpynW(Registration->Data.InstanceId, Filter->InstanceId, MAX_DEVICE_ID_LEN);
    Registration->Started = IsStarted(Filter->InstanceId);
    Registration->Events[EventEnd] = CreateEventW(NULL, FALSE, FALSE, NULL);
    Registration->Events[EventChange] = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, CLASS_KEY, 0, KEY_NOTIFY, &Registration->Classes) ==
            ERROR_SUCCESS &&
        Registration->Events[EventEnd] != NULL && Registration->Events[EventChange] != NULL)
        Registration->Thread = CreateThread(NULL, 0, Tell, Registration, 0, NULL);
    if (Registration->Thread == NULL)
    {
        Release(Registration);
        return CR_FAILURE;
    }
    *Notification = Registration;
    return CR_SUCCESS;
}

/* Waits for a callback that runs, so it is not to be called from one. */
CONFIGRET WINAPI
CM_Unregister_Notification(void *Notification)
{
    REGISTRATION *Registration = Notification;

    if (Registration == NULL)
        return CR_INVALID_POINTER;
    SetEvent(Registration->Events[EventEnd]);
    WaitForSingleObject(Registration->Thread, INFINITE);
    Release(Registration);
    return CR_SUCCESS;
}
