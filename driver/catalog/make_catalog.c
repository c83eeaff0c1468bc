/* SPDX-License-Identifier: MIT */
/*
 * Makes the security catalog of a driver package: what Inf2Cat makes on Windows, without the
 * signature.
 *
 *   make_catalog ARCHITECTURE OLDEST INF CATALOG
 *
 * ARCHITECTURE is amd64, x86 or arm64; OLDEST the oldest Windows that must accept the catalog: 6.1
 * (7), 6.2 (8), 6.3 (8.1) or 10.0 (10 and 11). The members are the INF and the files of its
 * [SourceDisksFiles], which lie beside it under their names in lower case. The same files always
 * give the same bytes: the list's identifier is a hash of its members, its date that of DriverVer.
 * On Windows it remains to sign it: signtool sign /fd sha256 ... culvert.cat.
 *
 * Which version of catalogs: version 1 has SHA-1 hashes, version 2 SHA-256, and SHA-1 besides for
 * callers that ask for it. Windows 7 does not know version 2 (documentation of New-FileCatalog and
 * MakeCat), every newer Windows knows both. So the catalog is of version 1 if OLDEST is 6.1 and the
 * architecture had a Windows 7 (amd64, x86), and of version 2 otherwise (arm64). Who gives Windows
 * 7 up gets SHA-256 with OLDEST 6.2. SHA-1 here is the weaker choice; the signature over the list
 * is with whatever hash the signer takes, SHA-256 for any Windows of today.
 *
 * Known to be right: catalogs that Microsoft signed for virtio-win drivers (Windows 7, 8 and 8.1,
 * x86 and amd64) were made again from their packages, with the attributes of the one Windows that
 * each is for. Eleven lists, six of version 1 and five of version 2, came out the same to the byte
 * but for identifier and date: every hash, identifier, flag, text and the order of it all. That a
 * list without signers has empty sets is from unsigned catalogs made on Windows; that images are
 * hashed with zeros up to a multiple of eight bytes, from reports by users of Windows 11. Known
 * from text only: the names of Windows 10 in the attribute OS (_v100 and those that begin so or
 * with Server_v100), and how OSAttr lists several versions. Not tried, for want of a Windows:
 * signing with signtool, and installing what was signed. The test signs with osslsigncode, which
 * reads and checks catalogs by itself.
 */
#include "catalog.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Larger than any driver; a build that has gone wrong must not fill the memory. */
#define FILE_SIZE_MAX (64 * 1024 * 1024)

struct file
{
    uint8_t *Bytes; /* and a terminating zero */
    size_t Size;
};

/* Returns false after a message; otherwise the caller frees Bytes. */
static bool
FileRead(const char *Path, struct file *File)
{
    bool Good = false;
    FILE *Stream = fopen(Path, "rb");
    if (!Stream)
        goto Complain;
    if (fseek(Stream, 0, SEEK_END) != 0)
        goto Close;
    long Size = ftell(Stream);
    if (Size < 0 || Size > FILE_SIZE_MAX || fseek(Stream, 0, SEEK_SET) != 0)
        goto Close;
    File->Size = (size_t)Size;
    File->Bytes = malloc(File->Size + 1);
    if (!File->Bytes)
        goto Close;
    File->Bytes[File->Size] = 0;
    Good = fread(File->Bytes, 1, File->Size, Stream) == File->Size;
    if (!Good)
        free(File->Bytes);
Close:
    fclose(Stream);
Complain:
    if (!Good)
        fprintf(stderr, "make_catalog: cannot read %s\n", Path);
    return Good;
}

static bool
FileWrite(const char *Path, const struct der *Der)
{
    FILE *Stream = fopen(Path, "wb");
    bool Good = Stream && fwrite(Der->Bytes, 1, Der->Size, Stream) == Der->Size;
    if (Stream && fclose(Stream) != 0)
        Good = false;
    if (Good)
        return true;
    fprintf(stderr, "make_catalog: cannot write %s\n", Path);
    /* Nothing half written may look like a catalog to the build. */
    if (Stream)
        remove(Path);
    return false;
}

static const char *
FileName(const char *Path)
{
    const char *Slash = strrchr(Path, '/');
    return Slash ? Slash + 1 : Path;
}

static bool
AddFile(struct catalog *Catalog, const char *Path, const char *Name)
{
    struct file File;
    if (!FileRead(Path, &File))
        return false;
    struct catalog_file *Entry = &Catalog->Files[Catalog->FileCount++];
    Entry->Name = Name;
    bool Good = DigestFile(Path, File.Bytes, File.Size, &Entry->Digests);
    free(File.Bytes);
    return Good;
}

/* The INF and what it names, all in its directory. */
static bool
AddFiles(struct catalog *Catalog, const char *InfPath, const struct inf *Inf)
{
    int Directory = (int)(FileName(InfPath) - InfPath);
    if (!AddFile(Catalog, InfPath, FileName(InfPath)))
        return false;
    for (size_t i = 0; i < Inf->Files.Count; i++)
    {
        char Path[PATH_MAX];
        const char *Name = Inf->Files.Name[i];
        if (snprintf(Path, sizeof(Path), "%.*s%s", Directory, InfPath, Name) >= (int)sizeof(Path))
        {
            fprintf(stderr, "make_catalog: the path of %s is too long\n", Name);
            return false;
        }
        if (!AddFile(Catalog, Path, Name))
            return false;
    }
    return true;
}

int
main(int ArgumentCount, char **Arguments)
{
    if (ArgumentCount != 5)
    {
        fputs("usage: make_catalog amd64|x86|arm64 6.1|6.2|6.3|10.0 INF CATALOG\n", stderr);
        return 2;
    }
    const char *InfPath = Arguments[3], *CatalogPath = Arguments[4];
    static struct inf Inf;
    static struct catalog Catalog;
    struct file InfFile;
    struct der Der = {0};
    if (!FileRead(InfPath, &InfFile))
        return 1;
    bool Good = InfRead(InfPath, (const char *)InfFile.Bytes, InfFile.Size, Arguments[1], &Inf);
    free(InfFile.Bytes);
    if (!Good)
        return 1;
    if (strcasecmp(Inf.CatalogFile, FileName(CatalogPath)) != 0)
    {
        fprintf(stderr, "make_catalog: %s names its catalog %s, not %s\n", InfPath, Inf.CatalogFile,
                FileName(CatalogPath));
        return 1;
    }
    Catalog.Architecture = Arguments[1];
    Catalog.Oldest = Arguments[2];
    Catalog.Date = Inf.Date;
    Catalog.HardwareIds = &Inf.HardwareIds;
    Good = AddFiles(&Catalog, InfPath, &Inf) && CatalogWrite(&Catalog, &Der) &&
           FileWrite(CatalogPath, &Der);
    DerFree(&Der);
    return Good ? 0 : 1;
}
