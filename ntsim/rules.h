/* SPDX-License-Identifier: MIT */
/*
 * Rules and failures: how the simulator says that a driver broke a rule, checks the IRQL of a call,
 * makes calls fail, and disturbs the scheduling. Usable from any thread.
 */
#ifndef CULVERT_NTSIM_RULES_H
#define CULVERT_NTSIM_RULES_H

/* The simulator defines what nt/ declares as imported from the kernel. */
#define NTKERNELAPI

#include "../nt/nt.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SIM_THREAD_SANITIZER 1
#endif
#if __has_feature(address_sanitizer)
#define SIM_ADDRESS_SANITIZER 1
#endif
#endif

/* A rule of the documentation is broken: prints Call, Page (of Microsoft's driver reference, or an
 * article's title), what is wrong, and the state of the thread; then aborts. */
_Noreturn void
SimRuleBroken(const char *Call, const char *Page, const char *Format, ...)
    __attribute__((format(printf, 3, 4)));

/* Breaks the rule if the caller's IRQL is not within Min to Max. */
void
SimCheckIrql(const char *Call, const char *Page, KIRQL Min, KIRQL Max);

/* Whether this call is to fail: see SimFaultArm. Call is kept. */
BOOLEAN
SimFault(const char *Call);

/* From now on counts the calls that can fail, by threads that are not exempt, and lets the Nth
 * (from 1) fail; 0 lets none fail. */
void
SimFaultArm(unsigned Nth);

/* Ends counting. Returns the number of calls counted since SimFaultArm. */
unsigned
SimFaultDisarm(void);

/* The call that failed, or NULL. */
const char *
SimFaultHit(void);

/* What the test itself does between these is neither counted nor fails. Per thread; nests. */
void
SimFaultExemptBegin(void);
void
SimFaultExemptEnd(void);

/* With a seed other than 0, threads yield and sleep at random at synchronisation points. */
void
SimDisturb(unsigned Seed);

/* A synchronisation point. */
void
SimPoint(void);

#endif
