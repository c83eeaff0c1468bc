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
#define START_ROUNDS 60

typedef struct RENDEZVOUS
{
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE volatile Session;
    HANDLE Go, Done; /* semaphores */
    volatile LONG Number, Started, Refused, Failed;
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

static DWORD WINAPI
StartThread(LPVOID Parameter)
{
    RENDEZVOUS *Meeting = Parameter;
    for (;;)
    {
        WaitForSingleObject(Meeting->Go, INFINITE);
        if (Meeting->Quit)
            return 0;
        WINTUN_SESSION_HANDLE Session = WintunStartSession(Meeting->Adapter, HOSTILE_CAPACITY);
        if (Session != NULL)
        {
            Meeting->Session = Session;
            InterlockedIncrement(&Meeting->Started);
        }
        else if (GetLastError() == ERROR_SHARING_VIOLATION)
            InterlockedIncrement(&Meeting->Refused);
        else
            InterlockedIncrement(&Meeting->Failed);
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

/* Whoever comes first gets the session, and somebody always does. */
static BOOL
StartRounds(RENDEZVOUS *Meeting)
{
    for (int Count = 0; Count < START_ROUNDS; ++Count)
    {
        Meeting->Started = Meeting->Refused = Meeting->Failed = 0;
        if (!Round(Meeting, STARTERS))
            return Fail("round %d: a thread hangs", Count);
        if (Meeting->Started != 1 || Meeting->Refused != STARTERS - 1)
            return Fail("round %d: %ld got a session, %ld were refused, %ld failed", Count,
                        Meeting->Started, Meeting->Refused, Meeting->Failed);
        WintunEndSession(Meeting->Session);
    }
    return TRUE;
}

BOOL
AttackStarts(uint32_t Seed)
{
    (void)Seed;
    return Meet(StartThread, STARTERS, StartRounds);
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
