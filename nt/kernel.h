/* SPDX-License-Identifier: MIT */
/*
 * Kernel synchronisation: dispatcher objects, spin locks, timers, DPCs, waits, rundown protection,
 * fast mutexes and resources; processors and time.
 *
 * Import names are those that Windows 7 exports. They differ by architecture where a comment says
 * so.
 */
#ifndef CULVERT_NT_KERNEL_H
#define CULVERT_NT_KERNEL_H

#include "types.h"
#include "status.h"
#include "lists.h"
#include "interlocked.h"

#define PASSIVE_LEVEL  0
#define LOW_LEVEL      0
#define APC_LEVEL      1
#define DISPATCH_LEVEL 2
#define HIGH_LEVEL     NT_BY_WIDTH(15, 31)

typedef enum _MODE
{
    KernelMode,
    UserMode,
    MaximumMode
} MODE;

typedef enum _KWAIT_REASON
{
    Executive,
    FreePage,
    PageIn,
    PoolAllocation,
    DelayExecution,
    Suspended,
    UserRequest
} KWAIT_REASON;

typedef enum _WAIT_TYPE
{
    WaitAll,
    WaitAny
} WAIT_TYPE;

typedef enum _EVENT_TYPE
{
    NotificationEvent,
    SynchronizationEvent
} EVENT_TYPE;

typedef enum _TIMER_TYPE
{
    NotificationTimer,
    SynchronizationTimer
} TIMER_TYPE;

#define THREAD_WAIT_OBJECTS   3
#define MAXIMUM_WAIT_OBJECTS  64
#define LOW_PRIORITY          0
#define LOW_REALTIME_PRIORITY 16
#define HIGH_PRIORITY         31
#define EVENT_INCREMENT       1
#define ALL_PROCESSOR_GROUPS  0xffff

typedef struct _KTHREAD *PKTHREAD, *PRKTHREAD;
typedef struct _EPROCESS *PEPROCESS;
typedef struct _KPROCESS *PKPROCESS, *PRKPROCESS;
typedef struct _ETHREAD *PETHREAD;

/* The head of every object that a thread can wait for. Opaque: use KeReadStateEvent. */
typedef struct _DISPATCHER_HEADER
{
    union {
        LONG volatile Lock;
        struct
        {
            UCHAR Type;
            UCHAR Signalling;
            UCHAR Size;
            UCHAR Reserved1;
        };
    };
    LONG SignalState;
    LIST_ENTRY WaitListHead;
} DISPATCHER_HEADER, *PDISPATCHER_HEADER;
NT_ASSERT_SIZE(DISPATCHER_HEADER, 24, 16);
NT_ASSERT_OFFSET(DISPATCHER_HEADER, SignalState, 4, 4);
NT_ASSERT_OFFSET(DISPATCHER_HEADER, WaitListHead, 8, 8);

/* "Event objects" */
typedef struct _KEVENT
{
    DISPATCHER_HEADER Header;
} KEVENT, *PKEVENT, *PRKEVENT;
NT_ASSERT_SIZE(KEVENT, 24, 16);

/* "Mutex objects" */
typedef struct _KMUTANT
{
    DISPATCHER_HEADER Header;
    LIST_ENTRY MutantListEntry;
    struct _KTHREAD *OwnerThread;
    BOOLEAN Abandoned;
    UCHAR ApcDisable;
} KMUTANT, *PKMUTANT, *PRKMUTANT, KMUTEX, *PKMUTEX, *PRKMUTEX;
NT_ASSERT_SIZE(KMUTANT, 56, 32);
NT_ASSERT_OFFSET(KMUTANT, OwnerThread, 40, 24);

/* "Semaphore objects" */
typedef struct _KSEMAPHORE
{
    DISPATCHER_HEADER Header;
    LONG Limit;
} KSEMAPHORE, *PKSEMAPHORE, *PRKSEMAPHORE;
NT_ASSERT_SIZE(KSEMAPHORE, 32, 20);
NT_ASSERT_OFFSET(KSEMAPHORE, Limit, 24, 16);

struct _KDPC;

/* wdm/nc-wdm-kdeferred_routine. Runs at DISPATCH_LEVEL. */
_Function_class_(KDEFERRED_ROUTINE)
_IRQL_requires_(DISPATCH_LEVEL)
_IRQL_requires_same_
typedef VOID NTAPI
KDEFERRED_ROUTINE(_In_ struct _KDPC *Dpc, _In_opt_ PVOID DeferredContext,
                  _In_opt_ PVOID SystemArgument1, _In_opt_ PVOID SystemArgument2);
typedef KDEFERRED_ROUTINE *PKDEFERRED_ROUTINE;

typedef enum _KDPC_IMPORTANCE
{
    LowImportance,
    MediumImportance,
    HighImportance,
    MediumHighImportance
} KDPC_IMPORTANCE;

/* "Introduction to DPC objects" */
typedef struct _KDPC
{
    union {
        ULONG TargetInfoAsUlong;
        struct
        {
            UCHAR Type;
            UCHAR Importance;
            USHORT volatile Number;
        };
    };
    SINGLE_LIST_ENTRY DpcListEntry;
    KAFFINITY ProcessorHistory;
    PKDEFERRED_ROUTINE DeferredRoutine;
    PVOID DeferredContext;
    PVOID SystemArgument1;
    PVOID SystemArgument2;
    PVOID DpcData;
} KDPC, *PKDPC, *PRKDPC;
NT_ASSERT_SIZE(KDPC, 64, 32);
NT_ASSERT_OFFSET(KDPC, DeferredRoutine, 24, 12);

/* "Timer objects and DPCs" */
typedef struct _KTIMER
{
    DISPATCHER_HEADER Header;
    ULARGE_INTEGER DueTime;
    LIST_ENTRY TimerListEntry;
    struct _KDPC *Dpc;
#if NT_POINTER_BITS == 64
    ULONG Processor;
#endif
    ULONG Period;
} KTIMER, *PKTIMER, *PRKTIMER;
NT_ASSERT_SIZE(KTIMER, 64, 40);
NT_ASSERT_OFFSET(KTIMER, Dpc, 48, 32);
NT_ASSERT_OFFSET(KTIMER, Period, 60, 36);

/* "Queued spin locks" */
typedef struct _KSPIN_LOCK_QUEUE
{
    struct _KSPIN_LOCK_QUEUE *volatile Next;
    PKSPIN_LOCK volatile Lock;
} KSPIN_LOCK_QUEUE, *PKSPIN_LOCK_QUEUE;
NT_ASSERT_SIZE(KSPIN_LOCK_QUEUE, 16, 8);

typedef struct _KLOCK_QUEUE_HANDLE
{
    KSPIN_LOCK_QUEUE LockQueue;
    KIRQL OldIrql;
} KLOCK_QUEUE_HANDLE, *PKLOCK_QUEUE_HANDLE;
NT_ASSERT_SIZE(KLOCK_QUEUE_HANDLE, 24, 12);
NT_ASSERT_OFFSET(KLOCK_QUEUE_HANDLE, OldIrql, 16, 8);

typedef struct _KWAIT_BLOCK
{
    PVOID Opaque[NT_BY_WIDTH(6, 6)];
} KWAIT_BLOCK, *PKWAIT_BLOCK, *PRKWAIT_BLOCK;
NT_ASSERT_SIZE(KWAIT_BLOCK, 48, 24);

/* "Run-down protection" */
typedef struct _EX_RUNDOWN_REF
{
    union {
        ULONG_PTR volatile Count;
        PVOID volatile Ptr;
    };
} EX_RUNDOWN_REF, *PEX_RUNDOWN_REF;
NT_ASSERT_SIZE(EX_RUNDOWN_REF, 8, 4);

/* "Fast mutexes" */
typedef struct _FAST_MUTEX
{
    LONG volatile Count;
    PVOID Owner;
    ULONG Contention;
    KEVENT Event;
    ULONG OldIrql;
} FAST_MUTEX, *PFAST_MUTEX;
NT_ASSERT_SIZE(FAST_MUTEX, 56, 32);
NT_ASSERT_OFFSET(FAST_MUTEX, Event, 24, 12);

typedef ULONG_PTR ERESOURCE_THREAD;

typedef struct _OWNER_ENTRY
{
    ERESOURCE_THREAD OwnerThread;
    union {
        struct
        {
            ULONG IoPriorityBoosted : 1;
            ULONG OwnerReferenced : 1;
            ULONG IoQoSPriorityBoosted : 1;
            ULONG OwnerCount : 29;
        };
        ULONG TableSize;
    };
} OWNER_ENTRY, *POWNER_ENTRY;
NT_ASSERT_SIZE(OWNER_ENTRY, 16, 8);

/* "Introduction to ERESOURCE routines". Opaque. */
typedef struct _ERESOURCE
{
    LIST_ENTRY SystemResourcesList;
    POWNER_ENTRY OwnerTable;
    SHORT ActiveCount;
    union {
        USHORT Flag;
        struct
        {
            UCHAR ReservedLowFlags;
            UCHAR WaiterPriority;
        };
    };
    PVOID SharedWaiters;
    PVOID ExclusiveWaiters;
    OWNER_ENTRY OwnerEntry;
    ULONG ActiveEntries;
    ULONG ContentionCount;
    ULONG NumberOfSharedWaiters;
    ULONG NumberOfExclusiveWaiters;
#if NT_POINTER_BITS == 64
    PVOID Reserved2;
#endif
    union {
        PVOID Address;
        ULONG_PTR CreatorBackTraceIndex;
    };
    KSPIN_LOCK SpinLock;
} ERESOURCE, *PERESOURCE;
NT_ASSERT_SIZE(ERESOURCE, 104, 56);
NT_ASSERT_OFFSET(ERESOURCE, OwnerEntry, 48, 24);

/* IRQL. On amd64 the WDK reads CR8; the exported function does the same. x86: in hal.dll. */
NTHALAPI KIRQL NTAPI KeGetCurrentIrql(VOID);
#if defined(_X86_)
NTHALAPI KIRQL FASTCALL
KfRaiseIrql(_In_ KIRQL NewIrql);
NTHALAPI VOID FASTCALL
KfLowerIrql(_In_ KIRQL NewIrql);
#define KeLowerIrql(NewIrql) KfLowerIrql(NewIrql)
#else
NTKERNELAPI KIRQL NTAPI
KfRaiseIrql(_In_ KIRQL NewIrql);
NTKERNELAPI VOID NTAPI
KeLowerIrql(_In_ KIRQL NewIrql);
#endif
#define KeRaiseIrql(NewIrql, OldIrql) (*(OldIrql) = KfRaiseIrql(NewIrql))

/* Spin locks. wdm/nf-wdm-keacquirespinlock: up to DISPATCH_LEVEL; data they guard is non-paged. */
FORCEINLINE VOID
KeInitializeSpinLock(_Out_ PKSPIN_LOCK SpinLock)
{
    *SpinLock = 0;
}

#if defined(_X86_)
NTHALAPI KIRQL FASTCALL
KfAcquireSpinLock(_Inout_ PKSPIN_LOCK SpinLock);
NTHALAPI VOID FASTCALL
KfReleaseSpinLock(_Inout_ PKSPIN_LOCK SpinLock, _In_ KIRQL NewIrql);
NTKERNELAPI VOID FASTCALL
KefAcquireSpinLockAtDpcLevel(_Inout_ PKSPIN_LOCK SpinLock);
NTKERNELAPI VOID FASTCALL
KefReleaseSpinLockFromDpcLevel(_Inout_ PKSPIN_LOCK SpinLock);
#define KeAcquireSpinLock(SpinLock, OldIrql)    (*(OldIrql) = KfAcquireSpinLock(SpinLock))
#define KeReleaseSpinLock(SpinLock, NewIrql)    KfReleaseSpinLock(SpinLock, NewIrql)
#define KeAcquireSpinLockAtDpcLevel(SpinLock)   KefAcquireSpinLockAtDpcLevel(SpinLock)
#define KeReleaseSpinLockFromDpcLevel(SpinLock) KefReleaseSpinLockFromDpcLevel(SpinLock)
#else
NTKERNELAPI KIRQL NTAPI
KeAcquireSpinLockRaiseToDpc(_Inout_ PKSPIN_LOCK SpinLock);
NTKERNELAPI VOID NTAPI
KeReleaseSpinLock(_Inout_ PKSPIN_LOCK SpinLock, _In_ KIRQL NewIrql);
NTKERNELAPI VOID NTAPI
KeAcquireSpinLockAtDpcLevel(_Inout_ PKSPIN_LOCK SpinLock);
NTKERNELAPI VOID NTAPI
KeReleaseSpinLockFromDpcLevel(_Inout_ PKSPIN_LOCK SpinLock);
#define KeAcquireSpinLock(SpinLock, OldIrql) (*(OldIrql) = KeAcquireSpinLockRaiseToDpc(SpinLock))
#endif

/* wdm/nf-wdm-keacquireinstackqueuedspinlock. x86: the first two are exported by hal.dll. */
NTHALAPI VOID FASTCALL
KeAcquireInStackQueuedSpinLock(_Inout_ PKSPIN_LOCK SpinLock, _Out_ PKLOCK_QUEUE_HANDLE LockHandle);
NTHALAPI VOID FASTCALL
KeReleaseInStackQueuedSpinLock(_In_ PKLOCK_QUEUE_HANDLE LockHandle);
NTKERNELAPI VOID FASTCALL
KeAcquireInStackQueuedSpinLockAtDpcLevel(_Inout_ PKSPIN_LOCK SpinLock,
                                         _Out_ PKLOCK_QUEUE_HANDLE LockHandle);
NTKERNELAPI VOID FASTCALL
KeReleaseInStackQueuedSpinLockFromDpcLevel(_In_ PKLOCK_QUEUE_HANDLE LockHandle);

/* Events. wdm/nf-wdm-kesetevent: up to DISPATCH_LEVEL, at most APC_LEVEL with Wait. */
NTKERNELAPI VOID NTAPI
KeInitializeEvent(_Out_ PRKEVENT Event, _In_ EVENT_TYPE Type, _In_ BOOLEAN State);
_IRQL_requires_max_(DISPATCH_LEVEL)
NTKERNELAPI LONG NTAPI
KeSetEvent(_Inout_ PRKEVENT Event, _In_ KPRIORITY Increment, _In_ BOOLEAN Wait);
_IRQL_requires_max_(DISPATCH_LEVEL)
NTKERNELAPI LONG NTAPI
KeResetEvent(_Inout_ PRKEVENT Event);
_IRQL_requires_max_(DISPATCH_LEVEL)
NTKERNELAPI VOID NTAPI
KeClearEvent(_Inout_ PRKEVENT Event);
_IRQL_requires_max_(DISPATCH_LEVEL)
NTKERNELAPI LONG NTAPI
KeReadStateEvent(_In_ PRKEVENT Event);

/* Mutexes and semaphores. */
NTKERNELAPI VOID NTAPI
KeInitializeMutex(_Out_ PRKMUTEX Mutex, _In_ ULONG Level);
_IRQL_requires_max_(DISPATCH_LEVEL)
NTKERNELAPI LONG NTAPI
KeReleaseMutex(_Inout_ PRKMUTEX Mutex, _In_ BOOLEAN Wait);
NTKERNELAPI VOID NTAPI
KeInitializeSemaphore(_Out_ PRKSEMAPHORE Semaphore, _In_ LONG Count, _In_ LONG Limit);
_IRQL_requires_max_(DISPATCH_LEVEL)
NTKERNELAPI LONG NTAPI
KeReleaseSemaphore(_Inout_ PRKSEMAPHORE Semaphore, _In_ KPRIORITY Increment, _In_ LONG Adjustment,
                   _In_ BOOLEAN Wait);

/* Waits. Timeouts are in 100 ns: negative from now, NULL for ever; DISPATCH_LEVEL: zero only. */
_IRQL_requires_max_(DISPATCH_LEVEL)
_When_((Timeout == NULL), _IRQL_requires_max_(APC_LEVEL)) NTKERNELAPI NTSTATUS NTAPI
    KeWaitForSingleObject(_In_ PVOID Object, _In_ KWAIT_REASON WaitReason,
                          _In_ KPROCESSOR_MODE WaitMode, _In_ BOOLEAN Alertable,
                          _In_opt_ PLARGE_INTEGER Timeout);
_IRQL_requires_max_(DISPATCH_LEVEL)
_When_((Timeout == NULL), _IRQL_requires_max_(APC_LEVEL)) NTKERNELAPI NTSTATUS NTAPI
    KeWaitForMultipleObjects(_In_ ULONG Count, _In_reads_(Count) PVOID Object[],
                             _In_ WAIT_TYPE WaitType, _In_ KWAIT_REASON WaitReason,
                             _In_ KPROCESSOR_MODE WaitMode, _In_ BOOLEAN Alertable,
                             _In_opt_ PLARGE_INTEGER Timeout,
                             _Out_writes_opt_(Count) PKWAIT_BLOCK WaitBlockArray);
#define KeWaitForMutexObject KeWaitForSingleObject
_IRQL_requires_max_(APC_LEVEL)
NTKERNELAPI NTSTATUS NTAPI
KeDelayExecutionThread(_In_ KPROCESSOR_MODE WaitMode, _In_ BOOLEAN Alertable,
                       _In_ PLARGE_INTEGER Interval);

/* DPCs and timers. */
NTKERNELAPI VOID NTAPI
KeInitializeDpc(_Out_ PRKDPC Dpc, _In_ PKDEFERRED_ROUTINE DeferredRoutine,
                _In_opt_ PVOID DeferredContext);
NTKERNELAPI BOOLEAN NTAPI
KeInsertQueueDpc(_Inout_ PRKDPC Dpc, _In_opt_ PVOID SystemArgument1,
                 _In_opt_ PVOID SystemArgument2);
NTKERNELAPI BOOLEAN NTAPI
KeRemoveQueueDpc(_Inout_ PRKDPC Dpc);
NTKERNELAPI VOID NTAPI
KeSetImportanceDpc(_Inout_ PRKDPC Dpc, _In_ KDPC_IMPORTANCE Importance);
NTKERNELAPI NTSTATUS NTAPI
KeSetTargetProcessorDpcEx(_Inout_ PKDPC Dpc, _In_ PPROCESSOR_NUMBER Processor);
_IRQL_requires_max_(PASSIVE_LEVEL)
NTKERNELAPI VOID NTAPI KeFlushQueuedDpcs(VOID);
NTKERNELAPI VOID NTAPI
KeInitializeTimer(_Out_ PKTIMER Timer);
NTKERNELAPI VOID NTAPI
KeInitializeTimerEx(_Out_ PKTIMER Timer, _In_ TIMER_TYPE Type);
_IRQL_requires_max_(DISPATCH_LEVEL)
NTKERNELAPI BOOLEAN NTAPI
KeSetTimer(_Inout_ PKTIMER Timer, _In_ LARGE_INTEGER DueTime, _In_opt_ PKDPC Dpc);
_IRQL_requires_max_(DISPATCH_LEVEL)
NTKERNELAPI BOOLEAN NTAPI
KeSetTimerEx(_Inout_ PKTIMER Timer, _In_ LARGE_INTEGER DueTime, _In_ LONG Period,
             _In_opt_ PKDPC Dpc);
_IRQL_requires_max_(DISPATCH_LEVEL)
NTKERNELAPI BOOLEAN NTAPI
KeCancelTimer(_Inout_ PKTIMER Timer);
_IRQL_requires_max_(DISPATCH_LEVEL)
NTKERNELAPI BOOLEAN NTAPI
KeReadStateTimer(_In_ PKTIMER Timer);

/* Threads, processors. */
NTKERNELAPI PKTHREAD NTAPI KeGetCurrentThread(VOID);
_IRQL_requires_max_(APC_LEVEL)
NTKERNELAPI VOID NTAPI KeEnterCriticalRegion(VOID);
_IRQL_requires_max_(APC_LEVEL)
NTKERNELAPI VOID NTAPI KeLeaveCriticalRegion(VOID);
_IRQL_requires_max_(DISPATCH_LEVEL)
NTKERNELAPI KPRIORITY NTAPI
KeSetPriorityThread(_Inout_ PKTHREAD Thread, _In_ KPRIORITY Priority);
NTKERNELAPI ULONG NTAPI
KeQueryActiveProcessorCountEx(_In_ USHORT GroupNumber);
NTKERNELAPI ULONG NTAPI
KeQueryMaximumProcessorCountEx(_In_ USHORT GroupNumber);
NTKERNELAPI ULONG NTAPI
KeGetCurrentProcessorNumberEx(_Out_opt_ PPROCESSOR_NUMBER ProcNumber);
NTKERNELAPI NTSTATUS NTAPI
KeGetProcessorNumberFromIndex(_In_ ULONG ProcIndex, _Out_ PPROCESSOR_NUMBER ProcNumber);
DECLSPEC_NORETURN NTKERNELAPI VOID NTAPI
KeBugCheckEx(_In_ ULONG BugCheckCode, _In_ ULONG_PTR Parameter1, _In_ ULONG_PTR Parameter2,
             _In_ ULONG_PTR Parameter3, _In_ ULONG_PTR Parameter4);

/*
 * Time, in 100 ns units. KeQueryUnbiasedInterruptTime (Windows 7, exported everywhere) and
 * KeQueryPerformanceCounter are the portable clocks. On 64-bit Windows the others are not exported;
 * as in the WDK they read the page that the kernel shares with everyone, at its documented address.
 */
NTKERNELAPI ULONGLONG NTAPI KeQueryUnbiasedInterruptTime(VOID);
NTHALAPI LARGE_INTEGER NTAPI
KeQueryPerformanceCounter(_Out_opt_ PLARGE_INTEGER PerformanceFrequency);
NTKERNELAPI ULONG NTAPI KeQueryTimeIncrement(VOID);
#if defined(_WIN32) && NT_POINTER_BITS == 64
#define KI_USER_SHARED_DATA    0xFFFFF78000000000ULL
#define SharedInterruptTime    (KI_USER_SHARED_DATA + 0x8)
#define SharedSystemTime       (KI_USER_SHARED_DATA + 0x14)
#define SharedTickCount        (KI_USER_SHARED_DATA + 0x320)
#define KeQueryInterruptTime() (*(volatile ULONG64 *)SharedInterruptTime)

/* The system time is not 8-byte aligned in the page; both processors read it in one piece. */
FORCEINLINE VOID
KeQuerySystemTime(_Out_ PLARGE_INTEGER CurrentTime)
{
    CurrentTime->QuadPart = *(volatile LONG64 *)SharedSystemTime;
}

FORCEINLINE VOID
KeQueryTickCount(_Out_ PLARGE_INTEGER TickCount)
{
    TickCount->QuadPart = *(volatile LONG64 *)SharedTickCount;
}
#else
NTKERNELAPI ULONGLONG NTAPI KeQueryInterruptTime(VOID);
NTKERNELAPI VOID NTAPI
KeQuerySystemTime(_Out_ PLARGE_INTEGER CurrentTime);
NTKERNELAPI VOID NTAPI
KeQueryTickCount(_Out_ PLARGE_INTEGER TickCount);
#endif

/*
 * Rundown protection. Acquire, release: any IRQL for non-paged references that do not wait, as
 * documented up to DISPATCH_LEVEL. Wait: at most APC_LEVEL; the Ex variants count several at once.
 */
NTKERNELAPI VOID FASTCALL
ExInitializeRundownProtection(_Out_ PEX_RUNDOWN_REF RunRef);
NTKERNELAPI VOID FASTCALL
ExReInitializeRundownProtection(_Inout_ PEX_RUNDOWN_REF RunRef);
_Must_inspect_result_
NTKERNELAPI BOOLEAN FASTCALL
ExAcquireRundownProtection(_Inout_ PEX_RUNDOWN_REF RunRef);
_Must_inspect_result_
NTKERNELAPI BOOLEAN FASTCALL
ExAcquireRundownProtectionEx(_Inout_ PEX_RUNDOWN_REF RunRef, _In_ ULONG Count);
NTKERNELAPI VOID FASTCALL
ExReleaseRundownProtection(_Inout_ PEX_RUNDOWN_REF RunRef);
NTKERNELAPI VOID FASTCALL
ExReleaseRundownProtectionEx(_Inout_ PEX_RUNDOWN_REF RunRef, _In_ ULONG Count);
_IRQL_requires_max_(APC_LEVEL)
NTKERNELAPI VOID FASTCALL
ExWaitForRundownProtectionRelease(_Inout_ PEX_RUNDOWN_REF RunRef);
NTKERNELAPI VOID FASTCALL
ExRundownCompleted(_Out_ PEX_RUNDOWN_REF RunRef);

/* Fast mutexes: acquired at most at APC_LEVEL, held at APC_LEVEL; with the Unsafe functions, which
 * leave the IRQL alone, held at APC_LEVEL or in a critical region. x86: exported by hal.dll, but
 * the Unsafe ones by the kernel. */
FORCEINLINE VOID
ExInitializeFastMutex(_Out_ PFAST_MUTEX FastMutex)
{
    FastMutex->Count = 1;
    FastMutex->Owner = NULL;
    FastMutex->Contention = 0;
    KeInitializeEvent(&FastMutex->Event, SynchronizationEvent, FALSE);
}

_IRQL_requires_max_(APC_LEVEL)
NTHALAPI VOID FASTCALL
ExAcquireFastMutex(_Inout_ PFAST_MUTEX FastMutex);
NTHALAPI VOID FASTCALL
ExReleaseFastMutex(_Inout_ PFAST_MUTEX FastMutex);
_IRQL_requires_max_(APC_LEVEL)
NTKERNELAPI VOID FASTCALL
ExAcquireFastMutexUnsafe(_Inout_ PFAST_MUTEX FastMutex);
_IRQL_requires_max_(APC_LEVEL)
NTKERNELAPI VOID FASTCALL
ExReleaseFastMutexUnsafe(_Inout_ PFAST_MUTEX FastMutex);
_Must_inspect_result_
_IRQL_requires_max_(APC_LEVEL)
NTHALAPI BOOLEAN FASTCALL
ExTryToAcquireFastMutex(_Inout_ PFAST_MUTEX FastMutex);

/* Resources: at most APC_LEVEL, normal kernel APCs disabled by the caller. */
NTKERNELAPI NTSTATUS NTAPI
ExInitializeResourceLite(_Out_ PERESOURCE Resource);
NTKERNELAPI NTSTATUS NTAPI
ExDeleteResourceLite(_Inout_ PERESOURCE Resource);
NTKERNELAPI BOOLEAN NTAPI
ExAcquireResourceSharedLite(_Inout_ PERESOURCE Resource, _In_ BOOLEAN Wait);
NTKERNELAPI BOOLEAN NTAPI
ExAcquireResourceExclusiveLite(_Inout_ PERESOURCE Resource, _In_ BOOLEAN Wait);
NTKERNELAPI VOID FASTCALL
ExReleaseResourceLite(_Inout_ PERESOURCE Resource);
NTKERNELAPI BOOLEAN NTAPI
ExIsResourceAcquiredExclusiveLite(_In_ PERESOURCE Resource);
NTKERNELAPI ULONG NTAPI
ExIsResourceAcquiredSharedLite(_In_ PERESOURCE Resource);
NTKERNELAPI PVOID NTAPI
ExEnterCriticalRegionAndAcquireResourceShared(_Inout_ PERESOURCE Resource);
NTKERNELAPI PVOID NTAPI
ExEnterCriticalRegionAndAcquireResourceExclusive(_Inout_ PERESOURCE Resource);
NTKERNELAPI VOID FASTCALL
ExReleaseResourceAndLeaveCriticalRegion(_Inout_ PERESOURCE Resource);

#endif
