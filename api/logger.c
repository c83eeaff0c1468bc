/* SPDX-License-Identifier: MIT */
/* Log lines for the application's logger callback: see logger.h. */
#include "logger.h"
#include <setupapi.h>
#include <shlwapi.h>
#include <stdarg.h>

#define ERROR_TEXT_CHARACTERS 200

/* Read once per line, so that replacing it needs no lock. */
static WINTUN_LOGGER_CALLBACK volatile Logger;

void
LoggerSet(WINTUN_LOGGER_CALLBACK NewLogger)
{
    InterlockedExchangePointer((PVOID volatile *)&Logger, (PVOID)NewLogger);
}

/* SetupAPI's own codes have their texts in its module, as HRESULTs. */
static void
DescribeError(DWORD Error, WCHAR Text[ERROR_TEXT_CHARACTERS])
{
    const DWORD SetupError = APPLICATION_ERROR_MASK | ERROR_SEVERITY_ERROR;
    DWORD Flags =
        FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK;
    HMODULE Module = NULL;
    DWORD Length;

    if ((Error & SetupError) == SetupError)
    {
        Module = GetModuleHandleW(L"setupapi.dll");
        Error = (DWORD)HRESULT_FROM_SETUPAPI(Error);
        if (Module)
            Flags |= FORMAT_MESSAGE_FROM_HMODULE;
    }
    Length = FormatMessageW(Flags, Module, Error, 0, Text, ERROR_TEXT_CHARACTERS, NULL);
    while (Length > 0 && (Text[Length - 1] <= L' ' || Text[Length - 1] == L'.'))
        Length--;
    Text[Length] = L'\0';
    if (Length == 0)
        lstrcpyW(Text, L"unknown error");
}

static void
LogLine(WINTUN_LOGGER_LEVEL Level, const DWORD *Error, const WCHAR *Format, va_list Arguments)
{
    WINTUN_LOGGER_CALLBACK Callback = Logger;
    DWORD LastError = GetLastError();
    WCHAR Line[LOG_LINE_CHARACTERS];
    int Length;

    if (!Callback)
        return;
    Line[0] = L'\0';
    wvnsprintfW(Line, LOG_LINE_CHARACTERS, Format, Arguments);
    Line[LOG_LINE_CHARACTERS - 1] = L'\0';
    Length = lstrlenW(Line);
    if (Error)
    {
        WCHAR Text[ERROR_TEXT_CHARACTERS];
        DescribeError(*Error, Text);
        wnsprintfW(Line + Length, LOG_LINE_CHARACTERS - Length,
                   *Error > 0xFFFF ? L": %s (error 0x%08x)" : L": %s (error %u)", Text, *Error);
        Line[LOG_LINE_CHARACTERS - 1] = L'\0';
    }
    Callback(Level, Line);
    SetLastError(LastError);
}

void
LogInfo(const WCHAR *Format, ...)
{
    va_list Arguments;
    va_start(Arguments, Format);
    LogLine(WINTUN_LOG_INFO, NULL, Format, Arguments);
    va_end(Arguments);
}

void
LogWarning(const WCHAR *Format, ...)
{
    va_list Arguments;
    va_start(Arguments, Format);
    LogLine(WINTUN_LOG_WARN, NULL, Format, Arguments);
    va_end(Arguments);
}

DWORD
LogError(DWORD Error, const WCHAR *Format, ...)
{
    va_list Arguments;
    va_start(Arguments, Format);
    LogLine(WINTUN_LOG_ERR, &Error, Format, Arguments);
    va_end(Arguments);
    return Error;
}

/* A failure for which the system gave no code still has one. */
static DWORD
LogFailureLine(WINTUN_LOGGER_LEVEL Level, DWORD Error, const WCHAR *Format, va_list Arguments)
{
    if (Error == ERROR_SUCCESS)
        Error = ERROR_GEN_FAILURE;
    LogLine(Level, &Error, Format, Arguments);
    return Error;
}

DWORD
LogLastError(const WCHAR *Format, ...)
{
    DWORD Error = GetLastError();
    va_list Arguments;

    va_start(Arguments, Format);
    Error = LogFailureLine(WINTUN_LOG_ERR, Error, Format, Arguments);
    va_end(Arguments);
    return Error;
}

void
LogWarningError(DWORD Error, const WCHAR *Format, ...)
{
    va_list Arguments;
    va_start(Arguments, Format);
    LogLine(WINTUN_LOG_WARN, &Error, Format, Arguments);
    va_end(Arguments);
}

DWORD
LogFailure(WINTUN_LOGGER_LEVEL Level, DWORD Error, const WCHAR *Format, ...)
{
    va_list Arguments;

    va_start(Arguments, Format);
    Error = LogFailureLine(Level, Error, Format, Arguments);
    va_end(Arguments);
    return Error;
}
