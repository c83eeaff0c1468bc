/* SPDX-License-Identifier: MIT */
/*
 * Log lines for the application's logger callback. All functions may be called from any thread and
 * leave the last-error code as it was.
 *
 * Formats are those of wvnsprintfW: %s is a WCHAR string, %u and %d are 32 bits, %08x too. A line
 * is cut off at LOG_LINE_CHARACTERS.
 */
#ifndef CULVERT_API_LOGGER_H
#define CULVERT_API_LOGGER_H

#include "wintun.h"

#define LOG_LINE_CHARACTERS 1000

/* Replaces the callback; NULL for none. A call of the earlier one may be in progress afterwards. */
void
LoggerSet(_In_opt_ WINTUN_LOGGER_CALLBACK NewLogger);

void
LogInfo(_In_z_ const WCHAR *Format, ...);

void
LogWarning(_In_z_ const WCHAR *Format, ...);

/* A failure: "<Format>: <Error in words> (<Error as number>)". Format says what was attempted, on
 * what. Returns Error. */
DWORD
LogError(_In_ DWORD Error, _In_z_ const WCHAR *Format, ...);

/* The same with GetLastError(); returns ERROR_GEN_FAILURE if that is ERROR_SUCCESS. */
DWORD
LogLastError(_In_z_ const WCHAR *Format, ...);

/* Like LogError at the level of a warning: a failure that does not make the function fail. */
void
LogWarningError(_In_ DWORD Error, _In_z_ const WCHAR *Format, ...);

/* Like LogError at the given level, which is that of a warning where something is undone: the first
 * failure has its error line already. Returns Error; ERROR_GEN_FAILURE if that is ERROR_SUCCESS. */
DWORD
LogFailure(_In_ WINTUN_LOGGER_LEVEL Level, _In_ DWORD Error, _In_z_ const WCHAR *Format, ...);

#endif
