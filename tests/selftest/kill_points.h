/* SPDX-License-Identifier: MIT */
/* What kill_points.c and failing_calls.c share: a DLL that was built with kill/kill_point.h. */
#ifndef TESTS_SELFTEST_KILL_POINTS_H
#define TESTS_SELFTEST_KILL_POINTS_H

#include "selftest.h"

#define KILLED_STATUS 77
#define MOST_POINTS   1000
#define SAID_BYTES    256
#define CALL_BYTES    128

/* What the DLL's calls are named in the log: "WintunCreateAdapter SetupCopyOEMInfW". */
typedef char CALL[CALL_BYTES];

/* Tells kill_point.c which function of the API is called next. */
#define CALL_OF(Function) (SetEnvironmentVariableA("CULVERT_TEST_KILL_CALLER", #Function), Function)

/* Begins a new log, of this process and its children. */
void
CallLogBegin(void);

/* Ends it, and reads it into Read, at most MOST_POINTS lines. Returns their number. */
DWORD
CallLogEnd(CALL *Read);

/* The directory that the DLL unpacks the driver to; FALSE if there is none. */
BOOL
FindUnpacked(WCHAR Path[MAX_PATH]);

/* What is not as it should be after a kill, if anything: an adapter can be created and used, and
 * all be removed. The killed process may have left a whole adapter under another name, which is
 * nobody's fault. */
const char *
Repair(void);

/* Whether the process that is to be killed is to be started again, because it was never seen to do
 * anything; notes that. Try counts from 1. */
BOOL
NeverRan(DWORD Status, const char *Said, int Try);

/* One line of TAP; numbers them. */
void
Report(BOOL Passed, const char *What);

/* Each system-changing call fails once, or a sample of them; then the process is killed while it
 * undoes what was done before. Only: calls with this in their names; NULL for all. Returns the
 * number of failed lines. */
unsigned
FailEachCall(BOOL All, const char *Only);

/* The job of a process that is killed after a failing call: Arguments are the situation's number,
 * the call's, and how many calls later it is killed. Does not return if all is as it should be. */
int
FailAndBeKilled(WCHAR **Arguments);

#endif
