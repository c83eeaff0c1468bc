/* SPDX-License-Identifier: MIT */
/* Devices whose properties are not what the DLL has made of them; see also devices.h. */
#include "devices.h"

#ifdef __MINGW32__
/* Missing from mingw-w64's setupapi.h. */
WINSETUPAPI BOOL WINAPI
SetupDiSetDevicePropertyW(HDEVINFO DeviceInfoSet, PSP_DEVINFO_DATA DeviceInfoData,
                          const DEVPROPKEY *PropertyKey, DEVPROPTYPE PropertyType,
                          const BYTE *PropertyBuffer, DWORD PropertyBufferSize, DWORD Flags);
#endif

static const GUID Guid = {
    0xc51f0d11, 0x37a4, 0x4c70, {0xa1, 0x11, 0x10, 0x20, 0x30, 0x40, 0x50, 0x0b}};

BOOL
DeviceOfGuid(const GUID *Wanted, HDEVINFO Set, SP_DEVINFO_DATA *Data)
{
    WCHAR Id[MAX_PATH];

    Data->cbSize = sizeof(*Data);
    return SystemDeviceOfGuid(Wanted, Id) && SetupDiOpenDeviceInfoW(Set, Id, NULL, 0, Data);
}

BOOL
DevicePropertySet(HDEVINFO Set, SP_DEVINFO_DATA *Data, DEVPROPID Number, DEVPROPTYPE Type,
                  const void *Value, DWORD Bytes)
{
    const DEVPROPKEY Property = {
        {0x6b8a2a1e, 0x6f0b, 0x4c53, {0x9b, 0x5d, 0x0e, 0x7c, 0x61, 0xb3, 0xd5, 0xf4}}, Number};

    return SetupDiSetDevicePropertyW(Set, Data, &Property, Type, Value, Bytes, 0);
}

static BOOL
SetPool(HDEVINFO Set, SP_DEVINFO_DATA *Data, const WCHAR *Pool)
{
    return DevicePropertySet(Set, Data, POOL_PROPERTY, DEVPROP_TYPE_STRING, Pool,
                             ((DWORD)lstrlenW(Pool) + 1) * sizeof(WCHAR));
}

/* A pool's name that does not fit is there, but cannot be read. */
void
UnreadableDevice(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = WintunCreateAdapter(OTHER_POOL, NAME, &Guid, NULL), Another;
    HDEVINFO Set = SetupDiCreateDeviceInfoList(NULL, NULL);
    WCHAR Long[WINTUN_MAX_POOL + 20] = {0};
    SP_DEVINFO_DATA Data;

    for (size_t Index = 0; Index + 1 < ARRAYSIZE(Long); ++Index)
        Long[Index] = L'p';
    WintunFreeAdapter(Adapter);
    if (!Check("create/unreadable",
               Adapter && DeviceOfGuid(&Guid, Set, &Data) && SetPool(Set, &Data, Long),
               "a device of which something cannot be read, and that nobody uses"))
        goto Restore;
    LogForget();
    Another = WintunCreateAdapter(POOL, L"selftest1", NULL, NULL);
    Check("create/unreadable",
          Another && LogCount(WINTUN_LOG_ERR) == 0 && LogCount(WINTUN_LOG_WARN) == 1,
          "CreateAdapter in another pool warns once");
    FAILS("create/unreadable", ERROR_INSUFFICIENT_BUFFER, !WintunDeletePoolDriver(POOL, NULL),
          "DeletePoolDriver of that pool cannot say that nothing is left");
    Check("create/unreadable", PoolCount(POOL) == 0, "but deletes what there is");
    WintunFreeAdapter(Another);
Restore:
    SetPool(Set, &Data, OTHER_POOL);
    SetupDiDestroyDeviceInfoList(Set);
    Adapter = WintunOpenAdapter(OTHER_POOL, NAME);
    Check("create/unreadable", AdapterIsNamed(Adapter, NAME), "and the device is still there");
    AdapterUnmake(Adapter);
}

/* A device without a pool looks like one that a process died in the making of. */
void
LostPool(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = WintunCreateAdapter(OTHER_POOL, NAME, &Guid, NULL), Another;
    WINTUN_SESSION_HANDLE Session;
    HDEVINFO Set = SetupDiCreateDeviceInfoList(NULL, NULL);
    SP_DEVINFO_DATA Data;

    Check("create/half-made",
          Adapter && DeviceOfGuid(&Guid, Set, &Data) &&
              DevicePropertySet(Set, &Data, POOL_PROPERTY, DEVPROP_TYPE_EMPTY, NULL, 0),
          "a device without a pool, and somebody has a handle");
    Another = WintunCreateAdapter(POOL, L"selftest1", NULL, NULL);
    Check("create/half-made", Another && WintunDeletePoolDriver(POOL, NULL),
          "CreateAdapter and DeletePoolDriver of another pool");
    WintunFreeAdapter(Another);
    Session = WintunStartSession(Adapter, CAPACITY);
    Check("create/half-made", Session != NULL, "leave it to its user");
    WintunEndSession(Session);
    WintunFreeAdapter(Adapter);
    Another = WintunCreateAdapter(POOL, NAME, NULL, NULL);
    Check("create/half-made", AdapterIsNamed(Another, NAME),
          "when nobody uses it any more, CreateAdapter removes it: its name is free");
    SetupDiDestroyDeviceInfoList(Set);
    AdapterUnmake(Another);
}

/* Versions that knew of no incarnation gave their devices none. */
void
MadeByOlderVersion(void)
{
    WINTUN_ADAPTER_HANDLE Adapter = WintunCreateAdapter(POOL, NAME, &Guid, NULL), Other;
    HDEVINFO Set = SetupDiCreateDeviceInfoList(NULL, NULL);
    WINTUN_SESSION_HANDLE Session;
    SP_DEVINFO_DATA Data;

    Check("open/older",
          Adapter && DeviceOfGuid(&Guid, Set, &Data) &&
              DevicePropertySet(Set, &Data, INCARNATION_PROPERTY, DEVPROP_TYPE_EMPTY, NULL, 0),
          "an adapter as older versions make it");
    SetupDiDestroyDeviceInfoList(Set);
    Other = WintunOpenAdapter(POOL, NAME);
    Session = WintunStartSession(Other, CAPACITY);
    Check("open/older",
          Session && WintunSetAdapterName(Other, L"selftest1") && PoolCount(POOL) == 1,
          "is opened, used, renamed and listed");
    WintunEndSession(Session);
    Check("open/older", WintunDeleteAdapter(Other, FALSE, NULL) && PoolCount(POOL) == 0,
          "and deleted");
    WintunFreeAdapter(Other);
    WintunFreeAdapter(Adapter);
}
