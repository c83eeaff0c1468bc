/* SPDX-License-Identifier: MIT */
/*
 * iphlpapi.dll: the IP Helper functions that Wine 8 lacks, with which a program gives its adapter
 * addresses and routes. All others are forwarded to a copy of Wine's own DLL, culvert-iphlp.dll
 * (see iphelper.def and launch.sh).
 *
 * An interface is named by its LUID, whose index is Linux's, or by its index. Meaning of rows, and
 * errors: netioapi.h's reference. What Linux has no counterpart of is accepted and has no effect:
 * interface metrics, skipping an address as source, origins of prefixes.
 */
#include <winsock2.h>
#include <ws2ipdef.h>
#include <iphlpapi.h>
#include <netioapi.h>
#include "linux.h"
#include "rtnetlink.h"

#define LINUX_ESRCH         3
#define LINUX_ENETUNREACH   101
#define LINUX_EADDRNOTAVAIL 99
#define LINUX_EHOSTUNREACH  113
#define LINUX_SIOCGIFMTU    0x8921
#define LINUX_IFF_RUNNING   0x40
#define LIFETIME_FOR_EVER   0xFFFFFFFF
#define PREFIX_UNSPECIFIED  255
#define IFTYPE_OTHER        1 /* what Wine takes every TUN interface for */

static DWORD
ErrorFromLinux(int Error)
{
    switch (-Error)
    {
    case 0:
        return NO_ERROR;
    case LINUX_EEXIST:
        return ERROR_OBJECT_ALREADY_EXISTS;
    case LINUX_EPERM:
    case LINUX_EACCES:
        return ERROR_ACCESS_DENIED;
    case LINUX_ENODEV:
    case LINUX_ENXIO:
    case LINUX_ESRCH:
    case LINUX_EADDRNOTAVAIL:
        return ERROR_NOT_FOUND;
    case LINUX_EINVAL:
        return ERROR_INVALID_PARAMETER;
    case LINUX_ENETUNREACH:
    case LINUX_EHOSTUNREACH:
        return ERROR_NETWORK_UNREACHABLE;
    default:
        return ERROR_GEN_FAILURE;
    }
}

static uint32_t
InterfaceOf(const NET_LUID *Luid, NET_IFINDEX Index)
{
    return Luid->Value != 0 ? (uint32_t)Luid->Info.NetLuidIndex : Index;
}

/* The bytes of an address and their number; 0 if it is of no family that is known here. */
static unsigned
AddressBytes(const SOCKADDR_INET *Address, uint8_t Bytes[16], int *Family)
{
    if (Address->si_family == AF_INET)
    {
        CopyMemory(Bytes, &Address->Ipv4.sin_addr, 4);
        *Family = LINUX_AF_INET;
        return 4;
    }
    if (Address->si_family == AF_INET6)
    {
        CopyMemory(Bytes, &Address->Ipv6.sin6_addr, 16);
        *Family = LINUX_AF_INET6;
        return 16;
    }
    return 0;
}

/* ---- Addresses
 * ---------------------------------------------------------------------------------------- */

VOID NETIOAPI_API_
InitializeUnicastIpAddressEntry(PMIB_UNICASTIPADDRESS_ROW Row)
{
    ZeroMemory(Row, sizeof(*Row));
    Row->PrefixOrigin = IpPrefixOriginUnchanged;
    Row->SuffixOrigin = IpSuffixOriginUnchanged;
    Row->OnLinkPrefixLength = PREFIX_UNSPECIFIED;
    Row->ValidLifetime = LIFETIME_FOR_EVER;
    Row->PreferredLifetime = LIFETIME_FOR_EVER;
}

static DWORD
AddressFromRow(const MIB_UNICASTIPADDRESS_ROW *Row, RT_ADDRESS *Address)
{
    unsigned Bytes;

    if (Row == NULL)
        return ERROR_INVALID_PARAMETER;
    ZeroMemory(Address, sizeof(*Address));
    Bytes = AddressBytes(&Row->Address, Address->Bytes, &Address->Family);
    Address->Interface = InterfaceOf(&Row->InterfaceLuid, Row->InterfaceIndex);
    Address->PrefixLength = Row->OnLinkPrefixLength == PREFIX_UNSPECIFIED ? (uint8_t)(Bytes * 8)
                                                                          : Row->OnLinkPrefixLength;
    Address->ValidSeconds = Row->ValidLifetime;
    Address->PreferredSeconds = Row->PreferredLifetime;
    if (Bytes == 0 || Address->PrefixLength > Bytes * 8 ||
        Row->PreferredLifetime > Row->ValidLifetime)
        return ERROR_INVALID_PARAMETER;
    return Address->Interface != 0 ? NO_ERROR : ERROR_NOT_FOUND;
}

DWORD NETIOAPI_API_
CreateUnicastIpAddressEntry(const MIB_UNICASTIPADDRESS_ROW *Row)
{
    RT_ADDRESS Address;
    DWORD Error = AddressFromRow(Row, &Address);
    return Error != NO_ERROR ? Error : ErrorFromLinux(RtAddressSet(&Address, FALSE));
}

/* The prefix length is part of what Linux knows an address by: the row that exists must have the
 * same one to be changed. */
DWORD NETIOAPI_API_
SetUnicastIpAddressEntry(const MIB_UNICASTIPADDRESS_ROW *Row)
{
    RT_ADDRESS Address;
    MIB_UNICASTIPADDRESS_ROW Existing;
    DWORD Error = AddressFromRow(Row, &Address);

    if (Error != NO_ERROR)
        return Error;
    Existing = *Row;
    Error = GetUnicastIpAddressEntry(&Existing);
    if (Error != NO_ERROR)
        return Error;
    return ErrorFromLinux(RtAddressSet(&Address, TRUE));
}

DWORD NETIOAPI_API_
DeleteUnicastIpAddressEntry(const MIB_UNICASTIPADDRESS_ROW *Row)
{
    PMIB_UNICASTIPADDRESS_TABLE Table;
    RT_ADDRESS Address;
    int Result = -LINUX_EADDRNOTAVAIL;
    DWORD Error = AddressFromRow(Row, &Address);

    if (Error != NO_ERROR)
        return Error;
    Error = GetUnicastIpAddressTable(Row->Address.si_family, &Table);
    if (Error != NO_ERROR)
        return Error;
    /* Callers need not know the prefix length, Linux does. */
    for (ULONG Index = 0; Index < Table->NumEntries; Index++)
    {
        RT_ADDRESS Found;
        if (AddressFromRow(&Table->Table[Index], &Found) == NO_ERROR &&
            Found.Interface == Address.Interface &&
            memcmp(Found.Bytes, Address.Bytes, sizeof(Found.Bytes)) == 0)
            Result = RtAddressDelete(&Found);
    }
    FreeMibTable(Table);
    return ErrorFromLinux(Result);
}

/* ---- Routes
 * --------------------------------------------------------------------------------------------- */

VOID NETIOAPI_API_
InitializeIpForwardEntry(PMIB_IPFORWARD_ROW2 Row)
{
    ZeroMemory(Row, sizeof(*Row));
    Row->ValidLifetime = LIFETIME_FOR_EVER;
    Row->PreferredLifetime = LIFETIME_FOR_EVER;
    Row->Metric = (ULONG)-1;
    Row->Protocol = MIB_IPPROTO_NETMGMT;
    Row->Loopback = TRUE;
    Row->AutoconfigureAddress = TRUE;
    Row->Publish = TRUE;
    Row->Immortal = TRUE;
}

static DWORD
RouteFromRow(const MIB_IPFORWARD_ROW2 *Row, RT_ROUTE *Route)
{
    static const uint8_t Nowhere[16];
    int GatewayFamily;
    unsigned Bytes;

    if (Row == NULL)
        return ERROR_INVALID_PARAMETER;
    ZeroMemory(Route, sizeof(*Route));
    Bytes = AddressBytes(&Row->DestinationPrefix.Prefix, Route->Destination, &Route->Family);
    if (Bytes == 0 || Row->DestinationPrefix.PrefixLength > Bytes * 8)
        return ERROR_INVALID_PARAMETER;
    if (Row->NextHop.si_family != AF_UNSPEC &&
        (AddressBytes(&Row->NextHop, Route->Gateway, &GatewayFamily) != Bytes))
        return ERROR_INVALID_PARAMETER;
    Route->HasGateway = memcmp(Route->Gateway, Nowhere, sizeof(Nowhere)) != 0;
    Route->PrefixLength = Row->DestinationPrefix.PrefixLength;
    Route->Interface = InterfaceOf(&Row->InterfaceLuid, Row->InterfaceIndex);
    Route->Metric = Row->Metric != (ULONG)-1 ? Row->Metric : 0;
    return Route->Interface != 0 ? NO_ERROR : ERROR_NOT_FOUND;
}

DWORD NETIOAPI_API_
CreateIpForwardEntry2(const MIB_IPFORWARD_ROW2 *Row)
{
    RT_ROUTE Route;
    DWORD Error = RouteFromRow(Row, &Route);
    return Error != NO_ERROR ? Error : ErrorFromLinux(RtRouteSet(&Route, FALSE));
}

DWORD NETIOAPI_API_
SetIpForwardEntry2(const MIB_IPFORWARD_ROW2 *Row)
{
    RT_ROUTE Route;
    MIB_IPFORWARD_ROW2 Existing;
    DWORD Error = RouteFromRow(Row, &Route);

    if (Error != NO_ERROR)
        return Error;
    Existing = *Row;
    Error = GetIpForwardEntry2(&Existing);
    return Error != NO_ERROR ? Error : ErrorFromLinux(RtRouteSet(&Route, TRUE));
}

DWORD NETIOAPI_API_
DeleteIpForwardEntry2(const MIB_IPFORWARD_ROW2 *Row)
{
    RT_ROUTE Route;
    DWORD Error = RouteFromRow(Row, &Route);

    Route.Metric = 0; /* not part of what names a route */
    return Error != NO_ERROR ? Error : ErrorFromLinux(RtRouteDelete(&Route));
}

static BOOL
SameRoute(const RT_ROUTE *A, const RT_ROUTE *B)
{
    return A->Family == B->Family && A->Interface == B->Interface &&
           A->PrefixLength == B->PrefixLength &&
           memcmp(A->Destination, B->Destination, sizeof(A->Destination)) == 0 &&
           memcmp(A->Gateway, B->Gateway, sizeof(A->Gateway)) == 0;
}

DWORD NETIOAPI_API_
GetIpForwardEntry2(PMIB_IPFORWARD_ROW2 Row)
{
    PMIB_IPFORWARD_TABLE2 Table;
    RT_ROUTE Route;
    DWORD Error = RouteFromRow(Row, &Route);

    if (Error != NO_ERROR)
        return Error;
    Error = GetIpForwardTable2(Row->DestinationPrefix.Prefix.si_family, &Table);
    if (Error != NO_ERROR)
        return Error;
    Error = ERROR_NOT_FOUND;
    for (ULONG Index = 0; Index < Table->NumEntries && Error != NO_ERROR; Index++)
    {
        RT_ROUTE Found;
        if (RouteFromRow(&Table->Table[Index], &Found) == NO_ERROR && SameRoute(&Found, &Route))
        {
            *Row = Table->Table[Index];
            Error = NO_ERROR;
        }
    }
    FreeMibTable(Table);
    return Error;
}

/* ---- Interfaces
 * --------------------------------------------------------------------------------------------- */

/* The interface's name, in a request for further calls; returns a socket or a negative error. */
static int
InterfaceSocket(uint32_t Index, LINUX_IFREQ *Request)
{
    int Socket = LinuxSocket(LINUX_AF_INET, LINUX_SOCK_DGRAM | LINUX_SOCK_CLOEXEC, 0);
    int Result;

    if (Socket < 0)
        return Socket;
    ZeroMemory(Request, sizeof(*Request));
    Request->Index = (int32_t)Index;
    Result = LinuxIoctl(Socket, LINUX_SIOCGIFNAME, Request);
    if (Result >= 0)
        return Socket;
    LinuxClose(Socket);
    return Result;
}

VOID NETIOAPI_API_
InitializeIpInterfaceEntry(PMIB_IPINTERFACE_ROW Row)
{
    ZeroMemory(Row, sizeof(*Row));
    Row->Family = AF_UNSPEC;
}

DWORD NETIOAPI_API_
GetIpInterfaceEntry(PMIB_IPINTERFACE_ROW Row)
{
    LINUX_IFREQ Request;
    ADDRESS_FAMILY Family;
    uint32_t Index;
    int Socket;

    if (Row == NULL || (Row->Family != AF_INET && Row->Family != AF_INET6))
        return ERROR_INVALID_PARAMETER;
    Index = InterfaceOf(&Row->InterfaceLuid, Row->InterfaceIndex);
    Socket = InterfaceSocket(Index, &Request);
    if (Socket < 0)
        return ErrorFromLinux(Socket);
    Family = Row->Family;
    ZeroMemory(Row, sizeof(*Row));
    Row->Family = Family;
    if (ConvertInterfaceIndexToLuid(Index, &Row->InterfaceLuid) != NO_ERROR)
    {
        Row->InterfaceLuid.Info.NetLuidIndex = Index;
        Row->InterfaceLuid.Info.IfType = IFTYPE_OTHER;
    }
    Row->InterfaceIndex = Index;
    Row->UseAutomaticMetric = TRUE;
    if (LinuxIoctl(Socket, LINUX_SIOCGIFMTU, &Request) >= 0)
        Row->NlMtu = (ULONG)Request.Mtu;
    if (LinuxIoctl(Socket, LINUX_SIOCGIFFLAGS, &Request) >= 0)
        Row->Connected = (Request.Flags & LINUX_IFF_RUNNING) != 0;
    LinuxClose(Socket);
    return NO_ERROR;
}

/* Of all that a row says, Linux has the MTU, and one for both families. */
DWORD NETIOAPI_API_
SetIpInterfaceEntry(PMIB_IPINTERFACE_ROW Row)
{
    LINUX_IFREQ Request;
    int Result = 0;
    int Socket;

    if (Row == NULL || (Row->Family != AF_INET && Row->Family != AF_INET6))
        return ERROR_INVALID_PARAMETER;
    Socket = InterfaceSocket(InterfaceOf(&Row->InterfaceLuid, Row->InterfaceIndex), &Request);
    if (Socket < 0)
        return ErrorFromLinux(Socket);
    if (Row->NlMtu != 0)
    {
        Request.Mtu = (int32_t)Row->NlMtu;
        Result = LinuxIoctl(Socket, LINUX_SIOCSIFMTU, &Request);
    }
    LinuxClose(Socket);
    return ErrorFromLinux(Result < 0 ? Result : 0);
}
