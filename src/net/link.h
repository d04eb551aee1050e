/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links and addresses over rtnetlink. Every call takes a socket and acts on the network namespace that
 * this was made in; 0 or -errno, the kernel's own.
 */
#ifndef CTR_NET_LINK_H
#define CTR_NET_LINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link {
	int index;
	bool up;
};

/* -ENODEV when there is none of this name. */
int link_find(int sock, const char *name, struct link *ret);

/* The link @index goes to the namespace @ns (a descriptor) and is called @name there; it ends up down. */
int link_move(int sock, int index, int ns, const char *name);

int link_set_up(int sock, int index);
int link_set_down(int sock, int index);

enum {
	LINK_ADDRESS_SIZE = 16
};

/* An address as the kernel described it: what an RTM_NEWADDR needs to make it again. */
struct link_address {
	uint8_t family, prefix;
	uint32_t flags, metric;
	uint8_t local[LINK_ADDRESS_SIZE], address[LINK_ADDRESS_SIZE], broadcast[LINK_ADDRESS_SIZE];
	uint8_t local_len, address_len, broadcast_len; /* 0: absent */
	bool has_metric;
};

struct link_addresses {
	struct link_address *items; /* malloc'ed, owned by the caller */
	size_t count, room;
};

/* Permanent addresses of global scope (IFA_F_PERMANENT, RT_SCOPE_UNIVERSE), in the kernel's order. */
int link_addresses_get(int sock, int index, struct link_addresses *ret);
int link_address_add(int sock, int index, const struct link_address *a);

/* A descriptor of the namespace that @sock was made in (SIOCGSKNS, Linux 4.9), or -errno. */
int link_namespace(int sock);

/* A socket of our own namespace, or -errno. */
int link_socket(void);

#endif
