/* SPDX-License-Identifier: MIT */
/* A process is killed at system-changing calls, at each in turn: for a DLL that was built to be
 * killed, see kill/kill_point.h. Not one of the suite's tests. */
#include "kill_points.h"
#include <aclapi.h>
#include <stdio.h>

#define FEWEST_POINTS 100
#define SAMPLE_POINTS 80 /* what the time of the suite allows */
#define LOG_BYTES     (MOST_POINTS * CALL_BYTES)
#define MOST_TRIES    3 /* to start a process: a computer may fail to, and that is no kill's fault */
#define LOG_NAME      L"culvert-kill-points.log"

/* The calls of a whole run, in order. */
static CALL Calls[MOST_POINTS];
static DWORD CallCount;

BOOL
FindUnpacked(WCHAR Path[MAX_PATH])
{
    WIN32_FIND_DATAW Found;
    HANDLE Search;
    UINT Length = GetSystemWindowsDirectoryW(Path, MAX_PATH);

    lstrcpyW(Path + Length, L"\\culvert-????????????????????????????????");
    Search = FindFirstFileW(Path, &Found);
    if (Search == INVALID_HANDLE_VALUE)
        return FALSE;
    FindClose(Search);
    lstrcpyW(Path + Length + 1, Found.cFileName);
    return TRUE;
}

/* Whether the directory lets in anybody but LocalSystem, administrators and its owner. */
static BOOL
IsPrivate(const WCHAR *Path)
{
    PSECURITY_DESCRIPTOR Descriptor;
    BOOL Private = TRUE;
    PSID Owner;
    PACL Acl;

    if (GetNamedSecurityInfoW(Path, SE_FILE_OBJECT,
                              OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &Owner, NULL,
                              &Acl, NULL, &Descriptor) != ERROR_SUCCESS)
        return FALSE;
    if (!Acl)
        Private = FALSE;
    for (DWORD Index = 0; Private && Index < Acl->AceCount; ++Index)
    {
        ACCESS_ALLOWED_ACE *Ace;
        PSID Sid;
        if (!GetAce(Acl, Index, (void **)&Ace) || Ace->Header.AceType != ACCESS_ALLOWED_ACE_TYPE)
            continue;
        Sid = &Ace->SidStart;
        Private = IsWellKnownSid(Sid, WinBuiltinAdministratorsSid) ||
                  IsWellKnownSid(Sid, WinLocalSystemSid) || EqualSid(Sid, Owner);
    }
    LocalFree(Descriptor);
    return Private;
}

static void
LogPath(WCHAR Path[MAX_PATH])
{
    DWORD Length = GetTempPathW(MAX_PATH - ARRAYSIZE(LOG_NAME), Path);

    lstrcpyW(Path + Length, LOG_NAME);
}

void
CallLogBegin(void)
{
    WCHAR Path[MAX_PATH];

    LogPath(Path);
    DeleteFileW(Path);
    SetEnvironmentVariableW(L"CULVERT_TEST_KILL_LOG", Path);
}

/* Lines of Text, of which there are Bytes. */
static DWORD
LogSplit(const char *Text, DWORD Bytes, CALL *Read)
{
    DWORD Count = 0, Used = 0;

    for (DWORD Index = 0; Index < Bytes && Count < MOST_POINTS; ++Index)
    {
        if (Text[Index] == '\n')
        {
            Read[Count++][Used] = '\0';
            Used = 0;
        }
        else if (Used < CALL_BYTES - 1)
            Read[Count][Used++] = Text[Index];
    }
    return Count;
}

DWORD
CallLogEnd(CALL *Read)
{
    static char Text[LOG_BYTES];
    WCHAR Path[MAX_PATH];
    DWORD Bytes = 0;
    HANDLE File;

    SetEnvironmentVariableW(L"CULVERT_TEST_KILL_LOG", NULL);
    LogPath(Path);
    File = CreateFileW(Path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                       0, NULL);
    if (File == INVALID_HANDLE_VALUE)
        return 0;
    if (!ReadFile(File, Text, LOG_BYTES, &Bytes, NULL))
        Bytes = 0;
    CloseHandle(File);
    DeleteFileW(Path);
    return LogSplit(Text, Bytes, Read);
}

/* Runs the job that is killed, or not at all at point 0; Read gets the calls that it came to. */
static DWORD
KillOnce(DWORD Point, char Said[SAID_BYTES], CALL *Read, DWORD *Count)
{
    WCHAR Number[16];
    DWORD Status;
    CHILD Child;
    BOOL Started;

    wsprintfW(Number, L"%u", Point);
    CallLogBegin();
    SetEnvironmentVariableW(L"CULVERT_TEST_KILL_AT", Number);
    Said[0] = '\0';
    Started = ChildStart(&Child, L"steps selftest0");
    SetEnvironmentVariableW(L"CULVERT_TEST_KILL_AT", NULL);
    if (Started)
        ChildListen(&Child, Said, SAID_BYTES);
    Status = Started ? ChildEnd(&Child) : STILL_ACTIVE;
    *Count = CallLogEnd(Read);
    return Status;
}

BOOL
NeverRan(DWORD Status, const char *Said, int Try)
{
    if (Status == KILLED_STATUS || Said[0] || Try == MOST_TRIES)
        return FALSE;
    Note("try %d: a process ended with status %lu before it did anything", Try, Status);
    return TRUE;
}

static DWORD
Kill(DWORD Point, char Said[SAID_BYTES], CALL *Read, DWORD *Count)
{
    DWORD Status;
    int Try = 0;

    do
        Status = KillOnce(Point, Said, Read, Count);
    while (*Count == 0 && NeverRan(Status, Said, ++Try));
    return Status;
}

const char *
Repair(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = WintunCreateAdapter(POOL, NAME, NULL, NULL);
    WINTUN_SESSION_HANDLE Session = WintunStartSession(Adapter, CAPACITY);
    WCHAR Path[MAX_PATH];
    const char *Missed = !Session                         ? "no adapter with a session"
                         : !AdapterIsNamed(Adapter, NAME) ? "another name"
                         : PoolCount(POOL) > 2            ? "other adapters"
                         : FindUnpacked(Path)             ? "unpacked files are left"
                                                          : NULL;

    WintunEndSession(Session);
    WintunFreeAdapter(Adapter);
    if (!WintunDeletePoolDriver(POOL, NULL) || PoolCount(POOL) != 0)
        return "the pool is not deleted";
    return DriverIsInstalled() ? "the driver is left" : Missed;
}

void
Report(BOOL Passed, const char *What)
{
    static DWORD Number;

    printf("%sok %lu - %s\n", Passed ? "" : "not ", ++Number, What);
    fflush(stdout);
}

/* Whether none of the calls before is the same, in its first Length characters. */
static BOOL
IsFirst(DWORD Call, size_t Length)
{
    for (DWORD Index = 0; Index < Call; ++Index)
    {
        if (strncmp(Calls[Index], Calls[Call], Length) == 0)
            return FALSE;
    }
    return TRUE;
}

static DWORD
CountLike(DWORD Call, size_t Length)
{
    DWORD Count = 0;

    for (DWORD Index = Call; Index < CallCount; ++Index)
        Count += strncmp(Calls[Index], Calls[Call], Length) == 0;
    return Count;
}

/* How often each function of the API calls which functions of the system. */
static void
ReportCalls(void)
{
    for (DWORD First = 0; First < CallCount; ++First)
    {
        size_t Caller = strcspn(Calls[First], " ") + 1;

        if (!IsFirst(First, Caller))
            continue;
        printf("# %.*s: %lu system-changing calls\n", (int)Caller - 1, Calls[First],
               CountLike(First, Caller));
        for (DWORD Call = First; Call < CallCount; ++Call)
        {
            if (strncmp(Calls[Call], Calls[First], Caller) == 0 && IsFirst(Call, CALL_BYTES))
                printf("#   %3lu %s\n", CountLike(Call, CALL_BYTES), Calls[Call] + Caller);
        }
    }
    fflush(stdout);
}

/* The points to be killed at, of which [0] is the first call's: all, or the first call of each kind
 * by each function of the API, and of the rest some at even distances. Returns their number. */
static DWORD
Choose(BOOL All, BOOL Chosen[MOST_POINTS])
{
    DWORD Firsts = 0, Rest, Wanted, Count = 0, Passed = 0;

    for (DWORD Index = 0; Index < CallCount; ++Index)
        Firsts += IsFirst(Index, CALL_BYTES);
    Rest = CallCount - Firsts;
    Wanted = All || CallCount <= SAMPLE_POINTS ? Rest : SAMPLE_POINTS - min(Firsts, SAMPLE_POINTS);
    for (DWORD Index = 0; Index < CallCount; ++Index)
    {
        Chosen[Index] = IsFirst(Index, CALL_BYTES);
        if (!Chosen[Index])
        {
            Chosen[Index] = (Passed + 1) * Wanted / Rest != Passed * Wanted / Rest;
            ++Passed;
        }
        Count += Chosen[Index];
    }
    return Count;
}

/* Kills at one point. FALSE if that was noticed. */
static BOOL
TryPoint(DWORD Point, unsigned *Unpacked)
{
    static CALL Read[MOST_POINTS];
    DWORD Count = 0, Status;
    char Said[SAID_BYTES], What[2 * SAID_BYTES];
    const char *Missed = NULL, *Repaired;
    WCHAR Path[MAX_PATH];

    Status = Kill(Point, Said, Read, &Count);
    if (Status != KILLED_STATUS || Count != Point)
        Missed = "it was not killed there";
    if (FindUnpacked(Path))
    {
        ++*Unpacked;
        if (!IsPrivate(Path))
            Missed = "others can look into the directory of the unpacked driver";
    }
    Repaired = Repair();
    if (Repaired)
        Missed = Repaired;
    snprintf(What, sizeof(What),
             "killed at call %lu (%s): an adapter can be created and all be removed", Point,
             Count ? Read[Count - 1] : "none");
    Report(!Missed, What);
    if (Missed)
        Note("%s; status %lu; calls %lu; the process said: %s; the last error line: %ls", Missed,
             Status, Count, Said, LogLast(WINTUN_LOG_ERR));
    return !Missed;
}

/* Returns the number of failed lines. */
static unsigned
KillAtCalls(BOOL All)
{
    static BOOL Chosen[MOST_POINTS];
    DWORD Status, Count;
    unsigned Bad = 0, Unpacked = 0;
    char Said[SAID_BYTES];
    BOOL Whole;

    Status = Kill(0, Said, Calls, &CallCount);
    Whole = Status == 0 && CallCount >= FEWEST_POINTS && CallCount < MOST_POINTS && !Repair();
    ReportCalls();
    Count = Choose(All, Chosen);
    printf("# killed at %lu of %lu calls%s\n", Count, CallCount,
           Count == CallCount ? ""
                              : ": the first of each kind by each function, and some between them");
    Report(Whole, "a process that is not killed passes all calls");
    if (!Whole)
        Note("status %lu; the process said: %s", Status, Said);
    Bad += !Whole;
    for (DWORD Index = 0; Index < CallCount; ++Index)
    {
        if (Chosen[Index])
            Bad += !TryPoint(Index + 1, &Unpacked);
    }
    Report(Unpacked != 0, "some were killed while they unpacked the driver");
    return Bad + (Unpacked == 0);
}

int
KillAtEachPoint(BOOL All, const char *Only)
{
    ULONGLONG Begin = GetTickCount64();
    unsigned Bad;

    WintunSetLogger(HarnessLogger);
    Bad = FailEachCall(All, Only);
    Note("calls that fail: %u seconds", (unsigned)((GetTickCount64() - Begin) / 1000));
    if (!Only)
        Bad += KillAtCalls(All);
    return Bad != 0;
}

/* ---- The job that is killed ---------------------------------------------------------------------
 */

static BOOL CALLBACK
CountAdapter(WINTUN_ADAPTER_HANDLE Adapter, LPARAM Count)
{
    UNREFERENCED_PARAMETER(Adapter);
    ++*(int *)Count;
    return TRUE;
}

/* One life of an adapter, with everything in between. Returns 0, or the step that failed. */
static int
LifeOfOne(const WCHAR *Name)
{
    WINTUN_ADAPTER_HANDLE Adapter = CALL_OF(WintunCreateAdapter)(POOL, Name, NULL, NULL), Other;
    CULVERT_STATISTICS Statistics = {.Size = sizeof(Statistics)};
    WINTUN_SESSION_HANDLE Session;
    int Step = 0, Count = 0;

    if (!Adapter)
        return 1;
    Session = CALL_OF(WintunStartSession)(Adapter, CAPACITY);
    if (!Session || !CALL_OF(CulvertGetAdapterStatistics)(Adapter, &Statistics))
        Step = 2;
    else if (!CALL_OF(WintunSetAdapterName)(Adapter, L"steps renamed"))
        Step = 3;
    Other = CALL_OF(WintunOpenAdapter)(POOL, L"steps renamed");
    if (!Other || !CALL_OF(WintunEnumAdapters)(POOL, CountAdapter, (LPARAM)&Count) || Count != 1)
        Step = Step ? Step : 4;
    if (CALL_OF(WintunGetRunningDriverVersion)() == 0)
        Step = Step ? Step : 5;
    CALL_OF(WintunFreeAdapter)(Other);
    CALL_OF(WintunEndSession)(Session);
    if (!CALL_OF(WintunDeleteAdapter)(Adapter, FALSE, NULL))
        Step = Step ? Step : 6;
    CALL_OF(WintunFreeAdapter)(Adapter);
    return Step;
}

/* An adapter that nobody uses is stopped, for the driver to be replaced: its package is damaged. */
static int
ReplaceDriver(void)
{
    static const GUID Guid = {
        0x5d0c1f3a, 0x2b7e, 0x4c61, {0x8e, 0x19, 0x3a, 0x74, 0x0b, 0xd2, 0x95, 0x60}};
    WINTUN_ADAPTER_HANDLE Adapter;

    if (!DamageInfChanged())
        return 9;
    Adapter = CALL_OF(WintunCreateAdapter)(POOL, L"steps third", &Guid, NULL);
    CALL_OF(WintunFreeAdapter)(Adapter);
    return Adapter ? 0 : 10;
}

int
KillSteps(const WCHAR *Name)
{
    WINTUN_ADAPTER_HANDLE Adapter;
    int Step = LifeOfOne(Name);

    /* An adapter that is replaced, one whose driver is, those that are deleted with their pool, and
     * the driver. */
    for (int Round = 0; !Step && Round < 2; ++Round)
    {
        Adapter = CALL_OF(WintunCreateAdapter)(POOL, Name, NULL, NULL);
        Step = Adapter ? 0 : 7 + Round;
        CALL_OF(WintunFreeAdapter)(Adapter);
    }
    if (!Step)
        Step = ReplaceDriver();
    if (!Step && !CALL_OF(WintunDeletePoolDriver)(POOL, NULL))
        Step = 11;
    if (Step)
        ChildSay("step %d failed: %ls", Step, LogLast(WINTUN_LOG_ERR));
    return Step;
}
