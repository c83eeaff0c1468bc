/* SPDX-License-Identifier: MIT */
/*
 * Runs the inline functions and macros of nt/ natively: lists, interlocked operations, MDL and IRP
 * functions. Build with -fshort-wchar; needs CMocka.
 */
#include "nt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* What MmGetSystemAddressForMdlSafe falls back to: records that it was asked, and for what. */
static ULONG MapPriority;
static char MappedPage[PAGE_SIZE];

PVOID
MmMapLockedPagesSpecifyCache(PMDL Mdl, KPROCESSOR_MODE AccessMode, MEMORY_CACHING_TYPE CacheType,
                             PVOID RequestedAddress, ULONG BugCheckOnFailure, ULONG Priority)
{
    assert_non_null(Mdl);
    assert_int_equal(AccessMode, KernelMode);
    assert_int_equal(CacheType, MmCached);
    assert_null(RequestedAddress);
    assert_int_equal(BugCheckOnFailure, FALSE);
    MapPriority = Priority;
    return MappedPage;
}

static void
ListsKeepTheirOrder(void **State)
{
    LIST_ENTRY Head, Other, Entries[4];

    (void)State;
    InitializeListHead(&Head);
    assert_true(IsListEmpty(&Head));
    assert_ptr_equal(RemoveHeadList(&Head), &Head);

    InsertTailList(&Head, &Entries[1]);
    InsertTailList(&Head, &Entries[2]);
    InsertHeadList(&Head, &Entries[0]);
    assert_false(IsListEmpty(&Head));
    assert_false(RemoveEntryList(&Entries[1]));
    assert_ptr_equal(RemoveTailList(&Head), &Entries[2]);
    assert_true(RemoveEntryList(&Entries[0]));
    assert_true(IsListEmpty(&Head));

    InitializeListHead(&Other);
    InsertTailList(&Head, &Entries[0]);
    InsertTailList(&Other, &Entries[1]);
    InsertTailList(&Other, &Entries[2]);
    RemoveEntryList(&Other);
    AppendTailList(&Head, &Entries[1]);
    for (int Index = 0; Index < 3; Index++)
        assert_ptr_equal(RemoveHeadList(&Head), &Entries[Index]);
    assert_true(IsListEmpty(&Head));
}

static void
SingleListsAreStacks(void **State)
{
    SINGLE_LIST_ENTRY Head = {NULL}, First, Second;

    (void)State;
    PushEntryList(&Head, &First);
    PushEntryList(&Head, &Second);
    assert_ptr_equal(PopEntryList(&Head), &Second);
    assert_ptr_equal(PopEntryList(&Head), &First);
    assert_null(PopEntryList(&Head));
}

static void
InterlockedReturnsWhatIsDocumented(void **State)
{
    LONG volatile Value = 5;

    (void)State;
    assert_int_equal(InterlockedIncrement(&Value), 6);
    assert_int_equal(InterlockedDecrement(&Value), 5);
    assert_int_equal(InterlockedAdd(&Value, 3), 8);
    assert_int_equal(InterlockedExchangeAdd(&Value, 2), 8);
    assert_int_equal(InterlockedExchange(&Value, 1), 10);
    assert_int_equal(InterlockedCompareExchange(&Value, 7, 2), 1);
    assert_int_equal(InterlockedCompareExchange(&Value, 7, 1), 1);
    assert_int_equal(InterlockedOr(&Value, 8), 7);
    assert_int_equal(InterlockedAnd(&Value, 12), 15);
    assert_int_equal(InterlockedXor(&Value, 5), 12);
    assert_int_equal(Value, 9);
    assert_false(InterlockedBitTestAndSet(&Value, 31));
    assert_true(InterlockedBitTestAndReset(&Value, 31));
    assert_true(InterlockedBitTestAndSet(&Value, 0));
    assert_int_equal(ReadAcquire(&Value), 9);
}

static void
Interlocked64CrossesTheWordBoundary(void **State)
{
    LONG64 volatile Value = 0xFFFFFFFFLL;

    (void)State;
    assert_true(InterlockedIncrement64(&Value) == 0x100000000LL);
    assert_true(InterlockedDecrement64(&Value) == 0xFFFFFFFFLL);
    assert_true(InterlockedAdd64(&Value, 0x100000001LL) == 0x200000000LL);
    assert_true(InterlockedExchangeAdd64(&Value, -1) == 0x200000000LL);
    assert_true(InterlockedExchange64(&Value, 0x1000000002LL) == 0x1FFFFFFFFLL);
    assert_true(InterlockedOr64(&Value, 1) == 0x1000000002LL);
    assert_true(InterlockedAnd64(&Value, ~2LL) == 0x1000000003LL);
    assert_true(ReadNoFence64(&Value) == 0x1000000001LL);
    WriteRelease64(&Value, -2);
    assert_true(ReadULong64Acquire(&Value) == 0xFFFFFFFFFFFFFFFEULL);
}

static void
PointersAreExchanged(void **State)
{
    int First, Second;
    int *volatile Pointer = &First;

    (void)State;
    assert_ptr_equal(InterlockedExchangePointer(&Pointer, &Second), &First);
    assert_ptr_equal(InterlockedCompareExchangePointer(&Pointer, &First, &First), &Second);
    assert_ptr_equal(InterlockedCompareExchangePointer(&Pointer, NULL, &Second), &Second);
    assert_null(Pointer);
}

static void
MdlsDescribePages(void **State)
{
    char *const Base = (char *)0x1FF0;
    struct
    {
        MDL Mdl;
        PFN_NUMBER Pages[3];
    } Buffer;

    (void)State;
    assert_int_equal(ADDRESS_AND_SIZE_TO_SPAN_PAGES(Base, 16), 1);
    assert_int_equal(ADDRESS_AND_SIZE_TO_SPAN_PAGES(Base, 17), 2);
    assert_int_equal(ADDRESS_AND_SIZE_TO_SPAN_PAGES(Base, 17 + PAGE_SIZE), 3);
    assert_int_equal(BYTES_TO_PAGES(PAGE_SIZE + 1), 2);
    assert_int_equal(ROUND_TO_PAGES(1), PAGE_SIZE);

    MmInitializeMdl(&Buffer.Mdl, Base, 17 + PAGE_SIZE);
    assert_int_equal(Buffer.Mdl.Size, sizeof(MDL) + 3 * sizeof(PFN_NUMBER));
    assert_ptr_equal(MmGetMdlVirtualAddress(&Buffer.Mdl), Base);
    assert_int_equal(MmGetMdlByteOffset(&Buffer.Mdl), 0xFF0);
    assert_int_equal(MmGetMdlByteCount(&Buffer.Mdl), 17 + PAGE_SIZE);
    assert_ptr_equal(MmGetMdlPfnArray(&Buffer.Mdl), Buffer.Pages);

    assert_ptr_equal(MmGetSystemAddressForMdlSafe(&Buffer.Mdl, NormalPagePriority), MappedPage);
    assert_int_equal(MapPriority, NormalPagePriority);
    Buffer.Mdl.MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
    Buffer.Mdl.MappedSystemVa = Base;
    assert_ptr_equal(MmGetSystemAddressForMdlSafe(&Buffer.Mdl, NormalPagePriority), Base);
}

static NTSTATUS NTAPI
Completed(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    (void)DeviceObject;
    (void)Irp;
    (void)Context;
    return STATUS_SUCCESS;
}

static VOID NTAPI
Cancelled(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    (void)DeviceObject;
    (void)Irp;
}

static void
IrpStackLocationsMove(void **State)
{
    IRP Irp;
    IO_STACK_LOCATION Stack[3];

    (void)State;
    RtlZeroMemory(&Irp, sizeof(Irp));
    RtlZeroMemory(Stack, sizeof(Stack));
    Irp.CurrentLocation = 3;
    Irp.Tail.Overlay.CurrentStackLocation = &Stack[2];
    assert_ptr_equal(IoGetCurrentIrpStackLocation(&Irp), &Stack[2]);
    assert_ptr_equal(IoGetNextIrpStackLocation(&Irp), &Stack[1]);

    Stack[2].MajorFunction = IRP_MJ_DEVICE_CONTROL;
    Stack[2].Context = &Irp;
    Stack[2].CompletionRoutine = Completed;
    IoMarkIrpPending(&Irp);
    assert_int_equal(Stack[2].Control, SL_PENDING_RETURNED);
    IoCopyCurrentIrpStackLocationToNext(&Irp);
    assert_int_equal(Stack[1].MajorFunction, IRP_MJ_DEVICE_CONTROL);
    assert_int_equal(Stack[1].Control, 0);
    assert_null(Stack[1].Context);
    assert_true(Stack[1].CompletionRoutine == NULL);

    IoSetCompletionRoutine(&Irp, Completed, Stack, TRUE, FALSE, TRUE);
    assert_true(Stack[1].CompletionRoutine == Completed);
    assert_ptr_equal(Stack[1].Context, Stack);
    assert_int_equal(Stack[1].Control, SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_CANCEL);

    IoSetNextIrpStackLocation(&Irp);
    assert_ptr_equal(IoGetCurrentIrpStackLocation(&Irp), &Stack[1]);
    IoSkipCurrentIrpStackLocation(&Irp);
    assert_ptr_equal(IoGetCurrentIrpStackLocation(&Irp), &Stack[2]);
    assert_int_equal(Irp.CurrentLocation, 3);

    assert_true(IoSetCancelRoutine(&Irp, Cancelled) == NULL);
    assert_true(IoSetCancelRoutine(&Irp, NULL) == Cancelled);
}

static void
StringsAndCodesAreWindows(void **State)
{
    static DECLARE_CONST_UNICODE_STRING(Name, L"Name");
    GUID Guid = {0x01020304, 0x0506, 0x0708, {9, 10, 11, 12, 13, 14, 15, 16}};

    (void)State;
    assert_int_equal(Name.Length, 8);
    assert_int_equal(Name.MaximumLength, 10);
    assert_int_equal(Name.Buffer[3], 'e');
    assert_int_equal(((PUCHAR)&Guid)[0], 4);
    assert_int_equal(CTL_CODE(FILE_DEVICE_NETWORK, 0x800, METHOD_OUT_DIRECT, FILE_READ_DATA),
                     0x126002);
    assert_int_equal(METHOD_FROM_CTL_CODE(0x126002), METHOD_OUT_DIRECT);
    assert_int_equal(RtlUlongByteSwap(0x01020304), 0x04030201);
    assert_int_equal(RtlUshortByteSwap(NDIS_ETH_TYPE_IPV6), 0xdd86);
    assert_false(NT_SUCCESS(STATUS_CANCELLED));
    assert_true(NT_SUCCESS(STATUS_PENDING));
    assert_true(NT_ERROR(STATUS_CANCELLED));
    assert_true(NT_WARNING(STATUS_BUFFER_OVERFLOW));
    assert_ptr_equal(CONTAINING_RECORD(&Guid.Data2, GUID, Data2), &Guid);
    assert_int_equal(ALIGN_UP_BY(17, 16), 32);
    assert_int_equal(ALIGN_DOWN_BY(17, 16), 16);
}

int
main(void)
{
    const struct CMUnitTest Tests[] = {
        cmocka_unit_test(ListsKeepTheirOrder),
        cmocka_unit_test(SingleListsAreStacks),
        cmocka_unit_test(InterlockedReturnsWhatIsDocumented),
        cmocka_unit_test(Interlocked64CrossesTheWordBoundary),
        cmocka_unit_test(PointersAreExchanged),
        cmocka_unit_test(MdlsDescribePages),
        cmocka_unit_test(IrpStackLocationsMove),
        cmocka_unit_test(StringsAndCodesAreWindows),
    };

    return cmocka_run_group_tests(Tests, NULL, NULL);
}
