// SPDX-License-Identifier: GPL-2.0-or-later
/* See pausing.h. */
#include "container/pausing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "container/fence.h"
#include "container/store.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/timestamp.h"

void container_note_pause(struct container *c, bool freeze)
{
	struct container_pause *p = &c->record.pause;
	char path[64], command[32] = "", now[TIMESTAMP_SIZE];
	pid_t parent = getppid();

	if (!freeze && !p->pid)
		return;
	*p = (struct container_pause){ 0 };
	if (freeze) {
		/* 0: our parent is outside of our pid namespace */
		(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)parent);
		(void)io_read_line(AT_FDCWD, path, command, sizeof(command));
		timestamp_nanoseconds(now);
		*p = (struct container_pause){ parent ? parent : getpid(), geteuid(), command,
					       now };
	}
	(void)record_save(c->dir, &c->record, NULL);
	*p = (struct container_pause){ 0 }; /* its strings were ours */
}

enum {
	THAW_BACK_MS = 1000
};

/* As it is written down by now: it may have been handed over, or taken over, since @c was read. */
static bool is_fenced(int dir)
{
	cleanup_(arena_free) struct arena a = { 0 };
	struct container_record now;
	struct err ignored = ERR_INIT;

	return record_load(dir, &a, &now, &ignored) == 0 && now.move.token && now.move.away;
}

static int thaw_without_lock(int dir, const struct cgroup *cg, int timeout_ms, struct err *e)
{
	int r;

	if (is_fenced(dir))
		return 0;
	r = cgroup_thaw(cg, timeout_ms, e);
	/* whoever has the lock may have fenced it in between */
	if (is_fenced(dir))
		return cgroup_freeze_try(cg, timeout_ms, e);
	return r;
}

int container_thaw(const struct container *c, const struct cgroup *cg, int timeout_ms,
		   struct err *e)
{
	struct err why = ERR_INIT;
	cleanup_fd int dir = -EBADF;
	int r = store_get(c->store, c->record.id, STORE_LOCK_SOON, &dir, &why);

	if (r == 0)
		return is_fenced(dir) ? 0 : cgroup_thaw(cg, timeout_ms, e);
	if (store_get(c->store, c->record.id, STORE_NO_LOCK, &dir, &why) == 0)
		return thaw_without_lock(dir, cg, timeout_ms, e);
	return cgroup_thaw(cg, timeout_ms, e); /* the container is gone, and nobody has fenced it */
}

int container_freeze(const struct container *c, const struct cgroup *cg, int timeout_ms,
		     struct err *e)
{
	int r = cgroup_freeze_try(cg, timeout_ms, e);

	/* half frozen is the worst of all: whatever the reason, they go on (security.md D11) */
	if (r < 0 && r != -EOPNOTSUPP)
		(void)container_thaw(c, cg, THAW_BACK_MS, NULL); /* the first error counts */
	return r;
}
