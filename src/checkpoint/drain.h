/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the files of the dump side. TCP connections that no process has in its hands are in nobody's images: those
 * that wait to be accepted, or whose handshake is not over, and those that a process has closed while the other side
 * has not got all yet. So before the tasks are stopped new connections are kept waiting (net/hold.h) until the
 * container has accepted those that are there; and while they stand, until what was closed has arrived.
 *
 * It is an attempt: a server that accepts nobody has connections waiting afterwards, and so has one in our own
 * network namespace, or on a kernel that lacks what is needed, as if none had been made. Whoever dies in it leaves
 * nothing behind.
 */
#ifndef CTR_CHECKPOINT_DRAIN_H
#define CTR_CHECKPOINT_DRAIN_H

#include <stdint.h>
#include <sys/types.h>

#include "checkpoint/checkpoint.h"
#include "util/err.h"

struct drain {
	int hold, diag; /* sockets in the container's network namespace */
	int64_t began_us, ended_us;
	struct checkpoint_quiet quiet;
};

#define DRAIN_EMPTY                                                                                \
	{                                                                                          \
		.hold = -EBADF, .diag = -EBADF                                                     \
	}

/*
 * The tasks run, of which @pid is one: wait for @limit_ms at most for what had to be sent again, then hold, and wait as
 * long until all are accepted. 0, or negative:
 * we are in another namespace than we were.
 */
int drain_running(struct drain *d, pid_t pid, int limit_ms, struct err *e);

/* The tasks stand, and packets pass: wait until what was closed is gone, then d->quiet is complete. */
void drain_standing(struct drain *d);

/* Connections are let in again, if the container goes on. */
void drain_end(struct drain *d);

#endif
