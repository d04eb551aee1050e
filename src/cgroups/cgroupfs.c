// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cgroupfs driver: making the directories of a cgroup, opening an existing one, and undoing
 * what was made when a later step fails. Writes no limits; those are apply.c's.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cgroups/internal.h"
#include "util/cleanup.h"

/* Someone else removes the (empty) parent between our steps; each new try finds it afresh. */
enum {
	RACE_TRIES = 1024, /* others may remove the shared parent as often as they like */
	DIR_MODE = 0755
};

/* @len bytes of @path without the leading slash, "." when that is nothing. */
static void path_prefix(const char *path, size_t len, char *buf, size_t size)
{
	if (len <= 1)
		(void)snprintf(buf, size, ".");
	else
		(void)snprintf(buf, size, "%.*s", (int)len - 1, path + 1);
}

size_t cgroup_parent_len(const char *path)
{
	return (size_t)(strrchr(path, '/') - path);
}

int cgroup_parent_open(int root_fd, const char *path)
{
	char prefix[PATH_MAX];

	path_prefix(path, cgroup_parent_len(path), prefix, sizeof(prefix));
	return cgroup_dir_open(root_fd, prefix);
}

void cgroup_dirs_remove(int root_fd, const char *path, size_t len, unsigned count)
{
	char dir[PATH_MAX];

	(void)snprintf(dir, sizeof(dir), "%.*s", (int)len, path);
	while (count-- > 0 && dir[0]) {
		char *slash = strrchr(dir, '/');
		bool top = slash == dir;
		cleanup_fd int fd = top ? -EBADF : cgroup_parent_open(root_fd, dir);

		/* busy: others use it now; gone: others removed it; both are as it should be */
		if (top || fd >= 0)
			(void)unlinkat(top ? root_fd : fd, slash + 1, AT_REMOVEDIR);
		*slash = '\0';
	}
}

static int report(struct err *e, int r, const char *what, const char *path, size_t len)
{
	(void)err_set(e, ERR_SYSTEM, -r, "%s cgroup '%.*s'", what, (int)len, path);
	if (r == -EAGAIN)
		err_hint(e, "cgroup.max.descendants or cgroup.max.depth of an ancestor is reached");
	return r;
}

/* Step from @dir_fd into the child that is the last component of @path[0..@len), making it. */
static int child_make(int dir_fd, const char *path, size_t start, size_t len, unsigned *made,
		      struct err *e)
{
	char name[NAME_MAX + 1];
	bool exists;
	int fd;

	(void)snprintf(name, sizeof(name), "%.*s", (int)(len - start), path + start);
	fd = cgroup_dir_open(dir_fd, name);
	if (fd >= 0) {
		*made = 0; /* only an unbroken row of new directories counts */
		return fd;
	}
	if (fd != -ENOENT)
		return report(e, fd, "open", path, len);
	exists = mkdirat(dir_fd, name, DIR_MODE) < 0;
	if (exists && errno != EEXIST)
		return report(e, -errno, "create", path, len);
	fd = cgroup_dir_open(dir_fd, name);
	if (fd < 0) {
		if (!exists)
			(void)unlinkat(dir_fd, name, AT_REMOVEDIR); /* the first error counts */
		return report(e, fd, "open", path, len);
	}
	*made = exists ? 0 : *made + 1;
	return fd;
}

/* Open the leaf's parent, making what is missing and enabling the controllers on the way down. */
static int parent_make(int root_fd, const struct cgroup_plan *plan, unsigned *made, struct err *e)
{
	const char *path = plan->path;
	cleanup_fd int cur = cgroup_dir_open(root_fd, ".");
	size_t at = 0;

	if (cur < 0)
		return report(e, cur, "open", "/", 1);
	while (true) {
		size_t end = at + 1 + strcspn(path + at + 1, "/");
		int r = cgroup_controllers_enable_in(cur, path, at, plan, e);

		if (r == 0 && path[end] == '\0')
			return take_fd(&cur);
		if (r == 0)
			r = child_make(cur, path, at + 1, end, made, e);
		if (r < 0) {
			cgroup_dirs_remove(root_fd, path, at, *made);
			return r;
		}
		close_fd(&cur);
		cur = r;
		at = end;
	}
}

int cgroup_leaf_check(int fd, const char *path, struct err *e)
{
	struct stat st;
	uint64_t populated = 0, frozen = 0;
	char text[256];
	const char *what = NULL;
	ssize_t n = cgroup_file_read(fd, "cgroup.events", text, sizeof(text));

	if (n < 0)
		return report(e, (int)n, "inspect", path, strlen(path));
	(void)cgroup_text_number(text, "populated", &populated);
	(void)cgroup_text_number(text, "frozen", &frozen);
	if (populated)
		what = "has processes";
	else if (frozen)
		what = "is frozen";
	else if (fstat(fd, &st) == 0 && st.st_nlink > 2)
		what = "has cgroups below it";
	if (!what)
		return 0;
	err_set(e, ERR_STATE, EBUSY, "cgroup '%s' already exists and %s", path, what);
	err_hint(e, "a container needs one of its own: choose another id or linux.cgroupsPath");
	return -EBUSY;
}

static int leaf_make(int parent_fd, const char *path, unsigned *made, struct err *e)
{
	const char *name = strrchr(path, '/') + 1;
	cleanup_fd int fd = -EBADF;
	bool exists = false;
	int r;

	if (mkdirat(parent_fd, name, DIR_MODE) < 0) {
		if (errno != EEXIST)
			return report(e, -errno, "create", path, strlen(path));
		exists = true;
	}
	fd = cgroup_dir_open(parent_fd, name);
	if (fd < 0) {
		if (!exists)
			(void)unlinkat(parent_fd, name, AT_REMOVEDIR); /* the first error counts */
		return report(e, fd, "open", path, strlen(path));
	}
	*made = exists ? 0 : *made + 1;
	r = exists ? cgroup_leaf_check(fd, path, e) : 0;
	return r < 0 ? r : take_fd(&fd);
}

static int create_once(int root_fd, const struct cgroup_plan *plan, struct cgroup *ret,
		       struct err *e)
{
	const char *path = plan->path;
	cleanup_fd int parent = -EBADF;
	unsigned made = 0;
	int r;

	if (plan->controllers.count == 0 && !plan->handover.set)
		parent = cgroup_parent_open(root_fd, path);
	if (parent < 0)
		parent = parent_make(root_fd, plan, &made, e);
	if (parent < 0)
		return parent;
	r = leaf_make(parent, path, &made, e);
	if (r < 0) {
		cgroup_dirs_remove(root_fd, path, cgroup_parent_len(path), made);
		return r;
	}
	*ret = (struct cgroup){ CGROUP_DRIVER_CGROUPFS, path, made, r, NULL };
	return 0;
}

int cgroupfs_create(int root_fd, const struct cgroup_plan *plan, struct cgroup *ret, struct err *e)
{
	int r = -ENOENT;

	for (int i = 0; cgroup_errno_gone(r) && i < RACE_TRIES; i++)
		r = create_once(root_fd, plan, ret, e);
	return r;
}

int cgroupfs_open(int root_fd, const char *path, unsigned made, struct cgroup *ret, struct err *e)
{
	int fd = cgroup_dir_open(root_fd, path[path[0] == '/'] ? path + (path[0] == '/') : ".");

	if (fd < 0)
		return report(e, fd, "open", path, strlen(path));
	*ret = (struct cgroup){ CGROUP_DRIVER_CGROUPFS, path, made, fd, NULL };
	return 0;
}

unsigned cgroup_missing(int root_fd, const char *path)
{
	size_t len = strlen(path);
	unsigned missing = 0;
	char part[PATH_MAX];

	if (len >= sizeof(part))
		return 0;
	memcpy(part, path, len + 1);
	while (len > 1) {
		int fd = cgroup_dir_open(root_fd, part + 1);

		if (fd >= 0)
			(void)close(fd);
		if (fd != -ENOENT)
			break;
		missing++;
		len = cgroup_parent_len(part);
		part[len] = '\0';
	}
	return missing;
}
