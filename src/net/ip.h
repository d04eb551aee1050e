/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and routes of links that ctr made. Sockets and results as in own.h. */
#ifndef CTR_NET_IP_H
#define CTR_NET_IP_H

#include <stdbool.h>

#include "net/setup.h"

/*
 * @a with its prefix; IPv6 without duplicate address detection: the address is leased, and packets must not
 * wait for it. One that is there already is fine.
 */
int ip_address_add(int sock, int index, const struct net_addr *a);

/* A route through the link, to the network @to, by way of @via (family 0: none). -EEXIST: there is another. */
int ip_route_add(int sock, int index, const struct net_addr *to, const struct net_addr *via);

/*
 * Does the host use addresses of @subnet: as the network of one of its links, or (@anything) as the
 * destination of any route but the default one? Links with the index @except do not count. 1, 0 or -errno.
 */
int ip_subnet_used(int sock, const struct net_addr *subnet, bool anything, int except);

/* The kernel announces the addresses of the link to its neighbours, where arp_notify and ndisc_notify
 * are set: the MAC is set once more, to what it is (inetdev_event, ndisc_netdev_event: NETDEV_CHANGEADDR). */
int ip_announce(int sock, int index, const uint8_t mac[NET_MAC_SIZE]);

/* Up; @mtu 0: as it is. */
int ip_link_up(int sock, int index, uint32_t mtu);
int ip_link_down(int sock, int index);

#endif
