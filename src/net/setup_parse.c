// SPDX-License-Identifier: GPL-2.0-or-later
/* --network KIND[:TARGET][,KEY=VALUE]... as an attachment. Pure. */
#include "net/setup.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "net/kinds.h"
#include "util/kernel.h"
#include "util/num.h"

enum {
	MTU_MIN = 68, /* RFC 791; IPv6 wants 1280, which is checked when there is IPv6 */
	MTU_MIN_IP6 = 1280,
	MTU_MAX = 65535,
};

static const char *const modes[] = { "bridge", "private", "vepa", NULL };

/* One "key=value" on its way into an attachment. */
struct word {
	const char *text, *value; /* the whole --network, for errors */
	struct arena *arena;
	struct net_attachment *to;
};

static int bad(const struct word *w, const char *why, struct err *e)
{
	err_set(e, ERR_USAGE, 0, "--network %s: '%s' %s", w->text, w->value, why);
	return -EINVAL;
}

bool net_ifname_ok(const char *name)
{
	size_t len = strlen(name);

	if (!len || len >= IFNAMSIZ || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' || *name == '%' || !isgraph((unsigned char)*name))
			return false;
	return true;
}

bool net_name_ok(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > NET_NAME_MAX || !isalnum((unsigned char)name[0]))
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("_.-", *name))
			return false;
	return true;
}

static int set_name(const struct word *w, struct err *e)
{
	if (!net_ifname_ok(w->value) || strcmp(w->value, "lo") == 0)
		return bad(w, "is no name for an interface", e);
	(void)snprintf(w->to->name, sizeof(w->to->name), "%s", w->value);
	return 0;
}

/* An address of a container is none of a network, and not the one that means any. */
static int parse_host(const struct word *w, uint8_t family, struct net_addr *ret, struct err *e)
{
	static const struct net_addr zero;

	if (net_addr_parse(w->value, family, ret) < 0 ||
	    memcmp(ret->bytes, zero.bytes, sizeof(zero.bytes)) == 0)
		return bad(w, family == AF_INET ? "is no IPv4 address" : "is no IPv6 address", e);
	return 0;
}

static int set_ip(const struct word *w, struct err *e)
{
	w->to->has_ip4 = true;
	return parse_host(w, AF_INET, &w->to->ip4, e);
}

static int set_ip6(const struct word *w, struct err *e)
{
	w->to->has_ip6 = true;
	return parse_host(w, AF_INET6, &w->to->ip6, e);
}

static int set_gateway(const struct word *w, struct err *e)
{
	uint8_t family = strchr(w->value, ':') ? AF_INET6 : AF_INET;
	int r;

	if (strcmp(w->value, "none") == 0) {
		w->to->has_gw4 = w->to->has_gw6 = true;
		return 0;
	}
	if (strchr(w->value, '/'))
		return bad(w, "is an address with a prefix: a gateway has none", e);
	r = parse_host(w, family, family == AF_INET6 ? &w->to->gw6 : &w->to->gw4, e);
	if (r == 0 && family == AF_INET6)
		w->to->has_gw6 = true;
	else if (r == 0)
		w->to->has_gw4 = true;
	return r;
}

static int set_mac(const struct word *w, struct err *e)
{
	if (net_mac_parse(w->value, w->to->mac) < 0)
		return bad(w, "is no MAC address of an interface", e);
	w->to->has_mac = true;
	return 0;
}

static int set_mtu(const struct word *w, struct err *e)
{
	int64_t n;

	if (num_parse_i64(w->value, &n) < 0 || n < MTU_MIN || n > MTU_MAX)
		return bad(w, "is no MTU (68 to 65535)", e);
	w->to->mtu = (uint32_t)n;
	return 0;
}

static int set_mode(const struct word *w, struct err *e)
{
	for (const char *const *m = modes; *m; m++) {
		if (strcmp(*m, w->value) != 0)
			continue;
		w->to->mode = *m;
		return 0;
	}
	return bad(w, "is no mode of a macvlan (bridge, private, vepa)", e);
}

/* "DEST" or "DEST via GATEWAY"; "default" is 0.0.0.0/0, or ::/0 with a gateway of IPv6. */
static int parse_route(const struct word *w, struct net_route *ret, struct err *e)
{
	const char *via = strstr(w->value, " via ");
	size_t len = via ? (size_t)(via - w->value) : strlen(w->value);
	char to[NET_ADDR_TEXT];
	struct net_addr network;

	if (via && (net_addr_parse(via + strlen(" via "), 0, &ret->via) < 0 ||
		    strchr(via + strlen(" via "), '/')))
		return bad(w, "is no route: write DEST or DEST via GATEWAY", e);
	if (len >= sizeof(to))
		return bad(w, "is no route: write DEST or DEST via GATEWAY", e);
	memcpy(to, w->value, len);
	to[len] = '\0';
	if (strcmp(to, "default") == 0)
		(void)snprintf(to, sizeof(to), ret->via.family == AF_INET6 ? "::/0" : "0.0.0.0/0");
	if (net_addr_parse(to, via ? ret->via.family : 0, &ret->to) < 0)
		return bad(w, "is no route: write DEST or DEST via GATEWAY", e);
	network = net_addr_network(&ret->to);
	return net_addr_equal(&network, &ret->to)
		       ? 0
		       : bad(w, "is no network: bits are set behind its prefix", e);
}

static int add_route(const struct word *w, struct err *e)
{
	struct net_attachment *a = w->to;
	struct net_route route = { 0 };
	int r = parse_route(w, &route, e);

	if (r < 0)
		return r;
	if (a->routes.count == NET_ROUTES_MAX)
		return bad(w, "is one route too many", e);
	if (!a->routes.items)
		a->routes.items = arena_array(w->arena, NET_ROUTES_MAX, sizeof(*a->routes.items));
	if (!a->routes.items)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read --network");
	a->routes.items[a->routes.count++] = route;
	return 0;
}

static const struct {
	const char *word;
	unsigned key; /* enum net_key */
	bool repeat;
	int (*set)(const struct word *w, struct err *e);
} keys[] = {
	{ "name", NET_KEY_NAME, false, set_name },   { "ip", NET_KEY_IP, false, set_ip },
	{ "ip6", NET_KEY_IP, false, set_ip6 },	     { "gw", NET_KEY_GW, true, set_gateway },
	{ "mac", NET_KEY_MAC, false, set_mac },	     { "mtu", NET_KEY_MTU, false, set_mtu },
	{ "route", NET_KEY_ROUTE, true, add_route }, { "mode", NET_KEY_MODE, false, set_mode },
};

static int set_key(struct word *w, char *pair, unsigned *seen, struct err *e)
{
	const struct net_kind_info *kind = &net_kinds[w->to->kind];
	size_t len = strcspn(pair, "=");

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strlen(keys[i].word) != len || memcmp(keys[i].word, pair, len) != 0)
			continue;
		if (!(kind->keys & keys[i].key))
			return err_set(e, ERR_USAGE, 0, "--network %s: %s has no use for '%s'",
				       w->text, kind->name, keys[i].word);
		if (pair[len] != '=')
			return err_set(e, ERR_USAGE, 0, "--network %s: '%s' needs a value", w->text,
				       keys[i].word);
		if (!keys[i].repeat && *seen >> i & 1)
			return err_set(e, ERR_USAGE, 0, "--network %s: '%s' is said twice", w->text,
				       keys[i].word);
		*seen |= 1U << i;
		w->value = pair + len + 1;
		return keys[i].set(w, e);
	}
	err_set(e, ERR_USAGE, 0, "--network %s: unknown option '%s'", w->text, pair);
	err_hint(e, "known are name, ip, ip6, gw, mac, mtu, route, and mode for macvlan");
	return -EINVAL;
}

static int unknown_kind(const char *text, struct err *e)
{
	char all[128] = "";
	size_t n = 0;

	for (size_t i = 0; i < NET_KIND_COUNT; i++)
		if (net_kinds[i].name)
			n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s%s", n ? ", " : "",
					      net_kinds[i].name,
					      net_kinds[i].target     ? ":..."
					      : net_kinds[i].optional ? "[:...]"
								      : "");
	err_set(e, ERR_USAGE, 0, "--network %s: unknown kind of network", text);
	err_hint(e, "use one of: %s", all);
	return -EINVAL;
}

static int find_kind(const char *text, const char *head, enum net_kind *ret, struct err *e)
{
	size_t len = strcspn(head, ":");

	for (size_t i = 0; i < NET_KIND_COUNT; i++) {
		const char *name = net_kinds[i].name;

		if (name && strlen(name) == len && memcmp(name, head, len) == 0) {
			*ret = (enum net_kind)i;
			return 0;
		}
	}
	return unknown_kind(text, e);
}

static int check_target(const char *text, const struct net_attachment *a, struct err *e)
{
	const struct net_kind_info *kind = &net_kinds[a->kind];
	bool wants = kind->target || kind->optional;

	if (kind->target && (!a->target || !*a->target))
		return err_set(e, ERR_USAGE, 0, "--network %s: %s behind the colon is missing",
			       text, kind->target);
	if (!wants && a->target)
		return err_set(e, ERR_USAGE, 0, "--network %s: nothing can stand behind '%s'", text,
			       kind->name);
	if (a->kind == NET_BRIDGE && !net_name_ok(a->target))
		return err_set(e, ERR_USAGE, 0, "--network %s: '%s' is no name of a network", text,
			       a->target);
	if (a->kind == NET_MACVLAN && !net_ifname_ok(a->target))
		return err_set(e, ERR_USAGE, 0, "--network %s: '%s' is no name of an interface",
			       text, a->target);
	if (a->kind == NET_NS && a->target[0] != '/')
		return err_set(e, ERR_USAGE, 0, "--network %s: '%s' is not an absolute path", text,
			       a->target);
	return 0;
}

static int check_whole(const char *text, const struct net_attachment *a, struct err *e)
{
	int r = check_target(text, a, e);

	if (r < 0)
		return r;
	if (a->has_ip6 && a->mtu && a->mtu < MTU_MIN_IP6)
		return err_set(e, ERR_USAGE, 0, "--network %s: IPv6 needs an MTU of %d at least",
			       text, MTU_MIN_IP6);
	return 0;
}

/* The head, up to the first comma; then the pairs. @copy is cut into pieces. */
static int parse(const char *text, char *copy, struct arena *a, struct net_attachment *to,
		 struct err *e)
{
	struct word w = { .text = text, .arena = a, .to = to };
	char *next = strchr(copy, ','), *colon;
	unsigned seen = 0;
	int r;

	if (next)
		*next++ = '\0';
	r = find_kind(text, copy, &to->kind, e);
	if (r < 0)
		return r;
	colon = strchr(copy, ':');
	to->target = colon ? colon + 1 : net_kinds[to->kind].optional;
	while (r == 0 && next) {
		char *pair = next;

		next = strchr(pair, ',');
		if (next)
			*next++ = '\0';
		r = set_key(&w, pair, &seen, e);
	}
	return r < 0 ? r : check_whole(text, to, e);
}

int net_setup_parse(const char *text, struct arena *a, struct net_setup *s, struct err *e)
{
	struct net_attachment *to;
	char *copy = arena_strdup(a, text);
	int r;

	if (!s->items.items)
		s->items.items = arena_array(a, NET_ATTACHMENTS_MAX + 1, sizeof(*s->items.items));
	if (!copy || !s->items.items)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read --network");
	if (s->items.count > NET_ATTACHMENTS_MAX)
		return err_set(e, ERR_USAGE, 0, "--network: more than %d", NET_ATTACHMENTS_MAX);
	to = &s->items.items[s->items.count];
	r = parse(text, copy, a, to, e);
	if (r == 0)
		s->items.count++;
	return r;
}
