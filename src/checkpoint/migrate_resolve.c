// SPDX-License-Identifier: GPL-2.0-or-later
/* See migrate.h: what became of it? */
#include "checkpoint/migrate.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "checkpoint/journal.h"
#include "container/fence.h"
#include "util/cleanup.h"
#include "util/kernel.h"

enum {
	BACKOFF_FIRST_MS = 100,
	BACKOFF_MAX_MS = 5000,
};

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* always there */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void pause_ms(int64_t ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	(void)nanosleep(&t, NULL); /* a shorter pause does no harm */
}

static int send_token(struct wire *w, enum wire_type type, const char *token, const char *id,
		      struct err *e)
{
	struct json_out o;

	if (json_out_init(&o, false) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "ask what became of the move");
	json_out_object(&o);
	json_out_member_string(&o, "token", token);
	if (id)
		json_out_member_string(&o, "id", id);
	return wire_send_json(w, type, &o, e);
}

static const char *const verdicts[] = {
	[MIGRATE_ABORTED] = "aborted",
	[MIGRATE_RUNNING] = "running",
	[MIGRATE_LOST] = "lost",
};

static int read_verdict(struct wire *w, enum migrate_verdict *ret, struct err *e)
{
	cleanup_(arena_free) struct arena a = { .cap = 1 << 20 };
	const struct json_node *o;
	const char *state;
	int r = wire_expect_json(w, "destination", WIRE_VERDICT, &a, &o, e);

	if (r == 0)
		r = wire_string(o, "state", 32, false, &state, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++) {
		if (strcmp(state, verdicts[i]) == 0) {
			*ret = i == MIGRATE_RUNNING && wire_bool(o, "gone")
				       ? MIGRATE_WAS_THERE
				       : (enum migrate_verdict)i;
			return 0;
		}
	}
	err_set(e, ERR_STATE, EINPROGRESS, "the destination is not sure yet (%s)", state);
	return -EINPROGRESS;
}

static int converse(struct wire *w, const char *token, const char *id, enum migrate_verdict *ret,
		    struct err *e)
{
	int r = wire_hello_call(w, "query", e);

	if (r == 0)
		r = send_token(w, WIRE_QUERY, token, id, e);
	return r < 0 ? r : read_verdict(w, ret, e);
}

int migrate_ask(const struct transport *to, const char *token, const char *id, int timeout_ms,
		enum migrate_verdict *ret, struct err *e)
{
	struct wire *w;
	pid_t pid;
	int r = transport_connect(to, timeout_ms, &w, &pid, e);

	if (r < 0)
		return r;
	r = converse(w, token, id, ret, e);
	wire_free(w);
	transport_end(pid);
	return r;
}

int migrate_resolve(const struct migrate_request *rq, const struct transport *to, const char *token,
		    enum migrate_verdict *ret, struct err *e)
{
	int64_t end = now_ms() + rq->resolve_ms, wait = BACKOFF_FIRST_MS;
	int r;

	for (;;) {
		*e = (struct err){ .problems = e->problems };
		if (rq->tell)
			rq->tell(rq->data_of_tell, MIGRATE_RESOLVE, 0, 0);
		r = migrate_ask(to, token, rq->as, rq->timeout_ms, ret, e);
		if (r == 0 || now_ms() + wait >= end)
			break;
		pause_ms(wait);
		wait = wait * 2 < BACKOFF_MAX_MS ? wait * 2 : BACKOFF_MAX_MS;
	}
	return r;
}

void migrate_tell_done(const struct transport *to, const char *token, int timeout_ms)
{
	struct err none = ERR_INIT;
	struct wire_message m;
	enum migrate_verdict verdict = MIGRATE_ABORTED;
	struct wire *w;
	pid_t pid;

	if (transport_connect(to, timeout_ms, &w, &pid, &none) < 0)
		return;
	/* what fails leaves a few bytes there */
	if (converse(w, token, NULL, &verdict, &none) == 0 && verdict != MIGRATE_ABORTED &&
	    send_token(w, WIRE_DONE, token, NULL, &none) == 0)
		(void)wire_expect(w, "destination", WIRE_DONE, &m, &none);
	wire_free(w);
	transport_end(pid);
}

/* ---- after somebody was killed ---- */

static int destroy(struct container *c, enum container_status status, struct err *e)
{
	struct err warning = ERR_INIT;

	return container_destroy(c, status, DESTROY_FORCE, &warning, e);
}

static int act(struct container *c, enum container_status status, enum migrate_verdict verdict,
	       struct migrate_result *ret, struct err *e)
{
	static const enum migrate_fate fates[] = {
		[MIGRATE_ABORTED] = MIGRATE_STAYED,
		[MIGRATE_RUNNING] = MIGRATE_MOVED,
		[MIGRATE_LOST] = MIGRATE_STAYED,
		[MIGRATE_WAS_THERE] = MIGRATE_GONE,
	};
	bool left = fates[verdict] != MIGRATE_STAYED;
	int r = left ? destroy(c, status, e) : fence_lower(c, e);

	if (r < 0)
		return r;
	ret->fate = fates[verdict];
	ret->went_back = verdict == MIGRATE_LOST;
	return 0;
}

static int recover_fenced(const struct migrate_request *how, struct container *c,
			  enum container_status status, struct migrate_result *ret, struct err *e)
{
	cleanup_(arena_free) struct arena a = { 0 };
	struct transport to;
	enum migrate_verdict verdict = MIGRATE_ABORTED;
	char token[WIRE_NONCE];
	int r = transport_from_words(&c->record.move.words, &a, &to, e);

	ret->fate = MIGRATE_IN_DOUBT;
	if (r == 0 && !wire_nonce_is_valid(c->record.move.token))
		r = err_set(e, ERR_STATE, EBADMSG, "the token that is written down is none");
	if (r < 0)
		return r;
	memcpy(token, c->record.move.token, sizeof(token));
	r = migrate_resolve(how, &to, token, &verdict, e);
	if (r < 0)
		return err_wrap(e, "container '%s' stands, and may run at %s", c->record.id,
				c->record.move.peer);
	r = act(c, status, verdict, ret, e);
	if (r == 0 && verdict != MIGRATE_ABORTED)
		migrate_tell_done(&to, token, how->timeout_ms);
	return r;
}

/* Nothing of it is here any more: at the very end of its move, or because somebody has removed it. */
static int recover_gone(const struct migrate_request *how, struct migrate_result *ret,
			struct err *e)
{
	enum migrate_verdict there = MIGRATE_ABORTED;
	int r;

	*e = (struct err){ .problems = e->problems };
	ret->fate = MIGRATE_IN_DOUBT;
	r = migrate_ask(how->to, how->token, how->as ? how->as : how->id, how->timeout_ms, &there,
			e);
	if (r < 0)
		return err_wrap(e, "container '%s' is not here any more, and may run at %s",
				how->id, how->to->name);
	if (there == MIGRATE_ABORTED) {
		ret->fate = MIGRATE_GONE;
		err_set(e, ERR_STATE, 0,
			"container '%s' is not here any more, and it does not run at %s by this "
			"move",
			how->id, how->to->name);
		err_hint(e, "somebody has removed it, here or there");
		return -ENOENT;
	}
	ret->fate = there == MIGRATE_WAS_THERE ? MIGRATE_GONE : MIGRATE_MOVED;
	migrate_tell_done(how->to, how->token, how->timeout_ms);
	return 0;
}

int migrate_recover(const struct migrate_request *how, struct migrate_result *ret, struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	enum container_status status;
	enum migrate_verdict ignored;
	struct err none = ERR_INIT;
	int r;

	*ret = (struct migrate_result){ .fate = MIGRATE_STAYED };
	outbox_sweep(how->data);
	r = container_open(how->store, how->id, true, &c, &status, e);
	if (r == -ENOENT && how->token)
		return recover_gone(how, ret, e);
	if (r < 0)
		return r;
	if (fence_is_up(c))
		return recover_fenced(how, c, status, ret, e);
	/* it runs here: whatever is left there by this token goes */
	if (how->token)
		(void)migrate_ask(how->to, how->token, NULL, how->timeout_ms, &ignored, &none);
	return 0;
}

int migrate_settle(const struct migrate_request *how, bool here, struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	struct migrate_result ignored = { 0 };
	enum container_status status;
	int r = container_open(how->store, how->id, true, &c, &status, e);

	if (r == 0 && !fence_is_up(c))
		return err_set(e, ERR_STATE, 0, "container '%s' was not handed over", how->id);
	return r < 0 ? r : act(c, status, here ? MIGRATE_ABORTED : MIGRATE_RUNNING, &ignored, e);
}
