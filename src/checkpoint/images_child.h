/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A place to understand bytes of strangers in: a child that has lost its privileges, its files and nearly all system
 * calls. What it finds comes back in memory that is shared with it, of one fixed form, and is looked at when it
 * has ended.
 */
#ifndef CTR_CHECKPOINT_IMAGES_CHILD_H
#define CTR_CHECKPOINT_IMAGES_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "checkpoint/images.h"
#include "util/err.h"

struct images_answer {
	bool done;  /* the work came to its end */
	int result; /* of it: 0 or a negative errno, with its story in @err */
	struct err err;
	struct images_summary summary;
};

/*
 * Run @work in such a child: it has the memory of the caller as it is now, and can read from the descriptors
 * @keep (@count). Libraries that it needs must have been loaded. @ret is filled, its texts are terminated and printable.
 * -EBADMSG when it dies: what it read has broken it.
 */
int images_confined(void (*work)(void *data, struct images_answer *answer), void *data,
		    const int *keep, size_t count, struct images_answer *ret, struct err *e);

#endif
