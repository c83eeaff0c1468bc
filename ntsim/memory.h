/* SPDX-License-Identifier: MIT */
/* Pool, pages of applications, and the lists that describe them. */
#ifndef CULVERT_NTSIM_MEMORY_H
#define CULVERT_NTSIM_MEMORY_H

#include "rules.h"

/* Blocks, MDLs and mappings that exist. Prints the blocks by tag. */
unsigned
SimMemoryLeft(void);

/* How many blocks and MDLs exist. */
void
SimMemoryCount(unsigned *PoolBlocks, unsigned *Mdls);

/* Blocks with this tag. */
unsigned
SimPoolBlocks(ULONG Tag);

/* The block with this tag, if there is one alone; else NULL. */
PVOID
SimPoolFind(ULONG Tag);

/* Zeroed pages of an application, for SimPagesFree; Bytes is rounded up to pages. A locked MDL of
 * them can be mapped a second time, at an address of the system's. */
PVOID
SimPagesAllocate(SIZE_T Bytes);
void
SimPagesFree(PVOID Pages, SIZE_T Bytes);

/* An MDL that describes Length bytes at Address, within pages of an application, with the pages
 * locked, as the I/O manager makes it for direct I/O. Its MmUnlockPages takes the mapping away:
 * a driver that uses the memory afterwards faults. */
PMDL
SimMdlCreateLocked(PVOID Address, ULONG Length);
void
SimMdlFreeLocked(PMDL Mdl);

/* Where the application has what a driver sees at Address, which is in a mapping of an
 * application's pages that exists; NULL if it is not. */
PVOID
SimPagesOf(const volatile void *Address);

#endif
