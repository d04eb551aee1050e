// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr ps, ctr top: the processes of a container, as pids or as the host's ps shows them. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container/members.h"
#include "util/cleanup.h"

struct ps_options {
	const char *format;
};

static const char *const formats[] = { "table", "json", NULL };

static const struct cli_option options[] = {
	{ "format", 'f', CLI_STRING, "FORMAT", offsetof(struct ps_options, format), "table or json",
	  formats },
	{ 0 },
};

static void free_pids(struct cgroup_pids *p)
{
	free(p->items);
}

static int read_pids(struct cli *cli, const char *id, struct cgroup_pids *ret, struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	enum container_status status;
	int r = cli_container(cli, id, false, &c, &status, e);

	if (r == 0 && status == STATUS_STOPPED)
		return 0; /* nobody there: an empty list */
	return r < 0 ? r : container_pids_read(c, ret, e);
}

static int print_pids(const struct cgroup_pids *pids, struct err *e)
{
	struct json_out o;

	if (json_out_init(&o, false) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "list processes");
	json_out_array(&o);
	for (size_t i = 0; i < pids->count; i++)
		json_out_int(&o, pids->items[i]);
	json_out_end_array(&o);
	if (cli_print_json(&o, e) < 0)
		return -EIO;
	(void)putchar('\n');
	return 0;
}

/* Column of the PID in ps' header line, or -1. */
static int pid_column(const char *header)
{
	char copy[4096], *save = NULL;
	int n = 0;

	(void)snprintf(copy, sizeof(copy), "%s", header);
	for (char *w = strtok_r(copy, " \t\n", &save); w; w = strtok_r(NULL, " \t\n", &save), n++)
		if (strcmp(w, "PID") == 0)
			return n;
	return -1;
}

static bool is_listed(const char *line, int column, const struct cgroup_pids *pids)
{
	const char *p = line + strspn(line, " \t");
	long pid;

	for (; column > 0; column--) {
		p += strcspn(p, " \t");
		p += strspn(p, " \t");
	}
	pid = strtol(p, NULL, 10);
	for (size_t i = 0; i < pids->count; i++)
		if (pids->items[i] == pid)
			return true;
	return false;
}

static int filter(FILE *in, const struct cgroup_pids *pids, struct err *e)
{
	cleanup_free char *line = NULL;
	size_t room = 0;
	int column;

	if (getline(&line, &room, in) < 0 || (column = pid_column(line)) < 0)
		return err_set(e, ERR_USAGE, 0, "the output of ps has no PID column");
	(void)fputs(line, stdout);
	while (getline(&line, &room, in) >= 0)
		if (is_listed(line, column, pids))
			(void)fputs(line, stdout);
	return 0;
}

static void run_ps(int out, char **args, char *const *usual)
{
	char name[] = "ps";
	char *const envp[] = { NULL };

	args[0] = name;
	if (dup2(out, STDOUT_FILENO) < 0)
		_exit(126);
	/* no search along a PATH that somebody else has set (security.md R17) */
	(void)execve("/usr/bin/ps", args[1] ? args : usual, envp);
	(void)execve("/bin/ps", args[1] ? args : usual, envp);
	_exit(127);
}

/* @args: words for ps behind a place for its name; without any it gets those of @usual. */
static int print_table(const struct cgroup_pids *pids, char **args, char *const *usual,
		       struct err *e)
{
	int pipe_fds[2], status, r;
	FILE *in;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_set(e, ERR_SYSTEM, errno, "create a pipe");
	pid = fork();
	if (pid == 0)
		run_ps(pipe_fds[1], args, usual);
	(void)close(pipe_fds[1]);
	in = fdopen(pipe_fds[0], "re");
	r = pid < 0 || !in ? err_set(e, ERR_SYSTEM, errno, "run ps") : filter(in, pids, e);
	if (in)
		(void)fclose(in);
	if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 127) {
		err_set(e, ERR_SYSTEM, 0, "the program ps is not installed");
		err_hint(e, "use --format json, or install procps");
		return -ENOENT;
	}
	return r;
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct ps_options *o = opts;
	cleanup_(free_pids) struct cgroup_pids pids = { 0 };
	char name[] = "ps", all[] = "-ef", *const usual[] = { name, all, NULL };
	int r = read_pids(cli, args[0], &pids, e);

	if (r < 0)
		return r;
	if (o->format && strcmp(o->format, "json") == 0)
		return print_pids(&pids, e);
	return print_table(&pids, args, usual, e);
}

const struct cli_command cli_ps = {
	.name = "ps",
	.args = "CONTAINER [PS-OPTIONS]",
	.summary = "Show the processes of a container",
	.options = options,
	.run = run,
	.options_size = sizeof(struct ps_options),
	.min_args = 1,
	.max_args = -1,
	.stop_at_args = true,
};

/* What people look for in top: who uses the CPU and the memory, the busiest first. */
static int run_top(struct cli *cli, const void *opts, char **args, struct err *e)
{
	cleanup_(free_pids) struct cgroup_pids pids = { 0 };
	char name[] = "ps", sort[] = "--sort=-pcpu", all[] = "-eo",
	     columns[] = "user:12,pid,ppid,stat,pcpu,rss,etime,args";
	char *const usual[] = { name, sort, all, columns, NULL };
	int r = read_pids(cli, args[0], &pids, e);

	(void)opts;
	return r < 0 ? r : print_table(&pids, args, usual, e);
}

const struct cli_command cli_top = {
	.name = "top",
	.args = "CONTAINER [PS-OPTIONS]",
	.summary = "Show which processes of a container use CPU and memory",
	.options = (const struct cli_option[]){ { 0 } },
	.run = run_top,
	.min_args = 1,
	.max_args = -1,
	.stop_at_args = true,
};
