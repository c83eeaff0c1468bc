/* SPDX-License-Identifier: MIT */
/*
 * What the session code needs of Windows.
 *
 * The session's request stays pending as long as the session lives, and a pending request is
 * cancelled when the thread that made it exits. Applications start sessions from threads that come
 * and go, so a link has a thread of its own. It calls nothing of the application's: not the logger
 * either, which may end the session, and so wait for the thread.
 */
#include <windows.h>
#include "adapter.h"
#include "logger.h"
#include "namespace.h"
#include "system.h"
#include "../contract/ring.h"
#include "../contract/session.h"

/* The driver accepts or refuses within microseconds; this only keeps a broken one from hanging the
 * application. */
#define ACCEPT_TIMEOUT_MS 10000
#define LINK_STACK_BYTES  0x10000
/* How long the end of a session waits for the thread to be gone, once it is done: see LinkAwaitEnd.
 * A thread takes microseconds for it. */
#define EXIT_PATIENCE_MS 200
/* How often SystemLetOthersRun yields before it begins to sleep. */
#define YIELDS_BEFORE_SLEEP 32u

struct SYSTEM_LINK
{
    HANDLE Device;
    SESSION_MARK Mark;
    HANDLE Section;
    HMODULE Module; /* the thread's reference to this DLL */
    HANDLE Thread;
    HANDLE Decided;  /* manual-reset: Error is valid */
    HANDLE Stop;     /* manual-reset: cancel the request */
    HANDLE Done;     /* the request's event */
    HANDLE Finished; /* manual-reset: the thread does not touch the link any more */
    DWORD Error;
    DWORD EndError; /* what the driver ended the session with; ERROR_SUCCESS if we did */
    uint32_t Capacity;
    SYSTEM_LINK_PARTS Parts;
    void (*Ended)(void *Context);
    void *Context;
};

void
SystemLockAcquire(SYSTEM_LOCK *Lock)
{
    AcquireSRWLockExclusive(Lock);
}

void
SystemLockRelease(SYSTEM_LOCK *Lock)
{
    ReleaseSRWLockExclusive(Lock);
}

/*
 * A process that exits first ends all threads but one, wherever they are, and then tells its DLLs.
 * One of them may call us, and find a lock whose holder is no more: the system's own locks end the
 * process then, as there is nothing else that it could do. RtlDllShutdownInProgress is described
 * among Microsoft's developer notes.
 */
static void
EndIfOrphaned(void)
{
    typedef BOOLEAN(NTAPI * SHUTDOWN_IN_PROGRESS)(void);
    SHUTDOWN_IN_PROGRESS InProgress = (SHUTDOWN_IN_PROGRESS)(void (*)(void))GetProcAddress(
        GetModuleHandleW(L"ntdll.dll"), "RtlDllShutdownInProgress");

    if (InProgress && InProgress())
        TerminateProcess(GetCurrentProcess(), ERROR_PROCESS_ABORTED);
}

void
SystemLetOthersRun(const volatile uint32_t *Word, uint32_t Turn)
{
    (void)Word;
    if (Turn < YIELDS_BEFORE_SLEEP)
    {
        SwitchToThread(); /* to one that is ready on this processor */
        return;
    }
    if (Turn == YIELDS_BEFORE_SLEEP)
        EndIfOrphaned();
    Sleep(1); /* to any, wherever the one that is waited for may run */
}

void *
SystemAllocate(size_t Bytes)
{
    /* The heap aligns to less than a cache line: its own address stands before the one returned. */
    BYTE *Memory = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, Bytes + CULVERT_CACHE_LINE);
    if (Memory == NULL)
    {
        /* HeapAlloc sets no last-error code. */
        SetLastError(
            LogError(ERROR_NOT_ENOUGH_MEMORY, L"Allocating %u bytes for a session", (DWORD)Bytes));
        return NULL;
    }
    BYTE *Aligned = Memory + CULVERT_CACHE_LINE - (ULONG_PTR)Memory % CULVERT_CACHE_LINE;
    ((void **)(void *)Aligned)[-1] = Memory;
    return Aligned;
}

void
SystemFree(void *Memory)
{
    HeapFree(GetProcessHeap(), 0, ((void **)Memory)[-1]);
}

void
SystemEventSet(SYSTEM_EVENT Event)
{
    SetEvent(Event);
}

void
SystemEventReset(SYSTEM_EVENT Event)
{
    ResetEvent(Event);
}

uint32_t
SystemEventWait(SYSTEM_EVENT Event, SYSTEM_EVENT Cancel, uint32_t Milliseconds)
{
    HANDLE Handles[] = {Event, Cancel};
    C_ASSERT(SYSTEM_FOREVER == INFINITE);
    switch (WaitForMultipleObjects(Cancel != NULL ? 2 : 1, Handles, FALSE, Milliseconds))
    {
    case WAIT_OBJECT_0:
        return ERROR_SUCCESS;
    case WAIT_OBJECT_0 + 1:
    case WAIT_ABANDONED_0 + 1: /* it may be a mutex */
        return ERROR_OPERATION_ABORTED;
    case WAIT_TIMEOUT:
        return ERROR_TIMEOUT;
    default:
        return GetLastError();
    }
}

uint64_t
SystemMilliseconds(void)
{
    return GetTickCount64();
}

void
SystemSetLastError(uint32_t Error)
{
    SetLastError(Error);
}

/* Makes the request. Returns ERROR_IO_PENDING, or why it failed. */
static DWORD
LinkRequest(SYSTEM_LINK *Link, OVERLAPPED *Overlapped)
{
    CULVERT_SESSION_START Start = {
        .ContractVersion = CULVERT_CONTRACT_VERSION,
        .Capacity = Link->Capacity,
        .ReceiveEvent = (ULONG_PTR)Link->Parts.ReceiveEvent,
        .SendSpaceEvent = (ULONG_PTR)Link->Parts.SendSpaceEvent,
        .SendEvent = (ULONG_PTR)Link->Parts.SendEvent,
        .Section = (ULONG_PTR)Link->Section,
    };
    if (DeviceIoControl(Link->Device, CULVERT_IOCTL_SESSION, &Start, sizeof(Start),
                        Link->Parts.Memory, CulvertSessionBytes(Link->Capacity), NULL, Overlapped))
        return ERROR_INVALID_FUNCTION; /* no driver of ours lets it succeed */
    return GetLastError();
}

/* The request is over: why. */
static DWORD
LinkResult(SYSTEM_LINK *Link, OVERLAPPED *Overlapped)
{
    DWORD Bytes;
    return GetOverlappedResult(Link->Device, Overlapped, &Bytes, TRUE) ? ERROR_INVALID_FUNCTION
                                                                       : GetLastError();
}

/* Waits until the driver has accepted or refused. ERROR_SUCCESS, or why it did not start. */
static DWORD
LinkAwaitDecision(SYSTEM_LINK *Link, OVERLAPPED *Overlapped)
{
    HANDLE Handles[] = {Link->Done, Link->Parts.SendSpaceEvent};
    switch (WaitForMultipleObjects(ARRAYSIZE(Handles), Handles, FALSE, ACCEPT_TIMEOUT_MS))
    {
    case WAIT_OBJECT_0:
        return LinkResult(Link, Overlapped);
    case WAIT_OBJECT_0 + 1:
        ResetEvent(Link->Parts.SendSpaceEvent); /* from now on it speaks of room */
        return ERROR_SUCCESS;
    default:
        CancelIo(Link->Device);
        LinkResult(Link, Overlapped);
        return ERROR_TIMEOUT;
    }
}

static void
LinkRun(SYSTEM_LINK *Link)
{
    OVERLAPPED Overlapped = {.hEvent = Link->Done};
    DWORD Error = LinkRequest(Link, &Overlapped);
    if (Error == ERROR_IO_PENDING)
        Error = LinkAwaitDecision(Link, &Overlapped);
    if (Error == ERROR_SUCCESS)
        NamespaceMarkSession(&Link->Mark);
    Link->Error = Error;
    SetEvent(Link->Decided);
    if (Error != ERROR_SUCCESS)
        return;

    HANDLE Handles[] = {Link->Done, Link->Stop};
    if (WaitForMultipleObjects(ARRAYSIZE(Handles), Handles, FALSE, INFINITE) != WAIT_OBJECT_0)
        CancelIo(Link->Device);
    /* Without a limit: until the request is back, the driver may write into the memory. */
    Error = LinkResult(Link, &Overlapped);
    /* As long as a handle is open, a device that has been removed keeps the driver's image loaded,
     * also if the application is slow to end the session. */
    CloseHandle(Link->Device);
    Link->Device = NULL;
    if (WaitForSingleObject(Link->Stop, 0) != WAIT_OBJECT_0)
        Link->EndError = Error;
    /* From here on the adapter, or the next one with its GUID, has no session of this process, also
     * if the application is slow to end this one. */
    NamespaceCloseSession(&Link->Mark);
    Link->Ended(Link->Context);
}

static DWORD WINAPI
LinkThread(LPVOID Parameter)
{
    SYSTEM_LINK *Link = Parameter;
    HMODULE Module = Link->Module;

    LinkRun(Link);
    SetEvent(Link->Finished);
    FreeLibraryAndExitThread(Module, 0);
}

/*
 * Waits until the thread is done with the link. A thread is only gone when it has had the loader's
 * lock, which belongs to the caller if it ends the session while its own DLL is unloaded: it must
 * not be waited for without a limit. But without that, whoever unloads this DLL after the end finds
 * that nobody else keeps it. In a process that exits, the thread has been ended where it was.
 */
static void
LinkAwaitEnd(const SYSTEM_LINK *Link)
{
    HANDLE Handles[] = {Link->Finished, Link->Thread};

    WaitForMultipleObjects(ARRAYSIZE(Handles), Handles, FALSE, INFINITE);
    WaitForSingleObject(Link->Thread, EXIT_PATIENCE_MS);
}

static HANDLE
AutoResetEvent(void)
{
    return CreateEventW(NULL, FALSE, FALSE, NULL);
}

static HANDLE
ManualResetEvent(void)
{
    return CreateEventW(NULL, TRUE, FALSE, NULL);
}

static void
CloseIfOpen(HANDLE Handle)
{
    if (Handle != NULL)
        CloseHandle(Handle);
}

void
SystemLinkCloseEvents(const SYSTEM_LINK_PARTS *Parts)
{
    CloseIfOpen(Parts->ReceiveEvent);
    CloseIfOpen(Parts->SendSpaceEvent);
    CloseIfOpen(Parts->SendEvent);
}

/* The events and the memory of a link. Whatever was made is in *Link, also on failure. */
static BOOL
LinkCreateParts(SYSTEM_LINK *Link)
{
    Link->Decided = ManualResetEvent();
    Link->Stop = ManualResetEvent();
    Link->Done = ManualResetEvent();
    Link->Finished = ManualResetEvent();
    Link->Parts.ReceiveEvent = AutoResetEvent();
    Link->Parts.SendSpaceEvent = ManualResetEvent();
    Link->Parts.SendEvent = AutoResetEvent();
    if (!Link->Decided || !Link->Stop || !Link->Done || !Link->Finished ||
        !Link->Parts.ReceiveEvent || !Link->Parts.SendSpaceEvent || !Link->Parts.SendEvent)
    {
        LogLastError(L"Creating the events of a session");
        return FALSE;
    }
    DWORD Bytes = CulvertSessionBytes(Link->Capacity);
    Link->Section = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, Bytes, NULL);
    if (Link->Section != NULL)
        Link->Parts.Memory = MapViewOfFile(Link->Section, FILE_MAP_ALL_ACCESS, 0, 0, Bytes);
    if (Link->Parts.Memory == NULL)
    {
        LogLastError(L"Allocating %u bytes for the rings of a session", Bytes);
        return FALSE;
    }
    return TRUE;
}

/* Frees all but the events that the session works with. */
static void
LinkDestroy(SYSTEM_LINK *Link)
{
    CloseIfOpen(Link->Thread);
    if (Link->Parts.Memory != NULL)
        UnmapViewOfFile(Link->Parts.Memory);
    CloseIfOpen(Link->Section);
    CloseIfOpen(Link->Device);
    CloseIfOpen(Link->Finished);
    CloseIfOpen(Link->Done);
    CloseIfOpen(Link->Stop);
    CloseIfOpen(Link->Decided);
    NamespaceCloseSession(&Link->Mark);
    SystemFree(Link);
}

static BOOL
LinkStart(SYSTEM_LINK *Link, SYSTEM_ADAPTER *Adapter)
{
    if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, (LPCWSTR)(ULONG_PTR)LinkThread,
                            &Link->Module))
    {
        LogLastError(L"Keeping this DLL for the thread of a session");
        return FALSE;
    }
    Link->Thread = CreateThread(NULL, LINK_STACK_BYTES, LinkThread, Link, 0, NULL);
    if (Link->Thread == NULL)
    {
        DWORD Error = LogLastError(L"Creating the thread of a session");
        FreeLibrary(Link->Module);
        SetLastError(Error);
        return FALSE;
    }
    WaitForSingleObject(Link->Decided, INFINITE); /* LinkThread's waits have limits */
    if (Link->Error == ERROR_SUCCESS)
        return TRUE;
    LinkAwaitEnd(Link);
    AdapterSessionRefused(Adapter, Link->Error);
    return FALSE;
}

SYSTEM_LINK *
SystemLinkOpen(SYSTEM_ADAPTER *Adapter, uint32_t Capacity, void (*Ended)(void *Context),
               void *Context, SYSTEM_LINK_PARTS *Parts)
{
    SYSTEM_LINK *Link = SystemAllocate(sizeof(*Link));
    if (Link == NULL)
        return NULL;
    Link->Capacity = Capacity;
    Link->Ended = Ended;
    Link->Context = Context;
    if (!AdapterSessionOpen(Adapter, &Link->Mark) || !AdapterOpenDevice(Adapter, &Link->Device) ||
        !LinkCreateParts(Link))
        goto Destroy;
    *Parts = Link->Parts; /* before LinkThread can call Ended */
    if (!LinkStart(Link, Adapter))
        goto Destroy;
    return Link;

Destroy:;
    DWORD Error = GetLastError();
    SystemLinkCloseEvents(&Link->Parts);
    LinkDestroy(Link);
    SetLastError(Error);
    return NULL;
}

void
SystemLinkClose(SYSTEM_LINK *Link)
{
    SetEvent(Link->Stop);
    LinkAwaitEnd(Link);
    if (Link->EndError != ERROR_SUCCESS)
        LogWarningError(Link->EndError, L"The driver had ended the session");
    LinkDestroy(Link);
}
