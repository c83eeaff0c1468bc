/* SPDX-License-Identifier: MIT */
/*
 * Network connections in the registry: see connection.h.
 */
#include "connection.h"

#define NETWORK_KEY     L"SYSTEM\\CurrentControlSet\\Control\\Network\\" NET_CLASS_TEXT
#define PATH_CHARACTERS 160

static WCHAR *
Append(WCHAR *End, const WCHAR *Text)
{
    while (*Text != 0)
        *End++ = *Text++;
    *End = 0;
    return End;
}

static WCHAR *
AppendHex(WCHAR *End, unsigned long long Value, int Digits)
{
    while (Digits-- > 0)
        *End++ = L"0123456789ABCDEF"[(Value >> (4 * Digits)) & 0xF];
    *End = 0;
    return End;
}

void
GuidToText(const GUID *Guid, WCHAR Text[GUID_CHARACTERS])
{
    WCHAR *End = Append(Text, L"{");

    End = Append(AppendHex(End, Guid->Data1, 8), L"-");
    End = Append(AppendHex(End, Guid->Data2, 4), L"-");
    End = Append(AppendHex(End, Guid->Data3, 4), L"-");
    for (int Index = 0; Index < 8; Index++)
    {
        if (Index == 2)
            End = Append(End, L"-");
        End = AppendHex(End, Guid->Data4[Index], 2);
    }
    Append(End, L"}");
}

static void
ConnectionPath(const WCHAR *GuidText, WCHAR Path[PATH_CHARACTERS])
{
    WCHAR *End = Append(Path, NETWORK_KEY L"\\");
    for (int Index = 0; Index < GUID_CHARACTERS - 1 && GuidText[Index] != 0; Index++)
        *End++ = GuidText[Index];
    *End = 0;
    Append(End, L"\\Connection");
}

LSTATUS
ConnectionOpen(const WCHAR *GuidText, BOOL Create, REGSAM Access, HKEY *Key)
{
    WCHAR Path[PATH_CHARACTERS];

    ConnectionPath(GuidText, Path);
    if (!Create)
        return RegOpenKeyExW(HKEY_LOCAL_MACHINE, Path, 0, Access, Key);
    return RegCreateKeyExW(HKEY_LOCAL_MACHINE, Path, 0, NULL, 0, Access, NULL, Key, NULL);
}

LSTATUS
ConnectionGetName(const WCHAR *GuidText, WCHAR *Name, DWORD Characters)
{
    DWORD Bytes = Characters * sizeof(WCHAR);
    HKEY Key;
    LSTATUS Error = ConnectionOpen(GuidText, FALSE, KEY_QUERY_VALUE, &Key);

    if (Error != ERROR_SUCCESS)
        return Error;
    Error = RegGetValueW(Key, NULL, L"Name", RRF_RT_REG_SZ, NULL, Name, &Bytes);
    RegCloseKey(Key);
    return Error;
}

BOOL
ConnectionNameTaken(const WCHAR *GuidText, const WCHAR *Name)
{
    WCHAR Other[GUID_CHARACTERS];
    WCHAR OtherName[CONNECTION_NAME_MAX];
    BOOL Taken = FALSE;
    HKEY Key;

    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, NETWORK_KEY, 0, KEY_ENUMERATE_SUB_KEYS, &Key) !=
        ERROR_SUCCESS)
        return FALSE;
    for (DWORD Index = 0; !Taken; Index++)
    {
        DWORD Characters = GUID_CHARACTERS;
        LSTATUS Error = RegEnumKeyExW(Key, Index, Other, &Characters, NULL, NULL, NULL, NULL);
        if (Error == ERROR_MORE_DATA)
            continue; /* not a connection */
        if (Error != ERROR_SUCCESS)
            break;
        Taken = lstrcmpiW(Other, GuidText) != 0 &&
                ConnectionGetName(Other, OtherName, CONNECTION_NAME_MAX) == ERROR_SUCCESS &&
                lstrcmpiW(OtherName, Name) == 0;
    }
    RegCloseKey(Key);
    return Taken;
}

void
ConnectionDelete(const WCHAR *GuidText)
{
    HKEY Key;

    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, NETWORK_KEY, 0, KEY_ALL_ACCESS, &Key) != ERROR_SUCCESS)
        return;
    RegDeleteTreeW(Key, GuidText);
    RegCloseKey(Key);
}
