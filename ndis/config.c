/* SPDX-License-Identifier: MIT */
/*
 * Configuration in the registry. Pages "NdisOpenConfigurationEx", "NdisReadConfiguration",
 * "NdisWriteConfiguration", "NdisOpenConfigurationKeyByName", "NdisOpenConfigurationKeyByIndex",
 * "NdisCloseConfiguration", "NdisReadNetworkAddress".
 *
 * An adapter's handle opens its driver key, a driver's handle the Parameters key of its service.
 * What is read belongs to the configuration handle and is freed with it.
 */
#include "adapter.h"
#include "extra.h"
#include "verify.h"
#include "version.h"

#define TAG_CONFIGURATION   OBJECT_SIGNATURE('N', 'd', 'C', 'f')
#define HIGHEST_VALUE_BYTES 0xFFFFu /* what BINARY_DATA.Length can say */

/* A block that lives as long as the configuration handle: a parameter, a sub-key's name. */
typedef struct CONFIGURATION_BLOCK
{
    struct CONFIGURATION_BLOCK *Next;
    DECLSPEC_ALIGN(MEMORY_ALLOCATION_ALIGNMENT) UCHAR Data[1];
} CONFIGURATION_BLOCK;

typedef struct NDIS_CONFIGURATION
{
    NDIS_RESOURCE Resource;
    HANDLE Key;
    CONFIGURATION_BLOCK *Blocks; /* no lock: calls with one handle are serial, the pages say */
} NDIS_CONFIGURATION;

HEADER_RULE_1(ObjectRule, NDIS_CONFIGURATION_OBJECT, NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT,
              NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1);

static PVOID
BlockAllocate(NDIS_CONFIGURATION *Configuration, SIZE_T Bytes)
{
    CONFIGURATION_BLOCK *Block = ExAllocatePoolWithTag(
        NonPagedPoolNx, offsetof(CONFIGURATION_BLOCK, Data) + Bytes, TAG_CONFIGURATION);
    if (Block == NULL)
        return NULL;
    Block->Next = Configuration->Blocks;
    Configuration->Blocks = Block;
    return Block->Data;
}

/* Wraps an open key; closes it if that fails. */
static NDIS_STATUS
ConfigurationCreate(NDIS_OWNER *Owner, HANDLE Key, PNDIS_HANDLE Handle)
{
    NDIS_CONFIGURATION *Configuration =
        ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Configuration), TAG_CONFIGURATION);
    if (Configuration == NULL)
    {
        ZwClose(Key);
        return NDIS_STATUS_RESOURCES;
    }
    RtlZeroMemory(Configuration, sizeof(*Configuration));
    Configuration->Key = Key;
    ResourceAdd(&Configuration->Resource, SIGNATURE_CONFIGURATION, Owner);
    *Handle = Configuration;
    return NDIS_STATUS_SUCCESS;
}

static NTSTATUS
OpenKey(HANDLE Root, PCUNICODE_STRING Name, PHANDLE Key)
{
    OBJECT_ATTRIBUTES Attributes;
    InitializeObjectAttributes(&Attributes, (PUNICODE_STRING)Name,
                               OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, Root, NULL);
    return ZwOpenKey(Key, KEY_READ | KEY_WRITE, &Attributes);
}

static NTSTATUS
OpenParameters(const NDIS_DRIVER *Driver, PHANDLE Key)
{
    static const UNICODE_STRING Parameters = RTL_CONSTANT_STRING(L"Parameters");
    HANDLE Service;
    NTSTATUS Status = OpenKey(NULL, &Driver->RegistryPath, &Service);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = OpenKey(Service, &Parameters, Key);
    ZwClose(Service);
    return Status;
}

NDIS_STATUS NTAPI
NdisOpenConfigurationEx(PNDIS_CONFIGURATION_OBJECT ConfigObject, PNDIS_HANDLE ConfigurationHandle)
{
    static const char Function[] = "NdisOpenConfigurationEx";
    *ConfigurationHandle = NULL;
    if (!RuleIrqlAtMost(Function, PASSIVE_LEVEL))
        return NDIS_STATUS_FAILURE;
    NDIS_STATUS Result = RuleHeader(Function, &ConfigObject->Header, &ObjectRule, NDIS_VERSION_ANY);
    if (Result != NDIS_STATUS_SUCCESS)
        return NDIS_STATUS_FAILURE;
    if (ConfigObject->Flags != 0)
    {
        RuleBroken("%s: NDIS_CONFIGURATION_OBJECT.Flags is %x; its flags are for filter drivers",
                   Function, ConfigObject->Flags);
        return NDIS_STATUS_FAILURE;
    }
    NDIS_OWNER *Owner = OwnerFromHandle(Function, ConfigObject->NdisHandle, FALSE);
    if (Owner == NULL)
        return NDIS_STATUS_FAILURE;
    HANDLE Key;
    NTSTATUS Status;
    if (Owner->Signature == SIGNATURE_ADAPTER)
        Status = IoOpenDeviceRegistryKey(
            ((NDIS_ADAPTER *)ConfigObject->NdisHandle)->PhysicalDeviceObject,
            PLUGPLAY_REGKEY_DRIVER, KEY_READ | KEY_WRITE, &Key);
    else
        Status = OpenParameters(ConfigObject->NdisHandle, &Key);
    if (!NT_SUCCESS(Status))
        return Status == STATUS_INSUFFICIENT_RESOURCES ? NDIS_STATUS_RESOURCES
                                                       : NDIS_STATUS_FAILURE;
    return ConfigurationCreate(Owner, Key, ConfigurationHandle);
}

VOID NTAPI
NdisCloseConfiguration(NDIS_HANDLE ConfigurationHandle)
{
    static const char Function[] = "NdisCloseConfiguration";
    NDIS_CONFIGURATION *Configuration = ConfigurationHandle;
    if (!RuleIrqlAtMost(Function, PASSIVE_LEVEL) ||
        !ResourceIs(Function, ConfigurationHandle, SIGNATURE_CONFIGURATION))
        return;
    ResourceRemove(&Configuration->Resource);
    while (Configuration->Blocks != NULL)
    {
        CONFIGURATION_BLOCK *Block = Configuration->Blocks;
        Configuration->Blocks = Block->Next;
        ExFreePoolWithTag(Block, TAG_CONFIGURATION);
    }
    ZwClose(Configuration->Key);
    ExFreePoolWithTag(Configuration, TAG_CONFIGURATION);
}

/* Reads a value into memory of the handle: STATUS_OBJECT_NAME_NOT_FOUND and the like if it is not
 * there. */
static NTSTATUS
ReadValue(NDIS_CONFIGURATION *Configuration, PUNICODE_STRING Name,
          KEY_VALUE_PARTIAL_INFORMATION **Value)
{
    KEY_VALUE_PARTIAL_INFORMATION Head;
    ULONG Length = 0;
    NTSTATUS Status = ZwQueryValueKey(Configuration->Key, Name, KeyValuePartialInformation, &Head,
                                      sizeof(Head), &Length);
    if (!NT_SUCCESS(Status) && Status != STATUS_BUFFER_OVERFLOW &&
        Status != STATUS_BUFFER_TOO_SMALL)
        return Status;
    Length = max(Length, (ULONG)sizeof(Head));
    /* Room for the terminator that a string may lack. */
    *Value = BlockAllocate(Configuration, (SIZE_T)Length + sizeof(WCHAR));
    if (*Value == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(*Value, (SIZE_T)Length + sizeof(WCHAR));
    return ZwQueryValueKey(Configuration->Key, Name, KeyValuePartialInformation, *Value, Length,
                           &Length);
}

static ULONG
HexDigit(WCHAR Character)
{
    if (Character >= '0' && Character <= '9')
        return Character - (ULONG)'0';
    if (Character >= 'a' && Character <= 'f')
        return Character - (ULONG)'a' + 10;
    if (Character >= 'A' && Character <= 'F')
        return Character - (ULONG)'A' + 10;
    return MAXULONG;
}

/* INF files write integers as strings; they are converted when an integer is asked for. */
static BOOLEAN
ParseInteger(PCUNICODE_STRING Text, ULONG Base, PULONG Integer)
{
    ULONG Value = 0;
    ULONG Index = 0;
    ULONG Count = Text->Length / sizeof(WCHAR);
    if (Count > 2 && Text->Buffer[0] == '0' && (Text->Buffer[1] | 0x20) == 'x')
    {
        Base = 16;
        Index = 2;
    }
    if (Index == Count)
        return FALSE;
    for (; Index < Count; Index++)
    {
        ULONG Digit = HexDigit(Text->Buffer[Index]);
        if (Digit >= Base)
            return FALSE;
        Value = Value * Base + Digit;
    }
    *Integer = Value;
    return TRUE;
}

static VOID
SetString(PNDIS_CONFIGURATION_PARAMETER Parameter, NDIS_PARAMETER_TYPE Type,
          KEY_VALUE_PARTIAL_INFORMATION *Value)
{
    UNICODE_STRING *String = &Parameter->ParameterData.StringData;
    Parameter->ParameterType = Type;
    String->Buffer = (PWSTR)(PVOID)Value->Data;
    String->Length = (USHORT)(Value->DataLength & ~1u);
    String->MaximumLength = String->Length;
    /* Without its terminator, unless it has several strings. */
    if (Type == NdisParameterString && String->Length != 0 &&
        String->Buffer[String->Length / sizeof(WCHAR) - 1] == UNICODE_NULL)
        String->Length -= sizeof(WCHAR);
}

/* From a registry value to the parameter. */
static NDIS_STATUS
Convert(PNDIS_CONFIGURATION_PARAMETER Parameter, NDIS_PARAMETER_TYPE Wanted,
        KEY_VALUE_PARTIAL_INFORMATION *Value)
{
    ULONG Integer;
    if (Value->DataLength > HIGHEST_VALUE_BYTES)
        return NDIS_STATUS_FAILURE;
    switch (Value->Type)
    {
    case REG_DWORD:
        if (Value->DataLength != sizeof(ULONG))
            return NDIS_STATUS_FAILURE;
        Parameter->ParameterType = NdisParameterInteger;
        RtlCopyMemory(&Parameter->ParameterData.IntegerData, Value->Data, sizeof(ULONG));
        return NDIS_STATUS_SUCCESS;
    case REG_SZ:
    case REG_EXPAND_SZ:
        SetString(Parameter, NdisParameterString, Value);
        if (Wanted != NdisParameterInteger && Wanted != NdisParameterHexInteger)
            return NDIS_STATUS_SUCCESS;
        if (!ParseInteger(&Parameter->ParameterData.StringData,
                          Wanted == NdisParameterInteger ? 10 : 16, &Integer))
            return NDIS_STATUS_FAILURE;
        Parameter->ParameterType = Wanted;
        Parameter->ParameterData.IntegerData = Integer;
        return NDIS_STATUS_SUCCESS;
    case REG_MULTI_SZ:
        SetString(Parameter, NdisParameterMultiString, Value);
        return NDIS_STATUS_SUCCESS;
    case REG_BINARY:
        Parameter->ParameterType = NdisParameterBinary;
        Parameter->ParameterData.BinaryData.Length = (USHORT)Value->DataLength;
        Parameter->ParameterData.BinaryData.Buffer = Value->Data;
        return NDIS_STATUS_SUCCESS;
    default:
        return NDIS_STATUS_FAILURE;
    }
}

/* The two keywords that are not values of the registry. */
static BOOLEAN
IsPredefined(PCUNICODE_STRING Keyword, PULONG Value)
{
    static const UNICODE_STRING Processor = RTL_CONSTANT_STRING(L"ProcessorType");
    static const UNICODE_STRING Version = RTL_CONSTANT_STRING(L"NdisVersion");
#if defined(_ARM64_)
    const ULONG ThisProcessor = 7; /* NdisProcessorArm64 */
#elif defined(_AMD64_)
    const ULONG ThisProcessor = 4; /* NdisProcessorAmd64 */
#else
    const ULONG ThisProcessor = 0; /* NdisProcessorX86 */
#endif
    if (RtlEqualUnicodeString(Keyword, &Processor, TRUE))
    {
        *Value = ThisProcessor;
        return TRUE;
    }
    if (RtlEqualUnicodeString(Keyword, &Version, TRUE))
    {
        *Value = NDIS_MAJOR_PRESENTED << 16 | NDIS_MINOR_PRESENTED;
        return TRUE;
    }
    return FALSE;
}

VOID NTAPI
NdisReadConfiguration(PNDIS_STATUS Status, PNDIS_CONFIGURATION_PARAMETER *ParameterValue,
                      NDIS_HANDLE ConfigurationHandle, PNDIS_STRING Keyword,
                      NDIS_PARAMETER_TYPE ParameterType)
{
    static const char Function[] = "NdisReadConfiguration";
    NDIS_CONFIGURATION *Configuration = ConfigurationHandle;
    *Status = NDIS_STATUS_FAILURE;
    *ParameterValue = NULL;
    if (!RuleIrqlAtMost(Function, PASSIVE_LEVEL) ||
        !ResourceIs(Function, ConfigurationHandle, SIGNATURE_CONFIGURATION))
        return;
    PNDIS_CONFIGURATION_PARAMETER Parameter = BlockAllocate(Configuration, sizeof(*Parameter));
    if (Parameter == NULL)
    {
        *Status = NDIS_STATUS_RESOURCES;
        return;
    }
    RtlZeroMemory(Parameter, sizeof(*Parameter));
    if (IsPredefined(Keyword, &Parameter->ParameterData.IntegerData))
    {
        Parameter->ParameterType = NdisParameterInteger;
        *Status = NDIS_STATUS_SUCCESS;
    }
    else
    {
        KEY_VALUE_PARTIAL_INFORMATION *Value;
        NTSTATUS Result = ReadValue(Configuration, Keyword, &Value);
        if (NT_SUCCESS(Result))
            *Status = Convert(Parameter, ParameterType, Value);
        else if (Result == STATUS_INSUFFICIENT_RESOURCES)
            *Status = NDIS_STATUS_RESOURCES;
    }
    if (*Status == NDIS_STATUS_SUCCESS)
        *ParameterValue = Parameter;
}

VOID NTAPI
NdisWriteConfiguration(PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle, PNDIS_STRING Keyword,
                       PNDIS_CONFIGURATION_PARAMETER ParameterValue)
{
    static const char Function[] = "NdisWriteConfiguration";
    NDIS_CONFIGURATION *Configuration = ConfigurationHandle;
    *Status = NDIS_STATUS_FAILURE;
    if (!RuleIrqlAtMost(Function, PASSIVE_LEVEL) ||
        !ResourceIs(Function, ConfigurationHandle, SIGNATURE_CONFIGURATION))
        return;
    ULONG Type;
    PVOID Data;
    ULONG Length;
    PVOID Copy = NULL;
    const UNICODE_STRING *String = &ParameterValue->ParameterData.StringData;
    switch (ParameterValue->ParameterType)
    {
    case NdisParameterInteger:
    case NdisParameterHexInteger:
        Type = REG_DWORD;
        Data = &ParameterValue->ParameterData.IntegerData;
        Length = sizeof(ULONG);
        break;
    case NdisParameterString:
    case NdisParameterMultiString:
        Type = ParameterValue->ParameterType == NdisParameterString ? REG_SZ : REG_MULTI_SZ;
        Length = (ULONG)String->Length + sizeof(WCHAR);
        Data = Copy = ExAllocatePoolWithTag(NonPagedPoolNx, Length, TAG_CONFIGURATION);
        if (Copy == NULL)
        {
            *Status = NDIS_STATUS_RESOURCES;
            return;
        }
        RtlZeroMemory(Copy, Length);
        RtlCopyMemory(Copy, String->Buffer, String->Length);
        break;
    case NdisParameterBinary:
        Type = REG_BINARY;
        Data = ParameterValue->ParameterData.BinaryData.Buffer;
        Length = ParameterValue->ParameterData.BinaryData.Length;
        break;
    default:
        *Status = NDIS_STATUS_NOT_SUPPORTED;
        return;
    }
    if (NT_SUCCESS(ZwSetValueKey(Configuration->Key, Keyword, 0, Type, Data, Length)))
        *Status = NDIS_STATUS_SUCCESS;
    if (Copy != NULL)
        ExFreePoolWithTag(Copy, TAG_CONFIGURATION);
}

VOID NTAPI
NdisOpenConfigurationKeyByName(PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle,
                               PNDIS_STRING SubKeyName, PNDIS_HANDLE SubKeyHandle)
{
    static const char Function[] = "NdisOpenConfigurationKeyByName";
    NDIS_CONFIGURATION *Configuration = ConfigurationHandle;
    HANDLE Key;
    *Status = NDIS_STATUS_FAILURE;
    *SubKeyHandle = NULL;
    if (!RuleIrqlAtMost(Function, PASSIVE_LEVEL) ||
        !ResourceIs(Function, ConfigurationHandle, SIGNATURE_CONFIGURATION))
        return;
    if (NT_SUCCESS(OpenKey(Configuration->Key, SubKeyName, &Key)))
        *Status = ConfigurationCreate(Configuration->Resource.Owner, Key, SubKeyHandle);
}

/* wdm/ne-wdm-_key_information_class, wdm/ns-wdm-_key_basic_information, wdm/nf-wdm-zwenumeratekey
 */
#define KEY_INFORMATION_BASIC 0
typedef struct KEY_BASIC
{
    LARGE_INTEGER LastWriteTime;
    ULONG TitleIndex;
    ULONG NameLength;
    WCHAR Name[256];
} KEY_BASIC;
NTSYSAPI NTSTATUS NTAPI
ZwEnumerateKey(HANDLE KeyHandle, ULONG Index, int KeyInformationClass, PVOID KeyInformation,
               ULONG Length, PULONG ResultLength);

VOID NTAPI
NdisOpenConfigurationKeyByIndex(PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle, ULONG Index,
                                PNDIS_STRING KeyName, PNDIS_HANDLE KeyHandle)
{
    static const char Function[] = "NdisOpenConfigurationKeyByIndex";
    NDIS_CONFIGURATION *Configuration = ConfigurationHandle;
    ULONG Length;
    *Status = NDIS_STATUS_FAILURE;
    *KeyHandle = NULL;
    if (!RuleIrqlAtMost(Function, PASSIVE_LEVEL) ||
        !ResourceIs(Function, ConfigurationHandle, SIGNATURE_CONFIGURATION))
        return;
    /* The name belongs to the parent's handle, as everything that is read with it. */
    KEY_BASIC *Basic = BlockAllocate(Configuration, sizeof(*Basic));
    if (Basic == NULL)
    {
        *Status = NDIS_STATUS_RESOURCES;
        return;
    }
    if (!NT_SUCCESS(ZwEnumerateKey(Configuration->Key, Index, KEY_INFORMATION_BASIC, Basic,
                                   sizeof(*Basic), &Length)))
        return;
    KeyName->Buffer = Basic->Name;
    KeyName->Length = KeyName->MaximumLength = (USHORT)Basic->NameLength;
    NdisOpenConfigurationKeyByName(Status, ConfigurationHandle, KeyName, KeyHandle);
}

/* Page "NdisReadNetworkAddress": the value NetworkAddress, a string of hexadecimal digits. */
VOID NTAPI
NdisReadNetworkAddress(PNDIS_STATUS Status, PVOID *NetworkAddress, PUINT NetworkAddressLength,
                       NDIS_HANDLE ConfigurationHandle)
{
    static UNICODE_STRING Keyword = RTL_CONSTANT_STRING(L"NetworkAddress");
    PNDIS_CONFIGURATION_PARAMETER Parameter;
    *NetworkAddress = NULL;
    *NetworkAddressLength = 0;
    NDIS_STATUS Read;
    NdisReadConfiguration(&Read, &Parameter, ConfigurationHandle, &Keyword, NdisParameterString);
    *Status = Read;
    if (Read != NDIS_STATUS_SUCCESS)
        return;
    *Status = NDIS_STATUS_FAILURE;
    if (Parameter->ParameterType != NdisParameterString)
        return;
    const UNICODE_STRING *Text = &Parameter->ParameterData.StringData;
    ULONG Digits = Text->Length / sizeof(WCHAR);
    if (Digits == 0 || Digits % 2 != 0)
        return;
    PUCHAR Bytes = BlockAllocate(ConfigurationHandle, Digits / 2);
    if (Bytes == NULL)
    {
        *Status = NDIS_STATUS_RESOURCES;
        return;
    }
    for (ULONG Index = 0; Index < Digits; Index += 2)
    {
        ULONG High = HexDigit(Text->Buffer[Index]);
        ULONG Low = HexDigit(Text->Buffer[Index + 1]);
        if (High == MAXULONG || Low == MAXULONG)
            return;
        Bytes[Index / 2] = (UCHAR)(High << 4 | Low);
    }
    *NetworkAddress = Bytes;
    *NetworkAddressLength = Digits / 2;
    *Status = NDIS_STATUS_SUCCESS;
}
