/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who keeps a container from running longer than its lease (lease.h): a process beside that of ctr replicate, with a
 * connection of its own, so that neither a generation that takes long nor the end of ctr replicate is in its way. It
 *
 *   - asks for the lease again and again,
 *   - freezes the container and sets its links down in time when there was no answer, and lets it go on when there is,
 *   - goes on when ctr replicate is killed, until the next one, whose guard takes its place, or the end of the container,
 *   - is started again by ctr replicate when it is killed itself.
 *
 * Before the first answer nothing was promised to anybody, and it does nothing.
 *
 *   DATA/.replicate/ID/guard, guard.next	locked by who guards, and by who waits to
 *   STATE/ID/lease			until when (container/lapse.h)
 */
#ifndef CTR_CHECKPOINT_LEASE_GUARD_H
#define CTR_CHECKPOINT_LEASE_GUARD_H

#include "checkpoint/lease.h"
#include "container/container.h"

enum lease_event {
	LEASE_GRANTED, /* for the first time, or again after it was lost */
	LEASE_LOST,    /* the container stands; @why */
	LEASE_GIVEN_BACK,
};

struct lease_guard_request {
	const struct container *container; /* open, with its lock; borrowed for the call */
	int dir;			   /* DATA/.replicate/ID, with its lock */
	const struct transport *to;
	const char *id; /* as the other host calls it */
	uint64_t epoch, ms;
	int timeout_ms;
	/* Called in the process of the guard. */
	void (*tell)(void *data, enum lease_event event, const struct err *why);
	void *data;
};

struct lease_shared;

struct lease_guard {
	pid_t pid;   /* 0: none */
	int channel; /* becomes readable when it is gone, or has heard something */
	struct lease_shared *shared;
};

#define LEASE_GUARD_EMPTY                                                                          \
	{                                                                                          \
		.channel = -EBADF                                                                  \
	}

int lease_guard_start(const struct lease_guard_request *rq, struct lease_guard *ret, struct err *e);

/* Was it killed? Then it is released, and may be started again. */
bool lease_guard_was_killed(struct lease_guard *g);

/* Another host has taken over: its epoch. 0: not that anybody knew. */
uint64_t lease_guard_taken(const struct lease_guard *g);

/* Does the container stand because of the lease? */
bool lease_guard_is_lapsed(const struct lease_guard *g);

/* While criu works at the container's tasks, they are not frozen before it is the last moment. */
void lease_guard_working(struct lease_guard *g, bool working);

/*
 * End it. @leave: everything stays as it is. Else the container runs on without a lease if the other host hears that
 * before it has run out; if not, it stands.
 */
void lease_guard_end(struct lease_guard *g, bool leave);

#endif
