/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of preflight share: one look at a container. */
#ifndef CTR_CHECKPOINT_PREFLIGHT_INTERNAL_H
#define CTR_CHECKPOINT_PREFLIGHT_INTERNAL_H

#include <sys/stat.h>

#include "cgroups/cgroup.h"
#include "checkpoint/preflight.h"
#include "checkpoint/preflight_rules.h"
#include "checkpoint/procfs.h"

/* The namespaces that a checkpoint is about, in the order of preflight_namespaces[]. */
enum preflight_ns {
	PREFLIGHT_NS_USER,
	PREFLIGHT_NS_PID,
	PREFLIGHT_NS_MNT,
	PREFLIGHT_NS_NET,
	PREFLIGHT_NS_IPC,
	PREFLIGHT_NS_UTS,
	PREFLIGHT_NS_TIME,
	PREFLIGHT_NS_COUNT,
};

struct preflight_task {
	pid_t pid;
	int dir; /* /proc/PID */
	char comm[32];
	struct proc_status status;
	ino_t ns[PREFLIGHT_NS_COUNT]; /* 0: cannot be read, or this kernel has none */
	bool in_cgroup, in_tree;
};

/* A pipe or socket, by the first descriptor that was seen of it. */
struct preflight_end {
	uint64_t inode;
	const struct preflight_task *task;
	int fd;
	bool read, write; /* a pipe: which ends are in the container */
};

struct preflight_ends {
	struct preflight_end *items;
	size_t count, room;
};

/* A descriptor's file, for those that init was started with. */
struct preflight_file {
	dev_t dev;
	ino_t ino;
	int mount;
};

enum {
	PREFLIGHT_STDIO = 3
};

struct preflight_scan {
	const struct container *c;
	const struct preflight_request *rq;
	struct preflight_report *report;
	size_t room;		      /* of the report's items */
	struct preflight_task *tasks; /* init first */
	size_t task_count, task_room;
	char *mount_text;
	struct proc_mount *mounts; /* of init */
	size_t mount_count;
	struct preflight_file stdio[PREFLIGHT_STDIO]; /* ino 0: not a file */
	struct preflight_ends pipes, sockets;
	ino_t host_ns[PREFLIGHT_NS_COUNT]; /* our own */
	int error;			   /* -ENOMEM sticks */
};

static inline const struct preflight_task *preflight_init(const struct preflight_scan *s)
{
	return &s->tasks[0];
}

/*
 * Report an object of @task (NULL: of the whole container), unless flags or version allow it. @fd: negative for
 * none. The object is what @fmt makes.
 */
void preflight_add(struct preflight_scan *s, enum preflight_what what,
		   const struct preflight_task *task, int fd, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* -ESRCH, with what is said of a container that has ended. */
int preflight_ended(struct err *e);

/* The text of a file of /proc/PID, malloc'ed; NULL when it cannot be read, or the task is gone. */
char *preflight_read(int dir, const char *name);

/*
 * fstatat() of a link of /proc/PID, followed, without asking a server of files, which may never answer: what the
 * kernel remembers of the file is enough. False: it is gone, or may not be looked at.
 */
bool preflight_stat(int dir, const char *name, struct stat *ret);

/* Remember an end; the first descriptor of an inode wins. NULL when out of memory. */
struct preflight_end *preflight_end_add(struct preflight_scan *s, struct preflight_ends *list,
					uint64_t inode, const struct preflight_task *task, int fd);
struct preflight_end *preflight_end_find(const struct preflight_ends *list, uint64_t inode);

/* All tasks, by cgroup and by descent from init. -errno. */
int preflight_collect(struct preflight_scan *s, struct err *e);
/* Their states, sessions, namespaces, filters. */
void preflight_look_at_tasks(struct preflight_scan *s);

/* The mounts of init: read, and compared with what CRIU knows. */
void preflight_read_mounts(struct preflight_scan *s);
int preflight_look_at_mounts(struct preflight_scan *s, struct err *e);
/* The mount with this id; NULL: it is none of init's. */
const struct proc_mount *preflight_mount(const struct preflight_scan *s, int id);

/* Descriptors, working directory and root of one task; sockets and pipes are remembered for later. */
void preflight_read_stdio(struct preflight_scan *s);
void preflight_look_at_files(struct preflight_scan *s, const struct preflight_task *task);
/* A file that the task has without a descriptor: @st is its own, @name as /proc shows it. */
void preflight_look_at_file(struct preflight_scan *s, const struct preflight_task *task,
			    const char *name, const struct stat *st);
void preflight_look_at_pipes(struct preflight_scan *s);

/* Mappings of one task. */
void preflight_look_at_memory(struct preflight_scan *s, const struct preflight_task *task);

/* What was remembered of sockets. -errno only when we are in another network namespace than before. */
int preflight_look_at_sockets(struct preflight_scan *s, struct err *e);

/*
 * Unix sockets of the network namespace of @task whose other end is not among s->sockets. Joins it for a moment.
 * As above; -EOPNOTSUPP when the kernel cannot tell (unix_diag).
 */
int preflight_look_at_unix(struct preflight_scan *s, const struct preflight_task *task,
			   struct err *e);

/* What CRIU needs of the kernel and this one has not. */
void preflight_look_at_kernel(struct preflight_scan *s);

#endif
