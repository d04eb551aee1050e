// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr start: let the program of a created container run. */
#include "cli/cli.h"

#include <stdlib.h>

#include "container/fence.h"
#include "util/cleanup.h"

static const struct cli_option options[] = { { 0 } };

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	enum container_status status;
	int r = cli_container(cli, args[0], true, &c, &status, e);

	(void)opts;
	if (r == 0)
		r = fence_check(c, e);
	if (r < 0)
		return r;
	r = container_start_created(c, status, getenv("NOTIFY_SOCKET") != NULL, e);
	return r < 0 ? err_wrap(e, "start %s", args[0]) : 0;
}

const struct cli_command cli_start = {
	.name = "start",
	.args = "CONTAINER",
	.summary = "Run the program of a created container",
	.options = options,
	.run = run,
	.beyond = CLI_BEYOND_NETWORK,
	.min_args = 1,
	.max_args = 1,
};
