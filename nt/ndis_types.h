/* SPDX-License-Identifier: MIT */
/*
 * What all of NDIS 6 shares: handles, object headers and types, enumerations of media and states,
 * interface types, NDIS spin locks.
 */
#ifndef CULVERT_NT_NDIS_TYPES_H
#define CULVERT_NT_NDIS_TYPES_H

#include "io.h"
#include "ndis_oid.h"

/* A module that defines the NDIS functions itself defines this as empty before the include. */
#ifndef NDISAPI
#define NDISAPI DECLSPEC_IMPORT
#endif

typedef PVOID NDIS_HANDLE, *PNDIS_HANDLE;
typedef UNICODE_STRING NDIS_STRING, *PNDIS_STRING;
typedef PHYSICAL_ADDRESS NDIS_PHYSICAL_ADDRESS, *PNDIS_PHYSICAL_ADDRESS;
typedef ULONG NDIS_PORT_NUMBER, *PNDIS_PORT_NUMBER;
typedef ULONG NDIS_ERROR_CODE, *PNDIS_ERROR_CODE;
typedef ULONG NET_IFINDEX, *PNET_IFINDEX;
typedef USHORT NET_IFTYPE, *PNET_IFTYPE;
typedef GUID NET_IF_COMPARTMENT_SCOPE_GUID;
typedef ULONG NDIS_SWITCH_PORT_ID, NDIS_NIC_SWITCH_ID, *PNDIS_NIC_SWITCH_ID;
typedef ULONG NDIS_NIC_SWITCH_VPORT_ID, *PNDIS_NIC_SWITCH_VPORT_ID;

/* Takes a narrow literal, as in the WDK. */
#define NDIS_STRING_CONST(Literal)   RTL_CONSTANT_STRING(L##Literal)
#define NDIS_DEFAULT_PORT_NUMBER     ((NDIS_PORT_NUMBER)0)
#define NDIS_LINK_SPEED_UNKNOWN      0xFFFFFFFFFFFFFFFFULL
#define IF_MAX_STRING_SIZE           256
#define NDIS_IF_MAX_STRING_SIZE      IF_MAX_STRING_SIZE
#define IF_MAX_PHYS_ADDRESS_LENGTH   32
#define NDIS_MAX_PHYS_ADDRESS_LENGTH IF_MAX_PHYS_ADDRESS_LENGTH

/* What NdisGetVersion returns: major version in the high half ("Obtaining the NDIS version"). */
#define NDIS_RUNTIME_VERSION_60  ((6 << 16) | 0)
#define NDIS_RUNTIME_VERSION_61  ((6 << 16) | 1)
#define NDIS_RUNTIME_VERSION_620 ((6 << 16) | 20)
#define NDIS_RUNTIME_VERSION_630 ((6 << 16) | 30)
#define NDIS_RUNTIME_VERSION_640 ((6 << 16) | 40)
#define NDIS_RUNTIME_VERSION_650 ((6 << 16) | 50)
#define NDIS_RUNTIME_VERSION_651 ((6 << 16) | 51)
#define NDIS_RUNTIME_VERSION_660 ((6 << 16) | 60)
#define NDIS_RUNTIME_VERSION_670 ((6 << 16) | 70)

/* These headers describe NDIS 6.70; a driver states the version that it registers for itself. */
#define NDIS_MINIPORT_MAJOR_VERSION 6
#define NDIS_MINIPORT_MINOR_VERSION 70

/* ntddndis/ns-ntddndis-_ndis_object_header: type, revision and size of the structure it begins. */
typedef struct _NDIS_OBJECT_HEADER
{
    UCHAR Type;
    UCHAR Revision;
    USHORT Size;
} NDIS_OBJECT_HEADER, *PNDIS_OBJECT_HEADER;
NT_ASSERT_SIZE(NDIS_OBJECT_HEADER, 4, 4);
NT_ASSERT_OFFSET(NDIS_OBJECT_HEADER, Size, 2, 2);
#define NDIS_OBJECT_REVISION_1 1

#define NDIS_OBJECT_TYPE_DEFAULT                                     0x00000080
#define NDIS_OBJECT_TYPE_MINIPORT_INIT_PARAMETERS                    0x00000081
#define NDIS_OBJECT_TYPE_DEVICE_OBJECT_ATTRIBUTES                    0x00000085
#define NDIS_OBJECT_TYPE_BIND_PARAMETERS                             0x00000086
#define NDIS_OBJECT_TYPE_OPEN_PARAMETERS                             0x00000087
#define NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS             0x0000008A
#define NDIS_OBJECT_TYPE_MINIPORT_PNP_CHARACTERISTICS                0x00000092
#define NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS             0x00000095
#define NDIS_OBJECT_TYPE_OID_REQUEST                                 0x00000096
#define NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS                       0x00000097
#define NDIS_OBJECT_TYPE_STATUS_INDICATION                           0x00000098
#define NDIS_OBJECT_TYPE_PORT_CHARACTERISTICS                        0x0000009C
#define NDIS_OBJECT_TYPE_PORT_STATE                                  0x0000009D
#define NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES    0x0000009E
#define NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES         0x0000009F
#define NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES         0x000000A0
#define NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_NATIVE_802_11_ATTRIBUTES   0x000000A1
#define NDIS_OBJECT_TYPE_RESTART_GENERAL_ATTRIBUTES                  0x000000A2
#define NDIS_OBJECT_TYPE_PROTOCOL_RESTART_PARAMETERS                 0x000000A3
#define NDIS_OBJECT_TYPE_MINIPORT_ADD_DEVICE_REGISTRATION_ATTRIBUTES 0x000000A4
#define NDIS_OBJECT_TYPE_OFFLOAD                                     0x000000A7
#define NDIS_OBJECT_TYPE_OFFLOAD_ENCAPSULATION                       0x000000A8
#define NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT                        0x000000A9
#define NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES 0x000000AF
#define NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_NDK_ATTRIBUTES             0x000000B3
#define NDIS_OBJECT_TYPE_MINIPORT_SS_CHARACTERISTICS                 0x000000B4
#define NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_PACKET_DIRECT_ATTRIBUTES   0x000000C5
#define NDIS_OBJECT_TYPE_MINIPORT_DEVICE_POWER_NOTIFICATION          0x000000C6

/* The size of a structure up to the last member of one revision. */
#define NDIS_SIZEOF_THROUGH(Structure, Member) RTL_SIZEOF_THROUGH_FIELD(Structure, Member)

/* ifdef/ns-ifdef-net_luid_lh */
__extension__ typedef union _NET_LUID {
    ULONG64 Value;
    struct
    {
        ULONG64 Reserved : 24;
        ULONG64 NetLuidIndex : 24;
        ULONG64 IfType : 16;
    } Info;
} NET_LUID, *PNET_LUID;
NT_ASSERT_SIZE(NET_LUID, 8, 8);

/* ntddndis/ne-ntddndis-_ndis_medium */
typedef enum _NDIS_MEDIUM
{
    NdisMedium802_3,
    NdisMedium802_5,
    NdisMediumFddi,
    NdisMediumWan,
    NdisMediumLocalTalk,
    NdisMediumDix,
    NdisMediumArcnetRaw,
    NdisMediumArcnet878_2,
    NdisMediumAtm,
    NdisMediumWirelessWan,
    NdisMediumIrda,
    NdisMediumBpc,
    NdisMediumCoWan,
    NdisMedium1394,
    NdisMediumInfiniBand,
    NdisMediumTunnel,
    NdisMediumNative802_11,
    NdisMediumLoopback,
    NdisMediumWiMAX,
    NdisMediumIP,
    NdisMediumMax
} NDIS_MEDIUM, *PNDIS_MEDIUM;

/* ntddndis/ne-ntddndis-_ndis_physical_medium */
typedef enum _NDIS_PHYSICAL_MEDIUM
{
    NdisPhysicalMediumUnspecified = 0,
    NdisPhysicalMediumWirelessLan = 1,
    NdisPhysicalMediumWirelessWan = 8,
    NdisPhysicalMediumNative802_11 = 9,
    NdisPhysicalMedium802_3 = 14,
    NdisPhysicalMediumOther = 19
} NDIS_PHYSICAL_MEDIUM, *PNDIS_PHYSICAL_MEDIUM;

typedef enum _NDIS_MEDIA_STATE
{
    NdisMediaStateConnected,
    NdisMediaStateDisconnected
} NDIS_MEDIA_STATE, *PNDIS_MEDIA_STATE;

typedef enum _NDIS_HARDWARE_STATUS
{
    NdisHardwareStatusReady,
    NdisHardwareStatusInitializing,
    NdisHardwareStatusReset,
    NdisHardwareStatusClosing,
    NdisHardwareStatusNotReady
} NDIS_HARDWARE_STATUS, *PNDIS_HARDWARE_STATUS;

/* ifdef/ne-ifdef-_net_if_media_connect_state and neighbours */
typedef enum _NET_IF_MEDIA_CONNECT_STATE
{
    MediaConnectStateUnknown,
    MediaConnectStateConnected,
    MediaConnectStateDisconnected
} NET_IF_MEDIA_CONNECT_STATE, *PNET_IF_MEDIA_CONNECT_STATE;
typedef NET_IF_MEDIA_CONNECT_STATE NDIS_MEDIA_CONNECT_STATE, *PNDIS_MEDIA_CONNECT_STATE;

typedef enum _NET_IF_MEDIA_DUPLEX_STATE
{
    MediaDuplexStateUnknown = 0,
    MediaDuplexStateHalf = 1,
    MediaDuplexStateFull = 2
} NET_IF_MEDIA_DUPLEX_STATE, *PNET_IF_MEDIA_DUPLEX_STATE;
typedef NET_IF_MEDIA_DUPLEX_STATE NDIS_MEDIA_DUPLEX_STATE, *PNDIS_MEDIA_DUPLEX_STATE;

typedef enum _NET_IF_ACCESS_TYPE
{
    NET_IF_ACCESS_LOOPBACK = 1,
    NET_IF_ACCESS_BROADCAST = 2,
    NET_IF_ACCESS_POINT_TO_POINT = 3,
    NET_IF_ACCESS_POINT_TO_MULTI_POINT = 4,
    NET_IF_ACCESS_MAXIMUM = 5
} NET_IF_ACCESS_TYPE, *PNET_IF_ACCESS_TYPE;

typedef enum _NET_IF_DIRECTION_TYPE
{
    NET_IF_DIRECTION_SENDRECEIVE,
    NET_IF_DIRECTION_SENDONLY,
    NET_IF_DIRECTION_RECEIVEONLY,
    NET_IF_DIRECTION_MAXIMUM
} NET_IF_DIRECTION_TYPE, *PNET_IF_DIRECTION_TYPE;

typedef enum _NET_IF_CONNECTION_TYPE
{
    NET_IF_CONNECTION_DEDICATED = 1,
    NET_IF_CONNECTION_PASSIVE = 2,
    NET_IF_CONNECTION_DEMAND = 3,
    NET_IF_CONNECTION_MAXIMUM = 4
} NET_IF_CONNECTION_TYPE, *PNET_IF_CONNECTION_TYPE;

typedef enum _NDIS_SUPPORTED_PAUSE_FUNCTIONS
{
    NdisPauseFunctionsUnsupported,
    NdisPauseFunctionsSendOnly,
    NdisPauseFunctionsReceiveOnly,
    NdisPauseFunctionsSendAndReceive,
    NdisPauseFunctionsUnknown
} NDIS_SUPPORTED_PAUSE_FUNCTIONS, *PNDIS_SUPPORTED_PAUSE_FUNCTIONS;

/* ntddndis/ne-ntddndis-_ndis_device_power_state */
typedef enum _NDIS_DEVICE_POWER_STATE
{
    NdisDeviceStateUnspecified = 0,
    NdisDeviceStateD0,
    NdisDeviceStateD1,
    NdisDeviceStateD2,
    NdisDeviceStateD3,
    NdisDeviceStateMaximum
} NDIS_DEVICE_POWER_STATE, *PNDIS_DEVICE_POWER_STATE;

/* ndis/ne-ndis-_ndis_interface_type: the numbers of INTERFACE_TYPE */
typedef enum _NDIS_INTERFACE_TYPE
{
    NdisInterfaceInternal = 0,
    NdisInterfaceIsa = 1,
    NdisInterfaceEisa = 2,
    NdisInterfacePci = 5,
    NdisInterfacePcMcia = 8,
    NdisInterfacePNPBus = 15
} NDIS_INTERFACE_TYPE, *PNDIS_INTERFACE_TYPE;

/* ifdef, "IANA interface types" */
#define IF_TYPE_OTHER             0x00000001
#define IF_TYPE_ETHERNET_CSMACD   0x00000006
#define IF_TYPE_PPP               0x00000017
#define IF_TYPE_SOFTWARE_LOOPBACK 0x00000018
#define IF_TYPE_PROP_VIRTUAL      0x00000035
#define IF_TYPE_IEEE80211         0x00000047
#define IF_TYPE_IP                0x0000007E
#define IF_TYPE_TUNNEL            0x00000083

/* "NDIS spin locks": they are kernel spin locks; the WDK, too, makes them so in line. */
typedef struct _NDIS_SPIN_LOCK
{
    KSPIN_LOCK SpinLock;
    KIRQL OldIrql;
} NDIS_SPIN_LOCK, *PNDIS_SPIN_LOCK;
NT_ASSERT_SIZE(NDIS_SPIN_LOCK, 16, 8);

#define NdisAllocateSpinLock(Lock)   KeInitializeSpinLock(&(Lock)->SpinLock)
#define NdisFreeSpinLock(Lock)       ((void)(Lock))
#define NdisAcquireSpinLock(Lock)    KeAcquireSpinLock(&(Lock)->SpinLock, &(Lock)->OldIrql)
#define NdisReleaseSpinLock(Lock)    KeReleaseSpinLock(&(Lock)->SpinLock, (Lock)->OldIrql)
#define NdisDprAcquireSpinLock(Lock) KeAcquireSpinLockAtDpcLevel(&(Lock)->SpinLock)
#define NdisDprReleaseSpinLock(Lock) KeReleaseSpinLockFromDpcLevel(&(Lock)->SpinLock)

/* ndis/ns-ndis-_lock_state_ex: opaque, for read/write locks */
typedef struct _LOCK_STATE_EX
{
    KIRQL OldIrql;
    UCHAR LockState;
    UCHAR Flags;
} LOCK_STATE_EX, *PLOCK_STATE_EX;
NT_ASSERT_SIZE(LOCK_STATE_EX, 3, 3);
typedef struct _NDIS_RW_LOCK_EX NDIS_RW_LOCK_EX, *PNDIS_RW_LOCK_EX;
#define NDIS_RWL_AT_DISPATCH_LEVEL 1

/* "NDIS event functions" */
typedef struct _NDIS_EVENT
{
    KEVENT Event;
} NDIS_EVENT, *PNDIS_EVENT;
NT_ASSERT_SIZE(NDIS_EVENT, 24, 16);

#define NdisInitUnicodeString                       RtlInitUnicodeString
#define NdisZeroMemory(Destination, Length)         RtlZeroMemory(Destination, Length)
#define NdisMoveMemory(Destination, Source, Length) RtlCopyMemory(Destination, Source, Length)
#define NdisEqualMemory(First, Second, Length)      RtlEqualMemory(First, Second, Length)
#define NdisInterlockedIncrement(Addend)            InterlockedIncrement(Addend)
#define NdisInterlockedDecrement(Addend)            InterlockedDecrement(Addend)
#define NdisGetCurrentSystemTime(Time)              KeQuerySystemTime(Time)

#endif
