/* SPDX-License-Identifier: MIT */
/* Judging images of the driver, of this version or another. */
#ifndef CULVERT_API_DRIVER_IMAGE_H
#define CULVERT_API_DRIVER_IMAGE_H

#include "driver_store.h"

/*
 * Whether the file is a whole image of that version: one whose checksum is right, as the kernel
 * demands of drivers, and that says the version in its resources. Tells damage, not intent: only
 * administrators can write where drivers lie, and the kernel checks signatures. FALSE also if the
 * file cannot be read.
 */
BOOL
DriverImageIsIntact(_In_z_ const WCHAR *Path, _In_ DRIVER_VERSION Version);

#endif
