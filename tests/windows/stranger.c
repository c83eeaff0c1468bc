/* SPDX-License-Identifier: MIT */
/*
 * A program as users of the pool generation write it, who have never heard of Culvert: it loads
 * wintun.dll, makes an adapter, gives it an address through IP Helper by the adapter's LUID, and
 * then exchanges packets in the usual two threads: one receives and prints, one sends a packet now
 * and then. The sent packets are UDP datagrams to 10.6.7.8 port 4242. Ends on Ctrl+C.
 */
#include "wintun.h"
#include <iphlpapi.h>
#include <netioapi.h>
#include <stdio.h>

static WINTUN_CREATE_ADAPTER_FUNC CreateAdapter;
static WINTUN_DELETE_ADAPTER_FUNC DeleteAdapter;
static WINTUN_FREE_ADAPTER_FUNC FreeAdapter;
static WINTUN_GET_ADAPTER_LUID_FUNC GetAdapterLuid;
static WINTUN_START_SESSION_FUNC StartSession;
static WINTUN_END_SESSION_FUNC EndSession;
static WINTUN_GET_READ_WAIT_EVENT_FUNC GetReadWaitEvent;
static WINTUN_RECEIVE_PACKET_FUNC ReceivePacket;
static WINTUN_RELEASE_RECEIVE_PACKET_FUNC ReleaseReceivePacket;
static WINTUN_ALLOCATE_SEND_PACKET_FUNC AllocateSendPacket;
static WINTUN_SEND_PACKET_FUNC SendPacket;

static HANDLE QuitEvent;

static BOOL WINAPI
Quit(DWORD Type)
{
    (void)Type;
    SetEvent(QuitEvent);
    return TRUE;
}

static int
Failed(const char *What, DWORD Error)
{
    fprintf(stderr, "%s: error %lu\n", What, Error);
    return 1;
}

static BOOL
Load(void)
{
    HMODULE Dll = LoadLibraryExW(
        L"wintun.dll", NULL, LOAD_LIBRARY_SEARCH_APPLICATION_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (Dll == NULL)
        return FALSE;
    CreateAdapter = (WINTUN_CREATE_ADAPTER_FUNC)GetProcAddress(Dll, "WintunCreateAdapter");
    DeleteAdapter = (WINTUN_DELETE_ADAPTER_FUNC)GetProcAddress(Dll, "WintunDeleteAdapter");
    FreeAdapter = (WINTUN_FREE_ADAPTER_FUNC)GetProcAddress(Dll, "WintunFreeAdapter");
    GetAdapterLuid = (WINTUN_GET_ADAPTER_LUID_FUNC)GetProcAddress(Dll, "WintunGetAdapterLUID");
    StartSession = (WINTUN_START_SESSION_FUNC)GetProcAddress(Dll, "WintunStartSession");
    EndSession = (WINTUN_END_SESSION_FUNC)GetProcAddress(Dll, "WintunEndSession");
    GetReadWaitEvent =
        (WINTUN_GET_READ_WAIT_EVENT_FUNC)GetProcAddress(Dll, "WintunGetReadWaitEvent");
    ReceivePacket = (WINTUN_RECEIVE_PACKET_FUNC)GetProcAddress(Dll, "WintunReceivePacket");
    ReleaseReceivePacket =
        (WINTUN_RELEASE_RECEIVE_PACKET_FUNC)GetProcAddress(Dll, "WintunReleaseReceivePacket");
    AllocateSendPacket =
        (WINTUN_ALLOCATE_SEND_PACKET_FUNC)GetProcAddress(Dll, "WintunAllocateSendPacket");
    SendPacket = (WINTUN_SEND_PACKET_FUNC)GetProcAddress(Dll, "WintunSendPacket");
    return CreateAdapter && DeleteAdapter && FreeAdapter && GetAdapterLuid && StartSession &&
           EndSession && GetReadWaitEvent && ReceivePacket && ReleaseReceivePacket &&
           AllocateSendPacket && SendPacket;
}

static DWORD WINAPI
ReceiveThread(LPVOID Session)
{
    HANDLE Events[] = {GetReadWaitEvent(Session), QuitEvent};
    unsigned Count = 0;
    for (;;)
    {
        DWORD Size;
        BYTE *Packet = ReceivePacket(Session, &Size);
        if (Packet != NULL)
        {
            printf("received %u: %lu bytes of IPv%u\n", ++Count, Size, Packet[0] >> 4);
            fflush(stdout);
            ReleaseReceivePacket(Session, Packet);
            continue;
        }
        if (GetLastError() != ERROR_NO_MORE_ITEMS)
            return GetLastError();
        if (WaitForMultipleObjects(2, Events, FALSE, INFINITE) != WAIT_OBJECT_0)
            return ERROR_SUCCESS;
    }
}

/* 10.6.7.7 to 10.6.7.8, UDP port 4242, "stranger"; no UDP checksum, which IPv4 allows. */
static DWORD WINAPI
SendThread(LPVOID Session)
{
    static const BYTE Datagram[36] = {0x45, 0,  0, 36, 0,   0,   0,   0,   64,   17,   0x58, 0xAF,
                                      10,   6,  7, 7,  10,  6,   7,   8,   0x10, 0x92, 0x10, 0x92,
                                      0,    16, 0, 0,  's', 't', 'r', 'a', 'n',  'g',  'e',  'r'};
    while (WaitForSingleObject(QuitEvent, 100) == WAIT_TIMEOUT)
    {
        BYTE *Packet = AllocateSendPacket(Session, sizeof(Datagram));
        if (Packet == NULL)
            continue;
        CopyMemory(Packet, Datagram, sizeof(Datagram));
        SendPacket(Session, Packet);
    }
    return ERROR_SUCCESS;
}

int
main(void)
{
    MIB_UNICASTIPADDRESS_ROW Row;
    BOOL Reboot;
    if (!Load())
        return Failed("loading wintun.dll", GetLastError());
    QuitEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    SetConsoleCtrlHandler(Quit, TRUE);
    WINTUN_ADAPTER_HANDLE Adapter = CreateAdapter(L"Stranger", L"stranger0", NULL, &Reboot);
    if (Adapter == NULL)
        return Failed("WintunCreateAdapter", GetLastError());
    InitializeUnicastIpAddressEntry(&Row);
    GetAdapterLuid(Adapter, &Row.InterfaceLuid);
    Row.Address.Ipv4.sin_family = AF_INET;
    Row.Address.Ipv4.sin_addr.S_un.S_addr = 10 | 6 << 8 | 7 << 16 | 8 << 24;
    Row.OnLinkPrefixLength = 24;
    DWORD Error = CreateUnicastIpAddressEntry(&Row);
    if (Error != ERROR_SUCCESS && Error != ERROR_OBJECT_ALREADY_EXISTS)
        return Failed("CreateUnicastIpAddressEntry", Error);
    WINTUN_SESSION_HANDLE Session = StartSession(Adapter, 0x400000);
    if (Session == NULL)
        return Failed("WintunStartSession", GetLastError());
    printf("ready\n");
    fflush(stdout);
    HANDLE Threads[] = {CreateThread(NULL, 0, ReceiveThread, Session, 0, NULL),
                        CreateThread(NULL, 0, SendThread, Session, 0, NULL)};
    WaitForMultipleObjects(2, Threads, TRUE, INFINITE);
    EndSession(Session);
    DeleteAdapter(Adapter, FALSE, &Reboot);
    FreeAdapter(Adapter);
    return 0;
}
