/* SPDX-License-Identifier: MIT */
/* What kernel.c and kernel_objects.c say to each other. */
#ifndef CULVERT_TESTS_NDIS_KERNEL_OBJECTS_H
#define CULVERT_TESTS_NDIS_KERNEL_OBJECTS_H

#include "kernel.h"

void
KernelObjectsReset(void);
unsigned
KernelObjectsLeft(void);
void
KernelBugCheck(const char *File, int Line, const char *Condition);

#endif
