/* SPDX-License-Identifier: MIT */
/*
 * Included before each source of the DLL in a build with CULVERT_TEST_KILL, which no product is:
 * each call that changes something outside the process first passes KillPoint, where the process
 * ends when the environment's CULVERT_TEST_KILL_AT says so. The DLL's sources know nothing of it.
 */
#ifndef TESTS_SELFTEST_KILL_KILL_POINT_H
#define TESTS_SELFTEST_KILL_KILL_POINT_H

#include <winsock2.h>
#include <windows.h>
#include <setupapi.h>
#include <objidl.h>
#include <shlwapi.h>
#include <cfgmgr32.h>

/* Ends the process, as a killer would, at the CULVERT_TEST_KILL_AT-th call. */
void
KillPoint(void);

#define SetupDiCallClassInstaller         (KillPoint(), SetupDiCallClassInstaller)
#define SetupDiCreateDeviceInfoW          (KillPoint(), SetupDiCreateDeviceInfoW)
#define SetupDiSetDeviceRegistryPropertyW (KillPoint(), SetupDiSetDeviceRegistryPropertyW)
#define SetupDiCreateDevRegKeyW           (KillPoint(), SetupDiCreateDevRegKeyW)
#define SetupDiDestroyDeviceInfoList      (KillPoint(), SetupDiDestroyDeviceInfoList)
#define SetupCopyOEMInfW                  (KillPoint(), SetupCopyOEMInfW)
#define SetupUninstallOEMInfW             (KillPoint(), SetupUninstallOEMInfW)
#define RegSetValueExW                    (KillPoint(), RegSetValueExW)
#define RegDeleteTreeW                    (KillPoint(), RegDeleteTreeW)
#define ControlService                    (KillPoint(), ControlService)
#define DeleteService                     (KillPoint(), DeleteService)
#define CreateDirectoryW                  (KillPoint(), CreateDirectoryW)
#define RemoveDirectoryW                  (KillPoint(), RemoveDirectoryW)
#define CreateFileW                       (KillPoint(), CreateFileW)
#define WriteFile                         (KillPoint(), WriteFile)
#define DeleteFileW                       (KillPoint(), DeleteFileW)
#define MoveFileExW                       (KillPoint(), MoveFileExW)
#define CM_Disable_DevNode                (KillPoint(), CM_Disable_DevNode)
#define CM_Enable_DevNode                 (KillPoint(), CM_Enable_DevNode)
#define CreateMutexExW                    (KillPoint(), CreateMutexExW)
#define CreateFileMappingW                (KillPoint(), CreateFileMappingW)
#define ReleaseMutex                      (KillPoint(), ReleaseMutex)
#define DeviceIoControl                   (KillPoint(), DeviceIoControl)
#define GetOverlappedResult               (KillPoint(), GetOverlappedResult)
#define CreateThread                      (KillPoint(), CreateThread)

#endif
