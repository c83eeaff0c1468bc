/* SPDX-License-Identifier: MIT */
/*
 * Replaces kernel functions that Wine lacks or implements wrongly: the table of them, and the code
 * that redirects a miniport's imports to it. The miniport's file stays as it was shipped.
 * What ndis.sys itself calls is linked to the replacements directly.
 */
#include "host.h"

#define IMAGE_DOS_LFANEW    0x3C /* offset of the offset of the PE header */
#define PE_IMPORT_DIRECTORY 0x90 /* of a 64-bit PE header, from its signature */
#define IMPORT_BY_ORDINAL   (1ull << 63)
#define IMPORT_NAME_SKIP    2 /* the hint before an import's name */

typedef struct IMPORT_DESCRIPTOR
{
    ULONG OriginalThunks;
    ULONG TimeStamp;
    ULONG Forwarder;
    ULONG Name;
    ULONG Thunks;
} IMPORT_DESCRIPTOR;

typedef struct REPLACEMENT
{
    const char *Name;
    PVOID Routine;
} REPLACEMENT;

static PVOID NTAPI
SystemRoutine(PUNICODE_STRING Name);

#define REPLACE(Name) {#Name, (PVOID)Name}
static const REPLACEMENT Replacements[] = {
    /* interrupt.c */
    REPLACE(ExAcquireFastMutex),
    REPLACE(ExReleaseFastMutex),
    REPLACE(ExTryToAcquireFastMutex),
    REPLACE(IoAcquireCancelSpinLock),
    REPLACE(IoReleaseCancelSpinLock),
    REPLACE(KeAcquireInStackQueuedSpinLock),
    REPLACE(KeAcquireInStackQueuedSpinLockAtDpcLevel),
    REPLACE(KeAcquireSpinLockAtDpcLevel),
    REPLACE(KeAcquireSpinLockRaiseToDpc),
    REPLACE(KeDelayExecutionThread),
    REPLACE(KeGetCurrentIrql),
    REPLACE(KeLowerIrql),
    REPLACE(KeReleaseInStackQueuedSpinLock),
    REPLACE(KeReleaseInStackQueuedSpinLockFromDpcLevel),
    REPLACE(KeReleaseSpinLock),
    REPLACE(KeReleaseSpinLockFromDpcLevel),
    REPLACE(KeWaitForMultipleObjects),
    REPLACE(KeWaitForSingleObject),
    REPLACE(KfRaiseIrql),
    /* rundown.c */
    REPLACE(ExAcquireRundownProtection),
    REPLACE(ExAcquireRundownProtectionEx),
    REPLACE(ExInitializeRundownProtection),
    REPLACE(ExReInitializeRundownProtection),
    REPLACE(ExReleaseRundownProtection),
    REPLACE(ExReleaseRundownProtectionEx),
    REPLACE(ExRundownCompleted),
    REPLACE(ExWaitForRundownProtectionRelease),
    /* handles.c */
    REPLACE(ObReferenceObjectByHandle),
    {"ObDereferenceObject", (PVOID)ObfDereferenceObject},
    REPLACE(ObfDereferenceObject),
    REPLACE(ObfReferenceObject),
    /* memory.c */
    REPLACE(IoBuildPartialMdl),
    REPLACE(MmBuildMdlForNonPagedPool),
    REPLACE(MmMapLockedPagesSpecifyCache),
    REPLACE(MmProbeAndLockPages),
    REPLACE(MmSizeOfMdl),
    REPLACE(MmUnlockPages),
    REPLACE(MmUnmapLockedPages),
    /* pool.c */
    REPLACE(ExAllocatePoolWithTag),
    REPLACE(ExAllocatePoolWithTagPriority),
    REPLACE(ExFreePoolWithTag),
    /* clock.c */
    {"KeQueryInterruptTime", (PVOID)KeQueryUnbiasedInterruptTime},
    REPLACE(KeQueryPerformanceCounter),
    REPLACE(KeQueryUnbiasedInterruptTime),
    /* direct.c */
    {"IoCompleteRequest", (PVOID)IofCompleteRequest},
    REPLACE(IofCompleteRequest),
    /* here */
    {"MmGetSystemRoutineAddress", (PVOID)SystemRoutine},
};

static BOOLEAN
SameText(const char *A, const char *B)
{
    while (*A != 0 && *A == *B)
    {
        A++;
        B++;
    }
    return *A == *B;
}

/* File names: letters compare without case. */
static BOOLEAN
SameFile(const char *A, const char *B)
{
    for (; *A != 0 && *B != 0; A++, B++)
    {
        char Left = *A >= 'A' && *A <= 'Z' ? (char)(*A + 'a' - 'A') : *A;
        char Right = *B >= 'A' && *B <= 'Z' ? (char)(*B + 'a' - 'A') : *B;
        if (Left != Right)
            return FALSE;
    }
    return *A == *B;
}

static PVOID
Replacement(const char *Name)
{
    for (ULONG Index = 0; Index < RTL_NUMBER_OF(Replacements); Index++)
        if (SameText(Replacements[Index].Name, Name))
            return Replacements[Index].Routine;
    return NULL;
}

PVOID
HostWineRoutine(const char *Name)
{
    static PVOID Kernel;
    static PVOID Hal;
    PVOID Routine;

    if (Kernel == NULL)
        Kernel = GetModuleHandleW(L"ntoskrnl.exe");
    Routine = GetProcAddress(Kernel, Name);
    if (Routine == NULL)
    {
        if (Hal == NULL)
            Hal = GetModuleHandleW(L"hal.dll");
        if (Hal != NULL)
            Routine = GetProcAddress(Hal, Name);
    }
    return Routine;
}

/* MmGetSystemRoutineAddress, with the replacements. */
static PVOID NTAPI
SystemRoutine(PUNICODE_STRING Name)
{
    char Text[128];
    ULONG Characters = Name->Length / sizeof(WCHAR);
    PVOID Routine;

    if (Characters >= sizeof(Text))
        return NULL;
    for (ULONG Index = 0; Index < Characters; Index++)
        Text[Index] = (char)Name->Buffer[Index];
    Text[Characters] = 0;
    Routine = Replacement(Text);
    return Routine != NULL ? Routine : HostWineRoutine(Text);
}

static NTSTATUS
ThunkPatch(PUCHAR Image, ULONG64 Original, PVOID *Thunk)
{
    const char *Name = (const char *)Image + Original + IMPORT_NAME_SKIP;
    PVOID Routine = Replacement(Name);
    ULONG OldProtection;

    if (Routine == NULL)
    {
        HOST_LINE Line = {0};
        if (HostWineRoutine(Name) != NULL)
            return STATUS_SUCCESS;
        HostLineText(&Line, "the driver imports ");
        HostLineText(&Line, Name);
        HostLineText(&Line, ", which this host does not have");
        HostLog(Line.Text);
        return STATUS_PROCEDURE_NOT_FOUND;
    }
    if (!VirtualProtect(Thunk, sizeof(*Thunk), PAGE_READWRITE, &OldProtection))
        return STATUS_UNSUCCESSFUL;
    *Thunk = Routine;
    VirtualProtect(Thunk, sizeof(*Thunk), OldProtection, &OldProtection);
    return STATUS_SUCCESS;
}

NTSTATUS
HostPatchImports(PVOID ImageBase)
{
    PUCHAR Image = ImageBase;
    PUCHAR Header = Image + *(ULONG *)(Image + IMAGE_DOS_LFANEW);
    ULONG Directory = *(ULONG *)(Header + PE_IMPORT_DIRECTORY);
    NTSTATUS Status = STATUS_SUCCESS;

    if (Directory == 0)
        return STATUS_SUCCESS;
    for (IMPORT_DESCRIPTOR *Import = (IMPORT_DESCRIPTOR *)(Image + Directory); Import->Name != 0;
         Import++)
    {
        const char *Module = (const char *)Image + Import->Name;
        const ULONG64 *Original = (const ULONG64 *)(Image + Import->OriginalThunks);
        PVOID *Thunk = (PVOID *)(Image + Import->Thunks);

        if (!SameFile(Module, "ntoskrnl.exe") && !SameFile(Module, "hal.dll"))
            continue;
        for (; *Original != 0 && NT_SUCCESS(Status); Original++, Thunk++)
            if (!(*Original & IMPORT_BY_ORDINAL))
                Status = ThunkPatch(Image, *Original, Thunk);
    }
    return Status;
}
