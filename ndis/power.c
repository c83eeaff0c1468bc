/* SPDX-License-Identifier: MIT */
/*
 * Power IRPs of an adapter's device object. Pages "Handling the IRP_MJ_POWER IRP",
 * "OID_PNP_SET_POWER" and "NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES": before a device leaves
 * D0 the adapter is paused (unless NO_PAUSE_ON_SUSPEND); then a miniport that is aware of power
 * management gets OID_PNP_SET_POWER, another one is halted (unless NO_HALT_ON_SUSPEND).
 */
#include "adapter.h"
#include "verify.h"

static VOID
Sleep(NDIS_ADAPTER *Adapter, NDIS_DEVICE_POWER_STATE State)
{
    EventLock(&Adapter->OperationLock);
    if (ReadWord(&Adapter->State) == AdapterRunning || ReadWord(&Adapter->State) == AdapterPaused)
    {
        Adapter->LowPower = TRUE;
        Adapter->RunAtWake = ReadWord(&Adapter->State) == AdapterRunning;
        if (!(Adapter->AttributeFlags & NDIS_MINIPORT_ATTRIBUTES_NO_PAUSE_ON_SUSPEND))
            AdapterPause(Adapter, NDIS_PAUSE_NDIS_INTERNAL);
        if (Adapter->PowerAware)
            OidSet(Adapter, OID_PNP_SET_POWER, &State, sizeof(State));
        else if (!(Adapter->AttributeFlags & NDIS_MINIPORT_ATTRIBUTES_NO_HALT_ON_SUSPEND))
            AdapterHalt(Adapter, NdisHaltDevicePoweredDown);
    }
    EventUnlock(&Adapter->OperationLock);
}

static VOID
Wake(NDIS_ADAPTER *Adapter)
{
    EventLock(&Adapter->OperationLock);
    if (Adapter->LowPower)
    {
        NDIS_DEVICE_POWER_STATE State = NdisDeviceStateD0;
        Adapter->LowPower = FALSE;
        if (ReadWord(&Adapter->State) == AdapterHalted)
            AdapterInitialize(Adapter);
        else if (Adapter->PowerAware)
            OidSet(Adapter, OID_PNP_SET_POWER, &State, sizeof(State));
        if (ReadWord(&Adapter->State) == AdapterPaused && Adapter->RunAtWake)
            AdapterRestart(Adapter);
    }
    EventUnlock(&Adapter->OperationLock);
}

/* Page "MINIPORT_SHUTDOWN": no other call of the adapter may follow. */
static VOID
Shutdown(NDIS_ADAPTER *Adapter)
{
    EventLock(&Adapter->OperationLock);
    if (ReadWord(&Adapter->State) == AdapterRunning || ReadWord(&Adapter->State) == AdapterPaused)
    {
        if (ReadWord(&Adapter->State) == AdapterRunning)
            EdgeAdapterPause(Adapter->Edge);
        OidClose(Adapter);
        Adapter->Driver->Characteristics.ShutdownHandlerEx(Adapter->MiniportAdapterContext,
                                                           NdisShutdownPowerOff);
        RuleReturnedAt("MiniportShutdownEx", PASSIVE_LEVEL);
        GateClose(&Adapter->Sends);
        InterlockedExchange(&Adapter->State, AdapterShutdown);
    }
    EventUnlock(&Adapter->OperationLock);
}

NTSTATUS
AdapterPower(NDIS_ADAPTER *Adapter, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    if (Stack->MinorFunction != IRP_MN_SET_POWER)
        return AdapterForward(Adapter, Irp);
    POWER_STATE State = Stack->Parameters.Power.State;
    if (Stack->Parameters.Power.Type == SystemPowerState)
    {
        if (State.SystemState == PowerSystemShutdown)
            Shutdown(Adapter);
        return AdapterForward(Adapter, Irp);
    }
    if (State.DeviceState != PowerDeviceD0)
    {
        /* Both enumerations count D0 as 1. */
        Sleep(Adapter, (NDIS_DEVICE_POWER_STATE)State.DeviceState);
        return AdapterForward(Adapter, Irp);
    }
    NTSTATUS Status = AdapterForwardAndWait(Adapter, Irp);
    if (NT_SUCCESS(Status))
        Wake(Adapter);
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}
