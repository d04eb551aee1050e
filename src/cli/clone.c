// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr clone: layers for a new container that start where another one is. */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/capture.h"
#include "cli/layered.h"
#include "container/overlay_owner.h"
#include "container/record.h"
#include "container/store.h"
#include "util/cleanup.h"
#include "util/timestamp.h"

struct clone_options {
	bool quiet;
};

static const struct cli_option options[] = {
	{ "quiet", 'q', CLI_FLAG, NULL, offsetof(struct clone_options, quiet), "print nothing",
	  NULL },
	{ 0 },
};

/* There must be neither a container nor layers of that name; the layers are looked at when they are made. */
static int check_free(struct cli *cli, const char *id, struct err *e)
{
	cleanup_(container_freep) struct container *c = NULL;
	struct err none = ERR_INIT;
	enum container_status status;
	int r = container_id_check(id, e);

	if (r < 0)
		return r;
	r = cli_container(cli, id, false, &c, &status, &none);
	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		*e = none;
		return r;
	}
	err_set(e, ERR_STATE, 0, "container with id '%s' already exists", id);
	err_hint(e, "choose another id, or remove it with: ctr delete %s", id);
	return -EEXIST;
}

/*
 * The snapshot that is the present state: the last one, if nothing was written since then, else a new one.
 * NULL when nothing has been written at all.
 */
static int present(struct layered *x, const char *id, const char *new_id, const char **ret,
		   struct capture_result *result, struct err *e)
{
	const struct layers_record *rec = snapshots_record(x->layers);
	char stamp[TIMESTAMP_SIZE], message[CONTAINER_ID_MAX + 16];
	const struct snapshot_naming how = { NULL, message, stamp };
	int r = x->mounted ? 1 : snapshots_is_changed(x->layers, e);

	if (r < 0)
		return r;
	if (r == 0 && rec->head == LAYERS_NONE) {
		*ret = NULL;
		return 0;
	}
	if (r == 0 && rec->snapshots[rec->head].name) {
		*ret = rec->snapshots[rec->head].name;
		return 0;
	}
	timestamp_nanoseconds(stamp);
	(void)snprintf(message, sizeof(message), "cloned as %s", new_id);
	r = capture_snapshot(x, &how, NULL, result, e);
	*ret = result->name;
	return r < 0 ? err_wrap(e, "snapshot of %s", id) : 0;
}

static void print_result(const char *id, const char *snapshot, const char *new_id,
			 const struct capture_result *r)
{
	char text[128];

	(void)printf("%s: a clone of %s%s%s", new_id, id, snapshot ? "@" : "",
		     snapshot ? snapshot : "");
	if (r->name)
		(void)printf(", a new snapshot%s%s", r->method == SNAPSHOT_RENAME ? "" : ": ",
			     capture_text(r, text, sizeof(text)));
	(void)putchar('\n');
}

static int clone(struct cli *cli, const struct clone_options *o, const char *id,
		 const char *snapshot, const char *new_id, struct err *e)
{
	cleanup_(layered_close) struct layered x = LAYERED_EMPTY;
	struct capture_result result = { 0 };
	int r = check_free(cli, new_id, e);

	if (r == 0)
		r = layered_open(cli, id, &x, e);
	/* before anything changes */
	if (r == 0)
		r = snapshots_check_free(cli->data, new_id, e);
	if (r == 0 && !snapshot)
		r = present(&x, id, new_id, &snapshot, &result, e);
	if (r == 0)
		r = snapshots_clone(x.layers, snapshot, new_id, e);
	if (r == 0)
		r = overlay_owner_copy(cli->data, id, new_id, e);
	if (r == 0 && !o->quiet)
		print_result(id, snapshot, new_id, &result);
	return r;
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	char id[2 * CONTAINER_ID_MAX + 2], *at;
	int r;

	if (strlen(args[0]) >= sizeof(id))
		return err_set(e, ERR_USAGE, 0, "clone: '%s' is longer than any name", args[0]);
	(void)snprintf(id, sizeof(id), "%s", args[0]);
	at = strchr(id, '@');
	if (at)
		*at++ = '\0';
	r = clone(cli, opts, id, at, args[1], e);
	return r < 0 ? err_wrap(e, "clone %s", args[0]) : 0;
}

const struct cli_command cli_clone = {
	.name = "clone",
	.args = "CONTAINER[@SNAPSHOT] NEWID",
	.summary = "Make layers for a new container that share another one's files",
	.options = options,
	.run = run,
	.options_size = sizeof(struct clone_options),
	.min_args = 2,
	.max_args = 2,
};
