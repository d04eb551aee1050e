// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr kill: a signal to a container's init, or to all of its processes. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "container/fence.h"
#include "container/members.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/signals.h"

enum {
	BATCH = 256 /* pidfds that are open at a time */
};

struct kill_options {
	bool all, regex;
};

static const struct cli_option options[] = {
	{ "all", 'a', CLI_FLAG, NULL, offsetof(struct kill_options, all),
	  "signal every process of the container", NULL },
	{ "regex", 'r', CLI_FLAG, NULL, offsetof(struct kill_options, regex),
	  "CONTAINER is a regular expression: all that match", NULL },
	{ 0 },
};

static bool is_listed(const struct cgroup_pids *pids, pid_t pid)
{
	for (size_t i = 0; i < pids->count; i++)
		if (pids->items[i] == pid)
			return true;
	return false;
}

/*
 * A pid may be somebody else's by the time we have a pidfd of it. It was not if it is still listed
 * then: a process that the signal reaches lives, and had its number all the time in between.
 */
static int signal_some(const struct container *c, const pid_t *pids, size_t n, int sig,
		       struct err *e)
{
	struct cgroup_pids now = { 0 };
	int pidfds[BATCH], r;

	for (size_t i = 0; i < n; i++)
		pidfds[i] = kernel_pidfd_open(pids[i]);
	r = container_pids_read(c, &now, e);
	for (size_t i = 0; i < n; i++) {
		cleanup_fd int pidfd = pidfds[i];

		if (r < 0 || pidfd == -ESRCH || (pidfd >= 0 && !is_listed(&now, pids[i])))
			continue; /* it has ended meanwhile, which is no failure */
		r = pidfd < 0 ? pidfd : kernel_pidfd_signal(pidfd, sig);
		if (r == -ESRCH)
			r = 0;
		else if (r < 0)
			r = err_set(e, ERR_SYSTEM, -r, "send signal %d to process %d", sig,
				    (int)pids[i]);
	}
	free(now.items);
	return r;
}

static int signal_each(const struct container *c, int sig, struct err *e)
{
	struct cgroup_pids pids = { 0 };
	int r = container_pids_read(c, &pids, e);

	for (size_t i = 0; r == 0 && i < pids.count; i += BATCH)
		r = signal_some(c, pids.items + i, pids.count - i < BATCH ? pids.count - i : BATCH,
				sig, e);
	free(pids.items);
	return r;
}

/* Succeeds for a container that has stopped: whoever calls this wants it dead (checklist 0.12). */
static int signal_all(struct container *c, enum container_status status, int sig, struct err *e)
{
	cleanup_(cgroup_close) struct cgroup cg = CGROUP_EMPTY;
	int r;

	/* with init go all of its pid namespace, also those that were born while we looked */
	if (sig == SIGKILL && !c->record.cgroup_path) {
		r = container_signal(c, status, sig, e);
		return r == -ESRCH ? 0 : r;
	}
	if (sig != SIGKILL) {
		r = signal_each(c, sig, e);
		return r == -ENOENT ? 0 : r;
	}
	r = container_open_cgroup(c, &cg, e);
	if (r == 0)
		r = cgroup_kill(&cg, e);
	return r == -ENOENT ? 0 : r;
}

struct kill_task {
	struct cli *cli;
	int sig; /* 0: the container's own stop signal */
	bool all;
	struct err *e;
};

static int kill_one(const char *id, void *data)
{
	const struct kill_task *t = data;
	cleanup_(container_freep) struct container *c = NULL;
	enum container_status status;
	int r = cli_container(t->cli, id, false, &c, &status, t->e), sig = t->sig;

	if (r == 0)
		r = fence_check(c, t->e);
	/* it is meant for init: other processes know SIGTERM */
	if (r == 0 && !sig)
		r = sig = t->all ? SIGTERM : container_stop_signal(c, t->e);
	if (r < 0)
		return r;
	return t->all ? signal_all(c, status, sig, t->e) : container_signal(c, status, sig, t->e);
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct kill_options *o = opts;
	struct kill_task task = {
		.cli = cli, .sig = args[1] ? signal_parse(args[1]) : 0, .all = o->all, .e = e
	};

	if (task.sig < 0) {
		err_set(e, ERR_USAGE, 0, "unknown signal '%s'", args[1]);
		err_hint(e, "use a number from 1 to 64 or a name such as TERM or SIGRTMIN+3");
		return -EINVAL;
	}
	return o->regex ? cli_each_matching(cli, args[0], kill_one, NULL, &task, e)
			: kill_one(args[0], &task);
}

const struct cli_command cli_kill = {
	.name = "kill",
	.args = "CONTAINER [SIGNAL]",
	.summary = "Send a signal (default: its stop signal, or TERM) to a container's init",
	.options = options,
	.run = run,
	.options_size = sizeof(struct kill_options),
	.min_args = 1,
	.max_args = 2,
	.stop_at_args = true,
};
