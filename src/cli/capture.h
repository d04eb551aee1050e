/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking a snapshot of a container in whatever state it is: what `ctr snapshot create` and `ctr clone` share. */
#ifndef CTR_CLI_CAPTURE_H
#define CTR_CLI_CAPTURE_H

#include "cli/layered.h"

struct capture_result {
	const char *name; /* lives as long as the layers */
	enum snapshot_method method;
	uint64_t bytes, files, frozen_ns; /* unless the method is SNAPSHOT_RENAME */
};

/*
 * @x is open, and loses the lock of the container, so that a copy may take its time. Signals that end ctr
 * are held back from here on: the container is thawed first, and nothing of a copy is left. @word: of
 * progress_init.
 */
int capture_snapshot(struct layered *x, const struct snapshot_naming *how, const char *word,
		     struct capture_result *ret, struct err *e);

/* "copied 1.5M in 20 files, frozen for 3.1 ms"; "" for SNAPSHOT_RENAME. */
const char *capture_text(const struct capture_result *r, char *buf, size_t size);

/* The same as members of an object. */
void capture_members(struct json_out *o, const struct capture_result *r);

#endif
