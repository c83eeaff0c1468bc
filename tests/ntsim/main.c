/* SPDX-License-Identifier: MIT */
/* Runs all tests, or those that are named: files' (system, kernel, session, data, windows7, ring,
 * oid, statistics, life, state, adapters, extent, thread, fault, dll, dll-thread, waits) or single
 * ones. */
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
    RunStateTests();
    RunWindowsTests();
    RunAdaptersTests();
    RunExtentTests();
    RunThreadTests();
    RunFaultTests();
    RunDllTests();
    RunDllThreadTests();
    RunWaitsTests();
    return RunnerFinish();
}
