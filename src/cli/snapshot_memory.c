// SPDX-License-Identifier: GPL-2.0-or-later
/* See snapshot_memory.h. */
#include "cli/snapshot_memory.h"

#include <errno.h>
#include <stdio.h>

#include "cli/blockers.h"
#include "cli/checkpoint.h"
#include "util/cleanup.h"
#include "util/timestamp.h"

enum {
	MESSAGE_SIZE = 192
};

/* ---- there ---- */

struct taking {
	struct layered *x;
	const struct snapshot_naming *how;
	struct capture_result *files;
};

/* All tasks stand still: criu holds them. */
static int nothing(void *context, struct err *e)
{
	(void)context;
	(void)e;
	return 0;
}

static int take_files(void *data, struct container *c, struct err *e)
{
	struct taking *t = data;
	struct snapshot_capture capture = { .freeze = nothing, .thaw = nothing };
	int r = snapshots_capture(t->x->layers, t->how, &capture, &t->files->name, e);

	(void)c;
	t->files->method = capture.method;
	t->files->bytes = capture.bytes;
	t->files->files = capture.files;
	return r;
}

/* Connections are in it, but whoever is at their other end has gone on when it is restored: they are closed then. */
static const struct checkpoint_flags flags = { .tcp_established = true,
					       .ext_unix_sk = true,
					       .file_locks = true };

static int check(struct cli *cli, const struct layered *x, struct err *e)
{
	struct checkpoint_flags allowed = flags;
	int r = checkpoint_check_caller(cli, "snapshot create --with-memory", e);

	if (r < 0)
		return r;
	if (!x->container || (x->status != STATUS_RUNNING && x->status != STATUS_PAUSED)) {
		err_set(e, ERR_STATE, 0, "only a container that runs or is paused has memory: %s",
			x->container ? container_status_name(x->status) : "it is gone");
		err_hint(e, "leave --with-memory out");
		return -EINVAL;
	}
	allowed.tcp_skip_in_flight = true; /* the dump waits until they are accepted */
	return cli_check_blockers(cli, x->container, &allowed, e);
}

static int dump(struct cli *cli, struct layered *x, struct taking *t, int images,
		struct checkpoint_result *ret, struct err *e)
{
	const struct checkpoint_request rq = {
		.criu = cli->options.criu,
		.images = images,
		.work = images,
		.leave_running = true,
		.flags = flags,
		.drain_ms = CHECKPOINT_DRAIN_MS,
		.status_fd = -EBADF,
		.complete = take_files,
		.data = t,
	};
	enum snapshot_fate fate;
	int r = checkpoint_dump(x->container, &rq, ret, e);

	if (r < 0)
		cli->failure_code = checkpoint_exit_code(r);
	/* files without the memory that was asked for are not what was asked for */
	if (r < 0 && t->files->name)
		(void)snapshots_delete(x->layers, t->files->name, true, &fate, NULL);
	return r;
}

int memory_capture(struct cli *cli, struct layered *x, const struct snapshot_naming *how,
		   struct capture_result *ret, struct checkpoint_result *ret_memory, struct err *e)
{
	struct taking t = { .x = x, .how = how, .files = ret };
	cleanup_fd int images = -EBADF;
	int r = check(cli, x, e);

	*ret = (struct capture_result){ .method = SNAPSHOT_RENAME };
	if (r == 0)
		r = snapshots_memory_begin(x->layers, &images, e);
	if (r < 0)
		return r;
	r = dump(cli, x, &t, images, ret_memory, e);
	ret->frozen_ns = ret_memory->frozen_us * 1000;
	if (r == 0)
		r = snapshots_memory_keep(x->layers, ret->name, e);
	else
		snapshots_memory_drop(x->layers);
	return r;
}

/* ---- and back ---- */

static int go_back(struct layered *x, const char *id, const char *name, int *ret_images,
		   struct err *e)
{
	char stamp[TIMESTAMP_SIZE], message[MESSAGE_SIZE];
	struct snapshot_rollback rb = { .name = name, .keep = { NULL, message, stamp } };
	cleanup_fd int images = -EBADF;
	int r;

	if (x->container) {
		err_set(e, ERR_STATE, 0, "container with id '%s' already exists", id);
		err_hint(e, "remove it first: ctr delete --force --keep-layers %s", id);
		return -EEXIST;
	}
	timestamp_nanoseconds(stamp);
	(void)snprintf(message, sizeof(message), "before the restore of %.128s", name);
	r = snapshots_memory_open(x->layers, name, &images, e);
	if (r == 0)
		r = snapshots_rollback(x->layers, &rb, e);
	if (r < 0)
		return r;
	if (rb.kept)
		(void)printf("the state before is kept as %s@%s\n", id, rb.kept);
	*ret_images = take_fd(&images);
	return 0;
}

int memory_go_back(struct cli *cli, const char *id, const char *name, int *ret_images,
		   struct err *e)
{
	struct layered x = LAYERED_EMPTY;
	int r = layered_open(cli, id, &x, e);

	if (r == 0)
		r = go_back(&x, id, name, ret_images, e);
	layered_close(&x);
	return r;
}
