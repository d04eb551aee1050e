/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the restore side (restore.h). */
#ifndef CTR_CHECKPOINT_RESTORE_WORK_H
#define CTR_CHECKPOINT_RESTORE_WORK_H

#include <stdbool.h>
#include <stddef.h>

#include "checkpoint/criu.h"
#include "checkpoint/restore.h"
#include "checkpoint/restore_stage.h"

#define RESTORE_LOG "restore.log"

enum {
	RESTORE_FDS_MAX = 8
};

/* What CRIU is handed instead of something that it has a name for. */
struct restore_fd {
	const char *key; /* "pipe:[123]", "extRootNetNS" */
	int fd;		 /* not owned */
};

struct restore_fds {
	struct restore_fd items[RESTORE_FDS_MAX];
	size_t count;
};

/* Nothing, when @key is there already: two descriptors of one pipe are one to CRIU. -E2BIG. */
int restore_fds_add(struct restore_fds *l, const char *key, int fd);

/*
 * descriptors.json (checklist 4.2) of @text: the caller's descriptors 0 to 2 stand for the pipes and sockets that
 * were there. Strings live in @a. -EBADMSG. Pure.
 */
int restore_stdio_parse(const char *text, size_t len, struct arena *a, struct restore_fds *ret,
			struct err *e);

/* The same for the directory @images; without the file, nothing is replaced. */
int restore_stdio_read(int images, struct arena *a, struct restore_fds *ret, struct err *e);

/*
 * Those of @l that are pipes or sockets of the caller belong to the program, as ctr-init gives them (op_stdio_owner): CRIU
 * opens them once more as the program. What cannot be given it can perhaps open anyway. Never a file of the host.
 */
void restore_stdio_give(const struct container *c, const struct restore_fds *l);

/*
 * The directory of images as the restored tasks can read it: with a user namespace, through a mount that is
 * attached nowhere and has its ids. *ret_fd is owned by the caller. -EINVAL where the filesystem cannot be mounted so.
 */
int restore_images_open(const struct container *c, int images, int *ret_fd, struct err *e);

/* What the request to CRIU is made of. */
struct restore_facts {
	int images;
	const struct restore_request *rq;
	const struct container *container; /* its plan has namespaces that are joined, opened */
	const struct restore_stage *stage; /* listed */
	const struct restore_fds *fds;
};

/* Namespaces that are joined, which CRIU knows by a name from outside: added to @fds. */
int restore_namespaces(const struct container *c, struct restore_fds *fds, struct err *e);

/* Pure. All that is allocated lives in @a. -ENOMEM. */
int restore_options(const struct restore_facts *f, struct arena *a, Criu__Options *ret,
		    struct err *e);

/* ---- restore_guard.c ---- */

/*
 * A process that kills the restored tasks should ctr die before it has said that they may run: CRIU lets them run
 * when nobody answers its last question, so the guard has our end of its socket open until they are dead.
 */
struct restore_guard {
	pid_t pid;
	int word; /* a pipe to it */
};

#define RESTORE_GUARD_EMPTY                                                                        \
	{                                                                                          \
		.word = -EBADF                                                                     \
	}

/* c->init is the restored init. @sock: of CRIU. */
int restore_guard_start(const struct container *c, int sock, struct restore_guard *ret,
			struct err *e);
/* They may run: it goes. */
void restore_guard_dismiss(struct restore_guard *g);
/* They must not: it kills them, and goes. Nothing, when there is none. */
void restore_guard_kill(struct restore_guard *g);

/* ---- restore_gate.c ---- */

/*
 * All tasks of c->init stand, with all that they will have; are they what config.json allows (security.md C4, the
 * second gate)? -EBADMSG with the task, and what it has or lacks.
 */
int restore_gate(const struct container *c, const struct restore_stage *s,
		 const struct checkpoint_flags *flags, struct err *e);

#endif
