/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The effects of --network, in their order. Each can be repeated, and net_detach takes back whatever of them
 * there is. They need CAP_NET_ADMIN in the caller's network namespace, and in the container's.
 *
 *	net_identify	uuids, before the record is written: what is made later can be told by it
 *	net_reserve	addresses are leased, the bridges stand
 *	net_attach	init waits at sync point "network": links, addresses, routes
 *	net_release	if packets were kept away (net_devices.held): no longer
 *	net_announce	just before the program: the neighbours hear of it
 *	net_detach	undo and delete
 */
#ifndef CTR_NET_ATTACH_H
#define CTR_NET_ATTACH_H

#include "net/net.h"
#include "net/setup.h"

/* A new uuid for each attachment. */
int net_identify(struct net_setup *s, struct err *e);

/*
 * Lease the addresses, have the bridges made, and fill in what follows from the definitions: gateways,
 * MACs, MTUs. ERR_USAGE for networks that do not exist and addresses that cannot be had; a parent device
 * that does not exist is one, too.
 */
int net_reserve(struct net_setup *s, const struct net_owner *owner, net_owner_lives lives,
		struct err *e);

/*
 * The hosts file of its first network names it (names.h), under its id and @hostname (or NULL). Does nothing
 * without net_names_shared.
 */
int net_names_add(const struct net_setup *s, const struct net_owner *owner, const char *hostname,
		  struct err *e);

/* Does it see the hosts file of a network? Otherwise it has one of its own. */
bool net_names_shared(const struct net_setup *s);

/* Where that file is; of explain without a data root, the usual one. NULL: no memory. */
const char *net_names_path(const struct net_setup *s, struct arena *a);

/* @d->inside is a socket of the container's namespace; @d->outside is opened if it is not. */
int net_attach(struct net_setup *s, struct net_devices *d, struct err *e);

/*
 * Let packets pass: who restores connections has sockets for them now. Nothing, unless @d->held. -errno with the
 * interface.
 */
int net_release(const struct net_setup *s, const struct net_devices *d, struct err *e);

/* Before a container that was created is started: plugins say whether all is as they left it (CHECK). */
int net_check(const struct net_setup *s, int pid, struct err *e);

/*
 * Wait (at most a tenth of a second) until packets pass, and announce the addresses: gratuitous ARP,
 * unsolicited neighbour advertisements. What fails is passed over: neighbours then ask.
 */
void net_announce(const struct net_setup *s, const struct net_devices *d);

/*
 * The container has ended: nobody of it lives. Links go with its namespace, which is not waited for; one
 * that somebody keeps alive loses them here. Addresses are given back; a bridge without any goes a moment later.
 */
int net_detach(const struct net_setup *s, struct err *e);

/* What went through the links of a container, from its point of view; of all its bridge attachments. */
struct net_stats {
	bool known;
	uint64_t rx_bytes, rx_packets, rx_dropped, tx_bytes, tx_packets, tx_dropped;
	uint64_t rx_limit,
		tx_limit; /* bits per second of each link, 0: none; as the kernel has it, and the record */
};

/* One attachment; -ENODEV when it has no link on the host (any more). */
int net_stats_read(int sock, const struct net_attachment *a, struct net_stats *ret);

/* All of them together; not known when there is none. */
void net_stats_sum(const struct net_setup *s, struct net_stats *ret);

#endif
