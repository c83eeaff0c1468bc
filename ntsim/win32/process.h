/* SPDX-License-Identifier: MIT */
/*
 * A process of the simulated system that has loaded the DLL: the session functions of wintun.h, as
 * the DLL exports them, on the driver as it is. There is one such process at a time, and any thread
 * of the program may be one of its threads; it has one adapter to start sessions on.
 */
#ifndef CULVERT_NTSIM_WIN32_PROCESS_H
#define CULVERT_NTSIM_WIN32_PROCESS_H

#include "culvert.h"
#include "../object.h"

/* The process begins. DeviceName is the device object of its adapter, or a link to it; the device
 * is opened by each session. */
void
SimWin32Begin(const WCHAR *DeviceName);

/* The device object of the adapter from now on; sessions that run are not affected. The name is
 * only looked at when a session starts. */
void
SimWin32UseDevice(const WCHAR *DeviceName);

/* What WintunStartSession takes. */
WINTUN_ADAPTER_HANDLE
SimWin32Adapter(void);

/* The process ends in good order: its sessions have ended, the DLL is unloaded, handles that are
 * left are closed. */
void
SimWin32End(void);

/* The process, to make handles in; NULL while there is none. */
SIM_PROCESS *
SimWin32Process(void);

/* Log lines of the DLL since SimWin32Begin, and the error code of the last that had one. */
unsigned
SimWin32LogLines(void);
DWORD
SimWin32LogError(void);

/* ---- What the DLL exports: see wintun.h and culvert.h
 * --------------------------------------------------------
 */

WINTUN_SESSION_HANDLE WINAPI
WintunStartSession(WINTUN_ADAPTER_HANDLE Adapter, DWORD Capacity);
void WINAPI
WintunEndSession(WINTUN_SESSION_HANDLE Session);
HANDLE WINAPI
WintunGetReadWaitEvent(WINTUN_SESSION_HANDLE Session);
BYTE *WINAPI
WintunReceivePacket(WINTUN_SESSION_HANDLE Session, DWORD *PacketSize);
void WINAPI
WintunReleaseReceivePacket(WINTUN_SESSION_HANDLE Session, const BYTE *Packet);
BYTE *WINAPI
WintunAllocateSendPacket(WINTUN_SESSION_HANDLE Session, DWORD PacketSize);
void WINAPI
WintunSendPacket(WINTUN_SESSION_HANDLE Session, const BYTE *Packet);

DWORD WINAPI
CulvertReceivePackets(WINTUN_SESSION_HANDLE Session, CULVERT_PACKET *Packets, DWORD Count);
void WINAPI
CulvertReleaseReceivePackets(WINTUN_SESSION_HANDLE Session, const CULVERT_PACKET *Packets,
                             DWORD Count);
DWORD WINAPI
CulvertAllocateSendPackets(WINTUN_SESSION_HANDLE Session, CULVERT_PACKET *Packets, DWORD Count);
void WINAPI
CulvertSendPackets(WINTUN_SESSION_HANDLE Session, const CULVERT_PACKET *Packets, DWORD Count);
HANDLE WINAPI
CulvertGetSendWaitEvent(WINTUN_SESSION_HANDLE Session);
DWORD WINAPI
CulvertReceivePacketsWait(WINTUN_SESSION_HANDLE Session, CULVERT_PACKET *Packets, DWORD Count,
                          DWORD Milliseconds, HANDLE CancelEvent);
DWORD WINAPI
CulvertAllocateSendPacketsWait(WINTUN_SESSION_HANDLE Session, CULVERT_PACKET *Packets, DWORD Count,
                               DWORD Milliseconds, HANDLE CancelEvent);
BOOL WINAPI
CulvertGetSessionStatistics(WINTUN_SESSION_HANDLE Session, CULVERT_STATISTICS *Statistics);

#endif
