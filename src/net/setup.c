// SPDX-License-Identifier: GPL-2.0-or-later
/* What is known of all kinds of networks, and what follows from a list of attachments. See setup.h. */
#include "net/setup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "net/kinds.h"
#include "util/kernel.h"

const struct net_kind_info net_kinds[NET_KIND_COUNT] = {
	[NET_NONE] = { .name = "none", .alone = true, .namespace = true },
	[NET_HOST] = { .name = "host", .alone = true },
	[NET_BRIDGE] = { .name = "bridge",
			 .optional = "default",
			 .keys = NET_KEY_NAME | NET_KEY_IP | NET_KEY_GW | NET_KEY_MAC |
				 NET_KEY_MTU | NET_KEY_ROUTE,
			 .namespace = true,
			 .links = true },
	[NET_NS] = { .name = "ns", .target = "a path", .alone = true },
	[NET_CONTAINER] = { .name = "container", .target = "a container", .alone = true },
	[NET_MACVLAN] = { .name = "macvlan",
			  .target = "a device",
			  .keys = NET_KEY_NAME | NET_KEY_IP | NET_KEY_GW | NET_KEY_MAC |
				  NET_KEY_MTU | NET_KEY_ROUTE | NET_KEY_MODE,
			  .namespace = true,
			  .links = true },
	[NET_CNI] = { .name = "cni",
		      .target = "a configuration file",
		      .keys = NET_KEY_NAME,
		      .namespace = true,
		      .links = true },
	[NET_PASTA] = { .name = "pasta",
			.keys = NET_KEY_NAME | NET_KEY_MTU,
			.alone = true,
			.namespace = true,
			.links = true },
	[NET_SLIRP] = { .name = "slirp4netns",
			.keys = NET_KEY_NAME | NET_KEY_MTU,
			.alone = true,
			.namespace = true,
			.links = true },
};

const char *net_kind_name(enum net_kind kind)
{
	return net_kinds[kind].name;
}

bool net_setup_makes_links(const struct net_setup *s)
{
	for (size_t i = 0; i < s->items.count; i++)
		if (net_kinds[s->items.items[i].kind].links)
			return true;
	return false;
}

const struct net_attachment *net_setup_primary(const struct net_setup *s)
{
	for (size_t i = 0; i < s->items.count; i++)
		if (s->items.items[i].kind != NET_MACVLAN &&
		    net_kinds[s->items.items[i].kind].links)
			return &s->items.items[i];
	return NULL;
}

static bool name_taken(const struct net_setup *s, const char *name, size_t except)
{
	for (size_t i = 0; i < s->items.count; i++)
		if (i != except && strcmp(s->items.items[i].name, name) == 0)
			return true;
	return false;
}

static int choose_names(struct net_setup *s, struct err *e)
{
	unsigned next = 0;

	for (size_t i = 0; i < s->items.count; i++) {
		struct net_attachment *a = &s->items.items[i];

		if (!net_kinds[a->kind].links)
			continue;
		while (!a->name[0]) {
			char name[IFNAMSIZ];

			(void)snprintf(name, sizeof(name), "eth%u", next++);
			if (!name_taken(s, name, i))
				memcpy(a->name, name, sizeof(name));
		}
		if (name_taken(s, a->name, i))
			return err_set(e, ERR_USAGE, 0, "--network: two interfaces are called '%s'",
				       a->name);
	}
	return 0;
}

/* A route to everywhere, for each family, can lead through one of them only. */
static int check_gateways(const struct net_setup *s, struct err *e)
{
	bool v4 = false, v6 = false;

	for (size_t i = 0; i < s->items.count; i++) {
		const struct net_attachment *a = &s->items.items[i];
		bool twice = (v4 && net_addr_set(&a->gw4)) || (v6 && net_addr_set(&a->gw6));

		if (twice)
			return err_set(e, ERR_USAGE, 0,
				       "--network: more than one default gateway (gw=)");
		v4 = v4 || net_addr_set(&a->gw4);
		v6 = v6 || net_addr_set(&a->gw6);
	}
	return 0;
}

int net_setup_finish(struct net_setup *s, struct err *e)
{
	int r;

	for (size_t i = 0; s->items.count > 1 && i < s->items.count; i++) {
		const struct net_kind_info *k = &net_kinds[s->items.items[i].kind];

		if (k->alone)
			return err_set(e, ERR_USAGE, 0,
				       "--network %s: there is no room for another network beside "
				       "it",
				       k->name);
	}
	if (s->items.count > NET_ATTACHMENTS_MAX)
		return err_set(e, ERR_USAGE, 0, "--network: more than %d", NET_ATTACHMENTS_MAX);
	r = choose_names(s, e);
	return r < 0 ? r : check_gateways(s, e);
}

const char *net_alias(const uint8_t uuid[NET_UUID_SIZE], char *buf)
{
	int n = snprintf(buf, NET_ALIAS_SIZE, "ctr:");

	for (size_t i = 0; i < NET_UUID_SIZE; i++)
		n += snprintf(buf + n, NET_ALIAS_SIZE - (size_t)n, "%02x", uuid[i]);
	return buf;
}

int net_alias_parse(const char *alias, uint8_t ret[NET_UUID_SIZE])
{
	uint8_t uuid[NET_UUID_SIZE];
	char again[NET_ALIAS_SIZE];

	if (strlen(alias) != 4 + 2 * NET_UUID_SIZE)
		return -EINVAL;
	for (size_t i = 0; i < NET_UUID_SIZE; i++) {
		unsigned byte;

		if (sscanf(alias + 4 + 2 * i, "%2x", &byte) != 1)
			return -EINVAL;
		uuid[i] = (uint8_t)byte;
	}
	if (strcmp(net_alias(uuid, again), alias) != 0)
		return -EINVAL;
	memcpy(ret, uuid, sizeof(uuid));
	return 0;
}

int net_uuid_make(uint8_t ret[NET_UUID_SIZE])
{
	return getrandom(ret, NET_UUID_SIZE, 0) == NET_UUID_SIZE ? 0 : -EIO;
}

const char *net_host_name(const uint8_t uuid[NET_UUID_SIZE], char buf[IFNAMSIZ])
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint64_t bits = 0;
	size_t i;

	memcpy(buf, "ctr", 3);
	for (i = 0; i < sizeof(bits); i++)
		bits = bits << 8 | uuid[i];
	for (i = 3; i < IFNAMSIZ - 1; i++, bits >>= 5)
		buf[i] = digits[bits & 31];
	buf[i] = '\0';
	return buf;
}

void net_uuid_mac(const uint8_t uuid[NET_UUID_SIZE], uint8_t ret[NET_MAC_SIZE])
{
	memcpy(ret, &uuid[NET_UUID_SIZE - NET_MAC_SIZE], NET_MAC_SIZE);
	ret[0] = (uint8_t)((ret[0] & 0xfc) | 2); /* locally administered, not a group */
}
