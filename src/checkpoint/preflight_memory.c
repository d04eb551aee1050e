// SPDX-License-Identifier: GPL-2.0-or-later
/* Preflight: what tasks have mapped. The maps are read, not the memory: that costs nothing per page. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <linux/major.h>

#include "checkpoint/preflight_internal.h"
#include "util/cleanup.h"

enum {
	RSEQ_CRIU = 31700,
	RSEQ_KERNEL = 513, /* 5.13 has PTRACE_GET_RSEQ_CONFIGURATION */
	KERNEL_MAJOR = 100,
};

/* The file behind a mapping, even when it has no name any more. False: no such, or no permission. */
static bool stat_mapping(const struct preflight_task *task, const struct proc_map *m,
			 struct stat *ret)
{
	char name[80];

	(void)snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, m->start, m->end);
	return preflight_stat(task->dir, name, ret);
}

static bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool is_hugetlb(const char *path)
{
	return starts_with(path, "/anon_hugepage") || starts_with(path, "/memfd:hugetlb");
}

static void look_at_sysv(struct preflight_scan *s, const struct preflight_task *task,
			 const struct proc_map *m)
{
	if (task->ns[PREFLIGHT_NS_IPC] == s->host_ns[PREFLIGHT_NS_IPC])
		preflight_add(s, PREFLIGHT_MAP_SYSV, task, -1, "%s", m->path);
}

/* What is mapped from files whose path is a path. */
static void look_at_file(struct preflight_scan *s, const struct preflight_task *task,
			 const struct proc_map *m)
{
	struct stat st;

	/* memory without a file of this task's: of memfds, and what is shared with children */
	if (starts_with(m->path, "/memfd:") || starts_with(m->path, "/dev/zero") ||
	    starts_with(m->path, "/[aio]"))
		return;
	if (!stat_mapping(task, m, &st))
		return;
	if (S_ISREG(st.st_mode))
		preflight_look_at_file(s, task, m->path, &st);
	else if (!S_ISCHR(st.st_mode) || major(st.st_rdev) != MEM_MAJOR)
		preflight_add(s, PREFLIGHT_MAP_DEVICE, task, -1, "%s", m->path);
}

static void look_at_mapping(struct preflight_scan *s, const struct preflight_task *task,
			    const struct proc_map *m)
{
	if (is_hugetlb(m->path))
		preflight_add(s, PREFLIGHT_MAP_HUGETLB, task, -1, "%s", m->path);
	else if (starts_with(m->path, "/SYSV"))
		look_at_sysv(s, task, m);
	else if (starts_with(m->path, "anon_inode:"))
		preflight_add(s, PREFLIGHT_MAP_DEVICE, task, -1, "%s", m->path);
	else if (*m->path == '/')
		look_at_file(s, task, m);
}

/* Can criu and kernel tell where a task is in a restartable sequence? */
static bool rseq_is_known(const struct preflight_scan *s)
{
	unsigned version = s->rq->criu_version ? s->rq->criu_version : PREFLIGHT_VERSION_ASSUMED;
	unsigned major_ = 0, minor_ = 0;
	struct utsname u;

	if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &major_, &minor_) != 2)
		return true;
	return version >= RSEQ_CRIU && KERNEL_MAJOR * major_ + minor_ >= RSEQ_KERNEL;
}

/* glibc registers them since 2.35; whether this one is so new is not to be seen. */
static bool is_glibc(const char *path)
{
	const char *name = strrchr(path, '/');

	return name && strcmp(name, "/libc.so.6") == 0;
}

void preflight_look_at_memory(struct preflight_scan *s, const struct preflight_task *task)
{
	cleanup_free char *text = preflight_read(task->dir, "maps");
	bool rseq = !rseq_is_known(s), told = false;
	char *at = text, *last = NULL;
	struct proc_map m;

	while (proc_next_map(&at, &m)) {
		/* a file has several mappings in a row, of which one is enough */
		if (!last || strcmp(last, m.path) != 0)
			look_at_mapping(s, task, &m);
		last = m.path;
		if (rseq && !told && is_glibc(m.path)) {
			preflight_add(s, PREFLIGHT_RSEQ, task, -1, "%s", m.path);
			told = true;
		}
	}
}
