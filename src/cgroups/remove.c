// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Removing a cgroup: everything below it first, then itself, then what was made above it. Kills
 * nothing, and takes away no directory that was there before the container.
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "util/cleanup.h"

enum {
	RETRY_MS = 1
};

/* 1: gone, 0: busy. cgroupfs says EBUSY for processes and for cgroups below. */
static int child_remove(int parent_fd, const char *name)
{
	if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || cgroup_errno_gone(-errno))
		return 1;
	return errno == EBUSY || errno == ENOTEMPTY ? 0 : -errno;
}

static int walk_skip(int parent_fd, const char *name, void *ctx)
{
	(void)ctx; /* nothing to remember */
	return child_remove(parent_fd, name);
}

static int walk_leave(int parent_fd, const char *name, void *ctx)
{
	int r = child_remove(parent_fd, name);

	if (r == 0)
		*(bool *)ctx = true;
	return r;
}

/* One pass over everything below @fd; *@busy when something resisted. */
static int below_remove(int fd, bool *busy)
{
	static const struct cgroup_walk_ops ops = { .skip = walk_skip, .leave = walk_leave };

	*busy = false;
	return cgroup_walk(fd, &ops, busy);
}

static int still_busy(const struct cgroup *cg, struct err *e)
{
	char pids[512];

	cgroup_pids_describe(cg, false, pids, sizeof(pids));
	return err_set(e, ERR_STATE, EBUSY, "remove cgroup '%s', which still has %s", cg->path,
		       pids);
}

/*
 * Empty the opened leaf: wait for the processes to die, remove what is below. Passes are repeated
 * while something resists, because a process that was on its way out may have made one more cgroup.
 */
static int leaf_clear(const struct cgroup *cg, int64_t deadline, struct err *e)
{
	bool busy = true;

	while (busy) {
		int r = cgroup_events_wait(cg->fd, "populated", 0, deadline);

		if (r == 0)
			r = below_remove(cg->fd, &busy);
		if (r == -ETIMEDOUT || (r == 0 && busy && cgroup_deadline_left(deadline) == 0))
			return still_busy(cg, e);
		if (r < 0)
			return err_set(e, ERR_SYSTEM, -r, "remove what is below cgroup '%s'",
				       cg->path);
		if (busy)
			(void)poll(NULL, 0, RETRY_MS); /* only a pause */
	}
	return 0;
}

static int leaf_remove(int parent_fd, const struct cgroup *cg, int64_t deadline, struct err *e)
{
	const char *name = strrchr(cg->path, '/') + 1;

	while (true) {
		int r = child_remove(parent_fd, name);

		if (r < 0)
			return err_set(e, ERR_SYSTEM, -r, "remove cgroup '%s'", cg->path);
		if (r == 1)
			return 0;
		r = leaf_clear(cg, deadline, e);
		if (r < 0)
			return r;
		r = child_remove(parent_fd, name);
		if (r != 0)
			continue; /* gone, or the error comes again */
		if (cgroup_deadline_left(deadline) == 0)
			return still_busy(cg, e);
		(void)poll(NULL, 0, RETRY_MS); /* only a pause */
	}
}

/*
 * The leaf was there before us: leave it as we found it. Others may have moved processes into it since,
 * or made cgroups with processes below; these stay, and what they stand in.
 */
static int leaf_restore(const struct cgroup *cg, int64_t deadline, struct err *e)
{
	bool busy = true;
	int r = 0;

	while (r == 0 && busy) {
		uint64_t populated = 0;
		char text[256] = "";

		r = below_remove(cg->fd, &busy);
		(void)cgroup_file_read(cg->fd, "cgroup.events", text, sizeof(text));
		if (!busy || cgroup_deadline_left(deadline) == 0)
			break;
		/* alive means strangers; else what resists is about to let go */
		if (cgroup_text_number(text, "populated", &populated) && populated)
			break;
		(void)poll(NULL, 0, RETRY_MS); /* only a pause */
	}
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "remove what is below cgroup '%s'", cg->path);
	/* without the right to look for a program we have attached none */
	(void)cgroup_devices_attach(cg->fd, NULL, 0, true, NULL);
	return 0;
}

static int leaf_and_below(int root_fd, const char *path, unsigned made, int timeout_ms,
			  struct err *e)
{
	int64_t deadline = cgroup_deadline(timeout_ms);
	cleanup_fd int parent = cgroup_parent_open(root_fd, path);
	cleanup_(cgroup_close) struct cgroup cg = CGROUP_EMPTY;
	int r = 0;

	if (parent == -ENOENT)
		return 0;
	if (parent < 0)
		return err_set(e, ERR_SYSTEM, -parent, "open the cgroup above '%s'", path);
	/* the common case: nothing left in it, one call */
	if (made && child_remove(parent, strrchr(path, '/') + 1) == 1)
		return 0;
	cg = (struct cgroup){ CGROUP_DRIVER_CGROUPFS, path, made, -EBADF, NULL };
	cg.fd = cgroup_dir_open(parent, strrchr(path, '/') + 1);
	if (cg.fd < 0 && !cgroup_errno_gone(cg.fd))
		return err_set(e, ERR_SYSTEM, -cg.fd, "open cgroup '%s'", path);
	if (cg.fd >= 0)
		r = made ? leaf_remove(parent, &cg, deadline, e) : leaf_restore(&cg, deadline, e);
	return r;
}

/* What was made above the leaf, as far as nobody else needs it. */
static void ancestors_remove(int root_fd, const char *path, unsigned made)
{
	if (made > 1)
		cgroup_dirs_remove(root_fd, path, cgroup_parent_len(path), made - 1);
	if (strncmp(path, CGROUP_DEFAULT_PARENT "/", sizeof(CGROUP_DEFAULT_PARENT)) == 0)
		cgroup_dirs_remove(root_fd, path, sizeof(CGROUP_DEFAULT_PARENT) - 1, 1);
}

bool cgroupfs_remove_idle(int root_fd, const char *path, unsigned made)
{
	cleanup_fd int parent = made ? cgroup_parent_open(root_fd, path) : -EBADF;

	if (parent < 0 || child_remove(parent, strrchr(path, '/') + 1) != 1)
		return false;
	ancestors_remove(root_fd, path, made);
	return true;
}

int cgroupfs_remove(int root_fd, const char *path, unsigned made, int timeout_ms, struct err *e)
{
	int r = leaf_and_below(root_fd, path, made, timeout_ms, e);

	if (r == 0)
		ancestors_remove(root_fd, path, made);
	return r;
}
