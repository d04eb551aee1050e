/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firewall's part of a container's network: published ports, source addresses of what leaves, and who
 * may reach whom. All of it is in the table "inet ctr" of the caller's network namespace; no other table is
 * read or changed. The rules are made once and look everything up in sets and maps: a container costs one
 * element per port and address, however many containers there are.
 *
 * Every element says in its comment whose it is (nft list table inet ctr). What is deleted is looked at
 * first, in the same generation of the ruleset, and left alone when it is somebody else's by now.
 *
 * All of these need CAP_NET_ADMIN in the user namespace that owns the network namespace.
 */
#ifndef CTR_NET_NFT_H
#define CTR_NET_NFT_H

#include <stdbool.h>
#include <stdint.h>

#include "net/setup.h"
#include "util/err.h"

/* What elements of one container lead to, and whose they are. */
struct nft_target {
	struct net_addr ip4, ip6; /* of the container; family 0: none */
	const uint8_t *uuid;	  /* of the attachment, NET_UUID_SIZE */
	const char *id, *root;	  /* container, and the data root that its leases are in */
	bool isolate;		  /* no traffic from and to other isolated ones */
};

/* A bridge, as long as its network exists. */
struct nft_network {
	const char *bridge;	       /* interface on the host */
	bool masquerade4, masquerade6; /* what leaves by other interfaces gets the host's address */
	bool internal;		       /* nothing is forwarded to it or from it */
};

/*
 * Make the rules if they are not there, and tell them of the bridge. Again and again is fine. The
 * network's traffic to other bridges of ctr is dropped, and what comes from other hosts for masqueraded
 * addresses, except for published ports. libnftables is loaded only if the rules are not there:
 * -EOPNOTSUPP without it.
 */
int nft_network_add(const struct nft_network *n, struct err *e);
/* The network is gone, and with the last one the table. Nothing there: 0. */
int nft_network_remove(const char *bridge, struct err *e);

/*
 * Lead @ports to the container, all of them or none, and note its addresses if it is isolated. -EADDRINUSE:
 * one is another container's; the error says whose. nft_network_add comes first.
 */
int nft_container_add(const struct nft_target *t, const struct net_port *ports, size_t count,
		      struct err *e);
/* Take back exactly what nft_container_add made for @t; what is not there, or another's, is passed over. */
int nft_container_remove(const struct nft_target *t, const struct net_port *ports, size_t count,
			 struct err *e);

/*
 * Remove every element of containers of the data root @root of which @lives says no. @look is called before that, and
 * again whenever the firewall has changed meanwhile: what @lives knows must be found out in it, not
 * earlier, or a container that comes at this moment loses its ports. Its error (< 0) ends it all. The number of what
 * was removed, or negative.
 */
int nft_sweep(const char *root, int (*look)(void *data, struct err *e),
	      bool (*lives)(const uint8_t uuid[NET_UUID_SIZE], void *data), void *data,
	      struct err *e);

#endif
