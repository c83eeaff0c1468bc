/* SPDX-License-Identifier: MIT */
/*
 * Entry of Wine's ndis.sys, registration of miniport drivers, and the end of a system whose
 * miniport broke a rule.
 */
#include "host.h"

#define DLL_PROCESS_ATTACH  1
#define HIGHEST_DLL_REASON  3
#define BUGCODE_NDIS_DRIVER 0x7C /* also the exit code of the process that ran the drivers */

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

NTSTATUS
EdgeDriverRegister(PDRIVER_OBJECT DriverObject)
{
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
