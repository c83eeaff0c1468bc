/* SPDX-License-Identifier: MIT */
/* The driver's package: see driver_package.h. */
#include "driver_package.h"
#include "device.h"
#include "driver_image.h"
#include "driver_service.h"
#include "driver_store.h"
#include "driver_users.h"
#include "logger.h"
#include "resource.h"
#include "unpacked.h"
#include "version.h"

/* As culvert.inf has it. */
#define OWN_VERSION DRIVER_VERSION_MAKE(CULVERT_VERSION_MAJOR, CULVERT_VERSION_MINOR, 0, 0)

/* For log lines: the parts that versions of ours differ in. */
#define MAJOR(Version) ((UINT)((Version) >> 48))
#define MINOR(Version) ((UINT)((Version) >> 32) & 0xFFFF)

#define ASIDE_SUFFIX L".old"

/* What there is before anything is changed. */
typedef struct SITUATION
{
    WCHAR Image[MAX_PATH]; /* where the system runs the driver from */
    STORED_PACKAGE Best;   /* the newest whole package of the store; Version 0 if there is none */
    BOOL BestInPlace;      /* and Image is its image */
    BOOL OwnStored;        /* the DLL's own INF is in the store, whole or not */
    BOOL InUse;            /* devices run the driver: its image must not be touched */
} SITUATION;

static DWORD
GetImagePath(WCHAR Path[MAX_PATH])
{
    static const WCHAR Below[] = L"\\drivers\\" UNPACKED_IMAGE;
    UINT Length = GetSystemDirectoryW(Path, MAX_PATH - ARRAYSIZE(Below));

    if (Length == 0 || Length >= MAX_PATH - ARRAYSIZE(Below))
        return LogError(ERROR_BUFFER_OVERFLOW, L"Cannot find the system's directory");
    lstrcatW(Path, Below);
    return ERROR_SUCCESS;
}

/* The own one is known to the byte; of others we know what they say of themselves. */
static BOOL
IsImageOf(DRIVER_VERSION Version, const WCHAR *Path)
{
    return Version == OWN_VERSION ? ResourceEqualsFile(UNPACKED_IMAGE, Path)
                                  : DriverImageIsIntact(Path, Version);
}

/* Whether a device can be installed from the package; *InPlace: without copying the image. */
static BOOL
IsWhole(const STORED_PACKAGE *Stored, const WCHAR *Image, BOOL *InPlace)
{
    WCHAR StoredImage[MAX_PATH];
    DWORD Error;

    if (Stored->Version == 0 ||
        (Stored->Version == OWN_VERSION && !ResourceEqualsFile(UNPACKED_INF, Stored->InfPath)))
        return FALSE;
    *InPlace = IsImageOf(Stored->Version, Image);
    Error = DriverStoreGetFile(Stored->InfPath, UNPACKED_IMAGE, StoredImage);
    if (Error == ERROR_CALL_NOT_IMPLEMENTED)
        return *InPlace;
    return Error == ERROR_SUCCESS && IsImageOf(Stored->Version, StoredImage);
}

static void
Consider(const STORED_PACKAGE *Stored, SITUATION *Situation)
{
    BOOL InPlace;

    if (ResourceEqualsFile(UNPACKED_INF, Stored->InfPath))
        Situation->OwnStored = TRUE;
    if (!IsWhole(Stored, Situation->Image, &InPlace))
    {
        /* Of an older one the image has been replaced by a newer one. */
        if (Stored->Version == 0 || Stored->Version >= OWN_VERSION)
            LogWarning(L"Driver package %s (version %u.%u) is damaged, or its driver is",
                       Stored->InfPath, MAJOR(Stored->Version), MINOR(Stored->Version));
    }
    else if (Stored->Version > Situation->Best.Version)
    {
        Situation->Best = *Stored;
        Situation->BestInPlace = InPlace;
    }
}

static DWORD
Survey(SITUATION *Situation)
{
    STORED_PACKAGE Stored;
    DRIVER_STORE Store;
    DWORD Error = GetImagePath(Situation->Image);

    Situation->Best.Version = 0;
    Situation->BestInPlace = Situation->OwnStored = FALSE;
    if (Error == ERROR_SUCCESS)
        Error = DriverStoreOpen(&Store, WINTUN_LOG_ERR);
    if (Error != ERROR_SUCCESS)
        return Error;
    while (DriverStoreNext(&Store, &Stored))
        Consider(&Stored, Situation);
    DriverStoreClose(&Store);
    Situation->InUse = DeviceAnyExists() && DriverServiceIsRunning();
    return ERROR_SUCCESS;
}

/* Adding what is there already makes the system take the image from the unpacked directory. */
static DWORD
AddOwn(DRIVER_PACKAGE *Package)
{
    WCHAR Inf[MAX_PATH];
    DWORD Error = UnpackedMake(Package->Directory);

    if (Error != ERROR_SUCCESS)
    {
        Package->Directory[0] = L'\0';
        return Error;
    }
    UnpackedJoin(Inf, Package->Directory, UNPACKED_INF);
    Error = DriverStoreAdd(Inf, Package->InfPath);
    if (Error != ERROR_SUCCESS)
    {
        UnpackedRemove(Package->Directory);
        Package->Directory[0] = L'\0';
        return Error;
    }
    LogInfo(L"Added driver " CULVERT_VERSION_STRING L" to the driver store as %s",
            Package->InfPath);
    return ERROR_SUCCESS;
}

/* Where the image is while another one is being installed. */
static DWORD
GetAsidePath(WCHAR Path[MAX_PATH])
{
    DWORD Error = GetImagePath(Path);

    if (Error == ERROR_SUCCESS && lstrlenW(Path) + ARRAYSIZE(ASIDE_SUFFIX) > MAX_PATH)
        Error = LogError(ERROR_BUFFER_OVERFLOW, L"Cannot put the driver's image aside");
    if (Error == ERROR_SUCCESS)
        lstrcatW(Path, ASIDE_SUFFIX);
    return Error;
}

/* Of an unsigned package the system does not copy an image over one of the same or a higher
 * version, damaged or not; of a signed one it always does, also where it does not let us move it.
 */
static void
UnloadAndPutAside(const WCHAR *Image)
{
    WCHAR Aside[MAX_PATH];

    DriverServiceStop();
    if (GetAsidePath(Aside) == ERROR_SUCCESS)
        MoveFileExW(Image, Aside, MOVEFILE_REPLACE_EXISTING);
}

/* The end of that: nothing stays aside, and if nothing has come to its place, it goes back. */
static void
TakeBack(void)
{
    WCHAR Image[MAX_PATH], Aside[MAX_PATH];

    if (GetImagePath(Image) != ERROR_SUCCESS || GetAsidePath(Aside) != ERROR_SUCCESS ||
        GetFileAttributesW(Aside) == INVALID_FILE_ATTRIBUTES)
        return;
    if (!MoveFileExW(Aside, Image, 0) && !DeleteFileW(Aside))
        LogWarningError(GetLastError(), L"Cannot delete %s", Aside);
}

/* What was put aside or stopped, also by a process that died since. */
static void
Restore(void)
{
    TakeBack();
    DriverUsersStart();
}

DWORD
DriverPackagePrepare(DRIVER_PACKAGE *Package)
{
    SITUATION Situation;
    const STORED_PACKAGE *Best = &Situation.Best;
    DWORD Error;

    Package->Directory[0] = L'\0';
    Package->Added = FALSE;
    UnpackedCollect();
    Error = Survey(&Situation);
    if (Error != ERROR_SUCCESS)
        return Error;
    Package->Alone = !DeviceAnyExists();
    if (Situation.InUse && Best->Version < OWN_VERSION)
    {
        BOOL Stopped;
        Error = DriverUsersStop(&Stopped);
        if (Error != ERROR_SUCCESS)
            return Error;
        Situation.InUse = !Stopped;
    }
    Package->ImageInPlace = Situation.InUse;
    if (Best->Version >= OWN_VERSION || (Situation.InUse && Best->Version))
    {
        lstrcpyW(Package->InfPath, Best->InfPath);
        Package->ImageInPlace = Situation.InUse || Situation.BestInPlace;
        if (Best->Version < OWN_VERSION)
            LogWarning(L"Driver %u.%u is in use and stays; " CULVERT_VERSION_STRING L" replaces it "
                       L"when an adapter is created while none is in use",
                       MAJOR(Best->Version), MINOR(Best->Version));
        return ERROR_SUCCESS;
    }
    if (Situation.InUse)
        LogWarning(L"The driver in use is not of a whole package; its image is left as it is until "
                   L"an adapter is created while none is in use");
    else
        UnloadAndPutAside(Situation.Image);
    Package->Added = !Situation.OwnStored;
    Error = AddOwn(Package);
    if (Error != ERROR_SUCCESS)
        Restore();
    return Error;
}

/* Service and image, when no package is left that they could belong to. */
static DWORD
RemoveInstalled(WINTUN_LOGGER_LEVEL Level)
{
    WCHAR Image[MAX_PATH];
    DWORD Error = DriverServiceRemove(Level);

    TakeBack();
    if (Error == ERROR_SUCCESS)
        Error = GetImagePath(Image);
    if (Error != ERROR_SUCCESS)
        return Error;
    if (!DeleteFileW(Image) && GetLastError() != ERROR_FILE_NOT_FOUND)
        LogWarningError(GetLastError(), L"Cannot delete %s", Image);
    return ERROR_SUCCESS;
}

/* Removes packages from the store, all but the one with the INF, if any is to stay. The first error
 * is returned. Failures are logged at the Level. */
static DWORD
RemovePackages(const WCHAR *ExceptInf, WINTUN_LOGGER_LEVEL Level)
{
    STORED_PACKAGE Stored;
    DRIVER_STORE Store;
    DWORD Error = DriverStoreOpen(&Store, Level);

    if (Error != ERROR_SUCCESS)
        return Error;
    while (DriverStoreNext(&Store, &Stored))
    {
        DWORD RemoveError = ERROR_SUCCESS;
        if (!ExceptInf || !DriverStoreIsSame(Stored.InfPath, ExceptInf))
            RemoveError = DriverStoreRemove(Stored.InfPath, Level);
        if (Error == ERROR_SUCCESS)
            Error = RemoveError;
    }
    DriverStoreClose(&Store);
    return Error;
}

/* After a failure, the package that was added. */
static void
UndoAdding(const DRIVER_PACKAGE *Package)
{
    STORED_PACKAGE Other;
    DRIVER_STORE Store;
    BOOL Any;

    if (DriverStoreRemove(Package->InfPath, WINTUN_LOG_WARN) != ERROR_SUCCESS ||
        DriverStoreOpen(&Store, WINTUN_LOG_WARN) != ERROR_SUCCESS)
        return;
    Any = DriverStoreNext(&Store, &Other);
    DriverStoreClose(&Store);
    if (!Any && !DeviceAnyExists())
        RemoveInstalled(WINTUN_LOG_WARN);
}

void
DriverPackageFinish(const DRIVER_PACKAGE *Package, BOOL Undo)
{
    if (Package->Directory[0])
    {
        UnpackedRemove(Package->Directory);
        if (Undo && Package->Added)
            UndoAdding(Package);
        else if (!Undo && Package->Alone)
            RemovePackages(Package->InfPath, WINTUN_LOG_WARN);
    }
    Restore();
}

DWORD
DriverPackageRemoveAll(void)
{
    DWORD Error;

    UnpackedCollect();
    Error = RemovePackages(NULL, WINTUN_LOG_ERR);
    return Error == ERROR_SUCCESS ? RemoveInstalled(WINTUN_LOG_ERR) : Error;
}
