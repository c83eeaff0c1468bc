/* SPDX-License-Identifier: MIT */
/*
 * Processes that write into the session's memory what they like, from several threads, while
 * packets flow both ways: positions, sizes, flags, waiting words and states.
 */
#include "hostile.h"

#define SCRIBBLERS       3
#define RUN_MILLISECONDS 1500u
#define INTERESTING      8

typedef struct SCRIBBLE
{
    CULVERT_SESSION_HEADER *Memory;
    DWORD Bytes;
    HANDLE Events[3];
    uint32_t Seed;
    volatile LONG *End;
} SCRIBBLE;

static uint32_t
AnyWord(DICE *Seed, uint32_t Old)
{
    switch (Dice(Seed, INTERESTING))
    {
    case 0:
        return 0;
    case 1:
        return 1;
    case 2:
        return Old + CULVERT_SLOT_ALIGNMENT * Dice(Seed, 64);
    case 3:
        return Old - CULVERT_SLOT_ALIGNMENT * Dice(Seed, 64);
    case 4:
        return HOSTILE_CAPACITY - 16 + Dice(Seed, 32);
    case 5:
        return CULVERT_MAX_PACKET - 8 + Dice(Seed, 16);
    case 6:
        return Old ^ 1u << Dice(Seed, 32);
    default:
        return Dice(Seed, UINT32_MAX);
    }
}

/* Mostly the control words, which lie at the beginning of cache lines; else any word. */
static volatile uint32_t *
AnyPlace(const SCRIBBLE *Scribble, DICE *Seed)
{
    volatile uint32_t *Words = (volatile uint32_t *)(void *)Scribble->Memory;
    if (Dice(Seed, 3) != 0)
        return &Words[Dice(Seed, sizeof(CULVERT_SESSION_HEADER) / CULVERT_CACHE_LINE) *
                      (CULVERT_CACHE_LINE / sizeof(uint32_t))];
    return &Words[Dice(Seed, Scribble->Bytes / sizeof(uint32_t))];
}

static DWORD WINAPI
ScribbleThread(LPVOID Parameter)
{
    SCRIBBLE *Scribble = Parameter;
    DICE Seed = DiceSeed(Scribble->Seed);
    while (!*Scribble->End)
    {
        volatile uint32_t *Place = AnyPlace(Scribble, &Seed);
        *Place = AnyWord(&Seed, *Place);
        if (Dice(&Seed, 16) == 0)
            SetEvent(Scribble->Events[Dice(&Seed, ARRAYSIZE(Scribble->Events))]);
        if (Dice(&Seed, 64) == 0)
            Sleep(0);
    }
    return 0;
}

typedef struct SCRIBBLERS_RUN
{
    HANDLE Threads[SCRIBBLERS];
    SCRIBBLE Each[SCRIBBLERS];
    volatile LONG End;
} SCRIBBLERS_RUN;

static void
ScribblersStart(SCRIBBLERS_RUN *Run, const SCRIBBLE *What, uint32_t Seed)
{
    Run->End = 0;
    for (uint32_t Index = 0; Index < SCRIBBLERS; ++Index)
    {
        Run->Each[Index] = *What;
        Run->Each[Index].Seed = Seed * SCRIBBLERS + Index;
        Run->Each[Index].End = &Run->End;
        Run->Threads[Index] = CreateThread(NULL, 0, ScribbleThread, &Run->Each[Index], 0, NULL);
    }
}

static void
ScribblersEnd(SCRIBBLERS_RUN *Run)
{
    Run->End = 1;
    WaitForMultipleObjects(SCRIBBLERS, Run->Threads, TRUE, INFINITE);
    for (int Index = 0; Index < SCRIBBLERS; ++Index)
        CloseHandle(Run->Threads[Index]);
}

/* A valid packet now and then, so that not all sessions are over at once. */
static void
PublishOne(CULVERT_PRODUCER *Producer)
{
    uint32_t Position;
    if (RingReserve(Producer, CULVERT_SLOT_BYTES(100), &Position) != CULVERT_RING_OK)
        return;
    BYTE *Packet = RingSlotInit(RingSlot(Producer, Position), 100);
    Packet[0] = 0x45;
    RingPublish(Producer, Producer->Tail);
}

/*
 * Raw sessions, which the driver ends when it notices; with the next seed again. Returns the number
 * of sessions that the driver ended as broken, 0 if one did not end at all.
 */
int
JobScribbles(uint32_t Seed, HANDLE Ready)
{
    ULONGLONG Deadline = GetTickCount64() + RUN_MILLISECONDS;
    SCRIBBLERS_RUN Run;
    RAW_SESSION Session;
    int Broken = 0;
    SetEvent(Ready);
    while (GetTickCount64() < Deadline)
    {
        NTSTATUS Status = RawStart(&Session);
        if (!NT_SUCCESS(Status))
            return 0;
        SCRIBBLE What = {.Memory = Session.Memory,
                         .Bytes = Session.Bytes,
                         .Events = {Session.Receive, Session.SendSpace, Session.Send}};
        CULVERT_PRODUCER Producer;
        RingProducerInit(&Producer, &Session.Memory->Send,
                         CulvertSendData(Session.Memory, HOSTILE_CAPACITY), HOSTILE_CAPACITY);
        for (int Count = 0; Count < 10; ++Count)
            PublishOne(&Producer);
        ScribblersStart(&Run, &What, Seed++);
        for (int Count = 0; Count < 50 && WaitForSingleObject(Session.Done, 1) == WAIT_TIMEOUT;
             ++Count)
            PublishOne(&Producer);
        ScribblersEnd(&Run);
        Status = RawEnd(&Session);
        if (Status == STATUS_PENDING)
            return 0;
        Broken += Status == STATUS_DATA_ERROR;
    }
    return Broken;
}

static LONG DamageLines;

static BOOL CALLBACK
CountDamage(WINTUN_LOGGER_LEVEL Level, const WCHAR *Message)
{
    DamageLines += Level == WINTUN_LOG_ERR && wcsstr(Message, L"(error 13)") != NULL;
    return TRUE;
}

static LONG
FoundDamage(const BYTE *Packet)
{
    return Packet == NULL && GetLastError() == ERROR_INVALID_DATA;
}

/* The same below the DLL's own feet: its functions must go on returning, and say so each time that
 * they find damage. Status 0 if they do. */
int
JobScribblesOnItself(uint32_t Seed, HANDLE Ready)
{
    ULONGLONG Deadline = GetTickCount64() + RUN_MILLISECONDS;
    WINTUN_ADAPTER_HANDLE Adapter = WintunOpenAdapter(HOSTILE_POOL, HOSTILE_NAME);
    SCRIBBLERS_RUN Run;
    LONG Damages = 0;
    WintunSetLogger(CountDamage);
    SetEvent(Ready);
    while (GetTickCount64() < Deadline)
    {
        WINTUN_SESSION_HANDLE Session = WintunStartSession(Adapter, HOSTILE_CAPACITY);
        BYTE *Packet = Session != NULL ? WintunAllocateSendPacket(Session, 1) : NULL;
        MEMORY_BASIC_INFORMATION Region;
        DWORD Size;
        if (Packet == NULL || VirtualQuery(Packet, &Region, sizeof(Region)) == 0)
            return 1;
        HANDLE Event = WintunGetReadWaitEvent(Session);
        SCRIBBLE What = {.Memory = Region.AllocationBase,
                         .Bytes = CulvertSessionBytes(HOSTILE_CAPACITY),
                         .Events = {Event, Event, Event}};
        ScribblersStart(&Run, &What, Seed++);
        for (int Count = 0; Count < 2000; ++Count)
        {
            Packet = WintunReceivePacket(Session, &Size);
            Damages += FoundDamage(Packet);
            WintunReleaseReceivePacket(Session, Packet);
            Packet = WintunAllocateSendPacket(Session, 1 + (DWORD)Count % 1500);
            Damages += FoundDamage(Packet);
            if (Packet != NULL)
                WintunSendPacket(Session, Packet);
        }
        ScribblersEnd(&Run);
        WintunEndSession(Session);
    }
    WintunFreeAdapter(Adapter);
    return Damages == DamageLines ? 0 : 2;
}
