// SPDX-License-Identifier: GPL-2.0-or-later
/* See again.h. */
#include "checkpoint/again.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "util/cleanup.h"

int again_note(int images, const struct container *c, struct err *e)
{
	return record_save(images, &c->record, e);
}

static bool is_own(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & 022);
}

int again_read(int images, struct arena *a, struct container_record *ret, bool *ret_own,
	       struct err *e)
{
	cleanup_fd int fd =
		openat(images, RECORD_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int r = fd < 0 ? -errno : record_load(images, a, ret, e);

	if (r == 0 && ret_own)
		*ret_own = is_own(images) && is_own(fd);
	if (r < 0 && r != -ENOENT && !e->kind)
		(void)err_set(e, ERR_USAGE, -r, "read " RECORD_FILE " of the images");
	return r;
}

/* ---- network ---- */

static struct net_setup *copy(const struct net_setup *from, struct arena *a)
{
	struct net_setup *to = arena_alloc(a, sizeof(*to));
	struct net_attachment *items = arena_array(a, from->items.count + 1, sizeof(*items));

	if (!to || !items)
		return NULL;
	if (from->items.count)
		memcpy(items, from->items.items, from->items.count * sizeof(*items));
	*to = *from;
	to->items.items = items;
	to->arena = a;
	return to;
}

static bool same_network(const struct net_attachment *a, const struct net_attachment *b)
{
	return a->kind == b->kind && strcmp(a->name, b->name) == 0 &&
	       strcmp(a->target ? a->target : "", b->target ? b->target : "") == 0;
}

/* Plugins choose themselves, and so does who has no addresses of ours. */
static void take_addresses(struct net_attachment *to, const struct net_attachment *was)
{
	static const uint8_t no_mac[NET_MAC_SIZE];

	if (to->kind != NET_BRIDGE && to->kind != NET_MACVLAN)
		return;
	if (!to->has_ip4 && !to->has_ip6 && (net_addr_set(&was->ip4) || net_addr_set(&was->ip6))) {
		to->ip4 = was->ip4;
		to->ip6 = was->ip6;
		to->has_ip4 = net_addr_set(&was->ip4);
		to->has_ip6 = net_addr_set(&was->ip6);
	}
	if (!to->has_mac && memcmp(was->mac, no_mac, sizeof(no_mac)) != 0) {
		memcpy(to->mac, was->mac, sizeof(to->mac));
		to->has_mac = true;
	}
}

struct net_setup *again_addresses(const struct net_setup *wanted, const struct net_setup *was,
				  struct arena *a)
{
	struct net_setup *s = copy(wanted, a);

	for (size_t i = 0; s && i < s->items.count; i++)
		for (size_t k = 0; k < was->items.count; k++)
			if (same_network(&s->items.items[i], &was->items.items[k]))
				take_addresses(&s->items.items[i], &was->items.items[k]);
	return s;
}

struct net_setup *again_network(const struct net_setup *was, struct arena *a)
{
	struct net_setup *s = copy(was, a);

	for (size_t i = 0; s && i < s->items.count; i++) {
		struct net_attachment *x = &s->items.items[i];

		take_addresses(x, x);
		x->has_gw4 = x->has_gw6 = true; /* or that there is none */
		x->result = NULL;
		x->host_index = x->helper_pid = 0;
		memset(x->bridge, 0, sizeof(x->bridge));
	}
	return s;
}

/* ---- overlay ---- */

/* The record has the uppermost first, and the bundle's rootfs last. */
bool again_overlay(const struct container_overlay *was, struct arena *a,
		   struct overlay_request *ret)
{
	size_t count = was->base.count ? was->base.count - 1 : 0;
	const char **layers = arena_array(a, count + 1, sizeof(*layers));

	if (!layers)
		return false;
	for (size_t i = 0; i < count; i++)
		layers[i] = was->base.items[count - 1 - i];
	*ret = (struct overlay_request){
		.wanted = true,
		.ephemeral = !was->data,
		.size = was->size,
		.layers = layers,
		.layer_count = count,
		.data = -EBADF,
	};
	return true;
}
