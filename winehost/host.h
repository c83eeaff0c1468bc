/* SPDX-License-Identifier: MIT */
/*
 * What the files of winehost's ndis.sys share: functions of Wine that lie beyond the kernel
 * interface, the log, and the seams between the files. Nothing here is seen by NDIS or a miniport.
 */
#ifndef CULVERT_WINEHOST_HOST_H
#define CULVERT_WINEHOST_HOST_H

/* NDIS is linked into the same module. */
#define NDISAPI

#include "../ndis/edge.h"

#define HOST_POOL_TAG 0x74736F48u /* "Host" */

/* ---- Functions of Wine's user mode, which a driver process has too --------------------------- */

__attribute__((__dllimport__)) ULONG NTAPI TlsAlloc(VOID);
__attribute__((__dllimport__)) PVOID NTAPI
TlsGetValue(ULONG Slot);
__attribute__((__dllimport__)) BOOL NTAPI
TlsSetValue(ULONG Slot, PVOID Value);
__attribute__((__dllimport__)) ULONG NTAPI GetCurrentThreadId(VOID);
__attribute__((__dllimport__)) PVOID NTAPI
GetModuleHandleW(PCWSTR Name);
__attribute__((__dllimport__)) PVOID NTAPI
GetProcAddress(PVOID Module, const char *Name);
__attribute__((__dllimport__)) BOOL NTAPI
VirtualProtect(PVOID Address, SIZE_T Bytes, ULONG Protection, ULONG *OldProtection);
__attribute__((__dllimport__)) BOOL NTAPI
TerminateProcess(HANDLE Process, ULONG ExitCode);

/* ---- A function of Wine's kernel that documented interfaces do not have ------------------------
 */

NTKERNELAPI NTSTATUS NTAPI
ObReferenceObjectByName(PUNICODE_STRING Name, ULONG Attributes, PVOID AccessState,
                        ACCESS_MASK DesiredAccess, PVOID ObjectType, KPROCESSOR_MODE AccessMode,
                        PVOID ParseContext, PVOID *Object);

/* ---- log.c ----------------------------------------------------------------------------------- */

/*
 * Appends a line to the prefix's log, C:\windows\culvert-host.log, which the launcher shows on its
 * standard error. Text is ASCII or UTF-8 without a line end. Any IRQL, any thread.
 */
VOID
HostLog(const char *Text);

/* Builds a log line piece by piece; what does not fit is cut off. */
typedef struct HOST_LINE
{
    ULONG Bytes;
    char Text[384];
} HOST_LINE;

VOID
HostLineText(HOST_LINE *Line, const char *Text);
VOID
HostLineNumber(HOST_LINE *Line, LONG64 Number);
VOID
HostLineWide(HOST_LINE *Line, const WCHAR *Text);

/* ---- imports.c ------------------------------------------------------------------------------- */

/* The function of that name in Wine's ntoskrnl.exe or hal.dll, past all replacements; NULL if
 * there is none. */
PVOID
HostWineRoutine(const char *Name);

/* Redirects the imports of a driver image to the replacements. Fails, with a log line, if the
 * image imports a kernel function that neither Wine nor winehost has. PASSIVE_LEVEL. */
NTSTATUS
HostPatchImports(PVOID Image);

/* ---- interrupt.c ----------------------------------------------------------------------------- */

/* Once, before any of the other functions. */
BOOLEAN
HostIrqlInitialize(VOID);

/* A lock for winehost's own short critical sections; does not change the IRQL. Zero is free. */
typedef volatile ULONG HOST_LOCK;
VOID
HostLockAcquire(HOST_LOCK *Lock);
VOID
HostLockRelease(HOST_LOCK *Lock);

/* ---- pool.c ---------------------------------------------------------------------------------- */

/* Makes the section with the counts, when the first miniport registers. PASSIVE_LEVEL. */
VOID HostPoolPublish(VOID);

/* ---- handles.c ------------------------------------------------------------------------------- */

/* Duplicates a handle of the process that issued the current I/O request into this process.
 * PASSIVE_LEVEL, in the thread that dispatches the request. */
NTSTATUS
HostDuplicateFromCaller(HANDLE Handle, PHANDLE Duplicate);

/* ---- cleanup.c ------------------------------------------------------------------------------- */

/* Before the IRP_MJ_CLOSE of a file object goes to the driver. PASSIVE_LEVEL. */
VOID
HostSendCleanup(PDEVICE_OBJECT DeviceObject, PFILE_OBJECT FileObject);

/* ---- direct.c -------------------------------------------------------------------------------- */

/* Before an IRP goes back to Wine: undoes EdgeDeviceIrp. Any thread, <= DISPATCH_LEVEL. */
VOID
HostUndoDirectBuffer(PIRP Irp);

#endif
