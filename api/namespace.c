/* SPDX-License-Identifier: MIT */
/* System-wide named objects: see namespace.h. */
#include "namespace.h"
#include "guid.h"
#include "logger.h"
#include <aclapi.h>
#include <sddl.h>
#include <shlwapi.h>

#define BOUNDARY_NAME     L"Culvert"
#define ALIAS_FORMAT      L"Culvert-%p"
#define ALIAS_CHARACTERS  32
#define GLOBAL_PREFIX     L"Global\\Culvert-"
#define NAME_CHARACTERS   96
#define TAKE_MILLISECONDS 120000
#define OWNER_BYTES       (sizeof(SECURITY_DESCRIPTOR_RELATIVE) + SECURITY_MAX_SID_SIZE)

/* Owner Administrators; nothing inherited; inherited by files in a directory. */
#define ADMINISTRATORS_ONLY L"O:BAD:P(A;OICI;GA;;;SY)(A;OICI;GA;;;BA)"

typedef HANDLE(WINAPI *CREATE_BOUNDARY)(LPCWSTR Name, ULONG Flags);
typedef BOOL(WINAPI *ADD_BOUNDARY_SID)(HANDLE *Boundary, PSID Sid);
typedef void(WINAPI *DELETE_BOUNDARY)(HANDLE Boundary);
typedef HANDLE(WINAPI *CREATE_NAMESPACE)(LPSECURITY_ATTRIBUTES Attributes, LPVOID Boundary,
                                         LPCWSTR AliasPrefix);
typedef HANDLE(WINAPI *OPEN_NAMESPACE)(LPVOID Boundary, LPCWSTR AliasPrefix);
typedef BOOLEAN(WINAPI *CLOSE_NAMESPACE)(HANDLE Namespace, ULONG Flags);

/* Whether the system has private namespaces is known at run time only. */
static CREATE_BOUNDARY CreateBoundary;
static ADD_BOUNDARY_SID AddBoundarySid;
static DELETE_BOUNDARY DeleteBoundary;
static CREATE_NAMESPACE CreateNamespace;
static OPEN_NAMESPACE OpenNamespace;
static CLOSE_NAMESPACE ClosePrivate;

/* Set up by the first call that succeeds, under Lock, and kept until the DLL is unloaded. */
static SRWLOCK Lock = SRWLOCK_INIT;
static BOOL Ready;
static HANDLE Namespace; /* NULL: the global objects are used */
/* The namespace's name in this process, where each copy of this DLL has one of its own: the same
 * prefix twice is ERROR_DUP_NAME. */
static WCHAR Alias[ALIAS_CHARACTERS];
static PSECURITY_DESCRIPTOR ObjectSecurity;

DWORD
NamespaceSecurityDescriptor(PSECURITY_DESCRIPTOR *Descriptor)
{
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(ADMINISTRATORS_ONLY, SDDL_REVISION_1,
                                                              Descriptor, NULL))
        return LogLastError(L"Cannot make a security descriptor");
    return ERROR_SUCCESS;
}

/* Of the thread, which may impersonate somebody. An administrator whose token is filtered is none.
 */
DWORD
NamespaceCheckCaller(void)
{
    BYTE Sid[SECURITY_MAX_SID_SIZE];
    DWORD SidBytes = sizeof(Sid);
    BOOL Member;

    if (!CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, Sid, &SidBytes))
        return LogLastError(L"Cannot make the SID of Administrators");
    if (!CheckTokenMembership(NULL, Sid, &Member))
        return LogLastError(L"Cannot find out who is calling");
    if (!Member)
        return LogError(ERROR_ACCESS_DENIED,
                        L"Only administrators and LocalSystem may use adapters");
    return ERROR_SUCCESS;
}

static BOOL
FindNamespaceFunctions(void)
{
    HMODULE Kernel = GetModuleHandleW(L"kernel32.dll");

    CreateBoundary =
        (CREATE_BOUNDARY)(void (*)(void))GetProcAddress(Kernel, "CreateBoundaryDescriptorW");
    AddBoundarySid =
        (ADD_BOUNDARY_SID)(void (*)(void))GetProcAddress(Kernel, "AddSIDToBoundaryDescriptor");
    DeleteBoundary =
        (DELETE_BOUNDARY)(void (*)(void))GetProcAddress(Kernel, "DeleteBoundaryDescriptor");
    CreateNamespace =
        (CREATE_NAMESPACE)(void (*)(void))GetProcAddress(Kernel, "CreatePrivateNamespaceW");
    OpenNamespace = (OPEN_NAMESPACE)(void (*)(void))GetProcAddress(Kernel, "OpenPrivateNamespaceW");
    ClosePrivate = (CLOSE_NAMESPACE)(void (*)(void))GetProcAddress(Kernel, "ClosePrivateNamespace");
    return CreateBoundary && AddBoundarySid && DeleteBoundary && CreateNamespace && OpenNamespace &&
           ClosePrivate;
}

/* Another process may make or drop the namespace between the two attempts, so both are repeated. */
static DWORD
EnterNamespace(HANDLE Boundary)
{
    SECURITY_ATTRIBUTES Attributes = {sizeof(Attributes), ObjectSecurity, FALSE};
    DWORD Error = ERROR_SUCCESS;

    wnsprintfW(Alias, ALIAS_CHARACTERS, ALIAS_FORMAT, (void *)&Alias);
    for (int Attempt = 0; Attempt < 10; Attempt++)
    {
        Namespace = CreateNamespace(&Attributes, Boundary, Alias);
        if (Namespace)
            return ERROR_SUCCESS;
        Error = GetLastError();
        if (Error != ERROR_ALREADY_EXISTS)
            break;
        Namespace = OpenNamespace(Boundary, Alias);
        if (Namespace)
            return ERROR_SUCCESS;
        Error = GetLastError();
        if (Error != ERROR_PATH_NOT_FOUND)
            break;
    }
    return LogError(Error, L"Cannot enter the private namespace (administrators only)");
}

static DWORD
OpenBoundaryAndNamespace(void)
{
    BYTE Sid[SECURITY_MAX_SID_SIZE];
    DWORD SidBytes = sizeof(Sid), Error;
    HANDLE Boundary;

    if (!CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, Sid, &SidBytes))
        return LogLastError(L"Cannot make the SID of Administrators");
    Boundary = CreateBoundary(BOUNDARY_NAME, 0);
    if (!Boundary)
        return LogLastError(L"Cannot make a boundary descriptor");
    if (AddBoundarySid(&Boundary, Sid))
        Error = EnterNamespace(Boundary);
    else
        Error = LogLastError(L"Cannot add Administrators to the boundary descriptor");
    DeleteBoundary(Boundary);
    return Error;
}

static DWORD
SetUp(void)
{
    DWORD Error = NamespaceCheckCaller();

    if (Error != ERROR_SUCCESS)
        return Error;
    AcquireSRWLockExclusive(&Lock);
    if (!Ready)
    {
        if (!ObjectSecurity)
            Error = NamespaceSecurityDescriptor(&ObjectSecurity);
        if (Error == ERROR_SUCCESS && FindNamespaceFunctions())
            Error = OpenBoundaryAndNamespace();
        Ready = Error == ERROR_SUCCESS;
    }
    ReleaseSRWLockExclusive(&Lock);
    return Error;
}

/* The name of an object, Adapter being NULL for those that there is one of. */
static void
ObjectName(const WCHAR *Kind, const GUID *Adapter, WCHAR Name[NAME_CHARACTERS])
{
    lstrcpyW(Name, Namespace ? Alias : GLOBAL_PREFIX);
    if (Namespace)
        lstrcatW(Name, L"\\");
    lstrcatW(Name, Kind);
    if (Adapter)
        GuidFormat(Adapter, Name + lstrlenW(Name));
}

/* Among the global objects anybody may have been first to make one of that name. */
static DWORD
CheckOwner(HANDLE Object, const WCHAR *Name)
{
    BYTE Buffer[OWNER_BYTES];
    DWORD Bytes;
    PSID Owner;
    BOOL Defaulted;

    if (Namespace)
        return ERROR_SUCCESS;
    if (!GetKernelObjectSecurity(Object, OWNER_SECURITY_INFORMATION, Buffer, sizeof(Buffer),
                                 &Bytes) ||
        !GetSecurityDescriptorOwner(Buffer, &Owner, &Defaulted))
        return LogLastError(L"Cannot find the owner of %s", Name);
    if (!Owner || !(IsWellKnownSid(Owner, WinBuiltinAdministratorsSid) ||
                    IsWellKnownSid(Owner, WinLocalSystemSid)))
        return LogError(ERROR_INVALID_OWNER, L"%s does not belong to administrators", Name);
    return ERROR_SUCCESS;
}

static DWORD
OpenMutexObject(const WCHAR *Kind, const GUID *Adapter, HANDLE *Mutex)
{
    SECURITY_ATTRIBUTES Attributes = {sizeof(Attributes), ObjectSecurity, FALSE};
    WCHAR Name[NAME_CHARACTERS];
    DWORD Error;

    ObjectName(Kind, Adapter, Name);
    *Mutex = CreateMutexExW(&Attributes, Name, 0, SYNCHRONIZE | MUTEX_MODIFY_STATE | READ_CONTROL);
    if (!*Mutex)
        return LogLastError(L"Cannot open mutex %s", Name);
    Error = CheckOwner(*Mutex, Name);
    if (Error != ERROR_SUCCESS)
        CloseHandle(*Mutex);
    return Error;
}

DWORD
NamespaceTake(HANDLE *Mutex)
{
    DWORD Error = SetUp();

    if (Error == ERROR_SUCCESS)
        Error = OpenMutexObject(L"Adapters", NULL, Mutex);
    if (Error != ERROR_SUCCESS)
        return Error;
    switch (WaitForSingleObject(*Mutex, TAKE_MILLISECONDS))
    {
    case WAIT_ABANDONED:
        LogWarning(L"A process died while it changed adapters; what it left is cleaned up on use");
        return ERROR_SUCCESS;
    case WAIT_OBJECT_0:
        return ERROR_SUCCESS;
    case WAIT_TIMEOUT:
        Error = LogError(ERROR_TIMEOUT, L"Another process is still changing adapters");
        break;
    default:
        Error = LogLastError(L"Cannot wait for the mutex of adapters");
    }
    CloseHandle(*Mutex);
    return Error;
}

void
NamespaceRelease(HANDLE Mutex)
{
    ReleaseMutex(Mutex);
    CloseHandle(Mutex);
}

DWORD
NamespaceMarkAdapter(const GUID *Adapter, HANDLE *Mark)
{
    DWORD Error = SetUp();

    *Mark = NULL;
    if (Error == ERROR_SUCCESS)
        Error = OpenMutexObject(L"Adapter-", Adapter, Mark);
    if (Error != ERROR_SUCCESS)
        *Mark = NULL;
    return Error;
}

BOOL
NamespaceIsAdapterMarked(const GUID *Adapter)
{
    WCHAR Name[NAME_CHARACTERS];
    HANDLE Mark;

    if (SetUp() != ERROR_SUCCESS)
        return TRUE;
    ObjectName(L"Adapter-", Adapter, Name);
    Mark = OpenMutexW(SYNCHRONIZE, FALSE, Name);
    if (!Mark)
        return GetLastError() != ERROR_FILE_NOT_FOUND;
    CloseHandle(Mark);
    return TRUE;
}

DWORD
NamespaceOpenSession(const GUID *Adapter, SESSION_MARK *Mark)
{
    SECURITY_ATTRIBUTES Attributes = {sizeof(Attributes), NULL, FALSE};
    WCHAR Name[NAME_CHARACTERS];
    DWORD Error = SetUp();

    Mark->Section = NULL;
    Mark->Value = NULL;
    if (Error != ERROR_SUCCESS)
        return Error;
    Attributes.lpSecurityDescriptor = ObjectSecurity;
    ObjectName(L"Session-", Adapter, Name);
    Mark->Section = CreateFileMappingW(INVALID_HANDLE_VALUE, &Attributes, PAGE_READWRITE, 0,
                                       sizeof(*Mark->Value), Name);
    if (!Mark->Section)
        return LogLastError(L"Cannot make section %s", Name);
    Error = CheckOwner(Mark->Section, Name);
    if (Error == ERROR_SUCCESS)
    {
        Mark->Value = MapViewOfFile(Mark->Section, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0,
                                    sizeof(*Mark->Value));
        if (!Mark->Value)
            Error = LogLastError(L"Cannot map section %s", Name);
    }
    if (Error != ERROR_SUCCESS)
        NamespaceCloseSession(Mark);
    return Error;
}

/* No other open mark, of any process, has this value. */
static LONGLONG
MarkValue(const SESSION_MARK *Mark)
{
    return (LONGLONG)((ULONGLONG)(ULONG_PTR)Mark->Section << 32 | GetCurrentProcessId());
}

void
NamespaceMarkSession(const SESSION_MARK *Mark)
{
    LONGLONG Old, Value = MarkValue(Mark);

    /* Whoever stands there had its session before and is late to take its mark back, or is dead. */
    do
        Old = *Mark->Value;
    while (InterlockedCompareExchange64(Mark->Value, Value, Old) != Old);
}

void
NamespaceCloseSession(SESSION_MARK *Mark)
{
    if (Mark->Value)
    {
        InterlockedCompareExchange64(Mark->Value, 0, MarkValue(Mark));
        UnmapViewOfFile((LPCVOID)Mark->Value);
    }
    if (Mark->Section)
        CloseHandle(Mark->Section);
    Mark->Section = NULL;
    Mark->Value = NULL;
}

DWORD
NamespaceGetSessionOwner(const GUID *Adapter, DWORD *Owner)
{
    SESSION_MARK Mark;
    DWORD Error = NamespaceOpenSession(Adapter, &Mark);

    *Owner = 0;
    if (Error == ERROR_SUCCESS)
    {
        *Owner = (DWORD)InterlockedCompareExchange64(Mark.Value, 0, 0);
        NamespaceCloseSession(&Mark);
    }
    return Error;
}

void
NamespaceClose(void)
{
    if (Namespace)
        ClosePrivate(Namespace, 0);
    if (ObjectSecurity)
        LocalFree(ObjectSecurity);
}
