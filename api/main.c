/* SPDX-License-Identifier: MIT */
/* The DLL's entry point. There is no C runtime: this is what the loader calls. */
#include "wintun.h"
#include "namespace.h"
#include "nci.h"
#include "resource.h"
#include "session.h"

BOOL WINAPI
DllMain(HINSTANCE Instance, DWORD Reason, LPVOID Reserved)
{
    switch (Reason)
    {
    case DLL_PROCESS_ATTACH:
        ResourceSetModule(Instance);
        DisableThreadLibraryCalls(Instance);
        break;
    case DLL_PROCESS_DETACH:
        /* When the process ends, other threads may have died with locks; the system cleans up. */
        if (!Reserved)
        {
            SessionsForget();
            NciUnload();
            NamespaceClose();
        }
        break;
    }
    return TRUE;
}
