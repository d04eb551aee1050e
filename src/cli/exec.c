// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr exec: another process in a running container. */
#include "cli/launch.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "container/exec.h"
#include "container/exit.h"
#include "container/fence.h"
#include "container/foreground.h"
#include "util/cleanup.h"
#include "util/num.h"

enum {
	EXIT_RUNTIME_FAILED = 255
}; /* checklist 3.3 */

struct exec_options {
	const char *process, *pid_file, *console_socket, *pidfd_socket, *cwd, *user, *cgroup;
	const char *apparmor, *process_label;
	struct cli_list env, caps, gids;
	unsigned preserve_fds;
	bool detach, tty, no_new_privs, ignore_paused, strict;
};

#define AT(field) offsetof(struct exec_options, field)

static const struct cli_option options[] = {
	{ "process", 'p', CLI_STRING, "FILE", AT(process),
	  "read the whole process from this JSON file", NULL },
	{ "detach", 'd', CLI_FLAG, NULL, AT(detach), "return as soon as the program runs", NULL },
	{ "tty", 't', CLI_FLAG, NULL, AT(tty), "give it a terminal", NULL },
	{ "user", 'u', CLI_STRING, "UID[:GID]", AT(user), "run as this user", NULL },
	{ "additional-gids", 'g', CLI_LIST, "GID", AT(gids), "one more group (repeatable)", NULL },
	{ "env", 'e', CLI_LIST, "KEY=VALUE", AT(env), "one more environment variable (repeatable)",
	  NULL },
	{ "cwd", 0, CLI_STRING, "DIR", AT(cwd), "working directory in the container", NULL },
	{ "cap", 'c', CLI_LIST, "CAP", AT(caps),
	  "one more capability, like CAP_NET_ADMIN (repeatable)", NULL },
	{ "no-new-privs", 0, CLI_FLAG, NULL, AT(no_new_privs), "set no_new_privs", NULL },
	{ "cgroup", 0, CLI_STRING, "PATH", AT(cgroup), "start in this cgroup below the container's",
	  NULL },
	{ "ignore-paused", 0, CLI_FLAG, NULL, AT(ignore_paused),
	  "also in a paused container: runs once it is resumed", NULL },
	{ "apparmor", 0, CLI_STRING, "PROFILE", AT(apparmor), "AppArmor profile of the process",
	  NULL },
	{ "process-label", 0, CLI_STRING, "LABEL", AT(process_label),
	  "SELinux label of the process", NULL },
	{ "strict", 0, CLI_FLAG, NULL, AT(strict),
	  "refuse what is otherwise a warning about the process", NULL },
	{ "pid-file", 0, CLI_STRING, "FILE", AT(pid_file), "write the pid of the process", NULL },
	{ "console-socket", 0, CLI_STRING, "PATH", AT(console_socket),
	  "send the terminal's master to this socket", NULL },
	{ "pidfd-socket", 0, CLI_STRING, "PATH", AT(pidfd_socket),
	  "send a pidfd of the process to this socket", NULL },
	{ "preserve-fds", 0, CLI_UINT, "N", AT(preserve_fds), "pass fds 3 to 3+N-1 to the program",
	  NULL },
	{ 0 },
};

static int parse_gids(const struct cli_list *list, struct exec_request *rq, struct err *e)
{
	rq->additional_gids.items = calloc(list->count + 1, sizeof(uint32_t));
	if (!rq->additional_gids.items)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read the groups");
	for (size_t i = 0; i < list->count; i++)
		if (num_parse_id(list->items[i], strlen(list->items[i]),
				 &rq->additional_gids.items[i]) < 0)
			return err_set(e, ERR_USAGE, 0, "invalid group '%s'", list->items[i]);
	rq->additional_gids.count = list->count;
	return 0;
}

static int make_request(const struct exec_options *o, char **args, struct exec_request *rq,
			struct err *e)
{
	*rq = (struct exec_request){
		.process_file = o->process,
		.args = args + 1,
		.env = { .items = o->env.items, .count = o->env.count },
		.capabilities = { .items = o->caps.items, .count = o->caps.count },
		.cwd = o->cwd,
		.user = o->user,
		.cgroup = o->cgroup,
		.apparmor = o->apparmor,
		.process_label = o->process_label,
		.terminal = o->tty,
		.no_new_privileges = o->no_new_privs,
		.ignore_paused = o->ignore_paused,
		.strict = o->strict,
		.keep_fds = o->preserve_fds,
	};
	if (!o->process && !args[1])
		return err_set(e, ERR_USAGE, 0, "exec: no program was given");
	return parse_gids(&o->gids, rq, e);
}

static int announce(const struct exec_options *o, struct container *c, struct err *e)
{
	const struct launch_handover h = {
		.console_socket = o->console_socket,
		.pidfd_socket = o->pidfd_socket,
		.pidfd_word = "setns",
		.pid_file = o->pid_file,
		.terminal = c->plan->want_console,
		.detach = o->detach,
	};
	int r = launch_hand_over(&h, c, e);

	if (r < 0)
		spawned_kill(&c->init);
	return r;
}

static int execute(struct cli *cli, const struct exec_options *o, const struct exec_request *rq,
		   struct container *c, enum container_status status, struct err *e)
{
	int r = container_exec(c, status, rq, e), wait_status;

	if (r == 0) {
		launch_warnings(cli, c);
		r = announce(o, c, e);
	}
	/* no use of the directory any more: the process may run for days */
	close_fd(&c->dir);
	if (r < 0)
		return r;
	r = container_exec_start(c, e);
	if (r < 0 && o->pid_file)
		container_remove_pid_file(o->pid_file);
	if (r < 0 || o->detach)
		return r;
	r = foreground_attend(c, rq->interrupt, &wait_status, e);
	if (r == 0)
		cli->exit_code = container_exit_code(wait_status);
	return r;
}

static void free_request(struct exec_request *rq)
{
	free(rq->additional_gids.items);
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct exec_options *o = opts;
	cleanup_(container_freep) struct container *c = NULL;
	cleanup_fd int signals = -EBADF;
	enum container_status status;
	cleanup_(free_request) struct exec_request rq = { 0 };
	int r;

	cli->failure_code = EXIT_RUNTIME_FAILED;
	r = launch_check_fds(o->preserve_fds, e);
	if (r == 0)
		r = make_request(o, args, &rq, e);
	if (r == 0)
		r = foreground_signals(&signals, e);
	if (r == 0)
		r = cli_container(cli, args[0], false, &c, &status, e);
	if (r == 0)
		r = fence_check(c, e);
	if (r < 0)
		return r;
	rq.interrupt = signals;
	rq.caller = &cli->caller;
	r = execute(cli, o, &rq, c, status, e);
	return r < 0 ? err_wrap(e, "exec in %s", args[0]) : 0;
}

const struct cli_command cli_exec = {
	.name = "exec",
	.args = "CONTAINER [PROGRAM [ARGUMENTS]]",
	.summary = "Run another program in a container",
	.options = options,
	.run = run,
	.beyond = CLI_BEYOND_SCOPE,
	.options_size = sizeof(struct exec_options),
	.min_args = 1,
	.max_args = -1,
	.stop_at_args = true,
};

_Static_assert(sizeof(struct exec_options) <= CLI_OPTIONS_MAX, "options fit");
