/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who holds a container still. The freezer does not tell: a container that was found paused, by a manager that
 * crashed half way for instance, is a riddle without (security.md D11).
 */
#ifndef CTR_CONTAINER_PAUSING_H
#define CTR_CONTAINER_PAUSING_H

#include "container/container.h"

/*
 * Note in the record of @c, which is locked, that the parent of this process is about to pause it; or
 * (@freeze false) that nobody is any more. Only a note: what prevents it prevents no pause.
 */
void container_note_pause(struct container *c, bool freeze);

/*
 * Let @c, whose lock the caller must not have, go on, as whoever has frozen it for a while, or wanted to. One that is fenced
 * (fence.h) stays as it is: 0. The fence is looked at under the lock; if somebody holds that for long, without it, and
 * once more afterwards. Else as cgroup_thaw.
 */
int container_thaw(const struct container *c, const struct cgroup *cg, int timeout_ms,
		   struct err *e);

/* As cgroup_freeze, with that thaw after a failure. */
int container_freeze(const struct container *c, const struct cgroup *cg, int timeout_ms,
		     struct err *e);

#endif
