// SPDX-License-Identifier: GPL-2.0-or-later
/* See network.h. */
#include "container/network.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

#include "container/network_files.h"
#include "container/network_helper.h"
#include "container/store.h"
#include "net/attach.h"
#include "net/firewall.h"
#include "net/helper.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/trace.h"

/* Of a directory that is open; NULL when that cannot be told. */
static const char *path_of(struct arena *a, int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path));
	return n > 0 && n < (ssize_t)sizeof(path) ? arena_memdup(a, path, (size_t)n) : NULL;
}

/* Attachments get their addresses one by one, for each try with another id: the command line's stay. */
static int copy_setup(struct container *c, const struct net_setup *from, int data, struct err *e)
{
	struct net_setup *to = &c->record.network;
	struct net_attachment *items =
		arena_array(&c->arena, from->items.count, sizeof(*from->items.items));

	if (!items)
		return err_set(e, ERR_SYSTEM, ENOMEM, "set up the network");
	memcpy(items, from->items.items, from->items.count * sizeof(*items));
	*to = *from;
	to->items.items = items;
	to->arena = &c->arena;
	if (data >= 0)
		to->data = path_of(&c->arena, data);
	return 0;
}

static int not_running(const char *id, struct err *e)
{
	return err_set(e, ERR_STATE, 0, "--network container:%s: the container is not running", id);
}

/* "/proc/PID/ns/net": the pidfd is kept, so that whose this is can be told once it is open. */
static int find_joined(struct container *c, const char *id, const char **ret, struct err *e)
{
	cleanup_(container_freep) struct container *other = NULL;
	enum container_status status;
	int r = container_open(c->store, id, false, &other, &status, e);

	if (r < 0)
		return err_wrap(e, "--network container:%s", id);
	if (process_open(&other->record.init, &c->joined_network) < 0)
		return not_running(id, e);
	*ret = arena_printf(&c->arena, "/proc/%d/ns/net", (int)other->record.init.pid);
	return *ret ? 0 : err_set(e, ERR_SYSTEM, ENOMEM, "set up the network");
}

int network_check_joined(const struct container *c, struct err *e)
{
	if (c->joined_network < 0 || kernel_pidfd_signal(c->joined_network, 0) == 0)
		return 0;
	return not_running(c->record.network.items.items[0].target, e);
}

/* What stands for the namespace where nobody is looked up. */
static const char *word_of(struct container *c, const struct net_attachment *a)
{
	return a->kind == NET_NS ? a->target
	       : a->kind == NET_CONTAINER
		       ? arena_printf(&c->arena, "/proc/<init of %s>/ns/net", a->target)
		       : NULL;
}

/* A limit that the container could take off is none. */
static int check_rate(const struct container *c, struct err *e)
{
	const struct oci_process *p = &c->spec->process;

	if (!c->record.network.rate.egress || !p->capabilities.set ||
	    !(p->capabilities.bounding & UINT64_C(1) << CAP_NET_ADMIN))
		return 0;
	err_set(e, ERR_USAGE, 0,
		"--net-rate: with CAP_NET_ADMIN the container could take the limit of what it "
		"sends "
		"off");
	err_origin(e, "config.json /process/capabilities/bounding");
	err_hint(e, "take the capability away, or limit only what comes to it: in=RATE");
	return -EINVAL;
}

/* Who may make interfaces has better ways; who may not is told of this one. */
static int check_caller(const struct container *c, const struct net_attachment *a, struct err *e)
{
	const char *name = net_kind_name(a->kind);
	bool admin = c->caller.capabilities >> CAP_NET_ADMIN & 1;
	cleanup_fd int exe = -EBADF;

	if (net_kind_has_helper(a->kind) && caller_is_host_root(&c->caller)) {
		err_set(e, ERR_USAGE, 0, "--network %s is for callers other than root", name);
		err_hint(e, "use --network bridge");
		return -EINVAL;
	}
	if (!admin && (a->kind == NET_BRIDGE || a->kind == NET_MACVLAN)) {
		err_set(e, ERR_SYSTEM, EPERM,
			"--network %s: interfaces of the host are made with CAP_NET_ADMIN", name);
		err_hint(e, "without privileges use --network pasta, or run as root");
		return -EPERM;
	}
	if (net_kind_has_helper(a->kind))
		exe = net_helper_open(a->kind, e);
	return exe < 0 && exe != -EBADF ? exe : 0;
}

/* Explaining, there is no state directory: as if it were the usual one. */
int network_mount_files(struct container *c, struct err *e)
{
	const char *root = c->store >= 0 ? path_of(&c->arena, c->store) : "/run/ctr";

	if (!root)
		return err_set(e, ERR_SYSTEM, ENOMEM, "find the state directory");
	return network_files_mount(c, root, e);
}

int network_load(struct container *c, const struct net_setup *setup, int data, struct err *e)
{
	const struct net_attachment *first;
	const char *path;
	int r;

	if (!setup || !setup->items.count)
		return 0;
	r = copy_setup(c, setup, data, e);
	if (r < 0)
		return r;
	first = c->record.network.items.items;
	path = word_of(c, first);
	for (size_t i = 0; r == 0 && !c->explain && i < setup->items.count; i++)
		r = check_caller(c, &first[i], e);
	if (r < 0)
		return r;
	if (first->kind == NET_CONTAINER && !c->explain)
		r = find_joined(c, first->target, &path, e);
	if (r == 0)
		r = net_setup_apply(&c->record.network, path, c->spec, e);
	return r < 0 ? r : check_rate(c, e);
}

int network_apply_again(struct container *c, struct err *e)
{
	struct net_setup *s = &c->record.network;
	int r;

	s->arena = &c->arena;
	if (!s->items.count)
		return 0;
	r = net_setup_apply(s, word_of(c, s->items.items), c->spec, e);
	return r < 0 ? r : network_mount_files(c, e);
}

int network_identify(struct container *c, struct err *e)
{
	return net_identify(&c->record.network, e);
}

static void undo_network(void *data)
{
	struct container *c = data;

	net_devices_close(&c->net); /* or we would keep the namespace */
	(void)network_helper_stop(&c->record, NULL);
	(void)net_detach(&c->record.network, NULL); /* the record has gone then: leases are stale */
}

int network_reserve(struct container *c, struct err *e)
{
	TRACE_PHASE(TRACE_CTR, "reserve addresses");
	struct net_owner owner = { .id = c->record.id, .boot = c->record.init.boot_id };
	int r;

	if (!net_setup_makes_links(&c->record.network))
		return 0;
	owner.root = path_of(&c->arena, c->store);
	if (!owner.root)
		return err_set(e, ERR_SYSTEM, ENOMEM, "find the state directory");
	undo_push(&c->undo, undo_network, c);
	r = net_reserve(&c->record.network, &owner, network_owner_lives, e);
	/* what is made in the firewall follows from the addresses in the record */
	if (r == 0)
		r = record_save(c->dir, &c->record, e);
	if (r == 0)
		r = firewall_open(&c->record.network, c->record.id, e);
	if (r == 0)
		r = network_files_write(c, e);
	return r < 0 ? r : net_names_add(&c->record.network, &owner, c->spec->hostname, e);
}

/* Until the container runs they can go back where they came from. */
static void undo_devices(void *data)
{
	struct container *c = data;

	net_devices_return(&c->net);
}

static int devices_move(struct container *c, struct err *e)
{
	if (!c->spec->linux_.net_devices.count)
		return 0;
	undo_push(&c->undo, undo_devices, c);
	return net_devices_move(&c->net, &c->spec->linux_, e);
}

/* Devices that are given have the first choice of names: theirs stand in config.json. */
int network_connect(struct container *c, struct err *e)
{
	int r = devices_move(c, e);

	if (r == 0)
		r = net_attach(&c->record.network, &c->net, e);
	if (r == 0)
		r = network_helper_start(c, e);
	return r < 0 ? r : network_files_again(c, e);
}

static bool has_uuid(const struct net_setup *s, const uint8_t uuid[NET_UUID_SIZE])
{
	for (size_t i = 0; i < s->items.count; i++)
		if (memcmp(s->items.items[i].uuid, uuid, NET_UUID_SIZE) == 0)
			return true;
	return false;
}

bool network_owner_lives(const struct net_owner *o, const uint8_t uuid[NET_UUID_SIZE])
{
	cleanup_fd int root = open(o->root, O_DIRECTORY | O_RDONLY | O_CLOEXEC), dir = -EBADF;
	struct container_record record;
	struct arena a = { 0 };
	bool lives;
	int r;

	if (root < 0)
		return errno != ENOENT && errno != ENOTDIR; /* not known: it may */
	r = store_get(root, o->id, STORE_NO_LOCK, &dir, NULL);
	if (r < 0)
		return r != -ENOENT && r != -EINVAL;
	/* a record that is damaged says nothing: its container has to be deleted first */
	r = record_load(dir, &a, &record, NULL);
	lives = r < 0 || has_uuid(&record.network, uuid);
	arena_free(&a);
	return lives;
}
