// SPDX-License-Identifier: GPL-2.0-or-later
/* See overlay_check.h. */
#include "rootfs/overlay_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <linux/magic.h>

#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	MAX_DEPTH = 256,
};

#define ADVICE "name a directory on ext4, XFS, btrfs or tmpfs with --data-root, or use --ephemeral"

#ifndef CIFS_SUPER_MAGIC
#define CIFS_SUPER_MAGIC 0xFF534D42
#endif
#ifndef SMB2_SUPER_MAGIC
#define SMB2_SUPER_MAGIC 0xFE534D42
#endif
#ifndef FUSE_SUPER_MAGIC
#define FUSE_SUPER_MAGIC 0x65735546
#endif
#ifndef EXFAT_SUPER_MAGIC
#define EXFAT_SUPER_MAGIC 0x2011BAB0
#endif

/* What the kernel refuses (ovl_dentry_remote and ovl_dentry_weird), or takes and cannot keep. */
static const struct {
	uint32_t magic;
	const char *name;
} unsuitable[] = {
	{ OVERLAYFS_SUPER_MAGIC, "overlayfs" },
	{ MSDOS_SUPER_MAGIC, "vfat" },
	{ EXFAT_SUPER_MAGIC, "exfat" },
	{ NFS_SUPER_MAGIC, "NFS" },
	{ SMB_SUPER_MAGIC, "SMB" },
	{ CIFS_SUPER_MAGIC, "SMB" },
	{ SMB2_SUPER_MAGIC, "SMB" },
	{ V9FS_MAGIC, "9p" },
	{ AFS_SUPER_MAGIC, "AFS" },
	{ CEPH_SUPER_MAGIC, "Ceph" },
};

void overlay_dir_name(int fd, char *buf, size_t size)
{
	char link[64];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, buf, size - 1);
	if (n <= 0)
		(void)snprintf(buf, size, "?");
	else
		buf[n] = '\0';
}

/* An O_PATH descriptor takes no attributes: by another one. */
static int try_xattr(int dir, const char *name)
{
	cleanup_fd int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsetxattr(fd, name, "y", 1, 0) < 0)
		return -errno;
	(void)fremovexattr(fd, name); /* it means nothing to anybody */
	return 0;
}

int overlay_check_upper(int upper, bool userxattr, struct err *e)
{
	const char *xattr = userxattr ? "user.overlay.ctr" : "trusted.overlay.ctr";
	char name[512];
	struct statfs fs;
	int r;

	if (fstatfs(upper, &fs) < 0)
		return err_set(e, ERR_SYSTEM, errno, "look at the upper directory");
	overlay_dir_name(upper, name, sizeof(name));
	for (size_t i = 0; i < ARRAY_SIZE(unsuitable); i++) {
		if ((uint32_t)fs.f_type != unsuitable[i].magic)
			continue;
		err_set(e, ERR_UNSUPPORTED, 0,
			"the writable layer '%s' is on %s, which cannot hold one", name,
			unsuitable[i].name);
		err_hint(e, ADVICE);
		return -EOPNOTSUPP;
	}
	r = try_xattr(upper, xattr);
	if (r != -EOPNOTSUPP)
		return r < 0 ? err_set(e, ERR_SYSTEM, -r, "set an attribute of '%s'", name) : 0;
	err_set(e, ERR_UNSUPPORTED, 0,
		"the writable layer '%s' is on a filesystem without %s extended attributes", name,
		userxattr ? "user" : "trusted");
	err_hint(e, ADVICE);
	return -EOPNOTSUPP;
}

/* Of all directories of the stack, in one row: lowers, upper, work. */
static int dir_at(const struct overlay_stack *s, size_t i)
{
	return i < s->count ? s->lowers[i] : i == s->count ? s->upper : s->work;
}

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static int overlap(int inner, int outer, bool equal, struct err *e)
{
	char in[400], out[400];

	overlay_dir_name(inner, in, sizeof(in));
	overlay_dir_name(outer, out, sizeof(out));
	if (equal) {
		err_set(e, ERR_USAGE, 0, "the layer '%s' is there twice", in);
		err_hint(e, "name each directory once");
	} else {
		err_set(e, ERR_USAGE, 0, "the layer '%s' is inside of the layer '%s'", in, out);
		err_hint(e, "layers must not contain each other: name another directory, or keep "
			    "the data elsewhere with --data-root");
	}
	return -ELOOP;
}

/* @st is a directory on the way up from the one at @index: is it another one of the stack? */
static int compare(const struct overlay_stack *s, const struct stat *all, size_t index,
		   const struct stat *st, bool start, struct err *e)
{
	for (size_t i = 0; i < s->count + 2; i++)
		if (i != index && dir_at(s, i) >= 0 && same(st, &all[i]))
			return overlap(dir_at(s, index), dir_at(s, i), start, e);
	return 0;
}

static int climb(const struct overlay_stack *s, const struct stat *all, size_t index, struct err *e)
{
	cleanup_fd int at = fcntl(dir_at(s, index), F_DUPFD_CLOEXEC, 3);
	struct stat here, before = { 0 };
	int r = 0;

	for (int depth = 0; r == 0 && depth < MAX_DEPTH; depth++) {
		int up;

		if (at < 0 || fstat(at, &here) < 0 || (depth && same(&here, &before)))
			break;
		r = compare(s, all, index, &here, depth == 0, e);
		before = here;
		up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close_fd(&at);
		at = up;
	}
	return r;
}

int overlay_find_overlap(const struct overlay_stack *s, bool upper_only, struct err *e)
{
	cleanup_free struct stat *all = calloc(s->count + 2, sizeof(*all));
	int r = 0;

	if (!all)
		return err_set(e, ERR_SYSTEM, ENOMEM, "look at the layers");
	for (size_t i = 0; i < s->count + 2; i++)
		if (dir_at(s, i) >= 0 && fstat(dir_at(s, i), &all[i]) < 0)
			return err_set(e, ERR_SYSTEM, errno, "look at the layers");
	for (size_t i = upper_only ? s->count : 0; r == 0 && i < s->count + 2; i++)
		if (dir_at(s, i) >= 0)
			r = climb(s, all, i, e);
	return r;
}
