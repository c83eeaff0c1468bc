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

/* For what runs for each access or byte: it tells a fuzzer nothing about the driver, and to count
 * its branches takes longer than the driver itself does. */
#if defined(__clang__)
#define SIM_NOT_COVERED __attribute__((no_sanitize("coverage")))
#else
#define SIM_NOT_COVERED
#endif

/* A rule of the documentation is broken: prints Call, Page (of Microsoft's driver reference, or an
 * article's title), what is wrong, and the state of the thread; then aborts. */
_Noreturn void
SimRuleBroken(const char *Call, const char *Page, const char *Format, ...)
    __attribute__((format(printf, 3, 4)));

/* What Call asks for is legal, and the simulator lacks it: prints that and aborts. */
_Noreturn void
SimNotSimulated(const char *Call, const char *What);

#if defined(SIM_UNCHECKED)
/* For measurements: nothing is checked or disturbed. */
#define SimCheckIrql(Call, Page, Min, Max) ((void)(Call), (void)(Page))
#define SimPoint(What)                     ((void)0)
#else
/* Breaks the rule if the caller's IRQL is not within Min to Max. */
void
SimCheckIrql(const char *Call, const char *Page, KIRQL Min, KIRQL Max);

/* A synchronisation point. */
void
SimPoint(const char *What);
#endif

/* Whether this call is to fail: see SimFaultArmPlan. Call is kept. */
BOOLEAN
SimFault(const char *Call);

/* Which of the calls that can fail do, counted from 1 over all threads that are not exempt. */
typedef struct SIM_FAULT_PLAN
{
    unsigned First, Second; /* these two; 0: none */
    unsigned PerMille;      /* and so many of 1000, */
    unsigned Seed;          /* the same ones with the same seed */
} SIM_FAULT_PLAN;

/* From now on counts the calls that can fail and lets some fail. */
void
SimFaultArmPlan(const SIM_FAULT_PLAN *NewPlan);

/* The same with a plan of the Nth alone. */
void
SimFaultArm(unsigned Nth);

/* Ends counting. Returns the number of calls counted since the last plan. */
unsigned
SimFaultDisarm(void);

/* The call that failed last, or NULL, and how many have, since the last plan. */
const char *
SimFaultHit(void);
unsigned
SimFaultHits(void);

/* How often calls of this name have failed since the beginning. */
unsigned
SimFaultFailures(const char *Call);

/* What the test itself does between these is neither counted nor fails. Per thread; nests. */
void
SimFaultExemptBegin(void);
void
SimFaultExemptEnd(void);

/* Called at each synchronisation point of a thread that is not scheduled, which it may keep there.
 * NULL: nothing, as at first. While no code of the driver runs. */
void
SimPointHook(void (*Hook)(const char *What));

/* With a seed other than 0, threads yield and sleep at random at synchronisation points. */
void
SimDisturb(unsigned Seed);

/* Whether the driver promises that no thread can be suspended while it has lists to send; if so, a
 * completion where it can be is a broken rule. FALSE at first: Windows demands it of no driver. */
extern BOOLEAN SimSendsAreShielded;

#endif
