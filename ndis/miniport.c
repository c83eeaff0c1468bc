/* SPDX-License-Identifier: MIT */
/* What miniports ask of NDIS about themselves and their device: "NdisMGetDeviceProperty",
 * "NdisMQueryAdapterInstanceName", "NdisWriteErrorLogEntry", "NdisMNetPnPEvent",
 * "NdisMResetComplete". */
#include "adapter.h"
#include "verify.h"

#define TAG_INSTANCE_NAME OBJECT_SIGNATURE('N', 'd', 'N', 'm')

VOID NTAPI
NdisMGetDeviceProperty(NDIS_HANDLE MiniportAdapterHandle, PDEVICE_OBJECT *PhysicalDeviceObject,
                       PDEVICE_OBJECT *FunctionalDeviceObject, PDEVICE_OBJECT *NextDeviceObject,
                       PCM_RESOURCE_LIST *AllocatedResources,
                       PCM_RESOURCE_LIST *AllocatedResourcesTranslated)
{
    static const char Function[] = "NdisMGetDeviceProperty";
    NDIS_ADAPTER *Adapter = AdapterFromHandle(Function, MiniportAdapterHandle);
    if (Adapter == NULL || !RuleIrqlAtMost(Function, PASSIVE_LEVEL))
        return;
    if (PhysicalDeviceObject != NULL)
        *PhysicalDeviceObject = Adapter->PhysicalDeviceObject;
    if (FunctionalDeviceObject != NULL)
        *FunctionalDeviceObject = Adapter->DeviceObject;
    if (NextDeviceObject != NULL)
        *NextDeviceObject = Adapter->LowerDeviceObject;
    /* The devices here have no hardware resources. */
    if (AllocatedResources != NULL)
        *AllocatedResources = NULL;
    if (AllocatedResourcesTranslated != NULL)
        *AllocatedResourcesTranslated = NULL;
}

NDIS_STATUS NTAPI
NdisMQueryAdapterInstanceName(PNDIS_STRING pAdapterInstanceName, NDIS_HANDLE NdisMiniportHandle)
{
    static const char Function[] = "NdisMQueryAdapterInstanceName";
    NDIS_ADAPTER *Adapter = AdapterFromHandle(Function, NdisMiniportHandle);
    if (Adapter == NULL || !RuleIrqlAtMost(Function, PASSIVE_LEVEL))
        return NDIS_STATUS_FAILURE;
    ULONG Length = 0;
    NTSTATUS Status = IoGetDeviceProperty(Adapter->PhysicalDeviceObject,
                                          DevicePropertyDeviceDescription, 0, NULL, &Length);
    if (Status != STATUS_BUFFER_TOO_SMALL || Length < sizeof(WCHAR) || Length > MAXUSHORT)
        return NDIS_STATUS_FAILURE;
    PWSTR Buffer = NdisAllocateMemoryWithTagPriority(NdisMiniportHandle, Length, TAG_INSTANCE_NAME,
                                                     NormalPoolPriority);
    if (Buffer == NULL)
        return NDIS_STATUS_RESOURCES;
    Status = IoGetDeviceProperty(Adapter->PhysicalDeviceObject, DevicePropertyDeviceDescription,
                                 Length, Buffer, &Length);
    if (!NT_SUCCESS(Status))
    {
        NdisFreeMemory(Buffer, 0, 0);
        return NDIS_STATUS_FAILURE;
    }
    pAdapterInstanceName->Buffer = Buffer;
    pAdapterInstanceName->MaximumLength = (USHORT)Length;
    pAdapterInstanceName->Length = (USHORT)(Length - sizeof(WCHAR));
    return NDIS_STATUS_SUCCESS;
}

VOID __cdecl NdisWriteErrorLogEntry(NDIS_HANDLE NdisAdapterHandle, NDIS_ERROR_CODE ErrorCode,
                                    ULONG NumberOfErrorValues, ...)
{
    static const char Function[] = "NdisWriteErrorLogEntry";
    if (AdapterFromHandle(Function, NdisAdapterHandle) == NULL ||
        !RuleIrqlAtMost(Function, DISPATCH_LEVEL))
        return;
    DbgPrint("NDIS: adapter %p reports error 0x%08x with %u values\n", NdisAdapterHandle,
             (unsigned)ErrorCode, (unsigned)NumberOfErrorValues);
}

/* There are no ports but the default one and no protocol drivers to tell anything. */
NDIS_STATUS NTAPI
NdisMNetPnPEvent(NDIS_HANDLE MiniportAdapterHandle, PNET_PNP_EVENT_NOTIFICATION NetPnPEvent)
{
    static const char Function[] = "NdisMNetPnPEvent";
    UNREFERENCED_PARAMETER(NetPnPEvent);
    if (AdapterFromHandle(Function, MiniportAdapterHandle) == NULL ||
        !RuleIrqlAtMost(Function, PASSIVE_LEVEL))
        return NDIS_STATUS_FAILURE;
    return NDIS_STATUS_NOT_SUPPORTED;
}

/* Miniports are never reset: MiniportCheckForHangEx is not called, as on systems without hardware
 * that could hang. */
VOID NTAPI
NdisMResetComplete(NDIS_HANDLE MiniportAdapterHandle, NDIS_STATUS Status, BOOLEAN AddressingReset)
{
    UNREFERENCED_PARAMETER(Status);
    UNREFERENCED_PARAMETER(AddressingReset);
    if (AdapterFromHandle("NdisMResetComplete", MiniportAdapterHandle) != NULL)
        RuleBroken("NdisMResetComplete: no reset is pending");
}
