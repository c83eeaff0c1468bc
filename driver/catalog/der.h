/* SPDX-License-Identifier: MIT */
/*
 * Writes ASN.1 values in the distinguished encoding (ITU-T X.690), into memory that grows.
 *
 * For programs of the build: memory that cannot be had ends the program with a message.
 */
#ifndef CULVERT_CATALOG_DER_H
#define CULVERT_CATALOG_DER_H

#include <stddef.h>
#include <stdint.h>

enum der_tag
{
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OBJECT_IDENTIFIER = 0x06,
    DER_UTC_TIME = 0x17,
    DER_BMP_STRING = 0x1e,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT_PRIMITIVE = 0x80, /* plus the number */
    DER_CONTEXT = 0xa0            /* constructed; plus the number */
};

struct der
{
    uint8_t *Bytes;
    size_t Size;
    size_t Room;
};

/* Opens a value: what is written until DerClose is its contents. Returns what DerClose takes. */
size_t
DerOpen(struct der *Der, unsigned Tag);

void
DerClose(struct der *Der, size_t Contents);

/* The same for a SET OF: puts its elements in the order that DER wants. */
void
DerCloseSetOf(struct der *Der, size_t Contents);

/* A value with these contents, or without any. */
void
DerPut(struct der *Der, unsigned Tag, const void *Contents, size_t Size);

/* What another struct der has, as it is. */
void
DerPutEncoded(struct der *Der, const struct der *Encoded);

void
DerPutInteger(struct der *Der, uint32_t Value);

/* Dotted: an identifier as people write it, "1.3.6.1". */
void
DerPutIdentifier(struct der *Der, const char *Dotted);

/* An ASCII text as a BMPString (16 bits a character, most significant byte first, no terminator).
 */
void
DerPutBmpString(struct der *Der, const char *Text);

/* An ASCII text as Windows has it (16 bits, least significant byte first, terminated), as an OCTET
 * STRING. */
void
DerPutWideText(struct der *Der, const char *Text);

void
DerFree(struct der *Der);

#endif
