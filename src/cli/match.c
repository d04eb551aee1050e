// SPDX-License-Identifier: GPL-2.0-or-later
/* Containers by regular expression, for kill and delete. */
#include "cli/cli.h"

#include <errno.h>
#include <regex.h>

#include "container/store.h"
#include "rootfs/snapshots.h"
#include "util/whole.h"

struct match {
	regex_t regex;
	int (*fn)(const char *id, void *data);
	void *data;
	int first; /* the first failure: the others are tried all the same */
	struct err *e, error;
};

static int try_one(const char *id, void *data)
{
	struct match *m = data;
	int r = regexec(&m->regex, id, 0, NULL, 0) == 0 ? m->fn(id, m->data) : 0;

	if (r < 0 && m->first == 0) {
		m->first = r;
		m->error = *m->e;
	}
	return 0;
}

/* Whatever has layers, or may have. */
static int each_rest(struct cli *cli, int (*fn)(const char *id, void *data), struct match *m,
		     struct err *e)
{
	struct err none = ERR_INIT;
	int r = cli_data_root(cli, false, &none);

	if (r < 0) {
		if (r != -ENOENT)
			*e = none;
		return r == -ENOENT ? 0 : r;
	}
	m->fn = fn;
	return snapshots_each(cli->data, try_one, m, e);
}

int cli_each_matching(struct cli *cli, const char *regex, int (*fn)(const char *id, void *data),
		      int (*rests)(const char *id, void *data), void *data, struct err *e)
{
	struct match m = { .fn = fn, .data = data, .e = e };
	char why[128];
	int r = whole_needed(e); /* C libraries differ in what an expression may be */

	if (r < 0)
		return r;
	r = regcomp(&m.regex, regex, REG_EXTENDED | REG_NOSUB);
	if (r != 0) {
		(void)regerror(r, &m.regex, why, sizeof(why));
		return err_set(e, ERR_USAGE, 0, "regular expression '%s': %s", regex, why);
	}
	r = cli_store(cli, false, e);
	if (r == 0)
		r = store_each(cli->store, try_one, &m, e);
	else if (r == -ENOENT)
		r = 0; /* no state root: nothing matches */
	if (r == 0 && rests)
		r = each_rest(cli, rests, &m, e);
	regfree(&m.regex);
	if (r < 0 || m.first == 0)
		return r;
	*e = m.error;
	return m.first;
}
