/* SPDX-License-Identifier: MIT */
/*
 * Linux system calls on amd64 from code that Wine runs: constants, structures and the calls that
 * winehost makes. Wine executes Windows code natively, so the syscall instruction reaches Linux.
 *
 * Every call returns what the kernel returns: zero or more, or a negative error number. Signals
 * that Wine uses for itself may interrupt a wait; callers that wait expect -LINUX_EINTR.
 * Fixed-width types only: `long` has 32 bits here.
 */
#ifndef CULVERT_WINEHOST_LINUX_H
#define CULVERT_WINEHOST_LINUX_H

#include <stdint.h>

#if !defined(__x86_64__)
#error "winehost knows the system calls of amd64 only"
#endif

/* Error numbers */
#define LINUX_EPERM  1
#define LINUX_ENOENT 2
#define LINUX_EINTR  4
#define LINUX_ENXIO  6
#define LINUX_EAGAIN 11
#define LINUX_EACCES 13
#define LINUX_EBUSY  16
#define LINUX_EEXIST 17
#define LINUX_ENODEV 19
#define LINUX_EINVAL 22
#define LINUX_ENOTTY 25

/* open(2), eventfd(2), socket(2) */
#define LINUX_O_RDONLY      00
#define LINUX_O_WRONLY      01
#define LINUX_O_RDWR        02
#define LINUX_O_NONBLOCK    04000
#define LINUX_O_CLOEXEC     02000000
#define LINUX_EFD_NONBLOCK  LINUX_O_NONBLOCK
#define LINUX_EFD_CLOEXEC   LINUX_O_CLOEXEC
#define LINUX_AF_UNSPEC     0
#define LINUX_AF_INET       2
#define LINUX_AF_INET6      10
#define LINUX_AF_NETLINK    16
#define LINUX_SOCK_DGRAM    2
#define LINUX_SOCK_RAW      3
#define LINUX_SOCK_CLOEXEC  LINUX_O_CLOEXEC
#define LINUX_NETLINK_ROUTE 0

/* poll(2) */
#define LINUX_POLLIN  1
#define LINUX_POLLERR 8

/* futex(2) */
#define LINUX_FUTEX_WAIT_PRIVATE 128
#define LINUX_FUTEX_WAKE_PRIVATE 129

/* netdevice(7) and the TUN driver */
#define LINUX_IFNAMSIZ      16
#define LINUX_IFF_UP        1
#define LINUX_IFF_TUN       1
#define LINUX_IFF_NO_PI     0x1000
#define LINUX_IFF_TUN_EXCL  0x8000
#define LINUX_TUNSETIFF     0x400454CA
#define LINUX_TUNSETCARRIER 0x400454E2
#define LINUX_SIOCGIFNAME   0x8910
#define LINUX_SIOCGIFFLAGS  0x8913
#define LINUX_SIOCSIFFLAGS  0x8914
#define LINUX_SIOCSIFMTU    0x8922
#define LINUX_SIOCSIFNAME   0x8923
#define LINUX_SIOCGIFINDEX  0x8933

typedef struct LINUX_IFREQ
{
    char Name[LINUX_IFNAMSIZ];
    union {
        int16_t Flags;
        int32_t Index;
        int32_t Mtu;
        char NewName[LINUX_IFNAMSIZ];
        uint8_t Pad[24];
    };
} LINUX_IFREQ;
_Static_assert(sizeof(LINUX_IFREQ) == 40, "struct ifreq");

typedef struct LINUX_IOVEC
{
    void *Base;
    uint64_t Bytes;
} LINUX_IOVEC;
_Static_assert(sizeof(LINUX_IOVEC) == 16, "struct iovec");

typedef struct LINUX_POLLFD
{
    int32_t Descriptor;
    int16_t Events;
    int16_t Returned;
} LINUX_POLLFD;
_Static_assert(sizeof(LINUX_POLLFD) == 8, "struct pollfd");

/* Numbers of system calls */
enum
{
    LINUX_SYS_READ = 0,
    LINUX_SYS_WRITE = 1,
    LINUX_SYS_OPEN = 2,
    LINUX_SYS_CLOSE = 3,
    LINUX_SYS_POLL = 7,
    LINUX_SYS_IOCTL = 16,
    LINUX_SYS_READV = 19,
    LINUX_SYS_WRITEV = 20,
    LINUX_SYS_SOCKET = 41,
    LINUX_SYS_SENDTO = 44,
    LINUX_SYS_RECVFROM = 45,
    LINUX_SYS_BIND = 49,
    LINUX_SYS_FUTEX = 202,
    LINUX_SYS_EVENTFD2 = 290
};

static inline int64_t
LinuxCall6(int64_t Number, uint64_t A, uint64_t B, uint64_t C, uint64_t D, uint64_t E, uint64_t F)
{
    int64_t Result;
    register uint64_t R10 __asm__("r10") = D;
    register uint64_t R8 __asm__("r8") = E;
    register uint64_t R9 __asm__("r9") = F;
    __asm__ volatile("syscall"
                     : "=a"(Result)
                     : "a"(Number), "D"(A), "S"(B), "d"(C), "r"(R10), "r"(R8), "r"(R9)
                     : "rcx", "r11", "memory");
    return Result;
}

static inline int64_t
LinuxCall3(int64_t Number, uint64_t A, uint64_t B, uint64_t C)
{
    return LinuxCall6(Number, A, B, C, 0, 0, 0);
}

static inline int
LinuxOpen(const char *Path, int Flags)
{
    return (int)LinuxCall3(LINUX_SYS_OPEN, (uintptr_t)Path, (uint64_t)Flags, 0);
}

static inline void
LinuxClose(int Descriptor)
{
    LinuxCall3(LINUX_SYS_CLOSE, (uint64_t)Descriptor, 0, 0);
}

static inline int64_t
LinuxRead(int Descriptor, void *Buffer, uint64_t Bytes)
{
    return LinuxCall3(LINUX_SYS_READ, (uint64_t)Descriptor, (uintptr_t)Buffer, Bytes);
}

static inline int64_t
LinuxWrite(int Descriptor, const void *Buffer, uint64_t Bytes)
{
    return LinuxCall3(LINUX_SYS_WRITE, (uint64_t)Descriptor, (uintptr_t)Buffer, Bytes);
}

static inline int64_t
LinuxReadV(int Descriptor, const LINUX_IOVEC *Pieces, int Count)
{
    return LinuxCall3(LINUX_SYS_READV, (uint64_t)Descriptor, (uintptr_t)Pieces, (uint64_t)Count);
}

static inline int64_t
LinuxWriteV(int Descriptor, const LINUX_IOVEC *Pieces, int Count)
{
    return LinuxCall3(LINUX_SYS_WRITEV, (uint64_t)Descriptor, (uintptr_t)Pieces, (uint64_t)Count);
}

static inline int
LinuxIoctl(int Descriptor, uint32_t Request, void *Argument)
{
    return (int)LinuxCall3(LINUX_SYS_IOCTL, (uint64_t)Descriptor, Request, (uintptr_t)Argument);
}

/* An ioctl whose argument is a pointer to an int. */
static inline int
LinuxIoctlInt(int Descriptor, uint32_t Request, int32_t Value)
{
    return LinuxIoctl(Descriptor, Request, &Value);
}

static inline int
LinuxSocket(int Family, int Type, int Protocol)
{
    return (int)LinuxCall3(LINUX_SYS_SOCKET, (uint64_t)Family, (uint64_t)Type, (uint64_t)Protocol);
}

static inline int64_t
LinuxSend(int Descriptor, const void *Buffer, uint64_t Bytes)
{
    return LinuxCall6(LINUX_SYS_SENDTO, (uint64_t)Descriptor, (uintptr_t)Buffer, Bytes, 0, 0, 0);
}

static inline int64_t
LinuxReceive(int Descriptor, void *Buffer, uint64_t Bytes)
{
    return LinuxCall6(LINUX_SYS_RECVFROM, (uint64_t)Descriptor, (uintptr_t)Buffer, Bytes, 0, 0, 0);
}

static inline int
LinuxEventFd(void)
{
    return (int)LinuxCall3(LINUX_SYS_EVENTFD2, 0, LINUX_EFD_NONBLOCK | LINUX_EFD_CLOEXEC, 0);
}

static inline void
LinuxEventFdSignal(int Descriptor)
{
    uint64_t One = 1;
    LinuxWrite(Descriptor, &One, sizeof(One));
}

static inline void
LinuxEventFdReset(int Descriptor)
{
    uint64_t Count;
    LinuxRead(Descriptor, &Count, sizeof(Count));
}

/* Waits for ever. */
static inline int
LinuxPoll(LINUX_POLLFD *Descriptors, int Count)
{
    return (int)LinuxCall3(LINUX_SYS_POLL, (uintptr_t)Descriptors, (uint64_t)Count,
                           (uint64_t)(int64_t)-1);
}

static inline void
LinuxFutexWait(const volatile uint32_t *Word, uint32_t Expected)
{
    LinuxCall6(LINUX_SYS_FUTEX, (uintptr_t)Word, LINUX_FUTEX_WAIT_PRIVATE, Expected, 0, 0, 0);
}

static inline void
LinuxFutexWake(const volatile uint32_t *Word, uint32_t Waiters)
{
    LinuxCall6(LINUX_SYS_FUTEX, (uintptr_t)Word, LINUX_FUTEX_WAKE_PRIVATE, Waiters, 0, 0, 0);
}

#endif
