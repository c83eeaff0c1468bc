/* SPDX-License-Identifier: MIT */
/*
 * Included before each source of the DLL in a build with CULVERT_TEST_KILL, which no product is:
 * each call that changes something outside the process first passes KillPoint, where the process
 * ends, or the call fails instead of being made, when the environment says so. The DLL's sources
 * know nothing of it.
 *
 *   CULVERT_TEST_KILL_AT      the call before which the process ends; calls are counted from 1 on
 *   CULVERT_TEST_FAIL_AT      the call that fails
 *   CULVERT_TEST_KILL_LOG     a file that each call is written to
 *   CULVERT_TEST_KILL_CALLER  what is written before it
 *   CULVERT_TEST_KILL_PASSED  set by each call: how many there have been
 *
 * check_kill_points.sh compares what is hooked here with what the DLL imports: an import is either
 * here or in harmless.txt.
 */
#ifndef TESTS_SELFTEST_KILL_KILL_POINT_H
#define TESTS_SELFTEST_KILL_KILL_POINT_H

#include <winsock2.h>
#include <windows.h>
#include <setupapi.h>
#include <objidl.h>
#include <shlwapi.h>
#include <cfgmgr32.h>

/* The last error of a call that failed here. The DLL makes no difference of it anywhere. */
#define KILL_POINT_ERROR ERROR_NO_SYSTEM_RESOURCES

/* Notes the call, and ends the process, as a killer would, if it is the CULVERT_TEST_KILL_AT-th.
 * FALSE, with the last error set, if it is the CULVERT_TEST_FAIL_AT-th: it is not to be made. Call
 * is the name of the function that is about to be called. */
BOOL
KillPoint(const char *Call);

/* GetProcAddress, of which what changes something passes KillPoint. */
FARPROC WINAPI
KillGetProcAddress(HMODULE Module, LPCSTR Name);

#ifndef KILL_POINT_ITSELF

/* FAILING is what the function returns when it fails. */
#define KILL(Function, FAILING, ...) (KillPoint(#Function) ? Function(__VA_ARGS__) : (FAILING))

/* What does not fail as long as its caller makes no mistake: the owner's release of a mutex, for
 * example. */
#define KILL_ONLY(Function, ...) (KillPoint(#Function), Function(__VA_ARGS__))

/* What gives back buffers that the system writes to: it is called, and then fails. */
#define KILL_AFTER(Function, FAILING, ...)                                                         \
    (KillPoint(#Function) ? Function(__VA_ARGS__)                                                  \
                          : (Function(__VA_ARGS__), SetLastError(KILL_POINT_ERROR), (FAILING)))

#define ControlService(...)      KILL(ControlService, FALSE, __VA_ARGS__)
#define DeleteService(...)       KILL(DeleteService, FALSE, __VA_ARGS__)
#define RegDeleteTreeW(...)      KILL(RegDeleteTreeW, KILL_POINT_ERROR, __VA_ARGS__)
#define RegSetValueExW(...)      KILL(RegSetValueExW, KILL_POINT_ERROR, __VA_ARGS__)
#define CM_Disable_DevNode(...)  KILL(CM_Disable_DevNode, CR_FAILURE, __VA_ARGS__)
#define CM_Enable_DevNode(...)   KILL(CM_Enable_DevNode, CR_FAILURE, __VA_ARGS__)
#define CreateDirectoryW(...)    KILL(CreateDirectoryW, FALSE, __VA_ARGS__)
#define CreateFileMappingW(...)  KILL(CreateFileMappingW, NULL, __VA_ARGS__)
#define CreateFileW(...)         KILL(CreateFileW, INVALID_HANDLE_VALUE, __VA_ARGS__)
#define CreateMutexExW(...)      KILL(CreateMutexExW, NULL, __VA_ARGS__)
#define CreateThread(...)        KILL(CreateThread, NULL, __VA_ARGS__)
#define DeleteFileW(...)         KILL(DeleteFileW, FALSE, __VA_ARGS__)
#define DeviceIoControl(...)     KILL(DeviceIoControl, FALSE, __VA_ARGS__)
#define GetOverlappedResult(...) KILL_AFTER(GetOverlappedResult, FALSE, __VA_ARGS__)
#define MoveFileExW(...)         KILL(MoveFileExW, FALSE, __VA_ARGS__)
#define ReleaseMutex(...)        KILL_ONLY(ReleaseMutex, __VA_ARGS__)
#define RemoveDirectoryW(...)    KILL(RemoveDirectoryW, FALSE, __VA_ARGS__)
#define WriteFile(...)           KILL(WriteFile, FALSE, __VA_ARGS__)
#define SetupCopyOEMInfW(...)    KILL(SetupCopyOEMInfW, FALSE, __VA_ARGS__)
#define SetupDiCallClassInstaller(Code, ...)                                                       \
    (KillPoint("SetupDiCallClassInstaller-" #Code) ? SetupDiCallClassInstaller(Code, __VA_ARGS__)  \
                                                   : FALSE)
#define SetupDiCreateDevRegKeyW(...)                                                               \
    KILL(SetupDiCreateDevRegKeyW, INVALID_HANDLE_VALUE, __VA_ARGS__)
#define SetupDiCreateDeviceInfoW(...)     KILL(SetupDiCreateDeviceInfoW, FALSE, __VA_ARGS__)
#define SetupDiDestroyDeviceInfoList(...) KILL_ONLY(SetupDiDestroyDeviceInfoList, __VA_ARGS__)
#define SetupDiSetDeviceRegistryPropertyW(...)                                                     \
    KILL(SetupDiSetDeviceRegistryPropertyW, FALSE, __VA_ARGS__)
#define SetupUninstallOEMInfW(...) KILL(SetupUninstallOEMInfW, FALSE, __VA_ARGS__)

/* Called through pointers. */
#define GetProcAddress KillGetProcAddress

/* A source of the DLL declares it, mingw-w64 does not; the declaration becomes that of the function
 * of kill_point.c, which is not imported. */
#undef WINSETUPAPI
#define WINSETUPAPI
#define SetupDiSetDevicePropertyW KillSetDeviceProperty

#endif

#endif
