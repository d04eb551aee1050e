// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr snapshot: the group, and create, rollback and delete. */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/capture.h"
#include "cli/layered.h"
#include "cli/snapshot_memory.h"
#include "container/record.h"
#include "oci/json_out.h"
#include "util/cleanup.h"
#include "util/timestamp.h"

enum {
	TEXT_SIZE = 128
};

static const char *const formats[] = { "text", "json", NULL };
static const char *const progress_words[] = { "json", "none", NULL };

/* ---- create ---- */

struct create_options {
	const char *message, *format, *progress;
	bool quiet, with_memory;
};

static const struct cli_option create_options[] = {
	{ "message", 'm', CLI_STRING, "TEXT", offsetof(struct create_options, message),
	  "what the snapshot is for", NULL },
	{ "format", 'f', CLI_STRING, "FORMAT", offsetof(struct create_options, format),
	  "text or json", formats },
	{ "progress", 0, CLI_STRING, "WORD", offsetof(struct create_options, progress),
	  "json: lines on standard error; none: not on a terminal either", progress_words },
	{ "with-memory", 0, CLI_FLAG, NULL, offsetof(struct create_options, with_memory),
	  "its processes and their memory, too: restore --snapshot lets them run on", NULL },
	{ "quiet", 'q', CLI_FLAG, NULL, offsetof(struct create_options, quiet),
	  "print the name only", NULL },
	{ 0 },
};

static void memory_member(struct json_out *out, const struct checkpoint_result *m)
{
	json_out_member_object(out, "memory");
	json_out_member_uint(out, "bytes", m->bytes_written);
	json_out_member_uint(out, "pages", m->pages_written);
	json_out_end_object(out);
}

static int print_result(const char *id, const struct create_options *o,
			const struct capture_result *r, const struct checkpoint_result *memory,
			struct err *e)
{
	struct json_out out;
	char text[TEXT_SIZE];

	if (o->format && strcmp(o->format, "json") == 0) {
		if (json_out_init(&out, true) < 0)
			return err_set(e, ERR_SYSTEM, ENOMEM, "write the result");
		json_out_object(&out);
		json_out_member_string(&out, "container", id);
		capture_members(&out, r);
		if (o->with_memory)
			memory_member(&out, memory);
		json_out_end_object(&out);
		return cli_print_json(&out, e);
	}
	if (o->quiet || r->method == SNAPSHOT_RENAME)
		(void)printf("%s%s%s\n", o->quiet ? "" : id, o->quiet ? "" : "@", r->name);
	else
		(void)printf("%s@%s: %s\n", id, r->name, capture_text(r, text, sizeof(text)));
	return 0;
}

static int run_create(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct create_options *o = opts;
	cleanup_(layered_close) struct layered x = LAYERED_EMPTY;
	struct checkpoint_result memory = { 0 };
	struct capture_result result;
	char stamp[TIMESTAMP_SIZE];
	const struct snapshot_naming how = { args[1], o->message, stamp };
	int r = layered_open(cli, args[0], &x, e);

	timestamp_nanoseconds(stamp);
	if (r == 0 && o->with_memory)
		r = memory_capture(cli, &x, &how, &result, &memory, e);
	else if (r == 0)
		r = capture_snapshot(&x, &how, o->progress, &result, e);
	if (r == 0)
		return print_result(args[0], o, &result, &memory, e);
	return err_wrap(e, "snapshot of %s", args[0]);
}

const struct cli_command cli_snapshot_create = {
	.name = "snapshot create",
	.args = "CONTAINER [NAME]",
	.summary = "Keep the present state of a container's files",
	.options = create_options,
	.run = run_create,
	.options_size = sizeof(struct create_options),
	.min_args = 1,
	.max_args = 2,
};

/* ---- rollback ---- */

struct rollback_options {
	const char *keep_as;
	bool prune;
};

static const struct cli_option rollback_options[] = {
	{ "keep-as", 0, CLI_STRING, "NAME", offsetof(struct rollback_options, keep_as),
	  "name of the snapshot that keeps the present state (default: the next number)", NULL },
	{ "prune", 0, CLI_FLAG, NULL, offsetof(struct rollback_options, prune),
	  "remove the present state and the snapshots after NAME instead of keeping them", NULL },
	{ 0 },
};

static void print_rollback(const char *id, const struct snapshot_rollback *rb)
{
	if (rb->kept)
		(void)printf("the state before is kept as %s@%s\n", id, rb->kept);
	if (rb->pruned)
		(void)printf("%zu snapshot%s removed\n", rb->pruned, rb->pruned == 1 ? "" : "s");
}

static int run_rollback(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct rollback_options *o = opts;
	cleanup_(layered_close) struct layered x = LAYERED_EMPTY;
	char stamp[TIMESTAMP_SIZE], message[TEXT_SIZE + 64];
	struct snapshot_rollback rb = { .name = args[1],
					.prune = o->prune,
					.keep = { o->keep_as, message, stamp } };
	int r;

	if (o->prune && o->keep_as)
		return err_set(e, ERR_USAGE, 0, "options --prune and --keep-as exclude each other");
	timestamp_nanoseconds(stamp);
	(void)snprintf(message, sizeof(message), "before the rollback to %.128s", args[1]);
	r = layered_open(cli, args[0], &x, e);
	if (r == 0)
		r = layered_refuse_mounted(&x, args[0], "the root is in use", e);
	if (r == 0)
		r = snapshots_rollback(x.layers, &rb, e);
	if (r < 0)
		return err_wrap(e, "roll back %s", args[0]);
	print_rollback(args[0], &rb);
	return 0;
}

const struct cli_command cli_snapshot_rollback = {
	.name = "snapshot rollback",
	.args = "CONTAINER NAME",
	.summary = "Go back to a snapshot; the present state becomes one, too",
	.options = rollback_options,
	.run = run_rollback,
	.options_size = sizeof(struct rollback_options),
	.min_args = 2,
	.max_args = 2,
};

/* ---- delete ---- */

static const struct cli_option delete_options[] = { { 0 } };

static const char *const fates[] = {
	[SNAPSHOT_REMOVED] = NULL,
	[SNAPSHOT_MERGED] = NULL,
	[SNAPSHOT_HIDDEN] = "what it holds stays on the disk, because more than one state, or the "
			    "running container, is built on it",
};

static int run_delete(struct cli *cli, const void *opts, char **args, struct err *e)
{
	cleanup_(layered_close) struct layered x = LAYERED_EMPTY;
	enum snapshot_fate fate;
	int r = layered_open(cli, args[0], &x, e);

	(void)opts;
	if (r == 0)
		r = snapshots_delete(x.layers, args[1], x.mounted, &fate, e);
	if (r < 0)
		return err_wrap(e, "delete %s@%s", args[0], args[1]);
	if (fates[fate])
		(void)printf("%s\n", fates[fate]);
	return 0;
}

const struct cli_command cli_snapshot_delete = {
	.name = "snapshot delete",
	.args = "CONTAINER NAME",
	.summary = "Remove a snapshot; other snapshots and the container stay as they are",
	.options = delete_options,
	.run = run_delete,
	.options_size = sizeof(struct cli_option),
	.min_args = 2,
	.max_args = 2,
};

/* ---- the group ---- */

static const struct cli_command *const verbs[] = {
	&cli_snapshot_create, &cli_snapshot_list,   &cli_snapshot_rollback,
	&cli_snapshot_delete, &cli_snapshot_diff,   &cli_snapshot_verify,
	&cli_snapshot_export, &cli_snapshot_import, NULL,
};

const struct cli_command cli_snapshot = {
	.name = "snapshot",
	.summary = "Keep, compare and restore states of a container's files",
	.verbs = verbs,
};
