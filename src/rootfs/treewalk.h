/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tree, entry by entry, without recursion and with a bounded number of descriptors: nothing is
 * followed, no mount point is entered. Names come sorted, so that every walk goes the same way.
 */
#ifndef CTR_ROOTFS_TREEWALK_H
#define CTR_ROOTFS_TREEWALK_H

#include <stdbool.h>
#include <sys/stat.h>

#include "rootfs/dirstack.h"

struct treewalk_names;

struct treewalk {
	struct dirstack dirs;
	struct treewalk_names *names; /* of each directory on the stack */
	size_t room;
	bool live; /* others work in the tree: what vanishes is passed over */
};

struct treewalk_entry {
	int dir;	  /* where it is; borrowed, until the next call */
	const char *name; /* until its directory is left */
	struct stat st;
};

enum treewalk_step {
	TREEWALK_END,	/* that was all */
	TREEWALK_ENTRY, /* *ret is the next entry; a directory is passed over, unless it is entered */
	TREEWALK_LEFT, /* all of a directory that was entered has been seen */
};

/* Begin in the directory @root, which stays the caller's. @w is zeroed. 0 or -errno. */
int treewalk_begin(struct treewalk *w, int root);

/* One step: enum treewalk_step, or -errno (-ESTALE: the tree was changed under our feet). */
int treewalk_next(struct treewalk *w, struct treewalk_entry *ret);

/* Go into the directory @name of the directory that the walk is in: the one just seen. */
int treewalk_enter(struct treewalk *w, const char *name);

/*
 * Open the file or directory @name of @dir with @flags, while others may put something else in its place: no link is
 * followed, and a device, a fifo or a socket is not opened at all, for to open one may do something. -ELOOP for these.
 */
int treewalk_open_plain(int dir, const char *name, int flags);

/* The name that was seen last in the directory that the walk is in: after TREEWALK_LEFT, of the one left. */
const char *treewalk_current(const struct treewalk *w);

/* How many directories have been entered and not left. */
static inline size_t treewalk_depth(const struct treewalk *w)
{
	return w->dirs.depth - 1;
}

/* The path of @name in the current directory, from the root of the walk, cut at its beginning. @buf. */
const char *treewalk_path(const struct treewalk *w, const char *name, char *buf, size_t size);

void treewalk_end(struct treewalk *w);

#endif
