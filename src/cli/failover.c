// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr failover: start the newest generation of a container that another host has sent. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint/checkpoint.h"
#include "checkpoint/failover.h"
#include "container/store.h"
#include "oci/json_out.h"
#include "util/cleanup.h"
#include "util/num.h"
#include "util/timestamp.h"

enum {
	FIRST_FREE_FD = 10
};

struct failover_options {
	const char *generation, *bundle, *output, *format;
	bool list, again, forget;
};

static const char *const formats[] = { "text", "json", NULL };

#define AT(field) offsetof(struct failover_options, field)
static const struct cli_option options[] = {
	{ "list", 'l', CLI_FLAG, NULL, AT(list), "only show generations that are here", NULL },
	{ "generation", 0, CLI_STRING, "N", AT(generation),
	  "this one, instead of the newest that is complete", NULL },
	{ "again", 0, CLI_FLAG, NULL, AT(again),
	  "although it was taken over before and ran: what it did since is lost", NULL },
	{ "bundle", 'b', CLI_STRING, "DIR", AT(bundle),
	  "the bundle, instead of the one that was found when it was replicated", NULL },
	{ "output", 0, CLI_STRING, "FILE", AT(output),
	  "append what its programs write to pipes there, instead of dropping it", NULL },
	{ "forget", 0, CLI_FLAG, NULL, AT(forget), "remove all generations of CONTAINER", NULL },
	{ "format", 'f', CLI_STRING, "FORMAT", AT(format), "text or json", formats },
	{ 0 },
};
#undef AT

static bool is_json(const struct failover_options *o)
{
	return o->format && strcmp(o->format, "json") == 0;
}

/* ---- the list ---- */

struct listing {
	struct cli *cli;
	const struct failover_options *o;
	struct json_out out;
	struct err *e;
};

static void list_json(struct listing *x, const struct standby *s, const struct standby_list *l,
		      uint64_t size)
{
	struct json_out *o = &x->out;

	json_out_object(o);
	json_out_member_string(o, "id", s->id);
	json_out_member_uint(o, "epoch", s->state.epoch);
	json_out_member_bool(o, "takenOver", s->state.active);
	json_out_member_uint(o, "bytes", size);
	json_out_member_array(o, "generations");
	for (size_t i = 0; i < l->count; i++) {
		const struct standby_generation *g = &l->items[i];

		json_out_object(o);
		json_out_member_uint(o, "generation", g->number);
		json_out_member_uint(o, "parent", g->parent);
		json_out_member_string(o, "created", g->created);
		json_out_member_uint(o, "memoryBytes", g->memory_bytes);
		json_out_member_uint(o, "fileBytes", g->file_bytes);
		json_out_member_uint(o, "holdMicroseconds", g->hold_us);
		json_out_member_bool(o, "usable", g->usable);
		json_out_end_object(o);
	}
	json_out_end_array(o);
	json_out_end_object(o);
}

static void list_text(const struct standby *s, const struct standby_list *l, uint64_t size)
{
	const struct standby_generation *newest = standby_newest(l);
	char memory[16], files[16], all[16];

	(void)printf("%s: epoch %" PRIu64 "%s, %s\n", s->id, s->state.epoch,
		     s->state.active ? ", taken over" : "", cli_size_text(size, all, sizeof(all)));
	for (size_t i = 0; i < l->count; i++) {
		const struct standby_generation *g = &l->items[i];

		(void)printf("  %-8" PRIu64 " %s  memory %-8s files %-8s%s\n", g->number,
			     g->created, cli_size_text(g->memory_bytes, memory, sizeof(memory)),
			     cli_size_text(g->file_bytes, files, sizeof(files)),
			     g == newest  ? " newest"
			     : !g->usable ? " only a part of later ones"
					  : "");
	}
}

static int list_one(const char *id, void *data)
{
	cleanup_(arena_free) struct arena a = { 0 };
	struct standby s = STANDBY_EMPTY;
	struct listing *x = data;
	struct standby_list l;
	uint64_t size = 0;
	int r = standby_open(x->cli->data, id, false, &s, x->e);

	if (r == 0)
		r = standby_look(&s, &a, &l, x->e);
	if (r == 0)
		r = standby_size(&s, &size, x->e);
	if (r == 0 && is_json(x->o))
		list_json(x, &s, &l, size);
	else if (r == 0)
		list_text(&s, &l, size);
	standby_close(&s);
	return r;
}

static int list(struct cli *cli, const struct failover_options *o, const char *id, struct err *e)
{
	struct listing x = { .cli = cli, .o = o, .e = e };
	int r;

	if (is_json(o) && json_out_init(&x.out, true) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "write the list");
	if (is_json(o))
		json_out_array(&x.out);
	r = id ? list_one(id, &x) : standby_each(cli->data, list_one, &x, e);
	if (!is_json(o))
		return r;
	json_out_end_array(&x.out);
	if (r == 0)
		return cli_print_json(&x.out, e);
	json_out_free(&x.out);
	return r;
}

/* ---- taking over ---- */

/* What was standard input, output and error, while those of the container have their place. */
struct stdio {
	int saved[3];
};

static int give_stdio(const struct failover_options *o, struct stdio *s, struct err *e)
{
	cleanup_fd int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	cleanup_fd int out = open(o->output ? o->output : "/dev/null",
				  O_WRONLY | O_APPEND | (o->output ? O_CREAT | O_NOFOLLOW : 0) |
					  O_NOCTTY | O_CLOEXEC,
				  0640);

	if (in < 0 || out < 0)
		return err_set(e, ERR_SYSTEM, errno, "open '%s'",
			       in < 0 || !o->output ? "/dev/null" : o->output);
	(void)fflush(stdout);
	for (int fd = 0; fd < 3; fd++) {
		s->saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
		if (s->saved[fd] < 0 || dup2(fd ? out : in, fd) < 0)
			return err_set(e, ERR_SYSTEM, errno, "leave standard input and output");
	}
	return 0;
}

static void take_stdio(struct stdio *s)
{
	for (int fd = 0; fd < 3; fd++) {
		if (s->saved[fd] < 0)
			continue;
		(void)dup2(s->saved[fd], fd); /* both are open */
		close_fd(&s->saved[fd]);
	}
}

static int print_result(const struct failover_options *o, const char *id,
			const struct failover_result *r, struct err *e)
{
	struct json_out out;

	if (!is_json(o)) {
		(void)printf("%s runs from generation %" PRIu64 " of %s, epoch %" PRIu64 "\n", id,
			     r->generation, r->created, r->epoch);
		return 0;
	}
	if (json_out_init(&out, true) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "write the result");
	json_out_object(&out);
	json_out_member_string(&out, "id", id);
	json_out_member_uint(&out, "generation", r->generation);
	json_out_member_string(&out, "created", r->created);
	json_out_member_uint(&out, "epoch", r->epoch);
	json_out_end_object(&out);
	return cli_print_json(&out, e);
}

static int take_over(struct cli *cli, const struct failover_options *o, const char *id,
		     struct err *e)
{
	struct failover_request rq = {
		.store = cli->store,
		.data = cli->data,
		.id = id,
		.again = o->again,
		.bundle = o->bundle,
		.criu = cli->options.criu,
		.caller = &cli->caller,
		.driver = cli_cgroup_driver(cli, &cli->caller),
	};
	struct stdio stdio = { { -EBADF, -EBADF, -EBADF } };
	struct failover_result result = { .problems = PROBLEMS_INIT };
	int64_t n = 0;
	int r;

	if (o->generation && (num_parse_i64(o->generation, &n) < 0 || n < 1))
		return err_set(e, ERR_USAGE, 0, "option --generation: '%s' is not a number",
			       o->generation);
	rq.generation = (uint64_t)n;
	r = give_stdio(o, &stdio, e);
	if (r == 0)
		r = failover_run(&rq, &result, e);
	take_stdio(&stdio);
	for (size_t i = 0; i < result.problems.count; i++)
		cli_report_warning(&result.problems.items[i].err);
	problems_free(&result.problems);
	if (r == 0)
		return print_result(o, id, &result, e);
	cli->failure_code = checkpoint_exit_code(r);
	return r;
}

/* ---- the command ---- */

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct failover_options *o = opts;
	int r = args[0] ? container_id_check(args[0], e) : 0;

	if (r == 0 && o->list && o->forget)
		r = err_set(e, ERR_USAGE, 0, "options --list and --forget exclude each other");
	if (r == 0 && !o->list && !args[0])
		r = err_set(e, ERR_USAGE, 0, "failover needs a CONTAINER");
	if (r == 0 && !caller_is_host_root(&cli->caller))
		r = err_set(e, ERR_USAGE, EPERM, "failover requires root");
	if (r == 0)
		r = cli_data_root(cli, true, e);
	if (r == 0 && o->list)
		return list(cli, o, args[0], e);
	if (r == 0)
		r = cli_store(cli, true, e);
	if (r < 0)
		return r;
	r = o->forget ? failover_forget(cli->store, cli->data, args[0], e)
		      : take_over(cli, o, args[0], e);
	if (r < 0)
		(void)err_wrap(e, "failover %s", args[0]);
	return r;
}

const struct cli_command cli_failover = {
	.name = "failover",
	.args = "[CONTAINER]",
	.summary = "Take a replicated container over: start its newest generation here",
	.options = options,
	.run = run,
	.options_size = sizeof(struct failover_options),
	.min_args = 0,
	.max_args = 1,
};
