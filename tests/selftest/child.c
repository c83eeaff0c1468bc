/* SPDX-License-Identifier: MIT */
/* Other processes of the same program, talked to through two pipes: one line, one step. */
#include "selftest.h"
#include <stdarg.h>
#include <stdio.h>

#define COMMAND_CHARACTERS 2048
#define CHILD_LINE_BYTES   256

/* A pipe of which only the child's end is inherited. */
static BOOL
MakePipe(HANDLE *Own, HANDLE *Others, BOOL OwnReads)
{
    SECURITY_ATTRIBUTES Attributes = {sizeof(Attributes), NULL, TRUE};
    HANDLE Read, Write;

    if (!CreatePipe(&Read, &Write, &Attributes, 0))
        return FALSE;
    *Own = OwnReads ? Read : Write;
    *Others = OwnReads ? Write : Read;
    return SetHandleInformation(*Own, HANDLE_FLAG_INHERIT, 0);
}

BOOL
ChildStart(CHILD *Child, const WCHAR *Arguments)
{
    WCHAR Dll[MAX_PATH];

    ZeroMemory(Child, sizeof(*Child));
    return DllPath(Dll) && ChildStartWith(Child, Dll, Arguments);
}

BOOL
ChildStartWith(CHILD *Child, const WCHAR *Dll, const WCHAR *Arguments)
{
    WCHAR Program[MAX_PATH], Command[COMMAND_CHARACTERS];
    STARTUPINFOW Startup = {.cb = sizeof(Startup), .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION Process;
    DWORD Error;
    BOOL Started;

    ZeroMemory(Child, sizeof(*Child));
    if (!GetModuleFileNameW(NULL, Program, MAX_PATH))
        return FALSE;
    swprintf(Command, COMMAND_CHARACTERS, L"\"%ls\" --dll \"%ls\" --child %ls", Program, Dll,
             Arguments);
    if (!MakePipe(&Child->Input, &Startup.hStdInput, FALSE))
        return FALSE;
    if (!MakePipe(&Child->Output, &Startup.hStdOutput, TRUE))
    {
        CloseHandle(Child->Input);
        CloseHandle(Startup.hStdInput);
        return FALSE;
    }
    Startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    Started = CreateProcessW(Program, Command, NULL, NULL, TRUE, 0, NULL, NULL, &Startup, &Process);
    Error = GetLastError();
    CloseHandle(Startup.hStdInput);
    CloseHandle(Startup.hStdOutput);
    if (!Started)
    {
        Note("a process cannot be started: error %lu", Error);
        CloseHandle(Child->Input);
        CloseHandle(Child->Output);
        return FALSE;
    }
    CloseHandle(Process.hThread);
    Child->Process = Process.hProcess;
    return TRUE;
}

BOOL
ChildListen(CHILD *Child, char *Line, DWORD Size)
{
    DWORD Bytes, Used = 0;
    char Character;

    while (ReadFile(Child->Output, &Character, 1, &Bytes, NULL) && Bytes == 1)
    {
        if (Character == '\n')
        {
            if (Line)
                Line[Used] = '\0';
            return TRUE;
        }
        if (Line && Character != '\r' && Used + 1 < Size)
            Line[Used++] = Character;
    }
    return FALSE;
}

void
ChildTell(CHILD *Child)
{
    DWORD Bytes;

    WriteFile(Child->Input, "\n", 1, &Bytes, NULL);
}

static void
ChildClose(CHILD *Child)
{
    CloseHandle(Child->Input);
    CloseHandle(Child->Output);
    CloseHandle(Child->Process);
    ZeroMemory(Child, sizeof(*Child));
}

DWORD
ChildEnd(CHILD *Child)
{
    DWORD Status = STILL_ACTIVE;

    if (!Child->Process)
        return STILL_ACTIVE;
    ChildTell(Child);
    if (WaitForSingleObject(Child->Process, 6 * SOON_MILLISECONDS) != WAIT_OBJECT_0)
    {
        ChildKill(Child);
        return STILL_ACTIVE;
    }
    GetExitCodeProcess(Child->Process, &Status);
    ChildClose(Child);
    return Status;
}

void
ChildKill(CHILD *Child)
{
    if (!Child->Process)
        return;
    TerminateProcess(Child->Process, 99);
    WaitForSingleObject(Child->Process, SOON_MILLISECONDS);
    ChildClose(Child);
}

void
ChildSay(const char *Format, ...)
{
    char Line[CHILD_LINE_BYTES];
    va_list Arguments;
    DWORD Bytes;
    int Length;

    va_start(Arguments, Format);
    Length = vsnprintf(Line, sizeof(Line) - 1, Format, Arguments);
    va_end(Arguments);
    Line[Length] = '\n';
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), Line, (DWORD)Length + 1, &Bytes, NULL);
}

void
ChildWait(void)
{
    char Character;
    DWORD Bytes;

    /* If the parent is gone, there is nobody to wait for. */
    ReadFile(GetStdHandle(STD_INPUT_HANDLE), &Character, 1, &Bytes, NULL);
}
