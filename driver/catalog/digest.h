/* SPDX-License-Identifier: MIT */
/* What Windows calls the hash of a file in a catalog. */
#ifndef CULVERT_CATALOG_DIGEST_H
#define CULVERT_CATALOG_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_SHA1_SIZE   20
#define DIGEST_SHA256_SIZE 32

struct digests
{
    uint8_t Sha1[DIGEST_SHA1_SIZE];
    uint8_t Sha256[DIGEST_SHA256_SIZE];
    bool IsImage; /* hashed as an image, not as plain bytes */
};

/*
 * Hashes a file of a package.
 *
 * A PE image is hashed as "Windows Authenticode Portable Executable Signature Format" (Microsoft,
 * 2008) says: without what signing the file would change, which is the checksum, the directory
 * entry of the certificates and the certificates, and with zeros up to a multiple of eight bytes,
 * which is where signing puts the certificates. Anything else is hashed as it is.
 *
 * Path: for messages. Returns false after a message if it begins like an image and is none.
 */
bool
DigestFile(const char *Path, const uint8_t *Bytes, size_t Size, struct digests *Digests);

/* SHA-256 of Bytes. */
bool
DigestBytes(const void *Bytes, size_t Size, uint8_t Digest[DIGEST_SHA256_SIZE]);

#endif
