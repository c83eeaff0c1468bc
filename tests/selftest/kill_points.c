/* SPDX-License-Identifier: MIT */
/* A process is killed at each system-changing call in turn: for a DLL that was built to be killed,
 * see kill/kill_point.h. Not one of the suite's tests. */
#include "selftest.h"
#include <aclapi.h>
#include <stdio.h>

#define KILLED_STATUS 77
#define FEWEST_POINTS 30
#define LAST_POINT    1000
#define SAID_BYTES    256

/* The directory that the DLL unpacks the driver to; FALSE if there is none. */
static BOOL
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

/* Runs the job that is killed; *Unpacked counts the directories that were left. */
static DWORD
Kill(DWORD Point, char Said[SAID_BYTES], unsigned *Unpacked, const char **Missed)
{
    WCHAR Number[16], Path[MAX_PATH];
    DWORD Status;
    CHILD Child;

    wsprintfW(Number, L"%u", Point);
    SetEnvironmentVariableW(L"CULVERT_TEST_KILL_AT", Number);
    Said[0] = '\0';
    if (!ChildStart(&Child, L"steps selftest0"))
        return 1;
    SetEnvironmentVariableW(L"CULVERT_TEST_KILL_AT", NULL);
    ChildListen(&Child, Said, SAID_BYTES);
    Status = ChildEnd(&Child);
    *Missed = NULL;
    if (FindUnpacked(Path))
    {
        ++*Unpacked;
        if (!IsPrivate(Path))
            *Missed = "others can look into the directory of the unpacked driver";
    }
    return Status;
}

/* What is not as it should be after the kill, if anything. The killed process may have left a whole
 * adapter under its second name, which is nobody's fault. */
static const char *
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

static void
Report(DWORD Number, BOOL Passed, const char *What)
{
    printf("%sok %lu - %s\n", Passed ? "" : "not ", Number, What);
    fflush(stdout);
}

int
KillAtEachPoint(void)
{
    DWORD Point, Status = KILLED_STATUS;
    unsigned Bad = 0, Unpacked = 0;

    for (Point = 1; Status == KILLED_STATUS && Point < LAST_POINT; ++Point)
    {
        const char *KillMissed, *Missed;
        char Said[SAID_BYTES], What[SAID_BYTES];

        Status = Kill(Point, Said, &Unpacked, &KillMissed);
        Missed = Repair();
        if (!Missed)
            Missed = KillMissed;
        if (!Missed && Status != KILLED_STATUS && Status != 0)
            Missed = "the process failed";
        Bad += Missed != NULL;
        snprintf(What, sizeof(What),
                 "killed at call %lu: an adapter can be created and all be removed", Point);
        Report(Point, !Missed, What);
        if (Missed)
            Note("%s; status %lu; the process said: %s; the last error line: %ls", Missed, Status,
                 Said, LogLast(WINTUN_LOG_ERR));
    }
    Bad += Status != 0 || Point < FEWEST_POINTS;
    Report(Point, Status == 0 && Point >= FEWEST_POINTS,
           "the last one passed all calls and was not killed");
    Bad += Unpacked == 0;
    Report(Point + 1, Unpacked != 0, "some were killed while they unpacked the driver");
    printf("1..%lu\n", Point + 1);
    return Bad != 0;
}
