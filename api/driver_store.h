/* SPDX-License-Identifier: MIT */
/* Our packages in the system's driver store. All functions return Win32 codes; failures are logged,
 * at the Level where there is one. */
#ifndef CULVERT_API_DRIVER_STORE_H
#define CULVERT_API_DRIVER_STORE_H

#include "logger.h"
#include <setupapi.h>

/* Four parts of 16 bits, the first one on top. */
typedef ULONGLONG DRIVER_VERSION;

#define DRIVER_VERSION_MAKE(A, B, C, D)                                                            \
    ((DRIVER_VERSION)(A) << 48 | (DRIVER_VERSION)(B) << 32 | (DRIVER_VERSION)(C) << 16 | (D))

/* What the system finds in its store for our hardware id. */
typedef struct DRIVER_STORE
{
    HDEVINFO Set;
    SP_DEVINFO_DATA Data; /* a device that is never registered: the question, so to speak */
    DWORD Next;
} DRIVER_STORE;

typedef struct STORED_PACKAGE
{
    WCHAR InfPath[MAX_PATH];
    DRIVER_VERSION Version; /* 0: the INF does not say it */
} STORED_PACKAGE;

DWORD
DriverStoreOpen(_Out_ DRIVER_STORE *Store, _In_ WINTUN_LOGGER_LEVEL Level);

/* The next package; FALSE at the end. Those that cannot be read are left out, with a warning. */
BOOL
DriverStoreNext(_Inout_ DRIVER_STORE *Store, _Out_ STORED_PACKAGE *Package);

void
DriverStoreClose(_In_ DRIVER_STORE *Store);

/* Adds the package with the INF; *InfPath is where the store keeps that. */
DWORD
DriverStoreAdd(_In_z_ const WCHAR *SourceInf, _Out_writes_z_(MAX_PATH) WCHAR *InfPath);

/* Whether both are the same INF of the store: all of them lie in one directory, whose name has
 * several spellings. */
BOOL
DriverStoreIsSame(_In_z_ const WCHAR *LeftInf, _In_z_ const WCHAR *RightInf);

DWORD
DriverStoreRemove(_In_z_ const WCHAR *InfPath, _In_ WINTUN_LOGGER_LEVEL Level);

/*
 * Where the store has a file of the package, besides its INF, if it has it at all.
 * ERROR_CALL_NOT_IMPLEMENTED, not logged, if the system's store keeps INFs only, as Wine's does;
 * others, not logged either, if the store does not know the package any more.
 */
DWORD
DriverStoreGetFile(_In_z_ const WCHAR *InfPath, _In_z_ const WCHAR *Name,
                   _Out_writes_z_(MAX_PATH) WCHAR *Path);

#endif
