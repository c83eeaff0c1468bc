/* SPDX-License-Identifier: MIT */
#include "threads.h"
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>

static HANDLE Events[2];

static struct
{
    HANDLE Thread;
    void (*Routine)(void *Context);
    void *Context;
} Second;

static DWORD WINAPI
Run(LPVOID Ignored)
{
    (void)Ignored;
    Second.Routine(Second.Context);
    return 0;
}

void
ThreadStart(void (*Routine)(void *Context), void *Context)
{
    Second.Routine = Routine;
    Second.Context = Context;
    for (int Event = 0; Event < 2; ++Event)
        Events[Event] = CreateEventW(NULL, FALSE, FALSE, NULL);
    Second.Thread = CreateThread(NULL, 0, Run, NULL, 0, NULL);
    if (Second.Thread == NULL)
        abort();
}

void
ThreadJoin(void)
{
    WaitForSingleObject(Second.Thread, INFINITE);
    CloseHandle(Second.Thread);
    CloseHandle(Events[0]);
    CloseHandle(Events[1]);
}

void
ThreadEventSet(int Event)
{
    SetEvent(Events[Event]);
}

void
ThreadEventWait(int Event)
{
    if (WaitForSingleObject(Events[Event], 20000) == WAIT_OBJECT_0)
        return;
    fprintf(stderr, "a wake-up was lost (event %d)\n", Event);
    abort();
}
