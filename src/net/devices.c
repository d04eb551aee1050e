// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * linux.netDevices. Devices are moved from one socket's namespace to another's, in either direction by
 * the same steps: ctr itself joins none. All that can be known beforehand is looked at before a device
 * is touched.
 */
#include "net/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/link.h"
#include "util/cleanup.h"

enum {
	TEMPLATE_MAX = 4096, /* how many names of a template are tried */
	LOOPBACK_INDEX = 1   /* in every network namespace: LOOPBACK_IFINDEX of the kernel */
};

/* @path: how an error calls it; the device's name in config.json. */
static int fail(const char *path, int r, const char *what, struct err *e)
{
	err_set(e, r == -ENODEV || r == -EEXIST ? ERR_CONFIG : ERR_SYSTEM, -r,
		"network device '%s': %s", path, what);
	err_origin(e, "config.json /linux/netDevices/%s", path);
	if (r == -EPERM)
		err_hint(e, "moving devices needs CAP_NET_ADMIN on the host: run as root");
	return r;
}

/* The first free name of "eth%d"; @name itself when it is no template. */
static int pick_name(int sock, const char *name, char ret[IFNAMSIZ])
{
	const char *percent = strchr(name, '%');
	struct link taken;
	int r, n;

	for (n = 0; n < TEMPLATE_MAX; n++) {
		int len = percent ? snprintf(ret, IFNAMSIZ, "%.*s%d%s", (int)(percent - name), name,
					     n, percent + 2)
				  : snprintf(ret, IFNAMSIZ, "%s", name);

		if (len >= IFNAMSIZ)
			return -ENAMETOOLONG;
		r = link_find(sock, ret, &taken);
		if (r == -ENODEV)
			return 0;
		if (r < 0 || !percent)
			return r < 0 ? r : -EEXIST;
	}
	return -EEXIST;
}

static int add_addresses(int sock, int index, const struct link_addresses *list)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->count; i++)
		r = link_address_add(sock, index, &list->items[i]);
	return r;
}

/* It is in the other namespace: as it was, and up. */
static int restore(int sock, const char *name, const struct link_addresses *list, bool up,
		   const char *path, struct err *e)
{
	struct link l;
	int r = link_find(sock, name, &l);

	if (r < 0)
		return fail(path, r, "find it in the container", e);
	r = add_addresses(sock, l.index, list);
	if (r < 0)
		return fail(path, r, "give it its addresses back", e);
	r = up ? link_set_up(sock, l.index) : 0;
	return r < 0 ? fail(path, r, "bring it up", e) : 0;
}

static int cannot_leave(const char *path, int r, struct err *e)
{
	(void)fail(path, r, "move it", e);
	err_hint(e, "some devices cannot leave their namespace, such as the loopback");
	return r;
}

static int move_to(int from, int to, const struct link *l, const char *name, const char *path,
		   struct err *e)
{
	cleanup_fd int ns = link_namespace(to);
	int r = ns < 0 ? ns : link_move(from, l->index, ns, name);

	if (r == -EINVAL || r == -EOPNOTSUPP)
		return cannot_leave(path, r, e);
	return r < 0 ? fail(path, r, "move it", e) : 0;
}

static int move_one(struct net_devices *d, const struct oci_net_device *device, struct err *e)
{
	struct net_device_moved *moved = &d->moved[d->count];
	const char *want = device->name ? device->name : device->host_name;
	struct link_addresses addresses = { 0 };
	cleanup_free struct link_address *items = NULL;
	struct link l;
	int r = link_find(d->outside, device->host_name, &l);

	if (r < 0)
		return fail(device->host_name, r, "find it on the host", e);
	r = pick_name(d->inside, want, moved->name);
	if (r == -EEXIST) {
		(void)fail(device->host_name, r, "the container's network has one of this name", e);
		err_hint(e, "give it another name, or one that ends in %%d");
		return r;
	}
	if (r < 0)
		return fail(device->host_name, r, "find a name for it", e);
	r = link_addresses_get(d->outside, l.index, &addresses);
	items = addresses.items;
	if (r < 0)
		return fail(device->host_name, r, "read its addresses", e);
	r = move_to(d->outside, d->inside, &l, moved->name, device->host_name, e);
	if (r < 0)
		return r;
	moved->was_up = l.up;
	d->count++;
	return restore(d->inside, moved->name, &addresses, true, device->host_name, e);
}

int net_devices_move(struct net_devices *d, const struct oci_linux *l, struct err *e)
{
	int r = 0;

	if (d->outside < 0)
		d->outside = link_socket();
	if (d->outside < 0 || d->inside < 0)
		return err_set(e, ERR_SYSTEM, d->outside < 0 ? -d->outside : EPROTO,
			       "open a netlink socket");
	d->list = l;
	d->moved = calloc(l->net_devices.count, sizeof(*d->moved));
	if (!d->moved)
		return err_set(e, ERR_SYSTEM, ENOMEM, "move network devices");
	for (size_t i = 0; r == 0 && i < l->net_devices.count; i++)
		r = move_one(d, &l->net_devices.items[i], e);
	return r;
}

void net_devices_return(struct net_devices *d)
{
	while (d->count) {
		const struct net_device_moved *moved = &d->moved[--d->count];
		const char *old = d->list->net_devices.items[d->count].host_name;
		struct link_addresses addresses = { 0 };
		struct link l;

		if (link_find(d->inside, moved->name, &l) < 0)
			continue;
		(void)link_addresses_get(d->inside, l.index, &addresses); /* then without them */
		if (move_to(d->inside, d->outside, &l, old, old, NULL) == 0)
			(void)restore(d->outside, old, &addresses, moved->was_up, old, NULL);
		free(addresses.items);
	}
}

void net_devices_close(struct net_devices *d)
{
	close_fd(&d->inside);
	close_fd(&d->outside);
	free(d->moved);
	d->moved = NULL;
	d->count = 0;
}

int net_devices_probe(const struct oci_linux *l, bool privileged, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->net_devices.count; i++) {
		const char *name = l->net_devices.items[i].host_name;
		unsigned index = if_nametoindex(name);

		if (!index)
			r = err_keep(e, fail(name, -ENODEV, "find it on the host", e));
		else if (index == LOOPBACK_INDEX)
			r = err_keep(e, cannot_leave(name, -EINVAL, e));
		else if (!privileged)
			r = err_keep(e, fail(name, -EPERM, "move it", e));
	}
	return r;
}
