/* SPDX-License-Identifier: MIT */
/* The jobs of other processes. Each job says "ready" when it has done its part, waits until it may
 * go on, and ends with a status: 0 if all was as it should be. */
#include "kill_points.h"
#include <psapi.h>
#include <sddl.h>

typedef int (*JOB)(WCHAR **Arguments);

static ULONG64
LuidOf(WINTUN_ADAPTER_HANDLE Adapter)
{
    NET_LUID Luid = {.Value = 0};

    WintunGetAdapterLUID(Adapter, &Luid);
    return Luid.Value;
}

/* create NAME: an adapter, held until told to go on; its handle is left to the system. */
static int
JobCreate(WCHAR **Arguments)
{
    WINTUN_ADAPTER_HANDLE Adapter = WintunCreateAdapter(POOL, Arguments[0], NULL, NULL);

    ChildSay(Adapter ? "ready" : "error %lu", GetLastError());
    ChildWait();
    return Adapter == NULL;
}

/* open NAME: says the LUID. */
static int
JobOpen(WCHAR **Arguments)
{
    WINTUN_ADAPTER_HANDLE Adapter = WintunOpenAdapter(POOL, Arguments[0]);

    ChildSay("%llx", Adapter ? (unsigned long long)LuidOf(Adapter) : 0);
    ChildWait();
    WintunFreeAdapter(Adapter);
    return Adapter == NULL || PoolCount(POOL) != 1;
}

/* session NAME: opens or creates it, and has a session; then says what became of that. */
static int
JobSession(WCHAR **Arguments)
{
    WINTUN_ADAPTER_HANDLE Adapter = WintunOpenAdapter(POOL, Arguments[0]);
    WINTUN_SESSION_HANDLE Session;
    DWORD Error;

    if (!Adapter)
        Adapter = WintunCreateAdapter(POOL, Arguments[0], NULL, NULL);
    Session = Adapter ? WintunStartSession(Adapter, CAPACITY) : NULL;
    ChildSay(Session ? "ready" : "error %lu", GetLastError());
    ChildWait();
    if (!Session)
        return 1;
    Error = SessionDrain(Session);
    if (Error == ERROR_NO_MORE_ITEMS && !WintunAllocateSendPacket(Session, 100))
        Error = GetLastError();
    ChildSay("%lu", Error);
    ChildWait();
    WintunEndSession(Session);
    WintunFreeAdapter(Adapter);
    return 0;
}

/* holds NAME: creates it and has a session; says which driver is loaded, then what became of the
 * session. */
static int
JobHolds(WCHAR **Arguments)
{
    WINTUN_ADAPTER_HANDLE Adapter = WintunCreateAdapter(POOL, Arguments[0], NULL, NULL);
    WINTUN_SESSION_HANDLE Session = WintunStartSession(Adapter, CAPACITY);
    DWORD Error = GetLastError();

    if (Session)
        ChildSay("%lx", WintunGetRunningDriverVersion());
    else
        ChildSay("0, error %lu", Error);
    ChildWait();
    if (!Session)
        return 1;
    Error = SessionDrain(Session);
    ChildSay("%lu", Error);
    ChildWait();
    return Error != ERROR_NO_MORE_ITEMS;
}

/* eof NAME: has a session, and waits on its event until it ends. */
static int
JobEof(WCHAR **Arguments)
{
    WINTUN_ADAPTER_HANDLE Adapter = WintunOpenAdapter(POOL, Arguments[0]);
    WINTUN_SESSION_HANDLE Session = WintunStartSession(Adapter, CAPACITY);
    DWORD Error;

    ChildSay(Session ? "ready" : "error %lu", GetLastError());
    if (!Session)
        return 1;
    while ((Error = SessionDrain(Session)) == ERROR_NO_MORE_ITEMS)
    {
        if (WaitForSingleObject(WintunGetReadWaitEvent(Session), 3 * SOON_MILLISECONDS) !=
            WAIT_OBJECT_0)
            return 2;
    }
    WintunEndSession(Session);
    WintunFreeAdapter(Adapter);
    return Error == ERROR_HANDLE_EOF ? 0 : 3;
}

/* One life of an adapter, with everything in between. Returns 0, or the step that failed. */
static int
Life(const WCHAR *Name, const WCHAR *Second)
{
    WINTUN_ADAPTER_HANDLE Adapter = WintunCreateAdapter(POOL, Name, NULL, NULL), Other;
    WINTUN_SESSION_HANDLE Session;
    int Step = 0;

    if (!Adapter)
        return 1;
    Session = WintunStartSession(Adapter, CAPACITY);
    if (!Session)
        Step = 2;
    else if (!WintunSetAdapterName(Adapter, Second) || !AdapterIsNamed(Adapter, Second))
        Step = 3;
    Other = WintunOpenAdapter(POOL, Second);
    if (!Step && (!Other || LuidOf(Other) != LuidOf(Adapter)))
        Step = 4;
    if (!Step && PoolCount(POOL) < 1)
        Step = 5;
    if (!Step && WintunGetRunningDriverVersion() == 0)
        Step = 6;
    WintunFreeAdapter(Other);
    WintunEndSession(Session);
    if (!WintunDeleteAdapter(Adapter, FALSE, NULL) && !Step)
        Step = 7;
    WintunFreeAdapter(Adapter);
    return Step;
}

/* lives ROUNDS NAME: at once with others. */
static int
JobLives(WCHAR **Arguments)
{
    WCHAR Name[MAX_ADAPTER_NAME], Second[MAX_ADAPTER_NAME];
    int Rounds = 0, Step = 0;

    for (const WCHAR *Digit = Arguments[0]; *Digit; ++Digit)
        Rounds = Rounds * 10 + (*Digit - L'0');
    lstrcpynW(Name, Arguments[1], MAX_ADAPTER_NAME - 2);
    lstrcpyW(Second, Name);
    lstrcatW(Second, L"b");
    ChildSay("ready");
    ChildWait();
    for (int Round = 0; !Step && Round < Rounds; ++Round)
        Step = Life(Name, Second);
    return Step;
}

/* race NAME: creates it when told, together with others; status 1 if somebody else has it. */
static int
JobRace(WCHAR **Arguments)
{
    WINTUN_ADAPTER_HANDLE Adapter;
    int Status;

    ChildSay("ready");
    ChildWait();
    Adapter = WintunCreateAdapter(POOL, Arguments[0], NULL, NULL);
    Status = Adapter ? 0 : GetLastError() == ERROR_ALREADY_EXISTS ? 1 : 2;
    ChildSay("%d", Status);
    ChildWait();
    return Status;
}

/* steps NAME: everything once, for a DLL that kills its process at one of the steps. */
static int
JobSteps(WCHAR **Arguments)
{
    return KillSteps(Arguments[0]);
}

/* fails SITUATION CALL LATER: a call of the system fails, and some calls later it is killed. */
static int
JobFails(WCHAR **Arguments)
{
    return FailAndBeKilled(Arguments);
}

/* mutex SDDL: holds the mutex that Wine's DLLs share, made with that security. */
static int
JobMutex(WCHAR **Arguments)
{
    SECURITY_ATTRIBUTES Attributes = {sizeof(Attributes), NULL, FALSE};
    HANDLE Mutex = NULL;

    if (ConvertStringSecurityDescriptorToSecurityDescriptorW(
            Arguments[0], SDDL_REVISION_1, &Attributes.lpSecurityDescriptor, NULL))
        Mutex = CreateMutexW(&Attributes, TRUE, L"Global\\Culvert-Adapters");
    if (Mutex && GetLastError() == ERROR_ALREADY_EXISTS)
        Mutex = NULL;
    ChildSay(Mutex ? "ready" : "error %lu", GetLastError());
    ChildWait();
    return Mutex == NULL;
}

/* modules NAME: creates it, and says how many libraries are loaded that are neither the system's
 * nor the one under test, and the last one's name. */
static int
JobModules(WCHAR **Arguments)
{
    WCHAR System[MAX_PATH], Path[MAX_PATH], Odd[MAX_PATH] = L"";
    WINTUN_ADAPTER_HANDLE Adapter = WintunCreateAdapter(POOL, Arguments[0], NULL, NULL);
    HMODULE Modules[256], Under = NULL;
    DWORD Bytes, Count = 0;
    UINT Length = GetSystemDirectoryW(System, MAX_PATH);

    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                           GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                       (LPCWSTR)(ULONG_PTR)WintunCreateAdapter, &Under);
    if (!Adapter || !K32EnumProcessModules(GetCurrentProcess(), Modules, sizeof(Modules), &Bytes))
        return 1;
    for (DWORD Index = 0; Index < Bytes / sizeof(HMODULE); ++Index)
    {
        if (Modules[Index] == Under || Modules[Index] == GetModuleHandleW(NULL) ||
            !GetModuleFileNameW(Modules[Index], Path, MAX_PATH) ||
            CompareStringOrdinal(Path, (int)Length, System, (int)Length, TRUE) == CSTR_EQUAL)
            continue;
        ++Count;
        lstrcpyW(Odd, Path);
    }
    ChildSay("%lu %ls", Count, Odd);
    ChildWait();
    return 0;
}

/* statistics NAME LUID: reads an adapter's statistics by its handle and by its LUID, says how many
 * packets each of them has, and whether it has a session. */
static int
JobStatistics(WCHAR **Arguments)
{
    CULVERT_STATISTICS ByHandle = {.Size = sizeof(ByHandle)}, ByLuid = {.Size = sizeof(ByLuid)};
    WINTUN_ADAPTER_HANDLE Adapter = WintunOpenAdapter(POOL, Arguments[0]);
    NET_LUID Luid = {.Value = _wcstoui64(Arguments[1], NULL, 16)};
    BOOL Good = CulvertGetAdapterStatistics(Adapter, &ByHandle);

    Good = CulvertGetLuidStatistics(&Luid, &ByLuid) && Good;
    WintunFreeAdapter(Adapter);
    ChildSay("%d %llu %llu %lu", Good, ByHandle.Receive.Packets, ByLuid.Receive.Packets,
             ByLuid.Capacity);
    ChildWait();
    return !Good;
}

/* idle: keeps Wine's server running between runs. */
static int
JobIdle(WCHAR **Arguments)
{
    UNREFERENCED_PARAMETER(Arguments);
    ChildSay("ready");
    ChildWait();
    return 0;
}

int
ChildRun(int Count, WCHAR **Arguments)
{
    static const struct
    {
        const WCHAR *Name;
        JOB Job;
        int Arguments;
    } Jobs[] = {{L"create", JobCreate, 1},       {L"open", JobOpen, 1},
                {L"session", JobSession, 1},     {L"eof", JobEof, 1},
                {L"lives", JobLives, 2},         {L"race", JobRace, 1},
                {L"steps", JobSteps, 1},         {L"fails", JobFails, 3},
                {L"holds", JobHolds, 1},         {L"mutex", JobMutex, 1},
                {L"modules", JobModules, 1},     {L"statistics", JobStatistics, 2},
                {L"exits", ExitInTheMidst, 1},   {L"detaches", EndInDllMain, 1},
                {L"unloads", UnloadAfterEnd, 1}, {L"idle", JobIdle, 0}};

    for (size_t Index = 0; Index < ARRAYSIZE(Jobs); ++Index)
    {
        if (lstrcmpW(Arguments[0], Jobs[Index].Name) == 0 && Count == Jobs[Index].Arguments + 1)
            return Jobs[Index].Job(Arguments + 1);
    }
    return 64;
}
