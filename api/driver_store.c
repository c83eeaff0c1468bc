/* SPDX-License-Identifier: MIT */
/* Our packages in the system's driver store: see driver_store.h. */
#include "driver_store.h"
#include "device.h"
#include <devguid.h>

#ifdef __MINGW32__
/* Missing from mingw-w64's setupapi.h. */
WINSETUPAPI BOOL WINAPI
SetupGetInfDriverStoreLocationW(PCWSTR FileName, PSP_ALTPLATFORM_INFO AlternatePlatformInfo,
                                PCWSTR LocaleName, PWSTR ReturnBuffer, DWORD ReturnBufferSize,
                                PDWORD RequiredSize);
#endif

#define VERSION_CHARACTERS 32
#define DETAIL_BYTES       (sizeof(SP_DRVINFO_DETAIL_DATA_W) + 1024)

DWORD
DriverStoreOpen(DRIVER_STORE *Store, WINTUN_LOGGER_LEVEL Level)
{
    /* A list of two strings, the second one empty. */
    static const WCHAR HardwareIds[] = DEVICE_HARDWARE_ID L"\0";
    DWORD Error;

    Store->Next = 0;
    Store->Data.cbSize = sizeof(Store->Data);
    Store->Set = SetupDiCreateDeviceInfoListExW(&GUID_DEVCLASS_NET, NULL, NULL, NULL);
    if (Store->Set == INVALID_HANDLE_VALUE)
        return LogFailure(Level, GetLastError(), L"Cannot make a device list");
    if (SetupDiCreateDeviceInfoW(Store->Set, DEVICE_HARDWARE_ID, &GUID_DEVCLASS_NET, NULL, NULL,
                                 DICD_GENERATE_ID, &Store->Data) &&
        SetupDiSetDeviceRegistryPropertyW(Store->Set, &Store->Data, SPDRP_HARDWAREID,
                                          (const BYTE *)HardwareIds, sizeof(HardwareIds)) &&
        SetupDiBuildDriverInfoList(Store->Set, &Store->Data, SPDIT_COMPATDRIVER))
        return ERROR_SUCCESS;
    Error = LogFailure(Level, GetLastError(), L"Cannot look into the driver store");
    DriverStoreClose(Store);
    return Error;
}

void
DriverStoreClose(DRIVER_STORE *Store)
{
    SetupDiDestroyDriverInfoList(Store->Set, &Store->Data, SPDIT_COMPATDRIVER);
    /* The device was never registered, so it goes with the list. */
    SetupDiDestroyDeviceInfoList(Store->Set);
}

/* "A.B.C.D"; missing parts are 0. */
static BOOL
ParseVersion(const WCHAR *Text, DRIVER_VERSION *Version)
{
    *Version = 0;
    for (int Part = 3; Part >= 0; Part--)
    {
        DWORD Value = 0;
        if (*Text < L'0' || *Text > L'9')
            return FALSE;
        while (*Text >= L'0' && *Text <= L'9' && Value <= 0xFFFF)
            Value = Value * 10 + (DWORD)(*Text++ - L'0');
        if (Value > 0xFFFF)
            return FALSE;
        *Version |= (DRIVER_VERSION)Value << (16 * Part);
        if (*Text == L'\0')
            return TRUE;
        if (*Text++ != L'.')
            return FALSE;
    }
    return FALSE;
}

/* From the INF itself: SP_DRVINFO_DATA has the version on Windows only. */
static BOOL
ReadInfVersion(const WCHAR *InfPath, DRIVER_VERSION *Version)
{
    HINF Inf = SetupOpenInfFileW(InfPath, NULL, INF_STYLE_WIN4, NULL);
    WCHAR Text[VERSION_CHARACTERS];
    INFCONTEXT Context;
    BOOL Read;

    if (Inf == INVALID_HANDLE_VALUE)
        return FALSE;
    Read = SetupFindFirstLineW(Inf, L"Version", L"DriverVer", &Context) &&
           SetupGetStringFieldW(&Context, 2, Text, VERSION_CHARACTERS, NULL) &&
           ParseVersion(Text, Version);
    SetupCloseInfFile(Inf);
    return Read;
}

/* FALSE with ERROR_NO_MORE_ITEMS at the end; *Package is left alone if the driver is not ours. */
static BOOL
GetStored(DRIVER_STORE *Store, SP_DRVINFO_DATA_W *Driver, SP_DRVINFO_DETAIL_DATA_W *Detail,
          STORED_PACKAGE *Package, BOOL *Found)
{
    *Found = FALSE;
    Driver->cbSize = sizeof(*Driver);
    if (!SetupDiEnumDriverInfoW(Store->Set, &Store->Data, SPDIT_COMPATDRIVER, Store->Next, Driver))
        return FALSE;
    Store->Next++;
    if (!DeviceNamesEqual(Driver->ProviderName, DEVICE_PROVIDER))
        return TRUE;
    Detail->cbSize = sizeof(*Detail);
    if (!SetupDiGetDriverInfoDetailW(Store->Set, &Store->Data, Driver, Detail, DETAIL_BYTES,
                                     NULL) &&
        GetLastError() != ERROR_INSUFFICIENT_BUFFER)
    {
        LogWarningError(GetLastError(), L"Cannot read about a driver in the store");
        return TRUE;
    }
    if (!ReadInfVersion(Detail->InfFileName, &Package->Version))
        Package->Version = 0;
    lstrcpynW(Package->InfPath, Detail->InfFileName, MAX_PATH);
    *Found = TRUE;
    return TRUE;
}

BOOL
DriverStoreNext(DRIVER_STORE *Store, STORED_PACKAGE *Package)
{
    /* Too large for the stack of a DLL without a runtime. */
    SP_DRVINFO_DATA_W *Driver =
        HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof(*Driver) + DETAIL_BYTES);
    BOOL Found = FALSE;

    if (!Driver)
    {
        LogWarningError(ERROR_NOT_ENOUGH_MEMORY, L"Cannot read the driver store");
        return FALSE;
    }
    while (!Found &&
           GetStored(Store, Driver, (SP_DRVINFO_DETAIL_DATA_W *)(Driver + 1), Package, &Found))
        ;
    HeapFree(GetProcessHeap(), 0, Driver);
    return Found;
}

DWORD
DriverStoreAdd(const WCHAR *SourceInf, WCHAR *InfPath)
{
    if (!SetupCopyOEMInfW(SourceInf, NULL, SPOST_PATH, 0, InfPath, MAX_PATH, NULL, NULL))
        return LogLastError(L"Cannot add the driver to the driver store");
    return ERROR_SUCCESS;
}

static const WCHAR *
LastComponent(const WCHAR *Path)
{
    const WCHAR *Name = Path;

    for (; *Path; Path++)
    {
        if (*Path == L'\\' || *Path == L'/')
            Name = Path + 1;
    }
    return Name;
}

BOOL
DriverStoreIsSame(const WCHAR *LeftInf, const WCHAR *RightInf)
{
    return DeviceNamesEqual(LastComponent(LeftInf), LastComponent(RightInf));
}

DWORD
DriverStoreRemove(const WCHAR *InfPath, WINTUN_LOGGER_LEVEL Level)
{
    WCHAR Path[MAX_PATH];
    const WCHAR *Name;
    WCHAR *Extension;

    lstrcpynW(Path, InfPath, MAX_PATH);
    Name = LastComponent(Path);
    if (!SetupUninstallOEMInfW(Name, SUOI_FORCEDELETE, NULL))
        return LogFailure(Level, GetLastError(), L"Cannot remove %s from the driver store",
                          InfPath);
    LogInfo(L"Removed %s from the driver store", InfPath);
    /* Wine leaves the file that it made beside the INF. */
    Extension = Path + lstrlenW(Path) - 4;
    if (Extension > Name && DeviceNamesEqual(Extension, L".inf"))
    {
        lstrcpyW(Extension, L".pnf");
        DeleteFileW(Path);
    }
    return ERROR_SUCCESS;
}

DWORD
DriverStoreGetFile(const WCHAR *InfPath, const WCHAR *Name, WCHAR *Path)
{
    WCHAR *Last;

    /* The place of the INF; the package's other files lie beside it. */
    if (!SetupGetInfDriverStoreLocationW(InfPath, NULL, NULL, Path, MAX_PATH, NULL))
        return GetLastError();
    Last = Path + (LastComponent(Path) - Path);
    if (Last - Path + lstrlenW(Name) >= MAX_PATH)
        return ERROR_BUFFER_OVERFLOW;
    lstrcpyW(Last, Name);
    return ERROR_SUCCESS;
}
