/* SPDX-License-Identifier: MIT */
/* GUIDs in the registry's spelling: see guid.h. */
#include "guid.h"

/* The order in which the spelling shows the bytes of a (little-endian) GUID; 0xFF is a hyphen. */
#define HYPHEN 0xFF
static const BYTE ByteOrder[] = {3,      2, 1, 0,      HYPHEN, 5,  4,  HYPHEN, 7,  6,
                                 HYPHEN, 8, 9, HYPHEN, 10,     11, 12, 13,     14, 15};

void
GuidFormat(const GUID *Guid, WCHAR *Text)
{
    static const WCHAR Digits[] = L"0123456789ABCDEF";
    const BYTE *Bytes = (const BYTE *)Guid;

    *Text++ = L'{';
    for (DWORD i = 0; i < ARRAYSIZE(ByteOrder); i++)
    {
        if (ByteOrder[i] == HYPHEN)
        {
            *Text++ = L'-';
            continue;
        }
        *Text++ = Digits[Bytes[ByteOrder[i]] >> 4];
        *Text++ = Digits[Bytes[ByteOrder[i]] & 0xF];
    }
    *Text++ = L'}';
    *Text = L'\0';
}

static BOOL
ParseDigit(WCHAR Character, BYTE *Value)
{
    if (Character >= L'0' && Character <= L'9')
        *Value = (BYTE)(Character - L'0');
    else if (Character >= L'A' && Character <= L'F')
        *Value = (BYTE)(Character - L'A' + 10);
    else if (Character >= L'a' && Character <= L'f')
        *Value = (BYTE)(Character - L'a' + 10);
    else
        return FALSE;
    return TRUE;
}

BOOL
GuidParse(const WCHAR *Text, GUID *Guid)
{
    BYTE *Bytes = (BYTE *)Guid;

    if (*Text++ != L'{')
        return FALSE;
    for (DWORD i = 0; i < ARRAYSIZE(ByteOrder); i++)
    {
        BYTE High, Low;
        if (ByteOrder[i] == HYPHEN)
        {
            if (*Text++ != L'-')
                return FALSE;
            continue;
        }
        if (!ParseDigit(Text[0], &High) || !ParseDigit(Text[1], &Low))
            return FALSE;
        Bytes[ByteOrder[i]] = (BYTE)(High << 4 | Low);
        Text += 2;
    }
    return Text[0] == L'}' && Text[1] == L'\0';
}
