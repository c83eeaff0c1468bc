/* SPDX-License-Identifier: MIT */
/*
 * Names of connections, from the registry, and what Linux makes of them.
 */
#include "edge.h"

#define NETWORK_KEY                                                                                \
    L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\Network\\"                          \
    L"{4D36E972-E325-11CE-BFC1-08002BE10318}\\"
#define KEY_PATH_CHARACTERS 192

static NTSTATUS
ConnectionKeyOpen(const GUID *NetCfgInstanceId, PHANDLE Key)
{
    WCHAR Text[KEY_PATH_CHARACTERS] = NETWORK_KEY;
    UNICODE_STRING Path = {sizeof(NETWORK_KEY) - sizeof(WCHAR), sizeof(Text), Text};
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING GuidText;
    NTSTATUS Status = RtlStringFromGUID(NetCfgInstanceId, &GuidText);

    if (!NT_SUCCESS(Status))
        return Status;
    RtlAppendUnicodeStringToString(&Path, &GuidText);
    RtlFreeUnicodeString(&GuidText);
    RtlAppendUnicodeToString(&Path, L"\\Connection");
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    return ZwOpenKey(Key, KEY_READ, &Attributes);
}

BOOLEAN
ConnectionName(const GUID *NetCfgInstanceId, WCHAR Name[CONNECTION_NAME_CHARACTERS],
               BOOLEAN *Chosen)
{
    UNICODE_STRING NameValue = RTL_CONSTANT_STRING(L"Name");
    UNICODE_STRING DefaultValue = RTL_CONSTANT_STRING(L"DefaultNameIndex");
    struct
    {
        KEY_VALUE_PARTIAL_INFORMATION Value;
        WCHAR Text[CONNECTION_NAME_CHARACTERS];
    } Information;
    ULONG Bytes;
    HANDLE Key;
    NTSTATUS Status;

    if (!NT_SUCCESS(ConnectionKeyOpen(NetCfgInstanceId, &Key)))
        return FALSE;
    Status = ZwQueryValueKey(Key, &DefaultValue, KeyValuePartialInformation, &Information,
                             sizeof(Information), &Bytes);
    *Chosen = !NT_SUCCESS(Status);
    Status = ZwQueryValueKey(Key, &NameValue, KeyValuePartialInformation, &Information,
                             sizeof(Information) - sizeof(WCHAR), &Bytes);
    ZwClose(Key);
    if (!NT_SUCCESS(Status) || Information.Value.Type != REG_SZ ||
        Information.Value.DataLength >= CONNECTION_NAME_CHARACTERS * sizeof(WCHAR))
        return FALSE;
    RtlCopyMemory(Name, Information.Value.Data, Information.Value.DataLength);
    Name[Information.Value.DataLength / sizeof(WCHAR)] = 0;
    return Name[0] != 0;
}

BOOLEAN
InterfaceName(const WCHAR *Connection, char Name[LINUX_IFNAMSIZ])
{
    HOST_LINE Text = {0};

    HostLineWide(&Text, Connection);
    if (Text.Bytes == 0 || Text.Bytes >= LINUX_IFNAMSIZ)
        return FALSE;
    for (ULONG Index = 0; Index < Text.Bytes; Index++)
    {
        UCHAR Character = (UCHAR)Text.Text[Index];
        /* '%' would be taken for a pattern; Linux counts 0xA0 as a space too. */
        if (Character <= ' ' || Character == '/' || Character == ':' || Character == '%' ||
            Character == 0x7F || Character == 0xA0)
            return FALSE;
    }
    if (Text.Text[0] == '.' && (Text.Bytes == 1 || (Text.Bytes == 2 && Text.Text[1] == '.')))
        return FALSE;
    RtlZeroMemory(Name, LINUX_IFNAMSIZ);
    RtlCopyMemory(Name, Text.Text, Text.Bytes);
    return TRUE;
}
