// SPDX-License-Identifier: GPL-2.0-or-later
/* One entry after the other: check its name, find its directory, make it, give it its attributes. */
#include "rootfs/layer_import.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "rootfs/archive.h"
#include "rootfs/layer_form.h"
#include "rootfs/treeattr.h"
#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	DEPTH_MAX = 500, /* as layer_export */
	NAMES_MAX = 256 << 20,
};

#define RESOLVE (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV)

const struct layer_import_limits layer_import_defaults = {
	.entries = 4000000,
	.size_base = UINT64_C(1) << 30,
	.size_factor = 1100,
};

/* Directories get their times last: each name made in one changes them. */
struct late {
	char *path;
	struct timespec mtime;
};

struct import {
	const struct layer_import *x;
	const struct layer_import_limits *limits;
	struct inflate *in;
	struct tar_reader *reader;
	uint64_t entries, size;
	struct late *late;
	size_t late_count, names_size;
};

/* Where an entry goes. */
struct place {
	char path[4096]; /* clean, relative; "" is the root of the layer */
	char *name;	 /* its last component, in path */
	int dir;	 /* of the directory that it is in */
};

static void close_place(const struct place *p)
{
	cleanup_close_fd(&p->dir);
}

static void free_import(struct import *im)
{
	tar_reader_close(im->reader);
	inflate_close(im->in);
	for (size_t i = 0; i < im->late_count; i++)
		free(im->late[i].path);
	free(im->late);
}

static int refuse(struct err *e, const char *path, const char *why)
{
	err_set(e, ERR_USAGE, 0, "entry '%.200s' of the archive is refused: %s", path, why);
	return -EPERM;
}

static int failed(struct err *e, int r, const char *path)
{
	return err_set(e, ERR_SYSTEM, -r, "unpack '%.400s'", path);
}

/* ---- names ---- */

/* One component into @p; @len is not 0. NULL, or what is wrong with it. */
static const char *add_component(struct place *p, size_t *used, const char *part, size_t len)
{
	if (len == 1 && part[0] == '.')
		return NULL;
	if (len == 2 && part[0] == '.' && part[1] == '.')
		return "it has a '..'";
	if (len > 255 || *used + len + 2 > sizeof(p->path))
		return "its name is too long";
	if (*used)
		p->path[(*used)++] = '/';
	p->name = p->path + *used;
	memcpy(p->name, part, len);
	*used += len;
	p->path[*used] = '\0';
	return NULL;
}

/* NULL, or what is wrong with @path. */
static const char *clean(const char *path, struct place *p)
{
	size_t used = 0;
	unsigned depth = 0;

	p->path[0] = '\0';
	p->name = p->path;
	p->dir = -EBADF;
	if (!*path)
		return "it has no name";
	if (*path == '/')
		return "its name is absolute";
	while (*path) {
		size_t len = strcspn(path, "/");
		const char *why = len ? add_component(p, &used, path, len) : NULL;

		if (!why && ++depth > DEPTH_MAX)
			why = "it is nested too deeply";
		if (why)
			return why;
		path += len + (path[len] == '/');
	}
	return NULL;
}

/* ---- directories ---- */

/* The directory @path below @root: no link on the way is followed. */
static int open_below(int root, const char *path)
{
	/* without O_NOFOLLOW, a link at the end is ELOOP as well */
	return kernel_openat2(root, *path ? path : ".", O_RDONLY | O_DIRECTORY, 0, RESOLVE);
}

static int set_xattr(int fd, const struct tar_xattr *a)
{
	return fsetxattr(fd, a->name, a->value, a->size, 0) < 0 ? -errno : 0;
}

static int remember(struct import *im, const char *path, struct timespec mtime)
{
	struct late *l;

	im->names_size += strlen(path) + 1;
	if (im->names_size > NAMES_MAX)
		return -E2BIG;
	if ((im->late_count & (im->late_count - 1)) == 0) {
		l = reallocarray(im->late, im->late_count ? im->late_count * 2 : 1, sizeof(*l));
		if (!l)
			return -ENOMEM;
		im->late = l;
	}
	l = &im->late[im->late_count];
	*l = (struct late){ strdup(path), mtime };
	if (!l->path)
		return -ENOMEM;
	im->late_count++;
	return 0;
}

/* Does a layer below end the search for @path, and with what? 1: a directory, open in *ret. */
static int look_below(const struct import *im, const char *path, int *ret, struct err *e)
{
	for (size_t i = 0; i < im->x->below_count; i++) {
		int fd = open_below(im->x->below[i], path);
		struct stat st;

		if (fd >= 0) {
			*ret = fd;
			return 1;
		}
		fd = kernel_openat2(im->x->below[i], path, O_PATH | O_NOFOLLOW, 0, RESOLVE);
		if (fd == -ENOENT)
			continue;
		if (fd >= 0 && fstat(fd, &st) == 0 && !layer_is_whiteout(&st)) {
			(void)close(fd);
			return refuse(e, path,
				      "it is no directory in the layers below, and not described");
		}
		if (fd >= 0)
			(void)close(fd);
		return 0;
	}
	return 0;
}

static int copy_attributes(int from, int to, struct timespec *ret_mtime)
{
	cleanup_(layer_xattrs_free) struct layer_xattrs xattrs = { 0 };
	struct stat st;
	int r = layer_xattrs_read(from, &xattrs);

	if (r < 0 || fstat(from, &st) < 0)
		return r < 0 ? r : -errno;
	if (fchown(to, st.st_uid, st.st_gid) < 0 || fchmod(to, st.st_mode & 07777) < 0)
		return -errno;
	for (size_t i = 0; r == 0 && i < xattrs.count; i++)
		r = set_xattr(to, &xattrs.items[i]);
	*ret_mtime = st.st_mtim;
	return r;
}

/* A directory that holds entries, and is none itself: as below, or 0755 of root. */
static int make_implied(struct import *im, const char *path, struct err *e)
{
	cleanup_fd int below = -EBADF, fd = -EBADF;
	struct timespec mtime = { 0 };
	int r = look_below(im, path, &below, e);

	if (r < 0)
		return r;
	if (mkdirat(im->x->layer, path, 0700) < 0)
		return failed(e, -errno, path);
	fd = open_below(im->x->layer, path);
	if (fd < 0)
		return failed(e, fd, path);
	r = below >= 0 ? copy_attributes(below, fd, &mtime) : fchmod(fd, 0755) < 0 ? -errno : 0;
	if (r == 0)
		r = remember(im, path, mtime);
	return r < 0 ? failed(e, r, path) : 0;
}

/*
 * mkdirat with a path is safe here: all directories on the way were opened without following a link a
 * moment ago, and nobody else writes to the layer.
 */
static int make_parents(struct import *im, const char *path, struct err *e)
{
	char copy[4096];

	for (size_t i = 0;; i++) {
		int fd, r = 0;

		if (path[i] && path[i] != '/')
			continue;
		memcpy(copy, path, i);
		copy[i] = '\0';
		fd = open_below(im->x->layer, copy);
		if (fd >= 0)
			(void)close(fd);
		else
			r = fd == -ENOENT ? make_implied(im, copy, e) : failed(e, fd, copy);
		if (r < 0 || !path[i])
			return r;
	}
}

/* Fill p->dir. Entries that are not below others directly are told by openat2's errno. */
static int open_parent(struct import *im, struct place *p, const char *path, struct err *e)
{
	char parent[sizeof(p->path)] = "";
	int fd;

	if (p->name > p->path)
		memcpy(parent, p->path, (size_t)(p->name - p->path) - 1);
	fd = open_below(im->x->layer, parent);
	if (fd == -ENOENT) {
		int r = make_parents(im, parent, e);

		if (r < 0)
			return r;
		fd = open_below(im->x->layer, parent);
	}
	if (fd == -ELOOP)
		return refuse(e, path, "its name goes through a symbolic link");
	if (fd == -ENOTDIR)
		return refuse(e, path, "its name goes through something that is no directory");
	if (fd == -EXDEV)
		return refuse(e, path, "its name leaves the layer's filesystem");
	if (fd < 0)
		return failed(e, fd, path);
	p->dir = fd;
	return 0;
}

/* ---- attributes ---- */

static void tell(const struct import *im, const char *path, const char *why)
{
	if (im->x->left_out)
		im->x->left_out(im->x->data, path, why);
}

static int set_xattrs(const struct import *im, int fd, const struct tar_entry *t, struct err *e)
{
	for (size_t i = 0; i < t->xattr_count; i++) {
		enum layer_xattr kind = layer_xattr_kind(t->xattrs[i].name);
		int r;

		if (kind == LAYER_XATTR_OVERLAY)
			return refuse(e, t->path, "it has an attribute of overlayfs");
		if (kind == LAYER_XATTR_OTHER) {
			tell(im, t->path, t->xattrs[i].name);
			continue;
		}
		r = set_xattr(fd, &t->xattrs[i]);
		if (r < 0)
			return err_set(e, ERR_SYSTEM, -r, "unpack '%s': attribute '%s'", t->path,
				       t->xattrs[i].name);
	}
	return 0;
}

static struct timespec mtime_of(const struct tar_entry *t)
{
	return (struct timespec){ .tv_sec = t->mtime, .tv_nsec = (long)t->nanoseconds };
}

/* Capabilities are lost when the owner changes, mode bits as well: owner, mode, attributes, times. */
static int set_attributes(const struct import *im, int fd, const struct tar_entry *t, bool times,
			  struct err *e)
{
	struct timespec both[2] = { mtime_of(t), mtime_of(t) };
	int r;

	if (fchown(fd, (uid_t)t->uid, (gid_t)t->gid) < 0 || fchmod(fd, t->mode & 07777) < 0)
		return failed(e, -errno, t->path);
	r = set_xattrs(im, fd, t, e);
	if (r < 0)
		return r;
	return times && futimens(fd, both) < 0 ? failed(e, -errno, t->path) : 0;
}

/* The same for what cannot be opened; @mode: it has one. */
static int set_attributes_at(const struct place *p, const struct tar_entry *t, bool mode,
			     struct err *e)
{
	struct timespec both[2] = { mtime_of(t), mtime_of(t) };

	if (fchownat(p->dir, p->name, (uid_t)t->uid, (gid_t)t->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(e, -errno, t->path);
	if (mode && fchmodat(p->dir, p->name, t->mode & 07777, 0) < 0)
		return failed(e, -errno, t->path);
	if (utimensat(p->dir, p->name, both, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(e, -errno, t->path);
	return 0;
}

/* ---- entries ---- */

static int exists(struct err *e, int r, const struct tar_entry *t)
{
	return r == -EEXIST ? refuse(e, t->path, "its name is there already")
			    : failed(e, r, t->path);
}

/*
 * Contents and holes count alike: what is read later is as long as it says. Asked as the contents come, for
 * then as much of the archive has been read.
 */
static int count_size(struct import *im, uint64_t end, const char *path, struct err *e)
{
	uint64_t max = im->limits->size_base + im->limits->size_factor * inflate_consumed(im->in);

	if (end > (uint64_t)INT64_MAX || im->size + end > max)
		return refuse(e, path, "it is far larger than the archive that it comes from");
	return 0;
}

static int write_at(int fd, const char *bytes, size_t size, uint64_t offset)
{
	while (size) {
		ssize_t n = pwrite(fd, bytes, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		size -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

static int copy_contents(struct import *im, int fd, const struct tar_entry *t, struct err *e)
{
	uint64_t offset, end = 0;
	const void *bytes;
	size_t size;
	int r = 0;

	while (r == 0 && (r = tar_reader_data(im->reader, &bytes, &size, &offset, e)) > 0) {
		end = offset + size;
		r = end < offset || end > t->size ? refuse(e, t->path, "it is longer than it says")
						  : count_size(im, end, t->path, e);
		if (r < 0)
			return r;
		r = write_at(fd, bytes, size, offset);
		if (r < 0)
			return failed(e, r, t->path);
	}
	if (r == 0)
		r = count_size(im, t->size, t->path, e);
	if (r < 0)
		return r;
	if (end < t->size && ftruncate(fd, (off_t)t->size) < 0) /* a hole at its end */
		return failed(e, -errno, t->path);
	im->size += t->size;
	return 0;
}

static int make_file(struct import *im, struct place *p, const struct tar_entry *t, struct err *e)
{
	cleanup_fd int fd =
		openat(p->dir, p->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return exists(e, -errno, t);
	r = copy_contents(im, fd, t, e);
	return r < 0 ? r : set_attributes(im, fd, t, true, e);
}

/* A directory may come again, and then looks as said last. */
static int make_directory(struct import *im, struct place *p, const struct tar_entry *t,
			  struct err *e)
{
	cleanup_fd int fd = -EBADF;
	int r;

	if (*p->name && mkdirat(p->dir, p->name, 0700) < 0 && errno != EEXIST)
		return failed(e, -errno, t->path);
	fd = open_below(p->dir, p->name);
	if (fd == -ELOOP || fd == -ENOTDIR)
		return exists(e, -EEXIST, t);
	if (fd < 0)
		return failed(e, fd, t->path);
	r = set_attributes(im, fd, t, false, e);
	if (r < 0)
		return r;
	r = remember(im, p->path, mtime_of(t));
	return r < 0 ? failed(e, r, t->path) : 0;
}

static int make_symlink(struct import *im, struct place *p, const struct tar_entry *t,
			struct err *e)
{
	(void)im;
	if (!t->target || !*t->target)
		return refuse(e, t->path, "it is a symbolic link to nowhere");
	if (symlinkat(t->target, p->dir, p->name) < 0)
		return exists(e, -errno, t);
	return set_attributes_at(p, t, false, e);
}

static int make_link(struct import *im, struct place *p, const struct tar_entry *t, struct err *e)
{
	cleanup_(close_place) struct place to;
	const char *why = clean(t->target, &to);
	char parent[sizeof(to.path)] = "";
	struct stat st;

	if (why || !*to.path)
		return refuse(e, t->path, "it is a hard link to something that is no file's name");
	if (to.name > to.path)
		memcpy(parent, to.path, (size_t)(to.name - to.path) - 1);
	to.dir = open_below(im->x->layer, parent);
	if (to.dir < 0 || fstatat(to.dir, to.name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return refuse(e, t->path,
			      "it is a hard link to something that is not in the archive");
	if (!S_ISREG(st.st_mode))
		return refuse(e, t->path, "it is a hard link to something that is no regular file");
	if (linkat(to.dir, to.name, p->dir, p->name, 0) < 0)
		return exists(e, -errno, t);
	return 0;
}

static int make_special(struct import *im, struct place *p, const struct tar_entry *t,
			struct err *e)
{
	static const struct {
		enum tar_type type;
		mode_t mode;
	} kinds[] = { { TAR_CHAR, S_IFCHR }, { TAR_BLOCK, S_IFBLK }, { TAR_FIFO, S_IFIFO } };
	dev_t dev = makedev(t->major, t->minor);

	if (t->type == TAR_CHAR && dev == 0)
		return refuse(e, t->path, "a device 0:0 is a whiteout to overlayfs");
	if (t->type != TAR_FIFO && !im->x->devices) {
		refuse(e, t->path, "it is a device");
		err_hint(e, "--devices makes them");
		return -EPERM;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].type == t->type && mknodat(p->dir, p->name, kinds[i].mode | 0600,
							t->type == TAR_FIFO ? 0 : dev) < 0)
			return exists(e, -errno, t);
	return set_attributes_at(p, t, true, e);
}

static const struct {
	enum tar_type type;
	int (*make)(struct import *im, struct place *p, const struct tar_entry *t, struct err *e);
} makers[] = {
	{ TAR_FILE, make_file },    { TAR_LINK, make_link },	 { TAR_SYMLINK, make_symlink },
	{ TAR_CHAR, make_special }, { TAR_BLOCK, make_special }, { TAR_DIRECTORY, make_directory },
	{ TAR_FIFO, make_special },
};

/* ---- whiteouts ---- */

static int make_opaque(const struct place *p, const struct tar_entry *t, struct err *e)
{
	const struct tree_at dir = { p->dir, "." };
	int r = treeattr_overlay_set(&dir, "opaque", "y");

	return r < 0 ? failed(e, r, t->path) : 0;
}

/* p->name begins with ".wh." */
static int make_whiteout(struct import *im, struct place *p, const struct tar_entry *t,
			 struct err *e)
{
	const char *hidden = p->name + 4;

	if (im->x->plain)
		return refuse(e, t->path, "a whiteout outside of a layer");
	if (t->type != TAR_FILE || t->size)
		return refuse(e, t->path, "a whiteout that is no empty file");
	if (strcmp(hidden, ".wh..opq") == 0)
		return make_opaque(p, t, e);
	if (!*hidden || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0 ||
	    strncmp(hidden, ".wh.", 4) == 0)
		return refuse(e, t->path, "a whiteout of nothing");
	if (mknodat(p->dir, hidden, S_IFCHR, 0) < 0)
		return exists(e, -errno, t);
	return 0;
}

/* Below a whiteout there is nothing. */
static bool through_whiteout(const struct place *p)
{
	for (const char *s = p->path; s && s < p->name; s = strchr(s, '/'), s += !!s)
		if (strncmp(s, ".wh.", 4) == 0)
			return true;
	return false;
}

static int check_numbers(const struct tar_entry *t, struct err *e)
{
	if (t->uid >= UINT32_MAX || t->gid >= UINT32_MAX)
		return refuse(e, t->path, "its owner is no id");
	if (t->major > 0xfff || t->minor > 0xfffff)
		return refuse(e, t->path, "its device numbers are too large");
	return 0;
}

static int unpack(struct import *im, const struct tar_entry *t, struct err *e)
{
	cleanup_(close_place) struct place p;
	const char *why = clean(t->path, &p);
	int r;

	if (why)
		return refuse(e, t->path, why);
	if (++im->entries > im->limits->entries)
		return refuse(e, t->path, "there are too many entries");
	if (!*p.path && t->type != TAR_DIRECTORY)
		return refuse(e, t->path, "the root of a layer is a directory");
	r = check_numbers(t, e);
	if (r < 0)
		return r;
	if (through_whiteout(&p))
		return refuse(e, t->path, "its name goes through a whiteout");
	r = open_parent(im, &p, t->path, e);
	if (r < 0)
		return r;
	if (strncmp(p.name, ".wh.", 4) == 0)
		return make_whiteout(im, &p, t, e);
	for (size_t i = 0; i < ARRAY_SIZE(makers); i++)
		if (makers[i].type == t->type)
			return makers[i].make(im, &p, t, e);
	return refuse(e, t->path, "its type is unknown");
}

/* In the order in which they came: what was said last counts. */
static int set_late(struct import *im, struct err *e)
{
	for (size_t i = 0; i < im->late_count; i++) {
		const struct late *l = &im->late[i];
		struct timespec both[2] = { l->mtime, l->mtime };
		cleanup_fd int fd = open_below(im->x->layer, l->path);

		if (fd < 0 || futimens(fd, both) < 0)
			return failed(e, fd < 0 ? fd : -errno, l->path);
	}
	return 0;
}

static int unpack_all(struct import *im, struct err *e)
{
	struct tar_item item;
	int r;

	while ((r = tar_reader_next(im->reader, &item, e)) > 0) {
		r = unpack(im, &item.entry, e);
		if (r < 0)
			return r;
		if (im->x->progress)
			im->x->progress(im->x->data, inflate_consumed(im->in));
	}
	if (r == 0)
		r = tar_reader_drain(im->reader, e);
	return r < 0 ? r : set_late(im, e);
}

int layer_import(const struct layer_import *x, char ret_digest[DIGEST_TEXT], struct err *e)
{
	cleanup_(free_import) struct import im = {
		.x = x,
		.limits = x->limits ? x->limits : &layer_import_defaults,
	};
	cleanup_(digest_freep) struct digest *digest = NULL;
	cleanup_fd int root = open_below(x->layer, "");
	int r = digest_new(&digest, e);

	if (r == 0 && root < 0)
		r = err_set(e, ERR_SYSTEM, -root, "open the new layer");
	if (r == 0)
		r = inflate_open(x->from, &im.in, e);
	if (r == 0)
		r = tar_reader_open(im.in, digest, &im.reader, e);
	if (r == 0)
		r = unpack_all(&im, e);
	if (r == 0 && syncfs(root) < 0)
		r = err_set(e, ERR_SYSTEM, errno, "write the new layer to disk");
	if (r < 0)
		return r;
	digest_finish(digest, ret_digest);
	return 0;
}
