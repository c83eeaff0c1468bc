/* SPDX-License-Identifier: MIT */
/*
 * Entry of Wine's ndis.sys, registration of miniport drivers, and the end of a system whose
 * miniport broke a rule.
 */
#include "host.h"

#define DLL_PROCESS_ATTACH  1
#define HIGHEST_DLL_REASON  3
#define BUGCODE_NDIS_DRIVER 0x7C /* also the exit code of the process that ran the drivers */

#define PNP_MANAGER_PAUSE_100NS 10000 /* 1 ms */
#define PNP_MANAGER_TRIES       60000 /* a minute or more */

/*
 * Wine's loader calls this as a DLL's entry, with a reason as second argument, because the image
 * imports user-mode functions as well. The service "NDIS", which prefixes have, would call it as a
 * driver's, with the path of its registry key: there is nothing to do then.
 */
ULONG_PTR NTAPI
HostEntry(PVOID Image, ULONG_PTR ReasonOrPath, PVOID Reserved)
{
    UNREFERENCED_PARAMETER(Image);
    UNREFERENCED_PARAMETER(Reserved);
    if (ReasonOrPath > HIGHEST_DLL_REASON)
        return STATUS_SUCCESS;
    return ReasonOrPath != DLL_PROCESS_ATTACH || HostIrqlInitialize();
}

static BOOLEAN
PnpManagerIsUp(VOID)
{
    UNICODE_STRING Name;
    PDRIVER_OBJECT Manager;
    BOOLEAN Up;

    RtlInitUnicodeString(&Name, L"\\Driver\\PnpManager");
    if (!NT_SUCCESS(
            ObReferenceObjectByName(&Name, 0, NULL, 0, NULL, KernelMode, NULL, (PVOID *)&Manager)))
        return FALSE;
    /* Until its entry has run it has one routine for all requests. */
    Up = Manager->MajorFunction[IRP_MJ_PNP] != Manager->MajorFunction[IRP_MJ_CREATE];
    ObDereferenceObject(Manager);
    return Up;
}

/*
 * A process of Wine's that runs drivers says that it is ready before it has made its plug-and-play
 * manager, in another thread than the one that loads drivers: on a busy computer, a driver can come
 * first. Its devices are looked for next, and without the manager the process would crash.
 */
static NTSTATUS
AwaitPnpManager(VOID)
{
    LARGE_INTEGER Pause = {.QuadPart = -PNP_MANAGER_PAUSE_100NS};

    for (ULONG Try = 0; Try < PNP_MANAGER_TRIES; ++Try)
    {
        if (PnpManagerIsUp())
            return STATUS_SUCCESS;
        KeDelayExecutionThread(KernelMode, FALSE, &Pause);
    }
    HostLog("a driver cannot be loaded: Wine's plug-and-play manager does not start");
    return STATUS_IO_TIMEOUT;
}

NTSTATUS
EdgeDriverRegister(PDRIVER_OBJECT DriverObject)
{
    NTSTATUS Status = AwaitPnpManager();

    if (!NT_SUCCESS(Status))
        return Status;
    HostPoolPublish();
    return HostPatchImports(DriverObject->DriverStart);
}

VOID
EdgeRuleBroken(const char *Rule)
{
    HOST_LINE Line = {0};

    HostLineText(&Line, "STOP: the driver broke a rule: ");
    HostLineText(&Line, Rule);
    HostLog(Line.Text);
    TerminateProcess(NtCurrentProcess(), BUGCODE_NDIS_DRIVER);
}
