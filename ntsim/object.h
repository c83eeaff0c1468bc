/* SPDX-License-Identifier: MIT */
/*
 * Objects with reference counts, processes and their handles. The handles of a process are for the
 * threads that have it as their own; kernel handles are everybody's, in kernel mode.
 */
#ifndef CULVERT_NTSIM_OBJECT_H
#define CULVERT_NTSIM_OBJECT_H

#include "rules.h"

typedef struct SIM_PROCESS SIM_PROCESS;

struct _OBJECT_TYPE
{
    const char *Name;
    void (*LastHandle)(PVOID Object); /* the last handle is closed; may be NULL */
    void (*Delete)(PVOID Object);     /* the last reference is gone; may be NULL */
};

extern struct _OBJECT_TYPE SimEventType;
extern struct _OBJECT_TYPE SimThreadType;
extern struct _OBJECT_TYPE SimFileType;
extern struct _OBJECT_TYPE SimSectionType;

/* A zeroed object with one reference. Never NULL. */
PVOID
SimObjectCreate(struct _OBJECT_TYPE *Type, SIZE_T Bytes);

/* References of an object. */
LONG
SimObjectReferences(PVOID Object);

/* A process, and its end: closes all its handles. */
SIM_PROCESS *
SimProcessCreate(void);
void
SimProcessExit(SIM_PROCESS *Process);

/* The calling thread belongs to Process from now on; NULL: to the system. */
void
SimProcessEnter(SIM_PROCESS *Process);

/* A new handle, which takes over nothing: the object gets a reference more. Process NULL: a kernel
 * handle. */
HANDLE
SimHandleCreate(SIM_PROCESS *Process, PVOID Object, ACCESS_MASK Access);

/* The object of a handle without a reference, or NULL; Access may be NULL. */
PVOID
SimHandleObject(SIM_PROCESS *Process, HANDLE Handle, struct _OBJECT_TYPE *Type,
                ACCESS_MASK *Access);

/* STATUS_INVALID_HANDLE if there is no such handle. */
NTSTATUS
SimHandleClose(SIM_PROCESS *Process, HANDLE Handle);

/* Objects that exist, and kernel handles that are open. The second one prints them. */
unsigned
SimObjectCount(void);
unsigned
SimObjectsLeft(void);

#endif
