/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A time in which no process of a container runs, so that what it wrote can be copied as of one moment. A
 * container that is paused already stays so. Knows nothing of what is done meanwhile.
 */
#ifndef CTR_CONTAINER_STANDSTILL_H
#define CTR_CONTAINER_STANDSTILL_H

#include <stdbool.h>
#include <stdint.h>

#include "container/container.h"

struct standstill {
	const struct container *container; /* borrowed, as the next; not locked */
	const struct cgroup *cgroup;
	bool paused;		/* by somebody else: not ours to end */
	int events;		/* cgroup.events, where others' doings can be seen; or -EBADF */
	uint64_t began, lasted; /* nanoseconds; lasted is filled by standstill_end */
};

#define STANDSTILL_OF(c, cg)                                                                       \
	{                                                                                          \
		.container = (c), .cgroup = (cg), .events = -EBADF                                 \
	}

/*
 * Freeze, unless it is frozen. -EOPNOTSUPP for a container without a cgroup of its own; -ETIMEDOUT after ten
 * seconds: then it runs on.
 */
int standstill_begin(struct standstill *s, struct err *e);

/* Let it go on, unless it was paused before, or fenced since (fence.h). -EAGAIN when somebody else let it go on before us. */
int standstill_end(struct standstill *s, struct err *e);

#endif
