// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See nft.h. A change first looks at what is there, then changes it "if the ruleset is still that one", and
 * begins again if it is not: so no lock is needed, between containers, state roots or other programs.
 */
#include "net/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "net/nft_rules.h"
#include "net/nft_wire.h"
#include "net/ports.h"
#include "util/cleanup.h"

enum {
	TRIES = 1000, /* others change the ruleset at the same time; each round one of us gets through */
	PART = 4      /* parts of concatenated keys are padded to this */
};

/* What is to be changed, as one transaction. */
struct change {
	struct nft_element *items;
	size_t count, room;
};

static struct nft_element *next_element(struct change *c, const char *set)
{
	struct nft_element *el;

	if (c->count == c->room) {
		size_t room = c->room ? 2 * c->room : 8;
		struct nft_element *more = reallocarray(c->items, room, sizeof(*more));

		if (!more)
			return NULL;
		c->items = more;
		c->room = room;
	}
	el = &c->items[c->count++];
	memset(el, 0, sizeof(*el));
	el->set = set;
	return el;
}

static void put(uint8_t *to, uint8_t *len, const void *part, size_t size)
{
	memcpy(to + *len, part, size);
	*len = (uint8_t)(*len + (size + PART - 1) / PART * PART);
}

static void put_port(uint8_t *to, uint8_t *len, unsigned port)
{
	uint16_t value = htons((uint16_t)port);

	put(to, len, &value, sizeof(value));
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_SYSTEM, ENOMEM, "change the firewall table");
}

/* ---- whose ---- */

static uint32_t hash(const char *text)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * 16777619u;
	return h;
}

/* "ctr:<uuid> <hash of the data root> <container>" */
static void owner_text(const struct nft_target *t, char ret[NFT_OWNER_MAX])
{
	char alias[NET_ALIAS_SIZE];

	(void)snprintf(ret, NFT_OWNER_MAX, "%s %08x %s", net_alias(t->uuid, alias), hash(t->root),
		       t->id);
}

static bool same_owner(const char *a, const char *b)
{
	return strncmp(a, b, strcspn(a, " ") + 1) == 0;
}

/* ---- transactions ---- */

/* What fits a look at the ruleset: gets the current change list ready. Negative ends it all. */
typedef int (*prepare_fn)(int sock, void *data, struct change *c, struct err *e);

static int attempt(int sock, bool add, prepare_fn prepare, void *data, struct change *c,
		   size_t *ret_failed, struct err *e)
{
	uint32_t generation = 0;
	int r = nft_generation(sock, &generation);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "look at the firewall");
	c->count = 0;
	r = prepare(sock, data, c, e);
	if (r < 0)
		return r;
	r = nft_elements_change(sock, add, c->items, c->count, generation, ret_failed);
	if (r == -ERESTART)
		return r;
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "change the firewall table 'inet " NFT_TABLE "'")
		     : (int)c->count;
}

/* The number of changed elements. */
static int change(bool add, prepare_fn prepare, void *data, struct err *e)
{
	cleanup_fd int sock = nft_socket();
	struct change c = { 0 };
	size_t failed;
	int r = -ERESTART;

	if (sock < 0)
		return err_set(e, ERR_SYSTEM, -sock, "open a netfilter socket");
	for (int i = 0; r == -ERESTART && i < TRIES; i++)
		r = attempt(sock, add, prepare, data, &c, &failed, e);
	free(c.items);
	if (r == -ERESTART)
		return err_set(e, ERR_SYSTEM, EBUSY,
			       "change the firewall table 'inet " NFT_TABLE
			       "': others change the firewall all the time");
	return r;
}

/* ---- networks ---- */

static int add_names(struct change *c, const char *bridge, const char *set, unsigned times)
{
	struct nft_element *el = next_element(c, set);
	char name[IFNAMSIZ] = { 0 };

	if (!el)
		return -ENOMEM;
	(void)snprintf(name, sizeof(name), "%s", bridge);
	for (unsigned i = 0; i < times; i++)
		put(el->key, &el->key_len, name, sizeof(name));
	return 0;
}

static int network_elements(const struct nft_network *n, struct change *c)
{
	int r = add_names(c, n->bridge, NFT_BRIDGES, 1);

	if (r == 0)
		r = add_names(c, n->bridge, NFT_SAME, 2);
	if (r == 0 && n->masquerade4)
		r = add_names(c, n->bridge, NFT_MASQ4, 1);
	if (r == 0 && n->masquerade6)
		r = add_names(c, n->bridge, NFT_MASQ6, 1);
	if (r == 0 && n->internal)
		r = add_names(c, n->bridge, NFT_INTERNAL, 1);
	return r;
}

/* Leave in @c what is there (@there), or what is not. */
static int only(int sock, bool there, struct change *c, struct err *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->count; i++) {
		struct nft_element found = c->items[i];
		int r = nft_element_get(sock, &found);

		if (r < 0 && r != -ENOENT)
			return err_set(e, ERR_SYSTEM, -r, "look at the firewall");
		if ((r == 0) == there)
			c->items[kept++] = c->items[i];
	}
	c->count = kept;
	return 0;
}

static int prepare_network(int sock, void *data, struct change *c, struct err *e)
{
	int r = nft_rules_ensure(sock, e);

	if (r < 0)
		return r;
	return network_elements(data, c) < 0 ? no_memory(e) : only(sock, false, c, e);
}

static int prepare_leaving(int sock, void *data, struct change *c, struct err *e)
{
	return network_elements(data, c) < 0 ? no_memory(e) : only(sock, true, c, e);
}

int nft_network_add(const struct nft_network *n, struct err *e)
{
	struct nft_network copy = *n;
	int r = change(true, prepare_network, &copy, e);

	return r < 0 ? r : 0;
}

/* Nobody is left: neither a network nor, should one have lost its network, a container. */
static bool is_empty(void)
{
	static const char *const sets[] = { NFT_BRIDGES, NFT_ANY4,	NFT_ANY6,     NFT_ADDR4,
					    NFT_ADDR6,	 NFT_ISOLATED4, NFT_ISOLATED6 };
	bool empty = true;

	for (size_t i = 0; empty && i < sizeof(sets) / sizeof(sets[0]); i++) {
		struct nft_elements list = { 0 };

		empty = nft_elements_read(sets[i], &list) == 0 && !list.count;
		free(list.items);
	}
	return empty;
}

static int remove_table(int sock)
{
	uint32_t generation = 0;
	int r = nft_generation(sock, &generation);

	if (r < 0 || !is_empty())
		return r;
	r = nft_table_delete(sock, NFT_TABLE, generation);
	return r == -ENOENT ? 0 : r;
}

int nft_network_remove(const char *bridge, struct err *e)
{
	struct nft_network n = {
		.bridge = bridge, .masquerade4 = true, .masquerade6 = true, .internal = true
	};
	cleanup_fd int sock = -EBADF;
	int r = change(false, prepare_leaving, &n, e);

	if (r < 0)
		return r;
	/* also when nothing was there: somebody may have been killed between the two */
	sock = nft_socket();
	r = sock < 0 ? sock : -ERESTART;
	for (int i = 0; r == -ERESTART && i < TRIES; i++)
		r = remove_table(sock);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "remove the firewall table 'inet " NFT_TABLE "'")
		     : 0;
}

/* ---- containers ---- */

struct container_change {
	const struct nft_target *t;
	const struct net_port *ports;
	size_t count;
	char owner[NFT_OWNER_MAX];
};

static int add_port(struct change *c, const struct net_port *p, unsigned i,
		    const struct net_addr *to, const char *owner)
{
	bool four = to->family == AF_INET, any = net_port_any(p);
	struct nft_element *el;

	if (!net_addr_set(to) || (net_addr_set(&p->address) && p->address.family != to->family))
		return 0;
	el = next_element(c, any ? (four ? NFT_ANY4 : NFT_ANY6) : (four ? NFT_ADDR4 : NFT_ADDR6));
	if (!el)
		return -ENOMEM;
	put(el->key, &el->key_len, &p->protocol, sizeof(p->protocol));
	if (!any)
		put(el->key, &el->key_len, p->address.bytes, net_addr_size(&p->address));
	put_port(el->key, &el->key_len, p->host_port + i);
	put(el->data, &el->data_len, to->bytes, net_addr_size(to));
	put_port(el->data, &el->data_len, p->port + i);
	(void)snprintf(el->owner, sizeof(el->owner), "%s", owner);
	return 0;
}

static int add_isolated(struct change *c, const struct net_addr *a, const char *owner)
{
	struct nft_element *el;

	if (!net_addr_set(a))
		return 0;
	el = next_element(c, a->family == AF_INET ? NFT_ISOLATED4 : NFT_ISOLATED6);
	if (!el)
		return -ENOMEM;
	put(el->key, &el->key_len, a->bytes, net_addr_size(a));
	(void)snprintf(el->owner, sizeof(el->owner), "%s", owner);
	return 0;
}

static int container_elements(const struct container_change *cc, struct change *c)
{
	int r = 0;

	if (cc->t->isolate)
		r = add_isolated(c, &cc->t->ip4, cc->owner);
	if (r == 0 && cc->t->isolate)
		r = add_isolated(c, &cc->t->ip6, cc->owner);
	for (size_t i = 0; i < cc->count; i++)
		for (unsigned n = 0; r == 0 && n < cc->ports[i].count; n++) {
			r = add_port(c, &cc->ports[i], n, &cc->t->ip4, cc->owner);
			if (r == 0)
				r = add_port(c, &cc->ports[i], n, &cc->t->ip6, cc->owner);
		}
	return r;
}

/* Protocol and port are the first and the last part of the key. */
static unsigned key_port(const struct nft_element *el)
{
	const uint8_t *p = el->key + el->key_len - PART;

	return (unsigned)p[0] << 8 | p[1];
}

static int taken(const struct nft_element *el, const struct nft_element *by, struct err *e)
{
	const char *space = strchr(by->owner, ' ');
	const char *id = space ? strchr(space + 1, ' ') : NULL;

	err_set(e, ERR_STATE, EADDRINUSE, "publish port %u/%s: container '%s' has it", key_port(el),
		el->key[0] == IPPROTO_UDP ? "udp" : "tcp", id ? id + 1 : "?");
	err_hint(e, "publish another port of the host, or delete that container");
	return -EADDRINUSE;
}

static bool is_any(const struct nft_element *el)
{
	return strcmp(el->set, NFT_ANY4) == 0 || strcmp(el->set, NFT_ANY6) == 0;
}

static bool is_port(const struct nft_element *el)
{
	return el->data_len != 0;
}

/* The same port of all addresses takes it from a single address, as with bind(2). */
static int check_any(int sock, const struct nft_element *el, struct err *e)
{
	struct nft_element any = { .set = strcmp(el->set, NFT_ADDR4) == 0 ? NFT_ANY4 : NFT_ANY6 };
	uint8_t len = 0;
	int r;

	put(any.key, &len, el->key, 1);
	put(any.key, &len, el->key + el->key_len - PART, 2);
	any.key_len = len;
	r = nft_element_get(sock, &any);
	if (r == 0)
		return taken(el, &any, e);
	return r == -ENOENT ? 0 : err_set(e, ERR_SYSTEM, -r, "look at the firewall");
}

/* And a single address takes it from all of them. There are few of these, so all are looked at. */
static int check_single(const struct change *c, const char *any, const char *single, struct err *e)
{
	struct nft_elements list = { 0 };
	cleanup_free struct nft_element *items = NULL;
	bool wanted = false;
	int r = 0;

	for (size_t i = 0; i < c->count; i++)
		wanted |= strcmp(c->items[i].set, any) == 0;
	if (wanted)
		r = nft_elements_read(single, &list);
	items = list.items;
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "look at the firewall");
	for (size_t i = 0; i < c->count; i++)
		for (size_t n = 0; strcmp(c->items[i].set, any) == 0 && n < list.count; n++)
			if (items[n].key[0] == c->items[i].key[0] &&
			    key_port(&items[n]) == key_port(&c->items[i]))
				return taken(&c->items[i], &items[n], e);
	return 0;
}

/* What it wants already, when it is made anew, is no conflict. */
static int check_free(int sock, struct change *c, struct err *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->count; i++) {
		struct nft_element found = c->items[i];
		int r = nft_element_get(sock, &found);

		if (r == 0 && same_owner(found.owner, c->items[i].owner))
			continue;
		if (r == 0 && is_port(&found))
			return taken(&c->items[i], &found, e);
		if (r == 0)
			continue; /* the address is isolated: what should be */
		if (r != -ENOENT)
			return err_set(e, ERR_SYSTEM, -r, "look at the firewall");
		r = is_port(&c->items[i]) && !is_any(&c->items[i])
			    ? check_any(sock, &c->items[i], e)
			    : 0;
		if (r < 0)
			return r;
		c->items[kept++] = c->items[i];
	}
	c->count = kept;
	return 0;
}

static int prepare_container(int sock, void *data, struct change *c, struct err *e)
{
	int r = container_elements(data, c) < 0 ? no_memory(e) : 0;

	if (r == 0)
		r = check_single(c, NFT_ANY4, NFT_ADDR4, e);
	if (r == 0)
		r = check_single(c, NFT_ANY6, NFT_ADDR6, e);
	return r < 0 ? r : check_free(sock, c, e);
}

static int prepare_removal(int sock, void *data, struct change *c, struct err *e)
{
	size_t kept = 0;

	if (container_elements(data, c) < 0)
		return no_memory(e);
	for (size_t i = 0; i < c->count; i++) {
		struct nft_element found = c->items[i];
		int r = nft_element_get(sock, &found);

		if (r < 0 && r != -ENOENT)
			return err_set(e, ERR_SYSTEM, -r, "look at the firewall");
		if (r == 0 && same_owner(found.owner, c->items[i].owner))
			c->items[kept++] = c->items[i];
	}
	c->count = kept;
	return 0;
}

int nft_container_add(const struct nft_target *t, const struct net_port *ports, size_t count,
		      struct err *e)
{
	struct container_change cc = { .t = t, .ports = ports, .count = count };
	int r;

	owner_text(t, cc.owner);
	r = change(true, prepare_container, &cc, e);
	return r < 0 ? r : 0;
}

int nft_container_remove(const struct nft_target *t, const struct net_port *ports, size_t count,
			 struct err *e)
{
	struct container_change cc = { .t = t, .ports = ports, .count = count };
	int r;

	owner_text(t, cc.owner);
	r = change(false, prepare_removal, &cc, e);
	return r < 0 ? r : 0;
}

/* ---- what nobody is left for ---- */

struct sweep {
	uint32_t root;
	int (*look)(void *data, struct err *e);
	bool (*lives)(const uint8_t uuid[NET_UUID_SIZE], void *data);
	void *data;
};

/* The uuid in the comment of one of ours, of this state root. */
static bool read_owner(const char *owner, uint32_t root, uint8_t uuid[NET_UUID_SIZE])
{
	unsigned value, from;
	int at = 0;

	if (strncmp(owner, "ctr:", 4) != 0)
		return false;
	owner += 4;
	for (size_t i = 0; i < NET_UUID_SIZE; i++, owner += 2) {
		if (sscanf(owner, "%2x%n", &value, &at) != 1 || at != 2)
			return false;
		uuid[i] = (uint8_t)value;
	}
	return sscanf(owner, " %8x", &from) == 1 && from == root;
}

/* Candidates: all that is of this data root. */
static int sweep_set(const struct sweep *s, const char *set, struct change *c)
{
	struct nft_elements list = { 0 };
	int r = nft_elements_read(set, &list);

	for (size_t i = 0; r == 0 && i < list.count; i++) {
		uint8_t uuid[NET_UUID_SIZE];
		struct nft_element *el;

		if (!read_owner(list.items[i].owner, s->root, uuid))
			continue;
		el = next_element(c, set);
		if (el)
			*el = list.items[i];
		else
			r = -ENOMEM;
	}
	free(list.items);
	return r;
}

static void keep_dead(const struct sweep *s, struct change *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->count && kept < NFT_CHANGES_MAX; i++) {
		uint8_t uuid[NET_UUID_SIZE];

		if (read_owner(c->items[i].owner, s->root, uuid) && !s->lives(uuid, s->data))
			c->items[kept++] = c->items[i];
	}
	c->count = kept;
}

/*
 * First what is there, then who lives: an element is made after its lease, so the owner of each that was seen
 * has one by now, or has gone.
 */
static int prepare_sweep(int sock, void *data, struct change *c, struct err *e)
{
	static const char *const sets[] = { NFT_ISOLATED4, NFT_ISOLATED6, NFT_ADDR4,
					    NFT_ADDR6,	   NFT_ANY4,	  NFT_ANY6 };
	const struct sweep *s = data;
	int r = 0;

	(void)sock; /* each set is read through a socket of its own */
	for (size_t i = 0; r == 0 && i < sizeof(sets) / sizeof(sets[0]); i++)
		r = sweep_set(s, sets[i], c);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "look at the firewall");
	if (c->count)
		r = s->look(s->data, e);
	if (r == 0)
		keep_dead(s, c);
	return r;
}

int nft_sweep(const char *root, int (*look)(void *data, struct err *e),
	      bool (*lives)(const uint8_t uuid[NET_UUID_SIZE], void *data), void *data,
	      struct err *e)
{
	struct sweep s = { .root = hash(root), .look = look, .lives = lives, .data = data };

	return change(false, prepare_sweep, &s, e);
}
