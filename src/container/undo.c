// SPDX-License-Identifier: GPL-2.0-or-later
/* See undo.h. */
#include "container/undo.h"

#include <stdlib.h>

void undo_push(struct undo *u, void (*fn)(void *data), void *data)
{
	if (u->count == UNDO_MAX)
		abort();
	u->steps[u->count++] = (struct undo_step){ fn, data };
}

void undo_all(struct undo *u)
{
	while (u->count) {
		struct undo_step s = u->steps[--u->count];

		s.fn(s.data);
	}
}
