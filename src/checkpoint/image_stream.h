/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A directory of images on its way to another host: regular files of the names that CRIU gives, and nothing else
 * (security.md C3). Which directory comes before it is not told by the files: who receives knows the order.
 */
#ifndef CTR_CHECKPOINT_IMAGE_STREAM_H
#define CTR_CHECKPOINT_IMAGE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "checkpoint/wire.h"
#include "util/err.h"

/* "core-1.img", "descriptors.json": does it belong to the images? Logs and statistics do not. Pure. */
bool image_stream_name_is_valid(const char *name);

struct image_stream_progress {
	void (*fn)(void *data, uint64_t bytes); /* sent of this directory so far; or NULL */
	void *data;
};

/*
 * Send the directory @dir as round @round. @release: its pages are needed here no more than as the place of holes, so
 * that their blocks are given back as they go. *ret_bytes: of all files.
 */
int image_stream_send(struct wire *w, int dir, unsigned round, bool release,
		      const struct image_stream_progress *p, uint64_t *ret_bytes, struct err *e);

/*
 * What follows a message ROUND, up to ROUND_END, into the empty directory @dir. -EBADMSG: a name or size that is not
 * allowed; -ENOSPC: more than @max bytes.
 */
int image_stream_receive(struct wire *w, int dir, uint64_t max, uint64_t *ret_bytes, struct err *e);

/* The number in a message ROUND. */
int image_stream_round(const struct wire_message *m, unsigned *ret, struct err *e);

/* The directory @dir continues its sibling @before (a number): CRIU's symbolic link "parent". */
int image_stream_link_parent(int dir, unsigned before, struct err *e);

#endif
