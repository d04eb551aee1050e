/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pre-dumps, one after the other, while the container runs on: each writes only what has changed since the one before,
 * so that the dump that has to stop it is short. When another one pays is decided here.
 */
#ifndef CTR_CHECKPOINT_ROUNDS_H
#define CTR_CHECKPOINT_ROUNDS_H

#include <stdbool.h>
#include <stddef.h>

#include "checkpoint/checkpoint.h"

enum {
	ROUNDS_MAX = 16 /* a container that writes faster than we do never comes to an end */
};

/*
 * After @count pre-dumps, of which @done says what they wrote: is another one worth while? Not once what it
 * writes is small anyway, or has stopped to shrink (by a fifth at least). Pure.
 */
bool rounds_go_on(const struct checkpoint_result *done, size_t count);

#endif
