/* SPDX-License-Identifier: MIT */
/*
 * A TUN interface of the network namespace in which the Wine server was started.
 */
#include "edge.h"

#define TUN_DEVICE       "/dev/net/tun"
#define TUN_NAME_PATTERN "culvert%d"
#define SYSCTL_IPV6      "/proc/sys/net/ipv6/conf/"

typedef struct FILE_BASIC_INFORMATION
{
    LARGE_INTEGER Times[4];
    ULONG FileAttributes;
} FILE_BASIC_INFORMATION;

NTSYSAPI NTSTATUS NTAPI
NtQueryAttributesFile(POBJECT_ATTRIBUTES ObjectAttributes, FILE_BASIC_INFORMATION *Information);

static VOID
NameCopy(char Target[LINUX_IFNAMSIZ], const char *Source)
{
    RtlZeroMemory(Target, LINUX_IFNAMSIZ);
    for (ULONG Index = 0; Index < LINUX_IFNAMSIZ - 1 && Source[Index] != 0; Index++)
        Target[Index] = Source[Index];
}

/* An ioctl on a socket, as those that concern an interface are. */
static int
InterfaceIoctl(ULONG Request, LINUX_IFREQ *Argument)
{
    int Socket = LinuxSocket(LINUX_AF_INET, LINUX_SOCK_DGRAM | LINUX_SOCK_CLOEXEC, 0);
    int Result;

    if (Socket < 0) /* a kernel without IPv4 */
        Socket = LinuxSocket(LINUX_AF_INET6, LINUX_SOCK_DGRAM | LINUX_SOCK_CLOEXEC, 0);
    if (Socket < 0)
        return Socket;
    Result = LinuxIoctl(Socket, Request, Argument);
    LinuxClose(Socket);
    return Result;
}

static int
TunAttach(int Tun, const char *Name)
{
    LINUX_IFREQ Request = {0};

    NameCopy(Request.Name, Name);
    Request.Flags = (int16_t)(LINUX_IFF_TUN | LINUX_IFF_NO_PI | LINUX_IFF_TUN_EXCL);
    int Result = LinuxIoctl(Tun, LINUX_TUNSETIFF, &Request);
    if (Result < 0)
        return Result;
    Result = InterfaceIoctl(LINUX_SIOCGIFINDEX, &Request);
    return Result < 0 ? Result : Request.Index;
}

/* Whether the launcher says that no interface is to be made. */
static BOOLEAN
EchoWanted(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\??\\C:\\windows\\culvert-host.echo");
    OBJECT_ATTRIBUTES Attributes;
    FILE_BASIC_INFORMATION Information;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NT_SUCCESS(NtQueryAttributesFile(&Attributes, &Information));
}

int
TunCreate(const char *Name, int *Index)
{
    if (EchoWanted())
        return -LINUX_ENODEV;
    int Tun = LinuxOpen(TUN_DEVICE, LINUX_O_RDWR | LINUX_O_NONBLOCK | LINUX_O_CLOEXEC);
    if (Tun < 0)
        return Tun;
    *Index = Name != NULL ? TunAttach(Tun, Name) : -LINUX_EEXIST;
    if (*Index == -LINUX_EBUSY || *Index == -LINUX_EEXIST || *Index == -LINUX_EINVAL)
        *Index = TunAttach(Tun, TUN_NAME_PATTERN);
    if (*Index < 0)
    {
        LinuxClose(Tun);
        return *Index;
    }
    return Tun;
}

BOOLEAN
TunName(int Index, char Name[LINUX_IFNAMSIZ])
{
    LINUX_IFREQ Request = {0};

    Request.Index = Index;
    if (InterfaceIoctl(LINUX_SIOCGIFNAME, &Request) < 0)
        return FALSE;
    NameCopy(Name, Request.Name);
    return TRUE;
}

BOOLEAN
TunRename(int Index, const char *Name)
{
    LINUX_IFREQ Request = {0};

    if (!TunName(Index, Request.Name))
        return FALSE;
    NameCopy(Request.NewName, Name);
    return InterfaceIoctl(LINUX_SIOCSIFNAME, &Request) >= 0;
}

/* A kernel without IPv6 has no such files, and /proc may be read-only: neither matters. */
static VOID
Ipv6Setting(const char *Name, const char *Setting, char Value)
{
    HOST_LINE Path = {0};
    int File;

    HostLineText(&Path, SYSCTL_IPV6);
    HostLineText(&Path, Name);
    HostLineText(&Path, Setting);
    File = LinuxOpen(Path.Text, LINUX_O_WRONLY | LINUX_O_CLOEXEC);
    if (File < 0)
        return;
    LinuxWrite(File, &Value, 1);
    LinuxClose(File);
}

VOID
TunBringUp(int Index, ULONG MtuSize)
{
    LINUX_IFREQ Request = {0};

    if (!TunName(Index, Request.Name))
        return;
    /* Addresses are usable at once, and the system sends nothing that nobody asked for. */
    Ipv6Setting(Request.Name, "/accept_dad", '0');
    Ipv6Setting(Request.Name, "/addr_gen_mode", '1');
    Ipv6Setting(Request.Name, "/accept_ra", '0');
    Ipv6Setting(Request.Name, "/router_solicitations", '0');

    Request.Mtu = (int32_t)(MtuSize < EDGE_PACKET_MAX ? MtuSize : EDGE_PACKET_MAX);
    if (InterfaceIoctl(LINUX_SIOCSIFMTU, &Request) < 0)
        HostLog("the interface's MTU could not be set");
    if (InterfaceIoctl(LINUX_SIOCGIFFLAGS, &Request) < 0)
        return;
    Request.Flags |= LINUX_IFF_UP;
    if (InterfaceIoctl(LINUX_SIOCSIFFLAGS, &Request) < 0)
        HostLog("the interface could not be brought up");
}

/* Kernels before 5.0 cannot; their interface always has a carrier. */
VOID
TunCarrier(int Tun, BOOLEAN On)
{
    LinuxIoctlInt(Tun, LINUX_TUNSETCARRIER, On);
}
