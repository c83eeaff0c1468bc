/* SPDX-License-Identifier: MIT */
/* Sessions with packets of the system's own stack, in both directions. */
#include "selftest.h"

#define BATCH   32 /* datagrams at once, which fit the smallest ring and a socket's buffer */
#define THREADS 4

/* One datagram there, and taken out of the ring. */
static BOOL
RoundTrip(LINE *Line, DWORD Number, DWORD Bytes)
{
    DWORD Seen = 0, Size = 0;
    BYTE *Packet =
        LineWrite(Line, Number, Bytes) ? LineReceive(Line, SOON_MILLISECONDS, &Seen, &Size) : NULL;

    if (Packet)
        WintunReleaseReceivePacket(Line->Session, Packet);
    return Packet && Seen == Number && Size == LinePacketBytes(Bytes);
}

void
ReceiveDatagrams(void)
{
    LINE Line;
    DWORD Number, Size, Ignored;
    BYTE *Packet;

    if (!LineOpen("receive/retrieves", &Line, CAPACITY))
        return;
    LineWrite(&Line, 7, 300);
    Packet = LineReceive(&Line, SOON_MILLISECONDS, &Number, &Size);
    if (Check("receive/retrieves", Packet != NULL && Number == 7,
              "a datagram that the system sends is received unchanged"))
    {
        Check("receive/size", Size == LinePacketBytes(300), "PacketSize is the packet's size");
        Check("receive/layer3", Packet[0] == 0x45, "it begins with the IPv4 header");
        FillMemory(Packet, Size, 0xEE);
        WintunReleaseReceivePacket(Line.Session, Packet);
        Check("receive/modify", RoundTrip(&Line, 8, 300),
              "after it was overwritten, the next comes");
    }
    SessionDrain(Line.Session);
    FAILS_QUIETLY("receive/no-more", ERROR_NO_MORE_ITEMS,
                  WintunReceivePacket(Line.Session, &Ignored) == NULL, "then there are no more");
    for (DWORD Bytes = 8; Bytes < 1400; Bytes += 93)
    {
        if (!RoundTrip(&Line, Bytes, Bytes))
        {
            Check("receive/size", FALSE, "a datagram of %lu bytes", Bytes);
            break;
        }
    }
    LineClose(&Line);
}

static DWORD WINAPI
WriteLater(LPVOID Parameter)
{
    Sleep(100);
    LineWrite(Parameter, 9, 100);
    return 0;
}

void
ReceiveWaits(void)
{
    LINE Line;
    DWORD Number, Size;
    BYTE *Packet;
    HANDLE Thread;
    BOOL Good = TRUE;

    if (!LineOpen("event/packets", &Line, CAPACITY))
        return;
    SessionDrain(Line.Session);
    Thread = CreateThread(NULL, 0, WriteLater, &Line, 0, NULL);
    Packet = LineReceive(&Line, SOON_MILLISECONDS, &Number, &Size);
    Check("event/packets", Packet != NULL && Number == 9,
          "a thread that waits on the event is woken by a packet");
    WintunReleaseReceivePacket(Line.Session, Packet);
    ThreadsJoin(&Thread, 1);
    for (DWORD Round = 0; Good && Round < 300; ++Round)
        Good = RoundTrip(&Line, Round, 64);
    Check("usage/receive-loop", Good, "300 times: empty, wait, one packet");
    for (DWORD Round = 0; Good && Round < 100; ++Round)
    {
        ULONGLONG End = GetTickCount64() + SOON_MILLISECONDS;
        LineWrite(&Line, Round, 64);
        do
        {
            Packet = WintunReceivePacket(Line.Session, &Size);
        } while (!Packet && GetTickCount64() < End);
        Good = Packet != NULL;
        WintunReleaseReceivePacket(Line.Session, Packet);
    }
    Check("usage/spin", Good, "100 times: spinning on ReceivePacket instead of waiting");
    LineClose(&Line);
}

void
ReceiveRingWraps(void)
{
    LINE Line;
    DWORD Next = 0;
    BOOL Good = TRUE;

    if (!LineOpen("receive/order", &Line, CAPACITY))
        return;
    /* About 1.7 MB: 13 times the ring. */
    for (DWORD Round = 0; Good && Round < 40; ++Round)
    {
        for (DWORD Index = 0; Index < BATCH; ++Index)
            LineWrite(&Line, Round * BATCH + Index, 1300 + Index);
        for (DWORD Index = 0; Good && Index < BATCH; ++Index)
        {
            DWORD Number = 0, Size;
            BYTE *Packet = LineReceive(&Line, SOON_MILLISECONDS, &Number, &Size);
            Good = Packet != NULL && Number == Next++;
            WintunReleaseReceivePacket(Line.Session, Packet);
        }
    }
    Check("receive/order", Good, "1280 datagrams, 13 times the ring, arrive in order (%lu did)",
          Next);
    LineClose(&Line);
}

/* Takes a batch, then gives it back in an order of its own. */
static BOOL
ReleaseBatch(LINE *Line, DWORD Round)
{
    BYTE *Packets[BATCH];
    BOOL Good = TRUE;
    DWORD Count;

    for (Count = 0; Count < BATCH; ++Count)
        LineWrite(Line, Count, 1000);
    for (Count = 0; Count < BATCH; ++Count)
    {
        DWORD Number, Size;
        Packets[Count] = LineReceive(Line, SOON_MILLISECONDS, &Number, &Size);
        if (!Packets[Count])
            break;
        Good = Good && Number == Count;
    }
    /* None of them changed while the others arrived. */
    for (DWORD Index = 0; Index < Count; ++Index)
    {
        DWORD Number;
        Good = Good && LineIsOwn(Packets[Index], LinePacketBytes(1000), &Number) && Number == Index;
    }
    for (DWORD Index = 0; Index < Count; ++Index)
    {
        /* 13 has no divisor in common with 32. */
        DWORD At = Round % 3 == 0 ? Count - 1 - Index : Round % 3 == 1 ? Index * 13 % Count : Index;
        WintunReleaseReceivePacket(Line->Session, Packets[At]);
    }
    return Good && Count == BATCH;
}

/* While one packet is held, all later ones are given back, and more than a ring of others comes. */
static BOOL
HeldPacketStays(LINE *Line)
{
    const DWORD Count = 2 * CAPACITY / 1300;
    DWORD Number, Size, Seen = 0;
    BYTE *Held, *Packet;
    ULONGLONG Arrivals;
    BOOL Good;

    LineWrite(Line, 1000, 1300);
    Held = LineReceive(Line, SOON_MILLISECONDS, &Number, &Size);
    if (!Held)
        return FALSE;
    Arrivals = LineArrivals(Line);
    for (DWORD Index = 0; Index < Count; ++Index)
    {
        LineWrite(Line, Index, 1300);
        /* At some time the ring is full, and what the system sends is dropped. */
        Packet = LineReceive(Line, Seen == Index ? 200 : 0, &Number, &Size);
        if (Packet)
        {
            ++Seen;
            WintunReleaseReceivePacket(Line->Session, Packet);
        }
    }
    Good = LineIsOwn(Held, LinePacketBytes(1300), &Number) && Number == 1000;
    WintunReleaseReceivePacket(Line->Session, Held);
    LineAwait(Line, Arrivals + Count); /* also those that are dropped */
    while ((Packet = LineReceive(Line, 50, &Number, &Size)) != NULL)
        WintunReleaseReceivePacket(Line->Session, Packet);
    return Good && RoundTrip(Line, 1, 1300);
}

void
ReleaseInAnyOrder(void)
{
    LINE Line;
    BOOL Good = TRUE;
    DWORD Round;

    if (!LineOpen("release/order", &Line, CAPACITY))
        return;
    for (Round = 0; Good && Round < 30; ++Round)
        Good = ReleaseBatch(&Line, Round);
    Check("release/order", Good,
          "30 batches released backwards, shuffled and in order (%lu worked)", Round);
    Check("release/order", HeldPacketStays(&Line),
          "a packet that is not released stays as it is, while later ones are released");
    LineClose(&Line);
}

void
FullReceiveRing(void)
{
    enum
    {
        MOST = 400
    };
    static BYTE *Packets[MOST];
    LINE Line;
    ULONGLONG Arrivals;
    DWORD Count = 0, Number, Size;
    BOOL Good = TRUE;

    if (!LineOpen("release/releases", &Line, CAPACITY))
        return;
    Arrivals = LineArrivals(&Line);
    for (DWORD Index = 0; Index < MOST; ++Index)
        LineWrite(&Line, Index, 1300);
    LineAwait(&Line, Arrivals + MOST);
    while (Count < MOST && (Packets[Count] = LineReceive(&Line, 300, &Number, &Size)) != NULL)
    {
        Good = Good && Number == Count;
        ++Count;
    }
    Check("receive/full", Good && Count > 50 && Count < MOST,
          "while nothing is released, what the ring holds arrives and the rest is dropped (%lu)",
          Count);
    for (DWORD Index = 0; Index < Count; ++Index)
        WintunReleaseReceivePacket(Line.Session, Packets[Index]);
    Check("release/releases", RoundTrip(&Line, 5, 1300), "after the release there is room again");
    Good = TRUE;
    for (DWORD Round = 0; Good && Round < 10; ++Round)
        Good = ReleaseBatch(&Line, Round);
    Check("release/releases", Good, "for as much as before");
    LineClose(&Line);
}

/* ---- Many threads -----------------------------------------------------------------------------
 */

typedef struct CROWD
{
    LINE *Line;
    volatile LONG Received[1024];
    volatile LONG Count, Bad;
    volatile LONG Stop;
} CROWD;

static DWORD WINAPI
TakePart(LPVOID Parameter)
{
    CROWD *Crowd = Parameter;

    while (!Crowd->Stop)
    {
        DWORD Number, Size;
        BYTE *Packet = LineReceive(Crowd->Line, 20, &Number, &Size);
        if (!Packet)
            continue;
        if (Number >= ARRAYSIZE(Crowd->Received))
            InterlockedIncrement(&Crowd->Bad);
        else if (InterlockedIncrement(&Crowd->Received[Number]) != 1)
            InterlockedIncrement(&Crowd->Bad);
        InterlockedIncrement(&Crowd->Count);
        WintunReleaseReceivePacket(Crowd->Line->Session, Packet);
    }
    return 0;
}

void
ReceiversOnManyThreads(void)
{
    static CROWD Crowd;
    LINE Line;
    HANDLE Threads[THREADS];
    ULONGLONG End;

    ZeroMemory(&Crowd, sizeof(Crowd));
    if (!LineOpen("receive/threads", &Line, CAPACITY))
        return;
    Crowd.Line = &Line;
    for (int Index = 0; Index < THREADS; ++Index)
        Threads[Index] = CreateThread(NULL, 0, TakePart, &Crowd, 0, NULL);
    for (DWORD Number = 0; Number < ARRAYSIZE(Crowd.Received); ++Number)
    {
        LineWrite(&Line, Number, 200);
        End = GetTickCount64() + SOON_MILLISECONDS;
        while ((LONG)Number - Crowd.Count > BATCH && GetTickCount64() < End)
            SwitchToThread();
    }
    End = GetTickCount64() + SOON_MILLISECONDS;
    while (Crowd.Count < (LONG)ARRAYSIZE(Crowd.Received) && GetTickCount64() < End)
        Sleep(5);
    Crowd.Stop = 1;
    Check("receive/threads",
          ThreadsJoin(Threads, THREADS) && Crowd.Bad == 0 &&
              Crowd.Count == ARRAYSIZE(Crowd.Received),
          "four threads receive 1024 datagrams, each of them once (%ld, %ld bad)", Crowd.Count,
          Crowd.Bad);
    Check("release/threads", RoundTrip(&Line, 1, 1300) && ReleaseBatch(&Line, 0),
          "and release them: the whole ring is free afterwards");
    LineClose(&Line);
}

/* ---- Towards the system -------------------------------------------------------------------------
 */

static BYTE *
Allocate(LINE *Line, DWORD Number, DWORD Bytes)
{
    ULONGLONG End = GetTickCount64() + SOON_MILLISECONDS;
    BYTE *Packet;

    while ((Packet = WintunAllocateSendPacket(Line->Session, LinePacketBytes(Bytes))) == NULL)
    {
        if (GetLastError() != ERROR_BUFFER_OVERFLOW || GetTickCount64() > End)
            return NULL;
        SwitchToThread();
    }
    LinePacketFill(Packet, Number, Bytes);
    return Packet;
}

void
SendDatagrams(void)
{
    LINE Line;
    BOOL Good = TRUE;
    DWORD Bytes = 0;
    BYTE *Packet;

    if (!LineOpen("send/sends", &Line, CAPACITY))
        return;
    Packet = Allocate(&Line, 11, 300);
    Check("allocate/returns", Packet != NULL, "AllocateSendPacket returns memory");
    WintunSendPacket(Line.Session, Packet);
    Check("send/sends", LineRead(&Line, SOON_MILLISECONDS, &Bytes) == 11 && Bytes == 300,
          "a packet that is sent arrives unchanged at a socket");
    for (DWORD Number = 0; Good && Number < 1000; ++Number)
    {
        WintunSendPacket(Line.Session, Allocate(&Line, Number, 900));
        Good = LineRead(&Line, SOON_MILLISECONDS, NULL) == (int)Number;
    }
    Check("usage/send-loop", Good, "1000 of them, one after the other");
    LineClose(&Line);
}

void
SendInAllocationOrder(void)
{
    LINE Line;
    BYTE *Packets[BATCH];
    BOOL Good = TRUE;

    if (!LineOpen("send/order", &Line, CAPACITY))
        return;
    for (DWORD Round = 0; Good && Round < 20; ++Round)
    {
        for (DWORD Index = 0; Index < BATCH; ++Index)
            Packets[Index] = Allocate(&Line, Index, 400);
        for (DWORD Index = 0; Index < BATCH; ++Index)
            WintunSendPacket(Line.Session,
                             Packets[Round % 2 ? BATCH - 1 - Index : Index * 13 % BATCH]);
        for (int Index = 0; Good && Index < BATCH; ++Index)
            Good = LineRead(&Line, SOON_MILLISECONDS, NULL) == Index;
    }
    Check("allocate/order", Good, "sent backwards or shuffled, packets arrive in allocation order");
    Packets[0] = Allocate(&Line, 100, 50);
    Packets[1] = Allocate(&Line, 101, 50);
    WintunSendPacket(Line.Session, Packets[1]);
    Check("send/not-yet", LineRead(&Line, 200, NULL) == -1,
          "SendPacket may return before the packet leaves: an earlier one is not sent yet");
    WintunSendPacket(Line.Session, Packets[0]);
    Check("send/order",
          LineRead(&Line, SOON_MILLISECONDS, NULL) == 100 &&
              LineRead(&Line, SOON_MILLISECONDS, NULL) == 101,
          "both leave, in the order of allocation, when the earlier one is sent");
    LineClose(&Line);
}

/* A thread sends what the main thread allocated, among others in an order of its own. */
typedef struct SENDER
{
    LINE *Line;
    BYTE **Packets;
    DWORD First;
} SENDER;

static DWORD WINAPI
SendSome(LPVOID Parameter)
{
    SENDER *Sender = Parameter;

    for (DWORD Index = Sender->First; Index < BATCH; Index += THREADS)
        WintunSendPacket(Sender->Line->Session, Sender->Packets[Index]);
    return 0;
}

void
SendOnManyThreads(void)
{
    LINE Line;
    BYTE *Packets[BATCH];
    BOOL Good = TRUE;

    if (!LineOpen("send/threads", &Line, CAPACITY))
        return;
    for (DWORD Round = 0; Good && Round < 30; ++Round)
    {
        SENDER Senders[THREADS];
        HANDLE Threads[THREADS];
        for (DWORD Index = 0; Index < BATCH; ++Index)
            Packets[Index] = Allocate(&Line, Index, 400);
        for (DWORD Index = 0; Index < THREADS; ++Index)
        {
            Senders[Index] = (SENDER){&Line, Packets, THREADS - 1 - Index};
            Threads[Index] = CreateThread(NULL, 0, SendSome, &Senders[Index], 0, NULL);
        }
        Good = ThreadsJoin(Threads, THREADS);
        for (int Index = 0; Good && Index < BATCH; ++Index)
            Good = LineRead(&Line, SOON_MILLISECONDS, NULL) == Index;
    }
    Check("send/threads", Good, "packets that four threads send leave in the order of allocation");
    LineClose(&Line);
}

void
LargeDatagrams(void)
{
    static const DWORD Sizes[] = {9000, 30000, 65507};
    LINE Line;
    BOOL There = TRUE, Back = TRUE;

    if (!LineOpen("macro/max-packet", &Line, 0x400000))
        return;
    for (size_t Index = 0; Index < ARRAYSIZE(Sizes); ++Index)
    {
        DWORD Bytes = 0;
        WintunSendPacket(Line.Session, Allocate(&Line, 3, Sizes[Index]));
        Back = Back && LineRead(&Line, SOON_MILLISECONDS, &Bytes) == 3 && Bytes == Sizes[Index];
    }
    Check("macro/max-packet", Back, "packets up to 65535 bytes arrive at a socket");
    if (IsWine())
    {
        for (size_t Index = 0; Index < ARRAYSIZE(Sizes); ++Index)
            There = There && RoundTrip(&Line, 4, Sizes[Index]);
        Check("macro/max-packet", There, "packets up to 65535 bytes are received");
    }
    else
        Skip("macro/max-packet", "the interface's MTU here may be smaller, which makes fragments");
    LineClose(&Line);
}
