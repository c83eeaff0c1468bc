/* SPDX-License-Identifier: MIT */
/*
 * Hostile applications against the real driver and DLL. check_hostile.sh starts this program,
 * writes one command a line to it, and counts what is left between them; each command is answered
 * by lines of diagnostics and then "done 0" or "done 1". What a command does badly to the adapter
 * it does in processes of its own: this program, started again with --child.
 */
#include "hostile.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 128
#define LOG_BYTES  1024

const GUID HostileGuid = {
    0x4f8d2a6b, 0x31c7, 0x4e59, {0x9a, 0x02, 0x6d, 0xe1, 0x55, 0xb8, 0x7c, 0x43}};

static void
Print(const char *Format, va_list Arguments)
{
    printf("# ");
    vprintf(Format, Arguments);
    printf("\n");
    fflush(stdout);
}

void
Note(const char *Format, ...)
{
    va_list Arguments;
    va_start(Arguments, Format);
    Print(Format, Arguments);
    va_end(Arguments);
}

BOOL
Fail(const char *Format, ...)
{
    va_list Arguments;
    va_start(Arguments, Format);
    Print(Format, Arguments);
    va_end(Arguments);
    return FALSE;
}

DICE
DiceSeed(uint64_t Seed)
{
    return (DICE){Seed * 0x9E3779B97F4A7C15u + 1};
}

uint32_t
Dice(DICE *Dice, uint32_t Sides)
{
    Dice->State ^= Dice->State << 13;
    Dice->State ^= Dice->State >> 7;
    Dice->State ^= Dice->State << 17;
    return (uint32_t)(Dice->State >> 32) % Sides;
}

static BOOL
Use(uint32_t Seed)
{
    (void)Seed;
    return UseAdapter();
}

/* NDIS keeps freed NET_BUFFER_LISTs for the adapter's next ones: with a new adapter nothing is left
 * of those, and the pool can be counted to the block. */
static BOOL
Renew(uint32_t Seed)
{
    (void)Seed;
    return DeleteAdapter() && UseAdapter();
}

static BOOL
Delete(uint32_t Seed)
{
    BOOL Reboot;
    (void)Seed;
    return DeleteAdapter() && (WintunDeletePoolDriver(HOSTILE_POOL, &Reboot) ||
                               Fail("deleting the pool: error %lu", GetLastError()));
}

static BOOL
Counts(uint32_t Seed)
{
    (void)Seed;
    CountsPrint();
    return TRUE;
}

static BOOL
Flood(uint32_t Seed)
{
    (void)Seed;
    return FloodStart();
}

static BOOL
Calm(uint32_t Seed)
{
    (void)Seed;
    FloodStop();
    return TRUE;
}

static const struct
{
    const char *Name;
    COMMAND Run;
} Commands[] = {
    {"use", Use},
    {"renew", Renew},
    {"delete", Delete},
    {"counts", Counts},
    {"objects", ObjectsShow},
    {"flood", Flood},
    {"calm", Calm},
    {"killed", AttackKilled},
    {"killed-anywhere", AttackKilledAnywhere},
    {"suspended", AttackSuspended},
    {"scribbled", AttackScribbled},
    {"requests", AttackRequests},
    {"closes", AttackCloses},
    {"races", AttackRaces},
    {"deleted", AttackDeleted},
    {"ends", AttackEnds},
    {"sessions", AttackSessions},
    {"starts", AttackStarts},
};

/* "COMMAND SEED" */
static BOOL
RunLine(char *Line)
{
    char *Seed = strchr(Line, ' ');
    if (Seed != NULL)
        *Seed++ = '\0';
    for (size_t Index = 0; Index < ARRAYSIZE(Commands); ++Index)
    {
        if (strcmp(Line, Commands[Index].Name) == 0)
            return Commands[Index].Run(Seed != NULL ? (uint32_t)strtoul(Seed, NULL, 10) : 0);
    }
    return Fail("there is no command \"%s\"", Line);
}

/* Failures only: thousands of sessions have as many lines. Child processes, which are to fail, are
 * silent. */
static BOOL CALLBACK
LogFailure(WINTUN_LOGGER_LEVEL Level, const WCHAR *Message)
{
    char Line[LOG_BYTES];
    DWORD Bytes;
    if (Level != WINTUN_LOG_ERR)
        return TRUE;
    int Length = snprintf(Line, sizeof(Line), "%ls\n", Message);
    if (Length > 0 && Length < LOG_BYTES)
        WriteFile(GetStdHandle(STD_ERROR_HANDLE), Line, (DWORD)Length, &Bytes, NULL);
    return TRUE;
}

int
wmain(int Count, WCHAR **Arguments)
{
    char Line[LINE_BYTES];
    WSADATA Winsock;

    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    LoadCulvertDll();
    if (WSAStartup(MAKEWORD(2, 2), &Winsock) != 0)
        Die("WSAStartup");
    if (Count == 5 && wcscmp(Arguments[1], L"--child") == 0)
    {
        WintunSetLogger(NULL);
        return ChildRun(Arguments[2], (uint32_t)wcstoul(Arguments[3], NULL, 10),
                        (HANDLE)(ULONG_PTR)_wcstoui64(Arguments[4], NULL, 10));
    }
    WintunSetLogger(LogFailure);
    while (fgets(Line, sizeof(Line), stdin) != NULL)
    {
        Line[strcspn(Line, "\r\n")] = '\0';
        if (strcmp(Line, "quit") == 0)
            break;
        printf("done %d\n", !RunLine(Line));
        fflush(stdout);
    }
    return 0;
}
