// SPDX-License-Identifier: GPL-2.0-or-later
/* See fence.h. */
#include "container/fence.h"

#include <errno.h>

#include "net/cut.h"
#include "util/cleanup.h"

enum {
	FREEZE_DEADLINE_MS = 10000
};

int fence_check(const struct container *c, struct err *e)
{
	const struct container_move *m = &c->record.move;

	if (m->token && m->taken) {
		err_set(e, ERR_STATE, 0,
			"container '%s' is fenced: %s has taken over (found out at %s)",
			c->record.id, m->peer, m->since);
		err_hint(e, "it must not go on here; ctr delete --force %s removes it",
			 c->record.id);
		return -EBUSY;
	}
	if (!fence_is_up(c))
		return 0;
	err_set(e, ERR_STATE, 0, "container '%s' was handed over to %s at %s, which may run it",
		c->record.id, m->peer, m->since);
	err_hint(e, "ctr migrate --recover %s asks there", c->record.id);
	return -EBUSY;
}

int fence_check_memory(const struct container *c, struct err *e)
{
	if (!c->record.fetching)
		return 0;
	err_set(e, ERR_STATE, 0, "memory of container '%s' still comes from %s", c->record.id,
		c->record.move.peer);
	err_hint(e, "try again when ctr state shows no ctr.fetchingMemory any more");
	return -EBUSY;
}

static int copy_move(struct container *c, const struct container_move *m,
		     struct container_move *ret, struct err *e)
{
	struct arena *a = &c->arena;
	size_t n = m->words.count;

	*ret = (struct container_move){
		.token = arena_strdup(a, m->token),
		.peer = arena_strdup(a, m->peer),
		.since = arena_strdup(a, m->since),
		.data = m->data ? arena_strdup(a, m->data) : NULL,
		.away = m->away,
		.taken = m->taken,
		.words = { arena_array(a, n + 1, sizeof(*ret->words.items)), 0 },
	};
	if ((m->data && !ret->data) || !ret->token || !ret->peer || !ret->since ||
	    !ret->words.items)
		return err_set(e, ERR_SYSTEM, ENOMEM, "write down where the container goes");
	for (; ret->words.count < n; ret->words.count++) {
		const char *word = arena_strdup(a, m->words.items[ret->words.count]);

		if (!word)
			return err_set(e, ERR_SYSTEM, ENOMEM,
				       "write down where the container goes");
		ret->words.items[ret->words.count] = word;
	}
	return 0;
}

static int open_cgroup(const struct container *c, struct cgroup *ret, struct err *e)
{
	int r = container_open_cgroup(c, ret, e);

	if (r < 0 || ret->fd >= 0)
		return r;
	err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP,
		"a container without a cgroup cannot be held still");
	return -EOPNOTSUPP;
}

/*
 * Who has frozen it for a while (a snapshot, or a pause that is under way) did so without the lock, and thaws it when
 * done: our freeze would not last. Whoever comes after us finds it frozen, and leaves it so.
 */
static int check_alone(const struct container *c, struct err *e)
{
	cleanup_(cgroup_close) struct cgroup cg = CGROUP_EMPTY;
	int r = open_cgroup(c, &cg, e);

	if (r < 0 || !cgroup_freeze_wanted(&cg))
		return r;
	err_set(e, ERR_STATE, 0, "somebody else holds container '%s' still", c->record.id);
	err_hint(e, "try again when the snapshot is taken, or the container resumed");
	return -EBUSY;
}

/* Was it frozen before? Then it stays so if it cannot be fenced. */
static bool is_frozen(const struct container *c)
{
	cleanup_(cgroup_close) struct cgroup cg = CGROUP_EMPTY;

	return open_cgroup(c, &cg, NULL) == 0 && cgroup_freeze_wanted(&cg);
}

static int change_tasks(const struct container *c, bool freeze, struct err *e)
{
	cleanup_(cgroup_close) struct cgroup cg = CGROUP_EMPTY;
	int r = open_cgroup(c, &cg, e);

	if (r < 0)
		return r;
	return freeze ? cgroup_freeze_try(&cg, FREEZE_DEADLINE_MS, e)
		      : cgroup_thaw(&cg, FREEZE_DEADLINE_MS, e);
}

int fence_note_arrival(struct container *c, const struct container_move *m, struct err *e)
{
	struct container_move copy;
	int r = copy_move(c, m, &copy, e);

	if (r == 0)
		c->record.move = copy;
	return r;
}

int fence_raise(struct container *c, const struct container_move *m, struct err *e)
{
	struct container_move before = c->record.move;
	bool frozen = is_frozen(c);
	/* one that was taken over must not go on, whoever else holds it */
	int r = m->taken ? 0 : check_alone(c, e);

	if (r == 0)
		r = fence_note_arrival(c, m, e);
	if (r < 0)
		return r;
	c->record.move.away = true;
	r = record_save(c->dir, &c->record, e);
	if (r == 0)
		r = change_tasks(c, true, e);
	if (r == 0)
		r = net_cut(&c->record.network, e);
	if (r == 0)
		return 0;
	(void)net_mend(&c->record.network, NULL); /* the first error counts */
	if (!frozen)
		(void)change_tasks(c, false, NULL);
	c->record.move = before;
	(void)record_save(c->dir, &c->record, NULL);
	return r;
}

int fence_lower(struct container *c, struct err *e)
{
	struct container_move none = { 0 };
	int r = net_mend(&c->record.network, e);

	if (r == 0)
		r = change_tasks(c, false, e);
	if (r < 0)
		return r;
	c->record.move = none;
	return record_save(c->dir, &c->record, e);
}
