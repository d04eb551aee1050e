/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libarchive, which is loaded when an archive is read, or something is to be compressed: streams of bytes that
 * may be compressed (gzip, zstd), and entries of tar archives in any of its dialects. It judges nothing: what
 * may be in a layer is decided by rootfs/layer_import.h.
 */
#ifndef CTR_ROOTFS_ARCHIVE_H
#define CTR_ROOTFS_ARCHIVE_H

#include <stdint.h>

#include "rootfs/tar.h"
#include "util/err.h"
#include "util/digest.h"

/* ---- bytes that may be compressed ---- */

struct inflate;

/* Read from where the file or pipe @fd stands (borrowed). -EOPNOTSUPP: no libarchive. */
int inflate_open(int fd, struct inflate **ret, struct err *e);
/* The next bytes, valid until the next call; *ret_size 0: the end. -EBADMSG: damaged. */
int inflate_next(struct inflate *in, const void **ret, size_t *ret_size, struct err *e);
/* How many bytes came from the file so far. */
uint64_t inflate_consumed(const struct inflate *in);
void inflate_close(struct inflate *in);

static inline void inflate_closep(struct inflate **in)
{
	inflate_close(*in);
}

enum compression {
	COMPRESSION_NONE,
	COMPRESSION_GZIP,
	COMPRESSION_ZSTD,
};

/* "none", "gzip", "zstd", NULL: as indexed by enum compression. */
extern const char *const compression_names[];

struct deflate;

/* What is written to *ret_sink (owned by *ret) comes compressed out of @to, which must outlive it. */
int deflate_open(enum compression kind, const struct tar_sink *to, struct deflate **ret,
		 struct tar_sink *ret_sink, struct err *e);
/* Write what is still held. To be called once, before close. */
int deflate_finish(struct deflate *d, struct err *e);
void deflate_close(struct deflate *d);

static inline void deflate_closep(struct deflate **d)
{
	deflate_close(*d);
}

/* ---- entries ---- */

/* Strings are valid until the next entry. */
struct tar_item {
	struct tar_entry
		entry; /* type 0: none of those that enum tar_type knows; major and minor as given */
	struct tar_xattr *xattrs; /* what entry.xattrs points to */
};

struct tar_reader;

/*
 * Read the tar archive in @in (borrowed). @digest: gets all its bytes, or NULL.
 */
int tar_reader_open(struct inflate *in, struct digest *digest, struct tar_reader **ret,
		    struct err *e);
/* 1: *ret is the next entry; 0: no more. -EBADMSG: not an archive, or damaged. */
int tar_reader_next(struct tar_reader *t, struct tar_item *ret, struct err *e);
/* A piece of the entry's contents at *ret_offset, which leaps over holes. 1; 0: no more. */
int tar_reader_data(struct tar_reader *t, const void **ret, size_t *ret_size, uint64_t *ret_offset,
		    struct err *e);
/* Read what comes behind the archive's end, so that the digest is that of the whole. */
int tar_reader_drain(struct tar_reader *t, struct err *e);
void tar_reader_close(struct tar_reader *t);

static inline void tar_reader_closep(struct tar_reader **t)
{
	tar_reader_close(*t);
}

#endif
