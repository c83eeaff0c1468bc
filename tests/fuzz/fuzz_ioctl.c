/* SPDX-License-Identifier: MIT */
/*
 * I/O control requests of applications: codes, methods, buffers and handles of any kind, several
 * files, processes and pending requests at once, cancelled, closed and killed in between.
 *
 * Input: operations until the end. The first byte of each, modulo 16, says which (8 stands for the
 * rest); its high four bits say which of 4 processes does it (low two of them) and with which of
 * its 4 files (high two):
 *
 *   0  open         1 byte: 0 to 2 the device, its link, a name below it; bits 2 and 3: the access
 *   1  close        the file
 *   2  request      CODE, INPUT, OUTPUT
 *   3  session      a CULVERT_SESSION_START of which the bytes that follow are exchanged: number of
 *                   pairs (1 byte, modulo 4), each: offset (1 byte), byte; then OUTPUT
 *   4  cancel       1 byte: which pending request
 *   5  exit         the process ends: requests are cancelled, handles closed
 *   6  cancel first the next request is cancelled before the driver sees it
 *   7  event        one of the process's events is closed (1 byte), or made anew with the access
 *                   that bits 4 and 5 of that byte say
 *   8  traffic      1 byte of packets from the system
 *
 * CODE: a byte: 0 CULVERT_IOCTL_SESSION, 1 CULVERT_IOCTL_DRIVER_INFO, 2 CULVERT_IOCTL_STATISTICS, 3
 * CULVERT_CTL_CODE of a function (2 bytes) and method (1 byte), else 4 bytes. INPUT: length
 * (FuzzNumber, modulo 256), the bytes. OUTPUT: offset (FuzzNumber, modulo PAGE_SIZE) and length: a
 * byte, 0 that of a session of the smallest capacity, else a FuzzNumber; both within MEMORY_BYTES.
 *
 * Handles in a CULVERT_SESSION_START: the events of a process are made first, in the order of the
 * structure, so they are 4, 8 and 12 until some are closed.
 */
#include "harness.h"

#define PROCESSES    4u
#define FILES        4u
#define EVENTS       3u
#define PENDING_MAX  8u
#define MEMORY_BYTES (CulvertSessionBytes(CULVERT_MIN_CAPACITY) + 2 * PAGE_SIZE)

typedef struct PROCESS
{
    SIM_PROCESS *Process; /* NULL: not there */
    HANDLE Files[FILES];
    HANDLE Events[EVENTS];
    UCHAR *Memory;
} PROCESS;

/* A request that the driver has not completed, as far as we know. */
typedef struct PENDING
{
    SIM_REQUEST *Request;
    PROCESS *Owner;
    BOOLEAN Cancelled; /* so it must end */
} PENDING;

static PROCESS Processes[PROCESSES];
static PENDING Pending[PENDING_MAX];
static BOOLEAN CancelFirst; /* the next request is cancelled before the driver sees it */

/* ---- Processes ---------------------------------------------------------------------------------
 */

static PROCESS *
Enter(unsigned Index)
{
    PROCESS *Process = &Processes[Index];
    if (Process->Process == NULL)
    {
        Process->Process = SimProcessCreate();
        Process->Memory = SimPagesAllocate(MEMORY_BYTES);
        for (unsigned At = 0; At < EVENTS; ++At)
            Process->Events[At] =
                SimEventCreate(Process->Process, EVENT_ALL_ACCESS, SynchronizationEvent);
    }
    SimProcessEnter(Process->Process);
    return Process;
}

/* wdm/nf-wdm-iocompleterequest and contract/session.h: a session ends with one of these. */
static void
Reap(PENDING *Slot)
{
    NTSTATUS Status = SimRequestWait(Slot->Request, NULL);
    FUZZ_EXPECT(Status == STATUS_CANCELLED || Status == STATUS_DATA_ERROR, "it ended with %x",
                (ULONG)Status);
    SimRequestFree(Slot->Request);
    Slot->Request = NULL;
}

static void
ReapDone(void)
{
    for (unsigned At = 0; At < PENDING_MAX; ++At)
    {
        if (Pending[At].Request != NULL && SimRequestDone(Pending[At].Request))
            Reap(&Pending[At]);
        FUZZ_EXPECT(Pending[At].Request == NULL || !Pending[At].Cancelled,
                    "it was cancelled, and goes on");
    }
}

/* As the system does when a process ends. */
static void
Exit(PROCESS *Process)
{
    if (Process->Process == NULL)
        return;
    for (unsigned At = 0; At < PENDING_MAX; ++At)
    {
        if (Pending[At].Request != NULL && Pending[At].Owner == Process)
        {
            SimRequestCancel(Pending[At].Request);
            Reap(&Pending[At]);
        }
    }
    SimProcessExit(Process->Process);
    SimPagesFree(Process->Memory, MEMORY_BYTES);
    memset(Process, 0, sizeof(*Process));
}

/* ---- Operations --------------------------------------------------------------------------------
 */

static void
OpenFile(FUZZ_INPUT *Input, PROCESS *Process, unsigned File)
{
    static const WCHAR *const Names[] = {WORLD_DEVICE, WORLD_DEVICE_LINK, WORLD_DEVICE L"\\name",
                                         WORLD_DEVICE_LINK L"\\"};
    static const ACCESS_MASK Accesses[] = {FILE_READ_DATA | FILE_WRITE_DATA, FILE_READ_DATA,
                                           FILE_WRITE_DATA, 0};
    UCHAR How = FuzzByte(Input);
    if (Process->Files[File] == NULL)
        SimFileOpen(Names[How & 3], Accesses[How >> 2 & 3], &Process->Files[File]);
}

static void
CloseFile(PROCESS *Process, unsigned File)
{
    if (Process->Files[File] != NULL)
        FUZZ_EXPECT(SimHandleClose(Process->Process, Process->Files[File]) == STATUS_SUCCESS,
                    "file %u", File);
    Process->Files[File] = NULL;
}

static ULONG
TakeCode(FUZZ_INPUT *Input)
{
    ULONG Function;
    switch (FuzzByte(Input))
    {
    case 0:
        return CULVERT_IOCTL_SESSION;
    case 1:
        return CULVERT_IOCTL_DRIVER_INFO;
    case 2:
        return CULVERT_IOCTL_STATISTICS;
    case 3:
        Function = FuzzShort(Input) & 0xFFF;
        return CULVERT_CTL_CODE(Function, (ULONG)FuzzByte(Input) & 3);
    default:
        return FuzzLong(Input);
    }
}

/* contract/session.h: how many bytes a request returns that succeeds. */
static ULONG
Returned(ULONG Code, ULONG OutputBytes)
{
    switch (Code)
    {
    case CULVERT_IOCTL_DRIVER_INFO:
        return sizeof(CULVERT_DRIVER_INFO);
    case CULVERT_IOCTL_STATISTICS:
        return min(OutputBytes, sizeof(CULVERT_DRIVER_STATISTICS));
    default:
        return 0; /* none does at once */
    }
}

static void
Control(PROCESS *Process, unsigned File, ULONG Code, const void *In, ULONG InBytes,
        FUZZ_INPUT *Input)
{
    NTSTATUS Status;
    ULONG_PTR Information;
    ULONG Offset = FuzzNumber(Input) % PAGE_SIZE;
    ULONG Bytes =
        FuzzByte(Input) == 0 ? CulvertSessionBytes(CULVERT_MIN_CAPACITY) : FuzzNumber(Input);
    Bytes = min(Bytes, MEMORY_BYTES - Offset);
    unsigned Free = 0;
    while (Free < PENDING_MAX && Pending[Free].Request != NULL)
        ++Free;
    if (Free == PENDING_MAX)
        return;
    void *Out = Bytes != 0 ? Process->Memory + Offset : NULL;
    SIM_REQUEST *Request =
        SimDeviceControl(Process->Files[File], Code, In, InBytes, Out, Bytes, &Status);
    if (Request == NULL)
        return;
    BOOLEAN Cancelled = CancelFirst;
    CancelFirst = FALSE;
    if (Status == STATUS_PENDING)
    {
        FUZZ_EXPECT(Code == CULVERT_IOCTL_SESSION, "code %x stays pending", Code);
        Pending[Free].Request = Request;
        Pending[Free].Owner = Process;
        Pending[Free].Cancelled = Cancelled;
        return;
    }
    FUZZ_EXPECT(SimRequestWait(Request, &Information) == Status, "returned %x", (ULONG)Status);
    ULONG Expected = NT_SUCCESS(Status) ? Returned(Code, Bytes) : 0;
    FUZZ_EXPECT(Information == Expected && NT_SUCCESS(Status) == (Expected != 0),
                "code %x: status %x, %zu bytes", Code, (ULONG)Status, (size_t)Information);
    SimRequestFree(Request);
}

static void
Request(FUZZ_INPUT *Input, PROCESS *Process, unsigned File)
{
    ULONG Code = TakeCode(Input);
    ULONG Bytes = FuzzNumber(Input) % 256;
    /* The I/O manager copies exactly the caller's bytes: the sanitizer guards both. */
    UCHAR *In = calloc(1, Bytes + 1);
    FuzzBytes(Input, In, Bytes);
    Control(Process, File, Code, Bytes != 0 ? In : NULL, Bytes, Input);
    free(In);
}

static void
Session(FUZZ_INPUT *Input, PROCESS *Process, unsigned File)
{
    CULVERT_SESSION_START Start = {
        .ContractVersion = CULVERT_CONTRACT_VERSION,
        .Capacity = CULVERT_MIN_CAPACITY,
        .ReceiveEvent = (ULONG_PTR)Process->Events[0],
        .SendSpaceEvent = (ULONG_PTR)Process->Events[1],
        .SendEvent = (ULONG_PTR)Process->Events[2],
    };
    for (ULONG Changes = FuzzBelow(Input, 4); Changes != 0; --Changes)
    {
        ULONG Offset = FuzzBelow(Input, sizeof(Start));
        ((UCHAR *)&Start)[Offset] = FuzzByte(Input);
    }
    Control(Process, File, CULVERT_IOCTL_SESSION, &Start, sizeof(Start), Input);
}

static void
Event(FUZZ_INPUT *Input, PROCESS *Process)
{
    static const ACCESS_MASK Accesses[] = {EVENT_ALL_ACCESS, SYNCHRONIZE, EVENT_MODIFY_STATE, 0};
    UCHAR How = FuzzByte(Input);
    HANDLE *Handle = &Process->Events[How % EVENTS];
    if (*Handle != NULL)
    {
        SimHandleClose(Process->Process, *Handle);
        *Handle = NULL;
        return;
    }
    *Handle = SimEventCreate(Process->Process, Accesses[How >> 4 & 3],
                             How & 0x40 ? NotificationEvent : SynchronizationEvent);
}

static void
Operation(FUZZ_INPUT *Input)
{
    static UCHAR Packet[1000];
    UCHAR Code = FuzzByte(Input);
    PROCESS *Process = Enter(Code >> 4 & 3);
    unsigned File = Code >> 6;
    PENDING *Slot;
    switch (Code & 15)
    {
    case 0:
        OpenFile(Input, Process, File);
        break;
    case 1:
        CloseFile(Process, File);
        break;
    case 2:
        Request(Input, Process, File);
        break;
    case 3:
        Session(Input, Process, File);
        break;
    case 4:
        Slot = &Pending[FuzzBelow(Input, PENDING_MAX)];
        if (Slot->Request != NULL)
            SimRequestCancel(Slot->Request);
        Slot->Cancelled = TRUE;
        break;
    case 5:
        Exit(Process);
        break;
    case 6:
        SimCancelBeforeDispatch();
        CancelFirst = TRUE;
        break;
    case 7:
        Event(Input, Process);
        break;
    default:
        MakePacket(Packet, sizeof(Packet), 4, Code);
        for (ULONG Count = FuzzByte(Input); Count != 0; --Count)
            SimEdgeSendPacket(WorldEdge, Packet, sizeof(Packet), NULL);
        break;
    }
    FuzzSettle();
    ReapDone();
}

int
LLVMFuzzerInitialize(int *Count, char ***Arguments)
{
    (void)Count;
    (void)Arguments;
    FuzzWorldUp();
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Bytes)
{
    FUZZ_INPUT Input = {Data, Data + Bytes};
    FuzzBegin();
    while (FuzzMore(&Input))
        Operation(&Input);
    for (unsigned At = 0; At < PROCESSES; ++At)
        Exit(&Processes[At]);
    FuzzEnd();
    return 0;
}
