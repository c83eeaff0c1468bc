/* SPDX-License-Identifier: MIT */
/* The files of the driver that the DLL carries: see resource.h. */
#include "resource.h"
#include "logger.h"

#define COMPARE_BYTES 0x10000u

static HINSTANCE ResourceModule;

void
ResourceSetModule(HINSTANCE Module)
{
    ResourceModule = Module;
}

/* The data points into the module and stays valid. NULL: *Error is a Win32 code, and logged. */
static const void *
Find(const WCHAR *Name, DWORD *Bytes, DWORD *Error)
{
    HRSRC Found = FindResourceW(ResourceModule, Name, (LPCWSTR)RT_RCDATA);
    HGLOBAL Loaded;
    const void *Data;

    if (!Found)
    {
        *Error = LogLastError(L"Cannot find resource %s of the DLL", Name);
        return NULL;
    }
    *Bytes = SizeofResource(ResourceModule, Found);
    Loaded = LoadResource(ResourceModule, Found);
    Data = Loaded ? LockResource(Loaded) : NULL;
    if (!Data)
        *Error = LogLastError(L"Cannot load resource %s of the DLL", Name);
    return Data;
}

DWORD
ResourceWriteFile(const WCHAR *Name, const WCHAR *Path)
{
    DWORD Bytes, Written, Error = ERROR_SUCCESS;
    const void *Data = Find(Name, &Bytes, &Error);
    HANDLE File;

    if (!Data)
        return Error;
    File = CreateFileW(Path, GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    if (File == INVALID_HANDLE_VALUE)
        return LogLastError(L"Cannot create file %s", Path);
    if (!WriteFile(File, Data, Bytes, &Written, NULL))
        Error = LogLastError(L"Cannot write file %s", Path);
    else if (Written != Bytes)
        Error = LogError(ERROR_WRITE_FAULT, L"Cannot write file %s", Path);
    CloseHandle(File);
    if (Error != ERROR_SUCCESS)
        DeleteFileW(Path);
    return Error;
}

static BOOL
FileHasContent(HANDLE File, const BYTE *Data, DWORD Bytes)
{
    BYTE *Buffer = HeapAlloc(GetProcessHeap(), 0, COMPARE_BYTES);
    LARGE_INTEGER Size;
    BOOL Equal = Buffer && GetFileSizeEx(File, &Size) && Size.QuadPart == Bytes;

    while (Equal && Bytes > 0)
    {
        DWORD Wanted = min(Bytes, COMPARE_BYTES), Read;
        Equal = ReadFile(File, Buffer, Wanted, &Read, NULL) && Read == Wanted &&
                memcmp(Buffer, Data, Wanted) == 0;
        Data += Wanted;
        Bytes -= Wanted;
    }
    if (Buffer)
        HeapFree(GetProcessHeap(), 0, Buffer);
    return Equal;
}

BOOL
ResourceEqualsFile(const WCHAR *Name, const WCHAR *Path)
{
    DWORD Bytes, Error;
    const void *Data = Find(Name, &Bytes, &Error);
    HANDLE File;
    BOOL Equal;

    if (!Data)
        return FALSE;
    File = CreateFileW(Path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                       NULL, OPEN_EXISTING, FILE_FLAG_SEQUENTIAL_SCAN, NULL);
    if (File == INVALID_HANDLE_VALUE)
        return FALSE;
    Equal = FileHasContent(File, Data, Bytes);
    CloseHandle(File);
    return Equal;
}
