// SPDX-License-Identifier: GPL-2.0-or-later
/* See explain.h. */
#include "cli/explain.h"

#include <stdio.h>

#include "net/helper.h"
#include "net/ports.h"
#include "util/strbuf.h"

static void add_address(struct strbuf *b, const char *what, const struct net_addr *a, bool prefix)
{
	char text[NET_ADDR_TEXT];

	if (net_addr_set(a))
		strbuf_addf(b, ", %s %s", what, net_addr_text(a, prefix, text));
}

/* What is already known of an interface: the rest comes from the network when the container is made. */
static void add_details(struct strbuf *b, const struct net_attachment *a, bool isolate)
{
	char mac[NET_MAC_TEXT];

	add_address(b, "address", &a->ip4, a->kind != NET_BRIDGE);
	add_address(b, "address", &a->ip6, a->kind != NET_BRIDGE);
	if (a->kind == NET_BRIDGE && !net_addr_set(&a->ip4) && !net_addr_set(&a->ip6))
		strbuf_adds(b, ", with free addresses of it");
	add_address(b, "gateway", &a->gw4, false);
	add_address(b, "gateway", &a->gw6, false);
	if (a->has_mac)
		strbuf_addf(b, ", MAC %s", net_mac_text(a->mac, mac));
	if (a->mtu)
		strbuf_addf(b, ", MTU %u", a->mtu);
	for (size_t i = 0; i < a->routes.count; i++) {
		add_address(b, "route to", &a->routes.items[i].to, true);
		if (net_addr_set(&a->routes.items[i].via))
			strbuf_addf(b, " via %s",
				    net_addr_text(&a->routes.items[i].via, false,
						  (char[NET_ADDR_TEXT]){ 0 }));
	}
	if (isolate && a->kind == NET_BRIDGE)
		strbuf_adds(b, ", kept apart from its other containers");
}

static void explain_ports(const struct net_setup *s, explain_step_fn *step, void *data)
{
	for (size_t i = 0; i < s->ports.count; i++) {
		const struct net_port *p = &s->ports.items[i];
		char text[256], addr[NET_ADDR_TEXT];
		struct strbuf b = STRBUF_OVER(text, sizeof(text));

		strbuf_addf(&b, "lead port %u", p->host_port);
		if (p->count > 1)
			strbuf_addf(&b, " to %u", p->host_port + p->count - 1u);
		strbuf_addf(&b, "/%s of %s to port %u", net_port_protocol(p),
			    net_addr_set(&p->address) ? net_addr_text(&p->address, false, addr)
						      : "the host",
			    p->port);
		if (p->count > 1)
			strbuf_addf(&b, " to %u", p->port + p->count - 1u);
		strbuf_adds(&b, " of the container");
		step(text, "--publish", data);
	}
}

static void explain_rate(const struct net_rate *rate, explain_step_fn *step, void *data)
{
	char text[128];

	if (rate->ingress) {
		(void)snprintf(text, sizeof(text), "limit what it receives to %llu bit/s",
			       (unsigned long long)rate->ingress);
		step(text, "--net-rate", data);
	}
	if (rate->egress) {
		(void)snprintf(text, sizeof(text), "limit what it sends to %llu bit/s",
			       (unsigned long long)rate->egress);
		step(text, "--net-rate", data);
	}
}

void explain_network(const struct net_setup *s, explain_step_fn *step, void *data)
{
	for (size_t i = 0; i < s->items.count; i++) {
		const struct net_attachment *a = &s->items.items[i];
		char text[1024];
		struct strbuf b = STRBUF_OVER(text, sizeof(text));

		if (a->kind == NET_BRIDGE)
			strbuf_addf(&b, "connect the interface '%s' to the network '%s'", a->name,
				    a->target);
		else if (a->kind == NET_MACVLAN)
			strbuf_addf(&b, "make the interface '%s' a macvlan (%s) of the device '%s'",
				    a->name, a->mode ? a->mode : "bridge", a->target);
		else if (a->kind == NET_CNI)
			strbuf_addf(&b, "have the plugins of '%s' make the interface '%s'",
				    a->target, a->name);
		else if (net_kind_has_helper(a->kind))
			strbuf_addf(&b,
				    "have %s make the interface '%s', with sockets of the caller",
				    net_kind_name(a->kind), a->name);
		else
			continue; /* the namespaces tell all of it */
		add_details(&b, a, s->isolate);
		step(text, "--network", data);
	}
	explain_ports(s, step, data);
	explain_rate(&s->rate, step, data);
}
