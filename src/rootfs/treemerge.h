/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two layers, one upon the other, as one: what overlayfs would show of both over the layers beneath stays
 * the same. Files are linked, not copied: both layers are to be given up for the new one.
 */
#ifndef CTR_ROOTFS_TREEMERGE_H
#define CTR_ROOTFS_TREEMERGE_H

#include <stddef.h>

#include "util/err.h"

/*
 * Merge the tree @upper over the tree @lower into the empty directory @out, all of one filesystem; @beneath:
 * the @count layers that lie under both, uppermost first. Not flushed to the disk. -EOPNOTSUPP when a layer has
 * renamed directories or files without contents (redirect_dir, metacopy), which ctr never asks for.
 */
int tree_merge(int lower, int upper, int out, const int *beneath, size_t count, struct err *e);

#endif
