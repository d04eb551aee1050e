// SPDX-License-Identifier: GPL-2.0-or-later
/* See standby_receive.h. */
#include "checkpoint/standby_receive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint/image_stream.h"
#include "checkpoint/judge.h"
#include "checkpoint/rootsync_internal.h"
#include "checkpoint/standby_internal.h"
#include "container/made_bundle.h"
#include "container/store.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"

struct keeping {
	const struct receive_request *rq;
	struct wire *w;
	struct arena arena;
	struct standby s;
	uint64_t epoch; /* of the source */
	struct proposal p;
	char *proposal, *config; /* as they came */
	size_t proposal_size, config_size;
	struct judgement verdict;
	struct rootsync_sink *root;
};

/* One generation while it comes. */
struct coming {
	struct arena arena;
	struct standby_generation g;
	bool linked; /* its images build on the parent's */
	uint64_t keep;
	char name[64];
	int dir;
};

static void end_keeping(struct keeping *k)
{
	rootsync_sink_close(k->root);
	problems_free(&k->verdict.problems);
	standby_close(&k->s);
	free(k->proposal);
	free(k->config);
	arena_free(&k->arena);
}

static void end_coming(struct coming *c)
{
	close_fd(&c->dir);
	arena_free(&c->arena);
}

/* ---- whose turn it is ---- */

static bool is_fenced(const struct keeping *k)
{
	return k->s.state.active ? k->epoch <= k->s.state.epoch : k->epoch < k->s.state.epoch;
}

static bool is_new_turn(const struct keeping *k)
{
	return !is_fenced(k) && (k->s.state.epoch != k->epoch || k->s.state.active);
}

/* It was taken over by somebody with a higher epoch, after it had been here: what runs here must be gone. */
static int check_turn(const struct keeping *k, struct err *e)
{
	cleanup_fd int dir = -EBADF;

	if (is_new_turn(k) &&
	    store_get(k->rq->store, k->s.id, STORE_NO_LOCK, &dir, &(struct err)ERR_INIT) == 0) {
		err_set(e, ERR_STATE, EEXIST, "container '%s'", k->s.id);
		err_hint(e, "remove it here first: ctr delete --force %s", k->s.id);
		return -EEXIST;
	}
	return 0;
}

/*
 * Not before it is known that the container may come here: from then on whoever has a lower epoch, and be it
 * the right one, is fenced.
 */
static int take_turn(struct keeping *k, struct err *e)
{
	const struct standby_state state = { .epoch = k->epoch };
	int r = standby_lock(&k->s, e);

	if (r < 0)
		return r;
	if (is_fenced(k))
		r = err_set(e, ERR_STATE, ESTALE, "container '%s' was taken over meanwhile",
			    k->s.id);
	if (r == 0)
		r = check_turn(k, e);
	if (r == 0 && is_new_turn(k))
		r = standby_set(&k->s, &state, e);
	standby_unlock(&k->s);
	return r;
}

static int answer_state(struct keeping *k, struct err *e)
{
	cleanup_(arena_free) struct arena a = { 0 };
	const struct standby_generation *newest;
	struct standby_list l = { 0 };
	struct json_out o;
	int r = standby_look(&k->s, &a, &l, e);

	if (r < 0)
		return r;
	newest = standby_newest(&l);
	if (json_out_init(&o, false) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "answer");
	json_out_object(&o);
	json_out_member_bool(&o, "fenced", is_fenced(k));
	json_out_member_uint(&o, "epoch", k->s.state.epoch);
	json_out_member_uint(&o, "newest", newest ? newest->number : 0);
	json_out_member_uint(&o, "last", l.count ? l.items[l.count - 1].number : 0);
	if (newest)
		json_out_member_string(&o, "instance", newest->instance);
	return wire_send_json(k->w, WIRE_STANDBY, &o, e);
}

static int hear_id(struct keeping *k, struct err *e)
{
	const struct json_node *o;
	const char *id;
	int r = wire_expect_json(k->w, "source", WIRE_STANDBY, &k->arena, &o, e);

	if (r == 0)
		r = wire_string(o, "id", ID_MAX, false, &id, e);
	if (r == 0)
		r = wire_uint(o, "epoch", INT64_MAX - 1, &k->epoch, e);
	if (r == 0)
		r = standby_open(k->rq->data, id, true, &k->s, e);
	if (r == 0)
		r = standby_lock(&k->s, e);
	if (r < 0)
		return r;
	standby_sweep(&k->s);
	r = check_turn(k, e);
	if (r == 0)
		r = answer_state(k, e);
	standby_unlock(&k->s);
	return r;
}

/* ---- could it run here? ---- */

static int keep_text(const struct wire_message *m, char **ret, size_t *ret_size, struct err *e)
{
	*ret = malloc(m->size + 1);
	if (!*ret)
		return err_set(e, ERR_SYSTEM, ENOMEM, "receive what the container is");
	memcpy(*ret, m->data, m->size);
	(*ret)[m->size] = '\0';
	*ret_size = m->size;
	return 0;
}

static int hear_proposal(struct keeping *k, struct err *e)
{
	const struct json_node *o;
	struct wire_message m;
	int r = wire_expect(k->w, "source", WIRE_PROPOSAL, &m, e);

	if (r == 0)
		r = keep_text(&m, &k->proposal, &k->proposal_size, e);
	if (r == 0)
		r = wire_json(&m, &k->arena, &o, e);
	if (r == 0)
		r = proposal_read(o, &k->arena, &k->p, e);
	if (r == 0)
		r = wire_expect(k->w, "source", WIRE_CONFIG, &m, e);
	if (r == 0)
		r = keep_text(&m, &k->config, &k->config_size, e);
	if (r == 0 && strcmp(k->p.id, k->s.id) != 0)
		r = err_set(e, ERR_SYSTEM, EPROTO, "source proposes another container");
	return r;
}

static int form_verdict(struct keeping *k, struct err *e)
{
	struct judge_request rq = {
		.proposal = &k->p,
		.config = k->config,
		.config_size = k->config_size,
		.store = k->rq->store,
		.data = k->rq->data,
		.caller = k->rq->caller,
		.driver = k->rq->driver,
		.bundle_root = k->rq->bundle_root,
		.present_only = k->rq->present_only,
		.room = receive_room(k->rq, k->rq->data),
	};
	struct err why = ERR_INIT;
	int r = host_facts_get(&k->arena, judge_criu(k->rq->criu, &why), &rq.host, e);

	if (r == 0)
		r = judge(&rq, &k->verdict, e);
	if (r == 0 && rq.host.criu == 0)
		r = problems_add(&k->verdict.problems, PROBLEM_ERROR, &why);
	if (r == 0 && k->verdict.copy_rootfs && !k->p.overlay)
		r = problems_addf(&k->verdict.problems, PROBLEM_ERROR, "",
				  "run it with --overlay, or on a filesystem that both hosts see",
				  "its root filesystem is a plain directory, of which no "
				  "generations are kept");
	return r;
}

/* The bundle, if it is not here: a directory with config.json; its root comes with the layers. */
static int make_bundle(struct keeping *k, struct err *e)
{
	const char *bundle = k->verdict.bundle;
	cleanup_fd int dir = -EBADF;
	int r;

	if (!k->verdict.make_bundle)
		return 0;
	r = made_bundle_make(bundle, STANDBY_PURPOSE, e);
	if (r < 0)
		return r;
	dir = open(bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = dir < 0 ? -errno : 0;
	if (r == 0)
		r = io_replace_file_durable(dir, "config.json", 0600, k->config, k->config_size);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "make the bundle '%s'", bundle) : 0;
}

/* ---- files ---- */

static int take_root(struct keeping *k, const struct wire_message *m, struct err *e)
{
	const struct rootsync_sink_request rq = {
		.data = k->rq->data,
		.id = k->s.id,
		.rootfs = k->verdict.rootfs,
		.keep = true,
		.max_bytes = receive_room(k->rq, k->s.dir),
	};
	bool committed = false;
	int r = k->root ? 0 : rootsync_sink_open(&rq, &k->root, e);

	if (r == 0)
		r = rootsync_sink_serve(k->root, k->w, m, &committed, e);
	if (committed) {
		rootsync_sink_close(k->root);
		k->root = NULL;
	}
	return r;
}

/* The stream of one generation's files, as it comes, into its file. It is read when it is applied. */
static int take_delta(struct keeping *k, int dir, struct err *e)
{
	cleanup_fd int fd = openat(dir, STANDBY_DELTA,
				   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	uint64_t left = receive_room(k->rq, k->s.dir);
	const char *bytes;
	size_t size;
	int r = fd < 0 ? err_set(e, ERR_SYSTEM, errno, "keep the container's files")
		       : rootsync_expect(k->w, "source", ROOTSYNC_ROUND, NULL, NULL, e);

	while (r == 0) {
		struct wire_message m;

		r = wire_receive(k->w, "source", &m, e);
		if (r == 0)
			r = rootsync_kind(&m, &bytes, &size, e);
		if (r < 0)
			return r;
		if (r == ROOTSYNC_END)
			return 0;
		if (r != ROOTSYNC_DATA)
			return err_set(e, ERR_SYSTEM, EPROTO, "source says %d where files are due",
				       r);
		if (size > left)
			return err_set(e, ERR_SYSTEM, ENOSPC, "keep the container's files");
		left -= size;
		r = io_write_all(fd, bytes, size);
		if (r < 0)
			return err_set(e, ERR_SYSTEM, -r, "keep the container's files");
	}
	return r;
}

/* ---- one generation ---- */

static int read_head(const struct wire_message *m, struct coming *c, struct err *e)
{
	const struct json_node *o;
	struct standby_generation *g = &c->g;
	int r = wire_json(m, &c->arena, &o, e);

	if (r == 0)
		r = wire_uint(o, "generation", INT32_MAX, &g->number, e);
	if (r == 0)
		r = wire_uint(o, "parent", INT32_MAX, &g->parent, e);
	if (r == 0)
		r = wire_uint(o, "keep", STANDBY_KEEP_MAX, &c->keep, e);
	if (r == 0)
		r = wire_uint(o, "holdMicroseconds", INT64_MAX, &g->hold_us, e);
	if (r == 0)
		r = wire_uint(o, "fileBytes", INT64_MAX, &g->file_bytes, e);
	if (r == 0)
		r = wire_string(o, "instance", WIRE_NONCE - 1, false, &g->instance, e);
	if (r == 0)
		r = wire_string(o, "created", 64, false, &g->created, e);
	if (r < 0)
		return r;
	c->linked = wire_bool(o, "linked");
	g->files = wire_bool(o, "files");
	if (!g->number || !c->keep || g->parent >= g->number || (c->linked && !g->parent) ||
	    !wire_nonce_is_valid(g->instance))
		return err_set(e, ERR_SYSTEM, EBADMSG, "the head of a generation is impossible");
	return 0;
}

static int link_parent(int images, uint64_t parent, struct err *e)
{
	char target[96];

	(void)snprintf(target, sizeof(target), "../../../%llu/" STANDBY_MEMORY "/" STANDBY_IMAGES,
		       (unsigned long long)parent);
	return symlinkat(target, images, "parent") < 0
		       ? err_set(e, ERR_SYSTEM, errno, "link images to those before")
		       : 0;
}

static int take_images(struct keeping *k, struct coming *c, struct err *e)
{
	cleanup_fd int images = standby_subdir(c->dir, STANDBY_MEMORY "/" STANDBY_IMAGES);
	struct wire_message m;
	unsigned round;
	int r = images < 0 ? err_set(e, ERR_SYSTEM, -images, "open the images")
			   : wire_expect(k->w, "source", WIRE_ROUND, &m, e);

	if (r == 0)
		r = image_stream_round(&m, &round, e);
	if (r == 0)
		r = image_stream_receive(k->w, images, receive_room(k->rq, k->s.dir),
					 &c->g.memory_bytes, e);
	return r == 0 && c->linked ? link_parent(images, c->g.parent, e) : r;
}

static int write_papers(const struct keeping *k, int dir, struct err *e)
{
	int r = io_replace_file(dir, "config.json", 0600, k->config, k->config_size);

	if (r == 0)
		r = io_replace_file(dir, "proposal.json", 0600, k->proposal, k->proposal_size);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "keep what the container is") : 0;
}

/* What it builds on must be here, and of the same replication. */
static int check_parent(const struct keeping *k, const struct coming *c, struct err *e)
{
	cleanup_(arena_free) struct arena a = { 0 };
	struct standby_list l;
	int r = standby_look(&k->s, &a, &l, e);

	if (r < 0 || !c->g.parent)
		return r;
	for (size_t i = 0; i < l.count; i++)
		if (l.items[i].number == c->g.parent && l.items[i].usable &&
		    strcmp(l.items[i].instance, c->g.instance) == 0)
			return 0;
	return err_set(e, ERR_STATE, ESTALE,
		       "generation %llu, which the next one builds on, is not here",
		       (unsigned long long)c->g.parent);
}

/* Under the lock: whoever took it over meanwhile has said so in the state. */
static int complete(struct keeping *k, struct coming *c, struct err *e)
{
	int r;

	c->g.bundle = k->verdict.bundle;
	if (is_fenced(k))
		return answer_state(k, e);
	r = check_parent(k, c, e);
	if (r == 0)
		r = standby_complete(&k->s, c->name, c->dir, &c->g, e);
	if (r == 0)
		r = answer_state(k, e);
	if (r == 0 && !c->g.parent)
		r = standby_drop_others(&k->s, c->g.instance, e);
	return r == 0 ? standby_drop_older(&k->s, (unsigned)c->keep, e) : r;
}

static int take_parts(struct keeping *k, struct coming *c, struct err *e)
{
	struct wire_message m;
	int r = standby_begin(&k->s, c->name, &c->dir, e);

	if (r == 0)
		r = take_images(k, c, e);
	if (r == 0 && c->g.files)
		r = take_delta(k, c->dir, e);
	if (r == 0)
		r = wire_expect(k->w, "source", WIRE_STANDBY, &m, e);
	return r == 0 ? write_papers(k, c->dir, e) : r;
}

static int take_generation(struct keeping *k, const struct wire_message *m, struct err *e)
{
	struct coming c = { .dir = -EBADF };
	int r = read_head(m, &c, e);

	if (r == 0)
		r = take_parts(k, &c, e);
	if (r == 0)
		r = standby_lock(&k->s, e);
	if (r == 0) {
		r = complete(k, &c, e);
		standby_unlock(&k->s);
	}
	end_coming(&c);
	if (r < 0)
		standby_sweep(&k->s);
	return r;
}

/* ---- the connection ---- */

static int take_all(struct keeping *k, struct err *e)
{
	for (;;) {
		struct wire_message m;
		int r = wire_receive(k->w, "source", &m, e);

		if (r < 0)
			return r;
		switch (m.type) {
		case WIRE_ROOT: r = take_root(k, &m, e); break;
		case WIRE_STANDBY: r = take_generation(k, &m, e); break;
		case WIRE_DONE: return 0;
		default:
			r = err_set(e, ERR_SYSTEM, EPROTO, "source says %s among generations",
				    wire_type_name(m.type));
		}
		if (r < 0)
			return r;
	}
}

/* Nothing of it stays, unless something was here before. */
static int refuse(struct keeping *k, struct err *e)
{
	standby_forget(&k->s);
	return judge_answer(&k->verdict, k->w, e);
}

static int serve(struct keeping *k, struct err *e)
{
	int r = hear_id(k, e);

	if (r < 0 || is_fenced(k))
		return r;
	r = hear_proposal(k, e);
	if (r == 0)
		r = form_verdict(k, e);
	if (r < 0)
		return r;
	if (problems_count(&k->verdict.problems, PROBLEM_ERROR))
		return refuse(k, e);
	r = take_turn(k, e);
	if (r == 0)
		r = make_bundle(k, e);
	if (r == 0)
		r = judge_answer(&k->verdict, k->w, e);
	return r == 0 ? take_all(k, e) : r;
}

int standby_receive(const struct receive_request *rq, struct wire *w, struct err *e)
{
	struct keeping k = { .rq = rq, .w = w, .s = STANDBY_EMPTY };
	int r = receive_explain_full(serve(&k, e), e);

	if (r < 0)
		wire_send_failure(w, e);
	end_keeping(&k);
	return r;
}
