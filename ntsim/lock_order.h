/* SPDX-License-Identifier: MIT */
/*
 * The order of locks: which lock is taken while which is held. Two orders that contradict each
 * other are a deadlock that waits for its moment, and are reported when the second one is seen,
 * whether or not anybody waits. Spin locks and fast mutexes; a lock is its address, until that
 * memory is freed. Page "devtest/deadlock-detection".
 */
#ifndef CULVERT_NTSIM_LOCK_ORDER_H
#define CULVERT_NTSIM_LOCK_ORDER_H

#include "rules.h"

#define SIM_HELD_MAX 16

/* A lock that a thread holds, and the code that took it. */
typedef struct SIM_HELD_LOCK
{
    const volatile void *Lock;
    const void *Place;
} SIM_HELD_LOCK;

#if defined(SIM_UNCHECKED)
/* For measurements: nothing is checked. */
#define SimLockOrderCheck(Call, Lock, Place) ((void)(Place))
#define SimLockOrderTaken(Lock, Place)       ((void)(Lock))
#define SimLockOrderReleased(Lock)           ((void)(Lock))
#else
/* The calling thread is about to take Lock, for which it may have to wait; breaks the rule if
 * others were taken in the other order. Call is the function, Place its caller. */
void
SimLockOrderCheck(const char *Call, const volatile void *Lock, const void *Place);

/* It has taken, or released, it. */
void
SimLockOrderTaken(const volatile void *Lock, const void *Place);
void
SimLockOrderReleased(const volatile void *Lock);
#endif

/* Locks in these bytes are no more. */
void
SimLockOrderForget(const volatile void *From, SIZE_T Bytes);

/* No lock that there has been is any more. */
void
SimLockOrderForgetAll(void);

#endif
