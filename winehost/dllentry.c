/* SPDX-License-Identifier: MIT */
/*
 * Entry of winehost's user-mode DLLs, which have nothing to set up and no C runtime.
 */
#include <windows.h>

BOOL WINAPI
DllEntry(HINSTANCE Instance, DWORD Reason, void *Reserved)
{
    (void)Instance;
    (void)Reason;
    (void)Reserved;
    return TRUE;
}
