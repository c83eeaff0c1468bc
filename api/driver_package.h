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
    BOOL ImageInPlace;         /* the driver's image needs no copying */
} DRIVER_PACKAGE;

/*
 * Finds the newest package in the store, after adding the DLL's own if it is newer than all, or if
 * the image of the same version is not in place. To be followed by DriverPackageFinish when the
 * device has been installed or that has failed, with nothing to be given back after a failure.
 */
DWORD
DriverPackagePrepare(_Out_ DRIVER_PACKAGE *Package);

/* Removes the unpacked files. If Undo, also what DriverPackagePrepare added to the store. */
void
DriverPackageFinish(_In_ const DRIVER_PACKAGE *Package, _In_ BOOL Undo);

/* Removes all our packages from the store, the driver's service and its image. No adapter may be
 * left. */
DWORD
DriverPackageRemoveAll(void);

#endif
