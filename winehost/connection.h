/* SPDX-License-Identifier: MIT */
/*
 * Network connections in the registry, as the Net class installer and nci.dll keep them:
 *
 *      HKLM\SYSTEM\CurrentControlSet\Control\Network\{Net class}\{NetCfgInstanceId}\Connection
 *          Name                REG_SZ     what users see; unique without regard to case
 *          DefaultNameIndex    REG_DWORD  N of a name "Local Area Connection N" that the system
 * chose PnPInstanceId       REG_SZ     the device MediaSubType        REG_DWORD
 *
 * For winehost's user-mode DLLs. All functions return Win32 error codes.
 */
#ifndef CULVERT_WINEHOST_CONNECTION_H
#define CULVERT_WINEHOST_CONNECTION_H

#include <windows.h>

#define NET_CLASS_TEXT      L"{4D36E972-E325-11CE-BFC1-08002BE10318}"
#define GUID_CHARACTERS     39  /* "{...}" with its terminator */
#define CONNECTION_NAME_MAX 256 /* characters, with the terminator */

/* The registry spelling of a GUID, in upper case. */
void
GuidToText(const GUID *Guid, WCHAR Text[GUID_CHARACTERS]);

/* Opens, or with Create creates, a connection's key. */
LSTATUS
ConnectionOpen(const WCHAR *GuidText, BOOL Create, REGSAM Access, HKEY *Key);

/* ERROR_FILE_NOT_FOUND if it has none, ERROR_MORE_DATA if it is longer than Characters. */
LSTATUS
ConnectionGetName(const WCHAR *GuidText, WCHAR *Name, DWORD Characters);

/* Whether another connection than GuidText's has the name. */
BOOL
ConnectionNameTaken(const WCHAR *GuidText, const WCHAR *Name);

/* Removes a connection's keys. */
void
ConnectionDelete(const WCHAR *GuidText);

#endif
