/* SPDX-License-Identifier: MIT */
/*
 * The driver's accesses to memory, one by one.
 *
 * A driver that ntsim_system, or session code of the DLL that ntsim_dll (CMakeLists.txt) compiles
 * with HOOKS calls the simulator before each access; its sources are the same. HOOKS thread uses
 * the calls that clang makes for the thread sanitizer, whose runtime is not there: plain, volatile
 * and atomic accesses, fences, and the blocks that are copied and filled. It excludes other
 * sanitizers in the driver. HOOKS coverage uses those of
 * -fsanitize-coverage=trace-loads,trace-stores beside any sanitizer: loads and stores, also atomic
 * ones, but no read-modify-write operations, fences or blocks.
 */
#ifndef CULVERT_NTSIM_ACCESS_H
#define CULVERT_NTSIM_ACCESS_H

#include "rules.h"

/* Kinds of accesses; an atomic read-modify-write is all three. */
#define SIM_ACCESS_READ   1u
#define SIM_ACCESS_WRITE  2u
#define SIM_ACCESS_ATOMIC 4u

/* Called just before Bytes bytes at Address are accessed, on the driver's thread, at its IRQL.
 * Accesses that are made from within the hook are not reported. */
typedef void
SIM_ACCESS_HOOK(void *Context, const volatile void *Address, SIZE_T Bytes, unsigned Kind);

/* Sets the hook; NULL: none, as at first. While no code of the driver runs. */
void
SimAccessHook(SIM_ACCESS_HOOK *Hook, void *Context);

/* What the instrumented code does: reports an access. */
void
SimAccess(const volatile void *Address, SIZE_T Bytes, unsigned Kind);

/* Several threads use these bytes, under a lock of code that has hooks: plain accesses to them are
 * synchronisation points of scheduled threads, too. Until SimAccessForget, before they are freed.
 */
void
SimAccessShare(const void *Memory, SIZE_T Bytes);
void
SimAccessForget(const void *Memory);

/*
 * The rule that shared memory is read once (page "devtest/wdm-doublefetch"): between
 * SimReadOnceBegin and SimReadOnceEnd the driver may read no byte twice of the Bytes bytes at
 * Pages, which are an application's (SimPagesAllocate), unless the application has written it anew
 * in between, of which SimReadOnceRenew tells. One range at a time; while no code of the driver
 * runs.
 */
void
SimReadOnceBegin(const void *Pages, SIZE_T Bytes);
void
SimReadOnceEnd(void);

/* The driver may read these bytes once more. Before they are published; from any thread. */
void
SimReadOnceRenew(const void *From, SIZE_T Bytes);

/* How many bytes the driver has read of the range since SimReadOnceBegin. */
ULONG64
SimReadOnceBytes(void);

#endif
