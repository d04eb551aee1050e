/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory in CRIU's incremental images: the pages that a dump left to the images before it are brought together with its
 * own, so that it needs those no more (pagemap-ID.img says which pages pages-N.img holds, in their order).
 */
#ifndef CTR_CHECKPOINT_PAGES_MERGE_H
#define CTR_CHECKPOINT_PAGES_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"

/*
 * Fill the empty directory @out with images that mean the same as those in @images together with those that they build on
 * (the link "parent", and so on), but build on nothing: pages are copied (shared, where the filesystem can), all other
 * files are further names of those in @images. Not flushed to the disk. *ret_bytes: of pages. -EBADMSG: damaged,
 * or a page is in none of them.
 */
int pages_merge(int images, int out, uint64_t *ret_bytes, struct err *e);

#endif
