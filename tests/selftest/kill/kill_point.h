/* SPDX-License-Identifier: MIT */
/*
 * Included before each source of the DLL in a build with CULVERT_TEST_KILL, which no product is:
 * each call that changes something outside the process first passes KillPoint, where the process
 * ends when the environment says so. The DLL's sources know nothing of it.
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

/* Notes the call, and ends the process, as a killer would, if it is the CULVERT_TEST_KILL_AT-th.
 * Call is the name of the function that is about to be called. */
void
KillPoint(const char *Call);

/* GetProcAddress, of which what changes something passes KillPoint. */
FARPROC WINAPI
KillGetProcAddress(HMODULE Module, LPCSTR Name);

#ifndef KILL_POINT_ITSELF

#define KILL(Function) (KillPoint(#Function), Function)

#define ControlService                    KILL(ControlService)
#define DeleteService                     KILL(DeleteService)
#define RegDeleteTreeW                    KILL(RegDeleteTreeW)
#define RegSetValueExW                    KILL(RegSetValueExW)
#define CM_Disable_DevNode                KILL(CM_Disable_DevNode)
#define CM_Enable_DevNode                 KILL(CM_Enable_DevNode)
#define CreateDirectoryW                  KILL(CreateDirectoryW)
#define CreateFileMappingW                KILL(CreateFileMappingW)
#define CreateFileW                       KILL(CreateFileW)
#define CreateMutexExW                    KILL(CreateMutexExW)
#define CreateThread                      KILL(CreateThread)
#define DeleteFileW                       KILL(DeleteFileW)
#define DeviceIoControl                   KILL(DeviceIoControl)
#define GetOverlappedResult               KILL(GetOverlappedResult)
#define MoveFileExW                       KILL(MoveFileExW)
#define ReleaseMutex                      KILL(ReleaseMutex)
#define RemoveDirectoryW                  KILL(RemoveDirectoryW)
#define WriteFile                         KILL(WriteFile)
#define SetupCopyOEMInfW                  KILL(SetupCopyOEMInfW)
#define SetupDiCallClassInstaller         KILL(SetupDiCallClassInstaller)
#define SetupDiCreateDevRegKeyW           KILL(SetupDiCreateDevRegKeyW)
#define SetupDiCreateDeviceInfoW          KILL(SetupDiCreateDeviceInfoW)
#define SetupDiDestroyDeviceInfoList      KILL(SetupDiDestroyDeviceInfoList)
#define SetupDiSetDeviceRegistryPropertyW KILL(SetupDiSetDeviceRegistryPropertyW)
#define SetupUninstallOEMInfW             KILL(SetupUninstallOEMInfW)

/* Called through pointers. */
#define GetProcAddress KillGetProcAddress

/* A source of the DLL declares it, mingw-w64 does not; the declaration becomes that of the function
 * of kill_point.c, which is not imported. */
#undef WINSETUPAPI
#define WINSETUPAPI
#define SetupDiSetDevicePropertyW KillSetDeviceProperty

#endif

#endif
