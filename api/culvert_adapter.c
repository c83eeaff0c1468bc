/* SPDX-License-Identifier: MIT */
/* The functions of culvert.h that need no session: version, features, and adapters' statistics. */
#include "culvert.h"
#include "adapter.h"
#include "logger.h"
#include "statistics.h"
#include "version.h"

DWORD WINAPI
CulvertGetVersion(void)
{
    return (CULVERT_VERSION_MAJOR << 16) | CULVERT_VERSION_MINOR;
}

BOOL WINAPI
CulvertHasFeature(DWORD Feature)
{
    switch (Feature)
    {
    case CULVERT_FEATURE_BATCHES:
    case CULVERT_FEATURE_WAITS:
    case CULVERT_FEATURE_STATISTICS:
        return TRUE;
    default:
        return FALSE;
    }
}

BOOL WINAPI
CulvertGetAdapterStatistics(WINTUN_ADAPTER_HANDLE Handle, CULVERT_STATISTICS *Statistics)
{
    ADAPTER *Adapter = AdapterAcquire(Handle);
    if (Adapter == NULL)
        return FALSE;
    DWORD Error = ERROR_INVALID_PARAMETER;
    if (StatisticsCheck(L"CulvertGetAdapterStatistics", Statistics))
        Error = AdapterGetStatistics(Adapter, Statistics);
    AdapterRelease(Adapter);
    SetLastError(Error);
    return Error == ERROR_SUCCESS;
}

BOOL WINAPI
CulvertGetLuidStatistics(const NET_LUID *Luid, CULVERT_STATISTICS *Statistics)
{
    static const WCHAR Function[] = L"CulvertGetLuidStatistics";
    DWORD Error = ERROR_INVALID_PARAMETER;
    if (Luid == NULL)
        LogError(Error, L"%s: there is no Luid", Function);
    else if (StatisticsCheck(Function, Statistics))
        Error = AdapterGetStatisticsOfLuid(*Luid, Statistics);
    SetLastError(Error);
    return Error == ERROR_SUCCESS;
}
