/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking a container over from a host that is gone: the newest complete generation (standby.h) is started here. That
 * it is our turn is on the disk before anything runs, so that the other host is refused, and told, from then on.
 */
#ifndef CTR_CHECKPOINT_FAILOVER_H
#define CTR_CHECKPOINT_FAILOVER_H

#include "checkpoint/standby.h"
#include "container/container.h"
#include "util/problems.h"

struct failover_request {
	int store, data; /* not owned */
	const char *id;
	uint64_t generation; /* 0: the newest that is complete and undamaged */
	bool again;	     /* although it was taken over before, and ran */
	const char *bundle;  /* another one than the generation names, or NULL */
	const char *criu;
	const struct caller *caller;
	enum cgroup_driver driver;
};

struct failover_result {
	uint64_t generation, epoch;
	char created[64];	  /* of the generation */
	struct problems problems; /* generations that were passed over; problems_free */
};

/*
 * 0: it runs. -EEXIST: a container of that id is here; -EALREADY: it was taken over before, and ran; -ENOENT: there
 * is no generation that can be started; -EBADMSG: the wanted one is damaged; those of checkpoint_restore: then
 * the other host is not fenced, if nothing has run here. Descriptors 0 to 2 become those of its program, which is a
 * child of our caller.
 */
int failover_run(const struct failover_request *rq, struct failover_result *ret, struct err *e);

/* Remove all generations of it, and the layers that came with them unless a container uses them. */
int failover_forget(int store, int data, const char *id, struct err *e);

#endif
