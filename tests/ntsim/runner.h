/* SPDX-License-Identifier: MIT */
/*
 * Runs tests, each in a process of its own with a limit of time, and reports in TAP. A test that
 * fails, dies or hangs is one "not ok" with its output, and the next one starts clean.
 */
#ifndef CULVERT_TESTS_NTSIM_RUNNER_H
#define CULVERT_TESTS_NTSIM_RUNNER_H

#include "world.h"

/* Which tests to run: each argument is the name of a file's tests or of one test; none: all. */
void
RunnerSelect(int Count, char **Names);

/* Runs those of the tests of File that are selected. */
void
RunnerRun(const char *File, const struct CMUnitTest *Tests, size_t Count);

/* Says what is going on: printed if the test then fails or dies, replaced by the next note. */
void
RunnerNote(const char *Format, ...) __attribute__((format(printf, 1, 2)));

/* Prints the plan. The exit status: 0 if tests ran and all passed. */
int
RunnerFinish(void);

/* Each file's tests. */
void
RunSystemTests(void);
void
RunKernelTests(void);
void
RunSessionTests(void);
void
RunDataTests(void);
void
RunRingTests(void);
void
RunOidTests(void);
void
RunStatisticsTests(void);
void
RunLifeTests(void);
void
RunStateTests(void);
void
RunWindowsTests(void);
void
RunAdaptersTests(void);
void
RunExtentTests(void);
void
RunThreadTests(void);
void
RunFaultTests(void);
void
RunDllTests(void);
void
RunDllThreadTests(void);
void
RunWaitsTests(void);

#define RUN_TESTS(File, Tests) RunnerRun(File, Tests, ARRAYSIZE(Tests))

#endif
