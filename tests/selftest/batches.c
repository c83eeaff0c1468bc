/* SPDX-License-Identifier: MIT */
/* culvert.h: what the DLL has of it, and packets in batches. */
#include "selftest.h"

#define BATCH   32 /* datagrams at once, which fit the smallest ring and a socket's buffer */
#define THREADS 4
#define SMALL   8 /* a batch of which several fit BATCH */

void
Features(void)
{
    BOOL All = TRUE;

    if (!CulvertHasFeature)
    {
        Skip("feature/has", "the DLL has no CulvertHasFeature");
        Skip("feature/version", "the DLL has no CulvertHasFeature");
        return;
    }
    Check("feature/version", CulvertGetVersion && CulvertGetVersion() != 0,
          "CulvertGetVersion tells %lu.%lu", CulvertGetVersion() >> 16,
          CulvertGetVersion() & 0xFFFF);
    if (CulvertHasFeature(CULVERT_FEATURE_BATCHES))
        All = All && CulvertReceivePackets && CulvertReleaseReceivePackets &&
              CulvertAllocateSendPackets && CulvertSendPackets;
    if (CulvertHasFeature(CULVERT_FEATURE_WAITS))
        All = All && CulvertGetSendWaitEvent && CulvertReceivePacketsWait &&
              CulvertAllocateSendPacketsWait;
    if (CulvertHasFeature(CULVERT_FEATURE_STATISTICS))
        All = All && CulvertGetSessionStatistics && CulvertGetAdapterStatistics &&
              CulvertGetLuidStatistics;
    Check("feature/has", All, "each feature that is there has its functions");
    SetLastError(ERROR_CRC);
    Check("feature/has", !CulvertHasFeature(0) && !CulvertHasFeature(0xFFFFFFFF),
          "features that nobody knows are not there");
    Check("feature/has", GetLastError() == ERROR_CRC, "asking leaves the last error alone");
}

/* ---- Towards the application -------------------------------------------------------------------
 */

/* Receives until all of LineWrite's datagrams From to BATCH - 1 are there, Most at a time; others
 * are released. Packets has the numbers' packets. FALSE if one is missing or out of order. */
static BOOL
ReceiveNumbers(LINE *Line, CULVERT_PACKET *Packets, DWORD From, DWORD Most)
{
    HANDLE Event = WintunGetReadWaitEvent(Line->Session);

    while (From < BATCH)
    {
        CULVERT_PACKET Got[BATCH];
        DWORD Number, Count = CulvertReceivePackets(Line->Session, Got, Most);
        if (Count > Most)
            return FALSE;
        if (Count == 0 && (GetLastError() != ERROR_NO_MORE_ITEMS ||
                           WaitForSingleObject(Event, SOON_MILLISECONDS) != WAIT_OBJECT_0))
            return FALSE;
        for (DWORD Index = 0; Index < Count; ++Index)
        {
            if (!LineIsOwn(Got[Index].Data, Got[Index].Size, &Number))
                CulvertReleaseReceivePackets(Line->Session, &Got[Index], 1);
            else if (From == BATCH || Number != From)
                return FALSE;
            else
                Packets[From++] = Got[Index];
        }
    }
    return TRUE;
}

static void
WriteNumbers(LINE *Line, DWORD Bytes)
{
    for (DWORD Number = 0; Number < BATCH; ++Number)
        LineWrite(Line, Number, Bytes + Number);
}

/* More than the ring in all, so that what is not released would fill it. */
static BOOL
ReleaseRounds(LINE *Line)
{
    CULVERT_PACKET Packets[BATCH + 2];
    BOOL Good = TRUE;

    for (DWORD Round = 0; Good && Round < 12; ++Round)
    {
        WriteNumbers(Line, 1200);
        Good = ReceiveNumbers(Line, Packets, 0, Round + 1);
        if (!Good)
            break;
        for (DWORD Index = 0; Index < BATCH / 2 && Round % 3 != 0; ++Index)
        {
            CULVERT_PACKET Other = Packets[Index];
            Packets[Index] = Packets[BATCH - 1 - Index];
            Packets[BATCH - 1 - Index] = Other;
        }
        if (Round % 3 == 2)
        {
            for (DWORD Index = 0; Index < BATCH; Index += 3)
                WintunReleaseReceivePacket(Line->Session, Packets[Index].Data);
        }
        /* Among them what is released already, nothing, and no packet. */
        Packets[BATCH].Data = NULL;
        Packets[BATCH + 1].Data = Packets[0].Data + 16;
        CulvertReleaseReceivePackets(Line->Session, Packets, BATCH + 2);
    }
    return Good;
}

void
ReceiveBatches(void)
{
    LINE Line;
    CULVERT_PACKET Packets[BATCH];
    ULONGLONG Arrivals;
    DWORD Count;
    BOOL Good = TRUE;

    if (!DllHas(CULVERT_FEATURE_BATCHES, "batch/receive") ||
        !LineOpen("batch/receive", &Line, CAPACITY))
        return;
    SessionDrain(Line.Session);
    FAILS_QUIETLY("batch/receive-none", ERROR_NO_MORE_ITEMS,
                  CulvertReceivePackets(Line.Session, Packets, BATCH) == 0,
                  "CulvertReceivePackets without a packet");
    Arrivals = LineArrivals(&Line);
    WriteNumbers(&Line, 300);
    LineAwait(&Line, Arrivals + BATCH);
    Count = CulvertReceivePackets(Line.Session, Packets, 10);
    Check("batch/receive", Count == 10, "no more than Count packets (%lu)", Count);
    CulvertReleaseReceivePackets(Line.Session, Packets, Count);
    Count = CulvertReceivePackets(Line.Session, Packets, BATCH);
    Check("batch/receive", Count >= BATCH - 10 && Count <= BATCH,
          "and all that there are, in one call (%lu)", Count);
    CulvertReleaseReceivePackets(Line.Session, Packets, Count);
    SessionDrain(Line.Session);
    for (DWORD Most = 1; Good && Most <= BATCH; Most += 3)
    {
        WriteNumbers(&Line, 100);
        Good = ReceiveNumbers(&Line, Packets, 0, Most);
        for (DWORD Index = 0; Good && Index < BATCH; ++Index)
            Good = Packets[Index].Size == LinePacketBytes(100 + Index);
        CulvertReleaseReceivePackets(Line.Session, Packets, Good ? BATCH : 0);
    }
    Check("batch/receive", Good, "batches of 1 to %d: all datagrams, in order, with their sizes",
          BATCH);
    Check("batch/release", ReleaseRounds(&Line),
          "released in any order, with others among them: the ring is free again");
    WriteNumbers(&Line, 500);
    Good = TRUE;
    for (DWORD Index = 0; Good && Index < BATCH / 2; ++Index)
    {
        DWORD Number = 0;
        Packets[Index].Data = LineReceive(&Line, SOON_MILLISECONDS, &Number, &Packets[Index].Size);
        Good = Packets[Index].Data != NULL && Number == Index;
    }
    Check("batch/mixed", Good && ReceiveNumbers(&Line, Packets, BATCH / 2, BATCH),
          "a half received one by one, and the other in batches");
    LineClose(&Line);
}

typedef struct CROWD
{
    LINE *Line;
    volatile LONG Received[1024];
    volatile LONG Count, Bad, Stop;
} CROWD;

static DWORD WINAPI
TakePart(LPVOID Parameter)
{
    CROWD *Crowd = Parameter;

    while (!Crowd->Stop)
    {
        CULVERT_PACKET Packets[SMALL];
        DWORD Number, Count = CulvertReceivePackets(Crowd->Line->Session, Packets, SMALL);
        for (DWORD Index = 0; Index < Count; ++Index)
        {
            if (!LineIsOwn(Packets[Index].Data, Packets[Index].Size, &Number))
                continue;
            if (Number >= ARRAYSIZE(Crowd->Received) ||
                InterlockedIncrement(&Crowd->Received[Number]) != 1)
                InterlockedIncrement(&Crowd->Bad);
            InterlockedIncrement(&Crowd->Count);
        }
        CulvertReleaseReceivePackets(Crowd->Line->Session, Packets, Count);
        if (Count == 0)
            WaitForSingleObject(WintunGetReadWaitEvent(Crowd->Line->Session), 20);
    }
    return 0;
}

void
ReceiveBatchesOnManyThreads(void)
{
    static CROWD Crowd;
    LINE Line;
    HANDLE Threads[THREADS];
    ULONGLONG End;

    ZeroMemory(&Crowd, sizeof(Crowd));
    if (!DllHas(CULVERT_FEATURE_BATCHES, "batch/threads") ||
        !LineOpen("batch/threads", &Line, CAPACITY))
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
    Check("batch/threads",
          ThreadsJoin(Threads, THREADS) && Crowd.Bad == 0 &&
              Crowd.Count == ARRAYSIZE(Crowd.Received),
          "four threads receive 1024 datagrams in batches, each of them once (%ld, %ld bad)",
          Crowd.Count, Crowd.Bad);
    LineClose(&Line);
}

/* ---- Towards the system -------------------------------------------------------------------------
 */

/* Packets for the datagrams First to First + Count - 1, filled; waits until there is room. */
static BOOL
AllocateNumbers(LINE *Line, CULVERT_PACKET *Packets, DWORD First, DWORD Count)
{
    ULONGLONG End = GetTickCount64() + SOON_MILLISECONDS;
    DWORD Done = 0;

    for (DWORD Index = 0; Index < Count; ++Index)
        Packets[Index].Size = LinePacketBytes(100 + First + Index);
    while (Done < Count)
    {
        DWORD More = CulvertAllocateSendPackets(Line->Session, Packets + Done, Count - Done);
        if (More == 0 && (GetLastError() != ERROR_BUFFER_OVERFLOW || GetTickCount64() > End))
            return FALSE;
        Done += More;
    }
    for (DWORD Index = 0; Index < Count; ++Index)
        LinePacketFill(Packets[Index].Data, First + Index, 100 + First + Index);
    return TRUE;
}

void
AllocateBatches(void)
{
    enum
    {
        BYTES = 1000,
        MOST = CAPACITY / BYTES + 20
    };
    static CULVERT_PACKET Packets[MOST];
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;
    CULVERT_PACKET Wrong[3] = {{.Size = 100}, {.Size = 0}, {.Size = 100}};
    DWORD Count, More;
    ULONGLONG End;
    BOOL Good = TRUE;

    if (!DllHas(CULVERT_FEATURE_BATCHES, "batch/allocate") || !SessionOpen(&Adapter, &Session))
        return;
    FAILS("batch/sizes", ERROR_INVALID_PARAMETER,
          CulvertAllocateSendPackets(Session, Wrong, 3) == 0, "a batch with a packet of 0 bytes");
    Wrong[1].Size = WINTUN_MAX_IP_PACKET_SIZE + 1;
    FAILS("batch/sizes", ERROR_INVALID_PARAMETER,
          CulvertAllocateSendPackets(Session, Wrong, 3) == 0,
          "a batch with a packet of 65536 bytes");
    Check("batch/sizes", !Wrong[0].Data && !Wrong[1].Data && !Wrong[2].Data,
          "no packet has memory after that");
    for (DWORD Index = 0; Index < MOST; ++Index)
        Packets[Index] = (CULVERT_PACKET){.Data = (BYTE *)Wrong, .Size = BYTES};
    Count = CulvertAllocateSendPackets(Session, Packets, MOST);
    Check("batch/allocate", Count > CAPACITY / BYTES - 10 && Count < MOST,
          "as many as there is room for, the bad batches having taken none (%lu)", Count);
    for (DWORD Index = 0; Index < MOST; ++Index)
        Good = Good && (Index < Count) == (Packets[Index].Data != NULL);
    Check("batch/allocate", Good, "the others are NULL");
    for (DWORD Index = 0; Good && Index < Count; ++Index)
        FillMemory(Packets[Index].Data, BYTES, (BYTE)Index & 15);
    for (DWORD Index = 0; Good && Index < Count; ++Index)
    {
        for (DWORD At = 0; Good && At < BYTES; ++At)
            Good = Packets[Index].Data[At] == ((BYTE)Index & 15);
    }
    Check("batch/allocate", Good, "packets do not overlap");
    FAILS_QUIETLY("batch/allocate-none", ERROR_BUFFER_OVERFLOW,
                  CulvertAllocateSendPackets(Session, Wrong, 1) == 0, "then there is no room");
    CulvertSendPackets(Session, Packets, MOST);
    /* They leave one after the other, whenever the driver gets to it. */
    End = GetTickCount64() + SOON_MILLISECONDS;
    for (More = 0; More < Count && GetTickCount64() < End;)
    {
        DWORD Room = CulvertAllocateSendPackets(Session, Packets + More, Count - More);
        More += Room;
        if (!Room)
            Sleep(5);
    }
    Check("batch/send", More == Count, "all are sent in one call, and leave (%lu)", More);
    SessionClose(Adapter, Session);
}

void
SendBatches(void)
{
    LINE Line;
    CULVERT_PACKET Packets[BATCH];
    BOOL Good = TRUE;

    if (!DllHas(CULVERT_FEATURE_BATCHES, "batch/order") ||
        !LineOpen("batch/order", &Line, CAPACITY))
        return;
    for (DWORD Round = 0; Good && Round < 20; ++Round)
    {
        CULVERT_PACKET Shuffled[BATCH];
        Good = AllocateNumbers(&Line, Packets, 0, BATCH);
        for (DWORD Index = 0; Good && Index < BATCH; ++Index) /* 13 is coprime to 32 */
            Shuffled[Index] = Packets[Round % 2 ? BATCH - 1 - Index : Index * 13 % BATCH];
        CulvertSendPackets(Line.Session, Shuffled, Good ? BATCH : 0);
        for (int Index = 0; Good && Index < BATCH; ++Index)
            Good = LineRead(&Line, SOON_MILLISECONDS, NULL) == Index;
    }
    Check("batch/order", Good,
          "whatever the order in CulvertSendPackets, that of allocation counts");
    for (DWORD Round = 0; Good && Round < 20; ++Round)
    {
        Good = AllocateNumbers(&Line, Packets, 0, SMALL);
        Packets[SMALL].Size = LinePacketBytes(50);
        Packets[SMALL].Data = WintunAllocateSendPacket(Line.Session, Packets[SMALL].Size);
        Good = Good && Packets[SMALL].Data &&
               AllocateNumbers(&Line, Packets + SMALL + 1, SMALL + 1, SMALL);
        if (!Good)
            break;
        LinePacketFill(Packets[SMALL].Data, SMALL, 50);
        WintunSendPacket(Line.Session, Packets[2 * SMALL].Data);
        CulvertSendPackets(Line.Session, Packets + 3, 2 * SMALL - 3);
        WintunSendPacket(Line.Session, Packets[1].Data);
        Good = LineRead(&Line, Round == 0 ? 100 : 0, NULL) == -1;
        CulvertSendPackets(Line.Session, Packets, 3);
        for (int Index = 0; Good && Index <= 2 * SMALL; ++Index)
            Good = LineRead(&Line, SOON_MILLISECONDS, NULL) == Index;
    }
    Check("batch/mixed", Good, "allocated and sent by both kinds of functions, in order");
    LineClose(&Line);
}

/* A thread that sends BATCH packets, SMALL at a time. */
typedef struct SENDER
{
    LINE *Line;
    DWORD First;
    BOOL Good;
} SENDER;

static DWORD WINAPI
SendSome(LPVOID Parameter)
{
    SENDER *Sender = Parameter;

    for (DWORD At = 0; At < BATCH; At += SMALL)
    {
        CULVERT_PACKET Packets[SMALL];
        Sender->Good = AllocateNumbers(Sender->Line, Packets, Sender->First + At, SMALL);
        if (!Sender->Good)
            break;
        SwitchToThread();
        CulvertSendPackets(Sender->Line->Session, Packets, SMALL);
    }
    return 0;
}

void
SendBatchesOnManyThreads(void)
{
    LINE Line;
    BOOL Good = TRUE;

    if (!DllHas(CULVERT_FEATURE_BATCHES, "batch/together") ||
        !LineOpen("batch/together", &Line, CAPACITY))
        return;
    for (DWORD Round = 0; Good && Round < 20; ++Round)
    {
        SENDER Senders[THREADS];
        HANDLE Threads[THREADS];
        DWORD Next[THREADS] = {0};
        for (DWORD Index = 0; Index < THREADS; ++Index)
        {
            Senders[Index] = (SENDER){&Line, Index * BATCH, FALSE};
            Threads[Index] = CreateThread(NULL, 0, SendSome, &Senders[Index], 0, NULL);
        }
        Good = ThreadsJoin(Threads, THREADS);
        for (int Index = 0, Last = 0; Good && Index < THREADS * BATCH; ++Index)
        {
            int Number = LineRead(&Line, SOON_MILLISECONDS, NULL);
            DWORD Sender = (DWORD)Number / BATCH;
            Good = Number >= 0 && Sender < THREADS && (DWORD)Number % BATCH == Next[Sender]++ &&
                   (Index % SMALL == 0 || Number == Last + 1);
            Last = Number;
        }
    }
    Check("batch/together", Good,
          "batches of four threads: each in its order, with no other's packet in between");
    LineClose(&Line);
}

/* ---- Arguments -------------------------------------------------------------------------------
 */

static void
RefuseSession(WINTUN_SESSION_HANDLE Handle, const char *What)
{
    CULVERT_PACKET Packet = {.Data = (BYTE *)&Handle, .Size = 100};

    FAILS("batch/arguments", ERROR_INVALID_PARAMETER,
          CulvertReceivePackets(Handle, &Packet, 1) == 0, "CulvertReceivePackets: %s", What);
    FAILS("batch/arguments", ERROR_INVALID_PARAMETER,
          CulvertAllocateSendPackets(Handle, &Packet, 1) == 0, "CulvertAllocateSendPackets: %s",
          What);
    CulvertReleaseReceivePackets(Handle, &Packet, 1);
    CulvertSendPackets(Handle, &Packet, 1);
}

void
BatchArguments(void)
{
    static ULONG_PTR Stranger[64];
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;
    CULVERT_PACKET Packet = {.Data = NULL, .Size = 100};

    if (!DllHas(CULVERT_FEATURE_BATCHES, "batch/arguments") || !SessionOpen(&Adapter, &Session))
        return;
    RefuseSession(NULL, "NULL");
    RefuseSession(Stranger, "memory of the caller");
    RefuseSession(Adapter, "the handle of an adapter");
    FAILS("batch/arguments", ERROR_INVALID_PARAMETER, CulvertReceivePackets(Session, NULL, 1) == 0,
          "CulvertReceivePackets without Packets");
    FAILS("batch/arguments", ERROR_INVALID_PARAMETER,
          CulvertReceivePackets(Session, &Packet, 0) == 0, "CulvertReceivePackets of 0 packets");
    FAILS("batch/arguments", ERROR_INVALID_PARAMETER,
          CulvertAllocateSendPackets(Session, NULL, 1) == 0,
          "CulvertAllocateSendPackets without Packets");
    FAILS("batch/arguments", ERROR_INVALID_PARAMETER,
          CulvertAllocateSendPackets(Session, &Packet, 0) == 0,
          "CulvertAllocateSendPackets of 0 packets");
    SetLastError(ERROR_CRC);
    CulvertReleaseReceivePackets(Session, NULL, 1);
    CulvertReleaseReceivePackets(Session, &Packet, 0);
    CulvertSendPackets(Session, NULL, 1);
    CulvertSendPackets(Session, &Packet, 0);
    CulvertSendPackets(Session, &Packet, 1);
    Check("batch/arguments", GetLastError() == ERROR_CRC, "no packets to give back are nothing");
    WintunEndSession(Session);
    FAILS_QUIETLY("batch/eof", ERROR_HANDLE_EOF, CulvertReceivePackets(Session, &Packet, 1) == 0,
                  "CulvertReceivePackets after EndSession");
    FAILS_QUIETLY("batch/eof", ERROR_HANDLE_EOF,
                  CulvertAllocateSendPackets(Session, &Packet, 1) == 0,
                  "CulvertAllocateSendPackets after EndSession");
    CulvertReleaseReceivePackets(Session, &Packet, 1);
    CulvertSendPackets(Session, &Packet, 1);
    SessionClose(Adapter, NULL);
}
