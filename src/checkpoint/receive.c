// SPDX-License-Identifier: GPL-2.0-or-later
/* See receive.h: one connection. */
#include "checkpoint/receive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "checkpoint/arrival.h"
#include "checkpoint/image_stream.h"
#include "checkpoint/judge.h"
#include "checkpoint/kept_logs.h"
#include "checkpoint/pages_sink.h"
#include "checkpoint/proposal.h"
#include "checkpoint/restore.h"
#include "checkpoint/rootsync.h"
#include "checkpoint/standby_receive.h"
#include "container/fence.h"
#include "container/made_bundle.h"
#include "rootfs/treeremove.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"
#include "util/timestamp.h"

enum {
	SETTLE_MS = 3000,
	DONE_MS = 10000, /* how long the other end may take to remove its own */
	LOCK_MS = 5000,
	RIVAL_STEP_MS = 50,
	KEEP_FREE_MAX = 1 << 30,
};

struct receiving {
	const struct receive_request *rq;
	struct wire *w;
	struct arena arena;
	struct proposal p;
	char *config; /* malloc'ed */
	size_t config_size;
	struct judgement verdict;
	struct journal journal;
	struct rootsync_sink *root;
	struct pages_sink *sink; /* of memory that comes later, or NULL */
	int images;		 /* the last round; -EBADF: none came */
	unsigned rounds;
	bool locked, restored;
	char logs[ID_MAX + 1 + WIRE_NONCE]; /* kept_logs.h; "": there are none yet */
};

static void end_receiving(struct receiving *x)
{
	pages_sink_close(x->sink);
	rootsync_sink_close(x->root);
	problems_free(&x->verdict.problems);
	journal_close(&x->journal);
	close_fd(&x->images);
	free(x->config);
	arena_free(&x->arena);
}

/* ---- negotiation ---- */

static int hear_proposal(struct receiving *x, struct err *e)
{
	const struct json_node *o;
	struct wire_message m;
	int r = wire_expect_json(x->w, "source", WIRE_PROPOSAL, &x->arena, &o, e);

	if (r == 0)
		r = proposal_read(o, &x->arena, &x->p, e);
	if (r == 0)
		r = wire_expect(x->w, "source", WIRE_CONFIG, &m, e);
	if (r < 0)
		return r;
	/* of its full size, whatever bytes are in it */
	x->config = malloc(m.size + 1);
	if (!x->config)
		return err_set(e, ERR_SYSTEM, ENOMEM, "receive config.json");
	memcpy(x->config, m.data, m.size);
	x->config[m.size] = '\0';
	x->config_size = m.size;
	return 0;
}

static int form_verdict(struct receiving *x, struct err *e)
{
	struct judge_request rq = {
		.proposal = &x->p,
		.config = x->config,
		.config_size = x->config_size,
		.store = x->rq->store,
		.data = x->rq->data,
		.caller = x->rq->caller,
		.driver = x->rq->driver,
		.bundle_root = x->rq->bundle_root,
		.present_only = x->rq->present_only,
		.room = receive_room(x->rq, x->rq->data),
	};
	struct err why = ERR_INIT;
	int r = host_facts_get(&x->arena, judge_criu(x->rq->criu, &why), &rq.host, e);

	if (r == 0)
		r = judge(&rq, &x->verdict, e);
	if (r == 0 && rq.host.criu == 0)
		r = problems_add(&x->verdict.problems, PROBLEM_ERROR, &why);
	else if (r == 0 && x->p.post_copy && judge_lazy_pages(x->rq->criu, &why) < 0)
		r = problems_add(&x->verdict.problems, PROBLEM_ERROR, &why);
	return r;
}

/* ---- what comes ---- */

uint64_t receive_room(const struct receive_request *rq, int dir)
{
	struct statvfs v;
	uint64_t have, keep;

	if (fstatvfs(dir, &v) < 0)
		return INT64_MAX;
	have = (uint64_t)v.f_bavail * v.f_frsize;
	keep = (uint64_t)v.f_blocks * v.f_frsize / 100;
	if (keep > KEEP_FREE_MAX)
		keep = KEEP_FREE_MAX;
	if (rq->keep_free >= 0)
		keep = (uint64_t)rq->keep_free;
	return have > keep ? have - keep : 1;
}

int receive_explain_full(int r, struct err *e)
{
	if (r == -ENOSPC && !e->hint[0])
		err_hint(e, "make room there; how much of its data root stays free is said by "
			    "ctr receive --keep-free");
	return r;
}

struct rivalry {
	const struct receiving *x;
	bool found;
};

static int look_at_rival(struct journal *j, void *context)
{
	struct rivalry *v = context;

	v->found |= !journal_is_settled(j->state) && strcmp(j->id, v->x->p.id) == 0 &&
		    strcmp(j->token, v->x->p.token) != 0;
	return 0;
}

/*
 * Another move of this id to here has the same bundle, and removes it when it ends. Each looks after its own journal
 * was written, so that of two not both can miss the other; one that is ending is waited for.
 */
static int exclude_rivals(const struct receiving *x, struct err *e)
{
	const struct timespec step = { .tv_nsec = RIVAL_STEP_MS * 1000000L };

	for (int waited = 0;; waited += RIVAL_STEP_MS) {
		struct rivalry v = { .x = x };
		int r = journal_each(x->rq->data, look_at_rival, &v, e);

		if (r < 0 || !v.found)
			return r;
		if (waited >= LOCK_MS)
			break;
		(void)nanosleep(&step, NULL);
	}
	err_set(e, ERR_STATE, EBUSY, "another move of container '%s' to here has not ended yet",
		x->p.id);
	err_hint(e, "try again when it has: one that hears nothing any more gives up by itself");
	return -EBUSY;
}

/* All of DATA/.migrations/TOKEN that this move needs, and its bundle if it is not here. */
static int make_place(struct receiving *x, struct err *e)
{
	const char *bundle = x->verdict.bundle;
	int r = journal_create(x->rq->data, x->p.token, x->p.id, &x->journal, e);

	if (r < 0)
		return r;
	x->journal.post_copy = x->p.post_copy; /* written with all states that it matters for */
	if (x->rq->began)
		x->rq->began(x->rq->context, x->p.token);
	r = exclude_rivals(x, e);
	if (r < 0)
		return r;
	r = io_replace_file(x->journal.dir, "config.json", 0600, x->config, x->config_size);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "keep config.json");
	if (!x->verdict.make_bundle)
		return 0;
	/* before it is there: what is removed then is only what has this move's mark */
	memcpy(x->journal.bundle, bundle, strlen(bundle) + 1);
	r = journal_set(&x->journal, JOURNAL_RECEIVING, e);
	if (r == 0)
		r = made_bundle_make(bundle, x->p.token, e);
	if (r < 0)
		return r;
	/* of an earlier stay: it is older than what comes */
	if (x->verdict.copy_rootfs && !x->p.overlay)
		r = tree_remove_path(x->verdict.rootfs);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "remove '%s'", x->verdict.rootfs) : 0;
}

/* From its commit on, layers of this id are the move's. */
static int take_root(struct receiving *x, const struct wire_message *m, struct err *e)
{
	const struct rootsync_sink_request rq = {
		.data = x->rq->data,
		.id = x->p.id,
		.rootfs = x->verdict.rootfs,
		.max_bytes = receive_room(x->rq, x->journal.dir),
	};
	bool committed, last = m->size && m->data[0] == ROOTSYNC_COMMIT;
	int r = x->root ? 0 : rootsync_sink_open(&rq, &x->root, e);

	if (r == 0 && last)
		r = journal_set(&x->journal, JOURNAL_RESTORING, e);
	if (r < 0)
		return r;
	r = rootsync_sink_serve(x->root, x->w, m, &committed, e);
	if (r < 0 && last) /* what is there is not ours */
		(void)journal_set(&x->journal, JOURNAL_RECEIVING, &(struct err)ERR_INIT);
	return r;
}

static int write_bundle_config(const struct receiving *x, struct err *e)
{
	cleanup_fd int dir = open(x->verdict.bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = dir < 0 ? -errno
			: io_replace_file_durable(dir, "config.json", 0600, x->config,
						  x->config_size);

	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "write config.json of '%s'", x->verdict.bundle)
		     : 0;
}

static int take_round(struct receiving *x, const struct wire_message *m, struct err *e)
{
	uint64_t bytes;
	unsigned round;
	int r = image_stream_round(m, &round, e);

	if (r == 0 && round != x->rounds)
		return err_set(e, ERR_SYSTEM, EPROTO, "round %u where %u is due", round, x->rounds);
	close_fd(&x->images);
	if (r == 0)
		r = journal_images(&x->journal, round, &x->images, e);
	if (r == 0)
		r = image_stream_receive(x->w, x->images, receive_room(x->rq, x->journal.dir),
					 &bytes, e);
	if (r == 0 && round > 0)
		r = image_stream_link_parent(x->images, round - 1, e);
	if (r < 0)
		return r;
	x->rounds++;
	return wire_send_word(x->w, WIRE_KEPT, e);
}

/* ---- the container ---- */

/* Its state changes under the lock; somebody who asked may have been told that it will not run. */
static int advance(struct receiving *x, enum journal_state state, struct err *e)
{
	int r = journal_lock(&x->journal, LOCK_MS, e);

	if (r < 0)
		return r;
	x->locked = true;
	if (x->journal.state == JOURNAL_ABORTED) {
		err_set(e, ERR_STATE, ECANCELED, "the source was told that it will not run here");
		return -ECANCELED;
	}
	return journal_set(&x->journal, state, e);
}

static void let_go(struct receiving *x)
{
	journal_unlock(&x->journal);
	x->locked = false;
}

/* From now on memory is no reason to wait for longer, or for less, than for other words. */
static int await_commit(struct receiving *x, struct err *e)
{
	int timeout = wire_timeout(x->w), r;
	struct wire_message m;

	wire_set_timeout(x->w, x->rq->commit_ms);
	if (!x->sink)
		return wire_expect(x->w, "source", WIRE_COMMIT, &m, e);
	r = pages_sink_await(x->sink, WIRE_COMMIT, e);
	wire_set_timeout(x->w, timeout);
	return r;
}

/* All tasks stand. The lock is kept from COMMIT until it is known whether they run. */
static int ready(void *data, struct container *c, struct err *e)
{
	struct receiving *x = data;
	int r = x->sink ? pages_sink_guard(x->sink, c, e) : 0;

	if (r == 0)
		r = advance(x, JOURNAL_PREPARED, e);
	let_go(x);
	if (r == 0)
		r = wire_send_word(x->w, WIRE_PREPARED, e);
	if (r < 0)
		return r;
	r = await_commit(x, e);
	return r < 0 ? r : advance(x, JOURNAL_COMMITTING, e);
}

static int open_output(const struct receiving *x, struct err *e)
{
	cleanup_free char *path = NULL;
	int fd;

	if (!x->rq->log_dir)
		return 0;
	if (asprintf(&path, "%s/%s.log", x->rq->log_dir, x->p.id) < 0) {
		path = NULL;
		return err_set(e, ERR_SYSTEM, ENOMEM, "open the log of the container");
	}
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0640);
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, errno, "open '%s'", path);
	if (dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
		return err_set(e, ERR_SYSTEM, errno, "open '%s'", path);
	(void)close(fd); /* there are others of it */
	return 0;
}

/* It outlives the journal, which has a way to it for who clears up behind us. */
static int open_work(struct receiving *x, int *ret, struct err *e)
{
	char target[sizeof(x->logs) + 32];
	int r;

	(void)snprintf(x->logs, sizeof(x->logs), "%s-%s", x->p.id, x->p.token);
	(void)snprintf(target, sizeof(target), "../../" KEPT_LOGS_DIR "/%s", x->logs);
	r = kept_logs_begin(x->rq->data, x->logs, ret, e);
	if (r == 0 && symlinkat(target, x->journal.dir, "work") < 0 && errno != EEXIST)
		r = err_set(e, ERR_SYSTEM, errno, "make a place for logs");
	return r;
}

static int open_sink(struct receiving *x, int work, struct err *e)
{
	const struct pages_sink_request rq = { .criu = x->rq->criu,
					       .images = x->images,
					       .work = work };

	return pages_sink_open(&rq, x->w, &x->sink, e);
}

static int do_restore(struct receiving *x, int work, struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	char config[64], now[TIMESTAMP_SIZE], data[PATH_MAX];
	const struct container_move move = {
		.token = x->p.token, .peer = x->p.host.name, .since = now, .data = data
	};
	struct restore_request rq = {
		.container = {
			.store = x->rq->store,
			.id = x->p.id,
			.bundle = x->verdict.bundle,
			.config = config,
			.interrupt = -EBADF,
			.driver = x->rq->driver,
			.caller = x->rq->caller,
			.no_keyring = x->p.no_keyring,
			.network = x->p.network.items.count ? &x->p.network : NULL,
			.data = x->rq->data,
			.move = &move,
			.made_bundle = x->verdict.make_bundle ? x->p.token : NULL,
			.overlay = { .wanted = x->p.overlay,
				     .size = x->p.overlay_size,
				     .layers = x->p.layers.items,
				     .layer_count = x->p.layers.count,
				     .data = x->rq->data },
		},
		.criu = x->rq->criu,
		.images = x->images,
		.work = work,
		.flags = x->p.flags,
		.ready = ready,
		.data = x,
	};
	int r = judge_data_path(x->rq->data, data, sizeof(data));

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "find the data root");
	timestamp_nanoseconds(now);
	r = x->p.post_copy ? open_sink(x, work, e) : 0;
	if (r < 0)
		return r;
	rq.flags.lazy_pages = x->p.post_copy;
	if (x->sink)
		pages_sink_watch(x->sink, &rq.patience);
	(void)snprintf(config, sizeof(config), "/proc/self/fd/%d/config.json", x->journal.dir);
	r = checkpoint_restore(&rq, &c, e);
	x->restored = r == 0;
	return r;
}

/* Somebody asks for the source: there will be no more memory. */
static int check_recalled(void *data, struct err *e)
{
	struct receiving *x = data;
	struct err busy = ERR_INIT;

	/* who has it asks just now: next time */
	if (journal_lock(&x->journal, 0, &busy) < 0)
		return 0;
	journal_unlock(&x->journal);
	if (x->journal.state != JOURNAL_RECALLED)
		return 0;
	err_set(e, ERR_STATE, ECANCELED, "the source has lost us, and the memory is not all here");
	return -ECANCELED;
}

/* It runs, and its memory comes. As long as it does not end well, the container cannot live here. */
static int fetch_memory(struct receiving *x, struct err *e)
{
	int r = journal_set(&x->journal, JOURNAL_FETCHING, e);

	if (r < 0)
		return r;
	let_go(x);
	r = wire_send_word(x->w, WIRE_RUNNING, e);
	if (r == 0)
		r = pages_sink_finish(x->sink, check_recalled, x, e);
	if (r == 0)
		r = journal_lock(&x->journal, LOCK_MS, e);
	x->locked = r == 0;
	return r;
}

/* The last words of it: then the source may forget the container. */
static int finish(struct receiving *x, struct err *e)
{
	struct err none = ERR_INIT;
	struct wire_message m;
	int r = x->sink ? fetch_memory(x, e) : 0;

	if (r == 0)
		r = journal_set(&x->journal, JOURNAL_RUNNING, e);
	if (r < 0)
		return r;
	let_go(x);
	if (wire_send_word(x->w, x->sink ? WIRE_COMPLETE : WIRE_RUNNING, &none) < 0)
		return 0; /* it asks */
	(void)journal_remove_images(&x->journal, &none);
	wire_set_timeout(x->w, DONE_MS);
	if (wire_expect(x->w, "source", WIRE_DONE, &m, &none) == 0 &&
	    journal_remove(&x->journal, &none) == 0)
		(void)wire_send_word(x->w, WIRE_DONE, &none); /* it asks once more */
	return 0;
}

static int restore(struct receiving *x, struct err *e)
{
	cleanup_fd int work = -EBADF;
	int r = x->images < 0 ? err_set(e, ERR_SYSTEM, EPROTO, "RESTORE before any images") : 0;

	if (r == 0)
		r = journal_lock(&x->journal, LOCK_MS, e);
	if (r == 0) {
		r = x->journal.state == JOURNAL_ABORTED
			    ? err_set(e, ERR_STATE, ECANCELED, "the move was given up")
			    : journal_set(&x->journal, JOURNAL_RESTORING, e);
		journal_unlock(&x->journal);
	}
	if (r == 0)
		r = open_work(x, &work, e);
	if (r == 0)
		r = open_output(x, e);
	if (r == 0 && x->verdict.make_bundle)
		r = write_bundle_config(x, e);
	if (r == 0)
		r = do_restore(x, work, e);
	/* the one that is there is somebody else's */
	if (r == -EEXIST)
		(void)journal_set(&x->journal, JOURNAL_RECEIVING, &(struct err)ERR_INIT);
	return r < 0 ? r : finish(x, e);
}

/* ---- the whole ---- */

static int take_all(struct receiving *x, struct err *e)
{
	struct wire_message m;
	int r = 0;

	while (r == 0) {
		r = wire_receive(x->w, "source", &m, e);
		if (r < 0)
			return r;
		if (m.type == WIRE_RESTORE) {
			wire_set_progress(x->w, 0);
			return restore(x, e);
		}
		if (m.type == WIRE_ROOT)
			r = take_root(x, &m, e);
		else if (m.type == WIRE_ROUND)
			r = take_round(x, &m, e);
		else
			r = err_set(e, ERR_SYSTEM, EPROTO, "a message %s while images are due",
				    wire_type_name(m.type));
	}
	return r;
}

/* Nothing of it stays. The lock is ours already, or nobody's: whoever asks meanwhile waits, or does it himself. */
static void give_up(struct receiving *x)
{
	enum journal_state ignored;
	struct err none = ERR_INIT;

	pages_sink_close(take_ptr(x->sink));
	if (x->root)
		(void)rootsync_sink_undo(x->root, &none);
	rootsync_sink_close(take_ptr(x->root));
	if (x->journal.dir < 0)
		return;
	if (x->locked)
		let_go(x);
	journal_close(&x->journal); /* we do not work on it any more */
	(void)receive_settle(x->rq, x->p.token, LOCK_MS, &ignored,
			     &none); /* receive_sweep tries again */
}

static int serve_move(struct receiving *x, struct err *e)
{
	int r;

	/* who comes has the id to himself until it is all there, or is not */
	wire_set_progress(x->w, x->rq->progress_ms);
	r = hear_proposal(x, e);
	if (r == 0)
		r = form_verdict(x, e);
	if (r < 0)
		return r;
	if (x->p.dry_run || problems_count(&x->verdict.problems, PROBLEM_ERROR))
		return judge_answer(&x->verdict, x->w, e);
	r = make_place(x, e);
	if (r == 0)
		r = judge_answer(&x->verdict, x->w, e);
	if (r == 0)
		r = take_all(x, e);
	if (r < 0)
		give_up(x);
	if (x->logs[0])
		kept_logs_end(x->rq->data, x->logs, r < 0);
	return r;
}

static int serve_migrate(const struct receive_request *rq, struct wire *w, struct err *e)
{
	struct receiving x = { .rq = rq, .w = w, .journal = JOURNAL_EMPTY, .images = -EBADF };
	int r;

	(void)receive_sweep(rq, &(struct err)ERR_INIT); /* the next one tries again */
	r = receive_explain_full(serve_move(&x, e), e);
	if (r < 0)
		wire_send_failure(w, e);
	end_receiving(&x);
	return r;
}

static int send_verdict(struct wire *w, const char *state, bool gone, struct err *e)
{
	struct json_out o;

	if (json_out_init(&o, false) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "answer");
	json_out_object(&o);
	json_out_member_string(&o, "state", state);
	json_out_member_bool(&o, "gone", gone);
	return wire_send_json(w, WIRE_VERDICT, &o, e);
}

/*
 * It ran here; does it still exist? And a move of which nothing is written down any more, because the source had said that
 * it has heard, has the container to witness (@id: what it is called here; or NULL).
 */
static bool find_gone(const struct receive_request *rq, const char *token, const char *id,
		      enum journal_state *state)
{
	cleanup_(journal_close) struct journal j = JOURNAL_EMPTY;

	if (*state == JOURNAL_RUNNING)
		return journal_open(rq->data, token, &j, &(struct err)ERR_INIT) == 0 &&
		       !arrival_is_here(rq->store, j.id, token);
	if (*state == JOURNAL_ABORTED && id && id_is_valid(id) &&
	    journal_open(rq->data, token, &j, &(struct err)ERR_INIT) == -ENOENT &&
	    arrival_is_here(rq->store, id, token))
		*state = JOURNAL_RUNNING;
	return false;
}

static int serve_query(const struct receive_request *rq, struct wire *w, struct err *e)
{
	cleanup_(arena_free) struct arena a = { .cap = 1 << 20 };
	cleanup_(journal_close) struct journal j = JOURNAL_EMPTY;
	struct err none = ERR_INIT;
	enum journal_state state = JOURNAL_COMMITTING;
	const struct json_node *o;
	struct wire_message m;
	const char *token, *id;
	bool gone;
	int r = wire_expect_json(w, "source", WIRE_QUERY, &a, &o, e);

	if (r == 0)
		r = wire_string(o, "token", WIRE_NONCE - 1, false, &token, e);
	if (r == 0)
		r = wire_string(o, "id", ID_MAX, true, &id, e);
	if (r < 0)
		return r;
	r = receive_settle(rq, token, SETTLE_MS, &state, e);
	if (r < 0 && r != -EBUSY) {
		wire_send_failure(w, e);
		return r;
	}
	*e = (struct err){ .problems = e->problems };
	gone = find_gone(rq, token, id, &state);
	r = send_verdict(w, journal_state_name(state), gone, e);
	if (r < 0 || !journal_is_settled(state))
		return r;
	/* it may have nothing left now, and then nobody asks again */
	if (wire_expect(w, "source", WIRE_DONE, &m, &none) == 0 &&
	    journal_open(rq->data, token, &j, &none) == 0 && journal_remove(&j, &none) == 0)
		(void)wire_send_word(w, WIRE_DONE, &none); /* it needs no answer */
	return 0;
}

static const struct {
	const char *purpose;
	int (*serve)(const struct receive_request *rq, struct wire *w, struct err *e);
} purposes[] = {
	{ "migrate", serve_migrate },
	{ "query", serve_query },
	{ STANDBY_PURPOSE, standby_receive },
};

int receive_serve(const struct receive_request *rq, struct wire *w, struct err *e)
{
	cleanup_(arena_free) struct arena a = { .cap = 1 << 20 };
	const char *purpose;
	int r = wire_hello_answer(w, &a, &purpose, e);

	if (r < 0) {
		wire_send_failure(w, e);
		return r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(purposes); i++)
		if (strcmp(purpose, purposes[i].purpose) == 0)
			return purposes[i].serve(rq, w, e);
	r = err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP, "'%s' is nothing that this ctr does", purpose);
	wire_send_failure(w, e);
	return r;
}
