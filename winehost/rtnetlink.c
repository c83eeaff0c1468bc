/* SPDX-License-Identifier: MIT */
/*
 * Requests to rtnetlink(7): see rtnetlink.h.
 */
#include <windows.h>
#include "linux.h"
#include "rtnetlink.h"

#define NLMSG_ERROR   2
#define NLM_F_REQUEST 0x001
#define NLM_F_ACK     0x004
#define NLM_F_REPLACE 0x100
#define NLM_F_EXCL    0x200
#define NLM_F_CREATE  0x400

#define RTM_NEWADDR  20
#define RTM_DELADDR  21
#define RTM_NEWROUTE 24
#define RTM_DELROUTE 25

#define IFA_ADDRESS   1
#define IFA_LOCAL     2
#define IFA_CACHEINFO 6
#define IFA_F_NODAD   0x02

#define RTA_DST           1
#define RTA_OIF           4
#define RTA_GATEWAY       5
#define RTA_PRIORITY      6
#define RT_TABLE_MAIN     254
#define RTPROT_STATIC     4
#define RT_SCOPE_UNIVERSE 0
#define RT_SCOPE_LINK     253
#define RT_SCOPE_NOWHERE  255
#define RTN_UNICAST       1
#define RTNH_F_ONLINK     4

#define MESSAGE_BYTES 256

typedef struct NETLINK_HEADER
{
    uint32_t Bytes;
    uint16_t Type;
    uint16_t Flags;
    uint32_t Sequence;
    uint32_t Port;
} NETLINK_HEADER;

typedef struct ADDRESS_HEADER
{
    uint8_t Family;
    uint8_t PrefixLength;
    uint8_t Flags;
    uint8_t Scope;
    uint32_t Interface;
} ADDRESS_HEADER;

typedef struct ROUTE_HEADER
{
    uint8_t Family;
    uint8_t DestinationLength;
    uint8_t SourceLength;
    uint8_t TypeOfService;
    uint8_t Table;
    uint8_t Protocol;
    uint8_t Scope;
    uint8_t Type;
    uint32_t Flags;
} ROUTE_HEADER;

typedef struct ATTRIBUTE
{
    uint16_t Bytes;
    uint16_t Type;
} ATTRIBUTE;

typedef struct CACHE_INFO
{
    uint32_t PreferredSeconds;
    uint32_t ValidSeconds;
    uint32_t Created;
    uint32_t Updated;
} CACHE_INFO;

typedef union MESSAGE {
    NETLINK_HEADER Header;
    uint8_t Bytes[MESSAGE_BYTES];
} MESSAGE;

typedef struct ACKNOWLEDGEMENT
{
    NETLINK_HEADER Header;
    int32_t Error;
    NETLINK_HEADER Request;
} ACKNOWLEDGEMENT;

static void
MessageStart(MESSAGE *Message, uint16_t Type, uint16_t Flags, const void *Header, uint32_t Bytes)
{
    ZeroMemory(Message, sizeof(*Message));
    Message->Header.Bytes = sizeof(NETLINK_HEADER) + Bytes;
    Message->Header.Type = Type;
    Message->Header.Flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | Flags);
    CopyMemory(Message->Bytes + sizeof(NETLINK_HEADER), Header, Bytes);
}

/* All attributes here have multiples of 4 bytes, so none needs padding. */
static void
MessageAdd(MESSAGE *Message, uint16_t Type, const void *Data, uint16_t Bytes)
{
    ATTRIBUTE Attribute = {(uint16_t)(sizeof(ATTRIBUTE) + Bytes), Type};

    CopyMemory(Message->Bytes + Message->Header.Bytes, &Attribute, sizeof(Attribute));
    CopyMemory(Message->Bytes + Message->Header.Bytes + sizeof(Attribute), Data, Bytes);
    Message->Header.Bytes += Attribute.Bytes;
}

static int
MessageExchange(const MESSAGE *Message)
{
    ACKNOWLEDGEMENT Answer;
    int64_t Bytes;
    int Socket =
        LinuxSocket(LINUX_AF_NETLINK, LINUX_SOCK_RAW | LINUX_SOCK_CLOEXEC, LINUX_NETLINK_ROUTE);
    if (Socket < 0)
        return Socket;
    Bytes = LinuxSend(Socket, Message, Message->Header.Bytes);
    while (Bytes >= 0)
    {
        Bytes = LinuxReceive(Socket, &Answer, sizeof(Answer));
        if (Bytes == -LINUX_EINTR)
            Bytes = 0;
        else if (Bytes >= (int64_t)(sizeof(NETLINK_HEADER) + sizeof(int32_t)) &&
                 Answer.Header.Type == NLMSG_ERROR)
        {
            Bytes = Answer.Error;
            break;
        }
    }
    LinuxClose(Socket);
    return (int)Bytes;
}

static uint16_t
FamilyBytes(int Family)
{
    return Family == LINUX_AF_INET ? 4 : 16;
}

static void
AddressMessage(MESSAGE *Message, const RT_ADDRESS *Address, uint16_t Type, uint16_t Flags)
{
    ADDRESS_HEADER Header = {
        .Family = (uint8_t)Address->Family,
        .PrefixLength = Address->PrefixLength,
        .Flags = Address->Family == LINUX_AF_INET6 ? IFA_F_NODAD : 0,
        .Scope = RT_SCOPE_UNIVERSE,
        .Interface = Address->Interface,
    };

    MessageStart(Message, Type, Flags, &Header, sizeof(Header));
    MessageAdd(Message, IFA_LOCAL, Address->Bytes, FamilyBytes(Address->Family));
    MessageAdd(Message, IFA_ADDRESS, Address->Bytes, FamilyBytes(Address->Family));
}

int
RtAddressSet(const RT_ADDRESS *Address, int Replace)
{
    CACHE_INFO Cache = {Address->PreferredSeconds, Address->ValidSeconds, 0, 0};
    MESSAGE Message;

    AddressMessage(&Message, Address, RTM_NEWADDR,
                   (uint16_t)(NLM_F_CREATE | (Replace ? NLM_F_REPLACE : NLM_F_EXCL)));
    MessageAdd(&Message, IFA_CACHEINFO, &Cache, sizeof(Cache));
    return MessageExchange(&Message);
}

int
RtAddressDelete(const RT_ADDRESS *Address)
{
    MESSAGE Message;

    AddressMessage(&Message, Address, RTM_DELADDR, 0);
    return MessageExchange(&Message);
}

static int
RouteExchange(const RT_ROUTE *Route, uint16_t Type, uint16_t Flags)
{
    ROUTE_HEADER Header = {
        .Family = (uint8_t)Route->Family,
        .DestinationLength = Route->PrefixLength,
        .Table = RT_TABLE_MAIN,
        .Protocol = RTPROT_STATIC,
        .Scope = Route->HasGateway || Route->Family == LINUX_AF_INET6 ? RT_SCOPE_UNIVERSE
                                                                      : RT_SCOPE_LINK,
        .Type = RTN_UNICAST,
        /* Windows asks for no route to the gateway either. */
        .Flags = Route->HasGateway ? RTNH_F_ONLINK : 0,
    };
    MESSAGE Message;

    if (Type == RTM_DELROUTE)
    {
        Header.Protocol = 0; /* whoever made it */
        Header.Scope = RT_SCOPE_NOWHERE;
        Header.Flags = 0;
    }
    MessageStart(&Message, Type, Flags, &Header, sizeof(Header));
    if (Route->PrefixLength != 0)
        MessageAdd(&Message, RTA_DST, Route->Destination, FamilyBytes(Route->Family));
    if (Route->HasGateway)
        MessageAdd(&Message, RTA_GATEWAY, Route->Gateway, FamilyBytes(Route->Family));
    MessageAdd(&Message, RTA_OIF, &Route->Interface, sizeof(Route->Interface));
    if (Route->Metric != 0)
        MessageAdd(&Message, RTA_PRIORITY, &Route->Metric, sizeof(Route->Metric));
    return MessageExchange(&Message);
}

int
RtRouteSet(const RT_ROUTE *Route, int Replace)
{
    return RouteExchange(Route, RTM_NEWROUTE,
                         (uint16_t)(NLM_F_CREATE | (Replace ? NLM_F_REPLACE : NLM_F_EXCL)));
}

int
RtRouteDelete(const RT_ROUTE *Route)
{
    return RouteExchange(Route, RTM_DELROUTE, 0);
}
