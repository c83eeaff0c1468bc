/* SPDX-License-Identifier: MIT */
/*
 * A driver key with anything in it when the adapter is initialised, and changed while NDIS and the
 * driver read it. Whatever it is, the device starts or does not, nothing is left, and with the
 * right values it starts afterwards.
 *
 * Input: up to VALUES_MAX values until the end. For each: a byte, the name (an index into Names) in
 * its low 2 bits and in the others how many reads of a value by the system come before it is
 * written; the type (1 byte); the length of the data (1 byte) and how: bit 7 of the type says that
 * the bytes are characters to be widened.
 */
#include "harness.h"

#define VALUES_MAX 8u
#define DATA_BYTES 512u

typedef struct VALUE
{
    const WCHAR *Name;
    unsigned Reads; /* before it is written */
    ULONG Type;
    ULONG Bytes;
    UCHAR Data[DATA_BYTES];
} VALUE;

static const WCHAR *const Names[] = {L"NetCfgInstanceId", L"NetCfgInstanceId", L"NetworkAddress",
                                     L"*IfType"};
static VALUE Values[VALUES_MAX];
static unsigned ValueCount, Reads;

static void
TakeValue(FUZZ_INPUT *Input)
{
    VALUE *Value = &Values[ValueCount++];
    UCHAR How = FuzzByte(Input);
    UCHAR Type = FuzzByte(Input);
    UCHAR Data[256];
    Value->Name = Names[How & 3];
    Value->Reads = How >> 2;
    Value->Type = Type & 0x7F;
    ULONG Bytes = FuzzBytes(Input, Data, FuzzByte(Input));
    Value->Bytes = Type & 0x80 ? Bytes * sizeof(WCHAR) : Bytes;
    for (ULONG At = 0; At < Value->Bytes; ++At)
        Value->Data[At] = !(Type & 0x80) ? Data[At] : At % 2 == 0 ? Data[At / 2] : 0;
}

/* Before each read of a value; an administrator may write at any time. */
static void
OnRead(void)
{
    for (unsigned At = 0; At < ValueCount; ++At)
    {
        if (Values[At].Reads == Reads)
            SimRegistrySet(WORLD_KEY, Values[At].Name, Values[At].Type, Values[At].Data,
                           Values[At].Bytes);
    }
    ++Reads;
}

static void
Remove(SIM_DEVICE *Device)
{
    FUZZ_EXPECT(SimDevicePnp(Device, IRP_MN_REMOVE_DEVICE) == STATUS_SUCCESS, "it stays");
    SimDeviceDelete(Device);
}

static void
StartWithValues(void)
{
    SIM_DEVICE *Device = SimDeviceAdd(WORLD_KEY);
    FUZZ_EXPECT(Device != NULL, "AddDevice");
    NTSTATUS Status = SimDevicePnp(Device, IRP_MN_START_DEVICE);
    FUZZ_EXPECT(NT_SUCCESS(Status) == (SimEdge() != NULL), "status %x", (ULONG)Status);
    Remove(Device);
}

int
LLVMFuzzerInitialize(int *Count, char ***Arguments)
{
    (void)Count;
    (void)Arguments;
    FuzzLoad();
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Bytes)
{
    FUZZ_INPUT Input = {Data, Data + Bytes};
    ValueCount = Reads = 0;
    while (FuzzMore(&Input) && ValueCount < VALUES_MAX)
        TakeValue(&Input);
    SimRegistryReset();
    FUZZ_EXPECT(NT_SUCCESS(SimDriverLoadImage(NTSIM_DRIVER)), "the driver does not load");
    SimRegistryOnRead(OnRead);
    StartWithValues();
    SimRegistryOnRead(NULL);
    FUZZ_EXPECT(SimDriverUnload(), "the driver cannot be unloaded");
    SimRegistryReset();
    FUZZ_EXPECT(WorldTryUp(), "the adapter does not start any more");
    WorldDown();
    FuzzSettle();
    FuzzCheckCounts();
    return 0;
}
