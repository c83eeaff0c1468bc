/* SPDX-License-Identifier: MIT */
/* The functions of windows.h, and the process that calls them: see process.h. */
#include <stdarg.h>
#include <stdlib.h>
#include "process.h"
#include "adapter.h"
#include "logger.h"
#include "session.h"
#include "../scheduler.h"
#include "../system.h"

struct ADAPTER
{
    const WCHAR *DeviceName;
};

static SIM_PROCESS *Process;
static ADAPTER OnlyAdapter;
static volatile unsigned LogLines;
static volatile DWORD LogCode;
static _Thread_local DWORD LastError;

void
SimWin32Begin(const WCHAR *DeviceName)
{
    if (Process != NULL)
        abort();
    Process = SimProcessCreate();
    OnlyAdapter.DeviceName = DeviceName;
    LogLines = 0;
    LogCode = ERROR_SUCCESS;
}

void
SimWin32UseDevice(const WCHAR *DeviceName)
{
    OnlyAdapter.DeviceName = DeviceName;
}

WINTUN_ADAPTER_HANDLE
SimWin32Adapter(void)
{
    return &OnlyAdapter;
}

void
SimWin32End(void)
{
    SessionsForget();
    SimProcessExit(Process);
    Process = NULL;
    SimSettle();
}

SIM_PROCESS *
SimWin32Process(void)
{
    return Process;
}

unsigned
SimWin32LogLines(void)
{
    return __atomic_load_n(&LogLines, __ATOMIC_RELAXED);
}

DWORD
SimWin32LogError(void)
{
    return __atomic_load_n(&LogCode, __ATOMIC_RELAXED);
}

DWORD WINAPI
GetLastError(void)
{
    return LastError;
}

void WINAPI
SetLastError(DWORD Error)
{
    LastError = Error;
}

static PKEVENT
EventOf(const char *Call, HANDLE Handle)
{
    PKEVENT Event = SimEventOf(Process, Handle);
    if (Event == NULL)
        SimRuleBroken(Call, "synchapi", "%p is not the handle of an event of this process", Handle);
    return Event;
}

/* The longest single wait: a longer one counts as one without end and is repeated. */
#define WAIT_SLICE_MS 10000u

DWORD WINAPI
WaitForMultipleObjects(DWORD Count, const HANDLE *Handles, BOOL WaitForAll, DWORD Milliseconds)
{
    PVOID Events[THREAD_WAIT_OBJECTS];
    if (Count > ARRAYSIZE(Events))
        SimRuleBroken("WaitForMultipleObjects", "synchapi", "%u handles", Count);
    for (DWORD Index = 0; Index < Count; ++Index)
        Events[Index] = EventOf("WaitForMultipleObjects", Handles[Index]);
    /* Under the scheduler a wait without end is one: if nobody ends it, that is a deadlock. */
    BOOLEAN Endless = Milliseconds == INFINITE && SimScheduled();
    for (;;)
    {
        DWORD Slice = Milliseconds < WAIT_SLICE_MS ? Milliseconds : WAIT_SLICE_MS;
        LARGE_INTEGER Timeout = {.QuadPart = -(LONGLONG)Slice * 10000};
        NTSTATUS Status =
            KeWaitForMultipleObjects(Count, Events, WaitForAll ? WaitAll : WaitAny, UserRequest,
                                     KernelMode, FALSE, Endless ? NULL : &Timeout, NULL);
        if (Status != STATUS_TIMEOUT)
            return WAIT_OBJECT_0 + (DWORD)Status;
        if (Milliseconds == INFINITE)
            continue;
        Milliseconds -= Slice;
        if (Milliseconds == 0)
            return WAIT_TIMEOUT;
    }
}

DWORD WINAPI
WaitForSingleObject(HANDLE Handle, DWORD Milliseconds)
{
    return WaitForMultipleObjects(1, &Handle, FALSE, Milliseconds);
}

BOOL WINAPI
SetEvent(HANDLE Handle)
{
    KeSetEvent(EventOf("SetEvent", Handle), 0, FALSE);
    return TRUE;
}

BOOL WINAPI
ResetEvent(HANDLE Handle)
{
    KeResetEvent(EventOf("ResetEvent", Handle));
    return TRUE;
}

/* ---- What the session functions need of the rest of the DLL ------------------------------------
 */

ADAPTER *
AdapterAcquire(WINTUN_ADAPTER_HANDLE Handle)
{
    if (Handle == &OnlyAdapter)
        return &OnlyAdapter;
    SetLastError(ERROR_INVALID_PARAMETER);
    return NULL;
}

void
AdapterRelease(ADAPTER *Adapter)
{
    UNREFERENCED_PARAMETER(Adapter);
}

const WCHAR *
AdapterLabel(const ADAPTER *Adapter)
{
    return Adapter->DeviceName;
}

static void
CountLine(DWORD Error)
{
    __atomic_add_fetch(&LogLines, 1, __ATOMIC_RELAXED);
    if (Error != ERROR_SUCCESS)
        __atomic_store_n(&LogCode, Error, __ATOMIC_RELAXED);
}

void
LogInfo(const WCHAR *Format, ...)
{
    UNREFERENCED_PARAMETER(Format);
    CountLine(ERROR_SUCCESS);
}

DWORD
LogError(DWORD Error, const WCHAR *Format, ...)
{
    UNREFERENCED_PARAMETER(Format);
    CountLine(Error);
    return Error;
}

void
LogWarningError(DWORD Error, const WCHAR *Format, ...)
{
    UNREFERENCED_PARAMETER(Format);
    CountLine(Error);
}
