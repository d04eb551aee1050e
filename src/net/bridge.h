/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bridge of a network, as long as somebody is attached to it. The caller holds the network's lock. */
#ifndef CTR_NET_BRIDGE_H
#define CTR_NET_BRIDGE_H

#include "net/definition.h"

/*
 * The bridge of @def stands, with its addresses, and up; made when it is missing, and finished when somebody
 * was killed while making it. No router advertisements are taken on it (accept_ra 0), and unless the network
 * is internal the host forwards packets: net.ipv4.ip_forward, net.ipv6.conf.all.forwarding, which stay on.
 * Before the latter is turned on, interfaces that take router advertisements are told to go on with it
 * (accept_ra 2), or the host would lose its own routes. @ip6: the kernel has IPv6. -EEXIST: a link of that
 * name is not ours.
 */
int bridge_ensure(int sock, const struct net_def *def, bool ip6, int *ret_index, struct err *e);

/*
 * Remove the link @index (0: none) and then the bridge of @def (NULL: it stays), and do not wait for it: the kernel
 * takes tens of milliseconds for each (RCU), so a child does it. That has nothing open but @lock, the descriptor
 * that holds the network's lock (whoever wants the network next gets it when both are gone), and a socket of
 * its own: on @sock, with which the caller goes on, each would read answers that are the other's.
 */
void bridge_clean_later(int sock, int lock, int index, const struct net_def *def);

/* Remove it, if it is there and ours; what fails is passed over, since the next one finds it again. */
void bridge_remove(int sock, const struct net_def *def);

/* Has the kernel IPv6, and is it on for new interfaces? */
bool bridge_have_ip6(void);

#endif
