// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Enabling controllers from the root down to the leaf's parent (cgroup.subtree_control), and saying
 * why one is not to be had. Only what the plan needs is enabled, and nothing is ever disabled:
 * others may have come to rely on it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "util/cleanup.h"

enum {
	LIST_SIZE = 1024,
	PIDS_SIZE = 512
};

/*
 * /proc/cgroups: "name hierarchy cgroups enabled"; a hierarchy other than 0 is a v1 mount. A
 * failing read leaves both false: the sentence is then less precise.
 */
static void v1_state(const char *controller, bool *bound, bool *disabled)
{
	const char *name = strcmp(controller, "io") == 0 ? "blkio" : controller;
	char line[256], word[64];
	int hierarchy, count, enabled;
	FILE *f = fopen("/proc/cgroups", "re");

	*bound = *disabled = false;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %d %d %d", word, &hierarchy, &count, &enabled) != 4 ||
		    strcmp(word, name) != 0)
			continue;
		*bound = hierarchy != 0;
		*disabled = enabled == 0;
	}
	if (f)
		(void)fclose(f); /* read only: nothing to lose */
}

int cgroup_controller_missing(const struct cgroup_controller *c, const char *path, size_t len,
			      struct err *e)
{
	bool bound, disabled;
	int r;

	v1_state(c->name, &bound, &disabled);
	if (!bound && !disabled && len > 0) {
		r = err_set(e, ERR_SYSTEM, EOPNOTSUPP,
			    "cgroup controller '%s' is not delegated to cgroup '%.*s'", c->name,
			    (int)len, path);
		err_hint(e, "enable it in cgroup.subtree_control of the cgroup above");
	} else {
		r = err_set(e, ERR_SYSTEM, EOPNOTSUPP, "cgroup controller '%s' %s", c->name,
			    bound      ? "is bound to cgroup v1 on this host"
			    : disabled ? "is disabled on this host"
				       : "is not available in the cgroup v2 tree");
	}
	err_origin(e, "config.json %s", c->origin);
	if (bound)
		err_hint(e, "boot with systemd.unified_cgroup_hierarchy=1 or cgroup_no_v1=all");
	else if (disabled)
		err_hint(e, "boot without cgroup_disable=%s", c->name);
	return r;
}

/* All controllers of the plan that @enabled lacks, as "+cpu +memory". Empty: nothing to do. */
static void missing_list(const struct cgroup_plan *plan, const char *enabled, char *buf,
			 size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < plan->controllers.count && n < size; i++) {
		const char *name = plan->controllers.items[i].name;

		if (!cgroup_text_has_word(enabled, name))
			n += (size_t)snprintf(buf + n, size - n, "%s+%s", n ? " " : "", name);
	}
}

static int enable_refused(int r, const char *list, const char *path, size_t len, struct err *e)
{
	(void)err_set(e, ERR_SYSTEM, -r, "enable controllers '%s' below cgroup '%.*s'%s", list,
		      len ? (int)len : 1, len ? path : "/",
		      r == -EOPNOTSUPP ? ", which is threaded" : "");
	return r;
}

/*
 * A threaded cgroup could have both, but not all controllers, nor a container that can be moved or killed as
 * one: nothing here ever becomes one. Whoever put the processes there has to decide.
 */
static int occupied(int dir_fd, const char *list, const char *path, size_t len, struct err *e)
{
	char pids[PIDS_SIZE];

	cgroup_pids_describe_own(dir_fd, pids, sizeof(pids));
	(void)err_set(
		e, ERR_STATE, 0,
		"enable controllers '%s' below cgroup '%.*s', which has processes of its own: "
		"%s",
		list, len ? (int)len : 1, len ? path : "/", pids);
	err_hint(e, "move them into a cgroup below it, or give the container another "
		    "linux.cgroupsPath");
	return -EBUSY;
}

bool cgroup_is_occupied(int dir_fd)
{
	char text[16];

	/* the root of the whole tree, the only one without this file, may have both */
	if (faccessat(dir_fd, "cgroup.type", F_OK, 0) < 0)
		return false;
	return cgroup_file_read(dir_fd, "cgroup.procs", text, sizeof(text)) > 0;
}

int cgroup_controllers_enable_in(int dir_fd, const char *path, size_t len,
				 const struct cgroup_plan *plan, struct err *e)
{
	char have[LIST_SIZE], missing[LIST_SIZE];
	ssize_t r;

	if (plan->handover.set)
		cgroup_controllers_offer_in(dir_fd);
	if (plan->controllers.count == 0)
		return 0;
	r = cgroup_file_read(dir_fd, "cgroup.subtree_control", have, sizeof(have));
	if (r < 0)
		return enable_refused((int)r, "", path, len, e);
	missing_list(plan, have, missing, sizeof(missing));
	if (!missing[0])
		return 0;
	r = cgroup_file_read(dir_fd, "cgroup.controllers", have, sizeof(have));
	if (r < 0)
		return enable_refused((int)r, missing, path, len, e);
	for (size_t i = 0; i < plan->controllers.count; i++)
		if (!cgroup_text_has_word(have, plan->controllers.items[i].name))
			return cgroup_controller_missing(&plan->controllers.items[i], path, len, e);
	if (cgroup_is_occupied(dir_fd))
		return occupied(dir_fd, missing, path, len, e);
	r = cgroup_file_write(dir_fd, "cgroup.subtree_control", missing);
	if (r == -EBUSY) /* they came while we looked */
		return occupied(dir_fd, missing, path, len, e);
	return r < 0 ? enable_refused((int)r, missing, path, len, e) : 0;
}

int cgroup_controllers_enable(int root_fd, const struct cgroup_plan *plan, struct err *e)
{
	const char *path = plan->path;
	cleanup_fd int cur = cgroup_dir_open(root_fd, ".");
	char name[256];
	size_t at = 0;

	while (cur >= 0) {
		size_t end = at + 1 + strcspn(path + at + 1, "/");
		int r = cgroup_controllers_enable_in(cur, path, at, plan, e);

		if (r < 0 || path[end] == '\0')
			return r;
		(void)snprintf(name, sizeof(name), "%.*s", (int)(end - at - 1), path + at + 1);
		r = cgroup_dir_open(cur, name);
		close_fd(&cur);
		cur = r;
		at = end;
	}
	return err_set(e, ERR_SYSTEM, -cur, "open the cgroups above '%s'", path);
}
