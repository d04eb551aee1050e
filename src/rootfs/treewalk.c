// SPDX-License-Identifier: GPL-2.0-or-later
/* See treewalk.h. */
#include "rootfs/treewalk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "util/cleanup.h"
#include "util/dirnames.h"

struct treewalk_names {
	struct dirnames all;
	size_t next;
};

static void free_names(struct treewalk_names *n)
{
	dirnames_free(&n->all);
	n->next = 0;
}

/* @fd is consumed. */
static int push(struct treewalk *w, int fd)
{
	struct treewalk_names n = { 0 }, *grown;
	int r;

	r = dirnames_read(fd, NULL, &n.all);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	r = dirstack_push(&w->dirs, fd);
	if (r == 0 && w->room < w->dirs.room) {
		grown = realloc(w->names, w->dirs.room * sizeof(*grown));
		if (!grown)
			r = -ENOMEM;
		else {
			w->names = grown;
			w->room = w->dirs.room;
		}
	}
	if (r < 0) {
		free_names(&n);
		return r;
	}
	w->names[w->dirs.depth - 1] = n;
	return 0;
}

int treewalk_begin(struct treewalk *w, int root)
{
	int fd = dirstack_open(root, ".");

	return fd < 0 ? fd : push(w, fd);
}

int treewalk_enter(struct treewalk *w, const char *name)
{
	int fd = dirstack_open(dirstack_top(&w->dirs), name);

	return fd < 0 ? fd : push(w, fd);
}

int treewalk_open_plain(int dir, const char *name, int flags)
{
	cleanup_fd int seen = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char path[sizeof("/proc/self/fd/-2147483648")];
	struct stat st;
	int fd;

	if (seen < 0 || fstat(seen, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return -ELOOP;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", seen);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

const char *treewalk_current(const struct treewalk *w)
{
	const struct treewalk_names *n = &w->names[w->dirs.depth - 1];

	return n->all.items[n->next - 1];
}

static int leave(struct treewalk *w)
{
	int r;

	free_names(&w->names[w->dirs.depth - 1]);
	r = dirstack_pop(&w->dirs);
	if (r < 0)
		return r;
	return w->dirs.depth ? TREEWALK_LEFT : TREEWALK_END;
}

int treewalk_next(struct treewalk *w, struct treewalk_entry *ret)
{
	struct treewalk_names *n;

	if (!w->dirs.depth)
		return TREEWALK_END;
	n = &w->names[w->dirs.depth - 1];
	while (n->next < n->all.count) {
		ret->dir = dirstack_top(&w->dirs);
		ret->name = n->all.items[n->next++];
		if (fstatat(ret->dir, ret->name, &ret->st, AT_SYMLINK_NOFOLLOW) == 0)
			return TREEWALK_ENTRY;
		if (!w->live || errno != ENOENT)
			return -errno;
	}
	return leave(w);
}

/* The names on the way are those that were taken last in each directory. */
const char *treewalk_path(const struct treewalk *w, const char *name, char *buf, size_t size)
{
	size_t at = size - 1, len = strlen(name);

	buf[at] = '\0';
	for (size_t i = w->dirs.depth; i-- > 0;) {
		const struct treewalk_names *n;

		if (len + 1 > at)
			break;
		at -= len;
		memcpy(buf + at, name, len);
		if (!i)
			break;
		buf[--at] = '/';
		n = &w->names[i - 1];
		name = n->all.items[n->next - 1];
		len = strlen(name);
	}
	return buf + at;
}

void treewalk_end(struct treewalk *w)
{
	for (size_t i = 0; i < w->dirs.depth; i++)
		free_names(&w->names[i]);
	free(w->names);
	dirstack_close(&w->dirs);
	*w = (struct treewalk){ 0 };
}
