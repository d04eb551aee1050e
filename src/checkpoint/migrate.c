// SPDX-License-Identifier: GPL-2.0-or-later
/* See migrate.h: the source's side, step by step. */
#include "checkpoint/migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "checkpoint/image_stream.h"
#include "checkpoint/journal.h"
#include "checkpoint/judge.h"
#include "checkpoint/pages.h"
#include "checkpoint/preflight.h"
#include "checkpoint/proposal.h"
#include "checkpoint/rootsync.h"
#include "container/fence.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/timestamp.h"

#define WORK_NAME "migrate" /* in the container's directory: logs of criu */

enum {
	IN_FLIGHT_TRIES = 4, /* 15 s of waiting */
	FILE_ROUNDS = 4,
	ALIVE_MS = 5000,
	FILE_ENOUGH = 1 << 20,
	SHRINK_PERCENT = 90, /* a round that is not smaller than that makes no progress */
};

struct migration {
	const struct migrate_request *rq;
	struct migrate_result *ret;
	struct wire *w;
	pid_t program;
	struct outbox outbox;
	struct arena arena;
	struct proposal proposal;
	bool copy_rootfs;
	struct rootsync_source *root;
	struct pages_store *store; /* memory that is asked for; NULL: it has gone with the images */
	unsigned round;		   /* the next one */
	uint64_t rate;		   /* bytes per second, of what was sent so far */
	uint64_t last_bytes;	   /* of the round before */
	uint64_t dump_us; /* what the last round's dump took, criu's start and end included */
	int64_t began, stood;
	struct checkpoint_quiet quiet;
	bool proposed, committed;
	bool gone; /* it has been deleted there since */
};

static const char *const step_names[MIGRATE_STEPS] = {
	[MIGRATE_CONNECT] = "connect", [MIGRATE_NEGOTIATE] = "negotiate",
	[MIGRATE_FILES] = "files",     [MIGRATE_ROUND] = "memory",
	[MIGRATE_FINAL] = "final",     [MIGRATE_RESTORE] = "restore",
	[MIGRATE_COMMIT] = "commit",   [MIGRATE_PAGES] = "pages",
	[MIGRATE_RESOLVE] = "resolve",
};

const char *migrate_step_name(enum migrate_step step)
{
	return step_names[step];
}

static int64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* always there */
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void tell(const struct migration *m, enum migrate_step step)
{
	if (m->rq->tell)
		m->rq->tell(m->rq->data_of_tell, step, m->round, wire_sent(m->w));
}

/* ---- the container ---- */

static int check_runs(const struct container *c, enum container_status status, struct err *e)
{
	int r = fence_check(c, e);

	if (r == 0)
		r = fence_check_memory(c, e);
	if (r < 0 || status == STATUS_RUNNING)
		return r;
	err_set(e, ERR_STATE, 0, "container '%s' is %s", c->record.id,
		container_status_name(status));
	err_hint(e,
		 status == STATUS_PAUSED ? "resume it first" : "only one that runs can be moved");
	return -EINVAL;
}

int migrate_open(const struct migrate_request *rq, struct container **ret, struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	enum container_status status;
	int r = container_open(rq->store, rq->id, true, &c, &status, e);

	if (r == 0)
		r = check_runs(c, status, e);
	if (r == 0)
		r = container_reload(c, e);
	if (r < 0)
		return r;
	if (!c->record.cgroup_path) {
		err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP,
			"a container without a cgroup cannot be moved");
		return -EOPNOTSUPP;
	}
	*ret = take_ptr(c);
	return 0;
}

/* ---- negotiation ---- */

static int connect_there(struct migration *m, struct err *e)
{
	int r = transport_connect(m->rq->to, m->rq->timeout_ms, &m->w, &m->program, e);

	if (r < 0)
		return r;
	wire_set_interrupt(m->w, m->rq->interrupt);
	return wire_hello_call(m->w, "migrate", e);
}

static uint64_t memory_of(const struct container *c)
{
	cleanup_(cgroup_close) struct cgroup cg = CGROUP_EMPTY;
	char text[32];
	ssize_t n;

	if (container_open_cgroup(c, &cg, NULL) < 0 || cg.fd < 0)
		return 0;
	n = io_read_line(cg.fd, "memory.current", text, sizeof(text));
	return n > 0 ? strtoull(text, NULL, 10) : 0;
}

static int describe(struct migration *m, const struct container *c, struct err *e)
{
	struct proposal *p = &m->proposal;
	char digest[DIGEST_TEXT];
	int criu = judge_criu(m->rq->criu, e), r;

	if (criu == 0)
		return -ENOPKG;
	r = m->rq->post_copy ? judge_lazy_pages(m->rq->criu, e) : 0;
	if (r < 0) {
		(void)err_wrap(e, "post-copy, on this host");
		return r;
	}
	r = host_facts_get(&m->arena, criu, &p->host, e);
	if (r == 0)
		r = proposal_digest(c->config, c->config_size, digest, e);
	if (r < 0)
		return r;
	p->id = m->rq->as;
	if (proposal_describe(c, &m->arena, p) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "describe the container");
	p->token = m->rq->token;
	p->config_digest = arena_strdup(&m->arena, digest);
	p->flags = m->rq->flags;
	p->dry_run = m->rq->dry_run;
	p->post_copy = m->rq->post_copy;
	p->memory = memory_of(c);
	return p->config_digest ? 0 : err_set(e, ERR_SYSTEM, ENOMEM, "describe the container");
}

static int propose(struct migration *m, const struct container *c, struct err *e)
{
	struct json_out o;
	int r = describe(m, c, e);

	if (r < 0)
		return r;
	if (json_out_init(&o, false) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "describe the container");
	json_out_object(&o);
	proposal_write(&o, &m->proposal);
	m->proposed = true;
	r = wire_send_json(m->w, WIRE_PROPOSAL, &o, e);
	return r < 0 ? r : wire_send(m->w, WIRE_CONFIG, c->config, c->config_size, e);
}

/* Nothing has been copied yet. Who only asks hears of all of it, and of what the destination says. */
static int look_for_blockers(struct migration *m, struct container *c, struct err *e)
{
	cleanup_(preflight_free) struct preflight_report report = { 0 };
	struct checkpoint_flags flags = m->rq->flags;
	char object[640];
	int r;

	flags.tcp_skip_in_flight = true; /* they are waited for */
	r = m->rq->no_preflight ? 0
				: preflight_look(c, m->rq->criu, &flags, &report, NULL, NULL, e);

	if (r < 0)
		return r;
	m->ret->blocked = report.certain > 0;
	if (!m->rq->dry_run)
		return preflight_refuse(&report, e);
	for (size_t i = 0; r == 0 && i < report.count; i++) {
		const struct preflight_rule *rule = report.items[i].rule;

		preflight_describe(&report.items[i], object, sizeof(object));
		r = problems_addf(&m->ret->problems,
				  rule->certain ? PROBLEM_ERROR : PROBLEM_WARNING, "", rule->help,
				  "%s: %s", object, rule->why);
	}
	return r;
}

/*
 * Whoever sent it here may still ask whether it came. As long as that is not written down, the container is what tells
 * (receive_settle): it must not leave before, or the answer would be no.
 */
static int check_arrived(const struct migration *m, const struct container *c, struct err *e)
{
	cleanup_(journal_close) struct journal j = JOURNAL_EMPTY;
	const struct container_move *move = &c->record.move;
	int r;

	if (!move->token || !wire_nonce_is_valid(move->token))
		return 0;
	r = journal_open(m->rq->data, move->token, &j, e);
	if (r == -ENOENT) {
		*e = (struct err){ .problems = e->problems };
		return 0;
	}
	if (r < 0 || j.state == JOURNAL_RUNNING)
		return r;
	err_set(e, ERR_STATE, EBUSY, "container '%s' came from %s, which does not know it yet",
		c->record.id, move->peer);
	err_hint(e, "ask from there first: ctr migrate --recover");
	return -EBUSY;
}

static int negotiate(struct migration *m, struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	int r = migrate_open(m->rq, &c, e);

	if (r == 0)
		r = check_arrived(m, c, e);
	if (r == 0)
		r = look_for_blockers(m, c, e);
	if (r == 0)
		r = connect_there(m, e);
	if (r < 0)
		return r;
	tell(m, MIGRATE_NEGOTIATE);
	r = propose(m, c, e);
	return r < 0 ? r : migrate_hear_answer(m->rq, m->w, &m->ret->problems, &m->copy_rootfs, e);
}

/* ---- files ---- */

static void on_files(void *data, uint64_t bytes)
{
	const struct migration *m = data;

	(void)bytes;
	tell(m, m->stood ? MIGRATE_FINAL : MIGRATE_FILES);
}

static int send_files(struct migration *m, bool last, uint64_t *ret_bytes, struct err *e)
{
	struct rootsync_round round;
	int r = rootsync_source_round(m->root, m->w, last, &round, e);

	if (r < 0)
		return r;
	*ret_bytes = round.count.bytes;
	m->ret->file_bytes += round.count.bytes;
	return 0;
}

static int open_root(struct migration *m, struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	enum container_status status;
	/* of an overlay, what lies below may always be sent: it is only if it is not there */
	struct rootsync_source_request rq = {
		.progress = on_files,
		.context = m,
	};
	int r = container_open(m->rq->store, m->rq->id, false, &c, &status, e);

	if (r < 0)
		return r;
	rq.copy_rootfs = m->copy_rootfs || c->record.overlay.used;
	return rootsync_source_open(c, &rq, &m->root, e);
}

/* Until there is little left, or as much as the time before. */
static int files_ahead(struct migration *m, struct err *e)
{
	uint64_t bytes = 0, before;
	int r;

	tell(m, MIGRATE_FILES);
	r = open_root(m, e);
	if (r == 0)
		r = rootsync_source_offer(m->root, m->w, e);
	for (unsigned i = 0; r == 0 && i < FILE_ROUNDS; i++) {
		before = bytes;
		r = send_files(m, false, &bytes, e);
		if (bytes < FILE_ENOUGH || (i > 0 && bytes * 100 >= before * SHRINK_PERCENT))
			break;
	}
	return r;
}

/* ---- rounds ---- */

static void on_bytes(void *data, uint64_t bytes)
{
	const struct migration *m = data;

	(void)bytes;
	tell(m, m->stood ? MIGRATE_FINAL : MIGRATE_ROUND);
}

static int send_round(struct migration *m, int images, struct err *e)
{
	const struct image_stream_progress progress = { on_bytes, m };
	int64_t began = now_us(), took;
	uint64_t bytes;
	struct wire_message reply;
	int r = image_stream_send(m->w, images, m->round, !m->stood, &progress, &bytes, e);

	if (r == 0)
		r = wire_expect(m->w, "destination", WIRE_KEPT, &reply, e);
	if (r < 0)
		return r;
	took = now_us() - began;
	m->rate = took > 0 ? bytes * 1000000 / (uint64_t)took : 0;
	m->last_bytes = bytes;
	m->ret->memory_bytes += bytes;
	m->ret->rounds = ++m->round;
	return 0;
}

static int open_work(const struct container *c, int *ret, struct err *e)
{
	int fd;

	if (mkdirat(c->dir, WORK_NAME, 0700) < 0 && errno != EEXIST)
		return err_set(e, ERR_SYSTEM, errno, "make a place for logs");
	fd = openat(c->dir, WORK_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, errno, "make a place for logs");
	*ret = fd;
	return 0;
}

struct pictures {
	int images, work;
	char parent[16]; /* "" for the first */
};

#define PICTURES_EMPTY                                                                             \
	{                                                                                          \
		.images = -EBADF, .work = -EBADF                                                   \
	}

static void close_pictures(struct pictures *p)
{
	close_fd(&p->images);
	close_fd(&p->work);
}

static int open_pictures(const struct migration *m, const struct container *c, struct pictures *ret,
			 struct err *e)
{
	int r = outbox_images(&m->outbox, m->round, &ret->images, e);

	if (r == 0)
		r = open_work(c, &ret->work, e);
	if (r == 0 && m->round > 0)
		(void)snprintf(ret->parent, sizeof(ret->parent), "../%u", m->round - 1);
	return r;
}

/* While criu writes, the other end hears nothing else. */
static void say_alive(void *data)
{
	struct migration *m = data;

	(void)wire_send(m->w, WIRE_ALIVE, NULL, 0,
			&(struct err)ERR_INIT); /* the next message fails */
}

static struct checkpoint_request dump_request(struct migration *m, const struct pictures *p)
{
	return (struct checkpoint_request){
		.criu = m->rq->criu,
		.images = p->images,
		.work = p->work,
		.parent = p->parent[0] ? p->parent : NULL,
		.flags = m->rq->flags,
		.status_fd = -EBADF,
		.patience = { .tick = say_alive,
			      .data = m,
			      .every_ms = m->rq->timeout_ms < 3 * ALIVE_MS ? m->rq->timeout_ms / 3
									   : ALIVE_MS },
	};
}

/* The lock is held for the dump alone: between rounds others may work on the container. */
static int pre_dump(struct migration *m, struct pictures *p, struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	struct checkpoint_request rq;
	int64_t began;
	int r = migrate_open(m->rq, &c, e);

	if (r == 0)
		r = open_pictures(m, c, p, e);
	if (r < 0)
		return r;
	rq = dump_request(m, p);
	rq.pre_dump = true;
	rq.track_memory = true;
	began = now_us();
	r = checkpoint_dump(c, &rq, NULL, e);
	m->dump_us = (uint64_t)(now_us() - began);
	return r;
}

/*
 * What the next round would take, were it the last: as many bytes as this one, a dump like this one, and a restore, for
 * which a criu starts as well, and reads what this one wrote.
 */
static uint64_t predict(const struct migration *m)
{
	uint64_t send = m->rate && !m->rq->post_copy ? m->last_bytes * 1000000 / m->rate : 0;

	return send + 2 * m->dump_us;
}

static bool is_enough(struct migration *m, uint64_t before)
{
	m->ret->predicted_us = predict(m);
	if (m->ret->predicted_us <= (uint64_t)m->rq->max_downtime_ms * 1000)
		return true;
	return m->round > 1 && m->last_bytes * 100 >= before * SHRINK_PERCENT;
}

static int copy_ahead(struct migration *m, struct err *e)
{
	bool enough = m->rq->max_rounds == 0;

	while (!enough && m->round < m->rq->max_rounds) {
		cleanup_(close_pictures) struct pictures p = PICTURES_EMPTY;
		uint64_t before = m->last_bytes;
		int r;

		tell(m, MIGRATE_ROUND);
		r = pre_dump(m, &p, e);
		/* without tracking of changes all goes at once, and it takes longer */
		if (r == -ENOPKG && m->round == 0) {
			*e = (struct err){ .problems = e->problems };
			return 0;
		}
		if (r == 0)
			r = send_round(m, p.images, e);
		if (r < 0)
			return r;
		enough = is_enough(m, before);
	}
	return 0;
}

/* ---- the end of it ---- */

static int raise_fence(struct migration *m, struct container *c, struct err *e)
{
	char now[TIMESTAMP_SIZE];
	const struct container_move move = {
		.token = m->rq->token,
		.peer = m->rq->to->name,
		.since = now,
		.away = true,
		.words = m->rq->to->words,
	};

	timestamp_nanoseconds(now);
	return fence_raise(c, &move, e);
}

static int tell_lost(const struct migration *m, struct err *e)
{
	(void)err_wrap(e, "it ran at %s while its memory was here, and was ended there",
		       m->rq->to->name);
	err_hint(e, "it goes on here from when it was stopped: what it did since is lost");
	return -ECONNABORTED;
}

/* Without a word about it, it was stopped no earlier than criu was asked to. */
static int64_t stopped_at(const struct migration *m)
{
	return m->quiet.stopped_us ? m->quiet.stopped_us : m->stood;
}

/* The word is out, and no answer came: whoever has an answer has written it down. */
static int resolve(struct migration *m, struct container *c, struct err *e)
{
	enum migrate_verdict verdict = MIGRATE_ABORTED;
	struct err why = *e;
	int r;

	m->ret->fate = MIGRATE_IN_DOUBT;
	r = migrate_resolve(m->rq, m->rq->to, m->rq->token, &verdict, e);
	if (r < 0)
		return r;
	m->gone = verdict == MIGRATE_WAS_THERE;
	if (verdict == MIGRATE_RUNNING || m->gone)
		return 0;
	r = fence_lower(c, e);
	if (r < 0)
		return r;
	m->ret->fate = MIGRATE_STAYED;
	m->ret->went_back = verdict == MIGRATE_LOST;
	if (m->ret->went_back)
		migrate_tell_done(m->rq->to, m->rq->token, m->rq->timeout_ms);
	*e = why; /* why the destination does not have it */
	return m->ret->went_back ? tell_lost(m, e) : -ECONNABORTED;
}

/* A word of the destination, and what it wants until then. */
static int await(struct migration *m, enum wire_type type, struct err *e)
{
	struct wire_message reply;
	struct pages_count count;
	int r;

	if (!m->store)
		return wire_expect(m->w, "destination", type, &reply, e);
	r = pages_store_serve(m->store, m->w, type, e);
	count = pages_store_count(m->store);
	m->ret->fetched_pages = count.pages;
	m->ret->fetched_bytes = count.bytes;
	return r;
}

/* It runs there. What it lacks is here, and nowhere else. */
static int give_memory(struct migration *m, struct err *e)
{
	m->ret->down_us = (uint64_t)(now_us() - stopped_at(m));
	if (!m->store)
		return 0;
	wire_set_timeout(m->w, m->rq->timeout_ms);
	tell(m, MIGRATE_PAGES);
	return await(m, WIRE_COMPLETE, e);
}

static int commit(struct migration *m, struct container *c, struct err *e)
{
	int r;

	tell(m, MIGRATE_COMMIT);
	r = raise_fence(m, c, e);
	if (r < 0)
		return r;
	wire_set_interrupt(m->w, -EBADF);
	r = wire_send_word(m->w, WIRE_COMMIT, e);
	if (r == 0)
		r = await(m, WIRE_RUNNING, e);
	if (r == 0)
		r = give_memory(m, e);
	if (r < 0)
		r = resolve(m, c, e);
	if (r < 0)
		return r;
	m->committed = true;
	m->ret->fate = m->gone ? MIGRATE_GONE : MIGRATE_MOVED;
	if (!m->ret->down_us)
		m->ret->down_us = (uint64_t)(now_us() - stopped_at(m));
	m->ret->held_us = m->quiet.held_us;
	m->ret->lost = m->quiet.unaccepted + m->quiet.unsent;
	return 0;
}

struct ending {
	struct migration *m;
	struct pictures pictures;
	bool last_try;
};

/* All tasks stand; whatever fails in here lets them go on, unless they are fenced. */
static int hand_over(void *data, struct container *c, struct err *e)
{
	struct ending *x = data;
	struct migration *m = x->m;
	uint64_t bytes;
	int r = send_round(m, x->pictures.images, e);

	if (r == 0)
		r = send_files(m, true, &bytes, e);
	if (r == 0)
		r = rootsync_source_commit(m->root, m->w, e);
	if (r == 0 && m->rq->post_copy)
		r = pages_store_open(c, &m->store, e);
	if (r == 0) {
		tell(m, MIGRATE_RESTORE);
		wire_set_timeout(m->w, m->rq->restore_ms);
		r = wire_send_word(m->w, WIRE_RESTORE, e);
	}
	if (r == 0)
		r = await(m, WIRE_PREPARED, e);
	return r < 0 ? r : commit(m, c, e);
}

/* Of those that would be lost none is, as long as there are other tries. */
static int on_quiet(void *data, const struct checkpoint_quiet *q)
{
	struct ending *x = data;

	x->m->quiet = *q;
	if (x->last_try || (q->unaccepted == 0 && (!q->stopped_us || q->unsent == 0)))
		return 0;
	return -EAGAIN;
}

static int remove_here(struct migration *m, struct container *c, struct err *e)
{
	struct err warning = ERR_INIT, none = ERR_INIT;
	struct wire_message reply;
	int r = container_destroy(c, STATUS_PAUSED, DESTROY_FORCE, &warning, e);

	if (r < 0)
		return err_wrap(e, "it runs at %s, but what is left here cannot be removed",
				m->rq->to->name);
	if (wire_send_word(m->w, WIRE_DONE, &none) < 0 ||
	    wire_expect(m->w, "destination", WIRE_DONE, &reply, &none) < 0)
		migrate_tell_done(m->rq->to, m->rq->token, m->rq->timeout_ms);
	return 0;
}

/* One try. What a try before it left of images goes. */
static int try_final_dump(struct migration *m, struct container *c, unsigned number, struct err *e)
{
	struct ending x = { .m = m,
			    .pictures = PICTURES_EMPTY,
			    .last_try = number == IN_FLIGHT_TRIES };
	struct checkpoint_request rq;
	int r = outbox_clear(&m->outbox, m->round, e);

	if (r == 0)
		r = open_pictures(m, c, &x.pictures, e);
	if (r == 0) {
		tell(m, MIGRATE_FINAL);
		rq = dump_request(m, &x.pictures);
		rq.drain_ms = CHECKPOINT_DRAIN_MS << (number - 1);
		rq.quiet = on_quiet;
		rq.complete = hand_over;
		rq.data = &x;
		rq.flags.tcp_skip_in_flight = x.last_try;
		rq.flags.lazy_pages = rq.pages_given = m->rq->post_copy;
		m->stood = now_us();
		r = checkpoint_dump(c, &rq, NULL, e);
	}
	close_pictures(&x.pictures);
	return r;
}

/*
 * Connections that nobody has accepted yet would be lost, and what was not sent of those that were closed. New ones wait
 * while the container accepts those (drain.h); when that takes longer, or some come in the last moment, it goes on for
 * now, and has more time the next time. A server that accepts nobody has to lose some.
 */
static int dump_between_connections(struct migration *m, struct container *c, struct err *e)
{
	int r = -EAGAIN;

	for (unsigned i = 1; r == -EAGAIN && i <= IN_FLIGHT_TRIES; i++) {
		*e = (struct err){ .problems = e->problems };
		r = try_final_dump(m, c, i, e);
	}
	return r;
}

static int final_dump(struct migration *m, struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	int r = migrate_open(m->rq, &c, e);

	if (r == 0)
		r = dump_between_connections(m, c, e);
	/* criu may fail at ending the tasks, but they must end */
	if (m->committed) {
		*e = (struct err){ .problems = e->problems };
		return remove_here(m, c, e);
	}
	return r;
}

static int run(struct migration *m, struct err *e)
{
	int r = negotiate(m, e);

	if (r < 0 || m->rq->dry_run)
		return r;
	r = outbox_open(m->rq->data, m->rq->token, &m->outbox, e);
	if (r == 0)
		r = files_ahead(m, e);
	if (r == 0)
		r = copy_ahead(m, e);
	if (r == 0)
		r = rootsync_source_prepare(m->root, e);
	return r < 0 ? r : final_dump(m, e);
}

/* Whoever received may be gone with the link, and what it had be there still. */
static void tell_aborted(const struct migration *m, int r)
{
	struct err none = ERR_INIT;
	enum migrate_verdict ignored;

	if (m->proposed && !m->rq->dry_run && (r == -ECONNRESET || r == -ETIMEDOUT))
		(void)migrate_ask(m->rq->to, m->rq->token, NULL, m->rq->timeout_ms, &ignored,
				  &none);
}

static bool is_link_error(int r)
{
	return r == -ECONNRESET || r == -ETIMEDOUT || r == -ECONNABORTED || r == -EPROTO ||
	       r == -EBADMSG;
}

int migrate_run(const struct migrate_request *rq, struct migrate_result *ret, struct err *e)
{
	struct migration m = { .rq = rq, .ret = ret, .outbox = OUTBOX_EMPTY };
	int r;

	*ret = (struct migrate_result){ .fate = MIGRATE_STAYED, .problems = PROBLEMS_INIT };
	m.began = now_us();
	r = run(&m, e);
	if (m.w) {
		/* the destination would find out by itself, but not why */
		if (r < 0 && !is_link_error(r) && ret->fate == MIGRATE_STAYED)
			wire_send_failure(m.w, e);
		ret->wire_bytes = wire_sent(m.w);
	}
	ret->total_us = (uint64_t)(now_us() - m.began);
	pages_store_close(m.store);
	rootsync_source_close(m.root);
	wire_free(m.w);
	transport_end(m.program);
	if (r < 0 && ret->fate == MIGRATE_STAYED)
		tell_aborted(&m, r);
	outbox_close(&m.outbox);
	arena_free(&m.arena);
	return r;
}
