// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Would cgroup_create go well? Reads the tree, and asks for permissions as the effective user; writes
 * nothing. What only a write can tell (values that the kernel rejects) stays unknown.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "util/cleanup.h"

enum {
	LIST_SIZE = 1024
};

static bool may_write(int dir_fd, const char *name)
{
	return faccessat(dir_fd, name, W_OK, AT_EACCESS) == 0;
}

/* Each controller that this host does not have at all. */
static int probe_controllers(int root_fd, const struct cgroup_plan *plan, struct err *e)
{
	char have[LIST_SIZE];
	ssize_t n = cgroup_file_read(root_fd, "cgroup.controllers", have, sizeof(have));
	int r = 0;

	if (n < 0)
		have[0] = '\0';
	for (size_t i = 0; r == 0 && i < plan->controllers.count; i++)
		if (!cgroup_text_has_word(have, plan->controllers.items[i].name))
			r = err_keep(e, cgroup_controller_missing(&plan->controllers.items[i], "",
								  0, e));
	return r;
}

/* A controller that the host has, but that nobody lets us have below the directory @dir_fd. */
static int probe_delegation(int dir_fd, const char *path, size_t len,
			    const struct cgroup_plan *plan, struct err *e)
{
	char have[LIST_SIZE], enabled[LIST_SIZE];
	int r = 0;

	if (cgroup_file_read(dir_fd, "cgroup.controllers", have, sizeof(have)) < 0 ||
	    cgroup_file_read(dir_fd, "cgroup.subtree_control", enabled, sizeof(enabled)) < 0 ||
	    may_write(dir_fd, "cgroup.subtree_control"))
		return 0;
	for (size_t i = 0; r == 0 && i < plan->controllers.count; i++) {
		const struct cgroup_controller *c = &plan->controllers.items[i];

		if (!cgroup_text_has_word(have, c->name) || cgroup_text_has_word(enabled, c->name))
			continue;
		r = err_set(e, ERR_SYSTEM, EACCES,
			    "cgroup controller '%s' is not delegated below cgroup '%.*s'", c->name,
			    len ? (int)len : 1, len ? path : "/");
		err_origin(e, "config.json %s", c->origin);
		err_hint(e, "run as root, or let the administrator delegate it");
		r = err_keep(e, r);
	}
	return r;
}

static int probe_leaf(int dir_fd, const char *path, struct err *e)
{
	int r = cgroup_leaf_check(dir_fd, path, e);

	if (r < 0)
		err_origin(e, "config.json /linux/cgroupsPath");
	return err_keep(e, r);
}

static int probe_missing(int dir_fd, const char *path, struct err *e)
{
	int r;

	if (may_write(dir_fd, "."))
		return 0;
	r = err_set(e, ERR_SYSTEM, EACCES, "create cgroup '%s'", path);
	err_origin(e, "config.json /linux/cgroupsPath");
	return err_keep(e, r);
}

/* hugetlb.2MB.max: the files are named after the page sizes of the host. */
static bool lacks_page_size(const struct cgroup_file *f)
{
	unsigned long long size;
	char unit, path[80];

	if (f->need == CGROUP_OPTIONAL || sscanf(f->name, "hugetlb.%llu%cB.", &size, &unit) != 2)
		return false;
	size <<= unit == 'G' ? 20 : unit == 'M' ? 10 : 0;
	(void)snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%llukB", size);
	return access(path, F_OK) < 0;
}

/* "8:0 rbps=5": the kernel takes only block devices that it has. */
static bool lacks_device(const struct cgroup_file *f)
{
	unsigned major, minor;
	char path[64];

	if (!f->controller || strcmp(f->controller, "io") != 0 ||
	    sscanf(f->value, "%u:%u ", &major, &minor) != 2)
		return false;
	(void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major, minor);
	return access(path, F_OK) < 0;
}

static int probe_values(const struct cgroup_plan *plan, struct err *e)
{
	const struct cgroup cg = { .path = plan->path, .fd = -EBADF };
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->files.count; i++) {
		const struct cgroup_file *f = &plan->files.items[i];
		int missing = lacks_page_size(f) ? -ENOENT : lacks_device(f) ? -ENODEV : 0;

		if (missing)
			r = err_keep(e, cgroup_file_refused(&cg, f, missing, e));
		if (f->need == CGROUP_ALTERNATIVE)
			i++; /* the next one is the same in other words */
	}
	return r;
}

int cgroup_probe(int root_fd, const struct cgroup_plan *plan, struct err *e)
{
	const char *path = plan->path;
	cleanup_fd int cur = cgroup_dir_open(root_fd, ".");
	int r = probe_controllers(root_fd, plan, e);
	size_t at = 0;

	if (r == 0)
		r = probe_values(plan, e);

	while (r == 0 && cur >= 0 && path && path[at]) {
		size_t end = at + 1 + strcspn(path + at + 1, "/");
		char name[NAME_MAX + 1];
		int next;

		r = probe_delegation(cur, path, at, plan, e);
		(void)snprintf(name, sizeof(name), "%.*s", (int)(end - at - 1), path + at + 1);
		next = cgroup_dir_open(cur, name);
		if (r == 0 && next == -ENOENT)
			return probe_missing(cur, path, e);
		close_fd(&cur);
		cur = next;
		at = end;
	}
	return r == 0 && cur >= 0 && path ? probe_leaf(cur, path, e) : r;
}
