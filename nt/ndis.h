/* SPDX-License-Identifier: MIT */
/*
 * Functions that NDIS 6 exports to miniports, and the structures that only they take: registration,
 * completion, indication, configuration, devices, memory, locks, timers, work items.
 */
#ifndef CULVERT_NT_NDIS_H
#define CULVERT_NT_NDIS_H

#include "ndis_miniport.h"
#include "ndis_nblapi.h"

/* Registration and the life cycle. */
_Must_inspect_result_
_IRQL_requires_(PASSIVE_LEVEL)
NDISAPI NDIS_STATUS NTAPI
NdisMRegisterMiniportDriver(_In_ PDRIVER_OBJECT DriverObject, _In_ PUNICODE_STRING RegistryPath,
                            _In_opt_ NDIS_HANDLE MiniportDriverContext,
                            _In_ PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics,
                            _Out_ PNDIS_HANDLE NdisMiniportDriverHandle);
_IRQL_requires_(PASSIVE_LEVEL)
NDISAPI VOID NTAPI
NdisMDeregisterMiniportDriver(_In_ NDIS_HANDLE NdisMiniportDriverHandle);
_Must_inspect_result_
_IRQL_requires_(PASSIVE_LEVEL)
NDISAPI NDIS_STATUS NTAPI
NdisSetOptionalHandlers(_In_ NDIS_HANDLE NdisHandle, _In_ PNDIS_DRIVER_OPTIONAL_HANDLERS Handlers);
_Must_inspect_result_
_IRQL_requires_(PASSIVE_LEVEL)
NDISAPI NDIS_STATUS NTAPI
NdisMSetMiniportAttributes(_In_ NDIS_HANDLE NdisMiniportHandle,
                           _In_ PNDIS_MINIPORT_ADAPTER_ATTRIBUTES MiniportAttributes);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisMPauseComplete(_In_ NDIS_HANDLE NdisMiniportHandle);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisMRestartComplete(_In_ NDIS_HANDLE NdisMiniportHandle, _In_ NDIS_STATUS Status);
_IRQL_requires_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisMResetComplete(_In_ NDIS_HANDLE NdisMiniportHandle, _In_ NDIS_STATUS Status,
                   _In_ BOOLEAN AddressingReset);

/* The data path: ownership of every NBL in the list passes to the callee. */
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisMSendNetBufferListsComplete(_In_ NDIS_HANDLE NdisMiniportHandle,
                                _In_ PNET_BUFFER_LIST NetBufferList, _In_ ULONG SendCompleteFlags);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisMIndicateReceiveNetBufferLists(_In_ NDIS_HANDLE NdisMiniportHandle,
                                   _In_ PNET_BUFFER_LIST NetBufferList,
                                   _In_ NDIS_PORT_NUMBER PortNumber,
                                   _In_ ULONG NumberOfNetBufferLists, _In_ ULONG ReceiveFlags);

/* Requests and indications. */
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisMIndicateStatusEx(_In_ NDIS_HANDLE NdisMiniportHandle,
                      _In_ PNDIS_STATUS_INDICATION StatusIndication);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisMOidRequestComplete(_In_ NDIS_HANDLE NdisMiniportHandle, _In_ PNDIS_OID_REQUEST OidRequest,
                        _In_ NDIS_STATUS Status);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisMDirectOidRequestComplete(_In_ NDIS_HANDLE NdisMiniportHandle,
                              _In_ PNDIS_OID_REQUEST OidRequest, _In_ NDIS_STATUS Status);

/* ndis/ns-ndis-_net_pnp_event_notification */
typedef enum _NET_PNP_EVENT_CODE
{
    NetEventSetPower,
    NetEventQueryPower,
    NetEventQueryRemoveDevice,
    NetEventCancelRemoveDevice,
    NetEventReconfigure,
    NetEventBindList,
    NetEventBindsComplete,
    NetEventPnPCapabilities,
    NetEventPause,
    NetEventRestart,
    NetEventPortActivation,
    NetEventPortDeactivation,
    NetEventIMReEnableDevice,
    NetEventMaximum
} NET_PNP_EVENT_CODE, *PNET_PNP_EVENT_CODE;

typedef struct _NET_PNP_EVENT
{
    NET_PNP_EVENT_CODE NetEvent;
    PVOID Buffer;
    ULONG BufferLength;
    ULONG_PTR NdisReserved[4];
    ULONG_PTR TransportReserved[4];
    ULONG_PTR TdiReserved[4];
    ULONG_PTR TdiClientReserved[4];
} NET_PNP_EVENT, *PNET_PNP_EVENT;
NT_ASSERT_SIZE(NET_PNP_EVENT, 152, 76);

typedef struct _NET_PNP_EVENT_NOTIFICATION
{
    NDIS_OBJECT_HEADER Header;
    NDIS_PORT_NUMBER PortNumber;
    NET_PNP_EVENT NetPnPEvent;
    ULONG Flags;
    NDIS_NIC_SWITCH_ID SwitchId;
    NDIS_NIC_SWITCH_VPORT_ID VPortId;
} NET_PNP_EVENT_NOTIFICATION, *PNET_PNP_EVENT_NOTIFICATION;
NT_ASSERT_SIZE(NET_PNP_EVENT_NOTIFICATION, 176, 96);
#define NET_PNP_EVENT_NOTIFICATION_REVISION_1 1
#define NET_PNP_EVENT_NOTIFICATION_REVISION_2 2
#define NDIS_SIZEOF_NET_PNP_EVENT_NOTIFICATION_REVISION_1                                          \
    NDIS_SIZEOF_THROUGH(NET_PNP_EVENT_NOTIFICATION, Flags)
#define NDIS_SIZEOF_NET_PNP_EVENT_NOTIFICATION_REVISION_2                                          \
    NDIS_SIZEOF_THROUGH(NET_PNP_EVENT_NOTIFICATION, VPortId)

_IRQL_requires_(PASSIVE_LEVEL)
NDISAPI NDIS_STATUS NTAPI
NdisMNetPnPEvent(_In_ NDIS_HANDLE MiniportAdapterHandle,
                 _In_ PNET_PNP_EVENT_NOTIFICATION NetPnPEvent);

/* The driver's registry key. ndis/ns-ndis-_ndis_configuration_object and …_parameter */
typedef struct _NDIS_CONFIGURATION_OBJECT
{
    NDIS_OBJECT_HEADER Header;
    NDIS_HANDLE NdisHandle;
    ULONG Flags;
} NDIS_CONFIGURATION_OBJECT, *PNDIS_CONFIGURATION_OBJECT;
NT_ASSERT_SIZE(NDIS_CONFIGURATION_OBJECT, 24, 12);
#define NDIS_CONFIGURATION_OBJECT_REVISION_1 1
#define NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1                                                \
    NDIS_SIZEOF_THROUGH(NDIS_CONFIGURATION_OBJECT, Flags)

typedef enum _NDIS_PARAMETER_TYPE
{
    NdisParameterInteger,
    NdisParameterHexInteger,
    NdisParameterString,
    NdisParameterMultiString,
    NdisParameterBinary
} NDIS_PARAMETER_TYPE, *PNDIS_PARAMETER_TYPE;

typedef struct
{
    USHORT Length;
    PVOID Buffer;
} BINARY_DATA;
NT_ASSERT_SIZE(BINARY_DATA, 16, 8);

typedef struct _NDIS_CONFIGURATION_PARAMETER
{
    NDIS_PARAMETER_TYPE ParameterType;
    union {
        ULONG IntegerData;
        NDIS_STRING StringData;
        BINARY_DATA BinaryData;
    } ParameterData;
} NDIS_CONFIGURATION_PARAMETER, *PNDIS_CONFIGURATION_PARAMETER;
NT_ASSERT_SIZE(NDIS_CONFIGURATION_PARAMETER, 24, 12);
NT_ASSERT_OFFSET(NDIS_CONFIGURATION_PARAMETER, ParameterData, 8, 4);

_Must_inspect_result_
_IRQL_requires_(PASSIVE_LEVEL)
NDISAPI NDIS_STATUS NTAPI
NdisOpenConfigurationEx(_In_ PNDIS_CONFIGURATION_OBJECT ConfigObject,
                        _Out_ PNDIS_HANDLE ConfigurationHandle);
/* The value that is returned belongs to the configuration handle and dies with it. */
_IRQL_requires_(PASSIVE_LEVEL)
NDISAPI VOID NTAPI
NdisReadConfiguration(_Out_ PNDIS_STATUS Status,
                      _Out_ PNDIS_CONFIGURATION_PARAMETER *ParameterValue,
                      _In_ NDIS_HANDLE ConfigurationHandle, _In_ PNDIS_STRING Keyword,
                      _In_ NDIS_PARAMETER_TYPE ParameterType);
_IRQL_requires_(PASSIVE_LEVEL)
NDISAPI VOID NTAPI
NdisWriteConfiguration(_Out_ PNDIS_STATUS Status, _In_ NDIS_HANDLE ConfigurationHandle,
                       _In_ PNDIS_STRING Keyword,
                       _In_ PNDIS_CONFIGURATION_PARAMETER ParameterValue);
_IRQL_requires_(PASSIVE_LEVEL)
NDISAPI VOID NTAPI
NdisCloseConfiguration(_In_ NDIS_HANDLE ConfigurationHandle);

/* Devices of a miniport's own. ndis/ns-ndis-_ndis_device_object_attributes */
typedef struct _NDIS_DEVICE_OBJECT_ATTRIBUTES
{
    NDIS_OBJECT_HEADER Header;
    PNDIS_STRING DeviceName;
    PNDIS_STRING SymbolicName;
    PDRIVER_DISPATCH *MajorFunctions;
    ULONG ExtensionSize;
    PUNICODE_STRING DefaultSDDLString;
    LPCGUID DeviceClassGuid;
} NDIS_DEVICE_OBJECT_ATTRIBUTES, *PNDIS_DEVICE_OBJECT_ATTRIBUTES;
NT_ASSERT_SIZE(NDIS_DEVICE_OBJECT_ATTRIBUTES, 56, 28);
NT_ASSERT_OFFSET(NDIS_DEVICE_OBJECT_ATTRIBUTES, DefaultSDDLString, 40, 20);
#define NDIS_DEVICE_OBJECT_ATTRIBUTES_REVISION_1 1
#define NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1                                            \
    NDIS_SIZEOF_THROUGH(NDIS_DEVICE_OBJECT_ATTRIBUTES, DeviceClassGuid)

_Must_inspect_result_
_IRQL_requires_(PASSIVE_LEVEL)
NDISAPI NDIS_STATUS NTAPI
NdisRegisterDeviceEx(_In_ NDIS_HANDLE NdisHandle,
                     _In_ PNDIS_DEVICE_OBJECT_ATTRIBUTES DeviceObjectAttributes,
                     _Outptr_ PDEVICE_OBJECT *pDeviceObject, _Out_ PNDIS_HANDLE NdisDeviceHandle);
_IRQL_requires_(PASSIVE_LEVEL)
NDISAPI VOID NTAPI
NdisDeregisterDeviceEx(_In_ NDIS_HANDLE NdisDeviceHandle);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI PVOID NTAPI
NdisGetDeviceReservedExtension(_In_ PDEVICE_OBJECT DeviceObject);
_IRQL_requires_(PASSIVE_LEVEL)
NDISAPI VOID NTAPI
NdisMGetDeviceProperty(_In_ NDIS_HANDLE MiniportAdapterHandle,
                       _Inout_opt_ PDEVICE_OBJECT *PhysicalDeviceObject,
                       _Inout_opt_ PDEVICE_OBJECT *FunctionalDeviceObject,
                       _Inout_opt_ PDEVICE_OBJECT *NextDeviceObject,
                       _Inout_opt_ PCM_RESOURCE_LIST *AllocatedResources,
                       _Inout_opt_ PCM_RESOURCE_LIST *AllocatedResourcesTranslated);
/* pAdapterInstanceName->Buffer is allocated; give it back with NdisFreeMemory(Buffer, 0, 0). */
_IRQL_requires_(PASSIVE_LEVEL)
NDISAPI NDIS_STATUS NTAPI
NdisMQueryAdapterInstanceName(_Out_ PNDIS_STRING pAdapterInstanceName,
                              _In_ NDIS_HANDLE NdisMiniportHandle);

/* Memory. */
_Must_inspect_result_
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI PVOID NTAPI
NdisAllocateMemoryWithTagPriority(_In_ NDIS_HANDLE NdisHandle, _In_ UINT Length, _In_ ULONG Tag,
                                  _In_ EX_POOL_PRIORITY Priority);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisFreeMemory(_In_ PVOID VirtualAddress, _In_ UINT Length, _In_ UINT MemoryFlags);

/* Work items run at PASSIVE_LEVEL. */
typedef VOID NTAPI
NDIS_IO_WORKITEM(_In_opt_ PVOID WorkItemContext, _In_ NDIS_HANDLE NdisIoWorkItemHandle);
typedef NDIS_IO_WORKITEM *NDIS_IO_WORKITEM_ROUTINE;
_Must_inspect_result_
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI NDIS_HANDLE NTAPI
NdisAllocateIoWorkItem(_In_ NDIS_HANDLE NdisObjectHandle);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisQueueIoWorkItem(_In_ NDIS_HANDLE NdisIoWorkItemHandle, _In_ NDIS_IO_WORKITEM_ROUTINE Routine,
                    _In_opt_ PVOID WorkItemContext);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisFreeIoWorkItem(_In_ NDIS_HANDLE NdisIoWorkItemHandle);

/* Timers fire at DISPATCH_LEVEL. ndis/ns-ndis-_ndis_timer_characteristics */
_IRQL_requires_(DISPATCH_LEVEL)
_Function_class_(NDIS_TIMER_FUNCTION)
typedef VOID NTAPI
NDIS_TIMER_FUNCTION(_In_opt_ PVOID SystemSpecific1, _In_opt_ PVOID FunctionContext,
                    _In_opt_ PVOID SystemSpecific2, _In_opt_ PVOID SystemSpecific3);
typedef NDIS_TIMER_FUNCTION *PNDIS_TIMER_FUNCTION;

typedef struct _NDIS_TIMER_CHARACTERISTICS
{
    NDIS_OBJECT_HEADER Header;
    ULONG AllocationTag;
    PNDIS_TIMER_FUNCTION TimerFunction;
    PVOID FunctionContext;
} NDIS_TIMER_CHARACTERISTICS, *PNDIS_TIMER_CHARACTERISTICS;
NT_ASSERT_SIZE(NDIS_TIMER_CHARACTERISTICS, 24, 16);
#define NDIS_TIMER_CHARACTERISTICS_REVISION_1 1
#define NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1                                               \
    NDIS_SIZEOF_THROUGH(NDIS_TIMER_CHARACTERISTICS, FunctionContext)

_Must_inspect_result_
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI NDIS_STATUS NTAPI
NdisAllocateTimerObject(_In_ NDIS_HANDLE NdisHandle,
                        _In_ PNDIS_TIMER_CHARACTERISTICS TimerCharacteristics,
                        _Out_ PNDIS_HANDLE pTimerObject);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI BOOLEAN NTAPI
NdisSetTimerObject(_In_ NDIS_HANDLE TimerObject, _In_ LARGE_INTEGER DueTime,
                   _In_opt_ LONG MillisecondsPeriod, _In_opt_ PVOID FunctionContext);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI BOOLEAN NTAPI
NdisCancelTimerObject(_In_ NDIS_HANDLE TimerObject);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisFreeTimerObject(_In_ NDIS_HANDLE TimerObject);

/* Read/write locks (NDIS 6.20). Held at DISPATCH_LEVEL; reads nest, upgrades are not possible. */
_Must_inspect_result_
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI PNDIS_RW_LOCK_EX NTAPI
NdisAllocateRWLock(_In_ NDIS_HANDLE NdisHandle);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisFreeRWLock(_In_ PNDIS_RW_LOCK_EX Lock);
_IRQL_requires_max_(DISPATCH_LEVEL)
_IRQL_raises_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisAcquireRWLockRead(_In_ PNDIS_RW_LOCK_EX Lock, _Out_ PLOCK_STATE_EX LockState, _In_ UCHAR Flags);
_IRQL_requires_max_(DISPATCH_LEVEL)
_IRQL_raises_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisAcquireRWLockWrite(_In_ PNDIS_RW_LOCK_EX Lock, _Out_ PLOCK_STATE_EX LockState,
                       _In_ UCHAR Flags);
_IRQL_requires_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisReleaseRWLock(_In_ PNDIS_RW_LOCK_EX Lock, _In_ PLOCK_STATE_EX LockState);

/* Events; waiting needs PASSIVE_LEVEL. MsToWait of zero waits for ever. */
NDISAPI VOID NTAPI
NdisInitializeEvent(_Out_ PNDIS_EVENT Event);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisSetEvent(_In_ PNDIS_EVENT Event);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisResetEvent(_In_ PNDIS_EVENT Event);
_IRQL_requires_(PASSIVE_LEVEL)
NDISAPI BOOLEAN NTAPI
NdisWaitEvent(_In_ PNDIS_EVENT Event, _In_ UINT MsToWait);
_IRQL_requires_(PASSIVE_LEVEL)
NDISAPI VOID NTAPI
NdisMSleep(_In_ ULONG MicrosecondsToSleep);

/* Versions, late binding, the event log. */
NDISAPI UINT NTAPI NdisGetVersion(VOID);
_IRQL_requires_(PASSIVE_LEVEL)
NDISAPI PVOID NTAPI
NdisGetRoutineAddress(_In_ PNDIS_STRING NdisRoutineName);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI VOID __cdecl NdisWriteErrorLogEntry(_In_ NDIS_HANDLE NdisAdapterHandle,
                                            _In_ NDIS_ERROR_CODE ErrorCode,
                                            _In_ ULONG NumberOfErrorValues, ...);

#endif
