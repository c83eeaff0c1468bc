/* SPDX-License-Identifier: MIT */
/* What a Windows program can count: handles, device objects, and the drivers' pool. */
#include "hostile.h"
#include "../../winehost/pool.h"
#include <tlhelp32.h>
#include <stdio.h>
#include <stdlib.h>
#include <wctype.h>

#define SYSTEM_HANDLE_INFORMATION_CLASS 16
#define DIRECTORY_QUERY                 1
#define ENTRY_BYTES                     1024
#define OBJECT_NAME_INFORMATION_CLASS   ((OBJECT_INFORMATION_CLASS)1)
#define HANDLES_SHOWN                   0x1000
#define TABLE_BYTES                     (1u << 20)

typedef struct HANDLE_ENTRY
{
    ULONG Process;
    BYTE Type;
    BYTE Flags;
    USHORT Handle;
    PVOID Object;
    ACCESS_MASK Access;
} HANDLE_ENTRY;

typedef struct HANDLE_TABLE
{
    ULONG Count;
    HANDLE_ENTRY Entries[1];
} HANDLE_TABLE;

__declspec(dllimport) NTSTATUS NTAPI
NtOpenDirectoryObject(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes);
__declspec(dllimport) NTSTATUS NTAPI
NtQueryDirectoryObject(HANDLE Handle, PVOID Buffer, ULONG Length, BOOLEAN One, BOOLEAN Restart,
                       PULONG Context, PULONG Needed);

static ULONG
HandlesOfProcess(const HANDLE_TABLE *Table, DWORD Process)
{
    ULONG Count = 0;
    for (ULONG Index = 0; Index < Table->Count; ++Index)
        Count += Table->Entries[Index].Process == Process;
    return Count;
}

/* The name of a handle's object, in Buffer of ENTRY_BYTES bytes; it may be empty. */
static const UNICODE_STRING *
NameOf(HANDLE Handle, BYTE *Buffer)
{
    UNICODE_STRING *Name = (UNICODE_STRING *)(void *)Buffer;
    if (!NT_SUCCESS(
            NtQueryObject(Handle, OBJECT_NAME_INFORMATION_CLASS, Buffer, ENTRY_BYTES, NULL)))
        Name->Length = 0;
    return Name;
}

/* Wine's SetupDiCreateDeviceInfoW leaves a handle of this key open when it makes up a device's id.
 */
static ULONG
LeftBySetupApi(void)
{
    static const WCHAR Key[] = L"\\REGISTRY\\Machine\\System\\CurrentControlSet\\Enum";
    ULONG Count = 0;
    for (ULONG_PTR Value = 4; Value < HANDLES_SHOWN; Value += 4)
    {
        BYTE Buffer[ENTRY_BYTES];
        const UNICODE_STRING *Name = NameOf((HANDLE)Value, Buffer);
        Count += Name->Length == sizeof(Key) - sizeof(WCHAR) &&
                 wcsnicmp(Name->Buffer, Key, Name->Length / sizeof(WCHAR)) == 0;
    }
    return Count;
}

/* The handles of this process, and of all that run drivers. */
static void
PrintHandles(void)
{
    HANDLE Processes = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    PROCESSENTRY32W Process = {.dwSize = sizeof(Process)};
    HANDLE_TABLE *Table = malloc(TABLE_BYTES);
    ULONG Drivers = 0;
    if (Table != NULL && NT_SUCCESS(NtQuerySystemInformation(SYSTEM_HANDLE_INFORMATION_CLASS, Table,
                                                             TABLE_BYTES, NULL)))
    {
        for (BOOL More = Process32FirstW(Processes, &Process); More;
             More = Process32NextW(Processes, &Process))
        {
            if (lstrcmpiW(Process.szExeFile, L"winedevice.exe") == 0)
                Drivers += HandlesOfProcess(Table, Process.th32ProcessID);
        }
        printf(" own_handles=%lu driver_handles=%lu",
               HandlesOfProcess(Table, GetCurrentProcessId()) - LeftBySetupApi(), Drivers);
    }
    free(Table);
    CloseHandle(Processes);
}

/* "00000012": what Wine calls the device objects below root devices. Its plug-and-play manager
 * never deletes one as long as its process lives, whatever the driver above does. */
static BOOL
IsWineRootDevice(const UNICODE_STRING *Name)
{
    if (Name->Length != 8 * sizeof(WCHAR))
        return FALSE;
    for (int At = 0; At < 8; ++At)
    {
        if (!iswxdigit(Name->Buffer[At]))
            return FALSE;
    }
    return TRUE;
}

/* Show: one line for each. */
static ULONG
DeviceObjects(BOOL Show)
{
    BYTE Entry[ENTRY_BYTES];
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Directory;
    ULONG Context = 0, Count = 0;

    RtlInitUnicodeString(&Name, L"\\Device");
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (!NT_SUCCESS(NtOpenDirectoryObject(&Directory, DIRECTORY_QUERY, &Attributes)))
        return 0;
    while (NtQueryDirectoryObject(Directory, Entry, sizeof(Entry), TRUE, Context == 0, &Context,
                                  NULL) == STATUS_SUCCESS)
    {
        const UNICODE_STRING *Found = (const UNICODE_STRING *)(const void *)Entry;
        if (IsWineRootDevice(Found))
            continue;
        ++Count;
        if (Show)
            Note("\\Device\\%ls", Found->Buffer);
    }
    CloseHandle(Directory);
    return Count;
}

static void
PrintPool(void)
{
    HANDLE Section = OpenFileMappingW(FILE_MAP_READ, FALSE, POOL_COUNTS_GLOBAL);
    const POOL_COUNTS *Pool =
        Section != NULL ? MapViewOfFile(Section, FILE_MAP_READ, 0, 0, sizeof(*Pool)) : NULL;
    for (ULONG Index = 0; Pool != NULL && Index < POOL_TAGS; ++Index)
    {
        const POOL_TAG_COUNTS *Tag = &Pool->Tags[Index];
        uint32_t Text = Tag->Tag;
        if (Text == 0)
            continue;
        printf(" pool_%.4s=%lld", (const char *)&Text, (long long)Tag->Blocks);
        printf(" bytes_%.4s=%lld", (const char *)&Text, (long long)Tag->Bytes);
    }
    if (Pool != NULL)
        UnmapViewOfFile(Pool);
    if (Section != NULL)
        CloseHandle(Section);
}

void
CountsPrint(void)
{
    printf("counts device_objects=%lu", DeviceObjects(FALSE));
    PrintHandles();
    PrintPool();
    printf("\n");
    fflush(stdout);
}

static void
ShowHandle(HANDLE Handle)
{
    BYTE Type[ENTRY_BYTES], Name[ENTRY_BYTES];
    UNICODE_STRING *TypeName = (UNICODE_STRING *)(void *)Type;
    UNICODE_STRING *ObjectName = (UNICODE_STRING *)(void *)Name;
    if (!NT_SUCCESS(NtQueryObject(Handle, ObjectTypeInformation, Type, sizeof(Type), NULL)))
        return;
    if (!NT_SUCCESS(NtQueryObject(Handle, OBJECT_NAME_INFORMATION_CLASS, Name, sizeof(Name), NULL)))
        ObjectName->Length = 0;
    Note("handle %p %.*ls %.*ls", Handle, TypeName->Length / (int)sizeof(WCHAR), TypeName->Buffer,
         ObjectName->Length / (int)sizeof(WCHAR), ObjectName->Buffer);
}

BOOL
ObjectsShow(uint32_t Seed)
{
    (void)Seed;
    for (ULONG_PTR Value = 4; Value < HANDLES_SHOWN; Value += 4)
        ShowHandle((HANDLE)Value);
    return DeviceObjects(TRUE) != 0;
}
