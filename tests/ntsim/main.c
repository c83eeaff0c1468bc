/* SPDX-License-Identifier: MIT */
/* Runs all tests, or those that are named: files' (system, kernel, session, data, ring, oid,
 * statistics, life, thread, fault, dll, dll-thread) or single ones. */
#include "runner.h"

int
main(int Count, char **Names)
{
    RunnerSelect(Count - 1, Names + 1);
    RunSystemTests();
    RunKernelTests();
    RunSessionTests();
    RunDataTests();
    RunRingTests();
    RunOidTests();
    RunStatisticsTests();
    RunLifeTests();
    RunThreadTests();
    RunFaultTests();
    RunDllTests();
    RunDllThreadTests();
    return RunnerFinish();
}
