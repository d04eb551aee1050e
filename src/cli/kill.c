// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr kill: a signal to a container's init, or to all of its processes. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/signals.h"

struct kill_options {
	bool all;
};

static const struct cli_option options[] = {
	{ "all", 'a', CLI_FLAG, NULL, offsetof(struct kill_options, all),
	  "signal every process of the container", NULL },
	{ 0 },
};

/* Each process by pidfd; those that end meanwhile are no failure. */
static int signal_each(const struct cgroup *cg, int sig, struct err *e)
{
	struct cgroup_pids pids = { 0 };
	int r = cgroup_pids_read(cg, &pids, e);

	for (size_t i = 0; r == 0 && i < pids.count; i++) {
		cleanup_fd int pidfd = kernel_pidfd_open(pids.items[i]);

		if (pidfd >= 0)
			r = kernel_pidfd_signal(pidfd, sig);
		if (r == -ESRCH)
			r = 0;
		else if (r < 0)
			r = err_set(e, ERR_SYSTEM, -r, "send signal %d to process %d", sig,
				    (int)pids.items[i]);
	}
	free(pids.items);
	return r;
}

/* Succeeds for a container that has stopped: whoever calls this wants it dead (checklist 0.12). */
static int signal_all(struct container *c, int sig, struct err *e)
{
	struct cgroup cg = CGROUP_EMPTY;
	cleanup_fd int root = -EBADF;
	int r = cgroup_root_open(&root, e);

	if (r == 0)
		r = cgroup_open(root, c->record.cgroup_driver, c->record.cgroup_path,
				c->record.cgroup_made, &cg, e);
	if (r == 0)
		r = sig == SIGKILL ? cgroup_kill(&cg, e) : signal_each(&cg, sig, e);
	cgroup_close(&cg);
	return r == -ENOENT ? 0 : r;
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct kill_options *o = opts;
	cleanup_(container_freep) struct container *c = NULL;
	cleanup_fd int store = -EBADF;
	enum container_status status;
	int sig = args[1] ? signal_parse(args[1]) : SIGTERM, r;

	if (sig < 0) {
		err_set(e, ERR_USAGE, 0, "unknown signal '%s'", args[1]);
		err_hint(e, "use a number from 1 to 64 or a name such as TERM or SIGRTMIN+3");
		return -EINVAL;
	}
	r = cli_store(cli, true, &store, e);
	if (r == 0)
		r = container_open(store, args[0], false, &c, &status, e);
	if (r < 0)
		return r;
	return o->all ? signal_all(c, sig, e) : container_signal(c, status, sig, e);
}

const struct cli_command cli_kill = {
	.name = "kill",
	.args = "CONTAINER [SIGNAL]",
	.summary = "Send a signal (default TERM) to a container's init",
	.options = options,
	.run = run,
	.options_size = sizeof(struct kill_options),
	.min_args = 1,
	.max_args = 2,
	.stop_at_args = true,
};
