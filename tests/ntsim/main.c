/* SPDX-License-Identifier: MIT */
/* Runs all tests, or those that are named: files' (system, session, data, ring, oid, life, thread,
 * fault, dll) or single ones. */
#include "runner.h"

int
main(int Count, char **Names)
{
    RunnerSelect(Count - 1, Names + 1);
    RunSystemTests();
    RunSessionTests();
    RunDataTests();
    RunRingTests();
    RunOidTests();
    RunLifeTests();
    RunThreadTests();
    RunFaultTests();
    RunDllTests();
    return RunnerFinish();
}
