/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a container stands in the way of a checkpoint, found out before anything is stopped: every task, its
 * descriptors, mappings, sockets and namespaces are looked at through /proc and sock_diag(7), and compared
 * with what CRIU can save. Nothing is changed by that, and no task notices.
 *
 * Tasks run on meanwhile: what is found may be gone a moment later, and something new there. CRIU has the last word; what
 * it says is read by causes.h.
 */
#ifndef CTR_CHECKPOINT_PREFLIGHT_H
#define CTR_CHECKPOINT_PREFLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "checkpoint/checkpoint.h"
#include "container/container.h"
#include "oci/json_out.h"
#include "util/arena.h"
#include "util/err.h"

enum {
	PREFLIGHT_VERSION_ASSUMED = 31701, /* of CRIU, where it could not be asked: 3.17.1 */
	PREFLIGHT_GHOST_LIMIT = 1 << 20,   /* CRIU's --ghost-limit, unless it is told another one */
};

/* A sort of object that CRIU refuses, or cannot bring back as it was. */
struct preflight_rule {
	const char *name; /* for machines; never changes its meaning */
	const char *why;  /* a sentence's end: "... is in the way, because WHY" */
	const char *help;
	/* A dump fails on it, or no restore takes the images. Otherwise it may fail, or succeed and lose something. */
	bool certain;
	size_t flag; /* offset in struct checkpoint_flags of what allows it, plus one; 0: nothing does */
	unsigned
		since; /* CRIU that can do with it, as 10000 * major + 100 * minor + patch; 0: none */
};

struct preflight_finding {
	const struct preflight_rule *rule;
	pid_t pid;	  /* in the caller's pid namespace; 0: it is about the whole container */
	const char *comm; /* its name; "" without a pid */
	int fd;		  /* negative: it is no descriptor */
	const char
		*object; /* a path, the ends of a connection, ...; as it was found, unprintable */
};

struct preflight_report {
	struct preflight_finding *items; /* those that are certain first */
	size_t count, certain;
	struct arena arena; /* of the strings */
};

struct preflight_request {
	const struct checkpoint_flags *flags;
	unsigned criu_version; /* as criu tells it, 31701; 0: unknown, PREFLIGHT_VERSION_ASSUMED */
	uint64_t ghost_limit;  /* bytes; 0: PREFLIGHT_GHOST_LIMIT */
};

/*
 * Look at @c, which container_reload read and which runs or is paused. Needs what CRIU needs: CAP_SYS_PTRACE over the tasks, and CAP_SYS_ADMIN over
 * their network namespaces. Tasks that end meanwhile are passed over. @ret is the caller's to release
 * with preflight_free, also when nothing was found. Fails only when it cannot look at all (-ESRCH: the container has
 * ended; -EPERM).
 */
int preflight_scan(const struct container *c, const struct preflight_request *rq,
		   struct preflight_report *ret, struct err *e);

/*
 * Read @c's config unless that is done, ask @criu (the program, or NULL: the installed one) for its version, which @ret_version
 * gets, and scan. Without criu that is 0, @missing says why, and the scan assumes a version. @ret_version and
 * @missing may be NULL.
 */
int preflight_look(struct container *c, const char *criu, const struct checkpoint_flags *flags,
		   struct preflight_report *ret, unsigned *ret_version, struct err *missing,
		   struct err *e);

void preflight_free(struct preflight_report *r);

/*
 * The error of a checkpoint that is refused: the certain findings, as many as fit, and what helps.
 * Returns -EBUSY; 0 when there are none.
 */
int preflight_refuse(const struct preflight_report *r, struct err *e);

/* "web1[77] fd 5: TEXT" for people, one line, into @buf; pids and descriptors only where there are any. */
void preflight_describe(const struct preflight_finding *f, char *buf, size_t size);

/* An object: whether a dump would fail, and "findings". */
void preflight_write(struct json_out *o, const struct preflight_report *r);

/* All that can be found, ended by one without a name: for documentation and its check. */
extern const struct preflight_rule preflight_rules[];

#endif
