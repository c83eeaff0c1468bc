/* SPDX-License-Identifier: MIT */
/* The driver's package on the computer: damaged, half there, and other vendors' that look like it.
 */
#include "selftest.h"
#include <setupapi.h>
#include <devguid.h>
#include <stdio.h>

#define SERVICE       L"culvert"
#define PROVIDER_TEXT "Culvert.Provider"
#define MOST_BYTES    0x1000000u

/* A file's content. */
typedef struct CONTENT
{
    BYTE *Data;
    DWORD Bytes;
} CONTENT;

static void
WindowsPath(WCHAR Path[MAX_PATH], const WCHAR *Below)
{
    GetSystemWindowsDirectoryW(Path, MAX_PATH);
    lstrcatW(Path, Below);
}

static void
ImagePath(WCHAR Path[MAX_PATH])
{
    GetSystemDirectoryW(Path, MAX_PATH);
    lstrcatW(Path, L"\\drivers\\culvert.sys");
}

static BOOL
ContentRead(const WCHAR *Path, CONTENT *Content)
{
    HANDLE File = CreateFileW(Path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, 0, NULL);
    DWORD Size, Read = 0;

    Content->Data = NULL;
    if (File == INVALID_HANDLE_VALUE)
        return FALSE;
    Size = GetFileSize(File, NULL);
    if (Size <= MOST_BYTES)
        Content->Data = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, Size + 1);
    Content->Bytes = Size;
    if (Content->Data && (!ReadFile(File, Content->Data, Size, &Read, NULL) || Read != Size))
    {
        HeapFree(GetProcessHeap(), 0, Content->Data);
        Content->Data = NULL;
    }
    CloseHandle(File);
    return Content->Data != NULL;
}

static void
ContentFree(CONTENT *Content)
{
    if (Content->Data)
        HeapFree(GetProcessHeap(), 0, Content->Data);
    Content->Data = NULL;
}

static BOOL
FileWrite(const WCHAR *Path, const void *Data, DWORD Bytes)
{
    HANDLE File = CreateFileW(Path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    DWORD Written = 0;
    BOOL Good;

    if (File == INVALID_HANDLE_VALUE)
        return FALSE;
    Good = WriteFile(File, Data, Bytes, &Written, NULL) && Written == Bytes;
    CloseHandle(File);
    return Good;
}

static BOOL
FileHas(const WCHAR *Path, const void *Data, DWORD Bytes)
{
    CONTENT Content;
    BOOL Same = ContentRead(Path, &Content) && Content.Bytes == Bytes &&
                memcmp(Content.Data, Data, Bytes) == 0;

    ContentFree(&Content);
    return Same;
}

/* Only Wine's store is looked into: a folder of INFs. */
int
PackageCount(WCHAR Path[MAX_PATH])
{
    WCHAR Candidate[MAX_PATH];
    WIN32_FIND_DATAW Found;
    HANDLE Search;
    int Count = 0;

    WindowsPath(Candidate, L"\\inf\\*.inf");
    Search = FindFirstFileW(Candidate, &Found);
    if (Search == INVALID_HANDLE_VALUE)
        return 0;
    do
    {
        CONTENT Content;
        WindowsPath(Candidate, L"\\inf\\");
        lstrcatW(Candidate, Found.cFileName);
        if (!ContentRead(Candidate, &Content))
            continue;
        if (strstr((char *)Content.Data, PROVIDER_TEXT))
        {
            ++Count;
            lstrcpyW(Path, Candidate);
        }
        ContentFree(&Content);
    } while (FindNextFileW(Search, &Found));
    FindClose(Search);
    return Count;
}

/* ---- Damage: each does one thing to a driver that is installed and not loaded ---------------- */

static BOOL
DamageImageMissing(void)
{
    WCHAR Path[MAX_PATH];

    ImagePath(Path);
    return DeleteFileW(Path);
}

/* As a process leaves it that dies while it replaces the driver. */
static BOOL
DamageImageAside(void)
{
    WCHAR Path[MAX_PATH], Aside[MAX_PATH];

    ImagePath(Path);
    lstrcpyW(Aside, Path);
    lstrcatW(Aside, L".old");
    return MoveFileW(Path, Aside);
}

/* Writes the image again, the first Keep bytes of it, with one byte changed at Change. */
static BOOL
RewriteImage(DWORD Keep, DWORD Change)
{
    WCHAR Path[MAX_PATH];
    CONTENT Content;
    BOOL Good;

    ImagePath(Path);
    if (!ContentRead(Path, &Content))
        return FALSE;
    if (Change < Content.Bytes)
        Content.Data[Change] ^= 0x40;
    Good = FileWrite(Path, Content.Data, min(Keep, Content.Bytes));
    ContentFree(&Content);
    return Good;
}

static BOOL
DamageImageCut(void)
{
    return RewriteImage(5000, MAXDWORD);
}

static BOOL
DamageImageEmpty(void)
{
    return RewriteImage(0, MAXDWORD);
}

static BOOL
DamageImageByte(void)
{
    return RewriteImage(MAXDWORD, 6000);
}

static BOOL
DamageInfMissing(void)
{
    WCHAR Path[MAX_PATH];

    return PackageCount(Path) == 1 && DeleteFileW(Path);
}

/* Replaces the first From in the INF by To, which is as long. */
static BOOL
RewriteInf(const char *From, const char *To)
{
    WCHAR Path[MAX_PATH];
    CONTENT Content;
    char *Place;
    BOOL Good;

    if (PackageCount(Path) != 1 || !ContentRead(Path, &Content))
        return FALSE;
    Place = strstr((char *)Content.Data, From);
    if (Place)
        memcpy(Place, To, strlen(To));
    Good = Place && FileWrite(Path, Content.Data, Content.Bytes);
    ContentFree(&Content);
    return Good;
}

BOOL
DamageInfChanged(void)
{
    return RewriteInf("%12%\\culvert.sys", "%12%\\nowhere.sys");
}

static BOOL
DamageInfVersion(void)
{
    return RewriteInf("DriverVer ", "DriverOld ");
}

/* Says to be newer than its image. */
static BOOL
DamageInfNewer(void)
{
    return RewriteInf(".0.0", ".9.9");
}

static BOOL
WithService(DWORD Access, BOOL (*Do)(SC_HANDLE Service))
{
    SC_HANDLE Manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT),
              Service = Manager ? OpenServiceW(Manager, SERVICE, Access) : NULL;
    BOOL Good = Service && Do(Service);

    if (Service)
        CloseServiceHandle(Service);
    if (Manager)
        CloseServiceHandle(Manager);
    return Good;
}

static BOOL
DeleteIt(SC_HANDLE Service)
{
    return DeleteService(Service);
}

static BOOL
DamageServiceMissing(void)
{
    return WithService(DELETE, DeleteIt);
}

static BOOL
PointElsewhere(SC_HANDLE Service)
{
    return ChangeServiceConfigW(Service, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE,
                                L"\\SystemRoot\\System32\\drivers\\elsewhere.sys", NULL, NULL, NULL,
                                NULL, NULL, NULL);
}

static BOOL
DamageServiceElsewhere(void)
{
    return WithService(SERVICE_CHANGE_CONFIG, PointElsewhere);
}

static BOOL
Disable(SC_HANDLE Service)
{
    return ChangeServiceConfigW(Service, SERVICE_NO_CHANGE, SERVICE_DISABLED, SERVICE_NO_CHANGE,
                                NULL, NULL, NULL, NULL, NULL, NULL, NULL);
}

static BOOL
DamageServiceDisabled(void)
{
    return WithService(SERVICE_CHANGE_CONFIG, Disable);
}

static BOOL
StopAndWait(SC_HANDLE Service)
{
    SERVICE_STATUS Status;

    ControlService(Service, SERVICE_CONTROL_STOP, &Status);
    for (int Round = 0; Round < SOON_MILLISECONDS / 10; ++Round)
    {
        if (QueryServiceStatus(Service, &Status) && Status.dwCurrentState == SERVICE_STOPPED)
            return TRUE;
        Sleep(10);
    }
    return FALSE;
}

BOOL
DriverUnload(void)
{
    return WithService(SERVICE_STOP | SERVICE_QUERY_STATUS, StopAndWait);
}

static const struct
{
    const char *What;
    BOOL (*Do)(void);
} Damages[] = {{"without its image", DamageImageMissing},
               {"whose image is put aside", DamageImageAside},
               {"whose image is cut off", DamageImageCut},
               {"whose image is empty", DamageImageEmpty},
               {"whose image has a wrong byte", DamageImageByte},

               {"without its INF", DamageInfMissing},
               {"whose INF was changed", DamageInfChanged},
               {"whose INF has no version", DamageInfVersion},
               {"whose INF is of another version than the image", DamageInfNewer},
               {"without its service", DamageServiceMissing},
               {"whose service has another image", DamageServiceElsewhere},
               {"whose service is disabled", DamageServiceDisabled}};

unsigned
DamagesOfImage(void)
{
    unsigned Count = 0;

    while (Damages[Count].Do != DamageInfMissing)
        ++Count;
    return Count;
}

BOOL
DamageImage(unsigned Index, const char **What)
{
    *What = Damages[Index].What;
    return Damages[Index].Do();
}

/* An adapter can be made, and the driver is as it was. */
static void
CheckRepaired(const char *What, const CONTENT *Image)
{
    WINTUN_ADAPTER_HANDLE Adapter = AdapterMake();
    WINTUN_SESSION_HANDLE Session = Adapter ? WintunStartSession(Adapter, CAPACITY) : NULL;
    WCHAR Path[MAX_PATH], Inf[MAX_PATH] = L"none";
    int Count;

    Check("package/damaged", Session != NULL, "a driver %s: the next adapter has a session", What);
    ImagePath(Path);
    Check("package/damaged", FileHas(Path, Image->Data, Image->Bytes), "the image is whole");
    lstrcatW(Path, L".old");
    Check("package/damaged", GetFileAttributesW(Path) == INVALID_FILE_ATTRIBUTES,
          "and none is put aside");
    Count = PackageCount(Inf);
    Check("package/damaged", Count == 1, "there is one package (%d, the last is %ls)", Count, Inf);
    WintunEndSession(Session);
    AdapterUnmake(Adapter);
}

void
DamagedPackage(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = AdapterMake();
    WCHAR Path[MAX_PATH];
    CONTENT Image;

    if (!Adapter)
        return;
    AdapterUnmake(Adapter);
    ImagePath(Path);
    if (!IsWine())
    {
        Skip("package/damaged", "Windows lets nobody change packages in its store");
        return;
    }
    if (!Check("package/damaged", ContentRead(Path, &Image), "the driver's image can be read"))
        return;
    for (size_t Index = 0; Index < ARRAYSIZE(Damages); ++Index)
    {
        if (Check("package/damaged", DriverUnload() && Damages[Index].Do(), "a driver %s",
                  Damages[Index].What))
            CheckRepaired(Damages[Index].What, &Image);
    }
    ContentFree(&Image);
    Check("package/damaged", WintunDeletePoolDriver(POOL, NULL) && !DriverIsInstalled(),
          "after all that, the driver can be removed");
}

/* ---- Other vendors' -------------------------------------------------------------------------- */

static const char ForeignInf[] =
    "[Version]\r\nSignature=\"$Windows NT$\"\r\nClass=Net\r\n"
    "ClassGUID={4D36E972-E325-11CE-BFC1-08002BE10318}\r\nProvider=\"Elsewhere\"\r\n"
    "DriverVer=01/01/2030,99.0.0.0\r\n"
    "[Manufacturer]\r\n\"Elsewhere\"=Models,NTamd64,NTx86,NTarm64\r\n"
    "[Models.NTamd64]\r\n\"Elsewhere Tunnel\"=Install,Culvert\r\n"
    "[Models.NTx86]\r\n\"Elsewhere Tunnel\"=Install,Culvert\r\n"
    "[Models.NTarm64]\r\n\"Elsewhere Tunnel\"=Install,Culvert\r\n"
    "[Install]\r\n[Install.Services]\r\nAddService=elsewhere,2,Service\r\n"
    "[Service]\r\nServiceType=1\r\nStartType=3\r\nErrorControl=1\r\n"
    "ServiceBinary=%12%\\elsewhere.sys\r\n";

void
ForeignPackage(void)
{
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;
    WCHAR Path[MAX_PATH];

    if (!IsWine())
    {
        Skip("package/foreign", "Windows takes no unsigned packages into its store");
        return;
    }
    WintunDeletePoolDriver(POOL, NULL);
    WindowsPath(Path, L"\\inf\\culvert.inf");
    Check("package/foreign", FileWrite(Path, ForeignInf, sizeof(ForeignInf) - 1),
          "another vendor's package with our INF's name, our hardware id and a higher version");
    Adapter = AdapterMake();
    Session = Adapter ? WintunStartSession(Adapter, CAPACITY) : NULL;
    Check("package/foreign", Session != NULL, "our driver is installed nevertheless");
    WintunEndSession(Session);
    AdapterUnmake(Adapter);
    Check("package/foreign", WintunDeletePoolDriver(POOL, NULL) && !DriverIsInstalled(),
          "and removed");
    Check("package/foreign", FileHas(Path, ForeignInf, sizeof(ForeignInf) - 1),
          "the other package is left alone");
    DeleteFileW(Path);
}

/* The command line of the service; FALSE if there is none. */
static BOOL
ServiceRuns(const WCHAR *Path)
{
    union {
        QUERY_SERVICE_CONFIGW Config;
        BYTE Space[8192];
    } Buffer;
    SC_HANDLE Manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT),
              Service = Manager ? OpenServiceW(Manager, SERVICE, SERVICE_QUERY_CONFIG) : NULL;
    DWORD Needed;
    BOOL Same = Service && QueryServiceConfigW(Service, &Buffer.Config, sizeof(Buffer), &Needed) &&
                lstrcmpiW(Buffer.Config.lpBinaryPathName, Path) == 0;

    if (Service)
        CloseServiceHandle(Service);
    if (Manager)
        CloseServiceHandle(Manager);
    return Same;
}

void
ForeignService(void)
{
    static const WCHAR Path[] = L"\\SystemRoot\\System32\\drivers\\elsewhere.sys";
    SC_HANDLE Manager, Service;

    WintunDeletePoolDriver(POOL, NULL);
    if (DriverIsInstalled())
    {
        Skip("package/foreign", "another pool on this computer has adapters");
        return;
    }
    Manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CREATE_SERVICE);
    Service = CreateServiceW(Manager, SERVICE, NULL, SERVICE_ALL_ACCESS, SERVICE_KERNEL_DRIVER,
                             SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL, Path, NULL, NULL, NULL,
                             NULL, NULL);
    if (Service)
        CloseServiceHandle(Service);
    CloseServiceHandle(Manager);
    Check("package/foreign", Service != NULL, "another vendor's service has our driver's name");
    Check("package/foreign", WintunDeletePoolDriver(POOL, NULL) && ServiceRuns(Path),
          "DeletePoolDriver leaves it alone");
    WithService(DELETE, DeleteIt);
}

/* A device with our hardware id that another vendor's driver runs. */
static BOOL
ForeignDeviceMake(HDEVINFO Set, SP_DEVINFO_DATA *Data)
{
    static const WCHAR HardwareIds[] = L"Culvert\0", Provider[] = L"Elsewhere";
    HKEY Key;
    LONG Error;

    if (!SetupDiCreateDeviceInfoW(Set, L"ELSEWHERE", &GUID_DEVCLASS_NET, NULL, NULL,
                                  DICD_GENERATE_ID, Data) ||
        !SetupDiSetDeviceRegistryPropertyW(Set, Data, SPDRP_HARDWAREID, (const BYTE *)HardwareIds,
                                           sizeof(HardwareIds)) ||
        !SetupDiCallClassInstaller(DIF_REGISTERDEVICE, Set, Data))
        return FALSE;
    Key = SetupDiCreateDevRegKeyW(Set, Data, DICS_FLAG_GLOBAL, 0, DIREG_DRV, NULL, NULL);
    if (Key == INVALID_HANDLE_VALUE)
        return FALSE;
    Error =
        RegSetValueExW(Key, L"ProviderName", 0, REG_SZ, (const BYTE *)Provider, sizeof(Provider));
    RegCloseKey(Key);
    return Error == ERROR_SUCCESS;
}

static BOOL
DeviceExists(const WCHAR *Id)
{
    HDEVINFO Set = SetupDiCreateDeviceInfoList(NULL, NULL);
    BOOL Exists = SetupDiOpenDeviceInfoW(Set, Id, NULL, 0, NULL);

    SetupDiDestroyDeviceInfoList(Set);
    return Exists;
}

void
ForeignDevice(void)
{
    HDEVINFO Set = SetupDiCreateDeviceInfoList(&GUID_DEVCLASS_NET, NULL);
    SP_DEVINFO_DATA Data = {.cbSize = sizeof(Data)};
    WINTUN_ADAPTER_HANDLE Adapter;
    WCHAR Id[MAX_PATH] = L"";

    if (!IsWine())
        Skip("package/foreign", "Windows would install our driver for such a device");
    else if (Check("package/foreign", ForeignDeviceMake(Set, &Data),
                   "a device with our hardware id and another vendor's driver"))
    {
        SetupDiGetDeviceInstanceIdW(Set, &Data, Id, MAX_PATH, NULL);
        Adapter = AdapterMake();
        AdapterUnmake(Adapter);
        Check("package/foreign", Adapter && DeviceExists(Id),
              "is not taken for an unfinished adapter of ours");
        Check("package/foreign", WintunDeletePoolDriver(POOL, NULL) && DeviceExists(Id),
              "nor deleted with a pool");
        Check("package/foreign", !DriverIsInstalled(), "and does not keep the driver installed");
        SetupDiCallClassInstaller(DIF_REMOVE, Set, &Data);
    }
    SetupDiDestroyDeviceInfoList(Set);
}

/* ---- What a process leaves that is killed while it unpacks ----------------------------------- */

static BOOL
Exists(const WCHAR *Below)
{
    WCHAR Path[MAX_PATH];

    WindowsPath(Path, Below);
    return GetFileAttributesW(Path) != INVALID_FILE_ATTRIBUTES;
}

void
LeftUnpacked(void)
{
    static const WCHAR Left[] = L"\\culvert-0123456789abcdef0123456789abcdef",
                       LeftFile[] = L"\\culvert-0123456789abcdef0123456789abcdef\\culvert.sys",
                       Other[] = L"\\culvert-0123456789abcdef0123456789abcdeg",
                       Short[] = L"\\culvert-0123",
                       File[] = L"\\culvert-fedcba98765432100123456789abcdef";
    WINTUN_ADAPTER_HANDLE Adapter;
    WCHAR Path[MAX_PATH];

    WindowsPath(Path, Left);
    Check("killed/unpacked", CreateDirectoryW(Path, NULL), "a directory of a process that died");
    WindowsPath(Path, LeftFile);
    FileWrite(Path, "MZ", 2);
    WindowsPath(Path, Other);
    CreateDirectoryW(Path, NULL);
    WindowsPath(Path, Short);
    CreateDirectoryW(Path, NULL);
    WindowsPath(Path, File);
    FileWrite(Path, "", 0);
    Adapter = AdapterMake();
    AdapterUnmake(Adapter);
    Check("killed/unpacked", Adapter && !Exists(Left), "the next CreateAdapter removes it");
    Check("killed/unpacked", Exists(Other) && Exists(Short) && Exists(File),
          "and nothing else that has such a name");
    WindowsPath(Path, Other);
    RemoveDirectoryW(Path);
    WindowsPath(Path, Short);
    RemoveDirectoryW(Path);
    WindowsPath(Path, File);
    DeleteFileW(Path);
}
