/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bringing a tree up to date with another one that is somewhere else: what has changed since the last time, as a
 * stream of bytes. The side that reads the tree remembers what it has told (an index: stamps and digests of
 * blocks), so that a large file of which a page was written costs that page. For upper directories of overlays
 * and for plain root filesystems.
 *
 *   magic "CTRTREE1", then records: type (1 byte), 3 bytes 0, length (32 bits), that many bytes. Numbers are
 *   little endian.
 *   'E'  an entry as it is now; its data follows: mode 32, uid 32, gid 32, major 32, minor 32, flags 32, size 64, mtime 64,
 *        nanoseconds 32, then three lengths of 32 bits and what they count: path, target, attributes (each: two
 *        lengths of 32 bits, name, value)
 *   'D'  a piece of the contents of the entry before: offset 64, bytes
 *   'H'  zeroes in them: offset 64, length 64
 *   'X'  a path that is gone
 *   'Z'  the end: SHA-256 (32 bytes) of all before it
 *
 * A stream that was made by one call says of each path one thing only. So to apply it again to a tree to which a
 * part of it was applied gives the same tree: whoever is killed half way begins anew.
 *
 * What is not carried: access times, labels of security modules, references of overlayfs to lower files (origin).
 */
#ifndef CTR_ROOTFS_TREESYNC_H
#define CTR_ROOTFS_TREESYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "rootfs/tar.h"
#include "util/err.h"

/* What has been told of a tree. Opaque. */
struct treesync;

int treesync_new(struct treesync **ret, struct err *e);
void treesync_free(struct treesync *t); /* NULL is fine */

static inline void treesync_freep(struct treesync **t)
{
	treesync_free(*t);
}

struct treesync_count {
	uint64_t files;	   /* entries told: new, changed or gone */
	uint64_t contents; /* bytes of contents told */
	uint64_t bytes;	   /* of the stream */
};

/*
 * Flush the filesystem of @dir: what changes after this can be told by its change time. To be called before tasks
 * are stopped for a treesync_scan, so that it has less to read; a live one does it by itself.
 */
int treesync_prepare(struct treesync *t, int dir, struct err *e);

/*
 * Write what has changed in the tree @dir since the last call for @t (the first time: all of it). @live: others
 * write meanwhile; what they do is found by a later call. Otherwise nobody may, and afterwards the other side is exactly
 * the same. Contents are read again only where the change time tells, or cannot tell (treecopy_can_go_ahead; then
 * digests decide). After a failure @t must be freed, or loaded again. Needs to read all files.
 */
int treesync_scan(struct treesync *t, int dir, bool live, const struct tar_sink *sink,
		  struct treesync_count *ret, struct err *e);

/* Where a stream comes from: exactly @size bytes into @buf. -EPIPE when it ends before. */
struct treesync_source {
	int (*read)(void *data, void *buf, size_t size, struct err *e);
	void *data;
};

/*
 * Read one stream up to its end and do in the tree @dir what it says. Whatever it says, nothing but what is
 * below @dir is made, changed or looked at. @ret may be NULL. -EBADMSG: damaged, or no such stream; the tree is then
 * neither the old nor the new one. Needs root. Not flushed to the disk.
 */
int treesync_apply(const struct treesync_source *from, int dir, struct treesync_count *ret,
		   struct err *e);

/* The same from a file or pipe, as treesync_source. */
int treesync_apply_fd(int fd, int dir, struct treesync_count *ret, struct err *e);

/* Keep what is known for another process: the file @name in @dir, replaced and on the disk. */
int treesync_save(const struct treesync *t, int dir, const char *name, struct err *e);
/* -ENOENT; -EBADMSG: damaged, so everything has to be told again. */
int treesync_load(int dir, const char *name, struct treesync **ret, struct err *e);

#endif
