/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files treesync*.c share: the stream's numbers, and what is remembered of a tree. */
#ifndef CTR_ROOTFS_TREESYNC_INTERNAL_H
#define CTR_ROOTFS_TREESYNC_INTERNAL_H

#include <sys/stat.h>
#include <time.h>

#include "rootfs/treesync.h"
#include "util/digest.h"

#define TREESYNC_MAGIC "CTRTREE1"

enum {
	TREESYNC_BLOCK = 64 << 10, /* contents are compared in blocks of this size */
	TREESYNC_DIGEST = 16,	   /* bytes of a SHA-256 that are kept of a block */
	TREESYNC_PATH_MAX = 4096,  /* with its NUL */
	TREESYNC_XATTRS_MAX = 1024,
	TREESYNC_HEAD = 8, /* of a record: type, zeroes, length */
	TREESYNC_RECORD_MAX = 1 << 20,
	TREESYNC_ENTRY_FIXED = 6 * 4 + 2 * 8 + 4 * 4,
};

enum treesync_record {
	TREESYNC_ENTRY = 'E',
	TREESYNC_DATA = 'D',
	TREESYNC_HOLE = 'H', /* offset 64, length 64: zeroes */
	TREESYNC_GONE = 'X',
	TREESYNC_END = 'Z',
};

enum treesync_flags {
	TREESYNC_WHOLE = 1, /* another file than before, if there was one */
	TREESYNC_OPAQUE = 2,
	TREESYNC_LINK = 4, /* one more name of the file called target */
};

/* An entry as it is in the stream. Attributes are encoded already. */
struct treesync_form {
	uint32_t mode, uid, gid, major, minor, flags;
	uint64_t size;
	int64_t mtime;
	uint32_t nanoseconds;
	const char *path, *target;
	const char *xattrs;
	size_t path_size, target_size, xattrs_size;
};

static inline void treesync_put32(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> (8 * i));
}

static inline void treesync_put64(unsigned char *p, uint64_t v)
{
	treesync_put32(p, (uint32_t)v);
	treesync_put32(p + 4, (uint32_t)(v >> 32));
}

static inline uint32_t treesync_get32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t treesync_get64(const unsigned char *p)
{
	return treesync_get32(p) | (uint64_t)treesync_get32(p + 4) << 32;
}

/* One path, as it was told last. */
struct treesync_entry {
	char *path;
	uint64_t ino, size;
	uint32_t mode;
	struct timespec ctime;
	bool settled;			     /* a later change shows in its change time */
	bool touched;			     /* a directory in which something was told this time */
	unsigned char told[TREESYNC_DIGEST]; /* of its form */
	unsigned char *blocks;		     /* digests; of zeroes only: zeroes */
	size_t block_count;
	uint64_t round; /* when it was seen last; 0: never told */
};

struct treesync {
	struct treesync_entry **table; /* by hash of the path; its size is a power of two */
	size_t room, count;
	uint64_t round;
	struct digest *digest;
	bool prepared;
	struct timespec clean; /* what changed before this was on the disk afterwards */
	int64_t clock;	       /* real time minus time since boot, in seconds, at that moment */
};

/* The entry of @path, or NULL. */
struct treesync_entry *treesync_find(const struct treesync *t, const char *path);

/* The same, made when it is missing; NULL: out of memory. */
struct treesync_entry *treesync_add(struct treesync *t, const char *path);

/* Forget those that were not seen in this round. */
void treesync_drop_unseen(struct treesync *t);

/* The first bytes of the digest of @data; of zeroes only: zeroes. */
void treesync_digest(struct treesync *t, const void *data, size_t size,
		     unsigned char ret[TREESYNC_DIGEST]);

#endif
