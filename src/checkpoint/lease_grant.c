// SPDX-License-Identifier: GPL-2.0-or-later
/* See lease.h: the standby grants, remembers, and waits. */
#include "checkpoint/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "checkpoint/standby_internal.h"
#include "container/process.h"
#include "util/cleanup.h"

enum {
	STEP_MS = 20
};

/* As it is in the file. */
struct note {
	enum lease_word word;
	uint64_t epoch, ms;
	uint64_t at,
		asked; /* of CLOCK_BOOTTIME: ours when we heard it, the source's when it spoke */
	char boot[40], asker[40]; /* and in which boots */
};

/* ---- the record ---- */

static int parse_word(const char *text, enum lease_word *ret, struct err *e)
{
	for (enum lease_word w = LEASE_RENEW; w <= LEASE_ENDED; w++)
		if (strcmp(text, lease_word_name(w)) == 0) {
			*ret = w;
			return 0;
		}
	return err_set(e, ERR_SYSTEM, EBADMSG, "'%s' is no word of a lease", text);
}

/* What both a message and the record have. */
static int read_common(const struct json_node *o, struct note *ret, struct err *e)
{
	const char *word, *asker;
	int r = wire_string(o, "word", 16, false, &word, e);

	if (r == 0)
		r = parse_word(word, &ret->word, e);
	if (r == 0)
		r = wire_uint(o, "epoch", INT64_MAX - 1, &ret->epoch, e);
	if (r == 0)
		r = wire_uint(o, "milliseconds", LEASE_MAX_MS, &ret->ms, e);
	if (r == 0)
		r = wire_uint(o, "asked", INT64_MAX, &ret->asked, e);
	if (r == 0)
		r = wire_string(o, "asker", sizeof(ret->asker) - 1, false, &asker, e);
	if (r == 0)
		memcpy(ret->asker, asker, strlen(asker) + 1);
	return r;
}

static int read_note(const struct standby *s, struct note *ret, struct err *e)
{
	cleanup_(arena_free) struct arena a = { .cap = 1 << 16 };
	const struct json_node *o;
	const char *boot;
	int r = standby_json_read(s->dir, LEASE_FILE, &a, &o, e);

	*ret = (struct note){ 0 };
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = read_common(o, ret, e);
	if (r == 0)
		r = wire_uint(o, "at", INT64_MAX, &ret->at, e);
	if (r == 0)
		r = wire_string(o, "boot", sizeof(ret->boot) - 1, false, &boot, e);
	if (r == 0)
		memcpy(ret->boot, boot, strlen(boot) + 1);
	return r < 0 ? err_wrap(e, "lease of '%s'", s->id) : 0;
}

/* On the disk when it returns 0. */
static int write_note(const struct standby *s, struct note *n, struct err *e)
{
	struct json_out o;
	int r = process_boot_id(n->boot, sizeof(n->boot), e);

	if (r < 0)
		return r;
	if (json_out_init(&o, true) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "remember a lease");
	json_out_object(&o);
	json_out_member_int(&o, "version", 1);
	json_out_member_string(&o, "word", lease_word_name(n->word));
	json_out_member_uint(&o, "epoch", n->epoch);
	json_out_member_uint(&o, "milliseconds", n->ms);
	json_out_member_uint(&o, "asked", n->asked);
	json_out_member_string(&o, "asker", n->asker);
	json_out_member_uint(&o, "at", n->at);
	json_out_member_string(&o, "boot", n->boot);
	return standby_json_write(s->dir, LEASE_FILE, &o, e);
}

int lease_grant_look(const struct standby *s, struct lease_grant *ret, struct err *e)
{
	char boot[sizeof(((struct note *)0)->boot)];
	uint64_t over, now = lapse_clock_ms();
	struct note n;
	int r = read_note(s, &n, e);

	if (r == 0)
		r = process_boot_id(boot, sizeof(boot), e);
	if (r < 0)
		return r;
	*ret = (struct lease_grant){ .word = n.word, .epoch = n.epoch };
	/* this host was started after it had granted it: at the latest then */
	over = lease_over_at(strcmp(boot, n.boot) == 0 ? n.at : 0, n.ms);
	if (n.word == LEASE_RENEW && over > now)
		ret->left_ms = over - now;
	return 0;
}

int lease_drop_free(const struct standby *s, struct err *e)
{
	struct note n;
	int r = read_note(s, &n, e);

	if (r < 0 || n.word != LEASE_FREE)
		return r;
	return unlinkat(s->dir, LEASE_FILE, 0) < 0 && errno != ENOENT
		       ? err_set(e, ERR_SYSTEM, errno, "forget a lease")
		       : 0;
}

int lease_await(const struct standby *s, void (*tell)(void *data, uint64_t ms), void *data,
		uint64_t *ret_waited_ms, struct err *e)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };
	uint64_t began = lapse_clock_ms();
	struct lease_grant g;
	int r = lease_grant_look(s, &g, e);

	*ret_waited_ms = 0;
	/* one of an earlier turn is void: who had it was refused when that ended */
	if (r < 0 || g.epoch != s->state.epoch)
		return r;
	if (g.word == LEASE_FREE) {
		err_set(e, ERR_STATE, 0,
			"the other host runs container '%s' without a lease, or did when it was "
			"last heard of",
			s->id);
		err_hint(e, "make sure that it does not any more, then say --fenced");
		return -EBUSY;
	}
	if (g.left_ms && tell)
		tell(data, g.left_ms);
	while (r == 0 && g.left_ms) {
		(void)nanosleep(&step, NULL);
		r = lease_grant_look(s, &g, e);
		*ret_waited_ms = lapse_clock_ms() - began;
	}
	return r;
}

/* ---- the connection ---- */

static bool is_fenced(const struct standby *s, uint64_t epoch)
{
	return s->state.active ? epoch <= s->state.epoch : epoch < s->state.epoch;
}

static int answer(const struct standby *s, struct wire *w, bool fenced, struct err *e)
{
	struct json_out o;

	if (json_out_init(&o, false) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "answer");
	json_out_object(&o);
	json_out_member_bool(&o, "fenced", fenced);
	json_out_member_uint(&o, "epoch", s->state.epoch);
	return wire_send_json(w, WIRE_LEASE, &o, e);
}

/* Under the lock. Whoever has not sent anything in this epoch has nothing that could be taken over. */
static int grant(struct standby *s, struct note *n, struct err *e)
{
	struct note before;
	int r = read_note(s, &before, e);

	if (r < 0)
		return r;
	/* a connection that was given up may bring its last word after that of the next one */
	if (before.epoch == n->epoch && strcmp(before.asker, n->asker) == 0 &&
	    n->asked < before.asked)
		return err_set(e, ERR_STATE, ESTALE, "a word that was said before the last one");
	if (n->epoch != s->state.epoch)
		return err_set(e, ERR_STATE, ESTALE,
			       "nothing of container '%s' has come in epoch %llu", s->id,
			       (unsigned long long)n->epoch);
	n->at = lapse_clock_ms();
	return write_note(s, n, e);
}

static int take_word(const struct receive_request *rq, struct wire *w, const struct wire_message *m,
		     struct err *e)
{
	cleanup_(arena_free) struct arena a = { .cap = 1 << 16 };
	cleanup_(standby_close) struct standby s = STANDBY_EMPTY;
	const struct json_node *o;
	const char *id;
	struct note n = { 0 };
	bool fenced;
	int r = wire_json(m, &a, &o, e);

	if (r == 0)
		r = wire_string(o, "id", ID_MAX, false, &id, e);
	if (r == 0)
		r = read_common(o, &n, e);
	if (r == 0 && n.ms < LEASE_MIN_MS)
		r = err_set(e, ERR_SYSTEM, EBADMSG, "a lease of less than a second");
	if (r == 0)
		r = standby_open(rq->data, id, false, &s, e);
	if (r == 0)
		r = standby_lock(&s, e);
	if (r < 0)
		return r;
	fenced = is_fenced(&s, n.epoch);
	if (!fenced)
		r = grant(&s, &n, e);
	standby_unlock(&s);
	return r == 0 ? answer(&s, w, fenced, e) : r;
}

static int serve(const struct receive_request *rq, struct wire *w, struct err *e)
{
	for (;;) {
		struct wire_message m;
		int r = wire_receive(w, "source", &m, e);

		if (r < 0 || m.type == WIRE_DONE)
			return r;
		if (m.type != WIRE_LEASE)
			return err_set(e, ERR_SYSTEM, EPROTO, "source says %s where LEASE is due",
				       wire_type_name(m.type));
		r = take_word(rq, w, &m, e);
		if (r < 0)
			return r;
	}
}

int lease_serve(const struct receive_request *rq, struct wire *w, struct err *e)
{
	int r = serve(rq, w, e);

	if (r < 0)
		wire_send_failure(w, e);
	return r;
}
