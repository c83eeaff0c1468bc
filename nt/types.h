/* SPDX-License-Identifier: MIT */
/*
 * Base types of the NT ABI: integers, strings, lists, calling conventions, assertion macros.
 *
 * The same header serves the Windows targets (x64, x86, arm64) and native Linux, where the layout
 * is that of x64 Windows: ULONG stays 32 bits wide although Linux is LP64, WCHAR stays 16 bits wide
 * (compile with -fshort-wchar), and calling conventions and imports are empty.
 * Documentation: "Windows data types", "ntdef", "Singly and doubly linked lists".
 */
#ifndef CULVERT_NT_TYPES_H
#define CULVERT_NT_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "sal.h"

/* Architecture. Native builds take the names of the architecture that they run on. */
#if defined(__x86_64__)
#ifndef _AMD64_
#define _AMD64_
#endif
#elif defined(__i386__)
#ifndef _X86_
#define _X86_
#endif
#elif defined(__aarch64__)
#ifndef _ARM64_
#define _ARM64_
#endif
#else
#error "nt/ knows x64, x86 and arm64 only"
#endif

/* Selects a value by pointer width: layouts of x64 and arm64 agree unless said otherwise. */
#if defined(__LP64__) || defined(_WIN64)
#define NT_POINTER_BITS           64
#define NT_BY_WIDTH(For64, For32) (For64)
#else
#define NT_POINTER_BITS           32
#define NT_BY_WIDTH(For64, For32) (For32)
#endif

#define C_ASSERT(Expression) _Static_assert(Expression, #Expression)
#define NT_ASSERT_SIZE(Type, For64, For32)                                                         \
    _Static_assert(sizeof(Type) == NT_BY_WIDTH(For64, For32), "size of " #Type)
#define NT_ASSERT_OFFSET(Type, Member, For64, For32)                                               \
    _Static_assert(offsetof(Type, Member) == NT_BY_WIDTH(For64, For32),                            \
                   "offset of " #Type "." #Member)

/* Calling conventions differ on x86 only. */
#if defined(_WIN32) && defined(_X86_)
#define NTAPI    __attribute__((__stdcall__))
#define FASTCALL __attribute__((__fastcall__))
#else
#define NTAPI
#define FASTCALL
#endif
#define STDAPICALLTYPE NTAPI
#undef __cdecl
#if defined(_WIN32) && defined(_X86_)
#define __cdecl __attribute__((__cdecl__))
#else
#define __cdecl
#endif

/*
 * How a declaration of something that another module exports is marked. A module that itself
 * defines these functions (a host or a simulator) defines the macro as empty before it includes
 * this header.
 */
#if defined(_WIN32)
#define DECLSPEC_IMPORT __attribute__((__dllimport__))
#define DECLSPEC_EXPORT __attribute__((__dllexport__))
#else
#define DECLSPEC_IMPORT
#define DECLSPEC_EXPORT __attribute__((__visibility__("default")))
#endif
#ifndef NTKERNELAPI
#define NTKERNELAPI DECLSPEC_IMPORT
#endif
#ifndef NTSYSAPI
#define NTSYSAPI NTKERNELAPI
#endif
#ifndef NTHALAPI
#define NTHALAPI NTKERNELAPI
#endif

#define DECLSPEC_ALIGN(Bytes)       __attribute__((__aligned__(Bytes)))
#define DECLSPEC_NORETURN           __attribute__((__noreturn__))
#define DECLSPEC_NOINLINE           __attribute__((__noinline__))
#define SYSTEM_CACHE_ALIGNMENT_SIZE 64
#define DECLSPEC_CACHEALIGN         DECLSPEC_ALIGN(SYSTEM_CACHE_ALIGNMENT_SIZE)
#define MEMORY_ALLOCATION_ALIGNMENT NT_BY_WIDTH(16, 8)
#if NT_POINTER_BITS == 64
#define POINTER_ALIGNMENT DECLSPEC_ALIGN(8)
#else
#define POINTER_ALIGNMENT
#endif
#define FORCEINLINE  static inline __attribute__((__always_inline__, __unused__))
#define CFORCEINLINE FORCEINLINE

#define VOID  void
#define CONST const
#define IN
#define OUT
#define OPTIONAL

typedef void *PVOID;
typedef void *LPVOID;
typedef PVOID *PPVOID;
typedef char CHAR;
typedef char CCHAR;
typedef signed char SCHAR;
typedef unsigned char UCHAR;
typedef short SHORT;
typedef short CSHORT;
typedef unsigned short USHORT;
typedef int INT;
typedef unsigned int UINT;
#if defined(_WIN32)
typedef long LONG;
typedef unsigned long ULONG;
#else
typedef int LONG;
typedef unsigned int ULONG;
#endif
typedef long long LONGLONG;
typedef unsigned long long ULONGLONG;
typedef signed char INT8;
typedef unsigned char UINT8;
typedef short INT16;
typedef unsigned short UINT16;
typedef int INT32;
typedef unsigned int UINT32;
typedef long long INT64;
typedef unsigned long long UINT64;
typedef LONG LONG32;
typedef ULONG ULONG32;
typedef long long LONG64;
typedef unsigned long long ULONG64;
typedef UCHAR BYTE;
typedef USHORT WORD;
typedef ULONG DWORD;
typedef ULONGLONG DWORDLONG;
typedef UCHAR BOOLEAN;
typedef int BOOL;
typedef ULONG LCID;
typedef ULONG ACCESS_MASK;
typedef ULONG LOGICAL;

#if !defined(_WIN32)
typedef intptr_t LONG_PTR;
typedef uintptr_t ULONG_PTR;
#elif NT_POINTER_BITS == 64
typedef long long LONG_PTR;
typedef unsigned long long ULONG_PTR;
#else
typedef long LONG_PTR;
typedef unsigned long ULONG_PTR;
#endif
typedef LONG_PTR INT_PTR;
typedef ULONG_PTR UINT_PTR;
typedef ULONG_PTR SIZE_T;
typedef LONG_PTR SSIZE_T;
typedef ULONG_PTR KAFFINITY;
typedef ULONG_PTR KSPIN_LOCK;
typedef ULONG_PTR PFN_NUMBER;

typedef __WCHAR_TYPE__ WCHAR;
typedef PVOID HANDLE;
typedef LONG NTSTATUS;
typedef UCHAR KIRQL;
typedef CCHAR KPROCESSOR_MODE;
typedef LONG KPRIORITY;
typedef ULONG DEVICE_TYPE;

typedef CHAR *PCHAR;
typedef CHAR *PSTR;
typedef const CHAR *PCSTR;
typedef UCHAR *PUCHAR;
typedef SHORT *PSHORT;
typedef USHORT *PUSHORT;
typedef INT *PINT;
typedef UINT *PUINT;
typedef LONG *PLONG;
typedef ULONG *PULONG;
typedef LONGLONG *PLONGLONG;
typedef ULONGLONG *PULONGLONG;
typedef LONG64 *PLONG64;
typedef ULONG64 *PULONG64;
typedef UINT8 *PUINT8;
typedef UINT16 *PUINT16;
typedef UINT32 *PUINT32;
typedef UINT64 *PUINT64;
typedef LONG_PTR *PLONG_PTR;
typedef ULONG_PTR *PULONG_PTR;
typedef SIZE_T *PSIZE_T;
typedef BOOLEAN *PBOOLEAN;
typedef WCHAR *PWCHAR;
typedef WCHAR *PWSTR;
typedef const WCHAR *PCWSTR;
typedef HANDLE *PHANDLE;
typedef NTSTATUS *PNTSTATUS;
typedef KIRQL *PKIRQL;
typedef KSPIN_LOCK *PKSPIN_LOCK;
typedef PFN_NUMBER *PPFN_NUMBER;
typedef ACCESS_MASK *PACCESS_MASK;
typedef const void *PCVOID;
typedef PVOID PSECURITY_DESCRIPTOR;
typedef PVOID PSID;
typedef ULONG SECURITY_INFORMATION;

#define FALSE        0
#define TRUE         1
#define MAXUSHORT    0xffff
#define MAXULONG     0xffffffff
#define MAXLONG      0x7fffffff
#define UNICODE_NULL ((WCHAR)0)

C_ASSERT(sizeof(ULONG) == 4);
C_ASSERT(sizeof(WCHAR) == 2);
C_ASSERT(sizeof(ULONG_PTR) == sizeof(PVOID));
C_ASSERT(sizeof(SIZE_T) == sizeof(size_t));

/* ntdef/ns-ntdef-large_integer */
typedef union _LARGE_INTEGER {
    struct
    {
        ULONG LowPart;
        LONG HighPart;
    };
    struct
    {
        ULONG LowPart;
        LONG HighPart;
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;
NT_ASSERT_SIZE(LARGE_INTEGER, 8, 8);
NT_ASSERT_OFFSET(LARGE_INTEGER, HighPart, 4, 4);

/* ntdef/ns-ntdef-_ularge_integer */
typedef union _ULARGE_INTEGER {
    struct
    {
        ULONG LowPart;
        ULONG HighPart;
    };
    struct
    {
        ULONG LowPart;
        ULONG HighPart;
    } u;
    ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;
NT_ASSERT_SIZE(ULARGE_INTEGER, 8, 8);

typedef LARGE_INTEGER PHYSICAL_ADDRESS, *PPHYSICAL_ADDRESS;

/* ntdef/ns-ntdef-_luid */
typedef struct _LUID
{
    ULONG LowPart;
    LONG HighPart;
} LUID, *PLUID;
NT_ASSERT_SIZE(LUID, 8, 8);

/* guiddef/ns-guiddef-guid */
typedef struct _GUID
{
    ULONG Data1;
    USHORT Data2;
    USHORT Data3;
    UCHAR Data4[8];
} GUID, *PGUID, *LPGUID;
typedef const GUID *LPCGUID;
typedef const GUID *REFGUID;
NT_ASSERT_SIZE(GUID, 16, 16);
NT_ASSERT_OFFSET(GUID, Data4, 8, 8);

/* Defines (INITGUID) or declares a GUID, as guiddef.h does. */
#if defined(INITGUID)
#define DEFINE_GUID(Name, D1, D2, D3, B0, B1, B2, B3, B4, B5, B6, B7)                              \
    extern const GUID Name;                                                                        \
    const GUID Name = {D1, D2, D3, {B0, B1, B2, B3, B4, B5, B6, B7}}
#else
#define DEFINE_GUID(Name, D1, D2, D3, B0, B1, B2, B3, B4, B5, B6, B7) extern const GUID Name
#endif

/* ntdef/ns-ntdef-_unicode_string. Length and MaximumLength count bytes. */
typedef struct _UNICODE_STRING
{
    USHORT Length;
    USHORT MaximumLength;
    PWSTR Buffer;
} UNICODE_STRING, *PUNICODE_STRING;
typedef const UNICODE_STRING *PCUNICODE_STRING;
NT_ASSERT_SIZE(UNICODE_STRING, 16, 8);
NT_ASSERT_OFFSET(UNICODE_STRING, Buffer, 8, 4);

/* ntdef/ns-ntdef-_string */
typedef struct _STRING
{
    USHORT Length;
    USHORT MaximumLength;
    PCHAR Buffer;
} STRING, *PSTRING, ANSI_STRING, *PANSI_STRING;
NT_ASSERT_SIZE(STRING, 16, 8);

/* A UNICODE_STRING over a wide string literal, for initialisers. */
#define RTL_CONSTANT_STRING(Literal)                                                               \
    {sizeof(Literal) - sizeof((Literal)[0]), sizeof(Literal), (PWSTR)(Literal)}
#define DECLARE_CONST_UNICODE_STRING(Name, Literal)                                                \
    const UNICODE_STRING Name = RTL_CONSTANT_STRING(Literal)

/* ntdef/ns-ntdef-list_entry */
typedef struct _LIST_ENTRY
{
    struct _LIST_ENTRY *Flink;
    struct _LIST_ENTRY *Blink;
} LIST_ENTRY, *PLIST_ENTRY;
NT_ASSERT_SIZE(LIST_ENTRY, 16, 8);
NT_ASSERT_OFFSET(LIST_ENTRY, Blink, 8, 4);

/* ntdef/ns-ntdef-single_list_entry */
typedef struct _SINGLE_LIST_ENTRY
{
    struct _SINGLE_LIST_ENTRY *Next;
} SINGLE_LIST_ENTRY, *PSINGLE_LIST_ENTRY;
NT_ASSERT_SIZE(SINGLE_LIST_ENTRY, 8, 4);

/*
 * "Singly and doubly linked lists": sequenced lists. Opaque to drivers; header and entries are
 * aligned to MEMORY_ALLOCATION_ALIGNMENT. Only the Windows layout is described here, not how it is
 * used.
 */
#if NT_POINTER_BITS == 64
typedef struct DECLSPEC_ALIGN(16) _SLIST_ENTRY
{
    struct _SLIST_ENTRY *Next;
} SLIST_ENTRY, *PSLIST_ENTRY;
__extension__ typedef union DECLSPEC_ALIGN(16) _SLIST_HEADER {
    struct
    {
        ULONGLONG Alignment;
        ULONGLONG Region;
    };
    struct
    {
        ULONGLONG Depth : 16;
        ULONGLONG Sequence : 48;
        ULONGLONG Reserved : 4;
        ULONGLONG NextEntry : 60;
#if defined(_ARM64_)
    } HeaderArm64;
#else
    } HeaderX64;
#endif
} SLIST_HEADER, *PSLIST_HEADER;
#else
typedef SINGLE_LIST_ENTRY SLIST_ENTRY, *PSLIST_ENTRY;
typedef union _SLIST_HEADER {
    ULONGLONG Alignment;
    struct
    {
        SLIST_ENTRY Next;
        USHORT Depth;
        USHORT CpuId;
    };
} SLIST_HEADER, *PSLIST_HEADER;
#endif
NT_ASSERT_SIZE(SLIST_ENTRY, 16, 4);
NT_ASSERT_SIZE(SLIST_HEADER, 16, 8);

/* ntdef/ns-ntdef-_object_attributes */
typedef struct _OBJECT_ATTRIBUTES
{
    ULONG Length;
    HANDLE RootDirectory;
    PUNICODE_STRING ObjectName;
    ULONG Attributes;
    PVOID SecurityDescriptor;
    PVOID SecurityQualityOfService;
} OBJECT_ATTRIBUTES, *POBJECT_ATTRIBUTES;
NT_ASSERT_SIZE(OBJECT_ATTRIBUTES, 48, 24);
NT_ASSERT_OFFSET(OBJECT_ATTRIBUTES, ObjectName, 16, 8);

/* wdm/ns-wdm-_client_id (undocumented by page; used by ZwOpenProcess) */
typedef struct _CLIENT_ID
{
    HANDLE UniqueProcess;
    HANDLE UniqueThread;
} CLIENT_ID, *PCLIENT_ID;
NT_ASSERT_SIZE(CLIENT_ID, 16, 8);

/* miniport/ns-miniport-_group_affinity */
typedef struct _GROUP_AFFINITY
{
    KAFFINITY Mask;
    USHORT Group;
    USHORT Reserved[3];
} GROUP_AFFINITY, *PGROUP_AFFINITY;
NT_ASSERT_SIZE(GROUP_AFFINITY, 16, 12);

/* miniport/ns-miniport-_processor_number */
typedef struct _PROCESSOR_NUMBER
{
    USHORT Group;
    UCHAR Number;
    UCHAR Reserved;
} PROCESSOR_NUMBER, *PPROCESSOR_NUMBER;
NT_ASSERT_SIZE(PROCESSOR_NUMBER, 4, 4);

#define OBJ_INHERIT                       0x00000002
#define OBJ_PERMANENT                     0x00000010
#define OBJ_EXCLUSIVE                     0x00000020
#define OBJ_CASE_INSENSITIVE              0x00000040
#define OBJ_OPENIF                        0x00000080
#define OBJ_OPENLINK                      0x00000100
#define OBJ_KERNEL_HANDLE                 0x00000200
#define OBJ_FORCE_ACCESS_CHECK            0x00000400
#define OBJ_IGNORE_IMPERSONATED_DEVICEMAP 0x00000800
#define OBJ_DONT_REPARSE                  0x00001000
#define OBJ_VALID_ATTRIBUTES              0x00001FF2

/* nf-ntdef-initializeobjectattributes (ntdef) */
#define InitializeObjectAttributes(Target, Name, Flags, Root, Security)                            \
    do                                                                                             \
    {                                                                                              \
        (Target)->Length = sizeof(OBJECT_ATTRIBUTES);                                              \
        (Target)->RootDirectory = (Root);                                                          \
        (Target)->Attributes = (Flags);                                                            \
        (Target)->ObjectName = (Name);                                                             \
        (Target)->SecurityDescriptor = (Security);                                                 \
        (Target)->SecurityQualityOfService = NULL;                                                 \
    } while (0)

#define NT_SUCCESS(Status)     (((NTSTATUS)(Status)) >= 0)
#define NT_INFORMATION(Status) ((((ULONG)(Status)) >> 30) == 1)
#define NT_WARNING(Status)     ((((ULONG)(Status)) >> 30) == 2)
#define NT_ERROR(Status)       ((((ULONG)(Status)) >> 30) == 3)

#define FIELD_OFFSET(Type, Field)             ((LONG)offsetof(Type, Field))
#define UFIELD_OFFSET(Type, Field)            ((ULONG)offsetof(Type, Field))
#define RTL_FIELD_SIZE(Type, Field)           (sizeof(((Type *)0)->Field))
#define RTL_SIZEOF_THROUGH_FIELD(Type, Field) (offsetof(Type, Field) + RTL_FIELD_SIZE(Type, Field))
#define CONTAINING_RECORD(Address, Type, Field)                                                    \
    ((Type *)(PVOID)((PUCHAR)(Address) - offsetof(Type, Field)))
#define RTL_NUMBER_OF(Array)             (sizeof(Array) / sizeof((Array)[0]))
#define ARRAYSIZE(Array)                 RTL_NUMBER_OF(Array)
#define UNREFERENCED_PARAMETER(Name)     ((void)(Name))
#define DBG_UNREFERENCED_PARAMETER(Name) ((void)(Name))

#define ALIGN_DOWN_BY(Length, Alignment) ((ULONG_PTR)(Length) & ~((ULONG_PTR)(Alignment) - 1))
#define ALIGN_UP_BY(Length, Alignment)                                                             \
    ALIGN_DOWN_BY((ULONG_PTR)(Length) + (ULONG_PTR)(Alignment) - 1, Alignment)
#define ALIGN_DOWN(Length, Type)                  ALIGN_DOWN_BY(Length, sizeof(Type))
#define ALIGN_UP(Length, Type)                    ALIGN_UP_BY(Length, sizeof(Type))
#define ALIGN_DOWN_POINTER_BY(Address, Alignment) ((PVOID)ALIGN_DOWN_BY(Address, Alignment))
#define ALIGN_UP_POINTER_BY(Address, Alignment)   ((PVOID)ALIGN_UP_BY(Address, Alignment))
#define ROUND_TO_SIZE(Length, Alignment)          ALIGN_UP_BY(Length, Alignment)

#define LOWORD(Value)         ((USHORT)((ULONG_PTR)(Value) & 0xffff))
#define HIWORD(Value)         ((USHORT)(((ULONG_PTR)(Value) >> 16) & 0xffff))
#define PtrToUlong(Pointer)   ((ULONG)(ULONG_PTR)(Pointer))
#define PtrToUint(Pointer)    ((UINT)(ULONG_PTR)(Pointer))
#define HandleToUlong(Handle) ((ULONG)(ULONG_PTR)(Handle))
#define UlongToPtr(Value)     ((PVOID)(ULONG_PTR)(ULONG)(Value))
#define ULongToHandle(Value)  ((HANDLE)(ULONG_PTR)(ULONG)(Value))

#ifndef min
#define min(A, B) (((A) < (B)) ? (A) : (B))
#endif
#ifndef max
#define max(A, B) (((A) > (B)) ? (A) : (B))
#endif

/* wdm/nf-wdm-rtlcopymemory and its family; compilers know these operations. */
#define RtlCopyMemory(Destination, Source, Length)                                                 \
    __builtin_memcpy((Destination), (Source), (Length))
#define RtlMoveMemory(Destination, Source, Length)                                                 \
    __builtin_memmove((Destination), (Source), (Length))
#define RtlFillMemory(Destination, Length, Fill) __builtin_memset((Destination), (Fill), (Length))
#define RtlZeroMemory(Destination, Length)       __builtin_memset((Destination), 0, (Length))
#define RtlEqualMemory(First, Second, Length)    (!__builtin_memcmp((First), (Second), (Length)))
#define RtlCopyBytes                             RtlCopyMemory
#define RtlZeroBytes                             RtlZeroMemory

/* Clears memory in a way that the compiler may not drop (wdm/nf-wdm-rtlsecurezeromemory). */
FORCEINLINE PVOID
RtlSecureZeroMemory(_Out_writes_bytes_all_(Length) PVOID Destination, _In_ SIZE_T Length)
{
    __builtin_memset(Destination, 0, Length);
    __asm__ __volatile__("" : : "r"(Destination) : "memory");
    return Destination;
}

/* wdm/nf-wdm-rtlushortbyteswap and its family. */
#define RtlUshortByteSwap(Value)    __builtin_bswap16((USHORT)(Value))
#define RtlUlongByteSwap(Value)     ((ULONG)__builtin_bswap32((UINT32)(Value)))
#define RtlUlonglongByteSwap(Value) __builtin_bswap64((ULONGLONG)(Value))

#endif
