// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which processes are in a cgroup and below, and a short description of them for messages. Numbers
 * may be stale the moment they are read: who wants to signal them opens a pidfd and looks again.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "util/cleanup.h"

enum {
	CHUNK = 4096,
	DESCRIBED_MAX = 8,
	PIDS_MAX = 4 * 1024 * 1024
};

struct collector {
	pid_t *items;
	size_t count, cap;
};

static void collector_free(struct collector *c)
{
	free(c->items);
}

static int collector_add(struct collector *c, long long pid)
{
	if (pid <= 0) /* not visible in our pid namespace */
		return 0;
	if (c->count == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 64;
		pid_t *items = cap > PIDS_MAX ? NULL : realloc(c->items, cap * sizeof(*items));

		if (!items)
			return -ENOMEM;
		c->items = items;
		c->cap = cap;
	}
	c->items[c->count++] = (pid_t)pid;
	return 0;
}

/* Take the finished lines out of @buf; the rest of an unfinished one moves to the front. */
static int lines_take(struct collector *c, char *buf, size_t *len)
{
	char *line = buf, *end;
	int r = 0;

	buf[*len] = '\0';
	while (r == 0 && (end = strchr(line, '\n'))) {
		r = collector_add(c, strtoll(line, NULL, 10));
		line = end + 1;
	}
	*len -= (size_t)(line - buf);
	memmove(buf, line, *len);
	return r;
}

static int procs_read(int dir_fd, void *ctx)
{
	cleanup_fd int fd = cgroup_file_open(dir_fd, "cgroup.procs", O_RDONLY);
	char buf[CHUNK + 1];
	size_t len = 0;
	ssize_t n;
	int r = 0;

	if (fd < 0)
		return fd;
	while (r == 0 && (n = read(fd, buf + len, CHUNK - len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		/* threaded cgroups have no list: their domain shows the processes */
		if (n < 0)
			return errno == EOPNOTSUPP ? 0 : -errno;
		len += (size_t)n;
		r = lines_take(ctx, buf, &len);
	}
	return r;
}

static int collect(const struct cgroup *cg, struct collector *c)
{
	static const struct cgroup_walk_ops ops = { .enter = procs_read };

	return cg->driver == CGROUP_DRIVER_NONE ? 0 : cgroup_walk(cg->fd, &ops, c);
}

int cgroup_pids_read(const struct cgroup *cg, struct cgroup_pids *ret, struct err *e)
{
	cleanup_(collector_free) struct collector c = { 0 };
	int r = collect(cg, &c);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "list the processes of cgroup '%s'", cg->path);
	*ret = (struct cgroup_pids){ c.items, c.count };
	c.items = NULL;
	return 0;
}

static void proc_file_read(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[64];
	cleanup_fd int fd = -EBADF;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, size - 1);
	buf[n > 0 ? n : 0] = '\0'; /* it ended meanwhile: nothing to tell */
}

/* "12 (sleep, D, nfs_wait)": who it is and what it hangs in. */
static size_t describe_one(pid_t pid, char *buf, size_t size)
{
	char stat[512], wchan[64], state = '?';
	char *name, *end;

	proc_file_read(pid, "stat", stat, sizeof(stat));
	proc_file_read(pid, "wchan", wchan, sizeof(wchan));
	name = strchr(stat, '(');
	end = strrchr(stat, ')');
	if (name && end && end[1] == ' ') {
		state = end[2];
		*end = '\0';
	}
	return (size_t)snprintf(buf, size, "%d (%s, %c, %s)", (int)pid,
				name && end ? name + 1 : "?", state,
				wchan[0] && wchan[0] != '0' ? wchan : "-");
}

void cgroup_pids_describe(const struct cgroup *cg, char *buf, size_t size)
{
	cleanup_(collector_free) struct collector c = { 0 };
	int r = collect(cg, &c);
	size_t n = 0;

	if (r < 0 || c.count == 0) {
		(void)snprintf(buf, size, "%s", r < 0 ? "unknown processes" : "no process");
		return;
	}
	for (size_t i = 0; i < c.count && i < DESCRIBED_MAX && n < size; i++) {
		n += (size_t)snprintf(buf + n, size - n, "%s", i ? ", " : "");
		if (n < size)
			n += describe_one(c.items[i], buf + n, size - n);
	}
	if (c.count > DESCRIBED_MAX && n < size)
		(void)snprintf(buf + n, size - n, " and %zu more", c.count - DESCRIBED_MAX);
}
