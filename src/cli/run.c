// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr run: create, start, stay until the end (or detach), remove. */
#include "cli/launch.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container/foreground.h"
#include "container/store.h"
#include "util/cleanup.h"

enum {
	MAX_TRIES = 1000
};

struct run_options {
	struct launch_options launch;
	bool detach, keep;
};

static const struct cli_option options[] = {
	LAUNCH_OPTIONS(struct run_options, launch),
	KSM_OPTION(struct run_options, launch),
	{ "detach", 'd', CLI_FLAG, NULL, offsetof(struct run_options, detach),
	  "return as soon as the program runs", NULL },
	{ "keep", 0, CLI_FLAG, NULL, offsetof(struct run_options, keep),
	  "do not remove the container when it ends", NULL },
	{ 0 },
};

/* What is to be run, and under which name. */
struct target {
	char bundle[PATH_MAX], id[CONTAINER_ID_MAX + 16];
	bool made_up; /* the id comes from the directory's name: another one will do as well */
};

static bool is_bundle(const char *arg)
{
	char config[PATH_MAX];

	if (strchr(arg, '/'))
		return true;
	return snprintf(config, sizeof(config), "%s/config.json", arg) < (int)sizeof(config) &&
	       access(config, F_OK) == 0;
}

/* A directory's name as an id: what is not allowed in one becomes '-'. */
static void id_from_path(const char *path, char *id, size_t size)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash && slash[1] ? slash + 1 : "container";
	size_t n = 0;

	for (; *name && n + 1 < size && n < CONTAINER_ID_MAX - 8; name++, n++) {
		bool ok = isalnum((unsigned char)*name) || strchr("_+-", *name) ||
			  (n && *name == '.');

		id[n] = ok ? *name : '-';
	}
	id[n] = '\0';
}

static int find_target(const struct run_options *o, const char *arg, struct target *t,
		       struct err *e)
{
	const char *bundle = o->launch.bundle ? o->launch.bundle : ".";

	t->made_up = !o->launch.bundle && is_bundle(arg);
	if (t->made_up)
		bundle = arg;
	if (!realpath(bundle, t->bundle)) {
		int saved = errno;

		err_set(e, ERR_USAGE, saved, "open the bundle '%s'", bundle);
		err_hint(e, "a bundle is a directory with config.json and a root filesystem");
		return -saved;
	}
	if (t->made_up)
		id_from_path(t->bundle, t->id, sizeof(t->id));
	else if ((size_t)snprintf(t->id, sizeof(t->id), "%s", arg) >= sizeof(t->id))
		return container_id_check(arg, e);
	return 0;
}

static int create(const struct container_request *rq, struct target *t, struct container **ret,
		  struct err *e)
{
	size_t len = strlen(t->id);
	int r = container_create(rq, ret, e);

	/* EEXIST alone says little: a file in the way of a device node is not cured by another id */
	for (int i = 2; r == -EEXIST && e->kind == ERR_STATE && t->made_up && i < MAX_TRIES; i++) {
		(void)snprintf(t->id + len, sizeof(t->id) - len, "-%d", i);
		r = container_create(rq, ret, e);
	}
	return r;
}

/* The container is prepared: tell its pid, hand its terminal over, let it go. */
static int launch(const struct run_options *o, struct container *c, struct err *e)
{
	int r = launch_announce(&o->launch, c, o->detach, e);

	if (r < 0) {
		container_abort(c);
		return r;
	}
	r = launch_bind_notify(c, e);
	if (r < 0)
		container_abort(c);
	else
		r = container_start(c, e);
	if (r < 0)
		launch_withdraw(&o->launch);
	return r;
}

/* A service that does not become ready has not been started: nothing stays of it. */
static int leave(struct cli *cli, struct container *c, struct err *e)
{
	struct err ignored = ERR_INIT;
	int r = launch_wait_ready(c, e);

	if (r < 0)
		(void)launch_clean_up(cli, c->record.id, &ignored);
	return r;
}

static int run(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct run_options *o = opts;
	cleanup_(container_freep) struct container *c = NULL;
	cleanup_fd int signals = -EBADF;
	cleanup_(launch_request_free) struct container_request rq = { 0 };
	struct target t;
	int r = launch_request(cli, &o->launch, &rq, e);

	if (r == 0)
		r = find_target(o, args[0], &t, e);
	if (r == 0)
		r = foreground_signals(&signals, e);
	if (r == 0)
		r = cli_store(cli, true, e);
	if (r < 0)
		return r;
	rq.store = cli->store;
	rq.id = t.id;
	rq.bundle = t.bundle;
	rq.interrupt = signals;
	r = create(&rq, &t, &c, e);
	if (r == 0) {
		launch_warnings(cli, c);
		r = launch(o, c, e);
	}
	if (r < 0)
		return err_wrap(e, "run %s", t.id);
	/* with the directory goes the lock: others may pause, exec or delete while it runs */
	close_fd(&c->dir);
	return o->detach ? leave(cli, c, e) : launch_attend(cli, c, signals, o->keep, e);
}

const struct cli_command cli_run = {
	.name = "run",
	.args = "BUNDLE-PATH | CONTAINER",
	.summary = "Create a container from a bundle and run its program",
	.options = options,
	.run = run,
	.options_size = sizeof(struct run_options),
	.min_args = 1,
	.max_args = 1,
};

_Static_assert(sizeof(struct run_options) <= CLI_OPTIONS_MAX, "options fit");
