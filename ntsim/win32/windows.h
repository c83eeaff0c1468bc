/* SPDX-License-Identifier: MIT */
/*
 * What the DLL's session code and its tests need of Win32, for a process of the simulated system:
 * the types over those of nt/, and a few functions (kernel32.c). Only what is used is here.
 */
#ifndef CULVERT_NTSIM_WIN32_WINDOWS_H
#define CULVERT_NTSIM_WIN32_WINDOWS_H

#include "../rules.h"

#define WINAPI   NTAPI
#define CALLBACK NTAPI

typedef LONG_PTR LPARAM;

#define CopyMemory RtlCopyMemory

/* Whoever polls under the scheduler lets those get on that it waits for. */
#if defined(SIM_HOOKS)
#include "../scheduler.h"
#undef YieldProcessor
#define YieldProcessor() SimScheduleYield()
#endif

/* Annotations that nt/sal.h has no use for. */
#define _Out_writes_z_(Characters)

#define INFINITE      0xFFFFFFFFu
#define WAIT_OBJECT_0 0u
#define WAIT_TIMEOUT  258u

#define ERROR_SUCCESS             0u
#define ERROR_FILE_NOT_FOUND      2u
#define ERROR_ACCESS_DENIED       5u
#define ERROR_INVALID_HANDLE      6u
#define ERROR_NOT_ENOUGH_MEMORY   8u
#define ERROR_INVALID_DATA        13u
#define ERROR_NOT_READY           21u
#define ERROR_CRC                 23u
#define ERROR_GEN_FAILURE         31u
#define ERROR_SHARING_VIOLATION   32u
#define ERROR_HANDLE_EOF          38u
#define ERROR_INVALID_PARAMETER   87u
#define ERROR_BUFFER_OVERFLOW     111u
#define ERROR_MORE_DATA           234u
#define ERROR_NO_MORE_ITEMS       259u
#define ERROR_MR_MID_NOT_FOUND    317u
#define ERROR_OPERATION_ABORTED   995u
#define ERROR_REVISION_MISMATCH   1306u
#define ERROR_NO_SYSTEM_RESOURCES 1450u
#define ERROR_TIMEOUT             1460u
#define ERROR_DEVICE_REMOVED      1617u

/* The calling thread's last-error code. */
DWORD WINAPI
GetLastError(void);
void WINAPI
SetLastError(DWORD Error);

/* Waits for an event of the process: WAIT_OBJECT_0 or WAIT_TIMEOUT. A handle that is none stops
 * the program, as an application that waits on one is wrong. */
DWORD WINAPI
WaitForSingleObject(HANDLE Handle, DWORD Milliseconds);

/* The same for several of them. */
DWORD WINAPI
WaitForMultipleObjects(DWORD Count, const HANDLE *Handles, BOOL WaitForAll, DWORD Milliseconds);

BOOL WINAPI
SetEvent(HANDLE Handle);
BOOL WINAPI
ResetEvent(HANDLE Handle);

#endif
