/* SPDX-License-Identifier: MIT */
/* Bad arguments: each is refused with ERROR_INVALID_PARAMETER, and changes nothing. */
#include "selftest.h"

/* A string of Length characters without a terminator, at the end of a page after which there is no
 * memory: whoever looks further than the limit crashes. */
static WCHAR *
UnterminatedString(DWORD Length)
{
    const SIZE_T Page = 0x1000;
    BYTE *Memory = VirtualAlloc(NULL, 2 * Page, MEM_RESERVE, PAGE_NOACCESS);
    WCHAR *Text;

    if (!Memory || !VirtualAlloc(Memory, Page, MEM_COMMIT, PAGE_READWRITE))
        return NULL;
    Text = (WCHAR *)(void *)(Memory + Page) - Length;
    for (DWORD Index = 0; Index < Length; ++Index)
        Text[Index] = L'x';
    return Text;
}

void
Limits(void)
{
    Check("usage/load", TRUE, "each function of the header was found by GetProcAddress");
    Check("usage/load", WintunGetAdapterLuid != NULL,
          "the spelling WintunGetAdapterLuid of the text is exported too");
    Check("macro/max-pool", WINTUN_MAX_POOL == 256, "WINTUN_MAX_POOL is 256");
    Check("macro/min-capacity", WINTUN_MIN_RING_CAPACITY == 0x20000,
          "WINTUN_MIN_RING_CAPACITY is 128 KiB");
    Check("macro/max-capacity", WINTUN_MAX_RING_CAPACITY == 0x4000000,
          "WINTUN_MAX_RING_CAPACITY is 64 MiB");
    Check("macro/max-packet", WINTUN_MAX_IP_PACKET_SIZE == 0xFFFF,
          "WINTUN_MAX_IP_PACKET_SIZE is 65535");
    Check("type/levels", WINTUN_LOG_INFO == 0 && WINTUN_LOG_WARN == 1 && WINTUN_LOG_ERR == 2,
          "the levels are 0, 1, 2");
}

/* Also from a DLL that does not refuse nothing may be left: no pool of the tests has the adapter.
 */
static BOOL
CreateIsRefused(const WCHAR *Pool, const WCHAR *Name, const GUID *Guid, BOOL *Reboot)
{
    WINTUN_ADAPTER_HANDLE Adapter = WintunCreateAdapter(Pool, Name, Guid, Reboot);
    if (Adapter == NULL)
        return TRUE;
    WintunDeleteAdapter(Adapter, TRUE, NULL);
    WintunFreeAdapter(Adapter);
    return FALSE;
}

void
CreateArguments(void)
{
    WCHAR *Pool = UnterminatedString(WINTUN_MAX_POOL), *Name = UnterminatedString(MAX_ADAPTER_NAME);
    BOOL Reboot = 2;

    FAILS("create/pool", ERROR_INVALID_PARAMETER, CreateIsRefused(NULL, NAME, NULL, &Reboot),
          "no pool");
    Check("create/reboot", Reboot == FALSE, "RebootRequired is FALSE after a failure");
    FAILS("create/pool", ERROR_INVALID_PARAMETER, CreateIsRefused(L"", NAME, NULL, NULL),
          "an empty pool");
    FAILS("create/pool", ERROR_INVALID_PARAMETER, CreateIsRefused(Pool, NAME, NULL, NULL),
          "a pool of 256 characters");
    FAILS("create/name", ERROR_INVALID_PARAMETER, CreateIsRefused(POOL, NULL, NULL, NULL),
          "no name");
    FAILS("create/name", ERROR_INVALID_PARAMETER, CreateIsRefused(POOL, L"", NULL, NULL),
          "an empty name");
    FAILS("create/name", ERROR_INVALID_PARAMETER, CreateIsRefused(POOL, Name, NULL, NULL),
          "a name of 128 characters");
    Check("create/failure", PoolCount(POOL) == 0, "nothing was created");
}

void
OpenArguments(void)
{
    WCHAR *Pool = UnterminatedString(WINTUN_MAX_POOL), *Name = UnterminatedString(MAX_ADAPTER_NAME);

    FAILS("open/pool", ERROR_INVALID_PARAMETER, WintunOpenAdapter(NULL, NAME) == NULL, "no pool");
    FAILS("open/pool", ERROR_INVALID_PARAMETER, WintunOpenAdapter(L"", NAME) == NULL,
          "an empty pool");
    FAILS("open/pool", ERROR_INVALID_PARAMETER, WintunOpenAdapter(Pool, NAME) == NULL,
          "a pool of 256 characters");
    FAILS("open/name", ERROR_INVALID_PARAMETER, WintunOpenAdapter(POOL, NULL) == NULL, "no name");
    FAILS("open/name", ERROR_INVALID_PARAMETER, WintunOpenAdapter(POOL, L"") == NULL,
          "an empty name");
    FAILS("open/name", ERROR_INVALID_PARAMETER, WintunOpenAdapter(POOL, Name) == NULL,
          "a name of 128 characters");
    Name[0] = L'y'; /* 127 characters are a name, which nobody has */
    Name[MAX_ADAPTER_NAME - 1] = L'\0';
    FAILS("open/name", ERROR_FILE_NOT_FOUND, WintunOpenAdapter(POOL, Name) == NULL,
          "a name of 127 characters is looked for");
}

static BOOL CALLBACK
NeverCalled(WINTUN_ADAPTER_HANDLE Adapter, LPARAM Param)
{
    UNREFERENCED_PARAMETER(Adapter);
    *(BOOL *)Param = TRUE;
    return TRUE;
}

void
PoolArguments(void)
{
    WCHAR *Pool = UnterminatedString(WINTUN_MAX_POOL);
    BOOL Called = FALSE, Reboot = 2;

    FAILS("enum/pool", ERROR_INVALID_PARAMETER,
          !WintunEnumAdapters(NULL, NeverCalled, (LPARAM)&Called), "Enum: no pool");
    FAILS("enum/pool", ERROR_INVALID_PARAMETER,
          !WintunEnumAdapters(L"", NeverCalled, (LPARAM)&Called), "Enum: an empty pool");
    FAILS("enum/pool", ERROR_INVALID_PARAMETER,
          !WintunEnumAdapters(Pool, NeverCalled, (LPARAM)&Called),
          "Enum: a pool of 256 characters");
    FAILS("enum/callback", ERROR_INVALID_PARAMETER, !WintunEnumAdapters(POOL, NULL, 0),
          "Enum: no callback");
    Check("enum/result", !Called, "the callback was not called");
    FAILS("pool/pool", ERROR_INVALID_PARAMETER, !WintunDeletePoolDriver(NULL, &Reboot),
          "DeletePoolDriver: no pool");
    Check("pool/reboot", Reboot == FALSE, "RebootRequired is FALSE after a failure");
    FAILS("pool/pool", ERROR_INVALID_PARAMETER, !WintunDeletePoolDriver(L"", NULL),
          "DeletePoolDriver: an empty pool");
    FAILS("pool/pool", ERROR_INVALID_PARAMETER, !WintunDeletePoolDriver(Pool, NULL),
          "DeletePoolDriver: a pool of 256 characters");
}

/* All functions that take an adapter's handle, with something that is none. */
static void
RefuseHandle(WINTUN_ADAPTER_HANDLE Handle, const char *What)
{
    WCHAR Name[MAX_ADAPTER_NAME] = L"unchanged";
    NET_LUID Luid = {.Value = 1};
    BOOL Reboot = 2;

    FAILS("delete/handle", ERROR_INVALID_PARAMETER, !WintunDeleteAdapter(Handle, TRUE, &Reboot),
          "DeleteAdapter: %s", What);
    Check("delete/reboot", Reboot == FALSE, "RebootRequired is FALSE after a failure");
    FAILS("getname/handle", ERROR_INVALID_PARAMETER, !WintunGetAdapterName(Handle, Name),
          "GetAdapterName: %s", What);
    Check("getname/handle", lstrcmpW(Name, L"unchanged") == 0, "the buffer is left alone");
    FAILS("setname/handle", ERROR_INVALID_PARAMETER, !WintunSetAdapterName(Handle, NAME),
          "SetAdapterName: %s", What);
    FAILS("luid/handle", ERROR_INVALID_PARAMETER,
          (WintunGetAdapterLUID(Handle, &Luid), Luid.Value == 0), "GetAdapterLUID: %s", What);
    FAILS("start/handle", ERROR_INVALID_PARAMETER, WintunStartSession(Handle, CAPACITY) == NULL,
          "StartSession: %s", What);
    if (Handle)
        FAILS("free/handle", ERROR_INVALID_PARAMETER, (WintunFreeAdapter(Handle), TRUE),
              "FreeAdapter: %s", What);
}

void
ForeignHandles(void)
{
    BYTE Stranger[256];

    RefuseHandle(NULL, "NULL");
    FillMemory(Stranger, sizeof(Stranger), 0xA5);
    RefuseHandle(Stranger, "memory of the caller");
    RefuseHandle((void *)(ULONG_PTR)8, "no memory at all");
    SetLastError(ERROR_CRC);
    WintunFreeAdapter(NULL);
    Check("free/handle", GetLastError() == ERROR_CRC, "FreeAdapter ignores NULL");
}

void
StaleHandles(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = AdapterMake(), Other;
    WINTUN_SESSION_HANDLE Session;

    if (!Adapter)
        return;
    Session = WintunStartSession(Adapter, CAPACITY);
    if (Session)
        RefuseHandle(Session, "the handle of a session");
    WintunEndSession(Session);
    Other = WintunOpenAdapter(POOL, NAME);
    if (Check("open/handle", Other != NULL, "a second handle"))
    {
        SetLastError(ERROR_CRC);
        WintunFreeAdapter(Other);
        Check("free/releases", GetLastError() == ERROR_CRC, "FreeAdapter keeps the last error");
        RefuseHandle(Other, "a handle that was freed");
    }
    FAILS("getname/name", ERROR_INVALID_PARAMETER, !WintunGetAdapterName(Adapter, NULL),
          "GetAdapterName without a buffer");
    FAILS("luid/pointer", ERROR_INVALID_PARAMETER, (WintunGetAdapterLUID(Adapter, NULL), TRUE),
          "GetAdapterLUID without a pointer");
    Check("free/releases", AdapterIsNamed(Adapter, NAME), "the first handle is as good as before");
    AdapterUnmake(Adapter);
}

/* All functions that take a session's handle, with something that is none. */
static void
RefuseSession(WINTUN_SESSION_HANDLE Handle, const char *What)
{
    DWORD Size = 77;
    BYTE Packet[64] = {0};

    FAILS("event/session", ERROR_INVALID_PARAMETER, WintunGetReadWaitEvent(Handle) == NULL,
          "GetReadWaitEvent: %s", What);
    FAILS("receive/session", ERROR_INVALID_PARAMETER, WintunReceivePacket(Handle, &Size) == NULL,
          "ReceivePacket: %s", What);
    FAILS("allocate/session", ERROR_INVALID_PARAMETER,
          WintunAllocateSendPacket(Handle, 100) == NULL, "AllocateSendPacket: %s", What);
    WintunReleaseReceivePacket(Handle, Packet + 16);
    Check("release/session", Size == 77, "ReleaseReceivePacket ignores it: %s", What);
    WintunSendPacket(Handle, Packet + 16);
    Check("send/session", Size == 77, "SendPacket ignores it: %s", What);
    WintunEndSession(Handle);
    Check("end/handle", Size == 77, "EndSession ignores it: %s", What);
}

void
ForeignSessions(void)
{
    static ULONG_PTR Stranger[64], Before[64];
    WINTUN_ADAPTER_HANDLE Adapter;

    RefuseSession(NULL, "NULL");
    for (size_t Index = 0; Index < ARRAYSIZE(Stranger); ++Index)
        Before[Index] = Stranger[Index] = 0x5A5A5A5A;
    RefuseSession(Stranger, "memory of the caller");
    Check("end/handle", memcmp(Stranger, Before, sizeof(Before)) == 0,
          "the caller's memory is not written to");
    Adapter = AdapterMake();
    if (!Adapter)
        return;
    RefuseSession(Adapter, "the handle of an adapter");
    Check("end/handle", AdapterIsNamed(Adapter, NAME), "the adapter's handle works afterwards");
    AdapterUnmake(Adapter);
}

void
SessionArguments(void)
{
    static const DWORD Bad[] = {0,         1,          0x10000,    0x1FFFF,
                                0x20001,   0x30000,    0x3FFFFFF,  0x4000001,
                                0x8000000, 0x80000000, 0xFFFFFFFF, 0x20000 + 1};
    WINTUN_ADAPTER_HANDLE Adapter = AdapterMake();
    WINTUN_SESSION_HANDLE Session;

    if (!Adapter)
        return;
    for (size_t Index = 0; Index < ARRAYSIZE(Bad); ++Index)
        FAILS("start/capacity", ERROR_INVALID_PARAMETER,
              WintunStartSession(Adapter, Bad[Index]) == NULL, "a capacity of 0x%lx", Bad[Index]);
    for (DWORD Good = WINTUN_MIN_RING_CAPACITY; Good <= WINTUN_MAX_RING_CAPACITY; Good *= 2)
    {
        Session = WintunStartSession(Adapter, Good);
        Check("start/capacity", Session != NULL, "a capacity of 0x%lx is accepted", Good);
        WintunEndSession(Session);
    }
    Session = WintunStartSession(Adapter, CAPACITY);
    if (Check("start/starts", Session != NULL, "a session"))
    {
        FAILS("receive/size", ERROR_INVALID_PARAMETER, WintunReceivePacket(Session, NULL) == NULL,
              "ReceivePacket without PacketSize");
        FAILS("allocate/size", ERROR_INVALID_PARAMETER,
              WintunAllocateSendPacket(Session, 0) == NULL, "a packet of 0 bytes");
        FAILS("allocate/size", ERROR_INVALID_PARAMETER,
              WintunAllocateSendPacket(Session, WINTUN_MAX_IP_PACKET_SIZE + 1) == NULL,
              "a packet of 65536 bytes");
        FAILS("allocate/size", ERROR_INVALID_PARAMETER,
              WintunAllocateSendPacket(Session, 0xFFFFFFFF) == NULL, "a packet of 2^32-1 bytes");
    }
    WintunEndSession(Session);
    AdapterUnmake(Adapter);
}
