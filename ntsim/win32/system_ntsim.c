/* SPDX-License-Identifier: MIT */
/*
 * What the session code needs of a system (api/system.h), on the simulated kernel: the same
 * requests to the driver, in the same order and from the same threads, as api/system_windows.c
 * makes them.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "process.h"
#include "adapter.h"
#include "logger.h"
#include "../../api/system.h"
#include "../access.h"
#include "../io.h"
#include "../memory.h"
#include "../../contract/ring.h"
#include "../../contract/session.h"

/* As in system_windows.c. */
#define ACCEPT_TIMEOUT_MS   10000
#define YIELDS_BEFORE_SLEEP 32u

struct SYSTEM_LINK
{
    HANDLE Device;
    SIM_THREAD *Thread;
    KEVENT Decided; /* notification: Error is valid */
    DWORD Error;
    uint32_t Capacity;
    SIM_REQUEST *Request;
    BOOLEAN Closing; /* SystemLinkClose has been called */
    SYSTEM_LINK_PARTS Parts;
    void (*Ended)(void *Context);
    void *Context;
};

/* ---- Locks: a futex ---------------------------------------------------------------------------
 */

static BOOLEAN
IsLockFree(void *Context)
{
    return __atomic_load_n(&((SYSTEM_LOCK *)Context)->State, __ATOMIC_RELAXED) == 0;
}

void
SystemLockAcquire(SYSTEM_LOCK *Lock)
{
    unsigned Free = 0;
    SimPoint("AcquireSRWLockExclusive");
    if (SimScheduled() && !IsLockFree(Lock))
        SimScheduleWait("AcquireSRWLockExclusive", IsLockFree, Lock, NULL);
    if (__atomic_compare_exchange_n(&Lock->State, &Free, 1, FALSE, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED))
        return;
    while (__atomic_exchange_n(&Lock->State, 2, __ATOMIC_ACQUIRE) != 0)
        syscall(SYS_futex, &Lock->State, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
}

void
SystemLockRelease(SYSTEM_LOCK *Lock)
{
    if (__atomic_exchange_n(&Lock->State, 0, __ATOMIC_RELEASE) == 2)
        syscall(SYS_futex, &Lock->State, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    SimPoint("ReleaseSRWLockExclusive");
}

static BOOLEAN
IsZero(void *Context)
{
    return __atomic_load_n((volatile uint32_t *)Context, __ATOMIC_RELAXED) == 0;
}

void
SystemLetOthersRun(const volatile uint32_t *Word, uint32_t Turn)
{
    if (SimScheduled())
        SimScheduleWait("SystemLetOthersRun", IsZero, (void *)(uintptr_t)Word, NULL);
    else if (Turn < YIELDS_BEFORE_SLEEP)
        sched_yield();
    else
        usleep(1000);
}

void *
SystemAllocate(size_t Bytes)
{
    void *Memory = NULL;
    /* The structures have members that are aligned to cache lines. */
    if (!SimFault("HeapAlloc"))
        Memory = aligned_alloc(CULVERT_CACHE_LINE, (Bytes + CULVERT_CACHE_LINE - 1) /
                                                       CULVERT_CACHE_LINE * CULVERT_CACHE_LINE);
    if (Memory == NULL)
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    else
    {
        RtlZeroMemory(Memory, Bytes);
        if (SimScheduled())
            SimAccessShare(Memory, Bytes);
    }
    return Memory;
}

void
SystemFree(void *Memory)
{
    if (SimScheduled())
        SimAccessForget(Memory);
    free(Memory);
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
    switch (WaitForMultipleObjects(Cancel != NULL ? 2 : 1, Handles, FALSE, Milliseconds))
    {
    case WAIT_OBJECT_0:
        return ERROR_SUCCESS;
    case WAIT_OBJECT_0 + 1:
        return ERROR_OPERATION_ABORTED;
    default:
        return ERROR_TIMEOUT;
    }
}

uint64_t
SystemMilliseconds(void)
{
    struct timespec Now;
    if (SimScheduled())
        Now = SimScheduleNow();
    else
        clock_gettime(CLOCK_MONOTONIC, &Now);
    return (uint64_t)Now.tv_sec * 1000 + (uint64_t)Now.tv_nsec / 1000000;
}

void
SystemSetLastError(uint32_t Error)
{
    SetLastError(Error);
}

/* ---- The link ---------------------------------------------------------------------------------
 */

/* RtlNtStatusToDosError for what the driver and the I/O manager return. */
static DWORD
ErrorFromStatus(NTSTATUS Status)
{
    static const struct
    {
        NTSTATUS Status;
        DWORD Error;
    } Known[] = {
        {STATUS_CANCELLED, ERROR_OPERATION_ABORTED},
        {STATUS_DEVICE_REMOVED, ERROR_DEVICE_REMOVED},
        {STATUS_DATA_ERROR, ERROR_CRC},
        {STATUS_REVISION_MISMATCH, ERROR_REVISION_MISMATCH},
        {STATUS_INVALID_PARAMETER, ERROR_INVALID_PARAMETER},
        {STATUS_SHARING_VIOLATION, ERROR_SHARING_VIOLATION},
        {STATUS_INVALID_HANDLE, ERROR_INVALID_HANDLE},
        {STATUS_OBJECT_TYPE_MISMATCH, ERROR_INVALID_HANDLE},
        {STATUS_ACCESS_DENIED, ERROR_ACCESS_DENIED},
        {STATUS_DEVICE_NOT_READY, ERROR_NOT_READY},
        {STATUS_INSUFFICIENT_RESOURCES, ERROR_NO_SYSTEM_RESOURCES},
        {STATUS_OBJECT_NAME_NOT_FOUND, ERROR_FILE_NOT_FOUND},
        {STATUS_NO_SUCH_DEVICE, ERROR_FILE_NOT_FOUND},
    };
    for (unsigned At = 0; At < ARRAYSIZE(Known); ++At)
    {
        if (Known[At].Status == Status)
            return Known[At].Error;
    }
    return ERROR_MR_MID_NOT_FOUND;
}

/* Makes the request. ERROR_SUCCESS when the driver has accepted, or why it has not. */
static DWORD
LinkRequest(SYSTEM_LINK *Link)
{
    CULVERT_SESSION_START Start = {
        .ContractVersion = CULVERT_CONTRACT_VERSION,
        .Capacity = Link->Capacity,
        .ReceiveEvent = (ULONG_PTR)Link->Parts.ReceiveEvent,
        .SendSpaceEvent = (ULONG_PTR)Link->Parts.SendSpaceEvent,
        .SendEvent = (ULONG_PTR)Link->Parts.SendEvent,
    };
    NTSTATUS Status;
    Link->Request =
        SimDeviceControl(Link->Device, CULVERT_IOCTL_SESSION, &Start, sizeof(Start),
                         Link->Parts.Memory, CulvertSessionBytes(Link->Capacity), &Status);
    if (Link->Request == NULL)
        return ErrorFromStatus(Status);
    if (Status == STATUS_PENDING)
    {
        if (WaitForSingleObject(Link->Parts.SendSpaceEvent, ACCEPT_TIMEOUT_MS) != WAIT_OBJECT_0)
            return ERROR_TIMEOUT;
        ResetEvent(Link->Parts.SendSpaceEvent);
        return ERROR_SUCCESS;
    }
    SimRequestFree(Link->Request);
    Link->Request = NULL;
    return ErrorFromStatus(Status);
}

static BOOLEAN
IsFinished(void *Context)
{
    return ((SIM_REQUEST *)Context)->Finished;
}

/* Waits without a limit until the request is back; returns its error. */
static DWORD
LinkResult(SYSTEM_LINK *Link)
{
    SimDispatcherLock();
    while (!SimDispatcherWaitFor("the end of a session", IsFinished, Link->Request, NULL))
        ;
    SimDispatcherUnlock();
    return ErrorFromStatus(SimRequestWait(Link->Request, NULL));
}

static void
LinkThread(void *Parameter)
{
    SYSTEM_LINK *Link = Parameter;
    SimProcessEnter(SimWin32Process());
    DWORD Error = LinkRequest(Link);
    if (Error == ERROR_TIMEOUT)
    {
        SimRequestCancel(Link->Request);
        LinkResult(Link);
        SimRequestFree(Link->Request);
    }
    Link->Error = Error;
    KeSetEvent(&Link->Decided, 0, FALSE);
    if (Error != ERROR_SUCCESS)
        return;
    Error = LinkResult(Link);
    SimHandleClose(SimWin32Process(), Link->Device);
    Link->Device = NULL;
    if (!__atomic_load_n(&Link->Closing, __ATOMIC_ACQUIRE))
        LogWarningError(Error, L"The driver has ended the session");
    Link->Ended(Link->Context);
}

static HANDLE
CreateEventOf(EVENT_TYPE Type)
{
    return SimFault("CreateEventW") ? NULL
                                    : SimEventCreate(SimWin32Process(), EVENT_ALL_ACCESS, Type);
}

static void
CloseIfOpen(HANDLE Handle)
{
    if (Handle != NULL)
        SimHandleClose(SimWin32Process(), Handle);
}

void
SystemLinkCloseEvents(const SYSTEM_LINK_PARTS *Parts)
{
    CloseIfOpen(Parts->ReceiveEvent);
    CloseIfOpen(Parts->SendSpaceEvent);
    CloseIfOpen(Parts->SendEvent);
}

/* The events and the memory of a link. Whatever was made is in *Link, also on failure. */
static BOOLEAN
LinkCreateParts(SYSTEM_LINK *Link)
{
    Link->Parts.ReceiveEvent = CreateEventOf(SynchronizationEvent);
    Link->Parts.SendSpaceEvent = CreateEventOf(NotificationEvent);
    Link->Parts.SendEvent = CreateEventOf(SynchronizationEvent);
    if (Link->Parts.ReceiveEvent != NULL && Link->Parts.SendSpaceEvent != NULL &&
        Link->Parts.SendEvent != NULL && !SimFault("MapViewOfFile"))
        Link->Parts.Memory = SimPagesAllocate(CulvertSessionBytes(Link->Capacity));
    if (Link->Parts.Memory != NULL)
        return TRUE;
    SetLastError(LogError(ERROR_NOT_ENOUGH_MEMORY, L"Allocating the rings of a session"));
    return FALSE;
}

/* Frees all but the events that the session works with. */
static void
LinkDestroy(SYSTEM_LINK *Link)
{
    if (Link->Parts.Memory != NULL)
        SimPagesFree(Link->Parts.Memory, CulvertSessionBytes(Link->Capacity));
    CloseIfOpen(Link->Device);
    SystemFree(Link);
}

static BOOLEAN
LinkOpenDevice(SYSTEM_LINK *Link, SYSTEM_ADAPTER *Adapter)
{
    SimProcessEnter(SimWin32Process());
    NTSTATUS Status =
        SimFileOpen(AdapterLabel(Adapter), FILE_READ_DATA | FILE_WRITE_DATA, &Link->Device);
    if (NT_SUCCESS(Status))
        return TRUE;
    SetLastError(LogError(ErrorFromStatus(Status), L"Opening the device of adapter %s",
                          AdapterLabel(Adapter)));
    return FALSE;
}

static BOOLEAN
LinkStart(SYSTEM_LINK *Link, SYSTEM_ADAPTER *Adapter)
{
    KeInitializeEvent(&Link->Decided, NotificationEvent, FALSE);
    if (SimFault("CreateThread"))
    {
        SetLastError(LogError(ERROR_NOT_ENOUGH_MEMORY, L"Creating the thread of a session"));
        return FALSE;
    }
    Link->Thread = SimThreadCreate(LinkThread, Link, "a session's");
    KeWaitForSingleObject(&Link->Decided, UserRequest, KernelMode, FALSE, NULL);
    if (Link->Error == ERROR_SUCCESS)
        return TRUE;
    SimThreadJoin(Link->Thread);
    SetLastError(LogError(Link->Error, L"Starting a session on adapter %s", AdapterLabel(Adapter)));
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
    if (!LinkOpenDevice(Link, Adapter) || !LinkCreateParts(Link))
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
    __atomic_store_n(&Link->Closing, TRUE, __ATOMIC_RELEASE);
    SimRequestCancel(Link->Request);
    SimThreadJoin(Link->Thread);
    SimRequestFree(Link->Request);
    LinkDestroy(Link);
}
