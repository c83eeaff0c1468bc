/* SPDX-License-Identifier: MIT */
/*
 * Each call of the DLL that changes something in the system fails once: the function of the API
 * says so, and nothing is left half made, or it does without. Then the process is killed while it
 * undoes what it had done. For a DLL that was built for that, see kill/kill_point.h; a part of
 * kill_points.c, and not one of the suite's tests.
 */
#include "kill_points.h"
#include <setupapi.h>
#include <cfgmgr32.h>
#include <devguid.h>
#include <stdio.h>
#include <stdlib.h>

#define FAILURE_ERROR      ERROR_NO_SYSTEM_RESOURCES /* KILL_POINT_ERROR of kill/kill_point.h */
#define FAILURE_CODE       L"1450"
#define HARDWARE_ID        L"Culvert"
#define HARDWARE_ID_CHARS  64
#define MOST_KINDS         200
#define ASIDE              L"\\drivers\\culvert.sys.old"
#define NUMBER_CHARACTERS  16
#define DESCRIPTION_BYTES  512
#define ARGUMENT_SITUATION 0
#define ARGUMENT_CALL      1
#define ARGUMENT_LATER     2

static const GUID Guid = {
    0x1f86ab2e, 0x94d3, 0x4a05, {0xb7, 0x4e, 0x52, 0x10, 0xc9, 0x6d, 0xe3, 0x71}};

/* A function of the API, and what there is before it is called. */
typedef struct SITUATION
{
    const char *What;
    BOOL (*Prepare)(void); /* from any state */
    BOOL (*Do)(void);
    BOOL (*IsDone)(void); /* after Do has succeeded */
} SITUATION;

/* What a failing call led to. */
typedef struct ATTEMPT
{
    CALL Calls[MOST_POINTS];
    DWORD Count;
    BOOL Succeeded;
    const char *Wrong; /* NULL: nothing */
} ATTEMPT;

/* What the system has of ours. */
typedef struct STATE
{
    int Devices, Stopped, Packages;
    BOOL Installed;
} STATE;

static WINTUN_ADAPTER_HANDLE Adapter;
static WINTUN_SESSION_HANDLE Session;

/* ---- Situations --------------------------------------------------------------------------------
 */

static void
GiveBack(void)
{
    WintunEndSession(Session);
    WintunFreeAdapter(Adapter);
    Session = NULL;
    Adapter = NULL;
}

static BOOL
HaveNothing(void)
{
    GiveBack();
    return WintunDeletePoolDriver(POOL, NULL) && !DriverIsInstalled();
}

/* An adapter that nobody uses, and no other one: an earlier attempt may have left that. */
static BOOL
HaveIdle(void)
{
    GiveBack();
    if (PoolCount(POOL) > 1 && !HaveNothing())
        return FALSE;
    Adapter = WintunOpenAdapter(POOL, NAME);
    if (!Adapter)
        Adapter = WintunCreateAdapter(POOL, NAME, NULL, NULL);
    if (!Adapter)
        return FALSE;
    GiveBack();
    return TRUE;
}

/* The same, and its driver's package is to be replaced. */
static BOOL
HaveDamaged(void)
{
    WCHAR Inf[MAX_PATH];

    if (!HaveNothing() || !HaveIdle())
        return FALSE;
    return PackageCount(Inf) == 1 && DamageInfChanged();
}

static BOOL
HaveHandle(void)
{
    if (!HaveIdle())
        return FALSE;
    Adapter = WintunOpenAdapter(POOL, NAME);
    return Adapter != NULL;
}

static BOOL
Create(void)
{
    Adapter = CALL_OF(WintunCreateAdapter)(POOL, NAME, NULL, NULL);
    return Adapter != NULL;
}

static BOOL
Replace(void)
{
    Adapter = CALL_OF(WintunCreateAdapter)(POOL, NAME, &Guid, NULL);
    return Adapter != NULL;
}

static BOOL
CreateAnother(void)
{
    Adapter = CALL_OF(WintunCreateAdapter)(POOL, L"failing2", &Guid, NULL);
    return Adapter != NULL;
}

static BOOL
IsUsable(void)
{
    Session = WintunStartSession(Adapter, CAPACITY);
    return Session != NULL;
}

static BOOL
Open(void)
{
    Adapter = CALL_OF(WintunOpenAdapter)(POOL, NAME);
    return Adapter != NULL;
}

static BOOL
Start(void)
{
    Session = CALL_OF(WintunStartSession)(Adapter, CAPACITY);
    return Session != NULL;
}

static BOOL
Rename(void)
{
    /* Back again, so that the next attempt renames it too. */
    return CALL_OF(WintunSetAdapterName)(Adapter, L"failing1") &&
           CALL_OF(WintunSetAdapterName)(Adapter, NAME);
}

static BOOL
IsRenamed(void)
{
    return AdapterIsNamed(Adapter, NAME);
}

static BOOL
Ask(void)
{
    CULVERT_STATISTICS Statistics = {.Size = sizeof(Statistics)};

    return CALL_OF(CulvertGetAdapterStatistics)(Adapter, &Statistics);
}

static BOOL
AskVersion(void)
{
    return CALL_OF(WintunGetRunningDriverVersion)() != 0;
}

static BOOL CALLBACK
Pass(WINTUN_ADAPTER_HANDLE Passed, LPARAM Parameter)
{
    UNREFERENCED_PARAMETER(Passed);
    UNREFERENCED_PARAMETER(Parameter);
    return TRUE;
}

static BOOL
Enumerate(void)
{
    return CALL_OF(WintunEnumAdapters)(POOL, Pass, 0);
}

static BOOL
Delete(void)
{
    return CALL_OF(WintunDeleteAdapter)(Adapter, FALSE, NULL);
}

static BOOL
DeletePoolOnly(void)
{
    return CALL_OF(WintunDeletePoolDriver)(POOL, NULL);
}

static BOOL
IsEmpty(void)
{
    return PoolCount(POOL) == 0;
}

static BOOL
IsSaid(void)
{
    return TRUE;
}

static const SITUATION Situations[] = {
    {"on a clean system", HaveNothing, Create, IsUsable},
    {"over an adapter that nobody uses", HaveIdle, Replace, IsUsable},
    {"that replaces a driver", HaveDamaged, CreateAnother, IsUsable},
    {"of an adapter", HaveIdle, Open, IsUsable},
    {"on an adapter", HaveHandle, Start, IsSaid},
    {"of an adapter", HaveHandle, Rename, IsRenamed},
    {"of an adapter", HaveHandle, Ask, IsSaid},
    {"of an adapter", HaveIdle, AskVersion, IsSaid},
    {"of an adapter", HaveIdle, Enumerate, IsSaid},
    {"of an adapter", HaveHandle, Delete, IsEmpty},
    {"of all there is", HaveIdle, DeletePoolOnly, IsEmpty}};

/* ---- What is left ------------------------------------------------------------------------------
 */

static BOOL
IsOurs(HDEVINFO Set, SP_DEVINFO_DATA *Data)
{
    WCHAR Id[HARDWARE_ID_CHARS] = L"";

    return SetupDiGetDeviceRegistryPropertyW(Set, Data, SPDRP_HARDWAREID, NULL, (BYTE *)Id,
                                             sizeof(Id), NULL) &&
           lstrcmpiW(Id, HARDWARE_ID) == 0;
}

static void
Look(STATE *State)
{
    HDEVINFO Set = SetupDiGetClassDevsW(&GUID_DEVCLASS_NET, NULL, NULL, 0);
    SP_DEVINFO_DATA Data = {.cbSize = sizeof(Data)};
    ULONG Status, Problem;
    WCHAR Inf[MAX_PATH];

    State->Devices = State->Stopped = 0;
    for (DWORD Index = 0; SetupDiEnumDeviceInfo(Set, Index, &Data); ++Index)
    {
        if (!IsOurs(Set, &Data))
            continue;
        ++State->Devices;
        State->Stopped +=
            CM_Get_DevNode_Status(&Status, &Problem, Data.DevInst, 0) == CR_SUCCESS && Problem;
    }
    SetupDiDestroyDeviceInfoList(Set);
    State->Packages = PackageCount(Inf);
    State->Installed = DriverIsInstalled();
}

/* What is left half made by a function that has failed, if anything. */
static const char *
HalfMade(const STATE *Before)
{
    WCHAR Path[MAX_PATH];
    STATE After;

    Look(&After);
    if (After.Devices != PoolCount(POOL))
        return "a device without a pool is left";
    if (After.Devices > Before->Devices)
        return "an adapter is left";
    if (After.Stopped)
        return "a device is left stopped";
    if (After.Packages > Before->Packages)
        return "a package is left in the driver store";
    if (After.Installed && !Before->Installed)
        return "the driver is left";
    if (FindUnpacked(Path))
        return "unpacked files are left";
    GetSystemDirectoryW(Path, MAX_PATH);
    lstrcatW(Path, ASIDE);
    return GetFileAttributesW(Path) != INVALID_FILE_ATTRIBUTES ? "the image is left aside" : NULL;
}

/* ---- Attempts ----------------------------------------------------------------------------------
 */

static void
SetNumber(const WCHAR *Name, DWORD Number)
{
    WCHAR Digits[NUMBER_CHARACTERS];

    wsprintfW(Digits, L"%u", Number);
    SetEnvironmentVariableW(Name, Digits);
}

/* Lets the Call-th call from now on fail; 0: none. And the process be killed Later calls after it;
 * 0: not at all. */
static void
Arm(DWORD Call, DWORD Later)
{
    WCHAR Digits[NUMBER_CHARACTERS] = L"";
    DWORD Passed;

    GetEnvironmentVariableW(L"CULVERT_TEST_KILL_PASSED", Digits, NUMBER_CHARACTERS);
    Passed = (DWORD)_wtoi(Digits);
    SetNumber(L"CULVERT_TEST_FAIL_AT", Call ? Passed + Call : 0);
    SetNumber(L"CULVERT_TEST_KILL_AT", Call && Later ? Passed + Call + Later : 0);
}

/* What is wrong after the function has returned. */
static const char *
Judge(const SITUATION *Situation, const ATTEMPT *Attempt, DWORD Error, const STATE *Before)
{
    LONG Lines = LogCount(WINTUN_LOG_ERR);

    if (Attempt->Succeeded)
        return Lines                  ? "an error is logged though it succeeded"
               : !Situation->IsDone() ? "it says that it succeeded"
                                      : NULL;
    if (Error != FAILURE_ERROR)
        return "the last error is not the failing call's";
    if (Lines != 1 || !wcsstr(LogLast(WINTUN_LOG_ERR), FAILURE_CODE))
        return "there is not one error line with the reason";
    return HalfMade(Before);
}

/* Lets a call fail; 0: none. */
static void
Try(const SITUATION *Situation, DWORD Call, ATTEMPT *Attempt)
{
    STATE Before;
    DWORD Error;

    ZeroMemory(Attempt, sizeof(*Attempt));
    if (!Situation->Prepare())
    {
        Attempt->Wrong = "it cannot be prepared";
        return;
    }
    Look(&Before);
    CallLogBegin();
    FailureBegin();
    Arm(Call, 0);
    Attempt->Succeeded = Situation->Do();
    Error = GetLastError();
    Arm(0, 0);
    Attempt->Count = CallLogEnd(Attempt->Calls);
    if (!Call && !Attempt->Succeeded)
        Attempt->Wrong = "it fails though no call failed";
    else if (Attempt->Count < Call)
        Attempt->Wrong = "the call is not made";
    else
        Attempt->Wrong = Judge(Situation, Attempt, Error, &Before);
    GiveBack();
    if (Attempt->Wrong)
        Note("%s: error %lu, %ld error lines, the last one: %ls", Attempt->Wrong, Error,
             LogCount(WINTUN_LOG_ERR), LogLast(WINTUN_LOG_ERR));
}

/* Whether a call of the kind has not been seen before, in any situation. */
static BOOL
IsNew(CALL *Kinds, DWORD *Count, const char *Call)
{
    for (DWORD Index = 0; Index < *Count; ++Index)
    {
        if (strcmp(Kinds[Index], Call) == 0)
            return FALSE;
    }
    if (*Count < MOST_KINDS)
        lstrcpynA(Kinds[(*Count)++], Call, CALL_BYTES);
    return TRUE;
}

int
FailAndBeKilled(WCHAR **Arguments)
{
    const SITUATION *Situation = &Situations[_wtoi(Arguments[ARGUMENT_SITUATION])];

    if (Situation->Prepare())
    {
        Arm((DWORD)_wtoi(Arguments[ARGUMENT_CALL]), (DWORD)_wtoi(Arguments[ARGUMENT_LATER]));
        Situation->Do();
    }
    ChildSay("it goes on: %ls", LogLast(WINTUN_LOG_ERR));
    return 1;
}

/* Kills a process Later calls after the Call-th, which fails. Returns the number of failed lines.
 */
static unsigned
KillUndoing(size_t Situation, DWORD Call, DWORD Later, const ATTEMPT *Attempt)
{
    char Said[SAID_BYTES] = "", What[DESCRIPTION_BYTES];
    const char *Missed = NULL, *Repaired;
    WCHAR Job[SAID_BYTES];
    DWORD Status;
    CHILD Child;
    int Try = 0;

    wsprintfW(Job, L"fails %u %u %u", (unsigned)Situation, Call, Later);
    do
    {
        Status = STILL_ACTIVE;
        if (ChildStart(&Child, Job))
        {
            ChildListen(&Child, Said, SAID_BYTES);
            Status = ChildEnd(&Child);
        }
    } while (NeverRan(Status, Said, ++Try));
    if (Status != KILLED_STATUS)
        Missed = "it was not killed there";
    Repaired = Repair();
    if (Repaired)
        Missed = Repaired;
    snprintf(What, sizeof(What),
             "%s %s: call %lu (%s) fails, killed while that is undone at call %lu (%s): an adapter "
             "can be created and all be removed",
             Attempt->Calls[0], Situations[Situation].What, Call, Attempt->Calls[Call - 1],
             Call + Later, Attempt->Calls[Call + Later - 1]);
    Report(!Missed, What);
    if (Missed)
        Note("%s; status %lu; the process said: %s; the last error line: %ls", Missed, Status, Said,
             LogLast(WINTUN_LOG_ERR));
    return Missed != NULL;
}

/* Kills at each call of the undoing, or at the first of each kind. */
static unsigned
KillUndoings(size_t Situation, DWORD Call, const ATTEMPT *Attempt, BOOL All)
{
    static CALL Kinds[MOST_KINDS];
    static DWORD KindCount;
    unsigned Bad = 0;

    for (DWORD Later = 1; Call + Later <= Attempt->Count; ++Later)
    {
        BOOL New = IsNew(Kinds, &KindCount, Attempt->Calls[Call + Later - 1]);
        if (New || All)
            Bad += KillUndoing(Situation, Call, Later, Attempt);
    }
    return Bad;
}

static unsigned
ReportFailing(const SITUATION *Situation, DWORD Call, const CALL Name, const ATTEMPT *Attempt)
{
    char What[DESCRIPTION_BYTES];

    snprintf(What, sizeof(What), "%s %s: call %lu fails: %s", Name, Situation->What, Call,
             Attempt->Succeeded ? "it is done without"
                                : "so does the function, and nothing is left half made");
    Report(!Attempt->Wrong, What);
    return Attempt->Wrong != NULL;
}

/* Calls that fail only if their caller makes a mistake: KILL_ONLY of kill/kill_point.h. */
static BOOL
CannotFail(const char *Call)
{
    return strstr(Call, " ReleaseMutex") || strstr(Call, " SetupDiDestroyDeviceInfoList");
}

/* The calls of one situation; of those whose undoing is the longest, that is killed, or with All,
 * each. */
static unsigned
FailIn(size_t Situation, BOOL All, const char *Only)
{
    static ATTEMPT Whole, Attempt, Longest;
    static CALL Kinds[MOST_KINDS];
    static DWORD KindCount;
    DWORD LongestCall = 0;
    unsigned Bad = 0;

    Try(&Situations[Situation], 0, &Whole);
    if (Whole.Wrong)
        return ReportFailing(&Situations[Situation], 0, "a function", &Whole);
    for (DWORD Call = 1; Call <= Whole.Count; ++Call)
    {
        BOOL New = IsNew(Kinds, &KindCount, Whole.Calls[Call - 1]);
        if (CannotFail(Whole.Calls[Call - 1]) ||
            (Only ? !strstr(Whole.Calls[Call - 1], Only) : !New && !All))
            continue;
        Try(&Situations[Situation], Call, &Attempt);
        Bad += ReportFailing(&Situations[Situation], Call, Whole.Calls[Call - 1], &Attempt);
        if (Attempt.Succeeded)
            continue;
        if (All)
            Bad += KillUndoings(Situation, Call, &Attempt, TRUE);
        else if (!LongestCall || Attempt.Count - Call > Longest.Count - LongestCall)
        {
            Longest = Attempt;
            LongestCall = Call;
        }
    }
    if (LongestCall)
        Bad += KillUndoings(Situation, LongestCall, &Longest, FALSE);
    return Bad;
}

unsigned
FailEachCall(BOOL All, const char *Only)
{
    unsigned Bad = 0;

    for (size_t Situation = 0; Situation < ARRAYSIZE(Situations); ++Situation)
        Bad += FailIn(Situation, All, Only);
    return Bad + !HaveNothing();
}
