/* SPDX-License-Identifier: MIT */
/* One second thread and two auto-reset events, for the two-thread test of the ring. */
#ifndef TESTS_RING_THREADS_H
#define TESTS_RING_THREADS_H

void
ThreadStart(void (*Routine)(void *Context), void *Context);
void
ThreadJoin(void);

/* Lets others run. Natively only. */
void
ThreadYield(void);

void
ThreadEventSet(int Event);

/* Ends the program with a message if nothing sets the event for 20 seconds. */
void
ThreadEventWait(int Event);

#endif
