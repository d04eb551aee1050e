// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr pause and ctr resume: the freezer of the container's cgroup. */
#include "cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>

#include "container/fence.h"
#include "container/pausing.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/num.h"
#include "util/whole.h"

enum {
	FREEZE_DEADLINE_MS = 10000
};

struct pause_options {
	const char *timeout;
};

static const struct cli_option options[] = {
	{ "timeout", 0, CLI_STRING, "DURATION", offsetof(struct pause_options, timeout),
	  "give up after this time (default 10s)", NULL },
	{ 0 },
};

static int parse_timeout(const char *text, int *ret_ms, struct err *e)
{
	int64_t ms = FREEZE_DEADLINE_MS;

	if (text && (num_parse_duration(text, &ms) < 0 || ms > INT32_MAX)) {
		err_set(e, ERR_USAGE, 0, "option --timeout: '%s' is not a duration", text);
		err_hint(e, "write it like 10s or 500ms");
		return -EINVAL;
	}
	*ret_ms = (int)ms;
	return 0;
}

static int check_status(const struct cgroup *cg, enum container_status status, bool freeze,
			struct err *e)
{
	if (freeze && status != STATUS_RUNNING && status != STATUS_CREATED)
		return err_set(e, ERR_STATE, 0, "container not running: %s",
			       container_status_name(status));
	/* one that was told to freeze by somebody who then died is not paused, but must be thawed */
	if (!freeze && status != STATUS_PAUSED && !cgroup_freeze_wanted(cg))
		return err_set(e, ERR_STATE, 0, "container not paused: %s",
			       container_status_name(status));
	return 0;
}

/* Half way is no place to stop at: the user's patience is the timeout's business. */
static void hold_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&set, signals[i]);
	(void)sigprocmask(SIG_BLOCK, &set, NULL); /* cannot fail with these arguments */
}

static int change(struct cli *cli, const struct pause_options *o, const char *id, bool freeze,
		  struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	cleanup_(cgroup_close) struct cgroup cg = CGROUP_EMPTY;
	enum container_status status;
	int timeout, r = parse_timeout(o->timeout, &timeout, e);

	if (r == 0)
		r = cli_container(cli, id, true, &c, &status, e);
	if (r == 0)
		r = fence_check(c, e);
	if (r == 0 && status != STATUS_STOPPED)
		r = container_open_cgroup(c, &cg, e);
	if (r == 0)
		r = check_status(&cg, status, freeze, e);
	if (r < 0)
		return r;
	container_note_pause(c, freeze);
	/* with the directory goes the lock: whoever wants to end the container must not wait for us */
	close_fd(&c->dir);
	hold_signals();
	return freeze ? container_freeze(c, &cg, timeout, e) : container_thaw(c, &cg, timeout, e);
}

static int run_pause(struct cli *cli, const void *opts, char **args, struct err *e)
{
	int r = change(cli, opts, args[0], true, e);

	return r < 0 ? err_wrap(e, "pause %s", args[0]) : 0;
}

static int run_resume(struct cli *cli, const void *opts, char **args, struct err *e)
{
	int r = change(cli, opts, args[0], false, e);

	return r < 0 ? err_wrap(e, "resume %s", args[0]) : 0;
}

const struct cli_command cli_pause = {
	.name = "pause",
	.args = "CONTAINER",
	.summary = "Freeze all processes of a container",
	.options = options,
	.run = run_pause,
	.options_size = sizeof(struct pause_options),
	.min_args = 1,
	.max_args = 1,
};

const struct cli_command cli_resume = {
	.name = "resume",
	.args = "CONTAINER",
	.summary = "Let the processes of a paused container go on",
	.options = options,
	.run = run_resume,
	.options_size = sizeof(struct pause_options),
	.min_args = 1,
	.max_args = 1,
};
