/* SPDX-License-Identifier: MIT */
/* The one place that says which NDIS this is. */
#ifndef CULVERT_NDIS_VERSION_H
#define CULVERT_NDIS_VERSION_H

#include "verify.h"

#define NDIS_MAJOR_PRESENTED 6u
#define NDIS_MINOR_PRESENTED 50u

#define NDIS_VERSION_PRESENTED NDIS_VERSION(NDIS_MAJOR_PRESENTED, NDIS_MINOR_PRESENTED)

#endif
