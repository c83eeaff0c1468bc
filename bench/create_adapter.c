/* SPDX-License-Identifier: MIT */
/*
 * How long WintunCreateAdapter takes, with the driver in the store already, beside the bare
 * SetupAPI calls that make and remove a device with the same driver, in turns. The DLL's steps are
 * told apart by the times of its log lines. Prints a table: the median, the fastest and the slowest
 * of ROUNDS, in milliseconds. The first creation, which also adds the driver to the store, is a
 * line of its own.
 */
#include "wintun.h"
#include <initguid.h>
#include <devguid.h>
#include <setupapi.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#define ROUNDS 21
#define POOL   L"Bench"
#define NAME   L"bench0"

typedef enum STEP
{
    DLL_FIRST,
    DLL_CREATE,
    DLL_DEVICE,
    DLL_ADAPTER,
    DLL_RETURN,
    DLL_DELETE,
    BARE_CREATE,
    BARE_ELEMENT,
    BARE_SELECT,
    BARE_REGISTER,
    BARE_INSTALL,
    BARE_REMOVE,
    STEPS
} STEP;

static const char *const StepNames[STEPS] = {
    "dll\tfirst creation, adds the driver",
    "dll\tWintunCreateAdapter",
    "dll\t- until \"Created device\": installed and running",
    "dll\t- until \"Created adapter\": named, in its pool",
    "dll\t- until it returns",
    "dll\tWintunDeleteAdapter",
    "bare\tall to the installed device",
    "bare\t- element and hardware id",
    "bare\t- driver list, DIF_SELECTBESTCOMPATDRV",
    "bare\t- DIF_REGISTERDEVICE",
    "bare\t- DIF_INSTALLDEVICE",
    "bare\tDIF_REMOVE",
};

static WINTUN_CREATE_ADAPTER_FUNC CreateAdapter;
static WINTUN_DELETE_ADAPTER_FUNC DeleteAdapter;
static WINTUN_FREE_ADAPTER_FUNC FreeAdapter;
static WINTUN_DELETE_POOL_DRIVER_FUNC DeletePoolDriver;
static WINTUN_SET_LOGGER_FUNC SetLogger;

static double Times[STEPS][ROUNDS];
static double DeviceLine, AdapterLine;
static WCHAR InfPath[MAX_PATH];

static double
Now(void)
{
    LARGE_INTEGER Count, Frequency;
    QueryPerformanceCounter(&Count);
    QueryPerformanceFrequency(&Frequency);
    return (double)Count.QuadPart * 1000.0 / (double)Frequency.QuadPart;
}

static BOOL
Failed(const char *What)
{
    fprintf(stderr, "%s: error %lu\n", What, GetLastError());
    return FALSE;
}

static BOOL CALLBACK
Logger(WINTUN_LOGGER_LEVEL Level, const WCHAR *Message)
{
    static const WCHAR Added[] = L"to the driver store as ";
    const WCHAR *Path = wcsstr(Message, Added);
    if (Path != NULL)
        lstrcpynW(InfPath, Path + wcslen(Added), MAX_PATH);
    else if (wcsncmp(Message, L"Created device", 14) == 0)
        DeviceLine = Now();
    else if (wcsncmp(Message, L"Created adapter", 15) == 0)
        AdapterLine = Now();
    if (Level != WINTUN_LOG_INFO)
        fprintf(stderr, "%ls\n", Message);
    return TRUE;
}

static BOOL
Load(void)
{
    HMODULE Dll = LoadLibraryW(L"culvert.dll");
    if (Dll == NULL)
        return FALSE;
    CreateAdapter = (WINTUN_CREATE_ADAPTER_FUNC)GetProcAddress(Dll, "WintunCreateAdapter");
    DeleteAdapter = (WINTUN_DELETE_ADAPTER_FUNC)GetProcAddress(Dll, "WintunDeleteAdapter");
    FreeAdapter = (WINTUN_FREE_ADAPTER_FUNC)GetProcAddress(Dll, "WintunFreeAdapter");
    DeletePoolDriver =
        (WINTUN_DELETE_POOL_DRIVER_FUNC)GetProcAddress(Dll, "WintunDeletePoolDriver");
    SetLogger = (WINTUN_SET_LOGGER_FUNC)GetProcAddress(Dll, "WintunSetLogger");
    return CreateAdapter && DeleteAdapter && FreeAdapter && DeletePoolDriver && SetLogger;
}

static BOOL
First(void)
{
    double Start = Now();
    WINTUN_ADAPTER_HANDLE Adapter = CreateAdapter(POOL, NAME, NULL, NULL);
    if (Adapter == NULL)
        return Failed("WintunCreateAdapter");
    double End = Now();
    for (unsigned Round = 0; Round < ROUNDS; Round++)
        Times[DLL_FIRST][Round] = End - Start;
    BOOL Deleted = DeleteAdapter(Adapter, FALSE, NULL);
    FreeAdapter(Adapter);
    if (InfPath[0] == L'\0')
    {
        SetLastError(ERROR_ALREADY_EXISTS);
        return Failed("the driver was in the store before");
    }
    return Deleted ? TRUE : Failed("WintunDeleteAdapter");
}

static BOOL
ByDll(unsigned Round)
{
    double Start = Now();
    WINTUN_ADAPTER_HANDLE Adapter = CreateAdapter(POOL, NAME, NULL, NULL);
    double End = Now();
    if (Adapter == NULL)
        return Failed("WintunCreateAdapter");
    Times[DLL_CREATE][Round] = End - Start;
    Times[DLL_DEVICE][Round] = DeviceLine - Start;
    Times[DLL_ADAPTER][Round] = AdapterLine - DeviceLine;
    Times[DLL_RETURN][Round] = End - AdapterLine;
    Start = Now();
    BOOL Deleted = DeleteAdapter(Adapter, FALSE, NULL);
    Times[DLL_DELETE][Round] = Now() - Start;
    FreeAdapter(Adapter);
    return Deleted ? TRUE : Failed("WintunDeleteAdapter");
}

/* Only the INF that the DLL has put into the store is looked at, and no file is copied, as the DLL
 * does. */
static BOOL
Select(HDEVINFO Set, SP_DEVINFO_DATA *Device)
{
    SP_DEVINSTALL_PARAMS_W Params = {.cbSize = sizeof(Params)};
    if (!SetupDiGetDeviceInstallParamsW(Set, Device, &Params))
        return Failed("SetupDiGetDeviceInstallParams");
    Params.Flags |= DI_QUIETINSTALL | DI_ENUMSINGLEINF | DI_NOFILECOPY;
    lstrcpyW(Params.DriverPath, InfPath);
    if (!SetupDiSetDeviceInstallParamsW(Set, Device, &Params))
        return Failed("SetupDiSetDeviceInstallParams");
    if (!SetupDiBuildDriverInfoList(Set, Device, SPDIT_COMPATDRIVER))
        return Failed("SetupDiBuildDriverInfoList");
    if (!SetupDiCallClassInstaller(DIF_SELECTBESTCOMPATDRV, Set, Device))
        return Failed("DIF_SELECTBESTCOMPATDRV");
    return TRUE;
}

static BOOL
Element(HDEVINFO Set, SP_DEVINFO_DATA *Device)
{
    static const WCHAR Ids[] = L"Culvert\0";
    if (!SetupDiCreateDeviceInfoW(Set, L"Culvert", &GUID_DEVCLASS_NET, NULL, NULL, DICD_GENERATE_ID,
                                  Device))
        return Failed("SetupDiCreateDeviceInfo");
    if (!SetupDiSetDeviceRegistryPropertyW(Set, Device, SPDRP_HARDWAREID, (const BYTE *)Ids,
                                           sizeof(Ids)))
        return Failed("SetupDiSetDeviceRegistryProperty");
    return TRUE;
}

static BOOL
Install(HDEVINFO Set, unsigned Round)
{
    SP_DEVINFO_DATA Device = {.cbSize = sizeof(Device)};
    double Start = Now(), Last = Start;
    if (!Element(Set, &Device))
        return FALSE;
    Times[BARE_ELEMENT][Round] = Now() - Last;
    Last = Now();
    if (!Select(Set, &Device))
        return FALSE;
    Times[BARE_SELECT][Round] = Now() - Last;
    Last = Now();
    if (!SetupDiCallClassInstaller(DIF_REGISTERDEVICE, Set, &Device))
        return Failed("DIF_REGISTERDEVICE");
    Times[BARE_REGISTER][Round] = Now() - Last;
    Last = Now();
    BOOL Installed = SetupDiCallClassInstaller(DIF_INSTALLDEVICE, Set, &Device);
    if (!Installed)
        Failed("DIF_INSTALLDEVICE");
    Times[BARE_INSTALL][Round] = Now() - Last;
    Last = Now();
    Times[BARE_CREATE][Round] = Last - Start;
    if (!SetupDiCallClassInstaller(DIF_REMOVE, Set, &Device))
        return Failed("DIF_REMOVE");
    Times[BARE_REMOVE][Round] = Now() - Last;
    return Installed;
}

static BOOL
Bare(unsigned Round)
{
    HDEVINFO Set = SetupDiCreateDeviceInfoList(&GUID_DEVCLASS_NET, NULL);
    if (Set == INVALID_HANDLE_VALUE)
        return Failed("SetupDiCreateDeviceInfoList");
    BOOL Done = Install(Set, Round);
    SetupDiDestroyDeviceInfoList(Set);
    return Done;
}

static int
Compare(const void *Left, const void *Right)
{
    double A = *(const double *)Left, B = *(const double *)Right;
    return (A > B) - (A < B);
}

int
main(void)
{
    if (!Load())
        return Failed("loading culvert.dll"), 1;
    SetLogger(Logger);
    if (!DeletePoolDriver(POOL, NULL))
        return Failed("WintunDeletePoolDriver"), 1;
    BOOL Done = First();
    for (unsigned Round = 0; Done && Round < ROUNDS; Round++)
        Done = ByDll(Round) && Bare(Round);
    if (!DeletePoolDriver(POOL, NULL))
        return Failed("WintunDeletePoolDriver"), 1;
    if (!Done)
        return 1;
    _setmode(_fileno(stdout), _O_BINARY); /* lines end as the other tables' do */
    printf("program\tstep\tmedian_ms\tfastest_ms\tslowest_ms\n");
    for (unsigned Step = 0; Step < STEPS; Step++)
    {
        qsort(Times[Step], ROUNDS, sizeof(double), Compare);
        printf("%s\t%.2f\t%.2f\t%.2f\n", StepNames[Step], Times[Step][ROUNDS / 2], Times[Step][0],
               Times[Step][ROUNDS - 1]);
    }
    return 0;
}
