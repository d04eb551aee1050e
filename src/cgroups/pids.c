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
#include "util/strbuf.h"

enum {
	CHUNK = 4096,
	DESCRIBED_MAX = 8,
	EXAMINED_MAX = 4096,
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

/* @name: cgroup.procs or cgroup.threads of one directory. */
static int list_read(int dir_fd, const char *name, struct collector *c)
{
	cleanup_fd int fd = cgroup_file_open(dir_fd, name, O_RDONLY);
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
		r = lines_take(c, buf, &len);
	}
	return r;
}

static int procs_read(int dir_fd, void *ctx)
{
	return list_read(dir_fd, "cgroup.procs", ctx);
}

static int threads_read(int dir_fd, void *ctx)
{
	return list_read(dir_fd, "cgroup.threads", ctx);
}

static int collect(const struct cgroup *cg, int (*read_list)(int dir_fd, void *ctx),
		   struct collector *c)
{
	const struct cgroup_walk_ops ops = { .enter = read_list };

	return cg->fd < 0 ? 0 : cgroup_walk(cg->fd, &ops, c);
}

int cgroup_pids_read(const struct cgroup *cg, struct cgroup_pids *ret, struct err *e)
{
	cleanup_(collector_free) struct collector c = { 0 };
	int r = collect(cg, procs_read, &c);

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

struct task {
	pid_t tid;
	char name[32], state, wchan[64]; /* what it hangs in; "-": unknown or running */
};

static void task_read(pid_t tid, struct task *ret)
{
	char stat[512], *name, *end;

	*ret = (struct task){ .tid = tid, .name = "?", .state = '?', .wchan = "-" };
	proc_file_read(tid, "stat", stat, sizeof(stat));
	proc_file_read(tid, "wchan", ret->wchan, sizeof(ret->wchan));
	if (!ret->wchan[0] || ret->wchan[0] == '0')
		(void)snprintf(ret->wchan, sizeof(ret->wchan), "-");
	name = strchr(stat, '(');
	end = strrchr(stat, ')');
	if (!name || !end || end[1] != ' ')
		return;
	ret->state = end[2];
	*end = '\0';
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name + 1);
}

/*
 * What the freezer of cgroup v2 counts as frozen: tasks in its trap, which compilers may put into its
 * caller, and stopped or traced ones.
 */
static bool task_is_frozen(const struct task *t)
{
	return strcmp(t->wchan, "do_freezer_trap") == 0 || strcmp(t->wchan, "get_signal") == 0 ||
	       t->state == 'T' || t->state == 't';
}

/* The tasks worth a name: all those that hang in the kernel, then others, as many as there is room. */
static size_t tasks_choose(const struct collector *c, bool unfrozen, struct task chosen[])
{
	size_t n = 0, stuck = 0;

	for (size_t i = 0; i < c->count && i < EXAMINED_MAX && stuck < DESCRIBED_MAX; i++) {
		struct task t;

		task_read(c->items[i], &t);
		if (unfrozen && task_is_frozen(&t))
			continue;
		if (t.state == 'D') {
			if (n < DESCRIBED_MAX)
				chosen[n++] = chosen[stuck];
			chosen[stuck++] = t;
		} else if (n < DESCRIBED_MAX) {
			chosen[n++] = t;
		}
	}
	return n;
}

/* @r: how collecting them went. */
static void describe(const struct collector *c, int r, bool unfrozen, char *buf, size_t size)
{
	struct strbuf out = STRBUF_OVER(buf, size);
	struct task chosen[DESCRIBED_MAX];
	size_t n;

	if (r < 0 || c->count == 0) {
		strbuf_adds(&out, r < 0 ? "unknown processes" : "no process");
		return;
	}
	n = tasks_choose(c, unfrozen, chosen);
	if (n == 0) /* they froze while we looked: then any will do */
		n = tasks_choose(c, false, chosen);
	for (size_t i = 0; i < n; i++)
		strbuf_addf(&out, "%s%d (%s, %c, %s)", i ? ", " : "", (int)chosen[i].tid,
			    chosen[i].name, chosen[i].state, chosen[i].wchan);
	if (c->count > n)
		strbuf_addf(&out, " and %zu more", c->count - n);
}

void cgroup_pids_describe(const struct cgroup *cg, bool unfrozen, char *buf, size_t size)
{
	cleanup_(collector_free) struct collector c = { 0 };
	int r = collect(cg, threads_read, &c);

	describe(&c, r, unfrozen, buf, size);
}

void cgroup_pids_describe_own(int dir_fd, char *buf, size_t size)
{
	cleanup_(collector_free) struct collector c = { 0 };
	int r = list_read(dir_fd, "cgroup.procs", &c);

	describe(&c, r, false, buf, size);
}
