// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr delete: remove a container and everything that belongs to it. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "checkpoint/arrival.h"
#include "container/fence.h"
#include "container/overlay_owner.h"
#include "container/store.h"
#include "rootfs/layers.h"
#include "util/cleanup.h"
#include "util/there.h"

struct delete_options {
	bool force, regex, keep_layers;
};

static const struct cli_option options[] = {
	{ "force", 'f', CLI_FLAG, NULL, offsetof(struct delete_options, force),
	  "kill it first if it runs; succeed if it does not exist", NULL },
	{ "regex", 'r', CLI_FLAG, NULL, offsetof(struct delete_options, regex),
	  "CONTAINER is a regular expression: all that match", NULL },
	{ "keep-layers", 0, CLI_FLAG, NULL, offsetof(struct delete_options, keep_layers),
	  "leave what it wrote, for another run of the same id", NULL },
	{ 0 },
};

struct delete_task {
	struct cli *cli;
	unsigned flags;
	struct err *e;
};

/*
 * Of a container whose program has ended, layers may be left, and nothing else. @r: the error that says so.
 */
static int delete_layers(const struct delete_task *t, const char *id, int r)
{
	struct layers *layers = NULL;
	struct err none = ERR_INIT;

	if (t->flags & DESTROY_KEEP_LAYERS || cli_data_root(t->cli, false, &none) < 0)
		return r;
	/* nothing to be removed, or what somebody works on */
	if (layers_open(t->cli->data, id, &layers, &none) == -ENOENT)
		return r;
	layers_close(take_ptr(layers));
	*t->e = (struct err)ERR_INIT;
	return overlay_owner_remove_unused(t->cli->data, id, t->cli->store, &t->cli->caller, t->e);
}

/* Its lock is given back for the question, and taken again. */
static int ask_where_it_came_from(const struct delete_task *t, const char *id, struct container **c,
				  enum container_status *status)
{
	int r;

	if (!*c || !(*c)->record.move.token || (*c)->record.move.away)
		return 0;
	container_free(take_ptr(*c));
	r = cli_container(t->cli, id, false, c, status, t->e);
	if (r == 0 && *c)
		r = arrival_before_delete(*c, &t->cli->caller, t->flags & DESTROY_FORCE, t->e);
	container_free(take_ptr(*c));
	return r < 0 ? r : cli_container(t->cli, id, true, c, status, t->e);
}

static int delete_one(const char *id, void *data)
{
	const struct delete_task *t = data;
	cleanup_(container_freep) struct container *c = NULL;
	struct err warning = ERR_INIT;
	enum container_status status;
	int r = cli_container(t->cli, id, true, &c, &status, t->e);

	if (r == 0)
		r = ask_where_it_came_from(t, id, &c, &status);
	if (r == -ENOENT)
		r = delete_layers(t, id, r);
	/* there may be a rest of it, from somebody who was killed at the very end of a delete */
	if (r == -ENOENT && t->flags & DESTROY_FORCE) {
		if (t->cli->store >= 0)
			store_sweep(t->cli->store);
		return 0;
	}
	if (r == 0 && c && !(t->flags & DESTROY_FORCE))
		r = fence_check(c, t->e);
	if (r == 0 && c)
		r = container_destroy(c, status, t->flags, &warning, t->e);
	if (warning.kind)
		cli_report_warning(&warning);
	return r;
}

/* One that still has a container is left alone: that could not be deleted. */
static int delete_rest(const char *id, void *data)
{
	const struct delete_task *t = data;

	int r = t->cli->store >= 0 ? is_there(t->cli->store, id) : 0;

	if (r < 0)
		return err_set(t->e, ERR_SYSTEM, -r, "look for container '%s'", id);
	return r > 0 ? 0 : delete_layers(t, id, 0);
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct delete_options *o = opts;
	struct delete_task task = {
		.cli = cli,
		.flags =
			(o->force ? DESTROY_FORCE : 0) | (o->keep_layers ? DESTROY_KEEP_LAYERS : 0),
		.e = e,
	};

	return o->regex ? cli_each_matching(cli, args[0], delete_one, delete_rest, &task, e)
			: delete_one(args[0], &task);
}

const struct cli_command cli_delete = {
	.name = "delete",
	.args = "CONTAINER",
	.summary = "Remove a container: processes, cgroup, state and layers",
	.options = options,
	.run = run,
	.beyond = CLI_BEYOND_SCOPE | CLI_BEYOND_NETWORK | CLI_BEYOND_MOVE,
	.options_size = sizeof(struct delete_options),
	.min_args = 1,
	.max_args = 1,
};
