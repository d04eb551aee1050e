/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Those who watch a container's cgroup until it ends, and whoever removes it then: the counters go with the
 * cgroup, so the one waits a moment for the others. A lock on a file beside the record is all that they share.
 */
#ifndef CTR_CONTAINER_WATCHERS_H
#define CTR_CONTAINER_WATCHERS_H

#include "container/container.h"

/*
 * From now until *@ret_fd is closed the cgroup of @c stays after the end of its init, for a second at most.
 * Needs no lock. A caller who may not write there, or a container that is being removed: -EBADF, and
 * nobody waits.
 */
void watchers_join(const struct container *c, int *ret_fd);

/* After the end of init: give them the time to read what they came for. */
void watchers_await(const struct container *c);

#endif
