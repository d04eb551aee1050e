/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * newuidmap(1) and newgidmap(1): setuid programs of the distribution that write id maps for users who
 * have subordinate ids. Found at fixed places, executed without a shell and without an environment.
 */
#ifndef CTR_NAMESPACES_IDMAP_HELPER_H
#define CTR_NAMESPACES_IDMAP_HELPER_H

#include <sys/types.h>

#include "oci/spec.h"
#include "util/err.h"

enum idmap_helper {
	IDMAP_NEWUIDMAP,
	IDMAP_NEWGIDMAP,
};

struct idmap_helper_info {
	const char *name, *table; /* "newuidmap", "/etc/subuid" */
	const char *places[4];
};

const struct idmap_helper_info *idmap_helper_info(enum idmap_helper which);

/* Its path, or NULL: not installed. */
const char *idmap_helper_find(enum idmap_helper which);

#define IDMAP_HELPER_HINT                                                                          \
	"install it (Debian, Fedora: package uidmap or shadow-utils), or map nothing but your "    \
	"own "                                                                                     \
	"id, as `ctr spec --rootless` does"

/*
 * Let the helper write @maps for @pid, whose owner must be the caller. -ENOENT: not installed; -EPERM:
 * it refused, and what it said is part of @e. Both with advice.
 */
int idmap_helper_run(enum idmap_helper which, pid_t pid, const oci_id_maps *maps, struct err *e);

#endif
