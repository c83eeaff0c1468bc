/* SPDX-License-Identifier: MIT */
/*
 * The adapter and logger functions of wintun.h: arguments checked, handles resolved, errors put
 * into the last-error code. What they do is in adapter.h.
 */
#include "adapter.h"
#include "logger.h"

C_ASSERT(MAX_ADAPTER_NAME == 128);

/* Whether Text is a string of 1 to Characters - 1 characters; looks at no more than Characters. */
static BOOL
IsString(const WCHAR *Text, DWORD Characters)
{
    if (!Text || !Text[0])
        return FALSE;
    for (DWORD i = 1; i < Characters; i++)
    {
        if (!Text[i])
            return TRUE;
    }
    return FALSE;
}

static DWORD
CheckString(const WCHAR *Function, const WCHAR *What, const WCHAR *Text, DWORD Characters)
{
    if (IsString(Text, Characters))
        return ERROR_SUCCESS;
    return LogError(ERROR_INVALID_PARAMETER, L"%s: %s must have 1 to %u characters", Function, What,
                    Characters - 1);
}

static DWORD
CheckPoolAndName(const WCHAR *Function, const WCHAR *Pool, const WCHAR *Name)
{
    DWORD Error = CheckString(Function, L"Pool", Pool, WINTUN_MAX_POOL);

    return Error == ERROR_SUCCESS ? CheckString(Function, L"Name", Name, MAX_ADAPTER_NAME) : Error;
}

/* Every function leaves the last-error code at 0 or at its own error, not at what was met on the
 * way. */
static BOOL
Finish(DWORD Error)
{
    SetLastError(Error);
    return Error == ERROR_SUCCESS;
}

static void
StoreReboot(BOOL *RebootRequired, BOOL Value)
{
    if (RebootRequired)
        *RebootRequired = Value;
}

WINTUN_ADAPTER_HANDLE WINAPI
WintunCreateAdapter(const WCHAR *Pool, const WCHAR *Name, const GUID *RequestedGUID,
                    BOOL *RebootRequired)
{
    DWORD Error = CheckPoolAndName(L"WintunCreateAdapter", Pool, Name);
    ADAPTER *Adapter = NULL;
    BOOL Reboot = FALSE;

    if (Error == ERROR_SUCCESS)
        Error = AdapterCreate(Pool, Name, RequestedGUID, &Adapter, &Reboot);
    StoreReboot(RebootRequired, Reboot);
    return Finish(Error) ? Adapter : NULL;
}

WINTUN_ADAPTER_HANDLE WINAPI
WintunOpenAdapter(const WCHAR *Pool, const WCHAR *Name)
{
    DWORD Error = CheckPoolAndName(L"WintunOpenAdapter", Pool, Name);
    ADAPTER *Adapter = NULL;

    if (Error == ERROR_SUCCESS)
        Error = AdapterOpen(Pool, Name, &Adapter);
    return Finish(Error) ? Adapter : NULL;
}

BOOL WINAPI
WintunDeleteAdapter(WINTUN_ADAPTER_HANDLE Handle, BOOL ForceCloseSessions, BOOL *RebootRequired)
{
    ADAPTER *Adapter = AdapterAcquire(Handle);
    DWORD Error = ERROR_INVALID_PARAMETER;
    BOOL Reboot = FALSE;

    if (Adapter)
    {
        Error = AdapterDelete(Adapter, ForceCloseSessions, &Reboot);
        AdapterRelease(Adapter);
    }
    StoreReboot(RebootRequired, Reboot);
    return Finish(Error);
}

BOOL WINAPI
WintunEnumAdapters(const WCHAR *Pool, WINTUN_ENUM_CALLBACK Callback, LPARAM Param)
{
    DWORD Error = CheckString(L"WintunEnumAdapters", L"Pool", Pool, WINTUN_MAX_POOL);

    if (Error == ERROR_SUCCESS && !Callback)
        Error = LogError(ERROR_INVALID_PARAMETER, L"WintunEnumAdapters: there is no Callback");
    if (Error == ERROR_SUCCESS)
        Error = AdapterEnumerate(Pool, Callback, Param);
    return Finish(Error);
}

void WINAPI
WintunFreeAdapter(WINTUN_ADAPTER_HANDLE Handle)
{
    DWORD LastError = GetLastError();

    /* Often called on the way out after a failure, whose code the application has yet to look at.
     */
    if (Handle && !AdapterFree(Handle))
        LastError = LogError(ERROR_INVALID_PARAMETER,
                             L"WintunFreeAdapter: %p is not the handle of "
                             L"an adapter",
                             Handle);
    SetLastError(LastError);
}

BOOL WINAPI
WintunDeletePoolDriver(const WCHAR *Pool, BOOL *RebootRequired)
{
    DWORD Error = CheckString(L"WintunDeletePoolDriver", L"Pool", Pool, WINTUN_MAX_POOL);
    BOOL Reboot = FALSE;

    if (Error == ERROR_SUCCESS)
        Error = AdapterDeletePool(Pool, &Reboot);
    StoreReboot(RebootRequired, Reboot);
    return Finish(Error);
}

void WINAPI
WintunGetAdapterLUID(WINTUN_ADAPTER_HANDLE Handle, NET_LUID *Luid)
{
    ADAPTER *Adapter = AdapterAcquire(Handle);

    if (Luid)
        Luid->Value = 0;
    if (!Adapter)
        return;
    if (Luid)
        *Luid = AdapterGetLuid(Adapter);
    else
        LogError(ERROR_INVALID_PARAMETER, L"WintunGetAdapterLUID: there is no Luid");
    AdapterRelease(Adapter);
    Finish(Luid ? ERROR_SUCCESS : ERROR_INVALID_PARAMETER);
}

void WINAPI
WintunGetAdapterLuid(WINTUN_ADAPTER_HANDLE Handle, NET_LUID *Luid)
{
    WintunGetAdapterLUID(Handle, Luid);
}

BOOL WINAPI
WintunGetAdapterName(WINTUN_ADAPTER_HANDLE Handle, WCHAR *Name)
{
    ADAPTER *Adapter = AdapterAcquire(Handle);
    DWORD Error = ERROR_INVALID_PARAMETER;

    if (Adapter)
    {
        if (Name)
            Error = AdapterGetName(Adapter, Name);
        else
            LogError(Error, L"WintunGetAdapterName: there is no Name");
        AdapterRelease(Adapter);
    }
    return Finish(Error);
}

BOOL WINAPI
WintunSetAdapterName(WINTUN_ADAPTER_HANDLE Handle, const WCHAR *Name)
{
    ADAPTER *Adapter = AdapterAcquire(Handle);
    DWORD Error = ERROR_INVALID_PARAMETER;

    if (Adapter)
    {
        Error = CheckString(L"WintunSetAdapterName", L"Name", Name, MAX_ADAPTER_NAME);
        if (Error == ERROR_SUCCESS)
            Error = AdapterSetName(Adapter, Name);
        AdapterRelease(Adapter);
    }
    return Finish(Error);
}

DWORD WINAPI
WintunGetRunningDriverVersion(void)
{
    DWORD Version = 0, Error = AdapterGetDriverVersion(&Version);

    return Finish(Error) ? Version : 0;
}

void WINAPI
WintunSetLogger(WINTUN_LOGGER_CALLBACK NewLogger)
{
    LoggerSet(NewLogger);
}
