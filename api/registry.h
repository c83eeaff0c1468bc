/* SPDX-License-Identifier: MIT */
/* Values of registry keys, by type. All return Win32 codes and log nothing. */
#ifndef CULVERT_API_REGISTRY_H
#define CULVERT_API_REGISTRY_H

#include "wintun.h"

/* ERROR_FILE_NOT_FOUND if there is none, ERROR_INVALID_DATATYPE if it is of another type. */
DWORD
RegistryReadDword(_In_ HKEY Key, _In_z_ const WCHAR *Name, _Out_ DWORD *Value);

/* The same for a REG_SZ; always terminated. Characters is Value's size with the terminator;
 * ERROR_MORE_DATA if it does not fit. */
DWORD
RegistryReadString(_In_ HKEY Key, _In_z_ const WCHAR *Name, _Out_writes_z_(Characters) WCHAR *Value,
                   _In_ DWORD Characters);

/* The same for a REG_SZ that spells a GUID; ERROR_INVALID_DATA if it does not. */
DWORD
RegistryReadGuid(_In_ HKEY Key, _In_z_ const WCHAR *Name, _Out_ GUID *Value);

#endif
