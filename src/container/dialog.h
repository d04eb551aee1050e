/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The conversation with ctr-init over the sync socket. */
#ifndef CTR_CONTAINER_DIALOG_H
#define CTR_CONTAINER_DIALOG_H

#include "container/container.h"

/* Answer init until it stops at @want. Hooks and id maps that it asks for on the way are done. */
int dialog_until(struct container *c, enum plan_sync want, struct err *e);

/* Say "go on". */
int dialog_go(struct container *c, struct err *e);

/* Wait until init is gone from the socket: 0 when it executed the program, else why not. */
int dialog_executed(struct container *c, struct err *e);

#endif
