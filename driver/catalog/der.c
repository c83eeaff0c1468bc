/* SPDX-License-Identifier: MIT */
/* Writes ASN.1 values in the distinguished encoding. */
#include "der.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH_SHORT_MAX 0x7f
#define LENGTH_LONG_FLAG 0x80

static void
Append(struct der *Der, const void *Bytes, size_t Size)
{
    if (!Size)
        return;
    if (Der->Room - Der->Size < Size)
    {
        Der->Room = 2 * Der->Room + Size + 256;
        Der->Bytes = realloc(Der->Bytes, Der->Room);
        if (!Der->Bytes)
        {
            fputs("make_catalog: out of memory\n", stderr);
            exit(1);
        }
    }
    memcpy(Der->Bytes + Der->Size, Bytes, Size);
    Der->Size += Size;
}

static void
AppendByte(struct der *Der, unsigned Byte)
{
    Append(Der, &(uint8_t){(uint8_t)Byte}, 1);
}

size_t
DerOpen(struct der *Der, unsigned Tag)
{
    AppendByte(Der, Tag);
    return Der->Size;
}

void
DerClose(struct der *Der, size_t Contents)
{
    /* The length stands before the contents, and how long it is shows only now. */
    size_t Size = Der->Size - Contents;
    uint8_t Length[1 + sizeof(Size)];
    size_t Count = 0;
    if (Size <= LENGTH_SHORT_MAX)
        Length[Count++] = (uint8_t)Size;
    else
    {
        unsigned Digits = 1;
        while (Digits < sizeof(Size) && Size >> (8 * Digits))
            Digits++;
        Length[Count++] = (uint8_t)(LENGTH_LONG_FLAG | Digits);
        while (Digits--)
            Length[Count++] = (uint8_t)(Size >> (8 * Digits));
    }
    Append(Der, Length, Count);
    memmove(Der->Bytes + Contents + Count, Der->Bytes + Contents, Size);
    memcpy(Der->Bytes + Contents, Length, Count);
}

/* How many bytes the value at Bytes takes; it is one that DerClose has written. */
static size_t
ValueSize(const uint8_t *Bytes)
{
    if (Bytes[1] <= LENGTH_SHORT_MAX)
        return 2 + (size_t)Bytes[1];
    unsigned Digits = Bytes[1] & ~LENGTH_LONG_FLAG;
    size_t Size = 0;
    for (unsigned i = 0; i < Digits; i++)
        Size = Size << 8 | Bytes[2 + i];
    return 2 + Digits + Size;
}

/* As X.690 11.6 orders them. Of two different values none is the beginning of the other. */
static int
CompareValues(const void *Left, const void *Right)
{
    const uint8_t *A = *(const uint8_t *const *)Left, *B = *(const uint8_t *const *)Right;
    size_t SizeA = ValueSize(A), SizeB = ValueSize(B);
    return memcmp(A, B, SizeA < SizeB ? SizeA : SizeB);
}

void
DerCloseSetOf(struct der *Der, size_t Contents)
{
    size_t Size = Der->Size - Contents, Count = 0;
    struct der Unsorted = {0};
    Append(&Unsorted, Der->Bytes + Contents, Size);
    /* No value is shorter than tag and length. */
    const uint8_t **Values = calloc(Size / 2 + 1, sizeof(*Values));
    if (!Values)
    {
        fputs("make_catalog: out of memory\n", stderr);
        exit(1);
    }
    for (size_t At = 0; At < Size; At += ValueSize(Unsorted.Bytes + At))
        Values[Count++] = Unsorted.Bytes + At;
    qsort(Values, Count, sizeof(*Values), CompareValues);
    Der->Size = Contents;
    for (size_t i = 0; i < Count; i++)
        Append(Der, Values[i], ValueSize(Values[i]));
    free(Values);
    DerFree(&Unsorted);
    DerClose(Der, Contents);
}

void
DerPut(struct der *Der, unsigned Tag, const void *Contents, size_t Size)
{
    size_t Value = DerOpen(Der, Tag);
    Append(Der, Contents, Size);
    DerClose(Der, Value);
}

void
DerPutEncoded(struct der *Der, const struct der *Encoded)
{
    Append(Der, Encoded->Bytes, Encoded->Size);
}

void
DerPutInteger(struct der *Der, uint32_t Value)
{
    /* The fewest bytes whose first bit, the sign, is clear. */
    unsigned Bytes = 1;
    while (Bytes <= sizeof(Value) && (uint64_t)Value >> (8 * Bytes - 1))
        Bytes++;
    size_t Integer = DerOpen(Der, DER_INTEGER);
    while (Bytes--)
        AppendByte(Der, (unsigned)((uint64_t)Value >> (8 * Bytes)) & 0xff);
    DerClose(Der, Integer);
}

void
DerPutIdentifier(struct der *Der, const char *Dotted)
{
    size_t Identifier = DerOpen(Der, DER_OBJECT_IDENTIFIER);
    char *Next;
    unsigned long First = strtoul(Dotted, &Next, 10);
    unsigned long Arc = 40 * First + strtoul(Next + 1, &Next, 10);
    for (;;)
    {
        unsigned Shift = 0;
        while (Arc >> (Shift + 7))
            Shift += 7;
        for (; Shift; Shift -= 7)
            AppendByte(Der, 0x80 | (Arc >> Shift & 0x7f));
        AppendByte(Der, Arc & 0x7f);
        if (*Next != '.')
            break;
        Arc = strtoul(Next + 1, &Next, 10);
    }
    DerClose(Der, Identifier);
}

void
DerPutBmpString(struct der *Der, const char *Text)
{
    size_t String = DerOpen(Der, DER_BMP_STRING);
    for (; *Text; Text++)
    {
        AppendByte(Der, 0);
        AppendByte(Der, (unsigned char)*Text);
    }
    DerClose(Der, String);
}

void
DerPutWideText(struct der *Der, const char *Text)
{
    size_t String = DerOpen(Der, DER_OCTET_STRING);
    do
    {
        AppendByte(Der, (unsigned char)*Text);
        AppendByte(Der, 0);
    } while (*Text++);
    DerClose(Der, String);
}

void
DerFree(struct der *Der)
{
    free(Der->Bytes);
    *Der = (struct der){0};
}
