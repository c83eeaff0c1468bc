#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes the C source that checks nt/ against the rows of abi_layout.tsv and abi_constants.tsv for one
# architecture: a static assertion for each size, offset and constant, and for each bit field a function
# that the optimiser reduces to nothing where the field has the bits of the table. A wrong bit field
# leaves a call of a function that is declared as an error, so compile with -O2 and to an object file.
#
# usage: make_abi_test.sh x64|x86|arm64 >abi_test.c
set -eu
export LC_ALL=C

Here=$(cd "$(dirname "$0")" && pwd)
Architecture=$1
case $Architecture in
x64) Column=2 ;;
x86) Column=3 ;;
arm64) Column=4 ;;
*)
    echo "make_abi_test.sh: unknown architecture $Architecture" >&2
    exit 2
    ;;
esac

cat <<'PROLOGUE'
#include "nt.h"

#define SIZE(Type, Expected) _Static_assert(sizeof(Type) == (Expected), "size of " #Type)
#define OFFSET(Type, Member, Expected)                                                             \
    _Static_assert(offsetof(Type, Member) == (Expected), "offset of " #Type "." #Member)
#define CONSTANT(Name, Expected)                                                                   \
    _Static_assert((long long)(Name) == (long long)(Expected), "value of " #Name)

/* Byte by byte and without a loop: in this form both compilers see through it. */
#define AT(Byte, Index) ((unsigned long long)Probe.Bytes[(Byte) + (Index)] << (8 * (Index)))

/* Sets one bit field to all ones in zeroed memory: exactly the bits First to Last from Byte on. */
#define BITS(Line, Type, Member, Byte, First, Last)                                                \
    void WrongBits##Line(void) __attribute__((error("bits of " #Type "." #Member)));               \
    void CheckBits##Line(void);                                                                    \
    void CheckBits##Line(void)                                                                     \
    {                                                                                              \
        union                                                                                      \
        {                                                                                          \
            unsigned long long Padding[(sizeof(Type) + 15) / 8];                                   \
            unsigned char Bytes[sizeof(Type) + 8];                                                 \
            Type Value;                                                                            \
        } Probe;                                                                                   \
        unsigned long long Found = 0;                                                              \
        __builtin_memset(&Probe, 0, sizeof(Probe));                                                \
        Probe.Value.Member = -1;                                                                   \
        Found |= AT(Byte, 0) | AT(Byte, 1) | AT(Byte, 2) | AT(Byte, 3);                            \
        Found |= AT(Byte, 4) | AT(Byte, 5) | AT(Byte, 6) | AT(Byte, 7);                            \
        if (Found != ((~0ULL >> (63 - ((Last) - (First)))) << (First)))                            \
            WrongBits##Line();                                                                     \
    }
PROLOGUE

awk -F'\t' -v Architecture="$Architecture" '
/^#/ || $1 != Architecture { next }
$3 == "" { printf "SIZE(%s, %s);\n", $2, $4; next }
$4 ~ /:/ {
    split($4, Byte, ":")
    split(Byte[2], Bit, "-")
    printf "BITS(%d, %s, %s, %s, %s, %s)\n", NR, $2, $3, Byte[1], Bit[1], Bit[2]
    next
}
{ printf "OFFSET(%s, %s, %s);\n", $2, $3, $4 }' "$Here/abi_layout.tsv"

awk -F'\t' -v Column="$Column" '
/^#/ || $Column == "-" { next }
{ printf "CONSTANT(%s, %sULL);\n", $1, $Column }' "$Here/abi_constants.tsv"
