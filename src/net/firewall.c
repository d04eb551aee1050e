// SPDX-License-Identifier: GPL-2.0-or-later
/* See firewall.h. */
#include "net/firewall.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net/lease.h"
#include "net/nft.h"
#include "net/ports.h"
#include "util/cleanup.h"
#include "util/io.h"

static void forget(struct err *e)
{
	if (e)
		*e = (struct err){ .problems = e->problems };
}

int firewall_network_add(const struct net_def *def, struct err *e)
{
	const struct nft_network n = {
		.bridge = def->bridge,
		.internal = def->internal,
		.masquerade4 = !def->internal && net_addr_set(&def->subnet4),
		.masquerade6 = !def->internal && net_addr_set(&def->subnet6),
	};
	int r = nft_network_add(&n, e);

	if (r != -EOPNOTSUPP || !def->internal)
		return r;
	forget(e);
	return 0;
}

void firewall_network_remove(const struct net_def *def)
{
	(void)nft_network_remove(def->bridge, NULL); /* see the header */
}

static struct nft_target target(const struct net_setup *s, const struct net_attachment *a,
				const char *id)
{
	return (struct nft_target){ .ip4 = a->ip4,
				    .ip6 = a->ip6,
				    .uuid = a->uuid,
				    .id = id,
				    .root = s->data ? s->data : "",
				    .isolate = a->isolate };
}

/* Ports lead to the first bridge. Plugins publish on their own. */
static bool publishes(const struct net_setup *s, const struct net_attachment *a)
{
	return s->ports.count && a->kind == NET_BRIDGE && a == net_setup_primary(s);
}

/*
 * Connections of the host to its own 127.0.0.1 may leave by this bridge (ip-sysctl, route_localnet). Nobody on it
 * can use that: nft_rules.c, "guard".
 */
static int route_localnet(const char *bridge, struct err *e)
{
	char path[64 + IFNAMSIZ], value[8];
	cleanup_fd int fd = -EBADF;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/route_localnet", bridge);
	if (io_read_line(AT_FDCWD, path, value, sizeof(value)) > 0 && value[0] == '1')
		return 0;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	r = fd < 0 ? -errno : io_write_all(fd, "1", 1);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "--publish: write '1' to %s", path) : 0;
}

static int check_ports(const struct net_setup *s, const struct net_attachment *a, struct err *e)
{
	int r;

	if (!publishes(s, a))
		return 0;
	if (a->internal)
		return err_set(e, ERR_USAGE, 0, "--publish: the network '%s' is internal",
			       a->target);
	r = net_ports_check_host(s->ports.items, s->ports.count, net_addr_set(&a->ip4),
				 net_addr_set(&a->ip6), e);
	return r == 0 && net_addr_set(&a->ip4) ? route_localnet(a->bridge, e) : r;
}

int firewall_open(const struct net_setup *s, const char *id, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->items.count; i++) {
		const struct net_attachment *a = &s->items.items[i];
		const struct nft_target t = target(s, a, id);
		size_t ports = publishes(s, a) ? s->ports.count : 0;

		if (a->kind != NET_BRIDGE || (!ports && !t.isolate))
			continue;
		r = check_ports(s, a, e);
		if (r == 0)
			r = nft_container_add(&t, s->ports.items, ports, e);
		if (r == -ENOENT && a->internal) { /* firewall_network_add has passed it over */
			forget(e);
			r = 0;
		}
	}
	return r;
}

int firewall_close(const struct net_setup *s, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->items.count; i++) {
		const struct net_attachment *a = &s->items.items[i];
		const struct nft_target t = target(s, a, "");
		size_t ports = publishes(s, a) ? s->ports.count : 0;

		if (a->kind == NET_BRIDGE && (ports || t.isolate))
			r = nft_container_remove(&t, s->ports.items, ports, e);
	}
	return r;
}

/* ---- what nobody is left for ---- */

struct living {
	int data;
	uint8_t (*uuids)[NET_UUID_SIZE];
	size_t count, room;
	struct err *e;
};

static int note_lease(const struct lease *l, void *data)
{
	struct living *living = data;

	if (living->count == living->room) {
		size_t room = living->room ? 2 * living->room : 64;
		void *more = reallocarray(living->uuids, room, NET_UUID_SIZE);

		if (!more)
			return -ENOMEM;
		living->uuids = more;
		living->room = room;
	}
	memcpy(living->uuids[living->count++], l->uuid, NET_UUID_SIZE);
	return 0;
}

/* A network that cannot be read may have leases that we do not know: then nothing is swept. */
static int note_network(const char *name, void *data)
{
	struct living *living = data;
	cleanup_(net_dir_close) struct net_dir d = NET_DIR_EMPTY;
	int r = net_dir_open(living->data, name, &d, living->e);

	if (r == -ENOENT) { /* deleted meanwhile */
		forget(living->e);
		return 0;
	}
	if (r < 0)
		return r;
	r = lease_each(&d, note_lease, living);
	return r < 0 ? err_set(living->e, ERR_SYSTEM, -r, "read the leases of network '%s'", name)
		     : 0;
}

static int look(void *data, struct err *e)
{
	struct living *living = data;

	living->count = 0;
	living->e = e;
	return net_def_each(living->data, note_network, living, e);
}

static bool lives(const uint8_t uuid[NET_UUID_SIZE], void *data)
{
	const struct living *living = data;

	for (size_t i = 0; i < living->count; i++)
		if (memcmp(living->uuids[i], uuid, NET_UUID_SIZE) == 0)
			return true;
	return false;
}

int firewall_sweep(int data, struct err *e)
{
	struct living living = { .data = data };
	char link[64], path[PATH_MAX];
	ssize_t n;
	int r;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", data);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return err_set(e, ERR_SYSTEM, errno, "find the data directory");
	path[n] = '\0';
	r = nft_sweep(path, look, lives, &living, e);
	free(living.uuids);
	return r;
}
