// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The systemd driver. The manager makes and removes the directory and keeps the limits that it knows; the
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

	if (driver != CGROUP_DRIVER_SYSTEMD)
		return 0;
	r = systemd_emit_unit(spec->linux_.cgroups_path, id, a, s, e);
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

/* The path of a scope ends in its name. */
static const char *unit_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

static int open_scope(int root_fd, const char *path, unsigned made, struct cgroup *ret,
		      struct err *e)
{
	int r = cgroupfs_open(root_fd, path, made, ret, e);

	if (r == 0)
		ret->driver = CGROUP_DRIVER_SYSTEMD;
	return r;
}

/* It is up; what is missing is the directory, which is where the manager says. */
static int find_scope(struct systemd_bus *bus, int root_fd, const char *unit, struct cgroup *ret,
		      struct err *e)
{
	cleanup_(arena_free) struct arena a = { 0 };
	cleanup_free char *path = NULL;
	const char *found;
	int r = systemd_scope_cgroup(bus, unit, &a, &found, e);

	if (r < 0)
		return r;
	path = strdup(found);
	if (!path)
		return out_of_memory(e);
	r = open_scope(root_fd, path, 1, ret, e);
	if (r == 0)
		ret->own_path = take_ptr(path);
	return r;
}

static int create_around(int root_fd, const struct cgroup_plan *plan, pid_t pid, struct cgroup *ret,
			 struct err *e)
{
	const struct cgroup_systemd *s = &plan->systemd;
	cleanup_(systemd_bus_closep) struct systemd_bus *bus = NULL;
	int r = systemd_bus_open(&bus, e);

	if (r == 0)
		r = systemd_scope_start(bus, s->unit, &s->properties, pid, e);
	if (r < 0)
		return r;
	r = find_scope(bus, root_fd, s->unit, ret, e);
	/* controllers that have no property */
	if (r == 0) {
		struct cgroup_plan found = *plan;

		found.path = ret->path;
		r = cgroup_controllers_enable(root_fd, &found, e);
	}
	if (r < 0) {
		cgroup_close(ret);
		(void)systemd_scope_stop(bus, s->unit, 0, NULL); /* the first error counts */
	}
	return r;
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
	int r = cgroup_memory_check(cg, after, e); /* nothing is to change if this fails */

	if (r == 0)
		r = systemd_bus_open(&bus, e);
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

/* Nothing of the scope was ours when nothing was noted (made). */
static int remove_scope(int root_fd, const char *path, unsigned made, int timeout_ms, struct err *e)
{
	cleanup_(systemd_bus_closep) struct systemd_bus *bus = NULL;
	int r;

	if (!made)
		return 0;
	r = systemd_bus_open(&bus, e);
	if (r == 0)
		r = systemd_scope_stop(bus, unit_of(path), timeout_ms, e);
	return r < 0 ? r : cgroupfs_remove(root_fd, path, 1, timeout_ms, e);
}

const struct cgroup_driver_ops systemd_driver = {
	.create_around = create_around,
	.open = open_scope,
	.apply = cgroupfs_apply,
	.update = update,
	.freeze = cgroupfs_freeze,
	.kill = cgroupfs_kill,
	.remove = remove_scope,
};

#endif
