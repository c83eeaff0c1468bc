/* SPDX-License-Identifier: MIT */
/*
 * Addresses and routes of Linux interfaces, through rtnetlink(7), for winehost's iphlpapi.dll.
 * Functions return 0 or a negative Linux error number. Any thread.
 */
#ifndef CULVERT_WINEHOST_RTNETLINK_H
#define CULVERT_WINEHOST_RTNETLINK_H

#include <stdint.h>

typedef struct RT_ADDRESS
{
    int Family;            /* LINUX_AF_INET or LINUX_AF_INET6 */
    uint32_t Interface;    /* index */
    uint8_t Bytes[16];     /* in network order, 4 or 16 of them */
    uint8_t PrefixLength;  /* bits */
    uint32_t ValidSeconds; /* UINT32_MAX: for ever */
    uint32_t PreferredSeconds;
} RT_ADDRESS;

typedef struct RT_ROUTE
{
    int Family;
    uint32_t Interface;
    uint8_t Destination[16];
    uint8_t PrefixLength;
    uint8_t Gateway[16];
    int HasGateway;
    uint32_t Metric;
} RT_ROUTE;

/* With Replace, an address or route that exists is changed, else that is -LINUX_EEXIST. */
int
RtAddressSet(const RT_ADDRESS *Address, int Replace);
int
RtAddressDelete(const RT_ADDRESS *Address);
int
RtRouteSet(const RT_ROUTE *Route, int Replace);
int
RtRouteDelete(const RT_ROUTE *Route);

#endif
