// SPDX-License-Identifier: GPL-2.0-or-later
/* See treecopy.h: the tree. The contents of one file are copied by filecopy.c. */
#include "rootfs/treecopy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <linux/magic.h>

#include "rootfs/filecopy.h"
#include "rootfs/treeattr.h"
#include "rootfs/treewalk.h"
#include "util/cleanup.h"
#include "util/kernel.h"

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

enum {
	SETTLED_SECONDS = 2, /* change times of some filesystems have whole seconds only */
	PATH_SHOWN = 400,
	KEY_SIZE = 80,
};

bool treecopy_can_go_ahead(int dir)
{
	struct statfs fs;

	if (fstatfs(dir, &fs) < 0)
		return false;
	return fs.f_type == EXT4_SUPER_MAGIC || fs.f_type == XFS_SUPER_MAGIC ||
	       fs.f_type == BTRFS_SUPER_MAGIC;
}

static int tick(struct treecopy *c)
{
	return c->tick ? c->tick(c, c->context) : 0;
}

/* What moves may be a device by now. What stands still needs no second look. */
static int open_source(const struct treewalk_entry *entry, bool moves, int more)
{
	int flags = O_RDONLY | O_NONBLOCK | more, fd;

	if (moves)
		return treewalk_open_plain(entry->dir, entry->name, flags);
	fd = openat(entry->dir, entry->name, flags | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int copy_contents(struct treecopy *c, const struct treewalk_entry *entry, int dir,
			 const char *name)
{
	cleanup_fd int from = open_source(entry, dir == c->ahead, O_NOATIME);
	cleanup_fd int to = -EBADF;

	if (from == -EPERM) /* not the owner: the access time changes, then */
		from = open_source(entry, dir == c->ahead, 0);
	if (from < 0)
		return from;
	to = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	return filecopy(c, from, to);
}

/* ---- ahead ---- */

/*
 * A file by what it is and when it last changed. Numbers of inodes are used again, but a new file has a new
 * change time.
 */
static void key_of(const struct stat *st, char key[KEY_SIZE])
{
	(void)snprintf(key, KEY_SIZE, "%" PRIuMAX "-%" PRIdMAX "-%ld-%" PRIdMAX,
		       (uintmax_t)st->st_ino, (intmax_t)st->st_ctim.tv_sec, st->st_ctim.tv_nsec,
		       (intmax_t)st->st_size);
}

static void note_begin(struct treecopy *c)
{
	/* the kernel takes change times from its coarse clock, which is behind the fine one */
	(void)clock_gettime(CLOCK_REALTIME_COARSE,
			    &c->realtime); /* cannot fail with these clocks */
	(void)clock_gettime(CLOCK_BOOTTIME, &c->boottime);
}

/* A clock that was set back gives old change times to new contents. */
static bool clock_was_set(const struct treecopy *c)
{
	struct timespec realtime, boottime;
	time_t drift;

	(void)clock_gettime(CLOCK_REALTIME_COARSE, &realtime);
	(void)clock_gettime(CLOCK_BOOTTIME, &boottime);
	drift = (realtime.tv_sec - c->realtime.tv_sec) - (boottime.tv_sec - c->boottime.tv_sec);
	return drift < -1 || drift > 1;
}

/* Did it rest for long enough to tell every later change from what it is now? */
static bool is_settled(const struct treecopy *c, const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_size > 0 &&
	       st->st_ctim.tv_sec < c->realtime.tv_sec - SETTLED_SECONDS;
}

static int copy_ahead(struct treecopy *c, const struct treewalk_entry *entry)
{
	char key[KEY_SIZE];
	int r;

	key_of(&entry->st, key);
	r = copy_contents(c, entry, c->ahead, key);
	if (r == 0)
		return tick(c);
	if (r != -EEXIST) /* else: another link to it */
		(void)unlinkat(c->ahead, key, 0);
	/* gone, or another kind of thing by now: nothing that matters */
	return r == -EEXIST || r == -ENOENT || r == -ELOOP || r == -ENXIO ? 0 : r;
}

static int walk_ahead(struct treecopy *c, struct treewalk *w)
{
	struct treewalk_entry entry;
	int step, r = 0;

	while (r == 0 && (step = treewalk_next(w, &entry)) != TREEWALK_END) {
		if (step < 0)
			return step;
		if (step == TREEWALK_LEFT)
			continue;
		if (is_settled(c, &entry.st))
			r = copy_ahead(c, &entry);
		else if (S_ISDIR(entry.st.st_mode))
			r = treewalk_enter(w, entry.name);
		if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP)
			r = 0;
	}
	return r;
}

int treecopy_ahead(struct treecopy *c, int from, struct err *e)
{
	struct treewalk w = { .live = true };
	int r;

	/* the order matters: what is dirty now will be clean, so that a later write is noticed */
	note_begin(c);
	if (syncfs(from) < 0)
		return err_set(e, ERR_SYSTEM, errno, "flush the container's files");
	r = treewalk_begin(&w, from);
	if (r == 0)
		r = walk_ahead(c, &w);
	treewalk_end(&w);
	if (r == -ESTALE) /* the tree moves under our feet: what there is by now must do */
		r = 0;
	if (r == -ECANCELED)
		return err_set(e, ERR_STATE, ECANCELED, "interrupted");
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "copy the container's files") : 0;
}

/* 1 when the contents were there already, and are in their place now. */
static int take_ahead(const struct treecopy *c, const struct treewalk_entry *entry, int dir)
{
	char key[KEY_SIZE];

	if (c->ahead < 0 || !is_settled(c, &entry->st))
		return 0;
	key_of(&entry->st, key);
	if (renameat(c->ahead, key, dir, entry->name) == 0)
		return 1;
	return errno == ENOENT ? 0 : -errno;
}

/* ---- the tree itself ---- */

static int copy_symlink(const struct treewalk_entry *entry, int dir)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(entry->dir, entry->name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	return symlinkat(target, dir, entry->name) < 0 ? -errno : 0;
}

static int copy_file(struct treecopy *c, const struct treewalk_entry *entry, int dir)
{
	int r = take_ahead(c, entry, dir);

	if (r != 0)
		return r < 0 ? r : 0;
	return copy_contents(c, entry, dir, entry->name);
}

static int make(struct treecopy *c, const struct treewalk_entry *entry, int dir)
{
	const struct tree_at from = { entry->dir, entry->name }, to = { dir, entry->name };
	mode_t type = entry->st.st_mode & S_IFMT;
	int r;

	switch (type) {
	case S_IFREG: r = copy_file(c, entry, dir); break;
	case S_IFLNK: r = copy_symlink(entry, dir); break;
	default: r = mknodat(dir, entry->name, type | 0600, entry->st.st_rdev) < 0 ? -errno : 0;
	}
	return r < 0 ? r : treeattr_copy(&from, &entry->st, &to, 0);
}

/* Further links to one file find it in c->links, under its number. Whiteouts share a file by accident. */
static int copy_entry(struct treecopy *c, const struct treewalk_entry *entry, int dir)
{
	bool linked = entry->st.st_nlink > 1 && !treeattr_is_whiteout(&entry->st);
	char key[32];
	int r;

	c->files++;
	(void)snprintf(key, sizeof(key), "%" PRIuMAX, (uintmax_t)entry->st.st_ino);
	if (linked && linkat(c->links, key, dir, entry->name, 0) == 0)
		return tick(c);
	if (linked && errno != ENOENT)
		return -errno;
	r = make(c, entry, dir);
	if (r == 0 && linked && linkat(dir, entry->name, c->links, key, 0) < 0)
		r = -errno;
	return r == 0 ? tick(c) : r;
}

/* Attributes of a directory come last: each new entry changes its times, and its mode may forbid any. */
static int finish_dir(int from_dir, const char *from, int to_dir, const char *to)
{
	const struct tree_at source = { from_dir, from }, target = { to_dir, to };
	struct stat st;

	if (fstatat(from_dir, from, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return treeattr_copy(&source, &st, &target, 0);
}

static int enter(struct treecopy *c, struct treewalk *w, struct dirstack *to, const char *name)
{
	int fd, r;

	c->files++;
	if (mkdirat(dirstack_top(to), name, 0700) < 0)
		return -errno;
	fd = dirstack_open(dirstack_top(to), name);
	if (fd < 0)
		return fd;
	r = dirstack_push(to, fd);
	return r < 0 ? r : treewalk_enter(w, name);
}

static int leave(const struct treewalk *w, struct dirstack *to)
{
	const char *name = treewalk_current(w);
	int r = dirstack_pop(to);

	return r < 0 ? r : finish_dir(dirstack_top(&w->dirs), name, dirstack_top(to), name);
}

static int walk(struct treecopy *c, struct treewalk *w, struct dirstack *to, struct err *e)
{
	struct treewalk_entry entry;
	char path[PATH_SHOWN];
	int step, r = 0;

	while ((step = treewalk_next(w, &entry)) != TREEWALK_END) {
		if (step < 0)
			return err_set(e, ERR_SYSTEM, -step, "read the container's files");
		if (step == TREEWALK_LEFT)
			r = leave(w, to);
		else if (S_ISDIR(entry.st.st_mode))
			r = enter(c, w, to, entry.name);
		else
			r = copy_entry(c, &entry, dirstack_top(to));
		if (r == -ECANCELED)
			return err_set(e, ERR_STATE, ECANCELED, "interrupted");
		if (r < 0)
			return err_set(e, ERR_SYSTEM, -r, "copy '%s'",
				       treewalk_path(w, treewalk_current(w), path, sizeof(path)));
	}
	return 0;
}

int treecopy_run(struct treecopy *c, int from, int to, struct err *e)
{
	struct treewalk w = { 0 };
	struct dirstack target = { 0 };
	int fd = dirstack_open(to, "."), r = fd < 0 ? fd : dirstack_push(&target, fd);

	if (c->ahead >= 0 && clock_was_set(c))
		c->ahead = -EBADF;
	if (r == 0)
		r = treewalk_begin(&w, from);
	if (r < 0)
		r = err_set(e, ERR_SYSTEM, -r, "copy the container's files");
	else
		r = walk(c, &w, &target, e);
	treewalk_end(&w);
	dirstack_close(&target);
	if (r != 0)
		return r;
	r = finish_dir(from, ".", to, ".");
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "copy the container's root directory") : 0;
}
