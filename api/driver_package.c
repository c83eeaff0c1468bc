/* SPDX-License-Identifier: MIT */
/* The driver's package: see driver_package.h. */
#include "driver_package.h"
#include "device.h"
#include "driver_store.h"
#include "driver_service.h"
#include "logger.h"
#include "namespace.h"
#include "resource.h"
#include "version.h"
#include <ntsecapi.h>

/* As culvert.inf has it. */
#define OWN_VERSION  DRIVER_VERSION_MAKE(CULVERT_VERSION_MAJOR, CULVERT_VERSION_MINOR, 0, 0)
#define RANDOM_BYTES 16
#define IMAGE_NAME   L"culvert.sys"
#define INF_NAME     L"culvert.inf"

/* Names of resources, which are also those of the files. */
static const WCHAR *const PackageFiles[] = {IMAGE_NAME, INF_NAME, L"culvert.cat"};

/* Length of "\" and the longest of the names, with the terminator. */
#define FILE_CHARACTERS 16

static DWORD
GetImagePath(WCHAR Path[MAX_PATH])
{
    static const WCHAR Below[] = L"\\drivers\\" IMAGE_NAME;
    UINT Length = GetSystemDirectoryW(Path, MAX_PATH - ARRAYSIZE(Below));

    if (Length == 0 || Length >= MAX_PATH - ARRAYSIZE(Below))
        return LogError(ERROR_BUFFER_OVERFLOW, L"Cannot find the system's directory");
    lstrcatW(Path, Below);
    return ERROR_SUCCESS;
}

/* "%WINDIR%\Temp\culvert-" and 32 random digits. */
static DWORD
MakeDirectoryName(WCHAR Path[MAX_PATH])
{
    static const WCHAR Below[] = L"\\Temp\\culvert-";
    static const WCHAR Digits[] = L"0123456789abcdef";
    const UINT Room = ARRAYSIZE(Below) + 2 * RANDOM_BYTES + FILE_CHARACTERS;
    BYTE Random[RANDOM_BYTES];
    UINT Length = GetSystemWindowsDirectoryW(Path, MAX_PATH - Room);
    WCHAR *End;

    if (Length == 0 || Length >= MAX_PATH - Room)
        return LogError(ERROR_BUFFER_OVERFLOW, L"Cannot find the directory of Windows");
    if (!RtlGenRandom(Random, RANDOM_BYTES))
        return LogError(ERROR_GEN_FAILURE, L"Cannot get random bytes");
    lstrcatW(Path, Below);
    End = Path + lstrlenW(Path);
    for (int i = 0; i < RANDOM_BYTES; i++)
    {
        *End++ = Digits[Random[i] >> 4];
        *End++ = Digits[Random[i] & 0xF];
    }
    *End = L'\0';
    return ERROR_SUCCESS;
}

static void
JoinPath(WCHAR Path[MAX_PATH], const WCHAR *Directory, const WCHAR *Name)
{
    lstrcpynW(Path, Directory, MAX_PATH - FILE_CHARACTERS);
    lstrcatW(Path, L"\\");
    lstrcatW(Path, Name);
}

static void
RemoveUnpacked(const WCHAR *Directory)
{
    WCHAR Path[MAX_PATH];

    for (DWORD i = 0; i < ARRAYSIZE(PackageFiles); i++)
    {
        JoinPath(Path, Directory, PackageFiles[i]);
        if (!DeleteFileW(Path) && GetLastError() != ERROR_FILE_NOT_FOUND)
            LogWarningError(GetLastError(), L"Cannot delete %s", Path);
    }
    if (!RemoveDirectoryW(Directory))
        LogWarningError(GetLastError(), L"Cannot remove directory %s", Directory);
}

/* Into a new directory that only administrators can look into. */
static DWORD
Unpack(WCHAR Directory[MAX_PATH])
{
    SECURITY_ATTRIBUTES Attributes = {sizeof(Attributes), NULL, FALSE};
    WCHAR Path[MAX_PATH];
    DWORD Error = MakeDirectoryName(Directory);

    if (Error == ERROR_SUCCESS)
        Error = NamespaceSecurityDescriptor(&Attributes.lpSecurityDescriptor);
    if (Error != ERROR_SUCCESS)
        return Error;
    if (!CreateDirectoryW(Directory, &Attributes))
        Error = LogLastError(L"Cannot create directory %s", Directory);
    LocalFree(Attributes.lpSecurityDescriptor);
    if (Error != ERROR_SUCCESS)
        return Error;
    for (DWORD i = 0; Error == ERROR_SUCCESS && i < ARRAYSIZE(PackageFiles); i++)
    {
        JoinPath(Path, Directory, PackageFiles[i]);
        Error = ResourceWriteFile(PackageFiles[i], Path);
    }
    if (Error != ERROR_SUCCESS)
        RemoveUnpacked(Directory);
    return Error;
}

static DWORD
AddOwn(DRIVER_PACKAGE *Package)
{
    WCHAR Inf[MAX_PATH];
    DWORD Error = Unpack(Package->Directory);

    if (Error != ERROR_SUCCESS)
    {
        Package->Directory[0] = L'\0';
        return Error;
    }
    JoinPath(Inf, Package->Directory, INF_NAME);
    Error = DriverStoreAdd(Inf, Package->InfPath);
    if (Error != ERROR_SUCCESS)
    {
        RemoveUnpacked(Package->Directory);
        Package->Directory[0] = L'\0';
        return Error;
    }
    LogInfo(L"Added driver " CULVERT_VERSION_STRING L" to the driver store as %s",
            Package->InfPath);
    return ERROR_SUCCESS;
}

/* Whether a package of the store can be used as it is, and what that means for the image. */
static BOOL
IsUsable(const STORED_PACKAGE *Stored, const WCHAR *Image, DRIVER_PACKAGE *Package)
{
    if (Stored->Version < OWN_VERSION)
        return FALSE;
    if (Stored->Version == OWN_VERSION)
    {
        Package->ImageInPlace = ResourceEqualsFile(IMAGE_NAME, Image);
        return Package->ImageInPlace;
    }
    /* A newer one: the image comes out of the store, or if that has none, was put in place by the
     * DLL that the package is from. */
    Package->ImageInPlace = !DriverStoreHasFile(Stored->InfPath, IMAGE_NAME);
    return !Package->ImageInPlace || GetFileAttributesW(Image) != INVALID_FILE_ATTRIBUTES;
}

DWORD
DriverPackagePrepare(DRIVER_PACKAGE *Package)
{
    STORED_PACKAGE Stored;
    WCHAR Image[MAX_PATH];
    DWORD Error = GetImagePath(Image);

    Package->Directory[0] = L'\0';
    Package->Added = FALSE;
    if (Error != ERROR_SUCCESS)
        return Error;
    Error = DriverStoreFindNewest(&Stored);
    if (Error != ERROR_SUCCESS && Error != ERROR_FILE_NOT_FOUND)
        return Error;
    if (Error == ERROR_SUCCESS && IsUsable(&Stored, Image, Package))
    {
        lstrcpyW(Package->InfPath, Stored.InfPath);
        return ERROR_SUCCESS;
    }
    /* Adding the same again makes the system look for the image in the unpacked directory. */
    Package->Added = Error != ERROR_SUCCESS || Stored.Version != OWN_VERSION;
    Package->ImageInPlace = FALSE;
    if (!DeviceAnyExists())
        DriverServiceStop();
    return AddOwn(Package);
}

/* Service and image, when no package is left that they could belong to. */
static DWORD
RemoveInstalled(void)
{
    WCHAR Image[MAX_PATH];
    DWORD Error = DriverServiceRemove();

    if (Error == ERROR_SUCCESS)
        Error = GetImagePath(Image);
    if (Error != ERROR_SUCCESS)
        return Error;
    if (!DeleteFileW(Image) && GetLastError() != ERROR_FILE_NOT_FOUND)
        LogWarningError(GetLastError(), L"Cannot delete %s", Image);
    return ERROR_SUCCESS;
}

void
DriverPackageFinish(const DRIVER_PACKAGE *Package, BOOL Undo)
{
    STORED_PACKAGE Other;
    WCHAR Image[MAX_PATH];

    if (Package->Directory[0])
    {
        if (!Undo && GetImagePath(Image) == ERROR_SUCCESS && !ResourceEqualsFile(IMAGE_NAME, Image))
            LogWarning(
                L"The driver's older image is in use; the new one replaces it when an adapter is "
                L"created while there is no other, or when the system is restarted");
        RemoveUnpacked(Package->Directory);
    }
    if (!Undo || !Package->Added)
        return;
    if (DriverStoreRemove(Package->InfPath) == ERROR_SUCCESS &&
        DriverStoreFindNewest(&Other) == ERROR_FILE_NOT_FOUND)
        RemoveInstalled();
}

DWORD
DriverPackageRemoveAll(void)
{
    STORED_PACKAGE Package;
    DRIVER_STORE Store;
    DWORD Error = DriverStoreOpen(&Store);

    if (Error != ERROR_SUCCESS)
        return Error;
    while (DriverStoreNext(&Store, &Package))
    {
        DWORD RemoveError = DriverStoreRemove(Package.InfPath);
        if (Error == ERROR_SUCCESS)
            Error = RemoveError;
    }
    DriverStoreClose(&Store);
    return Error == ERROR_SUCCESS ? RemoveInstalled() : Error;
}
