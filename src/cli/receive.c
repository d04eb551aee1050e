// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ctr receive: the other end of ctr migrate. A process of its own serves each connection; the one that was called
 * waits for it, and clears up behind it should it be killed.
 */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkpoint/receive.h"
#include "checkpoint/transport.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/num.h"

enum {
	IDLE_MS = 120000,
	PROGRESS_MS = 30 * 60000,
	COMMIT_MS = 60000,
	SETTLE_MS = 30000,
	FIRST_FREE_FD = 10
};

struct receive_options {
	const char *accept, *bundle_root, *log_dir, *listen, *idle, *progress, *commit,
		*keep_free;
};

static const char *const accept_words[] = { "any", "present", NULL };

static const struct cli_option options[] = {
	{ "accept", 0, CLI_STRING, "WORD", offsetof(struct receive_options, accept),
	  "any container (default), or only one whose bundle is present here, with the same "
	  "config.json (default with --listen)",
	  accept_words },
	{ "bundle-root", 0, CLI_STRING, "DIR", offsetof(struct receive_options, bundle_root),
	  "where bundles are made that are not here (.bundles below the data root)", NULL },
	{ "log-dir", 0, CLI_STRING, "DIR", offsetof(struct receive_options, log_dir),
	  "append what programs write to pipes to CONTAINER.log there, instead of dropping it",
	  NULL },
	{ "listen", 0, CLI_STRING, "unix:PATH", offsetof(struct receive_options, listen),
	  "serve connections to a socket, one process each, instead of standard input and output",
	  NULL },
	{ "keep-free", 0, CLI_STRING, "SIZE", offsetof(struct receive_options, keep_free),
	  "take nothing that would leave less of the data root's disk free (1%, at most 1g)",
	  NULL },
	{ "idle-timeout", 0, CLI_STRING, "DURATION", offsetof(struct receive_options, idle),
	  "give up when the other side says nothing for so long (2m)", NULL },
	{ "progress-timeout", 0, CLI_STRING, "DURATION", offsetof(struct receive_options, progress),
	  "give up when less than 1 MiB of a container comes in so long, whatever else is said (30m)",
	  NULL },
	{ "commit-timeout", 0, CLI_STRING, "DURATION", offsetof(struct receive_options, commit),
	  "how long a restored container stands and waits for the word to run (1m)", NULL },
	{ 0 },
};

/* ---- what the process that serves tells the one that waits ---- */

struct report {
	bool ended;
	char token[WIRE_NONCE];
	int result;
	struct err err;
};

static void on_began(void *data, const char *token)
{
	struct report report = { 0 };
	const int *to = data;

	memcpy(report.token, token, sizeof(report.token));
	(void)!write(*to, &report, sizeof(report)); /* whoever waits may be gone */
}

/* Its descriptors 0 to 2 are what the restored program gets. */
static int leave_stdio(int *in, int *out)
{
	cleanup_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	*in = fcntl(*in, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	*out = fcntl(*out, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	if (null < 0 || *in < 0 || *out < 0)
		return -errno;
	for (int fd = 0; fd < 3; fd++)
		if (dup2(null, fd) < 0)
			return -errno;
	return 0;
}

static int serve(const struct receive_request *rq, int in, int out, int idle_ms, struct err *e)
{
	cleanup_(wire_freep) struct wire *w = NULL;
	int r = leave_stdio(&in, &out);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "leave standard input and output");
	r = wire_new(in, out, idle_ms, &w, e);
	return r < 0 ? r : receive_serve(rq, w, e);
}

static __attribute__((noreturn)) void work(struct receive_request *rq, int in, int out, int to,
					   int idle_ms)
{
	struct report report = { .ended = true, .err = ERR_INIT };

	(void)signal(SIGPIPE, SIG_IGN);
	(void)setsid(); /* what ends the caller's session does not end us half way */
	rq->began = on_began;
	rq->context = &to;
	report.result = serve(rq, in, out, idle_ms, &report.err);
	(void)!write(to, &report, sizeof(report));
	_exit(report.result < 0);
}

/* @token: "" unless it had one. 1: it reported its end in *ret. */
static int hear(int from, char token[WIRE_NONCE], struct report *ret)
{
	struct report report;
	ssize_t n;

	token[0] = '\0';
	while ((n = read(from, &report, sizeof(report))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)sizeof(report))
			break;
		if (report.ended) {
			*ret = report;
			return 1;
		}
		memcpy(token, report.token, WIRE_NONCE);
	}
	return 0;
}

static int clear_up(const struct receive_request *rq, const char *token, int status, struct err *e)
{
	enum journal_state state = JOURNAL_ABORTED;
	int r = 0;

	if (token[0])
		r = receive_settle(rq, token, SETTLE_MS, &state, e);
	if (r < 0)
		return err_wrap(e, "clear up");
	if (state == JOURNAL_RUNNING)
		return 0;
	err_set(e, ERR_SYSTEM, 0, "the process that received was killed (signal %d)",
		WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	return -ECANCELED;
}

/* Nobody but the process that serves must hold the connection: the other side sees its end by that. */
static int drop_stdio(void)
{
	cleanup_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	return null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ? -errno
											 : 0;
}

static int attend(struct receive_request *rq, int in, int out, int idle_ms, struct err *e)
{
	cleanup_fd int from = -EBADF;
	struct report report = { 0 };
	char token[WIRE_NONCE];
	int pair[2], status = 0, heard;
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_set(e, ERR_SYSTEM, errno, "create a pipe");
	pid = fork();
	if (pid == 0) {
		(void)close(pair[0]);
		work(rq, in, out, pair[1], idle_ms);
	}
	from = pair[0];
	(void)close(pair[1]);
	if (pid < 0)
		return err_set(e, ERR_SYSTEM, errno, "start a process for the connection");
	if (in == out)
		close_fd(&in);
	else if (drop_stdio() < 0)
		return err_set(e, ERR_SYSTEM, errno, "leave standard input and output");
	heard = hear(from, token, &report);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (!heard)
		return clear_up(rq, token, status, e);
	*e = report.err;
	return report.result;
}

/* Did the other end not hear of it? Then it is for us to say. */
static bool is_untold(int r)
{
	static const int lost[] = { -ECONNRESET, -ETIMEDOUT, -EPIPE };

	for (size_t i = 0; i < ARRAY_SIZE(lost); i++)
		if (r == lost[i])
			return true;
	return false;
}

static int attend_stdio(struct cli *cli, struct receive_request *rq, int idle_ms, struct err *e)
{
	int r = attend(rq, STDIN_FILENO, STDOUT_FILENO, idle_ms, e);

	if (r == 0 || is_untold(r))
		return r;
	cli->exit_code = cli->failure_code;
	return 0;
}

/* ---- connections ---- */

static void serve_connection(struct cli *cli, struct receive_request *rq, int fd, int idle_ms)
{
	struct err e = ERR_INIT;

	if (attend(rq, fd, fd, idle_ms, &e) < 0) {
		(void)err_prefix(&e, "receive");
		cli_report(cli, &e);
	}
	_exit(0);
}

/* In each process of its own, so that one that hangs is nobody else's business. */
static int serve_all(struct cli *cli, struct receive_request *rq, int listener, int idle_ms,
		     struct err *e)
{
	for (;;) {
		cleanup_fd int fd = -EBADF;
		int r = transport_accept(listener, &fd, e);
		pid_t pid;

		if (r < 0)
			return r;
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
		pid = fork();
		if (pid == 0) {
			close_fd(&listener);
			serve_connection(cli, rq, fd, idle_ms);
		}
		if (pid < 0)
			return err_set(e, ERR_SYSTEM, errno, "start a process for a connection");
	}
}

static int listen_on(struct cli *cli, struct receive_request *rq, const char *where, int idle_ms,
		     struct err *e)
{
	cleanup_fd int listener = -EBADF;
	int r;

	if (strncmp(where, "unix:/", 6) != 0) {
		err_set(e, ERR_USAGE, 0, "option --listen: '%s' is no unix:PATH", where);
		err_hint(e, "for other hosts, ssh comes to a ctr receive without --listen");
		return -EINVAL;
	}
	r = transport_listen(where + strlen("unix:"), &listener, e);
	if (r == 0)
		r = receive_sweep(rq, e);
	return r < 0 ? r : serve_all(cli, rq, listener, idle_ms, e);
}

static int check_stdio(struct err *e)
{
	if (!isatty(STDIN_FILENO) && !isatty(STDOUT_FILENO))
		return 0;
	err_set(e, ERR_USAGE, 0, "standard input and output are a terminal");
	err_hint(e, "this is what ctr migrate calls on the other host, or use --listen");
	return -EINVAL;
}

static int duration(const char *option, const char *text, int *ret_ms, struct err *e)
{
	int64_t ms;

	if (!text)
		return 0;
	if (num_parse_duration(text, &ms) < 0 || ms < 1 || ms > INT32_MAX) {
		err_set(e, ERR_USAGE, 0, "option --%s: '%s' is not a duration", option, text);
		err_hint(e, "write it like 30s or 2m");
		return -EINVAL;
	}
	*ret_ms = (int)ms;
	return 0;
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct receive_options *o = opts;
	struct receive_request rq = {
		.criu = cli->options.criu,
		.caller = &cli->caller,
		.bundle_root = o->bundle_root,
		.log_dir = o->log_dir,
		.progress_ms = PROGRESS_MS,
		.commit_ms = COMMIT_MS,
		.keep_free = -1,
	};
	int idle = IDLE_MS, r = duration("idle-timeout", o->idle, &idle, e);

	(void)args;
	if (o->keep_free && (num_parse_size(o->keep_free, &rq.keep_free) < 0 || rq.keep_free < 0))
		r = err_set(e, ERR_USAGE, 0, "option --keep-free: '%s' is not a size",
			    o->keep_free);
	if (r == 0)
		r = duration("progress-timeout", o->progress, &rq.progress_ms, e);
	if (r == 0)
		r = duration("commit-timeout", o->commit, &rq.commit_ms, e);
	if (r == 0 && !caller_is_host_root(&cli->caller))
		r = err_set(e, ERR_USAGE, EPERM, "receive requires root");
	if (r == 0 && !o->listen)
		r = check_stdio(e);
	if (r == 0)
		r = cli_store(cli, true, e);
	if (r == 0)
		r = cli_data_root(cli, true, e);
	if (r < 0)
		return r;
	rq.store = cli->store;
	rq.data = cli->data;
	rq.driver = cli_cgroup_driver(cli, &cli->caller);
	rq.present_only = o->accept ? strcmp(o->accept, "present") == 0 : o->listen != NULL;
	r = o->listen ? listen_on(cli, &rq, o->listen, idle, e) : attend_stdio(cli, &rq, idle, e);
	return r < 0 ? err_wrap(e, "receive") : 0;
}

const struct cli_command cli_receive = {
	.name = "receive",
	.args = "",
	.summary = "Take over a container that ctr migrate sends, on standard input and output",
	.options = options,
	.run = run,
	.options_size = sizeof(struct receive_options),
	.min_args = 0,
	.max_args = 0,
};
