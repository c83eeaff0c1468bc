/* SPDX-License-Identifier: MIT */
/* The session functions of culvert.h: arguments checked, and handed to session.h. */
#include "culvert.h"
#include "logger.h"
#include "session.h"
#include "session_handle.h"
#include "statistics.h"

C_ASSERT(sizeof(CULVERT_PACKET) == sizeof(SESSION_PACKET));
C_ASSERT(FIELD_OFFSET(CULVERT_PACKET, Size) == FIELD_OFFSET(SESSION_PACKET, Size));
C_ASSERT(INFINITE == SYSTEM_FOREVER);

/* FALSE with the last-error code, and logged, if there is nowhere to put a packet. */
static BOOL
CheckPackets(const WCHAR *Function, const CULVERT_PACKET *Packets, DWORD Count)
{
    if (Packets != NULL && Count != 0)
        return TRUE;
    SetLastError(LogError(ERROR_INVALID_PARAMETER, L"%s: there are no Packets", Function));
    return FALSE;
}

/* Also checks the sizes, and says that none has memory yet. */
static BOOL
CheckSizes(const WCHAR *Function, CULVERT_PACKET *Packets, DWORD Count)
{
    if (!CheckPackets(Function, Packets, Count))
        return FALSE;
    for (DWORD Index = 0; Index < Count; ++Index)
        Packets[Index].Data = NULL;
    for (DWORD Index = 0; Index < Count; ++Index)
    {
        DWORD Size = Packets[Index].Size;
        if (Size != 0 && Size <= WINTUN_MAX_IP_PACKET_SIZE)
            continue;
        SetLastError(LogError(ERROR_INVALID_PARAMETER,
                              L"%s: packet %u has %u bytes; it must have 1 to %u", Function, Index,
                              Size, WINTUN_MAX_IP_PACKET_SIZE));
        return FALSE;
    }
    return TRUE;
}

DWORD WINAPI
CulvertReceivePackets(WINTUN_SESSION_HANDLE Session, CULVERT_PACKET *Packets, DWORD Count)
{
    static const WCHAR Function[] = L"CulvertReceivePackets";
    if (!CheckSession(Function, Session) || !CheckPackets(Function, Packets, Count))
        return 0;
    DWORD Received = SessionReceive(Session, (SESSION_PACKET *)Packets, Count, NULL);
    if (Received == 0)
        LogPacketFailure(Function);
    return Received;
}

/* What a wait ended with that is not a part of normal work is the caller's CancelEvent's. */
static void
LogWait(const WCHAR *Function, HANDLE CancelEvent)
{
    DWORD Error = GetLastError();
    if (Error == ERROR_INVALID_HANDLE || Error == ERROR_ACCESS_DENIED)
        SetLastError(LogError(Error, L"%s: %p cannot be waited for", Function, CancelEvent));
    else
        LogPacketFailure(Function);
}

DWORD WINAPI
CulvertReceivePacketsWait(WINTUN_SESSION_HANDLE Session, CULVERT_PACKET *Packets, DWORD Count,
                          DWORD Milliseconds, HANDLE CancelEvent)
{
    static const WCHAR Function[] = L"CulvertReceivePacketsWait";
    if (!CheckSession(Function, Session) || !CheckPackets(Function, Packets, Count))
        return 0;
    SESSION_WAIT Wait = {Milliseconds, CancelEvent};
    DWORD Received = SessionReceive(Session, (SESSION_PACKET *)Packets, Count, &Wait);
    if (Received == 0)
        LogWait(Function, CancelEvent);
    return Received;
}

void WINAPI
CulvertReleaseReceivePackets(WINTUN_SESSION_HANDLE Session, const CULVERT_PACKET *Packets,
                             DWORD Count)
{
    if (Packets != NULL && Count != 0 && CheckSession(L"CulvertReleaseReceivePackets", Session))
        SessionRelease(Session, (const SESSION_PACKET *)Packets, Count);
}

DWORD WINAPI
CulvertAllocateSendPackets(WINTUN_SESSION_HANDLE Session, CULVERT_PACKET *Packets, DWORD Count)
{
    static const WCHAR Function[] = L"CulvertAllocateSendPackets";
    if (!CheckSession(Function, Session) || !CheckSizes(Function, Packets, Count))
        return 0;
    DWORD Allocated = SessionAllocate(Session, (SESSION_PACKET *)Packets, Count, NULL);
    if (Allocated == 0)
        LogPacketFailure(Function);
    return Allocated;
}

DWORD WINAPI
CulvertAllocateSendPacketsWait(WINTUN_SESSION_HANDLE Session, CULVERT_PACKET *Packets, DWORD Count,
                               DWORD Milliseconds, HANDLE CancelEvent)
{
    static const WCHAR Function[] = L"CulvertAllocateSendPacketsWait";
    if (!CheckSession(Function, Session) || !CheckSizes(Function, Packets, Count))
        return 0;
    SESSION_WAIT Wait = {Milliseconds, CancelEvent};
    DWORD Allocated = SessionAllocate(Session, (SESSION_PACKET *)Packets, Count, &Wait);
    if (Allocated == 0)
        LogWait(Function, CancelEvent);
    return Allocated;
}

void WINAPI
CulvertSendPackets(WINTUN_SESSION_HANDLE Session, const CULVERT_PACKET *Packets, DWORD Count)
{
    if (Packets != NULL && Count != 0 && CheckSession(L"CulvertSendPackets", Session))
        SessionSend(Session, (const SESSION_PACKET *)Packets, Count);
}

HANDLE WINAPI
CulvertGetSendWaitEvent(WINTUN_SESSION_HANDLE Session)
{
    return CheckSession(L"CulvertGetSendWaitEvent", Session) ? SessionRoomEvent(Session) : NULL;
}

static void
FillDirection(CULVERT_DIRECTION_STATISTICS *Direction, const SESSION_TRAFFIC *Traffic)
{
    Direction->Packets = Traffic->Packets;
    Direction->Bytes = Traffic->Bytes;
    Direction->DropsNoRoom = Traffic->NoRoom;
    Direction->Signals = Traffic->Signals;
    Direction->HighWater = Traffic->HighWater;
}

BOOL WINAPI
CulvertGetSessionStatistics(WINTUN_SESSION_HANDLE Session, CULVERT_STATISTICS *Statistics)
{
    static const WCHAR Function[] = L"CulvertGetSessionStatistics";
    SESSION_TRAFFIC Receive, Send;
    if (!CheckSession(Function, Session) || !StatisticsCheck(Function, Statistics))
        return FALSE;
    CULVERT_STATISTICS Known = {.Sessions = 1};
    Known.Capacity = SessionReadTraffic(Session, &Receive, &Send);
    FillDirection(&Known.Receive, &Receive);
    FillDirection(&Known.Send, &Send);
    StatisticsReturn(Statistics, &Known, sizeof(Known));
    return TRUE;
}
