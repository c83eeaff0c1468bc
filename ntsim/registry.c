/* SPDX-License-Identifier: MIT */
/* Registry values in memory. A key exists while it, or a key under it, has values. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "io.h"
#include "system.h"

#define NAME_CHARACTERS 128
#define DATA_BYTES      512
#define VALUES_MAX      256
#define ZW_PAGE         "Using Nt and Zw Versions of the Native System Services Routines"

typedef struct VALUE
{
    WCHAR Path[NAME_CHARACTERS];
    WCHAR Name[NAME_CHARACTERS];
    ULONG Type;
    ULONG Bytes;
    UCHAR Data[DATA_BYTES];
} VALUE;

typedef struct KEY
{
    WCHAR Path[NAME_CHARACTERS];
} KEY;

struct _OBJECT_TYPE SimKeyType = {.Name = "key"};
static pthread_mutex_t Mutex = PTHREAD_MUTEX_INITIALIZER;
static VALUE Values[VALUES_MAX];
static void (*ReadHook)(void);

static WCHAR
Upper(WCHAR Character)
{
    return Character >= 'a' && Character <= 'z' ? (WCHAR)(Character - 32) : Character;
}

static size_t
Length(const WCHAR *Text)
{
    size_t Count = 0;
    while (Text[Count] != 0)
        ++Count;
    return Count;
}

/* How many characters at the beginning of both are the same, but for their case. */
static size_t
Common(const WCHAR *A, const WCHAR *B)
{
    size_t Count = 0;
    while (A[Count] != 0 && Upper(A[Count]) == Upper(B[Count]))
        ++Count;
    return Count;
}

static BOOLEAN
Same(const WCHAR *A, const WCHAR *B)
{
    size_t Count = Common(A, B);
    return A[Count] == 0 && B[Count] == 0;
}

static void
Copy(WCHAR *To, const WCHAR *From, size_t Count)
{
    if (Count >= NAME_CHARACTERS)
        abort();
    memcpy(To, From, Count * sizeof(WCHAR));
    To[Count] = 0;
}

/* Under Mutex. */
static VALUE *
Find(const WCHAR *Path, const WCHAR *Name)
{
    for (unsigned At = 0; At < VALUES_MAX; ++At)
    {
        if (Values[At].Path[0] != 0 && Same(Values[At].Path, Path) && Same(Values[At].Name, Name))
            return &Values[At];
    }
    return NULL;
}

void
SimRegistrySet(const WCHAR *Path, const WCHAR *Name, ULONG Type, const void *Data, ULONG Bytes)
{
    pthread_mutex_lock(&Mutex);
    VALUE *Value = Find(Path, Name);
    for (unsigned At = 0; Value == NULL; ++At)
    {
        if (At == VALUES_MAX)
            abort();
        if (Values[At].Path[0] == 0)
            Value = &Values[At];
    }
    memset(Value, 0, sizeof(*Value));
    if (Data != NULL)
    {
        if (Bytes > DATA_BYTES)
            abort();
        Copy(Value->Path, Path, Length(Path));
        Copy(Value->Name, Name, Length(Name));
        Value->Type = Type;
        Value->Bytes = Bytes;
        memcpy(Value->Data, Data, Bytes);
    }
    pthread_mutex_unlock(&Mutex);
}

void
SimRegistryReset(void)
{
    memset(Values, 0, sizeof(Values));
}

void
SimRegistryOnRead(void (*Hook)(void))
{
    ReadHook = Hook;
}

HANDLE
SimKeyOpen(const WCHAR *Path)
{
    KEY *Key = SimObjectCreate(&SimKeyType, sizeof(*Key));
    Copy(Key->Path, Path, Length(Path));
    HANDLE Handle = SimHandleCreate(NULL, Key, KEY_ALL_ACCESS);
    ObDereferenceObject(Key);
    return Handle;
}

static const WCHAR *
PathOf(const char *Call, HANDLE Handle)
{
    SimCheckIrql(Call, ZW_PAGE, PASSIVE_LEVEL, PASSIVE_LEVEL);
    KEY *Key = SimHandleObject(NULL, Handle, &SimKeyType, NULL);
    if (Key == NULL)
        SimRuleBroken(Call, ZW_PAGE, "%p is no handle of a key", Handle);
    return Key->Path;
}

NTSTATUS NTAPI
ZwClose(HANDLE Handle)
{
    SimCheckIrql("ZwClose", "wdm/nf-wdm-zwclose", PASSIVE_LEVEL, PASSIVE_LEVEL);
    if (!NT_SUCCESS(SimHandleClose(NULL, Handle)))
        SimRuleBroken("ZwClose", "wdm/nf-wdm-zwclose", "%p is no kernel handle", Handle);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
ZwOpenKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    WCHAR Path[NAME_CHARACTERS] = {0};
    size_t Count = 0;
    UNREFERENCED_PARAMETER(DesiredAccess);
    SimCheckIrql("ZwOpenKey", "wdm/nf-wdm-zwopenkey", PASSIVE_LEVEL, PASSIVE_LEVEL);
    if (SimFault("ZwOpenKey"))
        return STATUS_INSUFFICIENT_RESOURCES;
    if (ObjectAttributes->RootDirectory != NULL)
    {
        const WCHAR *Root = PathOf("ZwOpenKey", ObjectAttributes->RootDirectory);
        Copy(Path, Root, Length(Root));
        Count = Length(Root);
        Path[Count++] = '\\';
    }
    PUNICODE_STRING Name = ObjectAttributes->ObjectName;
    if (Count + Name->Length / sizeof(WCHAR) >= NAME_CHARACTERS)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    Copy(Path + Count, Name->Buffer, Name->Length / sizeof(WCHAR));
    BOOLEAN Exists = FALSE;
    pthread_mutex_lock(&Mutex);
    for (unsigned At = 0; At < VALUES_MAX; ++At)
    {
        size_t Shared = Common(Path, Values[At].Path);
        Exists |= Values[At].Path[0] != 0 && Path[Shared] == 0 &&
                  (Values[At].Path[Shared] == 0 || Values[At].Path[Shared] == '\\');
    }
    pthread_mutex_unlock(&Mutex);
    if (!Exists)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    *KeyHandle = SimKeyOpen(Path);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
ZwQueryValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName, KEY_VALUE_INFORMATION_CLASS Class,
                PVOID KeyValueInformation, ULONG InformationBytes, PULONG ResultLength)
{
    const ULONG Head = offsetof(KEY_VALUE_PARTIAL_INFORMATION, Data);
    WCHAR Name[NAME_CHARACTERS];
    KEY_VALUE_PARTIAL_INFORMATION *Information = KeyValueInformation;
    NTSTATUS Status = STATUS_SUCCESS;
    const WCHAR *Path = PathOf("ZwQueryValueKey", KeyHandle);
    if (Class != KeyValuePartialInformation)
        SimRuleBroken("ZwQueryValueKey", "wdm/nf-wdm-zwqueryvaluekey",
                      "information class %u is not simulated", (unsigned)Class);
    if (SimFault("ZwQueryValueKey"))
        return STATUS_INSUFFICIENT_RESOURCES;
    Copy(Name, ValueName->Buffer, ValueName->Length / sizeof(WCHAR));
    if (ReadHook != NULL)
        ReadHook();
    pthread_mutex_lock(&Mutex);
    VALUE *Value = Find(Path, Name);
    if (Value == NULL)
        Status = STATUS_OBJECT_NAME_NOT_FOUND;
    else
    {
        *ResultLength = Head + Value->Bytes;
        if (InformationBytes < Head)
            Status = STATUS_BUFFER_TOO_SMALL;
        else
        {
            Information->TitleIndex = 0;
            Information->Type = Value->Type;
            Information->DataLength = Value->Bytes;
            memcpy((UCHAR *)KeyValueInformation + Head, Value->Data,
                   min(Value->Bytes, InformationBytes - Head));
            if (InformationBytes < *ResultLength)
                Status = STATUS_BUFFER_OVERFLOW;
        }
    }
    pthread_mutex_unlock(&Mutex);
    return Status;
}

NTSTATUS NTAPI
ZwSetValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName, ULONG TitleIndex, ULONG Type, PVOID Data,
              ULONG DataSize)
{
    WCHAR Name[NAME_CHARACTERS];
    UNREFERENCED_PARAMETER(TitleIndex);
    const WCHAR *Path = PathOf("ZwSetValueKey", KeyHandle);
    if (SimFault("ZwSetValueKey"))
        return STATUS_INSUFFICIENT_RESOURCES;
    Copy(Name, ValueName->Buffer, ValueName->Length / sizeof(WCHAR));
    SimRegistrySet(Path, Name, Type, Data, DataSize);
    return STATUS_SUCCESS;
}

/* wdm/nf-wdm-zwenumeratekey: no driver here has sub-keys, so there are none to list. */
NTSTATUS NTAPI
ZwEnumerateKey(HANDLE KeyHandle, ULONG Index, int KeyInformationClass, PVOID KeyInformation,
               ULONG InformationBytes, PULONG ResultLength);
NTSTATUS NTAPI
ZwEnumerateKey(HANDLE KeyHandle, ULONG Index, int KeyInformationClass, PVOID KeyInformation,
               ULONG InformationBytes, PULONG ResultLength)
{
    UNREFERENCED_PARAMETER(Index);
    UNREFERENCED_PARAMETER(KeyInformationClass);
    UNREFERENCED_PARAMETER(KeyInformation);
    UNREFERENCED_PARAMETER(InformationBytes);
    PathOf("ZwEnumerateKey", KeyHandle);
    *ResultLength = 0;
    return STATUS_NO_MORE_ENTRIES;
}
