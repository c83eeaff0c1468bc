/* SPDX-License-Identifier: MIT */
/*
 * Packets that the system itself sends and receives: a socket at the adapter's address, and a peer,
 * at the next address, that exists only as packets of the session.
 */
#include "selftest.h"
#include <iphlpapi.h>
#include <netioapi.h>

#define OWN_ADDRESS   0x0A4D0901u /* 10.77.9.1 */
#define PEER_ADDRESS  0x0A4D0902u
#define PREFIX_LENGTH 24
#define OWN_PORT      47011
#define PEER_PORT     47012
#define SOCKET_BYTES  0x400000
#define IP_BYTES      20
#define UDP_BYTES     8
#define MAGIC         0x43765431u

/* A datagram: magic, number, then a pattern that depends on the number. */
#define HEADER_BYTES 8

static void
Fill(BYTE *Data, DWORD Number, DWORD Bytes)
{
    DWORD Magic = MAGIC;

    CopyMemory(Data, &Magic, sizeof(Magic));
    CopyMemory(Data + 4, &Number, sizeof(Number));
    for (DWORD Index = HEADER_BYTES; Index < Bytes; ++Index)
        Data[Index] = (BYTE)(Number * 31 + Index);
}

static BOOL
IsFilled(const BYTE *Data, DWORD Bytes, DWORD *Number)
{
    DWORD Magic;

    if (Bytes < HEADER_BYTES)
        return FALSE;
    CopyMemory(&Magic, Data, sizeof(Magic));
    CopyMemory(Number, Data + 4, sizeof(*Number));
    if (Magic != MAGIC)
        return FALSE;
    for (DWORD Index = HEADER_BYTES; Index < Bytes; ++Index)
    {
        if (Data[Index] != (BYTE)(*Number * 31 + Index))
            return FALSE;
    }
    return TRUE;
}

static SOCKADDR_IN
Address(DWORD Host, WORD Port)
{
    SOCKADDR_IN Result = {.sin_family = AF_INET, .sin_port = htons(Port)};

    Result.sin_addr.s_addr = htonl(Host);
    return Result;
}

static DWORD
SetAddress(WINTUN_ADAPTER_HANDLE Adapter)
{
    MIB_UNICASTIPADDRESS_ROW Row;

    InitializeUnicastIpAddressEntry(&Row);
    WintunGetAdapterLUID(Adapter, &Row.InterfaceLuid);
    Row.Address.Ipv4 = Address(OWN_ADDRESS, 0);
    Row.OnLinkPrefixLength = PREFIX_LENGTH;
    Row.DadState = IpDadStatePreferred;
    return CreateUnicastIpAddressEntry(&Row);
}

/* An address may be tentative for a moment. */
static BOOL
OpenSocket(LINE *Line)
{
    SOCKADDR_IN Own = Address(OWN_ADDRESS, OWN_PORT);
    ULONGLONG End = GetTickCount64() + SOON_MILLISECONDS;
    int Bytes = SOCKET_BYTES;

    Line->Socket = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    if (Line->Socket == INVALID_SOCKET)
        return FALSE;
    setsockopt(Line->Socket, SOL_SOCKET, SO_RCVBUF, (const char *)&Bytes, sizeof(Bytes));
    setsockopt(Line->Socket, SOL_SOCKET, SO_SNDBUF, (const char *)&Bytes, sizeof(Bytes));
    while (bind(Line->Socket, (const SOCKADDR *)&Own, sizeof(Own)) != 0)
    {
        if (GetTickCount64() > End)
        {
            closesocket(Line->Socket);
            return FALSE;
        }
        Sleep(20);
    }
    return TRUE;
}

/* Datagrams of the first moments may be lost; after this one they are not. It also opens the
 * firewall for what the peer sends. */
static BOOL
FirstDatagram(LINE *Line)
{
    for (int Try = 0; Try < 20; ++Try)
    {
        DWORD Number, Size;
        BYTE *Packet;
        LineWrite(Line, 0xFFFFFFFF, 100);
        Packet = LineReceive(Line, 500, &Number, &Size);
        if (!Packet)
            continue;
        WintunReleaseReceivePacket(Line->Session, Packet);
        while ((Packet = LineReceive(Line, 50, &Number, &Size)) != NULL)
            WintunReleaseReceivePacket(Line->Session, Packet);
        return TRUE;
    }
    return FALSE;
}

BOOL
LineOpen(const char *Sentence, LINE *Line, DWORD Capacity)
{
    WSADATA Data;
    DWORD Error;

    WSAStartup(MAKEWORD(2, 2), &Data);
    Line->Adapter = AdapterMake();
    if (!Line->Adapter)
        return FALSE;
    Line->Session = WintunStartSession(Line->Adapter, Capacity);
    Error = Line->Session ? SetAddress(Line->Adapter) : ERROR_INVALID_STATE;
    if (Error == ERROR_NOT_SUPPORTED || Error == ERROR_CALL_NOT_IMPLEMENTED)
        Skip(Sentence, "addresses cannot be set here");
    else if (Error != NO_ERROR)
        Check(Sentence, FALSE, "the adapter has a session and an address (error %lu)", Error);
    else if (!OpenSocket(Line))
        Check(Sentence, FALSE, "a socket at the address (error %d)", WSAGetLastError());
    else if (FirstDatagram(Line))
        return TRUE;
    else
    {
        Check(Sentence, FALSE, "a datagram arrives");
        closesocket(Line->Socket);
    }
    WintunEndSession(Line->Session);
    AdapterUnmake(Line->Adapter);
    return FALSE;
}

void
LineClose(LINE *Line)
{
    closesocket(Line->Socket);
    WintunEndSession(Line->Session);
    AdapterUnmake(Line->Adapter);
}

BOOL
LineWrite(LINE *Line, DWORD Number, DWORD Bytes)
{
    static BYTE Data[WINTUN_MAX_IP_PACKET_SIZE];
    SOCKADDR_IN Peer = Address(PEER_ADDRESS, PEER_PORT);

    Fill(Data, Number, Bytes);
    return sendto(Line->Socket, (const char *)Data, (int)Bytes, 0, (const SOCKADDR *)&Peer,
                  sizeof(Peer)) == (int)Bytes;
}

int
LineRead(LINE *Line, DWORD Milliseconds, DWORD *Bytes)
{
    static BYTE Data[WINTUN_MAX_IP_PACKET_SIZE];
    struct timeval Time = {(long)(Milliseconds / 1000), (long)(Milliseconds % 1000 * 1000)};
    fd_set Set;
    DWORD Number;
    int Size;

    FD_ZERO(&Set);
    FD_SET(Line->Socket, &Set);
    if (select(0, &Set, NULL, NULL, &Time) != 1)
        return -1;
    Size = recv(Line->Socket, (char *)Data, sizeof(Data), 0);
    if (Size <= 0 || !IsFilled(Data, (DWORD)Size, &Number))
        return -1;
    if (Bytes)
        *Bytes = (DWORD)Size;
    return (int)Number;
}

static WORD
Word(const BYTE *Data)
{
    return (WORD)(Data[0] << 8 | Data[1]);
}

BOOL
LineIsOwn(const BYTE *Packet, DWORD Size, DWORD *Number)
{
    DWORD IpBytes;

    if (Size < IP_BYTES + UDP_BYTES || Packet[0] >> 4 != 4 || Packet[9] != IPPROTO_UDP)
        return FALSE;
    IpBytes = (Packet[0] & 15u) * 4;
    if (Word(Packet + 2) != Size || Word(Packet + IpBytes + 2) != PEER_PORT)
        return FALSE;
    return IsFilled(Packet + IpBytes + UDP_BYTES, Size - IpBytes - UDP_BYTES, Number);
}

BYTE *
LineReceive(LINE *Line, DWORD Milliseconds, DWORD *Number, DWORD *Size)
{
    HANDLE Event = WintunGetReadWaitEvent(Line->Session);
    ULONGLONG End = GetTickCount64() + Milliseconds;

    for (;;)
    {
        BYTE *Packet = WintunReceivePacket(Line->Session, Size);
        ULONGLONG Now = GetTickCount64();
        if (Packet && LineIsOwn(Packet, *Size, Number))
            return Packet;
        if (Packet)
            WintunReleaseReceivePacket(Line->Session, Packet);
        else if (GetLastError() != ERROR_NO_MORE_ITEMS || Now >= End)
            return NULL;
        else if (WaitForSingleObject(Event, (DWORD)(End - Now)) != WAIT_OBJECT_0)
            return NULL; /* without another look: it is the event that has to tell */
    }
}

ULONGLONG
LineArrivals(LINE *Line)
{
    CULVERT_STATISTICS Statistics = {.Size = sizeof(Statistics)};

    if (!CulvertGetAdapterStatistics || !CulvertGetAdapterStatistics(Line->Adapter, &Statistics))
        return 0;
    return Statistics.Receive.Packets + Statistics.Receive.DropsNoRoom;
}

void
LineAwait(LINE *Line, ULONGLONG Arrivals)
{
    ULONGLONG End = GetTickCount64() + SOON_MILLISECONDS;

    if (!CulvertGetAdapterStatistics)
        Sleep(200);
    else
    {
        while (LineArrivals(Line) < Arrivals && GetTickCount64() < End)
            Sleep(5);
    }
}

DWORD
LinePacketBytes(DWORD Bytes)
{
    return IP_BYTES + UDP_BYTES + Bytes;
}

static void
PutWord(BYTE *Data, DWORD Value)
{
    Data[0] = (BYTE)(Value >> 8);
    Data[1] = (BYTE)Value;
}

static void
PutAddress(BYTE *Data, DWORD Host)
{
    PutWord(Data, Host >> 16);
    PutWord(Data + 2, Host);
}

void
LinePacketFill(BYTE *Packet, DWORD Number, DWORD Bytes)
{
    DWORD Sum = 0;

    ZeroMemory(Packet, IP_BYTES + UDP_BYTES);
    Packet[0] = 0x45;
    PutWord(Packet + 2, LinePacketBytes(Bytes));
    PutWord(Packet + 4, Number);
    Packet[8] = 64; /* hops */
    Packet[9] = IPPROTO_UDP;
    PutAddress(Packet + 12, PEER_ADDRESS);
    PutAddress(Packet + 16, OWN_ADDRESS);
    for (int Index = 0; Index < IP_BYTES; Index += 2)
        Sum += Word(Packet + Index);
    Sum = (Sum & 0xFFFF) + (Sum >> 16);
    PutWord(Packet + 10, ~(Sum + (Sum >> 16)));
    PutWord(Packet + IP_BYTES, PEER_PORT);
    PutWord(Packet + IP_BYTES + 2, OWN_PORT);
    PutWord(Packet + IP_BYTES + 4, UDP_BYTES + Bytes); /* without a checksum, which is allowed */
    Fill(Packet + IP_BYTES + UDP_BYTES, Number, Bytes);
}
