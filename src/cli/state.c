// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr state: the OCI state of one container as JSON. */
#include "cli/cli.h"

#include <errno.h>

#include "util/cleanup.h"

static const struct cli_option options[] = { { 0 } };

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	enum container_status status;
	struct json_out o;
	int r = cli_container(cli, args[0], false, &c, &status, e);

	(void)opts;
	if (r == 0 && json_out_init(&o, true) < 0)
		r = err_set(e, ERR_SYSTEM, ENOMEM, "write the state");
	if (r < 0)
		return r;
	json_out_object(&o);
	container_state_members(&o, &c->record, status);
	json_out_end_object(&o);
	return cli_print_json(&o, e);
}

const struct cli_command cli_state = {
	.name = "state",
	.args = "CONTAINER",
	.summary = "Show the state of a container as JSON",
	.options = options,
	.run = run,
	.min_args = 1,
	.max_args = 1,
};
