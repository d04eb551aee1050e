// SPDX-License-Identifier: GPL-2.0-or-later
/* See drain.h. */
#include "checkpoint/drain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "net/hold.h"
#include "net/visit.h"
#include "util/cleanup.h"

enum {
	POLL_NS = 1000000,
	STANDING_MS = 200, /* a round trip to somebody far away */
};

static int64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* always there */
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* The network namespace of the task; -EBADF: it is ours, and has the sockets of others. */
static int open_namespace(pid_t pid)
{
	cleanup_fd int ns = -EBADF;
	struct stat theirs, own;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || fstat(ns, &theirs) < 0 || stat("/proc/self/ns/net", &own) < 0)
		return -errno;
	return theirs.st_ino == own.st_ino && theirs.st_dev == own.st_dev ? -EBADF : take_fd(&ns);
}

static int look(struct drain *d, struct net_unsettled *ret)
{
	int r = d->diag < 0 ? d->diag : net_unsettled_count(d->diag, ret);

	if (r < 0)
		return r;
	d->quiet.unaccepted = ret->unaccepted + ret->opening;
	d->quiet.unsent = ret->closing;
	return 0;
}

/* @wanted says whether what it sees is what is waited for. */
static void wait_until(struct drain *d, bool (*wanted)(const struct net_unsettled *u), int limit_ms)
{
	const struct timespec pause = { .tv_nsec = POLL_NS };
	int64_t end = now_us() + (int64_t)limit_ms * 1000;
	struct net_unsettled u;

	while (look(d, &u) == 0 && !wanted(&u) && now_us() < end)
		(void)nanosleep(&pause, NULL);
}

static bool is_accepted(const struct net_unsettled *u)
{
	return u->unaccepted == 0 && u->opening == 0;
}

/* Nobody accepts any more: what is in a queue stays there. */
static bool is_settled(const struct net_unsettled *u)
{
	return u->unaccepted > 0 || (u->opening == 0 && u->closing == 0);
}

/* Its kernel sends it again after ever longer times: nobody has to be kept waiting for that. */
static bool is_in_time(const struct net_unsettled *u)
{
	return u->late == 0;
}

/* A kernel that cannot do it does without. */
static int open_sockets(struct drain *d, int ns, int limit_ms)
{
	struct net_unsettled u;

	d->diag = net_socket_in(ns, net_diag_socket);
	if (look(d, &u) < 0 || u.listeners == 0)
		return d->diag;
	wait_until(d, is_in_time, limit_ms);
	d->began_us = now_us();
	d->hold = net_hold(ns);
	return d->hold;
}

int drain_running(struct drain *d, pid_t pid, int limit_ms, struct err *e)
{
	cleanup_fd int ns = open_namespace(pid);

	d->began_us = now_us();
	if (ns >= 0 && open_sockets(d, ns, limit_ms) == -ENOTRECOVERABLE)
		return err_set(e, ERR_SYSTEM, 0, "leave a container's network namespace");
	wait_until(d, is_accepted, limit_ms);
	d->ended_us = now_us();
	d->quiet.held_us = (uint64_t)(d->ended_us - d->began_us);
	return 0;
}

void drain_standing(struct drain *d)
{
	d->quiet.stopped_us = d->ended_us;
	wait_until(d, is_settled, STANDING_MS);
}

void drain_end(struct drain *d)
{
	close_fd(&d->hold);
	close_fd(&d->diag);
}
