/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing tar archives as the layers of OCI images are (image-spec layer.md): POSIX ustar, with a pax
 * header in front of an entry only where ustar has no room for it. The same entries give the same bytes,
 * in any locale, and they are those that Go's archive/tar gives, which most image tools are made
 * of: so a layer has the same digest whoever packs it. libarchive, by which layers are read, could not do that:
 * its writer converts names by the locale, and frames pax headers in another way.
 */
#ifndef CTR_ROOTFS_TAR_H
#define CTR_ROOTFS_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/err.h"

/* Where the bytes go. 0, or a negative errno with its story in @e. */
struct tar_sink {
	int (*write)(void *data, const void *bytes, size_t size, struct err *e);
	void *data;
};

enum tar_type {
	TAR_FILE = '0',
	TAR_LINK = '1', /* a hard link */
	TAR_SYMLINK = '2',
	TAR_CHAR = '3',
	TAR_BLOCK = '4',
	TAR_DIRECTORY = '5',
	TAR_FIFO = '6',
};

struct tar_xattr {
	char *name;
	char *value;
	size_t size;
};

/* Strings are the caller's. */
struct tar_entry {
	enum tar_type type;
	const char *path;   /* relative; of a directory with a slash at its end */
	const char *target; /* of links, else NULL */
	mode_t mode;	    /* the lowest twelve bits count */
	uint64_t uid, gid, size;
	int64_t mtime;	      /* seconds since 1970 */
	uint32_t nanoseconds; /* 0: the time is written as whole seconds */
	uint32_t major, minor;
	const struct tar_xattr *xattrs; /* sorted by name */
	size_t xattr_count;
};

/* The header of @t; its contents (t->size bytes, of a TAR_FILE only) and tar_pad() follow. */
int tar_header(const struct tar_sink *sink, const struct tar_entry *t, struct err *e);

/* What fills the last block of @size bytes of contents. */
int tar_pad(const struct tar_sink *sink, uint64_t size, struct err *e);

/* The end of the archive. */
int tar_end(const struct tar_sink *sink, struct err *e);

#endif
