/* SPDX-License-Identifier: MIT */
/*
 * The DLL's session functions on the driver, called in any order: packets are given back and sent
 * in any order, one at a time and in batches, twice, or never; sessions end with packets
 * outstanding. What must come of it is computed beside it: which packets arrive, with which bytes,
 * and when there is room.
 *
 * Input: a byte, the capacity (CULVERT_MIN_CAPACITY shifted left by its low 2 bits), then
 * operations until the end. The first byte of each, modulo 8, says which; SIZE is a FuzzNumber,
 * modulo 65535, plus 1:
 *
 *   0  sends     1 byte of packets, of SIZE bytes each, from the system
 *   1  receive   1 byte: how many; bit 3 of the first byte: in one batch
 *   2  release   1 byte: how many; bit 3: in one batch; for each 1 byte: which of those outstanding
 *   3  allocate  1 byte: how many; bit 3: in one batch; SIZE
 *   4  send      as release, of those allocated
 *   5  restart   the session, with the capacity of the byte that follows
 *   6  wrong     1 byte: what is not the session's is released and sent, or a handle is none
 *   7  nothing
 *
 * Of the operations 5 and 6 only the first STARTS_MAX do something.
 */
#include "harness.h"
#include "culvert.h"
#include "../../ntsim/win32/process.h"

#define BATCH_MAX   32u
#define PACKETS_MAX 512u /* in one direction, of one session */
#define BYTES_MAX   400000u
#define DROPS_MAX   64u /* packets that find no room, in one input */
#define STARTS_MAX  8u  /* sessions that are started in one, or would be: they take longest */

/* The batches of culvert.h, whose functions the DLL exports by name. */
DWORD WINAPI
CulvertReceivePackets(WINTUN_SESSION_HANDLE Session, CULVERT_PACKET *Packets, DWORD Count);
void WINAPI
CulvertReleaseReceivePackets(WINTUN_SESSION_HANDLE Session, const CULVERT_PACKET *Packets,
                             DWORD Count);
DWORD WINAPI
CulvertAllocateSendPackets(WINTUN_SESSION_HANDLE Session, CULVERT_PACKET *Packets, DWORD Count);
void WINAPI
CulvertSendPackets(WINTUN_SESSION_HANDLE Session, const CULVERT_PACKET *Packets, DWORD Count);

/* A packet of one direction, in the order of the ring. */
typedef struct PACKET
{
    BYTE *Data; /* while it is the application's, else NULL */
    DWORD Size;
    unsigned Seed;
    BOOLEAN Done; /* released, or sent */
} PACKET;

typedef struct DIRECTION
{
    PACKET Packets[PACKETS_MAX];
    unsigned Count;
    unsigned First; /* that still takes room: all before it are done */
    unsigned Next;  /* in: to be received */
    ULONG Used;     /* bytes of the ring */
} DIRECTION;

static WINTUN_SESSION_HANDLE Session;
static ULONG Capacity;
static DIRECTION In, Out; /* from and to the system */
static unsigned Seeds;
static ULONG Bytes; /* that were made in this input */
static unsigned Drops, Starts;
static UCHAR Buffer[CULVERT_MAX_PACKET];

/* Takes the packets that are done, from the oldest on, out of the ring. */
static void
Free(DIRECTION *Way)
{
    while (Way->First != Way->Count && Way->Packets[Way->First].Done)
        Way->Used -= CULVERT_SLOT_BYTES(Way->Packets[Way->First++].Size);
}

static PACKET *
Add(DIRECTION *Way, DWORD Size)
{
    PACKET *Packet = &Way->Packets[Way->Count++];
    *Packet = (PACKET){.Size = Size, .Seed = Seeds++};
    Way->Used += CULVERT_SLOT_BYTES(Size);
    Bytes += Size;
    return Packet;
}

static BOOLEAN
Fits(const DIRECTION *Way, DWORD Size)
{
    return CULVERT_SLOT_BYTES(Size) <= Capacity - Way->Used;
}

/* The Which-th of the packets that the application has; NULL if it has none. */
static PACKET *
Outstanding(DIRECTION *Way, unsigned Which)
{
    unsigned Have = 0;
    for (unsigned At = Way->First; At < Way->Count; ++At)
        Have += Way->Packets[At].Data != NULL;
    if (Have == 0)
        return NULL;
    Which %= Have;
    for (unsigned At = Way->First;; ++At)
    {
        if (Way->Packets[At].Data != NULL && Which-- == 0)
            return &Way->Packets[At];
    }
}

/* ---- From the system ---------------------------------------------------------------------------
 */

static void
SystemSends(FUZZ_INPUT *Input)
{
    ULONG Count = FuzzByte(Input);
    DWORD Size = FuzzNumber(Input) % CULVERT_MAX_PACKET + 1;
    for (; Count != 0 && In.Count < PACKETS_MAX && Bytes < BYTES_MAX && Drops < DROPS_MAX; --Count)
    {
        MakePacket(Buffer, Size, 4, Seeds);
        SimEdgeSendPacket(WorldEdge, Buffer, Size, NULL);
        if (Fits(&In, Size))
            Add(&In, Size);
        else
        {
            ++Seeds;
            ++Drops;
        }
    }
}

static void
CheckReceived(BYTE *Data, DWORD Size)
{
    FUZZ_EXPECT(In.Next < In.Count, "a packet of %u bytes that nobody sent", Size);
    PACKET *Packet = &In.Packets[In.Next++];
    FUZZ_EXPECT(Size == Packet->Size, "%u bytes, not %u", Size, Packet->Size);
    FUZZ_EXPECT(IsPacket(Data, Size, 4, Packet->Seed), "packet %u differs", Packet->Seed);
    Packet->Data = Data;
}

static void
ExpectError(DWORD Error)
{
    FUZZ_EXPECT(GetLastError() == Error, "error %u, not %u", GetLastError(), Error);
}

static void
Receive(ULONG Count, BOOLEAN Batch)
{
    CULVERT_PACKET Packets[BATCH_MAX];
    Count = Count % BATCH_MAX + 1;
    if (Batch)
    {
        DWORD Left = In.Count - In.Next;
        DWORD Got = CulvertReceivePackets(Session, Packets, Count);
        FUZZ_EXPECT(Got == min(Left, Count), "%u packets of %u", Got, Left);
        for (DWORD At = 0; At < Got; ++At)
            CheckReceived(Packets[At].Data, Packets[At].Size);
        return;
    }
    for (; Count != 0; --Count)
    {
        DWORD Size;
        BYTE *Data = WintunReceivePacket(Session, &Size);
        if (Data == NULL)
        {
            ExpectError(ERROR_NO_MORE_ITEMS);
            FUZZ_EXPECT(In.Next == In.Count, "%u packets are missing", In.Count - In.Next);
            return;
        }
        CheckReceived(Data, Size);
    }
}

/* ---- To the system -----------------------------------------------------------------------------
 */

static void
Allocate(FUZZ_INPUT *Input, BOOLEAN Batch)
{
    CULVERT_PACKET Packets[BATCH_MAX];
    DWORD Count = FuzzByte(Input) % BATCH_MAX + 1, Expected = 0;
    DWORD Size = FuzzNumber(Input) % CULVERT_MAX_PACKET + 1;
    if (Out.Count + Count > PACKETS_MAX || Bytes > BYTES_MAX)
        return;
    unsigned First = Out.Count;
    for (; Expected < Count && Fits(&Out, Size); ++Expected)
        Add(&Out, Size);
    for (DWORD At = 0; At < Count; ++At)
        Packets[At] = (CULVERT_PACKET){.Size = Size};
    DWORD Got = 0;
    if (Batch)
        Got = CulvertAllocateSendPackets(Session, Packets, Count);
    else
        while (Got < Count && (Packets[Got].Data = WintunAllocateSendPacket(Session, Size)) != NULL)
            ++Got;
    FUZZ_EXPECT(Got == Expected, "room for %u packets of %u bytes, not %u", Got, Size, Expected);
    if (Got == 0 || (!Batch && Got < Count))
        ExpectError(ERROR_BUFFER_OVERFLOW);
    for (DWORD At = 0; At < Got; ++At)
    {
        PACKET *Packet = &Out.Packets[First + At];
        Packet->Data = Packets[At].Data;
        MakePacket(Packet->Data, Size, 6, Packet->Seed);
    }
}

/* The system has what was sent, up to the oldest packet that was not. */
static void
TakeSent(void)
{
    unsigned First = Out.First;
    Free(&Out);
    for (; First != Out.First; ++First)
    {
        const PACKET *Packet = &Out.Packets[First];
        ULONG Size = SimEdgeTake(WorldEdge, Buffer, sizeof(Buffer), 0);
        FUZZ_EXPECT(Size == Packet->Size, "%u bytes, not %u", Size, Packet->Size);
        FUZZ_EXPECT(IsPacket(Buffer, Size, 6, Packet->Seed), "packet %u differs", Packet->Seed);
    }
    FUZZ_EXPECT(SimEdgeTake(WorldEdge, Buffer, sizeof(Buffer), 0) == 0, "a packet too many");
}

/* Gives packets back: to the ring they came from, or to the driver. */
static void
GiveBack(FUZZ_INPUT *Input, DIRECTION *Way, BOOLEAN Batch)
{
    CULVERT_PACKET Packets[BATCH_MAX];
    DWORD Count = FuzzByte(Input) % BATCH_MAX + 1, Have = 0;
    for (; Have < Count; ++Have)
    {
        PACKET *Packet = Outstanding(Way, FuzzByte(Input));
        if (Packet == NULL)
            break;
        FUZZ_EXPECT(IsPacket(Packet->Data, Packet->Size, Way == &In ? 4 : 6, Packet->Seed),
                    "packet %u was changed", Packet->Seed);
        Packets[Have] = (CULVERT_PACKET){.Data = Packet->Data};
        Packet->Data = NULL;
        Packet->Done = TRUE;
    }
    if (Batch && Way == &In)
        CulvertReleaseReceivePackets(Session, Packets, Have);
    else if (Batch)
        CulvertSendPackets(Session, Packets, Have);
    for (DWORD At = 0; At < Have && !Batch; ++At)
    {
        if (Way == &In)
            WintunReleaseReceivePacket(Session, Packets[At].Data);
        else
            WintunSendPacket(Session, Packets[At].Data);
    }
    if (Way == &In)
        Free(&In);
}

/* ---- Sessions ----------------------------------------------------------------------------------
 */

static void
Start(UCHAR Size)
{
    Capacity = CULVERT_MIN_CAPACITY << (Size & 3);
    memset(&In, 0, sizeof(In));
    memset(&Out, 0, sizeof(Out));
    Session = WintunStartSession(SimWin32Adapter(), Capacity);
    FUZZ_EXPECT(Session != NULL, "error %u", GetLastError());
}

static void
Restart(UCHAR Size)
{
    WINTUN_SESSION_HANDLE Old = Session;
    DWORD Got;
    WintunEndSession(Session);
    FUZZ_EXPECT(WintunReceivePacket(Old, &Got) == NULL, "a packet of an ended session");
    FUZZ_EXPECT(WintunAllocateSendPacket(Old, 100) == NULL, "room in an ended session");
    WintunEndSession(Old);
    Start(Size);
}

/* What no correct application does, and the DLL promises to ignore or to refuse. */
static void
Wrong(UCHAR How)
{
    BYTE Mine[64];
    CULVERT_PACKET Packets[2] = {{.Data = NULL}, {.Data = Mine + How % 32}};
    CulvertReleaseReceivePackets(Session, Packets, 2);
    CulvertSendPackets(Session, Packets, 2);
    WintunReleaseReceivePacket(Session, Mine + How % 32);
    WintunSendPacket(Session, NULL);
    WintunEndSession(NULL);
    FUZZ_EXPECT(WintunAllocateSendPacket(Session, 0) == NULL, "a packet without bytes");
    ExpectError(ERROR_INVALID_PARAMETER);
    FUZZ_EXPECT(WintunAllocateSendPacket(Session, CULVERT_MAX_PACKET + 1) == NULL, "too long");
    ExpectError(ERROR_INVALID_PARAMETER);
    FUZZ_EXPECT(WintunReceivePacket(NULL, NULL) == NULL, "a packet of no session");
    FUZZ_EXPECT(WintunStartSession(SimWin32Adapter(), Capacity + How + 1) == NULL, "a session");
    ExpectError(ERROR_INVALID_PARAMETER);
    FUZZ_EXPECT(WintunStartSession(SimWin32Adapter(), Capacity) == NULL, "a second session");
    ExpectError(ERROR_SHARING_VIOLATION);
}

static void
Operation(FUZZ_INPUT *Input)
{
    UCHAR Code = FuzzByte(Input);
    BOOLEAN Batch = (Code & 8) != 0;
    switch (Code & 7)
    {
    case 0:
        SystemSends(Input);
        break;
    case 1:
        Receive(FuzzByte(Input), Batch);
        break;
    case 2:
        GiveBack(Input, &In, Batch);
        break;
    case 3:
        Allocate(Input, Batch);
        break;
    case 4:
        GiveBack(Input, &Out, Batch);
        break;
    case 5:
        if (Starts++ < STARTS_MAX)
            Restart(FuzzByte(Input));
        break;
    case 6:
        if (Starts++ < STARTS_MAX)
            Wrong(FuzzByte(Input));
        break;
    default:
        break;
    }
    FuzzSettle();
    TakeSent();
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
LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Length)
{
    FUZZ_INPUT Input = {Data, Data + Length};
    unsigned Operations = 0;
    FuzzBegin();
    SimWin32Begin(WORLD_DEVICE_LINK);
    Seeds = Bytes = Drops = Starts = 0;
    Start(FuzzByte(&Input));
    for (; FuzzMore(&Input) && Operations < 64; ++Operations)
        Operation(&Input);
    WintunEndSession(Session);
    SimWin32End();
    FuzzEnd();
    return 0;
}
