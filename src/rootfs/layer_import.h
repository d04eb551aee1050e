/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A layer of an OCI image, as a tar archive from anywhere, into a directory in overlayfs' form
 * (image-spec layer.md; security.md C3). The archive is not trusted: whatever it holds, nothing but what is
 * below the directory is made, changed or looked at, and what does not belong into a layer is an error.
 *
 * Refused: absolute names and "..", names that go through symbolic links or leave the
 * filesystem, hard links to anything but a regular file of the same archive, the same name twice (a
 * directory may come again), devices unless asked for, a character device 0:0 (overlayfs would take it for
 * a whiteout), attributes of overlayfs, misshapen whiteouts, more entries, bytes or directories below each other than
 * the limits. Kept: owners, modes with set-user-ID and set-group-ID, security.capability, as in any image:
 * layers lie in a directory that only root can enter, and what they may do in a container is
 * the container's config to say. Targets of symbolic links are not judged: they are followed in the
 * container's root only. A NUL in a name of a pax header ends the name, as libarchive reads it; what is left is judged.
 */
#ifndef CTR_ROOTFS_LAYER_IMPORT_H
#define CTR_ROOTFS_LAYER_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"
#include "util/digest.h"

struct layer_import_limits {
	uint64_t entries;
	/* Contents with their holes: at most base + factor times the bytes read. */
	uint64_t size_base, size_factor;
};

/* Four million entries; 1 GiB, and 1100 times what was read: more than gzip can make of anything. */
extern const struct layer_import_limits layer_import_defaults;

struct layer_import {
	int from;  /* file or pipe, read to its end; plain, gzip or zstd */
	int layer; /* an empty directory; borrowed */
	/* Directories of the layers below, the uppermost first: a directory that the archive does not describe looks like theirs. */
	const int *below;
	size_t below_count;
	bool devices; /* make device nodes; needs CAP_MKNOD */
	bool plain;   /* no layer: whiteouts are an error, nothing is of overlayfs */
	const struct layer_import_limits *limits; /* NULL: the defaults */
	/* An attribute that is not kept. NULL: not told. */
	void (*left_out)(void *data, const char *path, const char *why);
	/* After each entry: how many bytes have been read. NULL: not told. */
	void (*progress)(void *data, uint64_t bytes);
	void *data;
};

/*
 * Unpack, and put everything on disk (syncfs). @ret_digest: of the archive when not compressed ("diff_id"). On
 * failure the directory is to be removed. -EBADMSG: damaged; -EPERM: refused, the message names entry and reason.
 * Needs root, or an archive in which all is the caller's own.
 */
int layer_import(const struct layer_import *x, char ret_digest[DIGEST_TEXT], struct err *e);

#endif
