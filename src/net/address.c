// SPDX-License-Identifier: GPL-2.0-or-later
/* See address.h. */
#include "net/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static unsigned bits(const struct net_addr *a)
{
	return 8 * (unsigned)net_addr_size(a);
}

static int parse_prefix(const char *text, unsigned max, uint8_t *ret)
{
	unsigned n = 0;

	if (!*text || strlen(text) > 3 || (text[0] == '0' && text[1]))
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		n = 10 * n + (unsigned)(*text - '0');
	}
	if (n > max)
		return -EINVAL;
	*ret = (uint8_t)n;
	return 0;
}

int net_addr_parse(const char *text, uint8_t family, struct net_addr *ret)
{
	struct net_addr a = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	char address[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "/");

	if ((family && family != a.family) || len >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, len);
	address[len] = '\0';
	if (inet_pton(a.family, address, a.bytes) != 1)
		return -EINVAL;
	a.prefix = (uint8_t)bits(&a);
	if (text[len] == '/' && parse_prefix(text + len + 1, bits(&a), &a.prefix) < 0)
		return -EINVAL;
	*ret = a;
	return 0;
}

const char *net_addr_text(const struct net_addr *a, bool prefix, char *buf)
{
	size_t len;

	buf[0] = '\0';
	if (!net_addr_set(a) || !inet_ntop(a->family, a->bytes, buf, NET_ADDR_TEXT))
		return buf;
	len = strlen(buf);
	if (prefix)
		(void)snprintf(buf + len, NET_ADDR_TEXT - len, "/%u", (unsigned)a->prefix);
	return buf;
}

bool net_addr_equal(const struct net_addr *a, const struct net_addr *b)
{
	return a->family == b->family &&
	       (!a->family || memcmp(a->bytes, b->bytes, net_addr_size(a)) == 0);
}

/* Bits behind the prefix become all 0 or all 1. */
static struct net_addr fill(const struct net_addr *a, bool ones)
{
	struct net_addr r = *a;

	for (unsigned i = a->prefix; i < bits(a); i++) {
		uint8_t bit = (uint8_t)(0x80U >> (i % 8));

		r.bytes[i / 8] = (uint8_t)(ones ? r.bytes[i / 8] | bit : r.bytes[i / 8] & ~bit);
	}
	return r;
}

struct net_addr net_addr_network(const struct net_addr *a)
{
	return fill(a, false);
}

struct net_addr net_addr_last(const struct net_addr *network)
{
	return fill(network, true);
}

bool net_addr_within(const struct net_addr *a, const struct net_addr *network)
{
	struct net_addr masked = *a, base = fill(network, false);

	if (!net_addr_set(a) || a->family != network->family)
		return false;
	masked.prefix = network->prefix;
	masked = fill(&masked, false);
	return net_addr_equal(&masked, &base);
}

bool net_addr_overlap(const struct net_addr *a, const struct net_addr *b)
{
	return a->prefix < b->prefix ? net_addr_within(b, a) : net_addr_within(a, b);
}

struct net_addr net_addr_plus(const struct net_addr *a, uint64_t n)
{
	struct net_addr r = *a;
	uint64_t carry = n;

	for (size_t i = net_addr_size(a); i-- > 0 && carry;) {
		carry += r.bytes[i];
		r.bytes[i] = (uint8_t)carry;
		carry >>= 8;
	}
	return r;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int net_mac_parse(const char *text, uint8_t ret[NET_MAC_SIZE])
{
	uint8_t mac[NET_MAC_SIZE], any = 0;

	if (strlen(text) != NET_MAC_TEXT - 1)
		return -EINVAL;
	for (size_t i = 0; i < NET_MAC_SIZE; i++) {
		int high = digit(text[3 * i]), low = digit(text[3 * i + 1]);

		if (high < 0 || low < 0 || (i + 1 < NET_MAC_SIZE && text[3 * i + 2] != ':'))
			return -EINVAL;
		mac[i] = (uint8_t)(high << 4 | low);
		any |= mac[i];
	}
	if (!any || mac[0] & 1)
		return -EINVAL;
	memcpy(ret, mac, sizeof(mac));
	return 0;
}

const char *net_mac_text(const uint8_t mac[NET_MAC_SIZE], char *buf)
{
	(void)snprintf(buf, NET_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		       mac[3], mac[4], mac[5]);
	return buf;
}
