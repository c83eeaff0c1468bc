/* SPDX-License-Identifier: MIT */
/*
 * The simulator finds what it is there for: each test breaks one rule in a child process, which
 * must die with the report of that rule.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "runner.h"
#include "../../ntsim/thread.h"

#define REPORT_BYTES 4096

/* Whether Break, in a process of its own, ends with a report that has Text. */
static void
ExpectRule(void (*Break)(void), const char *Text)
{
    int Pipe[2];
    char Report[REPORT_BYTES] = {0};
    size_t Bytes = 0;
    ssize_t Part;
    assert_int_equal(pipe(Pipe), 0);
    fflush(NULL);
    pid_t Child = fork();
    assert_true(Child >= 0);
    if (Child == 0)
    {
        dup2(Pipe[1], 2);
        close(Pipe[0]);
        signal(SIGABRT, SIG_DFL);
        Break();
        _exit(0);
    }
    close(Pipe[1]);
    while (Bytes + 1 < sizeof(Report) &&
           (Part = read(Pipe[0], Report + Bytes, sizeof(Report) - 1 - Bytes)) > 0)
        Bytes += (size_t)Part;
    close(Pipe[0]);
    int Status;
    assert_int_equal(waitpid(Child, &Status, 0), Child);
    if (strstr(Report, "ntsim: broken rule") == NULL || strstr(Report, Text) == NULL)
        fail_msg("expected a report with \"%s\", got: %s", Text, Report);
    assert_false(WIFEXITED(Status) && WEXITSTATUS(Status) == 0);
}

static void
BreakWaitAtDispatch(void)
{
    KEVENT Event;
    KIRQL Old;
    KeInitializeEvent(&Event, NotificationEvent, TRUE);
    KeRaiseIrql(DISPATCH_LEVEL, &Old);
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
}

static void
BreakSpinTwice(void)
{
    KSPIN_LOCK Lock;
    KIRQL Old;
    KeInitializeSpinLock(&Lock);
    KeAcquireSpinLock(&Lock, &Old);
    KeAcquireSpinLockAtDpcLevel(&Lock);
}

static void
BreakSpinRelease(void)
{
    KSPIN_LOCK Lock;
    KIRQL Old;
    KeInitializeSpinLock(&Lock);
    KeRaiseIrql(DISPATCH_LEVEL, &Old);
    KeReleaseSpinLockFromDpcLevel(&Lock);
}

static void
BreakLowerUnderLock(void)
{
    KSPIN_LOCK Lock;
    KIRQL Old;
    KeInitializeSpinLock(&Lock);
    KeAcquireSpinLock(&Lock, &Old);
    KeLowerIrql(Old);
}

static void
BreakMutexTwice(void)
{
    FAST_MUTEX Mutex;
    ExInitializeFastMutex(&Mutex);
    ExAcquireFastMutex(&Mutex);
    ExAcquireFastMutex(&Mutex);
}

static void
BreakMutexAtDispatch(void)
{
    FAST_MUTEX Mutex;
    KIRQL Old;
    ExInitializeFastMutex(&Mutex);
    KeRaiseIrql(DISPATCH_LEVEL, &Old);
    ExAcquireFastMutex(&Mutex);
}

/* Takes the first lock and then the second one. */
static void
TakeBoth(PKSPIN_LOCK First, PKSPIN_LOCK Second)
{
    KIRQL Old;
    KeAcquireSpinLock(First, &Old);
    KeAcquireSpinLockAtDpcLevel(Second);
    KeReleaseSpinLockFromDpcLevel(Second);
    KeReleaseSpinLock(First, Old);
}

/* Never two at a time: what is wrong is the order alone. */
static void
BreakLockOrder(void)
{
    static KSPIN_LOCK Locks[2];
    TakeBoth(&Locks[0], &Locks[1]);
    TakeBoth(&Locks[1], &Locks[0]);
}

static void
BreakLockCircle(void)
{
    static KSPIN_LOCK Locks[3];
    TakeBoth(&Locks[0], &Locks[1]);
    TakeBoth(&Locks[1], &Locks[2]);
    TakeBoth(&Locks[2], &Locks[0]);
}

static void
BreakMutexOrder(void)
{
    static FAST_MUTEX Mutexes[2];
    ExInitializeFastMutex(&Mutexes[0]);
    ExInitializeFastMutex(&Mutexes[1]);
    for (unsigned At = 0; At < 2; ++At)
    {
        ExAcquireFastMutex(&Mutexes[At]);
        ExAcquireFastMutex(&Mutexes[1 - At]);
        ExReleaseFastMutex(&Mutexes[1 - At]);
        ExReleaseFastMutex(&Mutexes[At]);
    }
}

/* Locks in memory that is freed have no order any more. */
static void
LocksEndWithTheirMemory(void **State)
{
    KSPIN_LOCK *Locks, *Before = NULL;
    (void)State;
    for (unsigned Round = 0; Round < 100; ++Round)
    {
        Locks = ExAllocatePoolWithTag(NonPagedPoolNx, 2 * sizeof(*Locks), 'kcoL');
        memset(Locks, 0, 2 * sizeof(*Locks));
        TakeBoth(&Locks[Locks == Before], &Locks[Locks != Before]);
        Before = Locks == Before ? NULL : Locks;
        ExFreePoolWithTag(Locks, 'kcoL');
    }
}

static void
BreakRundownReopen(void)
{
    EX_RUNDOWN_REF Ref;
    ExInitializeRundownProtection(&Ref);
    ExReInitializeRundownProtection(&Ref);
}

static void
BreakRundownRelease(void)
{
    EX_RUNDOWN_REF Ref;
    ExInitializeRundownProtection(&Ref);
    ExReleaseRundownProtection(&Ref);
}

static void
BreakUnsafeMutex(void)
{
    FAST_MUTEX Mutex;
    ExInitializeFastMutex(&Mutex);
    ExAcquireFastMutexUnsafe(&Mutex);
}

static void
BreakUnsafeRelease(void)
{
    FAST_MUTEX Mutex;
    ExInitializeFastMutex(&Mutex);
    KeEnterCriticalRegion();
    ExAcquireFastMutexUnsafe(&Mutex);
    KeLeaveCriticalRegion();
    ExReleaseFastMutexUnsafe(&Mutex);
}

/* How a thread that holds rundown protection may be suspended. */
static enum
{
    SuspendableAtOnce,
    SuspendableByLower,
    SuspendableByUnlock,
    SuspendableByLeave
} Suspendable;

static void
BreakSuspension(void)
{
    EX_RUNDOWN_REF Ref;
    FAST_MUTEX Mutex;
    KIRQL Old;
    ExInitializeRundownProtection(&Ref);
    ExInitializeFastMutex(&Mutex);
    if (Suspendable == SuspendableByLower)
        KeRaiseIrql(DISPATCH_LEVEL, &Old);
    else if (Suspendable == SuspendableByUnlock)
        ExAcquireFastMutex(&Mutex);
    else if (Suspendable == SuspendableByLeave)
        KeEnterCriticalRegion();
    ExAcquireRundownProtection(&Ref);
    if (Suspendable == SuspendableByLower)
        KeLowerIrql(Old);
    else if (Suspendable == SuspendableByUnlock)
        ExReleaseFastMutex(&Mutex);
    else if (Suspendable == SuspendableByLeave)
        KeLeaveCriticalRegion();
}

/* What the driver's call of that name is linked to. */
VOID NTAPI
__wrap_NdisMSendNetBufferListsComplete(NDIS_HANDLE MiniportAdapterHandle,
                                       PNET_BUFFER_LIST NetBufferList, ULONG SendCompleteFlags);

static void
BreakSend(void)
{
    SimSendsAreShielded = TRUE;
    __wrap_NdisMSendNetBufferListsComplete(NULL, NULL, 0);
}

static void
BreakReopenAtDispatch(void)
{
    EX_RUNDOWN_REF Ref;
    KIRQL Old;
    ExInitializeRundownProtection(&Ref);
    ExWaitForRundownProtectionRelease(&Ref);
    KeRaiseIrql(DISPATCH_LEVEL, &Old);
    ExReInitializeRundownProtection(&Ref);
}

static void
BreakCriticalRegionAtDispatch(void)
{
    KIRQL Old;
    KeRaiseIrql(DISPATCH_LEVEL, &Old);
    KeEnterCriticalRegion();
}

static void
BreakPoolTag(void)
{
    ExFreePoolWithTag(ExAllocatePoolWithTag(NonPagedPoolNx, 8, 'aaaa'), 'bbbb');
}

static void
BreakPoolTwice(void)
{
    PVOID Block = ExAllocatePoolWithTag(NonPagedPoolNx, 8, 'aaaa');
    ExFreePoolWithTag(Block, 'aaaa');
    ExFreePoolWithTag(Block, 'aaaa');
}

static void
BreakPagedAtDispatch(void)
{
    KIRQL Old;
    KeRaiseIrql(DISPATCH_LEVEL, &Old);
    ExAllocatePoolWithTag(PagedPool, 8, 'aaaa');
}

static void
BreakDereference(void)
{
    PVOID Object = ExAllocatePoolWithTag(NonPagedPoolNx, 256, 'aaaa');
    ObDereferenceObject((UCHAR *)Object + 128);
}

static void
BreakMdlOfStack(void)
{
    char Stack[16];
    MmBuildMdlForNonPagedPool(IoAllocateMdl(Stack, sizeof(Stack), FALSE, FALSE, NULL));
}

static void
BreakFreeLockedMdl(void)
{
    IoFreeMdl(SimMdlCreateLocked(SimPagesAllocate(100), 100));
}

/* A driver whose device control breaks the rule that Trick names. */
static enum
{
    TrickTwice,
    TrickNever,
    TrickUnmarked,
    TrickMarked,
    TrickCancel,
    TrickRegion,
    TrickRundown,
    TrickStatus
} Trick;

static NTSTATUS NTAPI
TrickDispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    static EX_RUNDOWN_REF TrickRef;
    KIRQL Old;
    (void)Device;
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    switch (Trick)
    {
    case TrickTwice:
        IoCompleteRequest(Irp, 0);
        IoCompleteRequest(Irp, 0);
        return STATUS_SUCCESS;
    case TrickNever:
        return STATUS_SUCCESS;
    case TrickUnmarked:
        return STATUS_PENDING;
    case TrickMarked:
        IoMarkIrpPending(Irp);
        IoCompleteRequest(Irp, 0);
        return STATUS_SUCCESS;
    case TrickCancel:
        IoSetCancelRoutine(Irp, (PDRIVER_CANCEL)(PVOID)TrickDispatch);
        IoCompleteRequest(Irp, 0);
        return STATUS_SUCCESS;
    case TrickRundown:
        KeRaiseIrql(APC_LEVEL, &Old);
        ExInitializeRundownProtection(&TrickRef);
        ExAcquireRundownProtection(&TrickRef);
        SimThread()->System = TRUE; /* it cannot be suspended, and that is not what is tested */
        KeLowerIrql(Old);
        IoCompleteRequest(Irp, 0);
        return STATUS_SUCCESS;
    case TrickRegion:
        KeEnterCriticalRegion();
        IoCompleteRequest(Irp, 0);
        return STATUS_SUCCESS;
    default:
        IoCompleteRequest(Irp, 0);
        return STATUS_UNSUCCESSFUL;
    }
}

static NTSTATUS NTAPI
Succeed(PDEVICE_OBJECT Device, PIRP Irp)
{
    (void)Device;
    Irp->IoStatus.Status = STATUS_SUCCESS;
    IoCompleteRequest(Irp, 0);
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI
TrickEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING Path)
{
    static UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\Trick");
    PDEVICE_OBJECT Device;
    (void)Path;
    Driver->MajorFunction[IRP_MJ_CREATE] = Succeed;
    Driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = TrickDispatch;
    NTSTATUS Status = IoCreateDevice(Driver, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
    Device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
    return Status;
}

static void
BreakDispatch(void)
{
    HANDLE File;
    NTSTATUS Status;
    SimProcessEnter(SimProcessCreate());
    SimDriverLoad(TrickEntry);
    SimFileOpen(L"\\Device\\Trick", FILE_READ_DATA, &File);
    SimDeviceControl(File, CTL_CODE(1, 1, METHOD_BUFFERED, 0), NULL, 0, NULL, 0, &Status);
}

static void
IrqlRules(void **State)
{
    (void)State;
    ExpectRule(BreakWaitAtDispatch, "KeWaitForSingleObject: called at IRQL 2");
    ExpectRule(BreakSpinTwice, "held by this processor already");
    ExpectRule(BreakSpinRelease, "is not held by this processor");
    ExpectRule(BreakLowerUnderLock, "while a spin lock is held");
    ExpectRule(BreakMutexTwice, "held by this thread already");
    ExpectRule(BreakUnsafeMutex, "ExAcquireFastMutexUnsafe: the thread is neither at APC_LEVEL");
    ExpectRule(BreakUnsafeRelease, "ExReleaseFastMutexUnsafe: the thread is neither at APC_LEVEL");
    ExpectRule(BreakMutexAtDispatch, "ExAcquireFastMutex: called at IRQL 2");
    ExpectRule(BreakLockOrder, "locks in contradictory order");
    ExpectRule(BreakLockCircle, "locks in contradictory order");
    ExpectRule(BreakMutexOrder, "locks in contradictory order");
    ExpectRule(BreakRundownReopen, "is not run down");
    ExpectRule(BreakRundownRelease, "nobody has acquired");
    ExpectRule(BreakReopenAtDispatch, "ExReInitializeRundownProtection: called at IRQL 2");
    ExpectRule(BreakCriticalRegionAtDispatch, "KeEnterCriticalRegion: called at IRQL 2");
    ExpectRule(KeLeaveCriticalRegion, "in no critical region");
}

static void
SuspensionRules(void **State)
{
    (void)State;
    Suspendable = SuspendableAtOnce;
    ExpectRule(BreakSuspension, "ExAcquireRundownProtection: rundown protection is held where");
    Suspendable = SuspendableByLower;
    ExpectRule(BreakSuspension, "KeLowerIrql: rundown protection is held where");
    Suspendable = SuspendableByUnlock;
    ExpectRule(BreakSuspension, "KeLowerIrql: rundown protection is held where");
    Suspendable = SuspendableByLeave;
    ExpectRule(BreakSuspension, "KeLeaveCriticalRegion: rundown protection is held where");
    ExpectRule(BreakSend, "NdisMSendNetBufferListsComplete: the driver has lists to send where");
}

static void
MemoryRules(void **State)
{
    (void)State;
    ExpectRule(BreakPoolTag, "allocated with tag");
    ExpectRule(BreakPoolTwice, "no block of the pool");
    ExpectRule(BreakPagedAtDispatch, "ExAllocatePoolWithTag: called at IRQL 2");
    ExpectRule(BreakDereference, "is no object");
    ExpectRule(BreakMdlOfStack, "not in non-paged pool");
    ExpectRule(BreakFreeLockedMdl, "still locked");
}

static void
IrpRules(void **State)
{
    (void)State;
    Trick = TrickTwice;
    ExpectRule(BreakDispatch, "completed a second time");
    Trick = TrickNever;
    ExpectRule(BreakDispatch, "did not complete the IRP");
    Trick = TrickUnmarked;
    ExpectRule(BreakDispatch, "did not mark the IRP pending");
    Trick = TrickMarked;
    ExpectRule(BreakDispatch, "marked the IRP pending and returned");
    Trick = TrickCancel;
    ExpectRule(BreakDispatch, "still has a cancel routine");
    Trick = TrickRegion;
    ExpectRule(BreakDispatch, "returned inside a critical region");
    Trick = TrickRundown;
    ExpectRule(BreakDispatch, "returned with rundown protection held");
    Trick = TrickStatus;
    ExpectRule(BreakDispatch, "but completed the IRP with");
}

void
RunSystemTests(void)
{
    static const struct CMUnitTest system_tests[] = {
        PLAIN_TEST(IrqlRules), PLAIN_TEST(SuspensionRules), PLAIN_TEST(LocksEndWithTheirMemory),
        PLAIN_TEST(MemoryRules), PLAIN_TEST(IrpRules)};
    RUN_TESTS("system", system_tests);
}
