/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A container that may run only until a certain moment, which somebody puts off again and again (ctr replicate --lease):
 * the file "lease" of its state directory says until when, and whether it stands because nobody has. It is written
 * and read without the container's lock: who has to stop a container in time cannot wait for one.
 */
#ifndef CTR_CONTAINER_LAPSE_H
#define CTR_CONTAINER_LAPSE_H

#include <stdbool.h>
#include <stdint.h>

#include "container/container.h"

struct lapse {
	uint64_t until_ms; /* of CLOCK_BOOTTIME, which goes on while the host is suspended */
	bool lapsed;	   /* it stands because of that */
	bool paused;	   /* it was paused before: then it stays so */
};

/* Milliseconds of CLOCK_BOOTTIME. */
uint64_t lapse_clock_ms(void);

/* @dir: the container's directory. -ENOENT: there is none; -EBADMSG. */
int lapse_read(int dir, struct lapse *ret);
int lapse_write(int dir, const struct lapse *l, struct err *e);
void lapse_remove(int dir);

/* Must it stand? One that cannot be read counts. */
bool lapse_is_up(int dir);

/* 0; -EBUSY, with what to do, while @c must stand. */
int lapse_check(const struct container *c, struct err *e);

/* Whoever has paused it, for a while or longer, would let it go on now: it does when the lapse is over. */
void lapse_note_thaw(int dir);

#endif
