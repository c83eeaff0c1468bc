/* SPDX-License-Identifier: MIT */
/* culvert.h: waiting for room and for packets, with a limit, cancelled, ended; no wake-up is lost.
 */
#include "selftest.h"

#define BYTES   1000
#define MOST    (CAPACITY / BYTES + 20) /* more than fit the ring */
#define THREADS 4

/* Fills the send ring with packets that are no IP packets, which the system drops; none is sent.
 * Returns how many. */
static DWORD
FillRing(WINTUN_SESSION_HANDLE Session, BYTE **Packets)
{
    DWORD Count = 0;

    while (Count < MOST && (Packets[Count] = WintunAllocateSendPacket(Session, BYTES)) != NULL)
        ZeroMemory(Packets[Count++], BYTES);
    return Count;
}

static void
SendAll(WINTUN_SESSION_HANDLE Session, BYTE **Packets, DWORD Count)
{
    for (DWORD Index = 0; Index < Count; ++Index)
        WintunSendPacket(Session, Packets[Index]);
}

static HANDLE
NewEvent(BOOL ManualReset)
{
    return CreateEventW(NULL, ManualReset, FALSE, NULL);
}

void
SendWaitEvent(void)
{
    static BYTE *Packets[MOST];
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;
    HANDLE Event;
    DWORD Count;
    BOOL Good = TRUE;

    if (!DllHas(CULVERT_FEATURE_WAITS, "wait/event") || !SessionOpen(&Adapter, &Session))
        return;
    Count = FillRing(Session, Packets);
    Event = CulvertGetSendWaitEvent(Session);
    Check("wait/event", Event != NULL && CulvertGetSendWaitEvent(Session) == Event,
          "the event is always the same");
    Check("wait/event-lost", WaitForSingleObject(Event, SOON_MILLISECONDS) == WAIT_OBJECT_0,
          "it is set for who has failed before it was asked for");
    FAILS_QUIETLY("wait/event", ERROR_BUFFER_OVERFLOW,
                  WintunAllocateSendPacket(Session, BYTES) == NULL, "a full ring");
    Check("wait/event", WaitForSingleObject(Event, 100) == WAIT_TIMEOUT,
          "the event is not set while nothing leaves the ring");
    SendAll(Session, Packets, Count);
    Good = Check("wait/event", WaitForSingleObject(Event, SOON_MILLISECONDS) == WAIT_OBJECT_0,
                 "the event is set when packets leave");
    for (int Sent = 0; Good && Sent < 5000; ++Sent)
    {
        BYTE *Packet;
        while ((Packet = WintunAllocateSendPacket(Session, BYTES)) == NULL && Good)
            Good = GetLastError() == ERROR_BUFFER_OVERFLOW &&
                   WaitForSingleObject(Event, SOON_MILLISECONDS) == WAIT_OBJECT_0;
        if (!Packet)
            break;
        ZeroMemory(Packet, BYTES);
        WintunSendPacket(Session, Packet);
    }
    Check("wait/event-lost", Good, "5000 packets through the ring, waiting whenever it is full");
    SessionClose(Adapter, Session);
}

/* A thread inside one of the functions that wait. */
typedef struct SLEEPER
{
    WINTUN_SESSION_HANDLE Session;
    HANDLE Cancel;
    DWORD Milliseconds;
    DWORD Packets; /* to send, or to receive; until a wait fails */
    DWORD Seed;
    volatile LONG Done; /* packets */
    DWORD Error;        /* what ended it, or 0 */
} SLEEPER;

static DWORD WINAPI
SendWaiting(LPVOID Parameter)
{
    SLEEPER *Sleeper = Parameter;

    while ((DWORD)Sleeper->Done < Sleeper->Packets)
    {
        CULVERT_PACKET Packet = {
            .Size = 1 + (Sleeper->Seed = Sleeper->Seed * 1664525 + 1013904223) % 3000};
        if (CulvertAllocateSendPacketsWait(Sleeper->Session, &Packet, 1, Sleeper->Milliseconds,
                                           Sleeper->Cancel) == 0)
        {
            Sleeper->Error = GetLastError();
            break;
        }
        ZeroMemory(Packet.Data, Packet.Size);
        WintunSendPacket(Sleeper->Session, Packet.Data);
        InterlockedIncrement(&Sleeper->Done);
    }
    return 0;
}

static DWORD WINAPI
ReceiveWaiting(LPVOID Parameter)
{
    SLEEPER *Sleeper = Parameter;

    while ((DWORD)Sleeper->Done < Sleeper->Packets)
    {
        CULVERT_PACKET Packet;
        if (CulvertReceivePacketsWait(Sleeper->Session, &Packet, 1, Sleeper->Milliseconds,
                                      Sleeper->Cancel) == 0)
        {
            Sleeper->Error = GetLastError();
            break;
        }
        CulvertReleaseReceivePackets(Sleeper->Session, &Packet, 1);
        InterlockedIncrement(&Sleeper->Done);
    }
    return 0;
}

/* Static where it is used: a thread that is not woken uses it until its session ends. */
typedef struct DORMITORY
{
    SLEEPER Sleepers[THREADS];
    HANDLE Threads[THREADS];
} DORMITORY;

/* All threads do the same, without a limit of time. */
static void
SleepersStart(DORMITORY *Dormitory, WINTUN_SESSION_HANDLE Session, LPTHREAD_START_ROUTINE Routine,
              DWORD Packets, HANDLE Cancel)
{
    ZeroMemory(Dormitory, sizeof(*Dormitory));
    for (DWORD Index = 0; Index < THREADS; ++Index)
    {
        SLEEPER *Sleeper = &Dormitory->Sleepers[Index];
        *Sleeper = (SLEEPER){Session, Cancel, INFINITE, Packets, Index, 0, ERROR_SUCCESS};
        Dormitory->Threads[Index] = CreateThread(NULL, 0, Routine, Sleeper, 0, NULL);
    }
}

static LONG
SleepersDone(const DORMITORY *Dormitory)
{
    LONG Done = 0;

    for (DWORD Index = 0; Index < THREADS; ++Index)
        Done += Dormitory->Sleepers[Index].Done;
    return Done;
}

/* Whether all end in time, with this error. */
static BOOL
SleepersEnd(DORMITORY *Dormitory, DWORD Error)
{
    BOOL Good = ThreadsJoin(Dormitory->Threads, THREADS);

    for (DWORD Index = 0; Index < THREADS; ++Index)
        Good = Good && Dormitory->Sleepers[Index].Error == Error;
    return Good;
}

void
WaitForRoom(void)
{
    static BYTE *Packets[MOST];
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;
    static DORMITORY Dormitory;
    DWORD Count;

    if (!DllHas(CULVERT_FEATURE_WAITS, "wait/room") || !SessionOpen(&Adapter, &Session))
        return;
    Count = FillRing(Session, Packets);
    SleepersStart(&Dormitory, Session, SendWaiting, 1, NULL);
    Sleep(100);
    Check("wait/room", SleepersDone(&Dormitory) == 0, "four threads wait while the ring is full");
    SendAll(Session, Packets, Count);
    if (Check("wait/room", SleepersEnd(&Dormitory, ERROR_SUCCESS), "all wake when packets leave"))
    {
        SleepersStart(&Dormitory, Session, SendWaiting, 500, NULL);
        Check("wait/room-lost",
              SleepersEnd(&Dormitory, ERROR_SUCCESS) && SleepersDone(&Dormitory) == THREADS * 500,
              "four threads send 500 packets each of 1 to 3000 bytes, and wait for room (%ld sent)",
              SleepersDone(&Dormitory));
    }
    SessionClose(Adapter, Session);
}

static DWORD WINAPI
WriteLater(LPVOID Parameter)
{
    Sleep(100);
    LineWrite(Parameter, 9, 100);
    return 0;
}

void
WaitForPackets(void)
{
    LINE Line;
    CULVERT_PACKET Packets[8];
    HANDLE Thread;
    ULONGLONG Arrivals;
    DWORD Number = 0, Count;

    if (!DllHas(CULVERT_FEATURE_WAITS, "wait/packets") ||
        !LineOpen("wait/packets", &Line, CAPACITY))
        return;
    SessionDrain(Line.Session);
    Arrivals = LineArrivals(&Line);
    LineWrite(&Line, 1, 100);
    LineWrite(&Line, 2, 100);
    LineAwait(&Line, Arrivals + 2);
    Count = CulvertReceivePacketsWait(Line.Session, Packets, 8, INFINITE, NULL);
    Check("wait/packets", Count >= 2, "packets that are there are returned at once (%lu)", Count);
    CulvertReleaseReceivePackets(Line.Session, Packets, Count);
    SessionDrain(Line.Session);
    Thread = CreateThread(NULL, 0, WriteLater, &Line, 0, NULL);
    do
        Count = CulvertReceivePacketsWait(Line.Session, Packets, 8, SOON_MILLISECONDS, NULL);
    while (Count == 1 && !LineIsOwn(Packets[0].Data, Packets[0].Size, &Number));
    Check("wait/packets", Count >= 1 && Number == 9, "a packet wakes the thread that waits");
    CulvertReleaseReceivePackets(Line.Session, Packets, Count);
    ThreadsJoin(&Thread, 1);
    LineClose(&Line);
}

/* Each thread takes one packet and goes away with it: the others must not wait for its return. */
void
WaitersShare(void)
{
    LINE Line;
    static DORMITORY Dormitory;
    BOOL Good = TRUE;

    if (!DllHas(CULVERT_FEATURE_WAITS, "wait/packets-lost") ||
        !LineOpen("wait/packets-lost", &Line, CAPACITY))
        return;
    for (DWORD Round = 0; Good && Round < 20; ++Round)
    {
        SleepersStart(&Dormitory, Line.Session, ReceiveWaiting, 1, NULL);
        Sleep(Round < 4 ? 50 : Round % 4);
        for (DWORD Number = 0; Number < THREADS; ++Number)
            LineWrite(&Line, Number, 100);
        Good = SleepersEnd(&Dormitory, ERROR_SUCCESS);
    }
    Check("wait/packets-lost", Good,
          "20 times: four packets at once wake four threads, of which each takes one");
    for (DWORD Round = 0; Good && Round < 4; ++Round)
    {
        SleepersStart(&Dormitory, Line.Session, ReceiveWaiting, 1, NULL);
        Sleep(50);
        for (DWORD Number = 0; Good && Number < THREADS; ++Number)
        {
            ULONGLONG End = GetTickCount64() + SOON_MILLISECONDS;
            LineWrite(&Line, Number, 100);
            while (SleepersDone(&Dormitory) <= (LONG)Number && GetTickCount64() < End)
                Sleep(1);
            Good = SleepersDone(&Dormitory) > (LONG)Number;
        }
        Good = Good && SleepersEnd(&Dormitory, ERROR_SUCCESS);
    }
    Check("wait/packets-lost", Good, "and so do four packets that come one after the other");
    LineClose(&Line);
}

/* How long a call that times out takes, and that it does. */
static void
TimeOut(WINTUN_SESSION_HANDLE Session, DWORD Milliseconds)
{
    CULVERT_PACKET Packet = {.Size = BYTES};
    ULONGLONG Begin = GetTickCount64(), Middle;

    FAILS_QUIETLY("wait/timeout", ERROR_TIMEOUT,
                  CulvertReceivePacketsWait(Session, &Packet, 1, Milliseconds, NULL) == 0,
                  "no packet within %lu ms", Milliseconds);
    Middle = GetTickCount64();
    Packet.Size = BYTES;
    FAILS_QUIETLY("wait/timeout", ERROR_TIMEOUT,
                  CulvertAllocateSendPacketsWait(Session, &Packet, 1, Milliseconds, NULL) == 0,
                  "no room within %lu ms", Milliseconds);
    /* A clock of 64 ticks a second may be one tick behind. */
    Check("wait/timeout",
          Middle - Begin + 16 >= Milliseconds && GetTickCount64() - Middle + 16 >= Milliseconds &&
              GetTickCount64() - Begin < 2 * Milliseconds + SOON_MILLISECONDS / 2,
          "both last about %lu ms (%lu, %lu)", Milliseconds, (DWORD)(Middle - Begin),
          (DWORD)(GetTickCount64() - Middle));
}

void
WaitTimes(void)
{
    static BYTE *Packets[MOST];
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;

    if (!DllHas(CULVERT_FEATURE_WAITS, "wait/timeout") || !SessionOpen(&Adapter, &Session))
        return;
    FillRing(Session, Packets);
    SessionDrain(Session);
    TimeOut(Session, 0);
    TimeOut(Session, 150);
    SessionClose(Adapter, Session);
}

/* One event ends the waits of all threads, or of one if it is auto-reset. */
static BOOL
CancelAll(WINTUN_SESSION_HANDLE Session, LPTHREAD_START_ROUTINE Routine, const char *What)
{
    HANDLE Cancel = NewEvent(TRUE), One = NewEvent(FALSE);
    static DORMITORY Dormitory;
    ULONGLONG End;

    SleepersStart(&Dormitory, Session, Routine, 1000000, Cancel);
    Sleep(50);
    SetEvent(Cancel);
    if (!Check("wait/cancel", SleepersEnd(&Dormitory, ERROR_OPERATION_ABORTED),
               "a manual-reset event ends the waits of four threads: %s", What))
        return FALSE;
    SleepersStart(&Dormitory, Session, Routine, 1000000, One);
    Sleep(50);
    SetEvent(One);
    Check("wait/cancel",
          WaitForMultipleObjects(THREADS, Dormitory.Threads, FALSE, SOON_MILLISECONDS) <
                  WAIT_OBJECT_0 + THREADS &&
              WaitForMultipleObjects(THREADS, Dormitory.Threads, TRUE, 50) == WAIT_TIMEOUT,
          "an auto-reset event ends that of one: %s", What);
    End = GetTickCount64() + SOON_MILLISECONDS;
    do
        SetEvent(One);
    while (WaitForMultipleObjects(THREADS, Dormitory.Threads, TRUE, 10) == WAIT_TIMEOUT &&
           GetTickCount64() < End);
    Check("wait/cancel", SleepersEnd(&Dormitory, ERROR_OPERATION_ABORTED),
          "and set again, those of the others: %s", What);
    CloseHandle(Cancel);
    CloseHandle(One);
    return TRUE;
}

void
WaitCancelled(void)
{
    static BYTE *Packets[MOST];
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;
    CULVERT_PACKET Packet = {.Size = BYTES};
    HANDLE Cancel;

    if (!DllHas(CULVERT_FEATURE_WAITS, "wait/cancel") || !SessionOpen(&Adapter, &Session))
        return;
    Cancel = NewEvent(FALSE);
    SetEvent(Cancel);
    Check("wait/cancel",
          CulvertAllocateSendPacketsWait(Session, &Packet, 1, INFINITE, Cancel) == 1 &&
              WaitForSingleObject(Cancel, 0) == WAIT_OBJECT_0,
          "the event is not looked at while there is room");
    ZeroMemory(Packet.Data, BYTES);
    CulvertSendPackets(Session, &Packet, 1);
    CloseHandle(Cancel);
    FillRing(Session, Packets);
    SessionDrain(Session);
    if (CancelAll(Session, SendWaiting, "room"))
        CancelAll(Session, ReceiveWaiting, "packets");
    SessionClose(Adapter, Session);
}

void
WaitArguments(void)
{
    static ULONG_PTR Stranger[64];
    static BYTE *Packets[MOST];
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;
    CULVERT_PACKET Packet = {.Size = BYTES}, Empty = {.Size = 0};
    HANDLE None = (HANDLE)(ULONG_PTR)0xDEADBEE0;

    if (!DllHas(CULVERT_FEATURE_WAITS, "wait/arguments") || !SessionOpen(&Adapter, &Session))
        return;
    for (int Kind = 0; Kind < 3; ++Kind)
    {
        WINTUN_SESSION_HANDLE Wrong = Kind == 0 ? NULL : Kind == 1 ? Stranger : Adapter;
        FAILS("wait/arguments", ERROR_INVALID_PARAMETER, CulvertGetSendWaitEvent(Wrong) == NULL,
              "CulvertGetSendWaitEvent: no session's handle");
        FAILS("wait/arguments", ERROR_INVALID_PARAMETER,
              CulvertReceivePacketsWait(Wrong, &Packet, 1, INFINITE, NULL) == 0,
              "CulvertReceivePacketsWait: no session's handle");
        FAILS("wait/arguments", ERROR_INVALID_PARAMETER,
              CulvertAllocateSendPacketsWait(Wrong, &Packet, 1, INFINITE, NULL) == 0,
              "CulvertAllocateSendPacketsWait: no session's handle");
    }
    FAILS("wait/arguments", ERROR_INVALID_PARAMETER,
          CulvertReceivePacketsWait(Session, NULL, 1, INFINITE, NULL) == 0,
          "CulvertReceivePacketsWait without Packets");
    FAILS("wait/arguments", ERROR_INVALID_PARAMETER,
          CulvertReceivePacketsWait(Session, &Packet, 0, INFINITE, NULL) == 0,
          "CulvertReceivePacketsWait of 0 packets");
    FAILS("wait/arguments", ERROR_INVALID_PARAMETER,
          CulvertAllocateSendPacketsWait(Session, &Empty, 1, INFINITE, NULL) == 0,
          "CulvertAllocateSendPacketsWait for a packet of 0 bytes");
    FillRing(Session, Packets);
    SessionDrain(Session);
    FAILS("wait/cancel-handle", ERROR_INVALID_HANDLE,
          CulvertReceivePacketsWait(Session, &Packet, 1, SOON_MILLISECONDS, None) == 0,
          "CulvertReceivePacketsWait with a CancelEvent that is no handle");
    FAILS("wait/cancel-handle", ERROR_INVALID_HANDLE,
          CulvertAllocateSendPacketsWait(Session, &Packet, 1, SOON_MILLISECONDS, None) == 0,
          "CulvertAllocateSendPacketsWait with a CancelEvent that is no handle");
    WintunEndSession(Session);
    FAILS_QUIETLY("wait/eof", ERROR_HANDLE_EOF,
                  CulvertReceivePacketsWait(Session, &Packet, 1, INFINITE, NULL) == 0,
                  "CulvertReceivePacketsWait after EndSession");
    FAILS_QUIETLY("wait/eof", ERROR_HANDLE_EOF,
                  CulvertAllocateSendPacketsWait(Session, &Packet, 1, INFINITE, NULL) == 0,
                  "CulvertAllocateSendPacketsWait after EndSession");
    SessionClose(Adapter, NULL);
}

/* A session in which four threads wait for room, and four for packets. */
static WINTUN_SESSION_HANDLE
AllWait(WINTUN_ADAPTER_HANDLE Adapter, DORMITORY *Senders, DORMITORY *Receivers)
{
    static BYTE *Packets[MOST];
    WINTUN_SESSION_HANDLE Session = WintunStartSession(Adapter, CAPACITY);

    if (!Session)
        return NULL;
    FillRing(Session, Packets);
    SleepersStart(Senders, Session, SendWaiting, 1000000, NULL);
    SleepersStart(Receivers, Session, ReceiveWaiting, 1000000, NULL);
    return Session;
}

void
WaitEnds(void)
{
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;
    static DORMITORY Senders, Receivers;
    BOOL Good = TRUE;

    if (!DllHas(CULVERT_FEATURE_WAITS, "wait/end") || (Adapter = AdapterMake()) == NULL)
        return;
    for (int Round = 0; Good && Round < 10; ++Round)
    {
        Session = AllWait(Adapter, &Senders, &Receivers);
        if (!Session)
            break;
        Sleep(Round * 5);
        WintunEndSession(Session);
        Good = SleepersEnd(&Senders, ERROR_HANDLE_EOF);
        Good = SleepersEnd(&Receivers, ERROR_HANDLE_EOF) && Good;
    }
    Check("wait/end", Good, "10 times EndSession wakes eight threads that wait, four in each way");
    Session = AllWait(Adapter, &Senders, &Receivers);
    if (Check("start/starts", Session != NULL, "a session"))
    {
        Sleep(50);
        WintunDeleteAdapter(Adapter, FALSE, NULL);
        Good = SleepersEnd(&Senders, ERROR_HANDLE_EOF);
        Good = SleepersEnd(&Receivers, ERROR_HANDLE_EOF) && Good;
        Check("wait/end", Good, "and so does the end of the adapter");
        Check("wait/end",
              WaitForSingleObject(CulvertGetSendWaitEvent(Session), SOON_MILLISECONDS) ==
                  WAIT_OBJECT_0,
              "the event of CulvertGetSendWaitEvent stays set");
    }
    SessionClose(Adapter, Session);
}
