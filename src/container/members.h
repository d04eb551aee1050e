/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processes of a container. */
#ifndef CTR_CONTAINER_MEMBERS_H
#define CTR_CONTAINER_MEMBERS_H

#include "container/container.h"

/*
 * All that are in the container's cgroup and below. Without a cgroup: all that are in the pid namespace
 * of its init or in one below that, as far as the caller may look (as the owner of their user namespace,
 * it may); only init itself when that namespace is the caller's own. As with cgroup_pids_read a pid may
 * be stale the moment it is read. A container that has ended has none.
 */
int container_pids_read(const struct container *c, struct cgroup_pids *ret, struct err *e);

#endif
