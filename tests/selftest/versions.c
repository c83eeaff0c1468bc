/* SPDX-License-Identifier: MIT */
/*
 * Several versions of the DLL and of the driver on one computer. The other DLLs come from
 * --versions: an older and a newer one than the DLL under test, the newer one with another contract
 * between DLL and driver. See check_packages.sh.
 */
#include "selftest.h"
#include <stdlib.h>

#define LINE_BYTES 64
#define SECOND     L"selftest1"

const WCHAR *VersionsFolder;

/* The command of another process that uses the older or newer DLL. */
typedef struct OTHER
{
    const WCHAR *File;
    CHILD Child;
    DWORD Version; /* of the driver that it found loaded */
} OTHER;

static BOOL
IsGiven(const char *Sentence)
{
    if (!VersionsFolder)
        Skip(Sentence, "no other versions of the DLL were given (--versions)");
    return VersionsFolder != NULL;
}

/* Starts a process with the other DLL that creates the adapter Name and holds it with a session. */
static BOOL
OtherHolds(OTHER *Other, const WCHAR *File, const WCHAR *Name)
{
    WCHAR Dll[MAX_PATH], Job[MAX_ADAPTER_NAME];
    char Line[LINE_BYTES] = "";

    wsprintfW(Dll, L"%s\\%s", VersionsFolder, File);
    wsprintfW(Job, L"holds %s", Name);
    if (ChildStartWith(&Other->Child, Dll, Job) && ChildListen(&Other->Child, Line, sizeof(Line)) &&
        (Other->Version = strtoul(Line, NULL, 16)) != 0)
        return TRUE;
    Note("the process with %ls said: %s", File, Line);
    ChildKill(&Other->Child);
    return FALSE;
}

/* What became of its session. */
static DWORD
OtherAsk(OTHER *Other)
{
    char Line[LINE_BYTES] = "";

    ChildTell(&Other->Child);
    return ChildListen(&Other->Child, Line, sizeof(Line)) ? strtoul(Line, NULL, 10)
                                                          : ERROR_BROKEN_PIPE;
}

/* The version that the DLL under test brings. The driver is removed afterwards. */
static DWORD
OwnVersion(void)
{
    WINTUN_ADAPTER_HANDLE Adapter;
    DWORD Version;

    WintunDeletePoolDriver(POOL, NULL);
    Adapter = AdapterMake();
    Version = WintunGetRunningDriverVersion();
    AdapterUnmake(Adapter);
    WintunDeletePoolDriver(POOL, NULL);
    return Version;
}

/* Makes an adapter, alone, and tells which driver it runs on. */
static DWORD
VersionOfNext(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = AdapterMake();
    DWORD Version = WintunGetRunningDriverVersion();

    AdapterUnmake(Adapter);
    return Version;
}

void
OlderUnused(void)
{
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;
    WCHAR Inf[MAX_PATH];
    OTHER Older;
    DWORD Own;

    if (!IsGiven("package/older"))
        return;
    Own = OwnVersion();
    if (!Check("package/older", OtherHolds(&Older, L"older.dll", NAME) && Older.Version < Own,
               "another process uses an older driver"))
        return;
    OtherAsk(&Older);
    ChildEnd(&Older.Child);
    Adapter = AdapterMake();
    Check("package/older", WintunGetRunningDriverVersion() == Own,
          "when it has ended, the next CreateAdapter replaces its adapter and the driver");
    Session = WintunStartSession(Adapter, CAPACITY);
    Check("package/older", Session != NULL, "the new one has a session");
    Check("package/older", PackageCount(Inf) == 1, "the older package is gone from the store");
    WintunEndSession(Session);
    AdapterUnmake(Adapter);
    Check("package/older", WintunDeletePoolDriver(POOL, NULL) && !DriverIsInstalled(),
          "and the driver can be removed");
}

void
OlderInUse(void)
{
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;
    OTHER Older;
    DWORD Own;

    if (!IsGiven("package/in-use"))
        return;
    Own = OwnVersion();
    if (!Check("package/in-use", OtherHolds(&Older, L"older.dll", NAME) && Older.Version < Own,
               "another process uses an older driver"))
        return;
    LogForget();
    Adapter = WintunCreateAdapter(POOL, SECOND, NULL, NULL);
    Check("package/in-use", Adapter != NULL && LogCount(WINTUN_LOG_WARN) >= 1,
          "an adapter can be created meanwhile, with a warning");
    Check("version/loaded", WintunGetRunningDriverVersion() == Older.Version,
          "the loaded driver is still the older one");
    Session = WintunStartSession(Adapter, CAPACITY);
    Check("package/in-use", Session != NULL, "it serves the new adapter, too");
    WintunEndSession(Session);
    Check("package/in-use", OtherAsk(&Older) == ERROR_NO_MORE_ITEMS,
          "the other process's session goes on");
    ChildEnd(&Older.Child);
    AdapterUnmake(Adapter);
    Check("package/in-use", VersionOfNext() == Own,
          "when both adapters are gone, the driver is replaced");
    WintunDeletePoolDriver(POOL, NULL);
}

void
OlderIdle(void)
{
    WINTUN_ADAPTER_HANDLE Adapter, Idle;
    WINTUN_SESSION_HANDLE Session;
    OTHER Older;
    DWORD Own;

    if (!IsGiven("package/idle"))
        return;
    Own = OwnVersion();
    if (!Check("package/idle", OtherHolds(&Older, L"older.dll", SECOND) && Older.Version < Own,
               "another process creates an adapter with an older driver"))
        return;
    OtherAsk(&Older);
    ChildEnd(&Older.Child);
    Check("package/idle", WintunGetRunningDriverVersion() == Older.Version,
          "it ends, the adapter stays and runs");
    Adapter = WintunCreateAdapter(OTHER_POOL, NAME, NULL, NULL);
    Check("package/idle", Adapter && WintunGetRunningDriverVersion() == Own,
          "an adapter of another pool is created: the driver is replaced");
    Idle = WintunOpenAdapter(POOL, SECOND);
    Session = Idle ? WintunStartSession(Idle, CAPACITY) : NULL;
    Check("package/idle", Session != NULL, "the adapter that nobody used runs on the new one");
    WintunEndSession(Session);
    AdapterUnmake(Idle);
    AdapterUnmake(Adapter);
    WintunDeletePoolDriver(POOL, NULL);
    Check("package/idle", WintunDeletePoolDriver(OTHER_POOL, NULL) && !DriverIsInstalled(),
          "and all can be removed");
}

void
OlderByForce(void)
{
    OTHER Older;
    DWORD Own;

    if (!IsGiven("package/force"))
        return;
    Own = OwnVersion();
    if (!Check("package/force", OtherHolds(&Older, L"older.dll", NAME) && Older.Version < Own,
               "another process uses an older driver"))
        return;
    Check("package/force", WintunDeletePoolDriver(POOL, NULL),
          "DeletePoolDriver, which deletes adapters in use");
    Check("package/force", OtherAsk(&Older) == ERROR_HANDLE_EOF,
          "the other process's session ends");
    Check("package/force", !DriverIsInstalled(), "the driver is gone");
    Check("package/force", VersionOfNext() == Own, "and the next one is this DLL's");
    ChildEnd(&Older.Child);
    WintunDeletePoolDriver(POOL, NULL);
}

void
NewerUsed(void)
{
    WINTUN_ADAPTER_HANDLE Adapter;
    WCHAR Inf[MAX_PATH];
    OTHER Newer;
    DWORD Own;

    if (!IsGiven("package/newer"))
        return;
    Own = OwnVersion();
    if (!Check("package/newer", OtherHolds(&Newer, L"newer.dll", NAME) && Newer.Version > Own,
               "another process uses a newer driver"))
        return;
    Adapter = WintunCreateAdapter(POOL, SECOND, NULL, NULL);
    Check("package/newer", Adapter && WintunGetRunningDriverVersion() == Newer.Version,
          "this DLL uses it as it is");
    FAILS("start/revision", ERROR_REVISION_MISMATCH, WintunStartSession(Adapter, CAPACITY) == NULL,
          "a session on a driver with another contract");
    Check("package/newer", OtherAsk(&Newer) == ERROR_NO_MORE_ITEMS,
          "the other process's session goes on");
    ChildEnd(&Newer.Child);
    AdapterUnmake(Adapter);
    Check("package/newer", VersionOfNext() == Newer.Version && PackageCount(Inf) == 1,
          "also when nobody uses it");
    Check("package/newer", WintunDeletePoolDriver(POOL, NULL) && !DriverIsInstalled(),
          "DeletePoolDriver removes it like our own");
}

/* Leaves the newer package, with nothing running. */
static BOOL
NewerLeft(DWORD Own)
{
    OTHER Newer;
    WINTUN_ADAPTER_HANDLE Adapter;

    if (!OtherHolds(&Newer, L"newer.dll", NAME) || Newer.Version <= Own)
        return FALSE;
    OtherAsk(&Newer);
    ChildEnd(&Newer.Child);
    Adapter = WintunOpenAdapter(POOL, NAME);
    AdapterUnmake(Adapter);
    return Adapter && DriverUnload();
}

void
NewerDamaged(void)
{
    WCHAR Inf[MAX_PATH];
    DWORD Own;

    if (!IsGiven("package/newer-damaged"))
        return;
    Own = OwnVersion();
    for (unsigned Index = 0; Index < DamagesOfImage(); ++Index)
    {
        const char *What = "";
        if (!Check("package/newer-damaged", NewerLeft(Own) && DamageImage(Index, &What),
                   "a newer driver %s", What))
            continue;
        LogForget();
        Check("package/newer-damaged", VersionOfNext() == Own, "this DLL's replaces it");
        Check("package/newer-damaged", LogCount(WINTUN_LOG_WARN) >= 1, "with a warning");
        Check("package/newer-damaged", PackageCount(Inf) == 1, "the damaged package is gone");
        WintunDeletePoolDriver(POOL, NULL);
    }
}

/* A newer DLL that comes while the older driver is loaded does not touch it. */
void
VersionOfLoaded(void)
{
    OTHER Older, Newer;

    if (!IsGiven("version/loaded"))
        return;
    WintunDeletePoolDriver(POOL, NULL);
    if (!Check("version/loaded", OtherHolds(&Older, L"older.dll", NAME),
               "another process uses an older driver"))
        return;
    /* Its session is refused, its contract being another one. */
    OtherHolds(&Newer, L"newer.dll", SECOND);
    Check("version/loaded", WintunGetRunningDriverVersion() == Older.Version,
          "a newer DLL creates an adapter: the loaded driver is the older one");
    Check("package/in-use", OtherAsk(&Older) == ERROR_NO_MORE_ITEMS, "whose session goes on");
    ChildEnd(&Older.Child);
    WintunDeletePoolDriver(POOL, NULL);
    FAILS("version/not-loaded", ERROR_FILE_NOT_FOUND, WintunGetRunningDriverVersion() == 0,
          "no driver is loaded any more");
}
