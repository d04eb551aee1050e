// SPDX-License-Identifier: GPL-2.0-or-later
/* See arrival.h. */
#include "checkpoint/arrival.h"

#include <errno.h>
#include <string.h>

#include "checkpoint/receive.h"
#include "container/store.h"
#include "util/cleanup.h"

enum {
	SETTLE_MS = 10000
};

static int refuse(const struct container *c, struct err *e)
{
	const char *peer = c->record.move.peer;

	err_set(e, ERR_STATE, 0, "container '%s' came from %s, which does not know it yet",
		c->record.id, peer);
	err_hint(e,
		 "ask from there first: ctr migrate --recover; --force deletes it, and tells %s "
		 "that it "
		 "was here",
		 peer);
	return -EBUSY;
}

static int settle(const struct container *c, int data, const struct caller *caller, struct err *e)
{
	const struct receive_request rq = { .store = c->store, .data = data, .caller = caller };
	enum journal_state state;
	int r = receive_settle(&rq, c->record.move.token, SETTLE_MS, &state, e);

	return r < 0 ? err_wrap(e, "container '%s' is just arriving", c->record.id) : 0;
}

int arrival_before_delete(const struct container *c, const struct caller *caller, bool force,
			  struct err *e)
{
	cleanup_(journal_close) struct journal j = JOURNAL_EMPTY;
	const struct container_move *m = &c->record.move;
	struct err why = ERR_INIT;
	cleanup_fd int data = -EBADF;
	int r;

	if (!m->token || m->away || !m->data || !wire_nonce_is_valid(m->token))
		return 0;
	r = store_open(m->data, 0, &data, &why);
	if (r == 0)
		r = journal_open(data, m->token, &j, &why);
	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		*e = why;
		return r;
	}
	if (!force)
		return refuse(c, e);
	return j.state == JOURNAL_RUNNING ? 0 : settle(c, data, caller, e);
}

bool arrival_is_here(int store, const char *id, const char *token)
{
	cleanup_(container_freep) struct container *c = NULL;
	enum container_status status;

	if (container_open(store, id, false, &c, &status, &(struct err)ERR_INIT) < 0)
		return false;
	return c->record.move.token && !c->record.move.away &&
	       strcmp(c->record.move.token, token) == 0;
}
