/* SPDX-License-Identifier: MIT */
/*
 * Objects from a caller's handles. Wine's ObReferenceObjectByHandle refuses UserMode; a driver runs
 * in a process of its own there, so the caller's handle has to be duplicated first.
 *
 * Wine reaches an event that belongs to another process through a handle that it opens and closes
 * around each KeSetEvent and each wait. For the events that drivers reference here, a handle is
 * kept as long as the references are: a signal is then one request to the Wine server instead of
 * three. Wine keeps the handle of a driver's own event in WaitListHead.Blink and counts its waiters
 * in Flink; a referenced event is given that form, with a count that no waiter takes to 0.
 */
#include "host.h"

#define REFERENCED_EVENTS              256
#define WINE_FOREIGN_OBJECT            ((PLIST_ENTRY)(LONG_PTR)(-1))
#define OBJECT_BASIC_INFORMATION_CLASS 0

typedef struct OBJECT_BASIC_INFORMATION
{
    ULONG Attributes;
    ACCESS_MASK GrantedAccess;
    ULONG HandleCount;
    ULONG PointerCount;
    ULONG Reserved[10];
} OBJECT_BASIC_INFORMATION;

NTSYSAPI NTSTATUS NTAPI
ZwQueryObject(HANDLE Handle, ULONG InformationClass, PVOID Information, ULONG Length,
              PULONG ReturnLength);

typedef NTSTATUS NTAPI
REFERENCE_BY_HANDLE(HANDLE, ACCESS_MASK, POBJECT_TYPE, KPROCESSOR_MODE, PVOID *, PVOID);
typedef VOID FASTCALL CHANGE_REFERENCE(PVOID);

typedef struct REFERENCED_EVENT
{
    PKEVENT Event;
    HANDLE Handle;
    ULONG References;
} REFERENCED_EVENT;

static HOST_LOCK EventsLock;
static REFERENCED_EVENT Events[REFERENCED_EVENTS]; /* under EventsLock */

static REFERENCED_EVENT *
EventFind(PVOID Event)
{
    for (ULONG Index = 0; Index < REFERENCED_EVENTS; Index++)
        if (Events[Index].Event == Event)
            return &Events[Index];
    return NULL;
}

/* Takes Handle. If the table is full the event just stays slow. */
static VOID
EventKeepHandle(PKEVENT Event, HANDLE Handle)
{
    REFERENCED_EVENT *Entry;

    HostLockAcquire(&EventsLock);
    Entry = EventFind(Event);
    if (Entry != NULL)
        Entry->References++;
    else if ((Entry = EventFind(NULL)) != NULL &&
             Event->Header.WaitListHead.Blink == WINE_FOREIGN_OBJECT)
    {
        Entry->Event = Event;
        Entry->Handle = Handle;
        Entry->References = 1;
        Event->Header.WaitListHead.Flink = (PLIST_ENTRY)(ULONG_PTR)1;
        Event->Header.WaitListHead.Blink = (PLIST_ENTRY)Handle;
        Handle = NULL;
    }
    HostLockRelease(&EventsLock);
    if (Handle != NULL)
        ZwClose(Handle);
}

NTSTATUS
HostDuplicateFromCaller(HANDLE Handle, PHANDLE Duplicate)
{
    CLIENT_ID Client = {PsGetCurrentProcessId(), NULL};
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Process;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    Status = ZwOpenProcess(&Process, PROCESS_DUP_HANDLE, &Attributes, &Client);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = ZwDuplicateObject(Process, Handle, NtCurrentProcess(), Duplicate, 0, 0,
                               DUPLICATE_SAME_ACCESS);
    ZwClose(Process);
    return Status;
}

static NTSTATUS
CheckAccess(HANDLE Handle, ACCESS_MASK DesiredAccess)
{
    OBJECT_BASIC_INFORMATION Information;
    NTSTATUS Status = ZwQueryObject(Handle, OBJECT_BASIC_INFORMATION_CLASS, &Information,
                                    sizeof(Information), NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    return (DesiredAccess & ~Information.GrantedAccess) != 0 ? STATUS_ACCESS_DENIED
                                                             : STATUS_SUCCESS;
}

NTSTATUS NTAPI
ObReferenceObjectByHandle(HANDLE Handle, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType,
                          KPROCESSOR_MODE AccessMode, PVOID *Object, PVOID HandleInformation)
{
    REFERENCE_BY_HANDLE *Wine = (REFERENCE_BY_HANDLE *)HostWineRoutine("ObReferenceObjectByHandle");
    POBJECT_TYPE *EventType = (POBJECT_TYPE *)HostWineRoutine("ExEventObjectType");
    HANDLE Own;
    NTSTATUS Status;

    *Object = NULL;
    if (AccessMode == KernelMode)
        return Wine(Handle, DesiredAccess, ObjectType, KernelMode, Object, HandleInformation);
    Status = HostDuplicateFromCaller(Handle, &Own);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = Wine(Own, DesiredAccess, ObjectType, KernelMode, Object, HandleInformation);
    if (NT_SUCCESS(Status))
    {
        Status = CheckAccess(Own, DesiredAccess);
        if (!NT_SUCCESS(Status))
        {
            ObfDereferenceObject(*Object);
            *Object = NULL;
        }
    }
    if (NT_SUCCESS(Status) && ObjectType == *EventType)
        EventKeepHandle(*Object, Own);
    else
        ZwClose(Own);
    return Status;
}

LONG_PTR FASTCALL
ObfReferenceObject(PVOID Object)
{
    REFERENCED_EVENT *Entry;

    ((CHANGE_REFERENCE *)HostWineRoutine("ObfReferenceObject"))(Object);
    HostLockAcquire(&EventsLock);
    if ((Entry = EventFind(Object)) != NULL)
        Entry->References++;
    HostLockRelease(&EventsLock);
    return 1;
}

LONG_PTR FASTCALL
ObfDereferenceObject(PVOID Object)
{
    HANDLE Handle = NULL;
    REFERENCED_EVENT *Entry;

    HostLockAcquire(&EventsLock);
    if (Object != NULL && (Entry = EventFind(Object)) != NULL && --Entry->References == 0)
    {
        Entry->Event->Header.WaitListHead.Blink = WINE_FOREIGN_OBJECT;
        Entry->Event->Header.WaitListHead.Flink = NULL;
        Entry->Event = NULL;
        Handle = Entry->Handle;
    }
    HostLockRelease(&EventsLock);
    if (Handle != NULL)
        ZwClose(Handle);
    ((CHANGE_REFERENCE *)HostWineRoutine("ObfDereferenceObject"))(Object);
    return 0;
}
