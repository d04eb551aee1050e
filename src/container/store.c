// SPDX-License-Identifier: GPL-2.0-or-later
/* See store.h. */
#include "container/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "container/record.h"
#include "util/cleanup.h"
#include "util/dirnames.h"
#include "util/dirscan.h"
#include "util/id.h"
#include "util/io.h"
#include "util/kernel.h"

enum {
	LOCK_WAIT_MS = 10000,
	LOCK_SOON_MS = 1000,
	LOCK_STEP_MS = 5,
	NAME_SIZE = CONTAINER_ID_MAX + sizeof("..removed")
};

#define TOMBSTONE_END ".removed"

#define BELOW (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

int container_id_check(const char *id, struct err *e)
{
	size_t len = strlen(id);

	if (id_span(id) < len) {
		err_set(e, ERR_USAGE, 0, "invalid container id '%s'", id);
		err_hint(e, "use letters, digits and _ + - . (not first)");
		return -EINVAL;
	}
	if (len > 0 && len <= CONTAINER_ID_MAX)
		return 0;
	err_set(e, ERR_USAGE, 0,
		len ? "container id is longer than %d bytes" : "container id is empty",
		CONTAINER_ID_MAX);
	return -EINVAL;
}

/* Is @path a directory that only we can write? */
static bool is_ours(const char *path, uint32_t uid)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == uid &&
	       !(st.st_mode & 022);
}

/* runc's rule: who has XDG_RUNTIME_DIR uses it, except root of a container that was made to look real. */
static const char *runtime_dir(const struct caller *caller)
{
	const char *dir = getenv("XDG_RUNTIME_DIR"), *user = getenv("USER");

	if (!dir || !*dir || caller_is_host_root(caller))
		return NULL;
	return caller->uid || !user || strcmp(user, "root") != 0 ? dir : NULL;
}

int store_default_path(const struct caller *caller, char *buf, size_t size, struct err *e)
{
	const char *dir = runtime_dir(caller);
	int n;

	if (dir && dir[0] != '/') {
		err_set(e, ERR_USAGE, 0, "XDG_RUNTIME_DIR '%s' is not an absolute path", dir);
		err_hint(e, "correct it, or name a directory of yours with --root");
		return -EINVAL;
	}
	if (dir) {
		n = snprintf(buf, size, "%s/ctr", dir);
	} else if (caller_is_host_root(caller) || (caller->uid == 0 && is_ours("/run", 0))) {
		n = snprintf(buf, size, "/run/ctr");
	} else {
		n = snprintf(buf, size, "/run/user/%u", (unsigned)caller_host_uid(caller));
		if (n > 0 && (size_t)n < size && is_ours(buf, caller->uid))
			n = snprintf(buf, size, "/run/user/%u/ctr",
				     (unsigned)caller_host_uid(caller));
		else
			n = snprintf(buf, size, "/tmp/ctr-%u", (unsigned)caller_host_uid(caller));
	}
	if ((size_t)n >= size)
		return err_set(e, ERR_USAGE, ENAMETOOLONG, "state directory '%s'", dir ? dir : buf);
	return 0;
}

int store_default_data_path(const struct caller *caller, char *buf, size_t size, struct err *e)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	int n;

	if (caller_is_host_root(caller))
		n = snprintf(buf, size, "/var/lib/ctr");
	else if (data && data[0] == '/')
		n = snprintf(buf, size, "%s/ctr", data);
	else if (home && home[0] == '/')
		n = snprintf(buf, size, "%s/.local/share/ctr", home);
	else {
		err_set(e, ERR_USAGE, 0, "no directory for data: HOME is not set");
		err_hint(e, "set HOME, or name a directory of yours with --data-root");
		return -EINVAL;
	}
	if ((size_t)n >= size)
		return err_set(e, ERR_USAGE, ENAMETOOLONG, "data directory");
	return 0;
}

/* mkdir -p, with the last directory for us alone. */
static int make_root(const char *path, mode_t mode)
{
	char part[4096];
	size_t len = strlen(path);

	if (len >= sizeof(part))
		return -ENAMETOOLONG;
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, i == len ? mode : 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int check_root(int fd, const char *path, struct err *e)
{
	struct stat st, top;

	if (fstat(fd, &st) < 0 || stat("/", &top) < 0)
		return err_set(e, ERR_SYSTEM, errno, "look at the state directory '%s'", path);
	if (st.st_dev == top.st_dev && st.st_ino == top.st_ino)
		return err_set(e, ERR_USAGE, 0, "the state directory must not be '/'");
	if (st.st_uid == geteuid() && !(st.st_mode & 022))
		return 0;
	err_set(e, ERR_USAGE, EPERM,
		"state directory '%s' belongs to, or can be written by, others", path);
	err_hint(e, "use a directory of yours with mode 0700");
	return -EPERM;
}

int store_open(const char *path, unsigned flags, int *ret_fd, struct err *e)
{
	int how = O_DIRECTORY | O_RDONLY | O_CLOEXEC | (flags & STORE_NO_LINK ? O_NOFOLLOW : 0);
	cleanup_fd int fd = open(path, how);
	int r;

	if (fd < 0 && errno == ENOENT && flags & STORE_CREATE) {
		r = make_root(path, 0700 | (flags & STORE_STICKY ? S_ISVTX : 0));
		if (r < 0)
			return err_set(e, ERR_SYSTEM, -r, "create the state directory '%s'", path);
		fd = open(path, how);
	}
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, errno, "open the state directory '%s'", path);
	r = check_root(fd, path, e);
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

static int open_container(int root, const char *id)
{
	return kernel_openat2(root, id, O_DIRECTORY | O_RDONLY, 0, BELOW | RESOLVE_NO_XDEV);
}

/* flock has no deadline of its own. */
static int wait_lock(int dir, int wait_ms)
{
	const struct timespec step = { .tv_nsec = LOCK_STEP_MS * 1000000L };

	for (int waited = 0; waited < wait_ms; waited += LOCK_STEP_MS) {
		if (flock(dir, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		(void)nanosleep(&step, NULL);
	}
	return -ETIMEDOUT;
}

int store_check_current(int root, const char *id, int dir)
{
	struct stat a, b;

	if (fstat(dir, &a) < 0 || fstatat(root, id, &b, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return a.st_ino == b.st_ino && a.st_dev == b.st_dev ? 0 : -ENOENT;
}

static void tombstone_name(const char *id, char *buf, size_t size)
{
	(void)snprintf(buf, size, ".%s" TOMBSTONE_END, id); /* no id starts with a dot */
}

static bool is_tombstone(const char *name)
{
	size_t len = strlen(name), end = sizeof(TOMBSTONE_END) - 1;

	return name[0] == '.' && len > 1 + end && strcmp(name + len - end, TOMBSTONE_END) == 0;
}

/*
 * What somebody left who was killed while removing a container: a directory with nothing but the record.
 * Whoever is removing it just now does not mind, so nobody's lock is asked for.
 */
static void sweep(int root, const char *name)
{
	cleanup_fd int dir = open_container(root, name);

	if (dir < 0)
		return;
	(void)unlinkat(dir, RECORD_FILE, 0);
	(void)unlinkat(root, name, AT_REMOVEDIR);
}

static void sweep_id(int root, const char *id)
{
	char name[NAME_SIZE];

	tombstone_name(id, name, sizeof(name));
	sweep(root, name);
}

/* Also of ids that nobody will ever use again. */
void store_sweep(int root)
{
	cleanup_(dirnames_free) struct dirnames names = DIRNAMES_EMPTY;

	(void)dirnames_read(root, is_tombstone, &names); /* else the next one finds them */
	for (size_t i = 0; i < names.count; i++)
		sweep(root, names.items[i]);
}

static int exists(const char *id, struct err *e)
{
	err_set(e, ERR_STATE, 0, "container with id '%s' already exists", id);
	err_hint(e, "choose another id, or remove it with: ctr delete %s", id);
	return -EEXIST;
}

/*
 * Before we opened what we made, it may have been deleted, and the name given to another one's
 * container. That one's record is there when the lock is free.
 */
static bool is_taken(int dir)
{
	return faccessat(dir, RECORD_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int store_create(int root, const char *id, int *ret_dir, struct err *e)
{
	cleanup_fd int dir = -EBADF;
	int r;

	sweep_id(root, id);
	if (mkdirat(root, id, 0700) < 0) {
		if (errno == EEXIST)
			return exists(id, e);
		return err_set(e, ERR_SYSTEM, errno, "create the state directory of '%s'", id);
	}
	dir = open_container(root, id);
	/* `list` may be probing the lock just now; and whoever deletes what it cannot read may be faster */
	r = dir < 0 ? dir : wait_lock(dir, LOCK_WAIT_MS);
	if (r == 0)
		r = store_check_current(root, id, dir);
	if (r == 0 && is_taken(dir))
		return exists(id, e);
	if (r < 0) {
		if (r != -ENOENT) /* by that name there may be somebody else's by now */
			(void)unlinkat(root, id, AT_REMOVEDIR);
		return err_set(e, ERR_SYSTEM, -r, "lock the state directory of '%s'", id);
	}
	*ret_dir = take_fd(&dir);
	return 0;
}

int store_get(int root, const char *id, enum store_lock lock, int *ret_dir, struct err *e)
{
	cleanup_fd int dir = -EBADF;
	int r = container_id_check(id, e);

	if (r < 0)
		return r;
	dir = open_container(root, id);
	r = dir < 0 ? dir : 0;
	if (r == 0 && lock != STORE_NO_LOCK)
		r = wait_lock(dir, lock == STORE_LOCK ? LOCK_WAIT_MS : LOCK_SOON_MS);
	/* while we waited for the lock its holder may have removed the container */
	if (r == 0)
		r = store_check_current(root, id, dir);
	if (r == -ENOENT) {
		err_set(e, ERR_STATE, 0, "container '%s' does not exist", id);
		return -ENOENT;
	}
	if (r == -ETIMEDOUT) {
		err_set(e, ERR_STATE, ETIMEDOUT, "another command works on container '%s'", id);
		return r;
	}
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "open the state of container '%s'", id);
	*ret_dir = take_fd(&dir);
	return 0;
}

bool store_is_busy(int dir)
{
	if (flock(dir, LOCK_SH | LOCK_NB) < 0)
		return errno == EWOULDBLOCK;
	(void)flock(dir, LOCK_UN);
	return false;
}

static int empty_dir(int dir, bool deeper);

/* A file, or the one level of directories that ctr makes: nothing is ever mounted here. */
static int remove_entry(int dir, const char *name, bool deeper)
{
	cleanup_fd int sub = -EBADF;
	int r;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR || !deeper)
		return -errno;
	sub = openat(dir, name, O_DIRECTORY | O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	r = sub < 0 ? -errno : empty_dir(sub, false);
	if (r == 0 && unlinkat(dir, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r;
}

struct emptying {
	bool deeper;
	int failed;
};

/* The others go even if one does not. */
static int remove_one(int dir, const char *name, void *data)
{
	struct emptying *x = data;
	int r = x->deeper && strcmp(name, RECORD_FILE) == 0 ? 0
							    : remove_entry(dir, name, x->deeper);

	if (r < 0)
		x->failed = r;
	return 0;
}

/* Of the container's own directory (@deeper) the record stays. @dir was opened for this. */
static int empty_dir(int dir, bool deeper)
{
	struct emptying x = { .deeper = deeper };
	int r = dirscan(dir, remove_one, &x);

	return r < 0 ? r : x.failed;
}

/*
 * A directory without its record, and locked, is that of a container being created. So the name goes
 * first, and then the record.
 */
static int bury(int root, const char *id, int dir)
{
	char name[NAME_SIZE];

	tombstone_name(id, name, sizeof(name));
	if (renameat(root, id, root, name) < 0)
		return -errno;
	if (unlinkat(dir, RECORD_FILE, 0) < 0 && errno != ENOENT)
		return -errno;
	/* by that name there may be another one's by now */
	if (unlinkat(root, name, AT_REMOVEDIR) < 0 && errno != ENOENT && errno != ENOTEMPTY)
		return -errno;
	return 0;
}

int store_remove(int root, const char *id, struct err *e)
{
	cleanup_fd int dir = open_container(root, id);
	int r;

	sweep_id(root, id);
	if (dir == -ENOENT)
		return 0;
	r = dir < 0 ? dir : empty_dir(dir, true);
	if (r == 0)
		r = bury(root, id, dir);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "remove the state of container '%s'", id) : 0;
}

static bool is_container(const char *name)
{
	return name[0] != '.'; /* ids never start with a dot */
}

int store_each(int root, int (*fn)(const char *id, void *data), void *data, struct err *e)
{
	cleanup_(dirnames_free) struct dirnames names = DIRNAMES_EMPTY;
	int r = dirnames_read(root, is_container, &names);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "read the state directory");
	store_sweep(root);
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = fn(names.items[i], data);
	return r;
}
