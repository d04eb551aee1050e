// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr create: everything but the program, which waits for `ctr start`. */
#include "cli/launch.h"

#include "container/foreground.h"
#include "util/cleanup.h"

struct create_options {
	struct launch_options launch;
};

static const struct cli_option options[] = {
	LAUNCH_OPTIONS(struct create_options, launch),
	KSM_OPTION(struct create_options, launch),
	{ 0 },
};

static int create(struct cli *cli, const struct launch_options *o,
		  const struct container_request *rq, struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	int r = container_create(rq, &c, e);

	if (r < 0)
		return r;
	launch_warnings(cli, c);
	r = launch_announce(o, c, true, e);
	if (r < 0) {
		container_abort(c);
		return r;
	}
	r = container_commit(c, e);
	if (r < 0)
		launch_withdraw(o);
	return r;
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct launch_options *o = &((const struct create_options *)opts)->launch;
	cleanup_fd int signals = -EBADF;
	cleanup_(launch_request_free) struct container_request rq = {
		.id = args[0],
		.bundle = o->bundle ? o->bundle : ".",
		.wait_start = true,
	};
	int r = launch_request(cli, o, &rq, e);

	if (r == 0)
		r = foreground_signals(&signals, e);
	if (r == 0)
		r = cli_store(cli, true, e);
	if (r < 0)
		return r;
	rq.store = cli->store;
	rq.interrupt = signals;
	r = create(cli, o, &rq, e);
	return r < 0 ? err_wrap(e, "create %s", args[0]) : 0;
}

const struct cli_command cli_create = {
	.name = "create",
	.args = "CONTAINER",
	.summary = "Create a container; its program waits for start",
	.options = options,
	.run = run,
	.options_size = sizeof(struct create_options),
	.min_args = 1,
	.max_args = 1,
};
