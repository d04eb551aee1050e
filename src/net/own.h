/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links that ctr makes on the host, and how it knows them again. A name proves nothing: what is changed
 * or removed is first looked at, and only its index is used then (security.md A15). Ours is a link with
 *
 *   - the kind that it was made as, and
 *   - the alias that has its whole uuid; or, for whoever made it was killed before the alias stood, no
 *     alias at all, and the MAC that follows from the uuid, under the name that does or that was ours to give.
 *
 * All calls take a socket of the namespace that they act on; 0 or -errno, the kernel's own.
 */
#ifndef CTR_NET_OWN_H
#define CTR_NET_OWN_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/setup.h"

struct own_link {
	int index;
	bool up;      /* IFF_UP */
	bool running; /* IF_OPER_UP: packets pass */
	int nsid;     /* of the peer's namespace as ours knows it, < 0: none */
	uint64_t rx_bytes, rx_packets, tx_bytes, tx_packets, rx_dropped, tx_dropped;
};

/*
 * The link @name, if it is ours by @uuid and @kind ("veth", "bridge"). -ENODEV when there is none of this
 * name; -EEXIST when there is one that is not ours. *@ret_claimed (or NULL): the alias stands.
 */
int own_find(int sock, const char *name, const char *kind, const uint8_t uuid[NET_UUID_SIZE],
	     struct own_link *ret, bool *ret_claimed);

/*
 * A bridge, down: stp off, no forward delay. Its MAC follows from @uuid, so that it does not change with
 * its ports. -EEXIST.
 */
int own_make_bridge(int sock, const char *name, const uint8_t uuid[NET_UUID_SIZE], uint32_t mtu);

struct own_veth {
	const uint8_t *uuid;
	int bridge;	    /* index of the host's side's master */
	int ns;		    /* namespace of the peer */
	const char *name;   /* of the peer */
	const uint8_t *mac; /* of the peer */
	uint32_t mtu;	    /* of both, 0: the kernel's */
};

/*
 * One message: the pair, its peer in the container's namespace from the start, the host's side in the
 * bridge and up. (The peer cannot be: veth_open() wants both ends.)
 */
int own_make_veth(int sock, const struct own_veth *v);

/*
 * The alias of a port; whether it is kept apart from the other ports that are (IFLA_BRPORT_ISOLATED), and whether
 * the bridge sends back what came from it (IFLA_BRPORT_MODE).
 */
int own_claim_port(int sock, int index, const uint8_t uuid[NET_UUID_SIZE], bool isolate,
		   bool hairpin);

/* The alias of a bridge, and up. */
int own_claim_bridge(int sock, int index, const uint8_t uuid[NET_UUID_SIZE]);

/* A macvlan on the link @parent, made in the namespace @ns. */
int own_make_macvlan(int sock, int parent, int ns, const char *name, const char *mode,
		     const uint8_t *mac, uint32_t mtu);

/* RTM_DELLINK: takes a while (RCU). */
int own_delete(int sock, int index);

/*
 * Does anybody still hold the namespace with this @nsid (of a link's peer)? False when it is about to go,
 * and its links with it: the kernel finds it by its id only while somebody has a reference.
 */
bool own_namespace_lives(int sock, int nsid);

#endif
