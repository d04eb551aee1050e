/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between two stacks of layers. Layers only say where to look: names that are in a layer of
 * one stack and not of the other. Whether something is different there is decided by comparing what the two
 * stacks show, so the answer is the same whatever way led from one to the other (branches, snapshots of running
 * containers, which hold files again that have not changed). Costs what has changed, not what there is.
 */
#ifndef CTR_ROOTFS_TREE_DIFF_H
#define CTR_ROOTFS_TREE_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "util/err.h"

enum tree_change_kind {
	TREE_ADDED = 'A',
	TREE_CHANGED = 'M',
	TREE_DELETED = 'D',
};

/* In which way it changed. */
enum tree_aspect {
	TREE_TYPE = 1 << 0,
	TREE_CONTENT = 1 << 1, /* also: another target of a link, another device */
	TREE_MODE = 1 << 2,
	TREE_OWNER = 1 << 3,
	TREE_XATTR = 1 << 4,
	TREE_TIME = 1 << 5,
};

/* Words for the bits above, in their order; NULL at the end. */
extern const char *const tree_aspect_names[];

/* One side of a change. */
struct tree_side {
	bool exists;
	struct stat st;
	int dir; /* of the layer that it is in, where it is called name; borrowed */
	const char *name;
};

struct tree_change {
	enum tree_change_kind kind;
	unsigned aspects; /* of a TREE_CHANGED */
	const char *path; /* relative to the root */
	struct tree_side old, new;
};

/* Stack: directories of layers, the uppermost first, borrowed. */
struct tree_stack {
	const int *dirs;
	size_t count;
};

/*
 * Call @fn for each difference, sorted by path (a directory before what is in it); its negative result ends
 * the walk. All that is in an added or deleted directory is told. A directory of which only the time
 * differs is not: that follows from what is in it. -ELOOP: deeper than 500 directories.
 */
int tree_diff(const struct tree_stack *a, const struct tree_stack *b,
	      int (*fn)(void *data, const struct tree_change *c, struct err *e), void *data,
	      struct err *e);

#endif
