/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses of a network and who has them: a file per address below leases/, so that one more container
 * costs the same whether there are none or a thousand. The caller holds the lock of the network (net_dir_open).
 *
 * A lease outlives a crash of its holder. It is stale, and its address free again, when it is of another
 * boot; or when the container is gone, or has another network by now, and there is no link of it either.
 * Not fsynced: after a power cut the boot id makes all of them void.
 */
#ifndef CTR_NET_LEASE_H
#define CTR_NET_LEASE_H

#include "net/definition.h"

/* Who asks, and how a holder is looked for. */
struct lease_context {
	struct net_owner owner;
	net_owner_lives lives;
	int sock; /* netlink socket of the host */
};

/*
 * Give the attachment @a an address of each subnet of the network, or those that it has chosen
 * (has_ip4, has_ip6): into its ip4 and ip6, with the prefix of the subnet. @ip6: the kernel has IPv6; without
 * it the addresses of IPv6 are left out, unless one was chosen. Numbers go up and begin anew at the end, so that
 * an address that was just given back rests a while. On failure it has none.
 * ERR_USAGE: an address that is outside, or the network's own, the bridge's, the broadcast address, or
 * taken (by whom); -ENOSPC when all are taken.
 */
int lease_take(struct net_dir *d, const struct lease_context *ctx, bool ip6,
	       struct net_attachment *a, struct err *e);

/* Would it give @a those that it has chosen? The same errors, and no effect. */
int lease_check(const struct net_dir *d, const struct lease_context *ctx,
		const struct net_attachment *a, struct err *e);

/*
 * Give back what @a has; an address that somebody else has by now stays with him. Without a bridge (a
 * crash before all was written down) all leases are looked at for @a's uuid. What fails is passed over:
 * the lease is stale then.
 */
void lease_return(struct net_dir *d, const struct net_attachment *a);

/* Has the attachment @uuid the lease of @a? */
bool lease_is(const struct net_dir *d, const struct net_addr *a, const uint8_t uuid[NET_UUID_SIZE]);

/* Is there any, stale or not? */
bool lease_any(const struct net_dir *d);

struct lease {
	char address[NET_ADDR_TEXT], id[256], boot[40];
	uint8_t uuid[NET_UUID_SIZE];
	char root[4096];
};

/* Is it of another boot, or is its container gone? Then it is stale as soon as there is no link of it. */
bool lease_gone(const struct lease *l, const struct lease_context *ctx);

/* Remove @l, as long as it is that. */
void lease_drop(struct net_dir *d, const struct lease *l);

/* Call @fn for each lease, in no particular order; its non-zero result ends the walk and is returned. */
int lease_each(const struct net_dir *d, int (*fn)(const struct lease *l, void *data), void *data);

#endif
