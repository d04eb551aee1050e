/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network of a container: its own namespace's loopback, and devices that the host gives away. */
#ifndef CTR_NET_NET_H
#define CTR_NET_NET_H

#include <errno.h>
#include <net/if.h>
#include <stdbool.h>

#include "net/setup.h"
#include "oci/spec.h"
#include "plan/plan.h"
#include "util/err.h"

/*
 * A new network namespace gets its loopback brought up (rtnetlink(7), RTM_NEWLINK with IFF_UP); for
 * linux.netDevices, and for interfaces that @s asks for, init hands out a socket and waits. Before
 * these are there, the defaults of new interfaces are set: no router advertisements are taken, addresses
 * are announced. @ip6: the kernel has IPv6. Pure.
 */
void net_emit(const struct oci_spec *spec, const struct net_setup *s, bool ip6, struct plan *p);

/* linux.netDevices on their way into a container. */
struct net_devices {
	int inside;  /* netlink socket of the container's namespace, from init; owned */
	int outside; /* one of ours; owned */
	bool held;   /* links of a bridge come up only with net_release: no packet arrives before */
	const struct oci_linux *list;
	struct net_device_moved *moved; /* what became of the first @count of the list; owned */
	size_t count;
};

struct net_device_moved {
	char name[IFNAMSIZ]; /* inside */
	bool was_up;
};

#define NET_DEVICES_EMPTY                                                                          \
	{                                                                                          \
		.inside = -EBADF, .outside = -EBADF                                                \
	}

/*
 * Move every device of @l from our network namespace into that of @d->inside, under its new name
 * ("eth%d": the first one that is free), with its permanent global addresses, and up (config-linux.md,
 * "Network Devices"). Needs CAP_NET_ADMIN in both. On failure those that were moved are counted in
 * @d, for net_devices_return. @l must outlive @d.
 */
int net_devices_move(struct net_devices *d, const struct oci_linux *l, struct err *e);

/*
 * Would net_devices_move find the devices of @l, and be allowed to move them? Changes nothing. All that
 * is wrong when all problems are wanted (err_keep). @privileged: the caller has CAP_NET_ADMIN.
 */
int net_devices_probe(const struct oci_linux *l, bool privileged, struct err *e);

/* The create came to nothing: give them back under their old names. What fails is passed over. */
void net_devices_return(struct net_devices *d);

/* Let go of the sockets: the container keeps the devices. */
void net_devices_close(struct net_devices *d);

#endif
