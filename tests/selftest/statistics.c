/* SPDX-License-Identifier: MIT */
/* culvert.h: statistics of sessions and of adapters. */
#include "selftest.h"
#include <stdio.h>

#define BYTES  1000
#define MOST   (CAPACITY / BYTES + 20) /* more than fit the ring */
#define ROUNDS 50                      /* until two readings are of the same moment */

static CULVERT_STATISTICS
OfSession(WINTUN_SESSION_HANDLE Session)
{
    CULVERT_STATISTICS Statistics = {.Size = sizeof(Statistics)};

    if (!CulvertGetSessionStatistics(Session, &Statistics))
        Statistics.Size = 0;
    return Statistics;
}

static CULVERT_STATISTICS
OfAdapter(WINTUN_ADAPTER_HANDLE Adapter)
{
    CULVERT_STATISTICS Statistics = {.Size = sizeof(Statistics)};

    if (!CulvertGetAdapterStatistics(Adapter, &Statistics))
        Statistics.Size = 0;
    return Statistics;
}

/* A ring without room, and what is then counted. */
static void
CountFullRing(WINTUN_SESSION_HANDLE Session)
{
    static CULVERT_PACKET Packets[MOST];
    CULVERT_STATISTICS Before, After;
    DWORD Count;

    for (Count = 0; Count < MOST; ++Count)
        Packets[Count].Size = BYTES;
    Count = CulvertAllocateSendPackets(Session, Packets, MOST);
    Before = OfSession(Session);
    for (int Index = 0; Index < 5; ++Index)
        WintunAllocateSendPacket(Session, BYTES);
    After = OfSession(Session);
    Check("stats/drops", After.Send.DropsNoRoom - Before.Send.DropsNoRoom == 5,
          "allocations without room are counted");
    Check("stats/high-water",
          After.Send.HighWater > (ULONG64)Count * BYTES && After.Send.HighWater <= CAPACITY,
          "the high-water mark of a full ring");
}

void
SessionStatistics(void)
{
    CULVERT_PACKET Packets[3];
    LINE Line;
    CULVERT_STATISTICS Before, After;
    ULONG64 Received = 0, Bytes = 0;
    DWORD Count, Number, Size, Own = 0;
    BYTE *Packet;

    if (!DllHas(CULVERT_FEATURE_STATISTICS, "stats/session") ||
        !LineOpen("stats/session", &Line, CAPACITY))
        return;
    SessionDrain(Line.Session);
    Before = OfSession(Line.Session);
    Check("stats/session",
          Before.Size == sizeof(Before) && Before.Capacity == CAPACITY && Before.Sessions == 1,
          "one session, with its capacity");
    for (DWORD Index = 0; Index < 20; ++Index)
        LineWrite(&Line, Index, 200);
    while (Own < 20 && CulvertReceivePacketsWait(Line.Session, Packets, 1, SOON_MILLISECONDS, NULL))
    {
        ++Received;
        Bytes += Packets[0].Size;
        Own += LineIsOwn(Packets[0].Data, Packets[0].Size, &Number);
        CulvertReleaseReceivePackets(Line.Session, Packets, 1);
    }
    After = OfSession(Line.Session);
    Check("stats/session",
          Own == 20 && After.Receive.Packets - Before.Receive.Packets == Received &&
              After.Receive.Bytes - Before.Receive.Bytes == Bytes,
          "received packets and bytes");
    Before = After;
    Sleep(100); /* the driver waits for packets */
    for (DWORD Index = 0; Index < 3; ++Index)
        Packets[Index].Size = LinePacketBytes(100 + Index);
    Count = CulvertAllocateSendPackets(Line.Session, Packets, 3);
    Check("stats/session", OfSession(Line.Session).Send.Packets == Before.Send.Packets,
          "an allocated packet is not sent");
    for (DWORD Index = 0; Index < Count; ++Index)
        LinePacketFill(Packets[Index].Data, Index, 100 + Index);
    CulvertSendPackets(Line.Session, Packets, Count);
    CulvertSendPackets(Line.Session, Packets, Count);
    Packet = WintunAllocateSendPacket(Line.Session, LinePacketBytes(50));
    LinePacketFill(Packet, 3, 50);
    WintunSendPacket(Line.Session, Packet);
    After = OfSession(Line.Session);
    Check("stats/session",
          After.Send.Packets - Before.Send.Packets == 4 &&
              After.Send.Bytes - Before.Send.Bytes == 4 * LinePacketBytes(0) + 353,
          "sent packets and bytes");
    Check("stats/signals",
          After.Send.Signals - Before.Send.Signals >= 1 &&
              After.Send.Signals - Before.Send.Signals <= 2,
          "the driver was woken once by each call, or by the first only");
    for (int Index = 0; Index < 4; ++Index)
        LineRead(&Line, SOON_MILLISECONDS, &Size);
    CountFullRing(Line.Session);
    Before = OfSession(Line.Session);
    WintunEndSession(Line.Session);
    After = OfSession(Line.Session);
    Check("stats/ended",
          After.Size == sizeof(After) && After.Send.Packets == Before.Send.Packets &&
              After.Receive.Packets >= Received,
          "the statistics of a session that has ended");
    LineClose(&Line);
}

void
AdapterStatistics(void)
{
    LINE Line;
    CULVERT_STATISTICS Driver = {0}, Session, ByLuid = {.Size = sizeof(ByLuid)};
    WINTUN_SESSION_HANDLE Second;
    NET_LUID Luid;
    BOOL Same = FALSE;

    if (!DllHas(CULVERT_FEATURE_STATISTICS, "stats/adapter") ||
        !LineOpen("stats/adapter", &Line, CAPACITY))
        return;
    for (DWORD Number = 0; Number < 20; ++Number)
    {
        BYTE *Packet = WintunAllocateSendPacket(Line.Session, LinePacketBytes(Number * 10));
        LinePacketFill(Packet, Number, Number * 10);
        LineWrite(&Line, Number, 100);
        WintunSendPacket(Line.Session, Packet);
    }
    /* On Windows the system sends packets of its own at any time. */
    for (int Round = 0; !Same && Round < ROUNDS; ++Round)
    {
        Sleep(20);
        SessionDrain(Line.Session);
        Driver = OfAdapter(Line.Adapter);
        Session = OfSession(Line.Session);
        Same = Driver.Receive.Packets == Session.Receive.Packets &&
               Driver.Receive.Bytes == Session.Receive.Bytes &&
               Driver.Send.Packets == Session.Send.Packets &&
               Driver.Send.Bytes == Session.Send.Bytes;
    }
    Check("stats/adapter", Same && Driver.Receive.Packets >= 20 && Driver.Send.Packets == 20,
          "the driver has counted what the session has, in packets and bytes");
    Check("stats/adapter",
          Driver.Size == sizeof(Driver) && Driver.Sessions == 1 && Driver.Capacity == CAPACITY &&
              Driver.BrokenSessions == 0,
          "it has had one session, which is running");
    Check("stats/signals", Driver.Receive.Signals >= 1, "the application has been woken");
    WintunGetAdapterLUID(Line.Adapter, &Luid);
    Check("stats/luid",
          CulvertGetLuidStatistics(&Luid, &ByLuid) && ByLuid.Size == sizeof(ByLuid) &&
              ByLuid.Send.Packets == 20 && ByLuid.Receive.Packets >= Driver.Receive.Packets,
          "the same by the adapter's LUID");
    WintunEndSession(Line.Session);
    Driver = OfAdapter(Line.Adapter);
    Check("stats/adapter",
          Driver.Size == sizeof(Driver) && Driver.Capacity == 0 && Driver.Sessions == 1 &&
              Driver.Send.Packets == 20,
          "after the session's end too");
    Second = WintunStartSession(Line.Adapter, 2 * CAPACITY);
    Driver = OfAdapter(Line.Adapter);
    Check("stats/adapter",
          Driver.Capacity == 2 * CAPACITY && Driver.Sessions == 2 && Driver.Send.Packets == 20,
          "the next session adds to it");
    Check("stats/high-water", Driver.Send.HighWater == 0, "and has a high-water mark of its own");
    WintunEndSession(Second);
    LineClose(&Line);
}

void
StatisticsOfDrops(void)
{
    LINE Line;
    CULVERT_STATISTICS Before, After;
    ULONGLONG End;

    if (!DllHas(CULVERT_FEATURE_STATISTICS, "stats/drops") ||
        !LineOpen("stats/drops", &Line, CAPACITY))
        return;
    Before = OfAdapter(Line.Adapter);
    for (int Index = 0; Index < 5; ++Index)
    {
        BYTE *Packet = WintunAllocateSendPacket(Line.Session, BYTES);
        FillMemory(Packet, BYTES, 0x50);
        WintunSendPacket(Line.Session, Packet);
    }
    End = GetTickCount64() + SOON_MILLISECONDS;
    do
    {
        Sleep(5);
        After = OfAdapter(Line.Adapter);
    } while (After.Send.DropsNotIp - Before.Send.DropsNotIp < 5 && GetTickCount64() < End);
    Check("stats/drops",
          After.Send.DropsNotIp - Before.Send.DropsNotIp == 5 &&
              After.Send.Packets == Before.Send.Packets,
          "packets that are no IP packets are dropped as such");
    for (DWORD Number = 0; Number < 2 * MOST; ++Number)
        LineWrite(&Line, Number, BYTES);
    End = GetTickCount64() + SOON_MILLISECONDS;
    do
    {
        Sleep(20);
        After = OfAdapter(Line.Adapter);
    } while (After.Receive.Packets + After.Receive.DropsNoRoom <
                 Before.Receive.Packets + Before.Receive.DropsNoRoom + 2 * MOST &&
             GetTickCount64() < End);
    Check("stats/drops",
          After.Receive.DropsNoRoom > Before.Receive.DropsNoRoom &&
              After.Receive.Packets - Before.Receive.Packets > MOST / 2 &&
              After.Receive.DropsNoMemory == 0 && After.Receive.DropsBadSize == 0,
          "what finds no room in the ring is dropped as such (%lu)",
          (DWORD)After.Receive.DropsNoRoom);
    Check("stats/high-water",
          After.Receive.HighWater > CAPACITY / 2 && After.Receive.HighWater <= CAPACITY,
          "the high-water mark of the full ring (%lu)", (DWORD)After.Receive.HighWater);
    LineClose(&Line);
}

void
StatisticsFromOutside(void)
{
    LINE Line;
    CHILD Child;
    CULVERT_STATISTICS Before, After;
    NET_LUID Luid;
    WCHAR Command[64];
    char Answer[100] = "";
    int Good = 0;
    unsigned long long ByHandle = 0, ByLuid = 0;
    unsigned long Capacity = 0;
    DWORD Number, Size;
    BYTE *Packet;

    if (!DllHas(CULVERT_FEATURE_STATISTICS, "stats/outside") ||
        !LineOpen("stats/outside", &Line, CAPACITY))
        return;
    WintunGetAdapterLUID(Line.Adapter, &Luid);
    Before = OfAdapter(Line.Adapter);
    wsprintfW(Command, L"statistics " NAME L" %x%08x", (DWORD)(Luid.Value >> 32),
              (DWORD)Luid.Value);
    if (Check("stats/outside",
              ChildStart(&Child, Command) && ChildListen(&Child, Answer, sizeof(Answer)),
              "another process asks"))
    {
        After = OfAdapter(Line.Adapter);
        sscanf(Answer, "%d %llu %llu %lu", &Good, &ByHandle, &ByLuid, &Capacity);
        Check("stats/outside",
              Good && ByHandle >= Before.Receive.Packets && ByHandle <= After.Receive.Packets &&
                  ByLuid >= ByHandle && ByLuid <= After.Receive.Packets && Capacity == CAPACITY,
              "and is told, by the adapter's handle and by its LUID (%s)", Answer);
        ChildEnd(&Child);
    }
    SessionDrain(Line.Session);
    LineWrite(&Line, 5, 100);
    Packet = LineReceive(&Line, SOON_MILLISECONDS, &Number, &Size);
    Check("stats/outside", Packet != NULL && OfAdapter(Line.Adapter).Sessions == 1,
          "the session goes on");
    WintunReleaseReceivePacket(Line.Session, Packet);
    LineClose(&Line);
}

void
StatisticsArguments(void)
{
    static ULONG_PTR Stranger[64];
    struct
    {
        CULVERT_STATISTICS Known;
        BYTE Later[64];
    } Newer;
    CULVERT_STATISTICS Statistics = {.Size = sizeof(Statistics)};
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;
    NET_LUID Luid = {.Value = 0};

    if (!DllHas(CULVERT_FEATURE_STATISTICS, "stats/arguments") || !SessionOpen(&Adapter, &Session))
        return;
    FAILS("stats/arguments", ERROR_INVALID_PARAMETER,
          !CulvertGetSessionStatistics(Stranger, &Statistics), "memory that is no session");
    FAILS("stats/arguments", ERROR_INVALID_PARAMETER,
          !CulvertGetAdapterStatistics(Session, &Statistics), "a session that is no adapter");
    FAILS("stats/arguments", ERROR_INVALID_PARAMETER, !CulvertGetLuidStatistics(NULL, &Statistics),
          "no LUID");
    FAILS("stats/luid", ERROR_FILE_NOT_FOUND, !CulvertGetLuidStatistics(&Luid, &Statistics),
          "a LUID that no adapter has");
    WintunGetAdapterLUID(Adapter, &Luid);
    FAILS("stats/arguments", ERROR_INVALID_PARAMETER, !CulvertGetSessionStatistics(Session, NULL),
          "a session, and no Statistics");
    FAILS("stats/arguments", ERROR_INVALID_PARAMETER, !CulvertGetAdapterStatistics(Adapter, NULL),
          "an adapter, and no Statistics");
    FAILS("stats/arguments", ERROR_INVALID_PARAMETER, !CulvertGetLuidStatistics(&Luid, NULL),
          "a LUID, and no Statistics");
    Statistics.Size = 0;
    FAILS("stats/size", ERROR_INVALID_PARAMETER, !CulvertGetSessionStatistics(Session, &Statistics),
          "a structure without a size");
    Statistics.Size = 287; /* the first version has 288 */
    FAILS("stats/size", ERROR_INVALID_PARAMETER, !CulvertGetAdapterStatistics(Adapter, &Statistics),
          "a structure that is too small");
    FillMemory(&Newer, sizeof(Newer), 0xEE);
    Newer.Known.Size = sizeof(Newer);
    Check("stats/size",
          CulvertGetSessionStatistics(Session, &Newer.Known) &&
              Newer.Known.Size == sizeof(Newer.Known) && Newer.Later[0] == 0xEE,
          "of a larger structure, Size tells how much is filled in: a session's");
    Newer.Known.Size = sizeof(Newer);
    Check("stats/size",
          CulvertGetAdapterStatistics(Adapter, &Newer.Known) &&
              Newer.Known.Size == sizeof(Newer.Known) && Newer.Later[0] == 0xEE,
          "an adapter's");
    WintunEndSession(Session);
    WintunDeleteAdapter(Adapter, FALSE, NULL);
    Statistics.Size = sizeof(Statistics);
    FAILS("stats/adapter", ERROR_FILE_NOT_FOUND, !CulvertGetAdapterStatistics(Adapter, &Statistics),
          "an adapter that was deleted");
    SessionClose(Adapter, NULL);
}
