// SPDX-License-Identifier: GPL-2.0-or-later
/* See lease.h. A lease is four lines: uuid, boot id, container, state root. */
#include "net/lease.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "net/kinds.h"
#include "net/own.h"
#include "util/cleanup.h"
#include "util/io.h"

#define LEASE_NEW "lease"

enum {
	LEASE_MAX = 8192
};

/* ---- one file ---- */

/* Up to the end of the line, which becomes a NUL; NULL when there is none. */
static char *take_line(char **at)
{
	char *line = *at, *end = strchr(line, '\n');

	if (!end)
		return NULL;
	*end = '\0';
	*at = end + 1;
	return line;
}

static bool copy_line(char **at, char *to, size_t size)
{
	const char *line = take_line(at);

	return line && snprintf(to, size, "%s", line) < (int)size;
}

/* -EBADMSG: nothing that lease_write would have written. */
static int lease_read(const struct net_dir *d, const char *name, struct lease *ret)
{
	cleanup_fd int fd = openat(d->leases, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_free char *text = NULL;
	char uuid[NET_ALIAS_SIZE], *at;
	size_t len;
	int r = fd < 0 ? -errno : io_read_file(fd, LEASE_MAX, &text, &len);

	if (r < 0)
		return r;
	at = text;
	if (!copy_line(&at, uuid, sizeof(uuid)) || net_alias_parse(uuid, ret->uuid) < 0 ||
	    !copy_line(&at, ret->boot, sizeof(ret->boot)) ||
	    !copy_line(&at, ret->id, sizeof(ret->id)) ||
	    !copy_line(&at, ret->root, sizeof(ret->root)))
		return -EBADMSG;
	(void)snprintf(ret->address, sizeof(ret->address), "%s", name);
	return 0;
}

/* Complete or not there. What a dead writer left has the one name that the next one writes to as well. */
static int lease_write(const struct net_dir *d, const char *name, const struct net_owner *o,
		       const uint8_t uuid[NET_UUID_SIZE])
{
	cleanup_free char *text = NULL;
	char alias[NET_ALIAS_SIZE];
	int n;

	if (strchr(o->root, '\n')) /* nobody calls a directory so and means it */
		return -EINVAL;
	n = asprintf(&text, "%s\n%s\n%s\n%s\n", net_alias(uuid, alias), o->boot, o->id, o->root);
	n = n < 0 ? -ENOMEM : io_replace_file(d->fd, LEASE_NEW, 0600, text, (size_t)n);
	return n == 0 && renameat(d->fd, LEASE_NEW, d->leases, name) < 0 ? -errno : n;
}

static bool host_link_stands(int sock, const uint8_t uuid[NET_UUID_SIZE])
{
	struct own_link link;
	char name[IFNAMSIZ];

	return own_find(sock, net_host_name(uuid, name), "veth", uuid, &link, NULL) == 0;
}

static bool other_boot(const struct lease *l, const struct lease_context *ctx)
{
	return strcmp(l->boot, ctx->owner.boot) != 0;
}

bool lease_gone(const struct lease *l, const struct lease_context *ctx)
{
	const struct net_owner owner = { .id = l->id, .root = l->root, .boot = l->boot };

	return other_boot(l, ctx) || !ctx->lives(&owner, l->uuid);
}

static bool is_stale(const struct lease *l, const struct lease_context *ctx)
{
	return other_boot(l, ctx) || (lease_gone(l, ctx) && !host_link_stands(ctx->sock, l->uuid));
}

/* 0: free (now); 1: taken, and by whom stands in @ret. */
static int probe(const struct net_dir *d, const struct lease_context *ctx, const char *name,
		 struct lease *ret)
{
	int r = lease_read(d, name, ret);

	if (r == -ENOENT || r == -EBADMSG)
		return 0;
	if (r < 0)
		return r;
	return is_stale(ret, ctx) ? 0 : 1;
}

/* ---- all of them ---- */

int lease_each(const struct net_dir *d, int (*fn)(const struct lease *l, void *data), void *data)
{
	int copy = openat(d->leases, ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;
	int r = dir ? 0 : -errno;

	while (r == 0 && (entry = readdir(dir))) {
		struct net_addr address;
		struct lease l;

		if (net_addr_parse(entry->d_name, 0, &address) == 0 &&
		    lease_read(d, entry->d_name, &l) == 0)
			r = fn(&l, data);
	}
	if (dir)
		(void)closedir(dir);
	return r;
}

static int found(const struct lease *l, void *data)
{
	(void)l;
	(void)data;
	return 1;
}

bool lease_any(const struct net_dir *d)
{
	return lease_each(d, found, NULL) > 0;
}

void lease_drop(struct net_dir *d, const struct lease *l)
{
	(void)unlinkat(d->leases, l->address, 0); /* the lock is held: it is that, or gone */
}

struct search {
	struct net_dir *dir;
	const uint8_t *uuid;
};

static int drop_found(const struct lease *l, void *data)
{
	const struct search *s = data;

	if (memcmp(l->uuid, s->uuid, NET_UUID_SIZE) == 0)
		lease_drop(s->dir, l);
	return 0;
}

/* ---- taking ---- */

/* The network's own address, the bridge's, the broadcast address are nobody's. */
static bool is_special(const struct net_addr *a, const struct net_addr *subnet,
		       const struct net_addr *gw)
{
	struct net_addr last = net_addr_last(subnet);

	return net_addr_equal(a, subnet) || net_addr_equal(a, gw) ||
	       (a->family == AF_INET && net_addr_equal(a, &last));
}

static int refuse(const struct net_addr *a, const struct net_dir *d, const char *why, struct err *e)
{
	char text[NET_ADDR_TEXT];

	return err_set(e, ERR_USAGE, 0, "address %s of network '%s': %s",
		       net_addr_text(a, false, text), d->def.name, why);
}

/* Could it be given away? */
static int check_chosen(const struct net_dir *d, const struct lease_context *ctx,
			const struct net_addr *subnet, const struct net_addr *gw,
			const struct net_addr *a, struct err *e)
{
	char name[NET_ADDR_TEXT], text[NET_ADDR_TEXT], why[320];
	struct lease holder;
	int r;

	if (!net_addr_set(subnet))
		return refuse(a, d,
			      a->family == AF_INET ? "it has no subnet of IPv4"
						   : "it has no subnet of IPv6",
			      e);
	if (!net_addr_within(a, subnet)) {
		(void)refuse(a, d, "it is outside of the subnet", e);
		err_hint(e, "choose one of %s", net_addr_text(subnet, true, text));
		return -EINVAL;
	}
	if (a->prefix != 8 * net_addr_size(a) && a->prefix != subnet->prefix)
		return refuse(a, d, "its prefix is not that of the subnet", e);
	if (net_addr_equal(a, gw))
		return refuse(a, d, "it is the gateway", e);
	if (is_special(a, subnet, gw))
		return refuse(a, d, "it is not the address of a host", e);
	r = probe(d, ctx, net_addr_text(a, false, name), &holder);
	if (r > 0) {
		(void)snprintf(why, sizeof(why), "container '%s' has it", holder.id);
		return refuse(a, d, why, e);
	}
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "look for the lease of %s", name) : 0;
}

/* One that the user has chosen. */
static int take_chosen(struct net_dir *d, const struct lease_context *ctx,
		       const struct net_addr *subnet, const struct net_addr *gw,
		       const uint8_t *uuid, struct net_addr *a, struct err *e)
{
	char name[NET_ADDR_TEXT];
	int r = check_chosen(d, ctx, subnet, gw, a, e);

	if (r < 0)
		return r;
	r = lease_write(d, net_addr_text(a, false, name), &ctx->owner, uuid);
	a->prefix = subnet->prefix;
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "lease the address %s", name) : 0;
}

int lease_check(const struct net_dir *d, const struct lease_context *ctx,
		const struct net_attachment *a, struct err *e)
{
	int r = 0;

	if (a->has_ip4)
		r = check_chosen(d, ctx, &d->def.subnet4, &d->def.gw4, &a->ip4, e);
	if (r == 0 && a->has_ip6)
		r = check_chosen(d, ctx, &d->def.subnet6, &d->def.gw6, &a->ip6, e);
	return r;
}

/* Where the search goes on: behind the address that was given away last. */
static struct net_addr read_next(const struct net_dir *d, const char *file,
				 const struct net_addr *subnet)
{
	struct net_addr next;
	char text[NET_ADDR_TEXT];

	if (io_read_line(d->fd, file, text, sizeof(text)) > 0 &&
	    net_addr_parse(text, subnet->family, &next) == 0 && net_addr_within(&next, subnet))
		return next;
	return *subnet;
}

static void write_next(const struct net_dir *d, const char *file, const struct net_addr *last)
{
	struct net_addr next = net_addr_plus(last, 1);
	char text[NET_ADDR_TEXT];

	(void)net_addr_text(&next, false, text);
	/* lost: then the search begins where it did before */
	(void)io_replace_file(d->fd, file, 0600, text, strlen(text));
}

/* So many addresses are tried: more than a network can have ports. */
static uint64_t tries(const struct net_addr *subnet)
{
	unsigned bits = (unsigned)(8 * net_addr_size(subnet)) - subnet->prefix;

	return bits < 24 ? (uint64_t)1 << bits : (uint64_t)1 << 24;
}

static int take_free(struct net_dir *d, const struct lease_context *ctx,
		     const struct net_addr *subnet, const struct net_addr *gw, const char *file,
		     const uint8_t *uuid, struct net_addr *ret, struct err *e)
{
	struct net_addr a = read_next(d, file, subnet);
	char name[NET_ADDR_TEXT];
	struct lease holder;
	int r = 1;

	for (uint64_t i = 0; i < tries(subnet); i++, a = net_addr_plus(&a, 1)) {
		if (!net_addr_within(&a, subnet))
			a = *subnet;
		if (is_special(&a, subnet, gw))
			continue;
		r = probe(d, ctx, net_addr_text(&a, false, name), &holder);
		if (r == 0)
			r = lease_write(d, name, &ctx->owner, uuid);
		if (r < 0)
			return err_set(e, ERR_SYSTEM, -r, "lease the address %s", name);
		if (r > 0)
			continue;
		write_next(d, file, &a);
		*ret = a;
		ret->prefix = subnet->prefix;
		return 0;
	}
	err_set(e, ERR_STATE, 0, "network '%s': all addresses are taken", d->def.name);
	err_hint(e, "delete containers, or use a network with a larger subnet");
	return -ENOSPC;
}

int lease_take(struct net_dir *d, const struct lease_context *ctx, bool ip6,
	       struct net_attachment *a, struct err *e)
{
	const struct net_def *n = &d->def;
	bool four = net_addr_set(&n->subnet4), six = net_addr_set(&n->subnet6) && ip6;
	int r = 0;

	if (!ip6 && (a->has_ip6 || !four))
		return err_set(e, ERR_SYSTEM, EAFNOSUPPORT, "network '%s': IPv6", n->name);
	if (a->has_ip4)
		r = take_chosen(d, ctx, &n->subnet4, &n->gw4, a->uuid, &a->ip4, e);
	else if (four)
		r = take_free(d, ctx, &n->subnet4, &n->gw4, "next", a->uuid, &a->ip4, e);
	if (r == 0 && a->has_ip6)
		r = take_chosen(d, ctx, &n->subnet6, &n->gw6, a->uuid, &a->ip6, e);
	else if (r == 0 && six)
		r = take_free(d, ctx, &n->subnet6, &n->gw6, "next6", a->uuid, &a->ip6, e);
	if (r < 0)
		lease_return(d, a);
	return r;
}

bool lease_is(const struct net_dir *d, const struct net_addr *a, const uint8_t uuid[NET_UUID_SIZE])
{
	char name[NET_ADDR_TEXT];
	struct lease l;

	return net_addr_set(a) && lease_read(d, net_addr_text(a, false, name), &l) == 0 &&
	       memcmp(l.uuid, uuid, NET_UUID_SIZE) == 0;
}

static void return_one(struct net_dir *d, const struct net_addr *a, const uint8_t *uuid)
{
	char name[NET_ADDR_TEXT];

	if (lease_is(d, a, uuid))
		(void)unlinkat(d->leases, net_addr_text(a, false, name),
			       0); /* stale, if it stays */
}

void lease_return(struct net_dir *d, const struct net_attachment *a)
{
	struct search s = { .dir = d, .uuid = a->uuid };

	if (a->bridge[0]) {
		return_one(d, &a->ip4, a->uuid);
		return_one(d, &a->ip6, a->uuid);
		return;
	}
	(void)lease_each(d, drop_found, &s); /* stale, if one stays */
}
