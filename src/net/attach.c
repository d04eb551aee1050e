// SPDX-License-Identifier: GPL-2.0-or-later
/* See attach.h. */
#include "net/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/bridge.h"
#include "net/cni.h"
#include "net/firewall.h"
#include "net/helper.h"
#include "net/ip.h"
#include "net/kinds.h"
#include "net/lease.h"
#include "net/link.h"
#include "net/names.h"
#include "net/own.h"
#include "net/ports.h"
#include "net/rate.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"

enum {
	CARRIER_TRIES = 100,
	CARRIER_STEP_MS = 1,
	IP6_MTU_MIN = 1280, /* RFC 8200 */
};

static int open_data(const struct net_setup *s, int *ret, struct err *e)
{
	int fd = s->data ? open(s->data, O_DIRECTORY | O_RDONLY | O_CLOEXEC) : -EBADF;

	if (fd < 0)
		return err_set(e, ERR_SYSTEM, errno, "open the data directory '%s'",
			       s->data ? s->data : "");
	*ret = fd;
	return 0;
}

int net_identify(struct net_setup *s, struct err *e)
{
	for (size_t i = 0; i < s->items.count; i++)
		if (net_uuid_make(s->items.items[i].uuid) < 0)
			return err_set(e, ERR_SYSTEM, EIO, "get random numbers");
	return 0;
}

/* ---- reserve ---- */

/*
 * The same address of a network has the same MAC, whoever has it: what neighbours remember of the last one
 * stays right. Two bytes tell networks apart.
 */
static void choose_mac(struct net_attachment *a, const uint8_t *uuid)
{
	const struct net_addr *ip = net_addr_set(&a->ip4) ? &a->ip4 : &a->ip6;

	if (a->has_mac)
		return;
	net_uuid_mac(uuid, a->mac);
	if (net_addr_set(ip))
		memcpy(a->mac + 2, ip->bytes + net_addr_size(ip) - 4, 4);
}

static bool has_gateway(const struct net_setup *s, uint8_t family)
{
	for (size_t i = 0; i < s->items.count; i++) {
		const struct net_attachment *a = &s->items.items[i];

		if (net_addr_set(family == AF_INET ? &a->gw4 : &a->gw6))
			return true;
	}
	return false;
}

/* Default routes, one for each family, lead through the first network that is not told otherwise. */
static void take_gateway(const struct net_setup *s, const struct net_def *def,
			 struct net_attachment *a)
{
	if (def->internal)
		return;
	if (!a->has_gw4 && net_addr_set(&a->ip4) && !has_gateway(s, AF_INET))
		a->gw4 = def->gw4;
	if (!a->has_gw6 && net_addr_set(&a->ip6) && !has_gateway(s, AF_INET6))
		a->gw6 = def->gw6;
}

/* A bridge takes the smallest MTU of its ports: with less than that the kernel ends IPv6 on it, for all. */
static int check_mtu(const struct net_attachment *a, struct err *e)
{
	if (!net_addr_set(&a->ip6) || !a->mtu || a->mtu >= IP6_MTU_MIN)
		return 0;
	return err_set(e, ERR_USAGE, 0,
		       "--network bridge: mtu %u: the network '%s' has IPv6, which needs an MTU of "
		       "%d at least",
		       (unsigned)a->mtu, a->target, IP6_MTU_MIN);
}

static int reserve_bridge(struct net_setup *s, struct net_attachment *a,
			  const struct lease_context *ctx, struct err *e)
{
	cleanup_(net_dir_close) struct net_dir d = NET_DIR_EMPTY;
	cleanup_fd int data = -EBADF;
	bool ip6 = bridge_have_ip6();
	int r = open_data(s, &data, e), index;

	if (r == 0)
		r = net_dir_open_or_default(data, a->target, &d, e);
	if (r == 0)
		r = lease_take(&d, ctx, ip6, a, e);
	if (r == 0)
		r = check_mtu(a, e);
	if (r == 0)
		r = bridge_ensure(ctx->sock, &d.def, ip6, &index, e);
	if (r == 0)
		r = firewall_network_add(&d.def, e);
	if (r < 0)
		return r;
	memcpy(a->bridge, d.def.bridge, sizeof(a->bridge));
	a->subnet4 = d.def.subnet4;
	a->subnet6 = d.def.subnet6;
	a->isolate = s->isolate || d.def.isolate;
	a->internal = d.def.internal;
	if (!a->mtu)
		a->mtu = d.def.mtu;
	choose_mac(a, d.def.uuid);
	take_gateway(s, &d.def, a);
	return 0;
}

static int reserve_macvlan(struct net_attachment *a, int sock, struct err *e)
{
	struct link parent;
	int r = link_find(sock, a->target, &parent);

	if (r < 0)
		return err_set(e, ERR_USAGE, -r, "--network macvlan: the device '%s'", a->target);
	choose_mac(a, a->uuid);
	return 0;
}

int net_reserve(struct net_setup *s, const struct net_owner *owner, net_owner_lives lives,
		struct err *e)
{
	cleanup_fd int sock = -EBADF;
	struct lease_context ctx = { .owner = *owner, .lives = lives };
	int r = 0;

	if (!net_setup_makes_links(s))
		return 0;
	sock = ctx.sock = link_socket();
	if (sock < 0)
		return err_set(e, ERR_SYSTEM, -sock, "open a netlink socket");
	for (size_t i = 0; r == 0 && i < s->items.count; i++) {
		struct net_attachment *a = &s->items.items[i];

		if (a->kind == NET_BRIDGE)
			r = reserve_bridge(s, a, &ctx, e);
		else if (a->kind == NET_MACVLAN)
			r = reserve_macvlan(a, sock, e);
		else if (a->kind == NET_CNI)
			r = cni_load(a, s->arena, e);
		else if (a->kind == NET_PASTA)
			r = net_ports_check_host(s->ports.items, s->ports.count, true,
						 bridge_have_ip6(), e);
	}
	return r;
}

int net_names_add(const struct net_setup *s, const struct net_owner *owner, const char *hostname,
		  struct err *e)
{
	const struct net_attachment *a = net_setup_primary(s);
	cleanup_(net_dir_close) struct net_dir d = NET_DIR_EMPTY;
	cleanup_fd int data = -EBADF;
	struct names_entry self = { .id = owner->id, .hostname = hostname };
	int r;

	if (!a || a->kind != NET_BRIDGE)
		return 0;
	self.ip4 = a->ip4;
	self.ip6 = a->ip6;
	r = open_data(s, &data, e);
	if (r == 0)
		r = net_dir_open(data, a->target, &d, e);
	return r < 0 ? r : names_add(d.fd, owner->boot, &self, e);
}

bool net_names_shared(const struct net_setup *s)
{
	const struct net_attachment *a = net_setup_primary(s);

	return a && a->kind == NET_BRIDGE;
}

const char *net_names_path(const struct net_setup *s, struct arena *a)
{
	return arena_printf(a, "%s/" NET_DIRECTORY "/%s/" NAMES_FILE,
			    s->data ? s->data : "/var/lib/ctr", net_setup_primary(s)->target);
}

/* ---- attach ---- */

static int failed(const struct net_attachment *a, int r, const char *what, struct err *e)
{
	err_set(e, ERR_SYSTEM, -r, "network %s%s%s, interface '%s': %s", net_kind_name(a->kind),
		a->target ? " " : "", a->target ? a->target : "", a->name, what);
	if (r == -EPERM)
		err_hint(e, "interfaces are made with CAP_NET_ADMIN on the host: run as root");
	else if (r == -EEXIST)
		err_hint(e,
			 "the container's network has an interface of this name, or such a route: "
			 "choose another with name= or route=");
	else if (r == -EXFULL)
		err_hint(e, "a bridge has 1024 ports at most: use another network");
	return r;
}

/*
 * A container that asks for its own published port is answered by way of the host. With br_netfilter the
 * packet does not get as far: its destination changes while it is in the bridge, to the port that it came from.
 */
static bool needs_hairpin(const struct net_setup *s, const struct net_attachment *a)
{
	char value[8];

	return s->ports.count && !a->isolate &&
	       io_read_line(AT_FDCWD, "/proc/sys/net/bridge/bridge-nf-call-iptables", value,
			    sizeof(value)) > 0 &&
	       value[0] == '1';
}

static int make_veth(struct net_attachment *a, int sock, int ns, bool hairpin)
{
	struct own_veth v = {
		.uuid = a->uuid, .ns = ns, .name = a->name, .mac = a->mac, .mtu = a->mtu
	};
	struct own_link own;
	struct link bridge;
	char name[IFNAMSIZ];
	int r = link_find(sock, a->bridge, &bridge);

	v.bridge = bridge.index;
	if (r == 0)
		r = own_make_veth(sock, &v);
	if (r == 0)
		r = own_find(sock, net_host_name(a->uuid, name), "veth", a->uuid, &own, NULL);
	if (r < 0)
		return r;
	a->host_index = own.index;
	return own_claim_port(sock, own.index, a->uuid, a->isolate, hairpin);
}

static int make_macvlan(const struct net_attachment *a, int sock, int ns)
{
	struct link parent;
	int r = link_find(sock, a->target, &parent);

	return r < 0 ? r
		     : own_make_macvlan(sock, parent.index, ns, a->name, a->mode, a->mac, a->mtu);
}

/* One that nobody chose gives way to what is there: a route of the user's, or a plugin's. */
static int add_default(int inside, int index, const struct net_addr *all, const struct net_addr *gw,
		       bool chosen)
{
	int r = ip_route_add(inside, index, all, gw);

	return r == -EEXIST && !chosen ? 0 : r;
}

static int add_routes(const struct net_attachment *a, int inside, int index)
{
	static const struct net_addr all4 = { .family = AF_INET }, all6 = { .family = AF_INET6 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->routes.count; i++)
		r = ip_route_add(inside, index, &a->routes.items[i].to, &a->routes.items[i].via);
	if (r == 0 && net_addr_set(&a->gw4))
		r = add_default(inside, index, &all4, &a->gw4, a->has_gw4);
	if (r == 0 && net_addr_set(&a->gw6))
		r = add_default(inside, index, &all6, &a->gw6, a->has_gw6);
	return r;
}

/* Addresses come before "up": what the kernel then sends has a sender. */
static int configure(const struct net_attachment *a, int inside, struct err *e)
{
	struct link l;
	int r = link_find(inside, a->name, &l);

	if (r < 0)
		return failed(a, r, "find it in the container", e);
	if (net_addr_set(&a->ip4))
		r = ip_address_add(inside, l.index, &a->ip4);
	if (r == 0 && net_addr_set(&a->ip6))
		r = ip_address_add(inside, l.index, &a->ip6);
	if (r < 0)
		return failed(a, r, "give it its address", e);
	r = ip_link_up(inside, l.index, 0);
	if (r < 0)
		return failed(a, r, "bring it up", e);
	r = add_routes(a, inside, l.index);
	return r < 0 ? failed(a, r, "add a route", e) : 0;
}

/* Each end limits what it sends. */
static int limit(const struct net_setup *s, const struct net_attachment *a,
		 const struct net_devices *d, struct err *e)
{
	const struct net_rate *rate = &s->rate;
	struct link l = { 0 };
	int r = 0;

	if (rate->ingress)
		r = net_rate_limit(d->outside, a->host_index, rate->ingress, rate->ingress_burst);
	if (r == 0 && rate->egress)
		r = link_find(d->inside, a->name, &l);
	if (r == 0 && rate->egress)
		r = net_rate_limit(d->inside, l.index, rate->egress, rate->egress_burst);
	return r < 0 ? failed(a, r, "limit its rate", e) : 0;
}

/* Plugins open the namespace by a path: that of our descriptor. */
static int attach_cni(struct net_setup *s, struct net_attachment *a, int ns, struct err *e)
{
	char path[64];
	const struct cni_container c = { .netns = path,
					 .ports = s->ports.items,
					 .port_count = s->ports.count };

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), ns);
	return cni_add(a, &c, s->arena, e);
}

static int attach_one(struct net_setup *s, struct net_attachment *a, const struct net_devices *d,
		      struct err *e)
{
	cleanup_fd int ns = link_namespace(d->inside);
	int r = ns;

	if (ns >= 0 && a->kind == NET_CNI)
		return attach_cni(s, a, ns, e);
	if (ns >= 0 && net_kind_has_helper(a->kind))
		return 0; /* whoever starts the helper does */
	if (ns >= 0)
		r = a->kind == NET_BRIDGE ? make_veth(a, d->outside, ns, needs_hairpin(s, a))
					  : make_macvlan(a, d->outside, ns);
	if (r >= 0 && d->held && a->kind == NET_BRIDGE)
		r = ip_link_down(d->outside, a->host_index); /* its own end is not up yet */
	if (r < 0)
		return failed(a, r, "make it", e);
	r = configure(a, d->inside, e);
	return r < 0 ? r : limit(s, a, d, e);
}

int net_attach(struct net_setup *s, struct net_devices *d, struct err *e)
{
	int r = 0;

	if (!net_setup_makes_links(s))
		return 0;
	if (d->outside < 0)
		d->outside = link_socket();
	if (d->outside < 0 || d->inside < 0)
		return err_set(e, ERR_SYSTEM, d->outside < 0 ? -d->outside : EPROTO,
			       "open a netlink socket");
	for (size_t i = 0; r == 0 && i < s->items.count; i++)
		if (net_kinds[s->items.items[i].kind].links)
			r = attach_one(s, &s->items.items[i], d, e);
	return r;
}

int net_release(const struct net_setup *s, const struct net_devices *d, struct err *e)
{
	int r = 0;

	for (size_t i = 0; d->held && r == 0 && i < s->items.count; i++) {
		const struct net_attachment *a = &s->items.items[i];

		if (a->kind == NET_BRIDGE)
			r = ip_link_up(d->outside, a->host_index, 0);
		if (r < 0)
			(void)failed(a, r, "bring it up on the host", e);
	}
	return r;
}

int net_check(const struct net_setup *s, int pid, struct err *e)
{
	char path[64];
	const struct cni_container c = { .netns = path,
					 .ports = s->ports.items,
					 .port_count = s->ports.count };
	int r = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	for (size_t i = 0; r == 0 && i < s->items.count; i++)
		if (s->items.items[i].kind == NET_CNI)
			r = cni_check(&s->items.items[i], &c, e);
	return r;
}

/* ---- announce ---- */

/* The kernel lets packets pass a little after the link is up: the bridge hears of it by a work queue. */
static void wait_running(const struct net_attachment *a, int sock)
{
	char name[IFNAMSIZ];
	struct own_link own;

	(void)net_host_name(a->uuid, name);
	for (int i = 0; i < CARRIER_TRIES; i++) {
		if (own_find(sock, name, "veth", a->uuid, &own, NULL) < 0 || own.running)
			return;
		(void)poll(NULL, 0, CARRIER_STEP_MS);
	}
}

void net_announce(const struct net_setup *s, const struct net_devices *d)
{
	for (size_t i = 0; d->inside >= 0 && i < s->items.count; i++) {
		const struct net_attachment *a = &s->items.items[i];
		struct link l;

		if (a->kind != NET_BRIDGE && a->kind != NET_MACVLAN)
			continue;
		if (a->kind == NET_BRIDGE)
			wait_running(a, d->outside);
		if (link_find(d->inside, a->name, &l) == 0)
			(void)ip_announce(d->inside, l.index, a->mac); /* then they ask */
	}
}

/* ---- detach ---- */

/* Ours by uuid and kind, and the very link that was recorded. */
static bool find_veth(int sock, const struct net_attachment *a, struct own_link *ret)
{
	char name[IFNAMSIZ];

	return own_find(sock, net_host_name(a->uuid, name), "veth", a->uuid, ret, NULL) == 0 &&
	       (!a->host_index || a->host_index == ret->index);
}

/* The index of a link that will not go by itself, because somebody holds its namespace; 0: none. */
static int staying_link(int sock, const struct net_attachment *a)
{
	struct own_link own;

	if (!find_veth(sock, a, &own) || (own.nsid >= 0 && !own_namespace_lives(sock, own.nsid)))
		return 0;
	return own.index;
}

/* The leases went with the network, or nobody can tell which they were. */
static int detach_lost(int sock, int index, const struct net_attachment *a, struct err *e)
{
	int r = index ? own_delete(sock, index) : 0;

	if (e)
		*e = (struct err){ .problems = e->problems };
	return r < 0 && r != -ENODEV ? failed(a, r, "remove it", e) : 0;
}

/* As long as the address is its own: a lease that was lost may be another's, and the name with it. */
static int remove_names(const struct net_dir *d, const struct net_attachment *a, struct err *e)
{
	int r = 0;

	if (lease_is(d, &a->ip4, a->uuid))
		r = names_remove(d->fd, &a->ip4, e);
	if (r == 0 && lease_is(d, &a->ip6, a->uuid))
		r = names_remove(d->fd, &a->ip6, e);
	return r;
}

static int detach_bridge(const struct net_setup *s, int sock, const struct net_attachment *a,
			 struct err *e)
{
	cleanup_(net_dir_close) struct net_dir d = NET_DIR_EMPTY;
	cleanup_fd int data = -EBADF;
	int index = staying_link(sock, a), r;
	bool last;

	data = s->data ? open(s->data, O_DIRECTORY | O_RDONLY | O_CLOEXEC) : -EBADF;
	r = data < 0 ? -ENOENT : net_dir_open(data, a->target, &d, e);
	if (r == -ENOENT || r == -EBADMSG)
		return detach_lost(sock, index, a, e);
	if (r < 0)
		return r;
	/* what cannot be written (a full disk) keeps nobody from being deleted: the next one finds it gone */
	(void)remove_names(&d, a, NULL);
	lease_return(&d, a);
	last = !lease_any(&d);
	if (last)
		firewall_network_remove(&d.def);
	bridge_clean_later(sock, d.fd, index, last ? &d.def : NULL);
	return 0;
}

int net_detach(const struct net_setup *s, struct err *e)
{
	const struct cni_container gone = { .ports = s->ports.items, .port_count = s->ports.count };
	cleanup_fd int sock = -EBADF;
	int r;

	if (!net_setup_makes_links(s))
		return 0;
	sock = link_socket();
	if (sock < 0)
		return err_set(e, ERR_SYSTEM, -sock, "open a netlink socket");
	r = firewall_close(s, e);
	for (size_t i = s->items.count; r == 0 && i > 0; i--) {
		const struct net_attachment *a = &s->items.items[i - 1];

		if (a->kind == NET_BRIDGE)
			r = detach_bridge(s, sock, a, e);
		else if (a->kind == NET_CNI)
			r = cni_del(a, &gone, e);
	}
	return r;
}

/* ---- counters ---- */

int net_stats_read(int sock, const struct net_attachment *a, struct net_stats *ret)
{
	struct net_rate_state rate = { 0 };
	struct own_link own;

	if (a->kind != NET_BRIDGE || !find_veth(sock, a, &own))
		return -ENODEV;
	(void)net_rate_read(sock, own.index, &rate); /* else it has no limit to tell of */
	/* what the host's side receives is what the container sends */
	*ret = (struct net_stats){
		.known = true,
		.rx_bytes = own.tx_bytes,
		.rx_packets = own.tx_packets,
		.rx_dropped = own.tx_dropped + rate.dropped,
		.rx_limit = rate.bits,
		.tx_bytes = own.rx_bytes,
		.tx_packets = own.rx_packets,
		.tx_dropped = own.rx_dropped,
	};
	return 0;
}

void net_stats_sum(const struct net_setup *s, struct net_stats *ret)
{
	cleanup_fd int sock = -EBADF;

	*ret = (struct net_stats){ .known = false };
	if (!net_setup_makes_links(s))
		return;
	sock = link_socket();
	for (size_t i = 0; sock >= 0 && i < s->items.count; i++) {
		struct net_stats one;

		if (net_stats_read(sock, &s->items.items[i], &one) < 0)
			continue;
		ret->known = true;
		ret->rx_bytes += one.rx_bytes;
		ret->rx_packets += one.rx_packets;
		ret->rx_dropped += one.rx_dropped;
		ret->rx_limit = one.rx_limit;
		ret->tx_limit = s->rate.egress;
		ret->tx_bytes += one.tx_bytes;
		ret->tx_packets += one.tx_packets;
		ret->tx_dropped += one.tx_dropped;
	}
}
