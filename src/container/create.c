// SPDX-License-Identifier: GPL-2.0-or-later
/* Create, start, abort: the effects, each with its way back (DESIGN.md section 4). */
#include "container/container.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>

#include "container/dialog.h"
#include "container/hooks.h"
#include "container/sources.h"
#include "container/store.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"

enum {
	REMOVE_DEADLINE_MS = 10000,
	SPARE_FDS = 64
};

static void undo_store(void *data)
{
	struct container *c = data;

	(void)store_remove(c->store, c->record.id,
			   NULL); /* what cannot be removed, `delete -f` finds */
}

static void undo_cgroup(void *data)
{
	struct container *c = data;

	(void)cgroup_kill(&c->cgroup, NULL);
	(void)cgroup_remove(c->cgroup_root, c->record.cgroup_driver, c->record.cgroup_path,
			    c->record.cgroup_made, REMOVE_DEADLINE_MS, NULL);
}

static void undo_init(void *data)
{
	struct container *c = data;

	spawned_kill(&c->init);
}

static void undo_hooks(void *data)
{
	struct container *c = data;

	(void)hooks_run(c->spec, OCI_HOOK_POSTSTOP, &c->record, STATUS_STOPPED, 0, c->bundle, true,
			NULL);
}

/* The record comes before everything that it describes. */
static int enter_store(struct container *c, struct err *e)
{
	int r = store_create(c->store, c->record.id, &c->dir, e);

	if (r < 0)
		return r;
	undo_push(&c->undo, undo_store, c);
	r = process_boot_id(c->record.init.boot_id, sizeof(c->record.init.boot_id), e);
	if (r == 0 && (r = io_replace_file(c->dir, "config.json", c->config, c->config_size)) < 0)
		r = err_set(e, ERR_SYSTEM, -r, "keep a copy of config.json");
	/* our own default path is ours even if we die before we can say so */
	c->record.cgroup_made = c->cgroup_plan.explicit_path ? 0 : 1;
	return r < 0 ? r : record_save(c->dir, &c->record, e);
}

static int enter_cgroup(struct container *c, struct err *e)
{
	int r = cgroup_create(c->cgroup_root, c->record.cgroup_driver, &c->cgroup_plan, &c->cgroup,
			      e);

	if (r < 0)
		return r;
	c->record.cgroup_made = c->cgroup.made;
	undo_push(&c->undo, undo_cgroup, c);
	if (c->cgroup_plan.explicit_path)
		r = record_save(c->dir, &c->record, e);
	return r < 0 ? r : cgroup_apply(&c->cgroup, &c->cgroup_plan, 0, e);
}

/* A config may have more mounts than the usual soft limit has fds. The payload gets the old limit. */
static int raise_nofile(const struct container *c, struct rlimit *ret_before, struct err *e)
{
	struct rlimit now;

	if (getrlimit(RLIMIT_NOFILE, ret_before) < 0)
		return err_set(e, ERR_SYSTEM, errno, "read the limit on open files");
	now = *ret_before;
	if (now.rlim_cur >= c->plan->reg_count + SPARE_FDS)
		return 0;
	now.rlim_cur = now.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &now) < 0
		       ? err_set(e, ERR_SYSTEM, errno, "raise the limit on open files")
		       : 0;
}

static int set_limit(pid_t pid, const struct oci_rlimit *l, size_t index, struct err *e)
{
	struct rlimit value = { .rlim_cur = l->soft, .rlim_max = l->hard };
	int saved;

	if (prlimit(pid, (__rlimit_resource_t)l->resource, &value, NULL) == 0)
		return 0;
	saved = errno;
	err_set(e, ERR_SYSTEM, saved, "set resource limit %d to %llu:%llu", l->resource,
		(unsigned long long)l->soft, (unsigned long long)l->hard);
	err_origin(e, "config.json /process/rlimits/%zu", index);
	if (saved == EPERM)
		err_hint(e, "a hard limit can be raised only with CAP_SYS_RESOURCE");
	return -saved;
}

/* Last, because ctr-init itself would be the first to hit them. */
static int set_limits(const struct container *c, const struct rlimit *nofile, struct err *e)
{
	const struct oci_process *p = &c->spec->process;
	int r = 0;

	if (nofile->rlim_cur < c->plan->reg_count + SPARE_FDS &&
	    prlimit(c->init.pid, RLIMIT_NOFILE, nofile, NULL) < 0)
		return err_set(e, ERR_SYSTEM, errno, "restore the limit on open files");
	for (size_t i = 0; r == 0 && i < p->rlimits.count; i++)
		r = set_limit(c->init.pid, &p->rlimits.items[i], i, e);
	return r;
}

static int spawn(struct container *c, struct err *e)
{
	struct rlimit nofile;
	int r = raise_nofile(c, &nofile, e);

	if (r == 0)
		r = container_open_sources(c->plan, c->bundle, e);
	if (r == 0)
		r = container_spawn(c->plan, c->cgroup.fd, c->keep_fds, &c->init, e);
	if (r < 0)
		return r;
	/* hooks are part of the environment: from here on a failure runs poststop (checklist L6) */
	undo_push(&c->undo, undo_hooks, c);
	undo_push(&c->undo, undo_init, c);
	r = dialog_until(c, PLAN_SYNC_READY, e);
	if (r == 0)
		r = set_limits(c, &nofile, e);
	if (r == 0)
		r = process_identify(c->init.pid, c->init.pidfd, &c->record.init, e);
	if (r < 0)
		return r;
	c->record.phase = PHASE_CREATED;
	return record_save(c->dir, &c->record, e);
}

static int create(struct container *c, const struct container_request *rq, struct err *e)
{
	int r = container_load(c, rq, e);

	if (r == 0)
		r = cgroup_root_open(&c->cgroup_root, e);
	if (r == 0)
		r = container_plan(c, false, e);
	if (r == 0)
		r = enter_store(c, e);
	if (r == 0)
		r = enter_cgroup(c, e);
	return r < 0 ? r : spawn(c, e);
}

int container_create(const struct container_request *rq, struct container **ret, struct err *e)
{
	struct container *c = container_new();
	int r;

	if (!c)
		return err_set(e, ERR_SYSTEM, ENOMEM, "create the container");
	r = create(c, rq, e);
	if (r < 0) {
		container_abort(c);
		container_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

int container_start(struct container *c, struct err *e)
{
	int r;

	c->record.phase = PHASE_RUNNING;
	r = record_save(c->dir, &c->record, e);
	if (r == 0)
		r = dialog_go(c, e);
	if (r == 0)
		r = dialog_executed(c, e);
	if (r == 0)
		r = hooks_run(c->spec, OCI_HOOK_POSTSTART, &c->record, STATUS_RUNNING, c->init.pid,
			      c->bundle, false, e);
	if (r < 0) {
		container_abort(c);
		return r;
	}
	undo_commit(&c->undo);
	return 0;
}

void container_abort(struct container *c)
{
	undo_all(&c->undo);
}
