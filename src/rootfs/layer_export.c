// SPDX-License-Identifier: GPL-2.0-or-later
/* Walks a layer in order of names and writes an entry for each. */
#include "rootfs/layer_export.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "rootfs/layer_form.h"
#include "util/cleanup.h"

enum {
	DEPTH_MAX = 500, /* one open directory each */
	COPY_SIZE = 128 << 10,
};

/* A file that has more names than one: the first is the file, the others are links to it. */
struct seen {
	dev_t dev;
	ino_t ino;
	char *path;
};

struct walk {
	const struct layer_export *x;
	void *links; /* tree of struct seen */
	char *buffer;
	unsigned depth;
};

static int compare_seen(const void *a, const void *b)
{
	const struct seen *l = a, *r = b;

	if (l->ino != r->ino)
		return l->ino < r->ino ? -1 : 1;
	return l->dev == r->dev ? 0 : l->dev < r->dev ? -1 : 1;
}

static void free_seen(void *p)
{
	struct seen *s = p;

	free(s->path);
	free(s);
}

static void free_walk(struct walk *w)
{
	tdestroy(w->links, free_seen);
	free(w->buffer);
}

static int failed(struct err *e, int r, const char *path)
{
	return err_set(e, ERR_SYSTEM, -r, "read '%s' of the layer", path);
}

/* *ret_first: the name under which this file is in the archive already, or NULL. */
static int find_link(struct walk *w, const struct stat *st, const char *path,
		     const char **ret_first)
{
	struct seen *s = calloc(1, sizeof(*s)), **found;

	if (!s)
		return -ENOMEM;
	*s = (struct seen){ st->st_dev, st->st_ino, strdup(path) };
	found = s->path ? tsearch(s, &w->links, compare_seen) : NULL;
	if (found && *found == s) {
		*ret_first = NULL;
		return 0;
	}
	if (found)
		*ret_first = (*found)->path;
	free_seen(s);
	return found ? 0 : -ENOMEM;
}

static void entry_of(const struct walk *w, const struct stat *st, const char *path,
		     struct tar_entry *t)
{
	*t = (struct tar_entry){
		.path = path,
		.mode = st->st_mode & 07777,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.mtime = st->st_mtim.tv_sec,
		.nanoseconds = w->x->exact_times ? (uint32_t)st->st_mtim.tv_nsec : 0,
	};
}

/* ".wh.NAME": of nobody, as it stands for nothing. */
static int write_whiteout(const struct walk *w, const char *dir, const char *name, struct err *e)
{
	struct tar_entry t = { .type = TAR_FILE };
	cleanup_free char *path = NULL;

	if (asprintf(&path, "%s.wh.%s", dir, name) < 0) {
		path = NULL;
		return err_set(e, ERR_SYSTEM, ENOMEM, "write a whiteout");
	}
	t.path = path;
	return tar_header(&w->x->sink, &t, e);
}

static int copy_contents(const struct walk *w, int fd, const char *path, uint64_t size,
			 struct err *e)
{
	uint64_t left = size;

	while (left) {
		ssize_t n = read(fd, w->buffer, left < COPY_SIZE ? (size_t)left : COPY_SIZE);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(e, -errno, path);
		if (n == 0)
			return err_set(e, ERR_STATE, ESTALE, "'%s' became shorter meanwhile", path);
		r = w->x->sink.write(w->x->sink.data, w->buffer, (size_t)n, e);
		if (r < 0)
			return r;
		left -= (uint64_t)n;
	}
	return tar_pad(&w->x->sink, size, e);
}

static void tell(const struct walk *w, const char *path, const char *why)
{
	if (w->x->left_out)
		w->x->left_out(w->x->data, path, why);
}

/* The attributes of the file or directory @fd, and what else an open one tells. */
static int read_attributes(const struct walk *w, int fd, const char *path, struct layer_xattrs *ret,
			   struct err *e)
{
	int r = layer_is_indirect(fd);

	if (r < 0)
		return failed(e, r, path);
	if (r) {
		err_set(e, ERR_STATE, EUCLEAN, "'%s' refers to a lower layer by name", path);
		err_hint(e, "it was made by an overlay with redirect_dir or metacopy, not by ctr");
		return -EUCLEAN;
	}
	r = layer_xattrs_read(fd, ret);
	if (r < 0)
		return failed(e, r, path);
	if (ret->others)
		tell(w, path, "attributes that only this host understands");
	return 0;
}

static int write_file(struct walk *w, int dir, const char *name, const char *path,
		      const struct stat *st, struct err *e)
{
	cleanup_(layer_xattrs_free) struct layer_xattrs xattrs = { 0 };
	cleanup_fd int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat now;
	struct tar_entry t;
	int r;

	if (fd < 0 || fstat(fd, &now) < 0)
		return failed(e, -errno, path);
	if (now.st_ino != st->st_ino || now.st_dev != st->st_dev)
		return err_set(e, ERR_STATE, ESTALE, "'%s' was replaced meanwhile", path);
	r = read_attributes(w, fd, path, &xattrs, e);
	if (r < 0)
		return r;
	entry_of(w, &now, path, &t);
	t.type = TAR_FILE;
	t.size = (uint64_t)now.st_size;
	t.xattrs = xattrs.items;
	t.xattr_count = xattrs.count;
	r = tar_header(&w->x->sink, &t, e);
	return r < 0 ? r : copy_contents(w, fd, path, t.size, e);
}

static int write_symlink(const struct walk *w, int dir, const char *name, const char *path,
			 const struct stat *st, struct err *e)
{
	char target[4096];
	ssize_t n = readlinkat(dir, name, target, sizeof(target));
	struct tar_entry t;

	if (n < 0 || n == sizeof(target))
		return failed(e, n < 0 ? -errno : -ENAMETOOLONG, path);
	target[n] = '\0';
	entry_of(w, st, path, &t);
	t.type = TAR_SYMLINK;
	t.target = target;
	return tar_header(&w->x->sink, &t, e);
}

static int write_special(const struct walk *w, const char *path, const struct stat *st,
			 struct err *e)
{
	struct tar_entry t;

	entry_of(w, st, path, &t);
	t.type = S_ISFIFO(st->st_mode) ? TAR_FIFO : S_ISCHR(st->st_mode) ? TAR_CHAR : TAR_BLOCK;
	if (t.type != TAR_FIFO) {
		t.major = major(st->st_rdev);
		t.minor = minor(st->st_rdev);
	}
	return tar_header(&w->x->sink, &t, e);
}

static int write_directory(struct walk *w, int dir, const char *path, struct err *e);

static int enter(struct walk *w, int dir, const char *name, const char *path, struct err *e)
{
	cleanup_fd int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_free char *slashed = NULL;
	int r;

	if (fd < 0)
		return failed(e, -errno, path);
	if (w->depth == DEPTH_MAX)
		return err_set(e, ERR_STATE, ELOOP, "'%.200s...' is nested too deeply", path);
	if (asprintf(&slashed, "%s/", path) < 0) {
		slashed = NULL;
		return failed(e, -ENOMEM, path);
	}
	w->depth++;
	r = write_directory(w, fd, slashed, e);
	w->depth--;
	return r;
}

/* It has the attributes of the file again, as other tools write it. */
static int write_linked(struct walk *w, int dir, const char *name, const char *path,
			const char *first, const struct stat *st, struct err *e)
{
	cleanup_(layer_xattrs_free) struct layer_xattrs xattrs = { 0 };
	cleanup_fd int fd = -EBADF;
	struct tar_entry t;

	if (S_ISREG(st->st_mode)) {
		int r;

		fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		r = fd < 0 ? -errno : layer_xattrs_read(fd, &xattrs);
		if (r < 0)
			return failed(e, r, path);
	}
	entry_of(w, st, path, &t);
	t.type = TAR_LINK;
	t.target = first;
	t.xattrs = xattrs.items;
	t.xattr_count = xattrs.count;
	return tar_header(&w->x->sink, &t, e);
}

static int write_name(struct walk *w, int dir, const char *prefix, const char *name, struct err *e)
{
	cleanup_free char *path = NULL;
	const char *first = NULL;
	struct stat st;
	int r;

	if (asprintf(&path, "%s%s", prefix, name) < 0) {
		path = NULL;
		return err_set(e, ERR_SYSTEM, ENOMEM, "read the layer");
	}
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(e, -errno, path);
	if (layer_is_whiteout(&st))
		return write_whiteout(w, prefix, name, e);
	if (strncmp(name, ".wh.", 4) == 0) {
		tell(w, path, "a name that means a whiteout in archives");
		return 0;
	}
	if (S_ISDIR(st.st_mode))
		return enter(w, dir, name, path, e);
	if (S_ISSOCK(st.st_mode)) {
		tell(w, path, "a socket");
		/* what it hides of the layers below must not appear in its place */
		return w->x->lowest ? 0 : write_whiteout(w, prefix, name, e);
	}
	if (st.st_nlink > 1) {
		r = find_link(w, &st, path, &first);
		if (r < 0)
			return failed(e, r, path);
		if (first)
			return write_linked(w, dir, name, path, first, &st, e);
	}
	if (S_ISREG(st.st_mode))
		return write_file(w, dir, name, path, &st, e);
	if (S_ISLNK(st.st_mode))
		return write_symlink(w, dir, name, path, &st, e);
	return write_special(w, path, &st, e);
}

/* First of all, so that who unpacks in order does not remove what came before. */
static int write_opaque(const struct walk *w, int dir, const char *path, struct err *e)
{
	int r = layer_is_opaque(dir);

	if (r < 0)
		return failed(e, r, path);
	return r ? write_whiteout(w, path, ".wh..opq", e) : 0;
}

/* @path: "" or "dir/" for what is in it; the root itself is called ".". */
static int write_directory(struct walk *w, int dir, const char *path, struct err *e)
{
	cleanup_(layer_xattrs_free) struct layer_xattrs xattrs = { 0 };
	cleanup_(layer_names_free) struct layer_names names = { 0 };
	struct stat st;
	struct tar_entry t;
	int r;

	if (fstat(dir, &st) < 0)
		return failed(e, -errno, path);
	r = read_attributes(w, dir, path, &xattrs, e);
	if (r < 0)
		return r;
	entry_of(w, &st, *path ? path : ".", &t);
	t.type = TAR_DIRECTORY;
	t.xattrs = xattrs.items;
	t.xattr_count = xattrs.count;
	r = tar_header(&w->x->sink, &t, e);
	if (r == 0)
		r = write_opaque(w, dir, path, e);
	if (r < 0)
		return r;
	r = layer_names_read(dir, &names);
	if (r < 0)
		return failed(e, r, path);
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = write_name(w, dir, path, names.items[i], e);
	return r;
}

int layer_export(const struct layer_export *x, struct err *e)
{
	cleanup_(free_walk) struct walk w = { .x = x, .buffer = malloc(COPY_SIZE) };
	cleanup_fd int root = openat(x->layer, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (root < 0)
		return err_set(e, ERR_SYSTEM, errno, "open the layer");
	if (!w.buffer)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read the layer");
	r = write_directory(&w, root, "", e);
	return r < 0 ? r : tar_end(&x->sink, e);
}
