/* SPDX-License-Identifier: MIT */
/*
 * The prefix's log: lines that a user of `./run wine` should see, from the process that runs the
 * drivers, which has no terminal.
 */
#include "host.h"

#define FILE_OPEN_IF              3
#define FILE_APPEND_ACCESS        0x0004
#define FILE_SYNCHRONOUS_NONALERT 0x20

NTSYSAPI NTSTATUS NTAPI
ZwCreateFile(PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
             PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER AllocationSize, ULONG FileAttributes,
             ULONG ShareAccess, ULONG CreateDisposition, ULONG CreateOptions, PVOID EaBuffer,
             ULONG EaLength);
NTSYSAPI NTSTATUS NTAPI
ZwWriteFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
            PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset,
            PULONG Key);

static HANDLE LogFile;

static HANDLE
LogOpen(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\??\\C:\\windows\\culvert-host.log");
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Io;
    HANDLE File;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    if (!NT_SUCCESS(ZwCreateFile(&File, FILE_APPEND_ACCESS | SYNCHRONIZE, &Attributes, &Io, NULL, 0,
                                 FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                 FILE_OPEN_IF, FILE_SYNCHRONOUS_NONALERT, NULL, 0)))
        return NULL;
    if (InterlockedCompareExchangePointer(&LogFile, File, NULL) != NULL)
        ZwClose(File); /* another thread was faster */
    return LogFile;
}

VOID
HostLog(const char *Text)
{
    HOST_LINE Line = {0};
    IO_STATUS_BLOCK Io;
    HANDLE File = LogFile != NULL ? LogFile : LogOpen();

    DbgPrint("culvert host: %s\n", Text);
    if (File == NULL)
        return;
    HostLineText(&Line, Text);
    if (Line.Bytes == sizeof(Line.Text) - 1)
        Line.Bytes--;
    Line.Text[Line.Bytes++] = '\n';
    /* One write per line: lines of several threads do not mix. */
    ZwWriteFile(File, NULL, NULL, NULL, &Io, Line.Text, Line.Bytes, NULL, NULL);
}

VOID
HostLineText(HOST_LINE *Line, const char *Text)
{
    while (*Text != 0 && Line->Bytes < sizeof(Line->Text) - 1)
        Line->Text[Line->Bytes++] = *Text++;
    Line->Text[Line->Bytes] = 0;
}

VOID
HostLineNumber(HOST_LINE *Line, LONG64 Number)
{
    char Digits[24];
    ULONG At = sizeof(Digits) - 1;
    ULONG64 Rest = Number < 0 ? 0 - (ULONG64)Number : (ULONG64)Number;

    Digits[At] = 0;
    do
        Digits[--At] = (char)('0' + Rest % 10);
    while ((Rest /= 10) != 0);
    if (Number < 0)
        Digits[--At] = '-';
    HostLineText(Line, Digits + At);
}

/* As UTF-8; surrogates are passed through one by one as three bytes, which a log can bear. */
VOID
HostLineWide(HOST_LINE *Line, const WCHAR *Text)
{
    for (; *Text != 0; Text++)
    {
        char Piece[4] = {0};
        ULONG Character = (USHORT)*Text;
        if (Character < 0x80)
            Piece[0] = (char)Character;
        else if (Character < 0x800)
        {
            Piece[0] = (char)(0xC0 | (Character >> 6));
            Piece[1] = (char)(0x80 | (Character & 0x3F));
        }
        else
        {
            Piece[0] = (char)(0xE0 | (Character >> 12));
            Piece[1] = (char)(0x80 | ((Character >> 6) & 0x3F));
            Piece[2] = (char)(0x80 | (Character & 0x3F));
        }
        HostLineText(Line, Piece);
    }
}
