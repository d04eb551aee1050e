/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way down into a tree as a stack of directories. Only the lowest few are kept open, so that no tree
 * is too deep for the limit of descriptors: the way back up goes through "..", and what is found there
 * must be what was left. Knows nothing of what is done with the directories.
 */
#ifndef CTR_ROOTFS_DIRSTACK_H
#define CTR_ROOTFS_DIRSTACK_H

#include <stddef.h>
#include <sys/types.h>

struct dirstack_level;

struct dirstack {
	struct dirstack_level *levels;
	size_t depth, room;
};

/* Go into @fd, which is consumed, also on failure. 0, -ENOMEM, -errno. */
int dirstack_push(struct dirstack *s, int fd);

/* The lowest directory; borrowed. The stack must not be empty. */
int dirstack_top(const struct dirstack *s);

/* Go back up. -ESTALE: somebody moved the directory meanwhile. The last one may be popped, too. */
int dirstack_pop(struct dirstack *s);

/* Close all. Safe on a zeroed struct. */
void dirstack_close(struct dirstack *s);

/*
 * Open the directory @name of @dir: one component, no symlink, no mount point. -errno. @dir itself: ".".
 */
int dirstack_open(int dir, const char *name);

#endif
