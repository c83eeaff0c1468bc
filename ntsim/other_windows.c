/* SPDX-License-Identifier: MIT */
/*
 * What other computers tell a driver, and when requests reach it there: its calls of these
 * functions are linked to the ones here (--wrap in CMakeLists.txt).
 */
#include "system.h"

#define NDIS_600 0x60000u
#define NDIS_620 0x60014u

static ULONG ProcessorsMax;
static void (*DeregisterHook)(void);

void
SimSetProcessorsMax(ULONG Count)
{
    ProcessorsMax = Count;
}

void
SimSetDeregisterHook(void (*Hook)(void))
{
    DeregisterHook = Hook;
}

ULONG NTAPI
__wrap_KeQueryMaximumProcessorCountEx(USHORT GroupNumber);
ULONG NTAPI
__wrap_KeQueryMaximumProcessorCountEx(USHORT GroupNumber)
{
    ULONG Count = KeQueryMaximumProcessorCountEx(GroupNumber);
    return GroupNumber == ALL_PROCESSOR_GROUPS && ProcessorsMax != 0 ? ProcessorsMax : Count;
}

/* Page "NdisGetVersion": 6.0 is Windows Vista's, 6.20 Windows 7's. */
UINT NTAPI __wrap_NdisGetVersion(VOID);
UINT NTAPI
__wrap_NdisGetVersion(VOID)
{
    RTL_OSVERSIONINFOW Version = {.dwOSVersionInfoSize = sizeof(Version)};
    RtlGetVersion(&Version);
    if (Version.dwMajorVersion == 6 && Version.dwMinorVersion == 0)
        return NDIS_600;
    return SimIsWindows7() ? NDIS_620 : NdisGetVersion();
}

VOID NTAPI
__wrap_NdisDeregisterDeviceEx(NDIS_HANDLE NdisDeviceHandle);
VOID NTAPI
__wrap_NdisDeregisterDeviceEx(NDIS_HANDLE NdisDeviceHandle)
{
    if (DeregisterHook != NULL)
        DeregisterHook();
    NdisDeregisterDeviceEx(NdisDeviceHandle);
}
