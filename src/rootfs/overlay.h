/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An overlay of directories as a mount that is attached nowhere: the root filesystem of a container with
 * layers, and the views of snapshots that are compared or exported. Knows nothing of where layers are
 * kept (rootfs/layers.h).
 *
 * How layers are merged is chosen so that each of them stays complete in itself: one that is exported, or
 * becomes the lower layer of another container, must mean the same there.
 *
 *   redirect_dir=nofollow  a directory that is renamed is copied (EXDEV, which mv(1) answers by copying); no
 *                          layer refers to names of another, and what a layer says about others is ignored
 *   metacopy=off           no files without their contents
 *   index=off              a file of a lower layer that has several names is copied up by the name that is
 *                          written to; the others keep what they had. An index would be part of the work
 *                          directory, and be missing wherever the layer goes. Links made in the container stay.
 *   nfs_export=off         needs the index
 *   xino=auto              one st_dev for all files: rm, find -xdev and tar see one filesystem
 *   userxattr              only for callers in a user namespace, who may not set trusted.*
 *   volatile               never: upper directories on disk must survive a power cut, a tmpfs gains nothing
 *   nodev, nosuid, noexec  as of any root filesystem, no: devices are the business of the device rules
 *
 * What is mounted below a layer's directory is not part of the layer.
 */
#ifndef CTR_ROOTFS_OVERLAY_H
#define CTR_ROOTFS_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

/* The directories that are merged. Owns the descriptors (O_PATH or better, of directories). */
struct overlay_stack {
	int *lowers; /* the uppermost first, as in overlayfs' lowerdir; at least one */
	size_t count;
	int upper, work; /* siblings in one directory; -EBADF: a view that nobody writes to */
};

#define OVERLAY_STACK_EMPTY                                                                        \
	{                                                                                          \
		.upper = -EBADF, .work = -EBADF                                                    \
	}

void overlay_stack_close(struct overlay_stack *s);

/* Open @dirs, the uppermost first, as a stack without upper. -ENOENT and so on with the directory. */
int overlay_stack_open(const char *const *dirs, size_t count, struct overlay_stack *ret,
		       struct err *e);

struct overlay_how {
	/*
	 * The layers and the upper directory hold the ids of this user namespace: they are mounted with its
	 * maps before they are merged (mount_setattr(2); overlayfs takes such mounts from Linux 5.19 on).
	 * -EBADF: as they are.
	 */
	int userns;
	/* Somebody who exists in it, on the host and inside: overlayfs works as that one, who gets the work directory. */
	uint32_t uid, gid, inner_uid, inner_gid;
	bool scratch; /* the upper is on a tmpfs of its own and ends with the mount; s->upper is empty */
	const char *size;  /* of that tmpfs, as its option; NULL: its default */
	const char *label; /* SELinux label of all files, or NULL */
};

#define OVERLAY_HOW_PLAIN                                                                          \
	{                                                                                          \
		.userns = -EBADF                                                                   \
	}

/*
 * Merge the directories of @s: *ret_mount is a detached mount that belongs to the caller, read-only without an
 * upper. Nothing appears in the mount table of the caller's namespace. Runs in the host's user namespace, with
 * CAP_SYS_ADMIN; util/overlayfs.h says how. Errors name the layer that is to blame: -EOPNOTSUPP for an upper
 * on a filesystem that cannot hold one, -ELOOP for layers that lie inside of each other.
 */
int overlay_mount(const struct overlay_stack *s, const struct overlay_how *how, int *ret_mount,
		  struct err *e);

/* For a caller in a user namespace, whose ctr-init mounts the overlay (operation overlay of the plan). */
struct overlay_late {
	char **lowers;	 /* absolute paths in the caller's view, the uppermost first */
	char *writable;	 /* the directory that holds upper and work; NULL: a tmpfs */
	char *options;	 /* all but lowerdir */
	uint64_t *files; /* device and inode of each, in that order, writable last */
	size_t count;	 /* of lowers */
};

int overlay_late_make(const struct overlay_stack *s, const struct overlay_how *how,
		      struct overlay_late *ret, struct err *e);
void overlay_late_free(struct overlay_late *l);

/*
 * The options besides lowerdir, with @upper and @work as names in OVERLAYFS_WRITABLE (NULL: a view). Pure.
 * -EINVAL for a label that cannot be written in them.
 */
int overlay_options(const char *upper, const char *work, bool userxattr, const char *label,
		    char *buf, size_t size, struct err *e);

#endif
