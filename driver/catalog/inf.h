/* SPDX-License-Identifier: MIT */
/* What a catalog needs to know from the INF of a driver package. */
#ifndef CULVERT_CATALOG_INF_H
#define CULVERT_CATALOG_INF_H

#include <stdbool.h>
#include <stddef.h>

#define INF_NAMES_MAX 32
#define INF_NAME_SIZE 256

struct inf_names
{
    char Name[INF_NAMES_MAX][INF_NAME_SIZE];
    size_t Count;
};

struct inf
{
    char CatalogFile[INF_NAME_SIZE];
    char Date[sizeof("YYMMDD000000Z")]; /* of DriverVer, as a UTCTime */
    struct inf_names Files;             /* of [SourceDisksFiles], in lower case */
    struct inf_names HardwareIds;       /* of the architecture's models, in lower case, each once */
};

/*
 * Reads an INF in ASCII.
 *
 * Path: for messages. Text: its Size bytes and a terminating zero.
 * Architecture: as in the INF's decorations, "amd64", "x86" or "arm64".
 * Returns false after a message if something that the catalog needs is missing or not understood.
 */
bool
InfRead(const char *Path, const char *Text, size_t Size, const char *Architecture, struct inf *Inf);

#endif
