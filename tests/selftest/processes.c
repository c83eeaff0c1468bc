/* SPDX-License-Identifier: MIT */
/* Several processes, also killed ones, and several threads, on the same adapters and pools. */
#include "selftest.h"
#include <stdio.h>
#include <stdlib.h>

#define PROCESSES  4
#define THREADS    4
#define LINE_BYTES 64

static ULONG64
LuidOf(WINTUN_ADAPTER_HANDLE Adapter)
{
    NET_LUID Luid = {.Value = 0};

    WintunGetAdapterLUID(Adapter, &Luid);
    return Luid.Value;
}

/* Starts a job and waits for its first line, which must be "ready". Dll: NULL for the one that is
 * loaded here. */
static BOOL
StartReadyWith(CHILD *Child, const WCHAR *Dll, const WCHAR *Arguments)
{
    BOOL Started = Dll ? ChildStartWith(Child, Dll, Arguments) : ChildStart(Child, Arguments);
    char Line[LINE_BYTES] = "";

    if (Started && ChildListen(Child, Line, sizeof(Line)) && lstrcmpA(Line, "ready") == 0)
        return TRUE;
    Note("the process for \"%ls\" said: %s", Arguments, Line);
    ChildKill(Child);
    return FALSE;
}

static BOOL
StartReady(CHILD *Child, const WCHAR *Arguments)
{
    return StartReadyWith(Child, NULL, Arguments);
}

void
AdapterOutlivesProcess(void)
{
    WINTUN_ADAPTER_HANDLE Adapter;
    CHILD Child;

    if (!Check("outlive/process", StartReady(&Child, L"create selftest0"),
               "another process creates an adapter"))
        return;
    Check("outlive/process", ChildEnd(&Child) == 0, "it ends without freeing the handle");
    Check("outlive/process", PoolCount(POOL) == 1, "the adapter is still there");
    Adapter = WintunOpenAdapter(POOL, NAME);
    Check("outlive/process", Adapter != NULL && AdapterIsNamed(Adapter, NAME),
          "and can be opened by pool and name");
    AdapterUnmake(Adapter);
}

void
AdapterSharedByProcesses(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = AdapterMake();
    char Line[LINE_BYTES] = "";
    CHILD Child;

    if (!Adapter)
        return;
    Check("outlive/shared",
          ChildStart(&Child, L"open selftest0") && ChildListen(&Child, Line, sizeof(Line)) &&
              strtoull(Line, NULL, 16) == LuidOf(Adapter),
          "another process opens the adapter and finds the same LUID");
    Check("outlive/shared", ChildEnd(&Child) == 0, "and enumerates it");
    WintunFreeAdapter(Adapter);
    Check("outlive/shared", ChildStart(&Child, L"open selftest0") && ChildListen(&Child, NULL, 0),
          "another process has the only handle");
    FAILS("create/in-use", ERROR_ALREADY_EXISTS,
          WintunCreateAdapter(POOL, NAME, NULL, NULL) == NULL, "so it is in use");
    ChildEnd(&Child);
    Adapter = AdapterMake();
    Check("create/stale", Adapter != NULL, "when the process is gone, the adapter is replaced");
    AdapterUnmake(Adapter);
}

/*
 * What processes share to know of each other's adapters is made by the first of them: it must be
 * the same for those that come after its end. The DLL is not loaded here meanwhile, or else this
 * process would be the first one, and not end.
 */
void
CreatorEnds(void)
{
    CHILD Creator = {NULL, NULL, NULL}, User = Creator, Other = Creator;
    char Line[LINE_BYTES] = "";
    WCHAR Dll[MAX_PATH];

    if (!Check("outlive/creator", DllUnload(Dll), "the DLL is unloaded"))
        return;
    Check("outlive/creator", StartReadyWith(&Creator, Dll, L"create selftest0"),
          "a process creates an adapter, the first one to use the DLL");
    Check("outlive/creator", StartReadyWith(&User, Dll, L"session selftest0"),
          "another one has a session on it");
    Check("outlive/creator", ChildEnd(&Creator) == 0, "the first one ends");
    if (StartReadyWith(&Other, Dll, L"race selftest0"))
        ChildTell(&Other);
    Check("outlive/creator",
          Other.Process && ChildListen(&Other, Line, sizeof(Line)) && Line[0] == '1',
          "to a third one that creates the same adapter it is in use: ERROR_ALREADY_EXISTS");
    ChildEnd(&Other);
    ChildKill(&User);
    if (!Check("outlive/creator", DllLoad(Dll), "the DLL is loaded again"))
        ExitProcess(1);
    Check("outlive/process", PoolCount(POOL) == 1, "the adapter is still there");
    AdapterUnmake(AdapterMake());
}

void
KilledProcess(void)
{
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;
    CHILD Child;

    if (!Check("killed/stale", StartReady(&Child, L"session selftest0"),
               "another process has an adapter with a session"))
        return;
    FAILS("create/in-use", ERROR_ALREADY_EXISTS,
          WintunCreateAdapter(POOL, NAME, NULL, NULL) == NULL, "it is in use");
    ChildKill(&Child);
    Adapter = WintunCreateAdapter(POOL, NAME, NULL, NULL);
    Check("killed/stale", Adapter != NULL && PoolCount(POOL) == 1,
          "after the process was killed, the adapter is replaced at once");
    Session = WintunStartSession(Adapter, CAPACITY);
    Check("killed/stale", Session != NULL, "and has a session");
    WintunEndSession(Session);
    AdapterUnmake(Adapter);
}

void
SessionOfAnotherProcess(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = AdapterMake();
    WINTUN_SESSION_HANDLE Session;
    char Line[LINE_BYTES] = "";
    BOOL Reboot = 2;
    CHILD Child;

    if (!Adapter || !Check("start/one", StartReady(&Child, L"session selftest0"),
                           "another process has a session"))
        return;
    FAILS("start/one", ERROR_SHARING_VIOLATION, WintunStartSession(Adapter, CAPACITY) == NULL,
          "a session here is refused");
    FAILS("delete/no-force", ERROR_SHARING_VIOLATION, !WintunDeleteAdapter(Adapter, FALSE, &Reboot),
          "DeleteAdapter without force");
    Check("delete/reboot", Reboot == FALSE, "RebootRequired is FALSE after a failure");
    ChildTell(&Child);
    Check("delete/no-force",
          ChildListen(&Child, Line, sizeof(Line)) && atoi(Line) == ERROR_NO_MORE_ITEMS,
          "the other process's session goes on undisturbed");
    Check("delete/no-force", AdapterIsNamed(Adapter, NAME), "so does the adapter");
    ChildKill(&Child);
    Session = WintunStartSession(Adapter, CAPACITY);
    Check("killed/session", Session != NULL, "after the process was killed, a session starts here");
    WintunEndSession(Session);
    AdapterUnmake(Adapter);
}

void
ForcedDelete(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = AdapterMake();
    CHILD Child;

    if (!Adapter || !Check("delete/force", StartReady(&Child, L"eof selftest0"),
                           "another process waits in a session"))
        return;
    Check("delete/force", WintunDeleteAdapter(Adapter, TRUE, NULL), "DeleteAdapter with force");
    Check("delete/force", ChildEnd(&Child) == 0, "the other process sees ERROR_HANDLE_EOF");
    Check("delete/force", PoolCount(POOL) == 0, "the adapter is gone");
    WintunFreeAdapter(Adapter);
}

/* An adapter with a fixed GUID is deleted by force and made again, while the process that had the
 * first one still has its handle, and cleans up with it. */
void
SameGuidAgain(void)
{
    static const GUID Guid = {
        0xc51f0d11, 0x37a4, 0x4c70, {0xa1, 0x11, 0x10, 0x20, 0x30, 0x40, 0x50, 0x0a}};
    WINTUN_ADAPTER_HANDLE Old = WintunCreateAdapter(POOL, NAME, &Guid, NULL),
                          Deleter = WintunOpenAdapter(POOL, NAME), New;
    CULVERT_STATISTICS Statistics = {.Size = sizeof(Statistics)};
    WCHAR Name[MAX_ADAPTER_NAME];
    char Line[LINE_BYTES] = "";
    CHILD Child;

    Check("delete/same-guid", Old && Deleter && WintunDeleteAdapter(Deleter, TRUE, NULL),
          "an adapter is deleted by force");
    WintunFreeAdapter(Deleter);
    New = WintunCreateAdapter(POOL, NAME, &Guid, NULL);
    if (!Check("delete/same-guid",
               AdapterIsNamed(New, NAME) && StartReady(&Child, L"session selftest0"),
               "made again with its GUID and name, and has a session"))
        goto Unmake;
    FAILS("delete/same-guid", ERROR_FILE_NOT_FOUND, WintunStartSession(Old, CAPACITY) == NULL,
          "StartSession with the old handle");
    FAILS("delete/same-guid", ERROR_FILE_NOT_FOUND, !WintunSetAdapterName(Old, L"old"),
          "SetAdapterName with it");
    FAILS("delete/same-guid", ERROR_FILE_NOT_FOUND, !WintunGetAdapterName(Old, Name),
          "GetAdapterName with it");
    if (CulvertGetAdapterStatistics)
        FAILS("delete/same-guid", ERROR_FILE_NOT_FOUND,
              !CulvertGetAdapterStatistics(Old, &Statistics),
              "CulvertGetAdapterStatistics with it");
    Check("delete/same-guid", WintunDeleteAdapter(Old, FALSE, NULL),
          "DeleteAdapter with it finds the adapter gone, which is success");
    Check("delete/same-guid", WintunDeleteAdapter(Old, TRUE, NULL), "also by force");
    ChildTell(&Child);
    Check("delete/same-guid",
          ChildListen(&Child, Line, sizeof(Line)) && atoi(Line) == ERROR_NO_MORE_ITEMS &&
              AdapterIsNamed(New, NAME) && PoolCount(POOL) == 1,
          "the new adapter, its name and its session are as they were");
    ChildEnd(&Child);
Unmake:
    WintunFreeAdapter(Old);
    AdapterUnmake(New);
}

/* Whatever step the process was at, the next call repairs. */
void
KilledWhileChanging(void)
{
    BOOL Good = TRUE;
    int Round;

    for (Round = 0; Good && Round < 10; ++Round)
    {
        WINTUN_ADAPTER_HANDLE Adapter;
        WINTUN_SESSION_HANDLE Session;
        CHILD Child;
        if (!StartReady(&Child, L"lives 1000 selftest0"))
            break;
        ChildTell(&Child);
        Sleep((DWORD)(7 + Round * 23));
        ChildKill(&Child);
        Adapter = WintunCreateAdapter(POOL, NAME, NULL, NULL);
        Session = Adapter ? WintunStartSession(Adapter, CAPACITY) : NULL;
        Good = Session && AdapterIsNamed(Adapter, NAME);
        WintunEndSession(Session);
        AdapterUnmake(Adapter);
        Good = Good && WintunDeletePoolDriver(POOL, NULL) && PoolCount(POOL) == 0;
    }
    Check("killed/anywhere", Good && Round == 10,
          "10 times killed while it creates and deletes; the next process creates the same (%d)",
          Round);
}

void
ManyProcesses(void)
{
    static const WCHAR *const Jobs[PROCESSES] = {L"lives 5 many0", L"lives 5 many1",
                                                 L"lives 5 many2", L"lives 5 many3"};
    CHILD Children[PROCESSES];
    DWORD Status[PROCESSES];
    BOOL Good = TRUE;

    for (int Index = 0; Index < PROCESSES; ++Index)
        Good = StartReady(&Children[Index], Jobs[Index]) && Good;
    for (int Index = 0; Index < PROCESSES; ++Index)
    {
        if (Children[Index].Process)
            ChildTell(&Children[Index]);
    }
    for (int Index = 0; Index < PROCESSES; ++Index)
    {
        Status[Index] = ChildEnd(&Children[Index]);
        Good = Good && Status[Index] == 0;
    }
    Check("many/processes", Good,
          "four processes create, rename, open, list and delete (%lu %lu %lu %lu)", Status[0],
          Status[1], Status[2], Status[3]);
    Check("many/processes", PoolCount(POOL) == 0, "nothing is left");
}

typedef struct LIVES
{
    WCHAR Name[MAX_ADAPTER_NAME];
    int Failures;
} LIVES;

static DWORD WINAPI
LiveOften(LPVOID Parameter)
{
    LIVES *Lives = Parameter;

    for (int Round = 0; Round < 5; ++Round)
    {
        WINTUN_ADAPTER_HANDLE Adapter = WintunCreateAdapter(POOL, Lives->Name, NULL, NULL);
        WINTUN_SESSION_HANDLE Session = Adapter ? WintunStartSession(Adapter, CAPACITY) : NULL;
        if (!Session || !AdapterIsNamed(Adapter, Lives->Name) || PoolCount(POOL) < 1)
            ++Lives->Failures;
        WintunEndSession(Session);
        if (!Adapter || !WintunDeleteAdapter(Adapter, FALSE, NULL))
            ++Lives->Failures;
        WintunFreeAdapter(Adapter);
    }
    return 0;
}

void
ManyThreads(void)
{
    LIVES Lives[THREADS] = {{{0}, 0}};
    HANDLE Threads[THREADS];
    int Failures = 0;

    for (int Index = 0; Index < THREADS; ++Index)
    {
        wsprintfW(Lives[Index].Name, L"thread%d", Index);
        Threads[Index] = CreateThread(NULL, 0, LiveOften, &Lives[Index], 0, NULL);
    }
    Check("many/threads",
          WaitForMultipleObjects(THREADS, Threads, TRUE, 12 * SOON_MILLISECONDS) != WAIT_TIMEOUT,
          "four threads create, use, list and delete adapters");
    ThreadsJoin(Threads, THREADS);
    for (int Index = 0; Index < THREADS; ++Index)
        Failures += Lives[Index].Failures;
    Check("many/threads", Failures == 0, "no call of theirs failed (%d)", Failures);
    Check("many/threads", PoolCount(POOL) == 0, "nothing is left");
}

void
SameNameRace(void)
{
    CHILD Children[PROCESSES];
    int Results[3] = {0};
    WINTUN_ADAPTER_HANDLE Adapter;
    BOOL Good = TRUE;

    for (int Index = 0; Index < PROCESSES; ++Index)
        Good = StartReady(&Children[Index], L"race selftest0") && Good;
    for (int Index = 0; Good && Index < PROCESSES; ++Index)
        ChildTell(&Children[Index]);
    for (int Index = 0; Good && Index < PROCESSES; ++Index)
    {
        char Line[LINE_BYTES] = "2";
        ChildListen(&Children[Index], Line, sizeof(Line));
        ++Results[Line[0] >= '0' && Line[0] <= '1' ? Line[0] - '0' : 2];
    }
    Check("many/race", Results[0] == 1 && Results[1] == PROCESSES - 1,
          "four processes create the same adapter: one gets it, the others ERROR_ALREADY_EXISTS");
    Check("many/race", PoolCount(POOL) == 1, "there is one adapter");
    for (int Index = 0; Index < PROCESSES; ++Index)
        ChildEnd(&Children[Index]);
    Adapter = AdapterMake();
    Check("create/stale", Adapter != NULL, "when all have ended, it is replaced");
    AdapterUnmake(Adapter);
}
