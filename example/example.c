/* SPDX-License-Identifier: MIT */
/*
 * A small user of Culvert: creates an adapter, starts a session, answers pings (IPv4 and IPv6) and
 * sends UDP datagrams back, until Ctrl+C. Uses Win32 and wintun.h only.
 *
 *     example.exe [NAME]     the adapter's name, "culvert-demo" unless given
 *
 * The loop in AnswerPackets is the part to copy: it is all that an application needs to move
 * packets.
 */
#include "wintun.h"
#include "packets.h"
#include <stdio.h>

#define RING_CAPACITY 0x400000 /* 4 MiB */
#define PACKETS_SHOWN 12

/* Fixed, so that the system recognises the network when the adapter is created again. */
static const GUID ExampleGuid = {
    0x6f1c3d52, 0x93a4, 0x4c0e, {0x8b, 0x5d, 0x2e, 0x71, 0xc0, 0x4a, 0x99, 0x1f}};

static WINTUN_CREATE_ADAPTER_FUNC WintunCreateAdapter;
static WINTUN_DELETE_ADAPTER_FUNC WintunDeleteAdapter;
static WINTUN_FREE_ADAPTER_FUNC WintunFreeAdapter;
static WINTUN_DELETE_POOL_DRIVER_FUNC WintunDeletePoolDriver;
static WINTUN_GET_ADAPTER_LUID_FUNC WintunGetAdapterLUID;
static WINTUN_GET_ADAPTER_NAME_FUNC WintunGetAdapterName;
static WINTUN_GET_RUNNING_DRIVER_VERSION_FUNC WintunGetRunningDriverVersion;
static WINTUN_SET_LOGGER_FUNC WintunSetLogger;
static WINTUN_START_SESSION_FUNC WintunStartSession;
static WINTUN_END_SESSION_FUNC WintunEndSession;
static WINTUN_GET_READ_WAIT_EVENT_FUNC WintunGetReadWaitEvent;
static WINTUN_RECEIVE_PACKET_FUNC WintunReceivePacket;
static WINTUN_RELEASE_RECEIVE_PACKET_FUNC WintunReleaseReceivePacket;
static WINTUN_ALLOCATE_SEND_PACKET_FUNC WintunAllocateSendPacket;
static WINTUN_SEND_PACKET_FUNC WintunSendPacket;

static HANDLE QuitEvent;

static struct
{
    unsigned Received, Answered, Dropped;
    unsigned Echo, Echo6, Udp;
} Counts;

static DWORD
Fail(const char *What)
{
    DWORD Error = GetLastError();
    fprintf(stderr, "%s failed: error %lu\n", What, Error);
    return Error != ERROR_SUCCESS ? Error : ERROR_GEN_FAILURE;
}

/* Every function of the DLL that is used here, by name. */
static BOOL
ResolveFunctions(HMODULE Dll)
{
#define FUNCTION(Name) {#Name, &Name, sizeof(Name)}
    const struct
    {
        const char *Name;
        void *Pointer;
        size_t Bytes;
    } Functions[] = {
        FUNCTION(WintunCreateAdapter),
        FUNCTION(WintunDeleteAdapter),
        FUNCTION(WintunFreeAdapter),
        FUNCTION(WintunDeletePoolDriver),
        FUNCTION(WintunGetAdapterLUID),
        FUNCTION(WintunGetAdapterName),
        FUNCTION(WintunGetRunningDriverVersion),
        FUNCTION(WintunSetLogger),
        FUNCTION(WintunStartSession),
        FUNCTION(WintunEndSession),
        FUNCTION(WintunGetReadWaitEvent),
        FUNCTION(WintunReceivePacket),
        FUNCTION(WintunReleaseReceivePacket),
        FUNCTION(WintunAllocateSendPacket),
        FUNCTION(WintunSendPacket),
    };
#undef FUNCTION
    for (size_t Index = 0; Index < ARRAYSIZE(Functions); ++Index)
    {
        FARPROC Address = GetProcAddress(Dll, Functions[Index].Name);
        if (Address == NULL)
            return FALSE;
        CopyMemory(Functions[Index].Pointer, &Address, Functions[Index].Bytes);
    }
    return TRUE;
}

static HMODULE
LoadCulvert(void)
{
    HMODULE Dll = LoadLibraryExW(
        L"culvert.dll", NULL, LOAD_LIBRARY_SEARCH_APPLICATION_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (Dll == NULL || ResolveFunctions(Dll))
        return Dll;
    DWORD Error = GetLastError();
    FreeLibrary(Dll);
    SetLastError(Error);
    return NULL;
}

static BOOL CALLBACK
PrintLog(WINTUN_LOGGER_LEVEL Level, const WCHAR *Message)
{
    static const char *const Levels[] = {"info", "warning", "error"};
    printf("  [%s] %ls\n", Levels[Level], Message);
    return TRUE;
}

static BOOL WINAPI
QuitHandler(DWORD ControlType)
{
    (void)ControlType;
    SetEvent(QuitEvent);
    return TRUE; /* and let main clean up */
}

static void
Count(ANSWER Answer)
{
    Counts.Echo += Answer == AnswerEcho;
    Counts.Echo6 += Answer == AnswerEcho6;
    Counts.Udp += Answer == AnswerUdp || Answer == AnswerUdp6;
}

/* One line for each of the first packets. */
static void
Show(const char *Packet, ANSWER Answer)
{
    static const char *const Actions[] = {"ignored", "echo reply sent", "echo reply sent",
                                          "sent back", "sent back"};
    printf("  packet %u: %s: %s\n", Counts.Received, Packet, Actions[Answer]);
    if (Counts.Received == PACKETS_SHOWN)
        printf("  (no more lines for the packets that follow)\n");
}

/* Sends the packet's answer, if it has one; it is made in the received packet's own memory. */
static void
Answer(WINTUN_SESSION_HANDLE Session, BYTE *Packet, DWORD Size)
{
    char Description[160] = "";
    if (++Counts.Received <= PACKETS_SHOWN)
        DescribePacket(Packet, Size, Description, sizeof(Description));
    ANSWER Kind = AnswerPacket(Packet, Size);
    if (Counts.Received <= PACKETS_SHOWN)
        Show(Description, Kind);
    if (Kind == AnswerNone)
        return;
    BYTE *Out = WintunAllocateSendPacket(Session, Size);
    if (Out == NULL)
    {
        ++Counts.Dropped; /* the ring is full: drop, as a network does */
        return;
    }
    CopyMemory(Out, Packet, Size);
    WintunSendPacket(Session, Out);
    ++Counts.Answered;
    Count(Kind);
}

/* Until Ctrl+C, or until the adapter goes away. */
static DWORD
AnswerPackets(WINTUN_SESSION_HANDLE Session)
{
    HANDLE Events[] = {WintunGetReadWaitEvent(Session), QuitEvent};
    while (WaitForSingleObject(QuitEvent, 0) != WAIT_OBJECT_0)
    {
        DWORD Size;
        BYTE *Packet = WintunReceivePacket(Session, &Size);
        if (Packet != NULL)
        {
            Answer(Session, Packet, Size);
            WintunReleaseReceivePacket(Session, Packet);
            continue;
        }
        switch (GetLastError())
        {
        case ERROR_NO_MORE_ITEMS:
            fflush(stdout);
            WaitForMultipleObjects(2, Events, FALSE, INFINITE);
            break;
        case ERROR_HANDLE_EOF:
            printf("The adapter is gone.\n");
            return ERROR_SUCCESS;
        default:
            return Fail("WintunReceivePacket");
        }
    }
    return ERROR_SUCCESS;
}

static DWORD
RunSession(WINTUN_ADAPTER_HANDLE Adapter)
{
    WINTUN_SESSION_HANDLE Session = WintunStartSession(Adapter, RING_CAPACITY);
    if (Session == NULL)
        return Fail("WintunStartSession");
    printf("Session started: answering pings and UDP until Ctrl+C.\n");
    fflush(stdout);
    DWORD Error = AnswerPackets(Session);
    WintunEndSession(Session);
    printf("Session ended: %u packets received, %u answered (%u IPv4 echo, %u IPv6 echo, %u UDP), "
           "%u dropped.\n",
           Counts.Received, Counts.Answered, Counts.Echo, Counts.Echo6, Counts.Udp, Counts.Dropped);
    return Error;
}

static DWORD
RunAdapter(const WCHAR *Name)
{
    WINTUN_ADAPTER_HANDLE Adapter = WintunCreateAdapter(L"Example", Name, &ExampleGuid, NULL);
    if (Adapter == NULL)
        return Fail("WintunCreateAdapter");
    WCHAR ActualName[MAX_ADAPTER_NAME];
    NET_LUID Luid;
    DWORD Version = WintunGetRunningDriverVersion();
    WintunGetAdapterLUID(Adapter, &Luid);
    if (!WintunGetAdapterName(Adapter, ActualName))
        ActualName[0] = 0;
    printf("Adapter \"%ls\" created, interface index %lu, driver version %lu.%lu.\n", ActualName,
           (ULONG)Luid.Info.NetLuidIndex, Version >> 16, Version & 0xFFFF);
    fflush(stdout);
    DWORD Error = RunSession(Adapter);
    if (!WintunDeleteAdapter(Adapter, FALSE, NULL) && Error == ERROR_SUCCESS)
        Error = Fail("WintunDeleteAdapter");
    else
        printf("Adapter deleted.\n");
    WintunFreeAdapter(Adapter);
    /* An installed application would leave the driver to the next start; an example leaves nothing.
     */
    if (!WintunDeletePoolDriver(L"Example", NULL) && Error == ERROR_SUCCESS)
        Error = Fail("WintunDeletePoolDriver");
    else
        printf("Driver removed.\n");
    return Error;
}

int
wmain(int ArgumentCount, WCHAR **Arguments)
{
    if (ArgumentCount > 2)
    {
        fprintf(stderr, "usage: example.exe [ADAPTER-NAME]\n");
        return 2;
    }
    HMODULE Dll = LoadCulvert();
    if (Dll == NULL)
        return (int)Fail("Loading culvert.dll");
    WintunSetLogger(PrintLog);
    QuitEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (QuitEvent == NULL || !SetConsoleCtrlHandler(QuitHandler, TRUE))
        return (int)Fail("Preparing for Ctrl+C");
    DWORD Error = RunAdapter(ArgumentCount == 2 ? Arguments[1] : L"culvert-demo");
    FreeLibrary(Dll);
    return Error == ERROR_SUCCESS ? 0 : 1;
}
