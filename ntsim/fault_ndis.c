/* SPDX-License-Identifier: MIT */
/*
 * The failures of NDIS functions. A driver's calls of those that can fail are linked to the ones
 * here (--wrap in CMakeLists.txt), so that each fails as such, whatever ndis/ happens to allocate
 * inside; the calls inside fail, too, when their turn comes.
 */
#include "rules.h"

NDIS_STATUS NTAPI
__wrap_NdisMRegisterMiniportDriver(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath,
                                   NDIS_HANDLE MiniportDriverContext,
                                   PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics,
                                   PNDIS_HANDLE NdisMiniportDriverHandle);
NDIS_STATUS NTAPI
__wrap_NdisMRegisterMiniportDriver(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath,
                                   NDIS_HANDLE MiniportDriverContext,
                                   PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics,
                                   PNDIS_HANDLE NdisMiniportDriverHandle)
{
    if (SimFault("NdisMRegisterMiniportDriver"))
        return NDIS_STATUS_RESOURCES;
    return NdisMRegisterMiniportDriver(DriverObject, RegistryPath, MiniportDriverContext,
                                       Characteristics, NdisMiniportDriverHandle);
}

NDIS_STATUS NTAPI
__wrap_NdisMSetMiniportAttributes(NDIS_HANDLE NdisMiniportHandle,
                                  PNDIS_MINIPORT_ADAPTER_ATTRIBUTES MiniportAttributes);
NDIS_STATUS NTAPI
__wrap_NdisMSetMiniportAttributes(NDIS_HANDLE NdisMiniportHandle,
                                  PNDIS_MINIPORT_ADAPTER_ATTRIBUTES MiniportAttributes)
{
    if (SimFault("NdisMSetMiniportAttributes"))
        return NDIS_STATUS_RESOURCES;
    return NdisMSetMiniportAttributes(NdisMiniportHandle, MiniportAttributes);
}

NDIS_STATUS NTAPI
__wrap_NdisOpenConfigurationEx(PNDIS_CONFIGURATION_OBJECT ConfigObject,
                               PNDIS_HANDLE ConfigurationHandle);
NDIS_STATUS NTAPI
__wrap_NdisOpenConfigurationEx(PNDIS_CONFIGURATION_OBJECT ConfigObject,
                               PNDIS_HANDLE ConfigurationHandle)
{
    if (SimFault("NdisOpenConfigurationEx"))
        return NDIS_STATUS_RESOURCES;
    return NdisOpenConfigurationEx(ConfigObject, ConfigurationHandle);
}

VOID NTAPI
__wrap_NdisReadConfiguration(PNDIS_STATUS Status, PNDIS_CONFIGURATION_PARAMETER *ParameterValue,
                             NDIS_HANDLE ConfigurationHandle, PNDIS_STRING Keyword,
                             NDIS_PARAMETER_TYPE ParameterType);
VOID NTAPI
__wrap_NdisReadConfiguration(PNDIS_STATUS Status, PNDIS_CONFIGURATION_PARAMETER *ParameterValue,
                             NDIS_HANDLE ConfigurationHandle, PNDIS_STRING Keyword,
                             NDIS_PARAMETER_TYPE ParameterType)
{
    /* Nothing is said of *ParameterValue after a failure, so it stays as it is. */
    if (SimFault("NdisReadConfiguration"))
        *Status = NDIS_STATUS_RESOURCES;
    else
        NdisReadConfiguration(Status, ParameterValue, ConfigurationHandle, Keyword, ParameterType);
}

NDIS_HANDLE NTAPI
__wrap_NdisAllocateNetBufferListPool(NDIS_HANDLE NdisHandle,
                                     PNET_BUFFER_LIST_POOL_PARAMETERS Parameters);
NDIS_HANDLE NTAPI
__wrap_NdisAllocateNetBufferListPool(NDIS_HANDLE NdisHandle,
                                     PNET_BUFFER_LIST_POOL_PARAMETERS Parameters)
{
    if (SimFault("NdisAllocateNetBufferListPool"))
        return NULL;
    return NdisAllocateNetBufferListPool(NdisHandle, Parameters);
}

PNET_BUFFER_LIST NTAPI
__wrap_NdisAllocateNetBufferAndNetBufferList(NDIS_HANDLE PoolHandle, USHORT ContextSize,
                                             USHORT ContextBackFill, PMDL MdlChain,
                                             ULONG DataOffset, SIZE_T DataLength);
PNET_BUFFER_LIST NTAPI
__wrap_NdisAllocateNetBufferAndNetBufferList(NDIS_HANDLE PoolHandle, USHORT ContextSize,
                                             USHORT ContextBackFill, PMDL MdlChain,
                                             ULONG DataOffset, SIZE_T DataLength)
{
    if (SimFault("NdisAllocateNetBufferAndNetBufferList"))
        return NULL;
    return NdisAllocateNetBufferAndNetBufferList(PoolHandle, ContextSize, ContextBackFill, MdlChain,
                                                 DataOffset, DataLength);
}

NDIS_STATUS NTAPI
__wrap_NdisRegisterDeviceEx(NDIS_HANDLE NdisHandle,
                            PNDIS_DEVICE_OBJECT_ATTRIBUTES DeviceObjectAttributes,
                            PDEVICE_OBJECT *pDeviceObject, PNDIS_HANDLE NdisDeviceHandle);
NDIS_STATUS NTAPI
__wrap_NdisRegisterDeviceEx(NDIS_HANDLE NdisHandle,
                            PNDIS_DEVICE_OBJECT_ATTRIBUTES DeviceObjectAttributes,
                            PDEVICE_OBJECT *pDeviceObject, PNDIS_HANDLE NdisDeviceHandle)
{
    if (SimFault("NdisRegisterDeviceEx"))
    {
        *pDeviceObject = NULL; /* as its page says */
        return NDIS_STATUS_RESOURCES;
    }
    return NdisRegisterDeviceEx(NdisHandle, DeviceObjectAttributes, pDeviceObject,
                                NdisDeviceHandle);
}
