/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The conversation with ctr-init over the sync socket. */
#ifndef CTR_CONTAINER_DIALOG_H
#define CTR_CONTAINER_DIALOG_H

#include "container/container.h"

/* Answer init until it stops at @want. Hooks and id maps that it asks for on the way are done. */
int dialog_until(struct container *c, enum plan_sync want, struct err *e);

/* Say "go on". */
int dialog_go(struct container *c, struct err *e);

/* Wait until init has let go of the socket: it waits for `ctr start` now. */
int dialog_released(struct container *c, struct err *e);

/*
 * Wait until the program runs: 0 when it does, or did and has ended already; else why not. A process
 * that is killed before its execve has succeeded is a failure (-ESRCH), not a program that ran.
 */
int dialog_executed(struct container *c, struct err *e);

#endif
