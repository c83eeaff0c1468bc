/* SPDX-License-Identifier: MIT */
/* Commands that start hostile processes. After each, and often within, a well-behaved program must
 * be able to use the adapter. */
#include "hostile.h"

#define KILL_ROUNDS        12
#define KILL_MILLISECONDS  60
#define CREATE_KILL_ROUNDS 4
#define RACERS             4
#define DELETIONS          3
#define CLOSE_ALL_ROUNDS   3
#define SCRIBBLE_ROUNDS    2

/* Killed in each phase of a session, then at any moment of one. */
BOOL
AttackKilled(uint32_t Seed)
{
    static const WCHAR *const Phases[] = {L"opened", L"waits", L"holds", L"full", L"raw"};
    DICE Moment = DiceSeed(Seed);
    CHILD Child;
    for (size_t Phase = 0; Phase < ARRAYSIZE(Phases); ++Phase)
    {
        if (!ChildStart(&Child, Phases[Phase], Seed))
            return FALSE;
        ChildKill(&Child);
        if (!UseAdapter())
            return Fail("after a kill in phase %ls", Phases[Phase]);
    }
    for (int Round = 0; Round < KILL_ROUNDS; ++Round)
    {
        if (!ChildStart(&Child, L"loops", Seed))
            return FALSE;
        Sleep(Dice(&Moment, KILL_MILLISECONDS));
        ChildKill(&Child);
        if (!UseAdapter())
            return Fail("after kill %d at any moment", Round);
    }
    return TRUE;
}

/* Killed while it creates and deletes an adapter; whatever it leaves is deleted with its pool. */
BOOL
AttackKilledAnywhere(uint32_t Seed)
{
    DICE Moment = DiceSeed(Seed);
    for (int Round = 0; Round < CREATE_KILL_ROUNDS; ++Round)
    {
        CHILD Child;
        BOOL Reboot;
        if (!ChildStart(&Child, L"creates", Seed))
            return FALSE;
        Sleep(Dice(&Moment, 8 * KILL_MILLISECONDS));
        ChildKill(&Child);
        if (!WintunDeletePoolDriver(HOSTILE_POOL, &Reboot))
            return Fail("deleting the pool after a kill: error %lu", GetLastError());
    }
    return UseAdapter();
}

/* Suspended with a full ring while traffic goes on; then the adapter is deleted. */
BOOL
AttackSuspended(uint32_t Seed)
{
    CHILD Child;
    DWORD Status;
    if (!ChildStart(&Child, L"sleeps", Seed))
        return FALSE;
    if (!ChildSuspend(&Child, TRUE))
        return Fail("suspending the process");
    Sleep(500); /* of traffic: more than the ring holds */
    WINTUN_ADAPTER_HANDLE Adapter = WintunOpenAdapter(HOSTILE_POOL, HOSTILE_NAME);
    BOOL Refused = WintunStartSession(Adapter, HOSTILE_CAPACITY) == NULL &&
                   GetLastError() == ERROR_SHARING_VIOLATION;
    WintunFreeAdapter(Adapter);
    ULONGLONG Start = GetTickCount64();
    BOOL Deleted = DeleteAdapter();
    DWORD Took = (DWORD)(GetTickCount64() - Start);
    Note("deleting the adapter of a suspended process took %lu ms", Took);
    ChildSuspend(&Child, FALSE);
    if (!ChildEnd(&Child, BOUND_MILLISECONDS, &Status) || Status != 0)
        return Fail("the process went on and ended with status %lu", Status);
    if (!Refused)
        return Fail("a second session was not refused with ERROR_SHARING_VIOLATION");
    return Deleted && Took < BOUND_MILLISECONDS && UseAdapter();
}

/* One process after the other; *Total is the sum of their statuses. */
static BOOL
RunJobs(const WCHAR *Job, uint32_t Seed, int Rounds, DWORD *Total)
{
    *Total = 0;
    for (int Round = 0; Round < Rounds; ++Round)
    {
        CHILD Child;
        DWORD Status;
        if (!ChildStart(&Child, Job, Seed + (uint32_t)Round))
            return FALSE;
        if (!ChildEnd(&Child, 3 * BOUND_MILLISECONDS, &Status))
            return Fail("job %ls hangs", Job);
        *Total += Status;
        if (!UseAdapter())
            return Fail("after job %ls with seed %u", Job, Seed + (uint32_t)Round);
    }
    return TRUE;
}

BOOL
AttackScribbled(uint32_t Seed)
{
    DWORD Broken, Failed;
    if (!RunJobs(L"scribbles", Seed, SCRIBBLE_ROUNDS, &Broken) ||
        !RunJobs(L"scribbles-on-itself", Seed, SCRIBBLE_ROUNDS, &Failed))
        return FALSE;
    Note("the driver ended %lu sessions whose memory was scribbled on", Broken);
    if (Broken == 0 || Broken >= 0x10000)
        return Fail("none was ended, or a session did not end");
    return Failed == 0 || Fail("the DLL's functions failed under scribbling: status %lx", Failed);
}

BOOL
AttackRequests(uint32_t Seed)
{
    DWORD Failed;
    if (!RunJobs(L"requests", Seed, 1, &Failed))
        return FALSE;
    return Failed == 0 || Fail("a request did not come back (status %lx)", Failed);
}

BOOL
AttackCloses(uint32_t Seed)
{
    DWORD Failed;
    if (!RunJobs(L"closes", Seed, 1, &Failed))
        return FALSE;
    if (Failed != 0)
        return Fail("a session did not end with its handle (status %lx)", Failed);
    for (int Round = 0; Round < CLOSE_ALL_ROUNDS; ++Round)
    {
        CHILD Child;
        if (!ChildStart(&Child, L"closes-all", Seed + (uint32_t)Round))
            return FALSE;
        Sleep(300);
        ChildKill(&Child);
        if (!UseAdapter())
            return Fail("after a process had closed all its handles");
    }
    return TRUE;
}

/* Several processes want sessions of the one adapter, many times. */
BOOL
AttackRaces(uint32_t Seed)
{
    CHILD Children[RACERS];
    DWORD Status[RACERS];
    BOOL Good = TRUE;
    for (int Index = 0; Index < RACERS; ++Index)
        Good = ChildStart(&Children[Index], L"races", Seed) && Good;
    for (int Index = 0; Index < RACERS; ++Index)
    {
        BOOL Ended = ChildEnd(&Children[Index], 3 * BOUND_MILLISECONDS, &Status[Index]);
        if (!Ended || Status[Index] != 0)
            Good = Fail("process %d ended with status %lx", Index, Status[Index]);
    }
    return Good && UseAdapter();
}

/* All at once, and the adapter is deleted under them and made again. */
BOOL
AttackDeleted(uint32_t Seed)
{
    static const WCHAR *const Jobs[] = {L"waits", L"loops", L"requests", L"scribbles", L"closes"};
    for (uint32_t Round = 0; Round < DELETIONS; ++Round)
    {
        CHILD Children[ARRAYSIZE(Jobs)];
        ULONGLONG Start;
        BOOL Good = TRUE;
        for (size_t Index = 0; Index < ARRAYSIZE(Jobs); ++Index)
            Good = ChildStart(&Children[Index], Jobs[Index], Seed + Round) && Good;
        Sleep(100);
        Start = GetTickCount64();
        Good = DeleteAdapter() && Good;
        if (GetTickCount64() - Start > BOUND_MILLISECONDS)
            Good = Fail("the deletion took %lu ms", (DWORD)(GetTickCount64() - Start));
        for (size_t Index = 0; Index < ARRAYSIZE(Jobs); ++Index)
            ChildKill(&Children[Index]);
        if (!Good || !UseAdapter())
            return Fail("in round %u", Round);
    }
    return TRUE;
}
