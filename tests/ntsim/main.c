/* SPDX-License-Identifier: MIT */
/* Runs all tests, or those of the files that are named: system session data ring oid life thread
 * fault. */
#include <stdio.h>
#include "world.h"

int
main(int Count, char **Names)
{
    static const struct
    {
        const char *Name;
        int (*Run)(void);
    } Files[] = {
        {"system", RunSystemTests}, {"session", RunSessionTests}, {"data", RunDataTests},
        {"ring", RunRingTests},     {"oid", RunOidTests},         {"life", RunLifeTests},
        {"thread", RunThreadTests}, {"fault", RunFaultTests},
    };
    int Failed = 0;
    for (unsigned At = 0; At < ARRAYSIZE(Files); ++At)
    {
        int Wanted = Count < 2;
        for (int Name = 1; Name < Count; ++Name)
            Wanted |= strcmp(Names[Name], Files[At].Name) == 0;
        if (Wanted)
            Failed += Files[At].Run();
    }
    return Failed != 0;
}
