// SPDX-License-Identifier: GPL-2.0-or-later
/* See replicate.h: generation after generation, whatever happens to the link. */
#include "checkpoint/replicate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "checkpoint/preflight.h"
#include "checkpoint/replicate_internal.h"
#include "container/fence.h"
#include "util/cleanup.h"

enum {
	BACK_OFF_MS = 1000, /* the first time; then twice as long each time */
	BACK_OFF_MAX_MS = 60000,
	DUMPS_MAX = 3, /* failures in a row, until it is not going to work */
	ALIVE_MS = 10000,
};

static uint64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* always there */
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void tell(const struct replication *x, enum replicate_event event, const struct err *why,
		 unsigned wait_ms)
{
	if (x->rq->tell)
		x->rq->tell(x->rq->context, event, &x->made.round, why, wait_ms);
}

/* 1: somebody wants it to end. */
static int wait_ms(const struct replication *x, uint64_t ms)
{
	struct pollfd p = { .fd = x->rq->interrupt, .events = POLLIN };

	return poll(&p, 1, ms > INT32_MAX ? INT32_MAX : (int)ms) > 0;
}

/* ---- the container ---- */

/* 1: there; 0: it has ended, or is another one. */
static int open_container(const struct replication *x, struct container **ret, struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	enum container_status status;
	int r = container_open(x->rq->store, x->rq->id, true, &c, &status, e);

	if (r == 0)
		r = fence_check(c, e);
	if (r == 0 && status != STATUS_RUNNING && status != STATUS_PAUSED) {
		if (x->init.pid)
			return 0;
		return err_set(e, ERR_STATE, 0, "container '%s' is %s", x->rq->id,
			       container_status_name(status));
	}
	if (r == -ENOENT && x->init.pid)
		return 0;
	if (r == 0 && x->init.pid &&
	    (x->init.pid != c->record.init.pid || x->init.start_time != c->record.init.start_time))
		return 0;
	if (r == 0)
		r = container_reload(c, e);
	if (r < 0)
		return r;
	*ret = take_ptr(c);
	return 1;
}

static int open_root(struct replication *x, const struct container *c, struct err *e)
{
	const struct rootsync_source_request rq = { 0 };
	int r = rootsync_source_open(c, &rq, &x->root, e);

	if (r < 0 || !x->acked)
		return r;
	/* what the other host has, as another process has left it */
	if (rootsync_source_load(x->root, x->dir, REPLICATE_INDEX, &(struct err)ERR_INIT) < 0)
		return replicate_start_over(x, e);
	x->indexed = true;
	return 0;
}

/* ---- fenced ---- */

static int stop(struct container *c, struct err *e)
{
	cleanup_(cgroup_close) struct cgroup cg = CGROUP_EMPTY;
	int r = container_open_cgroup(c, &cg, e);

	return r == 0 ? cgroup_kill(&cg, e) : r;
}

static int obey(const struct replication *x, struct container *c, struct err *e)
{
	char now[TIMESTAMP_SIZE];
	const struct container_move m = {
		.token = x->instance, .peer = x->rq->to->name, .since = now, .taken = true
	};
	struct err second = ERR_INIT;
	int r = 0;

	timestamp_seconds(now);
	if (x->rq->on_fenced == REPLICATE_PAUSE)
		r = fence_raise(c, &m, &second);
	if (x->rq->on_fenced == REPLICATE_STOP)
		r = stop(c, &second);
	if (r < 0) {
		*e = second;
		return err_wrap(e, "another host has taken over, but the container goes on here");
	}
	return -EOWNERDEAD;
}

/* Is it known not to go on here? */
static bool is_held(const struct replication *x)
{
	cleanup_(container_freep) struct container *c = NULL;
	enum container_status status;
	struct err none = ERR_INIT;
	int r = container_open(x->rq->store, x->rq->id, false, &c, &status, &none);

	return r == -ENOENT || (r == 0 && fence_check(c, &none) < 0);
}

static int be_fenced(const struct replication *x, struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	struct err why = ERR_INIT;
	int r = open_container(x, &c, &why);

	/* nothing runs here that could go on, or it is fenced already */
	if (r == 0 || (r < 0 && is_held(x)))
		return -EOWNERDEAD;
	if (r < 0) {
		*e = why;
		(void)err_wrap(e, "another host has taken over, but the container may go on here");
		return r;
	}
	r = obey(x, c, e);
	if (r == -EOWNERDEAD && x->rq->on_fenced != REPLICATE_IGNORE)
		err_hint(e, "it %s here; remove it with: ctr delete --force %s",
			 x->rq->on_fenced == REPLICATE_STOP ? "was stopped" : "stands still",
			 x->rq->id);
	return r;
}

/* ---- making a generation ---- */

struct holding {
	struct replication *x;
	int delta;
	uint64_t began, ended;
};

/* All tasks stand: what the files are now belongs to what memory is now. */
static int complete(void *data, struct container *c, struct err *e)
{
	struct holding *h = data;
	struct treesync_count count;
	int r = rootsync_source_spool(h->x->root, h->delta, &count, e);

	(void)c;
	h->x->made.round.file_bytes = count.contents;
	h->x->made.files = count.bytes > 0;
	h->ended = now_us();
	return r;
}

static int dump(struct replication *x, struct container *c, struct err *e)
{
	struct replicate_made *m = &x->made;
	cleanup_fd int images = -EBADF, work = -EBADF, delta = -EBADF;
	struct checkpoint_result result = { 0 };
	struct holding h = { .x = x };
	struct checkpoint_request rq = {
		.criu = x->rq->criu,
		.leave_running = true,
		.track_memory = true,
		.flags = x->rq->flags,
		.status_fd = -EBADF,
		.complete = complete,
		.data = &h,
	};
	char parent[32];
	int r = replicate_images(x, m->round.generation, &images, &work, e);

	if (r == 0)
		r = replicate_delta(x, m->round.generation,
				    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, &delta, e);
	if (r == 0)
		r = rootsync_source_prepare(x->root, e);
	if (r < 0)
		return r;
	if (x->memory) {
		(void)snprintf(parent, sizeof(parent), "../%llu", (unsigned long long)x->memory);
		rq.parent = parent;
	}
	h.delta = delta;
	h.began = now_us();
	rq.images = images;
	rq.work = work;
	r = checkpoint_dump(c, &rq, &result, e);
	m->round.hold_us = result.freezing_us + result.frozen_us;
	if (!m->round.hold_us) /* criu did not say: no longer than that */
		m->round.hold_us = h.ended - h.began;
	return r;
}

/* After a failure nobody knows what the index says: it is read again, or all is told anew. */
static int recover_index(struct replication *x, struct err *e)
{
	struct err none = ERR_INIT;

	x->memory = 0; /* the kernel has forgotten what changed since */
	if (x->indexed && rootsync_source_load(x->root, x->dir, REPLICATE_INDEX, &none) == 0)
		return 0;
	x->indexed = false;
	return x->acked ? replicate_start_over(x, e) : rootsync_source_reset(x->root, e);
}

/* 1: made; 0: the container has ended. */
static int make_generation(struct replication *x, struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	struct err second = ERR_INIT;
	int r = open_container(x, &c, e);

	if (r <= 0)
		return r;
	x->made =
		(struct replicate_made){ .round = { .generation = x->last + 1, .parent = x->acked },
					 .linked = x->memory != 0 };
	timestamp_seconds(x->made.created);
	r = dump(x, c, e);
	if (r < 0) {
		int index = recover_index(x, &second);

		return index < 0 ? index : r;
	}
	x->last = x->memory = x->made.round.generation;
	x->pending = true;
	return 1;
}

static int note_sent(struct replication *x, struct err *e)
{
	int r = rootsync_source_save(x->root, x->dir, REPLICATE_INDEX, e);

	replicate_unlink_parent(x, x->made.round.generation);
	x->acked = x->made.round.generation;
	x->pending = false;
	x->indexed = r == 0;
	if (r == 0)
		r = replicate_save(x, e);
	replicate_clean(x);
	return r;
}

/* ---- the loop ---- */

/* What was made goes over, then the next one is due. 1: go on; 0: the end. */
static int one_generation(struct replication *x, uint64_t *made, struct err *e)
{
	uint64_t began = now_us(), took;
	int r = x->pending ? 1 : make_generation(x, e);

	if (r <= 0)
		return r;
	x->failures = 0;
	r = replicate_send(x, e);
	if (r == 0)
		r = note_sent(x, e);
	if (r < 0)
		return r;
	took = now_us() - began;
	x->made.round.total_us = took;
	tell(x, REPLICATE_GENERATION, NULL, 0);
	if (x->rq->count && ++*made == x->rq->count)
		return 0;
	while (took / 1000 < x->rq->interval_ms) {
		uint64_t left = x->rq->interval_ms - took / 1000;

		if (wait_ms(x, left < ALIVE_MS ? left : ALIVE_MS))
			return 0;
		r = wire_send(x->w, WIRE_ALIVE, NULL, 0, e);
		if (r < 0)
			return r;
		took = now_us() - began;
	}
	return !wait_ms(x, 0);
}

static int connect_again(struct replication *x, struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	int r;

	if (x->w)
		return 1;
	r = open_container(x, &c, e);
	if (r <= 0)
		return r;
	close_fd(&c->dir); /* and the lock with it: others must not wait for the link */
	r = replicate_connect(x, c, e);
	if (r < 0)
		return r;
	x->agreed = true;
	tell(x, REPLICATE_CONNECTED, NULL, 0);
	return 1;
}

/* 1: try again; else the end of it. */
static int consider(struct replication *x, int r, unsigned *back_off, struct err *e)
{
	bool dumped = r == -EREMOTEIO && ++x->failures < DUMPS_MAX;

	if (r == -ECANCELED && wait_ms(x, 0))
		return 0;
	/* what the other host refuses from the start is for somebody to look at */
	if ((!replicate_may_pass(r) && !dumped) || (r == -ECONNABORTED && !x->agreed))
		return r;
	if (!dumped)
		replicate_disconnect(x);
	tell(x, REPLICATE_RETRY, e, *back_off);
	*e = (struct err){ .problems = e->problems };
	if (wait_ms(x, *back_off))
		return 0;
	*back_off = *back_off * 2 < BACK_OFF_MAX_MS ? *back_off * 2 : BACK_OFF_MAX_MS;
	return 1;
}

static int run(struct replication *x, struct err *e)
{
	unsigned back_off = BACK_OFF_MS;
	uint64_t made = 0;
	int r = 1;

	while (r > 0) {
		r = connect_again(x, e);
		if (r > 0)
			r = one_generation(x, &made, e);
		if (r > 0)
			back_off = BACK_OFF_MS;
		if (r < 0 && r != -EOWNERDEAD)
			r = consider(x, r, &back_off, e);
	}
	return r == -EOWNERDEAD ? be_fenced(x, e) : r;
}

static int look_for_blockers(const struct replication *x, struct container *c, struct err *e)
{
	cleanup_(preflight_free) struct preflight_report report = { 0 };
	int r = x->rq->no_preflight
			? 0
			: preflight_look(c, x->rq->criu, &x->rq->flags, &report, NULL, NULL, e);

	if (r < 0)
		return r;
	return preflight_refuse(&report, e) < 0 ? -EUCLEAN : 0;
}

static int begin(struct replication *x, struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	int r = open_container(x, &c, e);

	if (r < 0)
		return r;
	if (!c->record.cgroup_path)
		return err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP,
			       "a container without a cgroup cannot be held still");
	r = look_for_blockers(x, c, e);
	if (r < 0)
		return r;
	x->init = c->record.init;
	r = replicate_open(x, e);
	return r == 0 ? open_root(x, c, e) : r;
}

int replicate_run(const struct replicate_request *rq, struct err *e)
{
	struct replication x = { .rq = rq, .dir = -EBADF };
	int r = begin(&x, e);

	if (r == 0)
		r = run(&x, e);
	replicate_disconnect(&x);
	rootsync_source_close(x.root);
	close_fd(&x.dir);
	return r;
}
