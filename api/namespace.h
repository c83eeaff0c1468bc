/* SPDX-License-Identifier: MIT */
/*
 * System-wide named objects, which only LocalSystem and administrators can open or make. They live
 * in a private namespace behind a boundary that takes membership of Administrators, so nobody else
 * can occupy the names; where the system has no private namespaces, among the global objects, with
 * their owner checked. All versions of the DLL share the names.
 *
 *   Adapters          mutex     held by whoever changes adapters
 *   Adapter-{GUID}    mutex     exists while a process has a handle of the adapter; never owned
 *   Session-{GUID}    section   exists while a process has a session; its DWORD is the process's id
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
 * Makes this process the one that has, or may start, a session on the adapter, until the handle is
 * closed. Returns ERROR_SHARING_VIOLATION, not logged, if there is one already, of which *Owner is
 * the process's id (0 if it is not known yet); otherwise a Win32 code; failures are logged.
 */
DWORD
NamespaceClaimSession(_In_ const GUID *Adapter, _Out_ HANDLE *Claim, _Out_opt_ DWORD *Owner);

/* When the DLL is unloaded. */
void
NamespaceClose(void);

#endif
