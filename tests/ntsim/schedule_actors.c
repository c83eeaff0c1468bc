/* SPDX-License-Identifier: MIT */
/* The actors of scenarios: see schedule.h. */
#include <stdio.h>
#include "schedule.h"

#define HEAD_BYTES 12u /* of a packet: version, sender, number */
#define OID_BYTES  1024u

#define ALL_LARGE_BYTES 10000u

ULONG
PacketSize(unsigned Number, ULONG BytesMax)
{
    ULONG Bytes = HEAD_BYTES + Number * 379 % 1400;
    if (BytesMax >= ALL_LARGE_BYTES)
        return BytesMax - Number % 7;
    if (Number % 3 == 1)
        Bytes = BytesMax;
    return min(Bytes, BytesMax);
}

void
PacketMake(UCHAR *Packet, ULONG Bytes, unsigned Sender, unsigned Number)
{
    MakePacket(Packet, Bytes, 4 + Number % 2 * 2, Number);
    Packet[1] = (UCHAR)Sender;
    memcpy(Packet + 4, &Number, sizeof(Number));
}

unsigned
PacketRead(const UCHAR *Packet, ULONG Bytes, ULONG BytesMax, unsigned *Sender)
{
    static _Thread_local UCHAR Right[CULVERT_MAX_PACKET];
    unsigned Number;
    CHECK(Bytes >= HEAD_BYTES);
    memcpy(&Number, Packet + 4, sizeof(Number));
    *Sender = Packet[1];
    CHECK(Bytes == PacketSize(Number, BytesMax));
    PacketMake(Right, Bytes, *Sender, Number);
    CHECK(memcmp(Packet, Right, Bytes) == 0);
    return Number;
}

/* ---- Senders ------------------------------------------------------------------------------------
 */

static void
SendList(SENDER *Sender, unsigned *Number)
{
    UCHAR *Packet = malloc(Sender->BytesMax);
    PNET_BUFFER_LIST List = SimListCreate();
    for (unsigned At = 0; At < Sender->PacketsEach; ++At, ++*Number)
    {
        ULONG Bytes = PacketSize(*Number, Sender->BytesMax);
        PacketMake(Packet, Bytes, Sender->Number, *Number);
        SimListAdd(List, Packet, Bytes, NULL);
    }
    KIRQL Irql = KeGetCurrentIrql();
    if (Sender->AtDispatch)
        KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    SIM_EDGE *Edge = Stages[Sender->Adapter].Edge;
    BOOLEAN Sent = TRUE;
    if (Sender->Straight)
        NdisEdgeSend(SimEdgeAdapter(Edge), List, 0);
    else
        Sent = SimEdgeSend(Edge, List);
    if (Sender->AtDispatch)
        KeLowerIrql(Irql);
    if (!Sent)
        Sender->Unsent += Sender->PacketsEach;
    else if (List->Status == NDIS_STATUS_SUCCESS)
        Sender->Accepted += Sender->PacketsEach;
    else
    {
        CHECK(List->Status == NDIS_STATUS_PAUSED || List->Status == NDIS_STATUS_FAILURE ||
              List->Status == NDIS_STATUS_NOT_ACCEPTED);
        Sender->Refused += Sender->PacketsEach;
    }
    SimListFree(List);
    free(Packet);
}

static void
SenderMain(void *Context)
{
    SENDER *Sender = Context;
    unsigned Number = 0;
    for (unsigned At = 0; At < Sender->Lists; ++At)
        SendList(Sender, &Number);
}

void
SenderStart(SENDER *Sender)
{
    Sender->Thread = SimThreadCreate(SenderMain, Sender, "sender");
}

/* ---- Guests -------------------------------------------------------------------------------------
 */

NTSTATUS
GuestBegin(GUEST *Guest)
{
    NTSTATUS Status =
        ApplicationTryOpenDevice(&Guest->App, CULVERT_MIN_CAPACITY, Stages[Guest->Adapter].Link);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = ApplicationStart(&Guest->App);
    if (Status != STATUS_PENDING)
        ApplicationExit(&Guest->App);
    Guest->Sent = Guest->Received = 0;
    memset(Guest->Next, 0, sizeof(Guest->Next));
    return Status;
}

/* Waits until Event is set, whenever that is. */
static void
WaitEvent(PKEVENT Event)
{
    KeWaitForSingleObject(Event, UserRequest, KernelMode, FALSE, NULL);
}

static BOOLEAN
HasEnded(GUEST *Guest)
{
    return ApplicationState(&Guest->App) > CULVERT_STATE_RUNNING;
}

static void
GuestSend(void *Context)
{
    GUEST *Guest = Context;
    UCHAR *Packet = malloc(Guest->BytesMax);
    SimProcessEnter(Guest->App.Process);
    while (Guest->Sent < Guest->Packets && !HasEnded(Guest))
    {
        ULONG Bytes = PacketSize(Guest->Sent, Guest->BytesMax);
        PacketMake(Packet, Bytes, 0, Guest->Sent);
        if (ApplicationSend(&Guest->App, Packet, Bytes))
            ++Guest->Sent;
        else if (!RingWaitForRoom(&Guest->App.Out, CULVERT_SLOT_BYTES(Bytes)) && !HasEnded(Guest))
            WaitEvent(Guest->App.SendSpaceEvent);
    }
    free(Packet);
}

static void
GuestReceive(void *Context)
{
    GUEST *Guest = Context;
    UCHAR *Packet = malloc(CULVERT_MAX_PACKET);
    SimProcessEnter(Guest->App.Process);
    while (Guest->Expected == 0 || Guest->Received < Guest->Expected)
    {
        BOOLEAN Ended = HasEnded(Guest);
        ULONG Bytes = ApplicationReceive(&Guest->App, Packet, CULVERT_MAX_PACKET);
        if (Bytes != 0)
        {
            unsigned Sender;
            unsigned Number = PacketRead(Packet, Bytes, Guest->BytesMax, &Sender);
            CHECK(Sender < ARRAYSIZE(Guest->Next) && Number >= Guest->Next[Sender]);
            Guest->Next[Sender] = Number + 1;
            ++Guest->Received;
        }
        else if (Ended)
            break;
        else if (!RingWaitForPacket(&Guest->App.In) && !HasEnded(Guest))
            WaitEvent(Guest->App.ReceiveEvent);
    }
    free(Packet);
}

void
GuestRun(GUEST *Guest)
{
    Guest->SendThread = SimThreadCreate(GuestSend, Guest, "guest's sender");
    Guest->ReceiveThread = SimThreadCreate(GuestReceive, Guest, "guest's receiver");
}

void
GuestSendMore(GUEST *Guest)
{
    SimThreadJoin(Guest->SendThread);
    Guest->SendThread = SimThreadCreate(GuestSend, Guest, "guest's sender");
}

void
GuestJoin(GUEST *Guest)
{
    if (Guest->SendThread != NULL)
        SimThreadJoin(Guest->SendThread);
    if (Guest->ReceiveThread != NULL)
        SimThreadJoin(Guest->ReceiveThread);
    Guest->SendThread = Guest->ReceiveThread = NULL;
}

NTSTATUS
GuestLeave(GUEST *Guest)
{
    /* All who wait in the application are woken by the end. */
    GuestJoin(Guest);
    NTSTATUS Status = ApplicationWaitEnd(&Guest->App);
    CHECK(HasEnded(Guest));
    ApplicationExit(&Guest->App);
    return Status;
}

NTSTATUS
GuestEnd(GUEST *Guest, GUEST_END How)
{
    switch (How)
    {
    case EndByCancel:
        SimRequestCancel(Guest->App.Request);
        break;
    case EndByClose:
        SimProcessEnter(Guest->App.Process);
        CHECK(SimHandleClose(Guest->App.Process, Guest->App.File) == STATUS_SUCCESS);
        break;
    case EndByExit:
        /* Each thread's requests are cancelled as it ends, and the handles are closed while that
         * goes on. */
        SimRequestCancel(Guest->App.Request);
        SimProcessEnter(Guest->App.Process);
        CHECK(SimHandleClose(Guest->App.Process, Guest->App.File) == STATUS_SUCCESS);
        break;
    default:
        /* Nobody else writes the position then. */
        SimThreadJoin(Guest->SendThread);
        Guest->SendThread = NULL;
        AtomicWriteRelease(&Guest->App.Memory->Send.Tail, 8);
        KeSetEvent(Guest->App.SendEvent, 0, FALSE);
        break;
    }
    return GuestLeave(Guest);
}

/* ---- Witnesses ----------------------------------------------------------------------------------
 */

static void
Witnessed(void *Context, const UCHAR *Packet, ULONG Bytes, USHORT EtherType)
{
    WITNESS *Witness = Context;
    unsigned Number;
    CHECK(Bytes >= HEAD_BYTES && EtherType == (Packet[0] >> 4 == 4 ? 0x0800 : 0x86DD));
    memcpy(&Number, Packet + 4, sizeof(Number));
    if (Number == 0 && Witness->MayRestart)
        Witness->Next = 0;
    CHECK(Witness->MayLose ? Number >= Witness->Next : Number == Witness->Next);
    Witness->Next = Number + 1;
    ++Witness->Seen;
}

void
WitnessBegin(WITNESS *Witness)
{
    SimEdgeSetReceive(Stages[Witness->Adapter].Edge, Witnessed, Witness);
}

typedef struct WITNESS_WAIT
{
    const WITNESS *Witness;
    unsigned Packets;
} WITNESS_WAIT;

static BOOLEAN
HasSeen(void *Context)
{
    const WITNESS_WAIT *Wait = Context;
    return Wait->Witness->Seen >= Wait->Packets;
}

void
WitnessWait(WITNESS *Witness, unsigned Packets)
{
    WITNESS_WAIT Wait = {Witness, Packets};
    SimScheduleWait("packets from the guest", HasSeen, &Wait, NULL);
}

/* ---- Returners and askers -----------------------------------------------------------------------
 */

static BOOLEAN
HasWork(void *Context)
{
    const RETURNER *Returner = Context;
    return Returner->Stop || SimEdgeHeld(Stages[Returner->Adapter].Edge) != 0;
}

static void
ReturnerMain(void *Context)
{
    RETURNER *Returner = Context;
    SIM_EDGE *Edge = Stages[Returner->Adapter].Edge;
    while (!Returner->Stop)
    {
        SimScheduleWait("lists to return", HasWork, Returner, NULL);
        if (Returner->Milliseconds != 0)
            SimSleep(Returner->Milliseconds);
        SimEdgeReturn(Edge, Returner->Count);
    }
    SimEdgeHold(Edge, FALSE);
    while (SimEdgeReturn(Edge, Returner->Count) != 0)
        ;
}

void
ReturnerStart(RETURNER *Returner)
{
    SimEdgeHold(Stages[Returner->Adapter].Edge, TRUE);
    Returner->Thread = SimThreadCreate(ReturnerMain, Returner, "returner");
}

void
ReturnerStop(RETURNER *Returner)
{
    Returner->Stop = TRUE;
    SimThreadJoin(Returner->Thread);
}

static void
AskerMain(void *Context)
{
    static const NDIS_OID Oids[] = {OID_GEN_STATISTICS, OID_GEN_XMIT_OK, OID_GEN_RCV_OK,
                                    OID_GEN_INTERRUPT_MODERATION, OID_GEN_CURRENT_LOOKAHEAD};
    ASKER *Asker = Context;
    UCHAR *Answer = malloc(OID_BYTES);
    for (unsigned At = 0; At < Asker->Times; ++At)
    {
        SIM_EDGE *Edge = Stages[Asker->Adapter].Edge;
        ULONG Filter = NDIS_PACKET_TYPE_DIRECTED;
        NDIS_STATUS Status =
            At % 4 == 3 ? SimEdgeOid(Edge, NdisRequestSetInformation, OID_GEN_CURRENT_PACKET_FILTER,
                                     &Filter, sizeof(Filter), NULL, NULL)
                        : SimEdgeOid(Edge, NdisRequestQueryInformation,
                                     Oids[SimScheduleRandom(ARRAYSIZE(Oids))], Answer, OID_BYTES,
                                     NULL, NULL);
        CHECK(Status == NDIS_STATUS_SUCCESS || Status == NDIS_STATUS_ADAPTER_NOT_READY ||
              Status == NDIS_STATUS_ADAPTER_NOT_FOUND || Status == NDIS_STATUS_NOT_ACCEPTED ||
              Status == NDIS_STATUS_INVALID_DATA);
    }
    free(Answer);
}

void
AskerStart(ASKER *Asker)
{
    Asker->Thread = SimThreadCreate(AskerMain, Asker, "asker");
}
