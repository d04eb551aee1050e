// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The systemd driver, for root with the system's manager, for others with their own. The manager makes and removes the directory and keeps the limits that it knows; the
 * exact values, device rules, freezing and killing go through the files, as with the cgroupfs driver. The
 * device program is our own (BPF_F_ALLOW_MULTI): no reload of the manager's touches it.
 */
#include <stdlib.h>
#include <string.h>

#include "cgroups/internal.h"
#include "cgroups/systemd.h"
#include "config.h"
#include "util/cleanup.h"

static int out_of_memory(struct err *e)
{
	return err_set(e, ERR_SYSTEM, ENOMEM, "prepare the scope");
}

/* What every scope of ours is told; annotations may overrule it. */
static int common_properties(const char *id, const struct cgroup_systemd *s, struct arena *a,
			     struct systemd_properties *ret)
{
	static const struct {
		const char *name;
		bool value;
	} flags[] = {
		{ "Delegate", true },
		{ "DefaultDependencies", false }, /* it is ended by whoever made it */
		{ "CPUAccounting", true },
		{ "MemoryAccounting", true },
		{ "IOAccounting", true },
		{ "TasksAccounting", true },
	};
	const char *description = arena_printf(a, "container %s", id);
	int r = description ? systemd_property_add(ret, a, "Description", gvalue_text(description))
			    : -ENOMEM;

	if (r == 0)
		r = systemd_property_add(ret, a, "Slice", gvalue_text(s->slice));
	for (size_t i = 0; r == 0 && i < sizeof(flags) / sizeof(flags[0]); i++)
		r = systemd_property_add(ret, a, flags[i].name, gvalue_bool(flags[i].value));
	return r;
}

int cgroup_emit_scope(const struct oci_spec *spec, const char *id, enum cgroup_driver driver,
		      struct arena *a, struct cgroup_plan *plan, struct err *e)
{
	struct cgroup_systemd *s = &plan->systemd;
	int r;

	if (!cgroup_needs_process(driver))
		return 0;
	r = systemd_emit_unit(spec->linux_.cgroups_path, id, driver == CGROUP_DRIVER_SYSTEMD_USER,
			      a, s, e);
	if (r < 0)
		return r;
	plan->path = arena_printf(a, "%s/%s", s->slice_path, s->unit);
	plan->default_parent = false;
	if (!plan->path || common_properties(id, s, a, &s->properties) < 0 ||
	    systemd_limits(plan, a, &s->properties) < 0)
		return out_of_memory(e);
	r = err_keep(e, cgroup_emit_subgroup(spec, OCI_ANNOTATION_SYSTEMD_SUBGROUP, plan, e));
	return r < 0 ? r : systemd_emit_annotations(spec, a, &s->properties, e);
}

#ifdef HAVE_LIBSYSTEMD

enum {
	LIST_SIZE = 1024,
	MANAGER_MS = 30000 /* for all that is asked of it at once (security.md D20) */
};

/* The path of a scope ends in its name. */
static const char *unit_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

static enum systemd_manager manager_of(enum cgroup_driver driver)
{
	return driver == CGROUP_DRIVER_SYSTEMD_USER ? SYSTEMD_USER : SYSTEMD_SYSTEM;
}

/* ---- what a user's manager may give ---- */

/* Those that Delegate= of systemd.resource-control(5) knows. */
static bool systemd_delegates(const char *controller)
{
	return cgroup_text_has_word("cpu cpuset io memory pids", controller);
}

static int not_delegated(const struct cgroup_controller *c, const char *manager, struct err *e)
{
	err_set(e, ERR_SYSTEM, 0, "cgroup controller '%s' is not delegated to cgroup '%s'", c->name,
		manager[0] ? manager : "/");
	err_origin(e, "config.json %s", c->origin);
	err_hint(e, systemd_delegates(c->name)
			    ? "as root: systemctl edit user@.service, add the lines [Service] "
			      "and Delegate=cpu cpuset io memory pids, and log in anew"
			    : "systemd does not delegate this one: run as root");
	return -EOPNOTSUPP;
}

/* The manager would take a limit that it cannot enforce, and say nothing. */
static int check_delegated(int root_fd, const char *manager, const struct cgroup_plan *plan,
			   struct err *e)
{
	cleanup_fd int fd = cgroup_dir_open(root_fd, manager[0] ? manager + 1 : ".");
	char have[LIST_SIZE], host[LIST_SIZE] = "";
	ssize_t n = fd < 0 ? fd : cgroup_file_read(fd, "cgroup.controllers", have, sizeof(have));
	int r = 0;

	if (n < 0)
		return err_set(e, ERR_SYSTEM, (int)-n,
			       "look at the cgroup '%s' of the systemd user manager", manager);
	(void)cgroup_file_read(root_fd, "cgroup.controllers", host, sizeof(host)); /* else: none */
	for (size_t i = 0; r == 0 && i < plan->controllers.count; i++) {
		const struct cgroup_controller *c = &plan->controllers.items[i];

		if (!cgroup_text_has_word(have, c->name))
			r = err_keep(e, cgroup_text_has_word(host, c->name)
						? not_delegated(c, manager, e)
						: cgroup_controller_missing(c, "", 0, e));
	}
	return r;
}

static int plan_scope(int root_fd, struct cgroup_plan *plan, struct arena *a, struct err *e)
{
	cleanup_(systemd_bus_closep) struct systemd_bus *bus = NULL;
	const char *manager;
	int r = systemd_bus_open(SYSTEMD_USER, MANAGER_MS, &bus, e);

	if (r == 0)
		r = systemd_manager_cgroup(bus, a, &manager, e);
	if (r == 0)
		r = check_delegated(root_fd, manager, plan, e);
	if (r < 0)
		return r;
	plan->path =
		arena_printf(a, "%s%s/%s", manager, plan->systemd.slice_path, plan->systemd.unit);
	return plan->path ? 0 : out_of_memory(e);
}

int cgroup_plan_scope(int root_fd, enum cgroup_driver driver, struct cgroup_plan *plan,
		      struct arena *a, struct err *e)
{
	return driver == CGROUP_DRIVER_SYSTEMD_USER ? plan_scope(root_fd, plan, a, e) : 0;
}

/* ---- the driver ---- */

static int open_as(enum cgroup_driver driver, int root_fd, const char *path, unsigned made,
		   struct cgroup *ret, struct err *e)
{
	int r = cgroupfs_open(root_fd, path, made, ret, e);

	if (r == 0)
		ret->driver = driver;
	return r;
}

static int open_of_system(int root_fd, const char *path, unsigned made, struct cgroup *ret,
			  struct err *e)
{
	return open_as(CGROUP_DRIVER_SYSTEMD, root_fd, path, made, ret, e);
}

static int open_of_user(int root_fd, const char *path, unsigned made, struct cgroup *ret,
			struct err *e)
{
	return open_as(CGROUP_DRIVER_SYSTEMD_USER, root_fd, path, made, ret, e);
}

/* It is up; what is missing is the directory, which is where the manager says. */
static int find_scope(struct systemd_bus *bus, int root_fd, const struct cgroup_systemd *s,
		      struct cgroup *ret, struct err *e)
{
	cleanup_(arena_free) struct arena a = { 0 };
	cleanup_free char *path = NULL;
	const char *found;
	int r = systemd_scope_cgroup(bus, s->unit, &a, &found, e);

	if (r < 0)
		return r;
	path = strdup(found);
	if (!path)
		return out_of_memory(e);
	r = open_as(s->user ? CGROUP_DRIVER_SYSTEMD_USER : CGROUP_DRIVER_SYSTEMD, root_fd, path, 1,
		    ret, e);
	if (r == 0)
		ret->own_path = take_ptr(path);
	return r;
}

static int create_around(int root_fd, const struct cgroup_plan *plan, pid_t pid, struct cgroup *ret,
			 struct err *e)
{
	const struct cgroup_systemd *s = &plan->systemd;
	cleanup_(systemd_bus_closep) struct systemd_bus *bus = NULL;
	int r = systemd_bus_open(s->user ? SYSTEMD_USER : SYSTEMD_SYSTEM, MANAGER_MS, &bus, e);

	if (r == 0)
		r = systemd_scope_start(bus, s->unit, &s->properties, pid, e);
	if (r < 0)
		return r;
	r = find_scope(bus, root_fd, s, ret, e);
	/* controllers that have no property */
	if (r == 0) {
		struct cgroup_plan found = *plan;

		found.path = ret->path;
		r = cgroup_controllers_enable(root_fd, &found, e);
	}
	if (r < 0) {
		cgroup_close(ret);
		(void)systemd_scope_stop(bus, s->unit, false, NULL); /* the first error counts */
	}
	return r;
}

static int attach(const struct cgroup *cg, const char *below, pid_t pid, struct err *e)
{
	cleanup_(systemd_bus_closep) struct systemd_bus *bus = NULL;
	int r = systemd_bus_open(manager_of(cg->driver), MANAGER_MS, &bus, e);

	return r < 0 ? r : systemd_scope_attach(bus, unit_of(cg->path), below, pid, e);
}

/* Before anything is changed: may it be, as far as that can be told? */
static int check_update(struct systemd_bus *bus, int root_fd, const struct cgroup *cg,
			const struct cgroup_plan *after, struct arena *a, struct err *e)
{
	const char *manager;
	int r = cgroup_memory_check(cg, after, e);

	if (r < 0 || cg->driver != CGROUP_DRIVER_SYSTEMD_USER)
		return r;
	r = systemd_manager_cgroup(bus, a, &manager, e);
	return r < 0 ? r : check_delegated(root_fd, manager, after, e);
}

/*
 * The manager first: it rounds, and writes more than it was asked to. All files are written again behind it,
 * not only those that change.
 */
static int update(int root_fd, const struct cgroup *cg, const struct cgroup_plan *before,
		  const struct cgroup_plan *after, struct err *e)
{
	cleanup_(systemd_bus_closep) struct systemd_bus *bus = NULL;
	cleanup_(arena_free) struct arena a = { 0 };
	struct systemd_properties new = { 0 }, old = { 0 };
	struct cgroup_plan all = *after;
	int r = systemd_bus_open(manager_of(cg->driver), MANAGER_MS, &bus, e);

	if (r == 0)
		r = check_update(bus, root_fd, cg, after, &a, e);
	if (r < 0)
		return r;
	all.files.items = arena_array(&a, after->files.count + 1, sizeof(*all.files.items));
	if (!all.files.items || systemd_limits(before, &a, &old) < 0 ||
	    systemd_limits(after, &a, &new) < 0)
		return out_of_memory(e);
	for (size_t i = 0; i < after->files.count; i++) {
		all.files.items[i] = after->files.items[i];
		all.files.items[i].asked = true;
	}
	if (new.count)
		r = systemd_scope_set(bus, unit_of(cg->path), &new, e);
	if (r < 0)
		return r;
	r = cgroupfs_update(root_fd, cg, before, &all, e);
	if (r < 0 && old.count) { /* the first error counts */
		(void)systemd_scope_set(bus, unit_of(cg->path), &old, NULL);
		(void)cgroup_files_write(cg, before->files.items, before->files.count, NULL);
	}
	return r;
}

static bool is_gone(int root_fd, const char *path)
{
	cleanup_fd int fd = cgroup_dir_open(root_fd, path + 1);

	return fd < 0 && cgroup_errno_gone(fd);
}

/*
 * Nothing of the scope was ours when nothing was noted (made). A manager that has ended, as that of a user
 * does with the last login, has taken its cgroups with it.
 */
static int remove_scope(enum systemd_manager manager, int root_fd, const char *path, unsigned made,
			int timeout_ms, struct err *e)
{
	cleanup_(systemd_bus_closep) struct systemd_bus *bus = NULL;
	struct err late = ERR_INIT;
	int r;

	if (!made)
		return 0;
	r = systemd_bus_open(manager, timeout_ms, &bus, e);
	if (r == 0)
		r = systemd_scope_stop(bus, unit_of(path), true, e);
	else if (r != -ETIMEDOUT && r != -EOPNOTSUPP && is_gone(root_fd, path))
		return 0;
	if (r == 0)
		return cgroupfs_remove(root_fd, path, 1, timeout_ms, e);
	/* what the manager waits for in vain has a name */
	if (r == -ETIMEDOUT && bus && cgroupfs_remove(root_fd, path, 1, 0, &late) < 0)
		*e = late;
	return r;
}

static int remove_of_system(int root_fd, const char *path, unsigned made, int timeout_ms,
			    struct err *e)
{
	return remove_scope(SYSTEMD_SYSTEM, root_fd, path, made, timeout_ms, e);
}

static int remove_of_user(int root_fd, const char *path, unsigned made, int timeout_ms,
			  struct err *e)
{
	return remove_scope(SYSTEMD_USER, root_fd, path, made, timeout_ms, e);
}

const struct cgroup_driver_ops systemd_driver = {
	.create_around = create_around,
	.attach = attach,
	.open = open_of_system,
	.apply = cgroupfs_apply,
	.update = update,
	.freeze = cgroupfs_freeze,
	.kill = cgroupfs_kill,
	.remove = remove_of_system,
};

const struct cgroup_driver_ops systemd_user_driver = {
	.create_around = create_around,
	.attach = attach,
	.open = open_of_user,
	.apply = cgroupfs_apply,
	.update = update,
	.freeze = cgroupfs_freeze,
	.kill = cgroupfs_kill,
	.remove = remove_of_user,
};

#else

int cgroup_plan_scope(int root_fd, enum cgroup_driver driver, struct cgroup_plan *plan,
		      struct arena *a, struct err *e)
{
	(void)root_fd;
	(void)plan;
	(void)a;
	return cgroup_driver_check(driver, e);
}

#endif
