/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mounts of a container that are not its own: trees of the host (bind mounts, host's device nodes, the notify
 * socket) and the masks, whose source is nowhere to be found inside. CRIU saves a name instead, and is given
 * the source again under that name at restore. The name is the path as the plan has it. Pure.
 */
#ifndef CTR_CHECKPOINT_EXTERNAL_H
#define CTR_CHECKPOINT_EXTERNAL_H

#include "plan/plan.h"

enum external_kind {
	EXTERNAL_TREE, /* what the register @reg holds is attached at @path */
	EXTERNAL_MASK, /* an empty file or an empty directory, if there is something to mask */
};

struct external {
	enum external_kind kind;
	const char *path; /* in the container, absolute; symlinks in it are not resolved */
	uint64_t reg;
	uint64_t flags; /* enum plan_mount_flags */
};

struct externals {
	OCI_ARRAY(struct external) items;
};

/*
 * Masks are many, and what they show is one empty directory and one empty file: the names of these. Which of them
 * hides a path stands in /proc/PID/mountinfo, as the root of the mount: "/dir" or "/file".
 */
#define EXTERNAL_MASK_DIR  "mask-dir"
#define EXTERNAL_MASK_FILE "mask-file"

/* All of @p, in its order; strings are those of @p, the list lives in @a. 0 or -ENOMEM. */
int external_list(const struct plan *p, struct arena *a, struct externals *ret);

#endif
