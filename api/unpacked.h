/* SPDX-License-Identifier: MIT */
/*
 * Where the DLL's files of the driver lie while the system installs them: a directory with a random
 * name, made for this, right in the directory of Windows, in which only administrators can make
 * anything. Only administrators can look into it, too. The caller holds the mutex of namespace.h.
 * All functions that return a DWORD return Win32 codes; failures are logged.
 */
#ifndef CULVERT_API_UNPACKED_H
#define CULVERT_API_UNPACKED_H

#include "wintun.h"

#define UNPACKED_IMAGE L"culvert.sys"
#define UNPACKED_INF   L"culvert.inf"

/* Makes the directory and writes the files; nothing is left after a failure. Directory is given to
 * UnpackedRemove. */
DWORD
UnpackedMake(_Out_writes_z_(MAX_PATH) WCHAR *Directory);

/* The path of a file in the directory: Name is one of those above. */
void
UnpackedJoin(_Out_writes_z_(MAX_PATH) WCHAR *Path, _In_z_ const WCHAR *Directory,
             _In_z_ const WCHAR *Name);

void
UnpackedRemove(_In_z_ const WCHAR *Directory);

/* Removes the directories of processes that died before they could; under the mutex, no other
 * process has one. */
void
UnpackedCollect(void);

#endif
