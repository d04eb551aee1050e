// SPDX-License-Identifier: GPL-2.0-or-later
/* See migrate.h: what the destination says of what it was proposed. */
#include "checkpoint/migrate.h"

#include <errno.h>

#include "util/cleanup.h"

static int read_problems(struct problems *list, const struct json_node *o, const char *key,
			 enum problem_severity severity, struct err *e)
{
	const struct json_node *items = json_member(o, key);
	int r = 0;

	if (!items || items->type != JSON_ARRAY)
		return err_set(e, ERR_SYSTEM, EBADMSG, "an answer without '%s'", key);
	json_for_each (item, items) {
		const char *text, *hint;

		if (r == 0)
			r = wire_string(item, "text", 2048, false, &text, e);
		if (r == 0)
			r = wire_string(item, "hint", 512, true, &hint, e);
		if (r == 0)
			r = problems_addf(list, severity, "", hint, "%s", text);
	}
	return r;
}

static int object(const struct problems *all, struct err *e)
{
	size_t n = problems_count(all, PROBLEM_ERROR);

	for (size_t i = 0; i < all->count; i++) {
		const struct err *first = &all->items[i].err;

		if (all->items[i].severity != PROBLEM_ERROR)
			continue;
		err_set(e, ERR_STATE, 0, "destination: %s", first->text);
		if (n > 1)
			err_hint(e, "and %zu more: see --dry-run", n - 1);
		else if (first->hint[0])
			err_hint(e, "%s", first->hint);
		return -EXDEV;
	}
	return 0;
}

int migrate_hear_answer(const struct migrate_request *rq, struct wire *w, struct problems *ret,
			bool *ret_copy_rootfs, struct err *e)
{
	cleanup_(arena_free) struct arena a = { .cap = 16 << 20 };
	const struct json_node *o;
	int r = wire_expect_json(w, "destination", WIRE_ANSWER, &a, &o, e);

	if (r == 0)
		r = read_problems(ret, o, "problems", PROBLEM_ERROR, e);
	if (r == 0)
		r = read_problems(ret, o, "warnings", PROBLEM_WARNING, e);
	if (r < 0)
		return r;
	if (rq->post_copy && !wire_bool(o, "knowsPostCopy")) {
		err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP,
			"destination: its ctr does not know --post-copy");
		return -EOPNOTSUPP;
	}
	*ret_copy_rootfs = wire_bool(o, "copyRootfs") || rq->copy_rootfs;
	return object(ret, e);
}
