/* SPDX-License-Identifier: MIT */
/* The session functions of wintun.h: arguments checked, and handed to session.h. */
#include "adapter.h"
#include "logger.h"
#include "session.h"

C_ASSERT(WINTUN_MIN_RING_CAPACITY == CULVERT_MIN_CAPACITY);
C_ASSERT(WINTUN_MAX_RING_CAPACITY == CULVERT_MAX_CAPACITY);
C_ASSERT(WINTUN_MAX_IP_PACKET_SIZE == CULVERT_MAX_PACKET);

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
    SessionEnd(Session);
}

HANDLE WINAPI
WintunGetReadWaitEvent(WINTUN_SESSION_HANDLE Session)
{
    if (Session == NULL)
    {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    return SessionReceiveEvent(Session);
}

BYTE *WINAPI
WintunReceivePacket(WINTUN_SESSION_HANDLE Session, DWORD *PacketSize)
{
    if (Session == NULL || PacketSize == NULL)
    {
        SetLastError(ERROR_INVALID_PARAMETER);
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
    if (Session != NULL && Packet != NULL)
        SessionRelease(Session, Packet);
}

BYTE *WINAPI
WintunAllocateSendPacket(WINTUN_SESSION_HANDLE Session, DWORD PacketSize)
{
    if (Session == NULL)
    {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    return SessionAllocate(Session, PacketSize);
}

void WINAPI
WintunSendPacket(WINTUN_SESSION_HANDLE Session, const BYTE *Packet)
{
    if (Session != NULL && Packet != NULL)
        SessionSend(Session, Packet);
}
