// SPDX-License-Identifier: GPL-2.0-or-later
/* See treesync.h: the side that writes. The stream may come from anybody. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "rootfs/layer_form.h"
#include "rootfs/treeattr.h"
#include "rootfs/treeremove.h"
#include "rootfs/treesync_internal.h"
#include "util/cleanup.h"
#include "util/kernel.h"

#define RESOLVE (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV)

/* Directories get their times last: each name made in one changes them. */
struct late {
	char *path;
	struct timespec mtime;
};

struct apply {
	const struct treesync_source *from;
	int root;
	struct digest *digest;
	struct treesync_count count;
	unsigned char *record;
	size_t size; /* of the record */
	/* the regular file whose contents may follow */
	int file;
	struct treesync_form form;
	char *form_path, *form_xattrs;
	struct late *late;
	size_t late_count;
	struct err *e;
};

struct place {
	int dir;
	const char *name; /* in the path; "." for the root */
};

static int damaged(const struct apply *a, const char *what)
{
	err_set(a->e, ERR_SYSTEM, 0, "the stream of files is damaged: %s", what);
	return -EBADMSG;
}

static int failed(const struct apply *a, int r, const char *path)
{
	return err_set(a->e, ERR_SYSTEM, -r, "write '%.400s'", *path ? path : "/");
}

/* ---- reading ---- */

static int get(struct apply *a, void *buf, size_t size, bool counted)
{
	int r = a->from->read(a->from->data, buf, size, a->e);

	if (r < 0)
		return r;
	a->count.bytes += size;
	if (counted)
		digest_update(a->digest, buf, size);
	return 0;
}

/* The next record into a->record: its type, or -errno. */
static int next_record(struct apply *a)
{
	unsigned char head[TREESYNC_HEAD];
	int r = get(a, head, sizeof(head), true);

	if (r < 0)
		return r;
	a->size = treesync_get32(head + 4);
	if (head[1] || head[2] || head[3] || a->size > TREESYNC_RECORD_MAX)
		return damaged(a, "a record has an impossible length");
	r = get(a, a->record, a->size, head[0] != TREESYNC_END);
	return r < 0 ? r : head[0];
}

/* Relative, clean, of components that are names: as the other side writes them. */
static bool is_clean(const char *path, size_t size)
{
	size_t at = 0;

	if (size >= TREESYNC_PATH_MAX || memchr(path, '\0', size))
		return false;
	while (at < size) {
		const char *slash = memchr(path + at, '/', size - at);
		size_t len = slash ? (size_t)(slash - path) - at : size - at;

		if (!len || len > 255 || (len == 1 && path[at] == '.') ||
		    (len == 2 && path[at] == '.' && path[at + 1] == '.'))
			return false;
		at += len;
		if (slash && ++at == size)
			return false;
	}
	return true;
}

/* The entry in a->record. *ret_path and *ret_target are copies, for the caller to free. */
static int decode(struct apply *a, struct treesync_form *f, char **ret_path, char **ret_target)
{
	const unsigned char *p = a->record;
	size_t path, target, xattrs;

	if (a->size < TREESYNC_ENTRY_FIXED)
		return damaged(a, "an entry is too short");
	path = treesync_get32(p + 44);
	target = treesync_get32(p + 48);
	xattrs = treesync_get32(p + 52);
	if (path + target + xattrs != a->size - TREESYNC_ENTRY_FIXED)
		return damaged(a, "the lengths of an entry do not fit");
	*f = (struct treesync_form){
		.mode = treesync_get32(p),
		.uid = treesync_get32(p + 4),
		.gid = treesync_get32(p + 8),
		.major = treesync_get32(p + 12),
		.minor = treesync_get32(p + 16),
		.flags = treesync_get32(p + 20),
		.size = treesync_get64(p + 24),
		.mtime = (int64_t)treesync_get64(p + 32),
		.nanoseconds = treesync_get32(p + 40),
		.xattrs = (const char *)p + TREESYNC_ENTRY_FIXED + path + target,
		.path_size = path,
		.target_size = target,
		.xattrs_size = xattrs,
	};
	p += TREESYNC_ENTRY_FIXED;
	if (!is_clean((const char *)p, path) || f->nanoseconds >= 1000000000 ||
	    f->size > INT64_MAX || memchr(p + path, '\0', target) || target > TREESYNC_PATH_MAX)
		return damaged(a, "an entry has an impossible name, time or size");
	*ret_path = strndup((const char *)p, path);
	*ret_target = strndup((const char *)p + path, target);
	f->path = *ret_path;
	f->target = *ret_target;
	return *ret_path && *ret_target ? 0 : failed(a, -ENOMEM, "");
}

/* ---- places ---- */

static void close_place(const struct place *p)
{
	cleanup_close_fd(&p->dir);
}

/* The directory that @path is in. -ENOENT when there is none. */
static int open_parent(const struct apply *a, const char *path, struct place *ret)
{
	const char *slash = strrchr(path, '/');
	char parent[TREESYNC_PATH_MAX];

	(void)snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - path) : 1,
		       slash ? path : ".");
	ret->name = !*path ? "." : slash ? slash + 1 : path;
	ret->dir = kernel_openat2(a->root, parent, O_RDONLY | O_DIRECTORY, 0, RESOLVE);
	return ret->dir < 0 ? ret->dir : 0;
}

/* Whatever is there by this name and no directory, or is one and must not be. */
static int clear(const struct place *p)
{
	return tree_remove(p->dir, p->name);
}

/* ---- attributes ---- */

static bool is_listed(const char *list, size_t size, const char *name)
{
	size_t len = strlen(name);

	for (size_t at = 0; at + 8 <= size;) {
		size_t n = treesync_get32((const unsigned char *)list + at);
		size_t v = treesync_get32((const unsigned char *)list + at + 4);

		if (n > size - at - 8 || v > size - at - 8 - n)
			return false;
		if (n == len && memcmp(list + at + 8, name, n) == 0)
			return true;
		at += 8 + n + v;
	}
	return false;
}

/* Those of the file that the other side does not have. */
static int drop_xattrs(int fd, const struct treesync_form *f)
{
	cleanup_(layer_xattrs_free) struct layer_xattrs x = { 0 };
	int r = layer_xattrs_read(fd, &x);

	for (size_t i = 0; r == 0 && i < x.count; i++)
		if (!is_listed(f->xattrs, f->xattrs_size, x.items[i].name) &&
		    fremovexattr(fd, x.items[i].name) < 0 && errno != ENODATA)
			r = -errno;
	return r;
}

static int set_xattrs(const struct apply *a, int fd, const struct treesync_form *f)
{
	const char *list = f->xattrs;
	size_t at = 0;
	int r = drop_xattrs(fd, f);

	if (r < 0)
		return failed(a, r, f->path);
	while (at < f->xattrs_size) {
		char name[256];
		size_t n, v, left = f->xattrs_size - at;

		if (left < 8)
			return damaged(a, "attributes do not fit");
		n = treesync_get32((const unsigned char *)list + at);
		v = treesync_get32((const unsigned char *)list + at + 4);
		if (!n || n >= sizeof(name) || n > left - 8 || v > left - 8 - n ||
		    memchr(list + at + 8, '\0', n))
			return damaged(a, "attributes do not fit");
		(void)snprintf(name, sizeof(name), "%.*s", (int)n, list + at + 8);
		if (layer_xattr_kind(name) != LAYER_XATTR_KEPT)
			return damaged(a, "an attribute is none that is carried");
		if (fsetxattr(fd, name, list + at + 8 + n, v, 0) < 0)
			return err_set(a->e, ERR_SYSTEM, errno, "write '%s': attribute '%s'",
				       f->path, name);
		at += 8 + n + v;
	}
	return 0;
}

static struct timespec mtime_of(const struct treesync_form *f)
{
	return (struct timespec){ .tv_sec = f->mtime, .tv_nsec = (long)f->nanoseconds };
}

/* A change of owner takes away set-user-ID and capabilities, contents as well: they come before. */
static int set_attributes(const struct apply *a, int fd, const struct treesync_form *f, bool times)
{
	struct timespec both[2] = { mtime_of(f), mtime_of(f) };
	int r;

	if (fchown(fd, f->uid, f->gid) < 0 || fchmod(fd, f->mode & 07777) < 0)
		return failed(a, -errno, f->path);
	r = set_xattrs(a, fd, f);
	if (r < 0)
		return r;
	return times && futimens(fd, both) < 0 ? failed(a, -errno, f->path) : 0;
}

static int set_attributes_at(const struct apply *a, const struct place *p,
			     const struct treesync_form *f, bool mode)
{
	struct timespec both[2] = { mtime_of(f), mtime_of(f) };

	if (fchownat(p->dir, p->name, f->uid, f->gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (mode && fchmodat(p->dir, p->name, f->mode & 07777, 0) < 0) ||
	    utimensat(p->dir, p->name, both, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(a, -errno, f->path);
	return 0;
}

/* ---- entries ---- */

/* What follows are no contents any more: the file gets its attributes. */
static int finish_file(struct apply *a)
{
	cleanup_fd int fd = take_fd(&a->file);
	cleanup_free char *path = take_ptr(a->form_path), *xattrs = take_ptr(a->form_xattrs);

	if (fd < 0)
		return 0;
	a->form.path = path;
	a->form.xattrs = xattrs;
	return set_attributes(a, fd, &a->form, true);
}

static int apply_file(struct apply *a, const struct place *p, const struct treesync_form *f)
{
	int flags = O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, r = 0;
	struct stat st;

	if (f->flags & TREESYNC_WHOLE)
		r = clear(p);
	else if (fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return damaged(a, "it continues a file that is not there");
	if (r == 0)
		a->file =
			openat(p->dir, p->name,
			       f->flags & TREESYNC_WHOLE ? flags | O_CREAT | O_EXCL : flags, 0600);
	if (r < 0 || a->file < 0 || ftruncate(a->file, (off_t)f->size) < 0)
		return failed(a, r < 0 ? r : -errno, f->path);
	a->form = *f;
	a->form_path = strdup(f->path);
	a->form_xattrs = malloc(f->xattrs_size + 1);
	if (!a->form_path || !a->form_xattrs)
		return failed(a, -ENOMEM, f->path);
	memcpy(a->form_xattrs, f->xattrs, f->xattrs_size);
	return 0;
}

static int remember(struct apply *a, const struct treesync_form *f)
{
	if ((a->late_count & (a->late_count - 1)) == 0) {
		struct late *l =
			reallocarray(a->late, a->late_count ? a->late_count * 2 : 1, sizeof(*l));

		if (!l)
			return -ENOMEM;
		a->late = l;
	}
	a->late[a->late_count] = (struct late){ strdup(f->path), mtime_of(f) };
	return a->late[a->late_count].path ? (a->late_count++, 0) : -ENOMEM;
}

/* The mark is set or taken away: what is below shows or not. */
static int set_opaque(int fd, bool opaque)
{
	const struct tree_at at = { fd, "." };
	char name[64];

	if (opaque)
		return treeattr_overlay_set(&at, "opaque", "y");
	(void)snprintf(name, sizeof(name), "%sopaque", layer_overlay_prefix());
	return fremovexattr(fd, name) < 0 && errno != ENODATA && errno != ENOTSUP ? -errno : 0;
}

static int apply_directory(struct apply *a, const struct place *p, const struct treesync_form *f)
{
	cleanup_fd int fd = -EBADF;
	struct stat st;
	int r = 0;

	if (fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	if (r == 0 && !S_ISDIR(st.st_mode)) {
		r = clear(p);
		r = r == 0 ? -ENOENT : r;
	}
	if (r == -ENOENT)
		r = mkdirat(p->dir, p->name, 0700) < 0 ? -errno : 0;
	if (r == 0)
		r = fd = kernel_openat2(p->dir, p->name, O_RDONLY | O_DIRECTORY, 0, RESOLVE);
	if (r >= 0)
		r = set_opaque(fd, f->flags & TREESYNC_OPAQUE);
	if (r == 0)
		r = remember(a, f);
	return r < 0 ? failed(a, r, f->path) : set_attributes(a, fd, f, false);
}

static int apply_symlink(const struct apply *a, const struct place *p,
			 const struct treesync_form *f)
{
	int r;

	if (!f->target_size)
		return damaged(a, "a symbolic link has no target");
	r = clear(p);
	if (r == 0 && symlinkat(f->target, p->dir, p->name) < 0)
		r = -errno;
	return r < 0 ? failed(a, r, f->path) : set_attributes_at(a, p, f, false);
}

static int apply_special(const struct apply *a, const struct place *p,
			 const struct treesync_form *f)
{
	mode_t type = f->mode & S_IFMT;
	bool device = type == S_IFCHR || type == S_IFBLK;
	int r = clear(p);

	if (r == 0 &&
	    mknodat(p->dir, p->name, type | 0600, device ? makedev(f->major, f->minor) : 0) < 0)
		r = -errno;
	return r < 0 ? failed(a, r, f->path) : set_attributes_at(a, p, f, true);
}

static int apply_link(const struct apply *a, const struct place *p, const struct treesync_form *f)
{
	cleanup_(close_place) struct place to = { .dir = -EBADF };
	struct stat first, now;
	int r;

	if (!f->target_size || !is_clean(f->target, f->target_size))
		return damaged(a, "a link has an impossible target");
	r = open_parent(a, f->target, &to);
	if (r < 0 || fstatat(to.dir, to.name, &first, AT_SYMLINK_NOFOLLOW) < 0 ||
	    S_ISDIR(first.st_mode))
		return damaged(a, "a link to something that is not there");
	if (fstatat(p->dir, p->name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	    now.st_ino == first.st_ino && now.st_dev == first.st_dev)
		return 0;
	r = clear(p);
	if (r == 0 && linkat(to.dir, to.name, p->dir, p->name, 0) < 0)
		r = -errno;
	return r < 0 ? failed(a, r, f->path) : 0;
}

static int apply_kind(struct apply *a, const struct place *p, const struct treesync_form *f)
{
	if (f->path_size == 0 && !S_ISDIR(f->mode))
		return damaged(a, "the root is no directory");
	if (f->flags & TREESYNC_LINK)
		return apply_link(a, p, f);
	switch (f->mode & S_IFMT) {
	case S_IFREG: return apply_file(a, p, f);
	case S_IFDIR: return apply_directory(a, p, f);
	case S_IFLNK: return apply_symlink(a, p, f);
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK: return apply_special(a, p, f);
	default: return damaged(a, "an entry is of no known kind");
	}
}

static int apply_entry(struct apply *a)
{
	cleanup_free char *path = NULL, *target = NULL;
	cleanup_(close_place) struct place p = { .dir = -EBADF };
	struct treesync_form f;
	int r = decode(a, &f, &path, &target);

	if (r < 0)
		return r;
	a->count.files++;
	r = open_parent(a, path, &p);
	return r < 0 ? failed(a, r, path) : apply_kind(a, &p, &f);
}

static int apply_gone(struct apply *a)
{
	cleanup_(close_place) struct place p = { .dir = -EBADF };
	cleanup_free char *path = NULL;
	int r;

	if (!a->size || !is_clean((const char *)a->record, a->size))
		return damaged(a, "an impossible name is gone");
	path = strndup((const char *)a->record, a->size);
	if (!path)
		return failed(a, -ENOMEM, "");
	a->count.files++;
	r = open_parent(a, path, &p);
	if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP)
		return 0; /* gone with its directory */
	if (r == 0)
		r = clear(&p);
	return r < 0 ? failed(a, r, path) : 0;
}

/* ---- contents ---- */

static int write_at(int fd, const unsigned char *bytes, size_t size, uint64_t offset)
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

static int apply_data(struct apply *a)
{
	uint64_t at;
	int r;

	if (a->file < 0 || a->size < 8)
		return damaged(a, "contents of nothing");
	at = treesync_get64(a->record);
	if (at > a->form.size || a->size - 8 > a->form.size - at)
		return damaged(a, "contents behind the end of a file");
	a->count.contents += a->size - 8;
	r = write_at(a->file, a->record + 8, a->size - 8, at);
	return r < 0 ? failed(a, r, a->form_path) : 0;
}

static int apply_hole(struct apply *a)
{
	static const unsigned char zeroes[4096];
	uint64_t at, size;
	int r = 0;

	if (a->file < 0 || a->size != 16)
		return damaged(a, "a hole in nothing");
	at = treesync_get64(a->record);
	size = treesync_get64(a->record + 8);
	if (at > a->form.size || size > a->form.size - at)
		return damaged(a, "a hole behind the end of a file");
	if (size == 0 || fallocate(a->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at,
				   (off_t)size) == 0)
		return 0;
	/* a filesystem without holes */
	for (uint64_t done = 0; r == 0 && done < size; done += sizeof(zeroes))
		r = write_at(a->file, zeroes,
			     size - done < sizeof(zeroes) ? (size_t)(size - done) : sizeof(zeroes),
			     at + done);
	return r < 0 ? failed(a, r, a->form_path) : 0;
}

/* ---- all of it ---- */

static int finish_directories(struct apply *a)
{
	for (size_t i = 0; i < a->late_count; i++) {
		const struct late *l = &a->late[i];
		cleanup_fd int fd = kernel_openat2(a->root, *l->path ? l->path : ".",
						   O_RDONLY | O_DIRECTORY, 0, RESOLVE);
		struct timespec both[2] = { l->mtime, l->mtime };

		if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
			continue; /* replaced, or gone, later in the stream */
		if (fd < 0 || futimens(fd, both) < 0)
			return failed(a, fd < 0 ? fd : -errno, l->path);
	}
	return 0;
}

static int check_end(struct apply *a)
{
	char text[DIGEST_TEXT];

	if (a->size != 32)
		return damaged(a, "its end is too short");
	digest_finish(a->digest, text);
	for (size_t i = 0; i < 32; i++) {
		char pair[3];

		(void)snprintf(pair, sizeof(pair), "%02x", a->record[i]);
		if (memcmp(pair, text + 7 + 2 * i, 2) != 0)
			return damaged(a, "its digest is another");
	}
	return 0;
}

/* 1: that was the end. */
static int apply_record(struct apply *a, int type)
{
	int r = 0;

	if (type == TREESYNC_DATA)
		return apply_data(a);
	if (type == TREESYNC_HOLE)
		return apply_hole(a);
	r = finish_file(a);
	if (r < 0)
		return r;
	switch (type) {
	case TREESYNC_ENTRY: return apply_entry(a);
	case TREESYNC_GONE: return apply_gone(a);
	case TREESYNC_END: r = check_end(a); return r < 0 ? r : 1;
	default: return damaged(a, "a record of no known type");
	}
}

static void end_apply(struct apply *a)
{
	close_fd(&a->file);
	free(a->form_path);
	free(a->form_xattrs);
	for (size_t i = 0; i < a->late_count; i++)
		free(a->late[i].path);
	free(a->late);
	free(a->record);
	digest_free(a->digest);
}

int treesync_apply(const struct treesync_source *from, int dir, struct treesync_count *ret,
		   struct err *e)
{
	cleanup_(end_apply) struct apply a = { .from = from, .root = dir, .file = -EBADF, .e = e };
	char magic[8];
	int r = digest_new(&a.digest, e);

	a.record = malloc(TREESYNC_RECORD_MAX);
	if (r == 0 && !a.record)
		r = failed(&a, -ENOMEM, "");
	if (r == 0)
		r = get(&a, magic, sizeof(magic), true);
	if (r == 0 && memcmp(magic, TREESYNC_MAGIC, sizeof(magic)) != 0)
		r = damaged(&a, "it begins with something else");
	while (r == 0) {
		r = next_record(&a);
		if (r >= 0)
			r = apply_record(&a, r);
	}
	if (r == 1)
		r = finish_directories(&a);
	if (r == 0 && ret)
		*ret = a.count;
	return r;
}

static int read_fd(void *data, void *buf, size_t size, struct err *e)
{
	const int *fd = data;
	char *p = buf;

	while (size) {
		ssize_t n = read(*fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, ERR_SYSTEM, errno, "read a stream of files");
		if (n == 0)
			return err_set(e, ERR_SYSTEM, EPIPE, "a stream of files ends too early");
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

int treesync_apply_fd(int fd, int dir, struct treesync_count *ret, struct err *e)
{
	const struct treesync_source from = { read_fd, &fd };

	return treesync_apply(&from, dir, ret, e);
}
