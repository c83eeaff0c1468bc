/* SPDX-License-Identifier: MIT */
/*
 * cfgmgr32.dll: disabling and enabling a device, and its problem code, which Wine lacks; and
 * notifications (devnotify.c). All other functions are forwarded to Wine's setupapi.dll, where Wine
 * has them too (see cfgmgr32.def).
 *
 * A disabled device is one whose service has been put away under another name, so that Wine's
 * device manager removes it (device_manager.h). What the driver sees is what it sees on Windows:
 * its device is removed, and later another one is added and started.
 *
 * Functions and codes: cfgmgr32.h's reference. A prefix knows no restart of the system, so that
 * persistence is only what the registry says of it.
 */
#include <windows.h>
#include <cfgmgr32.h>
#include <regstr.h>
#include <setupapi.h>
#include "device_manager.h"

#define ENUM_KEY           L"SYSTEM\\CurrentControlSet\\Enum\\"
#define SERVICE_VALUE      L"Service"
#define PUT_AWAY_VALUE     L"CulvertHostDisabledService"
#define SERVICE_CHARACTERS 256

static HKEY
OpenDevice(DEVINST Device)
{
    WCHAR Path[ARRAYSIZE(ENUM_KEY) + MAX_DEVICE_ID_LEN];
    HKEY Key;

    lstrcpyW(Path, ENUM_KEY);
    if (CM_Get_Device_IDW(Device, Path + ARRAYSIZE(ENUM_KEY) - 1, MAX_DEVICE_ID_LEN, 0) !=
            CR_SUCCESS ||
        RegOpenKeyExW(HKEY_LOCAL_MACHINE, Path, 0, KEY_QUERY_VALUE | KEY_SET_VALUE, &Key) !=
            ERROR_SUCCESS)
        return NULL;
    return Key;
}

static BOOL
ReadText(HKEY Key, const WCHAR *Name, WCHAR Text[SERVICE_CHARACTERS])
{
    DWORD Bytes = SERVICE_CHARACTERS * sizeof(WCHAR);

    return RegGetValueW(Key, NULL, Name, RRF_RT_REG_SZ, NULL, Text, &Bytes) == ERROR_SUCCESS;
}

/* One name goes, the other comes. */
static BOOL
MoveText(HKEY Key, const WCHAR *From, const WCHAR *To, const WCHAR *Text)
{
    return RegSetValueExW(Key, To, 0, REG_SZ, (const BYTE *)Text,
                          (DWORD)((lstrlenW(Text) + 1) * sizeof(WCHAR))) == ERROR_SUCCESS &&
           RegDeleteValueW(Key, From) == ERROR_SUCCESS;
}

static void
SetDisabledFlag(HKEY Key, DWORD Disabled)
{
    DWORD Flags = 0, Bytes = sizeof(Flags);

    RegGetValueW(Key, NULL, L"ConfigFlags", RRF_RT_REG_DWORD, NULL, &Flags, &Bytes);
    Flags = (Flags & ~(DWORD)CONFIGFLAG_DISABLED) | Disabled;
    RegSetValueExW(Key, L"ConfigFlags", 0, REG_DWORD, (const BYTE *)&Flags, sizeof(Flags));
}

/* Moves the service's name from one value to the other. */
static CONFIGRET
Change(DEVINST Device, const WCHAR *From, const WCHAR *To, DWORD Disabled)
{
    WCHAR Service[SERVICE_CHARACTERS];
    HKEY Key = OpenDevice(Device);
    CONFIGRET Result = CR_SUCCESS;

    if (Key == NULL)
        return CR_NO_SUCH_DEVINST;
    SetDisabledFlag(Key, Disabled);
    /* A device that is so already is no failure. */
    if (ReadText(Key, From, Service))
    {
        if (!MoveText(Key, From, To, Service))
            Result = CR_REGISTRY_ERROR;
        else if (!DeviceManagerLookAgain(Service, lstrcmpW(To, SERVICE_VALUE) == 0))
            Result = CR_FAILURE;
    }
    RegCloseKey(Key);
    return Result;
}

CONFIGRET WINAPI
CM_Disable_DevNode(DEVINST Device, ULONG Flags)
{
    if (Flags & ~(ULONG)(CM_DISABLE_ABSOLUTE | CM_DISABLE_HARDWARE | CM_DISABLE_UI_NOT_OK |
                         CM_DISABLE_PERSIST))
        return CR_INVALID_FLAG;
    return Change(Device, SERVICE_VALUE, PUT_AWAY_VALUE,
                  Flags & CM_DISABLE_PERSIST ? CONFIGFLAG_DISABLED : 0);
}

CONFIGRET WINAPI
CM_Enable_DevNode(DEVINST Device, ULONG Flags)
{
    if (Flags != 0)
        return CR_INVALID_FLAG;
    return Change(Device, PUT_AWAY_VALUE, SERVICE_VALUE, 0);
}

CONFIGRET WINAPI
CM_Get_DevNode_Status(ULONG *Status, ULONG *Problem, DEVINST Device, ULONG Flags)
{
    WCHAR Service[SERVICE_CHARACTERS];
    HKEY Key;

    if (Status == NULL || Problem == NULL)
        return CR_INVALID_POINTER;
    if (Flags != 0)
        return CR_INVALID_FLAG;
    Key = OpenDevice(Device);
    if (Key == NULL)
        return CR_NO_SUCH_DEVINST;
    *Status = DN_ROOT_ENUMERATED | DN_DISABLEABLE;
    *Problem = 0;
    if (ReadText(Key, PUT_AWAY_VALUE, Service))
    {
        *Status |= DN_HAS_PROBLEM;
        *Problem = CM_PROB_DISABLED;
    }
    RegCloseKey(Key);
    return CR_SUCCESS;
}
