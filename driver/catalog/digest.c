/* SPDX-License-Identifier: MIT */
/* Hashes the files of a package as Windows does; see digest.h. Offsets are those of the PE format.
 */
#include "digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define DOS_HEADER_SIZE           0x40
#define DOS_HEADER_PE_OFFSET      0x3c
#define PE_SIGNATURE_SIZE         4
#define FILE_HEADER_SIZE          20
#define FILE_HEADER_SECTIONS      2
#define FILE_HEADER_OPTIONAL_SIZE 16
#define SECTION_HEADER_SIZE       40
#define SECTION_RAW_SIZE          16
#define SECTION_RAW_OFFSET        20
#define OPTIONAL_MAGIC_PE32       0x10b
#define OPTIONAL_MAGIC_PE32_PLUS  0x20b
#define OPTIONAL_CHECKSUM         64
#define OPTIONAL_DIRECTORIES_32   96
#define OPTIONAL_DIRECTORIES_64   112
#define DIRECTORY_SECURITY        4
#define DIRECTORY_ENTRY_SIZE      8
#define CHECKSUM_SIZE             4
#define CERTIFICATE_ALIGNMENT     8
#define PARTS_MAX                 4

/* The bytes that are hashed, in their order. */
struct parts
{
    struct
    {
        const uint8_t *Bytes;
        size_t Size;
    } Part[PARTS_MAX];
    unsigned Count;
};

static void
AddPart(struct parts *Parts, const uint8_t *Bytes, size_t Size)
{
    Parts->Part[Parts->Count].Bytes = Bytes;
    Parts->Part[Parts->Count++].Size = Size;
}

static uint32_t
Read16(const uint8_t *Bytes)
{
    return (uint32_t)Bytes[0] | (uint32_t)Bytes[1] << 8;
}

static uint32_t
Read32(const uint8_t *Bytes)
{
    return Read16(Bytes) | Read16(Bytes + 2) << 16;
}

static bool
HashParts(const struct parts *Parts, const EVP_MD *Algorithm, uint8_t *Digest)
{
    EVP_MD_CTX *Context = EVP_MD_CTX_new();
    bool Good = Context && EVP_DigestInit_ex(Context, Algorithm, NULL);
    for (unsigned i = 0; Good && i < Parts->Count; i++)
        Good = EVP_DigestUpdate(Context, Parts->Part[i].Bytes, Parts->Part[i].Size);
    Good = Good && EVP_DigestFinal_ex(Context, Digest, NULL);
    EVP_MD_CTX_free(Context);
    if (!Good)
        fputs("make_catalog: libcrypto cannot hash\n", stderr);
    return Good;
}

/* Whether the file has all that its section headers say. Optional: the offset of the optional
 * header. */
static bool
HasSections(const uint8_t *Bytes, size_t Size, size_t Optional)
{
    uint32_t Count = Read16(Bytes + Optional - FILE_HEADER_SIZE + FILE_HEADER_SECTIONS);
    size_t Header =
        Optional + Read16(Bytes + Optional - FILE_HEADER_SIZE + FILE_HEADER_OPTIONAL_SIZE);
    if (Header > Size || (Size - Header) / SECTION_HEADER_SIZE < Count)
        return false;
    for (; Count--; Header += SECTION_HEADER_SIZE)
    {
        uint32_t RawSize = Read32(Bytes + Header + SECTION_RAW_SIZE);
        uint32_t RawOffset = Read32(Bytes + Header + SECTION_RAW_OFFSET);
        if (RawSize && (RawOffset > Size || RawSize > Size - RawOffset))
            return false;
    }
    return true;
}

/* The parts of an image that count. Returns false if it is no whole image. */
static bool
ImageParts(const uint8_t *Bytes, size_t Size, struct parts *Parts)
{
    static const uint8_t Zeros[CERTIFICATE_ALIGNMENT];
    if (Size < DOS_HEADER_SIZE)
        return false;
    size_t Optional =
        (size_t)Read32(Bytes + DOS_HEADER_PE_OFFSET) + PE_SIGNATURE_SIZE + FILE_HEADER_SIZE;
    if (Optional > Size || Size - Optional < OPTIONAL_DIRECTORIES_64 ||
        memcmp(Bytes + Optional - PE_SIGNATURE_SIZE - FILE_HEADER_SIZE, "PE\0",
               PE_SIGNATURE_SIZE) != 0)
        return false;
    size_t Directories = Optional;
    uint32_t Magic = Read16(Bytes + Optional);
    if (Magic == OPTIONAL_MAGIC_PE32)
        Directories += OPTIONAL_DIRECTORIES_32;
    else if (Magic == OPTIONAL_MAGIC_PE32_PLUS)
        Directories += OPTIONAL_DIRECTORIES_64;
    else
        return false;
    /* How many entries there are stands in the four bytes before the first. */
    size_t Security = Directories + DIRECTORY_SECURITY * DIRECTORY_ENTRY_SIZE;
    size_t AfterSecurity = Security + DIRECTORY_ENTRY_SIZE;
    if (AfterSecurity > Size || Read32(Bytes + Directories - 4) <= DIRECTORY_SECURITY ||
        !HasSections(Bytes, Size, Optional))
        return false;

    /* This directory is the one whose address is an offset in the file. */
    size_t End = Size, Certificates = Read32(Bytes + Security);
    if (Certificates)
    {
        /* They are the last in a signed file; anything else is not what Windows would accept. */
        if (Certificates < AfterSecurity || Certificates > Size ||
            Size - Certificates != Read32(Bytes + Security + 4))
            return false;
        End = Certificates;
    }
    size_t Checksum = Optional + OPTIONAL_CHECKSUM;
    AddPart(Parts, Bytes, Checksum);
    AddPart(Parts, Bytes + Checksum + CHECKSUM_SIZE, Security - Checksum - CHECKSUM_SIZE);
    AddPart(Parts, Bytes + AfterSecurity, End - AfterSecurity);
    AddPart(Parts, Zeros,
            (CERTIFICATE_ALIGNMENT - End % CERTIFICATE_ALIGNMENT) % CERTIFICATE_ALIGNMENT);
    return true;
}

bool
DigestFile(const char *Path, const uint8_t *Bytes, size_t Size, struct digests *Digests)
{
    struct parts Parts = {0};
    Digests->IsImage = Size >= 2 && memcmp(Bytes, "MZ", 2) == 0;
    if (!Digests->IsImage)
        AddPart(&Parts, Bytes, Size);
    else if (!ImageParts(Bytes, Size, &Parts))
    {
        fprintf(stderr, "make_catalog: %s begins like an executable image and is none\n", Path);
        return false;
    }
    return HashParts(&Parts, EVP_sha1(), Digests->Sha1) &&
           HashParts(&Parts, EVP_sha256(), Digests->Sha256);
}

bool
DigestBytes(const void *Bytes, size_t Size, uint8_t Digest[DIGEST_SHA256_SIZE])
{
    struct parts Parts = {0};
    AddPart(&Parts, Bytes, Size);
    return HashParts(&Parts, EVP_sha256(), Digest);
}
