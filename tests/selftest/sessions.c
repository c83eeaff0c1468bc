/* SPDX-License-Identifier: MIT */
/* Sessions as far as they can be seen without packets of the system: life, rings, ends. */
#include "selftest.h"

#define THREADS 4

void
OneSession(void)
{
    WINTUN_ADAPTER_HANDLE Adapter, Other;
    WINTUN_SESSION_HANDLE Session, Second;
    HANDLE Event;

    if (!SessionOpen(&Adapter, &Session))
        return;
    FAILS("start/one", ERROR_SHARING_VIOLATION, WintunStartSession(Adapter, CAPACITY) == NULL,
          "a second session of the adapter");
    Other = WintunOpenAdapter(POOL, NAME);
    FAILS("start/one", ERROR_SHARING_VIOLATION, WintunStartSession(Other, CAPACITY) == NULL,
          "also by another handle");
    WintunFreeAdapter(Other);
    Check("start/one", SessionDrain(Session) == ERROR_NO_MORE_ITEMS, "the first one goes on");
    Event = WintunGetReadWaitEvent(Session);
    Check("event/gets", Event != NULL && WaitForSingleObject(Event, 0) != WAIT_FAILED,
          "the read-wait event can be waited for");
    Check("event/gets", WintunGetReadWaitEvent(Session) == Event, "it is always the same");
    Other = WintunCreateAdapter(POOL, L"selftest1", NULL, NULL);
    Second = WintunStartSession(Other, WINTUN_MAX_RING_CAPACITY);
    Check("start/starts", Second != NULL && SessionDrain(Second) == ERROR_NO_MORE_ITEMS,
          "another adapter has a session of its own");
    WintunEndSession(Second);
    AdapterUnmake(Other);
    WintunEndSession(Session);
    Session = WintunStartSession(Adapter, CAPACITY);
    Check("end/ends", Session != NULL, "after EndSession the next one starts at once");
    SessionClose(Adapter, Session);
}

typedef struct STARTER
{
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;
} STARTER;

static DWORD WINAPI
StartAndExit(LPVOID Parameter)
{
    STARTER *Starter = Parameter;
    Starter->Session = WintunStartSession(Starter->Adapter, CAPACITY);
    return 0;
}

void
SessionLifetime(void)
{
    STARTER Starter = {AdapterMake(), NULL};
    HANDLE Thread;
    BOOL Good = TRUE;

    if (!Starter.Adapter)
        return;
    Thread = CreateThread(NULL, 0, StartAndExit, &Starter, 0, NULL);
    ThreadsJoin(&Thread, 1);
    Sleep(50);
    Check("start/starts", Starter.Session && SessionDrain(Starter.Session) == ERROR_NO_MORE_ITEMS,
          "a session outlives the thread that started it");
    WintunEndSession(Starter.Session);
    for (int Round = 0; Good && Round < 100; ++Round)
    {
        WINTUN_SESSION_HANDLE Session = WintunStartSession(Starter.Adapter, CAPACITY);
        Good = Session != NULL && WintunAllocateSendPacket(Session, 100) != NULL;
        WintunEndSession(Session);
    }
    Check("end/ends", Good, "100 sessions, one after the other, each with a packet left unsent");
    AdapterUnmake(Starter.Adapter);
}

void
EndedHandle(void)
{
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;
    DWORD Size;

    if (!SessionOpen(&Adapter, &Session))
        return;
    WintunEndSession(Session);
    FAILS_QUIETLY("end/stale", ERROR_HANDLE_EOF, WintunReceivePacket(Session, &Size) == NULL,
                  "ReceivePacket after EndSession");
    FAILS_QUIETLY("end/stale", ERROR_HANDLE_EOF, WintunAllocateSendPacket(Session, 100) == NULL,
                  "AllocateSendPacket after EndSession");
    WintunEndSession(Session);
    Check("end/stale", AdapterIsNamed(Adapter, NAME), "a second EndSession does nothing");
    SessionClose(Adapter, NULL);
}

/* Whatever is written into one packet is not to be seen in another. */
void
FullSendRing(void)
{
    enum
    {
        BYTES = 1000,
        MOST = CAPACITY / BYTES
    };
    static BYTE *Packets[MOST];
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;
    unsigned Count = 0;
    BOOL Intact = TRUE, Room;
    ULONGLONG End;

    if (!SessionOpen(&Adapter, &Session))
        return;
    while (Count < MOST && (Packets[Count] = WintunAllocateSendPacket(Session, BYTES)) != NULL)
    {
        FillMemory(Packets[Count], BYTES, (BYTE)Count);
        ++Count;
    }
    FAILS_QUIETLY("allocate/overflow", ERROR_BUFFER_OVERFLOW,
                  WintunAllocateSendPacket(Session, BYTES) == NULL,
                  "the ring is full after %u packets of %u bytes", Count, BYTES);
    Check("allocate/returns", Count > MOST / 2, "most of the ring was used");
    for (unsigned Index = 0; Index < Count; ++Index)
    {
        for (unsigned At = 0; At < BYTES; ++At)
            Intact = Intact && Packets[Index][At] == (BYTE)Index;
    }
    Check("allocate/returns", Intact, "packets do not overlap");
    for (unsigned Index = Count - 1; Index > 0; --Index)
        WintunSendPacket(Session, Packets[Index]);
    Sleep(50);
    FAILS_QUIETLY("allocate/order", ERROR_BUFFER_OVERFLOW,
                  WintunAllocateSendPacket(Session, BYTES) == NULL,
                  "nothing leaves while the packet that was allocated first is not sent");
    WintunSendPacket(Session, Packets[0]);
    End = GetTickCount64() + SOON_MILLISECONDS;
    do
    {
        Room = WintunAllocateSendPacket(Session, BYTES) != NULL;
    } while (!Room && GetTickCount64() < End);
    Check("send/releases", Room, "once it is sent, all leave, and there is room again");
    SessionClose(Adapter, Session);
}

/* Sends a packet as soon as there is room; FALSE if there never is. Packets are no IP packets, so
 * the system drops them. */
static BOOL
SendSoon(WINTUN_SESSION_HANDLE Session, DWORD Bytes)
{
    ULONGLONG End = GetTickCount64() + SOON_MILLISECONDS;
    BYTE *Packet;

    while ((Packet = WintunAllocateSendPacket(Session, Bytes)) == NULL)
    {
        if (GetLastError() != ERROR_BUFFER_OVERFLOW || GetTickCount64() > End)
            return FALSE;
        SwitchToThread();
    }
    FillMemory(Packet, Bytes, 0);
    WintunSendPacket(Session, Packet);
    return TRUE;
}

void
SendRingWraps(void)
{
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;
    BOOL Good = TRUE;

    if (!SessionOpen(&Adapter, &Session))
        return;
    for (DWORD Size = 1; Good && Size <= WINTUN_MAX_IP_PACKET_SIZE; Size = Size * 3 + 1)
    {
        for (int Round = 0; Good && Round < 40; ++Round)
            Good = SendSoon(Session, Size);
    }
    Check("allocate/size", Good, "packets of all sizes, many times the ring");
    Good = TRUE;
    for (int Round = 0; Good && Round < 40; ++Round)
        Good = SendSoon(Session, WINTUN_MAX_IP_PACKET_SIZE);
    Check("macro/max-packet", Good, "packets of 65535 bytes, through the smallest ring");
    Check("send/sends", SessionDrain(Session) == ERROR_NO_MORE_ITEMS, "the session goes on");
    SessionClose(Adapter, Session);
}

/* Pointers that are no packets, and packets that are given back twice, are ignored. */
void
NotPackets(void)
{
    BYTE Own[256] = {0};
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;
    BYTE *Packet;

    if (!SessionOpen(&Adapter, &Session))
        return;
    Packet = WintunAllocateSendPacket(Session, 200);
    WintunReleaseReceivePacket(Session, Packet);
    WintunReleaseReceivePacket(Session, NULL);
    WintunReleaseReceivePacket(Session, Own + 64);
    WintunSendPacket(Session, NULL);
    WintunSendPacket(Session, Own + 64);
    WintunSendPacket(Session, Packet + 16);
    WintunSendPacket(Session, Packet - 1);
    FillMemory(Packet, 200, 0);
    WintunSendPacket(Session, Packet);
    WintunSendPacket(Session, Packet);
    Check("send/packet",
          SendSoon(Session, 100) && SendSoon(Session, 60000) && SendSoon(Session, 60000) &&
              SendSoon(Session, 60000),
          "sending what is no packet, or the same twice, does nothing");
    Check("release/packet", SessionDrain(Session) == ERROR_NO_MORE_ITEMS,
          "releasing what is no packet does nothing");
    SessionClose(Adapter, Session);
}

/* ---- Threads inside the functions ------------------------------------------------------------ */

typedef struct WORKER
{
    WINTUN_SESSION_HANDLE Session;
    volatile LONG Turns;
    DWORD Error; /* what ended it */
    BOOL Waits;  /* on the event, when there is nothing to receive */
    DWORD Seed;
} WORKER;

static DWORD WINAPI
SendUntilEnd(LPVOID Parameter)
{
    WORKER *Worker = Parameter;

    for (;;)
    {
        DWORD Bytes = 1 + (Worker->Seed = Worker->Seed * 1664525 + 1013904223) % 3000;
        BYTE *Packet = WintunAllocateSendPacket(Worker->Session, Bytes);
        if (!Packet && (Worker->Error = GetLastError()) != ERROR_BUFFER_OVERFLOW)
            return 0;
        if (!Packet)
            SwitchToThread();
        else
            WintunSendPacket(Worker->Session, Packet);
        InterlockedIncrement(&Worker->Turns);
    }
}

static DWORD WINAPI
ReceiveUntilEnd(LPVOID Parameter)
{
    WORKER *Worker = Parameter;
    HANDLE Event = WintunGetReadWaitEvent(Worker->Session);

    for (;;)
    {
        DWORD Size;
        BYTE *Packet = WintunReceivePacket(Worker->Session, &Size);
        if (!Packet && (Worker->Error = GetLastError()) != ERROR_NO_MORE_ITEMS)
            return 0;
        InterlockedIncrement(&Worker->Turns);
        if (Packet)
            WintunReleaseReceivePacket(Worker->Session, Packet);
        else if (Worker->Waits)
            WaitForSingleObject(Event, INFINITE);
        else
            SwitchToThread();
    }
}

typedef struct CREW
{
    WORKER Workers[THREADS];
    HANDLE Threads[THREADS];
} CREW;

/* Half of them send; with Waits, all receive. */
static void
CrewStart(CREW *Crew, WINTUN_SESSION_HANDLE Session, BOOL Waits)
{
    ZeroMemory(Crew, sizeof(*Crew));
    for (DWORD Index = 0; Index < THREADS; ++Index)
    {
        WORKER *Worker = &Crew->Workers[Index];
        Worker->Session = Session;
        Worker->Waits = Waits;
        Worker->Seed = Index;
        Crew->Threads[Index] = CreateThread(
            NULL, 0, Waits || Index % 2 ? ReceiveUntilEnd : SendUntilEnd, Worker, 0, NULL);
    }
    for (DWORD Index = 0; Index < THREADS; ++Index)
    {
        for (int Try = 0; Crew->Workers[Index].Turns == 0 && Try < 1000; ++Try)
            Sleep(1);
    }
}

/* Whether all ended with ERROR_HANDLE_EOF, in time. */
static BOOL
CrewEndedWithEof(CREW *Crew)
{
    BOOL Good = ThreadsJoin(Crew->Threads, THREADS);

    for (DWORD Index = 0; Index < THREADS; ++Index)
        Good = Good && Crew->Workers[Index].Error == ERROR_HANDLE_EOF;
    return Good;
}

void
SendersOnManyThreads(void)
{
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;
    CREW Crew;
    int Busy = 0;

    if (!SessionOpen(&Adapter, &Session))
        return;
    CrewStart(&Crew, Session, FALSE);
    /* Each gets on with it, however busy the computer is. */
    for (int Try = 0; Busy < THREADS && Try < 1500; ++Try)
    {
        Sleep(20);
        Busy = 0;
        for (int Index = 0; Index < THREADS; ++Index)
            Busy += Crew.Workers[Index].Turns > 50;
    }
    Check("allocate/threads", Busy == THREADS, "two threads allocate and send while two receive");
    WintunEndSession(Session);
    Check("end/inside", CrewEndedWithEof(&Crew), "all see the end of the session");
    SessionClose(Adapter, NULL);
}

void
EndWhileInside(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = AdapterMake();
    BOOL Good = TRUE;

    for (int Round = 0; Adapter && Good && Round < 20; ++Round)
    {
        CREW Crew;
        WINTUN_SESSION_HANDLE Session = WintunStartSession(Adapter, CAPACITY);
        CrewStart(&Crew, Session, FALSE);
        WintunEndSession(Session);
        Good = Session && CrewEndedWithEof(&Crew);
    }
    Check("end/inside", Good, "20 times EndSession, with four threads inside the functions");
    AdapterUnmake(Adapter);
}

void
EndWhileWaiting(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = AdapterMake();
    BOOL Good = TRUE;

    for (int Round = 0; Adapter && Good && Round < 10; ++Round)
    {
        CREW Crew;
        WINTUN_SESSION_HANDLE Session = WintunStartSession(Adapter, CAPACITY);
        CrewStart(&Crew, Session, TRUE);
        Sleep(5);
        WintunEndSession(Session);
        Good = Session && CrewEndedWithEof(&Crew);
    }
    Check("event/end", Good, "10 times EndSession wakes four threads that wait on the event");
    AdapterUnmake(Adapter);
}

void
DeleteWhileRunning(void)
{
    for (int Waits = 0; Waits < 2; ++Waits)
    {
        WINTUN_ADAPTER_HANDLE Adapter;
        WINTUN_SESSION_HANDLE Session;
        CREW Crew;
        DWORD Size;

        if (!SessionOpen(&Adapter, &Session))
            return;
        CrewStart(&Crew, Session, Waits);
        Check("delete/own-session", WintunDeleteAdapter(Adapter, FALSE, NULL),
              "DeleteAdapter while threads of this process are inside a session");
        Check("receive/eof", CrewEndedWithEof(&Crew),
              Waits ? "four threads that wait on the event see ERROR_HANDLE_EOF"
                    : "four threads that send and receive see ERROR_HANDLE_EOF");
        FAILS_QUIETLY("receive/eof", ERROR_HANDLE_EOF, WintunReceivePacket(Session, &Size) == NULL,
                      "and so does ReceivePacket from then on");
        FAILS_QUIETLY("allocate/eof", ERROR_HANDLE_EOF,
                      WintunAllocateSendPacket(Session, 100) == NULL, "and AllocateSendPacket");
        Check("event/end",
              WaitForSingleObject(WintunGetReadWaitEvent(Session), SOON_MILLISECONDS) ==
                  WAIT_OBJECT_0,
              "the event is set");
        SessionClose(Adapter, Session);
    }
}

void
RenameWhileRunning(void)
{
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;
    CREW Crew;
    BOOL Good = TRUE;
    LONG Turns;

    if (!SessionOpen(&Adapter, &Session))
        return;
    CrewStart(&Crew, Session, FALSE);
    for (int Round = 0; Round < 5; ++Round)
        Good = Good && WintunSetAdapterName(Adapter, Round % 2 ? NAME : L"selftest9");
    Turns = Crew.Workers[0].Turns;
    for (int Try = 0; Crew.Workers[0].Turns == Turns && Try < SOON_MILLISECONDS / 10; ++Try)
        Sleep(10);
    Check("setname/running", Good && Crew.Workers[0].Turns > Turns,
          "the adapter is renamed while a session runs, which goes on");
    WintunEndSession(Session);
    Check("end/inside", CrewEndedWithEof(&Crew), "all threads see its end");
    SessionClose(Adapter, NULL);
}

void
RecreateWhileSessionIsOpen(void)
{
    static const GUID Guid = {
        0xc51f0d11, 0x37a4, 0x4c70, {0xa1, 0x11, 0x10, 0x20, 0x30, 0x40, 0x50, 0x09}};
    WINTUN_ADAPTER_HANDLE Adapter = WintunCreateAdapter(POOL, NAME, &Guid, NULL), Again;
    WINTUN_SESSION_HANDLE Session = WintunStartSession(Adapter, CAPACITY), Second;

    if (!Check("start/starts", Session != NULL, "a session"))
    {
        AdapterUnmake(Adapter);
        return;
    }
    WintunDeleteAdapter(Adapter, FALSE, NULL);
    Again = WintunCreateAdapter(POOL, NAME, &Guid, NULL);
    Check("create/guid", Again != NULL,
          "a deleted adapter is made again while a session of the old one is not ended");
    Second = WintunStartSession(Again, CAPACITY);
    Check("start/after-eof", Second != NULL, "the new one has its own session at once");
    WintunEndSession(Session);
    Check("start/after-eof", Second && SessionDrain(Second) == ERROR_NO_MORE_ITEMS,
          "which goes on when the old one is ended");
    WintunEndSession(Second);
    WintunFreeAdapter(Adapter);
    AdapterUnmake(Again);
}

typedef struct RACER
{
    WINTUN_ADAPTER_HANDLE Adapter;
    volatile LONG *Running;
    LONG Won, Refused, Wrong;
} RACER;

static DWORD WINAPI
Race(LPVOID Parameter)
{
    RACER *Racer = Parameter;

    for (int Round = 0; Round < 60; ++Round)
    {
        WINTUN_SESSION_HANDLE Session = WintunStartSession(Racer->Adapter, CAPACITY);
        if (!Session)
        {
            if (GetLastError() == ERROR_SHARING_VIOLATION)
                ++Racer->Refused;
            else
                ++Racer->Wrong;
            continue;
        }
        ++Racer->Won;
        if (InterlockedIncrement(Racer->Running) != 1)
            ++Racer->Wrong;
        InterlockedDecrement(Racer->Running);
        WintunEndSession(Session);
    }
    return 0;
}

void
StartRace(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = AdapterMake();
    RACER Racers[THREADS] = {{0}};
    HANDLE Threads[THREADS];
    volatile LONG Running = 0;
    LONG Won = 0, Wrong = 0;

    if (!Adapter)
        return;
    for (int Index = 0; Index < THREADS; ++Index)
    {
        Racers[Index].Adapter = Adapter;
        Racers[Index].Running = &Running;
        Threads[Index] = CreateThread(NULL, 0, Race, &Racers[Index], 0, NULL);
    }
    Check("many/threads", ThreadsJoin(Threads, THREADS), "four threads start and end sessions");
    for (int Index = 0; Index < THREADS; ++Index)
    {
        Won += Racers[Index].Won;
        Wrong += Racers[Index].Wrong;
    }
    Check("start/one", Wrong == 0 && Won > 0,
          "never two at once, and the refused ones get ERROR_SHARING_VIOLATION (%ld won)", Won);
    AdapterUnmake(Adapter);
}
