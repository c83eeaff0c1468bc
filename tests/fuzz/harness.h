/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets share. A target is a program of libFuzzer: one input is a small program in
 * byte-code, whose operations drive the driver on the simulated kernel. The driver stays loaded
 * between inputs; FuzzEnd sees to it that each input leaves what it found.
 *
 * All is done by one thread, which after each operation waits until the system's threads wait too,
 * so an input does the same each time. Whatever breaks a rule of ntsim or NDIS, or of this file,
 * aborts; libFuzzer keeps the input.
 */
#ifndef CULVERT_TESTS_FUZZ_HARNESS_H
#define CULVERT_TESTS_FUZZ_HARNESS_H

#include "../ntsim/world.h"

/* ---- Inputs: read from the front; behind the end there are zeroes ------------------------------
 */

typedef struct FUZZ_INPUT
{
    const UCHAR *At;
    const UCHAR *End;
} FUZZ_INPUT;

/* Whether bytes are left. */
BOOLEAN
FuzzMore(const FUZZ_INPUT *Input);

/* One, two or four bytes, little-endian. */
UCHAR
FuzzByte(FUZZ_INPUT *Input);
USHORT
FuzzShort(FUZZ_INPUT *Input);
ULONG
FuzzLong(FUZZ_INPUT *Input);

/* A number below Bound (1 to 65536), from one byte, or from two if Bound is above 256. */
ULONG
FuzzBelow(FUZZ_INPUT *Input, ULONG Bound);

/* A number of any size: a byte below 0xF0 is the number; 0xF0 to 0xFB stand for numbers at which
 * code goes wrong (powers of two and their neighbours); 0xFC, 0xFD: two bytes follow; 0xFE, 0xFF:
 * four. */
ULONG
FuzzNumber(FUZZ_INPUT *Input);

/* Copies at most Bytes of what is left; how many it were. */
ULONG
FuzzBytes(FUZZ_INPUT *Input, void *To, ULONG Bytes);

/* ---- The world ---------------------------------------------------------------------------------
 */

/* Loads the driver for the life of the program; the world stays down. Once. */
void
FuzzLoad(void);

/* The same, and the world up, warmed up: from now on every input leaves the same counts. Once. */
void
FuzzWorldUp(void);

/* The world as before the first input: the adapter runs, nothing is held above it, the queue of
 * what it indicated is empty, its OID settings are the first ones. Calls of the system that fail
 * are none. */
void
FuzzBegin(void);

/* The input is over, and its applications have exited: nothing may be left of it. */
void
FuzzEnd(void);

/* There is as much of everything as when FuzzLoad or FuzzWorldUp returned. */
void
FuzzCheckCounts(void);

/* Waits until nothing goes on: after each operation. */
void
FuzzSettle(void);

/* Takes back what is held above the adapter, and forgets what it indicated. */
void
FuzzDrain(void);

/* Aborts with a report unless Condition holds. */
#define FUZZ_EXPECT(Condition, ...)                                                                \
    do                                                                                             \
    {                                                                                              \
        if (!(Condition))                                                                          \
            FuzzFail(__FILE__, __LINE__, #Condition, __VA_ARGS__);                                 \
    } while (0)

_Noreturn void
FuzzFail(const char *File, int Line, const char *Condition, const char *Format, ...)
    __attribute__((format(printf, 4, 5)));

/* What each target defines, and libFuzzer calls. */
int
LLVMFuzzerInitialize(int *Count, char ***Arguments);
int
LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Bytes);

#endif
