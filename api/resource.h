/* SPDX-License-Identifier: MIT */
/* The files of the driver that the DLL carries as resources of type RCDATA. */
#ifndef CULVERT_API_RESOURCE_H
#define CULVERT_API_RESOURCE_H

#include "wintun.h"

/* To be called from DllMain: the module that has the resources. */
void
ResourceSetModule(_In_ HINSTANCE Module);

/* Writes a resource to a file that must not exist yet. A file that could not be written whole is
 * deleted. Returns a Win32 code; failures are logged. */
DWORD
ResourceWriteFile(_In_z_ const WCHAR *Name, _In_z_ const WCHAR *Path);

/* Whether the file has the very content of the resource; FALSE also if it cannot be read. */
BOOL
ResourceEqualsFile(_In_z_ const WCHAR *Name, _In_z_ const WCHAR *Path);

#endif
