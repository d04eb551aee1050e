/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why directories cannot be merged, in words: the kernel has one errno for much, and says more in its log. */
#ifndef CTR_ROOTFS_OVERLAY_CHECK_H
#define CTR_ROOTFS_OVERLAY_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "rootfs/overlay.h"
#include "util/err.h"

/*
 * Can the filesystem of the directory @upper hold an upper directory? It must be able to rename with a
 * whiteout and have trusted.* extended attributes, or user.* ones (@userxattr) for callers in a user
 * namespace. Tries the latter, on @upper. -EOPNOTSUPP with the filesystem and what to do.
 */
int overlay_check_upper(int upper, bool userxattr, struct err *e);

/*
 * Two of the directories that are the same, or one inside of the other: -ELOOP with both. 0: none. The kernel
 * takes an upper directory inside of a lower one: with @upper_only that is what is looked for.
 */
int overlay_find_overlap(const struct overlay_stack *s, bool upper_only, struct err *e);

/* The path of a directory, for messages; "?" when it cannot be told. */
void overlay_dir_name(int fd, char *buf, size_t size);

#endif
