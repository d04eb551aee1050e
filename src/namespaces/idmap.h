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
 * A user namespace that exists only to describe a mapping for mount_setattr(MOUNT_ATTR_IDMAP); its
 * fd belongs to the caller.
 */
int idmap_userns_open(const oci_id_maps *uid, const oci_id_maps *gid, const struct caller *caller,
		      int *ret_fd, struct err *e);

#endif
