/* SPDX-License-Identifier: MIT */
#include "packets.h"
#include <stdio.h>
#include <string.h>

enum
{
    IP4_HEADER_MIN = 20,
    IP6_HEADER = 40,
    ICMP_HEADER = 8,
    UDP_HEADER = 8,
    PROTOCOL_ICMP = 1,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_ICMP6 = 58,
    ICMP_ECHO_REPLY = 0,
    ICMP_ECHO_REQUEST = 8,
    ICMP6_ECHO_REQUEST = 128,
    ICMP6_ECHO_REPLY = 129
};

static uint16_t
ReadBig16(const uint8_t *Bytes)
{
    return (uint16_t)(Bytes[0] << 8 | Bytes[1]);
}

static void
SwapBytes(uint8_t *First, uint8_t *Second, size_t Size)
{
    for (size_t Index = 0; Index < Size; ++Index)
    {
        uint8_t Byte = First[Index];
        First[Index] = Second[Index];
        Second[Index] = Byte;
    }
}

/* The Internet checksum (RFC 1071) at Checksum, after the 16-bit word beside it changed from Old to
 * New (RFC 1624). Exchanging source and destination never changes it. */
static void
UpdateChecksum(uint8_t *Checksum, uint16_t Old, uint16_t New)
{
    uint32_t Sum = (uint16_t)~ReadBig16(Checksum) + (uint32_t)(uint16_t)~Old + New;
    Sum = (Sum & 0xFFFF) + (Sum >> 16);
    Sum = (Sum & 0xFFFF) + (Sum >> 16);
    Checksum[0] = (uint8_t)(~Sum >> 8);
    Checksum[1] = (uint8_t)~Sum;
}

/* Changes the type, the first byte of an ICMP or ICMPv6 header. */
static void
ChangeType(uint8_t *Icmp, uint8_t Type)
{
    uint16_t Old = ReadBig16(Icmp);
    Icmp[0] = Type;
    UpdateChecksum(Icmp + 2, Old, ReadBig16(Icmp));
}

static ANSWER
AnswerIp4(uint8_t *Packet, size_t Size)
{
    size_t Header = (size_t)(Packet[0] & 15) * 4;
    ANSWER Answer = AnswerNone;
    if (Header < IP4_HEADER_MIN || Size < Header || ReadBig16(Packet + 2) != Size)
        return AnswerNone;
    if (ReadBig16(Packet + 6) & 0x3FFF)
        return AnswerNone; /* a fragment */
    uint8_t *Payload = Packet + Header;
    if (Packet[9] == PROTOCOL_ICMP && Size >= Header + ICMP_HEADER &&
        Payload[0] == ICMP_ECHO_REQUEST)
    {
        ChangeType(Payload, ICMP_ECHO_REPLY);
        Answer = AnswerEcho;
    }
    else if (Packet[9] == PROTOCOL_UDP && Size >= Header + UDP_HEADER)
    {
        SwapBytes(Payload, Payload + 2, 2);
        Answer = AnswerUdp;
    }
    if (Answer != AnswerNone)
        SwapBytes(Packet + 12, Packet + 16, 4);
    return Answer;
}

static ANSWER
AnswerIp6(uint8_t *Packet, size_t Size)
{
    ANSWER Answer = AnswerNone;
    if (Size < IP6_HEADER || IP6_HEADER + (size_t)ReadBig16(Packet + 4) != Size)
        return AnswerNone;
    if (Packet[24] == 0xFF)
        return AnswerNone; /* multicast: its source would be wrong in the answer */
    uint8_t *Payload = Packet + IP6_HEADER;
    if (Packet[6] == PROTOCOL_ICMP6 && Size >= IP6_HEADER + ICMP_HEADER &&
        Payload[0] == ICMP6_ECHO_REQUEST)
    {
        ChangeType(Payload, ICMP6_ECHO_REPLY);
        Answer = AnswerEcho6;
    }
    else if (Packet[6] == PROTOCOL_UDP && Size >= IP6_HEADER + UDP_HEADER)
    {
        SwapBytes(Payload, Payload + 2, 2);
        Answer = AnswerUdp6;
    }
    if (Answer != AnswerNone)
        SwapBytes(Packet + 8, Packet + 24, 16);
    return Answer;
}

ANSWER
AnswerPacket(uint8_t *Packet, size_t Size)
{
    if (Size >= IP4_HEADER_MIN && Packet[0] >> 4 == 4)
        return AnswerIp4(Packet, Size);
    if (Size >= IP6_HEADER && Packet[0] >> 4 == 6)
        return AnswerIp6(Packet, Size);
    return AnswerNone;
}

static const char *
ProtocolName(uint8_t Protocol)
{
    switch (Protocol)
    {
    case PROTOCOL_ICMP:
        return "ICMP";
    case PROTOCOL_ICMP6:
        return "ICMPv6";
    case PROTOCOL_TCP:
        return "TCP";
    case PROTOCOL_UDP:
        return "UDP";
    default:
        return "other";
    }
}

static void
FormatIp6(const uint8_t *Address, char *Text, size_t TextBytes)
{
    size_t Used = 0;
    for (int Group = 0; Group < 8; ++Group)
        Used += (size_t)snprintf(Text + Used, TextBytes - Used, Group == 0 ? "%x" : ":%x",
                                 ReadBig16(Address + Group * 2));
}

void
DescribePacket(const uint8_t *Packet, size_t Size, char *Text, size_t TextBytes)
{
    if (Size >= IP4_HEADER_MIN && Packet[0] >> 4 == 4)
    {
        const uint8_t *From = Packet + 12, *To = Packet + 16;
        snprintf(Text, TextBytes, "IPv4 %u.%u.%u.%u > %u.%u.%u.%u %s, %u bytes", From[0], From[1],
                 From[2], From[3], To[0], To[1], To[2], To[3], ProtocolName(Packet[9]),
                 (unsigned)Size);
    }
    else if (Size >= IP6_HEADER && Packet[0] >> 4 == 6)
    {
        char From[40], To[40];
        FormatIp6(Packet + 8, From, sizeof(From));
        FormatIp6(Packet + 24, To, sizeof(To));
        snprintf(Text, TextBytes, "IPv6 %s > %s %s, %u bytes", From, To, ProtocolName(Packet[6]),
                 (unsigned)Size);
    }
    else
        snprintf(Text, TextBytes, "%u bytes that are no IP packet", (unsigned)Size);
}
