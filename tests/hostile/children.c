/* SPDX-License-Identifier: MIT */
/* Hostile processes: see hostile.h. */
#include "hostile.h"
#include <stdio.h>

#define COMMAND_CHARACTERS (MAX_PATH + 80)
#define KILLED_STATUS      99

__declspec(dllimport) NTSTATUS NTAPI
NtSuspendProcess(HANDLE Process);
__declspec(dllimport) NTSTATUS NTAPI
NtResumeProcess(HANDLE Process);

static const struct
{
    const WCHAR *Name;
    JOB Run;
} Jobs[] = {
    {L"opened", JobOpened},     {L"waits", JobWaits},
    {L"holds", JobHolds},       {L"full", JobFull},
    {L"raw", JobRaw},           {L"loops", JobLoops},
    {L"sleeps", JobSleeps},     {L"races", JobRaces},
    {L"creates", JobCreates},   {L"scribbles", JobScribbles},
    {L"requests", JobRequests}, {L"scribbles-on-itself", JobScribblesOnItself},
    {L"closes", JobCloses},     {L"closes-all", JobClosesAll},
};

int
ChildRun(const WCHAR *Job, uint32_t Seed, HANDLE Ready)
{
    for (size_t Index = 0; Index < ARRAYSIZE(Jobs); ++Index)
    {
        if (lstrcmpW(Job, Jobs[Index].Name) == 0)
            return Jobs[Index].Run(Seed, Ready);
    }
    return 64;
}

static void
ChildForget(CHILD *Child)
{
    CloseHandle(Child->Process);
    CloseHandle(Child->Ready);
    ZeroMemory(Child, sizeof(*Child));
}

BOOL
ChildStart(CHILD *Child, const WCHAR *Job, uint32_t Seed)
{
    SECURITY_ATTRIBUTES Inherited = {sizeof(Inherited), NULL, TRUE};
    WCHAR Program[MAX_PATH], Command[COMMAND_CHARACTERS];
    STARTUPINFOW Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Process;

    ZeroMemory(Child, sizeof(*Child));
    GetModuleFileNameW(NULL, Program, MAX_PATH);
    Child->Ready = CreateEventW(&Inherited, TRUE, FALSE, NULL);
    swprintf(Command, COMMAND_CHARACTERS, L"\"%ls\" --child %ls %u %llu", Program, Job, Seed,
             (unsigned long long)(ULONG_PTR)Child->Ready);
    if (!CreateProcessW(Program, Command, NULL, NULL, TRUE, 0, NULL, NULL, &Startup, &Process))
    {
        Fail("starting a process: error %lu", GetLastError());
        CloseHandle(Child->Ready);
        ZeroMemory(Child, sizeof(*Child));
        return FALSE;
    }
    CloseHandle(Process.hThread);
    Child->Process = Process.hProcess;
    HANDLE Handles[] = {Child->Ready, Child->Process};
    if (WaitForMultipleObjects(2, Handles, FALSE, BOUND_MILLISECONDS) == WAIT_OBJECT_0)
        return TRUE;
    DWORD Status = STILL_ACTIVE;
    GetExitCodeProcess(Child->Process, &Status);
    ChildKill(Child);
    return Fail("job %ls did not get to its phase (status %lx)", Job, Status);
}

BOOL
ChildEnd(CHILD *Child, DWORD Milliseconds, DWORD *Status)
{
    *Status = STILL_ACTIVE;
    if (Child->Process == NULL)
        return FALSE;
    if (WaitForSingleObject(Child->Process, Milliseconds) != WAIT_OBJECT_0)
    {
        ChildKill(Child);
        return FALSE;
    }
    GetExitCodeProcess(Child->Process, Status);
    ChildForget(Child);
    return TRUE;
}

void
ChildKill(CHILD *Child)
{
    if (Child->Process == NULL)
        return;
    TerminateProcess(Child->Process, KILLED_STATUS);
    WaitForSingleObject(Child->Process, BOUND_MILLISECONDS);
    ChildForget(Child);
}

BOOL
ChildSuspend(const CHILD *Child, BOOL Suspend)
{
    return NT_SUCCESS(Suspend ? NtSuspendProcess(Child->Process) : NtResumeProcess(Child->Process));
}
