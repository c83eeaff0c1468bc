/* SPDX-License-Identifier: MIT */
/* What the example knows of IP: how to answer a packet in its own memory. */
#ifndef EXAMPLE_PACKETS_H
#define EXAMPLE_PACKETS_H

#include <stddef.h>
#include <stdint.h>

typedef enum ANSWER
{
    AnswerNone,
    AnswerEcho,  /* an ICMP echo request became its reply */
    AnswerEcho6, /* an ICMPv6 echo request became its reply */
    AnswerUdp,   /* a UDP datagram goes back to where it came from */
    AnswerUdp6
} ANSWER;

/* Turns the IPv4 or IPv6 packet of Size bytes into its answer, of the same size. AnswerNone: it is
 * none of the kinds above, or not well-formed, and is unchanged. */
ANSWER
AnswerPacket(uint8_t *Packet, size_t Size);

/* Writes a one-line description, e.g. "IPv4 10.9.0.1 > 10.9.0.2 ICMP, 84 bytes". */
void
DescribePacket(const uint8_t *Packet, size_t Size, char *Text, size_t TextBytes);

#endif
