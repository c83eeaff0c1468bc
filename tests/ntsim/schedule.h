/* SPDX-License-Identifier: MIT */
/*
 * Scenarios for the scheduler (ntsim/scheduler.h): each is run many times, each time in a process
 * of its own with a seed that decides who runs when. What several scenarios need: a machine with
 * adapters, and actors, which are threads that do something with one of these.
 *
 * All waits here are without a limit: who is not woken is found as a deadlock.
 */
#ifndef CULVERT_TESTS_NTSIM_SCHEDULE_H
#define CULVERT_TESTS_NTSIM_SCHEDULE_H

#include "world.h"
#include "../../ntsim/scheduler.h"

#define ADAPTERS_MAX 2u

typedef struct SCENARIO
{
    const char *Name;
    unsigned Adapters;
    ULONG Points;      /* about as many as a run has */
    void (*Run)(void); /* with the machine up and preemption on */
    BOOLEAN Unloaded;  /* it unloads the driver itself */
} SCENARIO;

/* Ends the process with a report unless Condition. */
#define CHECK(Condition) Check(Condition, #Condition, __FILE__, __LINE__)
void
Check(BOOLEAN Holds, const char *Condition, const char *File, int Line);

/* ---- The machine (schedule_machine.c) -----------------------------------------------------------
 */

typedef struct ADAPTER_STAGE
{
    SIM_DEVICE *Device;
    SIM_EDGE *Edge;
    const WCHAR *Link; /* the name that applications open */
} ADAPTER_STAGE;

extern ADAPTER_STAGE Stages[ADAPTERS_MAX];

/* Loads the driver and starts so many adapters. */
void
MachineUp(unsigned Adapters);

/* Removes what is there, unloads the driver if it is loaded, and checks that nothing is left. */
void
MachineDown(BOOLEAN Loaded);

/* Plug-and-play, power: must succeed. */
void
MachinePnp(unsigned Adapter, UCHAR Minor);
void
MachinePower(unsigned Adapter, DEVICE_POWER_STATE State);

/* Takes a device away for good, with its stack taken down already or, if Remove, by that. */
void
MachineRemove(unsigned Adapter, BOOLEAN Remove);

/* ---- Actors (schedule_actors.c) -----------------------------------------------------------------
 */

/* The size of a sender's packet Number: small ones and now and then one that is as large as
 * allowed, or large ones only. */
ULONG
PacketSize(unsigned Number, ULONG BytesMax);
void
PacketMake(UCHAR *Packet, ULONG Bytes, unsigned Sender, unsigned Number);

/* Checks a packet of PacketMake; returns its number, and its sender. */
unsigned
PacketRead(const UCHAR *Packet, ULONG Bytes, ULONG BytesMax, unsigned *Sender);

/* Sends packets from the system to the adapter. */
typedef struct SENDER
{
    unsigned Adapter;
    unsigned Number; /* of the sender: which packets are its */
    unsigned Lists;
    unsigned PacketsEach;
    ULONG BytesMax; /* of a packet */
    BOOLEAN AtDispatch;
    BOOLEAN Straight;  /* also while the adapter pauses, past the edge */
    unsigned Accepted; /* packets in lists that completed with success */
    unsigned Refused;  /* packets in lists that completed with another status */
    unsigned Unsent;   /* packets that the edge did not send, as the adapter did not run */
    SIM_THREAD *Thread;
} SENDER;

void
SenderStart(SENDER *Sender);

/* An application's threads: one sends, one receives, on one session. */
typedef struct GUEST
{
    unsigned Adapter;
    unsigned Packets; /* to the system */
    ULONG BytesMax;
    unsigned Expected; /* from the system: then it is content. 0: until the session ends */
    APPLICATION App;
    unsigned Sent;
    unsigned Received;
    unsigned Next[4]; /* of each sender: the least number that may come */
    SIM_THREAD *SendThread, *ReceiveThread;
} GUEST;

/* Opens the adapter and starts a session. STATUS_PENDING, or why not; then nothing is left open. */
NTSTATUS
GuestBegin(GUEST *Guest);

/* Starts the threads of a guest whose session has begun. */
void
GuestRun(GUEST *Guest);

/* Waits for the end of the sending thread; then it goes on to a greater GUEST.Packets. */
void
GuestSendMore(GUEST *Guest);

/* Waits for the threads, which end when they are content or the session ends. */
void
GuestJoin(GUEST *Guest);

/* How a session ends. */
typedef enum GUEST_END
{
    EndByCancel,
    EndByClose,
    EndByExit,
    EndByBrokenRing,
    EndKinds
} GUEST_END;

/* Ends the session, waits for it and the threads; closes everything. The status of the session. */
NTSTATUS
GuestEnd(GUEST *Guest, GUEST_END How);

/* The session was or will be ended by somebody else: waits for that, and closes everything. */
NTSTATUS
GuestLeave(GUEST *Guest);

/* What the adapter's edge has got of the packets that guests sent; checked for their order. */
typedef struct WITNESS
{
    unsigned Adapter;
    BOOLEAN MayLose;    /* NDIS returns at once what comes before the adapter runs again */
    BOOLEAN MayRestart; /* the numbers may begin again, with a new session */
    unsigned Seen;
    unsigned Next;
} WITNESS;

void
WitnessBegin(WITNESS *Witness);
void
WitnessWait(WITNESS *Witness, unsigned Packets);

/* Returns lists that the edge holds, Count at a time, Milliseconds after the first of them came:
 * 0: as soon as the thread runs, else when all others wait. Until RETURNER.Stop. */
typedef struct RETURNER
{
    unsigned Adapter;
    unsigned Count;
    unsigned Milliseconds;
    volatile BOOLEAN Stop;
    SIM_THREAD *Thread;
} RETURNER;

void
ReturnerStart(RETURNER *Returner);
void
ReturnerStop(RETURNER *Returner);

/* Asks for and sets OIDs, so many times. */
typedef struct ASKER
{
    unsigned Adapter;
    unsigned Times;
    SIM_THREAD *Thread;
} ASKER;

void
AskerStart(ASKER *Asker);

/* ---- Scenarios ----------------------------------------------------------------------------------
 */

extern const SCENARIO TrafficScenarios[];
extern const unsigned TrafficScenarioCount;
extern const SCENARIO LifeScenarios[];
extern const unsigned LifeScenarioCount;
extern const SCENARIO DllScenarios[];
extern const unsigned DllScenarioCount;

#endif
