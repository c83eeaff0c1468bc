/* SPDX-License-Identifier: MIT */
/*
 * The driver's package: the one in the DLL, and those in the system's store, of which the newest is
 * used. The caller holds the mutex of namespace.h. All functions return Win32 codes; failures are
 * logged.
 */
#ifndef CULVERT_API_DRIVER_PACKAGE_H
#define CULVERT_API_DRIVER_PACKAGE_H

#include "wintun.h"

typedef struct DRIVER_PACKAGE
{
    WCHAR InfPath[MAX_PATH];   /* in the store */
    WCHAR Directory[MAX_PATH]; /* where the DLL's package is unpacked; empty if it is not */
    BOOL Added;                /* to the store, by DriverPackagePrepare */
    BOOL Alone;                /* there was no device of ours then */
    BOOL ImageInPlace;         /* the driver's image needs no copying, or must not be overwritten */
} DRIVER_PACKAGE;

/*
 * Finds the package to install a device from: the newest whole one in the store, or the DLL's own,
 * which is added first, if that is newer than all whole ones. A package is whole if its INF can be
 * read and its image is there, undamaged and of the INF's version; of the DLL's own version, if
 * both have the DLL's content.
 *
 * An older driver that runs devices is replaced if nobody uses their adapters: they are stopped
 * until DriverPackageFinish. Otherwise it is left alone, whatever its version, and its package
 * used: nobody has asked for its users to be interrupted.
 *
 * To be followed by DriverPackageFinish when the adapter has been made or that has failed, with
 * nothing to be given back after a failure.
 */
DWORD
DriverPackagePrepare(_Out_ DRIVER_PACKAGE *Package);

/* Removes the unpacked files and starts stopped devices again. If Undo, also removes what
 * DriverPackagePrepare added to the store; else, if the package was added and no other device needs
 * them, the packages that it replaces. What fails is logged as a warning. */
void
DriverPackageFinish(_In_ const DRIVER_PACKAGE *Package, _In_ BOOL Undo);

/* Removes all our packages from the store, the driver's service and its image. No adapter may be
 * left. */
DWORD
DriverPackageRemoveAll(void);

#endif
