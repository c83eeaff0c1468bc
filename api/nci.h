/* SPDX-License-Identifier: MIT */
/*
 * Names of network interfaces ("connections"), as the user sees them. By nci.dll, which the
 * system's own network dialogues use; it has no import library, so it is looked up at run time.
 */
#ifndef CULVERT_API_NCI_H
#define CULVERT_API_NCI_H

#include "watch.h"

/* Returns a Win32 code: ERROR_FILE_NOT_FOUND if the system has no name for it. Logs nothing. */
DWORD
NciGetName(_In_ const GUID *Interface, _Out_writes_z_(MAX_ADAPTER_NAME) WCHAR *Name);

/* Returns a Win32 code: ERROR_DUP_NAME if another interface has the name, ERROR_FILE_NOT_FOUND if
 * the system does not know the interface (yet), ERROR_PROC_NOT_FOUND if it has no such function.
 * Logs nothing. */
DWORD
NciSetName(_In_ const GUID *Interface, _In_z_ const WCHAR *Name);

/* Watches the place where interfaces and their names appear. */
void
NciWatchNames(_Inout_ WATCH *Watch);

/* When the DLL is unloaded. */
void
NciUnload(void);

#endif
