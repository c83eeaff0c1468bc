/* SPDX-License-Identifier: MIT */
/*
 * The end of a session (driver/session.c, driver/adapter.c): its thread, the cancel routine, the close
 * of the handle, surprise removal, halt and a send that finds the ring broken, all at any moment,
 * beginning while the session starts.
 *
 * Spin shows: the IRP is completed exactly once; nobody touches the session after it is freed, the
 * ring memory after the IRP is completed, or the driver after it is unloaded; halt returns; no
 * session goes on whose last handle is closed. Mutants: -DNAME.
 *
 * It is one session, and leaves out: the wait of AdapterClaimSession for the thread of the one before;
 * a thread that cannot be created, and AdapterUnclaimSession; pause and restart, which close and open the
 * gate and count what is on its way into the system; and that SessionStop writes EndStatus before it
 * sets the event, so that the thread may begin the end in between. These are for the scheduler of
 * ntsim, which runs the driver's own code.
 */
bool CancelRoutine;  /* the IRP has one */
bool CancelLock;     /* the system-wide spin lock */
bool Cancelled;      /* Irp->Cancel */
bool StateLock;      /* ADAPTER.StateLock */
bool Claimed;        /* ADAPTER.Session != NULL */
bool Attached;       /* ADAPTER.SessionThread is this session's */
bool Removing;
bool Closed;         /* the file object is marked: its last handle is closed */
bool HandleClosed;   /* IRP_MJ_CLEANUP has returned */
bool Gate;           /* open */
byte GateUsers;
bool Stop;           /* SESSION.Stop */
bool Ready;          /* SESSION.Ready */
bool Freed;
byte Completed;
bool ThreadGone;
bool DeviceGone;     /* DEVICE.Rundown is run down */
byte Dispatching;    /* IRPs inside the dispatch routine */
bool Unloaded;
bool Started;        /* SessionStart returned STATUS_PENDING */
bool Refused;

#define ACQUIRE(Mutex) atomic { !Mutex -> Mutex = true }

inline SessionStop()
{
    assert(!Freed);
    Stop = true
}

/* The IOCTL. */
active proctype Dispatch()
{
    atomic { if :: DeviceGone -> Refused = true :: else -> Dispatching++ fi }
    if
    :: Refused -> goto done
    :: else
    fi;
    ACQUIRE(StateLock);
#ifdef CLAIM_IGNORES_REMOVAL
    Claimed = true;
#else
    if
    :: Removing -> Refused = true
#ifndef CLAIM_IGNORES_CLOSED_HANDLE
    :: Closed -> Refused = true
    :: !Removing && !Closed -> Claimed = true
#else
    :: else -> Claimed = true
#endif
    fi;
#endif
    StateLock = false;
    if
    :: Refused -> skip
    :: else ->
        run Thread();
        CancelRoutine = true;
        if
        :: Cancelled ->
            /* IoSetCancelRoutine(NULL) */
            atomic {
                if
                :: CancelRoutine -> CancelRoutine = false; SessionStop()
                :: else
                fi }
        :: else
        fi;
        ACQUIRE(StateLock);
        Attached = true;
        Gate = true;
        StateLock = false;
        Started = true;
        Ready = true
    fi;
    assert(!Unloaded);
    Dispatching--;
done:
    skip
}

proctype Thread()
{
    Ready;
end_running: /* nobody ends it: CheckClosed says when that may be */
    Stop;
    /* AdapterDetachSession */
    ACQUIRE(StateLock);
#ifdef GATE_NOT_RUN_DOWN
    Gate = false;
#else
    Gate = false;
    GateUsers == 0;
#endif
    Claimed = false;
    StateLock = false;
    assert(Completed == 0); /* the ring's state word is written */
    /* DisarmCancel */
#ifndef NO_DISARM
    if
    :: atomic { CancelRoutine -> CancelRoutine = false }
    :: atomic { !CancelRoutine -> skip };
#ifndef NO_CANCEL_LOCK
        ACQUIRE(CancelLock);
        CancelLock = false
#endif
    fi;
#endif
    Freed = true;
    Completed++;
    assert(Completed == 1);
    assert(!Unloaded);
    ThreadGone = true
}

/* The I/O manager cancels the IRP: the thread that made it exits, or CancelIo. */
active proctype Cancel()
{
    bool Called = false;
    if
    :: skip
    :: goto done /* never cancelled */
    fi;
    ACQUIRE(CancelLock);
    if
    :: Completed == 0 ->
        Cancelled = true;
        atomic {
            if
            :: CancelRoutine -> CancelRoutine = false; Called = true
            :: else
            fi }
    :: else
    fi;
    if
    :: Called ->
#ifdef CANCEL_COMPLETES
        Completed++;
        assert(Completed == 1);
#endif
#ifdef LOCK_RELEASED_FIRST
        CancelLock = false;
        SessionStop();
        goto done
#else
        SessionStop()
#endif
    :: else
    fi;
    CancelLock = false;
done:
    skip
}

/* IRP_MJ_CLEANUP, and a surprise removal: both stop the session under the state lock. */
active proctype Cleanup()
{
    bool Inside = false;
    if
    :: skip
    :: goto done
    fi;
    atomic { if :: DeviceGone -> skip :: else -> Dispatching++; Inside = true fi }
    if
    :: Inside ->
        ACQUIRE(StateLock);
        Closed = true;
        if
        :: Claimed -> SessionStop()
        :: else
        fi;
        StateLock = false;
        Dispatching--
    :: else
    fi;
    HandleClosed = true;
done:
    skip
}

/* When nothing moves any more, a session without a handle is over. */
active proctype CheckClosed()
{
end_checked:
    timeout -> assert(!HandleClosed || !Started || ThreadGone)
}

/* A send that finds the ring broken. */
active proctype Send()
{
    bool Inside = false;
    atomic { if :: Gate -> GateUsers++; Inside = true :: else fi }
    if
    :: Inside ->
        assert(Completed == 0); /* it writes into the ring */
        if
        :: SessionStop()
        :: skip
        fi;
        GateUsers--
    :: else
    fi
}

/* Halt and unload. */
active proctype Halt()
{
    if
    :: skip
    :: goto done /* the adapter stays */
    fi;
    ACQUIRE(StateLock);
    Removing = true;
    StateLock = false;
    ACQUIRE(StateLock);
    if
#ifdef STOP_WITHOUT_CLAIM
    :: Attached -> SessionStop()
#else
    :: Claimed -> SessionStop()
#endif
    :: else
    fi;
    StateLock = false;
    /* DeviceRunDown */
    DeviceGone = true;
#ifndef DEVICE_NOT_RUN_DOWN
    Dispatching == 0;
#endif
    /* WaitForSessionEnd */
#ifdef WAITS_FOR_EVENT
    !Claimed; /* instead of the thread itself */
#else
    if
    :: Attached -> ThreadGone
    :: else
    fi;
#endif
    Unloaded = true;
done:
    skip
}
