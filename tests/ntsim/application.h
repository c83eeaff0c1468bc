/* SPDX-License-Identifier: MIT */
/*
 * An application with a session, the other side of the driver's rings, straight on contract/ring.h.
 * One thread uses an application at a time, but for the halves: one may receive while another
 * sends.
 */
#ifndef CULVERT_TESTS_NTSIM_APPLICATION_H
#define CULVERT_TESTS_NTSIM_APPLICATION_H

#include "../../ntsim/system.h"
#include "../../contract/ring.h"
#include "../../contract/session.h"

typedef struct APPLICATION
{
    SIM_PROCESS *Process;
    HANDLE File;
    HANDLE ReceiveHandle, SendSpaceHandle, SendHandle;
    PKEVENT ReceiveEvent, SendSpaceEvent, SendEvent;
    CULVERT_SESSION_HEADER *Memory;
    SIZE_T Bytes;
    CULVERT_SESSION_START Start; /* what ApplicationStart passes */
    CULVERT_CONSUMER In;         /* from the driver */
    CULVERT_PRODUCER Out;        /* to the driver */
    SIM_REQUEST *Request;
} APPLICATION;

/* A process with events, memory for rings of Capacity bytes, and the adapter's device open. The
 * calling thread belongs to it from now on. */
void
ApplicationOpen(APPLICATION *Application, uint32_t Capacity);

/* The same; if the device cannot be opened, its status, and there is no application. */
NTSTATUS
ApplicationTryOpen(APPLICATION *Application, uint32_t Capacity);

/* The same with the adapter's device of another name. */
NTSTATUS
ApplicationTryOpenDevice(APPLICATION *Application, uint32_t Capacity, const WCHAR *Device);

/* Puts the session memory at Address, where nothing may lie. Before ApplicationStart. */
void
ApplicationMoveMemory(APPLICATION *Application, void *Address);

/* Asks for the session; STATUS_PENDING if it runs. */
NTSTATUS
ApplicationStart(APPLICATION *Application);

/* Cancels the request and waits for its end; returns its status. */
NTSTATUS
ApplicationEnd(APPLICATION *Application);

/* Waits for the end that somebody else brings about. */
NTSTATUS
ApplicationWaitEnd(APPLICATION *Application);

/* The process exits: requests are cancelled, handles closed, memory goes. */
void
ApplicationExit(APPLICATION *Application);

/* Passes a packet to the driver. FALSE: the ring is full. */
BOOLEAN
ApplicationSend(APPLICATION *Application, const void *Packet, ULONG Bytes);

/* The same, waiting for room; FALSE after 10 s or when the session has ended. */
BOOLEAN
ApplicationSendWait(APPLICATION *Application, const void *Packet, ULONG Bytes);

/* Takes a packet; its bytes, at most Capacity of which are in Packet. 0: none. */
ULONG
ApplicationReceive(APPLICATION *Application, void *Packet, ULONG Capacity);

/* The same, waiting at most Milliseconds. */
ULONG
ApplicationReceiveWait(APPLICATION *Application, void *Packet, ULONG Capacity,
                       unsigned Milliseconds);

/* CULVERT_STATE_… */
uint32_t
ApplicationState(APPLICATION *Application);

#endif
