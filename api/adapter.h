/* SPDX-License-Identifier: MIT */
/*
 * Adapters and their handles. The core below the exported functions: errors are Win32 codes,
 * returned and logged; the exported functions put them into the last-error code.
 */
#ifndef CULVERT_API_ADAPTER_H
#define CULVERT_API_ADAPTER_H

#include "culvert.h"

typedef struct ADAPTER ADAPTER;
typedef struct SESSION_MARK SESSION_MARK; /* namespace.h */

/*
 * The adapter of a handle, with a reference that AdapterRelease gives back; NULL with the
 * last-error code ERROR_INVALID_PARAMETER if it is not the handle of one. Never looks at the memory
 * of a handle that it does not know, so it is safe with anything.
 */
ADAPTER *
AdapterAcquire(_In_opt_ WINTUN_ADAPTER_HANDLE Handle);

void
AdapterRelease(_In_ ADAPTER *Adapter);

/*
 * Opens the adapter's device object for overlapped reading, writing and control. On failure returns
 * FALSE with the last-error code: ERROR_FILE_NOT_FOUND if the device is gone or not running.
 * Logged.
 */
BOOL
AdapterOpenDevice(_In_ ADAPTER *Adapter, _Out_ HANDLE *Device);

/*
 * Opens the mark with which this process tells others that it has a session on the adapter; to be
 * called before the driver is asked for one. It does not depend on the ADAPTER's life, and is given
 * back by the system if the process dies. Then NamespaceMarkSession when the driver has accepted,
 * and NamespaceCloseSession. Fails with FALSE and the last-error code. Logged.
 */
BOOL
AdapterSessionOpen(_In_ ADAPTER *Adapter, _Out_ SESSION_MARK *Mark);

/* The driver has refused a session with this code, which becomes the last-error code. Logged. */
void
AdapterSessionRefused(_In_ const ADAPTER *Adapter, _In_ DWORD Error);

/* The adapter's name for log lines: its GUID, valid as long as the reference. */
const WCHAR *
AdapterLabel(_In_ const ADAPTER *Adapter);

/* The exported functions' cores; see wintun.h for what they do and return. */

DWORD
AdapterCreate(_In_z_ const WCHAR *Pool, _In_z_ const WCHAR *Name,
              _In_opt_ const GUID *RequestedGuid, _Out_ ADAPTER **Adapter,
              _Out_ BOOL *RebootRequired);

DWORD
AdapterOpen(_In_z_ const WCHAR *Pool, _In_z_ const WCHAR *Name, _Out_ ADAPTER **Adapter);

DWORD
AdapterDelete(_In_ ADAPTER *Adapter, _In_ BOOL ForceCloseSessions, _Out_ BOOL *RebootRequired);

DWORD
AdapterEnumerate(_In_z_ const WCHAR *Pool, _In_ WINTUN_ENUM_CALLBACK Callback, _In_ LPARAM Param);

/* Takes the handle away: AdapterAcquire does not know it any more. FALSE if it is none. */
BOOL
AdapterFree(_In_opt_ WINTUN_ADAPTER_HANDLE Handle);

DWORD
AdapterDeletePool(_In_z_ const WCHAR *Pool, _Out_ BOOL *RebootRequired);

NET_LUID
AdapterGetLuid(_In_ const ADAPTER *Adapter);

DWORD
AdapterGetName(_In_ const ADAPTER *Adapter, _Out_writes_z_(MAX_ADAPTER_NAME) WCHAR *Name);

DWORD
AdapterSetName(_In_ const ADAPTER *Adapter, _In_z_ const WCHAR *Name);

DWORD
AdapterGetDriverVersion(_Out_ DWORD *Version);

/* The same for culvert.h; the caller's structure has been checked. */

DWORD
AdapterGetStatistics(_In_ const ADAPTER *Adapter, _Inout_ CULVERT_STATISTICS *Statistics);

DWORD
AdapterGetStatisticsOfLuid(_In_ NET_LUID Luid, _Inout_ CULVERT_STATISTICS *Statistics);

#endif
