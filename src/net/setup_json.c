// SPDX-License-Identifier: GPL-2.0-or-later
/* The network of a container in its record, and as `ctr state` shows it. By tables, both ways. */
#include "net/setup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <netinet/in.h>

#include "net/kinds.h"
#include "util/kernel.h"

enum type {
	TYPE_STRING,  /* const char * */
	TYPE_IFNAME,  /* char[IFNAMSIZ] */
	TYPE_ADDRESS, /* struct net_addr */
	TYPE_BOOL,
	TYPE_U16,
	TYPE_U32,
	TYPE_U64,
	TYPE_INT,
	TYPE_MAC,
	TYPE_UUID,
};

struct field {
	const char *key;
	enum type type;
	size_t at;
};

#define AT(type, member) offsetof(struct type, member)

static const struct field attachment_fields[] = {
	{ "target", TYPE_STRING, AT(net_attachment, target) },
	{ "name", TYPE_IFNAME, AT(net_attachment, name) },
	{ "ip", TYPE_ADDRESS, AT(net_attachment, ip4) },
	{ "ip6", TYPE_ADDRESS, AT(net_attachment, ip6) },
	{ "gateway", TYPE_ADDRESS, AT(net_attachment, gw4) },
	{ "gateway6", TYPE_ADDRESS, AT(net_attachment, gw6) },
	{ "mac", TYPE_MAC, AT(net_attachment, mac) },
	{ "mtu", TYPE_U32, AT(net_attachment, mtu) },
	{ "mode", TYPE_STRING, AT(net_attachment, mode) },
	{ "bridge", TYPE_IFNAME, AT(net_attachment, bridge) },
	{ "subnet", TYPE_ADDRESS, AT(net_attachment, subnet4) },
	{ "subnet6", TYPE_ADDRESS, AT(net_attachment, subnet6) },
	{ "isolate", TYPE_BOOL, AT(net_attachment, isolate) },
	{ "internal", TYPE_BOOL, AT(net_attachment, internal) },
	{ "uuid", TYPE_UUID, AT(net_attachment, uuid) },
	{ "hostIndex", TYPE_INT, AT(net_attachment, host_index) },
	{ "result", TYPE_STRING, AT(net_attachment, result) },
	{ "helperPid", TYPE_INT, AT(net_attachment, helper_pid) },
	{ "helperStart", TYPE_U64, AT(net_attachment, helper_start) },
};

static const struct field port_fields[] = {
	{ "address", TYPE_ADDRESS, AT(net_port, address) },
	{ "hostPort", TYPE_U16, AT(net_port, host_port) },
	{ "port", TYPE_U16, AT(net_port, port) },
	{ "count", TYPE_U16, AT(net_port, count) },
};

static const struct field setup_fields[] = {
	{ "data", TYPE_STRING, AT(net_setup, data) },
	{ "isolate", TYPE_BOOL, AT(net_setup, isolate) },
	{ "hosts", TYPE_BOOL, AT(net_setup, hosts) },
	{ "ingress", TYPE_U64, AT(net_setup, rate.ingress) },
	{ "egress", TYPE_U64, AT(net_setup, rate.egress) },
	{ "ingressBurst", TYPE_U64, AT(net_setup, rate.ingress_burst) },
	{ "egressBurst", TYPE_U64, AT(net_setup, rate.egress_burst) },
};

/* ---- writing ---- */

static void write_address(struct json_out *o, const char *key, const struct net_addr *a)
{
	bool prefix = a->prefix != 8 * net_addr_size(a); /* of one address: not said */
	char text[NET_ADDR_TEXT];

	if (net_addr_set(a))
		json_out_member_string(o, key, net_addr_text(a, prefix, text));
}

static void write_text(struct json_out *o, const char *key, const char *text)
{
	if (text && *text)
		json_out_member_string(o, key, text);
}

static void write_number(struct json_out *o, const char *key, uint64_t n)
{
	if (n)
		json_out_member_uint(o, key, n);
}

static bool all_zero(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i])
			return false;
	return true;
}

/* What is empty is left out. */
static void write_field(struct json_out *o, const struct field *f, const void *base)
{
	const void *p = (const char *)base + f->at;
	char text[NET_ALIAS_SIZE + NET_MAC_TEXT];

	switch (f->type) {
	case TYPE_STRING: write_text(o, f->key, *(const char *const *)p); break;
	case TYPE_IFNAME: write_text(o, f->key, p); break;
	case TYPE_ADDRESS: write_address(o, f->key, p); break;
	case TYPE_BOOL:
		if (*(const bool *)p)
			json_out_member_bool(o, f->key, true);
		break;
	case TYPE_U16: write_number(o, f->key, *(const uint16_t *)p); break;
	case TYPE_U32: write_number(o, f->key, *(const uint32_t *)p); break;
	case TYPE_U64: write_number(o, f->key, *(const uint64_t *)p); break;
	case TYPE_INT: write_number(o, f->key, (uint64_t) * (const int *)p); break;
	case TYPE_MAC:
		if (!all_zero(p, NET_MAC_SIZE))
			json_out_member_string(o, f->key, net_mac_text(p, text));
		break;
	case TYPE_UUID:
		if (!all_zero(p, NET_UUID_SIZE))
			json_out_member_string(o, f->key, net_alias(p, text));
		break;
	}
}

static void write_fields(struct json_out *o, const struct field *f, size_t n, const void *base)
{
	for (size_t i = 0; i < n; i++)
		write_field(o, &f[i], base);
}

static void write_routes(struct json_out *o, const struct net_attachment *a)
{
	if (!a->routes.count)
		return;
	json_out_member_array(o, "routes");
	for (size_t i = 0; i < a->routes.count; i++) {
		json_out_object(o);
		write_address(o, "to", &a->routes.items[i].to);
		write_address(o, "via", &a->routes.items[i].via);
		json_out_end_object(o);
	}
	json_out_end_array(o);
}

static void write_items(struct json_out *o, const struct net_setup *s)
{
	json_out_member_array(o, "items");
	for (size_t i = 0; i < s->items.count; i++) {
		const struct net_attachment *a = &s->items.items[i];

		json_out_object(o);
		json_out_member_string(o, "kind", net_kind_name(a->kind));
		write_fields(o, attachment_fields, ARRAY_SIZE(attachment_fields), a);
		write_routes(o, a);
		json_out_end_object(o);
	}
	json_out_end_array(o);
}

static void write_ports(struct json_out *o, const struct net_setup *s)
{
	if (!s->ports.count)
		return;
	json_out_member_array(o, "ports");
	for (size_t i = 0; i < s->ports.count; i++) {
		json_out_object(o);
		write_fields(o, port_fields, ARRAY_SIZE(port_fields), &s->ports.items[i]);
		json_out_member_string(o, "protocol",
				       s->ports.items[i].protocol == IPPROTO_UDP ? "udp" : "tcp");
		json_out_end_object(o);
	}
	json_out_end_array(o);
}

static void write_dns(struct json_out *o, const struct net_setup *s)
{
	char text[NET_ADDR_TEXT];

	if (s->dns.count) {
		json_out_member_array(o, "dns");
		for (size_t i = 0; i < s->dns.count; i++)
			json_out_string(o, net_addr_text(&s->dns.items[i], false, text));
		json_out_end_array(o);
	}
	if (s->dns_search.count)
		json_out_member_strings(o, "dnsSearch", s->dns_search.items, s->dns_search.count);
}

void net_setup_write(struct json_out *o, const struct net_setup *s)
{
	if (!s->items.count)
		return;
	json_out_member_object(o, "network");
	write_fields(o, setup_fields, ARRAY_SIZE(setup_fields), s);
	write_items(o, s);
	write_ports(o, s);
	write_dns(o, s);
	json_out_end_object(o);
}

/* ---- reading: all that stands there must be of its type ---- */

static int read_number(const struct json_node *m, uint64_t max, uint64_t *ret)
{
	return json_to_u64(m, max, ret) < 0 ? -EBADMSG : 0;
}

static int read_text(const struct json_node *m, char *buf, size_t size)
{
	if (m->type != JSON_STRING || m->len >= size)
		return -EBADMSG;
	memcpy(buf, m->text, m->len + 1);
	return 0;
}

static int read_small(const struct json_node *m, enum type type, void *p)
{
	static const uint64_t max[] = { [TYPE_U16] = UINT16_MAX,
					[TYPE_U32] = UINT32_MAX,
					[TYPE_U64] = UINT64_MAX,
					[TYPE_INT] = INT32_MAX };
	uint64_t n;
	int r = read_number(m, max[type], &n);

	if (r < 0)
		return r;
	if (type == TYPE_U16)
		*(uint16_t *)p = (uint16_t)n;
	else if (type == TYPE_U32)
		*(uint32_t *)p = (uint32_t)n;
	else if (type == TYPE_U64)
		*(uint64_t *)p = n;
	else
		*(int *)p = (int)n;
	return 0;
}

static int read_string(const struct json_node *m, struct arena *a, const char **ret)
{
	if (m->type != JSON_STRING)
		return -EBADMSG;
	*ret = arena_strdup(a, m->text);
	return *ret ? 0 : -ENOMEM;
}

static int read_field(const struct json_node *m, const struct field *f, struct arena *a, void *base)
{
	void *p = (char *)base + f->at;
	char text[NET_ADDR_TEXT];

	switch (f->type) {
	case TYPE_STRING: return read_string(m, a, p);
	case TYPE_IFNAME: return read_text(m, p, IFNAMSIZ);
	case TYPE_UUID:
		return m->type == JSON_STRING && net_alias_parse(m->text, p) == 0 ? 0 : -EBADMSG;
	case TYPE_BOOL:
		if (m->type != JSON_BOOL)
			return -EBADMSG;
		*(bool *)p = m->truth;
		return 0;
	case TYPE_ADDRESS:
		return read_text(m, text, sizeof(text)) < 0 || net_addr_parse(text, 0, p) < 0
			       ? -EBADMSG
			       : 0;
	case TYPE_MAC:
		return read_text(m, text, sizeof(text)) < 0 || net_mac_parse(text, p) < 0 ? -EBADMSG
											  : 0;
	default: return read_small(m, f->type, p);
	}
}

static int read_fields(const struct json_node *node, const struct field *f, size_t n,
		       struct arena *a, void *base)
{
	int r = node->type == JSON_OBJECT ? 0 : -EBADMSG;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct json_node *m = json_member(node, f[i].key);

		r = m ? read_field(m, &f[i], a, base) : 0;
	}
	return r;
}

/* An array of at most @max items, zeroed, into *@ret. */
static int make_array(const struct json_node *m, size_t max, size_t size, struct arena *a,
		      void *ret_items)
{
	void *items;

	if (m->type != JSON_ARRAY || m->count > max)
		return -EBADMSG;
	items = arena_array(a, m->count ? m->count : 1, size);
	memcpy(ret_items, &items, sizeof(items));
	return items ? 0 : -ENOMEM;
}

static int read_address(const struct json_node *node, const char *key, bool wanted,
			struct net_addr *ret)
{
	const struct json_node *m = json_member(node, key);

	if (!m)
		return wanted ? -EBADMSG : 0;
	return m->type == JSON_STRING && net_addr_parse(m->text, 0, ret) == 0 ? 0 : -EBADMSG;
}

static int read_routes(const struct json_node *node, struct arena *a, struct net_attachment *to)
{
	const struct json_node *list = json_member(node, "routes");
	int r = list ? make_array(list, NET_ROUTES_MAX, sizeof(*to->routes.items), a,
				  &to->routes.items)
		     : 0;

	if (r < 0 || !list)
		return r;
	json_for_each (item, list) {
		struct net_route *route = &to->routes.items[to->routes.count++];

		r = read_address(item, "to", true, &route->to);
		if (r == 0)
			r = read_address(item, "via", false, &route->via);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_kind(const struct json_node *node, enum net_kind *ret)
{
	const struct json_node *m = json_member(node, "kind");

	for (size_t i = 0; m && m->type == JSON_STRING && i < NET_KIND_COUNT; i++) {
		if (!net_kinds[i].name || strcmp(net_kinds[i].name, m->text) != 0)
			continue;
		*ret = (enum net_kind)i;
		return 0;
	}
	return -EBADMSG;
}

static int read_items(const struct json_node *node, struct arena *a, struct net_setup *ret)
{
	const struct json_node *list = json_member(node, "items");
	int r = list ? make_array(list, NET_ATTACHMENTS_MAX, sizeof(*ret->items.items), a,
				  &ret->items.items)
		     : -EBADMSG;

	if (r < 0)
		return r;
	json_for_each (item, list) {
		struct net_attachment *to = &ret->items.items[ret->items.count++];

		r = read_kind(item, &to->kind);
		if (r == 0)
			r = read_fields(item, attachment_fields, ARRAY_SIZE(attachment_fields), a,
					to);
		if (r == 0)
			r = read_routes(item, a, to);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_ports(const struct json_node *node, struct arena *a, struct net_setup *ret)
{
	const struct json_node *list = json_member(node, "ports");
	int r = list ? make_array(list, NET_PORTS_MAX, sizeof(*ret->ports.items), a,
				  &ret->ports.items)
		     : 0;

	if (r < 0 || !list)
		return r;
	json_for_each (item, list) {
		struct net_port *port = &ret->ports.items[ret->ports.count++];
		const struct json_node *m = json_member(item, "protocol");

		r = read_fields(item, port_fields, ARRAY_SIZE(port_fields), a, port);
		if (r < 0 || !m || m->type != JSON_STRING)
			return -EBADMSG;
		port->protocol = strcmp(m->text, "udp") == 0 ? IPPROTO_UDP : IPPROTO_TCP;
	}
	return 0;
}

static int read_dns(const struct json_node *node, struct arena *a, struct net_setup *ret)
{
	const struct json_node *dns = json_member(node, "dns"),
			       *search = json_member(node, "dnsSearch");
	int r = dns ? make_array(dns, NET_PORTS_MAX, sizeof(*ret->dns.items), a, &ret->dns.items)
		    : 0;

	if (r == 0 && search)
		r = make_array(search, NET_PORTS_MAX, sizeof(char *), a, &ret->dns_search.items);
	if (r == 0 && dns)
		json_for_each (item, dns) {
			if (item->type != JSON_STRING ||
			    net_addr_parse(item->text, 0, &ret->dns.items[ret->dns.count++]) < 0)
				return -EBADMSG;
		}
	if (r == 0 && search)
		json_for_each (item, search) {
			r = read_string(item, a, &ret->dns_search.items[ret->dns_search.count++]);
			if (r < 0)
				return r;
		}
	return r;
}

int net_setup_read(const struct json_node *node, struct arena *a, struct net_setup *ret)
{
	struct net_setup s = { 0 };
	int r = read_fields(node, setup_fields, ARRAY_SIZE(setup_fields), a, &s);

	if (r == 0)
		r = read_items(node, a, &s);
	if (r == 0)
		r = read_ports(node, a, &s);
	if (r == 0)
		r = read_dns(node, a, &s);
	if (r == 0)
		*ret = s;
	return r;
}

/* ---- for people and machines ---- */

/* A gateway is one address: the prefix is that of the network. */
static void state_gateway(struct json_out *o, const char *key, const struct net_addr *gw)
{
	char text[NET_ADDR_TEXT];

	if (net_addr_set(gw))
		json_out_member_string(o, key, net_addr_text(gw, false, text));
}

static void state_item(struct json_out *o, const struct net_setup *s,
		       const struct net_attachment *a)
{
	/* of the record only what means something to others */
	static const char *const shown[] = { "name", "ip",     "ip6",	  "mac",
					     "mtu",  "bridge", "isolate", "helperPid" };
	char name[IFNAMSIZ];

	json_out_object(o);
	json_out_member_string(o, "kind", net_kind_name(a->kind));
	if (a->target)
		json_out_member_string(o, a->kind == NET_BRIDGE ? "network" : "target", a->target);
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		for (size_t k = 0; k < ARRAY_SIZE(attachment_fields); k++)
			if (strcmp(shown[i], attachment_fields[k].key) == 0)
				write_field(o, &attachment_fields[k], a);
	state_gateway(o, "gateway", &a->gw4);
	state_gateway(o, "gateway6", &a->gw6);
	write_routes(o, a);
	if (a == net_setup_primary(s))
		write_ports(o, s);
	if (a->kind == NET_BRIDGE)
		json_out_member_string(o, "hostInterface", net_host_name(a->uuid, name));
	json_out_end_object(o);
}

void net_setup_state(struct json_out *o, const struct net_setup *s)
{
	if (!s->items.count)
		return;
	json_out_member_array(o, "network");
	for (size_t i = 0; i < s->items.count; i++)
		state_item(o, s, &s->items.items[i]);
	json_out_end_array(o);
}
