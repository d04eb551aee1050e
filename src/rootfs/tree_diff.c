// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/tree_diff.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rootfs/layer_form.h"
#include "rootfs/merged.h"
#include "rootfs/treewalk.h"
#include "util/cleanup.h"

enum {
	DEPTH_MAX = 500,
	BLOCK = 64 << 10,
};

const char *const tree_aspect_names[] = {
	"type", "content", "mode", "owner", "xattr", "time", NULL
};

struct differ {
	int (*fn)(void *data, const struct tree_change *c, struct err *e);
	void *data;
	char *buffer; /* two blocks */
	unsigned depth;
};

static int failed(struct err *e, int r, const char *path)
{
	return err_set(e, ERR_SYSTEM, -r, "compare '%s'", path);
}

/* In a container that runs, a file may be gone by now, or be something else. */
static bool has_moved(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -ELOOP;
}

/* ---- one file on both sides ---- */

static ssize_t read_block(int fd, char *buf)
{
	size_t got = 0;

	while (got < BLOCK) {
		ssize_t n = read(fd, buf + got, BLOCK - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

static int open_file(const struct merged_entry *m, const char *name)
{
	return treewalk_open_plain(m->dir, name, O_RDONLY | O_NONBLOCK);
}

/* 1: the contents differ. */
static int compare_contents(const struct differ *d, int a, int b)
{
	for (;;) {
		ssize_t m = read_block(a, d->buffer), n = read_block(b, d->buffer + BLOCK);

		if (m < 0 || n < 0)
			return (int)(m < 0 ? m : n);
		if (m != n || memcmp(d->buffer, d->buffer + BLOCK, (size_t)m) != 0)
			return 1;
		if (m == 0)
			return 0;
	}
}

static int compare_xattrs(int a, int b)
{
	cleanup_(layer_xattrs_free) struct layer_xattrs x = { 0 }, y = { 0 };
	int r = layer_xattrs_read(a, &x);

	if (r == 0)
		r = layer_xattrs_read(b, &y);
	return r < 0 ? r : !layer_xattrs_equal(&x, &y);
}

static int compare_targets(const struct merged_entry *a, const struct merged_entry *b,
			   const char *name)
{
	char x[4096], y[4096];
	ssize_t m = readlinkat(a->dir, name, x, sizeof(x));
	ssize_t n = readlinkat(b->dir, name, y, sizeof(y));

	if (m < 0 || n < 0)
		return -errno;
	return m != n || memcmp(x, y, (size_t)m) != 0;
}

/* Contents and attributes of files and directories: these have to be opened. */
static int compare_opened(const struct differ *d, const struct merged_entry *a,
			  const struct merged_entry *b, const char *name, unsigned *aspects)
{
	cleanup_fd int x = open_file(a, name), y = open_file(b, name);
	int r;

	if (x < 0 || y < 0)
		return x < 0 ? x : y;
	r = compare_xattrs(x, y);
	if (r > 0)
		*aspects |= TREE_XATTR;
	if (r < 0 || S_ISDIR(a->st.st_mode))
		return r;
	r = a->st.st_size != b->st.st_size ? 1 : compare_contents(d, x, y);
	if (r > 0)
		*aspects |= TREE_CONTENT;
	return r;
}

static int compare(const struct differ *d, const struct merged_entry *a,
		   const struct merged_entry *b, const char *name, unsigned *ret)
{
	const struct stat *x = &a->st, *y = &b->st;
	unsigned aspects = 0;
	int r = 0;

	*ret = 0;
	if (x->st_ino == y->st_ino && x->st_dev == y->st_dev)
		return 0; /* the same file of the same layer */
	if ((x->st_mode ^ y->st_mode) & S_IFMT) {
		*ret = TREE_TYPE;
		return 0;
	}
	if ((x->st_mode ^ y->st_mode) & 07777)
		aspects |= TREE_MODE;
	if (x->st_uid != y->st_uid || x->st_gid != y->st_gid)
		aspects |= TREE_OWNER;
	if (x->st_mtim.tv_sec != y->st_mtim.tv_sec || x->st_mtim.tv_nsec != y->st_mtim.tv_nsec)
		aspects |= TREE_TIME;
	if (S_ISREG(x->st_mode) || S_ISDIR(x->st_mode))
		r = compare_opened(d, a, b, name, &aspects);
	else if (S_ISLNK(x->st_mode))
		r = compare_targets(a, b, name);
	else if (x->st_rdev != y->st_rdev)
		r = 1;
	if (r > 0 && !S_ISREG(x->st_mode) && !S_ISDIR(x->st_mode))
		aspects |= TREE_CONTENT;
	if (!S_ISDIR(x->st_mode) || aspects != TREE_TIME)
		*ret = aspects;
	return r < 0 ? r : 0;
}

/* ---- directories ---- */

static int diff_dirs(struct differ *d, const char *path, const struct merged_dir *a,
		     const struct merged_dir *b, struct err *e);

static struct tree_side side_of(const struct merged_entry *m, const char *name)
{
	return (struct tree_side){ m->exists, m->st, m->dir, name };
}

static int tell(const struct differ *d, const char *path, const char *name,
		const struct merged_entry *a, const struct merged_entry *b, struct err *e)
{
	struct tree_change c = {
		.kind = !a->exists   ? TREE_ADDED
			: !b->exists ? TREE_DELETED
				     : TREE_CHANGED,
		.path = path,
		.old = side_of(a, name),
		.new = side_of(b, name),
	};

	if (a->exists && b->exists) {
		int r = compare(d, a, b, name, &c.aspects);

		if (has_moved(r))
			return 0;
		if (r < 0)
			return failed(e, r, path);
		if (!c.aspects)
			return 0;
	} else if (!a->exists && !b->exists) {
		return 0;
	}
	return d->fn(d->data, &c, e);
}

static int diff_name(struct differ *d, const char *prefix, const char *name,
		     const struct merged_dir *a, const struct merged_dir *b, struct err *e)
{
	cleanup_(merged_entry_close) struct merged_entry x = { 0 }, y = { 0 };
	cleanup_free char *path = NULL;
	int r;

	if (asprintf(&path, "%s%s%s", prefix, *prefix ? "/" : "", name) < 0) {
		path = NULL;
		return failed(e, -ENOMEM, name);
	}
	r = merged_lookup(a, name, &x);
	if (r == 0)
		r = merged_lookup(b, name, &y);
	if (has_moved(r))
		return 0;
	if (r < 0)
		return failed(e, r, path);
	r = tell(d, path, name, &x, &y, e);
	return r < 0 ? r : diff_dirs(d, path, &x.sub, &y.sub, e);
}

/* Names of the first @count parts, sorted, some more than once. */
static int collect(const struct merged_dir *m, size_t count, struct layer_names *all)
{
	for (size_t i = 0; i < count; i++) {
		cleanup_(layer_names_free) struct layer_names more = { 0 };
		int r = layer_names_read(m->parts[i].fd, &more);
		char **bigger;

		if (r < 0)
			return r;
		bigger = reallocarray(all->items, all->count + more.count + 1, sizeof(char *));
		if (!bigger)
			return -ENOMEM;
		all->items = bigger;
		for (size_t k = 0; k < more.count; k++)
			all->items[all->count++] = take_ptr(more.items[k]);
	}
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int diff_dirs(struct differ *d, const char *path, const struct merged_dir *a,
		     const struct merged_dir *b, struct err *e)
{
	cleanup_(layer_names_free) struct layer_names names = { 0 };
	size_t common = merged_common(a, b);
	int r = collect(a, a->count - common, &names);

	if (r == 0)
		r = collect(b, b->count - common, &names);
	if (r < 0)
		return failed(e, r, *path ? path : "/");
	if (!names.count)
		return 0;
	if (++d->depth > DEPTH_MAX)
		return err_set(e, ERR_STATE, ELOOP, "'%.200s...' is nested too deeply", path);
	qsort(names.items, names.count, sizeof(char *), by_bytes);
	for (size_t i = 0; r >= 0 && i < names.count; i++)
		if (i == 0 || strcmp(names.items[i], names.items[i - 1]) != 0)
			r = diff_name(d, path, names.items[i], a, b, e);
	d->depth--;
	return r < 0 ? r : 0;
}

int tree_diff(const struct tree_stack *a, const struct tree_stack *b,
	      int (*fn)(void *data, const struct tree_change *c, struct err *e), void *data,
	      struct err *e)
{
	cleanup_(merged_close) struct merged_dir x = { 0 }, y = { 0 };
	cleanup_free char *buffer = malloc((size_t)2 * BLOCK);
	struct differ d = { fn, data, buffer, 0 };
	int r = buffer ? merged_open(a->dirs, a->count, &x) : -ENOMEM;

	if (r == 0)
		r = merged_open(b->dirs, b->count, &y);
	return r < 0 ? failed(e, r, "/") : diff_dirs(&d, "", &x, &y, e);
}
