/* SPDX-License-Identifier: MIT */
/* The session functions of wintun.h: arguments checked, and handed to session.h. */
#include "adapter.h"
#include "logger.h"
#include "session.h"
#include "session_handle.h"

C_ASSERT(WINTUN_MIN_RING_CAPACITY == CULVERT_MIN_CAPACITY);
C_ASSERT(WINTUN_MAX_RING_CAPACITY == CULVERT_MAX_CAPACITY);
C_ASSERT(WINTUN_MAX_IP_PACKET_SIZE == CULVERT_MAX_PACKET);

BOOL
CheckSession(const WCHAR *Function, WINTUN_SESSION_HANDLE Handle)
{
    if (SessionIsHandle(Handle))
        return TRUE;
    SetLastError(LogError(ERROR_INVALID_PARAMETER, L"%s: %p is not the handle of a session",
                          Function, Handle));
    return FALSE;
}

void
LogPacketFailure(const WCHAR *Function)
{
    DWORD Error = GetLastError();
    if (Error == ERROR_INVALID_DATA)
        SetLastError(LogError(Error,
                              L"%s: somebody has written into the session's ring what its "
                              L"rules do not allow",
                              Function));
}

WINTUN_SESSION_HANDLE WINAPI
WintunStartSession(WINTUN_ADAPTER_HANDLE Handle, DWORD Capacity)
{
    ADAPTER *Adapter = AdapterAcquire(Handle);
    if (Adapter == NULL)
        return NULL;
    SESSION *Session = NULL;
    if (CulvertCapacityIsValid(Capacity))
        Session = SessionStart(Adapter, Capacity);
    else
        SetLastError(LogError(ERROR_INVALID_PARAMETER,
                              L"Starting a session: a capacity of %u bytes is no power of two "
                              L"between %u and %u",
                              Capacity, WINTUN_MIN_RING_CAPACITY, WINTUN_MAX_RING_CAPACITY));
    DWORD Error = GetLastError();
    if (Session != NULL)
        LogInfo(L"Adapter %s: session started, two rings of %u bytes", AdapterLabel(Adapter),
                Capacity);
    AdapterRelease(Adapter);
    SetLastError(Error);
    return Session;
}

void WINAPI
WintunEndSession(WINTUN_SESSION_HANDLE Session)
{
    DWORD LastError = GetLastError();

    /* Often called on the way out after a failure, whose code the application has yet to look at.
     */
    if (Session == NULL || !CheckSession(L"WintunEndSession", Session))
        return;
    SessionEnd(Session);
    SetLastError(LastError);
}

HANDLE WINAPI
WintunGetReadWaitEvent(WINTUN_SESSION_HANDLE Session)
{
    return CheckSession(L"WintunGetReadWaitEvent", Session) ? SessionReceiveEvent(Session) : NULL;
}

BYTE *WINAPI
WintunReceivePacket(WINTUN_SESSION_HANDLE Session, DWORD *PacketSize)
{
    if (!CheckSession(L"WintunReceivePacket", Session))
        return NULL;
    if (PacketSize == NULL)
    {
        SetLastError(
            LogError(ERROR_INVALID_PARAMETER, L"WintunReceivePacket: there is no PacketSize"));
        return NULL;
    }
    SESSION_PACKET Packet;
    if (SessionReceive(Session, &Packet, 1, NULL) == 0)
    {
        LogPacketFailure(L"WintunReceivePacket");
        return NULL;
    }
    *PacketSize = Packet.Size;
    return Packet.Data;
}

void WINAPI
WintunReleaseReceivePacket(WINTUN_SESSION_HANDLE Session, const BYTE *Packet)
{
    SESSION_PACKET Released = {.Data = (BYTE *)(ULONG_PTR)Packet};
    if (Packet != NULL && CheckSession(L"WintunReleaseReceivePacket", Session))
        SessionRelease(Session, &Released, 1);
}

BYTE *WINAPI
WintunAllocateSendPacket(WINTUN_SESSION_HANDLE Session, DWORD PacketSize)
{
    if (!CheckSession(L"WintunAllocateSendPacket", Session))
        return NULL;
    if (PacketSize == 0 || PacketSize > WINTUN_MAX_IP_PACKET_SIZE)
    {
        SetLastError(
            LogError(ERROR_INVALID_PARAMETER,
                     L"WintunAllocateSendPacket: a packet of %u bytes; it must have 1 to %u",
                     PacketSize, WINTUN_MAX_IP_PACKET_SIZE));
        return NULL;
    }
    SESSION_PACKET Packet = {.Size = PacketSize};
    if (SessionAllocate(Session, &Packet, 1, NULL) == 0)
    {
        LogPacketFailure(L"WintunAllocateSendPacket");
        return NULL;
    }
    return Packet.Data;
}

void WINAPI
WintunSendPacket(WINTUN_SESSION_HANDLE Session, const BYTE *Packet)
{
    SESSION_PACKET Sent = {.Data = (BYTE *)(ULONG_PTR)Packet};
    if (Packet != NULL && CheckSession(L"WintunSendPacket", Session))
        SessionSend(Session, &Sent, 1);
}
