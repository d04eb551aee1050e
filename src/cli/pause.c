// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr pause and ctr resume: the freezer of the container's cgroup. */
#include "cli/cli.h"

#include "util/cleanup.h"

enum {
	FREEZE_DEADLINE_MS = 10000
};

static const struct cli_option options[] = { { 0 } };

static int change(struct cli *cli, const char *id, bool freeze, struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	cleanup_(cgroup_close) struct cgroup cg = CGROUP_EMPTY;
	enum container_status status;
	int r = cli_container(cli, id, true, &c, &status, e);

	if (r < 0)
		return r;
	if (freeze && status != STATUS_RUNNING && status != STATUS_CREATED)
		return err_set(e, ERR_STATE, 0, "container not running: %s",
			       container_status_name(status));
	if (!freeze && status != STATUS_PAUSED)
		return err_set(e, ERR_STATE, 0, "container not paused: %s",
			       container_status_name(status));
	r = container_open_cgroup(c, &cg, e);
	if (r < 0)
		return r;
	return freeze ? cgroup_freeze(&cg, FREEZE_DEADLINE_MS, e)
		      : cgroup_thaw(&cg, FREEZE_DEADLINE_MS, e);
}

static int run_pause(struct cli *cli, const void *opts, char **args, struct err *e)
{
	int r = change(cli, args[0], true, e);

	(void)opts;
	return r < 0 ? err_wrap(e, "pause %s", args[0]) : 0;
}

static int run_resume(struct cli *cli, const void *opts, char **args, struct err *e)
{
	int r = change(cli, args[0], false, e);

	(void)opts;
	return r < 0 ? err_wrap(e, "resume %s", args[0]) : 0;
}

const struct cli_command cli_pause = {
	.name = "pause",
	.args = "CONTAINER",
	.summary = "Freeze all processes of a container",
	.options = options,
	.run = run_pause,
	.min_args = 1,
	.max_args = 1,
};

const struct cli_command cli_resume = {
	.name = "resume",
	.args = "CONTAINER",
	.summary = "Let the processes of a paused container go on",
	.options = options,
	.run = run_resume,
	.min_args = 1,
	.max_args = 1,
};
