/* SPDX-License-Identifier: MIT */
/*
 * What the tests of NDIS have around it: an environment that records (edge.h), and a miniport that
 * does everything right unless the test tells it otherwise.
 */
#ifndef CULVERT_TESTS_NDIS_WORLD_H
#define CULVERT_TESTS_NDIS_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "../../ndis/extra.h"
#include "../../ndis/edge.h"
#include "kernel.h"

#define TAG_TEST 0x74736554u

/* The 18 counters of NDIS_STATISTICS_INFO: in the general attributes, and in the answer to
 * OID_GEN_STATISTICS. Summed up from the documentation by hand. */
#define WORLD_STATISTICS_SUPPORTED 0x0839FFECu
#define WORLD_STATISTICS_VALID     0x003F87FFu

/* Records of calls: one letter each, see world.c. */
typedef struct JOURNAL
{
    char Text[128];
} JOURNAL;

/* What the miniport does. Set by a test before the call that it is for; WorldSetup puts the right
 * behaviour back. */
typedef struct SCRIPT
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics;
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES Registration;
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES General;
    NDIS_PM_CAPABILITIES Power; /* of the general attributes */
    BOOLEAN OmitRegistration;
    BOOLEAN OmitGeneral;
    BOOLEAN GeneralFirst;
    BOOLEAN RegistrationTwice;
    void (*BetweenAttributes)(NDIS_HANDLE Adapter); /* registration and general ones */
    void (*DuringInitialize)(NDIS_HANDLE Adapter);
    NDIS_STATUS InitializeStatus;
    NDIS_STATUS RestartStatus;
    void (*DuringRestart)(void);
    NDIS_STATUS PauseStatus;
    void (*DuringPause)(void);
    BOOLEAN KeepSends; /* sends stay with the miniport */
    NDIS_STATUS SendStatus;
    NDIS_STATUS OidStatus;
    void (*DuringOid)(PNDIS_OID_REQUEST Request);
    void (*DuringHalt)(void);
    BOOLEAN OmitDeregister;
    KIRQL LeakIrql; /* a handler returns at this IRQL instead of its own */
} SCRIPT;

typedef struct WORLD
{
    SCRIPT Script;
    NDIS_HANDLE DriverHandle;
    NDIS_ADAPTER *Adapter; /* the handle that the miniport got */
    NDIS_HANDLE ListPool;  /* the miniport's pool */
    JOURNAL Miniport;
    JOURNAL Edge;
    NDIS_HALT_ACTION HaltAction;
    NDIS_DEVICE_PNP_EVENT LastEvent;
    ULONG PauseReason;
    PNET_BUFFER_LIST Kept;  /* sends that the miniport keeps, as a chain */
    volatile LONG Returned; /* lists that MiniportReturnNetBufferLists got */
    NDIS_MINIPORT_INIT_PARAMETERS InitParameters;
    NDIS_OID LastOid;

    /* The environment. */
    NDIS_ADAPTER *EdgeAdapter;
    BOOLEAN Silent;              /* keep no journal: it is too short for tests with many calls */
    BOOLEAN EdgeReturns;         /* gives indicated lists back at once */
    void (*DuringRemoval)(void); /* between the miniport's notification and its halt */
    NTSTATUS EdgeDriverStatus;
    NTSTATUS EdgeCreateStatus;
    NTSTATUS EdgeIrpStatus;
    EDGE_ADAPTER_ATTRIBUTES EdgeAttributes;
    PNET_BUFFER_LIST Received; /* lists that the environment holds */
    volatile LONG ReceivedCount;
    volatile LONG Completed; /* sends that came back */
    NDIS_STATUS CompletedStatus;
    NET_IF_MEDIA_CONNECT_STATE LinkState;
    ULONG64 LinkSpeed;
    GUID InstanceId;

    /* Rules that were reported. */
    char Rules[16][400];
    unsigned RuleCount;
    unsigned RuleSeen;
} WORLD;

extern WORLD World;

int
WorldSetup(void **State);
/* Fails the test if a rule was reported that it did not expect, or anything is left. */
int
WorldTeardown(void **State);

/* The steps of a driver's life. */
NDIS_STATUS
WorldLoad(void);
void
WorldAdd(void);
NTSTATUS
WorldStart(void);
NTSTATUS
WorldPnp(UCHAR Minor);
void
WorldUnload(void);
/* Load, add, start: the adapter runs. */
void
WorldRun(void);
/* Remove and unload. */
void
WorldEnd(void);

/* The next reported rule must contain Part; there must be one. */
void
ExpectRule(const char *Part);
/* No rule has been reported that was not expected. */
void
ExpectNoRule(void);

/* An IPv4 packet as the miniport would indicate it, from its pool. */
PNET_BUFFER_LIST
MiniportPacket(void);
void
MiniportFreePacket(PNET_BUFFER_LIST List);
void
MiniportIndicate(PNET_BUFFER_LIST Chain, ULONG Count, ULONG Flags);

/* A list to send, from a pool of the environment's. */
PNET_BUFFER_LIST
EdgePacket(void);
void
EdgeFreePacket(PNET_BUFFER_LIST List);

/* A header for a structure. */
#define HEADER(TypeValue, RevisionValue, SizeValue)                                                \
    (NDIS_OBJECT_HEADER)                                                                           \
    {                                                                                              \
        (UCHAR)(TypeValue), (UCHAR)(RevisionValue), (USHORT)(SizeValue)                            \
    }

#define WORLD_TEST(Name) cmocka_unit_test_setup_teardown(Name, WorldSetup, WorldTeardown)

/* Each file's tests. */
int
RunDriverTests(void);
int
RunAdapterTests(void);
int
RunPnpTests(void);
int
RunDataPathTests(void);
int
RunPoolTests(void);
int
RunOidTests(void);
int
RunDeviceTests(void);
int
RunServiceTests(void);

#endif
