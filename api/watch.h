/* SPDX-License-Identifier: MIT */
/*
 * Waiting until something in the system has changed: by the system's notifications, and for a
 * bounded time.
 *
 *     WatchOpen(&Watch, 15000);
 *     WatchKey(&Watch, Key, FALSE);
 *     while (!IsAsWanted() && WatchWait(&Watch))
 *         ;
 *     WatchClose(&Watch);
 *
 * What is watched is watched from then on, so a change between a look and the wait is not missed.
 */
#ifndef CULVERT_API_WATCH_H
#define CULVERT_API_WATCH_H

#include "wintun.h"

typedef struct WATCH
{
    HANDLE Changed; /* set by the notifications */
    HKEY Key;       /* NULL: none is watched */
    BOOL Subtree;
    BOOL KeyArmed;      /* a change of Key will be told */
    void *Notification; /* the configuration manager's, of a device; NULL for none */
    BOOL Partial;       /* there is something that the system does not tell of */
    ULONGLONG Deadline;
} WATCH;

/* WatchWait fails when so many milliseconds have passed. Returns a Win32 code; on failure there is
 * nothing to close. Logs nothing. */
DWORD
WatchOpen(_Out_ WATCH *Watch, _In_ DWORD Milliseconds);

/* Watches values and names of the key and, with Subtree, of all keys below it. The key is closed by
 * WatchClose; one at most. It is to be opened with KEY_NOTIFY. */
void
WatchKey(_Inout_ WATCH *Watch, _In_ HKEY Key, _In_ BOOL Subtree);

/* Watches whether the device starts or is removed; one at most. */
void
WatchDevice(_Inout_ WATCH *Watch, _In_z_ const WCHAR *InstanceId);

/* What is waited for is nothing that the system tells of: it is looked at from time to time. The
 * caller says why. */
void
WatchUntold(_Inout_ WATCH *Watch);

/* Waits for a change; to be called on the thread that called WatchKey. TRUE: it is time to look
 * again, which may be in vain. FALSE: the time is over. */
BOOL
WatchWait(_Inout_ WATCH *Watch);

void
WatchClose(_Inout_ WATCH *Watch);

#endif
