/* SPDX-License-Identifier: MIT */
/*
 * A program as a runtime with lazy bindings uses the API: the DLL is loaded, and each function
 * looked up by name, when it is first called, from whichever thread that is. An adapter that an
 * earlier run left is opened and deleted before it is created anew. One thread reads, looks a while
 * before it waits on the read event, and is told to end by setting that event; four threads write,
 * 5000 datagrams each. After "sent" it waits for Ctrl+C. stranger_lazy end      ends the session,
 * deletes the adapter and the pool stranger_lazy leave    exits at once, with session and adapter
 * open and a thread in the wait
 */
#include "wintun.h"
#include <iphlpapi.h>
#include <netioapi.h>
#include <stdio.h>
#include <string.h>

#define WRITERS   4
#define DATAGRAMS 5000
#define LOOKS     2000

typedef struct LAZY_PROC
{
    const char *Name;
    void *volatile Address;
} LAZY_PROC;

/* The function of that name, looked up at its first call. */
#define LAZY(Type, Name) ((Type)Resolve(&Name##Proc))

static LAZY_PROC CreateAdapterProc = {"WintunCreateAdapter", NULL};
static LAZY_PROC OpenAdapterProc = {"WintunOpenAdapter", NULL};
static LAZY_PROC DeleteAdapterProc = {"WintunDeleteAdapter", NULL};
static LAZY_PROC FreeAdapterProc = {"WintunFreeAdapter", NULL};
static LAZY_PROC DeletePoolDriverProc = {"WintunDeletePoolDriver", NULL};
static LAZY_PROC GetAdapterLuidProc = {"WintunGetAdapterLUID", NULL};
static LAZY_PROC GetRunningDriverVersionProc = {"WintunGetRunningDriverVersion", NULL};
static LAZY_PROC SetLoggerProc = {"WintunSetLogger", NULL};
static LAZY_PROC StartSessionProc = {"WintunStartSession", NULL};
static LAZY_PROC EndSessionProc = {"WintunEndSession", NULL};
static LAZY_PROC GetReadWaitEventProc = {"WintunGetReadWaitEvent", NULL};
static LAZY_PROC ReceivePacketProc = {"WintunReceivePacket", NULL};
static LAZY_PROC ReleaseReceivePacketProc = {"WintunReleaseReceivePacket", NULL};
static LAZY_PROC AllocateSendPacketProc = {"WintunAllocateSendPacket", NULL};
static LAZY_PROC SendPacketProc = {"WintunSendPacket", NULL};

#define CreateAdapter    LAZY(WINTUN_CREATE_ADAPTER_FUNC, CreateAdapter)
#define OpenAdapter      LAZY(WINTUN_OPEN_ADAPTER_FUNC, OpenAdapter)
#define DeleteAdapter    LAZY(WINTUN_DELETE_ADAPTER_FUNC, DeleteAdapter)
#define FreeAdapter      LAZY(WINTUN_FREE_ADAPTER_FUNC, FreeAdapter)
#define DeletePoolDriver LAZY(WINTUN_DELETE_POOL_DRIVER_FUNC, DeletePoolDriver)
#define GetAdapterLuid   LAZY(WINTUN_GET_ADAPTER_LUID_FUNC, GetAdapterLuid)
#define GetRunningDriverVersion                                                                    \
    LAZY(WINTUN_GET_RUNNING_DRIVER_VERSION_FUNC, GetRunningDriverVersion)
#define SetLogger            LAZY(WINTUN_SET_LOGGER_FUNC, SetLogger)
#define StartSession         LAZY(WINTUN_START_SESSION_FUNC, StartSession)
#define EndSession           LAZY(WINTUN_END_SESSION_FUNC, EndSession)
#define GetReadWaitEvent     LAZY(WINTUN_GET_READ_WAIT_EVENT_FUNC, GetReadWaitEvent)
#define ReceivePacket        LAZY(WINTUN_RECEIVE_PACKET_FUNC, ReceivePacket)
#define ReleaseReceivePacket LAZY(WINTUN_RELEASE_RECEIVE_PACKET_FUNC, ReleaseReceivePacket)
#define AllocateSendPacket   LAZY(WINTUN_ALLOCATE_SEND_PACKET_FUNC, AllocateSendPacket)
#define SendPacket           LAZY(WINTUN_SEND_PACKET_FUNC, SendPacket)

static void *
Resolve(LAZY_PROC *Proc);

static INIT_ONCE LoadOnce = INIT_ONCE_STATIC_INIT;
static HMODULE Dll;
static HANDLE QuitEvent;
static volatile LONG Closing;

static BOOL CALLBACK
Load(PINIT_ONCE Once, PVOID Parameter, PVOID *Context)
{
    (void)Once, (void)Parameter, (void)Context;
    Dll = LoadLibraryExW(L"wintun.dll", NULL,
                         LOAD_LIBRARY_SEARCH_APPLICATION_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32);
    return Dll != NULL;
}

/* Two threads may look the same name up: both find the same. */
static void *
Resolve(LAZY_PROC *Proc)
{
    if (Proc->Address != NULL)
        return Proc->Address;
    void *Address = NULL;
    if (InitOnceExecuteOnce(&LoadOnce, Load, NULL, NULL))
        Address = (void *)GetProcAddress(Dll, Proc->Name);
    if (Address == NULL)
    {
        fprintf(stderr, "%s: error %lu\n", Proc->Name, GetLastError());
        ExitProcess(3);
    }
    Proc->Address = Address;
    return Address;
}

static BOOL WINAPI
Quit(DWORD Type)
{
    (void)Type;
    SetEvent(QuitEvent);
    return TRUE;
}

static BOOL CALLBACK
Logger(WINTUN_LOGGER_LEVEL Level, const WCHAR *Message)
{
    printf("log %d: %ls\n", Level, Message);
    fflush(stdout);
    return TRUE;
}

static int
Failed(const char *What, DWORD Error)
{
    fprintf(stderr, "%s: error %lu\n", What, Error);
    return 1;
}

/* Looks LOOKS times before it waits, as a reader does that must not lose time when packets come
 * quickly. */
static DWORD WINAPI
ReadThread(LPVOID Session)
{
    HANDLE Event = GetReadWaitEvent(Session);
    unsigned Count = 0, Looks = 0;
    while (!Closing)
    {
        DWORD Size;
        BYTE *Packet = ReceivePacket(Session, &Size);
        if (Packet != NULL)
        {
            Looks = 0;
            printf("received %u: %lu bytes of IPv%u\n", ++Count, Size, Packet[0] >> 4);
            fflush(stdout);
            ReleaseReceivePacket(Session, Packet);
        }
        else if (GetLastError() != ERROR_NO_MORE_ITEMS)
            return GetLastError();
        else if (++Looks < LOOKS)
            YieldProcessor();
        else
        {
            WaitForSingleObject(Event, INFINITE);
            Looks = 0;
        }
    }
    return ERROR_SUCCESS;
}

/* 10.6.7.7 to 10.6.7.8, UDP port 4242, "stranger"; no UDP checksum, which IPv4 allows. */
static DWORD WINAPI
WriteThread(LPVOID Session)
{
    static const BYTE Datagram[36] = {0x45, 0,  0, 36, 0,   0,   0,   0,   64,   17,   0x58, 0xAF,
                                      10,   6,  7, 7,  10,  6,   7,   8,   0x10, 0x92, 0x10, 0x92,
                                      0,    16, 0, 0,  's', 't', 'r', 'a', 'n',  'g',  'e',  'r'};
    for (unsigned Count = 0; Count < DATAGRAMS;)
    {
        BYTE *Packet = AllocateSendPacket(Session, sizeof(Datagram));
        if (Packet != NULL)
        {
            CopyMemory(Packet, Datagram, sizeof(Datagram));
            SendPacket(Session, Packet);
            Count++;
        }
        else if (GetLastError() == ERROR_BUFFER_OVERFLOW)
            Sleep(1);
        else
            return GetLastError();
    }
    return ERROR_SUCCESS;
}

static DWORD
SetAddress(WINTUN_ADAPTER_HANDLE Adapter)
{
    MIB_UNICASTIPADDRESS_ROW Row;
    InitializeUnicastIpAddressEntry(&Row);
    GetAdapterLuid(Adapter, &Row.InterfaceLuid);
    Row.Address.Ipv4.sin_family = AF_INET;
    Row.Address.Ipv4.sin_addr.S_un.S_addr = 10 | 6 << 8 | 7 << 16 | 8 << 24;
    Row.OnLinkPrefixLength = 24;
    DWORD Error = CreateUnicastIpAddressEntry(&Row);
    return Error == ERROR_OBJECT_ALREADY_EXISTS ? ERROR_SUCCESS : Error;
}

static WINTUN_ADAPTER_HANDLE
Renew(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = OpenAdapter(L"Lazy", L"lazy0");
    if (Adapter != NULL)
    {
        printf("an earlier run left the adapter\n");
        BOOL Deleted = DeleteAdapter(Adapter, TRUE, NULL);
        DWORD Error = GetLastError();
        FreeAdapter(Adapter);
        if (!Deleted)
        {
            SetLastError(Error);
            return NULL;
        }
    }
    return CreateAdapter(L"Lazy", L"lazy0", NULL, NULL);
}

static DWORD
WriteAll(WINTUN_SESSION_HANDLE Session)
{
    HANDLE Writers[WRITERS];
    DWORD Error = ERROR_SUCCESS;
    for (unsigned Index = 0; Index < WRITERS; Index++)
        Writers[Index] = CreateThread(NULL, 0, WriteThread, Session, 0, NULL);
    WaitForMultipleObjects(WRITERS, Writers, TRUE, INFINITE);
    for (unsigned Index = 0; Index < WRITERS; Index++)
    {
        DWORD Code = ERROR_GEN_FAILURE;
        GetExitCodeThread(Writers[Index], &Code);
        CloseHandle(Writers[Index]);
        if (Code != ERROR_SUCCESS)
            Error = Code;
    }
    return Error;
}

int
main(int Count, char **Arguments)
{
    BOOL Leave = Count == 2 && strcmp(Arguments[1], "leave") == 0;
    QuitEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    SetConsoleCtrlHandler(Quit, TRUE);
    SetLogger(Logger);
    WINTUN_ADAPTER_HANDLE Adapter = Renew();
    if (Adapter == NULL)
        return Failed("WintunCreateAdapter", GetLastError());
    DWORD Error = SetAddress(Adapter);
    if (Error != ERROR_SUCCESS)
        return Failed("CreateUnicastIpAddressEntry", Error);
    DWORD Version = GetRunningDriverVersion();
    WINTUN_SESSION_HANDLE Session = StartSession(Adapter, 0x800000);
    if (Session == NULL)
        return Failed("WintunStartSession", GetLastError());
    printf("ready, driver %lu.%lu\n", Version >> 16, Version & 0xFFFF);
    fflush(stdout);
    HANDLE Reader = CreateThread(NULL, 0, ReadThread, Session, 0, NULL);
    Error = WriteAll(Session);
    if (Error != ERROR_SUCCESS)
        return Failed("writing", Error);
    printf("sent\n");
    fflush(stdout);
    WaitForSingleObject(QuitEvent, INFINITE);
    if (Leave)
        ExitProcess(0);
    InterlockedExchange(&Closing, 1);
    SetEvent(GetReadWaitEvent(Session));
    WaitForSingleObject(Reader, INFINITE);
    GetExitCodeThread(Reader, &Error);
    if (Error != ERROR_SUCCESS)
        return Failed("reading", Error);
    EndSession(Session);
    if (!DeleteAdapter(Adapter, FALSE, NULL))
        return Failed("WintunDeleteAdapter", GetLastError());
    FreeAdapter(Adapter);
    if (!DeletePoolDriver(L"Lazy", NULL))
        return Failed("WintunDeletePoolDriver", GetLastError());
    return 0;
}
