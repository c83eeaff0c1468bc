/* SPDX-License-Identifier: MIT */
/*
 * What Culvert offers besides the Wintun API: packets in batches, waiting for room and for packets,
 * and statistics. This header is the manual; it adds to wintun.h, and changes nothing in it.
 *
 * How to use it: as with wintun.h, load the DLL and resolve each function with GetProcAddress into
 * a variable of the type that is declared here, for example
 *
 *     static CULVERT_RECEIVE_PACKETS_FUNC CulvertReceivePackets;
 *     CulvertReceivePackets =
 *         (CULVERT_RECEIVE_PACKETS_FUNC)GetProcAddress(Dll, "CulvertReceivePackets");
 *
 * An application that may find another DLL with the Wintun API, or an older Culvert, uses what is
 * there: a function that the DLL does not have is NULL, and the functions of wintun.h do the same
 * work one packet at a time. The functions of a CULVERT_FEATURE come together, so it is enough to
 * ask CulvertHasFeature for each, or to look for one function of each.
 *
 * What wintun.h says of its functions holds for these: any thread may call them, and several at
 * once; a function that fails returns FALSE, NULL or 0 and GetLastError tells why; bad arguments,
 * and handles that are none, are ERROR_INVALID_PARAMETER, are logged and change nothing; a session
 * that has ended is ERROR_HANDLE_EOF. ERROR_NO_MORE_ITEMS, ERROR_BUFFER_OVERFLOW, ERROR_HANDLE_EOF,
 * ERROR_TIMEOUT and ERROR_OPERATION_ABORTED of the packet functions are a part of normal work and
 * not logged.
 */
#ifndef CULVERT_H
#define CULVERT_H

#include "wintun.h"

#ifdef __cplusplus
extern "C"
{
#endif

    /* The formatter would indent all that is inside the block above, and reflow the tables. */
    /* clang-format off */

/* ---- What is there --------------------------------------------------------------------------- */

/** What a DLL may have; numbers are never used again for something else */
typedef enum CULVERT_FEATURE
{
    CULVERT_FEATURE_BATCHES = 1,  /**< CulvertReceivePackets, CulvertReleaseReceivePackets,
                                       CulvertAllocateSendPackets, CulvertSendPackets */
    CULVERT_FEATURE_WAITS = 2,    /**< CulvertGetSendWaitEvent, CulvertReceivePacketsWait,
                                       CulvertAllocateSendPacketsWait */
    CULVERT_FEATURE_STATISTICS = 3 /**< CulvertGetSessionStatistics, CulvertGetAdapterStatistics,
                                        CulvertGetLuidStatistics */
} CULVERT_FEATURE;

/**
 * Tells the version of the DLL. That of the driver, which may be another DLL's, is
 * WintunGetRunningDriverVersion's.
 *
 * @return (major << 16) | minor. Does not fail.
 */
typedef DWORD(WINAPI *CULVERT_GET_VERSION_FUNC)(void);

/**
 * Tells whether the DLL has a feature. The last-error code stays as it was.
 *
 * @param Feature  One of CULVERT_FEATURE, or a number that this header does not know yet.
 *
 * @return TRUE if all of the feature's functions are there, else FALSE.
 */
typedef BOOL(WINAPI *CULVERT_HAS_FEATURE_FUNC)(_In_ DWORD Feature);

/* ---- Batches --------------------------------------------------------------------------------- */
/*
 * The same as the functions of wintun.h for several packets at once: one call, one lock, at most one
 * wake-up of the driver. Both kinds of functions may be mixed: a packet that was received or allocated
 * by one of them may be given back or sent by the other, in any order, from any thread.
 */

/** One of several packets */
typedef struct CULVERT_PACKET
{
    BYTE *Data; /**< the IPv4 or IPv6 packet */
    DWORD Size; /**< its size, in bytes */
} CULVERT_PACKET;

/**
 * Returns the next packets that the system sent into the adapter: as many as there are, at most
 * Count, in their order. Does not wait.
 *
 * @param Session  Handle from WintunStartSession.
 * @param Packets  Receives the packets, which the caller may change and must give back with
 *                 CulvertReleaseReceivePackets or WintunReleaseReceivePacket.
 * @param Count    Elements of Packets: at least 1.
 *
 * @return How many packets there were, or 0:
 *         ERROR_NO_MORE_ITEMS  there is none now; WintunGetReadWaitEvent tells when to try again
 *         ERROR_HANDLE_EOF     the session has ended: the adapter is going away
 *         ERROR_INVALID_DATA   the ring's contents break its rules
 */
typedef _Must_inspect_result_ DWORD(WINAPI *CULVERT_RECEIVE_PACKETS_FUNC)(
    _In_ WINTUN_SESSION_HANDLE Session, _Out_writes_to_(Count, return) CULVERT_PACKET *Packets,
    _In_ DWORD Count);

/**
 * Gives the memory of received packets back. Only Data is looked at; elements whose Data is NULL, or
 * no packet of the session, are ignored.
 *
 * @param Session  Handle from WintunStartSession.
 * @param Packets  The packets, in any order. NULL is ignored.
 * @param Count    Elements of Packets, possibly 0.
 */
typedef void(WINAPI *CULVERT_RELEASE_RECEIVE_PACKETS_FUNC)(
    _In_ WINTUN_SESSION_HANDLE Session, _In_reads_opt_(Count) const CULVERT_PACKET *Packets,
    _In_ DWORD Count);

/**
 * Reserves memory for packets: for as many as there is room for, from the first on. They go out in
 * the order of Packets, with no other thread's packet in between. Does not wait.
 *
 * @param Session  Handle from WintunStartSession.
 * @param Packets  Size is the exact size of each packet, in bytes: 1 to WINTUN_MAX_IP_PACKET_SIZE.
 *                 Data receives where to put the packet, which is to be passed to CulvertSendPackets or
 *                 WintunSendPacket; NULL for those that there is no room for, so that the whole array
 *                 may be passed on.
 * @param Count    Elements of Packets: at least 1.
 *
 * @return How many packets there was room for, or 0:
 *         ERROR_BUFFER_OVERFLOW    the ring has no room for the first one now
 *         ERROR_HANDLE_EOF         the session has ended: the adapter is going away
 *         ERROR_INVALID_DATA       the ring's contents break its rules
 *         ERROR_INVALID_PARAMETER  one of the sizes is 0 or too large: nothing was reserved
 */
typedef _Must_inspect_result_ DWORD(WINAPI *CULVERT_ALLOCATE_SEND_PACKETS_FUNC)(
    _In_ WINTUN_SESSION_HANDLE Session, _Inout_updates_(Count) CULVERT_PACKET *Packets,
    _In_ DWORD Count);

/**
 * Sends packets, and gives their memory back. They leave when all that were allocated before them
 * have been sent. Only Data is looked at; elements whose Data is NULL, or no packet of the session,
 * are ignored.
 *
 * @param Session  Handle from WintunStartSession.
 * @param Packets  The packets; their order does not matter, that of allocation does. NULL is ignored.
 * @param Count    Elements of Packets, possibly 0.
 */
typedef void(WINAPI *CULVERT_SEND_PACKETS_FUNC)(_In_ WINTUN_SESSION_HANDLE Session,
                                                _In_reads_opt_(Count) const CULVERT_PACKET *Packets,
                                                _In_ DWORD Count);

/* ---- Waiting for room, and for packets ------------------------------------------------------- */

/**
 * Returns the event to wait for when an allocation failed with ERROR_BUFFER_OVERFLOW. Then try again;
 * if that fails too, wait again:
 *
 *     while ((Packet = WintunAllocateSendPacket(Session, Size)) == NULL) {
 *         if (GetLastError() != ERROR_BUFFER_OVERFLOW) break;
 *         WaitForSingleObject(CulvertGetSendWaitEvent(Session), INFINITE);
 *     }
 *
 * No wake-up is lost: from a failing allocation on, by whichever function, the event is set as soon as
 * packets have left the ring, or the session ends. It is a manual-reset event that failing allocations
 * reset, so it wakes all threads that wait. It may be set when there is no room, the first time this
 * function is called among others; that is why to try again. Room comes from packets that are sent: a
 * thread that waits while it holds packets that it has not sent may wait for itself.
 *
 * Until this function, or one that waits for room, is called for the first time, the session does not
 * ask the driver to be told of room, and an application that drops packets instead pays nothing.
 *
 * @param Session  Handle from WintunStartSession.
 *
 * @return The event. It belongs to the session: do not close, set or reset it, and do not use it after
 *         the session's end.
 */
typedef HANDLE(WINAPI *CULVERT_GET_SEND_WAIT_EVENT_FUNC)(_In_ WINTUN_SESSION_HANDLE Session);

/**
 * Does what CulvertReceivePackets does, and if there is no packet waits for one. Several threads may
 * wait at once; each packet wakes one that is waiting, if there is one. (Threads that wait on the event
 * of WintunGetReadWaitEvent themselves must, as always, go on until ERROR_NO_MORE_ITEMS.)
 *
 * @param Session       Handle from WintunStartSession.
 * @param Packets       Receives the packets.
 * @param Count         Elements of Packets: at least 1.
 * @param Milliseconds  The longest time to wait; 0: not at all, INFINITE: without a limit.
 * @param CancelEvent   Something that can be waited for, and ends the wait when it is signalled; NULL
 *                      if there is none. It is not looked at while there are packets. One manual-reset
 *                      event may cancel all waits of the process.
 *
 * @return How many packets there were, or 0, with the errors of CulvertReceivePackets but for
 *         ERROR_NO_MORE_ITEMS, or with
 *         ERROR_TIMEOUT            there was none in time
 *         ERROR_OPERATION_ABORTED  CancelEvent was signalled
 *         ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED  CancelEvent cannot be waited for; it is noticed
 *                                  only when there is something to wait for
 *         Also threads that wait when the session ends, whoever ends it, get ERROR_HANDLE_EOF.
 */
typedef _Must_inspect_result_ DWORD(WINAPI *CULVERT_RECEIVE_PACKETS_WAIT_FUNC)(
    _In_ WINTUN_SESSION_HANDLE Session, _Out_writes_to_(Count, return) CULVERT_PACKET *Packets,
    _In_ DWORD Count, _In_ DWORD Milliseconds, _In_opt_ HANDLE CancelEvent);

/**
 * Does what CulvertAllocateSendPackets does, and if there is no room for the first packet waits for it.
 * Several threads may wait at once; who gets the room is not defined. Send what was allocated before
 * waiting for more.
 *
 * @param Session       Handle from WintunStartSession.
 * @param Packets       As for CulvertAllocateSendPackets.
 * @param Count         Elements of Packets: at least 1.
 * @param Milliseconds  As for CulvertReceivePacketsWait.
 * @param CancelEvent   As for CulvertReceivePacketsWait.
 *
 * @return How many packets there was room for, or 0, with the errors of CulvertAllocateSendPackets but
 *         for ERROR_BUFFER_OVERFLOW, or with those of CulvertReceivePacketsWait.
 */
typedef _Must_inspect_result_ DWORD(WINAPI *CULVERT_ALLOCATE_SEND_PACKETS_WAIT_FUNC)(
    _In_ WINTUN_SESSION_HANDLE Session, _Inout_updates_(Count) CULVERT_PACKET *Packets,
    _In_ DWORD Count, _In_ DWORD Milliseconds, _In_opt_ HANDLE CancelEvent);

/* ---- Statistics ------------------------------------------------------------------------------ */
/*
 * There are two sources, which count at two places. The session's are those of the calling process's
 * own calls, since the session started. The adapter's are the driver's, since the adapter started, and
 * any administrator's process can read them. Both can be read at any time and cost the data path
 * nothing; counters that are read while packets pass may be of slightly different moments.
 *
 *     field of a direction   session                           adapter
 *     Packets, Bytes         received, or sent                 carried into the ring, or into the system
 *     DropsNoRoom            Receive: 0. Send: allocations     Receive: the ring was full. Send: 0
 *                            that found no room, which an
 *                            application may have repeated
 *     other drops            0                                 packets, by reason
 *     Signals                Receive: 0. Send: wake-ups of     wake-ups of the application for packets
 *                            the driver                        (Receive) or for room (Send)
 *     HighWater              of this session                   of the present or the last session
 */

/** What went in one direction */
typedef struct CULVERT_DIRECTION_STATISTICS
{
    ULONG64 Packets;        /**< without those that were dropped */
    ULONG64 Bytes;          /**< of those packets */
    ULONG64 DropsNoRoom;    /**< the ring was full */
    ULONG64 DropsNoSession; /**< no application had a session */
    ULONG64 DropsPaused;    /**< the system had paused the adapter */
    ULONG64 DropsNoMemory;  /**< the kernel had no memory */
    ULONG64 DropsBroken;    /**< the application had overwritten the ring's positions */
    ULONG64 DropsBadSize;   /**< empty, too large, or longer than their memory */
    ULONG64 DropsNotIp;     /**< neither IPv4 nor IPv6 */
    ULONG64 Reserved1;      /**< 0 */
    ULONG64 Signals;        /**< how often the other side was woken */
    ULONG64 HighWater;      /**< the most bytes, with 16 to 31 for each packet besides it, that the
                                 ring held whenever this side looked at the other's position */
    ULONG64 Reserved2[4];   /**< 0 */
} CULVERT_DIRECTION_STATISTICS;

/** What a session or an adapter has done */
typedef struct CULVERT_STATISTICS
{
    DWORD Size;             /**< to be set to sizeof(CULVERT_STATISTICS) before each call; after it,
                                 the bytes that were filled in: less if the DLL or the driver is older
                                 than the header. Later versions only append. */
    DWORD Capacity;         /**< of each ring of the session, in bytes; adapter: 0 without one */
    ULONG64 Sessions;       /**< started; session: 1 */
    ULONG64 BrokenSessions; /**< of them, those that ended because the application broke a rule of a
                                 ring; session: 0 */
    ULONG64 Reserved;       /**< 0 */
    CULVERT_DIRECTION_STATISTICS Receive; /**< from the system to the application */
    CULVERT_DIRECTION_STATISTICS Send;    /**< from the application to the system */
} CULVERT_STATISTICS;

/**
 * Tells what a session of this process has done. Works also after the session's end, as long as the
 * other functions know the handle.
 *
 * @param Session     Handle from WintunStartSession.
 * @param Statistics  Receives the statistics; Size must be set.
 *
 * @return Nonzero on success.
 */
typedef BOOL(WINAPI *CULVERT_GET_SESSION_STATISTICS_FUNC)(_In_ WINTUN_SESSION_HANDLE Session,
                                                          _Inout_ CULVERT_STATISTICS *Statistics);

/**
 * Tells what an adapter has done, whichever process has the session, if any. Does not disturb it.
 *
 * @param Adapter     Handle from WintunCreateAdapter, WintunOpenAdapter or an enumeration.
 * @param Statistics  Receives the statistics; Size must be set.
 *
 * @return Nonzero on success. Errors among others:
 *         ERROR_FILE_NOT_FOUND  the adapter does not exist any more or is not running
 *         ERROR_NOT_SUPPORTED   the loaded driver is older than this function
 */
typedef BOOL(WINAPI *CULVERT_GET_ADAPTER_STATISTICS_FUNC)(_In_ WINTUN_ADAPTER_HANDLE Adapter,
                                                          _Inout_ CULVERT_STATISTICS *Statistics);

/**
 * The same for the adapter with a LUID, of any pool. Unlike a handle, this does not count as a use of
 * the adapter, so that a program that watches is not in the way of the one that replaces it.
 *
 * @param Luid        The adapter's LUID: from WintunGetAdapterLUID, or from the system.
 * @param Statistics  Receives the statistics; Size must be set.
 *
 * @return Nonzero on success. Errors as above; ERROR_FILE_NOT_FOUND also for an interface that is not
 *         Culvert's.
 */
typedef BOOL(WINAPI *CULVERT_GET_LUID_STATISTICS_FUNC)(_In_ const NET_LUID *Luid,
                                                       _Inout_ CULVERT_STATISTICS *Statistics);

    /* clang-format on */

#ifdef __cplusplus
}
#endif

#endif
