/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which images the kernel's memory of changes (soft-dirty bits, proc_pid_pagemap(5)) is about. There is one such
 * memory for a process, and each dump that uses it begins it anew: images that build on others than
 * those of the last such dump would lack what changed between the two. So the container's record has a mark of the
 * last one, and the images have it as well.
 */
#ifndef CTR_CHECKPOINT_TRACKING_H
#define CTR_CHECKPOINT_TRACKING_H

#include "container/container.h"
#include "util/err.h"

#define TRACKING_FILE "tracking"

/*
 * May a dump of @c build on the images @parent, relative to the directory @images? -ESTALE when changes have been
 * counted anew since, -ENOENT when it is not there.
 */
int tracking_check(const struct container *c, int images, const char *parent, struct err *e);

/*
 * Before a dump that begins to count anew: whatever there was, nothing can build on it any more. The
 * record is saved.
 */
int tracking_begin(struct container *c, struct err *e);

/* It has succeeded: @images are what the next one may build on. */
int tracking_note(const struct container *c, int images, struct err *e);

#endif
