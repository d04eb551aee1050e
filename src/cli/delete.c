// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr delete: remove a container and everything that belongs to it. */
#include "cli/cli.h"

#include <errno.h>

#include "container/store.h"
#include "util/cleanup.h"

struct delete_options {
	bool force, regex;
};

static const struct cli_option options[] = {
	{ "force", 'f', CLI_FLAG, NULL, offsetof(struct delete_options, force),
	  "kill it first if it runs; succeed if it does not exist", NULL },
	{ "regex", 'r', CLI_FLAG, NULL, offsetof(struct delete_options, regex),
	  "CONTAINER is a regular expression: all that match", NULL },
	{ 0 },
};

struct delete_task {
	struct cli *cli;
	bool force;
	struct err *e;
};

static int delete_one(const char *id, void *data)
{
	const struct delete_task *t = data;
	cleanup_(container_freep) struct container *c = NULL;
	struct err warning = ERR_INIT;
	enum container_status status;
	int r = cli_container(t->cli, id, true, &c, &status, t->e);

	/* there may be a rest of it, from somebody who was killed at the very end of a delete */
	if (r == -ENOENT && t->force) {
		if (t->cli->store >= 0)
			store_sweep(t->cli->store);
		return 0;
	}
	if (r == 0)
		r = container_destroy(c, status, t->force, &warning, t->e);
	if (warning.kind)
		cli_report_warning(&warning);
	return r;
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct delete_options *o = opts;
	struct delete_task task = { .cli = cli, .force = o->force, .e = e };

	return o->regex ? cli_each_matching(cli, args[0], delete_one, &task, e)
			: delete_one(args[0], &task);
}

const struct cli_command cli_delete = {
	.name = "delete",
	.args = "CONTAINER",
	.summary = "Remove a container: processes, cgroup and state",
	.options = options,
	.run = run,
	.options_size = sizeof(struct delete_options),
	.min_args = 1,
	.max_args = 1,
};
