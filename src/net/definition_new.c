// SPDX-License-Identifier: GPL-2.0-or-later
/* See definition_new.h. Subnets are chosen where neither a network nor the host has anything. */
#include "net/definition_new.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "net/ip.h"
#include "net/kinds.h"
#include "net/link.h"
#include "net/own.h"
#include "util/cleanup.h"

enum {
	PREFIX4_MIN = 8,
	PREFIX4_MAX = 30, /* the network, the bridge, one container, the broadcast address */
	PREFIX6_MIN = 32,
	PREFIX6_MAX = 126,
	DEFAULT_PREFIX4 = 16, /* a bridge has 1024 ports at most: BR_MAX_PORTS of the kernel */
	SUBNETS = 256,
};

/* ---- what the user chose ---- */

static int usage(const char *what, const struct net_addr *a, const char *why, struct err *e)
{
	char text[NET_ADDR_TEXT];

	return err_set(e, ERR_USAGE, 0, "%s %s: %s", what, net_addr_text(a, true, text), why);
}

static int check_subnet(struct net_addr *subnet, uint8_t family, struct err *e)
{
	unsigned min = family == AF_INET ? PREFIX4_MIN : PREFIX6_MIN;
	unsigned max = family == AF_INET ? PREFIX4_MAX : PREFIX6_MAX;
	struct net_addr network;

	if (!net_addr_set(subnet))
		return 0;
	if (subnet->family != family)
		return usage("subnet", subnet,
			     family == AF_INET ? "IPv6 goes with --subnet6" : "it is not IPv6", e);
	if (subnet->prefix < min || subnet->prefix > max)
		return err_set(e, ERR_USAGE, 0, "subnet: the prefix /%u is not between /%u and /%u",
			       (unsigned)subnet->prefix, min, max);
	network = net_addr_network(subnet);
	if (!net_addr_equal(&network, subnet))
		return usage("subnet", subnet, "bits are set behind its prefix", e);
	if (subnet->bytes[0] == 0 || (family == AF_INET && subnet->bytes[0] == 127) ||
	    subnet->bytes[0] >= (family == AF_INET ? 224 : 254))
		return usage("subnet", subnet, "it is not for hosts", e);
	return 0;
}

/* Not chosen: the first address. With the subnet's prefix, as the bridge gets it. */
static int check_gateway(struct net_addr *gw, const struct net_addr *subnet, struct err *e)
{
	struct net_addr last = net_addr_last(subnet);

	if (!net_addr_set(subnet))
		return net_addr_set(gw) ? usage("gateway", gw, "there is no subnet for it", e) : 0;
	if (!net_addr_set(gw))
		*gw = net_addr_plus(subnet, 1);
	gw->prefix = subnet->prefix;
	if (!net_addr_within(gw, subnet))
		return usage("gateway", gw, "it is outside of the subnet", e);
	if (net_addr_equal(gw, subnet) || (gw->family == AF_INET && net_addr_equal(gw, &last)))
		return usage("gateway", gw, "it is not the address of a host", e);
	return 0;
}

int net_def_check(struct net_def *def, struct err *e)
{
	int r = check_subnet(&def->subnet4, AF_INET, e);

	if (r == 0)
		r = check_subnet(&def->subnet6, AF_INET6, e);
	if (r == 0)
		r = check_gateway(&def->gw4, &def->subnet4, e);
	if (r == 0)
		r = check_gateway(&def->gw6, &def->subnet6, e);
	if (r == 0 && def->bridge[0] && (!net_ifname_ok(def->bridge) || !strcmp(def->bridge, "lo")))
		r = err_set(e, ERR_USAGE, 0, "bridge '%s': this is no name for an interface",
			    def->bridge);
	if (r == 0 && def->mtu && def->mtu < 68)
		r = err_set(e, ERR_USAGE, 0, "mtu %u: it is too small", def->mtu);
	if (r == 0 && def->mtu && def->mtu < 1280 && net_addr_set(&def->subnet6))
		r = err_set(e, ERR_USAGE, 0, "mtu %u: IPv6 needs 1280 at least", def->mtu);
	return r;
}

/* ---- the others ---- */

struct others {
	int data, sock;
	const struct net_def *def; /* the new one */
	const struct net_addr *subnet;
	bool taken; /* @subnet, or the bridge */
	char name[NET_NAME_MAX + 1];
};

static int compare(const char *name, void *data)
{
	struct others *o = data;
	struct net_def other;

	if (net_def_load(o->data, name, &other, NULL) < 0)
		return 0; /* damaged: it has no bridge */
	if (o->subnet)
		o->taken |= net_addr_overlap(o->subnet, &other.subnet4) ||
			    net_addr_overlap(o->subnet, &other.subnet6);
	else
		o->taken |= strcmp(o->def->bridge, other.bridge) == 0;
	if (o->taken)
		(void)snprintf(o->name, sizeof(o->name), "%s", name);
	return o->taken;
}

/* 1: another network has it, whose name is in @o. */
static int others_have(struct others *o, const struct net_addr *subnet, struct err *e)
{
	int r;

	o->subnet = subnet;
	o->taken = false;
	r = net_def_each(o->data, compare, o, e);
	return r < 0 ? r : o->taken;
}

static int check_overlap(struct others *o, const struct net_addr *subnet, struct err *e)
{
	char text[NET_ADDR_TEXT];
	int r;

	if (!net_addr_set(subnet))
		return 0;
	r = others_have(o, subnet, e);
	if (r > 0)
		return err_set(e, ERR_USAGE, 0, "subnet %s overlaps with that of network '%s'",
			       net_addr_text(subnet, true, text), o->name);
	if (r == 0)
		r = ip_subnet_used(o->sock, subnet, false, 0);
	if (r > 0) {
		err_set(e, ERR_USAGE, 0, "subnet %s overlaps with a network of the host",
			net_addr_text(subnet, true, text));
		err_hint(e, "see: ip route show");
		return -EINVAL;
	}
	return r;
}

/* ---- choices ---- */

/* For `default` one with room for all the ports of a bridge, for others 256 addresses. */
static struct net_addr candidate4(bool large, unsigned n)
{
	struct net_addr a = { .family = AF_INET, .prefix = 24, .bytes = { 10, 120 } };

	if (!large) {
		a.bytes[2] = (uint8_t)n;
		return a;
	}
	a.prefix = DEFAULT_PREFIX4;
	a.bytes[1] = n ? (uint8_t)(120 + n) : 88;
	return a;
}

static int choose4(struct others *o, struct net_def *def, bool large, struct err *e)
{
	for (unsigned n = 0; n < (large ? SUBNETS - 120 : SUBNETS); n++) {
		struct net_addr a = candidate4(large, n);
		int r = others_have(o, &a, e);

		if (r == 0)
			r = ip_subnet_used(o->sock, &a, true, 0);
		if (r < 0)
			return err_set(e, ERR_SYSTEM, -r, "find a free subnet");
		if (r > 0)
			continue;
		def->subnet4 = a;
		return 0;
	}
	err_set(e, ERR_USAGE, 0, "no free subnet was found");
	err_hint(e, "choose one with --subnet");
	return -EINVAL;
}

/* A unique local prefix (RFC 4193): fd, 40 random bits, subnet 0. */
static void choose6(struct net_def *def)
{
	struct net_addr a = { .family = AF_INET6, .prefix = 64, .bytes = { 0xfd } };

	memcpy(a.bytes + 1, def->uuid + 8, 5);
	def->subnet6 = a;
}

/* ctr-NAME where that fits, else what follows from the uuid. */
static void choose_bridge(struct net_def *def)
{
	uint8_t other[NET_UUID_SIZE];
	int n;

	if (def->bridge[0])
		return;
	n = snprintf(def->bridge, sizeof(def->bridge), "ctr-%s", def->name);
	if (n < (int)sizeof(def->bridge) && net_ifname_ok(def->bridge))
		return;
	memcpy(other, def->uuid, sizeof(other));
	(void)net_host_name(other, def->bridge);
	def->bridge[3] = '-'; /* no veth is called so */
}

static int check_bridge(struct others *o, struct net_def *def, struct err *e)
{
	struct link foreign;
	int r = others_have(o, NULL, e);

	if (r > 0)
		return err_set(e, ERR_USAGE, 0, "bridge '%s' is that of network '%s'", def->bridge,
			       o->name);
	if (r < 0)
		return r;
	r = link_find(o->sock, def->bridge, &foreign);
	if (r == 0) {
		err_set(e, ERR_USAGE, 0, "bridge '%s': the host has an interface of this name",
			def->bridge);
		err_hint(e, "it is not ctr's: choose another name with --bridge");
		return -EINVAL;
	}
	return r == -ENODEV ? 0 : err_set(e, ERR_SYSTEM, -r, "look for '%s'", def->bridge);
}

int net_def_complete(int data, struct net_def *def, bool both, struct err *e)
{
	cleanup_fd int sock = link_socket();
	struct others o = { .data = data, .sock = sock, .def = def };
	bool none = !net_addr_set(&def->subnet4) && !net_addr_set(&def->subnet6);
	int r = sock < 0 ? sock : net_uuid_make(def->uuid);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "make a network");
	choose_bridge(def);
	r = net_def_check(def, e);
	if (r == 0)
		r = check_bridge(&o, def, e);
	if (r == 0)
		r = check_overlap(&o, &def->subnet4, e);
	if (r == 0)
		r = check_overlap(&o, &def->subnet6, e);
	if (r == 0 && none)
		r = choose4(&o, def, strcmp(def->name, NET_DEFAULT) == 0, e);
	if (r == 0 && none && both)
		choose6(def);
	return r < 0 ? r : net_def_check(def, e);
}
