/* SPDX-License-Identifier: MIT */
/* Commands that abuse the DLL from the threads of one process: this one, so that what the DLL
 * itself leaks is counted. */
#include "hostile.h"

#define ENDERS       6
#define END_ROUNDS   150
#define SESSIONS     2000
#define FEW_SESSIONS 300 /* at least, on a machine that is too busy for all of them */
#define SESSION_TIME 12000u
#define STARTERS     4
#define ATTEMPTS     100

typedef struct RENDEZVOUS
{
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE volatile Session;
    HANDLE Go, Done; /* semaphores */
    volatile LONG Number;
    volatile LONG Quit;
} RENDEZVOUS;

/* One of the threads that end the session; the others are inside its functions. */
static void
EndOrUse(WINTUN_SESSION_HANDLE Session, LONG Number)
{
    DWORD Size;
    BYTE *Packet;
    switch (Number % 3)
    {
    case 0:
        WintunEndSession(Session);
        break;
    case 1:
        for (int Count = 0; Count < 20; ++Count)
        {
            Packet = WintunReceivePacket(Session, &Size);
            if (Packet == NULL && GetLastError() == ERROR_HANDLE_EOF)
                break;
            WintunReleaseReceivePacket(Session, Packet);
            SendOne(Session);
        }
        break;
    default:
        WaitForSingleObject(WintunGetReadWaitEvent(Session), BOUND_MILLISECONDS);
        WintunEndSession(Session);
        break;
    }
}

static DWORD WINAPI
EndThread(LPVOID Parameter)
{
    RENDEZVOUS *Meeting = Parameter;
    LONG Number = InterlockedIncrement(&Meeting->Number);
    for (;;)
    {
        WaitForSingleObject(Meeting->Go, INFINITE);
        if (Meeting->Quit)
            return 0;
        EndOrUse(Meeting->Session, Number);
        ReleaseSemaphore(Meeting->Done, 1, NULL);
    }
}

/* All threads do it once; FALSE if one does not come back. */
static BOOL
Round(RENDEZVOUS *Meeting, LONG Count)
{
    ReleaseSemaphore(Meeting->Go, Count, NULL);
    for (LONG Index = 0; Index < Count; ++Index)
    {
        if (WaitForSingleObject(Meeting->Done, 2 * BOUND_MILLISECONDS) != WAIT_OBJECT_0)
            return FALSE;
    }
    return TRUE;
}

typedef BOOL (*ROUNDS)(RENDEZVOUS *Meeting);

static BOOL
Meet(LPTHREAD_START_ROUTINE Routine, LONG Count, ROUNDS Rounds)
{
    RENDEZVOUS Meeting = {.Adapter = OpenOrCreate()};
    HANDLE Threads[ENDERS];
    BOOL Good;
    if (Meeting.Adapter == NULL)
        return FALSE;
    Meeting.Go = CreateSemaphoreW(NULL, 0, Count, NULL);
    Meeting.Done = CreateSemaphoreW(NULL, 0, Count, NULL);
    for (LONG Index = 0; Index < Count; ++Index)
        Threads[Index] = CreateThread(NULL, 0, Routine, &Meeting, 0, NULL);
    Good = Rounds(&Meeting);
    Meeting.Quit = 1;
    ReleaseSemaphore(Meeting.Go, Count, NULL);
    WaitForMultipleObjects((DWORD)Count, Threads, TRUE, BOUND_MILLISECONDS);
    for (LONG Index = 0; Index < Count; ++Index)
        CloseHandle(Threads[Index]);
    CloseHandle(Meeting.Go);
    CloseHandle(Meeting.Done);
    WintunFreeAdapter(Meeting.Adapter);
    return Good && UseAdapter();
}

static BOOL
EndRounds(RENDEZVOUS *Meeting)
{
    for (int Count = 0; Count < END_ROUNDS; ++Count)
    {
        Meeting->Session = WintunStartSession(Meeting->Adapter, HOSTILE_CAPACITY);
        if (Meeting->Session == NULL)
            return Fail("session %d: error %lu", Count, GetLastError());
        if (!Round(Meeting, ENDERS))
            return Fail("session %d: a thread hangs", Count);
    }
    return TRUE;
}

/* Sessions ended by several threads at once, while others are inside calls or wait. */
BOOL
AttackEnds(uint32_t Seed)
{
    (void)Seed;
    return Meet(EndThread, ENDERS, EndRounds);
}

/* ---- Starts at the same moment ----------------------------------------------------------------
 */

/* From before the call of WintunStartSession until after it, or after the session's end. */
typedef struct ATTEMPT
{
    LONGLONG Begin, End;
    DWORD Error; /* ERROR_SUCCESS for a session */
} ATTEMPT;

typedef struct STARTER
{
    WINTUN_ADAPTER_HANDLE Adapter;
    ATTEMPT Attempts[ATTEMPTS];
} STARTER;

static LONGLONG
Now(void)
{
    LARGE_INTEGER Ticks;
    QueryPerformanceCounter(&Ticks);
    return Ticks.QuadPart;
}

static DWORD WINAPI
StartThread(LPVOID Parameter)
{
    STARTER *Starter = Parameter;
    for (int Index = 0; Index < ATTEMPTS; ++Index)
    {
        ATTEMPT *Attempt = &Starter->Attempts[Index];
        Attempt->Begin = Now();
        WINTUN_SESSION_HANDLE Session = WintunStartSession(Starter->Adapter, HOSTILE_CAPACITY);
        Attempt->Error = Session != NULL ? ERROR_SUCCESS : GetLastError();
        WintunEndSession(Session);
        Attempt->End = Now();
    }
    return 0;
}

/* Whether anybody had a session at some moment of the attempt. */
static BOOL
SomebodyHadIt(const STARTER *Starters, const ATTEMPT *Refused)
{
    for (int Thread = 0; Thread < STARTERS; ++Thread)
    {
        for (int Index = 0; Index < ATTEMPTS; ++Index)
        {
            const ATTEMPT *Other = &Starters[Thread].Attempts[Index];
            if (Other->Error == ERROR_SUCCESS && Other->Begin < Refused->End &&
                Other->End > Refused->Begin)
                return TRUE;
        }
    }
    return FALSE;
}

static BOOL
StartsAreFair(const STARTER *Starters)
{
    int Started = 0, Wrong = 0;
    for (int Index = 0; Index < STARTERS * ATTEMPTS; ++Index)
    {
        const ATTEMPT *Attempt = &Starters[Index / ATTEMPTS].Attempts[Index % ATTEMPTS];
        if (Attempt->Error == ERROR_SUCCESS)
            ++Started;
        else if (Attempt->Error != ERROR_SHARING_VIOLATION)
            return Fail("an attempt ended with error %lu", Attempt->Error);
        else if (!SomebodyHadIt(Starters, Attempt))
            ++Wrong;
    }
    Note("%d of %d attempts got a session", Started, STARTERS * ATTEMPTS);
    return Wrong == 0 || Fail("%d attempts were refused though nobody had a session", Wrong);
}

/* Several threads start and end sessions: who is refused must have met somebody's session, not just
 * another one who was refused. */
BOOL
AttackStarts(uint32_t Seed)
{
    static STARTER Starters[STARTERS];
    HANDLE Threads[STARTERS];
    WINTUN_ADAPTER_HANDLE Adapter = OpenOrCreate();
    (void)Seed;
    if (Adapter == NULL)
        return FALSE;
    for (int Index = 0; Index < STARTERS; ++Index)
    {
        Starters[Index].Adapter = Adapter;
        Threads[Index] = CreateThread(NULL, 0, StartThread, &Starters[Index], 0, NULL);
    }
    BOOL Good =
        WaitForMultipleObjects(STARTERS, Threads, TRUE, 4 * BOUND_MILLISECONDS) != WAIT_TIMEOUT ||
        Fail("a thread hangs");
    for (int Index = 0; Index < STARTERS; ++Index)
        CloseHandle(Threads[Index]);
    WintunFreeAdapter(Adapter);
    return Good && StartsAreFair(Starters) && UseAdapter();
}

BOOL
AttackSessions(uint32_t Seed)
{
    (void)Seed;
    ULONGLONG Start = GetTickCount64();
    WINTUN_ADAPTER_HANDLE Adapter = OpenOrCreate();
    BOOL Good = Adapter != NULL;
    int Count = 0;
    for (; Good && Count < SESSIONS; ++Count)
    {
        if (Count >= FEW_SESSIONS && GetTickCount64() - Start > SESSION_TIME)
            break;
        WINTUN_SESSION_HANDLE Session = WintunStartSession(Adapter, HOSTILE_CAPACITY);
        if (Session == NULL || !SendOne(Session))
            Good = Fail("session %d: error %lu", Count, GetLastError());
        WintunEndSession(Session);
    }
    WintunFreeAdapter(Adapter);
    Note("%d sessions in a row took %lu ms", Count, (DWORD)(GetTickCount64() - Start));
    return Good && UseAdapter();
}
