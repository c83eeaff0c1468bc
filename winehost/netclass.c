/* SPDX-License-Identifier: MIT */
/*
 * culvert-netclass.dll: the class installer of network adapters. Windows has one; Wine's SetupAPI
 * calls one if the class key names it ("Installer32"), but has none.
 *
 * It does what drivers and programs can observe of Windows': when a device is installed, and before
 * it is started, its driver key gets a NetCfgInstanceId (the one that SuggestedInstanceId asks for,
 * else a new one), the values that the INF's install section states for the class (*IfType,
 * *MediaType, *PhysicalMediaType, Characteristics, BusType, EnableDhcp), those that SetupAPI writes
 * on Windows but not in Wine, and its linkage; and a connection with a name of its own appears.
 * When the device is removed the connection goes.
 */
#include <windows.h>
#include <setupapi.h>
#include "connection.h"
#include "device_manager.h"

#define NUMBER_TEXT_MAX        12
#define DEFAULT_NAMES_MAX      10000
#define SYSTEM_FUNCTION_RANDOM "SystemFunction036" /* RtlGenRandom's export */

static void
SetText(HKEY Key, const WCHAR *Name, const WCHAR *Text)
{
    RegSetValueExW(Key, Name, 0, REG_SZ, (const BYTE *)Text,
                   (DWORD)((lstrlenW(Text) + 1) * sizeof(WCHAR)));
}

static void
SetNumber(HKEY Key, const WCHAR *Name, DWORD Number)
{
    RegSetValueExW(Key, Name, 0, REG_DWORD, (const BYTE *)&Number, sizeof(Number));
}

static void
NumberToText(DWORD Number, WCHAR Text[NUMBER_TEXT_MAX])
{
    WCHAR Digits[NUMBER_TEXT_MAX];
    int Count = 0;

    do
        Digits[Count++] = (WCHAR)(L'0' + Number % 10);
    while ((Number /= 10) != 0);
    while (Count > 0)
        *Text++ = Digits[--Count];
    *Text = 0;
}

/* ---- Identity
 * -------------------------------------------------------------------------------------- */

static BOOL
GuidRandom(GUID *Guid)
{
    typedef BOOLEAN(WINAPI * RANDOM)(void *, ULONG);
    HMODULE Advapi = LoadLibraryW(L"advapi32.dll");
    RANDOM Random =
        Advapi != NULL ? (RANDOM)(void *)GetProcAddress(Advapi, SYSTEM_FUNCTION_RANDOM) : NULL;
    BOOL Made = Random != NULL && Random(Guid, sizeof(*Guid));

    if (Advapi != NULL)
        FreeLibrary(Advapi);
    Guid->Data3 = (USHORT)((Guid->Data3 & 0x0FFF) | 0x4000); /* RFC 4122, version 4 */
    Guid->Data4[0] = (UCHAR)((Guid->Data4[0] & 0x3F) | 0x80);
    return Made;
}

/* Reads the id that the device has, or gives it one. */
static DWORD
InstanceId(HKEY DriverKey, WCHAR GuidText[GUID_CHARACTERS])
{
    DWORD Bytes = GUID_CHARACTERS * sizeof(WCHAR);
    GUID Guid;

    if (RegGetValueW(DriverKey, NULL, L"NetCfgInstanceId", RRF_RT_REG_SZ, NULL, GuidText, &Bytes) ==
        ERROR_SUCCESS)
        return ERROR_SUCCESS;
    Bytes = sizeof(Guid);
    if (RegGetValueW(DriverKey, NULL, L"SuggestedInstanceId", RRF_RT_REG_BINARY, NULL, &Guid,
                     &Bytes) != ERROR_SUCCESS ||
        Bytes != sizeof(Guid))
    {
        if (!GuidRandom(&Guid))
            return ERROR_GEN_FAILURE;
    }
    GuidToText(&Guid, GuidText);
    SetText(DriverKey, L"NetCfgInstanceId", GuidText);
    return ERROR_SUCCESS;
}

static void
Linkage(HKEY DriverKey, const WCHAR *GuidText)
{
    WCHAR Export[GUID_CHARACTERS + 16] = L"\\Device\\";
    HKEY Key;

    if (RegCreateKeyExW(DriverKey, L"Linkage", 0, NULL, 0, KEY_WRITE, NULL, &Key, NULL) !=
        ERROR_SUCCESS)
        return;
    lstrcatW(Export, GuidText);
    Export[lstrlenW(Export) + 1] = 0; /* each is a list of one */
    RegSetValueExW(Key, L"Export", 0, REG_MULTI_SZ, (const BYTE *)Export,
                   (DWORD)((lstrlenW(Export) + 2) * sizeof(WCHAR)));
    WCHAR Root[GUID_CHARACTERS + 1] = {0};
    lstrcpyW(Root, GuidText);
    RegSetValueExW(Key, L"RootDevice", 0, REG_MULTI_SZ, (const BYTE *)Root,
                   (DWORD)((lstrlenW(Root) + 2) * sizeof(WCHAR)));
    static const WCHAR Upper[] = L"Tcpip\0Tcpip6\0";
    RegSetValueExW(Key, L"UpperBind", 0, REG_MULTI_SZ, (const BYTE *)Upper, sizeof(Upper));
    RegCloseKey(Key);
}

/* ---- The connection
 * --------------------------------------------------------------------------------- */

static void
DefaultName(HKEY Key, const WCHAR *GuidText)
{
    WCHAR Name[64];
    WCHAR Number[NUMBER_TEXT_MAX];

    for (DWORD Index = 1; Index < DEFAULT_NAMES_MAX; Index++)
    {
        lstrcpyW(Name, L"Local Area Connection");
        if (Index > 1)
        {
            NumberToText(Index, Number);
            lstrcatW(Name, L" ");
            lstrcatW(Name, Number);
        }
        if (!ConnectionNameTaken(GuidText, Name))
        {
            SetNumber(Key, L"DefaultNameIndex", Index);
            SetText(Key, L"Name", Name);
            return;
        }
    }
}

static void
Connection(const WCHAR *GuidText, const WCHAR *DeviceInstanceId)
{
    HKEY Key;

    if (ConnectionOpen(GuidText, TRUE, KEY_READ | KEY_WRITE, &Key) != ERROR_SUCCESS)
        return;
    if (RegQueryValueExW(Key, L"Name", NULL, NULL, NULL, NULL) != ERROR_SUCCESS)
        DefaultName(Key, GuidText);
    SetText(Key, L"PnPInstanceId", DeviceInstanceId);
    SetNumber(Key, L"MediaSubType", 1);
    RegCloseKey(Key);
}

/* ---- The INF
 * ------------------------------------------------------------------------------------------ */

static void
CopyNumber(HINF Inf, const WCHAR *Section, HKEY DriverKey, const WCHAR *Name)
{
    INFCONTEXT Line;
    INT Number;

    if (SetupFindFirstLineW(Inf, Section, Name, &Line) && SetupGetIntField(&Line, 1, &Number))
        SetNumber(DriverKey, Name, (DWORD)Number);
}

/* "DriverVer = month/day/year,version": Wine's SetupAPI does not tell it otherwise. */
static void
DriverVersion(HINF Inf, HKEY DriverKey)
{
    WCHAR Text[LINE_LEN];
    DWORD Part[3] = {0};
    unsigned Parts = 0;
    SYSTEMTIME Time = {0};
    FILETIME Date;
    INFCONTEXT Line;

    if (!SetupFindFirstLineW(Inf, L"Version", L"DriverVer", &Line))
        return;
    if (SetupGetStringFieldW(&Line, 2, Text, LINE_LEN, NULL))
        SetText(DriverKey, L"DriverVersion", Text);
    if (!SetupGetStringFieldW(&Line, 1, Text, LINE_LEN, NULL))
        return;
    for (WCHAR *At = Text; *At != 0; At++)
    {
        if (*At >= L'0' && *At <= L'9')
            Part[Parts] = Part[Parts] * 10 + (DWORD)(*At - L'0');
        else if (++Parts == sizeof(Part) / sizeof(Part[0]))
            return;
        else
            *At = L'-';
    }
    SetText(DriverKey, L"DriverDate", Text);
    Time.wMonth = (WORD)Part[0];
    Time.wDay = (WORD)Part[1];
    Time.wYear = (WORD)Part[2];
    if (SystemTimeToFileTime(&Time, &Date))
        RegSetValueExW(DriverKey, L"DriverDateData", 0, REG_BINARY, (const BYTE *)&Date,
                       sizeof(Date));
}

/*
 * Wine's device manager may not have been told that an earlier device of this name has gone,
 * because the process that removed it was killed; it would take the new one for that, and not start
 * it. As the new one's key does not name its service yet, a look now removes the earlier one.
 */
static void
ForgetEarlierDevice(HINF Inf, const WCHAR *Section)
{
    static const WCHAR Suffix[] = L".Services";
    WCHAR Services[LINE_LEN + ARRAYSIZE(Suffix)], Service[LINE_LEN];
    INFCONTEXT Line;

    lstrcpyW(Services, Section);
    lstrcatW(Services, Suffix);
    if (SetupFindFirstLineW(Inf, Services, L"AddService", &Line) &&
        SetupGetStringFieldW(&Line, 1, Service, LINE_LEN, NULL))
        DeviceManagerLookAgain(Service, FALSE);
}

static void
InfValues(HDEVINFO Devices, SP_DEVINFO_DATA *Device, SP_DRVINFO_DATA_W *Driver, HKEY DriverKey)
{
    static const WCHAR *const Names[] = {L"Characteristics",    L"*IfType", L"*MediaType",
                                         L"*PhysicalMediaType", L"BusType", L"EnableDhcp"};
    union {
        SP_DRVINFO_DETAIL_DATA_W Detail;
        BYTE Space[sizeof(SP_DRVINFO_DETAIL_DATA_W) + 512 * sizeof(WCHAR)];
    } *Buffer = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof(*Buffer));
    WCHAR Section[LINE_LEN];
    HINF Inf;

    if (Buffer == NULL)
        return;
    Buffer->Detail.cbSize = sizeof(Buffer->Detail);
    if (SetupDiGetDriverInfoDetailW(Devices, Device, Driver, &Buffer->Detail, sizeof(*Buffer),
                                    NULL) ||
        GetLastError() == ERROR_INSUFFICIENT_BUFFER)
    {
        SetText(DriverKey, L"ComponentId", Buffer->Detail.HardwareID);
        SetText(DriverKey, L"MatchingDeviceId", Buffer->Detail.HardwareID);
        Inf = SetupOpenInfFileW(Buffer->Detail.InfFileName, NULL, INF_STYLE_WIN4, NULL);
        if (Inf != INVALID_HANDLE_VALUE)
        {
            DriverVersion(Inf, DriverKey);
            if (SetupDiGetActualSectionToInstallW(Inf, Buffer->Detail.SectionName, Section,
                                                  LINE_LEN, NULL, NULL))
            {
                ForgetEarlierDevice(Inf, Section);
                for (unsigned Index = 0; Index < sizeof(Names) / sizeof(Names[0]); Index++)
                    CopyNumber(Inf, Section, DriverKey, Names[Index]);
            }
            SetupCloseInfFile(Inf);
        }
    }
    HeapFree(GetProcessHeap(), 0, Buffer);
}

static void
DriverValues(HDEVINFO Devices, SP_DEVINFO_DATA *Device, HKEY DriverKey)
{
    SP_DRVINFO_DATA_W *Driver = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof(*Driver));

    if (Driver == NULL)
        return;
    Driver->cbSize = sizeof(*Driver);
    if (SetupDiGetSelectedDriverW(Devices, Device, Driver))
    {
        SetText(DriverKey, L"DriverDesc", Driver->Description);
        SetText(DriverKey, L"ProviderName", Driver->ProviderName);
        InfValues(Devices, Device, Driver, DriverKey);
    }
    HeapFree(GetProcessHeap(), 0, Driver);
}

/* ---- Install and remove
 * ---------------------------------------------------------------------------------- */

static DWORD
Install(HDEVINFO Devices, SP_DEVINFO_DATA *Device)
{
    WCHAR GuidText[GUID_CHARACTERS];
    WCHAR DeviceInstanceId[200];
    HKEY Key =
        SetupDiOpenDevRegKey(Devices, Device, DICS_FLAG_GLOBAL, 0, DIREG_DRV, KEY_ALL_ACCESS);
    DWORD Error;

    if (Key == INVALID_HANDLE_VALUE)
        Key = SetupDiCreateDevRegKeyW(Devices, Device, DICS_FLAG_GLOBAL, 0, DIREG_DRV, NULL, NULL);
    if (Key == INVALID_HANDLE_VALUE)
        return GetLastError();
    Error = InstanceId(Key, GuidText);
    if (Error == ERROR_SUCCESS &&
        !SetupDiGetDeviceInstanceIdW(Devices, Device, DeviceInstanceId,
                                     sizeof(DeviceInstanceId) / sizeof(WCHAR), NULL))
        Error = GetLastError();
    if (Error == ERROR_SUCCESS)
    {
        SetText(Key, L"DeviceInstanceID", DeviceInstanceId);
        DriverValues(Devices, Device, Key);
        Linkage(Key, GuidText);
        if (RegQueryValueExW(Key, L"NetLuidIndex", NULL, NULL, NULL, NULL) != ERROR_SUCCESS)
            SetNumber(Key, L"NetLuidIndex", 0);
        Connection(GuidText, DeviceInstanceId);
    }
    RegCloseKey(Key);
    /* SetupAPI does the rest, and starts the device. */
    return Error != ERROR_SUCCESS ? Error : ERROR_DI_DO_DEFAULT;
}

static DWORD
Remove(HDEVINFO Devices, SP_DEVINFO_DATA *Device)
{
    WCHAR GuidText[GUID_CHARACTERS];
    DWORD Bytes = sizeof(GuidText);
    HKEY Key = SetupDiOpenDevRegKey(Devices, Device, DICS_FLAG_GLOBAL, 0, DIREG_DRV, KEY_READ);

    if (Key != INVALID_HANDLE_VALUE)
    {
        if (RegGetValueW(Key, NULL, L"NetCfgInstanceId", RRF_RT_REG_SZ, NULL, GuidText, &Bytes) ==
            ERROR_SUCCESS)
            ConnectionDelete(GuidText);
        RegCloseKey(Key);
    }
    return ERROR_DI_DO_DEFAULT;
}

/* The class installer: DDI "class installer function". */
__declspec(dllexport) DWORD CALLBACK
NetClassInstaller(DI_FUNCTION Function, HDEVINFO Devices, SP_DEVINFO_DATA *Device)
{
    if (Device == NULL)
        return ERROR_DI_DO_DEFAULT;
    if (Function == DIF_INSTALLDEVICE)
        return Install(Devices, Device);
    if (Function == DIF_REMOVE)
        return Remove(Devices, Device);
    return ERROR_DI_DO_DEFAULT;
}
