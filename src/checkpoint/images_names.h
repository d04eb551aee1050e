/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of images, for images*.c. Needs no library. */
#ifndef CTR_CHECKPOINT_IMAGES_NAMES_H
#define CTR_CHECKPOINT_IMAGES_NAMES_H

#include <stdbool.h>
#include <stdint.h>

enum image_kind {
	IMAGE_OTHER, /* known, and nothing in it is looked at */
	IMAGE_INVENTORY,
	IMAGE_PSTREE,
	IMAGE_CORE,
	IMAGE_IDS,
	IMAGE_USERNS,
	IMAGE_NETNS,
	IMAGE_SECCOMP,
	IMAGE_MOUNTS,
	IMAGE_CGROUP,
	IMAGE_FILES,
	IMAGE_TTYS,
	IMAGE_REMAPS,
	IMAGE_GHOST,
	IMAGE_MEMFD,
	IMAGE_PAGEMAP,
	IMAGE_PAGES,
	IMAGE_TMPFS, /* a compressed tar archive */
};

/* What a name means, with the number in it, or 0. False when no image is called so. */
bool image_name_parse(const char *name, enum image_kind *ret_kind, uint32_t *ret_id);

/* Why a name that means nothing is refused. */
const char *image_name_reason(const char *name);

#endif
