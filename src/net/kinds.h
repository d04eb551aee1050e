/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of kinds of networks, for the files of this room. */
#ifndef CTR_NET_KINDS_H
#define CTR_NET_KINDS_H

#include "net/setup.h"

/* What may follow a target, behind commas. */
enum net_key {
	NET_KEY_NAME = 1,
	NET_KEY_IP = 2, /* ip=, ip6= */
	NET_KEY_GW = 4, /* gw=, gw6= */
	NET_KEY_MAC = 8,
	NET_KEY_MTU = 16,
	NET_KEY_ROUTE = 32,
	NET_KEY_MODE = 64,
};

struct net_kind_info {
	const char *name;     /* NULL: not to be had on the command line */
	const char *target;   /* what it needs behind the colon; NULL: nothing */
	const char *optional; /* what it takes there when nothing stands there */
	unsigned keys;
	bool alone;	/* there is no other network beside it */
	bool namespace; /* the container gets a new network namespace */
	bool links;	/* and interfaces in it */
};

extern const struct net_kind_info net_kinds[NET_KIND_COUNT];

/* A MAC that follows from the uuid: by it, and its name, what was just made is known as ours. */
void net_uuid_mac(const uint8_t uuid[NET_UUID_SIZE], uint8_t ret[NET_MAC_SIZE]);

/* A name that the kernel takes for an interface (dev_valid_name). */
bool net_ifname_ok(const char *name);

/* [A-Za-z0-9][A-Za-z0-9_.-]*, at most NET_NAME_MAX bytes: the name of a definition is one of a directory. */
bool net_name_ok(const char *name);

#endif
