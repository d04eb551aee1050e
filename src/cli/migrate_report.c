// SPDX-License-Identifier: GPL-2.0-or-later
/* See migrate.h. */
#include "cli/migrate.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(struct migrate_event) <= PIPE_BUF, "it is written in one piece");

static bool is_json(const struct migrate_view *v)
{
	return v->format && strcmp(v->format, "json") == 0;
}

void migrate_view_begin(struct migrate_view *v, const char *format, const char *progress)
{
	*v = (struct migrate_view){ .format = format, .problems = PROBLEMS_INIT };
	progress_init(&v->progress, migrate_step_name(MIGRATE_CONNECT), progress);
}

void migrate_view_add(struct migrate_view *v, const struct migrate_event *event)
{
	if (event->kind == MIGRATE_EVENT_PROBLEM) {
		/* with no memory for the list, the first is told in any case */
		(void)problems_add(&v->problems, (enum problem_severity)event->step, &event->err);
		return;
	}
	v->step = event->step;
	v->progress.what = migrate_step_name((enum migrate_step)event->step);
	progress_show(&v->progress, event->bytes, event->round);
}

void migrate_view_end(struct migrate_view *v)
{
	progress_end(&v->progress);
}

void migrate_view_free(struct migrate_view *v)
{
	problems_free(&v->problems);
}

void migrate_view_warn(const struct migrate_view *v, const struct cli *cli)
{
	(void)cli;
	for (size_t i = 0; i < v->problems.count; i++)
		if (v->problems.items[i].severity == PROBLEM_WARNING)
			cli_report_warning(&v->problems.items[i].err);
}

static int report_json(const struct migrate_request *rq, const struct migrate_result *x,
		       struct err *e)
{
	struct json_out o;

	if (json_out_init(&o, true) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "write the report");
	json_out_object(&o);
	json_out_member_string(&o, "id", rq->id);
	json_out_member_string(&o, "destination", rq->to->name);
	json_out_member_string(&o, "token", rq->token);
	json_out_member_bool(&o, "gone", x->fate == MIGRATE_GONE);
	json_out_member_uint(&o, "rounds", x->rounds);
	json_out_member_uint(&o, "memoryBytes", x->memory_bytes);
	json_out_member_uint(&o, "fileBytes", x->file_bytes);
	json_out_member_uint(&o, "sentBytes", x->wire_bytes);
	if (rq->post_copy) {
		json_out_member_uint(&o, "fetchedPages", x->fetched_pages);
		json_out_member_uint(&o, "fetchedBytes", x->fetched_bytes);
	}
	json_out_member_uint(&o, "totalMicroseconds", x->total_us);
	json_out_member_uint(&o, "downMicroseconds", x->down_us);
	json_out_member_uint(&o, "predictedMicroseconds", x->predicted_us);
	json_out_member_uint(&o, "heldMicroseconds", x->held_us);
	json_out_member_uint(&o, "lostConnections", x->lost);
	json_out_end_object(&o);
	return cli_print_json(&o, e);
}

int migrate_report(const struct migrate_view *v, const struct migrate_request *rq,
		   const struct migrate_result *x, struct err *e)
{
	char memory[16], files[16], sent[16], fetched[16];

	if (is_json(v))
		return report_json(rq, x, e);
	(void)printf(x->fate == MIGRATE_GONE ? "%s ran at %s, and was deleted there\n"
					     : "%s runs at %s\n",
		     rq->id, rq->to->name);
	if (!x->total_us)
		return 0; /* whoever measured was killed */
	(void)printf("memory  %s in %u rounds\n",
		     cli_size_text(x->memory_bytes, memory, sizeof(memory)), x->rounds);
	if (rq->post_copy)
		(void)printf("fetched %s in %" PRIu64 " pages\n",
			     cli_size_text(x->fetched_bytes, fetched, sizeof(fetched)),
			     x->fetched_pages);
	(void)printf("files   %s\nsent    %s\ntotal   %" PRIu64 " ms\ndown    %" PRIu64 " ms\n",
		     cli_size_text(x->file_bytes, files, sizeof(files)),
		     cli_size_text(x->wire_bytes, sent, sizeof(sent)), x->total_us / 1000,
		     x->down_us / 1000);
	if (x->lost)
		(void)printf("lost    %u TCP connections that nobody accepted in time\n", x->lost);
	return 0;
}

static void write_problem(struct json_out *o, const struct problem *p)
{
	struct err plain = p->err;
	char line[1500];

	plain.hint[0] = '\0';
	err_format(&plain, line, sizeof(line));
	json_out_object(o);
	json_out_member_string(o, "severity", p->severity == PROBLEM_ERROR ? "error" : "warning");
	json_out_member_string(o, "text", line);
	if (p->err.hint[0])
		json_out_member_string(o, "hint", p->err.hint);
	json_out_end_object(o);
}

static int dry_run_json(const struct migrate_view *v, const struct migrate_request *rq,
			struct err *e)
{
	struct json_out o;

	if (json_out_init(&o, true) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "write the report");
	json_out_object(&o);
	json_out_member_string(&o, "id", rq->id);
	json_out_member_string(&o, "destination", rq->to->name);
	json_out_member_array(&o, "problems");
	for (size_t i = 0; i < v->problems.count; i++)
		write_problem(&o, &v->problems.items[i]);
	json_out_end_array(&o);
	json_out_end_object(&o);
	return cli_print_json(&o, e);
}

int migrate_report_dry_run(const struct migrate_view *v, const struct migrate_request *rq, int r,
			   struct err *e)
{
	size_t n = problems_count(&v->problems, PROBLEM_ERROR);
	char line[2048];

	if (is_json(v))
		r = dry_run_json(v, rq, e) < 0 ? -EIO : r;
	for (size_t i = 0; !is_json(v) && i < v->problems.count; i++) {
		err_format(&v->problems.items[i].err, line, sizeof(line));
		(void)printf("%s: %s\n",
			     v->problems.items[i].severity == PROBLEM_ERROR ? "error" : "warning",
			     line);
	}
	if (r == 0 && !is_json(v))
		(void)printf("nothing is in the way\n");
	if (r < 0)
		err_set(e, ERR_STATE, 0, "%zu things are in the way", n);
	return r;
}
