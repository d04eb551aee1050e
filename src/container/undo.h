/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What has to be taken back when a create fails, newest first. */
#ifndef CTR_CONTAINER_UNDO_H
#define CTR_CONTAINER_UNDO_H

#include <stddef.h>

enum {
	UNDO_MAX = 12
};

struct undo_step {
	void (*fn)(void *data);
	void *data;
};

struct undo {
	struct undo_step steps[UNDO_MAX];
	size_t count;
};

/* There are fewer effects than UNDO_MAX: a full stack is a programming error and aborts. */
void undo_push(struct undo *u, void (*fn)(void *data), void *data);
/* Take everything back; the stack is empty afterwards. */
void undo_all(struct undo *u);
/* It worked: forget. */
static inline void undo_commit(struct undo *u)
{
	u->count = 0;
}

#endif
