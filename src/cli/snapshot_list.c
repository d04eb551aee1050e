// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr snapshot list: the history of containers as a tree, with sizes. Takes no lock. */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/layered.h"
#include "container/overlay_owner.h"
#include "oci/json_out.h"
#include "util/arena.h"
#include "util/cleanup.h"

enum {
	SHARERS_SIZE = 1024,
	MINUTE = 60,
	HOUR = 60 * MINUTE,
	DAY = 24 * HOUR,
	NAME_WIDTH = 28
};

struct list_options {
	const char *format;
	bool quiet;
};

static const char *const formats[] = { "table", "json", NULL };

static const struct cli_option options[] = {
	{ "format", 'f', CLI_STRING, "FORMAT", offsetof(struct list_options, format),
	  "table or json", formats },
	{ "quiet", 'q', CLI_FLAG, NULL, offsetof(struct list_options, quiet), "names only", NULL },
	{ 0 },
};

struct listing {
	struct cli *cli;
	const struct list_options *o;
	struct json_out *json; /* NULL: a table, or names */
	bool only;	       /* one container was asked for */
	struct err *e;
};

struct history {
	const struct listing *l;
	const char *id;
	struct layers_record record;
};

static struct snapshot_size size_of(const struct history *h, int index)
{
	struct snapshot_size size = { 0 };
	struct err e = ERR_INIT;

	/* removed meanwhile, or damaged: the rest is shown all the same */
	if (snapshots_size(h->l->cli->data, h->id, &h->record, index, &size, &e) < 0)
		cli_warn(h->l->cli, "%s", e.text);
	return size;
}

/* ---- a table ---- */

static const char *age(const char *created, char *buf, size_t size)
{
	struct tm tm = { 0 };
	time_t then, now = time(NULL);
	long seconds;

	(void)snprintf(buf, size, "-");
	if (!strptime(created, "%Y-%m-%dT%H:%M:%S", &tm))
		return buf;
	then = timegm(&tm);
	seconds = now > then ? (long)(now - then) : 0;
	if (seconds < MINUTE)
		(void)snprintf(buf, size, "%lds", seconds);
	else if (seconds < HOUR)
		(void)snprintf(buf, size, "%ldm", seconds / MINUTE);
	else if (seconds < 2 * DAY)
		(void)snprintf(buf, size, "%ldh", seconds / HOUR);
	else
		(void)snprintf(buf, size, "%ldd", seconds / DAY);
	return buf;
}

static void print_row(const struct history *h, int index, int depth, const char *name,
		      const char *created, const char *message)
{
	const struct snapshot_size size = size_of(h, index);
	char own[16], beneath[16], when[32], shown[256];

	(void)snprintf(shown, sizeof(shown), "%s", message ? message : "");
	err_printable(shown);
	(void)printf("%*s%-*s %-8s %-8s %-6s %s\n", 2 * depth, "",
		     NAME_WIDTH > 2 * depth ? NAME_WIDTH - 2 * depth : 0, name,
		     cli_size_text(size.own, own, sizeof(own)),
		     cli_size_text(size.beneath, beneath, sizeof(beneath)),
		     created ? age(created, when, sizeof(when)) : "", shown);
}

/* The snapshot that comes after @index, and is shown: layers without a name are passed over. */
static int shown_after(const struct layers_record *r, int index)
{
	int at = r->snapshots[index].after;

	while (at != LAYERS_NONE && !r->snapshots[at].name)
		at = r->snapshots[at].after;
	return at;
}

static int last_shown(const struct layers_record *r)
{
	return r->last == LAYERS_NONE || r->snapshots[r->last].name ? r->last
								    : shown_after(r, r->last);
}

static int depth_of(const struct layers_record *r, int index)
{
	int depth = 1;

	for (int at = index; at != LAYERS_NONE; at = shown_after(r, at))
		depth++;
	return depth;
}

/* The next one in the order of the tree: below @parent, behind @previous; LAYERS_NONE. */
static int next_below(const struct layers_record *r, int parent, int previous)
{
	for (size_t i = (size_t)previous + 1; i < r->count; i++)
		if (r->snapshots[i].name && shown_after(r, (int)i) == parent)
			return (int)i;
	return LAYERS_NONE;
}

/* In the order of the tree, without recursion: a history may be long. */
static int successor(const struct layers_record *r, int at)
{
	int next = next_below(r, at, LAYERS_NONE);

	while (next == LAYERS_NONE && at != LAYERS_NONE) {
		int parent = shown_after(r, at);

		next = next_below(r, parent, at);
		at = parent;
	}
	return next;
}

static void print_present(const struct history *h, int after)
{
	if (last_shown(&h->record) == after)
		print_row(h, LAYERS_NONE, depth_of(&h->record, after), "(now)", NULL, NULL);
}

static void print_tree(const struct history *h)
{
	const struct layers_record *r = &h->record;

	(void)printf("%s", h->id);
	if (r->origin)
		(void)printf("  (a clone of %s%s%s)", r->origin, *r->origin_snapshot ? "@" : "",
			     r->origin_snapshot);
	(void)putchar('\n');
	print_present(h, LAYERS_NONE);
	for (int at = next_below(r, LAYERS_NONE, LAYERS_NONE); at != LAYERS_NONE;
	     at = successor(r, at)) {
		const struct layers_snapshot *s = &r->snapshots[at];

		print_row(h, at, depth_of(r, shown_after(r, at)), s->name, s->created, s->message);
		print_present(h, at);
	}
}

static void print_names(const struct history *h)
{
	for (size_t i = 0; i < h->record.count; i++)
		if (h->record.snapshots[i].name)
			(void)printf("%s%s%s\n", h->l->only ? "" : h->id, h->l->only ? "" : "@",
				     h->record.snapshots[i].name);
}

/* ---- JSON ---- */

static const char *name_of(const struct layers_record *r, int index)
{
	return index == LAYERS_NONE ? NULL : r->snapshots[index].name;
}

static void clones_member(const struct history *h, const char *layer)
{
	char text[SHARERS_SIZE], *rest = text, *id;

	json_out_member_array(h->l->json, "clones");
	if (snapshots_sharers(h->l->cli->data, h->id, layer, text, sizeof(text), NULL) > 0)
		while ((id = strsep(&rest, ", ")))
			if (*id)
				json_out_string(h->l->json, id);
	json_out_end_array(h->l->json);
}

static void size_members(const struct history *h, int index)
{
	const struct snapshot_size size = size_of(h, index);

	json_out_member_uint(h->l->json, "ownBytes", size.own);
	json_out_member_uint(h->l->json, "sharedBytes", size.beneath);
}

static void snapshot_json(const struct history *h, int index)
{
	const struct layers_snapshot *s = &h->record.snapshots[index];
	struct json_out *o = h->l->json;

	json_out_object(o);
	json_out_member_string(o, "name", s->name);
	json_out_member_string(o, "after", name_of(&h->record, shown_after(&h->record, index)));
	json_out_member_string(o, "created", s->created);
	if (s->message)
		json_out_member_string(o, "message", s->message);
	size_members(h, index);
	json_out_member_string(o, "layer", s->layer);
	clones_member(h, s->layer);
	json_out_end_object(o);
}

static void container_json(const struct history *h)
{
	const struct layers_record *r = &h->record;
	struct json_out *o = h->l->json;

	json_out_object(o);
	json_out_member_string(o, "container", h->id);
	json_out_member_strings(o, "base", r->base, r->base_count);
	if (r->origin) {
		json_out_member_object(o, "cloneOf");
		json_out_member_string(o, "container", r->origin);
		json_out_member_string(o, "snapshot",
				       *r->origin_snapshot ? r->origin_snapshot : NULL);
		json_out_end_object(o);
	}
	json_out_member_object(o, "now");
	json_out_member_string(o, "after", name_of(r, last_shown(r)));
	size_members(h, LAYERS_NONE);
	json_out_end_object(o);
	json_out_member_array(o, "snapshots");
	for (size_t i = 0; i < r->count; i++)
		if (r->snapshots[i].name)
			snapshot_json(h, (int)i);
	json_out_end_array(o);
	json_out_end_object(o);
}

/* ---- all of it ---- */

/* Of several containers, one that cannot be read does not hide the others. */
static int show(const char *id, void *context)
{
	const struct listing *l = context;
	struct history h = { .l = l, .id = id };
	struct err e = ERR_INIT;
	struct arena a = { 0 };
	int r = snapshots_look(l->cli->data, id, &a, &h.record, &e);

	if (r == 0)
		(l->json ? container_json : l->o->quiet ? print_names : print_tree)(&h);
	else if (l->only)
		*l->e = e;
	else if (r != -ENOENT)
		cli_warn(l->cli, "%s", e.text);
	arena_free(&a);
	return l->only ? r : 0;
}

static int show_all(struct listing *l, const char *id)
{
	if (l->cli->data < 0)
		return 0;
	return id ? show(id, l) : snapshots_each(l->cli->data, show, l, l->e);
}

static int show_json(struct listing *l, const char *id)
{
	struct json_out o;
	int r;

	if (json_out_init(&o, true) < 0)
		return err_set(l->e, ERR_SYSTEM, ENOMEM, "list snapshots");
	/* cppcheck-suppress autoVariables ; taken back below */
	l->json = &o;
	if (!id)
		json_out_array(&o);
	r = show_all(l, id);
	l->json = NULL;
	if (!id)
		json_out_end_array(&o);
	if (r == 0)
		return cli_print_json(&o, l->e);
	json_out_free(&o);
	return r;
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct list_options *o = opts;
	struct listing l = { .cli = cli, .o = o, .only = args[0] != NULL, .e = e };
	int r = cli_data_root(cli, false, e);

	if (r < 0 && (r != -ENOENT || args[0])) /* nothing there: no snapshots */
		return r;
	if (r == 0)
		r = overlay_owner_enter(cli->data, args[0], &cli->caller, e);
	if (r < 0 && r != -ENOENT)
		return r;
	if (o->format && strcmp(o->format, "json") == 0)
		return show_json(&l, args[0]);
	if (!o->quiet)
		(void)printf("%-28s %-8s %-8s %-6s %s\n", "NAME", "OWN", "SHARED", "AGE",
			     "MESSAGE");
	return show_all(&l, args[0]);
}

const struct cli_command cli_snapshot_list = {
	.name = "snapshot list",
	.args = "[CONTAINER]",
	.summary = "List snapshots as a tree, with their sizes",
	.options = options,
	.run = run,
	.options_size = sizeof(struct list_options),
	.max_args = 1,
};
