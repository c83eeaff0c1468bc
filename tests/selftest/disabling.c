/* SPDX-License-Identifier: MIT */
/* Adapters that are disabled and enabled, as a person does in Device Manager. */
#include "devices.h"
#include <cfgmgr32.h>

static const GUID Guid = {
    0xc51f0d11, 0x37a4, 0x4c70, {0xa1, 0x11, 0x10, 0x20, 0x30, 0x40, 0x50, 0x04}};

/* The device of the adapter with the GUID above, valid as long as the set. */
static BOOL
FindDevice(HDEVINFO Set, DEVINST *Device)
{
    SP_DEVINFO_DATA Data;

    if (!DeviceOfGuid(&Guid, Set, &Data))
        return FALSE;
    *Device = Data.DevInst;
    return TRUE;
}

/* Marks the device as a process does that is going to stop it. */
static BOOL
MarkStopped(HDEVINFO Set)
{
    DEVPROP_BOOLEAN True = DEVPROP_TRUE;
    SP_DEVINFO_DATA Data;

    return DeviceOfGuid(&Guid, Set, &Data) &&
           DevicePropertySet(Set, &Data, STOPPED_PROPERTY, DEVPROP_TYPE_BOOLEAN, &True,
                             sizeof(True));
}

static DWORD WINAPI
WaitForEnd(LPVOID Parameter)
{
    DWORD Error;

    while ((Error = SessionDrain(Parameter)) == ERROR_NO_MORE_ITEMS)
    {
        if (WaitForSingleObject(WintunGetReadWaitEvent(Parameter), 3 * SOON_MILLISECONDS) !=
            WAIT_OBJECT_0)
            return ERROR_TIMEOUT;
    }
    return Error;
}

/* On Windows, a device that is enabled starts when its time has come. */
static WINTUN_SESSION_HANDLE
StartSoon(WINTUN_ADAPTER_HANDLE Adapter)
{
    ULONGLONG Deadline = GetTickCount64() + SOON_MILLISECONDS;
    WINTUN_SESSION_HANDLE Session;

    while (!(Session = WintunStartSession(Adapter, CAPACITY)) && GetTickCount64() < Deadline)
        Sleep(50);
    return Session;
}

/* Disables the device under a session. */
static void
DisableUnderSession(WINTUN_ADAPTER_HANDLE Adapter, DEVINST Device)
{
    WINTUN_SESSION_HANDLE Session = StartSoon(Adapter);
    DWORD Result = ERROR_TIMEOUT, Size;
    HANDLE Thread;

    if (!Check("disable/session", Session != NULL, "an adapter with a session"))
        return;
    Thread = CreateThread(NULL, 0, WaitForEnd, Session, 0, NULL);
    Check("disable/eof", CM_Disable_DevNode(Device, CM_DISABLE_PERSIST) == CR_SUCCESS,
          "it is disabled");
    if (WaitForSingleObject(Thread, SOON_MILLISECONDS) == WAIT_OBJECT_0)
        GetExitCodeThread(Thread, &Result);
    CloseHandle(Thread);
    Check("disable/eof", Result == ERROR_HANDLE_EOF,
          "a thread that waits on the event sees ERROR_HANDLE_EOF (%lu)", Result);
    FAILS_QUIETLY("receive/eof", ERROR_HANDLE_EOF, WintunReceivePacket(Session, &Size) == NULL,
                  "so does ReceivePacket from then on");
    FAILS_QUIETLY("allocate/eof", ERROR_HANDLE_EOF, WintunAllocateSendPacket(Session, 100) == NULL,
                  "and AllocateSendPacket");
    FAILS("disable/start", ERROR_FILE_NOT_FOUND, WintunStartSession(Adapter, CAPACITY) == NULL,
          "a new session on the disabled adapter");
    Check("disable/start", wcsstr(LogLast(WINTUN_LOG_ERR), L"22") != NULL,
          "the line says the system's problem code, 22: %ls", LogLast(WINTUN_LOG_ERR));
    WintunEndSession(Session);
}

void
Disabled(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = WintunCreateAdapter(POOL, NAME, &Guid, NULL), Other;
    WINTUN_SESSION_HANDLE Session;
    NET_LUID Before = {.Value = 0}, After = {.Value = 0};
    HDEVINFO Set = SetupDiCreateDeviceInfoList(NULL, NULL);
    DEVINST Device;

    if (!Check("disable/session", Adapter && FindDevice(Set, &Device), "the device of an adapter"))
        goto Unmake;
    WintunGetAdapterLUID(Adapter, &Before);
    for (int Round = 0; Round < 3; ++Round)
    {
        DisableUnderSession(Adapter, Device);
        Check("disable/stays", PoolCount(POOL) == 1 && AdapterIsNamed(Adapter, NAME),
              "a disabled adapter keeps its pool and name");
        Other = WintunOpenAdapter(POOL, NAME);
        Check("disable/stays", Other && !WintunStartSession(Other, CAPACITY),
              "and can be opened, which does not enable it");
        WintunFreeAdapter(Other);
        Check("disable/session", CM_Enable_DevNode(Device, 0) == CR_SUCCESS, "it is enabled");
    }
    Session = StartSoon(Adapter);
    Check("disable/session", Session != NULL, "an enabled adapter has a session again");
    WintunEndSession(Session);
    Other = WintunOpenAdapter(POOL, NAME);
    WintunGetAdapterLUID(Other, &After);
    WintunFreeAdapter(Other);
    Check("disable/stays", IsWine() || Before.Value == After.Value, "its LUID is the same");
Unmake:
    SetupDiDestroyDeviceInfoList(Set);
    AdapterUnmake(Adapter);
}

void
DisabledAndStale(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = WintunCreateAdapter(POOL, NAME, &Guid, NULL);
    WINTUN_SESSION_HANDLE Session;
    HDEVINFO Set = SetupDiCreateDeviceInfoList(NULL, NULL);
    DEVINST Device;

    if (!Check("disable/stale",
               Adapter && FindDevice(Set, &Device) &&
                   CM_Disable_DevNode(Device, CM_DISABLE_PERSIST) == CR_SUCCESS,
               "a disabled adapter"))
        goto Unmake;
    FAILS("create/in-use", ERROR_ALREADY_EXISTS,
          WintunCreateAdapter(POOL, NAME, NULL, NULL) == NULL,
          "that somebody has a handle of is in use");
    WintunFreeAdapter(Adapter);
    Adapter = WintunCreateAdapter(POOL, NAME, &Guid, NULL);
    Session = Adapter ? WintunStartSession(Adapter, CAPACITY) : NULL;
    Check("disable/stale", Session != NULL && PoolCount(POOL) == 1,
          "that nobody uses is replaced by one that runs");
    WintunEndSession(Session);
    SetupDiDestroyDeviceInfoList(Set);
    Set = SetupDiCreateDeviceInfoList(NULL, NULL);
    Check("disable/stale",
          FindDevice(Set, &Device) &&
              CM_Disable_DevNode(Device, CM_DISABLE_PERSIST) == CR_SUCCESS &&
              WintunDeleteAdapter(Adapter, FALSE, NULL) && PoolCount(POOL) == 0,
          "a disabled adapter can be deleted");
    Check("disable/stale",
          WintunDeletePoolDriver(POOL, NULL) && (!IsWine() || !DriverIsInstalled()),
          "and the driver removed");
Unmake:
    SetupDiDestroyDeviceInfoList(Set);
    AdapterUnmake(Adapter);
}

/* A process that replaces the driver stops adapters that nobody uses; it may die before it starts
 * them again. */
void
LeftStopped(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = WintunCreateAdapter(POOL, NAME, &Guid, NULL), Other;
    WINTUN_SESSION_HANDLE Session;
    HDEVINFO Set = SetupDiCreateDeviceInfoList(NULL, NULL);
    DEVINST Device;

    if (!Check("killed/stopped", Adapter && FindDevice(Set, &Device), "the device of an adapter"))
        goto Unmake;
    Check("killed/stopped", MarkStopped(Set) && CM_Disable_DevNode(Device, 0) == CR_SUCCESS,
          "it is stopped by a process that dies");
    Other = WintunOpenAdapter(POOL, NAME);
    Session = Other ? StartSoon(Other) : NULL;
    Check("killed/stopped", Session != NULL, "OpenAdapter starts it again");
    WintunEndSession(Session);
    WintunFreeAdapter(Other);
    Check("killed/stopped", MarkStopped(Set) && CM_Disable_DevNode(Device, 0) == CR_SUCCESS,
          "the same again");
    Other = WintunCreateAdapter(POOL, L"selftest1", NULL, NULL);
    Session = StartSoon(Adapter);
    Check("killed/stopped", Other && Session, "and so does the creation of any adapter");
    WintunEndSession(Session);
    AdapterUnmake(Other);
Unmake:
    SetupDiDestroyDeviceInfoList(Set);
    AdapterUnmake(Adapter);
}

/* Whether creating an adapter of another pool, and opening this one, leaves the device disabled. */
static BOOL
StaysDisabled(DEVINST Device)
{
    WINTUN_ADAPTER_HANDLE Another = WintunCreateAdapter(OTHER_POOL, L"selftest1", NULL, NULL),
                          Same = WintunOpenAdapter(POOL, NAME);
    ULONG Status, Problem = 0;
    BOOL Disabled = Another && Same &&
                    CM_Get_DevNode_Status(&Status, &Problem, Device, 0) == CR_SUCCESS &&
                    Problem == CM_PROB_DISABLED;

    WintunFreeAdapter(Same);
    AdapterUnmake(Another);
    return Disabled;
}

/* Other tools than Device Manager disable devices without noting that in the registry. */
void
DisabledByOthers(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = WintunCreateAdapter(POOL, NAME, &Guid, NULL);
    HDEVINFO Set = SetupDiCreateDeviceInfoList(NULL, NULL);
    DEVINST Device;

    if (!Check("disable/others",
               Adapter && FindDevice(Set, &Device) && CM_Disable_DevNode(Device, 0) == CR_SUCCESS,
               "somebody has disabled an adapter until the next start of the system"))
        goto Unmake;
    Check("disable/others", StaysDisabled(Device), "CreateAdapter and OpenAdapter leave it so");
    Check("disable/others",
          CM_Enable_DevNode(Device, 0) == CR_SUCCESS && MarkStopped(Set) &&
              !StaysDisabled(Device) && CM_Disable_DevNode(Device, 0) == CR_SUCCESS &&
              StaysDisabled(Device),
          "also if a process died before that, which was about to stop it");
    Check("disable/others",
          MarkStopped(Set) && CM_Disable_DevNode(Device, CM_DISABLE_PERSIST) == CR_SUCCESS &&
              StaysDisabled(Device),
          "or has stopped it, and it is disabled for good since");
Unmake:
    SetupDiDestroyDeviceInfoList(Set);
    AdapterUnmake(Adapter);
}
