/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A container that came here, and a host that does not know it yet: whoever would delete it asks here first. */
#ifndef CTR_CHECKPOINT_ARRIVAL_H
#define CTR_CHECKPOINT_ARRIVAL_H

#include <stdbool.h>

#include "container/container.h"

/*
 * @c, whose lock the caller must not have, is about to be deleted. As long as the journal of its arrival (journal.h) is there,
 * the host that it came from may ask whether it runs here, and would let its own copy go on if it heard that it
 * does not: -EBUSY without @force. With it, what became of the move is written down first, for good; what did not
 * come to run is removed by that.
 */
int arrival_before_delete(const struct container *c, const struct caller *caller, bool force,
			  struct err *e);

/* Is there a container @id in @store that came by @token, and has not gone on? */
bool arrival_is_here(int store, const char *id, const char *token);

#endif
