/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Id maps of user namespaces: written from the host's side. */
#ifndef CTR_NAMESPACES_IDMAP_H
#define CTR_NAMESPACES_IDMAP_H

#include <stdbool.h>
#include <sys/types.h>

#include "oci/spec.h"
#include "util/err.h"

/*
 * The text of a map, one line per entry ("0 100000 65536\n"), as one write(2) wants it. malloc'ed,
 * owned by the caller. -ENOMEM; -E2BIG past 340 lines (user_namespaces(7)).
 */
int idmap_text(const oci_id_maps *maps, char **ret, struct err *e);

/*
 * Write uid_map and gid_map of the process @pid, which has just got a new user namespace. Needs
 * CAP_SETUID and CAP_SETGID in the parent user namespace. The maps are read back and compared.
 */
int idmap_write(pid_t pid, const oci_id_maps *uid, const oci_id_maps *gid, struct err *e);

/*
 * The maps of the user namespace that the process @pid is in, with host ids as we see them. They belong
 * to @a.
 */
int idmap_read(pid_t pid, struct arena *a, oci_id_maps *ret_uid, oci_id_maps *ret_gid,
	       struct err *e);

/* The same for a namespace file: a child of ours joins it for a moment, and dies. */
int idmap_read_ns(int ns, struct arena *a, oci_id_maps *ret_uid, oci_id_maps *ret_gid,
		  struct err *e);

bool idmap_equal(const oci_id_maps *a, const oci_id_maps *b);

/*
 * A user namespace that exists only to describe a mapping for mount_setattr(MOUNT_ATTR_IDMAP); its
 * fd belongs to the caller. Needs the same capabilities.
 */
int idmap_userns_open(const oci_id_maps *uid, const oci_id_maps *gid, int *ret_fd, struct err *e);

#endif
