/* SPDX-License-Identifier: MIT */
/*
 * Processes that speak to the driver themselves, with requests of any kind, and that close handles
 * which are in use.
 */
#include "hostile.h"
#include <string.h>

#define REQUESTERS       3
#define REQUESTS         1500
#define BUFFER_BYTES     0x80000u /* more than a session's memory of the smallest capacity */
#define RUN_MILLISECONDS 1500u
#define HANDLES_TO_CLOSE 512
#define KERNEL_ADDRESS   ((void *)(ULONG_PTR)0xFFFFF80000000000u)
#define BAD_ADDRESS      ((void *)(ULONG_PTR)0x10)

__declspec(dllimport)
NTSTATUS NTAPI NtReadFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                          PLARGE_INTEGER, PULONG);
__declspec(dllimport)
NTSTATUS NTAPI NtWriteFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                           PLARGE_INTEGER, PULONG);

typedef struct REQUESTER
{
    DICE Seed;
    HANDLE Events[3];
    HANDLE Section;
    BYTE *Buffer;
    LONG Hung;
} REQUESTER;

enum
{
    ReadRequest,
    WriteRequest,
    FileSystemRequest,
    OtherRequests
};

static ULONG
AnyCode(DICE *Seed)
{
    static const ULONG Codes[] = {CULVERT_IOCTL_SESSION, CULVERT_IOCTL_DRIVER_INFO,
                                  CULVERT_IOCTL_STATISTICS};
    switch (Dice(Seed, 4))
    {
    case 0:
        return Dice(Seed, UINT32_MAX);
    case 1: /* ours with another method or access */
        return Codes[Dice(Seed, ARRAYSIZE(Codes))] ^ (Dice(Seed, 4) | Dice(Seed, 4) << 14);
    default:
        return Codes[Dice(Seed, ARRAYSIZE(Codes))];
    }
}

static void *
AnyAddress(DICE *Seed, BYTE *Buffer)
{
    switch (Dice(Seed, 8))
    {
    case 0:
        return NULL;
    case 1:
        return KERNEL_ADDRESS;
    case 2:
        return BAD_ADDRESS;
    case 3: /* runs over the end */
        return Buffer + BUFFER_BYTES - Dice(Seed, 64);
    default:
        return Buffer;
    }
}

static ULONG
AnyLength(DICE *Seed)
{
    switch (Dice(Seed, 4))
    {
    case 0:
        return Dice(Seed, 64);
    case 1:
        return Dice(Seed, BUFFER_BYTES);
    case 2:
        return sizeof(CULVERT_SESSION_START);
    default:
        return CulvertSessionBytes(HOSTILE_CAPACITY);
    }
}

/* A handle that may be the right one, one of another kind, or none. */
static uint64_t
AnyHandle(REQUESTER *Requester, HANDLE Right)
{
    switch (Dice(&Requester->Seed, 6))
    {
    case 0:
        return (ULONG_PTR)Requester->Section;
    case 1:
        return (ULONG_PTR)GetCurrentProcess();
    case 2:
        return (uint64_t)Dice(&Requester->Seed, UINT32_MAX) << Dice(&Requester->Seed, 33);
    default:
        return (ULONG_PTR)Right;
    }
}

static void
AnyStart(REQUESTER *Requester, CULVERT_SESSION_START *Start)
{
    DICE *Seed = &Requester->Seed;
    *Start = (CULVERT_SESSION_START){
        .ContractVersion = Dice(Seed, 8) != 0 ? CULVERT_CONTRACT_VERSION : Dice(Seed, UINT32_MAX),
        .Capacity = Dice(Seed, 8) != 0 ? HOSTILE_CAPACITY : Dice(Seed, UINT32_MAX),
        .ReceiveEvent = AnyHandle(Requester, Requester->Events[0]),
        .SendSpaceEvent = AnyHandle(Requester, Requester->Events[1]),
        .SendEvent = AnyHandle(Requester, Requester->Events[2]),
        .Section = AnyHandle(Requester, Requester->Section),
    };
}

static NTSTATUS
AnyRequest(REQUESTER *Requester, HANDLE Device, HANDLE Done, IO_STATUS_BLOCK *Io)
{
    DICE *Seed = &Requester->Seed;
    ULONG Code = AnyCode(Seed), Kind = Dice(Seed, 16);
    LARGE_INTEGER Offset = {.QuadPart = 0};
    CULVERT_SESSION_START Start;

    AnyStart(Requester, &Start);
    /* Bad addresses only where the system writes to them: Wine passes on what is read from there
     * before it checks it, and gives the process up if it cannot. */
    BOOL Written = Kind == ReadRequest || (Kind >= OtherRequests && (Code & 3) == METHOD_BUFFERED);
    void *Output = Written ? AnyAddress(Seed, Requester->Buffer) : Requester->Buffer;
    void *Input = Dice(Seed, 2) != 0 ? (void *)&Start : Requester->Buffer;
    ULONG InputBytes =
        Input == (void *)&Start ? sizeof(Start) - (Dice(Seed, 8) == 0) : AnyLength(Seed);
    switch (Kind)
    {
    case ReadRequest:
        return NtReadFile(Device, Done, NULL, NULL, Io, Output, AnyLength(Seed), &Offset, NULL);
    case WriteRequest:
        return NtWriteFile(Device, Done, NULL, NULL, Io, Output, AnyLength(Seed), &Offset, NULL);
    case FileSystemRequest:
        return NtFsControlFile(Device, Done, NULL, NULL, Io, Code, Input, InputBytes, Output,
                               AnyLength(Seed));
    default:
        return NtDeviceIoControlFile(Device, Done, NULL, NULL, Io, Code, Input, InputBytes, Output,
                                     AnyLength(Seed));
    }
}

/* What is pending is cancelled, or its handle closed, at random. */
static void
OneRequest(REQUESTER *Requester, HANDLE Done)
{
    static IO_STATUS_BLOCK Ios[REQUESTERS * REQUESTS]; /* may be written late */
    static volatile LONG NextIo;
    IO_STATUS_BLOCK *Io = &Ios[(ULONG)InterlockedIncrement(&NextIo) % ARRAYSIZE(Ios)];
    HANDLE Device, Other;

    if (Dice(&Requester->Seed, 8) == 0 && NT_SUCCESS(DeviceOpen(&Other, L"\\below")))
        CloseHandle(Other);
    if (!NT_SUCCESS(DeviceOpen(&Device, L"")))
        return;
    ResetEvent(Done);
    if (AnyRequest(Requester, Device, Done, Io) == STATUS_PENDING)
    {
        if (Dice(&Requester->Seed, 2) != 0)
            CancelIo(Device);
        else
        {
            CloseHandle(Device);
            Device = NULL;
        }
        if (WaitForSingleObject(Done, BOUND_MILLISECONDS) != WAIT_OBJECT_0)
            Requester->Hung = 1;
    }
    if (Device != NULL)
        CloseHandle(Device);
}

static DWORD WINAPI
RequestThread(LPVOID Parameter)
{
    REQUESTER *Requester = Parameter;
    DWORD Bytes = CulvertSessionBytes(HOSTILE_CAPACITY);
    HANDLE Done = CreateEventW(NULL, TRUE, FALSE, NULL);
    for (size_t Index = 0; Index < ARRAYSIZE(Requester->Events); ++Index)
        Requester->Events[Index] = CreateEventW(NULL, FALSE, FALSE, NULL);
    Requester->Section =
        CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, Bytes, NULL);
    Requester->Buffer = VirtualAlloc(NULL, BUFFER_BYTES, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    for (int Count = 0; Count < REQUESTS && !Requester->Hung; ++Count)
        OneRequest(Requester, Done);
    return 0;
}

/* Random requests from several threads; status 1 if one that was cancelled did not come back. */
int
JobRequests(uint32_t Seed, HANDLE Ready)
{
    static REQUESTER Requesters[REQUESTERS];
    HANDLE Threads[REQUESTERS];
    LONG Hung = 0;
    SetEvent(Ready);
    for (uint32_t Index = 0; Index < REQUESTERS; ++Index)
    {
        Requesters[Index].Seed = DiceSeed(Seed * REQUESTERS + Index);
        Threads[Index] = CreateThread(NULL, 0, RequestThread, &Requesters[Index], 0, NULL);
    }
    WaitForMultipleObjects(REQUESTERS, Threads, TRUE, INFINITE);
    for (int Index = 0; Index < REQUESTERS; ++Index)
        Hung |= Requesters[Index].Hung;
    return Hung != 0;
}

/* ---- Closing what is in use -------------------------------------------------------------------
 */

typedef struct CALLER
{
    HANDLE Device, Send;
    volatile LONG End;
} CALLER;

static DWORD WINAPI
CallThread(LPVOID Parameter)
{
    CALLER *Caller = Parameter;
    while (!Caller->End)
    {
        CULVERT_DRIVER_STATISTICS Statistics;
        OVERLAPPED Overlapped = {.hEvent = NULL};
        DWORD Bytes;
        DeviceIoControl(Caller->Device, CULVERT_IOCTL_STATISTICS, NULL, 0, &Statistics,
                        sizeof(Statistics), &Bytes, &Overlapped);
        SetEvent(Caller->Send);
    }
    return 0;
}

static void
CloseInAnyOrder(RAW_SESSION *Session, DICE *Seed)
{
    HANDLE *Handles[] = {&Session->Receive, &Session->SendSpace, &Session->Send, &Session->Section,
                         &Session->Device};
    for (size_t Left = ARRAYSIZE(Handles); Left > 0; --Left)
    {
        uint32_t At = Dice(Seed, (uint32_t)Left);
        CloseHandle(*Handles[At]);
        *Handles[At] = NULL;
        Handles[At] = Handles[Left - 1];
        if (Dice(Seed, 4) == 0)
            Sleep(1);
        if (Dice(Seed, 6) == 0 && Session->Memory != NULL)
        {
            UnmapViewOfFile(Session->Memory);
            Session->Memory = NULL;
        }
    }
}

/* Closes the handles of its running session, in any order, while a thread uses them. The request
 * must come back when the device's is closed; status 1 if it does not. */
int
JobCloses(uint32_t Seed, HANDLE Ready)
{
    ULONGLONG Deadline = GetTickCount64() + RUN_MILLISECONDS;
    DICE Dice = DiceSeed(Seed);
    SetEvent(Ready);
    while (GetTickCount64() < Deadline)
    {
        RAW_SESSION Session;
        if (!NT_SUCCESS(RawStart(&Session)))
            return 2;
        CALLER Caller = {.Device = Session.Device, .Send = Session.Send};
        HANDLE Thread = CreateThread(NULL, 0, CallThread, &Caller, 0, NULL);
        CloseInAnyOrder(&Session, &Dice);
        BOOL Back = WaitForSingleObject(Session.Done, BOUND_MILLISECONDS) == WAIT_OBJECT_0;
        Caller.End = 1;
        WaitForSingleObject(Thread, INFINITE);
        CloseHandle(Thread);
        CloseHandle(Session.Done);
        if (Session.Memory != NULL)
            UnmapViewOfFile(Session.Memory);
        if (!Back)
            return 1;
    }
    return 0;
}

static DWORD WINAPI
UseThread(LPVOID Session)
{
    for (;;)
    {
        DWORD Size;
        BYTE *Packet = WintunReceivePacket(Session, &Size);
        if (Packet != NULL)
            WintunReleaseReceivePacket(Session, Packet);
        SendOne(Session);
        Sleep(0);
    }
}

/* Closes all handles of its process, the DLL's and the system's too, below threads that are inside
 * the DLL. What becomes of the process is its own affair. */
int
JobClosesAll(uint32_t Seed, HANDLE Ready)
{
    WINTUN_ADAPTER_HANDLE Adapter = WintunOpenAdapter(HOSTILE_POOL, HOSTILE_NAME);
    WINTUN_SESSION_HANDLE Session = WintunStartSession(Adapter, HOSTILE_CAPACITY);
    ULONG_PTR Handles[HANDLES_TO_CLOSE];
    DICE Order = DiceSeed(Seed);
    if (Session == NULL)
        return 1;
    for (int Count = 0; Count < 2; ++Count)
        CreateThread(NULL, 0, UseThread, Session, 0, NULL);
    SetEvent(Ready);
    for (ULONG_PTR Index = 0; Index < HANDLES_TO_CLOSE; ++Index)
        Handles[Index] = 4 * (Index + 1);
    for (uint32_t Left = HANDLES_TO_CLOSE; Left > 0; --Left)
    {
        uint32_t At = Dice(&Order, Left);
        CloseHandle((HANDLE)Handles[At]);
        Handles[At] = Handles[Left - 1];
    }
    WintunEndSession(Session);
    WintunFreeAdapter(Adapter);
    Sleep(INFINITE);
    return 0;
}
