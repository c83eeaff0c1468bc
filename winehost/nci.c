/* SPDX-License-Identifier: MIT */
/*
 * nci.dll: names of network connections. Windows exports these two functions without documenting
 * them; programs that create adapters use them to name a connection without the shell's objects.
 *
 * The Linux interface of a running adapter follows its connection's name where Linux allows the
 * name; where it does not, a line in the prefix's log tells which interface it is.
 */
#include <windows.h>
#include "connection.h"
#include "linux.h"

#define CLASS_KEY      L"SYSTEM\\CurrentControlSet\\Control\\Class\\" NET_CLASS_TEXT
#define LOG_FILE       L"C:\\windows\\culvert-host.log"
#define NAME_BYTES_MAX (3 * CONNECTION_NAME_MAX)

static DWORD
CopyText(char *Target, DWORD At, DWORD Room, const char *Text)
{
    while (*Text != 0 && At + 1 < Room)
        Target[At++] = *Text++;
    Target[At] = 0;
    return At;
}

static void
LogInterface(const char *Connection, const char *Interface)
{
    char Line[NAME_BYTES_MAX + 64];
    DWORD Bytes = CopyText(Line, 0, sizeof(Line), "adapter ");
    HANDLE File = CreateFileW(LOG_FILE, FILE_APPEND_DATA | SYNCHRONIZE,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_ALWAYS, 0, NULL);

    if (File == INVALID_HANDLE_VALUE)
        return;
    Bytes = CopyText(Line, Bytes, sizeof(Line), Connection);
    Bytes = CopyText(Line, Bytes, sizeof(Line), " is Linux interface ");
    Bytes = CopyText(Line, Bytes, sizeof(Line), Interface);
    Bytes = CopyText(Line, Bytes, sizeof(Line), "\n");
    WriteFile(File, Line, Bytes, &Bytes, NULL);
    CloseHandle(File);
}

/* The index of the adapter's interface; 0 if it has none (yet). */
static DWORD
InterfaceIndex(const WCHAR *GuidText)
{
    WCHAR SubKey[16];
    WCHAR Other[GUID_CHARACTERS];
    DWORD Found = 0;
    HKEY Key;

    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, CLASS_KEY, 0, KEY_READ, &Key) != ERROR_SUCCESS)
        return 0;
    for (DWORD Index = 0; Found == 0; Index++)
    {
        DWORD Characters = sizeof(SubKey) / sizeof(WCHAR);
        DWORD Bytes = sizeof(Other);
        LSTATUS Error = RegEnumKeyExW(Key, Index, SubKey, &Characters, NULL, NULL, NULL, NULL);
        if (Error == ERROR_MORE_DATA)
            continue;
        if (Error != ERROR_SUCCESS)
            break;
        if (RegGetValueW(Key, SubKey, L"NetCfgInstanceId", RRF_RT_REG_SZ, NULL, Other, &Bytes) !=
                ERROR_SUCCESS ||
            lstrcmpiW(Other, GuidText) != 0)
            continue;
        Bytes = sizeof(Found);
        if (RegGetValueW(Key, SubKey, L"NetLuidIndex", RRF_RT_REG_DWORD, NULL, &Found, &Bytes) !=
            ERROR_SUCCESS)
            break;
    }
    RegCloseKey(Key);
    return Found;
}

static BOOL
LinuxAllows(const char *Name, DWORD Bytes)
{
    if (Bytes == 0 || Bytes >= LINUX_IFNAMSIZ || lstrcmpA(Name, ".") == 0 ||
        lstrcmpA(Name, "..") == 0)
        return FALSE;
    for (DWORD Index = 0; Index < Bytes; Index++)
    {
        unsigned char Character = (unsigned char)Name[Index];
        if (Character <= ' ' || Character == '/' || Character == ':' || Character == '%' ||
            Character == 0x7F || Character == 0xA0)
            return FALSE;
    }
    return TRUE;
}

/* Older kernels refuse to rename an interface that is up. */
static int
Rename(int Socket, LINUX_IFREQ *Request, const char *Name)
{
    LINUX_IFREQ Flags;
    int Result;

    CopyText(Request->NewName, 0, LINUX_IFNAMSIZ, Name);
    Result = LinuxIoctl(Socket, LINUX_SIOCSIFNAME, Request);
    if (Result != -LINUX_EBUSY)
        return Result;
    Flags = *Request;
    if (LinuxIoctl(Socket, LINUX_SIOCGIFFLAGS, &Flags) < 0)
        return Result;
    Flags.Flags &= (int16_t)~LINUX_IFF_UP;
    LinuxIoctl(Socket, LINUX_SIOCSIFFLAGS, &Flags);
    Result = LinuxIoctl(Socket, LINUX_SIOCSIFNAME, Request);
    if (Result >= 0)
        CopyText(Flags.Name, 0, LINUX_IFNAMSIZ, Name);
    Flags.Flags |= LINUX_IFF_UP;
    LinuxIoctl(Socket, LINUX_SIOCSIFFLAGS, &Flags);
    return Result;
}

static void
InterfaceFollow(const WCHAR *GuidText, const WCHAR *Connection)
{
    DWORD Index = InterfaceIndex(GuidText);
    char Name[NAME_BYTES_MAX];
    int Bytes = WideCharToMultiByte(CP_UTF8, 0, Connection, -1, Name, sizeof(Name), NULL, NULL);
    LINUX_IFREQ Request = {0};
    int Socket;

    if (Index == 0 || Bytes == 0)
        return;
    Socket = LinuxSocket(LINUX_AF_INET, LINUX_SOCK_DGRAM | LINUX_SOCK_CLOEXEC, 0);
    if (Socket < 0)
        return;
    Request.Index = (int32_t)Index;
    if (LinuxIoctl(Socket, LINUX_SIOCGIFNAME, &Request) >= 0 && lstrcmpA(Request.Name, Name) != 0 &&
        (!LinuxAllows(Name, (DWORD)Bytes - 1) || Rename(Socket, &Request, Name) < 0))
        LogInterface(Name, Request.Name);
    LinuxClose(Socket);
}

/*
 * Names a connection. Win32 error codes: ERROR_INVALID_PARAMETER for a missing, empty or overlong
 * name, ERROR_FILE_NOT_FOUND if there is no such connection, ERROR_DUP_NAME if another one has it.
 */
__declspec(dllexport) DWORD WINAPI
NciSetConnectionName(const GUID *Guid, const WCHAR *Name)
{
    WCHAR GuidText[GUID_CHARACTERS];
    HKEY Key;
    LSTATUS Error;

    if (Guid == NULL || Name == NULL || Name[0] == 0 || lstrlenW(Name) >= CONNECTION_NAME_MAX)
        return ERROR_INVALID_PARAMETER;
    GuidToText(Guid, GuidText);
    Error = ConnectionOpen(GuidText, FALSE, KEY_READ | KEY_WRITE, &Key);
    if (Error != ERROR_SUCCESS)
        return (DWORD)Error;
    if (ConnectionNameTaken(GuidText, Name))
        Error = ERROR_DUP_NAME;
    else
        Error = RegSetValueExW(Key, L"Name", 0, REG_SZ, (const BYTE *)Name,
                               (DWORD)((lstrlenW(Name) + 1) * sizeof(WCHAR)));
    if (Error == ERROR_SUCCESS)
        RegDeleteValueW(Key, L"DefaultNameIndex");
    RegCloseKey(Key);
    if (Error == ERROR_SUCCESS)
        InterfaceFollow(GuidText, Name);
    return (DWORD)Error;
}

/*
 * Reads a connection's name. Bytes is the size of Name; *ResultBytes, if wanted, the size that the
 * name with its terminator has. ERROR_MORE_DATA if it does not fit, ERROR_FILE_NOT_FOUND if there
 * is no such connection.
 */
__declspec(dllexport) DWORD WINAPI
NciGetConnectionName(const GUID *Guid, WCHAR *Name, DWORD Bytes, DWORD *ResultBytes)
{
    WCHAR GuidText[GUID_CHARACTERS];
    WCHAR Found[CONNECTION_NAME_MAX];
    LSTATUS Error;
    DWORD Needed;

    if (Guid == NULL || (Name == NULL && Bytes != 0))
        return ERROR_INVALID_PARAMETER;
    GuidToText(Guid, GuidText);
    Error = ConnectionGetName(GuidText, Found, CONNECTION_NAME_MAX);
    if (Error != ERROR_SUCCESS)
        return (DWORD)Error;
    Needed = (DWORD)((lstrlenW(Found) + 1) * sizeof(WCHAR));
    if (ResultBytes != NULL)
        *ResultBytes = Needed;
    if (Needed > Bytes)
        return ERROR_MORE_DATA;
    lstrcpyW(Name, Found);
    return ERROR_SUCCESS;
}
