/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks that containers are attached to by name: what `ctr network create` writes down. Kept below the
 * data root in .networks/NAME/ (no id of a container begins with a dot):
 *
 *	network.json	the definition; written once, and fsynced before success is reported
 *	leases/ADDRESS	who has the address (net/lease.h)
 *	next		where the search for a free address goes on
 *	hosts		names of the containers (net/names.h)
 *
 * flock(2) on the directory orders everything that changes the leases or the bridge. A network belongs
 * to one network namespace of the host: a data root is not shared between several.
 */
#ifndef CTR_NET_DEFINITION_H
#define CTR_NET_DEFINITION_H

#include "net/setup.h"

#define NET_DEFAULT   "default"
#define NET_DIRECTORY ".networks"

struct net_def {
	char name[NET_NAME_MAX + 1];
	char bridge[IFNAMSIZ];
	struct net_addr subnet4, subnet6; /* family 0: none; at least one of them is there */
	struct net_addr gw4, gw6;	  /* address of the bridge, with the prefix of the subnet */
	uint32_t mtu;			  /* 0: the kernel's */
	bool isolate, internal;
	uint8_t uuid[NET_UUID_SIZE];
};

/* A network that is open: its directories, and the lock. */
struct net_dir {
	int fd, leases;
	struct net_def def;
};

#define NET_DIR_EMPTY                                                                              \
	{                                                                                          \
		.fd = -EBADF, .leases = -EBADF                                                     \
	}

void net_dir_close(struct net_dir *d);

/*
 * Make a network of what stands in @def: name, and what the user chose. The rest is filled in: a free
 * subnet (when neither is given: one of IPv4, and with @both also one of IPv6), gateways, the bridge's
 * name, the uuid. @data: data root. ERR_USAGE for what cannot be: overlapping subnets, a bridge that
 * another network or a foreign link has, a gateway outside, an MTU too small, a name that is taken (-EEXIST).
 */
int net_def_create(int data, struct net_def *def, bool both, struct err *e);

/* Check what the user chose, without the host. Also the subnets become networks here. */
int net_def_check(struct net_def *def, struct err *e);

/* Open and lock (at most ten seconds) the network @name. -ENOENT: "network ... does not exist". */
int net_dir_open(int data, const char *name, struct net_dir *ret, struct err *e);

/* The same without reading the definition: for net_dir_remove, which needs the name alone. */
int net_dir_open_damaged(int data, const char *name, struct net_dir *ret, struct err *e);

/* The same, and the network `default` is made when it is missing. */
int net_dir_open_or_default(int data, const char *name, struct net_dir *ret, struct err *e);

/* Read the definition alone, without the lock. -ENOENT. */
int net_def_load(int data, const char *name, struct net_def *ret, struct err *e);

/* Call @fn for each name, sorted. Its non-zero result ends the walk and is returned. */
int net_def_each(int data, int (*fn)(const char *name, void *data), void *arg, struct err *e);

/* Remove the directory of @d, which is locked; its bridge and leases are gone. */
int net_dir_remove(int data, struct net_dir *d, struct err *e);

/* The definition as members of the object that is open in @o; as it is kept, and as `inspect` shows it. */
void net_def_members(struct json_out *o, const struct net_def *def);

/* What net_def_members wrote. -EBADMSG. */
int net_def_read(const char *text, size_t len, struct net_def *ret);

#endif
