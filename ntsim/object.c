/* SPDX-License-Identifier: MIT */
/* Objects, processes and handles: see object.h. Article "Object Management". */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "object.h"
#include "thread.h"

#define OBJECT_MAGIC       0x4F626A65u
#define HANDLES_MAX        1024
#define KERNEL_HANDLE_BASE 0x80000000u
#define HANDLE_STEP        4

typedef struct OBJECT
{
    LIST_ENTRY Link;
    struct _OBJECT_TYPE *Type;
    volatile LONG References;
    LONG Handles; /* under Mutex */
    ULONG Magic;
    _Alignas(16) UCHAR Body[];
} OBJECT;

typedef struct HANDLE_ENTRY
{
    OBJECT *Object;
    ACCESS_MASK Access;
} HANDLE_ENTRY;

struct SIM_PROCESS
{
    HANDLE_ENTRY Handles[HANDLES_MAX];
};

struct _OBJECT_TYPE SimEventType = {.Name = "event"};
struct _OBJECT_TYPE SimThreadType = {.Name = "thread"};
struct _OBJECT_TYPE SimSectionType = {.Name = "section"};
static POBJECT_TYPE EventTypeObject = &SimEventType;
static POBJECT_TYPE ThreadTypeObject = &SimThreadType;
static POBJECT_TYPE FileTypeObject = &SimFileType;
POBJECT_TYPE *ExEventObjectType = &EventTypeObject;
POBJECT_TYPE *PsThreadType = &ThreadTypeObject;
POBJECT_TYPE *IoFileObjectType = &FileTypeObject;

static pthread_mutex_t Mutex = PTHREAD_MUTEX_INITIALIZER;
static LIST_ENTRY Objects = {&Objects, &Objects};
static SIM_PROCESS Kernel; /* the handles of the system */

static OBJECT *
ObjectOf(const char *Call, PVOID Body)
{
    OBJECT *Object = CONTAINING_RECORD(Body, OBJECT, Body);
    if (Body == NULL || Object->Magic != OBJECT_MAGIC)
        SimRuleBroken(Call, "Object Management", "%p is no object", Body);
    return Object;
}

PVOID
SimObjectCreate(struct _OBJECT_TYPE *Type, SIZE_T Bytes)
{
    OBJECT *Object = aligned_alloc(16, (sizeof(*Object) + Bytes + 15) / 16 * 16);
    memset(Object, 0, sizeof(*Object) + Bytes);
    Object->Type = Type;
    Object->References = 1;
    Object->Magic = OBJECT_MAGIC;
    pthread_mutex_lock(&Mutex);
    InsertTailList(&Objects, &Object->Link);
    pthread_mutex_unlock(&Mutex);
    return Object->Body;
}

LONG
SimObjectReferences(PVOID Object)
{
    return __atomic_load_n(&ObjectOf("SimObjectReferences", Object)->References, __ATOMIC_ACQUIRE);
}

LONG_PTR FASTCALL
ObfReferenceObject(PVOID Object)
{
    static const char Call[] = "ObReferenceObject";
    SimCheckIrql(Call, "wdm/nf-wdm-obreferenceobject", PASSIVE_LEVEL, DISPATCH_LEVEL);
    LONG Before = __atomic_fetch_add(&ObjectOf(Call, Object)->References, 1, __ATOMIC_RELAXED);
    if (Before <= 0)
        SimRuleBroken(Call, "wdm/nf-wdm-obreferenceobject", "object %p is being deleted", Object);
    return Before + 1;
}

LONG_PTR FASTCALL
ObfDereferenceObject(PVOID Body)
{
    static const char Call[] = "ObDereferenceObject";
    static const char Page[] = "wdm/nf-wdm-obdereferenceobject";
    SimPoint(Call);
    SimCheckIrql(Call, Page, PASSIVE_LEVEL, DISPATCH_LEVEL);
    OBJECT *Object = ObjectOf(Call, Body);
    LONG Left = __atomic_sub_fetch(&Object->References, 1, __ATOMIC_ACQ_REL);
    if (Left < 0)
        SimRuleBroken(Call, Page, "%s %p has no reference to give back", Object->Type->Name, Body);
    if (Left != 0)
        return Left;
    if (Object->Type->Delete != NULL)
        Object->Type->Delete(Body);
    pthread_mutex_lock(&Mutex);
    RemoveEntryList(&Object->Link);
    pthread_mutex_unlock(&Mutex);
    Object->Magic = 0;
    free(Object);
    return 0;
}

/* ---- Handles -----------------------------------------------------------------------------------
 */

SIM_PROCESS *
SimProcessCreate(void)
{
    return calloc(1, sizeof(SIM_PROCESS));
}

void
SimProcessExit(SIM_PROCESS *Process)
{
    for (ULONG Index = 0; Index < HANDLES_MAX; ++Index)
    {
        if (Process->Handles[Index].Object != NULL)
            SimHandleClose(Process, (HANDLE)(ULONG_PTR)((Index + 1) * HANDLE_STEP));
    }
    if (SimThread()->Process == Process)
        SimThread()->Process = NULL;
    free(Process);
}

void
SimProcessEnter(SIM_PROCESS *Process)
{
    SimThread()->Process = Process;
}

HANDLE
SimHandleCreate(SIM_PROCESS *Process, PVOID Body, ACCESS_MASK Access)
{
    SIM_PROCESS *Table = Process != NULL ? Process : &Kernel;
    OBJECT *Object = ObjectOf("SimHandleCreate", Body);
    ULONG Index = 0;
    __atomic_add_fetch(&Object->References, 1, __ATOMIC_RELAXED);
    pthread_mutex_lock(&Mutex);
    while (Table->Handles[Index].Object != NULL)
    {
        if (++Index == HANDLES_MAX)
            abort();
    }
    Table->Handles[Index].Object = Object;
    Table->Handles[Index].Access = Access;
    Object->Handles++;
    pthread_mutex_unlock(&Mutex);
    ULONG Value = (Index + 1) * HANDLE_STEP + (Process == NULL ? KERNEL_HANDLE_BASE : 0);
    return (HANDLE)(ULONG_PTR)Value;
}

/* The entry of a handle, or NULL. Under Mutex. */
static HANDLE_ENTRY *
Entry(SIM_PROCESS *Process, HANDLE Handle)
{
    ULONG_PTR Value = (ULONG_PTR)Handle;
    SIM_PROCESS *Table = Process;
    if (Value >= KERNEL_HANDLE_BASE)
    {
        Table = &Kernel;
        Value -= KERNEL_HANDLE_BASE;
    }
    if (Table == NULL || Value < HANDLE_STEP || Value > HANDLES_MAX * HANDLE_STEP ||
        Value % HANDLE_STEP != 0)
        return NULL;
    HANDLE_ENTRY *Found = &Table->Handles[Value / HANDLE_STEP - 1];
    return Found->Object != NULL ? Found : NULL;
}

PVOID
SimHandleObject(SIM_PROCESS *Process, HANDLE Handle, struct _OBJECT_TYPE *Type, ACCESS_MASK *Access)
{
    PVOID Body = NULL;
    pthread_mutex_lock(&Mutex);
    HANDLE_ENTRY *Found = Entry(Process, Handle);
    if (Found != NULL && Found->Object->Type == Type)
    {
        Body = Found->Object->Body;
        if (Access != NULL)
            *Access = Found->Access;
    }
    pthread_mutex_unlock(&Mutex);
    return Body;
}

NTSTATUS
SimHandleClose(SIM_PROCESS *Process, HANDLE Handle)
{
    pthread_mutex_lock(&Mutex);
    HANDLE_ENTRY *Found = Entry(Process, Handle);
    OBJECT *Object = Found != NULL ? Found->Object : NULL;
    BOOLEAN Last = FALSE;
    if (Found != NULL)
    {
        Found->Object = NULL;
        Last = --Object->Handles == 0;
    }
    pthread_mutex_unlock(&Mutex);
    if (Object == NULL)
        return STATUS_INVALID_HANDLE;
    if (Last && Object->Type->LastHandle != NULL)
        Object->Type->LastHandle(Object->Body);
    ObDereferenceObject(Object->Body);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
ObReferenceObjectByHandle(HANDLE Handle, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType,
                          KPROCESSOR_MODE AccessMode, PVOID *Object, PVOID HandleInformation)
{
    static const char Call[] = "ObReferenceObjectByHandle";
    static const char Page[] = "wdm/nf-wdm-obreferenceobjectbyhandle";
    SimCheckIrql(Call, Page, PASSIVE_LEVEL, PASSIVE_LEVEL);
    if (HandleInformation != NULL)
        SimRuleBroken(Call, Page, "HandleInformation is not NULL; drivers set it to NULL");
    /* "If the handle is from user mode, ObjectType must not be NULL", or any object will do. */
    if (AccessMode == UserMode && ObjectType == NULL)
        SimRuleBroken(Call, Page, "ObjectType is NULL for a user-mode handle");
    *Object = NULL;
    if (AccessMode == UserMode && SimFault(Call))
        return STATUS_INVALID_HANDLE;
    if (AccessMode == UserMode && (ULONG_PTR)Handle >= KERNEL_HANDLE_BASE)
        return STATUS_INVALID_HANDLE;
    NTSTATUS Status = STATUS_SUCCESS;
    pthread_mutex_lock(&Mutex);
    HANDLE_ENTRY *Found = Entry(SimThread()->Process, Handle);
    if (Found == NULL)
        Status = STATUS_INVALID_HANDLE;
    else if (ObjectType != NULL && Found->Object->Type != ObjectType)
        Status = STATUS_OBJECT_TYPE_MISMATCH;
    else if (AccessMode == UserMode && (DesiredAccess & ~Found->Access) != 0)
        Status = STATUS_ACCESS_DENIED;
    else
    {
        __atomic_add_fetch(&Found->Object->References, 1, __ATOMIC_RELAXED);
        *Object = Found->Object->Body;
    }
    pthread_mutex_unlock(&Mutex);
    return Status;
}

unsigned
SimObjectCount(void)
{
    unsigned Count = 0;
    pthread_mutex_lock(&Mutex);
    for (PLIST_ENTRY At = Objects.Flink; At != &Objects; At = At->Flink)
        ++Count;
    for (ULONG Index = 0; Index < HANDLES_MAX; ++Index)
        Count += Kernel.Handles[Index].Object != NULL;
    pthread_mutex_unlock(&Mutex);
    return Count;
}

unsigned
SimObjectsLeft(void)
{
    unsigned Left = 0;
    for (PLIST_ENTRY At = Objects.Flink; At != &Objects; At = At->Flink, ++Left)
    {
        OBJECT *Object = CONTAINING_RECORD(At, OBJECT, Link);
        fprintf(stderr, "ntsim: left: %s %p with %d references and %d handles\n",
                Object->Type->Name, (void *)Object->Body, Object->References, Object->Handles);
    }
    for (ULONG Index = 0; Index < HANDLES_MAX; ++Index)
    {
        if (Kernel.Handles[Index].Object == NULL)
            continue;
        fprintf(stderr, "ntsim: left: kernel handle %x\n",
                (Index + 1) * HANDLE_STEP + KERNEL_HANDLE_BASE);
        ++Left;
    }
    return Left;
}
