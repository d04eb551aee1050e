/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a finished plan to a running ctr-init. */
#ifndef CTR_CONTAINER_SPAWN_H
#define CTR_CONTAINER_SPAWN_H

#include <sys/types.h>

#include "plan/plan.h"
#include "util/caller.h"
#include "util/err.h"

/* A process of ours while it is being set up; also the intermediate one of a joined pid namespace. */
struct spawned {
	pid_t pid;
	int pidfd; /* owned */
	int sync;  /* our end of the socket, owned */
};

#define SPAWNED_EMPTY                                                                              \
	{                                                                                          \
		.pid = 0, .pidfd = -EBADF, .sync = -EBADF                                          \
	}

/*
 * Encode @p into a sealed memfd, copy ctr-init into another, create the child in the cgroup
 * @cgroup_fd (< 0: in ours) with the plan's new namespaces, and let it execute ctr-init. All fds of
 * the plan's registers, and 3..3+@keep_fds-1, are inherited once. A new user namespace has its maps
 * when this returns. On failure there is no child.
 */
int container_spawn(const struct plan *p, const struct caller *caller, int cgroup_fd,
		    unsigned keep_fds, struct spawned *ret, struct err *e);

/* SIGKILL and reap, if there is one; closes everything. */
void spawned_kill(struct spawned *s);

#endif
