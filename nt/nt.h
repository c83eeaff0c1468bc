/* SPDX-License-Identifier: MIT */
/*
 * The one include of everything that runs in the kernel. With CULVERT_USE_WDK it takes Microsoft's
 * headers, otherwise the headers of this folder, which describe the documented subset of the same
 * ABI for toolchains that have no WDK. Sources compile unchanged against both.
 */
#ifndef CULVERT_NT_NT_H
#define CULVERT_NT_NT_H

#if defined(CULVERT_USE_WDK)

/* nt/ has the structures of NDIS 6.70; what older systems know is chosen at run time. */
#if !defined(NDIS_MINIPORT_DRIVER)
#define NDIS_MINIPORT_DRIVER 1
#endif
#if !defined(NDIS670_MINIPORT)
#define NDIS670_MINIPORT 1
#endif
#include <ntifs.h>
#include <ndis.h>

#else

#include "ndis.h"

#endif

#endif
