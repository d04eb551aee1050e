/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP addresses, networks and MACs: reading, writing, arithmetic. Pure; no names are resolved. */
#ifndef CTR_NET_ADDRESS_H
#define CTR_NET_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NET_ADDR_TEXT = 64, /* an address with its prefix as text */
	NET_MAC_TEXT = 18,
	NET_MAC_SIZE = 6,
};

/* An address, an interface's address, or a network: what @prefix says depends on who has it. */
struct net_addr {
	uint8_t family; /* AF_INET, AF_INET6; 0: none */
	uint8_t prefix; /* in bits */
	uint8_t bytes[16];
};

/* Bytes of an address of this family: 4 or 16. */
static inline size_t net_addr_size(const struct net_addr *a)
{
	return a->family == 2 /* AF_INET */ ? 4 : 16;
}

static inline bool net_addr_set(const struct net_addr *a)
{
	return a->family != 0;
}

/*
 * "10.88.0.5", "fd00::5/64": inet_pton(3), numbers only. Without a prefix it is that of one address: 32,
 * 128. @family: AF_INET, AF_INET6, or 0 for either. -EINVAL.
 */
int net_addr_parse(const char *text, uint8_t family, struct net_addr *ret);

/* The address, and with @prefix also "/24". Returns @buf, of NET_ADDR_TEXT bytes. */
const char *net_addr_text(const struct net_addr *a, bool prefix, char *buf);

/* Same family and bytes; the prefix does not matter. */
bool net_addr_equal(const struct net_addr *a, const struct net_addr *b);

/* The network that @a is in: bits behind the prefix are 0. */
struct net_addr net_addr_network(const struct net_addr *a);

/* Is @a an address of @network? */
bool net_addr_within(const struct net_addr *a, const struct net_addr *network);

/* Have two networks an address in common? */
bool net_addr_overlap(const struct net_addr *a, const struct net_addr *b);

/* The last address of @network: the broadcast address of IPv4. */
struct net_addr net_addr_last(const struct net_addr *network);

/* @a + @n; wraps. */
struct net_addr net_addr_plus(const struct net_addr *a, uint64_t n);

/* "02:00:00:00:00:17"; refuses multicast addresses and zero. -EINVAL. */
int net_mac_parse(const char *text, uint8_t ret[NET_MAC_SIZE]);
const char *net_mac_text(const uint8_t mac[NET_MAC_SIZE], char *buf);

#endif
