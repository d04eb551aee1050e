/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One digest of what a tree looks like, to find out whether two hosts have the same one. */
#ifndef CTR_ROOTFS_TREESHAPE_H
#define CTR_ROOTFS_TREESHAPE_H

#include <stdbool.h>

#include "util/digest.h"
#include "util/err.h"

/*
 * Of names, kinds, modes, owners, sizes, targets of links and numbers of devices below @dir; with @contents of what is
 * in the files, too. Not of times: copies that were made at different times are the same. Nobody writes meanwhile.
 */
int treeshape(int dir, bool contents, char ret[DIGEST_TEXT], struct err *e);

#endif
