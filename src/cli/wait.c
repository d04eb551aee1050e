// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr wait: how a container ended. */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "container/exit.h"
#include "util/cleanup.h"

struct wait_options {
	const char *format;
};

static const char *const formats[] = { "text", "json", NULL };

static const struct cli_option options[] = {
	{ "format", 'f', CLI_STRING, "FORMAT", offsetof(struct wait_options, format),
	  "text or json", formats },
	{ 0 },
};

static int print_json(const char *id, const struct container_exit *x, struct err *e)
{
	struct json_out o;

	if (json_out_init(&o, true) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "write the result");
	json_out_object(&o);
	json_out_member_string(&o, "id", id);
	json_out_member_int(&o, "exitCode", x->code);
	json_out_member_int(&o, "signal", x->signal);
	json_out_member_bool(&o, "oomKilled", x->oom);
	json_out_member_uint(&o, "oomKills", x->oom_kills);
	if (x->finished)
		json_out_member_string(&o, "finished", x->finished);
	json_out_end_object(&o);
	return cli_print_json(&o, e);
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct wait_options *o = opts;
	cleanup_(container_freep) struct container *c = NULL;
	enum container_status status;
	struct container_exit x;
	int r = cli_container(cli, args[0], false, &c, &status, e);

	if (r == 0)
		r = container_wait_exit(c, status, &x, e);
	if (r < 0)
		return r;
	if (!x.known) {
		err_set(e, ERR_STATE, 0,
			"container '%s' has ended, but its exit status was not recorded", args[0]);
		err_hint(e, "only its parent knows it, or a ctr wait that ran before it ended, on "
			    "Linux 6.15");
		return -ENODATA;
	}
	if (o->format && strcmp(o->format, "json") == 0)
		return print_json(args[0], &x, e);
	(void)printf("%d\n", x.code);
	return 0;
}

const struct cli_command cli_wait = {
	.name = "wait",
	.args = "CONTAINER",
	.summary = "Wait until a container ends and print its exit status",
	.options = options,
	.run = run,
	.options_size = sizeof(struct wait_options),
	.min_args = 1,
	.max_args = 1,
};
