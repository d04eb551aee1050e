/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What /proc says about a task (proc(5)), as values: parsers of texts, without effects. Those that take a
 * char ** cut the text into lines as they go, and their results point into it.
 */
#ifndef CTR_CHECKPOINT_PROCFS_H
#define CTR_CHECKPOINT_PROCFS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* From /proc/PID/status; what is not there is 0. */
struct proc_status {
	char state; /* as ps shows it: R, S, D, T, t, Z, X, I */
	pid_t tracer, parent;
	int seccomp;	      /* SECCOMP_MODE_* */
	unsigned pid_levels;  /* pid namespaces that the task is in */
	pid_t session, group; /* in the innermost of them; 0: not in that namespace */
	unsigned threads;
	bool shadow_stack;
};

void proc_parse_status(const char *text, struct proc_status *ret);

/* From /proc/PID/fdinfo/FD. */
struct proc_fdinfo {
	uint64_t flags; /* of open(2) */
	int mount;	/* id; -1: not said */
	bool locked;
	char lock[64];	/* the first one: "POSIX ADVISORY WRITE" */
	uint64_t ticks; /* a timerfd: how often it has expired since it was read */
	bool armed;	/* a timerfd: it will expire by itself */
	bool repeats;	/* a timerfd: and again after that, once it was read */
	bool semaphore; /* an eventfd of EFD_SEMAPHORE; Linux 6.6 and later say so */
};

void proc_parse_fdinfo(const char *text, struct proc_fdinfo *ret);

/* What /proc/PID/fd/FD and the like refer to. */
enum proc_link_kind {
	PROC_LINK_PATH,
	PROC_LINK_SOCKET, /* with the inode */
	PROC_LINK_PIPE,	  /* with the inode */
	PROC_LINK_ANON,	  /* with the name, without brackets */
	PROC_LINK_NS,	  /* with the inode; the name is the type */
	PROC_LINK_MEMFD,
	PROC_LINK_OTHER,
};

struct proc_link {
	enum proc_link_kind kind;
	uint64_t inode;
	char name[32];
	bool deleted;  /* PROC_LINK_PATH: the name is gone, and " (deleted)" is not part of it */
	size_t length; /* of the path without that */
};

void proc_parse_link(const char *link, struct proc_link *ret);

/* One line of /proc/PID/maps. */
struct proc_map {
	uint64_t start, end, inode;
	unsigned major, minor;
	char permissions[5];
	char *path; /* "" for anonymous memory */
};

/* The next line that can be read; false at the end. */
bool proc_next_map(char **text, struct proc_map *ret);

/* One line of /proc/PID/mountinfo; octal escapes are resolved. */
struct proc_mount {
	int id, parent;
	unsigned major, minor;
	const char *root, *point, *type, *source;
};

bool proc_next_mount(char **text, struct proc_mount *ret);

/* One line of /proc/PID/net/netlink: "sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode". */
struct proc_netlink {
	uint64_t inode, unread; /* bytes that wait for the task */
	unsigned protocol;
};

bool proc_next_netlink(char **text, struct proc_netlink *ret);

#endif
