/* SPDX-License-Identifier: MIT */
/*
 * What the DLL says to the driver: the names and the layouts of the three IOCTLs of an adapter's
 * device object. With ring.h it is all that the two agree on. Fixed-width types only, so 32-bit
 * and 64-bit callers pass the same bytes.
 */
#ifndef CULVERT_CONTRACT_SESSION_H
#define CULVERT_CONTRACT_SESSION_H

#include <stddef.h>
#include <stdint.h>

/* Changes whenever ring.h or this file changes incompatibly; both sides refuse another one. */
#define CULVERT_CONTRACT_VERSION 1u

/* The device object of the adapter with GUID G is CULVERT_DEVICE_PREFIX followed by the registry
 * spelling of G, "{XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX}" in upper case. */
#define CULVERT_DEVICE_PREFIX      L"\\Device\\Culvert"
#define CULVERT_DEVICE_LINK_PREFIX L"\\DosDevices\\Culvert"

/* CTL_CODE(FILE_DEVICE_NETWORK, function, method, FILE_READ_DATA | FILE_WRITE_DATA) */
#define CULVERT_CTL_CODE(Function, Method)                                                         \
    ((0x12u << 16) | (3u << 14) | ((Function) << 2) | (Method))

/*
 * Starts a session and stays pending until it ends.
 * Input: CULVERT_SESSION_START. Output (METHOD_OUT_DIRECT): the session memory of ring.h,
 * CulvertSessionBytes() bytes at a page boundary.
 * Ends with STATUS_CANCELLED (the caller ended it, exited or closed its handle),
 * STATUS_DEVICE_REMOVED (the adapter went away) or STATUS_DATA_ERROR (the application broke the
 * rules of a ring). Refused at once with
 *   STATUS_REVISION_MISMATCH   another contract version,
 *   STATUS_INVALID_PARAMETER   capacities, sizes or alignment that ring.h does not allow,
 *   STATUS_SHARING_VIOLATION   the adapter has a session already,
 *   STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH, STATUS_ACCESS_DENIED   an event handle,
 *   STATUS_DEVICE_NOT_READY    the adapter is being removed,
 *   STATUS_INSUFFICIENT_RESOURCES.
 */
#define CULVERT_IOCTL_SESSION CULVERT_CTL_CODE(0x801u, 2u)

/*
 * Tells what is loaded. Output (METHOD_BUFFERED): CULVERT_DRIVER_INFO; STATUS_BUFFER_TOO_SMALL if
 * it does not fit.
 */
#define CULVERT_IOCTL_DRIVER_INFO CULVERT_CTL_CODE(0x802u, 0u)

/*
 * Tells what the adapter has carried, to any process, with or without a session. Output
 * (METHOD_BUFFERED): CULVERT_DRIVER_STATISTICS, as much of it as both sides know: counters are only
 * ever appended, the driver writes no more than the caller's buffer holds, and the number of bytes
 * returned says what it wrote. STATUS_BUFFER_TOO_SMALL below CULVERT_STATISTICS_MIN_BYTES;
 * STATUS_INVALID_DEVICE_REQUEST from a driver that has no counters.
 */
#define CULVERT_IOCTL_STATISTICS CULVERT_CTL_CODE(0x803u, 0u)

typedef struct CULVERT_SESSION_START
{
    uint32_t ContractVersion; /* CULVERT_CONTRACT_VERSION */
    uint32_t Capacity;        /* of each ring, in bytes: see ring.h */
    /* Handles of the caller's events, of either kind. The driver sets the first two
     * (EVENT_MODIFY_STATE), and waits on the third and resets it (and SYNCHRONIZE). */
    uint64_t ReceiveEvent;   /* the ring to the application has packets, or the session ended */
    uint64_t SendSpaceEvent; /* the session started, the ring to the driver has room again, or
                              * the session ended */
    uint64_t SendEvent;      /* the ring to the driver has packets */
    /* The section that backs the session memory, mapped from its beginning. The driver never looks
     * at it: the I/O manager has described and locked the pages. A host whose I/O manager passes
     * copies of direct buffers (Wine) finds the pages through it. */
    uint64_t Section;
} CULVERT_SESSION_START;

typedef struct CULVERT_DRIVER_INFO
{
    uint32_t ContractVersion;
    uint32_t DriverVersion; /* (major << 16) | minor */
} CULVERT_DRIVER_INFO;

/* Why packets are dropped: indices of CULVERT_TRAFFIC.Drops. OID_GEN_STATISTICS has the sum of the
 * first group as discards and that of the second as errors. */
typedef enum CULVERT_DROP
{
    CulvertDropNoRoom,    /* the ring is full */
    CulvertDropNoSession, /* no application has a session */
    CulvertDropPaused,    /* the system has paused the adapter, and there is a session */
    CulvertDropNoMemory,  /* the kernel is out of memory, or of address space to map it */
    CulvertDropBroken,    /* the application has overwritten the ring's positions */
    /* errors */
    CulvertDropBadSize, /* empty, above CULVERT_MAX_PACKET, or longer than its memory */
    CulvertDropNotIp,   /* neither version 4 nor version 6 */
    CulvertDropReasons  /* how many there are */
} CULVERT_DROP;

/* What went one way, since the adapter started. */
typedef struct CULVERT_TRAFFIC
{
    uint64_t Packets; /* carried: dropped ones are not among them */
    uint64_t Bytes;
    uint64_t Drops[8]; /* packets, by CULVERT_DROP */
    uint64_t Signals;  /* how often the driver woke the application on behalf of this ring */
    /* The most bytes, slots with their headers, that the ring of the present or the last session
     * held whenever the driver looked at the other side's position. */
    uint64_t HighWater;
    uint64_t Reserved[4]; /* 0 */
} CULVERT_TRAFFIC;

typedef struct CULVERT_DRIVER_STATISTICS
{
    uint64_t Sessions;       /* started */
    uint64_t BrokenSessions; /* of them, those that ended with STATUS_DATA_ERROR */
    uint64_t Capacity;       /* of each ring of the present session, in bytes; 0 without one */
    uint64_t Reserved;       /* 0 */
    CULVERT_TRAFFIC Receive; /* from the system to the application */
    CULVERT_TRAFFIC Send;    /* from the application into the system */
} CULVERT_DRIVER_STATISTICS;

#define CULVERT_STATISTICS_MIN_BYTES 288u /* the structure's first version */

_Static_assert(sizeof(CULVERT_SESSION_START) == 40, "the same for every caller");
_Static_assert(offsetof(CULVERT_SESSION_START, ReceiveEvent) == 8, "no padding");
_Static_assert(sizeof(CULVERT_DRIVER_INFO) == 8, "the same for every caller");
_Static_assert(sizeof(CULVERT_TRAFFIC) == 128, "no padding");
_Static_assert(sizeof(CULVERT_DRIVER_STATISTICS) == CULVERT_STATISTICS_MIN_BYTES, "no padding");
_Static_assert(CulvertDropReasons <= 8, "each reason has a counter");

#endif
