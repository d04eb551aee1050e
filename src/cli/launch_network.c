// SPDX-License-Identifier: GPL-2.0-or-later
/* The options about the network, of run, create and explain, as a net_setup. See launch.h. */
#include "cli/launch.h"

#include <errno.h>
#include <string.h>

#include "net/helper.h"
#include "net/ports.h"
#include "net/rate.h"

static int no_memory(struct err *e)
{
	return err_set(e, ERR_SYSTEM, ENOMEM, "read the options");
}

static bool has_kind(const struct net_setup *s, enum net_kind kind)
{
	for (size_t i = 0; i < s->items.count; i++)
		if (s->items.items[i].kind == kind)
			return true;
	return false;
}

static int read_ports(const struct cli_list *list, struct arena *a, struct net_setup *s,
		      struct err *e)
{
	int r = 0;

	s->ports.items = arena_array(a, list->count, sizeof(*s->ports.items));
	if (list->count && !s->ports.items)
		return no_memory(e);
	for (size_t i = 0; r == 0 && i < list->count; i++)
		r = net_port_parse(list->items[i], &s->ports.items[s->ports.count++], e);
	return r < 0 ? r : net_ports_check(s->ports.items, s->ports.count, e);
}

static int read_dns(const struct network_options *o, struct arena *a, struct net_setup *s,
		    struct err *e)
{
	s->dns.items = arena_array(a, o->dns.count, sizeof(*s->dns.items));
	s->dns_search.items = arena_array(a, o->dns_search.count, sizeof(char *));
	if ((o->dns.count && !s->dns.items) || (o->dns_search.count && !s->dns_search.items))
		return no_memory(e);
	for (size_t i = 0; i < o->dns.count; i++)
		if (strchr(o->dns.items[i], '/') ||
		    net_addr_parse(o->dns.items[i], 0, &s->dns.items[s->dns.count++]) < 0)
			return err_set(e, ERR_USAGE, 0, "--dns '%s' is no address",
				       o->dns.items[i]);
	for (size_t i = 0; i < o->dns_search.count; i++) {
		const char *name = o->dns_search.items[i];

		if (!*name || name[strcspn(name, " \t\n#;")])
			return err_set(e, ERR_USAGE, 0, "--dns-search '%s' is no domain", name);
		s->dns_search.items[s->dns_search.count++] = name;
	}
	return 0;
}

#define RESOLVES "bridge, macvlan, cni, pasta or slirp4netns"

/* An option that would have nothing to act on is refused. */
static int check_needs(const struct network_options *o, const struct net_setup *s, struct err *e)
{
	bool bridge = has_kind(s, NET_BRIDGE), cni = has_kind(s, NET_CNI);
	bool pasta = has_kind(s, NET_PASTA), helper = pasta || has_kind(s, NET_SLIRP);
	bool resolves = net_setup_makes_links(s);
	const struct {
		bool wanted, there;
		const char *option, *needs;
	} needs[] = {
		{ o->isolate, bridge, "isolate", "bridge" },
		{ o->publish.count, bridge || cni || pasta, "publish", "bridge, cni or pasta" },
		{ o->dns.count, resolves, "dns", RESOLVES },
		{ o->dns_search.count, resolves, "dns-search", RESOLVES },
		{ s->rate.ingress, bridge, "net-rate", "bridge" },
		{ s->rate.ingress && has_kind(s, NET_MACVLAN), false, "net-rate", "bridge" },
		{ s->rate.egress, bridge || has_kind(s, NET_MACVLAN), "net-rate",
		  "bridge or macvlan" },
		{ o->rate && cni, false, "net-rate", "bridge" },
	};

	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (needs[i].wanted && !needs[i].there) {
			err_set(e, ERR_USAGE, 0, "--%s: only a network of kind %s can do that",
				needs[i].option, needs[i].needs);
			err_hint(e, "%s",
				 helper ? "--network pasta publishes ports; the rest needs root, "
					  "and "
					  "--network bridge"
					: "--network bridge connects the container to the default "
					  "network");
			return -EINVAL;
		}
	return 0;
}

/* "user" is what is installed of those that ordinary users can have. */
static const char *resolve_user(const char *text, struct arena *a)
{
	size_t len = strcspn(text, ",");

	if (len != strlen("user") || memcmp(text, "user", len) != 0)
		return text;
	return arena_printf(a, "%s%s", net_kind_name(net_helper_default()), text + len);
}

static int read_all(const struct network_options *o, struct arena *a, struct net_setup *s,
		    struct err *e)
{
	int r = 0;

	s->isolate = o->isolate;
	for (size_t i = 0; r == 0 && i < o->networks.count; i++) {
		const char *text = resolve_user(o->networks.items[i], a);

		r = text ? net_setup_parse(text, a, s, e) : no_memory(e);
	}
	if (r == 0)
		r = net_setup_finish(s, e);
	if (r == 0)
		r = read_ports(&o->publish, a, s, e);
	if (r == 0)
		r = read_dns(o, a, s, e);
	if (r == 0 && o->rate)
		r = net_rate_parse(o->rate, &s->rate, e);
	return r < 0 ? r : check_needs(o, s, e);
}

int launch_network(struct cli *cli, const struct network_options *o, bool explain,
		   struct container_request *rq, struct err *e)
{
	struct net_setup *s = arena_alloc(&rq->arena, sizeof(*s));
	int r;

	rq->data = -EBADF;
	if (!s)
		return no_memory(e);
	r = read_all(o, &rq->arena, s, e);
	if (r < 0 || !s->items.count)
		return r;
	if (!explain && has_kind(s, NET_BRIDGE)) {
		r = cli_data_root(cli, true, e);
		rq->data = cli->data;
	}
	rq->network = s;
	return r;
}
