/* SPDX-License-Identifier: MIT */
/*
 * What drivers have allocated from pool, by tag: the layout of the section POOL_COUNTS_NAME, which
 * the process that runs the drivers keeps up to date and any program of the prefix may read.
 */
#ifndef CULVERT_WINEHOST_POOL_H
#define CULVERT_WINEHOST_POOL_H

#include <stdint.h>

#define POOL_COUNTS_NAME   L"\\BaseNamedObjects\\culvert-host-pool"
#define POOL_COUNTS_GLOBAL L"Global\\culvert-host-pool" /* the same for user mode */

#define POOL_TAGS 32u

typedef struct POOL_TAG_COUNTS
{
    volatile uint32_t Tag; /* 0: not in use yet; never changes again */
    uint32_t Unused;
    volatile int64_t Blocks; /* allocated and not freed */
    volatile int64_t Bytes;
} POOL_TAG_COUNTS;

/* The last one is for all tags that have no place. */
typedef struct POOL_COUNTS
{
    POOL_TAG_COUNTS Tags[POOL_TAGS];
} POOL_COUNTS;

#endif
