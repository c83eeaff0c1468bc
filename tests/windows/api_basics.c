/* SPDX-License-Identifier: MIT */
/*
 * The plain good and bad paths of every function of wintun.h, in TAP: one line a check. The
 * adapters are of the pools "CulvertBasics" and "CulvertOther".
 */
#include "culvert_dll.h"
#include <stdio.h>

#define POOL       L"CulvertBasics"
#define OTHER_POOL L"CulvertOther"
#define NAME       L"basics0"
#define CAPACITY   WINTUN_MIN_RING_CAPACITY

static unsigned Checks, Failures;

static void
Check(BOOL Passed, const char *What)
{
    printf("%sok %u - %s\n", Passed ? "" : "not ", ++Checks, What);
    if (!Passed)
        ++Failures;
    fflush(stdout);
}

/* A call that must fail with Error; Failed is what the call returned, compared with failure. */
static void
CheckError(BOOL Failed, DWORD Error, const char *What)
{
    DWORD Last = GetLastError();
    Check(Failed && Last == Error, What);
    if (Failed && Last != Error)
        printf("# last error is %lu, expected %lu\n", Last, Error);
    SetLastError(ERROR_SUCCESS);
}

static void
CreateRejectsBadArguments(void)
{
    static WCHAR Long[400];
    for (size_t Index = 0; Index < ARRAYSIZE(Long) - 1; ++Index)
        Long[Index] = L'x';
    CheckError(WintunCreateAdapter(NULL, NAME, NULL, NULL) == NULL, ERROR_INVALID_PARAMETER,
               "CreateAdapter refuses a NULL pool");
    CheckError(WintunCreateAdapter(POOL, NULL, NULL, NULL) == NULL, ERROR_INVALID_PARAMETER,
               "CreateAdapter refuses a NULL name");
    CheckError(WintunCreateAdapter(L"", NAME, NULL, NULL) == NULL, ERROR_INVALID_PARAMETER,
               "CreateAdapter refuses an empty pool");
    CheckError(WintunCreateAdapter(POOL, L"", NULL, NULL) == NULL, ERROR_INVALID_PARAMETER,
               "CreateAdapter refuses an empty name");
    CheckError(WintunCreateAdapter(Long, NAME, NULL, NULL) == NULL, ERROR_INVALID_PARAMETER,
               "CreateAdapter refuses a pool of more than WINTUN_MAX_POOL-1 characters");
    CheckError(WintunCreateAdapter(POOL, Long, NULL, NULL) == NULL, ERROR_INVALID_PARAMETER,
               "CreateAdapter refuses a name of more than MAX_ADAPTER_NAME-1 characters");
}

static void
NothingExistsYet(void)
{
    CheckError(WintunOpenAdapter(POOL, NAME) == NULL, ERROR_FILE_NOT_FOUND,
               "OpenAdapter of a name that nobody has: ERROR_FILE_NOT_FOUND");
    CheckError(WintunGetRunningDriverVersion() == 0, ERROR_FILE_NOT_FOUND,
               "GetRunningDriverVersion without a driver: ERROR_FILE_NOT_FOUND");
}

static void
HandlesAreChecked(void)
{
    NET_LUID Luid;
    WCHAR Name[MAX_ADAPTER_NAME];
    int Stranger = 0;
    WINTUN_ADAPTER_HANDLE Handles[] = {NULL, &Stranger};
    for (size_t Index = 0; Index < ARRAYSIZE(Handles); ++Index)
    {
        CheckError(!WintunDeleteAdapter(Handles[Index], FALSE, NULL), ERROR_INVALID_PARAMETER,
                   "DeleteAdapter refuses what is no handle");
        CheckError(!WintunGetAdapterName(Handles[Index], Name), ERROR_INVALID_PARAMETER,
                   "GetAdapterName refuses what is no handle");
        CheckError(!WintunSetAdapterName(Handles[Index], NAME), ERROR_INVALID_PARAMETER,
                   "SetAdapterName refuses what is no handle");
        CheckError(WintunStartSession(Handles[Index], CAPACITY) == NULL, ERROR_INVALID_PARAMETER,
                   "StartSession refuses what is no handle");
        WintunGetAdapterLUID(Handles[Index], &Luid);
        Check(Luid.Value == 0, "GetAdapterLUID of what is no handle: zero");
        WintunFreeAdapter(Handles[Index]);
        Check(TRUE, "FreeAdapter ignores what is no handle");
    }
}

static void
CapacitiesAreChecked(WINTUN_ADAPTER_HANDLE Adapter)
{
    static const DWORD Capacities[] = {0,
                                       WINTUN_MIN_RING_CAPACITY / 2,
                                       WINTUN_MIN_RING_CAPACITY + 1,
                                       WINTUN_MIN_RING_CAPACITY * 3,
                                       WINTUN_MAX_RING_CAPACITY * 2,
                                       0x80000000};
    for (size_t Index = 0; Index < ARRAYSIZE(Capacities); ++Index)
        CheckError(WintunStartSession(Adapter, Capacities[Index]) == NULL, ERROR_INVALID_PARAMETER,
                   "StartSession refuses a bad capacity");
    static const DWORD Good[] = {WINTUN_MIN_RING_CAPACITY, 0x400000, WINTUN_MAX_RING_CAPACITY};
    for (size_t Index = 0; Index < ARRAYSIZE(Good); ++Index)
    {
        WINTUN_SESSION_HANDLE Session = WintunStartSession(Adapter, Good[Index]);
        Check(Session != NULL, "StartSession accepts 128 KiB, 4 MiB and 64 MiB");
        WintunEndSession(Session);
    }
}

static void
PacketsAreChecked(WINTUN_SESSION_HANDLE Session)
{
    DWORD Size;
    BYTE *Packet;
    CheckError(WintunAllocateSendPacket(Session, 0) == NULL, ERROR_INVALID_PARAMETER,
               "AllocateSendPacket refuses 0 bytes");
    CheckError(WintunAllocateSendPacket(Session, WINTUN_MAX_IP_PACKET_SIZE + 1) == NULL,
               ERROR_INVALID_PARAMETER, "AllocateSendPacket refuses 65536 bytes");
    CheckError(WintunReceivePacket(Session, NULL) == NULL, ERROR_INVALID_PARAMETER,
               "ReceivePacket refuses a NULL size");
    while ((Packet = WintunReceivePacket(Session, &Size)) != NULL)
        WintunReleaseReceivePacket(Session, Packet); /* what the system itself sends at the start */
    CheckError(TRUE, ERROR_NO_MORE_ITEMS, "ReceivePacket on an empty ring: ERROR_NO_MORE_ITEMS");
    Packet = WintunAllocateSendPacket(Session, WINTUN_MAX_IP_PACKET_SIZE);
    Check(Packet != NULL, "AllocateSendPacket gives 65535 bytes");
    /* Held back, so the ring fills: 65552 bytes of it are taken. */
    Check(WintunAllocateSendPacket(Session, 60000) != NULL, "AllocateSendPacket fills the ring");
    CheckError(WintunAllocateSendPacket(Session, 60000) == NULL, ERROR_BUFFER_OVERFLOW,
               "AllocateSendPacket on a full ring: ERROR_BUFFER_OVERFLOW");
    WintunReleaseReceivePacket(Session, Packet);
    WintunSendPacket(Session, Packet + 16);
    CheckError(WintunAllocateSendPacket(Session, 60000) == NULL, ERROR_BUFFER_OVERFLOW,
               "release and send ignore what is no packet of theirs");
}

static void
SecondSessionIsRefused(WINTUN_ADAPTER_HANDLE Adapter)
{
    WINTUN_SESSION_HANDLE Session = WintunStartSession(Adapter, CAPACITY);
    Check(Session != NULL, "StartSession");
    Check(WintunGetReadWaitEvent(Session) != NULL, "GetReadWaitEvent");
    CheckError(WintunStartSession(Adapter, CAPACITY) == NULL, ERROR_SHARING_VIOLATION,
               "a second session on an adapter: ERROR_SHARING_VIOLATION");
    PacketsAreChecked(Session);
    WintunEndSession(Session);
    for (unsigned Count = 0; Count < 20; ++Count)
    {
        Session = WintunStartSession(Adapter, CAPACITY);
        if (Session == NULL)
            break;
        WintunEndSession(Session);
    }
    Check(Session != NULL, "20 sessions one after the other");
}

static void
NamesWork(WINTUN_ADAPTER_HANDLE Adapter)
{
    WCHAR Name[MAX_ADAPTER_NAME];
    Check(WintunGetAdapterName(Adapter, Name) && lstrcmpW(Name, NAME) == 0,
          "GetAdapterName is the name that was asked for");
    Check(WintunSetAdapterName(Adapter, L"basics renamed"), "SetAdapterName");
    Check(WintunGetAdapterName(Adapter, Name) && lstrcmpW(Name, L"basics renamed") == 0,
          "GetAdapterName is the new name");
    CheckError(WintunOpenAdapter(POOL, NAME) == NULL, ERROR_FILE_NOT_FOUND, "the old name is gone");
    CheckError(!WintunSetAdapterName(Adapter, L""), ERROR_INVALID_PARAMETER,
               "SetAdapterName refuses an empty name");
    CheckError(!WintunSetAdapterName(Adapter, NULL), ERROR_INVALID_PARAMETER,
               "SetAdapterName refuses NULL");
    Check(WintunSetAdapterName(Adapter, NAME), "SetAdapterName back");
}

static BOOL CALLBACK
CountAdapter(WINTUN_ADAPTER_HANDLE Adapter, LPARAM Param)
{
    WCHAR Name[MAX_ADAPTER_NAME];
    if (WintunGetAdapterName(Adapter, Name) && lstrcmpW(Name, NAME) == 0)
        ++*(unsigned *)Param;
    return TRUE;
}

static void
PoolsAreKeptApart(void)
{
    unsigned Count = 0;
    Check(WintunEnumAdapters(POOL, CountAdapter, (LPARAM)&Count) && Count == 1,
          "EnumAdapters finds the adapter in its pool");
    Count = 0;
    Check(WintunEnumAdapters(OTHER_POOL, CountAdapter, (LPARAM)&Count) && Count == 0,
          "EnumAdapters does not find it in another pool");
    CheckError(WintunOpenAdapter(OTHER_POOL, NAME) == NULL, ERROR_ALREADY_EXISTS,
               "OpenAdapter of another pool's adapter: ERROR_ALREADY_EXISTS");
    CheckError(!WintunEnumAdapters(POOL, NULL, 0), ERROR_INVALID_PARAMETER,
               "EnumAdapters refuses a NULL callback");
    CheckError(!WintunEnumAdapters(NULL, CountAdapter, 0), ERROR_INVALID_PARAMETER,
               "EnumAdapters refuses a NULL pool");
    WINTUN_ADAPTER_HANDLE Again = WintunOpenAdapter(POOL, NAME);
    Check(Again != NULL, "OpenAdapter finds it by pool and name");
    NET_LUID Luid;
    WintunGetAdapterLUID(Again, &Luid);
    Check(Luid.Info.NetLuidIndex != 0, "GetAdapterLUID has an index");
    NET_LUID Other;
    WintunGetAdapterLuid(Again, &Other);
    Check(Luid.Value == Other.Value, "GetAdapterLuid is the same function");
    WintunFreeAdapter(Again);
}

int
wmain(void)
{
    static const GUID Guid = {0x2b5f9f4e, 0x1e4b, 0x4a5c, {0x90, 0x35, 1, 2, 3, 4, 5, 6}};
    BOOL Reboot = 2;
    LoadCulvertDll();
    CreateRejectsBadArguments();
    HandlesAreChecked();
    NothingExistsYet();
    WINTUN_ADAPTER_HANDLE Adapter = WintunCreateAdapter(POOL, NAME, &Guid, &Reboot);
    Check(Adapter != NULL, "CreateAdapter");
    Check(Reboot == FALSE, "CreateAdapter sets RebootRequired to FALSE");
    if (Adapter != NULL)
    {
        Check(WintunGetRunningDriverVersion() == 1, "GetRunningDriverVersion is 0.1");
        NamesWork(Adapter);
        PoolsAreKeptApart();
        CapacitiesAreChecked(Adapter);
        SecondSessionIsRefused(Adapter);
        Check(WintunDeleteAdapter(Adapter, FALSE, &Reboot) && Reboot == FALSE, "DeleteAdapter");
        WCHAR Name[MAX_ADAPTER_NAME];
        CheckError(!WintunGetAdapterName(Adapter, Name), ERROR_FILE_NOT_FOUND,
                   "GetAdapterName of a deleted adapter: ERROR_FILE_NOT_FOUND");
        WintunFreeAdapter(Adapter);
    }
    Check(WintunDeletePoolDriver(POOL, &Reboot) && Reboot == FALSE, "DeletePoolDriver");
    CheckError(!WintunDeletePoolDriver(NULL, NULL), ERROR_INVALID_PARAMETER,
               "DeletePoolDriver refuses a NULL pool");
    CheckError(WintunGetRunningDriverVersion() == 0, ERROR_FILE_NOT_FOUND,
               "no driver runs afterwards");
    printf("1..%u\n", Checks);
    return Failures == 0 ? 0 : 1;
}
