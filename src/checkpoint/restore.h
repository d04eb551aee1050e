/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From images back to a running container. What it may have is decided by the caller's bundle and options
 * alone, exactly as for `ctr create`: namespaces, mounts, devices, cgroup and limits, network and
 * layers are made by the same code; CRIU fills them with processes. The images are checked twice (security.md
 * C4): as files before CRIU reads them, and as stopped tasks before they run.
 */
#ifndef CTR_CHECKPOINT_RESTORE_H
#define CTR_CHECKPOINT_RESTORE_H

#include "checkpoint/checkpoint.h"
#include "container/container.h"
#include "util/err.h"

/*
 * In the container's directory from the moment on at which nothing keeps its tasks from running any more: made by the
 * process that would have killed them else, so that it is right whoever is killed.
 */
#define RESTORE_RELEASED "released"

struct restore_request {
	struct container_request container; /* as for create */
	const char *criu;
	int images, work;
	struct checkpoint_flags flags;
	struct checkpoint_patience patience;
	bool stranger; /* nobody vouches for who wrote the images (images.h, "authentic") */
	const char *
		console_socket; /* where the master of its terminal goes; NULL: c->console has it */
	/*
	 * All tasks exist, have been checked, and stand; addresses are set, packets are kept away. 0: let them run.
	 * Negative: they are killed and all is undone, the restore fails with that. Should ctr die in
	 * it, they die. NULL: let them run.
	 */
	int (*ready)(void *data, struct container *c, struct err *e);
	void *data;
};

/*
 * On success the container runs, its record is written, and its init (c->init) is a child of ours, as after
 * container_start; when ctr ends it is that of our parent, or of the next subreaper (checklist 4.6). poststart hooks
 * have run. On failure nothing is left but the log in rq->work. Should ctr be killed, no restored task runs that
 * rq->ready has not let run, and `delete -f` finds the rest.
 * Needs root of the host. Besides the errors of container_create: -ENOPKG, -EREMOTEIO, -ETIMEDOUT (criu.h);
 * -EBADMSG: the images are refused, by one of the two gates.
 */
int checkpoint_restore(const struct restore_request *rq, struct container **ret, struct err *e);

#endif
