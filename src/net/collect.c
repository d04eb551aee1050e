// SPDX-License-Identifier: GPL-2.0-or-later
/* See collect.h. */
#include "net/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net/bridge.h"
#include "net/firewall.h"
#include "net/lease.h"
#include "net/link.h"
#include "net/names.h"
#include "net/own.h"
#include "util/cleanup.h"
#include "util/there.h"

/* One network while it is looked through. */
struct walk {
	struct net_dir *dir;
	const struct net_collect *c;
	const struct lease_context *ctx;
	size_t left; /* leases of the living */
	int r;	     /* of whoever is told */
};

static int tell(const struct net_collect *c, const char *what)
{
	return c->tell ? c->tell(what, c->context) : 0;
}

/* If its link stands, somebody keeps the namespace. */
static void drop_link(int sock, const uint8_t uuid[NET_UUID_SIZE])
{
	char name[IFNAMSIZ];
	struct own_link own;

	if (own_find(sock, net_host_name(uuid, name), "veth", uuid, &own, NULL) == 0)
		(void)own_delete(sock, own.index); /* gone just now */
}

static int collect_lease(const struct lease *l, void *data)
{
	struct walk *w = data;
	char text[512];

	if (!lease_gone(l, w->ctx)) {
		w->left++;
		return 0;
	}
	(void)snprintf(text, sizeof(text), "address %s of network '%s' (container '%s')",
		       l->address, w->dir->def.name, l->id);
	w->r = tell(w->c, text);
	if (w->r < 0 || w->c->dry_run)
		return w->r;
	drop_link(w->ctx->sock, l->uuid);
	lease_drop(w->dir, l);
	return 0;
}

static int collect_bridge(const struct walk *w)
{
	const struct net_def *def = &w->dir->def;
	struct own_link own;
	char text[128];
	int r;

	if (own_find(w->ctx->sock, def->bridge, "bridge", def->uuid, &own, NULL) < 0) {
		/* whoever removed it may have failed at the rules */
		if (!w->c->dry_run)
			firewall_network_remove(def);
		return 0;
	}
	(void)snprintf(text, sizeof(text), "bridge '%s' of network '%s'", def->bridge, def->name);
	r = tell(w->c, text);
	if (r < 0 || w->c->dry_run)
		return r;
	firewall_network_remove(def);
	bridge_remove(w->ctx->sock, def);
	return 0;
}

static bool has_lease(const char *address, void *data)
{
	const struct net_dir *d = data;

	return is_there(d->leases, address) != 0; /* what cannot be known is kept */
}

/* How many leases are left; < 0: whoever is told has had enough. */
static int collect_network(struct net_dir *d, const struct net_collect *c,
			   const struct lease_context *ctx)
{
	struct walk w = { .dir = d, .c = c, .ctx = ctx };
	int r;

	(void)lease_each(d, collect_lease, &w); /* what cannot be read is no lease */
	if (!c->dry_run)
		(void)names_sweep(d->fd, has_lease, d, NULL); /* left to the next one */
	r = w.r == 0 && w.left == 0 ? collect_bridge(&w) : w.r;
	return r < 0 ? r : (int)w.left;
}

struct gc {
	int data;
	const struct net_collect *c;
	const struct lease_context *ctx;
	struct err *e;
};

static int gc_network(const char *name, void *data)
{
	const struct gc *gc = data;
	cleanup_(net_dir_close) struct net_dir d = NET_DIR_EMPTY;
	struct err none = ERR_INIT;
	int r = net_dir_open(gc->data, name, &d, &none);

	if (r == -ENOENT ||
	    r == -EBADMSG) /* deleted meanwhile; damaged: `network delete` does it */
		return 0;
	if (r < 0) {
		*gc->e = none;
		return r;
	}
	r = collect_network(&d, gc->c, gc->ctx);
	return r < 0 ? err_set(gc->e, ERR_SYSTEM, -r, "tell what is removed") : 0;
}

static int gc_firewall(int data, const struct net_collect *c, struct err *e)
{
	char text[64];
	int r = c->dry_run ? 0 : firewall_sweep(data, e);

	if (r <= 0)
		return r;
	(void)snprintf(text, sizeof(text), "%d entries of the firewall", r);
	r = tell(c, text);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "tell what is removed") : 0;
}

int net_gc(int data, const struct net_collect *c, struct err *e)
{
	cleanup_fd int sock = link_socket();
	const struct lease_context ctx = { .owner.boot = c->boot, .lives = c->lives, .sock = sock };
	struct gc gc = { .data = data, .c = c, .ctx = &ctx, .e = e };
	int r;

	if (sock < 0)
		return err_set(e, ERR_SYSTEM, -sock, "open a netlink socket");
	r = net_def_each(data, gc_network, &gc, e);
	return r < 0 ? r : gc_firewall(data, c, e);
}

static int in_use(const struct lease *l, void *data)
{
	return err_set(data, ERR_STATE, EBUSY, "container '%s' is attached to it", l->id);
}

int net_delete(int data, const char *name, const struct net_collect *c, struct err *e)
{
	cleanup_(net_dir_close) struct net_dir d = NET_DIR_EMPTY;
	cleanup_fd int sock = link_socket();
	const struct lease_context ctx = { .owner.boot = c->boot, .lives = c->lives, .sock = sock };
	int r;

	if (sock < 0)
		return err_set(e, ERR_SYSTEM, -sock, "open a netlink socket");
	r = net_dir_open(data, name, &d, e);
	if (r == -EBADMSG) { /* whose bridge that was is not known any more */
		r = net_dir_open_damaged(data, name, &d, e);
		return r < 0 ? r : net_dir_remove(data, &d, e);
	}
	if (r < 0)
		return r;
	if (collect_network(&d, c, &ctx) == 0)
		return net_dir_remove(data, &d, e);
	(void)lease_each(&d, in_use, e);
	err_hint(e, "delete the container first");
	return -EBUSY;
}
