/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies of whole trees that differ in nothing that a program could see: contents with their holes, owners,
 * modes, times to the nanosecond, all extended attributes (overlayfs' own, too), hard links, fifos, sockets,
 * devices. Nothing is followed, depth and number of files are not limited.
 *
 * The caller sees to it that nobody changes the source meanwhile. What takes longest, the contents, can be
 * copied ahead, while others still write (treecopy_ahead).
 */
#ifndef CTR_ROOTFS_TREECOPY_H
#define CTR_ROOTFS_TREECOPY_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "util/err.h"

struct treecopy {
	int links; /* empty directory beside the target, where the first of several links is kept */
	int ahead; /* the same, for contents that are copied ahead; -EBADF: none are */
	bool reflink; /* the filesystem can: contents are shared, until one side changes */
	/* Called now and then; -ECANCELED ends the copy. Or NULL. */
	int (*tick)(const struct treecopy *c, void *context);
	void *context;
	uint64_t bytes, files;		    /* done so far: contents, and entries of the tree */
	struct timespec realtime, boottime; /* when copying ahead began */
};

/*
 * Can files in the directory @dir share contents (FICLONE)? It is tried out there with two files that have
 * no name.
 */
bool treecopy_can_reflink(int dir);

/*
 * Would copying ahead be correct on the filesystem of @dir? What was written meanwhile is told by the change
 * time of the file, which no program can set. Each write must set it, also one through a shared mapping:
 * where pages are written back, the first write to a clean page does. tmpfs has no such moment.
 */
bool treecopy_can_go_ahead(int dir);

/*
 * Copy contents of regular files below @from to c->ahead, while they may be written to, renamed and removed.
 * What is copied in vain is found out by treecopy_run. Flushes the filesystem first. Failures that only
 * mean "not this one" are none.
 */
int treecopy_ahead(struct treecopy *c, int from, struct err *e);

/*
 * Copy what is in the directory @from, and what it is itself, to the empty directory @to; not flushed to
 * the disk. -ENOSPC and others; what was made until then is the caller's to remove.
 */
int treecopy_run(struct treecopy *c, int from, int to, struct err *e);

#endif
