// SPDX-License-Identifier: GPL-2.0-or-later
/* Definitions of networks on disk. See definition.h; what they say is chosen in definition_new.c. */
#include "net/definition.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "net/definition_new.h"
#include "net/kinds.h"
#include "util/cleanup.h"
#include "util/dirnames.h"
#include "util/io.h"
#include "util/kernel.h"
#include "util/there.h"

enum {
	DEFINITION_MAX = 64 * 1024,
	DEFINITION_VERSION = 1,
	LOCK_WAIT_MS = 10000,
	LOCK_STEP_MS = 5,
	OPEN_TRIES = 100, /* somebody may delete and create it all the time, but not for ever */
};

#define DEFINITION_FILE "network.json"
#define LEASES		"leases"

#define BELOW (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

void net_dir_close(struct net_dir *d)
{
	close_fd(&d->leases);
	close_fd(&d->fd);
}

static int open_dir(int dir, const char *name)
{
	return kernel_openat2(dir, name, O_DIRECTORY | O_RDONLY, 0, BELOW);
}

/* -ENOENT is for the caller to explain. */
static int open_networks(int data, bool create, int *ret, struct err *e)
{
	int fd = open_dir(data, NET_DIRECTORY);

	if (fd == -ENOENT && create) {
		if (mkdirat(data, NET_DIRECTORY, 0700) < 0 && errno != EEXIST)
			return err_set(e, ERR_SYSTEM, errno, "create '" NET_DIRECTORY "'");
		fd = open_dir(data, NET_DIRECTORY);
	}
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, -fd,
			       "open '" NET_DIRECTORY "' in the data directory");
	*ret = fd;
	return 0;
}

/* flock has no deadline of its own. */
static int wait_lock(int fd)
{
	const struct timespec step = { .tv_nsec = LOCK_STEP_MS * 1000000L };

	for (int waited = 0; waited < LOCK_WAIT_MS; waited += LOCK_STEP_MS) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		(void)nanosleep(&step, NULL);
	}
	return -ETIMEDOUT;
}

static int missing(const char *name, struct err *e)
{
	err_set(e, ERR_USAGE, 0, "network '%s' does not exist", name);
	err_hint(e, "make it with: ctr network create %s", name);
	return -ENOENT;
}

/* ---- the file ---- */

static void member_address(struct json_out *o, const char *key, const struct net_addr *a)
{
	char text[NET_ADDR_TEXT];

	if (net_addr_set(a))
		json_out_member_string(o, key, net_addr_text(a, true, text));
}

void net_def_members(struct json_out *o, const struct net_def *def)
{
	char alias[NET_ALIAS_SIZE];

	json_out_member_int(o, "version", DEFINITION_VERSION);
	json_out_member_string(o, "name", def->name);
	json_out_member_string(o, "uuid", net_alias(def->uuid, alias));
	json_out_member_string(o, "bridge", def->bridge);
	member_address(o, "subnet", &def->subnet4);
	member_address(o, "gateway", &def->gw4);
	member_address(o, "subnet6", &def->subnet6);
	member_address(o, "gateway6", &def->gw6);
	if (def->mtu)
		json_out_member_uint(o, "mtu", def->mtu);
	json_out_member_bool(o, "isolate", def->isolate);
	json_out_member_bool(o, "internal", def->internal);
}

static const char *text_of(const struct json_node *root, const char *key)
{
	const struct json_node *m = json_member(root, key);

	return m && m->type == JSON_STRING ? m->text : NULL;
}

static bool truth_of(const struct json_node *root, const char *key)
{
	const struct json_node *m = json_member(root, key);

	return m && m->type == JSON_BOOL && m->truth;
}

/* Absent is fine; what stands there must be one. */
static bool get_address(const struct json_node *root, const char *key, struct net_addr *ret)
{
	const char *text = text_of(root, key);

	return !text || net_addr_parse(text, 0, ret) == 0;
}

static bool get_members(const struct json_node *root, struct net_def *def)
{
	const char *name = text_of(root, "name"), *bridge = text_of(root, "bridge"),
		   *uuid = text_of(root, "uuid");
	const struct json_node *mtu = json_member(root, "mtu");
	uint64_t n = 0;

	if (!name || !net_name_ok(name) || !bridge || !net_ifname_ok(bridge) || !uuid ||
	    net_alias_parse(uuid, def->uuid) < 0 || (mtu && json_to_u64(mtu, UINT16_MAX, &n) < 0))
		return false;
	(void)snprintf(def->name, sizeof(def->name), "%s", name);
	(void)snprintf(def->bridge, sizeof(def->bridge), "%s", bridge);
	def->mtu = (uint32_t)n;
	def->isolate = truth_of(root, "isolate");
	def->internal = truth_of(root, "internal");
	return get_address(root, "subnet", &def->subnet4) &&
	       get_address(root, "subnet6", &def->subnet6) &&
	       get_address(root, "gateway", &def->gw4) &&
	       get_address(root, "gateway6", &def->gw6) && net_def_check(def, NULL) == 0;
}

int net_def_read(const char *text, size_t len, struct net_def *ret)
{
	const struct json_node *root;
	struct net_def def = { .mtu = 0 };
	struct arena a = { 0 };
	int r = json_parse(&a, text, len, DEFINITION_FILE, &root, NULL);

	if (r == 0 && !get_members(root, &def))
		r = -EBADMSG;
	arena_free(&a);
	if (r == 0)
		*ret = def;
	return r < 0 ? -EBADMSG : 0;
}

static int read_definition(int dir, const char *name, struct net_def *ret, struct err *e)
{
	cleanup_fd int fd =
		openat(dir, DEFINITION_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_free char *text = NULL;
	size_t len;
	int r = fd < 0 ? -errno : io_read_file(fd, DEFINITION_MAX, &text, &len);

	if (r == 0)
		r = net_def_read(text, len, ret);
	if (r == 0 && strcmp(ret->name, name) != 0)
		r = -EBADMSG;
	if (r == -EBADMSG) {
		err_set(e, ERR_STATE, 0, "the definition of network '%s' is damaged", name);
		err_hint(e, "delete it and create it again");
		return r;
	}
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "read the definition of network '%s'", name) : 0;
}

/* ---- opening ---- */

static bool is_current(int networks, const char *name, int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fstatat(networks, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* The directory, locked; while we waited for that it may have become another one. */
static int open_locked(int networks, const char *name, int *ret)
{
	for (int i = 0; i < OPEN_TRIES; i++) {
		cleanup_fd int fd = open_dir(networks, name);
		int r = fd < 0 ? fd : wait_lock(fd);

		if (r < 0)
			return r;
		if (is_current(networks, name, fd)) {
			*ret = take_fd(&fd);
			return 0;
		}
	}
	return -ETIMEDOUT;
}

static int lock_network(int data, const char *name, struct net_dir *d, struct err *e)
{
	cleanup_fd int networks = -EBADF;
	int r;

	if (!net_name_ok(name))
		return missing(name, e);
	r = open_networks(data, false, &networks, e);
	if (r == 0)
		r = open_locked(networks, name, &d->fd);
	if (r == -ENOENT)
		return missing(name, e);
	if (r < 0 && networks >= 0)
		return err_set(e, ERR_SYSTEM, -r, "lock network '%s'", name);
	return r;
}

int net_dir_open_damaged(int data, const char *name, struct net_dir *ret, struct err *e)
{
	struct net_dir d = NET_DIR_EMPTY;
	int r = lock_network(data, name, &d, e);

	if (r < 0)
		return r;
	(void)snprintf(d.def.name, sizeof(d.def.name), "%s", name);
	*ret = d;
	return 0;
}

int net_dir_open(int data, const char *name, struct net_dir *ret, struct err *e)
{
	cleanup_(net_dir_close) struct net_dir d = NET_DIR_EMPTY;
	int r = lock_network(data, name, &d, e);

	if (r == 0)
		r = read_definition(d.fd, name, &d.def, e);
	if (r < 0)
		return r;
	d.leases = open_dir(d.fd, LEASES);
	if (d.leases < 0)
		return err_set(e, ERR_SYSTEM, -d.leases, "open the leases of network '%s'", name);
	*ret = d;
	d = (struct net_dir)NET_DIR_EMPTY;
	return 0;
}

int net_dir_open_or_default(int data, const char *name, struct net_dir *ret, struct err *e)
{
	struct net_def def = { .name = NET_DEFAULT, .bridge = "ctr0" };
	int r = net_dir_open(data, name, ret, e);

	if (r != -ENOENT || strcmp(name, NET_DEFAULT) != 0)
		return r;
	if (e)
		*e = (struct err){ .problems = e->problems };
	r = net_def_create(data, &def, true, e);
	if (r < 0 && r != -EEXIST) /* or somebody else has just made it */
		return r;
	return net_dir_open(data, name, ret, e);
}

int net_def_load(int data, const char *name, struct net_def *ret, struct err *e)
{
	cleanup_fd int networks = -EBADF, fd = -EBADF;
	int r;

	if (!net_name_ok(name))
		return missing(name, e);
	r = open_networks(data, false, &networks, e);
	if (r == 0) {
		fd = open_dir(networks, name);
		r = fd < 0 ? fd : 0;
	}
	if (r == -ENOENT)
		return missing(name, e);
	if (r < 0)
		return networks < 0 ? r : err_set(e, ERR_SYSTEM, -r, "open network '%s'", name);
	return read_definition(fd, name, ret, e);
}

static bool is_network(const char *name)
{
	return net_name_ok(name);
}

int net_def_each(int data, int (*fn)(const char *name, void *data), void *arg, struct err *e)
{
	cleanup_fd int networks = -EBADF;
	cleanup_(dirnames_free) struct dirnames names = DIRNAMES_EMPTY;
	int r = open_networks(data, false, &networks, e);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	r = dirnames_read(networks, is_network, &names);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "list the networks");
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = fn(names.items[i], arg);
	return r;
}

/* ---- making and removing ---- */

static int write_synced(int dir, const char *name, const char *text, size_t len)
{
	cleanup_fd int fd =
		openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : io_write_all(fd, text, len);

	return r == 0 && fsync(fd) < 0 ? -errno : r;
}

static int definition_text(const struct net_def *def, char **ret, size_t *ret_len)
{
	struct json_out o;
	int r = json_out_init(&o, true);

	if (r < 0)
		return r;
	json_out_object(&o);
	net_def_members(&o, def);
	json_out_end_object(&o);
	r = json_out_finish(&o, ret, ret_len);
	json_out_free(&o);
	return r;
}

static int fill_dir(int fd, const struct net_def *def)
{
	cleanup_free char *text = NULL;
	size_t len;
	int r = definition_text(def, &text, &len);

	if (r == 0)
		r = write_synced(fd, DEFINITION_FILE, text, len);
	if (r == 0 && mkdirat(fd, LEASES, 0700) < 0)
		r = -errno;
	return r == 0 && fsync(fd) < 0 ? -errno : r;
}

/* A list of files is all that can be in one. */
static int empty_dir(int dir)
{
	int copy = openat(dir, ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;
	int r = 0;

	if (!d)
		return -errno;
	while ((entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    unlinkat(dir, entry->d_name, 0) < 0 && errno != ENOENT && errno != EISDIR)
			r = -errno;
	(void)closedir(d);
	return r;
}

/* What somebody left who was killed while making or removing one goes the same way. */
static int remove_tree(int networks, const char *name)
{
	cleanup_fd int fd = open_dir(networks, name), leases = -EBADF;
	int r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	leases = open_dir(fd, LEASES);
	r = leases < 0 ? 0 : empty_dir(leases);
	if (r == 0 && unlinkat(fd, LEASES, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0)
		r = empty_dir(fd);
	return r == 0 && unlinkat(networks, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : r;
}

/* Whole or not at all: made under a name that no network has, then renamed. The caller holds the lock. */
static int write_dir(int networks, const struct net_def *def)
{
	cleanup_fd int fd = -EBADF;
	int r = remove_tree(networks, ".new");

	if (r == 0 && mkdirat(networks, ".new", 0700) < 0)
		r = -errno;
	if (r == 0) {
		fd = open_dir(networks, ".new");
		r = fd < 0 ? fd : fill_dir(fd, def);
	}
	if (r == 0)
		r = kernel_renameat2(networks, ".new", networks, def->name,
				     KERNEL_RENAME_NOREPLACE);
	if (r == 0 && fsync(networks) < 0)
		r = -errno;
	return r;
}

int net_def_create(int data, struct net_def *def, bool both, struct err *e)
{
	cleanup_fd int networks = -EBADF;
	int r = open_networks(data, true, &networks, e);

	if (r < 0)
		return r;
	r = wait_lock(networks); /* two that are made at once must not get the same subnet */
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "lock the networks");
	r = is_there(networks, def->name);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "look for network '%s'", def->name);
	if (r > 0) {
		err_set(e, ERR_USAGE, 0, "network '%s' already exists", def->name);
		return -EEXIST;
	}
	r = net_def_complete(data, def, both, e);
	if (r < 0)
		return r;
	r = write_dir(networks, def);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "write the definition of network '%s'", def->name)
		     : 0;
}

int net_dir_remove(int data, struct net_dir *d, struct err *e)
{
	cleanup_fd int networks = -EBADF;
	char name[sizeof(d->def.name) + sizeof(".old-")];
	int r = open_networks(data, false, &networks, e);

	if (r < 0)
		return r;
	(void)snprintf(name, sizeof(name), ".old-%s", d->def.name);
	r = remove_tree(networks, name);
	if (r == 0 && renameat(networks, d->def.name, networks, name) < 0)
		r = -errno;
	if (r == 0)
		r = remove_tree(networks, name);
	if (r == 0 && fsync(networks) < 0)
		r = -errno;
	net_dir_close(d);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "remove network '%s'", d->def.name) : 0;
}
