/* SPDX-License-Identifier: MIT */
/*
 * The Wintun API, pool generation, as Culvert provides it. This header is the manual.
 *
 * How to use it: place culvert.dll beside the application (as wintun.dll if the application looks
 * for that name), load it with LoadLibraryEx and resolve each function with GetProcAddress into a
 * variable of the type that is declared here, for example
 *
 *     static WINTUN_CREATE_ADAPTER_FUNC WintunCreateAdapter;
 *     WintunCreateAdapter = (WINTUN_CREATE_ADAPTER_FUNC)GetProcAddress(Dll, "WintunCreateAdapter");
 *
 * An adapter is a network interface, with a name, in a pool that belongs to one application. It
 * stays when its handle is released, until it is deleted, or replaced by WintunCreateAdapter. A
 * session is the connection through which one process at a time exchanges the adapter's packets.
 *
 * Unless something else is said
 *   - every function may be called from any thread, and from several at once;
 *   - a function that fails returns FALSE, NULL or 0; GetLastError then tells why, and the logger
 *     has got a line that says it in words (but for ERROR_NO_MORE_ITEMS, ERROR_BUFFER_OVERFLOW and
 *     ERROR_HANDLE_EOF of the packet functions, which are a part of normal work);
 *   - a bad argument (NULL where a pointer is needed, an empty or too long string, a handle that
 *     is none, as far as that can be seen: the memory that a session's points to is looked at) is
 *     ERROR_INVALID_PARAMETER and changes nothing;
 *   - the caller must be an administrator or LocalSystem, or gets ERROR_ACCESS_DENIED;
 *   - no function but WintunEndSession may be called from a DllMain: they wait for other threads;
 *   - strings are zero-terminated UTF-16, their limits are in characters and include the
 *     terminator. Pools and names are compared without regard to case.
 *
 * Functions that create, open, list or delete adapters wait for one another, in all processes of
 * the system, for up to two minutes (ERROR_TIMEOUT). Those that create or delete fail with
 * ERROR_NOT_SUPPORTED in a 32-bit process on 64-bit Windows, and in any process of another
 * architecture than the system's, because Windows installs devices from native processes only.
 */
#ifndef WINTUN_H
#define WINTUN_H

#include <winsock2.h>
#include <windows.h>
#include <ipexport.h>
#include <ifdef.h>
#include <ws2ipdef.h>

#ifdef __cplusplus
extern "C"
{
#endif

    /* The formatter would indent all that is inside the block above, and reflow the tables. */
    /* clang-format off */

#ifndef MAX_ADAPTER_NAME
/** Maximum adapter name length, in characters, including the zero terminator */
#define MAX_ADAPTER_NAME 128
#endif

/** Maximum pool name length, in characters, including the zero terminator */
#define WINTUN_MAX_POOL 256

/** Minimum ring capacity, in bytes */
#define WINTUN_MIN_RING_CAPACITY 0x20000 /* 128 KiB */

/** Maximum ring capacity, in bytes */
#define WINTUN_MAX_RING_CAPACITY 0x4000000 /* 64 MiB */

/** Maximum IP packet size, in bytes */
#define WINTUN_MAX_IP_PACKET_SIZE 0xFFFF

/** A handle of an adapter, valid in the process that got it, until WintunFreeAdapter */
typedef void *WINTUN_ADAPTER_HANDLE;

/** A handle of a session, valid in the process that got it, until WintunEndSession */
typedef void *WINTUN_SESSION_HANDLE;

/** How grave a log line is */
typedef enum WINTUN_LOGGER_LEVEL
{
    WINTUN_LOG_INFO, /**< what was done */
    WINTUN_LOG_WARN, /**< something is not as it should be, and the function goes on */
    WINTUN_LOG_ERR   /**< why a function fails */
} WINTUN_LOGGER_LEVEL;

/**
 * Called for each log line, on the thread that called the function that logs, from several threads
 * at once. The last-error code is the same after it as before. It must not call functions that
 * create, open, list or delete adapters.
 *
 * @param Level    How grave it is.
 * @param Message  The text, without a line end; valid until the callback returns.
 *
 * @return Anything: it is ignored.
 */
typedef BOOL(CALLBACK *WINTUN_LOGGER_CALLBACK)(_In_ WINTUN_LOGGER_LEVEL Level,
                                               _In_z_ const WCHAR *Message);

/**
 * Called by WintunEnumAdapters for each adapter of the pool. It may call every function of this
 * header, also WintunDeleteAdapter with the handle that it gets.
 *
 * @param Adapter  The adapter's handle. It is freed when the callback returns: do not free or keep
 *                 it. It does not count as a use of the adapter.
 * @param Param    The value that was passed to WintunEnumAdapters.
 *
 * @return Nonzero to go on, zero to stop.
 */
typedef BOOL(CALLBACK *WINTUN_ENUM_CALLBACK)(_In_ WINTUN_ADAPTER_HANDLE Adapter, _In_ LPARAM Param);

/**
 * Creates an adapter, installing the driver first where it is missing, damaged, or older than the
 * one that this DLL carries. A newer one is used as it is. An older one that serves adapters in use
 * stays, with a warning, until none is: only WintunDeleteAdapter and
 * WintunDeletePoolDriver take a driver from its users. Waits up to 15 seconds for the new device to
 * start.
 *
 * An adapter of the same pool that has the same name, or was created with it and got a number, or
 * has the requested GUID, is replaced if nobody uses it; a process that crashed may have left it. It
 * is in use while any process holds a handle from WintunCreateAdapter or WintunOpenAdapter, or a
 * session. After a failure nothing of the new adapter is left.
 *
 * @param Pool           The pool, up to WINTUN_MAX_POOL-1 characters.
 * @param Name           The requested name, up to MAX_ADAPTER_NAME-1 characters. If an interface
 *                       that is not an adapter of this pool has it already, the first free one of
 *                       "Name 2", "Name 3" ... is taken and a warning logged; WintunGetAdapterName
 *                       tells which.
 * @param RequestedGUID  The GUID of the interface, by which the system recognises it and its
 *                       network profile when it is created again; NULL for a random one. If an
 *                       adapter that cannot be replaced has it, the system chooses another one and
 *                       a warning is logged.
 * @param RebootRequired If not NULL, set to TRUE if the system asks for a restart, else FALSE.
 *
 * @return The adapter's handle, to be released with WintunFreeAdapter, or NULL. Among the errors:
 *         ERROR_ALREADY_EXISTS      the pool has an adapter of that name, and it is in use
 *         ERROR_NOT_SUPPORTED       see the head of this file
 *         ERROR_TIMEOUT             the device did not start in time
 *         ERROR_INVALID_IMAGE_HASH  the system does not accept the driver's signature
 *         ERROR_DRIVER_BLOCKED      the system has been told to block the driver
 *         ERROR_SERVICE_DISABLED    somebody has disabled the driver's service
 *         ERROR_GEN_FAILURE         the device has another problem; the log line has its code
 *         or, as with any function that asks the system, the code that the system gave: also for a
 *         signature that it refuses while the driver is added to its store. (If the user is there,
 *         versions of Windows before 10 may ask whether a publisher is to be trusted, and the call
 *         waits for the answer.)
 */
typedef _Must_inspect_result_ WINTUN_ADAPTER_HANDLE(WINAPI *WINTUN_CREATE_ADAPTER_FUNC)(
    _In_z_ const WCHAR *Pool, _In_z_ const WCHAR *Name, _In_opt_ const GUID *RequestedGUID,
    _Out_opt_ BOOL *RebootRequired);

/**
 * Opens an existing adapter.
 *
 * @param Pool  The pool, up to WINTUN_MAX_POOL-1 characters.
 * @param Name  The adapter's name, up to MAX_ADAPTER_NAME-1 characters.
 *
 * @return The adapter's handle, to be released with WintunFreeAdapter, or NULL. Among the errors:
 *         ERROR_FILE_NOT_FOUND  no network interface has the name
 *         ERROR_ALREADY_EXISTS  an interface has it that is none of Culvert's or not of this pool
 */
typedef _Must_inspect_result_ WINTUN_ADAPTER_HANDLE(WINAPI *WINTUN_OPEN_ADAPTER_FUNC)(
    _In_z_ const WCHAR *Pool, _In_z_ const WCHAR *Name);

/**
 * Deletes an adapter. Sessions of the calling process on it end: WintunReceivePacket and
 * WintunAllocateSendPacket return ERROR_HANDLE_EOF from then on. The handle stays valid and must
 * still be released; functions that need the adapter fail with ERROR_FILE_NOT_FOUND, also when there
 * is another adapter with its GUID and name.
 *
 * @param Adapter            Handle from WintunCreateAdapter, WintunOpenAdapter or an enumeration.
 * @param ForceCloseSessions TRUE: end a session of another process too, in the same way.
 *                           FALSE: fail with ERROR_SHARING_VIOLATION if there is one, which goes on
 *                           undisturbed.
 * @param RebootRequired     If not NULL, set to TRUE if the system asks for a restart, else FALSE.
 *
 * @return Nonzero if the adapter was deleted, or is gone already. Errors among others:
 *         ERROR_SHARING_VIOLATION  another process has a session
 *         ERROR_NOT_SUPPORTED      see the head of this file
 */
typedef BOOL(WINAPI *WINTUN_DELETE_ADAPTER_FUNC)(_In_ WINTUN_ADAPTER_HANDLE Adapter,
                                                 _In_ BOOL ForceCloseSessions,
                                                 _Out_opt_ BOOL *RebootRequired);

/**
 * Calls back for each adapter of a pool that exists when the call begins and still exists when its
 * turn comes.
 *
 * @param Pool      The pool, up to WINTUN_MAX_POOL-1 characters.
 * @param Callback  See WINTUN_ENUM_CALLBACK; called on this thread, with no lock held.
 * @param Param     Passed on to Callback.
 *
 * @return Nonzero, also if the pool has no adapter or the callback stopped.
 */
typedef BOOL(WINAPI *WINTUN_ENUM_ADAPTERS_FUNC)(_In_z_ const WCHAR *Pool,
                                                _In_ WINTUN_ENUM_CALLBACK Callback,
                                                _In_ LPARAM Param);

/**
 * Releases an adapter's handle. The adapter stays; sessions that were started with it go on. The
 * last-error code stays as it was, unless Adapter is neither NULL nor a handle.
 *
 * @param Adapter  Handle from WintunCreateAdapter or WintunOpenAdapter. NULL is ignored.
 */
typedef void(WINAPI *WINTUN_FREE_ADAPTER_FUNC)(_In_opt_ WINTUN_ADAPTER_HANDLE Adapter);

/**
 * Deletes all adapters of a pool, in use or not, and if no adapter of any pool is left, removes the
 * driver from the system. For uninstallers.
 *
 * @param Pool           The pool, up to WINTUN_MAX_POOL-1 characters.
 * @param RebootRequired If not NULL, set to TRUE if the system asks for a restart, else FALSE.
 *
 * @return Nonzero if nothing of the pool is left, or nothing will be after the restart that
 *         *RebootRequired asks for; the driver is then removed by a call after it. If it fails for
 *         one adapter, the others are deleted nevertheless and the first error is returned.
 */
typedef BOOL(WINAPI *WINTUN_DELETE_POOL_DRIVER_FUNC)(_In_z_ const WCHAR *Pool,
                                                     _Out_opt_ BOOL *RebootRequired);

/**
 * Returns the LUID of an adapter. Exported as WintunGetAdapterLUID and as WintunGetAdapterLuid.
 *
 * @param Adapter  Handle from WintunCreateAdapter, WintunOpenAdapter or an enumeration.
 * @param Luid     Receives the LUID; zero if Adapter is no handle, with GetLastError set.
 */
typedef void(WINAPI *WINTUN_GET_ADAPTER_LUID_FUNC)(_In_ WINTUN_ADAPTER_HANDLE Adapter,
                                                   _Out_ NET_LUID *Luid);

/**
 * Returns the present name of an adapter.
 *
 * @param Adapter  Handle from WintunCreateAdapter, WintunOpenAdapter or an enumeration.
 * @param Name     Buffer of MAX_ADAPTER_NAME characters that receives the name.
 *
 * @return Nonzero on success. Errors among others:
 *         ERROR_FILE_NOT_FOUND  the adapter does not exist any more
 *         ERROR_MORE_DATA       somebody gave it a name of more than MAX_ADAPTER_NAME-1 characters
 */
typedef _Must_inspect_result_ BOOL(WINAPI *WINTUN_GET_ADAPTER_NAME_FUNC)(
    _In_ WINTUN_ADAPTER_HANDLE Adapter, _Out_writes_z_(MAX_ADAPTER_NAME) WCHAR *Name);

/**
 * Gives an adapter another name.
 *
 * @param Adapter  Handle from WintunCreateAdapter, WintunOpenAdapter or an enumeration.
 * @param Name     The name, up to MAX_ADAPTER_NAME-1 characters.
 *
 * @return Nonzero on success. Errors among others:
 *         ERROR_ALREADY_EXISTS  another interface has the name; this one keeps its own
 *         ERROR_FILE_NOT_FOUND  the adapter does not exist any more
 */
typedef BOOL(WINAPI *WINTUN_SET_ADAPTER_NAME_FUNC)(_In_ WINTUN_ADAPTER_HANDLE Adapter,
                                                   _In_z_ const WCHAR *Name);

/**
 * Tells the version of the driver that is loaded.
 *
 * @return (major << 16) | minor, or 0. Errors among others:
 *         ERROR_FILE_NOT_FOUND  no driver is loaded: no adapter is running
 */
typedef _Must_inspect_result_ DWORD(WINAPI *WINTUN_GET_RUNNING_DRIVER_VERSION_FUNC)(void);

/**
 * Sets the function that gets log lines, for the whole process. Calls of the earlier one that are
 * in progress on other threads may still be so when this returns; no new ones begin.
 *
 * @param NewLogger  See WINTUN_LOGGER_CALLBACK; NULL to have none, as at the beginning.
 */
typedef void(WINAPI *WINTUN_SET_LOGGER_FUNC)(_In_opt_ WINTUN_LOGGER_CALLBACK NewLogger);

/**
 * Starts a session. The adapter's link is up while it lasts.
 *
 * @param Adapter   Handle from WintunCreateAdapter, WintunOpenAdapter or an enumeration.
 * @param Capacity  Capacity of each of the two rings, in bytes: a power of two between
 *                  WINTUN_MIN_RING_CAPACITY and WINTUN_MAX_RING_CAPACITY.
 *
 * @return The session's handle, to be released with WintunEndSession, or NULL. Errors among others:
 *         ERROR_SHARING_VIOLATION  the adapter has a session already
 *         ERROR_FILE_NOT_FOUND     the adapter does not exist any more or is not running
 *         ERROR_REVISION_MISMATCH  the loaded driver is not of this DLL's version
 */
typedef _Must_inspect_result_ WINTUN_SESSION_HANDLE(WINAPI *WINTUN_START_SESSION_FUNC)(
    _In_ WINTUN_ADAPTER_HANDLE Adapter, _In_ DWORD Capacity);

/**
 * Ends a session. The handle and packets of the session become invalid. Threads that are inside
 * the session's functions, or wait on its event, are not disturbed: the functions return
 * ERROR_HANDLE_EOF, and the event is set. The last-error code stays as it was, unless Session is
 * neither NULL nor a handle.
 *
 * @param Session  Handle from WintunStartSession. NULL is ignored.
 */
typedef void(WINAPI *WINTUN_END_SESSION_FUNC)(_In_opt_ WINTUN_SESSION_HANDLE Session);

/**
 * Returns the event to wait for when WintunReceivePacket returned ERROR_NO_MORE_ITEMS. It is set
 * when there are packets again and when the session ends. Under heavy load, calling
 * WintunReceivePacket a few more times before waiting saves switches.
 *
 * @param Session  Handle from WintunStartSession.
 *
 * @return The event. It belongs to the session: do not close it, and do not use it after its end.
 */
typedef HANDLE(WINAPI *WINTUN_GET_READ_WAIT_EVENT_FUNC)(_In_ WINTUN_SESSION_HANDLE Session);

/**
 * Returns the next packet that the system sent into the adapter. Thread-safe.
 *
 * @param Session     Handle from WintunStartSession.
 * @param PacketSize  Receives the packet's size, in bytes.
 *
 * @return The packet, IPv4 or IPv6, which the caller may change and must give back with
 *         WintunReleaseReceivePacket, or NULL:
 *         ERROR_NO_MORE_ITEMS  there is none now
 *         ERROR_HANDLE_EOF     the session has ended: the adapter is going away
 *         ERROR_INVALID_DATA   the ring's contents break its rules
 */
typedef _Must_inspect_result_ BYTE *(WINAPI *WINTUN_RECEIVE_PACKET_FUNC)(
    _In_ WINTUN_SESSION_HANDLE Session, _Out_ DWORD *PacketSize);

/**
 * Gives a received packet's memory back. Packets may be given back in any order. Thread-safe.
 *
 * @param Session  Handle from WintunStartSession.
 * @param Packet   Packet from WintunReceivePacket.
 */
typedef void(WINAPI *WINTUN_RELEASE_RECEIVE_PACKET_FUNC)(_In_ WINTUN_SESSION_HANDLE Session,
                                                         _In_ const BYTE *Packet);

/**
 * Reserves memory for a packet. Packets go out in the order of these calls. Thread-safe.
 *
 * @param Session     Handle from WintunStartSession.
 * @param PacketSize  Exact size of the packet, in bytes: 1 to WINTUN_MAX_IP_PACKET_SIZE.
 *
 * @return Where to put the IPv4 or IPv6 packet, to be passed to WintunSendPacket, or NULL:
 *         ERROR_BUFFER_OVERFLOW  the ring has no room for it now
 *         ERROR_HANDLE_EOF       the session has ended: the adapter is going away
 *         ERROR_INVALID_DATA     the ring's contents break its rules
 */
typedef _Must_inspect_result_ BYTE *(WINAPI *WINTUN_ALLOCATE_SEND_PACKET_FUNC)(
    _In_ WINTUN_SESSION_HANDLE Session, _In_ DWORD PacketSize);

/**
 * Sends a packet, and gives its memory back. It leaves when all that were allocated before it have
 * been sent, so possibly after this function has returned. Thread-safe.
 *
 * @param Session  Handle from WintunStartSession.
 * @param Packet   Packet from WintunAllocateSendPacket.
 */
typedef void(WINAPI *WINTUN_SEND_PACKET_FUNC)(_In_ WINTUN_SESSION_HANDLE Session,
                                              _In_ const BYTE *Packet);

    /* clang-format on */

#ifdef __cplusplus
}
#endif

#endif
