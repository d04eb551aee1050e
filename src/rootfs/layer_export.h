/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A layer as the tar archive of an OCI image (image-spec layer.md): whiteouts of overlayfs become
 * ".wh.NAME", opaque directories hold ".wh..wh..opq". Of names, owners, modes, contents, hard links,
 * devices, fifos and attributes (those of LAYER_XATTR_KEPT) nothing is lost; times are cut to whole seconds, as image
 * tools do, unless asked otherwise. Holes are written as zeros (layer.md wants no sparse
 * entries). Sockets mean nothing in an archive: what they hide stays hidden, by a whiteout. Entries are sorted, so that the same tree gives the
 * same bytes.
 */
#ifndef CTR_ROOTFS_LAYER_EXPORT_H
#define CTR_ROOTFS_LAYER_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "rootfs/tar.h"
#include "util/err.h"

struct layer_export {
	int layer; /* its directory, O_PATH or better; borrowed. Nobody may write to it meanwhile. */
	struct tar_sink sink;
	bool exact_times; /* with nanoseconds */
	bool lowest;	  /* nothing lies below: what is left out leaves no whiteout */
	/* What is left out: @path is NUL-terminated, @why "a socket". NULL: not told. */
	void (*left_out)(void *data, const char *path, const char *why);
	void *data;
};

/*
 * Write the archive. Needs to read all files of the layer (root, or their owner). -EUCLEAN: the layer refers to
 * lower ones by name; -ELOOP: deeper than 500 directories; -ESTALE: it has changed meanwhile.
 */
int layer_export(const struct layer_export *x, struct err *e);

#endif
