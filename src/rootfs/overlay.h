/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An overlay of directories as a mount that is attached nowhere: the root filesystem of a container with
 * layers, and the views of snapshots that are compared or exported. Knows nothing of where layers are
 * kept (rootfs/layers.h).
 */
#ifndef CTR_ROOTFS_OVERLAY_H
#define CTR_ROOTFS_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "util/err.h"

/* The directories that are merged. Owns the descriptors (O_PATH or better, of directories). */
struct overlay_stack {
	int *lowers; /* the uppermost first, as in overlayfs' lowerdir; at least one */
	size_t count;
	int upper, work; /* of one filesystem; -EBADF: a view that nobody writes to */
};

#define OVERLAY_STACK_EMPTY                                                                        \
	{                                                                                          \
		.upper = -EBADF, .work = -EBADF                                                    \
	}

void overlay_stack_close(struct overlay_stack *s);

#endif
