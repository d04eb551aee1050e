/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A criu process of ours (`criu swrk`, criu.org/RPC): found, started, asked, listened to, ended. It lives in a
 * mount namespace of its own, whose mounts do not reach the host's; its environment is made here,
 * no configuration file of the host is read (security.md C7), and what it runs as helpers (nft, tar) comes from the system's
 * directories. Knows nothing of containers.
 *
 * It opens descriptors of ours by number (images_dir_fd, work_dir_fd: /proc/PID/fd of this process, which
 * made the socket), so they must stay open, and open here, until it has answered.
 *
 * Errors, here and of checkpoint_dump and checkpoint_restore:
 *	-ENOPKG		criu or libprotobuf-c is missing, too old, or lacks what is wanted
 *	-EREMOTEIO	criu failed, or died
 *	-ETIMEDOUT	criu does not answer
 */
#ifndef CTR_CHECKPOINT_CRIU_H
#define CTR_CHECKPOINT_CRIU_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "checkpoint/checkpoint.h"
#include "checkpoint/criu_rpc.pb-c.h"
#include "util/err.h"

enum {
	CRIU_FIRST_FD = 4,	 /* the number that it knows the first of criu_start.fds by */
	CRIU_VERSION_MIN = 31500 /* 3.15: freezer of cgroup v2, external pid namespaces */
};

struct criu_start {
	const char *program; /* path, or a name in the system's directories; NULL: "criu" there */
	/*
	 * What it is called with, for criu_process_start: argv[0] and following, ended by NULL. Its descriptor 3 is one
	 * end of a stream then. NULL: `criu swrk 3`.
	 */
	const char *const *args;
	const int *fds; /* descriptors for it: CRIU_FIRST_FD and following; not owned */
	size_t fd_count;
	int cgroup;   /* directory of a cgroup that it is born into; < 0: in ours */
	mode_t umask; /* of the files that it makes */
	/*
	 * Called in the new process, in its mount namespace, with descriptors still as they are here, before the
	 * program is executed: 0 or negative errno, and then *e gets here. NULL: nothing to do.
	 */
	int (*prepare)(void *data, struct err *e);
	void *data;
};

#define CRIU_START_INIT                                                                            \
	{                                                                                          \
		.cgroup = -EBADF, .umask = 022                                                     \
	}

struct criu; /* opaque */

/*
 * Start it and ask for its version, which must be CRIU_VERSION_MIN or newer. The program must belong to root and be
 * writable by nobody else; it is opened and executed by that descriptor. Its process is our child (so
 * that what it restores with rst_sibling is, too), the leader of its own process group: a Ctrl-C
 * is for ctr to handle. Needs CAP_SYS_ADMIN.
 */
int criu_open(const struct criu_start *how, struct criu **ret, struct err *e);

/*
 * End the talk: it gets an EOF, ten seconds to end by itself, else SIGKILL; then it is reaped. A process that
 * hears EOF in the middle of a dump lets the tasks go on. NULL is fine.
 */
void criu_close(struct criu *c);
static inline void criu_closep(struct criu **c)
{
	criu_close(*c);
}

/* 31701 is 3.17.1. */
int criu_version(const struct criu *c);
pid_t criu_pid(const struct criu *c);
/* Our end of its socket: as long as anybody has it open, criu waits for an answer. Not given away. */
int criu_socket(const struct criu *c);

/* "criu 3.17.1 cannot ...": -ENOPKG unless it is @version or newer. @what: "lock the network with nftables". */
int criu_need_version(const struct criu *c, int version, const char *what, struct err *e);

/* Was it linked with the library, such as "libnftables.so"? False when that cannot be told. */
bool criu_has_library(const struct criu *c, const char *name);

/* Is a program in the directories where criu looks for those that it runs? */
bool criu_finds(const char *program);

/* Ask whether kernel and criu can do those of @wanted that are true: -ENOPKG names what is missing. */
int criu_need_features(struct criu *c, const Criu__Features *wanted, struct err *e);

/* What it tells while a request is being served (criu.org/RPC, action scripts). */
struct criu_notification {
	const char *script; /* "post-dump", "setup-namespaces", ... */
	pid_t pid;	    /* of the tree's root, where it says so; else 0 */
	int *fd; /* came with it (orphan-pts-master), or -EBADF; closed unless taken (take_fd) */
};

/*
 * 0: go on. Negative: criu gives the request up, which then fails with that error and *e. Called in
 * ctr's process, while criu waits.
 */
struct criu_handler {
	const char *script;
	int (*fn)(void *data, const struct criu_notification *n, struct err *e);
};

/*
 * Send @rq, answer its notifications (@handlers, ended by one without script, or NULL; any that is not in the
 * table is answered with yes), and return the response when it was a success. @timeout_ms: for
 * each time that it is silent; negative: for ever, for requests whose time depends on the data.
 * When criu fails, *e has its own first message ("dump: ..."): the caller says where the log is.
 * *ret (may be NULL) is freed by the caller with criu_response_free.
 */
int criu_call(struct criu *c, const Criu__Request *rq, const struct criu_handler *handlers,
	      void *data, int timeout_ms, Criu__Response **ret, struct err *e);

/* From now on, in calls without a timeout. */
void criu_be_patient(struct criu *c, const struct checkpoint_patience *how);

void criu_response_free(Criu__Response *r);
static inline void criu_response_freep(Criu__Response **r)
{
	criu_response_free(*r);
}

/* ---- between the files of this topic ---- */

struct criu_process {
	pid_t pid;
	int pidfd, sock;
	int exe;
	int output; /* what it writes to stdout and stderr, which is little: it has a log */
};

#define CRIU_PROCESS_EMPTY                                                                         \
	{                                                                                          \
		.pid = 0, .pidfd = -EBADF, .sock = -EBADF, .exe = -EBADF, .output = -EBADF         \
	}

/* criu_process.c */
int criu_process_start(const struct criu_start *how, struct criu_process *ret, struct err *e);
/* It has ended, or closed its socket: reap it and say how it ended. -EREMOTEIO. */
int criu_process_died(struct criu_process *p, struct err *e);
void criu_process_end(struct criu_process *p);

#endif
