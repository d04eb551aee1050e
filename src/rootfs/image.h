/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OCI image layouts (image-spec image-layout.md, manifest.md, config.md): directories that skopeo, umoci,
 * podman and others read and write. One image for one platform.
 */
#ifndef CTR_ROOTFS_IMAGE_H
#define CTR_ROOTFS_IMAGE_H

#include <stdint.h>

#include "rootfs/archive.h"
#include "rootfs/layer_export.h"
#include "util/arena.h"
#include "util/digest.h"
#include "util/err.h"

/* One layer, the lowest first. */
struct image_layer {
	char digest[DIGEST_TEXT];  /* of the blob */
	char diff_id[DIGEST_TEXT]; /* of the archive in it */
	uint64_t size;		   /* of the blob */
	enum compression compression;
	const char *created; /* RFC 3339, or NULL */
	const char *comment; /* or NULL */
};

/* What an image says about its program: what of config.json has a place there. All may be NULL. */
struct image_config {
	const char *const *args, *const *env;
	size_t arg_count, env_count;
	const char *cwd, *user;
};

struct image {
	struct image_layer *layers;
	size_t count;
	struct image_config config;
	const char *created; /* or NULL */
	const char *name;    /* its name in the layout ("latest"), or NULL */
};

/* Make blobs/sha256 in the empty directory @dir. */
int image_begin(int dir, struct err *e);

/* Pack a layer into the layout. @x: its sink is not used; @level: of progress, see struct file_sink. */
int image_add_layer(int dir, const struct layer_export *x, enum compression compression,
		    void (*progress)(void *data, uint64_t bytes), struct image_layer *ret,
		    struct err *e);

/* Write configuration, manifest, index and oci-layout, and put everything on disk (syncfs). */
int image_finish(int dir, const struct image *image, struct err *e);

/*
 * Read what the layout in the directory @dir says of its image (@name, or the only one that fits this
 * machine); manifest and configuration are compared with their digests, layers are not read.
 * Strings live in @a. -EBADMSG: damaged, or of another kind; -ENOENT: no such image, those that there are are named.
 */
int image_read(int dir, const char *name, struct arena *a, struct image *ret, struct err *e);

/* Open the blob of a layer, for reading. */
int image_open_layer(int dir, const struct image_layer *layer, int *ret, struct err *e);

/* What images call this machine: "amd64". */
const char *image_architecture(char *buf, size_t size);

#endif
