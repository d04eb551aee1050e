// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr delete: remove a container and everything that belongs to it. */
#include "cli/cli.h"

#include <errno.h>

#include "util/cleanup.h"

struct delete_options {
	bool force;
};

static const struct cli_option options[] = {
	{ "force", 'f', CLI_FLAG, NULL, offsetof(struct delete_options, force),
	  "kill it first if it runs; succeed if it does not exist", NULL },
	{ 0 },
};

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct delete_options *o = opts;
	cleanup_(container_freep) struct container *c = NULL;
	cleanup_fd int store = -EBADF;
	struct err warning = ERR_INIT;
	enum container_status status;
	int r = cli_store(cli, true, &store, e);

	if (r == 0)
		r = container_open(store, args[0], true, &c, &status, e);
	if (r == -ENOENT && o->force)
		return 0;
	if (r == 0)
		r = container_destroy(c, status, o->force, &warning, e);
	if (warning.kind)
		cli_report(cli, &warning);
	return r;
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
