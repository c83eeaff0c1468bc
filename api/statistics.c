/* SPDX-License-Identifier: MIT */
/* Checks and fills the structure of culvert.h: see statistics.h. */
#include "statistics.h"
#include "logger.h"
#include "../contract/session.h"

/* What the first version of the header had. */
#define FIRST_BYTES 288u

C_ASSERT(sizeof(CULVERT_STATISTICS) >= FIRST_BYTES);

BOOL
StatisticsCheck(const WCHAR *Function, const CULVERT_STATISTICS *Statistics)
{
    if (Statistics == NULL)
        SetLastError(LogError(ERROR_INVALID_PARAMETER, L"%s: there are no Statistics", Function));
    else if (Statistics->Size < FIRST_BYTES)
        SetLastError(LogError(ERROR_INVALID_PARAMETER, L"%s: Size is %u, and must be at least %u",
                              Function, Statistics->Size, FIRST_BYTES));
    else
        return TRUE;
    return FALSE;
}

void
StatisticsReturn(CULVERT_STATISTICS *Statistics, const CULVERT_STATISTICS *Known, DWORD Bytes)
{
    DWORD Size = Statistics->Size < Bytes ? Statistics->Size : Bytes;
    CopyMemory(Statistics, Known, Size);
    Statistics->Size = Size;
}
