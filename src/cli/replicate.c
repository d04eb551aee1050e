// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr replicate: keep another host supplied with generations of a container. */
#include "cli/peer.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint/replicate.h"
#include "checkpoint/standby.h"
#include "container/foreground.h"
#include "container/store.h"
#include "oci/json_out.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/num.h"

enum {
	INTERVAL_MS = 2000,
	KEEP = 3,
	TIMEOUT_MS = 30000,
};

struct replicate_options {
	const char *interval, *keep, *count, *on_fenced, *timeout, *format;
	bool status, forget;
	struct peer_options peer;
};

static const char *const formats[] = { "text", "json", NULL };
static const char *const fenced_words[] = {
	[REPLICATE_PAUSE] = "pause", [REPLICATE_STOP] = "stop", [REPLICATE_IGNORE] = "ignore", NULL
};

#define AT(field) offsetof(struct replicate_options, field)
static const struct cli_option options[] = {
	{ "interval", 0, CLI_STRING, "DURATION", AT(interval),
	  "from one generation to the next (2s)", NULL },
	{ "keep", 0, CLI_STRING, "N", AT(keep), "how many the other host keeps (3)", NULL },
	{ "count", 0, CLI_STRING, "N", AT(count), "end after so many generations", NULL },
	{ "on-fenced", 0, CLI_STRING, "WORD", AT(on_fenced),
	  "what becomes of the container here once the other host has taken over: pause (default), "
	  "stop or ignore",
	  fenced_words },
	{ "timeout", 0, CLI_STRING, "DURATION", AT(timeout),
	  "give a connection up when nothing moves for so long, and try again (30s)", NULL },
	{ "status", 0, CLI_FLAG, NULL, AT(status),
	  "only show what is known of the replication of CONTAINER", NULL },
	{ "forget", 0, CLI_FLAG, NULL, AT(forget),
	  "forget all of it: the next one sends everything again", NULL },
	{ "format", 'f', CLI_STRING, "FORMAT", AT(format), "text, or json: a line for each event",
	  formats },
	PEER_OPTIONS(struct replicate_options, peer),
	{ 0 },
};
#undef AT

/* ---- telling ---- */

struct view {
	const char *id, *destination;
	bool json;
	const struct cli *cli;
};

static void print_line(struct json_out *o)
{
	cleanup_free char *text = NULL;
	size_t size;

	json_out_end_object(o);
	if (json_out_finish(o, &text, &size) == 0)
		(void)printf("%s\n", text);
	(void)fflush(stdout);
	json_out_free(o);
}

static void tell_json(const struct view *v, enum replicate_event event,
		      const struct replicate_round *g, const struct err *why, unsigned wait_ms)
{
	static const char *const names[] = { [REPLICATE_CONNECTED] = "connected",
					     [REPLICATE_GENERATION] = "generation",
					     [REPLICATE_RETRY] = "retry" };
	struct json_out o;
	char line[2048];

	if (json_out_init(&o, false) < 0)
		return;
	json_out_object(&o);
	json_out_member_string(&o, "event", names[event]);
	json_out_member_string(&o, "id", v->id);
	if (event == REPLICATE_GENERATION) {
		json_out_member_uint(&o, "generation", g->generation);
		json_out_member_uint(&o, "parent", g->parent);
		json_out_member_uint(&o, "memoryBytes", g->memory_bytes);
		json_out_member_uint(&o, "fileBytes", g->file_bytes);
		json_out_member_uint(&o, "sentBytes", g->sent_bytes);
		json_out_member_uint(&o, "holdMicroseconds", g->hold_us);
		json_out_member_uint(&o, "totalMicroseconds", g->total_us);
	} else if (event == REPLICATE_RETRY) {
		err_format(why, line, sizeof(line));
		json_out_member_string(&o, "error", line);
		json_out_member_uint(&o, "waitMilliseconds", wait_ms);
	} else {
		json_out_member_string(&o, "destination", v->destination);
	}
	print_line(&o);
}

static void tell(void *data, enum replicate_event event, const struct replicate_round *g,
		 const struct err *why, unsigned wait_ms)
{
	const struct view *v = data;
	char memory[16], files[16];

	if (v->json) {
		tell_json(v, event, g, why, wait_ms);
	} else if (event == REPLICATE_GENERATION) {
		(void)printf("generation %" PRIu64 ": memory %s, files %s, held %.1f ms, %.1f ms\n",
			     g->generation, cli_size_text(g->memory_bytes, memory, sizeof(memory)),
			     cli_size_text(g->file_bytes, files, sizeof(files)),
			     (double)g->hold_us / 1e3, (double)g->total_us / 1e3);
		(void)fflush(stdout);
	} else if (event == REPLICATE_RETRY) {
		cli_report_warning(why);
	} else {
		(void)printf("connected to %s\n", v->destination);
		(void)fflush(stdout);
	}
}

/* ---- status ---- */

static int show_status(struct cli *cli, const struct replicate_options *o, const char *id,
		       struct err *e)
{
	cleanup_(arena_free) struct arena a = { 0 };
	struct replicate_status s;
	struct json_out out;
	int r = replicate_look(cli->data, id, &a, &s, e);

	if (r < 0)
		return r;
	if (!o->format || strcmp(o->format, "json") != 0) {
		(void)printf("%s\nto           %s\ngeneration   %" PRIu64 "\nupdated      %s\n"
			     "epoch        %" PRIu64 "\nstate        %s\n",
			     id, s.destination, s.generation, s.updated, s.epoch,
			     s.fenced	 ? "fenced"
			     : s.running ? "running"
					 : "ended");
		return 0;
	}
	if (json_out_init(&out, true) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "write the status");
	json_out_object(&out);
	json_out_member_string(&out, "id", id);
	json_out_member_string(&out, "destination", s.destination);
	json_out_member_uint(&out, "generation", s.generation);
	json_out_member_string(&out, "updated", s.updated);
	json_out_member_uint(&out, "epoch", s.epoch);
	json_out_member_bool(&out, "running", s.running);
	json_out_member_bool(&out, "fenced", s.fenced);
	json_out_end_object(&out);
	return cli_print_json(&out, e);
}

/* ---- the command ---- */

static int duration(const char *option, const char *text, int *ret_ms, struct err *e)
{
	int64_t ms;

	if (!text)
		return 0;
	if (num_parse_duration(text, &ms) < 0 || ms < 1 || ms > INT32_MAX / 8) {
		err_set(e, ERR_USAGE, 0, "option --%s: '%s' is not a duration", option, text);
		err_hint(e, "write it like 500ms or 2s");
		return -EINVAL;
	}
	*ret_ms = (int)ms;
	return 0;
}

static int number(const char *option, const char *text, int64_t max, uint64_t *ret, struct err *e)
{
	int64_t n;

	if (!text)
		return 0;
	if (num_parse_i64(text, &n) < 0 || n < 1 || n > max)
		return err_set(e, ERR_USAGE, 0,
			       "option --%s: '%s' is not a number from 1 to %" PRId64, option, text,
			       max);
	*ret = (uint64_t)n;
	return 0;
}

static int fill(const struct cli *cli, const struct replicate_options *o,
		struct replicate_request *rq, struct err *e)
{
	int interval = INTERVAL_MS, r = duration("interval", o->interval, &interval, e);
	uint64_t keep = KEEP;

	*rq = (struct replicate_request){
		.criu = cli->options.criu,
		.flags = peer_flags(&o->peer),
		.as = o->peer.as,
		.copy_rootfs = o->peer.copy_rootfs,
		.no_preflight = o->peer.no_preflight,
		.timeout_ms = TIMEOUT_MS,
		.interrupt = -EBADF,
		.tell = tell,
	};
	/* what is connected later is lost in any case, should it have to go on there */
	rq->flags.tcp_skip_in_flight = true;
	rq->interval_ms = (unsigned)interval;
	if (r == 0)
		r = number("keep", o->keep, STANDBY_KEEP_MAX, &keep, e);
	if (r == 0)
		r = number("count", o->count, INT32_MAX, &rq->count, e);
	if (r == 0)
		r = duration("timeout", o->timeout, &rq->timeout_ms, e);
	rq->keep = (unsigned)keep;
	for (size_t i = 0; o->on_fenced && fenced_words[i]; i++)
		if (strcmp(fenced_words[i], o->on_fenced) == 0)
			rq->on_fenced = (enum replicate_fenced)i;
	return r;
}

static int exit_code(int r)
{
	if (r == -EOWNERDEAD)
		return CHECKPOINT_EXIT_FENCED;
	if (r == -ECONNABORTED)
		return CHECKPOINT_EXIT_LINK;
	return r == -EXDEV || r == -EUCLEAN ? (int)CHECKPOINT_EXIT_BLOCKED
					    : checkpoint_exit_code(r);
}

static int replicate(struct cli *cli, const struct replicate_options *o, char **args, struct err *e)
{
	struct transport_options to_options = peer_transport(&o->peer);
	cleanup_(arena_free) struct arena a = { 0 };
	cleanup_fd int signals = -EBADF;
	struct replicate_request rq;
	struct transport to;
	struct view v = { args[0], NULL, o->format && strcmp(o->format, "json") == 0, cli };
	int r = fill(cli, o, &rq, e);

	to_options.criu = cli->options.criu;
	if (r == 0)
		r = transport_parse(args[1], &to_options, &a, &to, e);
	if (r == 0)
		r = cli_store(cli, false, e);
	if (r == -ENOENT)
		err_set(e, ERR_STATE, 0, "there are no containers");
	if (r == 0)
		r = foreground_signals(&signals, e);
	if (r < 0)
		return r;
	(void)signal(SIGPIPE, SIG_IGN);
	v.destination = to.name;
	rq.store = cli->store;
	rq.data = cli->data;
	rq.id = args[0];
	rq.to = &to;
	rq.interrupt = signals;
	rq.context = &v;
	r = replicate_run(&rq, e);
	cli->failure_code = exit_code(r);
	return r;
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct replicate_options *o = opts;
	int r = container_id_check(o->peer.as ? o->peer.as : args[0], e);

	if (r == 0)
		r = container_id_check(args[0], e);
	if (r == 0 && o->status && o->forget)
		r = err_set(e, ERR_USAGE, 0, "options --status and --forget exclude each other");
	if (r == 0 && !caller_is_host_root(&cli->caller))
		r = err_set(e, ERR_USAGE, EPERM, "replicate requires root");
	if (r == 0)
		r = cli_data_root(cli, true, e);
	if (r < 0)
		return r;
	if (o->status)
		return show_status(cli, o, args[0], e);
	r = o->forget ? replicate_forget(cli->data, args[0], e) : replicate(cli, o, args, e);
	return r < 0 ? err_wrap(e, "replicate %s", args[0]) : 0;
}

const struct cli_command cli_replicate = {
	.name = "replicate",
	.args = "CONTAINER [DEST]",
	.summary = "Keep another host supplied with generations of a container, for fail-over",
	.options = options,
	.run = run,
	.options_size = sizeof(struct replicate_options),
	.min_args = 1,
	.max_args = 2,
};
