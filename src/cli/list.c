// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr list: all containers below the state root. */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "container/store.h"
#include "util/cleanup.h"
#include "util/owner.h"

struct list_options {
	const char *format;
	bool quiet;
};

static const char *const formats[] = { "table", "json", NULL };

static const struct cli_option options[] = {
	{ "format", 'f', CLI_STRING, "FORMAT", offsetof(struct list_options, format),
	  "table or json", formats },
	{ "quiet", 'q', CLI_FLAG, NULL, offsetof(struct list_options, quiet), "ids only", NULL },
	{ 0 },
};

/* One way of printing a container; the walk is the same for all. */
struct listing {
	struct cli *cli;
	struct json_out *json; /* NULL: a table, or ids, into */
	FILE *out;
	uint32_t owner;	      /* the last one asked for */
	char owner_text[256]; /* empty: none yet */
};

/* Most containers have the same owner, and each question may go to another host. */
static const char *owner_of(struct listing *l, uint32_t uid)
{
	char number[OWNER_SIZE];

	if (!l->owner_text[0] || l->owner != uid)
		(void)snprintf(l->owner_text, sizeof(l->owner_text), "%s", owner_name(uid, number));
	l->owner = uid;
	return l->owner_text;
}

static void print_row(struct listing *l, const struct container_record *r,
		      enum container_status status)
{
	(void)fprintf(l->out, "%-24s %-8d %-9s %-32s %-31s %s\n", r->id,
		      status == STATUS_STOPPED ? 0 : (int)r->init.pid,
		      container_status_name(status), r->bundle, r->created, owner_of(l, r->owner));
}

/* A container that cannot be read is shown with what is known: its name. It never hides others. */
static int show(const char *id, void *data)
{
	struct listing *l = data;
	cleanup_(container_freep) struct container *c = NULL;
	enum container_status status;
	struct err e = ERR_INIT;
	int r = cli_container(l->cli, id, false, &c, &status, &e);

	if (r < 0) {
		if (r != -ENOENT) /* removed while we looked */
			cli_warn(l->cli, "container '%s' cannot be read: %s", id, e.text);
		return 0;
	}
	if (!l->json) {
		print_row(l, &c->record, status);
		return 0;
	}
	json_out_object(l->json);
	container_state_members(l->json, &c->record, status);
	json_out_end_object(l->json);
	return 0;
}

static int show_id(const char *id, void *data)
{
	const struct listing *l = data;

	(void)fprintf(l->out, "%s\n", id);
	return 0;
}

static int list_json(struct listing *l, struct err *e)
{
	struct json_out o;
	int r;

	if (json_out_init(&o, true) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "list containers");
	/* cppcheck-suppress autoVariables ; taken back below */
	l->json = &o;
	json_out_array(&o);
	r = l->cli->store >= 0 ? store_each(l->cli->store, show, l, e) : 0;
	l->json = NULL;
	json_out_end_array(&o);
	if (r == 0)
		return cli_print_json(&o, e);
	json_out_free(&o);
	return r;
}

/* In memory first: the name of an owner may be known to the whole program only, which then begins again. */
static int list_text(struct listing *l, bool quiet, struct err *e)
{
	cleanup_free char *text = NULL;
	size_t size = 0;
	int r;

	l->out = open_memstream(&text, &size);
	if (!l->out)
		return err_set(e, ERR_SYSTEM, ENOMEM, "list containers");
	if (!quiet)
		(void)fprintf(l->out, "%-24s %-8s %-9s %-32s %-31s %s\n", "ID", "PID", "STATUS",
			      "BUNDLE", "CREATED", "OWNER");
	r = l->cli->store >= 0 ? store_each(l->cli->store, quiet ? show_id : show, l, e) : 0;
	if (fclose(l->out) != 0 && r == 0)
		r = err_set(e, ERR_SYSTEM, ENOMEM, "list containers");
	l->out = NULL;
	if (text)
		(void)fwrite(text, 1, size, stdout); /* main sees whether that worked */
	return r;
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct list_options *o = opts;
	struct listing l = { .cli = cli };
	int r = cli_store(cli, false, e);

	(void)args;
	if (r < 0 && r != -ENOENT) /* no state directory: no containers */
		return r;
	if (o->format && strcmp(o->format, "json") == 0)
		return list_json(&l, e);
	return list_text(&l, o->quiet, e);
}

const struct cli_command cli_list = {
	.name = "list",
	.args = "",
	.summary = "List containers",
	.options = options,
	.run = run,
	.options_size = sizeof(struct list_options),
};
