// SPDX-License-Identifier: GPL-2.0-or-later
/* See lease.h: the source asks. */
#include "checkpoint/lease.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "container/process.h"
#include "util/cleanup.h"
#include "util/kernel.h"

static const char *const words[] = {
	[LEASE_NONE] = "none",
	[LEASE_RENEW] = "renew",
	[LEASE_FREE] = "free",
	[LEASE_ENDED] = "ended",
};

const char *lease_word_name(enum lease_word word)
{
	return words[word];
}

void lease_hang_up(struct lease_link *l)
{
	wire_free(l->w);
	l->w = NULL;
	if (l->program <= 0)
		return;
	(void)kill(l->program, SIGKILL); /* our child, and not waited for: it is this one */
	while (waitpid(l->program, NULL, 0) < 0 && errno == EINTR)
		continue;
	l->program = 0;
}

static int connect_link(struct lease_link *l, struct err *e)
{
	int r = transport_connect(l->to, l->timeout_ms, &l->w, &l->program, e);

	if (r < 0)
		return r;
	wire_set_interrupt(l->w, l->interrupt);
	return wire_hello_call(l->w, LEASE_PURPOSE, e);
}

static int ask(struct lease_link *l, enum lease_word word, struct err *e)
{
	char boot[40];
	struct json_out o;
	int r = process_boot_id(boot, sizeof(boot), e);

	if (r < 0)
		return r;
	wire_set_timeout(l->w, l->timeout_ms);
	if (json_out_init(&o, false) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "ask for a lease");
	json_out_object(&o);
	json_out_member_string(&o, "id", l->id);
	json_out_member_uint(&o, "epoch", l->epoch);
	json_out_member_uint(&o, "milliseconds", l->ms);
	json_out_member_uint(&o, "asked", lapse_clock_ms());
	json_out_member_string(&o, "asker", boot);
	json_out_member_string(&o, "word", lease_word_name(word));
	return wire_send_json(l->w, WIRE_LEASE, &o, e);
}

static int hear(struct lease_link *l, uint64_t *ret_epoch, struct err *e)
{
	cleanup_(arena_free) struct arena a = { .cap = 1 << 16 };
	const struct json_node *o;
	int r = wire_expect_json(l->w, "destination", WIRE_LEASE, &a, &o, e);

	if (r == 0)
		r = wire_uint(o, "epoch", INT64_MAX, ret_epoch, e);
	if (r < 0 || !wire_bool(o, "fenced"))
		return r;
	err_set(e, ERR_STATE, 0, "container '%s' was taken over by %s", l->id, l->to->name);
	return -EOWNERDEAD;
}

int lease_say(struct lease_link *l, enum lease_word word, uint64_t *ret_epoch, struct err *e)
{
	int r = l->w ? 0 : connect_link(l, e);

	if (r == 0)
		r = ask(l, word, e);
	if (r == 0)
		r = hear(l, ret_epoch, e);
	return r;
}
