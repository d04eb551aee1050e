// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which driver a call goes to. A driver makes and removes the directory and may have a say when
 * values change; everything that is only read comes from the directory, whoever made it.
 */
#include <string.h>

#include "cgroups/internal.h"
#include "config.h"
#include "util/cleanup.h"

enum {
	THAW_BACK_MS = 1000
};

/* ---- none: no directory, nothing to do, nothing to fail ---- */

static int none_create(int root_fd, const struct cgroup_plan *plan, struct cgroup *ret,
		       struct err *e)
{
	(void)root_fd;
	(void)plan;
	(void)e;
	*ret = (struct cgroup)CGROUP_EMPTY;
	return 0;
}

static int none_open(int root_fd, const char *path, unsigned made, struct cgroup *ret,
		     struct err *e)
{
	(void)path;
	(void)made;
	return none_create(root_fd, NULL, ret, e);
}

static int none_apply(const struct cgroup *cg, const struct cgroup_plan *plan, unsigned flags,
		      struct err *e)
{
	(void)cg;
	(void)plan;
	(void)flags;
	(void)e;
	return 0;
}

static int none_update(int root_fd, const struct cgroup *cg, const struct cgroup_plan *before,
		       const struct cgroup_plan *after, struct err *e)
{
	(void)root_fd;
	(void)cg;
	(void)before;
	(void)after;
	return err_set(e, ERR_STATE, EOPNOTSUPP,
		       "change the limits of a container without a cgroup");
}

static int none_freeze(const struct cgroup *cg, bool frozen, int timeout_ms, struct err *e)
{
	(void)cg;
	(void)timeout_ms;
	err_set(e, ERR_STATE, EOPNOTSUPP, "%s a container without a cgroup",
		frozen ? "freeze" : "thaw");
	err_hint(e, "only containers in a cgroup can be paused: an ordinary user gets one with "
		    "systemd-run --user --scope -p Delegate=yes ctr ...");
	return -EOPNOTSUPP;
}

static int none_kill(const struct cgroup *cg, struct err *e)
{
	(void)cg;
	(void)e;
	return 0;
}

static int none_remove(int root_fd, const char *path, unsigned made, int timeout_ms, struct err *e)
{
	(void)root_fd;
	(void)path;
	(void)made;
	(void)timeout_ms;
	(void)e;
	return 0;
}

static const struct cgroup_driver_ops none_driver = {
	.create = none_create,
	.open = none_open,
	.apply = none_apply,
	.update = none_update,
	.freeze = none_freeze,
	.kill = none_kill,
	.remove = none_remove,
};

/* ---- cgroupfs: the files themselves ---- */

static const struct cgroup_driver_ops cgroupfs_driver = {
	.create = cgroupfs_create,
	.open = cgroupfs_open,
	.apply = cgroupfs_apply,
	.update = cgroupfs_update,
	.freeze = cgroupfs_freeze,
	.kill = cgroupfs_kill,
	.remove_idle = cgroupfs_remove_idle,
	.remove = cgroupfs_remove,
};

static const struct {
	const char *name;
	const struct cgroup_driver_ops *ops; /* NULL: not built */
} drivers[] = {
	[CGROUP_DRIVER_CGROUPFS] = { "cgroupfs", &cgroupfs_driver },
#ifdef HAVE_LIBSYSTEMD
	[CGROUP_DRIVER_SYSTEMD] = { "systemd", &systemd_driver },
	[CGROUP_DRIVER_SYSTEMD_USER] = { "systemd-user", &systemd_user_driver },
#else
	[CGROUP_DRIVER_SYSTEMD] = { "systemd", NULL },
	[CGROUP_DRIVER_SYSTEMD_USER] = { "systemd-user", NULL },
#endif
	[CGROUP_DRIVER_NONE] = { "none", &none_driver },
};

const char *cgroup_driver_name(enum cgroup_driver driver)
{
	return drivers[driver].name;
}

int cgroup_driver_parse(const char *word, enum cgroup_driver *ret)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		if (strcmp(word, drivers[i].name) == 0) {
			*ret = (enum cgroup_driver)i;
			return 0;
		}
	}
	if (strcmp(word, "disabled") != 0)
		return -EINVAL;
	*ret = CGROUP_DRIVER_NONE;
	return 0;
}

/* NULL with @e set when there is no such driver in this version. */
static const struct cgroup_driver_ops *ops_of(enum cgroup_driver driver, struct err *e)
{
	if (drivers[driver].ops)
		return drivers[driver].ops;
	(void)err_set(e, ERR_USAGE, EOPNOTSUPP, "cgroup driver '%s'", drivers[driver].name);
	err_hint(e, "this ctr was built without libsystemd: use --cgroup-manager cgroupfs");
	return NULL;
}

int cgroup_driver_check(enum cgroup_driver driver, struct err *e)
{
	return ops_of(driver, e) ? 0 : -EOPNOTSUPP;
}

int cgroup_create(int root_fd, enum cgroup_driver driver, const struct cgroup_plan *plan,
		  struct cgroup *ret, struct err *e)
{
	const struct cgroup_driver_ops *ops = ops_of(driver, e);

	if (ops && !ops->create)
		return err_set(e, ERR_SYSTEM, EINVAL, "create cgroup '%s' without a process",
			       plan->path);
	return ops ? ops->create(root_fd, plan, ret, e) : -EOPNOTSUPP;
}

int cgroup_create_around(int root_fd, enum cgroup_driver driver, const struct cgroup_plan *plan,
			 pid_t pid, struct cgroup *ret, struct err *e)
{
	const struct cgroup_driver_ops *ops = ops_of(driver, e);

	return ops ? ops->create_around(root_fd, plan, pid, ret, e) : -EOPNOTSUPP;
}

int cgroup_attach(const struct cgroup *cg, const char *below, pid_t pid, struct err *e)
{
	const struct cgroup_driver_ops *ops = ops_of(cg->driver, e);

	if (ops && !ops->attach)
		return err_set(e, ERR_SYSTEM, EACCES, "move a process into cgroup '%s'", cg->path);
	return ops ? ops->attach(cg, below, pid, e) : -EOPNOTSUPP;
}

int cgroup_open(int root_fd, enum cgroup_driver driver, const char *path, unsigned made,
		struct cgroup *ret, struct err *e)
{
	const struct cgroup_driver_ops *ops = ops_of(driver, e);

	return ops ? ops->open(root_fd, path, made, ret, e) : -EOPNOTSUPP;
}

int cgroup_apply(const struct cgroup *cg, const struct cgroup_plan *plan, unsigned flags,
		 struct err *e)
{
	const struct cgroup_driver_ops *ops = ops_of(cg->driver, e);

	return ops ? ops->apply(cg, plan, flags, e) : -EOPNOTSUPP;
}

int cgroup_update(int root_fd, const struct cgroup *cg, const struct cgroup_plan *before,
		  const struct cgroup_plan *after, struct err *e)
{
	const struct cgroup_driver_ops *ops = ops_of(cg->driver, e);

	return ops ? ops->update(root_fd, cg, before, after, e) : -EOPNOTSUPP;
}

int cgroup_freeze_try(const struct cgroup *cg, int timeout_ms, struct err *e)
{
	const struct cgroup_driver_ops *ops = ops_of(cg->driver, e);

	return ops ? ops->freeze(cg, true, timeout_ms, e) : -EOPNOTSUPP;
}

int cgroup_freeze(const struct cgroup *cg, int timeout_ms, struct err *e)
{
	int r = cgroup_freeze_try(cg, timeout_ms, e);

	/* half frozen is the worst of all: whatever the reason, they go on (security.md D11) */
	if (r < 0 && r != -EOPNOTSUPP)
		(void)cgroup_thaw(cg, THAW_BACK_MS, NULL); /* the first error counts */
	return r;
}

int cgroup_thaw(const struct cgroup *cg, int timeout_ms, struct err *e)
{
	const struct cgroup_driver_ops *ops = ops_of(cg->driver, e);

	return ops ? ops->freeze(cg, false, timeout_ms, e) : -EOPNOTSUPP;
}

int cgroup_kill(const struct cgroup *cg, struct err *e)
{
	const struct cgroup_driver_ops *ops = ops_of(cg->driver, e);

	return ops ? ops->kill(cg, e) : -EOPNOTSUPP;
}

bool cgroup_remove_idle(int root_fd, enum cgroup_driver driver, const char *path, unsigned made)
{
	const struct cgroup_driver_ops *ops = drivers[driver].ops;

	return ops && ops->remove_idle && ops->remove_idle(root_fd, path, made);
}

int cgroup_remove(int root_fd, enum cgroup_driver driver, const char *path, unsigned made,
		  int timeout_ms, struct err *e)
{
	const struct cgroup_driver_ops *ops = ops_of(driver, e);

	return ops ? ops->remove(root_fd, path, made, timeout_ms, e) : -EOPNOTSUPP;
}

void cgroup_close(struct cgroup *cg)
{
	close_fd(&cg->fd);
	free(take_ptr(cg->own_path));
}
