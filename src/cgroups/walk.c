// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Depth-first walk over the cgroups below a directory. A container can nest cgroups as deep as it
 * likes, so the way back goes through ".." instead of one descriptor (or stack frame) per level.
 * That is safe here: cgroupfs has no symlinks and no renames across directories, and both ways are
 * kept inside one mount.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "util/arena.h"
#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	NAMES_MAX_BYTES = 256 * 1024 * 1024
};

struct entry {
	struct entry *next;
	char name[];
};

struct level {
	struct level *up;
	struct entry *todo;
	const char *name; /* of this directory in the one above */
};

static void close_dir(DIR **d)
{
	if (*d)
		(void)closedir(*d); /* read only: nothing to lose */
}

static int open_up(int dir_fd)
{
	return kernel_openat2(dir_fd, "..", O_RDONLY | O_DIRECTORY, 0,
			      RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
}

static int level_list(int dir_fd, struct arena *a, struct level *level)
{
	cleanup_fd int fd = cgroup_dir_open(dir_fd, ".");
	cleanup_(close_dir) DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *found;

	if (!d)
		return fd < 0 ? fd : -errno;
	fd = -EBADF; /* closedir closes it */
	errno = 0;
	while ((found = readdir(d))) {
		struct entry *entry;

		if (found->d_type != DT_DIR || strcmp(found->d_name, ".") == 0 ||
		    strcmp(found->d_name, "..") == 0)
			continue;
		entry = arena_alloc(a, sizeof(*entry) + strlen(found->d_name) + 1);
		if (!entry)
			return -ENOMEM;
		memcpy(entry->name, found->d_name, strlen(found->d_name) + 1);
		entry->next = level->todo;
		level->todo = entry;
		errno = 0;
	}
	return -errno;
}

static int level_enter(int dir_fd, const struct cgroup_walk_ops *ops, void *ctx, struct arena *a,
		       struct level *level)
{
	int r = ops->enter ? ops->enter(dir_fd, ctx) : 0;

	if (r >= 0)
		r = level_list(dir_fd, a, level);
	return cgroup_errno_gone(r) ? 0 : r;
}

/* One step down into the next child; *@ret_fd stays empty when there is nothing to go into. */
static int step_down(int dir_fd, const struct cgroup_walk_ops *ops, void *ctx, struct arena *a,
		     struct level **at, int *ret_fd)
{
	struct entry *next = (*at)->todo;
	cleanup_fd int fd = -EBADF;
	struct level *below;
	int r;

	(*at)->todo = next->next;
	r = ops->skip ? ops->skip(dir_fd, next->name, ctx) : 0;
	if (r != 0)
		return r < 0 ? r : 0;
	fd = cgroup_dir_open(dir_fd, next->name);
	if (fd < 0)
		return cgroup_errno_gone(fd) ? 0 : fd;
	below = arena_alloc(a, sizeof(*below));
	if (!below)
		return -ENOMEM;
	below->up = *at;
	below->name = next->name;
	*at = below;
	*ret_fd = take_fd(&fd);
	return level_enter(*ret_fd, ops, ctx, a, below);
}

/* Back to the directory above, when all of this one was visited. */
static int step_up(int dir_fd, const struct cgroup_walk_ops *ops, void *ctx, struct level **at,
		   int *ret_fd)
{
	const char *left = (*at)->name;
	int fd = open_up(dir_fd);

	if (fd < 0)
		return fd;
	*ret_fd = fd;
	*at = (*at)->up;
	return ops->leave ? ops->leave(fd, left, ctx) : 0;
}

static int walk(int top_fd, const struct cgroup_walk_ops *ops, void *ctx, struct arena *a)
{
	cleanup_fd int cur = cgroup_dir_open(top_fd, ".");
	struct level top = { 0 }, *at = &top;
	int r;

	if (cur < 0)
		return cgroup_errno_gone(cur) ? 0 : cur;
	r = level_enter(cur, ops, ctx, a, at);
	while (r >= 0 && (at->todo || at->up)) {
		cleanup_fd int next = -EBADF;

		if (at->todo)
			r = step_down(cur, ops, ctx, a, &at, &next);
		else
			r = step_up(cur, ops, ctx, &at, &next);
		if (next < 0)
			continue;
		close_fd(&cur);
		cur = take_fd(&next);
	}
	return r < 0 ? r : 0;
}

int cgroup_walk(int top_fd, const struct cgroup_walk_ops *ops, void *ctx)
{
	cleanup_(arena_free) struct arena a = { .cap = NAMES_MAX_BYTES };

	return walk(top_fd, ops, ctx, &a);
}
