/* SPDX-License-Identifier: MIT */
/*
 * Traffic through the adapter, and its use by a well-behaved program. 10.66.0.1 is the system's
 * address on the adapter, 10.66.0.2 is on the far side.
 */
#include "hostile.h"
#include <ws2tcpip.h>
#include <iphlpapi.h>
#include <netioapi.h>
#include <string.h>

#define ADDRESS(Last)        (10u | 66u << 8 | 0u << 16 | (uint32_t)(Last) << 24)
#define NEAR_END             1
#define FAR_END              2
#define PORT                 4266
#define PREFIX_BITS          24
#define FLOOD_BYTES          1000
#define FLOOD_BURST          50
#define HEADER_BYTES         28 /* IPv4 and UDP */
#define PACKET_BYTES         (HEADER_BYTES + 4)
#define USE_ATTEMPTS         100
#define ATTEMPT_MILLISECONDS 50

static HANDLE Flooder;
static volatile LONG FloodEnds;

static struct sockaddr_in
Address(int Last, USHORT Port)
{
    struct sockaddr_in Address = {.sin_family = AF_INET, .sin_port = htons(Port)};
    Address.sin_addr.S_un.S_addr = ADDRESS(Last);
    return Address;
}

/* Errors do not matter: without a session, or without the adapter, there is no way. */
static DWORD WINAPI
FloodThread(LPVOID Parameter)
{
    SOCKET Socket = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    struct sockaddr_in To = Address(FAR_END, PORT);
    char Bytes[FLOOD_BYTES] = {0};
    (void)Parameter;
    while (!FloodEnds)
    {
        for (int Count = 0; Count < FLOOD_BURST; ++Count)
            sendto(Socket, Bytes, sizeof(Bytes), 0, (struct sockaddr *)&To, sizeof(To));
        Sleep(1);
    }
    closesocket(Socket);
    return 0;
}

BOOL
FloodStart(void)
{
    FloodEnds = 0;
    Flooder = CreateThread(NULL, 0, FloodThread, NULL, 0, NULL);
    return Flooder != NULL;
}

void
FloodStop(void)
{
    if (Flooder == NULL)
        return;
    FloodEnds = 1;
    WaitForSingleObject(Flooder, INFINITE);
    CloseHandle(Flooder);
    Flooder = NULL;
}

static void
PutNumber(BYTE *Field, uint32_t Number)
{
    Field[0] = (BYTE)(Number >> 8);
    Field[1] = (BYTE)Number;
}

/* A UDP datagram from the far end, without a UDP checksum, which IPv4 allows. */
static void
MakeDatagram(BYTE *Packet)
{
    static const BYTE Start[] = {0x45, 0, 0, PACKET_BYTES, 0, 0, 0, 0, 64, 17, 0, 0};
    uint32_t From = ADDRESS(FAR_END), To = ADDRESS(NEAR_END), Sum = 0;

    memset(Packet, 0, PACKET_BYTES);
    memcpy(Packet, Start, sizeof(Start));
    memcpy(Packet + 12, &From, 4);
    memcpy(Packet + 16, &To, 4);
    for (int At = 0; At < 20; At += 2)
        Sum += (uint32_t)Packet[At] << 8 | Packet[At + 1];
    Sum = (Sum & 0xFFFF) + (Sum >> 16);
    PutNumber(Packet + 10, ~(Sum + (Sum >> 16)));
    PutNumber(Packet + 20, PORT);
    PutNumber(Packet + 22, PORT);
    PutNumber(Packet + 24, PACKET_BYTES - 20);
    memcpy(Packet + HEADER_BYTES, "well", 4);
}

BOOL
SendOne(WINTUN_SESSION_HANDLE Session)
{
    BYTE *Packet = WintunAllocateSendPacket(Session, PACKET_BYTES);
    if (Packet == NULL)
        return FALSE;
    MakeDatagram(Packet);
    WintunSendPacket(Session, Packet);
    return TRUE;
}

static BOOL
SetAddress(WINTUN_ADAPTER_HANDLE Adapter)
{
    MIB_UNICASTIPADDRESS_ROW Row;
    InitializeUnicastIpAddressEntry(&Row);
    WintunGetAdapterLUID(Adapter, &Row.InterfaceLuid);
    Row.Address.Ipv4 = Address(NEAR_END, 0);
    Row.OnLinkPrefixLength = PREFIX_BITS;
    DWORD Error = CreateUnicastIpAddressEntry(&Row);
    return Error == ERROR_SUCCESS || Error == ERROR_OBJECT_ALREADY_EXISTS ||
           Fail("setting the address: error %lu", Error);
}

WINTUN_ADAPTER_HANDLE
OpenOrCreate(void)
{
    BOOL Reboot;
    WINTUN_ADAPTER_HANDLE Adapter = WintunOpenAdapter(HOSTILE_POOL, HOSTILE_NAME);
    if (Adapter == NULL)
        Adapter = WintunCreateAdapter(HOSTILE_POOL, HOSTILE_NAME, &HostileGuid, &Reboot);
    if (Adapter == NULL)
        Fail("neither opened nor created the adapter: error %lu", GetLastError());
    else if (!SetAddress(Adapter))
    {
        WintunFreeAdapter(Adapter);
        Adapter = NULL;
    }
    return Adapter;
}

BOOL
DeleteAdapter(void)
{
    BOOL Reboot;
    WINTUN_ADAPTER_HANDLE Adapter = WintunOpenAdapter(HOSTILE_POOL, HOSTILE_NAME);
    if (Adapter == NULL)
        return Fail("opening the adapter to delete it: error %lu", GetLastError());
    BOOL Deleted = WintunDeleteAdapter(Adapter, TRUE, &Reboot) ||
                   Fail("deleting the adapter: error %lu", GetLastError());
    WintunFreeAdapter(Adapter);
    return Deleted;
}

/* Whether a datagram that is sent to the far end arrives in the session. */
static BOOL
GoesOut(SOCKET Socket, WINTUN_SESSION_HANDLE Session)
{
    struct sockaddr_in To = Address(FAR_END, PORT);
    for (int Attempt = 0; Attempt < USE_ATTEMPTS; ++Attempt)
    {
        DWORD Size;
        BYTE *Packet;
        sendto(Socket, "well", 4, 0, (struct sockaddr *)&To, sizeof(To));
        while ((Packet = WintunReceivePacket(Session, &Size)) != NULL)
        {
            BOOL Same = Size == PACKET_BYTES && memcmp(Packet + HEADER_BYTES, "well", 4) == 0;
            WintunReleaseReceivePacket(Session, Packet);
            if (Same)
                return TRUE;
        }
        if (GetLastError() != ERROR_NO_MORE_ITEMS)
            return Fail("receiving: error %lu", GetLastError());
        WaitForSingleObject(WintunGetReadWaitEvent(Session), ATTEMPT_MILLISECONDS);
    }
    return Fail("no packet arrived in the session");
}

static BOOL
ComesIn(SOCKET Socket, WINTUN_SESSION_HANDLE Session)
{
    char Bytes[FLOOD_BYTES];
    DWORD Milliseconds = ATTEMPT_MILLISECONDS;
    setsockopt(Socket, SOL_SOCKET, SO_RCVTIMEO, (const char *)&Milliseconds, sizeof(Milliseconds));
    for (int Attempt = 0; Attempt < USE_ATTEMPTS; ++Attempt)
    {
        if (!SendOne(Session))
            return Fail("sending: error %lu", GetLastError());
        if (recv(Socket, Bytes, sizeof(Bytes), 0) == 4 && memcmp(Bytes, "well", 4) == 0)
            return TRUE;
    }
    return Fail("no packet of the session arrived in the system");
}

static BOOL
UseSession(WINTUN_SESSION_HANDLE Session)
{
    SOCKET Socket = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    struct sockaddr_in From = Address(NEAR_END, PORT);
    BOOL Good;
    if (bind(Socket, (struct sockaddr *)&From, sizeof(From)) != 0)
        Good = Fail("binding to the adapter's address: error %d", WSAGetLastError());
    else
        Good = GoesOut(Socket, Session) && ComesIn(Socket, Session);
    closesocket(Socket);
    return Good;
}

BOOL
UseAdapter(void)
{
    ULONGLONG Start = GetTickCount64();
    WINTUN_ADAPTER_HANDLE Adapter = OpenOrCreate();
    WINTUN_SESSION_HANDLE Session = NULL;
    BOOL Good = FALSE;

    if (Adapter == NULL)
        return FALSE;
    /* A process that was killed has its session until the system has taken it apart. */
    while ((Session = WintunStartSession(Adapter, HOSTILE_CAPACITY)) == NULL &&
           GetLastError() == ERROR_SHARING_VIOLATION &&
           GetTickCount64() - Start < BOUND_MILLISECONDS)
        Sleep(1);
    if (Session == NULL)
        Fail("starting a session: error %lu", GetLastError());
    else
        Good = UseSession(Session);
    WintunEndSession(Session);
    WintunFreeAdapter(Adapter);
    if (GetTickCount64() - Start > BOUND_MILLISECONDS)
        return Fail("using the adapter took %lu ms", (DWORD)(GetTickCount64() - Start));
    return Good;
}
