// SPDX-License-Identifier: GPL-2.0-or-later
/* Preflight: which tasks there are, and what of their states and namespaces CRIU cannot save. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint/preflight_internal.h"
#include "container/members.h"
#include "container/process.h"
#include "util/cleanup.h"
#include "util/io.h"

enum {
	DECIMAL = 10
};

static const char *const namespaces[PREFLIGHT_NS_COUNT] = {
	[PREFLIGHT_NS_USER] = "user", [PREFLIGHT_NS_PID] = "pid", [PREFLIGHT_NS_MNT] = "mnt",
	[PREFLIGHT_NS_NET] = "net",   [PREFLIGHT_NS_IPC] = "ipc", [PREFLIGHT_NS_UTS] = "uts",
	[PREFLIGHT_NS_TIME] = "time",
};

static void read_namespaces(int dir, ino_t ns[PREFLIGHT_NS_COUNT])
{
	for (size_t i = 0; i < PREFLIGHT_NS_COUNT; i++) {
		char name[32];
		struct stat st;

		(void)snprintf(name, sizeof(name), "ns/%s", namespaces[i]);
		ns[i] = fstatat(dir, name, &st, 0) == 0 ? st.st_ino : 0;
	}
}

static struct preflight_task *find(const struct preflight_scan *s, pid_t pid)
{
	for (size_t i = 0; i < s->task_count; i++)
		if (s->tasks[i].pid == pid)
			return &s->tasks[i];
	return NULL;
}

/* NULL: it is gone, or memory is (s->error). */
static struct preflight_task *add(struct preflight_scan *s, pid_t pid)
{
	struct preflight_task *task = find(s, pid), t = { .pid = pid };
	cleanup_free char *status = NULL;
	char path[32];

	if (task)
		return task;
	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	t.dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	status = t.dir >= 0 ? preflight_read(t.dir, "status") : NULL;
	if (!status || io_read_line(t.dir, "comm", t.comm, sizeof(t.comm)) < 0) {
		cleanup_close_fd(&t.dir);
		return NULL;
	}
	proc_parse_status(status, &t.status);
	read_namespaces(t.dir, t.ns);
	if (s->task_count == s->task_room) {
		size_t room = s->task_room ? 2 * s->task_room : 16;
		struct preflight_task *tasks = reallocarray(s->tasks, room, sizeof(*tasks));

		if (!tasks) {
			cleanup_close_fd(&t.dir);
			s->error = -ENOMEM;
			return NULL;
		}
		s->tasks = tasks;
		s->task_room = room;
	}
	s->tasks[s->task_count] = t;
	return &s->tasks[s->task_count++];
}

static void close_directory(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

static DIR *open_threads(int dir)
{
	int fd = openat(dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (!d && fd >= 0)
		(void)close(fd);
	return d;
}

/* The next thread; NULL at the end. */
static const char *next_thread(DIR *d)
{
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			return entry->d_name;
	return NULL;
}

static void add_children_of_thread(struct preflight_scan *s, int dir, const char *tid)
{
	cleanup_free char *list = NULL;
	char name[64];

	(void)snprintf(name, sizeof(name), "task/%.16s/children", tid);
	list = preflight_read(dir, name);
	for (char *p = list; p && *p >= '1' && *p <= '9';) {
		struct preflight_task *child = add(s, (pid_t)strtol(p, &p, DECIMAL));

		if (child)
			child->in_tree = true;
		p += strspn(p, " ");
	}
}

static void add_children(struct preflight_scan *s, int dir)
{
	cleanup_(close_directory) DIR *threads = open_threads(dir);
	const char *tid;

	while ((tid = next_thread(threads)))
		add_children_of_thread(s, dir, tid);
}

/* Init first, then its descendants: s->tasks grows while it is walked. */
static int collect_tree(struct preflight_scan *s, struct err *e)
{
	struct preflight_task *init = add(s, s->c->record.init.pid);

	if (!init && s->error == 0)
		return preflight_ended(e);
	if (!init)
		return err_set(e, ERR_SYSTEM, ENOMEM, "look at the container's init");
	init->in_tree = true;
	for (size_t i = 0; i < s->task_count; i++)
		add_children(s, s->tasks[i].dir);
	return 0;
}

static bool is_child(const struct preflight_scan *s, const struct preflight_task *t)
{
	if (t->status.parent == 0)
		return true; /* it is being reaped */
	for (size_t i = 0; i < s->task_count; i++)
		if (s->tasks[i].in_tree && s->tasks[i].pid == t->status.parent)
			return true;
	return false;
}

/*
 * Processes that were made while the tree was walked are in the cgroup only, and the lists of children are not reliable
 * while processes come and go (proc(5)): their parents tell.
 */
static void adopt_newcomers(struct preflight_scan *s)
{
	for (bool changed = true; changed;) {
		changed = false;
		for (size_t i = 0; i < s->task_count; i++) {
			if (s->tasks[i].in_tree || !is_child(s, &s->tasks[i]))
				continue;
			s->tasks[i].in_tree = changed = true;
		}
	}
}

/*
 * In a cgroup that was there before ctr may be others, in other pid namespaces: what they have is none of the
 * container's, and they stay.
 */
static void forget_strangers(struct preflight_scan *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->task_count; i++) {
		struct preflight_task *t = &s->tasks[i];

		if (t->in_tree || s->c->record.cgroup_made || t->ns[PREFLIGHT_NS_PID] == 0 ||
		    t->ns[PREFLIGHT_NS_PID] == preflight_init(s)->ns[PREFLIGHT_NS_PID])
			s->tasks[kept++] = *t;
		else
			cleanup_close_fd(&t->dir);
	}
	s->task_count = kept;
}

static void free_pids(struct cgroup_pids *p)
{
	free(p->items);
}

int preflight_collect(struct preflight_scan *s, struct err *e)
{
	cleanup_(free_pids) struct cgroup_pids pids = { 0 };
	cleanup_fd int own = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC), pidfd = -EBADF;
	int r = process_open(&s->c->record.init, &pidfd);

	if (r == -ESRCH)
		return preflight_ended(e);
	if (r < 0)
		return err_set(e, ERR_STATE, -r, "look at the container's init");
	if (own >= 0)
		read_namespaces(own, s->host_ns);
	r = collect_tree(s, e);
	if (r == 0)
		r = container_pids_read(s->c, &pids, e);
	for (size_t i = 0; r == 0 && i < pids.count; i++) {
		struct preflight_task *task = add(s, pids.items[i]);

		if (task)
			task->in_cgroup = true;
	}
	adopt_newcomers(s);
	forget_strangers(s);
	return r;
}

/* ---- what is looked at ---- */

/* Asked again: who was born meanwhile, or has ended and was not waited for, is not in the list of the cgroup. */
static bool is_elsewhere(const struct preflight_scan *s, const struct preflight_task *t)
{
	const char *own = s->c->record.cgroup_path;
	size_t len = strlen(own);
	char path[4096];

	return process_cgroup(t->pid, path, sizeof(path)) == 0 &&
	       (strncmp(path, own, len) != 0 || (path[len] && path[len] != '/'));
}

static void look_at_descent(struct preflight_scan *s, const struct preflight_task *t)
{
	if (!t->in_tree)
		preflight_add(s, PREFLIGHT_TASK_OUTSIDE_TREE, t, -1, "process");
	/* in a cgroup that was there before ctr, others may be: that is not frozen, but each process stopped */
	else if (!t->in_cgroup && s->c->record.cgroup_path && s->c->record.cgroup_made &&
		 is_elsewhere(s, t))
		preflight_add(s, PREFLIGHT_TASK_OUTSIDE_CGROUP, t, -1, "process");
}

/*
 * Of one that was waited for while its status was read the kernel says 0, too: of that there is no status any more.
 */
static bool is_there(const struct preflight_task *t)
{
	cleanup_free char *status = preflight_read(t->dir, "status");

	return status && *status;
}

static void look_at_session(struct preflight_scan *s, const struct preflight_task *t)
{
	const struct preflight_task *init = preflight_init(s);

	/* a zombie says 0 as well; of one elsewhere, or in a pid namespace of its own, other things are said */
	if (!t->in_tree || t->status.state == 'Z' || t->status.state == 'X' ||
	    t->ns[PREFLIGHT_NS_PID] != init->ns[PREFLIGHT_NS_PID])
		return;
	if ((t->status.session == 0 || t->status.group == 0) && !is_there(t))
		return;
	if (t->status.session == 0)
		preflight_add(s, PREFLIGHT_SESSION_OUTSIDE, t, -1, "session");
	else if (t->status.group == 0)
		preflight_add(s, PREFLIGHT_SESSION_OUTSIDE, t, -1, "process group");
	else if (t == init && init->ns[PREFLIGHT_NS_PID] == s->host_ns[PREFLIGHT_NS_PID] &&
		 t->status.session != t->pid)
		preflight_add(s, PREFLIGHT_SESSION_OUTSIDE, t, -1, "session %d",
			      (int)t->status.session);
}

/*
 * Mount namespaces may be nested. A network namespace may not, because that of the container is dumped as an
 * empty one.
 */
static void look_at_namespaces(struct preflight_scan *s, const struct preflight_task *t)
{
	const struct preflight_task *init = preflight_init(s);

	for (size_t i = 0; i < PREFLIGHT_NS_COUNT; i++) {
		if (t->ns[i] == 0 || init->ns[i] == 0 || t->ns[i] == init->ns[i] ||
		    i == PREFLIGHT_NS_MNT)
			continue;
		preflight_add(s,
			      i == PREFLIGHT_NS_NET ? PREFLIGHT_NESTED_NETWORK
						    : PREFLIGHT_NESTED_NAMESPACE,
			      t, -1, "%s namespace", namespaces[i]);
	}
}

static void look_at_thread(struct preflight_scan *s, const struct preflight_task *t,
			   const char *tid)
{
	cleanup_free char *text = NULL;
	struct proc_status status;
	char name[64];

	(void)snprintf(name, sizeof(name), "task/%.16s/status", tid);
	text = preflight_read(t->dir, name);
	if (!text)
		return;
	proc_parse_status(text, &status);
	if (status.tracer != 0)
		preflight_add(s, PREFLIGHT_TRACED, t, -1, "thread %s, by process %d", tid,
			      (int)status.tracer);
	if (status.state == 'D')
		preflight_add(s, PREFLIGHT_UNINTERRUPTIBLE, t, -1, "thread %s", tid);
	if (status.shadow_stack)
		preflight_add(s, PREFLIGHT_SHADOW_STACK, t, -1, "thread %s", tid);
}

static void look_at_threads(struct preflight_scan *s, const struct preflight_task *t)
{
	cleanup_(close_directory) DIR *threads = open_threads(t->dir);
	const char *tid;

	while ((tid = next_thread(threads)))
		look_at_thread(s, t, tid);
	if (t->status.state == 'Z' && t->status.threads > 1)
		preflight_add(s, PREFLIGHT_LEADER_ENDED, t, -1, "process");
}

void preflight_look_at_tasks(struct preflight_scan *s)
{
	const struct oci_spec *spec = s->c->spec;

	for (size_t i = 0; i < s->task_count; i++) {
		const struct preflight_task *t = &s->tasks[i];

		look_at_descent(s, t);
		/* of others CRIU sees nothing: that they are there is all that is to be said */
		if (!t->in_tree)
			continue;
		look_at_session(s, t);
		look_at_namespaces(s, t);
		look_at_threads(s, t);
	}
	if (spec && spec->linux_.seccomp.listener_path)
		preflight_add(s, PREFLIGHT_SECCOMP_NOTIFY, preflight_init(s), -1, "%s",
			      spec->linux_.seccomp.listener_path);
}
