/* SPDX-License-Identifier: MIT */
/*
 * The structure of a security catalog: a PKCS #7 SignedData (RFC 2315) without signers, whose
 * content is a certificate trust list: a list of hashes, each with attributes, and attributes of
 * the whole (extensions).
 *
 * Identifiers are named as in wintrust.h and mscat.h. What is known of the structure and what is
 * not: make_catalog.c.
 */
#include "catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OID_SIGNED_DATA          "1.2.840.113549.1.7.2"
#define OID_SHA1                 "1.3.14.3.2.26"
#define OID_SHA256               "2.16.840.1.101.3.4.2.1"
#define OID_CTL                  "1.3.6.1.4.1.311.10.1"
#define OID_CATALOG_LIST         "1.3.6.1.4.1.311.12.1.1"
#define OID_CATALOG_LIST_MEMBER  "1.3.6.1.4.1.311.12.1.2"
#define OID_CATALOG_LIST_MEMBER2 "1.3.6.1.4.1.311.12.1.3"
#define OID_CAT_NAMEVALUE        "1.3.6.1.4.1.311.12.2.1"
#define OID_CAT_MEMBERINFO       "1.3.6.1.4.1.311.12.2.2"
#define OID_CAT_MEMBERINFO2      "1.3.6.1.4.1.311.12.2.3"
#define OID_SPC_INDIRECT_DATA    "1.3.6.1.4.1.311.2.1.4"
#define OID_SPC_PE_IMAGE_DATA    "1.3.6.1.4.1.311.2.1.15"
#define OID_SPC_CAB_DATA         "1.3.6.1.4.1.311.2.1.25"

/* The subject interface packages that know how to hash images and flat files. */
#define SUBJECT_IMAGE   "{C689AAB8-8E78-11D0-8C47-00C04FC295EE}"
#define SUBJECT_FLAT    "{DE351A42-8E59-11D0-8C47-00C04FC295EE}"
#define SUBJECT_VERSION 0x200

/* The same two as the choices of CAT_MEMBERINFO2. */
#define SUBJECT2_IMAGE 0
#define SUBJECT2_FLAT  2

/* The choice "file" of SpcLink, and "unicode" of SpcString in it. */
#define SPC_LINK_FILE      2
#define SPC_STRING_UNICODE 0

/* CRYPTCAT_ATTR_AUTHENTICATED | CRYPTCAT_ATTR_DATAASCII | CRYPTCAT_ATTR_NAMEASCII */
#define NAMEVALUE_FLAGS 0x10010001

#define SIGNED_DATA_VERSION  1
#define LIST_IDENTIFIER_SIZE 16
#define WINDOWS_8            1 /* in Windows[]: the first that knows catalogs of version 2 */

/* What catalogs call the versions of Windows: OSAttr of a file, OS of the catalog. */
struct windows
{
    const char *Version;
    const char *Attribute;
    const char *Amd64, *X86, *Arm64;
};

static const struct windows Windows[] = {
    {"6.1", "2:6.1", "7X64,Server2008R2X64", "7X86", NULL},
    {"6.2", "2:6.2", "8X64,Server2012X64", "8X86", NULL},
    {"6.3", "2:6.3", "_v63_X64,_v63_Server_X64", "_v63", NULL},
    {"10.0", "2:10.0", "_v100_X64,Server_v100_X64", "_v100", "_v100_ARM64_RS3,Server_v100_ARM64"},
};
#define WINDOWS_COUNT (sizeof(Windows) / sizeof(Windows[0]))
#define LIST_SIZE     256

/* A hash in the list. */
struct member
{
    const struct catalog_file *File;
    const uint8_t *Digest;
    size_t DigestSize;
    bool HasIndirectData; /* says how the hash was made */
};

/* What is in the catalog of one run. */
struct contents
{
    const struct catalog *Catalog;
    bool Version2;
    char OsAttr[LIST_SIZE];
    char Os[LIST_SIZE];
    struct member Members[2 * CATALOG_FILES_MAX];
    size_t MemberCount;
};

static void
AddToList(char *List, const char *Name)
{
    size_t Size = strlen(List);
    snprintf(List + Size, LIST_SIZE - Size, "%s%s", Size ? "," : "", Name);
}

static const char *
WindowsFor(const struct windows *Version, const char *Architecture)
{
    if (strcmp(Architecture, "amd64") == 0)
        return Version->Amd64;
    return strcmp(Architecture, "x86") == 0 ? Version->X86 : Version->Arm64;
}

static bool
ChooseWindows(struct contents *Contents)
{
    const struct catalog *Catalog = Contents->Catalog;
    size_t Oldest = 0;
    while (Oldest < WINDOWS_COUNT && strcmp(Windows[Oldest].Version, Catalog->Oldest) != 0)
        Oldest++;
    for (size_t i = Oldest; i < WINDOWS_COUNT; i++)
    {
        const char *Name = WindowsFor(&Windows[i], Catalog->Architecture);
        if (!Name)
            continue;
        if (!Contents->Os[0])
            Contents->Version2 = i >= WINDOWS_8;
        AddToList(Contents->OsAttr, Windows[i].Attribute);
        AddToList(Contents->Os, Name);
    }
    if (Contents->Os[0])
        return true;
    fprintf(stderr, "make_catalog: no Windows from %s on for %s is known\n", Catalog->Oldest,
            Catalog->Architecture);
    return false;
}

/* CatalogNameValue ::= SEQUENCE { name BMPString, flags INTEGER, value OCTET STRING } */
static void
PutNameValue(struct der *Der, const char *Name, const char *Value)
{
    size_t NameValue = DerOpen(Der, DER_SEQUENCE);
    DerPutBmpString(Der, Name);
    DerPutInteger(Der, NAMEVALUE_FLAGS);
    DerPutWideText(Der, Value);
    DerClose(Der, NameValue);
}

static void
PutNameValueAttribute(struct der *Der, const char *Name, const char *Value)
{
    size_t Attribute = DerOpen(Der, DER_SEQUENCE);
    DerPutIdentifier(Der, OID_CAT_NAMEVALUE);
    size_t Values = DerOpen(Der, DER_SET);
    PutNameValue(Der, Name, Value);
    DerClose(Der, Values);
    DerClose(Der, Attribute);
}

/* Which subject interface package hashes the file. */
static void
PutMemberInfo(struct der *Der, bool IsImage, bool Version2)
{
    size_t Attribute = DerOpen(Der, DER_SEQUENCE);
    DerPutIdentifier(Der, Version2 ? OID_CAT_MEMBERINFO2 : OID_CAT_MEMBERINFO);
    size_t Values = DerOpen(Der, DER_SET);
    if (Version2)
        DerPut(Der, DER_CONTEXT_PRIMITIVE + (IsImage ? SUBJECT2_IMAGE : SUBJECT2_FLAT), NULL, 0);
    else
    {
        size_t Info = DerOpen(Der, DER_SEQUENCE);
        DerPutBmpString(Der, IsImage ? SUBJECT_IMAGE : SUBJECT_FLAT);
        DerPutInteger(Der, SUBJECT_VERSION);
        DerClose(Der, Info);
    }
    DerClose(Der, Values);
    DerClose(Der, Attribute);
}

static void
PutAlgorithm(struct der *Der, const char *Identifier)
{
    size_t Algorithm = DerOpen(Der, DER_SEQUENCE);
    DerPutIdentifier(Der, Identifier);
    DerPut(Der, DER_NULL, NULL, 0);
    DerClose(Der, Algorithm);
}

/* SpcLink, the choice "file", with an empty name: what catalogs of the WDK have. */
static void
PutEmptyLink(struct der *Der)
{
    size_t Link = DerOpen(Der, DER_CONTEXT + SPC_LINK_FILE);
    DerPut(Der, DER_CONTEXT_PRIMITIVE + SPC_STRING_UNICODE, NULL, 0);
    DerClose(Der, Link);
}

/* SpcAttributeTypeAndOptionalValue: what kind of data the hash is of. */
static void
PutHashedData(struct der *Der, bool IsImage)
{
    /* SpcPeImageFlags: includeResources and includeImportAddressTable, the first and third of three
     * bits. */
    static const uint8_t Flags[] = {5, 0xa0};
    size_t Data = DerOpen(Der, DER_SEQUENCE);
    DerPutIdentifier(Der, IsImage ? OID_SPC_PE_IMAGE_DATA : OID_SPC_CAB_DATA);
    if (IsImage)
    {
        size_t Image = DerOpen(Der, DER_SEQUENCE);
        DerPut(Der, DER_BIT_STRING, Flags, sizeof(Flags));
        size_t File = DerOpen(Der, DER_CONTEXT);
        PutEmptyLink(Der);
        DerClose(Der, File);
        DerClose(Der, Image);
    }
    else
        PutEmptyLink(Der);
    DerClose(Der, Data);
}

/* SpcIndirectDataContent ::= SEQUENCE { data, messageDigest DigestInfo } */
static void
PutIndirectData(struct der *Der, const struct member *Member)
{
    size_t Attribute = DerOpen(Der, DER_SEQUENCE);
    DerPutIdentifier(Der, OID_SPC_INDIRECT_DATA);
    size_t Values = DerOpen(Der, DER_SET);
    size_t Indirect = DerOpen(Der, DER_SEQUENCE);
    PutHashedData(Der, Member->File->Digests.IsImage);
    size_t DigestInfo = DerOpen(Der, DER_SEQUENCE);
    PutAlgorithm(Der, Member->DigestSize == DIGEST_SHA1_SIZE ? OID_SHA1 : OID_SHA256);
    DerPut(Der, DER_OCTET_STRING, Member->Digest, Member->DigestSize);
    DerClose(Der, DigestInfo);
    DerClose(Der, Indirect);
    DerClose(Der, Values);
    DerClose(Der, Attribute);
}

/* TrustedSubject ::= SEQUENCE { subjectIdentifier OCTET STRING, subjectAttributes SET OF Attribute
 * } */
static void
PutMember(struct der *Der, const struct contents *Contents, const struct member *Member)
{
    size_t Subject = DerOpen(Der, DER_SEQUENCE);
    if (Contents->Version2)
        DerPut(Der, DER_OCTET_STRING, Member->Digest, Member->DigestSize);
    else
    {
        /* The hash as Windows writes it out for people. */
        char Text[2 * DIGEST_SHA256_SIZE + 1];
        for (size_t i = 0; i < Member->DigestSize; i++)
            snprintf(Text + 2 * i, 3, "%02X", Member->Digest[i]);
        DerPutWideText(Der, Text);
    }
    size_t Attributes = DerOpen(Der, DER_SET);
    PutNameValueAttribute(Der, "File", Member->File->Name);
    PutNameValueAttribute(Der, "OSAttr", Contents->OsAttr);
    PutMemberInfo(Der, Member->File->Digests.IsImage, Contents->Version2);
    if (Member->HasIndirectData)
        PutIndirectData(Der, Member);
    DerCloseSetOf(Der, Attributes);
    DerClose(Der, Subject);
}

static void
PutExtension(struct der *Der, const char *Name, const char *Value)
{
    size_t Extension = DerOpen(Der, DER_SEQUENCE);
    DerPutIdentifier(Der, OID_CAT_NAMEVALUE);
    size_t Contents = DerOpen(Der, DER_OCTET_STRING);
    PutNameValue(Der, Name, Value);
    DerClose(Der, Contents);
    DerClose(Der, Extension);
}

/* The hardware ids are numbered from 1 and stand with the last first, as Inf2Cat has them. */
static void
PutExtensions(struct der *Der, const struct contents *Contents)
{
    const struct inf_names *Ids = Contents->Catalog->HardwareIds;
    size_t Tagged = DerOpen(Der, DER_CONTEXT);
    size_t Extensions = DerOpen(Der, DER_SEQUENCE);
    PutExtension(Der, "OS", Contents->Os);
    for (size_t i = Ids->Count; i; i--)
    {
        char Name[32];
        snprintf(Name, sizeof(Name), "HWID%zu", i);
        PutExtension(Der, Name, Ids->Name[i - 1]);
    }
    DerClose(Der, Extensions);
    DerClose(Der, Tagged);
}

/* By hash: Windows looks members up by it, and lists are in its order. */
static int
CompareMembers(const void *Left, const void *Right)
{
    const struct member *A = Left, *B = Right;
    int Order =
        memcmp(A->Digest, B->Digest, A->DigestSize < B->DigestSize ? A->DigestSize : B->DigestSize);
    return Order ? Order : (A->DigestSize > B->DigestSize) - (A->DigestSize < B->DigestSize);
}

static void
AddMember(struct contents *Contents, const struct catalog_file *File, const uint8_t *Digest,
          size_t DigestSize, bool HasIndirectData)
{
    Contents->Members[Contents->MemberCount++] =
        (struct member){File, Digest, DigestSize, HasIndirectData};
}

static void
ChooseMembers(struct contents *Contents)
{
    const struct catalog *Catalog = Contents->Catalog;
    for (size_t i = 0; i < Catalog->FileCount; i++)
    {
        const struct catalog_file *File = &Catalog->Files[i];
        AddMember(Contents, File, File->Digests.Sha1, DIGEST_SHA1_SIZE, !Contents->Version2);
        if (Contents->Version2)
            AddMember(Contents, File, File->Digests.Sha256, DIGEST_SHA256_SIZE, true);
    }
    qsort(Contents->Members, Contents->MemberCount, sizeof(Contents->Members[0]), CompareMembers);
}

/*
 * CertificateTrustList ::= SEQUENCE { subjectUsage, listIdentifier OCTET STRING, thisUpdate
 * UTCTime, subjectAlgorithm, trustedSubjects SEQUENCE OF TrustedSubject, ctlExtensions [0] EXPLICIT
 * }
 */
static bool
PutTrustList(struct der *Der, const struct contents *Contents)
{
    struct der Members = {0};
    uint8_t Identifier[DIGEST_SHA256_SIZE];
    size_t Subjects = DerOpen(&Members, DER_SEQUENCE);
    for (size_t i = 0; i < Contents->MemberCount; i++)
        PutMember(&Members, Contents, &Contents->Members[i]);
    DerClose(&Members, Subjects);

    /* Windows takes a random number; the hash of what is listed is as unique, and the same each
     * time. */
    bool Good = DigestBytes(Members.Bytes, Members.Size, Identifier);
    if (Good)
    {
        size_t List = DerOpen(Der, DER_SEQUENCE);
        size_t Usage = DerOpen(Der, DER_SEQUENCE);
        DerPutIdentifier(Der, OID_CATALOG_LIST);
        DerClose(Der, Usage);
        DerPut(Der, DER_OCTET_STRING, Identifier, LIST_IDENTIFIER_SIZE);
        DerPut(Der, DER_UTC_TIME, Contents->Catalog->Date, strlen(Contents->Catalog->Date));
        PutAlgorithm(Der, Contents->Version2 ? OID_CATALOG_LIST_MEMBER2 : OID_CATALOG_LIST_MEMBER);
        DerPutEncoded(Der, &Members);
        PutExtensions(Der, Contents);
        DerClose(Der, List);
    }
    DerFree(&Members);
    return Good;
}

bool
CatalogWrite(const struct catalog *Catalog, struct der *Der)
{
    struct contents Contents = {.Catalog = Catalog};
    if (!ChooseWindows(&Contents))
        return false;
    ChooseMembers(&Contents);

    /* Without signers the sets of digest algorithms and of signers are empty, and there are no
     * certificates. */
    size_t ContentInfo = DerOpen(Der, DER_SEQUENCE);
    DerPutIdentifier(Der, OID_SIGNED_DATA);
    size_t Content = DerOpen(Der, DER_CONTEXT);
    size_t SignedData = DerOpen(Der, DER_SEQUENCE);
    DerPutInteger(Der, SIGNED_DATA_VERSION);
    DerPut(Der, DER_SET, NULL, 0);
    size_t Inner = DerOpen(Der, DER_SEQUENCE);
    DerPutIdentifier(Der, OID_CTL);
    size_t InnerContent = DerOpen(Der, DER_CONTEXT);
    bool Good = PutTrustList(Der, &Contents);
    DerClose(Der, InnerContent);
    DerClose(Der, Inner);
    DerPut(Der, DER_SET, NULL, 0);
    DerClose(Der, SignedData);
    DerClose(Der, Content);
    DerClose(Der, ContentInfo);
    return Good;
}
