/* SPDX-License-Identifier: MIT */
/* GUIDs in the registry's spelling, "{XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX}". */
#ifndef CULVERT_API_GUID_H
#define CULVERT_API_GUID_H

#include "wintun.h"

#define GUID_CHARACTERS 39 /* with the terminator */

/* In upper case. */
void
GuidFormat(_In_ const GUID *Guid, _Out_writes_z_(GUID_CHARACTERS) WCHAR *Text);

/* Either case. FALSE if Text is anything else, also if something follows. */
BOOL
GuidParse(_In_z_ const WCHAR *Text, _Out_ GUID *Guid);

#endif
