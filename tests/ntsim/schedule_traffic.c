/* SPDX-License-Identifier: MIT */
/* Scenarios of traffic on adapters that stay as they are: no packet may be lost, doubled or late.
 */
#include "schedule.h"

#define SMALL_BYTES 1400u
#define LARGE_BYTES 50000u

/* Two senders, and an application that expects every packet; all of them fit the ring. */
static void
ToTheApplication(void)
{
    SENDER Senders[2] = {{.Number = 1, .Lists = 4, .PacketsEach = 3, .BytesMax = SMALL_BYTES},
                         {.Number = 2, .Lists = 6, .PacketsEach = 2, .BytesMax = SMALL_BYTES}};
    GUEST Guest = {.BytesMax = SMALL_BYTES, .Expected = 24};
    Senders[1].AtDispatch = TRUE;
    CHECK(GuestBegin(&Guest) == STATUS_PENDING);
    GuestRun(&Guest);
    SenderStart(&Senders[0]);
    SenderStart(&Senders[1]);
    SimThreadJoin(Senders[0].Thread);
    SimThreadJoin(Senders[1].Thread);
    CHECK(Senders[0].Accepted + Senders[1].Accepted == 24);
    GuestJoin(&Guest);
    CHECK(GuestEnd(&Guest, EndByCancel) == STATUS_CANCELLED);
}

/* Packets so large that the application often waits for room. */
static void
ToTheSystem(void)
{
    WITNESS Witness = {0};
    GUEST Guest = {.Packets = 24, .BytesMax = LARGE_BYTES};
    WitnessBegin(&Witness);
    CHECK(GuestBegin(&Guest) == STATUS_PENDING);
    GuestRun(&Guest);
    WitnessWait(&Witness, Guest.Packets);
    CHECK(GuestEnd(&Guest, EndByCancel) == STATUS_CANCELLED);
    CHECK(Witness.Seen == Guest.Packets);
}

/* Both, with OIDs, and NDIS that returns lists late and few at a time. */
static void
BothDirections(void)
{
    SENDER Sender = {.Number = 1, .Lists = 6, .PacketsEach = 3, .BytesMax = SMALL_BYTES};
    WITNESS Witness = {0};
    GUEST Guest = {.Packets = 20, .BytesMax = SMALL_BYTES, .Expected = 18};
    RETURNER Returner = {.Count = 1 + SimScheduleRandom(5), .Milliseconds = SimScheduleRandom(3)};
    ASKER Asker = {.Times = 8};
    WitnessBegin(&Witness);
    ReturnerStart(&Returner);
    CHECK(GuestBegin(&Guest) == STATUS_PENDING);
    GuestRun(&Guest);
    AskerStart(&Asker);
    SenderStart(&Sender);
    WitnessWait(&Witness, Guest.Packets);
    GuestJoin(&Guest);
    SimThreadJoin(Sender.Thread);
    SimThreadJoin(Asker.Thread);
    CHECK(Sender.Accepted == 18);
    CHECK(GuestEnd(&Guest, EndByCancel) == STATUS_CANCELLED);
    ReturnerStop(&Returner);
}

/* More packets than there are buffers of their class, which NDIS keeps as long as it may: nothing
 * waits for them. */
static void
Starving(void)
{
    WITNESS Witness = {0};
    GUEST Guest = {.Packets = 290, .BytesMax = 10000};
    RETURNER Returner = {.Count = 20 + SimScheduleRandom(100), .Milliseconds = 60000};
    WitnessBegin(&Witness);
    ReturnerStart(&Returner);
    CHECK(GuestBegin(&Guest) == STATUS_PENDING);
    GuestRun(&Guest);
    WitnessWait(&Witness, Guest.Packets);
    CHECK(SimScheduleResult().Time < (ULONG64)60000 * 10000);
    CHECK(GuestEnd(&Guest, EndByCancel) == STATUS_CANCELLED);
    ReturnerStop(&Returner);
}

/* After the first few packets no memory can be had: the few buffers that there are go round, and
 * the session thread waits for each of them. */
static void
FewBuffers(void)
{
    static const SIM_FAULT_PLAN All = {.PerMille = 1000, .Seed = 1};
    WITNESS Witness = {0};
    GUEST Guest = {.Packets = 2, .BytesMax = SMALL_BYTES};
    RETURNER Returner = {.Count = 1 + SimScheduleRandom(3)};
    WitnessBegin(&Witness);
    ReturnerStart(&Returner);
    CHECK(GuestBegin(&Guest) == STATUS_PENDING);
    GuestRun(&Guest);
    WitnessWait(&Witness, 2);
    SimFaultArmPlan(&All);
    Guest.Packets = 20;
    GuestSendMore(&Guest);
    WitnessWait(&Witness, Guest.Packets);
    SimFaultDisarm();
    CHECK(GuestEnd(&Guest, EndByCancel) == STATUS_CANCELLED);
    ReturnerStop(&Returner);
}

/* A ring that is full again and again: what finds no room is dropped, the rest arrives in order. */
static void
FullRing(void)
{
    SENDER Senders[2] = {{.Number = 1, .Lists = 6, .PacketsEach = 2, .BytesMax = 60000},
                         {.Number = 2, .Lists = 6, .PacketsEach = 2, .BytesMax = 60000}};
    GUEST Guest = {.BytesMax = 60000};
    NDIS_STATISTICS_INFO Info = {0};
    CHECK(GuestBegin(&Guest) == STATUS_PENDING);
    GuestRun(&Guest);
    SenderStart(&Senders[0]);
    SenderStart(&Senders[1]);
    SimThreadJoin(Senders[0].Thread);
    SimThreadJoin(Senders[1].Thread);
    CHECK(SimEdgeOid(Stages[0].Edge, NdisRequestQueryInformation, OID_GEN_STATISTICS, &Info,
                     sizeof(Info), NULL, NULL) == NDIS_STATUS_SUCCESS);
    CHECK(Info.ifHCOutUcastPkts + Info.ifOutDiscards == 24);
    CHECK(GuestEnd(&Guest, EndByCancel) == STATUS_CANCELLED);
    /* What was in the ring when the session ended the application has read. */
    CHECK(Guest.Received == Info.ifHCOutUcastPkts);
}

/* Two adapters, each with its application and traffic. */
static void
TwoAdapters(void)
{
    SENDER Senders[2] = {{.Number = 1, .Lists = 5, .PacketsEach = 2, .BytesMax = SMALL_BYTES},
                         {.Number = 2, .Lists = 5, .PacketsEach = 2, .BytesMax = SMALL_BYTES}};
    WITNESS Witnesses[2] = {{0}, {.Adapter = 1}};
    GUEST Guests[2] = {{.Packets = 10, .BytesMax = SMALL_BYTES, .Expected = 10},
                       {.Packets = 10, .BytesMax = SMALL_BYTES, .Expected = 10}};
    for (unsigned At = 0; At < 2; ++At)
    {
        Senders[At].Adapter = Guests[At].Adapter = At;
        WitnessBegin(&Witnesses[At]);
        CHECK(GuestBegin(&Guests[At]) == STATUS_PENDING);
        GuestRun(&Guests[At]);
        SenderStart(&Senders[At]);
    }
    for (unsigned At = 0; At < 2; ++At)
    {
        WitnessWait(&Witnesses[At], 10);
        SimThreadJoin(Senders[At].Thread);
        GuestJoin(&Guests[At]);
        CHECK(Guests[At].Received == 10 && Guests[At].Next[At + 1] == 10);
        CHECK(GuestEnd(&Guests[At], EndByCancel) == STATUS_CANCELLED);
    }
}

/* One packet at a time in each direction, so that each of them must wake somebody. */
static void
PingPong(void)
{
    WITNESS Witness = {0};
    GUEST Guest = {.BytesMax = SMALL_BYTES, .Expected = 1};
    WitnessBegin(&Witness);
    CHECK(GuestBegin(&Guest) == STATUS_PENDING);
    for (unsigned Round = 1; Round <= 10; ++Round)
    {
        SENDER Sender = {.Number = 1, .Lists = 1, .PacketsEach = 1, .BytesMax = SMALL_BYTES};
        Guest.Packets = Round;
        Guest.Received = 0;
        Guest.Next[1] = 0;
        GuestRun(&Guest);
        SenderStart(&Sender);
        GuestJoin(&Guest);
        WitnessWait(&Witness, Round);
        SimThreadJoin(Sender.Thread);
        CHECK(Sender.Accepted == 1);
    }
    CHECK(GuestEnd(&Guest, EndByCancel) == STATUS_CANCELLED);
}

const SCENARIO TrafficScenarios[] = {
    {.Name = "ping-pong", .Adapters = 1, .Points = 1000, .Run = PingPong},
    {.Name = "to-the-application", .Adapters = 1, .Points = 700, .Run = ToTheApplication},
    {.Name = "to-the-system", .Adapters = 1, .Points = 700, .Run = ToTheSystem},
    {.Name = "both-directions", .Adapters = 1, .Points = 1100, .Run = BothDirections},
    {.Name = "full-ring", .Adapters = 1, .Points = 750, .Run = FullRing},
    {.Name = "two-adapters", .Adapters = 2, .Points = 1300, .Run = TwoAdapters},
    {.Name = "few-buffers", .Adapters = 1, .Points = 900, .Run = FewBuffers},
    {.Name = "starving", .Adapters = 1, .Points = 7000, .Run = Starving},
};
const unsigned TrafficScenarioCount = ARRAYSIZE(TrafficScenarios);
