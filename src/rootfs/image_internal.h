/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of image-spec that writing (image.c) and reading (image_read.c) share. */
#ifndef CTR_ROOTFS_IMAGE_INTERNAL_H
#define CTR_ROOTFS_IMAGE_INTERNAL_H

#include <stdint.h>

#include "util/digest.h"

#define IMAGE_BLOBS    "blobs/sha256"
#define IMAGE_INDEX    "application/vnd.oci.image.index.v1+json"
#define IMAGE_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define IMAGE_CONFIG   "application/vnd.oci.image.config.v1+json"
#define IMAGE_NAME     "org.opencontainers.image.ref.name"

enum {
	IMAGE_PREFIX = 7, /* of "sha256:", which the names of blobs do not have */
};

struct image_blob {
	char digest[DIGEST_TEXT];
	uint64_t size;
};

/* As indexed by enum compression. */
extern const char *const image_layer_types[];

#endif
