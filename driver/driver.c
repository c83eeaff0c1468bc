/* SPDX-License-Identifier: MIT */
/* culvert.sys: registration with NDIS, and unload. */
#include "driver.h"

POOL_TYPE NonPagedPoolType = NonPagedPool;
ULONG MappingNoExecute;
BOOLEAN Ndis630;
NDIS_HANDLE MiniportDriverHandle;

DRIVER_INITIALIZE DriverEntry;
MINIPORT_UNLOAD DriverUnload;

/* What Windows 8 (6.2) brought and Windows 7 would misread: memory that cannot be executed. */
static VOID
ChooseMemoryTypes(VOID)
{
    RTL_OSVERSIONINFOW Version = {.dwOSVersionInfoSize = sizeof(Version)};
    if (!NT_SUCCESS(RtlGetVersion(&Version)) || Version.dwMajorVersion < 6 ||
        (Version.dwMajorVersion == 6 && Version.dwMinorVersion < 2))
        return;
    NonPagedPoolType = NonPagedPoolNx;
    MappingNoExecute = MdlMappingNoExecute;
}

_Use_decl_annotations_
VOID NTAPI
DriverUnload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
    NdisMDeregisterMiniportDriver(MiniportDriverHandle);
}

_Use_decl_annotations_
NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    Ndis630 = NdisGetVersion() >= NDIS_RUNTIME_VERSION_630;
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS Miniport = {
        .Header = {.Type = NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS,
                   .Revision = NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
                   .Size = NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2},
        .MajorNdisVersion = 6,
        /* 6.20 is Windows 7's. From 6.30 on a miniport may ask not to be paused before sleep, with
         * an attribute that adapter.c does not set: nothing here depends on which one it is. */
        .MinorNdisVersion = Ndis630 ? 30 : 20,
        .MajorDriverVersion = CULVERT_VERSION_MAJOR,
        .MinorDriverVersion = CULVERT_VERSION_MINOR,
        .InitializeHandlerEx = AdapterInitialize,
        .HaltHandlerEx = AdapterHalt,
        .UnloadHandler = DriverUnload,
        .PauseHandler = AdapterPause,
        .RestartHandler = AdapterRestart,
        .OidRequestHandler = AdapterOidRequest,
        .SendNetBufferListsHandler = AdapterSendNetBufferLists,
        .ReturnNetBufferListsHandler = AdapterReturnNetBufferLists,
        .CancelSendHandler = AdapterCancelSend,
        .DevicePnPEventNotifyHandler = AdapterDevicePnPEvent,
        .ShutdownHandlerEx = AdapterShutdown,
        .CancelOidRequestHandler = AdapterCancelOidRequest,
    };
    if (NdisGetVersion() < NDIS_RUNTIME_VERSION_620)
        return NDIS_STATUS_BAD_VERSION;
    ChooseMemoryTypes();
    DeviceListInitialize();
    return NdisMRegisterMiniportDriver(DriverObject, RegistryPath, NULL, &Miniport,
                                       &MiniportDriverHandle);
}
