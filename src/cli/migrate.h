/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ctr migrate shows: how far it has come, what is in the way, and what came of it. */
#ifndef CTR_CLI_MIGRATE_H
#define CTR_CLI_MIGRATE_H

#include "checkpoint/migrate.h"
#include "cli/cli.h"
#include "cli/progress.h"

enum migrate_event_kind {
	MIGRATE_EVENT_STEP,
	MIGRATE_EVENT_PROBLEM, /* err; step is an enum problem_severity */
	MIGRATE_EVENT_END,     /* r, result (without problems), err */
};

/* From the process that works to the one that shows. Less than PIPE_BUF, so that it comes whole. */
struct migrate_event {
	enum migrate_event_kind kind;
	unsigned step, round;
	uint64_t bytes;
	int r;
	struct migrate_result result;
	struct err err;
};

struct migrate_view {
	struct progress progress;
	const char *format;
	unsigned step;
	struct problems problems;
};

void migrate_view_begin(struct migrate_view *v, const char *format, const char *progress);
void migrate_view_add(struct migrate_view *v, const struct migrate_event *event);
void migrate_view_end(struct migrate_view *v);
void migrate_view_free(struct migrate_view *v);

/* All objections of the destination on stderr. */
void migrate_view_warn(const struct migrate_view *v, const struct cli *cli);

/* It has moved. */
int migrate_report(const struct migrate_view *v, const struct migrate_request *rq,
		   const struct migrate_result *result, struct err *e);

/* What is in the way; @r: 0, or the error that this is. */
int migrate_report_dry_run(const struct migrate_view *v, const struct migrate_request *rq, int r,
			   struct err *e);

#endif
