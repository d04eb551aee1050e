/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What containers left of which nothing else is left, and networks that go. */
#ifndef CTR_NET_COLLECT_H
#define CTR_NET_COLLECT_H

#include "net/setup.h"

/* How holders of leases are looked for, and who is told. */
struct net_collect {
	const char *boot; /* boot id */
	net_owner_lives lives;
	bool dry_run;				      /* only tell */
	int (*tell)(const char *what, void *context); /* NULL: nobody; its < 0 ends the walk */
	void *context;
};

/*
 * In all networks below @data: leases of containers that are gone, or of another boot, with their links where
 * somebody keeps the namespace; bridges without a lease; what the firewall has for neither. Elements of the
 * firewall are told of when they are gone, not with @dry_run.
 */
int net_gc(int data, const struct net_collect *c, struct err *e);

/* `ctr network delete`: -EBUSY while a container that lives has a lease. */
int net_delete(int data, const char *name, const struct net_collect *c, struct err *e);

#endif
