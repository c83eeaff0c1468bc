/* SPDX-License-Identifier: MIT */
/* The session functions of wintun.h: arguments checked, and handed to session.h. */
#include "adapter.h"
#include "logger.h"
#include "session.h"

C_ASSERT(WINTUN_MIN_RING_CAPACITY == CULVERT_MIN_CAPACITY);
C_ASSERT(WINTUN_MAX_RING_CAPACITY == CULVERT_MAX_CAPACITY);
C_ASSERT(WINTUN_MAX_IP_PACKET_SIZE == CULVERT_MAX_PACKET);

/* FALSE with the last-error code, and logged, if Handle is no session's. */
static BOOL
CheckSession(const WCHAR *Function, WINTUN_SESSION_HANDLE Handle)
{
    if (SessionIsHandle(Handle))
        return TRUE;
    SetLastError(LogError(ERROR_INVALID_PARAMETER, L"%s: %p is not the handle of a session",
                          Function, Handle));
    return FALSE;
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
    uint32_t Size = 0;
    BYTE *Packet = SessionReceive(Session, &Size);
    if (Packet != NULL)
        *PacketSize = Size;
    return Packet;
}

void WINAPI
WintunReleaseReceivePacket(WINTUN_SESSION_HANDLE Session, const BYTE *Packet)
{
    if (Packet != NULL && CheckSession(L"WintunReleaseReceivePacket", Session))
        SessionRelease(Session, Packet);
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
    return SessionAllocate(Session, PacketSize);
}

void WINAPI
WintunSendPacket(WINTUN_SESSION_HANDLE Session, const BYTE *Packet)
{
    if (Packet != NULL && CheckSession(L"WintunSendPacket", Session))
        SessionSend(Session, Packet);
}
