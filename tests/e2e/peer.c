/* SPDX-License-Identifier: MIT */
/*
 * The Linux end of the end-to-end tests: sends packets into a TUN interface, behind which a
 * program sends every packet back, and checks that each returns once, in order and byte for byte.
 *
 *   peer INTERFACE sizes               one packet of every size from 1 to 65535 bytes
 *   peer INTERFACE count N             N packets of sizes that change
 *   peer INTERFACE hear PORT TEXT      waits for a UDP datagram that is TEXT
 *
 * So many packets are under way at once as neither the interface's queue (500 packets) nor a ring
 * of 4 MiB can overflow with, so nothing may be lost. Ends with status 0 if all came back.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PACKET_MAX           65535u
#define WINDOW_PACKETS       200u
#define WINDOW_BYTES         (2u << 20)
#define ANSWER_TIMEOUT_MS    10000
#define RECEIVE_BUFFER_BYTES (32 << 20)

static struct
{
    int Index;
    int Socket4, Socket6; /* IPv4 and IPv6 packets */
} Interface;

static uint8_t Expected[PACKET_MAX], Received[PACKET_MAX + 1];

static void
Die(const char *What)
{
    fprintf(stderr, "peer: %s: %s\n", What, strerror(errno));
    exit(1);
}

static int
OpenSocket(uint16_t Protocol)
{
    struct sockaddr_ll Address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(Protocol), .sll_ifindex = Interface.Index};
    int Bytes = RECEIVE_BUFFER_BYTES;
    int Socket = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(Protocol));
    if (Socket < 0)
        Die("packet socket");
    if (setsockopt(Socket, SOL_SOCKET, SO_RCVBUFFORCE, &Bytes, sizeof(Bytes)) != 0)
        Die("receive buffer");
    if (bind(Socket, (struct sockaddr *)&Address, sizeof(Address)) != 0)
        Die("binding to the interface");
    return Socket;
}

/* Packet number Number: IPv4 or IPv6 by its first four bits, the rest a pattern that is its own. */
static void
Fill(uint8_t *Packet, uint32_t Number, uint32_t Size)
{
    uint32_t Value = Number * 2654435761u + 1;
    for (uint32_t Index = 0; Index < Size; ++Index)
    {
        Value ^= Value << 13;
        Value ^= Value >> 17;
        Value ^= Value << 5;
        Packet[Index] = (uint8_t)Value;
    }
    Packet[0] = Number & 1 ? 0x60 : 0x45;
}

static int
SocketOf(uint32_t Number)
{
    return Number & 1 ? Interface.Socket6 : Interface.Socket4;
}

static void
Send(uint32_t Number, uint32_t Size)
{
    struct sockaddr_ll Address = {.sll_family = AF_PACKET,
                                  .sll_protocol = htons(Number & 1 ? ETH_P_IPV6 : ETH_P_IP),
                                  .sll_ifindex = Interface.Index};
    Fill(Expected, Number, Size);
    while (sendto(SocketOf(Number), Expected, Size, 0, (struct sockaddr *)&Address,
                  sizeof(Address)) != (ssize_t)Size)
        if (errno != ENOBUFS && errno != EINTR)
            Die("sending");
}

/* The next packet that came back on the socket of packet Number; strangers (the system's own
 * packets, e.g. router solicitations) are passed over by size and first byte. */
static ssize_t
Receive(uint32_t Number)
{
    for (;;)
    {
        struct pollfd Poll = {.fd = SocketOf(Number), .events = POLLIN};
        struct sockaddr_ll From;
        socklen_t FromBytes = sizeof(From);
        int Ready = poll(&Poll, 1, ANSWER_TIMEOUT_MS);
        if (Ready == 0)
            return -1;
        if (Ready < 0 && errno != EINTR)
            Die("waiting");
        ssize_t Size = recvfrom(Poll.fd, Received, sizeof(Received), MSG_TRUNC,
                                (struct sockaddr *)&From, &FromBytes);
        if (Size >= 0 && From.sll_pkttype != PACKET_OUTGOING)
            return Size;
    }
}

static void
Check(uint32_t Number, uint32_t Size)
{
    ssize_t Got = Receive(Number);
    if (Got < 0)
    {
        fprintf(stderr, "peer: packet %u of %u bytes did not come back\n", Number, Size);
        exit(1);
    }
    Fill(Expected, Number, Size);
    if ((uint32_t)Got != Size || memcmp(Expected, Received, Size) != 0)
    {
        fprintf(stderr, "peer: packet %u of %u bytes came back wrong (%zd bytes)\n", Number, Size,
                Got);
        exit(1);
    }
}

static uint32_t
SizeInSequence(uint32_t Number)
{
    return Number + 1;
}

/* Mostly what a network carries, some large. */
static uint32_t
SizeMixed(uint32_t Number)
{
    static const uint32_t Sizes[] = {64, 1400, 1500, 40, 576, 1280, 9000, 1};
    return Sizes[Number * 2654435761u >> 29] + Number % 13;
}

static double
Now(void)
{
    struct timespec Time;
    clock_gettime(CLOCK_MONOTONIC, &Time);
    return (double)Time.tv_sec + (double)Time.tv_nsec / 1e9;
}

static void
Run(uint32_t Count, uint32_t (*SizeOf)(uint32_t Number))
{
    uint32_t Sent = 0, Back = 0, Bytes = 0;
    uint64_t Total = 0;
    double Start = Now();
    while (Back < Count)
    {
        while (Sent < Count && Sent - Back < WINDOW_PACKETS && Bytes + SizeOf(Sent) <= WINDOW_BYTES)
        {
            Bytes += SizeOf(Sent);
            Send(Sent, SizeOf(Sent));
            ++Sent;
        }
        Check(Back, SizeOf(Back));
        Bytes -= SizeOf(Back);
        Total += SizeOf(Back);
        ++Back;
    }
    double Seconds = Now() - Start;
    printf("%u packets, %llu bytes there and back in order, %.0f packets/s, %.0f Mbit/s each way\n",
           Count, (unsigned long long)Total, Count / Seconds, (double)Total * 8 / Seconds / 1e6);
}

/* An ordinary UDP socket: the datagram has passed the system's own IP stack. */
static void
Hear(uint16_t Port, const char *Text)
{
    struct sockaddr_in Address = {.sin_family = AF_INET, .sin_port = htons(Port)};
    struct pollfd Poll = {.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), .events = POLLIN};
    if (Poll.fd < 0 || bind(Poll.fd, (struct sockaddr *)&Address, sizeof(Address)) != 0)
        Die("UDP socket");
    if (poll(&Poll, 1, ANSWER_TIMEOUT_MS) != 1)
    {
        fprintf(stderr, "peer: no datagram came\n");
        exit(1);
    }
    ssize_t Size = recv(Poll.fd, Received, sizeof(Received), 0);
    if (Size != (ssize_t)strlen(Text) || memcmp(Received, Text, (size_t)Size) != 0)
    {
        fprintf(stderr, "peer: the datagram is another one\n");
        exit(1);
    }
}

int
main(int ArgumentCount, char **Arguments)
{
    if (ArgumentCount < 3)
    {
        fprintf(stderr, "usage: peer INTERFACE sizes | count N | hear PORT TEXT\n");
        return 2;
    }
    Interface.Index = (int)if_nametoindex(Arguments[1]);
    if (Interface.Index == 0)
        Die(Arguments[1]);
    if (strcmp(Arguments[2], "hear") == 0 && ArgumentCount == 5)
    {
        Hear((uint16_t)strtoul(Arguments[3], NULL, 10), Arguments[4]);
        return 0;
    }
    Interface.Socket4 = OpenSocket(ETH_P_IP);
    Interface.Socket6 = OpenSocket(ETH_P_IPV6);
    if (strcmp(Arguments[2], "sizes") == 0)
        Run(PACKET_MAX, SizeInSequence);
    else if (strcmp(Arguments[2], "count") == 0 && ArgumentCount == 4)
        Run((uint32_t)strtoul(Arguments[3], NULL, 10), SizeMixed);
    else
        return 2;
    return 0;
}
