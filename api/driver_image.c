/* SPDX-License-Identifier: MIT */
/* Judging images of the driver: see driver_image.h. */
#include "driver_image.h"
#include "logger.h"

#define MOST_BYTES       0x1000000u
#define FIXED_INFO_MAGIC 0xFEEF04BDu /* of VS_FIXEDFILEINFO */

/* The file's content, to be given back with HeapFree; NULL if it cannot be read. */
static BYTE *
ReadWhole(const WCHAR *Path, DWORD *Bytes)
{
    HANDLE File = CreateFileW(Path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, FILE_FLAG_SEQUENTIAL_SCAN, NULL);
    BYTE *Data = NULL;
    LARGE_INTEGER Size;
    DWORD Read;

    if (File == INVALID_HANDLE_VALUE)
        return NULL;
    if (GetFileSizeEx(File, &Size) && Size.QuadPart > 0 && Size.QuadPart <= MOST_BYTES)
        Data = HeapAlloc(GetProcessHeap(), 0, (SIZE_T)Size.QuadPart);
    if (Data && (!ReadFile(File, Data, Size.LowPart, &Read, NULL) || Read != Size.LowPart))
    {
        HeapFree(GetProcessHeap(), 0, Data);
        Data = NULL;
    }
    CloseHandle(File);
    *Bytes = Data ? Size.LowPart : 0;
    return Data;
}

/* Where the header has the checksum; 0 if this is no image. The field is at the same place for 32
 * and 64 bits. */
static DWORD
FindChecksum(const BYTE *Data, DWORD Bytes)
{
    const DWORD InHeader = FIELD_OFFSET(IMAGE_NT_HEADERS, OptionalHeader) +
                           FIELD_OFFSET(IMAGE_OPTIONAL_HEADER, CheckSum);
    const IMAGE_DOS_HEADER *Dos = (const IMAGE_DOS_HEADER *)Data;
    DWORD Header, Signature;

    if (Bytes < sizeof(*Dos) || Dos->e_magic != IMAGE_DOS_SIGNATURE)
        return 0;
    Header = (DWORD)Dos->e_lfanew;
    if (Header > Bytes || Bytes - Header < InHeader + sizeof(DWORD))
        return 0;
    memcpy(&Signature, Data + Header, sizeof(Signature));
    return Signature == IMAGE_NT_SIGNATURE ? Header + InHeader : 0;
}

/* The sum of 16-bit words with carries brought round, the checksum itself left out, and the size.
 */
static BOOL
ChecksumIsRight(const BYTE *Data, DWORD Bytes)
{
    DWORD Field = FindChecksum(Data, Bytes), Sum = 0, Said;

    if (Field == 0)
        return FALSE;
    for (DWORD At = 0; At < Bytes; At += sizeof(WORD))
    {
        DWORD Word = Data[At];
        if (At + 1 < Bytes)
            Word |= (DWORD)Data[At + 1] << 8;
        if (At < Field || At >= Field + sizeof(DWORD))
            Sum += Word;
        Sum = (Sum & 0xFFFF) + (Sum >> 16);
    }
    memcpy(&Said, Data + Field, sizeof(Said));
    return Sum + Bytes == Said;
}

/* The resource is found by its magic number, which nothing else in the image has behind the
 * resource's name. */
static BOOL
SaysVersion(const BYTE *Data, DWORD Bytes, DRIVER_VERSION Version)
{
    static const WCHAR Name[] = L"VS_VERSION_INFO";

    for (DWORD At = sizeof(Name); At + sizeof(VS_FIXEDFILEINFO) <= Bytes; At += sizeof(DWORD))
    {
        const VS_FIXEDFILEINFO *Info = (const VS_FIXEDFILEINFO *)(Data + At);
        if (Info->dwSignature != FIXED_INFO_MAGIC)
            continue;
        /* Zeros may lie between them, so that the structure begins at a multiple of four. */
        for (DWORD Gap = 0; Gap <= sizeof(WORD); Gap += sizeof(WORD))
        {
            if (At >= sizeof(Name) + Gap &&
                memcmp(Data + At - Gap - sizeof(Name), Name, sizeof(Name)) == 0)
                return ((DRIVER_VERSION)Info->dwFileVersionMS << 32 | Info->dwFileVersionLS) ==
                       Version;
        }
    }
    return FALSE;
}

BOOL
DriverImageIsIntact(const WCHAR *Path, DRIVER_VERSION Version)
{
    DWORD Bytes;
    BYTE *Data = ReadWhole(Path, &Bytes);
    BOOL Intact;

    if (!Data)
        return FALSE;
    Intact = ChecksumIsRight(Data, Bytes) && SaysVersion(Data, Bytes, Version);
    HeapFree(GetProcessHeap(), 0, Data);
    return Intact;
}
