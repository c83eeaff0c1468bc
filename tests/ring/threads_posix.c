/* SPDX-License-Identifier: MIT */
#include "threads.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct
{
    pthread_mutex_t Lock;
    pthread_cond_t Changed;
    int Set;
} Events[2] = {{PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0},
               {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0}};

static struct
{
    pthread_t Thread;
    void (*Routine)(void *Context);
    void *Context;
} Second;

static void *
Run(void *Ignored)
{
    (void)Ignored;
    Second.Routine(Second.Context);
    return NULL;
}

void
ThreadStart(void (*Routine)(void *Context), void *Context)
{
    Second.Routine = Routine;
    Second.Context = Context;
    if (pthread_create(&Second.Thread, NULL, Run, NULL) != 0)
        abort();
}

void
ThreadJoin(void)
{
    pthread_join(Second.Thread, NULL);
}

void
ThreadYield(void)
{
    sched_yield();
}

void
ThreadEventSet(int Event)
{
    pthread_mutex_lock(&Events[Event].Lock);
    Events[Event].Set = 1;
    pthread_cond_signal(&Events[Event].Changed);
    pthread_mutex_unlock(&Events[Event].Lock);
}

void
ThreadEventWait(int Event)
{
    struct timespec Limit;
    clock_gettime(CLOCK_REALTIME, &Limit);
    Limit.tv_sec += 20;
    pthread_mutex_lock(&Events[Event].Lock);
    while (!Events[Event].Set)
        if (pthread_cond_timedwait(&Events[Event].Changed, &Events[Event].Lock, &Limit) ==
            ETIMEDOUT)
        {
            fprintf(stderr, "a wake-up was lost (event %d)\n", Event);
            abort();
        }
    Events[Event].Set = 0;
    pthread_mutex_unlock(&Events[Event].Lock);
}
