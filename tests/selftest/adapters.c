/* SPDX-License-Identifier: MIT */
/* Creating, opening and renaming adapters; GUIDs and LUIDs. */
#include "selftest.h"
#include <iphlpapi.h>
#include <netioapi.h>

#define IF_TYPE_PROP_VIRTUAL_VALUE 53

static const GUID FixedGuids[] = {
    {0xc51f0d11, 0x37a4, 0x4c70, {0xa1, 0x11, 0x10, 0x20, 0x30, 0x40, 0x50, 0x01}},
    {0xc51f0d11, 0x37a4, 0x4c70, {0xa1, 0x11, 0x10, 0x20, 0x30, 0x40, 0x50, 0x02}},
    {0xc51f0d11, 0x37a4, 0x4c70, {0xa1, 0x11, 0x10, 0x20, 0x30, 0x40, 0x50, 0x03}}};

static ULONG64
LuidOf(WINTUN_ADAPTER_HANDLE Adapter)
{
    NET_LUID Luid = {.Value = 0};

    WintunGetAdapterLUID(Adapter, &Luid);
    return Luid.Value;
}

static BOOL
GuidIsNamed(const GUID *Guid, const WCHAR *Name)
{
    WCHAR Found[MAX_ADAPTER_NAME];

    return SystemNameOfGuid(Guid, Found) && lstrcmpW(Found, Name) == 0;
}

/* The example of the specification's first page. */
void
ThreeTunnels(void)
{
    static const WCHAR *const Names[] = {L"OfficeNet", L"HomeNet", L"Data Center"};
    WINTUN_ADAPTER_HANDLE Adapters[3];
    WINTUN_SESSION_HANDLE Session;

    for (int Index = 0; Index < 3; ++Index)
    {
        Adapters[Index] = WintunCreateAdapter(POOL, Names[Index], &FixedGuids[Index], NULL);
        Check("usage/pools", Adapters[Index] != NULL, "adapter \"%ls\" of one pool", Names[Index]);
    }
    Check("usage/pools", PoolCount(POOL) == 3, "the pool has three adapters");
    Session = WintunStartSession(Adapters[1], 0x400000);
    Check("usage/session", Session != NULL, "a session on the second one");
    WintunEndSession(Session);
    for (int Index = 0; Index < 3; ++Index)
        AdapterUnmake(Adapters[Index]);
    Check("delete/deletes", PoolCount(POOL) == 0, "the pool is empty afterwards");
}

void
CreateAndOpen(void)
{
    BOOL Reboot = 2;
    WINTUN_ADAPTER_HANDLE Adapter, Other;

    LogForget();
    Adapter = WintunCreateAdapter(POOL, NAME, NULL, &Reboot);
    if (!Check("create/new", Adapter != NULL, "CreateAdapter returns a handle"))
        return;
    Check("create/reboot", Reboot == FALSE, "RebootRequired is FALSE");
    Check("logger/success", LogCount(WINTUN_LOG_ERR) == 0 && LogCount(WINTUN_LOG_INFO) >= 1,
          "success logs no error, but what was done");
    Check("create/name", AdapterIsNamed(Adapter, NAME), "the adapter has the requested name");
    Check("create/pool", PoolCount(POOL) == 1 && PoolCount(OTHER_POOL) == 0,
          "the adapter is in the pool, and in no other one");
    Other = WintunOpenAdapter(POOL, NAME);
    Check("open/existing", Other != NULL && Other != Adapter, "OpenAdapter gives another handle");
    Check("luid/returns", LuidOf(Adapter) != 0 && LuidOf(Adapter) == LuidOf(Other),
          "of the same adapter: the LUIDs are equal");
    WintunFreeAdapter(Adapter);
    Check("free/releases", AdapterIsNamed(Other, NAME), "freeing one handle leaves the other one");
    WintunFreeAdapter(Other);
    Check("free/releases", PoolCount(POOL) == 1, "without handles, the adapter stays");
    Adapter = WintunOpenAdapter(POOL, NAME);
    Check("open/existing", Adapter != NULL, "and can be opened again");
    Other = WintunOpenAdapter(L"culvertSELFTEST", L"SelfTest0");
    Check("open/case", Other != NULL, "pools and names are found in any case");
    WintunFreeAdapter(Other);
    AdapterUnmake(Adapter);
}

void
OpenErrors(void)
{
    WINTUN_ADAPTER_HANDLE Adapter;

    FAILS("open/not-found", ERROR_FILE_NOT_FOUND, WintunOpenAdapter(POOL, NAME) == NULL,
          "no adapter has the name");
    Adapter = AdapterMake();
    FAILS("open/not-found", ERROR_FILE_NOT_FOUND, WintunOpenAdapter(POOL, L"selftest") == NULL,
          "a part of a name is not the name");
    FAILS("open/already-exists", ERROR_ALREADY_EXISTS, WintunOpenAdapter(OTHER_POOL, NAME) == NULL,
          "an adapter of another pool has the name");
    Check("logger/what", wcsstr(LogLast(WINTUN_LOG_ERR), NAME) != NULL,
          "the line of a failed OpenAdapter says the name");
    AdapterUnmake(Adapter);
    FAILS("open/not-found", ERROR_FILE_NOT_FOUND, WintunOpenAdapter(OTHER_POOL, NAME) == NULL,
          "the name is nobody's after deletion");
}

/* The name of an interface that this DLL has not made. */
static BOOL
ForeignInterface(WCHAR Name[MAX_ADAPTER_NAME])
{
    MIB_IF_TABLE2 *Table;
    BOOL Found = FALSE;

    if (GetIfTable2(&Table) != NO_ERROR)
        return FALSE;
    for (ULONG Index = 0; !Found && Index < Table->NumEntries; ++Index)
    {
        const MIB_IF_ROW2 *Row = &Table->Table[Index];
        if (!Row->InterfaceAndOperStatusFlags.HardwareInterface || !Row->Alias[0])
            continue;
        lstrcpynW(Name, Row->Alias, MAX_ADAPTER_NAME);
        Found = TRUE;
    }
    FreeMibTable(Table);
    return Found;
}

void
ForeignInterfaceName(void)
{
    WCHAR Name[MAX_ADAPTER_NAME];

    if (IsWine())
    {
        Skip("open/already-exists", "Wine has no network devices but ours");
        return;
    }
    if (!ForeignInterface(Name))
    {
        Skip("open/already-exists", "this computer has no other network adapter");
        return;
    }
    FAILS("open/already-exists", ERROR_ALREADY_EXISTS, WintunOpenAdapter(POOL, Name) == NULL,
          "\"%ls\" is not one of ours", Name);
}

void
UnicodeNames(void)
{
    static const WCHAR *const Names[] = {L"a",
                                         L"Gr\x00FC\x00DF \x00F6 K\x00F6ln",
                                         L"\x7DB2\x8DEF\x9023\x7DDA",
                                         L"\x0441\x0435\x0442\x044C",
                                         L"\xD83D\xDE80 rocket",
                                         L"\x05E8\x05E9\x05EA",
                                         L"e\x0301 combined",
                                         L"100% 'quoted' {braces} %s %n",
                                         L"\xD83D alone",
                                         L"two  blanks, and (brackets)"};

    for (size_t Index = 0; Index < ARRAYSIZE(Names); ++Index)
    {
        WINTUN_ADAPTER_HANDLE Adapter = WintunCreateAdapter(POOL, Names[Index], NULL, NULL), Other;
        Check("create/name", Adapter != NULL && AdapterIsNamed(Adapter, Names[Index]),
              "Unicode name %u is kept as it is", (unsigned)Index);
        Other = WintunOpenAdapter(POOL, Names[Index]);
        Check("open/name", Other != NULL, "and found");
        WintunFreeAdapter(Other);
        AdapterUnmake(Adapter);
    }
}

/* Pool and name of the greatest length that the limits allow. */
void
LongestStrings(void)
{
    static WCHAR Pool[WINTUN_MAX_POOL], Name[MAX_ADAPTER_NAME];
    WINTUN_ADAPTER_HANDLE Adapter, Other;

    for (int Index = 0; Index < WINTUN_MAX_POOL - 1; ++Index)
        Pool[Index] = (WCHAR)(L'A' + Index % 26);
    for (int Index = 0; Index < MAX_ADAPTER_NAME - 1; ++Index)
        Name[Index] = (WCHAR)(L'a' + Index % 26);
    Adapter = WintunCreateAdapter(Pool, Name, NULL, NULL);
    if (!Check("macro/max-pool", Adapter != NULL, "a pool of 255 and a name of 127 characters"))
        return;
    Check("create/name", AdapterIsNamed(Adapter, Name), "the name is complete");
    Check("create/pool", PoolCount(Pool) == 1, "the pool is complete");
    Other = WintunOpenAdapter(Pool, Name);
    Check("open/name", Other != NULL, "and both are found");
    WintunFreeAdapter(Other);
    Pool[WINTUN_MAX_POOL - 2] = L'\0';
    Check("enum/pool", PoolCount(Pool) == 0, "a pool that is one character shorter is another one");
    Pool[WINTUN_MAX_POOL - 2] = (WCHAR)(L'A' + (WINTUN_MAX_POOL - 2) % 26);
    AdapterUnmake(Adapter);
    Check("pool/pool", WintunDeletePoolDriver(Pool, NULL), "DeletePoolDriver takes such a pool");
}

void
Rename(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = AdapterMake(), Other;
    WCHAR Long[MAX_ADAPTER_NAME + 1];

    if (!Adapter)
        return;
    Check("setname/sets", WintunSetAdapterName(Adapter, L"renamed0"), "SetAdapterName");
    Check("getname/returns", AdapterIsNamed(Adapter, L"renamed0"), "GetAdapterName: the new name");
    FAILS("open/not-found", ERROR_FILE_NOT_FOUND, WintunOpenAdapter(POOL, NAME) == NULL,
          "the old name is gone");
    Other = WintunOpenAdapter(POOL, L"renamed0");
    Check("open/existing", Other != NULL, "it is found by the new name");
    WintunFreeAdapter(Other);
    Check("setname/sets", WintunSetAdapterName(Adapter, L"renamed0"), "its own name again");
    Check("setname/sets",
          WintunSetAdapterName(Adapter, L"ReNamed0") && AdapterIsNamed(Adapter, L"ReNamed0"),
          "its own name in another case");
    Other = AdapterMake();
    FAILS("setname/taken", ERROR_ALREADY_EXISTS, !WintunSetAdapterName(Adapter, NAME),
          "the name of another adapter");
    Check("setname/taken", AdapterIsNamed(Adapter, L"ReNamed0") && AdapterIsNamed(Other, NAME),
          "both keep their names");
    FAILS("setname/name", ERROR_INVALID_PARAMETER, !WintunSetAdapterName(Adapter, NULL), "no name");
    FAILS("setname/name", ERROR_INVALID_PARAMETER, !WintunSetAdapterName(Adapter, L""),
          "an empty name");
    for (int Index = 0; Index < MAX_ADAPTER_NAME; ++Index)
        Long[Index] = L'z';
    Long[MAX_ADAPTER_NAME] = L'\0';
    FAILS("setname/name", ERROR_INVALID_PARAMETER, !WintunSetAdapterName(Adapter, Long),
          "a name of 128 characters");
    Long[MAX_ADAPTER_NAME - 1] = L'\0';
    Check("setname/name", WintunSetAdapterName(Adapter, Long) && AdapterIsNamed(Adapter, Long),
          "a name of 127 characters");
    AdapterUnmake(Other);
    AdapterUnmake(Adapter);
}

/* Other programs know no limit of ours. */
void
LongForeignName(void)
{
    WINTUN_ADAPTER_HANDLE Adapter;
    WCHAR Long[200], Name[MAX_ADAPTER_NAME];

    if (!IsWine())
    {
        Skip("getname/more", "Windows itself gives no interface so long a name");
        return;
    }
    Adapter = WintunCreateAdapter(POOL, NAME, &FixedGuids[2], NULL);
    for (size_t Index = 0; Index < ARRAYSIZE(Long); ++Index)
        Long[Index] = L'x';
    Long[ARRAYSIZE(Long) - 1] = L'\0';
    Check("getname/more", Adapter && SystemNameSet(&FixedGuids[2], Long),
          "somebody gives an adapter a name of 199 characters");
    FAILS("getname/more", ERROR_MORE_DATA, !WintunGetAdapterName(Adapter, Name),
          "GetAdapterName does not cut it off");
    Check("getname/more",
          WintunSetAdapterName(Adapter, L"short again") && AdapterIsNamed(Adapter, L"short again"),
          "SetAdapterName gives it another one");
    AdapterUnmake(Adapter);
}

/* Two pools that want the same name. */
void
TakenName(void)
{
    WINTUN_ADAPTER_HANDLE First = AdapterMake(), Second;
    WCHAR Name[MAX_ADAPTER_NAME] = {0};

    LogForget();
    Second = WintunCreateAdapter(OTHER_POOL, NAME, NULL, NULL);
    if (Check("create/taken", Second != NULL, "another pool's adapter does not stand in the way"))
    {
        Check("create/taken", AdapterIsNamed(Second, NAME L" 2"), "the new one has a number");
        Check("logger/warning", LogCount(WINTUN_LOG_WARN) >= 1, "a warning says so");
        Check("usage/pools", PoolCount(POOL) == 1 && PoolCount(OTHER_POOL) == 1,
              "each pool has its own");
        FAILS("setname/taken", ERROR_ALREADY_EXISTS, !WintunSetAdapterName(Second, NAME),
              "nor can it be given the name of another pool's adapter");
        WintunFreeAdapter(Second);
        Second = WintunCreateAdapter(OTHER_POOL, NAME, NULL, NULL);
        Check("create/stale", AdapterIsNamed(Second, NAME L" 2") && PoolCount(OTHER_POOL) == 1,
              "left behind, it is replaced although it has a number");
        AdapterUnmake(Second);
    }
    Check("create/taken", AdapterIsNamed(First, NAME), "the first one keeps its name");
    AdapterUnmake(First);
    /* A number does not fit any more, and there is half a character at the cut. */
    for (int Index = 0; Index < MAX_ADAPTER_NAME - 1; ++Index)
        Name[Index] = Index % 2 ? 0xD83D : 0xDE80;
    Name[0] = L'x';
    First = WintunCreateAdapter(POOL, Name, NULL, NULL);
    Second = WintunCreateAdapter(OTHER_POOL, Name, NULL, NULL);
    if (Check("create/taken", First && Second && WintunGetAdapterName(Second, Name),
              "a longest name that is taken"))
    {
        const WCHAR *Blank = wcschr(Name, L' ');
        Check("create/taken", Blank && lstrcmpW(Blank, L" 2") == 0 && !IS_HIGH_SURROGATE(Blank[-1]),
              "is cut off between characters and numbered");
    }
    AdapterUnmake(Second);
    AdapterUnmake(First);
}

void
RequestedGuid(void)
{
    WINTUN_ADAPTER_HANDLE Adapter, Other;

    for (int Round = 0; Round < 3; ++Round)
    {
        Adapter = WintunCreateAdapter(POOL, NAME, &FixedGuids[0], NULL);
        Check("create/guid", Adapter != NULL && GuidIsNamed(&FixedGuids[0], NAME),
              "the adapter has the requested GUID, time %d", Round + 1);
        AdapterUnmake(Adapter);
    }
    Adapter = WintunCreateAdapter(POOL, NAME, &FixedGuids[0], NULL);
    LogForget();
    Other = WintunCreateAdapter(OTHER_POOL, L"selftest1", &FixedGuids[0], NULL);
    Check("create/guid-taken", Other != NULL && LuidOf(Other) != LuidOf(Adapter),
          "a GUID that is in use: the adapter gets another one");
    Check("logger/warning", LogCount(WINTUN_LOG_WARN) >= 1, "a warning says so");
    Check("create/guid-taken", GuidIsNamed(&FixedGuids[0], NAME), "the first one keeps it");
    AdapterUnmake(Other);
    WintunFreeAdapter(Adapter);
    Adapter = WintunCreateAdapter(POOL, L"selftest2", &FixedGuids[0], NULL);
    Check("create/stale", Adapter != NULL && GuidIsNamed(&FixedGuids[0], L"selftest2"),
          "an unused adapter of the pool with the GUID is replaced");
    Check("create/stale", PoolCount(POOL) == 1, "the old one is gone");
    AdapterUnmake(Adapter);
}

static BOOL
GuidOfName(const WCHAR *Wanted, GUID *Guid)
{
    NET_LUID Luid = {.Value = 0};
    WINTUN_ADAPTER_HANDLE Adapter = WintunOpenAdapter(POOL, Wanted);
    BOOL Found;

    if (!Adapter)
        return FALSE;
    WintunGetAdapterLUID(Adapter, &Luid);
    WintunFreeAdapter(Adapter);
    Found = ConvertInterfaceLuidToGuid(&Luid, Guid) == NO_ERROR;
    return Found;
}

void
RandomGuid(void)
{
    WINTUN_ADAPTER_HANDLE First = WintunCreateAdapter(POOL, L"random0", NULL, NULL),
                          Second = WintunCreateAdapter(POOL, L"random1", NULL, NULL);
    GUID FirstGuid, SecondGuid;

    Check("create/guid-random", First && Second && LuidOf(First) != LuidOf(Second),
          "two adapters without a requested GUID are two interfaces");
    if (!IsWine() && GuidOfName(L"random0", &FirstGuid) && GuidOfName(L"random1", &SecondGuid))
        Check("create/guid-random", memcmp(&FirstGuid, &SecondGuid, sizeof(GUID)) != 0,
              "with two GUIDs");
    else
        Skip("create/guid-random", "IP Helper here does not tell the GUIDs of device interfaces");
    AdapterUnmake(Second);
    AdapterUnmake(First);
}

void
Luids(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = WintunCreateAdapter(POOL, NAME, &FixedGuids[1], NULL);
    NET_LUID Luid = {.Value = 0}, Found = {.Value = 0};
    NET_IFINDEX Index = 0;

    if (!Check("create/new", Adapter != NULL, "an adapter"))
        return;
    WintunGetAdapterLUID(Adapter, &Luid);
    Check("luid/returns", Luid.Info.NetLuidIndex != 0, "the LUID has an index");
    if (WintunGetAdapterLuid)
    {
        WintunGetAdapterLuid(Adapter, &Found);
        Check("luid/returns", Found.Value == Luid.Value, "both spellings return the same");
    }
    if (IsWine())
    {
        /* The index of Wine's LUIDs is Linux's index. */
        DWORD Error = ConvertInterfaceIndexToLuid(Luid.Info.NetLuidIndex, &Found);
        Check("luid/ip-helper", Error == NO_ERROR && Found.Value == Luid.Value,
              "IP Helper has the same LUID for the interface's index");
        Skip("luid/ip-helper", "Wine's IP Helper does not know the GUIDs of device interfaces");
    }
    else
    {
        Check("luid/ip-helper",
              ConvertInterfaceGuidToLuid(&FixedGuids[1], &Found) == NO_ERROR &&
                  Found.Value == Luid.Value,
              "IP Helper has the same LUID for the GUID");
        Check("luid/ip-helper",
              ConvertInterfaceAliasToLuid(NAME, &Found) == NO_ERROR && Found.Value == Luid.Value,
              "IP Helper has the same LUID for the name");
        Check("luid/returns", Luid.Info.IfType == IF_TYPE_PROP_VIRTUAL_VALUE,
              "the LUID says that the interface is virtual");
        Check("luid/ip-helper",
              ConvertInterfaceLuidToIndex(&Luid, &Index) == NO_ERROR && Index != 0,
              "IP Helper has an index for the LUID");
    }
    AdapterUnmake(Adapter);
}

void
InUseAndStale(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = AdapterMake(), Other;
    WINTUN_SESSION_HANDLE Session;
    ULONG64 Luid;

    if (!Adapter)
        return;
    FAILS("create/in-use", ERROR_ALREADY_EXISTS,
          WintunCreateAdapter(POOL, NAME, NULL, NULL) == NULL, "the adapter has a handle");
    Luid = LuidOf(Adapter);
    Check("create/in-use", AdapterIsNamed(Adapter, NAME) && PoolCount(POOL) == 1,
          "it goes on undisturbed");
    Session = WintunStartSession(Adapter, CAPACITY);
    WintunFreeAdapter(Adapter);
    FAILS("create/in-use", ERROR_ALREADY_EXISTS,
          WintunCreateAdapter(POOL, NAME, NULL, NULL) == NULL,
          "the adapter has no handle, but a session");
    Check("start/outlives-handle", SessionDrain(Session) == ERROR_NO_MORE_ITEMS,
          "the session goes on after FreeAdapter");
    WintunEndSession(Session);
    Adapter = WintunCreateAdapter(POOL, NAME, NULL, NULL);
    Check("create/stale", Adapter != NULL && LuidOf(Adapter) != 0 && PoolCount(POOL) == 1,
          "an adapter that nobody uses is replaced");
    Note("LUIDs: %llx, then %llx", (unsigned long long)Luid, (unsigned long long)LuidOf(Adapter));
    Other = WintunOpenAdapter(POOL, NAME);
    WintunFreeAdapter(Adapter);
    FAILS("create/in-use", ERROR_ALREADY_EXISTS,
          WintunCreateAdapter(POOL, NAME, NULL, NULL) == NULL, "the handle is OpenAdapter's");
    AdapterUnmake(Other);
}

/* Two adapters in the way, of which one must stay, and the other one comes first. */
void
InUseAndObstacle(void)
{
    WINTUN_ADAPTER_HANDLE First = WintunCreateAdapter(POOL, L"selftest1", &FixedGuids[0], NULL),
                          InUse = AdapterMake(),
                          Last = WintunCreateAdapter(POOL, L"selftest2", &FixedGuids[1], NULL);

    WintunFreeAdapter(First);
    WintunFreeAdapter(Last);
    FAILS("create/spares", ERROR_ALREADY_EXISTS,
          WintunCreateAdapter(POOL, NAME, &FixedGuids[0], NULL) == NULL,
          "the name is in use, and an unused adapter has the GUID");
    FAILS("create/spares", ERROR_ALREADY_EXISTS,
          WintunCreateAdapter(POOL, NAME, &FixedGuids[1], NULL) == NULL,
          "the same with another one");
    First = WintunOpenAdapter(POOL, L"selftest1");
    Last = WintunOpenAdapter(POOL, L"selftest2");
    Check("create/spares", First && Last, "neither of them has been removed");
    AdapterUnmake(Last);
    AdapterUnmake(First);
    AdapterUnmake(InUse);
}
