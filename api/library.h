/* SPDX-License-Identifier: MIT */
/* Modules of the system, loaded from the system's directory and from nowhere else. */
#ifndef CULVERT_API_LIBRARY_H
#define CULVERT_API_LIBRARY_H

#include "wintun.h"

/* Name has no path. NULL with the last-error code on failure; given back with FreeLibrary. */
HMODULE
SystemLibraryLoad(_In_z_ const WCHAR *Name);

#endif
