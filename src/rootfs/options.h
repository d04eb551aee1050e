/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mount option strings (oci-checklist 1.2) as what the new mount API wants. Pure. */
#ifndef CTR_ROOTFS_OPTIONS_H
#define CTR_ROOTFS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oci/spec.h"
#include "util/err.h"

enum {
	MOUNT_MAX_PROPS = 8
};

struct mount_options {
	bool bind, recursive, remount;
	bool tmpcopyup, copy_symlink, src_nofollow, dest_nofollow;
	bool idmap, idmap_recursive;
	uint64_t set, clear;   /* MOUNT_ATTR_* of this mount */
	uint64_t rset, rclear; /* of all mounts below, too; nothing that is in set or clear */
	uint64_t props[MOUNT_MAX_PROPS]; /* MS_SHARED ... (with MS_REC), in the order given */
	size_t prop_count;
	const char **
		data; /* superblock flags and filesystem options for fsconfig, "key" or "key=value" */
	size_t data_count;
	bool has_mode;	  /* data holds mode= */
	size_t last_data; /* index in the option list of the last filesystem option, for errors */
};

/*
 * Sort the options of @m. Of those that exclude one another the last one counts, but what is said of the
 * tree comes before what is said of its top: rro,rw is rro. Unknown ones are filesystem data. @a holds the data array.
 * -ENOMEM; -EINVAL for more propagation options than anyone needs.
 */
int mount_options_parse(const struct oci_mount *m, struct arena *a, struct mount_options *ret,
			struct err *e);

/* Names of all options that are no filesystem data, sorted, for `features`; NULL past the end. */
const char *mount_option_name(size_t index);

#endif
