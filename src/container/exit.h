/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a container ended: found out from the kernel, and kept in the record. */
#ifndef CTR_CONTAINER_EXIT_H
#define CTR_CONTAINER_EXIT_H

#include "container/container.h"

/*
 * Wait for the container's init to end; somebody else may be its parent. How it ended is in /proc until
 * the parent has reaped it, and afterwards the kernel tells whoever held a pidfd since before
 * (PIDFD_GET_INFO, Linux 6.15); on older kernels only the parent knows. *ret->known says which. Returns
 * at once for a container that has stopped.
 */
int container_wait_exit(struct container *c, enum container_status status,
			struct container_exit *ret, struct err *e);

/* The exit code for a status of waitpid(2): 128 + signal for one that was killed. */
int container_exit_code(int wait_status);

/* Note in the record how it ended (@wait_status as from foreground_attend). Takes the container's lock. */
int container_keep_exit(struct container *c, int wait_status, struct err *e);

#endif
