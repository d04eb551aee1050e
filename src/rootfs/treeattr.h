/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a file is besides its contents: owner, mode, extended attributes, times. Entries are a directory's
 * descriptor and one name in it ("." is the directory itself), which is never followed.
 */
#ifndef CTR_ROOTFS_TREEATTR_H
#define CTR_ROOTFS_TREEATTR_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

struct tree_at {
	int dir;
	const char *name;
};

enum treeattr_flags {
	TREEATTR_NO_OVERLAY = 1, /* without overlayfs' own attributes: opaque, origin and so on */
	TREEATTR_LOSSY = 2, /* what this filesystem cannot hold is left out (a root directory's) */
};

/*
 * Give @to the owner, the mode, all extended attributes and the times of @from, whose status is @st. In
 * this order: a change of owner takes away the setuid bit and security.capability. Attributes that @to
 * already has are left. Needs /proc. 0 or -errno.
 */
int treeattr_copy(const struct tree_at *from, const struct stat *st, const struct tree_at *to,
		  unsigned flags);

/* An attribute of overlayfs, as root (trusted.overlay.) or another (user.overlay.) has written it. */
bool treeattr_is_overlay(const char *name);

/*
 * The value of overlayfs' attribute @name ("opaque", "redirect", ...) into @buf: its length, -ENODATA when
 * there is none, -errno.
 */
ssize_t treeattr_overlay_get(const struct tree_at *at, const char *name, char *buf, size_t size);

/* Give it that attribute. 0 or -errno. */
int treeattr_overlay_set(const struct tree_at *at, const char *name, const char *value);

/* Is it the mark that says "there is nothing of this name"? */
static inline bool treeattr_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

#endif
