/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run one program with a deadline: bytes on its stdin, the tail of its stdout and stderr kept.
 * Used for hooks, by ctr and by ctr-init alike: plain system calls only, no heap, no stdio.
 */
#ifndef CTR_UTIL_CHILD_H
#define CTR_UTIL_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

enum {
	CHILD_MAX_INPUT = 4,
	CHILD_TAIL = 200
};

struct child_job {
	int exe;	  /* opened executable, or negative: then @path is executed */
	const char *path; /* absolute */
	char *const *argv, *const *envp;
	struct iovec input[CHILD_MAX_INPUT]; /* what it reads, then EOF */
	size_t input_count;
	int out, err;	/* what it writes goes to these fds; 0 or negative: into the tail */
	int cwd;	/* directory fd, or negative to inherit */
	int timeout_ms; /* covers everything: feeding, running, its process group */
	int interrupt; /* when this fd becomes readable, the deadline is now; 0 or negative: none */
};

struct child_result {
	int exit_code; /* 128 + signal when killed */
	bool timed_out, interrupted;
	char tail[CHILD_TAIL + 1]; /* end of what it wrote; control characters are replaced */
};

/*
 * Starts the program in a process group of its own with fds 0, 1 and 2 only, waits for it (not for
 * EOF: a daemon that it leaves may keep the pipe), kills the group with SIGKILL at the deadline or
 * when it is interrupted.
 * 0 when it ran (see @ret), negative errno when it could not be started or waited for.
 */
int child_run(const struct child_job *job, struct child_result *ret);

#endif
