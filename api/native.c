/* SPDX-License-Identifier: MIT */
/* Whether this process may install devices: see native.h. */
#include "native.h"
#include "logger.h"

#ifndef IMAGE_FILE_MACHINE_ARM64
#define IMAGE_FILE_MACHINE_ARM64 0xAA64
#endif

#if defined(__x86_64__) || defined(_M_X64)
#define OWN_MACHINE IMAGE_FILE_MACHINE_AMD64
#elif defined(__i386__) || defined(_M_IX86)
#define OWN_MACHINE IMAGE_FILE_MACHINE_I386
#elif defined(__aarch64__) || defined(_M_ARM64)
#define OWN_MACHINE IMAGE_FILE_MACHINE_ARM64
#else
#error "native.c: unknown architecture"
#endif

typedef BOOL(WINAPI *IS_WOW64_PROCESS2)(HANDLE Process, USHORT *ProcessMachine,
                                        USHORT *NativeMachine);

DWORD
NativeCheck(void)
{
    IS_WOW64_PROCESS2 IsWow64Process2Function = (IS_WOW64_PROCESS2)(void (*)(void))GetProcAddress(
        GetModuleHandleW(L"kernel32.dll"), "IsWow64Process2");
    USHORT ProcessMachine, NativeMachine;
    BOOL Wow64 = FALSE, Native;

    /* Only the newer function sees a 64-bit process that is emulated on ARM64. */
    if (IsWow64Process2Function &&
        IsWow64Process2Function(GetCurrentProcess(), &ProcessMachine, &NativeMachine))
        Native = NativeMachine == OWN_MACHINE;
    else
        Native = !IsWow64Process(GetCurrentProcess(), &Wow64) || !Wow64;
    if (!Native)
        return LogError(
            ERROR_NOT_SUPPORTED,
            L"Adapters can be created and deleted only by processes of the system's own "
            L"architecture; use the DLL for that in such a process");
    return ERROR_SUCCESS;
}
