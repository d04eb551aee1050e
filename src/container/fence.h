/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A container that was handed over to another host (record.h, struct container_move): it stands, cut off from its
 * network, until it is known whether the other host runs it. Whoever would let it go on, or end it, without
 * knowing that asks here first.
 */
#ifndef CTR_CONTAINER_FENCE_H
#define CTR_CONTAINER_FENCE_H

#include "container/container.h"

/* 0, or -EBUSY with where it went and what to do, when it was handed over, or taken over. */
int fence_check(const struct container *c, struct err *e);

/* 0, or -EBUSY as long as its memory still comes from the host that it was on: then it can be neither saved nor moved. */
int fence_check_memory(const struct container *c, struct err *e);

/* Was it handed over? One that was taken over (standby) has nobody to be asked. */
static inline bool fence_is_up(const struct container *c)
{
	return c->record.move.token && c->record.move.away && !c->record.move.taken;
}

/*
 * Hand @c, which is locked, over: that is written down first; then its tasks are frozen, and its links on the host are
 * set down, so that nothing answers in its name. On failure it is as before. @m is copied. -EBUSY: somebody else has
 * frozen one that is handed over, and would thaw it.
 */
int fence_raise(struct container *c, const struct container_move *m, struct err *e);

/*
 * It was not handed over after all: links up, tasks on, and written down last. May be repeated after
 * a failure.
 */
int fence_lower(struct container *c, struct err *e);

/* It came here: written down for those who ask later. Not saved: the caller saves its record. */
int fence_note_arrival(struct container *c, const struct container_move *m, struct err *e);

#endif
