/* SPDX-License-Identifier: MIT */
/* Values of registry keys, by type: see registry.h. */
#include "registry.h"
#include "guid.h"

DWORD
RegistryReadDword(HKEY Key, const WCHAR *Name, DWORD *Value)
{
    DWORD Type, Data, Bytes = sizeof(Data);
    DWORD Error = (DWORD)RegQueryValueExW(Key, Name, NULL, &Type, (BYTE *)&Data, &Bytes);

    if (Error == ERROR_MORE_DATA ||
        (Error == ERROR_SUCCESS && (Type != REG_DWORD || Bytes != sizeof(Data))))
        return ERROR_INVALID_DATATYPE;
    if (Error == ERROR_SUCCESS)
        *Value = Data;
    return Error;
}

DWORD
RegistryReadString(HKEY Key, const WCHAR *Name, WCHAR *Value, DWORD Characters)
{
    DWORD Type, Bytes = (Characters - 1) * sizeof(WCHAR);
    DWORD Error = (DWORD)RegQueryValueExW(Key, Name, NULL, &Type, (BYTE *)Value, &Bytes);

    if (Error == ERROR_MORE_DATA)
    {
        /* A terminated string that fills the buffer to the last character. */
        Bytes = Characters * sizeof(WCHAR);
        Error = (DWORD)RegQueryValueExW(Key, Name, NULL, &Type, (BYTE *)Value, &Bytes);
        if (Error == ERROR_SUCCESS && (Bytes < sizeof(WCHAR) || Value[Bytes / sizeof(WCHAR) - 1]))
            Error = ERROR_MORE_DATA;
    }
    if (Error == ERROR_SUCCESS && Type != REG_SZ)
        Error = ERROR_INVALID_DATATYPE;
    /* What others wrote need not be terminated. */
    if (Error == ERROR_SUCCESS && Bytes / sizeof(WCHAR) < Characters)
        Value[Bytes / sizeof(WCHAR)] = L'\0';
    else if (Error != ERROR_SUCCESS)
        Value[0] = L'\0';
    return Error;
}

DWORD
RegistryReadGuid(HKEY Key, const WCHAR *Name, GUID *Value)
{
    WCHAR Text[GUID_CHARACTERS];
    DWORD Error = RegistryReadString(Key, Name, Text, GUID_CHARACTERS);

    if (Error == ERROR_SUCCESS && !GuidParse(Text, Value))
        Error = ERROR_INVALID_DATA;
    return Error;
}
