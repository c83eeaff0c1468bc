/* SPDX-License-Identifier: MIT */
/*
 * Hostile applications, and the one process that starts them, looks after them and checks what they
 * have left: see main.c.
 */
#ifndef TESTS_HOSTILE_HOSTILE_H
#define TESTS_HOSTILE_HOSTILE_H

#define WIN32_NO_STATUS /* all of them are in ntstatus.h */
#include <winsock2.h>
#include <windows.h>
#undef WIN32_NO_STATUS
#include <ntstatus.h>
#include <winternl.h>
#include <stdint.h>
#include "../windows/culvert_dll.h"
#include "../../contract/ring.h"
#include "../../contract/session.h"

#define HOSTILE_POOL     L"Hostile"
#define HOSTILE_NAME     L"hostile0"
#define HOSTILE_CAPACITY 0x20000u /* of rings: the smallest, which are soon full */

/* Nothing may take longer: what does hangs. Long enough for a computer that is busy with other
 * things. */
#define BOUND_MILLISECONDS 20000u

/* The adapter's GUID, so that its device object can be opened without asking anybody. */
extern const GUID HostileGuid;

/* ---- main.c ---------------------------------------------------------------------------------- */

/* A line of diagnostics, "# ...". */
void
Note(const char *Format, ...);

/* The same for why a command failed; returns FALSE. */
BOOL
Fail(const char *Format, ...);

/* A small generator (xorshift), so that a printed seed makes the same choices again. */
typedef struct DICE
{
    uint64_t State;
} DICE;
DICE
DiceSeed(uint64_t Seed);
uint32_t
Dice(DICE *Dice, uint32_t Sides); /* 0 to Sides - 1 */

/* ---- children.c: hostile processes ------------------------------------------------------------
 */

typedef struct CHILD
{
    HANDLE Process;
    HANDLE Ready; /* manual-reset; the child sets it when it has got to its phase */
} CHILD;

/* Starts this program as "--child JOB SEED"; TRUE when it is ready. */
BOOL
ChildStart(CHILD *Child, const WCHAR *Job, uint32_t Seed);
/* Waits for its end within Milliseconds; FALSE if it had to be killed. *Status is what it returned.
 */
BOOL
ChildEnd(CHILD *Child, DWORD Milliseconds, DWORD *Status);
void
ChildKill(CHILD *Child);
/* Stops or continues all its threads. */
BOOL
ChildSuspend(const CHILD *Child, BOOL Suspend);

/* In the child: runs the job, and returns its status. */
int
ChildRun(const WCHAR *Job, uint32_t Seed, HANDLE Ready);

/* ---- device.c: the driver without the DLL ------------------------------------------------------
 */

/* Opens \Device\Culvert{HostileGuid}Suffix. */
NTSTATUS
DeviceOpen(HANDLE *Device, const WCHAR *Suffix);

/* A session whose request this program has made itself. */
typedef struct RAW_SESSION
{
    HANDLE Device, Section, Receive, SendSpace, Send, Done;
    CULVERT_SESSION_HEADER *Memory;
    DWORD Bytes;
    IO_STATUS_BLOCK Io;
} RAW_SESSION;

/* STATUS_SUCCESS when the session runs; else nothing is left of it. */
NTSTATUS
RawStart(RAW_SESSION *Session);
/* Cancels it and waits; returns what the request ended with, STATUS_PENDING if it did not. */
NTSTATUS
RawEnd(RAW_SESSION *Session);

/* ---- jobs --------------------------------------------------------------------------------------
 */

typedef int (*JOB)(uint32_t Seed, HANDLE Ready);

/* phases.c */
int
JobOpened(uint32_t Seed, HANDLE Ready);
int
JobWaits(uint32_t Seed, HANDLE Ready);
int
JobHolds(uint32_t Seed, HANDLE Ready);
int
JobFull(uint32_t Seed, HANDLE Ready);
int
JobRaw(uint32_t Seed, HANDLE Ready);
int
JobLoops(uint32_t Seed, HANDLE Ready);
int
JobSleeps(uint32_t Seed, HANDLE Ready);
int
JobRaces(uint32_t Seed, HANDLE Ready);
int
JobCreates(uint32_t Seed, HANDLE Ready);

/* scribble.c */
int
JobScribbles(uint32_t Seed, HANDLE Ready);
int
JobScribblesOnItself(uint32_t Seed, HANDLE Ready);

/* requests.c */
int
JobRequests(uint32_t Seed, HANDLE Ready);
int
JobCloses(uint32_t Seed, HANDLE Ready);
int
JobClosesAll(uint32_t Seed, HANDLE Ready);

/* ---- traffic.c ---------------------------------------------------------------------------------
 */

/* A flood of UDP datagrams into the adapter, until FloodStop. */
BOOL
FloodStart(void);
void
FloodStop(void);

/* A packet from the far side into the system; FALSE if the ring is full or the session has ended.
 */
BOOL
SendOne(WINTUN_SESSION_HANDLE Session);

/* The adapter, found or made, with an address; and a packet in each direction through a session,
 * as a well-behaved program does it. Whatever was done to it before, that must work. */
BOOL
UseAdapter(void);
WINTUN_ADAPTER_HANDLE
OpenOrCreate(void);
BOOL
DeleteAdapter(void);

/* ---- counts.c ----------------------------------------------------------------------------------
 */

/* One line of "name=number" for all that could leak and that a Windows program can count. */
void
CountsPrint(void);

/* ---- commands ----------------------------------------------------------------------------------
 */

typedef BOOL (*COMMAND)(uint32_t Seed);

/* counts.c: one line for each device object and each handle of this process. */
BOOL
ObjectsShow(uint32_t Seed);

/* attacks.c */
BOOL
AttackKilled(uint32_t Seed);
BOOL
AttackKilledAnywhere(uint32_t Seed);
BOOL
AttackSuspended(uint32_t Seed);
BOOL
AttackScribbled(uint32_t Seed);
BOOL
AttackRequests(uint32_t Seed);
BOOL
AttackCloses(uint32_t Seed);
BOOL
AttackRaces(uint32_t Seed);
BOOL
AttackDeleted(uint32_t Seed);

/* threads.c: within one process */
BOOL
AttackEnds(uint32_t Seed);
BOOL
AttackSessions(uint32_t Seed);
BOOL
AttackStarts(uint32_t Seed);

#endif
