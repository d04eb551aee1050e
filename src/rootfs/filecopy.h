/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The contents of one regular file: shared where the filesystem can, else copied, holes left out. */
#ifndef CTR_ROOTFS_FILECOPY_H
#define CTR_ROOTFS_FILECOPY_H

#include "rootfs/treecopy.h"

/*
 * Fill the empty file @to with what is in @from. Counts into @c, and calls its tick. Clears c->reflink when
 * the filesystem turns out not to share after all. 0, -errno, or what tick said.
 */
int filecopy(struct treecopy *c, int from, int to);

#endif
