/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What overlayfs writes into a layer to say that something of the layers below is gone or covered
 * (Documentation/filesystems/overlayfs.rst), and which extended attributes belong to a file rather
 * than to overlayfs or to the host. For all who read layers without mounting them.
 */
#ifndef CTR_ROOTFS_LAYER_FORM_H
#define CTR_ROOTFS_LAYER_FORM_H

#include <stdbool.h>
#include <sys/stat.h>

#include "rootfs/tar.h"
#include "util/err.h"

/* A character device 0:0: the name does not exist any more. */
static inline bool layer_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

/* "trusted.overlay." or "user.overlay.": what attributes of overlayfs begin with, for overlays that we mount. */
const char *layer_overlay_prefix(void);

/* Does the directory @fd (readable) hide those of the layers below? 1, 0, or -errno: that is not "no". */
int layer_is_opaque(int fd);

/*
 * Does the file or directory @fd refer to others of lower layers by name ("redirect", "metacopy")? ctr mounts
 * overlays such that this never comes about; such a layer means nothing without its lowers. 1, 0, or -errno.
 */
int layer_is_indirect(int fd);

enum layer_xattr {
	LAYER_XATTR_KEPT,    /* user.*, security.capability, POSIX ACLs: carried with the file */
	LAYER_XATTR_OVERLAY, /* trusted.overlay.*, user.overlay.*: never carried */
	LAYER_XATTR_OTHER,   /* labels of the host's security modules and the like: left behind */
};

enum layer_xattr layer_xattr_kind(const char *name);

/* A list of attributes, sorted by name. */
struct layer_xattrs {
	struct tar_xattr *items;
	size_t count;
	bool others; /* there were some of LAYER_XATTR_OTHER, trusted.* or unknown ones; labels do not count */
};

/* The kept ones of the file @fd. 0 or -errno; a filesystem without attributes: none. */
int layer_xattrs_read(int fd, struct layer_xattrs *ret);
bool layer_xattrs_equal(const struct layer_xattrs *a, const struct layer_xattrs *b);
void layer_xattrs_free(struct layer_xattrs *x);

/* The names in the directory @fd (readable, its offset is used), without "." and "..", sorted by bytes. */
struct layer_names {
	char **items;
	size_t count;
};

int layer_names_read(int fd, struct layer_names *ret);
void layer_names_free(struct layer_names *n);

#endif
