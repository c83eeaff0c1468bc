/* SPDX-License-Identifier: MIT */
/* Sessions that end in odd places: while a thread or the process ends, when the system's loader has
 * its lock, and in the logger. */
#include "selftest.h"

#define EXITS         8 /* processes; a lock is held in about every second one */
#define HAMMERS       3 /* threads */
#define HAMMER_MOMENT 40

/* How jobs fail. */
enum
{
    NO_SESSION = 3,
    STUCK,
    GOES_ON
};

static WINTUN_SESSION_HANDLE EndsWithProcess;
static volatile LONG EndsWithThread; /* of the thread that sees it set: EndingSession */
static WINTUN_SESSION_HANDLE EndingSession;

/* After all other threads have been ended. */
static void
OnExit(void)
{
    WINTUN_SESSION_HANDLE Session = EndsWithProcess;

    EndsWithProcess = NULL;
    if (Session)
        WintunEndSession(Session);
}

/* Wine does not tell programs of their end by OnLoader, but by this. */
static void NTAPI
OnFiberData(PVOID Value)
{
    if (Value)
        OnExit();
}

/* The system calls this as it calls a DLL's DllMain, with the loader's lock held. */
static void NTAPI
OnLoader(PVOID Module, DWORD Reason, PVOID Reserved)
{
    UNREFERENCED_PARAMETER(Module);
    UNREFERENCED_PARAMETER(Reserved);
    if (Reason == DLL_PROCESS_DETACH)
        OnExit();
    if (Reason == DLL_THREAD_DETACH &&
        InterlockedCompareExchange(&EndsWithThread, 0, (LONG)GetCurrentThreadId()) != 0 &&
        EndsWithThread == 0)
        WintunEndSession(EndingSession);
}

/* The place in which the linker collects such callbacks. */
__attribute__((section(".CRT$XLY"), used)) PIMAGE_TLS_CALLBACK const LoaderCallback = OnLoader;

static DWORD WINAPI
EndOnTheWayOut(LPVOID Session)
{
    EndingSession = Session;
    EndsWithThread = (LONG)GetCurrentThreadId();
    return 0;
}

/* detaches NAME: a thread of it ends a session. */
int
EndInDllMain(WCHAR **Arguments)
{
    WINTUN_ADAPTER_HANDLE Adapter = WintunOpenAdapter(POOL, Arguments[0]);
    WINTUN_SESSION_HANDLE Session = WintunStartSession(Adapter, CAPACITY);
    HANDLE Thread = Session ? CreateThread(NULL, 0, EndOnTheWayOut, Session, 0, NULL) : NULL;
    DWORD Size;

    if (!Thread)
        return NO_SESSION;
    if (!ThreadsJoin(&Thread, 1)) /* it has the lock for good, without which nobody can exit */
        TerminateProcess(GetCurrentProcess(), STUCK);
    if (WintunReceivePacket(Session, &Size) || GetLastError() != ERROR_HANDLE_EOF)
        return GOES_ON;
    Session = WintunStartSession(Adapter, CAPACITY);
    WintunEndSession(Session);
    WintunFreeAdapter(Adapter);
    return Session ? 0 : NO_SESSION;
}

/* The status of a process that does a job with an adapter that there is. */
static DWORD
StatusOfJob(const WCHAR *Job)
{
    WINTUN_ADAPTER_HANDLE Adapter = AdapterMake();
    DWORD Status = NO_SESSION;
    CHILD Child;

    if (Adapter && ChildStart(&Child, Job))
        Status = ChildEnd(&Child);
    WintunFreeAdapter(Adapter);
    return Status;
}

void
EndUnderLoaderLock(void)
{
    DWORD Status = StatusOfJob(L"detaches " NAME);

    Check("end/detach", Status == 0,
          "a session is ended by a thread that has the loader's lock, and there can be another one "
          "(status %lu)",
          Status);
}

/* unloads NAME: gives the DLL back after a session. */
int
UnloadAfterEnd(WCHAR **Arguments)
{
    WINTUN_ADAPTER_HANDLE Adapter = WintunOpenAdapter(POOL, Arguments[0]);
    WINTUN_SESSION_HANDLE Session = WintunStartSession(Adapter, CAPACITY);
    WCHAR Path[MAX_PATH];

    WintunEndSession(Session);
    WintunFreeAdapter(Adapter);
    if (!Session)
        return NO_SESSION;
    return DllUnload(Path) ? 0 : GOES_ON;
}

void
UnloadAfterSession(void)
{
    DWORD Status = StatusOfJob(L"unloads " NAME);

    Check("end/unload", Status == 0,
          "the DLL is given back after a session, and unloaded (status %lu)", Status);
}

static DWORD WINAPI
Hammer(LPVOID Session)
{
    DWORD Size;

    for (;;)
        WintunReleaseReceivePacket(Session, WintunReceivePacket(Session, &Size));
}

/* exits NAME: ends in the midst of calls, its session in a DllMain. */
int
ExitInTheMidst(WCHAR **Arguments)
{
    WINTUN_ADAPTER_HANDLE Adapter = WintunOpenAdapter(POOL, Arguments[0]);

    EndsWithProcess = WintunStartSession(Adapter, CAPACITY);
    if (!EndsWithProcess)
        return NO_SESSION;
    if (!FlsSetValue(FlsAlloc(OnFiberData), &EndsWithProcess))
        return NO_SESSION;
    for (int Index = 0; Index < HAMMERS; ++Index)
        CloseHandle(CreateThread(NULL, 0, Hammer, EndsWithProcess, 0, NULL));
    Sleep(HAMMER_MOMENT);
    ChildSay("ready");
    ExitProcess(0);
}

void
ExitWithSession(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = AdapterMake();
    BOOL Good = Adapter != NULL;
    DWORD Status = 0;
    CHILD Child;
    int Orphans = 0, Exits;

    for (Exits = 0; Good && Exits < EXITS; ++Exits)
    {
        Good = ChildStart(&Child, L"exits " NAME) && ChildListen(&Child, NULL, 0);
        Status = Good ? ChildEnd(&Child) : STILL_ACTIVE;
        Good = Status == 0 || Status == ERROR_PROCESS_ABORTED;
        Orphans += Status == ERROR_PROCESS_ABORTED;
    }
    Check("end/exit", Good,
          "a process that exits in the midst of calls ends its session in a DllMain, or is ended "
          "(%d times, %d; the last status %lu)",
          Exits - Orphans, Orphans, Status);
    WintunFreeAdapter(Adapter);
}

static DWORD MainThread;
static WINTUN_SESSION_HANDLE LoggedSession;
static volatile LONG Lines, LinesElsewhere;

static BOOL CALLBACK
EndingLogger(WINTUN_LOGGER_LEVEL Level, const WCHAR *Message)
{
    UNREFERENCED_PARAMETER(Message);
    InterlockedIncrement(&Lines);
    if (GetCurrentThreadId() != MainThread)
        InterlockedIncrement(&LinesElsewhere);
    else if (Level == WINTUN_LOG_WARN)
        WintunEndSession(LoggedSession);
    return TRUE;
}

void
LoggerOnCallersThread(void)
{
    WINTUN_ADAPTER_HANDLE Adapter;
    HANDLE Event;
    BOOL Good;

    if (!SessionOpen(&Adapter, &LoggedSession))
        return;
    Event = WintunGetReadWaitEvent(LoggedSession);
    MainThread = GetCurrentThreadId();
    Lines = LinesElsewhere = 0;
    WintunSetLogger(EndingLogger);
    Good = WintunDeleteAdapter(Adapter, FALSE, NULL) &&
           WaitForSingleObject(Event, SOON_MILLISECONDS) == WAIT_OBJECT_0;
    WintunEndSession(LoggedSession);
    WintunSetLogger(HarnessLogger);
    Check("logger/thread", Good && Lines != 0 && LinesElsewhere == 0,
          "an adapter is deleted under its session: %ld lines, %ld of them not on the caller's "
          "thread",
          Lines, LinesElsewhere);
    SessionClose(Adapter, NULL);
}
