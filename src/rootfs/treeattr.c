// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See treeattr.h. Attributes are reached by /proc/self/fd/DIR/NAME with the calls that do not follow NAME:
 * descriptors of links and devices would not do, and sockets cannot be opened at all.
 */
#include "rootfs/treeattr.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "rootfs/layer_form.h"
#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	PATH_SIZE = sizeof("/proc/self/fd/-2147483648/") + NAME_MAX
};

static const char *const overlay_prefixes[] = { "trusted.overlay.", "user.overlay." };

bool treeattr_is_overlay(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(overlay_prefixes); i++)
		if (strncmp(name, overlay_prefixes[i], strlen(overlay_prefixes[i])) == 0)
			return true;
	return false;
}

static void path_of(const struct tree_at *at, char path[PATH_SIZE])
{
	(void)snprintf(path, PATH_SIZE, "/proc/self/fd/%d/%s", at->dir, at->name);
}

/* The names, each with its NUL. 0 bytes where there are no attributes at all. */
static ssize_t list(const char *path, char **ret)
{
	cleanup_free char *names = NULL;
	ssize_t n = -ERANGE;

	/* the list may have grown between the two calls */
	for (int tries = 0; n == -ERANGE && tries < 8; tries++) {
		n = llistxattr(path, NULL, 0);
		if (n < 0)
			return errno == EOPNOTSUPP ? 0 : -errno;
		if (n == 0)
			return 0;
		free(names);
		names = malloc((size_t)n);
		if (!names)
			return -ENOMEM;
		n = llistxattr(path, names, (size_t)n);
		if (n < 0)
			n = -errno;
	}
	if (n >= 0)
		*ret = take_ptr(names);
	return n;
}

static int copy_one(const char *from, const char *to, const char *name, char *value)
{
	ssize_t n = lgetxattr(from, name, value, XATTR_SIZE_MAX);

	if (n < 0)
		return errno == ENODATA ? 0 : -errno;
	return lsetxattr(to, name, value, (size_t)n, 0) < 0 ? -errno : 0;
}

static bool may_lose(int r, unsigned flags)
{
	return flags & TREEATTR_LOSSY && (r == -EOPNOTSUPP || r == -EPERM || r == -EINVAL);
}

static int copy_xattrs(const struct tree_at *from, const struct tree_at *to, unsigned flags)
{
	cleanup_free char *names = NULL, *value = NULL;
	char source[PATH_SIZE], target[PATH_SIZE];
	ssize_t len;
	int r = 0;

	path_of(from, source);
	path_of(to, target);
	len = list(source, &names);
	if (len <= 0)
		return (int)len;
	value = malloc(XATTR_SIZE_MAX);
	if (!value)
		return -ENOMEM;
	for (const char *name = names; r == 0 && name < names + len; name += strlen(name) + 1) {
		if (flags & TREEATTR_NO_OVERLAY && treeattr_is_overlay(name))
			continue;
		r = copy_one(source, target, name, value);
		if (may_lose(r, flags))
			r = 0;
	}
	return r;
}

int treeattr_copy(const struct tree_at *from, const struct stat *st, const struct tree_at *to,
		  unsigned flags)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	int r;

	if (fchownat(to->dir, to->name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	/* links have no mode of their own */
	if (!S_ISLNK(st->st_mode) && fchmodat(to->dir, to->name, st->st_mode & 07777, 0) < 0)
		return -errno;
	r = copy_xattrs(from, to, flags);
	if (r == 0 && utimensat(to->dir, to->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	return r;
}

/* Only the prefix that overlays of ours have: a container can set attributes with the other one. */
static void overlay_name(const char *name, char full[64])
{
	(void)snprintf(full, 64, "%s%s", layer_overlay_prefix(), name);
}

ssize_t treeattr_overlay_get(const struct tree_at *at, const char *name, char *buf, size_t size)
{
	char path[PATH_SIZE], full[64];
	ssize_t n;

	path_of(at, path);
	overlay_name(name, full);
	n = lgetxattr(path, full, buf, size);
	if (n >= 0)
		return n;
	return errno == EOPNOTSUPP ? -ENODATA : -errno;
}

int treeattr_overlay_set(const struct tree_at *at, const char *name, const char *value)
{
	char path[PATH_SIZE], full[64];

	path_of(at, path);
	overlay_name(name, full);
	return lsetxattr(path, full, value, strlen(value), 0) < 0 ? -errno : 0;
}
