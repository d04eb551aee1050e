// SPDX-License-Identifier: GPL-2.0-or-later
/* Containers by regular expression, for kill and delete. */
#include "cli/cli.h"

#include <errno.h>
#include <regex.h>

#include "container/store.h"

struct match {
	regex_t regex;
	int (*fn)(const char *id, void *data);
	void *data;
};

static int try_one(const char *id, void *data)
{
	const struct match *m = data;

	return regexec(&m->regex, id, 0, NULL, 0) == 0 ? m->fn(id, m->data) : 0;
}

int cli_each_matching(struct cli *cli, const char *regex, int (*fn)(const char *id, void *data),
		      void *data, struct err *e)
{
	struct match m = { .fn = fn, .data = data };
	char why[128];
	int r = regcomp(&m.regex, regex, REG_EXTENDED | REG_NOSUB);

	if (r != 0) {
		(void)regerror(r, &m.regex, why, sizeof(why));
		return err_set(e, ERR_USAGE, 0, "regular expression '%s': %s", regex, why);
	}
	r = cli_store(cli, false, e);
	if (r == 0)
		r = store_each(cli->store, try_one, &m, e);
	else if (r == -ENOENT)
		r = 0; /* no state root: nothing matches */
	regfree(&m.regex);
	return r;
}
