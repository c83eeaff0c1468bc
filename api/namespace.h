/* SPDX-License-Identifier: MIT */
/*
 * System-wide named objects, which only LocalSystem and administrators can open or make. They live
 * in a private namespace behind a boundary that takes membership of Administrators, so nobody else
 * can occupy the names; where the system has no private namespaces, among the global objects, with
 * their owner checked. All versions of the DLL share the names.
 *
 *   Adapters          mutex     held by whoever changes adapters
 *   Adapter-{GUID}    mutex     exists while a process has a handle of the adapter; never owned
 *   Session-{GUID}    section   exists while a process has or wants a session: SESSION_MARK
 */
#ifndef CULVERT_API_NAMESPACE_H
#define CULVERT_API_NAMESPACE_H

#include "wintun.h"

/*
 * The discretionary part of every object of ours, and of our files: an absolute security descriptor
 * that gives LocalSystem and Administrators everything, inherited by what is made inside. Given
 * back with LocalFree. Returns a Win32 code; failures are logged.
 */
DWORD
NamespaceSecurityDescriptor(_Out_ PSECURITY_DESCRIPTOR *Descriptor);

/* ERROR_ACCESS_DENIED, logged, if the caller is neither LocalSystem nor an administrator. The other
 * functions find that out by themselves. */
DWORD
NamespaceCheckCaller(void);

/*
 * Takes the mutex, waiting for other processes and threads; the same thread may take it again.
 * *Mutex goes to NamespaceRelease, on the same thread. Returns a Win32 code, ERROR_TIMEOUT after
 * two minutes; failures are logged.
 */
DWORD
NamespaceTake(_Out_ HANDLE *Mutex);

void
NamespaceRelease(_In_ HANDLE Mutex);

/* Marks the adapter as used until the handle is closed. Returns a Win32 code; failures are logged.
 */
DWORD
NamespaceMarkAdapter(_In_ const GUID *Adapter, _Out_ HANDLE *Mark);

/* Whether any process has marked the adapter. */
BOOL
NamespaceIsAdapterMarked(_In_ const GUID *Adapter);

/*
 * The mark of an adapter's session. It says who has a session, to whoever wants to delete or
 * replace the adapter, and to people; whether a session may start is for the driver alone to
 * decide. The section may be open in several processes, so what counts is its value, not whether it
 * exists: the process's id in the low half, and something to tell its sessions apart in the high
 * one; 0 for no session.
 */
typedef struct SESSION_MARK
{
    HANDLE Section;
    volatile LONGLONG *Value;
} SESSION_MARK;

/* To be called before the driver is asked for a session. Returns a Win32 code; failures are logged,
 * and leave *Mark empty, which NamespaceCloseSession takes too. */
DWORD
NamespaceOpenSession(_In_ const GUID *Adapter, _Out_ SESSION_MARK *Mark);

/* The driver has accepted: the session is this process's. */
void
NamespaceMarkSession(_In_ const SESSION_MARK *Mark);

/* Takes the mark back, if it is still that of NamespaceMarkSession, and closes it. */
void
NamespaceCloseSession(_Inout_ SESSION_MARK *Mark);

/* The id of the process that has a session on the adapter, 0 for none. Returns a Win32 code;
 * failures are logged. */
DWORD
NamespaceGetSessionOwner(_In_ const GUID *Adapter, _Out_ DWORD *Owner);

/* When the DLL is unloaded. */
void
NamespaceClose(void);

#endif
