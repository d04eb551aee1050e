/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The destination of memory that comes after its tasks (pages.h): a `criu lazy-pages`, which restored tasks wait for when
 * they touch what is not there, and what it asks for on its way to the source and back.
 *
 * When that process ends, the kernel gives the tasks empty pages for what is missing. So it is made to wait
 * until they have been killed, unless nothing is missing; should ctr be killed, a guard does that
 * (restore_guard). Only SIGKILL to criu itself is not seen in time: it is spared by the kernel's
 * memory killer, and what it served is killed right after it.
 */
#ifndef CTR_CHECKPOINT_PAGES_SINK_H
#define CTR_CHECKPOINT_PAGES_SINK_H

#include "checkpoint/checkpoint.h"
#include "checkpoint/pages.h"

struct pages_sink; /* opaque */

struct pages_sink_request {
	const char *criu; /* the program, or NULL */
	int images, work; /* as of the restore; not owned, open until pages_sink_finish returns */
};

/* It listens when this returns. @w is borrowed. -ENOPKG, -EREMOTEIO as in criu.h. */
int pages_sink_open(const struct pages_sink_request *rq, struct wire *w, struct pages_sink **ret,
		    struct err *e);

/* For checkpoint_restore: go on with it while criu works. */
void pages_sink_watch(struct pages_sink *s, struct checkpoint_patience *ret);

/* wire_expect for a message of the source, going on meanwhile. */
int pages_sink_await(struct pages_sink *s, enum wire_type type, struct err *e);

/* Before the tasks of @c may run: from now on they die with us. -EOPNOTSUPP without a cgroup of their own. */
int pages_sink_guard(struct pages_sink *s, const struct container *c, struct err *e);

/*
 * Until nothing is missing: 0, and the guard has gone. @ask is called every now and then; what it returns
 * when negative is returned. On every failure the tasks have been killed.
 */
int pages_sink_finish(struct pages_sink *s, int (*ask)(void *data, struct err *e), void *data,
		      struct err *e);

/* Kills what the guard was told of, unless it has finished. */
void pages_sink_close(struct pages_sink *s);

#endif
