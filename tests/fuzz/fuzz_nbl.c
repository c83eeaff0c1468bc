/* SPDX-License-Identifier: MIT */
/*
 * NET_BUFFER_LISTs of any shape to the miniport: chains of lists, NET_BUFFERs and MDLs, empty ones,
 * offsets, lengths that are not there, MDLs whose mapping fails. What must come out of it is
 * computed beside it: the status of each list, each packet in the ring, the statistics.
 *
 * Input: a byte, whose bit 0 says that there is no session, then operations until the end. The
 * first byte of each, modulo 8, says which:
 *
 *   0  a list      begins; packets are added to it
 *   1  a packet    MDLs (1 byte, modulo PIECES_MAX + 1), for each a FuzzNumber of bytes, whose low
 *                  16 bits count, and a byte (1: not mapped yet); then which MDL is the current one
 *                  (1 byte), CurrentMdlOffset (FuzzNumber), and DataLength: a byte, if it is 0 what
 *                  the chain has from there on, else a FuzzNumber
 *   2  packets     number (1 byte) and size (FuzzNumber, modulo 2048) of plain ones
 *   3  send        bit 3 of the first byte: at DISPATCH_LEVEL; bit 4: nobody receives afterwards
 *   4  fault       1 byte: which mapping of the next send fails
 *   5  receive     all that is in the ring
 *   6  the session ends, or one starts
 *   7  the adapter pauses, or restarts
 */
#include "harness.h"

#define PIECES_MAX  12u
#define LISTS_MAX   64u
#define PACKETS_MAX 512u
#define CHAIN_BYTES 150000u /* of the MDLs of one input, about, so that it stays fast */

/* A packet that is on its way, in the order in which it must arrive. */
typedef struct EXPECTED
{
    struct EXPECTED *Next;
    ULONG Bytes;
    UCHAR Data[];
} EXPECTED;

typedef struct LIST
{
    PNET_BUFFER_LIST List;
    NDIS_STATUS Status; /* that the model says */
} LIST;

static APPLICATION App;
static LIST Lists[LISTS_MAX];
static unsigned ListCount, PacketCount;
static ULONG ChainBytes;
static EXPECTED *First, **Last = &First;
static ULONG RingUsed; /* bytes of the receive ring that hold packets */
static unsigned Fault; /* which mapping fails; 0: none */
static ULONG64 Packets, Discards, Errors;

/* ---- Shapes ------------------------------------------------------------------------------------
 */

static PMDL
Piece(ULONG Bytes, BOOLEAN Unmapped)
{
    UCHAR *Data;
    PMDL Mdl = SimPieceCreate(Bytes, Unmapped, &Data);
    for (ULONG At = 0; At < Bytes; ++At)
        Data[At] = (UCHAR)(At * 7 + (At >> 8) + ChainBytes);
    ChainBytes += Bytes;
    return Mdl;
}

/* SimListAdd makes the NET_BUFFER, with an MDL of its own, behind which the others hang;
 * SimListFree frees them all. */
static void
AddPacket(FUZZ_INPUT *Input, PNET_BUFFER_LIST List)
{
    PNET_BUFFER Buffer = SimListAdd(List, "\x45", 1, NULL);
    PMDL Chain[PIECES_MAX + 1] = {Buffer->MdlChain};
    ULONG Count = FuzzBelow(Input, PIECES_MAX + 1) + 1;
    for (ULONG At = 1; At < Count; ++At)
    {
        ULONG Bytes = FuzzNumber(Input) & 0xFFFF;
        Chain[At] = Piece(Bytes, FuzzByte(Input) & 1);
        Chain[At - 1]->Next = Chain[At];
    }
    ULONG Current = FuzzBelow(Input, Count);
    ULONG Offset = FuzzNumber(Input);
    ULONG Bytes = 0;
    for (ULONG At = Current; At < Count; ++At)
        Bytes += Chain[At]->ByteCount;
    NET_BUFFER_CURRENT_MDL(Buffer) = Chain[Current];
    NET_BUFFER_CURRENT_MDL_OFFSET(Buffer) = Offset;
    NET_BUFFER_DATA_OFFSET(Buffer) = Offset;
    for (ULONG At = 0; At < Current; ++At)
        NET_BUFFER_DATA_OFFSET(Buffer) += Chain[At]->ByteCount;
    NET_BUFFER_DATA_LENGTH(Buffer) = FuzzByte(Input) == 0 ? Bytes - Offset : FuzzNumber(Input);
}

static void
AddPlainPackets(FUZZ_INPUT *Input, PNET_BUFFER_LIST List)
{
    static UCHAR Packet[2048];
    ULONG Count = FuzzByte(Input);
    ULONG Bytes = FuzzNumber(Input) % sizeof(Packet);
    for (; Count != 0 && PacketCount < PACKETS_MAX && ChainBytes < CHAIN_BYTES; --Count)
    {
        MakePacket(Packet, max(Bytes, 1), 4, PacketCount++);
        ChainBytes += Bytes;
        SimListAdd(List, Packet, Bytes, NULL);
    }
}

static PNET_BUFFER_LIST
CurrentList(BOOLEAN New)
{
    if (ListCount == 0 || (New && ListCount < LISTS_MAX))
        Lists[ListCount++].List = SimListCreate();
    return Lists[ListCount - 1].List;
}

/* ---- The model: what the driver must make of it ------------------------------------------------
 */

/* ndis/ns-ndis-_net_buffer: the data are DataLength bytes from CurrentMdlOffset of CurrentMdl on.
 * An MDL that is not mapped yet is mapped by the driver, in which the Fault-th time fails. */
static NDIS_STATUS
ModelPacket(PNET_BUFFER Buffer, unsigned *Mappings)
{
    ULONG64 Length = NET_BUFFER_DATA_LENGTH(Buffer);
    ULONG64 Skip = NET_BUFFER_CURRENT_MDL_OFFSET(Buffer);
    PMDL Mdl = NET_BUFFER_CURRENT_MDL(Buffer);
    if (Length == 0 || Length > CULVERT_MAX_PACKET || Skip > MmGetMdlByteCount(Mdl))
        return NDIS_STATUS_INVALID_LENGTH;
    for (; Mdl != NULL; Mdl = Mdl->Next)
    {
        ULONG64 Here = MmGetMdlByteCount(Mdl) - Skip;
        Skip = 0;
        if (Here != 0 &&
            (Mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL)) == 0 &&
            ++*Mappings == Fault)
            return NDIS_STATUS_RESOURCES;
        if (Here >= Length)
            return NDIS_STATUS_SUCCESS;
        Length -= Here;
    }
    return NDIS_STATUS_INVALID_LENGTH;
}

static EXPECTED *
CopyPacket(PNET_BUFFER Buffer)
{
    ULONG Left = NET_BUFFER_DATA_LENGTH(Buffer);
    ULONG Skip = NET_BUFFER_CURRENT_MDL_OFFSET(Buffer);
    EXPECTED *Packet = malloc(sizeof(*Packet) + Left);
    *Packet = (EXPECTED){.Bytes = Left};
    UCHAR *To = Packet->Data;
    for (PMDL Mdl = NET_BUFFER_CURRENT_MDL(Buffer); Left != 0; Mdl = Mdl->Next, Skip = 0)
    {
        ULONG Here = min(Mdl->ByteCount - Skip, Left);
        memcpy(To, (UCHAR *)MmGetMdlVirtualAddress(Mdl) + Skip, Here);
        To += Here;
        Left -= Here;
    }
    return Packet;
}

/* BURST_MAX and BURST_BYTES of driver/transmit.c. */
#define DRIVER_BURST       32
#define DRIVER_BURST_BYTES 0x10000

/* One packet of a burst of the driver's (see driver/transmit.c): from the first one on that does
 * not fit, the burst is dropped. */
static void
ModelArrival(PNET_BUFFER Buffer, unsigned *InBurst, ULONG *Bytes, BOOLEAN *Full)
{
    ULONG Slot = CULVERT_SLOT_BYTES(NET_BUFFER_DATA_LENGTH(Buffer));
    if (*InBurst == DRIVER_BURST || *Bytes >= DRIVER_BURST_BYTES)
    {
        *InBurst = 0;
        *Bytes = 0;
        *Full = FALSE;
    }
    ++*InBurst;
    *Bytes += NET_BUFFER_DATA_LENGTH(Buffer);
    *Full |= Slot > App.Start.Capacity - RingUsed;
    if (*Full)
    {
        ++Discards;
        return;
    }
    RingUsed += Slot;
    ++Packets;
    *Last = CopyPacket(Buffer);
    Last = &(*Last)->Next;
}

static void
ModelSend(void)
{
    unsigned Mappings = 0, InBurst = 0;
    ULONG Bytes = 0;
    BOOLEAN Full = FALSE;
    for (unsigned At = 0; At < ListCount; ++At)
    {
        LIST *List = &Lists[At];
        List->Status = App.Request != NULL ? NDIS_STATUS_SUCCESS : NDIS_STATUS_FAILURE;
        for (PNET_BUFFER Buffer = List->List->FirstNetBuffer; Buffer; Buffer = Buffer->Next)
        {
            if (App.Request == NULL)
            {
                ++Discards;
                continue;
            }
            /* The model maps nothing, so an MDL counts once only: each belongs to one packet. */
            NDIS_STATUS Status = ModelPacket(Buffer, &Mappings);
            if (Status == NDIS_STATUS_SUCCESS)
            {
                ModelArrival(Buffer, &InBurst, &Bytes, &Full);
                continue;
            }
            List->Status = Status;
            if (Status == NDIS_STATUS_RESOURCES)
                ++Discards;
            else
                ++Errors;
        }
    }
}

/* ---- Operations --------------------------------------------------------------------------------
 */

static void
Receive(void)
{
    static UCHAR Got[CULVERT_MAX_PACKET];
    while (First != NULL)
    {
        EXPECTED *Packet = First;
        ULONG Bytes = ApplicationReceive(&App, Got, sizeof(Got));
        FUZZ_EXPECT(Bytes == Packet->Bytes, "%u bytes, not %u", Bytes, Packet->Bytes);
        FUZZ_EXPECT(memcmp(Got, Packet->Data, Bytes) == 0, "a packet of %u bytes differs", Bytes);
        First = Packet->Next;
        free(Packet);
    }
    Last = &First;
    RingUsed = 0;
    if (App.Request != NULL)
        FUZZ_EXPECT(ApplicationReceive(&App, Got, sizeof(Got)) == 0, "a packet too many");
}

static void
FreeLists(void)
{
    while (ListCount != 0)
        SimListFree(Lists[--ListCount].List);
}

static void
CheckStatistics(void)
{
    NDIS_STATISTICS_INFO Info = WorldStatistics();
    FUZZ_EXPECT(Info.ifHCOutUcastPkts == Packets && Info.ifOutDiscards == Discards &&
                    Info.ifOutErrors == Errors,
                "packets %llu %llu, discards %llu %llu, errors %llu %llu",
                (unsigned long long)Info.ifHCOutUcastPkts, (unsigned long long)Packets,
                (unsigned long long)Info.ifOutDiscards, (unsigned long long)Discards,
                (unsigned long long)Info.ifOutErrors, (unsigned long long)Errors);
}

static void
Send(UCHAR How)
{
    KIRQL Old;
    if (ListCount == 0 || !SimEdgeRunning(WorldEdge))
        return;
    ModelSend();
    for (unsigned At = 0; At + 1 < ListCount; ++At)
        Lists[At].List->Next = Lists[At + 1].List;
    if (Fault != 0)
        SimFaultArm(Fault);
    KeRaiseIrql((How & 8) != 0 ? DISPATCH_LEVEL : PASSIVE_LEVEL, &Old);
    FUZZ_EXPECT(SimEdgeSend(WorldEdge, Lists[0].List), "the adapter runs, but takes nothing");
    KeLowerIrql(Old);
    if (Fault != 0)
        SimFaultDisarm();
    Fault = 0;
    for (unsigned At = 0; At < ListCount; ++At)
    {
        FUZZ_EXPECT(Lists[At].List->Status == Lists[At].Status, "list %u: %x, not %x", At,
                    (ULONG)Lists[At].List->Status, (ULONG)Lists[At].Status);
        Lists[At].List->Next = NULL;
    }
    CheckStatistics();
    if ((How & 16) == 0)
        Receive();
    FreeLists();
}

static void
StartSession(void)
{
    FUZZ_EXPECT(ApplicationStart(&App) == STATUS_PENDING, "the session does not start");
    RingUsed = 0;
}

static void
ToggleSession(void)
{
    if (App.Request == NULL)
    {
        StartSession();
        return;
    }
    Receive();
    FUZZ_EXPECT(ApplicationEnd(&App) == STATUS_CANCELLED, "it ended otherwise");
}

static void
TogglePause(void)
{
    if (SimEdgeRunning(WorldEdge))
        NdisEdgePause(SimEdgeAdapter(WorldEdge));
    else
        NdisEdgeRestart(SimEdgeAdapter(WorldEdge));
}

static void
Operation(FUZZ_INPUT *Input)
{
    UCHAR Code = FuzzByte(Input);
    switch (Code & 7)
    {
    case 0:
        CurrentList(TRUE);
        break;
    case 1:
        if (PacketCount < PACKETS_MAX && ChainBytes < CHAIN_BYTES)
        {
            ++PacketCount;
            AddPacket(Input, CurrentList(FALSE));
        }
        break;
    case 2:
        AddPlainPackets(Input, CurrentList(FALSE));
        break;
    case 3:
        Send(Code);
        break;
    case 4:
        Fault = FuzzByte(Input);
        break;
    case 5:
        Receive();
        break;
    case 6:
        ToggleSession();
        break;
    default:
        TogglePause();
        break;
    }
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
    NDIS_STATISTICS_INFO Info = WorldStatistics();
    Packets = Info.ifHCOutUcastPkts;
    Discards = Info.ifOutDiscards;
    Errors = Info.ifOutErrors;
    ChainBytes = PacketCount = Fault = 0;
    ApplicationOpen(&App, WORLD_CAPACITY);
    if ((FuzzByte(&Input) & 1) == 0)
        StartSession();
    while (FuzzMore(&Input))
        Operation(&Input);
    Send(3);
    Receive();
    FreeLists();
    ApplicationExit(&App);
    FuzzEnd();
    return 0;
}
