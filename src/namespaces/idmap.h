/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Id maps of user namespaces: written from the host's side. */
#ifndef CTR_NAMESPACES_IDMAP_H
#define CTR_NAMESPACES_IDMAP_H

#include <stdbool.h>
#include <sys/types.h>

#include "oci/spec.h"
#include "util/caller.h"
#include "util/err.h"

/*
 * The text of a map, one line per entry ("0 100000 65536\n"), as one write(2) wants it. malloc'ed,
 * owned by the caller. -ENOMEM; -E2BIG past 340 lines (user_namespaces(7)).
 */
int idmap_text(const oci_id_maps *maps, char **ret, struct err *e);

/* How a map comes into the kernel: user_namespaces(7), "Defining user and group ID mappings". */
enum idmap_way {
	IDMAP_DIRECT, /* the caller holds the capabilities: any map of ids that it has itself */
	IDMAP_OWN,    /* one line, the caller's own id: anybody may, after giving up setgroups */
	IDMAP_HELPER, /* newuidmap and newgidmap, by what /etc/subuid and /etc/subgid allow */
};

/* The way for @maps; @own is the caller's own id of this kind. Pure. */
enum idmap_way idmap_way(const oci_id_maps *maps, uint32_t own, const struct caller *caller);

/* May setgroups(2) be called in a new user namespace with this gid map? Pure. */
bool idmap_allows_setgroups(const oci_id_maps *gid, const struct caller *caller);

/*
 * Write uid_map and gid_map of the process @pid, which has just got a new user namespace and still is
 * a copy of ctr (an unprivileged caller owns its files in /proc only before it executes ctr-init). The
 * maps are read back and compared.
 */
int idmap_write(pid_t pid, const oci_id_maps *uid, const oci_id_maps *gid,
		const struct caller *caller, struct err *e);

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
 * fd belongs to the caller.
 */
int idmap_userns_open(const oci_id_maps *uid, const oci_id_maps *gid, const struct caller *caller,
		      int *ret_fd, struct err *e);

#endif
