/* SPDX-License-Identifier: MIT */
/* Rtl: strings, GUIDs, the version of the system; and the debugger's output. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "system.h"

#define TAG_STRING      'rtSN'
#define GUID_CHARACTERS 38

static RTL_OSVERSIONINFOW SystemVersion = {.dwMajorVersion = 10, .dwBuildNumber = 19045};

void
SimSetVersion(ULONG Major, ULONG Minor)
{
    SystemVersion.dwMajorVersion = Major;
    SystemVersion.dwMinorVersion = Minor;
}

BOOLEAN
SimIsWindows7(void)
{
    return SystemVersion.dwMajorVersion == 6 && SystemVersion.dwMinorVersion == 1;
}

VOID NTAPI
RtlInitUnicodeString(PUNICODE_STRING Destination, PCWSTR Source)
{
    SimCheckIrql("RtlInitUnicodeString", "wdm/nf-wdm-rtlinitunicodestring", PASSIVE_LEVEL,
                 DISPATCH_LEVEL);
    size_t Length = 0;
    while (Source != NULL && Source[Length] != 0)
        Length++;
    Destination->Buffer = (PWSTR)Source;
    Destination->Length = (USHORT)(Length * sizeof(WCHAR));
    Destination->MaximumLength = (USHORT)(Source != NULL ? (Length + 1) * sizeof(WCHAR) : 0);
}

NTSTATUS NTAPI
RtlGetVersion(PRTL_OSVERSIONINFOW VersionInformation)
{
    static const char Page[] = "wdm/nf-wdm-rtlgetversion";
    SimCheckIrql("RtlGetVersion", Page, PASSIVE_LEVEL, PASSIVE_LEVEL);
    if (VersionInformation->dwOSVersionInfoSize != sizeof(RTL_OSVERSIONINFOW) &&
        VersionInformation->dwOSVersionInfoSize != sizeof(RTL_OSVERSIONINFOEXW))
        SimRuleBroken("RtlGetVersion", Page, "dwOSVersionInfoSize is %u",
                      VersionInformation->dwOSVersionInfoSize);
    VersionInformation->dwMajorVersion = SystemVersion.dwMajorVersion;
    VersionInformation->dwMinorVersion = SystemVersion.dwMinorVersion;
    VersionInformation->dwBuildNumber = SystemVersion.dwBuildNumber;
    return STATUS_SUCCESS;
}

static WCHAR
Upper(WCHAR Character)
{
    return Character >= 'a' && Character <= 'z' ? (WCHAR)(Character - 32) : Character;
}

BOOLEAN NTAPI
RtlEqualUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive)
{
    SimCheckIrql("RtlEqualUnicodeString", "wdm/nf-wdm-rtlequalunicodestring", PASSIVE_LEVEL,
                 PASSIVE_LEVEL);
    if (String1->Length != String2->Length)
        return FALSE;
    for (USHORT At = 0; At < String1->Length / sizeof(WCHAR); ++At)
    {
        WCHAR A = String1->Buffer[At], B = String2->Buffer[At];
        if (A != B && (!CaseInSensitive || Upper(A) != Upper(B)))
            return FALSE;
    }
    return TRUE;
}

NTSTATUS NTAPI
RtlAppendUnicodeStringToString(PUNICODE_STRING Destination, PCUNICODE_STRING Source)
{
    static const char Call[] = "RtlAppendUnicodeStringToString";
    static const char Page[] = "wdm/nf-wdm-rtlappendunicodestringtostring";
    SimCheckIrql(Call, Page, PASSIVE_LEVEL, PASSIVE_LEVEL);
    if (Destination->Length > Destination->MaximumLength)
        SimRuleBroken(Call, Page, "Destination->Length is beyond MaximumLength");
    if (Source->Length > Destination->MaximumLength - Destination->Length)
        return STATUS_BUFFER_TOO_SMALL;
    memcpy((UCHAR *)Destination->Buffer + Destination->Length, Source->Buffer, Source->Length);
    Destination->Length = (USHORT)(Destination->Length + Source->Length);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlAppendUnicodeToString(PUNICODE_STRING Destination, PCWSTR Source)
{
    UNICODE_STRING String;
    SimCheckIrql("RtlAppendUnicodeToString", "wdm/nf-wdm-rtlappendunicodetostring", PASSIVE_LEVEL,
                 PASSIVE_LEVEL);
    RtlInitUnicodeString(&String, Source);
    return RtlAppendUnicodeStringToString(Destination, &String);
}

VOID NTAPI
RtlCopyUnicodeString(PUNICODE_STRING Destination, PCUNICODE_STRING Source)
{
    SimCheckIrql("RtlCopyUnicodeString", "wdm/nf-wdm-rtlcopyunicodestring", PASSIVE_LEVEL,
                 DISPATCH_LEVEL);
    Destination->Length = Source == NULL ? 0 : min(Source->Length, Destination->MaximumLength);
    if (Destination->Length != 0)
        memcpy(Destination->Buffer, Source->Buffer, Destination->Length);
}

LONG NTAPI
RtlCompareUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive)
{
    SimCheckIrql("RtlCompareUnicodeString", "wdm/nf-wdm-rtlcompareunicodestring", PASSIVE_LEVEL,
                 PASSIVE_LEVEL);
    USHORT Characters = min(String1->Length, String2->Length) / sizeof(WCHAR);
    for (USHORT At = 0; At < Characters; ++At)
    {
        WCHAR A = String1->Buffer[At], B = String2->Buffer[At];
        if (CaseInSensitive)
        {
            A = Upper(A);
            B = Upper(B);
        }
        if (A != B)
            return (LONG)A - (LONG)B;
    }
    return (LONG)String1->Length - (LONG)String2->Length;
}

NTSTATUS NTAPI
RtlIntegerToUnicodeString(ULONG Value, ULONG Base, PUNICODE_STRING String)
{
    static const char Digits[] = "0123456789ABCDEF";
    WCHAR Text[33];
    unsigned At = 33;
    SimCheckIrql("RtlIntegerToUnicodeString", "wdm/nf-wdm-rtlintegertounicodestring", PASSIVE_LEVEL,
                 PASSIVE_LEVEL);
    if (Base == 0)
        Base = 10;
    if (Base != 2 && Base != 8 && Base != 10 && Base != 16)
        return STATUS_INVALID_PARAMETER;
    Text[--At] = 0;
    do
    {
        Text[--At] = (WCHAR)Digits[Value % Base];
        Value /= Base;
    } while (Value != 0);
    USHORT Bytes = (USHORT)((32 - At) * sizeof(WCHAR));
    if (Bytes > String->MaximumLength)
        return STATUS_BUFFER_OVERFLOW;
    memcpy(String->Buffer, &Text[At], min(Bytes + sizeof(WCHAR), String->MaximumLength));
    String->Length = Bytes;
    return STATUS_SUCCESS;
}

SIZE_T NTAPI
RtlCompareMemory(const VOID *Source1, const VOID *Source2, SIZE_T Length)
{
    const UCHAR *A = Source1, *B = Source2;
    SIZE_T Same = 0;
    while (Same < Length && A[Same] == B[Same])
        Same++;
    return Same;
}

NTSTATUS NTAPI
RtlStringFromGUID(REFGUID Guid, PUNICODE_STRING GuidString)
{
    char Text[GUID_CHARACTERS + 1];
    SimCheckIrql("RtlStringFromGUID", "wdm/nf-wdm-rtlstringfromguid", PASSIVE_LEVEL, PASSIVE_LEVEL);
    SIZE_T Bytes = sizeof(Text) * sizeof(WCHAR);
    if (SimFault("RtlStringFromGUID"))
        return STATUS_NO_MEMORY;
    GuidString->Buffer = ExAllocatePoolWithTag(PagedPool, Bytes, TAG_STRING);
    if (GuidString->Buffer == NULL)
        return STATUS_NO_MEMORY;
    snprintf(Text, sizeof(Text), "{%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X}", Guid->Data1,
             Guid->Data2, Guid->Data3, Guid->Data4[0], Guid->Data4[1], Guid->Data4[2],
             Guid->Data4[3], Guid->Data4[4], Guid->Data4[5], Guid->Data4[6], Guid->Data4[7]);
    for (int At = 0; At <= GUID_CHARACTERS; ++At)
        GuidString->Buffer[At] = (WCHAR)Text[At];
    GuidString->Length = GUID_CHARACTERS * sizeof(WCHAR);
    GuidString->MaximumLength = (USHORT)Bytes;
    return STATUS_SUCCESS;
}

VOID NTAPI
RtlFreeUnicodeString(PUNICODE_STRING UnicodeString)
{
    SimCheckIrql("RtlFreeUnicodeString", "wdm/nf-wdm-rtlfreeunicodestring", PASSIVE_LEVEL,
                 PASSIVE_LEVEL);
    if (UnicodeString->Buffer != NULL)
        ExFreePoolWithTag(UnicodeString->Buffer, TAG_STRING);
    UnicodeString->Buffer = NULL;
    UnicodeString->Length = UnicodeString->MaximumLength = 0;
}

NTSTATUS NTAPI
RtlGUIDFromString(PCUNICODE_STRING GuidString, GUID *Guid)
{
    char Text[GUID_CHARACTERS + 1];
    unsigned Parts[11];
    int End = 0;
    SimCheckIrql("RtlGUIDFromString", "wdm/nf-wdm-rtlguidfromstring", PASSIVE_LEVEL, PASSIVE_LEVEL);
    if (GuidString->Length != GUID_CHARACTERS * sizeof(WCHAR))
        return STATUS_INVALID_PARAMETER;
    for (int At = 0; At < GUID_CHARACTERS; ++At)
        Text[At] = (char)GuidString->Buffer[At];
    Text[GUID_CHARACTERS] = 0;
    if (sscanf(Text, "{%8x-%4x-%4x-%2x%2x-%2x%2x%2x%2x%2x%2x}%n", &Parts[0], &Parts[1], &Parts[2],
               &Parts[3], &Parts[4], &Parts[5], &Parts[6], &Parts[7], &Parts[8], &Parts[9],
               &Parts[10], &End) != 11 ||
        End != GUID_CHARACTERS)
        return STATUS_INVALID_PARAMETER;
    Guid->Data1 = Parts[0];
    Guid->Data2 = (USHORT)Parts[1];
    Guid->Data3 = (USHORT)Parts[2];
    for (int At = 0; At < 8; ++At)
        Guid->Data4[At] = (UCHAR)Parts[3 + At];
    return STATUS_SUCCESS;
}

ULONG __cdecl DbgPrint(PCSTR Format, ...)
{
    SimCheckIrql("DbgPrint", "wdm/nf-wdm-dbgprint", PASSIVE_LEVEL, DISPATCH_LEVEL);
    if (getenv("NTSIM_DEBUG") != NULL)
    {
        va_list Arguments;
        va_start(Arguments, Format);
        vfprintf(stderr, Format, Arguments);
        va_end(Arguments);
    }
    return STATUS_SUCCESS;
}
