/* SPDX-License-Identifier: MIT */
/*
 * The yardstick for a bridge of two adapters: the same written directly on two Linux TUN
 * interfaces.
 *
 *   tun_bridge INTERFACE INTERFACE    prints "ready", ends on a signal; the interfaces go with it
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BURST 64

static int
OpenTun(const char *Name)
{
    struct ifreq Request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int File = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    strncpy(Request.ifr_name, Name, IFNAMSIZ - 1);
    if (File < 0 || ioctl(File, TUNSETIFF, &Request) != 0)
    {
        fprintf(stderr, "tun_bridge: %s: %s\n", Name, strerror(errno));
        exit(1);
    }
    return File;
}

static void
Forward(int From, int To)
{
    static uint8_t Packet[65536];
    for (int Count = 0; Count < BURST; ++Count)
    {
        ssize_t Size = read(From, Packet, sizeof(Packet));
        if (Size <= 0)
            return;
        if (write(To, Packet, (size_t)Size) < 0 && errno != EAGAIN && errno != EIO)
            return; /* lost, as on any network */
    }
}

int
main(int ArgumentCount, char **Arguments)
{
    if (ArgumentCount != 3)
        return 2;
    struct pollfd Ports[] = {{.fd = OpenTun(Arguments[1]), .events = POLLIN},
                             {.fd = OpenTun(Arguments[2]), .events = POLLIN}};
    printf("ready\n");
    fflush(stdout);
    while (poll(Ports, 2, -1) >= 0 || errno == EINTR)
    {
        Forward(Ports[0].fd, Ports[1].fd);
        Forward(Ports[1].fd, Ports[0].fd);
    }
    return 1;
}
