/* SPDX-License-Identifier: MIT */
/* The types of api/system.h for a process of the simulated system. */
#ifndef CULVERT_NTSIM_WIN32_SYSTEM_TYPES_H
#define CULVERT_NTSIM_WIN32_SYSTEM_TYPES_H

#include <stddef.h>
#include "windows.h"

/* Like an SRWLOCK: one word, all zero is unlocked, one atomic operation each way while nobody else
 * wants it. 1 is locked, 2 locked with others waiting. */
typedef struct SYSTEM_LOCK
{
    volatile unsigned State;
} SYSTEM_LOCK;

typedef HANDLE SYSTEM_EVENT;

#endif
