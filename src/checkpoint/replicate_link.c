// SPDX-License-Identifier: GPL-2.0-or-later
/* See replicate.h: what is said to the other host (standby_receive.h has the order). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint/image_stream.h"
#include "checkpoint/judge.h"
#include "checkpoint/replicate_internal.h"
#include "checkpoint/rootsync_internal.h"
#include "checkpoint/standby_receive.h"
#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	PATIENCE = 4 /* the other host may fold generations before it answers */
};

bool replicate_may_pass(int r)
{
	static const int errors[] = { -ECONNRESET, -ETIMEDOUT,	  -ECONNABORTED,
				      -EPROTO,	   -ECONNREFUSED, -EPIPE,
				      -ENOENT,	   -EHOSTUNREACH, -EIO };

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (r == errors[i])
			return true;
	return false;
}

void replicate_disconnect(struct replication *x)
{
	if (!x->w)
		return;
	(void)wire_send_word(x->w, WIRE_DONE, &(struct err)ERR_INIT); /* it may be gone already */
	wire_free(x->w);
	x->w = NULL;
	transport_end(x->program);
	x->program = 0;
}

/* ---- whose turn, and what is there ---- */

struct answer {
	bool fenced;
	uint64_t epoch, newest, last;
	char instance[WIRE_NONCE];
};

static int hear_state(struct replication *x, struct answer *ret, struct err *e)
{
	cleanup_(arena_free) struct arena a = { .cap = 1 << 20 };
	const struct json_node *o;
	const char *instance;
	int r = wire_expect_json(x->w, "destination", WIRE_STANDBY, &a, &o, e);

	*ret = (struct answer){ 0 };
	if (r == 0)
		r = wire_uint(o, "epoch", INT64_MAX, &ret->epoch, e);
	if (r == 0)
		r = wire_uint(o, "newest", INT32_MAX - 1, &ret->newest, e);
	if (r == 0)
		r = wire_uint(o, "last", INT32_MAX - 1, &ret->last, e);
	if (r == 0)
		r = wire_string(o, "instance", WIRE_NONCE - 1, true, &instance, e);
	if (r < 0)
		return r;
	if (instance)
		memcpy(ret->instance, instance, strlen(instance) + 1);
	ret->fenced = wire_bool(o, "fenced");
	if (!ret->fenced)
		return 0;
	r = replicate_note_fenced(x, ret->epoch, e);
	if (r < 0)
		return r;
	err_set(e, ERR_STATE, 0, "container '%s' was taken over by %s", x->rq->id, x->rq->to->name);
	return -EOWNERDEAD;
}

static int say_id(struct replication *x, struct err *e)
{
	struct json_out o;

	if (json_out_init(&o, false) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "say what is replicated");
	json_out_object(&o);
	json_out_member_string(&o, "id", x->rq->as ? x->rq->as : x->rq->id);
	json_out_member_uint(&o, "epoch", x->epoch);
	return wire_send_json(x->w, WIRE_STANDBY, &o, e);
}

/* What the other host has decides where to go on. */
static int go_on_from(struct replication *x, const struct answer *a, struct err *e)
{
	bool same = a->newest && strcmp(a->instance, x->instance) == 0;

	if (a->last > x->last)
		x->last = a->last;
	if (same && a->newest == x->acked)
		return 0;
	if (same && x->pending && a->newest == x->made.round.generation)
		return 0; /* only its answer was lost: replicate_send finds out */
	if (!x->acked && !x->pending)
		return 0; /* nothing of this instance was sent */
	if (!x->acked && x->pending && !same)
		return 0; /* a whole one, which goes again */
	return replicate_start_over(x, e);
}

/* ---- could it run there? ---- */

static int describe(struct replication *x, const struct container *c, struct arena *a,
		    struct proposal *p, struct err *e)
{
	char digest[DIGEST_TEXT];
	int criu = judge_criu(x->rq->criu, e), r;

	if (criu == 0)
		return -ENOPKG;
	r = host_facts_get(a, criu, &p->host, e);
	if (r == 0)
		r = proposal_digest(c->config, c->config_size, digest, e);
	if (r < 0)
		return r;
	p->id = x->rq->as;
	if (proposal_describe(c, a, p) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "describe the container");
	p->token = x->instance;
	p->config_digest = arena_strdup(a, digest);
	p->flags = x->rq->flags;
	return p->config_digest ? 0 : err_set(e, ERR_SYSTEM, ENOMEM, "describe the container");
}

static int propose(struct replication *x, const struct container *c, struct err *e)
{
	cleanup_(arena_free) struct arena a = { 0 };
	struct proposal p = { 0 };
	struct json_out o;
	int r = describe(x, c, &a, &p, e);

	if (r < 0)
		return r;
	if (json_out_init(&o, false) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "describe the container");
	json_out_object(&o);
	proposal_write(&o, &p);
	r = wire_send_json(x->w, WIRE_PROPOSAL, &o, e);
	return r < 0 ? r : wire_send(x->w, WIRE_CONFIG, c->config, c->config_size, e);
}

/* The first objection is the error; the others are told by migrate --dry-run. */
static int hear_answer(struct replication *x, bool *ret_copy, struct err *e)
{
	cleanup_(arena_free) struct arena a = { .cap = 16 << 20 };
	const struct json_node *o, *problems;
	const char *text, *hint;
	int r = wire_expect_json(x->w, "destination", WIRE_ANSWER, &a, &o, e);

	if (r < 0)
		return r;
	*ret_copy = wire_bool(o, "copyRootfs") || x->rq->copy_rootfs;
	problems = json_member(o, "problems");
	if (!problems || problems->type != JSON_ARRAY)
		return err_set(e, ERR_SYSTEM, EPROTO, "an answer without problems");
	if (!problems->first)
		return 0;
	r = wire_string(problems->first, "text", 2048, false, &text, e);
	if (r == 0)
		r = wire_string(problems->first, "hint", 512, true, &hint, e);
	if (r < 0)
		return r;
	err_set(e, ERR_STATE, 0, "destination: %s", text);
	if (hint)
		err_hint(e, "%s", hint);
	return -EXDEV;
}

static int offer_root(struct replication *x, const struct container *c, bool copy, struct err *e)
{
	const struct rootsync_source_request rq = { .copy_rootfs = copy };
	struct rootsync_source *root = NULL;
	int r = rootsync_source_open(c, &rq, &root, e);

	if (r == 0)
		r = rootsync_source_offer(root, x->w, e);
	if (r == 0)
		r = rootsync_source_commit(root, x->w, e);
	rootsync_source_close(root);
	return r;
}

static int agree(struct replication *x, const struct container *c, struct err *e)
{
	struct answer a;
	bool copy = false;
	int r = say_id(x, e);

	if (r == 0)
		r = hear_state(x, &a, e);
	if (r == 0)
		r = go_on_from(x, &a, e);
	if (r == 0)
		r = propose(x, c, e);
	if (r == 0)
		r = hear_answer(x, &copy, e);
	return r == 0 ? offer_root(x, c, copy, e) : r;
}

int replicate_connect(struct replication *x, const struct container *c, struct err *e)
{
	int r = transport_connect(x->rq->to, x->rq->timeout_ms, &x->w, &x->program, e);

	if (r < 0)
		return r;
	wire_set_interrupt(x->w, x->rq->interrupt);
	wire_set_timeout(x->w, x->rq->timeout_ms * PATIENCE);
	r = wire_hello_call(x->w, STANDBY_PURPOSE, e);
	if (r == 0)
		r = agree(x, c, e);
	if (r < 0)
		replicate_disconnect(x);
	return r;
}

/* ---- one generation ---- */

static int send_head(struct replication *x, struct err *e)
{
	const struct replicate_made *m = &x->made;
	struct json_out o;

	if (json_out_init(&o, false) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "send a generation");
	json_out_object(&o);
	json_out_member_uint(&o, "generation", m->round.generation);
	json_out_member_uint(&o, "parent", m->round.parent);
	json_out_member_uint(&o, "keep", x->rq->keep);
	json_out_member_uint(&o, "holdMicroseconds", m->round.hold_us);
	json_out_member_uint(&o, "fileBytes", m->round.file_bytes);
	json_out_member_string(&o, "instance", x->instance);
	json_out_member_string(&o, "created", m->created);
	json_out_member_bool(&o, "linked", m->linked);
	json_out_member_bool(&o, "files", m->files);
	return wire_send_json(x->w, WIRE_STANDBY, &o, e);
}

static int send_delta(struct replication *x, struct err *e)
{
	cleanup_free char *buffer = malloc(ROOTSYNC_CHUNK);
	cleanup_fd int fd = -EBADF;
	int r = replicate_delta(x, x->made.round.generation, O_RDONLY, &fd, e);

	if (r == 0 && !buffer)
		r = err_set(e, ERR_SYSTEM, ENOMEM, "send files");
	if (r == 0)
		r = rootsync_send(x->w, ROOTSYNC_ROUND, NULL, 0, e);
	while (r == 0) {
		ssize_t n = read(fd, buffer, ROOTSYNC_CHUNK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, ERR_SYSTEM, errno, "read what files changed");
		if (n == 0)
			return rootsync_send(x->w, ROOTSYNC_END, NULL, 0, e);
		r = rootsync_send(x->w, ROOTSYNC_DATA, buffer, (size_t)n, e);
	}
	return r;
}

static int send_parts(struct replication *x, struct err *e)
{
	cleanup_fd int images = -EBADF;
	int r = send_head(x, e);

	if (r == 0)
		r = replicate_open_images(x, x->made.round.generation, &images, e);
	if (r == 0)
		r = image_stream_send(x->w, images, (unsigned)x->made.round.generation, false, NULL,
				      &x->made.round.memory_bytes, e);
	if (r == 0 && x->made.files)
		r = send_delta(x, e);
	return r == 0 ? wire_send_word(x->w, WIRE_STANDBY, e) : r;
}

int replicate_send(struct replication *x, struct err *e)
{
	uint64_t before = wire_sent(x->w);
	struct answer a;
	int r = send_parts(x, e);

	if (r == 0)
		r = hear_state(x, &a, e);
	if (r < 0)
		return r;
	if (a.newest != x->made.round.generation || strcmp(a.instance, x->instance) != 0)
		return err_set(e, ERR_SYSTEM, EPROTO, "destination has not kept generation %llu",
			       (unsigned long long)x->made.round.generation);
	x->made.round.sent_bytes = wire_sent(x->w) - before;
	return 0;
}
