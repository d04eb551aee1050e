// SPDX-License-Identifier: GPL-2.0-or-later
/* See overlay.h. */
#include "rootfs/overlay.h"

#include <stdlib.h>

#include "util/cleanup.h"

void overlay_stack_close(struct overlay_stack *s)
{
	for (size_t i = 0; i < s->count; i++)
		close_fd(&s->lowers[i]);
	free(s->lowers);
	close_fd(&s->upper);
	close_fd(&s->work);
	*s = (struct overlay_stack)OVERLAY_STACK_EMPTY;
}
