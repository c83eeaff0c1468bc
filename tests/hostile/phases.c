/* SPDX-License-Identifier: MIT */
/*
 * Processes that get to some point in the use of an adapter and stay there, or go round in circles,
 * until they are killed, suspended or lose the adapter. Traffic flows meanwhile.
 */
#include "hostile.h"

#define RACE_SESSIONS   25
#define LOOP_PACKETS    20
#define FAILED_ATTEMPTS 100000

static WINTUN_ADAPTER_HANDLE
Open(void)
{
    return WintunOpenAdapter(HOSTILE_POOL, HOSTILE_NAME);
}

static WINTUN_SESSION_HANDLE
Start(void)
{
    return WintunStartSession(Open(), HOSTILE_CAPACITY);
}

static int
Stay(HANDLE Ready)
{
    SetEvent(Ready);
    Sleep(INFINITE);
    return 0;
}

/* Receives all there is; returns why there is no more. */
static DWORD
Drain(WINTUN_SESSION_HANDLE Session)
{
    DWORD Size;
    BYTE *Packet;
    while ((Packet = WintunReceivePacket(Session, &Size)) != NULL)
        WintunReleaseReceivePacket(Session, Packet);
    return GetLastError();
}

/* Has a handle of the adapter, no session. */
int
JobOpened(uint32_t Seed, HANDLE Ready)
{
    (void)Seed;
    return Open() != NULL ? Stay(Ready) : 1;
}

/* Reads and waits, as a program should; status 0 when the session has ended. */
int
JobWaits(uint32_t Seed, HANDLE Ready)
{
    WINTUN_SESSION_HANDLE Session = Start();
    (void)Seed;
    if (Session == NULL)
        return 1;
    SetEvent(Ready);
    while (Drain(Session) == ERROR_NO_MORE_ITEMS)
        WaitForSingleObject(WintunGetReadWaitEvent(Session), INFINITE);
    DWORD Error = Drain(Session);
    WintunEndSession(Session);
    return Error == ERROR_HANDLE_EOF ? 0 : 2;
}

/* Between receive and release, and between allocate and send. */
int
JobHolds(uint32_t Seed, HANDLE Ready)
{
    WINTUN_SESSION_HANDLE Session = Start();
    DWORD Size;
    (void)Seed;
    if (Session == NULL || WintunAllocateSendPacket(Session, 100) == NULL)
        return 1;
    while (WintunReceivePacket(Session, &Size) == NULL)
        WaitForSingleObject(WintunGetReadWaitEvent(Session), BOUND_MILLISECONDS);
    return Stay(Ready);
}

/* Reads nothing, and has filled the other ring with packets that are never sent. */
int
JobFull(uint32_t Seed, HANDLE Ready)
{
    WINTUN_SESSION_HANDLE Session = Start();
    (void)Seed;
    if (Session == NULL)
        return 1;
    while (WintunAllocateSendPacket(Session, 1000) != NULL)
        ;
    return GetLastError() == ERROR_BUFFER_OVERFLOW ? Stay(Ready) : 2;
}

/* A session without the DLL. */
int
JobRaw(uint32_t Seed, HANDLE Ready)
{
    RAW_SESSION Session;
    (void)Seed;
    return NT_SUCCESS(RawStart(&Session)) ? Stay(Ready) : 1;
}

/* Sessions without end, to be killed at any moment of one. */
int
JobLoops(uint32_t Seed, HANDLE Ready)
{
    WINTUN_ADAPTER_HANDLE Adapter = Open();
    (void)Seed;
    if (Adapter == NULL)
        return 1;
    for (int Failed = 0; Failed < FAILED_ATTEMPTS; ++Failed)
    {
        WINTUN_SESSION_HANDLE Session = WintunStartSession(Adapter, HOSTILE_CAPACITY);
        SetEvent(Ready);
        if (Session == NULL)
            continue;
        for (int Count = 0; Count < LOOP_PACKETS; ++Count)
        {
            SendOne(Session);
            Drain(Session);
        }
        WintunEndSession(Session);
        Failed = 0;
    }
    return 2;
}

/* Is suspended with a full ring; when it goes on, it has missed the end of the session. */
int
JobSleeps(uint32_t Seed, HANDLE Ready)
{
    WINTUN_SESSION_HANDLE Session = Start();
    HANDLE Wait = Session != NULL ? WintunGetReadWaitEvent(Session) : NULL;
    ULONGLONG Deadline = GetTickCount64() + 4 * BOUND_MILLISECONDS;
    DWORD Error = ERROR_NO_MORE_ITEMS;
    (void)Seed;
    if (Session == NULL)
        return 1;
    SetEvent(Ready);
    while (Error == ERROR_NO_MORE_ITEMS && GetTickCount64() < Deadline)
    {
        WaitForSingleObject(Wait, BOUND_MILLISECONDS);
        Error = Drain(Session);
    }
    WintunEndSession(Session);
    return Error == ERROR_HANDLE_EOF ? 0 : 2;
}

/* Several of these share the adapter: whoever does not get it is told that it is in use. */
int
JobRaces(uint32_t Seed, HANDLE Ready)
{
    WINTUN_ADAPTER_HANDLE Adapter = Open();
    int Count = 0;
    (void)Seed;
    if (Adapter == NULL)
        return 1;
    SetEvent(Ready);
    for (int Attempt = 0; Count < RACE_SESSIONS && Attempt < FAILED_ATTEMPTS; ++Attempt)
    {
        WINTUN_SESSION_HANDLE Session = WintunStartSession(Adapter, HOSTILE_CAPACITY);
        if (Session == NULL && GetLastError() != ERROR_SHARING_VIOLATION)
            return 2;
        if (Session == NULL)
        {
            Sleep(1);
            continue;
        }
        Drain(Session);
        WintunEndSession(Session);
        ++Count;
    }
    WintunFreeAdapter(Adapter);
    return Count == RACE_SESSIONS ? 0 : 3;
}

/* Creates and deletes an adapter without end, to be killed at any moment of that. */
int
JobCreates(uint32_t Seed, HANDLE Ready)
{
    BOOL Reboot;
    (void)Seed;
    SetEvent(Ready);
    for (;;)
    {
        WINTUN_ADAPTER_HANDLE Adapter =
            WintunCreateAdapter(HOSTILE_POOL, L"hostile1", NULL, &Reboot);
        if (Adapter != NULL)
            WintunDeleteAdapter(Adapter, TRUE, &Reboot);
        WintunFreeAdapter(Adapter);
    }
}
