/* SPDX-License-Identifier: MIT */
/* The security catalog of a driver package, not signed yet. */
#ifndef CULVERT_CATALOG_CATALOG_H
#define CULVERT_CATALOG_CATALOG_H

#include "der.h"
#include "digest.h"
#include "inf.h"

#define CATALOG_FILES_MAX INF_NAMES_MAX

struct catalog_file
{
    const char *Name; /* without directory, in lower case */
    struct digests Digests;
};

struct catalog
{
    const char *Architecture; /* "amd64", "x86" or "arm64" */
    const char *Oldest;       /* the oldest Windows that must accept it, "6.1" to "10.0" */
    const char *Date;         /* when it was made, as a UTCTime */
    const struct inf_names *HardwareIds;
    struct catalog_file Files[CATALOG_FILES_MAX];
    size_t FileCount;
};

/*
 * Appends the catalog to Der. The same Catalog always gives the same bytes.
 * Returns false after a message if no Windows from Oldest on runs on the architecture.
 */
bool
CatalogWrite(const struct catalog *Catalog, struct der *Der);

#endif
