/* SPDX-License-Identifier: MIT */
/* The structure of culvert.h that is versioned by its size. */
#ifndef CULVERT_API_STATISTICS_H
#define CULVERT_API_STATISTICS_H

#include "culvert.h"

/* FALSE with the last-error code, and logged with the name of the function, if there is no
 * structure, or one that is smaller than the first version. */
BOOL
StatisticsCheck(const WCHAR *Function, const CULVERT_STATISTICS *Statistics);

/* Fills the caller's structure with what is known, at most Bytes, and says in Size how much that
 * is.
 */
void
StatisticsReturn(CULVERT_STATISTICS *Statistics, const CULVERT_STATISTICS *Known, DWORD Bytes);

#endif
