/* SPDX-License-Identifier: MIT */
/*
 * A program as a binding with owned objects uses the API: a round loads the DLL, makes an adapter
 * and a session, exchanges an echo request and its reply with the system, ends the session, deletes
 * the adapter, and unloads the DLL. The reader waits for the read event or the shutdown event. One
 * round lets the system's own libraries take what they keep; 50 more must not add to the process's
 * handles. The status is 0 only if so.
 */
#include "wintun.h"
#include <iphlpapi.h>
#include <netioapi.h>
#include <winternl.h>
#include <stdio.h>
#include <wchar.h>

#define ROUNDS        50u
#define HANDLE_VALUES 0x8000
#define NAME_CLASS    ((OBJECT_INFORMATION_CLASS)1)
#define INTERVAL      200 /* ms */
#define TRIES         50
#define PATIENCE      5000 /* milliseconds for a reply */

static HMODULE Dll;
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

static HANDLE ShutdownEvent, ReplyEvent;

static BOOL
Failed(const char *What, DWORD Error)
{
    fprintf(stderr, "%s: error %lu\n", What, Error);
    return FALSE;
}

static BOOL
Load(void)
{
    Dll = LoadLibraryW(L"wintun.dll");
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
ReadThread(LPVOID Session)
{
    HANDLE Events[] = {GetReadWaitEvent(Session), ShutdownEvent};
    for (;;)
    {
        DWORD Size;
        BYTE *Packet = ReceivePacket(Session, &Size);
        if (Packet != NULL)
        {
            /* IPv4, ICMP, echo reply. */
            if (Size == 28 && Packet[0] == 0x45 && Packet[9] == 1 && Packet[20] == 0)
                SetEvent(ReplyEvent);
            ReleaseReceivePacket(Session, Packet);
            continue;
        }
        if (GetLastError() != ERROR_NO_MORE_ITEMS)
            return GetLastError();
        if (WaitForMultipleObjects(2, Events, FALSE, INFINITE) != WAIT_OBJECT_0)
            return ERROR_SUCCESS;
    }
}

/* An echo request from 10.6.7.7 to 10.6.7.8, which is the system. */
static BOOL
Ask(WINTUN_SESSION_HANDLE Session)
{
    static const BYTE Request[28] = {0x45, 0, 0,  28, 0, 0, 0, 0, 64,   1,    0x58, 0xC7, 10, 6,
                                     7,    7, 10, 6,  7, 8, 8, 0, 0xF7, 0xFF, 0,    0,    0,  0};
    BYTE *Packet = AllocateSendPacket(Session, sizeof(Request));
    if (Packet == NULL)
        return Failed("WintunAllocateSendPacket", GetLastError());
    CopyMemory(Packet, Request, sizeof(Request));
    SendPacket(Session, Packet);
    return TRUE;
}

static BOOL
Exchange(WINTUN_SESSION_HANDLE Session)
{
    DWORD Status;
    ResetEvent(ShutdownEvent);
    ResetEvent(ReplyEvent);
    HANDLE Reader = CreateThread(NULL, 0, ReadThread, Session, 0, NULL);
    BOOL Done = FALSE, Asked = TRUE;
    /* A system that has just got an interface may lose the first packets. */
    for (DWORD Waited = 0; !Done && Asked && Waited < PATIENCE; Waited += INTERVAL)
    {
        Asked = Ask(Session);
        Done = Asked && WaitForSingleObject(ReplyEvent, INTERVAL) == WAIT_OBJECT_0;
    }
    if (Asked && !Done)
        Failed("no echo reply", WAIT_TIMEOUT);
    SetEvent(ShutdownEvent);
    WaitForSingleObject(Reader, INFINITE);
    GetExitCodeThread(Reader, &Status);
    CloseHandle(Reader);
    return Status == ERROR_SUCCESS ? Done : Failed("reading", Status);
}

static BOOL
UseAdapter(WINTUN_ADAPTER_HANDLE Adapter)
{
    MIB_UNICASTIPADDRESS_ROW Row;
    InitializeUnicastIpAddressEntry(&Row);
    GetAdapterLuid(Adapter, &Row.InterfaceLuid);
    Row.Address.Ipv4.sin_family = AF_INET;
    Row.Address.Ipv4.sin_addr.S_un.S_addr = 10 | 6 << 8 | 7 << 16 | 8 << 24;
    Row.OnLinkPrefixLength = 24;
    DWORD Error = CreateUnicastIpAddressEntry(&Row);
    if (Error != ERROR_SUCCESS && Error != ERROR_OBJECT_ALREADY_EXISTS)
        return Failed("CreateUnicastIpAddressEntry", Error);
    WINTUN_SESSION_HANDLE Session = StartSession(Adapter, 0x20000);
    if (Session == NULL)
        return Failed("WintunStartSession", GetLastError());
    BOOL Done = Exchange(Session);
    EndSession(Session);
    return Done;
}

static BOOL
Round(void)
{
    if (!Load())
        return Failed("loading wintun.dll", GetLastError());
    WINTUN_ADAPTER_HANDLE Adapter = CreateAdapter(L"Reload", L"reload0", NULL, NULL);
    if (Adapter == NULL)
        return Failed("WintunCreateAdapter", GetLastError());
    BOOL Done = UseAdapter(Adapter);
    if (!DeleteAdapter(Adapter, FALSE, NULL))
        Done = Failed("WintunDeleteAdapter", GetLastError());
    FreeAdapter(Adapter);
    if (!FreeLibrary(Dll))
        return Failed("FreeLibrary", GetLastError());
    if (GetModuleHandleW(L"wintun.dll") != NULL)
        return Failed("the DLL is still loaded", ERROR_BUSY);
    return Done;
}

static BOOL
IsEnumKey(HANDLE Handle)
{
    static const WCHAR Key[] = L"\\REGISTRY\\Machine\\System\\CurrentControlSet\\Enum";
    union {
        UNICODE_STRING Name;
        BYTE Bytes[1024];
    } Buffer;
    return NT_SUCCESS(NtQueryObject(Handle, NAME_CLASS, &Buffer, sizeof(Buffer), NULL)) &&
           Buffer.Name.Length == sizeof(Key) - sizeof(WCHAR) &&
           _wcsnicmp(Buffer.Name.Buffer, Key, Buffer.Name.Length / sizeof(WCHAR)) == 0;
}

static unsigned
Handles(void)
{
    unsigned Count = 0;
    for (ULONG_PTR Value = 4; Value < HANDLE_VALUES; Value += 4)
    {
        DWORD Flags;
        if (GetHandleInformation((HANDLE)Value, &Flags) && !IsEnumKey((HANDLE)Value))
            Count++;
    }
    return Count;
}

int
main(void)
{
    ShutdownEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    ReplyEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    unsigned Start = Handles();
    if (!Round())
        return 1;
    unsigned Before = Handles();
    for (unsigned Number = 1; Number <= ROUNDS; Number++)
        if (!Round())
            return Failed("round", Number), 1;
    unsigned After = Handles();
    /* The system's libraries may have some that come and go. */
    for (unsigned Try = 0; After > Before && Try < TRIES; Try++)
    {
        Sleep(INTERVAL);
        After = Handles();
    }
    printf("handles: %u at the start, %u after a round, %u after %u more\n", Start, Before, After,
           ROUNDS);
    return After <= Before ? 0 : 1;
}
