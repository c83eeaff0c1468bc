/* SPDX-License-Identifier: MIT */
/* Whether this process may install devices: Windows takes that from processes of its own
 * architecture only. */
#ifndef CULVERT_API_NATIVE_H
#define CULVERT_API_NATIVE_H

#include "wintun.h"

/* ERROR_SUCCESS, or ERROR_NOT_SUPPORTED, which is logged. */
DWORD
NativeCheck(void);

#endif
