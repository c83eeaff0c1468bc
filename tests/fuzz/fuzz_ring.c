/* SPDX-License-Identifier: MIT */
/*
 * The rings of a session under a hostile application, which rewrites its memory at any moment: also
 * between two of the driver's accesses, at moments that the input chooses. What the driver writes
 * must be its own (the table in contract/ring.h); an application that only did what it may must get
 * all its packets through, and not lose its session. While the memory changes only between calls, a
 * model (ring_model.h) says what the driver must do.
 *
 * Input: a byte, the capacity (CULVERT_MIN_CAPACITY shifted left by its low 2 bits; bit 2: nobody
 * wakes the driver but the operations, and there is no model), then operations until the end. The
 * first byte of each, modulo 16, says which; N is a FuzzNumber:
 *
 *   0   send        a packet of N bytes (modulo 65535, plus 1), and its first byte
 *   1   send        1 byte of them, of N bytes each
 *   2   write       control word (1 byte), VALUE
 *   3   slot        at the application's tail + 16 * byte: N as its size
 *   4   bytes       at N in the memory (modulo its size): a number of them (1 byte), the bytes
 *   5   wake        the driver's event is signalled
 *   6   sends       1 byte of packets, of N bytes each, from the system
 *   7   receive     1 byte of packets at most
 *   8   hold        what the driver indicates is kept above from now on, or no longer
 *   9   return      1 byte of the lists that are kept
 *   10  pause, or restart; the lists that are kept go back first
 *   11  plan        a rewrite, DUE accesses of the driver to the memory from now (1 byte): WHERE
 *                   (1 byte), VALUE
 *   12  end         the session, and start another one with the capacity of the byte that follows
 *   13  sleep       1 byte, bit 0: as a receiver does that finds the ring empty, or as a sender
 * does that finds it full 14  fault       1 byte: which of the calls that can fail, in the
 * operation that follows, does 15  statistics  are asked for
 *
 * VALUE: a byte and N. The byte modulo 5: N itself; 16 * N; the word's value plus or minus 16 * N,
 * or with the bits of N changed. WHERE: a control word, or from 10 on: 10 the word that is accessed
 * just then, 11 the one that was accessed before it, 12 the one behind that.
 */
#define _DEFAULT_SOURCE
#include <sys/mman.h>
#include "ring_model.h"
#include "../../ntsim/access.h"

#define CONTROL_WORDS 10u
#define PLANS_MAX     16u
#define SEND_MAX      2048u    /* packets, so that an input stays fast */
#define RECEIVE_BYTES 1000000u /* likewise, all packets of the system together */
#define CAPACITY_LOG  3u       /* the largest: CULVERT_MIN_CAPACITY shifted so far */

#define SEND_BYTES_MAX ((CULVERT_MIN_CAPACITY << CAPACITY_LOG) + CULVERT_RING_TAIL)

typedef struct PLAN
{
    ULONG64 Due; /* the access before which it happens */
    UCHAR Where;
    UCHAR How;
    ULONG Number;
} PLAN;

static APPLICATION App;
static UCHAR Packet[CULVERT_MAX_PACKET + 1];
static PLAN Plans[PLANS_MAX];
static unsigned PlanCount;
static ULONG64 Accesses;          /* of the driver's to the memory, in this input */
static volatile uint32_t *Before; /* the word that the last one was to */
static BOOLEAN Hostile;           /* the application broke a rule of the rings */
static BOOLEAN Modelled;          /* the model knows what the driver must have done */
static RING_MODEL Model;
static NDIS_STATISTICS_INFO AtStart; /* of the session */
static BOOLEAN Lossy;                /* a call failed, which may have cost packets */
static ULONG64 Sent;                 /* honest packets of this session */
static unsigned SentAll, Received;   /* in this input */
static ULONG ReceivedBytes;          /* likewise */
/* What the application wrote to the send ring's data, all of it from ShadowFirst to ShadowEnd. */
static UCHAR Shadow[SEND_BYTES_MAX];
static SIZE_T ShadowFirst, ShadowEnd;

/* ---- What the application writes ---------------------------------------------------------------
 */

static volatile uint32_t *
ControlWord(unsigned Index)
{
    CULVERT_SESSION_HEADER *Memory = App.Memory;
    volatile uint32_t *Words[CONTROL_WORDS] = {
        &Memory->Send.Tail,
        &Memory->Send.ProducerWaiting,
        &Memory->Send.Head,
        &Memory->Send.ConsumerWaiting,
        &Memory->Receive.Head,
        &Memory->Receive.ConsumerWaiting,
        &Memory->Receive.Tail,
        &Memory->Receive.ProducerWaiting,
        &Memory->State,
        (volatile uint32_t *)(void *)CulvertSendData(Memory, App.Start.Capacity)};
    return Words[Index % CONTROL_WORDS];
}

/* Bytes of the send ring's data with its tail. */
static ULONG
SendBytes(void)
{
    return App.Start.Capacity + CULVERT_RING_TAIL;
}

static void
Write(volatile void *To, const void *From, SIZE_T Bytes)
{
    SIZE_T Offset =
        (SIZE_T)((volatile UCHAR *)To - CulvertSendData(App.Memory, App.Start.Capacity));
    memcpy((void *)To, From, Bytes);
    if (Offset >= SendBytes())
        return;
    memcpy(Shadow + Offset, From, Bytes);
    ShadowFirst = min(ShadowFirst, Offset);
    ShadowEnd = max(ShadowEnd, Offset + Bytes);
}

static uint32_t
Value(const volatile uint32_t *Word, UCHAR How, ULONG Number)
{
    switch (How % 5)
    {
    case 0:
        return Number;
    case 1:
        return Number * 16;
    case 2:
        return *Word + Number * 16;
    case 3:
        return *Word - Number * 16;
    default:
        return *Word ^ Number;
    }
}

static void
Rewrite(volatile uint32_t *Word, UCHAR How, ULONG Number)
{
    uint32_t New = Value(Word, How, Number);
    Hostile = TRUE;
    Write(Word, &New, sizeof(New));
}

/* ---- What the driver does ----------------------------------------------------------------------
 */

static void
RunPlan(const PLAN *Plan, volatile uint32_t *Word)
{
    volatile uint32_t *At = Plan->Where < CONTROL_WORDS ? ControlWord(Plan->Where)
                            : Plan->Where == 10         ? Word
                            : Before == NULL            ? Word
                            : Plan->Where == 11         ? Before
                                                        : Before + 1;
    if ((UCHAR *)(At + 1) <= (UCHAR *)App.Memory + App.Bytes)
        Rewrite(At, Plan->How, Plan->Number);
}

/* Whether the driver may write there: contract/ring.h, "Who writes what". */
static BOOLEAN
IsDrivers(SIZE_T Offset)
{
    return Offset == offsetof(CULVERT_SESSION_HEADER, State) ||
           Offset == offsetof(CULVERT_SESSION_HEADER, Receive.Tail) ||
           Offset == offsetof(CULVERT_SESSION_HEADER, Receive.ConsumerWaiting) ||
           Offset == offsetof(CULVERT_SESSION_HEADER, Send.Head) ||
           Offset == offsetof(CULVERT_SESSION_HEADER, Send.ConsumerWaiting) ||
           Offset == offsetof(CULVERT_SESSION_HEADER, Send.ProducerWaiting) ||
           Offset - CULVERT_SESSION_HEADER_BYTES < SendBytes();
}

/* Whether it may read there other than to copy a packet (which is no access that the hook sees): of
 * the send ring's data it looks at the sizes in the slots alone, and at packets only in its copy.
 */
static BOOLEAN
MayRead(SIZE_T Offset, SIZE_T Bytes)
{
    SIZE_T Send = (SIZE_T)(CulvertSendData(App.Memory, App.Start.Capacity) - (UCHAR *)App.Memory);
    return Offset < Send ||
           (Bytes == sizeof(uint32_t) && (Offset - Send) % CULVERT_SLOT_ALIGNMENT == 0);
}

static void
OnAccess(void *Context, const volatile void *Address, SIZE_T Bytes, unsigned Kind)
{
    UCHAR *Here = (UCHAR *)SimPagesOf(Address);
    (void)Context;
    if (Here == NULL || Here < (UCHAR *)App.Memory || Here >= (UCHAR *)App.Memory + App.Bytes)
        return;
    SIZE_T Offset = (SIZE_T)(Here - (UCHAR *)App.Memory);
    if (Kind & SIM_ACCESS_WRITE)
        FUZZ_EXPECT(IsDrivers(Offset), "the driver writes %zu bytes at %zu", (size_t)Bytes,
                    (size_t)Offset);
    else
        FUZZ_EXPECT(MayRead(Offset, Bytes), "the driver reads %zu bytes at %zu", (size_t)Bytes,
                    (size_t)Offset);
    volatile uint32_t *Word = (volatile uint32_t *)(void *)(Here - Offset % sizeof(uint32_t));
    ++Accesses;
    for (unsigned At = 0; At < PlanCount; ++At)
    {
        if (Plans[At].Due == Accesses)
            RunPlan(&Plans[At], Word);
    }
    Before = Word;
}

/* The driver has not written to what it only reads. Pages that are not resident nobody has written
 * to: they are left so. */
static void
CheckShadow(void)
{
    static UCHAR Resident[BYTES_TO_PAGES(SEND_BYTES_MAX) + 1];
    UCHAR *Data = CulvertSendData(App.Memory, App.Start.Capacity);
    UCHAR *First = PAGE_ALIGN(Data), *End = Data + SendBytes();
    FUZZ_EXPECT(mincore(First, (SIZE_T)(End - First), Resident) == 0, "mincore");
    for (UCHAR *Page = First; Page < End; Page += PAGE_SIZE)
    {
        UCHAR *From = max(Page, Data);
        if (Resident[(Page - First) / PAGE_SIZE] & 1)
            FUZZ_EXPECT(memcmp(Shadow + (From - Data), From,
                               (SIZE_T)(min(Page + PAGE_SIZE, End) - From)) == 0,
                        "the send ring's data are not what the application wrote");
    }
}

/* ---- Sessions ----------------------------------------------------------------------------------
 */

static void
Open(UCHAR Capacity)
{
    ApplicationOpen(&App, CULVERT_MIN_CAPACITY << (Capacity & CAPACITY_LOG));
    if (ShadowFirst < ShadowEnd)
        memset(Shadow + ShadowFirst, 0, ShadowEnd - ShadowFirst);
    ShadowFirst = sizeof(Shadow);
    ShadowEnd = 0;
    Before = NULL;
    Hostile = Lossy = FALSE;
    PlanCount = 0;
    Sent = 0;
    AtStart = WorldStatistics();
    Modelled = (Capacity & 4) == 0 && SimEdgeRunning(WorldEdge);
    NTSTATUS Status = ApplicationStart(&App);
    FUZZ_EXPECT(Status == STATUS_PENDING || SimFaultHit() != NULL, "it starts with %x",
                (ULONG)Status);
    FuzzSettle();
    RingModelStart(&Model, App.Memory, App.Start.Capacity);
}

/* The driver has done what the model says, no more and no less. */
static void
CheckModel(void)
{
    /* With few buffers left, paused, after a failed call: the driver may leave packets for later.
     */
    Modelled &=
        SimEdgeHeld(WorldEdge) < 200 && SimEdgeRunning(WorldEdge) && PlanCount == 0 && !Lossy;
    if (!Modelled || App.Request == NULL)
        return;
    KeSetEvent(App.SendEvent, 0, FALSE);
    FuzzSettle();
    RingModelTake(&Model);
    NDIS_STATISTICS_INFO Now = WorldStatistics();
    ULONG64 In = Now.ifHCInUcastPkts - AtStart.ifHCInUcastPkts;
    ULONG64 NotIp = Now.ifInErrors - AtStart.ifInErrors;
    ULONG64 Out = Now.ifHCOutUcastPkts - AtStart.ifHCOutUcastPkts;
    FUZZ_EXPECT(SimRequestDone(App.Request) == Model.Broken, "broken: %u", Model.Broken);
    FUZZ_EXPECT(In == Model.Packets && NotIp == Model.NotIp && Out == Model.Delivered,
                "driver and model: packets in %llu %llu, errors %llu %llu, packets out %llu %llu",
                (unsigned long long)In, (unsigned long long)Model.Packets,
                (unsigned long long)NotIp, (unsigned long long)Model.NotIp, (unsigned long long)Out,
                (unsigned long long)Model.Delivered);
}

/* All honest packets have been indicated, if nothing keeps the driver from it. (What it indicates
 * while the adapter restarts may reach nobody, so its statistics say it.) */
static void
CheckArrived(void)
{
    if (Hostile || Lossy || !SimEdgeRunning(WorldEdge) || SimEdgeHeld(WorldEdge) != 0)
        return;
    ULONG64 Indicated = WorldStatistics().ifHCInUcastPkts - AtStart.ifHCInUcastPkts;
    FUZZ_EXPECT(Indicated == Sent, "%llu of %llu packets", (unsigned long long)Indicated,
                (unsigned long long)Sent);
}

/* After the session's end, which Status tells. */
static void
CheckEnd(NTSTATUS Status)
{
    FUZZ_EXPECT(Status == STATUS_CANCELLED || (Status == STATUS_DATA_ERROR && Hostile),
                "it ended with %x", (ULONG)Status);
    FUZZ_EXPECT(ApplicationState(&App) ==
                    (Status == STATUS_CANCELLED ? CULVERT_STATE_CANCELLED : CULVERT_STATE_BROKEN),
                "state %u after %x", ApplicationState(&App), (ULONG)Status);
    FUZZ_EXPECT(SimEventWait(App.ReceiveEvent, 0) && SimEventWait(App.SendSpaceEvent, 0),
                "the application is not woken");
}

static void
Close(void)
{
    if (App.Request != NULL)
    {
        PlanCount = 0; /* the end's own words are to be seen */
        CheckArrived();
        SimRequestCancel(App.Request);
        CheckEnd(ApplicationWaitEnd(&App));
    }
    CheckShadow();
    ApplicationExit(&App);
    App.Bytes = 0; /* the memory is not ours any more */
}

/* ---- Operations --------------------------------------------------------------------------------
 */

static void
SendPackets(ULONG Count, ULONG Bytes, UCHAR FirstByte)
{
    MakePacket(Packet, Bytes, 4, 1);
    Packet[0] = FirstByte;
    for (; Count != 0 && SentAll < SEND_MAX; --Count, ++SentAll)
    {
        uint32_t Position;
        if (RingReserve(&App.Out, CULVERT_SLOT_BYTES(Bytes), &Position) != CULVERT_RING_OK)
            break;
        CULVERT_SLOT Slot = {.Size = Bytes};
        CULVERT_SLOT *At = RingSlot(&App.Out, Position);
        Write(At, &Slot, sizeof(Slot));
        Write(At + 1, Packet, Bytes);
        Sent += FirstByte >> 4 == 4 || FirstByte >> 4 == 6;
    }
    if (RingPublish(&App.Out, App.Out.Tail))
        KeSetEvent(App.SendEvent, 0, FALSE);
}

static void
WriteSlot(FUZZ_INPUT *Input)
{
    ULONG At = App.Out.Tail + 16u * FuzzByte(Input);
    uint32_t Size = FuzzNumber(Input);
    Hostile = TRUE;
    Write(RingSlot(&App.Out, At), &Size, sizeof(Size));
}

static void
WriteBytes(FUZZ_INPUT *Input)
{
    UCHAR Some[256];
    ULONG At = FuzzNumber(Input) % (ULONG)App.Bytes;
    ULONG Count = FuzzBytes(Input, Some, FuzzByte(Input));
    Hostile = TRUE;
    for (ULONG Done = 0; Done < Count && At + Done < App.Bytes; ++Done)
        Write((UCHAR *)App.Memory + At + Done, &Some[Done], 1);
}

static void
SystemSends(ULONG Count, ULONG Bytes)
{
    PNET_BUFFER_LIST List = SimListCreate();
    MakePacket(Packet, Bytes, 6, 2);
    Count = min(Count, (RECEIVE_BYTES - min(ReceivedBytes, RECEIVE_BYTES)) / Bytes);
    Count = min(Count, SEND_MAX - Received);
    Received += Count;
    ReceivedBytes += Count * Bytes;
    for (ULONG Number = 0; Number < Count; ++Number)
        SimListAdd(List, Packet, Bytes, NULL);
    RingModelPut(&Model, App.Request != NULL ? Count : 0, Bytes);
    if (List->FirstNetBuffer != NULL && SimEdgeSend(WorldEdge, List) &&
        List->Status != NDIS_STATUS_SUCCESS)
    {
        /* A burst that finds the ring broken ends the session; the next one of the list may see
         * that before the request is completed. */
        FUZZ_EXPECT(SimQuiesce(), "the end of the session does not end");
        FUZZ_EXPECT(App.Request == NULL || SimRequestDone(App.Request) || SimFaultHit() != NULL,
                    "status %x", (ULONG)List->Status);
    }
    SimListFree(List);
    CheckShadow();
}

static void
Receive(ULONG Count)
{
    for (; Count != 0; --Count)
    {
        const CULVERT_SLOT *Slot;
        uint32_t Size;
        CULVERT_RING_RESULT Result = RingPeek(&App.In, &Slot, &Size);
        FUZZ_EXPECT(Result != CULVERT_RING_BROKEN || Hostile, "the driver's ring is broken");
        if (Result != CULVERT_RING_OK)
            break;
        const UCHAR *First = (const UCHAR *)(Slot + 1);
        FUZZ_EXPECT(*First >> 4 == 6 || Hostile, "a packet begins with %02x", *First);
        RingAdvance(&App.In, Size);
        RingRelease(&App.In, App.In.Head);
    }
}

static void
Plan(FUZZ_INPUT *Input)
{
    PLAN New = {.Due = Accesses + 1 + FuzzByte(Input),
                .Where = FuzzByte(Input) % (CONTROL_WORDS + 3)};
    New.How = FuzzByte(Input);
    New.Number = FuzzNumber(Input);
    if (PlanCount < PLANS_MAX)
        Plans[PlanCount++] = New;
}

static void
TogglePause(void)
{
    if (!SimEdgeRunning(WorldEdge))
    {
        NdisEdgeRestart(SimEdgeAdapter(WorldEdge));
        return;
    }
    while (SimEdgeReturn(WorldEdge, MAXULONG) != 0)
        FuzzSettle();
    SimEdgeHold(WorldEdge, FALSE);
    FuzzSettle();
    while (SimEdgeReturn(WorldEdge, MAXULONG) != 0)
        FuzzSettle();
    NdisEdgePause(SimEdgeAdapter(WorldEdge));
}

/* The operations of one that has a session. */
static void
SessionOperation(FUZZ_INPUT *Input, UCHAR Code)
{
    ULONG Count;
    switch (Code)
    {
    case 0:
        Count = FuzzNumber(Input) % CULVERT_MAX_PACKET + 1;
        SendPackets(1, Count, FuzzByte(Input));
        break;
    case 1:
        Count = FuzzByte(Input);
        SendPackets(Count, FuzzNumber(Input) % CULVERT_MAX_PACKET + 1, 0x45);
        break;
    case 2:
        Count = FuzzByte(Input);
        UCHAR How = FuzzByte(Input);
        Rewrite(ControlWord(Count), How, FuzzNumber(Input));
        break;
    case 3:
        WriteSlot(Input);
        break;
    case 4:
        WriteBytes(Input);
        break;
    case 5:
        KeSetEvent(App.SendEvent, 0, FALSE);
        break;
    case 7:
        Receive(FuzzByte(Input));
        break;
    case 11:
        Plan(Input);
        break;
    default:
        if (FuzzByte(Input) & 1)
            RingWaitForRoom(&App.Out, CULVERT_SLOT_BYTES(CULVERT_MAX_PACKET));
        else
            RingWaitForPacket(&App.In);
        break;
    }
}

static void
Operation(FUZZ_INPUT *Input)
{
    UCHAR Code = FuzzByte(Input) & 15;
    ULONG Count;
    switch (Code)
    {
    case 6:
        Count = FuzzByte(Input);
        SystemSends(Count, FuzzNumber(Input) % CULVERT_MAX_PACKET + 1);
        break;
    case 8:
        SimEdgeHold(WorldEdge, FuzzByte(Input) & 1);
        break;
    case 9:
        SimEdgeReturn(WorldEdge, FuzzByte(Input));
        break;
    case 10:
        TogglePause();
        break;
    case 12:
        Close();
        Open(FuzzByte(Input));
        break;
    case 14:
        SimFaultArm(FuzzByte(Input));
        return;
    case 15:
        WorldStatistics();
        break;
    default:
        if (App.Request != NULL)
            SessionOperation(Input, Code);
        break;
    }
    FuzzSettle();
    Lossy |= SimFaultHit() != NULL;
    SimFaultArm(0);
    SimFaultDisarm();
    CheckModel();
    if (App.Request != NULL && SimRequestDone(App.Request))
        CheckEnd(ApplicationWaitEnd(&App));
}

int
LLVMFuzzerInitialize(int *Count, char ***Arguments)
{
    (void)Count;
    (void)Arguments;
    FuzzWorldUp();
    SimAccessHook(OnAccess, NULL);
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Bytes)
{
    FUZZ_INPUT Input = {Data, Data + Bytes};
    FuzzBegin();
    Accesses = 0;
    SentAll = Received = 0;
    ReceivedBytes = 0;
    Open(FuzzByte(&Input));
    while (FuzzMore(&Input))
        Operation(&Input);
    Close();
    FuzzEnd();
    return 0;
}
