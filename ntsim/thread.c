/* SPDX-License-Identifier: MIT */
/* Threads. Articles "System Threads", "Managing Hardware Priorities". */
#include <setjmp.h>
#include <stdlib.h>
#include "dispatcher.h"
#include "thread.h"

static _Thread_local struct _KTHREAD OwnThread; /* of threads that the test made */
static _Thread_local struct _KTHREAD *SystemThread;
static volatile unsigned SystemThreads; /* in code of a driver */
static volatile unsigned EndingThreads; /* have left it, and hold their object yet */

struct _KTHREAD *
SimThread(void)
{
    if (SystemThread != NULL)
        return SystemThread;
    if (!OwnThread.Known)
    {
        OwnThread.Known = TRUE;
        OwnThread.Processor = -1;
        SimDispatcherInit(&OwnThread.Header, SIM_DISPATCHER_THREAD, 0);
    }
    return &OwnThread;
}

unsigned
SimSystemThreads(void)
{
    return __atomic_load_n(&SystemThreads, __ATOMIC_ACQUIRE);
}

unsigned
SimEndingThreads(void)
{
    return __atomic_load_n(&EndingThreads, __ATOMIC_ACQUIRE);
}

PKTHREAD NTAPI
KeGetCurrentThread(VOID)
{
    return SimThread();
}

void
SimCheckReturn(const char *Routine, KIRQL Irql)
{
    struct _KTHREAD *Thread = SimThread();
    if (Thread->Irql != Irql)
        SimRuleBroken(Routine, "Managing Hardware Priorities",
                      "the routine was entered at IRQL %u and returned at %u", Irql, Thread->Irql);
    if (Thread->FastMutexes != 0 || (Thread->SpinLocks != 0 && Irql < DISPATCH_LEVEL))
        SimRuleBroken(Routine, "Fast Mutexes and Guarded Mutexes",
                      "the routine returned with a lock held");
    if (Thread->CriticalRegions != 0)
        SimRuleBroken(Routine, "Critical Regions and Guarded Regions",
                      "the routine returned inside a critical region");
    if (Thread->Rundowns != 0)
        SimRuleBroken(Routine, "Run-Down Protection",
                      "the routine returned with rundown protection held");
}

/* ---- Suspension ---------------------------------------------------------------------------------
 */

void
SimCheckSuspension(const char *Call)
{
    const struct _KTHREAD *Thread = SimThread();
    if (Thread->Rundowns != 0 && SimMayBeSuspended(Thread))
        SimRuleBroken(Call, "Run-Down Protection",
                      "rundown protection is held where the thread can be suspended: whoever runs "
                      "the object down would wait until it is resumed. A critical region, a "
                      "guarded region or at least APC_LEVEL is required");
}

BOOLEAN SimSendsAreShielded;

/* A driver completes sends. It has had the lists until now, and whoever pauses what is above it
 * waits for them: article "Pausing a Driver Stack". That a thread can be suspended meanwhile breaks
 * no rule of Windows', only a promise that a driver may make. */
VOID NTAPI
__wrap_NdisMSendNetBufferListsComplete(NDIS_HANDLE MiniportAdapterHandle,
                                       PNET_BUFFER_LIST NetBufferList, ULONG SendCompleteFlags);
VOID NTAPI
__wrap_NdisMSendNetBufferListsComplete(NDIS_HANDLE MiniportAdapterHandle,
                                       PNET_BUFFER_LIST NetBufferList, ULONG SendCompleteFlags)
{
#if !defined(SIM_UNCHECKED)
    if (SimSendsAreShielded && SimMayBeSuspended(SimThread()))
        SimRuleBroken("NdisMSendNetBufferListsComplete", "Disabling APCs",
                      "the driver has lists to send where the thread can be suspended: whoever "
                      "pauses the binding would wait until it is resumed. A critical region, a "
                      "guarded region or at least APC_LEVEL is required");
#endif
    NdisMSendNetBufferListsComplete(MiniportAdapterHandle, NetBufferList, SendCompleteFlags);
}

VOID NTAPI
KeEnterCriticalRegion(VOID)
{
    SimCheckIrql("KeEnterCriticalRegion", "wdm/nf-wdm-keentercriticalregion", PASSIVE_LEVEL,
                 APC_LEVEL);
    SimThread()->CriticalRegions++;
    SimPoint("KeEnterCriticalRegion");
}

VOID NTAPI
KeLeaveCriticalRegion(VOID)
{
    static const char Page[] = "wdm/nf-wdm-keleavecriticalregion";
    struct _KTHREAD *Thread = SimThread();
    SimCheckIrql("KeLeaveCriticalRegion", Page, PASSIVE_LEVEL, APC_LEVEL);
    if (Thread->CriticalRegions == 0)
        SimRuleBroken("KeLeaveCriticalRegion", Page, "the thread is in no critical region");
    Thread->CriticalRegions--;
    SimCheckSuspension("KeLeaveCriticalRegion");
    SimPoint("KeLeaveCriticalRegion");
}

/* Where PsTerminateSystemThread goes, out of the driver's frames: once the thread object is
 * signalled, nothing may look at those, as the driver may be unloaded. */
static _Thread_local jmp_buf Terminated;

static void
EndThread(void)
{
    struct _KTHREAD *Thread = SystemThread;
    SimCheckReturn("the start routine of a system thread", PASSIVE_LEVEL);
    SimDispatcherLock();
    Thread->Header.SignalState = 1;
    __atomic_sub_fetch(&SystemThreads, 1, __ATOMIC_RELEASE);
    __atomic_add_fetch(&EndingThreads, 1, __ATOMIC_RELAXED);
    SimDispatcherChanged();
    SimDispatcherUnlock();
    ObDereferenceObject(Thread);
    SystemThread = NULL;
    SimDispatcherLock();
    __atomic_sub_fetch(&EndingThreads, 1, __ATOMIC_RELEASE);
    SimDispatcherChanged();
    SimDispatcherUnlock();
}

static void
ThreadMain(void *Context)
{
    SystemThread = Context;
    if (setjmp(Terminated) == 0)
        SystemThread->Start(SystemThread->Context);
    EndThread();
}

NTSTATUS NTAPI
PsCreateSystemThread(PHANDLE ThreadHandle, ULONG DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                     HANDLE ProcessHandle, PCLIENT_ID ClientId, PKSTART_ROUTINE StartRoutine,
                     PVOID StartContext)
{
    static const char Call[] = "PsCreateSystemThread";
    static const char Page[] = "wdm/nf-wdm-pscreatesystemthread";
    SimCheckIrql(Call, Page, PASSIVE_LEVEL, PASSIVE_LEVEL);
    /* "If the driver is running in a context other than the system process, it must set
     * OBJ_KERNEL_HANDLE": a driver cannot know. */
    if (ObjectAttributes == NULL || (ObjectAttributes->Attributes & OBJ_KERNEL_HANDLE) == 0)
        SimRuleBroken(Call, Page, "the handle is not a kernel handle (OBJ_KERNEL_HANDLE)");
    if (ProcessHandle != NULL || ClientId != NULL)
        SimRuleBroken(Call, Page, "ProcessHandle or ClientId is not NULL");
    if (SimFault(Call))
        return STATUS_INSUFFICIENT_RESOURCES;
    struct _KTHREAD *Thread = SimObjectCreate(&SimThreadType, sizeof(*Thread));
    SimDispatcherInit(&Thread->Header, SIM_DISPATCHER_THREAD, 0);
    Thread->System = Thread->Known = TRUE;
    Thread->Processor = -1;
    Thread->Start = StartRoutine;
    Thread->Context = StartContext;
    /* The reference of creation is the running thread's. */
    *ThreadHandle = SimHandleCreate(NULL, Thread, DesiredAccess);
    __atomic_add_fetch(&SystemThreads, 1, __ATOMIC_RELAXED);
    SimThreadDetach(SimThreadCreate(ThreadMain, Thread, "system thread"));
    SimPoint(Call);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
PsTerminateSystemThread(NTSTATUS ExitStatus)
{
    UNREFERENCED_PARAMETER(ExitStatus);
    SimCheckIrql("PsTerminateSystemThread", "wdm/nf-wdm-psterminatesystemthread", PASSIVE_LEVEL,
                 PASSIVE_LEVEL);
    if (SystemThread == NULL)
        SimRuleBroken("PsTerminateSystemThread", "wdm/nf-wdm-psterminatesystemthread",
                      "the thread was not made by PsCreateSystemThread");
    longjmp(Terminated, 1);
}
