/* SPDX-License-Identifier: MIT */
/*
 * The conformance suite: checks that a DLL keeps every sentence of the API's specification.
 *
 * A test is a function, listed in tests.h. It runs on the main thread, makes what it needs, gives
 * it all back, and reports each check with the id of the sentence that the check is for
 * ("open/not-found"); docs/api.md has the sentences. Checks are made on the main thread only: other
 * threads and processes leave results for it.
 */
#ifndef TESTS_SELFTEST_H
#define TESTS_SELFTEST_H

#include "culvert.h"

#define POOL       L"CulvertSelftest"
#define OTHER_POOL L"CulvertSelftestOther"
#define NAME       L"selftest0"
#define CAPACITY   WINTUN_MIN_RING_CAPACITY

/* How long a test waits for what must happen soon, unless --soon says another time; only failures
 * take it. */
extern int SoonMilliseconds;
#define SOON_MILLISECONDS SoonMilliseconds

/* ---- The DLL under test: one variable for each function ------------------------------------ */

#define DLL_FUNCTIONS(X)                                                                           \
    X(WINTUN_CREATE_ADAPTER_FUNC, WintunCreateAdapter)                                             \
    X(WINTUN_OPEN_ADAPTER_FUNC, WintunOpenAdapter)                                                 \
    X(WINTUN_DELETE_ADAPTER_FUNC, WintunDeleteAdapter)                                             \
    X(WINTUN_ENUM_ADAPTERS_FUNC, WintunEnumAdapters)                                               \
    X(WINTUN_FREE_ADAPTER_FUNC, WintunFreeAdapter)                                                 \
    X(WINTUN_DELETE_POOL_DRIVER_FUNC, WintunDeletePoolDriver)                                      \
    X(WINTUN_GET_ADAPTER_LUID_FUNC, WintunGetAdapterLUID)                                          \
    X(WINTUN_GET_ADAPTER_NAME_FUNC, WintunGetAdapterName)                                          \
    X(WINTUN_SET_ADAPTER_NAME_FUNC, WintunSetAdapterName)                                          \
    X(WINTUN_GET_RUNNING_DRIVER_VERSION_FUNC, WintunGetRunningDriverVersion)                       \
    X(WINTUN_SET_LOGGER_FUNC, WintunSetLogger)                                                     \
    X(WINTUN_START_SESSION_FUNC, WintunStartSession)                                               \
    X(WINTUN_END_SESSION_FUNC, WintunEndSession)                                                   \
    X(WINTUN_GET_READ_WAIT_EVENT_FUNC, WintunGetReadWaitEvent)                                     \
    X(WINTUN_RECEIVE_PACKET_FUNC, WintunReceivePacket)                                             \
    X(WINTUN_RELEASE_RECEIVE_PACKET_FUNC, WintunReleaseReceivePacket)                              \
    X(WINTUN_ALLOCATE_SEND_PACKET_FUNC, WintunAllocateSendPacket)                                  \
    X(WINTUN_SEND_PACKET_FUNC, WintunSendPacket)

#define DECLARE(Type, Name) extern Type Name;
DLL_FUNCTIONS(DECLARE)
#undef DECLARE

/* NULL if the DLL has no export of that spelling, which is optional. */
extern WINTUN_GET_ADAPTER_LUID_FUNC WintunGetAdapterLuid;

/* What is in culvert.h, which a DLL may have or not: NULL if it has not. */
#define CULVERT_FUNCTIONS(X)                                                                       \
    X(CULVERT_GET_VERSION_FUNC, CulvertGetVersion)                                                 \
    X(CULVERT_HAS_FEATURE_FUNC, CulvertHasFeature)                                                 \
    X(CULVERT_RECEIVE_PACKETS_FUNC, CulvertReceivePackets)                                         \
    X(CULVERT_RELEASE_RECEIVE_PACKETS_FUNC, CulvertReleaseReceivePackets)                          \
    X(CULVERT_ALLOCATE_SEND_PACKETS_FUNC, CulvertAllocateSendPackets)                              \
    X(CULVERT_SEND_PACKETS_FUNC, CulvertSendPackets)                                               \
    X(CULVERT_GET_SEND_WAIT_EVENT_FUNC, CulvertGetSendWaitEvent)                                   \
    X(CULVERT_RECEIVE_PACKETS_WAIT_FUNC, CulvertReceivePacketsWait)                                \
    X(CULVERT_ALLOCATE_SEND_PACKETS_WAIT_FUNC, CulvertAllocateSendPacketsWait)                     \
    X(CULVERT_GET_SESSION_STATISTICS_FUNC, CulvertGetSessionStatistics)                            \
    X(CULVERT_GET_ADAPTER_STATISTICS_FUNC, CulvertGetAdapterStatistics)                            \
    X(CULVERT_GET_LUID_STATISTICS_FUNC, CulvertGetLuidStatistics)

#define DECLARE(Type, Name) extern Type Name;
CULVERT_FUNCTIONS(DECLARE)
#undef DECLARE

/* Whether the DLL has a feature of culvert.h; if not, the check of Sentence is skipped. */
BOOL
DllHas(CULVERT_FEATURE Feature, const char *Sentence);

/* The DLL's path; Windows' own search if it is only a name. FALSE after a message. */
BOOL
DllLoad(const WCHAR *Path);

/* The path of the DLL that is loaded. */
BOOL
DllPath(WCHAR Path[MAX_PATH]);

/* Unloads the DLL, so that this process is none of those that use it, until DllLoad with the path
 * that it gives. FALSE if it stays loaded: a thread of a session's may keep it for a moment. */
BOOL
DllUnload(WCHAR Path[MAX_PATH]);

/* ---- Checks ---------------------------------------------------------------------------------- */

/* One line of the report. Returns Passed, so that a test can stop where going on makes no sense. */
BOOL
Check(const char *Sentence, BOOL Passed, const char *Format, ...);

/* A check that cannot be made here, and why. */
void
Skip(const char *Sentence, const char *Format, ...);

/* A call that must fail with Error and log one error line: FAILS("...", ERROR, call == NULL, text).
 */
#define FAILS(Sentence, Error, Failed, ...)                                                        \
    (FailureBegin(), FailureCheck(Sentence, (Failed), (Error), 1, __VA_ARGS__))

/* The same for what happens all the time on the data path, and is not logged. */
#define FAILS_QUIETLY(Sentence, Error, Failed, ...)                                                \
    (FailureBegin(), FailureCheck(Sentence, (Failed), (Error), 0, __VA_ARGS__))

void
FailureBegin(void);
BOOL
FailureCheck(const char *Sentence, BOOL Failed, DWORD Error, LONG Lines, const char *Format, ...);

/* A remark in the report. */
void
Note(const char *Format, ...);

/* Whether this is Wine, which has no network stack of its own and lacks some functions. */
BOOL
IsWine(void);

/* ---- What the DLL logs -------------------------------------------------------------------------
 */

/* The harness's logger, which tests that set another one put back. Counts lines of the main thread
 * apart from those of others. */
BOOL CALLBACK
HarnessLogger(WINTUN_LOGGER_LEVEL Level, const WCHAR *Message);

void
LogForget(void);
/* Lines of the main thread since LogForget. */
LONG
LogCount(WINTUN_LOGGER_LEVEL Level);
/* The last line of that level; empty if there is none. */
const WCHAR *
LogLast(WINTUN_LOGGER_LEVEL Level);

/* ---- What many tests do ------------------------------------------------------------------------
 */

/* The adapter POOL, NAME with a random GUID; a failed check if that fails. */
WINTUN_ADAPTER_HANDLE
AdapterMake(void);

/* Deletes an adapter and frees its handle. NULL is ignored. */
void
AdapterUnmake(WINTUN_ADAPTER_HANDLE Adapter);

/* Whether the adapter's present name is Name. */
BOOL
AdapterIsNamed(WINTUN_ADAPTER_HANDLE Adapter, const WCHAR *Name);

/* The number of adapters of a pool; -1 if EnumAdapters fails. */
int
PoolCount(const WCHAR *Pool);

/* An adapter with a session of CAPACITY; a failed check if that fails, and then nothing to close.
 */
BOOL
SessionOpen(WINTUN_ADAPTER_HANDLE *Adapter, WINTUN_SESSION_HANDLE *Session);
/* Ends the session, which may be NULL, and deletes the adapter. */
void
SessionClose(WINTUN_ADAPTER_HANDLE Adapter, WINTUN_SESSION_HANDLE Session);

/* Takes and releases all packets that are there. Returns the error that ended it. */
DWORD
SessionDrain(WINTUN_SESSION_HANDLE Session);

/* Waits for threads, six times SOON_MILLISECONDS in all, since some have much to do, and closes
 * their handles. FALSE if one goes on. */
BOOL
ThreadsJoin(HANDLE *Threads, DWORD Count);

/* The name that the system has for the interface with this GUID; FALSE if it has none. */
BOOL
SystemNameOfGuid(const GUID *Guid, WCHAR Name[MAX_ADAPTER_NAME]);

/* The instance id of its device. */
BOOL
SystemDeviceOfGuid(const GUID *Guid, WCHAR Id[MAX_PATH]);

/* Changes the name behind the API's back. */
BOOL
SystemNameSet(const GUID *Guid, const WCHAR *Name);

/* Whether the driver's file or service is there. */
BOOL
DriverIsInstalled(void);

/* Stops the driver's service, when no adapter is left. FALSE if it goes on. */
BOOL
DriverUnload(void);

/* Counts our packages in the driver store (of Wine), and says where the last one's INF is. */
int
PackageCount(WCHAR Inf[MAX_PATH]);

/* Makes the INF in the driver store another one than the DLL's. */
BOOL
DamageInfChanged(void);

/* Does one of several kinds of damage to the driver's image, which is not loaded; *What says which.
 */
unsigned
DamagesOfImage(void);
BOOL
DamageImage(unsigned Index, const char **What);

/* Where older.dll and newer.dll are: other versions of the DLL under test. NULL without --versions.
 */
extern const WCHAR *VersionsFolder;

/* ---- Other processes
 * ----------------------------------------------------------------------------- */

/* This program again, doing one of the jobs of children.c. */
typedef struct CHILD
{
    HANDLE Process;
    HANDLE Input;  /* what the child reads */
    HANDLE Output; /* what it says */
} CHILD;

/* Starts a job; Arguments is the rest of the command line, quoted. FALSE if that fails. */
BOOL
ChildStart(CHILD *Child, const WCHAR *Arguments);
/* The same with another DLL than that under test. */
BOOL
ChildStartWith(CHILD *Child, const WCHAR *Dll, const WCHAR *Arguments);
/* Waits for the child's next line; FALSE if it ends instead. Line has Size bytes; may be NULL. */
BOOL
ChildListen(CHILD *Child, char *Line, DWORD Size);
/* Lets a child that waits go on. */
void
ChildTell(CHILD *Child);
/* Lets it go on, waits for its end and returns its exit status. */
DWORD
ChildEnd(CHILD *Child);
/* Ends it without a chance to clean up. */
void
ChildKill(CHILD *Child);

/* The entry of the child's side; Arguments are those after --child. */
int
ChildRun(int Count, WCHAR **Arguments);

/* Kills a process at each system-changing call in turn, or at a sample of them, and lets each fail;
 * see kill/kill_point.h. Only: failing calls only, with this in their names; or NULL. Prints TAP
 * itself. Returns the program's exit status. */
int
KillAtEachPoint(BOOL All, const char *Only);
/* The job that is killed: everything that changes something. Returns 0, or the step that failed. */
int
KillSteps(const WCHAR *Name);

/* The child's side of ChildListen and ChildTell. */
void
ChildSay(const char *Format, ...);

void
ChildWait(void);

/* The jobs of processes of which a thread ends a session in a DllMain, which unload the DLL
 * after one, and which exit while their threads are inside the DLL. */
int
EndInDllMain(WCHAR **Arguments);
int
UnloadAfterEnd(WCHAR **Arguments);
int
ExitInTheMidst(WCHAR **Arguments);

/* ---- Traffic
 * ------------------------------------------------------------------------------------- */

/* A session whose adapter has an IPv4 address, and a socket on it. */
typedef struct LINE
{
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;
    UINT_PTR Socket;
} LINE;

/* Fails with a skipped or failed check of Sentence, after which there is nothing to close. */
BOOL
LineOpen(const char *Sentence, LINE *Line, DWORD Capacity);
void
LineClose(LINE *Line);

/* A datagram through the system's stack into the adapter. The pattern begins with Number. */
BOOL
LineWrite(LINE *Line, DWORD Number, DWORD Bytes);
/* The number of a datagram that arrives at the socket; -1 if none does within the time. */
int
LineRead(LINE *Line, DWORD Milliseconds, DWORD *Bytes);
/* Whether a packet of the session is one of LineWrite's, with all its bytes, and its number. */
BOOL
LineIsOwn(const BYTE *Packet, DWORD Size, DWORD *Number);
/* The next of LineWrite's packets, others being released; NULL if none comes within the time. */
BYTE *
LineReceive(LINE *Line, DWORD Milliseconds, DWORD *Number, DWORD *Size);
/* How many packets the system has sent into the adapter, whether or not they fit the ring; 0 if the
 * DLL does not tell. */
ULONGLONG
LineArrivals(LINE *Line);
/* Waits until there have been so many, SOON_MILLISECONDS at most; a moment if the DLL does not
 * tell.
 */
void
LineAwait(LINE *Line, ULONGLONG Arrivals);
/* Bytes of the packet that carries a datagram of Bytes. */
DWORD
LinePacketBytes(DWORD Bytes);
/* Writes the packet that LineRead is to see. */
void
LinePacketFill(BYTE *Packet, DWORD Number, DWORD Bytes);

#endif
