// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ctr migrate. A process of its own, in its own session, does the work: whoever ends this one, or the session, does not
 * leave things half done. This one shows how far it has come; should the other be killed, it does what
 * --recover does.
 */
#include "cli/migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/peer.h"
#include "cli/transfer.h"
#include "container/fence.h"
#include "container/foreground.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/num.h"

enum {
	TIMEOUT_MS = 30000,
	RESTORE_MS = 120000,
	RESOLVE_MS = 60000,
	DOWNTIME_MS = 300,
	ROUNDS = 8,
	ROUNDS_MAX = 100,
};

struct migrate_options {
	const char *max_downtime, *timeout, *resolve, *restore, *format, *progress, *max_rounds;
	bool dry_run, recover, here, there, post_copy;
	struct peer_options peer;
};

static const char *const formats[] = { "text", "json", NULL };

#define AT(field) offsetof(struct migrate_options, field)
static const struct cli_option options[] = {
	{ "dry-run", 0, CLI_FLAG, NULL, AT(dry_run), "only tell what would be in the way", NULL },
	{ "max-downtime", 0, CLI_STRING, "DURATION", AT(max_downtime),
	  "send memory in rounds until stopping the container should take no longer (300ms)",
	  NULL },
	{ "max-rounds", 0, CLI_STRING, "N", AT(max_rounds),
	  "of memory, while it runs on (8; with --post-copy 1); 0: send all of it at once, while "
	  "it stands",
	  NULL },
	{ "post-copy", 0, CLI_FLAG, NULL, AT(post_copy),
	  "let it run there before all of its memory has come; if the link breaks until then, it "
	  "goes "
	  "on here, and what it did there is lost",
	  NULL },
	{ "timeout", 0, CLI_STRING, "DURATION", AT(timeout),
	  "give up when nothing moves for so long (30s)", NULL },
	{ "restore-timeout", 0, CLI_STRING, "DURATION", AT(restore),
	  "the same while the other host restores (2m)", NULL },
	{ "resolve-timeout", 0, CLI_STRING, "DURATION", AT(resolve),
	  "how long to ask the other host what became of it, if the link broke at the end (1m)",
	  NULL },
	{ "recover", 0, CLI_FLAG, NULL, AT(recover),
	  "find out what became of CONTAINER, or of all that were handed over, and act", NULL },
	{ "here", 0, CLI_FLAG, NULL, AT(here),
	  "with --recover: do not ask, the other host does not run it; it goes on here", NULL },
	{ "there", 0, CLI_FLAG, NULL, AT(there),
	  "with --recover: do not ask, the other host runs it; it is removed here", NULL },
	{ "format", 'f', CLI_STRING, "FORMAT", AT(format), "of the report: text or json", formats },
	{ "progress", 0, CLI_STRING, "WORD", AT(progress),
	  "json: lines on standard error; none: not on a terminal either",
	  transfer_progress_words },
	PEER_OPTIONS(struct migrate_options, peer),
	{ 0 },
};
#undef AT

/* ---- the process that works ---- */

static void send_event(int to, const struct migrate_event *event)
{
	(void)!write(to, event, sizeof(*event)); /* whoever shows it may be gone */
}

static void on_step(void *data, enum migrate_step step, unsigned round, uint64_t bytes)
{
	const int *to = data;

	send_event(*to, &(struct migrate_event){ .kind = MIGRATE_EVENT_STEP,
						 .step = step,
						 .round = round,
						 .bytes = bytes });
}

static void send_problems(int to, const struct problems *list)
{
	for (size_t i = 0; i < list->count; i++)
		send_event(to, &(struct migrate_event){ .kind = MIGRATE_EVENT_PROBLEM,
							.step = list->items[i].severity,
							.err = list->items[i].err });
}

static __attribute__((noreturn)) void work(struct migrate_request *rq, int to, int cancel)
{
	struct migrate_event end = { .kind = MIGRATE_EVENT_END, .err = ERR_INIT };
	sigset_t none;

	sigemptyset(&none);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid();
	rq->tell = on_step;
	rq->data_of_tell = &to;
	rq->interrupt = cancel;
	end.r = migrate_run(rq, &end.result, &end.err);
	send_problems(to, &end.result.problems);
	problems_free(&end.result.problems);
	send_event(to, &end);
	_exit(end.r < 0);
}

/* ---- the process that shows ---- */

struct watching {
	struct cli *cli;
	struct migrate_view view;
	int from, cancel, signals;
	bool ended;
	struct migrate_event end;
};

static void handle(struct watching *x, const struct migrate_event *event)
{
	if (event->kind == MIGRATE_EVENT_END) {
		x->end = *event;
		x->ended = true;
		return;
	}
	migrate_view_add(&x->view, event);
}

/* 1: go on. */
static int read_event(struct watching *x)
{
	struct migrate_event event;
	ssize_t n = read(x->from, &event, sizeof(event));

	if (n < 0 && errno == EINTR)
		return 1;
	if (n != (ssize_t)sizeof(event))
		return 0;
	handle(x, &event);
	return 1;
}

/* A signal: the other process gives up if it still can, and says how it ended. */
static void watch(struct watching *x)
{
	for (;;) {
		struct pollfd p[] = { { .fd = x->from, .events = POLLIN },
				      { .fd = x->cancel < 0 ? -1 : x->signals, .events = POLLIN } };

		if (poll(p, 2, -1) < 0)
			continue;
		if (p[1].revents)
			close_fd(&x->cancel);
		if (p[0].revents && !read_event(x))
			return;
	}
}

static int exit_code(int r, enum migrate_fate fate)
{
	static const int link[] = { -ECONNRESET, -ETIMEDOUT,	-ECONNABORTED, -EPROTO,
				    -EBADMSG,	 -ECONNREFUSED, -EPIPE,	       -EPROTONOSUPPORT };

	if (fate == MIGRATE_IN_DOUBT)
		return CHECKPOINT_EXIT_IN_DOUBT;
	if (r == -EXDEV)
		return CHECKPOINT_EXIT_BLOCKED;
	for (size_t i = 0; i < ARRAY_SIZE(link); i++)
		if (r == link[i])
			return CHECKPOINT_EXIT_LINK;
	return checkpoint_exit_code(r);
}

static int hint_doubt(const char *id, enum migrate_fate fate, int r, struct err *e)
{
	if (fate == MIGRATE_IN_DOUBT)
		err_hint(e, "ask again: ctr migrate --recover %s", id);
	return r;
}

/* The process that worked was killed. */
static int recover_killed(struct watching *x, const struct migrate_request *rq, struct err *e)
{
	struct migrate_result *result = &x->end.result;
	int r = migrate_recover(rq, result, e);

	x->cli->failure_code = exit_code(r, result->fate);
	if (r < 0)
		return hint_doubt(rq->id, result->fate, r, e);
	if (result->fate == MIGRATE_MOVED || result->fate == MIGRATE_GONE)
		return migrate_report(&x->view, rq, result, e);
	x->cli->failure_code = CHECKPOINT_EXIT_LINK;
	err_set(e, ERR_SYSTEM, 0, "the process that did it was killed");
	err_hint(e, result->went_back
			    ? "the container runs on here from when it was stopped: what it "
			      "did since is lost"
			    : "the container runs on here");
	return -ECANCELED;
}

static int supervise(struct watching *x, const struct migrate_request *rq, pid_t pid, struct err *e)
{
	watch(x);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	migrate_view_end(&x->view);
	if (!x->ended)
		return recover_killed(x, rq, e);
	x->cli->failure_code = x->end.result.blocked && x->end.r == -EBUSY
				       ? (int)CHECKPOINT_EXIT_BLOCKED
				       : exit_code(x->end.r, x->end.result.fate);
	if (rq->dry_run && (x->end.r == 0 || x->end.r == -EXDEV))
		return migrate_report_dry_run(&x->view, rq, x->end.r, e);
	if (x->end.r < 0) {
		*e = x->end.err;
		migrate_view_warn(&x->view, x->cli);
		return hint_doubt(rq->id, x->end.result.fate, x->end.r, e);
	}
	return migrate_report(&x->view, rq, &x->end.result, e);
}

static int move(struct cli *cli, const struct migrate_options *o, struct migrate_request *rq,
		struct err *e)
{
	struct watching x = { .cli = cli, .from = -EBADF, .cancel = -EBADF, .signals = -EBADF };
	int events[2], cancel[2], r = foreground_signals(&x.signals, e);
	pid_t pid;

	if (r < 0)
		return r;
	if (pipe2(events, O_CLOEXEC) < 0 || pipe2(cancel, O_CLOEXEC) < 0)
		return err_set(e, ERR_SYSTEM, errno, "create a pipe");
	migrate_view_begin(&x.view, o->format, o->progress);
	pid = fork();
	if (pid == 0) {
		(void)close(events[0]);
		(void)close(cancel[1]);
		work(rq, events[1], cancel[0]);
	}
	(void)close(events[1]);
	(void)close(cancel[0]);
	x.from = events[0];
	x.cancel = cancel[1];
	r = pid < 0 ? err_set(e, ERR_SYSTEM, errno, "start a process") : supervise(&x, rq, pid, e);
	migrate_view_free(&x.view);
	close_fd(&x.from);
	close_fd(&x.cancel);
	close_fd(&x.signals);
	return r;
}

/* ---- recovering ---- */

struct recovering {
	struct cli *cli;
	struct migrate_request rq;
	const struct migrate_options *o;
	unsigned count;
	struct err *e;
};

static int recover(struct recovering *x, const char *id)
{
	static const char *const words[] = {
		[MIGRATE_STAYED] = "runs here",
		[MIGRATE_MOVED] = "runs there",
		[MIGRATE_IN_DOUBT] = "stands here",
		[MIGRATE_GONE] = "ran there, and was deleted there",
	};
	struct migrate_result result = { 0 };
	int r;

	x->rq.id = id;
	x->count++;
	if (x->o->here || x->o->there) {
		r = migrate_settle(&x->rq, x->o->here, x->e);
		result.fate = x->o->here ? MIGRATE_STAYED : MIGRATE_MOVED;
	} else {
		r = migrate_recover(&x->rq, &result, x->e);
	}
	x->cli->failure_code = exit_code(r, result.fate);
	if (r == 0)
		(void)printf("%s %s%s\n", id, words[result.fate],
			     result.went_back ? "; what it did there is lost" : "");
	return r;
}

static int recover_fenced(const char *id, void *data)
{
	cleanup_(container_freep) struct container *c = NULL;
	struct recovering *x = data;
	enum container_status status;
	bool fenced;

	if (cli_container(x->cli, id, false, &c, &status, &(struct err)ERR_INIT) < 0)
		return 0; /* it went, or cannot be read: then it is not known to be fenced */
	fenced = fence_is_up(c);
	container_free(take_ptr(c));
	return fenced ? recover(x, id) : 0;
}

static int run_recover(struct cli *cli, const struct migrate_options *o,
		       const struct migrate_request *rq, const char *id, struct err *e)
{
	struct recovering x = { .cli = cli, .rq = *rq, .o = o, .e = e };

	if (o->here && o->there)
		return err_set(e, ERR_USAGE, 0, "--here and --there exclude each other");
	if (!id && (o->here || o->there))
		return err_set(e, ERR_USAGE, 0, "--here and --there need a CONTAINER");
	return id ? recover(&x, id) : cli_each_matching(cli, ".*", recover_fenced, NULL, &x, e);
}

/* ---- the command ---- */

static int duration(const char *option, const char *text, int *ret_ms, struct err *e)
{
	int64_t ms;

	if (!text)
		return 0;
	if (num_parse_duration(text, &ms) < 0 || ms < 0 || ms > INT32_MAX) {
		err_set(e, ERR_USAGE, 0, "option --%s: '%s' is not a duration", option, text);
		err_hint(e, "write it like 300ms or 30s");
		return -EINVAL;
	}
	*ret_ms = (int)ms;
	return 0;
}

static int rounds(const char *text, unsigned *ret, struct err *e)
{
	int64_t n;

	if (!text)
		return 0;
	if (num_parse_i64(text, &n) < 0 || n < 0 || n > ROUNDS_MAX)
		return err_set(e, ERR_USAGE, 0,
			       "option --max-rounds: '%s' is not a number from 0 to %d", text,
			       ROUNDS_MAX);
	*ret = (unsigned)n;
	return 0;
}

static int fill(struct cli *cli, const struct migrate_options *o, struct migrate_request *rq,
		struct err *e)
{
	int downtime = DOWNTIME_MS, r = duration("max-downtime", o->max_downtime, &downtime, e);

	*rq = (struct migrate_request){
		.criu = cli->options.criu,
		.flags = peer_flags(&o->peer),
		.as = o->peer.as,
		.dry_run = o->dry_run,
		.no_preflight = o->peer.no_preflight,
		.copy_rootfs = o->peer.copy_rootfs,
		.post_copy = o->post_copy,
		/* what changes meanwhile is fetched later anyway */
		.max_rounds = o->post_copy ? 1 : ROUNDS,
		.timeout_ms = TIMEOUT_MS,
		.restore_ms = RESTORE_MS,
		.resolve_ms = RESOLVE_MS,
		.interrupt = -EBADF,
	};
	rq->max_downtime_ms = (unsigned)downtime;
	if (r == 0)
		r = rounds(o->max_rounds, &rq->max_rounds, e);
	if (r == 0)
		r = duration("timeout", o->timeout, &rq->timeout_ms, e);
	if (r == 0)
		r = duration("restore-timeout", o->restore, &rq->restore_ms, e);
	if (r == 0)
		r = duration("resolve-timeout", o->resolve, &rq->resolve_ms, e);
	if (r == 0 && !caller_is_host_root(&cli->caller))
		r = err_set(e, ERR_USAGE, EPERM, "migrate requires root");
	return r;
}

static int open_roots(struct cli *cli, struct migrate_request *rq, struct err *e)
{
	int r = cli_store(cli, false, e);

	if (r == -ENOENT)
		err_set(e, ERR_STATE, 0, "there are no containers");
	if (r == 0)
		r = cli_data_root(cli, true, e);
	rq->store = cli->store;
	rq->data = cli->data;
	return r;
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct migrate_options *o = opts;
	struct transport_options to_options = peer_transport(&o->peer);
	cleanup_(arena_free) struct arena a = { 0 };
	struct migrate_request rq;
	struct transport to;
	char token[WIRE_NONCE];
	int r = fill(cli, o, &rq, e);

	to_options.criu = cli->options.criu;
	if (r == 0 && !o->recover && !args[0])
		r = err_set(e, ERR_USAGE, 0, "migrate needs a CONTAINER and a DEST");
	if (r == 0 && (o->here || o->there) && !o->recover)
		r = err_set(e, ERR_USAGE, 0, "--here and --there go with --recover");
	if (r == 0 && o->recover && args[0] && args[1])
		r = err_set(e, ERR_USAGE, 0, "--recover knows the destination");
	if (r == 0 && !o->recover)
		r = transport_parse(args[1], &to_options, &a, &to, e);
	if (r == 0)
		r = open_roots(cli, &rq, e);
	if (r == 0 && o->recover)
		return run_recover(cli, o, &rq, args[0], e);
	if (r == 0)
		r = wire_nonce(token, e);
	if (r < 0)
		return r;
	rq.id = args[0];
	rq.to = &to;
	rq.token = token;
	r = move(cli, o, &rq, e);
	return r < 0 ? err_wrap(e, "migrate %s", rq.id) : 0;
}

const struct cli_command cli_migrate = {
	.name = "migrate",
	.args = "CONTAINER DEST",
	.summary =
		"Move a running container to another host: ssh://HOST, exec:COMMAND or unix:PATH",
	.options = options,
	.run = run,
	.options_size = sizeof(struct migrate_options),
	.min_args = 0,
	.max_args = 2,
};
