/* SPDX-License-Identifier: MIT */
/* What the exported functions that take a session's handle begin with. */
#ifndef CULVERT_API_SESSION_HANDLE_H
#define CULVERT_API_SESSION_HANDLE_H

#include "wintun.h"

/* FALSE with the last-error code, and logged with the name of the function, if Handle is no
 * session's. */
BOOL
CheckSession(const WCHAR *Function, WINTUN_SESSION_HANDLE Handle);

/* After a packet function has failed: logs the last-error code if it is none of normal work's. */
void
LogPacketFailure(const WCHAR *Function);

#endif
