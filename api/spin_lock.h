/* SPDX-License-Identifier: MIT */
/*
 * The lock of one direction of a session: held for the few instructions that move a ring's
 * positions, never across a system call, and taken for every packet. Taking it is one locked
 * instruction and giving it back is none, where an SRWLOCK takes two: a locked instruction waits
 * until the packet that was just written has left the store buffer, which costs more than all else
 * that is done under the lock.
 *
 * The price is that nobody wakes a thread that waits. It does not need to be woken while the
 * holder runs. If the holder has lost its processor, the waiting thread gives its own away, at last
 * by sleeping, so that a holder of lower priority gets on too.
 *
 * Ordering: taking it is an acquire, giving it back a release.
 */
#ifndef CULVERT_API_SPIN_LOCK_H
#define CULVERT_API_SPIN_LOCK_H

#include "system.h"
#include "../contract/atomic.h"

/* All zero is free. */
typedef struct SPIN_LOCK
{
    volatile uint32_t Taken;
} SPIN_LOCK;

/* Looks before SystemLetOthersRun is called: some microseconds, many times as long as the lock is
 * ever held by a thread that runs. */
#define SPIN_LOCK_LOOKS 200u

static inline int
SpinLockTry(SPIN_LOCK *Lock)
{
    return AtomicExchange(&Lock->Taken, 1) == 0;
}

static inline void
SpinLockAcquire(SPIN_LOCK *Lock)
{
    for (uint32_t Turn = 0, Look = 0; !SpinLockTry(Lock);)
    {
        /* Only reads while it is taken: the holder keeps its cache line. */
        for (; AtomicReadRelaxed(&Lock->Taken) != 0; ++Look)
        {
            if (Look < SPIN_LOCK_LOOKS)
                YieldProcessor();
            else
                SystemLetOthersRun(&Lock->Taken, Turn++);
        }
    }
}

static inline void
SpinLockRelease(SPIN_LOCK *Lock)
{
    AtomicWriteRelease(&Lock->Taken, 0);
}

#endif
