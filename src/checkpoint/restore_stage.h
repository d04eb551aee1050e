/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where CRIU finds what a restored container mounts: a tmpfs that stands, in CRIU's mount namespace alone, over /tmp,
 * with the root, one entry for each tree of the host and each cgroup filesystem that is mounted in it, and the masks. All of them are copies of mounts that were opened by what config.json
 * says (container/sources.c); nothing comes from the images, and nothing is mounted on the host.
 */
#ifndef CTR_CHECKPOINT_RESTORE_STAGE_H
#define CTR_CHECKPOINT_RESTORE_STAGE_H

#include <sys/types.h>

#include "checkpoint/external.h"
#include "container/container.h"
#include "util/err.h"

/*
 * Everybody may pass there, also root of a user namespace; criu makes its own directory beside ours. What the host
 * has there is reached by descriptors alone.
 */
#define RESTORE_STAGE_MOUNT "/tmp"
#define RESTORE_STAGE_DIR   "ctr"
#define RESTORE_STAGE	    RESTORE_STAGE_MOUNT "/" RESTORE_STAGE_DIR
#define RESTORE_ROOT	    "root"
#define RESTORE_MASKS	    "masks"

/* What CRIU calls a mount, and where it finds it now. */
struct restore_mount {
	const char *name, *source;
};

struct restore_stage {
	const struct container *container;
	int root;  /* descriptor of the root mount; of the plan */
	int masks; /* a tmpfs that is mounted nowhere, with "dir" and "file"; owned */
	OCI_ARRAY(struct restore_mount) mounts; /* lives in the container's arena */
	struct mount_table given; /* all that CRIU's namespace had; lives there as well */
};

#define RESTORE_STAGE_EMPTY                                                                        \
	{                                                                                          \
		.root = -EBADF, .masks = -EBADF                                                    \
	}

/*
 * @c has been prepared and its sources are open (container/steps.h). Makes mount points in the root and in
 * bound trees that are missing, as create does.
 */
int restore_stage_make(struct container *c, struct restore_stage *ret, struct err *e);

/* For criu_start.prepare: attach everything. @stage is a struct restore_stage. */
int restore_stage_enter(void *stage, struct err *e);

/*
 * List what CRIU @pid, which has executed, finds there: s->mounts, s->given. A tree of the host can have mounts below it, which have
 * names of their own. The names are those that a dump gives (external.h).
 */
int restore_stage_list(struct container *c, struct restore_stage *s, pid_t pid, struct err *e);

void restore_stage_close(struct restore_stage *s);

/* ---- restore_points.c ---- */

/*
 * Make what is missing of the directories and files that @p mounts on, below @root and below the trees of the host
 * whose descriptors @p has; what will be on a filesystem of the container's own is CRIU's to make.
 */
int restore_points_make(const struct plan *p, int root, struct err *e);

/* What operation @op masks, is it a directory? Of the kernel's filesystems the host's are asked. */
bool restore_points_is_dir(const struct plan *p, size_t op, const char *path, int root);

#endif
